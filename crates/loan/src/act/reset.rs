//! When a rate that follows a published one is set anew, and to what.
//!
//! A reset is an event of the loan's life like any other, dated on the day that the contract names. Whoever closes the books
//! asks which reset is still to be made and makes it; made late, it counts from its own day all the same.

use std::collections::BTreeSet;

use basics::{Date, Rate};

use super::{NewRates, penalty_in_proportion};
use crate::life::in_order;
use crate::{Happening, LifeEvent, LoanError, LoanState, LoanTerms, RateRule, ReferenceRates, fold};

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

/// The rates from a reset day on: the published rate of that day with the contract's spread and what was agreed beside it since, and a
/// penalty rate that stands to it as in the contract, rounded half up to whole parts per million.
///
/// Errors if no rate was published by then, or what comes out is no rate.
pub fn rates_on(
    terms: &LoanTerms,
    events: &[LifeEvent],
    rule: &RateRule,
    table: &ReferenceRates,
    day: Date,
) -> Result<NewRates, LoanError> {
    let published = table.on(&rule.reference, day)?;
    let spread_ppm = rule.spread_ppm.saturating_add(agreed_since_ppm(terms, events, day)?);
    let ppm = published.ppm().saturating_add(spread_ppm);
    let no_rate = || {
        LoanError::Terms(format!("{} of {published} % with a spread of {spread_ppm} ppm is no rate", rule.reference))
    };
    let rate = Rate::from_ppm(ppm).map_err(|_| no_rate())?;
    let penalty_rate = penalty_in_proportion(terms.penalty_rate, terms.rate, rate).map_err(|_| no_rate())?;
    Ok(NewRates { rate, penalty_rate })
}

/// By how much extensions, restructurings and reschedules before a day have moved the rate beside the published one, in parts
/// per million: the step up to a longer bracket outlives the next reset.
fn agreed_since_ppm(terms: &LoanTerms, events: &[LifeEvent], day: Date) -> Result<i64, LoanError> {
    let life: Vec<LifeEvent> = in_order(events).into_iter().cloned().collect();
    let mut sum_ppm = 0i64;
    for (place, event) in life.iter().enumerate().filter(|(_, event)| event.value_date <= day) {
        let agreed_ppm = match &event.what {
            Happening::Extended(alteration) | Happening::Restructured(alteration) => {
                alteration.rates.map(|rates| rates.rate.ppm())
            }
            Happening::Rescheduled { change, .. } => change.new_rate_ppm,
            _ => None,
        };
        let (Some(agreed_ppm), Some(before)) = (agreed_ppm, life.get(..place)) else { continue };
        let had_ppm = fold(terms, before, event.value_date)?.rate.ppm();
        sum_ppm = sum_ppm.saturating_add(agreed_ppm.saturating_sub(had_ppm));
    }
    Ok(sum_ppm)
}
