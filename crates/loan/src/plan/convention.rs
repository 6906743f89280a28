//! How a plan counts and rounds, as a product names it.

use basics::Rounding;
use basics::money::div_round;
use minicbor::{Decode, Encode};

use super::{Arithmetic, Spacing, Weight};

/// Where the interest of a period is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum InterestRounding {
    /// Each segment to money, then the sum.
    #[n(0)]
    Segment,
    /// The exact sum of the segments once, as an interest-day sheet 积数 does. Needs exact arithmetic.
    #[n(1)]
    Period,
}

/// Whether the level instalment is tried again so that the last one differs less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Smoothing {
    /// The last instalment takes the remainder, whatever it is.
    #[n(0)]
    None,
    /// Where the last differs from the one before by more than half as many hundredths as there are
    /// instalments, the level is moved once by `difference / instalments` and kept if that is better.
    #[n(1)]
    Once,
}

/// How a progressive plan counts and rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convention {
    /// Distance of the due dates, for nominal weights.
    pub spacing: Spacing,
    /// Share of the year that a segment bears.
    pub weight: Weight,
    /// Arithmetic before rounding to money.
    pub arithmetic: Arithmetic,
    /// Where interest is rounded.
    pub interest_rounding: InterestRounding,
    /// How money is rounded.
    pub rounding: Rounding,
    /// The level instalment is a multiple of this many minor units; 1 for any amount.
    pub multiple_fen: i64,
    /// Smoothing of the last instalment.
    pub smoothing: Smoothing,
}

/// The multiple of `multiple_fen` nearest to an amount. `None` if it does not fit or the multiple is not positive.
pub(crate) fn round_to_multiple(amount_fen: i64, multiple_fen: i64, rounding: Rounding) -> Option<i64> {
    div_round(i128::from(amount_fen), i128::from(multiple_fen), rounding)?.checked_mul(multiple_fen)
}
