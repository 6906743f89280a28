//! What the office reads back of the books: periods of the ledger, single entries, the portfolio, the journal, decisions made lately.

use std::fmt::{Debug, Write};

use basics::{Cell, Date, Id, Instant, cbor};
use door::backend::List;
use door::record::{JournalRecord, Step};
use door::table::{Record, Value};
use door::tables::Journal;
use door::{Actor, key};
use ledger::{SubjectCode, TrialBalance};

use super::{Desk, DeskError};
use crate::Fact;
use crate::assess::Assessment;
use crate::general_ledger::{self, Booked, Days, LedgerReadError};
use crate::portfolio::{PortfolioFigures, portfolio};
use crate::tables::{Application, ApplicationStatus, DecisionRecord, Entry, Posting};
use crate::tie::{Depth, Tie, TieError};
use crate::vault::VaultError;

/// Journal records read at once.
const PAGE: usize = 500;
/// Journal records looked through for one search, over all cells.
const LOOKED_THROUGH_MAX: usize = 20_000;

/// What is looked for in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalSearch {
    /// In this cell alone.
    pub cell: Option<Cell>,
    /// Naming this thing: a household, a loan, a member of staff, a command.
    pub naming: Option<Id>,
    /// Booked on this day.
    pub on: Option<Date>,
    /// How many at most.
    pub limit: usize,
}

/// One command of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLine {
    /// The cell.
    pub cell: Cell,
    /// Its place there.
    pub seq: i64,
    /// The command.
    pub command: Id,
    /// Who asked.
    pub actor: Actor,
    /// When.
    pub at: Instant,
    /// The day it is booked on.
    pub booking_date: Date,
    /// `decided`, `proposed`, `approved` or `rejected`.
    pub step: &'static str,
    /// The names of its facts, each once.
    pub facts: Vec<String>,
    /// Its leaf in the Merkle log.
    pub leaf: Vec<u8>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalFound {
    /// The lines, the latest first.
    pub lines: Vec<JournalLine>,
    /// Records looked through.
    pub looked_through: usize,
    /// Whether older records were left out.
    pub more: bool,
}

impl Desk {
    /// The days of the books.
    pub fn ledger_days(&self) -> Result<Days, DeskError> {
        Ok(self.readers.with(general_ledger::days)?)
    }

    /// The trial balance of a period, over all cells. Errors for a period that is turned round or ends after the open day.
    pub fn trial_balance_of(&self, from: Date, to: Date) -> Result<TrialBalance, DeskError> {
        let cells = self.engine.backend().cells();
        let turnovers = self.readers.with(|reader| Ok(general_ledger::turnovers(reader, cells, from, to)))?;
        let turnovers = turnovers.map_err(period_error)?;
        TrialBalance::of(&self.house().chart, from, to, &turnovers).map_err(|e| DeskError::Damaged(e.to_string()))
    }

    /// The postings of a subject booked on these days, `limit` at most.
    pub fn booked(&self, subject: SubjectCode, days: (Date, Date), limit: usize) -> Result<Vec<Booked>, DeskError> {
        let cells = self.engine.backend().cells();
        let found = self.readers.with(|reader| Ok(general_ledger::booked(reader, cells, subject, days, limit)))?;
        found.map_err(period_error)
    }

    /// Sub-ledgers against the general ledger at the end of a booking date. Of a closed day the cells' books are derived from
    /// their journals, which takes as long as an audit of them.
    pub fn tie(&self, on: Date, depth: Depth) -> Result<Tie, DeskError> {
        let cells = self.engine.backend().cells();
        let found = self.readers.with(|reader| Ok(self.house().tie(reader, cells, on, depth)))?;
        found.map_err(|error| match error {
            TieError::Read(error) => period_error(error),
            TieError::Journal(_) | TieError::Damaged(_) => DeskError::Damaged(error.to_string()),
        })
    }

    /// One entry with its postings.
    pub fn entry(&self, cell: Cell, seq: i64, fact: i64) -> Result<(Entry, Vec<Posting>), DeskError> {
        let entries: Vec<Entry> = self.rows(key![cell, seq, fact])?;
        let unknown = || DeskError::refused("unknown_entry", "there is no such entry: take its number as it was shown");
        let entry = entries.into_iter().next().ok_or_else(unknown)?;
        let mut postings: Vec<Posting> = self.rows(key![cell, seq, fact])?;
        postings.sort_by_key(|posting| posting.line);
        Ok((entry, postings))
    }

    /// The portfolio on the office's open day.
    pub fn portfolio(&self) -> Result<(Date, PortfolioFigures), DeskError> {
        let on = self.open_date(Cell::OFFICE)?;
        let cells = self.engine.backend().cells();
        Ok((on, self.readers.with(|reader| portfolio(reader, cells, on))?))
    }

