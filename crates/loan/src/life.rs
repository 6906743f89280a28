//! What happens to a loan from outside, and in which order it counts.
//!
//! Only these events are stored. Dues, penalties, allocation, days past due and class follow
//! from them by the [fold](crate::fold()).

mod accept;

use std::collections::BTreeSet;

use basics::{Date, Id, Rate};
use minicbor::{Decode, Encode};

pub use accept::accept;
pub(crate) use accept::is_open;

use crate::act::{Alteration, NewRates, NoteLink, Prepayment};
use crate::charge::ChargeTerms;
use crate::conventions::Unit;
use crate::season::{Deferral, Replan};
use crate::{Component, LoanClass};

/// A dated event of a loan's life.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct LifeEvent {
    /// Made by whoever recorded it; unique within the loan.
    #[n(0)]
    pub id: Id,
    /// The date it counts from.
    #[n(1)]
    pub value_date: Date,
    /// What happened.
    #[n(2)]
    pub what: Happening,
}

/// What can happen to a loan. Code 0 is kept for changes of contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Happening {
    /// Money was paid out to the borrower, or to a payee for him.
    #[n(1)]
    Disbursed {
        /// Minor units, at most the principal signed.
        #[n(0)]
        amount_fen: i64,
    },
    /// An earlier event is taken back: the loan is as if it had never been.
    ///
    /// The target counts on no date, not only from the reversal's own date on. A reversal cannot itself be reversed.
    #[n(2)]
    Reversed {
        /// The event taken back.
        #[n(0)]
        target: Id,
    },
    /// Part of what is due is let off 减免.
    #[n(3)]
    Waived {
        /// Which component.
        #[n(0)]
        what: Waivable,
        /// Minor units.
        #[n(1)]
        amount_fen: i64,
    },
    /// Money came in.
    #[n(4)]
    Paid {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
    },
    /// Credit balance went back to the borrower.
    #[n(5)]
    Refunded {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
    },
    /// A collection from the borrower's account was tried; money that came is its own `Paid`.
    #[n(6)]
    CollectionRun {
        /// What came of it.
        #[n(0)]
        outcome: String,
    },
    /// The borrower was told something.
    #[n(7)]
    Noticed {
        /// Kind of notice.
        #[n(0)]
        notice: String,
    },
    /// Money came in to pay principal before it was due 提前还款.
    #[n(25)]
    Prepaid(#[n(0)] Prepayment),
    /// The loan's end was moved to a later day 展期.
    #[n(26)]
    Extended(#[n(0)] Alteration),
    /// All outstanding principal got new rows, since the borrower was in difficulty 重组.
    #[n(27)]
    Restructured(#[n(0)] Alteration),
    /// The contract rate was set anew, as the contract says 重定价.
    #[n(28)]
    RateReset(#[n(0)] NewRates),
    /// The money was found to be used for something else than agreed 挪用.
    #[n(29)]
    Misused {
        /// Rate a year from then on, in the place of the contract rate.
        #[n(0)]
        penalty_rate: Rate,
    },
    /// A person judged the class of the loan.
    #[n(30)]
    Judged {
        /// Place on the class ladder.
        #[n(0)]
        class: LoanClass,
    },
    /// The note was bound to another 借据关联.
    #[n(31)]
    Linked(#[n(0)] NoteLink),
    /// The borrower died: the estate owes; nothing more is drawn, and no reminder goes out.
    #[n(32)]
    BorrowerDied,
    /// Another officer looks after it 移交.
    #[n(33)]
    HandedOver {
        /// The officer.
        #[n(0)]
        officer: Id,
    },
    /// The rows still to come were replaced, as the borrower agreed 重定还款计划.
    #[n(45)]
    Replanned(#[n(0)] Replan),
    /// Part of what is owed was put off to a later date after a declared event 延期还本付息.
    #[n(46)]
    Deferred(#[n(0)] Deferral),
    /// Money of a certain kind came in, or was granted.
    #[n(8)]
    Received {
        /// Kind.
        #[n(0)]
        receipt: Receipt,
        /// Minor units.
        #[n(1)]
        amount_fen: i64,
    },
    /// A charge was agreed or imposed.
    #[n(9)]
    ChargeAdded {
        /// The charge; its id is the event's.
        #[n(0)]
        charge: ChargeTerms,
    },
    /// Part of a charge, or all of it, is let off.
    #[n(10)]
    ChargeWaived {
        /// The event that added it.
        #[n(0)]
        charge: Id,
        /// Minor units, at most what is unpaid of it when that is recorded.
        #[n(1)]
        amount_fen: i64,
    },
    /// Part of a charge is given back as if it had been paid.
    #[n(11)]
    ChargeAdjusted {
        /// The event that added it.
        #[n(0)]
        charge: Id,
        /// Minor units.
        #[n(1)]
        amount_fen: i64,
    },
    /// A payment was taken back by the payer's bank: what it paid is owed again 拒付退回.
    #[n(12)]
    ChargedBack {
        /// The payment.
        #[n(0)]
        payment: Id,
        /// Minor units, at most the payment.
        #[n(1)]
        amount_fen: i64,
    },
    /// The loan is taken out of income and assets; the claim and its instalments stand.
    #[n(13)]
    ChargedOff,
    /// What is still owed is given up in the books 核销.
    #[n(14)]
    WrittenOff,
    /// Due dates are moved from one instalment on.
    #[n(15)]
    Rescheduled {
        /// Due date of the instalment.
        #[n(0)]
        from_due: Date,
        /// What changes.
        #[n(1)]
        change: Reschedule,
    },
    /// All that is outstanding is spread over new instalments.
    #[n(16)]
    Reaged {
        /// The new instalments.
        #[n(0)]
        spread: Reage,
    },
    /// What is overdue is spread over the instalments still to come.
    #[n(17)]
    Reamortised,
    /// Money that had paid an open loan goes back to the borrower; the latest instalments are unpaid again.
    #[n(18)]
    RefundedCash {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
    },
}

/// Kinds of money that come in beside an ordinary payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Receipt {
    /// A payment of the borrower.
    #[n(0)]
    Repayment,
    /// The share of a disbursement that is paid at once 首付.
    #[n(1)]
    DownPayment,
    /// Granted by the lender as a courtesy; no money moves.
    #[n(2)]
    Goodwill,
    /// The payee gave money back that had been paid out.
    #[n(3)]
    PayoutRefund,
    /// The merchant gave money back for goods returned 商户退款.
    #[n(4)]
    MerchantRefund,
    /// Recovered after a write-off 核销后收回.
    #[n(5)]
    Recovery,
    /// A charge given back as if it had been paid.
    #[n(6)]
    ChargeAdjustment,
}

impl Receipt {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Receipt::Repayment => ("还款", "paid"),
            Receipt::DownPayment => ("首付", "down payment"),
            Receipt::Goodwill => ("善意减让", "goodwill credit"),
            Receipt::PayoutRefund => ("放款退回", "payout refund"),
            Receipt::MerchantRefund => ("商户退款", "merchant refund"),
            Receipt::Recovery => ("核销后收回", "recovery"),
            Receipt::ChargeAdjustment => ("费用调整", "charge adjustment"),
        }
    }
}

/// What a reschedule changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Reschedule {
    /// The new due date; later ones follow it.
    #[n(0)]
    pub new_due: Option<Date>,
    /// So many more instalments.
    #[n(1)]
    pub extra_instalments: u16,
    /// So many instalments from there without principal.
    #[n(2)]
    pub principal_grace: u16,
    /// So many instalments from there without interest.
    #[n(3)]
    pub interest_grace: u16,
    /// A new rate a year, ppm.
    #[n(4)]
    pub new_rate_ppm: Option<i64>,
}

/// New instalments of a loan that is re-aged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Reage {
    /// First due date.
    #[n(0)]
    pub start: Date,
    /// Number of instalments.
    #[n(1)]
    pub count: u16,
    /// Distance, in units.
    #[n(2)]
    pub every: u16,
    /// Unit of the distance.
    #[n(3)]
    pub unit: Unit,
}

/// What can be waived. Principal cannot: that is a write-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Waivable {
    /// Contract interest that is due.
    #[n(1)]
    Interest,
    /// Fees that are due.
    #[n(2)]
    Fee,
    /// Penalty.
    #[n(3)]
    Penalty,
    /// Compound interest.
    #[n(4)]
    Compound,
}

