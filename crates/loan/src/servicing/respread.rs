//! What is outstanding, spread anew: over new instalments, or over those still to come.

use basics::Date;
use basics::money::div_round;

use super::planned::{insert, spaced};
use super::row::Row;
use super::{Servicing, add};
use crate::conventions::PlanRule;
use crate::{Component, LoanError, Reage, RowKind};

impl Servicing<'_> {
    /// Takes all open principal out of its rows and into new ones 重新分期; answers how much that was.
    ///
    /// Each new instalment is an equal part, rounded, the last with what division leaves.
    pub(super) fn reage(&mut self, rule: &PlanRule, spread: &Reage, today: Date) -> Result<i64, LoanError> {
        let total = self.lift_principal(today, |_| true)?;
        if total == 0 || spread.count == 0 {
            return Ok(total);
        }
        let part = self.part_of(rule, total, spread.count)?;
        let mut left = total;
        let mut from =
            self.rows.iter().rev().find(|row| row.kind != RowKind::DownPayment).map_or(today, |row| row.due_on);
        let mut due = spread.start;
        for number in 1..=spread.count {
            let principal = if number == spread.count { left } else { part.min(left) };
            left = add(left, -principal)?;
            insert(&mut self.rows, Row::beside(RowKind::Reaged, from, due, principal));
            from = due;
            due = spaced(due, spread.every, spread.unit, 1)?;
        }
        Ok(total)
    }

    /// Takes open principal out of rows that are due and adds it to the regular ones still to come 重新摊还; answers how much.
    pub(super) fn reamortise(&mut self, rule: &PlanRule, today: Date) -> Result<i64, LoanError> {
        let takes = |row: &Row| row.kind == RowKind::Regular && row.due_on > today;
        let coming = self.rows.iter().filter(|row| takes(row)).count();
        let Ok(count) = u16::try_from(coming) else { return Err(LoanError::Overflow("the instalments")) };
        if count == 0 {
            return Ok(0);
        }
        let total = self.lift_principal(today, |row| row.due_on <= today)?;
        let part = self.part_of(rule, total, count)?;
        let mut left = total;
        for (place, row) in self.rows.iter_mut().filter(|row| takes(row)).enumerate() {
            let more = if place + 1 == coming { left } else { part.min(left) };
            left = add(left, -more)?;
            row.due.put(Component::Principal, more)?;
            row.mark_clear(today);
        }
        Ok(total)
    }

    fn part_of(&self, rule: &PlanRule, total: i64, count: u16) -> Result<i64, LoanError> {
        let part = div_round(i128::from(total), i128::from(count), self.terms.rounding);
        rule.to_multiple(part.ok_or(LoanError::Overflow("an instalment"))?, self.terms.rounding)
    }

    fn lift_principal(&mut self, today: Date, fits: impl Fn(&Row) -> bool) -> Result<i64, LoanError> {
        // A plan that follows the balance knows nothing of principal that was moved by agreement.
        self.model = None;
        let mut total = 0;
        for row in self.rows.iter_mut().filter(|row| fits(row)) {
            let open = row.open_fen(Component::Principal);
            if open > 0 {
                row.due.put(Component::Principal, -open)?;
                row.mark_clear(today);
                total = add(total, open)?;
            }
        }
        Ok(total)
    }
}
