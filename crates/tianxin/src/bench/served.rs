//! This very program, started as a server of its own: how soon it answers, how much memory it holds.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::borrowers::Borrowers;
use super::callers::at_the_same_time;
use super::county::Stream;
use super::http::{Client, Passes, lend};
use super::{Line, three_places};
use crate::config::Place;
use crate::failure::Failure;

/// Starts that are measured.
const STARTS: usize = 5;
/// Loans that are drawn before memory is looked at: what its limits of rate let one address do at once.
const LOANS: usize = 75;
/// Callers that draw them.
const CALLERS: u16 = 8;

/// A server that runs beside us; it is told to stop when it is dropped.
struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    fn start(place: &Place) -> Result<Served, Failure> {
        let no_program = |error| Failure::Unreachable(format!("this program cannot be started anew: {error}"));
        let mut child = Command::new(std::env::current_exe().map_err(no_program)?)
            .arg("--data")
            .arg(&place.data)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(no_program)?;
        let mut ready = String::new();
        if let Some(out) = child.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut ready);
        }
        let address = ready.split("http://").nth(1).and_then(|rest| rest.split(' ').next()?.trim().parse().ok());
        match address {
            Some(address) => Ok(Served { child, address }),
            None => {
                let _ = child.kill();
                let mut said = String::new();
                if let Some(mut err) = child.stderr.take() {
                    let _ = err.read_to_string(&mut said);
                }
                let _ = child.wait();
                Err(Failure::Unreachable(format!("`tianxin serve` does not start: {}", said.trim())))
            }
        }
    }

    /// Memory in use, in MB of 10⁶ bytes, as Linux tells it.
    fn resident_mb(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
        Some(three_places(kib * 1_024.0 / 1e6))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// The lines `start` and `resident` of a server on the founded data folder.
pub fn lines(borrowers: &Borrowers, engine: &'static str) -> Result<[Line; 2], Failure> {
    let mut took = Vec::new();
    let mut served = None;
    for _ in 0..STARTS {
        drop(served.take());
        let begun = Instant::now();
        let server = Served::start(&borrowers.place)?;
        Client::connect(server.address)?.ask("GET", "/health", "", "")?;
        took.push(begun.elapsed());
        served = Some(server);
    }
    took.sort_unstable();
    let ms = |time: &Duration| three_places(time.as_secs_f64() * 1e3);
    let median = took.get(STARTS / 2).map(ms);
    let all: Vec<String> = took.iter().map(|time| format!("{:.0}", ms(time))).collect();
    let start = Line {
        name: "start",
        engine,
        ours: median,
        unit: Some("ms"),
        p50_ms: median,
        note: Some(format!(
            "from the start of the process to /health answered, {STARTS} starts: {} ms",
            all.join(", ")
        )),
        ..Line::default()
    };
    let Some(served) = served else { return Err(Failure::Wrong("nothing was started".to_owned())) };
    let drawn = draw_some(borrowers, served.address)?;
    let rss_mb = served.resident_mb();
    let resident = Line {
        name: "resident",
        engine,
        ours: rss_mb,
        unit: Some("MB"),
        rss_mb,
        note: Some(format!(
            "{} households, after {drawn} loans over HTTP ({} requests)",
            borrowers.all.len(),
            drawn * 4
        )),
        ..Line::default()
    };
    Ok([start, resident])
}

fn draw_some(borrowers: &Borrowers, address: SocketAddr) -> Result<usize, Failure> {
    let passes = Passes::new(borrowers);
    let next = AtomicUsize::new(0);
    let some = borrowers.all.get(..LOANS).unwrap_or(&borrowers.all);
    at_the_same_time(CALLERS, |caller| {
        let mut stream = Stream(caller.wrapping_mul(0x5851_f42d_4c95_7f2d));
        let mut client = Client::connect(address)?;
        while let Some(borrower) = some.get(next.fetch_add(1, Ordering::Relaxed)) {
            lend(&mut client, &passes, borrowers, borrower, &mut stream)?;
        }
        Ok(())
    })?;
    Ok(some.len())
}
