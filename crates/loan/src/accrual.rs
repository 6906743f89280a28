//! Accrued interest without touching every loan: what a loan holds in its group, and exact sums of groups.
//!
//! Between two touches a loan's accrued interest is `(numerator + rate × weight) / denominator` minor units, where the
//! weight of a day depends on the convention alone. Loans of one [`GroupKey`] therefore add up: a
//! [`GroupSum`] grows by `Σ rate × weight` a day, whatever the number of loans. When a loan changes, what it held
//! leaves the sum and what it holds now enters it.
//!
//! The ledger shows a group's accrued interest in whole minor units, rounded down; the rest stays in the group:
//! `ledger × denominator + remainder = Σ over loans`, exactly, at every moment.
//!
//! ```
//! use basics::{Date, DayCount};
//! use loan::accrual::{Accrual, Convention, GroupSum};
//! let day = Date::ymd(2026, 3, 1)?;
//! // 100.00 at 6 %, actual/360: 10,000 fen × 60,000 ppm over 10⁶ × 360: 1.666… fen a day.
//! let held = Accrual {
//!     convention: Convention::Days(DayCount::Actual360), denominator: 360_000_000, numerator: 0, rate: 600_000_000, on: day,
//! };
//! let mut group = GroupSum::default();
//! group.change(held.denominator, held.at(day)?, held.rate)?;
//! let days: Vec<i64> = (0..3)
//!     .map(|n| group.accrue(held.convention, held.denominator, day.add_days(n), day.add_days(n + 1)))
//!     .collect::<Result<_, _>>()?;
//! assert_eq!((days, group.ledger_fen, group.remainder), (vec![1, 2, 2], 5, 0));
//! assert_eq!(group.exact(held.denominator)?, held.at(day.add_days(3))?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use basics::{Currency, Date, DayCount};
use minicbor::{Decode, Encode};

use crate::{LoanError, LoanState, LoanTerms};

const OVERFLOW: LoanError = LoanError::Overflow("accrued interest");

/// How much of the growth of interest falls on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Convention {
    /// A period's interest spread evenly over its calendar days, so that the last day lands on it exactly.
    #[n(0)]
    Spread,
    /// By days of a day count, on the balance.
    #[n(1)]
    Days(#[n(0)] DayCount),
}

impl Convention {
    /// The weight of the days from `from` to `to`, the last not counted; of any split of them, the sum.
    pub fn weight(self, from: Date, to: Date) -> i128 {
        match self {
            Convention::Spread => i128::from(to - from),
            Convention::Days(count) => i128::from(count.weight(from, to)),
        }
    }

    /// A number that stands for the convention in stored keys: 0 spread, else 1 + the day count's own code.
    pub fn code(self) -> i64 {
        match self {
            Convention::Spread => 0,
            Convention::Days(DayCount::Actual365Fixed) => 1,
            Convention::Days(DayCount::Actual360) => 2,
            Convention::Days(DayCount::ThirtyE360) => 3,
            Convention::Days(DayCount::ActualActual) => 4,
            Convention::Days(DayCount::ThirtyU360) => 5,
        }
    }

    /// The convention of a code.
    pub fn of_code(code: i64) -> Option<Convention> {
        let known = [
            Convention::Spread,
            Convention::Days(DayCount::Actual365Fixed),
            Convention::Days(DayCount::Actual360),
            Convention::Days(DayCount::ThirtyE360),
            Convention::Days(DayCount::ActualActual),
            Convention::Days(DayCount::ThirtyU360),
        ];
        known.into_iter().find(|convention| convention.code() == code)
    }
}

/// Whether interest is income as it accrues, and in which stage of expected loss a loan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Stage(#[n(0)] u8);

impl Stage {
    /// Accruing 应计, stage 1: where a loan begins.
    pub const FIRST: Stage = Stage(1);

    /// Accruing, in stage 1 to 3 of expected loss. Errors outside them.
    pub fn accruing(loss_stage: u8) -> Result<Stage, LoanError> {
        if (1..=3).contains(&loss_stage) {
            Ok(Stage(loss_stage))
        } else {
            Err(LoanError::Terms(format!("there is no stage {loss_stage} of expected loss: they are 1 to 3")))
        }
    }

    /// Non-accrual 非应计, in stage 1 to 3 of expected loss. Errors outside them.
    pub fn not_accruing(loss_stage: u8) -> Result<Stage, LoanError> {
        Stage::accruing(loss_stage).map(|Stage(stage)| Stage(stage + 10))
    }

