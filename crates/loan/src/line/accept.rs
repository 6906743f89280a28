//! Whether a new event may join the life of a line, and why not.

use std::collections::BTreeSet;

use basics::money::format_minor;
use basics::{Date, Id};

use super::{LineEvent, LineHappening, LineStanding, LineState, LineTerms, fold, quote};
use crate::class::ClassMark;
use crate::{LoanError, LoanTerms};

/// Why a line does not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineRefusal {
    /// Dated before the line was opened.
    #[error("the line was opened on {0}: check the value date")]
    BeforeOpening(Date),
    /// The line may not be used any more.
    #[error("the line could be used until {0}: it has to be renewed")]
    Expired(Date),
    /// The line is frozen or closed.
    #[error("the line is {}", .0.as_str())]
    Shut(LineStanding),
    /// A minimum has been missed for too long.
    #[error("a minimum payment is {0} days past due: pay it first")]
    PastDue(u32),
    /// More than is available.
    #[error("only {} is available on {on}", format_minor(*available_fen))]
    OverLimit {
        /// What is available, minor units.
        available_fen: i64,
        /// On which date.
        on: Date,
    },
    /// More than a single purchase may be.
    #[error("a single purchase may be {} at most", format_minor(*.0))]
    TooLarge(i64),
    /// A merchant of this category is outside the product.
    #[error("the line may not be used at merchants of category `{0}`")]
    Merchant(String),
    /// There is no such purchase, or it was taken back.
    #[error("there is no purchase {0} on this line: check its id")]
    UnknownPurchase(Id),
    /// There is no such plan with anything still to be billed.
    #[error("there is no plan {0} with anything to settle on this line: check its id")]
    UnknownPlan(Id),
    /// The date lies before that of what it refers to.
    #[error("it is dated before {0}, the date of what it refers to")]
    TooEarly(Date),
    /// The product gives no cash.
    #[error("the product gives no cash: use the line at merchants")]
    NoCash,
    /// More cash than the product's share of the limit.
    #[error("only {} may be drawn as cash", format_minor(*.0))]
    OverCash(i64),
    /// The purchase cannot be converted.
    #[error("the purchase cannot be converted: {0}")]
    NotConvertible(String),
    /// The change of limit or standing changes nothing.
    #[error("it would change nothing: {0}")]
    NoChange(String),
}

/// Whether a new event may join the life of a line. Errors say why not.
///
/// An accepted event keeps the fold total, whatever is reversed or dated back later. A purchase must fit the limit on its own date and
/// on every later date on which something else used or lowered it; so must cash, and its share of the limit too.
pub fn accept(terms: &LineTerms, events: &[LineEvent], new: &LineEvent) -> Result<(), LoanError> {
    let id = new.id;
    let refuse = |refusal| Err(LoanError::Line { id, refusal });
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
    if new.value_date < terms.opened {
        return refuse(LineRefusal::BeforeOpening(terms.opened));
    }
    let state = fold(terms, events, new.value_date)?;
    let mut with: Vec<LineEvent> = events.to_vec();
    with.push(new.clone());
    let last = with.iter().map(|event| event.value_date).max().unwrap_or(new.value_date);
    match &new.what {
        LineHappening::Purchased { category, amount_fen, .. } => {
            accept_purchase(terms, &state, new, category, *amount_fen)?;
            fits_limit(terms, events, &with, new)?;
        }
        LineHappening::Drawn { amount_fen } => {
            accept_cash(terms, &state, new, *amount_fen)?;
            fits_limit(terms, events, &with, new)?;
        }
        LineHappening::WrittenOff => {
            if let Some(claim) = fold(terms, events, last)?.written_off {
                return refuse(LineRefusal::NoChange(format!("it was written off on {} already", claim.on)));
            }
            if state.is_clear() {
                return refuse(LineRefusal::NoChange("nothing is owed".to_owned()));
            }
        }
        LineHappening::Misused if state.marks.iter().any(|(_, mark)| *mark == ClassMark::Misused) => {
            return refuse(LineRefusal::NoChange("it is marked already".to_owned()));
        }
        LineHappening::Misused | LineHappening::Judged { .. } => {}
        LineHappening::Reversed { target } => {
            accept_reversal(events, new, *target)?;
            if fold(terms, &with, last)?.credit_fen < 0 {
                let problem = "a credit balance that came of it has gone back already";
                return Err(LoanError::Reversal { id, target: *target, problem });
            }
        }
        LineHappening::Refunded { purchase, amount_fen } => {
            let whole = fold(terms, events, last)?;
            let Some(found) = whole.purchase(*purchase) else {
                return refuse(LineRefusal::UnknownPurchase(*purchase));
            };
            if found.merchant.is_none() {
                return refuse(LineRefusal::UnknownPurchase(*purchase));
            }
            if new.value_date < found.on {
                return refuse(LineRefusal::TooEarly(found.on));
            }
            there_is(id, "refund", *amount_fen, found.amount_fen - found.refunded_fen)?;
        }
        LineHappening::Converted { purchase, instalments } => {
            accept_conversion(terms, &state, new, *purchase, *instalments)?;
            let converted = fold(terms, &with, new.value_date)?;
            let fen = converted.plan(id).map_or(0, |plan| plan.principal_fen);
            if fen < terms.rules.plan_min_fen.max(1) {
                let least = format_minor(terms.rules.plan_min_fen.max(1));
                let why = format!("{} of it is unpaid, and {least} is the least", format_minor(fen));
                return refuse(LineRefusal::NotConvertible(why));
            }
            quote(terms, fen, *instalments, new.value_date)?;
        }
        LineHappening::PlanSettled { plan } => {
            if state.plan(*plan).is_none_or(|plan| plan.unbilled_fen == 0) {
                return refuse(LineRefusal::UnknownPlan(*plan));
            }
        }
        LineHappening::Waived { what, amount_fen } => {
            there_is(id, "waive", *amount_fen, state.owed.get(what.component()))?;
        }
        LineHappening::CreditReturned { amount_fen } => {
            let at_last = fold(terms, events, last)?;
            there_is(id, "refund", *amount_fen, state.credit_fen.min(at_last.credit_fen))?;
        }
        LineHappening::Paid { .. } => {
            if state.standing == LineStanding::Closed && state.is_clear() {
                return refuse(LineRefusal::Shut(LineStanding::Closed));
            }
        }
        LineHappening::Raised { .. }
        | LineHappening::Lowered { .. }
        | LineHappening::Frozen { .. }
        | LineHappening::Thawed
        | LineHappening::Closed => accept_standing(&state, new)?,
    }
    fold(terms, &with, last).map(drop)
}

