//! Ends other than payment: taken out of the books, written off.

use basics::{Date, Id};

use super::{Servicing, add};
use crate::{Component, LoanError, PostedKind};

impl Servicing<'_> {
    /// The loan leaves income and assets; what is owed stands.
    pub(super) fn charge_off(&mut self, id: Id, today: Date) -> Result<(), LoanError> {
        let before = self.mark();
        let parts = self.open_parts()?;
        self.charged_off_on = Some(today);
        self.outstanding_fen = add(self.outstanding_fen, -parts.principal_fen)?;
        self.post_parts(id, today, PostedKind::ChargeOff, parts.total_fen()?, (parts, before))
    }

    /// Everything that is still owed is given up, and how much that was.
    pub(super) fn write_off(&mut self, today: Date) -> Result<i64, LoanError> {
        let mut total = 0;
        for row in &mut self.rows {
            for component in Component::ALL {
                let open = row.unpaid_fen(component, today, self.terms)?;
                row.written_off.put(component, open)?;
                self.written_off.put(component, open)?;
                total = add(total, open)?;
            }
            if row.met_on.is_none() {
                row.met_on = Some(today);
            }
        }
        for part in self.charges.iter_mut().flat_map(|charge| charge.parts.iter_mut()) {
            part.written_off_fen = add(part.written_off_fen, part.unpaid_fen())?;
        }
        self.written_off_on = Some(today);
        self.next = self.rows.len();
        Ok(total)
    }
}
