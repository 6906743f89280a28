//! The policy laboratory: the same counties and the same luck under different policies of the lender.

pub mod assumed;
pub mod chart;
pub mod experiment;
pub mod indicators;
pub mod infer;
pub mod lender;
pub mod policy;
pub mod report;
pub mod run;
pub mod scorer;
pub mod shipped;
pub mod study;

#[cfg(test)]
mod tests;
