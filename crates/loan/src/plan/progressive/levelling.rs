//! How the instalments of a plan that follows the balance are levelled and run down.

use basics::money::div_round;

use super::{Progressive, TOO_LARGE, sum_of};
use crate::LoanError;
use crate::plan::convention::round_to_multiple;
use crate::plan::level::level_fen;
use crate::plan::state::due_interest;
use crate::plan::weight::Factor;
use crate::plan::{Convention, InterestRounding, Smoothing};

impl Progressive {
    /// Levels the instalments from `index` on over the balance before the first of them and what is disbursed in it. Those without
    /// principal are passed over.
    pub(super) fn level_from(&mut self, index: usize) -> Result<(), LoanError> {
        // A tranche on a due date splits nothing there but may have split the period before.
        self.weigh(index.saturating_sub(1))?;
        self.run_down()?;
        let index = index + self.rows.iter().skip(index).take_while(|row| row.interest_alone).count();
        let before = match index.checked_sub(1) {
            Some(before) => self.row(before)?.balance_after_fen,
            None => 0,
        };
        let here = self.segments(index).iter().try_fold(before, |sum, s| sum.checked_add(s.disbursed_fen));
        let level = self.level(index, here.ok_or(TOO_LARGE)?)?;
        self.set_level(index, level)?;
        if self.convention.smoothing == Smoothing::Once {
            self.smooth(index, level)?;
        }
        Ok(())
    }

    pub(super) fn set_level(&mut self, index: usize, level_fen: i64) -> Result<(), LoanError> {
        for row in self.rows.iter_mut().skip(index) {
            // What was paid to an instalment stays in it.
            row.instalment_fen = level_fen.max(row.paid_principal_fen.saturating_add(row.paid_interest_fen));
        }
        self.run_down()?;
        self.settle_last()
    }

    pub(super) fn smooth(&mut self, index: usize, level_fen: i64) -> Result<(), LoanError> {
        let count = i64::try_from(self.rows.len() - index).map_err(|_| TOO_LARGE)?;
        let difference = self.last_difference();
        let (wide, half) = (i128::from(difference.abs()) * 100, i128::from(count / 2) * 100);
        if count < 2 || difference == 0 || wide <= half {
            return Ok(());
        }
        let step = div_round(i128::from(difference), i128::from(count), self.convention.rounding).ok_or(TOO_LARGE)?;
        let moved = self.to_multiple(level_fen.checked_add(step).ok_or(TOO_LARGE)?)?;
        if moved == level_fen {
            return Ok(());
        }
        let mut tried = self.clone();
        tried.set_level(index, moved)?;
        if tried.last_difference().abs() < difference.abs() {
            *self = tried;
        }
        Ok(())
    }

    pub(super) fn last_difference(&self) -> i64 {
        match self.rows.as_slice() {
            [.., before, last] => last.instalment_fen.saturating_sub(before.instalment_fen),
            _ => 0,
        }
    }

    /// The instalment that pays `balance_fen` in equal parts over the periods from `index` on, to the multiple.
    pub(super) fn level(&self, index: usize, balance_fen: i64) -> Result<i64, LoanError> {
        let Convention { arithmetic, rounding, multiple_fen, .. } = self.convention;
        let factors = (index..self.rows.len()).map(|row| self.segments(row).iter().map(|segment| segment.factor));
        level_fen(balance_fen, factors, arithmetic, rounding, multiple_fen).ok_or(TOO_LARGE)
    }

    pub(super) fn to_multiple(&self, amount_fen: i64) -> Result<i64, LoanError> {
        round_to_multiple(amount_fen, self.convention.multiple_fen, self.convention.rounding).ok_or(TOO_LARGE)
    }

