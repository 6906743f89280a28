//! The plan that is drawn up once: a level instalment or equal principal, worked out at the start, and what
//! payments ahead of time or overdue principal do to the periods still to come.

use basics::money::div_round;
use basics::{Date, Rate, Rounding};
use minicbor::{Decode, Encode};

use super::convention::round_to_multiple;
use super::drawing::Drawing;
use super::level::level_fen;
use super::weight::{Factor, year_days};
use super::{Amortisation, Arithmetic, DueDates, InterestOn, Period, Recalculation, Spacing, Unit, YearLength};
use crate::LoanError;

/// How the interest of a period is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum PeriodInterest {
    /// By actual days in a year; the level instalment is worked out with months of 30 days.
    #[n(0)]
    Days(#[n(0)] YearLength),
    /// By whole periods at their share of the year, whatever the dates.
    #[n(1)]
    Whole,
    /// By whole periods and, where the dates are not whole periods apart, their fraction by days.
    #[n(2)]
    WholeAndPart,
}

/// The terms of a cumulative plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cumulative {
    /// Due dates.
    pub dates: DueDates,
    /// Rate a year.
    pub rate: Rate,
    /// What bears interest.
    pub interest_on: InterestOn,
    /// How the interest of a period is counted.
    pub period_interest: PeriodInterest,
    /// What is equal.
    pub equal: Amortisation,
    /// So many first instalments carry no principal.
    pub principal_grace: u16,
    /// So many first instalments carry no interest; it falls due with the next. Flat interest of equal instalments is
    /// spread over those that carry it.
    pub interest_grace: u16,
    /// Of every amount.
    pub rounding: Rounding,
    /// Instalments (principal, under flat interest) are multiples of this many minor units; 1 for any amount.
    pub multiple_fen: i64,
    /// What the level instalment is worked out on, where that is not what was disbursed: the whole amount signed,
    /// under tranches.
    pub level_on_fen: Option<i64>,
    /// An instalment agreed on instead of the level one.
    pub fixed: Option<FixedInstalment>,
    /// How the plan follows payments.
    pub recalculation: Recalculation,
    /// Changes agreed on later, by instalment. Moved due dates are in `dates`.
    pub changes: Vec<TermChange>,
}

/// A change of the terms from an instalment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TermChange {
    /// The first instalment that it holds for, from 1.
    pub number: u16,
    /// What changes.
    pub kind: TermChangeKind,
}

/// What changes from an instalment on. Principal and level instalment are spread again over what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TermChangeKind {
    /// So many more instalments; flat interest that is left is spread over them.
    Longer(u16),
    /// So many instalments carry no principal, and as many are added.
    PrincipalGrace(u16),
    /// So many instalments carry no interest, which falls due with the next; none are added.
    InterestGrace(u16),
    /// Another rate a year.
    Rate(Rate),
}

/// An instalment that was agreed on: as many follow as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct FixedInstalment {
    /// Minor units.
    #[n(0)]
    pub amount_fen: i64,
    /// A remainder below this share of an instalment's principal joins it, parts per million.
    #[n(1)]
    pub threshold_ppm: i64,
}

/// Money paid out to be amortised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tranche {
    /// Day of disbursement.
    pub date: Date,
    /// Minor units, without what is paid down at once.
    pub amount_fen: i64,
}

/// Money paid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Payment {
    /// Value date.
    pub date: Date,
    /// Minor units.
    pub amount_fen: i64,
}

/// What is paid down at once of a disbursement: its share, rounded, then rounded to the multiple of instalments.
///
/// Errors if it does not fit or the multiple is not positive.
pub fn down_payment_fen(
    disbursed_fen: i64,
    share: Rate,
    multiple_fen: i64,
    rounding: Rounding,
) -> Result<i64, LoanError> {
    let part = div_round(i128::from(disbursed_fen) * i128::from(share.ppm()), 1_000_000, rounding);
    part.and_then(|part| round_to_multiple(part, multiple_fen, rounding)).ok_or(TOO_LARGE)
}

/// One row of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlanRow {
    /// First day of interest and due date.
    pub period: Period,
    /// Principal due.
    pub principal_fen: i64,
    /// Interest due.
    pub interest_fen: i64,
    /// Balance after it.
    pub balance_after_fen: i64,
}

