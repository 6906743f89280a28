//! What a lender has learnt from its past: a scorecard, and where the riskiest of its past applicants begin.

use basics::Id;
use score::train::{TrainSpec, Tuning};
use score::{DataCard, ModelFile, Sample, Score, ScoreError, Trend, train};

use super::lender::{Applicant, Loan};
use super::policy::{LearnsFrom, Policy};
use super::run::Past;

/// A learned score of one way of scoring.
#[derive(Clone, Debug)]
pub struct Scorer {
    model: ModelFile,
    columns: Vec<String>,
    /// Log odds of the past applicants, ascending, in millionths.
    past: Vec<i64>,
}

/// An applicant of the past: what was seen of it, and whether its loan went bad.
type Row = (Vec<Option<i64>>, bool);

impl Scorer {
    /// Learns as a policy wants it from a past in which everybody was lent to: bad is more than ninety days late.
    ///
    /// Errors where too few went bad to learn from.
    pub fn learn(past: &Past, policy: &Policy, seed: u64) -> Result<Scorer, ScoreError> {
        let row = |loan: &Loan| Some((loan.seen.clone()?, loan.is_bad_after(policy.labels_after_days)));
        let of = |loans: &[Loan]| -> Vec<Row> { loans.iter().filter_map(row).collect() };
        let earlier = of(&past.earlier);
        if policy.learns_from == LearnsFrom::Everybody {
            return Scorer::of(&earlier, &earlier, policy, seed);
        }
        let all = of(&past.later);
        if policy.learns_from == LearnsFrom::Later {
            return Scorer::of(&all, &all, policy, seed);
        }
        let before = Scorer::of(&earlier, &earlier, policy, seed)?;
        let border = before.decline_above(policy.declined_before_percent);
        let mut accepted = Vec::new();
        let mut turned_away = Vec::new();
        for (at, (seen, is_bad)) in all.iter().enumerate() {
            let draw = Id::from_u128(u128::from(seed)).derive(&format!("explored {at}")).0.as_u128() % 100;
            let is_explored = draw < policy.explored_percent.unsigned_abs().into();
            if before.score(seen).log_odds_micro <= border || is_explored {
                accepted.push((seen.clone(), *is_bad));
            } else {
                turned_away.push(seen.clone());
            }
        }
        if policy.learns_from == LearnsFrom::Inferred {
            let first = Scorer::of(&accepted, &all, policy, seed)?;
            accepted.extend(first.guessed(turned_away));
        }
        Scorer::of(&accepted, &all, policy, seed)
    }

    /// Rows of nobody knows what, as often bad as the score says of their like: in the order of their chances, each time these
    /// have added up to one more.
    fn guessed(&self, rows: Vec<Vec<Option<i64>>>) -> Vec<Row> {
        let mut scored: Vec<(i64, Vec<Option<i64>>)> =
            rows.into_iter().map(|seen| (self.score(&seen).pd_ppm, seen)).collect();
        scored.sort();
        let mut sum = 0;
        let guess = |(pd_ppm, seen)| {
            let before = sum / 1_000_000;
            sum += pd_ppm;
            (seen, sum / 1_000_000 > before)
        };
        scored.into_iter().map(guess).collect()
    }

    /// Learns from rows; what a share of applicants is, the `applicants` say.
    fn of(known: &[Row], applicants: &[Row], policy: &Policy, seed: u64) -> Result<Scorer, ScoreError> {
        let all = Applicant::columns();
        let read: Vec<(usize, (String, Trend))> = all
            .iter()
            .cloned()
            .enumerate()
            .filter(|(_, (name, _))| Applicant::is_read(name, policy.scoring, policy.regional_factors))
            .collect();
        let column = |at: usize| known.iter().map(|(seen, _)| seen.get(at).copied().flatten()).collect();
        let sample = Sample {
            columns: read.iter().map(|(at, _)| column(*at)).collect(),
            bad: known.iter().map(|(_, bad)| *bad).collect(),
        };
        let card =
            DataCard { name: "a county's past".to_owned(), outcome: "90 days late".to_owned(), ..DataCard::default() };
        let spec = TrainSpec {
            // A laboratory lends over and over: one setting, twice cross-validated, is learnt quickly.
            tunings: vec![Tuning {
                ranges_max: 4,
                share_min_ppm: 50_000,
                prior_rows: 15,
                ridge_milli: 3_000,
                features_max: 16,
                correlation_max_ppm: 800_000,
            }],
            repeats: 2,
            ..TrainSpec::usual(read.into_iter().map(|(_, column)| column).collect(), seed)
        };
        let model = train(&sample, card, &spec)?;
        let mut scorer = Scorer { model, columns: all.into_iter().map(|(name, _)| name).collect(), past: Vec::new() };
        scorer.past = applicants.iter().map(|(seen, _)| scorer.score(seen).log_odds_micro).collect();
        scorer.past.sort_unstable();
        Ok(scorer)
    }

    /// The score of an applicant by what is seen of it.
    pub fn score(&self, seen: &[Option<i64>]) -> Score {
        self.model.card.predict(|name| {
            let at = self.columns.iter().position(|column| column == name)?;
            seen.get(at).copied().flatten()
        })
    }

    /// Log odds above which so many percent of the past applicants lie.
    pub fn decline_above(&self, percent: i64) -> i64 {
        let keep = self.past.len() as i64 * (100 - percent.clamp(0, 100)) / 100;
        match usize::try_from(keep - 1) {
            Ok(at) if percent > 0 => self.past.get(at).copied().unwrap_or(i64::MAX),
            Ok(_) => i64::MAX,
            Err(_) => i64::MIN,
        }
    }

    /// AUC on rows left out while it learnt, millionths.
    pub fn auc_ppm(&self) -> i64 {
        self.model.metrics.auc_cross_ppm
    }

    /// Loans it learnt from, and how many of these went bad.
    pub fn learnt_from(&self) -> (usize, usize) {
        (self.model.metrics.rows, self.model.metrics.bads)
    }
}
