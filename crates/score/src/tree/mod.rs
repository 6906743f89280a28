//! Ensembles of decision trees: what a trained or an imported model is, before it is made fast.
//!
//! One form serves every source. What libraries do differently (strict or weak comparison, single
//! or double precision, what counts as missing, which child a category goes to) is said here by
//! values, so that the slow evaluator ([`Ensemble::raw`]) reads like a definition and every fast
//! path can be held against it bit by bit.
//!
//! A model is one sum: `scale × (start + Σ leaf value of tree, in order of the trees) + offset`,
//! and a [`Link`] from the sum to a probability.

use minicbor::{Decode, Encode};

mod check;
mod walk;

pub use check::{CATEGORIES_MAX, COLUMNS_MAX, LEAVES_MAX, LEVELS_MAX, TREES_MAX, TreeError};

/// An ensemble of trees over named columns.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Ensemble {
    /// Names of the columns, in the order in which a row has them.
    #[n(0)]
    pub columns: Vec<String>,
    /// How a raw value is read before anything is asked of it.
    #[n(1)]
    pub reading: Reading,
    /// The trees, in the order in which they are added up.
    #[n(2)]
    pub trees: Vec<Tree>,
    /// How their leaves become one number.
    #[n(3)]
    pub sum: Sum,
    /// How that number becomes a probability.
    #[n(4)]
    pub link: Link,
}

/// How a raw value is read before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Reading {
    /// As it is.
    #[n(0)]
    Double,
    /// Rounded to single precision first, as XGBoost and CatBoost keep their data.
    #[n(1)]
    Single,
    /// Zero if it is within [`TINY`] of zero, as LightGBM passes rows on.
    #[n(2)]
    TinyIsZero,
}

/// What LightGBM takes for zero: its `kZeroThreshold`, the single-precision number nearest to 1e-35.
pub const TINY: f64 = 1e-35_f32 as f64;

impl Reading {
    /// The value as it is compared.
    pub fn of(self, value: f64) -> f64 {
        match self {
            Reading::Double => value,
            Reading::Single => f64::from(value as f32),
            Reading::TinyIsZero if value.abs() <= TINY => 0.0,
            Reading::TinyIsZero => value,
        }
    }
}

/// A tree.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Tree {
    /// Each split asks its own question.
    #[n(0)]
    Branching(#[n(0)] Branching),
    /// All splits of a level ask the same question.
    #[n(1)]
    Oblivious(#[n(0)] Oblivious),
}

/// A tree whose splits each ask their own question. The root is split 0, or leaf 0 if there is no split.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Branching {
    /// The splits, in any order but for the root.
    #[n(0)]
    pub splits: Vec<Split>,
    /// What each leaf adds.
    #[n(1)]
    pub leaves: Vec<f64>,
    /// Weight of the training rows that came to each leaf (number, or sum of hessians); empty if unknown. What
    /// explanations take for the share of people on each side.
    #[n(2)]
    pub covers: Vec<f64>,
    /// A linear function for each leaf; empty if leaves are plain values.
    #[n(3)]
    pub linear: Vec<Linear>,
}

/// A question and where its answers lead.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Split {
    /// The question.
    #[n(0)]
    pub ask: Question,
    /// Where "yes" leads.
    #[n(1)]
    pub yes: Child,
    /// Where "no" leads.
    #[n(2)]
    pub no: Child,
}

/// What follows a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Child {
    /// Another split, by its place among the splits.
    #[n(0)]
    Split(#[n(0)] u32),
    /// A leaf, by its place among the leaves.
    #[n(1)]
    Leaf(#[n(0)] u32),
}

/// A question about one column.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Question {
    /// The column, by its place in [`Ensemble::columns`].
    #[n(0)]
    pub column: u32,
    /// What is asked of its value.
    #[n(1)]
    pub test: Test,
    /// The answer for a value that is missing (NaN).
    #[n(2)]
    pub missing: bool,
}

