//! Vouchers (会计凭证): every entry with a number of its own, without gaps, day by day in each cell.
//!
//! The number is no counter: it is the entry's place among the entries that its cell booked on its booking date, in the order of the
//! journal. A cell books on one day at a time and its journal only grows, so a number that was given stays, and none is left out. An entry
//! is found from its number, and its number from the entry, by the entries of that one day alone.

use std::fmt;

use basics::{Cell, Date};
use door::{Connection, Record, StoreError, key};

use crate::general_ledger::{Go, each, ended, read};
use crate::tables::{Entry, Posting};

/// A voucher's number (凭证号): `20260305-07-0012` is the twelfth entry that cell 7 booked on the 5th of March 2026.
///
/// ```
/// use app::voucher::VoucherNo;
/// let number = VoucherNo::parse("20260305-07-0012").unwrap();
/// assert_eq!((number.cell, number.place), (basics::Cell(7), 12));
/// assert_eq!(number.to_string(), "20260305-07-0012");
/// assert_eq!(VoucherNo::parse("20260305-07-0"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoucherNo {
    /// The booking date.
    pub day: Date,
    /// The cell; 0 is the office.
    pub cell: Cell,
    /// Its place, from 1.
    pub place: u32,
}

impl fmt::Display for VoucherNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, cell, place) = (self.day, self.cell.0, self.place);
        write!(f, "{:04}{:02}{:02}-{cell:02}-{place:04}", day.year(), day.month(), day.day())
    }
}

impl VoucherNo {
    /// Reads a number as it is shown.
    pub fn parse(text: &str) -> Option<VoucherNo> {
        let mut parts = text.split('-');
        let (day, cell, place) = (parts.next()?, parts.next()?, parts.next()?);
        if day.len() != 8 || !day.is_ascii() {
            return None;
        }
        let day = Date::ymd(day[..4].parse().ok()?, day[4..6].parse().ok()?, day[6..].parse().ok()?).ok()?;
        let number = VoucherNo { day, cell: Cell(cell.parse().ok()?), place: place.parse().ok()? };
        (number.place > 0 && number.to_string() == text).then_some(number)
    }
}

/// An entry with its number and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// Its number.
    pub number: VoucherNo,
    /// The entry.
    pub entry: Entry,
    /// Its lines, in order.
    pub postings: Vec<Posting>,
}

impl Voucher {
    /// The sum of its debits, in minor units.
    pub fn amount_minor(&self) -> i64 {
        let debits = self.postings.iter().map(|posting| posting.amount_minor.max(0));
        debits.fold(0, i64::saturating_add)
    }
}

/// What is looked for among vouchers. Everything that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoucherSearch {
    /// In this cell alone.
    pub cell: Option<Cell>,
    /// Of this kind.
    pub kind: Option<crate::tables::EntryKind>,
    /// With a line on this subject.
    pub subject: Option<i64>,
    /// With a line of exactly this amount, on either side, in minor units.
    pub amount_minor: Option<i64>,
    /// With a line of this household, or of this loan, line or merchant.
    pub naming: Option<basics::Id>,
}

impl VoucherSearch {
    fn fits(&self, voucher: &Voucher) -> bool {
        let any = |holds: &dyn Fn(&Posting) -> bool| voucher.postings.iter().any(holds);
        self.kind.is_none_or(|kind| voucher.entry.kind == kind)
            && self.subject.is_none_or(|subject| any(&|posting| posting.subject == subject))
            && self.amount_minor.is_none_or(|amount| any(&|posting| posting.amount_minor.abs() == amount))
            && self.naming.is_none_or(|id| any(&|posting| posting.owner == Some(id) || posting.account == Some(id)))
    }
}

/// Vouchers that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VouchersFound {
    /// Cell by cell, in the order of their numbers.
    pub vouchers: Vec<Voucher>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// The vouchers of some days that fit, `limit` at most. Call it on a snapshot.
