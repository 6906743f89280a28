//! A scorecard: for each feature a few ranges, for each range what it adds to the log odds.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::ScoreError;
use crate::math::logistic;

/// A trained scorecard. Whole numbers only; log odds are of bad, in millionths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// Log odds before any feature speaks.
    pub base_log_odds_micro: i64,
    /// The features read.
    pub features: Vec<CardFeature>,
    /// How log odds become points.
    pub scale: PointScale,
    /// Where ratings end.
    pub bands: Bands,
}

/// A feature of a scorecard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardFeature {
    /// Its name in the feature table.
    pub name: String,
    /// Upper edges of all ranges but the last, ascending, in the feature's own unit.
    pub edges: Vec<i64>,
    /// What each range adds. A missing value adds 0.
    pub log_odds_micro: Vec<i64>,
}

/// Points as people read them: more is safer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointScale {
    /// Points at which odds are `base_odds` goods to one bad.
    pub base_points: i64,
    /// Goods to one bad at `base_points`.
    pub base_odds: u32,
    /// Points that double the odds.
    pub points_to_double: i64,
}

impl Default for PointScale {
    /// 600 points at 30 goods to one bad, 40 points double the odds.
    fn default() -> PointScale {
        PointScale { base_points: 600, base_odds: 30, points_to_double: 40 }
    }
}

/// PD in ppm below which a rating holds; E is the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// A below this.
    pub a_below_ppm: i64,
    /// B below this.
    pub b_below_ppm: i64,
    /// C below this.
    pub c_below_ppm: i64,
    /// D below this.
    pub d_below_ppm: i64,
}

impl Default for Bands {
    /// 2 %, 5 %, 10 %, 20 %.
    fn default() -> Bands {
        Bands { a_below_ppm: 20_000, b_below_ppm: 50_000, c_below_ppm: 100_000, d_below_ppm: 200_000 }
    }
}

impl Bands {
    /// The rating of a PD.
    pub const fn rating(&self, pd_ppm: i64) -> Rating {
        if pd_ppm < self.a_below_ppm {
            Rating::A
        } else if pd_ppm < self.b_below_ppm {
            Rating::B
        } else if pd_ppm < self.c_below_ppm {
            Rating::C
        } else if pd_ppm < self.d_below_ppm {
            Rating::D
        } else {
            Rating::E
        }
    }
}

/// Rating 信用等级, A the safest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
pub enum Rating {
    /// Safest.
    #[n(0)]
    A,
    /// Good.
    #[n(1)]
    B,
    /// Middling.
    #[n(2)]
    C,
    /// Weak.
    #[n(3)]
    D,
    /// Weakest.
    #[n(4)]
    E,
}

impl Rating {
    /// Its letter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rating::A => "A",
            Rating::B => "B",
            Rating::C => "C",
            Rating::D => "D",
            Rating::E => "E",
        }
    }
}

/// What a scorecard says of one household.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Score {
    /// Probability of turning bad, ppm.
    #[n(0)]
    pub pd_ppm: i64,
    /// Log odds of turning bad, in millionths: ranks more finely than the PD.
    #[n(1)]
    pub log_odds_micro: i64,
    /// Points; more is safer.
    #[n(2)]
    pub points: i64,
    /// Rating.
    #[n(3)]
    pub rating: Rating,
    /// What each feature did, in the order of the card.
    #[n(4)]
    pub contributions: Vec<Contribution>,
}

/// What one feature did to a score.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Contribution {
    /// The feature's name.
    #[n(0)]
    pub feature: String,
    /// Its value, in millionths of the feature's unit; none if missing.
    #[n(1)]
    pub value_micro: Option<i64>,
    /// What it added to the log odds, in millionths.
    #[n(2)]
    pub log_odds_micro: i64,
    /// Points it cost against the best range of the same feature: 0 or more.
    #[n(3)]
    pub points_lost: i64,
}

impl Score {
    /// The features that cost most points, most costly first; those that cost none are left out.
    /// Their words for people come from the feature table.
    pub fn reasons(&self, at_most: usize) -> Vec<&Contribution> {
        let mut costly: Vec<&Contribution> = self.contributions.iter().filter(|c| c.points_lost > 0).collect();
        // A stable sort: equal costs keep the order of the card.
        costly.sort_by_key(|c| std::cmp::Reverse(c.points_lost));
        costly.truncate(at_most);
        costly
    }
}

