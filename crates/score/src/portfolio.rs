//! Training of a model on anybody's table: candidates race on rows left out, the best are joined.
//!
//! Candidates (scorecards, trees of three shapes, categories as levels or as statistics) are tried on shared
//! folds. After a first part of the folds the worse half leaves (successive halving, Jamieson and
//! Talwalkar, 2016); the rest run on all folds. Encoders, bins and ranges are learned anew inside each fold. The
//! finalists' log odds of rows left out give the weights of the blend and the calibration; then
//! they are fitted again on all rows, with several seeds. How much is tried is told by counted work, never by a clock,
//! so that the same rows, settings and seed give the same model.

use crate::ScoreError;
use crate::bin::Trend;
use crate::blend::{LeftOut, blend};
use crate::bundle::{Bundle, Part, Standing};
use crate::calibrate::Calibrator;
use crate::candidate::{Candidate, Effort, ModelKind, offered};
use crate::crew::{Crew, gather};
use crate::encode::fit as fit_encoder;
use crate::frame::Target;
use crate::grow::{Binned, Watch, boost};
use crate::judge::{Figures, area, judge, log_loss};
use crate::math::logistic;
use crate::member::{Member, bins_for, fit_cards, fit_trees};
use crate::sample::{Past, deal};

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// What kind of model.
    pub kind: ModelKind,
    /// How much is tried.
    pub effort: Effort,
    /// How risk may move with each column of the schema.
    pub trends: Vec<Trend>,
    /// Seed of folds and draws.
    pub seed: u64,
    /// A time for each row, where rows left out have to come after those trained on.
    pub time: Option<Times>,
}

/// When rows came, for forward chaining.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// The time of each row, in any unit.
    pub of_row: Vec<f64>,
    /// Time between the last row trained on and the first judged: the outcome has to be known by then.
    pub gap: f64,
}

/// Rows to train on and rows to judge on.
struct Fold {
    is_training: Vec<bool>,
    held: Vec<usize>,
}

/// A candidate on its way through the race.
struct Racer {
    candidate: Candidate,
    /// Log odds of held rows by number of trees, for each fold run so far.
    heard: Vec<Vec<Vec<f32>>>,
}

/// Trains a model.
///
/// Errors if settings do not fit the rows; see [`Past::new`] for what rows have to hold.
pub fn train(
    past: &Past,
    target: &Target,
    study: &Study,
    crew: Crew,
    tell: &dyn Fn(&str),
) -> Result<Bundle, ScoreError> {
    if study.trends.len() != past.schema.columns.len() {
        let (found, rows) = (study.trends.len(), past.schema.columns.len());
        return Err(ScoreError::Shape { column: "trends".to_owned(), found, rows });
    }
    let (folds, first) = plan(past, study)?;
    let mut racers: Vec<Racer> = offered(study.kind, study.effort, past)
        .into_iter()
        .map(|candidate| Racer { candidate, heard: Vec::new() })
        .collect();
    tell(&format!("{} candidates on {first} of {} folds", racers.len(), folds.len()));
    run(past, study, &folds[..first], &mut racers, crew);
    let mut work: u64 = racers.iter().map(|r| r.candidate.work(past, first)).sum();
    let kept = study.effort.finalists();
    let losses: Vec<f64> = racers.iter().map(|r| r.best(past, &folds).1).collect();
    racers = halved(racers, &losses, kept);
    tell(&format!("{} candidates on all {} folds", racers.len(), folds.len()));
    run(past, study, &folds[first..], &mut racers, crew);
    work += racers.iter().map(|r| r.candidate.work(past, folds.len() - first)).sum::<u64>();

    let judged: Vec<usize> = {
        let mut seen = vec![false; past.rows()];
        folds.iter().flat_map(|f| &f.held).for_each(|row| seen[*row] = true);
        (0..past.rows()).filter(|row| seen[*row]).collect()
    };
    let bad: Vec<bool> = judged.iter().map(|row| past.bad[*row]).collect();
    let weights: Vec<f64> = judged.iter().map(|row| past.weights[*row]).collect();
    let (mut members, mut rounds) = (Vec::new(), Vec::new());
    for racer in &racers {
        let (at, _) = racer.best(past, &folds);
        let all = racer.left_out(past.rows(), &folds, at);
        members.push(judged.iter().map(|row| all[*row]).collect::<Vec<f64>>());
        rounds.push(racer.candidate.keep_at().get(at).copied().unwrap_or(0));
    }
    let blended = blend(&LeftOut { members: &members, bad: &bad, weights: &weights });
    let mut joined = vec![0.0; judged.len()];
    for (member, weight) in members.iter().zip(&blended.weights) {
        joined.iter_mut().zip(member).for_each(|(sum, z)| *sum += weight * z);
    }
    // A card is computed by hand: a straight line keeps its points whole.
    let learn = if study.kind == ModelKind::Scorecard { Calibrator::line } else { Calibrator::fit };
    let calibrator = learn(&joined, &bad, &weights);
    let figures = cross_figures(&joined, &bad, &weights, study.seed, learn);

    let standings: Vec<Standing> = racers
        .iter()
        .zip(&members)
        .zip(&blended.weights)
        .map(|((racer, z), weight)| Standing {
            candidate: racer.candidate.describe(),
            auc: area(z, &bad).unwrap_or(0.5),
            log_loss: log_loss(z, &bad, &weights),
            weight: *weight,
        })
        .collect();
    tell("fitting what was chosen on all rows");
    let chosen: Vec<usize> = (0..racers.len()).filter(|m| blended.weights[*m] > 0.0).collect();
    let folds_each = folds[0].held.len().max(1) as f64 / judged.len().max(1) as f64;
    let parts = refit(past, study, &racers, &chosen, &rounds, folds_each, crew)?;
    let seeds = study.effort.seeds(past.rows()) as u64;
    work += chosen.iter().map(|m| racers[*m].candidate.work(past, 1) * seeds).sum::<u64>();
    let parts = chosen.iter().zip(parts).map(|(m, member)| Part { member, weight: blended.weights[*m] }).collect();
    Ok(Bundle::new(past, target, study, parts, calibrator, (figures, standings, work)))
}

