//! What a household may know and say of its own: its consents, who looked at it, its guarantees.

use std::collections::HashSet;
use std::sync::PoisonError;

use basics::{Cell, Date, Id, Instant, cbor};
use door::backend::List;
use door::table::{Record, Value};
use door::tables::Proposal;
use door::{Actor, Answer, DoorError, Order, Request, key};

use super::{Desk, DeskError};
use crate::command::Command;
use crate::consent::{HouseholdConsent, SayConsent};
use crate::guarantee::Guarantee;
use crate::look::{HouseholdLook, LookKind, NoteLook};

/// Looks that are remembered; beyond them the books are asked again.
const REMEMBERED_MAX: usize = 200_000;

/// Looks of one civil day that are on record, so that opening a page a second time costs nothing.
#[derive(Default)]
pub(super) struct Looked {
    on: Option<Date>,
    known: HashSet<(Id, Id, LookKind)>,
}

impl Looked {
    /// The looks of a day, those of other days forgotten.
    fn of(&mut self, on: Date) -> &mut HashSet<(Id, Id, LookKind)> {
        if self.on != Some(on) || self.known.len() >= REMEMBERED_MAX {
            self.known.clear();
            self.on = Some(on);
        }
        &mut self.known
    }
}

impl Desk {
    /// What a household has said to purposes, by purpose. Households that enrolled before consents were rows have none until they say
    /// something.
    pub fn consents(&self, household: Id) -> Result<Vec<HouseholdConsent>, DeskError> {
        self.rows(key![self.cell_of(household), household])
    }

    /// Says a consent or withdraws it, and has the household rated anew without the data, or with it again.
    pub fn say_consent(
        &self,
        command_id: Id,
        said: SayConsent,
        actor: Actor,
        at: Instant,
    ) -> Result<Answer, DeskError> {
        let household = said.household;
        let order = Order::Do(Command::SayConsent(said));
        let answer = self.engine.call(Request::plain(command_id, actor, at, order))?;
        self.touch(household);
        Ok(answer)
    }

    /// Puts on record that somebody looks at a household, once a day and kind. Durable when it returns, so that it can be shown what it
    /// asks for. A household that does not exist is left to whoever reads it.
    pub fn note_look(&self, who: &Actor, household: Id, kind: LookKind, at: Instant) -> Result<(), DeskError> {
        let on = self.house().civil_day(at);
        let look = (who.id, household, kind);
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = looked.of(on).contains(&look);
        drop(looked);
        if is_known {
            return Ok(());
        }
        let id = household.derive(&format!("look {} {on} {}", who.id, kind.as_str()));
        let note = NoteLook { cell: self.cell_of(household), household, staff: who.id, role: who.role, kind, on };
        match self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(Command::NoteLook(note)))) {
            Ok(_) | Err(DoorError::Conflict(_)) => {
                self.looked.lock().unwrap_or_else(PoisonError::into_inner).of(on).insert(look);
                Ok(())
            }
            Err(DoorError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Who looked at a household, the latest day first, at most `limit`.
    pub fn looks(&self, household: Id, limit: usize) -> Result<Vec<HouseholdLook>, DeskError> {
        self.list(&List {
            table: HouseholdLook::table(),
            equal: vec![
                ("cell", Value::Int(i64::from(self.cell_of(household).0))),
                ("household", Value::Id(household)),
            ],
            order: vec!["looked_on", "staff"],
            descending: true,
            after: None,
            limit,
        })
    }

    /// At whom a member of staff looked, the latest day first, at most `limit`.
    pub fn looks_of(&self, staff: Id, limit: usize) -> Result<Vec<HouseholdLook>, DeskError> {
        let mut all: Vec<HouseholdLook> = self.in_every_cell(|cell| List {
            table: HouseholdLook::table(),
            equal: vec![("cell", cell), ("staff", Value::Id(staff))],
            order: vec!["looked_on", "household"],
            descending: true,
            after: None,
            limit,
        })?;
        all.sort_by_key(|row| std::cmp::Reverse((row.looked_on, row.first_at, row.household)));
        all.truncate(limit);
        Ok(all)
    }

    /// The guarantees that a household gave, was asked for or received.
    pub fn guarantees(&self, household: Id) -> Result<Vec<Guarantee>, DeskError> {
        self.rows(key![self.cell_of(household), household])
    }

    /// What was proposed under an id, whatever became of it; none where there is no such proposal.
    pub fn proposed(&self, cell: Cell, id: Id) -> Result<Option<Command>, DeskError> {
        let rows: Vec<Proposal> = self.rows(key![cell, id])?;
        rows.first().map(|row| cbor::from_bytes(&row.command).map_err(DeskError::from)).transpose()
    }
}
