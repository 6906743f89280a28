//! `tianxin features check`: proves that stored decisions were made on what was known then.

use app::assess::Assessment;
use app::desk::{DeskError, stored_events, vector_as_known};
use app::vault::{Vault, VaultError};
use basics::{Cell, cbor};
use clap::Args;
use serde_json::json;

use crate::config::{self, Place, Use};
use crate::decision::each_record;
use crate::failure::Failure;
use crate::terminal::{Progress, say};
use crate::vault::Keys;

/// Compute the vector of every stored decision again.
///
/// Events carry when they became known. Those known when a decision was made are folded once more, whatever came later; the vector must
/// be the one that the decision's record holds, bit for bit. Decisions whose person was erased, and those of before it was kept when events
/// became known, are counted apart.
#[derive(Args)]
pub struct Check {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = config::open(place, Use::Read)?;
        let vault = Keys::new(opened.keys.clone());
        let mut reader = opened.backend.connect()?;
        let progress = Progress::begin("checking vectors");
        let (mut same, mut erased, mut older, mut different) = (0_u64, 0_u64, 0_u64, Vec::new());
        for cell in (1..=opened.backend.cells()).map(Cell) {
            each_record(&opened.backend, cell, |row| {
                let wrong = |what: String| Failure::Wrong(format!("decision {}: {what}", row.id));
                let plain = match vault.open(row.person, &row.ciphertext) {
                    Ok(plain) => plain,
                    Err(VaultError::Erased) => {
                        erased += 1;
                        return Ok(());
                    }
                    Err(error) => return Err(wrong(error.to_string())),
                };
                let record: Assessment = cbor::from_bytes(&plain).map_err(|error| wrong(error.to_string()))?;
                let events = match stored_events(reader.as_mut(), &vault, (row.cell, row.household)) {
                    Ok(events) => events,
                    Err(DeskError::Vault(VaultError::Erased)) => {
                        erased += 1;
                        return Ok(());
                    }
                    Err(error) => return Err(error.into()),
                };
                match vector_as_known(&record, &events) {
                    None | Some(Err(insight::rebuild::RebuildError::Unknown(_))) => older += 1,
                    Some(Ok(vector)) if vector == record.features => same += 1,
                    Some(Ok(_)) => different.push(format!("{:?}, decision {}", row.cell, row.id)),
                    Some(Err(error)) => different.push(format!("{:?}, decision {}: {error}", row.cell, row.id)),
                }
                progress.set(format!("checking vectors: {same}"));
                Ok(())
            })?;
        }
        drop(progress);
        match self.json {
            true => say(json!({
                "same": same, "erased": erased, "older": older, "different": different.len(), "first": different.first(),
            })
            .to_string()),
            false => say(format!(
                "{same} vectors are what was known then, bit for bit; {older} decisions are of before it was kept when events \
                 became known; {erased} are erased"
            )),
        }
        match different.first() {
            None => Ok(()),
            Some(first) => {
                Err(Failure::Wrong(format!("{} vectors come out differently, the first is {first}", different.len())))
            }
        }
    }
}
