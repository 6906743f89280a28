//! `tianxin credit`: preliminary limits of a whole village or county in one run, and campaigns of whole-village credit.

mod village;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use app::assess::Judge;
use app::desk::{Known, Reading};
use app::tables::{Household, HouseholdStatus};
use app::vault::Vault;
use basics::money::format_minor;
use basics::{Cell, Id, IdKind, PublicId};
use clap::{Args, Subcommand};
use door::Connection;
use door::key;
use door::table::{Key, Record};
use insight::feature::{FeatureVector, features};
use insight::profile::Profile;

use crate::config::{self, Opened, Place, Settings, Use};
use crate::failure::Failure;
use crate::lending;
use crate::many::at_once;
use crate::sim::write_file;
use crate::terminal::{Progress, say};
use crate::vault::Keys;

/// Households read and scored at once: what bounds the memory.
const PART: usize = 1_024;

/// Limits of many households.
#[derive(Subcommand)]
pub enum Credit {
    /// Work out what every household of a village or the county could borrow
    ///
    /// Writes CSV, a line a household in the order of cell and id: household, village, rating, probability of turning bad in
    /// ppm, outcome, product, preliminary limit and the codes of the reasons. Nothing is booked and nobody is told: a limit
    /// is preliminary until it is applied for, decided and signed. A run that was cut off is started again and goes on
    /// after the last cell it finished, as long as model, rules and day are the same.
    Batch(Batch),
    #[command(subcommand)]
    Village(village::Village),
}

/// Which households, and where to.
#[derive(Args)]
pub struct Batch {
    /// The households of this village
    #[arg(long, value_name = "NAME", required_unless_present = "county", conflicts_with = "county")]
    village: Option<String>,
    /// All households
    #[arg(long)]
    county: bool,
    /// Where to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Credit {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Credit::Batch(batch) => batch.run(place),
            Credit::Village(village) => village.run(place),
        }
    }
}

const COLUMNS: &str = "household,village,rating,pd_ppm,outcome,product,limit,status,reasons";

/// What all parts of a run share.
struct Run<'a> {
    opened: &'a Opened,
    judge: &'a Judge,
    vault: &'a Keys,
    village: Option<&'a str>,
    done: AtomicU64,
    progress: Progress,
}

impl Batch {
    fn run(self, place: &Place) -> Result<(), Failure> {
        let settings = Settings::read(place)?;
        let opened = config::open(place, Use::Read)?;
        let judge = lending::judge_in_force(place, &settings, &opened)?;
        let vault = Keys::new(opened.keys.clone());
        // What a finished part rests on is in the name of its folder: another model, another day, and it is made anew.
        let day = opened.open_day()?;
        let rests_on = format!("{} {} {day} {:?}", judge.model_hash(), judge.rules.hash, self.village);
        let folder = parts_of(&self.out, &Id::default().derive(&rests_on).to_string());
        fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, "made", error))?;
        let run = Run {
            opened: &opened,
            judge: &judge,
            vault: &vault,
            village: self.village.as_deref(),
            done: AtomicU64::new(0),
            progress: Progress::begin("working limits out"),
        };
        let cells: Vec<Cell> = (1..=opened.backend.cells()).map(Cell).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let shares: Vec<Vec<Cell>> =
            (0..threads).map(|n| cells.iter().copied().skip(n).step_by(threads).collect()).collect();
        at_once(&shares, |share: &Vec<Cell>| share.iter().try_for_each(|cell| run.cell(*cell, &folder)))?;
        join(&self.out, &folder, &cells)?;
        let count = run.done.load(Ordering::Relaxed);
        drop(run);
        fs::remove_dir_all(&folder).map_err(|error| Failure::file(&folder, "removed", error))?;
        say(format!("{}: {count} households scored in this run, limits as of {day}, preliminary", self.out.display()));
        Ok(())
    }
}

/// Where the parts of a run lie until they are joined.
fn parts_of(out: &Path, rests_on: &str) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{rests_on}.parts"));
    out.with_file_name(name)
}

fn part_of(folder: &Path, cell: Cell) -> PathBuf {
    folder.join(format!("{:05}.csv", cell.0))
}

