//! Rows to learn from, and how they are dealt into folds.

use std::collections::HashMap;

use crate::ScoreError;
use crate::frame::{Frame, Schema};
use crate::random::Stream;

/// Typed columns with what became of each row.
#[derive(Clone, Debug)]
pub struct Past {
    /// What the columns are.
    pub schema: Schema,
    /// The columns.
    pub frame: Frame,
    /// Whether each row turned bad.
    pub bad: Vec<bool>,
    /// What each row counts for; 1 where nothing else is said.
    pub weights: Vec<f64>,
    /// A number for each row, equal for rows that are equal: see [`Frame::twin_keys`].
    pub twins: Vec<u64>,
    /// Rows whose outcome is inferred: they are learned from, and nothing is judged by them. None where all are known.
    pub untold: Option<Vec<bool>>,
}

impl Past {
    /// Rows with their outcomes. Errors if there are fewer than [`CLASS_ROWS_MIN`] of a class, or a weight
    /// is no positive number.
    pub fn new(schema: Schema, frame: Frame, bad: Vec<bool>, weights: Option<Vec<f64>>) -> Result<Past, ScoreError> {
        let (rows, bads) = (bad.len(), bad.iter().filter(|b| **b).count());
        if bads.min(rows - bads) < CLASS_ROWS_MIN {
            return Err(ScoreError::TooFew { rows, bads, needed: CLASS_ROWS_MIN });
        }
        let weights = weights.unwrap_or_else(|| vec![1.0; rows]);
        for (column, found) in [("weights", weights.len()), ("columns", frame.rows)] {
            if found != rows {
                return Err(ScoreError::Shape { column: column.to_owned(), found, rows });
            }
        }
        if let Some(wrong) = weights.iter().find(|w| !(w.is_finite() && **w > 0.0)) {
            let (setting, wanted) = ("weight", "give every row a positive number");
            return Err(ScoreError::Setting { setting, value: wrong.to_string(), wanted });
        }
        // Weights count relative to one another, so that settings mean the same at any scale.
        let mean = weights.iter().sum::<f64>() / rows as f64;
        let weights = weights.into_iter().map(|w| w / mean).collect();
        let twins = frame.twin_keys();
        Ok(Past { schema, frame, bad, weights, twins, untold: None })
    }

    /// These rows, in this order.
    pub fn take(&self, rows: &[usize]) -> Past {
        Past {
            schema: self.schema.clone(),
            frame: self.frame.take(rows),
            bad: rows.iter().map(|row| self.bad[*row]).collect(),
            weights: rows.iter().map(|row| self.weights[*row]).collect(),
            twins: rows.iter().map(|row| self.twins[*row]).collect(),
            untold: self.untold.as_ref().map(|untold| rows.iter().map(|row| untold[*row]).collect()),
        }
    }

    /// About so many rows, drawn by what they hold, so that twins come together and the order of rows does not matter; ascending.
    pub(crate) fn drawn(&self, count: usize, seed: u64) -> Vec<usize> {
        let share = count as f64 / self.rows() as f64;
        let is_drawn = |twin: u64| {
            let bits = Stream::new(seed ^ twin.rotate_left(29)).next_bits();
            ((bits >> 11) as f64) < share * (1_u64 << 53) as f64
        };
        (0..self.rows()).filter(|row| is_drawn(self.twins[*row])).collect()
    }

    /// Whether what became of a row is known, and not inferred.
    pub fn is_told(&self, row: usize) -> bool {
        self.untold.as_ref().is_none_or(|untold| !untold[row])
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.bad.len()
    }

    /// Number of bad rows.
    pub fn bads(&self) -> usize {
        self.bad.iter().filter(|b| **b).count()
    }
}

/// Fewest rows of each class to learn from.
pub const CLASS_ROWS_MIN: usize = 10;

/// The fold of each row: twins in one fold, goods and bads dealt as evenly as that allows.
///
/// The deal depends on what rows hold, not on where they stand: the same rows in another order get the
/// same folds.
pub fn deal(bad: &[bool], twins: &[u64], folds: usize, seed: u64) -> Vec<usize> {
    let mut groups: HashMap<u64, (usize, usize)> = HashMap::new();
    for (bad, twin) in bad.iter().zip(twins) {
        let group = groups.entry(*twin).or_default();
        if *bad { group.1 += 1 } else { group.0 += 1 }
    }
    let shuffled = |twin: u64| Stream::new(seed ^ twin.rotate_left(17)).next_bits();
    let mut order: Vec<(u64, u64, (usize, usize))> =
        groups.into_iter().map(|(twin, size)| (shuffled(twin), twin, size)).collect();
    // Large groups first, so that the small ones even out what they leave.
    order.sort_unstable_by(|a, b| {
        let large = |g: &(u64, u64, (usize, usize))| if g.2.0 + g.2.1 > 1 { g.2.0 + g.2.1 } else { 0 };
        large(b).cmp(&large(a)).then(a.0.cmp(&b.0)).then(a.1.cmp(&b.1))
    });
    let mut held = vec![(0_usize, 0_usize); folds];
    let mut fold_of: HashMap<u64, usize> = HashMap::new();
    for (_, twin, (goods, bads)) in order {
        // The fold that has least of the group's rarer kind takes it.
        let need = |held: &(usize, usize)| if bads > 0 { (held.1, held.0) } else { (held.0, held.1) };
        let fold = (0..folds).min_by_key(|fold| need(&held[*fold])).unwrap_or(0);
        held[fold].0 += goods;
        held[fold].1 += bads;
        fold_of.insert(twin, fold);
    }
    twins.iter().map(|twin| fold_of.get(twin).copied().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_stay_together_and_classes_are_even() {
        let bad: Vec<bool> = (0..300).map(|i| i % 10 == 0).collect();
        let twins: Vec<u64> = (0..300).map(|i| if i < 40 { i / 4 } else { 1_000 + i }).collect();
        let fold = deal(&bad, &twins, 5, 3);
        assert!((0..10).all(|g| (0..4).all(|i| fold[g * 4 + i] == fold[g * 4])));
        for f in 0..5 {
            let rows = fold.iter().filter(|x| **x == f).count();
            let bads = fold.iter().zip(&bad).filter(|(x, b)| **x == f && **b).count();
            assert!((55..=65).contains(&rows) && (5..=7).contains(&bads), "{rows} {bads}");
        }
        let backwards = deal(
            &bad.iter().rev().copied().collect::<Vec<_>>(),
            &twins.iter().rev().copied().collect::<Vec<_>>(),
            5,
            3,
        );
        assert_eq!(fold, backwards.into_iter().rev().collect::<Vec<_>>());
        assert_ne!(fold, deal(&bad, &twins, 5, 4));
    }
}
