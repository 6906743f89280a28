//! Training of a model on anybody's table: candidates race on rows left out, the best are joined.
//!
//! Candidates (scorecards, trees of three shapes, categories as levels or as statistics) are tried on shared
//! folds. After a first part of the folds the worse half leaves (successive halving, Jamieson and
//! Talwalkar, 2016); the rest run on all folds. Encoders, bins and ranges are learned anew inside each fold. The
//! finalists' log odds of rows left out give the weights of the blend and the calibration; then
//! they are fitted again on all rows, with several seeds. How much is tried is told by counted work, never by a clock,
//! so that the same rows, settings and seed give the same model: how many candidates begin and at which rate they learn follows
//! from what they may cost at most, how many go on and with how many seeds they are fitted from what the first heat did cost.

use crate::ScoreError;
use crate::bin::Trend;
use crate::blend::{LeftOut, blend};
use crate::bundle::{Bundle, Part, SaidReference, Standing};
use crate::calibrate::Calibrator;
use crate::candidate::{Candidate, Effort, ModelKind, offered};
use crate::crew::{Crew, gather};
use crate::frame::Target;
use crate::judge::{Figures, area, judge, log_loss};
use crate::math::logistic;
use crate::member::{Member, fit_cards, fit_trees, joined_trees};
use crate::race::{Racer, folds, ranked, run};
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

/// A trained model, and what models that had not seen a row said of it.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model.
    pub model: Bundle,
    /// Calibrated log odds of each row by models that were not trained on it; NaN for rows that were in no fold.
    pub left_out: Vec<f64>,
}

/// Most rows of the race; of more, so many are drawn, and what is chosen is fitted on all.
const RACE_ROWS_MAX: usize = 150_000;
/// Part of the work allowed that the first heat may take if no candidate ends early.
const FIRST_HEAT: f64 = 0.7;
/// From so many rows on candidates learn more slowly, if the work allows.
const SLOW_ROWS_MIN: usize = 12_000;
/// Fewest candidates that begin, and that go on, whatever they cost.
const RACERS_MIN: usize = 4;
/// Fewest that go on.
const FINALISTS_MIN: usize = 2;

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
    trained(past, target, study, crew, tell).map(|trained| trained.model)
}

/// [`train`], with what was said of the training rows by models that had not seen them.
pub fn trained(
    past: &Past,
    target: &Target,
    study: &Study,
    crew: Crew,
    tell: &dyn Fn(&str),
) -> Result<Trained, ScoreError> {
    if study.trends.len() != past.schema.columns.len() {
        let (found, rows) = (study.trends.len(), past.schema.columns.len());
        return Err(ScoreError::Shape { column: "trends".to_owned(), found, rows });
    }
    if past.rows() <= RACE_ROWS_MAX {
        return finish(past, past, study, target, crew, tell, None);
    }
    let drawn = past.drawn(RACE_ROWS_MAX, study.seed);
    let part = past.take(&drawn);
    let time =
        study.time.as_ref().map(|times| Times { of_row: drawn.iter().map(|r| times.of_row[*r]).collect(), ..*times });
    let inside = Study { time, ..study.clone() };
    finish(past, &part, &inside, target, crew, tell, Some(&drawn))
}

