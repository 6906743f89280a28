//! Rows a second of each bulk primitive, on both databases, and of the forms that were not chosen.
//!
//! `cargo run --release -p store --example rates`
//!
//! Figures are for comparing forms with each other, not capacities. Each batch is one transaction;
//! the time of its commit is shown apart.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement")]

use std::time::{Duration, Instant as Clock};

use basics::{Cell, Date, Id, Instant};
use door::backend::{Backend, Connection};
use door::table::{Key, Record, Row, Value};
use store::cluster::{Cluster, ClusterOptions};
use store::{OpenOptions, PostgresBackend, PostgresOptions, SqliteBackend};

door::table! {
    /// A row of the size and shape of an account.
    struct Account = "account" (Household, State, key 2) {
        cell: Cell, id: Id, household: Id, subject: String, balance_minor: i64, reserved_minor: i64,
        opened: Date, changed_at: Instant, version: i64,
    }
    index "account_by_household" ["cell", "household"];
}

const STANDING: u128 = 100_000;
const BATCHES: usize = 40;

fn account(number: u128) -> Row {
    let id = Id::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    Account {
        cell: Cell((number % 16) as u16 + 1),
        id,
        household: id.derive("household"),
        subject: "2011".to_owned(),
        balance_minor: number as i64,
        reserved_minor: 0,
        opened: Date::ymd(2026, 3, 1).unwrap(),
        changed_at: Instant(number as i64),
        version: 1,
    }
    .to_row()
}

/// Numbers that jump about among those standing.
fn scattered(batch: usize, size: usize) -> impl Iterator<Item = u128> {
    (0..size).map(move |n| ((batch * size + n) as u128).wrapping_mul(7_919) % STANDING)
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_unstable();
    rows
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let mut tables = door::tables::all();
    tables.push(Account::table());
    let sqlite = SqliteBackend::open(folder.path().join("rates.db"), &tables, OpenOptions::default()).unwrap();
    primitives(&sqlite);
    drop(sqlite);
    sqlite_forms(&folder.path().join("rates.db"));
    match Cluster::start(ClusterOptions::default()) {
        Ok(cluster) => {
            cluster.create_database("rates").unwrap();
            let options = PostgresOptions { cells: 16, ..PostgresOptions::default() };
            primitives(&PostgresBackend::open(&cluster.url("rates"), &tables, options).unwrap());
        }
        Err(error) => println!("skipped: postgres: {error}"),
    }
}

fn primitives(backend: &dyn Backend) {
    let mut connection = backend.connect().unwrap();
    let connection = connection.as_mut();
    for chunk in (0..STANDING).collect::<Vec<_>>().chunks(5_000) {
        connection.begin().unwrap();
        connection.insert_many(Account::table(), &sorted(chunk.iter().map(|n| account(*n)).collect())).unwrap();
        connection.commit().unwrap();
    }
    let mut next = STANDING;
    for size in [32, 256, 1_024] {
        let mut run =
            |what: &str, make: &mut dyn FnMut(usize) -> Vec<Row>, act: &dyn Fn(&mut dyn Connection, Vec<Row>)| {
                let mut working = Duration::ZERO;
                let mut committing = Duration::ZERO;
                for batch in 0..BATCHES {
                    let rows = sorted(make(batch));
                    connection.begin().unwrap();
                    let start = Clock::now();
                    act(connection, rows);
                    working += start.elapsed();
                    let start = Clock::now();
                    connection.commit().unwrap();
                    committing += start.elapsed();
                }
                report(backend.name(), what, size, working, committing);
            };
        let mut standing = |batch: usize| scattered(batch, size).map(account).collect();
        let key = |rows: &[Row]| rows.iter().map(|row| row[..2].to_vec()).collect::<Vec<Key>>();
        run("load by key", &mut standing, &|c, rows| {
            assert_eq!(c.load_many(Account::table(), &[0, 1], &key(&rows)).unwrap().len(), rows.len());
        });
        run("load by index", &mut standing, &|c, rows| {
            let keys: Vec<Key> = rows.iter().map(|row| vec![row[0].clone(), row[2].clone()]).collect();
            assert_eq!(c.load_many(Account::table(), &[0, 2], &keys).unwrap().len(), rows.len());
        });
        run(
            "load, absent",
            &mut |batch| scattered(batch, size).map(|n| account(n + 1_000_000_000)).collect(),
            &|c, rows| {
                assert!(c.load_many(Account::table(), &[0, 1], &key(&rows)).unwrap().is_empty());
            },
        );
        run("update", &mut standing, &|c, mut rows| {
            for row in &mut rows {
                row[4] = Value::Int(7);
            }
            c.update_many(Account::table(), &rows).unwrap();
        });
        let first = next;
        run(
            "insert",
            &mut |_| {
                next += size as u128;
                (next - size as u128..next).map(account).collect()
            },
            &|c, rows| {
                c.insert_many(Account::table(), &rows).unwrap();
            },
        );
        let mut next = first;
        run(
            "delete",
            &mut |_| {
                next += size as u128;
                (next - size as u128..next).map(account).collect()
            },
            &|c, rows| {
                c.delete_many(Account::table(), &key(&rows)).unwrap();
            },
        );
    }
}

