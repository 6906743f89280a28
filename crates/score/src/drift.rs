//! Whether a model still meets the people it was made for, and if not, in which of three ways.
//!
//! The columns and what is said of them are held against the distributions that training left in the model, by the population
//! stability index. Without any change the index is about `(1/n + 1/m) χ²` with one degree of freedom less than there are ranges
//! (Yurdakul, 2018), so that what is beyond chance depends on how many rows there are on either side; the limit here is
//! that of one false alarm in twenty over all columns together.
//!
//! Where outcomes are known, three things are told apart. *Covariate drift*: other people come, but who is alike is as risky as
//! before; probabilities stay true. *Prior drift*: there are more or fewer bads among people who are otherwise as before; the log
//! odds of all are off by the same, namely by the change of the bad rate's own log odds (Saerens, Latinne and Decaestecker, 2002).
//! *Concept drift*: who was safe is no longer; no shift of all makes the probabilities true again. What is too small to
//! matter is not called drift however many rows show it: 0.1 in index, log odds and slope.

use serde::Serialize;

use crate::bundle::{Bundle, Reference, SaidReference};
use crate::frame::{Frame, Kind, MISSING, Values};
use crate::logistic;
use crate::math::{ln, logistic as probability};

/// An index, a shift or a slope's distance from 1 below this does not matter.
const MATTERS: f64 = 0.1;
/// Standard errors beyond which a shift or a slope is not taken for chance: one case in a hundred.
const SURE: f64 = 2.58;
/// Groups in which probabilities are held against what came.
const GROUPS: usize = 10;
/// Rounds in which the rate is estimated where outcomes are not known.
const ROUNDS: usize = 500;

/// How a column, or the score, is distributed now against then.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The column; `score` for what the model says.
    pub name: String,
    /// Population stability index.
    pub psi: f64,
    /// What it would be on average without any change, by the numbers of rows alone.
    pub by_chance: f64,
    /// What it stays below without any change, but for one case in twenty over all columns.
    pub limit: f64,
    /// Part of the rows without a value, then.
    pub missing_before: f64,
    /// The same now.
    pub missing_now: f64,
    /// Whether it is beyond chance and large enough to matter.
    pub is_drift: bool,
}

/// What became of probabilities.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Part of the rows that turned bad in training.
    pub rate_before: f64,
    /// The same now.
    pub rate_now: f64,
    /// What the model expected of these rows.
    pub rate_expected: f64,
    /// Log odds by which all probabilities are too low.
    pub shift: f64,
    /// Its standard error.
    pub shift_error: f64,
    /// The shift that the change of the bad rate alone asks for.
    pub shift_of_rates: f64,
    /// Slope of the outcome's log odds over the model's: 1 is right.
    pub slope: f64,
    /// Its standard error.
    pub slope_error: f64,
    /// χ² of ten groups by risk once all were shifted.
    pub groups: f64,
    /// What it stays below in 99 of 100 cases if the shift is all that is wrong.
    pub groups_limit: f64,
    /// Index of what is said of goods, now against then.
    pub psi_of_goods: f64,
    /// The same of bads.
    pub psi_of_bads: f64,
}

/// Which kind of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kinds {
    /// Other people come.
    Covariate,
    /// More or fewer of them are bad.
    Prior,
    /// What made people risky no longer does.
    Concept,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// Rows looked at.
    pub rows: usize,
    /// Rows of the training.
    pub rows_before: u64,
    /// What the model says, against what models said of training rows that had not seen them.
    pub score: Option<Moved>,
    /// The columns, the one that moved most first. Dates are left out: they always move.
    pub columns: Vec<Moved>,
    /// The bad rate that fits best if nothing but the bad rate changed; needs no outcomes.
    pub rate_estimated: f64,
    /// What became of probabilities, where outcomes are known.
    pub outcome: Option<Outcome>,
    /// The kinds of drift; empty if there is none. Without outcomes only the first can be told.
    pub kinds: Vec<Kinds>,
    /// Log odds to be added to all probabilities if the drift is one of the bad rate.
    pub shift: f64,
}

