//! A disk that fails, by seed: lost and torn writes, failed syncs, no space. What was acknowledged stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use app::Tianxin;
use app::command::Command;
use basics::{Cell, Instant};
use door::backend::{Connection, DirectoryRow, Durability, Head, List};
use door::table::{Key, Row, Value};
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Request, Role, Stepper, StoreError, Table, audit};
use store::fault_vfs::{FaultDisk, Operation};
use store::{OpenOptions, SqliteBackend};
use support::proof::{acknowledged_once, answered_the_same, healthy_and_quiet, journal, place};
use support::*;

const HOUSEHOLDS: u64 = 8;
const SEEDS: u64 = 80;

fn open(disk: &FaultDisk) -> Arc<dyn Backend> {
    let options = OpenOptions {
        cells: CELLS,
        open_date: open_date(),
        vfs: Some(disk.name().to_owned()),
        ..OpenOptions::default()
    };
    Arc::new(SqliteBackend::open("books.db", &tables(), options).unwrap())
}

/// SQLite's own opinion of the file.
fn integrity(disk: &FaultDisk) -> String {
    let flags = rusqlite::OpenFlags::default();
    let file = rusqlite::Connection::open_with_flags_and_vfs("books.db", flags, disk.name()).unwrap();
    file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}

fn burst(number: u64) -> Request<Command> {
    let mut stream = Stream(number);
    let (a, b) = (household(stream.below(HOUSEHOLDS)), household(stream.below(HOUSEHOLDS)));
    let amount = yuan(1 + stream.below(9) as i64);
    let number = 0xB_0000_0000 + u128::from(number);
    match stream.below(4) {
        0 => request(number, staff(1, Role::Clerk), top_up(a, amount)),
        1 => request(number, farmer(a), withdraw(a, amount)),
        _ if a == b => request(number, Actor::SYSTEM, top_up(a, amount)),
        _ => request(number, farmer(a), transfer(a, b, amount)),
    }
}

/// Ways a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// Power goes between two commands.
    Crash,
    /// Power goes within one.
    CrashWithin,
    /// Some writes and syncs fail.
    Writes,
    /// Many syncs fail.
    Syncs,
    /// Anything fails now and then.
    Anything,
    /// There is no more space.
    Full,
}

const FAULTS: [Fault; 6] =
    [Fault::Crash, Fault::CrashWithin, Fault::Writes, Fault::Syncs, Fault::Anything, Fault::Full];

