//! Cash paid in and out at a drawer: a crossing between the drawer in the office's cell and the wallet in its own.

use basics::{Cell, Date, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Message, Role, key};
use ledger::Line;
use minicbor::{Decode, Encode};

use super::step::own_drawer;
use super::{CashSlip, Drawer, DrawerState, SlipMoved, SlipSays, SlipState, Way, drawer_account};
use crate::books::{booked, check_amount, check_value_date, needs_booking, own_wallet};
use crate::command::{Command, Outcome};
use crate::fact::{Crossed, Fact};
use crate::house::Tianxin;
use crate::level::Within;
use crate::repay::Repay;
use crate::tables::{Crossing, CrossingState, EntryKind};
use crate::transfer::{Arrive, Purpose, Settle};

/// A household pays cash into its wallet at a drawer, or with it on to a loan.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TakeCash {
    /// The drawer.
    #[n(0)]
    pub drawer: Id,
    /// The household's cell.
    #[n(1)]
    pub of_cell: Cell,
    /// The household.
    #[n(2)]
    pub household: Id,
    /// How much.
    #[n(3)]
    pub amount: Money,
    /// The loan that it pays; what the loan does not take stays in the wallet.
    #[n(4)]
    pub loan: Option<Id>,
    /// When it takes effect; the open day if not given.
    #[n(5)]
    pub value_date: Option<Date>,
}

impl TakeCash {
    /// The act: money taken into keeping is a deposit, which not every lender may take; a loan is repaid to every lender.
    pub const fn act(&self) -> &'static str {
        if self.loan.is_some() { "take_repayment" } else { "take_cash" }
    }
}

/// A household takes cash out of its wallet at a drawer.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PayCash {
    /// The household's cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// How much.
    #[n(2)]
    pub amount: Money,
    /// The drawer.
    #[n(3)]
    pub drawer: Id,
    /// The clerk who answers for it.
    #[n(4)]
    pub clerk: Id,
}

/// What an amount that arrives has to do with a drawer.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub struct DrawerArrives {
    /// The drawer.
    #[n(0)]
    pub drawer: Id,
    /// The clerk who answers for it, where it is to pay.
    #[n(1)]
    pub clerk: Option<Id>,
    /// The household that is paid.
    #[n(2)]
    pub household: Id,
    /// The loan that is paid with it.
    #[n(3)]
    pub loan: Option<Id>,
}

impl Tianxin {
    pub(crate) fn needs_take_cash(&self, needs: &mut Needs) {
        self.needs_drawers(needs);
    }

    pub(crate) fn take_cash(&self, slice: &Overlay, command: &TakeCash, context: &Context) -> Decided<Tianxin> {
        self.cash()?;
        let currency = self.institution.currency;
        let TakeCash { drawer, of_cell, household, loan, .. } = *command;
        let amount_minor = check_amount(command.amount, currency)?;
        let value_date = check_value_date(command.value_date, context.open_date)?;
        if of_cell == Cell::OFFICE || of_cell.0 > context.cells {
            let message = "the household's id belongs to no household here: check it";
            return Err(Refusal::new("unknown_household", message).into());
        }
        let row = own_drawer(slice, drawer)?;
        check_pays(&row, context.actor.id)?;
        let transfer = context.command_id;
        let says = SlipSays { way: Way::In, of_cell, household, amount_minor, value_date, loan };
        let slip = SlipMoved {
            drawer,
            on_day: context.open_date,
            slip: transfer,
            state: SlipState::Asked,
            says: Some(says),
            why: None,
        };
        let crossed = Crossed {
            id: transfer,
            state: CrossingState::Reserved,
            purpose: Purpose::CashIn.as_str().to_owned(),
            other: of_cell,
            household: Some(drawer),
            amount_minor,
            currency,
            // The office finds the slip by it; the day it counts from stands on the slip.
            value_date: context.open_date,
        };
        let arrive = Command::Arrive(Arrive {
            cell: of_cell,
            from: Cell::OFFICE,
            transfer,
            purpose: Purpose::CashIn,
            household: Some(household),
            amount: command.amount,
            value_date,
            code: None,
            drawer: Some(DrawerArrives { drawer, clerk: None, household, loan }),
        });
        Ok(Change::new(Outcome::OnItsWay { transfer }, vec![Fact::SlipMoved(slip), Fact::Crossed(crossed)])
            .with_message(Message { id: transfer, command: arrive }))
    }

