//! Whether a simulated county looks like real ones: what is measured, against which figures, from where.

mod ahead;
mod figures;
mod lender;
mod record;
mod report;

pub use figures::{auc, autocorrelation, gini, quantile, within_groups};
pub use lender::Lender;
pub use record::{BLIND, COLUMNS, KNOWN_AFTER_DAYS, LoanRecord, Record, Traces};
pub use report::{Half, Row, TARGETS, Target, report, shortcuts, table};

#[cfg(test)]
mod tests;
