//! Whether an event may join the life of a loan, and why not.

mod house_rule;

use basics::{Date, Id};

use self::house_rule::accept_by_house_rule;

use super::{Happening, LifeEvent, in_order};
use crate::act::accept_act;
use crate::season::change::accept_change;
use crate::{ClassMark, DrawRule, LoanError, LoanState, LoanTerms, fold};

/// Whether a new event may join the life of a loan. Errors say why not.
///
/// An accepted event keeps the fold total, whatever is reversed or dated back later.
pub fn accept(terms: &LoanTerms, events: &[LifeEvent], new: &LifeEvent) -> Result<(), LoanError> {
    let id = new.id;
    if events.iter().any(|event| event.id == id) {
        return Err(LoanError::DuplicateEvent(id));
    }
    match new.amount_fen() {
        Some(amount_fen) if amount_fen <= 0 => return Err(LoanError::NotPositive(id)),
        Some(amount_fen) if amount_fen > LoanTerms::AMOUNT_FEN_MAX => {
            return Err(LoanError::Overflow("the amount of the event"));
        }
        _ => {}
    }
    if let Some(why) = not_served(terms, &new.what) {
        return Err(LoanError::Change { id, problem: why.to_owned() });
    }
    match &new.what {
        Happening::Disbursed { amount_fen } => accept_disbursement(terms, events, new, *amount_fen)?,
        Happening::Reversed { target } => accept_reversal(events, new, *target)?,
        Happening::CollectionRun { .. } => {}
        _ => accept_as_it_stands(terms, events, new, &fold(terms, events, new.value_date)?)?,
    }
    // What follows from the event later must fit as well.
    let mut with: Vec<LifeEvent> = events.to_vec();
    with.push(new.clone());
    let last = with.iter().map(|event| event.value_date).max().unwrap_or(new.value_date);
    fold(terms, &with, last).map(drop)
}

/// Whether an event fits the loan as it stands on the event's date.
fn accept_as_it_stands(
    terms: &LoanTerms,
    events: &[LifeEvent],
    new: &LifeEvent,
    state: &LoanState,
) -> Result<(), LoanError> {
    let id = new.id;
    if terms.conventions.is_none() {
        accept_by_house_rule(terms, events, new, state)?;
    }
    match &new.what {
        Happening::Waived { what, amount_fen } => {
            let component = what.component();
            there_is(id, "waive", *amount_fen, state.overdue_parts()?.get(component))?;
        }
        Happening::Paid { .. } => {
            is_drawn(id, state)?;
            if terms.conventions.is_none() {
                is_open(id, state)?;
            }
        }
        Happening::Refunded { amount_fen } => there_is(id, "refund", *amount_fen, state.credit_fen)?,
        Happening::Replanned(_) | Happening::Deferred(_) => accept_change(terms, events, new, state)?,
        Happening::Received { .. } => is_drawn(id, state)?,
        Happening::ChargeAdjusted { charge, .. } => {
            target_of(events, new, *charge, |what| matches!(what, Happening::ChargeAdded { .. }))?;
        }
        Happening::ChargeWaived { charge, amount_fen } => {
            target_of(events, new, *charge, |what| matches!(what, Happening::ChargeAdded { .. }))?;
            let unpaid = state.charges.iter().find(|other| other.id == *charge).map_or(0, |other| other.unpaid_fen());
            there_is(id, "waive", *amount_fen, unpaid)?;
        }
        Happening::ChargedBack { payment, amount_fen } => {
            let paid = target_of(events, new, *payment, |what| {
                matches!(what, Happening::Paid { .. } | Happening::Received { .. })
            })?;
            if new.value_date < paid.value_date {
                let problem = format!("the payment came on {}: date the chargeback then or later", paid.value_date);
                return Err(LoanError::Change { id, problem });
            }
            let taken: i64 = in_order(events)
                .iter()
                .filter_map(|event| match event.what {
                    Happening::ChargedBack { payment: other, amount_fen } if other == *payment => Some(amount_fen),
                    _ => None,
                })
                .fold(0, i64::saturating_add);
            there_is(id, "charge back", *amount_fen, paid.amount_fen().unwrap_or(0).saturating_sub(taken))?;
        }
        Happening::RefundedCash { amount_fen } => {
            if state.credit_fen > 0 && terms.conventions.is_some() {
                let problem = "more was paid than is owed: refund the credit balance first".to_owned();
                return Err(LoanError::Change { id, problem });
            }
            there_is(id, "refund", *amount_fen, state.totals.paid.total_fen()?)?;
        }
        Happening::ChargedOff | Happening::WrittenOff | Happening::Reaged { .. } | Happening::Reamortised => {
            is_drawn(id, state)?;
            if let (Happening::WrittenOff, Some(on)) = (&new.what, state.written_off_on) {
                return Err(LoanError::Change { id, problem: format!("it was written off on {on} already") });
            }
            is_open(id, state)?;
        }
        Happening::Disbursed { .. }
        | Happening::Reversed { .. }
        | Happening::CollectionRun { .. }
        | Happening::ChargeAdded { .. }
        | Happening::Rescheduled { .. } => {}
        Happening::Prepaid(_)
        | Happening::Extended(_)
        | Happening::Restructured(_)
        | Happening::RateReset(_)
        | Happening::Misused { .. }
        | Happening::Judged { .. }
        | Happening::Linked(_)
        | Happening::BorrowerDied
        | Happening::HandedOver { .. } => accept_act(terms, events, new, state)?,
        Happening::Noticed { .. } => {
            if let Some(died_on) = state.bearings.died_on {
                let problem = format!("the borrower died ({died_on}): no reminder goes out, the estate is the debtor");
                return Err(LoanError::Change { id, problem });
            }
        }
    }
    Ok(())
}