/// Races on `part` and fits what is chosen on `past`; `drawn` says which rows of it the part is.
fn finish(
    past: &Past,
    part: &Past,
    study: &Study,
    target: &Target,
    crew: Crew,
    tell: &dyn Fn(&str),
    drawn: Option<&[usize]>,
) -> Result<Trained, ScoreError> {
    let race = race(part, study, crew, tell)?;
    let judged: Vec<usize> = (0..part.rows()).filter(|row| part.is_told(*row) && race.held[*row]).collect();
    let pick = |all: &[f64]| judged.iter().map(|row| all[*row]).collect::<Vec<f64>>();
    let bad: Vec<bool> = judged.iter().map(|row| part.bad[*row]).collect();
    let weights = pick(&part.weights);
    let members: Vec<Vec<f64>> = race.said.iter().map(|all| pick(all)).collect();
    let blended = blend(&LeftOut { members: &members, bad: &bad, weights: &weights });
    let mut joined = vec![0.0; judged.len()];
    for (member, weight) in members.iter().zip(&blended.weights) {
        joined.iter_mut().zip(member).for_each(|(sum, z)| *sum += weight * z);
    }
    // A card is computed by hand: a straight line keeps its points whole.
    let learn = if study.kind == ModelKind::Scorecard { Calibrator::line } else { Calibrator::fit };
    let calibrator = learn(&joined, &bad, &weights);
    let figures = cross_figures(&joined, &bad, &weights, study.seed, learn);
    let standings: Vec<Standing> = race
        .racers
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

    let chosen: Vec<usize> = (0..members.len()).filter(|m| blended.weights[*m] > 0.0).collect();
    let all_rows = past.rows() as f64 / part.rows() as f64;
    let costs: f64 = chosen.iter().map(|m| race.racers[*m].work_a_fold() as f64 * all_rows * race.growth).sum();
    let left = study.effort.allowance(past.rows()).saturating_sub(race.work) as f64;
    let seeds = ((left / costs.max(1.0)) as usize).clamp(1, study.effort.seeds());
    tell(&format!("fitting {} on all rows with {seeds} seeds", chosen.len()));
    // More rows bear more trees.
    let growth = race.growth * all_rows.sqrt().sqrt().min(1.5);
    let fitted = refit(past, study, &race, &chosen, (growth, seeds), crew)?;
    let parts = chosen.iter().zip(fitted).map(|(m, member)| Part { member, weight: blended.weights[*m] }).collect();
    let work = race.work + (costs * seeds as f64) as u64;
    let calibrated: Vec<f64> = joined.iter().map(|z| calibrator.apply(*z)).collect();
    let mut left_out = vec![f64::NAN; past.rows()];
    for (row, z) in judged.iter().zip(&calibrated) {
        left_out[drawn.map_or(*row, |drawn| drawn[*row])] = *z;
    }
    let mut model = Bundle::new(past, target, study, parts, calibrator, (figures, standings, work));
    model.making.said = if study.kind == ModelKind::Scorecard {
        // A card says few different things, and hardly more than it knows: its own are the ones to compare with.
        let own = model.log_odds(&part.frame.take(&judged));
        SaidReference::of(&own.iter().map(|z| model.calibrator.apply(*z)).collect::<Vec<f64>>(), &bad, &weights)
    } else {
        SaidReference::of(&calibrated, &bad, &weights)
    };
    Ok(Trained { model, left_out })
}

/// How the race ended.
struct Race {
    /// Those who ran on all folds.
    racers: Vec<Racer>,
    /// The number of trees at which each was best.
    rounds: Vec<usize>,
    /// What each said of every row, by its mean over the folds that left it out.
    said: Vec<Vec<f64>>,
    /// Whether a row was left out by any fold.
    held: Vec<bool>,
    /// How many more trees all rows bear than those of a fold.
    growth: f64,
    work: u64,
}

