//! The borrower has died: nothing more is drawn by the household while that is on record.

use basics::{Cell, Id};
use door::app::{Context, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Stop, key};
use loan::facility::{FacilityEvent, FacilityHappening, FreezeOf, accept, in_order};
use loan::{Happening, LifeEvent};

use crate::application::needs_exposure;
use crate::facility::{facility, facility_events, rising_id};
use crate::fact::Fact;
use crate::holding::Holding;
use crate::loan_turn::{LoanPlace, Standing};
use crate::tables::LoanNote;

/// Whether a death is on record with a loan of the household, whatever became of its facility since.
pub(crate) fn death_recorded(slice: &Overlay, cell: Cell, household: Id) -> Result<bool, Fault> {
    for note in slice.range::<LoanNote>(&key![cell, household])? {
        if Holding::of(&note)?.borrower_died {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refuses what would promise new money to a household whose borrower is recorded as dead.
pub(crate) fn check_alive(slice: &Overlay, cell: Cell, household: Id) -> Result<(), Stop> {
    if !death_recorded(slice, cell, household)? {
        return Ok(());
    }
    let message = "the borrower is recorded as dead: nothing new is lent here while that stands";
    Err(Refusal::new("borrower_died", message).into())
}

/// Asks for the household's facility where an event may bear on it.
pub(crate) fn needs_death(place: LoanPlace, what: &Happening, needs: &mut Needs) {
    if matches!(what, Happening::BorrowerDied | Happening::Reversed { .. }) {
        needs_exposure(needs, place.cell, place.household);
    }
}

/// What an event of a loan, of today or dated back, means for the household's facility: a death freezes it as a whole from
/// today, taking the record of it back takes that freeze back. A facility that is frozen already, closed or not there is left
/// as it is: the record itself keeps it from being drawn on.
pub(crate) fn facility_follows(
    slice: &Overlay,
    standing: &Standing,
    event: &LifeEvent,
    told: &str,
    context: &Context,
) -> Result<Option<Fact>, Fault> {
    let LoanPlace { cell, household, .. } = standing.place;
    let died = |id: Id| standing.events.iter().any(|other| other.id == id && other.what == Happening::BorrowerDied);
    let about = match event.what {
        Happening::BorrowerDied => event.id,
        Happening::Reversed { target } if died(target) => target,
        _ => return Ok(None),
    };
    let Some(row) = facility(slice, cell, household)? else { return Ok(None) };
    let events = facility_events(slice, cell, household, row.id)?;
    let reason = format!("the borrower died: record {about}");
    let what = if event.what == Happening::BorrowerDied {
        FacilityHappening::Frozen { of: FreezeOf::Whole, reason }
    } else {
        let ours = |what: &FacilityHappening| matches!(what, FacilityHappening::Frozen { reason: other, .. } if *other == reason);
        let Some(freeze) = in_order(&events).into_iter().find(|event| ours(&event.what)) else { return Ok(None) };
        FacilityHappening::Reversed { target: freeze.id }
    };
    let event = FacilityEvent { id: rising_id(context, events.len()), value_date: context.open_date, what };
    if accept(&events, &event).is_err() {
        return Ok(None);
    }
    Ok(Some(Fact::FacilityMoved { household, facility: row.id, event, reason: told.to_owned() }))
}
