//! Plans against formulas written down a second time: flat, declining and progressive instalments, drawn at random.
//!
//! What a formula gives goes into a scenario as its expected table, and the replay has to pass it. Levels are worked out
//! in floating point here and in exact or decimal arithmetic there; where the two could round apart, nothing is said.

// The whole file is a test.
#![allow(clippy::unwrap_used)]

use basics::Date;
use basics::money::format_minor;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use xtask::oracle::{Verdict, replay};

/// What is drawn of a loan.
#[derive(Clone, Debug)]
struct Drawn {
    principal: i64,
    /// Hundredths of a percent a year.
    rate: i64,
    every: i64,
    unit: &'static str,
    count: i64,
    multiple: Option<i64>,
    start: Date,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let unit = select(vec!["DAYS", "WEEKS", "MONTHS"]);
    let multiple = select(vec![None, Some(1), Some(5)]);
    let parts = (100_000i64..5_000_000, 1i64..3_000, 1i64..4, unit, 2i64..25, multiple, 0i32..1_500);
    parts.prop_map(|(principal, rate, every, unit, count, multiple, day)| {
        let start = Date::ymd(2022, 1, 31).unwrap().add_days(day);
        Drawn { principal, rate, every, unit, count, multiple, start }
    })
}

impl Drawn {
    fn due(&self, k: i64) -> Date {
        let steps = i32::try_from(self.every * k).unwrap();
        match self.unit {
            "MONTHS" => self.start.add_months(steps).unwrap(),
            "WEEKS" => self.start.add_days(7 * steps),
            _ => self.start.add_days(steps),
        }
    }

    fn periods_a_year(&self) -> i64 {
        match self.unit {
            "MONTHS" => 12,
            "WEEKS" => 52,
            _ => 365,
        }
    }

    fn to_multiple(&self, fen: i64) -> i64 {
        let unit = self.multiple.unwrap_or(0) * 100;
        if unit == 0 { fen } else { half_even(i128::from(fen), i128::from(unit)) * unit }
    }

    /// The replay of a loan paid out whole, with the rows that are expected: principal and interest.
    fn verdict(&self, product: Value, interest_type: &str, rows: &[(i64, i64)]) -> Verdict {
        let start = self.start.to_string();
        let amount = format_minor(self.principal);
        let mut product = product;
        product["name"] = json!("drawn");
        product["interest_type"] = json!(interest_type);
        product["installment_amount_in_multiples_of"] = json!(self.multiple);
        product["multi_disburse"] = json!(true);
        let loan = json!({
            "product": "drawn", "submitted_on": start, "expected_disbursement_date": start, "principal": amount,
            "interest_rate_per_period": format!("{}.{:02}", self.rate / 100, self.rate % 100),
            "interest_rate_frequency": "YEAR", "interest_type": interest_type,
            "amortization_type": "EQUAL_INSTALLMENTS", "repayment_every": self.every,
            "repayment_frequency": self.unit, "number_of_repayments": self.count
        });
        let mut left = self.principal;
        let table: Vec<Value> = std::iter::once(json!({"nr": null, "date": start, "balance": amount}))
            .chain((1i64..).zip(rows).map(|(k, (principal, interest))| {
                left -= principal;
                json!({"nr": k, "date": self.due(k).to_string(), "balance": format_minor(left),
                    "principal_due": format_minor(*principal), "interest": format_minor(*interest)})
            }))
            .collect();
        let events = json!([
            {"i": 0, "type": "set_business_date", "date": start},
            {"i": 1, "type": "create_loan", "date": start, "terms": loan},
            {"i": 2, "type": "approve", "date": start, "amount": amount, "expected_disbursement_date": start},
            {"i": 3, "type": "disburse", "date": start, "amount": amount}
        ]);
        let scenario = json!({"id": "drawn", "tags": [], "product": product, "loan": loan, "events": events,
            "expectations": [{"after_event": 3, "schedule": table}]});
        replay(&json!({"environment": {}, "scenarios": [scenario]})).unwrap().verdicts.remove(0).2
    }
}

/// Rounded to the nearest whole, ties to the even one.
fn half_even(numerator: i128, denominator: i128) -> i64 {
    let (whole, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator) * 2);
    let up = rest > denominator || rest == denominator && whole % 2 != 0;
    i64::try_from(whole + i128::from(up)).unwrap()
}

/// Whether a figure is so near to a tie that another arithmetic may round it the other way.
fn is_near_tie(figure: f64) -> bool {
    (figure.fract().abs() - 0.5).abs() < 1e-5
}

/// Rows of a level instalment: what is left of it after interest, the last takes the rest.
fn run_down(drawn: &Drawn, level: i64, interest: impl Fn(i64, i64) -> i64) -> Option<Vec<(i64, i64)>> {
    let mut left = drawn.principal;
    let mut rows = Vec::new();
    for k in 1..=drawn.count {
        let interest = interest(left, k);
        let principal = if k == drawn.count { left } else { level - interest };
        if principal <= 0 || principal > left || k < drawn.count && principal == left {
            return None;
        }
        left -= principal;
        rows.push((principal, interest));
    }
    Some(rows)
}

