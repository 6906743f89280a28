//! The state of a facility on a date, what may be drawn under it, and which events it takes.

use basics::money::format_minor;
use basics::{Date, Id};

use super::event::{FacilityEvent, FacilityHappening, FreezeOf, in_order};
use crate::{LoanError, LoanTerms};

/// Where a facility stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacilityStatus {
    /// Not granted, or not yet.
    Ungranted,
    /// In force.
    Active,
    /// In force, frozen as a whole.
    Frozen,
    /// Over: its last day has passed.
    Expired,
    /// Closed for good.
    Closed,
}

impl FacilityStatus {
    /// `ungranted`, `active`, `frozen`, `expired` or `closed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            FacilityStatus::Ungranted => "ungranted",
            FacilityStatus::Active => "active",
            FacilityStatus::Frozen => "frozen",
            FacilityStatus::Expired => "expired",
            FacilityStatus::Closed => "closed",
        }
    }
}

/// A freeze in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// How much.
    pub of: FreezeOf,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Date,
}

/// A facility on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacilityState {
    /// The end of this day.
    pub as_of: Date,
    /// Where it stands.
    pub status: FacilityStatus,
    /// What may be owed under it, minor units.
    pub amount_fen: i64,
    /// First day of the grant in force.
    pub valid_from: Option<Date>,
    /// Last day on which it may be drawn on.
    pub valid_to: Option<Date>,
    /// By when it has to be reviewed.
    pub review_by: Option<Date>,
    /// Days since the review was due.
    pub review_late_days: u32,
    /// The freeze in force.
    pub freeze: Option<Freeze>,
    /// The day it was closed.
    pub closed_on: Option<Date>,
    /// The next day on which something changes by itself: the review falls late, or the facility expires.
    pub next_date: Option<Date>,
}

/// What is drawn and promised under a facility, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Principal of loans, and used limits of lines.
    pub used_fen: i64,
    /// Approved or signed and not drawn.
    pub reserved_fen: i64,
    /// What is guaranteed of others' debts, by its weight.
    pub guaranteed_fen: i64,
}

/// Where a facility and what is drawn under it stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// What may be owed, minor units.
    pub amount_fen: i64,
    /// Drawn.
    pub used_fen: i64,
    /// Promised.
    pub reserved_fen: i64,
    /// Guaranteed of others' debts, by its weight.
    pub guaranteed_fen: i64,
    /// Frozen: the part, or all that is neither drawn, promised nor guaranteed.
    pub frozen_fen: i64,
    /// What may be drawn or promised now.
    pub available_fen: i64,
}

/// Why nothing, or not so much, may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawRefusal {
    /// There is no facility, or not yet.
    #[error("no facility is in force on {0}: apply for one")]
    Ungranted(Date),
    /// It is frozen.
    #[error("the facility has been frozen since {since}: {reason}")]
    Frozen {
        /// Since when.
        since: Date,
        /// Why.
        reason: String,
    },
    /// It is over.
    #[error("the facility ended on {0}: it has to be renewed")]
    Expired(Date),
    /// It is closed.
    #[error("the facility was closed on {0}")]
    Closed(Date),
    /// Its review is late.
    #[error("the facility should have been reviewed by {0}: review it first")]
    ReviewLate(Date),
    /// More than is available.
    #[error("{} is available under the facility, not {}", format_minor(*available_fen), format_minor(*asked_fen))]
    Over {
        /// What is available, minor units.
        available_fen: i64,
        /// What was asked for, minor units.
        asked_fen: i64,
    },
}

impl FacilityState {
    /// How much of it is used, reserved, frozen and available. Saturates at the edges of 64 bits.
    pub fn position(&self, usage: Usage) -> Position {
        let in_force = matches!(self.status, FacilityStatus::Active | FacilityStatus::Frozen);
        let amount_fen = if in_force { self.amount_fen } else { 0 };
        let taken_fen = usage.used_fen.saturating_add(usage.reserved_fen).saturating_add(usage.guaranteed_fen);
        let free_fen = amount_fen.saturating_sub(taken_fen).max(0);
        let frozen_fen = match &self.freeze {
            Some(Freeze { of: FreezeOf::Whole, .. }) => free_fen,
            Some(Freeze { of: FreezeOf::Part(part_fen), .. }) => (*part_fen).min(free_fen),
            None => 0,
        };
        Position {
            amount_fen: self.amount_fen,
            used_fen: usage.used_fen,
            reserved_fen: usage.reserved_fen,
            guaranteed_fen: usage.guaranteed_fen,
            frozen_fen,
            available_fen: free_fen - frozen_fen,
        }
    }