impl Happening {
    /// What it is, in English, short.
    pub const fn name_en(&self) -> &'static str {
        self.names().1
    }

    /// What it is, in Chinese, short.
    pub const fn name_zh(&self) -> &'static str {
        self.names().0
    }

    const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Happening::Disbursed { .. } => ("放款", "disbursed"),
            Happening::Reversed { .. } => ("冲正", "reversed"),
            Happening::Waived { .. } => ("减免", "waived"),
            Happening::Paid { .. } => ("还款", "paid"),
            Happening::Refunded { .. } => ("退款", "refunded"),
            Happening::CollectionRun { .. } => ("扣款", "collection"),
            Happening::Noticed { .. } => ("通知", "notice"),
            Happening::Prepaid(_) => ("提前还款", "prepaid"),
            Happening::Extended(_) => ("展期", "extended"),
            Happening::Restructured(_) => ("重组", "restructured"),
            Happening::RateReset(_) => ("重定价", "rate reset"),
            Happening::Misused { .. } => ("挪用", "misused"),
            Happening::Judged { .. } => ("人工分类", "judged"),
            Happening::Linked(_) => ("借据关联", "linked"),
            Happening::BorrowerDied => ("借款人死亡", "borrower died"),
            Happening::HandedOver { .. } => ("移交", "handed over"),
            Happening::Replanned(_) => ("重定还款计划", "re-planned"),
            Happening::Deferred(_) => ("延期还本付息", "deferred"),
            Happening::Received { receipt, .. } => receipt.names(),
            Happening::ChargeAdded { .. } => ("计收费用", "charge"),
            Happening::ChargeWaived { .. } => ("减免费用", "charge waived"),
            Happening::ChargeAdjusted { .. } => ("费用调整", "charge adjusted"),
            Happening::ChargedBack { .. } => ("拒付退回", "charged back"),
            Happening::ChargedOff => ("转出表外核算", "charged off"),
            Happening::WrittenOff => ("核销", "written off"),
            Happening::Rescheduled { .. } => ("变更还款日", "rescheduled"),
            Happening::Reaged { .. } => ("重新分期", "re-aged"),
            Happening::Reamortised => ("重新摊还", "re-amortised"),
            Happening::RefundedCash { .. } => ("退回已还款", "payment refunded"),
        }
    }
}

