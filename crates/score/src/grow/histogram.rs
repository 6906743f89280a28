//! Sums of gradient and curvature by bin, as whole numbers: exact in any order.
//!
//! A row's gradient and curvature are rounded to multiples of a power of two and packed into one
//! 64-bit number, the gradient above, the curvature (never negative) below, so that one add serves both and
//! a sibling's histogram is the parent's less the other's. The power is chosen so that no sum over all rows
//! overflows its half.

use super::binned::BINS_MAX;
use super::split::Ground;

/// Gradient and curvature of every row, packed.
pub(super) struct Slopes {
    pub(super) packed: Vec<i64>,
    /// What one unit is.
    unit: f64,
}

/// A sum of gradients and curvatures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) gradient: f64,
    pub(super) curvature: f64,
}

impl Sum {
    pub(super) fn plus(self, other: Sum) -> Sum {
        Sum { gradient: self.gradient + other.gradient, curvature: self.curvature + other.curvature }
    }

    pub(super) fn less(self, other: Sum) -> Sum {
        Sum { gradient: self.gradient - other.gradient, curvature: self.curvature - other.curvature }
    }
}

impl Slopes {
    /// Room for `rows` rows whose weights, of mean 1, add up to `weight`.
    pub(super) fn new(rows: usize, weight: f64) -> Slopes {
        let mut unit = 1.0;
        // |gradient| ≤ weight: the sum stays below 2^30 in either half.
        while weight / unit < f64::from(1 << 29) {
            unit *= 0.5;
        }
        Slopes { packed: vec![0; rows], unit }
    }

    /// Sets a row's gradient and curvature.
    #[inline(always)]
    pub(super) fn set(&mut self, row: usize, gradient: f64, curvature: f64) {
        // The unit is a power of two: its inverse is exact.
        let per_unit = 1.0 / self.unit;
        let gradient = (gradient * per_unit + 0.5).floor() as i64;
        let curvature = ((curvature * per_unit + 0.5) as i64).max(1);
        self.packed[row] = (gradient << 32) + curvature;
    }

    /// What a packed sum says.
    #[inline(always)]
    pub(super) fn sum(&self, packed: i64) -> Sum {
        Sum { gradient: (packed >> 32) as f64 * self.unit, curvature: (packed & 0xffff_ffff) as f64 * self.unit }
    }

    /// The packed sum of some rows.
    pub(super) fn total(&self, rows: &[u32]) -> i64 {
        rows.iter().map(|row| self.packed[*row as usize]).sum()
    }
}

/// Sums by bin of some inputs, in the order in which they were listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    pub(super) bins: Vec<[i64; BINS_MAX]>,
}

impl Histogram {
    /// Fills the histogram anew with some rows.
    pub(super) fn fill(&mut self, ground: Ground, rows: &[u32]) {
        self.bins.resize(ground.inputs.len(), [0; BINS_MAX]);
        // Gathered once: every input reads them in this order.
        let gathered: Vec<i64> = rows.iter().map(|row| ground.slopes.packed[*row as usize]).collect();
        for (sums, input) in self.bins.iter_mut().zip(ground.inputs) {
            let input = &ground.binned.inputs[*input];
            sums[..input.bins].fill(0);
            if rows.len() == input.codes.len() {
                // All rows, in their order: nothing to look up.
                for (code, packed) in input.codes.iter().zip(&gathered) {
                    sums[usize::from(*code)] += packed;
                }
                continue;
            }
            for (row, packed) in rows.iter().zip(&gathered) {
                sums[usize::from(input.codes[*row as usize])] += packed;
            }
        }
    }

    /// Makes the parent's sums the other child's.
    pub(super) fn subtract(&mut self, child: &Histogram, ground: Ground) {
        for ((parent, child), input) in self.bins.iter_mut().zip(&child.bins).zip(ground.inputs) {
            let bins = ground.binned.inputs[*input].bins;
            for (parent, child) in parent[..bins].iter_mut().zip(&child[..bins]) {
                *parent -= child;
            }
        }
    }
}