/// Errors unless the loan was disbursed by then.
fn is_drawn(id: Id, state: &LoanState) -> Result<(), LoanError> {
    let is_drawn = state.schedule.is_some() || !state.instalments.is_empty();
    if is_drawn { Ok(()) } else { Err(LoanError::BeforeDisbursement(id)) }
}

/// Errors if nothing was owed any more by then.
pub(crate) fn is_open(id: Id, state: &LoanState) -> Result<(), LoanError> {
    state.closed_on.map_or(Ok(()), |closed_on| Err(LoanError::AfterClosure { id, closed_on }))
}

/// Why the servicing of these terms gives the happening no meaning; `None` if it does. What has none is refused, not passed over.
fn not_served(terms: &LoanTerms, what: &Happening) -> Option<&'static str> {
    let by_conventions = terms.conventions.is_some();
    match what {
        // Such a plan is made from the whole life of the loan, and rows agreed one by one would be lost at its next making.
        Happening::Replanned(_) | Happening::Extended(_) | Happening::RateReset(_) if by_conventions => Some(
            "its plan is made from all that happens to it: reschedule it (another due date, more instalments, a new rate) instead",
        ),
        Happening::Deferred(_) if by_conventions => Some(
            "its plan is made from all that happens to it: reschedule it, with instalments free of principal, instead",
        ),
        Happening::Reaged { .. } | Happening::Reamortised if !by_conventions && terms.re_age.is_none() => {
            Some("its terms offer no new plan over arrears: extend it before its end, or restructure it")
        }
        Happening::Rescheduled { change, .. } if !by_conventions && change.interest_grace > 0 => {
            Some("interest is put off by a deferral, not by a reschedule")
        }
        _ => None,
    }
}

fn accept_disbursement(
    terms: &LoanTerms,
    events: &[LifeEvent],
    new: &LifeEvent,
    amount_fen: i64,
) -> Result<(), LoanError> {
    let earlier: Vec<i64> = in_order(events)
        .iter()
        .filter_map(|event| match event.what {
            Happening::Disbursed { amount_fen } => Some(amount_fen),
            _ => None,
        })
        .collect();
    match (&terms.conventions, &terms.draws) {
        (None, Some(rule)) if !earlier.is_empty() => accept_part(terms, events, new, (rule, earlier.len()))?,
        (conventions, _) => {
            let tranches_max = conventions.as_ref().map_or(1, |conventions| usize::from(conventions.tranches_max));
            if earlier.len() >= tranches_max.max(1) {
                return Err(LoanError::SecondDisbursement(new.id));
            }
        }
    }
    let amount_fen = earlier.iter().fold(amount_fen, |sum, fen| sum.saturating_add(*fen));
    let signed_fen = terms.principal.minor();
    let over_ppm = terms.conventions.as_ref().map_or(0, |conventions| conventions.over_signed_ppm);
    let over_fen = i128::from(signed_fen) * i128::from(over_ppm) / 1_000_000;
    if i128::from(amount_fen) > i128::from(signed_fen) + over_fen {
        return Err(LoanError::MoreThanSigned { id: new.id, amount_fen, signed_fen });
    }
    Ok(())
}

