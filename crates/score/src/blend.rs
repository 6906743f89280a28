//! How several models' log odds become one: non-negative weights, drawn towards equal ones.

use crate::judge::log_loss;
use crate::math::logistic;

/// Standard errors by which a member may make the mean worse and still enter: chosen on halves of four sets, where none or one
/// were worse on the whole, and two worse on one of them.
const DOUBT: f64 = 0.5;
/// From so many bads on weights are fitted. On sets of up to 3,800 equal ones were never worse.
const FITTED_BADS_MIN: usize = 5_000;
/// What the distance from equal weights costs.
const RIDGE: f64 = 30.0;
/// Rounds of the descent.
const ROUNDS: usize = 200;

/// Weights of members.
#[derive(Clone, Debug, PartialEq)]
pub struct Blend {
    /// The weight of each member, 0 where it adds nothing.
    pub weights: Vec<f64>,
}

/// What is said of rows by members that did not see them.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut<'a> {
    /// Log odds by member and row.
    pub members: &'a [Vec<f64>],
    /// Whether each row turned bad.
    pub bad: &'a [bool],
    /// What each row counts for.
    pub weights: &'a [f64],
}

impl LeftOut<'_> {
    fn blended(&self, weights: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.bad.len()];
        for (member, weight) in self.members.iter().zip(weights).filter(|(_, w)| **w != 0.0) {
            sum.iter_mut().zip(member).for_each(|(s, z)| *s += weight * z);
        }
        sum
    }

    /// What each row costs: its log loss times its weight.
    fn costs(&self, weights: &[f64]) -> Vec<f64> {
        let rows = self.blended(weights).into_iter().zip(self.bad).zip(self.weights);
        rows.map(|((z, bad), w)| log_loss(&[z], &[*bad], &[1.0]) * w).collect()
    }

    fn loss(&self, weights: &[f64]) -> f64 {
        log_loss(&self.blended(weights), self.bad, self.weights)
    }
}

/// Weights that lessen the log loss of rows left out.
///
/// Members enter in the order of their losses. The next one stays out if it makes the plain mean worse by more than half the
/// standard error of the difference over the same rows; what looks a little worse is mostly chance, and one more member that errs
/// in its own way is worth more than that. Where bads are few their weights are equal; where they are many, weights are fitted with a
/// ridge on the distance from equal ones, and those that end at nothing leave.
pub fn blend(left_out: &LeftOut) -> Blend {
    let members = left_out.members.len();
    let equal = |chosen: &[usize]| {
        let mut weights = vec![0.0; members];
        chosen.iter().for_each(|m| weights[*m] = 1.0 / chosen.len() as f64);
        weights
    };
    let alone: Vec<f64> = (0..members).map(|member| left_out.loss(&equal(&[member]))).collect();
    let mut order: Vec<usize> = (0..members).collect();
    order.sort_by(|a, b| alone[*a].total_cmp(&alone[*b]));
    let mut chosen: Vec<usize> = Vec::new();
    let mut least: Vec<f64> = Vec::new();
    for member in order {
        let with: Vec<usize> = chosen.iter().copied().chain([member]).collect();
        let costs = left_out.costs(&equal(&with));
        if chosen.is_empty() {
            (chosen, least) = (with, costs);
            continue;
        }
        let (worse, error) = paired(&costs, &least);
        if worse <= DOUBT * error {
            chosen = with;
        }
        if worse < 0.0 {
            least = costs;
        }
    }
    let bads = left_out.bad.iter().filter(|b| **b).count();
    if bads < FITTED_BADS_MIN {
        return Blend { weights: equal(&chosen) };
    }
    Blend { weights: fitted(left_out, &equal(&chosen), RIDGE) }
}

/// The mean of the differences of two costs of the same rows, and its standard error.
fn paired(first: &[f64], second: &[f64]) -> (f64, f64) {
    let rows = first.len().max(2) as f64;
    let mean = first.iter().zip(second).map(|(a, b)| a - b).sum::<f64>() / rows;
    let square = first.iter().zip(second).map(|(a, b)| (a - b - mean) * (a - b - mean)).sum::<f64>();
    (mean, (square / (rows - 1.0) / rows).sqrt())
}

/// Cyclic Newton steps on one weight at a time, each held at 0 or above.
fn fitted(left_out: &LeftOut, towards: &[f64], ridge: f64) -> Vec<f64> {
    let mut weights = towards.to_vec();
    let mut sum = left_out.blended(&weights);
    for _ in 0..ROUNDS {
        let mut moved = 0.0_f64;
        for (member, z) in left_out.members.iter().enumerate().filter(|(m, _)| towards[*m] > 0.0) {
            let (mut slope, mut curvature) = (ridge * (weights[member] - towards[member]), ridge);
            for (row, s) in sum.iter().enumerate() {
                let p = logistic(*s);
                let outcome = if left_out.bad[row] { 1.0 } else { 0.0 };
                slope += left_out.weights[row] * (p - outcome) * z[row];
                curvature += left_out.weights[row] * p * (1.0 - p) * z[row] * z[row];
            }
            let next = (weights[member] - slope / curvature).max(0.0);
            let step = next - weights[member];
            weights[member] = next;
            sum.iter_mut().zip(z).for_each(|(s, z)| *s += step * z);
            moved = moved.max(step.abs());
        }
        if moved < 1e-5 {
            break;
        }
    }
    let all: f64 = weights.iter().sum();
    if all <= 0.0 {
        // Rows left out speak against every member, as where a later part of the time turns round: there is nothing better to say.
        return towards.to_vec();
    }
    // What weighs next to nothing costs time at every prediction.
    for weight in &mut weights {
        if *weight < 0.02 * all {
            *weight = 0.0;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn those_that_know_different_things_share_and_noise_stays_out() {
        let mut stream = Stream::new(5);
        let mut draw = || (stream.below(2_000) as f64 - 1_000.0) / 500.0;
        let (mut a, mut b, mut noise, mut bad) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..3_000 {
            let (x, y) = (draw(), draw());
            a.push(x);
            b.push(y);
            noise.push(draw());
            bad.push(draw() < x + y);
        }
        let weights = vec![1.0; bad.len()];
        let members = [a, noise, b];
        let found = blend(&LeftOut { members: &members, bad: &bad, weights: &weights });
        assert!(found.weights[0] > 0.4 && found.weights[2] > 0.4 && found.weights[1] == 0.0, "{found:?}");
        // Two that know the same and err each in its own way share alike.
        let erring = |shift: usize| -> Vec<f64> {
            let noise = members[1].iter().cycle().skip(shift);
            members[0].iter().zip(&members[2]).zip(noise).map(|((a, b), noise)| a + b + noise).collect()
        };
        let members = [erring(0), erring(7)];
        let found = blend(&LeftOut { members: &members, bad: &bad, weights: &weights });
        assert_eq!(found.weights, [0.5, 0.5]);
    }
}
