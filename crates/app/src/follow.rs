//! What a change of rating does to a facility in force: lowered at once or put before a person, raised on the household's word.
//!
//! The policy says whether ratings move facilities at all. A worse rating lowers to what could be lent now, and never below what
//! is owed and promised; a better one offers a raise, never beyond the most the household has signed for, and not where a member
//! of staff has lowered the facility. The desk works the amount out before the door on rows whose state it names; each move is a
//! fact with the ratings and the reasons that the household reads. Prices need no move: each drawing is decided at the rating of its day.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stamp, key};
use loan::facility::{FacilityEvent, FacilityHappening, FacilityStatus, accept, fold, in_order};
use minicbor::{Decode, Encode};

use crate::application::{exposure, needs_exposure, was_lowered};
use crate::command::Outcome;
use crate::facility::{facility_events, rising_id};
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::observe::stale;
use crate::rating::{HouseholdRating, RatingChange};
use crate::task::{Task, TaskKind, TaskOpened, open_tasks};

/// Days within which staff looks at a facility that a rating would lower.
const LOOK_WITHIN_DAYS: i32 = 30;

door::text_enum! {
    /// Where a move of a facility stands.
    pub enum MoveState {
        /// It was lowered; the household reads it among its rating's changes 已下调.
        Lowered = "lowered",
        /// A person is to look whether it is lowered 待人工处理.
        Proposed = "proposed",
        /// A raise waits for the household's word 待农户确认.
        Offered = "offered",
        /// The household took the raise 已提额.
        Raised = "raised",
        /// The household did not want it, or the rating moved on before it answered 未办理.
        LetGo = "let_go",
    }
}

door::table! {
    /// What a change of rating did to a facility.
    pub struct FacilityMove = "facility_move" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The change of rating, by its place among the household's.
        place: i64,
        /// The facility.
        facility: Id,
        /// Where it stands.
        state: MoveState,
        /// What the facility was of, in minor units.
        from_minor: i64,
        /// What it is lowered or raised to.
        to_minor: i64,
        /// The rating before.
        before: Option<String>,
        /// The rating since.
        after: Option<String>,
        /// Codes of what moved the rating, a space between.
        reasons: String,
        /// The day.
        moved_on: Date,
        /// The last day on which an offered raise may be taken.
        until: Option<Date>,
        /// The day the household answered, or it was let go.
        ended_on: Option<Date>,
    }
}

/// Let a facility follow a change of rating. Sent by the platform.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct FollowRating {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The facility.
    #[n(2)]
    pub facility: Id,
    /// The change of rating, by its place.
    #[n(3)]
    pub place: i64,
    /// What the facility was of when it was looked at, in minor units.
    #[n(4)]
    pub from_minor: i64,
    /// What the household owed and was promised then, in minor units.
    #[n(5)]
    pub exposure_minor: i64,
    /// What could be owed in all at the new rating, in minor units.
    #[n(6)]
    pub target_minor: i64,
    /// What the policy does with it.
    #[n(7)]
    pub how: Follow,
}

/// What a policy does with a change of rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Follow {
    /// It lowers at once.
    #[n(0)]
    LowerAtOnce,
    /// It has a person look whether to lower.
    #[n(1)]
    ProposeLower,
    /// It offers a raise.
    #[n(2)]
    OfferRaise {
        /// For so many days.
        #[n(0)]
        days: u16,
    },
}

/// The household's word on an offered raise.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AnswerRaise {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The change of rating that it was offered for.
    #[n(2)]
    pub place: i64,
    /// The answer.
    #[n(3)]
    pub answer: RaiseAnswer,
}

/// What a household says to a raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RaiseAnswer {
    /// It wants it.
    #[n(0)]
    Take,
    /// It does not.
    #[n(1)]
    Leave,
}

/// A move of a facility came to a state.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct FacilityFollows {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The facility.
    #[n(1)]
    pub facility: Id,
    /// The change of rating.
    #[n(2)]
    pub place: i64,
    /// The state.
    #[n(3)]
    pub state: MoveState,
    /// What the facility was of, in minor units.
    #[n(4)]
    pub from_minor: i64,
    /// What it is lowered or raised to.
    #[n(5)]
    pub to_minor: i64,
    /// The rating before.
    #[n(6)]
    pub before: Option<String>,
    /// The rating since.
    #[n(7)]
    pub after: Option<String>,
    /// Codes of what moved the rating, a space between.
    #[n(8)]
    pub reasons: String,
    /// The last day on which an offered raise may be taken.
    #[n(9)]
    pub until: Option<Date>,
}