/// The folds, and how many of them the first heat runs on.
fn plan(past: &Past, study: &Study) -> Result<(Vec<Fold>, usize), ScoreError> {
    if let Some(times) = &study.time {
        return Ok((chained(past, times)?, 1));
    }
    let rows = past.rows();
    let (repeats, parts, first) = study.effort.folds(rows);
    // No fold may be left without a class.
    let parts = parts.min(past.bads()).min(rows - past.bads()).max(2);
    let mut folds = Vec::new();
    for repeat in 0..repeats as u64 {
        let fold_of = deal(&past.bad, &past.twins, parts, study.seed.wrapping_add(1_000 * repeat));
        for fold in 0..parts {
            folds.push(Fold {
                is_training: fold_of.iter().map(|f| *f != fold).collect(),
                held: (0..rows).filter(|row| fold_of[*row] == fold).collect(),
            });
        }
    }
    Ok((folds, first.min(repeats * parts)))
}

/// Forward chaining: the last four tenths of the rows in three parts, each judged by what came before.
fn chained(past: &Past, times: &Times) -> Result<Vec<Fold>, ScoreError> {
    let refused = |value: String, wanted| Err(ScoreError::Setting { setting: "time", value, wanted });
    if let Some(row) = times.of_row.iter().position(|t| !t.is_finite()) {
        return refused(format!("missing in row {}", row + 1), "give every row a date or a number");
    }
    let mut sorted = times.of_row.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |tenths_of_percent: usize| sorted[(sorted.len() - 1) * tenths_of_percent / 1_000];
    let cuts = [at(600), at(733), at(866), f64::INFINITY];
    let mut folds = Vec::new();
    for pair in cuts.windows(2) {
        let is_training: Vec<bool> = times.of_row.iter().map(|t| *t < pair[0] - times.gap).collect();
        let held: Vec<usize> =
            (0..past.rows()).filter(|row| (pair[0]..pair[1]).contains(&times.of_row[*row])).collect();
        let bads = (0..past.rows()).filter(|row| is_training[*row] && past.bad[*row]).count();
        let rows = is_training.iter().filter(|is| **is).count();
        let held_bads = held.iter().filter(|row| past.bad[**row]).count();
        if bads >= 5 && rows - bads >= 5 && held_bads > 0 && held_bads < held.len() {
            folds.push(Fold { is_training, held });
        }
    }
    if folds.is_empty() {
        return refused(
            "too short".to_owned(),
            "the rows do not reach far enough back: leave out --time or shorten the gap",
        );
    }
    Ok(folds)
}

/// Runs every racer on some folds.
fn run(past: &Past, study: &Study, folds: &[Fold], racers: &mut [Racer], crew: Crew) {
    let jobs = folds.len() * racers.len();
    let heard = gather(crew, jobs, |job| {
        let (fold, racer) = (job / racers.len(), job % racers.len());
        hear(past, study, &folds[fold], fold, &racers[racer].candidate)
    });
    for (job, heard) in heard.into_iter().enumerate() {
        let count = racers.len();
        racers[job % count].heard.push(heard);
    }
}

/// What a candidate says of the rows left out, by number of trees.
fn hear(past: &Past, study: &Study, fold: &Fold, number: usize, candidate: &Candidate) -> Vec<Vec<f32>> {
    match candidate {
        Candidate::Card(penalty) => {
            let cards = fit_cards(past, &study.trends, &fold.is_training, &[*penalty]);
            let held = past.frame.take(&fold.held);
            cards.iter().map(|card| card.log_odds(&held).iter().map(|z| *z as f32).collect()).collect()
        }
        Candidate::Trees { grow, categories, keep_at } => {
            let seed = study.seed.wrapping_add(77 * number as u64);
            let (encoder, encoded) = fit_encoder(past, &fold.is_training, *categories, seed);
            let rows = fold.is_training.iter().filter(|is| **is).count();
            let binned = Binned::cut(&encoded, &encoder.natures(&study.trends), &fold.is_training, bins_for(rows));
            let patience = Some((4.0 / grow.rate) as usize);
            let watch =
                Watch { is_training: &fold.is_training, bad: &past.bad, weights: &past.weights, keep_at, patience };
            let boosted = boost(&binned, &watch, grow, seed);
            boosted.kept.iter().map(|all| fold.held.iter().map(|row| all[*row] as f32).collect()).collect()
        }
    }
}

