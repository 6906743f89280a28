//! What a plan holds while it is drawn up: open rows, changes of the base, what came early.

use basics::Date;

use super::{Compounding, Cumulative};

/// A change of what bears interest.
#[derive(Clone, Copy)]
pub(super) struct Change {
    pub(super) date: Date,
    pub(super) fen: i64,
}

/// What is open of a row.
pub(super) struct Open {
    pub(super) due: Date,
    pub(super) charges: i64,
    pub(super) interest: i64,
    pub(super) principal: i64,
}

impl Cumulative {
    /// What of an overdue row bears interest.
    pub(super) fn bears_overdue(&self, open: &Open) -> i64 {
        let Open { charges, interest, principal, .. } = *open;
        match self.recalculation.compounding {
            Compounding::None => principal,
            Compounding::Interest => principal + interest,
            Compounding::Charges => principal + charges,
            Compounding::InterestAndCharges => principal + interest + charges,
        }
    }
}

/// Payments before the due date of a period.
#[derive(Default)]
pub(super) struct Early {
    /// What was paid ahead and leaves the base before the due date.
    pub(super) ahead: i64,
    /// What counts only on the due date.
    pub(super) held: i64,
    /// The day of a payment that closes the loan.
    pub(super) closed: Option<Date>,
}

/// Equal parts of a flat loan, from an instalment on.
#[derive(Clone, Copy)]
pub(super) struct Flat {
    /// Instalments before these.
    pub(super) before: u16,
    /// Principal of the instalments before.
    pub(super) planned: i64,
    /// Interest of these.
    pub(super) interest: i64,
    /// Interest of these that is in rows by now.
    pub(super) charged: i64,
}
