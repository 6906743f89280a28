//! What scores a household: a points card, or a trained portfolio over the features of the table.
//!
//! Either is named by the SHA-256 of its file. A file is read once and checked whole before it may judge anybody: a
//! model that is cut short, that reads a feature the table does not have or the law does not allow, or that could answer
//! with no number at all is refused by name, and whoever judged before goes on.

use insight::feature::{Feature, FeatureVector, find};
use score::ModelFile;
use score::ScoreError;
use score::bundle::Bundle;
use score::frame::{Frame, Kind, MISSING, UNSEEN, Values};
use score::scorecard::{Bands, pd_ppm_of};

/// Reasons from the score that are told at most.
const REASONS_MAX: usize = 3;

/// A model that may judge.
#[derive(Clone, Debug)]
pub struct Scorer {
    name: String,
    model: Model,
}

#[derive(Clone, Debug)]
enum Model {
    Card(Box<ModelFile>),
    Portfolio(Box<Portfolio>),
}

#[derive(Clone, Debug)]
struct Portfolio {
    bundle: Bundle,
    /// Whether it can say which feature cost how much.
    explains: bool,
}

/// What a model says of a household.
#[derive(Clone, Debug)]
pub struct Said {
    /// Probability of turning bad, ppm.
    pub pd_ppm: i64,
    /// Log odds of turning bad, in millionths.
    pub log_odds_micro: i64,
    /// The rating by the model's own bands; a policy with a scale of its own puts its rating in the place.
    pub rating: &'static str,
    /// The features that speak most against the household, the worst first.
    pub costs: Vec<&'static Feature>,
}

/// Why a model says what it says of a household: the parts add up to the log odds.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Log odds before any feature speaks, in millionths.
    pub base_micro: i64,
    /// What each feature adds, in millionths; positive is riskier. Those that add nothing are left out, the largest come first.
    pub parts: Vec<(&'static Feature, i64)>,
    /// What calibration adds, in millionths; nothing for a points card.
    pub calibration_micro: i64,
    /// Log odds of turning bad, in millionths.
    pub log_odds_micro: i64,
}

/// Why a file may not judge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScorerError {
    /// It is no whole model file, or another than was named.
    #[error(transparent)]
    File(#[from] ScoreError),
    /// It reads what is no feature, or none that the law allows.
    #[error("the model reads `{0}`, which is no lawful feature of the feature table: train it on those alone")]
    Feature(String),
    /// It reads a feature as something that a feature is not.
    #[error("the model reads feature `{0}` as a date: features are numbers, train it on a table that says so")]
    NotANumber(String),
    /// It gives no number for a household of which nothing is known.
    #[error("the model answers no number where nothing is known: it cannot judge")]
    NoAnswer,
}

impl Scorer {
    /// A points card.
    pub fn card(card: ModelFile) -> Scorer {
        Scorer { name: card.hash(), model: Model::Card(Box::new(card)) }
    }

    /// Reads the file of a model, of whichever kind. Errors unless it is whole and fit to judge by the features of the
    /// table.
    pub fn read(bytes: &[u8]) -> Result<Scorer, ScorerError> {
        let name = Bundle::name_of(bytes);
        if bytes.first() == Some(&b'{') {
            let card = ModelFile::from_bytes(bytes)?;
            card.card.check_features(|name| find(name).is_some_and(|feature| feature.is_for_credit()))?;
            return Ok(Scorer { name, model: Model::Card(Box::new(card)) });
        }
        let bundle = Bundle::from_bytes(bytes)?;
        check_columns(&bundle)?;
        let explains = bundle.check_explained().is_ok();
        let scorer = Scorer { name, model: Model::Portfolio(Box::new(Portfolio { bundle, explains })) };
        match scorer.say(&FeatureVector::default()) {
            Some(_) => Ok(scorer),
            None => Err(ScorerError::NoAnswer),
        }
    }

    /// Reads the file of a named model. Errors if the bytes are not that model's, and as [`Scorer::read`] does.
    pub fn load(bytes: &[u8], name: &str) -> Result<Scorer, ScorerError> {
        let found = Bundle::name_of(bytes);
        if found == name {
            Scorer::read(bytes)
        } else {
            Err(ScoreError::Hash { expected: name.chars().take(64).collect(), found }.into())
        }
    }

