//! One instalment while the loan runs, and what became of it.

use basics::Date;
use basics::money::div_round;

use super::add;
use crate::schedule::year_denominator;
use crate::{Component, Instalment, LoanError, LoanTerms, Parts, RowKind};

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
    /// What misuse added before it was due, over the same; grace days do not take it away.
    pub(super) misuse: i128,
    pub(super) met_on: Option<Date>,
    /// Interest of earlier rows that was put off to this one; part of `due`.
    pub(super) carried_fen: i64,
    pub(super) kind: RowKind,
    /// What refunds and chargebacks added to what was planned; a part of `due`.
    pub(super) credited: Parts,
    pub(super) written_off: Parts,
    /// Paid before and after the due date, all components.
    pub(super) ahead_fen: i64,
    pub(super) late_fen: i64,
    /// It was agreed to be free of principal, and stays so when the plan is laid anew.
    pub(super) interest_alone: bool,
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
            misuse: 0,
            met_on: None,
            carried_fen: 0,
            kind: RowKind::Regular,
            credited: Parts::ZERO,
            written_off: Parts::ZERO,
            ahead_fen: 0,
            late_fen: 0,
            interest_alone: false,
        }
    }

    /// A row that the plan does not number among its regular ones.
    pub(super) fn beside(kind: RowKind, from: Date, due: Date, principal_fen: i64) -> Row {
        let plan = Instalment {
            number: 0,
            from,
            due,
            principal_fen,
            interest_fen: 0,
            fee_fen: 0,
            total_fen: principal_fen,
            balance_after_fen: 0,
        };
        Row { kind, ..Row::planned(&plan) }
    }

    /// Whether it is an instalment of the plan, first or anew, and not one beside it.
    pub(super) fn is_planned(&self) -> bool {
        matches!(self.kind, RowKind::Regular | RowKind::Reaged)
    }

    /// Principal of the plan, without what was credited to it.
    pub(super) fn planned_principal(&self) -> i64 {
        self.due.principal_fen.saturating_sub(self.credited.principal_fen)
    }

    /// Plans another principal for it; what was credited stands beside.
    pub(super) fn plan_principal(&mut self, principal_fen: i64) {
        self.plan.principal_fen = principal_fen;
        self.due.principal_fen = principal_fen.saturating_add(self.credited.principal_fen);
        if !self.is_clear() {
            self.met_on = None;
        }
    }

    /// What is neither paid, waived nor written off of one component, whatever the day.
    pub(super) fn open_fen(&self, component: Component) -> i64 {
        i64::try_from(self.core_unpaid(component)).unwrap_or(i64::MAX).max(0)
    }

    /// What is open of all components.
    pub(super) fn open_parts(&self) -> Parts {
        let mut parts = Parts::ZERO;
        for component in Component::ALL {
            *parts.get_mut(component) = self.open_fen(component);
        }
        parts
    }

    /// Whether nothing at all is open.
    pub(super) fn is_clear(&self) -> bool {
        Component::ALL.iter().all(|component| self.open_fen(*component) == 0)
    }

    /// Marks the day from which it is clear, or that it is not.
    pub(super) fn mark_clear(&mut self, today: Date) {
        self.met_on = if self.is_clear() { self.met_on.or(Some(today)) } else { None };
    }

    /// Whether a date lies in the row's period; the first period has its first day too.
    pub(super) fn covers(&self, date: Date, is_first: bool) -> bool {
        (date > self.plan.from || is_first && date == self.plan.from) && date <= self.due_on
    }

    /// Unpaid principal, interest or fee: what does not depend on the day.
    pub(super) fn core_unpaid(&self, component: Component) -> i128 {
        i128::from(self.due.get(component))
            - i128::from(self.paid.get(component))
            - i128::from(self.waived.get(component))
            - i128::from(self.written_off.get(component))
    }

    pub(super) fn is_met(&self) -> bool {
        CORE.iter().all(|component| self.core_unpaid(*component) <= 0)
    }

    /// How much of a sum of one component the charges in the row can be: penalty that ran up is none of them.
    pub(super) fn at_most_charges(&self, component: Component, amount_fen: i64) -> i64 {
        if component == Component::Penalty { amount_fen.min(self.due.penalty_fen) } else { amount_fen }
    }

    /// Whether principal or interest of it is unpaid, so that it may cost a fee.
    pub(super) fn bears_late_fee(&self) -> bool {
        self.core_unpaid(Component::Principal) > 0 || self.core_unpaid(Component::Interest) > 0
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
            penalty_fen: self.penalty_fen(today, terms)?,
            compound_fen: self.run_up_fen(self.compound, today, terms)?,
            ..self.due
        })
    }

    /// Penalty charges, and what ran up; the latter rounded once.
    fn penalty_fen(&self, today: Date, terms: &LoanTerms) -> Result<i64, LoanError> {
        let overdue = if self.within_grace(today, terms.grace_days) { 0 } else { self.penalty };
        if overdue == 0 && self.misuse == 0 {
            return Ok(self.due.penalty_fen);
        }
        let grown = div_round(overdue + self.misuse, year_denominator(terms.day_count), terms.rounding);
        add(self.due.penalty_fen, grown.ok_or(LoanError::Overflow("the penalty"))?)
    }

    pub(super) fn run_up_fen(&self, numerator: i128, today: Date, terms: &LoanTerms) -> Result<i64, LoanError> {
        if numerator == 0 || self.within_grace(today, terms.grace_days) {
            return Ok(0);
        }
        div_round(numerator, year_denominator(terms.day_count), terms.rounding)
            .ok_or(LoanError::Overflow("the penalty"))
    }

    pub(super) fn unpaid_fen(&self, component: Component, today: Date, terms: &LoanTerms) -> Result<i64, LoanError> {
        let settled = add(add(self.paid.get(component), self.waived.get(component))?, self.written_off.get(component))?;
        let due = match component {
            Component::Principal | Component::Interest | Component::Fee => self.due.get(component),
            Component::Penalty => self.penalty_fen(today, terms)?,
            Component::Compound => self.run_up_fen(self.compound, today, terms)?,
        };
        Ok(add(due, -settled)?.max(0))
    }
}
