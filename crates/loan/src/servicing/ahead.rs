//! Money that pays at once whatever the waterfall names, due or not; and the events of loans that work so.

use basics::money::div_round;
use basics::{Date, Id};

use super::row::Row;
use super::{Mark, Servicing, add};
use crate::allocation::Stage;
use crate::conventions::{Conventions, PlanEngine};
use crate::{
    AheadPick, ArrearsStep, ChargeTiming, Component, DueStatus, Happening, LifeEvent, LoanError, Parts, Posted,
    PostedKind, Receipt, Waterfall,
};

impl Servicing<'_> {
    /// Lets one event happen under the conventions of the terms.
    pub(super) fn apply_ahead(&mut self, event: &LifeEvent) -> Result<(), LoanError> {
        let terms = self.terms;
        let Some(conventions) = terms.conventions.as_deref() else { return Ok(()) };
        let (id, today) = (event.id, event.value_date);
        let before = self.mark();
        match &event.what {
            Happening::Disbursed { amount_fen } => {
                self.disburse_planned(conventions, *amount_fen, today)?;
                let used = self.use_credit(conventions, today)?;
                self.outstanding_fen = add(self.outstanding_fen, add(*amount_fen, -used)?)?;
                self.post_parts(id, today, PostedKind::Disbursement, *amount_fen, (Parts::ZERO, before))?;
                self.pay_at_disbursement(id, today)?;
            }
            Happening::Paid { amount_fen } => self.receive(conventions, id, Receipt::Repayment, *amount_fen, today)?,
            Happening::Received { receipt, amount_fen } => {
                self.receive(conventions, id, *receipt, *amount_fen, today)?;
            }
            Happening::ChargeAdjusted { charge, amount_fen } => {
                self.adjust_charge(conventions, id, *charge, *amount_fen, today)?;
            }
            Happening::Refunded { amount_fen } => {
                self.refunded_fen = add(self.refunded_fen, *amount_fen)?;
                self.give_back(conventions, (id, PostedKind::Refund), *amount_fen, None, today)?;
            }
            Happening::ChargedBack { payment, amount_fen } => {
                self.refunded_fen = add(self.refunded_fen, *amount_fen)?;
                let split = self.chargeback_split(conventions, *payment, *amount_fen)?;
                self.give_back(conventions, (id, PostedKind::Chargeback), *amount_fen, split, today)?;
            }
            Happening::RefundedCash { amount_fen } => {
                self.refunded_fen = add(self.refunded_fen, *amount_fen)?;
                self.take_back(conventions, *amount_fen, today)?;
                let parts = before.paid.minus(&self.paid)?;
                self.outstanding_fen = add(self.outstanding_fen, parts.principal_fen)?;
                self.post_parts(id, today, PostedKind::CashRefund, *amount_fen, (parts, before))?;
            }
            Happening::ChargeAdded { charge } => {
                let known = conventions.plan.engine == PlanEngine::Cumulative && !self.rows.is_empty();
                if self.disbursed_fen == 0 {
                    self.early_charges.push(id);
                } else if !known {
                    self.add_charge(id, charge, today)?;
                    self.pay_from_overpayments(conventions)?;
                }
            }
            Happening::ChargeWaived { charge, amount_fen } => {
                let amount_fen = self.waive_charge(*charge, *amount_fen, today)?;
                let mut parts = Parts::ZERO;
                if let Some(charge) = self.charges.iter().find(|other| other.id == *charge) {
                    parts.put(charge.terms.kind.component(), amount_fen)?;
                }
                self.post_parts(id, today, PostedKind::ChargeWaiver, amount_fen, (parts, before))?;
            }
            Happening::Reaged { spread } => {
                let amount_fen = self.reage(&conventions.plan, spread, today)?;
                self.post_spread(id, today, PostedKind::Reage, amount_fen)?;
            }
            Happening::Reamortised => {
                let amount_fen = self.reamortise(&conventions.plan, today)?;
                self.post_spread(id, today, PostedKind::Reamortisation, amount_fen)?;
            }
            Happening::Waived { what, amount_fen } => {
                self.waive(what.component(), *amount_fen, today)?;
                self.post(Some(id), today, PostedKind::Waiver, *amount_fen, before)?;
            }
            Happening::ChargedOff => self.charge_off(id, today)?,
            Happening::WrittenOff => {
                let amount_fen = self.write_off(today)?;
                self.post(Some(id), today, PostedKind::WriteOff, amount_fen, before)?;
            }
            Happening::Prepaid(prepayment) => {
                self.receive(conventions, id, Receipt::Repayment, prepayment.amount_fen, today)?;
            }
            Happening::Restructured(_)
            | Happening::Misused { .. }
            | Happening::Judged { .. }
            | Happening::Linked(_)
            | Happening::BorrowerDied
            | Happening::HandedOver { .. } => self.note(&event.what, today),
            Happening::Replanned(_)
            | Happening::Deferred(_)
            | Happening::Extended(_)
            | Happening::RateReset(_)
            | Happening::Reversed { .. }
            | Happening::CollectionRun { .. }
            | Happening::Noticed { .. }
            | Happening::Rescheduled { .. } => {}
        }
        self.settle_ahead(today);
        Ok(())
    }

    /// Money in: it pays down the waterfall, and what is left is an overpayment.
    fn receive(
        &mut self,
        conventions: &Conventions,
        id: Id,
        receipt: Receipt,
        amount_fen: i64,
        today: Date,
    ) -> Result<(), LoanError> {
        let before = self.mark();
        self.received_fen = add(self.received_fen, amount_fen)?;
        let left = self.allocate(conventions, receipt, amount_fen, today)?;
        self.credit_fen = add(self.credit_fen, left)?;
        self.post(Some(id), today, PostedKind::of(receipt), amount_fen, before)
    }

    /// What earlier payments left over pays what a charge has made owed, the earliest payment first.
    ///
    /// The money came when it came: it pays on the value date of its own payment, down the waterfall of its own kind,
    /// and the line of that payment then tells these parts in the place of an excess. What of the credit balance
    /// has gone back or been used meanwhile pays nothing.
    fn pay_from_overpayments(&mut self, conventions: &Conventions) -> Result<(), LoanError> {
        for place in 0..self.trace.len() {
            let Some(line) = self.trace.get(place).copied() else { continue };
            let Some(receipt) = line.kind.receipt() else { continue };
            let over_fen = line.excess_fen.min(self.credit_fen);
            if over_fen <= 0 {
                continue;
            }
            let before = self.paid;
            let left = self.allocate(conventions, receipt, over_fen, line.date)?;
            let used_fen = add(over_fen, -left)?;
            let parts = self.paid.minus(&before)?;
            self.credit_fen = add(self.credit_fen, -used_fen)?;
            self.outstanding_fen = add(self.outstanding_fen, -parts.principal_fen)?;
            if let Some(line) = self.trace.get_mut(place) {
                line.parts = line.parts.plus(&parts)?;
                line.excess_fen = add(line.excess_fen, -used_fen)?;
            }
        }
        Ok(())
    }

    /// An overpayment pays of what a new tranche makes due; answers how much it paid.
    fn use_credit(&mut self, conventions: &Conventions, today: Date) -> Result<i64, LoanError> {
        let credit = self.credit_fen.max(0);
        if credit == 0 {
            return Ok(0);
        }
        let left = self.allocate_by(&conventions.waterfall, credit, today)?;
        let used = add(credit, -left)?;
        self.credit_fen = add(self.credit_fen, -used)?;
        Ok(used)
    }

    /// Pays down the waterfall and answers what is left.
    pub(super) fn allocate(
        &mut self,
        conventions: &Conventions,
        receipt: Receipt,
        amount_fen: i64,
        today: Date,
    ) -> Result<i64, LoanError> {
        self.allocate_by(conventions.waterfall_for(receipt), amount_fen, today)
    }

    /// Pays down one waterfall and answers what is left.
    pub(super) fn allocate_by(
        &mut self,
        waterfall: &Waterfall,
        amount_fen: i64,
        today: Date,
    ) -> Result<i64, LoanError> {
        let mut left = amount_fen;
        let mut charges_due = Vec::new();
        if waterfall.charges == ChargeTiming::OwnDate {
            for component in [Component::Penalty, Component::Fee] {
                charges_due.push((component, self.charges_due_fen(component, today)?));
            }
        }
        for stage in waterfall.stages() {
            // What one instalment was paid may leave more to pay in another, where the plan follows the balance.
            loop {
                let before = left;
                left = self.pay_stage(waterfall, &stage, &mut charges_due, left, today)?;
                self.show_model();
                if left == 0 || left == before || self.model.is_none() {
                    break;
                }
            }
        }
        Ok(left)
    }

    /// Pays the instalments of one stage, one after another, and answers what is left.
    fn pay_stage(
        &mut self,
        waterfall: &Waterfall,
        stage: &Stage,
        charges_due: &mut [(Component, i64)],
        amount_fen: i64,
        today: Date,
    ) -> Result<i64, LoanError> {
        let mut left = amount_fen;
        let stands = |row: &Row| DueStatus::of(row.due_on, today) == stage.status && !row.is_clear();
        let mut places: Vec<usize> =
            (0..self.rows.len()).filter(|place| self.rows.get(*place).is_some_and(stands)).collect();
        match waterfall.ahead {
            AheadPick::Spread if stage.status == DueStatus::Ahead => {
                return self.spread(&places, &stage.components, left, today);
            }
            AheadPick::Last if stage.status == DueStatus::Ahead => places.reverse(),
            _ => {}
        }
        for place in places {
            if stage.status == DueStatus::Ahead {
                for (component, due) in charges_due.iter_mut() {
                    let paid = self.pay_row(place, *component, (*due).min(left), today)?;
                    (left, *due) = (add(left, -paid)?, add(*due, -paid)?);
                }
            }
            if left > 0 {
                self.follow_before(place, today)?;
            }
            for component in &stage.components {
                left = add(left, -self.pay_row(place, *component, left, today)?)?;
            }
        }
        Ok(left)
    }

    /// Pays instalments in equal parts, component by component, the last of them with what division leaves, until
    /// nothing more goes.
    fn spread(
        &mut self,
        places: &[usize],
        components: &[Component],
        amount_fen: i64,
        today: Date,
    ) -> Result<i64, LoanError> {
        let mut left = amount_fen;
        loop {
            let open: Vec<usize> = places
                .iter()
                .copied()
                .filter(|place| self.rows.get(*place).is_some_and(|row| !row.is_clear()))
                .collect();
            let count = i64::try_from(open.len()).unwrap_or(0);
            let before = left;
            for component in components {
                if left == 0 || count == 0 {
                    return Ok(left);
                }
                let part = div_round(i128::from(left), i128::from(count), self.terms.rounding)
                    .ok_or(LoanError::Overflow("a part of a payment"))?;
                let rest = add(left, -part.saturating_mul(count))?;
                for (index, place) in open.iter().enumerate() {
                    let share = if index + 1 == open.len() { add(part, rest)? } else { part };
                    if left > 0 {
                        self.follow_before(*place, today)?;
                    }
                    left = add(left, -self.pay_row(*place, *component, share.clamp(0, left), today)?)?;
                }
            }
            if left == before {
                return Ok(left);
            }
        }
    }

    /// Pays one component of one row with at most so much, and answers what was paid.
    pub(super) fn pay_row(
        &mut self,
        place: usize,
        component: Component,
        at_most_fen: i64,
        today: Date,
    ) -> Result<i64, LoanError> {
        let Some(row) = self.rows.get_mut(place) else { return Ok(0) };
        let amount_fen = row.open_fen(component).min(at_most_fen).max(0);
        if amount_fen == 0 {
            return Ok(0);
        }
        row.paid.put(component, amount_fen)?;
        match DueStatus::of(row.due_on, today) {
            DueStatus::PastDue => row.late_fen = add(row.late_fen, amount_fen)?,
            DueStatus::Ahead => row.ahead_fen = add(row.ahead_fen, amount_fen)?,
            DueStatus::Due => {}
        }
        row.mark_clear(today);
        self.paid.put(component, amount_fen)?;
        self.pay_charges(place, component, amount_fen)?;
        self.follow_payment(place, component, amount_fen, today)?;
        Ok(amount_fen)
    }

    /// Moves the mark of what has fallen due.
    pub(super) fn reach(&mut self, today: Date) {
        self.next = self.rows.partition_point(|row| row.due_on <= today);
        self.open = 0;
    }

    /// All that is open, by component.
    pub(super) fn open_parts(&self) -> Result<Parts, LoanError> {
        self.rows.iter().try_fold(Parts::ZERO, |sum, row| sum.plus(&row.open_parts()))
    }

    fn settle_ahead(&mut self, today: Date) {
        self.reach(today);
        let is_clear = self.disbursed_fen > 0 && self.rows.iter().all(|row| row.is_clear());
        self.closed_on = if is_clear { self.closed_on.or(Some(today)) } else { None };
        let oldest_due = self.oldest_unpaid_due();
        self.arrears.step(ArrearsStep { from: today, oldest_due, owes: oldest_due.is_some() });
    }

    /// Writes that principal was spread anew: the line shows none of it outstanding, and none of it is gone.
    fn post_spread(&mut self, id: Id, date: Date, kind: PostedKind, amount_fen: i64) -> Result<(), LoanError> {
        let parts = Parts { principal_fen: amount_fen, ..Parts::ZERO };
        self.post_parts(id, date, kind, amount_fen, (parts, self.mark()))?;
        if let Some(line) = self.trace.last_mut() {
            line.principal_after_fen = 0;
        }
        Ok(())
    }

    /// Writes a line of the trace with parts that do not follow from what was paid.
    pub(super) fn post_parts(
        &mut self,
        id: Id,
        date: Date,
        kind: PostedKind,
        amount_fen: i64,
        (parts, before): (Parts, Mark),
    ) -> Result<(), LoanError> {
        self.trace.push(Posted {
            event: Some(id),
            date,
            kind,
            amount_fen,
            parts,
            excess_fen: add(self.credit_fen, -before.credit_fen)?,
            principal_after_fen: self.outstanding_fen.max(0),
        });
        Ok(())
    }
}
