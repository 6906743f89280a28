//! From log odds that rank to probabilities that come true, learned on rows left out.
//!
//! With few bads a straight line over log odds (Platt, 1999). With many, isotonic regression on groups of
//! rows, each mixed with what the line says, joined by straight pieces with a part of the line's slope left in, so that
//! the map is strictly increasing and no two rows that ranked apart are made equal.

use minicbor::{Decode, Encode};

use crate::logistic;
use crate::math::{ln, logistic as probability};

/// From so many bads on, the isotonic map is used.
const ISOTONIC_BADS_MIN: usize = 1_000;
/// Rows of what the line says mixed into each group.
const PRIOR_ROWS: f64 = 20.0;
/// Part of the line that stays in the map.
const LINE_SHARE: f64 = 0.25;

/// A map from log odds to log odds, strictly increasing.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Calibrator {
    /// `intercept + slope × z`.
    #[n(0)]
    Line {
        /// At 0.
        #[n(0)]
        intercept: f64,
        /// Above 0.
        #[n(1)]
        slope: f64,
    },
    /// Straight pieces between knots; beyond the outer ones as the line goes.
    #[n(1)]
    Pieces {
        /// Log odds before, ascending.
        #[n(0)]
        from: Vec<f64>,
        /// Log odds after, ascending.
        #[n(1)]
        to: Vec<f64>,
        /// Slope beyond the ends.
        #[n(2)]
        slope: f64,
    },
}

impl Calibrator {
    /// Learns the map from rows left out: a line, or pieces where bads are many.
    pub fn fit(log_odds: &[f64], bad: &[bool], weights: &[f64]) -> Calibrator {
        let line = Calibrator::line(log_odds, bad, weights);
        if bad.iter().filter(|b| **b).count() < ISOTONIC_BADS_MIN {
            return line;
        }
        pieces(log_odds, bad, weights, &line).unwrap_or(line)
    }

    /// Learns a line from rows left out.
    pub fn line(log_odds: &[f64], bad: &[bool], weights: &[f64]) -> Calibrator {
        let mean = log_odds.iter().sum::<f64>() / log_odds.len().max(1) as f64;
        let centred: Vec<f64> = log_odds.iter().map(|z| z - mean).collect();
        let fit = logistic::fit_weighted(&[centred], bad, weights, logistic::Penalty { lasso: 0.0, ridge: 0.5 });
        // Few rows can ask for an absurd slope; a model that ranks must keep ranking.
        let slope = fit.coefficients.first().copied().unwrap_or(1.0).clamp(0.2, 3.0);
        Calibrator::Line { intercept: fit.intercept - slope * mean, slope }
    }

    /// The calibrated log odds.
    pub fn apply(&self, log_odds: f64) -> f64 {
        match self {
            Calibrator::Line { intercept, slope } => intercept + slope * log_odds,
            Calibrator::Pieces { from, to, slope } => {
                let at = from.partition_point(|knot| *knot < log_odds);
                match (at.checked_sub(1), at) {
                    (None, _) => to[0] + slope * (log_odds - from[0]),
                    (Some(left), right) if right < from.len() => {
                        let part = (log_odds - from[left]) / (from[right] - from[left]);
                        to[left] + part * (to[right] - to[left])
                    }
                    (Some(last), _) => to[last] + slope * (log_odds - from[last]),
                }
            }
        }
    }

    /// Whether the map can be used: knots in order, as many on both sides.
    pub fn is_sound(&self) -> bool {
        match self {
            Calibrator::Line { intercept, slope } => intercept.is_finite() && slope.is_finite() && *slope > 0.0,
            Calibrator::Pieces { from, to, slope } => {
                from.len() >= 2
                    && from.len() == to.len()
                    && from.is_sorted_by(|a, b| a < b)
                    && to.is_sorted_by(|a, b| a < b)
                    && *slope > 0.0
            }
        }
    }
}

fn pieces(log_odds: &[f64], bad: &[bool], weights: &[f64], line: &Calibrator) -> Option<Calibrator> {
    let slope = line.apply(1.0) - line.apply(0.0);
    let mut order: Vec<usize> = (0..bad.len()).collect();
    order.sort_unstable_by(|a, b| log_odds[*a].total_cmp(&log_odds[*b]).then(a.cmp(b)));
    let bads = bad.iter().filter(|b| **b).count();
    let groups = (bads / 50).clamp(10, 40);
    // Mean score, weight, bad weight.
    let mut pools: Vec<(f64, f64, f64)> = Vec::new();
    for group in 0..groups {
        let part = &order[bad.len() * group / groups..bad.len() * (group + 1) / groups];
        let weight: f64 = part.iter().map(|row| weights[*row]).sum();
        let score = part.iter().map(|row| weights[*row] * log_odds[*row]).sum::<f64>() / weight.max(1e-12);
        let bad_weight: f64 = part.iter().filter(|row| bad[**row]).map(|row| weights[*row]).sum();
        let said = probability(line.apply(score));
        pools.push((score, weight + PRIOR_ROWS, bad_weight + PRIOR_ROWS * said));
    }
    let mut risen: Vec<(f64, f64, f64)> = Vec::new();
    for pool in pools {
        let mut next = pool;
        while let Some(last) = risen.last().copied().filter(|last| last.2 / last.1 >= next.2 / next.1) {
            risen.pop();
            let weight = last.1 + next.1;
            next = ((last.0 * last.1 + next.0 * next.1) / weight, weight, last.2 + next.2);
        }
        risen.push(next);
    }
    let (mut from, mut to) = (Vec::new(), Vec::new());
    for (score, weight, bad_weight) in risen {
        let rate = (bad_weight / weight).clamp(1e-6, 1.0 - 1e-6);
        let mixed = (1.0 - LINE_SHARE) * ln(rate / (1.0 - rate)) + LINE_SHARE * line.apply(score);
        if from.last().is_none_or(|last| score > *last) && to.last().is_none_or(|last| mixed > *last) {
            from.push(score);
            to.push(mixed);
        }
    }
    let found = Calibrator::Pieces { from, to, slope };
    found.is_sound().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::judge;
    use crate::random::Stream;

    #[test]
    fn what_was_overstated_comes_true_and_ranks_stay() {
        let mut stream = Stream::new(9);
        for rows in [400, 6_000] {
            let (mut z, mut bad) = (Vec::new(), Vec::new());
            for _ in 0..rows {
                let truth = (stream.below(4_000) as f64 - 2_000.0) / 1_000.0;
                bad.push(stream.below(1_000_000) as f64 / 1e6 < probability(truth));
                z.push(3.0 * truth + 1.0);
            }
            let map = Calibrator::fit(&z, &bad, &vec![1.0; rows]);
            assert_eq!(matches!(map, Calibrator::Line { .. }), rows == 400);
            assert!(map.is_sound());
            let p: Vec<f64> = z.iter().map(|z| probability(map.apply(*z))).collect();
            let (before, after) =
                (judge(&z.iter().map(|z| probability(*z)).collect::<Vec<_>>(), &bad), judge(&p, &bad));
            let (before, after) = (before.unwrap(), after.unwrap());
            assert!((before.auc - after.auc).abs() < 1e-12);
            assert!((after.slope - 1.0).abs() < 0.15 && after.intercept.abs() < 0.05 && after.brier < before.brier);
        }
    }
}
