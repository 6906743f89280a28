//! `tianxin audit export`: a period of the books for an auditor, who then needs neither the database nor trust in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use api::shown::{entry_en, entry_zh};
use app::general_ledger::{self, Days};
use app::holding::Holding;
use app::period::PeriodEvent;
use app::subject_day::SubjectDay;
use app::tables::LoanNote;
use app::voucher::each_voucher;
use basics::merkle::{Hash, Tree};
use basics::money::format_minor;
use basics::{Cell, Date, cbor};
use clap::Args;
use door::checkpoint::Checkpoint;
use door::record::JournalRecord;
use door::table::{Record, Value};
use door::tables::Journal;
use door::{Connection, StoreError, key};
use ledger::{Chart, SubjectCode, TrialBalance};
use serde::Serialize;

use super::bundle::{
    CHAINS, ChainRow, DAYS, FORMAT, FileEntry, Hashed, JOURNAL, JournalRow, MANIFEST, Manifest, NOTES, PERIODS, README,
    SAMPLE, TRIAL, TrialRow, VOUCHERS, VoucherRow, hex, sample,
};
use crate::config::{self, Opened, Place, Use};
use crate::failure::Failure;
use crate::notary::Desk;
use crate::terminal::{Progress, say};

/// Rows read at once.
const PAGE: usize = 1_000;

/// Write a period of the books for an auditor: trial balance, vouchers, notes, journal, and a sample with its proofs
///
/// Nothing in it names a person; ids stand for households. The sample is drawn by money: every yuan debited in the period has the same chance.
/// Each sampled voucher comes with the record of the journal that made it and the audit path (RFC 6962) to the last signed checkpoint.
/// `tianxin audit check-export DIR` proves all of it without the database.
#[derive(Args)]
pub struct Export {
    /// The first booking date
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    from: Date,
    /// The last one; it must be closed
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    to: Date,
    /// How many vouchers are drawn
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    sample: u32,
    /// What they are drawn with: the auditor's own number
    #[arg(long, value_name = "SEED")]
    seed: u64,
    /// The folder to be made
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// A line of `notes.csv`.
#[derive(Serialize)]
struct NoteRow {
    cell: u16,
    loan: String,
    household: String,
    product: String,
    status: &'static str,
    drawn_on: String,
    maturity: String,
    principal: String,
    outstanding: String,
    class: u8,
    stage: i64,
    overdue_since: String,
    closed_on: String,
    as_of: String,
}

/// A line of `days.csv`.
#[derive(Serialize)]
struct DayRow {
    day: String,
    subject: i64,
    debit: String,
    credit: String,
    balance: String,
}

/// A line of `periods.csv`.
#[derive(Serialize)]
struct PeriodRow {
    period: String,
    act: &'static str,
    booked_on: String,
    record: i64,
    hash: String,
    left_open: i64,
    words: String,
}

impl Export {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        if self.from > self.to {
            return Err(Failure::Usage(format!("the period begins on {}, after its end on {}", self.from, self.to)));
        }
        let opened = config::open(place, Use::Read)?;
        let desk = Desk::new(&opened);
        let none = || Failure::Wrong("no checkpoint signs these books yet: `tianxin checkpoint take`".to_owned());
        let checkpoint = desk.last()?.ok_or_else(none)?;
        make_folder(&self.folder)?;
        let mut connection = opened.backend.connect()?;
        connection.begin_snapshot()?;
        let done = self.write(&opened, connection.as_mut(), checkpoint);
        connection.rollback();
        let manifest = done?;
        say(format!(
            "{} to {}: {} files in {}, {} debits sampled",
            manifest.from,
            manifest.to,
            manifest.files.len() + 1,
            self.folder.display(),
            manifest.draws
        ));
        say(format!("prove it with `tianxin audit check-export {}`", self.folder.display()));
        Ok(())
    }

