//! One instalment while the loan runs, and what became of it.

use basics::Date;
use basics::money::div_round;

use super::add;
use crate::schedule::year_denominator;
use crate::{Component, Instalment, LoanError, LoanTerms, Parts};

/// What must be met for an instalment not to be overdue.
const CORE: [Component; 3] = [Component::Principal, Component::Interest, Component::Fee];

/// An instalment of the plan: what it asks for, and what was paid and let off.
pub(super) struct Row {
    pub(super) plan: Instalment,
    pub(super) due_on: Date,
    /// Penalty and compound interest are kept in the numerators below.
    pub(super) due: Parts,
    pub(super) paid: Parts,
    pub(super) waived: Parts,
    /// Numerators over 10⁶ × year.
    pub(super) penalty: i128,
    pub(super) compound: i128,
    pub(super) met_on: Option<Date>,
    /// Interest of earlier rows that was put off to this one; part of `due`.
    pub(super) carried_fen: i64,
}

impl Row {
    pub(super) fn planned(plan: &Instalment) -> Row {
        Row {
            plan: *plan,
            due_on: plan.due,
            due: Parts {
                principal_fen: plan.principal_fen,
                interest_fen: plan.interest_fen,
                fee_fen: plan.fee_fen,
                ..Parts::ZERO
            },
            paid: Parts::ZERO,
            waived: Parts::ZERO,
            penalty: 0,
            compound: 0,
            met_on: None,
            carried_fen: 0,
        }
    }

    /// Unpaid principal, interest or fee: what does not depend on the day.
    pub(super) fn core_unpaid(&self, component: Component) -> i128 {
        i128::from(self.due.get(component))
            - i128::from(self.paid.get(component))
            - i128::from(self.waived.get(component))
    }

    pub(super) fn is_met(&self) -> bool {
        CORE.iter().all(|component| self.core_unpaid(*component) <= 0)
    }

    pub(super) fn within_grace(&self, today: Date, grace_days: u16) -> bool {
        today - self.due_on <= i32::from(grace_days)
    }

    pub(super) fn mark_met(&mut self, today: Date, grace_days: u16) {
        if self.met_on.is_none() && self.is_met() {
            self.met_on = Some(today);
            if self.within_grace(today, grace_days) {
                (self.penalty, self.compound) = (0, 0);
            }
        }
    }

    /// What the instalment asks for on a day, with penalty and compound interest rounded each.
    pub(super) fn due_parts(&self, today: Date, terms: &LoanTerms) -> Result<Parts, LoanError> {
        Ok(Parts {
            penalty_fen: self.run_up_fen(self.penalty, today, terms)?,
            compound_fen: self.run_up_fen(self.compound, today, terms)?,
            ..self.due
        })
    }

    pub(super) fn run_up_fen(&self, numerator: i128, today: Date, terms: &LoanTerms) -> Result<i64, LoanError> {
        if numerator == 0 || self.within_grace(today, terms.grace_days) {
            return Ok(0);
        }
        div_round(numerator, year_denominator(terms.day_count), terms.rounding)
            .ok_or(LoanError::Overflow("the penalty"))
    }

    pub(super) fn unpaid_fen(&self, component: Component, today: Date, terms: &LoanTerms) -> Result<i64, LoanError> {
        let settled = add(self.paid.get(component), self.waived.get(component))?;
        let due = match component {
            Component::Principal | Component::Interest | Component::Fee => self.due.get(component),
            Component::Penalty => self.run_up_fen(self.penalty, today, terms)?,
            Component::Compound => self.run_up_fen(self.compound, today, terms)?,
        };
        Ok(add(due, -settled)?.max(0))
    }
}
