//! The running loan inside the fold: days pass, instalments fall due, events happen.

use basics::money::div_round;
use basics::{Date, Rate};

use crate::fold::Totals;
use crate::schedule::{schedule_drawn, year_denominator};
use crate::{
    Accrued, Component, Compound, Happening, Instalment, InstalmentState, InterestBasis, LifeEvent, LoanError,
    LoanState, LoanStatus, LoanTerms, Parts, PayPath, Schedule, Segment,
};

/// What must be met for an instalment not to be overdue.
const CORE: [Component; 3] = [Component::Principal, Component::Interest, Component::Fee];

/// A loan between two moments of its life.
pub(crate) struct Servicing<'t> {
    terms: &'t LoanTerms,
    schedule: Option<Schedule>,
    /// Rows before `next` have fallen due; rows before `open` are settled for good.
    rows: Vec<Row>,
    open: usize,
    next: usize,
    /// Everything before this day, and what is due on it, is done. `None` before the first event.
    date: Option<Date>,
    credit_fen: i64,
    disbursed_fen: i64,
    received_fen: i64,
    refunded_fen: i64,
    waiver_lapsed_fen: i64,
    closed_on: Option<Date>,
}

struct Row {
    plan: Instalment,
    due_on: Date,
    /// Penalty and compound interest are kept in the numerators below.
    due: Parts,
    paid: Parts,
    waived: Parts,
    /// Numerators over 10⁶ × year.
    penalty: i128,
    compound: i128,
    met_on: Option<Date>,
}

