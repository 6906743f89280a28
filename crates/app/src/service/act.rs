//! What may be done to a running loan, act by act: its name in the permission table, and the event that it is.

use basics::{Date, Id, Money, Rate};
use loan::act::{Alteration, NewRates, NoteLink, Prepayment};
use loan::terms::PrepayStrategy;
use loan::{ChargeTerms, Happening, LoanClass, Reage, Receipt, Reschedule, Waivable};
use minicbor::{Decode, Encode};

/// What may be done to a running loan.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum LoanAct {
    /// Let part of what is due off 减免.
    #[n(0)]
    Waive {
        /// Which component.
        #[n(0)]
        what: Waivable,
        /// How much.
        #[n(1)]
        amount: Money,
    },
    /// Write the claim off and keep it beside the balance sheet 核销、账销案存.
    #[n(1)]
    WriteOff,
    /// Pay principal from the wallet before it is due 提前还款.
    #[n(2)]
    Prepay {
        /// How much: what is due is paid first.
        #[n(0)]
        amount: Money,
        /// What it does to the plan.
        #[n(1)]
        strategy: PrepayStrategy,
    },
    /// Give money that is ahead of its time back to the wallet 退款.
    #[n(3)]
    Refund {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// Move the loan's end to a later day 展期.
    #[n(4)]
    Extend(#[n(0)] Alteration),
    /// Give all outstanding principal new rows, since the borrower is in difficulty 重组.
    #[n(5)]
    Restructure(#[n(0)] Alteration),
    /// Set the rate anew, as the contract says 重定价.
    #[n(6)]
    ResetRate(#[n(0)] NewRates),
    /// Mark the money as used for something else than agreed 挪用.
    #[n(7)]
    MarkMisuse {
        /// Rate a year from now on, in the place of the contract rate.
        #[n(0)]
        penalty_rate: Rate,
    },
    /// Judge the class worse than it was judged 下调分类.
    #[n(8)]
    JudgeWorse {
        /// Place on the class ladder.
        #[n(0)]
        class: LoanClass,
    },
    /// Judge the class better than it was judged 上调分类.
    #[n(9)]
    JudgeBetter {
        /// Place on the class ladder.
        #[n(0)]
        class: LoanClass,
    },
    /// Bind the note to another: new for old, renewal 借新还旧、无还本续贷.
    #[n(10)]
    Link(#[n(0)] NoteLink),
    /// Record that the borrower died.
    #[n(11)]
    BorrowerDied,
    /// Hand the loan over to another officer 移交.
    #[n(12)]
    HandOver {
        /// The officer.
        #[n(0)]
        officer: Id,
    },
    /// Take an act back that moved no money.
    #[n(13)]
    TakeBack {
        /// The act: the id of its event.
        #[n(0)]
        event: Id,
    },
    /// Pay of what is owed by courtesy; no money moves 善意减让.
    #[n(14)]
    Grant {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// Impose a charge 计收费用.
    #[n(15)]
    Charge(#[n(0)] ChargeTerms),
    /// Let part of a charge off before or after it is due.
    #[n(16)]
    WaiveCharge {
        /// The event that added it.
        #[n(0)]
        charge: Id,
        /// How much.
        #[n(1)]
        amount: Money,
    },
    /// Give part of a charge back as if it had been paid.
    #[n(17)]
    AdjustCharge {
        /// The event that added it.
        #[n(0)]
        charge: Id,
        /// How much.
        #[n(1)]
        amount: Money,
    },
    /// Take a payment back into the wallet, since the payer's bank asks for it: what it paid is owed again 拒付退回.
    #[n(18)]
    ChargeBack {
        /// The payment.
        #[n(0)]
        payment: Id,
        /// How much of it.
        #[n(1)]
        amount: Money,
    },
    /// Give money that had paid an open loan back into the wallet: what it paid is owed again.
    #[n(19)]
    RefundPayment {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// Take money that the payee gave back from the wallet: it pays the end of the plan, at no fee.
    #[n(20)]
    ReturnPayout {
        /// How much.
        #[n(0)]
        amount: Money,
        /// Who gave it back.
        #[n(1)]
        from: ReturnedBy,
    },
    /// Take the loan out of income and assets; the claim stands.
    #[n(21)]
    ChargeOff,
    /// Move due dates, add instalments, leave some without principal, set a rate 变更还款日.
    #[n(22)]
    Reschedule {
        /// Due date of the first instalment that changes.
        #[n(0)]
        from_due: Date,
        /// What changes.
        #[n(1)]
        change: Reschedule,
    },
    /// Spread all that is outstanding over new instalments, where contract and rules know that 重新分期.
    #[n(23)]
    ReAge(#[n(0)] Reage),
    /// Spread what is overdue over the instalments still to come, where contract and rules know that 重新摊还.
    #[n(24)]
    ReAmortise,
}

/// Who gave money back that had been lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ReturnedBy {
    /// The payee of the loan.
    #[n(0)]
    Payee,
    /// A merchant, for goods returned.
    #[n(1)]
    Merchant,
}

impl LoanAct {
    /// The act's name in the permission table, and the amount at stake there.
    pub fn act(&self) -> (&'static str, i64) {
        match self {
            LoanAct::Waive { amount, .. } => ("waive_loan", amount.minor()),
            LoanAct::WriteOff => ("write_off_loan", 0),
            LoanAct::Prepay { amount, .. } => ("prepay_loan", amount.minor()),
            LoanAct::Refund { amount } => ("refund_loan", amount.minor()),
            LoanAct::Extend(_) => ("extend_loan", 0),
            LoanAct::Restructure(_) => ("restructure_loan", 0),
            LoanAct::ResetRate(_) => ("reset_loan_rate", 0),
            LoanAct::MarkMisuse { .. } => ("mark_misuse", 0),
            LoanAct::JudgeWorse { .. } => ("judge_loan_worse", 0),
            LoanAct::JudgeBetter { .. } => ("judge_loan_better", 0),
            LoanAct::Link(_) => ("link_loan", 0),
            LoanAct::BorrowerDied => ("record_death", 0),
            LoanAct::HandOver { .. } => ("hand_over_loan", 0),
            LoanAct::TakeBack { .. } => ("take_back_loan_act", 0),
            LoanAct::Grant { amount } => ("grant_goodwill", amount.minor()),
            LoanAct::Charge(charge) => ("charge_loan", charge.amount.flat_fen().unwrap_or(0)),
            LoanAct::WaiveCharge { amount, .. } => ("waive_charge", amount.minor()),
            LoanAct::AdjustCharge { amount, .. } => ("adjust_charge", amount.minor()),
            LoanAct::ChargeBack { amount, .. } => ("charge_back_payment", amount.minor()),
            LoanAct::RefundPayment { amount } => ("refund_payment", amount.minor()),
            LoanAct::ReturnPayout { amount, .. } => ("return_payout", amount.minor()),
            LoanAct::ChargeOff => ("charge_off_loan", 0),
            LoanAct::Reschedule { .. } => ("reschedule_loan", 0),
            LoanAct::ReAge(_) => ("re_age_loan", 0),
            LoanAct::ReAmortise => ("re_amortise_loan", 0),
        }
    }

    pub(super) fn happening(&self, amount_fen: i64) -> Happening {
        match self {
            LoanAct::Waive { what, .. } => Happening::Waived { what: *what, amount_fen },
            LoanAct::WriteOff => Happening::WrittenOff,
            LoanAct::Prepay { strategy, .. } => Happening::Prepaid(Prepayment { amount_fen, strategy: *strategy }),
            LoanAct::Refund { .. } => Happening::Refunded { amount_fen },
            LoanAct::Extend(alteration) => Happening::Extended(alteration.clone()),
            LoanAct::Restructure(alteration) => Happening::Restructured(alteration.clone()),
            LoanAct::ResetRate(rates) => Happening::RateReset(*rates),
            LoanAct::MarkMisuse { penalty_rate } => Happening::Misused { penalty_rate: *penalty_rate },
            LoanAct::JudgeWorse { class } | LoanAct::JudgeBetter { class } => Happening::Judged { class: *class },
            LoanAct::Link(link) => Happening::Linked(*link),
            LoanAct::BorrowerDied => Happening::BorrowerDied,
            LoanAct::HandOver { officer } => Happening::HandedOver { officer: *officer },
            LoanAct::TakeBack { event } => Happening::Reversed { target: *event },
            LoanAct::Grant { .. } => Happening::Received { receipt: Receipt::Goodwill, amount_fen },
            LoanAct::Charge(charge) => Happening::ChargeAdded { charge: charge.clone() },
            LoanAct::WaiveCharge { charge, .. } => Happening::ChargeWaived { charge: *charge, amount_fen },
            LoanAct::AdjustCharge { charge, .. } => Happening::ChargeAdjusted { charge: *charge, amount_fen },
            LoanAct::ChargeBack { payment, .. } => Happening::ChargedBack { payment: *payment, amount_fen },
            LoanAct::RefundPayment { .. } => Happening::RefundedCash { amount_fen },
            LoanAct::ReturnPayout { from: ReturnedBy::Payee, .. } => {
                Happening::Received { receipt: Receipt::PayoutRefund, amount_fen }
            }
            LoanAct::ReturnPayout { from: ReturnedBy::Merchant, .. } => {
                Happening::Received { receipt: Receipt::MerchantRefund, amount_fen }
            }
            LoanAct::ChargeOff => Happening::ChargedOff,
            LoanAct::Reschedule { from_due, change } => Happening::Rescheduled { from_due: *from_due, change: *change },
            LoanAct::ReAge(spread) => Happening::Reaged { spread: *spread },
            LoanAct::ReAmortise => Happening::Reamortised,
        }
    }

    /// The money that it names.
    pub(super) fn money(&self) -> Option<Money> {
        match self {
            LoanAct::Waive { amount, .. }
            | LoanAct::Prepay { amount, .. }
            | LoanAct::Refund { amount }
            | LoanAct::Grant { amount }
            | LoanAct::WaiveCharge { amount, .. }
            | LoanAct::AdjustCharge { amount, .. }
            | LoanAct::ChargeBack { amount, .. }
            | LoanAct::RefundPayment { amount }
            | LoanAct::ReturnPayout { amount, .. } => Some(*amount),
            _ => None,
        }
    }

    /// Whether the lender sets by it what the rest of the loan costs. What a borrower pays ahead makes a loan with fees dearer by the
    /// year, and is nothing that a cap forbids.
    pub(super) fn sets_a_price(&self) -> bool {
        matches!(
            self,
            LoanAct::Extend(_)
                | LoanAct::Restructure(_)
                | LoanAct::ResetRate(_)
                | LoanAct::Reschedule { .. }
                | LoanAct::ReAge(_)
                | LoanAct::ReAmortise
        )
    }

    /// Whether its money comes out of the wallet.
    pub(super) fn takes_from_wallet(&self) -> bool {
        matches!(self, LoanAct::Prepay { .. } | LoanAct::ReturnPayout { .. })
    }

    /// Whether a closed loan may have it too.
    pub(super) fn is_for_closed_loans(&self) -> bool {
        matches!(
            self,
            LoanAct::TakeBack { .. }
                | LoanAct::Refund { .. }
                | LoanAct::ChargeBack { .. }
                | LoanAct::RefundPayment { .. }
                | LoanAct::HandOver { .. }
                | LoanAct::Link(_)
                | LoanAct::BorrowerDied
        )
    }
}
