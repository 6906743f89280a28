//! Models made fast: raw columns to probabilities on one thread, bit by bit what [`Ensemble`] says, and to the last digit
//! what a scorecard says ([`QuickCard`]).
//!
//! Every question of an ensemble is first turned into the comparison of a byte. The thresholds asked of a column are
//! sorted; a value's code is how many of them it is above, so that `value <= threshold` is `code <= place of
//! threshold` ([`codes`]). Rows then go through the trees in blocks of 64, column by column, without a branch
//! ([`reach`], [`levels`]); deep trees are walked with 64 rows on their way at once ([`chase`]). A single row is asked
//! by many trees at once ([`together`], or [`single`] where that is not to be had). The leaves are added in the order of the trees, whatever the path.

use crate::tree::{Ensemble, Link, Reading, Sum, Tree, TreeError};

mod card;
mod chase;
mod codes;
mod levels;
mod machine;
mod reach;
mod single;
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
mod together;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use card::{QuickCard, Said};
use codes::{Codes, Making};
pub use machine::Instructions;

/// Rows that go through the trees together.
pub const BLOCK: usize = 64;

/// A byte for each row of a block.
type Bytes = [u8; BLOCK];

/// An ensemble ready to answer quickly.
#[derive(Clone, Debug)]
pub struct Fast {
    width: usize,
    codes: Codes,
    runs: Vec<Run>,
    single: single::Single,
    together: Option<together::Together>,
    sum: Sum,
    link: Link,
    instructions: Instructions,
}

/// Trees that follow each other and go the same way.
#[derive(Clone, Debug)]
enum Run {
    Reach(Vec<reach::Reach>),
    Levels(Vec<levels::Levels>),
    Chase(Vec<chase::Chase>),
    /// Trees with linear leaves, which need the values themselves.
    Plain(Reading, Vec<Tree>),
}

impl Fast {
    /// Prepares an ensemble, which is checked first, for the fastest instructions of this machine.
    pub fn new(ensemble: &Ensemble) -> Result<Fast, TreeError> {
        Fast::with(ensemble, Instructions::best())
    }

    /// The same for instructions that are told, to compare them.
    pub fn with(ensemble: &Ensemble, instructions: Instructions) -> Result<Fast, TreeError> {
        ensemble.check()?;
        let making = Making::of(ensemble);
        let mut runs: Vec<Run> = Vec::new();
        for tree in &ensemble.trees {
            let made = match tree {
                Tree::Branching(tree) if !tree.linear.is_empty() => {
                    Run::Plain(ensemble.reading, vec![Tree::Branching(tree.clone())])
                }
                Tree::Branching(tree) if tree.leaves.len() <= reach::LEAVES_MAX => {
                    Run::Reach(vec![reach::Reach::new(tree, &making)])
                }
                Tree::Branching(tree) => Run::Chase(vec![chase::Chase::new(tree, &making)]),
                Tree::Oblivious(tree) => Run::Levels(vec![levels::Levels::new(tree, &making)]),
            };
            match (runs.last_mut(), made) {
                (Some(Run::Reach(run)), Run::Reach(more)) => run.extend(more),
                (Some(Run::Levels(run)), Run::Levels(more)) => run.extend(more),
                (Some(Run::Chase(run)), Run::Chase(more)) => run.extend(more),
                (Some(Run::Plain(_, run)), Run::Plain(_, more)) => run.extend(more),
                (_, made) => runs.push(made),
            }
        }
        Ok(Fast {
            width: ensemble.columns.len(),
            runs,
            single: single::Single::new(ensemble),
            together: together::Together::new(ensemble, &making),
            codes: making.codes(),
            sum: ensemble.sum,
            link: ensemble.link,
            instructions,
        })
    }

    /// Columns of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What the ensemble says of rows that stand one after the other; one answer a row is put into `answers`.
    /// Answers beyond the rows, and rows beyond the answers, are left alone.
    pub fn answer(&self, rows: &[f64], answers: &mut [f64]) {
        let mut codes = vec![[0; BLOCK]; self.codes.count()];
        for (rows, answers) in rows.chunks(BLOCK * self.width.max(1)).zip(answers.chunks_mut(BLOCK)) {
            let mut said = [self.sum.start; BLOCK];
            machine::block(self, rows, &mut codes, &mut said);
            for (answer, said) in answers.iter_mut().zip(said) {
                *answer = said;
            }
        }
    }

