//! Plans of instalments: which periods there are, what interest they bear, and how a balance runs down over them.
//!
//! The generators here know nothing of products or of a loan's life. They work on small values ([`Spacing`],
//! [`Weight`], [`Convention`]) that a product names, so that the peculiarities of one lender's books are a
//! convention chosen by the product and never a special case in the engine.
//!
//! - [`Spacing`] makes due dates.
//! - [`Cumulative`] draws a plan up at the start, and again where payments ahead or overdue change it.
//! - [`Progressive`] is a plan that follows the actual balance: a tranche, a payment or a new rate inside a
//!   period splits it into segments, and the instalments still to come are worked out again.

pub mod convention;
pub mod cumulative;
mod decimal;
mod drawing;
mod level;
pub mod progressive;
pub mod spacing;
pub mod state;
pub mod weight;

pub use crate::conventions::{
    AdvanceRule, Amortisation, Compounding, InterestOn, MonthLength, Recalculation, Rest, Unit, YearLength,
};
pub use convention::{Convention, InterestRounding, Smoothing};
pub use cumulative::{
    Closing, Cumulative, FixedInstalment, Happened, Payment, PeriodInterest, PlanRow, TermChange, TermChangeKind,
    Tranche, down_payment_fen,
};
pub use progressive::Progressive;
pub use spacing::{DueDates, Period, Spacing};
pub use state::{Payable, PeriodState, SegmentState};
pub use weight::{Arithmetic, Factor, Weight};

#[cfg(test)]
mod tests;
