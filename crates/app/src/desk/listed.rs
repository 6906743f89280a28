//! Lists are loaded and every household is held against them: by keyed hash of the resident id, and by name as "possible".
//!
//! What is found is raised under an id made of entry and household, so that a screening that was cut off is begun again and tells nothing twice,
//! and an updated list tells only what is new. By resident id it asks an index; by name it reads every sealed name once.

use std::collections::HashMap;

use basics::{Cell, Date, Id, Instant};
use door::table::{Key, Record};
use door::{Actor, DoorError, Order, Request, key};

use super::{Desk, DeskError, EnrolRequest};
use crate::case::{AlertSignal, RaiseAlert};
use crate::command::Command;
use crate::listed::{LISTED, LISTED_NAME, ListEntry, ListedPerson, LoadList, PART_MAX, normal_name};
use crate::tables::{Contact, Sealed};
use crate::vault::VaultError;

/// Rows of one read.
const PAGE: usize = 500;

/// Someone on a list as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToList {
    /// Resident id, where the list has one.
    pub resident_id: Option<String>,
    /// Name.
    pub name: String,
    /// Why it is listed, or its number there.
    pub reason: String,
}

/// What came of a screening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screened {
    /// Entries of the list.
    pub entries: usize,
    /// Households that have a person with a listed resident id.
    pub certain: usize,
    /// Households that have a person with a listed name, and another resident id or none on the list.
    pub possible: usize,
}

impl Desk {
    /// Loads a list whole, and holds every household against it. Can be repeated whole with the same command id.
    ///
    /// Errors if an entry is not valid, a newer version is loaded, or the books cannot be read; what was loaded by then is loaded.
    pub fn load_list(
        &self,
        (command_id, actor, at): (Id, Actor, Instant),
        (list, source, as_of): (&str, &str, Date),
        people: &[ToList],
    ) -> Result<Screened, DeskError> {
        if people.is_empty() {
            return Err(DeskError::refused("list_empty", "there is nobody on the list: check the file"));
        }
        let entry = |one: &ToList| ListEntry {
            hash: one.resident_id.as_deref().map(|id| self.resident_hash(id).to_vec().into()),
            name: normal_name(&one.name),
            reason: one.reason.clone(),
        };
        let parts: Vec<&[ToList]> = people.chunks(PART_MAX).collect();
        for (place, part) in parts.iter().enumerate() {
            let load = LoadList {
                list: list.to_owned(),
                source: source.to_owned(),
                as_of,
                entries: part.iter().map(entry).collect(),
                ends: place + 1 == parts.len(),
            };
            let id = command_id.derive(&format!("part {place}"));
            self.engine.call(Request::plain(id, actor, at, Order::Do(Command::LoadList(load))))?;
        }
        self.screen_list(list, at)
    }

    /// Those on a list.
    pub fn listed(&self, list: &str) -> Result<Vec<ListedPerson>, DeskError> {
        self.rows(key![Cell::OFFICE, list.to_owned()])
    }

    /// Holds every household against a list.
    pub fn screen_list(&self, list: &str, at: Instant) -> Result<Screened, DeskError> {
        let rows = self.listed(list)?;
        let mut screened = Screened { entries: rows.len(), ..Screened::default() };
        for row in &rows {
            let Some(hash) = &row.hash else { continue };
            for household in self.by_resident_hash(hash)? {
                self.raise_listed(row, household, LISTED, at)?;
                screened.certain += 1;
            }
        }
        let names: HashMap<&str, &ListedPerson> = rows.iter().map(|row| (row.name.as_str(), row)).collect();
        for cell in (1..=self.engine.backend().cells()).map(Cell) {
            screened.possible += self.screen_names(cell, &names, at)?;
        }
        Ok(screened)
    }

