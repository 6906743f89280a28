//! The state of a line on a date: signed terms and outside events, folded.

use std::fmt;

use basics::money::format_minor;
use basics::{Date, Id};

use super::account::Account;
use super::{LineComponent, LineEvent, LineParts, LineTerms, in_order};
use crate::accrual::{Accrual, Convention};
use crate::arrears::ArrearsPath;
use crate::class::ClassMark;
use crate::rules::Rules;
use crate::standing::{Debt, DebtEnd, LoanStanding, stand};
use crate::{Accrued, Component, LoanError};

/// Whether a line may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStanding {
    /// It may.
    Open,
    /// Not until it is thawed.
    Frozen,
    /// Never again.
    Closed,
}

impl LineStanding {
    /// `open`, `frozen` or `closed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            LineStanding::Open => "open",
            LineStanding::Frozen => "frozen",
            LineStanding::Closed => "closed",
        }
    }
}

/// What moved the balance between two statements, minor units.
///
/// `opening + Σ charged − Σ covered = closing`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementFlows {
    /// Bought, and charged: purchases, instalments, interest, penalty, fees of plans, late fees.
    pub charged: LineParts,
    /// What covered any of it, or of what was open.
    pub covered: LineCovered,
}

/// What took something off the balance, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCovered {
    /// Money.
    pub paid_fen: i64,
    /// Refunds by merchants.
    pub refunded_fen: i64,
    /// Went into a plan.
    pub converted_fen: i64,
    /// Let off.
    pub waived_fen: i64,
}

impl LineCovered {
    /// All together.
    pub fn total_fen(&self) -> i64 {
        [self.paid_fen, self.refunded_fen, self.converted_fen, self.waived_fen].iter().sum()
    }

    /// Money and refunds: what counts as paid.
    pub fn counts_as_paid_fen(&self) -> i64 {
        self.paid_fen + self.refunded_fen
    }
}

/// A statement. All but `since`, `in_full` and `minimum_met` was fixed when it was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementState {
    /// From 1.
    pub number: u32,
    /// First day it covers.
    pub from: Date,
    /// The day it was cut; not itself covered.
    pub on: Date,
    /// When it is due.
    pub due: Date,
    /// What the statement before asked for.
    pub opening_fen: i64,
    /// What moved since then and before this one.
    pub flows: StatementFlows,
    /// What is asked for.
    pub closing_fen: i64,
    /// Credit balance when it was cut.
    pub credit_fen: i64,
    /// Least payment by the due date.
    pub minimum_fen: i64,
    /// What has covered it since, until the next statement took over.
    pub since: LineCovered,
    /// Whether nothing was left when the grace days ended; `None` before.
    pub in_full: Option<bool>,
    /// Whether the minimum was met when the grace days ended; `None` before.
    pub minimum_met: Option<bool>,
}

impl StatementState {
    /// What is left of it, or was when the next one took over.
    pub fn remaining_fen(&self) -> i64 {
        self.closing_fen - self.since.total_fen()
    }

    /// What the minimum still lacks, or lacked then.
    pub fn minimum_remaining_fen(&self) -> i64 {
        (self.minimum_fen - self.since.total_fen()).max(0)
    }
}

impl fmt::Display for StatementState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = format_minor;
        writeln!(f, "statement {}  {} to {}  due {}", self.number, self.from, self.on.add_days(-1), self.due)?;
        let charged = &self.flows.charged;
        let covered = &self.flows.covered;
        let lines = [
            ("opening", self.opening_fen),
            ("purchases", charged.purchase_fen),
            ("instalments", charged.instalment_fen),
            ("interest", charged.interest_fen),
            ("penalty", charged.penalty_fen),
            ("plan fees", charged.plan_fee_fen),
            ("late fees", charged.late_fee_fen),
            ("paid", -covered.paid_fen),
            ("refunded", -covered.refunded_fen),
            ("converted", -covered.converted_fen),
            ("waived", -covered.waived_fen),
        ];
        for (name, fen) in lines.iter().filter(|(name, fen)| *fen != 0 || *name == "opening") {
            writeln!(f, "  {name:<12}{:>12}", m(*fen))?;
        }
        writeln!(f, "  {:<12}{:>12}  minimum {}", "closing", m(self.closing_fen), m(self.minimum_fen))
    }
}

/// A purchase, or cash drawn, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseState {
    /// Its event.
    pub id: Id,
    /// When.
    pub on: Date,
    /// Where; `None` for cash.
    pub merchant: Option<Id>,
    /// What kind of merchant; empty for cash.
    pub category: String,
    /// Minor units.
    pub amount_fen: i64,
    /// Given back by the merchant.
    pub refunded_fen: i64,
    /// Turned into a plan.
    pub converted_fen: i64,
    /// Still to be paid, outside plans.
    pub unpaid_fen: i64,
    /// The statement it is on; `None` while it is not billed.
    pub statement: Option<u32>,
}

