//! The outside world behind ports: who someone is, how they are reached, and how money leaves and comes.
//!
//! A port is a trait that a real service implements; what is here says what it does not do. Text messages go to a gateway over HTTP,
//! payments to a bank by ISO 20022 or to a gateway by signed JSON. Nothing here knows loans or databases.

#![warn(missing_docs)]

pub mod bank;
pub mod identity;
pub mod iso;
pub mod line;
pub mod message;
pub mod mobile;
pub mod payment;
pub mod sign;

pub use bank::{BankRail, FileRail};
pub use identity::{Claim, FormOnly, IdentityCheck, IdentityError, Phone, Proof, ResidentId};
pub use line::{Line, Stamps};
pub use message::{HttpMessages, Letter, LogMessages, MessageError, MessagePort, Outbox};
pub use mobile::MobileRail;
pub use payment::{
    Credit, Flow, Notice, OrderId, Party, PaymentOrder, PaymentRail, RailError, Settled, Standing, Statement,
    StatementError, StatementLine, Way,
};
