//! Enrolment and erasure: personal data is sealed here, and only here.

use basics::{Cell, Id, Instant, cbor};
use door::backend::DirectoryRow;
use door::directory::{self, Burial};
use door::{Actor, Answer, Order, Request, key};

use super::{Desk, DeskError, prepare};
use crate::command::{Command, Outcome};
use crate::enrol::Bury;
use crate::erase::Erase;
use crate::house::Tianxin;
use crate::tables::{Contact, MemberRole, Sealed};
use crate::vault::VaultError;

/// A household to be enrolled, as typed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolRequest {
    /// The command id.
    pub command_id: Id,
    /// The household, made by the caller.
    pub household: Id,
    /// Where it lives.
    pub village: String,
    /// Its persons, the head first.
    pub members: Vec<NewMember>,
    /// What it consented to: purpose and version of the text.
    pub consents: Vec<(String, String)>,
}

impl EnrolRequest {
    /// The ids of its persons, in the order of its members.
    pub fn persons(&self) -> Vec<Id> {
        (0..self.members.len()).map(|n| self.household.derive(&format!("person-{n}"))).collect()
    }

    /// What was typed, as bytes that stay the same from one version of the program to the next.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let member = |new: &NewMember| {
            let NewMember { role, name, resident_id, phone, extra_fields } = new.clone();
            (role, name, resident_id, phone, extra_fields)
        };
        let members: Vec<_> = self.members.iter().map(member).collect();
        cbor::to_bytes(&(self.household, self.village.clone(), members, self.consents.clone()))
    }
}

/// A person to be enrolled, as typed in and checked by the identity port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMember {
    /// What it is in the household.
    pub role: MemberRole,
    /// Name.
    pub name: String,
    /// Resident id.
    pub resident_id: String,
    /// Phone, if it has one.
    pub phone: Option<String>,
    /// Other fields to seal, by name: the hash of a sign-in secret.
    pub extra_fields: Vec<(String, String)>,
}

impl Desk {
    /// Enrols a household. Can be repeated whole with the same command id.
    pub fn enrol(&self, asked: &EnrolRequest, actor: Actor, at: Instant) -> Result<Answer, DeskError> {
        if asked.members.is_empty() {
            return Err(DeskError::refused("bad_household", "a household has one head and at most 20 persons"));
        }
        self.vault.make_keys(&asked.persons()).map_err(|error| match error {
            VaultError::Erased => {
                DeskError::refused("erased_already", "this household was erased: enrol it under a new id")
            }
            other => other.into(),
        })?;
        let cells = self.engine.backend().cells();
        let (claims, request) = prepare::enrolment(self.vault.as_ref(), cells, asked, actor, at)?;
        let (tombstone, is_alive) = burial(at);
        let burial = Burial { tombstone: &tombstone, is_alive: &is_alive };
        let answer = directory::enrol(&self.engine, claims, request, &burial)?;
        // Who is on a list is enrolled, and looked at: a list alone refuses nobody.
        self.screen_new(asked, at)?;
        Ok(answer)
    }

    /// Settles claims that crashes left behind in the directory.
    pub fn heal_directory(&self, now: Instant) -> Result<usize, DeskError> {
        let (tombstone, is_alive) = burial(now);
        let burial = Burial { tombstone: &tombstone, is_alive: &is_alive };
        Ok(directory::heal(&self.engine, now, &burial)?)
    }

    /// The persons who can be reached under a phone: it may serve several.
    pub fn by_phone(&self, phone: &str) -> Result<Vec<Contact>, DeskError> {
        let hash = self.phone_hash(phone).to_vec();
        let keys: Vec<_> = (1..=self.engine.backend().cells())
            .map(|cell| key![Cell(cell), "phone".to_owned(), hash.clone()])
            .collect();
        let table = <Contact as door::Record>::table();
        let columns: Vec<usize> = ["cell", "kind", "hash"].iter().filter_map(|name| table.column(name)).collect();
        let rows = self.readers.with(|reader| reader.load_many(table, &columns, &keys))?;
        rows.iter()
            .map(|row| {
                door::Record::from_row(row).map_err(|e: door::table::RowError| DeskError::Damaged(e.to_string()))
            })
            .collect()
    }

    /// A field of a person in clear; `None` if it is erased.
    pub fn field(&self, household: Id, person: Id, field: &str) -> Result<Option<String>, DeskError> {
        let rows: Vec<Sealed> = self.rows(key![self.cell_of(household), household, person, field.to_owned()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        match self.vault.open(person, &row.ciphertext) {
            Ok(plain) => String::from_utf8(plain).map(Some).map_err(|e| DeskError::Damaged(e.to_string())),
            Err(VaultError::Erased) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Proposes or does an erasure order, and destroys the key once nothing must be kept.
    pub fn erase(&self, request: Request<Command>, person: Id) -> Result<Answer, DeskError> {
        let answer = self.engine.call(request)?;
        self.finish_erasure(&answer, person)?;
        Ok(answer)
    }

    /// Destroys the key of a person once the door has said that nothing must be kept. Said again, it is destroyed once.
    pub fn finish_erasure(&self, answer: &Answer, person: Id) -> Result<(), DeskError> {
        let is_decided = answer.step == door::StepKind::Decided;
        if is_decided && answer.outcome::<Tianxin>()? == (Outcome::Erased { retained_until: None }) {
            self.vault.destroy(person)?;
        }
        Ok(())
    }

    /// The erasure of a person, with the last date its household's money moved.
    pub fn erasure_of(&self, household: Id, person: Id) -> Result<Command, DeskError> {
        let last_moved = self.account(household, None, 1)?.first().map(|line| line.booking_date);
        Ok(Command::Erase(Erase { cell: self.cell_of(household), household, person, last_moved }))
    }
}

type Tombstone = Box<dyn Fn(&DirectoryRow) -> Request<Command>>;
type IsAlive = Box<dyn Fn(&Outcome) -> bool>;

fn burial(at: Instant) -> (Tombstone, IsAlive) {
    let tombstone = move |row: &DirectoryRow| {
        let id = row.household.derive(&format!("bury-{}", row.claimed_at.0));
        let bury = Command::Bury(Bury { cell: row.cell, household: row.household });
        Request::plain(id, Actor::SYSTEM, at, Order::Do(bury))
    };
    (Box::new(tombstone), Box::new(|outcome| *outcome == Outcome::AlreadyThere))
}
