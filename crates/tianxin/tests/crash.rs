//! A power cut at every named point, tried in a child process, and healed by starting again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::tables::{BusinessDay, Crossing, Household, Quota, WaitingPayout, Wallet};
use app::{Tianxin, tables::GlBalance};
use basics::Instant;
use door::backend::ClaimState;
use door::checkpoint::{Checkpoint, read_heads};
use door::{Actor, Backend, Engine, EngineOptions, Request, Role, audit, directory, failpoint};
use support::proof::{self, claim_of, entries, healthy_and_quiet, records, with_burial};
use support::*;

const HOUSEHOLDS: u64 = 6;
const SECRET: [u8; 32] = [7; 32];

fn engine(backend: Arc<dyn Backend>) -> Engine<Tianxin> {
    let options = EngineOptions { sweep_every: Duration::from_millis(50), ..EngineOptions::default() };
    Engine::start(tianxin(), backend, options).unwrap()
}

/// Enrols through the directory, as the desk does.
fn enrol_household(engine: &Engine<Tianxin>, n: u64) {
    let household = household(n);
    let enrolment = request(100 + u128::from(n), Actor::SYSTEM, enrol(household));
    let rows = vec![claim_of(household, n, morning())];
    with_burial(|burial| directory::enrol(engine, rows, enrolment, burial)).unwrap();
}

/// A day in the county, one command after the other: each step waits until all that follows from it is done.
///
/// Sent again from its beginning after a crash, it must end as if there had been none.
fn live_a_day(engine: &Engine<Tianxin>, folder: &Path) {
    let say = |request: Request<Command>| {
        let answer = engine.call(request).unwrap();
        engine.settle();
        answer.outcome::<Tianxin>().unwrap()
    };
    engine.settle();
    say(request(1, Actor::SYSTEM, fund(yuan(5_000))));
    say(request(2, staff(1, Role::Accountant), grant(1, yuan(100))));
    for n in 0..HOUSEHOLDS {
        enrol_household(engine, n);
        say(request(200 + u128::from(n), staff(2, Role::Clerk), top_up(household(n), yuan(500))));
    }
    for n in 0..HOUSEHOLDS {
        let (from, to) = (household(n), household((n + 1) % HOUSEHOLDS));
        say(request(300 + u128::from(n), farmer(from), transfer(from, to, yuan(70 + n as i64))));
    }
    // Everything gathers with the first two, whose cells must then ask for more of the bank balance.
    for n in 2..HOUSEHOLDS {
        say(request(400 + u128::from(n), farmer(household(n)), transfer(household(n), household(n % 2), yuan(400))));
    }
    let mut pending = 0;
    for n in 0..2 {
        let payout = say(request(500 + u128::from(n), farmer(household(n)), withdraw(household(n), yuan(1_250))));
        pending += u32::from(payout == Outcome::PendingFunds);
    }
    assert!(pending > 0, "a payout asked for quota");
    say(request(600, farmer(household(3)), transfer(household(3), household(7_777), yuan(5))));
    let close = request(700, staff(1, Role::Accountant), Command::CloseDay(CloseDay { day: open_date() }));
    say(close);
    let backend = engine.backend();
    let mut connection = backend.connect().unwrap();
    let heads = read_heads(connection.as_mut(), backend.cells()).unwrap();
    let checkpoint = Checkpoint::sign("Test Co-operative", morning(), &heads, &SECRET).unwrap();
    checkpoint.append(&folder.join("checkpoints.jsonl")).unwrap();
}

/// Every balance and state, without what tells in which order things came about.
fn books(backend: &dyn Backend) -> String {
    let crossings: Vec<_> = records::<Crossing>(backend);
    let quotas: Vec<_> = records::<Quota>(backend);
    let lists = (records::<Wallet>(backend), records::<GlBalance>(backend), records::<Household>(backend));
    let days = (records::<BusinessDay>(backend), records::<WaitingPayout>(backend), entries(backend));
    format!("{lists:#?}\n{crossings:#?}\n{quotas:#?}\n{days:#?}")
}

fn open(at: &str, schema: &str) -> Arc<dyn Backend> {
    if schema.is_empty() { sqlite(&Path::new(at).join("a.db")) } else { postgres_backend(at, schema) }
}

/// Not a test: the process that dies. Orders: the point, which hit of it, the folder, the database, its schema.
#[test]
fn child_lives_until_the_point() {
    let Some(orders) = support::child::orders() else { return };
    let [point, nth, folder, at, schema] = &orders[..] else { panic!("{orders:?}") };
    let backend = open(at, schema);
    failpoint::arm(point, nth.parse().unwrap());
    live_a_day(&engine(backend), Path::new(folder));
    println!("LIVED");
}

/// What the day leaves when nothing happens to it.
fn undisturbed() -> String {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let engine = engine(backend.clone());
    live_a_day(&engine, folder.path());
    engine.stop();
    healthy_and_quiet(backend.as_ref());
    books(backend.as_ref())
}

