//! `tianxin bench schedule`: how many schedules one core makes in a second, against the same ones in decimals.

use std::hint::black_box;
use std::time::{Duration, Instant};

use basics::{Currency, Date, DayCount, Money, Rate};
use clap::Args;
use loan::schedule::schedule;
use loan::{LoanTerms, Method, PlanRow, Term};
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Line, Report, three_places};
use crate::failure::Failure;

/// Make schedules on one core: 12 and 36 equal instalments, and a seasonal loan.
#[derive(Args)]
pub struct ScheduleBench {
    /// Seconds for each measurement
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Principals differ, so that no answer can be kept.
const PRINCIPALS: i64 = 1_009;

impl ScheduleBench {
    /// Runs the benchmark.
    pub fn run(self) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        let during = Duration::from_secs(self.seconds);
        for (name, terms) in cases()? {
            same(&terms)?;
            let (mut mine, mut theirs) = (terms.clone(), terms);
            let ours = rate_of(during, |n| {
                mine.principal = principal(n);
                schedule(black_box(&mine)).map(|plan| black_box(plan).rows.len())
            })?;
            let reference = rate_of(during, |n| {
                theirs.principal = principal(n);
                naive(black_box(&theirs)).map(|plan| black_box(plan).len())
            })?;
            let line = Line {
                name,
                engine: "none",
                ours: Some(three_places(ours)),
                unit: Some("schedules/s/core"),
                ..Line::default()
            };
            let note = "one core; reference: the same rows worked out in rust_decimal, checked to be equal first";
            report.line(&line.against("bare rust_decimal", three_places(reference), note))?;
        }
        Ok(())
    }
}

fn principal(n: i64) -> Money {
    Money::new(5_000_000 + 100 * (n % PRINCIPALS), Currency::CNY)
}

fn cases() -> Result<[(&'static str, LoanTerms); 3], Failure> {
    let wrong = |error: String| Failure::Wrong(error);
    let amount = Money::new(5_000_000, Currency::CNY);
    let rate = Rate::parse_percent("9").map_err(|e| wrong(e.to_string()))?;
    let day = |text| Date::parse(text).map_err(|e| wrong(e.to_string()));
    let start = day("2027-03-01")?;
    let equal = |months| LoanTerms::plain(amount, rate, Method::EqualInstalments, Term::Months(months), start);
    let rows = vec![
        PlanRow { due: day("2027-06-30")?, principal_ppm: 400_000 },
        PlanRow { due: day("2027-10-31")?, principal_ppm: 600_000 },
    ];
    let seasonal = LoanTerms { rows, ..LoanTerms::plain(amount, rate, Method::Seasonal, Term::Months(8), start) };
    Ok([("schedule_12", equal(12)), ("schedule_36", equal(36)), ("schedule_seasonal", seasonal)])
}

/// How often a second it can be done, on this thread.
fn rate_of<E: std::fmt::Display>(
    during: Duration,
    mut once: impl FnMut(i64) -> Result<usize, E>,
) -> Result<f64, Failure> {
    let mut run = |count: i64| -> Result<Duration, Failure> {
        let begun = Instant::now();
        for n in 0..count {
            black_box(once(n).map_err(|error| Failure::Wrong(error.to_string()))?);
        }
        Ok(begun.elapsed())
    };
    let (mut done, mut spent) = (0i64, Duration::ZERO);
    run(1_000)?;
    while spent < during {
        spent += run(1_000)?;
        done += 1_000;
    }
    Ok(done as f64 / spent.as_secs_f64())
}

/// A row as plain decimals: due date, principal, interest, balance.
type NaiveRow = (Date, Decimal, Decimal, Decimal);

/// The schedule as anyone would write it: textbook annuity and daily interest in decimals, rounded to two places.
fn naive(terms: &LoanTerms) -> Result<Vec<NaiveRow>, String> {
    let cents = |value: Decimal| value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    let principal = Decimal::new(terms.principal.minor(), 2);
    let rate = Decimal::new(terms.rate.ppm(), 6);
    let mut balance = principal;
    let mut rows = Vec::new();
    if terms.method == Method::Seasonal {
        let year = Decimal::from(DayCount::Actual360.year_weight());
        let mut from = terms.start;
        for (index, row) in terms.rows.iter().enumerate() {
            let interest = cents(balance * rate * Decimal::from(row.due - from) / year);
            let part = if index + 1 == terms.rows.len() {
                balance
            } else {
                cents(principal * Decimal::new(row.principal_ppm, 6))
            };
            balance -= part;
            rows.push((row.due, part, interest, balance));
            from = row.due;
        }
        return Ok(rows);
    }
    let Term::Months(count) = terms.term else { return Err("the term is not in months".to_owned()) };
    let monthly = rate / Decimal::from(12);
    let mut growth = Decimal::ONE;
    for _ in 0..count {
        growth *= Decimal::ONE + monthly;
    }
    let instalment = cents(principal * monthly * growth / (growth - Decimal::ONE));
    for n in 1..=count {
        let due = terms.start.add_months(i32::from(n)).map_err(|e| e.to_string())?;
        let interest = cents(balance * monthly);
        let part = if n == count { balance } else { instalment - interest };
        balance -= part;
        rows.push((due, part, interest, balance));
    }
    Ok(rows)
}

/// Both must say the same before either is measured.
fn same(terms: &LoanTerms) -> Result<(), Failure> {
    let ours = schedule(terms).map_err(|error| Failure::Wrong(error.to_string()))?;
    let theirs = naive(terms).map_err(Failure::Wrong)?;
    let as_decimals: Vec<NaiveRow> = ours
        .rows
        .iter()
        .map(|row| {
            let fen = |fen: i64| Decimal::new(fen, 2);
            (row.due, fen(row.principal_fen), fen(row.interest_fen), fen(row.balance_after_fen))
        })
        .collect();
    if as_decimals == theirs {
        return Ok(());
    }
    Err(Failure::Wrong(format!("schedule and reference differ: {as_decimals:?} and {theirs:?}")))
}
