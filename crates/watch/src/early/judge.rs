//! What forecasts were worth, once it is known what came.

use score::metrics::{auc, auc_interval, brier};
use serde::Serialize;

use super::learn::Row;
use super::model::{Model, PPM};
use super::reliability::{Bin, Reliability};

/// Draws of the interval.
const DRAWS: usize = 100;

/// A forecast and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Days before the due date at which it was made.
    pub lead_days: i32,
    /// The chance that was said, millionths.
    pub said_ppm: u32,
    /// Whether the instalment was missed.
    pub is_missed: bool,
}

/// Figures of forecasts made so many days ahead.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeadFigures {
    /// Days ahead.
    pub days: i32,
    /// Forecasts.
    pub forecasts: usize,
    /// How many were missed.
    pub missed: usize,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Share missed among the twentieth with the highest chance.
    pub precision_top_5pct: Option<f64>,
}

/// Figures of forecasts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Forecasts.
    pub forecasts: usize,
    /// How many were missed.
    pub missed: usize,
    /// Share that was missed: what one would say who knows nothing.
    pub base_rate: Option<f64>,
    /// Area under the ROC curve, with the middle 95 % of draws.
    pub auc: Option<f64>,
    /// Its lower end.
    pub auc_low: Option<f64>,
    /// Its upper end.
    pub auc_high: Option<f64>,
    /// Share missed among the twentieth with the highest chance.
    pub precision_top_5pct: Option<f64>,
    /// Share of all missed that this twentieth holds.
    pub recall_top_5pct: Option<f64>,
    /// Mean squared distance of chance and outcome.
    pub brier: Option<f64>,
    /// The same of who says the base rate of everybody.
    pub brier_of_base_rate: Option<f64>,
    /// Mean distance of what was said and what came over bins, weighted by forecasts.
    pub calibration_error: Option<f64>,
    /// By weeks ahead.
    pub by_lead: Vec<LeadFigures>,
    /// By chance: forecasts, mean chance said, share missed.
    pub reliability: Vec<(u64, f64, f64)>,
}

/// Forecasts as they would have been made of the past, one day after the other: each is corrected by what had come by its day of those before
/// it, and by nothing later. With them the counts that all of them come to.
pub fn as_it_came(model: &Model, rows: &[Row]) -> (Vec<Judged>, Reliability) {
    let mut made: Vec<&Row> = rows.iter().collect();
    made.sort_by_key(|row| row.due_on.add_days(-row.lead_days));
    let mut known = made.clone();
    known.sort_by_key(|row| row.due_on);
    let mut counted = Reliability::default();
    let mut known = known.into_iter().peekable();
    let mut judged = Vec::with_capacity(rows.len());
    for row in made {
        let day = row.due_on.add_days(-row.lead_days);
        while let Some(past) = known.next_if(|past| day - past.due_on > model.missed_after_days) {
            counted.count(model.chance_ppm(&past.signs), past.is_missed);
        }
        let said_ppm = counted.corrected(model.chance_ppm(&row.signs));
        judged.push(Judged { lead_days: row.lead_days, said_ppm, is_missed: row.is_missed });
    }
    known.for_each(|past| counted.count(model.chance_ppm(&past.signs), past.is_missed));
    (judged, counted)
}

/// Judges forecasts.
pub fn judge(all: &[Judged]) -> Figures {
    let (risk, bad) = columns(all);
    let missed = bad.iter().filter(|bad| **bad).count();
    let base_rate = share(missed, all.len());
    let interval = auc_interval(&risk, &bad, DRAWS, 1);
    let base = base_rate.map_or(0, |base| (base * f64::from(PPM)) as i64);
    let top = top(all);
    let top_missed = top.iter().filter(|one| one.is_missed).count();
    let mut counted = Reliability::default();
    all.iter().for_each(|one| counted.count(one.said_ppm, one.is_missed));
    let mut leads: Vec<i32> = all.iter().map(|one| one.lead_days).collect();
    leads.sort_unstable_by_key(|days| std::cmp::Reverse(*days));
    leads.dedup();
    Figures {
        forecasts: all.len(),
        missed,
        base_rate,
        auc: auc(&risk, &bad),
        auc_low: interval.map(|interval| interval.0),
        auc_high: interval.map(|interval| interval.1),
        precision_top_5pct: share(top_missed, top.len()),
        recall_top_5pct: share(top_missed, missed),
        brier: brier(&risk, &bad),
        brier_of_base_rate: brier(&vec![base; bad.len()], &bad),
        calibration_error: error_of(&counted),
        by_lead: leads.into_iter().map(|days| of_lead(all, days)).collect(),
        reliability: counted.bins().iter().filter_map(row_of).collect(),
    }
}

