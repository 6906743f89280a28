//! Money that goes back: overpayments paid out, chargebacks, refunds of an open loan.

use basics::{Date, Id};

use super::planned::insert;
use super::row::Row;
use super::{Servicing, add};
use crate::conventions::{Conventions, PlanEngine};
use crate::{Component, DueStatus, LoanError, Parts, PostedKind, RowKind};

impl Servicing<'_> {
    /// Money goes back to the borrower: from what was overpaid first; the rest is owed again.
    pub(super) fn give_back(
        &mut self,
        conventions: &Conventions,
        (id, kind): (Id, PostedKind),
        amount_fen: i64,
        split: Option<Parts>,
        today: Date,
    ) -> Result<(), LoanError> {
        let before = self.mark();
        let from_credit = self.credit_fen.max(0).min(amount_fen);
        self.credit_fen = add(self.credit_fen, -from_credit)?;
        let owed = add(amount_fen, -from_credit)?;
        let principal = Parts { principal_fen: owed, ..Parts::ZERO };
        if owed > 0 {
            let raised = match split {
                Some(split) => split,
                None => Parts { principal_fen: amount_fen, ..Parts::ZERO },
            };
            // A down payment takes only what is put back by component.
            let place = self.place_for_credit(|row| split.is_some() || row.kind != RowKind::DownPayment, today);
            if let Some(row) = self.rows.get_mut(place) {
                for component in Component::ALL {
                    row.due.put(component, raised.get(component))?;
                    row.credited.put(component, raised.get(component))?;
                }
                row.mark_clear(today);
            }
            self.credited = self.credited.plus(&raised)?;
            let from_credit = add(raised.total_fen()?, -owed)?;
            match split {
                Some(_) => drop(self.allocate_by(&conventions.waterfall, from_credit, today)?),
                None => drop(self.pay_row(place, Component::Principal, from_credit, today)?),
            }
        }
        let parts = split.unwrap_or(principal);
        self.outstanding_fen = match split {
            Some(split) => add(self.outstanding_fen, split.principal_fen.min(owed))?,
            None => add(self.outstanding_fen, owed)?,
        };
        self.post_parts(id, today, kind, amount_fen, (parts, before))
    }

    /// The row that takes what is owed again: the next one due that can, or one after maturity.
    fn place_for_credit(&mut self, takes: impl Fn(&Row) -> bool, today: Date) -> usize {
        let fits = |row: &Row| takes(row) && (row.kind == RowKind::AfterMaturity || row.due_on > today);
        if let Some(place) = self.rows.iter().position(fits) {
            let is_after = self.rows.get(place).is_some_and(|row| row.kind == RowKind::AfterMaturity);
            return if is_after { self.move_row(place, today) } else { place };
        }
        let Some(last) = self.rows.iter().rposition(&takes) else { return 0 };
        let due_on = self.rows.get(last).map_or(today, |row| row.due_on);
        if due_on == today {
            last
        } else {
            insert(&mut self.rows, Row::beside(RowKind::AfterMaturity, due_on, today, 0))
        }
    }

    /// Which components a chargeback puts back, of what the payment settled and earlier chargebacks of it have left;
    /// `None` where the convention names none. What nothing was settled with is owed as principal.
    pub(super) fn chargeback_split(
        &mut self,
        conventions: &Conventions,
        payment: Id,
        amount_fen: i64,
    ) -> Result<Option<Parts>, LoanError> {
        if conventions.chargeback.is_empty() {
            return Ok(None);
        }
        let paid = self.trace.iter().find(|line| line.event == Some(payment)).map_or(Parts::ZERO, |line| line.parts);
        let before = self.charged_back.get(&payment).copied().unwrap_or(Parts::ZERO);
        let mut left = amount_fen;
        let mut split = Parts::ZERO;
        for component in &conventions.chargeback {
            let there = paid.get(*component).saturating_sub(before.get(*component)).max(0);
            let part = there.min(left);
            split.put(*component, part)?;
            left = add(left, -part)?;
        }
        split.put(Component::Principal, left)?;
        self.charged_back.insert(payment, before.plus(&split)?);
        Ok(Some(split))
    }

    /// Takes back what was paid: along the waterfall from its end where instalments still to come have an order of
    /// their own, else from the latest instalment, principal first.
    pub(super) fn take_back(
        &mut self,
        conventions: &Conventions,
        amount_fen: i64,
        today: Date,
    ) -> Result<(), LoanError> {
        let mut left = amount_fen;
        let places = (0..self.rows.len()).rev();
        if conventions.plan.engine == PlanEngine::Progressive {
            for stage in conventions.waterfall.stages().iter().rev() {
                for place in places.clone() {
                    let stands = self.rows.get(place).map(|row| DueStatus::of(row.due_on, today));
                    for component in stage.components.iter().rev().filter(|_| stands == Some(stage.status)) {
                        left = add(left, -self.unpay(place, *component, left, today)?)?;
                    }
                }
            }
        } else {
            for place in places {
                for component in [Component::Principal, Component::Interest, Component::Fee, Component::Penalty] {
                    left = add(left, -self.unpay(place, component, left, today)?)?;
                }
            }
        }
        // More than was paid by then, after a change dated back: owed by the borrower beside the rows.
        self.credit_fen = add(self.credit_fen, -left)?;
        Ok(())
    }

    /// Takes back at most so much of what paid one component of one row, and answers how much that was.
    fn unpay(&mut self, place: usize, component: Component, at_most_fen: i64, today: Date) -> Result<i64, LoanError> {
        let Some(row) = self.rows.get_mut(place) else { return Ok(0) };
        let part = row.paid.get(component).min(at_most_fen);
        row.paid.put(component, -part)?;
        // What was paid ahead or late is less by it: of the kind that the day is, then of the other.
        let mut left = part;
        let late_first = DueStatus::of(row.due_on, today) == DueStatus::PastDue;
        let (ahead, late) = (&mut row.ahead_fen, &mut row.late_fen);
        for kept in if late_first { [late, ahead] } else { [ahead, late] } {
            let less = left.min(*kept);
            *kept -= less;
            left -= less;
        }
        row.mark_clear(today);
        self.paid.put(component, -part)?;
        self.unpay_charges(None, component, part)?;
        self.follow_taken_back(place, component, part, today)?;
        Ok(part)
    }
}
