//! Fees on default: what the contract charges for an instalment that stays unpaid for some days.

use basics::Date;

use super::{Servicing, add};
use crate::{Component, Fee, FeeBase, FeeWhen, LoanError};

impl<'t> Servicing<'t> {
    /// The next day up to `to` on which an unpaid instalment costs a fee.
    pub(super) fn next_late_fee(&self, to: Date) -> Option<Date> {
        self.late_fee_day().filter(|day| *day <= to)
    }

    /// The next day after the one reached on which, if nothing is paid, an instalment costs a fee.
    pub(super) fn late_fee_day(&self) -> Option<Date> {
        let reached = self.date?;
        let fees = late_fees(&self.terms.fees);
        if self.written_off_on.is_some() || fees.clone().next().is_none() {
            return None;
        }
        let unpaid = self.rows.iter().take(self.next).skip(self.open).filter(|row| row.bears_late_fee());
        let days = unpaid.flat_map(|row| fees.clone().map(|fee| row.due_on.add_days(i32::from(fee.after_days))));
        days.filter(|day| *day > reached).min()
    }

    /// Charges what falls on a day: each fee once for each instalment that is still unpaid when its days are over.
    ///
    /// The fee joins its instalment. It is on what is unpaid of principal and interest there (or of interest, or of the
    /// principal paid out or outstanding, as the contract says), and on no fee.
    pub(super) fn charge_late_fees(&mut self, on: Date) -> Result<(), LoanError> {
        let terms: &'t crate::LoanTerms = self.terms;
        let outstanding_fen = add(self.disbursed_fen, -self.paid.principal_fen)?;
        for row in self.rows.iter_mut().take(self.next).skip(self.open).filter(|row| row.bears_late_fee()) {
            for fee in late_fees(&terms.fees).filter(|fee| row.due_on.add_days(i32::from(fee.after_days)) == on) {
                let base_fen = match fee.base {
                    FeeBase::Principal => self.disbursed_fen,
                    FeeBase::Outstanding => outstanding_fen,
                    FeeBase::Instalment => add(row.open_fen(Component::Principal), row.open_fen(Component::Interest))?,
                    FeeBase::Interest => row.open_fen(Component::Interest),
                };
                row.due.put(Component::Fee, fee.amount_fen(base_fen, terms.rounding)?)?;
            }
        }
        Ok(())
    }
}

fn late_fees(fees: &[Fee]) -> impl Iterator<Item = &Fee> + Clone {
    fees.iter().filter(|fee| fee.when == FeeWhen::Overdue && fee.is_borrowers())
}
