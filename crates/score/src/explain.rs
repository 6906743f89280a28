//! Why a model says what it says of one row: what each column adds to the log odds.
//!
//! For trees these are Shapley values, exact for the value function that follows both branches of a split by the share
//! of training rows on each where the column is not known (Lundberg, Erion and Lee, 2018, algorithm 2). All inputs
//! made from one column are one player: they become known together. For a scorecard they are its evidence times its
//! coefficients, against the average. Contributions are summed through the blend, before calibration, and with the base give the log odds.

use crate::ScoreError;
use crate::bundle::{Bundle, Part};
use crate::frame::Frame;
use crate::member::{CardMember, Member, TreesMember};
use crate::tree::{Branching, Child, Oblivious, Question, Reading, Tree};

/// What each column adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Log odds before any column speaks.
    pub base: f64,
    /// What each column of the schema adds to the log odds; positive is riskier.
    pub columns: Vec<f64>,
}

impl Bundle {
    /// Errors unless every tree knows how many rows came to its leaves, has plain ones and is not too deep. Trained models always do.
    pub fn check_explained(&self) -> Result<(), ScoreError> {
        let is_sound = |part: &Part| match &part.member {
            Member::Card(_) => true,
            Member::Trees(trees) => trees.shares().is_some(),
        };
        if self.parts.iter().all(is_sound) { Ok(()) } else { Err(ScoreError::Unexplained) }
    }

    /// Explains one row of a frame. The base and all contributions give [`Bundle::log_odds`], but for rounding. What a
    /// member says that cannot be explained ([`Bundle::check_explained`]) stays in the base.
    pub fn explain(&self, frame: &Frame, row: usize) -> Explanation {
        let one = frame.take(&[row]);
        let mut sum = Explanation { base: 0.0, columns: vec![0.0; self.schema.columns.len()] };
        for part in &self.parts {
            let own = match &part.member {
                Member::Card(card) => card.explain(&one, self.schema.columns.len()),
                Member::Trees(trees) => trees.explain(&one, self.schema.columns.len()),
            };
            sum.base += part.weight * own.base;
            sum.columns.iter_mut().zip(own.columns).for_each(|(s, c)| *s += part.weight * c);
        }
        sum
    }
}

/// Most splits on the way to a leaf of a tree that is explained: each is a step on the stack.
const DEPTH_MAX: usize = 512;

/// What explanations ask of a tree beside itself, worked out once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shares {
    /// Part of the training rows of each split that answered yes, by the split's place; of an oblivious tree by level and by
    /// the answers above it, the first level's one before the second's two.
    yes: Vec<f64>,
    /// The mean answer.
    expected: f64,
}

impl Shares {
    /// None if a tree has linear leaves, is too deep, or does not know how many rows came to its leaves.
    pub(crate) fn of(tree: &Tree) -> Option<Shares> {
        match tree {
            Tree::Branching(tree) if !tree.linear.is_empty() || tree.depth() > DEPTH_MAX => None,
            Tree::Branching(tree) if tree.splits.is_empty() => {
                Some(Shares { yes: Vec::new(), expected: tree.leaves.first().copied().unwrap_or(0.0) })
            }
            Tree::Branching(tree) if tree.covers.iter().sum::<f64>() <= 0.0 => None,
            Tree::Branching(tree) => Some(Shares::of_branching(tree)),
            Tree::Oblivious(tree) if tree.levels.is_empty() => {
                Some(Shares { yes: Vec::new(), expected: tree.leaves.first().copied().unwrap_or(0.0) })
            }
            Tree::Oblivious(tree) if tree.covers.is_empty() => None,
            Tree::Oblivious(tree) => Some(Shares::of_oblivious(tree)),
        }
    }

