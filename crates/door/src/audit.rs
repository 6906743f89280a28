//! The audit: reads the whole journal, derives every book again, and compares.
//!
//! [`verify`] stops at the first thing that is wrong and names it. [`rebuild`] goes on,
//! lists what differs from the derived books, and can write the derived rows back.

use std::fmt;

use basics::merkle::{CompactRange, leaf_hash};
use basics::{Cell, Date, cbor};

use crate::app::{App, CrossSums};
use crate::attempt::apply_record;
use crate::backend::{Backend, Connection, Head, StoreError};
use crate::checkpoint::{Checkpoint, CheckpointError, read_heads};
use crate::key;
use crate::overlay::{Fault, Overlay};
use crate::record::{JournalRecord, VERSION};
use crate::table::{Key, Origin, Record, Row, Table, Value};
use crate::tables::Journal;

/// Journal records read at once.
const PAGE: usize = 1_000;
/// Differences that a rebuild lists; more are only counted.
const LISTED_MAX: usize = 100;

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The cell, unless it concerns all.
    pub cell: Option<Cell>,
    /// What is wrong, in words.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell {
            Some(cell) => write!(f, "{cell:?}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// A derived row that differs from the stored one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static Table,
    /// The row as the journal gives it; none if it should not be there.
    pub derived: Option<Row>,
    /// The row as stored; none if it is missing.
    pub stored: Option<Row>,
}

impl Difference {
    fn describe(&self) -> String {
        let name = self.table.name;
        match (&self.derived, &self.stored) {
            (Some(derived), None) => format!("table `{name}`: row {} is missing", self.show_key(derived)),
            (None, Some(stored)) => format!("table `{name}`: row {} should not be there", self.show_key(stored)),
            (Some(derived), Some(stored)) => {
                let place = derived.iter().zip(stored).position(|(a, b)| a != b).unwrap_or(0);
                let column = self.table.columns[place].name;
                let (key, is, should) = (self.show_key(derived), show(&stored[place]), show(&derived[place]));
                format!("table `{name}`: row {key} has {column} = {is}, the journal gives {should}")
            }
            (None, None) => format!("table `{name}`: nothing"),
        }
    }

    fn show_key(&self, row: &Row) -> String {
        let parts: Vec<String> = row.iter().take(self.table.key_len).map(show).collect();
        format!("({})", parts.join(", "))
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Id(v) => v.to_string(),
        Value::Date(v) => v.to_string(),
        Value::Instant(v) => v.to_rfc3339(),
        Value::Text(v) => format!("`{v}`"),
        Value::Bytes(v) => format!("{} bytes", v.len()),
    }
}

/// What was proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Cells read.
    pub cells: u64,
    /// Records read.
    pub records: u64,
    /// Facts in them.
    pub facts: u64,
    /// Rows derived and compared.
    pub rows: u64,
    /// Records that no checkpoint proves.
    pub unproven: u64,
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The first thing that is wrong.
    #[error("{0}")]
    Wrong(Finding),
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The checkpoint is not usable.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl AuditError {
    fn wrong(cell: Cell, what: impl Into<String>) -> AuditError {
        AuditError::Wrong(Finding { cell: Some(cell), what: what.into() })
    }
}

/// Proves order, hashes, books and balances; the first thing wrong is the error.
pub fn verify<A: App>(app: &A, backend: &dyn Backend, checkpoint: Option<&Checkpoint>) -> Result<Report, AuditError> {
    if let Some(checkpoint) = checkpoint {
        checkpoint.check(None)?;
    }
    let mut connection = backend.connect()?;
    let mut walk = Walk::new(app, checkpoint);
    walk.all(connection.as_mut(), backend.cells(), &mut |cell, difference| {
        Err(AuditError::wrong(cell, difference.describe()))
    })?;
    Ok(walk.report)
}

/// What a rebuild found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// What was read.
    pub report: Report,
    /// How many rows differ.
    pub differing: u64,
    /// The first of them, in words.
    pub listed: Vec<String>,
}

