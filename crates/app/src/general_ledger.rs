//! The general ledger as it is asked for: what was booked on every subject over a period, and the entries behind a figure.

use std::collections::BTreeMap;

use basics::{Cell, Date};
use door::checkpoint::read_heads;
use door::table::Row;
use door::{Connection, Record, StoreError, Table, key};
use ledger::{SubjectCode, Turnover, Turnovers};

use crate::subject_day::{SubjectDay, subject_of};
use crate::tables::{CellDay, Entry, GlBalance, Posting};

/// Rows read at once.
const PAGE: usize = 1_000;

/// Days of the books, seen from the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first day whose balances are kept; none before the first close.
    pub first_closed: Option<Date>,
    /// The open day.
    pub open: Date,
}

/// Why a period cannot be shown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LedgerReadError {
    /// The database cannot be read, or was altered by hand.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The period ends after the open day.
    #[error("{asked} lies after the open day {open}: nothing is booked ahead")]
    Ahead {
        /// What was asked for.
        asked: Date,
        /// The open day.
        open: Date,
    },
    /// The period ends before it begins.
    #[error("the period begins on {from}, after its end on {to}: turn the two round")]
    TurnedRound {
        /// Its first day.
        from: Date,
        /// Its last day.
        to: Date,
    },
}

/// One posting of a subject with its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    /// The entry.
    pub entry: Entry,
    /// The posting.
    pub posting: Posting,
}

/// The days of the books, on the snapshot that the caller has begun.
pub fn days(connection: &mut dyn Connection) -> Result<Days, StoreError> {
    let missing = || StoreError::Other("the head of the office is missing: run `tianxin audit verify`".to_owned());
    let open = read_heads(connection, 0)?.first().ok_or_else(missing)?.open_date;
    let first = connection.scan(SubjectDay::table(), &key![Cell::OFFICE], None, 1)?;
    let first_closed = first.first().map(read::<SubjectDay>).transpose()?.map(|row| row.day);
    Ok(Days { first_closed: first_closed.filter(|day| *day < open), open })
}

/// What was booked on every subject from the first to the last of these days, over all cells, with the balances before.
///
/// Of closed days it reads what their closes told, whatever the number of postings; with the open day it reads the balances as
/// they are. Call it on a snapshot. Errors for a period that is turned round or ends after the open day.
pub fn turnovers(
    connection: &mut dyn Connection,
    cells: u16,
    from: Date,
    to: Date,
) -> Result<Turnovers, LedgerReadError> {
    let Days { open, .. } = days(connection)?;
    if from > to {
        return Err(LedgerReadError::TurnedRound { from, to });
    }
    if to > open {
        return Err(LedgerReadError::Ahead { asked: to, open });
    }
    let mut all = Turnovers::new();
    // The day before may not be closed, or lie before the books: then its balances are those of the last closed day before, or none.
    let opening_day = from.add_days(-1);
    for row in connection.load_many(SubjectDay::table(), &[0, 1], &[key![Cell::OFFICE, opening_day]])? {
        let row = read::<SubjectDay>(&row)?;
        add(&mut all, row.subject, &Turnover { opening_minor: row.balance_minor, ..Turnover::default() })?;
    }
    let after = key![Cell::OFFICE, opening_day, i64::MAX];
    each(connection, SubjectDay::table(), Cell::OFFICE, Some(after), |row| {
        let row = read::<SubjectDay>(row)?;
        // What has been told of a day that is being closed is in the balances of the open day, too.
        if row.day > to || row.day >= open {
            return Ok(Go::Stop);
        }
        add(&mut all, row.subject, &moved(row.debit_minor, row.credit_minor, row.carried_minor))?;
        Ok(Go::On)
    })?;
    if to == open {
        let mut live: BTreeMap<SubjectCode, i64> = BTreeMap::new();
        let keys: Vec<_> = (0..=cells).map(|cell| key![Cell(cell)]).collect();
        for row in connection.load_many(GlBalance::table(), &[0], &keys)? {
            let row = read::<GlBalance>(&row)?;
            let subject = code(row.subject)?;
            let kept = live.entry(subject).or_default();
            *kept = kept.checked_add(row.balance_minor).ok_or_else(overflow)?;
            add(&mut all, row.subject, &moved(row.day_debit_minor, row.day_credit_minor, 0))?;
        }
        // A cell that has closed the open day already keeps what moved on the next: what it told the office stands beside it.
        for row in connection.load_many(SubjectDay::table(), &[0, 1], &[key![Cell::OFFICE, open]])? {
            let row = read::<SubjectDay>(&row)?;
            add(&mut all, row.subject, &moved(row.debit_minor, row.credit_minor, row.carried_minor))?;
        }
        for subject in live.keys() {
            all.entry(*subject).or_default();
        }
        for (subject, turnover) in &all {
            let balance = live.get(subject).copied().unwrap_or_default();
            if turnover.closing_minor() != Some(balance) {
                let message = format!(
                    "subject {subject} keeps {balance}, its days give {:?}: a close is handing over its receipts, ask again \
                     when it is done; else run `tianxin audit verify`",
                    turnover.closing_minor()
                );
                return Err(StoreError::Other(message).into());
            }
        }
    }
    Ok(all)
}

