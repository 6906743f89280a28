//! How much of a year's interest a stretch of days bears, as an exact fraction or in twelve digits.

use basics::money::div_round;
use basics::{Date, DayCount, Rate, Rounding};
use minicbor::{Decode, Encode};

use super::decimal::Significant;
use super::{MonthLength, Period, Spacing, Unit, YearLength};

/// What share of a year a stretch inside a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Weight {
    /// A period has its nominal length, whatever its days; a stretch inside it has its share by days.
    ///
    /// The nominal length is `every × days of a month` (spacing in months), `every × 7` (weeks) or `every`
    /// (days) over the days of a year. With the actual year, a stretch over 31 December is
    /// `every × (days to 31 December / year + days after it / next year)` instead. With months of 30 days
    /// in years of 360 a monthly period is a twelfth.
    #[n(0)]
    Nominal {
        /// Days of a month.
        #[n(0)]
        month: MonthLength,
        /// Days of a year.
        #[n(1)]
        year: YearLength,
    },
    /// The days between two dates by a day count, over its year.
    #[n(1)]
    Days(#[n(0)] DayCount),
}

/// In which arithmetic interest and instalments are worked out before they are rounded to money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Arithmetic {
    /// Exact fractions.
    #[n(0)]
    Exact,
    /// Decimals of twelve significant digits, half to even after every step.
    #[n(1)]
    Digits12,
}

/// Interest of one minor unit of balance over a stretch: `numerator / denominator`.
///
/// Under [`Arithmetic::Exact`] all stretches of one period have one denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Factor {
    /// Not negative.
    pub numerator: i128,
    /// Positive.
    pub denominator: i128,
}

impl Factor {
    /// No interest.
    pub const NONE: Factor = Factor { numerator: 0, denominator: 1 };

    /// `balance × factor`, rounded. `None` if it does not fit.
    pub fn interest_fen(self, balance_fen: i64, arithmetic: Arithmetic, rounding: Rounding) -> Option<i64> {
        let numerator = i128::from(balance_fen).checked_mul(self.numerator)?;
        match arithmetic {
            Arithmetic::Exact => div_round(numerator, self.denominator, rounding),
            Arithmetic::Digits12 => {
                // Half a unit of the twelfth digit can only tip the rounding of amounts that long.
                Significant::scaled(balance_fen, 2).times(self.significant()?)?.minor(2, rounding)
            }
        }
    }

    /// The factor as a decimal; only for those that were made under [`Arithmetic::Digits12`].
    pub(super) fn significant(self) -> Option<Significant> {
        let scale = self.denominator.checked_ilog10()?;
        Some(Significant::scaled(i64::try_from(self.numerator).ok()?, scale))
    }
}

/// The smallest common multiple of the years 365 and 366, so that both kinds of year share a denominator.
const BOTH_YEARS: i128 = 365 * 366;
const MILLION: i128 = 1_000_000;

impl Weight {
    /// The factor of the days `from` to `to` inside `period`, at a rate a year. `None` if it does not fit.
    pub fn factor(
        self,
        rate: Rate,
        spacing: Spacing,
        period: Period,
        from: Date,
        to: Date,
        arithmetic: Arithmetic,
    ) -> Option<Factor> {
        if to <= from || rate == Rate::ZERO {
            return Some(Factor { numerator: 0, denominator: self.denominator(period) });
        }
        match (self, arithmetic) {
            (Weight::Days(count), Arithmetic::Exact) => Some(Factor {
                numerator: i128::from(rate.ppm()) * i128::from(count.weight(from, to)),
                denominator: self.denominator(period),
            }),
            (Weight::Days(count), Arithmetic::Digits12) => {
                let days = Significant::whole(count.weight(from, to));
                let rate = Significant::scaled(rate.ppm(), 6);
                ratio(rate.times(days)?.over(Significant::whole(count.year_weight()))?)
            }
            (Weight::Nominal { month, year }, Arithmetic::Exact) => {
                self.nominal_exact(rate, spacing, period, (from, to), month, year)
            }
            (Weight::Nominal { month, year }, Arithmetic::Digits12) => {
                nominal_digits(rate, spacing, period, (from, to), month, year)
            }
        }
    }

