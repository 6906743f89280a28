//! A grown tree in bins, and the same tree over the values it was grown from.

use crate::bin::Trend;
use crate::tree::{Branching, Child, Oblivious, Question, Split, Test, Tree};

use super::binned::{Binned, Scale};

/// A question about a bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BinQuestion {
    pub(super) input: usize,
    pub(super) ask: BinTest,
    /// The answer where the value is missing.
    pub(super) missing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BinTest {
    /// Is the bin at most this?
    AtMost(u8),
    /// Is it one of these?
    OneOf([u64; 4]),
}

impl BinQuestion {
    #[inline(always)]
    pub(super) fn answer(&self, bin: u8) -> bool {
        if bin == 0 {
            return self.missing;
        }
        match &self.ask {
            BinTest::AtMost(top) => bin <= *top,
            BinTest::OneOf(set) => set[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1,
        }
    }

    fn question(&self, binned: &Binned) -> Question {
        let test = match (&self.ask, &binned.inputs[self.input].scale) {
            (BinTest::AtMost(top), Scale::Ordered { edges, .. }) => {
                // The last bin has no edge: "is there a value at all?"
                Test::AtMost { threshold: edges.get(usize::from(*top) - 1).copied().unwrap_or(f64::INFINITY) }
            }
            (BinTest::AtMost(_), Scale::Sets) => Test::AtMost { threshold: f64::INFINITY },
            (BinTest::OneOf(set), _) => {
                // Bin b is category b - 1.
                let mut categories: Vec<u64> =
                    (0..4).map(|word| set[word] >> 1 | set.get(word + 1).map_or(0, |next| next << 63)).collect();
                while categories.len() > 1 && categories.last() == Some(&0) {
                    categories.pop();
                }
                Test::OneOf { categories, lowest: 0.0 }
            }
        };
        Question { column: self.input as u32, test, missing: self.missing }
    }
}

/// A grown tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Grown {
    pub(super) form: Form,
    /// What each leaf adds.
    pub(super) leaves: Vec<f64>,
    /// Weight of training rows in each leaf.
    pub(super) covers: Vec<f64>,
    /// Where the rows it was grown on stand, leaf by leaf, in the order they were left in.
    pub(super) spans: Vec<std::ops::Range<usize>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// Questions with what follows yes and no; the first is the root.
    Branching(Vec<(BinQuestion, Child, Child)>),
    /// A question a level; bit `i` of a leaf's number is set where level `i` is answered no.
    Oblivious(Vec<BinQuestion>),
}

impl Grown {
    /// Adds the tree's answer for some rows to their scores.
    pub(super) fn add_to(&self, binned: &Binned, rows: &[u32], scores: &mut [f64]) {
        match &self.form {
            Form::Branching(splits) if splits.is_empty() => {
                let only = self.leaves.first().copied().unwrap_or(0.0);
                rows.iter().for_each(|row| scores[*row as usize] += only);
            }
            Form::Branching(splits) => {
                for row in rows.iter().map(|row| *row as usize) {
                    let mut at = 0_u32;
                    loop {
                        let (question, yes, no) = &splits[at as usize];
                        let next = if question.answer(binned.inputs[question.input].codes[row]) { yes } else { no };
                        match next {
                            Child::Split(split) => at = *split,
                            Child::Leaf(leaf) => break scores[row] += self.leaves[*leaf as usize],
                        }
                    }
                }
            }
            Form::Oblivious(levels) => {
                for row in rows.iter().map(|row| *row as usize) {
                    let mut leaf = 0;
                    for (level, question) in levels.iter().enumerate() {
                        let answer = question.answer(binned.inputs[question.input].codes[row]);
                        leaf |= usize::from(!answer) << level;
                    }
                    scores[row] += self.leaves[leaf];
                }
            }
        }
    }

    /// Adds the tree's answer for the rows it was grown on, which stand as growing left them.
    pub(super) fn add_to_own(&self, rows: &[u32], scores: &mut [f64]) {
        for (span, value) in self.spans.iter().zip(&self.leaves) {
            rows[span.clone()].iter().for_each(|row| scores[*row as usize] += value);
        }
    }

    /// The tree over the inputs' own values.
    pub fn tree(&self, binned: &Binned) -> Tree {
        match &self.form {
            Form::Branching(splits) => Tree::Branching(Branching {
                splits: splits
                    .iter()
                    .map(|(question, yes, no)| Split { ask: question.question(binned), yes: *yes, no: *no })
                    .collect(),
                leaves: self.leaves.clone(),
                covers: self.covers.clone(),
                linear: Vec::new(),
            }),
            Form::Oblivious(levels) => Tree::Oblivious(Oblivious {
                levels: levels.iter().map(|question| question.question(binned)).collect(),
                leaves: self.leaves.clone(),
                covers: self.covers.clone(),
            }),
        }
    }
}

/// Whether a split of an input with this trend may answer so on its two sides: more risk on the side of
/// higher values where risk rises.
pub(super) fn keeps(trend: Trend, low_side: f64, high_side: f64) -> bool {
    match trend {
        Trend::Rising => low_side <= high_side,
        Trend::Falling => low_side >= high_side,
        Trend::Free => true,
    }
}
