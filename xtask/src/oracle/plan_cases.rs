//! Numeric cases of the progressive plan: rate factors, segments and instalments, cell by cell.

use basics::{Date, Rate, Rounding};
use loan::plan::{
    Arithmetic, Convention, InterestRounding, MonthLength, Period, Progressive, Smoothing, Spacing, Unit, Weight,
    YearLength,
};
use serde_json::Value;

use super::{Stop, Verdict, read};

/// Decimals in which the cases print rate factors.
const FACTOR_UNITS: i128 = 1_000_000_000_000;

/// Replays one case.
pub(super) fn run(case: &Value) -> Verdict {
    match replay(case) {
        Ok(()) => Verdict::Passed,
        Err(Stop::Unsupported(why)) => Verdict::Unsupported(why),
        Err(Stop::Wrong(what)) => Verdict::Failed(what),
        Err(Stop::Refused(error)) => Verdict::Failed(super::refused(&error)),
    }
}

fn replay(case: &Value) -> Result<(), Stop> {
    let mut plan = plan(case)?;
    for (number, step) in read::list(case, "steps").iter().enumerate() {
        let place = |what: &str| format!("step {}, {what}", number + 1);
        let refused = |e: loan::LoanError| Stop::Wrong(format!("step {}: {e}", number + 1));
        match read::text(step, "op") {
            "disburse" => plan.disburse(day(step, "date")?, read::amount(step, "amount")?).map_err(refused)?,
            "pay_principal" => {
                let index = due(&plan, step)?;
                plan.pay_principal(index, day(step, "date")?, read::amount(step, "amount")?).map_err(refused)?;
            }
            "pay_interest" => {
                let index = due(&plan, step)?;
                plan.pay_interest(index, read::amount(step, "amount")?).map_err(refused)?;
            }
            "balance_correction" => {
                plan.balance_correction(day(step, "date")?, read::amount(step, "amount")?).map_err(refused)?;
            }
            // A new rate is told the day after it begins to hold.
            "change_rate" => {
                plan.change_rate(day(step, "date")?.add_days(-1), rate(step)?).map_err(refused)?;
            }
            "payable" => {
                let payable = plan.payable(due(&plan, step)?, day(step, "date")?).map_err(refused)?;
                let expected = step.get("expect").unwrap_or(&Value::Null);
                let cells = [
                    ("balance", payable.balance_fen),
                    ("principal", payable.principal_fen),
                    ("interest", payable.interest_fen),
                ];
                compare(expected, &cells, |cell| place(&format!("payable {cell}")))?;
            }
            "expect" => {
                for row in read::list(step, "rows") {
                    expect_row(&plan, row, &place)?;
                }
            }
            other => return Err(Stop::Unsupported(format!("step {other}"))),
        }
    }
    Ok(())
}

fn expect_row(plan: &Progressive, row: &Value, place: &dyn Fn(&str) -> String) -> Result<(), Stop> {
    let (number, part) = (read::small(row, "period", 0)?, read::small(row, "segment", 1)?);
    let here = |cell: &str| place(&format!("period {number}, segment {part}, {cell}"));
    let index = usize::from(number).wrapping_sub(1);
    let state = plan.rows().get(index).ok_or_else(|| Stop::Wrong(here("there is no such period")))?;
    let segment = plan.segments(index).get(usize::from(part).wrapping_sub(1));
    let segment = segment.ok_or_else(|| Stop::Wrong(here("there is no such segment")))?;
    let (numerator, denominator) = (segment.factor.numerator, segment.factor.denominator);
    let ours = (numerator.saturating_mul(FACTOR_UNITS * 2) + denominator) / (denominator * 2);
    let theirs = factor(read::text(row, "rate_factor")).ok_or_else(|| Stop::Wrong(here("rate_factor is no number")))?;
    if ours != theirs {
        return Err(Stop::Wrong(format!("{}: ours {ours}e-12, theirs {theirs}e-12", here("rate_factor"))));
    }
    let cells = [
        ("segment_interest", segment.interest_fen),
        ("emi", state.instalment_fen),
        ("interest", state.interest_fen),
        ("principal", state.principal_fen),
        ("balance", state.balance_after_fen),
    ];
    compare(row, &cells, here)
}

/// Every cell that is there must be ours.
fn compare(expected: &Value, cells: &[(&str, i64)], here: impl Fn(&str) -> String) -> Result<(), Stop> {
    for (name, ours) in cells {
        if let Some(theirs) = read::opt_amount(expected, name)?.filter(|theirs| theirs != ours) {
            let text = basics::money::format_minor;
            return Err(Stop::Wrong(format!("{}: ours {}, theirs {}", here(name), text(*ours), text(theirs))));
        }
    }
    Ok(())
}

/// A decimal of at most twelve places in units of 10⁻¹².
fn factor(text: &str) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 12 {
        return None;
    }
    format!("{whole}{part:0<12}").parse().ok()
}

fn plan(case: &Value) -> Result<Progressive, Stop> {
    let unit = match read::text(case, "repayment_frequency") {
        "DAYS" => Unit::Days,
        "WEEKS" => Unit::Weeks,
        "MONTHS" => Unit::Months,
        other => return Err(Stop::Unsupported(format!("a spacing in {other}"))),
    };
    let year = match read::text(case, "days_in_year") {
        "ACTUAL" | "" => YearLength::Actual,
        "360" => YearLength::D360,
        "364" => YearLength::D364,
        "365" => YearLength::D365,
        other => return Err(Stop::Unsupported(format!("a year of {other} days"))),
    };
    let month = match read::text(case, "days_in_month") {
        "30" => MonthLength::D30,
        _ => MonthLength::Actual,
    };
    let convention = Convention {
        spacing: Spacing { every: read::small(case, "repayment_every", 1)?, unit },
        weight: Weight::Nominal { month, year },
        arithmetic: Arithmetic::Digits12,
        interest_rounding: InterestRounding::Segment,
        rounding: match read::text(case, "rounding") {
            "HALF_UP" => Rounding::HalfUp,
            _ => Rounding::HalfEven,
        },
        multiple_fen: read::whole(case, "installment_amount_in_multiples_of").unwrap_or(0).saturating_mul(100).max(1),
        smoothing: Smoothing::Once,
    };
    let periods = read::list(case, "periods")
        .iter()
        .map(|period| Ok::<_, Stop>(Period { from: day(period, "from")?, due: day(period, "due")? }));
    let periods = periods.collect::<Result<Vec<Period>, Stop>>()?;
    Progressive::new(convention, rate(case)?, &periods).map_err(|e| Stop::Wrong(e.to_string()))
}

fn rate(value: &Value) -> Result<Rate, Stop> {
    let ppm = read::percent_ppm(value, "annual_rate_pct")?.unwrap_or(0);
    Rate::from_ppm(ppm).map_err(|e| Stop::Unsupported(e.to_string()))
}

fn day(value: &Value, name: &str) -> Result<Date, Stop> {
    read::date(value, name)?.ok_or_else(|| Stop::Wrong(format!("`{name}` is missing")))
}

fn due(plan: &Progressive, step: &Value) -> Result<usize, Stop> {
    let date = day(step, "period_due")?;
    plan.due_on(date).ok_or_else(|| Stop::Wrong(format!("no period is due on {date}")))
}
