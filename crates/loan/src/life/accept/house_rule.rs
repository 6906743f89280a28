//! What money that is granted or goes back, charges and new plans ask of a loan of the house rule.

use basics::Date;
use basics::money::format_minor;

use super::{is_drawn, is_open, target_of, there_is};
use crate::act::counts_from;
use crate::life::in_order;
use crate::season::ChangeLimits;
use crate::{
    ChargeAmount, ChargeDue, ChargeTerms, Happening, LifeEvent, LoanError, LoanState, LoanTerms, Reage, Receipt,
    Reschedule, fold,
};

/// Longest code of a charge.
const CODE_MAX: usize = 40;

/// Errors, saying why, if one of these happenings cannot be. Everything else is accepted elsewhere.
pub(super) fn accept_by_house_rule(
    terms: &LoanTerms,
    events: &[LifeEvent],
    new: &LifeEvent,
    state: &LoanState,
) -> Result<(), LoanError> {
    let id = new.id;
    let refuse = |problem: String| LoanError::Change { id, problem };
    if !matches!(
        new.what,
        Happening::Received { .. }
            | Happening::ChargeAdded { .. }
            | Happening::ChargeWaived { .. }
            | Happening::ChargeAdjusted { .. }
            | Happening::ChargedBack { .. }
            | Happening::RefundedCash { .. }
            | Happening::ChargedOff
            | Happening::Rescheduled { .. }
            | Happening::Reaged { .. }
            | Happening::Reamortised
    ) {
        return Ok(());
    }
    is_drawn(id, state)?;
    let plans_anew =
        matches!(new.what, Happening::Rescheduled { .. } | Happening::Reaged { .. } | Happening::Reamortised);
    if let Some(plan) = state.schedule.as_ref().filter(|plan| plans_anew && new.value_date <= plan.start) {
        return Err(refuse(counts_from(plan.start)));
    }
    let goes_back = matches!(new.what, Happening::ChargedBack { .. } | Happening::RefundedCash { .. });
    match (state.closed_on, last_planned(state)) {
        (None, _) => {}
        (Some(closed_on), Some(last)) if goes_back && closed_on < last => {
            return Err(refuse(format!(
                "the loan was paid off on {closed_on}, before its plan ended on {last}: reverse the payment, so that the plan stands again"
            )));
        }
        (Some(_), _) if goes_back => {}
        (Some(_), _) => is_open(id, state)?,
    }
    match &new.what {
        Happening::Received { receipt: Receipt::Goodwill, amount_fen } => {
            // More than is due would lie there as credit, which is paid out in cash.
            there_is(id, "grant", *amount_fen, state.overdue_parts()?.total_fen()?)
        }
        Happening::Received { receipt: Receipt::Recovery, .. } if state.written_off_on.is_none() => {
            Err(refuse("it was not written off: record the money as a payment".to_owned()))
        }
        Happening::Received { receipt: Receipt::ChargeAdjustment, .. } => {
            Err(refuse("name the charge that is given back: adjust it".to_owned()))
        }
        Happening::ChargeAdded { charge } => charged(state, charge, new.value_date).map_err(refuse),
        Happening::ChargeAdjusted { charge, amount_fen } => {
            target_of(events, new, *charge, |what| matches!(what, Happening::ChargeAdded { .. }))?;
            let given: i64 = in_order(events)
                .iter()
                .filter_map(|event| match event.what {
                    Happening::ChargeAdjusted { charge: other, amount_fen } if other == *charge => Some(amount_fen),
                    _ => None,
                })
                .fold(0, i64::saturating_add);
            // Of what is still to come nothing can be given back: let it off.
            let due = state.charges.iter().filter(|other| other.id == *charge).flat_map(|other| &other.parts);
            let due = due.filter(|part| part.due_on <= new.value_date);
            let due = due.map(|part| part.amount_fen.saturating_sub(part.waived_fen)).fold(0, i64::saturating_add);
            let there = due.saturating_sub(given);
            there_is(id, "give back", *amount_fen, there)
        }
        Happening::ChargedOff if state.written_off_on.is_some() => {
            Err(refuse("it has left the balance sheet already".to_owned()))
        }
        Happening::ChargedBack { payment, .. } => {
            let ahead = |what: &Happening| match what {
                Happening::Prepaid(_) => true,
                Happening::Received { receipt, .. } => !matches!(receipt, Receipt::Repayment | Receipt::Recovery),
                _ => false,
            };
            if events.iter().any(|event| event.id == *payment && ahead(&event.what)) {
                return Err(refuse("it changed the plan, or no money came: reverse it instead".to_owned()));
            }
            Ok(())
        }
        Happening::Rescheduled { from_due, change } => {
            rescheduled(terms, state, *from_due, change).map_err(refuse)?;
            let mut with = events.to_vec();
            with.push(new.clone());
            let after = fold(terms, &with, new.value_date)?;
            within(terms, state, last_to_come(&after)).map_err(refuse)
        }
        Happening::Reaged { spread } => {
            let last = reaged(state, spread)?.map_err(refuse)?;
            within(terms, state, Some(last)).map_err(refuse)
        }
        Happening::Reamortised if state.instalments.iter().all(|row| row.is_due) => {
            Err(refuse("no instalment is to come that could take the arrears".to_owned()))
        }
        Happening::Reamortised if state.overdue_parts()?.principal_fen == 0 => {
            Err(refuse("no principal is overdue".to_owned()))
        }
        _ => Ok(()),
    }
}