fn accept_purchase(
    terms: &LineTerms,
    state: &LineState,
    new: &LineEvent,
    category: &str,
    amount_fen: i64,
) -> Result<(), LoanError> {
    accept_use(terms, state, new)?;
    let refuse = |refusal| Err(LoanError::Line { id: new.id, refusal });
    if !terms.rules.merchants.allows(category) {
        return refuse(LineRefusal::Merchant(category.chars().take(40).collect()));
    }
    match terms.rules.purchase_max_fen.filter(|max_fen| amount_fen > *max_fen) {
        Some(max_fen) => refuse(LineRefusal::TooLarge(max_fen)),
        None => Ok(()),
    }
}

/// Cash is a share of the limit, by what of it is still unpaid.
fn accept_cash(terms: &LineTerms, state: &LineState, new: &LineEvent, amount_fen: i64) -> Result<(), LoanError> {
    accept_use(terms, state, new)?;
    let refuse = |refusal| Err(LoanError::Line { id: new.id, refusal });
    if terms.rules.cash_ppm.is_none() {
        return refuse(LineRefusal::NoCash);
    }
    let left_fen = cash_left_fen(terms, state)?.max(0);
    if amount_fen > left_fen { refuse(LineRefusal::OverCash(left_fen)) } else { Ok(()) }
}

/// What may still be drawn as cash; less than nothing if more is out.
fn cash_left_fen(terms: &LineTerms, state: &LineState) -> Result<i64, LoanError> {
    let most_fen = terms.share_fen(state.limit_fen, terms.rules.cash_ppm.unwrap_or(0))?;
    Ok(most_fen.saturating_sub(state.cash_fen()))
}

/// Whether the line may be used at all.
fn accept_use(terms: &LineTerms, state: &LineState, new: &LineEvent) -> Result<(), LoanError> {
    let refuse = |refusal| Err(LoanError::Line { id: new.id, refusal });
    if state.standing != LineStanding::Open {
        return refuse(LineRefusal::Shut(state.standing));
    }
    if new.value_date > terms.valid_to {
        return refuse(LineRefusal::Expired(terms.valid_to));
    }
    let blocks = |days: u16| state.days_past_due > 0 && state.days_past_due >= u32::from(days);
    if terms.rules.block_days.is_some_and(blocks) {
        return refuse(LineRefusal::PastDue(state.days_past_due));
    }
    Ok(())
}

