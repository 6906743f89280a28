//! Oblivious trees: the question that gains most over all leaves of a level is asked of all of them.

use crate::bin::Trend;
use crate::random::Stream;

use super::Thresholds;
use super::binned::{BINS_MAX, Scale};
use super::histogram::{Histogram, Sum};
use super::split::{Bounds, Ground, gain, trend_of, value};
use super::tree::{BinQuestion, BinTest, Form, Grown, keeps};

/// A leaf of the level being grown.
struct Leaf {
    begin: usize,
    end: usize,
    histogram: Histogram,
    total: Sum,
    bounds: Bounds,
}

/// Grows one tree of at most `depth` levels on `rows` (reordered on the way).
pub(super) fn grow(ground: Ground, rows: &mut [u32], depth: u32, stream: &mut Stream) -> Grown {
    let Ground { slopes, spec, .. } = ground;
    let mut histogram = Histogram::default();
    histogram.fill(ground, rows);
    let total = slopes.sum(slopes.total(rows));
    let mut leaves = vec![Leaf { begin: 0, end: rows.len(), histogram, total, bounds: Bounds::NONE }];
    let mut levels: Vec<BinQuestion> = Vec::new();
    while (levels.len() as u32) < depth {
        let Some(question) = best(ground, &leaves, stream) else { break };
        let is_last = levels.len() as u32 + 1 == depth;
        leaves = divide(ground, rows, leaves, question, is_last);
        levels.push(question);
    }
    Grown {
        form: Form::Oblivious(levels),
        leaves: leaves.iter().map(|leaf| spec.rate * value(leaf.total, spec.ridge, leaf.bounds)).collect(),
        covers: leaves.iter().map(|leaf| leaf.total.curvature).collect(),
        spans: leaves.iter().map(|leaf| leaf.begin..leaf.end).collect(),
    }
}

fn best(ground: Ground, leaves: &[Leaf], stream: &mut Stream) -> Option<BinQuestion> {
    let Ground { binned, inputs, slopes, spec } = ground;
    let mut best: Option<(BinQuestion, f64)> = None;
    for (at, input) in inputs.iter().enumerate() {
        let column = &binned.inputs[*input];
        let trend = trend_of(binned, *input);
        let is_set = matches!(column.scale, Scale::Sets);
        let only = match spec.thresholds {
            Thresholds::All => None,
            Thresholds::Drawn => Some(1 + stream.below(column.bins.saturating_sub(2).max(1))),
        };
        let has_missing = leaves.iter().any(|leaf| leaf.histogram.bins[at][0] != 0);
        for missing in [false, true] {
            if missing && (is_set || !has_missing) {
                continue;
            }
            // What each threshold (or each level against the others) gains, summed over the leaves.
            let mut gained = [0.0; BINS_MAX];
            for leaf in leaves {
                let sums = &leaf.histogram.bins[at];
                let own = gain(leaf.total, spec.ridge, value(leaf.total, spec.ridge, leaf.bounds));
                let mut below = if missing { sums[0] } else { 0 };
                let mut last = 0.0;
                let first = usize::from(!is_set);
                for bin in first..column.bins {
                    below += sums[bin];
                    if sums[bin] != 0 || bin == first {
                        let yes = slopes.sum(if is_set { sums[bin] } else { below });
                        last = both(yes, leaf.total.less(yes), trend, leaf.bounds, spec.ridge) - own;
                    } else if is_set {
                        last = 0.0;
                    }
                    gained[bin] += last;
                }
            }
            // With nothing missing, the last threshold asks nothing.
            let end = if is_set || has_missing { column.bins } else { column.bins - 1 };
            for (bin, gain) in gained.iter().enumerate().take(end).skip(usize::from(!is_set)) {
                let is_asked = only.is_none_or(|only| only == bin);
                if is_asked && *gain > best.as_ref().map_or(1e-9, |b| b.1) {
                    let question = if is_set {
                        let mut set = [0; 4];
                        set[bin / 64] = 1 << (bin % 64);
                        BinQuestion { input: *input, ask: BinTest::OneOf(set), missing: bin == 0 }
                    } else {
                        BinQuestion { input: *input, ask: BinTest::AtMost(bin as u8), missing }
                    };
                    best = Some((question, *gain));
                }
            }
        }
    }
    best.map(|(question, _)| question)
}

/// What both sides of a leaf gain together. Where they would break the trend they answer alike.
#[inline(always)]
fn both(yes: Sum, no: Sum, trend: Trend, bounds: Bounds, ridge: f64) -> f64 {
    if trend == Trend::Free && bounds == Bounds::NONE {
        let part = |sum: Sum| sum.gradient * sum.gradient / (sum.curvature + ridge);
        return part(yes) + part(no);
    }
    let (yes_value, no_value) = sides(yes, no, trend, bounds, ridge);
    gain(yes, ridge, yes_value) + gain(no, ridge, no_value)
}

fn sides(yes: Sum, no: Sum, trend: Trend, bounds: Bounds, ridge: f64) -> (f64, f64) {
    let (yes_value, no_value) = (value(yes, ridge, bounds), value(no, ridge, bounds));
    if keeps(trend, yes_value, no_value) {
        (yes_value, no_value)
    } else {
        let alike = value(yes.plus(no), ridge, bounds);
        (alike, alike)
    }
}

/// The leaves of the next level: those that answer yes first, so that a leaf's number has the bit of a level
/// set where it answered no.
fn divide(ground: Ground, rows: &mut [u32], leaves: Vec<Leaf>, question: BinQuestion, is_last: bool) -> Vec<Leaf> {
    let Ground { binned, slopes, spec, .. } = ground;
    let codes = &binned.inputs[question.input].codes;
    let trend = trend_of(binned, question.input);
    let (mut all_yes, mut all_no) = (Vec::with_capacity(leaves.len() * 2), Vec::with_capacity(leaves.len()));
    for leaf in leaves {
        let part = &mut rows[leaf.begin..leaf.end];
        let mut moved = Vec::new();
        let mut kept = 0;
        for at in 0..part.len() {
            let row = part[at];
            if question.answer(codes[row as usize]) {
                part[kept] = row;
                kept += 1;
            } else {
                moved.push(row);
            }
        }
        part[kept..].copy_from_slice(&moved);
        let middle = leaf.begin + kept;
        let yes_total = slopes.sum(slopes.total(&rows[leaf.begin..middle]));
        let no_total = leaf.total.less(yes_total);
        let (yes_value, no_value) = sides(yes_total, no_total, trend, leaf.bounds, spec.ridge);
        let (yes_bounds, no_bounds) = leaf.bounds.divide(trend, yes_value, no_value);
        let (mut yes_histogram, mut no_histogram) = (Histogram::default(), Histogram::default());
        if !is_last {
            let mut whole = leaf.histogram;
            let yes_is_small = kept * 2 <= leaf.end - leaf.begin;
            let small = if yes_is_small { leaf.begin..middle } else { middle..leaf.end };
            let mut filled = Histogram::default();
            filled.fill(ground, &rows[small]);
            whole.subtract(&filled, ground);
            (yes_histogram, no_histogram) = if yes_is_small { (filled, whole) } else { (whole, filled) };
        }
        all_yes.push(Leaf {
            begin: leaf.begin,
            end: middle,
            histogram: yes_histogram,
            total: yes_total,
            bounds: yes_bounds,
        });
        all_no.push(Leaf { begin: middle, end: leaf.end, histogram: no_histogram, total: no_total, bounds: no_bounds });
    }
    all_yes.append(&mut all_no);
    all_yes
}
