//! Day counts: what part of a year lies between two dates, as an exact fraction.

use minicbor::{Decode, Encode};

use crate::Date;

/// A named day-count convention of the market.
///
/// The first day counts and the last does not (算头不算尾).
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
}

impl DayCount {
    /// Days of interest from `start` to `end`; negative if `end` is earlier.
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
            DayCount::Actual365Fixed | DayCount::Actual360 => end - start,
            DayCount::ThirtyE360 => {
                let of = |d: Date| 360 * i32::from(d.year()) + 30 * i32::from(d.month()) + i32::from(d.day().min(30));
                of(end) - of(start)
            }
        }
    }

    /// Days that make a year in this convention.
    pub fn year_days(self) -> i32 {
        match self {
            DayCount::Actual365Fixed => 365,
            DayCount::Actual360 | DayCount::ThirtyE360 => 360,
        }
    }
}
