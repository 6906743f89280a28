//! What was booked on every subject, day by day (科目日结): balances at any business date without reading postings.
//!
//! A cell's ledger balance keeps what moved on the open day. The close tells the office what that was, with its receipt; the
//! office adds it up, and with the last receipt the institution's balances of the day stand. A closed day is never posted into,
//! so they stand for good, and the audit proves that with what moved since they are the ledger's balances.

use std::collections::BTreeMap;

use basics::{Cell, Currency, Date};
use door::app::CrossSums;
use door::overlay::{Fault, Needs, Overlay};
use door::{Record, key};
use ledger::SubjectCode;
use minicbor::{Decode, Encode};

use crate::fact::Fact;
use crate::tables::{BusinessDay, EntryKind, GlBalance};

door::table! {
    /// What was booked on a subject on a day over all cells, and its balance at the day's end. Lives in the office's cell.
    pub struct SubjectDay = "subject_day" (Household, State, key 4) {
        /// The office.
        cell: Cell,
        /// The day.
        day: Date,
        /// The subject's code.
        subject: i64,
        /// The currency.
        currency: Currency,
        /// Debits of the day, in minor units.
        debit_minor: i64,
        /// Credits of the day.
        credit_minor: i64,
        /// What of debits less credits carried income and expense into the profit of the year.
        carried_minor: i64,
        /// Debit positive; nothing until the institution has closed the day.
        balance_minor: i64,
    }
}

/// What was booked on a subject of a cell on the day it closes. Amounts are minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SubjectMoved {
    /// The subject.
    #[n(0)]
    pub subject: SubjectCode,
    /// The currency.
    #[n(1)]
    pub currency: Currency,
    /// Debits.
    #[n(2)]
    pub debit_minor: i64,
    /// Credits.
    #[n(3)]
    pub credit_minor: i64,
    /// What of debits less credits carried income and expense into the profit of the year.
    #[n(4)]
    pub carried_minor: i64,
}

/// Asks for what the office reads and changes when a cell has closed a day.
pub(crate) fn needs_moved(day: Date, needs: &mut Needs) {
    needs.rows::<SubjectDay>(key![Cell::OFFICE, day.add_days(-1)]);
    needs.rows::<SubjectDay>(key![Cell::OFFICE, day]);
    needs.rows::<GlBalance>(key![Cell::OFFICE]);
}

/// What was booked in a cell on its open day: what its balances keep of it, and what is booked now beside them.
pub(crate) fn moved_on_open_day(slice: &Overlay, cell: Cell, now: &[Fact]) -> Result<Vec<SubjectMoved>, Fault> {
    let mut all: BTreeMap<(SubjectCode, Currency), SubjectMoved> = BTreeMap::new();
    let mut add = |subject, currency, debit_minor: i64, credit_minor: i64, carried_minor: i64| {
        let moved = all.entry((subject, currency)).or_insert(SubjectMoved {
            subject,
            currency,
            debit_minor: 0,
            credit_minor: 0,
            carried_minor: 0,
        });
        moved.debit_minor = sum(moved.debit_minor, debit_minor)?;
        moved.credit_minor = sum(moved.credit_minor, credit_minor)?;
        moved.carried_minor = sum(moved.carried_minor, carried_minor)?;
        Ok::<(), Fault>(())
    };
    for row in slice.range::<GlBalance>(&key![cell])? {
        if (row.day_debit_minor, row.day_credit_minor) != (0, 0) {
            add(subject_of(row.subject)?, row.currency, row.day_debit_minor, row.day_credit_minor, 0)?;
        }
    }
    for fact in now {
        let Fact::Booked(booked) = fact else { continue };
        let carries = booked.kind == EntryKind::YearClose;
        for line in booked.entry.lines() {
            let amount = line.amount_minor;
            let (debit, credit) = sides(amount);
            add(line.subject, booked.entry.currency(), debit, credit, if carries { amount } else { 0 })?;
        }
    }
    Ok(all.into_values().collect())
}

/// An amount as debit and credit.
pub(crate) fn sides(amount_minor: i64) -> (i64, i64) {
    (amount_minor.max(0), amount_minor.min(0).saturating_neg())
}

/// Adds what a cell has told of a day.
pub(crate) fn add_moved(books: &mut Overlay, day: Date, moved: &[SubjectMoved]) -> Result<(), Fault> {
    for moved in moved {
        let row = row(books, day, moved.subject, moved.currency)?;
        books.put(&SubjectDay {
            debit_minor: sum(row.debit_minor, moved.debit_minor)?,
            credit_minor: sum(row.credit_minor, moved.credit_minor)?,
            carried_minor: sum(row.carried_minor, moved.carried_minor)?,
            ..row
        });
    }
    Ok(())
}

