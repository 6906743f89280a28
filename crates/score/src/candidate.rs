//! What races: the candidates for each kind of model and effort.

use crate::encode::Categories;
use crate::grow::{GrowSpec, Shape, Thresholds};
use crate::logistic::Penalty;
use crate::sample::Past;

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

    /// How many candidates run on all folds.
    pub fn finalists(self) -> usize {
        match self {
            Effort::Fast => 3,
            Effort::Normal => 7,
            Effort::Best => 10,
        }
    }

    /// With how many seeds the chosen are fitted on all rows.
    pub fn seeds(self, rows: usize) -> usize {
        match (self, rows) {
            (Effort::Fast, _) => 1,
            (Effort::Normal, 0..20_000) => 5,
            (Effort::Normal, _) => 3,
            (Effort::Best, 0..20_000) => 10,
            (Effort::Best, _) => 5,
        }
    }
}

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

    /// Rows × columns × trees that it costs at most on so many folds.
    pub fn work(&self, past: &Past, folds: usize) -> u64 {
        let trees = self.keep_at().last().copied().unwrap_or(10);
        (past.rows() * past.schema.columns.len() * trees * folds) as u64
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
                };
                format!("{shape}{drawn}, rate {}, ridge {}, {categories}", grow.rate, grow.ridge)
            }
        }
    }
}

/// The candidates for so many rows.
pub fn offered(kind: ModelKind, effort: Effort, past: &Past) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    if kind != ModelKind::Trees {
        let penalties = [(0.0, 2.0), (1.0, 8.0), (4.0, 30.0)];
        candidates.extend(penalties.map(|(lasso, ridge)| Candidate::Card(Penalty { lasso, ridge })));
    }
    if kind != ModelKind::Scorecard {
        candidates.extend(trees(effort, past.rows()));
    }
    candidates
}

fn trees(effort: Effort, rows: usize) -> Vec<Candidate> {
    use Categories::{Levels, Statistics};
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
        (LeafWise(16), Drawn, 1.5, 3.0, 3.0, 0.9, 0.8, soft),
        (DepthWise(6), Drawn, 1.5, 2.0, 5.0, 0.9, 0.8, Levels),
        (LeafWise(32), Drawn, 1.5, 3.0, 10.0, 0.8, 0.5, sharp),
        (DepthWise(4), All, 1.0, 3.0, 5.0, 0.6, 0.3, sharp),
    ];
    let count = if effort == Effort::Fast { 4 } else { table.len() };
    table
        .into_iter()
        .take(count)
        .map(|(shape, thresholds, pace, leaf_curvature, ridge, rows_share, inputs_share, categories)| {
            let grow =
                GrowSpec { shape, thresholds, rate: rate * pace, leaf_curvature, ridge, rows_share, inputs_share };
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
