//! Payments over rails: accounts are sealed here and opened for the courier, and what people look at.

use std::collections::BTreeMap;

use basics::{Cell, Date, Id, Instant, cbor};
use door::backend::List;
use door::table::{Key, Record, Value};
use door::{Actor, Answer, key};
use insight::event::{Channel, Event, EventKind};

use super::prepare::binding;
use super::{Desk, DeskError};
use crate::payment::{BankAccount, Payment, PaymentState, PaymentWay};
use crate::tables::Sealed;
use crate::vault::VaultError;

/// An account elsewhere, in clear. Debug output hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountNumber {
    /// Who holds it.
    pub holder: String,
    /// Its number: 5 to 34 letters and digits.
    pub number: String,
    /// Clearing number of its bank: 1 to 35 letters and digits.
    pub bank: String,
}

impl std::fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountNumber(…)")
    }
}

/// A bound account as its pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountShown {
    /// The account.
    pub row: BankAccount,
    /// The last four characters of its number; none once the person is erased.
    pub tail: Option<String>,
    /// The clearing number of its bank.
    pub bank: Option<String>,
}

impl Desk {
    /// Binds an account of a person of the household; without a person, of its head. It must be the person's own (同名账户).
    pub fn bind_account(
        &self,
        (command_id, account): (Id, Id),
        (household, person): (Id, Option<Id>),
        number: &AccountNumber,
        actor: Actor,
        at: Instant,
    ) -> Result<Answer, DeskError> {
        let person = person.map_or_else(|| self.head(household), Ok)?;
        let name = self.field(household, person, "name")?;
        let name = name.ok_or_else(|| DeskError::refused("erased_already", "this person's data was erased before"))?;
        if name.trim() != number.holder.trim() {
            let message = "the account is held by someone else: a household binds accounts of its own persons";
            return Err(DeskError::refused("account_not_own", message));
        }
        let (cell, vault) = (self.cell_of(household), self.vault.as_ref());
        Ok(self.engine.call(binding(vault, (command_id, account), (cell, household, person), number, actor, at)?)?)
    }

    /// The accounts a household has bound.
    pub fn accounts(&self, household: Id) -> Result<Vec<AccountShown>, DeskError> {
        let rows: Vec<BankAccount> = self.rows(key![self.cell_of(household), household])?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let number = self.account_number(household, row.person, row.id)?;
            let tail =
                number.as_ref().and_then(|number| number.number.get(number.number.len() - 4..)).map(str::to_owned);
            shown.push(AccountShown { row, tail, bank: number.map(|number| number.bank) });
        }
        Ok(shown)
    }

    /// An account in clear; none once its person is erased.
    pub fn account_number(&self, household: Id, person: Id, account: Id) -> Result<Option<AccountNumber>, DeskError> {
        let place = key![self.cell_of(household), household, person, BankAccount::field(account)];
        let rows: Vec<Sealed> = self.rows(place)?;
        let Some(row) = rows.first() else { return Ok(None) };
        match self.vault.open(person, &row.ciphertext) {
            Ok(plain) => {
                let (holder, number, bank) = cbor::from_bytes(&plain)?;
                Ok(Some(AccountNumber { holder, number, bank }))
            }
            Err(VaultError::Erased) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A household's payments, newest first, at most `limit`.
    pub fn payments(&self, household: Id, limit: usize) -> Result<Vec<Payment>, DeskError> {
        self.list(&List {
            table: Payment::table(),
            equal: vec![
                ("cell", Value::Int(i64::from(self.cell_of(household).0))),
                ("household", Value::Id(household)),
            ],
            order: vec!["id"],
            descending: true,
            after: None,
            limit,
        })
    }

    /// Payments of every cell in a state.
    pub fn payments_in(&self, state: PaymentState) -> Result<Vec<Payment>, DeskError> {
        self.payments_where("state", Value::Text(state.as_str().into()))
    }

    /// Payments of every cell that stand in their rail's books on a day.
    pub fn payments_on(&self, day: Date) -> Result<Vec<Payment>, DeskError> {
        self.payments_where("told_on", Value::Date(day))
    }

    fn payments_where(&self, column: &'static str, value: Value) -> Result<Vec<Payment>, DeskError> {
        self.everywhere(column, &value)
    }

    /// Rows of every household cell whose column has a value; an index by cell and column must be there.
    pub(super) fn everywhere<R: Record>(&self, column: &'static str, value: &Value) -> Result<Vec<R>, DeskError> {
        let table = R::table();
        let columns: Vec<usize> = ["cell", column].iter().filter_map(|name| table.column(name)).collect();
        let keys: Vec<Key> =
            (1..=self.engine.backend().cells()).map(|cell| vec![Value::Int(i64::from(cell)), value.clone()]).collect();
        let rows = self.readers.with(|reader| reader.load_many(table, &columns, &keys))?;
        rows.iter().map(|row| R::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))).collect()
    }

    /// The payments of these places, whatever has become of them.
    pub fn payments_at(&self, places: &[(Cell, Id)]) -> Result<Vec<Payment>, DeskError> {
        let keys: Vec<Key> = places.iter().map(|(cell, id)| key![*cell, *id]).collect();
        let rows = self.readers.with(|reader| reader.load_many(Payment::table(), &[0, 1], &keys))?;
        rows.iter().map(|row| Payment::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))).collect()
    }

    /// The open date of every household cell.
    pub fn open_dates(&self) -> Result<BTreeMap<Cell, Date>, DeskError> {
        let cells: Vec<Cell> = (1..=self.engine.backend().cells()).map(Cell).collect();
        Ok(self.heads(&cells)?.into_iter().map(|head| (head.cell, head.open_date)).collect())
    }

    /// Folds a payment that was done into the household's behaviour, once however often it is told.
    pub fn observe_payment(&self, row: &Payment, on: Date, at: Instant) -> Result<(), DeskError> {
        let (kind, amount_minor) = match row.way {
            PaymentWay::Out => (EventKind::TransferOut, -row.amount_minor),
            PaymentWay::In => (EventKind::TransferIn, row.amount_minor),
        };
        let event = Event {
            household: row.household,
            id: row.id,
            date: on,
            kind,
            amount_minor,
            balance_after_minor: None,
            counterparty: None,
            channel: Channel::OwnBusiness,
            consent: None,
            measure: None,
            source: None,
            known: None,
        };
        match self.observe(row.id.derive("observed"), row.household, &[event], Actor::SYSTEM, at) {
            Ok(_) => Ok(()),
            // It was told before, or nobody is there any more of whom something could be known.
            Err(DeskError::Door(door::DoorError::Refused(refusal))) if refusal.code == "event_known" => Ok(()),
            Err(DeskError::Door(door::DoorError::Conflict(_)) | DeskError::Vault(VaultError::Erased)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
