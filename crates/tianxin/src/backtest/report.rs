//! What a history replay prints: figures with their intervals, and the limits of the data.

use std::collections::BTreeMap;

use app::tables::ApplicationStatus;
use basics::money::format_minor;
use score::metrics::{auc, auc_interval, ks};
use serde::Serialize;

use super::walk::Walked;

/// The limits of the data, printed with every result.
pub const LIMITS: &[&str] = &[
    "outcome is the loan's status: B and D are bad; C and D were still running at the end of 1998",
    "A and C pay each instalment on its due date up to 1998-12-31; B and D stop after half of those due by then (a convention)",
    "actual_loss is modelled by that convention: principal outstanding on 1998-12-31 of bad loans that were approved",
    "expected_loss is the sum over approved loans of PD x the principal that same convention would leave outstanding",
    "1998 is immature: most of its loans had little time to turn bad",
    "training uses the final status of loans granted before the cut-off, known only later",
    "features use the 180 days ending at the last known movement; fewer than 30 movements is a thin file, referred to a person",
];

/// The result of a replay, as one JSON object.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Loans granted after the cut-off.
    pub loans: usize,
    /// Approved by model and rules, in full or less.
    pub approved: usize,
    /// Referred to a person: thin files and doubtful ones.
    pub referred: usize,
    /// Declined by model and rules.
    pub declined: usize,
    /// Share of bad loans among all.
    pub bad_rate_all: Option<f64>,
    /// Share of bad loans among the approved.
    pub bad_rate_approved: Option<f64>,
    /// Share of bad loans among the declined.
    pub bad_rate_declined: Option<f64>,
    /// Area under the ROC curve over loans that are not thin.
    pub auc: Option<f64>,
    /// Lower bound, 95 %, stratified bootstrap.
    pub auc_low: Option<f64>,
    /// Upper bound.
    pub auc_high: Option<f64>,
    /// The same with columns of the loan alone.
    pub auc_loan_columns_only: Option<f64>,
    /// Kolmogorov-Smirnov distance over loans that are not thin.
    pub ks: Option<f64>,
    /// Expected loss on approved loans, major units.
    pub expected_loss: f64,
    /// Modelled loss on approved loans, major units.
    pub actual_loss: f64,
    /// Median time of application and decision, each durable, in milliseconds.
    pub decision_ms_p50: Option<f64>,
    /// 99th percentile of it.
    pub decision_ms_p99: Option<f64>,
    /// `ok`, or the first fault.
    pub audit: String,
    /// By year of granting.
    pub by_year: Vec<Year>,
}

