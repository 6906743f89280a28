//! What is done to a running loan beside paying it: waived, written off, prepaid, extended, restructured, judged.
//!
//! Every act is an event of the loan's life of today; an earlier date is a [correction](crate::correct). The loan is
//! folded before and after it, and the difference is booked. What was shown to the first person, cost, end and class before and
//! after, is what the second approves.

mod act;
mod check;
mod death;

use basics::{Cell, Date, Id};
use door::app::{Context, Decided};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault};
use loan::{LifeEvent, LoanState};
use minicbor::{Decode, Encode};

pub use act::{LoanAct, ReturnedBy};
pub(crate) use death::{check_alive, death_recorded, facility_follows, needs_death};

use crate::books::{booked, check_amount, check_text, own_wallet};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::loan_turn::{LoanPlace, Standing};
use crate::tables::EntryKind;

/// Do something to a running loan, as of the open day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ServiceLoan {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// What.
    #[n(3)]
    pub what: LoanAct,
    /// Why, and what it rests on.
    #[n(4)]
    pub reason: String,
}

/// Where a loan stood or stands, as far as an act is shown to a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LoanShown {
    /// Principal not yet paid, in minor units.
    #[n(0)]
    pub principal_minor: i64,
    /// Interest, fees and penalty of the whole life as planned, in minor units.
    #[n(1)]
    pub cost_minor: i64,
    /// The last due date.
    #[n(2)]
    pub ends_on: Option<Date>,
    /// Class; 0 is the best.
    #[n(3)]
    pub class: u8,
    /// Carried off balance, in minor units.
    #[n(4)]
    pub off_balance_minor: i64,
}

impl ServiceLoan {
    fn place(&self) -> LoanPlace {
        LoanPlace { cell: self.cell, household: self.household, loan: self.loan }
    }
}

impl Tianxin {
    pub(crate) fn needs_service(&self, command: &ServiceLoan, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        needs_death(command.place(), &command.what.happening(0), needs);
        self.needs_loan(command.place(), slice, needs)
    }

    pub(crate) fn service(&self, slice: &Overlay, command: &ServiceLoan, context: &Context) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 200)?;
        let (today, currency) = (context.open_date, self.institution.currency);
        let mut standing = match command.what.is_for_closed_loans() {
            true => Standing::read_any(self, slice, command.place(), today)?,
            false => Standing::read(self, slice, command.place(), today)?,
        };
        let what = self.completed(&standing, &command.what)?;
        self.check_act(&standing, &what)?;
        let amount_fen = what.money().map_or(Ok(0), |amount| check_amount(amount, currency))?;
        if what.takes_from_wallet() {
            let wallet = own_wallet(slice, command.cell, command.household, currency)?;
            let available_minor = wallet.balance_minor - wallet.held_minor;
            if amount_fen > available_minor {
                let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
                return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
            }
        }
        let mut turn = standing.turn(slice);
        turn.touch(&standing.touched(&standing.held, &standing.before.1.holding))?;
        let since_touched = turn.lines(&self.subjects.roles)?;
        let event = LifeEvent { id: context.command_id, value_date: today, what: what.happening(amount_fen) };
        let before = self.shown(&standing, &standing.before.0)?;
        let after = standing.happen(self, &event)?;
        if what.sets_a_price() {
            self.check_cap_after(&standing, &after.0)?;
        }
        turn.touch(&standing.touched(&standing.before.1.holding, &after.1.holding))?;
        let lines = turn.lines(&self.subjects.roles)?;
        let facility = facility_follows(slice, &standing, &event, &command.reason, context)?;
        let moved = standing.moved(event, &after)?;
        let outcome = if what.takes_from_wallet() {
            Outcome::Repaid {
                allocation: moved.allocation,
                outstanding_minor: moved.outstanding_minor,
                closed: moved.closed_on.is_some(),
            }
        } else {
            Outcome::Serviced { before, after: self.shown(&standing, &after.0)? }
        };
        let serviced = Fact::LoanServiced {
            household: command.household,
            loan: command.loan,
            act: command.what.act().0.to_owned(),
            reason: command.reason.clone(),
        };
        let mut facts = vec![Fact::LoanMoved(moved), serviced];
        facts.extend(facility);
        if !since_touched.is_empty() {
            facts.push(booked(EntryKind::LoanDues, today, currency, since_touched, None)?);
        }
        if !lines.is_empty() {
            facts.push(booked(EntryKind::LoanService, today, currency, lines, Some(command.reason.clone()))?);
        }
        Ok(Change::new(outcome, facts))
    }

    fn shown(&self, standing: &Standing, state: &LoanState) -> Result<LoanShown, Fault> {
        let broken = |e: loan::LoanError| standing.broken(&e);
        let rules = self.dated.on(standing.today).map_err(broken)?;
        let under = state.standing(rules).map_err(broken)?;
        let mut cost_minor = 0i64;
        for row in &state.instalments {
            let cost = row.due.total_fen().map_err(broken)?.saturating_sub(row.due.principal_fen);
            cost_minor = cost_minor.saturating_add(cost);
        }
        Ok(LoanShown {
            principal_minor: state.principal_fen,
            cost_minor,
            ends_on: state.instalments.iter().map(|row| row.due_on).max(),
            class: under.class.class.0,
            off_balance_minor: under.suspended_fen().map_err(broken)?,
        })
    }
}
