//! What scores of a replay are worth, once it is known what the events were.

use std::collections::{BTreeMap, BTreeSet};

use basics::Id;
use serde::Serialize;

use crate::number::scatter;
use crate::replay::Scored;

/// Figures of one score. What cannot be said, since there is no positive or no alert, is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Average precision over events: mean precision at each positive, ties taken together.
    pub pr_auc: Option<f64>,
    /// Its 2.5th percentile where days are drawn with replacement.
    pub pr_auc_low: Option<f64>,
    /// Its 97.5th.
    pub pr_auc_high: Option<f64>,
    /// Share of positives among the tenth of a percent of events with the highest scores.
    pub recall_01pct: Option<f64>,
    /// The same of half a percent.
    pub recall_05pct: Option<f64>,
    /// The same of one percent.
    pub recall_1pct: Option<f64>,
    /// Of the hundred households a day with the highest scores, the share with a positive that day, mean over days. A household that was so
    /// found is out of the following days' lists.
    pub precision_100_cards_day: Option<f64>,
    /// Share of the money of positives on which an alert came, alerts as they came live.
    pub money_recall: Option<f64>,
    /// Median hours from the first positive of a household's series (gaps up to 14 days) to its first alert; of series that had one.
    pub hours_to_detection: Option<f64>,
    /// Households alerted on a day, per thousand households and week.
    pub alerts_per_1000_households_week: Option<f64>,
}

/// Draws of the bootstrap.
const DRAWS: u64 = 200;
/// Microseconds of a day, and of an hour.
const DAY: i64 = 86_400_000_000;
const HOUR: f64 = 3_600_000_000.0;

/// The figures of one of the scores of [`Scored`], by its place.
pub fn measure(scored: &[Scored], which: usize) -> Measures {
    let labelled: Vec<&Scored> = scored.iter().filter(|one| one.label.is_some()).collect();
    let ranked = Ranked::of(&labelled, which);
    let mut measures = Measures { alerts_per_1000_households_week: alert_rate(scored, which), ..Measures::default() };
    if ranked.positives == 0 {
        return measures;
    }
    measures.pr_auc = ranked.average_precision(&vec![1; ranked.days]);
    let mut drawn: Vec<f64> = (0..DRAWS).filter_map(|draw| ranked.average_precision(&ranked.draw(draw))).collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let at = |per_mille: usize| drawn.get((drawn.len().saturating_sub(1)) * per_mille / 1_000).copied();
    (measures.pr_auc_low, measures.pr_auc_high) = (at(25), at(975));
    measures.recall_01pct = Some(ranked.recall(1));
    measures.recall_05pct = Some(ranked.recall(5));
    measures.recall_1pct = Some(ranked.recall(10));
    measures.precision_100_cards_day = cards(&labelled, which);
    let money = |alerted: bool| -> u128 {
        let counted = labelled.iter().filter(|one| one.label == Some(true) && (!alerted || one.alerts[which]));
        counted.map(|one| u128::from(one.amount_minor)).sum()
    };
    measures.money_recall = (money(false) > 0).then(|| money(true) as f64 / money(false) as f64);
    measures.hours_to_detection = hours(&labelled, which);
    measures
}

/// Events by falling score, with what is needed to weigh their days.
struct Ranked {
    /// Score, day by its place, whether positive.
    rows: Vec<(i32, u32, bool)>,
    days: usize,
    positives: usize,
}

impl Ranked {
    fn of(scored: &[&Scored], which: usize) -> Ranked {
        let days: BTreeSet<i64> = scored.iter().map(|one| one.at.0.div_euclid(DAY)).collect();
        let place: BTreeMap<i64, u32> = days.iter().zip(0..).map(|(day, place)| (*day, place)).collect();
        let row = |one: &&Scored| {
            let day = place.get(&one.at.0.div_euclid(DAY)).copied().unwrap_or(0);
            (one.scores[which], day, one.label == Some(true))
        };
        let mut rows: Vec<(i32, u32, bool)> = scored.iter().map(row).collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.0));
        let positives = rows.iter().filter(|row| row.2).count();
        Ranked { rows, days: days.len(), positives }
    }

    /// How often each day is drawn.
    fn draw(&self, draw: u64) -> Vec<u32> {
        let mut times = vec![0; self.days];
        for number in 0..self.days as u64 {
            let drawn = (u128::from(scatter(draw << 32 | number)) * self.days as u128) >> 64;
            times[drawn as usize] += 1;
        }
        times
    }

    fn average_precision(&self, times: &[u32]) -> Option<f64> {
        let (mut seen, mut found, mut sum) = (0_u64, 0_u64, 0.0);
        for tied in self.rows.chunk_by(|a, b| a.0 == b.0) {
            let mut new = 0_u64;
            for (_, day, is_true) in tied {
                let times = u64::from(times[*day as usize]);
                seen += times;
                new += if *is_true { times } else { 0 };
            }
            found += new;
            if new > 0 {
                sum += new as f64 * found as f64 / seen as f64;
            }
        }
        (found > 0).then(|| sum / found as f64)
    }

    /// Share of positives among so many thousandths of the events; where a tie is cut, its positives count in part.
    fn recall(&self, per_mille: usize) -> f64 {
        let budget = (self.rows.len() * per_mille).div_ceil(1_000);
        let (mut left, mut found) = (budget as f64, 0.0);
        for tied in self.rows.chunk_by(|a, b| a.0 == b.0) {
            let taken = left.min(tied.len() as f64);
            found += tied.iter().filter(|row| row.2).count() as f64 * taken / tied.len() as f64;
            left -= taken;
            if left <= 0.0 {
                break;
            }
        }
        found / self.positives.max(1) as f64
    }
}

