//! The life of a facility after its grant: reviewed, frozen, thawed, raised, lowered, closed; and what may be drawn now.
//!
//! The facility's row says what it is of and until when; its life is a list of events whose fold tells its state on any date.

use basics::{Cell, Date, Id, Money, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Stamp, key};
use loan::facility::{
    DrawRefusal, FacilityEvent, FacilityHappening, FacilityState, FreezeOf, Position, Usage, accept, fold,
};
use minicbor::{Decode, Encode};

use crate::application::{exposure, needs_exposure};
use crate::books::{check_amount, check_text};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::service::death_recorded;
use crate::tables::{Agenda, AgendaKind, Facility};
use crate::task::{Task, TaskKind, TaskStatus, end_tasks};

/// Days before its review date on which the office is told to review a facility.
pub const REVIEW_AHEAD_DAYS: i32 = 30;

/// Days after its review date within which a facility may still be drawn on.
pub const REVIEW_GRACE_DAYS: u16 = 30;

door::table! {
    /// What happened to a facility, as its fold reads it.
    pub struct FacilityLife = "facility_event" (Household, State, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The facility.
        facility: Id,
        /// The event.
        id: Id,
        /// The date it counts from.
        value_date: Date,
        /// The event, encoded.
        bytes: Vec<u8>,
    }
}

/// Change a facility.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ChangeFacility {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The facility.
    #[n(2)]
    pub facility: Id,
    /// What to do.
    #[n(3)]
    pub what: FacilityChange,
    /// Why.
    #[n(4)]
    pub reason: String,
}

/// What may be done to a facility.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum FacilityChange {
    /// It was reviewed and found good.
    #[n(0)]
    Review {
        /// By when it has to be reviewed next.
        #[n(0)]
        review_by: Date,
    },
    /// Freeze it, or a part of it.
    #[n(1)]
    Freeze {
        /// How much; the whole if not given.
        #[n(0)]
        part: Option<Money>,
    },
    /// Let it be used again.
    #[n(2)]
    Thaw,
    /// Raise it.
    #[n(3)]
    Raise {
        /// To this.
        #[n(0)]
        to: Money,
    },
    /// Lower it.
    #[n(4)]
    Lower {
        /// To this.
        #[n(0)]
        to: Money,
    },
    /// Close it for good.
    #[n(5)]
    Close,
    /// Take an earlier change back.
    #[n(6)]
    Undo {
        /// The change: the id of its event.
        #[n(0)]
        target: Id,
    },
}

impl ChangeFacility {
    /// The act's name in the permission table, and the amount at stake there.
    pub fn act(&self) -> (&'static str, i64) {
        match &self.what {
            FacilityChange::Review { .. } => ("review_facility", 0),
            FacilityChange::Freeze { .. } => ("freeze_facility", 0),
            FacilityChange::Thaw => ("thaw_facility", 0),
            FacilityChange::Raise { to } => ("raise_facility", to.minor()),
            FacilityChange::Lower { .. } => ("lower_facility", 0),
            FacilityChange::Close => ("close_facility", 0),
            FacilityChange::Undo { .. } => ("undo_facility", 0),
        }
    }
}

/// A facility with its life and its state on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacilityView {
    /// The row.
    pub row: Facility,
    /// What happened, in the order in which it counts.
    pub life: Vec<FacilityEvent>,
    /// Its state.
    pub state: FacilityState,
    /// How much of it is used, promised, frozen and available.
    pub position: Position,
}

/// The events of a facility.
pub fn facility_events(slice: &Overlay, cell: Cell, household: Id, facility: Id) -> Result<Vec<FacilityEvent>, Fault> {
    slice
        .range::<FacilityLife>(&key![cell, household, facility])?
        .iter()
        .map(|row| cbor::from_bytes(&row.bytes).map_err(Fault::from))
        .collect()
}

/// The household's facility that is not closed, or the last that was; `None` if it never had one.
pub fn facility(slice: &Overlay, cell: Cell, household: Id) -> Result<Option<Facility>, Fault> {
    let mut last = None;
    for row in slice.range::<Facility>(&key![cell, household])? {
        let events = facility_events(slice, cell, household, row.id)?;
        if !is_closed(&events) {
            return Ok(Some(row));
        }
        last = Some(row);
    }
    Ok(last)
}

pub(crate) fn is_closed(events: &[FacilityEvent]) -> bool {
    loan::facility::in_order(events).iter().any(|event| matches!(event.what, FacilityHappening::Closed { .. }))
}

