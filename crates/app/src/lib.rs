//! The handlers: one file for each step of a loan's life, pure functions over slices.
//!
//! A handler reads the rows it asked for and answers facts; [`books`] turns facts into
//! rows, for the engine and for the audit that rebuilds. Nothing here knows SQL, HTTP or
//! a clock.

#![warn(missing_docs)]

pub mod application;
pub mod asked;
pub mod assess;
pub mod books;
pub mod call;
pub mod case;
pub mod change;
pub mod change_books;
pub mod close;
pub mod code;
pub mod command;
pub mod consent;
pub mod correct;
pub mod dates;
pub mod desk;
pub mod disaster;
pub mod drawer;
pub mod early;
pub mod enrol;
pub mod erase;
pub mod explore;
pub mod facility;
pub mod fact;
pub mod follow;
pub mod general_ledger;
pub mod guarantee;
pub mod hold;
pub mod holding;
pub mod institution;
pub mod level;
pub mod line;
pub mod listed;
pub mod look;
pub mod movement;
pub mod observe;
pub mod outcomes;
pub mod paper;
pub mod payment;
pub mod period;
pub mod period_end;
pub mod permission;
pub mod portfolio;
pub mod posting;
pub mod preliminary;
pub mod promote;
pub mod quota;
pub mod rating;
pub mod reconcile;
pub mod remind;
pub mod renew;
pub mod repay;
pub mod report;
pub mod reverse;
pub mod review;
pub mod scorer;
pub mod service;
pub mod sign;
pub mod staff;
pub mod subject_day;
pub mod suspend;
pub mod suspicion;
pub mod tables;
pub mod take_over;
pub mod task;
pub mod tie;
pub mod transfer;
pub mod vault;
pub mod village;
pub mod voucher;
pub mod wallet;
pub mod withdrawn;

mod due;
mod house;
mod identities;
mod loan_books;
mod loan_turn;
mod sums;

pub use command::{Command, Outcome};
pub use fact::Fact;
pub use house::Tianxin;
pub use institution::{Institution, Licence, SetUpError};
pub use loan_books::loan_events;
