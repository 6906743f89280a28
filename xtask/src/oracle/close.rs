//! What only the close of a day does: accruals, delinquency, overdue charges, notices.

use std::collections::BTreeMap;

use basics::{Date, Id};
use loan::conventions::PlanEngine;
use loan::daily::{ChargeIncome, Income, IncomeRule, Recognised, Until, income};
use loan::{ChargeAmount, ChargeBase, ChargeDue, ChargeKind, ChargeTerms, Component, Happening, LifeEvent, LoanState};

use super::desk::{AccrualLine, Desk};
use super::{Stop, expect, read};

/// A decision about delinquency that a person took.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) start: Date,
    pub(super) end: Option<Date>,
}

/// What closings have left on a loan.
#[derive(Clone, Debug, Default)]
pub(super) struct Closings {
    pub(super) last_closed: Option<Date>,
    pub(super) locked: Option<String>,
    /// Range, when it was given, when it was lifted.
    pub(super) history: Vec<(String, Date, Option<Date>)>,
    pub(super) by_instalment: Vec<(String, i64)>,
    pub(super) actions: Vec<Action>,
    pub(super) recognised: Recognised,
    /// The status after the last transaction or charge: income of an ending is recognised when it changes.
    pub(super) status: &'static str,
}

impl Closings {
    pub(super) fn range(&self) -> &str {
        self.history.iter().find(|(_, _, lifted)| lifted.is_none()).map_or("NO_DELINQUENCY", |(range, ..)| range)
    }

    pub(super) fn pause(&mut self, start: Date, end: Date) {
        self.actions.push(Action { name: "PAUSE", start, end: Some(end) });
    }

    pub(super) fn resume(&mut self, start: Date) {
        self.actions.push(Action { name: "RESUME", start, end: None });
    }

    /// Pauses as they really ran: a resumption ends the one it falls into.
    pub(super) fn pauses(&self) -> Vec<(Date, Date)> {
        let mut pauses: Vec<(Date, Date)> = Vec::new();
        for action in &self.actions {
            match action.end {
                Some(end) => pauses.push((action.start, end)),
                None => {
                    for pause in pauses.iter_mut().filter(|(start, end)| *start <= action.start && action.start <= *end)
                    {
                        pause.1 = action.start;
                    }
                }
            }
        }
        pauses
    }

    pub(super) fn overlaps(&self, start: Date, end: Date) -> bool {
        self.pauses().iter().any(|(from, to)| start <= *to && *from <= end)
    }

    pub(super) fn is_paused(&self, on: Date) -> bool {
        self.pauses().iter().any(|(from, to)| *from <= on && on < *to)
    }

    /// Whether classification rests on a day, the last of a pause included.
    fn runs_pause(&self, on: Date) -> bool {
        self.pauses().iter().any(|(from, to)| *from <= on && on <= *to)
    }

    /// Days of delinquency from a date on, without those of pauses.
    pub(super) fn delinquent_days(&self, from: Date, today: Date) -> i32 {
        let paused: i32 = self
            .pauses()
            .iter()
            .filter(|(start, _)| *start <= today)
            .map(|(start, end)| (*end).min(today) - *start)
            .sum();
        (today - from - paused).max(0)
    }
}

/// The date a closing is for.
fn closing_date(desk: &Desk) -> Date {
    desk.today.add_days(-1)
}

/// Closes every day that is missing for this loan.
pub(super) fn inline(desk: &mut Desk) -> Result<(), Stop> {
    let last = closing_date(desk);
    let mut day = desk.closings.last_closed.map_or(last, |closed| closed.add_days(1));
    while day <= last {
        close_day(desk, day)?;
        day = day.add_days(1);
    }
    Ok(())
}

/// The closing of all loans: only those that are not behind.
pub(super) fn job(desk: &mut Desk) -> Result<(), Stop> {
    let last = closing_date(desk);
    match desk.closings.last_closed {
        Some(closed) if closed.add_days(1) != last => Ok(()),
        _ => close_day(desk, last),
    }
}

/// A write on a loan that is more than a day behind first closes what is missing.
pub(super) fn catch_up(desk: &mut Desk) -> Result<(), Stop> {
    if desk.closings.last_closed.is_some_and(|closed| closed.add_days(1) < closing_date(desk)) {
        inline(desk)?;
    }
    Ok(())
}

