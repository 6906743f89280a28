//! What days bring beside money: a facility ends or is to be reviewed, a contract lapses undrawn, what was borrowed for is not shown,
//! and with a loan ends what hung on it.
//!
//! A place on the agenda says only that a household is to be looked at; what there is to do is found in its rows. So a place
//! that an earlier date had is left where it is, and finds nothing.

use std::collections::BTreeSet;

use basics::{Cell, Date, Id, cbor};
use door::app::{Context, Decided};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Message, key};
use loan::class::{ClassCase, judging_takes_two};
use loan::facility::{FacilityHappening, FacilityStatus, Usage, fold, in_order};
use loan::paper::{USE_OF_FUNDS, shown};
use loan::{Happening, LifeEvent, LoanTerms};
use minicbor::{Decode, Encode};

use crate::application::needs_exposure;
use crate::books::booked;
use crate::close::kind_of;
use crate::command::{Command, Outcome};
use crate::facility::{REVIEW_AHEAD_DAYS, facility_events, usage};
use crate::fact::Fact;
use crate::guarantee::follow_contracts;
use crate::house::Tianxin;
use crate::loan_turn::{LoanPlace, Standing};
use crate::paper::{ContractPaper, papers};
use crate::sign::DRAW_WITHIN_DAYS;
use crate::tables::{Agenda, AgendaKind, Contract, ContractStatus, EntryKind, Facility, LoanNote, LoanState};
use crate::task::{Task, TaskKind, TaskOpened, TaskStatus, end_tasks, open_tasks};

/// Days after a facility's last within which the office says what becomes of what is owed under it.
const RENEW_WITHIN_DAYS: i32 = 30;

/// Days that the office has to come by what shows the use of money, before the loan is judged.
const SHOW_USE_WITHIN_DAYS: i32 = 30;

/// A place on a cell's agenda.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AgendaPlace {
    /// The day.
    #[n(0)]
    pub on_day: Date,
    /// What kind of thing.
    #[n(1)]
    pub kind: i64,
    /// The household it belongs to.
    #[n(2)]
    pub owner: Id,
    /// Which one.
    #[n(3)]
    pub item: Id,
}

/// Judge a loan whose use was not shown in time, as the rule pack says.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct JudgeUnshown {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
}

impl JudgeUnshown {
    fn place(&self) -> LoanPlace {
        LoanPlace { cell: self.cell, household: self.household, loan: self.loan }
    }
}

/// What the places of one step bring.
type Brought = (Vec<Fact>, Vec<Message<Command>>);

impl Tianxin {
    /// Asks for what a household is looked at by.
    pub(crate) fn needs_dates(&self, cell: Cell, household: Id, needs: &mut Needs) {
        needs_exposure(needs, cell, household);
        needs.rows::<ContractPaper>(key![cell, household]);
        needs.rows::<Task>(key![cell, household]);
    }