/// The most that a household has signed for, in minor units: what was granted or raised, or what staff has lowered it to since.
fn signed_for(events: &[FacilityEvent]) -> i64 {
    in_order(events).into_iter().fold(0, |most, event| match event.what {
        FacilityHappening::Granted { amount_fen, .. } | FacilityHappening::Raised { amount_fen } => {
            most.max(amount_fen)
        }
        FacilityHappening::Lowered { amount_fen } => amount_fen,
        _ => most,
    })
}

fn nothing(reason: &str) -> Decided<Tianxin> {
    let fact = Fact::Declined { code: "not_followed".to_owned() };
    Ok(Change::new(Outcome::NotChanged { reason: reason.to_owned() }, vec![fact]))
}

impl Tianxin {
    pub(crate) fn needs_follow(&self, cell: Cell, household: Id, needs: &mut Needs) {
        needs_exposure(needs, cell, household);
        needs.rows::<HouseholdRating>(key![cell, household]);
        needs.rows::<RatingChange>(key![cell, household]);
        needs.rows::<FacilityMove>(key![cell, household]);
        needs.rows::<Task>(key![cell, household]);
    }

    pub(crate) fn follow_rating(&self, slice: &Overlay, command: &FollowRating, context: &Context) -> Decided<Tianxin> {
        let (cell, household, facility) = (command.cell, command.household, command.facility);
        let rating = slice.get::<HouseholdRating>(&key![cell, household])?;
        let latest = rating.as_ref().map_or(0, |row| row.changes);
        let change = slice.get::<RatingChange>(&key![cell, household, command.place])?;
        let Some(change) = change.filter(|_| latest == command.place) else {
            return Err(stale("rating_stale", "the rating has moved on since: look again").into());
        };
        let moves = slice.range::<FacilityMove>(&key![cell, household])?;
        if moves.iter().any(|row| row.place == command.place) {
            return nothing("the facility has followed this change already");
        }
        if exposure(slice, cell, household, None)?.total_fen != command.exposure_minor {
            return Err(stale("exposure_stale", "what the household owes has changed: look again").into());
        }
        let events = facility_events(slice, cell, household, facility)?;
        let stands = fold(&events, context.open_date);
        if !matches!(stands.status, FacilityStatus::Active | FacilityStatus::Frozen) {
            return nothing("the facility is not in force");
        }
        if stands.amount_fen != command.from_minor {
            return Err(stale("facility_stale", "the facility has changed since: look again").into());
        }
        // An offer of before rests on a rating that is gone.
        let mut facts: Vec<Fact> = moves
            .iter()
            .filter(|row| row.state == MoveState::Offered)
            .map(|row| follows(row, MoveState::LetGo))
            .collect();
        let (state, to_minor, until) = match command.how {
            Follow::OfferRaise { days } => {
                let to_minor = command.target_minor.min(signed_for(&events));
                if to_minor <= stands.amount_fen || was_lowered(&events) {
                    return let_go(
                        facts,
                        "nothing is raised: more was not signed, or a member of staff has lowered it",
                    );
                }
                (MoveState::Offered, to_minor, Some(context.open_date.add_days(i32::from(days))))
            }
            Follow::LowerAtOnce | Follow::ProposeLower => {
                let to_minor = command.target_minor.max(command.exposure_minor).max(0);
                if to_minor >= stands.amount_fen {
                    return let_go(facts, "nothing is lowered: so much can be lent at the new rating, or is owed");
                }
                let is_at_once = command.how == Follow::LowerAtOnce;
                (if is_at_once { MoveState::Lowered } else { MoveState::Proposed }, to_minor, None)
            }
        };
        // Where nothing new speaks against the household, what speaks against it more than before is among all of it.
        let reasons = match state {
            MoveState::Offered => change.better.clone(),
            _ if change.worse.is_empty() => rating.map(|row| row.reasons).unwrap_or_default(),
            _ => change.worse.clone(),
        };
        let row = FacilityFollows {
            household,
            facility,
            place: command.place,
            state,
            from_minor: stands.amount_fen,
            to_minor,
            before: change.before.clone(),
            after: change.after.clone(),
            reasons,
            until,
        };
        facts.push(Fact::FacilityFollows(row));
        match state {
            MoveState::Lowered => facts.push(rated_to(slice, command.cell, household, facility, to_minor, context)?),
            MoveState::Proposed if open_tasks(slice, cell, household, facility)?.is_empty() => {
                let (kind, due_on) = (TaskKind::ReviewFacility, context.open_date.add_days(LOOK_WITHIN_DAYS));
                let task = context.command_id.derive("look");
                facts.push(Fact::TaskOpened(TaskOpened { household, task, kind, about: facility, due_on }));
            }
            _ => {}
        }
        Ok(Change::new(Outcome::Done, facts))
    }