    #[inline(always)]
    fn block<const SINGLE: bool>(&self, rows: &[f64], codes: &mut [Bytes], sums: &mut [f64; BLOCK]) {
        self.codes.block(rows, self.width, codes);
        for run in &self.runs {
            match run {
                Run::Reach(trees) => reach::go::<SINGLE>(trees, codes, sums),
                Run::Levels(trees) => levels::go::<SINGLE>(trees, codes, sums),
                Run::Chase(trees) => chase::go::<SINGLE>(trees, codes, sums),
                Run::Plain(reading, trees) => plain(*reading, trees, rows, self.width, self.sum, sums),
            }
        }
        self.close(sums);
    }

    /// What is said for sums.
    #[inline(always)]
    fn close(&self, sums: &mut [f64; BLOCK]) {
        match self.link {
            Link::Identity => sums.iter_mut().for_each(|sum| *sum = self.sum.close(*sum)),
            Link::Logistic { steepness } => {
                sums.iter_mut().for_each(|sum| *sum = crate::math::logistic(steepness * self.sum.close(*sum)))
            }
        }
    }

    /// What the ensemble says of one row; what the row does not have counts as missing.
    ///
    /// ```
    /// use score::fast::Fast;
    /// use score::tree::*;
    /// let ask = Question { column: 0, test: Test::AtMost { threshold: 30.0 }, missing: true };
    /// let split = Split { ask, yes: Child::Leaf(0), no: Child::Leaf(1) };
    /// let tree = Branching { splits: vec![split], leaves: vec![1.5, -1.0], ..Branching::default() };
    /// let model = Ensemble {
    ///     columns: vec!["income".into()],
    ///     reading: Reading::Double,
    ///     trees: vec![Tree::Branching(tree)],
    ///     sum: Sum::default(),
    ///     link: Link::Logistic { steepness: 1.0 },
    /// };
    /// let fast = Fast::new(&model)?;
    /// assert_eq!(fast.one(&[31.0]).to_bits(), model.probability(&[31.0]).to_bits());
    /// let mut answers = [0.0; 2];
    /// fast.answer(&[12.0, f64::NAN], &mut answers);
    /// assert_eq!(answers, [model.probability(&[30.0]); 2]);
    /// # Ok::<(), TreeError>(())
    /// ```
    pub fn one(&self, row: &[f64]) -> f64 {
        machine::one(self, row)
    }
}

/// The sum so far and one leaf more, see [`Sum::add`]: known beforehand, so that no loop asks for it.
#[inline(always)]
fn add<const SINGLE: bool>(so_far: f64, leaf: f64) -> f64 {
    if SINGLE { f64::from((so_far + leaf) as f32) } else { so_far + leaf }
}

/// Trees with linear leaves, asked row by row.
fn plain(reading: Reading, trees: &[Tree], rows: &[f64], width: usize, sum: Sum, sums: &mut [f64; BLOCK]) {
    for (row, so_far) in rows.chunks(width.max(1)).zip(sums) {
        *so_far = trees.iter().fold(*so_far, |so_far, tree| sum.add(so_far, tree.value(reading, row)));
    }
}

/// The highest number that, as it is read, is at most the threshold.
fn highest(reading: Reading, threshold: f64) -> f64 {
    use crate::tree::TINY;
    match reading {
        Reading::Double => threshold,
        Reading::TinyIsZero if (0.0..TINY).contains(&threshold) => TINY,
        Reading::TinyIsZero if (-TINY..0.0).contains(&threshold) => (-TINY).next_down(),
        Reading::TinyIsZero => threshold,
        Reading::Single => {
            let nearest = threshold as f32;
            let below = if f64::from(nearest) > threshold { nearest.next_down() } else { nearest };
            if below == f32::INFINITY {
                return f64::INFINITY;
            }
            // A number rounds to infinity as if infinity were the next one after the largest, 2^128.
            let wide =
                |value: f32| if value.is_infinite() { 2.0_f64.powi(128).copysign(value.into()) } else { value.into() };
            let (low, high) = (wide(below), wide(below.next_up()));
            let middle = low / 2.0 + high / 2.0;
            if middle as f32 <= below { middle } else { middle.next_down() }
        }
    }
}

#[cfg(test)]
mod tests;
