//! Behaviour events come in and are folded into the household's profile.
//!
//! The folding is slow pure work and is done before the door, on a profile of a known
//! version; the door takes the new profile only if that version still stands.

use basics::merkle::leaf_hash;
use basics::{Cell, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::{Behaviour, BehaviourProfile, Household};

/// Events taken by one command at most.
pub const EVENTS_MAX: usize = 500;

/// Fold behaviour events into a household's profile.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Observe {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The person whose key seals events and profile.
    #[n(2)]
    pub person: Id,
    /// The version of the profile that was folded into; 0 for none.
    #[n(3)]
    pub version_before: i64,
    /// The version since.
    #[n(4)]
    pub version: i64,
    /// The events: id, ciphertext, commitment.
    #[n(5)]
    pub events: Vec<(Id, ByteVec, ByteVec)>,
    /// The profile since, encrypted.
    #[n(6)]
    pub profile: ByteVec,
}

impl Tianxin {
    pub(crate) fn needs_observe(&self, command: &Observe, needs: &mut Needs) {
        let (cell, household) = (command.cell, command.household);
        needs.rows::<Household>(key![cell, household]);
        needs.rows::<BehaviourProfile>(key![cell, household]);
        for (event, ..) in command.events.iter().take(EVENTS_MAX) {
            needs.rows::<Behaviour>(key![cell, household, *event]);
        }
    }

    pub(crate) fn observe(&self, slice: &Overlay, command: &Observe, _: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        known_household(slice, cell, household)?;
        if command.events.is_empty() || command.events.len() > EVENTS_MAX {
            let message = format!("send 1 to {EVENTS_MAX} events at once");
            return Err(Refusal::new("bad_event_count", message).into());
        }
        let standing = slice.get::<BehaviourProfile>(&key![cell, household])?.map_or(0, |row| row.version);
        if standing != command.version_before {
            return Err(
                stale("profile_stale", "the profile has changed since it was read: fold the events again").into()
            );
        }
        let mut digest = Vec::new();
        let mut ids = std::collections::BTreeSet::new();
        for (event, _, commitment) in &command.events {
            if !ids.insert(*event) || slice.get::<Behaviour>(&key![cell, household, *event])?.is_some() {
                let message = format!("event {event} was sent before: leave it out");
                return Err(Refusal::new("event_known", message).into());
            }
            digest.extend_from_slice(commitment);
        }
        let fact = Fact::EventsObserved {
            household,
            count: command.events.len() as u32,
            version: command.version,
            digest: leaf_hash(&digest).to_vec().into(),
        };
        let mut change = Change::new(Outcome::Observed { version: command.version }, vec![fact]);
        for (event, ciphertext, _) in &command.events {
            change = change.with_side(&Behaviour { cell, household, id: *event, ciphertext: ciphertext.to_vec() });
        }
        Ok(change.with_side(&BehaviourProfile {
            cell,
            household,
            version: command.version,
            person: command.person,
            ciphertext: command.profile.to_vec(),
        }))
    }
}

/// A refusal that the shell in front of the door answers by doing its work again.
pub fn stale(code: &'static str, message: &str) -> Refusal {
    Refusal::new(code, message)
}

/// Refuses what concerns a household that is not enrolled.
pub(crate) fn known_household(slice: &Overlay, cell: Cell, household: Id) -> Result<Household, door::Stop> {
    slice
        .get::<Household>(&key![cell, household])?
        .filter(|row| row.status == crate::tables::HouseholdStatus::Active)
        .ok_or_else(|| Refusal::new("unknown_household", "there is no such household here: check the id").into())
}