fn close_day(desk: &mut Desk, day: Date) -> Result<(), Stop> {
    if !desk.is_disbursed() {
        return Ok(());
    }
    let status = expect::status(desk)?;
    if status == "ACTIVE" {
        charge_overdue(desk, day)?;
        if !desk.closings.runs_pause(day.add_days(1)) {
            classify(desk, day.add_days(1))?;
        }
        notices(desk, day)?;
        accrue(desk, day)?;
    }
    desk.closings.last_closed = Some(day);
    desk.closings.locked = None;
    Ok(())
}

/// Days that a penalty waits after a due date.
const PENALTY_WAIT_DAYS: i32 = 2;

/// Adds the penalties of the product to instalments that are overdue, once each.
fn charge_overdue(desk: &mut Desk, day: Date) -> Result<(), Stop> {
    let definitions = read::list(&desk.product, "overdue_charges").to_vec();
    for definition in definitions {
        let state = desk.state()?;
        for row in &state.instalments {
            let code = read::text(&definition, "code");
            let is_charged = state
                .charges
                .iter()
                .any(|charge| charge.terms.code == code && charge.terms.due == ChargeDue::On(row.due_on));
            let open = Component::ALL.iter().any(|c| row.unpaid_fen(*c) > 0);
            if is_charged || !open || row.due_on.add_days(PENALTY_WAIT_DAYS) >= day.add_days(1) {
                continue;
            }
            let share = read::percent_ppm(&definition, "default_amount")?.unwrap_or(0);
            let base = match read::text(&definition, "calculation") {
                "FLAT" => None,
                "PERCENTAGE_AMOUNT" => Some(ChargeBase::Principal),
                "PERCENTAGE_INTEREST" => Some(ChargeBase::Interest),
                _ => Some(ChargeBase::PrincipalAndInterest),
            };
            let amount_fen = match base {
                None => read::amount(&definition, "default_amount")?,
                Some(base) => ChargeAmount::Share(share, base).of_fen(
                    row.due.principal_fen,
                    row.due.interest_fen,
                    desk.terms.rounding,
                )?,
            };
            let kind = if read::flag(&definition, "penalty") { ChargeKind::Penalty } else { ChargeKind::Fee };
            let due = ChargeDue::On(row.due_on);
            let charge = ChargeTerms { code: code.to_owned(), kind, due, amount: ChargeAmount::Flat(amount_fen) };
            let seq = desk.number();
            desk.charge_names.insert(seq, definition.clone());
            let what = Happening::ChargeAdded { charge };
            desk.events.push(LifeEvent { id: Id::from_u128(seq), value_date: day, what });
        }
        desk.settle()?;
    }
    Ok(())
}

fn notices(desk: &mut Desk, day: Date) -> Result<(), Stop> {
    let days = |name: &str, environment: &str| {
        read::whole(&desk.product, name).or(read::whole(&desk.environment, environment)).unwrap_or(0)
    };
    let before = i32::try_from(days("due_days_for_repayment_event", "days_before_repayment_is_due")).unwrap_or(0);
    let after = i32::try_from(days("overdue_days_for_repayment_event", "days_after_repayment_is_overdue")).unwrap_or(0);
    let state = desk.state()?;
    let snapshots = desk.config.get("CHECK_DUE_INSTALLMENTS").is_some_and(|value| value == "enabled");
    for row in &state.instalments {
        if snapshots && row.due_on == day {
            desk.raised.push(("LoanAccountCustomSnapshot".to_owned(), Some(day.add_days(1))));
        }
        if Component::ALL.iter().all(|c| row.unpaid_fen(*c) == 0) {
            continue;
        }
        if row.due_on.add_days(-before) == day {
            desk.raised.push(("LoanRepaymentDue".to_owned(), Some(row.due_on)));
        }
        if row.due_on.add_days(after) == day {
            desk.raised.push(("LoanRepaymentOverdue".to_owned(), Some(row.due_on)));
        }
    }
    Ok(())
}

/// Takes due income into the books.
pub(super) fn accrue(desk: &mut Desk, day: Date) -> Result<(), Stop> {
    recognise(desk, Until::Day(day))
}

fn recognise(desk: &mut Desk, until: Until) -> Result<(), Stop> {
    let state = desk.state()?;
    if state.charged_off_on.is_some() {
        return Ok(());
    }
    let added_on: BTreeMap<_, _> = desk.events.iter().map(|event| (event.id, event.value_date)).collect();
    let by_added = desk.config.get("charge-accrual-date").is_some_and(|value| value == "submitted-date");
    let charges = if by_added { ChargeIncome::WhenAdded } else { ChargeIncome::WhenDue };
    let rule = IncomeRule { until, charges, added_on: &added_on, rounding: desk.terms.rounding };
    let mut recognised = desk.closings.recognised.clone();
    let mut lines = income(&state, &rule, &mut recognised)?;
    if matches!(until, Until::End(_)) {
        lines = as_one(&lines);
    }
    for line in lines {
        let seq = desk.number();
        desk.raised.push(("LoanAccrualTransactionCreated".to_owned(), Some(line.date)));
        desk.accruals.push(AccrualLine {
            seq,
            date: line.date,
            interest_fen: line.interest_fen,
            fee_fen: line.fee_fen,
            penalty_fen: line.penalty_fen,
        });
    }
    desk.closings.recognised = recognised;
    Ok(())
}

