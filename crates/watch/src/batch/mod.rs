//! Unusual rows of a table, when nobody says what is looked for: several families of members, each made comparable, joined by agreement.
//!
//! Families: tails of single columns (Li and others, 2022), their densities, isolation by axes and by oblique cuts (Liu and others, 2008;
//! Hariri and others, 2019), the nearest of small subsamples (Pang and others, 2015) in plain and in robust scale, and the distance from a
//! robust centre. Every member's score becomes a surprise: −log₂ of the share of rows at least as strange. A family is the mean of its members, the
//! answer the mean of those families that agree with the others. Nothing is chosen by a label, and the same rows and seed give the same bits.

mod columns;
mod isolation;
mod near;
pub mod series;
mod subspace;

use score::math::ln;
use score::random::Stream;

use columns::{Densities, Tails};
use isolation::Forest;
use near::{Near, Scale};
use subspace::Subspace;

/// Members: tails, two densities, two forests, two neighbourhoods, the subspace.
const MEMBERS: usize = 8;
/// Members of each family.
const FAMILIES: [&[usize]; 6] = [&[0], &[1, 2], &[3, 4], &[5], &[6], &[7]];
/// A family is dropped where its agreement with the others is below this share of the median agreement.
const AGREEMENT: f64 = 0.8;
/// Families that are never dropped below.
const FAMILIES_MIN: usize = 3;
/// Rows that a table needs.
pub const ROWS_MIN: usize = 32;

/// Why a table cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Too few rows.
    #[error("the table has {0} rows: at least {ROWS_MIN} are needed to say what is unusual")]
    TooFew(usize),
    /// No column, or rows of different lengths.
    #[error("row {0} has another number of columns than the first, or none")]
    Ragged(usize),
    /// A value that is no number.
    #[error("row {row}, column {column} is no finite number: fill it in or leave the column out")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
    },
}

/// What was learned of a table.
#[derive(Clone, Debug)]
pub struct Batch {
    tails: Tails,
    densities: Densities,
    forests: [Forest; 2],
    near: [Near; 2],
    subspace: Subspace,
    /// Scores of the rows by member, ascending.
    sorted: [Vec<f64>; MEMBERS],
    keeps: [bool; FAMILIES.len()],
}

impl Batch {
    /// Learns rows, and says how unusual each of them is: larger is stranger.
    pub fn learn(rows: &[Vec<f64>], seed: u64) -> Result<(Batch, Vec<f64>), BatchError> {
        check(rows)?;
        let mut stream = Stream::new(seed);
        let plain = Scale::plain(rows);
        let mut batch = Batch {
            tails: Tails::of(rows),
            densities: Densities::of(rows),
            forests: [Forest::grow(rows, None, &mut stream), Forest::grow(rows, Some(plain.clone()), &mut stream)],
            near: [Near::draw(rows, plain, &mut stream), Near::draw(rows, Scale::robust(rows), &mut stream)],
            subspace: Subspace::of(rows),
            sorted: Default::default(),
            keeps: [true; FAMILIES.len()],
        };
        let raw: Vec<[f64; MEMBERS]> = rows.iter().enumerate().map(|(at, row)| batch.raw(row, Some(at))).collect();
        for (member, sorted) in batch.sorted.iter_mut().enumerate() {
            *sorted = raw.iter().map(|scores| scores[member]).collect();
            sorted.sort_unstable_by(f64::total_cmp);
        }
        let families: Vec<[f64; FAMILIES.len()]> = raw.iter().map(|scores| batch.families(scores)).collect();
        batch.keeps = agreeing(&families);
        let scores = families.iter().map(|family| batch.join(family)).collect();
        Ok((batch, scores))
    }

    /// How unusual a row is that was not learned.
    pub fn score(&self, row: &[f64]) -> f64 {
        self.join(&self.families(&self.raw(row, None)))
    }

    /// How many families agree and are heard.
    pub fn heard(&self) -> usize {
        self.keeps.iter().filter(|keep| **keep).count()
    }

    fn raw(&self, row: &[f64], own: Option<usize>) -> [f64; MEMBERS] {
        let [histogram, order] = self.densities.score(row);
        let [axis, oblique] = [&self.forests[0], &self.forests[1]].map(|forest| forest.score(row));
        let [plain, robust] = [&self.near[0], &self.near[1]].map(|near| near.score(row, own));
        [self.tails.score(row), histogram, order, axis, oblique, plain, robust, self.subspace.score(row)]
    }

    fn families(&self, raw: &[f64; MEMBERS]) -> [f64; FAMILIES.len()] {
        FAMILIES.map(|members| {
            let sum: f64 = members.iter().map(|member| surprise(&self.sorted[*member], raw[*member])).sum();
            sum / members.len() as f64
        })
    }

    fn join(&self, families: &[f64; FAMILIES.len()]) -> f64 {
        let heard = families.iter().zip(self.keeps).filter(|(_, keep)| *keep);
        let (sum, count) = heard.fold((0.0, 0.0), |(sum, count), (family, _)| (sum + family, count + 1.0));
        sum / f64::max(count, 1.0)
    }
}

