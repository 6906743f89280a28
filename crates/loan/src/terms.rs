//! What was signed: the terms of one loan, as its contract fact keeps them.

use basics::money::div_round;
use basics::{Currency, Date, DayCount, Money, Rate, Rounding};
use minicbor::{Decode, Encode};

use crate::season::ChangeLimits;
use crate::{LoanError, PayRule};

/// How principal and interest are repaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Method {
    /// Equal instalments every month 等额本息.
    #[n(0)]
    EqualInstalments,
    /// Principal and interest in one sum at the end 到期一次还本付息.
    #[n(1)]
    Bullet,
}

/// How long a loan runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Term {
    /// So many months.
    #[n(0)]
    Months(#[n(0)] u16),
    /// So many days.
    #[n(1)]
    Days(#[n(0)] u16),
}

/// How the contract rate becomes the interest of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum InterestBasis {
    /// A twelfth of the annual rate every month, whatever its length; a first period that is not
    /// one month is charged by days.
    #[n(0)]
    Twelfth,
    /// By days of the loan's day count.
    #[n(1)]
    Daily,
}

/// Whether unpaid interest itself bears interest 复利.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Compound {
    /// It does not.
    #[n(0)]
    None,
    /// At the contract rate until maturity, at the penalty rate after it.
    #[n(1)]
    ContractThenPenalty,
}

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
}

/// How much a fee is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum FeeAmount {
    /// So many minor units.
    #[n(0)]
    Flat(#[n(0)] i64),
    /// Parts per million of the principal.
    #[n(1)]
    Ppm(#[n(0)] i64),
}

/// A fee as the contract names it.
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
}

impl Fee {
    /// What the fee comes to on a principal. Errors on overflow.
    pub fn amount_fen(&self, principal_fen: i64, rounding: Rounding) -> Result<i64, LoanError> {
        match self.amount {
            FeeAmount::Flat(fen) => Ok(fen),
            FeeAmount::Ppm(ppm) => div_round(i128::from(principal_fen) * i128::from(ppm), 1_000_000, rounding)
                .ok_or(LoanError::Overflow("a fee")),
        }
    }
}

/// The version of the product that a loan was signed under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct ProductRef {
    /// Product code.
    #[n(0)]
    pub code: String,
    /// Version of its terms.
    #[n(1)]
    pub version: u32,
}

/// The terms of one loan. Later versions of the product do not touch them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LoanTerms {
    /// Product and version signed under.
    #[n(0)]
    pub product: ProductRef,
    /// Amount signed.
    #[n(1)]
    pub principal: Money,
    /// Contract rate a year.
    #[n(2)]
    pub rate: Rate,
    /// Repayment method.
    #[n(3)]
    pub method: Method,
    /// Term; for equal instalments the number of months is the number of instalments.
    #[n(4)]
    pub term: Term,
    /// Planned day of disbursement; the real one moves the schedule with it.
    #[n(5)]
    pub start: Date,
    /// First due date where it is not one month after the start. Later ones follow its day of month.
    #[n(6)]
    pub first_due: Option<Date>,
    /// How interest of a period is found.
    #[n(7)]
    pub basis: InterestBasis,
    /// Day count of daily interest, penalty and compound interest.
    #[n(8)]
    pub day_count: DayCount,
    /// Rate a year on overdue principal, in the place of the contract rate.
    #[n(9)]
    pub penalty_rate: Rate,
    /// Interest on unpaid interest.
    #[n(10)]
    pub compound: Compound,
    /// Days after a due date within which paying costs no penalty 容时.
    #[n(11)]
    pub grace_days: u16,
    /// Fees.
    #[n(12)]
    pub fees: Vec<Fee>,
    /// In which order money pays what is owed.
    #[n(13)]
    pub pay_rule: PayRule,
    /// How fractions of a minor unit are rounded.
    #[cbor(n(14), with = "rounding_code")]
    pub rounding: Rounding,
    /// How far the contract lets itself be changed; absent, [`ChangeLimits::DEFAULT`].
    #[n(61)]
    pub change: Option<ChangeLimits>,
}

impl LoanTerms {
    /// Longest schedule, in instalments.
    pub const MONTHS_MAX: u16 = 600;
    /// Largest principal and largest amount of an event, minor units: sums of thousands of them fit.
    pub const AMOUNT_FEN_MAX: i64 = 1_000_000_000_000_000;

    /// The currency of the loan.
    pub fn currency(&self) -> Currency {
        self.principal.currency()
    }

    /// Errors, saying why, if no schedule can be made of these terms.
    pub fn check(&self) -> Result<(), LoanError> {
        let wrong = |why: &str| Err(LoanError::Terms(why.to_owned()));
        if !self.principal.is_positive() {
            return wrong("the principal must be more than nothing");
        }
        if self.principal.minor() > Self::AMOUNT_FEN_MAX {
            return wrong("the principal is larger than 10,000,000,000,000.00");
        }
        if matches!((self.method, self.term), (Method::EqualInstalments, Term::Days(_))) {
            return wrong("equal instalments need a term in months");
        }
        if self.method == Method::Bullet && self.basis == InterestBasis::Twelfth {
            return wrong("a bullet bears interest by days");
        }
        match self.term {
            Term::Months(0) | Term::Days(0) => return wrong("the term must be at least one month or day"),
            Term::Months(n) if n > Self::MONTHS_MAX => return wrong("the term is longer than 600 months"),
            Term::Days(n) if n > 18_300 => return wrong("the term is longer than 18,300 days"),
            _ => {}
        }
        if self.method == Method::Bullet && self.first_due.is_some() {
            return wrong("a bullet is due at its maturity and has no first due date");
        }
        let negative = |fee: &Fee| matches!(fee.amount, FeeAmount::Flat(n) | FeeAmount::Ppm(n) if n < 0);
        if let Some(fee) = self.fees.iter().find(|fee| negative(fee)) {
            return wrong(&format!("fee `{}` is negative", fee.code));
        }
        Ok(())
    }

    /// What the fees due at one moment come to. Errors on overflow.
    pub fn fees_fen(&self, when: FeeWhen, principal_fen: i64) -> Result<i64, LoanError> {
        self.fees.iter().filter(|fee| fee.when == when).try_fold(0i64, |sum, fee| {
            sum.checked_add(fee.amount_fen(principal_fen, self.rounding)?).ok_or(LoanError::Overflow("the fees"))
        })
    }
}

/// Codes of the rounding modes in stored terms.
pub(crate) mod rounding_code {
    use basics::Rounding;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    pub(crate) fn encode<C, W: Write>(
        rounding: &Rounding,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        let code = match rounding {
            Rounding::HalfUp => 0,
            Rounding::HalfEven => 1,
            Rounding::Floor => 2,
            Rounding::Ceiling => 3,
        };
        e.u8(code)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Rounding, DecodeError> {
        match d.u8()? {
            0 => Ok(Rounding::HalfUp),
            1 => Ok(Rounding::HalfEven),
            2 => Ok(Rounding::Floor),
            3 => Ok(Rounding::Ceiling),
            _ => Err(DecodeError::message("unknown rounding")),
        }
    }
}
