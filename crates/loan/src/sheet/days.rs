//! The interest-day sheet 积数表: from when to when which balance bore which rate, and what came of it.

use std::fmt;

use basics::money::format_minor;
use basics::{Date, Rate};

use super::walk;
use crate::accrual::Convention;
use crate::{Accrued, Component, LifeEvent, LoanError, LoanState, LoanTerms};

/// A run of days on one balance at one rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayLine {
    /// Contract interest, penalty or compound interest.
    pub what: Component,
    /// Number of the instalment that it is asked for with.
    pub instalment: u16,
    /// First day.
    pub from: Date,
    /// The day after the last: counted is the first day, not the last 算头不算尾.
    pub to: Date,
    /// Days by the day count.
    pub days: i64,
    /// What bore it, minor units.
    pub balance_fen: i64,
    /// Rate a year.
    pub rate: Rate,
    /// What came of it, exactly; `numerator / denominator` minor units.
    pub grown: Accrued,
}

impl DayLine {
    /// Balance × days 积数, in minor units × days.
    pub fn product(&self) -> i128 {
        i128::from(self.balance_fen) * i128::from(self.days)
    }
}

/// The interest-day sheet of a loan. Its text form is a table.
///
/// Lines of contract interest of the running instalment add up to the state's accrued interest exactly; those of an
/// instalment that fell due as planned, rounded, to the interest it asked for. Lines of penalty and
/// compound interest of an instalment add up, each rounded once, to what it asks for unless it is within its grace days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterestDays {
    /// The lines, by date.
    pub lines: Vec<DayLine>,
    /// The state on the last day.
    pub state: LoanState,
}

impl InterestDays {
    /// The exact sum of one component of one instalment. Errors if it does not fit.
    pub fn sum(&self, what: Component, instalment: u16) -> Result<Accrued, LoanError> {
        let too_large = || LoanError::Overflow("the sum of an interest-day sheet");
        let mut sum = Accrued::ZERO;
        for line in self.lines.iter().filter(|line| line.what == what && line.instalment == instalment) {
            let grown = line.grown;
            sum = if sum.numerator == 0 || sum.denominator == grown.denominator {
                let numerator = sum.numerator.checked_add(grown.numerator).ok_or_else(too_large)?;
                Accrued { numerator, denominator: grown.denominator }
            } else {
                let cross = |a: i128, b: i128| a.checked_mul(b).ok_or_else(too_large);
                let left = cross(sum.numerator, grown.denominator)?;
                let numerator = left.checked_add(cross(grown.numerator, sum.denominator)?).ok_or_else(too_large)?;
                Accrued { numerator, denominator: cross(sum.denominator, grown.denominator)? }
            };
        }
        Ok(sum)
    }
}

/// The interest-day sheet of a loan up to the beginning of `as_of`.
///
/// ```
/// use basics::{Currency, Date, Money};
/// use loan::{Component, Happening, LifeEvent, Term, product, sheet};
/// let product = product::shipped("season-bullet")?;
/// let start = Date::ymd(2026, 3, 1)?;
/// let amount = Money::parse("30000", Currency::CNY)?;
/// let terms = product.terms(amount, Term::Months(6), start, product.price(None)?)?;
/// let life = [LifeEvent::new(1, start, Happening::Disbursed { amount_fen: 3_000_000 })];
/// let sheet = sheet::interest_days(&terms, &life, Date::ymd(2026, 4, 1)?)?;
/// assert_eq!((sheet.lines[0].days, sheet.lines[0].product()), (31, 93_000_000));
/// assert_eq!(sheet.sum(Component::Interest, 1)?, sheet.state.accrued);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn interest_days(terms: &LoanTerms, events: &[LifeEvent], as_of: Date) -> Result<InterestDays, LoanError> {
    let mut lines: Vec<DayLine> = Vec::new();
    let state = walk(terms, events, as_of, |stretch| {
        let (from, to) = (stretch.before.as_of, stretch.after.as_of);
        if from < to {
            contract_line(terms, stretch.before, from, to, &mut lines)?;
            overdue_lines(terms, stretch.before, from, to, &mut lines);
        }
        Ok(())
    })?;
    lines.retain(|line| line.balance_fen != 0 && line.days != 0);
    Ok(InterestDays { lines: joined(lines), state })
}

