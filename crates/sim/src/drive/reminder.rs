//! What falls due: read from the books a few days ahead, on the day, and while it is not paid.

use app::desk::{DeskError, Known, Reading};
use basics::{Cell, Date, Id};
use loan::{Component, LoanError, LoanState, fold};

use super::book::Stage;
use super::{DriveError, Driver};
use crate::deed::{HouseholdNo, Mine, Reply, Told};

/// How far ahead of its due date an instalment is told of.
const AHEAD_DAYS: i32 = 3;
/// Households read at once.
const READ_AT_ONCE: usize = 4_096;

impl Driver {
    /// Looks at the loans that are near a due date or past one, and tells their households.
    pub(super) fn remind(&mut self) -> Result<Vec<Reply>, DriveError> {
        let today = self.day;
        let mut places: Vec<(HouseholdNo, Mine, Cell, Id, Id)> = Vec::new();
        for (no, mine) in self.book.due_for_a_look(today) {
            if let Some((home, deal)) = self.book.deal(no, mine)
                && deal.stage == Stage::Running
            {
                places.push((no, mine, home.cell, home.id, deal.loan));
            }
        }
        let mut told = Vec::new();
        for part in places.chunks(READ_AT_ONCE) {
            let keys: Vec<(Cell, Id)> = part.iter().map(|(_, _, cell, household, _)| (*cell, *household)).collect();
            for ((no, mine, .., loan), known) in part.iter().zip(self.read(&keys, Reading::Loans)?) {
                let due = due_of(&known, *loan, today).map_err(|error| self.desk_error("a reminder", error))?;
                let Some(due) = due else { continue };
                told.push(Reply { household: *no, told: due.told(*mine) });
            }
        }
        Ok(told)
    }

    /// Reads households on one snapshot.
    pub(super) fn read(&self, keys: &[(Cell, Id)], reading: Reading) -> Result<Vec<Known>, DriveError> {
        let read = self.readers.with(|reader| Ok(Known::read_many(reader, keys, reading)))?;
        let known = read.map_err(|error| self.desk_error("a reading", error))?;
        if known.len() != keys.len() {
            return Err(self.broken("a household lives in a cell that this database does not have".to_owned()));
        }
        Ok(known)
    }

    pub(super) fn desk_error(&self, what: &str, error: DeskError) -> DriveError {
        DriveError::Desk { date: self.day, what: what.to_owned(), error }
    }
}

/// What is due of a loan, or will be in a few days.
pub(crate) struct Due {
    pub(crate) date: Date,
    pub(crate) amount_fen: i64,
    pub(crate) days_past_due: u32,
}

impl Due {
    pub(crate) fn told(self, mine: Mine) -> Told {
        Told::Due { mine, date: self.date, amount_fen: self.amount_fen, days_past_due: self.days_past_due }
    }
}

fn due_of(known: &Known, loan: Id, today: Date) -> Result<Option<Due>, DeskError> {
    let Some((_, terms, events)) = known.loan(loan)? else { return Ok(None) };
    Ok(due_in(&fold(&terms, &events, today)?, today)?)
}

/// What is due by a loan's state of today, or will be in a few days; nothing is owed on another day.
pub(crate) fn due_in(state: &LoanState, today: Date) -> Result<Option<Due>, LoanError> {
    let overdue_fen = owed_fen(state, today)?;
    if overdue_fen > 0 {
        let date = state.oldest_unpaid_due.unwrap_or(today);
        return Ok(Some(Due { date, amount_fen: overdue_fen, days_past_due: state.days_past_due }));
    }
    let ahead = today.add_days(AHEAD_DAYS);
    let amount_fen = owed_fen(state, ahead)?;
    let date = state.next_due.filter(|due| *due <= ahead && amount_fen > 0);
    Ok(date.map(|date| Due { date, amount_fen, days_past_due: 0 }))
}

/// What is not paid of all that falls due by a date, less what waits as credit.
pub(crate) fn owed_fen(state: &LoanState, by: Date) -> Result<i64, LoanError> {
    let mut sum: i128 = 0;
    for row in state.instalments.iter().filter(|row| row.due_on <= by) {
        for component in Component::ALL {
            sum += i128::from(row.unpaid_fen(component));
        }
    }
    sum -= i128::from(state.credit_fen);
    Ok(i64::try_from(sum.max(0)).unwrap_or(i64::MAX))
}
