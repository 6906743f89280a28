//! Accounts elsewhere that households bind (绑卡): money leaves to them and comes from them alone.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::{Decode, Encode};

use super::AccountBound;
use crate::command::Outcome;
use crate::enrol::SealedField;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::observe::known_household;
use crate::tables::{Person, Sealed};

/// Accounts that a household binds at most.
const ACCOUNTS_MAX: usize = 10;
/// Bytes of a sealed account at most.
const SEALED_BYTES_MAX: usize = 1_000;

/// Bind an account elsewhere. Number, bank and holder come sealed with the key of the person whose it is.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct BindAccount {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The account, made by the caller.
    #[n(2)]
    pub account: Id,
    /// The person whose it is.
    #[n(3)]
    pub person: Id,
    /// Number, bank and holder.
    #[n(4)]
    pub sealed: SealedField,
}

door::table! {
    /// An account elsewhere. Its number is sealed beside it.
    pub struct BankAccount = "bank_account" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The account.
        id: Id,
        /// The person whose it is.
        person: Id,
        /// Since when it is bound.
        bound_on: Date,
    }
}

impl BankAccount {
    /// The name of the sealed field that has its number, bank and holder.
    pub fn field(account: Id) -> String {
        format!("account {account}")
    }
}

impl Tianxin {
    pub(crate) fn needs_bind_account(&self, command: &BindAccount, needs: &mut Needs) {
        let BindAccount { cell, household, person, .. } = *command;
        needs.rows::<crate::tables::Household>(key![cell, household]);
        needs.rows::<Person>(key![cell, household, person]);
        needs.rows::<BankAccount>(key![cell, household]);
        needs.rows::<Sealed>(key![cell, household, person, BankAccount::field(command.account)]);
    }

    pub(crate) fn bind_account(&self, slice: &Overlay, command: &BindAccount, _: &Context) -> Decided<Tianxin> {
        let BindAccount { cell, household, account, person, ref sealed } = *command;
        known_household(slice, cell, household)?;
        let unknown = || Refusal::new("unknown_person", "there is no such person in this household");
        let of = slice.get::<Person>(&key![cell, household, person])?.ok_or_else(unknown)?;
        if of.erased_at.is_some() {
            return Err(Refusal::new("erased_already", "this person's data was erased before").into());
        }
        let bound: Vec<BankAccount> = slice.range(&key![cell, household])?;
        if bound.iter().any(|row| row.id == account) {
            return Err(
                Refusal::new("account_exists", "an account with that id is bound already: make a new id").into()
            );
        }
        if bound.len() >= ACCOUNTS_MAX {
            let message = format!("a household binds {ACCOUNTS_MAX} accounts at most");
            return Err(Refusal::new("too_many_accounts", message).into());
        }
        let fits = sealed.field == BankAccount::field(account)
            && (1..=SEALED_BYTES_MAX).contains(&sealed.ciphertext.len())
            && sealed.commitment.len() == 32;
        if !fits {
            return Err(Refusal::new("bad_account", "the account is not sealed as it must be").into());
        }
        let commitment = sealed.commitment.clone();
        let fact = Fact::AccountBound(AccountBound { household, account, person, commitment });
        let (field, ciphertext) = (sealed.field.clone(), sealed.ciphertext.to_vec());
        Ok(Change::new(Outcome::Done, vec![fact]).with_side(&Sealed { cell, household, person, field, ciphertext }))
    }
}
