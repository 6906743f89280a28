//! A loan's own sheets: the account sheet 分户账 and the interest-day sheet 积数表, for any date.
//!
//! Both follow from the [fold](mod@crate::fold) alone: the life of the loan is walked stop by stop, and each line is what
//! changed between two folds. So a sheet adds up to the state exactly, whatever was dated back or reversed, and
//! cannot tell another story than the loan itself.

mod account;
mod days;

pub use account::{AccountLine, AccountSheet, LineKind, account_sheet};
pub use days::{DayLine, InterestDays, interest_days};

use basics::Date;

use crate::life::in_order;
use crate::{LifeEvent, LoanError, LoanState, LoanTerms, fold};

/// Why a walk stops.
#[derive(Clone, Copy)]
enum Stop<'a> {
    /// Something falls due, or the way interest grows changes.
    Day,
    /// An event, after everything of its day before it.
    Event(&'a LifeEvent),
    /// Days pass up to the next event or the end.
    Until,
}

/// One stretch of a loan's life: what it was, why it changed, what it is.
struct Stretch<'a> {
    stop: Stop<'a>,
    before: &'a LoanState,
    after: &'a LoanState,
}

/// Walks the life of a loan to the end of `as_of` and returns the state there, which is that of the fold.
fn walk(
    terms: &LoanTerms,
    events: &[LifeEvent],
    as_of: Date,
    mut see: impl FnMut(&Stretch<'_>) -> Result<(), LoanError>,
) -> Result<LoanState, LoanError> {
    let life: Vec<&LifeEvent> = in_order(events).into_iter().filter(|event| event.value_date <= as_of).collect();
    let first = life.first().map_or(as_of, |event| event.value_date);
    let mut done: Vec<LifeEvent> = Vec::with_capacity(life.len());
    let mut state = fold(terms, &done, first)?;
    for event in life {
        state = pass_days(terms, &done, state, event.value_date, &mut see)?;
        done.push(event.clone());
        let after = fold(terms, &done, event.value_date)?;
        see(&Stretch { stop: Stop::Event(event), before: &state, after: &after })?;
        state = after;
    }
    pass_days(terms, &done, state, as_of, &mut see)
}

/// Lets days pass, stopping where something falls due or interest begins to grow differently.
fn pass_days(
    terms: &LoanTerms,
    done: &[LifeEvent],
    mut state: LoanState,
    to: Date,
    see: &mut impl FnMut(&Stretch<'_>) -> Result<(), LoanError>,
) -> Result<LoanState, LoanError> {
    while state.as_of < to {
        let turns = [state.next_due, state.late_fee_on, state.segment.map(|segment| segment.until)];
        let next = turns.into_iter().flatten().filter(|day| *day > state.as_of).min();
        let (day, stop) = next.filter(|day| *day <= to).map_or((to, Stop::Until), |day| (day, Stop::Day));
        let after = fold(terms, done, day)?;
        see(&Stretch { stop, before: &state, after: &after })?;
        state = after;
    }
    Ok(state)
}
