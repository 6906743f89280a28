//! Training: from past loans to a scorecard, the same bytes each time.
//!
//! Made for small samples: features are cut into few ranges that may move risk only in
//! their sensible direction, each range is mixed with rows of the average rate, coefficients
//! are ridged and cannot turn negative, and the settings themselves are chosen by repeated
//! stratified cross-validation inside the sample, by the log loss of rows left out.

use serde::{Deserialize, Serialize};

use crate::ScoreError;
use crate::bin::{BinSpec, Bins, Trend};
use crate::logistic;
use crate::math::{exp, ln, logistic as probability};
use crate::metrics::{auc, brier, calibration_table};
use crate::model::{DataCard, Metrics, ModelFile};
use crate::random::Stream;
use crate::scorecard::{Bands, CardFeature, PointScale, Scorecard, micro};

/// Past loans: what was known at the time, and how they went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Columns, in the order of [`TrainSpec::columns`]; a value a row, in millionths.
    pub columns: Vec<Vec<Option<i64>>>,
    /// Whether each row turned bad.
    pub bad: Vec<bool>,
}

/// How to train.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainSpec {
    /// Name of each feature that may be used, and how risk may move with it.
    pub columns: Vec<(String, Trend)>,
    /// Settings to choose from; the first wins a tie.
    pub tunings: Vec<Tuning>,
    /// Parts of the cross-validation.
    pub folds: usize,
    /// How often it is repeated with other parts.
    pub repeats: usize,
    /// Seed of the parts.
    pub seed: u64,
    /// How log odds become points.
    pub scale: PointScale,
    /// Where ratings end.
    pub bands: Bands,
}

/// One choice of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// At most so many ranges a feature.
    pub ranges_max: usize,
    /// Smallest range, ppm of the rows with a value.
    pub share_min_ppm: u32,
    /// Rows of the average rate mixed into each range.
    pub prior_rows: u32,
    /// Ridge, in thousandths.
    pub ridge_milli: u32,
    /// At most so many features.
    pub features_max: usize,
    /// Of two features whose weights correlate more than this (ppm), the less telling is left out.
    pub correlation_max_ppm: u32,
}

/// How a choice of settings did on rows left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The settings.
    pub tuning: Tuning,
    /// Mean log loss.
    pub log_loss: f64,
    /// Mean AUC over the repeats.
    pub auc: f64,
    /// Log odds of each row while left out, mean over the repeats.
    left_out: Vec<f64>,
}

/// Fewest rows of each class to train on.
pub const CLASS_ROWS_MIN: usize = 5;

/// Fewest bad rows at which a feature that may bend either way is looked at: with fewer, what
/// it seems to say is mostly chance, and nothing sensible holds it back.
pub const FREE_TREND_BADS_MIN: usize = 50;

impl Tuning {
    /// The choices offered where nothing else is known: few ranges, strong shrinking.
    pub fn grid() -> Vec<Tuning> {
        let mut grid = Vec::new();
        for features_max in [8, 16, 40] {
            for ranges_max in [2, 4] {
                for (prior_rows, ridge_milli) in [(15, 3_000), (15, 10_000), (40, 1_000), (40, 3_000)] {
                    for correlation_max_ppm in [800_000, 1_000_000] {
                        grid.push(Tuning {
                            ranges_max,
                            share_min_ppm: 100_000,
                            prior_rows,
                            ridge_milli,
                            features_max,
                            correlation_max_ppm,
                        });
                    }
                }
            }
        }
        grid
    }
}

impl TrainSpec {
    /// Training on these features with the usual settings: [`Tuning::grid`], 5 parts, 6 times.
    pub fn usual(columns: Vec<(String, Trend)>, seed: u64) -> TrainSpec {
        TrainSpec {
            columns,
            tunings: Tuning::grid(),
            folds: 5,
            repeats: 6,
            seed,
            scale: PointScale::default(),
            bands: Bands::default(),
        }
    }
}

/// Trains a model. The same sample, card, settings and seed give the same bytes.
///
/// Errors if the sample is misshapen or has fewer than [`CLASS_ROWS_MIN`] rows of a class,
/// or a setting cannot be.
pub fn train(sample: &Sample, data: DataCard, spec: &TrainSpec) -> Result<ModelFile, ScoreError> {
    let trials = compare(sample, spec)?;
    let mut best = 0;
    for (at, trial) in trials.iter().enumerate() {
        if trial.log_loss < trials[best].log_loss {
            best = at;
        }
    }
    let trial = &trials[best];
    let all: Vec<usize> = (0..sample.bad.len()).collect();
    let raw = fit_rows(sample, &all, spec, &trial.tuning);
    let card = calibrated(&raw, trial, sample, spec);
    let metrics = measured(&card, trial, sample, spec);
    Ok(ModelFile {
        format: ModelFile::FORMAT,
        kind: ModelFile::KIND.to_owned(),
        card,
        data,
        tuning: trial.tuning,
        seed: spec.seed,
        metrics,
    })
}

