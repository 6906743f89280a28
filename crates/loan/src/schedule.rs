//! The plan of a loan: which sum is due on which date, and of what it is made.

use std::fmt;

use basics::money::{div_round, format_minor};
use basics::{Date, DayCount, Rate, Rounding};

use crate::annuity::{instalment_fen, month_interest_fen};
use crate::{FeeWhen, InterestBasis, LoanError, LoanTerms, Method, Term};

/// One sum due on one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instalment {
    /// From 1; 0 is what is due at disbursement.
    pub number: u16,
    /// First day of the period that the interest is for.
    pub from: Date,
    /// Due date; not itself a day of interest.
    pub due: Date,
    /// Principal, minor units.
    pub principal_fen: i64,
    /// Interest, minor units.
    pub interest_fen: i64,
    /// Fees, minor units.
    pub fee_fen: i64,
    /// Principal, interest and fees together.
    pub total_fen: i64,
    /// Principal outstanding once this is paid.
    pub balance_after_fen: i64,
}

/// All instalments of a loan, by due date.
///
/// Its text form is a table, as a lender reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Day of disbursement: the first day of interest.
    pub start: Date,
    /// What is disbursed, minor units.
    pub principal_fen: i64,
    /// The instalments; the principal of all is `principal_fen`.
    pub rows: Vec<Instalment>,
}

impl Schedule {
    /// The last due date.
    pub fn maturity(&self) -> Date {
        self.rows.last().map_or(self.start, |row| row.due)
    }

    /// Interest of all instalments, minor units.
    pub fn interest_fen(&self) -> i64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.interest_fen))
    }

    /// Fees of all instalments, minor units.
    pub fn fees_fen(&self) -> i64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.fee_fen))
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "row  due         principal    interest        fee       total     balance")?;
        for row in &self.rows {
            writeln!(
                f,
                "{:>3}  {} {:>10} {:>11} {:>10} {:>11} {:>11}",
                row.number,
                row.due,
                format_minor(row.principal_fen),
                format_minor(row.interest_fen),
                format_minor(row.fee_fen),
                format_minor(row.total_fen),
                format_minor(row.balance_after_fen)
            )?;
        }
        Ok(())
    }
}

/// The schedule of the terms as signed: whole principal, disbursed on the planned day.
///
/// Errors if the terms make no schedule, or a figure does not fit.
pub fn schedule(terms: &LoanTerms) -> Result<Schedule, LoanError> {
    schedule_drawn(terms, terms.principal.minor(), terms.start)
}

/// The schedule of the terms for what was really disbursed, on the day it was.
///
/// Errors if the terms make no schedule, if the first due date is not after `start`, or a figure does not fit.
pub fn schedule_drawn(terms: &LoanTerms, principal_fen: i64, start: Date) -> Result<Schedule, LoanError> {
    terms.check()?;
    if principal_fen <= 0 {
        return Err(LoanError::Terms("the principal must be more than nothing".to_owned()));
    }
    let mut rows = match terms.method {
        Method::EqualInstalments => {
            let Term::Months(count) = terms.term else {
                return Err(LoanError::Terms("equal instalments need a term in months".to_owned()));
            };
            let dues = monthly_dues(start, terms.first_due, count)?;
            let periods = InterestOf { basis: terms.basis, day_count: terms.day_count, rounding: terms.rounding };
            equal_instalments(principal_fen, terms.rate, start, &dues, periods)?
        }
        Method::Bullet => {
            let due = match terms.term {
                Term::Months(months) => start.add_months(i32::from(months))?,
                Term::Days(days) => start.add_days(i32::from(days)),
            };
            vec![bullet(principal_fen, terms.rate, start, due, terms.day_count, terms.rounding)?]
        }
    };
    if let Some(first) = rows.first_mut() {
        add_fee(first, terms.fees_fen(FeeWhen::FirstInstalment, principal_fen)?)?;
    }
    let at_disbursement = terms.fees_fen(FeeWhen::Disbursement, principal_fen)?;
    if at_disbursement > 0 {
        rows.insert(0, disbursement_fee(start, principal_fen, at_disbursement));
    }
    // Whatever adds up instalments later can rely on the sum of all to fit.
    rows.iter()
        .try_fold(0i64, |sum, row| sum.checked_add(row.total_fen))
        .ok_or(LoanError::Overflow("the sum of all instalments"))?;
    Ok(Schedule { start, principal_fen, rows })
}

/// How the interest of a period is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterestOf {
    /// A twelfth of the rate, or days.
    pub basis: InterestBasis,
    /// Used by days, and for a first period that is not one month.
    pub day_count: DayCount,
    /// Of every interest and of the instalment.
    pub rounding: Rounding,
}

