//! The buckets a profile adds events up in: days, weeks and months aligned to the calendar, so that which
//! bucket an event belongs to never depends on when it arrived.

use basics::{Date, Id};

use crate::event::Channel;

/// Days kept, that of the newest event included.
pub const DAYS_KEPT: i32 = 7;
/// Whole weeks kept before the week of the newest event.
pub const WEEKS_KEPT: u16 = 8;
/// Months kept, that of the newest event included: a year and the month it began in.
pub const MONTHS_KEPT: u16 = 13;
/// Months for which it is kept who paid and was paid.
pub const PARTY_MONTHS: u16 = 7;
/// Parties kept a month and direction. See [`Party`].
pub const PARTIES_A_MONTH: usize = 8;

/// Days from 1900-01-01, a Monday, to 1970-01-01.
const DAYS_BEFORE_1970: i32 = 25_567;

/// The month of a date, counted from January 1900.
pub fn month_of(date: Date) -> u16 {
    ((i32::from(date.year()) - 1900) * 12 + i32::from(date.month()) - 1) as u16
}

/// The first day of a month.
pub fn first_day(month: u16) -> Date {
    let (year, month) = (1900 + (month / 12) as i16, (month % 12) as i8 + 1);
    Date::ymd(year, month, 1).unwrap_or_default()
}

/// The week of a date, Monday to Sunday, counted from 1900-01-01.
pub const fn week_of(date: Date) -> u16 {
    ((date.days() + DAYS_BEFORE_1970) / 7) as u16
}

/// Events of one class in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The month.
    pub month: u16,
    /// [`crate::EventKind::class`].
    pub class: u8,
    /// How many.
    pub count: u32,
    /// Their amounts in minor units, signed; of kinds that measure something, what they measure.
    pub amount: i64,
}

/// What a month had beside its sums. Balances are those that events told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Month {
    /// The month.
    pub month: u16,
    /// Balances told.
    pub balances: u32,
    /// The days, by bit from the first, on which a balance below zero was told.
    pub days_negative: u32,
    /// Largest single amount that came in, minor units; borrowed money apart.
    pub in_max: i64,
    /// Largest single amount that went out, as a positive number.
    pub out_max: i64,
    /// Lowest balance told, minor units; 0 if none was.
    pub low: i64,
    /// Highest balance told.
    pub high: i64,
    /// Sum of the balances told.
    pub balance_sum: i64,
}

/// What came in and went out within a week, and the lowest balance told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// The week.
    pub week: u16,
    /// What came in, minor units; borrowed money apart.
    pub inflow: i64,
    /// What went out, as a positive number.
    pub outflow: i64,
    /// Lowest balance told.
    pub low: Option<i64>,
}

/// What came in and went out on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// The date.
    pub date: Date,
    /// What came in, minor units; borrowed money apart.
    pub inflow: i64,
    /// What went out, as a positive number.
    pub outflow: i64,
}

/// The last days, oldest first, in the profile itself: every event looks at them, and a list elsewhere would be one more place in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// The days, and empty ones behind them.
    held: [Day; DAYS_KEPT as usize],
    count: u8,
}

impl Days {
    /// The days held.
    pub fn as_slice(&self) -> &[Day] {
        &self.held[..usize::from(self.count)]
    }

    /// The day of a date, put in its place if it is not there; none if that would be one day more than are kept.
    pub fn at(&mut self, date: Date) -> Option<&mut Day> {
        let place = self.as_slice().iter().rposition(|day| day.date <= date).map_or(0, |before| before + 1);
        if place > 0 && self.held[place - 1].date == date {
            return self.held.get_mut(place - 1);
        }
        let count = usize::from(self.count);
        let free = self.held.get_mut(place..=count)?;
        free.rotate_right(1);
        self.count += 1;
        let day = self.held.get_mut(place)?;
        *day = Day { date, ..Day::default() };
        Some(day)
    }

    /// Lets go of the days before a date.
    pub fn drop_before(&mut self, date: Date) {
        let gone = self.as_slice().iter().take_while(|day| day.date < date).count();
        self.held.copy_within(gone.., 0);
        self.count -= gone as u8;
        self.held[usize::from(self.count)..].fill(Day::default());
    }
}

/// Harvest and animals sold on a day, minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The date.
    pub date: Date,
    /// What was received.
    pub amount: i64,
}