/// Tries every choice of settings on rows left out, within the sample alone.
pub fn compare(sample: &Sample, spec: &TrainSpec) -> Result<Vec<Trial>, ScoreError> {
    check(sample, spec)?;
    let parts: Vec<Vec<usize>> = {
        let mut stream = Stream::new(spec.seed);
        (0..spec.repeats).map(|_| fold_of_rows(&sample.bad, spec.folds, &mut stream)).collect()
    };
    Ok(spec.tunings.iter().map(|tuning| try_out(sample, spec, tuning, &parts)).collect())
}

fn check(sample: &Sample, spec: &TrainSpec) -> Result<(), ScoreError> {
    let rows = sample.bad.len();
    let bads = sample.bad.iter().filter(|b| **b).count();
    if bads < CLASS_ROWS_MIN || rows - bads < CLASS_ROWS_MIN {
        return Err(ScoreError::TooFew { rows, bads, needed: CLASS_ROWS_MIN });
    }
    let setting =
        |setting, value: usize, wanted| Err(ScoreError::Setting { setting, value: value.to_string(), wanted });
    if spec.columns.len() != sample.columns.len() {
        return setting("columns", spec.columns.len(), "name every column of the sample");
    }
    for ((name, _), column) in spec.columns.iter().zip(&sample.columns) {
        if column.len() != rows {
            return Err(ScoreError::Shape { column: name.clone(), found: column.len(), rows });
        }
    }
    match (spec.tunings.is_empty(), spec.folds, spec.repeats) {
        (true, _, _) => setting("tunings", 0, "give at least one choice of settings"),
        (_, folds, _) if !(2..=CLASS_ROWS_MIN).contains(&folds) => setting("folds", folds, "give 2 to 5"),
        (_, _, 0) => setting("repeats", 0, "give at least 1"),
        _ => Ok(()),
    }
}

/// The part of each row, goods and bads dealt evenly.
fn fold_of_rows(bad: &[bool], folds: usize, stream: &mut Stream) -> Vec<usize> {
    let mut fold = vec![0; bad.len()];
    let mut dealt = 0;
    for class in [true, false] {
        let mut rows: Vec<usize> = (0..bad.len()).filter(|i| bad[*i] == class).collect();
        stream.shuffle(&mut rows);
        for row in rows {
            fold[row] = dealt % folds;
            dealt += 1;
        }
    }
    fold
}

fn try_out(sample: &Sample, spec: &TrainSpec, tuning: &Tuning, parts: &[Vec<usize>]) -> Trial {
    let rows = sample.bad.len();
    let (mut left_out, mut loss, mut area) = (vec![0.0; rows], 0.0, 0.0);
    for fold_of in parts {
        let mut log_odds = vec![0.0; rows];
        for fold in 0..spec.folds {
            let seen: Vec<usize> = (0..rows).filter(|i| fold_of[*i] != fold).collect();
            let raw = fit_rows(sample, &seen, spec, tuning);
            for row in (0..rows).filter(|i| fold_of[*i] == fold) {
                log_odds[row] = raw.log_odds(sample, row);
            }
        }
        for (row, z) in log_odds.iter().enumerate() {
            left_out[row] += z / parts.len() as f64;
            let against = if sample.bad[row] { -z } else { *z };
            loss += ln(1.0 + exp(against)) / (rows * parts.len()) as f64;
        }
        let risk: Vec<i64> = log_odds.iter().map(|z| micro(*z)).collect();
        area += auc(&risk, &sample.bad).unwrap_or(0.5) / parts.len() as f64;
    }
    Trial { tuning: *tuning, log_loss: loss, auc: area, left_out }
}

/// A fit before calibration: columns used, their bins and coefficients.
struct Raw {
    intercept: f64,
    used: Vec<(usize, Bins, f64)>,
}

impl Raw {
    fn log_odds(&self, sample: &Sample, row: usize) -> f64 {
        let mut sum = self.intercept;
        for (column, bins, coefficient) in &self.used {
            sum += coefficient * bins.weight_of(sample.columns[*column][row]);
        }
        sum
    }
}

