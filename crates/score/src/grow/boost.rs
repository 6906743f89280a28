//! Boosting: tree after tree on what the trees before left over.

use crate::math::{exp, ln, logistic};
use crate::random::Stream;

use super::binned::Binned;
use super::branching::{self, Limits};
use super::histogram::Slopes;
use super::oblivious;
use super::split::Ground;
use super::tree::Grown;
use super::{GrowSpec, Shape};

/// What setting gradients and scores of a row costs beside one addition.
const SLOPE_WORK: u64 = 8;
/// What looking through the bins of an input costs.
const BINS_WORK: u64 = 200;

/// Rows to boost on, with everything known of them.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    /// Whether each row is trained on; the others are only scored.
    pub is_training: &'a [bool],
    /// Whether each row turned bad.
    pub bad: &'a [bool],
    /// What each row counts for.
    pub weights: &'a [f64],
    /// Numbers of trees after which the scores of all rows are kept, ascending.
    pub keep_at: &'a [usize],
    /// Ends early when the log loss of the rows not trained on has not lessened over so many trees; what
    /// would have been kept later is then the last.
    pub patience: Option<usize>,
}

/// What boosting gave.
#[derive(Clone, Debug)]
pub struct Boosted {
    /// Log odds before the first tree.
    pub start: f64,
    /// The trees.
    pub trees: Vec<Grown>,
    /// Log odds of all rows, at each of [`Watch::keep_at`].
    pub kept: Vec<Vec<f64>>,
    /// How much was done: about one for each number added up, the same on every machine.
    pub work: u64,
}

/// Boosts up to the last of [`Watch::keep_at`] trees. Where inputs have statistics in several orders, tree after tree takes the next.
///
/// The same rows, settings and seed give the same trees, in whatever order the rows stand but for the choice
/// of rows each tree sees.
pub fn boost(binned: &mut Binned, watch: &Watch, spec: &GrowSpec, seed: u64) -> Boosted {
    let rounds = watch.keep_at.last().copied().unwrap_or(0);
    let mut stream = Stream::new(seed);
    let (mut bad_weight, mut weight) = (0.0, 0.0);
    let mut training: Vec<u32> = Vec::new();
    for row in (0..binned.rows).filter(|row| watch.is_training[*row]) {
        training.push(row as u32);
        weight += watch.weights[row];
        bad_weight += if watch.bad[row] { watch.weights[row] } else { 0.0 };
    }
    let start = ln(bad_weight.max(0.5) / (weight - bad_weight).max(0.5));
    let mut scores = vec![start; binned.rows];
    let mut slopes = Slopes::new(binned.rows, watch.weights.iter().sum::<f64>().max(1e-9));
    let mut boosted = Boosted { start, trees: Vec::with_capacity(rounds), kept: Vec::new(), work: 0 };
    let (mut least, mut least_at) = (f64::INFINITY, 0);
    let held: Vec<u32> = (0..binned.rows).filter(|row| !watch.is_training[*row]).map(|row| row as u32).collect();
    let (mut rows, mut others) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let held_out = set_slopes(&mut slopes, watch, &scores);
        if held_out < least {
            (least, least_at) = (held_out, round);
        }
        if watch.patience.is_some_and(|patience| round > least_at + patience) {
            break;
        }
        rows.clear();
        others.clear();
        others.extend_from_slice(&held);
        for row in &training {
            let seen = spec.rows_share >= 1.0 || is_drawn(&mut stream, spec.rows_share);
            (if seen { &mut rows } else { &mut others }).push(*row);
        }
        binned.turn(round);
        let inputs = draw_inputs(binned.inputs(), spec.inputs_share, &mut stream);
        let ground = Ground { binned, inputs: &inputs, slopes: &slopes, spec };
        let tree = grow_one(ground, &mut rows, &mut stream);
        tree.add_to_own(&rows, &mut scores);
        tree.add_to(binned, &others, &mut scores);
        boosted.work += tree_work(rows.len(), inputs.len(), tree.leaves.len(), binned.rows);
        boosted.trees.push(Grown { spans: Vec::new(), ..tree });
        if watch.keep_at.contains(&(round + 1)) {
            boosted.kept.push(scores.clone());
        }
    }
    while boosted.kept.len() < watch.keep_at.len() {
        boosted.kept.push(scores.clone());
    }
    boosted
}

/// What a tree costs: every row it sees is added up for every input on about every other level, the bins of every leaf are looked
/// through, and all rows get new gradients.
pub(crate) fn tree_work(rows: usize, inputs: usize, leaves: usize, all_rows: usize) -> u64 {
    let levels = u64::from(leaves.max(2).ilog2());
    (rows * inputs) as u64 * (2 + levels) / 2 + (leaves * inputs) as u64 * BINS_WORK + SLOPE_WORK * all_rows as u64
}

fn grow_one(ground: Ground, rows: &mut [u32], stream: &mut Stream) -> Grown {
    match ground.spec.shape {
        Shape::LeafWise(leaves) => {
            // Depth is held well above what so many leaves need, against chains.
            let limits = Limits { leaves: leaves.max(1) as usize, depth: 2 + leaves };
            branching::grow(ground, rows, &limits, stream)
        }
        Shape::DepthWise(depth) => {
            let limits = Limits { leaves: usize::MAX, depth };
            branching::grow(ground, rows, &limits, stream)
        }
        Shape::Oblivious(depth) => oblivious::grow(ground, rows, depth.min(12), stream),
    }
}

/// Gradient and curvature of every row; the mean log loss of the rows not trained on.
fn set_slopes(slopes: &mut Slopes, watch: &Watch, scores: &[f64]) -> f64 {
    let (mut loss, mut weight) = (0.0, 0.0);
    for (row, score) in scores.iter().enumerate() {
        let w = watch.weights[row];
        if watch.is_training[row] {
            let p = logistic(*score);
            let outcome = if watch.bad[row] { 1.0 } else { 0.0 };
            slopes.set(row, w * (p - outcome), w * p * (1.0 - p));
        } else if watch.patience.is_some() {
            let against = if watch.bad[row] { -score } else { *score };
            loss += w * ln(1.0 + exp(against));
            weight += w;
        }
    }
    loss / f64::max(weight, 1e-9)
}

fn is_drawn(stream: &mut Stream, share: f64) -> bool {
    ((stream.next_bits() >> 11) as f64) < share * (1_u64 << 53) as f64
}

/// Which inputs a tree sees, at least one, in their order.
fn draw_inputs(inputs: usize, share: f64, stream: &mut Stream) -> Vec<usize> {
    let mut all: Vec<usize> = (0..inputs).collect();
    let wanted = ((inputs as f64 * share).ceil() as usize).clamp(1, inputs.max(1));
    if wanted < inputs {
        stream.shuffle(&mut all);
        all.truncate(wanted);
        all.sort_unstable();
    }
    all
}
