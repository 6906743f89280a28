//! The borrower has died: nothing more is drawn by the household until two people decide who goes on.

use basics::Id;
use door::app::Context;
use door::overlay::{Fault, Overlay};
use loan::Happening;
use loan::facility::{FacilityEvent, FacilityHappening, FreezeOf, accept, in_order};

use super::{LoanAct, ServiceLoan};
use crate::facility::{facility, facility_events, rising_id};
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::loan_turn::Standing;

impl Tianxin {
    /// What an act means for the household's facility: a death freezes it as a whole, taking the record of it back
    /// takes that freeze back. A facility that is frozen already, closed or not there is left as it is.
    pub(super) fn facility_follows(
        &self,
        slice: &Overlay,
        command: &ServiceLoan,
        standing: &Standing,
        context: &Context,
    ) -> Result<Option<Fact>, Fault> {
        let (cell, household) = (command.cell, command.household);
        let died = |id: Id| standing.events.iter().any(|event| event.id == id && event.what == Happening::BorrowerDied);
        let about = match command.what {
            LoanAct::BorrowerDied => context.command_id,
            LoanAct::TakeBack { event } if died(event) => event,
            _ => return Ok(None),
        };
        let Some(row) = facility(slice, cell, household)? else { return Ok(None) };
        let events = facility_events(slice, cell, household, row.id)?;
        let reason = format!("the borrower died: record {about}");
        let what = if command.what == LoanAct::BorrowerDied {
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
        let reason = command.reason.clone();
        Ok(Some(Fact::FacilityMoved { household, facility: row.id, event, reason }))
    }
}
