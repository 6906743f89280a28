//! The plan of a loan: which sum is due on which date, and of what it is made.
//!
//! It is made in three steps: [due dates](dues), then a [walk] over the periods that finds interest and
//! principal of each, then the [fees]. Dates are counted from an anchor, money is whole minor units, and every
//! interest, level instalment and fee is rounded once, by the rounding of the terms.

mod dues;
mod fees;
mod interest;
mod level;
mod walk;

use std::fmt;

use basics::money::format_minor;
use basics::{Date, DayCount};

pub(crate) use fees::charges;

use crate::{LoanError, LoanTerms, Term};

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
    /// What is disbursed in all, minor units.
    pub principal_fen: i64,
    /// Parts of it that are disbursed later than on the start.
    pub later_draws: Vec<Draw>,
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

    /// What the plan asks of a month, minor units: its largest instalment where one is due every month, else everything
    /// that is due over the months of the plan, rounded up. A sum at the end, at a harvest or each quarter is saved up for.
    pub fn monthly_fen(&self, terms: &LoanTerms) -> i64 {
        let later = self.rows.iter().filter(|row| row.due > self.start);
        if terms.method.is_in_instalments() && terms.spacing.in_months() == Some(1) {
            return later.map(|row| row.total_fen).max().unwrap_or(0);
        }
        let total = later.fold(0i64, |sum, row| sum.saturating_add(row.total_fen));
        let months = match terms.term {
            Term::Months(months) => i64::from(months.max(1)),
            Term::Days(days) => i64::from(days.div_ceil(30).max(1)),
        };
        total / months + i64::from(total % months != 0)
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

/// The schedule of the terms as signed: whole principal, disbursed on the planned day or in the planned tranches.
///
/// Errors if the terms make no schedule, or a figure does not fit.
///
/// ```
/// use basics::{Currency, Date, Money, Rate};
/// use loan::{LoanTerms, Method, Settlement, SettlementCycle, Term, schedule::schedule};
/// let (amount, rate) = (Money::parse("50000.00", Currency::CNY)?, Rate::parse_percent("3")?);
/// let start = Date::ymd(2026, 3, 5)?;
/// let terms = LoanTerms {
///     settlement: Some(Settlement { cycle: SettlementCycle::Quarter, day: 20 }),
///     ..LoanTerms::plain(amount, rate, Method::InterestFirst, Term::Months(12), start)
/// };
/// assert_eq!(
///     schedule(&terms)?.to_string(),
///     "\
/// row  due         principal    interest        fee       total     balance
///   1  2026-03-21       0.00       66.67       0.00       66.67    50000.00
///   2  2026-06-21       0.00      383.33       0.00      383.33    50000.00
///   3  2026-09-21       0.00      383.33       0.00      383.33    50000.00
///   4  2026-12-21       0.00      379.17       0.00      379.17    50000.00
///   5  2027-03-05   50000.00      308.33       0.00    50308.33        0.00
/// "
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn schedule(terms: &LoanTerms) -> Result<Schedule, LoanError> {
    if terms.tranches.is_empty() {
        return schedule_drawn(terms, terms.principal.minor(), terms.start);
    }
    let draws: Vec<Draw> =
        terms.tranches.iter().map(|tranche| Draw { on: tranche.on, amount_fen: tranche.amount_fen }).collect();
    schedule_of(terms, &draws)
}

/// The schedule of the terms for what was really disbursed in one sum, on the day it was.
///
/// Errors if the terms make no schedule, if a due date is not after `start`, or a figure does not fit.
pub fn schedule_drawn(terms: &LoanTerms, principal_fen: i64, start: Date) -> Result<Schedule, LoanError> {
    schedule_of(terms, &[Draw { on: start, amount_fen: principal_fen }])
}

/// A part of the loan as it was or will be disbursed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draw {
    /// When.
    pub on: Date,
    /// How much, minor units.
    pub amount_fen: i64,
}

/// The schedule of the terms for what is disbursed in parts, by date; the first makes the start.
///
/// Equal instalments and equal principal are found anew at the beginning of the period after a part was drawn;
/// until then a part only bears interest, from its own day on.
///
/// Errors if the terms make no schedule, if parts are not in order of date, the last is not before the last due
/// date, or a figure does not fit.
pub fn schedule_of(terms: &LoanTerms, draws: &[Draw]) -> Result<Schedule, LoanError> {
    terms.check()?;
    let Some(first) = draws.first() else {
        return Err(LoanError::Terms("nothing is disbursed".to_owned()));
    };
    if draws.iter().any(|draw| draw.amount_fen <= 0) {
        return Err(LoanError::Terms("the principal must be more than nothing".to_owned()));
    }
    if draws.windows(2).any(|pair| matches!(pair, [a, b] if a.on > b.on)) {
        return Err(LoanError::Terms("parts of a disbursement come in order of their dates".to_owned()));
    }
    let principal_fen = draws
        .iter()
        .try_fold(0i64, |sum, draw| sum.checked_add(draw.amount_fen))
        .ok_or(LoanError::Overflow("the sum of all parts"))?;
    let start = first.on;
    let dues = dues::dues(terms, start)?;
    let mut rows = walk::walk(terms, draws, principal_fen, &dues)?;
    fees::add(terms, principal_fen, start, &mut rows)?;
    // Whatever adds up instalments later can rely on the sum of all to fit.
    rows.iter()
        .try_fold(0i64, |sum, row| sum.checked_add(row.total_fen))
        .ok_or(LoanError::Overflow("the sum of all instalments"))?;
    let later_draws = draws.iter().filter(|draw| draw.on > start).copied().collect();
    Ok(Schedule { start, principal_fen, later_draws, rows })
}

/// The denominator of daily interest: 10⁶ × the weight of a year.
pub(crate) fn year_denominator(day_count: DayCount) -> i128 {
    1_000_000 * i128::from(day_count.year_weight())
}