    fn of_branching(tree: &Branching) -> Shares {
        // Children stand after their parents in this order, so that backwards every child is known before its parent.
        let mut order = vec![0_usize];
        let mut at = 0;
        while let Some(split) = order.get(at).and_then(|split| tree.splits.get(*split)) {
            for child in [split.yes, split.no] {
                if let Child::Split(next) = child {
                    order.push(next as usize);
                }
            }
            at += 1;
        }
        let mut below = vec![(0.0, 0.0); tree.splits.len()];
        let mut yes = vec![0.5; tree.splits.len()];
        for at in order.into_iter().rev() {
            let known = |child: Child| match child {
                Child::Split(next) => below[next as usize],
                Child::Leaf(leaf) => (tree.covers[leaf as usize], tree.leaves[leaf as usize]),
            };
            let (y, n) = (known(tree.splits[at].yes), known(tree.splits[at].no));
            yes[at] = share(y.0, n.0);
            below[at] = (y.0 + n.0, yes[at] * y.1 + (1.0 - yes[at]) * n.1);
        }
        Shares { yes, expected: below[0].1 }
    }

    fn of_oblivious(tree: &Oblivious) -> Shares {
        let mut below: Vec<(f64, f64)> = tree.covers.iter().copied().zip(tree.leaves.iter().copied()).collect();
        let mut yes = vec![0.5; (1 << tree.levels.len()) - 1];
        for level in (0..tree.levels.len()).rev() {
            let width = 1_usize << level;
            for bits in 0..width {
                let (y, n) = (below[bits], below[bits + width]);
                let part = share(y.0, n.0);
                yes[width - 1 + bits] = part;
                below[bits] = (y.0 + n.0, part * y.1 + (1.0 - part) * n.1);
            }
        }
        Shares { yes, expected: below[0].1 }
    }
}

/// Part of the rows that answer yes; even where no row came.
fn share(yes: f64, no: f64) -> f64 {
    if yes + no > 0.0 { yes / (yes + no) } else { 0.5 }
}

impl CardMember {
    fn explain(&self, one: &Frame, columns: usize) -> Explanation {
        let mut told = Explanation { base: self.intercept, columns: vec![0.0; columns] };
        for (evidence, coefficient) in self.evidence.iter().zip(&self.coefficients) {
            let column = evidence.column as usize;
            let weight = evidence.weights_of(&one.columns[column]).first().copied().unwrap_or(0.0);
            told.columns[column] += coefficient * weight;
        }
        told
    }
}

impl TreesMember {
    fn explain(&self, one: &Frame, columns: usize) -> Explanation {
        let Some(shares) = self.shares() else {
            return Explanation { base: self.log_odds(one).into_iter().sum(), columns: vec![0.0; columns] };
        };
        let inputs: Vec<f64> =
            self.encoder().encode(one).iter().map(|input| input.first().copied().unwrap_or(f64::NAN)).collect();
        let players: Vec<usize> = self.encoder().inputs.iter().map(|input| input.column as usize).collect();
        let ensemble = self.ensemble();
        let mut told = Explanation { base: ensemble.sum.start, columns: vec![0.0; columns] };
        for (tree, shares) in ensemble.trees.iter().zip(shares) {
            let walk = Walk { tree, shares, reading: ensemble.reading, row: &inputs, players: &players };
            told.base += shares.expected;
            walk.descend(walk.root(), Vec::new(), Step { player: None, zero: 1.0, one: 1.0 }, &mut told.columns);
        }
        let scale = ensemble.sum.scale;
        told.base = scale * told.base + ensemble.sum.offset;
        told.columns.iter_mut().for_each(|c| *c *= scale);
        told
    }
}

/// A place in a tree of either form.
#[derive(Clone, Copy)]
enum Place {
    /// A split of a branching tree.
    Split(u32),
    /// A leaf.
    Leaf(u32),
    /// Level and the bits of the answers so far, of an oblivious tree.
    Level(u32, u32),
}

/// A player on the way to a leaf.
#[derive(Clone, Copy)]
struct Step {
    player: Option<usize>,
    /// Share of rows that go this way where the player is not known.
    zero: f64,
    /// 1 if the row itself goes this way, else 0.
    one: f64,
}

/// A player on the way, and the weight of all sets of so many known players.
#[derive(Clone, Copy)]
struct Weighed {
    step: Step,
    weight: f64,
}

struct Walk<'a> {
    tree: &'a Tree,
    shares: &'a Shares,
    reading: Reading,
    row: &'a [f64],
    players: &'a [usize],
}

