//! What SQLite promises, tried on the simulated disk; and that the disk is hard enough for a broken
//! promise to show.

use std::collections::BTreeMap;

use rusqlite::{Connection, ErrorCode, OpenFlags, Result};

use super::disk::Random;
use super::{DiskCounters, FaultDisk, FaultDiskError, Operation};

const FILE: &str = "books.db";
const ROWS: i64 = 20;

fn disk(name: &str) -> FaultDisk {
    FaultDisk::register(name).expect("a free name")
}

fn open(disk: &FaultDisk, settings: &str) -> Result<Connection> {
    let connection = Connection::open_with_flags_and_vfs(FILE, OpenFlags::default(), disk.name())?;
    connection.execute_batch(settings)?;
    Ok(connection)
}

const WAL_FULL: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 20;";
const WAL_FULL_ALONE: &str = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 20;";
/// With a rollback journal, only EXTRA syncs the folder after the journal is removed.
const ROLLBACK_EXTRA: &str = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;";
const ROLLBACK_FULL: &str = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;";
const WAL_OFF: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20;";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, \
     memo BLOB NOT NULL) STRICT";

/// What the books must hold: what was acknowledged, and, since a commit whose answer was lost may have
/// happened or not, what the last transaction would have made of it.
#[derive(Debug, Default, Clone)]
struct Expected {
    acknowledged: BTreeMap<i64, i64>,
    in_doubt: Option<BTreeMap<i64, i64>>,
}

impl Expected {
    /// Whether the books are one of the two, and if so settles the doubt.
    fn settle(&mut self, found: &BTreeMap<i64, i64>) -> bool {
        let in_doubt = self.in_doubt.take();
        if *found == self.acknowledged {
            return true;
        }
        self.acknowledged = found.clone();
        in_doubt.as_ref() == Some(found)
    }
}

/// Writes transactions of several rows until all are done or one fails.
fn work(books: &mut Connection, random: &mut Random, transactions: u32, expected: &mut Expected) -> Result<()> {
    for _ in 0..transactions {
        let mut after = expected.acknowledged.clone();
        let transaction = books.transaction()?;
        for _ in 0..=random.below(4) {
            let id = random.below(ROWS as u64) as i64;
            let version = after.get(&id).copied().unwrap_or(0) + 1;
            let memo = vec![version as u8; random.below(3_000) as usize];
            transaction.execute(
                "INSERT INTO accounts VALUES (?1, ?2, ?3) \
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version, memo = excluded.memo",
                (id, version, memo),
            )?;
            after.insert(id, version);
        }
        expected.in_doubt = Some(after.clone());
        transaction.commit()?;
        *expected = Expected { acknowledged: after, in_doubt: None };
    }
    Ok(())
}

/// Reads all the books; none when they cannot be read or do not hold together.
fn read(books: &Connection) -> Option<BTreeMap<i64, i64>> {
    let check: String = books.query_row("PRAGMA integrity_check", [], |row| row.get(0)).ok()?;
    if check != "ok" {
        return None;
    }
    let mut statement = books.prepare("SELECT id, version FROM accounts").ok()?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).ok()?;
    rows.collect::<Result<_>>().ok()
}

/// Works, lets power fail somewhere, and looks; says after how many of the crashes something was missing.
fn losses(name: &str, settings: &str, disks: u64, crashes_each: u64) -> u64 {
    let mut losses = 0;
    for number in 0..disks {
        let disk = disk(&format!("{name}-{number}"));
        let mut random = Random::new(number);
        open(&disk, settings).expect("opens").execute_batch(TABLE).expect("a table");
        let mut expected = Expected::default();
        for crash in 0..crashes_each {
            disk.fail_after(random.below(120));
            let books = open(&disk, settings).map(|mut books| {
                let outcome = work(&mut books, &mut random, 12, &mut expected);
                (books, outcome)
            });
            disk.crash(number * 1_000 + crash);
            drop(books);
            let Ok(books) = open(&disk, settings) else {
                losses += 1;
                break;
            };
            match read(&books) {
                Some(found) if expected.settle(&found) => {}
                Some(_) => losses += 1,
                None => {
                    losses += 1;
                    break;
                }
            }
        }
    }
    losses
}

#[test]
fn full_sync_survives_two_hundred_crashes() {
    assert_eq!(losses("crash-wal", WAL_FULL, 40, 5), 0);
}

#[test]
fn full_sync_alone_survives_two_hundred_crashes() {
    assert_eq!(losses("crash-alone", WAL_FULL_ALONE, 40, 5), 0);
}

#[test]
fn rollback_journal_survives_two_hundred_crashes() {
    assert_eq!(losses("crash-rollback", ROLLBACK_EXTRA, 40, 5), 0);
}

#[test]
fn a_removed_journal_that_was_not_synced_can_come_back() {
    assert!(losses("crash-journal", ROLLBACK_FULL, 40, 5) > 0, "as SQLite documents for FULL");
}