impl<'t> Servicing<'t> {
    pub(crate) fn new(terms: &'t LoanTerms) -> Servicing<'t> {
        Servicing {
            terms,
            schedule: None,
            rows: Vec::new(),
            open: 0,
            next: 0,
            date: None,
            credit_fen: 0,
            disbursed_fen: 0,
            received_fen: 0,
            refunded_fen: 0,
            waiver_lapsed_fen: 0,
            closed_on: None,
        }
    }

    /// Lets days pass until `to`, with everything that falls due up to and on it.
    pub(crate) fn advance(&mut self, to: Date) -> Result<(), LoanError> {
        while let Some(due) = self.rows.get(self.next).map(|row| row.due_on).filter(|due| *due <= to) {
            self.run_overdue(due)?;
            self.next += 1;
            self.settle(due)?;
        }
        self.run_overdue(to)
    }

    /// Lets one event happen on the day reached.
    pub(crate) fn apply(&mut self, event: &LifeEvent) -> Result<(), LoanError> {
        let today = event.value_date;
        let positive = |amount_fen: i64| {
            if amount_fen > 0 { Ok(amount_fen) } else { Err(LoanError::NotPositive(event.id)) }
        };
        match &event.what {
            Happening::Disbursed { amount_fen } => {
                if self.schedule.is_some() {
                    return Err(LoanError::SecondDisbursement(event.id));
                }
                self.disburse(positive(*amount_fen)?, today)?;
                self.advance(today)?;
            }
            Happening::Paid { amount_fen } => {
                self.received_fen = add(self.received_fen, positive(*amount_fen)?)?;
                self.credit_fen = add(self.credit_fen, *amount_fen)?;
            }
            Happening::Refunded { amount_fen } => {
                self.refunded_fen = add(self.refunded_fen, positive(*amount_fen)?)?;
                self.credit_fen = add(self.credit_fen, -*amount_fen)?;
            }
            Happening::Waived { what, amount_fen } => {
                self.waive(what.component(), positive(*amount_fen)?, today)?;
            }
            Happening::Reversed { .. } | Happening::CollectionRun { .. } | Happening::Noticed { .. } => {}
        }
        self.settle(today)
    }

    fn disburse(&mut self, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        let schedule = schedule_drawn(self.terms, amount_fen, today)?;
        self.rows = schedule.rows.iter().map(Row::planned).collect();
        self.schedule = Some(schedule);
        self.disbursed_fen = amount_fen;
        Ok(())
    }

    /// Penalty and compound interest of the days from the one reached to `to`.
    fn run_overdue(&mut self, to: Date) -> Result<(), LoanError> {
        let Some(from) = self.date.replace(to) else { return Ok(()) };
        let days = i128::from(self.terms.day_count.days(from, to));
        if days == 0 {
            return Ok(());
        }
        let penalty_rate = self.terms.penalty_rate;
        // Due dates are stops, so no run of days lies on both sides of maturity.
        let matured = self.next == self.rows.len();
        let compound_rate = match self.terms.compound {
            Compound::None => Rate::ZERO,
            Compound::ContractThenPenalty if matured => penalty_rate,
            Compound::ContractThenPenalty => self.terms.rate,
        };
        for row in self.rows.iter_mut().take(self.next).skip(self.open) {
            row.penalty += row.core_unpaid(Component::Principal) * i128::from(penalty_rate.ppm()) * days;
            row.compound += row.core_unpaid(Component::Interest) * i128::from(compound_rate.ppm()) * days;
        }
        Ok(())
    }

    /// Pays what is due from the credit balance, and pays off the loan if that suffices.
    fn settle(&mut self, today: Date) -> Result<(), LoanError> {
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
        Ok(())
    }

    fn pay(&mut self, row: usize, component: Component, today: Date) -> Result<(), LoanError> {
        if self.credit_fen <= 0 {
            return Ok(());
        }
        if let Some(row) = self.rows.get_mut(row) {
            let amount_fen = row.unpaid_fen(component, today, self.terms)?.min(self.credit_fen);
            row.paid.put(component, amount_fen)?;
            self.credit_fen -= amount_fen;
        }
        Ok(())
    }

    fn waive(&mut self, component: Component, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        let mut left = amount_fen;
        for row in self.rows.iter_mut().take(self.next).skip(self.open) {
            let part = row.unpaid_fen(component, today, self.terms)?.min(left);
            row.waived.put(component, part)?;
            left -= part;
        }
        self.waiver_lapsed_fen = add(self.waiver_lapsed_fen, left)?;
        Ok(())
    }

    /// Makes all that is still to come due today: the running interest as accrued, none for later periods.
    fn bring_forward(&mut self, today: Date) -> Result<(), LoanError> {
        let accrued_fen = self.accrued(today)?.round_fen(self.terms.rounding)?;
        for (index, row) in self.rows.iter_mut().enumerate().skip(self.next) {
            row.due_on = today;
            row.due.interest_fen = if index == self.next { accrued_fen } else { 0 };
        }
        self.next = self.rows.len();
        Ok(())
    }

    /// All that is owed if the loan ends today, before the credit balance.
    fn payoff_total(&self, today: Date) -> Result<i128, LoanError> {
        let mut sum = i128::from(self.accrued(today)?.round_fen(self.terms.rounding)?);
        for (index, row) in self.rows.iter().enumerate().skip(self.open) {
            if index < self.next {
                for component in Component::ALL {
                    sum += i128::from(row.unpaid_fen(component, today, self.terms)?);
                }
            } else {
                sum += i128::from(row.due.principal_fen) + i128::from(row.due.fee_fen);
            }
        }
        Ok(sum)
    }

    /// Whether a row that is due owes nothing, and so never will again.
    fn is_settled(&self, row: usize, today: Date) -> Result<bool, LoanError> {
        let Some(row) = self.rows.get(row) else { return Ok(false) };
        Ok(row.is_met()
            && row.unpaid_fen(Component::Penalty, today, self.terms)? == 0
            && row.unpaid_fen(Component::Compound, today, self.terms)? == 0)
    }

    /// How interest of the running period grows.
    fn segment(&self) -> Option<Segment> {
        let row = self.rows.get(self.next)?;
        let (from, until) = (row.plan.from, row.plan.due);
        let (numerator, denominator) = match self.terms.basis {
            InterestBasis::Twelfth => (i128::from(row.due.interest_fen), i128::from(until - from)),
            InterestBasis::Daily => {
                let balance: i128 = self.rows.iter().skip(self.next).map(|row| i128::from(row.due.principal_fen)).sum();
                (balance * i128::from(self.terms.rate.ppm()), year_denominator(self.terms.day_count))
            }
        };
        Some(Segment { from, until, numerator, denominator })
    }

    fn accrued(&self, today: Date) -> Result<Accrued, LoanError> {
        let Some(segment) = self.segment() else { return Ok(Accrued::ZERO) };
        let days = match self.terms.basis {
            InterestBasis::Twelfth => today - segment.from,
            InterestBasis::Daily => self.terms.day_count.days(segment.from, today),
        };
        let numerator =
            segment.numerator.checked_mul(i128::from(days)).ok_or(LoanError::Overflow("accrued interest"))?;
        Ok(Accrued { numerator, denominator: segment.denominator })
    }

    fn oldest_unpaid_due(&self) -> Option<Date> {
        self.rows.iter().take(self.next).skip(self.open).find(|row| !row.is_met()).map(|row| row.due_on)
    }

    fn days_past_due(&self, today: Date) -> u32 {
        self.oldest_unpaid_due().map_or(0, |due| u32::try_from(today - due).unwrap_or(0))
    }

    /// The state as it is shown.
    pub(crate) fn state(self, as_of: Date) -> Result<LoanState, LoanError> {
        let mut totals = Totals {
            disbursed_fen: self.disbursed_fen,
            received_fen: self.received_fen,
            refunded_fen: self.refunded_fen,
            ..Totals::default()
        };
        let mut instalments = Vec::with_capacity(self.rows.len());
        for (index, row) in self.rows.iter().enumerate() {
            let due = row.due_parts(as_of, self.terms)?;
            let is_due = index < self.next;
            if is_due {
                totals.billed = totals.billed.plus(&due)?;
            }
            totals.paid = totals.paid.plus(&row.paid)?;
            totals.waived = totals.waived.plus(&row.waived)?;
            instalments.push(InstalmentState {
                number: row.plan.number,
                due_on: row.due_on,
                is_due,
                due,
                paid: row.paid,
                waived: row.waived,
                met_on: row.met_on,
            });
        }
        let oldest_unpaid_due = self.oldest_unpaid_due();
        let grace = i32::from(self.terms.grace_days) + 1;
        let payoff = (self.payoff_total(as_of)? - i128::from(self.credit_fen)).max(0);
        let status = match (&self.schedule, self.closed_on, oldest_unpaid_due) {
            (None, ..) => LoanStatus::Signed,
            (_, Some(_), _) => LoanStatus::Closed,
            (_, None, Some(due)) if due < as_of => LoanStatus::Overdue,
            _ => LoanStatus::Active,
        };
        Ok(LoanState {
            as_of,
            status,
            principal_fen: add(self.disbursed_fen, -totals.paid.principal_fen)?,
            accrued: self.accrued(as_of)?,
            segment: self.segment(),
            credit_fen: self.credit_fen,
            payoff_fen: i64::try_from(payoff).map_err(|_| LoanError::Overflow("what closes the loan"))?,
            oldest_unpaid_due,
            days_past_due: self.days_past_due(as_of),
            next_due: self.rows.get(self.next).map(|row| row.due_on),
            grace_ends: self
                .rows
                .iter()
                .take(self.next)
                .filter(|row| row.core_unpaid(Component::Principal) > 0 || row.core_unpaid(Component::Interest) > 0)
                .map(|row| row.due_on.add_days(grace))
                .find(|date| *date > as_of),
            closed_on: self.closed_on,
            waiver_lapsed_fen: self.waiver_lapsed_fen,
            instalments,
            totals,
            schedule: self.schedule,
        })
    }
}

impl Row {
    fn planned(plan: &Instalment) -> Row {
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
        }
    }

