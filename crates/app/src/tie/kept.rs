//! The books of one cell as a comparison reads them: the rows that are stored, or those that the journal gives of a day.

use std::collections::BTreeMap;

use basics::{Cell, Date, Id};
use door::audit::books_at;
use door::table::Row;
use door::table::{Key, Record};
use door::{Connection, Fault, Overlay, Table, Value, key};

use super::{TieError, read};
use crate::house::Tianxin;
use crate::tables::Posting;

/// Rows read at once.
const PAGE: usize = 1_000;

/// What the postings of a cell come to.
#[derive(Default)]
pub(super) struct Posted {
    /// By book and account.
    pub accounts: BTreeMap<(i64, Id), i128>,
    /// By subject.
    pub subjects: BTreeMap<i64, i128>,
    /// By subject, what names no account.
    pub without_account: BTreeMap<i64, i128>,
}

impl Posted {
    fn add(&mut self, posting: &Posting) {
        let amount = i128::from(posting.amount_minor);
        *self.subjects.entry(posting.subject).or_default() += amount;
        match posting.account {
            Some(account) => *self.accounts.entry((posting.book, account)).or_default() += amount,
            None => *self.without_account.entry(posting.subject).or_default() += amount,
        }
    }
}

enum Rows<'c> {
    Stored(&'c mut dyn Connection),
    Derived(Box<Overlay>),
}

/// The books of one cell.
pub(super) struct Kept<'c> {
    pub cell: Cell,
    rows: Rows<'c>,
    posted: Option<Posted>,
    /// Of a derived book: record and amount of each posting on the allowance.
    of_allowance: Vec<(i64, i128)>,
}

impl<'c> Kept<'c> {
    /// The rows as they stand.
    pub(super) fn stored(connection: &'c mut dyn Connection, cell: Cell) -> Kept<'c> {
        Kept { cell, rows: Rows::Stored(connection), posted: None, of_allowance: Vec::new() }
    }

    /// The rows as the journal gives them at the end of a day.
    pub(super) fn derived(
        house: &Tianxin,
        connection: &mut dyn Connection,
        cell: Cell,
        on: Date,
    ) -> Result<Kept<'c>, TieError> {
        let allowance = i64::from(house.subjects.roles.code(crate::posting::Role::LoanAllowance).0);
        let (mut posted, mut of_allowance) = (Posted::default(), Vec::new());
        let mut take = |table: &'static Table, rows: &[Row]| {
            if std::ptr::eq(table, Posting::table()) {
                for row in rows {
                    let posting = Posting::from_row(row)?;
                    posted.add(&posting);
                    if posting.subject == allowance {
                        of_allowance.push((posting.seq, i128::from(posting.amount_minor)));
                    }
                }
            }
            Ok::<(), Fault>(())
        };
        let books = books_at(house, connection, cell, on, &mut take)?;
        Ok(Kept { cell, rows: Rows::Derived(Box::new(books)), posted: Some(posted), of_allowance })
    }

    /// Visits every row of a table, in key order.
    pub(super) fn each<R: Record>(&mut self, visit: &mut dyn FnMut(R) -> Result<(), TieError>) -> Result<(), TieError> {
        let (table, cell) = (R::table(), self.cell);
        match &mut self.rows {
            Rows::Derived(books) => {
                for (_, row) in books.all_rows(table) {
                    visit(read(row)?)?;
                }
                Ok(())
            }
            Rows::Stored(connection) => scan(*connection, table, cell, None, &mut |row| visit(read(row)?)),
        }
    }

    /// The rows whose key begins with a prefix, in key order.
    pub(super) fn under<R: Record>(&mut self, prefix: Key) -> Result<Vec<R>, TieError> {
        match &mut self.rows {
            Rows::Derived(books) => Ok(books.range::<R>(&prefix)?),
            Rows::Stored(connection) => {
                let columns: Vec<usize> = (0..prefix.len()).collect();
                let mut rows = connection.load_many(R::table(), &columns, &[prefix])?;
                rows.sort_by(|a, b| a[..R::table().key_len].cmp(&b[..R::table().key_len]));
                rows.iter().map(read).collect()
            }
        }
    }

    /// What the postings come to. Of stored rows all postings of the cell are read, once.
    pub(super) fn posted(&mut self) -> Result<&Posted, TieError> {
        let posted = match (self.posted.take(), &mut self.rows) {
            (Some(posted), _) => posted,
            (None, Rows::Derived(_)) => Posted::default(),
            (None, Rows::Stored(connection)) => {
                let mut posted = Posted::default();
                scan(*connection, Posting::table(), self.cell, None, &mut |row| {
                    posted.add(&read(row)?);
                    Ok(())
                })?;
                posted
            }
        };
        Ok(self.posted.insert(posted))
    }

    /// What was booked on the allowance by later records than this one.
    pub(super) fn allowance_after(&mut self, subject: i64, seq: i64) -> Result<i128, TieError> {
        match &mut self.rows {
            Rows::Derived(_) => Ok(self.of_allowance.iter().filter(|(at, _)| *at > seq).map(|(_, sum)| sum).sum()),
            Rows::Stored(connection) => {
                let mut sum = 0;
                let after = Some(key![self.cell, seq, i64::MAX]);
                scan(*connection, Posting::table(), self.cell, after, &mut |row| {
                    let posting: Posting = read(row)?;
                    if posting.subject == subject {
                        sum += i128::from(posting.amount_minor);
                    }
                    Ok(())
                })?;
                Ok(sum)
            }
        }
    }
}

/// Visits the rows of a cell in key order after a key.
fn scan(
    connection: &mut dyn Connection,
    table: &'static Table,
    cell: Cell,
    mut after: Option<Vec<Value>>,
    visit: &mut dyn FnMut(&Row) -> Result<(), TieError>,
) -> Result<(), TieError> {
    loop {
        let page = connection.scan(table, &key![cell], after.as_deref(), PAGE)?;
        for row in &page {
            visit(row)?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last[..table.key_len].to_vec()),
            _ => return Ok(()),
        }
    }
}
