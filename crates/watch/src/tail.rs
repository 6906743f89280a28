//! Chances from what was met: a strength becomes the share of earlier steps that were at least as strong.

use crate::number::log2_milli;

/// Bins of strength, each so many thousandths of a bit wide.
const BINS: usize = 1_024;
const WIDTH_MILLI: i32 = 32;
/// Bins that are summed up together.
const BLOCK: usize = 32;
/// What the detector's own model counts for, in steps: it speaks alone before anything was met.
const PRIOR_STEPS: u64 = 200;
/// Steps after which the past counts half.
const STEPS_MAX: u64 = 1 << 22;

/// How often each strength was met.
///
/// The chance of a step is said before the step is counted, so that it is never judged by itself. Counts are halved when there are
/// four million: old times fade, and memory is bounded at 4 KiB a kind.
#[derive(Clone, Debug)]
pub struct Tail {
    counts: Box<[u32; BINS]>,
    /// Steps in each block and those above it, and a 0 at the end.
    from: [u64; BINS / BLOCK + 1],
    steps: u64,
}

impl Default for Tail {
    fn default() -> Tail {
        Tail { counts: Box::new([0; BINS]), from: [0; BINS / BLOCK + 1], steps: 0 }
    }
}

impl Tail {
    /// The chance of a strength, in millionths of millionths, of what was met so far and the detector's own model.
    pub fn chance(&self, strength_milli: i32) -> u64 {
        let strength = strength_milli.max(0);
        let bin = bin_of(strength);
        let block = bin / BLOCK;
        let above: u64 =
            self.from[block + 1] + self.counts[bin..(block + 1) * BLOCK].iter().map(|c| u64::from(*c)).sum::<u64>();
        const ONE: u64 = 1_000_000_000_000;
        // At most STEPS_MAX and the prior's steps, times ONE: 64 bits hold it.
        const { assert!(STEPS_MAX + 1 + PRIOR_STEPS < u64::MAX / ONE) };
        // 2^-strength by its whole bits, linear between them.
        let (whole, part) = ((strength / 1_000).min(39) as u32, (strength % 1_000) as u64);
        let own = (ONE >> whole) - (ONE >> (whole + 1)) * part / 1_000;
        let chance = (above * ONE + PRIOR_STEPS * own) / (self.steps + PRIOR_STEPS);
        chance.clamp(1, ONE)
    }

    /// Counts a step.
    pub fn count(&mut self, strength_milli: i32) {
        if self.steps >= STEPS_MAX {
            self.halve();
        }
        let bin = bin_of(strength_milli);
        self.counts[bin] += 1;
        // Most strengths are small: few blocks lie at or below one's own.
        self.from[..=bin / BLOCK].iter_mut().for_each(|from| *from += 1);
        self.steps += 1;
    }

    fn halve(&mut self) {
        self.counts.iter_mut().for_each(|count| *count /= 2);
        let mut above = 0;
        for (from, counts) in self.from.iter_mut().zip(self.counts.chunks(BLOCK)).rev() {
            above += counts.iter().map(|c| u64::from(*c)).sum::<u64>();
            *from = above;
        }
        self.steps = above;
    }
}

const fn bin_of(strength_milli: i32) -> usize {
    let bin = if strength_milli < 0 { 0 } else { strength_milli / WIDTH_MILLI };
    if bin as usize >= BINS { BINS - 1 } else { bin as usize }
}

/// −log₂ of a chance from [`Tail::chance`], in thousandths of a bit.
pub const fn surprise_milli(chance: u64) -> i32 {
    const ONE_MILLI: i32 = log2_milli(1_000_000_000_000);
    let surprise = ONE_MILLI - log2_milli(chance);
    if surprise < 0 { 0 } else { surprise }
}

/// Surprise of meeting `count` where `mean_milli / 1,000` is usual, if counts are Poisson: Chernoff's bound on the tail,
/// `count log₂(count / mean) − (count − mean) / ln 2`, in thousandths of a bit.
pub fn poisson_milli(count: u64, mean_milli: u64) -> i32 {
    let mean_milli = mean_milli.max(1);
    let count_milli = count.saturating_mul(1_000);
    if count_milli <= mean_milli {
        return 0;
    }
    let log = i64::from(log2_milli(count_milli) - log2_milli(mean_milli));
    let gain = count.min(1 << 20) as i64 * log;
    let cost = (count_milli - mean_milli).min(1 << 40) as i64 * 1_443 / 1_000;
    (gain - cost).clamp(0, 60_000) as i32
}

/// Surprise of lying `z_milli / 1,000` deviations above the mean: that of a normal value, `z² / (2 ln 2)`, up to three
/// deviations; beyond them it grows by 2 bits a deviation, since money has heavier tails.
pub const fn deviation_milli(z_milli: i64) -> i32 {
    if z_milli <= 0 {
        return 0;
    }
    let surprise =
        if z_milli <= 3_000 { z_milli * z_milli / 1_000 * 721 / 1_000 } else { 6_489 + (z_milli - 3_000) * 2 };
    if surprise > 32_000 {
        // Beyond, an order still: by the logarithm.
        let more = log2_milli(surprise as u64) - log2_milli(32_000);
        return 32_000 + if more > 740 { 740 } else { more / 2 };
    }
    surprise as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_chance_is_the_share_of_steps_as_strong() {
        let mut tail = Tail::default();
        // Before anything was met the detector's own model speaks: 10 bits are one in 1,024.
        assert_eq!(tail.chance(10_000) / 1_000, 976_562);
        for step in 0..100_000 {
            tail.count(if step % 100 == 0 { 5_000 } else { 100 });
        }
        let p = tail.chance(4_900) as f64 / 1e12;
        assert!((p - 0.01).abs() < 0.000_2, "{p}");
        assert_eq!(tail.chance(0), 1_000_000_000_000);
        let never = tail.chance(20_000) as f64 / 1e12;
        assert!(never < 1e-8, "{never}");
        assert!((surprise_milli(976_562_500) - 10_000).abs() < 120);
    }

    #[test]
    fn simple_models() {
        assert_eq!([0, 1_000, 2_000, 3_000, 4_000].map(deviation_milli), [0, 721, 2_884, 6_489, 8_489]);
        assert!(deviation_milli(1_000_000) > deviation_milli(20_000));
        assert_eq!(poisson_milli(2, 2_000), 0);
        // P(X ≥ 10 | 2) is 4.6e-5: 14.4 bits; the bound is a little weaker.
        let ten = poisson_milli(10, 2_000);
        assert!((10_500..14_400).contains(&ten), "{ten}");
    }

    proptest! {
        #[test]
        fn stronger_is_never_more_likely(met in proptest::collection::vec(0..40_000_i32, 0..500), a in 0..40_000_i32, b in 0..40_000_i32) {
            let mut tail = Tail::default();
            met.iter().for_each(|strength| tail.count(*strength));
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(tail.chance(low) >= tail.chance(high));
            prop_assert!(deviation_milli(i64::from(low)) <= deviation_milli(i64::from(high)));
        }
    }
}
