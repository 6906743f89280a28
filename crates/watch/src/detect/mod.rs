//! Detectors: small structs that step on one input with the state of one entity, and say how unusual it is.
//!
//! Each has a simple model of its own, whose surprise it tells; how often such a surprise comes is counted by the
//! monitor. Those of `habit`, `pace` and `loans` read the household's state alone and may hold; those of `season` and
//! `together` read villages, devices and other sides, and never do.

pub mod habit;
pub mod loans;
pub mod pace;
pub mod season;
pub mod together;

use crate::habits::{Spans, Usual};
use crate::input::Input;
use crate::places::{County, Stir, Village};
use crate::signal::{Declared, Reading};

/// A detector.
pub trait Detector {
    /// What it keeps of an entity.
    type State;

    /// What it declares of itself.
    const DECLARED: Declared;

    /// Looks at an input, before the state has taken it in; none where it has nothing to say of such an input.
    fn step(&self, state: &mut Self::State, ctx: &Context<'_>, input: &Input<'_>) -> Option<Reading>;
}

/// What is known around an entity at a step.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The household's usual amount.
    pub usual: Usual,
    /// What is usual in the county.
    pub county: &'a County,
    /// The household's village, where it is known.
    pub village: Option<&'a Village>,
    /// What the household did in the days up to this one; nothing where no money goes out.
    pub spans: Spans,
    /// How its village is stirred; the usual where no money goes out.
    pub stir: Stir,
}

impl<'a> Context<'a> {
    /// What is around a household of which no payment is looked at.
    pub fn quiet(usual: Usual, county: &'a County, village: Option<&'a Village>) -> Context<'a> {
        Context { usual, county, village, spans: Spans::default(), stir: Stir::default() }
    }
}

/// What a configuration says of a detector. What a kind does not use stands at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether it looks at all.
    pub is_on: bool,
    /// A reading is a signal where its chance is at most so many millionths.
    pub signal_ppm: u32,
    /// Days (minutes for [`crate::Kind::CardAgent`]) within which things count together.
    pub span: i32,
    /// How many are needed.
    pub count: u64,
    /// A share in percent.
    pub percent: u64,
    /// An amount, minor units.
    pub amount_minor: u64,
}
