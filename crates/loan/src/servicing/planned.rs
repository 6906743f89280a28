//! Rows made from the conventions of the terms: due dates, down payments, tranches.

use std::collections::BTreeMap;

use basics::money::div_round;
use basics::{Date, Id, Rate, Rounding};

use super::plans::Move;
use super::row::Row;
use super::{Servicing, add};
use crate::charge::ChargeTerms;
use crate::conventions::{Conventions, PlanEngine, PlanRule, Unit};
use crate::plan::{Payment, Tranche};
use crate::{Happening, LifeEvent, LoanError, Reschedule, RowKind};

/// What the whole life of a loan brings, gathered before it is lived: some plans are made from all of it.
#[derive(Default)]
pub(super) struct Outlook {
    /// Disbursements by date.
    tranches: Vec<(Date, i64)>,
    /// Moves of due dates, as recorded.
    changes: Vec<(Date, Reschedule)>,
    /// Charges, as recorded.
    pub(super) charges: Vec<(Id, Date, ChargeTerms)>,
    /// What is waived of charges at some time.
    pub(super) waived: BTreeMap<Id, i64>,
    /// Money out and in, as recorded.
    moves: Vec<(Id, Move)>,
}

impl Outlook {
    /// Disbursements by date.
    pub(super) fn tranches(&self) -> impl Iterator<Item = (Date, i64)> {
        self.tranches.iter().copied()
    }

    /// Changes of the terms as recorded, each with the due date that it begins at.
    pub(super) fn changes(&self) -> &[(Date, Reschedule)] {
        &self.changes
    }

    /// Money out and in, as recorded.
    pub(super) fn moves(&self) -> impl Iterator<Item = Move> {
        self.moves.iter().map(|(_, step)| *step)
    }
}

impl Servicing<'_> {
    /// Gathers what plans need to know beforehand from the events up to `as_of`.
    pub(crate) fn look_ahead(&mut self, life: &[(Date, &LifeEvent)], as_of: Date) {
        let mut changes = Vec::new();
        for (_, event) in life.iter().filter(|(_, event)| event.value_date <= as_of) {
            let date = event.value_date;
            match &event.what {
                Happening::Disbursed { amount_fen } => {
                    self.outlook.tranches.push((date, *amount_fen));
                    self.outlook.moves.push((event.id, Move::Out(Tranche { date, amount_fen: *amount_fen })));
                }
                Happening::Paid { amount_fen } | Happening::Received { amount_fen, .. } => {
                    self.outlook.moves.push((event.id, Move::In(Payment { date, amount_fen: *amount_fen })));
                }
                Happening::Rescheduled { from_due, change } => changes.push((event.id, *from_due, *change)),
                Happening::ChargeAdded { charge } => {
                    self.outlook.charges.push((event.id, event.value_date, charge.clone()));
                }
                Happening::ChargeWaived { charge, amount_fen } => {
                    let waived = self.outlook.waived.entry(*charge).or_insert(0);
                    *waived = waived.saturating_add(*amount_fen);
                }
                _ => {}
            }
        }
        changes.sort_by_key(|(id, ..)| *id);
        self.outlook.moves.sort_by_key(|(id, _)| *id);
        self.outlook.changes = changes.into_iter().map(|(_, from_due, change)| (from_due, change)).collect();
        self.outlook.charges.sort_by_key(|(id, ..)| *id);
    }

    /// Pays out under the conventions: the first time the plan is made, later it is changed.
    pub(super) fn disburse_planned(
        &mut self,
        conventions: &Conventions,
        amount_fen: i64,
        today: Date,
    ) -> Result<(), LoanError> {
        let rule = &conventions.plan;
        let is_first = self.disbursed_fen == 0;
        self.disbursed_fen = add(self.disbursed_fen, amount_fen)?;
        match rule.engine {
            PlanEngine::Cumulative if is_first => {
                self.rows = self.cumulative_plan(rule)?;
                self.attach_known_charges()?;
            }
            PlanEngine::Cumulative => {}
            // After principal was spread anew by agreement, a tranche adds its parts to what that left.
            PlanEngine::Progressive if self.terms.rate > Rate::ZERO && (is_first || self.model.is_some()) => {
                self.follow_tranche(rule, amount_fen, today)?;
                if is_first {
                    self.attach_known_charges()?;
                }
            }
            PlanEngine::Progressive if is_first => {
                self.rows = self.regular_rows(rule, today)?;
                self.tranche(rule, amount_fen, today)?;
                self.attach_known_charges()?;
            }
            PlanEngine::Progressive => self.tranche(rule, amount_fen, today)?,
        }
        // An instalment that asks for nothing is met from the beginning.
        for row in self.rows.iter_mut().filter(|row| row.met_on.is_none() && row.is_clear()) {
            row.met_on = Some(today);
        }
        self.reach(today);
        Ok(())
    }

    /// Empty rows of the regular instalments.
    fn regular_rows(&self, rule: &PlanRule, start: Date) -> Result<Vec<Row>, LoanError> {
        let dues = due_dates(rule, start, &self.outlook.changes)?;
        let mut from = rule.seed.unwrap_or(start);
        let mut rows = Vec::with_capacity(dues.len());
        for due in dues {
            rows.push(Row::beside(RowKind::Regular, from, due, 0));
            from = due;
        }
        Ok(rows)
    }

    /// Adds a tranche to what is still to come.
    fn tranche(&mut self, rule: &PlanRule, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        let rounding = self.terms.rounding;
        let share = rule.down_payment_fen(amount_fen, rounding)?;
        let mut rows = std::mem::take(&mut self.rows);
        // A tranche on a due date falls to the next instalment.
        self.lengthen(rule, &mut rows, today.add_days(1))?;
        let planned = (0..rows.len()).filter(|index| rows.get(*index).is_some_and(Row::is_planned));
        // The first so many instalments carry no principal.
        let coming: Vec<usize> = planned
            .skip(usize::from(rule.principal_grace))
            .filter(|index| rows.get(*index).is_some_and(|row| row.due_on > today))
            .collect();
        if coming.is_empty() {
            let problem = format!("{} instalments without principal leave none to repay it", rule.principal_grace);
            return Err(LoanError::Terms(problem));
        }
        // Each coming instalment takes an equal part on top of what it has, the sum to the multiple; the last the rest.
        let mut left = add(amount_fen, -share)?;
        let count = i128::try_from(coming.len()).unwrap_or(1);
        let part = div(i128::from(left), count.max(1), rounding)?;
        for index in &coming {
            if let Some(row) = rows.get_mut(*index) {
                let before = row.planned_principal();
                let more = add(rule.to_multiple(add(before, part)?, rounding)?, -before)?.min(left);
                row.plan_principal(add(before, more)?);
                left = add(left, -more)?;
            }
        }
        if let Some(row) = coming.last().and_then(|index| rows.get_mut(*index)) {
            row.plan_principal(add(row.planned_principal(), left)?);
        }
        if share > 0 {
            insert(&mut rows, Row::beside(RowKind::DownPayment, today, today, share));
        }
        self.rows = rows;
        Ok(())
    }

    /// Adds instalments one spacing apart until one is due after a date.
    fn lengthen(&self, rule: &PlanRule, rows: &mut Vec<Row>, date: Date) -> Result<(), LoanError> {
        while let Some(last) = rows.iter().rev().find(|row| row.is_planned()).map(|row| row.due_on)
            && last < date
        {
            let due = spaced(last, rule.every, rule.unit, 1)?;
            insert(rows, Row::beside(RowKind::Regular, last, due, 0));
        }
        Ok(())
    }
}