    fn write(
        &self,
        opened: &Opened,
        connection: &mut dyn Connection,
        checkpoint: Checkpoint,
    ) -> Result<Manifest, Failure> {
        let Days { open, .. } = general_ledger::days(connection)?;
        if self.to >= open {
            return Err(Failure::Usage(format!("{} is not closed: {open} is the open day", self.to)));
        }
        let progress = Progress::begin("reading the ledger");
        let chart = &opened.tianxin.chart;
        let cells = opened.backend.cells();
        let turnovers = general_ledger::turnovers(connection, cells, self.from, self.to)?;
        let trial = TrialBalance::of(chart, self.from, self.to, &turnovers)?;
        let folder = &self.folder;
        let mut files = vec![
            Hashed::csv(folder, TRIAL, &trial_rows(&trial))?,
            Hashed::csv(folder, DAYS, &self.days(connection)?)?,
            Hashed::csv(folder, PERIODS, &periods(connection)?)?,
        ];
        progress.set("reading the vouchers".to_owned());
        let mut lines: Vec<VoucherRow> = Vec::new();
        for cell in (0..=cells).map(Cell) {
            self.vouchers(connection, chart, cell, &mut lines)?;
        }
        let wrong = |error: String| Failure::Wrong(format!("no sample can be drawn: {error}"));
        let (sampled, debits_minor) = sample(lines.iter(), self.sample, self.seed).map_err(wrong)?;
        files.push(Hashed::csv(folder, VOUCHERS, &lines)?);
        files.push(Hashed::csv(folder, SAMPLE, &sampled)?);
        drop(lines);
        progress.set("reading the notes".to_owned());
        files.push(Hashed::csv(folder, NOTES, &notes(connection, cells)?)?);
        progress.set("reading the journal".to_owned());
        let mut wanted: BTreeMap<u16, BTreeSet<i64>> = BTreeMap::new();
        for row in &sampled {
            wanted.entry(row.cell).or_default().insert(row.record);
        }
        files.extend(self.journal(connection, cells, &checkpoint, &wanted)?);
        let draws = u32::try_from(sampled.len()).unwrap_or(u32::MAX);
        let manifest = Manifest {
            format: FORMAT,
            institution: opened.tianxin.institution.name.clone(),
            from: self.from.to_string(),
            to: self.to.to_string(),
            seed: self.seed,
            draws: self.sample,
            debits_minor,
            checkpoint,
            files: Vec::new(),
        };
        files.push(Hashed::whole(folder, README, &super::readme::text(&manifest, draws))?);
        files.sort_by(|a: &FileEntry, b| a.name.cmp(&b.name));
        let manifest = Manifest { files, ..manifest };
        let text = serde_json::to_string_pretty(&manifest).map_err(|error| Failure::Wrong(error.to_string()))?;
        let own = Hashed::whole(folder, MANIFEST, &format!("{text}\n"))?;
        say(format!("{MANIFEST} has the SHA-256 {}: note it down", own.sha256));
        Ok(manifest)
    }

    fn days(&self, connection: &mut dyn Connection) -> Result<Vec<DayRow>, Failure> {
        let mut rows = Vec::new();
        let mut day = self.from;
        while day <= self.to {
            for row in connection.load_many(SubjectDay::table(), &[0, 1], &[key![Cell::OFFICE, day]])? {
                let row = SubjectDay::from_row(&row).map_err(damaged)?;
                rows.push(DayRow {
                    day: row.day.to_string(),
                    subject: row.subject,
                    debit: format_minor(row.debit_minor),
                    credit: format_minor(row.credit_minor),
                    balance: format_minor(row.balance_minor),
                });
            }
            day = day.add_days(1);
        }
        rows.sort_by(|a, b| (&a.day, a.subject).cmp(&(&b.day, b.subject)));
        Ok(rows)
    }

    fn vouchers(
        &self,
        connection: &mut dyn Connection,
        chart: &Chart,
        cell: Cell,
        lines: &mut Vec<VoucherRow>,
    ) -> Result<(), Failure> {
        each_voucher(connection, cell, (self.from, self.to), &mut |voucher| {
            for posting in &voucher.postings {
                let code = u32::try_from(posting.subject).map(SubjectCode).unwrap_or(SubjectCode(0));
                let subject = chart.subject(code);
                let entry = &voucher.entry;
                lines.push(VoucherRow {
                    voucher: voucher.number.to_string(),
                    cell: cell.0,
                    record: entry.seq,
                    fact: entry.fact,
                    kind: entry.kind.as_str().to_owned(),
                    kind_zh: entry_zh(entry.kind).to_owned(),
                    kind_en: entry_en(entry.kind).to_owned(),
                    booking_date: entry.booking_date.to_string(),
                    value_date: entry.value_date.to_string(),
                    line: posting.line,
                    subject: posting.subject,
                    subject_zh: subject.map_or_else(String::new, |subject| subject.zh.clone()),
                    subject_en: subject.map_or_else(String::new, |subject| subject.en.clone()),
                    amount: format_minor(posting.amount_minor),
                    owner: posting.owner.map_or_else(String::new, |id| id.to_string()),
                    account: posting.account.map_or_else(String::new, |id| id.to_string()),
                    memo: entry.memo.as_deref().map_or_else(String::new, plain),
                });
            }
            Ok(true)
        })?;
        Ok(())
    }

