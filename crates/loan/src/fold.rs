//! The state of a loan on a date: signed terms and outside events, folded.
//!
//! A day runs so: what is due that day falls due, credit balance pays it, then the day's events
//! happen in the order of [`life`](crate::life). Days of interest count the first and not the last, so the
//! state on the due date has the whole period's interest and none of the next.
//!
//! - **Overdue.** What is due and unpaid makes the loan overdue from the day after. Overdue principal bears
//!   the penalty rate in the place of the contract rate. An instalment that is met within the grace days
//!   costs no penalty; one that is not bears it from its due date on. Penalty alone, once
//!   principal, interest and fees are met, makes no day past due, but the loan is not closed before it is paid.
//! - **Money ahead of its time** is a credit balance that pays what falls due next. As soon as it is enough
//!   for everything that is still owed with interest for the actual days, the loan is closed with it.
//! - **A waiver** lets off what is due on its date, oldest first; what is more than that lapses.

use basics::money::div_round;
use basics::{Date, Rate, Rounding};
use minicbor::{Decode, Encode};

use crate::act::Bearings;
use crate::charge::ChargeState;
use crate::life::in_order;
use crate::servicing::Servicing;
use crate::servicing::order::as_recorded;
use crate::{ArrearsPath, Component, LifeEvent, LoanError, LoanTerms, Parts, Posted, Schedule};

/// Where a loan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum LoanStatus {
    /// Signed, not disbursed.
    #[n(0)]
    Signed,
    /// Disbursed, nothing overdue.
    #[n(1)]
    Active,
    /// Something that was due is not paid.
    #[n(2)]
    Overdue,
    /// Nothing is owed any more.
    #[n(3)]
    Closed,
}

/// One instalment and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstalmentState {
    /// Number in the schedule.
    pub number: u16,
    /// When it is or was due; the day the loan was paid off for instalments brought forward.
    pub due_on: Date,
    /// Whether that day has come.
    pub is_due: bool,
    /// What it asks for. Penalty and compound interest are those run up to the state's date.
    pub due: Parts,
    /// What has been paid of it.
    pub paid: Parts,
    /// What has been let off.
    pub waived: Parts,
    /// The day from which principal, interest and fees were met.
    pub met_on: Option<Date>,
    /// What kind of row it is.
    pub kind: RowKind,
    /// First day of its period.
    pub from: Date,
    /// What refunds and chargebacks added to what was planned; a part of `due`.
    pub credited: Parts,
    /// What has been written off.
    pub written_off: Parts,
    /// Paid before the due date, all components, minor units; kept only where money pays ahead of its time.
    pub ahead_fen: i64,
    /// Paid after the due date, all components, minor units; kept only where money pays ahead of its time.
    pub late_fen: i64,
}

/// Kinds of rows among the instalments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// An instalment of the plan, or what is due at disbursement.
    Regular,
    /// The share of a disbursement due on its date.
    DownPayment,
    /// After maturity: a charge that falls due then, or a refund or chargeback that came then.
    AfterMaturity,
    /// Made when the loan was re-aged.
    Reaged,
}

impl InstalmentState {
    /// What is neither paid nor waived of one component. Never less than nothing.
    pub fn unpaid_fen(&self, component: Component) -> i64 {
        let settled = self.paid.get(component).saturating_add(self.waived.get(component));
        let settled = settled.saturating_add(self.written_off.get(component));
        self.due.get(component).saturating_sub(settled).max(0)
    }
}

/// An exact amount of minor units: `numerator / denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accrued {
    /// Numerator.
    pub numerator: i128,
    /// Denominator, more than 0.
    pub denominator: i128,
}

impl Accrued {
    /// Nothing.
    pub const ZERO: Accrued = Accrued { numerator: 0, denominator: 1 };

    /// Whole minor units: what the ledger shows as accrued for this loan alone.
    pub fn floor_fen(&self) -> Result<i64, LoanError> {
        self.round_fen(Rounding::Floor)
    }

    /// Rounded: what is asked for if it falls due now.
    pub fn round_fen(&self, rounding: Rounding) -> Result<i64, LoanError> {
        div_round(self.numerator, self.denominator, rounding).ok_or(LoanError::Overflow("accrued interest"))
    }
}

/// A run of days over which interest grows evenly: `numerator × weight / denominator`.
///
/// By days of a day count, the numerator is balance × rate in ppm and the denominator 10⁶ × year;
/// by period, the numerator is the period's rounded interest and the denominator its days, so that the
/// last day lands on it exactly. Loans of one denominator add up in a group by their numerators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First day of interest.
    pub from: Date,
    /// The day after the last day of interest.
    pub until: Date,
    /// What one unit of weight adds.
    pub numerator: i128,
    /// Of the sum.
    pub denominator: i128,
}

/// What overdue money of one instalment adds day by day: balance × rate, by the loan's day count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Penalty or compound interest.
    pub what: Component,
    /// Number of the instalment.
    pub instalment: u16,
    /// What bears it, minor units.
    pub balance_fen: i64,
    /// Rate a year.
    pub rate: Rate,
}