/// Loans of one year.
#[derive(Debug, Serialize)]
pub struct Year {
    /// The year.
    pub year: i16,
    /// Loans granted in it, after the cut-off.
    pub loans: usize,
    /// Bad among them.
    pub bads: usize,
    /// Lower bound of the bad rate, 95 % (Wilson).
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Figures {
    /// Works the figures out. `loan_columns_risk` is the risk of each loan by its own columns alone.
    pub fn of(
        walked: &[Walked],
        loan_columns_risk: &[Option<i64>],
        audit: String,
        rounds: usize,
        seed: u64,
    ) -> Figures {
        let with = |status| walked.iter().filter(|w| w.decided == status).collect::<Vec<_>>();
        let approved = with(ApplicationStatus::Approved);
        let declined = with(ApplicationStatus::Declined);
        let scored: Vec<(i64, bool)> =
            walked.iter().filter_map(|w| Some((w.log_odds_micro?, w.loan.is_bad()))).collect();
        let risk: Vec<i64> = scored.iter().map(|(risk, _)| *risk).collect();
        let bad: Vec<bool> = scored.iter().map(|(_, bad)| *bad).collect();
        let interval = auc_interval(&risk, &bad, rounds, seed);
        let by_columns: Vec<(i64, bool)> = walked
            .iter()
            .zip(loan_columns_risk)
            .filter(|(w, _)| !w.thin)
            .filter_map(|(w, risk)| Some(((*risk)?, w.loan.is_bad())))
            .collect();
        let columns_risk: Vec<i64> = by_columns.iter().map(|(risk, _)| *risk).collect();
        let columns_bad: Vec<bool> = by_columns.iter().map(|(_, bad)| *bad).collect();
        let mut times: Vec<f64> = walked.iter().map(|w| w.decision_ms).collect();
        times.sort_by(f64::total_cmp);
        Figures {
            loans: walked.len(),
            approved: approved.len(),
            referred: with(ApplicationStatus::Referred).len(),
            declined: declined.len(),
            bad_rate_all: bad_rate(&walked.iter().collect::<Vec<_>>()),
            bad_rate_approved: bad_rate(&approved),
            bad_rate_declined: bad_rate(&declined),
            auc: auc(&risk, &bad),
            auc_low: interval.map(|(low, _)| low),
            auc_high: interval.map(|(_, high)| high),
            auc_loan_columns_only: auc(&columns_risk, &columns_bad),
            ks: ks(&risk, &bad),
            expected_loss: approved.iter().map(|w| expected_loss(w)).sum(),
            actual_loss: approved.iter().filter(|w| w.loan.is_bad()).map(|w| w.outstanding_minor as f64 / 100.0).sum(),
            decision_ms_p50: quantile(&times, 0.5),
            decision_ms_p99: quantile(&times, 0.99),
            audit,
            by_year: by_year(walked),
        }
    }

    /// The figures for people.
    pub fn print(&self) -> Vec<String> {
        let share = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |v| format!("{:.2} %", v * 100.0));
        let plain = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |v| format!("{v:.3}"));
        let mut lines = vec![
            format!(
                "loans after the cut-off   {:>8}   approved {}, referred {}, declined {}",
                self.loans, self.approved, self.referred, self.declined
            ),
            format!(
                "bad rate                  {:>8}   approved {}, declined {}",
                share(self.bad_rate_all),
                share(self.bad_rate_approved),
                share(self.bad_rate_declined)
            ),
            format!(
                "AUC, not thin             {:>8}   95 % {} to {}; by loan columns alone {}; KS {}",
                plain(self.auc),
                plain(self.auc_low),
                plain(self.auc_high),
                plain(self.auc_loan_columns_only),
                plain(self.ks)
            ),
            format!(
                "expected loss             {:>8}   modelled loss {}",
                money(self.expected_loss),
                money(self.actual_loss)
            ),
            format!(
                "time to decide, ms        {:>8}   99 %: {}",
                plain(self.decision_ms_p50),
                plain(self.decision_ms_p99)
            ),
            format!("audit                     {:>8}", self.audit),
        ];
        for year in &self.by_year {
            lines.push(format!(
                "{}: {} loans, {} bad; bad rate 95 % {:.1} % to {:.1} %",
                year.year,
                year.loans,
                year.bads,
                year.low * 100.0,
                year.high * 100.0
            ));
        }
        lines.push("Limits of this replay:".to_owned());
        lines.extend(LIMITS.iter().map(|limit| format!("- {limit}")));
        lines
    }
}

fn money(amount: f64) -> String {
    format_minor((amount * 100.0).round() as i64)
}

/// What the convention would leave of a loan if it turned bad, weighed by its PD.
fn expected_loss(walked: &Walked) -> f64 {
    let Some(pd_ppm) = walked.pd_ppm else { return 0.0 };
    let months = i64::from(walked.loan.months.max(1));
    let Ok(last) = super::walk::last_day() else { return 0.0 };
    let due_by_then =
        (1..=months).filter(|n| walked.loan.date.add_months(*n as i32).is_ok_and(|due| due <= last)).count() as i64;
    let left = (months - due_by_then / 2) as f64 / months as f64;
    pd_ppm as f64 / 1e6 * walked.lent_minor as f64 / 100.0 * left
}

fn bad_rate(of: &[&Walked]) -> Option<f64> {
    let bads = of.iter().filter(|w| w.loan.is_bad()).count();
    (!of.is_empty()).then(|| bads as f64 / of.len() as f64)
}

/// The value below which this share of sorted values lies (nearest rank).
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn by_year(walked: &[Walked]) -> Vec<Year> {
    let mut years: BTreeMap<i16, (usize, usize)> = BTreeMap::new();
    for w in walked {
        let (loans, bads) = years.entry(w.loan.date.year()).or_default();
        *loans += 1;
        *bads += usize::from(w.loan.is_bad());
    }
    years
        .into_iter()
        .map(|(year, (loans, bads))| {
            let (low, high) = wilson(bads, loans);
            Year { year, loans, bads, low, high }
        })
        .collect()
}

/// Wilson's score interval of a share, 95 % (E. B. Wilson, 1927).
fn wilson(hits: usize, of: usize) -> (f64, f64) {
    let (n, z) = (of as f64, 1.959_964);
    let p = hits as f64 / n;
    let centre = p + z * z / (2.0 * n);
    let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_is_the_published_interval() {
        // 10 of 100: 5.5 % to 17.4 % (Brown, Cai, DasGupta 2001).
        let (low, high) = wilson(10, 100);
        assert!((low - 0.0552).abs() < 5e-4 && (high - 0.1744).abs() < 5e-4, "{low} {high}");
        assert_eq!(wilson(0, 10).0, 0.0);
    }

    #[test]
    fn quantiles_are_nearest_ranks() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((quantile(&values, 0.5), quantile(&values, 0.99)), (Some(50.0), Some(99.0)));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