    pub(crate) fn needs_pay_cash(&self, command: &PayCash, needs: &mut Needs) {
        self.needs_wallet(command.cell, command.household, needs);
        self.needs_limits(command.cell, command.household, needs);
    }

    pub(crate) fn pay_cash(&self, slice: &Overlay, command: &PayCash, context: &Context) -> Decided<Tianxin> {
        self.cash()?;
        let currency = self.institution.currency;
        let PayCash { cell, household, drawer, clerk, .. } = *command;
        let amount_minor = check_amount(command.amount, currency)?;
        if context.actor.role == Role::Clerk && context.actor.id != clerk {
            return Err(not_yours().into());
        }
        let wallet = own_wallet(slice, cell, household, currency)?;
        let available_minor = wallet.balance_minor - wallet.held_minor;
        if amount_minor > available_minor {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let counted = match self.within_limits(slice, household, amount_minor, context)? {
            Within::Counted(counted) => counted,
            Within::Passed(change) => return Ok(change),
        };
        let (transfer, value_date) = (context.command_id, context.open_date);
        let crossed = Crossed {
            id: transfer,
            state: CrossingState::Reserved,
            purpose: Purpose::CashOut.as_str().to_owned(),
            other: Cell::OFFICE,
            household: Some(household),
            amount_minor,
            currency,
            value_date,
        };
        let arrive = Command::Arrive(Arrive {
            cell: Cell::OFFICE,
            from: cell,
            transfer,
            purpose: Purpose::CashOut,
            household: Some(drawer),
            amount: command.amount,
            value_date,
            code: None,
            drawer: Some(DrawerArrives { drawer, clerk: Some(clerk), household, loan: None }),
        });
        let mut facts = vec![Fact::WalletHeld { household, currency, amount_minor }, Fact::Crossed(crossed)];
        facts.extend(counted);
        Ok(Change::new(Outcome::OnItsWay { transfer }, facts).with_message(Message { id: transfer, command: arrive }))
    }

    pub(crate) fn needs_cash_out_arrives(&self, needs: &mut Needs) {
        self.needs_drawers(needs);
        if let Some(cash) = self.subjects.cash {
            let subjects = [cash.cash, self.subjects.clearing];
            needs_booking(needs, Cell::OFFICE, self.institution.currency, &subjects, &[]);
        }
    }

    /// What a wallet has set apart for cash arrives at the drawer, which gives it, or turns it down.
    pub(crate) fn cash_out_arrives(
        &self,
        slice: &Overlay,
        command: &Arrive,
        told: DrawerArrives,
        context: &Context,
    ) -> Decided<Tianxin> {
        let cash = self.cash()?;
        let currency = self.institution.currency;
        let amount_minor = check_amount(command.amount, currency)?;
        let value_date = command.value_date.min(context.open_date);
        let DrawerArrives { drawer, clerk, household, .. } = told;
        let row = slice.get::<Drawer>(&key![Cell::OFFICE, drawer])?;
        let why = match row.as_ref().map(|row| check_pays(row, clerk.unwrap_or(household))) {
            None => Some("unknown_drawer"),
            Some(Err(refusal)) => Some(refusal.code),
            Some(Ok(())) if row.is_some_and(|row| row.balance_minor < amount_minor) => Some("insufficient_cash"),
            Some(Ok(())) => None,
        };
        let taken = why.is_none();
        let says = SlipSays { way: Way::Out, of_cell: command.from, household, amount_minor, value_date, loan: None };
        let crossed = Fact::Crossed(Crossed {
            id: command.transfer,
            state: if taken { CrossingState::Arrived } else { CrossingState::Returned },
            purpose: command.purpose.as_str().to_owned(),
            other: command.from,
            household: Some(drawer),
            amount_minor,
            currency,
            value_date,
        });
        let slip = Fact::SlipMoved(SlipMoved {
            drawer,
            on_day: context.open_date,
            slip: command.transfer,
            state: if taken { SlipState::Booked } else { SlipState::TurnedDown },
            says: Some(says),
            why: why.map(str::to_owned),
        });
        let mut facts = vec![crossed, slip];
        if taken {
            let lines = vec![
                Line::debit(self.subjects.clearing, None, amount_minor),
                Line::credit(cash.cash, drawer_account(drawer), amount_minor),
            ];
            facts.push(booked(EntryKind::CashOut, value_date, currency, lines, None)?);
        }
        let settle = Settle { cell: command.from, transfer: command.transfer, taken };
        let answer = Message { id: command.transfer.derive("settle"), command: Command::Settle(settle) };
        Ok(Change::new(Outcome::Settled { posted: taken }, facts).with_message(answer))
    }

    /// Of cash that has come into a wallet to pay a loan: the payment.
    pub(crate) fn repayment_of(&self, command: &Arrive) -> Option<Message<Command>> {
        let told = command.drawer?;
        let (loan, household) = (told.loan?, told.household);
        let repay = Repay { cell: command.cell, household, loan, amount: command.amount, value_date: None };
        Some(Message { id: command.transfer.derive("repay"), command: Command::Repay(repay) })
    }

    pub(crate) fn needs_cash_in_settles(&self, row: &Crossing, needs: &mut Needs) {
        self.needs_cash_out_arrives(needs);
        if let Some(drawer) = row.household {
            needs.rows::<CashSlip>(key![Cell::OFFICE, drawer, row.value_date, row.id]);
        }
    }

    /// The wallet has taken the cash, or there is no such wallet.
    pub(crate) fn cash_in_settled(&self, slice: &Overlay, row: &Crossing, taken: bool) -> Result<Vec<Fact>, Fault> {
        let gone = || Fault::Broken(format!("cash {} is under way without a slip", row.id));
        let drawer = row.household.ok_or_else(gone)?;
        let key = key![Cell::OFFICE, drawer, row.value_date, row.id];
        let slip = slice.get::<CashSlip>(&key)?.ok_or_else(gone)?;
        let mut facts = vec![Fact::SlipMoved(SlipMoved {
            drawer,
            on_day: slip.on_day,
            slip: slip.id,
            state: if taken { SlipState::Booked } else { SlipState::TurnedDown },
            says: None,
            why: (!taken).then(|| "unknown_household".to_owned()),
        })];
        if taken {
            let cash = self.subjects.cash.ok_or_else(gone)?;
            let lines = vec![
                Line::debit(cash.cash, drawer_account(drawer), row.amount_minor),
                Line::credit(self.subjects.clearing, None, row.amount_minor),
            ];
            facts.push(booked(EntryKind::CashIn, slip.value_date, row.currency, lines, None)?);
        }
        Ok(facts)
    }
}

/// Refuses to pay in or out of a drawer that is not open, or not this clerk's.
fn check_pays(row: &Drawer, clerk: Id) -> Result<(), Refusal> {
    if row.clerk != Some(clerk) {
        return Err(not_yours());
    }
    if row.state != DrawerState::Open {
        return Err(Refusal::new("drawer_closed", "the drawer is not open: open it with a count first"));
    }
    Ok(())
}

fn not_yours() -> Refusal {
    Refusal::new("not_your_drawer", "another clerk answers for this drawer: work with your own")
}
