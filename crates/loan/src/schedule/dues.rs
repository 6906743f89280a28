//! When something is due: dates by spacing, on settlement days, at the end, or from rows, moved off holidays.

use basics::{Date, Roll};

use crate::{LoanError, LoanTerms, Method};

/// What principal falls due on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// None.
    None,
    /// A part of what is left, by the method.
    Instalment,
    /// A share of the principal, ppm.
    Share(i64),
    /// An amount, minor units.
    Fixed(i64),
    /// All that is left.
    Rest,
}

/// A due date and the period before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) date: Date,
    /// Whether its period is one whole spacing, before it was moved off a holiday.
    pub(super) is_whole: bool,
    pub(super) part: Part,
}

/// All due dates of a loan disbursed on `start`, each after the one before, the last with the rest of the principal.
pub(super) fn dues(terms: &LoanTerms, start: Date) -> Result<Vec<Due>, LoanError> {
    let mut dues = match terms.method {
        Method::EqualInstalments | Method::EqualPrincipal | Method::Flat => by_count(terms, start)?,
        Method::Bullet | Method::StatementLine => vec![rest_at(terms.term_end(start)?)],
        Method::InterestFirst if terms.settlement.is_none() => by_spacing(terms, start)?,
        Method::Revolving if terms.settlement.is_none() => vec![rest_at(terms.term_end(start)?)],
        Method::InterestFirst | Method::Revolving => vec![rest_at(end(terms, start)?)],
        Method::Seasonal => {
            let rows = terms.rows.iter();
            from_rows(terms, start, rows.map(|row| (row.due, Part::Share(row.principal_ppm))).collect())?
        }
        Method::Custom => {
            let rows = terms.fixed_rows.iter();
            from_rows(terms, start, rows.map(|row| (row.due, Part::Fixed(row.principal_fen))).collect())?
        }
    };
    roll(terms, &mut dues);
    settle(terms, start, &mut dues);
    let mut before = start;
    for due in &dues {
        if due.date <= before {
            return Err(LoanError::Terms(format!(
                "the due date {} is not after {before}: choose other dates or a longer spacing",
                due.date
            )));
        }
        before = due.date;
    }
    Ok(dues)
}

fn rest_at(date: Date) -> Due {
    Due { date, is_whole: false, part: Part::Rest }
}

/// The last due date: a fixed length, or the end of the term.
fn end(terms: &LoanTerms, start: Date) -> Result<Date, LoanError> {
    match terms.fixed_length_days {
        Some(days) => Ok(start.add_days(i32::from(days))),
        None => terms.term_end(start),
    }
}

/// The `k`-th date of the spacing, from 1.
fn nth(terms: &LoanTerms, start: Date, k: i32) -> Result<Date, LoanError> {
    Ok(match terms.first_due {
        Some(first) => terms.spacing.nth(first, k - 1)?,
        None => terms.spacing.nth(start, k)?,
    })
}

/// Instalments of principal, as many as the term has spacings.
fn by_count(terms: &LoanTerms, start: Date) -> Result<Vec<Due>, LoanError> {
    let count = i32::from(terms.instalment_count(start)?);
    let stub = terms.first_due.is_some_and(|first| terms.spacing.nth(start, 1).ok() != Some(first));
    let mut dues = Vec::with_capacity(count as usize);
    for k in 1..=count {
        let is_last = k == count;
        let regular = nth(terms, start, k)?;
        let date = match terms.fixed_length_days {
            Some(days) if is_last => start.add_days(i32::from(days)),
            _ => regular,
        };
        let part = if is_last { Part::Rest } else { Part::Instalment };
        dues.push(Due { date, is_whole: date == regular && !(stub && k == 1), part });
    }
    Ok(dues)
}

/// Interest every spacing, and what is left of the term at its end with the principal.
fn by_spacing(terms: &LoanTerms, start: Date) -> Result<Vec<Due>, LoanError> {
    let end = end(terms, start)?;
    let stub = terms.first_due.is_some_and(|first| terms.spacing.nth(start, 1).ok() != Some(first));
    let mut dues = Vec::new();
    for k in 1i32.. {
        let date = nth(terms, start, k)?;
        let is_whole = !(stub && k == 1);
        if date >= end {
            dues.push(Due { date: end, is_whole: is_whole && date == end, part: Part::Rest });
            break;
        }
        if dues.len() >= usize::from(LoanTerms::MONTHS_MAX) {
            return Err(LoanError::Terms("there are more than 600 due dates".to_owned()));
        }
        dues.push(Due { date, is_whole, part: Part::None });
    }
    Ok(dues)
}

/// The contract's own rows; the last takes what is left.
fn from_rows(terms: &LoanTerms, start: Date, rows: Vec<(Date, Part)>) -> Result<Vec<Due>, LoanError> {
    let end = terms.term_end(start)?;
    let last = rows.len().saturating_sub(1);
    rows.into_iter()
        .enumerate()
        .map(|(index, (date, part))| {
            if date > end {
                return Err(LoanError::Terms(format!(
                    "the row due on {date} lies after the end of the term on {end}: ask for a longer term"
                )));
            }
            Ok(Due { date, is_whole: false, part: if index == last { Part::Rest } else { part } })
        })
        .collect()
}

/// Moves dates that are no business days.
fn roll(terms: &LoanTerms, dues: &mut [Due]) {
    let Some(rule) = terms.roll.as_ref().filter(|rule| rule.roll != Roll::Unadjusted) else { return };
    for due in dues {
        due.date = rule.calendar.roll(due.date, rule.roll);
    }
}

/// Adds the days on which settled interest is due. They are booked by the lender itself and never move.
fn settle(terms: &LoanTerms, start: Date, dues: &mut Vec<Due>) {
    let (Some(settlement), Some(last)) = (terms.settlement, dues.last().copied()) else { return };
    let mut date = settlement.due_after(start);
    while date < last.date {
        if let Err(place) = dues.binary_search_by_key(&date, |due| due.date) {
            dues.insert(place, Due { date, is_whole: false, part: Part::None });
        }
        date = settlement.due_after(date);
    }
}
