//! Where a loan stood when its book was taken over from another system, in mid-life 存量业务迁移.
//!
//! Such a loan has no life here before the day of the take-over: what was paid and what fell due in the old book is not told
//! again. Its terms keep what the old book closed with, and the fold begins from it.

use basics::Date;
use minicbor::{Decode, Encode};

use super::{InterestBasis, LoanTerms, Method};

/// Where a loan stood at the end of the old book's last day. Amounts are minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Opening {
    /// The last day of the old book; all that was earned on it is in the figures.
    #[n(0)]
    pub on: Date,
    /// What was paid out in the old book; what was left of it is the principal of the terms.
    #[n(1)]
    pub lent_fen: i64,
    /// Interest of the running period, accrued by the end of that day and not due.
    #[n(2)]
    pub accrued_fen: i64,
    /// What was due and unpaid; `None` if nothing was.
    #[n(3)]
    pub overdue: Option<OpeningOverdue>,
}

/// What was due and unpaid when a loan was taken over. Its principal is the first of the loan's rows. Amounts are minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct OpeningOverdue {
    /// Due date of the oldest instalment that was not met: days past due count from it.
    #[n(0)]
    pub since: Date,
    /// Contract interest.
    #[n(1)]
    pub interest_fen: i64,
    /// Penalty, run up to the end of the day.
    #[n(2)]
    pub penalty_fen: i64,
    /// Compound interest, run up to the end of the day.
    #[n(3)]
    pub compound_fen: i64,
    /// Fees.
    #[n(4)]
    pub fee_fen: i64,
}

impl LoanTerms {
    /// Refuses an opening that the plan cannot go on from.
    pub(super) fn check_opening(&self) -> Result<(), String> {
        let Some(opening) = &self.opening else { return Ok(()) };
        let no = |why: &str| Err(why.to_owned());
        if self.method != Method::Custom || self.basis != InterestBasis::Daily || !self.grows_by_days() {
            return no("a loan that is taken over is repaid by rows of its own, with interest by days");
        }
        if self.conventions.is_some() {
            return no("a plan that is made from all that happened to a loan cannot be taken over in mid-life");
        }
        if opening.on < self.start {
            return no("a loan is taken over on or after the day on which it was paid out");
        }
        let amounts = opening.overdue.map_or([0; 4], |overdue| {
            [overdue.interest_fen, overdue.penalty_fen, overdue.compound_fen, overdue.fee_fen]
        });
        if opening.accrued_fen < 0 || opening.lent_fen < self.principal.minor() || amounts.iter().any(|fen| *fen < 0) {
            return no(
                "no amount of a loan that is taken over is less than nothing, and no more is left than was lent",
            );
        }
        let come = self.fixed_rows.iter().take_while(|row| row.due <= opening.on).count();
        match (opening.overdue, self.fixed_rows.first()) {
            (None, _) if come == 0 => Ok(()),
            (Some(overdue), Some(first)) if come == 1 && first.due == overdue.since => {
                if self.fixed_rows.len() == 1 && opening.accrued_fen != 0 {
                    return no("everything is due already: no interest is accrued beside it");
                }
                Ok(())
            }
            _ => no("what was due when a loan was taken over is one row, due since the oldest unmet due date"),
        }
    }
}
