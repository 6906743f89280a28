//! Rules, limits and prices: a decision with its reasons.
//!
//! A [`RuleSet`] is read once from a versioned file; [`decide`] and [`limit`] are pure
//! functions of it and the [`Facts`]. Whatever the outcome, the decision carries reasons in
//! words a farmer understands, in Chinese and English, with the figures behind them.
//!
//! What is deliberately absent: floating point, clocks, names of countries (a jurisdiction
//! is a rule file), and any fact that is not declared: a condition sees the names of its table and
//! the lawful features, nothing else.

#![warn(missing_docs)]

pub mod condition;
pub mod decision;
pub mod exploration;
pub mod facts;
pub mod rules;
mod toml_file;
pub mod village;

pub use condition::{Expression, Unanswered};
pub use decision::{Decision, Figure, LimitDecision, Outcome, Reason, decide, limit};
pub use exploration::{Explored, Lane, LaneFacts, draw_ppm};
pub use facts::{Ask, Fact, Facts, ScoreFacts};
pub use rules::{Band, Condition, Finding, FollowRules, LowerBy, Price, Rule, RuleError, RuleSet, Test, When};