/// A purchase dated back must leave room for what was bought since, and cash for the cash that was drawn since.
fn fits_limit(terms: &LineTerms, events: &[LineEvent], with: &[LineEvent], new: &LineEvent) -> Result<(), LoanError> {
    let uses = |event: &&LineEvent| {
        matches!(
            event.what,
            LineHappening::Purchased { .. } | LineHappening::Drawn { .. } | LineHappening::Lowered { .. }
        ) && event.value_date > new.value_date
    };
    let mut dates: BTreeSet<Date> = events.iter().filter(uses).map(|event| event.value_date).collect();
    dates.insert(new.value_date);
    let is_cash = matches!(new.what, LineHappening::Drawn { .. });
    for on in dates {
        let after = fold(terms, with, on)?;
        if after.headroom_fen() < 0 {
            let available_fen = fold(terms, events, on)?.available_fen();
            return Err(LoanError::Line { id: new.id, refusal: LineRefusal::OverLimit { available_fen, on } });
        }
        let over_fen = cash_left_fen(terms, &after)?.saturating_neg();
        if let (true, Some(amount_fen)) = (is_cash && over_fen > 0, new.amount_fen()) {
            let left_fen = amount_fen.saturating_sub(over_fen).max(0);
            return Err(LoanError::Line { id: new.id, refusal: LineRefusal::OverCash(left_fen) });
        }
    }
    Ok(())
}

fn accept_conversion(
    terms: &LineTerms,
    state: &LineState,
    new: &LineEvent,
    purchase: Id,
    instalments: u16,
) -> Result<(), LoanError> {
    let refuse = |refusal| Err(LoanError::Line { id: new.id, refusal });
    let Some(found) = state.purchase(purchase) else { return refuse(LineRefusal::UnknownPurchase(purchase)) };
    if found.merchant.is_none() {
        return refuse(LineRefusal::NotConvertible("it is cash".to_owned()));
    }
    if terms.rules.offer(instalments).is_none() {
        let offers: Vec<String> = terms.rules.plans.iter().map(|offer| offer.instalments.to_string()).collect();
        let why = format!("{instalments} instalments are not on offer: choose one of {}", offers.join(", "));
        return refuse(LineRefusal::NotConvertible(why));
    }
    if found.converted_fen > 0 {
        return refuse(LineRefusal::NotConvertible("it was converted already".to_owned()));
    }
    if state.days_past_due > 0 {
        return refuse(LineRefusal::PastDue(state.days_past_due));
    }
    let newest = state.statement();
    let on_older = found.statement.is_some() && newest.map(|statement| statement.number) != found.statement;
    let due_passed = found.statement.is_some() && newest.is_some_and(|statement| statement.due < new.value_date);
    if on_older || due_passed {
        return refuse(LineRefusal::NotConvertible("its statement was due already".to_owned()));
    }
    Ok(())
}

fn accept_reversal(events: &[LineEvent], new: &LineEvent, target: Id) -> Result<(), LoanError> {
    let refuse = |problem| Err(LoanError::Reversal { id: new.id, target, problem });
    let Some(event) = events.iter().find(|event| event.id == target) else {
        return refuse("there is no such event in this line");
    };
    if matches!(event.what, LineHappening::Reversed { .. }) {
        return refuse("a reversal is not itself reversed; record the event again");
    }
    if events.iter().any(|other| matches!(other.what, LineHappening::Reversed { target: taken } if taken == target)) {
        return refuse("it is reversed already");
    }
    if new.value_date < event.value_date {
        return refuse("the reversal is dated before it");
    }
    let rests_on_it = super::in_order(events).into_iter().any(|other| match other.what {
        LineHappening::Refunded { purchase, .. } | LineHappening::Converted { purchase, .. } => purchase == target,
        LineHappening::PlanSettled { plan } => plan == target,
        _ => false,
    });
    if rests_on_it { refuse("refunds, a conversion or a settlement rest on it: reverse them first") } else { Ok(()) }
}

fn accept_standing(state: &LineState, new: &LineEvent) -> Result<(), LoanError> {
    let refuse = |refusal| Err(LoanError::Line { id: new.id, refusal });
    if state.standing == LineStanding::Closed {
        return refuse(LineRefusal::Shut(LineStanding::Closed));
    }
    let limit = format_minor(state.limit_fen);
    match new.what {
        LineHappening::Raised { limit_fen } if limit_fen <= state.limit_fen => {
            refuse(LineRefusal::NoChange(format!("the limit is {limit}: raise it to more")))
        }
        LineHappening::Raised { limit_fen } if limit_fen > LoanTerms::AMOUNT_FEN_MAX => {
            Err(LoanError::Overflow("the limit"))
        }
        LineHappening::Lowered { limit_fen } if limit_fen >= state.limit_fen || limit_fen < 0 => {
            refuse(LineRefusal::NoChange(format!("the limit is {limit}: lower it to less, at least 0.00")))
        }
        LineHappening::Frozen { .. } if state.standing == LineStanding::Frozen => {
            refuse(LineRefusal::NoChange("the line is frozen already".to_owned()))
        }
        LineHappening::Thawed if state.standing == LineStanding::Open => {
            refuse(LineRefusal::NoChange("the line is not frozen".to_owned()))
        }
        _ => Ok(()),
    }
}

fn there_is(id: Id, act: &'static str, amount_fen: i64, there_fen: i64) -> Result<(), LoanError> {
    if amount_fen <= there_fen { Ok(()) } else { Err(LoanError::MoreThanThere { id, act, amount_fen, there_fen }) }
}
