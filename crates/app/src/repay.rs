//! A loan is paid from the wallet: what is due, or all that would close it.

use basics::{Cell, Date, Id, Money, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, key};
use ledger::Line;
use loan::{Allocation, Happening, LifeEvent, LoanTerms, effects, fold};
use minicbor::{Decode, Encode};

use crate::books::{booked, check_amount, check_value_date, needs_booking, own_wallet, wallet_account};
use crate::command::Outcome;
use crate::fact::{Fact, LoanMoved};
use crate::house::Tianxin;
use crate::loan_books::loan_events;
use crate::sign::loan_account;
use crate::tables::{Contract, EntryKind, LoanEvent, LoanNote, LoanState};

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
    /// When it takes effect; the open day if not given.
    #[n(4)]
    pub value_date: Option<Date>,
}

impl Tianxin {
    pub(crate) fn needs_repay(&self, command: &Repay, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let (cell, household) = (command.cell, command.household);
        let subjects = [
            self.subjects.loan_principal,
            self.subjects.wallet,
            self.subjects.interest_income,
            self.subjects.fee_income,
            self.subjects.penalty_income,
        ];
        needs_booking(needs, cell, self.institution.currency, &subjects, &[household]);
        let loan = key![cell, household, command.loan];
        needs.rows::<LoanNote>(loan.clone());
        needs.rows::<LoanEvent>(loan.clone());
        if slice.has(<LoanNote as door::Record>::table(), &loan)
            && let Some(note) = slice.get::<LoanNote>(&loan)?
        {
            needs.rows::<Contract>(key![cell, household, note.contract]);
        }
        Ok(())
    }

    pub(crate) fn repay(&self, slice: &Overlay, command: &Repay, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        let currency = self.institution.currency;
        let amount = check_amount(command.amount, currency)?;
        let value_date = check_value_date(command.value_date, context.open_date)?;
        let note = slice
            .get::<LoanNote>(&key![cell, household, command.loan])?
            .ok_or_else(|| Refusal::new("unknown_loan", "there is no such loan: check its id"))?;
        if note.status == LoanState::Closed {
            return Err(Refusal::new("loan_closed", "this loan is paid off: nothing is owed any more").into());
        }
        if value_date < note.drawn_on {
            let message = format!("the loan was drawn on {}: nothing is paid before", note.drawn_on);
            return Err(Refusal::new("value_date_too_old", message).into());
        }
        let wallet = own_wallet(slice, cell, household, currency)?;
        let contract = slice
            .get::<Contract>(&key![cell, household, note.contract])?
            .ok_or_else(|| Fault::Broken(format!("loan {} has no contract", note.id)))?;
        let terms: LoanTerms = cbor::from_bytes(&contract.terms).map_err(Fault::from)?;
        let mut events = loan_events(slice, cell, household, command.loan)?;
        let broken = |error: loan::LoanError| Fault::Broken(format!("loan {}: {error}", note.id));
        let today = context.open_date;
        let before = fold(&terms, &events, today).map_err(broken)?;
        let due_minor = before.overdue_parts().and_then(|parts| parts.total_fen()).map_err(broken)?;
        if amount > due_minor && amount != before.payoff_fen {
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
        loan::accept(&terms, &events, &event).map_err(|e| Refusal::new("loan_event", e.to_string()))?;
        events.push(event.clone());
        let after = fold(&terms, &events, today).map_err(broken)?;
        let allocation = effects(&before, &after).map_err(broken)?.allocation();
        let lines = self.repayment_lines(household, command.loan, amount, &allocation)?;
        let closed_on = after.closed_on;
        let moved = Fact::LoanMoved(LoanMoved {
            household,
            loan: command.loan,
            event,
            allocation,
            outstanding_minor: after.principal_fen,
            next_due: if closed_on.is_some() { None } else { after.oldest_unpaid_due.or(after.next_due) },
            closed_on,
        });
        let entry = booked(EntryKind::Repayment, value_date, currency, lines, None)?;
        let outcome =
            Outcome::Repaid { allocation, outstanding_minor: after.principal_fen, closed: closed_on.is_some() };
        Ok(Change::new(outcome, vec![moved, entry]))
    }

    /// The posting table of a repayment: income is taken as it is received.
    fn repayment_lines(&self, household: Id, loan: Id, amount: i64, paid: &Allocation) -> Result<Vec<Line>, Fault> {
        if paid.excess_fen != 0 {
            return Err(Fault::Broken(format!("a repayment of loan {loan} would leave {} over", paid.excess_fen)));
        }
        let account = loan_account(household, loan);
        let mut lines = vec![Line::debit(self.subjects.wallet, wallet_account(household), amount)];
        let parts = [
            (self.subjects.loan_principal, account, paid.principal_fen),
            (self.subjects.interest_income, None, paid.interest_fen),
            (self.subjects.fee_income, None, paid.fee_fen),
            (self.subjects.penalty_income, None, paid.penalty_fen + paid.compound_fen),
        ];
        lines.extend(parts.iter().filter(|(.., part)| *part != 0).map(|(s, sub, part)| Line::credit(*s, *sub, *part)));
        Ok(lines)
    }
}
