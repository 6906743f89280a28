//! What the close of a day did, read back from the books: loans touched, entries, interest by group, class, allowance.

use basics::{Cell, Date, cbor};
use door::record::JournalRecord;
use door::tables::Journal;
use door::{Connection, Record, StoreError, key};
use loan::GroupKey;

use crate::fact::Fact;
use crate::tables::{BusinessDay, CellDay};

/// What the close of a day did, in all and per cell. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayReport {
    /// The day.
    pub day: Date,
    /// Whether the institution has closed it.
    pub closed: bool,
    /// How long it took, in milliseconds, where whoever ran it measured it.
    pub took_millis: Option<i64>,
    /// What every cell did that has begun to close it, in order of cells.
    pub cells: Vec<CellDay>,
    /// Interest accrued by group, over all cells.
    pub groups: Vec<(GroupKey, i64)>,
}

impl DayReport {
    /// The sum of a figure over all cells.
    pub fn sum(&self, figure: impl Fn(&CellDay) -> i64) -> i64 {
        self.cells.iter().map(figure).fold(0, i64::saturating_add)
    }
}

/// Reads what the close of a day did, on the snapshot that the caller has begun. `None` if it was never begun.
///
/// Errors if the database cannot be read, or was altered by hand.
pub fn day_report(connection: &mut dyn Connection, cells: u16, day: Date) -> Result<Option<DayReport>, StoreError> {
    let damaged = |error: &dyn std::fmt::Display| StoreError::Other(format!("{error}: run `tianxin audit verify`"));
    let rows = connection.load_many(BusinessDay::table(), &[0, 1], &[key![Cell::OFFICE, day]])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let business = BusinessDay::from_row(row).map_err(|e| damaged(&e))?;
    let keys: Vec<_> = (1..=cells).map(|cell| key![Cell(cell), day]).collect();
    let mut days = Vec::new();
    for row in connection.load_many(CellDay::table(), &[0, 1], &keys)? {
        days.push(CellDay::from_row(&row).map_err(|e| damaged(&e))?);
    }
    days.sort_by_key(|row| row.cell);
    let closed: Vec<_> =
        days.iter().filter(|row| row.closed_seq > 0).map(|row| key![row.cell, row.closed_seq]).collect();
    let mut groups: Vec<(GroupKey, i64)> = Vec::new();
    for row in connection.load_many(Journal::table(), &[0, 1], &closed)? {
        let row = Journal::from_row(&row).map_err(|e| damaged(&e))?;
        let record: JournalRecord = cbor::from_bytes(&row.bytes).map_err(|e| damaged(&e))?;
        for bytes in &record.facts {
            let Fact::DayAccrued { groups: accrued, .. } = cbor::from_bytes(bytes).map_err(|e| damaged(&e))? else {
                continue;
            };
            for group in accrued {
                match groups.iter_mut().find(|(key, _)| *key == group.key) {
                    Some((_, sum)) => *sum = sum.saturating_add(group.change_minor),
                    None => groups.push((group.key, group.change_minor)),
                }
            }
        }
    }
    groups.sort_by(|(a, _), (b, _)| {
        let order = |key: &GroupKey| (key.product.clone(), key.stage, key.convention.code(), key.denominator);
        order(a).cmp(&order(b))
    });
    Ok(Some(DayReport { day, closed: business.closed, took_millis: business.took_millis, cells: days, groups }))
}
