//! Civil dates and instants. Time is data: nothing here reads a clock.

use std::fmt;

use crate::cbor;

/// A civil date, kept as days since 1970-01-01, so that differences are plain subtraction.
///
/// Years 1900 to 2400 are accepted from outside.
///
/// ```
/// use basics::Date;
/// let drawn = Date::ymd(2026, 1, 31)?;
/// assert_eq!(drawn.add_months(1)?.to_string(), "2026-02-28");
/// assert_eq!(Date::ymd(2026, 6, 30)? - Date::ymd(2026, 1, 1)?, 180);
/// # Ok::<(), basics::date::DateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Date(i32);

/// A date that does not exist or lies outside 1900 to 2400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date: give year-month-day such as 2026-03-05, between 1900 and 2400")]
pub struct DateError(pub String);

const DAYS_MIN: i32 = -25_567; // 1900-01-01
const DAYS_MAX: i32 = 157_419; // 2400-12-31

impl Date {
    /// The date of a year, month and day. Errors if there is no such day.
    pub fn ymd(year: i16, month: i8, day: i8) -> Result<Date, DateError> {
        let civil = Civil { year: i32::from(year), month: i32::from(month), day: i32::from(day) };
        let exists = (1..=12).contains(&month) && day >= 1 && civil.day <= month_days(civil.year, civil.month);
        Some(civil)
            .filter(|_| exists)
            .and_then(Date::from_civil)
            .ok_or_else(|| DateError(format!("{year:04}-{month:02}-{day:02}")))
    }

    /// Days since 1970-01-01. Errors outside 1900 to 2400.
    pub fn from_days(days: i32) -> Result<Date, DateError> {
        if (DAYS_MIN..=DAYS_MAX).contains(&days) { Ok(Date(days)) } else { Err(DateError(format!("day {days}"))) }
    }

