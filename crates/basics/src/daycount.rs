//! Day counts: what part of a year lies between two dates, as an exact fraction.

use minicbor::{Decode, Encode};

use crate::Date;

/// A named day-count convention of the market.
///
/// The first day counts and the last does not (算头不算尾).
///
/// What lies between two dates is `weight / year_weight` of a year, both whole numbers, so that interest is
/// `balance × rate × weight / year_weight` without any rounding but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum DayCount {
    /// Actual days over 365.
    #[n(0)]
    Actual365Fixed,
    /// Actual days over 360, usual for daily interest in China (日利率 = 年利率 / 360).
    #[n(1)]
    Actual360,
    /// Every month 30 days, every year 360; the 31st counts as the 30th at both ends (30E/360, Eurobond).
    #[n(2)]
    ThirtyE360,
    /// Actual days, those of a leap year over 366 and all others over 365 (ISDA); rolls on 1 January.
    #[n(3)]
    ActualActual,
    /// Every month 30 days, every year 360, by the rules of US bonds (30U/360): the last day of February counts
    /// as the 30th if the first date is one; the 31st counts as the 30th at the beginning, and at the end only
    /// if the first date counts as the 30th.
    #[n(4)]
    ThirtyU360,
}

/// 365 × 366: a year of actual/actual in weights.
const ACTUAL_YEAR: i64 = 365 * 366;

impl DayCount {
    /// Days of interest from `start` to `end`, as this convention counts them; negative if `end` is earlier.
    ///
    /// ```
    /// use basics::{Date, DayCount};
    /// let (a, b) = (Date::ymd(2026, 1, 1)?, Date::ymd(2026, 6, 30)?);
    /// assert_eq!(DayCount::Actual360.days(a, b), 180);
    /// assert_eq!(DayCount::ThirtyE360.days(a, b), 179);
    /// # Ok::<(), basics::date::DateError>(())
    /// ```
    pub fn days(self, start: Date, end: Date) -> i32 {
        match self {
            DayCount::Actual365Fixed | DayCount::Actual360 | DayCount::ActualActual => end - start,
            DayCount::ThirtyE360 => {
                let of = |d: Date| thirty(d, i32::from(d.day()).min(30));
                of(end) - of(start)
            }
            DayCount::ThirtyU360 if end < start => -self.days(end, start),
            DayCount::ThirtyU360 => {
                let ends_february = |d: Date| d.month() == 2 && d == d.last_of_month();
                let (mut from, mut to) = (i32::from(start.day()), i32::from(end.day()));
                if ends_february(start) {
                    from = 30;
                    if ends_february(end) {
                        to = 30;
                    }
                }
                if from >= 30 {
                    (from, to) = (30, to.min(30));
                }
                thirty(end, to) - thirty(start, from)
            }
        }
    }

    /// What lies between two dates, in parts of [`year_weight`](Self::year_weight); negative if `end` is earlier.
    ///
    /// The weight of a whole is that of its parts together, but for 30U/360, whose February ends look at both dates.
    ///
    /// ```
    /// use basics::{Date, DayCount};
    /// // Half a year across the end of the leap year 2028: 92 days over 366 and 90 over 365.
    /// let (a, b) = (Date::ymd(2028, 10, 1)?, Date::ymd(2029, 4, 1)?);
    /// assert_eq!(DayCount::ActualActual.weight(a, b), 92 * 365 + 90 * 366);
    /// assert_eq!(DayCount::Actual360.weight(a, b), 182);
    /// # Ok::<(), basics::date::DateError>(())
    /// ```
    pub fn weight(self, start: Date, end: Date) -> i64 {
        match self {
            DayCount::ActualActual => weight_to(end) - weight_to(start),
            _ => i64::from(self.days(start, end)),
        }
    }

    /// What makes a year: the denominator of [`weight`](Self::weight).
    pub const fn year_weight(self) -> i64 {
        match self {
            DayCount::Actual365Fixed => 365,
            DayCount::Actual360 | DayCount::ThirtyE360 | DayCount::ThirtyU360 => 360,
            DayCount::ActualActual => ACTUAL_YEAR,
        }
    }