/// ln 2 in millionths.
const LN_2_MICRO: i64 = 693_147;

impl Scorecard {
    /// Scores a household whose features `value_of` tells by name, in millionths of their unit.
    ///
    /// ```
    /// use score::scorecard::*;
    /// let card = Scorecard {
    ///     base_log_odds_micro: -3_401_197, // 1 bad to 30 goods
    ///     features: vec![CardFeature {
    ///         name: "balance_min".into(),
    ///         edges: vec![0],
    ///         log_odds_micro: vec![1_386_294, 0], // below 0: odds four times as bad
    ///     }],
    ///     scale: PointScale::default(),
    ///     bands: Bands::default(),
    /// };
    /// let score = card.predict(|_| Some(-5_000_000));
    /// assert_eq!((score.points, score.pd_ppm, score.rating), (520, 117_647, Rating::D));
    /// assert_eq!(score.reasons(3)[0].points_lost, 80);
    /// assert_eq!(card.predict(|_| None).points, 600);
    /// ```
    pub fn predict(&self, value_of: impl Fn(&str) -> Option<i64>) -> Score {
        let mut log_odds = self.base_log_odds_micro;
        let mut contributions = Vec::with_capacity(self.features.len());
        for feature in &self.features {
            let value_micro = value_of(&feature.name);
            let log_odds_micro = feature.log_odds_of(value_micro);
            let best = feature.log_odds_micro.iter().copied().min().unwrap_or(0).min(log_odds_micro);
            log_odds = log_odds.saturating_add(log_odds_micro);
            contributions.push(Contribution {
                feature: feature.name.clone(),
                value_micro,
                log_odds_micro,
                points_lost: self.scale.points_for(log_odds_micro.saturating_sub(best)),
            });
        }
        let pd_ppm = pd_ppm_of(log_odds);
        let points = self.scale.points_of(log_odds);
        Score { pd_ppm, log_odds_micro: log_odds, points, rating: self.bands.rating(pd_ppm), contributions }
    }

    /// Errors at the first feature that `known` does not know. To be asked when a model is taken into use.
    pub fn check_features(&self, known: impl Fn(&str) -> bool) -> Result<(), ScoreError> {
        match self.features.iter().find(|f| !known(&f.name)) {
            Some(feature) => Err(ScoreError::UnknownFeature(feature.name.clone())),
            None => Ok(()),
        }
    }
}

impl CardFeature {
    fn log_odds_of(&self, value: Option<i64>) -> i64 {
        let range = value.map(|v| self.edges.partition_point(|edge| *edge < v));
        range.and_then(|r| self.log_odds_micro.get(r)).copied().unwrap_or(0)
    }
}

impl PointScale {
    /// Points of a difference in log odds, to the nearest.
    pub(crate) fn points_for(&self, log_odds_micro: i64) -> i64 {
        let doubled = i128::from(log_odds_micro) * i128::from(self.points_to_double) * 2 + i128::from(LN_2_MICRO);
        doubled.div_euclid(2 * i128::from(LN_2_MICRO)) as i64
    }

    /// Points of log odds of turning bad, to the nearest.
    pub(crate) fn points_of(&self, log_odds_micro: i64) -> i64 {
        self.base_points.saturating_sub(self.points_for(log_odds_micro.saturating_sub(self.base_log_odds())))
    }

    fn base_log_odds(&self) -> i64 {
        micro(-crate::math::ln(f64::from(self.base_odds.max(1))))
    }
}

/// The PD in ppm, to the nearest, of log odds in millionths.
#[inline(always)]
pub fn pd_ppm_of(log_odds_micro: i64) -> i64 {
    // Never below 0: the cast cuts off what the floor would.
    (logistic(log_odds_micro as f64 / 1e6) * 1e6 + 0.5) as i64
}

/// A real number in whole millionths, to the nearest.
pub(crate) fn micro(value: f64) -> i64 {
    (value * 1e6 + 0.5).floor() as i64
}
