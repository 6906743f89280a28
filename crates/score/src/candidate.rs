//! What races: the candidates for each kind of model and effort.

use crate::encode::Categories;
use crate::grow::{GrowSpec, Shape, Thresholds, tree_work};
use crate::logistic::Penalty;
use crate::member::card_work;

/// What kind of model is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// One scorecard.
    Scorecard,
    /// Trees alone.
    Trees,
    /// Whatever joins best.
    Auto,
}

/// How much is tried. Counted in folds, candidates and trees, never in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A look: few candidates, one deal of folds.
    Fast,
    /// What a model for use is trained with.
    Normal,
    /// More of everything.
    Best,
}

impl Effort {
    /// Deals of folds, folds of each, and how many folds the first heat runs on.
    pub fn folds(self, rows: usize) -> (usize, usize, usize) {
        match (self, rows) {
            (Effort::Fast, 0..12_000) => (1, 5, 2),
            (Effort::Fast, _) => (1, 3, 1),
            (_, 0..2_000) => (5, 5, 5),
            (_, 2_000..12_000) => (2, 5, 3),
            _ => (1, 3, 1),
        }
    }

    /// How many candidates run on all folds, if the work allows.
    pub fn finalists(self) -> usize {
        match self {
            Effort::Fast => 3,
            Effort::Normal => 9,
            Effort::Best => 12,
        }
    }

    /// With how many seeds the chosen are fitted on all rows, if the work allows.
    pub fn seeds(self) -> usize {
        match self {
            Effort::Fast => 1,
            Effort::Normal => 5,
            Effort::Best => 10,
        }
    }

    /// How much may be done for a model of so many rows, in numbers added up: see [`crate::grow::Boosted::work`].
    ///
    /// At normal effort this is about half of what two cores do in a minute below 5,000 rows, in three minutes below 50,000 and in seven
    /// beyond.
    pub fn allowance(self, rows: usize) -> u64 {
        let seconds = match rows {
            0..5_000 => 60,
            5_000..50_000 => 180,
            _ => 400,
        };
        let normal = seconds * WORK_A_SECOND;
        match self {
            Effort::Fast => normal / 8,
            Effort::Normal => normal,
            Effort::Best => normal * 4,
        }
    }
}

/// Highest rate of learning, however little work is allowed.
const RATE_MAX: f64 = 0.15;
/// What two cores are allowed for a second of the time aimed at.
const WORK_A_SECOND: u64 = 450_000_000;

/// One way to make a member.
#[derive(Clone, Debug, PartialEq)]
pub enum Candidate {
    /// A scorecard with this penalty.
    Card(Penalty),
    /// Boosted trees.
    Trees {
        /// How they grow.
        grow: GrowSpec,
        /// How they are given categories.
        categories: Categories,
        /// Numbers of trees to choose from.
        keep_at: Vec<usize>,
    },
}

impl Candidate {
    /// Candidates of one family make like errors; the race keeps the best of each.
    pub fn family(&self) -> u8 {
        match self {
            Candidate::Card(_) => 0,
            Candidate::Trees { grow, .. } => match (grow.thresholds, grow.shape) {
                (Thresholds::Drawn, _) => 1,
                (_, Shape::LeafWise(_)) => 2,
                (_, Shape::DepthWise(_)) => 3,
                (_, Shape::Oblivious(_)) => 4,
            },
        }
    }

    /// Numbers of trees to choose from; none for cards.
    pub fn keep_at(&self) -> &[usize] {
        match self {
            Candidate::Card(_) => &[],
            Candidate::Trees { keep_at, .. } => keep_at,
        }
    }

    /// What it costs at most on so many rows and inputs.
    pub(crate) fn work_at_most(&self, rows: usize, inputs: usize) -> u64 {
        match self {
            Candidate::Card(_) => card_work(rows, inputs),
            Candidate::Trees { grow, keep_at, .. } => {
                let trees = keep_at.last().copied().unwrap_or(0) as u64;
                let part = |all: usize, share: f64| (all as f64 * share).ceil() as usize;
                let leaves = match grow.shape {
                    Shape::LeafWise(leaves) => leaves as usize,
                    Shape::DepthWise(depth) | Shape::Oblivious(depth) => 1 << depth.min(12),
                };
                trees * tree_work(part(rows, grow.rows_share), part(inputs, grow.inputs_share), leaves, rows)
            }
        }
    }

