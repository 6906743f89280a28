//! What each event did, line by line: the trace from which account sheets and transaction lists come.

use basics::{Date, Id};
use minicbor::{Decode, Encode};

use crate::Parts;

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
