//! Prepayment, extension, restructuring and new rates: the running period is split, the rows to come are laid anew.

use basics::Date;
use basics::money::div_round;

use super::change::Coming;
use super::row::Row;
use super::{Servicing, add};
use crate::act::{Alteration, AlteredPlan, NewRates, Prepayment, WrittenOff};
use crate::schedule::year_denominator;
use crate::terms::PrepayStrategy;
use crate::{ClassMark, Component, FeeAmount, Happening, Instalment, LoanError, Method};

/// Interest of the running period up to a day on which balance or rate changed within it.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    /// First day of the period, by which it is known.
    pub(super) period_from: Date,
    /// The day of the change.
    pub(super) on: Date,
    /// What had accrued by then: numerator over the segment's denominator.
    pub(super) banked: i128,
    /// Interest of a whole such period from then on, for interest that is spread over its period; minor units.
    pub(super) spread_fen: i128,
}

impl Servicing<'_> {
    /// The change that the running period was last split at.
    pub(super) fn turned(&self) -> Option<Turn> {
        let from = self.rows.get(self.next)?.plan.from;
        self.turn.filter(|turn| turn.period_from == from)
    }

    /// Splits the running period: what has accrued stays, whatever changes now.
    pub(super) fn split(&mut self, today: Date) -> Result<(), LoanError> {
        let banked = self.accrued(today)?.numerator;
        let Some(row) = self.rows.get(self.next) else { return Ok(()) };
        let spread_fen = self
            .turned()
            .map_or(i128::from(row.due.interest_fen) - i128::from(row.carried_fen), |turn| turn.spread_fen);
        self.turn = Some(Turn { period_from: row.plan.from, on: today.max(row.plan.from), banked, spread_fen });
        Ok(())
    }

    /// Interest that the running row will ask for if it is due on `due` and the balance is this, and the split for it.
    pub(super) fn turned_interest_fen(
        &self,
        turn: Turn,
        balance_fen: i64,
        due: Date,
    ) -> Result<(i64, Turn), LoanError> {
        let too_large = || LoanError::Overflow("the interest of a row");
        let rounding = self.terms.rounding;
        if self.terms.grows_by_days() {
            let count = self.terms.day_count;
            let days = |from, to| i128::from(count.weight(from, to));
            let free = super::change::free_days(&self.relief, i128::from(balance_fen), turn.on, due, days);
            let bearing = i128::from(balance_fen) * days(turn.on, due) - free;
            let numerator = turn.banked + bearing * i128::from(self.rate.ppm());
            return Ok((div_round(numerator, year_denominator(count), rounding).ok_or_else(too_large)?, turn));
        }
        let was_until = self.rows.get(self.next).map_or(due, |row| row.plan.due);
        let (was, is) = (i128::from(was_until - turn.period_from), i128::from(due - turn.period_from));
        if was <= 0 || is <= 0 {
            return Err(too_large());
        }
        let banked = if was == is { turn.banked } else { (turn.banked * is + was / 2) / was };
        let spread_fen = i128::from(self.period_interest_fen(balance_fen, turn.period_from, due)?);
        let numerator = banked + spread_fen * i128::from(due - turn.on);
        let fen = div_round(numerator, is, rounding).ok_or_else(too_large)?;
        Ok((fen, Turn { banked, spread_fen, ..turn }))
    }

    /// What is known beside the money, and what of it bears on the class.
    pub(super) fn note(&mut self, what: &Happening, today: Date) {
        let mark = match what {
            Happening::Restructured(_) => Some(ClassMark::Restructured),
            Happening::Misused { penalty_rate } => {
                self.misuse_rate = Some(*penalty_rate);
                Some(ClassMark::Misused)
            }
            Happening::Judged { class } => Some(ClassMark::Judged(*class)),
            Happening::Linked(link) => {
                self.bearings.links.push(*link);
                link.mark()
            }
            Happening::BorrowerDied => {
                self.bearings.died_on = self.bearings.died_on.or(Some(today));
                None
            }
            Happening::HandedOver { officer } => {
                self.bearings.officer = Some(*officer);
                None
            }
            _ => None,
        };
        self.bearings.marks.extend(mark.map(|mark| (today, mark)));
    }

    /// The claim leaves the balance sheet and lives on beside it; how much it was.
    pub(super) fn write_off_claim(&mut self, today: Date) -> Result<i64, LoanError> {
        let principal_fen = add(self.disbursed_fen, -self.paid.principal_fen)?;
        if self.bearings.written_off.is_none() {
            self.bearings.written_off = Some(WrittenOff { on: today, principal_fen, paid_before: self.paid });
            self.written_off_on = Some(today);
        }
        Ok(principal_fen)
    }

    /// Money ahead: what is due first, then the fee, then principal to come.
    pub(super) fn prepay(&mut self, prepayment: &Prepayment, today: Date) -> Result<(), LoanError> {
        let fee = self.terms.prepayment.as_ref().and_then(|rule| rule.fee);
        self.pay_ahead(prepayment.strategy, fee, today)
    }

    /// The credit balance pays what is due, a fee on what is left, and principal to come.
    pub(super) fn pay_ahead(
        &mut self,
        strategy: PrepayStrategy,
        fee: Option<FeeAmount>,
        today: Date,
    ) -> Result<(), LoanError> {
        let level = self.rows.iter().skip(self.next).find(|row| !row.interest_alone);
        let level_fen = level.map(|row| row.plan.principal_fen.saturating_add(row.plan.interest_fen));
        let due_fen = self.due_unpaid_fen(today)?;
        let to_come = self.whole_to_come()?;
        let ahead_fen = add(self.credit_fen, -due_fen)?.max(0);
        let (principal_fen, fee_fen) = self.split_fee(fee, ahead_fen, to_come)?;
        if fee_fen > 0 {
            self.insert_due(0, fee_fen, today);
        }
        self.settle(today)?;
        let principal_fen = principal_fen.min(self.credit_fen);
        if principal_fen <= 0 || self.next == self.rows.len() {
            return Ok(());
        }
        self.split(today)?;
        let mut coming = self.coming();
        self.insert_due(principal_fen, 0, today);
        match strategy {
            PrepayStrategy::NextInstalment => take(coming.iter_mut(), principal_fen),
            PrepayStrategy::LastInstalment => take(coming.iter_mut().rev(), principal_fen),
            PrepayStrategy::ReduceTerm if self.terms.method != Method::EqualInstalments => {
                take(coming.iter_mut().rev(), principal_fen);
            }
            PrepayStrategy::ReduceTerm => {
                let left = to_come - principal_fen;
                self.level_rows(&mut coming, left, level_fen)?;
            }
            PrepayStrategy::ReduceInstalment => self.lay_principal(&mut coming, to_come - principal_fen)?,
        }
        if strategy != PrepayStrategy::NextInstalment {
            drop_empty_tail(&mut coming)?;
        }
        self.lay(coming, today)
    }

    /// Other rows, other rates.
    pub(super) fn alter(&mut self, alteration: &Alteration, today: Date) -> Result<(), LoanError> {
        if self.next == self.rows.len() {
            return Ok(()); // nothing is still to come
        }
        self.split(today)?;
        self.take_rates(alteration.rates);
        let to_come = self.whole_to_come()?;
        self.lay_plan(&alteration.plan, to_come, today)
    }

    /// All outstanding principal gets new rows, what is overdue too.
    pub(super) fn restructure(&mut self, alteration: &Alteration, today: Date) -> Result<(), LoanError> {
        if self.schedule.is_none() || self.closed_on.is_some() {
            return Ok(());
        }
        self.split(today)?;
        self.take_rates(alteration.rates);
        let mut to_come = self.whole_to_come()?;
        for (_, open) in self.lift_overdue()? {
            to_come = add(to_come, open)?;
        }
        if to_come == 0 {
            return Ok(());
        }
        self.lay_plan(&alteration.plan, to_come, today)
    }

    /// A new rate on the rows there are.
    pub(super) fn reset_rate(&mut self, rates: NewRates, today: Date) -> Result<(), LoanError> {
        self.split(today)?;
        self.take_rates(Some(rates));
        if self.next == self.rows.len() {
            return Ok(());
        }
        let to_come = self.whole_to_come()?;
        self.lay_plan(&AlteredPlan::Kept, to_come, today)
    }

    fn take_rates(&mut self, rates: Option<NewRates>) {
        if let Some(rates) = rates {
            (self.rate, self.penalty_rate) = (rates.rate, rates.penalty_rate);
        }
    }

    pub(super) fn lay_plan(&mut self, plan: &AlteredPlan, principal_fen: i64, today: Date) -> Result<(), LoanError> {
        let mut coming = self.coming();
        match plan {
            AlteredPlan::Kept => self.lay_principal(&mut coming, principal_fen)?,
            AlteredPlan::Until(day) => {
                self.prolong(&mut coming, *day, today)?;
                self.lay_principal(&mut coming, principal_fen)?;
            }
            AlteredPlan::Rows(rows) => {
                let before = coming;
                coming = rows.iter().filter(|row| row.due > today).map(|row| Coming::at(row.due)).collect();
                let mut left = principal_fen;
                for (row, agreed) in coming.iter_mut().zip(rows.iter().filter(|row| row.due > today)) {
                    row.principal_fen = agreed.principal_fen.clamp(0, left);
                    left -= row.principal_fen;
                }
                if let Some(last) = coming.last_mut() {
                    last.principal_fen = add(last.principal_fen, left)?;
                }
                if let Some(first) = coming.first_mut() {
                    before.iter().try_for_each(|row| first.take_beside(row))?;
                }
            }
        }
        if coming.is_empty() {
            // Every agreed date has passed by the day the change counts from: it is due at once, on the next day.
            coming.push(Coming { principal_fen, ..Coming::at(today.add_days(1)) });
        }
        self.lay(coming, today)
    }

    /// The rows still to come, as they are.
    pub(super) fn coming(&self) -> Vec<Coming> {
        self.rows.iter().skip(self.next).map(Coming::of).collect()
    }

    pub(super) fn whole_to_come(&self) -> Result<i64, LoanError> {
        i64::try_from(self.balance_to_come()).map_err(|_| LoanError::Overflow("the principal to come"))
    }

    fn due_unpaid_fen(&self, today: Date) -> Result<i64, LoanError> {
        let mut sum = 0;
        for row in self.rows.iter().take(self.next).skip(self.open) {
            for component in Component::ALL {
                sum = add(sum, row.unpaid_fen(component, today, self.terms)?)?;
            }
        }
        Ok(sum)
    }

    /// How much principal money pays ahead, and the fee on it: together at most the money.
    fn split_fee(&self, fee: Option<FeeAmount>, money_fen: i64, to_come_fen: i64) -> Result<(i64, i64), LoanError> {
        let principal_fen = match fee {
            None => money_fen,
            Some(FeeAmount::Flat(flat_fen)) => money_fen.saturating_sub(flat_fen),
            Some(FeeAmount::Ppm(ppm)) => {
                let part = i128::from(money_fen) * 1_000_000 / (1_000_000 + i128::from(ppm.max(0)));
                i64::try_from(part).map_err(|_| LoanError::Overflow("a prepayment"))?
            }
        };
        let principal_fen = principal_fen.clamp(0, to_come_fen);
        let fee_fen = match fee {
            None => 0,
            Some(FeeAmount::Flat(flat_fen)) => flat_fen,
            Some(FeeAmount::Ppm(ppm)) => {
                div_round(i128::from(principal_fen) * i128::from(ppm), 1_000_000, self.terms.rounding)
                    .ok_or(LoanError::Overflow("the fee of a prepayment"))?
            }
        };
        if principal_fen == 0 { Ok((0, 0)) } else { Ok((principal_fen, fee_fen.min(money_fen - principal_fen))) }
    }

    /// A row of its own for principal paid ahead, or for the fee on it: due, and paid, on the day.
    fn insert_due(&mut self, principal_fen: i64, fee_fen: i64, today: Date) {
        let plan = Instalment {
            number: 0,
            from: today,
            due: today,
            principal_fen,
            interest_fen: 0,
            fee_fen,
            total_fen: principal_fen.saturating_add(fee_fen),
            balance_after_fen: 0,
        };
        self.rows.insert(self.next, Row::planned(&plan));
        self.next += 1;
    }

    /// Lays a principal into the rows in the manner of the method.
    pub(super) fn lay_principal(&self, coming: &mut [Coming], principal_fen: i64) -> Result<(), LoanError> {
        if self.terms.method == Method::EqualInstalments {
            return self.level_rows(coming, principal_fen, None);
        }
        self.lay_shares(coming, principal_fen)
    }

    /// The same into rows that begin with a period after the running one.
    pub(super) fn lay_principal_from(
        &self,
        coming: &mut [Coming],
        principal_fen: i64,
        from: Date,
    ) -> Result<(), LoanError> {
        if self.terms.method == Method::EqualInstalments {
            return self.level_between(coming, principal_fen, (from, None));
        }
        self.lay_shares(coming, principal_fen)
    }

    /// Equal parts of a principal, or parts in proportion to what the rows have.
    fn lay_shares(&self, coming: &mut [Coming], principal_fen: i64) -> Result<(), LoanError> {
        let was: i128 = coming.iter().map(|row| i128::from(row.principal_fen)).sum();
        let bearing = coming.iter().filter(|row| !row.interest_alone).count();
        let count = i64::try_from(bearing).unwrap_or(1).max(1);
        let mut left = principal_fen;
        for row in coming.iter_mut() {
            row.principal_fen = if row.interest_alone {
                0
            } else if self.terms.method == Method::EqualPrincipal {
                principal_fen / count
            } else if was > 0 {
                let part = i128::from(row.principal_fen) * i128::from(principal_fen) / was;
                i64::try_from(part).map_err(|_| LoanError::Overflow("the principal of a row"))?
            } else {
                0
            };
            left = add(left, -row.principal_fen)?;
        }
        if let Some(last) = coming.last_mut() {
            last.principal_fen = add(last.principal_fen, left)?;
        }
        Ok(())
    }

    /// Equal instalments: the given one, or the smallest with which the last is no larger than the others.
    fn level_rows(&self, coming: &mut [Coming], principal_fen: i64, level_fen: Option<i64>) -> Result<(), LoanError> {
        let from = self.rows.get(self.next).map_or_else(|| self.date.unwrap_or_default(), |row| row.plan.from);
        let begin = (from, self.turned());
        match level_fen {
            Some(level_fen) => self.level_at(coming, principal_fen, level_fen, begin).map(drop),
            None => self.level_between(coming, principal_fen, begin),
        }
    }

    /// The smallest equal instalments of rows whose first period begins so.
    fn level_between(
        &self,
        coming: &mut [Coming],
        principal_fen: i64,
        begin: (Date, Option<Turn>),
    ) -> Result<(), LoanError> {
        let (mut low, mut high) = (0i64, principal_fen);
        while self.level_at(coming, principal_fen, high, begin)? > high && high < i64::MAX / 4 {
            high = high.saturating_mul(2).max(1);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.level_at(coming, principal_fen, middle, begin)? <= middle {
                high = middle
            } else {
                low = middle + 1
            }
        }
        self.level_at(coming, principal_fen, high, begin).map(drop)
    }

    /// Lays equal instalments of `level_fen` into rows whose first period begins so; what the last comes to.
    fn level_at(
        &self,
        coming: &mut [Coming],
        principal_fen: i64,
        level_fen: i64,
        (mut from, turn): (Date, Option<Turn>),
    ) -> Result<i64, LoanError> {
        let (mut left, mut last_total) = (principal_fen, 0);
        let count = coming.len();
        for (index, row) in coming.iter_mut().enumerate() {
            let interest_fen = match turn.filter(|_| index == 0) {
                Some(turn) => self.turned_interest_fen(turn, left, row.due)?.0,
                None => self.period_interest_fen(left, from, row.due)?,
            };
            row.principal_fen = match index + 1 == count {
                true => left,
                false if row.interest_alone => 0,
                false => (level_fen - interest_fen).clamp(0, left),
            };
            left -= row.principal_fen;
            last_total = add(row.principal_fen, interest_fen)?;
            from = row.due;
        }
        Ok(last_total)
    }

    /// Goes on with rows in the plan's own spacing to a later last day; a plan of one row moves it.
    fn prolong(&self, coming: &mut Vec<Coming>, until: Date, today: Date) -> Result<(), LoanError> {
        let anchor = coming.last().map_or(today, |row| row.due);
        if !self.is_spaced() {
            let until = until.max(today.add_days(1));
            let before = coming.len().checked_sub(2).and_then(|place| coming.get(place)).map(|row| row.due);
            match coming.last_mut() {
                Some(last) if before.is_none_or(|day| day < until) => last.due = until,
                Some(_) => {}
                None => coming.push(Coming::at(until)),
            }
            return Ok(());
        }
        if self.terms.method == Method::InterestFirst
            && let Some(last) = coming.last_mut()
        {
            let whole = std::mem::take(&mut last.principal_fen);
            self.add_dues(coming, anchor, until)?;
            if let Some(last) = coming.last_mut() {
                last.principal_fen = add(last.principal_fen, whole)?;
            }
            return Ok(());
        }
        self.add_dues(coming, anchor, until)
    }

    fn add_dues(&self, coming: &mut Vec<Coming>, anchor: Date, until: Date) -> Result<(), LoanError> {
        for k in 1..600 {
            let due = self.terms.spacing.nth(anchor, k)?;
            if due >= until {
                break;
            }
            coming.push(Coming::at(due));
        }
        if coming.last().is_none_or(|last| last.due < until) {
            coming.push(Coming::at(until));
        }
        Ok(())
    }
}

/// Takes principal out of rows, in their order.
fn take<'a>(rows: impl Iterator<Item = &'a mut Coming>, principal_fen: i64) {
    let mut left = principal_fen;
    for row in rows {
        let part = row.principal_fen.min(left);
        row.principal_fen -= part;
        left -= part;
    }
}

/// Rows at the end without principal are no more; what they asked for beside is asked for with the last that stays.
fn drop_empty_tail(coming: &mut Vec<Coming>) -> Result<(), LoanError> {
    while coming.len() > 1 && coming.last().is_some_and(|row| row.principal_fen == 0) {
        let Some(gone) = coming.pop() else { return Ok(()) };
        if let Some(last) = coming.last_mut() {
            last.take_beside(&gone)?;
        }
    }
    Ok(())
}