fn columns(all: &[Judged]) -> (Vec<i64>, Vec<bool>) {
    (all.iter().map(|one| i64::from(one.said_ppm)).collect(), all.iter().map(|one| one.is_missed).collect())
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The twentieth with the highest chance, at least one.
fn top(all: &[Judged]) -> Vec<Judged> {
    let mut ranked = all.to_vec();
    ranked.sort_by_key(|one| std::cmp::Reverse(one.said_ppm));
    ranked.truncate(all.len().div_ceil(20));
    ranked
}

fn of_lead(all: &[Judged], days: i32) -> LeadFigures {
    let own: Vec<Judged> = all.iter().filter(|one| one.lead_days == days).copied().collect();
    let (risk, bad) = columns(&own);
    let top = top(&own);
    LeadFigures {
        days,
        forecasts: own.len(),
        missed: bad.iter().filter(|bad| **bad).count(),
        auc: auc(&risk, &bad),
        precision_top_5pct: share(top.iter().filter(|one| one.is_missed).count(), top.len()),
    }
}

fn row_of(bin: &Bin) -> Option<(u64, f64, f64)> {
    let part = |ppm: u32| f64::from(ppm) / f64::from(PPM);
    Some((bin.count, part(bin.mean_ppm()?), part(bin.missed_ppm()?)))
}

fn error_of(counted: &Reliability) -> Option<f64> {
    let (count, _) = counted.totals();
    let gaps = counted.bins().iter().filter_map(row_of).map(|(rows, said, came)| rows as f64 * (said - came).abs());
    (count > 0).then(|| gaps.sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecasts(said_ppm: u32, count: u32, missed: u32) -> impl Iterator<Item = Judged> {
        (0..count).map(move |n| Judged {
            lead_days: if n.is_multiple_of(2) { 28 } else { 7 },
            said_ppm,
            is_missed: n < missed,
        })
    }

    #[test]
    fn figures_of_a_small_table() {
        let all: Vec<Judged> =
            forecasts(20_000, 760, 16).chain(forecasts(100_000, 200, 20)).chain(forecasts(500_000, 40, 24)).collect();
        let figures = judge(&all);
        assert_eq!((figures.forecasts, figures.missed, figures.base_rate), (1_000, 60, Some(0.06)));
        // The fifty highest are all of the highest chance and ten of the next, of which the first ten were missed.
        assert_eq!(figures.precision_top_5pct, Some(0.68));
        assert_eq!(figures.recall_top_5pct, Some(34.0 / 60.0));
        assert!(
            (figures.auc.unwrap() - 45.0 / 56.4).abs() < 1e-9
                && figures.auc_low < figures.auc
                && figures.auc < figures.auc_high
        );
        assert!(figures.brier < figures.brier_of_base_rate);
        let error = figures.calibration_error.unwrap();
        assert!((error - (0.76 * (16.0 / 760.0 - 0.02_f64).abs() + 0.04 * 0.1)).abs() < 1e-6, "{error}");
        assert_eq!(figures.by_lead.iter().map(|lead| lead.days).collect::<Vec<_>>(), [28, 7]);
        assert_eq!(figures.reliability.len(), 3);
    }

    #[test]
    fn a_forecast_is_corrected_by_what_had_come_and_by_nothing_later() {
        let model = Model::usual().unwrap();
        let day = |n: i32| basics::Date::from_days(20_000 + n).unwrap();
        let signs = super::super::Signs::default();
        // For a year nothing is missed, then half is.
        let row = |n: i32| Row { due_on: day(n), lead_days: 28, signs, is_missed: n > 365 && n % 2 == 0 };
        let rows: Vec<Row> = (0..730).map(row).collect();
        let (judged, counted) = as_it_came(&model, &rows);
        let said = model.chance_ppm(&signs);
        assert!(judged[0].said_ppm.abs_diff(said) < 10, "{} {said}", judged[0].said_ppm);
        assert!(judged[360].said_ppm * 2 < said, "{}", judged[360].said_ppm);
        assert!(judged[390].said_ppm <= judged[360].said_ppm, "the first miss is known a month later");
        assert!(judged[729].said_ppm > 120_000, "{}", judged[729].said_ppm);
        assert_eq!(counted.totals(), (730, 182));
        // What is still to come changes nothing.
        let (first, _) = as_it_came(&model, &rows[..400]);
        assert_eq!(first, judged[..400]);
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let figures = judge(&[]);
        assert_eq!((figures.auc, figures.base_rate, figures.calibration_error), (None, None, None));
    }
}
