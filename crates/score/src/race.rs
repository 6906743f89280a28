//! The race of candidates: folds, what each says of rows left out and at what work, who goes on.

use crate::ScoreError;
use crate::candidate::Candidate;
use crate::crew::{Crew, gather};
use crate::encode::fit as fit_encoder;
use crate::grow::{Binned, Watch, boost};
use crate::judge::log_loss;
use crate::member::{bins_for, card_work, fit_cards};
use crate::portfolio::{Study, Times};
use crate::sample::{Past, deal};

/// Rows to train on and rows to judge on.
pub(crate) struct Fold {
    pub(crate) is_training: Vec<bool>,
    pub(crate) held: Vec<usize>,
}

/// A candidate on its way through the race.
pub(crate) struct Racer {
    pub(crate) candidate: Candidate,
    heard: Vec<Heard>,
}

/// What a candidate said of the rows that a fold left out.
struct Heard {
    /// Log odds of the rows by number of trees.
    said: Vec<Vec<f32>>,
    work: u64,
}

/// The folds in the order in which they are run, and how many make one deal: every row that can be is left out once in each.
pub(crate) fn folds(
    past: &Past,
    study: &Study,
    repeats: usize,
    parts: usize,
) -> Result<(Vec<Fold>, usize), ScoreError> {
    if let Some(times) = &study.time {
        let folds = chained(past, times)?;
        let all = folds.len();
        return Ok((folds, all));
    }
    let rows = past.rows();
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
    Ok((folds, parts))
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
pub(crate) fn run(past: &Past, study: &Study, folds: &[Fold], racers: &mut [Racer], crew: Crew) {
    let count = racers.len().max(1);
    let heard = gather(crew, folds.len() * racers.len(), |job| {
        let (fold, racer) = (job / count, job % count);
        hear(past, study, &folds[fold], fold, &racers[racer].candidate)
    });
    for (job, heard) in heard.into_iter().enumerate() {
        racers[job % count].heard.push(heard);
    }
}

fn hear(past: &Past, study: &Study, fold: &Fold, number: usize, candidate: &Candidate) -> Heard {
    let rows = fold.is_training.iter().filter(|is| **is).count();
    match candidate {
        Candidate::Card(penalty) => {
            let cards = fit_cards(past, &study.trends, &fold.is_training, &[*penalty]);
            let held = past.frame.take(&fold.held);
            let said = cards.iter().map(|card| card.log_odds(&held).iter().map(|z| *z as f32).collect());
            Heard { said: said.collect(), work: card_work(rows, past.schema.columns.len()) }
        }
        Candidate::Trees { grow, categories, keep_at } => {
            let seed = study.seed.wrapping_add(77 * number as u64);
            let encoded = fit_encoder(past, &fold.is_training, *categories, seed);
            let mut binned = Binned::cut(&encoded, &study.trends, &fold.is_training, bins_for(rows));
            let patience = Some((4.0 / grow.rate) as usize);
            let watch =
                Watch { is_training: &fold.is_training, bad: &past.bad, weights: &past.weights, keep_at, patience };
            let boosted = boost(&mut binned, &watch, grow, seed);
            let said = boosted.kept.iter().map(|all| fold.held.iter().map(|row| all[*row] as f32).collect());
            Heard { said: said.collect(), work: boosted.work }
        }
    }
}

impl Racer {
    /// A candidate before the race.
    pub(crate) fn new(candidate: Candidate) -> Racer {
        Racer { candidate, heard: Vec::new() }
    }

    /// What it has cost so far.
    pub(crate) fn work(&self) -> u64 {
        self.heard.iter().map(|heard| heard.work).sum()
    }

    /// What it cost on a fold, on average.
    pub(crate) fn work_a_fold(&self) -> u64 {
        self.work() / self.heard.len().max(1) as u64
    }

    /// At which number of trees the rows left out so far cost least, and how much.
    pub(crate) fn best(&self, past: &Past, folds: &[Fold]) -> (usize, f64) {
        let lengths = self.heard.first().map_or(0, |heard| heard.said.len());
        let mut best = (0, f64::INFINITY);
        for at in 0..lengths {
            let (mut loss, mut rows) = (0.0, 0.0);
            for (fold, heard) in folds.iter().zip(&self.heard) {
                // What is only inferred judges nobody.
                let told = || fold.held.iter().zip(&heard.said[at]).filter(|(row, _)| past.is_told(**row));
                let z: Vec<f64> = told().map(|(_, z)| f64::from(*z)).collect();
                let bad: Vec<bool> = told().map(|(row, _)| past.bad[*row]).collect();
                let weights: Vec<f64> = told().map(|(row, _)| past.weights[*row]).collect();
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
    pub(crate) fn left_out(&self, rows: usize, folds: &[Fold], at: usize) -> Vec<f64> {
        let (mut sum, mut times) = (vec![0.0; rows], vec![0.0; rows]);
        for (fold, heard) in folds.iter().zip(&self.heard) {
            for (row, z) in fold.held.iter().zip(&heard.said[at]) {
                sum[*row] += f64::from(*z);
                times[*row] += 1.0;
            }
        }
        sum.iter().zip(times).map(|(s, n)| s / f64::max(n, 1.0)).collect()
    }
}

/// The racers in the order in which they go on: the best of each family, then the best of all.
pub(crate) fn ranked(racers: Vec<Racer>, losses: &[f64]) -> Vec<Racer> {
    let mut order: Vec<usize> = (0..racers.len()).collect();
    order.sort_by(|a, b| losses[*a].total_cmp(&losses[*b]));
    let mut ranks: Vec<usize> = Vec::new();
    for at in &order {
        let family = racers[*at].candidate.family();
        if ranks.iter().all(|r| racers[*r].candidate.family() != family) {
            ranks.push(*at);
        }
    }
    for at in order {
        if !ranks.contains(&at) {
            ranks.push(at);
        }
    }
    let mut racers: Vec<Option<Racer>> = racers.into_iter().map(Some).collect();
    ranks.into_iter().filter_map(|at| racers.get_mut(at)?.take()).collect()
}