/// The postings of a subject that were booked on these days, cell by cell in the order they were booked, `limit` at most.
///
/// It reads the entries of those days alone. Call it on a snapshot.
pub fn booked(
    connection: &mut dyn Connection,
    cells: u16,
    subject: SubjectCode,
    (from, to): (Date, Date),
    limit: usize,
) -> Result<Vec<Booked>, LedgerReadError> {
    if from > to {
        return Err(LedgerReadError::TurnedRound { from, to });
    }
    let mut found = Vec::new();
    for cell in (0..=cells).map(Cell) {
        let after = ended(connection, cell, from.add_days(-1))?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut postings: Vec<Posting> = Vec::new();
        let mut last_seq = None;
        each(connection, Entry::table(), cell, after.clone(), |row| {
            let entry = read::<Entry>(row)?;
            if entry.booking_date > to {
                return Ok(Go::Stop);
            }
            if entry.booking_date >= from {
                last_seq = Some(entry.seq);
                entries.push(entry);
            }
            Ok(Go::On)
        })?;
        let (Some(first), Some(last_seq)) = (entries.first(), last_seq) else { continue };
        let after = Some(key![cell, first.seq - 1, i64::MAX]);
        each(connection, Posting::table(), cell, after, |row| {
            let posting = read::<Posting>(row)?;
            if posting.seq > last_seq {
                return Ok(Go::Stop);
            }
            if posting.subject == i64::from(subject.0) {
                postings.push(posting);
            }
            Ok(if found.len() + postings.len() >= limit { Go::Stop } else { Go::On })
        })?;
        let mut entries = entries.into_iter().peekable();
        for posting in postings {
            while entries.next_if(|entry| (entry.seq, entry.fact) < (posting.seq, posting.fact)).is_some() {}
            match entries.peek() {
                Some(entry) if (entry.seq, entry.fact) == (posting.seq, posting.fact) => {
                    found.push(Booked { entry: entry.clone(), posting });
                }
                _ => return Err(damaged(&format!("a posting of record {} has no entry", posting.seq)).into()),
            }
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// Where a cell's records of a day end; none if it never closed that day, so that its records are read from the beginning.
pub(crate) fn ended(
    connection: &mut dyn Connection,
    cell: Cell,
    day: Date,
) -> Result<Option<Vec<door::Value>>, StoreError> {
    let rows = connection.load_many(CellDay::table(), &[0, 1], &[key![cell, day]])?;
    let row = rows.first().map(read::<CellDay>).transpose()?;
    Ok(row.filter(|row| row.closed_seq > 0).map(|row| key![cell, row.closed_seq, i64::MAX]))
}

/// Whether to read on.
pub(crate) enum Go {
    On,
    Stop,
}

/// Visits the rows of a cell in key order after a key.
pub(crate) fn each(
    connection: &mut dyn Connection,
    table: &'static Table,
    cell: Cell,
    mut after: Option<Vec<door::Value>>,
    mut visit: impl FnMut(&Row) -> Result<Go, StoreError>,
) -> Result<(), StoreError> {
    loop {
        let page = connection.scan(table, &key![cell], after.as_deref(), PAGE)?;
        for row in &page {
            if let Go::Stop = visit(row)? {
                return Ok(());
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last[..table.key_len].to_vec()),
            _ => return Ok(()),
        }
    }
}

fn moved(debit_minor: i64, credit_minor: i64, carried_minor: i64) -> Turnover {
    Turnover { opening_minor: 0, debit_minor, credit_minor, carried_minor }
}

fn add(all: &mut Turnovers, subject: i64, more: &Turnover) -> Result<(), StoreError> {
    let sum = all.entry(code(subject)?).or_default();
    *sum = sum.with(more).ok_or_else(overflow)?;
    Ok(())
}

fn code(stored: i64) -> Result<SubjectCode, StoreError> {
    subject_of(stored).map_err(|fault| damaged(&fault))
}

pub(crate) fn read<R: Record>(row: &Row) -> Result<R, StoreError> {
    R::from_row(row).map_err(|error| damaged(&error))
}

fn damaged(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Other(format!("{error}: run `tianxin audit verify`"))
}

fn overflow() -> StoreError {
    StoreError::Other("the balance of a subject does not fit 64 bits over all cells".to_owned())
}
