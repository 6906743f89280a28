//! From log odds that rank to probabilities that come true, learned on rows left out.
//!
//! With few bads a straight line over log odds (Platt, 1999), or, where rows left out of the fit say that it is surely better, one
//! with another slope among the risky than among the safe (beta calibration: Kull, Silva Filho and Flach, 2017). With many, isotonic regression on groups of
//! rows, each mixed with what the line says, joined by straight pieces with a part of the line's slope left in, so that
//! the map is strictly increasing and no two rows that ranked apart are made equal.

use minicbor::{Decode, Encode};

use crate::logistic;
use crate::math::{exp, ln, logistic as probability};

/// From so many bads on, the isotonic map is used.
const ISOTONIC_BADS_MIN: usize = 1_000;
/// Slopes that are believed.
const SLOPES: std::ops::RangeInclusive<f64> = 0.2..=3.0;
/// Parts in which a line and a beta map are compared.
const PARTS: usize = 5;
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
    /// `intercept + safe × ln p − risky × ln(1 − p)` where `p` is the probability of the log odds.
    #[n(2)]
    Beta {
        /// What is added.
        #[n(0)]
        intercept: f64,
        /// The slope where risk is low, above 0.
        #[n(1)]
        safe: f64,
        /// The slope where risk is high, above 0.
        #[n(2)]
        risky: f64,
    },
}

impl Calibrator {
    /// Learns the map from rows left out: a line or a beta map, or pieces where bads are many.
    pub fn fit(log_odds: &[f64], bad: &[bool], weights: &[f64]) -> Calibrator {
        let line = Calibrator::line(log_odds, bad, weights);
        if bad.iter().filter(|b| **b).count() < ISOTONIC_BADS_MIN {
            return match Calibrator::beta(log_odds, bad, weights) {
                Some(beta) if bends_surely(log_odds, bad, weights) => beta,
                _ => line,
            };
        }
        pieces(log_odds, bad, weights, &line).unwrap_or(line)
    }

    /// Learns a line from rows left out.
    pub fn line(log_odds: &[f64], bad: &[bool], weights: &[f64]) -> Calibrator {
        let mean = log_odds.iter().sum::<f64>() / log_odds.len().max(1) as f64;
        let centred: Vec<f64> = log_odds.iter().map(|z| z - mean).collect();
        let fit = logistic::fit_weighted(&[centred], bad, weights, logistic::Penalty { lasso: 0.0, ridge: 0.5 });
        // Few rows can ask for an absurd slope; a model that ranks must keep ranking.
        let slope = fit.coefficients.first().copied().unwrap_or(1.0).clamp(*SLOPES.start(), *SLOPES.end());
        Calibrator::Line { intercept: fit.intercept - slope * mean, slope }
    }

    /// Learns a beta map from rows left out. None where its slopes would be absurd.
    pub fn beta(log_odds: &[f64], bad: &[bool], weights: &[f64]) -> Option<Calibrator> {
        let (safe, risky): (Vec<f64>, Vec<f64>) = log_odds.iter().map(|z| logs(*z)).unzip();
        let fit = logistic::fit_weighted(&[safe, risky], bad, weights, logistic::Penalty { lasso: 0.0, ridge: 0.5 });
        match fit.coefficients.as_slice() {
            [safe, risky] if SLOPES.contains(safe) && SLOPES.contains(risky) => {
                Some(Calibrator::Beta { intercept: fit.intercept, safe: *safe, risky: *risky })
            }
            _ => None,
        }
    }

    /// The same map with this added to all it says: for a portfolio with more or fewer bads, all else being as it was.
    #[must_use]
    pub fn shifted(&self, by: f64) -> Calibrator {
        match self {
            Calibrator::Line { intercept, slope } => Calibrator::Line { intercept: intercept + by, slope: *slope },
            Calibrator::Beta { intercept, safe, risky } => {
                Calibrator::Beta { intercept: intercept + by, safe: *safe, risky: *risky }
            }
            Calibrator::Pieces { from, to, slope } => {
                Calibrator::Pieces { from: from.clone(), to: to.iter().map(|z| z + by).collect(), slope: *slope }
            }
        }
    }