    /// Whether the interest of two adjoining runs of days is that of both together, so that it can grow day by day.
    pub const fn adds_up_by_days(self) -> bool {
        !matches!(self, DayCount::ThirtyU360)
    }

    /// The market's name: `actual/360`.
    pub const fn as_str(self) -> &'static str {
        match self {
            DayCount::Actual365Fixed => "actual/365F",
            DayCount::Actual360 => "actual/360",
            DayCount::ThirtyE360 => "30E/360",
            DayCount::ActualActual => "actual/actual",
            DayCount::ThirtyU360 => "30U/360",
        }
    }
}

/// Days of 30-day months since year 0.
fn thirty(date: Date, day: i32) -> i32 {
    360 * i32::from(date.year()) + 30 * i32::from(date.month()) + day
}

/// Actual/actual weight since year 0: whole years, and the part of the running one.
fn weight_to(date: Date) -> i64 {
    let year_days = i64::from(date.days_in_year());
    let of_year = i64::from(date.day_of_year()) - 1;
    i64::from(date.year()) * ACTUAL_YEAR + of_year * (ACTUAL_YEAR / year_days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn thirty_day_months_as_the_market_counts_them() {
        // (from, to, 30E/360, 30U/360)
        let cases = [
            ("2026-01-15", "2026-02-15", 30, 30),
            ("2026-01-30", "2026-03-31", 60, 60),
            ("2026-01-31", "2026-02-28", 28, 28),
            ("2026-01-15", "2026-03-31", 75, 76), // the 31st at the end alone
            ("2026-02-28", "2026-03-31", 32, 30), // February's last day is a 30th in the US
            ("2026-02-28", "2027-02-28", 360, 360),
            ("2024-02-29", "2025-02-28", 359, 360), // both ends of February
            ("2024-02-28", "2024-02-29", 1, 1),     // not the last day: no 30th
            ("2026-08-31", "2026-09-30", 30, 30),
        ];
        for (from, to, european, american) in cases {
            let (from, to) = (d(from), d(to));
            assert_eq!(DayCount::ThirtyE360.days(from, to), european, "30E {from} {to}");
            assert_eq!(DayCount::ThirtyU360.days(from, to), american, "30U {from} {to}");
            assert_eq!(DayCount::ThirtyU360.days(to, from), -american);
        }
    }

    #[test]
    fn actual_actual_rolls_on_new_years_day() {
        let day = |from, to| DayCount::ActualActual.weight(d(from), d(to));
        assert_eq!(day("2028-12-31", "2029-01-01"), 365); // 1/366 of a year
        assert_eq!(day("2029-01-01", "2029-01-02"), 366); // 1/365 of a year
        assert_eq!(day("2028-01-01", "2029-01-01"), DayCount::ActualActual.year_weight());
        assert_eq!(day("2029-01-01", "2028-01-01"), -DayCount::ActualActual.year_weight());
    }

    proptest! {
        #[test]
        fn actual_actual_is_the_sum_of_its_years(from in -20_000i32..60_000, days in 0i32..4_000) {
            let (from, to) = (Date::from_days(from).unwrap(), Date::from_days(from + days).unwrap());
            let weight: i64 = (0..days).map(|n| if from.add_days(n).days_in_year() == 366 { 365 } else { 366 }).sum();
            prop_assert_eq!(DayCount::ActualActual.weight(from, to), weight);
        }

        #[test]
        fn parts_add_up(from in -20_000i32..60_000, first in 0i32..800, second in 0i32..800) {
            let date = |n| Date::from_days(n).unwrap();
            let (a, b, c) = (date(from), date(from + first), date(from + first + second));
            for count in [
                DayCount::Actual365Fixed, DayCount::Actual360, DayCount::ThirtyE360, DayCount::ActualActual,
            ] {
                prop_assert!(count.adds_up_by_days());
                prop_assert_eq!(count.weight(a, b) + count.weight(b, c), count.weight(a, c));
            }
        }
    }
}
