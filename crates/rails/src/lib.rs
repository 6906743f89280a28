//! The outside world behind ports: who someone is, and how they are reached.
//!
//! A port is a trait that a real service implements later; the implementations here are
//! local, need no network, and say what they do not do. Nothing here knows loans,
//! databases or HTTP.

#![warn(missing_docs)]

pub mod identity;
pub mod message;

pub use identity::{Claim, FormOnly, IdentityCheck, IdentityError, Phone, Proof, ResidentId};
pub use message::{Letter, LogMessages, MessageError, MessagePort, Outbox};
