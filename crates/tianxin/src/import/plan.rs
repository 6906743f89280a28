//! How what is not yet due of a loan is repaid: the rows of its plan here.

use basics::money::parse_minor;
use basics::{Date, Rate};
use loan::FixedRow;

/// Rows at most.
const ROWS_MAX: usize = 600;

/// How a plan is told in the old book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// Interest on the due dates, principal in one sum at the end.
    AtEnd,
    /// Principal in equal parts.
    EqualPrincipal,
    /// Instalments of one amount, as near as whole fen let them be.
    EqualInstalments,
    /// Rows as they are listed.
    Rows(&'a str),
}

impl Told<'_> {
    /// Reads the column `plan`. Errors with what may stand there.
    pub fn parse(text: &str) -> Result<Told<'_>, String> {
        match text {
            "at-end" => Ok(Told::AtEnd),
            "equal-principal" => Ok(Told::EqualPrincipal),
            "equal-instalments" => Ok(Told::EqualInstalments),
            rows if rows.contains('=') => Ok(Told::Rows(rows)),
            other => Err(format!(
                "`{other}` is no plan: choose at-end, equal-principal, equal-instalments, or list rows as 2026-12-20=5000.00"
            )),
        }
    }
}

/// Between which days a plan runs.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The next due date.
    pub next_due: Date,
    /// The last one.
    pub maturity: Date,
    /// Months between due dates.
    pub every_months: i32,
}

/// Due dates from the next to the last, each so many months after the one before; the last may come early.
///
/// Errors if there are too many.
fn dates(span: Span) -> Result<Vec<Date>, String> {
    let mut dates = Vec::new();
    let mut months = 0;
    loop {
        let date = span.next_due.add_months(months).map_err(|error| error.to_string())?;
        if date >= span.maturity {
            dates.push(span.maturity);
            return Ok(dates);
        }
        if dates.len() >= ROWS_MAX {
            return Err(format!("the plan has more than {ROWS_MAX} rows: compare next_due, maturity and every_months"));
        }
        dates.push(date);
        months += span.every_months;
    }
}

/// The rows that repay `principal_fen`. Errors say what to compare.
pub fn rows(told: Told<'_>, span: Span, principal_fen: i64, rate: Rate) -> Result<Vec<FixedRow>, String> {
    if let Told::Rows(text) = told {
        return listed(text, principal_fen);
    }
    let dates = dates(span)?;
    let count = i64::try_from(dates.len()).unwrap_or(i64::MAX);
    let monthly_ppm = i128::from(rate.ppm()) * i128::from(span.every_months);
    let level = match told {
        Told::EqualInstalments => level_fen(principal_fen, dates.len(), monthly_ppm),
        _ => 0,
    };
    let mut left = principal_fen;
    let rows = dates.iter().enumerate().map(|(place, due)| {
        let is_last = place + 1 == dates.len();
        let part = match told {
            _ if is_last => left,
            Told::EqualPrincipal => principal_fen / count,
            Told::EqualInstalments => (level - interest_fen(left, monthly_ppm)).clamp(0, left),
            Told::AtEnd | Told::Rows(_) => 0,
        };
        left -= part;
        FixedRow { due: *due, principal_fen: part }
    });
    Ok(rows.collect())
}

fn listed(text: &str, principal_fen: i64) -> Result<Vec<FixedRow>, String> {
    let mut rows = Vec::new();
    for row in text.split(';').map(str::trim).filter(|row| !row.is_empty()) {
        let bad = || format!("`{row}` is no row: write a date and an amount, such as 2026-12-20=5000.00");
        let (due, amount) = row.split_once('=').ok_or_else(bad)?;
        let due = Date::parse(due.trim()).map_err(|_| bad())?;
        rows.push(FixedRow { due, principal_fen: parse_minor(amount.trim()).map_err(|_| bad())? });
    }
    let sum: i128 = rows.iter().map(|row| i128::from(row.principal_fen)).sum();
    if rows.len() > ROWS_MAX || sum != i128::from(principal_fen) {
        let sum = i64::try_from(sum).map_or_else(|_| "too much".to_owned(), basics::money::format_minor);
        let due = basics::money::format_minor(principal_fen);
        return Err(format!("the rows repay {sum}, and {due} is not due yet: list them again"));
    }
    Ok(rows)
}

/// Interest of a period of whole months, rounded half up.
fn interest_fen(balance_fen: i64, monthly_ppm: i128) -> i64 {
    let twelve_million = 12_000_000;
    i64::try_from((i128::from(balance_fen) * monthly_ppm + twelve_million / 2) / twelve_million).unwrap_or(i64::MAX)
}

/// The least instalment with which nothing is left after so many.
fn level_fen(principal_fen: i64, count: usize, monthly_ppm: i128) -> i64 {
    let (mut least, mut enough) = (0_i64, principal_fen.saturating_add(interest_fen(principal_fen, monthly_ppm)));
    while least + 1 < enough {
        let tried = least + (enough - least) / 2;
        let mut left = principal_fen;
        for _ in 0..count {
            left = left.saturating_sub(tried.saturating_sub(interest_fen(left, monthly_ppm)));
            if left <= 0 {
                break;
            }
        }
        if left <= 0 { enough = tried } else { least = tried }
    }
    enough
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that stumbles has failed")]

    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn shown(told: Told<'_>) -> String {
        let span = Span { next_due: day("2026-03-21"), maturity: day("2026-06-10"), every_months: 1 };
        let rows = rows(told, span, 1_000_000, Rate::parse_percent("12").unwrap()).unwrap();
        let row = |row: &FixedRow| format!("{} {}", row.due, basics::money::format_minor(row.principal_fen));
        rows.iter().map(row).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_plan_goes_on_to_its_maturity_and_repays_all() {
        assert_eq!(shown(Told::AtEnd), "2026-03-21 0.00, 2026-04-21 0.00, 2026-05-21 0.00, 2026-06-10 10000.00");
        assert_eq!(
            shown(Told::EqualPrincipal),
            "2026-03-21 2500.00, 2026-04-21 2500.00, 2026-05-21 2500.00, 2026-06-10 2500.00"
        );
        // 10,000.00 at 1 % a month in four: 2,562.81 each.
        assert_eq!(
            shown(Told::EqualInstalments),
            "2026-03-21 2462.81, 2026-04-21 2487.44, 2026-05-21 2512.31, 2026-06-10 2537.44"
        );
    }

    #[test]
    fn rows_that_do_not_repay_what_is_left_are_refused() {
        let span = Span { next_due: day("2026-03-21"), maturity: day("2026-06-10"), every_months: 1 };
        let told = Told::parse("2026-12-20=5000.00;2027-06-20=3000.00").unwrap();
        let why = rows(told, span, 900_000, Rate::ZERO).unwrap_err();
        assert_eq!(why, "the rows repay 8000.00, and 9000.00 is not due yet: list them again");
        assert!(Told::parse("sometime").unwrap_err().contains("choose at-end"));
        let far = Span { next_due: day("2026-03-21"), maturity: day("2099-06-10"), every_months: 1 };
        assert!(rows(Told::AtEnd, far, 1, Rate::ZERO).unwrap_err().contains("more than 600 rows"));
    }
}