fn cumulative() -> Value {
    json!({"loan_schedule_type": "CUMULATIVE", "transaction_processing_strategy": "mifos-standard-strategy",
        "interest_calculation_period": "SAME_AS_REPAYMENT_PERIOD", "allow_partial_period_interest": false})
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, rng_seed: RngSeed::Fixed(20_241_024), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn flat_interest_is_principal_times_rate_times_term(drawn in drawn()) {
        let Drawn { principal, rate, every, count, .. } = drawn;
        let term = i128::from(every * count);
        let total = half_even(i128::from(principal * rate) * term, i128::from(drawn.periods_a_year()) * 10_000);
        let part = half_even(i128::from(total), i128::from(count));
        let level = half_even(i128::from(principal), i128::from(count));
        let (mut left, mut owed, mut rows) = (principal, total, Vec::new());
        for k in 1..=count {
            let interest = if k == count { owed } else { part.min(owed) };
            let whole = drawn.to_multiple(level);
            let own = if interest == 0 { whole } else { whole + drawn.to_multiple(interest) - interest };
            let own = if k == count { left } else { own };
            prop_assume!(own > 0 && own <= left && (k == count || own < left));
            (left, owed) = (left - own, owed - interest);
            rows.push((own, interest));
        }
        prop_assert_eq!(drawn.verdict(cumulative(), "FLAT", &rows), Verdict::Passed);
    }

    #[test]
    fn a_declining_balance_is_paid_by_an_annuity(drawn in drawn()) {
        let per = i128::from(drawn.periods_a_year());
        let r = drawn.rate as f64 / 10_000.0 * drawn.every as f64 / per as f64;
        let level = drawn.principal as f64 * r / (1.0 - (1.0 + r).powi(-i32::try_from(drawn.count).unwrap()));
        prop_assume!(!is_near_tie(level));
        let level = drawn.to_multiple(level.round() as i64);
        let every = i128::from(drawn.every);
        let rows = run_down(&drawn, level, |left, _| {
            half_even(i128::from(left) * i128::from(drawn.rate) * every, per * 10_000)
        });
        prop_assume!(rows.is_some());
        prop_assert_eq!(drawn.verdict(cumulative(), "DECLINING_BALANCE", &rows.unwrap()), Verdict::Passed);
    }

    #[test]
    fn a_progressive_plan_is_levelled_over_its_rate_factors(
        drawn in drawn(), year in select(vec!["360", "364", "365"]), month in select(vec!["30", "ACTUAL"])
    ) {
        let days_in_year: f64 = year.parse().unwrap();
        let factor = |k: i64| {
            let unit = match (drawn.unit, month) {
                ("MONTHS", "30") => 30.0,
                ("MONTHS", _) => f64::from(drawn.due(k - 1).days_in_month()),
                ("WEEKS", _) => 7.0,
                _ => 1.0,
            };
            drawn.rate as f64 / 10_000.0 * unit * drawn.every as f64 / days_in_year
        };
        let (mut grown, mut sum) = (1.0, 0.0);
        for k in 1..=drawn.count {
            grown *= 1.0 + factor(k);
            sum = 1.0 + sum * if k == 1 { 0.0 } else { 1.0 + factor(k) };
        }
        let level = drawn.principal as f64 * grown / sum;
        prop_assume!(!is_near_tie(level));
        let level = drawn.to_multiple(level.round() as i64);
        // Interest in 10⁻¹² of a unit, so that the two arithmetics differ only at a tie.
        let near = std::cell::Cell::new(false);
        let interest = |left: i64, k: i64| {
            let exact = left as f64 * factor(k);
            near.set(near.get() || is_near_tie(exact));
            exact.round() as i64
        };
        let mut best = run_down(&drawn, level, interest);
        // Smoothing: once, and only if the last differs less.
        let last_differs = |rows: &[(i64, i64)], level: i64| rows.last().map_or(0, |(p, i)| p + i) - level;
        if let Some(rows) = &best {
            let difference = last_differs(rows, level);
            if difference.abs() > drawn.count / 2 {
                let moved = level + half_even(i128::from(difference), i128::from(drawn.count));
                let moved = drawn.to_multiple(moved);
                if let Some(other) = run_down(&drawn, moved, interest)
                    && last_differs(&other, moved).abs() < difference.abs()
                {
                    best = Some(other);
                }
            }
        }
        prop_assume!(best.is_some() && !near.get());
        let product = json!({"loan_schedule_type": "PROGRESSIVE", "days_in_year": year, "days_in_month": month,
            "transaction_processing_strategy": "advanced-payment-allocation-strategy",
            "interest_calculation_period": "DAILY",
            "payment_allocation": {"DEFAULT": {"order": ["DUE_PRINCIPAL"], "future_installments": "NEXT_INSTALLMENT"}}});
        prop_assert_eq!(drawn.verdict(product, "DECLINING_BALANCE", &best.unwrap()), Verdict::Passed);
    }
}
