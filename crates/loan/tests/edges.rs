//! Every shipped product at its edges: least and most, shortest and longest, at the ends of months and on leap days; what a
//! quote prints must hold everywhere, and its effective rate be that of another search.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that stumbles has failed")]

use basics::{Date, Money};
use loan::cost::{annualised_ppm, cost_table, effective_ppm};
use loan::product::{self, TermUnit};
use loan::schedule::schedule;
use loan::{LoanError, Method, Product, Schedule, Term};

/// Ends of months, leap days, the turn of a year; within the days on which a product is offered.
fn days(product: &Product) -> Vec<Date> {
    let days = ["2024-02-29", "2025-01-31", "2025-12-31", "2026-01-31", "2026-08-30", "2026-12-31", "2028-02-29"];
    days.map(|day| Date::parse(day).unwrap()).into_iter().filter(|day| product.is_offered(*day)).collect()
}

/// The yearly internal rate of dated flows by halving, in ppm: nothing of the engine's own search.
fn effective_by_halving(plan: &Schedule) -> f64 {
    let at_once: i64 = plan.rows.iter().filter(|row| row.due == plan.start).map(|row| row.total_fen).sum();
    let net = (plan.principal_fen - at_once) as f64;
    let later = || plan.rows.iter().filter(|row| row.due > plan.start);
    let (mut low, mut high) = (0.0f64, 100.0f64);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        let worth: f64 = later()
            .map(|row| row.total_fen as f64 / (1.0 + middle).powf(f64::from(row.due - plan.start) / 365.0))
            .sum();
        if worth > net { low = middle } else { high = middle }
    }
    low * 1e6
}

/// What a row of a quote promises.
fn holds(case: &str, plan: &Schedule, fen: i64) {
    let mut balance = fen;
    let mut before = plan.start;
    for (place, row) in plan.rows.iter().enumerate() {
        let first_at_once = place == 0 && row.number == 0;
        assert!(row.due > before || (first_at_once && row.due == plan.start), "{case}: {} after {before}", row.due);
        let parts = [row.principal_fen, row.interest_fen, row.fee_fen];
        assert!(parts.iter().all(|part| *part >= 0), "{case}: {parts:?}");
        assert_eq!(row.total_fen, parts.iter().sum::<i64>(), "{case}: row {}", row.number);
        assert!(!first_at_once || row.principal_fen == 0, "{case}: principal at disbursement");
        balance -= row.principal_fen;
        assert_eq!(row.balance_after_fen, balance, "{case}: row {}", row.number);
        before = row.due;
    }
    assert_eq!(balance, 0, "{case}");
}

#[test]
fn every_product_holds_at_its_edges() {
    let mut tried = 0;
    for (file, _) in product::SHIPPED {
        let product = product::shipped(file.strip_suffix(".toml").unwrap()).unwrap();
        if product.method == Method::StatementLine {
            continue;
        }
        for start in days(&product) {
            for length in [product.term_min, product.term_max] {
                let term = match product.term_unit {
                    TermUnit::Months => Term::Months(length),
                    TermUnit::Days => Term::Days(length),
                };
                let rates = product.priced_for(term, start).unwrap().pricing.rates();
                for (fen, rate) in [product.amount_min_fen, product.amount_max_fen].into_iter().flat_map(|fen| {
                    let all: Vec<_> = rates.iter().map(|rate| (fen, *rate)).collect();
                    all
                }) {
                    let case = format!("{} {fen} {term:?} {start} {rate}", product.code);
                    let terms = match product.terms(Money::new(fen, product.currency), term, start, rate) {
                        Ok(terms) => terms,
                        // A short season may hold no harvest.
                        Err(LoanError::Terms(why)) if product.method == Method::Seasonal => {
                            assert!(why.contains("no harvest"), "{case}: {why}");
                            continue;
                        }
                        Err(error) => panic!("{case}: {error}"),
                    };
                    let plan = schedule(&terms).unwrap_or_else(|error| panic!("{case}: {error}"));
                    holds(&case, &plan, fen);
                    let (effective, by_halving) = (effective_ppm(&plan).unwrap(), effective_by_halving(&plan));
                    assert!((effective as f64 - by_halving).abs() <= 1.5, "{case}: {effective} {by_halving}");
                    let cost = cost_table(&terms).unwrap();
                    assert_eq!(cost.annualised_ppm, annualised_ppm(&plan).unwrap(), "{case}");
                    let dues: i64 = plan.rows.iter().map(|row| row.total_fen).sum();
                    assert_eq!(cost.total_cost_fen, dues - fen, "{case}: all costs are in the rows");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 200, "{tried} plans");
}

#[test]
fn what_lies_outside_is_refused_by_the_limit_it_passes() {
    for (file, _) in product::SHIPPED {
        let product = product::shipped(file.strip_suffix(".toml").unwrap()).unwrap();
        let Some(start) = days(&product).into_iter().next() else { continue };
        let (least, most, step) = (product.amount_min_fen, product.amount_max_fen, product.amount_multiple_fen);
        let length = |length| match product.term_unit {
            TermUnit::Months => Term::Months(length),
            TermUnit::Days => Term::Days(length),
        };
        let term = length(product.term_max);
        let rate = product.priced_for(term, start).unwrap().pricing.rates()[0];
        let asked = |fen, term, start| product.terms(Money::new(fen, product.currency), term, start, rate).unwrap_err();
        for fen in [0, -least, least - step, most + step, least + 1, i64::MAX, i64::MIN] {
            assert!(matches!(asked(fen, term, start), LoanError::AmountOutside { .. }), "{} {fen}", product.code);
        }
        for months in [0, product.term_max + 1, u16::MAX] {
            assert!(matches!(asked(least, length(months), start), LoanError::TermOutside { .. }), "{}", product.code);
        }
        let early = product.effective_from.add_days(-1);
        assert!(matches!(asked(least, term, early), LoanError::NotInEffect { .. }), "{}", product.code);
    }
}
