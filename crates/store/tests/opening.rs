//! What may be opened as a database of ours, and what may not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[macro_use]
#[allow(dead_code, unused_macros, reason = "shared with the suite")]
mod engines;

use std::path::Path;

use basics::{Cell, Date, Id};
use door::backend::Backend;
use door::table::{Record, Value};
use door::tables::CellHead;
use door::{StoreError, Table};
use engines::{Every, postgres_database, tables};
use store::{OpenOptions, PostgresBackend, PostgresOptions, SqliteBackend};

fn options() -> OpenOptions {
    OpenOptions { institution: Id::from_u128(77), open_date: Date::ymd(2026, 3, 1).unwrap(), ..OpenOptions::default() }
}

fn postgres_options() -> PostgresOptions {
    let OpenOptions { institution, open_date, .. } = options();
    PostgresOptions { institution, open_date, cells: 5, ..PostgresOptions::default() }
}

fn open(path: &Path) -> Result<SqliteBackend, StoreError> {
    SqliteBackend::open(path, &tables(), options())
}

fn bare(path: &Path, text: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(text).unwrap();
}

fn check_heads(backend: &dyn Backend, cells: u16) {
    assert_eq!(backend.cells(), cells);
    let mut connection = backend.connect().unwrap();
    let rows = connection.scan(CellHead::table(), &[], None, 9_999).unwrap();
    let heads: Vec<_> = rows.iter().map(|row| CellHead::from_row(row).unwrap()).collect();
    assert_eq!(heads.iter().map(|h| h.cell).collect::<Vec<_>>(), (0..=cells).map(Cell).collect::<Vec<_>>());
    for head in heads {
        let range = basics::merkle::CompactRange::from_bytes(&head.range).unwrap();
        assert_eq!((range.size(), head.seq, head.version, head.open_date), (0, 0, 0, options().open_date));
    }
}

#[test]
fn a_new_file_says_what_it_was_made_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let made = SqliteBackend::open(&path, &tables(), OpenOptions { cells: 3, ..options() }).unwrap();
    check_heads(&made, 3);
    // Opened again with other wishes, it stays what it is.
    let again = SqliteBackend::open(&path, &tables(), OpenOptions { cells: 9, ..OpenOptions::default() }).unwrap();
    check_heads(&again, 3);
    assert_eq!((again.institution(), again.writers(), again.name()), (Id::from_u128(77), 1, "sqlite"));
    let plain = rusqlite::Connection::open(&path).unwrap();
    let mode: String = plain.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let strict: i64 = plain
        .query_row("SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND name NOT LIKE 'sqlite_%'", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(strict, 0);
}

#[test]
fn an_empty_file_is_made_into_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.db");
    std::fs::write(&path, b"").unwrap();
    check_heads(&open(&path).unwrap(), 16);
}

#[test]
fn files_of_other_programs_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("letter.txt");
    std::fs::write(&text, "Dear Sir, ".repeat(1_000)).unwrap();
    let other = folder.path().join("other.db");
    bare(&other, "PRAGMA application_id = 7; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let unmarked = folder.path().join("unmarked.db");
    bare(&unmarked, "CREATE TABLE meta (name, value)");
    let short = folder.path().join("short.db");
    std::fs::write(&short, "no").unwrap();
    for path in [text, other, unmarked, short] {
        let before = std::fs::read(&path).unwrap();
        let error = open(&path).unwrap_err();
        assert!(
            matches!(&error, StoreError::Foreign(words) if words.contains("no Tianxin database")),
            "{path:?}: {error}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), before, "{path:?} was touched");
    }
}

#[test]
fn places_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("missing/there.db")] {
        let error = open(&path).unwrap_err();
        assert!(matches!(&error, StoreError::Unavailable(words) if words.contains(path.to_str().unwrap())), "{error}");
    }
    assert!(SqliteBackend::open(folder.path().join("a"), &tables(), OpenOptions { cells: 0, ..options() }).is_err());
}

#[test]
fn a_newer_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.db");
    open(&path).unwrap();
    bare(&path, "PRAGMA user_version = 99");
    for read_only in [false, true] {
        let error = SqliteBackend::open(&path, &tables(), OpenOptions { read_only, ..options() }).unwrap_err();
        assert_eq!(error, StoreError::Newer { found: 99, known: store::schema::VERSION });
    }
}

#[test]
fn a_table_altered_by_hand_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("altered.db");
    open(&path).unwrap();
    bare(&path, "ALTER TABLE village RENAME COLUMN name TO label");
    assert!(open(&path).unwrap_err().to_string().contains("table `village` is (cell, id, label)"));
    let bank = folder.path().join("bank.db");
    SqliteBackend::open(&bank, &door::tables::all(), options()).unwrap();
    assert!(open(&bank).unwrap_err().to_string().contains("table `every` is missing"));
}

#[test]
fn a_read_only_database_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read.db");
    let read = OpenOptions { read_only: true, ..options() };
    assert!(SqliteBackend::open(&path, &tables(), read.clone()).is_err());
    assert!(!path.exists());
    open(&path).unwrap();
    let backend = SqliteBackend::open(&path, &tables(), read).unwrap();
    check_heads(&backend, 16);
    let mut connection = backend.connect().unwrap();
    let row = engines::every(1, 1).to_row();
    assert!(connection.begin().is_err() || connection.insert_many(Every::table(), &[row]).is_err());
    connection.rollback();
    connection.begin_snapshot().unwrap();
    assert!(connection.scan(Every::table(), &[Value::Int(1)], None, 5).unwrap().is_empty());
}

