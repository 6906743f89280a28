//! `tianxin decision`: computes stored decisions again from their own inputs.

use std::sync::Arc;

use app::assess::{Assessment, replay};
use app::tables::DecisionRecord;
use app::vault::{Vault, VaultError};
use basics::{Cell, cbor};
use clap::Subcommand;
use door::table::{Key, Record};
use door::{Backend, key};

use crate::config::{self, Place, Settings, Use};
use crate::failure::Failure;
use crate::lending::Archive;
use crate::terminal::{Progress, say};
use crate::vault::Keys;

/// Records read at once.
const PAGE: usize = 200;

/// Look at stored decisions.
#[derive(Subcommand)]
pub enum Decision {
    /// Compute every stored decision again from its own inputs, and compare bit for bit
    ///
    /// Each is computed with the model and the rules that it names by hash, in force or not, from `models/` and `rules/` of
    /// the data folder. Decisions whose files are not kept are counted apart; decisions whose person was erased are counted
    /// as erased.
    Replay,
}

/// What a replay found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Replayed {
    same: u64,
    lost_judge: u64,
    erased: u64,
    /// The first that came out differently.
    different: Vec<String>,
}

impl Decision {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let Decision::Replay = self;
        let settings = Settings::read(place)?;
        let opened = config::open(place, Use::Read)?;
        let mut archive = Archive::of(place, &settings)?;
        let vault = Keys::new(opened.keys.clone());
        let _progress = Progress::begin("replaying decisions");
        let mut found = Replayed::default();
        for cell in (1..=opened.backend.cells()).map(Cell) {
            each_record(&opened.backend, cell, |row| {
                let plain = match vault.open(row.person, &row.ciphertext) {
                    Ok(plain) => plain,
                    Err(VaultError::Erased) => {
                        found.erased += 1;
                        return Ok(());
                    }
                    Err(error) => return Err(Failure::Wrong(format!("decision {}: {error}", row.id))),
                };
                let record: Assessment =
                    cbor::from_bytes(&plain).map_err(|e| Failure::Wrong(format!("decision {}: {e}", row.id)))?;
                let version = record.product_version.unwrap_or(1);
                let product = opened.tianxin.product_version(&record.product, version);
                let product = product.map_err(|e| Failure::Wrong(format!("decision {}: {}", row.id, e.message)))?;
                match archive.judge_of(&record).and_then(|judge| replay(&judge, product, &record)) {
                    Some(true) => found.same += 1,
                    Some(false) => found.different.push(format!("{cell:?}, decision {}", row.id)),
                    None => found.lost_judge += 1,
                }
                Ok(())
            })?;
        }
        say(format!(
            "{} decisions came out the same, bit for bit; {} were made by a model or rules whose file is not kept; {} \
             are erased",
            found.same, found.lost_judge, found.erased
        ));
        match found.different.first() {
            None => Ok(()),
            Some(first) => {
                let count = found.different.len();
                Err(Failure::Wrong(format!("{count} decisions come out differently, the first is {first}")))
            }
        }
    }
}

/// Visits every decision record of a cell, a page at a time.
pub(crate) fn each_record(
    backend: &Arc<dyn Backend>,
    cell: Cell,
    mut visit: impl FnMut(&DecisionRecord) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut connection = backend.connect()?;
    let mut after: Option<Key> = None;
    loop {
        let page = connection.scan(DecisionRecord::table(), &key![cell], after.as_deref(), PAGE)?;
        for row in &page {
            let row = DecisionRecord::from_row(row).map_err(|e| Failure::Wrong(e.to_string()))?;
            visit(&row)?;
        }
        after = page.last().map(|row| row[..DecisionRecord::table().key_len].to_vec()).or(after);
        if page.len() < PAGE {
            return Ok(());
        }
    }
}