/// Holds rows against what a model was trained on. None if the model does not know: it was taken over, or made before models
/// kept how their columns were distributed.
pub fn drift(model: &Bundle, frame: &Frame, bad: Option<&[bool]>) -> Option<Drift> {
    let making = &model.making;
    if making.rows == 0 || making.references.iter().all(|r| r.shares.is_empty()) {
        return None;
    }
    let count = model.schema.columns.len().max(1) as f64;
    let alarm = 0.05 / (count + 1.0);
    let mut columns = Vec::new();
    for ((spec, reference), values) in model.schema.columns.iter().zip(&making.references).zip(&frame.columns) {
        if matches!(spec.kind, Kind::Date) || reference.shares.is_empty() {
            continue;
        }
        let counts = reference.counts(values);
        let before: Vec<f64> = reference.shares.iter().copied().chain([reference.missing]).collect();
        let missing_now = counts.last().copied().unwrap_or(0.0) / frame.rows.max(1) as f64;
        let (psi, chance) = index(&before, making.rows as f64, &counts, alarm);
        columns.push(moved(&spec.name, psi, chance, (reference.missing, missing_now)));
    }
    columns.sort_by(|a, b| (b.psi / b.limit.max(1e-12)).total_cmp(&(a.psi / a.limit.max(1e-12))));
    let z: Vec<f64> = model.log_odds(frame).into_iter().map(|z| model.calibrator.apply(z)).collect();
    let rate_before = making.said.as_ref().map_or(making.bads as f64 / making.rows as f64, |said| said.rate);
    let score = making.said.as_ref().map(|said| {
        let before: Vec<f64> =
            said.goods.iter().zip(&said.bads).map(|(g, b)| (1.0 - said.rate) * g + said.rate * b).collect();
        let (psi, chance) = index(&before, making.rows as f64, &said.counts(z.iter().copied()), alarm);
        Moved { is_drift: false, ..moved("score", psi, chance, (0.0, 0.0)) }
    });
    let rate_estimated = estimated(&z, rate_before);
    let bad = bad.filter(|bad| bad.contains(&true) && bad.contains(&false));
    let outcome = bad.map(|bad| outcome(model, &z, bad, rate_before));
    // What models said that had not seen a row is spread a little otherwise than what the model of all rows says: it is told, and
    // decides nothing.
    let kinds = kinds(columns.iter().any(|m| m.is_drift), outcome.as_ref());
    let shift = match &outcome {
        Some(outcome) => outcome.shift,
        None => logit(rate_estimated) - logit(rate_before),
    };
    Some(Drift { rows: frame.rows, rows_before: making.rows, score, columns, rate_estimated, outcome, kinds, shift })
}

fn kinds(has_moved: bool, outcome: Option<&Outcome>) -> Vec<Kinds> {
    let Some(outcome) = outcome else { return if has_moved { vec![Kinds::Covariate] } else { Vec::new() } };
    let is_off = outcome.shift.abs() > MATTERS.max(SURE * outcome.shift_error);
    let bends = (outcome.slope - 1.0).abs() > MATTERS.max(SURE * outcome.slope_error)
        || (outcome.groups > outcome.groups_limit && (outcome.slope - 1.0).abs() > 1.96 * outcome.slope_error);
    let by_rates = (outcome.shift - outcome.shift_of_rates).abs() <= MATTERS.max(1.96 * outcome.shift_error);
    let mut kinds = Vec::new();
    let is_prior = is_off && by_rates && !bends;
    // Another mix of the same goods and bads moves columns too; it is not other people who come.
    if has_moved && !(is_prior && outcome.psi_of_goods.max(outcome.psi_of_bads) < MATTERS) {
        kinds.push(Kinds::Covariate);
    }
    if is_prior {
        kinds.push(Kinds::Prior);
    }
    if bends || (is_off && !is_prior) {
        kinds.push(Kinds::Concept);
    }
    kinds
}

