//! A score that learns from labels as they come: boosted trees over the streaming vector, fitted anew every few days.
//!
//! An event's vector waits until its label is let in; who lets labels in only after their delay has a score that never knew a later one. All frauds
//! are kept and one in [`KEPT_ONE_IN`] of the others, chosen by id and weighted back. The same inputs give the same trees.

use std::collections::VecDeque;

use basics::Id;
use score::bin::Trend;
use score::encode::{Encoded, Encoder, Input as Column, Making};
use score::fast::Fast;
use score::grow::{Binned, GrowSpec, Shape, Thresholds, Watch, boost};
use score::tree::{Ensemble, Link, Reading, Rounding, Sum};

use crate::habits::short;
use crate::input::Label;
use crate::number::{Table, scatter};
use crate::vector::WIDTH;

/// Of events that were nothing, one in so many is learned from.
pub const KEPT_ONE_IN: u64 = 8;
/// Vectors that wait for labels, at most: the oldest give way.
const WAITING_MAX: usize = 400_000;
/// Rows learned from, at most: the oldest give way.
const ROWS_MAX: usize = 120_000;
/// Frauds without which nothing is fitted.
const FRAUDS_MIN: usize = 40;

/// How the model learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnSettings {
    /// Days between fits.
    pub refit_days: i32,
    /// Trees.
    pub trees: usize,
    /// Seed of the rows and inputs that trees see.
    pub seed: u64,
}

impl Default for LearnSettings {
    fn default() -> LearnSettings {
        LearnSettings { refit_days: 3, trees: 90, seed: 1 }
    }
}

struct Row {
    vector: [f32; WIDTH],
    is_true: bool,
}

/// The model with what it learns from.
#[derive(Default)]
pub struct Learned {
    settings: LearnSettings,
    /// Numbers of the vectors that wait, by event.
    waiting: Table<u64, u64>,
    /// They and those whose label came out of turn, in the order of arrival; the first has the number `first`.
    queue: VecDeque<(u64, [f32; WIDTH])>,
    first: u64,
    rows: VecDeque<Row>,
    frauds: usize,
    fitted_on: Option<i32>,
    model: Option<Fast>,
    fits: u32,
}

impl Learned {
    /// A model that knows nothing yet.
    pub fn new(settings: LearnSettings) -> Learned {
        Learned { settings, ..Learned::default() }
    }

    /// How often it was fitted.
    pub fn fits(&self) -> u32 {
        self.fits
    }

    /// Log odds of an event in thousandths; none before the first fit.
    pub fn score(&self, vector: &[f32; WIDTH]) -> Option<i32> {
        let model = self.model.as_ref()?;
        let row = vector.map(f64::from);
        let log_odds = model.one(&row);
        Some((log_odds * 1_000.0).clamp(-60_000.0, 60_000.0) as i32)
    }

    /// Keeps an event's vector until its label comes.
    pub fn wait(&mut self, event: Id, vector: [f32; WIDTH]) {
        let key = short(event.0.as_u128());
        let number = self.first + self.queue.len() as u64;
        self.waiting.insert(key, number);
        self.queue.push_back((key, vector));
        if self.queue.len() > WAITING_MAX
            && let Some((oldest, _)) = self.queue.pop_front()
        {
            if self.waiting.get(&oldest) == Some(&self.first) {
                self.waiting.remove(&oldest);
            }
            self.first += 1;
        }
    }

    /// Takes a label in, and fits anew where it is time.
    pub fn learn(&mut self, label: &Label) {
        let key = short(label.event.0.as_u128());
        let Some(number) = self.waiting.remove(&key) else { return };
        let place = usize::try_from(number - self.first).unwrap_or(usize::MAX);
        let Some((_, vector)) = self.queue.get(place).copied() else { return };
        while self.queue.front().is_some_and(|(oldest, _)| self.waiting.get(oldest) != Some(&self.first)) {
            self.queue.pop_front();
            self.first += 1;
        }
        if !label.is_true && !scatter(key).is_multiple_of(KEPT_ONE_IN) {
            return;
        }
        self.frauds += usize::from(label.is_true);
        self.rows.push_back(Row { vector, is_true: label.is_true });
        if self.rows.len() > ROWS_MAX
            && let Some(oldest) = self.rows.pop_front()
        {
            self.frauds -= usize::from(oldest.is_true);
        }
    }

    /// Fits anew where the last fit is old enough on this day.
    pub fn refit(&mut self, day: i32) {
        let is_due = self.fitted_on.is_none_or(|on| day - on >= self.settings.refit_days);
        if !is_due || self.frauds < FRAUDS_MIN || self.frauds == self.rows.len() {
            return;
        }
        self.fitted_on = Some(day);
        if let Some(model) = self.fit() {
            self.model = Some(model);
            self.fits += 1;
        }
    }

    fn fit(&self) -> Option<Fast> {
        let count = self.rows.len();
        let making = |column| Column { column, making: Making::Number { specials: Vec::new() } };
        let encoder = Encoder { inputs: (0..WIDTH as u32).map(making).collect() };
        let inputs = (0..WIDTH).map(|at| self.rows.iter().map(|row| f64::from(row.vector[at])).collect()).collect();
        let encoded = Encoded { encoder, inputs, reordered: Vec::new() };
        let all = vec![true; count];
        let mut binned = Binned::cut(&encoded, &[Trend::Free; WIDTH], &all, 96);
        let bad: Vec<bool> = self.rows.iter().map(|row| row.is_true).collect();
        let weights: Vec<f64> = bad.iter().map(|bad| if *bad { 1.0 } else { KEPT_ONE_IN as f64 }).collect();
        let keep_at = [self.settings.trees];
        let watch = Watch { is_training: &all, bad: &bad, weights: &weights, keep_at: &keep_at, patience: None };
        let spec = GrowSpec {
            shape: Shape::LeafWise(12),
            thresholds: Thresholds::All,
            rate: 0.08,
            leaf_curvature: 3.0,
            ridge: 4.0,
            rows_share: 0.7,
            inputs_share: 0.5,
        };
        let boosted = boost(&mut binned, &watch, &spec, self.settings.seed);
        let trees = boosted.trees.iter().map(|tree| tree.tree(&binned)).collect();
        let sum = Sum { start: boosted.start, rounding: Rounding::Double, scale: 1.0, offset: 0.0 };
        let columns = (0..WIDTH).map(|at| format!("v{at}")).collect();
        Fast::new(&Ensemble { columns, reading: Reading::Double, trees, sum, link: Link::Identity }).ok()
    }
}
