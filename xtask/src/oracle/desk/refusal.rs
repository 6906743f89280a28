//! What the desk refuses before anything is recorded, each with its reason.

use basics::Date;
use loan::{Component, Happening, LoanError, PostedKind};
use serde_json::Value;

use super::{Desk, Line, Origin};
use crate::oracle::{Stop, read, terms};

/// The codes of the reasons that the desk gives.
pub(super) const REASONS: &[&str] = &[
    "allocation_not_configured_on_product",
    "submitted_on_in_future",
    "outside_product_limits",
    "loan_not_pending_approval",
    "approved_on_in_future",
    "approved_before_submitted",
    "approved_amount_above_allowed",
    "loan_not_approved",
    "disbursed_on_in_future",
    "disbursed_before_approval",
    "disbursed_amount_above_allowed",
    "written_off",
    "loan_not_active",
    "date_in_future",
    "before_disbursement",
    "amount_above_available",
    "already_reverted",
    "linked_to_chargeback", // the engine's refusal to take back what others rest on
    "cannot_be_undone",
    "only_repayments_are_adjusted",
    "charged_off",
    "already_charged_off",
    "not_charged_off",
    "later_user_transaction_exists",
    "loan_charged_off",
    "loan_locked_by_cob",
    "overlapping_pause",
    "end_date_not_allowed",
    "start_not_business_date",
    "no_active_pause",
    "unknown_action",
    "not_matured",
    "matured",
    "already_done_today",
];

/// Whether an error of the engine refuses an event for what a code says: an event that does not fit the loan, never a figure
/// that is too large or a file that cannot be used; and what is linked to a chargeback, since it cannot be taken back.
pub(super) fn may_be(expected: &str, error: &LoanError) -> bool {
    match expected {
        "linked_to_chargeback" | "already_reverted" => matches!(error, LoanError::Reversal { .. }),
        "amount_above_available" => matches!(error, LoanError::MoreThanThere { .. }),
        "before_disbursement" => matches!(error, LoanError::BeforeDisbursement(_)),
        "disbursed_amount_above_allowed" => matches!(error, LoanError::MoreThanSigned { .. }),
        _ => matches!(
            error,
            LoanError::NotPositive(_)
                | LoanError::DuplicateEvent(_)
                | LoanError::SecondDisbursement(_)
                | LoanError::MoreThanSigned { .. }
                | LoanError::BeforeDisbursement(_)
                | LoanError::AfterClosure { .. }
                | LoanError::Reversal { .. }
                | LoanError::Target { .. }
                | LoanError::MoreThanThere { .. }
                | LoanError::Change { .. }
        ),
    }
}

