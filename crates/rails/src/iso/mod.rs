//! Bank transfer by ISO 20022: what is written (`pain.001`), what is read (`pain.002`, `camt.054`, `camt.053`), and both for the
//! other side, so that a sandbox bank speaks the same.
//!
//! The rules of the schemas that decide about money are checked on both sides: elements that must be there, amounts with a
//! currency and no more decimals than it has, number of transactions and control sum, ids of at most 35 characters, dates.
//! Elements that an institution or a bank adds are passed over.

mod read;
mod write;
mod xml;

use basics::{Date, Instant, Money};

pub use read::{Incoming, read, read_initiation, read_statement};
pub use write::{initiation, notification, statement, status_report};

use crate::payment::{OrderId, PaymentOrder};

/// The largest message that is read, bytes.
pub const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// The messages that are understood, by the name their schema has.
pub const PAIN_001: &str = "pain.001.001.09";
/// Report on the status of an initiation.
pub const PAIN_002: &str = "pain.002.001.10";
/// Notification of debits and credits.
pub const CAMT_054: &str = "camt.054.001.08";
/// Statement of an account.
pub const CAMT_053: &str = "camt.053.001.08";

/// The account that is paid from, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAccount {
    /// The institution, as its bank knows it.
    pub name: String,
    /// Number of the account, at most 34 characters.
    pub account: String,
    /// Clearing number of the bank.
    pub bank: String,
}

/// An initiation of credit transfers: `pain.001`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initiation {
    /// Id of the message, at most 35 characters.
    pub message: String,
    /// When it was made.
    pub created: Instant,
    /// The account that is paid from.
    pub from: OwnAccount,
    /// The day it is to be done.
    pub on: Date,
    /// What is to be done: at least one.
    pub orders: Vec<PaymentOrder>,
}

/// What is told of one order: its id, the amount that was asked if the message names it, and how it stands.
pub type Told = (OrderId, Option<Money>, crate::payment::Standing);

/// Why a message is not taken. Nothing of it is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IsoError {
    /// No XML, or XML that is not allowed here.
    #[error("this is no XML that is read here: {0}")]
    NotXml(String),
    /// The end is missing.
    #[error("the message ends inside of <{0}>: it is cut short, ask for it again")]
    CutShort(String),
    /// Another message than was expected.
    #[error("this is {found}, expected was {expected}")]
    WrongMessage {
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An element that must be there is not.
    #[error("<{element}> is missing in <{within}>")]
    Missing {
        /// Where.
        within: String,
        /// What.
        element: String,
    },
    /// An element that may be there once is there more often.
    #[error("<{element}> stands in <{within}> more than once")]
    Twice {
        /// Where.
        within: String,
        /// What.
        element: String,
    },
    /// The text of an element cannot be.
    #[error("<{element}> holds `{found}`: it must be {must}")]
    Bad {
        /// Which element.
        element: String,
        /// What it holds, its beginning.
        found: String,
        /// What it must be.
        must: &'static str,
    },
    /// A number or sum that the message tells of itself is not that of its parts.
    #[error("<{element}> says {said}, the message has {found}: it is cut short or was changed, ask for it again")]
    NotItsParts {
        /// Which element.
        element: &'static str,
        /// What it says.
        said: String,
        /// What was found.
        found: String,
    },
    /// The statement does not add up.
    #[error(transparent)]
    Statement(#[from] crate::payment::StatementError),
}

#[cfg(test)]
mod tests;