impl Walk<'_> {
    fn root(&self) -> Place {
        match self.tree {
            Tree::Branching(tree) if tree.splits.is_empty() => Place::Leaf(0),
            Tree::Branching(_) => Place::Split(0),
            Tree::Oblivious(_) => self.at_level(0, 0),
        }
    }

    fn at_level(&self, level: u32, bits: u32) -> Place {
        match self.tree {
            Tree::Oblivious(tree) if (level as usize) < tree.levels.len() => Place::Level(level, bits),
            _ => Place::Leaf(bits),
        }
    }

    /// The question of a place and where yes and no lead; none for a leaf.
    fn question(&self, place: Place) -> Option<(&Question, Place, Place)> {
        let child = |child: Child| match child {
            Child::Split(split) => Place::Split(split),
            Child::Leaf(leaf) => Place::Leaf(leaf),
        };
        match (self.tree, place) {
            (Tree::Branching(tree), Place::Split(split)) => {
                let split = tree.splits.get(split as usize)?;
                Some((&split.ask, child(split.yes), child(split.no)))
            }
            (Tree::Oblivious(tree), Place::Level(level, bits)) => {
                let question = tree.levels.get(level as usize)?;
                Some((question, self.at_level(level + 1, bits), self.at_level(level + 1, bits | 1 << level)))
            }
            _ => None,
        }
    }

    fn leaf(&self, place: Place) -> f64 {
        match place {
            Place::Leaf(leaf) => self.tree.leaves().get(leaf as usize).copied().unwrap_or(0.0),
            Place::Split(_) | Place::Level(..) => 0.0,
        }
    }

    /// Share of the rows of a place that answered yes.
    fn share(&self, place: Place) -> f64 {
        let at = match place {
            Place::Split(split) => split as usize,
            Place::Level(level, bits) => (1 << level) - 1 + bits as usize,
            Place::Leaf(_) => return 0.5,
        };
        self.shares.yes.get(at).copied().unwrap_or(0.5)
    }

    fn descend(&self, place: Place, path: Vec<Weighed>, step: Step, columns: &mut [f64]) {
        let path = extended(path, step);
        let Some((question, yes, no)) = self.question(place) else {
            let value = self.leaf(place);
            for (at, weighed) in path.iter().enumerate().skip(1) {
                if let Some(column) = weighed.step.player.and_then(|player| columns.get_mut(player)) {
                    *column += unwound_sum(&path, at) * (weighed.step.one - weighed.step.zero) * value;
                }
            }
            return;
        };
        let player = self.players.get(question.column as usize).copied();
        let answer = question.answer(self.reading, self.row);
        // A player met before is known or not as before: its steps become one.
        let (mut path, mut zero, mut one) = (path, 1.0, 1.0);
        if let Some(at) = path.iter().skip(1).position(|w| w.step.player == player).map(|at| at + 1) {
            (zero, one) = (path[at].step.zero, path[at].step.one);
            path = unwound(path, at);
        }
        let share = self.share(place);
        for (child, part, goes) in [(yes, share, answer), (no, 1.0 - share, !answer)] {
            let step = Step { player, zero: zero * part, one: if goes { one } else { 0.0 } };
            self.descend(child, path.clone(), step, columns);
        }
    }
}

/// The path with one player more.
fn extended(mut path: Vec<Weighed>, step: Step) -> Vec<Weighed> {
    let length = path.len();
    path.push(Weighed { step, weight: if length == 0 { 1.0 } else { 0.0 } });
    let all = (length + 1) as f64;
    for i in (0..length).rev() {
        let weight = path[i].weight;
        path[i + 1].weight += step.one * weight * (i + 1) as f64 / all;
        path[i].weight = step.zero * weight * (length - i) as f64 / all;
    }
    path
}

/// The path without one of its players.
fn unwound(mut path: Vec<Weighed>, at: usize) -> Vec<Weighed> {
    let last = path.len() - 1;
    let Step { zero, one, .. } = path[at].step;
    let all = path.len() as f64;
    let mut next = path[last].weight;
    for i in (0..last).rev() {
        if one != 0.0 {
            let weight = path[i].weight;
            path[i].weight = next * all / ((i + 1) as f64 * one);
            next = weight - path[i].weight * zero * (last - i) as f64 / all;
        } else if zero != 0.0 {
            path[i].weight = path[i].weight * all / (zero * (last - i) as f64);
        }
    }
    for i in at..last {
        path[i].step = path[i + 1].step;
    }
    path.truncate(last);
    path
}

