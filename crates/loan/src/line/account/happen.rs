//! Events from outside happen to the running line.

use basics::{Date, Id};

use super::super::plan;
use super::super::{LineClaim, LineComponent, LineEvent, LineHappening, LineStanding};
use super::{Account, Cover, Plan, Purchase, add};
use crate::LoanError;
use crate::class::ClassMark;

impl Account<'_> {
    /// Lets one event happen on the day reached.
    pub(in crate::line) fn apply(&mut self, event: &LineEvent) -> Result<(), LoanError> {
        if event.amount_fen().is_some_and(|amount_fen| amount_fen <= 0) {
            return Err(LoanError::NotPositive(event.id));
        }
        match &event.what {
            LineHappening::Purchased { merchant, category, amount_fen } => {
                self.purchase(event, Some(*merchant), category, *amount_fen)?;
            }
            LineHappening::Drawn { amount_fen } => {
                self.purchase(event, None, "", *amount_fen)?;
                self.totals.drawn_fen = add(self.totals.drawn_fen, *amount_fen)?;
            }
            LineHappening::Judged { class } => self.marks.push((event.value_date, ClassMark::Judged(*class))),
            LineHappening::Misused => self.marks.push((event.value_date, ClassMark::Misused)),
            LineHappening::WrittenOff => self.write_off(event.value_date)?,
            LineHappening::Refunded { purchase, amount_fen } => self.refund(*purchase, *amount_fen)?,
            LineHappening::Converted { purchase, instalments } => self.convert(event, *purchase, *instalments)?,
            LineHappening::PlanSettled { plan } => self.settle_plan(*plan)?,
            LineHappening::Waived { what, amount_fen } => self.waive(what.component(), *amount_fen)?,
            LineHappening::Paid { amount_fen } => {
                self.totals.received_fen = add(self.totals.received_fen, *amount_fen)?;
                self.credit_fen = add(self.credit_fen, *amount_fen)?;
            }
            LineHappening::CreditReturned { amount_fen } => {
                self.totals.returned_fen = add(self.totals.returned_fen, *amount_fen)?;
                self.credit_fen = add(self.credit_fen, -*amount_fen)?;
            }
            LineHappening::Raised { limit_fen } | LineHappening::Lowered { limit_fen } => self.limit_fen = *limit_fen,
            LineHappening::Frozen { .. } if self.standing == LineStanding::Open => {
                self.standing = LineStanding::Frozen;
            }
            LineHappening::Thawed if self.standing == LineStanding::Frozen => self.standing = LineStanding::Open,
            LineHappening::Closed => self.standing = LineStanding::Closed,
            LineHappening::Frozen { .. } | LineHappening::Thawed | LineHappening::Reversed { .. } => {}
        }
        self.spend_credit()?;
        self.note_arrears();
        Ok(())
    }

    /// The claim leaves the balance sheet; what is owed stays owed.
    fn write_off(&mut self, on: Date) -> Result<(), LoanError> {
        self.standing = LineStanding::Closed;
        if self.claim.is_some() {
            return Ok(());
        }
        let settled_before_fen = self.totals.settled.principal_fen()?;
        let charged_fen = self.totals.charged.principal_fen()?;
        let principal_fen = add(add(charged_fen, -self.totals.converted_fen)?, -settled_before_fen)?;
        self.claim = Some(LineClaim { on, principal_fen, settled_before_fen });
        Ok(())
    }

    fn purchase(
        &mut self,
        event: &LineEvent,
        merchant: Option<Id>,
        category: &str,
        amount_fen: i64,
    ) -> Result<(), LoanError> {
        self.by_id.insert(event.id, self.purchases.len());
        self.purchases.push(Purchase {
            id: event.id,
            on: event.value_date,
            merchant,
            category: category.to_owned(),
            amount_fen,
            refunded_fen: 0,
            converted_fen: 0,
            item: self.items.len(),
        });
        self.charge(LineComponent::Purchase, Some(event.id), amount_fen)
    }

    /// A refund pays what is unpaid of its purchase, in plans from the last instalment; the rest is money.
    fn refund(&mut self, purchase: Id, amount_fen: i64) -> Result<(), LoanError> {
        let found = self.by_id.get(&purchase).and_then(|index| self.purchases.get_mut(*index));
        let Some(found) = found else {
            self.totals.lapsed_fen = add(self.totals.lapsed_fen, amount_fen)?;
            return Ok(());
        };
        let taken_fen = amount_fen.min(found.amount_fen - found.refunded_fen);
        found.refunded_fen += taken_fen;
        let item = found.item;
        self.totals.lapsed_fen = add(self.totals.lapsed_fen, amount_fen - taken_fen)?;
        self.totals.refunded_fen = add(self.totals.refunded_fen, taken_fen)?;
        let mut left_fen = taken_fen;
        left_fen -= self.cover(item, left_fen, Cover::Refund)?;
        for index in 0..self.plans.len() {
            let Some(plan) = self.plans.get_mut(index).filter(|plan| plan.purchase == purchase) else { continue };
            let id = plan.id;
            while let Some(row) = plan.rows.back_mut().filter(|_| left_fen > 0) {
                let part_fen = row.principal_fen.min(left_fen);
                row.principal_fen -= part_fen;
                left_fen -= part_fen;
                self.totals.settled.put(LineComponent::Instalment, part_fen)?;
                if row.principal_fen == 0 {
                    plan.rows.pop_back();
                }
            }
            for place in self.open..self.items.len() {
                let belongs = self
                    .items
                    .get(place)
                    .is_some_and(|item| item.source == Some(id) && item.component == LineComponent::Instalment);
                if belongs {
                    left_fen -= self.cover(place, left_fen, Cover::Refund)?;
                }
            }
        }
        self.credit_fen = add(self.credit_fen, left_fen)?;
        Ok(())
    }

    fn convert(&mut self, event: &LineEvent, purchase: Id, instalments: u16) -> Result<(), LoanError> {
        let Some(offer) = self.terms.rules.offer(instalments) else { return Ok(()) };
        let found = self.by_id.get(&purchase).and_then(|index| self.purchases.get_mut(*index));
        let Some(found) = found.filter(|purchase| purchase.converted_fen == 0) else { return Ok(()) };
        let item = found.item;
        let principal_fen = self.items.get(item).map_or(0, |item| item.unpaid_fen);
        if principal_fen == 0 {
            return Ok(());
        }
        found.converted_fen = principal_fen;
        self.cover(item, principal_fen, Cover::Conversion)?;
        self.totals.charged.put(LineComponent::Instalment, principal_fen)?;
        self.plans.push(Plan {
            id: event.id,
            purchase,
            on: event.value_date,
            principal_fen,
            instalments,
            rows: plan::rows(self.terms, principal_fen, offer)?.into(),
        });
        Ok(())
    }

    /// Bills the rest of a plan with the next statement; later fees fall away.
    fn settle_plan(&mut self, id: Id) -> Result<(), LoanError> {
        let Some(plan) = self.plans.iter_mut().find(|plan| plan.id == id) else { return Ok(()) };
        let principal_fen = plan.rows.drain(..).map(|row| row.principal_fen).sum();
        self.bill_principal(id, principal_fen)?;
        let fee_fen = self.terms.share_fen(principal_fen, self.terms.rules.settle_fee_ppm)?;
        self.charge(LineComponent::PlanFee, Some(id), fee_fen)
    }

    fn waive(&mut self, component: LineComponent, amount_fen: i64) -> Result<(), LoanError> {
        let mut left_fen = amount_fen;
        for place in self.open..self.items.len() {
            if self.items.get(place).is_some_and(|item| item.component == component) {
                left_fen -= self.cover(place, left_fen, Cover::Waiver)?;
            }
        }
        self.totals.lapsed_fen = add(self.totals.lapsed_fen, left_fen)?;
        Ok(())
    }
}