    pub(crate) fn answer_raise(&self, slice: &Overlay, command: &AnswerRaise, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        let row = slice
            .get::<FacilityMove>(&key![cell, household, command.place])?
            .filter(|row| row.state == MoveState::Offered && row.until.is_none_or(|until| context.open_date <= until))
            .ok_or_else(|| Refusal::new("no_raise", "no raise is offered, or it is over: ask the office"))?;
        if command.answer == RaiseAnswer::Leave {
            return Ok(Change::new(Outcome::Done, vec![follows(&row, MoveState::LetGo)]));
        }
        let stands = fold(&facility_events(slice, cell, household, row.facility)?, context.open_date);
        if stands.amount_fen != row.from_minor {
            return Err(Refusal::new("no_raise", "the facility has changed since the raise was offered").into());
        }
        let raised = rated_to(slice, cell, household, row.facility, row.to_minor, context)?;
        Ok(Change::new(Outcome::Done, vec![follows(&row, MoveState::Raised), raised]))
    }
}

/// The facts of a move that comes to nothing: what was offered before is let go all the same.
fn let_go(facts: Vec<Fact>, reason: &str) -> Decided<Tianxin> {
    if facts.is_empty() {
        nothing(reason)
    } else {
        Ok(Change::new(Outcome::NotChanged { reason: reason.to_owned() }, facts))
    }
}

fn follows(row: &FacilityMove, state: MoveState) -> Fact {
    Fact::FacilityFollows(FacilityFollows {
        household: row.household,
        facility: row.facility,
        place: row.place,
        state,
        from_minor: row.from_minor,
        to_minor: row.to_minor,
        before: row.before.clone(),
        after: row.after.clone(),
        reasons: row.reasons.clone(),
        until: row.until,
    })
}

/// The fact by which a facility comes to the amount of a rating.
fn rated_to(
    slice: &Overlay,
    cell: Cell,
    household: Id,
    facility: Id,
    amount_fen: i64,
    context: &Context,
) -> Result<Fact, door::Stop> {
    let events = facility_events(slice, cell, household, facility)?;
    let id = rising_id(context, events.len());
    let event = FacilityEvent { id, value_date: context.open_date, what: FacilityHappening::Rated { amount_fen } };
    accept(&events, &event).map_err(|error| Refusal::new("facility_event", error.to_string()))?;
    Ok(Fact::FacilityMoved { household, facility, event, reason: "the rating of the household has changed".to_owned() })
}

/// Turns the fact into its row.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, told: &FacilityFollows) -> Result<(), Fault> {
    let (cell, household) = (stamp.cell, told.household);
    let known = books.get::<FacilityMove>(&key![cell, household, told.place])?;
    let ended_on = known.as_ref().map(|_| stamp.booking_date);
    books.put(&FacilityMove {
        cell,
        household,
        place: told.place,
        facility: told.facility,
        state: told.state,
        from_minor: told.from_minor,
        to_minor: told.to_minor,
        before: told.before.clone(),
        after: told.after.clone(),
        reasons: told.reasons.clone(),
        moved_on: known.map_or(stamp.booking_date, |row| row.moved_on),
        until: told.until,
        ended_on,
    });
    Ok(())
}
