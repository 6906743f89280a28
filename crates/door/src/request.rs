//! What comes to the door and what goes back.

use std::sync::Arc;

use basics::{Cell, Id, Instant, cbor};
use minicbor::{Decode, Encode};

use crate::app::{App, Refusal};
use crate::permission::Actor;

/// What is wanted of a command.
#[derive(Clone, Debug, Encode, Decode)]
pub enum Order<C> {
    /// Do it now.
    #[n(0)]
    Do(#[n(0)] C),
    /// Keep it for a second person, with the outcome it would have now.
    #[n(1)]
    Propose(#[n(0)] C),
    /// Do what was proposed, if it would still have the outcome that was shown.
    #[n(2)]
    Approve {
        /// The cell of the proposal.
        #[n(0)]
        cell: Cell,
        /// The proposal: the command id of the `Propose`.
        #[n(1)]
        proposal: Id,
    },
    /// Drop what was proposed.
    #[n(3)]
    Reject {
        /// The cell of the proposal.
        #[n(0)]
        cell: Cell,
        /// The proposal.
        #[n(1)]
        proposal: Id,
        /// Why, for the record.
        #[n(2)]
        reason: String,
    },
}

/// A command as it arrives.
#[derive(Clone, Debug)]
pub struct Request<C> {
    /// The command id, made by the caller and kept for ever.
    pub id: Id,
    /// Who asks.
    pub actor: Actor,
    /// When.
    pub at: Instant,
    /// Digest of what was asked, before personal data was sealed; the same request must give the same digest.
    pub digest: [u8; 32],
    /// What is wanted.
    pub order: Order<C>,
}

impl<C: Encode<()>> Request<C> {
    /// A request whose digest is that of the order itself: for commands without personal data.
    pub fn plain(id: Id, actor: Actor, at: Instant, order: Order<C>) -> Request<C> {
        let digest = basics::merkle::leaf_hash(&cbor::to_bytes(&order));
        Request { id, actor, at, digest, order }
    }
}

/// What was stored of a command and is answered, now and at every repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The cell that changed.
    pub cell: Cell,
    /// The record's place in the cell's journal.
    pub seq: i64,
    /// What became of the order.
    pub step: StepKind,
    /// The outcome's bytes; of a proposal, the outcome that was shown.
    pub outcome: Arc<[u8]>,
    /// Whether this command had been answered before.
    pub replayed: bool,
}

impl Answer {
    /// The outcome, read back.
    pub fn outcome<A: App>(&self) -> Result<A::Outcome, DoorError> {
        cbor::from_bytes(&self.outcome).map_err(|e| DoorError::Bug(e.to_string()))
    }
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Decided and booked.
    Decided,
    /// Kept for a second person.
    Proposed,
    /// A proposal was dropped.
    Rejected,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// Not valid or not allowed; nothing was stored, the command id is still free.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The command id was used before for something else, or by someone else.
    #[error(
        "command id {0} was used before for another request or by another actor: send the new request under a new id"
    )]
    Conflict(Id),
    /// Too many commands are waiting.
    #[error("too many commands are waiting: try again in {retry_after_seconds} s")]
    Busy {
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// The database could not do it; nothing was stored.
    #[error("the database could not store the command, nothing was changed: {0}")]
    Storage(String),
    /// The commit was sent and the database went away before it answered.
    #[error(
        "nobody knows yet whether the command was done: send it again under the same id, it is done at most once ({0})"
    )]
    Unknown(String),
    /// A mistake in the program; nothing was stored.
    #[error("the command met a fault in the program, nothing was changed; report this: {0}")]
    Bug(String),
    /// The engine has stopped. What was waiting was not done.
    #[error("the engine has stopped: {0}")]
    Stopped(String),
}

/// Called once with the answer.
pub type Reply = Box<dyn FnOnce(Result<Answer, DoorError>) + Send>;
