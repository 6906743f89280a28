//! The primitives of one PostgreSQL connection.

use std::collections::HashMap;

use basics::{Cell, Instant};
use door::backend::{ClaimState, Connection, DirectoryRow, Durability, Head, List};
use door::table::{Field, Key, Row, Value};
use door::tables::CellHead;
use door::{Record, StoreError, Table};
use postgres::types::ToSql;
use postgres::{Client, Statement};

use super::value::{Arrays, Parameter, read_row};
use super::{map, map_commit};
use crate::ddl::{Dialect, Directory};
use crate::page::{Page, directory_row, directory_values, head, in_order, limit_value, no_such_row, swap_one};
use crate::shape::{check_key, check_row, distinct, key_columns};
use crate::statements;

/// Prepared statements kept; lists for people have many forms, so there is an end to it.
const STATEMENTS_MAX: usize = 1_024;
/// Rows sent in one statement at most, so that a message has a bounded size.
const ROWS_MAX: usize = 10_000;

pub(super) struct PostgresConnection {
    client: Client,
    statements: HashMap<String, Statement>,
    forms: HashMap<(usize, Form), Statement>,
    /// A statement of the transaction failed: the server would turn `COMMIT` into a roll-back.
    failed: bool,
    open: bool,
    durability: Durability,
}

/// The bulk primitives, whose statements are found without building their text.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Insert,
    Update,
    Delete,
    Load(Vec<usize>),
    ScanMany(usize),
}

impl PostgresConnection {
    pub(super) fn new(client: Client) -> PostgresConnection {
        PostgresConnection {
            client,
            statements: HashMap::new(),
            forms: HashMap::new(),
            failed: false,
            open: false,
            durability: Durability::EachCommit,
        }
    }