/// Whether a further part may be drawn as the loan stands.
fn accept_part(
    terms: &LoanTerms,
    events: &[LifeEvent],
    new: &LifeEvent,
    (rule, drawn): (&DrawRule, usize),
) -> Result<(), LoanError> {
    let state = fold(terms, events, new.value_date)?;
    let refuse = |problem: String| Err(LoanError::Change { id: new.id, problem });
    let Some(schedule) = &state.schedule else {
        return refuse("an earlier part is dated after it: date it then or later".to_owned());
    };
    is_open(new.id, &state)?;
    let last = schedule.start.add_days(i32::from(rule.within_days));
    let eased = |(_, mark): &(Date, ClassMark)| matches!(mark, ClassMark::Misused | ClassMark::Restructured);
    if drawn >= usize::from(rule.parts_max) {
        return refuse(format!(
            "it was drawn in {drawn} parts, and may be in {}: draw a new loan instead",
            rule.parts_max
        ));
    }
    if new.value_date > last {
        return refuse(format!("further parts could be drawn until {last}: draw a new loan instead"));
    }
    if state.instalments.iter().all(|row| row.is_due) {
        return refuse("nothing of the plan is to come that could pay it back: draw a new loan instead".to_owned());
    }
    if state.days_past_due > 0 {
        return refuse(format!("the loan is {} days past due: have that paid first", state.days_past_due));
    }
    if state.written_off_on.is_some() || state.bearings.died_on.is_some() || state.bearings.marks.iter().any(eased) {
        return refuse(
            "it was written off, misused or restructured, or the borrower died: nothing more is drawn".to_owned(),
        );
    }
    Ok(())
}

fn accept_reversal(events: &[LifeEvent], new: &LifeEvent, target: Id) -> Result<(), LoanError> {
    let refuse = |problem| Err(LoanError::Reversal { id: new.id, target, problem });
    let Some(event) = events.iter().find(|event| event.id == target) else {
        return refuse("there is no such event in this loan");
    };
    if matches!(event.what, Happening::Reversed { .. }) {
        return refuse("a reversal is not itself reversed; record the event again");
    }
    if events.iter().any(|other| matches!(other.what, Happening::Reversed { target: taken } if taken == target)) {
        return refuse("it is reversed already");
    }
    if new.value_date < event.value_date {
        return refuse("the reversal is dated before it");
    }
    let rests_on_it = in_order(events).into_iter().any(|other| match other.what {
        Happening::ChargedBack { payment, .. } => payment == target,
        Happening::ChargeAdjusted { charge, .. } | Happening::ChargeWaived { charge, .. } => charge == target,
        _ => false,
    });
    if rests_on_it {
        return refuse("a chargeback, a waiver or an adjustment rests on it: reverse that first");
    }
    Ok(())
}

/// The event that a new one is about. Errors unless it is there, counts, and is of the right kind.
fn target_of<'e>(
    events: &'e [LifeEvent],
    new: &LifeEvent,
    target: Id,
    fits: impl Fn(&Happening) -> bool,
) -> Result<&'e LifeEvent, LoanError> {
    in_order(events)
        .into_iter()
        .find(|event| event.id == target && fits(&event.what))
        .ok_or(LoanError::Target { id: new.id, target })
}

fn there_is(id: Id, act: &'static str, amount_fen: i64, there_fen: i64) -> Result<(), LoanError> {
    if amount_fen <= there_fen { Ok(()) } else { Err(LoanError::MoreThanThere { id, act, amount_fen, there_fen }) }
}
