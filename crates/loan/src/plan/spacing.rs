//! Due dates at equal spacing, each counted from the seed so that short months do not pull later ones.

use basics::Date;
use minicbor::{Decode, Encode};

use super::Unit;
use crate::LoanError;

/// Distance between two due dates: so many days, weeks or months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Spacing {
    /// How many units; at least 1.
    #[n(0)]
    pub every: u16,
    /// Of what.
    #[n(1)]
    pub unit: Unit,
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
    pub const MONTHLY: Spacing = Spacing { every: 1, unit: Unit::Months };

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
            Unit::Months => return Ok(seed.add_months(steps)?),
            Unit::Weeks => steps.saturating_mul(7),
            Unit::Days => steps,
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

/// Due dates of a loan, of which some may have been moved since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDates {
    /// First day of interest.
    pub start: Date,
    /// Distance of the dates.
    pub spacing: Spacing,
    /// How many there are; more follow at the same spacing where a plan runs longer.
    pub count: u16,
    /// The last due date, where the loan has a fixed length.
    pub last: Option<Date>,
    /// From which instalment on dates are counted from which seed: the first is 0.
    seeds: Vec<(u16, Date)>,
}

impl DueDates {
    /// Dates counted from `seed`, interest from `start`; errors if the spacing or the count is nothing, or the
    /// first date is not after the start.
    pub fn new(start: Date, seed: Date, spacing: Spacing, count: u16) -> Result<DueDates, LoanError> {
        if spacing.every == 0 || count == 0 {
            return Err(LoanError::Terms("there must be at least one instalment, at least one day apart".to_owned()));
        }
        let first = spacing.date(seed, 1)?;
        if first <= start {
            return Err(LoanError::Terms(format!("the first due date {first} is not after the start {start}")));
        }
        Ok(DueDates { start, spacing, count, last: None, seeds: vec![(0, seed)] })
    }

    /// With a fixed last date. Errors if that is not after the date before it.
    pub fn ending(mut self, last: Date) -> Result<DueDates, LoanError> {
        let before = if self.count > 1 { self.due(self.count - 1)? } else { self.start };
        if last <= before {
            return Err(LoanError::Terms(format!("the last due date {last} is not after {before}")));
        }
        self.last = Some(last);
        Ok(self)
    }

    /// The date from which the first due dates are counted.
    pub fn seed(&self) -> Date {
        self.seeds.first().map_or(self.start, |(_, seed)| *seed)
    }

    /// The due date of instalment `number`, from 1; that of 0 is the start. Errors outside the calendar.
    pub fn due(&self, number: u16) -> Result<Date, LoanError> {
        if number == 0 {
            return Ok(self.start);
        }
        match self.last {
            Some(last) if number == self.count => return Ok(last),
            Some(last) if number > self.count => return self.spacing.date(last, number - self.count),
            _ => {}
        }
        let (from, seed) =
            self.seeds.iter().rev().find(|(from, _)| *from <= number).copied().unwrap_or((0, self.start));
        self.spacing.date(seed, number - from)
    }

    /// The period of instalment `number`, from 1.
    pub fn period(&self, number: u16) -> Result<Period, LoanError> {
        Ok(Period { from: self.due(number.saturating_sub(1))?, due: self.due(number)? })
    }

    /// The number of the instalment that is due on a date, if there is one.
    pub fn number_due_on(&self, date: Date) -> Option<u16> {
        (1..=self.count.saturating_add(600))
            .map_while(|number| Some((number, self.due(number).ok()?)))
            .take_while(|(_, due)| *due <= date)
            .find(|(_, due)| *due == date)
            .map(|(number, _)| number)
    }

    /// Moves one due date; those after it follow at the spacing. Errors if there is no such date, or the new one is
    /// not after the date before.
    pub fn shift(&mut self, from: Date, to: Date) -> Result<(), LoanError> {
        let Some(number) = self.number_due_on(from) else {
            return Err(LoanError::Terms(format!("no instalment is due on {from}: choose a due date of the loan")));
        };
        let before = self.due(number - 1)?;
        if to <= before {
            return Err(LoanError::Terms(format!("the new due date {to} is not after {before}, the one before it")));
        }
        self.seeds.retain(|(first, _)| *first < number);
        self.seeds.push((number, to));
        if self.last.is_some() {
            self.last = Some(self.spacing.date(to, self.count.saturating_sub(number))?);
        }
        Ok(())
    }
}
