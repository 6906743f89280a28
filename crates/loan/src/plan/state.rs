//! What a progressive plan holds: segments, instalments, and what would settle one of them.

use basics::Date;

use super::Period;
use super::weight::Factor;

/// A stretch of days with one balance and one rate, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentState {
    /// First day.
    pub from: Date,
    /// The day after the last; what changes the balance on this day counts from the next segment.
    pub to: Date,
    /// Interest of one minor unit over the stretch.
    pub factor: Factor,
    /// Balance that bears interest.
    pub balance_fen: i64,
    /// Interest of the segment, rounded.
    pub interest_fen: i64,
    /// Disbursed on the day `to`.
    pub(super) disbursed_fen: i64,
    /// Change of the balance on the day `to`, other than a disbursement.
    pub(super) corrected_fen: i64,
}

/// One instalment of the plan, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodState {
    /// First day and due date.
    pub period: Period,
    /// The level instalment, as far as it reaches; the last one differs.
    pub instalment_fen: i64,
    /// Interest due.
    pub interest_fen: i64,
    /// Principal due.
    pub principal_fen: i64,
    /// Balance after it is paid as due.
    pub balance_after_fen: i64,
    /// Principal paid to it.
    pub paid_principal_fen: i64,
    /// Interest paid to it.
    pub paid_interest_fen: i64,
    /// Interest that was borne up to the due date but is not in `interest_fen`, since the instalment was
    /// settled earlier; it falls due with the next one.
    pub carried_interest_fen: i64,
    /// Whether its principal was agreed to be left out: it asks for interest alone.
    pub interest_alone: bool,
    /// Index of its first segment.
    pub(super) first_segment: usize,
}

impl SegmentState {
    pub(super) fn empty(period: Period) -> SegmentState {
        SegmentState {
            from: period.from,
            to: period.due,
            factor: Factor::NONE,
            balance_fen: 0,
            interest_fen: 0,
            disbursed_fen: 0,
            corrected_fen: 0,
        }
    }
}

impl PeriodState {
    pub(super) fn empty(period: Period, first_segment: usize) -> PeriodState {
        PeriodState {
            period,
            instalment_fen: 0,
            interest_fen: 0,
            principal_fen: 0,
            balance_after_fen: 0,
            paid_principal_fen: 0,
            paid_interest_fen: 0,
            carried_interest_fen: 0,
            interest_alone: false,
            first_segment,
        }
    }

    /// Whether all of it is paid.
    pub fn is_settled(&self) -> bool {
        self.instalment_fen <= self.paid_principal_fen.saturating_add(self.paid_interest_fen)
    }
}

/// What would settle one instalment on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payable {
    /// The instalment as it would be.
    pub instalment_fen: i64,
    /// Principal in it, with what was paid before.
    pub principal_fen: i64,
    /// Interest in it up to the date, with what was paid before.
    pub interest_fen: i64,
    /// Balance on the date before it is paid.
    pub balance_fen: i64,
}

/// Of the interest borne by a period, what is due with its instalment: never less than was paid, and no more than
/// the instalment has room for; an instalment that was settled early owes no interest beyond that of its payment.
pub(super) fn due_interest(row: &PeriodState, borne_fen: i64) -> i64 {
    let room = row.instalment_fen.saturating_sub(row.paid_principal_fen).max(0);
    borne_fen.min(room).max(row.paid_interest_fen)
}
