//! What a change of a line means for the books: the difference of two folds.

use super::{LineParts, LineState};
use crate::LoanError;

/// The difference between two states of one line, in minor units, after less before.
///
/// Fold with and without a new event, both as of the same day, and the difference is the effect of the event with
/// everything it moves. Fold one list as of two days, and it is what those days did: a statement bills interest and fees.
///
/// `received + refunded − returned = Σ settled + credit`, in every difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineEffects {
    /// Money that came in.
    pub received_fen: i64,
    /// Given back by merchants.
    pub refunded_fen: i64,
    /// Credit balance that went back.
    pub returned_fen: i64,
    /// Bought and charged; of instalments, what was converted.
    pub charged: LineParts,
    /// What money and refunds have settled.
    pub settled: LineParts,
    /// Was let off.
    pub waived: LineParts,
    /// Purchases turned into plans: principal that changed its name and stayed.
    pub converted_fen: i64,
    /// Change of the credit balance.
    pub credit_fen: i64,
    /// Change of principal outstanding: what the subject of consumer credit has to show.
    pub used_fen: i64,
    /// Change of interest accrued and not billed, in whole minor units of this line alone.
    pub accrued_floor_fen: i64,
    /// Change of penalty accrued and not billed, in whole minor units of this line alone.
    pub accrued_penalty_floor_fen: i64,
}

/// What the books have to show for going from one state to another. Errors on overflow.
pub fn effects(before: &LineState, after: &LineState) -> Result<LineEffects, LoanError> {
    let less = |a: i64, b: i64| a.checked_sub(b).ok_or(LoanError::Overflow("the difference of two states"));
    let (old, new) = (&before.totals, &after.totals);
    Ok(LineEffects {
        received_fen: less(new.received_fen, old.received_fen)?,
        refunded_fen: less(new.refunded_fen, old.refunded_fen)?,
        returned_fen: less(new.returned_fen, old.returned_fen)?,
        charged: new.charged.minus(&old.charged)?,
        settled: new.settled.minus(&old.settled)?,
        waived: new.waived.minus(&old.waived)?,
        converted_fen: less(new.converted_fen, old.converted_fen)?,
        credit_fen: less(after.credit_fen, before.credit_fen)?,
        used_fen: less(after.used_fen, before.used_fen)?,
        accrued_floor_fen: less(after.accrued.floor_fen()?, before.accrued.floor_fen()?)?,
        accrued_penalty_floor_fen: less(after.accrued_penalty.floor_fen()?, before.accrued_penalty.floor_fen()?)?,
    })
}
