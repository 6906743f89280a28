//! A loan from terms to schedule to closed: pure functions over values.
//!
//! Product terms in a file ([`product`]) become the terms that are signed ([`terms`]);
//! signed terms resolve to a plan of instalments ([`schedule`]) and to what the plan costs
//! ([`cost`]). What happens to the loan afterwards comes from outside as dated events
//! ([`life`]); the state of the loan on any date is the [`fold`](mod@fold) of terms and events, and the
//! difference of two states ([`effects`](mod@effects)) is what the books have to show.
//!
//! Nothing here knows accounts, databases, clocks or countries. Figures that a regulator
//! sets (cost cap, classes) come in as values.
//!
//! ```
//! use basics::{Currency, Date, Id, Money, Rate};
//! use loan::{Happening, LifeEvent, LoanStatus, Term, fold, product, schedule::schedule};
//!
//! // A shipped product, and what one household signs under it.
//! let product = product::shipped("short-working-capital")?;
//! let amount = Money::parse("10000.00", Currency::CNY)?;
//! let rate = product.price(Some("B"))?;
//! let terms = product.terms(amount, Term::Months(3), Date::ymd(2026, 3, 31)?, rate)?;
//! assert_eq!(
//!     schedule(&terms)?.to_string(),
//!     "\
//! row  due         principal    interest        fee       total     balance
//!   1  2026-04-30    3308.46       75.00       0.00     3383.46     6691.54
//!   2  2026-05-31    3333.27       50.19       0.00     3383.46     3358.27
//!   3  2026-06-30    3358.27       25.19       0.00     3383.46        0.00
//! "
//! );
//!
//! // What happened, and what is owed on a date.
//! let mut life = vec![
//!     LifeEvent::new(1, Date::ymd(2026, 3, 31)?, Happening::Disbursed { amount_fen: 1_000_000 }),
//!     LifeEvent::new(2, Date::ymd(2026, 4, 30)?, Happening::Paid { amount_fen: 338_346 }),
//! ];
//! let may = Date::ymd(2026, 5, 10)?;
//! let state = fold(&terms, &life, may)?;
//! assert_eq!((state.status, state.principal_fen), (LoanStatus::Active, 669_154));
//!
//! // Paid off early: interest for the ten days of the running month only.
//! assert_eq!(state.payoff_fen, 669_154 + 1_619);
//! life.push(LifeEvent::new(3, may, Happening::Paid { amount_fen: state.payoff_fen }));
//! assert_eq!(fold(&terms, &life, may)?.status, LoanStatus::Closed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

pub mod accrual;
pub mod act;
pub mod allocation;
pub mod arrears;
pub mod charge;
pub mod class;
pub mod conventions;
pub mod cost;
pub mod daily;
pub mod delinquency;
pub mod effects;
pub mod error;
pub mod facility;
pub mod fold;
pub mod holidays;
pub mod life;
pub mod line;
pub mod paper;
pub mod parts;
pub mod plan;
pub mod product;
pub mod provision;
pub mod published;
pub mod reference;
pub mod remind;
pub mod rules;
pub mod schedule;
pub mod season;
mod servicing;
pub mod sheet;
pub mod standing;
pub mod terms;
pub mod trace;

pub use accrual::{Accrual, Convention, GroupKey, GroupSum, Stage};
pub use allocation::{AheadPick, Allocation, ChargeTiming, DueStatus, PayOrder, PayPath, PayRule, Step, Waterfall};
pub use arrears::{ArrearsPath, ArrearsStep};
pub use charge::{ChargeAmount, ChargeBase, ChargeDue, ChargeKind, ChargeState, ChargeTerms};
pub use class::{ClassCase, ClassMark, ClassMatrix, ClassVerdict, LoanClass, classify};
pub use conventions::Conventions;
pub use effects::{Effects, effects};
pub use error::LoanError;
pub use fold::{Accrued, Granted, Growth, InstalmentState, LoanState, LoanStatus, RowKind, Segment, fold};
pub use holidays::Holidays;
pub use life::{Happening, LifeEvent, Reage, Receipt, Reschedule, Waivable, accept};
pub use paper::Paper;
pub use parts::{Component, Parts};
pub use product::{Catalogue, PlanRows, Product};
pub use published::Published;
pub use reference::ReferenceRates;
pub use rules::{RulePack, Rules};
pub use schedule::{Draw, Instalment, Schedule};
pub use standing::LoanStanding;
pub use terms::{
    Compound, Conditions, DrawRule, DueRoll, EventRule, Fee, FeeAmount, FeeBase, FeeDate, FeeKind, FeeWhen, FixedRow,
    Grace, GuaranteeForm, GuaranteeNeed, GuaranteeRule, InterestBasis, LoanTerms, Method, Opening, OpeningOverdue,
    PayoutMode, PayoutRule, PlanRow, PrepayStrategy, Prepaying, PrepaymentRule, ProductRef, RateReset, RateRule,
    Settlement, SettlementCycle, SpouseRule, Term, Tranche,
};
pub use trace::{Posted, PostedKind};