/// A conversion plan and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanState {
    /// The conversion's event.
    pub id: Id,
    /// The purchase it came from.
    pub purchase: Id,
    /// When.
    pub on: Date,
    /// What was converted, minor units.
    pub principal_fen: i64,
    /// Into how many instalments.
    pub instalments: u16,
    /// How many have been billed, or have fallen away.
    pub billed: u16,
    /// Principal not billed yet.
    pub unbilled_fen: i64,
    /// Fees that are still to come if it runs on.
    pub fees_to_come_fen: i64,
    /// Billed and unpaid principal.
    pub unpaid_fen: i64,
}

/// What has gone through the line from its beginning, in minor units.
///
/// `received + refunded − returned = Σ settled + credit`, and of each component
/// `owed = charged − settled − waived`, less `converted` for purchases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineTotals {
    /// Money that came in.
    pub received_fen: i64,
    /// Given back by merchants.
    pub refunded_fen: i64,
    /// Credit balance that went back.
    pub returned_fen: i64,
    /// Bought, drawn and charged; of instalments, what was converted.
    pub charged: LineParts,
    /// Of that, cash that went to the wallet.
    pub drawn_fen: i64,
    /// What money and refunds have settled.
    pub settled: LineParts,
    /// What was let off.
    pub waived: LineParts,
    /// Purchases turned into plans.
    pub converted_fen: i64,
    /// Waivers that find nothing to let off any more, as after a payment dated back before them.
    pub lapsed_fen: i64,
}

/// A claim that was written off and lives on: what is paid since is recovery 收回.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineClaim {
    /// When.
    pub on: Date,
    /// Principal that left the balance sheet, minor units.
    pub principal_fen: i64,
    /// Principal that had been settled by then, minor units.
    pub settled_before_fen: i64,
}

/// A line on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineState {
    /// Code of the product it was signed under.
    pub product: String,
    /// The end of this day.
    pub as_of: Date,
    /// Whether it may be used.
    pub standing: LineStanding,
    /// The limit.
    pub limit_fen: i64,
    /// Principal outstanding: purchases and plans, billed or not.
    pub used_fen: i64,
    /// What is owed, by component; of plans the whole principal, of interest what is billed.
    pub owed: LineParts,
    /// Of that, what is on statements.
    pub billed_fen: i64,
    /// Bought or charged since the last statement and not paid.
    pub running_fen: i64,
    /// What the minimum payments asked for so far still lack.
    pub minimum_fen: i64,
    /// Money ahead of its time.
    pub credit_fen: i64,
    /// Interest since the last statement.
    pub accrued: Accrued,
    /// What one unit of the day count's weight adds to it from here on, over the same denominator.
    pub accrues: i128,
    /// Interest at the overdue rate since the last statement.
    pub accrued_penalty: Accrued,
    /// What one unit of weight adds to that.
    pub accrues_penalty: i128,
    /// Statements, oldest first.
    pub statements: Vec<StatementState>,
    /// Purchases, oldest first.
    pub purchases: Vec<PurchaseState>,
    /// Plans, oldest first.
    pub plans: Vec<PlanState>,
    /// Due date of the oldest minimum that is not met, if that day has come.
    pub oldest_unmet_due: Option<Date>,
    /// Days from then to `as_of`; grace days count.
    pub days_past_due: u32,
    /// How long minimums were missed on every day so far.
    pub arrears: ArrearsPath,
    /// Marks that bear on its class, in order of date.
    pub marks: Vec<(Date, ClassMark)>,
    /// The claim, if it was written off and lives on beside the balance sheet 账销案存.
    pub written_off: Option<LineClaim>,
    /// The next day on which something happens by itself; `None` while nothing is owed and nothing has moved.
    pub next_date: Option<Date>,
    /// Sums from the beginning.
    pub totals: LineTotals,
}

impl LineState {
    /// `limit − used`; less than nothing while more is used than the limit allows.
    pub fn headroom_fen(&self) -> i64 {
        self.limit_fen.saturating_sub(self.used_fen)
    }

    /// What may be bought for: the headroom of an open line, never less than nothing.
    pub fn available_fen(&self) -> i64 {
        if self.standing == LineStanding::Open { self.headroom_fen().max(0) } else { 0 }
    }

    /// The newest statement.
    pub fn statement(&self) -> Option<&StatementState> {
        self.statements.last()
    }

    /// A purchase by the id of its event.
    pub fn purchase(&self, id: Id) -> Option<&PurchaseState> {
        self.purchases.iter().find(|purchase| purchase.id == id)
    }

    /// A plan by the id of its conversion.
    pub fn plan(&self, id: Id) -> Option<&PlanState> {
        self.plans.iter().find(|plan| plan.id == id)
    }

