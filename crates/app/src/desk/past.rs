//! As known then: what was stored of a household's behaviour, and the vector of an old decision computed from it again.

use basics::{Cell, Id, cbor};
use door::table::Record;
use door::{Connection, key};
use insight::feature::{FeatureVector, features_for};
use insight::rebuild::{RebuildError, Until, as_known};
use insight::{Event, Profile};

use super::{Desk, DeskError};
use crate::assess::Assessment;
use crate::tables::{Behaviour, BehaviourProfile};
use crate::vault::Vault;

/// Every event of a household, opened, in the order of their ids. Errors if its key is gone.
pub fn stored_events(
    reader: &mut dyn Connection,
    vault: &dyn Vault,
    (cell, household): (Cell, Id),
) -> Result<Vec<Event>, DeskError> {
    let damaged = |error: door::table::RowError| DeskError::Damaged(error.to_string());
    let profiles = reader.load_many(BehaviourProfile::table(), &[0, 1], &[key![cell, household]])?;
    let Some(profile) = profiles.first() else { return Ok(Vec::new()) };
    let person = BehaviourProfile::from_row(profile).map_err(damaged)?.person;
    let mut events = Vec::new();
    for row in reader.load_many(Behaviour::table(), &[0, 1], &[key![cell, household]])? {
        let row = Behaviour::from_row(&row).map_err(damaged)?;
        events.push(cbor::from_bytes::<Event>(&vault.open(person, &row.ciphertext)?)?);
    }
    events.sort_by_key(|event| event.id);
    Ok(events)
}

/// The vector of a decision, computed again from the events that were known when it was made.
///
/// `None` for records of before it was kept by what the features were read.
pub fn vector_as_known(record: &Assessment, events: &[Event]) -> Option<Result<FeatureVector, RebuildError>> {
    let seen = record.seen?;
    let version = u64::try_from(record.profile_version).unwrap_or(0);
    let profile = if version == 0 { Ok(Profile::default()) } else { as_known(events, Until::Version(version)) };
    Some(profile.map(|profile| features_for(&profile, &seen.request, seen.on)))
}

impl Desk {
    /// Every event of a household. Errors if its key is gone.
    pub fn events(&self, household: Id) -> Result<Vec<Event>, DeskError> {
        let place = (self.cell_of(household), household);
        self.readers.with(|reader| Ok(stored_events(reader, self.vault.as_ref(), place)))?
    }

    /// The ids of the events that a household is known by.
    pub fn event_ids(&self, household: Id) -> Result<Vec<Id>, DeskError> {
        let rows: Vec<Behaviour> = self.rows(key![self.cell_of(household), household])?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}