impl PlanRow {
    /// Principal and interest.
    pub fn total_fen(&self) -> i64 {
        self.principal_fen.saturating_add(self.interest_fen)
    }
}

/// What would close a loan on a date, charges that are not yet due apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Closing {
    /// Principal.
    pub principal_fen: i64,
    /// Interest.
    pub interest_fen: i64,
    /// Charges due and not paid.
    pub charges_fen: i64,
}

/// What has happened to a running loan, as far as it changes the plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Happened<'a> {
    /// Rows that stay as they are: those before the day from which the plan is drawn up again.
    pub kept: &'a [PlanRow],
    /// All payments, by date.
    pub payments: &'a [Payment],
    /// Charges that payments meet before interest: due date and amount, by date.
    pub charges: &'a [Payment],
    /// The day on which the plan is drawn up: overdue principal bears interest up to it. None for a plan that
    /// does not follow payments.
    pub today: Option<Date>,
}

pub(super) const TOO_LARGE: LoanError = LoanError::Overflow("a plan of instalments");

impl Cumulative {
    /// The plan of `tranches`, by date, all paid as due.
    ///
    /// Errors if there are none, or a figure does not fit.
    ///
    /// ```
    /// use basics::{Date, Rate, Rounding};
    /// use loan::plan::{Cumulative, DueDates, Amortisation, InterestOn, PeriodInterest, Recalculation, Spacing, Tranche};
    /// let start = Date::ymd(2026, 1, 1)?;
    /// let terms = Cumulative {
    ///     dates: DueDates::new(start, start, Spacing::MONTHLY, 3)?,
    ///     rate: Rate::parse_percent("12")?,
    ///     interest_on: InterestOn::Balance,
    ///     period_interest: PeriodInterest::Whole,
    ///     equal: Amortisation::EqualPrincipal,
    ///     principal_grace: 0,
    ///     interest_grace: 0,
    ///     rounding: Rounding::HalfUp,
    ///     multiple_fen: 1,
    ///     level_on_fen: None,
    ///     fixed: None,
    ///     recalculation: Recalculation::DAILY,
    ///     changes: Vec::new(),
    /// };
    /// let rows = terms.rows(&[Tranche { date: start, amount_fen: 300_000 }])?;
    /// let due: Vec<_> = rows.iter().map(|row| (row.principal_fen, row.interest_fen)).collect();
    /// assert_eq!(due, [(100_000, 3_000), (100_000, 2_000), (100_000, 1_000)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rows(&self, tranches: &[Tranche]) -> Result<Vec<PlanRow>, LoanError> {
        self.replan(tranches, Happened::default())
    }

    /// The plan of `tranches` drawn up again after what has happened.
    ///
    /// Rows that are kept stay. In the others, a payment ahead of its time lowers the base of interest from its
    /// rest date; where it is more than the principal of its period it becomes that principal, and
    /// [`AdvanceRule`](super::AdvanceRule) says what the excess does. Overdue principal bears interest up to the rest date of today.
    ///
    /// Errors if there are no tranches, or a figure does not fit.
    pub fn replan(&self, tranches: &[Tranche], happened: Happened<'_>) -> Result<Vec<PlanRow>, LoanError> {
        let Some(first) = tranches.first() else {
            return Err(LoanError::Terms("a plan needs a disbursement".to_owned()));
        };
        if self.multiple_fen < 1 || tranches.iter().any(|tranche| tranche.amount_fen < 0) {
            return Err(LoanError::Terms("amounts of a plan must not be negative".to_owned()));
        }
        let disbursed = tranches.iter().try_fold(0i64, |sum, t| sum.checked_add(t.amount_fen)).ok_or(TOO_LARGE)?;
        Drawing::new(self, first.date, disbursed, tranches, happened)?.draw()
    }

    /// What would close the loan on `date`: all that is open of rows due until then, the rest of the principal, and
    /// the interest of the running period up to that day or its rest date, as the terms say.
    ///
    /// Errors as [`replan`](Cumulative::replan) does.
    pub fn pay_off(&self, tranches: &[Tranche], happened: Happened<'_>, date: Date) -> Result<Closing, LoanError> {
        let Some(first) = tranches.first() else {
            return Err(LoanError::Terms("a plan needs a disbursement".to_owned()));
        };
        let out: Vec<Tranche> = tranches.iter().filter(|tranche| tranche.date <= date).copied().collect();
        let disbursed = out.iter().try_fold(0i64, |sum, t| sum.checked_add(t.amount_fen)).ok_or(TOO_LARGE)?;
        Drawing::new(self, first.date, disbursed, &out, happened)?.close_on(date)
    }

    /// Interest of one minor unit over a stretch of days. `None` if it does not fit.
    pub(super) fn factor(&self, rate: Rate, from: Date, to: Date) -> Option<Factor> {
        let ppm = i128::from(rate.ppm());
        let days = i128::from((to - from).max(0));
        let every = i128::from(self.dates.spacing.every);
        let (numerator, denominator) = match self.period_interest {
            PeriodInterest::Days(year) => (days, i128::from(fixed_year(year))),
            PeriodInterest::Whole => (every, self.periods_a_year()),
            PeriodInterest::WholeAndPart => {
                let (n, d) = self.periods_between(from, to)?;
                (n, d * self.periods_a_year())
            }
        };
        Some(Factor { numerator: ppm * numerator, denominator: denominator * 1_000_000 })
    }

    /// Interest of one minor unit over a nominal period, for the level instalment.
    fn level_factor(&self, rate: Rate) -> Factor {
        let Spacing { every, unit } = self.dates.spacing;
        let every = i128::from(every);
        let (numerator, denominator) = match (self.period_interest, unit) {
            (PeriodInterest::Days(year), Unit::Months) => (every * 30, i128::from(fixed_year(year))),
            (PeriodInterest::Days(year), Unit::Weeks) => (every * 7, i128::from(fixed_year(year))),
            (PeriodInterest::Days(year), Unit::Days) => (every, i128::from(fixed_year(year))),
            (PeriodInterest::Whole | PeriodInterest::WholeAndPart, _) => (every, self.periods_a_year()),
        };
        Factor { numerator: i128::from(rate.ppm()) * numerator, denominator: denominator * 1_000_000 }
    }

    fn periods_a_year(&self) -> i128 {
        match self.dates.spacing.unit {
            Unit::Days => 365,
            Unit::Weeks => 52,
            Unit::Months => 12,
        }
    }

    /// Units of the spacing between two dates, as a fraction: whole ones, and the rest by days of the next.
    fn periods_between(&self, from: Date, to: Date) -> Option<(i128, i128)> {
        let days = i128::from((to - from).max(0));
        match self.dates.spacing.unit {
            Unit::Days => Some((days, 1)),
            Unit::Weeks => Some((days, 7)),
            Unit::Months => {
                let guess = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month() - from.month());
                let whole = if from.add_months(guess).ok()? > to { guess - 1 } else { guess };
                let (start, end) = (from.add_months(whole).ok()?, from.add_months(whole + 1).ok()?);
                let length = i128::from(end - start);
                Some((i128::from(whole) * length + i128::from(to - start), length))
            }
        }
    }

    /// A level instalment, or level principal, over `count` periods.
    pub(super) fn level(&self, rate: Rate, balance_fen: i64, count: u16) -> Option<i64> {
        let count = count.max(1);
        match self.equal {
            Amortisation::EqualPrincipal => div_round(i128::from(balance_fen), i128::from(count), self.rounding),
            Amortisation::EqualInstalments => {
                let factor = self.level_factor(rate);
                let periods = (0..count).map(|_| std::iter::once(factor));
                level_fen(balance_fen, periods, Arithmetic::Exact, self.rounding, self.multiple_fen)
            }
        }
    }

    /// Interest of a flat loan over the term of so many instalments: `principal × rate × term`, rounded.
    pub(super) fn flat_interest_fen(&self, rate: Rate, principal_fen: i64, count: u16) -> Option<i64> {
        let factor = match self.period_interest {
            PeriodInterest::Days(_) => self.factor(rate, self.dates.start, self.dates.due(count).ok()?)?,
            PeriodInterest::Whole | PeriodInterest::WholeAndPart => {
                let Factor { numerator, denominator } = self.level_factor(rate);
                Factor { numerator: numerator * i128::from(count), denominator }
            }
        };
        factor.interest_fen(principal_fen, Arithmetic::Exact, self.rounding)
    }
}

fn fixed_year(year: YearLength) -> i32 {
    match year {
        YearLength::Actual => 365,
        other => year_days(other, Date::default()),
    }
}
