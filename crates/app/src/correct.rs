//! An event is dated back into closed days: booked today, with reference and reason, by two people.
//!
//! The loan is folded again with the event in its place. The difference of the two folds, everything since then included, is
//! one entry of today; what the event changed in days past due and class on the last closed day, and the grounds of the class, is
//! kept as a record. What rules say against an act they say against the same act dated back, as the loan stood then. A death
//! freezes the household's facility from today on, whatever day it counts from.
//!
//! A drawing may be taken back on its own day, before anything else happened to the loan: the money goes back from the
//! wallet, the note is closed, and the contract can be drawn anew.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Stop};
use ledger::Line;
use loan::class::ClassVerdict;
use loan::life::in_order;
use loan::paper::payout_mode;
use loan::{Happening, LifeEvent, LoanState, PayoutMode};
use minicbor::{Decode, Encode};

use crate::books::{booked, check_text, check_value_date, own_wallet};
use crate::command::Outcome;
use crate::fact::{Fact, LoanCorrected};
use crate::house::Tianxin;
use crate::loan_turn::{LoanPlace, Standing};
use crate::posting::Role;
use crate::service::{LoanAct, facility_follows, needs_death};
use crate::tables::EntryKind;

/// Date an event of a loan back, or take an event back. Money that came in is taken from the wallet, money that
/// never came goes back to it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CorrectLoan {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// The date it counts from.
    #[n(3)]
    pub value_date: Date,
    /// What happened.
    #[n(4)]
    pub what: Happening,
    /// What it rests on: a slip, a letter.
    #[n(5)]
    pub reference: String,
    /// Why it is booked late.
    #[n(6)]
    pub reason: String,
}

impl CorrectLoan {
    fn place(&self) -> LoanPlace {
        LoanPlace { cell: self.cell, household: self.household, loan: self.loan }
    }
}

impl Tianxin {
    pub(crate) fn needs_correct(&self, command: &CorrectLoan, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        needs_death(command.place(), &command.what, needs);
        self.needs_loan(command.place(), slice, needs)
    }

