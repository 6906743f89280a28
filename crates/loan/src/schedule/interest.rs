//! Interest of a balance over a period, exact until it is rounded once.

use basics::money::div_round;
use basics::{Date, DayCount, Rate, Rounding};

use super::dues::Due;
use crate::{InterestBasis, LoanTerms};

const MILLION: i64 = 1_000_000;

/// How the interest of the periods of one loan is found.
#[derive(Clone, Copy)]
pub(super) struct Interest {
    rate_ppm: i64,
    by_period: bool,
    /// What part of a year a whole period is: numerator and denominator.
    year_part: (i64, i64),
    day_count: DayCount,
    rounding: Rounding,
}

/// Part of a year: numerator and denominator.
type YearPart = (i64, i64);

impl Interest {
    pub(super) fn of(terms: &LoanTerms) -> Interest {
        Interest {
            rate_ppm: terms.rate.ppm(),
            by_period: terms.basis == InterestBasis::Twelfth,
            year_part: terms.spacing.year_part(),
            day_count: terms.day_count,
            rounding: terms.rounding,
        }
    }

    /// What part of a year lies before a due date: a whole period's, or the days'.
    pub(super) fn part(&self, from: Date, due: &Due) -> YearPart {
        if self.by_period && due.is_whole { self.year_part } else { self.days(from, due.date) }
    }

    /// The part of a year that lies between two dates by days.
    pub(super) fn days(&self, from: Date, to: Date) -> YearPart {
        (self.day_count.weight(from, to), self.day_count.year_weight())
    }

    /// Interest of a balance for a part of a year, rounded; `None` if it does not fit.
    pub(super) fn fen(&self, balance_fen: i64, part: YearPart) -> Option<i64> {
        div_round(self.numerator(balance_fen, part), i128::from(MILLION * part.1), self.rounding)
    }

    /// Interest of a balance for its part of a year and of further balances for theirs, all by days, rounded together.
    pub(super) fn sum_fen(&self, balances: &[(i64, YearPart)]) -> Option<i64> {
        // Whole periods and days have different denominators: bring all to the product of both.
        let (period, days) = (i128::from(self.year_part.1), i128::from(self.day_count.year_weight()));
        let common = i128::from(MILLION) * period * days;
        let numerator: i128 = balances
            .iter()
            .map(|(balance, part)| {
                let scale = if i128::from(part.1) == days { period } else { days };
                self.numerator(*balance, *part) * scale
            })
            .sum();
        div_round(numerator, common, self.rounding)
    }

    /// `1 / (1 + rate of the part)` in 63 binary places, rounded down.
    pub(super) fn discount(&self, part: YearPart) -> Option<u64> {
        let year = i128::from(MILLION * part.1);
        u64::try_from((1i128 << 63) * year / (year + i128::from(self.rate_ppm) * i128::from(part.0))).ok()
    }

    pub(super) fn is_free(&self) -> bool {
        self.rate_ppm == Rate::ZERO.ppm()
    }

    pub(super) fn rounding(&self) -> Rounding {
        self.rounding
    }

    fn numerator(&self, balance_fen: i64, part: YearPart) -> i128 {
        i128::from(balance_fen) * i128::from(self.rate_ppm) * i128::from(part.0)
    }
}
