//! The running line as it is shown on a date.

use basics::Date;

use super::super::{LineComponent, LineParts, LineState, PlanState, PurchaseState, StatementFlows};
use super::{Account, Item, add};
use crate::schedule::year_denominator;
use crate::{Accrued, LoanError};

impl Account<'_> {
    /// The state as it is shown.
    pub(in crate::line) fn state(self, as_of: Date) -> Result<LineState, LoanError> {
        let denominator = year_denominator(self.terms.day_count);
        let (accrues, accrues_penalty) = self.accrues();
        let billed_fen = self.billed_fen();
        let (mut owed, mut running_fen) = (LineParts::ZERO, 0i64);
        for item in self.items.iter().skip(self.open) {
            owed.put(item.component, item.unpaid_fen)?;
            if item.statement.is_none() {
                running_fen = add(running_fen, item.unpaid_fen)?;
            }
        }
        let mut plans = Vec::with_capacity(self.plans.len());
        for plan in &self.plans {
            let unbilled_fen = plan.rows.iter().map(|row| row.principal_fen).sum();
            owed.put(LineComponent::Instalment, unbilled_fen)?;
            let of_plan = |item: &&Item| item.source == Some(plan.id) && item.component == LineComponent::Instalment;
            plans.push(PlanState {
                id: plan.id,
                purchase: plan.purchase,
                on: plan.on,
                principal_fen: plan.principal_fen,
                instalments: plan.instalments,
                billed: plan.instalments - u16::try_from(plan.rows.len()).unwrap_or(plan.instalments),
                unbilled_fen,
                fees_to_come_fen: plan.rows.iter().map(|row| row.fee_fen).sum(),
                unpaid_fen: self.items.iter().skip(self.open).filter(of_plan).map(|item| item.unpaid_fen).sum(),
            });
        }
        let oldest_unmet_due = self.arrears.front().map(|(due, _)| *due).filter(|due| *due <= as_of);
        let moved = self.flows != StatementFlows::default() || running_fen != 0;
        let plans_run = plans.iter().any(|plan| plan.unbilled_fen != 0);
        let runs = moved || billed_fen != 0 || plans_run || self.accrued != 0 || self.accrued_penalty != 0;
        let cut = self.next_cut.filter(|_| runs);
        let own = [self.next_due, self.grace_over].into_iter().flatten().filter(|_| billed_fen != 0).min();
        let purchases = self
            .purchases
            .into_iter()
            .map(|purchase| {
                let item = self.items.get(purchase.item);
                PurchaseState {
                    id: purchase.id,
                    on: purchase.on,
                    merchant: purchase.merchant,
                    category: purchase.category,
                    amount_fen: purchase.amount_fen,
                    refunded_fen: purchase.refunded_fen,
                    converted_fen: purchase.converted_fen,
                    unpaid_fen: item.map_or(0, |item| item.unpaid_fen),
                    statement: item
                        .and_then(|item| item.statement)
                        .and_then(|place| self.statements.get(place))
                        .map(|statement| statement.shown.number),
                }
            })
            .collect();
        Ok(LineState {
            product: self.terms.product.code.clone(),
            as_of,
            standing: self.standing,
            limit_fen: self.limit_fen,
            used_fen: owed.principal_fen()?,
            owed,
            billed_fen,
            running_fen,
            minimum_fen: self.arrears.iter().map(|(_, lacking_fen)| lacking_fen).sum(),
            credit_fen: self.credit_fen,
            accrued: Accrued { numerator: self.accrued, denominator },
            accrues,
            accrued_penalty: Accrued { numerator: self.accrued_penalty, denominator },
            accrues_penalty,
            statements: self.statements.iter().map(|statement| statement.shown).collect(),
            purchases,
            plans,
            oldest_unmet_due,
            days_past_due: oldest_unmet_due.map_or(0, |due| u32::try_from(as_of - due).unwrap_or(0)),
            arrears: self.path,
            marks: self.marks,
            written_off: self.claim,
            next_date: cut.into_iter().chain(own).min(),
            totals: self.totals,
        })
    }
}