    /// The records of the period, and the audit paths of those that the sample names.
    fn journal(
        &self,
        connection: &mut dyn Connection,
        cells: u16,
        checkpoint: &Checkpoint,
        wanted: &BTreeMap<u16, BTreeSet<i64>>,
    ) -> Result<[FileEntry; 2], Failure> {
        let mut journal = Hashed::make(&self.folder, JOURNAL)?;
        let mut chains = Hashed::make(&self.folder, CHAINS)?;
        for cell in (0..=cells).map(Cell) {
            let unsigned = || {
                Failure::Wrong(format!(
                    "the checkpoint of {} does not sign all of {}: `tianxin checkpoint take`",
                    checkpoint.at, self.to
                ))
            };
            let (size, root) = checkpoint.proven(cell).ok_or_else(unsigned)?;
            let mut leaves: Vec<Hash> = Vec::new();
            let mut after: Option<Vec<Value>> = None;
            loop {
                let page = connection.scan(Journal::table(), &key![cell], after.as_deref(), PAGE)?;
                for row in &page {
                    let row = Journal::from_row(row).map_err(damaged)?;
                    let record: JournalRecord = cbor::from_bytes(&row.bytes)
                        .map_err(|error| StoreError::Other(format!("record {} of {cell:?}: {error}", row.seq)))?;
                    if row.seq <= size {
                        let short = |_| Failure::Wrong(format!("record {} of {cell:?} has no whole leaf", row.seq));
                        leaves.push(Hash::try_from(&row.leaf[..]).map_err(short)?);
                    }
                    if (self.from..=self.to).contains(&record.booking_date) {
                        if row.seq > size {
                            return Err(unsigned());
                        }
                        let (leaf, bytes) = (hex(&row.leaf), hex(&row.bytes));
                        journal.json(&JournalRow { cell: cell.0, record: row.seq, leaf, bytes })?;
                    }
                }
                match page.last() {
                    Some(last) if page.len() == PAGE => after = Some(last[..Journal::table().key_len].to_vec()),
                    _ => break,
                }
            }
            let tree = Tree::of(leaves);
            if i64::try_from(tree.size()) != Ok(size) || tree.root() != root {
                return Err(Failure::Wrong(format!(
                    "the journal of {cell:?} is not the one the checkpoint of {} was taken of: run `tianxin audit verify`",
                    checkpoint.at
                )));
            }
            for record in wanted.get(&cell.0).into_iter().flatten() {
                let index = u64::try_from(record - 1).unwrap_or(u64::MAX);
                let path = tree.path(index).ok_or_else(unsigned)?;
                let path = path.iter().map(|hash| hex(hash)).collect();
                chains.json(&ChainRow { cell: cell.0, record: *record, index, size: tree.size(), path })?;
            }
        }
        Ok([journal.end()?, chains.end()?])
    }
}

/// Makes the folder, or takes an empty one.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "made", error))?;
    let mut inside = fs::read_dir(folder).map_err(|error| Failure::file(folder, "read", error))?;
    if inside.next().is_some() {
        return Err(Failure::Usage(format!("{} is not empty: name a new folder", folder.display())));
    }
    Ok(())
}

fn trial_rows(trial: &TrialBalance) -> Vec<TrialRow> {
    let row = |line: &ledger::TrialLine| TrialRow {
        subject: i64::from(line.subject.code.0),
        zh: line.subject.zh.clone(),
        en: line.subject.en.clone(),
        opening: format_minor(line.turnover.opening_minor),
        debit: format_minor(line.turnover.debit_minor),
        credit: format_minor(line.turnover.credit_minor),
        closing: format_minor(line.closing_minor),
    };
    trial.lines.iter().map(row).collect()
}

fn periods(connection: &mut dyn Connection) -> Result<Vec<PeriodRow>, Failure> {
    let mut events = Vec::new();
    for row in connection.load_many(PeriodEvent::table(), &[0], &[key![Cell::OFFICE]])? {
        events.push(PeriodEvent::from_row(&row).map_err(damaged)?);
    }
    events.sort_by_key(|event| event.seq);
    let row = |event: &PeriodEvent| PeriodRow {
        period: event.period().name(),
        act: event.act.as_str(),
        booked_on: event.booking_date.to_string(),
        record: event.seq,
        hash: hex(&event.hash),
        left_open: event.left_open,
        words: event.words.as_deref().map_or_else(String::new, plain),
    };
    Ok(events.iter().map(row).collect())
}

fn notes(connection: &mut dyn Connection, cells: u16) -> Result<Vec<NoteRow>, Failure> {
    let mut rows = Vec::new();
    for cell in (0..=cells).map(Cell) {
        let mut after: Option<Vec<Value>> = None;
        loop {
            let page = connection.scan(LoanNote::table(), &key![cell], after.as_deref(), PAGE)?;
            for row in &page {
                let note = LoanNote::from_row(row).map_err(damaged)?;
                let holding = Holding::of(&note).map_err(|error| Failure::Wrong(error.to_string()))?;
                let day = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
                rows.push(NoteRow {
                    cell: cell.0,
                    loan: note.id.to_string(),
                    household: note.household.to_string(),
                    product: note.product.clone(),
                    status: note.status.as_str(),
                    drawn_on: note.drawn_on.to_string(),
                    maturity: note.maturity.to_string(),
                    principal: format_minor(note.principal_minor),
                    outstanding: format_minor(note.outstanding_minor),
                    class: holding.class.0,
                    stage: holding.stage.code(),
                    overdue_since: day(note.overdue_since),
                    closed_on: day(note.closed_on),
                    as_of: note.folded_on.to_string(),
                });
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last[..LoanNote::table().key_len].to_vec()),
                _ => break,
            }
        }
    }
    Ok(rows)
}

fn damaged(error: door::table::RowError) -> Failure {
    Failure::Wrong(format!("{error}: run `tianxin audit verify`"))
}

/// Words that no spreadsheet takes for a formula.
fn plain(words: &str) -> String {
    if words.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{words}") } else { words.to_owned() }
}
