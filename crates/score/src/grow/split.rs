//! The best question for one leaf, from its histogram.

use crate::bin::Trend;
use crate::random::Stream;

use super::binned::{BINS_MAX, Binned, BinnedInput, Scale};
use super::histogram::{Histogram, Slopes, Sum};
use super::tree::{BinQuestion, BinTest, keeps};
use super::{GrowSpec, Thresholds};

/// Most levels on the smaller side of a set.
const SET_MAX: usize = 32;
/// Ridge added where levels were ordered by their own gradients: they were chosen by what they are to predict.
const SET_RIDGE: f64 = 10.0;
/// Curvature mixed into the order of levels, so that rare ones do not lead it.
const SET_SMOOTH: f64 = 5.0;
/// Least curvature of missing rows that choose their own side.
const MISSING_CURVATURE_MIN: f64 = 1.0;
/// Least curvature of a level that is moved to the smaller side by itself.
const LEVEL_CURVATURE_MIN: f64 = 0.5;

/// Where the value of a leaf has to stay, so that what was asked above it keeps its trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Bounds {
    pub(super) const NONE: Bounds = Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// The bounds of both sides of a split that answers `yes_value` and `no_value` on an input with this
    /// trend: neither side may pass the middle.
    pub(super) fn divide(self, trend: Trend, yes_value: f64, no_value: f64) -> (Bounds, Bounds) {
        let middle = 0.5 * (yes_value + no_value);
        match trend {
            Trend::Free => (self, self),
            Trend::Rising => (Bounds { high: middle, ..self }, Bounds { low: middle, ..self }),
            Trend::Falling => (Bounds { low: middle, ..self }, Bounds { high: middle, ..self }),
        }
    }
}

/// The value of a leaf, and by how much it lessens the loss (to second order).
pub(super) fn value(sum: Sum, ridge: f64, bounds: Bounds) -> f64 {
    (-sum.gradient / (sum.curvature + ridge)).clamp(bounds.low, bounds.high)
}

/// By how much a leaf of this value lessens the loss, doubled.
pub(super) fn gain(sum: Sum, ridge: f64, value: f64) -> f64 {
    -(2.0 * sum.gradient * value + (sum.curvature + ridge) * value * value)
}

/// A question and what it gains over none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) question: BinQuestion,
    pub(super) gain: f64,
    pub(super) yes: Sum,
    pub(super) no: Sum,
}

/// The trend of an input.
pub(super) fn trend_of(binned: &Binned, input: usize) -> Trend {
    match &binned.inputs[input].scale {
        Scale::Ordered { trend, .. } => *trend,
        Scale::Sets => Trend::Free,
    }
}

/// What one tree is grown on.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) binned: &'a Binned,
    /// The inputs it sees.
    pub(super) inputs: &'a [usize],
    pub(super) slopes: &'a Slopes,
    pub(super) spec: &'a GrowSpec,
}

/// Looks for the best question of a leaf. None if no question gains anything.
pub(super) fn best(
    ground: Ground,
    histogram: &Histogram,
    total: Sum,
    bounds: Bounds,
    stream: &mut Stream,
) -> Option<Found> {
    let (slopes, spec) = (ground.slopes, ground.spec);
    let search = Search { slopes, total, bounds, spec, own: gain(total, spec.ridge, value(total, spec.ridge, bounds)) };
    let mut best: Option<Found> = None;
    for (at, input) in ground.inputs.iter().enumerate() {
        let column = &ground.binned.inputs[*input];
        let sums = &histogram.bins[at];
        let found = match &column.scale {
            Scale::Ordered { trend, .. } => search.ordered(*input, column, sums, *trend, stream),
            Scale::Sets => search.sets(*input, column, sums),
        };
        // The first of equals wins.
        best = match (best, found) {
            (Some(b), Some(f)) if f.gain > b.gain => Some(f),
            (None, found) => found,
            (best, _) => best,
        };
    }
    best.filter(|b| b.gain > 1e-9)
}

struct Search<'a> {
    slopes: &'a Slopes,
    total: Sum,
    bounds: Bounds,
    spec: &'a GrowSpec,
    own: f64,
}

