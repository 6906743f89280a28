//! How soon random cuts leave a row alone: along single columns, or along drawn directions.

use score::math::ln;
use score::random::Stream;

use super::near::Scale;
use super::unit;

/// Trees of a forest, and rows that each is grown on.
const TREES: usize = 100;
const SAMPLE: usize = 256;
/// Columns of an oblique cut.
const OBLIQUE: usize = 3;

/// A forest of random cuts.
#[derive(Clone, Debug)]
pub(super) struct Forest {
    trees: Vec<Vec<Node>>,
    scale: Option<Scale>,
}

#[derive(Clone, Debug)]
enum Node {
    /// Columns with their weights, the cut, and where it goes on below it and from it on.
    Cut { along: Vec<(usize, f64)>, at: f64, below: usize, above: usize },
    /// Cuts so far, and what more it would take to part the rows left.
    Leaf(f64),
}

impl Forest {
    /// Grows a forest: of oblique cuts where a scale is given, in which columns can be added up.
    pub(super) fn grow(rows: &[Vec<f64>], scale: Option<Scale>, stream: &mut Stream) -> Forest {
        let size = SAMPLE.min(rows.len());
        let depth_max = usize::BITS - (size.max(2) - 1).leading_zeros();
        let mut forest = Forest { trees: Vec::with_capacity(TREES), scale };
        for _ in 0..TREES {
            let mut drawn: Vec<Vec<f64>> = draw(rows.len(), size, stream)
                .into_iter()
                .map(|at| forest.scale.as_ref().map_or_else(|| rows[at].clone(), |scale| scale.of(&rows[at])))
                .collect();
            let mut tree = Vec::new();
            let is_oblique = forest.scale.is_some();
            cut(&mut drawn, 0, depth_max, is_oblique, &mut tree, stream);
            forest.trees.push(tree);
        }
        forest
    }

    /// Minus the mean number of cuts.
    pub(super) fn score(&self, row: &[f64]) -> f64 {
        let scaled;
        let row = match &self.scale {
            None => row,
            Some(scale) => {
                scaled = scale.of(row);
                &scaled
            }
        };
        let depth = |tree: &Vec<Node>| {
            let mut at = 0;
            loop {
                match &tree[at] {
                    Node::Leaf(depth) => return *depth,
                    Node::Cut { along, at: cut, below, above } => {
                        let place: f64 = along.iter().map(|(column, weight)| row[*column] * weight).sum();
                        at = if place < *cut { *below } else { *above };
                    }
                }
            }
        };
        -self.trees.iter().map(depth).sum::<f64>() / self.trees.len() as f64
    }
}

/// Different rows, so many of all.
pub(super) fn draw(all: usize, count: usize, stream: &mut Stream) -> Vec<usize> {
    let mut places: Vec<usize> = (0..all).collect();
    for at in 0..count.min(all) {
        let other = at + stream.below(all - at);
        places.swap(at, other);
    }
    places.truncate(count);
    places
}

fn cut(
    rows: &mut [Vec<f64>],
    depth: u32,
    depth_max: u32,
    is_oblique: bool,
    tree: &mut Vec<Node>,
    stream: &mut Stream,
) -> usize {
    let own = tree.len();
    tree.push(Node::Leaf(f64::from(depth) + more_cuts(rows.len())));
    if depth >= depth_max || rows.len() <= 1 {
        return own;
    }
    let width = rows[0].len();
    // A column in which all are equal cannot be cut: a few others are tried.
    for _ in 0..4 {
        let along: Vec<(usize, f64)> = if is_oblique {
            let columns = draw(width, OBLIQUE.min(width), stream);
            columns.into_iter().map(|column| (column, normal(stream))).collect()
        } else {
            vec![(stream.below(width), 1.0)]
        };
        let place = |row: &[f64]| along.iter().map(|(column, weight)| row[*column] * weight).sum::<f64>();
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for row in rows.iter() {
            let at = place(row);
            (low, high) = (low.min(at), high.max(at));
        }
        if high <= low {
            continue;
        }
        let at = low + unit(stream) * (high - low);
        rows.sort_by_key(|row| place(row) >= at);
        let middle = rows.partition_point(|row| place(row) < at);
        let (left, right) = rows.split_at_mut(middle);
        let below = cut(left, depth + 1, depth_max, is_oblique, tree, stream);
        let above = cut(right, depth + 1, depth_max, is_oblique, tree, stream);
        tree[own] = Node::Cut { along, at, below, above };
        return own;
    }
    own
}

/// Mean cuts of an unsuccessful search in a binary tree of so many rows: 2 H(n − 1) − 2 (n − 1) / n.
fn more_cuts(rows: usize) -> f64 {
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        n => 2.0 * (ln(n as f64 - 1.0) + 0.577_215_664_9) - 2.0 * (n as f64 - 1.0) / n as f64,
    }
}

/// Nearly normal: the sum of twelve uniform numbers less six.
fn normal(stream: &mut Stream) -> f64 {
    (0..12).map(|_| unit(stream)).sum::<f64>() - 6.0
}
