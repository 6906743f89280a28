//! Due dates moved, arrears spread over a new plan: what the house rule makes of a reschedule, a re-age, a re-amortisation.

use basics::{Date, Rate};

use super::change::Coming;
use super::planned::spaced;
use super::{Servicing, add};
use crate::act::{AlteredPlan, penalty_in_proportion};
use crate::arrears::ReAge;
use crate::{Component, LoanError, Method, Reage, Reschedule};

/// Overdue principal that was spread over a new plan, with the days on which it was due.
///
/// Where the contract keeps days past due, it counts as overdue until as much principal is paid, oldest first.
#[derive(Default)]
pub(super) struct KeptArrears {
    /// Due date and minor units, oldest first.
    lifted: Vec<(Date, i64)>,
    /// Principal that had been paid by then.
    paid_before_fen: i64,
}

impl KeptArrears {
    /// The oldest due date of what is not paid since.
    pub(super) fn oldest_due(&self, paid_fen: i64) -> Option<Date> {
        self.unpaid(paid_fen).next().map(|(due, _)| due)
    }

    fn unpaid(&self, paid_fen: i64) -> impl Iterator<Item = (Date, i64)> {
        let mut left = paid_fen.saturating_sub(self.paid_before_fen).max(0);
        self.lifted.iter().filter_map(move |(due, fen)| {
            let paid = left.min(*fen);
            left -= paid;
            (paid < *fen).then_some((*due, *fen - paid))
        })
    }

    /// Adds what is spread over a new plan. What was spread before and falls due again is the same money: all together is
    /// never more than is outstanding, the oldest first.
    fn lift(&mut self, rows: Vec<(Date, i64)>, paid_fen: i64, outstanding_fen: i64) {
        let mut lifted: Vec<(Date, i64)> = self.unpaid(paid_fen).chain(rows).collect();
        lifted.sort_by_key(|(due, _)| *due);
        let mut room_fen = outstanding_fen.max(0);
        for (_, fen) in &mut lifted {
            *fen = room_fen.min(*fen);
            room_fen -= *fen;
        }
        *self = KeptArrears { lifted, paid_before_fen: paid_fen };
    }
}

impl Servicing<'_> {
    /// Takes open principal out of the rows that are due; how much it was, by due date.
    pub(super) fn lift_overdue(&mut self) -> Result<Vec<(Date, i64)>, LoanError> {
        let mut lifted = Vec::new();
        for row in self.rows.iter_mut().take(self.next) {
            let open = row.open_fen(Component::Principal);
            if open > 0 {
                row.due.principal_fen = add(row.due.principal_fen, -open)?;
                row.plan.principal_fen = add(row.plan.principal_fen, -open)?;
                row.plan.total_fen = add(row.plan.total_fen, -open)?;
                lifted.push((row.due_on, open));
            }
        }
        Ok(lifted)
    }

    /// All outstanding principal over new instalments, what is overdue too 重新分期. Interest and fees that are due stay due.
    pub(super) fn spread_over(&mut self, spread: &Reage, today: Date) -> Result<(), LoanError> {
        if self.schedule.is_none() || self.closed_on.is_some() {
            return Ok(());
        }
        let mut coming = Vec::with_capacity(usize::from(spread.count));
        for k in 0..i32::from(spread.count) {
            coming.push(Coming::at(spaced(spread.start, spread.every, spread.unit, k)?));
        }
        coming.retain(|row| row.due > today);
        if coming.is_empty() {
            return Ok(());
        }
        self.split(today)?;
        let to_come = self.with_overdue()?;
        if to_come == 0 {
            return Ok(());
        }
        for row in self.coming() {
            if let Some(first) = coming.first_mut() {
                first.take_beside(&row)?;
            }
        }
        self.lay_principal(&mut coming, to_come)?;
        self.lay(coming, today)
    }

    /// Overdue principal over the instalments still to come 重新摊还.
    pub(super) fn spread_over_coming(&mut self, today: Date) -> Result<(), LoanError> {
        if self.next == self.rows.len() {
            return Ok(()); // nothing is still to come, or it is paid off
        }
        self.split(today)?;
        let to_come = self.with_overdue()?;
        self.lay_plan(&AlteredPlan::Kept, to_come, today)
    }

    /// Principal to come with what is overdue, which leaves its rows.
    fn with_overdue(&mut self) -> Result<i64, LoanError> {
        let to_come = self.whole_to_come()?;
        let lifted = self.lift_overdue()?;
        let all = lifted.iter().try_fold(to_come, |sum, (_, fen)| add(sum, *fen))?;
        if self.terms.re_age == Some(ReAge::Kept) {
            let outstanding_fen = add(self.disbursed_fen, -self.paid.principal_fen)?;
            self.kept.lift(lifted, self.paid.principal_fen, outstanding_fen);
        }
        Ok(all)
    }

    /// Moves due dates from one instalment on, adds instalments, leaves some without principal, sets a rate 变更还款日.
    ///
    /// The penalty rate keeps its proportion to the contract rate. A change that has lost its place, since the plan was
    /// changed by something dated back, changes nothing.
    pub(super) fn reschedule(&mut self, from_due: Date, change: &Reschedule, today: Date) -> Result<(), LoanError> {
        let mut coming = self.coming();
        let Some(place) = coming.iter().position(|row| row.due == from_due) else { return Ok(()) };
        let spacing = self.terms.spacing;
        if let Some(new_due) = change.new_due {
            let shift = new_due - from_due;
            for (k, row) in (0..).zip(coming.iter_mut().skip(place)) {
                row.due = if self.is_spaced() { spacing.nth(new_due, k)? } else { row.due.add_days(shift) };
            }
        }
        let anchor = coming.last().map_or(today, |row| row.due);
        for k in 1..=i32::from(change.extra_instalments) {
            coming.push(Coming::at(spacing.nth(anchor, k)?));
        }
        let rises = coming.windows(2).all(|pair| matches!(pair, [a, b] if a.due < b.due));
        if !rises || coming.first().is_some_and(|row| row.due <= today) {
            return Ok(());
        }
        self.split(today)?;
        if let Some(rate) = change.new_rate_ppm.and_then(|ppm| Rate::from_ppm(ppm).ok()) {
            self.penalty_rate = penalty_in_proportion(self.penalty_rate, self.rate, rate)?;
            self.rate = rate;
        }
        let to_come = self.whole_to_come()?;
        let at_the_end = matches!(self.terms.method, Method::Bullet | Method::InterestFirst);
        if at_the_end && change.extra_instalments > 0 {
            // Principal that comes at the end comes at the new end.
            for row in &mut coming {
                row.principal_fen = 0;
            }
        }
        for row in coming.iter_mut().skip(place).take(usize::from(change.principal_grace)) {
            (row.principal_fen, row.interest_alone) = (0, true);
        }
        self.lay_principal(&mut coming, to_come)?;
        self.lay(coming, today)
    }

    /// Whether the plan's rows are one spacing apart.
    pub(super) fn is_spaced(&self) -> bool {
        match self.terms.method {
            Method::EqualInstalments | Method::EqualPrincipal => true,
            Method::InterestFirst => self.terms.settlement.is_none(),
            _ => false,
        }
    }
}
