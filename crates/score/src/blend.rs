//! How several models' log odds become one: non-negative weights, drawn towards equal ones.

use crate::judge::log_loss;
use crate::math::logistic;

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

    fn loss(&self, weights: &[f64]) -> f64 {
        log_loss(&self.blended(weights), self.bad, self.weights)
    }
}

/// Weights that lessen the log loss of rows left out.
///
/// Members enter one by one, the one that lessens the loss of the plain mean most first, as long as one
/// does. Their weights are then fitted with a ridge on the distance from equal weights that is the stronger the fewer
/// bads there are, and those that end at nothing leave.
pub fn blend(left_out: &LeftOut) -> Blend {
    let members = left_out.members.len();
    let equal = |chosen: &[usize]| {
        let mut weights = vec![0.0; members];
        chosen.iter().for_each(|m| weights[*m] = 1.0 / chosen.len() as f64);
        weights
    };
    let mut chosen: Vec<usize> = Vec::new();
    let mut least = f64::INFINITY;
    loop {
        let mut best: Option<(usize, f64)> = None;
        for member in (0..members).filter(|m| !chosen.contains(m)) {
            let with: Vec<usize> = chosen.iter().copied().chain([member]).collect();
            let loss = left_out.loss(&equal(&with));
            if loss < best.map_or(least, |b| b.1) {
                best = Some((member, loss));
            }
        }
        let Some((member, loss)) = best else { break };
        chosen.push(member);
        least = loss;
    }
    let bads = left_out.bad.iter().filter(|b| **b).count() as f64;
    let ridge = if bads < 500.0 { 60.0 } else { 30.0 };
    Blend { weights: fitted(left_out, &equal(&chosen), ridge) }
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
        assert!(found.weights[0] > 0.5 && found.weights[2] > 0.5 && found.weights[1] == 0.0, "{found:?}");
    }
}
