//! Ratings that follow what is observed: which households wait to be rated anew, and rating them.

use basics::{Id, Instant};
use door::backend::List;
use door::{Actor, DoorError, Order, Record, Request, key};

use policy::{FollowRules, LowerBy};

use super::known::Reading;
use super::{Desk, DeskError};
use crate::assess::{Judge, rated};
use crate::command::{Command, Outcome};
use crate::follow::{FacilityMove, Follow, FollowRating};
use crate::rating::{HouseholdRating, Rate, RatingChange};

/// Households that may wait to be rated; more are rated when they are next observed.
const WAITING_MAX: usize = 100_000;

/// What became of households that waited to be rated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rated {
    /// Ratings that changed.
    pub changed: usize,
    /// Facilities that followed: lowered, put before a person, or a raise offered.
    pub moved: usize,
    /// Households that could not be rated, or whose facility could not follow.
    pub failed: usize,
    /// Why, of the first of them.
    pub first_failure: Option<String>,
}

impl Desk {
    /// Notes that a household was observed. One that waits already waits once, however much was observed of it; an event
    /// touches its own household alone, so a trader with a thousand customers makes one rating and not a thousand.
    pub(super) fn touch(&self, household: Id) {
        let mut waiting = self.waiting();
        if waiting.len() < WAITING_MAX {
            waiting.insert(household);
        }
    }

    /// Rates at most so many of the households that were observed since they were last rated, and lets their facilities follow.
    ///
    /// A household that cannot be rated now does not stop the others: it is counted with the reason, and rated when it is next
    /// observed.
    pub fn rate_touched(&self, most: usize, at: Instant) -> Rated {
        let mut rated = Rated::default();
        for _ in 0..most {
            let Some(household) = self.waiting().pop_first() else { break };
            let done = self.rate(household, at).and_then(|changed| {
                let moved = changed && self.follow(household, at)?;
                Ok((changed, moved))
            });
            match done {
                Ok((changed, moved)) => {
                    rated.changed += usize::from(changed);
                    rated.moved += usize::from(moved);
                }
                Err(error) => {
                    rated.failed += 1;
                    rated.first_failure.get_or_insert_with(|| format!("household {household}: {error}"));
                }
            }
        }
        rated
    }

    /// Lets a household's facility follow the last change of its rating, as the policy says; whether anything was booked.
    ///
    /// A first rating, and one that a person would have to look at, move nothing.
    pub fn follow(&self, household: Id, at: Instant) -> Result<bool, DeskError> {
        let judge = self.judge()?;
        let mut did = false;
        self.until_fresh(|| {
            did = false;
            let Some(follow) = self.follows(&judge, household)? else {
                return Err(DeskError::refused("rating_stands", "nothing follows from it"));
            };
            let id =
                household.derive(&format!("follow {} {} {}", follow.place, follow.from_minor, follow.exposure_minor));
            let order = Order::Do(Command::FollowRating(follow));
            let answer = self.engine.call(Request::plain(id, Actor::SYSTEM, at, order))?;
            did = !answer.replayed && answer.outcome::<crate::Tianxin>()? == Outcome::Done;
            Ok(answer)
        })
        .map(|_| ())
        .or_else(|error| match error {
            DeskError::Door(DoorError::Refused(refusal)) if refusal.code == "rating_stands" => Ok(()),
            error => Err(error),
        })?;
        Ok(did)
    }