impl Desk {
    /// Why an event would be refused.
    pub(super) fn refusal(&self, event: &Value) -> Result<Option<&'static str>, Stop> {
        let kind = read::text(event, "type");
        let date = read::date(event, "date")?.unwrap_or(self.today);
        match kind {
            "create_loan" | "approve" | "undo_approval" | "disburse" | "undo_disbursal" | "undo_last_disbursal" => {
                self.refused_origination(event, date)
            }
            "delinquency_pause" | "delinquency_resume" | "delinquency_action_invalid" => self.refused_pause(event),
            "repayment"
            | "goodwill_credit"
            | "payout_refund"
            | "merchant_issued_refund"
            | "refund_by_cash"
            | "credit_balance_refund"
            | "payoff"
            | "chargeback"
            | "charge_off"
            | "write_off" => self.refused_movement(event, date),
            "undo_transaction" | "adjust_transaction" | "undo_charge_off" => self.refused_undoing(event),
            "add_charge" | "charge_adjustment" => self.refused_charge(event),
            "reschedule" | "reage" | "reamortize" => self.refused_change(kind),
            _ => Ok(None),
        }
    }

    fn refused_origination(&self, event: &Value, date: Date) -> Result<Option<&'static str>, Stop> {
        let amount = read::opt_amount(event, "amount")?;
        let over = |limit: i64| amount.is_some_and(|amount| amount > limit);
        let limit = self.limit_fen()?;
        let submitted = read::date(&self.loan, "submitted_on")?;
        Ok(match read::text(event, "type") {
            "create_loan" => {
                let given = event.get("terms").unwrap_or(&Value::Null);
                let advanced =
                    read::text(given, "transaction_processing_strategy") == "advanced-payment-allocation-strategy";
                let configured = self.product.get("payment_allocation").is_some_and(|rules| !rules.is_null());
                if advanced && !configured {
                    Some("allocation_not_configured_on_product")
                } else if read::date(given, "submitted_on")?.is_some_and(|day| day > self.today) {
                    Some("submitted_on_in_future")
                } else if self.is_outside_limits(given)? {
                    Some("outside_product_limits")
                } else {
                    None
                }
            }
            "approve" if self.origin != Origin::Submitted => Some("loan_not_pending_approval"),
            "approve" if date > self.today => Some("approved_on_in_future"),
            "approve" if submitted.is_some_and(|day| date < day) => Some("approved_before_submitted"),
            "approve" if over(limit) => Some("approved_amount_above_allowed"),
            "undo_approval" | "disburse" if self.origin != Origin::Approved => Some("loan_not_approved"),
            "disburse" if date > self.today => Some("disbursed_on_in_future"),
            "disburse" if self.approved_on.or(submitted).is_some_and(|day| date < day) => {
                Some("disbursed_before_approval")
            }
            "disburse" if over(limit.saturating_sub(self.disbursed_fen())) => Some("disbursed_amount_above_allowed"),
            "undo_disbursal" | "undo_last_disbursal" if !self.is_disbursed() => Some("loan_not_active"),
            _ => None,
        })
    }

    /// Whether an application lies outside what the product allows.
    fn is_outside_limits(&self, given: &Value) -> Result<bool, Stop> {
        let limits = |name: &str| self.product.get(name).cloned().unwrap_or(Value::Null);
        let principal = limits("principal");
        let asked = read::opt_amount(given, "principal")?;
        let (least, most) = (read::opt_amount(&principal, "min")?, read::opt_amount(&principal, "max")?);
        let count = limits("number_of_repayments");
        let wanted = read::whole(given, "number_of_repayments");
        let (fewest, highest) = (read::whole(&count, "min"), read::whole(&count, "max"));
        let outside = |value: Option<i64>, least: Option<i64>, most: Option<i64>| {
            value.is_some_and(|value| least.is_some_and(|least| value < least) || most.is_some_and(|most| value > most))
        };
        Ok(outside(asked, least, most) || outside(wanted, fewest, highest))
    }

    /// The most that may be approved or disbursed.
    fn limit_fen(&self) -> Result<i64, Stop> {
        let asked = read::amount(&self.loan, "principal")?;
        let more = i128::from(asked) * i128::from(terms::over_applied_ppm(&self.product)?) / 1_000_000;
        Ok(asked.saturating_add(i64::try_from(more).unwrap_or(i64::MAX)))
    }

    fn refused_movement(&self, event: &Value, date: Date) -> Result<Option<&'static str>, Stop> {
        let kind = read::text(event, "type");
        let Some(disbursed_on) = self.disbursed_on() else { return Ok(Some("loan_not_active")) };
        let state = self.state()?;
        let amount = read::opt_amount(event, "amount")?.unwrap_or(0);
        Ok(match kind {
            _ if state.written_off_on.is_some() => Some("written_off"),
            _ if date > self.today => Some("date_in_future"),
            _ if date < disbursed_on => Some("before_disbursement"),
            "credit_balance_refund" if amount > state.credit_fen.max(0) => Some("amount_above_available"),
            "chargeback" => {
                let target = self.target(event)?;
                let line = self.lines.iter().find(|line| line.seq == target && !line.reverted);
                let taken = self.charged_back_fen(target);
                match line {
                    None => Some("already_reverted"),
                    Some(line) if amount > line.posted.amount_fen - taken => Some("amount_above_available"),
                    Some(_) => None,
                }
            }
            "charge_off" if state.charged_off_on.is_some() => Some("already_charged_off"),
            "charge_off" if self.lines.iter().any(|line| !line.reverted && line.posted.date > date) => {
                Some("later_user_transaction_exists")
            }
            _ => None,
        })
    }

    fn refused_undoing(&self, event: &Value) -> Result<Option<&'static str>, Stop> {
        if self.disbursed_on().is_none() {
            return Ok(Some("loan_not_active"));
        }
        let state = self.state()?;
        if read::text(event, "type") == "undo_charge_off" {
            return Ok(state.charged_off_on.is_none().then_some("not_charged_off"));
        }
        if state.written_off_on.is_some() {
            return Ok(Some("written_off"));
        }
        let target = self.target(event)?;
        let line = self.lines.iter().find(|line| line.seq == target);
        let is = |kinds: &[PostedKind]| line.is_some_and(|line| kinds.contains(&line.posted.kind));
        let amount = read::opt_amount(event, "amount")?.unwrap_or(0);
        Ok(match line {
            Some(line) if line.reverted => Some("already_reverted"),
            _ if is(&[PostedKind::Disbursement, PostedKind::ChargeOff, PostedKind::WriteOff]) => {
                Some("cannot_be_undone")
            }
            _ if amount > 0 && !is(&[PostedKind::Repayment, PostedKind::DownPayment]) => {
                Some("only_repayments_are_adjusted")
            }
            _ => None,
        })
    }

    /// What chargebacks that stand have taken back of a transaction.
    fn charged_back_fen(&self, target: u128) -> i64 {
        let stands = |seq: u128| self.lines.iter().any(|line| line.seq == seq && !line.reverted);
        let of = self.events.iter().filter_map(|event| match event.what {
            Happening::ChargedBack { payment, amount_fen } if payment.0.as_u128() == target => {
                stands(event.id.0.as_u128()).then_some(amount_fen)
            }
            _ => None,
        });
        of.sum()
    }

    fn refused_charge(&self, event: &Value) -> Result<Option<&'static str>, Stop> {
        let Some(disbursed_on) = self.disbursed_on() else { return Ok(None) };
        let state = self.state()?;
        let date = read::date(event, "date")?;
        Ok(match read::text(event, "type") {
            _ if state.written_off_on.is_some() => Some("written_off"),
            _ if state.charged_off_on.is_some() && read::text(event, "type") == "add_charge" => Some("charged_off"),
            "add_charge" if date.is_some_and(|date| date < disbursed_on) => Some("before_disbursement"),
            "charge_adjustment" => {
                let target = self.charge_target(event)?;
                let amount = read::opt_amount(event, "amount")?.unwrap_or(0);
                let whole = state.charges.iter().find(|c| c.id.0.as_u128() == target).map_or(0, |c| c.amount_fen());
                let stands = |line: &&Line| line.posted.kind == PostedKind::ChargeAdjustment && !line.reverted;
                let earlier: i64 = self
                    .lines
                    .iter()
                    .filter(stands)
                    .filter(|line| {
                        self.events.iter().any(|event| {
                            event.id.0.as_u128() == line.seq
                                && matches!(&event.what, Happening::ChargeAdjusted { charge, .. } if charge.0.as_u128() == target)
                        })
                    })
                    .map(|line| line.posted.amount_fen)
                    .sum();
                (amount > whole - earlier).then_some("amount_above_available")
            }
            _ => None,
        })
    }

    fn refused_change(&self, kind: &str) -> Result<Option<&'static str>, Stop> {
        if self.disbursed_on().is_none() {
            return Ok(Some("loan_not_active"));
        }
        let state = self.state()?;
        let spread = |kind: PostedKind| self.lines.iter().filter(move |l| l.posted.kind == kind && !l.reverted);
        let matures = state.instalments.iter().map(|row| row.due_on).max().unwrap_or(self.today);
        Ok(match kind {
            _ if state.charged_off_on.is_some() => Some("loan_charged_off"),
            "reschedule" if self.closings.locked.is_some() => Some("loan_locked_by_cob"),
            _ if !self.owes()? => Some("loan_not_active"),
            "reage" if self.today <= matures => Some("not_matured"),
            "reage" if spread(PostedKind::Reage).next().is_some() => Some("already_done_today"),
            "reamortize" if self.today >= matures => Some("matured"),
            "reamortize" if spread(PostedKind::Reamortisation).any(|line| line.posted.date == self.today) => {
                Some("already_done_today")
            }
            _ => None,
        })
    }

    fn refused_pause(&self, event: &Value) -> Result<Option<&'static str>, Stop> {
        if !self.owes()? {
            return Ok(Some("loan_not_active"));
        }
        let start = read::date(event, "start_date")?.unwrap_or(self.today);
        Ok(match read::text(event, "type") {
            "delinquency_pause" => {
                let end = read::date(event, "end_date")?.unwrap_or(start);
                self.closings.pauses.overlap(start, end).then_some("overlapping_pause")
            }
            "delinquency_resume" if event.get("end_date").is_some_and(|end| !end.is_null()) => {
                Some("end_date_not_allowed")
            }
            "delinquency_resume" if start != self.today => Some("start_not_business_date"),
            "delinquency_resume" => (!self.closings.pauses.hold_on(start)).then_some("no_active_pause"),
            _ => Some("unknown_action"),
        })
    }

    /// Whether the loan runs and something is owed.
    fn owes(&self) -> Result<bool, Stop> {
        if !self.is_disbursed() {
            return Ok(false);
        }
        let state = self.state()?;
        let open = state.instalments.iter().any(|row| Component::ALL.iter().any(|c| row.unpaid_fen(*c) > 0));
        Ok(open && state.written_off_on.is_none())
    }

    /// The day of the first disbursement.
    fn disbursed_on(&self) -> Option<Date> {
        let of = |line: &&Line| line.posted.kind == PostedKind::Disbursement && !line.reverted;
        self.lines.iter().filter(of).map(|line| line.posted.date).min()
    }
}