    /// The one denominator of exact factors inside a period.
    fn denominator(self, period: Period) -> i128 {
        let days = i128::from(period.days().max(1));
        match self {
            Weight::Days(count) => MILLION * i128::from(count.year_weight()),
            Weight::Nominal { year: YearLength::Actual, .. } => MILLION * BOTH_YEARS * days,
            Weight::Nominal { year, .. } => MILLION * i128::from(year_days(year, period.from)) * days,
        }
    }

    fn nominal_exact(
        self,
        rate: Rate,
        spacing: Spacing,
        period: Period,
        (from, to): (Date, Date),
        month: MonthLength,
        year: YearLength,
    ) -> Option<Factor> {
        let denominator = self.denominator(period);
        let (ppm, every) = (i128::from(rate.ppm()), i128::from(spacing.every));
        let numerator = if crosses_year(year, from, to) {
            let mut sum = 0i128;
            years_of(from, to, |days, length| {
                sum += i128::from(days) * (BOTH_YEARS / i128::from(length));
                Some(())
            })?;
            ppm * every * sum * i128::from(period.days().max(1))
        } else {
            let length = i128::from(year_days(year, from));
            let scale = if year == YearLength::Actual { BOTH_YEARS / length } else { 1 };
            ppm * every * i128::from(unit_days(spacing.unit, month, from)) * i128::from(to - from) * scale
        };
        Some(Factor { numerator, denominator })
    }
}

/// The steps of the calculation in twelve digits, in the order in which they round.
fn nominal_digits(
    rate: Rate,
    spacing: Spacing,
    period: Period,
    (from, to): (Date, Date),
    month: MonthLength,
    year: YearLength,
) -> Option<Factor> {
    let rate = Significant::scaled(rate.ppm(), 6);
    let every = Significant::whole(i64::from(spacing.every));
    if crosses_year(year, from, to) {
        let mut share = Significant::ZERO;
        years_of(from, to, |days, length| {
            let part = Significant::whole(i64::from(days)).over(Significant::whole(i64::from(length)))?;
            share = share.plus(part)?;
            Some(())
        })?;
        return ratio(rate.times(every.times(share)?)?);
    }
    let unit = Significant::whole(i64::from(unit_days(spacing.unit, month, from)));
    let length = unit.times(every)?.over(Significant::whole(i64::from(year_days(year, from))))?;
    let days = Significant::whole(i64::from(to - from));
    let period_days = Significant::whole(i64::from(period.days()));
    ratio(rate.times(length)?.times(days)?.over(period_days)?)
}

fn ratio(value: Significant) -> Option<Factor> {
    let (numerator, denominator) = value.ratio();
    Some(Factor { numerator, denominator })
}

fn crosses_year(year: YearLength, from: Date, to: Date) -> bool {
    year == YearLength::Actual && from.year() != to.year()
}

/// The days of a stretch year by year, each with the length of its year; a year's share ends on its 31 December.
fn years_of(from: Date, to: Date, mut each: impl FnMut(i32, i32) -> Option<()>) -> Option<()> {
    let mut start = from;
    for year in from.year()..=to.year() {
        let end = if year == to.year() { to } else { Date::ymd(year, 12, 31).ok()? };
        each(end - start, end.days_in_year())?;
        start = end;
    }
    Some(())
}

pub(super) fn year_days(year: YearLength, date: Date) -> i32 {
    match year {
        YearLength::Actual => date.days_in_year(),
        YearLength::D360 => 360,
        YearLength::D364 => 364,
        YearLength::D365 => 365,
    }
}

fn unit_days(unit: Unit, month: MonthLength, date: Date) -> i32 {
    match (unit, month) {
        (Unit::Days, _) => 1,
        (Unit::Weeks, _) => 7,
        (Unit::Months, MonthLength::Actual) => date.days_in_month(),
        (Unit::Months, MonthLength::D30) => 30,
    }
}