    /// Whether so much more may be drawn or promised. Errors say why not.
    ///
    /// `review_grace_days` after the review date, a facility that was not reviewed is not drawn on; `None` for no such rule.
    pub fn may_draw(&self, usage: Usage, asked_fen: i64, review_grace_days: Option<u16>) -> Result<(), DrawRefusal> {
        match self.status {
            FacilityStatus::Ungranted => return Err(DrawRefusal::Ungranted(self.as_of)),
            FacilityStatus::Expired => return Err(DrawRefusal::Expired(self.valid_to.unwrap_or(self.as_of))),
            FacilityStatus::Closed => return Err(DrawRefusal::Closed(self.closed_on.unwrap_or(self.as_of))),
            FacilityStatus::Frozen => {
                let (since, reason) = self
                    .freeze
                    .as_ref()
                    .map_or((self.as_of, String::new()), |freeze| (freeze.since, freeze.reason.clone()));
                return Err(DrawRefusal::Frozen { since, reason });
            }
            FacilityStatus::Active => {}
        }
        if let (Some(grace), Some(review_by)) = (review_grace_days, self.review_by)
            && self.review_late_days > u32::from(grace)
        {
            return Err(DrawRefusal::ReviewLate(review_by));
        }
        let available_fen = self.position(usage).available_fen;
        if asked_fen > available_fen { Err(DrawRefusal::Over { available_fen, asked_fen }) } else { Ok(()) }
    }
}

/// The state of a facility at the end of `as_of`.
///
/// Events in any order give the same state; those dated later are left out, except that a reversal takes its
/// target away on every date.
///
/// ```
/// use basics::Date;
/// use loan::facility::{FacilityEvent, FacilityHappening, FacilityStatus, FreezeOf, Usage, fold};
/// let day = |month, day| Date::ymd(2026, month, day);
/// let granted = FacilityHappening::Granted { amount_fen: 5_000_000, valid_to: day(12, 31)?, review_by: day(9, 30)? };
/// let freeze = FacilityHappening::Frozen { of: FreezeOf::Part(1_000_000), reason: "income fell".to_owned() };
/// let life = [FacilityEvent::new(1, day(1, 1)?, granted), FacilityEvent::new(2, day(3, 1)?, freeze)];
/// let usage = Usage { used_fen: 2_000_000, reserved_fen: 500_000, ..Usage::default() };
/// assert_eq!(fold(&life, day(2, 1)?).position(usage).available_fen, 2_500_000);
/// assert_eq!(fold(&life, day(3, 1)?).position(usage).available_fen, 1_500_000);
/// # Ok::<(), basics::date::DateError>(())
/// ```
pub fn fold(events: &[FacilityEvent], as_of: Date) -> FacilityState {
    let mut state = FacilityState {
        as_of,
        status: FacilityStatus::Ungranted,
        amount_fen: 0,
        valid_from: None,
        valid_to: None,
        review_by: None,
        review_late_days: 0,
        freeze: None,
        closed_on: None,
        next_date: None,
    };
    for event in in_order(events).into_iter().take_while(|event| event.value_date <= as_of) {
        match &event.what {
            FacilityHappening::Granted { amount_fen, valid_to, review_by } => {
                state.amount_fen = *amount_fen;
                state.valid_from = Some(event.value_date);
                state.valid_to = Some(*valid_to);
                state.review_by = Some(*review_by);
            }
            FacilityHappening::Reviewed { review_by } => state.review_by = Some(*review_by),
            FacilityHappening::Frozen { of, reason } => {
                state.freeze = Some(Freeze { of: *of, reason: reason.clone(), since: event.value_date });
            }
            FacilityHappening::Thawed => state.freeze = None,
            FacilityHappening::Raised { amount_fen }
            | FacilityHappening::Lowered { amount_fen }
            | FacilityHappening::Rated { amount_fen } => {
                state.amount_fen = *amount_fen;
            }
            FacilityHappening::Closed { .. } => state.closed_on = state.closed_on.or(Some(event.value_date)),
            FacilityHappening::Reversed { .. } => {}
        }
    }
    let frozen = matches!(state.freeze, Some(Freeze { of: FreezeOf::Whole, .. }));
    state.status = match (state.valid_to, state.closed_on) {
        (None, _) => FacilityStatus::Ungranted,
        (_, Some(_)) => FacilityStatus::Closed,
        (Some(last), _) if last < as_of => FacilityStatus::Expired,
        _ if frozen => FacilityStatus::Frozen,
        _ => FacilityStatus::Active,
    };
    if matches!(state.status, FacilityStatus::Active | FacilityStatus::Frozen) {
        let late = state.review_by.map_or(0, |by| as_of - by);
        state.review_late_days = u32::try_from(late).unwrap_or(0);
        let changes = [state.review_by, state.valid_to].into_iter().flatten().map(|last| last.add_days(1));
        state.next_date = changes.filter(|next| *next > as_of).min();
    }
    state
}

