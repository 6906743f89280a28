//! What each event did, line by line: the trace from which account sheets and transaction lists come.

use basics::{Date, Id};
use minicbor::{Decode, Encode};

use crate::{Parts, Receipt};

/// What kind of movement a line of the trace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum PostedKind {
    /// Money was paid out.
    #[n(0)]
    Disbursement,
    /// Money came in.
    #[n(1)]
    Repayment,
    /// Credit balance went back.
    #[n(2)]
    Refund,
    /// Something due was let off.
    #[n(3)]
    Waiver,
    /// An instalment fell due and credit balance that was waiting paid of it.
    #[n(4)]
    CreditUsed,
    /// The share of a disbursement that is paid at once.
    #[n(5)]
    DownPayment,
    /// A courtesy of the lender.
    #[n(6)]
    Goodwill,
    /// Money that the payee gave back.
    #[n(7)]
    PayoutRefund,
    /// Money that the merchant gave back.
    #[n(8)]
    MerchantRefund,
    /// Recovered after a write-off.
    #[n(9)]
    Recovery,
    /// A charge given back as if it had been paid.
    #[n(10)]
    ChargeAdjustment,
    /// A charge that was let off.
    #[n(11)]
    ChargeWaiver,
    /// Charges due at disbursement, paid with it.
    #[n(12)]
    PaidAtDisbursement,
    /// A payment taken back by the payer's bank.
    #[n(13)]
    Chargeback,
    /// Taken out of income and assets.
    #[n(14)]
    ChargeOff,
    /// Given up in the books.
    #[n(15)]
    WriteOff,
    /// Spread over new instalments.
    #[n(16)]
    Reage,
    /// Spread over the instalments still to come.
    #[n(17)]
    Reamortisation,
    /// Money of an open loan that went back.
    #[n(18)]
    CashRefund,
    /// Money came in to pay principal before it was due.
    #[n(25)]
    Prepayment,
}

impl PostedKind {
    /// The kind of line that a receipt makes.
    pub const fn of(receipt: Receipt) -> PostedKind {
        match receipt {
            Receipt::Repayment => PostedKind::Repayment,
            Receipt::DownPayment => PostedKind::DownPayment,
            Receipt::Goodwill => PostedKind::Goodwill,
            Receipt::PayoutRefund => PostedKind::PayoutRefund,
            Receipt::MerchantRefund => PostedKind::MerchantRefund,
            Receipt::Recovery => PostedKind::Recovery,
            Receipt::ChargeAdjustment => PostedKind::ChargeAdjustment,
        }
    }

    /// The kind of receipt that this movement is; `None` where no money came in.
    pub const fn receipt(self) -> Option<Receipt> {
        match self {
            PostedKind::Repayment | PostedKind::Prepayment => Some(Receipt::Repayment),
            PostedKind::DownPayment => Some(Receipt::DownPayment),
            PostedKind::Goodwill => Some(Receipt::Goodwill),
            PostedKind::PayoutRefund => Some(Receipt::PayoutRefund),
            PostedKind::MerchantRefund => Some(Receipt::MerchantRefund),
            PostedKind::Recovery => Some(Receipt::Recovery),
            PostedKind::ChargeAdjustment => Some(Receipt::ChargeAdjustment),
            _ => None,
        }
    }
}

/// One movement on a loan, with the parts that it settled.
///
/// `amount = Σ parts + excess` for money that comes in; the parts of a waiver are what it let off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The event, `None` where a due date alone moved something.
    pub event: Option<Id>,
    /// Value date.
    pub date: Date,
    /// Kind of movement.
    pub kind: PostedKind,
    /// Its amount, minor units.
    pub amount_fen: i64,
    /// What it settled, by component.
    pub parts: Parts,
    /// What was left over and added to the credit balance; less than nothing where credit was used.
    pub excess_fen: i64,
    /// Principal outstanding after it, minor units.
    pub principal_after_fen: i64,
}
