//! Payments over rails: money leaves a wallet for the household's account elsewhere, or comes from it.
//!
//! A household binds its account first; the number is sealed with its person's key. A payment is then asked for, and what leaves is
//! held, in the wallet and of the cell's share of the bank balance, until the rail has said for good what became of it. Nothing is
//! asked of a rail in here: what is asked for stands as a row, a courier outside takes it to the rail, and the rail's word comes
//! back as a command. No word is no word: only a refusal sets the money free.

mod account;
mod answer;
mod ask;

use basics::{Cell, Currency, Date, Id, Money};
use door::app::Stamp;
use door::overlay::{Fault, Overlay};
use door::{Record, key};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::fact::Fact;

pub use account::{BankAccount, BindAccount};
pub use answer::{AnswerPayment, DecidePayment, RailCredit, RailTold, TakeCredit, credit_id};
pub use ask::AskPayment;

/// Business days after the one it was asked on, on which a rail may still take an order.
pub const DAYS_TO_TAKE: i32 = 3;

door::text_enum! {
    /// Which way a payment goes.
    pub enum PaymentWay {
        /// From the wallet to the household's account.
        Out = "out",
        /// From the household's account to the wallet, by its mandate.
        In = "in",
    }
}

door::text_enum! {
    /// How far a payment has come.
    pub enum PaymentState {
        /// Asked for; what leaves is held, and the rail has not said what became of it.
        Asked = "asked",
        /// The rail has done it, and it is booked.
        Settled = "settled",
        /// The rail has refused it for good; nothing was booked.
        Refused = "refused",
        /// The rail did something else than it was asked: it stays held until two people have decided.
        Questioned = "questioned",
    }
}

impl PaymentState {
    /// Whether what leaves is held.
    pub fn holds(self) -> bool {
        matches!(self, PaymentState::Asked | PaymentState::Questioned)
    }
}

door::table! {
    /// A payment over a rail.
    pub struct Payment = "payment" (Household, State, key 2) {
        /// The cell.
        cell: Cell,
        /// The payment; its order has the same id on the rail.
        id: Id,
        /// Whose.
        household: Id,
        /// Which way.
        way: PaymentWay,
        /// Over which rail.
        rail: String,
        /// The account elsewhere.
        account: Id,
        /// The person whose account it is.
        person: Id,
        /// How much was asked for, in minor units.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
        /// What for.
        purpose: String,
        /// The day it was asked on.
        asked_on: Date,
        /// The last day on which the rail may take it.
        last_day: Date,
        /// How far it has come.
        state: PaymentState,
        /// What the rail says it moved, or what two people decided, in minor units.
        told_minor: i64,
        /// The day it stands in the rail's books.
        told_on: Option<Date>,
        /// The rail's reference, or why it refused.
        reference: Option<String>,
        /// Whether the rail has said, later, something that does not go with how it ended.
        contradicted: bool,
    }
    index "payment_by_state" ["cell", "state", "id"];
    index "payment_by_day" ["cell", "told_on", "id"];
    index "payment_contradicted" ["cell", "contradicted", "id"];
    index "payment_by_household" ["cell", "household", "id"];
}

/// A payment was asked for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PaymentAsked {
    /// Whose.
    #[n(0)]
    pub household: Id,
    /// The payment.
    #[n(1)]
    pub payment: Id,
    /// Which way.
    #[n(2)]
    pub way: PaymentWay,
    /// Over which rail.
    #[n(3)]
    pub rail: String,
    /// The account elsewhere, and whose it is.
    #[n(4)]
    pub account: (Id, Id),
    /// How much.
    #[n(5)]
    pub amount: Money,
    /// What for.
    #[n(6)]
    pub purpose: String,
    /// The last day on which the rail may take it.
    #[n(7)]
    pub last_day: Date,
}

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PaymentAnswered {
    /// The payment.
    #[n(0)]
    pub payment: Id,
    /// Where it stands since.
    #[n(1)]
    pub state: PaymentState,
    /// What the rail says it moved, or what two people decided, in minor units.
    #[n(2)]
    pub told_minor: i64,
    /// The day it stands in the rail's books.
    #[n(3)]
    pub told_on: Option<Date>,
    /// The rail's reference, or why.
    #[n(4)]
    pub reference: Option<String>,
    /// Whether the rail contradicts itself, or did.
    #[n(5)]
    pub contradicted: bool,
}

/// An account elsewhere was bound to a household.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AccountBound {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The account.
    #[n(1)]
    pub account: Id,
    /// The person whose it is.
    #[n(2)]
    pub person: Id,
    /// Commitment to its number, bank and holder.
    #[n(3)]
    pub commitment: ByteVec,
}

/// Money came in over a rail that nobody had asked for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CreditTaken {
    /// Whose wallet.
    #[n(0)]
    pub household: Id,
    /// The rail.
    #[n(1)]
    pub rail: String,
    /// The rail's reference.
    #[n(2)]
    pub reference: String,
    /// How much.
    #[n(3)]
    pub amount: Money,
    /// The day it stands in the rail's books.
    #[n(4)]
    pub on: Date,
}

/// Turns the facts of payments into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::AccountBound(bound) => books.put(&BankAccount {
            cell,
            household: bound.household,
            id: bound.account,
            person: bound.person,
            bound_on: stamp.booking_date,
        }),
        Fact::PaymentAsked(asked) => {
            let PaymentAsked { household, payment, way, rail, account, amount, purpose, last_day } = asked.clone();
            books.put(&Payment {
                cell,
                id: payment,
                household,
                way,
                rail,
                account: account.0,
                person: account.1,
                amount_minor: amount.minor(),
                currency: amount.currency(),
                purpose,
                asked_on: stamp.booking_date,
                last_day,
                state: PaymentState::Asked,
                told_minor: 0,
                told_on: None,
                reference: None,
                contradicted: false,
            });
        }
        Fact::PaymentAnswered(answered) => {
            let PaymentAnswered { payment, state, told_minor, told_on, reference, contradicted } = answered.clone();
            let gone = || Fault::Broken(format!("there is no payment {payment} to answer"));
            let row = books.get::<Payment>(&key![cell, payment])?.ok_or_else(gone)?;
            books.put(&Payment { state, told_minor, told_on, reference, contradicted, ..row });
        }
        Fact::CreditTaken(taken) => books.put(&RailCredit {
            cell,
            id: credit_id(&taken.rail, &taken.reference),
            household: taken.household,
            rail: taken.rail.clone(),
            reference: taken.reference.clone(),
            amount_minor: taken.amount.minor(),
            currency: taken.amount.currency(),
            told_on: taken.on,
        }),
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a payment"))),
    }
    Ok(())
}

/// What payments of a cell hold: whose wallet, which currency, how much.
pub(crate) fn held(books: &Overlay) -> Result<Vec<(Id, Currency, i64)>, Fault> {
    let mut held = Vec::new();
    for (_, row) in books.all_rows(Payment::table()) {
        let row = Payment::from_row(row)?;
        if row.way == PaymentWay::Out && row.state.holds() {
            held.push((row.household, row.currency, row.amount_minor));
        }
    }
    Ok(held)
}
