//! When a rate that follows a published one is set anew, and to what.
//!
//! A reset is an event of the loan's life like any other, dated on the day that the contract names. Whoever closes the books
//! asks which reset is still to be made and makes it; made late, it counts from its own day all the same.

use std::collections::BTreeSet;

use basics::{Date, Rate};

use super::{NewRates, penalty_in_proportion};
use crate::life::in_order;
use crate::{Happening, LifeEvent, LoanError, LoanState, LoanTerms, RateRule, ReferenceRates};

/// The rule of a loan whose rate is still set anew: it runs, as one of the house's own, and rows are to come.
fn resetting<'a>(terms: &'a LoanTerms, state: &LoanState) -> Option<(&'a RateRule, Date, Date)> {
    let rule = terms.rate_rule.as_ref()?;
    let runs = state.closed_on.is_none() && state.bearings.written_off.is_none() && terms.conventions.is_none();
    let last = state.instalments.iter().filter(|row| !row.is_due).map(|row| row.due_on).max()?;
    let start = state.schedule.as_ref()?.start;
    runs.then_some((rule, start, last))
}

/// The first day since the disbursement, up to the state's own, on which the contract sets the rate anew and no event has done so yet.
///
/// There may be several: a drawing was dated back over them, or one was taken back. Whoever makes one asks again. `None` where
/// the rate is fixed, the loan is closed or written off, or all rows are due.
pub fn pending_reset(terms: &LoanTerms, events: &[LifeEvent], state: &LoanState) -> Option<Date> {
    let (rule, start, last) = resetting(terms, state)?;
    let resets = in_order(events).into_iter().filter(|event| matches!(event.what, Happening::RateReset(_)));
    let made: BTreeSet<Date> = resets.map(|event| event.value_date).collect();
    let mut day = start;
    while let Some(next) = rule.reset.next_after(start, day).filter(|next| *next <= state.as_of && *next < last) {
        if !made.contains(&next) {
            return Some(next);
        }
        day = next;
    }
    None
}

/// The next day after the state's own on which the contract sets the rate anew; `None` if there is none before the last row.
pub fn next_reset(terms: &LoanTerms, state: &LoanState) -> Option<Date> {
    let (rule, start, last) = resetting(terms, state)?;
    rule.reset.next_after(start, state.as_of.max(start)).filter(|next| *next < last)
}

/// The rates from a reset day on: the published rate of that day with the contract's spread, and a penalty rate that stands to it as in the
/// contract, rounded half up to whole parts per million.
///
/// Errors if no rate was published by then, or what comes out is no rate.
pub fn rates_on(terms: &LoanTerms, rule: &RateRule, table: &ReferenceRates, day: Date) -> Result<NewRates, LoanError> {
    let published = table.on(&rule.reference, day)?;
    let ppm = published.ppm().saturating_add(rule.spread_ppm);
    let no_rate = || {
        LoanError::Terms(format!(
            "{} of {published} % with a spread of {} ppm is no rate",
            rule.reference, rule.spread_ppm
        ))
    };
    let rate = Rate::from_ppm(ppm).map_err(|_| no_rate())?;
    let penalty_rate = penalty_in_proportion(terms.penalty_rate, terms.rate, rate).map_err(|_| no_rate())?;
    Ok(NewRates { rate, penalty_rate })
}
