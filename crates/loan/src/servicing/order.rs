//! In which order a day's events count where the conventions take them as they were recorded.

use std::collections::BTreeSet;

use basics::{Date, Id};

use crate::conventions::{Conventions, PlanEngine, Undo};
use crate::life::ordered;
use crate::{ChargeDue, Happening, LifeEvent};

/// The events that count, each with the day up to which the loan has run when it counts, for conventions under which a
/// day's events count as recorded.
///
/// A plan that is made from everything at once takes events by date. A plan that follows events takes them as they
/// were recorded, a charge from when it was added; until something makes the life be gone through anew: a payment
/// dated back, a charge that was due before money that had come already, or a taking back. What was recorded
/// by then counts by date, a charge from its due date; what comes later counts after it, as it was recorded. What is
/// taken back counts in nothing; whether it leaves the order of the rest alone, [`Undo`] says.
pub(crate) fn as_recorded<'e>(conventions: &Conventions, events: &'e [LifeEvent]) -> Vec<(Date, &'e LifeEvent)> {
    let mut life: Vec<(Date, &LifeEvent)> = ordered(events, |event| (event.value_date, 0, event.id))
        .into_iter()
        .map(|event| (event.value_date, event))
        .collect();
    if conventions.plan.engine == PlanEngine::Cumulative {
        return life;
    }
    let anew_at = gone_through_anew_at(conventions.undo, events);
    for (date, event) in &mut life {
        if let Happening::ChargeAdded { charge } = &event.what
            && let ChargeDue::On(due_on) = charge.due
            && anew_at.is_some_and(|id| event.id <= id)
        {
            *date = due_on;
        }
    }
    life.sort_by_key(|(date, event)| match anew_at {
        Some(id) if event.id <= id => (false, Some(*date), event.id),
        _ => (true, None, event.id),
    });
    // The loan runs no further than to the day of whatever counts later.
    let mut until: Option<Date> = None;
    for (date, _) in life.iter_mut().rev() {
        *date = until.map_or(*date, |until| until.min(*date));
        until = Some(*date);
    }
    life
}

/// The last event that made the life be gone through anew.
fn gone_through_anew_at(undo: Undo, events: &[LifeEvent]) -> Option<Id> {
    let mut recorded: Vec<&LifeEvent> = match undo {
        Undo::AsIfNever => ordered(events, |event| (event.value_date, 0, event.id)),
        Undo::AnewByDate => events.iter().collect(),
    };
    recorded.sort_by_key(|event| event.id);
    let mut reversed: BTreeSet<Id> = BTreeSet::new();
    let mut anew_at = None;
    for (place, event) in recorded.iter().enumerate() {
        let counts_before = match &event.what {
            Happening::Reversed { target } => {
                if undo == Undo::AnewByDate {
                    reversed.insert(*target);
                    anew_at = Some(event.id);
                }
                None
            }
            Happening::ChargeAdded { charge } => match charge.due {
                ChargeDue::On(due_on) => Some(due_on.add_days(-1)),
                ChargeDue::Disbursement | ChargeDue::EachInstalment => None,
            },
            what => moves_money(what).then_some(event.value_date),
        };
        let Some(counts_before) = counts_before else { continue };
        let mut earlier = recorded.iter().take(place).filter(|other| !reversed.contains(&other.id));
        // Money that had come by then, was not taken back, and counts later.
        if earlier.any(|other| moves_money(&other.what) && other.value_date > counts_before) {
            anew_at = Some(event.id);
        }
    }
    anew_at
}

/// Whether it changes what is owed by itself, as a charge, a notice or a new date does not.
fn moves_money(what: &Happening) -> bool {
    !matches!(
        what,
        Happening::Reversed { .. }
            | Happening::ChargeAdded { .. }
            | Happening::Rescheduled { .. }
            | Happening::Disbursed { .. }
            | Happening::CollectionRun { .. }
            | Happening::Noticed { .. }
    )
}