/// The sum of the weights of a path without one of its players.
fn unwound_sum(path: &[Weighed], at: usize) -> f64 {
    unwound(path.to_vec(), at).iter().map(|w| w.weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Split, Test};
    use proptest::prelude::*;

    /// The mean answer where the players in `known` are known.
    fn known_value(walk: &Walk, place: Place, known: u32) -> f64 {
        let Some((question, yes, no)) = walk.question(place) else { return walk.leaf(place) };
        if known >> walk.players[question.column as usize] & 1 == 1 {
            let answer = question.answer(walk.reading, walk.row);
            return known_value(walk, if answer { yes } else { no }, known);
        }
        let share = walk.share(place);
        share * known_value(walk, yes, known) + (1.0 - share) * known_value(walk, no, known)
    }

    /// Shapley values by their definition.
    fn by_definition(walk: &Walk, players: usize) -> Vec<f64> {
        let factorial = |n: u32| (1..=n).product::<u32>() as f64;
        (0..players)
            .map(|player| {
                let without = (0_u32..1 << players).filter(|set| set >> player & 1 == 0);
                without
                    .map(|set| {
                        let size = set.count_ones();
                        let weight = factorial(size) * factorial(players as u32 - size - 1) / factorial(players as u32);
                        let gain =
                            known_value(walk, walk.root(), set | 1 << player) - known_value(walk, walk.root(), set);
                        weight * gain
                    })
                    .sum()
            })
            .collect()
    }

    fn ask(column: u32, threshold: f64) -> Question {
        Question { column, test: Test::AtMost { threshold }, missing: true }
    }

    fn agree(tree: &Tree, row: &[f64]) {
        // Inputs 0 and 3 are made from one column.
        let players = [0, 1, 2, 0];
        let shares = Shares::of(tree).expect("covers are known");
        let walk = Walk { tree, shares: &shares, reading: Reading::Double, row, players: &players };
        let mut found = vec![0.0; 3];
        walk.descend(walk.root(), Vec::new(), Step { player: None, zero: 1.0, one: 1.0 }, &mut found);
        assert!((shares.expected - known_value(&walk, walk.root(), 0)).abs() < 1e-9);
        for (a, b) in found.iter().zip(by_definition(&walk, 3)) {
            assert!((a - b).abs() < 1e-9, "{found:?}");
        }
        let sum = shares.expected + found.iter().sum::<f64>();
        assert!((sum - tree.value(Reading::Double, row)).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn shapley_values_are_what_their_definition_says(
            row in proptest::collection::vec(0.0..10.0_f64, 4),
            columns in proptest::collection::vec(0..4_u32, 7),
            thresholds in proptest::collection::vec(0.0..10.0_f64, 7),
            leaves in proptest::collection::vec(-2.0..2.0_f64, 8),
            covers in proptest::collection::vec(0.1..9.0_f64, 8),
        ) {
            let levels = (0..3).map(|i| ask(columns[i], thresholds[i])).collect();
            agree(&Tree::Oblivious(Oblivious { levels, leaves: leaves.clone(), covers: covers.clone() }), &row);
            // A whole tree of depth three: splits 0 to 6, leaves below the last four.
            let child = |at: u32| if at < 7 { Child::Split(at) } else { Child::Leaf(at - 7) };
            let splits = (0..7_u32)
                .map(|i| Split { ask: ask(columns[i as usize], thresholds[i as usize]), yes: child(2 * i + 1), no: child(2 * i + 2) })
                .collect();
            agree(&Tree::Branching(Branching { splits, leaves, covers, linear: Vec::new() }), &row);
        }
    }

    #[test]
    fn a_tree_of_one_leaf_says_the_same_to_all() {
        agree(&Tree::Branching(Branching { leaves: vec![0.5], ..Branching::default() }), &[0.0; 4]);
    }
}