    /// SHA-256 of its file, hex.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `scorecard` or `portfolio`.
    pub fn kind(&self) -> &'static str {
        match self.model {
            Model::Card(_) => "scorecard",
            Model::Portfolio(_) => "portfolio",
        }
    }

    /// What it says; none if it has no number for this household, which is then a person's to judge.
    pub fn say(&self, vector: &FeatureVector) -> Option<Said> {
        match &self.model {
            Model::Card(file) => {
                let score = file.card.predict(|name| vector.get(name));
                let costs = score.reasons(REASONS_MAX).into_iter().filter_map(|part| find(&part.feature)).collect();
                let (pd_ppm, log_odds_micro) = (score.pd_ppm, score.log_odds_micro);
                Some(Said { pd_ppm, log_odds_micro, rating: score.rating.as_str(), costs })
            }
            Model::Portfolio(portfolio) => {
                let frame = portfolio.frame(std::slice::from_ref(vector));
                let log_odds_micro = portfolio.log_odds_micro(&frame).first().copied().flatten()?;
                let costs = if portfolio.explains { portfolio.costs(&frame) } else { Vec::new() };
                Some(said(log_odds_micro, costs))
            }
        }
    }

    /// Why it says what it says; none where it has no number or cannot be explained.
    pub fn explain(&self, vector: &FeatureVector) -> Option<Explained> {
        let mut explained = match &self.model {
            Model::Card(file) => {
                let score = file.card.predict(|name| vector.get(name));
                let parts =
                    score.contributions.iter().filter_map(|part| Some((find(&part.feature)?, part.log_odds_micro)));
                Explained {
                    base_micro: file.card.base_log_odds_micro,
                    parts: parts.collect(),
                    calibration_micro: 0,
                    log_odds_micro: score.log_odds_micro,
                }
            }
            Model::Portfolio(portfolio) if portfolio.explains => {
                let frame = portfolio.frame(std::slice::from_ref(vector));
                let log_odds_micro = portfolio.log_odds_micro(&frame).first().copied().flatten()?;
                let told = portfolio.bundle.explain(&frame, 0);
                let micro = |value: f64| (value * 1e6).round() as i64;
                let columns = told.columns.iter().zip(&portfolio.bundle.schema.columns);
                let parts: Vec<_> =
                    columns.filter_map(|(added, column)| Some((find(&column.name)?, micro(*added)))).collect();
                let sum = parts.iter().map(|(_, added)| *added).fold(micro(told.base), i64::saturating_add);
                // Calibration comes after the blend; what is left of rounding goes with it.
                let calibration_micro = log_odds_micro.saturating_sub(sum);
                Explained { base_micro: micro(told.base), parts, calibration_micro, log_odds_micro }
            }
            Model::Portfolio(_) => return None,
        };
        explained.parts.retain(|(_, added)| *added != 0);
        explained.parts.sort_by_key(|(feature, added)| (std::cmp::Reverse(added.saturating_abs()), feature.name));
        Some(explained)
    }

    /// What it says of many households, in their order and without the costs: the same numbers as [`Scorer::say`] gives
    /// one by one, at a fraction of the work.
    pub fn say_many(&self, vectors: &[FeatureVector]) -> Vec<Option<Said>> {
        match &self.model {
            Model::Card(file) => {
                let one = |vector: &FeatureVector| {
                    let score = file.card.predict(|name| vector.get(name));
                    let (pd_ppm, log_odds_micro) = (score.pd_ppm, score.log_odds_micro);
                    Some(Said { pd_ppm, log_odds_micro, rating: score.rating.as_str(), costs: Vec::new() })
                };
                vectors.iter().map(one).collect()
            }
            Model::Portfolio(portfolio) => {
                let all = portfolio.log_odds_micro(&portfolio.frame(vectors));
                all.into_iter().map(|log_odds| log_odds.map(|micro| said(micro, Vec::new()))).collect()
            }
        }
    }
}

fn said(log_odds_micro: i64, costs: Vec<&'static Feature>) -> Said {
    let pd_ppm = pd_ppm_of(log_odds_micro);
    Said { pd_ppm, log_odds_micro, rating: Bands::default().rating(pd_ppm).as_str(), costs }
}

fn check_columns(bundle: &Bundle) -> Result<(), ScorerError> {
    for column in &bundle.schema.columns {
        if !find(&column.name).is_some_and(|feature| feature.is_for_credit()) {
            return Err(ScorerError::Feature(column.name.chars().take(60).collect()));
        }
        if column.kind == Kind::Date {
            return Err(ScorerError::NotANumber(column.name.clone()));
        }
    }
    Ok(())
}

impl Portfolio {
    /// Feature vectors as the columns that the model was trained on: whole millionths, as an export writes them.
    fn frame(&self, vectors: &[FeatureVector]) -> Frame {
        let columns = self.bundle.schema.columns.iter().map(|column| {
            let cells = vectors.iter().map(|vector| vector.get(&column.name));
            match &column.kind {
                Kind::Number { specials, codes_below, .. } => Values::Number(
                    cells
                        .map(|cell| {
                            let value = cell.map_or(f64::NAN, |micro| micro as f64);
                            let is_code = codes_below.is_some_and(|top| value <= top) && !specials.contains(&value);
                            if is_code { f64::NAN } else { value }
                        })
                        .collect(),
                ),
                // Refused at load; missing where it should come about all the same.
                Kind::Date => Values::Number(cells.map(|_| f64::NAN).collect()),
                Kind::Category { levels, .. } => Values::Category(
                    cells
                        .map(|cell| match cell.map(|micro| micro.to_string()) {
                            None => MISSING,
                            Some(text) => levels.iter().position(|level| *level == text).map_or(UNSEEN, |at| at as u32),
                        })
                        .collect(),
                ),
            }
        });
        Frame { rows: vectors.len(), columns: columns.collect() }
    }

    /// Calibrated log odds of each row in millionths; none where the model has no number.
    fn log_odds_micro(&self, frame: &Frame) -> Vec<Option<i64>> {
        let calibrated = self.bundle.log_odds(frame).into_iter().map(|z| self.bundle.calibrator.apply(z));
        // Beyond ±40 a probability is 0 or 1 in every figure that is shown.
        calibrated.map(|z| (!z.is_nan()).then(|| (z.clamp(-40.0, 40.0) * 1e6 + 0.5).floor() as i64)).collect()
    }

    /// The features that add most to the log odds.
    fn costs(&self, frame: &Frame) -> Vec<&'static Feature> {
        let told = self.bundle.explain(frame, 0);
        let mut added: Vec<(f64, &str)> = told
            .columns
            .iter()
            .zip(&self.bundle.schema.columns)
            .filter(|(added, _)| **added > 0.0)
            .map(|(added, column)| (*added, column.name.as_str()))
            .collect();
        added.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        added.into_iter().take(REASONS_MAX).filter_map(|(_, name)| find(name)).collect()
    }
}
