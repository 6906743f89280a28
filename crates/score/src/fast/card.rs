//! A scorecard made fast: raw columns to probability and points, to the last digit what [`Scorecard`] says.
//!
//! A range of a card is a sum of steps, one at each edge that a value is above, so that many rows are added up column by
//! column without a branch. Edges are moved to the raw values: a value of a household is rounded to millionths
//! before it meets a card, and each edge here is the highest number that is rounded to it or below.

use super::{BLOCK, Instructions, machine};
use crate::ScoreError;
use crate::scorecard::{PointScale, Scorecard, micro, pd_ppm_of};

/// Most that a range may add, in millionths of log odds, so that no sum is beyond what a number holds.
const ADDS_MAX: i64 = 1_000_000_000_000;
/// Reasons told for one row.
const REASONS: usize = 3;
/// A scorecard ready to answer quickly. A row has its columns in the order of the card's features.
///
/// For whole villages, where the probability and the three costliest columns are enough. A decision about one household keeps
/// what every column added, in its record and for ever: that is [`Scorecard::score`], which costs a few microseconds and
/// would have to be walked anyway.
#[derive(Clone, Debug)]
pub struct QuickCard {
    base: i64,
    features: Vec<Feature>,
    scale: PointScale,
    pub(super) instructions: Instructions,
}

#[derive(Clone, Debug)]
struct Feature {
    /// The highest value of each range but the last.
    edges: Vec<f64>,
    /// What each range adds, and the points that it costs against the best.
    ranges: Vec<(i64, i64)>,
    /// Points that a missing value costs.
    missing_lost: i64,
}

/// What a card says of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Probability of turning bad, ppm.
    pub pd_ppm: i64,
    /// Log odds of turning bad, millionths.
    pub log_odds_micro: i64,
    /// Points; more is safer.
    pub points: i64,
    /// Up to three features that cost points, by place on the card, and the points: the costliest first.
    pub reasons: [Option<(usize, i64)>; REASONS],
}

impl QuickCard {
    /// Prepares a card. Errors where its ranges do not fit or add more than log odds of a million.
    pub fn new(card: &Scorecard) -> Result<QuickCard, ScoreError> {
        let mut features = Vec::with_capacity(card.features.len());
        let small = |adds: &i64| (-ADDS_MAX..=ADDS_MAX).contains(adds);
        for feature in &card.features {
            let fits = feature.log_odds_micro.len() == feature.edges.len() + 1 && feature.edges.is_sorted();
            if !fits || !feature.log_odds_micro.iter().all(small) || !small(&card.base_log_odds_micro) {
                return Err(ScoreError::NotAModel(format!("the ranges of feature `{}` do not fit", feature.name)));
            }
            let best = feature.log_odds_micro.iter().copied().min().unwrap_or(0);
            let lost = |adds: i64| card.scale.points_for(adds - best.min(adds));
            features.push(Feature {
                edges: feature.edges.iter().map(|edge| highest(*edge)).collect(),
                ranges: feature.log_odds_micro.iter().map(|adds| (*adds, lost(*adds))).collect(),
                missing_lost: lost(0),
            });
        }
        Ok(QuickCard {
            base: card.base_log_odds_micro,
            features,
            scale: card.scale,
            instructions: Instructions::best(),
        })
    }

    /// Probabilities of rows that stand one after the other, in whole millionths; one a row is put into `answers`.
    pub fn answer(&self, rows: &[f64], answers: &mut [f64]) {
        machine::card(self, rows, answers);
    }

    #[inline(always)]
    pub(super) fn fill(&self, rows: &[f64], answers: &mut [f64]) {
        let width = self.features.len().max(1);
        for (rows, answers) in rows.chunks(BLOCK * width).zip(answers.chunks_mut(BLOCK)) {
            let mut sums = [self.base; BLOCK];
            for (column, feature) in self.features.iter().enumerate() {
                let mut values = [0.0; BLOCK];
                for (value, row) in values.iter_mut().zip(rows.chunks_exact(width)) {
                    *value = row[column];
                }
                feature.add(&values, &mut sums);
            }
            for (answer, sum) in answers.iter_mut().zip(&sums) {
                *answer = pd_ppm_of(*sum) as f64 / 1e6;
            }
        }
    }

    /// What the card says of one row; what the row does not have counts as missing.
    pub fn one(&self, row: &[f64]) -> Said {
        let (mut sum, mut reasons): (i64, [Option<(usize, i64)>; REASONS]) = (self.base, [None; REASONS]);
        for (at, feature) in self.features.iter().enumerate() {
            let value = row.get(at).copied().unwrap_or(f64::NAN);
            let range = feature.edges.iter().map(|edge| usize::from(value > *edge)).sum::<usize>();
            let (adds, lost) = if value.is_nan() { (0, feature.missing_lost) } else { feature.ranges[range] };
            sum += adds;
            if lost > 0 {
                // Equal costs keep the order of the card.
                if let Some(place) = reasons.iter().position(|r| r.is_none_or(|(_, costs)| lost > costs)) {
                    reasons[place..].rotate_right(1);
                    reasons[place] = Some((at, lost));
                }
            }
        }
        let pd_ppm = pd_ppm_of(sum);
        Said { pd_ppm, log_odds_micro: sum, points: self.scale.points_of(sum), reasons }
    }
}

