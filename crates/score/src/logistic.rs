//! Logistic regression with an elastic net and coefficients that may not turn negative.
//!
//! Newton steps on the penalised likelihood; inside each, cyclic coordinate descent on the
//! quadratic with every coefficient held at 0 or above (Friedman, Hastie and Tibshirani, 2010). Weights of evidence point at risk,
//! so a negative coefficient would make a feature act against its own evidence, which in
//! small samples is noise. All sums run in row order.

use crate::math::{exp, ln, logistic};

/// Intercept and a coefficient for each column.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Log odds where all columns are 0.
    pub intercept: f64,
    /// Coefficients, each 0 or more.
    pub coefficients: Vec<f64>,
}

/// What coefficients cost, in units of the log likelihood; the intercept costs nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalty {
    /// On their sum.
    pub lasso: f64,
    /// On half the sum of their squares.
    pub ridge: f64,
}

const NEWTON_STEPS_MAX: usize = 50;
const SWEEPS_MAX: usize = 500;
const CLOSE_ENOUGH: f64 = 1e-9;

/// Fits `bad` on columns of equal length. `ridge` is the penalty on half the squared
/// coefficients (not the intercept), in units of the log likelihood.
///
/// Where a class is empty the odds are taken as if half a row of it were there.
pub fn fit(columns: &[Vec<f64>], bad: &[bool], ridge: f64) -> Fit {
    fit_weighted(columns, bad, &vec![1.0; bad.len()], Penalty { lasso: 0.0, ridge })
}

/// [`fit`] with a weight for each row and an elastic net.
pub fn fit_weighted(columns: &[Vec<f64>], bad: &[bool], weights: &[f64], penalty: Penalty) -> Fit {
    let (mut bads, mut goods) = (0.0, 0.0);
    for (bad, weight) in bad.iter().zip(weights) {
        *(if *bad { &mut bads } else { &mut goods }) += weight;
    }
    let rows = Rows { columns, bad, weights, penalty };
    let start = ln(bads.max(0.5) / goods.max(0.5));
    let mut now = Fit { intercept: start, coefficients: vec![0.0; columns.len()] };
    if bads == 0.0 || goods == 0.0 {
        return now;
    }
    let mut loss = rows.penalised(&now);
    for _ in 0..NEWTON_STEPS_MAX {
        let target = rows.newton_target(&now);
        let Some((next, next_loss)) = rows.shorten(&now, &target, loss) else {
            break;
        };
        let gain = loss - next_loss;
        (now, loss) = (next, next_loss);
        if gain < CLOSE_ENOUGH * (1.0 + loss.abs()) {
            break;
        }
    }
    now
}

/// What is fitted.
struct Rows<'a> {
    columns: &'a [Vec<f64>],
    bad: &'a [bool],
    weights: &'a [f64],
    penalty: Penalty,
}

