//! The one door: everything that changes state is a command and comes through here.
//!
//! Authorisation, idempotency, two-person approval, the journal and the order of things
//! are done here, once. The door knows neither SQL nor loans: a [`Backend`] stores, an
//! [`App`] decides.

#![warn(missing_docs)]

pub mod app;
mod attempt;
pub mod audit;
pub mod backend;
pub mod checkpoint;
pub mod directory;
pub mod engine;
pub mod failpoint;
pub mod overlay;
pub mod permission;
pub mod readers;
pub mod record;
pub mod request;
pub mod stepper;
pub mod table;
pub mod tables;
mod writer;
mod writes;

pub use app::{App, Change, Context, CrossSums, Message, Refusal, Stamp, Stop};
pub use backend::{Backend, Connection, StoreError};
pub use engine::{Engine, EngineOptions};
pub use overlay::{Fault, Needs, Overlay};
pub use permission::{Act, Actor, ActorKind, Reach, Role, Rule};
pub use readers::Readers;
pub use request::{Answer, DoorError, Order, Reply, Request, StepKind};
pub use stepper::Stepper;
pub use table::{Record, Table, Value};
pub use writes::{Tap, Writes};
