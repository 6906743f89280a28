//! Charges on the running loan: they add to rows, are paid with them, and are let off.

use basics::{Date, Id};

use super::planned::insert;
use super::row::Row;
use super::{Servicing, add};
use crate::charge::{ChargePart, ChargeState};
use crate::conventions::{Conventions, PlanEngine};
use crate::{ChargeDue, ChargeTerms, Component, LoanError, PostedKind, Receipt, RowKind};

impl Servicing<'_> {
    /// Attaches the charges that are known when the rows are made: all of them where one plan is made from everything,
    /// else those that came before the disbursement and those due with it.
    pub(super) fn attach_known_charges(&mut self) -> Result<(), LoanError> {
        let whole = self.is_planned_at_once();
        for (id, added_on, terms) in self.outlook.charges.clone() {
            if !whole && terms.due != ChargeDue::Disbursement && !self.early_charges.contains(&id) {
                continue;
            }
            if whole || !self.charges.iter().any(|charge| charge.id == id) {
                self.add_charge(id, &terms, added_on)?;
                if whole && let Some(waived) = self.outlook.waived.get(&id).copied() {
                    self.let_off(id, waived, added_on)?;
                }
            }
        }
        Ok(())
    }

    /// Whether one plan is made from all that happens.
    fn is_planned_at_once(&self) -> bool {
        self.terms.conventions.as_deref().is_some_and(|c| c.plan.engine == PlanEngine::Cumulative)
    }

    /// A charge joins a loan of the house rule: on a date it falls due with the row it lies in, with every instalment from
    /// the next one on.
    pub(super) fn impose_charge(&mut self, id: Id, terms: &ChargeTerms, today: Date) -> Result<(), LoanError> {
        let parts = match terms.due {
            // At disbursement there is no more than what the contract names: a later charge is due on its own day.
            ChargeDue::On(_) | ChargeDue::Disbursement => {
                let due_on = if let ChargeDue::On(day) = terms.due { day } else { today };
                let (place, part) = self.ask_on(terms, due_on, today)?;
                if place < self.next {
                    self.open = self.open.min(place);
                }
                vec![part]
            }
            ChargeDue::EachInstalment => self.ask_with_each(terms, self.next, today)?,
        };
        self.charges.push(ChargeState { id, terms: terms.clone(), parts });
        Ok(())
    }

    /// A charge on a date is asked for by the row that the date belongs to.
    fn ask_on(&mut self, terms: &ChargeTerms, due_on: Date, today: Date) -> Result<(usize, ChargePart), LoanError> {
        let interest_fen = self.rows.iter().try_fold(0, |sum, row| add(sum, row.due.interest_fen))?;
        let amount_fen = terms.amount.of_fen(self.disbursed_fen, interest_fen, self.terms.rounding)?;
        let place = self.place_for(due_on);
        let by_house_rule = self.terms.conventions.is_none();
        if let Some(row) = self.rows.get_mut(place) {
            row.due.put(terms.kind.component(), amount_fen)?;
            if !by_house_rule {
                row.mark_clear(today);
            } else if !row.is_met() {
                row.met_on = None;
            }
        }
        Ok((place, ChargePart::asked(due_on, amount_fen)))
    }

    /// A charge with every instalment is asked for by each of them from a place on.
    fn ask_with_each(&mut self, terms: &ChargeTerms, first: usize, today: Date) -> Result<Vec<ChargePart>, LoanError> {
        let (rounding, by_house_rule) = (self.terms.rounding, self.terms.conventions.is_none());
        let mut parts = Vec::new();
        for row in self.rows.iter_mut().skip(first).filter(|row| row.plan.due > row.plan.from) {
            if !by_house_rule && row.kind != RowKind::Regular {
                continue;
            }
            let amount_fen = terms.amount.of_fen(row.due.principal_fen, row.due.interest_fen, rounding)?;
            row.due.put(terms.kind.component(), amount_fen)?;
            if !by_house_rule {
                row.mark_clear(today);
            }
            parts.push(ChargePart::asked(row.due_on, amount_fen));
        }
        Ok(parts)
    }

    /// A charge joins the loan.
    pub(super) fn add_charge(&mut self, id: Id, terms: &ChargeTerms, today: Date) -> Result<(), LoanError> {
        if self.charges.iter().any(|charge| charge.id == id) {
            return Ok(());
        }
        let parts = match terms.due {
            ChargeDue::Disbursement => {
                let amount_fen = terms.amount.of_fen(self.disbursed_fen, 0, self.terms.rounding)?;
                vec![ChargePart::asked(self.date.unwrap_or(today), amount_fen)]
            }
            ChargeDue::On(due_on) => vec![self.ask_on(terms, due_on, today)?.1],
            ChargeDue::EachInstalment => self.ask_with_each(terms, 0, today)?,
        };
        self.charges.push(ChargeState { id, terms: terms.clone(), parts });
        self.reach(today);
        Ok(())
    }

    /// The row that a date belongs to; one after maturity is made or moved for it.
    fn place_for(&mut self, due_on: Date) -> usize {
        let first = self.rows.iter().position(|row| row.kind != RowKind::DownPayment);
        let found = self
            .rows
            .iter()
            .enumerate()
            .position(|(place, row)| row.kind != RowKind::DownPayment && row.covers(due_on, Some(place) == first));
        if let Some(place) = found {
            return place;
        }
        if let Some(first) = first
            && self.rows.get(first).is_some_and(|row| due_on < row.plan.from)
        {
            return first;
        }
        // Under conventions one row takes all that comes after maturity; by the house rule each day has its own.
        if self.terms.conventions.is_some()
            && let Some(place) = self.rows.iter().rposition(|row| row.kind == RowKind::AfterMaturity)
        {
            return self.move_row(place, due_on);
        }
        let last = self.rows.last().map_or(due_on, |row| row.due_on);
        insert(&mut self.rows, Row::beside(RowKind::AfterMaturity, last, due_on, 0))
    }

    /// Lets a row fall due on a later day, and puts it where that day belongs; answers the place.
    pub(super) fn move_row(&mut self, place: usize, due_on: Date) -> usize {
        if self.rows.get(place).is_none_or(|row| row.due_on >= due_on) {
            return place;
        }
        let mut row = self.rows.remove(place);
        (row.due_on, row.plan.due) = (due_on, due_on);
        insert(&mut self.rows, row)
    }

    /// Money that paid a component of a row has paid the charges in it, the earliest first; where one plan is made of
    /// everything, the earliest of all.
    pub(super) fn pay_charges(&mut self, place: usize, component: Component, amount_fen: i64) -> Result<(), LoanError> {
        if !matches!(component, Component::Fee | Component::Penalty) {
            return Ok(());
        }
        let first = self.rows.iter().position(|row| row.kind != RowKind::DownPayment);
        let by_date_alone = self.is_planned_at_once();
        let Some(row) = self.rows.get(place) else { return Ok(()) };
        let is_first = Some(place) == first;
        let mut parts: Vec<(bool, Date, &mut ChargePart)> = self
            .charges
            .iter_mut()
            .filter(|charge| charge.terms.kind.component() == component && charge.terms.due != ChargeDue::Disbursement)
            .flat_map(|charge| charge.parts.iter_mut())
            .filter(|part| part.unpaid_fen() > 0)
            .map(|part| (!by_date_alone && !row.covers(part.due_on, is_first), part.due_on, part))
            .collect();
        parts.sort_by_key(|(elsewhere, due_on, _)| (*elsewhere, *due_on));
        let mut left = amount_fen;
        for (_, _, part) in parts {
            let paid = part.unpaid_fen().min(left);
            part.paid_fen = add(part.paid_fen, paid)?;
            left -= paid;
        }
        Ok(())
    }

    /// Takes back what paid the charges of a component: those in a row first, where one is named, then the latest first.
    pub(super) fn unpay_charges(
        &mut self,
        place: Option<usize>,
        component: Component,
        amount_fen: i64,
    ) -> Result<(), LoanError> {
        if !matches!(component, Component::Fee | Component::Penalty) {
            return Ok(());
        }
        let first = self.rows.iter().position(|row| row.kind != RowKind::DownPayment);
        let row = place.and_then(|place| self.rows.get(place));
        let elsewhere = |due_on| row.is_some_and(|row| !row.covers(due_on, place == first));
        let mut parts: Vec<(bool, &mut ChargePart)> = self
            .charges
            .iter_mut()
            .filter(|charge| charge.terms.kind.component() == component && charge.terms.due != ChargeDue::Disbursement)
            .flat_map(|charge| charge.parts.iter_mut())
            .map(|part| (elsewhere(part.due_on), part))
            .collect();
        parts.sort_by_key(|(elsewhere, part)| (*elsewhere, std::cmp::Reverse(part.due_on)));
        let mut left = amount_fen;
        for (_, part) in parts {
            let back = part.paid_fen.min(left);
            part.paid_fen = add(part.paid_fen, -back)?;
            left -= back;
        }
        Ok(())
    }

    /// What is unpaid of the charges of one component that are due by a day, whichever row they are in.
    ///
    /// A charge with every instalment is due with the first of them that is unpaid.
    pub(super) fn charges_due_fen(&self, component: Component, today: Date) -> Result<i64, LoanError> {
        let mut due = self.charges.iter().filter(|charge| {
            let first_unpaid = charge.parts.iter().filter(|part| part.unpaid_fen() > 0).map(|part| part.due_on).min();
            charge.terms.kind.component() == component
                && charge.terms.due != ChargeDue::Disbursement
                && first_unpaid.is_some_and(|due_on| due_on <= today)
        });
        due.try_fold(0, |sum, charge| add(sum, charge.unpaid_fen()))
    }

    /// Charges due at disbursement are paid with it, in one line of the trace.
    pub(super) fn pay_at_disbursement(&mut self, id: Id, today: Date) -> Result<(), LoanError> {
        let before = self.mark();
        let mut parts = crate::Parts::ZERO;
        for charge in self.charges.iter_mut().filter(|charge| charge.terms.due == ChargeDue::Disbursement) {
            for part in &mut charge.parts {
                let unpaid = part.unpaid_fen();
                part.paid_fen = add(part.paid_fen, unpaid)?;
                parts.put(charge.terms.kind.component(), unpaid)?;
            }
        }
        let total = parts.total_fen()?;
        if total > 0 {
            self.post_parts(id, today, PostedKind::PaidAtDisbursement, total, (parts, before))?;
        }
        Ok(())
    }

    /// Lets off part of a charge, and answers how much that was.
    pub(super) fn waive_charge(&mut self, id: Id, amount_fen: i64, today: Date) -> Result<i64, LoanError> {
        if self.is_planned_at_once() {
            // Done when the plan was made, so that no money pays what is let off later.
            let waived = self.charges.iter().find(|charge| charge.id == id).map_or(0, ChargeState::waived_fen);
            return Ok(waived.min(amount_fen));
        }
        self.let_off(id, amount_fen, today)
    }

    fn let_off(&mut self, id: Id, amount_fen: i64, today: Date) -> Result<i64, LoanError> {
        let Some(index) = self.charges.iter().position(|charge| charge.id == id) else { return Ok(0) };
        let mut total = 0;
        let Some(charge) = self.charges.get_mut(index) else { return Ok(0) };
        let component = charge.terms.kind.component();
        let is_in_rows = charge.terms.due != ChargeDue::Disbursement;
        let mut off = Vec::new();
        for part in &mut charge.parts {
            let unpaid = part.unpaid_fen().min(add(amount_fen, -total)?);
            total = add(total, unpaid)?;
            off.push((part.due_on, unpaid));
        }
        if is_in_rows && self.terms.conventions.is_none() {
            off = self.let_off_rows(component, off, today)?;
            total = off.iter().try_fold(0, |sum, (_, fen)| add(sum, *fen))?;
        }
        let parts = self.charges.get_mut(index).into_iter().flat_map(|charge| charge.parts.iter_mut());
        for (part, (_, fen)) in parts.zip(&off) {
            part.waived_fen = add(part.waived_fen, *fen)?;
        }
        if !is_in_rows || self.terms.conventions.is_none() {
            return Ok(total);
        }
        for (due_on, unpaid) in off {
            let place = self.place_for(due_on);
            if let Some(row) = self.rows.get_mut(place) {
                row.waived.put(component, unpaid)?;
                self.waived.put(component, unpaid)?;
                if row.is_clear() && row.due.total_fen()? > 0 {
                    row.mark_clear(due_on);
                }
            }
        }
        Ok(total)
    }

    /// Lets charges off their rows, or off others that ask for the same where the plan was changed meanwhile.
    ///
    /// What is due is waived; what is still to come is not asked for. Answers what the rows took, part by part.
    fn let_off_rows(
        &mut self,
        component: Component,
        mut off: Vec<(Date, i64)>,
        today: Date,
    ) -> Result<Vec<(Date, i64)>, LoanError> {
        for (due_on, amount_fen) in &mut off {
            let (due_on, mut left) = (*due_on, *amount_fen);
            let own = self.rows.iter().position(|row| row.plan.due == due_on || row.due_on == due_on);
            for place in own.into_iter().chain(0..self.rows.len()) {
                let Some(row) = self.rows.get_mut(place).filter(|_| left > 0) else { continue };
                // Where penalty ran up beside a charge, what was paid or let off may have been either: all that is unpaid of
                // the two stands for the charge, as far as it reaches.
                let asked = match component {
                    Component::Penalty if place >= self.next => row.due.penalty_fen,
                    other => row.unpaid_fen(other, today, self.terms)?.min(row.due.get(other)),
                };
                let part = asked.clamp(0, left);
                if place < self.next {
                    row.waived.put(component, part)?;
                    self.waived.put(component, part)?;
                } else {
                    row.due.put(component, -part)?;
                }
                left -= part;
            }
            *amount_fen -= left;
        }
        Ok(off)
    }

    /// Gives back part of a charge as if it had been paid: what it was owed as first, then the waterfall.
    pub(super) fn adjust_charge(
        &mut self,
        conventions: &Conventions,
        id: Id,
        _charge: Id,
        amount_fen: i64,
        today: Date,
    ) -> Result<(), LoanError> {
        let before = self.mark();
        self.received_fen = add(self.received_fen, amount_fen)?;
        let left = self.allocate(conventions, Receipt::ChargeAdjustment, amount_fen, today)?;
        self.credit_fen = add(self.credit_fen, left)?;
        self.post(Some(id), today, PostedKind::ChargeAdjustment, amount_fen, before)
    }
}
