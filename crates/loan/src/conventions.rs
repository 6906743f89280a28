//! Conventions of servicing that a product may choose in the place of the house rule.
//!
//! The house rule, which holds where [`LoanTerms`](crate::LoanTerms) names no conventions: one disbursement, money
//! ahead of its time is held as a credit balance, events of one day count by rank. A product that says
//! otherwise says so here, by name; the engine is the same.

use basics::money::div_round;
use basics::{Date, Rounding};
use minicbor::{Decode, Encode};

use crate::allocation::Waterfall;
use crate::{Component, LoanError, Receipt};

/// How a loan is planned and serviced, where it is not by the house rule.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Conventions {
    /// How instalments are planned.
    #[n(0)]
    pub plan: PlanRule,
    /// In which order money pays, for every kind of receipt that is not named in `waterfalls`.
    #[n(1)]
    pub waterfall: Waterfall,
    /// Another order for some kinds of receipt.
    #[n(2)]
    pub waterfalls: Vec<(Receipt, Waterfall)>,
    /// Which components a chargeback puts back, in order; all of it principal where none are named.
    #[n(3)]
    pub chargeback: Vec<Component>,
    /// Disbursements that may follow the first.
    #[n(4)]
    pub tranches_max: u16,
    /// What taking something back does to the order in which the rest counts.
    #[n(5)]
    #[cbor(default)]
    pub undo: Undo,
    /// What may be disbursed beyond the principal signed, parts per million of it.
    #[n(6)]
    #[cbor(default)]
    pub over_signed_ppm: u32,
}

/// What taking something back does to the order in which the rest counts, where a plan follows events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Undo {
    /// The loan is as if it had never been.
    #[default]
    #[n(0)]
    AsIfNever,
    /// The life is gone through anew by date: charges added by then count from their due dates.
    #[n(1)]
    AnewByDate,
}

impl Conventions {
    /// The order in which this kind of receipt pays.
    pub fn waterfall_for(&self, receipt: Receipt) -> &Waterfall {
        self.waterfalls.iter().find(|(kind, _)| *kind == receipt).map_or(&self.waterfall, |(_, waterfall)| waterfall)
    }
}

/// When a plan learns of what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum PlanEngine {
    /// One plan from all tranches and charges, made anew whenever one is added; then money is applied to it
    /// from the beginning.
    #[n(0)]
    Cumulative,
    /// The plan follows events: a tranche or a charge changes what is still to come from its date on.
    #[n(1)]
    Progressive,
}

/// Unit of the distance between two due dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Unit {
    /// Days.
    #[n(0)]
    Days,
    /// Weeks.
    #[n(1)]
    Weeks,
    /// Months.
    #[n(2)]
    Months,
}

/// Equal instalments or equal principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Amortisation {
    /// The total of each instalment is the same.
    #[n(0)]
    EqualInstalments,
    /// The principal of each instalment is the same.
    #[n(1)]
    EqualPrincipal,
}

/// What interest is counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum InterestOn {
    /// The balance.
    #[n(0)]
    Balance,
    /// The principal as disbursed, for the whole term.
    #[n(1)]
    Principal,
}

/// By which stretch of time interest is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum InterestBy {
    /// Actual days.
    #[n(0)]
    Days,
    /// Whole periods.
    #[n(1)]
    Periods,
    /// Periods, and fractions of a period between other dates.
    #[n(2)]
    PartialPeriods,
}

/// Days of a year in the denominator of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum YearLength {
    /// As the calendar has it.
    #[n(0)]
    Actual,
    /// 360.
    #[n(1)]
    D360,
    /// 364.
    #[n(2)]
    D364,
    /// 365.
    #[n(3)]
    D365,
}

/// Days of a month in the numerator of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum MonthLength {
    /// As the calendar has it.
    #[n(0)]
    Actual,
    /// 30.
    #[n(1)]
    D30,
}

/// A share of every disbursement that is due on its date 首付.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct DownPayment {
    /// Parts per million of what is disbursed.
    #[n(0)]
    pub ppm: u32,
}

/// How interest is counted anew when the balance departs from the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Recalculation {
    /// What an early payment does to what is still to come.
    #[n(0)]
    pub advance: AdvanceRule,
    /// Whether a change of balance counts from its day.
    #[n(1)]
    pub rest: Rest,
    /// Up to which day interest is owed when the loan is paid off.
    #[n(2)]
    pub payoff: Rest,
    /// What overdue interest bears.
    #[n(3)]
    pub compounding: Compounding,
}