fn outcome(model: &Bundle, z: &[f64], bad: &[bool], rate_before: f64) -> Outcome {
    let rows = bad.len() as f64;
    let bads = bad.iter().filter(|b| **b).count() as f64;
    let (mut low, mut high) = (-20.0, 20.0);
    for _ in 0..60 {
        let shift = 0.5 * (low + high);
        let expected: f64 = z.iter().map(|z| probability(z + shift)).sum();
        if expected < bads { low = shift } else { high = shift }
    }
    let shift = 0.5 * (low + high);
    // What the model says is itself known only as well as its own rows told it.
    let unsure = 1.0 + rows / model.making.rows.max(1) as f64;
    let shifted: Vec<f64> = z.iter().map(|z| probability(z + shift)).collect();
    let curvature: f64 = shifted.iter().map(|p| p * (1.0 - p)).sum();
    let middle = z.iter().zip(&shifted).map(|(z, p)| p * (1.0 - p) * z).sum::<f64>() / curvature.max(1e-12);
    let spread: f64 = z.iter().zip(&shifted).map(|(z, p)| p * (1.0 - p) * (z - middle) * (z - middle)).sum();
    let centred: Vec<f64> = z.iter().map(|z| z - middle).collect();
    let slope = logistic::fit(&[centred], bad, 1e-6).coefficients.first().copied().unwrap_or(0.0);
    let mut order: Vec<usize> = (0..bad.len()).collect();
    order.sort_unstable_by(|a, b| z[*a].total_cmp(&z[*b]).then(a.cmp(b)));
    let mut groups = 0.0;
    for group in 0..GROUPS {
        let part = &order[bad.len() * group / GROUPS..bad.len() * (group + 1) / GROUPS];
        let said: f64 = part.iter().map(|row| shifted[*row]).sum();
        let came = part.iter().filter(|row| bad[**row]).count() as f64;
        let variance: f64 = part.iter().map(|row| shifted[*row] * (1.0 - shifted[*row])).sum();
        groups += (came - said) * (came - said) / variance.max(1e-9) / unsure;
    }
    let of_class = |class: bool| {
        model.making.said.as_ref().map_or(0.0, |said| {
            let now = z.iter().zip(bad).filter(|(_, bad)| **bad == class).map(|(z, _)| *z);
            let (before, share) = if class { (&said.bads, said.rate) } else { (&said.goods, 1.0 - said.rate) };
            index(before, model.making.rows as f64 * share, &said.counts(now), 0.05).0
        })
    };
    Outcome {
        rate_before,
        rate_now: bads / rows,
        rate_expected: z.iter().map(|z| probability(*z)).sum::<f64>() / rows,
        shift,
        shift_error: (unsure / curvature.max(1e-12)).sqrt(),
        shift_of_rates: logit(bads / rows) - logit(rate_before),
        slope,
        slope_error: (unsure / spread.max(1e-12)).sqrt(),
        groups,
        groups_limit: chi_square(GROUPS as f64 - 1.0, 0.01),
        psi_of_goods: of_class(false),
        psi_of_bads: of_class(true),
    }
}

/// The rate of bads under which what is said fits itself best, if nothing but the rate changed.
fn estimated(z: &[f64], before: f64) -> f64 {
    let mut rate = before.clamp(1e-6, 1.0 - 1e-6);
    for _ in 0..ROUNDS {
        let shift = logit(rate) - logit(before);
        let next = z.iter().map(|z| probability(z + shift)).sum::<f64>() / z.len().max(1) as f64;
        let step = (next - rate).abs();
        rate = next.clamp(1e-6, 1.0 - 1e-6);
        if step < 1e-9 {
            break;
        }
    }
    rate
}

fn logit(rate: f64) -> f64 {
    ln(rate.clamp(1e-9, 1.0) / (1.0 - rate).clamp(1e-9, 1.0))
}

fn moved(name: &str, psi: f64, (by_chance, limit): (f64, f64), missing: (f64, f64)) -> Moved {
    let (missing_before, missing_now) = missing;
    let is_drift = psi > limit && psi > MATTERS;
    Moved { name: name.to_owned(), psi, by_chance, limit, missing_before, missing_now, is_drift }
}

/// Population stability index of counts now against shares before of so many rows, half a row being added to each range on both
/// sides; and what it is on average and at most (but for a part `alarm` of cases) without any change.
fn index(before: &[f64], rows_before: f64, now: &[f64], alarm: f64) -> (f64, (f64, f64)) {
    let rows: f64 = now.iter().sum();
    let ranges = before.len() as f64;
    let mut psi = 0.0;
    for (share, count) in before.iter().zip(now) {
        let then = (share * rows_before + 0.5) / (rows_before + 0.5 * ranges);
        let today = (count + 0.5) / (rows + 0.5 * ranges);
        psi += (today - then) * ln(today / then);
    }
    // Ranges that were never met add nothing as long as nothing changed.
    let met = before.iter().filter(|share| **share > 0.0).count() as f64;
    let freedom = (met - 1.0).max(1.0);
    let scale = 1.0 / rows.max(1.0) + 1.0 / rows_before.max(1.0);
    (psi, (scale * freedom, scale * chi_square(freedom, alarm)))
}

/// What a χ² of so many degrees of freedom exceeds in a part `above` of cases (Wilson and Hilferty, 1931).
fn chi_square(freedom: f64, above: f64) -> f64 {
    let ninth = 2.0 / (9.0 * freedom);
    let root = 1.0 - ninth + normal_above(above) * ninth.sqrt();
    freedom * root * root * root
}

/// What a standard normal number exceeds in a part of cases below one half (Hastings; Abramowitz and Stegun 26.2.23, within 4.5e-4).
fn normal_above(part: f64) -> f64 {
    let t = (-2.0 * ln(part.clamp(1e-12, 0.5))).sqrt();
    t - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)))
}

