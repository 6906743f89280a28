//! Changes of contract: rows still to come give way to others, from a day on.
//!
//! A change moves when principal is due, never how much was lent. It is total: whatever else is reversed or dated back
//! later, the principal still to come is laid into the agreed rows in their order, the last row taking what is left.

use basics::Date;
use basics::money::div_round;

use super::row::Row;
use super::{Servicing, add};
use crate::schedule::year_denominator;
use crate::season::{Deferral, DeferredInterest, DeferredScope, Replan};
use crate::{Component, Instalment, InterestBasis, LoanError};

/// Principal that bears no interest from a day to another, the last not counted.
#[derive(Clone, Copy)]
pub(super) struct Relief {
    from: Date,
    to: Date,
    principal_fen: i64,
}

/// What a row still to come will be.
pub(super) struct Coming {
    pub(super) due: Date,
    pub(super) principal_fen: i64,
    pub(super) fee_fen: i64,
    pub(super) carried_fen: i64,
    /// Charges that are penalties for a breach.
    pub(super) penalty_fen: i64,
    /// No principal is to be laid into it.
    pub(super) interest_alone: bool,
}

impl Coming {
    /// A row that asks for nothing yet.
    pub(super) fn at(due: Date) -> Coming {
        Coming { due, principal_fen: 0, fee_fen: 0, carried_fen: 0, penalty_fen: 0, interest_alone: false }
    }

    /// Takes over what another row asks for beside principal and its own interest.
    pub(super) fn take_beside(&mut self, other: &Coming) -> Result<(), LoanError> {
        self.fee_fen = add(self.fee_fen, other.fee_fen)?;
        self.carried_fen = add(self.carried_fen, other.carried_fen)?;
        self.penalty_fen = add(self.penalty_fen, other.penalty_fen)?;
        Ok(())
    }

    /// A row as it stands.
    pub(super) fn of(row: &Row) -> Coming {
        Coming {
            due: row.plan.due,
            principal_fen: row.due.principal_fen,
            fee_fen: row.due.fee_fen,
            carried_fen: row.carried_fen,
            penalty_fen: row.due.penalty_fen,
            interest_alone: row.interest_alone,
        }
    }
}