/// Derives every book from the journal and compares; with `write`, stores the derived rows.
///
/// The journal itself must be whole: what is wrong there is an error here as in [`verify`].
pub fn rebuild<A: App>(app: &A, backend: &dyn Backend, write: bool) -> Result<Rebuilt, AuditError> {
    let mut connection = backend.connect()?;
    let mut found: Vec<(Cell, Difference)> = Vec::new();
    let mut walk = Walk::new(app, None);
    walk.identities = false;
    walk.all(connection.as_mut(), backend.cells(), &mut |cell, difference| {
        found.push((cell, difference));
        Ok(())
    })?;
    if write && !found.is_empty() {
        connection.begin()?;
        for (_, difference) in &found {
            repair(connection.as_mut(), difference)?;
        }
        connection.commit()?;
    }
    Ok(Rebuilt {
        report: walk.report,
        differing: found.len() as u64,
        listed: found.iter().take(LISTED_MAX).map(|(cell, d)| format!("{cell:?}: {}", d.describe())).collect(),
    })
}

fn repair(connection: &mut dyn Connection, difference: &Difference) -> Result<(), StoreError> {
    let table = difference.table;
    match (&difference.derived, &difference.stored) {
        (Some(derived), None) => connection.insert_many(table, std::slice::from_ref(derived)),
        (Some(derived), Some(_)) => connection.update_many(table, std::slice::from_ref(derived)),
        (None, Some(stored)) => connection.delete_many(table, &[stored[..table.key_len].to_vec()]),
        (None, None) => Ok(()),
    }
}

/// What is done with the rows of `Log` tables as they are derived.
pub type OnLog<'a> = dyn FnMut(&'static Table, &[Row]) -> Result<(), Fault> + 'a;

/// The books of a cell as its journal gives them at the end of a day; rows of `Log` tables are handed on and not kept. Call it on a
/// snapshot.
///
/// Each record up to that day is proven by its hash and its place, as [`verify`] does; the head and what is stored are not looked at.
pub fn books_at<A: App>(
    app: &A,
    connection: &mut dyn Connection,
    cell: Cell,
    through: Date,
    on_log: &mut OnLog<'_>,
) -> Result<Overlay, AuditError> {
    let mut walk = Walk::new(app, None);
    let mut of_cell = CellWalk {
        cell,
        books: Overlay::of_nothing(),
        range: CompactRange::default(),
        seq: 0,
        open_date: None,
        cursors: Vec::new(),
    };
    loop {
        let after = key![cell, of_cell.seq];
        let page = connection.scan(Journal::table(), &key![cell], Some(&after), PAGE)?;
        let mut over = page.len() < PAGE;
        for row in page {
            if !walk.record_up_to(&mut of_cell, row, Some(through))? {
                over = true;
                break;
            }
        }
        for (table, rows) in of_cell.books.drain_log() {
            on_log(table, &rows).map_err(|fault| at_fault(cell, &fault))?;
        }
        if over {
            return Ok(of_cell.books);
        }
    }
}

type OnDifference<'a> = dyn FnMut(Cell, Difference) -> Result<(), AuditError> + 'a;

struct Walk<'a, A: App> {
    app: &'a A,
    checkpoint: Option<&'a Checkpoint>,
    tables: Vec<&'static Table>,
    sums: CrossSums,
    report: Report,
    identities: bool,
}

/// A cell while it is read.
struct CellWalk {
    cell: Cell,
    books: Overlay,
    range: CompactRange,
    seq: i64,
    open_date: Option<Date>,
    cursors: Vec<(&'static Table, Option<Key>)>,
}

impl<'a, A: App> Walk<'a, A> {
    fn new(app: &'a A, checkpoint: Option<&'a Checkpoint>) -> Walk<'a, A> {
        let mut tables = crate::tables::all();
        tables.extend(app.tables());
        Walk { app, checkpoint, tables, sums: CrossSums::default(), report: Report::default(), identities: true }
    }

    fn all(
        &mut self,
        connection: &mut dyn Connection,
        cells: u16,
        on_difference: &mut OnDifference<'_>,
    ) -> Result<(), AuditError> {
        connection.begin_snapshot()?;
        let heads = read_heads(connection, cells)?;
        let result = self.heads(connection, &heads, cells, on_difference);
        connection.rollback();
        result
    }

    fn heads(
        &mut self,
        connection: &mut dyn Connection,
        heads: &[Head],
        cells: u16,
        on_difference: &mut OnDifference<'_>,
    ) -> Result<(), AuditError> {
        for number in 0..=cells {
            let head = heads
                .iter()
                .find(|head| head.cell == Cell(number))
                .ok_or_else(|| AuditError::wrong(Cell(number), "its head is missing"))?;
            self.cell(connection, head, on_difference)?;
        }
        if self.identities
            && let Some(what) = self.app.check_all(&self.sums).into_iter().next()
        {
            return Err(AuditError::Wrong(Finding { cell: None, what }));
        }
        Ok(())
    }

