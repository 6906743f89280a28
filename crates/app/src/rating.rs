//! The living score: how a household is rated now, and every change of it with its reasons, as facts.
//!
//! What was observed of a household may move its rating. The desk works the rating out before the door, on a version of the
//! profile, and sends it only where it has changed; the books keep the rating and its history, which the household may
//! read. What could be borrowed is worked out anew whenever it is asked; what a change does to a facility in force is
//! [`crate::follow`]'s.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stamp, key};
use minicbor::{Decode, Encode};

use crate::command::Outcome;
use crate::consent::is_withheld;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::observe::{known_household, stale};
use crate::tables::BehaviourProfile;

/// Reasons of a rating that are kept.
const REASONS_MAX: usize = 8;

door::table! {
    /// How a household is rated now.
    pub struct HouseholdRating = "household_rating" (Household, State, key 2) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its rating; none while too little is known.
        rating: Option<String>,
        /// How often it has changed.
        changes: i64,
        /// The profile's version it was last worked out on, of those that changed it.
        profile_version: i64,
        /// Codes of what speaks against the household most, the worst first, a space between.
        reasons: String,
        /// The day it changed.
        since: Date,
    }
}

door::table! {
    /// A change of a household's rating.
    pub struct RatingChange = "rating_change" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its place among the household's changes, from 1.
        place: i64,
        /// The rating before; none while too little was known.
        before: Option<String>,
        /// The rating since.
        after: Option<String>,
        /// Codes of what speaks against the household since and did not before, a space between.
        worse: String,
        /// Codes of what spoke against it before and does not any more.
        better: String,
        /// Hash of the model.
        model: String,
        /// Hash of the rules.
        rules: String,
        /// The day.
        changed_on: Date,
    }
    index "rating_change_by_day" ["cell", "changed_on", "household", "place"];
}

/// Book that a household is rated otherwise.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Rate {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The rating.
    #[n(2)]
    pub rating: Option<String>,
    /// The profile's version that was read.
    #[n(3)]
    pub profile_version: i64,
    /// Codes of what speaks against the household most, the worst first.
    #[n(4)]
    pub reasons: Vec<String>,
    /// Hash of the model; empty where none spoke.
    #[n(5)]
    pub model: String,
    /// Hash of the rules.
    #[n(6)]
    pub rules: String,
    /// Whether its behaviour was left out, since the household has withdrawn its consent to that.
    #[n(7)]
    #[cbor(default)]
    pub withheld: bool,
}

/// A household is rated otherwise.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct RatingMoved {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// Before.
    #[n(1)]
    pub before: Option<String>,
    /// Since.
    #[n(2)]
    pub after: Option<String>,
    /// Codes of what speaks against it most.
    #[n(3)]
    pub reasons: Vec<String>,
    /// The profile's version that was read.
    #[n(4)]
    pub profile_version: i64,
    /// Hash of the model.
    #[n(5)]
    pub model: String,
    /// Hash of the rules.
    #[n(6)]
    pub rules: String,
}

impl Tianxin {
    pub(crate) fn needs_rate(&self, command: &Rate, needs: &mut Needs) {
        let (cell, household) = (command.cell, command.household);
        needs.rows::<crate::tables::Household>(key![cell, household]);
        needs.rows::<BehaviourProfile>(key![cell, household]);
        needs.rows::<HouseholdRating>(key![cell, household]);
        crate::consent::needs(needs, cell, household);
    }

    pub(crate) fn rate(&self, slice: &Overlay, command: &Rate, _: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        known_household(slice, cell, household)?;
        let version = slice.get::<BehaviourProfile>(&key![cell, household])?.map_or(0, |row| row.version);
        if version != command.profile_version || is_withheld(slice, cell, household)? != command.withheld {
            return Err(stale("profile_stale", "the profile has changed since it was read: rate again").into());
        }
        let before = slice.get::<HouseholdRating>(&key![cell, household])?.and_then(|row| row.rating);
        if before == command.rating {
            return Err(Refusal::new("rating_stands", "the household is rated so already").into());
        }
        let fact = Fact::RatingMoved(RatingMoved {
            household,
            before,
            after: command.rating.clone(),
            reasons: command.reasons.iter().take(REASONS_MAX).cloned().collect(),
            profile_version: command.profile_version,
            model: command.model.clone(),
            rules: command.rules.clone(),
        });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }
}

/// Turns the fact into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, moved: &RatingMoved) -> Result<(), Fault> {
    let (cell, household) = (stamp.cell, moved.household);
    let row = books.get::<HouseholdRating>(&key![cell, household])?;
    let place = row.as_ref().map_or(0, |row| row.changes) + 1;
    let old: Vec<&str> = row.as_ref().map(|row| row.reasons.split(' ').collect()).unwrap_or_default();
    let is_new = |code: &&String| !old.contains(&code.as_str());
    let worse: Vec<&str> = moved.reasons.iter().filter(is_new).map(String::as_str).collect();
    let is_gone = |code: &&str| !code.is_empty() && !moved.reasons.iter().any(|now| now == code);
    let better: Vec<&str> = old.iter().copied().filter(is_gone).collect();
    books.put(&RatingChange {
        cell,
        household,
        place,
        before: moved.before.clone(),
        after: moved.after.clone(),
        worse: worse.join(" "),
        better: better.join(" "),
        model: moved.model.clone(),
        rules: moved.rules.clone(),
        changed_on: stamp.booking_date,
    });
    books.put(&HouseholdRating {
        cell,
        household,
        rating: moved.after.clone(),
        changes: place,
        profile_version: moved.profile_version,
        reasons: moved.reasons.join(" "),
        since: stamp.booking_date,
    });
    Ok(())
}
