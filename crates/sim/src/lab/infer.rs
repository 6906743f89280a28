//! From paired differences to a verdict: effect and interval over seeds and counties, signs, false discoveries.
//!
//! Two arms live the same county with the same seed and luck, so a difference is due to the policy alone. Counties are
//! strata: the effect is the mean of the counties' mean differences, its variance the sum of theirs.

use super::experiment::Direction;

/// Share of false discoveries that is let through among the questions of a run.
pub const FALSE_DISCOVERIES: f64 = 0.05;
/// How sure intervals are.
const CONFIDENCE: f64 = 0.95;

/// A paired effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Mean of the counties' mean differences.
    pub mean: f64,
    /// The interval at 95 %.
    pub interval: (f64, f64),
    /// Probability of such a difference or a larger one if there were none.
    pub p: f64,
    /// Pairs.
    pub pairs: usize,
    /// Mean difference of each county.
    pub counties: Vec<f64>,
    /// Part of the pairs whose difference has the sign of the mean; 0 where the mean is 0.
    pub same_sign: f64,
}

/// The effect of pairs of each county; none where a county has fewer than two.
pub fn effect(counties: &[Vec<f64>]) -> Option<Effect> {
    if counties.is_empty() || counties.iter().any(|pairs| pairs.len() < 2) {
        return None;
    }
    let strata = counties.len() as f64;
    let mean_of = |pairs: &[f64]| pairs.iter().sum::<f64>() / pairs.len() as f64;
    let means: Vec<f64> = counties.iter().map(|pairs| mean_of(pairs)).collect();
    let mean = means.iter().sum::<f64>() / strata;
    let (mut variance, mut spread) = (0.0, 0.0);
    for (pairs, mean) in counties.iter().zip(&means) {
        let n = pairs.len() as f64;
        let squares: f64 = pairs.iter().map(|x| (x - mean) * (x - mean)).sum();
        let of_county = squares / (n - 1.0) / n / strata / strata;
        variance += of_county;
        spread += of_county * of_county / (n - 1.0);
    }
    let pairs: usize = counties.iter().map(Vec::len).sum();
    // Counties differ in their variances: Welch 1947, rounded down.
    let freedom = if spread > 0.0 { (variance * variance / spread + 1e-9) as u32 } else { 1 };
    let error = variance.sqrt();
    let (half, p) = if error > 0.0 {
        (critical(freedom) * error, 2.0 * (1.0 - student(mean.abs() / error, freedom)))
    } else {
        (0.0, if mean == 0.0 { 1.0 } else { 0.0 })
    };
    let same = counties.iter().flatten().filter(|x| **x * mean > 0.0).count();
    Some(Effect {
        mean,
        interval: (mean - half, mean + half),
        p: p.clamp(0.0, 1.0),
        pairs,
        counties: means,
        same_sign: same as f64 / pairs as f64,
    })
}

impl Effect {
    /// Whether no effect lies inside the interval.
    pub fn includes_nothing(&self) -> bool {
        self.interval.0 <= 0.0 && self.interval.1 >= 0.0
    }
}

/// Student's distribution for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4); `t` not below 0.
pub fn student(t: f64, freedom: u32) -> f64 {
    let n = freedom.max(1);
    let theta = (t / f64::from(n).sqrt()).atan();
    let (sine, cosine) = (theta.sin(), theta.cos());
    let mut sum = 0.0;
    let inside = if n % 2 == 1 {
        let mut term = cosine;
        let mut k = 3;
        while k <= n {
            sum += term;
            term *= cosine * cosine * f64::from(k - 1) / f64::from(k);
            k += 2;
        }
        let rest = if n > 1 { sine * sum } else { 0.0 };
        (theta + rest) * 2.0 / std::f64::consts::PI
    } else {
        let mut term = 1.0;
        let mut k = 2;
        while k <= n {
            sum += term;
            term *= cosine * cosine * f64::from(k - 1) / f64::from(k);
            k += 2;
        }
        sine * sum
    };
    0.5 + inside / 2.0
}

/// The value that a Student variable stays within with the confidence of intervals.
fn critical(freedom: u32) -> f64 {
    let wanted = 0.5 + CONFIDENCE / 2.0;
    let (mut low, mut high) = (0.0, 1_000.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if student(middle, freedom) < wanted { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// Probabilities corrected for how many questions were asked (Benjamini and Hochberg 1995), in the same order.
pub fn corrected(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]).then(b.cmp(a)));
    let (mut least, mut corrected) = (1.0_f64, vec![1.0; p.len()]);
    for (above, at) in order.into_iter().enumerate() {
        let rank = (p.len() - above) as f64;
        least = least.min(p[at] * p.len() as f64 / rank);
        corrected[at] = least;
    }
    corrected
}

