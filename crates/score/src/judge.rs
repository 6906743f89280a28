//! What a model's probabilities are worth on rows whose outcome is known.

use serde::Serialize;

use crate::logistic;
use crate::math::{ln, logistic as probability};

/// Probabilities closer to 0 or 1 than this are held there, so that one row cannot cost without bound.
const EDGE: f64 = 1e-9;
/// Groups of the calibration error.
const GROUPS: usize = 20;

/// The figures of a model on some rows. `None` where a class is empty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Rows.
    pub rows: usize,
    /// Bad ones.
    pub bads: usize,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Lower end of its 95 % interval, by DeLong, DeLong and Clarke-Pearson (1988).
    pub auc_low: f64,
    /// Upper end.
    pub auc_high: f64,
    /// Kolmogorov-Smirnov distance.
    pub ks: f64,
    /// 2 AUC − 1.
    pub gini: f64,
    /// Mean squared distance of probability and outcome.
    pub brier: f64,
    /// Mean negative log likelihood.
    pub log_loss: f64,
    /// Average precision: area under precision over recall.
    pub pr_auc: f64,
    /// Expected calibration error: mean distance of mean probability and bad rate over 20 groups of equal number.
    pub ece: f64,
    /// Slope of the outcome's log odds over the model's; 1 is right.
    pub slope: f64,
    /// Log odds by which the model is off in the large; 0 is right.
    pub intercept: f64,
}

/// Judges probabilities of bad. None if a class is empty.
pub fn judge(probability_bad: &[f64], bad: &[bool]) -> Option<Figures> {
    let bads = bad.iter().filter(|b| **b).count();
    if bads == 0 || bads == bad.len() {
        return None;
    }
    let held: Vec<f64> = probability_bad.iter().map(|p| p.clamp(EDGE, 1.0 - EDGE)).collect();
    let rows = bad.len() as f64;
    let (area, deviation) = delong(probability_bad, bad)?;
    let (mut brier, mut log_loss) = (0.0, 0.0);
    for (p, bad) in held.iter().zip(bad) {
        let outcome = if *bad { 1.0 } else { 0.0 };
        brier += (p - outcome) * (p - outcome) / rows;
        log_loss -= ln(if *bad { *p } else { 1.0 - p }) / rows;
    }
    let (ks, pr_auc) = curves(probability_bad, bad);
    let log_odds: Vec<f64> = held.iter().map(|p| ln(p / (1.0 - p))).collect();
    let (slope, intercept) = recalibration(&log_odds, bad);
    Some(Figures {
        rows: bad.len(),
        bads,
        auc: area,
        auc_low: (area - 1.959_964 * deviation).max(0.0),
        auc_high: (area + 1.959_964 * deviation).min(1.0),
        ks,
        gini: 2.0 * area - 1.0,
        brier,
        log_loss,
        pr_auc,
        ece: calibration_error(&held, bad),
        slope,
        intercept,
    })
}

/// The area under the ROC curve; ties count half. None if a class is empty.
pub fn area(risk: &[f64], bad: &[bool]) -> Option<f64> {
    delong(risk, bad).map(|(area, _)| area)
}

/// Mean log loss of log odds, rows weighted.
pub fn log_loss(log_odds: &[f64], bad: &[bool], weights: &[f64]) -> f64 {
    let (mut loss, mut weight) = (0.0, 0.0);
    for ((z, bad), w) in log_odds.iter().zip(bad).zip(weights) {
        let right = if *bad { probability(*z) } else { probability(-z) };
        loss -= w * ln(right.max(EDGE));
        weight += w;
    }
    loss / f64::max(weight, EDGE)
}

/// What two models say of the same rows, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// AUC of the first less that of the second.
    pub auc_difference: f64,
    /// Its standard error (DeLong: both areas are of the same rows).
    pub auc_error: f64,
    /// Log loss of the first less that of the second.
    pub log_loss_difference: f64,
    /// Its standard error over rows.
    pub log_loss_error: f64,
    /// Brier score of the first less that of the second.
    pub brier_difference: f64,
    /// Its standard error over rows.
    pub brier_error: f64,
}