/// Crashes a child at the `nth` hit of a point and heals its database; false when the child came through.
fn crash_and_heal(point: &str, nth: u32, schema: &str, url: Option<&str>, expected: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let at = url.unwrap_or(place);
    // Made here, so that the child begins with its first command.
    drop(open(at, schema));
    let (status, said) =
        support::child::run("child_lives_until_the_point", &[point, &nth.to_string(), place, at, schema]);
    if said.contains("LIVED") {
        assert!(status.success(), "{said}");
        return false;
    }
    let context = format!("{point}, hit {nth}, {}", if schema.is_empty() { "SQLite" } else { "PostgreSQL" });
    assert_eq!(support::child::signal(status), Some(6), "{context}: the child dies by abort\n{said}");

    let backend = open(at, schema);
    // What stands now is whole, even before anything is healed.
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{context}: {wrong}"));
    let engine = engine(backend.clone());
    live_a_day(&engine, folder.path());
    with_burial(|burial| directory::heal(&engine, morning().add_seconds(700), burial)).unwrap();
    engine.settle();
    let rows = proof::directory(&engine, 0..HOUSEHOLDS);
    assert_eq!(rows.len() as u64, HOUSEHOLDS, "{context}");
    assert!(rows.iter().all(|row| row.state == ClaimState::Confirmed), "{context}: {rows:?}");
    engine.stop();
    healthy_and_quiet(backend.as_ref());
    assert_eq!(books(backend.as_ref()), expected, "{context}");
    let checkpoint = Checkpoint::last(&folder.path().join("checkpoints.jsonl")).unwrap();
    audit::verify(tianxin().as_ref(), backend.as_ref(), checkpoint.as_ref()).unwrap();
    true
}

#[test]
fn a_crash_at_any_point_heals_on_sqlite() {
    let expected = undisturbed();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let expected = &expected;
            scope.spawn(move || {
                for point in failpoint::ALL.iter().skip(half).step_by(2) {
                    let mut hits = 0;
                    for nth in [1, 2, 3, 5, 8, 13, 21, 34, 55] {
                        if !crash_and_heal(point, nth, "", None, expected) {
                            break;
                        }
                        hits += 1;
                    }
                    assert!(hits > 0, "the failpoint {point} is never reached");
                }
            });
        }
    });
}

#[test]
fn a_crash_at_a_point_heals_on_postgres() {
    let Some((database, _server)) = postgres("crash") else { return };
    let expected = undisturbed();
    let tried = [
        ("directory.after_claim", 2),
        ("door.before_commit", 9),
        ("door.after_commit", 9),
        ("directory.before_confirm", 3),
        ("outbox.before_deliver", 4),
        ("outbox.after_deliver", 7),
        ("outbox.before_ack", 5),
    ];
    for (number, (point, nth)) in tried.into_iter().enumerate() {
        let died = crash_and_heal(point, nth, &format!("crash_{number}"), Some(&database.url()), &expected);
        assert!(died, "{point}, hit {nth}, is not reached");
    }
}

/// The family goes to another desk instead of coming back: their resident id must not stay blocked.
#[test]
fn an_enrolment_that_never_comes_back_is_buried_and_its_resident_id_is_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    drop(open(place, ""));
    let (status, said) =
        support::child::run("child_lives_until_the_point", &["directory.after_claim", "1", place, place, ""]);
    assert_eq!(support::child::signal(status), Some(6), "{said}");
    let backend = open(place, "");
    let engine = engine(backend.clone());
    let again = |household, number: u128, at: Instant| {
        let mut enrolment = request(number, Actor::SYSTEM, enrol(household));
        enrolment.at = at;
        with_burial(|burial| directory::enrol(&engine, vec![claim_of(household, 0, at)], enrolment, burial))
    };
    let elsewhere = household(4_000);
    assert_eq!(again(elsewhere, 900, morning().add_seconds(60)), Err(directory::EnrolError::UnderWay));
    again(elsewhere, 900, morning().add_seconds(601)).unwrap();
    // The late first desk is turned away, and takes nothing with it.
    let late = again(household(0), 100, morning().add_seconds(602)).unwrap_err();
    assert!(matches!(late, directory::EnrolError::Known { household, .. } if household == elsewhere), "{late}");
    let direct = engine.call(request(100, Actor::SYSTEM, enrol(household(0)))).unwrap_err();
    assert!(direct.to_string().contains("took too long"), "{direct}");
    assert_eq!(proof::directory(&engine, 0..1)[0].household, elsewhere);
    engine.stop();
    healthy_and_quiet(backend.as_ref());
}

/// Whoever repeats an enrolment in other words must not free the resident id of a household that exists.
#[test]
fn a_refused_repeat_of_an_enrolment_leaves_its_claim_standing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    drop(open(place, ""));
    let (status, said) =
        support::child::run("child_lives_until_the_point", &["directory.before_confirm", "1", place, place, ""]);
    assert_eq!(support::child::signal(status), Some(6), "{said}");
    let backend = open(place, "");
    let engine = engine(backend.clone());
    let again = |household, number: u128, at: Instant| {
        let enrolment = request(number, Actor::SYSTEM, enrol(household));
        with_burial(|burial| directory::enrol(&engine, vec![claim_of(household, 0, at)], enrolment, burial))
    };
    // The household exists, its claim is not confirmed. The desk has lost the command id and makes a new one.
    let refused = again(household(0), 901, morning()).unwrap_err();
    assert!(refused.to_string().contains("enrolled already"), "{refused}");
    let other = again(household(4_000), 902, morning());
    assert_eq!(other, Err(directory::EnrolError::UnderWay), "one resident id, two households");
    // The first command, sent again a minute later, is known, and now the claim is confirmed.
    assert!(again(household(0), 100, morning().add_seconds(60)).unwrap().replayed);
    let row = proof::directory(&engine, 0..1).remove(0);
    assert_eq!((row.household, row.state), (household(0), ClaimState::Confirmed));
    engine.stop();
    healthy_and_quiet(backend.as_ref());
}
