//! Fees and required premiums as the contract names them.

use basics::money::div_round;
use basics::{Date, Rounding};
use minicbor::{Decode, Encode};

use crate::LoanError;

/// When a fee is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum FeeWhen {
    /// On the day of disbursement, paid apart: what is paid out is the whole principal.
    #[n(0)]
    Disbursement,
    /// With the first instalment.
    #[n(1)]
    FirstInstalment,
    /// With every instalment.
    #[n(2)]
    EachInstalment,
    /// With the first instalment on or after a date: see [`Fee::on`].
    #[n(3)]
    OnDate,
    /// Only when an instalment is overdue for [`Fee::after_days`]: a cost of default, in no plan.
    #[n(4)]
    Overdue,
}

/// The date of a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum FeeDate {
    /// On this day.
    #[n(0)]
    On(#[n(0)] Date),
    /// So many days after disbursement.
    #[n(1)]
    DaysAfterStart(#[n(0)] u16),
}

impl FeeDate {
    /// The day it is for a loan disbursed on `start`.
    pub fn date(self, start: Date) -> Date {
        match self {
            FeeDate::On(date) => date,
            FeeDate::DaysAfterStart(days) => start.add_days(i32::from(days)),
        }
    }
}

/// How much a fee is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum FeeAmount {
    /// So many minor units.
    #[n(0)]
    Flat(#[n(0)] i64),
    /// Parts per million of its [base](FeeBase).
    #[n(1)]
    Ppm(#[n(0)] i64),
}

/// What a fee in parts per million is counted on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum FeeBase {
    /// The principal disbursed.
    #[n(0)]
    #[default]
    Principal,
    /// The principal outstanding before the instalment that the fee is due with.
    #[n(1)]
    Outstanding,
    /// Principal and interest of that instalment; for an overdue fee, what is unpaid of it.
    #[n(2)]
    Instalment,
    /// Interest of that instalment.
    #[n(3)]
    Interest,
}

/// What a fee is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum FeeKind {
    /// A service of the lender.
    #[n(0)]
    #[default]
    Service,
    /// The premium of an insurance that the loan or its price depends on 保费.
    #[n(1)]
    Premium,
    /// What a guarantor asks for 担保费.
    #[n(2)]
    Guarantee,
}

/// A fee as the contract names it. Everything the loan depends on is here, whoever collects it, and so
/// in the all-in cost; an insurance that is chosen freely is signed apart and is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Fee {
    /// Code, unique within the product.
    #[n(0)]
    pub code: String,
    /// Chinese name.
    #[n(1)]
    pub name_zh: String,
    /// English name.
    #[n(2)]
    pub name_en: String,
    /// When it is due.
    #[n(3)]
    pub when: FeeWhen,
    /// How much it is.
    #[n(4)]
    pub amount: FeeAmount,
    /// Who receives it: `lender`, or the code of a partner.
    #[n(5)]
    pub collector: String,
    /// The date of a fee that is due on one.
    #[n(6)]
    pub on: Option<FeeDate>,
    /// What parts per million are counted on.
    #[n(7)]
    #[cbor(default)]
    pub base: FeeBase,
    /// Who pays it in the borrower's place, as the code of a partner; `None` is the borrower.
    #[n(8)]
    pub payer: Option<String>,
    /// What it is for.
    #[n(9)]
    #[cbor(default)]
    pub kind: FeeKind,
    /// For an overdue fee: days overdue after which it is due, at least 1.
    #[n(10)]
    #[cbor(default)]
    pub after_days: u16,
}

impl Fee {
    /// A service fee of the lender's that the borrower pays.
    pub fn service(code: &str, name_zh: &str, name_en: &str, when: FeeWhen, amount: FeeAmount) -> Fee {
        Fee {
            code: code.to_owned(),
            name_zh: name_zh.to_owned(),
            name_en: name_en.to_owned(),
            when,
            amount,
            collector: "lender".to_owned(),
            on: None,
            base: FeeBase::Principal,
            payer: None,
            kind: FeeKind::Service,
            after_days: 0,
        }
    }

    /// What the fee comes to on the amount of its base. Errors on overflow.
    pub fn amount_fen(&self, base_fen: i64, rounding: Rounding) -> Result<i64, LoanError> {
        match self.amount {
            FeeAmount::Flat(fen) => Ok(fen),
            FeeAmount::Ppm(ppm) => div_round(i128::from(base_fen) * i128::from(ppm), 1_000_000, rounding)
                .ok_or(LoanError::Overflow("a fee")),
        }
    }

    /// Whether the borrower pays it.
    pub fn is_borrowers(&self) -> bool {
        self.payer.is_none()
    }
}
