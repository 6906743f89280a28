//! A loan that was taken over in mid-life begins as the old book closed it, to the fen.

use super::alter::Turn;
use super::{Servicing, add};
use crate::schedule::year_denominator;
use crate::{ArrearsStep, LoanError};

impl Servicing<'_> {
    /// Puts what the old book closed with on the rows; nothing for a loan that began here.
    ///
    /// What was due is one row with what it asked for then; penalty and compound interest go on from what had run up. The
    /// running row has accrued what the old book says by the end of its last day, and grows by this book's rules from the next.
    pub(super) fn open_as_taken_over(&mut self) -> Result<(), LoanError> {
        let Some(opening) = self.terms.opening else { return Ok(()) };
        let too_large = || LoanError::Overflow("what a loan was taken over with");
        let denominator = year_denominator(self.terms.day_count);
        if let (Some(overdue), Some(row)) = (opening.overdue, self.rows.first_mut()) {
            row.due.interest_fen = overdue.interest_fen;
            row.due.fee_fen = overdue.fee_fen;
            row.due.penalty_fen = overdue.penalty_fen;
            row.compound = i128::from(overdue.compound_fen).checked_mul(denominator).ok_or_else(too_large)?;
            (row.plan.interest_fen, row.plan.fee_fen) = (overdue.interest_fen, overdue.fee_fen);
            row.plan.total_fen = add(add(row.plan.principal_fen, overdue.interest_fen)?, overdue.fee_fen)?;
            self.next = 1;
            self.arrears.step(ArrearsStep { from: overdue.since, oldest_due: Some(overdue.since), owes: true });
        }
        let balance = self.balance_to_come();
        let Some(row) = self.rows.get(self.next) else { return Ok(()) };
        let (from, due) = (row.plan.from, row.due_on);
        // The last day of the old book is in its figure, and the fold of that day does not count it yet.
        let last_day = i128::from(self.terms.day_count.weight(opening.on, opening.on.add_days(1)));
        let of_last_day = balance.checked_mul(i128::from(self.rate.ppm())).and_then(|day| day.checked_mul(last_day));
        let accrued = i128::from(opening.accrued_fen).checked_mul(denominator);
        let banked = accrued.zip(of_last_day).and_then(|(accrued, day)| accrued.checked_sub(day));
        let turn = Turn { period_from: from, on: opening.on, banked: banked.ok_or_else(too_large)?, spread_fen: 0 };
        let balance_fen = i64::try_from(balance).map_err(|_| too_large())?;
        let (interest_fen, turn) = self.turned_interest_fen(turn, balance_fen, due)?;
        if let Some(row) = self.rows.get_mut(self.next) {
            row.due.interest_fen = interest_fen;
            row.plan.interest_fen = interest_fen;
            row.plan.total_fen = add(add(row.plan.principal_fen, interest_fen)?, row.plan.fee_fen)?;
        }
        self.turn = Some(turn);
        Ok(())
    }
}