pub fn search(
    connection: &mut dyn Connection,
    cells: u16,
    (from, to): (Date, Date),
    search: &VoucherSearch,
    limit: usize,
) -> Result<VouchersFound, StoreError> {
    let mut found = VouchersFound::default();
    let cells: Vec<Cell> = match search.cell {
        Some(cell) => vec![cell],
        None => (0..=cells).map(Cell).collect(),
    };
    for cell in cells {
        each_voucher(connection, cell, (from, to), &mut |voucher| {
            if !search.fits(&voucher) {
                return Ok(true);
            }
            if found.vouchers.len() >= limit {
                found.more = true;
                return Ok(false);
            }
            found.vouchers.push(voucher);
            Ok(true)
        })?;
        if found.more {
            break;
        }
    }
    Ok(found)
}

/// Visits the vouchers that a cell booked on some days, in the order of their numbers, until `visit` says that it is enough. Call it on a snapshot.
pub fn each_voucher(
    connection: &mut dyn Connection,
    cell: Cell,
    (from, to): (Date, Date),
    visit: &mut dyn FnMut(Voucher) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let (mut day, mut place) = (from, 0u32);
    let mut entries: Vec<(VoucherNo, Entry)> = Vec::new();
    let after = ended(connection, cell, from.add_days(-1))?;
    each(connection, Entry::table(), cell, after, |row| {
        let entry: Entry = read(row)?;
        if entry.booking_date > to {
            return Ok(Go::Stop);
        }
        if entry.booking_date >= from {
            if entry.booking_date != day {
                (day, place) = (entry.booking_date, 0);
            }
            place = place.saturating_add(1);
            entries.push((VoucherNo { day, cell, place }, entry));
        }
        Ok(Go::On)
    })?;
    // Lines are read a bounded number of entries at a time.
    for some in entries.chunks(ENTRIES_AT_ONCE) {
        let (Some((_, first)), Some((_, last))) = (some.first(), some.last()) else { continue };
        let (end, after) = ((last.seq, last.fact), Some(key![cell, first.seq, first.fact - 1, i64::MAX]));
        let mut postings: Vec<Posting> = Vec::new();
        each(connection, Posting::table(), cell, after, |row| {
            let posting: Posting = read(row)?;
            if (posting.seq, posting.fact) > end {
                return Ok(Go::Stop);
            }
            postings.push(posting);
            Ok(Go::On)
        })?;
        let mut postings = postings.into_iter().peekable();
        for (number, entry) in some {
            let mut own = Vec::new();
            while let Some(posting) = postings.next_if(|one| (one.seq, one.fact) == (entry.seq, entry.fact)) {
                own.push(posting);
            }
            if !visit(Voucher { number: *number, entry: entry.clone(), postings: own })? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Entries whose lines are read at once.
const ENTRIES_AT_ONCE: usize = 2_000;

/// The voucher with a number; none if that cell has booked fewer on that day. Call it on a snapshot.
pub fn voucher(connection: &mut dyn Connection, number: VoucherNo) -> Result<Option<Voucher>, StoreError> {
    let mut found = None;
    each_voucher(connection, number.cell, (number.day, number.day), &mut |voucher| {
        let is_it = voucher.number == number;
        if is_it {
            found = Some(voucher);
        }
        Ok(!is_it)
    })?;
    Ok(found)
}

/// The number of an entry. Call it on a snapshot.
pub fn number_of(connection: &mut dyn Connection, entry: &Entry) -> Result<VoucherNo, StoreError> {
    let (cell, day) = (entry.cell, entry.booking_date);
    let after = ended(connection, cell, day.add_days(-1))?;
    let mut place = 0u32;
    each(connection, Entry::table(), cell, after, |row| {
        let other: Entry = read(row)?;
        if (other.seq, other.fact) > (entry.seq, entry.fact) {
            return Ok(Go::Stop);
        }
        place += u32::from(other.booking_date == day);
        Ok(Go::On)
    })?;
    Ok(VoucherNo { day, cell, place })
}
