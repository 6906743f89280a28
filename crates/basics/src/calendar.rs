//! Business days: weekends, public holidays and the make-up working days that China adds.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use crate::Date;

/// How a date that is no business day is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Roll {
    /// Left where it is.
    #[n(0)]
    Unadjusted,
    /// To the next business day 顺延.
    #[n(1)]
    Following,
    /// To the next business day unless that is in another month, then to the one before.
    #[n(2)]
    ModifiedFollowing,
    /// To the business day before.
    #[n(3)]
    Preceding,
}

/// Holidays and make-up working days; Saturday and Sunday are off unless made up.
///
/// ```
/// use basics::{Date, calendar::{HolidayCalendar, Roll}};
/// let new_year = Date::ymd(2027, 1, 1)?;
/// let calendar = HolidayCalendar::new([new_year], []);
/// assert_eq!(calendar.roll(new_year, Roll::Following).to_string(), "2027-01-04");
/// # Ok::<(), basics::date::DateError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct HolidayCalendar {
    #[n(0)]
    holidays: BTreeSet<Date>,
    #[n(1)]
    working_days: BTreeSet<Date>,
}

impl HolidayCalendar {
    /// A calendar with these days off beside weekends, and these weekend days worked.
    pub fn new(
        holidays: impl IntoIterator<Item = Date>,
        working_days: impl IntoIterator<Item = Date>,
    ) -> HolidayCalendar {
        HolidayCalendar { holidays: holidays.into_iter().collect(), working_days: working_days.into_iter().collect() }
    }

    /// The days off, weekends aside, in order.
    pub fn holidays(&self) -> impl Iterator<Item = Date> {
        self.holidays.iter().copied()
    }

    /// The weekend days that are worked 调休上班, in order.
    pub fn working_days(&self) -> impl Iterator<Item = Date> {
        self.working_days.iter().copied()
    }

    /// The part from `from` to `to`, both included: what a contract keeps, so that it never
    /// changes when the calendar does.
    #[must_use]
    pub fn between(&self, from: Date, to: Date) -> HolidayCalendar {
        let part = |days: &BTreeSet<Date>| days.iter().copied().filter(|day| (from..=to).contains(day)).collect();
        HolidayCalendar { holidays: part(&self.holidays), working_days: part(&self.working_days) }
    }

    /// Whether banks are open.
    pub fn is_business_day(&self, date: Date) -> bool {
        self.working_days.contains(&date) || (date.weekday() <= 5 && !self.holidays.contains(&date))
    }

    /// `date`, moved by `roll`. Looks at most 60 days away, then gives up and leaves the date.
    pub fn roll(&self, date: Date, roll: Roll) -> Date {
        let search =
            |step: i32| (0..60).map(|n| date.add_days(n * step)).find(|d| self.is_business_day(*d)).unwrap_or(date);
        match roll {
            Roll::Unadjusted => date,
            Roll::Following => search(1),
            Roll::Preceding => search(-1),
            Roll::ModifiedFollowing => {
                let next = search(1);
                if next.month() == date.month() { next } else { search(-1) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn make_up_days_are_worked() {
        let calendar = HolidayCalendar::new([d("2026-10-01"), d("2026-10-02")], [d("2026-10-10")]);
        assert!(calendar.is_business_day(d("2026-10-10")));
        assert!(!calendar.is_business_day(d("2026-10-11")));
        assert_eq!(calendar.roll(d("2026-10-01"), Roll::Following), d("2026-10-05"));
        assert_eq!(calendar.roll(d("2026-10-01"), Roll::Preceding), d("2026-09-30"));
        assert_eq!(calendar.roll(d("2026-10-31"), Roll::ModifiedFollowing), d("2026-10-30"));
    }
}