    fn watch<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.failed |= result.is_err();
        result
    }

    fn begin_with(&mut self, text: &str) -> Result<(), StoreError> {
        if self.open {
            return Err(StoreError::Other("bug: a transaction was begun within another".to_owned()));
        }
        self.client.batch_execute(text).map_err(map)?;
        self.failed = false;
        self.open = true;
        Ok(())
    }

    fn form(&mut self, table: &'static Table, form: Form) -> Result<Statement, StoreError> {
        let place = (std::ptr::from_ref(table) as usize, form);
        if let Some(statement) = self.forms.get(&place) {
            return Ok(statement.clone());
        }
        let text = match &place.1 {
            Form::Insert => statements::postgres::insert(table),
            Form::Update => statements::postgres::update(table),
            Form::Delete => statements::postgres::delete(table),
            Form::Load(columns) => statements::postgres::load(table, columns),
            Form::ScanMany(prefix) => statements::postgres::scan_many(table, *prefix),
        };
        let statement = self.client.prepare(&text).map_err(map)?;
        self.forms.insert(place, statement.clone());
        Ok(statement)
    }

    fn prepared(&mut self, text: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).map_err(map)?;
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        self.statements.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    fn select(&mut self, table: &'static Table, text: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared(text)?;
        let held: Vec<Parameter<'_>> = parameters.iter().map(Parameter).collect();
        let given: Vec<&(dyn ToSql + Sync)> = held.iter().map(|p| p as &(dyn ToSql + Sync)).collect();
        let rows = self.client.query(&statement, &given).map_err(map)?;
        rows.iter().map(|row| read_row(table, row)).collect()
    }

    fn execute(&mut self, text: &str, parameters: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepared(text)?;
        let held: Vec<Parameter<'_>> = parameters.iter().map(Parameter).collect();
        let given: Vec<&(dyn ToSql + Sync)> = held.iter().map(|p| p as &(dyn ToSql + Sync)).collect();
        self.client.execute(&statement, &given).map_err(map)
    }

    fn insert(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            check_row(table, row)?;
        }
        for rows in rows.chunks(ROWS_MAX) {
            let statement = self.form(table, Form::Insert)?;
            self.client.execute(&statement, &Arrays::of_rows(table, rows).parameters()).map_err(map)?;
        }
        Ok(())
    }

    fn update(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
        if table.columns.len() <= table.key_len {
            return Err(StoreError::Other(format!("bug: table `{}` has nothing beside its key", table.name)));
        }
        for row in rows {
            check_row(table, row)?;
        }
        for rows in rows.chunks(ROWS_MAX) {
            let statement = self.form(table, Form::Update)?;
            let changed = self.client.execute(&statement, &Arrays::of_rows(table, rows).parameters()).map_err(map)?;
            if changed != rows.len() as u64 {
                return Err(self.missing(table, rows));
            }
        }
        Ok(())
    }

    /// Names the first row that was not there.
    fn missing(&mut self, table: &'static Table, rows: &[Row]) -> StoreError {
        let keys: Vec<Key> = rows.iter().map(|row| row[..table.key_len].to_vec()).collect();
        match self.load(table, &key_columns(table), &keys) {
            Ok(found) => {
                let gone = keys.iter().find(|key| !found.iter().any(|row| row.starts_with(key)));
                no_such_row(table, gone.unwrap_or(&Vec::new()))
            }
            Err(error) => error,
        }
    }

    fn delete(&mut self, table: &'static Table, keys: &[Key]) -> Result<(), StoreError> {
        let columns = key_columns(table);
        for key in keys {
            check_key(table, &columns, key)?;
        }
        for keys in distinct(keys).chunks(ROWS_MAX) {
            let statement = self.form(table, Form::Delete)?;
            self.client.execute(&statement, &Arrays::of_keys(table, &columns, keys).parameters()).map_err(map)?;
        }
        Ok(())
    }

    fn load(&mut self, table: &'static Table, columns: &[usize], keys: &[Key]) -> Result<Vec<Row>, StoreError> {
        for key in keys {
            check_key(table, columns, key)?;
        }
        let mut found = Vec::with_capacity(keys.len());
        for keys in distinct(keys).chunks(ROWS_MAX) {
            let statement = self.form(table, Form::Load(columns.to_vec()))?;
            let rows =
                self.client.query(&statement, &Arrays::of_keys(table, columns, keys).parameters()).map_err(map)?;
            for row in &rows {
                found.push(read_row(table, row)?);
            }
        }
        Ok(found)
    }

    fn first_rows(&mut self, table: &'static Table, prefixes: &[Key], limit: usize) -> Result<Vec<Row>, StoreError> {
        let columns: Vec<usize> = (0..prefixes.first().map_or(0, Vec::len)).collect();
        for prefix in prefixes {
            check_key(table, &columns, prefix)?;
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        for prefixes in distinct(prefixes).chunks(ROWS_MAX) {
            let statement = self.form(table, Form::ScanMany(columns.len()))?;
            let arrays = Arrays::of_keys(table, &columns, prefixes);
            let mut parameters = arrays.parameters();
            parameters.push(&limit);
            for row in &self.client.query(&statement, &parameters).map_err(map)? {
                found.push(read_row(table, row)?);
            }
        }
        found.sort_unstable_by(|a, b| a[..table.key_len].cmp(&b[..table.key_len]));
        Ok(found)
    }

    fn lock(&mut self, cells: &[Cell]) -> Result<Vec<Head>, StoreError> {
        let statement = self.prepared(statements::lock_heads(Dialect::Postgres))?;
        let cells: Vec<i64> = cells.iter().map(|cell| i64::from(cell.0)).collect();
        let rows = self.client.query(&statement, &[&cells]).map_err(map)?;
        rows.iter().map(|row| head(&read_row(CellHead::table(), row)?)).collect()
    }

    fn swap(&mut self, heads: &[Head]) -> Result<usize, StoreError> {
        let rows: Vec<Row> = heads
            .iter()
            .map(|head| {
                let Head { cell, seq, range, open_date, version } = head.clone();
                CellHead { cell, seq, range, open_date, version }.to_row()
            })
            .collect();
        let statement = self.prepared(statements::swap_heads(Dialect::Postgres))?;
        let arrays = Arrays::of_rows(CellHead::table(), &rows);
        let swapped = self.client.execute(&statement, &arrays.parameters()).map_err(map)?;
        Ok(usize::try_from(swapped).unwrap_or(usize::MAX))
    }

    fn claim(&mut self, rows: &[DirectoryRow]) -> Result<Vec<DirectoryRow>, StoreError> {
        // In the order of the hashes, so that two claims that share some do not block each other for good.
        let mut values: Vec<Row> = rows.iter().map(directory_values).collect();
        values.sort_unstable();
        let statement = self.prepared(&statements::directory_claim(Dialect::Postgres))?;
        let arrays = Arrays::of_rows(Directory::table(), &values);
        self.client.execute(&statement, &arrays.parameters()).map_err(map)?;
        let hashes: Vec<[u8; 32]> = rows.iter().map(|row| row.hash).collect();
        let found = self.find_hashes(&hashes)?;
        in_order(&hashes, &found)
    }

    fn find_hashes(&mut self, hashes: &[[u8; 32]]) -> Result<Vec<DirectoryRow>, StoreError> {
        let keys: Vec<Key> = hashes.iter().map(|hash| vec![hash.to_value()]).collect();
        self.load(Directory::table(), &[0], &keys)?.iter().map(|row| directory_row(row)).collect()
    }
}