    fn cell(
        &mut self,
        connection: &mut dyn Connection,
        head: &Head,
        on_difference: &mut OnDifference<'_>,
    ) -> Result<(), AuditError> {
        let cell = head.cell;
        let logs = self.tables.iter().filter(|t| t.origin == Origin::Log).map(|t| (*t, None)).collect();
        let mut walk = CellWalk {
            cell,
            books: Overlay::of_nothing(),
            range: CompactRange::default(),
            seq: 0,
            open_date: None,
            cursors: logs,
        };
        let proven = self.checkpoint.and_then(|checkpoint| checkpoint.proven(cell));
        loop {
            let after = key![cell, walk.seq];
            let page = connection.scan(Journal::table(), &key![cell], Some(&after), PAGE)?;
            let last = page.len() < PAGE;
            for row in page {
                self.record(&mut walk, row)?;
                if let Some((records, root)) = proven
                    && records == walk.seq
                    && walk.range.root() != root
                {
                    let what = format!("the journal up to record {records} is not the one the checkpoint was taken of");
                    return Err(AuditError::wrong(cell, what));
                }
            }
            if last {
                // First whether the journal is whole, then what follows from it.
                self.check_end(&walk, proven.map_or(0, |(records, _)| records))?;
                self.check_head(&walk, head)?;
            }
            self.compare_logs(connection, &mut walk, last, on_difference)?;
            if last {
                break;
            }
        }
        self.compare_state(connection, &walk, on_difference)?;
        self.report.cells += 1;
        if self.identities {
            let findings = self.app.check_cell(cell, &walk.books, &mut self.sums);
            if let Some(what) = findings.map_err(|fault| at_fault(cell, &fault))?.into_iter().next() {
                return Err(AuditError::Wrong(Finding { cell: None, what }));
            }
        }
        Ok(())
    }

    fn record(&mut self, walk: &mut CellWalk, row: Row) -> Result<(), AuditError> {
        self.record_up_to(walk, row, None).map(|_| ())
    }

    /// Takes a record unless it was booked after a day; whether it was taken.
    fn record_up_to(&mut self, walk: &mut CellWalk, row: Row, through: Option<Date>) -> Result<bool, AuditError> {
        let cell = walk.cell;
        let row = Journal::from_row(&row).map_err(|e| AuditError::wrong(cell, e.to_string()))?;
        let expected = walk.seq + 1;
        if row.seq != expected {
            return Err(AuditError::wrong(cell, format!("journal record {expected} is missing")));
        }
        let wrong = |what: String| AuditError::wrong(cell, format!("journal record {expected}: {what}"));
        let leaf = leaf_hash(&row.bytes);
        if leaf.as_slice() != row.leaf {
            return Err(wrong("its bytes are not those that were hashed".to_owned()));
        }
        let record: JournalRecord = cbor::from_bytes(&row.bytes).map_err(|e| wrong(e.to_string()))?;
        if record.version > VERSION {
            return Err(wrong(format!("it has version {}, this program knows up to {VERSION}", record.version)));
        }
        if (record.cell, record.seq, record.command_id) != (cell, row.seq, row.command_id) {
            return Err(wrong("it belongs to another place or command".to_owned()));
        }
        if walk.open_date.is_some_and(|open| open != record.booking_date) {
            return Err(wrong(format!("it is booked on {}, which was not the open day", record.booking_date)));
        }
        if through.is_some_and(|day| record.booking_date > day) {
            return Ok(false);
        }
        walk.open_date = Some(record.opens.unwrap_or(record.booking_date));
        walk.range.append(leaf);
        walk.seq = expected;
        let mut facts = Vec::with_capacity(record.facts.len());
        for bytes in &record.facts {
            facts.push(cbor::from_bytes::<A::Fact>(bytes).map_err(|e| wrong(e.to_string()))?);
        }
        apply_record(self.app, &mut walk.books, &record, &facts).map_err(|fault| wrong(fault.to_string()))?;
        self.report.records += 1;
        self.report.facts += facts.len() as u64;
        Ok(true)
    }