fn last_planned(state: &LoanState) -> Option<Date> {
    state.schedule.as_ref().and_then(|plan| plan.rows.iter().map(|row| row.due).max())
}

fn last_to_come(state: &LoanState) -> Option<Date> {
    state.instalments.iter().map(|row| row.due_on).max()
}

fn charged(state: &LoanState, charge: &ChargeTerms, today: Date) -> Result<(), String> {
    if charge.code.is_empty() || charge.code.chars().count() > CODE_MAX {
        return Err(format!("give the charge a code of 1 to {CODE_MAX} characters"));
    }
    let (ChargeAmount::Flat(size) | ChargeAmount::Share(size, _)) = charge.amount;
    let largest = match charge.amount {
        ChargeAmount::Flat(_) => LoanTerms::AMOUNT_FEN_MAX,
        ChargeAmount::Share(..) => 1_000_000,
    };
    if size <= 0 || size > largest {
        return Err("a charge is more than nothing, and a share at most the whole".to_owned());
    }
    match charge.due {
        ChargeDue::Disbursement => {
            Err("the loan is paid out: what was due then stands in its contract; name a day".to_owned())
        }
        ChargeDue::On(day) if day < today => Err(format!("it is due on {day}, before {today}: name a later day")),
        ChargeDue::On(day) => match last_to_come(state) {
            Some(last) if day > last.max(today) => Err(format!("the plan ends on {last}: name a day until then")),
            _ => Ok(()),
        },
        ChargeDue::EachInstalment if state.instalments.iter().all(|row| row.is_due) => {
            Err("no instalment is to come: name a day".to_owned())
        }
        ChargeDue::EachInstalment => Ok(()),
    }
}

fn rescheduled(terms: &LoanTerms, state: &LoanState, from_due: Date, change: &Reschedule) -> Result<(), String> {
    if *change == Reschedule::default() {
        return Err("it changes nothing: name a due date, instalments or a rate".to_owned());
    }
    let coming: Vec<Date> = state.instalments.iter().filter(|row| !row.is_due).map(|row| row.due_on).collect();
    let Some(place) = coming.iter().position(|due| *due == from_due) else {
        return Err(format!("no instalment to come is due on {from_due}: name the due date of one"));
    };
    let before = place.checked_sub(1).and_then(|place| coming.get(place)).copied().unwrap_or(state.as_of);
    if let Some(new_due) = change.new_due
        && new_due <= before
    {
        return Err(format!("{new_due} is not after {before}: name a later day"));
    }
    let rows = coming.len() - place + usize::from(change.extra_instalments);
    if usize::from(change.principal_grace) >= rows {
        return Err(format!(
            "{} instalments without principal leave none of {rows} to repay it",
            change.principal_grace
        ));
    }
    if coming.len() + usize::from(change.extra_instalments) > usize::from(LoanTerms::MONTHS_MAX) {
        return Err(format!("more than {} instalments", LoanTerms::MONTHS_MAX));
    }
    match change.new_rate_ppm.map(basics::Rate::from_ppm) {
        Some(Err(wrong)) => Err(wrong.to_string()),
        Some(Ok(rate)) if terms.rate_rule.is_some() => {
            Err(format!("the contract's rate follows a published one and is not set to {rate} %"))
        }
        _ => Ok(()),
    }
}

/// The last due date of the new instalments.
fn reaged(state: &LoanState, spread: &Reage) -> Result<Result<Date, String>, LoanError> {
    if spread.start <= state.as_of {
        return Ok(Err(format!("the first instalment is due on {}, not after {}", spread.start, state.as_of)));
    }
    if spread.count == 0 || spread.count > LoanTerms::MONTHS_MAX || spread.every == 0 {
        return Ok(Err(format!("give 1 to {} instalments, at least one unit apart", LoanTerms::MONTHS_MAX)));
    }
    if state.principal_fen <= 0 {
        return Ok(Err(format!("{} of principal is outstanding", format_minor(state.principal_fen))));
    }
    let last = crate::servicing::spaced(spread.start, spread.every, spread.unit, i32::from(spread.count) - 1)?;
    Ok(Ok(last))
}

/// The last day lies within the longest term of the contract.
fn within(terms: &LoanTerms, state: &LoanState, until: Option<Date>) -> Result<(), String> {
    let Some(schedule) = &state.schedule else { return Ok(()) };
    let limits = terms.change.unwrap_or(ChangeLimits::DEFAULT);
    let longest = limits.last_due(schedule.start).map_err(|e| e.to_string())?;
    match until {
        Some(day) if day > longest => Err(format!(
            "it would run until {day}, and the longest term of {} months ends on {longest}: choose an earlier date",
            limits.term_max_months
        )),
        _ => Ok(()),
    }
}
