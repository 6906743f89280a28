//! Sees trouble early: detectors step on events, on time that passes and on labels that come late.
//!
//! An [`Input`] goes into a [`Monitor`]; what is unusual about it comes out as [`Signal`]s with a calibrated
//! chance, and typologies weigh signals into note, alert or hold ([`Config`]). State is of fixed size: at most
//! [`HOUSEHOLD_BYTES_MAX`] a household, all detectors together. The same inputs in the same order give the same signals on any
//! machine, so that a monitor is rebuilt by playing the journal again.
//!
//! What is deliberately absent: a clock (time is in the inputs), files, names of people, and anything that
//! acts. Who freezes, asks or reports is `app`.

#![warn(missing_docs)]

pub mod batch;
pub mod config;
pub mod detect;
pub mod early;
mod field;
pub mod habits;
pub mod input;
pub mod learned;
pub mod measures;
pub mod monitor;
mod number;
pub mod places;
pub mod replay;
pub mod signal;
pub mod tail;
pub mod ties;
pub mod unusual;
pub mod vector;

pub use config::{Config, ConfigError};
pub use input::{Input, Label, Sight};
pub use monitor::{Monitor, Seen};
pub use signal::{Grade, Kind, Signal};

/// Most bytes of state that all detectors together hold of a household.
pub const HOUSEHOLD_BYTES_MAX: usize = 4_096;