/// −log₂ of the share of learned scores that are at least as high.
fn surprise(sorted: &[f64], score: f64) -> f64 {
    let below = sorted.partition_point(|known| *known < score);
    let at_least = (sorted.len() - below) as f64;
    -ln(at_least.max(0.5) / (sorted.len() as f64 + 1.0)) / std::f64::consts::LN_2
}

/// Which families are heard: as long as more than three are left, the one that agrees least with the mean of the others goes, where its
/// correlation is below [`AGREEMENT`] of the median.
fn agreeing(rows: &[[f64; FAMILIES.len()]]) -> [bool; FAMILIES.len()] {
    let mut keeps = [true; FAMILIES.len()];
    loop {
        let kept: Vec<usize> = (0..FAMILIES.len()).filter(|at| keeps[*at]).collect();
        if kept.len() <= FAMILIES_MIN {
            return keeps;
        }
        let agreement = |family: usize| {
            let pairs = rows.iter().map(|row| {
                let others: f64 = kept.iter().filter(|other| **other != family).map(|other| row[*other]).sum();
                (row[family], others)
            });
            correlation(pairs)
        };
        let agreements: Vec<f64> = kept.iter().map(|family| agreement(*family)).collect();
        let mut sorted = agreements.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
        let least = (0..kept.len()).min_by(|a, b| agreements[*a].total_cmp(&agreements[*b])).unwrap_or(0);
        if agreements[least] >= AGREEMENT * median {
            return keeps;
        }
        keeps[kept[least]] = false;
    }
}

fn correlation(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let (mut n, mut a, mut b) = (0.0, 0.0, 0.0);
    for (x, y) in pairs.clone() {
        n += 1.0;
        a += x;
        b += y;
    }
    let (a, b) = (a / n, b / n);
    let (mut both, mut left, mut right) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        both += (x - a) * (y - b);
        left += (x - a) * (x - a);
        right += (y - b) * (y - b);
    }
    let product: f64 = left * right;
    if product > 0.0 { both / product.sqrt() } else { 0.0 }
}

fn check(rows: &[Vec<f64>]) -> Result<(), BatchError> {
    if rows.len() < ROWS_MIN {
        return Err(BatchError::TooFew(rows.len()));
    }
    let width = rows.first().map_or(0, Vec::len);
    for (place, row) in rows.iter().enumerate() {
        if row.len() != width || width == 0 {
            return Err(BatchError::Ragged(place));
        }
        if let Some(column) = row.iter().position(|value| !value.is_finite()) {
            return Err(BatchError::NotFinite { row: place, column });
        }
    }
    Ok(())
}

/// The values of a column, ascending.
fn sorted_column(rows: &[Vec<f64>], column: usize) -> Vec<f64> {
    let mut values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// A number from 0 to 1.
fn unit(stream: &mut Stream) -> f64 {
    (stream.next_bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The value at a share of an ascending column.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = ((sorted.len().saturating_sub(1)) as f64 * share) as usize;
    sorted.get(at).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A band of points, and a few that lie off it in different ways.
    fn table() -> (Vec<Vec<f64>>, usize) {
        let mut stream = Stream::new(7);
        let mut rows: Vec<Vec<f64>> = (0..600)
            .map(|_| {
                let (a, b) = (unit(&mut stream), unit(&mut stream));
                vec![a * 10.0, a * 20.0 + b, b * 3.0]
            })
            .collect();
        let usual = rows.len();
        // Far in one column; off the band though usual in each column; far in all.
        rows.extend([vec![5.0, 10.0, 40.0], vec![1.0, 19.0, 1.5], vec![-30.0, 80.0, 9.0]]);
        (rows, usual)
    }

    #[test]
    fn what_lies_off_is_strange_and_a_new_row_is_judged_alike() {
        let (rows, usual) = table();
        let (batch, scores) = Batch::learn(&rows, 3).unwrap();
        let mut ranked: Vec<usize> = (0..rows.len()).collect();
        ranked.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let places: Vec<usize> = (usual..rows.len()).map(|at| ranked.iter().position(|r| *r == at).unwrap()).collect();
        assert!(places.iter().all(|place| *place < 30), "{places:?}");
        assert!(batch.score(&[5.0, 10.5, 60.0]) > batch.score(&[5.0, 10.5, 1.5]) + 1.0);
        assert!(batch.heard() >= FAMILIES_MIN);
        assert_eq!(Batch::learn(&rows, 3).unwrap().1, scores);
    }

    #[test]
    fn tables_that_say_nothing_are_refused() {
        assert_eq!(Batch::learn(&[], 1).unwrap_err(), BatchError::TooFew(0));
        let mut rows = vec![vec![1.0, 2.0]; 40];
        // A table of equal rows has no strange one.
        let (_, scores) = Batch::learn(&rows, 1).unwrap();
        assert!(scores.iter().all(|score| *score == scores[0]));
        rows[3] = vec![1.0];
        assert_eq!(Batch::learn(&rows, 1).unwrap_err(), BatchError::Ragged(3));
        rows[3] = vec![1.0, f64::NAN];
        assert_eq!(Batch::learn(&rows, 1).unwrap_err(), BatchError::NotFinite { row: 3, column: 1 });
    }
}