    /// Runs the balance down over all segments: interest, principal and balance of every row.
    pub(super) fn run_down(&mut self) -> Result<(), LoanError> {
        let Progressive { convention, rows, segments, .. } = self;
        let (mut balance, mut carried) = (0i64, 0i64);
        let count = segments.len();
        let ends: usize = rows.len();
        for index in 0..ends {
            let end = rows.get(index + 1).map_or(count, |next| next.first_segment);
            let Some(row) = rows.get_mut(index) else { break };
            let mut sum = InterestSum::new(convention);
            for segment in segments.get_mut(row.first_segment..end).unwrap_or(&mut []) {
                segment.balance_fen = balance.max(0);
                segment.interest_fen = sum.add(segment.balance_fen, segment.factor)?;
                balance = sum_of([segment.balance_fen, segment.disbursed_fen, segment.corrected_fen])?;
            }
            let borne = sum.total()?.checked_add(carried).ok_or(TOO_LARGE)?;
            if row.interest_alone {
                row.instalment_fen = sum_of([borne.max(row.paid_interest_fen), row.paid_principal_fen])?;
            }
            row.interest_fen = due_interest(row, borne);
            row.principal_fen = (row.instalment_fen - row.interest_fen).max(row.paid_principal_fen);
            row.carried_interest_fen = borne - row.interest_fen;
            carried = row.carried_interest_fen;
            balance = sum_of([balance, -row.principal_fen, row.paid_principal_fen])?.max(0);
            row.balance_after_fen = balance;
        }
        Ok(())
    }

    /// Lets the last instalment that is not settled take the remainder, so that the principal of all is what was
    /// disbursed; where that would be less than was paid to it, the one before takes the rest.
    pub(super) fn settle_last(&mut self) -> Result<(), LoanError> {
        self.run_down()?;
        let mut missing = self.missing_fen()?;
        let mut left = i64::MAX;
        for index in (0..self.rows.len()).rev() {
            if missing == 0 {
                return Ok(());
            }
            // No instalment pays back what is paid out only after it.
            left = left.min(self.row(index)?.balance_after_fen);
            if !self.row(index)?.is_settled() && !self.row(index)?.interest_alone && missing <= left {
                self.add_to(index, missing)?;
                missing = self.missing_fen()?;
            }
        }
        // Paid out when the instalments after it were settled: the last is open again.
        if missing > 0 { self.add_to(self.rows.len() - 1, missing) } else { Ok(()) }
    }

    /// Disbursed and in no instalment.
    pub(super) fn missing_fen(&self) -> Result<i64, LoanError> {
        let planned: i128 = self.rows.iter().map(|row| i128::from(row.principal_fen)).sum();
        i64::try_from(i128::from(self.disbursed_fen) - planned).map_err(|_| TOO_LARGE)
    }

    /// Moves the principal of an instalment, not below what was paid to it.
    pub(super) fn add_to(&mut self, index: usize, principal_fen: i64) -> Result<(), LoanError> {
        let row = self.row_mut(index)?;
        let principal = sum_of([row.principal_fen, principal_fen])?.max(row.paid_principal_fen);
        let borne = sum_of([row.interest_fen, row.carried_interest_fen])?;
        row.instalment_fen = sum_of([principal, borne.max(row.paid_interest_fen)])?;
        self.run_down()
    }
}

/// Interest of a period, segment by segment.
pub(super) struct InterestSum<'a> {
    convention: &'a Convention,
    rounded: i64,
    exact: i128,
    denominator: i128,
}

impl<'a> InterestSum<'a> {
    pub(super) fn new(convention: &'a Convention) -> InterestSum<'a> {
        InterestSum { convention, rounded: 0, exact: 0, denominator: 1 }
    }

    /// Adds a segment and answers its own interest, rounded.
    pub(super) fn add(&mut self, balance_fen: i64, factor: Factor) -> Result<i64, LoanError> {
        let Convention { arithmetic, rounding, interest_rounding, .. } = *self.convention;
        let own = factor.interest_fen(balance_fen, arithmetic, rounding).ok_or(TOO_LARGE)?;
        match interest_rounding {
            InterestRounding::Segment => self.rounded = self.rounded.checked_add(own).ok_or(TOO_LARGE)?,
            InterestRounding::Period if factor.numerator == 0 => {}
            InterestRounding::Period => {
                self.denominator = factor.denominator;
                let more = i128::from(balance_fen).checked_mul(factor.numerator).ok_or(TOO_LARGE)?;
                self.exact = self.exact.checked_add(more).ok_or(TOO_LARGE)?;
            }
        }
        Ok(own)
    }

    pub(super) fn total(&self) -> Result<i64, LoanError> {
        match self.convention.interest_rounding {
            InterestRounding::Segment => Ok(self.rounded),
            InterestRounding::Period => {
                div_round(self.exact, self.denominator, self.convention.rounding).ok_or(TOO_LARGE)
            }
        }
    }
}