    /// What follows from the last change of a household's rating; none where nothing does.
    fn follows(&self, judge: &Judge, household: Id) -> Result<Option<FollowRating>, DeskError> {
        let Some(change) = self.rating_changes(household)?.pop() else { return Ok(None) };
        let (Some(before), Some(after)) = (&change.before, &change.after) else { return Ok(None) };
        let place_of = |rating: &str| judge.rules.prices.iter().position(|price| price.rating == rating);
        let is_worse = match (place_of(before), place_of(after)) {
            (Some(before), Some(after)) if before != after => after > before,
            _ => return Ok(None),
        };
        let how = match (is_worse, judge.rules.follows) {
            (true, FollowRules { lower: Some(LowerBy::Rating), .. }) => Follow::LowerAtOnce,
            (true, FollowRules { lower: Some(LowerBy::Person), .. }) => Follow::ProposeLower,
            (false, FollowRules { raise_days: Some(days), .. }) => Follow::OfferRaise { days },
            _ => return Ok(None),
        };
        let known = self.known(household, Reading::Lending)?;
        let Some(view) = known.facility()? else { return Ok(None) };
        let limits = known.limits(self.house(), judge, self.vault.as_ref())?;
        let lendable = limits.iter().filter(|view| view.limit.outcome == policy::Outcome::Approve);
        let most = lendable.map(|view| view.limit.limit_minor).max();
        // Where a person would have to look, no rating decides.
        if most.is_none() && limits.iter().any(|view| view.limit.outcome == policy::Outcome::Refer) {
            return Ok(None);
        }
        let exposure_minor = known.standing(self.vault.as_ref(), None)?.exposure_minor;
        Ok(Some(FollowRating {
            cell: known.cell,
            household,
            facility: view.row.id,
            place: change.place,
            from_minor: view.state.amount_fen,
            exposure_minor,
            target_minor: exposure_minor.saturating_add(most.unwrap_or(0)),
            how,
        }))
    }

    /// The latest changes of ratings over all cells, with what each did to the facility; the latest first, at most `limit`.
    pub fn latest_rating_changes(&self, limit: usize) -> Result<Vec<(RatingChange, Option<FacilityMove>)>, DeskError> {
        let mut all: Vec<RatingChange> = self.in_every_cell(|cell| List {
            table: RatingChange::table(),
            equal: vec![("cell", cell)],
            order: vec!["changed_on", "household", "place"],
            descending: true,
            after: None,
            limit,
        })?;
        all.sort_by_key(|row| std::cmp::Reverse((row.changed_on, row.household, row.place)));
        all.truncate(limit);
        let keys: Vec<_> = all.iter().map(|row| key![row.cell, row.household, row.place]).collect();
        let moves: Vec<FacilityMove> = self.many(&[0, 1, 2], &keys)?;
        let moved = |row: &RatingChange| {
            moves.iter().find(|moved| moved.household == row.household && moved.place == row.place).cloned()
        };
        Ok(all.into_iter().map(|row| (row.clone(), moved(&row))).collect())
    }

    /// What changes of rating did to a household's facility, oldest first.
    pub fn facility_moves(&self, household: Id) -> Result<Vec<FacilityMove>, DeskError> {
        self.rows(key![self.cell_of(household), household])
    }

    /// Works a household's rating out and books it where it has changed; whether it has.
    pub fn rate(&self, household: Id, at: Instant) -> Result<bool, DeskError> {
        let judge = self.judge()?;
        let mut sent = false;
        let answer = self.until_fresh(|| {
            let known = self.known(household, Reading::Behaviour)?;
            let (profile, profile_version) = known.judged_profile(self.vault.as_ref())?;
            let (rating, reasons) = rated(&judge, &profile, known.open_date);
            let standing = self.rating(household)?;
            if standing.as_ref().and_then(|row| row.rating.clone()) == rating {
                return Err(DeskError::refused("rating_stands", "the household is rated so already"));
            }
            let withheld = known.is_withheld()?;
            // A consent that is withdrawn and given again rates otherwise on the same profile.
            let place = standing.as_ref().map_or(0, |row| row.changes);
            let id = household.derive(&format!("rate {profile_version} {} {rating:?} {place}", judge.model_hash()));
            let rate = Rate {
                cell: known.cell,
                household,
                rating,
                profile_version,
                reasons,
                model: judge.model_hash().to_owned(),
                rules: judge.rules.hash.clone(),
                withheld,
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
