//! What a batch of commands sees and changes: stored rows, with the changes of earlier commands over them.
//!
//! A handler asks for rows before it runs ([`Needs`]); the engine loads them, one statement
//! a table; the handler then reads through [`Overlay::get`] and [`Overlay::range`]. Reading
//! a row that was not asked for is a programming error and is reported as such, never
//! answered as "no row". After a commit the rows of `State` tables stay as a cache.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use crate::table::{Key, Origin, Record, Row, RowError, Table, Value};

/// A mistake in the program or a damaged database; never the fault of who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A handler read a row it had not asked for.
    #[error("bug: a handler read table `{0}` without asking for the row first")]
    NotLoaded(&'static str),
    /// A stored row does not fit its table.
    #[error(transparent)]
    Row(#[from] RowError),
    /// Stored bytes do not decode.
    #[error(transparent)]
    Decode(#[from] basics::cbor::DecodeError),
    /// A rule that must always hold does not.
    #[error("bug: {0}")]
    Broken(String),
}

/// Rows that a command asks for: a table and the leading values of its key.
#[derive(Debug, Default)]
pub struct Needs {
    /// What was asked, in order.
    pub wanted: Vec<(&'static Table, Key)>,
    /// First rows by key that were asked for, with how many at most.
    pub firsts: Vec<(&'static Table, Key, usize)>,
}

impl Needs {
    /// Asks for all rows whose key begins with `prefix`; a whole key asks for one row.
    pub fn rows<R: Record>(&mut self, prefix: Key) {
        debug_assert!(!prefix.is_empty() && prefix.len() <= R::table().key_len);
        self.wanted.push((R::table(), prefix));
    }

    /// Asks for the first `limit` rows, by key, of those whose key begins with `prefix`: what a long list
    /// begins with, however long it is. They are read with [`Overlay::first`].
    pub fn first<R: Record>(&mut self, prefix: Key, limit: usize) {
        debug_assert!(!prefix.is_empty() && prefix.len() < R::table().key_len && limit > 0);
        self.firsts.push((R::table(), prefix, limit));
    }
}

/// The beginning of a long list, by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First<R> {
    /// The rows, in key order.
    pub rows: Vec<R>,
    /// Whether they are all there are.
    pub whole: bool,
}

#[derive(Clone, Debug)]
struct Slot {
    row: Option<Row>,
    stored: bool,
    dirty: bool,
}

#[derive(Clone, Debug)]
struct TableRows {
    table: &'static Table,
    rows: BTreeMap<Key, Slot>,
    loaded: HashSet<Key>,
    /// Of prefixes whose first rows this batch has loaded: the last key, none if all rows were loaded.
    firsts: BTreeMap<Key, Option<Key>>,
    dirty: Vec<Key>,
}

/// The merged writes of a batch for one table.
#[derive(Debug)]
pub struct Changes {
    /// The table.
    pub table: &'static Table,
    /// New rows, in key order.
    pub inserts: Vec<Row>,
    /// Changed rows, whole, in key order.
    pub updates: Vec<Row>,
    /// Keys of removed rows, in key order.
    pub deletes: Vec<Key>,
}

/// Stored rows and the changes over them.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    tables: Vec<TableRows>,
    everything_loaded: bool,
}

impl Overlay {
    /// An overlay over an empty database: no row is missing, none is there. For rebuilding.
    pub fn of_nothing() -> Overlay {
        Overlay { tables: Vec::new(), everything_loaded: true }
    }

    /// The row with this key, or `None` if there is none.
    pub fn get<R: Record>(&self, key: &[Value]) -> Result<Option<R>, Fault> {
        let Some(rows) = self.find(R::table()) else { return self.absent(R::table()) };
        match rows.rows.get(key) {
            Some(slot) => slot.row.as_deref().map(R::from_row).transpose().map_err(Fault::from),
            None if self.everything_loaded || rows.covers(key) => Ok(None),
            None => Err(Fault::NotLoaded(R::table().name)),
        }
    }

    /// All rows whose key begins with `prefix`, in key order.
    pub fn range<R: Record>(&self, prefix: &[Value]) -> Result<Vec<R>, Fault> {
        let Some(rows) = self.find(R::table()) else { return self.absent(R::table()).map(|_: Option<R>| Vec::new()) };
        if !self.everything_loaded && !rows.covers(prefix) {
            return Err(Fault::NotLoaded(R::table().name));
        }
        rows.with_prefix(prefix)
            .filter_map(|(_, slot)| slot.row.as_deref())
            .map(|row| R::from_row(row).map_err(Fault::from))
            .collect()
    }

    /// The first rows whose key begins with `prefix`, as [`Needs::first`] asked for them in this batch, with what
    /// earlier commands of the batch changed among them.
    pub fn first<R: Record>(&self, prefix: &[Value]) -> Result<First<R>, Fault> {
        let Some(rows) = self.find(R::table()) else {
            return self.absent(R::table()).map(|_: Option<R>| First { rows: Vec::new(), whole: true });
        };
        let last = match rows.firsts.get(prefix) {
            Some(last) => last.as_ref(),
            None if self.everything_loaded => None,
            None => return Err(Fault::NotLoaded(R::table().name)),
        };
        let read = rows
            .with_prefix(prefix)
            .take_while(|(key, _)| last.is_none_or(|last| *key <= last))
            .filter_map(|(_, slot)| slot.row.as_deref())
            .map(|row| R::from_row(row).map_err(Fault::from))
            .collect::<Result<_, _>>()?;
        Ok(First { rows: read, whole: last.is_none() })
    }

    /// Whether the first rows under a prefix can be read.
    pub fn has_first(&self, table: &'static Table, prefix: &[Value]) -> bool {
        self.everything_loaded || self.find(table).is_some_and(|rows| rows.firsts.contains_key(prefix))
    }

    /// Takes in the first rows read from the database for a prefix; `whole` says that there are no more.
    pub fn fill_first(&mut self, table: &'static Table, prefix: Key, rows: Vec<Row>, whole: bool) {
        let last = if whole { None } else { rows.last().map(|row| row[..table.key_len.min(row.len())].to_vec()) };
        self.fill(table, Vec::new(), rows);
        self.find_or_make(table).firsts.insert(prefix, last);
    }

    /// Whether these rows can be read.
    pub fn has(&self, table: &'static Table, prefix: &[Value]) -> bool {
        self.everything_loaded || self.find(table).is_some_and(|rows| rows.covers(prefix))
    }

    /// Adds or replaces a row.
    pub fn put<R: Record>(&mut self, record: &R) {
        self.put_row(R::table(), record.to_row());
    }

    /// Adds or replaces a row given as values.
    pub fn put_row(&mut self, table: &'static Table, row: Row) {
        let rows = self.find_or_make(table);
        let key = row[..table.key_len.min(row.len())].to_vec();
        let slot = rows.rows.entry(key.clone()).or_insert(Slot { row: None, stored: false, dirty: false });
        slot.row = Some(row);
        if !slot.dirty {
            slot.dirty = true;
            rows.dirty.push(key);
        }
    }

    /// Removes a row, if it is there.
    pub fn remove<R: Record>(&mut self, key: &[Value]) {
        self.remove_row(R::table(), key);
    }

    /// Removes a row of a table, if it is there.
    pub fn remove_row(&mut self, table: &'static Table, key: &[Value]) {
        let rows = self.find_or_make(table);
        if let Some(slot) = rows.rows.get_mut(key) {
            slot.row = None;
            if !slot.dirty {
                slot.dirty = true;
                rows.dirty.push(key.to_vec());
            }
        }
    }

    /// Takes in rows read from the database for the prefixes that were asked.
    pub fn fill(&mut self, table: &'static Table, prefixes: Vec<Key>, rows: Vec<Row>) {
        let held = self.find_or_make(table);
        held.loaded.extend(prefixes);
        for row in rows {
            let key = row[..table.key_len.min(row.len())].to_vec();
            held.rows.entry(key).or_insert(Slot { row: Some(row), stored: true, dirty: false });
        }
    }

    /// What the commands so far changed, a table at a time, in the order tables were first touched.
    ///
    /// Asked for once, when a batch is written: rows that are not kept as a cache are handed over, not copied.
    pub fn changes(&mut self) -> Vec<Changes> {
        let mut all = Vec::new();
        for rows in &mut self.tables {
            let kept = rows.table.origin == Origin::State;
            let mut changes =
                Changes { table: rows.table, inserts: Vec::new(), updates: Vec::new(), deletes: Vec::new() };
            rows.dirty.sort_unstable();
            let dirty = if kept { Vec::new() } else { std::mem::take(&mut rows.dirty) };
            for key in if kept { &rows.dirty } else { &dirty } {
                let (row, stored) = if kept {
                    let Some(slot) = rows.rows.get(key) else { continue };
                    (slot.row.clone(), slot.stored)
                } else {
                    let Some(slot) = rows.rows.remove(key) else { continue };
                    (slot.row, slot.stored)
                };
                match (row, stored) {
                    (Some(row), false) => changes.inserts.push(row),
                    (Some(row), true) => changes.updates.push(row),
                    (None, true) => changes.deletes.push(key.clone()),
                    (None, false) => {}
                }
            }
            if !(changes.inserts.is_empty() && changes.updates.is_empty() && changes.deletes.is_empty()) {
                all.push(changes);
            }
        }
        all
    }

    /// The changes are stored: rows of `State` tables stay as a cache, all others are let go.
    pub fn settle(&mut self) {
        for rows in &mut self.tables {
            rows.firsts.clear();
            if rows.table.origin != Origin::State {
                rows.clear();
                continue;
            }
            for key in std::mem::take(&mut rows.dirty) {
                let Some(slot) = rows.rows.get_mut(&key) else { continue };
                // A row that was stored before was loaded, and is covered by what loaded it.
                let is_new = !slot.stored;
                slot.dirty = false;
                slot.stored = slot.row.is_some();
                if !slot.stored {
                    rows.rows.remove(&key);
                } else if is_new && !rows.covers(&key) {
                    // A row this writer made: it is known without having been loaded.
                    rows.loaded.insert(key);
                }
            }
        }
    }

    /// Forgets everything. After a roll-back, or when another writer has been here.
    pub fn clear(&mut self) {
        for rows in &mut self.tables {
            rows.clear();
        }
    }

    /// How many rows are held.
    pub fn len(&self) -> usize {
        self.tables.iter().map(|t| t.rows.len() + t.loaded.len()).sum()
    }

    /// Whether no row is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows of a table, in key order. For rebuilding and audit.
    pub fn all_rows(&self, table: &'static Table) -> impl Iterator<Item = (&Key, &Row)> {
        self.find(table)
            .into_iter()
            .flat_map(|t| t.rows.iter())
            .filter_map(|(key, slot)| slot.row.as_ref().map(|row| (key, row)))
    }

    /// Takes the rows added to `Log` tables out, in key order. For rebuilding.
    pub fn drain_log(&mut self) -> Vec<(&'static Table, Vec<Row>)> {
        let mut drained = Vec::new();
        for rows in self.tables.iter_mut().filter(|t| t.table.origin == Origin::Log) {
            rows.dirty.clear();
            let taken = std::mem::take(&mut rows.rows);
            drained.push((rows.table, taken.into_values().filter_map(|slot| slot.row).collect()));
        }
        drained
    }

    fn absent<R>(&self, table: &'static Table) -> Result<Option<R>, Fault> {
        if self.everything_loaded { Ok(None) } else { Err(Fault::NotLoaded(table.name)) }
    }

    fn find(&self, table: &'static Table) -> Option<&TableRows> {
        self.tables.iter().find(|t| std::ptr::eq(t.table, table))
    }

    fn find_or_make(&mut self, table: &'static Table) -> &mut TableRows {
        let place = match self.tables.iter().position(|t| std::ptr::eq(t.table, table)) {
            Some(place) => place,
            None => {
                self.tables.push(TableRows {
                    table,
                    rows: BTreeMap::new(),
                    loaded: HashSet::new(),
                    firsts: BTreeMap::new(),
                    dirty: Vec::new(),
                });
                self.tables.len() - 1
            }
        };
        &mut self.tables[place]
    }
}

impl TableRows {
    fn covers(&self, key: &[Value]) -> bool {
        (1..=key.len()).any(|n| self.loaded.contains(&key[..n]))
    }

    fn with_prefix<'a>(&'a self, prefix: &'a [Value]) -> impl Iterator<Item = (&'a Key, &'a Slot)> {
        self.rows
            .range::<[Value], _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.loaded.clear();
        self.firsts.clear();
        self.dirty.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key;
    use basics::{Cell, Id};

    crate::table! {
        /// A purse.
        struct Purse = "purse" (Household, State, key 3) { cell: Cell, owner: Id, slot: i64, amount: i64 }
    }
    crate::table! {
        /// A line in a book.
        struct Line = "line" (Household, Log, key 2) { cell: Cell, seq: i64, text: String }
    }

    fn purse(slot: i64, amount: i64) -> Purse {
        Purse { cell: Cell(1), owner: Id::from_u128(9), slot, amount }
    }

    #[test]
    fn a_row_not_asked_for_is_a_bug_and_not_an_absence() {
        let mut overlay = Overlay::default();
        let key = key![Cell(1), Id::from_u128(9), 0i64];
        assert_eq!(overlay.get::<Purse>(&key), Err(Fault::NotLoaded("purse")));
        overlay.fill(Purse::table(), vec![key![Cell(1), Id::from_u128(9)]], vec![purse(1, 5).to_row()]);
        assert_eq!(overlay.get::<Purse>(&key), Ok(None));
        assert_eq!(overlay.range::<Purse>(&key[..2]).unwrap(), vec![purse(1, 5)]);
        assert!(overlay.range::<Purse>(&key[..1]).is_err());
    }

    #[test]
    fn later_commands_see_earlier_changes_and_writes_merge() {
        let mut overlay = Overlay::default();
        overlay.fill(Purse::table(), vec![key![Cell(1), Id::from_u128(9)]], vec![purse(1, 5).to_row()]);
        overlay.put(&purse(1, 6));
        overlay.put(&purse(1, 7));
        overlay.put(&purse(2, 1));
        overlay.put(&purse(3, 1));
        overlay.remove::<Purse>(&key![Cell(1), Id::from_u128(9), 3i64]);
        overlay.put(&Line { cell: Cell(1), seq: 1, text: "a".into() });
        let changes = overlay.changes();
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].updates, vec![purse(1, 7).to_row()]);
        assert_eq!(changes[0].inserts, vec![purse(2, 1).to_row()]);
        assert!(changes[0].deletes.is_empty(), "made and removed in one batch: never stored");
        overlay.settle();
        assert!(overlay.changes().is_empty());
        assert_eq!(overlay.get::<Purse>(&key![Cell(1), Id::from_u128(9), 1i64]).unwrap(), Some(purse(1, 7)));
        assert!(overlay.get::<Line>(&key![Cell(1), 1i64]).is_err(), "log rows are let go");
    }

    #[test]
    fn the_beginning_of_a_list_is_read_as_far_as_it_was_loaded() {
        let mut overlay = Overlay::default();
        let prefix = key![Cell(1), Id::from_u128(9)];
        assert_eq!(overlay.first::<Purse>(&prefix), Err(Fault::NotLoaded("purse")));
        let rows = vec![purse(1, 5).to_row(), purse(3, 5).to_row()];
        overlay.fill_first(Purse::table(), prefix.clone(), rows, false);
        overlay.remove::<Purse>(&key![Cell(1), Id::from_u128(9), 1i64]);
        overlay.put(&purse(2, 6));
        overlay.put(&purse(4, 7));
        // Row 4 lies beyond what was loaded: there may be rows between 3 and it.
        let first = overlay.first::<Purse>(&prefix).unwrap();
        assert_eq!(first, First { rows: vec![purse(2, 6), purse(3, 5)], whole: false });
        assert!(overlay.range::<Purse>(&prefix).is_err(), "the whole list was not loaded");
        overlay.settle();
        assert!(overlay.first::<Purse>(&prefix).is_err(), "every batch reads the beginning anew");
        assert_eq!(overlay.get::<Purse>(&key![Cell(1), Id::from_u128(9), 3i64]).unwrap(), Some(purse(3, 5)));
    }

    #[test]
    fn fresh_reads_never_cover_changes() {
        let mut overlay = Overlay::default();
        overlay.put(&purse(1, 8));
        overlay.fill(Purse::table(), vec![key![Cell(1), Id::from_u128(9)]], vec![purse(1, 5).to_row()]);
        assert_eq!(overlay.range::<Purse>(&key![Cell(1), Id::from_u128(9)]).unwrap(), vec![purse(1, 8)]);
    }
}
