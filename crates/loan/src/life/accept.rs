//! Whether an event may join the life of a loan, and why not.

mod house_rule;

use basics::Id;

use self::house_rule::accept_by_house_rule;

use super::{Happening, LifeEvent, in_order};
use crate::act::accept_act;
use crate::season::change::accept_change;
use crate::{LoanError, LoanTerms, fold};

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
    if terms.conventions.is_none() {
        accept_by_house_rule(terms, events, new)?;
    }
    match &new.what {
        Happening::Disbursed { amount_fen } => accept_disbursement(terms, events, new, *amount_fen)?,
        Happening::Reversed { target } => accept_reversal(events, new, *target)?,
        Happening::Waived { what, amount_fen } => {
            let state = fold(terms, events, new.value_date)?;
            let component = what.component();
            there_is(id, "waive", *amount_fen, state.overdue_parts()?.get(component))?;
        }
        Happening::Paid { .. } => {
            let state = fold(terms, events, new.value_date)?;
            if state.schedule.is_none() && state.instalments.is_empty() {
                return Err(LoanError::BeforeDisbursement(id));
            }
            if let Some(closed_on) = state.closed_on.filter(|_| terms.conventions.is_none()) {
                return Err(LoanError::AfterClosure { id, closed_on });
            }
        }
        Happening::Refunded { amount_fen } => {
            let credit_fen = fold(terms, events, new.value_date)?.credit_fen;
            there_is(id, "refund", *amount_fen, credit_fen)?;
        }
        Happening::Replanned(_) | Happening::Deferred(_) => accept_change(terms, events, new)?,
        Happening::Received { .. } => {
            let state = fold(terms, events, new.value_date)?;
            if state.schedule.is_none() && state.instalments.is_empty() {
                return Err(LoanError::BeforeDisbursement(id));
            }
        }
        Happening::ChargeAdjusted { charge, .. } => {
            target_of(events, new, *charge, |what| matches!(what, Happening::ChargeAdded { .. }))?;
        }
        Happening::ChargeWaived { charge, amount_fen } => {
            target_of(events, new, *charge, |what| matches!(what, Happening::ChargeAdded { .. }))?;
            let state = fold(terms, events, new.value_date)?;
            let unpaid = state.charges.iter().find(|other| other.id == *charge).map_or(0, |other| other.unpaid_fen());
            there_is(id, "waive", *amount_fen, unpaid)?;
        }
        Happening::ChargedBack { payment, amount_fen } => {
            let paid = target_of(events, new, *payment, |what| {
                matches!(what, Happening::Paid { .. } | Happening::Received { .. })
            })?;
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
            let state = fold(terms, events, new.value_date)?;
            if state.credit_fen > 0 && terms.conventions.is_some() {
                let problem = "more was paid than is owed: refund the credit balance first".to_owned();
                return Err(LoanError::Change { id, problem });
            }
            there_is(id, "refund", *amount_fen, state.totals.paid.total_fen()?)?;
        }
        Happening::ChargedOff | Happening::WrittenOff | Happening::Reaged { .. } | Happening::Reamortised => {
            let state = fold(terms, events, new.value_date)?;
            if state.instalments.is_empty() {
                return Err(LoanError::BeforeDisbursement(id));
            }
            if let (Happening::WrittenOff, Some(on)) = (&new.what, state.written_off_on) {
                return Err(LoanError::Change { id, problem: format!("it was written off on {on} already") });
            }
            if let Some(closed_on) = state.closed_on {
                return Err(LoanError::AfterClosure { id, closed_on });
            }
        }
        Happening::ChargeAdded { .. } | Happening::Rescheduled { .. } | Happening::CollectionRun { .. } => {}
        Happening::Prepaid(_)
        | Happening::Extended(_)
        | Happening::Restructured(_)
        | Happening::RateReset(_)
        | Happening::Misused { .. }
        | Happening::Judged { .. }
        | Happening::Linked(_)
        | Happening::BorrowerDied
        | Happening::HandedOver { .. } => accept_act(terms, events, new)?,
        Happening::Noticed { .. } => {
            if let Some(died_on) = fold(terms, events, new.value_date)?.bearings.died_on {
                let problem = format!("the borrower died ({died_on}): no reminder goes out, the estate is the debtor");
                return Err(LoanError::Change { id, problem });
            }
        }
    }
    // What follows from the event later must fit as well.
    let mut with: Vec<LifeEvent> = events.to_vec();
    with.push(new.clone());
    let last = with.iter().map(|event| event.value_date).max().unwrap_or(new.value_date);
    fold(terms, &with, last).map(drop)
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
    let tranches_max = terms.conventions.as_ref().map_or(1, |conventions| usize::from(conventions.tranches_max));
    if earlier.len() >= tranches_max.max(1) {
        return Err(LoanError::SecondDisbursement(new.id));
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
