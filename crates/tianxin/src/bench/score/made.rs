//! Rows, trees and a scorecard by formula, for machines without the libraries that would train them.

use score::ScoreError;
use score::frame::{ColumnSpec, Frame, Kind, Schema, Values};
use score::random::Stream;
use score::sample::Past;
use score::scorecard::{Bands, CardFeature, PointScale, Scorecard};
use score::tree::{Branching, Child, Ensemble, Link, Oblivious, Question, Reading, Split, Sum, Test, Tree};

/// Columns of a row.
pub const WIDTH: usize = 30;
/// Columns that the scorecard reads: the first ones.
pub const CARD_COLUMNS: usize = 15;
/// Leaves of a branching tree, levels of an oblivious one.
const LEAVES: usize = 31;
const LEVELS: usize = 6;
/// Thresholds of a column, as histogram training has them.
const THRESHOLDS: usize = 254;

fn unit(stream: &mut Stream) -> f64 {
    (stream.next_bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Rows of 30 columns, some of few values, five in a hundred cells missing.
pub fn rows(count: usize) -> Vec<f64> {
    let mut stream = Stream::new(3);
    let mut cell = |at: usize| {
        // About normal: the sum of four even ones.
        let value = (0..4).map(|_| unit(&mut stream)).sum::<f64>() - 2.0;
        match at % WIDTH {
            _ if unit(&mut stream) < 0.05 => f64::NAN,
            5 => (46.0 + 14.0 * value).round(),
            6 => (6.0 + 3.0 * value).round(),
            column => value * (1.0 + column as f64),
        }
    };
    (0..count * WIDTH).map(&mut cell).collect()
}

/// Rows with their outcomes, as training takes them.
pub fn past(rows: &[f64], outcomes: &[u8]) -> Result<Past, ScoreError> {
    let column = |at: usize| Values::Number(rows.iter().copied().skip(at).step_by(WIDTH).collect());
    let number = || Kind::Number { specials: Vec::new(), codes_below: None, words: Vec::new() };
    let columns = (0..WIDTH).map(|at| ColumnSpec { name: at.to_string(), kind: number() }).collect();
    let frame = Frame { rows: rows.len() / WIDTH, columns: (0..WIDTH).map(column).collect() };
    Past::new(Schema { columns }, frame, outcomes.iter().map(|bad| *bad != 0).collect(), None)
}

/// Thresholds of each column, from the rows themselves.
fn thresholds(rows: &[f64]) -> Vec<Vec<f64>> {
    (0..WIDTH)
        .map(|column| {
            let mut values: Vec<f64> =
                rows.iter().copied().skip(column).step_by(WIDTH).filter(|v| !v.is_nan()).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            let step = (values.len() / THRESHOLDS).max(1);
            values.into_iter().step_by(step).collect()
        })
        .collect()
}

fn question(stream: &mut Stream, thresholds: &[Vec<f64>]) -> Question {
    let column = stream.below(WIDTH);
    let threshold = thresholds[column].get(stream.below(thresholds[column].len())).copied().unwrap_or_default();
    Question { column: column as u32, test: Test::AtMost { threshold }, missing: column.is_multiple_of(2) }
}

fn ensemble(trees: Vec<Tree>) -> Ensemble {
    Ensemble {
        columns: (0..WIDTH).map(|column| column.to_string()).collect(),
        reading: Reading::Double,
        trees,
        sum: Sum::default(),
        link: Link::Logistic { steepness: 1.0 },
    }
}

/// Trees of 31 leaves, grown by splitting a random leaf.
pub fn leafwise(trees: u32, rows: &[f64]) -> Ensemble {
    let (thresholds, mut stream) = (thresholds(rows), Stream::new(5));
    let mut grow = || {
        let mut tree = Branching { leaves: vec![0.0], ..Branching::default() };
        let mut parents: Vec<Option<(usize, bool)>> = vec![None];
        while tree.leaves.len() < LEAVES {
            let (leaf, split, fresh) = (stream.below(tree.leaves.len()), tree.splits.len(), tree.leaves.len());
            if let Some((parent, yes)) = parents[leaf] {
                let child = Child::Split(split as u32);
                *(if yes { &mut tree.splits[parent].yes } else { &mut tree.splits[parent].no }) = child;
            }
            let ask = question(&mut stream, &thresholds);
            tree.splits.push(Split { ask, yes: Child::Leaf(leaf as u32), no: Child::Leaf(fresh as u32) });
            parents[leaf] = Some((split, true));
            parents.push(Some((split, false)));
            tree.leaves.push(unit(&mut stream) * 0.1 - 0.05);
        }
        Tree::Branching(tree)
    };
    ensemble((0..trees).map(|_| grow()).collect())
}

/// Oblivious trees of depth 6.
pub fn oblivious(trees: u32, rows: &[f64]) -> Ensemble {
    let (thresholds, mut stream) = (thresholds(rows), Stream::new(6));
    let mut grow = || {
        let levels = (0..LEVELS).map(|_| question(&mut stream, &thresholds)).collect();
        let leaves = (0..1 << LEVELS).map(|_| unit(&mut stream) * 0.1 - 0.05).collect();
        Tree::Oblivious(Oblivious { levels, leaves, covers: Vec::new() })
    };
    ensemble((0..trees).map(|_| grow()).collect())
}

/// A scorecard of 15 columns with eight ranges each, named by their places.
pub fn card(rows: &[f64]) -> Scorecard {
    let mut stream = Stream::new(7);
    let features = thresholds(rows).into_iter().take(CARD_COLUMNS).enumerate().map(|(column, cuts)| CardFeature {
        name: column.to_string(),
        edges: (1..8).filter_map(|edge| cuts.get(cuts.len() * edge / 8)).map(|cut| (cut * 1e6) as i64).collect(),
        log_odds_micro: (0..8).map(|_| stream.below(1_000_000) as i64 - 500_000).collect(),
    });
    Scorecard {
        base_log_odds_micro: -2_500_000,
        features: features.collect(),
        scale: PointScale::default(),
        bands: Bands::default(),
    }
}
