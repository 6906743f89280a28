//! `tianxin events`: takes behaviour over from files, through the same door as everything else.

mod mapping;
mod rows;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use app::desk::Desk;
use app::observe::EVENTS_MAX;
use basics::merkle::leaf_hash;
use basics::{Date, Id, IdKind, PublicId};
use clap::{Args, Subcommand, ValueEnum};
use door::Actor;
use insight::Event;
use serde_json::json;

use self::mapping::{DateForm, Mapping};
pub use self::rows::open as open_table;
use self::rows::{Households, Reading, Told};
use crate::clock;
use crate::config::Place;
use crate::failure::Failure;
use crate::many::at_once;
use crate::serve::Service;
use crate::terminal::{Progress, log, say};

/// Refused rows that are printed one by one.
const REFUSED_SHOWN: usize = 20;

/// Take behaviour events over from files.
#[derive(Subcommand)]
pub enum Events {
    /// Import a table of events: a bank's movements, a mobile-money log, or any CSV by a mapping file
    Import(Import),
}

impl Events {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Events::Import(import) => import.run(place),
        }
    }
}

/// Import a table of events.
///
/// The whole file is read and checked first; if a row is refused nothing is written, unless --skip-refused says so. Events
/// go through the door in batches, as if they had been told one by one. The same file imported again, or an import that was cut off and
/// started again, does nothing twice.
#[derive(Args)]
pub struct Import {
    /// What the columns are
    #[arg(long, value_enum)]
    format: Format,
    /// The table: CSV with a header line, or the same packed by gzip
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The mapping file; for --format csv
    #[arg(long, value_name = "FILE", required_if_eq("format", "csv"))]
    mapping: Option<PathBuf>,
    /// A CSV with the columns account,household, whose account is whose [default: the account is the household's id]
    #[arg(long, value_name = "FILE")]
    households: Option<PathBuf>,
    /// The day of the first hour, where dates are hours; for --format paysim
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date, required_if_eq("format", "paysim"))]
    first_day: Option<Date>,
    /// Leave refused rows out and import the others
    #[arg(long)]
    skip_refused: bool,
    /// Check the file and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A bank's movements: account_id, date, type, operation, amount, balance, k_symbol, bank, account
    Berka,
    /// A mobile-money log: step, type, amount, nameOrig, newbalanceOrig, nameDest
    Paysim,
    /// Any table, by a mapping file
    Csv,
}

/// What came of an import.
#[derive(Default)]
struct Sent {
    /// Events written.
    written: AtomicU64,
    /// Events that were there already.
    known: AtomicU64,
}

impl Import {
    fn run(self, place: &Place) -> Result<(), Failure> {
        let mapping = self.mapping()?;
        let service = Service::start(place, true)?;
        let done = self.import(&service, &mapping);
        service.stop();
        done
    }

    fn mapping(&self) -> Result<Mapping, Failure> {
        let mapping = match (self.format, &self.mapping) {
            (Format::Csv, Some(path)) => Mapping::read(path)?,
            (Format::Csv, None) => return Err(Failure::Usage("--format csv needs --mapping FILE".to_owned())),
            (_, Some(_)) => return Err(Failure::Usage("--mapping is for --format csv".to_owned())),
            (Format::Berka, None) => Mapping::parse("berka", mapping::BERKA)?,
            (Format::Paysim, None) => Mapping::parse("paysim", mapping::PAYSIM)?,
        };
        if mapping.date.form == DateForm::Hours && self.first_day.is_none() {
            return Err(Failure::Usage("dates are hours: say since when with --first-day".to_owned()));
        }
        Ok(mapping)
    }

    fn import(&self, service: &Service, mapping: &Mapping) -> Result<(), Failure> {
        let desk = &service.desk;
        let open_day = service.opened.open_day()?;
        if let Some(agreement) = &mapping.agreement
            && !(agreement.from..=agreement.to).contains(&open_day)
        {
            return Err(Failure::Wrong(format!(
                "the agreement {} with {} holds from {} to {}, and {open_day} is open: take nothing over under it",
                agreement.number, agreement.authority, agreement.from, agreement.to
            )));
        }
        let household = |text: &str| household(desk, text);
        let party = |name: &str| {
            let hash = desk.vault.keyed_hash("counterparty", name.as_bytes());
            hash.iter().take(8).fold(0_u64, |key, byte| key << 8 | u64::from(*byte))
        };
        let households = match &self.households {
            Some(path) => Households::ByAccount(accounts(path, &household)?),
            None => Households::Named,
        };
        let by = Reading {
            mapping,
            households: &households,
            household: &household,
            party: &party,
            first_day: self.first_day,
            open_day,
        };
        let progress = Progress::begin("reading");
        let told = rows::read(&self.file, &by, &progress)?;
        self.check(&told)?;
        let unknown = unknown_households(desk, &told)?;
        if let Some(first) = unknown.first() {
            return Err(Failure::Wrong(format!(
                "{} households of the file are not enrolled, such as {first}: enrol them first",
                unknown.len()
            )));
        }
        let sent = Sent::default();
        if !self.dry_run {
            send(desk, &told, &sent, &progress)?;
        }
        drop(progress);
        self.tell(&told, &sent);
        Ok(())
    }