    /// Cash drawn and not paid, minor units.
    pub fn cash_fen(&self) -> i64 {
        self.purchases.iter().filter(|purchase| purchase.merchant.is_none()).map(|cash| cash.unpaid_fen).sum()
    }

    /// Principal of a written-off claim that was recovered, minor units. Errors on overflow.
    pub fn recovered_fen(&self) -> Result<i64, LoanError> {
        let Some(claim) = self.written_off else { return Ok(0) };
        let settled_fen = self.totals.settled.principal_fen()?;
        settled_fen.checked_sub(claim.settled_before_fen).ok_or(LoanError::Overflow("what was recovered"))
    }

    /// What the line holds in its group of accrued interest; `None` when none runs and none is accrued.
    ///
    /// Errors if the denominator does not fit.
    pub fn accrual(&self, terms: &LineTerms) -> Result<Option<Accrual>, LoanError> {
        if self.accrued.numerator == 0 && self.accrues == 0 {
            return Ok(None);
        }
        let denominator = i64::try_from(self.accrued.denominator);
        Ok(Some(Accrual {
            convention: Convention::Days(terms.day_count),
            denominator: denominator.map_err(|_| LoanError::Overflow("accrued interest"))?,
            numerator: self.accrued.numerator,
            rate: self.accrues,
            on: self.as_of,
        }))
    }

    /// What the line is under the rules of a day: class, income or not, stage, what is set aside.
    ///
    /// Penalty since the last statement counts as owed, in whole minor units. Errors if a figure does not fit.
    pub fn standing(&self, rules: &Rules) -> Result<LoanStanding, LoanError> {
        let dues: Vec<Date> = self.statements.iter().map(|statement| statement.due).collect();
        let mut owed = self.owed.parts()?;
        owed.put(Component::Penalty, self.accrued_penalty.floor_fen()?)?;
        let end = if self.is_clear() {
            DebtEnd::Settled
        } else {
            self.written_off.map_or(DebtEnd::Open, |claim| DebtEnd::WrittenOff(claim.on))
        };
        stand(
            rules,
            &Debt {
                product: &self.product,
                as_of: self.as_of,
                arrears: &self.arrears,
                days_past_due: self.days_past_due,
                accrual_stops_over_days: rules.accrual_stops_over_days,
                dues: &dues,
                marks: &self.marks,
                end,
                owed,
                accrued: self.accrued,
            },
        )
    }

    /// Whether nothing is owed, billed or not, and no interest waits to be billed.
    pub fn is_clear(&self) -> bool {
        LineComponent::ALL.iter().all(|component| self.owed.get(*component) == 0)
            && self.credit_fen >= 0
            && self.accrued.numerator == 0
            && self.accrued_penalty.numerator == 0
    }
}

/// The state of a line at the end of `as_of`.
///
/// Events in any order give the same state; those dated later are left out, except that a reversal takes its
/// target away on every date. Every list of [accepted](super::accept()) events has a state.
///
/// Errors if the terms cannot be run, if an amount is not positive (never accepted), or if a figure does not fit.
///
/// ```
/// use basics::{Currency, Date, Id, Money};
/// use loan::Term;
/// use loan::line::{LineEvent, LineHappening, fold};
/// let product = loan::product::shipped("revolving-consumer-line")?;
/// let opened = Date::ymd(2026, 3, 2)?;
/// let limit = Money::parse("5000", Currency::CNY)?;
/// let terms = product.line_terms(limit, Term::Months(12), opened, product.price(None)?)?;
/// let merchant = Id::from_u128(77);
/// let buy = |amount_fen| LineHappening::Purchased { merchant, category: "appliances".to_owned(), amount_fen };
/// let mut life = vec![
///     LineEvent::new(1, Date::ymd(2026, 3, 5)?, buy(60_000)),
///     LineEvent::new(2, Date::ymd(2026, 3, 20)?, buy(40_000)),
/// ];
/// let state = fold(&terms, &life, Date::ymd(2026, 4, 1)?)?;
/// assert_eq!((state.billed_fen, state.minimum_fen), (100_000, 10_000));
///
/// // A refund after the statement counts as paid.
/// let refund = LineHappening::Refunded { purchase: Id::from_u128(1), amount_fen: 15_000 };
/// life.push(LineEvent::new(3, Date::ymd(2026, 4, 3)?, refund));
/// let state = fold(&terms, &life, Date::ymd(2026, 4, 3)?)?;
/// assert_eq!(state.statement().map(|s| s.closing_fen), Some(100_000));
/// assert_eq!((state.minimum_fen, state.available_fen()), (0, 415_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fold(terms: &LineTerms, events: &[LineEvent], as_of: Date) -> Result<LineState, LoanError> {
    terms.check()?;
    let mut account = Account::new(terms);
    for event in in_order(events) {
        if event.value_date > as_of {
            break;
        }
        account.advance(event.value_date)?;
        account.apply(event)?;
    }
    account.advance(as_of)?;
    account.state(as_of)
}
