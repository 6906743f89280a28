//! Behaviour that follows from the books: the journal of every cell is read on from where it was read to, and what it moved is
//! observed of the households it belongs to. A reading that was cut off begins again at the last note and tells nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use basics::{Cell, Id, Instant, cbor};
use door::backend::List;
use door::record::JournalRecord;
use door::tables::Journal;
use door::{Actor, DoorError, Order, Record, Request, Value, key};
use insight::Event;

use super::{Desk, DeskError};
use crate::command::Command;
use crate::fact::Fact;
use crate::movement::{MovementCursor, NoteMovements, Touched, life_of, touched};
use crate::observe::EVENTS_MAX;
use crate::tables::Behaviour;
use crate::vault::VaultError;

/// Where nothing moved, it is noted how far was read once in so many records.
const UNNOTED_EVERY: i64 = 5_000;

/// What became of a reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MovementsRead {
    /// Records read.
    pub records: usize,
    /// Events observed.
    pub events: usize,
    /// Households of which something could not be told; it is told when something of theirs moves again.
    pub failed: usize,
    /// Why, of the first of them.
    pub first_failure: Option<String>,
}

impl Desk {
    /// Reads at most so many records of each cell's journal on, and observes what they moved.
    ///
    /// A cell that was never read begins at its head: what was before is not told again. Errors if the database cannot be read.
    pub fn read_movements(&self, most: usize, at: Instant) -> Result<MovementsRead, DeskError> {
        let mut read = MovementsRead::default();
        let cells: Vec<Cell> = (1..=self.engine.backend().cells()).map(Cell).collect();
        for head in self.heads(&cells)? {
            let Some(from_seq) = self.read_to(head.cell)? else {
                self.note_movements(head.cell, head.seq, at)?;
                self.remember(head.cell, head.seq);
                continue;
            };
            if head.seq > from_seq {
                self.read_cell(head.cell, from_seq, most, at, &mut read)?;
            }
        }
        Ok(read)
    }

    /// How far a journal was read; none if it never was. What this process has read is asked first.
    fn read_to(&self, cell: Cell) -> Result<Option<i64>, DeskError> {
        if let Some(seq) = self.read_to.lock().unwrap_or_else(PoisonError::into_inner).get(&cell) {
            return Ok(Some(*seq));
        }
        let noted: Vec<MovementCursor> = self.rows(key![cell])?;
        Ok(noted.first().map(|row| row.read_seq))
    }

    fn remember(&self, cell: Cell, seq: i64) {
        self.read_to.lock().unwrap_or_else(PoisonError::into_inner).insert(cell, seq);
    }

    fn read_cell(
        &self,
        cell: Cell,
        from_seq: i64,
        most: usize,
        at: Instant,
        read: &mut MovementsRead,
    ) -> Result<(), DeskError> {
        let rows: Vec<Journal> = self.list(&List {
            table: Journal::table(),
            equal: vec![("cell", Value::Int(i64::from(cell.0)))],
            order: vec!["seq"],
            descending: false,
            after: Some(key![from_seq]),
            limit: most,
        })?;
        let Some(last) = rows.last().map(|row| row.seq) else { return Ok(()) };
        let mut loans: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        let mut told: BTreeMap<Id, Vec<Event>> = BTreeMap::new();
        for row in &rows {
            let record: JournalRecord = cbor::from_bytes(&row.bytes)?;
            let facts: Result<Vec<Fact>, _> = record.facts.iter().map(|bytes| cbor::from_bytes(bytes)).collect();
            for touched in touched(&facts?, row.command_id) {
                match touched {
                    Touched::Loan { household, loan } => {
                        loans.entry(household).or_default().insert(loan);
                    }
                    Touched::Happened(event) => told.entry(event.household).or_default().push(event),
                }
            }
        }
        read.records += rows.len();
        let households: BTreeSet<Id> = loans.keys().chain(told.keys()).copied().collect();
        for household in &households {
            let own = loans.remove(household).unwrap_or_default();
            let once = told.remove(household).unwrap_or_default();
            match self.observe_moved(*household, &own, once, at) {
                Ok(events) => read.events += events,
                Err(error) => {
                    read.failed += 1;
                    read.first_failure.get_or_insert_with(|| format!("household {household}: {error}"));
                }
            }
        }
        // A note is a record itself: where nothing moved, none is made but after many records.
        if !households.is_empty() || last % UNNOTED_EVERY < rows.len() as i64 {
            self.note_movements(cell, last, at)?;
        }
        self.remember(cell, last);
        Ok(())
    }

    /// Observes what is new of a household's loans, and what happened once; how many events.
    fn observe_moved(
        &self,
        household: Id,
        loans: &BTreeSet<Id>,
        mut events: Vec<Event>,
        at: Instant,
    ) -> Result<usize, DeskError> {
        let cell = self.cell_of(household);
        let today = self.open_date(cell)?;
        for loan in loans {
            let (_, terms, life) = self.loan(household, *loan)?;
            let state = loan::fold(&terms, &life, today)?;
            events.extend(life_of(household, *loan, &life, &state));
        }
        let keys: Vec<_> = events.iter().map(|event| key![cell, household, event.id]).collect();
        let known: Vec<Behaviour> = self.many(&[0, 1, 2], &keys)?;
        events.retain(|event| !known.iter().any(|row| row.id == event.id));
        events.sort_by_key(|event| (event.date, event.id));
        let count = events.len();
        for part in events.chunks(EVENTS_MAX) {
            let name = part.iter().fold(household.derive("moved"), |id, event| id.derive(&event.id.to_string()));
            match self.observe(name, household, part, Actor::SYSTEM, at) {
                Ok(_) => {
                    // The monitor sees what the books move as it sees what is told.
                    self.watch(household, part, at)?;
                }
                // Nobody is there any more of whom something could be known.
                Err(DeskError::Vault(VaultError::Erased)) => return Ok(0),
                // Another server on these books was faster.
                Err(DeskError::Door(DoorError::Conflict(_))) => {}
                Err(DeskError::Door(DoorError::Refused(refusal))) if refusal.code == "event_known" => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    fn note_movements(&self, cell: Cell, read_seq: i64, at: Instant) -> Result<(), DeskError> {
        let id = Id::default().derive(&format!("movements {} {read_seq}", cell.0));
        let order = Order::Do(Command::NoteMovements(NoteMovements { cell, read_seq }));
        match self.engine.call(Request::plain(id, Actor::SYSTEM, at, order)) {
            Ok(_) => Ok(()),
            Err(DoorError::Refused(refusal)) if refusal.code == "cursor_stands" => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
