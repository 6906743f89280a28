//! The slow, plain evaluator: the definition of what an ensemble says, which every fast path must equal bit by bit.

use super::{Branching, Child, Ensemble, Linear, Oblivious, Question, Reading, TINY, Test, Tree};

impl Ensemble {
    /// The sum of the leaves a row comes to, before the link. A column that the row does not have counts as missing.
    ///
    /// ```
    /// use score::tree::*;
    /// let ask = |column, threshold| Question { column, test: Test::AtMost { threshold }, missing: false };
    /// let tree = Branching {
    ///     splits: vec![
    ///         Split { ask: ask(0, 0.5), yes: Child::Leaf(0), no: Child::Split(1) },
    ///         Split { ask: ask(1, 30.0), yes: Child::Leaf(1), no: Child::Leaf(2) },
    ///     ],
    ///     leaves: vec![-1.0, 0.25, 2.0],
    ///     ..Branching::default()
    /// };
    /// let model = Ensemble {
    ///     columns: vec!["arrears".into(), "age".into()],
    ///     reading: Reading::Double,
    ///     trees: vec![Tree::Branching(tree)],
    ///     sum: Sum::default(),
    ///     link: Link::Logistic { steepness: 1.0 },
    /// };
    /// model.check()?;
    /// assert_eq!(model.raw(&[0.5, 99.0]), -1.0);
    /// assert_eq!(model.raw(&[f64::NAN, 30.0]), 0.25);
    /// assert_eq!(model.probability(&[1.0, 31.0]), score::math::logistic(2.0));
    /// # Ok::<(), TreeError>(())
    /// ```
    pub fn raw(&self, row: &[f64]) -> f64 {
        let sum = self.trees.iter().fold(self.sum.start, |sum, tree| self.sum.add(sum, tree.value(self.reading, row)));
        self.sum.close(sum)
    }

    /// What the model says of a row: the sum put through the link.
    pub fn probability(&self, row: &[f64]) -> f64 {
        self.link.of(self.raw(row))
    }
}

impl Tree {
    /// The leaf that a row comes to, by its place.
    pub fn leaf(&self, reading: Reading, row: &[f64]) -> usize {
        match self {
            Tree::Branching(tree) => tree.leaf(reading, row),
            Tree::Oblivious(tree) => tree.leaf(reading, row),
        }
    }

    /// What this tree adds for a row.
    pub fn value(&self, reading: Reading, row: &[f64]) -> f64 {
        let leaf = self.leaf(reading, row);
        let plain = self.leaves().get(leaf).copied().unwrap_or(0.0);
        match self {
            Tree::Branching(tree) => match tree.linear.get(leaf) {
                Some(linear) => linear.value(reading, row).unwrap_or(plain),
                None => plain,
            },
            Tree::Oblivious(_) => plain,
        }
    }

    /// What each leaf adds.
    pub fn leaves(&self) -> &[f64] {
        match self {
            Tree::Branching(tree) => &tree.leaves,
            Tree::Oblivious(tree) => &tree.leaves,
        }
    }
}

impl Branching {
    /// The most splits on the way to a leaf.
    pub fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut waiting = vec![(if self.splits.is_empty() { Child::Leaf(0) } else { Child::Split(0) }, 0)];
        while let Some((child, level)) = waiting.pop() {
            deepest = deepest.max(level);
            if let Child::Split(at) = child {
                waiting.extend(
                    self.splits.get(at as usize).into_iter().flat_map(|s| [(s.no, level + 1), (s.yes, level + 1)]),
                );
            }
        }
        deepest
    }

    fn leaf(&self, reading: Reading, row: &[f64]) -> usize {
        let mut at = 0;
        // A checked tree has no cycle; the bound is for those who did not check.
        for _ in 0..=self.splits.len() {
            let Some(split) = self.splits.get(at) else { return 0 };
            match if split.ask.answer(reading, row) { split.yes } else { split.no } {
                Child::Split(next) => at = next as usize,
                Child::Leaf(leaf) => return leaf as usize,
            }
        }
        0
    }
}

impl Oblivious {
    fn leaf(&self, reading: Reading, row: &[f64]) -> usize {
        let bits = self.levels.iter().enumerate().map(|(bit, ask)| usize::from(!ask.answer(reading, row)) << bit);
        bits.sum()
    }
}

impl Linear {
    /// None where one of the values is missing.
    pub(crate) fn value(&self, reading: Reading, row: &[f64]) -> Option<f64> {
        let mut sum = self.constant;
        for (column, factor) in self.columns.iter().zip(&self.factors) {
            let value = value_at(row, *column);
            if value.is_nan() {
                return None;
            }
            sum += factor * reading.of(value);
        }
        Some(sum)
    }
}

impl Question {
    /// Whether the answer for a row is yes.
    pub fn answer(&self, reading: Reading, row: &[f64]) -> bool {
        let value = reading.of(value_at(row, self.column));
        if value.is_nan() {
            return self.missing;
        }
        match self.test {
            Test::AtMostZeroMissing { .. } if value.abs() <= TINY => self.missing,
            _ => self.test.holds(value),
        }
    }
}

impl Test {
    /// Whether it holds of a value that is there, as it was read.
    #[inline(always)]
    pub fn holds(&self, value: f64) -> bool {
        match self {
            Test::AtMost { threshold } | Test::AtMostZeroMissing { threshold } => value <= *threshold,
            Test::OneOf { categories, lowest } => {
                // The cast cuts the fraction off and holds what is beyond at the ends.
                let category = value as usize;
                let word = categories.get(category / 64).copied().unwrap_or(0);
                value >= *lowest && (word >> (category % 64)) & 1 == 1
            }
        }
    }
}

fn value_at(row: &[f64], column: u32) -> f64 {
    row.get(column as usize).copied().unwrap_or(f64::NAN)
}
