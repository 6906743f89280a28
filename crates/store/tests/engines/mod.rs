//! Databases to run the suite on, and the tables it uses.

use std::sync::Arc;

use basics::{Cell, Date, Id, Instant};
use door::Table;
use door::backend::Backend;
use door::table::Record;
use store::cluster;
use store::{OpenOptions, PostgresBackend, PostgresOptions, SqliteBackend};

/// The first open date of every database here.
pub const OPEN_DATE: &str = "2026-03-01";

door::table! {
    /// A row with every kind of value, bare and optional.
    pub struct Every = "every" (Household, State, key 2) {
        cell: Cell, id: Id, flag: bool, number: i64, date: Date, at: Instant, text: String, bytes: Vec<u8>,
        flag_maybe: Option<bool>, number_maybe: Option<i64>, id_maybe: Option<Id>, date_maybe: Option<Date>,
        at_maybe: Option<Instant>, text_maybe: Option<String>, bytes_maybe: Option<Vec<u8>>,
    }
    index "every_by_number" ["cell", "number", "id"];
    unique "every_text" ["cell", "text"];
}

door::table! {
    /// A small row.
    pub struct Village = "village" (Household, State, key 2) { cell: Cell, id: i64, name: String }
    index "village_name" ["cell", "name"];
}

/// A row with nothing in its optional columns.
pub fn every(cell: u16, id: u128) -> Every {
    Every {
        cell: Cell(cell),
        id: Id::from_u128(id),
        flag: false,
        number: 0,
        date: Date::ymd(2026, 1, 31).unwrap(),
        at: Instant(1_772_697_600_000_001),
        text: format!("row {id}"),
        bytes: vec![1, 2, 3],
        flag_maybe: None,
        number_maybe: None,
        id_maybe: None,
        date_maybe: None,
        at_maybe: None,
        text_maybe: None,
        bytes_maybe: None,
    }
}

/// The door's tables and those of the suite.
pub fn tables() -> Vec<&'static Table> {
    let mut tables = door::tables::all();
    tables.extend([Every::table(), Village::table()]);
    tables
}

/// Runs a case on a new SQLite file.
pub fn on_sqlite(case: impl FnOnce(&Arc<dyn Backend>)) {
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions { open_date: Date::parse(OPEN_DATE).unwrap(), ..OpenOptions::default() };
    let backend = SqliteBackend::open(folder.path().join("suite.db"), &tables(), options).unwrap();
    case(&(Arc::new(backend) as Arc<dyn Backend>));
}

/// An empty PostgreSQL database; none, and a word about it, where PostgreSQL is not installed.
pub fn postgres_database() -> Option<cluster::TestDatabase> {
    match cluster::for_tests() {
        Ok(server) => Some(server.create_database("suite").unwrap()),
        Err(error) if error.is_absent() => {
            eprintln!("skipped: the suite on PostgreSQL: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Runs a case on a new PostgreSQL database.
pub fn on_postgres(case: impl FnOnce(&Arc<dyn Backend>)) {
    let Some(database) = postgres_database() else { return };
    let options =
        PostgresOptions { cells: 16, open_date: Date::parse(OPEN_DATE).unwrap(), ..PostgresOptions::default() };
    let backend = PostgresBackend::open(&database.url(), &tables(), options).unwrap();
    case(&(Arc::new(backend) as Arc<dyn Backend>));
}

/// Makes two tests of a case: one for each database.
macro_rules! on_both {
    ($name:ident, |$backend:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "not every case needs all")]
            use super::*;

            fn case($backend: &Arc<dyn Backend>) $body

            #[test]
            fn on_sqlite() {
                engines::on_sqlite(case);
            }

            #[test]
            fn on_postgres() {
                engines::on_postgres(case);
            }
        }
    };
}