#[test]
fn without_sync_a_crash_loses_rows() {
    assert!(losses("crash-off", WAL_OFF, 40, 5) > 0, "else the tests above could not fail");
}

#[test]
fn crash_at_every_single_operation_of_a_commit() {
    for settings in [WAL_FULL, WAL_FULL_ALONE, ROLLBACK_EXTRA] {
        for operations in 0.. {
            let disk = disk(&format!("each-{operations}-{}", settings.len()));
            let mut books = open(&disk, settings).expect("opens");
            books.execute_batch(TABLE).expect("a table");
            let (mut expected, mut random) = (Expected::default(), Random::new(1));
            work(&mut books, &mut random, 3, &mut expected).expect("writes");
            disk.fail_after(operations);
            let outcome = work(&mut books, &mut random, 1, &mut expected);
            disk.crash(operations);
            drop(books);
            let found = read(&open(&disk, settings).expect("opens again"));
            assert!(found.is_some_and(|found| expected.settle(&found)), "after {operations} operations");
            if outcome.is_ok() {
                assert!(operations > 0);
                break;
            }
        }
    }
}

#[test]
fn runs_repeat() {
    let run = |name: &str| {
        let disk = disk(name);
        let mut books = open(&disk, WAL_FULL).expect("opens");
        books.execute_batch(TABLE).expect("a table");
        disk.fail_with_probability(5, 20_000);
        let mut expected = Expected::default();
        // How far it gets is part of what must repeat.
        let _ = work(&mut books, &mut Random::new(9), 60, &mut expected);
        disk.crash(11);
        // The log's bytes differ by its salts, which SQLite draws from the process, not from the disk.
        (disk.counters(), read(&open(&disk, WAL_FULL).expect("opens again")))
    };
    assert_eq!(run("repeat-one"), run("repeat-two"));
}

#[test]
fn full_disk_is_an_error_and_the_books_stay_whole() {
    for (number, settings) in [WAL_FULL, WAL_FULL_ALONE, ROLLBACK_EXTRA].into_iter().enumerate() {
        let disk = disk(&format!("full-{number}"));
        let mut books = open(&disk, settings).expect("opens");
        books.execute_batch(TABLE).expect("a table");
        let (mut expected, mut random) = (Expected::default(), Random::new(3));
        work(&mut books, &mut random, 5, &mut expected).expect("there is room");
        disk.set_capacity(Some(disk.used_bytes() + 10_000));
        let error = work(&mut books, &mut random, 1_000, &mut expected).expect_err("no more room");
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull), "{error}");
        assert!(read(&books).is_some_and(|found| expected.settle(&found)), "whole while full");
        disk.heal();
        work(&mut books, &mut random, 20, &mut expected).expect("room again");
        drop(books);
        let found = read(&open(&disk, settings).expect("opens again"));
        assert_eq!(found, Some(expected.acknowledged), "whole after it");
    }
}

#[test]
fn injected_errors_never_corrupt() {
    use Operation::{Delete, Open, Read, Sync, Write};
    let everything: &[Operation] = &[Read, Write, Sync, Open, Delete];
    let mut failures = 0;
    for (number, settings) in [WAL_FULL, WAL_FULL_ALONE, ROLLBACK_EXTRA].into_iter().enumerate() {
        for seed in 0..40 {
            let chosen = [everything, &[Write], &[Sync], &[Read]][seed as usize % 4];
            let disk = disk(&format!("errors-{number}-{seed}"));
            open(&disk, settings).expect("opens").execute_batch(TABLE).expect("a table");
            let (mut expected, mut random) = (Expected::default(), Random::new(seed));
            for round in 0..4 {
                disk.fail_operations(seed * 10 + round, 15_000, chosen);
                let outcome =
                    open(&disk, settings).and_then(|mut books| work(&mut books, &mut random, 15, &mut expected));
                failures += u32::from(outcome.is_err());
                // Every other round power fails too, before anything could be put right.
                if round % 2 == 1 {
                    disk.crash(seed);
                }
                disk.heal();
                let found = read(&open(&disk, settings).expect("opens once healed"));
                let found = found.unwrap_or_else(|| panic!("corrupt: {settings} seed {seed} round {round}"));
                assert!(expected.settle(&found), "{settings} seed {seed} round {round}");
            }
        }
    }
    assert!(failures > 100, "only {failures} failures were injected");
}

#[test]
fn errors_have_the_code_of_their_operation() {
    for (operation, code) in [
        (Operation::Write, rusqlite::ffi::SQLITE_IOERR_WRITE),
        (Operation::Sync, rusqlite::ffi::SQLITE_IOERR_FSYNC),
        (Operation::Open, rusqlite::ffi::SQLITE_CANTOPEN),
        (Operation::Delete, rusqlite::ffi::SQLITE_IOERR_DELETE),
    ] {
        let disk = disk(&format!("code-{operation:?}"));
        let mut books = open(&disk, ROLLBACK_EXTRA).expect("opens");
        books.execute_batch(TABLE).expect("a table");
        disk.fail_operations(1, 1_000_000, &[operation]);
        let error = work(&mut books, &mut Random::new(1), 1, &mut Expected::default()).expect_err("fails");
        let found = error.sqlite_error().map(|error| error.extended_code);
        assert_eq!(found, Some(code), "{operation:?}: {error}");
        assert!(disk.counters().faults > 0);
    }
}

