//! The parts of the chores that can be tested without running anything.

pub mod auc;
pub mod oracle;
pub mod tally;