impl Rows<'_> {
    /// Log odds of one row.
    fn log_odds(&self, fit: &Fit, row: usize) -> f64 {
        let mut sum = fit.intercept;
        for (c, column) in fit.coefficients.iter().zip(self.columns) {
            sum += c * column[row];
        }
        sum
    }

    /// Penalised negative log likelihood.
    fn penalised(&self, fit: &Fit) -> f64 {
        let mut loss = 0.0;
        for (row, bad) in self.bad.iter().enumerate() {
            let z = self.log_odds(fit, row);
            let against = if *bad { -z } else { z };
            let cost = if against > 0.0 { against + ln(1.0 + exp(-against)) } else { ln(1.0 + exp(against)) };
            loss += self.weights[row] * cost;
        }
        for c in &fit.coefficients {
            loss += 0.5 * self.penalty.ridge * c * c + self.penalty.lasso * c;
        }
        loss
    }

    /// The minimum of the quadratic that touches the penalised loss at `now`, coefficients held at 0 or above.
    fn newton_target(&self, now: &Fit) -> Fit {
        let width = self.columns.len() + 1;
        let mut gradient = vec![0.0; width];
        let mut curvature = vec![0.0; width * width];
        let mut x = vec![1.0; width];
        for (row, bad) in self.bad.iter().enumerate() {
            for (cell, column) in x[1..].iter_mut().zip(self.columns) {
                *cell = column[row];
            }
            let p = logistic(self.log_odds(now, row));
            let slope = self.weights[row] * (p - f64::from(u8::from(*bad)));
            let weight = (self.weights[row] * p * (1.0 - p)).max(1e-10);
            for i in 0..width {
                gradient[i] += slope * x[i];
                let weighted = weight * x[i];
                for (cell, x) in curvature[i * width..=i * width + i].iter_mut().zip(&x) {
                    *cell += weighted * x;
                }
            }
        }
        for i in 1..width {
            gradient[i] += self.penalty.ridge * now.coefficients[i - 1] + self.penalty.lasso;
            curvature[i * width + i] += self.penalty.ridge;
        }
        let entry = |i: usize, j: usize| {
            if i >= j { curvature[i * width + j] } else { curvature[j * width + i] }
        };
        let mut step = vec![0.0; width];
        for _ in 0..SWEEPS_MAX {
            let mut moved = 0.0_f64;
            for i in 0..width {
                let mut slope = gradient[i];
                for (j, s) in step.iter().enumerate() {
                    slope += entry(i, j) * s;
                }
                let floor = if i == 0 { f64::NEG_INFINITY } else { -now.coefficients[i - 1] };
                let next = (step[i] - slope / entry(i, i).max(1e-12)).max(floor);
                moved = moved.max((next - step[i]).abs());
                step[i] = next;
            }
            if moved < 1e-10 {
                break;
            }
        }
        Fit {
            intercept: now.intercept + step[0],
            coefficients: now.coefficients.iter().zip(&step[1..]).map(|(c, s)| (c + s).max(0.0)).collect(),
        }
    }

    /// The longest of full, half, quarter… step that lessens the loss; none if none does.
    fn shorten(&self, now: &Fit, target: &Fit, loss: f64) -> Option<(Fit, f64)> {
        let mut part = 1.0;
        for _ in 0..20 {
            let along = |a: f64, b: f64| a + part * (b - a);
            let next = Fit {
                intercept: along(now.intercept, target.intercept),
                coefficients: now.coefficients.iter().zip(&target.coefficients).map(|(a, b)| along(*a, *b)).collect(),
            };
            let next_loss = self.penalised(&next);
            if next_loss < loss {
                return Some((next, next_loss));
            }
            part *= 0.5;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn one_column_without_ridge_gives_the_odds_ratio() {
        // 30 of 40 bad where x = 1, 10 of 40 where x = 0: log odds ln 3 and -ln 3.
        let x: Vec<f64> = (0..80).map(|i| f64::from(u8::from(i < 40))).collect();
        let bad: Vec<bool> = (0..80).map(|i| if i < 40 { i < 30 } else { i < 50 }).collect();
        let found = fit(&[x], &bad, 0.0);
        assert!((found.intercept + 3_f64.ln()).abs() < 1e-6, "{found:?}");
        assert!((found.coefficients[0] - 2.0 * 3_f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn a_column_that_would_act_against_its_evidence_is_left_out() {
        let mut stream = Stream::new(3);
        let bad: Vec<bool> = (0..200).map(|_| stream.below(4) == 0).collect();
        let safe: Vec<f64> = bad.iter().map(|b| f64::from(u8::from(!*b)) + stream.below(3) as f64).collect();
        let found = fit(&[safe], &bad, 1.0);
        assert_eq!(found.coefficients, vec![0.0]);
        let share = bad.iter().filter(|b| **b).count() as f64 / 200.0;
        assert!((logistic(found.intercept) - share).abs() < 1e-6);
    }

    #[test]
    fn one_class_gives_an_intercept_only() {
        let found = fit(&[vec![1.0, 2.0]], &[true, true], 1.0);
        assert!(found.intercept > 0.0 && found.coefficients == [0.0]);
    }
}