/// Why a facility does not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FacilityRefusal {
    /// An amount that makes no sense.
    #[error("the amount must be more than 0.00 and at most {}", format_minor(LoanTerms::AMOUNT_FEN_MAX))]
    Amount,
    /// The last day or the review lies wrong.
    #[error("{0}")]
    Dates(&'static str),
    /// It is not in a state for this.
    #[error("the facility is {} on {on}: {problem}", status.as_str())]
    Status {
        /// Where it stands.
        status: FacilityStatus,
        /// On which date.
        on: Date,
        /// What that means.
        problem: &'static str,
    },
    /// The event changes nothing, or the wrong way.
    #[error("the facility is of {}: {problem}", format_minor(*amount_fen))]
    NoChange {
        /// What may be owed under it, minor units.
        amount_fen: i64,
        /// What to do instead.
        problem: &'static str,
    },
    /// Nothing is frozen.
    #[error("the facility is not frozen")]
    NotFrozen,
}

/// Whether a new event may join the life of a facility. Errors say why not.
pub fn accept(events: &[FacilityEvent], new: &FacilityEvent) -> Result<(), LoanError> {
    let id = new.id;
    if events.iter().any(|event| event.id == id) {
        return Err(LoanError::DuplicateEvent(id));
    }
    let state = fold(events, new.value_date);
    let refuse = |refusal| Err(LoanError::Facility { id, refusal });
    let wrong = |problem| refuse(FacilityRefusal::Status { status: state.status, on: new.value_date, problem });
    let no_change = |problem| refuse(FacilityRefusal::NoChange { amount_fen: state.amount_fen, problem });
    if let FacilityHappening::Reversed { target } = new.what {
        return accept_reversal(events, new, target);
    }
    let renews = matches!(new.what, FacilityHappening::Granted { .. });
    match state.status {
        FacilityStatus::Closed => return wrong("grant a new one"),
        FacilityStatus::Ungranted if !renews => return wrong("grant it first"),
        FacilityStatus::Expired if !renews => return wrong("renew it by a new grant"),
        _ => {}
    }
    let last = state.valid_to.unwrap_or(new.value_date);
    match &new.what {
        FacilityHappening::Granted { amount_fen, valid_to, review_by } => {
            if !(1..=LoanTerms::AMOUNT_FEN_MAX).contains(amount_fen) {
                return refuse(FacilityRefusal::Amount);
            }
            if *valid_to <= new.value_date {
                return refuse(FacilityRefusal::Dates("the last day must lie after the first"));
            }
            check_review(new, *review_by, *valid_to)
        }
        FacilityHappening::Reviewed { review_by } => check_review(new, *review_by, last),
        FacilityHappening::Raised { amount_fen } if *amount_fen <= state.amount_fen => no_change("raise it to more"),
        FacilityHappening::Raised { amount_fen } if *amount_fen > LoanTerms::AMOUNT_FEN_MAX => {
            refuse(FacilityRefusal::Amount)
        }
        FacilityHappening::Lowered { amount_fen } if *amount_fen >= state.amount_fen || *amount_fen < 0 => {
            no_change("lower it to less, at least 0.00")
        }
        FacilityHappening::Rated { amount_fen } if *amount_fen == state.amount_fen => {
            no_change("it is of that already")
        }
        FacilityHappening::Rated { amount_fen } if !(0..=LoanTerms::AMOUNT_FEN_MAX).contains(amount_fen) => {
            refuse(FacilityRefusal::Amount)
        }
        FacilityHappening::Frozen { of: FreezeOf::Part(part_fen), .. }
            if !(1..=state.amount_fen).contains(part_fen) =>
        {
            no_change("freeze a part of that, or the whole")
        }
        FacilityHappening::Frozen { of: FreezeOf::Whole, .. } if state.status == FacilityStatus::Frozen => {
            wrong("there is nothing left to freeze")
        }
        FacilityHappening::Thawed if state.freeze.is_none() => refuse(FacilityRefusal::NotFrozen),
        _ => Ok(()),
    }
}

fn check_review(new: &FacilityEvent, review_by: Date, valid_to: Date) -> Result<(), LoanError> {
    if new.value_date < review_by && review_by <= valid_to {
        return Ok(());
    }
    let problem = "the review must lie after this day and not after the last day of the facility";
    Err(LoanError::Facility { id: new.id, refusal: FacilityRefusal::Dates(problem) })
}

fn accept_reversal(events: &[FacilityEvent], new: &FacilityEvent, target: Id) -> Result<(), LoanError> {
    let refuse = |problem| Err(LoanError::Reversal { id: new.id, target, problem });
    let Some(event) = events.iter().find(|event| event.id == target) else {
        return refuse("there is no such event in this facility");
    };
    if matches!(event.what, FacilityHappening::Reversed { .. }) {
        return refuse("a reversal is not itself reversed; record the event again");
    }
    let taken = |other: &FacilityEvent| matches!(other.what, FacilityHappening::Reversed { target: t } if t == target);
    if events.iter().any(taken) {
        return refuse("it is reversed already");
    }
    if new.value_date < event.value_date {
        return refuse("the reversal is dated before it");
    }
    let life = in_order(events);
    let granted = |event: &&&FacilityEvent| matches!(event.what, FacilityHappening::Granted { .. });
    let first_grant = life.iter().find(granted).map(|event| event.id) == Some(target);
    if first_grant && life.len() > 1 {
        return refuse("later events rest on it: reverse them first");
    }
    Ok(())
}
