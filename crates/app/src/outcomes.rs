//! What came of alerts: precision by typology, how soon cases are taken and decided, and where thresholds would lie by the verdicts.
//!
//! Everything is read from cases and their alerts. Verdicts of true and false are labels; an unclear one is none. Notes that were drawn
//! weigh as many as they stand for, so that labels tell of what lies below the threshold too.

use std::collections::BTreeMap;

use basics::{Cell, Id, Instant};
use door::table::{Key, Record};
use door::{Connection, key};
use watch::Config;

use crate::case::{CaseState, Verdict, WatchAlert, WatchCase};
use crate::desk::{DeskError, NOTES_SAMPLED_ONE_IN};

/// Rows read at once.
const PAGE: usize = 2_000;
/// Labels of a typology without which its threshold stays.
pub const LABELS_MIN: usize = 20;
/// The share of true ones that a threshold is to reach, percent.
pub const PRECISION_PERCENT: u32 = 30;
/// Thresholds that are tried, thousandths of the one in force.
const TRIED: std::ops::RangeInclusive<i64> = 14..=40;
/// Steps between them.
const STEP_MILLI: i64 = 50;
/// Microseconds of an hour.
const HOUR: f64 = 3_600_000_000.0;

/// A label: what an alert scored, how many it stands for, whether it was true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Thousandths of the threshold.
    pub score_milli: i64,
    /// How many it stands for.
    pub weight: u64,
    /// Whether it was what was suspected.
    pub is_true: bool,
}

/// What came of a typology.
#[derive(Clone, Debug, PartialEq)]
pub struct TypologyOutcome {
    /// Its code.
    pub code: String,
    /// Cases whose strongest alert is of it.
    pub cases: u64,
    /// Verdicts: true, false, unclear.
    pub verdicts: [u64; 3],
    /// Alerts, drawn notes apart.
    pub alerts: u64,
    /// Share of true ones among alerts of true and false; none without.
    pub precision: Option<f64>,
    /// Between what it may lie, 95 of 100 times (Wilson's interval).
    pub precision_within: Option<(f64, f64)>,
    /// Labels that the threshold rests on.
    pub labels: usize,
    /// The threshold in force, thousandths of a bit; none of a typology that the configuration has no more.
    pub threshold_milli: Option<i32>,
    /// The threshold that the labels ask for; that in force where they are too few.
    pub asked_milli: Option<i32>,
}

/// Some times.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// How many.
    pub count: usize,
    /// The median, hours.
    pub median_hours: Option<f64>,
    /// Nine of ten are at most so long, hours.
    pub ninety_hours: Option<f64>,
}

/// How soon cases of a class are worked.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// What the strongest alert asks for: `hold`, `alert`, `note`.
    pub class: &'static str,
    /// From the first alert until somebody took it.
    pub to_take: Times,
    /// From then until the verdict.
    pub to_decide: Times,
    /// Cases that wait.
    pub waiting: u64,
    /// Cases that wait for longer than they may.
    pub waiting_over: u64,
    /// Cases that somebody works.
    pub in_work: u64,
    /// Cases that somebody works for longer than they may.
    pub in_work_over: u64,
}

/// What came of all alerts.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcomes {
    /// By typology, those with most cases first.
    pub typologies: Vec<TypologyOutcome>,
    /// By class, the gravest first.
    pub service: Vec<Service>,
    /// Alerts by the hash of the configuration they came of; an empty one of before that was kept.
    pub by_config: BTreeMap<String, u64>,
}

const CLASSES: [&str; 3] = ["hold", "alert", "note"];

