//! References from outside: what others measure databases with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use basics::{Cell, Id};
use door::{Backend, Record};

use super::county::Stream;
use super::server::{Server, run};
use crate::clock;
use crate::failure::Failure;

/// Clients of pgbench at most; more gain nothing. Its branches are as many, so that they seldom wait for
/// each other.
const TPCB_CLIENTS_MAX: u16 = 64;

/// A rate, and how it was measured.
pub struct Reference {
    /// A second.
    pub rate: f64,
    /// How.
    pub note: String,
}

/// Transactions a second of pgbench's TPC-B-like script; `Err` with a reason where it is not installed.
pub fn tpcb(server: &mut Server, callers: u16, seconds: u64) -> Result<Result<Reference, String>, Failure> {
    let (Some(mut fill), Some(mut bench)) = (server.program("pgbench"), server.program("pgbench")) else {
        return Ok(Err("pgbench is not installed (Debian: apt-get install postgresql)".to_owned()));
    };
    server.create("tpcb", None)?;
    let address = server.address("tpcb");
    let clients = callers.min(TPCB_CLIENTS_MAX).to_string();
    fill.args(["-i", "-q", "-s", &clients, &address]);
    run(fill)?;
    server.checkpoint();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).to_string();
    let seconds = seconds.max(1).to_string();
    bench.args(["-n", "-M", "prepared", "-c", &clients, "-j", &threads, "-T", &seconds, &address]);
    let told = run(bench)?;
    let rate = told
        .lines()
        .find_map(|line| line.strip_prefix("tps = "))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| Failure::Wrong(format!("pgbench told no rate: {}", told.trim())))?;
    let note = format!("pgbench TPC-B-like, scale {clients}, {clients} clients, prepared, {seconds} s; transactions/s");
    Ok(Ok(Reference { rate, note }))
}

door::table! {
    /// The plain table of the bare loop.
    struct Bare = "bare" (Household, Log, key 2) {
        cell: Cell,
        seq: i64,
        id: Id,
        amount_minor: i64,
    }
}

/// The tables of the bare loop's database.
pub fn bare_tables() -> Vec<&'static door::Table> {
    vec![Bare::table()]
}

/// Rows a second that a loop inserts into one cell of one plain table, `group` in a durable transaction.
pub fn bare(backend: &Arc<dyn Backend>, group: usize, time: Duration) -> Result<Reference, Failure> {
    let mut connection = backend.connect()?;
    let mut stream = Stream(group as u64);
    let mut seq = 0;
    let begun = Instant::now();
    while begun.elapsed() < time {
        let rows: Vec<_> = (0..group)
            .map(|_| {
                seq += 1;
                Bare { cell: Cell(1), seq, id: stream.id(clock::now()), amount_minor: seq }.to_row()
            })
            .collect();
        connection.begin()?;
        connection.insert_many(Bare::table(), &rows)?;
        connection.commit()?;
    }
    let rate = seq as f64 / begun.elapsed().as_secs_f64();
    let note = format!("one plain table, one cell, {group} rows in a durable transaction; rows/s");
    Ok(Reference { rate, note })
}
