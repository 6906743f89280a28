//! A driver put by in the night between two days, and taken up again over the same books.

use std::collections::BTreeMap;

use basics::Date;
use basics::cbor::{self, DecodeError};
use door::backend::Durability;

use super::rail::Open;
use super::{Book, Counts, DriveError, Driver, Pace, Platform};
use crate::deed::{Deed, Reply};

/// Why a driver that was put by cannot be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The bytes are not those of a driver.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The books failed.
    #[error(transparent)]
    Drive(#[from] DriveError),
}

type Kept = (Date, Book, Option<String>, bool, Vec<Reply>, Vec<(Date, Deed)>, BTreeMap<Date, Vec<Open>>, Counts);

impl Driver {
    /// What the driver remembers between two days, as bytes; nothing of it is in the books.
    pub fn keep(&self) -> Vec<u8> {
        let (second_proof, away) = (&self.second_proof, self.is_office_away);
        let (overnight, kept, rails) = (&self.overnight, &self.kept, &self.on_rails);
        cbor::to_bytes(&(self.day, &self.book, second_proof, away, overnight, kept, rails, self.counts))
    }

    /// The driver that was put by, over books as they were then. Errors if the bytes are not those of [`Driver::keep`].
    pub fn kept(platform: Platform, pace: Pace, bytes: &[u8]) -> Result<Driver, KeptError> {
        let known: Kept = cbor::from_bytes(bytes)?;
        let (day, book, second_proof, is_office_away, overnight, kept, on_rails, counts) = known;
        let mut driver = Driver::new(platform, pace, day);
        driver.stepper.set_durability(Durability::Later).map_err(DriveError::from)?;
        Ok(Driver { book, second_proof, is_office_away, overnight, kept, on_rails, counts, ..driver })
    }
}
