//! What grows with the days: running interest, penalty, compound interest, days past due.

use basics::{Date, Rate};

use super::{Servicing, change};
use crate::schedule::year_denominator;
use crate::{Accrued, Component, Compound, Growth, LoanError, Segment};

impl Servicing<'_> {
    /// Penalty and compound interest of the days from the one reached to `to`.
    pub(super) fn run_overdue(&mut self, to: Date) -> Result<(), LoanError> {
        let Some(from) = self.date.replace(to) else { return Ok(()) };
        let days = i128::from(self.terms.day_count.weight(from, to));
        if days == 0 {
            return Ok(());
        }
        let (penalty_rate, compound_rate) = self.overdue_rates();
        for row in self.rows.iter_mut().take(self.next).skip(self.open) {
            row.penalty += row.core_unpaid(Component::Principal) * i128::from(penalty_rate.ppm()) * days;
            row.compound += row.core_unpaid(Component::Interest) * i128::from(compound_rate.ppm()) * days;
        }
        self.run_misuse(days);
        Ok(())
    }

    /// What misuse adds to the contract rate on principal that is not due, asked for with the running row.
    fn run_misuse(&mut self, days: i128) {
        let added_ppm = self.misuse_added_ppm();
        if added_ppm == 0 {
            return;
        }
        let balance = self.balance_to_come();
        if let Some(row) = self.rows.get_mut(self.next) {
            row.misuse += balance * i128::from(added_ppm) * days;
        }
    }

    fn misuse_added_ppm(&self) -> i64 {
        self.misuse_rate.map_or(0, |misuse| (misuse.ppm() - self.rate.ppm()).max(0))
    }

    /// Rates of the days to come on overdue principal and on unpaid interest.
    fn overdue_rates(&self) -> (Rate, Rate) {
        // The heavier of the two, never both.
        let penalty_rate = self.misuse_rate.map_or(self.penalty_rate, |misuse| misuse.max(self.penalty_rate));
        // Due dates are stops, so no run of days lies on both sides of maturity.
        let matured = self.next == self.rows.len();
        let compound_rate = match self.terms.compound {
            Compound::None => Rate::ZERO,
            Compound::ContractThenPenalty if matured => self.penalty_rate,
            Compound::ContractThenPenalty => self.rate,
        };
        (penalty_rate, compound_rate)
    }

    /// What grows on what is overdue, from the day reached on.
    pub(super) fn growing(&self) -> Vec<Growth> {
        let (penalty_rate, compound_rate) = self.overdue_rates();
        let mut growing = Vec::new();
        for row in self.rows.iter().take(self.next).skip(self.open) {
            for (what, of, rate) in [
                (Component::Penalty, Component::Principal, penalty_rate),
                (Component::Compound, Component::Interest, compound_rate),
            ] {
                let balance_fen = i64::try_from(row.core_unpaid(of)).unwrap_or(i64::MAX);
                if balance_fen != 0 && rate != Rate::ZERO {
                    growing.push(Growth { what, instalment: row.plan.number, balance_fen, rate });
                }
            }
        }
        let balance_fen = i64::try_from(self.balance_to_come()).unwrap_or(i64::MAX);
        if let (Some(row), Ok(rate)) = (self.rows.get(self.next), Rate::from_ppm(self.misuse_added_ppm()))
            && rate != Rate::ZERO
        {
            growing.push(Growth { what: Component::Penalty, instalment: row.plan.number, balance_fen, rate });
        }
        growing
    }

    /// How interest of the running period grows on the day reached.
    pub(super) fn segment(&self) -> Option<Segment> {
        if self.terms.conventions.is_some() {
            return None;
        }
        let row = self.rows.get(self.next)?;
        let (from, until) = (row.plan.from, row.plan.due);
        match self.terms.grows_by_days() {
            false => {
                let denominator = i128::from(until - from);
                Some(match self.turned() {
                    Some(turn) => Segment { from: turn.on, until, numerator: turn.spread_fen, denominator },
                    None => {
                        let numerator = i128::from(row.due.interest_fen) - i128::from(row.carried_fen);
                        Segment { from, until, numerator, denominator }
                    }
                })
            }
            true => {
                let from = self.turned().map_or(from, |turn| turn.on);
                let today = self.date.unwrap_or(from);
                let (from, until) = change::stretch(&self.relief, from, until, today);
                let balance = self.balance_to_come();
                let bearing = balance - change::relieved(&self.relief, balance, today);
                let numerator = bearing * i128::from(self.rate.ppm());
                Some(Segment { from, until, numerator, denominator: year_denominator(self.terms.day_count) })
            }
        }
    }

    /// Principal that is not due yet.
    pub(super) fn balance_to_come(&self) -> i128 {
        self.rows.iter().skip(self.next).map(|row| i128::from(row.due.principal_fen)).sum()
    }

    /// Interest of the running period by the beginning of a day.
    pub(super) fn accrued(&self, today: Date) -> Result<Accrued, LoanError> {
        let too_large = LoanError::Overflow("accrued interest");
        let (Some(row), Some(segment)) = (self.rows.get(self.next), self.segment()) else { return Ok(Accrued::ZERO) };
        let (from, banked) = self.turned().map_or((row.plan.from, 0), |turn| (turn.on, turn.banked));
        let grown = match self.terms.grows_by_days() {
            false => segment.numerator.checked_mul(i128::from(today - from)),
            true => {
                let days = |from, to| i128::from(self.terms.day_count.weight(from, to));
                let balance = self.balance_to_come();
                let free = change::free_days(&self.relief, balance, from, today, days);
                (balance * days(from, today) - free).checked_mul(i128::from(self.rate.ppm()))
            }
        };
        let numerator = grown.and_then(|grown| grown.checked_add(banked)).ok_or(too_large)?;
        Ok(Accrued { numerator, denominator: segment.denominator })
    }

    pub(super) fn oldest_unpaid_due(&self) -> Option<Date> {
        let of_rows = self.rows.iter().take(self.next).skip(self.open).find(|row| !row.is_met()).map(|row| row.due_on);
        [of_rows, self.kept.oldest_due(self.paid.principal_fen)].into_iter().flatten().min()
    }

    pub(super) fn days_past_due(&self, today: Date) -> u32 {
        self.oldest_unpaid_due().map_or(0, |due| u32::try_from(today - due).unwrap_or(0))
    }
}