/// What has gone through the loan from its beginning, in minor units.
///
/// `received − refunded − Σ paid = credit balance`, and principal outstanding is `disbursed − paid.principal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Paid out to the borrower.
    pub disbursed_fen: i64,
    /// Money that came in.
    pub received_fen: i64,
    /// Credit balance that went back, and money that had paid.
    pub refunded_fen: i64,
    /// What of `received_fen` was granted.
    pub granted: Granted,
    /// What has fallen due; penalty and compound interest as run up.
    pub billed: Parts,
    /// What money has paid.
    pub paid: Parts,
    /// What was let off.
    pub waived: Parts,
}

/// What counts as received though no money came, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// By courtesy 善意减让.
    pub goodwill_fen: i64,
    /// Charges given back as if they had been paid, by the component they were owed as.
    pub adjusted: Parts,
}

/// A loan on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoanState {
    /// Code of the product it was signed under.
    pub product: String,
    /// The end of this day.
    pub as_of: Date,
    /// Where it stands.
    pub status: LoanStatus,
    /// The plan since disbursement; `None` before.
    pub schedule: Option<Schedule>,
    /// The instalments of the plan and what became of them.
    pub instalments: Vec<InstalmentState>,
    /// How long it was in arrears on every day so far, right after back-dating too.
    pub arrears: ArrearsPath,
    /// Sums from the beginning.
    pub totals: Totals,
    /// What each event did, in the order in which they count.
    pub trace: Vec<Posted>,
    /// Principal not yet paid, due or not.
    pub principal_fen: i64,
    /// Interest of the running period, not yet due.
    pub accrued: Accrued,
    /// How it grows; `None` when nothing runs.
    pub segment: Option<Segment>,
    /// How penalty and compound interest grow on what is overdue; empty when nothing is.
    pub growing: Vec<Growth>,
    /// Contract rate a year on this date.
    pub rate: Rate,
    /// Rate a year on overdue principal on this date.
    pub penalty_rate: Rate,
    /// What is known of it beside its money: links, marks, officer, death of the borrower.
    pub bearings: Bearings,
    /// Money ahead of its time; less than nothing if more was refunded than there was.
    pub credit_fen: i64,
    /// What would close the loan today, over and above the credit balance.
    pub payoff_fen: i64,
    /// Due date of the oldest instalment with principal, interest or fees unpaid, if that day has come.
    pub oldest_unpaid_due: Option<Date>,
    /// Days from then to `as_of`; grace days count.
    pub days_past_due: u32,
    /// The next due date after `as_of`.
    pub next_due: Option<Date>,
    /// The next day on which grace ends and a penalty appears.
    pub grace_ends: Option<Date>,
    /// The next day on which a fee on default falls on what is unpaid.
    pub late_fee_on: Option<Date>,
    /// Days past due after which the contract stops taking interest as income; `None` leaves it to the rules.
    pub non_accrual_days: Option<u16>,
    /// The day on which nothing was owed any more.
    pub closed_on: Option<Date>,
    /// Charges, in the order in which they were added.
    pub charges: Vec<ChargeState>,
    /// The day on which the loan was taken out of income and assets.
    pub charged_off_on: Option<Date>,
    /// The day on which what was owed was written off.
    pub written_off_on: Option<Date>,
    /// Waivers that found nothing to let off, minor units.
    pub waiver_lapsed_fen: i64,
}

impl LoanState {
    /// What is due and unpaid, by component.
    pub fn overdue_parts(&self) -> Result<Parts, LoanError> {
        let mut sum = Parts::ZERO;
        for row in self.instalments.iter().filter(|row| row.is_due) {
            for component in Component::ALL {
                sum.put(component, row.unpaid_fen(component))?;
            }
        }
        Ok(sum)
    }

    /// The ledger's accrued interest for this loan alone, in whole minor units.
    pub fn accrued_floor_fen(&self) -> Result<i64, LoanError> {
        self.accrued.floor_fen()
    }
}

/// The state of a loan at the end of `as_of`.
///
/// Events in any order give the same state; those dated later are left out, except that a
/// reversal takes its target away on every date. Every list of [accepted](crate::accept) events has a state.
///
/// Errors if the terms make no schedule, if a second disbursement or an amount of nothing is among the
/// events (neither is ever accepted), or if a figure does not fit.
pub fn fold(terms: &LoanTerms, events: &[LifeEvent], as_of: Date) -> Result<LoanState, LoanError> {
    terms.check()?;
    let mut servicing = Servicing::new(terms);
    let life = match &terms.conventions {
        Some(conventions) => as_recorded(conventions, events),
        None => in_order(events).into_iter().map(|event| (event.value_date, event)).collect(),
    };
    servicing.look_ahead(&life, as_of);
    for (counts_on, event) in life.into_iter().filter(|(_, event)| event.value_date <= as_of) {
        servicing.advance(counts_on.min(as_of))?;
        servicing.apply(event)?;
    }
    servicing.advance(as_of)?;
    servicing.state(as_of)
}
