//! How far apart dates of a series lie: every so many days, weeks, months or quarters.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::Date;
use crate::date::DateError;

/// What a frequency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Span {
    /// Days.
    #[n(0)]
    Days,
    /// Weeks of seven days.
    #[n(1)]
    Weeks,
    /// Calendar months.
    #[n(2)]
    Months,
    /// Three calendar months.
    #[n(3)]
    Quarters,
}

/// One date every `every` spans. Always counted from the series' first date (the anchor), never from
/// the date before, so that a short month does not pull later dates: 31 January, 28 February, 31 March.
///
/// ```
/// use basics::{Date, Frequency};
/// let anchor = Date::ymd(2026, 1, 31)?;
/// let quarterly = Frequency::quarters(1)?;
/// let dates: Vec<String> = (1..=3).filter_map(|k| Some(quarterly.nth(anchor, k).ok()?.to_string())).collect();
/// assert_eq!(dates, ["2026-04-30", "2026-07-31", "2026-10-31"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Frequency {
    #[n(0)]
    every: u16,
    #[n(1)]
    span: Span,
}

/// A frequency of nothing, or longer than ten years.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("every {0} is no spacing: give at least 1, and at most ten years")]
pub struct FrequencyError(pub String);

impl Frequency {
    /// Every month.
    pub const MONTHLY: Frequency = Frequency { every: 1, span: Span::Months };
    /// Every quarter.
    pub const QUARTERLY: Frequency = Frequency { every: 1, span: Span::Quarters };
    const DAYS_MAX: u16 = 3_653;

    /// Every `every` spans. Errors if that is nothing or more than ten years.
    pub fn new(every: u16, span: Span) -> Result<Frequency, FrequencyError> {
        let most = match span {
            Span::Days => Self::DAYS_MAX,
            Span::Weeks => Self::DAYS_MAX / 7,
            Span::Months => 120,
            Span::Quarters => 40,
        };
        let frequency = Frequency { every, span };
        if (1..=most).contains(&every) { Ok(frequency) } else { Err(FrequencyError(frequency.words())) }
    }

    /// Every `every` days. Errors as [`new`](Self::new).
    pub fn days(every: u16) -> Result<Frequency, FrequencyError> {
        Frequency::new(every, Span::Days)
    }

    /// Every `every` weeks. Errors as [`new`](Self::new).
    pub fn weeks(every: u16) -> Result<Frequency, FrequencyError> {
        Frequency::new(every, Span::Weeks)
    }

    /// Every `every` months. Errors as [`new`](Self::new).
    pub fn months(every: u16) -> Result<Frequency, FrequencyError> {
        Frequency::new(every, Span::Months)
    }

    /// Every `every` quarters. Errors as [`new`](Self::new).
    pub fn quarters(every: u16) -> Result<Frequency, FrequencyError> {
        Frequency::new(every, Span::Quarters)
    }

    /// How many spans.
    pub const fn every(self) -> u16 {
        self.every
    }

    /// Of what.
    pub const fn span(self) -> Span {
        self.span
    }

    /// How many days it is apart, where that is fixed.
    pub fn in_days(self) -> Option<i32> {
        match self.span {
            Span::Days => Some(i32::from(self.every)),
            Span::Weeks => Some(7 * i32::from(self.every)),
            Span::Months | Span::Quarters => None,
        }
    }

    /// How many months it is apart, where that is fixed.
    pub fn in_months(self) -> Option<i32> {
        match self.span {
            Span::Days | Span::Weeks => None,
            Span::Months => Some(i32::from(self.every)),
            Span::Quarters => Some(3 * i32::from(self.every)),
        }
    }

    /// What part of a year one period is: (numerator, denominator). Twelve months, four quarters, 52 weeks or
    /// 365 days make the year.
    pub fn year_part(self) -> (i64, i64) {
        let every = i64::from(self.every);
        match self.span {
            Span::Days if every % 7 == 0 => (every / 7, 52),
            Span::Days => (every, 365),
            Span::Weeks => (every, 52),
            Span::Months => (every, 12),
            Span::Quarters => (every, 4),
        }
    }

    /// The `k`-th date after the anchor (before it if negative); the anchor itself for 0.
    ///
    /// Errors outside the accepted years.
    pub fn nth(self, anchor: Date, k: i32) -> Result<Date, DateError> {
        let too_far = || DateError(format!("{anchor} and {k} times {}", self.words()));
        match (self.in_months(), self.in_days()) {
            (Some(months), _) => anchor.add_months(months.checked_mul(k).ok_or_else(too_far)?),
            (None, days) => {
                let days = days.unwrap_or(1).checked_mul(k).ok_or_else(too_far)?;
                anchor.days().checked_add(days).and_then(|day| Date::from_days(day).ok()).ok_or_else(too_far)
            }
        }
    }

    fn words(self) -> String {
        let span = match self.span {
            Span::Days => "days",
            Span::Weeks => "weeks",
            Span::Months => "months",
            Span::Quarters => "quarters",
        };
        format!("{} {span}", self.every)
    }
}

impl Default for Frequency {
    /// Every month.
    fn default() -> Frequency {
        Frequency::MONTHLY
    }
}

impl fmt::Display for Frequency {
    /// `every 2 weeks`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}", self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_from_the_anchor() {
        let anchor = Date::ymd(2027, 11, 30).unwrap();
        let cases = [
            (Frequency::days(10), "2027-12-10", "2027-12-30"),
            (Frequency::weeks(2), "2027-12-14", "2028-01-11"),
            (Frequency::months(1), "2027-12-30", "2028-02-29"), // not 28 or 29 for ever after
            (Frequency::months(2), "2028-01-30", "2028-05-30"),
            (Frequency::quarters(1), "2028-02-29", "2028-08-30"),
        ];
        for (frequency, first, third) in cases {
            let frequency = frequency.unwrap();
            assert_eq!(frequency.nth(anchor, 1).unwrap().to_string(), first, "{frequency}");
            assert_eq!(frequency.nth(anchor, 3).unwrap().to_string(), third, "{frequency}");
            assert_eq!(frequency.nth(anchor, 0), Ok(anchor));
        }
    }

    #[test]
    fn nothing_and_more_than_ten_years_are_refused() {
        for wrong in [Frequency::days(0), Frequency::days(3_654), Frequency::months(121), Frequency::quarters(41)] {
            assert!(wrong.is_err());
        }
        assert_eq!(
            Frequency::weeks(0).unwrap_err().to_string(),
            "every 0 weeks is no spacing: give at least 1, and at most ten years"
        );
        assert!(Frequency::quarters(40).unwrap().nth(Date::ymd(2390, 1, 1).unwrap(), i32::MAX).is_err());
    }
}