/// Equal instalments due on `dues`, the first period beginning at `start`.
///
/// The instalment is that of an annuity at `rate / 12` a period, rounded once; its principal is
/// what is left of it after interest, at least nothing and at most the balance; the last
/// instalment takes the remainder. With no rate every instalment is `principal / n`, rounded.
pub fn equal_instalments(
    principal_fen: i64,
    rate: Rate,
    start: Date,
    dues: &[Date],
    periods: InterestOf,
) -> Result<Vec<Instalment>, LoanError> {
    let too_large = || LoanError::Overflow("an instalment");
    let count = u16::try_from(dues.len()).map_err(|_| too_large())?;
    let level = instalment_fen(principal_fen, rate, count, periods.rounding).ok_or_else(too_large)?;
    let stub = dues.first().is_some_and(|first| start.add_months(1).ok() != Some(*first));
    let mut rows = Vec::with_capacity(dues.len() + 1);
    let (mut balance, mut from) = (principal_fen, start);
    for (number, due) in (1u16..).zip(dues.iter().copied()) {
        let by_days = periods.basis == InterestBasis::Daily || (stub && number == 1);
        let interest = if by_days {
            days_interest_fen(balance, rate, periods.day_count, from, due, periods.rounding)
        } else {
            month_interest_fen(balance, rate, periods.rounding)
        };
        let interest = interest.ok_or_else(too_large)?;
        let principal = if number == count { balance } else { (level - interest).clamp(0, balance) };
        balance -= principal;
        rows.push(Instalment {
            number,
            from,
            due,
            principal_fen: principal,
            interest_fen: interest,
            fee_fen: 0,
            total_fen: principal.checked_add(interest).ok_or_else(too_large)?,
            balance_after_fen: balance,
        });
        from = due;
    }
    Ok(rows)
}

/// Principal and all interest in one sum, by days.
///
/// ```
/// use basics::{Date, DayCount, Rate, Rounding};
/// let (start, due) = (Date::ymd(2026, 1, 1)?, Date::ymd(2026, 6, 30)?);
/// let rate = Rate::parse_percent("6")?;
/// let row = loan::schedule::bullet(5_000_000, rate, start, due, DayCount::Actual360, Rounding::HalfUp)?;
/// assert_eq!(row.interest_fen, 150_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn bullet(
    principal_fen: i64,
    rate: Rate,
    start: Date,
    due: Date,
    day_count: DayCount,
    rounding: Rounding,
) -> Result<Instalment, LoanError> {
    if due <= start {
        return Err(LoanError::Terms(format!("the due date {due} is not after the start {start}")));
    }
    let too_large = || LoanError::Overflow("the interest of a bullet");
    let interest_fen = days_interest_fen(principal_fen, rate, day_count, start, due, rounding).ok_or_else(too_large)?;
    Ok(Instalment {
        number: 1,
        from: start,
        due,
        principal_fen,
        interest_fen,
        fee_fen: 0,
        total_fen: principal_fen.checked_add(interest_fen).ok_or_else(too_large)?,
        balance_after_fen: 0,
    })
}

/// `count` due dates a month apart, each counted from the anchor so that short months do not pull later ones.
///
/// The anchor is `start`, or `first_due` where that is given. Errors if `first_due` is not after `start`.
///
/// ```
/// use basics::Date;
/// let dues = loan::schedule::monthly_dues(Date::ymd(2026, 1, 31)?, None, 3)?;
/// let text: Vec<String> = dues.iter().map(Date::to_string).collect();
/// assert_eq!(text, ["2026-02-28", "2026-03-31", "2026-04-30"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn monthly_dues(start: Date, first_due: Option<Date>, count: u16) -> Result<Vec<Date>, LoanError> {
    let (anchor, months) = match first_due {
        None => (start, 1),
        Some(first) if first > start => (first, 0),
        Some(first) => {
            return Err(LoanError::Terms(format!("the first due date {first} is not after the start {start}")));
        }
    };
    (0..i32::from(count)).map(|k| Ok(anchor.add_months(months + k)?)).collect()
}

/// `balance × rate × days / (10⁶ × year)`, rounded; `None` if it does not fit.
pub(crate) fn days_interest_fen(
    balance_fen: i64,
    rate: Rate,
    day_count: DayCount,
    from: Date,
    to: Date,
    rounding: Rounding,
) -> Option<i64> {
    let numerator = i128::from(balance_fen) * i128::from(rate.ppm()) * i128::from(day_count.days(from, to));
    div_round(numerator, year_denominator(day_count), rounding)
}

/// The denominator of daily interest: 10⁶ × days of the year.
pub(crate) fn year_denominator(day_count: DayCount) -> i128 {
    1_000_000 * i128::from(day_count.year_days())
}

fn add_fee(row: &mut Instalment, fee_fen: i64) -> Result<(), LoanError> {
    row.fee_fen = fee_fen;
    row.total_fen = row.total_fen.checked_add(fee_fen).ok_or(LoanError::Overflow("the first instalment"))?;
    Ok(())
}

fn disbursement_fee(start: Date, principal_fen: i64, fee_fen: i64) -> Instalment {
    Instalment {
        number: 0,
        from: start,
        due: start,
        principal_fen: 0,
        interest_fen: 0,
        fee_fen,
        total_fen: fee_fen,
        balance_after_fen: principal_fen,
    }
}