    /// Unpaid principal, interest or fee: what does not depend on the day.
    fn core_unpaid(&self, component: Component) -> i128 {
        i128::from(self.due.get(component))
            - i128::from(self.paid.get(component))
            - i128::from(self.waived.get(component))
    }

    fn is_met(&self) -> bool {
        CORE.iter().all(|component| self.core_unpaid(*component) <= 0)
    }

    fn within_grace(&self, today: Date, grace_days: u16) -> bool {
        today - self.due_on <= i32::from(grace_days)
    }

    fn mark_met(&mut self, today: Date, grace_days: u16) {
        if self.met_on.is_none() && self.is_met() {
            self.met_on = Some(today);
            if self.within_grace(today, grace_days) {
                (self.penalty, self.compound) = (0, 0);
            }
        }
    }

    /// What the instalment asks for on a day, with penalty and compound interest rounded each.
    fn due_parts(&self, today: Date, terms: &LoanTerms) -> Result<Parts, LoanError> {
        Ok(Parts {
            penalty_fen: self.run_up_fen(self.penalty, today, terms)?,
            compound_fen: self.run_up_fen(self.compound, today, terms)?,
            ..self.due
        })
    }

    fn run_up_fen(&self, numerator: i128, today: Date, terms: &LoanTerms) -> Result<i64, LoanError> {
        if numerator == 0 || self.within_grace(today, terms.grace_days) {
            return Ok(0);
        }
        div_round(numerator, year_denominator(terms.day_count), terms.rounding)
            .ok_or(LoanError::Overflow("the penalty"))
    }

    fn unpaid_fen(&self, component: Component, today: Date, terms: &LoanTerms) -> Result<i64, LoanError> {
        let settled = add(self.paid.get(component), self.waived.get(component))?;
        let due = match component {
            Component::Principal | Component::Interest | Component::Fee => self.due.get(component),
            Component::Penalty => self.run_up_fen(self.penalty, today, terms)?,
            Component::Compound => self.run_up_fen(self.compound, today, terms)?,
        };
        Ok(add(due, -settled)?.max(0))
    }
}

fn add(a: i64, b: i64) -> Result<i64, LoanError> {
    a.checked_add(b).ok_or(LoanError::Overflow("the sum of a loan"))
}