    /// Whether interest is income as it accrues.
    pub fn is_accruing(self) -> bool {
        self.0 < 10
    }

    /// The stage of expected loss, 1 to 3.
    pub fn loss_stage(self) -> u8 {
        self.0 % 10
    }

    /// The number in stored keys: 1 to 3 accruing, 11 to 13 not.
    pub fn code(self) -> i64 {
        i64::from(self.0)
    }

    /// The stage of a number in stored keys.
    pub fn of_code(code: i64) -> Option<Stage> {
        matches!(code, 1..=3 | 11..=13).then(|| u8::try_from(code).ok().map(Stage)).flatten()
    }
}

/// Which loans add up with each other, beside the cell they are in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct GroupKey {
    /// Product code.
    #[n(0)]
    pub product: String,
    /// Accruing or not, and the stage of expected loss.
    #[n(1)]
    pub stage: Stage,
    /// Currency.
    #[n(2)]
    pub currency: Currency,
    /// How the interest grows.
    #[n(3)]
    pub convention: Convention,
    /// Of the sum.
    #[n(4)]
    pub denominator: i64,
}

/// What one loan holds in its group: interest accrued and not due, and how it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Accrual {
    /// How the weight of days is counted.
    #[n(0)]
    pub convention: Convention,
    /// More than 0.
    #[n(1)]
    pub denominator: i64,
    /// Accrued by the beginning of `on`.
    #[n(2)]
    pub numerator: i128,
    /// What one unit of weight adds.
    #[n(3)]
    pub rate: i128,
    /// The day up to which `numerator` counts, itself not counted.
    #[n(4)]
    pub on: Date,
}

impl Accrual {
    /// The numerator by the beginning of `date`, if nothing happens until then. Errors on overflow.
    pub fn at(&self, date: Date) -> Result<i128, LoanError> {
        let grown = self.rate.checked_mul(self.convention.weight(self.on, date)).ok_or(OVERFLOW)?;
        self.numerator.checked_add(grown).ok_or(OVERFLOW)
    }

    /// The group of a loan that holds this.
    pub fn key(&self, product: &str, stage: Stage, currency: Currency) -> GroupKey {
        GroupKey {
            product: product.to_owned(),
            stage,
            currency,
            convention: self.convention,
            denominator: self.denominator,
        }
    }
}

impl LoanState {
    /// What the loan holds in its group as of this state; `None` when no interest runs and none is accrued.
    ///
    /// Errors if the denominator does not fit, or interest runs in another denominator than it has accrued in.
    pub fn accrual(&self, terms: &LoanTerms) -> Result<Option<Accrual>, LoanError> {
        let convention = if terms.grows_by_days() { Convention::Days(terms.day_count) } else { Convention::Spread };
        let denominator = match &self.segment {
            Some(segment) if self.accrued.numerator != 0 && segment.denominator != self.accrued.denominator => {
                return Err(LoanError::Terms("interest runs in another denominator than it has accrued in".to_owned()));
            }
            Some(segment) => segment.denominator,
            None if self.accrued.numerator == 0 => return Ok(None),
            None => self.accrued.denominator,
        };
        Ok(Some(Accrual {
            convention,
            denominator: i64::try_from(denominator).map_err(|_| OVERFLOW)?,
            numerator: self.accrued.numerator,
            rate: self.segment.map_or(0, |segment| segment.numerator),
            on: self.as_of,
        }))
    }
}

/// The sum of a group: `ledger_fen × denominator + remainder` over the denominator of its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupSum {
    /// What one unit of weight adds over all loans.
    pub rate: i128,
    /// Accrued in whole minor units, rounded down: what the ledger shows.
    pub ledger_fen: i64,
    /// What is left of the sum, from 0 to the denominator.
    pub remainder: i64,
}

impl GroupSum {
    /// The sum of all loans' numerators. Errors on overflow.
    pub fn exact(&self, denominator: i64) -> Result<i128, LoanError> {
        i128::from(self.ledger_fen)
            .checked_mul(i128::from(denominator))
            .and_then(|whole| whole.checked_add(i128::from(self.remainder)))
            .ok_or(OVERFLOW)
    }

    /// Lets days pass; what the ledger's accrued interest changes by, in minor units. Errors on overflow.
    pub fn accrue(&mut self, convention: Convention, denominator: i64, from: Date, to: Date) -> Result<i64, LoanError> {
        let grown = self.rate.checked_mul(convention.weight(from, to)).ok_or(OVERFLOW)?;
        self.change(denominator, grown, 0)
    }