impl Search<'_> {
    fn ordered(
        &self,
        input: usize,
        column: &BinnedInput,
        sums: &[i64; BINS_MAX],
        trend: Trend,
        stream: &mut Stream,
    ) -> Option<Found> {
        let missing = self.slopes.sum(sums[0]);
        let has_missing = sums[0] != 0;
        // Few rows say nothing of where the missing belong: they go with the many.
        let is_told = missing.curvature >= MISSING_CURVATURE_MIN;
        // With all values in, the question is whether there is one.
        let last = if has_missing { column.bins - 1 } else { column.bins.saturating_sub(2) };
        if last == 0 {
            return None;
        }
        let only = match self.spec.thresholds {
            Thresholds::All => None,
            Thresholds::Drawn => Some(1 + stream.below(last)),
        };
        let mut best: Option<Found> = None;
        let mut below = 0_i64;
        for (bin, packed) in sums.iter().enumerate().take(last + 1).skip(1) {
            below += packed;
            // An empty bin asks what the one before it asked.
            let is_asked = only.map_or(*packed != 0, |only| only == bin);
            if !is_asked {
                continue;
            }
            let low = self.slopes.sum(below);
            for missing_is_low in [false, true] {
                let low_is_many = 2.0 * low.curvature >= self.total.curvature;
                if (missing_is_low && !has_missing) || (has_missing && !is_told && missing_is_low != low_is_many) {
                    continue;
                }
                let yes = if missing_is_low { low.plus(missing) } else { low };
                let no = self.total.less(yes);
                let Some(gained) = self.gained(yes, no, trend, self.spec.ridge) else { continue };
                if best.as_ref().is_none_or(|b| gained > b.gain) {
                    // Where nothing was missing, what is missing later goes with the many.
                    let missing = if has_missing { missing_is_low } else { yes.curvature >= no.curvature };
                    let question = BinQuestion { input, ask: BinTest::AtMost(bin as u8), missing };
                    best = Some(Found { question, gain: gained, yes, no });
                }
            }
        }
        best
    }

    /// Levels in the order of their gradients: the best set is an initial part of that order (Fisher, 1958).
    fn sets(&self, input: usize, column: &BinnedInput, sums: &[i64; BINS_MAX]) -> Option<Found> {
        let mut levels: Vec<(f64, usize, Sum)> = Vec::new();
        for (bin, packed) in sums.iter().enumerate().take(column.bins) {
            let sum = self.slopes.sum(*packed);
            if *packed != 0 && sum.curvature >= LEVEL_CURVATURE_MIN.min(self.spec.leaf_curvature) {
                levels.push((sum.gradient / (sum.curvature + SET_SMOOTH), bin, sum));
            }
        }
        levels.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // A level against all others was not chosen from many orders.
        let ridge = if levels.len() <= 2 { self.spec.ridge } else { self.spec.ridge + SET_RIDGE };
        let mut best: Option<Found> = None;
        for backwards in [false, true] {
            let (mut yes, mut set) = (Sum::default(), [0_u64; 4]);
            for step in 0..levels.len().saturating_sub(1).min(SET_MAX) {
                let (_, bin, sum) = levels[if backwards { levels.len() - 1 - step } else { step }];
                yes = yes.plus(sum);
                set[bin / 64] |= 1 << (bin % 64);
                let no = self.total.less(yes);
                let Some(gained) = self.gained(yes, no, Trend::Free, ridge) else { continue };
                if best.as_ref().is_none_or(|b| gained > b.gain) {
                    let question = BinQuestion { input, ask: BinTest::OneOf(set), missing: set[0] & 1 == 1 };
                    best = Some(Found { question, gain: gained, yes, no });
                }
            }
        }
        best
    }

    /// What a split gains; none where a side is too small or the trend is broken.
    #[inline(always)]
    fn gained(&self, yes: Sum, no: Sum, trend: Trend, ridge: f64) -> Option<f64> {
        let least = self.spec.leaf_curvature;
        if yes.curvature < least || no.curvature < least {
            return None;
        }
        if trend == Trend::Free && self.bounds == Bounds::NONE {
            let part = |sum: Sum| sum.gradient * sum.gradient / (sum.curvature + ridge);
            return Some(part(yes) + part(no) - self.own);
        }
        let (yes_value, no_value) = (value(yes, ridge, self.bounds), value(no, ridge, self.bounds));
        keeps(trend, yes_value, no_value).then(|| gain(yes, ridge, yes_value) + gain(no, ridge, no_value) - self.own)
    }
}
