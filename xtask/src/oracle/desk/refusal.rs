//! What the desk refuses before anything is recorded, each with its reason.

use loan::PostedKind;
use serde_json::Value;

use super::{Desk, Origin};
use crate::oracle::{Stop, read};

impl Desk {
    /// Why an event would be refused.
    pub(super) fn refusal(&self, event: &Value) -> Result<Option<&'static str>, Stop> {
        let date = read::date(event, "date")?.unwrap_or(self.today);
        let amount = read::opt_amount(event, "amount")?;
        let charged_off = if self.is_disbursed() { self.state()?.charged_off_on } else { None };
        let is_written_off = self.is_disbursed() && self.state()?.written_off_on.is_some();
        let over = |limit: i64| amount.is_some_and(|amount| amount > limit);
        let limit = self.limit_fen()?;
        let is_open = self.is_disbursed() && {
            let state = self.state()?;
            state.credit_fen == 0 && state.payoff_fen > 0 && state.written_off_on.is_none()
        };
        Ok(match read::text(event, "type") {
            "create_loan" => {
                let given = event.get("terms").unwrap_or(&Value::Null);
                let advanced =
                    read::text(given, "transaction_processing_strategy") == "advanced-payment-allocation-strategy";
                let configured = self.product.get("payment_allocation").is_some_and(|rules| !rules.is_null());
                (advanced && !configured).then_some("allocation_not_configured_on_product")
            }
            "approve" if date > self.today => Some("approved_on_in_future"),
            "approve" if over(limit) => Some("approved_amount_above_allowed"),
            "disburse" if self.origin != Origin::Approved => Some("loan_not_approved"),
            "disburse" if date > self.today => Some("disbursed_on_in_future"),
            "disburse" if read::date(&self.loan, "submitted_on")?.is_some_and(|day| date < day) => {
                Some("disbursed_before_approval")
            }
            "disburse" if over(limit.saturating_sub(self.disbursed_fen())) => Some("disbursed_amount_above_allowed"),
            "repayment"
            | "undo_transaction"
            | "goodwill_credit"
            | "payout_refund"
            | "merchant_issued_refund"
            | "chargeback"
            | "charge_off"
            | "add_charge"
                if is_written_off =>
            {
                Some("written_off")
            }
            "adjust_transaction" => {
                let target = self.target(event)?;
                let is_repayment = self.lines.iter().any(|line| {
                    line.seq == target && matches!(line.posted.kind, PostedKind::Repayment | PostedKind::DownPayment)
                });
                (!is_repayment && amount.is_some_and(|fen| fen > 0)).then_some("only_repayments_are_adjusted")
            }
            "add_charge" if charged_off.is_some() => Some("charged_off"),
            "charge_off" if charged_off.is_some() => Some("already_charged_off"),
            "charge_off" if self.lines.iter().any(|line| !line.reverted && line.posted.date > date) => {
                Some("later_user_transaction_exists")
            }
            "undo_charge_off" if charged_off.is_none() => Some("not_charged_off"),
            "reschedule" if charged_off.is_some() => Some("loan_charged_off"),
            "reschedule" if self.closings.locked.is_some() => Some("loan_locked_by_cob"),
            "delinquency_pause" if !is_open => Some("loan_not_active"),
            "delinquency_resume" if !is_open => Some("loan_not_active"),
            "delinquency_pause" => {
                let start = read::date(event, "start_date")?.unwrap_or(self.today);
                let end = read::date(event, "end_date")?.unwrap_or(start);
                self.closings.overlaps(start, end).then_some("overlapping_pause")
            }
            "delinquency_resume" => {
                let start = read::date(event, "start_date")?.unwrap_or(self.today);
                if event.get("end_date").is_some_and(|end| !end.is_null()) {
                    Some("end_date_not_allowed")
                } else if start != self.today {
                    Some("start_not_business_date")
                } else if !self.closings.is_paused(start) {
                    Some("no_active_pause")
                } else {
                    None
                }
            }
            _ => None,
        })
    }

    /// The most that may be approved or disbursed.
    fn limit_fen(&self) -> Result<i64, Stop> {
        let asked = read::amount(&self.loan, "principal")?;
        let share = match self.product.get("over_applied").filter(|rule| !rule.is_null()) {
            Some(rule) => read::percent_ppm(rule, "percentage")?.or(read::percent_ppm(rule, "number")?).unwrap_or(0),
            None => 0,
        };
        let more = i128::from(asked) * i128::from(share) / 1_000_000;
        Ok(asked.saturating_add(i64::try_from(more).unwrap_or(i64::MAX)))
    }
}
