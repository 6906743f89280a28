//! The parts of the chores that can be tested without running anything.

pub mod oracle;
pub mod tally;