/// The rest of the income of all periods is one line.
fn as_one(lines: &[Income]) -> Vec<Income> {
    let sum = |of: fn(&Income) -> i64| lines.iter().map(of).sum();
    let whole = |first: &Income| Income {
        date: first.date,
        interest_fen: sum(|line| line.interest_fen),
        fee_fen: sum(|line| line.fee_fen),
        penalty_fen: sum(|line| line.penalty_fen),
    };
    lines.first().map(whole).into_iter().collect()
}

/// What follows every transaction and charge: the range, and all income when the loan comes to owe nothing.
pub(super) fn after_money(desk: &mut Desk) -> Result<(), Stop> {
    if !desk.is_disbursed() {
        return Ok(());
    }
    let state = desk.state()?;
    let status = expect::status(desk)?;
    let changed = std::mem::replace(&mut desk.closings.status, status) != status;
    if changed && state.closed_on.is_some() && state.written_off_on.is_none() {
        recognise(desk, Until::End(income_date_of_ending(desk, &state)))?;
    }
    classify(desk, desk.today)
}

/// The day that the rest of the income belongs to when a loan comes to owe nothing.
///
/// A plan that follows events dates it on its last due date, or today if that is still to come; a plan made of all
/// at once dates it on the last movement.
fn income_date_of_ending(desk: &Desk, state: &LoanState) -> Date {
    let last = match desk.terms.conventions.as_ref().map(|c| c.plan.engine) {
        Some(PlanEngine::Progressive) => state.instalments.last().map(|row| row.due_on.min(desk.today)),
        _ => state.trace.iter().map(|line| line.date).max(),
    };
    last.unwrap_or(desk.today)
}

/// Gives the loan and its instalments their ranges.
pub(super) fn classify(desk: &mut Desk, today: Date) -> Result<(), Stop> {
    let grace = {
        let own = read::whole(&desk.loan, "grace_on_arrears_ageing_days");
        i32::try_from(own.or(read::whole(&desk.product, "grace_on_arrears_ageing_days")).unwrap_or(0)).unwrap_or(0)
    };
    let state = desk.state()?;
    let ranges = ranges(desk);
    let range_of = |from: Date| -> Option<String> {
        let days = i64::from(desk.closings.delinquent_days(from, today));
        let fits = |(_, min, max): &&(String, i64, Option<i64>)| days >= *min && max.is_none_or(|max| days <= max);
        ranges.iter().find(fits).map(|(name, ..)| name.clone())
    };
    let mut by_instalment: Vec<(String, i64)> = Vec::new();
    let open = |row: &loan::InstalmentState| Component::ALL.iter().map(|c| row.unpaid_fen(*c)).sum::<i64>();
    for (name, ..) in &ranges {
        let sum: i64 = state
            .instalments
            .iter()
            .filter(|row| row.due_on < today && range_of(row.due_on).as_ref() == Some(name))
            .map(open)
            .sum();
        if sum > 0 {
            by_instalment.push((name.clone(), sum));
        }
    }
    let oldest = expect::oldest_overdue(desk, today)?;
    let range = oldest.and_then(|due| range_of(due.add_days(grace)));
    desk.closings.by_instalment = if range.is_some() { by_instalment } else { Vec::new() };
    let now = desk.closings.range().to_owned();
    if range.as_deref().unwrap_or("NO_DELINQUENCY") != now {
        for entry in desk.closings.history.iter_mut().filter(|(_, _, lifted)| lifted.is_none()) {
            entry.2 = Some(today);
        }
        if let Some(range) = range {
            desk.closings.history.push((range, today, None));
        }
    }
    Ok(())
}

fn ranges(desk: &Desk) -> Vec<(String, i64, Option<i64>)> {
    read::list(&desk.environment, "delinquency_buckets")
        .iter()
        .map(|row| {
            (
                read::text(row, "range").to_owned(),
                read::whole(row, "min_days").unwrap_or(0),
                read::whole(row, "max_days"),
            )
        })
        .collect()
}
