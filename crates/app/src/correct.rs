//! An event is dated back into closed days: booked today, with reference and reason, by two people.
//!
//! The loan is folded again with the event in its place. The difference of the two folds, everything since then included, is
//! one entry of today; what the event changed in days past due and class on the last closed day is kept as a record.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault};
use ledger::Line;
use loan::{Happening, LifeEvent, LoanState};
use minicbor::{Decode, Encode};

use crate::books::{booked, check_text, check_value_date, own_wallet};
use crate::command::Outcome;
use crate::fact::{Fact, LoanCorrected};
use crate::house::Tianxin;
use crate::loan_turn::{LoanPlace, Standing};
use crate::posting::Role;
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
        self.needs_loan(command.place(), slice, needs)
    }

    pub(crate) fn correct(&self, slice: &Overlay, command: &CorrectLoan, context: &Context) -> Decided<Tianxin> {
        let today = context.open_date;
        let value_date = check_value_date(Some(command.value_date), today)?;
        check_text("the reference", &command.reference, 100)?;
        check_text("the reason", &command.reason, 200)?;
        if !correctable(command, slice)? {
            let message = "a loan that was paid out stays paid out: have it paid back instead";
            return Err(Refusal::new("not_correctable", message).into());
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
        let class = |state: &LoanState| state.class(&rules.matrix);
        let days_past_due = (closed_before.days_past_due, closed_after.days_past_due);
        let classes = (class(&closed_before), class(&closed_after));
        let moved = standing.moved(event.clone(), &after)?;
        let outcome = Outcome::Corrected {
            allocation: moved.allocation,
            outstanding_minor: moved.outstanding_minor,
            days_past_due,
            class: (classes.0.0, classes.1.0),
        };
        let record = LoanCorrected {
            household: command.household,
            loan: command.loan,
            event: event.id,
            value_date,
            reference: command.reference.clone(),
            reason: command.reason.clone(),
            days_past_due,
            class: classes,
        };
        let mut facts = vec![Fact::LoanMoved(moved), Fact::LoanCorrected(record)];
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

/// Whether the event is not a disbursement and does not take one back.
fn correctable(command: &CorrectLoan, slice: &Overlay) -> Result<bool, Fault> {
    let LoanPlace { cell, household, loan } = command.place();
    match &command.what {
        Happening::Disbursed { .. } => Ok(false),
        Happening::Reversed { target } => {
            let events = crate::loan_books::loan_events(slice, cell, household, loan)?;
            let paid_out = |event: &LifeEvent| matches!(event.what, Happening::Disbursed { .. });
            Ok(!events.iter().any(|event| event.id == *target && paid_out(event)))
        }
        _ => Ok(true),
    }
}