    /// What the places on the agenda that ask for a look bring, and that they are dealt with. Several of one household and kind
    /// are one look.
    pub(crate) fn dates_due(
        &self,
        slice: &Overlay,
        cell: Cell,
        due: &[Agenda],
        context: &Context,
    ) -> Result<Brought, Fault> {
        let (mut facts, mut messages, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut looked = BTreeSet::new();
        for row in due {
            let kind = kind_of(row)?;
            let (place, household) = ((kind.code(), row.owner, row.item), row.owner);
            let brought = match kind {
                AgendaKind::Loan
                | AgendaKind::Line
                | AgendaKind::Merchant
                | AgendaKind::Hold
                | AgendaKind::Suspended => continue,
                AgendaKind::UseOfFunds => self.use_due(slice, cell, (household, row.item), context)?,
                _ if !looked.insert((household, kind == AgendaKind::Facility)) => Brought::default(),
                AgendaKind::Facility => (facilities_due(slice, cell, household, context)?, Vec::new()),
                AgendaKind::Undrawn | AgendaKind::ContractEnd => contracts_due(slice, cell, household, context)?,
            };
            facts.extend(brought.0);
            messages.extend(brought.1);
            places.push(AgendaPlace { on_day: row.on_day, kind: place.0, owner: place.1, item: place.2 });
        }
        if !places.is_empty() {
            facts.push(Fact::PlacesTaken { places });
        }
        Ok((facts, messages))
    }

    /// The use of a drawing has to be shown by today: where it is not, the office is told; where it was told already, the loan
    /// is judged.
    fn use_due(
        &self,
        slice: &Overlay,
        cell: Cell,
        (household, loan): (Id, Id),
        context: &Context,
    ) -> Result<Brought, Fault> {
        let note = slice.get::<LoanNote>(&key![cell, household, loan])?;
        let Some(note) = note.filter(|note| note.status == LoanState::Open) else { return Ok(Brought::default()) };
        if shown(&papers(slice, cell, household, note.contract)?, USE_OF_FUNDS) {
            return Ok(Brought::default());
        }
        let asked = open_tasks(slice, cell, household, loan)?.iter().any(|task| task.kind == TaskKind::ShowUse);
        if asked {
            let judge = JudgeUnshown { cell, household, loan };
            let id = context.command_id.derive(&format!("unshown {loan}"));
            return Ok((Vec::new(), vec![Message { id, command: Command::JudgeUnshown(judge) }]));
        }
        Ok((vec![opened(household, (TaskKind::ShowUse, loan), SHOW_USE_WITHIN_DAYS, context)], Vec::new()))
    }

    pub(crate) fn needs_judge_unshown(
        &self,
        command: &JudgeUnshown,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        self.needs_loan(command.place(), slice, needs)
    }

    /// Judges the loan by the rules of the day, unless it is judged as badly already, or is owed no more.
    pub(crate) fn judge_unshown(&self, slice: &Overlay, command: &JudgeUnshown, context: &Context) -> Decided<Tianxin> {
        let today = context.open_date;
        let nothing = || Change::new(Outcome::Done, vec![Fact::Declined { code: "nothing_to_judge".to_owned() }]);
        let rules = self.dated.on(today).map_err(|error| Fault::Broken(error.to_string()))?;
        let Some(class) = rules.use_not_shown_at_least else { return Ok(nothing()) };
        let mut standing = Standing::read_any(self, slice, command.place(), today)?;
        let state = &standing.before.0;
        let dues: Vec<Date> = state.instalments.iter().map(|row| row.due_on).collect();
        let case = ClassCase { as_of: today, arrears: &state.arrears, dues: &dues, marks: &state.bearings.marks };
        let event = LifeEvent { id: context.command_id, value_date: today, what: Happening::Judged { class } };
        let fits = standing.note.status == LoanState::Open && !judging_takes_two(&case, class);
        if !fits || loan::accept(&standing.terms, &standing.events, &event).is_err() {
            return Ok(nothing());
        }
        let after = standing.happen(self, &event)?;
        let mut turn = standing.turn(slice);
        turn.touch(&standing.touched(&standing.held, &after.1.holding))?;
        let lines = turn.lines(&self.subjects.roles)?;
        let serviced = Fact::LoanServiced {
            household: command.household,
            loan: command.loan,
            act: "judge_loan_worse".to_owned(),
            reason: "what the money was spent on was not shown in time 用途凭证逾期未提供".to_owned(),
        };
        let mut facts = vec![Fact::LoanMoved(standing.moved(event, &after)?), serviced];
        if !lines.is_empty() {
            facts.push(booked(EntryKind::LoanDues, today, self.institution.currency, lines, None)?);
        }
        Ok(Change::new(Outcome::Done, facts))
    }
}

/// The fact that opens a task, due so many days from today.
fn opened(household: Id, (kind, about): (TaskKind, Id), days: i32, context: &Context) -> Fact {
    let task = context.command_id.derive(&format!("{} {about}", kind.as_str()));
    Fact::TaskOpened(TaskOpened { household, task, kind, about, due_on: context.open_date.add_days(days) })
}

/// The facilities of a household at the end of today: those whose last day it was expire, and the office is told where something is
/// owed or promised; those whose review comes near are called up.
fn facilities_due(slice: &Overlay, cell: Cell, household: Id, context: &Context) -> Result<Vec<Fact>, Fault> {
    let today = context.open_date;
    let mut facts = Vec::new();
    let Usage { used_fen, reserved_fen, .. } = usage(slice, cell, household, None)?;
    let is_used = used_fen > 0 || reserved_fen > 0;
    for row in slice.range::<Facility>(&key![cell, household])? {
        let events = facility_events(slice, cell, household, row.id)?;
        let tomorrow = fold(&events, today.add_days(1));
        let open = open_tasks(slice, cell, household, row.id)?;
        let asked = |kind: TaskKind| open.iter().any(|task| task.kind == kind);
        match (tomorrow.status, tomorrow.valid_to, tomorrow.review_by) {
            (FacilityStatus::Expired, Some(last_day), _) if row.expired_on.is_none() => {
                facts.push(Fact::FacilityExpired { household, facility: row.id, last_day });
                let dropped: (&[TaskKind], TaskStatus) = (&[TaskKind::ReviewFacility], TaskStatus::Dropped);
                facts.extend(end_tasks(slice, cell, household, row.id, dropped)?);
                if is_used && !asked(TaskKind::RenewFacility) {
                    facts.push(opened(household, (TaskKind::RenewFacility, row.id), RENEW_WITHIN_DAYS, context));
                }
            }
            (FacilityStatus::Active | FacilityStatus::Frozen, Some(last_day), Some(review_by))
                if review_by.add_days(-REVIEW_AHEAD_DAYS) <= today && !asked(TaskKind::ReviewFacility) =>
            {
                // Where nobody set a day for it, the review is the renewal: a facility that nobody uses needs none.
                let was_set =
                    in_order(&events).iter().any(|event| matches!(event.what, FacilityHappening::Reviewed { .. }));
                if is_used || was_set || review_by < last_day {
                    let days = (review_by - today).max(0);
                    facts.push(opened(household, (TaskKind::ReviewFacility, row.id), days, context));
                }
            }
            _ => {}
        }
    }
    Ok(facts)
}

/// The contracts of a household at the end of today: those whose days to be drawn are over lapse; guarantees follow their contracts;
/// what was asked for a loan that is paid off is asked no more.
fn contracts_due(slice: &Overlay, cell: Cell, household: Id, context: &Context) -> Result<Brought, Fault> {
    let today = context.open_date;
    let mut facts = Vec::new();
    let mut lapsed = Vec::new();
    for row in slice.range::<Contract>(&key![cell, household])? {
        if row.status == ContractStatus::Signed && today - row.signed_on >= DRAW_WITHIN_DAYS {
            facts.push(Fact::ContractLapsed { household, contract: row.id });
            lapsed.push(row.id);
        }
        if row.status == ContractStatus::PartDrawn && is_past_parts(slice, &row, today)? {
            facts.push(Fact::DrawingStands { household, contract: row.id, left_minor: 0 });
            lapsed.push(row.id);
        }
    }
    let (followed, messages) = follow_contracts(slice, cell, household, &lapsed, context)?;
    facts.extend(followed);
    for note in slice.range::<LoanNote>(&key![cell, household])? {
        if note.status != LoanState::Open {
            let dropped: (&[TaskKind], TaskStatus) = (&[TaskKind::ShowUse], TaskStatus::Dropped);
            facts.extend(end_tasks(slice, cell, household, note.id, dropped)?);
        }
    }
    Ok((facts, messages))
}

/// Whether nothing more may be drawn under a contract that was drawn in part: the days for it are over, or its loan was paid off.
fn is_past_parts(slice: &Overlay, contract: &Contract, today: Date) -> Result<bool, Fault> {
    let terms: LoanTerms = cbor::from_bytes(&contract.terms)?;
    let days = terms.draws.map_or(0, |rule| i32::from(rule.within_days));
    let notes = slice.range::<LoanNote>(&key![contract.cell, contract.household])?;
    let open = notes.iter().find(|note| note.contract == contract.id && note.status == LoanState::Open);
    Ok(open.is_none_or(|note| today - note.drawn_on >= days))
}

/// Removes places that were dealt with.
pub(crate) fn apply(books: &mut Overlay, cell: Cell, places: &[AgendaPlace]) {
    for place in places {
        books.remove::<Agenda>(&key![cell, place.on_day, place.kind, place.owner, place.item]);
    }
}