/// Precision among the hundred households of a day.
fn cards(scored: &[&Scored], which: usize) -> Option<f64> {
    let mut by_day: BTreeMap<i64, BTreeMap<Id, (i32, bool)>> = BTreeMap::new();
    for one in scored {
        let day = by_day.entry(one.at.0.div_euclid(DAY)).or_default();
        let card = day.entry(one.household).or_insert((i32::MIN, false));
        card.0 = card.0.max(one.scores[which]);
        card.1 |= one.label == Some(true);
    }
    let days = by_day.len();
    let mut found: BTreeSet<Id> = BTreeSet::new();
    let mut sum = 0.0;
    for cards in by_day.into_values() {
        let mut ranked: Vec<(i32, Id, bool)> = cards
            .into_iter()
            .filter(|(id, _)| !found.contains(id))
            .map(|(id, (score, is_true))| (score, id, is_true))
            .collect();
        ranked.sort_unstable_by_key(|(score, id, _)| (std::cmp::Reverse(*score), *id));
        ranked.truncate(100);
        let hits = ranked.iter().filter(|card| card.2);
        sum += hits.clone().count() as f64 / 100.0;
        found.extend(hits.map(|card| card.1));
    }
    (days > 0).then(|| sum / days as f64)
}

/// Median hours to detection of series of positives.
fn hours(scored: &[&Scored], which: usize) -> Option<f64> {
    const GAP: i64 = 14 * DAY;
    let mut series: BTreeMap<Id, Vec<(i64, i64, Option<i64>)>> = BTreeMap::new();
    for one in scored.iter().filter(|one| one.label == Some(true)) {
        let known = series.entry(one.household).or_default();
        match known.last_mut().filter(|last| one.at.0 - last.1 <= GAP) {
            Some(last) => last.1 = one.at.0,
            None => known.push((one.at.0, one.at.0, None)),
        }
    }
    for one in scored.iter().filter(|one| one.alerts[which]) {
        let Some(known) = series.get_mut(&one.household) else { continue };
        if let Some(found) = known.iter_mut().find(|s| s.0 <= one.at.0 && one.at.0 <= s.1 + GAP && s.2.is_none()) {
            found.2 = Some(one.at.0);
        }
    }
    let mut took: Vec<i64> = series.values().flatten().filter_map(|s| Some(s.2? - s.0)).collect();
    took.sort_unstable();
    took.get(took.len() / 2).map(|micros| *micros as f64 / HOUR)
}

/// Households alerted on a day, per thousand households and week.
fn alert_rate(scored: &[Scored], which: usize) -> Option<f64> {
    let households: BTreeSet<Id> = scored.iter().map(|one| one.household).collect();
    let (first, last) = (scored.first()?.at.0.div_euclid(DAY), scored.last()?.at.0.div_euclid(DAY));
    let alerted: BTreeSet<(Id, i64)> =
        scored.iter().filter(|one| one.alerts[which]).map(|one| (one.household, one.at.0.div_euclid(DAY))).collect();
    let weeks = (last - first + 1) as f64 / 7.0;
    Some(alerted.len() as f64 * 1_000.0 / (households.len() as f64 * weeks))
}

#[cfg(test)]
mod tests {
    use basics::Instant;

    use super::*;

    fn one(household: u128, hour: i64, score: i32, label: bool, alert: bool) -> Scored {
        Scored {
            at: Instant(hour * 3_600_000_000),
            household: Id::from_u128(household),
            amount_minor: if label { 300 } else { 50 },
            label: Some(label),
            scores: [score; 3],
            alerts: [alert; 3],
            grade: None,
            typology: 0,
        }
    }

    #[test]
    fn figures_of_a_small_table() {
        let scored = [
            one(1, 0, 90, true, true),
            one(2, 1, 80, false, false),
            one(3, 2, 70, true, false),
            one(3, 9, 10, false, true),
            one(4, 30, 20, false, false),
        ];
        let got = measure(&scored, 0);
        // Precision 1 at the first positive, 2/3 at the second.
        assert!((got.pr_auc.unwrap() - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12, "{got:?}");
        assert_eq!(got.money_recall, Some(0.5));
        // Household 1 at once, household 3 after seven hours: the upper of the two is the median.
        assert_eq!(got.hours_to_detection, Some(7.0));
        assert_eq!(got.recall_1pct, Some(0.5));
        // Two alerted household days of four households over two days.
        assert_eq!(got.alerts_per_1000_households_week, Some(2.0 * 1_000.0 / (4.0 * 2.0 / 7.0)));
        assert!(got.pr_auc_low <= got.pr_auc && got.pr_auc <= got.pr_auc_high);
        let none = measure(&[one(1, 0, 5, false, false)], 0);
        assert_eq!((none.pr_auc, none.alerts_per_1000_households_week), (None, Some(0.0)));
    }

    #[test]
    fn ties_are_no_order() {
        let scored: Vec<Scored> = (0..100).map(|n| one(n, n as i64, 7, n < 10, false)).collect();
        let got = measure(&scored, 1);
        assert!((got.pr_auc.unwrap() - 0.1).abs() < 1e-12);
        assert!((got.recall_1pct.unwrap() - 0.01).abs() < 1e-12);
    }
}
