//! One row, portably: eight trees walk at once, on the values themselves.

use std::collections::BTreeMap;

use super::codes::{Set, set_of};
use super::highest;
use crate::tree::{Child, Ensemble, Linear, Question, Reading, Sum, Test, Tree};

/// Trees that walk together.
const LANES: usize = 8;
/// Inputs for which no memory is asked.
const INPUTS: usize = 256;

/// What an input is told by: column, where missing goes, whether zero is missing, the set.
type Place = (u32, bool, bool, Option<Set>);

#[derive(Clone, Debug)]
pub(super) struct Single {
    reading: Reading,
    /// What is asked of the row, each once: thresholds do not matter here.
    inputs: Vec<Question>,
    runs: Vec<Run>,
    sum: Sum,
}

#[derive(Clone, Debug)]
enum Run {
    Walk(Walk),
    Levels(Vec<Levels>),
    Linear(Walk, Vec<Linear>),
}

/// Branching trees, one after the other.
#[derive(Clone, Debug, Default)]
struct Walk {
    /// Splits and leaves; a leaf leads to itself.
    nodes: Vec<Node>,
    /// The value of each node that is a leaf.
    values: Vec<f64>,
    /// Root and depth of each tree.
    trees: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    threshold: f64,
    input: u32,
    next: [u32; 2],
}

#[derive(Clone, Debug)]
struct Levels {
    asked: Vec<(u32, f64)>,
    leaves: Vec<f64>,
}

impl Single {
    pub(super) fn new(ensemble: &Ensemble) -> Single {
        let reading = ensemble.reading;
        let mut single = Single { reading, inputs: Vec::new(), runs: Vec::new(), sum: ensemble.sum };
        let mut places = BTreeMap::new();
        for tree in &ensemble.trees {
            match tree {
                Tree::Oblivious(tree) => {
                    let asked = tree.levels.iter().map(|ask| single.asked(ask, &mut places)).collect();
                    let levels = Levels { asked, leaves: tree.leaves.clone() };
                    match single.runs.last_mut() {
                        Some(Run::Levels(run)) => run.push(levels),
                        _ => single.runs.push(Run::Levels(vec![levels])),
                    }
                }
                Tree::Branching(tree) => {
                    let asked: Vec<(u32, f64)> =
                        tree.splits.iter().map(|split| single.asked(&split.ask, &mut places)).collect();
                    match single.runs.last_mut() {
                        Some(Run::Walk(walk)) if tree.linear.is_empty() => walk.push(tree, &asked),
                        _ => {
                            let mut walk = Walk::default();
                            walk.push(tree, &asked);
                            let linear = tree.linear.clone();
                            single.runs.push(if linear.is_empty() {
                                Run::Walk(walk)
                            } else {
                                Run::Linear(walk, linear)
                            });
                        }
                    }
                }
            }
        }
        single
    }

    /// The input and the threshold of a question.
    fn asked(&mut self, ask: &Question, places: &mut BTreeMap<Place, u32>) -> (u32, f64) {
        let (threshold, zero) = match ask.test {
            Test::AtMost { threshold } => (highest(self.reading, threshold), false),
            Test::AtMostZeroMissing { threshold } => (highest(self.reading, threshold), true),
            Test::OneOf { .. } => (0.5, false),
        };
        let next = self.inputs.len() as u32;
        let place = *places.entry((ask.column, ask.missing, zero, set_of(ask))).or_insert(next);
        if place == next {
            self.inputs.push(ask.clone());
        }
        (place, threshold)
    }

    pub(super) fn raw(&self, row: &[f64]) -> f64 {
        let (mut few, mut many) = ([0.0; INPUTS], Vec::new());
        let inputs: &mut [f64] = match few.get_mut(..self.inputs.len()) {
            Some(few) => few,
            None => {
                many.resize(self.inputs.len(), 0.0);
                &mut many
            }
        };
        for (input, ask) in inputs.iter_mut().zip(&self.inputs) {
            *input = self.input(ask, row);
        }
        let mut total = self.sum.start;
        for run in &self.runs {
            match run {
                Run::Walk(walk) => walk.each(inputs, |node| total = self.sum.add(total, walk.values[node])),
                Run::Linear(walk, linear) => walk.each(inputs, |node| {
                    // Leaves stand after the splits, which are one fewer.
                    let linear = &linear[node + 1 - linear.len()];
                    total = self.sum.add(total, linear.value(self.reading, row).unwrap_or(walk.values[node]));
                }),
                Run::Levels(trees) => {
                    for tree in trees {
                        let no = |(input, threshold): &(u32, f64)| !at_most(inputs[*input as usize], *threshold);
                        let bits = tree.asked.iter().enumerate().map(|(level, asked)| usize::from(no(asked)) << level);
                        total = self.sum.add(total, tree.leaves[bits.sum::<usize>()]);
                    }
                }
            }
        }
        self.sum.close(total)
    }

    /// A value of which "at most the threshold" is the answer, whatever is missing.
    fn input(&self, ask: &Question, row: &[f64]) -> f64 {
        let value = row.get(ask.column as usize).copied().unwrap_or(f64::NAN);
        match ask.test {
            Test::AtMost { .. } if !value.is_nan() => value,
            Test::AtMostZeroMissing { .. } if !value.is_nan() && !is_zero(self.reading, value) => value,
            Test::OneOf { .. } => f64::from(u8::from(!ask.answer(self.reading, row))),
            _ if ask.missing => f64::NEG_INFINITY,
            _ => f64::NAN,
        }
    }
}

/// Whether a value counts as missing where zeros do.
pub(super) fn is_zero(reading: Reading, value: f64) -> bool {
    reading.of(value).abs() <= crate::tree::TINY
}

/// False for what is no number.
fn at_most(value: f64, threshold: f64) -> bool {
    value <= threshold
}

impl Walk {
    fn push(&mut self, tree: &crate::tree::Branching, asked: &[(u32, f64)]) {
        let first = self.nodes.len() as u32;
        let splits = tree.splits.len() as u32;
        let place = |child: Child| match child {
            Child::Split(at) => first + at,
            Child::Leaf(at) => first + splits + at,
        };
        for (split, (input, threshold)) in tree.splits.iter().zip(asked) {
            self.nodes.push(Node { threshold: *threshold, input: *input, next: [place(split.yes), place(split.no)] });
            self.values.push(0.0);
        }
        for (at, leaf) in tree.leaves.iter().enumerate() {
            let own = first + splits + at as u32;
            self.nodes.push(Node { threshold: 0.0, input: 0, next: [own, own] });
            self.values.push(*leaf);
        }
        self.trees.push((first, tree.depth() as u32));
    }

    /// Calls with the leaf of each tree, in order.
    #[inline(always)]
    fn each(&self, inputs: &[f64], mut leaf: impl FnMut(usize)) {
        for trees in self.trees.chunks(LANES) {
            let mut at = [0_u32; LANES];
            let mut depth = 0;
            for (at, (root, levels)) in at.iter_mut().zip(trees) {
                (*at, depth) = (*root, depth.max(*levels));
            }
            for _ in 0..depth {
                for at in &mut at {
                    let node = &self.nodes[*at as usize];
                    // A tree of one leaf asks nothing, and there may be no input at all.
                    let value = inputs.get(node.input as usize).copied().unwrap_or(0.0);
                    *at = node.next[usize::from(!at_most(value, node.threshold))];
                }
            }
            at.iter().take(trees.len()).for_each(|at| leaf(*at as usize));
        }
    }
}
