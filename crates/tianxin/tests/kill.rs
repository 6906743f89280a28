//! Signal 9 in the middle of a burst, to us and to the database: what was acknowledged is there, once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::Tianxin;
use app::command::Command;
use basics::Id;
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Request, Role, audit};
use store::cluster::{Cluster, ClusterOptions};
use support::proof::{acknowledged_once, answered_the_same, healthy_and_quiet, journal, place};
use support::*;

const HOUSEHOLDS: u64 = 24;
const CALLERS: u64 = 32;

fn engine(backend: Arc<dyn Backend>) -> Arc<Engine<Tianxin>> {
    let options = EngineOptions { sweep_every: Duration::from_millis(100), ..EngineOptions::default() };
    Arc::new(Engine::start(tianxin(), backend, options).unwrap())
}

fn found_county(backend: Arc<dyn Backend>) {
    let engine = engine(backend);
    for setup in founding(HOUSEHOLDS) {
        engine.call(setup).unwrap();
    }
    engine.settle();
}

/// The command with this number, always the same one.
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn open(at: &str, schema: &str) -> Arc<dyn Backend> {
    if schema.is_empty() { sqlite(Path::new(at)) } else { postgres_backend(at, schema) }
}

/// Not a test: the process that is killed. Orders: the database, its schema, the first number of the burst.
#[test]
fn child_answers_until_it_is_killed() {
    let Some(orders) = support::child::orders() else { return };
    let [at, schema, first] = &orders[..] else { panic!("{orders:?}") };
    let first: u64 = first.parse().unwrap();
    let engine = engine(open(at, schema));
    let pipe = Mutex::new(std::io::stdout());
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (engine, pipe) = (&engine, &pipe);
            scope.spawn(move || {
                for round in 0.. {
                    let number = first + round * CALLERS + caller;
                    let answer = engine.call(burst(number)).unwrap();
                    let line = format!("\nACK {number} {} .\n", hex(&answer.outcome));
                    pipe.lock().unwrap().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}

/// Lets a child answer a burst, kills it after `count` answers, and reads what it had said till then.
fn burst_and_kill(at: &str, schema: &str, first: u64, count: usize) -> Vec<(Request<Command>, Vec<u8>)> {
    let mut child = support::child::start("child_answers_until_it_is_killed", &[at, schema, &first.to_string()]);
    let mut errors = child.stderr.take().unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        // A torn last line has no dot: that command was not acknowledged to anybody.
        if let ["ACK", number, outcome, "."] = line.split(' ').collect::<Vec<_>>()[..] {
            told.push((burst(number.parse().unwrap()), unhex(outcome)));
            if told.len() == count {
                child.kill().unwrap();
            }
        }
    }
    let mut said = String::new();
    errors.read_to_string(&mut said).unwrap();
    assert_eq!(support::child::signal(child.wait().unwrap()), Some(9), "{said}");
    told
}

fn survives_kills(at: &str, schema: &str, rounds: u64) {
    let mut stream = Stream(99);
    found_county(open(at, schema));
    let mut all = Vec::new();
    for round in 0..rounds {
        let first = round * 1_000_000;
        let count = 100 + stream.below(900) as usize;
        let told = burst_and_kill(at, schema, first, count);
        assert!(told.len() >= count);
        let backend = open(at, schema);
        audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
        acknowledged_once(backend.as_ref(), &told);
        let engine = engine(backend.clone());
        engine.settle();
        answered_the_same(&told, |request| engine.call(request));
        engine.settle();
        engine.stop();
        healthy_and_quiet(backend.as_ref());
        all.extend(told);
    }
    acknowledged_once(open(at, schema).as_ref(), &all);
    eprintln!("{} acknowledged commands over {rounds} kills", all.len());
}

#[test]
fn killed_in_a_burst_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    survives_kills(folder.path().join("a.db").to_str().unwrap(), "", 6);
}

#[test]
fn killed_in_a_burst_on_postgres() {
    let Some((database, _server)) = postgres("kill") else { return };
    survives_kills(&database.url(), "burst", 4);
}

/// What callers were told while the database died under them.
#[derive(Default)]
struct Told {
    done: Vec<(Request<Command>, Vec<u8>)>,
    /// Told that nothing was changed, and not sent again.
    not_done: BTreeSet<Id>,
    /// Told that nobody knows, and not sent again.
    unknown: BTreeSet<Id>,
    retried: u64,
}

/// PostgreSQL itself dies in the burst and comes back, while our process lives.
#[test]
fn postgres_killed_in_a_burst() {
    let mut cluster = match Cluster::start(ClusterOptions::default()) {
        Ok(cluster) => cluster,
        Err(error) if error.is_absent() => return eprintln!("skipped: postgres_killed_in_a_burst: {error}"),
        Err(error) => panic!("{error}"),
    };
    let backend = postgres_backend(&cluster.url("postgres"), "burst");
    found_county(backend.clone());
    let engine = engine(backend.clone());
    let told = Mutex::new(Told::default());
    let answered = AtomicU64::new(0);
    let last_kill = AtomicU64::new(u64::MAX);
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (engine, told, answered, last_kill) = (&engine, &told, &answered, &last_kill);
            scope.spawn(move || {
                for round in 0..100_000 {
                    let request = burst(round * CALLERS + caller);
                    // Three in four callers insist on an answer; the others take the first word.
                    let outcome = loop {
                        match engine.call(request.clone()) {
                            Err(DoorError::Storage(_) | DoorError::Unknown(_)) if caller % 4 > 0 => {
                                told.lock().unwrap().retried += 1;
                                std::thread::sleep(Duration::from_millis(50));
                            }
                            outcome => break outcome,
                        }
                    };
                    let mut told = told.lock().unwrap();
                    match outcome {
                        Ok(answer) => told.done.push((request, answer.outcome.to_vec())),
                        Err(DoorError::Storage(_)) => drop(told.not_done.insert(request.id)),
                        Err(DoorError::Unknown(_)) => drop(told.unknown.insert(request.id)),
                        Err(other) => panic!("{other}"),
                    }
                    drop(told);
                    // Some hundred answers after the last restart it is enough.
                    if answered.fetch_add(1, Ordering::SeqCst) > last_kill.load(Ordering::SeqCst).saturating_add(600) {
                        return;
                    }
                }
            });
        }
        let mut stream = Stream(5);
        for _ in 0..3 {
            let until = answered.load(Ordering::SeqCst) + 200 + stream.below(600);
            while answered.load(Ordering::SeqCst) < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            let errors = || {
                let told = told.lock().unwrap();
                told.retried + (told.not_done.len() + told.unknown.len()) as u64
            };
            let before = errors();
            cluster.kill9().unwrap();
            // It stays away until a caller has met an error; a restart can be quicker than the next commit.
            for _ in 0..10_000 {
                if errors() > before {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            cluster.restart().unwrap();
        }
        last_kill.store(answered.load(Ordering::SeqCst), Ordering::SeqCst);
    });
    // Nobody asks any more: the engine delivers what is left by itself.
    engine.settle();
    for _ in 0..100 {
        if proof_of_quiet(backend.as_ref()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    healthy_and_quiet(backend.as_ref());
    let told = told.into_inner().unwrap();
    eprintln!(
        "{} done, {} sent again, {} told that nothing was changed, {} told that nobody knows",
        told.done.len(),
        told.retried,
        told.not_done.len(),
        told.unknown.len()
    );
    acknowledged_once(backend.as_ref(), &told.done);
    let stored: BTreeSet<Id> = journal(backend.as_ref()).into_keys().map(|(_, id)| id).collect();
    let lies: Vec<&Id> = told.not_done.intersection(&stored).collect();
    assert!(lies.is_empty(), "told that nothing was changed, and yet it was: {lies:?}");
    assert!(told.retried > 0, "callers met errors while the database was away");
    let sample: Vec<_> = told.done.iter().step_by(7).cloned().collect();
    answered_the_same(&sample, |request| engine.call(request));
    assert!(sample.iter().all(|(request, _)| place(request).0 <= CELLS));
    engine.stop();
}

fn proof_of_quiet(backend: &dyn Backend) -> bool {
    support::proof::records::<door::tables::Outbox>(backend).is_empty()
}

/// A server that is idle when the database restarts finds its way back without being asked.
#[test]
fn an_idle_server_delivers_what_is_left_after_postgres_restarts() {
    let mut cluster = match Cluster::start(ClusterOptions::default()) {
        Ok(cluster) => cluster,
        Err(error) if error.is_absent() => return eprintln!("skipped: idle server on PostgreSQL: {error}"),
        Err(error) => panic!("{error}"),
    };
    let url = cluster.url("postgres");
    let backend = postgres_backend(&url, "idle");
    let idle = engine(backend.clone());
    for setup in founding(2) {
        idle.call(setup).unwrap();
    }
    idle.settle();
    cluster.kill9().unwrap();
    // A few sweeps meet a server that is gone.
    std::thread::sleep(Duration::from_millis(300));
    cluster.restart().unwrap();
    // Another server takes a transfer and ends before it delivers it.
    let (from, to) = support::proof::two_cells();
    let mut brief = door::Stepper::new(tianxin(), postgres_backend(&url, "idle"), 16);
    for (number, household) in [(900, from), (901, to)] {
        let _ = brief.step(vec![request(number, Actor::SYSTEM, enrol(household))]);
    }
    brief.step(vec![request(902, Actor::SYSTEM, top_up(from, yuan(10)))]).remove(0).unwrap();
    brief.step(vec![request(903, farmer(from), transfer(from, to, yuan(10)))]).remove(0).unwrap();
    drop(brief);
    for _ in 0..200 {
        if proof_of_quiet(backend.as_ref()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    idle.settle();
    healthy_and_quiet(backend.as_ref());
    idle.stop();
}
