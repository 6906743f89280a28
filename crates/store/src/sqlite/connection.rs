//! The primitives of one SQLite connection.

use std::collections::HashMap;
use std::sync::Arc;

use basics::{Cell, Date, Id, Instant};
use door::backend::{ClaimState, Connection, DirectoryRow, Durability, Head, List};
use door::table::{Field, Key, Kind, Row, Value};
use door::{Record, StoreError, Table};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::{map, map_commit};
use crate::ddl::{Dialect, Directory};
use crate::page::{directory_row, directory_values, head, in_order, limit_value, no_such_row, swap_one};
use crate::shape::{check_key, check_row, distinct, key_columns, misread};
use crate::statements;

/// Rows in one `INSERT`, largest first; the last must be 1. Fixed, so that prepared statements are reused.
const INSERT_CHUNKS: [usize; 2] = [8, 1];
/// Keys in one search; what is left over is searched key by key.
const LOAD_CHUNK: usize = 32;
/// Parameters in one statement at most: SQLite's own limit.
const PARAMETERS_MAX: usize = 32_766;

pub(super) struct SqliteConnection {
    connection: rusqlite::Connection,
    texts: HashMap<(usize, Form), Arc<str>>,
    /// A statement of the transaction failed: SQLite may have rolled back by itself.
    failed: bool,
    durability: Durability,
}

/// The forms of statements whose text is kept.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Insert(usize),
    Update,
    Delete,
    Load(Vec<usize>, usize),
}

impl SqliteConnection {
    pub(super) fn new(connection: rusqlite::Connection) -> SqliteConnection {
        SqliteConnection { connection, texts: HashMap::new(), failed: false, durability: Durability::EachCommit }
    }

    fn text(&mut self, table: &'static Table, form: Form) -> Arc<str> {
        let place = std::ptr::from_ref(table) as usize;
        let made = || match &form {
            Form::Insert(rows) => statements::sqlite::insert(table, *rows),
            Form::Update => statements::sqlite::update(table),
            Form::Delete => statements::sqlite::delete(table),
            Form::Load(columns, 1) => statements::sqlite::load_one(table, columns),
            Form::Load(columns, keys) => statements::sqlite::load_chunk(table, columns, *keys),
        };
        self.texts.entry((place, form.clone())).or_insert_with(|| made().into()).clone()
    }

    fn watch<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.failed |= result.is_err();
        result
    }

    fn run_batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(text).map_err(map)
    }

    fn begin_with(&mut self, text: &str) -> Result<(), StoreError> {
        self.failed = false;
        self.run_batch(text)
    }

    fn insert(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
        let mut rest = rows;
        for size in INSERT_CHUNKS {
            if rest.len() < size || size * table.columns.len() > PARAMETERS_MAX {
                continue;
            }
            let text = self.text(table, Form::Insert(size));
            let mut statement = self.connection.prepare_cached(&text).map_err(map)?;
            while rest.len() >= size {
                let (chunk, others) = rest.split_at(size);
                let mut place = 0;
                for row in chunk {
                    check_row(table, row)?;
                    place = bind_all(&mut statement, place, row)?;
                }
                statement.raw_execute().map_err(map)?;
                rest = others;
            }
        }
        Ok(())
    }

    fn update(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
        if table.columns.len() <= table.key_len {
            return Err(StoreError::Other(format!("bug: table `{}` has nothing beside its key", table.name)));
        }
        let text = self.text(table, Form::Update);
        let mut statement = self.connection.prepare_cached(&text).map_err(map)?;
        for row in rows {
            check_row(table, row)?;
            let (key, others) = row.split_at(table.key_len);
            let place = bind_all(&mut statement, 0, others)?;
            bind_all(&mut statement, place, key)?;
            if statement.raw_execute().map_err(map)? != 1 {
                return Err(no_such_row(table, key));
            }
        }
        Ok(())
    }

    fn delete(&mut self, table: &'static Table, keys: &[Key]) -> Result<(), StoreError> {
        let columns = key_columns(table);
        let text = self.text(table, Form::Delete);
        let mut statement = self.connection.prepare_cached(&text).map_err(map)?;
        for key in keys {
            check_key(table, &columns, key)?;
            bind_all(&mut statement, 0, key)?;
            statement.raw_execute().map_err(map)?;
        }
        Ok(())
    }

    fn load(&mut self, table: &'static Table, columns: &[usize], keys: &[Key]) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            check_key(table, columns, key)?;
        }
        let keys = distinct(keys);
        let chunk = LOAD_CHUNK.min(PARAMETERS_MAX / columns.len().max(1));
        let mut rest = keys.as_slice();
        for size in [chunk, 1] {
            if rest.len() < size {
                continue;
            }
            let text = self.text(table, Form::Load(columns.to_vec(), size));
            let mut statement = self.connection.prepare_cached(&text).map_err(map)?;
            while rest.len() >= size {
                let (now, later) = rest.split_at(size);
                let mut place = 0;
                for key in now {
                    place = bind_all(&mut statement, place, key)?;
                }
                collect(table, &mut statement, &mut found)?;
                rest = later;
            }
        }
        Ok(found)
    }

    fn select(&mut self, table: &'static Table, text: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(text).map_err(map)?;
        let mut found = Vec::new();
        bind_all(&mut statement, 0, parameters)?;
        collect(table, &mut statement, &mut found)?;
        Ok(found)
    }

    fn execute(&mut self, text: &str, parameters: &[Value]) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(text).map_err(map)?;
        bind_all(&mut statement, 0, parameters)?;
        statement.raw_execute().map_err(map)
    }

    fn find_hashes(&mut self, hashes: &[[u8; 32]]) -> Result<Vec<DirectoryRow>, StoreError> {
        let keys: Vec<Key> = hashes.iter().map(|hash| vec![hash.to_value()]).collect();
        let rows = self.load(Directory::table(), &[0], &keys)?;
        rows.iter().map(|row| directory_row(row)).collect()
    }
}

