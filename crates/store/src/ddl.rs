//! From declared tables to `CREATE` statements, for both databases.
//!
//! The dialects differ in types only: a date is ISO text on SQLite (it sorts as dates do, and a
//! person with a shell can read it) and `date` on PostgreSQL; a moment is microseconds since 1970
//! on SQLite and `timestamptz` on PostgreSQL. Text sorts by bytes on both.

use basics::{Cell, Id, Instant};
use door::Table;
use door::backend::ClaimState;
use door::table::{Index, Kind, Record};

/// Which database a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, the embedded default.
    Sqlite,
    /// PostgreSQL 15 or newer.
    Postgres,
}

door::table! {
    /// The directory: which household a resident id belongs to.
    pub struct Directory = "directory" (Directory, Primary, key 1) {
        /// Keyed hash of the resident id.
        hash: [u8; 32],
        /// The cell of the household.
        cell: Cell,
        /// The household.
        household: Id,
        /// The person.
        person: Id,
        /// How far the enrolment has come.
        state: ClaimState,
        /// When it was claimed.
        claimed_at: Instant,
    }
    index "directory_by_state" ["state", "claimed_at"];
}

door::table! {
    /// What a database says about itself: program, institution, number of cells, schema version.
    pub struct Meta = "meta" (Office, Primary, key 1) {
        /// What is said.
        name: String,
        /// The answer.
        value: String,
    }
}

/// The store's own tables, in the order they are made.
pub fn own_tables() -> Vec<&'static Table> {
    vec![Meta::table(), Directory::table()]
}

/// The statements that make a table and its indexes.
pub fn create(table: &Table, dialect: Dialect) -> Vec<String> {
    let mut statements = vec![create_table(table, dialect)];
    statements.extend(table.indexes.iter().map(|index| create_index(table, index)));
    statements
}

/// The column type of a kind.
pub fn column_type(kind: Kind, dialect: Dialect) -> &'static str {
    match (dialect, kind) {
        (Dialect::Sqlite, Kind::Bool | Kind::Int | Kind::Instant) => "INTEGER",
        (Dialect::Sqlite, Kind::Id | Kind::Bytes) => "BLOB",
        (Dialect::Sqlite, Kind::Date | Kind::Text) => "TEXT",
        (Dialect::Postgres, Kind::Bool) => "boolean",
        (Dialect::Postgres, Kind::Int) => "bigint",
        (Dialect::Postgres, Kind::Id) => "uuid",
        (Dialect::Postgres, Kind::Date) => "date",
        (Dialect::Postgres, Kind::Instant) => "timestamptz",
        (Dialect::Postgres, Kind::Text) => "text",
        (Dialect::Postgres, Kind::Bytes) => "bytea",
    }
}

/// Whether a SQLite table is kept in its key's own tree.
///
/// That saves a second tree and pays where rows are short. A table with a column of bytes
/// keeps its rows apart, and one with a single whole number as key has that as its row id.
pub fn without_rowid(table: &Table) -> bool {
    !has_number_key(table) && table.columns.iter().skip(table.key_len).all(|column| column.kind != Kind::Bytes)
}

/// What SQLite's planner is told of a table: the name of each index, and in text how many rows there
/// are and how many share the first column, the first two, and so on.
///
/// The numbers are those of a large institution with 16 cells; only their order matters.
pub fn sqlite_statistics(table: &Table) -> Vec<(String, String)> {
    let shares = |columns: &[&str], unique: bool| {
        let mut text = "1000000".to_owned();
        for place in 0..columns.len() {
            let share = match (place, columns.len() - 1 - place) {
                (_, 0) if unique => 1,
                (0, _) if columns[0] == "cell" => 60_000,
                (0, _) => 1_000,
                (1, _) => 50,
                (2, _) => 10,
                _ => 2,
            };
            text.push_str(&format!(" {share}"));
        }
        text
    };
    let key: Vec<&str> = table.columns.iter().take(table.key_len).map(|column| column.name).collect();
    let mut told = Vec::new();
    if without_rowid(table) {
        told.push((table.name.to_owned(), shares(&key, true)));
    } else if !has_number_key(table) {
        told.push((format!("sqlite_autoindex_{}_1", table.name), shares(&key, true)));
    }
    told.extend(table.indexes.iter().map(|index| (index.name.to_owned(), shares(index.columns, index.unique))));
    told
}

/// Whether the key is a single whole number, which SQLite takes as the row id.
fn has_number_key(table: &Table) -> bool {
    table.key_len == 1 && table.columns.first().is_some_and(|column| column.kind == Kind::Int)
}

fn create_table(table: &Table, dialect: Dialect) -> String {
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let collation =
                if dialect == Dialect::Postgres && column.kind == Kind::Text { " COLLATE \"C\"" } else { "" };
            let null = if column.nullable { "" } else { " NOT NULL" };
            format!("\"{}\" {}{collation}{null}", column.name, column_type(column.kind, dialect))
        })
        .collect();
    let key: Vec<&str> = table.columns.iter().take(table.key_len).map(|column| column.name).collect();
    parts.push(format!("PRIMARY KEY ({})", quoted(&key)));
    let tail = match dialect {
        Dialect::Sqlite if without_rowid(table) => " STRICT, WITHOUT ROWID",
        Dialect::Sqlite => " STRICT",
        Dialect::Postgres => "",
    };
    format!("CREATE TABLE \"{}\" ({}){tail}", table.name, parts.join(", "))
}

fn create_index(table: &Table, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!("CREATE {unique}INDEX \"{}\" ON \"{}\" ({})", index.name, table.name, quoted(index.columns))
}

pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