    /// Its settings in a line.
    pub fn describe(&self) -> String {
        match self {
            Candidate::Card(penalty) => format!("scorecard, lasso {}, ridge {}", penalty.lasso, penalty.ridge),
            Candidate::Trees { grow, categories, .. } => {
                let shape = match grow.shape {
                    Shape::LeafWise(leaves) => format!("leaf-wise trees of {leaves} leaves"),
                    Shape::DepthWise(depth) => format!("depth-wise trees of depth {depth}"),
                    Shape::Oblivious(depth) => format!("oblivious trees of depth {depth}"),
                };
                let drawn = if grow.thresholds == Thresholds::Drawn { ", thresholds drawn" } else { "" };
                let categories = match categories {
                    Categories::Levels => "levels".to_owned(),
                    Categories::Statistics { prior } => format!("statistics of prior {prior}"),
                    Categories::Ordered { prior } => format!("ordered statistics of prior {prior} and pairs"),
                };
                format!("{shape}{drawn}, rate {}, ridge {}, {categories}", grow.rate, grow.ridge)
            }
        }
    }
}

/// The candidates for so many rows, learning `pace` times as fast as they would if work were free; the first few are those that
/// stay where it is not.
pub fn offered(kind: ModelKind, effort: Effort, rows: usize, pace: f64) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    if kind != ModelKind::Trees {
        let penalties = [(0.0, 2.0), (1.0, 8.0), (4.0, 30.0)];
        candidates.extend(penalties.map(|(lasso, ridge)| Candidate::Card(Penalty { lasso, ridge })));
    }
    if kind != ModelKind::Scorecard {
        candidates.extend(trees(effort, rows, pace));
    }
    candidates
}

fn trees(effort: Effort, rows: usize, pace: f64) -> Vec<Candidate> {
    use Categories::{Levels, Ordered, Statistics};
    use Shape::{DepthWise, LeafWise, Oblivious};
    use Thresholds::{All, Drawn};
    let rate = match (effort, rows) {
        (Effort::Fast, _) => 0.1,
        (Effort::Normal, 0..12_000) => 0.04,
        (Effort::Normal, _) => 0.06,
        (Effort::Best, _) => 0.03,
    };
    let soft = Statistics { prior: 30.0 };
    let sharp = Statistics { prior: 8.0 };
    let ordered = Ordered { prior: 2.0 };
    // Shape, thresholds, rate over the usual, leaf curvature, ridge, part of rows, part of inputs, categories.
    let table = [
        (LeafWise(8), All, 1.0, 3.0, 3.0, 0.8, 0.6, Levels),
        (Oblivious(5), All, 1.5, 0.0, 5.0, 0.8, 0.8, soft),
        (DepthWise(3), All, 1.0, 2.0, 2.0, 0.8, 0.5, soft),
        (LeafWise(24), All, 1.0, 8.0, 10.0, 0.7, 0.5, sharp),
        (LeafWise(4), All, 1.0, 3.0, 1.0, 0.8, 0.5, soft),
        (DepthWise(5), All, 1.0, 5.0, 10.0, 0.7, 0.4, Levels),
        (Oblivious(4), All, 1.0, 0.0, 10.0, 0.7, 0.5, Levels),
        (Oblivious(6), Drawn, 1.5, 0.0, 3.0, 0.9, 0.8, soft),
        (Oblivious(6), All, 1.0, 0.0, 5.0, 0.8, 0.8, ordered),
        (LeafWise(16), Drawn, 1.5, 3.0, 3.0, 0.9, 0.8, soft),
        (DepthWise(6), Drawn, 1.5, 2.0, 5.0, 0.9, 0.8, Levels),
        (LeafWise(32), Drawn, 1.5, 3.0, 10.0, 0.8, 0.5, sharp),
        (DepthWise(4), All, 1.0, 3.0, 5.0, 0.6, 0.3, sharp),
    ];
    let count = if effort == Effort::Fast { 4 } else { table.len() };
    table
        .into_iter()
        .take(count)
        .map(|(shape, thresholds, own, leaf_curvature, ridge, rows_share, inputs_share, categories)| {
            let rate = f64::min(rate * own * pace, RATE_MAX);
            let grow = GrowSpec { shape, thresholds, rate, leaf_curvature, ridge, rows_share, inputs_share };
            Candidate::Trees { grow, categories, keep_at: lengths(grow.rate) }
        })
        .collect()
}

/// Numbers of trees to choose from: each about a quarter more than the one before, up to what the rate asks for.
fn lengths(rate: f64) -> Vec<usize> {
    let most = (30.0 / rate).round() as usize;
    let mut lengths = Vec::new();
    let mut next = (0.8 / rate).round().max(4.0) as usize;
    while next < most {
        lengths.push(next);
        next += (next / 4).max(1);
    }
    lengths.push(most);
    lengths
}
