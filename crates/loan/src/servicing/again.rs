//! Money that had paid goes back, by the house rule: what it paid is owed again.

use basics::Date;

use super::{Servicing, add};
use crate::LoanError;

impl Servicing<'_> {
    /// Takes so much out of the loan: money ahead of its time first, then what was paid last.
    ///
    /// Of the instalments the latest is unpaid first, and in it what the order of payment pays last. What is unpaid again
    /// is owed since its own due date: days past due count from there, penalty from today.
    pub(super) fn owe_again(&mut self, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        self.refunded_fen = add(self.refunded_fen, amount_fen)?;
        let from_credit = self.credit_fen.max(0).min(amount_fen);
        self.credit_fen = add(self.credit_fen, -from_credit)?;
        let mut left = add(amount_fen, -from_credit)?;
        let order = *self.terms.pay_rule.order_at(self.days_past_due(today)).components();
        // Rows of principal paid ahead stand beside the plan: they are the last to be touched.
        let in_plan = |place: &usize| self.rows.get(*place).is_some_and(|row| row.plan.number > 0);
        let (planned, beside): (Vec<usize>, Vec<usize>) = (0..self.next).rev().partition(in_plan);
        for place in planned.into_iter().chain(beside) {
            let Some(row) = self.rows.get_mut(place).filter(|_| left > 0) else { continue };
            let mut of_charges = Vec::new();
            for component in order.into_iter().rev() {
                let part = row.paid.get(component).min(left);
                row.paid.put(component, -part)?;
                self.paid.put(component, -part)?;
                of_charges.push((component, row.at_most_charges(component, part)));
                left -= part;
            }
            if !row.is_met() {
                row.met_on = None;
            }
            self.open = self.open.min(place);
            for (component, part) in of_charges {
                self.unpay_charges(Some(place), component, part)?;
            }
        }
        // More than was paid by then, after a change dated back: owed by the borrower beside the rows.
        self.credit_fen = add(self.credit_fen, -left)?;
        Ok(())
    }
}