impl Racer {
    /// At which number of trees the rows left out so far cost least, and how much.
    fn best(&self, past: &Past, folds: &[Fold]) -> (usize, f64) {
        let lengths = self.heard.first().map_or(0, Vec::len);
        let mut best = (0, f64::INFINITY);
        for at in 0..lengths {
            let (mut loss, mut rows) = (0.0, 0.0);
            for (fold, heard) in folds.iter().zip(&self.heard) {
                let z: Vec<f64> = heard[at].iter().map(|z| f64::from(*z)).collect();
                let bad: Vec<bool> = fold.held.iter().map(|row| past.bad[*row]).collect();
                let weights: Vec<f64> = fold.held.iter().map(|row| past.weights[*row]).collect();
                loss += log_loss(&z, &bad, &weights) * z.len() as f64;
                rows += z.len() as f64;
            }
            let mean = loss / f64::max(rows, 1.0);
            if mean < best.1 {
                best = (at, mean);
            }
        }
        best
    }

    /// Mean log odds of each row over the folds that left it out.
    fn left_out(&self, rows: usize, folds: &[Fold], at: usize) -> Vec<f64> {
        let (mut sum, mut times) = (vec![0.0; rows], vec![0.0; rows]);
        for (fold, heard) in folds.iter().zip(&self.heard) {
            for (row, z) in fold.held.iter().zip(&heard[at]) {
                sum[*row] += f64::from(*z);
                times[*row] += 1.0;
            }
        }
        sum.iter().zip(times).map(|(s, n)| s / f64::max(n, 1.0)).collect()
    }
}

/// The racers that go on: the best of each family, then the best of all, up to `kept`.
fn halved(racers: Vec<Racer>, losses: &[f64], kept: usize) -> Vec<Racer> {
    let mut order: Vec<usize> = (0..racers.len()).collect();
    order.sort_by(|a, b| losses[*a].total_cmp(&losses[*b]));
    let mut chosen: Vec<usize> = Vec::new();
    for at in &order {
        let family = racers[*at].candidate.family();
        if chosen.iter().all(|c| racers[*c].candidate.family() != family) {
            chosen.push(*at);
        }
    }
    for at in order {
        if chosen.len() < kept && !chosen.contains(&at) {
            chosen.push(at);
        }
    }
    let mut at = 0;
    let mut racers = racers;
    racers.retain(|_| {
        at += 1;
        chosen.contains(&(at - 1))
    });
    racers
}

/// Fits the chosen on all rows. Rounds grow a little with the rows that folds had left out.
fn refit(
    past: &Past,
    study: &Study,
    racers: &[Racer],
    chosen: &[usize],
    rounds: &[usize],
    held_share: f64,
    crew: Crew,
) -> Result<Vec<Member>, ScoreError> {
    let all = vec![true; past.rows()];
    let growth = (1.0 / (1.0 - held_share.clamp(0.0, 0.5))).sqrt();
    let seeds: Vec<u64> =
        (0..study.effort.seeds(past.rows()) as u64).map(|s| study.seed.wrapping_add(7_919 * (s + 1))).collect();
    gather(crew, chosen.len(), |job| match &racers[chosen[job]].candidate {
        Candidate::Card(penalty) => {
            let mut cards = fit_cards(past, &study.trends, &all, &[*penalty]);
            Ok(Member::Card(cards.swap_remove(0)))
        }
        Candidate::Trees { grow, categories, .. } => {
            let rounds = (rounds[chosen[job]] as f64 * growth).round() as usize;
            fit_trees(past, &study.trends, grow, *categories, rounds, &seeds).map(Member::Trees)
        }
    })
    .into_iter()
    .collect()
}

type Learn = fn(&[f64], &[bool], &[f64]) -> Calibrator;

/// Figures on rows left out, calibrated by folds of their own so that the map is not judged on what it learned from.
fn cross_figures(joined: &[f64], bad: &[bool], weights: &[f64], seed: u64, learn: Learn) -> Option<Figures> {
    let keys: Vec<u64> = (0..bad.len() as u64).collect();
    let fold_of = deal(bad, &keys, 5, seed ^ 0xca1b);
    let mut said = vec![0.0; bad.len()];
    for fold in 0..5 {
        let seen: Vec<usize> = (0..bad.len()).filter(|row| fold_of[*row] != fold).collect();
        let pick = |values: &[f64]| seen.iter().map(|row| values[*row]).collect::<Vec<f64>>();
        let outcomes: Vec<bool> = seen.iter().map(|row| bad[*row]).collect();
        let map = learn(&pick(joined), &outcomes, &pick(weights));
        for row in (0..bad.len()).filter(|row| fold_of[*row] == fold) {
            said[row] = logistic(map.apply(joined[row]));
        }
    }
    judge(&said, bad)
}