impl Servicing<'_> {
    /// Replaces all rows still to come.
    pub(super) fn replan(&mut self, replan: &Replan, today: Date) -> Result<(), LoanError> {
        if self.next == self.rows.len() {
            return Ok(()); // paid off meanwhile, or everything is due
        }
        let mut left = self.balance_to_come();
        let mut coming: Vec<Coming> = Vec::with_capacity(replan.rows.len());
        for row in replan.rows.iter().filter(|row| row.due > today) {
            let principal_fen = whole(left.min(i128::from(row.principal_fen.max(0))))?;
            left -= i128::from(principal_fen);
            coming.push(Coming { principal_fen, ..Coming::at(row.due) });
        }
        let Some(last) = coming.last_mut() else { return Ok(()) };
        last.principal_fen = add(last.principal_fen, whole(left)?)?;
        for row in self.coming() {
            if let Some(first) = coming.first_mut() {
                first.take_beside(&row)?;
            }
        }
        self.lay(coming, today)
    }

    /// Puts off what a deferral names, whether it is due already or not.
    pub(super) fn defer(&mut self, deferral: &Deferral, today: Date) -> Result<(), LoanError> {
        if deferral.to <= today || self.schedule.is_none() {
            return Ok(());
        }
        let overdue = self.take_overdue(deferral)?;
        let mut coming = self.coming();
        let taken = take_coming(&mut coming, deferral)?;
        let principal_fen = add(overdue.principal_fen, taken.principal_fen)?;
        if principal_fen == 0 && overdue.carried_fen == 0 && taken.dropped.is_empty() {
            return Ok(());
        }
        // Principal that was overdue has borne its penalty up to today, and no interest of the running period.
        let running_from = self.rows.get(self.next).map_or(today, |row| row.plan.from);
        self.relieve(running_from, today, overdue.principal_fen);
        if deferral.interest == DeferredInterest::Stops {
            self.relieve(today, deferral.to, principal_fen);
        }
        put(&mut coming, deferral.to, principal_fen, overdue.carried_fen)?;
        // What a dropped row asked for beside principal and interest falls due with the next row.
        for dropped in taken.dropped {
            if let Some(row) = coming.iter_mut().find(|row| row.due > dropped.due) {
                row.take_beside(&dropped)?;
            }
        }
        self.lay(coming, today)
    }

    /// Takes what the deferral names out of rows that are due.
    fn take_overdue(&mut self, deferral: &Deferral) -> Result<Overdue, LoanError> {
        let mut overdue = Overdue::default();
        for part in &deferral.parts {
            let due = |row: &&mut Row| row.plan.due == part.due;
            let Some(row) = self.rows.iter_mut().take(self.next).find(due) else { continue };
            let principal_fen =
                whole(row.core_unpaid(Component::Principal).clamp(0, part.principal_fen.max(0).into()))?;
            row.due.principal_fen -= principal_fen;
            row.plan.principal_fen -= principal_fen;
            overdue.principal_fen = add(overdue.principal_fen, principal_fen)?;
            if deferral.scope == DeferredScope::PrincipalAndInterest {
                let interest_fen = whole(row.core_unpaid(Component::Interest).max(0))?;
                row.due.interest_fen -= interest_fen;
                row.plan.interest_fen -= interest_fen;
                overdue.carried_fen = add(overdue.carried_fen, interest_fen)?;
            }
            row.plan.total_fen = add(add(row.plan.principal_fen, row.plan.interest_fen)?, row.plan.fee_fen)?;
        }
        Ok(overdue)
    }

    fn relieve(&mut self, from: Date, to: Date, principal_fen: i64) {
        if from < to && principal_fen > 0 {
            self.relief.push(Relief { from, to, principal_fen });
        }
    }

    /// Lays the rows still to come anew; interest is that of each row's own days on what is then owed.
    pub(super) fn lay(&mut self, coming: Vec<Coming>, today: Date) -> Result<(), LoanError> {
        let running = self.rows.get(self.next);
        let mut from = running.map_or(today, |row| row.plan.from);
        let mut number = running
            .map_or_else(|| self.rows.last().map_or(1, |row| row.plan.number.saturating_add(1)), |row| row.plan.number);
        let mut balance_fen = whole(coming.iter().map(|row| i128::from(row.principal_fen)).sum())?;
        let turned = match (self.turned(), coming.first()) {
            (Some(turn), Some(first)) => Some(self.turned_interest_fen(turn, balance_fen, first.due)?),
            _ => None,
        };
        let (penalty, misuse) = running.map_or((0, 0), |row| (row.penalty, row.misuse));
        self.turn = turned.map(|(_, turn)| turn);
        self.rows.truncate(self.next);
        for (index, row) in coming.into_iter().enumerate() {
            let own_fen = match turned.filter(|_| index == 0) {
                Some((interest_fen, _)) => interest_fen,
                None => self.period_interest_fen(balance_fen, from, row.due)?,
            };
            let interest_fen = add(own_fen, row.carried_fen)?;
            balance_fen = add(balance_fen, -row.principal_fen)?;
            let plan = Instalment {
                number,
                from,
                due: row.due,
                principal_fen: row.principal_fen,
                interest_fen,
                fee_fen: row.fee_fen,
                total_fen: add(add(row.principal_fen, interest_fen)?, row.fee_fen)?,
                balance_after_fen: balance_fen,
            };
            let grown = if index == 0 { (penalty, misuse) } else { (0, 0) };
            let mut laid = Row {
                carried_fen: row.carried_fen,
                penalty: grown.0,
                misuse: grown.1,
                interest_alone: row.interest_alone,
                ..Row::planned(&plan)
            };
            laid.due.penalty_fen = row.penalty_fen;
            self.rows.push(laid);
            from = row.due;
            number = number.saturating_add(1);
        }
        let later = self.schedule.as_ref().map_or(&[][..], |schedule| &schedule.later_draws[..]);
        let mut later = later.iter().peekable();
        let mut left_fen = later.clone().try_fold(self.disbursed_fen, |left, draw| add(left, -draw.amount_fen))?;
        for row in &mut self.rows {
            while let Some(draw) = later.next_if(|draw| draw.on < row.plan.due) {
                left_fen = add(left_fen, draw.amount_fen)?;
            }
            left_fen = add(left_fen, -row.plan.principal_fen)?;
            row.plan.balance_after_fen = left_fen;
        }
        if let Some(schedule) = &mut self.schedule {
            schedule.rows = self.rows.iter().map(|row| row.plan).collect();
        }
        Ok(())
    }

    /// Interest on a balance over a period, less what is relieved of interest in it.
    pub(super) fn period_interest_fen(&self, balance_fen: i64, from: Date, due: Date) -> Result<i64, LoanError> {
        let too_large = LoanError::Overflow("the interest of a row");
        let (rate, rounding, count) = (self.rate, self.terms.rounding, self.terms.day_count);
        let balance = i128::from(balance_fen);
        if self.terms.basis == InterestBasis::Twelfth
            && let Some(months) = self.whole_months(from, due)
        {
            let days = i128::from(due - from);
            let free = free_days(&self.relief, balance, from, due, |from, to| i128::from(to - from));
            let numerator = (balance * days - free) * i128::from(rate.ppm()) * i128::from(months);
            return div_round(numerator, 12_000_000 * days, rounding).ok_or(too_large);
        }
        let days = |from, to| i128::from(count.weight(from, to));
        let bearing = balance * days(from, due) - free_days(&self.relief, balance, from, due, days);
        div_round(bearing * i128::from(rate.ppm()), year_denominator(count), rounding).ok_or(too_large)
    }

    /// How many whole months of the plan lie between two days; `None` if not both are days on which it turns a month.
    fn whole_months(&self, from: Date, due: Date) -> Option<i32> {
        let start = self.schedule.as_ref().map(|schedule| schedule.start);
        [start, self.terms.first_due].into_iter().flatten().find_map(|anchor| {
            let turn = |day: Date| {
                let months = 12 * (i32::from(day.year()) - i32::from(anchor.year())) + i32::from(day.month())
                    - i32::from(anchor.month());
                (anchor.add_months(months) == Ok(day)).then_some(months)
            };
            Some(turn(due)? - turn(from)?)
        })
    }
}

