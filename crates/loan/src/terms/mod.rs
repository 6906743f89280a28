//! What was signed: the terms of one loan, as its contract fact keeps them.
//!
//! Terms are data. What they mean is in [`schedule`](crate::schedule()) (the plan), [`cost`](crate::cost)
//! (what it costs) and the [fold](crate::fold()) (what becomes of it). Fields that were added later are absent from
//! older contracts and then mean what was so before there was a choice.

mod check;
mod conduct;
mod fee;
mod method;
mod opening;
mod plan;

use basics::{Currency, Date, DayCount, Frequency, Money, Rate, Rounding};
use minicbor::{Decode, Encode};

pub use conduct::{
    Conditions, EventRule, GuaranteeForm, GuaranteeNeed, GuaranteeRule, PayoutMode, PayoutRule, PrepayStrategy,
    Prepaying, PrepaymentRule, RateReset, RateRule, SpouseRule,
};
pub use fee::{Fee, FeeAmount, FeeBase, FeeDate, FeeKind, FeeWhen};
pub use method::{Compound, InterestBasis, Method, Term};
pub use opening::{Opening, OpeningOverdue};
pub use plan::{DrawRule, DueRoll, FixedRow, Grace, PlanRow, Settlement, SettlementCycle, Tranche};

use crate::arrears::ReAge;
use crate::conventions::Conventions;
use crate::season::{ChangeLimits, SeasonTerms};
use crate::{LoanError, PayOrder, PayPath, PayRule};

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
    /// Term. Where principal is repaid in instalments, their number is the term over the spacing.
    #[n(4)]
    pub term: Term,
    /// Planned day of disbursement; the real one moves the schedule with it.
    #[n(5)]
    pub start: Date,
    /// First due date where it is not one spacing after the start. Later ones are counted from it.
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
    /// How far apart instalments are.
    #[n(15)]
    #[cbor(default)]
    pub spacing: Frequency,
    /// Days on which interest is settled, instead of every spacing, where principal comes at the end or by rows.
    #[n(16)]
    pub settlement: Option<Settlement>,
    /// Rows of a seasonal plan.
    #[n(17)]
    #[cbor(default)]
    pub rows: Vec<PlanRow>,
    /// Instalments at the beginning without principal or interest.
    #[n(18)]
    #[cbor(default)]
    pub grace: Grace,
    /// Part of the principal that is paid back on the day it is disbursed 首付, parts per million.
    #[n(19)]
    #[cbor(default)]
    pub down_payment_ppm: i64,
    /// Planned parts of the disbursement; none is all of it on the start.
    #[n(20)]
    #[cbor(default)]
    pub tranches: Vec<Tranche>,
    /// The last due date is so many days after the start, whatever the spacing says.
    #[n(21)]
    pub fixed_length_days: Option<u16>,
    /// Instalments are multiples of this many minor units, but for the last; 0 and 1 are no rule.
    #[n(22)]
    #[cbor(default)]
    pub instalment_multiple_fen: i64,
    /// How due dates that are no business days move.
    #[n(23)]
    pub roll: Option<DueRoll>,
    /// The published rate that the contract rate follows; `None` is a rate of its own, fixed.
    #[n(24)]
    pub rate_rule: Option<RateRule>,
    /// What may be paid back before it is due; `None` is anything at any time at no cost.
    #[n(25)]
    pub prepayment: Option<PrepaymentRule>,
    /// Who receives the money; `None` is the borrower.
    #[n(26)]
    pub payout: Option<PayoutRule>,
    /// Spouse, guarantee, evidence, insurance, declared events, misuse.
    #[n(27)]
    pub conditions: Option<Conditions>,
    /// Days past due after which interest is not accrued as income any more; `None` leaves it to the rule pack.
    #[n(28)]
    pub non_accrual_days: Option<u16>,
    /// Rows of a custom plan.
    #[n(29)]
    #[cbor(default)]
    pub fixed_rows: Vec<FixedRow>,
    /// Region, crops and rows of a seasonal loan.
    #[n(60)]
    pub season: Option<SeasonTerms>,
    /// How far the contract lets itself be changed; absent, [`ChangeLimits::DEFAULT`], and nothing is put off to more than a year after
    /// the plan's end.
    #[n(61)]
    pub change: Option<ChangeLimits>,
    /// Whether overdue principal may be spread over a new plan (re-age, re-amortise), and what that does to days past due;
    /// `None`: the contract offers no such plan, and arrears are extended or restructured.
    #[n(62)]
    pub re_age: Option<ReAge>,
    /// How the principal may be drawn in parts; `None`: in one sum.
    #[n(63)]
    pub draws: Option<DrawRule>,
    /// Conventions of planning and servicing, where they are not the house rule.
    #[n(30)]
    pub conventions: Option<Box<Conventions>>,
    /// Whether what is due may be taken from the borrower's wallet 自动扣款, as the contract says.
    #[n(90)]
    #[cbor(default)]
    pub collected: bool,
    /// Where it stood when its book was taken over; `None` for a loan that began here.
    #[n(110)]
    pub opening: Option<Opening>,
}