impl Feature {
    #[inline(always)]
    fn add(&self, values: &[f64; BLOCK], sums: &mut [i64; BLOCK]) {
        let mut adds = self.ranges.first().map_or(0, |(adds, _)| *adds);
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += if value.is_nan() { 0 } else { adds };
        }
        for (edge, (next, _)) in self.edges.iter().zip(self.ranges.iter().skip(1)) {
            let step = next - adds;
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += if *value > *edge { step } else { 0 };
            }
            adds = *next;
        }
    }
}

/// The highest number that is at most this many millionths once it is rounded to them.
fn highest(edge: i64) -> f64 {
    if edge == i64::MAX {
        return f64::INFINITY;
    }
    let mut value = (edge as f64 + 0.5) / 1e6;
    while micro(value) > edge {
        value = value.next_down();
    }
    while micro(value.next_up()) <= edge {
        value = value.next_up();
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scorecard::{Bands, CardFeature};

    fn card() -> impl Strategy<Value = Scorecard> {
        let feature = (
            prop::collection::vec(-9_000_000..9_000_000_i64, 0..9),
            prop::collection::vec(-2_000_000..2_000_000_i64, 9),
        );
        prop::collection::vec(feature, 0..6).prop_map(|features| {
            let feature = |(at, (mut edges, mut adds)): (usize, (Vec<i64>, Vec<i64>))| {
                edges.sort_unstable();
                adds.truncate(edges.len() + 1);
                CardFeature { name: at.to_string(), edges, log_odds_micro: adds }
            };
            Scorecard {
                base_log_odds_micro: -2_000_000,
                features: features.into_iter().enumerate().map(feature).collect(),
                scale: PointScale::default(),
                bands: Bands::default(),
            }
        })
    }

    proptest! {
        #[test]
        fn says_what_the_card_says(card in card(), cells in prop::collection::vec(
            prop_oneof![6 => -10.0..10.0, 1 => Just(f64::NAN), 1 => Just(1e300)], 0..500,
        )) {
            let quick = QuickCard::new(&card).expect("a sound card");
            let width = card.features.len().max(1);
            let mut rows: Vec<f64> = cells[..cells.len() / width * width].to_vec();
            for (at, feature) in card.features.iter().enumerate() {
                for edge in &feature.edges {
                    for value in [highest(*edge), highest(*edge).next_up(), *edge as f64 / 1e6] {
                        let mut row = vec![0.25; width];
                        row[at] = value;
                        rows.extend(row);
                    }
                }
            }
            let mut answers = vec![9.0; rows.len() / width];
            quick.answer(&rows, &mut answers);
            for (row, answer) in rows.chunks(width).zip(answers) {
                let of = |name: &str| row.get(name.parse::<usize>().ok()?).filter(|v| !v.is_nan()).map(|v| micro(*v));
                let slow = card.predict(of);
                let said = quick.one(row);
                prop_assert_eq!((said.pd_ppm, said.log_odds_micro, said.points), (slow.pd_ppm, slow.log_odds_micro, slow.points));
                prop_assert_eq!(answer, slow.pd_ppm as f64 / 1e6);
                let reasons: Vec<(String, i64)> =
                    said.reasons.iter().flatten().map(|(at, lost)| (card.features[*at].name.clone(), *lost)).collect();
                let slow: Vec<(String, i64)> =
                    slow.reasons(3).into_iter().map(|c| (c.feature.clone(), c.points_lost)).collect();
                prop_assert_eq!(reasons, slow);
            }
        }
    }

    #[test]
    fn the_border_between_two_ppm_is_decided_as_on_the_card() {
        // Log odds whose probability is as near to half a ppm as whole millionths come.
        for half in [50_000.5_f64, 120_000.5, 499_999.5, 900_000.5] {
            let near = (crate::math::ln(half / (1e6 - half)) * 1e6) as i64;
            for base_log_odds_micro in near - 2..=near + 2 {
                let scale = PointScale::default();
                let card = Scorecard { base_log_odds_micro, features: Vec::new(), scale, bands: Bands::default() };
                assert_eq!(QuickCard::new(&card).expect("sound").one(&[]).pd_ppm, card.predict(|_| None).pd_ppm);
            }
        }
    }

    #[test]
    fn reasons_of_equal_cost_keep_the_order_of_the_card() {
        let feature =
            |costs: i64| CardFeature { name: costs.to_string(), edges: vec![0], log_odds_micro: vec![costs, 0] };
        let features = [200_000, 100_000, 100_000, 900_000, 100_000].map(feature).to_vec();
        let (scale, bands) = (PointScale::default(), Bands::default());
        let card = Scorecard { base_log_odds_micro: 0, features, scale, bands };
        let reasons = QuickCard::new(&card).expect("sound").one(&[-1.0; 5]).reasons;
        assert_eq!(reasons, [Some((3, 52)), Some((0, 12)), Some((1, 6))]);
    }

    #[test]
    fn a_card_that_does_not_fit_is_refused() {
        let feature = CardFeature { name: "income".into(), edges: vec![0], log_odds_micro: vec![1] };
        let (scale, bands) = (PointScale::default(), Bands::default());
        let card = Scorecard { base_log_odds_micro: 0, features: vec![feature], scale, bands };
        let words = QuickCard::new(&card).map(|_| ()).map_err(|error| error.to_string());
        let wanted =
            "this is no model file: the ranges of feature `income` do not fit; give a file written by training";
        assert_eq!(words, Err(wanted.to_owned()));
    }
}
