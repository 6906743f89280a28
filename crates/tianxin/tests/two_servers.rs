//! Two servers on one database: nothing is lost between them, and the order of a cell never forks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use app::tables::Wallet;
use door::{Actor, Backend, Engine, EngineOptions, Role, Stepper};
use support::proof::{healthy_and_quiet, records, two_cells, wallets_minor};
use support::*;

/// What one server remembers of a cell is dropped as soon as another has changed the cell.
#[test]
fn a_server_never_decides_on_rows_that_another_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let backend = sqlite(&path);
    let mut one = Stepper::new(tianxin(), backend.clone(), 256);
    let mut other = Stepper::new(tianxin(), sqlite(&path), 256);
    let (low, high) = two_cells();
    let clerk = staff(1, Role::Clerk);
    one.step(vec![
        request(1, Actor::SYSTEM, enrol(low)),
        request(2, Actor::SYSTEM, enrol(high)),
        request(3, clerk, top_up(low, yuan(100))),
        request(4, clerk, top_up(high, yuan(100))),
    ]);
    other.step(vec![request(5, clerk, top_up(high, yuan(10)))]);
    // A refused command reads the lower cell's rows, while the higher cell is found changed.
    let told = one.step(vec![
        request(6, staff(2, Role::Auditor), top_up(low, yuan(1))),
        request(7, clerk, top_up(high, yuan(1))),
    ]);
    assert!(told[0].is_err() && told[1].is_ok());
    other.step(vec![request(8, clerk, top_up(low, yuan(10)))]);
    one.step(vec![request(9, clerk, top_up(low, yuan(1)))]);
    let balances: Vec<i64> = records::<Wallet>(backend.as_ref()).iter().map(|row| row.balance_minor).collect();
    assert_eq!(balances, [11_100, 11_100]);
    healthy_and_quiet(backend.as_ref());
}

const HOUSEHOLDS: u64 = 20;
const CALLERS: u64 = 8;
const LIFE: Duration = Duration::from_secs(30);

/// Two writers a server, so that a batch has several cells.
fn open(url: &str) -> Arc<dyn Backend> {
    let options = store::PostgresOptions {
        cells: CELLS,
        open_date: open_date(),
        schema: Some("shared".to_owned()),
        writers: 2,
        ..store::PostgresOptions::default()
    };
    Arc::new(store::PostgresBackend::open(url, &tables(), options).unwrap())
}

fn options() -> EngineOptions {
    // Each looks for what the other left behind, and so takes messages that the other is just delivering.
    EngineOptions { sweep_every: Duration::from_millis(200), ..EngineOptions::default() }
}

/// Not a test: one of the two servers. Orders: the database, its number.
#[test]
fn child_serves_for_a_while() {
    let Some(orders) = support::child::orders() else { return };
    let server: u64 = orders[1].parse().unwrap();
    let engine = Engine::start(tianxin(), open(&orders[0]), options()).unwrap();
    let until = Instant::now() + LIFE;
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let engine = &engine;
            scope.spawn(move || {
                let mut stream = Stream(server * 1_000 + caller);
                let mut number = u128::from((server * 100 + caller + 1) * 1_000_000);
                while Instant::now() < until {
                    let (a, b) = (household(stream.below(HOUSEHOLDS)), household(stream.below(HOUSEHOLDS)));
                    let amount = yuan(1 + stream.below(300) as i64);
                    number += 1;
                    if a != b {
                        engine.call(request(number, farmer(a), transfer(a, b, amount))).unwrap();
                    }
                }
            });
        }
    });
    engine.settle();
    println!("\nRECORDS {}", engine.counts().records);
    engine.stop();
}

/// Locks cells in the wrong order again and again, so that batches of both servers lose deadlocks.
///
/// Its own patience is long, so the server's transaction is always the one that is given up.
fn meddle(url: &str, stop: &AtomicBool) -> u32 {
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    client.batch_execute("SET search_path = shared; SET deadlock_timeout = '1h'; SET lock_timeout = '30s'").unwrap();
    let mut rounds = 0;
    while !stop.load(Ordering::SeqCst) {
        client.batch_execute("BEGIN; SELECT 1 FROM cell_head WHERE cell = 3 FOR UPDATE").unwrap();
        // A server that waits for the first cell by now holds the second, and looks for a deadlock only once,
        // some time after it began to wait: the deadlock must stand by then.
        std::thread::sleep(Duration::from_millis(50));
        client.batch_execute("SELECT 1 FROM cell_head WHERE cell = 1 FOR UPDATE; ROLLBACK").unwrap();
        std::thread::sleep(Duration::from_secs(1));
        rounds += 1;
    }
    rounds
}

fn deadlocks(url: &str) -> i64 {
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    let text = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    client.query_one(text, &[]).unwrap().get(0)
}

#[test]
fn two_servers_on_one_postgres_do_not_fork_a_cell() {
    let Some((database, _server)) = postgres("two_servers") else { return };
    let url = database.url();
    let backend = open(&url);
    let founder = Engine::start(tianxin(), backend.clone(), options()).unwrap();
    for setup in founding(HOUSEHOLDS) {
        founder.call(setup).unwrap();
    }
    founder.settle();
    founder.stop();
    let money = wallets_minor(backend.as_ref());

    // A deadlock is found soon, so that meddling does not cost the servers their time.
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    client.batch_execute(&format!("ALTER DATABASE \"{}\" SET deadlock_timeout = '200ms'", database.name())).unwrap();
    drop(client);

    let stop = AtomicBool::new(false);
    let (made, meddled) = std::thread::scope(|scope| {
        let servers = [0, 1].map(|n| support::child::start("child_serves_for_a_while", &[&url, &n.to_string()]));
        let meddler = scope.spawn(|| meddle(&url, &stop));
        let made = servers.map(|server| {
            let output = server.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            let count = said.lines().find_map(|line| line.strip_prefix("RECORDS ")?.parse::<u64>().ok());
            count.unwrap_or_else(|| panic!("a server did not come to its end:\n{said}"))
        });
        stop.store(true, Ordering::SeqCst);
        (made, meddler.join().unwrap())
    });
    // What one of them left for the other is delivered by the next one that starts.
    let last = Engine::start(tianxin(), backend.clone(), options()).unwrap();
    last.settle();
    last.stop();
    let report = healthy_and_quiet(backend.as_ref());
    let lost = deadlocks(&url);
    eprintln!("{made:?} records, {} in the journals; {meddled} meddlings, {lost} deadlocks", report.records);
    assert!(made.iter().all(|records| *records > 1_000), "both made progress: {made:?}");
    assert!(lost > 0, "no server ever lost a deadlock: nothing was tried again");
    assert_eq!(wallets_minor(backend.as_ref()), money, "money neither came nor went");
}