/// What a question comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes as claimed, in every county.
    Holds,
    /// It goes the other way.
    DoesNotHold,
    /// It goes as claimed overall, and not in every county.
    InPart,
    /// No difference was found, or there was nothing to compare.
    Undecided,
}

impl Verdict {
    /// In words, Chinese and English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Verdict::Holds => ("成立", "holds"),
            Verdict::DoesNotHold => ("不成立", "does not hold"),
            Verdict::InPart => ("部分成立", "holds in part"),
            Verdict::Undecided => ("未能判定", "undecided"),
        }
    }

    /// Of an effect, with its corrected probability.
    pub fn of(effect: Option<&Effect>, corrected_p: f64, expect: Direction) -> Verdict {
        let Some(effect) = effect.filter(|_| corrected_p <= FALSE_DISCOVERIES) else { return Verdict::Undecided };
        if effect.mean * expect.sign() < 0.0 {
            return Verdict::DoesNotHold;
        }
        let everywhere = effect.counties.iter().all(|mean| mean * expect.sign() > 0.0);
        if everywhere { Verdict::Holds } else { Verdict::InPart }
    }

    /// Of a claim, from those of its questions: it holds if all do, and does not if one goes the other way.
    pub fn of_claim(questions: &[Verdict]) -> Verdict {
        if questions.contains(&Verdict::DoesNotHold) {
            Verdict::DoesNotHold
        } else if questions.iter().all(|verdict| *verdict == Verdict::Holds) {
            Verdict::Holds
        } else if questions.iter().any(|verdict| matches!(verdict, Verdict::Holds | Verdict::InPart)) {
            Verdict::InPart
        } else {
            Verdict::Undecided
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn students_table_comes_out() {
        // Two-sided 95 % points of every table of Student's distribution.
        for (freedom, value) in [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (19, 2.093), (57, 2.002)] {
            assert!((critical(freedom) - value).abs() < 0.001, "{freedom}: {}", critical(freedom));
        }
        assert!((student(0.0, 7) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_county_that_varies_alone_decides_with_its_own_few_pairs() {
        // Welch: all the variance is of one county with two pairs, so there is one degree of freedom and no more.
        let effect = effect(&[vec![0.0, 6.0], vec![1.0, 1.0], vec![2.0, 2.0]]).unwrap();
        let error = 1.0;
        assert!((effect.interval.1 - effect.mean - 12.706 * error).abs() < 0.001, "{effect:?}");
    }

    #[test]
    fn corrected_probabilities_are_those_of_the_paper() {
        // Benjamini and Hochberg 1995, table of section 3.2: four of fifteen are rejected at 5 %.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        assert_eq!(corrected(&p).iter().filter(|q| **q <= 0.05).count(), 4);
    }

    #[test]
    fn counties_weigh_the_same_however_many_seeds_they_have() {
        let effect = effect(&[vec![1.0, 3.0], vec![-1.0, 0.0, 1.0, 0.0]]).unwrap();
        assert_eq!((effect.mean, effect.pairs, effect.counties.as_slice()), (1.0, 6, [2.0, 0.0].as_slice()));
        assert!(effect.includes_nothing());
        assert_eq!(Verdict::of(Some(&effect), 0.01, Direction::Higher), Verdict::InPart);
        assert_eq!(Verdict::of(Some(&effect), 0.01, Direction::Lower), Verdict::DoesNotHold);
        assert_eq!(Verdict::of(Some(&effect), 0.2, Direction::Higher), Verdict::Undecided);
        assert!(super::effect(&[vec![1.0]]).is_none());
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_mean_and_agrees_with_p(
            counties in proptest::collection::vec(proptest::collection::vec(-50.0..50.0_f64, 2..12), 1..4)
        ) {
            let effect = effect(&counties).unwrap();
            prop_assert!(effect.interval.0 <= effect.mean && effect.mean <= effect.interval.1);
            prop_assert!((0.0..=1.0).contains(&effect.p));
            // At 5 % test and interval say the same, but for rounding at the border.
            if (effect.p - 0.05).abs() > 1e-6 {
                prop_assert_eq!(effect.p > 0.05, effect.includes_nothing());
            }
        }

        #[test]
        fn correction_never_makes_more_certain(p in proptest::collection::vec(0.0..1.0_f64, 1..30)) {
            for (before, after) in p.iter().zip(corrected(&p)) {
                prop_assert!(after >= *before - 1e-12 && after <= 1.0);
            }
        }
    }
}
