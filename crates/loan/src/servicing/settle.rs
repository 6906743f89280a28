//! Money and waivers meet what is owed.

use basics::Date;

use super::{Servicing, add};
use crate::{ArrearsStep, Component, LoanError, PayPath};

impl Servicing<'_> {
    /// Pays what is due from the credit balance, and pays off the loan if that suffices.
    pub(super) fn settle(&mut self, today: Date) -> Result<(), LoanError> {
        let order = *self.terms.pay_rule.order_at(self.days_past_due(today)).components();
        let due = self.next;
        match self.terms.pay_rule.path {
            PayPath::ByInstalment => {
                for row in self.open..due {
                    for component in order {
                        self.pay(row, component, today)?;
                    }
                }
            }
            PayPath::ByComponent => {
                for component in order {
                    for row in self.open..due {
                        self.pay(row, component, today)?;
                    }
                }
            }
        }
        for row in self.rows.iter_mut().take(due).skip(self.open) {
            row.mark_met(today, self.terms.grace_days);
        }
        while self.open < due && self.is_settled(self.open, today)? {
            self.open += 1;
        }
        if due < self.rows.len() && i128::from(self.credit_fen) >= self.payoff_total(today)? {
            self.bring_forward(today)?;
            return self.settle(today);
        }
        let closed = self.schedule.is_some() && self.credit_fen >= 0 && self.payoff_total(today)? == 0;
        self.closed_on = if closed { self.closed_on.or(Some(today)) } else { None };
        let oldest_due = self.oldest_unpaid_due();
        self.arrears.step(ArrearsStep { from: today, oldest_due, owes: self.open < self.next || oldest_due.is_some() });
        Ok(())
    }

    pub(super) fn pay(&mut self, place: usize, component: Component, today: Date) -> Result<(), LoanError> {
        if self.credit_fen <= 0 {
            return Ok(());
        }
        if let Some(row) = self.rows.get_mut(place) {
            let amount_fen = row.unpaid_fen(component, today, self.terms)?.min(self.credit_fen);
            row.paid.put(component, amount_fen)?;
            self.paid.put(component, amount_fen)?;
            self.credit_fen -= amount_fen;
            let of_charges_fen = row.at_most_charges(component, amount_fen);
            if of_charges_fen > 0 && !self.charges.is_empty() {
                self.pay_charges(place, component, of_charges_fen)?;
            }
        }
        Ok(())
    }

    pub(super) fn waive(&mut self, component: Component, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        let mut left = amount_fen;
        for row in self.rows.iter_mut().take(self.next).skip(self.open) {
            let part = row.unpaid_fen(component, today, self.terms)?.min(left);
            row.waived.put(component, part)?;
            self.waived.put(component, part)?;
            left -= part;
        }
        self.waiver_lapsed_fen = add(self.waiver_lapsed_fen, left)?;
        Ok(())
    }

    /// Makes all that is still to come due today: the running interest as accrued, none for later periods.
    pub(super) fn bring_forward(&mut self, today: Date) -> Result<(), LoanError> {
        let accrued_fen = self.accrued(today)?.round_fen(self.terms.rounding)?;
        for (index, row) in self.rows.iter_mut().enumerate().skip(self.next) {
            row.due_on = today;
            let accrued_fen = if index == self.next { accrued_fen } else { 0 };
            row.due.interest_fen = add(accrued_fen, row.carried_fen)?;
        }
        self.next = self.rows.len();
        Ok(())
    }

    /// All that is owed if the loan ends today, before the credit balance.
    pub(super) fn payoff_total(&self, today: Date) -> Result<i128, LoanError> {
        if self.terms.conventions.is_some() {
            return self.payoff_planned(today);
        }
        let mut sum = i128::from(self.accrued(today)?.round_fen(self.terms.rounding)?);
        for (index, row) in self.rows.iter().enumerate().skip(self.open) {
            if index < self.next {
                for component in Component::ALL {
                    sum += i128::from(row.unpaid_fen(component, today, self.terms)?);
                }
            } else {
                sum += i128::from(row.due.principal_fen) + i128::from(row.due.fee_fen) + i128::from(row.carried_fen);
                sum += i128::from(row.unpaid_fen(Component::Penalty, today, self.terms)?);
            }
        }
        Ok(sum)
    }

    /// Whether a row that is due owes nothing, and so never will again.
    pub(super) fn is_settled(&self, row: usize, today: Date) -> Result<bool, LoanError> {
        let Some(row) = self.rows.get(row) else { return Ok(false) };
        Ok(row.is_met()
            && row.unpaid_fen(Component::Penalty, today, self.terms)? == 0
            && row.unpaid_fen(Component::Compound, today, self.terms)? == 0)
    }
}
