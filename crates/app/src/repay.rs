//! A loan is paid from the wallet: what is due, ahead of its time, or all that would close it.

use basics::{Cell, Date, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault};
use loan::{Happening, LifeEvent};
use minicbor::{Decode, Encode};

use crate::books::{booked, check_amount, check_value_date, own_wallet};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::loan_turn::{LoanPlace, Standing};
use crate::tables::EntryKind;

/// Pay a loan from the household's wallet.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Repay {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// How much.
    #[n(3)]
    pub amount: Money,
    /// When it takes effect: the open day, the only day if given. A payment that came earlier is a correction.
    #[n(4)]
    pub value_date: Option<Date>,
}

impl Repay {
    pub(crate) fn place(&self) -> LoanPlace {
        LoanPlace { cell: self.cell, household: self.household, loan: self.loan }
    }
}

impl Tianxin {
    pub(crate) fn needs_repay(&self, command: &Repay, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        self.needs_loan(command.place(), slice, needs)
    }

    pub(crate) fn repay(&self, slice: &Overlay, command: &Repay, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let amount = check_amount(command.amount, currency)?;
        let value_date = check_value_date(command.value_date, context.open_date)?;
        if value_date < context.open_date {
            let message = format!(
                "{value_date} is closed, {} is open: propose a correction with reference and reason, and have it approved",
                context.open_date
            );
            return Err(Refusal::new("dated_back", message).into());
        }
        let mut standing = Standing::read(self, slice, command.place(), context.open_date)?;
        let wallet = own_wallet(slice, command.cell, command.household, currency)?;
        let before = &standing.before.0;
        if amount > before.payoff_fen {
            let broken = |error: loan::LoanError| Fault::Broken(format!("loan {}: {error}", command.loan));
            let due_minor = before.overdue_parts().and_then(|parts| parts.total_fen()).map_err(broken)?;
            let fact = Fact::Declined { code: "more_than_due".to_owned() };
            let outcome = Outcome::MoreThanDue { due_minor, payoff_minor: before.payoff_fen };
            return Ok(Change::new(outcome, vec![fact]));
        }
        let available_minor = wallet.balance_minor - wallet.held_minor;
        if amount > available_minor {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let event = LifeEvent { id: context.command_id, value_date, what: Happening::Paid { amount_fen: amount } };
        let after = standing.happen(self, &event)?;
        let mut turn = standing.turn(slice);
        turn.touch(&standing.touched(&standing.held, &after.1.holding))?;
        let lines = turn.lines(&self.subjects.roles)?;
        let moved = standing.moved(event, &after)?;
        let outcome = Outcome::Repaid {
            allocation: moved.allocation,
            outstanding_minor: moved.outstanding_minor,
            closed: moved.closed_on.is_some(),
        };
        let entry = booked(EntryKind::Repayment, value_date, currency, lines, None)?;
        Ok(Change::new(outcome, vec![Fact::LoanMoved(moved), entry]))
    }
}