    /// Adds what a loan brings, or with negative figures takes what it held; what the ledger's
    /// accrued interest changes by, in minor units. Errors on overflow; the sum is then as before.
    pub fn change(&mut self, denominator: i64, numerator: i128, rate: i128) -> Result<i64, LoanError> {
        let sum = self.exact(denominator)?.checked_add(numerator).ok_or(OVERFLOW)?;
        let wide = i128::from(denominator);
        if wide <= 0 {
            return Err(LoanError::Terms("the denominator of accrued interest must be more than 0".to_owned()));
        }
        let ledger_fen = i64::try_from(sum.div_euclid(wide)).map_err(|_| OVERFLOW)?;
        let rate = self.rate.checked_add(rate).ok_or(OVERFLOW)?;
        let moved_fen = ledger_fen.checked_sub(self.ledger_fen).ok_or(OVERFLOW)?;
        let remainder = i64::try_from(sum.rem_euclid(wide)).map_err(|_| OVERFLOW)?;
        *self = GroupSum { rate, ledger_fen, remainder };
        Ok(moved_fen)
    }
}

/// What a touch earned beyond what had accrued, in whole minor units, towards nothing.
///
/// `billed_fen` is the interest that fell due in the touch; `old` what the loan held before and `new` what it holds
/// since, both as of `on`. Interest that falls due as it accrued gives 0: what is left is less than a minor unit
/// and a matter of rounding. A change dated back gives the income that was taken too little (or too much). Errors on overflow.
pub fn earned_anew(old: Option<&Accrual>, new: Option<&Accrual>, billed_fen: i64, on: Date) -> Result<i64, LoanError> {
    let of = |held: Option<&Accrual>| {
        held.map_or(Ok((0, 1)), |held| held.at(on).map(|numerator| (numerator, i128::from(held.denominator))))
    };
    let ((was, was_of), (is, is_of)) = (of(old)?, of(new)?);
    let times = |a: i128, b: i128| a.checked_mul(b).ok_or(OVERFLOW);
    let all_of = times(was_of, is_of)?;
    let sum = times(i128::from(billed_fen), all_of)?
        .checked_add(times(is, was_of)?)
        .and_then(|sum| sum.checked_sub(was.checked_mul(is_of)?))
        .ok_or(OVERFLOW)?;
    i64::try_from(sum.checked_div(all_of).ok_or(OVERFLOW)?).map_err(|_| OVERFLOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_exact_below_nothing_too() {
        let mut sum = GroupSum::default();
        assert_eq!(sum.change(7, -1, 3), Ok(-1));
        assert_eq!((sum.ledger_fen, sum.remainder, sum.exact(7)), (-1, 6, Ok(-1)));
        assert_eq!(sum.change(7, 1, -3), Ok(1));
        assert_eq!(sum, GroupSum::default());
    }

    #[test]
    fn what_does_not_fit_leaves_the_sum_as_it_was() {
        let mut sum = GroupSum { rate: i128::MAX, ledger_fen: i64::MAX, remainder: 0 };
        let before = sum;
        assert!(sum.change(2, 2, 0).is_err());
        assert!(sum.change(2, 0, 1).is_err());
        assert!(sum.change(0, 0, 0).is_err());
        assert_eq!(sum, before);
    }

    #[test]
    fn codes_name_what_they_were_given_for() {
        for code in -1..20 {
            assert!(Stage::of_code(code).is_none_or(|stage| stage.code() == code));
            assert!(Convention::of_code(code).is_none_or(|convention| convention.code() == code));
        }
        let stage = Stage::not_accruing(2).unwrap();
        assert_eq!((stage.is_accruing(), stage.loss_stage(), Stage::of_code(stage.code())), (false, 2, Some(stage)));
        assert!(Stage::accruing(4).is_err() && Stage::accruing(0).is_err());
    }

    #[test]
    fn what_falls_due_as_it_accrued_is_rounding_alone() {
        let on = Date::ymd(2026, 3, 1).unwrap();
        let held =
            |numerator, denominator| Accrual { convention: Convention::Spread, denominator, numerator, rate: 0, on };
        // 10.6 accrued, 11 billed; 10.6 accrued and given up; from thirds to quarters.
        assert_eq!(earned_anew(Some(&held(106, 10)), None, 11, on), Ok(0));
        assert_eq!(earned_anew(Some(&held(106, 10)), None, 0, on), Ok(-10));
        assert_eq!(earned_anew(Some(&held(10, 3)), Some(&held(21, 4)), 0, on), Ok(1));
    }
}