    /// What model and rules said of an application, whoever decided on it in the end; none if they never looked at it, or if
    /// what they saw is erased.
    pub fn assessed(&self, household: Id, application: Id) -> Result<Option<Assessment>, DeskError> {
        let records: Vec<DecisionRecord> = self.rows(key![self.cell_of(household), household])?;
        for row in records {
            let plain = match self.vault.open(row.person, &row.ciphertext) {
                Ok(plain) => plain,
                Err(VaultError::Erased) => continue,
                Err(error) => return Err(error.into()),
            };
            let record: Assessment = cbor::from_bytes(&plain)?;
            if record.application == application {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Applications that were decided, the latest first, at most `limit`.
    pub fn decided_lately(&self, limit: usize) -> Result<Vec<Application>, DeskError> {
        let mut all = Vec::new();
        for status in [ApplicationStatus::Signed, ApplicationStatus::Approved, ApplicationStatus::Declined] {
            let some: Vec<Application> = self.in_every_cell(|cell| List {
                table: Application::table(),
                equal: vec![("cell", cell), ("status", Value::Text(status.as_str().into()))],
                order: vec!["asked_at", "id"],
                descending: true,
                after: None,
                limit,
            })?;
            all.extend(some);
        }
        all.sort_by_key(|row| std::cmp::Reverse((row.asked_at, row.id)));
        all.truncate(limit);
        Ok(all)
    }

    /// Searches the journal, the latest records first; it looks through a bounded number of them and says so.
    pub fn journal(&self, search: &JournalSearch) -> Result<JournalFound, DeskError> {
        let cells: Vec<Cell> = match search.cell {
            Some(cell) => vec![cell],
            None => (0..=self.engine.backend().cells()).map(Cell).collect(),
        };
        let share = (LOOKED_THROUGH_MAX / cells.len().max(1)).max(PAGE);
        let mut found = JournalFound::default();
        for cell in cells {
            let (mut after, mut seen, mut kept) = (None, 0, 0);
            while kept < search.limit {
                if seen >= share {
                    found.more = true;
                    break;
                }
                let rows: Vec<Journal> = self.list(&List {
                    table: Journal::table(),
                    equal: vec![("cell", Value::Int(i64::from(cell.0)))],
                    order: vec!["seq"],
                    descending: true,
                    after: after.take(),
                    limit: PAGE,
                })?;
                for row in &rows {
                    seen += 1;
                    if search.naming.is_some_and(|id| !names(&row.bytes, &id)) {
                        continue;
                    }
                    let record: JournalRecord = cbor::from_bytes(&row.bytes)?;
                    if search.on.is_none_or(|day| day == record.booking_date) && kept < search.limit {
                        kept += 1;
                        found.lines.push(line_of(row, &record)?);
                    }
                }
                match rows.last() {
                    Some(last) if rows.len() == PAGE => after = Some(key![last.seq]),
                    _ => break,
                }
            }
            found.more |= kept >= search.limit;
            found.looked_through += seen;
        }
        found.lines.sort_by_key(|line| std::cmp::Reverse((line.at, line.cell, line.seq)));
        found.lines.truncate(search.limit);
        Ok(found)
    }
}

pub(super) fn period_error(error: LedgerReadError) -> DeskError {
    match error {
        LedgerReadError::Store(error) => error.into(),
        LedgerReadError::Ahead { .. } | LedgerReadError::TurnedRound { .. } => {
            DeskError::refused("bad_period", error.to_string())
        }
    }
}

/// Whether the bytes of a record hold an id; ids stand there as their sixteen bytes.
fn names(bytes: &[u8], id: &Id) -> bool {
    let wanted = id.as_bytes();
    bytes.windows(wanted.len()).any(|some| some == wanted.as_slice())
}

pub(super) fn line_of(row: &Journal, record: &JournalRecord) -> Result<JournalLine, DeskError> {
    let mut facts: Vec<String> = Vec::new();
    for bytes in &record.facts {
        let name = variant_of(&cbor::from_bytes::<Fact>(bytes)?);
        if !facts.contains(&name) {
            facts.push(name);
        }
    }
    Ok(JournalLine {
        cell: row.cell,
        seq: row.seq,
        command: row.command_id,
        actor: record.actor,
        at: record.at,
        booking_date: record.booking_date,
        step: match record.step {
            Step::Decided => "decided",
            Step::Proposed { .. } => "proposed",
            Step::Approved { .. } => "approved",
            Step::Rejected { .. } => "rejected",
        },
        facts,
        leaf: row.leaf.clone(),
    })
}

/// The name of an enum's variant, without what it holds.
fn variant_of(value: &impl Debug) -> String {
    struct Name(String);
    impl Write for Name {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            let end = text.find(|c: char| !c.is_alphanumeric());
            self.0.push_str(text.get(..end.unwrap_or(text.len())).unwrap_or_default());
            // What follows the name is of no interest: writing ends here.
            if end.is_some() { Err(std::fmt::Error) } else { Ok(()) }
        }
    }
    let mut name = Name(String::new());
    match write!(name, "{value:?}") {
        // The error is how writing ends after the name.
        Ok(()) | Err(std::fmt::Error) => name.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_called_by_its_variant_alone() {
        let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
        assert_eq!(variant_of(&fact), "Declined");
        assert_eq!(variant_of(&Fact::HouseholdBuried { household: Id::from_u128(1) }), "HouseholdBuried");
    }

    #[test]
    fn a_record_names_what_its_bytes_hold() {
        let (id, other) = (Id::from_u128(7 << 100 | 9), Id::from_u128(8));
        let mut bytes = vec![1, 2, 3];
        bytes.extend_from_slice(id.as_bytes());
        bytes.push(4);
        assert!(names(&bytes, &id) && !names(&bytes, &other) && !names(&[], &id));
    }
}