    pub(crate) fn correct(&self, slice: &Overlay, command: &CorrectLoan, context: &Context) -> Decided<Tianxin> {
        let today = context.open_date;
        let value_date = check_value_date(Some(command.value_date), today)?;
        check_text("the reference", &command.reference, 100)?;
        check_text("the reason", &command.reason, 200)?;
        let undrawn = undraws(command, slice, today)?;
        let then = Standing::read_any(self, slice, command.place(), value_date)?;
        if undrawn != Undrawn::Nothing && payout_mode(&then.terms) == PayoutMode::Entrusted {
            let message = "the money went straight to the payee: have it sent back, and pay the loan back with it";
            return Err(Refusal::new("not_correctable", message).into());
        }
        if let Some(act) = act_of(&command.what) {
            self.check_act(&then, &act)?;
        }
        if let Happening::Judged { class } = command.what {
            let ladder = self.dated.on(value_date).map_err(|e| then.broken(&e))?.classes.len();
            if usize::from(class.0) >= ladder {
                let message = format!("class {} is not on the ladder of {ladder}", class.0);
                return Err(Refusal::new("unknown_class", message).into());
            }
        }
        let mut standing = Standing::read_any(self, slice, command.place(), today)?;
        let wallet = own_wallet(slice, command.cell, command.household, self.institution.currency)?;
        let last_closed = today.add_days(-1);
        let closed_before = self.closed_state(&standing, last_closed)?;

        // First what days have brought since the last touch, so that the correction is the event's effect alone.
        let mut turn = standing.turn(slice);
        turn.touch(&standing.touched(&standing.held, &standing.before.1.holding))?;
        let since_touched = turn.lines(&self.subjects.roles)?;
        let event = LifeEvent { id: context.command_id, value_date, what: command.what.clone() };
        let after = standing.happen(self, &event)?;
        if act_of(&command.what).is_some() {
            self.check_cap_after(&standing, &after.0)?;
        }
        turn.touch(&standing.touched(&standing.before.1.holding, &after.1.holding))?;
        let corrected = turn.lines(&self.subjects.roles)?;

        let out = self.out_of_wallet(&corrected);
        let available_minor = wallet.balance_minor - wallet.held_minor;
        if out > i128::from(available_minor) {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let closed_after = self.closed_state(&standing, last_closed)?;
        let rules = self.dated.on(last_closed).map_err(|e| standing.broken(&e))?;
        let verdict = |state: &LoanState| state.standing(rules).map(|under| under.class);
        let days_past_due = (closed_before.days_past_due, closed_after.days_past_due);
        let was = verdict(&closed_before).map_err(|e| standing.broken(&e))?;
        let is = verdict(&closed_after).map_err(|e| standing.broken(&e))?;
        let grounds = |verdict: &ClassVerdict| verdict.grounds.iter().map(|(reason, _)| *reason).collect::<Vec<_>>();
        let moved = standing.moved(event.clone(), &after)?;
        let outcome = Outcome::Corrected {
            allocation: moved.allocation,
            outstanding_minor: moved.outstanding_minor,
            days_past_due,
            class: (was.class.0, is.class.0),
        };
        let record = LoanCorrected {
            household: command.household,
            loan: command.loan,
            event: event.id,
            value_date,
            reference: command.reference.clone(),
            reason: command.reason.clone(),
            days_past_due,
            class: (was.class, is.class),
            grounds: Some((grounds(&was), grounds(&is))),
        };
        let mut facts = vec![Fact::LoanMoved(moved), Fact::LoanCorrected(record)];
        facts.extend(facility_follows(slice, &standing, &event, &command.reason, context)?);
        let (household, contract) = (command.household, standing.note.contract);
        match undrawn {
            Undrawn::Nothing => {}
            Undrawn::Whole => facts.push(Fact::DrawUndone { household, contract }),
            Undrawn::Part => {
                let left_minor = standing.terms.principal.minor().saturating_sub(after.1.holding.disbursed_fen);
                facts.push(Fact::DrawingStands { household, contract, left_minor });
            }
        }
        let currency = self.institution.currency;
        if !since_touched.is_empty() {
            facts.push(booked(EntryKind::LoanDues, today, currency, since_touched, None)?);
        }
        if !corrected.is_empty() {
            let memo = Some(format!("{}: {}", command.reference, command.reason));
            facts.push(booked(EntryKind::Correction, value_date, currency, corrected, memo)?);
        }
        Ok(Change::new(outcome, facts))
    }

    /// The loan at the end of the last closed day, by the events that are known now.
    fn closed_state(&self, standing: &Standing, last_closed: Date) -> Result<LoanState, Fault> {
        loan::fold(&standing.terms, &standing.events, last_closed).map_err(|e| standing.broken(&e))
    }

    /// What an entry takes out of the wallet, less what it puts in.
    pub(crate) fn out_of_wallet(&self, lines: &[Line]) -> i128 {
        let wallet = self.subjects.roles.code(Role::Wallet);
        lines.iter().filter(|line| line.subject == wallet).map(|line| i128::from(line.amount_minor)).sum()
    }
}

/// What of a drawing the event takes back. Refuses a drawing dated back, and one that cannot be taken back any more.
fn undraws(command: &CorrectLoan, slice: &Overlay, today: Date) -> Result<Undrawn, Stop> {
    let LoanPlace { cell, household, loan } = command.place();
    let refuse = |message: &str| Err(Refusal::new("not_correctable", message).into());
    match &command.what {
        Happening::Disbursed { .. } => refuse("a loan is paid out by drawing it, on the open day: draw it"),
        Happening::Reversed { target } => {
            let events = crate::loan_books::loan_events(slice, cell, household, loan)?;
            let paid_out = |event: &LifeEvent| matches!(event.what, Happening::Disbursed { .. });
            let Some(drawn) = events.iter().find(|event| event.id == *target && paid_out(event)) else {
                return Ok(Undrawn::Nothing);
            };
            // Nothing else may rest on it: the first part stands alone, a further one is the last thing that happened.
            let order = in_order(&events);
            let is_last = order.last().is_some_and(|event| event.id == *target);
            if !(is_last && drawn.value_date == today && command.value_date == today) {
                let message = "a drawing is taken back on its own day, before anything else happened to the loan: have \
                               it paid back instead";
                return refuse(message);
            }
            Ok(if order.len() == 1 { Undrawn::Whole } else { Undrawn::Part })
        }
        _ => Ok(Undrawn::Nothing),
    }
}

/// What of a loan's drawing an event takes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undrawn {
    /// Nothing of it.
    Nothing,
    /// A further part: the loan runs on without it.
    Part,
    /// The loan was never drawn.
    Whole,
}

/// The act that an event dated back stands for, where rules say what such an act may be.
fn act_of(what: &Happening) -> Option<LoanAct> {
    match what {
        Happening::Extended(alteration) => Some(LoanAct::Extend(alteration.clone())),
        Happening::Restructured(alteration) => Some(LoanAct::Restructure(alteration.clone())),
        Happening::RateReset(rates) => Some(LoanAct::ResetRate(*rates)),
        Happening::Misused { penalty_rate } => Some(LoanAct::MarkMisuse { penalty_rate: *penalty_rate }),
        Happening::Rescheduled { from_due, change } => {
            Some(LoanAct::Reschedule { from_due: *from_due, change: *change })
        }
        Happening::Reaged { spread } => Some(LoanAct::ReAge(*spread)),
        Happening::Reamortised => Some(LoanAct::ReAmortise),
        _ => None,
    }
}