/// Sets the balances of a day that the institution has closed, from those of the day before and what moved.
pub(crate) fn set_balances(books: &mut Overlay, day: Date) -> Result<(), Fault> {
    let before = books.range::<SubjectDay>(&key![Cell::OFFICE, day.add_days(-1)])?;
    let today = books.range::<SubjectDay>(&key![Cell::OFFICE, day])?;
    let mut all: BTreeMap<(i64, Currency), SubjectDay> = BTreeMap::new();
    for row in before {
        let carried_on = SubjectDay { day, debit_minor: 0, credit_minor: 0, carried_minor: 0, ..row };
        all.insert((carried_on.subject, carried_on.currency), carried_on);
    }
    for row in today {
        let opening = all.get(&(row.subject, row.currency)).map_or(0, |before| before.balance_minor);
        let net = row.debit_minor.checked_sub(row.credit_minor).ok_or_else(overflow)?;
        let balance_minor = sum(opening, net)?;
        all.insert((row.subject, row.currency), SubjectDay { balance_minor, ..row });
    }
    for row in all.values() {
        books.put(row);
    }
    Ok(())
}

/// A cell has closed its day: on the next one nothing has moved yet.
pub(crate) fn begin_day(books: &mut Overlay, cell: Cell) -> Result<(), Fault> {
    for row in books.range::<GlBalance>(&key![cell])? {
        if (row.day_debit_minor, row.day_credit_minor) != (0, 0) {
            books.put(&GlBalance { day_debit_minor: 0, day_credit_minor: 0, ..row });
        }
    }
    Ok(())
}

/// Adds what the books of a cell keep to the audit's sums: what moved on its open day and, from the office, the balances of the
/// last closed day. While a day is being closed receipts are under way, and nothing can be said.
pub(crate) fn observe(cell: Cell, books: &Overlay, sums: &mut CrossSums) -> Result<(), Fault> {
    for (_, row) in books.all_rows(GlBalance::table()) {
        let row = GlBalance::from_row(row)?;
        let net = i128::from(row.day_debit_minor) - i128::from(row.day_credit_minor);
        sums.add(format!("day {}", row.subject), net);
    }
    if cell != Cell::OFFICE {
        return Ok(());
    }
    let mut last = None;
    for (_, row) in books.all_rows(BusinessDay::table()) {
        let row = BusinessDay::from_row(row)?;
        match row.closed {
            true => last = last.max(Some(row.day)),
            false => sums.add(CLOSING.to_owned(), 1),
        }
    }
    for (_, row) in books.all_rows(SubjectDay::table()) {
        let row = SubjectDay::from_row(row)?;
        if Some(row.day) == last {
            sums.add(format!("day {}", row.subject), i128::from(row.balance_minor));
        }
    }
    Ok(())
}

/// Findings over all cells: each subject's last closed balance with what moved since is its balance.
pub(crate) fn check(sums: &CrossSums) -> Vec<String> {
    if sums.get(CLOSING) != 0 {
        return Vec::new();
    }
    let balances = sums.sums.iter().filter_map(|(name, sum)| Some((name.strip_prefix("gl ")?, *sum)));
    balances
        .filter_map(|(subject, balance)| {
            let told = sums.get(&format!("day {subject}"));
            (told != balance).then(|| {
                format!("subject {subject} keeps {balance}, its last closed day with what moved since gives {told}")
            })
        })
        .collect()
}

/// The name of the audit's count of days that are being closed.
const CLOSING: &str = "closing";

fn row(books: &Overlay, day: Date, subject: SubjectCode, currency: Currency) -> Result<SubjectDay, Fault> {
    let (cell, subject) = (Cell::OFFICE, i64::from(subject.0));
    let found = books.get::<SubjectDay>(&key![cell, day, subject, currency])?;
    Ok(found.unwrap_or(SubjectDay {
        cell,
        day,
        subject,
        currency,
        debit_minor: 0,
        credit_minor: 0,
        carried_minor: 0,
        balance_minor: 0,
    }))
}

/// The code of a stored subject.
pub(crate) fn subject_of(stored: i64) -> Result<SubjectCode, Fault> {
    let code = u32::try_from(stored).map(SubjectCode);
    code.map_err(|_| Fault::Broken(format!("{stored} is no subject's code")))
}

fn sum(a: i64, b: i64) -> Result<i64, Fault> {
    a.checked_add(b).ok_or_else(overflow)
}

fn overflow() -> Fault {
    Fault::Broken("what moved on a subject does not fit 64 bits".to_owned())
}