/// Reads all cases and alerts. Errors if a row cannot be read.
pub fn outcomes(reader: &mut dyn Connection, config: &Config, now: Instant) -> Result<Outcomes, DeskError> {
    let cases: BTreeMap<Id, WatchCase> = all::<WatchCase>(reader)?.into_iter().map(|case| (case.id, case)).collect();
    let alerts: Vec<WatchAlert> = all(reader)?;
    let mut class_of: BTreeMap<Id, usize> = BTreeMap::new();
    let mut labels: BTreeMap<&str, Vec<Label>> = BTreeMap::new();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_config: BTreeMap<String, u64> = BTreeMap::new();
    for alert in &alerts {
        let class = CLASSES.iter().position(|class| *class == alert.grade).unwrap_or(CLASSES.len() - 1);
        class_of.entry(alert.case).and_modify(|known| *known = class.min(*known)).or_insert(class);
        *by_config.entry(alert.config.clone().unwrap_or_default()).or_default() += 1;
        let is_note = alert.grade == "note";
        *counts.entry(&alert.typology).or_default() += u64::from(!is_note);
        let is_true = match cases.get(&alert.case).and_then(|case| case.verdict) {
            Some(Verdict::True) => true,
            Some(Verdict::False) => false,
            Some(Verdict::Unclear) | None => continue,
        };
        let weight = if is_note { NOTES_SAMPLED_ONE_IN } else { 1 };
        labels.entry(&alert.typology).or_default().push(Label { score_milli: alert.score_milli, weight, is_true });
    }
    let mut codes: Vec<&str> =
        cases.values().map(|case| case.typology.as_str()).chain(counts.keys().copied()).collect();
    codes.sort_unstable();
    codes.dedup();
    let none = Vec::new();
    let mut typologies: Vec<TypologyOutcome> = codes
        .into_iter()
        .map(|code| {
            let own: Vec<&WatchCase> = cases.values().filter(|case| case.typology == code).collect();
            let labels = labels.get(code).unwrap_or(&none);
            let threshold =
                config.typologies.iter().find(|typology| typology.code == code).map(|typology| typology.alert);
            TypologyOutcome {
                alerts: counts.get(code).copied().unwrap_or(0),
                ..outcome_of(code, &own, labels, threshold)
            }
        })
        .collect();
    typologies.sort_by(|a, b| b.cases.cmp(&a.cases).then_with(|| a.code.cmp(&b.code)));
    let service = CLASSES.iter().enumerate().map(|(place, class)| {
        let own = cases.values().filter(|case| class_of.get(&case.id).copied().unwrap_or(CLASSES.len() - 1) == place);
        service_of(class, &own.collect::<Vec<_>>(), config, now)
    });
    Ok(Outcomes { service: service.collect(), typologies, by_config })
}

fn all<R: Record>(reader: &mut dyn Connection) -> Result<Vec<R>, DeskError> {
    let mut found = Vec::new();
    let mut after: Option<Key> = None;
    loop {
        let rows = reader.scan(R::table(), &key![Cell::OFFICE], after.as_deref(), PAGE)?;
        after = rows.last().map(|row| row[..R::table().key_len].to_vec());
        for row in &rows {
            found.push(R::from_row(row).map_err(|error| DeskError::Damaged(error.to_string()))?);
        }
        if rows.len() < PAGE {
            return Ok(found);
        }
    }
}

fn outcome_of(code: &str, cases: &[&WatchCase], labels: &[Label], threshold: Option<i32>) -> TypologyOutcome {
    let verdicts = [Verdict::True, Verdict::False, Verdict::Unclear]
        .map(|verdict| cases.iter().filter(|case| case.verdict == Some(verdict)).count() as u64);
    let alerted: Vec<&Label> = labels.iter().filter(|label| label.weight == 1).collect();
    let hits = alerted.iter().filter(|label| label.is_true).count();
    TypologyOutcome {
        code: code.to_owned(),
        cases: cases.len() as u64,
        verdicts,
        alerts: 0,
        precision: (!alerted.is_empty()).then(|| hits as f64 / alerted.len() as f64),
        precision_within: (!alerted.is_empty()).then(|| share_within(hits, alerted.len())),
        labels: labels.len(),
        threshold_milli: threshold,
        asked_milli: threshold.map(|now| (i64::from(now) * asked(labels) / 1_000) as i32),
    }
}