fn report(engine: &str, what: &str, size: usize, working: Duration, committing: Duration) {
    let rows = (size * BATCHES) as f64;
    println!(
        "{engine:8} {what:24} {size:5} rows a batch: {:8.0} rows/s, with commit {:8.0} rows/s",
        rows / working.as_secs_f64(),
        rows / (working + committing).as_secs_f64()
    );
}

/// The forms that could have been chosen on SQLite, over the bare driver.
fn sqlite_forms(path: &std::path::Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -32768").unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    let size = 1_024;
    let bytes = |value: &Value| match value {
        Value::Id(id) => rusqlite::types::Value::Blob(id.as_bytes().to_vec()),
        Value::Int(number) => rusqlite::types::Value::Integer(*number),
        Value::Instant(at) => rusqlite::types::Value::Integer(at.0),
        Value::Date(date) => rusqlite::types::Value::Text(date.to_string()),
        Value::Text(text) => rusqlite::types::Value::Text(text.to_string()),
        _ => rusqlite::types::Value::Null,
    };
    let run = |what: &str, chunk: usize, text: &str, columns: &[usize], new: bool| {
        let mut working = Duration::ZERO;
        let mut committing = Duration::ZERO;
        for batch in 0..BATCHES {
            let offset = if new { 2_000_000_000 + (batch * size) as u128 } else { 0 };
            let rows: Vec<Row> = sorted(if new {
                (offset..offset + size as u128).map(account).collect()
            } else {
                scattered(batch, size).map(account).collect()
            });
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            let start = Clock::now();
            for rows in rows.chunks(chunk) {
                let mut statement = connection.prepare_cached(text).unwrap();
                let mut place = 0;
                for row in rows {
                    for column in columns {
                        place += 1;
                        statement.raw_bind_parameter(place, bytes(&row[*column])).unwrap();
                    }
                }
                let mut found = statement.raw_query();
                while let Some(row) = found.next().unwrap() {
                    std::hint::black_box(row.get_ref(8).unwrap());
                }
            }
            working += start.elapsed();
            let start = Clock::now();
            connection.execute_batch(if new { "ROLLBACK" } else { "COMMIT" }).unwrap();
            committing += start.elapsed();
        }
        report("sqlite", &format!("{what} x{chunk}"), size, working, committing);
    };
    let table = Account::table();
    for chunk in [1, 8, 16, 32, 64, 128] {
        run(
            "form: insert",
            chunk,
            &store::statements::sqlite::insert(table, chunk),
            &[0, 1, 2, 3, 4, 5, 6, 7, 8],
            true,
        );
    }
    let join = |chunk| store::statements::sqlite::load_chunk(table, &[0, 1], chunk);
    let within = |chunk: usize| {
        let names: Vec<&str> = table.columns.iter().map(|c| c.name).collect();
        let marks = vec!["(?, ?)"; chunk].join(", ");
        format!("SELECT {} FROM account WHERE (cell, id) IN (VALUES {marks})", names.join(", "))
    };
    run("form: load one", 1, &store::statements::sqlite::load_one(table, &[0, 1]), &[0, 1], false);
    for chunk in [8, 32, 128] {
        run("form: load join", chunk, &join(chunk), &[0, 1], false);
        run("form: load in", chunk, &within(chunk), &[0, 1], false);
    }
    for text in [store::statements::sqlite::load_one(table, &[0, 1]), join(2), within(2)] {
        let plan: Vec<String> = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {text}"))
            .unwrap()
            .raw_query()
            .mapped(|row| row.get(3))
            .map(Result::unwrap)
            .collect();
        println!("sqlite   plan: {}", plan.join(" / "));
    }
    let set =
        |prefix: &str| {
            table.columns[2..]
                .iter()
                .enumerate()
                .map(|(n, c)| {
                    if prefix.is_empty() {
                        format!("{} = ?", c.name)
                    } else {
                        format!("{} = v.column{}", c.name, n + 3)
                    }
                })
                .collect::<Vec<_>>()
                .join(", ")
        };
    run(
        "form: update one",
        1,
        &format!("UPDATE account SET {} WHERE cell = ? AND id = ?", set("")),
        &[2, 3, 4, 5, 6, 7, 8, 0, 1],
        false,
    );
    for chunk in [8, 32] {
        let marks = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?)"; chunk].join(", ");
        let text = format!(
            "UPDATE account SET {} FROM (VALUES {marks}) AS v WHERE account.cell = v.column1 AND account.id = v.column2",
            set("v")
        );
        run("form: update from", chunk, &text, &[0, 1, 2, 3, 4, 5, 6, 7, 8], false);
    }
}
