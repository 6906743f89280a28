//! Vouchers as the office looks them up: by number, by what is on them, and the record of the journal behind each.

use basics::{Cell, Date, cbor};
use door::key;
use door::record::JournalRecord;
use door::tables::Journal;

use super::reports::{JournalLine, line_of};
use super::{Desk, DeskError};
use crate::tables::Entry;
use crate::voucher::{self, Voucher, VoucherNo, VoucherSearch, VouchersFound};

impl Desk {
    /// The vouchers of some days that fit, `limit` at most.
    pub fn vouchers(
        &self,
        days: (Date, Date),
        search: &VoucherSearch,
        limit: usize,
    ) -> Result<VouchersFound, DeskError> {
        if days.0 > days.1 {
            let message = format!("the period begins on {}, after its end on {}: turn the two round", days.0, days.1);
            return Err(DeskError::refused("bad_period", message));
        }
        let cells = self.engine.backend().cells();
        if search.cell.is_some_and(|cell| cell.0 > cells) {
            return Err(DeskError::refused("unknown_cell", format!("there are {cells} cells in this database")));
        }
        Ok(self.readers.with(|reader| voucher::search(reader, cells, days, search, limit))?)
    }

    /// The voucher with a number.
    pub fn voucher(&self, number: VoucherNo) -> Result<Voucher, DeskError> {
        let found = self.readers.with(|reader| voucher::voucher(reader, number))?;
        found.ok_or_else(|| {
            DeskError::refused("unknown_entry", format!("there is no voucher {number}: check its number"))
        })
    }

    /// The number of an entry.
    pub fn voucher_number(&self, entry: &Entry) -> Result<VoucherNo, DeskError> {
        Ok(self.readers.with(|reader| voucher::number_of(reader, entry))?)
    }

    /// The record of the journal that made an entry: who, when, by which command, and its leaf in the Merkle log.
    pub fn record_of(&self, cell: Cell, seq: i64) -> Result<JournalLine, DeskError> {
        let rows: Vec<Journal> = self.rows(key![cell, seq])?;
        let gone = || DeskError::Damaged(format!("record {seq} of {cell:?} is missing"));
        let row = rows.first().ok_or_else(gone)?;
        let record: JournalRecord = cbor::from_bytes(&row.bytes)?;
        line_of(row, &record)
    }
}