fn contract_line(
    terms: &LoanTerms,
    state: &LoanState,
    from: Date,
    to: Date,
    lines: &mut Vec<DayLine>,
) -> Result<(), LoanError> {
    let too_large = || LoanError::Overflow("the interest of an interest-day sheet");
    let Some(segment) = state.segment else { return Ok(()) };
    let Some(row) = state.instalments.iter().find(|row| !row.is_due) else { return Ok(()) };
    let (convention, days) = if terms.grows_by_days() {
        (Convention::Days(terms.day_count), terms.day_count.days(from, to))
    } else {
        (Convention::Spread, to - from)
    };
    let weight = convention.weight(from, to);
    let numerator = segment.numerator.checked_mul(weight).ok_or_else(too_large)?;
    let to_come: i64 = state
        .instalments
        .iter()
        .filter(|row| !row.is_due)
        .try_fold(0i64, |sum, row| sum.checked_add(row.due.principal_fen))
        .ok_or_else(too_large)?;
    lines.push(DayLine {
        what: Component::Interest,
        instalment: row.number,
        from,
        to,
        days: i64::from(days),
        balance_fen: to_come,
        rate: state.rate,
        grown: Accrued { numerator, denominator: segment.denominator },
    });
    Ok(())
}

fn overdue_lines(terms: &LoanTerms, state: &LoanState, from: Date, to: Date, lines: &mut Vec<DayLine>) {
    let (days, weight) = (i64::from(terms.day_count.days(from, to)), terms.day_count.weight(from, to));
    for growth in &state.growing {
        let numerator = i128::from(growth.balance_fen) * i128::from(growth.rate.ppm()) * i128::from(weight);
        lines.push(DayLine {
            what: growth.what,
            instalment: growth.instalment,
            from,
            to,
            days,
            balance_fen: growth.balance_fen,
            rate: growth.rate,
            grown: Accrued { numerator, denominator: crate::schedule::year_denominator(terms.day_count) },
        });
    }
}

/// Joins lines that go on unchanged, so that a stop without consequence does not split them.
fn joined(lines: Vec<DayLine>) -> Vec<DayLine> {
    let mut done: Vec<DayLine> = Vec::with_capacity(lines.len());
    for line in lines {
        let goes_on = |old: &&mut DayLine| {
            (old.what, old.instalment, old.to, old.balance_fen, old.rate, old.grown.denominator)
                == (line.what, line.instalment, line.from, line.balance_fen, line.rate, line.grown.denominator)
        };
        match done.iter_mut().rev().find(goes_on) {
            Some(old) => {
                old.to = line.to;
                old.days += line.days;
                old.grown.numerator += line.grown.numerator;
            }
            None => done.push(line),
        }
    }
    done
}

impl fmt::Display for InterestDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "what      no  from        to          days     balance         product   rate      interest")?;
        for line in &self.lines {
            let name = match line.what {
                Component::Penalty => "penalty",
                Component::Compound => "compound",
                _ => "interest",
            };
            // Exact to a hundredth of a minor unit, rounded down.
            let hundredths = line.grown.numerator.saturating_mul(100).div_euclid(line.grown.denominator);
            writeln!(
                f,
                "{name:<8} {:>3}  {}  {}  {:>4} {:>11} {:>15} {:>6} {:>8}.{:04}",
                line.instalment,
                line.from,
                line.to,
                line.days,
                format_minor(line.balance_fen),
                format_minor(i64::try_from(line.product()).unwrap_or(i64::MAX)),
                line.rate.to_string(),
                hundredths.div_euclid(10_000),
                hundredths.rem_euclid(10_000)
            )?;
        }
        Ok(())
    }
}