/// What one other side paid or was paid in a month: positive came in, negative went out.
///
/// Kept are the [`PARTIES_A_MONTH`] smallest keys of each month and direction. A key that fell out never comes back, so
/// which keys stay, and what they add up to, does not depend on the order of events. Keys are scattered, so where more
/// than these met the household, those kept are a fair sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// The month.
    pub month: u16,
    /// Whether it is money that went out.
    pub is_out: bool,
    /// The other side's key, scattered and cut to 32 bits: equal keys are taken for one party.
    pub key: u32,
    /// Their sum in minor units, without sign.
    pub amount: i64,
}

/// The last thing told of a matter by one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// [`crate::EventKind::class`].
    pub class: u8,
    /// By which way it came.
    pub channel: Channel,
    /// The date it is of.
    pub date: Date,
    /// Its event: of one date the greater id is the later word.
    pub event: Id,
    /// What was measured; 0 for kinds that measure nothing.
    pub measure: i64,
}

/// A balance and what it follows; ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
pub struct Balance {
    /// Date of the event that told it.
    #[n(0)]
    pub date: Date,
    /// Id of that event.
    #[n(1)]
    pub event: Id,
    /// Minor units.
    #[n(2)]
    pub minor: i64,
}

/// The key of the other side as a profile keeps it.
pub const fn scattered(counterparty: u64) -> u32 {
    (counterparty.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

/// Buckets at the end of a list that are looked through before older ones are searched.
const LOOKED_THROUGH: usize = 16;

/// The bucket with this key in a list kept in order, put there if it is not.
///
/// The newest buckets are looked at first, one by one from the end: most events are of today, and what lies side by side is read at once.
pub fn at<T: Copy, K: Ord>(list: &mut Vec<T>, key: K, key_of: impl Fn(&T) -> K, empty: T) -> Option<&mut T> {
    let older = list.len().saturating_sub(LOOKED_THROUGH);
    let place = match list[older..].iter().rposition(|one| key_of(one) <= key) {
        Some(newer) if key_of(&list[older + newer]) == key => older + newer,
        Some(newer) => older + newer + 1,
        None => list[..older].partition_point(|one| key_of(one) < key),
    };
    if list.get(place).is_none_or(|one| key_of(one) != key) {
        if list.len() == list.capacity() {
            // By a few at a time: a profile is one of very many.
            list.reserve_exact(list.len() / 4 + 2);
        }
        list.insert(place, empty);
    }
    list.get_mut(place)
}

/// Drops the buckets at the beginning of a list that lie before what is kept.
pub fn drop_before<T>(list: &mut Vec<T>, is_old: impl Fn(&T) -> bool) {
    if list.first().is_some_and(&is_old) {
        let gone = list.iter().position(|one| !is_old(one)).unwrap_or(list.len());
        list.drain(..gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_stand_in_order_and_no_more_than_are_kept() {
        let date = |day| Date::from_days(20_000 + day).unwrap();
        let mut days = Days::default();
        for day in [4, 1, 6, 0, 2, 4, 5, 3] {
            days.at(date(day)).unwrap().inflow += 1;
        }
        let held = |days: &Days| days.as_slice().iter().map(|d| (d.date.days() - 20_000, d.inflow)).collect::<Vec<_>>();
        assert_eq!(held(&days), [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (5, 1), (6, 1)]);
        assert!(days.at(date(7)).is_none());
        days.drop_before(date(5));
        assert_eq!(held(&days), [(5, 1), (6, 1)]);
        days.drop_before(date(9));
        assert_eq!(days, Days::default());
    }

    #[test]
    fn months_and_weeks_are_those_of_the_calendar() {
        let date = |text: &str| Date::parse(text).unwrap();
        assert_eq!(first_day(month_of(date("2026-12-31"))), date("2026-12-01"));
        assert_eq!(month_of(date("2027-01-01")) - month_of(date("2026-01-31")), 12);
        assert_eq!(month_of(date("1900-01-01")), 0);
        // 2026-11-23 is a Monday.
        assert_eq!(week_of(date("2026-11-23")), week_of(date("2026-11-29")));
        assert_eq!(week_of(date("2026-11-22")) + 1, week_of(date("2026-11-23")));
    }
}
