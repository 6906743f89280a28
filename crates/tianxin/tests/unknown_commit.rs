//! A commit of which nothing is heard: the wire is cut at `COMMIT`, before or after the server had it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::Tianxin;
use app::command::Command;
use door::backend::ClaimState;
use door::{Actor, Answer, Backend, DoorError, Engine, EngineOptions, Request, Role, directory};
use support::proof::{self, acknowledged_once, answered_the_same, claim_of, healthy_and_quiet, with_burial};
use support::*;

/// What a proxy does to the next `COMMIT` it sees.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// Nothing.
    None,
    /// The server never gets it.
    Before,
    /// The server gets it and does it; its answer is lost.
    After,
    /// As `After`, and nobody gets through for a while.
    AfterAndAway,
}

/// A wire that can be cut, between the engine and PostgreSQL.
struct Proxy {
    port: u16,
    plan: Mutex<Box<dyn FnMut() -> Cut + Send>>,
    before: AtomicU64,
    after: AtomicU64,
    away: AtomicBool,
}

impl Proxy {
    /// Listens on a loopback port; asks `plan` at every `COMMIT`.
    fn start(server: String, plan: impl FnMut() -> Cut + Send + 'static) -> Arc<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Arc::new(Proxy {
            port: listener.local_addr().unwrap().port(),
            plan: Mutex::new(Box::new(plan)),
            before: AtomicU64::new(0),
            after: AtomicU64::new(0),
            away: AtomicBool::new(false),
        });
        let serving = proxy.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                if serving.away.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(&server).unwrap();
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let swallow = Arc::new(AtomicBool::new(false));
                let (from, to, mute) = (server.try_clone().unwrap(), client.try_clone().unwrap(), swallow.clone());
                std::thread::spawn(move || answers(from, to, &mute));
                let proxy = serving.clone();
                std::thread::spawn(move || {
                    // An error is the end of a wire, whichever side it came from.
                    let _ = proxy.questions(&client, &server, &swallow);
                    let _ = client.shutdown(Shutdown::Both);
                    let _ = server.shutdown(Shutdown::Both);
                });
            }
        });
        proxy
    }

    /// Hands on the messages of a client, one by one, until the wire is cut.
    fn questions(&self, mut client: &TcpStream, mut server: &TcpStream, swallow: &AtomicBool) -> std::io::Result<()> {
        // The first message has no letter.
        let mut letter = 0;
        loop {
            let mut length = [0; 4];
            if letter != 0 {
                let mut one = [0];
                client.read_exact(&mut one)?;
                letter = one[0];
            }
            client.read_exact(&mut length)?;
            let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
            client.read_exact(&mut body)?;
            let mut message = if letter == 0 { Vec::new() } else { vec![letter] };
            message.extend(length);
            message.extend(&body);
            let cut =
                if letter == b'Q' && body.starts_with(b"COMMIT") { (self.plan.lock().unwrap())() } else { Cut::None };
            letter = 1;
            match cut {
                Cut::None => server.write_all(&message)?,
                Cut::Before => {
                    self.before.fetch_add(1, Ordering::SeqCst);
                    return Ok(());
                }
                Cut::After | Cut::AfterAndAway => {
                    self.away.fetch_or(cut == Cut::AfterAndAway, Ordering::SeqCst);
                    swallow.store(true, Ordering::SeqCst);
                    server.write_all(&message)?;
                    self.after.fetch_add(1, Ordering::SeqCst);
                    // The other thread cuts the wire when the answer comes.
                    return client.read_exact(&mut [0]);
                }
            }
        }
    }
}