    /// Reads `2026-03-05`, and nothing else.
    pub fn parse(text: &str) -> Result<Date, DateError> {
        let bad = || DateError(text.chars().take(40).collect());
        let bytes = text.as_bytes();
        let shape = bytes.len() == 10
            && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
        if !shape {
            return Err(bad());
        }
        let part = |range: std::ops::Range<usize>| text[range].parse::<i16>().map_err(|_| bad());
        Date::ymd(part(0..4)?, part(5..7)? as i8, part(8..10)? as i8).map_err(|_| bad())
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The date `days` later (earlier if negative), held within the accepted years.
    #[must_use]
    pub fn add_days(self, days: i32) -> Date {
        Date(self.0.saturating_add(days).clamp(DAYS_MIN, DAYS_MAX))
    }

    /// The same day `months` later, or the last day of that month where it is shorter.
    pub fn add_months(self, months: i32) -> Result<Date, DateError> {
        let civil = self.civil();
        let count = i64::from(civil.year) * 12 + i64::from(civil.month - 1) + i64::from(months);
        i32::try_from(count.div_euclid(12))
            .ok()
            .filter(|year| (1900..=2400).contains(year))
            .and_then(|year| {
                let month = count.rem_euclid(12) as i32 + 1;
                Date::from_civil(Civil { year, month, day: civil.day.min(month_days(year, month)) })
            })
            .ok_or_else(|| DateError(format!("{self} and {months} months")))
    }

    /// Calendar year.
    pub fn year(self) -> i16 {
        self.civil().year as i16
    }

    /// Month, 1 to 12.
    pub fn month(self) -> i8 {
        self.civil().month as i8
    }

    /// Day of the month, 1 to 31.
    pub fn day(self) -> i8 {
        self.civil().day as i8
    }

    /// Length of this date's month, 28 to 31.
    pub fn days_in_month(self) -> i32 {
        let civil = self.civil();
        month_days(civil.year, civil.month)
    }

    /// Length of this date's year, 365 or 366.
    pub fn days_in_year(self) -> i32 {
        if is_leap(self.civil().year) { 366 } else { 365 }
    }

    /// Day of the year, 1 to 366.
    pub fn day_of_year(self) -> i32 {
        let civil = self.civil();
        let days_before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let before = days_before.get(civil.month as usize - 1).copied().unwrap_or(0);
        before + i32::from(civil.month > 2 && is_leap(civil.year)) + civil.day
    }

    /// Day of the week, Monday 1 to Sunday 7.
    pub fn weekday(self) -> i8 {
        ((self.0 + 3).rem_euclid(7) + 1) as i8 // 1970-01-01 was a Thursday
    }

    /// The first day of this date's month.
    #[must_use]
    pub fn first_of_month(self) -> Date {
        self.add_days(1 - i32::from(self.day()))
    }

    /// The last day of this date's month.
    #[must_use]
    pub fn last_of_month(self) -> Date {
        self.first_of_month().add_days(self.days_in_month() - 1)
    }

    /// Year, month and day, reckoned in years that begin on 1 March, so that the leap day is their last.
    fn civil(self) -> Civil {
        let days = self.0 + MARCH_0000;
        let era = days.div_euclid(DAYS_OF_400_YEARS);
        let of_era = days.rem_euclid(DAYS_OF_400_YEARS);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Civil { year: era * 400 + year_of_era + i32::from(month <= 2), month, day }
    }

    /// The inverse; `None` outside the accepted years. The day must exist.
    fn from_civil(civil: Civil) -> Option<Date> {
        let year = civil.year - i32::from(civil.month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let march_month = (civil.month + 9) % 12;
        let of_year = (153 * march_month + 2) / 5 + civil.day - 1;
        let days = era * DAYS_OF_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - MARCH_0000;
        Date::from_days(days).ok()
    }
}

/// A date in parts.
#[derive(Clone, Copy)]
struct Civil {
    year: i32,
    month: i32,
    day: i32,
}

/// Days from 0000-03-01 to 1970-01-01, in the Gregorian calendar carried back.
const MARCH_0000: i32 = 719_468;
const DAYS_OF_400_YEARS: i32 = 146_097;

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_days(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl std::ops::Sub for Date {
    type Output = i32;

    /// Days from `other` to `self`.
    fn sub(self, other: Date) -> i32 {
        self.0 - other.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        write!(f, "{:04}-{:02}-{:02}", civil.year, civil.month, civil.day)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

cbor::as_int!(Date, i32, |d| d.0, |days| Date::from_days(days).map_err(|e| e.to_string()));

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Instant(pub i64);

impl Instant {
    const MICROS_PER_DAY: i64 = 86_400_000_000;

    /// The moment `seconds` later.
    #[must_use]
    pub fn add_seconds(self, seconds: i64) -> Instant {
        Instant(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The civil date of this moment at an offset of `minutes` from UTC (480 in China).
    pub fn date_at_offset(self, minutes: i32) -> Date {
        let local = self.0.saturating_add(i64::from(minutes) * 60_000_000);
        let days = local.div_euclid(Self::MICROS_PER_DAY);
        Date(i32::try_from(days).unwrap_or(DAYS_MAX).clamp(DAYS_MIN, DAYS_MAX))
    }

    /// The minute of the civil day of this moment at an offset of `minutes` from UTC, 0 to 1439.
    pub fn minute_of_day_at_offset(self, minutes: i32) -> u16 {
        let local = self.0.saturating_add(i64::from(minutes) * 60_000_000);
        (local.rem_euclid(Self::MICROS_PER_DAY) / 60_000_000) as u16
    }

    /// RFC 3339 in UTC with microseconds, such as `2026-03-05T08:00:00.000000Z`.
    pub fn to_rfc3339(self) -> String {
        let day = self.date_at_offset(0);
        let rest = self.0.rem_euclid(Self::MICROS_PER_DAY);
        let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
        format!("{day}T{:02}:{:02}:{:02}.{micros:06}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

cbor::as_int!(Instant, i64, |i| i.0, |v| Ok(Instant(v)));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_are_the_named_years() {
        assert_eq!(Date(DAYS_MIN).to_string(), "1900-01-01");
        assert_eq!(Date(DAYS_MAX).to_string(), "2400-12-31");
        for text in ["1899-12-31", "2401-01-01", "2026-02-29", "2026-2-9", "26-02-09", "2026-13-01", "2026/01/01", ""] {
            assert!(Date::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn months_end_where_the_month_ends() {
        let d = Date::ymd(2024, 1, 31).unwrap();
        assert_eq!(d.add_months(1).unwrap().to_string(), "2024-02-29");
        assert_eq!(d.add_months(-2).unwrap().to_string(), "2023-11-30");
        assert_eq!(d.last_of_month(), d);
        assert_eq!(Date::ymd(2026, 11, 22).unwrap().weekday(), 7);
    }

    #[test]
    fn an_instant_has_a_date_in_its_zone() {
        let late = Instant(1_772_668_800_000_000 - 1); // 2026-03-04T23:59:59.999999Z
        assert_eq!(late.date_at_offset(0).to_string(), "2026-03-04");
        assert_eq!(late.date_at_offset(480).to_string(), "2026-03-05");
        assert_eq!(late.to_rfc3339(), "2026-03-04T23:59:59.999999Z");
    }

    /// Every day of the accepted years against an independent calendar.
    #[test]
    fn every_date_agrees_with_another_calendar() {
        let mut other = jiff::civil::date(1900, 1, 1);
        for days in DAYS_MIN..=DAYS_MAX {
            let date = Date(days);
            assert_eq!((date.year(), date.month(), date.day()), (other.year(), other.month(), other.day()));
            assert_eq!(date.weekday(), other.weekday().to_monday_one_offset());
            assert_eq!(date.days_in_month(), i32::from(other.days_in_month()));
            assert_eq!(date.day_of_year(), i32::from(other.day_of_year()));
            assert_eq!(date.days_in_year(), i32::from(other.days_in_year()));
            assert_eq!(Date::ymd(other.year(), other.month(), other.day()), Ok(date));
            other = other.tomorrow().unwrap();
        }
    }

    proptest! {
        #[test]
        fn months_agree_with_another_calendar(days in DAYS_MIN..=DAYS_MAX, months in -7_000i32..7_000) {
            use jiff::ToSpan;
            let date = Date(days);
            let other = jiff::civil::date(date.year(), date.month(), date.day());
            let expected = other.checked_add(i64::from(months).months()).ok().map(|d| d.to_string());
            let inside = expected.filter(|text| Date::parse(text).is_ok());
            prop_assert_eq!(date.add_months(months).ok().map(|d| d.to_string()), inside);
        }

        #[test]
        fn text_and_days_agree(days in DAYS_MIN..=DAYS_MAX) {
            let date = Date::from_days(days).unwrap();
            prop_assert_eq!(Date::parse(&date.to_string()).unwrap(), date);
        }
    }
}