#[test]
fn an_exclusive_database_has_one_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alone.db");
    let backend = SqliteBackend::open(&path, &tables(), OpenOptions { exclusive: true, ..options() }).unwrap();
    check_heads(&backend, 16);
    assert!(!folder.path().join("alone.db-shm").exists());
}

#[test]
fn two_programs_can_start_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for turn in 0..5 {
        let path = folder.path().join(format!("both-{turn}.db"));
        std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&path).map(|b| b.cells()))).collect();
            for start in starts {
                assert_eq!(start.join().unwrap(), Ok(16));
            }
        });
    }
}

#[test]
fn a_postgres_database_is_made_found_and_told_apart() {
    let Some(database) = postgres_database() else { return };
    let url = database.url();
    let open = |tables: &[&'static Table], schema: Option<&str>| {
        PostgresBackend::open(&url, tables, PostgresOptions { schema: schema.map(str::to_owned), ..postgres_options() })
    };
    std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&tables(), None).map(|b| b.cells()))).collect();
        for start in starts {
            assert_eq!(start.join().unwrap(), Ok(5));
        }
    });
    let again = PostgresBackend::open(&url, &tables(), PostgresOptions { writers: 0, ..PostgresOptions::default() });
    let again = again.unwrap();
    check_heads(&again, 5);
    assert_eq!((again.institution(), again.writers(), again.name()), (Id::from_u128(77), 1, "postgres"));

    // Schemas stand beside each other.
    check_heads(&open(&tables(), Some("second_bank")).unwrap(), 5);
    for wrong in ["Bank", "a\"b", "", "a-b"] {
        assert!(open(&tables(), Some(wrong)).unwrap_err().to_string().contains("cannot be the name of a schema"));
    }

    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    client.batch_execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'").unwrap();
    assert_eq!(open(&tables(), None).unwrap_err(), StoreError::Newer { found: 99, known: store::schema::VERSION });
    client.batch_execute("UPDATE meta SET value = '1' WHERE name = 'schema_version'").unwrap();
    client.batch_execute("ALTER TABLE village RENAME COLUMN name TO label").unwrap();
    assert!(open(&tables(), None).unwrap_err().to_string().contains("table `village` is (cell, id, label)"));

    client.batch_execute("CREATE SCHEMA strangers; CREATE TABLE strangers.t (a int)").unwrap();
    client.batch_execute("CREATE SCHEMA alike; CREATE TABLE alike.meta (name text, value text)").unwrap();
    for schema in ["strangers", "alike"] {
        let error = open(&tables(), Some(schema)).unwrap_err();
        assert!(matches!(&error, StoreError::Foreign(words) if words.contains("no Tianxin database")), "{error}");
    }
}

#[test]
fn a_postgres_server_that_is_not_there_is_named() {
    let open = |url: &str| PostgresBackend::open(url, &tables(), postgres_options()).unwrap_err();
    let error = open("postgres://nobody:secret@127.0.0.1:1/nothing");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(!error.to_string().contains("secret"));
    assert!(open("no address at all").to_string().contains("postgres://"));
}

#[test]
fn a_server_that_cuts_the_line_leaves_a_commit_unknown() {
    let Some(database) = postgres_database() else { return };
    let backend = PostgresBackend::open(&database.url(), &tables(), postgres_options()).unwrap();
    let cut = || {
        let mut client = postgres::Client::connect(&database.url(), postgres::NoTls).unwrap();
        let others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        client.query(others, &[]).unwrap();
    };
    let mut connection = backend.connect().unwrap();
    connection.begin().unwrap();
    connection.insert_many(Every::table(), &[engines::every(1, 1).to_row()]).unwrap();
    cut();
    let error = connection.commit().unwrap_err();
    assert!(matches!(error, StoreError::CommitUnknown(_)), "{error}");
    connection.rollback();
    let error = connection.begin().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    let mut connection = backend.connect().unwrap();
    connection.begin().unwrap();
    assert!(connection.scan(Every::table(), &[], None, 5).unwrap().is_empty());
    cut();
    let error = connection.scan(Every::table(), &[], None, 5).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    connection.rollback();
}

#[test]
fn writers_in_each_others_way_are_told_so() {
    let Some(database) = postgres_database() else { return };
    let backend = PostgresBackend::open(&database.url(), &tables(), postgres_options()).unwrap();
    let lock = |first: u16, second: u16, barrier: &std::sync::Barrier| {
        let mut connection = backend.connect().unwrap();
        connection.begin().unwrap();
        connection.lock_heads(&[Cell(first)]).unwrap();
        barrier.wait();
        let outcome = connection.lock_heads(&[Cell(second)]);
        connection.rollback();
        outcome
    };
    let barrier = std::sync::Barrier::new(2);
    let outcomes = std::thread::scope(|scope| {
        let one = scope.spawn(|| lock(1, 2, &barrier));
        let two = scope.spawn(|| lock(2, 1, &barrier));
        [one.join().unwrap(), two.join().unwrap()]
    });
    assert_eq!(outcomes.iter().filter(|o| matches!(o, Err(StoreError::Contention(_)))).count(), 1, "{outcomes:?}");
}
