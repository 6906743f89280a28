//! The state as it is told outside.

use basics::Date;

use super::{Servicing, add};
use crate::fold::Totals;
use crate::{Component, InstalmentState, LoanError, LoanState, LoanStatus};

impl Servicing<'_> {
    /// The state as it is shown.
    pub(crate) fn state(self, as_of: Date) -> Result<LoanState, LoanError> {
        let mut totals = Totals {
            disbursed_fen: self.disbursed_fen,
            received_fen: self.received_fen,
            refunded_fen: self.refunded_fen,
            granted: self.granted,
            paid: self.paid,
            waived: self.waived,
            ..Totals::default()
        };
        let mut instalments = Vec::with_capacity(self.rows.len());
        for (index, row) in self.rows.iter().enumerate() {
            let due = row.due_parts(as_of, self.terms)?;
            let is_due = index < self.next;
            if is_due {
                totals.billed = totals.billed.plus(&due)?;
            }
            instalments.push(InstalmentState {
                number: if self.terms.conventions.is_some() {
                    u16::try_from(index + 1).unwrap_or(u16::MAX)
                } else {
                    row.plan.number
                },
                due_on: row.due_on,
                is_due,
                due,
                paid: row.paid,
                waived: row.waived,
                met_on: row.met_on,
                kind: row.kind,
                from: row.plan.from,
                credited: row.credited,
                written_off: row.written_off,
                ahead_fen: row.ahead_fen,
                late_fen: row.late_fen,
            });
        }
        let oldest_unpaid_due = self.oldest_unpaid_due();
        let grace = i32::from(self.terms.grace_days) + 1;
        let payoff = (self.payoff_total(as_of)? - i128::from(self.credit_fen)).max(0);
        let status = match (self.disbursed_fen > 0, self.closed_on, oldest_unpaid_due) {
            (false, ..) => LoanStatus::Signed,
            (_, Some(_), _) => LoanStatus::Closed,
            (_, None, Some(due)) if due < as_of => LoanStatus::Overdue,
            _ => LoanStatus::Active,
        };
        Ok(LoanState {
            product: self.terms.product.code.clone(),
            as_of,
            status,
            principal_fen: add(
                add(self.disbursed_fen, self.credited.principal_fen)?,
                -add(totals.paid.principal_fen, self.written_off.principal_fen)?,
            )?,
            accrued: self.accrued(as_of)?,
            segment: self.segment(),
            growing: self.growing(),
            rate: self.rate,
            penalty_rate: self.penalty_rate,
            bearings: self.bearings.clone(),
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
            late_fee_on: self.late_fee_day(),
            non_accrual_days: self.terms.non_accrual_days,
            closed_on: self.closed_on,
            waiver_lapsed_fen: self.waiver_lapsed_fen,
            instalments,
            totals,
            trace: self.trace,
            arrears: self.arrears,
            charges: self.charges,
            charged_off_on: self.charged_off_on,
            written_off_on: self.written_off_on,
            schedule: self.schedule,
        })
    }
}
