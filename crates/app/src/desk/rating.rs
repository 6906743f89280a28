//! Ratings that follow what is observed: which households wait to be rated anew, and rating them.

use basics::{Id, Instant};
use door::{Actor, DoorError, Order, Request, key};

use super::known::Reading;
use super::{Desk, DeskError};
use crate::assess::rated;
use crate::command::Command;
use crate::rating::{HouseholdRating, Rate, RatingChange};

/// Households that may wait to be rated; more are rated when they are next observed.
const WAITING_MAX: usize = 100_000;

impl Desk {
    /// Notes that a household was observed. One that waits already waits once, however much was observed of it; an event
    /// touches its own household alone, so a trader with a thousand customers makes one rating and not a thousand.
    pub(super) fn touch(&self, household: Id) {
        let mut waiting = self.waiting();
        if waiting.len() < WAITING_MAX {
            waiting.insert(household);
        }
    }

    /// Rates at most so many of the households that were observed since they were last rated; how many ratings changed.
    ///
    /// A household that cannot be rated now is left out and does not stop the others; it is rated when it is next observed.
    pub fn rate_touched(&self, most: usize, at: Instant) -> usize {
        let mut changed = 0;
        for _ in 0..most {
            let Some(household) = self.waiting().pop_first() else { break };
            changed += usize::from(matches!(self.rate(household, at), Ok(true)));
        }
        changed
    }

    /// Works a household's rating out and books it where it has changed; whether it has.
    pub fn rate(&self, household: Id, at: Instant) -> Result<bool, DeskError> {
        let judge = self.judge()?;
        let mut sent = false;
        let answer = self.until_fresh(|| {
            let known = self.known(household, Reading::Behaviour)?;
            let (profile, profile_version) = known.profile(self.vault.as_ref())?;
            let (rating, reasons) = rated(&judge, &profile, known.open_date);
            let standing = self.rating(household)?;
            if standing.and_then(|row| row.rating) == rating {
                return Err(DeskError::refused("rating_stands", "the household is rated so already"));
            }
            let id = household.derive(&format!("rate {profile_version} {} {rating:?}", judge.model_hash()));
            let rate = Rate {
                cell: known.cell,
                household,
                rating,
                profile_version,
                reasons,
                model: judge.model_hash().to_owned(),
                rules: judge.rules.hash.clone(),
            };
            let answer = self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(Command::Rate(rate))))?;
            sent = true;
            Ok(answer)
        });
        match answer {
            Ok(_) => Ok(sent),
            Err(DeskError::Door(DoorError::Refused(refusal))) if refusal.code == "rating_stands" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How a household is rated now; none if it never was.
    pub fn rating(&self, household: Id) -> Result<Option<HouseholdRating>, DeskError> {
        Ok(self.rows(key![self.cell_of(household), household])?.into_iter().next())
    }

    /// The changes of a household's rating, oldest first.
    pub fn rating_changes(&self, household: Id) -> Result<Vec<RatingChange>, DeskError> {
        self.rows(key![self.cell_of(household), household])
    }
}
