//! How far a row lies from the robust centre, in the directions in which the usual rows spread.

use super::near::Scale;

/// Rounds in which the farthest quarter is left out.
const ROUNDS: usize = 4;
/// Sweeps of the eigenvalue search.
const SWEEPS: usize = 30;

/// Centre, directions and spread along each.
#[derive(Clone, Debug)]
pub(super) struct Subspace {
    scale: Scale,
    centre: Vec<f64>,
    /// A direction with the inverse of its variance.
    directions: Vec<(Vec<f64>, f64)>,
}

impl Subspace {
    pub(super) fn of(rows: &[Vec<f64>]) -> Subspace {
        let scale = Scale::robust(rows);
        let scaled: Vec<Vec<f64>> = rows.iter().map(|row| scale.of(row)).collect();
        let mut kept: Vec<usize> = (0..rows.len()).collect();
        let mut subspace = Subspace { scale, centre: Vec::new(), directions: Vec::new() };
        for _ in 0..ROUNDS {
            subspace.fit(&scaled, &kept);
            let distances: Vec<f64> = scaled.iter().map(|row| subspace.distance(row)).collect();
            kept = (0..rows.len()).collect();
            kept.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]));
            kept.truncate((rows.len() * 3 / 4).max(2));
        }
        subspace
    }

    fn fit(&mut self, rows: &[Vec<f64>], kept: &[usize]) {
        let width = rows.first().map_or(0, Vec::len);
        let count = kept.len() as f64;
        self.centre = (0..width).map(|c| kept.iter().map(|at| rows[*at][c]).sum::<f64>() / count).collect();
        let mut spread = vec![vec![0.0; width]; width];
        for at in kept {
            let off: Vec<f64> = rows[*at].iter().zip(&self.centre).map(|(value, centre)| value - centre).collect();
            for (line, a) in spread.iter_mut().zip(&off) {
                line.iter_mut().zip(&off).for_each(|(sum, b)| *sum += a * b);
            }
        }
        for (place, line) in spread.iter_mut().enumerate() {
            line.iter_mut().for_each(|sum| *sum /= (count - 1.0).max(1.0));
            line[place] += 1e-6;
        }
        let (values, vectors) = eigen(spread);
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let least = 1e-3 * sorted.get(sorted.len() / 2).copied().unwrap_or(1.0) + 1e-9;
        let direction = |at: usize| vectors.iter().map(|line| line[at]).collect();
        self.directions = (0..width).map(|at| (direction(at), 1.0 / values[at].max(least))).collect();
    }

    fn distance(&self, scaled: &[f64]) -> f64 {
        let along = |direction: &[f64]| {
            let off = scaled.iter().zip(&self.centre).zip(direction);
            off.map(|((value, centre), part)| (value - centre) * part).sum::<f64>()
        };
        self.directions
            .iter()
            .map(|(direction, inverse)| {
                let a = along(direction);
                a * a * inverse
            })
            .sum::<f64>()
            .sqrt()
    }

    /// The distance of a row.
    pub(super) fn score(&self, row: &[f64]) -> f64 {
        self.distance(&self.scale.of(row))
    }
}

/// Eigenvalues and eigenvectors (as columns) of a symmetric matrix, by Jacobi's rotations.
fn eigen(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let mut v: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        let all: f64 = (0..n).map(|i| a[i][i] * a[i][i]).sum();
        if off <= 1e-22 * all {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q].abs() <= 1e-300 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if theta == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for line in a.iter_mut() {
                    let (x, y) = (line[p], line[q]);
                    (line[p], line[q]) = (c * x - s * y, s * x + c * y);
                }
                let (upper, lower) = a.split_at_mut(q);
                for (x, y) in upper[p].iter_mut().zip(lower[0].iter_mut()) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
                for line in v.iter_mut() {
                    let (x, y) = (line[p], line[q]);
                    (line[p], line[q]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    ((0..n).map(|i| a[i][i]).collect(), v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        let (mut values, vectors) = eigen(vec![vec![2.0, 1.0, 0.0], vec![1.0, 2.0, 0.0], vec![0.0, 0.0, 5.0]]);
        let turned = |at: usize| vectors.iter().map(|line| line[at] * line[at]).sum::<f64>();
        assert!((0..3).all(|at| (turned(at) - 1.0).abs() < 1e-12));
        values.sort_unstable_by(f64::total_cmp);
        for (got, truth) in values.iter().zip([1.0, 3.0, 5.0]) {
            assert!((got - truth).abs() < 1e-12, "{values:?}");
        }
    }
}
