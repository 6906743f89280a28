//! A journal record: everything that is remembered of one command, as the bytes that are hashed.

use basics::{Date, Id, Instant};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::permission::Actor;

/// The version written in new records. Readers take every version up to it.
pub const VERSION: u8 = 1;

/// One command in the journal.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct JournalRecord {
    /// Version of this layout.
    #[n(0)]
    pub version: u8,
    /// The cell; with `seq` it ties the bytes to their place.
    #[n(1)]
    pub cell: basics::Cell,
    /// Place in the cell's journal.
    #[n(2)]
    pub seq: i64,
    /// The command's id.
    #[n(3)]
    pub command_id: Id,
    /// Who asked.
    #[n(4)]
    pub actor: Actor,
    /// When.
    #[n(5)]
    pub at: Instant,
    /// The date it is booked on.
    #[n(6)]
    pub booking_date: Date,
    /// Digest of the request.
    #[n(7)]
    pub digest: ByteVec,
    /// What became of the order.
    #[n(8)]
    pub step: Step,
    /// The outcome's bytes; of a proposal, the outcome that was shown.
    #[n(9)]
    pub outcome: ByteVec,
    /// The facts, each as its own bytes.
    #[n(10)]
    pub facts: Vec<ByteVec>,
    /// The cell's new open date, where this record closed a day.
    #[n(11)]
    pub opens: Option<Date>,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Step {
    /// Decided on the actor's own right.
    #[n(0)]
    Decided,
    /// Kept for a second person.
    #[n(1)]
    Proposed {
        /// The act, as in the permission table.
        #[n(0)]
        act: String,
        /// The amount at stake.
        #[n(1)]
        amount_minor: i64,
        /// The command's bytes.
        #[n(2)]
        command: ByteVec,
    },
    /// Decided as the second person of a proposal.
    #[n(2)]
    Approved {
        /// The proposal.
        #[n(0)]
        proposal: Id,
    },
    /// A proposal was dropped.
    #[n(3)]
    Rejected {
        /// The proposal.
        #[n(0)]
        proposal: Id,
        /// Why.
        #[n(1)]
        reason: String,
    },
}