/// The setting of a connection: in a log that is written ahead, `NORMAL` syncs only before the log goes into the file.
fn synchronous(durability: Durability) -> &'static str {
    match durability {
        Durability::EachCommit => "PRAGMA synchronous = FULL",
        Durability::Later => "PRAGMA synchronous = NORMAL",
    }
}

impl Connection for SqliteConnection {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.begin_with("BEGIN IMMEDIATE")
    }

    fn begin_snapshot(&mut self) -> Result<(), StoreError> {
        // The state is held from the first read on, so one is made here.
        self.begin_with("BEGIN DEFERRED; SELECT 1 FROM \"meta\" LIMIT 1")
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.failed || self.connection.is_autocommit() {
            return Err(StoreError::Other("bug: a transaction that had failed was to be committed".to_owned()));
        }
        let done = self.connection.execute_batch("COMMIT").map_err(map_commit);
        self.watch(done)
    }

    fn rollback(&mut self) {
        if !self.connection.is_autocommit() {
            // It fails only where SQLite has rolled back by itself.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.failed = false;
    }

    fn set_durability(&mut self, durability: Durability) -> Result<(), StoreError> {
        self.run_batch(synchronous(durability))?;
        self.durability = durability;
        Ok(())
    }

    fn make_durable(&mut self) -> Result<(), StoreError> {
        if self.durability == Durability::EachCommit {
            return Ok(());
        }
        // A commit that is synced takes with it all that the log has before it. It must have a page to write, and a row
        // that is put back as it stood has none.
        self.run_batch(synchronous(Durability::EachCommit))?;
        self.begin()?;
        let done = self.run_batch(
            "INSERT INTO \"meta\" (\"name\", \"value\") VALUES ('durable', ''); DELETE FROM \"meta\" WHERE \"name\" = 'durable'",
        );
        let done = self.watch(done).and_then(|()| self.commit());
        if done.is_err() {
            self.rollback();
        }
        self.run_batch(synchronous(self.durability))?;
        done
    }

    fn lock_heads(&mut self, cells: &[Cell]) -> Result<Vec<Head>, StoreError> {
        // `BEGIN IMMEDIATE` has locked the whole file already.
        let mut cells = cells.to_vec();
        cells.sort_unstable();
        cells.dedup();
        let table = door::tables::CellHead::table();
        let mut heads = Vec::with_capacity(cells.len());
        for cell in cells {
            let rows = self.select(table, statements::lock_heads(Dialect::Sqlite), &[cell.to_value()]);
            for row in self.watch(rows)? {
                heads.push(head(&row)?);
            }
        }
        Ok(heads)
    }

    fn swap_heads(&mut self, heads: &[Head]) -> Result<usize, StoreError> {
        let mut swapped = 0;
        for head in heads {
            let parameters = [
                Value::Int(head.seq),
                Value::Bytes(head.range.as_slice().into()),
                Value::Date(head.open_date),
                head.cell.to_value(),
                Value::Int(head.version),
            ];
            let done = self.execute(statements::swap_heads(Dialect::Sqlite), &parameters);
            swapped += self.watch(done)?;
        }
        Ok(swapped)
    }

    fn load_many(&mut self, table: &'static Table, columns: &[usize], keys: &[Key]) -> Result<Vec<Row>, StoreError> {
        let rows = self.load(table, columns, keys);
        self.watch(rows)
    }

    fn insert_many(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
        let done = self.insert(table, rows);
        self.watch(done)
    }

    fn update_many(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
        let done = self.update(table, rows);
        self.watch(done)
    }

    fn delete_many(&mut self, table: &'static Table, keys: &[Key]) -> Result<(), StoreError> {
        let done = self.delete(table, keys);
        self.watch(done)
    }

    fn scan(
        &mut self,
        table: &'static Table,
        prefix: &[Value],
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let Some(page) = crate::page::Page::new(table, prefix, after, limit)? else { return Ok(Vec::new()) };
        let rows = self.select(table, &page.text(Dialect::Sqlite), &page.parameters);
        self.watch(rows)
    }

    fn list(&mut self, list: &List) -> Result<Vec<Row>, StoreError> {
        let (text, parameters) = crate::page::list(list, Dialect::Sqlite)?;
        let rows = self.select(list.table, &text, &parameters);
        self.watch(rows)
    }

    fn directory_claim(&mut self, rows: &[DirectoryRow]) -> Result<Vec<DirectoryRow>, StoreError> {
        let text = statements::directory_claim(Dialect::Sqlite);
        for row in rows {
            let done = self.execute(&text, &directory_values(row));
            self.watch(done)?;
        }
        let hashes: Vec<[u8; 32]> = rows.iter().map(|row| row.hash).collect();
        let found = self.directory_find(&hashes)?;
        in_order(&hashes, &found)
    }

    fn directory_swap(&mut self, swaps: &[(DirectoryRow, Option<DirectoryRow>)]) -> Result<Vec<bool>, StoreError> {
        let mut replaced = Vec::with_capacity(swaps.len());
        for (old, new) in swaps {
            let (text, parameters) = swap_one(Dialect::Sqlite, old, new.as_ref());
            let done = self.execute(&text, &parameters);
            replaced.push(self.watch(done)? == 1);
        }
        Ok(replaced)
    }

    fn directory_find(&mut self, hashes: &[[u8; 32]]) -> Result<Vec<DirectoryRow>, StoreError> {
        let found = self.find_hashes(hashes);
        self.watch(found)
    }

    fn directory_stale(&mut self, before: Instant, limit: usize) -> Result<Vec<DirectoryRow>, StoreError> {
        let parameters = [ClaimState::Claimed.to_value(), before.to_value(), limit_value(limit)];
        let text = statements::directory_stale(Dialect::Sqlite);
        let rows = self.select(Directory::table(), &text, &parameters);
        self.watch(rows)?.iter().map(|row| directory_row(row)).collect()
    }
}