/// Puts a row in its place by due date, after what is due that day; answers the place.
pub(super) fn insert(rows: &mut Vec<Row>, row: Row) -> usize {
    let place = rows.partition_point(|other| other.due_on <= row.due_on);
    rows.insert(place, row);
    place
}

/// Puts a down payment in its place by due date, before an instalment that is due that day.
pub(super) fn insert_first(rows: &mut Vec<Row>, row: Row) {
    let place = rows.partition_point(|other| {
        other.due_on < row.due_on || other.due_on == row.due_on && other.kind == RowKind::DownPayment
    });
    rows.insert(place, row);
}

/// Due dates of the instalments, moved and lengthened by what was agreed later.
fn due_dates(rule: &PlanRule, start: Date, changes: &[(Date, Reschedule)]) -> Result<Vec<Date>, LoanError> {
    let seed = rule.seed.unwrap_or(start);
    let mut dues: Vec<Date> =
        (1..=i32::from(rule.count)).map(|k| spaced(seed, rule.every, rule.unit, k)).collect::<Result<_, _>>()?;
    if let (Some(days), Some(last)) = (rule.fixed_length_days, dues.last_mut()) {
        *last = seed.add_days(i32::from(days));
    }
    for (from_due, change) in changes {
        let Some(place) = dues.iter().position(|due| due == from_due) else { continue };
        for _ in 0..change.extra_instalments {
            let last = dues.last().copied().unwrap_or(seed);
            dues.push(spaced(last, rule.every, rule.unit, 1)?);
        }
        if let Some(new_due) = change.new_due {
            for (k, due) in (0i32..).zip(dues.iter_mut().skip(place)) {
                *due = spaced(new_due, rule.every, rule.unit, k)?;
            }
        }
    }
    Ok(dues)
}

/// The date so many spacings after another.
pub(crate) fn spaced(seed: Date, every: u16, unit: Unit, times: i32) -> Result<Date, LoanError> {
    let steps = i32::from(every).saturating_mul(times);
    Ok(match unit {
        Unit::Days => seed.add_days(steps),
        Unit::Weeks => seed.add_days(steps.saturating_mul(7)),
        Unit::Months => seed.add_months(steps)?,
    })
}

fn div(numerator: i128, denominator: i128, rounding: Rounding) -> Result<i64, LoanError> {
    div_round(numerator, denominator, rounding).ok_or(LoanError::Overflow("an instalment"))
}
