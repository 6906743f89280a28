//! Plans of instalments against tables that were worked out elsewhere. Skipped where the tables are absent.

// The whole file is a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use basics::money::parse_minor;
use basics::{Date, Rate, Rounding};
use loan::plan::{
    Arithmetic, Convention, InterestRounding, MonthDays, Period, Progressive, Smoothing, Spacing, SpacingUnit, Weight,
    YearDays,
};
use serde_json::Value;

const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles/fineract-loans.public.json");

/// The tables, or nothing with a line that says so.
fn tables(test: &str) -> Option<Value> {
    if !Path::new(TABLES).exists() {
        eprintln!("skipped {test}: {TABLES} is not on this machine");
        return None;
    }
    Some(serde_json::from_str(&std::fs::read_to_string(TABLES).unwrap()).unwrap())
}

fn date(value: &Value) -> Date {
    Date::parse(value.as_str().unwrap()).unwrap()
}

fn fen(value: &Value) -> i64 {
    parse_minor(value.as_str().unwrap()).unwrap()
}

fn every(value: &Value) -> u16 {
    u16::try_from(value.as_u64().unwrap()).unwrap()
}

fn unit(value: &Value) -> SpacingUnit {
    match value.as_str().unwrap() {
        "DAYS" => SpacingUnit::Days,
        "WEEKS" => SpacingUnit::Weeks,
        "MONTHS" => SpacingUnit::Months,
        other => panic!("unit {other}"),
    }
}

fn month_days(value: &Value) -> MonthDays {
    match value.as_str() {
        Some("30") => MonthDays::D30,
        Some("ACTUAL") | None => MonthDays::Actual,
        Some(other) => panic!("days of month {other}"),
    }
}

fn year_days(value: &Value) -> YearDays {
    match value.as_str().unwrap() {
        "ACTUAL" => YearDays::Actual,
        "360" => YearDays::D360,
        "364" => YearDays::D364,
        "365" => YearDays::D365,
        other => panic!("days of year {other}"),
    }
}

fn progressive_convention(spacing: Spacing, months: &Value, years: &Value, multiple: &Value) -> Convention {
    Convention {
        spacing,
        weight: Weight::Nominal { month: month_days(months), year: year_days(years) },
        arithmetic: Arithmetic::Digits12,
        interest_rounding: InterestRounding::Segment,
        rounding: Rounding::HalfEven,
        multiple_fen: multiple.as_i64().map_or(1, |units| units * 100),
        smoothing: Smoothing::Once,
    }
}

/// Every step of every case, cell by cell.
#[test]
fn progressive_plans_agree_in_every_cell() {
    let Some(tables) = tables("progressive_plans_agree_in_every_cell") else { return };
    let mut cells = 0;
    for case in tables["emi_cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let spacing = Spacing { every: every(&case["repayment_every"]), unit: unit(&case["repayment_frequency"]) };
        let convention = progressive_convention(
            spacing,
            &case["days_in_month"],
            &case["days_in_year"],
            &case["installment_amount_in_multiples_of"],
        );
        let periods: Vec<Period> = (case["periods"].as_array().unwrap().iter())
            .map(|p| Period { from: date(&p["from"]), due: date(&p["due"]) })
            .collect();
        let rate = Rate::parse_percent(case["annual_rate_pct"].as_str().unwrap()).unwrap();
        let mut plan = Progressive::new(convention, rate, &periods).unwrap();
        for (step, at) in case["steps"].as_array().unwrap().iter().zip(1..) {
            let place = format!("{id} step {at} {}", step["op"]);
            let due = || plan.due_on(date(&step["period_due"])).unwrap();
            match step["op"].as_str().unwrap() {
                "disburse" => plan.disburse(date(&step["date"]), fen(&step["amount"])).unwrap(),
                "pay_principal" => plan.pay_principal(due(), date(&step["date"]), fen(&step["amount"])).unwrap(),
                "pay_interest" => plan.pay_interest(due(), fen(&step["amount"])).unwrap(),
                "balance_correction" => {
                    plan.balance_correction(date(&step["date"]), fen(&step["amount"])).unwrap();
                }
                // Those books take a new rate to hold from the day before it is told.
                "change_rate" => {
                    let rate = Rate::parse_percent(step["annual_rate_pct"].as_str().unwrap()).unwrap();
                    plan.change_rate(date(&step["date"]).add_days(-1), rate).unwrap();
                }
                "payable" => {
                    let payable = plan.payable(due(), date(&step["date"])).unwrap();
                    for (name, ours) in [
                        ("balance", payable.balance_fen),
                        ("principal", payable.principal_fen),
                        ("interest", payable.interest_fen),
                    ] {
                        if let Some(theirs) = step["expect"].get(name) {
                            assert_eq!(ours, fen(theirs), "{place} {name}");
                            cells += 1;
                        }
                    }
                }
                "expect" => {
                    for row in step["rows"].as_array().unwrap() {
                        let (number, segment) = (every(&row["period"]), every(&row["segment"]));
                        let place = format!("{place} period {number} segment {segment}");
                        let state = plan.rows()[usize::from(number) - 1];
                        let segment = plan.segments(usize::from(number) - 1)[usize::from(segment) - 1];
                        let factor = segment.factor;
                        let places = factor.numerator * 1_000_000_000_000 * 2 + factor.denominator;
                        let places = places / (factor.denominator * 2);
                        let theirs = row["rate_factor"].as_str().unwrap().split_once('.').unwrap();
                        let theirs: i128 = format!("{}{:0<12}", theirs.0, theirs.1).parse().unwrap();
                        assert_eq!(places, theirs, "{place} rate factor");
                        for (name, ours) in [
                            ("segment_interest", segment.interest_fen),
                            ("emi", state.instalment_fen),
                            ("interest", state.interest_fen),
                            ("principal", state.principal_fen),
                            ("balance", state.balance_after_fen),
                        ] {
                            assert_eq!(ours, fen(&row[name]), "{place} {name}");
                            cells += 1;
                        }
                    }
                }
                other => panic!("step {other}"),
            }
        }
    }
    assert!(cells > 100, "only {cells} cells were checked");
}