/// Adds rows one by one, for a database that is being made.
pub(super) fn insert_plain(connection: &rusqlite::Connection, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
    let mut statement = connection.prepare(&statements::sqlite::insert(table, 1)).map_err(map)?;
    for row in rows {
        bind_all(&mut statement, 0, row)?;
        statement.raw_execute().map_err(map)?;
    }
    Ok(())
}

struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Bool(value) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*value))),
            Value::Int(value) => ToSqlOutput::Borrowed(ValueRef::Integer(*value)),
            Value::Id(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            Value::Date(date) => ToSqlOutput::Owned(rusqlite::types::Value::Text(date.to_string())),
            Value::Instant(instant) => ToSqlOutput::Borrowed(ValueRef::Integer(instant.0)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Binds values from a place on; the place after them.
fn bind_all(statement: &mut rusqlite::Statement<'_>, place: usize, values: &[Value]) -> Result<usize, StoreError> {
    for (offset, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(place + offset + 1, Parameter(value)).map_err(map)?;
    }
    Ok(place + values.len())
}

fn collect(
    table: &'static Table,
    statement: &mut rusqlite::Statement<'_>,
    found: &mut Vec<Row>,
) -> Result<(), StoreError> {
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(map)? {
        let mut values = Vec::with_capacity(table.columns.len());
        for (place, column) in table.columns.iter().enumerate() {
            let stored = row.get_ref(place).map_err(map)?;
            values.push(read(column.kind, stored).ok_or_else(|| misread(table, place, &format!("{stored:?}")))?);
        }
        found.push(values);
    }
    Ok(())
}

fn read(kind: Kind, stored: ValueRef<'_>) -> Option<Value> {
    Some(match (kind, stored) {
        (_, ValueRef::Null) => Value::Null,
        (Kind::Bool, ValueRef::Integer(number @ (0 | 1))) => Value::Bool(number == 1),
        (Kind::Int, ValueRef::Integer(number)) => Value::Int(number),
        (Kind::Instant, ValueRef::Integer(number)) => Value::Instant(Instant(number)),
        (Kind::Id, ValueRef::Blob(bytes)) => Value::Id(Id(uuid::Uuid::from_slice(bytes).ok()?)),
        (Kind::Date, ValueRef::Text(text)) => Value::Date(Date::parse(std::str::from_utf8(text).ok()?).ok()?),
        (Kind::Text, ValueRef::Text(text)) => Value::Text(std::str::from_utf8(text).ok()?.into()),
        (Kind::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(bytes.into()),
        _ => return None,
    })
}