/// The lowest threshold, in thousandths of the one in force, from which on the share of true ones reaches [`PRECISION_PERCENT`]: of counts
/// with one true and one false added, as by a Beta distribution. 1,000 where there are fewer labels than [`LABELS_MIN`]; the highest
/// that is tried where none reaches it.
pub fn asked(labels: &[Label]) -> i64 {
    if labels.len() < LABELS_MIN {
        return 1_000;
    }
    let reaches = |at: i64| {
        let above = labels.iter().filter(|label| label.score_milli >= at);
        let (all, hits) = above
            .fold((2, 1), |(all, hits), label| (all + label.weight, hits + label.weight * u64::from(label.is_true)));
        hits * 100 >= all * u64::from(PRECISION_PERCENT)
    };
    TRIED.map(|step| step * STEP_MILLI).find(|at| reaches(*at)).unwrap_or(TRIED.end() * STEP_MILLI)
}

/// Between what a share may lie, 95 of 100 times, by Wilson's interval (1927).
fn share_within(hits: usize, all: usize) -> (f64, f64) {
    let (z, n) = (1.96, all as f64);
    let share = hits as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

fn service_of(class: &'static str, cases: &[&WatchCase], config: &Config, now: Instant) -> Service {
    let hours = |from: Instant, to: Instant| (to.0.saturating_sub(from.0)).max(0) as f64 / HOUR;
    let taken = cases.iter().filter_map(|case| Some(hours(case.opened_at, case.taken_at?)));
    let decided = cases.iter().filter_map(|case| Some(hours(case.taken_at?, case.decided_at?)));
    let waiting = cases.iter().filter(|case| case.state == CaseState::Open);
    let in_work = cases.iter().filter(|case| case.state == CaseState::Taken);
    let (take, decide) = (f64::from(config.work.take_hours), f64::from(config.work.decide_hours));
    Service {
        class,
        to_take: times(taken.collect()),
        to_decide: times(decided.collect()),
        waiting: waiting.clone().count() as u64,
        waiting_over: waiting.filter(|case| hours(case.opened_at, now) > take).count() as u64,
        in_work: in_work.clone().count() as u64,
        in_work_over: in_work.filter(|case| case.taken_at.is_some_and(|taken| hours(taken, now) > decide)).count()
            as u64,
    }
}

fn times(mut hours: Vec<f64>) -> Times {
    hours.sort_unstable_by(f64::total_cmp);
    // The least value that so many of a hundred do not exceed.
    let at = |percent: usize| hours.get((hours.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Times { count: hours.len(), median_hours: at(50), ninety_hours: at(90) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(score_milli: i64, weight: u64, is_true: bool) -> Label {
        Label { score_milli, weight, is_true }
    }

    #[test]
    fn a_threshold_rises_where_alerts_are_false_and_falls_where_drawn_notes_are_true() {
        // Below 1.3 of the threshold nothing was true, above it half was.
        let mut loud: Vec<Label> = (0..40).map(|n| label(1_000 + n * 7, 1, false)).collect();
        loud.extend((0..40).map(|n| label(1_300 + n * 5, 1, n % 2 == 0)));
        assert!((1_100..=1_300).contains(&asked(&loud)), "{}", asked(&loud));
        // Of drawn notes, each of which stands for twenty, most were true.
        let mut quiet: Vec<Label> = (0..20).map(|n| label(1_000 + n * 30, 1, true)).collect();
        quiet.extend((0..10).map(|n| label(800 + n * 15, 20, n % 3 != 0)));
        assert!(asked(&quiet) <= 850, "{}", asked(&quiet));
        // Too few say nothing; where nothing is ever true the highest is asked for.
        assert_eq!(asked(&loud[..19]), 1_000);
        let false_ones: Vec<Label> = (0..50).map(|n| label(1_000 + n * 40, 1, false)).collect();
        assert_eq!(asked(&false_ones), 2_000);
    }

    #[test]
    fn times_are_told_by_their_order() {
        assert_eq!(times(Vec::new()), Times::default());
        let told = times((1..=10).rev().map(f64::from).collect());
        assert_eq!((told.count, told.median_hours, told.ninety_hours), (10, Some(5.0), Some(9.0)));
        let (low, high) = share_within(3, 10);
        assert!((low - 0.108).abs() < 0.002 && (high - 0.603).abs() < 0.002, "{low} {high}");
    }
}
