//! As known then: the profile as it stood at a moment, folded again from the events themselves.
//!
//! A model must learn from what a decision could see, not from what was learnt since. The record of a decision holds its
//! vector; that the vector is right is proved by folding the events known then once more.

use basics::Instant;

use crate::event::{Event, EventError};
use crate::profile::Profile;

/// Up to which event a household is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The version of the profile that a decision names: exact.
    Version(u64),
    /// Everything that had become known at or before an instant.
    Instant(Instant),
}

/// Why a profile cannot be folded again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    /// Of some events it was not kept when they became known.
    #[error("of {0} events it is not known when they became known: they were taken in before that was kept")]
    Unknown(usize),
    /// Events are missing or there twice.
    #[error("{found} events were known then and the profile was at version {version}: run `tianxin audit verify`")]
    Gap {
        /// Events found.
        found: u64,
        /// The version asked for.
        version: u64,
    },
    /// A stored event cannot be folded.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// The profile as it stood, from all events of a household, in whatever order.
pub fn as_known(events: &[Event], until: Until) -> Result<Profile, RebuildError> {
    let unknown = events.iter().filter(|event| event.known.is_none()).count();
    if unknown > 0 {
        return Err(RebuildError::Unknown(unknown));
    }
    let was_known = |event: &&Event| {
        event.known.is_some_and(|known| match until {
            Until::Version(version) => known.place <= version,
            Until::Instant(instant) => known.at <= instant,
        })
    };
    let mut profile = Profile::default();
    for event in events.iter().filter(was_known) {
        profile.fold(event)?;
    }
    match until {
        Until::Version(version) if profile.version() != version => {
            Err(RebuildError::Gap { found: profile.version(), version })
        }
        _ => Ok(profile),
    }
}