    /// The calibrated log odds.
    pub fn apply(&self, log_odds: f64) -> f64 {
        match self {
            Calibrator::Line { intercept, slope } => intercept + slope * log_odds,
            Calibrator::Beta { intercept, safe, risky } => {
                let (low, high) = logs(log_odds);
                intercept + safe * low + risky * high
            }
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
            Calibrator::Beta { intercept, safe, risky } => {
                intercept.is_finite() && safe.is_finite() && risky.is_finite() && *safe > 0.0 && *risky > 0.0
            }
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

/// `ln p` and `−ln(1 − p)` of log odds.
fn logs(z: f64) -> (f64, f64) {
    // Of ln(1 + e^z) the form that neither overflows nor loses what is small.
    let soft = |z: f64| if z > 0.0 { z + ln(1.0 + exp(-z)) } else { ln(1.0 + exp(z)) };
    (-soft(-z), soft(z))
}

/// Whether a beta map costs less than a line on rows that neither learned from, by more than its standard error.
fn bends_surely(log_odds: &[f64], bad: &[bool], weights: &[f64]) -> bool {
    let mut order: Vec<usize> = (0..bad.len()).collect();
    order.sort_unstable_by(|a, b| log_odds[*a].total_cmp(&log_odds[*b]).then(bad[*a].cmp(&bad[*b])));
    let mut gains = Vec::with_capacity(bad.len());
    for part in 0..PARTS {
        // Every fifth in the order of risk: parts are alike, and do not follow from the order of the rows.
        let is_held = |place: usize| place % PARTS == part;
        let seen: Vec<usize> = order.iter().enumerate().filter(|(at, _)| !is_held(*at)).map(|(_, row)| *row).collect();
        let pick = |values: &[f64]| seen.iter().map(|row| values[*row]).collect::<Vec<f64>>();
        let (z, w) = (pick(log_odds), pick(weights));
        let outcomes: Vec<bool> = seen.iter().map(|row| bad[*row]).collect();
        let line = Calibrator::line(&z, &outcomes, &w);
        let Some(beta) = Calibrator::beta(&z, &outcomes, &w) else { return false };
        for (_, row) in order.iter().enumerate().filter(|(at, _)| is_held(*at)) {
            let cost = |map: &Calibrator| {
                let z = map.apply(log_odds[*row]);
                let right = probability(if bad[*row] { z } else { -z });
                -weights[*row] * ln(right)
            };
            gains.push(cost(&line) - cost(&beta));
        }
    }
    let rows = gains.len().max(2) as f64;
    let mean = gains.iter().sum::<f64>() / rows;
    let variance = gains.iter().map(|g| (g - mean) * (g - mean)).sum::<f64>() / (rows - 1.0);
    mean > (variance / rows).sqrt()
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
    fn a_map_that_bends_is_found_and_one_that_does_not_stays_a_line() {
        let mut stream = Stream::new(4);
        for bends in [true, false] {
            let (mut z, mut bad) = (Vec::new(), Vec::new());
            for _ in 0..3_000 {
                let said = (stream.below(6_000) as f64 - 4_500.0) / 1_000.0;
                let (low, high) = logs(said);
                let truth = if bends { 0.4 + 2.2 * low + 0.5 * high } else { 0.2 + 0.9 * said };
                bad.push((stream.below(1_000_000) as f64 / 1e6) < probability(truth));
                z.push(said);
            }
            assert!(bad.iter().filter(|b| **b).count() < ISOTONIC_BADS_MIN);
            let map = Calibrator::fit(&z, &bad, &vec![1.0; z.len()]);
            match map {
                Calibrator::Beta { safe, risky, .. } if bends => assert!(safe > 1.5 && risky < 0.9, "{map:?}"),
                Calibrator::Line { slope, .. } if !bends => assert!((slope - 0.9).abs() < 0.15, "{map:?}"),
                _ => panic!("{map:?}"),
            }
            let ranks: Vec<f64> = (-400..400).map(|i| map.apply(f64::from(i) * 0.1)).collect();
            assert!(map.is_sound() && ranks.is_sorted_by(|a, b| a < b));
            assert!((map.shifted(0.7).apply(-1.0) - map.apply(-1.0) - 0.7).abs() < 1e-12);
        }
    }

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
