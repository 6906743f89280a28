//! Growing of gradient-boosted trees: second-order boosting on histograms of whole numbers.
//!
//! Each tree is fitted to the gradient and curvature of the log loss at the scores so far (Friedman,
//! 2001; leaf value −G/(H+λ) as in Chen and Guestrin, 2016). Gradients are rounded to whole numbers before they
//! are summed, so that a sum does not depend on its order, and neither does a tree on the order of
//! rows or the number of threads. Three shapes share one core: leaf-wise (the best leaf is split next), depth-wise
//! (level by level), oblivious (one question a level).

mod binned;
mod boost;
mod branching;
mod histogram;
mod oblivious;
mod split;
mod tree;

#[cfg(test)]
mod tests;

pub use binned::Binned;
pub(crate) use boost::tree_work;
pub use boost::{Boosted, Watch, boost};
pub use tree::Grown;

use minicbor::{Decode, Encode};

/// How trees are grown.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub struct GrowSpec {
    /// Their shape.
    #[n(0)]
    pub shape: Shape,
    /// Which thresholds are looked at.
    #[n(1)]
    pub thresholds: Thresholds,
    /// What part of a tree's answer is taken.
    #[n(2)]
    pub rate: f64,
    /// Least curvature (sum of p (1 − p)) in a leaf.
    #[n(3)]
    pub leaf_curvature: f64,
    /// Ridge λ on leaf values.
    #[n(4)]
    pub ridge: f64,
    /// Part of the rows each tree sees.
    #[n(5)]
    pub rows_share: f64,
    /// Part of the inputs each tree sees.
    #[n(6)]
    pub inputs_share: f64,
}

/// The shape of trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Shape {
    /// The leaf with most to gain is split, up to so many leaves.
    #[n(0)]
    LeafWise(#[n(0)] u32),
    /// Every leaf is split, up to this depth.
    #[n(1)]
    DepthWise(#[n(0)] u32),
    /// All leaves of a level ask the same question.
    #[n(2)]
    Oblivious(#[n(0)] u32),
}

/// Which thresholds a split chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Thresholds {
    /// All; the best is taken.
    #[n(0)]
    All,
    /// One drawn for each input, as extremely randomised trees do (Geurts, Ernst and Wehenkel, 2006).
    #[n(1)]
    Drawn,
}
