//! Arrears of a loan against what is expected: ranges, days, pauses.

use basics::Date;
use basics::money::format_minor;
use loan::{Component, PostedKind};
use serde_json::Value;

use super::{same, shown, text_of};
use crate::oracle::desk::Desk;
use crate::oracle::{Stop, read};

pub(super) fn grace_days(desk: &Desk) -> i32 {
    let own = read::whole(&desk.loan, "grace_on_arrears_ageing_days");
    let days = own.or(read::whole(&desk.product, "grace_on_arrears_ageing_days")).unwrap_or(0);
    i32::try_from(days).unwrap_or(0)
}

/// Since when the oldest instalment that is past due is unpaid.
///
/// That is its due date; or the day of a chargeback in its period, if what was paid of the instalment does not
/// reach for what was charged back.
pub(in super::super) fn oldest_overdue(desk: &Desk, today: Date) -> Result<Option<Date>, Stop> {
    let state = desk.state()?;
    let Some(row) = state
        .instalments
        .iter()
        .filter(|row| row.due_on < today && Component::ALL.iter().any(|c| row.unpaid_fen(*c) > 0))
        .min_by_key(|row| row.due_on)
    else {
        return Ok(None);
    };
    let mut left: i64 = Component::ALL.iter().map(|c| row.paid.get(*c)).sum();
    for line in desk.lines.iter().filter(|line| !line.reverted && line.posted.kind == PostedKind::Chargeback) {
        let date = line.posted.date;
        if date > row.from && date <= row.due_on {
            left -= line.posted.amount_fen;
            if left < 0 {
                return Ok(Some(date));
            }
        }
    }
    Ok(Some(row.due_on))
}

/// The day on which a delinquency began, grace included.
pub(in super::super) fn delinquent_date(desk: &Desk) -> Result<Option<Date>, Stop> {
    Ok(oldest_overdue(desk, desk.today)?.map(|due| due.add_days(grace_days(desk))))
}

pub(super) fn delinquency_history(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours: Vec<String> = desk
        .closings
        .history
        .iter()
        .map(|(range, added, lifted)| format!("{range} {added} {}", shown(*lifted)))
        .collect();
    let theirs = expected.as_array().cloned().unwrap_or_default();
    for row in &theirs {
        let lifted = row.get("lifted_on").map_or("null", text_of);
        let wanted = format!("{} {} {lifted}", read::text(row, "range"), read::text(row, "added_on"));
        if !ours.contains(&wanted) {
            return Err(Stop::Wrong(format!("{wanted} is not among: {}", ours.join(" | "))));
        }
    }
    same("rows", &ours.len().to_string(), &theirs.len().to_string())
}

pub(super) fn delinquency(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let today = desk.today;
    let oldest = oldest_overdue(desk, today)?;
    let state = desk.state()?;
    let overdue: i64 = state
        .instalments
        .iter()
        .filter(|row| row.due_on < today)
        .flat_map(|row| Component::ALL.map(|c| row.unpaid_fen(c)))
        .sum();
    let days = match oldest {
        Some(due) => desk.closings.delinquent_days(due.add_days(grace_days(desk)), today),
        None => 0,
    };
    let past = oldest.map_or(0, |due| today - due);
    for (key, value) in expected.as_object().into_iter().flatten() {
        let expected = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let ours = match key.as_str() {
            "range" => desk.closings.range().to_owned(),
            "amount" => format_minor(overdue),
            "date" => shown(delinquent_date(desk)?),
            "days" => days.to_string(),
            "past_due_days" => past.to_string(),
            other => return Err(Stop::Unsupported(format!("delinquency {other}"))),
        };
        same(key, &ours, &expected)?;
    }
    Ok(())
}

pub(super) fn pauses(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours: Vec<String> = desk
        .closings
        .pauses()
        .iter()
        .map(|(start, end)| format!("{} {start} {end}", *start <= desk.today && desk.today <= *end))
        .collect();
    let theirs: Vec<String> = expected
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| format!("{} {} {}", read::flag(row, "active"), read::text(row, "start"), read::text(row, "end")))
        .collect();
    same("pauses", &ours.join(", "), &theirs.join(", "))
}

pub(super) fn actions(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours: Vec<String> = desk
        .closings
        .actions
        .iter()
        .map(|action| format!("{} {} {}", action.name, action.start, shown(action.end)))
        .collect();
    let theirs: Vec<String> = expected
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| {
            let end = row.get("end").map_or("null", text_of);
            format!("{} {} {end}", read::text(row, "action"), read::text(row, "start"))
        })
        .collect();
    same("actions", &ours.join(", "), &theirs.join(", "))
}

pub(super) fn installment_delinquency(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours = desk.closings.by_instalment.clone();
    let theirs: Vec<(String, String)> = expected
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| (read::text(row, "range").to_owned(), read::text(row, "amount").to_owned()))
        .collect();
    let text = |list: &[(String, String)]| list.iter().map(|(r, a)| format!("{r} {a}")).collect::<Vec<_>>().join(", ");
    let ours: Vec<(String, String)> = ours.into_iter().map(|(range, fen)| (range, format_minor(fen))).collect();
    same("ranges", &text(&ours), &text(&theirs))
}
