//! What is remembered. Numbers of kinds and fields are never reused: stored history is read for ever.

use basics::{Cell, Currency, Date, Id};
use ledger::Entry;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::tables::{CrossingState, EntryKind, MemberRole};

/// One fact.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Fact {
    /// A household was enrolled.
    #[n(0)]
    HouseholdEnrolled(#[n(0)] HouseholdEnrolled),
    /// A household's enrolment may not come any more.
    #[n(1)]
    HouseholdBuried {
        /// The household.
        #[n(0)]
        household: Id,
    },
    /// The answer was a business no; nothing changed.
    #[n(2)]
    Declined {
        /// A stable code.
        #[n(0)]
        code: String,
    },
    /// An entry was booked.
    #[n(3)]
    Booked(#[n(0)] Booked),
    /// Part of a wallet was reserved (positive) or set free (negative).
    #[n(4)]
    WalletHeld {
        /// Whose wallet.
        #[n(0)]
        household: Id,
        /// The currency.
        #[n(1)]
        currency: Currency,
        /// Minor units.
        #[n(2)]
        amount_minor: i64,
    },
    /// Part of the bank balance was reserved (positive) or set free (negative).
    #[n(5)]
    BankHeld {
        /// The bank's subject.
        #[n(0)]
        subject: ledger::SubjectCode,
        /// The currency.
        #[n(1)]
        currency: Currency,
        /// Minor units.
        #[n(2)]
        amount_minor: i64,
    },
    /// One side of a crossing came to a state.
    #[n(6)]
    Crossed(#[n(0)] Crossed),
    /// A payout waits for the cell's quota.
    #[n(7)]
    PayoutWaits {
        /// Whose wallet.
        #[n(0)]
        household: Id,
        /// Minor units.
        #[n(1)]
        amount_minor: i64,
        /// The currency.
        #[n(2)]
        currency: Currency,
    },
    /// A waiting payout was paid.
    #[n(8)]
    PayoutPaid {
        /// The record that asked for it.
        #[n(0)]
        seq: i64,
        /// The fact within it.
        #[n(1)]
        fact: i64,
        /// The currency.
        #[n(2)]
        currency: Currency,
    },
    /// More quota was asked for.
    #[n(9)]
    QuotaAsked {
        /// The currency.
        #[n(0)]
        currency: Currency,
        /// Minor units.
        #[n(1)]
        amount_minor: i64,
    },
    /// The office answered: the cell's level after it.
    #[n(10)]
    QuotaAnswered {
        /// The currency.
        #[n(0)]
        currency: Currency,
        /// The level to fill up to from now on; none if the office had nothing to give.
        #[n(1)]
        target_minor: Option<i64>,
    },
    /// The institution began to close a day.
    #[n(11)]
    CloseStarted {
        /// The day.
        #[n(0)]
        day: Date,
        /// How many cells must close it.
        #[n(1)]
        expected: i64,
    },
    /// A cell closed a day.
    #[n(12)]
    DayClosed {
        /// The day.
        #[n(0)]
        day: Date,
    },
    /// The office took a cell's receipt.
    #[n(13)]
    ReceiptTaken {
        /// The day.
        #[n(0)]
        day: Date,
        /// From which cell.
        #[n(1)]
        from: Cell,
    },
    /// The institution closed a day.
    #[n(14)]
    InstitutionDayClosed {
        /// The day.
        #[n(0)]
        day: Date,
    },
    /// A person's data was erased, as far as nothing must be retained.
    #[n(15)]
    PersonErased {
        /// The household.
        #[n(0)]
        household: Id,
        /// The person.
        #[n(1)]
        person: Id,
        /// Fields that must be kept for now, with the date until when.
        #[n(2)]
        retained_until: Option<Date>,
    },
    /// Something was asked of another cell; the asking is the change.
    #[n(16)]
    Asked {
        /// What.
        #[n(0)]
        what: String,
    },
}

/// A household as enrolled.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct HouseholdEnrolled {
    /// Its id.
    #[n(0)]
    pub household: Id,
    /// Where it lives.
    #[n(1)]
    pub village: String,
    /// The currency of its wallet.
    #[n(2)]
    pub currency: Currency,
    /// Its persons.
    #[n(3)]
    pub persons: Vec<PersonFact>,
    /// What it consented to: purpose and version of the text.
    #[n(4)]
    pub consents: Vec<(String, String)>,
}

/// A person as enrolled: no personal data, only commitments to it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PersonFact {
    /// Its id.
    #[n(0)]
    pub person: Id,
    /// What it is in the household.
    #[n(1)]
    pub role: MemberRole,
    /// Field and salted commitment.
    #[n(2)]
    pub commitments: Vec<(String, ByteVec)>,
}

/// An entry with what the ledger does not know of it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Booked {
    /// Why it was made.
    #[n(0)]
    pub kind: EntryKind,
    /// The entry.
    #[n(1)]
    pub entry: Entry,
    /// Words for people.
    #[n(2)]
    pub memo: Option<String>,
    /// The entry it undoes: record and fact.
    #[n(3)]
    pub reverses: Option<(i64, i64)>,
}

/// One side of a crossing.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Crossed {
    /// The crossing.
    #[n(0)]
    pub id: Id,
    /// The state this side comes to.
    #[n(1)]
    pub state: CrossingState,
    /// `transfer` or `quota`.
    #[n(2)]
    pub purpose: String,
    /// The other cell.
    #[n(3)]
    pub other: Cell,
    /// Whose wallet pays or receives here.
    #[n(4)]
    pub household: Option<Id>,
    /// Minor units.
    #[n(5)]
    pub amount_minor: i64,
    /// The currency.
    #[n(6)]
    pub currency: Currency,
    /// When it takes effect.
    #[n(7)]
    pub value_date: Date,
}
