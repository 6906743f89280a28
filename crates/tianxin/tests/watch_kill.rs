//! Signal 9 between events: a monitor made anew of the books calls next what one that was never killed calls, to the last figure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use app::assess::{Judge, feature_names};
use app::case::{AlertSignal, CaseState};
use app::desk::{Desk, DeskError};
use app::vault::{Vault, VaultError};
use basics::{Id, Instant};
use door::{Actor, DoorError, Engine, EngineOptions};
use insight::event::Purchase;
use insight::{Channel, Event, EventKind};
use policy::RuleSet;
use support::*;

const HOUSEHOLDS: u64 = 10;
/// Requests in all, so many a day: each tells a household's payments of some hours.
const REQUESTS: u64 = 880;
const A_DAY: u64 = 22;
/// Days whose first request tells of a large transfer in the night, each larger than the one before.
const STRANGE_DAYS: [u64; 8] = [9, 16, 22, 27, 31, 34, 37, 39];
const EVENTS: u64 = 3;

/// Nothing here is sealed.
struct NoKeys;

impl Vault for NoKeys {
    fn make_keys(&self, _: &[Id]) -> Result<(), VaultError> {
        Ok(())
    }
    fn seal(&self, _: Id, _: &str, _: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError> {
        Ok((plain.to_vec(), [0; 32]))
    }
    fn open(&self, _: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(ciphertext.to_vec())
    }
    fn destroy(&self, _: Id) -> Result<(), VaultError> {
        Ok(())
    }
    fn keyed_hash(&self, _: &str, _: &[u8]) -> [u8; 32] {
        [0; 32]
    }
}

/// The desk of books in a file; they are founded if they are new. Its monitor is made with few events in memory at once.
fn desk(path: &Path) -> Desk {
    let is_new = !path.exists();
    let engine = Arc::new(Engine::start(tianxin(), sqlite(path), EngineOptions::default()).unwrap());
    if is_new {
        founding(HOUSEHOLDS).into_iter().for_each(|setup| drop(engine.call(setup).unwrap()));
        engine.settle();
    }
    let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).unwrap();
    Desk::new(engine, Arc::new(NoKeys), Judge::new(None, rules), 2).rebuilding_in_parts(400)
}

/// The request with this number, always the same one: small purchases at known shops, and now and then a large transfer at night.
fn told(number: u64) -> (Id, Vec<Event>, Instant) {
    let mut stream = Stream(number ^ 0x77a7);
    let household = household(number % HOUSEHOLDS);
    let (day, place) = (number / A_DAY, number % A_DAY);
    let strange = STRANGE_DAYS.iter().position(|strange| *strange == day && place == 0);
    let is_strange = strange.is_some();
    let minutes = if is_strange { 3 * 60 } else { 8 * 60 + place as i64 * 30 };
    let midnight = i64::from(open_date().days()) - 41 + day as i64;
    let at = Instant((midnight * 24 * 60 + minutes) * 60_000_000);
    let event = |part: u64| {
        let (kind, yuan) = match is_strange && part == 0 {
            true => (EventKind::TransferOut, 200 + 25 * strange.unwrap_or(0) as i64),
            false => (EventKind::Purchase(Purchase::Food), 20 + stream.below(70) as i64),
        };
        Event {
            household,
            id: Id::from_u128(0xE000_0000 + u128::from(number * EVENTS + part)),
            date: at.date_at_offset(0),
            kind,
            amount_minor: -yuan * 100,
            balance_after_minor: None,
            counterparty: Some(1 + if is_strange { number } else { stream.below(4) }),
            channel: Channel::OwnBusiness,
            consent: None,
            measure: None,
            source: None,
            known: None,
        }
    };
    (household, (0..EVENTS).map(event).collect(), at)
}

/// Tells a request as the server does: stored first, then shown to the monitor. One that was stored before is not told again.
fn tell(desk: &Desk, number: u64) {
    let (household, events, at) = told(number);
    match desk.observe(Id::from_u128(0xD000_0000 + u128::from(number)), household, &events, Actor::SYSTEM, at) {
        Ok(_) => drop(desk.watch(household, &events, at).unwrap()),
        Err(DeskError::Door(DoorError::Refused(refusal))) => assert_eq!(refusal.code, "event_known"),
        Err(error) => panic!("{error}"),
    }
}

/// Everything an alert says, by its id.
type Alerts = BTreeMap<Id, (String, String, i64, Vec<AlertSignal>)>;

fn alerts(desk: &Desk) -> Alerts {
    let cases = desk.cases(CaseState::Open, None, 1_000).unwrap();
    let views = cases.iter().map(|case| desk.case(case.subject, case.id).unwrap().unwrap());
    views
        .flat_map(|view| view.alerts)
        .map(|(alert, signals)| (alert.id, (alert.grade, alert.typology, alert.score_milli, signals)))
        .collect()
}

/// Not a test: the process that is killed. Orders: the books, the first request.
#[test]
fn child_tells_until_it_is_killed() {
    let Some(orders) = support::child::orders() else { return };
    let [path, first] = &orders[..] else { panic!("{orders:?}") };
    let desk = desk(Path::new(path));
    // Before anything new is told the past is seen, as by a server that starts.
    desk.open_monitor().unwrap();
    for number in first.parse().unwrap()..REQUESTS {
        tell(&desk, number);
        let mut out = std::io::stdout();
        out.write_all(format!("\nTOLD {number} .\n").as_bytes()).unwrap();
        out.flush().unwrap();
    }
}

/// Lets a child tell from `first` on and kills it once it has told `last`; the next request that was not acknowledged.
fn tell_and_kill(path: &Path, first: u64, last: u64) -> u64 {
    let orders = [path.to_str().unwrap(), &first.to_string()];
    let mut child = support::child::start("child_tells_until_it_is_killed", &orders);
    let mut next = first;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let ["TOLD", number, "."] = line.unwrap().split(' ').collect::<Vec<_>>()[..] {
            next = number.parse::<u64>().unwrap() + 1;
            if next > last {
                child.kill().unwrap();
            }
        }
    }
    assert_eq!(support::child::signal(child.wait().unwrap()), Some(9));
    next
}

#[test]
fn the_next_alerts_are_those_of_a_monitor_that_was_never_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (killed, whole) = (folder.path().join("killed.db"), folder.path().join("whole.db"));
    desk(&killed).engine.stop();
    let mut next = 0;
    for last in [260, 430, 610] {
        next = tell_and_kill(&killed, next, last);
        assert!(next > last && next < REQUESTS);
    }
    let again = desk(&killed);
    assert!(!again.watch_status().is_following);
    assert!(again.open_monitor().unwrap().is_some());
    assert_eq!(again.open_monitor().unwrap(), None, "it is made once");
    let status = again.watch_status();
    assert!(status.is_following && status.all >= next * EVENTS && status.shown == status.all, "{status:?}");
    let before = alerts(&again).len();
    let never = desk(&whole);
    (0..REQUESTS).for_each(|number| tell(&never, number));
    (next..REQUESTS).for_each(|number| tell(&again, number));
    let (again, never) = (alerts(&again), alerts(&never));
    assert!(before > 0 && again.len() >= before + 2, "{before} alerts before the last kill, {} in all", again.len());
    assert_eq!(again, never);
}