impl Reference {
    /// How the values of a column were distributed.
    pub(crate) fn of(values: &Values, rows: usize) -> Reference {
        let all = rows.max(1) as f64;
        let mut reference = Reference { missing: 0.0, cuts: Vec::new(), levels: Vec::new(), shares: Vec::new() };
        match values {
            Values::Number(values) => {
                let mut known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
                known.sort_unstable_by(f64::total_cmp);
                reference.cuts = (1..10).filter_map(|tenth| known.get(known.len() * tenth / 10).copied()).collect();
            }
            Values::Category(codes) => {
                let share = |code: u32| codes.iter().filter(|c| **c == code).count() as f64 / all;
                reference.levels = (0..10).map(share).collect();
            }
        }
        let mut shares: Vec<f64> = reference.counts(values).into_iter().map(|count| count / all).collect();
        reference.missing = shares.pop().unwrap_or(0.0);
        reference.shares = shares;
        reference
    }

    /// How many values are in each range (between cuts, or of the most frequent levels and all others), and how many are missing.
    fn counts(&self, values: &Values) -> Vec<f64> {
        let ranges = if self.levels.is_empty() { self.cuts.len() + 1 } else { self.levels.len() + 1 };
        let mut counts = vec![0.0; ranges + 1];
        match values {
            Values::Number(values) => {
                for value in values {
                    // Equal cuts leave ranges empty, on both sides alike.
                    let range = self.cuts.partition_point(|cut| cut < value);
                    counts[if value.is_nan() { ranges } else { range.min(ranges - 1) }] += 1.0;
                }
            }
            Values::Category(codes) => {
                for code in codes {
                    counts[if *code == MISSING { ranges } else { (*code as usize).min(ranges - 1) }] += 1.0;
                }
            }
        }
        counts
    }
}

impl SaidReference {
    /// How calibrated log odds of rows left out were distributed among goods and bads. None if a class is empty.
    pub(crate) fn of(log_odds: &[f64], bad: &[bool], weights: &[f64]) -> Option<SaidReference> {
        let mut sorted = log_odds.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut cuts: Vec<f64> = (1..10).filter_map(|tenth| sorted.get(sorted.len() * tenth / 10).copied()).collect();
        cuts.dedup();
        let mut of = [vec![0.0; cuts.len() + 1], vec![0.0; cuts.len() + 1]];
        for ((z, bad), weight) in log_odds.iter().zip(bad).zip(weights) {
            of[usize::from(*bad)][cuts.partition_point(|cut| cut < z)] += weight;
        }
        let [goods, bads] = of;
        let (all_goods, all_bads) = (goods.iter().sum::<f64>(), bads.iter().sum::<f64>());
        if all_goods <= 0.0 || all_bads <= 0.0 {
            return None;
        }
        let rate = all_bads / (all_bads + all_goods);
        let share = |counts: Vec<f64>, all: f64| counts.into_iter().map(|count| count / all).collect();
        Some(SaidReference { cuts, goods: share(goods, all_goods), bads: share(bads, all_bads), rate })
    }

    fn counts(&self, log_odds: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut counts = vec![0.0; self.cuts.len() + 1];
        log_odds.for_each(|z| counts[self.cuts.partition_point(|cut| *cut < z)] += 1.0);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn limits_are_those_of_tables() {
        for (freedom, above, table) in
            [(1.0, 0.05, 3.841), (9.0, 0.05, 16.919), (9.0, 0.01, 21.666), (4.0, 0.001, 18.467)]
        {
            let found = chi_square(freedom, above);
            assert!((found / table - 1.0).abs() < 0.03, "{freedom} {above}: {found}");
        }
    }

    #[test]
    fn an_index_without_change_stays_within_its_limit_and_one_with_change_does_not() {
        let mut stream = Stream::new(3);
        let mut beyond = 0;
        for round in 0..400 {
            let mut draw = |rows: usize, shift: f64| {
                let values = (0..rows).map(|_| stream.below(1_000) as f64 + shift).collect();
                Values::Number(values)
            };
            let (then, now, moved) = (draw(700, 0.0), draw(300, 0.0), draw(300, 200.0));
            let reference = Reference::of(&then, 700);
            let of = |values: &Values| {
                let before: Vec<f64> = reference.shares.iter().copied().chain([reference.missing]).collect();
                index(&before, 700.0, &reference.counts(values), 0.05)
            };
            let (psi, (_, limit)) = of(&now);
            beyond += usize::from(psi > limit);
            let (psi, (_, limit)) = of(&moved);
            assert!(psi > 2.0 * limit, "{round}: {psi}");
        }
        assert!((4..40).contains(&beyond), "{beyond} of 400");
    }

    #[test]
    fn shares_of_levels_and_missing_cells_are_kept() {
        let codes = Values::Category(vec![0, 0, 1, MISSING, crate::frame::UNSEEN, 0, 1, 0]);
        let reference = Reference::of(&codes, 8);
        assert_eq!((reference.missing, reference.shares[0], reference.shares[1]), (0.125, 0.5, 0.25));
        assert_eq!(reference.shares[10], 0.125);
    }
}
