//! Whether a simulated county looks like real ones: what is measured, against which figures, from where.

mod lender;
mod record;

pub use lender::Lender;
pub use record::{LoanRecord, Record};

#[cfg(test)]
mod tests;
