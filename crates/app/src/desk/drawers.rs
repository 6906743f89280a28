//! Cash as the window and the office look at it: drawers, slips, counts, differences.

use basics::{Cell, Date, Id, cbor};
use door::key;

use super::{Desk, DeskError};
use crate::drawer::{CashCount, CashDifference, CashSlip, Drawer, Pieces};

/// A drawer and a day of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawerDay {
    /// The drawer as it stands now.
    pub drawer: Drawer,
    /// The day.
    pub day: Date,
    /// Cash paid in and out on it.
    pub slips: Vec<CashSlip>,
    /// Counts on it, in order, with denominations and pieces.
    pub counts: Vec<(CashCount, Vec<Pieces>)>,
}

impl Desk {
    /// All drawers and the vault: the vault first, then by name.
    pub fn drawers(&self) -> Result<Vec<Drawer>, DeskError> {
        let mut rows: Vec<Drawer> = self.rows(key![Cell::OFFICE])?;
        rows.sort_by(|a, b| (a.clerk.is_some(), &a.name, a.id).cmp(&(b.clerk.is_some(), &b.name, b.id)));
        Ok(rows)
    }

    /// A drawer, with a day of it.
    pub fn drawer_day(&self, id: Id, day: Date) -> Result<DrawerDay, DeskError> {
        let rows: Vec<Drawer> = self.rows(key![Cell::OFFICE, id])?;
        let unknown =
            || DeskError::refused("unknown_drawer", "there is no such drawer here: look at the list of drawers");
        let drawer = rows.into_iter().next().ok_or_else(unknown)?;
        let mut slips: Vec<CashSlip> = self.rows(key![Cell::OFFICE, id, day])?;
        slips.sort_by_key(|slip| slip.id);
        let rows: Vec<CashCount> = self.rows(key![Cell::OFFICE, id, day])?;
        let mut counts = Vec::with_capacity(rows.len());
        for row in rows {
            let pieces = cbor::from_bytes(&row.pieces)?;
            counts.push((row, pieces));
        }
        counts.sort_by_key(|(row, _)| row.seq);
        Ok(DrawerDay { drawer, day, slips, counts })
    }

    /// Differences that counts found, the latest first; only those nobody has cleared, unless all are asked for.
    pub fn cash_differences(&self, all: bool) -> Result<Vec<CashDifference>, DeskError> {
        let mut rows: Vec<CashDifference> = self.rows(key![Cell::OFFICE])?;
        rows.retain(|row| all || row.cleared.is_none());
        rows.sort_by_key(|row| std::cmp::Reverse((row.on_day, row.id)));
        Ok(rows)
    }
}
