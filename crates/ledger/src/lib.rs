//! Double entry: subjects, entries and balances. What does not balance is refused.
//!
//! The ledger knows amounts, subjects and sub-accounts, and nothing of what they are for.
//! A debit is positive, a credit negative; the lines of an entry sum to zero.

#![warn(missing_docs)]

mod chart;
mod entry;
mod hold;
mod statement;

pub use chart::{Chart, ChartError, Subject, SubjectCode, SubjectKind};
pub use entry::{Entry, LedgerError, Line, SubAccount};
pub use hold::{Hold, HoldError, HoldState};
pub use statement::{
    BalanceSheet, IncomeStatement, Section, StatementError, StatementLine, TrialBalance, TrialLine, Turnover, Turnovers,
};

/// The chart of accounts that ships with the program.
pub const CHART_CN_RURAL: &str = include_str!("../charts/cn-rural.toml");