fn race(past: &Past, study: &Study, crew: Crew, tell: &dyn Fn(&str)) -> Result<Race, ScoreError> {
    let (repeats, parts, first) = study.effort.folds(past.rows());
    let (mut folds, deal) = folds(past, study, repeats, parts)?;
    let first = if study.time.is_some() { 1 } else { first.min(folds.len()) };
    let allowance = study.effort.allowance(past.rows());
    let candidates = affordable(past, study, first, allowance);
    let mut racers: Vec<Racer> = candidates.into_iter().map(Racer::new).collect();
    tell(&format!("{} candidates on {first} of {} folds", racers.len(), folds.len()));
    run(past, study, &folds[..first], &mut racers, crew);
    let mut work: u64 = racers.iter().map(Racer::work).sum();
    let losses: Vec<f64> = racers.iter().map(|r| r.best(past, &folds).1).collect();
    racers = ranked(racers, &losses);
    racers.truncate(study.effort.finalists());
    // What is left pays for the other folds and for one fit on all rows; deals are given up before finalists.
    let left = allowance.saturating_sub(work);
    let costs = |racers: &[Racer], folds: usize| -> u64 {
        racers.iter().map(|r| r.work_a_fold() * (folds.saturating_sub(first) + 2) as u64).sum()
    };
    while folds.len() > deal.max(first) && costs(&racers, folds.len()) > left {
        folds.truncate(folds.len().saturating_sub(deal).max(deal).max(first));
    }
    while racers.len() > FINALISTS_MIN && costs(&racers, folds.len()) > left {
        racers.pop();
    }
    tell(&format!("{} candidates on all {} folds", racers.len(), folds.len()));
    let before: u64 = racers.iter().map(Racer::work).sum();
    run(past, study, &folds[first..], &mut racers, crew);
    work += racers.iter().map(Racer::work).sum::<u64>() - before;

    let mut held = vec![false; past.rows()];
    folds.iter().flat_map(|f| &f.held).for_each(|row| held[*row] = true);
    let (mut rounds, mut said) = (Vec::new(), Vec::new());
    for racer in &racers {
        let (at, _) = racer.best(past, &folds);
        said.push(racer.left_out(past.rows(), &folds, at));
        rounds.push(racer.candidate.keep_at().get(at).copied().unwrap_or(0));
    }
    let trained = folds.iter().map(|f| f.is_training.iter().filter(|is| **is).count()).sum::<usize>() / folds.len();
    let growth = (past.rows() as f64 / trained.max(1) as f64).min(2.0).sqrt();
    Ok(Race { racers, rounds, said, held, growth, work })
}

/// The candidates that begin: as many, learning as slowly, as the first heat can pay for if none of them ends early.
fn affordable(past: &Past, study: &Study, first: usize, allowance: u64) -> Vec<Candidate> {
    let rows = past.rows();
    let inputs = past.schema.columns.len();
    let offered = |pace: f64| offered(study.kind, study.effort, rows, pace);
    let most = |candidates: &[Candidate]| -> f64 {
        candidates.iter().map(|candidate| candidate.work_at_most(rows, inputs) as f64 * first as f64).sum()
    };
    let may = FIRST_HEAT * allowance as f64;
    // Where rows are many, slower is a little better; where they are few, it only costs.
    let slowest = if rows >= SLOW_ROWS_MIN { 0.6 } else { 1.0 };
    for pace in [slowest, 1.0, 1.5, 2.0, 2.5] {
        let candidates = offered(pace);
        if most(&candidates) <= may {
            return candidates;
        }
    }
    let mut candidates = offered(2.5);
    while candidates.len() > RACERS_MIN && most(&candidates) > may {
        candidates.pop();
    }
    candidates
}

/// Fits the chosen on all rows, each with several seeds.
fn refit(
    past: &Past,
    study: &Study,
    race: &Race,
    chosen: &[usize],
    (growth, seeds): (f64, usize),
    crew: Crew,
) -> Result<Vec<Member>, ScoreError> {
    let all = vec![true; past.rows()];
    // A job for each seed of each member, so that few members keep all threads at work.
    let fitted = gather(crew, chosen.len() * seeds, |job| {
        let (member, seed) = (chosen[job / seeds], job % seeds);
        match &race.racers[member].candidate {
            Candidate::Card(_) if seed > 0 => None,
            Candidate::Card(penalty) => {
                fit_cards(past, &study.trends, &all, &[*penalty]).pop().map(|card| Ok(Member::Card(card)))
            }
            Candidate::Trees { grow, categories, .. } => {
                let rounds = (race.rounds[member] as f64 * growth).round() as usize;
                let seed = study.seed.wrapping_add(7_919 * (seed as u64 + 1));
                Some(fit_trees(past, &study.trends, grow, *categories, rounds, seed).map(Member::from))
            }
        }
    });
    fitted.chunks(seeds).map(|of_one| joined_trees(of_one.iter().flatten().cloned())).collect()
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