impl Recalculation {
    /// By the day: payments ahead lower the instalment, nothing compounds.
    pub const DAILY: Recalculation = Recalculation {
        advance: AdvanceRule::SmallerInstalments,
        rest: Rest::Daily,
        payoff: Rest::Daily,
        compounding: Compounding::None,
    };
}

/// When a change of balance begins to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Rest {
    /// From its day.
    #[n(0)]
    Daily,
    /// From the end of the running period: the due date on or after it.
    #[n(1)]
    Period,
}

/// What an early payment does to the instalments still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum AdvanceRule {
    /// Smaller instalments, same number.
    #[n(0)]
    SmallerInstalments,
    /// Same instalments, fewer of them.
    #[n(1)]
    FewerInstalments,
    /// The next instalments are what was paid.
    #[n(2)]
    NextInstalments,
    /// Same instalments; the last takes the difference.
    #[n(3)]
    LastInstalment,
}

/// Which overdue amounts bear interest beside principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Compounding {
    /// None.
    #[n(0)]
    None,
    /// Interest.
    #[n(1)]
    Interest,
    /// Fees and penalties.
    #[n(2)]
    Fee,
    /// Interest, fees and penalties.
    #[n(3)]
    InterestAndFee,
}

/// How instalments are planned.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PlanRule {
    /// When the plan learns of what happens.
    #[n(0)]
    pub engine: PlanEngine,
    /// Number of instalments, without down payments.
    #[n(1)]
    pub count: u16,
    /// Distance of the due dates, in units.
    #[n(2)]
    pub every: u16,
    /// Unit of the distance.
    #[n(3)]
    pub unit: Unit,
    /// The day from which due dates are counted; `None`: the first disbursement.
    #[n(4)]
    pub seed: Option<Date>,
    /// Equal instalments or equal principal.
    #[n(5)]
    pub amortisation: Amortisation,
    /// What interest is counted on.
    #[n(6)]
    pub interest_on: InterestOn,
    /// By which stretch of time interest is counted.
    #[n(7)]
    pub interest_by: InterestBy,
    /// Days of a year.
    #[n(8)]
    pub year: YearLength,
    /// Days of a month.
    #[n(9)]
    pub month: MonthLength,
    /// The first so many instalments carry no principal.
    #[n(10)]
    pub principal_grace: u16,
    /// The first so many instalments carry no interest; it falls due with the next.
    #[n(11)]
    pub interest_grace: u16,
    /// The last due date is so many days after the seed.
    #[n(12)]
    pub fixed_length_days: Option<u16>,
    /// A level instalment that was agreed, minor units.
    #[n(13)]
    pub fixed_instalment_fen: Option<i64>,
    /// Instalments are multiples of so many minor units.
    #[n(14)]
    pub multiple_fen: i64,
    /// A down payment on every disbursement.
    #[n(15)]
    pub down_payment: Option<DownPayment>,
    /// Interest follows the real balance.
    #[n(16)]
    pub recalculation: Option<Recalculation>,
    /// With a fixed instalment: a remainder below this share of the instalment's principal joins it, ppm.
    #[n(17)]
    pub last_threshold_ppm: u32,
}

impl PlanRule {
    /// The share of a disbursement that is due at once, rounded, then to the multiple. Errors on overflow.
    pub fn down_payment_fen(&self, amount_fen: i64, rounding: Rounding) -> Result<i64, LoanError> {
        let Some(DownPayment { ppm }) = self.down_payment else { return Ok(0) };
        let share = div_round(i128::from(amount_fen) * i128::from(ppm), 1_000_000, rounding);
        self.to_multiple(share.ok_or(LoanError::Overflow("a down payment"))?, rounding)
    }

    /// An amount rounded to the multiple of instalments. Errors on overflow.
    pub fn to_multiple(&self, fen: i64, rounding: Rounding) -> Result<i64, LoanError> {
        if self.multiple_fen <= 1 {
            return Ok(fen);
        }
        div_round(i128::from(fen), i128::from(self.multiple_fen), rounding)
            .and_then(|times| times.checked_mul(self.multiple_fen))
            .ok_or(LoanError::Overflow("an instalment"))
    }
}
