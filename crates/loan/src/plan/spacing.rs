//! Due dates at equal spacing, each counted from the seed so that short months do not pull later ones.

use basics::Date;
use minicbor::{Decode, Encode};

use crate::LoanError;

/// Unit of the distance between two due dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum SpacingUnit {
    /// Days.
    #[n(0)]
    Days,
    /// Weeks of seven days.
    #[n(1)]
    Weeks,
    /// Calendar months; the seed's day of month, cut to the end of a shorter month.
    #[n(2)]
    Months,
}

/// Distance between two due dates: so many days, weeks or months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Spacing {
    /// How many units; at least 1.
    #[n(0)]
    pub every: u16,
    /// Of what.
    #[n(1)]
    pub unit: SpacingUnit,
}

/// One period of interest: from its first day to its due date, which is not itself a day of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// First day of interest.
    pub from: Date,
    /// Due date.
    pub due: Date,
}

impl Period {
    /// Days of interest.
    pub fn days(self) -> i32 {
        self.due - self.from
    }
}

impl Spacing {
    /// Every month.
    pub const MONTHLY: Spacing = Spacing { every: 1, unit: SpacingUnit::Months };

    /// The `k`-th date after the seed; the seed itself for 0. Errors outside the calendar.
    ///
    /// ```
    /// use basics::Date;
    /// use loan::plan::Spacing;
    /// let seed = Date::ymd(2026, 1, 31)?;
    /// assert_eq!(Spacing::MONTHLY.date(seed, 1)?.to_string(), "2026-02-28");
    /// assert_eq!(Spacing::MONTHLY.date(seed, 2)?.to_string(), "2026-03-31");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn date(self, seed: Date, k: u16) -> Result<Date, LoanError> {
        let steps = i32::from(self.every) * i32::from(k);
        let days = match self.unit {
            SpacingUnit::Months => return Ok(seed.add_months(steps)?),
            SpacingUnit::Weeks => steps.saturating_mul(7),
            SpacingUnit::Days => steps,
        };
        Ok(Date::from_days(seed.days().saturating_add(days))?)
    }

    /// `count` periods one after another, the first from `seed`.
    ///
    /// Errors if the spacing is nothing or a date lies outside the calendar.
    pub fn periods(self, seed: Date, count: u16) -> Result<Vec<Period>, LoanError> {
        if self.every == 0 {
            return Err(LoanError::Terms("instalments must be at least one day, week or month apart".to_owned()));
        }
        let mut from = seed;
        (1..=count)
            .map(|k| {
                let due = self.date(seed, k)?;
                Ok(Period { from: std::mem::replace(&mut from, due), due })
            })
            .collect()
    }
}