/// What is asked of a value that is there.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Test {
    /// Is it at most this? A strict `<` is written with the next number below the threshold.
    #[n(0)]
    AtMost {
        /// The threshold; may be infinite, never NaN.
        #[n(0)]
        threshold: f64,
    },
    /// The same, but a zero (as LightGBM takes it, see [`TINY`]) is answered as a missing value.
    #[n(1)]
    AtMostZeroMissing {
        /// The threshold.
        #[n(0)]
        threshold: f64,
    },
    /// Is it, its fraction cut off, one of these categories?
    #[n(2)]
    OneOf {
        /// The categories: bit `c % 64` of word `c / 64`.
        #[n(0)]
        categories: Vec<u64>,
        /// The smallest value that is read as a category; below it the answer is no. LightGBM cuts -0.5 to 0, so
        /// it is the number next above -1 there, and 0 for XGBoost.
        #[n(1)]
        lowest: f64,
    },
}

/// A leaf that is a linear function: `constant + Σ factor × value`. Where one of its values is missing, the leaf's plain
/// value is taken.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Linear {
    /// What is added whatever the values are.
    #[n(0)]
    pub constant: f64,
    /// Columns, by their places.
    #[n(1)]
    pub columns: Vec<u32>,
    /// The factor of each.
    #[n(2)]
    pub factors: Vec<f64>,
}

/// A tree with one question a level. A row's leaf is the number whose bit `i` is set where level `i` is answered no.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Oblivious {
    /// The questions, from the lowest bit up.
    #[n(0)]
    pub levels: Vec<Question>,
    /// What each of the `2^levels` leaves adds.
    #[n(1)]
    pub leaves: Vec<f64>,
    /// Weight of the training rows in each leaf; empty if unknown.
    #[n(2)]
    pub covers: Vec<f64>,
}

/// How leaves become one number: `scale × (start + Σ) + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub struct Sum {
    /// What the sum begins with.
    #[n(0)]
    pub start: f64,
    /// How it is rounded after each tree.
    #[n(1)]
    pub rounding: Rounding,
    /// What it is multiplied by: one over the number of trees where they are averaged.
    #[n(2)]
    pub scale: f64,
    /// What is added at the end.
    #[n(3)]
    pub offset: f64,
}

impl Default for Sum {
    /// The plain sum of the leaves.
    fn default() -> Sum {
        Sum { start: 0.0, rounding: Rounding::Double, scale: 1.0, offset: 0.0 }
    }
}

impl Sum {
    /// The sum so far and one leaf more.
    #[inline(always)]
    pub fn add(self, so_far: f64, leaf: f64) -> f64 {
        match self.rounding {
            Rounding::Double => so_far + leaf,
            // The sum of two single-precision numbers, rounded to double and then to single precision, is
            // the same as rounded once.
            Rounding::Single => f64::from((so_far + leaf) as f32),
        }
    }

    /// The end of the sum.
    #[inline(always)]
    pub fn close(self, sum: f64) -> f64 {
        self.scale * sum + self.offset
    }
}

/// How a sum is rounded after each tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Rounding {
    /// To double precision.
    #[n(0)]
    Double,
    /// To single precision, as XGBoost adds.
    #[n(1)]
    Single,
}

/// How the sum becomes a probability.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub enum Link {
    /// It is not one: the sum is the answer.
    #[n(0)]
    Identity,
    /// `1 / (1 + e^(−steepness × sum))`.
    #[n(1)]
    Logistic {
        /// 1 but for LightGBM models with another `sigmoid`.
        #[n(0)]
        steepness: f64,
    },
}

impl Link {
    /// The answer for a sum.
    #[inline(always)]
    pub fn of(self, raw: f64) -> f64 {
        match self {
            Link::Identity => raw,
            Link::Logistic { steepness } => crate::math::logistic(steepness * raw),
        }
    }
}

#[cfg(test)]
mod tests;
