//! The outside world behind ports: who someone is, and how they are reached.
//!
//! A port is a trait that a real service implements. Text messages go to a gateway over HTTP; the other implementations
//! here are local and say what they do not do. Nothing here knows loans or databases.

#![warn(missing_docs)]

pub mod identity;
pub mod message;

pub use identity::{Claim, FormOnly, IdentityCheck, IdentityError, Phone, Proof, ResidentId};
pub use message::{HttpMessages, Letter, LogMessages, MessageError, MessagePort, Outbox};
