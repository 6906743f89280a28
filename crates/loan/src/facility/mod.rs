//! The facility 授信: how much a household may owe, from when to when, and whether it may draw now.
//!
//! A facility is a list of dated events; its state on a date is their [`fold`](fold()), whatever the order in which they
//! arrived. What is drawn under it is not the facility's to know: it comes in as [`Usage`], and
//! `available = amount − frozen part − used − reserved − guaranteed`, never less than nothing.
//!
//! Expiry is no event: a facility is over on the day after its last one. A grant dated later renews it. What was drawn
//! before runs on by its own contract, whatever becomes of the facility.
//!
//! How much a household owes in all, over loans, lines and guarantees, is [`exposure`].

mod event;
pub mod exposure;
mod state;

pub use event::{FacilityEvent, FacilityHappening, FreezeOf, in_order};
pub use state::{DrawRefusal, FacilityRefusal, FacilityState, FacilityStatus, Freeze, Position, Usage, accept, fold};