impl LoanTerms {
    /// Longest schedule, in instalments.
    pub const MONTHS_MAX: u16 = 600;
    /// Longest term in days.
    pub const DAYS_MAX: u16 = 18_300;
    /// Most planned parts of a disbursement.
    pub const TRANCHES_MAX: usize = 60;
    /// Largest principal and largest amount of an event, minor units: sums of thousands of them fit.
    pub const AMOUNT_FEN_MAX: i64 = 1_000_000_000_000_000;

    /// Terms with nothing special: no fees, no grace, no penalty, monthly, actual/360, rounded half up; interest by
    /// whole periods for methods in instalments and by days for all others.
    ///
    /// ```
    /// use basics::{Currency, Date, Money, Rate};
    /// use loan::{LoanTerms, Method, Term};
    /// let terms = LoanTerms {
    ///     grace_days: 3,
    ///     ..LoanTerms::plain(
    ///         Money::parse("10000.00", Currency::CNY)?,
    ///         Rate::parse_percent("6")?,
    ///         Method::EqualPrincipal,
    ///         Term::Months(12),
    ///         Date::ymd(2026, 3, 5)?,
    ///     )
    /// };
    /// assert!(terms.check().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plain(principal: Money, rate: Rate, method: Method, term: Term, start: Date) -> LoanTerms {
        LoanTerms {
            product: ProductRef { code: "plain".to_owned(), version: 1 },
            principal,
            rate,
            method,
            term,
            start,
            first_due: None,
            basis: if method.is_in_instalments() { InterestBasis::Twelfth } else { InterestBasis::Daily },
            day_count: DayCount::Actual360,
            penalty_rate: Rate::ZERO,
            compound: Compound::None,
            grace_days: 0,
            fees: Vec::new(),
            pay_rule: PayRule { order: PayOrder::COSTS_INTEREST_PRINCIPAL, path: PayPath::ByInstalment, late: None },
            rounding: Rounding::HalfUp,
            spacing: Frequency::MONTHLY,
            settlement: None,
            rows: Vec::new(),
            grace: Grace::default(),
            down_payment_ppm: 0,
            tranches: Vec::new(),
            fixed_length_days: None,
            instalment_multiple_fen: 0,
            roll: None,
            rate_rule: None,
            prepayment: None,
            payout: None,
            conditions: None,
            non_accrual_days: None,
            fixed_rows: Vec::new(),
            season: None,
            change: None,
            re_age: None,
            draws: None,
            conventions: None,
            collected: false,
            opening: None,
        }
    }

    /// The currency of the loan.
    pub fn currency(&self) -> Currency {
        self.principal.currency()
    }

    /// Whether interest grows by days of a day count, not as a rounded amount spread over its period.
    pub fn grows_by_days(&self) -> bool {
        self.basis == InterestBasis::Daily && self.day_count.adds_up_by_days()
    }

    /// The day on which the term ends for a loan disbursed on `start`: due dates lie on or before it.
    ///
    /// Errors outside the accepted years.
    pub fn term_end(&self, start: Date) -> Result<Date, LoanError> {
        match self.term {
            Term::Months(months) => Ok(start.add_months(i32::from(months))?),
            Term::Days(days) => Ok(start.add_days(i32::from(days))),
        }
    }

    /// How many instalments there are for a loan disbursed on `start`: the term over the spacing.
    ///
    /// Errors if the term is not a whole number of months or quarters where the spacing counts those, if there would
    /// be none, or more than [`MONTHS_MAX`](Self::MONTHS_MAX).
    pub fn instalment_count(&self, start: Date) -> Result<u16, LoanError> {
        let wrong = |why: String| LoanError::Terms(why);
        let count = match (self.term, self.spacing.in_months(), self.spacing.in_days()) {
            (Term::Months(months), Some(every), _) => {
                let months = i32::from(months);
                if months % every != 0 {
                    return Err(wrong(format!(
                        "a term of {months} months is no whole number of periods {}",
                        self.spacing
                    )));
                }
                months / every
            }
            (Term::Days(days), None, Some(every)) => i32::from(days) / every,
            (Term::Months(_), None, Some(every)) => (self.term_end(start)? - start) / every,
            (Term::Days(_), ..) | (Term::Months(_), None, None) => {
                return Err(wrong("instalments by months or quarters need a term in months".to_owned()));
            }
        };
        match u16::try_from(count) {
            Ok(0) | Err(_) => Err(wrong(format!("the term is shorter than one period {}", self.spacing))),
            Ok(count) if count > Self::MONTHS_MAX => Err(wrong(format!("{count} instalments are more than 600"))),
            Ok(count) => Ok(count),
        }
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