/// The setting of a session.
fn synchronous(durability: Durability) -> &'static str {
    match durability {
        Durability::EachCommit => "SET synchronous_commit = on",
        Durability::Later => "SET synchronous_commit = off",
    }
}

impl Connection for PostgresConnection {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    }

    fn begin_snapshot(&mut self) -> Result<(), StoreError> {
        // The state is held from the first read on, so one is made here.
        self.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1 FROM \"meta\" LIMIT 1")
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.failed || !self.open {
            return Err(StoreError::Other("bug: a transaction that had failed was to be committed".to_owned()));
        }
        self.open = false;
        let done = self.client.batch_execute("COMMIT").map_err(map_commit);
        self.watch(done)
    }

    fn rollback(&mut self) {
        if self.open || self.failed {
            // It fails only where the connection is gone, and with it the transaction.
            let _ = self.client.batch_execute("ROLLBACK");
        }
        self.open = false;
        self.failed = false;
    }

    fn set_durability(&mut self, durability: Durability) -> Result<(), StoreError> {
        self.client.batch_execute(synchronous(durability)).map_err(map)?;
        self.durability = durability;
        Ok(())
    }

    fn make_durable(&mut self) -> Result<(), StoreError> {
        if self.durability == Durability::EachCommit {
            return Ok(());
        }
        // A commit that waits for its own place in the log waits for all before it; it must have one of its own.
        self.begin()?;
        let said = "SET LOCAL synchronous_commit = on;
                    UPDATE \"meta\" SET \"value\" = \"value\"";
        let done = self.client.batch_execute(said).map_err(map);
        let done = self.watch(done).and_then(|()| self.commit());
        if done.is_err() {
            self.rollback();
        }
        done
    }

    fn lock_heads(&mut self, cells: &[Cell]) -> Result<Vec<Head>, StoreError> {
        let heads = self.lock(cells);
        self.watch(heads)
    }

    fn swap_heads(&mut self, heads: &[Head]) -> Result<usize, StoreError> {
        let done = self.swap(heads);
        self.watch(done)
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
        let Some(page) = Page::new(table, prefix, after, limit)? else { return Ok(Vec::new()) };
        let rows = self.select(table, &page.text(Dialect::Postgres), &page.parameters);
        self.watch(rows)
    }

    fn scan_many(&mut self, table: &'static Table, prefixes: &[Key], limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.first_rows(table, prefixes, limit);
        self.watch(rows)
    }

    fn list(&mut self, list: &List) -> Result<Vec<Row>, StoreError> {
        let (text, parameters) = crate::page::list(list, Dialect::Postgres)?;
        let rows = self.select(list.table, &text, &parameters);
        self.watch(rows)
    }

    fn directory_claim(&mut self, rows: &[DirectoryRow]) -> Result<Vec<DirectoryRow>, StoreError> {
        let found = self.claim(rows);
        self.watch(found)
    }

    fn directory_swap(&mut self, swaps: &[(DirectoryRow, Option<DirectoryRow>)]) -> Result<Vec<bool>, StoreError> {
        let mut replaced = Vec::with_capacity(swaps.len());
        for (old, new) in swaps {
            let (text, parameters) = swap_one(Dialect::Postgres, old, new.as_ref());
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
        let rows = self.select(Directory::table(), &statements::directory_stale(Dialect::Postgres), &parameters);
        self.watch(rows)?.iter().map(|row| directory_row(row)).collect()
    }
}
