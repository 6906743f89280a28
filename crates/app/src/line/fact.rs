//! What is remembered of a statement line.

use basics::{Date, Id};
use loan::LoanClass;
use loan::line::{LineEvent, LineTerms};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::CreditLineStatus;
use crate::holding::Holding;

/// A line was opened.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LineOpened {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The line.
    #[n(1)]
    pub line: Id,
    /// The facility it draws on.
    #[n(2)]
    pub facility: Id,
    /// The terms.
    #[n(3)]
    pub terms: LineTerms,
    /// Hash of the text that was read.
    #[n(4)]
    pub text_hash: ByteVec,
    /// How it was confirmed.
    #[n(5)]
    pub evidence: String,
}

/// A line's life went on: what happened, if anything did from outside, and where it stands since.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LineMoved {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The line.
    #[n(1)]
    pub line: Id,
    /// What happened.
    #[n(2)]
    pub event: Option<LineEvent>,
    /// The day as of whose end the books hold it.
    #[n(3)]
    pub booked_to: Date,
    /// The limit.
    #[n(4)]
    pub limit_minor: i64,
    /// Principal outstanding.
    #[n(5)]
    pub used_minor: i64,
    /// Interest and fees charged and not paid.
    #[n(6)]
    pub charges_minor: i64,
    /// Credit balance.
    #[n(7)]
    pub credit_minor: i64,
    /// Whether it may be used.
    #[n(8)]
    pub status: CreditLineStatus,
    /// The next day on which something happens by itself.
    #[n(9)]
    pub agenda_on: Option<Date>,
    /// What the books hold of it since.
    #[n(10)]
    #[cbor(default)]
    pub holding: Option<Holding>,
    /// Due date of the oldest minimum that is not met.
    #[n(11)]
    #[cbor(default)]
    pub overdue_since: Option<Date>,
}

impl LineMoved {
    /// Principal on the balance sheet: none of a claim that was written off.
    pub fn on_balance_minor(&self) -> i64 {
        let written_off = self.holding.as_ref().is_some_and(|holding| holding.written_off_fen != 0);
        if written_off { 0 } else { self.used_minor }
    }
}

/// What an event dated back changed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LineCorrected {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The line.
    #[n(1)]
    pub line: Id,
    /// The event.
    #[n(2)]
    pub event: Id,
    /// The date it counts from.
    #[n(3)]
    pub value_date: Date,
    /// What it rests on.
    #[n(4)]
    pub reference: String,
    /// Why it is booked late.
    #[n(5)]
    pub reason: String,
    /// Days past due on the last closed day, before and after.
    #[n(6)]
    pub days_past_due: (u32, u32),
    /// Class on that day, before and after.
    #[n(7)]
    pub class: (LoanClass, LoanClass),
}