    fn compare_logs(
        &mut self,
        connection: &mut dyn Connection,
        walk: &mut CellWalk,
        last: bool,
        on_difference: &mut OnDifference<'_>,
    ) -> Result<(), AuditError> {
        let cell = walk.cell;
        let mut derived = walk.books.drain_log();
        for (table, cursor) in &mut walk.cursors {
            let rows: Vec<Row> = derived
                .iter_mut()
                .find(|(t, _)| std::ptr::eq(*t, *table))
                .map(|(_, rows)| std::mem::take(rows))
                .unwrap_or_default();
            // Everything stored up to the last derived key; at the end of the cell, everything.
            let bound = if last { None } else { rows.last().map(|row| row[..table.key_len].to_vec()) };
            if !last && bound.is_none() {
                continue;
            }
            let mut stored = Vec::new();
            let mut after = cursor.clone();
            loop {
                let page = connection.scan(table, &key![cell], after.as_deref(), PAGE)?;
                let full = page.len() == PAGE;
                after = page.last().map(|row| row[..table.key_len].to_vec()).or(after);
                let beyond = bound.as_ref().is_some_and(|bound| after.as_ref().is_some_and(|after| after >= bound));
                stored.extend(page);
                if !full || beyond {
                    break;
                }
            }
            if let Some(bound) = &bound {
                stored.retain(|row| row[..table.key_len] <= bound[..]);
                *cursor = Some(bound.clone());
            }
            self.app.observe_log(table, &rows, &mut self.sums).map_err(|fault| at_fault(cell, &fault))?;
            self.report.rows += rows.len() as u64;
            compare(cell, table, rows, stored, on_difference)?;
        }
        Ok(())
    }

    fn compare_state(
        &mut self,
        connection: &mut dyn Connection,
        walk: &CellWalk,
        on_difference: &mut OnDifference<'_>,
    ) -> Result<(), AuditError> {
        let cell = walk.cell;
        for table in self.tables.iter().filter(|t| t.origin == Origin::State) {
            let derived: Vec<Row> = walk.books.all_rows(table).map(|(_, row)| row.clone()).collect();
            let mut stored = Vec::with_capacity(derived.len());
            let mut after: Option<Key> = None;
            loop {
                let page = connection.scan(table, &key![cell], after.as_deref(), PAGE)?;
                let full = page.len() == PAGE;
                after = page.last().map(|row| row[..table.key_len].to_vec()).or(after);
                stored.extend(page);
                if !full {
                    break;
                }
            }
            self.report.rows += derived.len() as u64;
            compare(cell, table, derived, stored, on_difference)?;
        }
        Ok(())
    }

    fn check_end(&mut self, walk: &CellWalk, proven: i64) -> Result<(), AuditError> {
        if walk.seq < proven {
            let what =
                format!("the journal ends at record {}, a checkpoint proves {proven}: its tail is missing", walk.seq);
            return Err(AuditError::wrong(walk.cell, what));
        }
        self.report.unproven += (walk.seq - proven) as u64;
        Ok(())
    }

    fn check_head(&self, walk: &CellWalk, head: &Head) -> Result<(), AuditError> {
        let cell = walk.cell;
        if head.seq != walk.seq {
            let what = format!("the head counts {} records, the journal has {}", head.seq, walk.seq);
            return Err(AuditError::wrong(cell, what));
        }
        if head.range != walk.range.to_bytes() {
            return Err(AuditError::wrong(cell, "the journal does not hash to its head: a record was replaced"));
        }
        if walk.open_date.is_some_and(|open| open != head.open_date) {
            return Err(AuditError::wrong(
                cell,
                format!("the head has {} open, the journal another day", head.open_date),
            ));
        }
        Ok(())
    }
}

fn at_fault(cell: Cell, fault: &Fault) -> AuditError {
    AuditError::wrong(cell, fault.to_string())
}

/// Compares two lists of rows of one table, both in key order.
fn compare(
    cell: Cell,
    table: &'static Table,
    derived: Vec<Row>,
    stored: Vec<Row>,
    on_difference: &mut OnDifference<'_>,
) -> Result<(), AuditError> {
    let mut derived = derived.into_iter().peekable();
    let mut stored = stored.into_iter().peekable();
    loop {
        let order = match (derived.peek(), stored.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(d), Some(s)) => d[..table.key_len].cmp(&s[..table.key_len]),
        };
        let (derived, stored) = match order {
            std::cmp::Ordering::Less => (derived.next(), None),
            std::cmp::Ordering::Greater => (None, stored.next()),
            std::cmp::Ordering::Equal => (derived.next(), stored.next()),
        };
        if derived != stored {
            on_difference(cell, Difference { table, derived, stored })?;
        }
    }
}