fn join(out: &Path, folder: &Path, cells: &[Cell]) -> Result<(), Failure> {
    write_file(out, |file| {
        writeln!(file, "{COLUMNS}")?;
        for cell in cells {
            std::io::copy(&mut fs::File::open(part_of(folder, *cell))?, file)?;
        }
        Ok(())
    })
}

impl Run<'_> {
    /// Works a cell out, unless an earlier run has.
    fn cell(&self, cell: Cell, folder: &Path) -> Result<(), Failure> {
        let part = part_of(folder, cell);
        if part.exists() {
            return Ok(());
        }
        let mut reader = self.opened.backend.connect()?;
        let mut lines = String::new();
        let mut after: Option<Key> = None;
        write_file(&part, |file| {
            loop {
                let page = reader.scan(Household::table(), &key![cell], after.as_deref(), PART)?;
                let last = page.last().map(|row| row[..Household::table().key_len].to_vec());
                let households: Result<Vec<Household>, _> = page.iter().map(|row| Household::from_row(row)).collect();
                let wanted = |row: &Household| {
                    row.status == HouseholdStatus::Active && self.village.is_none_or(|village| village == row.village)
                };
                let households: Vec<Household> = households?.into_iter().filter(wanted).collect();
                lines.clear();
                // A part that cannot be finished is not kept: the next run makes it anew.
                self.part(reader.as_mut(), &households, &mut lines)
                    .map_err(|error| std::io::Error::other(error.to_string()))?;
                file.write_all(lines.as_bytes())?;
                match last {
                    Some(last) if page.len() == PART => after = Some(last),
                    _ => break,
                }
            }
            Ok(())
        })
    }

    fn part(&self, reader: &mut dyn Connection, households: &[Household], lines: &mut String) -> Result<(), Failure> {
        use std::fmt::Write as _;
        let keys: Vec<(Cell, Id)> = households.iter().map(|row| (row.cell, row.id)).collect();
        let known = Known::read_many(reader, &keys, Reading::Lending)?;
        let vault: &dyn Vault = self.vault;
        let profiles: Vec<Profile> =
            known.iter().map(|known| Ok(known.judged_profile(vault)?.0)).collect::<Result<_, Failure>>()?;
        let each = known.iter().zip(&profiles);
        let vectors: Vec<FeatureVector> = each.map(|(known, profile)| features(profile, known.open_date)).collect();
        let said = match &self.judge.model {
            Some(model) => model.say_many(&vectors),
            None => vectors.iter().map(|_| None).collect(),
        };
        let house = &self.opened.tianxin;
        for (((row, known), profile), said) in households.iter().zip(&known).zip(&profiles).zip(&said) {
            let best = known.best_limit(house, self.judge, said.as_ref(), profile, vault)?;
            let name = PublicId { kind: IdKind::Household, cell: row.cell, id: row.id };
            // A thin file has no score, whatever a model would say of it.
            let said = said.as_ref().filter(|_| !insight::profile::is_thin(profile));
            let rating = said.map_or("", |said| self.judge.rules.rating(said.pd_ppm).unwrap_or(said.rating));
            let pd = said.map(|said| said.pd_ppm.to_string()).unwrap_or_default();
            let village = row.village.replace([',', '"', '\n'], " ");
            let _ = write!(lines, "{name},{village},{rating},{pd},");
            let _ = match best {
                None => writeln!(lines, ",,0.00,preliminary,"),
                Some(best) => {
                    let codes: Vec<&str> = best.limit.reasons.iter().map(|reason| reason.code.as_str()).collect();
                    let outcome = match best.limit.outcome {
                        policy::Outcome::Approve | policy::Outcome::Less => "approve",
                        policy::Outcome::Refer => "refer",
                        policy::Outcome::Decline => "decline",
                    };
                    let limit = format_minor(best.available_minor);
                    writeln!(lines, "{outcome},{},{limit},preliminary,{}", best.product, codes.join(" "))
                }
            };
        }
        let done = self.done.fetch_add(households.len() as u64, Ordering::Relaxed) + households.len() as u64;
        self.progress.set(format!("working limits out: {done} households"));
        Ok(())
    }
}
