//! What happens to a loan from outside, and in which order it counts.
//!
//! Only these events are stored. Dues, penalties, allocation, days past due and class follow
//! from them by the [fold](crate::fold()).

use std::collections::BTreeSet;

use basics::{Date, Id};
use minicbor::{Decode, Encode};

use crate::season::change::accept_change;
use crate::season::{Deferral, Replan};
use crate::{Component, LoanError, LoanTerms, fold};

/// A dated event of a loan's life.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct LifeEvent {
    /// Made by whoever recorded it; unique within the loan.
    #[n(0)]
    pub id: Id,
    /// The date it counts from.
    #[n(1)]
    pub value_date: Date,
    /// What happened.
    #[n(2)]
    pub what: Happening,
}

/// What can happen to a loan. Code 0 is kept for changes of contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Happening {
    /// Money was paid out to the borrower, or to a payee for him.
    #[n(1)]
    Disbursed {
        /// Minor units, at most the principal signed.
        #[n(0)]
        amount_fen: i64,
    },
    /// An earlier event is taken back: the loan is as if it had never been.
    ///
    /// The target counts on no date, not only from the reversal's own date on. A reversal cannot itself be reversed.
    #[n(2)]
    Reversed {
        /// The event taken back.
        #[n(0)]
        target: Id,
    },
    /// Part of what is due is let off 减免.
    #[n(3)]
    Waived {
        /// Which component.
        #[n(0)]
        what: Waivable,
        /// Minor units.
        #[n(1)]
        amount_fen: i64,
    },
    /// Money came in.
    #[n(4)]
    Paid {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
    },
    /// Credit balance went back to the borrower.
    #[n(5)]
    Refunded {
        /// Minor units.
        #[n(0)]
        amount_fen: i64,
    },
    /// A collection from the borrower's account was tried; money that came is its own `Paid`.
    #[n(6)]
    CollectionRun {
        /// What came of it.
        #[n(0)]
        outcome: String,
    },
    /// The borrower was told something.
    #[n(7)]
    Noticed {
        /// Kind of notice.
        #[n(0)]
        notice: String,
    },
    /// The rows still to come were replaced, as the borrower agreed 重定还款计划.
    #[n(45)]
    Replanned(#[n(0)] Replan),
    /// Part of what is owed was put off to a later date after a declared event 延期还本付息.
    #[n(46)]
    Deferred(#[n(0)] Deferral),
}

/// What can be waived. Principal cannot: that is a write-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Waivable {
    /// Contract interest that is due.
    #[n(1)]
    Interest,
    /// Fees that are due.
    #[n(2)]
    Fee,
    /// Penalty.
    #[n(3)]
    Penalty,
    /// Compound interest.
    #[n(4)]
    Compound,
}

impl Happening {
    /// What it is, in English, short.
    pub const fn name_en(&self) -> &'static str {
        self.names().1
    }

    /// What it is, in Chinese, short.
    pub const fn name_zh(&self) -> &'static str {
        self.names().0
    }

    const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Happening::Disbursed { .. } => ("放款", "disbursed"),
            Happening::Reversed { .. } => ("冲正", "reversed"),
            Happening::Waived { .. } => ("减免", "waived"),
            Happening::Paid { .. } => ("还款", "paid"),
            Happening::Refunded { .. } => ("退款", "refunded"),
            Happening::CollectionRun { .. } => ("扣款", "collection"),
            Happening::Noticed { .. } => ("通知", "notice"),
            Happening::Replanned(_) => ("重定还款计划", "re-planned"),
            Happening::Deferred(_) => ("延期还本付息", "deferred"),
        }
    }
}

impl Waivable {
    /// The component it is.
    pub const fn component(self) -> Component {
        match self {
            Waivable::Interest => Component::Interest,
            Waivable::Fee => Component::Fee,
            Waivable::Penalty => Component::Penalty,
            Waivable::Compound => Component::Compound,
        }
    }
}

impl LifeEvent {
    /// An event with a small number for its id, as tests and examples write it.
    pub fn new(id: u128, value_date: Date, what: Happening) -> LifeEvent {
        LifeEvent { id: Id::from_u128(id), value_date, what }
    }

    /// Place among the events of one day, after the day's own dues: contract change 0, disbursement,
    /// reversal, waiver, payment, refund, collection, notice.
    pub const fn rank(&self) -> u8 {
        match self.what {
            Happening::Replanned(_) | Happening::Deferred(_) => 0,
            Happening::Disbursed { .. } => 1,
            Happening::Reversed { .. } => 2,
            Happening::Waived { .. } => 3,
            Happening::Paid { .. } => 4,
            Happening::Refunded { .. } => 5,
            Happening::CollectionRun { .. } => 6,
            Happening::Noticed { .. } => 7,
        }
    }

    fn amount_fen(&self) -> Option<i64> {
        match self.what {
            Happening::Disbursed { amount_fen }
            | Happening::Waived { amount_fen, .. }
            | Happening::Paid { amount_fen }
            | Happening::Refunded { amount_fen } => Some(amount_fen),
            Happening::Reversed { .. }
            | Happening::CollectionRun { .. }
            | Happening::Noticed { .. }
            | Happening::Replanned(_)
            | Happening::Deferred(_) => None,
        }
    }
}

/// The events that count, by (value date, rank, id): neither reversed nor reversals, each id once.
pub fn in_order(events: &[LifeEvent]) -> Vec<&LifeEvent> {
    let reversed: BTreeSet<Id> = events
        .iter()
        .filter_map(|event| match event.what {
            Happening::Reversed { target } => Some(target),
            _ => None,
        })
        .collect();
    let mut life: Vec<&LifeEvent> = events
        .iter()
        .filter(|event| !matches!(event.what, Happening::Reversed { .. }) && !reversed.contains(&event.id))
        .collect();
    life.sort_by_key(|event| (event.value_date, event.rank(), event.id));
    let mut seen = BTreeSet::new();
    life.retain(|event| seen.insert(event.id));
    life
}

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
            if state.schedule.is_none() {
                return Err(LoanError::BeforeDisbursement(id));
            }
            if let Some(closed_on) = state.closed_on {
                return Err(LoanError::AfterClosure { id, closed_on });
            }
        }
        Happening::Refunded { amount_fen } => {
            let credit_fen = fold(terms, events, new.value_date)?.credit_fen;
            there_is(id, "refund", *amount_fen, credit_fen)?;
        }
        Happening::Replanned(_) | Happening::Deferred(_) => accept_change(terms, events, new)?,
        Happening::CollectionRun { .. } | Happening::Noticed { .. } => {}
    }
    // What follows from the event later must fit as well.
    let mut with: Vec<LifeEvent> = events.to_vec();
    with.push(new.clone());
    let last = with.iter().map(|event| event.value_date).max().unwrap_or(new.value_date);
    fold(terms, &with, last).map(drop)
}

fn accept_disbursement(
    terms: &LoanTerms,
    events: &[LifeEvent],
    new: &LifeEvent,
    amount_fen: i64,
) -> Result<(), LoanError> {
    if in_order(events).iter().any(|event| matches!(event.what, Happening::Disbursed { .. })) {
        return Err(LoanError::SecondDisbursement(new.id));
    }
    let signed_fen = terms.principal.minor();
    if amount_fen > signed_fen {
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

fn there_is(id: Id, act: &'static str, amount_fen: i64, there_fen: i64) -> Result<(), LoanError> {
    if amount_fen <= there_fen { Ok(()) } else { Err(LoanError::MoreThanThere { id, act, amount_fen, there_fen }) }
}