/// Hands on what the server says; once `swallow` is set, its next word cuts the wire.
fn answers(mut server: TcpStream, mut client: TcpStream, swallow: &AtomicBool) {
    let mut buffer = [0; 65_536];
    loop {
        let count = server.read(&mut buffer).unwrap_or(0);
        let cut = count == 0 || swallow.load(Ordering::SeqCst);
        if cut || client.write_all(&buffer[..count]).is_err() {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// The address of a database and of its server: the first through the proxy, the second without.
fn server_of(url: &str) -> String {
    url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned()
}

fn through(proxy: &Proxy, url: &str) -> String {
    url.replace(&server_of(url), &format!("127.0.0.1:{}", proxy.port))
}

fn engine(backend: Arc<dyn Backend>) -> Engine<Tianxin> {
    let options = EngineOptions { sweep_every: Duration::from_millis(100), ..EngineOptions::default() };
    Engine::start(tianxin(), backend, options).unwrap()
}

const HOUSEHOLDS: u64 = 16;
const CALLERS: u64 = 12;

fn burst(caller: u64, n: u64) -> Request<Command> {
    let mut stream = Stream(caller * 1_000 + n);
    let (a, b) = (household(stream.below(HOUSEHOLDS)), household(stream.below(HOUSEHOLDS)));
    let number = u128::from(1_000_000 + caller * 1_000 + n);
    match stream.below(3) {
        0 => request(number, staff(1, Role::Clerk), top_up(a, yuan(3))),
        1 => request(number, farmer(a), withdraw(a, yuan(2))),
        _ if a == b => request(number, staff(1, Role::Clerk), top_up(a, yuan(1))),
        _ => request(number, farmer(a), transfer(a, b, yuan(1))),
    }
}

#[test]
fn commits_whose_answer_is_lost_are_looked_up() {
    let Some((database, _server)) = postgres("unknown") else { return };
    let url = database.url();
    let plain = postgres_backend(&url, "cut");
    {
        let engine = engine(plain.clone());
        for setup in founding(HOUSEHOLDS) {
            engine.call(setup).unwrap();
        }
        engine.settle();
    }
    // One commit in four is cut, one way or the other.
    let mut stream = Stream(11);
    let proxy = Proxy::start(server_of(&url), move || match stream.below(8) {
        0 => Cut::Before,
        1 => Cut::After,
        _ => Cut::None,
    });
    let backend = postgres_backend(&through(&proxy, &url), "cut");
    let engine = engine(backend);
    let told: Mutex<Vec<(Request<Command>, Answer)>> = Mutex::new(Vec::new());
    let failures = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (engine, told, failures) = (&engine, &told, &failures);
            scope.spawn(move || {
                for n in 0..25 {
                    let request = burst(caller, n);
                    match engine.call(request.clone()) {
                        Ok(answer) => told.lock().unwrap().push((request, answer)),
                        Err(DoorError::Storage(_) | DoorError::Unknown(_)) => {
                            failures.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
                // Enrolments go through the directory, whose steps are repeated too.
                let newcomer = household(500 + caller);
                let enrolment = request(2_000_000 + u128::from(caller), Actor::SYSTEM, enrol(newcomer));
                let rows = vec![claim_of(newcomer, caller, morning())];
                while with_burial(|burial| directory::enrol(engine, rows.clone(), enrolment.clone(), burial)).is_err() {
                }
            });
        }
    });
    engine.settle();
    let rows = proof::directory(&engine, 0..CALLERS);
    assert_eq!(rows.len() as u64, CALLERS);
    assert!(rows.iter().all(|row| row.state == ClaimState::Confirmed), "{rows:?}");
    let (before, after) = (proxy.before.load(Ordering::SeqCst), proxy.after.load(Ordering::SeqCst));
    let told = told.into_inner().unwrap();
    let looked_up = told.iter().filter(|(_, answer)| answer.replayed).count();
    let failed = failures.load(Ordering::SeqCst);
    eprintln!("{} answered, {looked_up} by look-up, {failed} failed; cut {before} before, {after} after", told.len());
    assert!(before > 5 && after > 5);
    assert!(looked_up > 5, "a commit that the server had done is found, not done again");
    for _ in 0..100 {
        engine.settle();
        if proof::records::<door::tables::Outbox>(plain.as_ref()).is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    engine.stop();
    let told: Vec<_> = told.into_iter().map(|(request, answer)| (request, answer.outcome.to_vec())).collect();
    healthy_and_quiet(plain.as_ref());
    acknowledged_once(plain.as_ref(), &told);
    let direct = self::engine(plain.clone());
    answered_the_same(&told, |request| direct.call(request));
}

#[test]
fn nobody_is_told_that_nothing_was_changed_when_it_may_have_been() {
    let Some((database, _server)) = postgres("away") else { return };
    let url = database.url();
    let plain = postgres_backend(&url, "away");
    let mut commits = 0;
    let proxy = Proxy::start(server_of(&url), move || {
        commits += 1;
        if commits == 3 { Cut::AfterAndAway } else { Cut::None }
    });
    // The schema stands already, so the first commits through the proxy are those of commands.
    let engine = engine(postgres_backend(&through(&proxy, &url), "away"));
    let one = household(1);
    engine.call(request(1, Actor::SYSTEM, enrol(one))).unwrap();
    engine.call(request(2, Actor::SYSTEM, top_up(one, yuan(10)))).unwrap();
    let lost = request(3, Actor::SYSTEM, top_up(one, yuan(5)));
    // The server has done it, then the wire is dead until the engine has given up.
    let error = engine.call(lost.clone()).unwrap_err();
    assert!(matches!(error, DoorError::Unknown(_)), "{error}");
    assert!(error.to_string().contains("send it again under the same id"), "{error}");
    assert_eq!(proof::wallets_minor(plain.as_ref()), 1_500);
    // A command that was never tried to commit is told the truth too.
    let error = engine.call(request(4, Actor::SYSTEM, top_up(one, yuan(7)))).unwrap_err();
    assert!(matches!(error, DoorError::Storage(_)), "{error}");
    proxy.away.store(false, Ordering::SeqCst);
    assert!(engine.call(lost).unwrap().replayed);
    engine.stop();
    assert_eq!(proof::wallets_minor(plain.as_ref()), 1_500);
    healthy_and_quiet(plain.as_ref());
}
