//! What became of a loan, by a definition that is declared beforehand: what a model learns from.
//!
//! A loan that went well so far is not a good loan: until it has been watched for as long as the definition says, nobody
//! knows. Such rows are immature; they never train and never count as good.

use basics::Date;
use serde::{Deserialize, Serialize};

/// When a loan counts as bad, and how long it must be watched before it counts as good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeDefinition {
    /// More days past due than this, at any time within the window, is bad.
    pub bad_above_days: u32,
    /// More than this and not bad is neither good nor bad.
    pub indeterminate_above_days: u32,
    /// Months after the drawing within which a loan is looked at.
    pub window_months: i32,
}

impl OutcomeDefinition {
    /// Over 90 days past due within 12 months is bad, over 30 is neither.
    pub const USUAL: OutcomeDefinition =
        OutcomeDefinition { bad_above_days: 90, indeterminate_above_days: 30, window_months: 12 };

    /// The last day of the window of a loan.
    pub fn window_end(&self, drawn_on: Date) -> Date {
        // A date beyond the accepted years is never reached: the loan stays immature.
        drawn_on.add_months(self.window_months).unwrap_or(drawn_on.add_days(self.window_months.saturating_mul(31)))
    }

    /// The last day on which a loan is looked at: that of its window, or the last that was observed.
    pub fn looked_at_until(&self, drawn_on: Date, observed_until: Date) -> Date {
        self.window_end(drawn_on).min(observed_until)
    }

    /// What became of a loan.
    pub fn outcome(&self, loan: &Observed) -> Outcome {
        let is_over = loan.closed_on.is_some_and(|closed| closed <= loan.observed_until)
            || self.window_end(loan.drawn_on) <= loan.observed_until;
        match loan.worst_days_past_due {
            worst if worst > self.bad_above_days => Outcome::Bad,
            _ if !is_over => Outcome::Immature,
            worst if worst > self.indeterminate_above_days => Outcome::Indeterminate,
            _ => Outcome::Good,
        }
    }
}

/// What was seen of a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The day it was drawn.
    pub drawn_on: Date,
    /// The day it was paid off, if it was.
    pub closed_on: Option<Date>,
    /// The most days past due from the drawing to [`OutcomeDefinition::looked_at_until`].
    pub worst_days_past_due: u32,
    /// The last day of which is known how it stood.
    pub observed_until: Date,
}

/// What became of a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was watched to the end of its window or paid off, and was never badly late.
    Good,
    /// It was badly late.
    Bad,
    /// It was late, and not so late that it is bad.
    Indeterminate,
    /// It has not been watched for long enough.
    Immature,
}

impl Outcome {
    /// Its name in exports.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Good => "good",
            Outcome::Bad => "bad",
            Outcome::Indeterminate => "indeterminate",
            Outcome::Immature => "immature",
        }
    }

    /// The label that a model may learn: 1 is bad, 0 good; nothing where nobody can tell.
    pub const fn label(self) -> Option<u8> {
        match self {
            Outcome::Good => Some(0),
            Outcome::Bad => Some(1),
            Outcome::Indeterminate | Outcome::Immature => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_what_a_reader_would_say() {
        let day = |text: &str| Date::parse(text).unwrap();
        // Drawn, closed, worst days past due, observed until.
        for (drawn, closed, worst, until, outcome) in [
            ("2025-01-10", None, 0, "2026-01-10", Outcome::Good),
            ("2025-01-10", None, 0, "2026-01-09", Outcome::Immature),
            ("2025-01-10", None, 91, "2025-06-30", Outcome::Bad), // bad is known early
            ("2025-01-10", None, 90, "2026-03-01", Outcome::Indeterminate),
            ("2025-01-10", None, 31, "2025-06-30", Outcome::Immature),
            ("2025-01-10", None, 30, "2026-03-01", Outcome::Good),
            ("2025-01-10", Some("2025-05-01"), 4, "2025-06-30", Outcome::Good), // paid off within the window
            ("2025-01-10", Some("2025-07-01"), 4, "2025-06-30", Outcome::Immature), // not known to be paid off yet
        ] {
            let seen = Observed {
                drawn_on: day(drawn),
                closed_on: closed.map(day),
                worst_days_past_due: worst,
                observed_until: day(until),
            };
            assert_eq!(OutcomeDefinition::USUAL.outcome(&seen), outcome, "{seen:?}");
        }
        assert_eq!(Outcome::Immature.label(), None, "an immature loan never trains");
        assert_eq!(Outcome::Indeterminate.label(), None);
    }
}