/// Whether the household may draw or be promised so much more today, leaving one application out. Says why not.
pub(crate) fn may_draw(
    slice: &Overlay,
    cell: Cell,
    household: Id,
    but: Option<Id>,
    asked_minor: i64,
    today: Date,
) -> Result<Result<(), Outcome>, Fault> {
    may_draw_instead(slice, cell, household, but, (asked_minor, 0), today)
}

/// The same for a drawing that pays off so much of what is drawn already.
pub(crate) fn may_draw_instead(
    slice: &Overlay,
    cell: Cell,
    household: Id,
    but: Option<Id>,
    (asked_minor, released_minor): (i64, i64),
    today: Date,
) -> Result<Result<(), Outcome>, Fault> {
    if death_recorded(slice, cell, household)? {
        return Ok(Err(Outcome::FacilityShut { why: "the borrower is recorded as dead".to_owned() }));
    }
    let Some(row) = facility(slice, cell, household)? else {
        return Ok(Err(Outcome::OverFacility { available_minor: 0 }));
    };
    let state = fold(&facility_events(slice, cell, household, row.id)?, today);
    let drawn = usage(slice, cell, household, but)?;
    let drawn = Usage { used_fen: drawn.used_fen.saturating_sub(released_minor), ..drawn };
    let refused = match state.may_draw(drawn, asked_minor, Some(REVIEW_GRACE_DAYS)) {
        Ok(()) => return Ok(Ok(())),
        Err(DrawRefusal::Over { available_fen, .. }) => Outcome::OverFacility { available_minor: available_fen },
        Err(refusal) => Outcome::FacilityShut { why: refusal.to_string() },
    };
    Ok(Err(refused))
}

/// What is drawn and promised under the household's facility, leaving one application out.
pub(crate) fn usage(slice: &Overlay, cell: Cell, household: Id, but: Option<Id>) -> Result<Usage, Fault> {
    let sum = exposure(slice, cell, household, but)?;
    Ok(Usage { used_fen: sum.owed_fen, reserved_fen: sum.promised_fen, guaranteed_fen: sum.weighted_guarantees_fen })
}

/// The household's facility as it stands on a date.
pub fn facility_view(slice: &Overlay, cell: Cell, household: Id, today: Date) -> Result<Option<FacilityView>, Fault> {
    let Some(row) = facility(slice, cell, household)? else { return Ok(None) };
    let events = facility_events(slice, cell, household, row.id)?;
    let state = fold(&events, today);
    let position = state.position(usage(slice, cell, household, None)?);
    let life = loan::facility::in_order(&events).into_iter().cloned().collect();
    Ok(Some(FacilityView { row, life, state, position }))
}

impl Tianxin {
    pub(crate) fn needs_change_facility(&self, command: &ChangeFacility, needs: &mut Needs) {
        needs_exposure(needs, command.cell, command.household);
        needs.rows::<Task>(key![command.cell, command.household]);
    }

    pub(crate) fn change_facility(
        &self,
        slice: &Overlay,
        command: &ChangeFacility,
        context: &Context,
    ) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        check_text("the reason", &command.reason, 200)?;
        let currency = self.institution.currency;
        let reason = command.reason.clone();
        let what = match &command.what {
            FacilityChange::Review { review_by } => FacilityHappening::Reviewed { review_by: *review_by },
            FacilityChange::Freeze { part: None } => FacilityHappening::Frozen { of: FreezeOf::Whole, reason },
            FacilityChange::Freeze { part: Some(part) } => {
                FacilityHappening::Frozen { of: FreezeOf::Part(check_amount(*part, currency)?), reason }
            }
            FacilityChange::Thaw => FacilityHappening::Thawed,
            FacilityChange::Raise { to } => FacilityHappening::Raised { amount_fen: check_amount(*to, currency)? },
            FacilityChange::Lower { to } if to.minor() == 0 && to.currency() == currency => {
                FacilityHappening::Lowered { amount_fen: 0 }
            }
            FacilityChange::Lower { to } => FacilityHappening::Lowered { amount_fen: check_amount(*to, currency)? },
            FacilityChange::Close => FacilityHappening::Closed { reason },
            FacilityChange::Undo { target } => FacilityHappening::Reversed { target: *target },
        };
        slice
            .get::<Facility>(&key![cell, household, command.facility])?
            .ok_or_else(|| Refusal::new("unknown_facility", "there is no such facility: check its id"))?;
        let events = facility_events(slice, cell, household, command.facility)?;
        if let FacilityHappening::Reversed { target } = what
            && events.iter().any(|e| e.id == target && matches!(e.what, FacilityHappening::Granted { .. }))
        {
            let message = "a grant belongs to a decision and is not taken back alone: lower or close the facility";
            return Err(Refusal::new("facility_event", message).into());
        }
        let id = rising_id(context, events.len());
        let event = FacilityEvent { id, value_date: context.open_date, what };
        accept(&events, &event).map_err(|error| Refusal::new("facility_event", error.to_string()))?;
        let (review, both) = ([TaskKind::ReviewFacility], [TaskKind::ReviewFacility, TaskKind::RenewFacility]);
        let ended: Option<(&[TaskKind], TaskStatus)> = match event.what {
            FacilityHappening::Reviewed { .. } => Some((&review, TaskStatus::Done)),
            FacilityHappening::Closed { .. } => Some((&both, TaskStatus::Dropped)),
            _ => None,
        };
        let reason = command.reason.clone();
        let mut facts = vec![Fact::FacilityMoved { household, facility: command.facility, event, reason }];
        if let Some(ended) = ended {
            facts.extend(end_tasks(slice, cell, household, command.facility, ended)?);
        }
        Ok(Change::new(Outcome::Done, facts))
    }
}