/// What was taken out of rows that are due.
#[derive(Default)]
struct Overdue {
    principal_fen: i64,
    carried_fen: i64,
}

/// What was taken out of rows still to come.
#[derive(Default)]
struct Taken {
    principal_fen: i64,
    /// Rows that are no more.
    dropped: Vec<Coming>,
}

fn take_coming(coming: &mut Vec<Coming>, deferral: &Deferral) -> Result<Taken, LoanError> {
    let mut taken = Taken::default();
    for part in &deferral.parts {
        let Some(index) = coming.iter().position(|row| row.due == part.due) else { continue };
        let Some(row) = coming.get_mut(index) else { continue };
        let principal_fen = row.principal_fen.min(part.principal_fen.max(0));
        row.principal_fen -= principal_fen;
        taken.principal_fen = add(taken.principal_fen, principal_fen)?;
        let empty = row.principal_fen == 0 && deferral.scope == DeferredScope::PrincipalAndInterest;
        if empty && part.due < deferral.to {
            taken.dropped.push(coming.remove(index));
        }
    }
    Ok(taken)
}

/// Adds to the row of a date, which is made if it is not there.
fn put(coming: &mut Vec<Coming>, due: Date, principal_fen: i64, carried_fen: i64) -> Result<(), LoanError> {
    let index = coming.partition_point(|row| row.due < due);
    if coming.get(index).is_none_or(|row| row.due != due) {
        coming.insert(index, Coming::at(due));
    }
    if let Some(row) = coming.get_mut(index) {
        row.principal_fen = add(row.principal_fen, principal_fen)?;
        row.carried_fen = add(row.carried_fen, carried_fen)?;
        row.interest_alone &= principal_fen == 0;
    }
    Ok(())
}

/// Principal × days without interest between two days, of a balance that is the most there is to relieve.
pub(super) fn free_days(
    relief: &[Relief],
    balance_fen: i128,
    from: Date,
    to: Date,
    days: impl Fn(Date, Date) -> i128,
) -> i128 {
    if relief.is_empty() {
        return 0;
    }
    let (mut sum, mut day) = (0, from);
    while day < to {
        let (_, until) = stretch(relief, from, to, day);
        sum += relieved(relief, balance_fen, day) * days(day, until);
        day = until;
    }
    sum
}

/// Principal without interest on a day, at most the balance.
pub(super) fn relieved(relief: &[Relief], balance_fen: i128, day: Date) -> i128 {
    let on_day = relief.iter().filter(|r| r.from <= day && day < r.to).map(|r| i128::from(r.principal_fen));
    on_day.sum::<i128>().min(balance_fen)
}

/// The part of a period around a day in which the relieved principal stays the same.
pub(super) fn stretch(relief: &[Relief], from: Date, until: Date, day: Date) -> (Date, Date) {
    let ends = || relief.iter().flat_map(|r| [r.from, r.to]);
    let first = ends().filter(|end| *end <= day).max().map_or(from, |end| end.max(from));
    let last = ends().filter(|end| *end > day).min().map_or(until, |end| end.min(until));
    (first, last)
}

fn whole(fen: i128) -> Result<i64, LoanError> {
    i64::try_from(fen).map_err(|_| LoanError::Overflow("the principal of a row"))
}
