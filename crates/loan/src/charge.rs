//! Charges: what is asked for beside principal and interest, each a thing of its own with its code, date and base.

use basics::money::div_round;
use basics::{Date, Id, Rounding};
use minicbor::{Decode, Encode};

use crate::{Component, LoanError};

/// What a charge is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ChargeKind {
    /// A fee 费用.
    #[n(0)]
    Fee,
    /// A penalty for a breach 违约金.
    #[n(1)]
    Penalty,
}

impl ChargeKind {
    /// The component it is owed as.
    pub const fn component(self) -> Component {
        match self {
            ChargeKind::Fee => Component::Fee,
            ChargeKind::Penalty => Component::Penalty,
        }
    }
}

/// When a charge falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum ChargeDue {
    /// At disbursement; it is kept back from what is paid out, or paid with it.
    #[n(0)]
    Disbursement,
    /// On a date, with the instalment of the period in which it lies.
    #[n(1)]
    On(#[n(0)] Date),
    /// With every instalment.
    #[n(2)]
    EachInstalment,
}

/// How much a charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum ChargeAmount {
    /// So many minor units.
    #[n(0)]
    Flat(#[n(0)] i64),
    /// Parts per million of a base.
    #[n(1)]
    Share(#[n(0)] i64, #[n(1)] ChargeBase),
}

/// What a share is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ChargeBase {
    /// Principal: disbursed, or of the instalment.
    #[n(0)]
    Principal,
    /// Principal and interest: of the loan, or of the instalment.
    #[n(1)]
    PrincipalAndInterest,
    /// Interest: of the loan, or of the instalment.
    #[n(2)]
    Interest,
}

/// A charge as it was agreed or imposed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct ChargeTerms {
    /// Code of the charge.
    #[n(0)]
    pub code: String,
    /// Fee or penalty.
    #[n(1)]
    pub kind: ChargeKind,
    /// When it falls due.
    #[n(2)]
    pub due: ChargeDue,
    /// How much it is.
    #[n(3)]
    pub amount: ChargeAmount,
}

impl ChargeAmount {
    /// The amount, if it is fixed, minor units.
    pub fn flat_fen(&self) -> Option<i64> {
        match self {
            ChargeAmount::Flat(fen) => Some(*fen),
            ChargeAmount::Share(..) => None,
        }
    }

    /// What it comes to on a base of principal and interest. Errors on overflow.
    pub fn of_fen(&self, principal_fen: i64, interest_fen: i64, rounding: Rounding) -> Result<i64, LoanError> {
        match self {
            ChargeAmount::Flat(fen) => Ok(*fen),
            ChargeAmount::Share(ppm, base) => {
                let base_fen = match base {
                    ChargeBase::Principal => i128::from(principal_fen),
                    ChargeBase::PrincipalAndInterest => i128::from(principal_fen) + i128::from(interest_fen),
                    ChargeBase::Interest => i128::from(interest_fen),
                };
                div_round(base_fen * i128::from(*ppm), 1_000_000, rounding).ok_or(LoanError::Overflow("a charge"))
            }
        }
    }
}

/// What one date asks for of a charge, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargePart {
    /// When it is due.
    pub due_on: Date,
    /// Minor units.
    pub amount_fen: i64,
    /// Paid, minor units.
    pub paid_fen: i64,
    /// Let off, minor units.
    pub waived_fen: i64,
    /// Written off, minor units.
    pub written_off_fen: i64,
}

impl ChargePart {
    /// What is asked for on a date, nothing of it paid or let off.
    pub(crate) const fn asked(due_on: Date, amount_fen: i64) -> ChargePart {
        ChargePart { due_on, amount_fen, paid_fen: 0, waived_fen: 0, written_off_fen: 0 }
    }

    /// What is still to be paid, minor units.
    pub fn unpaid_fen(&self) -> i64 {
        self.amount_fen
            .saturating_sub(self.paid_fen)
            .saturating_sub(self.waived_fen)
            .saturating_sub(self.written_off_fen)
            .max(0)
    }
}

/// A charge on a running loan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeState {
    /// The event that added it.
    pub id: Id,
    /// As it was added.
    pub terms: ChargeTerms,
    /// One part for each date on which it is due.
    pub parts: Vec<ChargePart>,
}

impl ChargeState {
    /// What it comes to over all dates, minor units.
    pub fn amount_fen(&self) -> i64 {
        self.sum(|part| part.amount_fen)
    }

    /// What was paid of it, minor units.
    pub fn paid_fen(&self) -> i64 {
        self.sum(|part| part.paid_fen)
    }

    /// What was let off of it, minor units.
    pub fn waived_fen(&self) -> i64 {
        self.sum(|part| part.waived_fen)
    }

    /// What is still to be paid of it, minor units.
    pub fn unpaid_fen(&self) -> i64 {
        self.sum(ChargePart::unpaid_fen)
    }

    fn sum(&self, of: impl Fn(&ChargePart) -> i64) -> i64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(of(part)))
    }
}
