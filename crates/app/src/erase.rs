//! Erasing a person: what may go goes now, what the law keeps is kept and named.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, key};
use minicbor::{Decode, Encode};

use crate::books::wallet;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::guarantee::{Guarantee, GuaranteeSide, GuaranteeState};
use crate::house::Tianxin;
use crate::line::{CreditLine, CreditLineStatus};
use crate::tables::{Contact, Contract, ContractStatus, LoanNote, LoanState, Person, Wallet};

/// Erase a person's data.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Erase {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The person.
    #[n(2)]
    pub person: Id,
    /// The last date the household's money moved, if it ever did; the shell finds it in the books.
    #[n(3)]
    pub last_moved: Option<Date>,
}

impl Tianxin {
    pub(crate) fn needs_erase(&self, command: &Erase, needs: &mut Needs) {
        needs.rows::<Person>(key![command.cell, command.household, command.person]);
        needs.rows::<Contact>(key![command.cell, command.household, command.person]);
        needs.rows::<Wallet>(key![command.cell, command.household, self.institution.currency]);
        needs.rows::<Guarantee>(key![command.cell, command.household]);
        needs.rows::<Contract>(key![command.cell, command.household]);
        needs.rows::<LoanNote>(key![command.cell, command.household]);
        needs.rows::<CreditLine>(key![command.cell, command.household]);
    }

    pub(crate) fn erase(&self, slice: &Overlay, command: &Erase, context: &Context) -> Decided<Tianxin> {
        let (cell, household, person) = (command.cell, command.household, command.person);
        let row = slice
            .get::<Person>(&key![cell, household, person])?
            .ok_or_else(|| Refusal::new("unknown_person", "there is no such person in this household"))?;
        if row.erased_at.is_some() {
            return Err(Refusal::new("erased_already", "this person's data was erased before").into());
        }
        let money = wallet(slice, cell, household, self.institution.currency)?;
        if money.is_some_and(|wallet| wallet.balance_minor != 0) {
            let message = "the household's wallet still holds money: pay it out first";
            return Err(Refusal::new("wallet_not_empty", message).into());
        }
        let prefix = key![cell, household];
        let runs = slice.range::<LoanNote>(&prefix)?.iter().any(|note| note.status == LoanState::Open)
            || slice.range::<CreditLine>(&prefix)?.iter().any(|line| line.status != CreditLineStatus::Closed)
            || slice
                .range::<Contract>(&prefix)?
                .iter()
                .any(|row| matches!(row.status, ContractStatus::Signed | ContractStatus::PartDrawn));
        if runs {
            let message = "a loan, a line or a contract of the household is under way: it ends before data is erased";
            return Err(Refusal::new("contract_under_way", message).into());
        }
        let stands = |row: &Guarantee| row.side == GuaranteeSide::Given && row.state == GuaranteeState::Stands;
        let own = slice.range::<Guarantee>(&key![cell, household])?;
        if own.iter().any(|row| row.person == person && stands(row)) {
            let message = "this person stands for another household's debt: it is kept until that is paid off";
            return Err(Refusal::new("guarantee_stands", message).into());
        }
        // Identity is kept as long as the rule pack keeps laundering records; contacts go at once (see the end).
        let rules = self.dated.on(context.open_date).map_err(|error| Fault::Broken(error.to_string()))?;
        let months = 12 * i32::from(rules.laundering_years);
        let retained_until = command
            .last_moved
            .and_then(|moved| moved.add_months(months).ok())
            .filter(|until| *until > context.open_date);
        let fact = Fact::PersonErased { household, person, retained_until };
        let mut change = Change::new(Outcome::Erased { retained_until }, vec![fact]);
        for contact in slice.range::<Contact>(&key![cell, household, person])? {
            change.forget.push((<Contact as door::Record>::table(), key![cell, household, person, contact.kind]));
        }
        Ok(change)
    }
}