    fn screen_names(&self, cell: Cell, names: &HashMap<&str, &ListedPerson>, at: Instant) -> Result<usize, DeskError> {
        let (mut after, mut found): (Option<Key>, usize) = (None, 0);
        loop {
            let prefix = key![cell];
            let rows = self.readers.with(|reader| reader.scan(Sealed::table(), &prefix, after.as_deref(), PAGE))?;
            let count = rows.len();
            for row in &rows {
                let row = Sealed::from_row(row).map_err(|error| DeskError::Damaged(error.to_string()))?;
                after = Some(key![row.cell, row.household, row.person, row.field.clone()]);
                if row.field != "name" {
                    continue;
                }
                let name = match self.vault.open(row.person, &row.ciphertext) {
                    Ok(plain) => normal_name(&String::from_utf8_lossy(&plain)),
                    // Nobody is there any more.
                    Err(VaultError::Erased) => continue,
                    Err(error) => return Err(error.into()),
                };
                if let Some(listed) = names.get(name.as_str())
                    && !self.is_same_person(listed, row.household)?
                {
                    self.raise_listed(listed, row.household, LISTED_NAME, at)?;
                    found += 1;
                }
            }
            if count < PAGE {
                return Ok(found);
            }
        }
    }

    /// Whether an entry is of a person of this household by its resident id: then it was told already, for certain.
    fn is_same_person(&self, listed: &ListedPerson, household: Id) -> Result<bool, DeskError> {
        match &listed.hash {
            Some(hash) => Ok(self.by_resident_hash(hash)?.contains(&household)),
            None => Ok(false),
        }
    }

    fn by_resident_hash(&self, hash: &[u8]) -> Result<Vec<Id>, DeskError> {
        let table = Contact::table();
        let columns: Vec<usize> = ["cell", "kind", "hash"].iter().filter_map(|name| table.column(name)).collect();
        let keys: Vec<Key> = (1..=self.engine.backend().cells())
            .map(|cell| key![Cell(cell), "resident_id".to_owned(), hash.to_vec()])
            .collect();
        let rows = self.readers.with(|reader| reader.load_many(table, &columns, &keys))?;
        let contact = |row: &door::table::Row| Contact::from_row(row).map(|contact| contact.household);
        rows.iter().map(|row| contact(row).map_err(|error| DeskError::Damaged(error.to_string()))).collect()
    }

    /// Holds a household that is being enrolled against every list. How many hits.
    pub(super) fn screen_new(&self, asked: &EnrolRequest, at: Instant) -> Result<usize, DeskError> {
        let mut hits = 0;
        for member in &asked.members {
            let hash = self.resident_hash(&member.resident_id).to_vec();
            let table = ListedPerson::table();
            let by = |column: &str, value: door::Value| {
                let columns: Vec<usize> = ["cell", column].iter().filter_map(|name| table.column(name)).collect();
                let place = vec![door::Value::Int(i64::from(Cell::OFFICE.0)), value];
                self.readers.with(|reader| reader.load_many(table, &columns, &[place]))
            };
            let certain = by("hash", door::table::Field::to_value(&hash))?;
            let possible = by("name", door::table::Field::to_value(&normal_name(&member.name)))?;
            for (rows, typology) in [(certain, LISTED), (possible, LISTED_NAME)] {
                for row in rows {
                    let row = ListedPerson::from_row(&row).map_err(|error| DeskError::Damaged(error.to_string()))?;
                    if typology == LISTED_NAME && row.hash.as_deref() == Some(hash.as_slice()) {
                        continue;
                    }
                    self.raise_listed(&row, asked.household, typology, at)?;
                    hits += 1;
                }
            }
        }
        Ok(hits)
    }

    fn raise_listed(&self, row: &ListedPerson, household: Id, typology: &str, at: Instant) -> Result<(), DeskError> {
        let signal = AlertSignal {
            kind: typology.to_owned(),
            p_ppm: 0,
            observed: 1,
            low: 0,
            high: 0,
            peers: None,
            evidence: vec![row.id],
        };
        let alert = RaiseAlert {
            alert: row.id.derive(&format!("{typology} {household}")),
            subject: household,
            subject_kind: "household".to_owned(),
            grade: "alert".to_owned(),
            typology: typology.to_owned(),
            score_milli: if typology == LISTED { 2_000 } else { 1_000 },
            money_minor: 0,
            signals: vec![signal],
            config: None,
        };
        let id = alert.alert.derive("raise");
        match self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(Command::RaiseAlert(alert)))) {
            // Told before, or told now.
            Ok(_) | Err(DoorError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
