//! What a lender has learnt from its past: a scorecard, and where the riskiest of its past applicants begin.

use score::train::{TrainSpec, Tuning};
use score::{DataCard, ModelFile, Sample, Score, ScoreError, Trend, train};

use super::lender::{Applicant, Loan};
use super::policy::Scoring;

/// A learned score of one way of scoring.
#[derive(Clone, Debug)]
pub struct Scorer {
    model: ModelFile,
    columns: Vec<String>,
    /// Log odds of the past applicants, ascending, in millionths.
    past: Vec<i64>,
}

impl Scorer {
    /// Learns from loans that were lent to everybody: bad is more than ninety days late.
    ///
    /// Errors where too few went bad to learn from.
    pub fn learn(
        loans: &[&Loan],
        (scoring, regional_factors): (Scoring, bool),
        seed: u64,
    ) -> Result<Scorer, ScoreError> {
        let all = Applicant::columns();
        let read: Vec<(usize, (String, Trend))> = all
            .iter()
            .cloned()
            .enumerate()
            .filter(|(_, (name, _))| Applicant::is_read(name, scoring, regional_factors))
            .collect();
        let known: Vec<(&Vec<Option<i64>>, bool)> =
            loans.iter().filter_map(|loan| Some((loan.seen.as_ref()?, loan.worst_days > 90))).collect();
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
        scorer.past = known.iter().map(|(seen, _)| scorer.score(seen).log_odds_micro).collect();
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