impl Waivable {
    /// The component it is.
    pub const fn component(self) -> Component {
        match self {
            Waivable::Interest => Component::Interest,
            Waivable::Fee => Component::Fee,
            Waivable::Penalty => Component::Penalty,
            Waivable::Compound => Component::Compound,
        }
    }
}

impl LifeEvent {
    /// An event with a small number for its id, as tests and examples write it.
    pub fn new(id: u128, value_date: Date, what: Happening) -> LifeEvent {
        LifeEvent { id: Id::from_u128(id), value_date, what }
    }

    /// Place among the events of one day, after the day's own dues: contract change 0, disbursement,
    /// reversal, waiver, payment, refund, collection, notice.
    pub const fn rank(&self) -> u8 {
        match self.what {
            Happening::Replanned(_) | Happening::Deferred(_) => 0,
            Happening::Extended(_)
            | Happening::Restructured(_)
            | Happening::RateReset(_)
            | Happening::Misused { .. }
            | Happening::Judged { .. }
            | Happening::Linked(_)
            | Happening::BorrowerDied
            | Happening::HandedOver { .. } => 0,
            Happening::Prepaid(_) => 4,
            Happening::Disbursed { .. } => 1,
            Happening::Reversed { .. } => 2,
            Happening::Waived { .. } => 3,
            Happening::Paid { .. } => 4,
            Happening::Refunded { .. } => 5,
            Happening::CollectionRun { .. } => 6,
            Happening::Noticed { .. } => 7,
            Happening::Rescheduled { .. } | Happening::Reaged { .. } | Happening::Reamortised => 0,
            Happening::ChargeAdded { .. } => 1,
            Happening::ChargeWaived { .. } => 3,
            Happening::Received { .. } | Happening::ChargeAdjusted { .. } => 4,
            Happening::ChargedBack { .. } | Happening::RefundedCash { .. } => 5,
            Happening::ChargedOff | Happening::WrittenOff => 8,
        }
    }

    fn amount_fen(&self) -> Option<i64> {
        match self.what {
            Happening::Disbursed { amount_fen }
            | Happening::Waived { amount_fen, .. }
            | Happening::Paid { amount_fen }
            | Happening::Refunded { amount_fen }
            | Happening::Received { amount_fen, .. }
            | Happening::ChargeAdjusted { amount_fen, .. }
            | Happening::ChargeWaived { amount_fen, .. }
            | Happening::ChargedBack { amount_fen, .. }
            | Happening::RefundedCash { amount_fen }
            | Happening::Prepaid(Prepayment { amount_fen, .. }) => Some(amount_fen),
            Happening::Reversed { .. }
            | Happening::CollectionRun { .. }
            | Happening::Noticed { .. }
            | Happening::Replanned(_)
            | Happening::Deferred(_)
            | Happening::ChargeAdded { .. }
            | Happening::ChargedOff
            | Happening::WrittenOff
            | Happening::Rescheduled { .. }
            | Happening::Reaged { .. }
            | Happening::Reamortised
            | Happening::Extended(_)
            | Happening::Restructured(_)
            | Happening::RateReset(_)
            | Happening::Misused { .. }
            | Happening::Judged { .. }
            | Happening::Linked(_)
            | Happening::BorrowerDied
            | Happening::HandedOver { .. } => None,
        }
    }
}

/// The events that count, by (value date, rank, id): neither reversed nor reversals, each id once.
pub fn in_order(events: &[LifeEvent]) -> Vec<&LifeEvent> {
    ordered(events, |event| (event.value_date, event.rank(), event.id))
}

pub(crate) fn ordered(events: &[LifeEvent], key: impl Fn(&LifeEvent) -> (Date, u8, Id)) -> Vec<&LifeEvent> {
    let reversed: BTreeSet<Id> = events
        .iter()
        .filter_map(|event| match event.what {
            Happening::Reversed { target } => Some(target),
            _ => None,
        })
        .collect();
    let mut life: Vec<&LifeEvent> = events
        .iter()
        .filter(|event| !matches!(event.what, Happening::Reversed { .. }) && !reversed.contains(&event.id))
        .collect();
    life.sort_by_key(|event| key(event));
    let mut seen = BTreeSet::new();
    life.retain(|event| seen.insert(event.id));
    life
}