/// Compares two models' probabilities of the same rows. None if a class is empty.
pub fn paired(first: &[f64], second: &[f64], bad: &[bool]) -> Option<Paired> {
    let (a, b) = (placements(first, bad)?, placements(second, bad)?);
    let difference = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x - y).collect::<Vec<f64>>();
    let (of_bads, of_goods) = (difference(&a.0, &b.0), difference(&a.1, &b.1));
    let cost = |p: f64, bad: bool| {
        let p = p.clamp(EDGE, 1.0 - EDGE);
        let right = if bad { p } else { 1.0 - p };
        (-ln(right), (1.0 - right) * (1.0 - right))
    };
    let (mut loss, mut brier) = (Vec::new(), Vec::new());
    for ((p, q), bad) in first.iter().zip(second).zip(bad) {
        let ((loss_p, brier_p), (loss_q, brier_q)) = (cost(*p, *bad), cost(*q, *bad));
        loss.push(loss_p - loss_q);
        brier.push(brier_p - brier_q);
    }
    Some(Paired {
        auc_difference: mean(&of_bads),
        auc_error: (error_square(&of_bads) + error_square(&of_goods)).sqrt(),
        log_loss_difference: mean(&loss),
        log_loss_error: error_square(&loss).sqrt(),
        brier_difference: mean(&brier),
        brier_error: error_square(&brier).sqrt(),
    })
}

/// Area and its standard error.
fn delong(risk: &[f64], bad: &[bool]) -> Option<(f64, f64)> {
    let (of_bads, of_goods) = placements(risk, bad)?;
    Some((mean(&of_bads), (error_square(&of_bads) + error_square(&of_goods)).sqrt()))
}

/// For each bad the part of goods ranked safer, for each good the part of bads ranked riskier; ties half.
fn placements(risk: &[f64], bad: &[bool]) -> Option<(Vec<f64>, Vec<f64>)> {
    let bads = bad.iter().filter(|b| **b).count();
    let goods = bad.len() - bads;
    if bads == 0 || goods == 0 {
        return None;
    }
    let mut order: Vec<usize> = (0..bad.len()).collect();
    order.sort_unstable_by(|a, b| risk[*a].total_cmp(&risk[*b]).then(a.cmp(b)));
    let mut placed = vec![0.0; bad.len()];
    let (mut goods_below, mut bads_below) = (0.0, 0.0);
    for tied in order.chunk_by(|a, b| risk[*a] == risk[*b]) {
        let b = tied.iter().filter(|row| bad[**row]).count() as f64;
        let g = tied.len() as f64 - b;
        for row in tied {
            placed[*row] = if bad[*row] {
                (goods_below + 0.5 * g) / goods as f64
            } else {
                (bads as f64 - bads_below - 0.5 * b) / bads as f64
            };
        }
        goods_below += g;
        bads_below += b;
    }
    let of = |class: bool| placed.iter().zip(bad).filter(|(_, b)| **b == class).map(|(p, _)| *p).collect();
    Some((of(true), of(false)))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The squared standard error of a mean.
fn error_square(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let m = mean(values);
    values.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / (n - 1.0) / n
}

/// Kolmogorov-Smirnov distance and average precision.
fn curves(risk: &[f64], bad: &[bool]) -> (f64, f64) {
    let mut order: Vec<usize> = (0..bad.len()).collect();
    order.sort_unstable_by(|a, b| risk[*b].total_cmp(&risk[*a]).then(a.cmp(b)));
    let all_bads = bad.iter().filter(|b| **b).count() as f64;
    let all_goods = bad.len() as f64 - all_bads;
    let (mut bads, mut goods, mut ks, mut precision) = (0.0, 0.0, 0.0_f64, 0.0);
    for tied in order.chunk_by(|a, b| risk[*a] == risk[*b]) {
        let b = tied.iter().filter(|row| bad[**row]).count() as f64;
        bads += b;
        goods += tied.len() as f64 - b;
        ks = ks.max((bads / all_bads - goods / all_goods).abs());
        precision += b / all_bads * bads / (bads + goods);
    }
    (ks, precision)
}

fn calibration_error(probability_bad: &[f64], bad: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..bad.len()).collect();
    order.sort_unstable_by(|a, b| probability_bad[*a].total_cmp(&probability_bad[*b]).then(a.cmp(b)));
    let groups = GROUPS.min(bad.len());
    let mut error = 0.0;
    for group in 0..groups {
        let part = &order[bad.len() * group / groups..bad.len() * (group + 1) / groups];
        let said: f64 = part.iter().map(|row| probability_bad[*row]).sum();
        let came = part.iter().filter(|row| bad[**row]).count() as f64;
        error += (said - came).abs() / bad.len() as f64;
    }
    error
}

