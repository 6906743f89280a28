//! Arrears of a loan against what is expected: ranges, days, pauses.

use basics::Date;
use basics::money::format_minor;
use loan::delinquency::{PauseAct, overdue_fen, overdue_since};
use serde_json::Value;

use super::{same, shown, text_of};
use crate::oracle::close::delinquency_rule;
use crate::oracle::desk::Desk;
use crate::oracle::{Stop, read};

/// The day on which a delinquency began, grace included.
pub(super) fn delinquent_date(desk: &Desk) -> Result<Option<Date>, Stop> {
    Ok(delinquency_rule(desk)?.since(&desk.state()?, desk.today))
}

pub(super) fn delinquency_history(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours: Vec<String> = desk
        .closings
        .ranges
        .spells()
        .iter()
        .map(|spell| format!("{} {} {}", spell.range, spell.from, shown(spell.lifted)))
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
    let state = desk.state()?;
    let since = delinquent_date(desk)?;
    let days = since.map_or(0, |since| desk.closings.pauses.delinquent_days(since, today));
    let past = overdue_since(&state, today).map_or(0, |due| today - due);
    for (key, value) in expected.as_object().into_iter().flatten() {
        let expected = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let ours = match key.as_str() {
            "range" => desk.closings.range().to_owned(),
            "amount" => format_minor(overdue_fen(&state, today)),
            "date" => shown(since),
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
        .pauses
        .spans()
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
        .pauses
        .acts()
        .iter()
        .map(|act| match act {
            PauseAct::Pause { from, until } => format!("PAUSE {from} {until}"),
            PauseAct::Resume { on } => format!("RESUME {on} null"),
        })
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