/// What one life of a database came to.
#[derive(Default)]
struct Life {
    acknowledged: Vec<(Request<Command>, Vec<u8>)>,
    failures: BTreeMap<(Fault, &'static str), u64>,
    faults: u64,
}

/// Three times something happens to the disk; after each the database is proven.
fn live(seed: u64, wrap: impl Fn(Arc<dyn Backend>) -> Arc<dyn Backend>) -> Life {
    let disk = FaultDisk::register(&format!("fault-disk-{seed}-{}", std::process::id())).unwrap();
    let mut stream = Stream(seed);
    let mut life = Life::default();
    {
        let mut stepper = Stepper::new(tianxin(), open(&disk), 256);
        assert!(stepper.step(founding(HOUSEHOLDS)).iter().all(Result::is_ok));
        assert!(stepper.deliver().iter().all(Result::is_ok));
    }
    let mut number = seed * 10_000;
    for round in 0..3 {
        let fault = FAULTS[((seed + round) % FAULTS.len() as u64) as usize];
        let mut failed = Vec::new();
        let mut stepper = Stepper::new(tianxin(), wrap(open(&disk)), 1 + stream.below(8) as usize);
        for batch in 0..8 {
            if batch == 1 {
                match fault {
                    Fault::Crash => {}
                    Fault::CrashWithin => disk.fail_after(stream.below(150)),
                    Fault::Writes => {
                        disk.fail_operations(stream.next(), 15_000, &[Operation::Write, Operation::Sync]);
                    }
                    Fault::Syncs => disk.fail_operations(stream.next(), 200_000, &[Operation::Sync]),
                    Fault::Anything => disk.fail_with_probability(stream.next(), 4_000),
                    Fault::Full => disk.set_capacity(Some(disk.used_bytes() + stream.below(150_000))),
                }
            }
            let requests: Vec<_> = (0..=stream.below(7)).map(|n| burst(number + n)).collect();
            number += 10;
            let answers = stepper.step(requests.clone());
            for (request, answer) in requests.into_iter().zip(answers) {
                match answer {
                    Ok(answer) => life.acknowledged.push((request, answer.outcome.to_vec())),
                    Err(error @ (DoorError::Storage(_) | DoorError::Unknown(_))) => {
                        if fault == Fault::Full {
                            assert!(error.to_string().contains("free some space"), "{error}");
                        }
                        let kind = if matches!(error, DoorError::Unknown(_)) { "unknown" } else { "not done" };
                        *life.failures.entry((fault, kind)).or_default() += 1;
                        failed.push(request);
                    }
                    Err(other) => panic!("{fault:?}: {other}"),
                }
            }
            if stream.below(2) == 0 {
                stepper.deliver();
            }
            if fault == Fault::CrashWithin && !failed.is_empty() {
                break;
            }
        }
        life.faults += disk.counters().faults;
        // Power goes while the connection stands open, and comes back to a disk in order. Where the disk
        // was merely full it may be enough that somebody makes room.
        if fault != Fault::Full || stream.below(2) == 0 {
            disk.crash(stream.next());
        }
        disk.heal();
        drop(stepper);
        assert_eq!(integrity(&disk), "ok", "{fault:?}");
        let backend = open(&disk);
        audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{fault:?}: {wrong}"));
        acknowledged_once(backend.as_ref(), &life.acknowledged);
        let options = EngineOptions { sweep_every: Duration::from_millis(20), ..EngineOptions::default() };
        let engine: Engine<Tianxin> = Engine::start(tianxin(), backend.clone(), options).unwrap();
        engine.settle();
        for request in failed {
            let answer = engine.call(request.clone()).unwrap();
            life.acknowledged.push((request, answer.outcome.to_vec()));
        }
        engine.settle();
        answered_the_same(&life.acknowledged, |request| engine.call(request));
        engine.stop();
        healthy_and_quiet(backend.as_ref());
    }
    life
}

#[test]
fn what_was_acknowledged_survives_every_disk() {
    let next = AtomicU64::new(0);
    let lives: Vec<Life> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut lives = Vec::new();
                    loop {
                        let seed = next.fetch_add(1, Ordering::SeqCst);
                        if seed >= SEEDS {
                            return lives;
                        }
                        match std::panic::catch_unwind(AssertUnwindSafe(|| live(seed, |backend| backend))) {
                            Ok(life) => lives.push(life),
                            Err(why) => {
                                eprintln!("seed {seed} failed");
                                std::panic::resume_unwind(why);
                            }
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let acknowledged: usize = lives.iter().map(|life| life.acknowledged.len()).sum();
    let faults: u64 = lives.iter().map(|life| life.faults).sum();
    let mut failures: BTreeMap<_, u64> = BTreeMap::new();
    for (kind, count) in lives.iter().flat_map(|life| &life.failures) {
        *failures.entry(kind).or_default() += count;
    }
    eprintln!("{SEEDS} seeds: {acknowledged} acknowledged, {faults} faults, callers told: {failures:?}");
    for fault in FAULTS.into_iter().filter(|fault| *fault != Fault::Crash) {
        let told = failures.iter().any(|((of, _), _)| *of == fault);
        // What a writer tries again by itself need not reach the callers.
        assert!(told || matches!(fault, Fault::Writes | Fault::Anything | Fault::Syncs), "{fault:?} did no harm");
    }
}

/// A database that answers before it commits: it holds back two commits of three.
struct Hasty(Arc<dyn Backend>);

struct HastyConnection {
    connection: Box<dyn Connection>,
    open: bool,
    commits: u64,
}

impl Backend for Hasty {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn cells(&self) -> u16 {
        self.0.cells()
    }
    fn writers(&self) -> usize {
        self.0.writers()
    }
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        Ok(Box::new(HastyConnection { connection: self.0.connect()?, open: false, commits: 0 }))
    }
}

impl Connection for HastyConnection {
    fn begin(&mut self) -> Result<(), StoreError> {
        if self.open { Ok(()) } else { self.connection.begin() }
    }
    fn begin_snapshot(&mut self) -> Result<(), StoreError> {
        self.connection.begin_snapshot()
    }
    fn commit(&mut self) -> Result<(), StoreError> {
        self.commits += 1;
        self.open = !self.commits.is_multiple_of(3);
        if self.open { Ok(()) } else { self.connection.commit() }
    }
    fn rollback(&mut self) {
        self.open = false;
        self.connection.rollback();
    }
    fn set_durability(&mut self, durability: Durability) -> Result<(), StoreError> {
        self.connection.set_durability(durability)
    }
    fn make_durable(&mut self) -> Result<(), StoreError> {
        self.connection.make_durable()
    }
    fn lock_heads(&mut self, cells: &[Cell]) -> Result<Vec<Head>, StoreError> {
        self.connection.lock_heads(cells)
    }
    fn swap_heads(&mut self, heads: &[Head]) -> Result<usize, StoreError> {
        self.connection.swap_heads(heads)
    }
    fn load_many(&mut self, table: &'static Table, columns: &[usize], keys: &[Key]) -> Result<Vec<Row>, StoreError> {
        self.connection.load_many(table, columns, keys)
    }
    fn insert_many(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
        self.connection.insert_many(table, rows)
    }
    fn update_many(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
        self.connection.update_many(table, rows)
    }
    fn delete_many(&mut self, table: &'static Table, keys: &[Key]) -> Result<(), StoreError> {
        self.connection.delete_many(table, keys)
    }
    fn scan(
        &mut self,
        table: &'static Table,
        prefix: &[Value],
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.connection.scan(table, prefix, after, limit)
    }
    fn list(&mut self, list: &List) -> Result<Vec<Row>, StoreError> {
        self.connection.list(list)
    }
    fn directory_claim(&mut self, rows: &[DirectoryRow]) -> Result<Vec<DirectoryRow>, StoreError> {
        self.connection.directory_claim(rows)
    }
    fn directory_swap(&mut self, swaps: &[(DirectoryRow, Option<DirectoryRow>)]) -> Result<Vec<bool>, StoreError> {
        self.connection.directory_swap(swaps)
    }
    fn directory_find(&mut self, hashes: &[[u8; 32]]) -> Result<Vec<DirectoryRow>, StoreError> {
        self.connection.directory_find(hashes)
    }
    fn directory_stale(&mut self, before: Instant, limit: usize) -> Result<Vec<DirectoryRow>, StoreError> {
        self.connection.directory_stale(before, limit)
    }
}

/// The campaign can fail: a database that acknowledges early is found out.
#[test]
fn a_database_that_acknowledges_early_is_found_out() {
    let losers = (0..6)
        .filter(|seed| {
            let lived = std::panic::catch_unwind(|| live(1_000 + seed, |backend| Arc::new(Hasty(backend))));
            lived.is_err_and(|why| {
                let said = why.downcast_ref::<String>().cloned().unwrap_or_default();
                said.contains("the acknowledged command")
            })
        })
        .count();
    assert!(losers >= 4, "only {losers} of 6 seeds lost an acknowledged command");
}

#[test]
fn a_full_disk_says_what_to_do_and_leaves_nothing_half_written() {
    let disk = FaultDisk::register(&format!("full-disk-{}", std::process::id())).unwrap();
    let backend = open(&disk);
    let mut stepper = Stepper::new(tianxin(), backend.clone(), 16);
    assert!(stepper.step(founding(HOUSEHOLDS)).iter().all(Result::is_ok));
    stepper.deliver();
    let before = export(backend.as_ref());
    disk.set_capacity(Some(disk.used_bytes()));
    let asked: Vec<_> = (0..40).map(burst).collect();
    // What a connection has reserved in its log is used up first.
    let answers = stepper.step(asked.clone());
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().zip(asked).partition(|(answer, _)| answer.is_ok());
    assert!(!refused.is_empty());
    for (answer, _) in &refused {
        let error = answer.as_ref().unwrap_err();
        assert!(matches!(error, DoorError::Storage(_)), "{error:?}");
        let said = error.to_string();
        assert!(said.contains("nothing was changed") && said.contains("free some space"), "{said}");
    }
    if done.is_empty() {
        assert!(export(backend.as_ref()) == before, "nothing was written");
    }
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
    // Somebody makes room; the very same program goes on.
    disk.heal();
    let again = stepper.step(refused.into_iter().map(|(_, request)| request).collect());
    assert!(again.iter().all(|answer| answer.as_ref().is_ok_and(|answer| !answer.replayed)));
    stepper.deliver();
    let options = EngineOptions::default();
    Engine::start(tianxin(), backend.clone(), options).unwrap().settle();
    healthy_and_quiet(backend.as_ref());
    assert_eq!(integrity(&disk), "ok");
}

/// A message that could not be delivered is not forgotten: when the disk is in order again the same program delivers it, once.
#[test]
fn what_could_not_be_delivered_is_delivered_by_the_same_program_later() {
    let disk = FaultDisk::register(&format!("fault-disk-deliver-{}", std::process::id())).unwrap();
    let backend = open(&disk);
    let mut stepper = Stepper::new(tianxin(), backend.clone(), 16);
    assert!(stepper.step(founding(HOUSEHOLDS)).iter().all(Result::is_ok));
    stepper.deliver();
    let transfers: Vec<_> =
        (0..40).map(burst).filter(|sent| format!("{:?}", sent.order).contains("Transfer")).collect();
    let sent = stepper.step(transfers);
    assert!(sent.len() > 5 && sent.iter().all(Result::is_ok));
    disk.fail_operations(1, 1_000_000, &[Operation::Write, Operation::Sync]);
    assert!(stepper.deliver().iter().any(Result::is_err));
    // Asked again too early, it says so again.
    assert!(stepper.deliver().iter().any(Result::is_err));
    disk.heal();
    let answers = stepper.deliver();
    assert!(!answers.is_empty() && answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(stepper.deliver().is_empty());
    healthy_and_quiet(backend.as_ref());
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
}

/// A run that can be repeated says itself when its commits are to be durable: a power cut takes what came after, each commit
/// whole, and nothing from before.
#[test]
fn what_is_made_durable_stays_and_what_came_after_goes_in_whole_commits() {
    let disk = FaultDisk::register(&format!("fault-disk-later-{}", std::process::id())).unwrap();
    let mut stepper = Stepper::new(tianxin(), open(&disk), 4);
    stepper.set_durability(Durability::Later).unwrap();
    let told = |stepper: &mut Stepper<Tianxin>, requests: Vec<Request<Command>>| -> Vec<(Request<Command>, Vec<u8>)> {
        let answers = stepper.step(requests.clone()).into_iter().chain(stepper.deliver()).collect::<Vec<_>>();
        requests.into_iter().zip(answers).map(|(request, answer)| (request, answer.unwrap().outcome.to_vec())).collect()
    };
    let founded = told(&mut stepper, founding(HOUSEHOLDS));
    let before = told(&mut stepper, (0..20).map(burst).collect());
    stepper.make_durable().unwrap();
    let after = told(&mut stepper, (20..40).map(burst).collect());
    disk.crash_losing_all();
    disk.heal();
    drop(stepper);
    assert_eq!(integrity(&disk), "ok");
    let backend = open(&disk);
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
    acknowledged_once(backend.as_ref(), &founded);
    acknowledged_once(backend.as_ref(), &before);
    let journal = journal(backend.as_ref());
    let kept = after.iter().filter(|(request, _)| journal.contains_key(&(place(request), request.id))).count();
    assert_eq!(kept, 0, "a disk that keeps only what was synced has none of them");
}