fn fit_rows(sample: &Sample, rows: &[usize], spec: &TrainSpec, tuning: &Tuning) -> Raw {
    let bad: Vec<bool> = rows.iter().map(|i| sample.bad[*i]).collect();
    let mut candidates: Vec<(usize, Bins, Vec<f64>)> = Vec::new();
    let bads = bad.iter().filter(|b| **b).count();
    for (column, (_, trend)) in spec.columns.iter().enumerate() {
        if *trend == Trend::Free && bads < FREE_TREND_BADS_MIN {
            continue;
        }
        let values: Vec<Option<i64>> = rows.iter().map(|i| sample.columns[column][*i]).collect();
        let bin_spec = BinSpec {
            ranges_max: tuning.ranges_max,
            share_min_ppm: tuning.share_min_ppm,
            prior_rows: tuning.prior_rows,
            trend: *trend,
        };
        let bins = Bins::fit(&values, &bad, &bin_spec);
        if bins.information > 0.0 {
            let weights = values.iter().map(|v| bins.weight_of(*v)).collect();
            candidates.push((column, bins, weights));
        }
    }
    // Most telling first; equal ones in the order of the columns.
    candidates.sort_by(|a, b| b.1.information.total_cmp(&a.1.information));
    let mut chosen: Vec<(usize, Bins, Vec<f64>)> = Vec::new();
    let limit = f64::from(tuning.correlation_max_ppm) / 1e6;
    for candidate in candidates {
        if chosen.len() >= tuning.features_max {
            break;
        }
        if chosen.iter().all(|c| correlation(&c.2, &candidate.2) <= limit) {
            chosen.push(candidate);
        }
    }
    let columns: Vec<Vec<f64>> = chosen.iter().map(|c| c.2.clone()).collect();
    let fit = logistic::fit(&columns, &bad, f64::from(tuning.ridge_milli) / 1e3);
    let used = chosen.into_iter().zip(fit.coefficients).filter(|(_, c)| *c > 0.0);
    Raw { intercept: fit.intercept, used: used.map(|((column, bins, _), c)| (column, bins, c)).collect() }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().max(1) as f64;
    let (mean_a, mean_b) = (total(a) / n, total(b) / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - mean_a) * (y - mean_b);
        aa += (x - mean_a) * (x - mean_a);
        bb += (y - mean_b) * (y - mean_b);
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

fn total(values: &[f64]) -> f64 {
    let mut sum = 0.0;
    for v in values {
        sum += v;
    }
    sum
}

/// The scorecard whose slope fits the rows left out and whose mean PD is the sample's bad rate.
fn calibrated(raw: &Raw, trial: &Trial, sample: &Sample, spec: &TrainSpec) -> Scorecard {
    let mean = total(&trial.left_out) / trial.left_out.len().max(1) as f64;
    let centred: Vec<f64> = trial.left_out.iter().map(|z| z - mean).collect();
    let slope_found = logistic::fit(&[centred], &sample.bad, 0.01).coefficients.first().copied().unwrap_or(1.0);
    // Few rows can ask for an absurd slope; a card that ranks must keep ranking.
    let slope = slope_found.clamp(0.5, 2.0);
    let features: Vec<CardFeature> = raw
        .used
        .iter()
        .map(|(column, bins, coefficient)| CardFeature {
            name: spec.columns[*column].0.clone(),
            edges: bins.edges.clone(),
            log_odds_micro: bins.weights.iter().map(|w| micro(slope * coefficient * w)).collect(),
        })
        .collect();
    let mut card = Scorecard { base_log_odds_micro: 0, features, scale: spec.scale, bands: spec.bands };
    let bads = sample.bad.iter().filter(|b| **b).count() as f64;
    let spread: Vec<f64> = scores(&card, sample, spec).iter().map(|z| *z as f64 / 1e6).collect();
    // The mean PD rises with the base, so halving finds it.
    let (mut low, mut high) = (-20.0, 20.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let expected = total(&spread.iter().map(|z| probability(middle + z)).collect::<Vec<_>>());
        if expected < bads { low = middle } else { high = middle }
    }
    card.base_log_odds_micro = micro(low);
    card
}

fn scores(card: &Scorecard, sample: &Sample, spec: &TrainSpec) -> Vec<i64> {
    let column_of = |name: &str| spec.columns.iter().position(|(n, _)| n == name);
    (0..sample.bad.len())
        .map(|row| card.predict(|name| column_of(name).and_then(|c| sample.columns[c][row])).log_odds_micro)
        .collect()
}

fn measured(card: &Scorecard, trial: &Trial, sample: &Sample, spec: &TrainSpec) -> Metrics {
    let risk = scores(card, sample, spec);
    let pd: Vec<i64> = risk.iter().map(|z| crate::scorecard::pd_ppm_of(*z)).collect();
    Metrics {
        rows: sample.bad.len(),
        bads: sample.bad.iter().filter(|b| **b).count(),
        auc_train_ppm: micro(auc(&risk, &sample.bad).unwrap_or(0.5)),
        auc_cross_ppm: micro(trial.auc),
        log_loss_cross_micro: micro(trial.log_loss),
        brier_micro: micro(brier(&pd, &sample.bad).unwrap_or(0.0)),
        calibration: Metrics::calibration_of(&calibration_table(&pd, &sample.bad, 5)),
    }
}
