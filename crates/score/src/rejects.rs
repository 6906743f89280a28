//! Learning from applicants who were turned away, of whom nobody knows what would have become.
//!
//! Who was accepted is not a fair sample of who will apply. [`Rejects::Ignore`] learns from the accepted alone. [`Rejects::Reweight`]
//! lets each of them stand for the others like them, one over the chance of acceptance. [`Rejects::Fuzzy`] adds each rejected row twice,
//! as bad and as good, with the weights that a model of the accepted gives (fuzzy augmentation, Hsia 1978). Neither adds
//! knowledge: where the accepted were chosen by what the columns do not hold, all three are wrong, and only lending at random
//! to a few tells.

use crate::ScoreError;
use crate::candidate::{Effort, ModelKind};
use crate::crew::Crew;
use crate::frame::{Frame, Target, Values};
use crate::math::logistic;
use crate::portfolio::{Study, trained};
use crate::sample::{CLASS_ROWS_MIN, Past};

/// Least chance of acceptance that is believed: no row stands for more than ten others.
const CHANCE_MIN: f64 = 0.1;

/// What is done with who was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejects {
    /// Nothing.
    Ignore,
    /// The accepted stand for them.
    Reweight,
    /// They are learned from as good and as bad.
    Fuzzy,
}

/// Rows to learn from: the accepted, in `past`, and the rejected, in a frame of the same schema.
///
/// Errors if a first model of the accepted, or of acceptance, cannot be trained.
pub fn with_rejects(
    past: Past,
    rejected: &Frame,
    target: &Target,
    study: &Study,
    how: Rejects,
    crew: Crew,
) -> Result<Past, ScoreError> {
    if how == Rejects::Ignore || rejected.rows < CLASS_ROWS_MIN {
        return Ok(past);
    }
    let quick = |trends| Study { kind: ModelKind::Auto, effort: Effort::Fast, trends, time: None, ..study.clone() };
    if how == Rejects::Fuzzy {
        let first = trained(&past, target, &quick(study.trends.clone()), crew, &|_| {})?.model;
        let chance: Vec<f64> = first.predict(rejected);
        return past.with_untold(rejected, &chance);
    }
    let all = Frame { rows: past.rows() + rejected.rows, columns: joined(&past.frame, rejected) };
    let turned_away = (0..all.rows).map(|row| row >= past.rows()).collect();
    let applicants = Past::new(past.schema.clone(), all, turned_away, None)?;
    let free = vec![crate::bin::Trend::Free; study.trends.len()];
    let said = trained(&applicants, target, &quick(free), crew, &|_| {})?.left_out;
    let accepted = |row: usize| 1.0 - logistic(said[row]);
    let weights = (0..past.rows()).map(|row| {
        // Rows in no fold have no chance of their own.
        let chance = if said[row].is_nan() { 1.0 } else { accepted(row) };
        past.weights[row] / chance.max(CHANCE_MIN)
    });
    let weights = weights.collect();
    Past::new(past.schema, past.frame, past.bad, Some(weights))
}

fn joined(first: &Frame, second: &Frame) -> Vec<Values> {
    let pairs = first.columns.iter().zip(&second.columns);
    let both = pairs.map(|pair| match pair {
        (Values::Number(a), Values::Number(b)) => Values::Number(a.iter().chain(b).copied().collect()),
        (Values::Category(a), Values::Category(b)) => Values::Category(a.iter().chain(b).copied().collect()),
        // Frames of one schema have columns of one kind.
        (a, _) => a.clone(),
    });
    both.collect()
}

impl Past {
    /// These rows, and others twice: as bad, weighing their chance of it, and as good, weighing the rest.
    fn with_untold(self, others: &Frame, chance: &[f64]) -> Result<Past, ScoreError> {
        let known = self.rows();
        let twice = Frame { rows: 2 * others.rows, columns: joined(others, others) };
        let frame = Frame { rows: known + twice.rows, columns: joined(&self.frame, &twice) };
        let outcomes = [true, false].into_iter().flat_map(|bad| vec![bad; others.rows]);
        let bad: Vec<bool> = self.bad.iter().copied().chain(outcomes).collect();
        let held = |p: f64| p.clamp(1e-3, 1.0 - 1e-3);
        let inferred = chance.iter().map(|p| held(*p)).chain(chance.iter().map(|p| 1.0 - held(*p)));
        let weights: Vec<f64> = self.weights.iter().copied().chain(inferred).collect();
        let mut past = Past::new(self.schema, frame, bad, Some(weights))?;
        past.untold = Some((0..past.rows()).map(|row| row >= known).collect());
        Ok(past)
    }
}
