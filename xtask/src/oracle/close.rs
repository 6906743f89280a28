//! What only the close of a day does: accruals, delinquency, overdue charges, notices.

use std::collections::BTreeMap;

use basics::{Date, Id};
use loan::conventions::PlanEngine;
use loan::daily::{
    ChargeIncome, Income, IncomeRule, Notice, NoticeRule, OverdueCharge, Recognised, Until, income, notices,
    overdue_charges,
};
use loan::delinquency::{DelinquencyRange, DelinquencyRule, Pauses, RangeHistory};
use loan::{ChargeAmount, ChargeBase, ChargeKind, Happening, LifeEvent, LoanState};

use super::desk::{AccrualLine, Desk};
use super::{Stop, expect, read};

/// What closings have left on a loan.
#[derive(Clone, Debug, Default)]
pub(super) struct Closings {
    pub(super) last_closed: Option<Date>,
    pub(super) locked: Option<String>,
    pub(super) ranges: RangeHistory,
    pub(super) by_instalment: Vec<(String, i64)>,
    pub(super) pauses: Pauses,
    pub(super) recognised: Recognised,
    /// The status after the last transaction or charge: income of an ending is recognised when it changes.
    pub(super) status: &'static str,
}

impl Closings {
    pub(super) fn range(&self) -> &str {
        self.ranges.current().unwrap_or("NO_DELINQUENCY")
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
        if !desk.closings.pauses.rest_on(day.add_days(1)) {
            classify(desk, day.add_days(1))?;
        }
        raise_notices(desk, day)?;
        accrue(desk, day)?;
    }
    desk.closings.last_closed = Some(day);
    desk.closings.locked = None;
    Ok(())
}

/// Days that a penalty waits after a due date.
const PENALTY_WAIT_DAYS: u16 = 2;

/// Adds the penalties of the product to instalments that are overdue, once each.
fn charge_overdue(desk: &mut Desk, day: Date) -> Result<(), Stop> {
    let definitions = read::list(&desk.product, "overdue_charges").to_vec();
    for definition in definitions {
        let share = read::percent_ppm(&definition, "default_amount")?.unwrap_or(0);
        let amount = match read::text(&definition, "calculation") {
            "FLAT" => ChargeAmount::Flat(read::amount(&definition, "default_amount")?),
            "PERCENTAGE_AMOUNT" => ChargeAmount::Share(share, ChargeBase::Principal),
            "PERCENTAGE_INTEREST" => ChargeAmount::Share(share, ChargeBase::Interest),
            _ => ChargeAmount::Share(share, ChargeBase::PrincipalAndInterest),
        };
        let rule = OverdueCharge {
            code: read::text(&definition, "code").to_owned(),
            kind: if read::flag(&definition, "penalty") { ChargeKind::Penalty } else { ChargeKind::Fee },
            amount,
            wait_days: PENALTY_WAIT_DAYS,
        };
        for charge in overdue_charges(&desk.state()?, &rule, day.add_days(1), desk.terms.rounding)? {
            let seq = desk.number();
            desk.charge_names.insert(seq, definition.clone());
            let what = Happening::ChargeAdded { charge };
            desk.events.push(LifeEvent { id: Id::from_u128(seq), value_date: day, what });
        }
        desk.settle()?;
    }
    Ok(())
}

fn raise_notices(desk: &mut Desk, day: Date) -> Result<(), Stop> {
    let days = |name: &str, environment: &str| {
        let days = read::whole(&desk.product, name).or(read::whole(&desk.environment, environment)).unwrap_or(0);
        u16::try_from(days).map_err(|_| Stop::Wrong(format!("`{name}` is out of range: {days}")))
    };
    let rule = NoticeRule {
        before_days: days("due_days_for_repayment_event", "days_before_repayment_is_due")?,
        after_days: days("overdue_days_for_repayment_event", "days_after_repayment_is_overdue")?,
    };
    let state = desk.state()?;
    let snapshots = desk.config.get("CHECK_DUE_INSTALLMENTS").is_some_and(|value| value == "enabled");
    if snapshots && state.instalments.iter().any(|row| row.due_on == day) {
        desk.raised.push(("LoanAccountCustomSnapshot".to_owned(), Some(day.add_days(1))));
    }
    for (notice, due_on) in notices(&state, rule, day) {
        let name = match notice {
            Notice::Due => "LoanRepaymentDue",
            Notice::Overdue => "LoanRepaymentOverdue",
        };
        desk.raised.push((name.to_owned(), Some(due_on)));
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

/// How the environment and the loan put arrears into ranges.
pub(super) fn delinquency_rule(desk: &Desk) -> Result<DelinquencyRule, Stop> {
    let own = read::whole(&desk.loan, "grace_on_arrears_ageing_days");
    let grace = own.or(read::whole(&desk.product, "grace_on_arrears_ageing_days")).unwrap_or(0);
    let days = |days: i64| i32::try_from(days).map_err(|_| Stop::Wrong(format!("days out of range: {days}")));
    let ranges = read::list(&desk.environment, "delinquency_buckets").iter().map(|row| {
        Ok::<_, Stop>(DelinquencyRange {
            code: read::text(row, "range").to_owned(),
            from_days: days(read::whole(row, "min_days").unwrap_or(0))?,
            to_days: read::whole(row, "max_days").map(days).transpose()?,
        })
    });
    Ok(DelinquencyRule { ranges: ranges.collect::<Result<_, _>>()?, grace_days: days(grace)? })
}

/// Gives the loan and its instalments their ranges.
pub(super) fn classify(desk: &mut Desk, today: Date) -> Result<(), Stop> {
    let rule = delinquency_rule(desk)?;
    let state = desk.state()?;
    let range = rule.range(&state, &desk.closings.pauses, today).map(|range| range.code.clone());
    let parts = rule.by_range(&state, &desk.closings.pauses, today);
    let parts = parts.into_iter().map(|(range, fen)| (range.code.clone(), fen)).collect();
    desk.closings.by_instalment = if range.is_some() { parts } else { Vec::new() };
    if desk.closings.ranges.give(range.as_deref(), today) {
        desk.raised.push(("LoanDelinquencyRangeChange".to_owned(), Some(today)));
    }
    Ok(())
}
