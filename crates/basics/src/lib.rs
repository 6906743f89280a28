//! The ground floor: ids and cells, exact money, rates, day counts, dates and the encoding of facts.
//!
//! Everything here is a small immutable value with named conventions. Nothing in
//! this crate reads a clock, a file, a socket or a random source.

#![warn(missing_docs)]

pub mod calendar;
pub mod cbor;
pub mod date;
pub mod daycount;
pub mod frequency;
pub mod id;
pub mod merkle;
pub mod money;
pub mod rate;

pub use calendar::{HolidayCalendar, Roll};
pub use date::{Date, Instant};
pub use daycount::DayCount;
pub use frequency::{Frequency, Span};
pub use id::{Cell, Id, IdKind, PublicId};
pub use money::{Currency, Money, Rounding};
pub use rate::Rate;