#[test]
fn a_commit_in_the_log_costs_one_sync() {
    let disk = disk("cost");
    let books = open(&disk, WAL_FULL).expect("opens");
    books.execute_batch(TABLE).expect("a table");
    books.execute("INSERT INTO accounts VALUES (1, 1, x'00')", []).expect("a row");
    disk.reset_counters();
    books.execute("UPDATE accounts SET version = 2", []).expect("a change");
    let DiskCounters { writes, syncs, bytes_written, .. } = disk.counters();
    assert_eq!((writes, syncs), (2, 1), "a frame's header and its page, one sync");
    assert_eq!(bytes_written, 24 + 4_096);
}

#[test]
fn connections_share_one_log_by_the_rules() {
    let disk = disk("share");
    let mut writer = open(&disk, WAL_FULL).expect("opens");
    writer.execute_batch(TABLE).expect("a table");
    let mut reader = open(&disk, "PRAGMA busy_timeout = 0").expect("opens");
    let count = |connection: &Connection| -> i64 {
        connection.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0)).expect("counts")
    };

    let snapshot = reader.transaction().expect("a snapshot");
    assert_eq!(count(&snapshot), 0);
    let transaction = writer.transaction().expect("begins");
    transaction.execute("INSERT INTO accounts VALUES (1, 1, x'')", []).expect("a row");
    transaction.commit().expect("a reader does not stop a writer");
    assert_eq!(count(&snapshot), 0, "a snapshot does not move");
    snapshot.commit().expect("ends");
    assert_eq!(count(&reader), 1);

    let transaction = writer.transaction().expect("begins");
    transaction.execute("INSERT INTO accounts VALUES (2, 1, x'')", []).expect("a row");
    let error = reader.execute("DELETE FROM accounts", []).expect_err("one writer at a time");
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
    transaction.commit().expect("commits");
    assert_eq!(reader.execute("DELETE FROM accounts", []).expect("now"), 2);

    drop(reader);
    let alone = open(&disk, "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE").expect("opens");
    drop(writer);
    assert_eq!(alone.execute("INSERT INTO accounts VALUES (3, 1, x'')", []).expect("a row"), 1);
    let shut_out = open(&disk, "PRAGMA busy_timeout = 0").expect("opens");
    let error = shut_out.query_row("SELECT 1 FROM accounts", [], |_| Ok(())).expect_err("shut out");
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
}

#[test]
fn writers_on_several_threads_lose_nothing() {
    for (name, settings) in [("threads-wal", WAL_FULL), ("threads-rollback", ROLLBACK_EXTRA)] {
        let disk = disk(name);
        let settings = format!("PRAGMA busy_timeout = 60000; {settings}");
        let books = open(&disk, &settings).expect("opens");
        books.execute_batch("CREATE TABLE tally (n INTEGER); INSERT INTO tally VALUES (0)").expect("a table");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let books = open(&disk, &settings).expect("opens");
                    for _ in 0..50 {
                        books
                            .execute_batch("BEGIN IMMEDIATE; UPDATE tally SET n = n + 1; COMMIT")
                            .expect("waits for its turn");
                    }
                });
            }
        });
        let tally: i64 = books.query_row("SELECT n FROM tally", [], |row| row.get(0)).expect("reads");
        assert_eq!(tally, 200, "{name}");
    }
}

#[test]
fn connections_from_before_a_crash_only_fail() {
    let disk = disk("stale");
    let stale = open(&disk, WAL_FULL).expect("opens");
    stale.execute_batch(TABLE).expect("a table");
    disk.crash(1);
    let fresh = open(&disk, WAL_FULL).expect("opens again");
    assert!(stale.execute("INSERT INTO accounts VALUES (1, 1, x'')", []).is_err());
    fresh.execute("INSERT INTO accounts VALUES (2, 1, x'')", []).expect("a row");
    drop(stale);
    assert!(disk.bytes_of("books.db-wal").is_some(), "closing it does not touch the new disk");
    assert_eq!(read(&fresh), Some(BTreeMap::from([(2, 1)])));
}

#[test]
fn names_are_unique_and_usable() {
    let first = disk("named");
    assert_eq!(first.name(), "named");
    assert_eq!(FaultDisk::register("named").err(), Some(FaultDiskError::NameTaken("named".to_owned())));
    for name in ["", "a\0b"] {
        assert_eq!(FaultDisk::register(name).err(), Some(FaultDiskError::NameUnusable(name.to_owned())));
    }
}