/// An id for the next of so many events: it sorts after theirs, so that several of one day count as they came.
pub(crate) fn rising_id(context: &Context, events: usize) -> Id {
    let mut own = [0; 10];
    own.copy_from_slice(&context.command_id.derive("event").as_bytes()[..10]);
    Id::v7(events as u64, &own)
}

/// The event of a grant by a decision.
pub(crate) fn granted_event(decision: Id, on: Date, amount_fen: i64, valid_to: Date) -> FacilityEvent {
    let what = FacilityHappening::Granted { amount_fen, valid_to, review_by: valid_to };
    FacilityEvent { id: decision, value_date: on, what }
}

/// Turns a grant or a change into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::FacilityGranted { household, facility, amount_minor, currency, valid_to, decision } => {
            let granted = granted_event(*decision, stamp.booking_date, *amount_minor, *valid_to);
            put_event(books, cell, *household, *facility, &granted);
            // A change of the same day counts after the grant, whichever came first.
            let state = fold(&facility_events(books, cell, *household, *facility)?, stamp.booking_date);
            books.put(&Facility {
                cell,
                household: *household,
                id: *facility,
                amount_minor: state.amount_fen,
                currency: *currency,
                valid_from: stamp.booking_date,
                valid_to: *valid_to,
                decision: *decision,
                expired_on: None,
            });
            put_dates(books, stamp, *household, &granted, &state);
        }
        Fact::FacilityMoved { household, facility, event, .. } => {
            put_event(books, cell, *household, *facility, event);
            let row = books
                .get::<Facility>(&key![cell, *household, *facility])?
                .ok_or_else(|| Fault::Broken(format!("there is no facility {facility} to change")))?;
            let state = fold(&facility_events(books, cell, *household, *facility)?, event.value_date);
            books.put(&Facility {
                amount_minor: state.amount_fen,
                valid_from: state.valid_from.unwrap_or(row.valid_from),
                valid_to: state.valid_to.unwrap_or(row.valid_to),
                ..row
            });
            if matches!(event.what, FacilityHappening::Reviewed { .. } | FacilityHappening::Reversed { .. }) {
                put_dates(books, stamp, *household, event, &state);
            }
        }
        Fact::FacilityExpired { household, facility, last_day } => {
            let row = books
                .get::<Facility>(&key![cell, *household, *facility])?
                .ok_or_else(|| Fault::Broken(format!("there is no facility {facility} to expire")))?;
            books.put(&Facility { expired_on: Some(*last_day), ..row });
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a facility"))),
    }
    Ok(())
}

/// Puts the days on which a facility is looked at on the agenda, since an event set them: the last on which it may be drawn on, and some
/// time before its review. What an earlier event had put there stays, and finds nothing to do.
fn put_dates(books: &mut Overlay, stamp: &Stamp, household: Id, event: &FacilityEvent, state: &FacilityState) {
    let review = state.review_by.map(|by| by.add_days(-REVIEW_AHEAD_DAYS));
    for day in [state.valid_to, review].into_iter().flatten() {
        books.put(&Agenda {
            cell: stamp.cell,
            on_day: day.max(stamp.booking_date),
            kind: AgendaKind::Facility.code(),
            owner: household,
            item: event.id,
            by_seq: stamp.seq,
        });
    }
}

fn put_event(books: &mut Overlay, cell: Cell, household: Id, facility: Id, event: &FacilityEvent) {
    let (id, value_date, bytes) = (event.id, event.value_date, cbor::to_bytes(event));
    books.put(&FacilityLife { cell, household, facility, id, value_date, bytes });
}