/// Slope over the log odds, and the shift with the slope held at 1 (Cox, 1958).
fn recalibration(log_odds: &[f64], bad: &[bool]) -> (f64, f64) {
    let middle = mean(log_odds);
    let centred: Vec<f64> = log_odds.iter().map(|z| z - middle).collect();
    let slope = logistic::fit(&[centred], bad, 1e-6).coefficients.first().copied().unwrap_or(0.0);
    let bads = bad.iter().filter(|b| **b).count() as f64;
    let (mut low, mut high) = (-20.0, 20.0);
    for _ in 0..60 {
        let shift = 0.5 * (low + high);
        let expected: f64 = log_odds.iter().map(|z| probability(z + shift)).sum();
        if expected < bads { low = shift } else { high = shift }
    }
    (slope, 0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_cases() {
        let figures = judge(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]).unwrap();
        assert_eq!((figures.auc, figures.gini, figures.ks), (0.75, 0.5, 0.5));
        assert!((figures.pr_auc - 0.833_333_3).abs() < 1e-6);
        assert!((figures.brier - (0.01 + 0.16 + 0.4225 + 0.04) / 4.0).abs() < 1e-12);
        assert!((figures.ece - (0.1 + 0.4 + 0.65 + 0.2) / 4.0).abs() < 1e-9);
        assert!(judge(&[0.1], &[true]).is_none() && area(&[], &[]).is_none());
        let tied = judge(&[0.5; 4], &[false, true, true, false]).unwrap();
        assert_eq!((tied.auc, tied.intercept.abs() < 1e-9), (0.5, true));
        assert!(tied.auc_low <= 0.5 && tied.auc_high >= 0.5);
    }

    #[test]
    fn what_is_said_comes_true_and_what_is_overstated_shows() {
        let p: Vec<f64> = (0..4_000).map(|i| 0.05 + 0.9 * f64::from(i % 100) / 100.0).collect();
        let bad: Vec<bool> = (0..4_000).map(|i| f64::from((i / 100) * 37 % 40) / 40.0 < p[i as usize]).collect();
        let right = judge(&p, &bad).unwrap();
        assert!((right.slope - 1.0).abs() < 0.1 && right.intercept.abs() < 0.1 && right.ece < 0.02, "{right:?}");
        let loud: Vec<f64> = p.iter().map(|p| probability(2.0 * ln(p / (1.0 - p)) + 1.0)).collect();
        let judged = judge(&loud, &bad).unwrap();
        assert!((judged.slope - 0.5).abs() < 0.05 && judged.intercept < -0.3 && judged.auc == right.auc);
        let compared = paired(&p, &loud, &bad).unwrap();
        assert!(compared.auc_difference == 0.0 && compared.log_loss_difference < -2.0 * compared.log_loss_error);
    }

    proptest! {
        #[test]
        fn area_agrees_with_the_count_of_pairs(rows in proptest::collection::vec((0..20_i64, any::<bool>()), 2..60)) {
            let (risk, bad): (Vec<i64>, Vec<bool>) = rows.iter().copied().unzip();
            let as_real: Vec<f64> = risk.iter().map(|r| *r as f64).collect();
            match (area(&as_real, &bad), crate::metrics::auc(&risk, &bad)) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-12),
                (a, b) => prop_assert!(a.is_none() && b.is_none()),
            }
        }
    }
}
