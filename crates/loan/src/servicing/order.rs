//! In which order a day's events count where the conventions take them as they were recorded.

use std::collections::BTreeSet;

use basics::{Date, Id};

use crate::conventions::PlanEngine;
use crate::life::ordered;
use crate::{ChargeDue, Happening, LifeEvent};

/// The events that count, each with the date from which it counts, for conventions under which a day's events
/// count as recorded.
///
/// A charge counts from when it was recorded. Where the life is gone through anew, since a payment was dated back,
/// or the charge is due before money that had come already, it counts from its due date. What is taken back
/// counts in nothing, so that the loan is as if it had never been.
pub(crate) fn as_recorded(engine: PlanEngine, events: &[LifeEvent]) -> Vec<(Date, &LifeEvent)> {
    let mut recorded: Vec<&LifeEvent> = events.iter().collect();
    recorded.sort_by_key(|event| event.id);
    let reversed: BTreeSet<Id> = recorded
        .iter()
        .filter_map(|event| match event.what {
            Happening::Reversed { target } => Some(target),
            _ => None,
        })
        .collect();
    let mut latest: Option<Date> = None;
    let mut anew_after: Option<Id> = None;
    for event in &recorded {
        match &event.what {
            Happening::ChargeAdded { charge } if !reversed.contains(&event.id) => {
                if let ChargeDue::On(due_on) = charge.due
                    && latest.is_some_and(|latest| due_on <= latest)
                {
                    anew_after = Some(event.id);
                }
            }
            Happening::Reversed { .. }
            | Happening::Rescheduled { .. }
            | Happening::Disbursed { .. }
            | Happening::CollectionRun { .. }
            | Happening::Noticed { .. } => {}
            _ if reversed.contains(&event.id) => {}
            _ => {
                if latest.is_some_and(|latest| event.value_date < latest) {
                    anew_after = Some(event.id);
                }
                latest = latest.max(Some(event.value_date));
            }
        }
    }
    // Money that was recorded after a charge and dated before it has seen the charge.
    let seen_from = |charge: &LifeEvent| {
        let later = recorded.iter().filter(|event| event.id > charge.id && !reversed.contains(&event.id));
        let money = later.filter(|event| {
            matches!(event.what, Happening::Paid { .. } | Happening::Received { .. } | Happening::Refunded { .. })
        });
        money.map(|event| event.value_date).min().map_or(charge.value_date, |date| date.min(charge.value_date))
    };
    let mut life: Vec<(Date, &LifeEvent)> = ordered(events, |event| (event.value_date, 0, event.id))
        .into_iter()
        .map(|event| match &event.what {
            Happening::ChargeAdded { charge } if engine == PlanEngine::Progressive => match charge.due {
                ChargeDue::On(due_on) if anew_after.is_some_and(|id| event.id <= id) => (due_on, event),
                _ => (seen_from(event), event),
            },
            _ => (event.value_date, event),
        })
        .collect();
    life.sort_by_key(|(date, event)| (*date, event.id));
    life
}
