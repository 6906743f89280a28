//! Inputs as small whole numbers: the bin of each value, so that a histogram is a few adds a row.

use crate::bin::Trend;
use crate::encode::{Encoded, Nature};

/// Most bins of an input, the one for missing values included.
pub(super) const BINS_MAX: usize = 256;

/// Binned inputs of all rows; the bins were cut on training rows alone.
#[derive(Clone, Debug)]
pub struct Binned {
    pub(super) rows: usize,
    pub(super) inputs: Vec<BinnedInput>,
    /// Codes of the same rows with their statistics in other random orders, by the place of the input: tree after tree takes the
    /// next order.
    reordered: Vec<Vec<(usize, Vec<u8>)>>,
}

/// One input.
#[derive(Clone, Debug)]
pub(super) struct BinnedInput {
    /// Bin of each row; 0 is missing.
    pub(super) codes: Vec<u8>,
    /// Bins, the one for missing values included.
    pub(super) bins: usize,
    /// What may be asked.
    pub(super) scale: Scale,
}

/// What the bins of an input mean.
#[derive(Clone, Debug)]
pub(super) enum Scale {
    /// Bin `b` holds values up to `edges[b - 1]`; the last bin has no edge.
    Ordered { edges: Vec<f64>, trend: Trend },
    /// Bin `b` is the set number `b - 1`.
    Sets,
}

impl Binned {
    /// Cuts inputs into at most `bins_max` bins of about equal number of training rows.
    pub fn cut(encoded: &Encoded, trends: &[Trend], is_training: &[bool], bins_max: usize) -> Binned {
        let natures = encoded.encoder.natures(trends);
        let mut binned = Binned::of(&encoded.inputs, &natures, is_training, bins_max);
        for version in encoded.reordered.iter().filter(|version| !version.is_empty()) {
            let codes = |(place, values): &(usize, Vec<f64>)| match &binned.inputs[*place].scale {
                Scale::Ordered { edges, .. } => Some((*place, values.iter().map(|v| code_of(*v, edges)).collect())),
                Scale::Sets => None,
            };
            binned.reordered.push(version.iter().filter_map(codes).collect());
        }
        binned
    }

    /// Puts the codes of the next order in the place of those of the last.
    pub(super) fn turn(&mut self, tree: usize) {
        if self.reordered.is_empty() {
            return;
        }
        let version = tree % self.reordered.len();
        for (place, codes) in &mut self.reordered[version] {
            std::mem::swap(&mut self.inputs[*place].codes, codes);
        }
    }

    /// The same of inputs that have one order.
    pub(super) fn of(encoded: &[Vec<f64>], natures: &[Nature], is_training: &[bool], bins_max: usize) -> Binned {
        let inputs = encoded.iter().zip(natures).map(|(values, nature)| match nature {
            Nature::Ordered(trend) => {
                let edges = edges_of(values, is_training, bins_max.clamp(2, BINS_MAX) - 1);
                let codes = values.iter().map(|v| code_of(*v, &edges)).collect();
                BinnedInput { codes, bins: edges.len() + 2, scale: Scale::Ordered { edges, trend: *trend } }
            }
            Nature::Sets(top) => {
                let code = |v: &f64| if v.is_nan() { 0 } else { (*v as usize + 1).min(BINS_MAX - 1) as u8 };
                let codes = values.iter().map(code).collect();
                BinnedInput { codes, bins: (*top as usize + 2).min(BINS_MAX), scale: Scale::Sets }
            }
        });
        Binned { rows: is_training.len(), inputs: inputs.collect(), reordered: Vec::new() }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs.len()
    }
}

fn code_of(value: f64, edges: &[f64]) -> u8 {
    if value.is_nan() { 0 } else { 1 + edges.partition_point(|edge| *edge < value) as u8 }
}

/// Upper edges of all bins but the last: halfway between neighbouring values, so that a value not seen goes
/// to the nearer side.
fn edges_of(values: &[f64], is_training: &[bool], bins_max: usize) -> Vec<f64> {
    let mut known: Vec<f64> =
        values.iter().zip(is_training).filter(|(v, is)| **is && !v.is_nan()).map(|(v, _)| *v).collect();
    known.sort_unstable_by(f64::total_cmp);
    let groups: Vec<(f64, usize)> = known.chunk_by(|a, b| a == b).map(|g| (g[0], g.len())).collect();
    let halfway = |left: f64, right: f64| {
        let middle = left + (right - left) * 0.5;
        // Rounding may land on the right one, which has to stay right of the edge.
        if middle < right { middle } else { left }
    };
    if groups.len() <= bins_max {
        return groups.windows(2).map(|pair| halfway(pair[0].0, pair[1].0)).collect();
    }
    // Values that fill a bin alone take theirs; the others share what is left.
    let (mut edges, mut held) = (Vec::new(), 0_usize);
    let (mut rows_left, mut bins_left) = (known.len(), bins_max);
    for pair in groups.windows(2) {
        held += pair[0].1;
        let target = rows_left.div_ceil(bins_left.max(1));
        let next_is_large = held + pair[1].1 / 2 > target;
        if (held >= target || next_is_large) && edges.len() + 1 < bins_max {
            edges.push(halfway(pair[0].0, pair[1].0));
            rows_left -= held;
            bins_left = bins_left.saturating_sub(1);
            held = 0;
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each_and_many_share() {
        assert_eq!(edges_of(&[1.0, 3.0, 3.0, f64::NAN, 7.0], &[true; 5], 9), [2.0, 5.0]);
        assert_eq!(edges_of(&[1.0, 3.0, 9.0], &[true, true, false], 9), [2.0]);
        assert!(edges_of(&[f64::NAN], &[true], 9).is_empty());
        let many: Vec<f64> = (0..1_000).map(|i| f64::from(i / 2)).chain([7.0; 400]).collect();
        let edges = edges_of(&many, &vec![true; many.len()], 15);
        assert!((11..=14).contains(&edges.len()) && edges.is_sorted(), "{edges:?}");
        let binned = Binned::of(&[many], &[Nature::Ordered(Trend::Free)], &vec![true; 1_400], 16);
        assert_eq!(binned.inputs[0].bins, edges.len() + 2);
        assert!(binned.inputs[0].codes.iter().all(|c| *c >= 1 && usize::from(*c) < binned.inputs[0].bins));
    }

    #[test]
    fn neighbouring_floats_are_told_apart() {
        let a = 0.1_f64;
        let b = f64::from_bits(a.to_bits() + 1);
        assert_eq!(edges_of(&[a, b], &[true; 2], 9), [a]);
    }
}
