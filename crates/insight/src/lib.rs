//! Behaviour events become a household profile and a vector of features.
//!
//! The way through this crate is one line: [`Event`] → [`Profile::fold`] → [`features`].
//! Everything kept is whole numbers, so a profile folded again from the same events, in
//! whatever order they came, has the same bytes, and so has every feature read from it.
//!
//! ```
//! use basics::{Date, Id};
//! use insight::{Channel, Event, EventKind, Profile, features};
//! let mut profile = Profile::default();
//! profile.fold(&Event {
//!     household: Id::from_u128(1),
//!     id: Id::from_u128(2),
//!     date: Date::ymd(2026, 3, 5)?,
//!     kind: EventKind::HarvestSale,
//!     amount_minor: 1_250_000,
//!     balance_after_minor: Some(1_300_000),
//!     counterparty: None,
//!     channel: Channel::OwnBusiness,
//!     consent: None,
//!     measure: None,
//!     source: None,
//!     known: None,
//! })?;
//! assert_eq!(features(&profile, Date::ymd(2026, 3, 6)?).get("balance_last"), Some(13_000_000_000)); // 13,000 yuan in millionths
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is deliberately absent: no clock, no I/O, no floating point, no country. There is
//! no event kind, category or feature for illness, medicine, religion, genes, fingerprints
//! or blood type, and a test keeps it so.

#![warn(missing_docs)]

pub mod event;
pub mod feature;
pub mod outcome;
pub mod profile;
pub mod reason;
pub mod rebuild;
pub mod window;

pub use event::{Channel, Event, EventError, EventKind, Known, Measure, Purchase, Stream};
pub use feature::{
    Feature, FeatureVector, Purpose, Request, Safer, TABLE, dictionary, features, features_for, features_in_shadow,
    for_credit,
};
pub use profile::{FoldManyError, Profile, THIN_BELOW_MOVEMENTS, fold_many, is_thin};
