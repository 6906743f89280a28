//! What lender and borrower do to a running loan beside paying it: prepayment, extension, restructuring, a new
//! rate, misuse, links between notes, and what a person judges.
//!
//! All are dated events of the loan's [life](crate::life). Each can be taken back by a reversal, and then the loan is as if
//! it had never been. What they mean for class and provision a [rule pack](crate::rules) says; none of them makes a day
//! past due undone.
//!
//! - **Prepayment** 提前还款 pays what is due, then the product's fee, then principal that is not due yet. Interest of the
//!   running period is for the actual days on the actual balance, and stays due on its date.
//! - **Extension** 展期 moves the end of a loan that is not past due, before it has come.
//! - **Restructuring** 重组 gives all outstanding principal new rows, what is overdue too; interest and penalty that are due stay due.
//! - **A new rate** 重定价 counts from its date; the running period's interest is split there, exactly.
//! - **Write-off** 核销 takes the claim off the balance sheet and keeps it beside it 账销案存: what the borrower owes, guarantor
//!   and days past due stay. What comes in then is recovery: principal restores the allowance first, interest is income.
//! - **Misuse** 挪用: the misuse rate takes the place of the contract rate from its date on; on overdue
//!   principal the heavier of misuse and overdue penalty counts, never both. What it adds is asked for as penalty, with the running instalment.

mod accept;
pub mod reset;
mod rules;

use basics::{Date, Id, Rate};
use minicbor::{Decode, Encode};

use crate::class::RenewalStanding;
use crate::season::{Consents, ReplanRow};
use crate::terms::PrepayStrategy;
use crate::{LoanError, LoanState, Parts};

pub(crate) use accept::{accept_act, counts_from};
pub use rules::{Met, Renewal, check_extension, check_renewal, extension_rate, penalty_in_proportion};

/// Principal paid back before it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Prepayment {
    /// What came in, minor units.
    #[n(0)]
    pub amount_fen: i64,
    /// What it does to the plan.
    #[n(1)]
    pub strategy: PrepayStrategy,
}

/// A change of contract: other rows, and perhaps another rate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Alteration {
    /// The rows from its date on.
    #[n(0)]
    pub plan: AlteredPlan,
    /// Contract rate from its date on, if it changes.
    #[n(1)]
    pub rates: Option<NewRates>,
    /// Why, in words.
    #[n(2)]
    pub reason: String,
    /// Who agreed to it.
    #[n(3)]
    pub consent: Consents,
}

/// Which rows a change lays.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum AlteredPlan {
    /// Those there are, with interest anew.
    #[n(0)]
    Kept,
    /// The plan goes on in its own manner to a later last day.
    #[n(1)]
    Until(#[n(0)] Date),
    /// These; the last takes what is left.
    #[n(2)]
    Rows(#[n(0)] Vec<ReplanRow>),
}

/// Rates from a date on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct NewRates {
    /// Contract rate a year.
    #[n(0)]
    pub rate: Rate,
    /// Rate a year on overdue principal.
    #[n(1)]
    pub penalty_rate: Rate,
}

/// How a loan note is bound to another 借据关联.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum NoteLink {
    /// This loan was made to repay that one 借新还旧.
    #[n(0)]
    NewForOld(#[n(0)] Id),
    /// This loan renews that one without repaying its principal 无还本续贷.
    #[n(1)]
    Renews {
        /// The old note.
        #[n(0)]
        old: Id,
        /// Whether the conditions hold under which it keeps its class.
        #[n(1)]
        standing: RenewalStanding,
    },
    /// That one repaid this loan.
    #[n(2)]
    ReplacedBy(#[n(0)] Id),
    /// That one renewed this loan.
    #[n(3)]
    RenewedBy(#[n(0)] Id),
}

/// What is known of a loan beside its money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bearings {
    /// Links to other notes, in the order in which they were made.
    pub links: Vec<NoteLink>,
    /// The day from which the borrower is known to have died.
    pub died_on: Option<Date>,
    /// The officer who looks after it, if it was handed over.
    pub officer: Option<Id>,
    /// Marks that bear on its class, in order of date.
    pub marks: Vec<(Date, crate::ClassMark)>,
    /// The claim, if it was written off and lives on off balance 账销案存.
    pub written_off: Option<WrittenOff>,
}

/// A claim that was written off and lives on: the borrower owes what he owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenOff {
    /// When.
    pub on: Date,
    /// Principal that left the balance sheet, minor units.
    pub principal_fen: i64,
    /// What had been paid by then; what is paid since is recovery 收回.
    pub paid_before: Parts,
}

impl WrittenOff {
    /// What has been recovered: principal restores the allowance, the rest is income when it is received. Errors on overflow.
    pub fn recovered(&self, state: &LoanState) -> Result<Parts, LoanError> {
        state.totals.paid.minus(&self.paid_before)
    }
}

impl NoteLink {
    /// The mark it leaves on the class of the note that bears it.
    pub(crate) fn mark(&self) -> Option<crate::ClassMark> {
        match self {
            NoteLink::NewForOld(_) => Some(crate::ClassMark::NewForOld),
            NoteLink::Renews { standing, .. } => Some(crate::ClassMark::Renewed(*standing)),
            NoteLink::ReplacedBy(_) | NoteLink::RenewedBy(_) => None,
        }
    }
}
