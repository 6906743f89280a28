//! A transfer in two phases: money is set apart, and then posted, set free, or set free by time.

use basics::Date;
use minicbor::{Decode, Encode};

/// How far a hold has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum HoldState {
    /// The money is set apart.
    #[n(0)]
    Reserved,
    /// All or part of it was moved; the rest was set free.
    #[n(1)]
    Posted,
    /// All of it was set free by an act.
    #[n(2)]
    Voided,
    /// All of it was set free because its last day had passed.
    #[n(3)]
    Expired,
}

/// Money set apart (预留) for a transfer that is to come.
///
/// It ends once, and only once: what was posted is not voided, what was voided is not posted.
///
/// ```
/// use basics::Date;
/// use ledger::{Hold, HoldError, HoldState};
/// let day = |n| Date::ymd(2026, 3, n).unwrap();
/// let hold = Hold::reserve(500, day(5), day(2))?;
/// let posted = hold.post(300, day(5))?;
/// assert_eq!((posted.state, posted.posted_minor), (HoldState::Posted, 300));
/// assert_eq!(posted.void(), Err(HoldError::Ended(HoldState::Posted)));
/// assert_eq!(hold.post(501, day(5)), Err(HoldError::MoreThanHeld { asked_minor: 501, held_minor: 500 }));
/// assert_eq!(hold.expire(day(6)).unwrap().state, HoldState::Expired);
/// # Ok::<(), HoldError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Hold {
    /// What was set apart, in minor units.
    #[n(0)]
    pub amount_minor: i64,
    /// What of it was moved.
    #[n(1)]
    pub posted_minor: i64,
    /// Its last day: it may be posted on it, and is set free after it.
    #[n(2)]
    pub last_day: Date,
    /// How far it has come.
    #[n(3)]
    pub state: HoldState,
}

/// What cannot be done with a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Nothing, or less, was to be set apart or moved.
    #[error("an amount must be more than 0.00")]
    NotPositive,
    /// Its last day lies before the open day.
    #[error("the last day {0} lies before the open day: nothing can be set apart until then")]
    OverAlready(Date),
    /// It has ended.
    #[error("the hold has ended already: it is {}", .0.as_str())]
    Ended(HoldState),
    /// More was to be moved than was set apart.
    #[error("{asked_minor} minor units were to be moved of {held_minor} set apart")]
    MoreThanHeld {
        /// What was asked.
        asked_minor: i64,
        /// What is set apart.
        held_minor: i64,
    },
    /// Its last day has passed; the close of that day sets it free.
    #[error("the last day of the hold was {0}")]
    Late(Date),
    /// Its last day has not passed.
    #[error("the hold lasts until {0}")]
    Early(Date),
}

impl HoldState {
    /// As it is stored and said.
    pub fn as_str(self) -> &'static str {
        match self {
            HoldState::Reserved => "reserved",
            HoldState::Posted => "posted",
            HoldState::Voided => "voided",
            HoldState::Expired => "expired",
        }
    }

    /// The state that is said so; none for other words.
    pub fn parse(text: &str) -> Option<HoldState> {
        [HoldState::Reserved, HoldState::Posted, HoldState::Voided, HoldState::Expired]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

impl Hold {
    /// Sets an amount apart until the end of a day. Errors unless it is positive and the day is not over on `today`.
    pub fn reserve(amount_minor: i64, last_day: Date, today: Date) -> Result<Hold, HoldError> {
        if amount_minor <= 0 {
            return Err(HoldError::NotPositive);
        }
        if last_day < today {
            return Err(HoldError::OverAlready(last_day));
        }
        Ok(Hold { amount_minor, posted_minor: 0, last_day, state: HoldState::Reserved })
    }

    /// Moves all or part of it; the rest is set free. Errors where it has ended, its last day has passed, or more is asked for.
    pub fn post(self, amount_minor: i64, today: Date) -> Result<Hold, HoldError> {
        self.still_reserved()?;
        if amount_minor <= 0 {
            return Err(HoldError::NotPositive);
        }
        if amount_minor > self.amount_minor {
            return Err(HoldError::MoreThanHeld { asked_minor: amount_minor, held_minor: self.amount_minor });
        }
        if today > self.last_day {
            return Err(HoldError::Late(self.last_day));
        }
        Ok(Hold { posted_minor: amount_minor, state: HoldState::Posted, ..self })
    }

    /// Sets all of it free. Errors where it has ended.
    pub fn void(self) -> Result<Hold, HoldError> {
        self.still_reserved()?;
        Ok(Hold { state: HoldState::Voided, ..self })
    }

    /// Sets all of it free on a day after its last. Errors where it has ended or still lasts.
    pub fn expire(self, today: Date) -> Result<Hold, HoldError> {
        self.still_reserved()?;
        if today <= self.last_day {
            return Err(HoldError::Early(self.last_day));
        }
        Ok(Hold { state: HoldState::Expired, ..self })
    }

    /// What it sets apart now, in minor units.
    pub fn held_minor(&self) -> i64 {
        if self.state == HoldState::Reserved { self.amount_minor } else { 0 }
    }

    fn still_reserved(&self) -> Result<(), HoldError> {
        if self.state == HoldState::Reserved { Ok(()) } else { Err(HoldError::Ended(self.state)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: i32) -> Date {
        Date::ymd(2026, 3, 1).unwrap().add_days(n)
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(Hold::reserve(0, day(1), day(1)), Err(HoldError::NotPositive));
        assert_eq!(Hold::reserve(5, day(0), day(1)), Err(HoldError::OverAlready(day(0))));
        let hold = Hold::reserve(5, day(1), day(1)).unwrap();
        assert_eq!(hold.post(0, day(1)), Err(HoldError::NotPositive));
        assert_eq!(hold.post(5, day(2)), Err(HoldError::Late(day(1))));
        assert_eq!(hold.expire(day(1)), Err(HoldError::Early(day(1))));
        assert_eq!(hold.void().unwrap().post(5, day(1)), Err(HoldError::Ended(HoldState::Voided)));
        assert_eq!(HoldError::Ended(HoldState::Voided).to_string(), "the hold has ended already: it is voided");
    }

    proptest! {
        /// Acts of any kind in any order, the clock going back and forth.
        #[test]
        fn a_hold_ends_once_and_moves_no_more_than_was_set_apart(
            amount in 1i64..1_000, acts in prop::collection::vec((0u8..3, 0i64..1_200, 0i32..8), 1..30)
        ) {
            let mut hold = Hold::reserve(amount, day(4), day(0)).unwrap();
            let mut ends = 0;
            for (act, minor, on) in acts {
                let next = match act {
                    0 => hold.post(minor, day(on)),
                    1 => hold.void(),
                    _ => hold.expire(day(on)),
                };
                if let Ok(next) = next {
                    ends += 1;
                    hold = next;
                }
            }
            prop_assert!(ends <= 1);
            prop_assert_eq!(ends == 0, hold.held_minor() == amount);
            prop_assert!(hold.posted_minor <= amount);
            prop_assert_eq!(hold.state == HoldState::Posted, hold.posted_minor > 0);
        }
    }
}