    /// Refuses a file with refused rows, before anything is written.
    fn check(&self, told: &Told) -> Result<(), Failure> {
        for (line, reason) in told.refused.iter().take(REFUSED_SHOWN) {
            log(&format!("{}, line {line}: {reason}", self.file.display()));
        }
        if told.refused_count > REFUSED_SHOWN as u64 {
            log(&format!("... and {} more", told.refused_count - REFUSED_SHOWN as u64));
        }
        if told.refused_count > 0 && !self.skip_refused {
            return Err(Failure::Wrong(format!(
                "{}: {} of {} rows are refused and nothing was written: mend them, or leave them out with --skip-refused",
                self.file.display(),
                told.refused_count,
                told.rows
            )));
        }
        if told.events.is_empty() {
            return Err(Failure::Wrong(format!(
                "{}: none of {} rows is an event of a household here: {} are of accounts that are nobody's here",
                self.file.display(),
                told.rows,
                told.strangers
            )));
        }
        Ok(())
    }

    fn tell(&self, told: &Told, sent: &Sent) {
        let (written, known) = (sent.written.load(Ordering::Relaxed), sent.known.load(Ordering::Relaxed));
        if self.json {
            let refused: Vec<_> =
                told.refused.iter().map(|(line, reason)| json!({ "line": line, "reason": reason })).collect();
            let object = json!({
                "file": self.file, "rows": told.rows, "events": told.count(), "households": told.events.len(),
                "written": written, "known_already": known, "of_nobody": told.strangers, "left_out": told.left_out,
                "refused_count": told.refused_count, "refused": refused, "dry_run": self.dry_run,
            });
            return say(object.to_string());
        }
        say(format!("{} rows: {} events of {} households", told.rows, told.count(), told.events.len()));
        if told.strangers + told.left_out + told.refused_count > 0 {
            say(format!(
                "{} rows are of accounts that are nobody's here, {} are no events by the mapping, {} are refused",
                told.strangers, told.left_out, told.refused_count
            ));
        }
        match self.dry_run {
            true => say("nothing was written: this was a dry run"),
            false => say(format!("{written} events written; {known} were there already")),
        }
    }
}

/// The household of a public id, if it can be one of these books.
fn household(desk: &Desk, text: &str) -> Option<Id> {
    let public = PublicId::parse_kind(text, IdKind::Household).ok()?;
    (desk.cell_of(public.id) == public.cell).then_some(public.id)
}

/// Whose account is whose.
fn accounts(path: &Path, household: &dyn Fn(&str) -> Option<Id>) -> Result<HashMap<String, Id>, Failure> {
    let wrong = |what: String| Failure::Wrong(format!("{}: {what}", path.display()));
    let mut table = rows::open(path)?;
    let heads = table.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| {
        let missing = || wrong(format!("column `{name}` is missing: give account,household"));
        heads.iter().position(|head| head == name).ok_or_else(missing)
    };
    let (account, whose) = (column("account")?, column("household")?);
    let mut accounts = HashMap::new();
    for record in table.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let (account, whose) = (record.get(account).unwrap_or(""), record.get(whose).unwrap_or(""));
        let id =
            household(whose).ok_or_else(|| wrong(format!("line {line}: `{whose}` is no household of these books")))?;
        if accounts.insert(account.to_owned(), id).is_some_and(|before| before != id) {
            return Err(wrong(format!("line {line}: account `{account}` is another household's already")));
        }
    }
    Ok(accounts)
}

/// Households that are not enrolled.
fn unknown_households(desk: &Desk, told: &Told) -> Result<Vec<PublicId>, Failure> {
    let mut unknown = Vec::new();
    for id in told.events.keys() {
        match desk.head(*id) {
            Ok(_) => {}
            Err(app::desk::DeskError::Door(_)) => {
                unknown.push(PublicId { kind: IdKind::Household, cell: desk.cell_of(*id), id: *id });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(unknown)
}

fn send(desk: &Desk, told: &Told, sent: &Sent, progress: &Progress) -> Result<(), Failure> {
    let all = told.count();
    let households: Vec<(&Id, &Vec<Event>)> = BTreeMap::iter(&told.events).collect();
    at_once(&households, |(household, events)| {
        let known: HashSet<Id> = desk.event_ids(**household)?.into_iter().collect();
        let new: Vec<Event> = events.iter().filter(|event| !known.contains(&event.id)).cloned().collect();
        sent.known.fetch_add((events.len() - new.len()) as u64, Ordering::Relaxed);
        for part in new.chunks(EVENTS_MAX) {
            // The id follows from the events: whatever was sent before is the same command.
            let ids: Vec<u8> = part.iter().flat_map(|event| *event.id.as_bytes()).collect();
            let hash: String = leaf_hash(&ids).iter().map(|byte| format!("{byte:02x}")).collect();
            desk.observe(household.derive(&format!("import {hash}")), **household, part, Actor::SYSTEM, clock::now())?;
            let written = sent.written.fetch_add(part.len() as u64, Ordering::Relaxed) + part.len() as u64;
            progress.set(format!("importing: {written} of {all} events"));
        }
        Ok(())
    })
}
