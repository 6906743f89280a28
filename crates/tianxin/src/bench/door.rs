//! `tianxin bench door`: how many commands a second the door answers, and what the same rows cost without it.
//!
//! A county is founded, then callers ask, each waiting for its durable answer. Every batch's rows are
//! kept; afterwards the very same rows go through the bulk primitives alone, batch by batch, into an
//! identical copy of the founded database. The ratio of the two rates is what the door costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use app::Tianxin;
use app::command::Outcome;
use clap::Args;
use door::{Backend, Engine};

use super::bulk::{Tapped, Work};
use super::callers::{Times, at_the_same_time};
use super::county::{self, County, MIX, Stream};
use super::outside::{self, Reference};
use super::server::Server;
use super::sqlite::Folder;
use super::{Engines, Line, Report, three_places};
use crate::clock;
use crate::config::{Place, tables};
use crate::failure::Failure;
use crate::terminal::Progress;

/// How long each outside reference runs at most.
pub(super) const OUTSIDE_SECONDS_MAX: u64 = 10;

/// Commands through the door, each answered durable before its caller sends the next.
///
/// PostgreSQL runs in a private cluster that is started and stopped, unless --postgres names a server;
/// there, databases named tianxin_bench_* are made and dropped. References in the same run: `bulk`, the
/// identical rows and batches through the bulk primitives alone; `tpcb`, pgbench's TPC-B-like script;
/// `bare_row` and `bare_batch`, a loop that inserts into one plain SQLite table.
#[derive(Args)]
pub struct DoorBench {
    /// Which engines
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// Households that are there beforehand
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    households: u32,
    /// Callers that ask at the same time
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    callers: u16,
    /// How long callers ask
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "commands",
          value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// How many commands are asked, in place of a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    commands: Option<u64>,
    /// The folder for SQLite's files; must be on the disk that is to be measured [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<std::path::PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl DoorBench {
    /// Runs the benchmark.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        if self.engine != Engines::Postgres {
            self.on_sqlite(&mut report)?;
        }
        if self.engine != Engines::Sqlite {
            match Server::start(place.postgres.as_deref())? {
                Ok(server) => self.on_postgres(server, &mut report)?,
                Err(why) => {
                    for reference in ["bulk", "tpcb"] {
                        report.line(&Line::skipped("door", "postgres", Some(reference), &why))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn on_sqlite(&self, report: &mut Report) -> Result<(), Failure> {
        let app = county::tianxin()?;
        let tables = tables(&app);
        let folder = Folder::make(self.folder.as_deref())?;
        let backend = folder.open("ours", &tables)?;
        let county = self.found(&app, &backend)?;
        drop(backend);
        folder.copy("ours", "bulk")?;
        let backend = folder.open("ours", &tables)?;
        let before = folder.bytes("ours");
        let mut run = self.ask(&app, &backend, &county)?;
        run.work.bytes = folder.bytes("ours").saturating_sub(before);
        drop(backend);
        folder.remove("ours");
        let bulk = run.work.replay(&folder.open("bulk", &tables)?)?;
        let door = run.report(report, "sqlite", bulk, self)?;
        let time = Duration::from_secs(self.seconds.min(OUTSIDE_SECONDS_MAX)).min(run.work.time);
        let group = run.work.mean_batch().round().max(1.0) as usize;
        for (name, rows) in [("bare_row", 1), ("bare_batch", group)] {
            let Reference { rate, note } = outside::bare(&folder.open(name, &outside::bare_tables())?, rows, time)?;
            report.line(&door.against(name, rate, note))?;
        }
        Ok(())
    }

    fn on_postgres(&self, mut server: Server, report: &mut Report) -> Result<(), Failure> {
        let app = county::tianxin()?;
        let tables = tables(&app);
        server.create("founded", None)?;
        let backend = server.open("founded", &tables)?;
        let county = self.found(&app, &backend)?;
        drop(backend);
        server.analyse("founded")?;
        // Both runs start from a copy, so that the server's memory knows neither.
        server.create("ours", Some("founded"))?;
        server.create("bulk", Some("founded"))?;
        server.checkpoint();
        let backend = server.open("ours", &tables)?;
        let before = server.log_bytes()?;
        let mut run = self.ask(&app, &backend, &county)?;
        run.work.bytes = server.log_bytes()?.saturating_sub(before);
        server.checkpoint();
        let bulk = run.work.replay(&server.open("bulk", &tables)?)?;
        let door = run.report(report, "postgres", bulk, self)?;
        let seconds = self.seconds.min(OUTSIDE_SECONDS_MAX).min(run.work.time.as_secs().max(1));
        match outside::tpcb(&mut server, self.callers, seconds)? {
            Ok(Reference { rate, note }) => {
                report.line(&door.against("tpcb", rate, format!("{note}; {}", server.describe())))
            }
            Err(why) => report.line(&Line::skipped("door", "postgres", Some("tpcb"), &why)),
        }
    }

    fn found(&self, app: &Arc<Tianxin>, backend: &Arc<dyn Backend>) -> Result<County, Failure> {
        let progress = Progress::begin("founding the county");
        let county = County::new(self.households as usize, backend.cells());
        county.found(app, backend, &progress)?;
        Ok(county)
    }

    /// Lets the callers ask, and keeps what every batch wrote.
    fn ask(&self, app: &Arc<Tianxin>, backend: &Arc<dyn Backend>, county: &County) -> Result<Run, Failure> {
        let _progress = Progress::begin("commands through the door");
        let tapped = Tapped::start(app, backend)?;
        let asked = AtomicU64::new(0);
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let more = || match self.commands {
            Some(commands) => asked.fetch_add(1, Ordering::Relaxed) < commands,
            None => Instant::now() < until,
        };
        let called = at_the_same_time(self.callers, |caller| call(&tapped.engine, county, caller, more));
        let work = tapped.stop();
        let called = called?;
        let refused = called.iter().map(|called| called.refused).sum();
        let times = Times::of_all(called.into_iter().map(|called| called.times));
        Ok(Run { work, called: Called { times, refused } })
    }
}

/// What one caller saw, or all of them.
#[derive(Default)]
struct Called {
    times: Times,
    /// Business noes.
    refused: u64,
}

fn call(engine: &Engine<Tianxin>, county: &County, caller: u64, more: impl Fn() -> bool) -> Result<Called, Failure> {
    let mut stream = Stream(caller.wrapping_mul(0x1234_5678_9abc_def1));
    let mut called = Called::default();
    while more() {
        let request = county.ask(&mut stream, clock::now());
        let sent = Instant::now();
        let answer = engine.call(request)?;
        called.times.answered(sent);
        if !matches!(answer.outcome::<Tianxin>()?, Outcome::Done | Outcome::OnItsWay { .. }) {
            called.refused += 1;
        }
    }
    Ok(called)
}

/// A run through the door.
struct Run {
    work: Work,
    called: Called,
}

impl Run {
    fn commands(&self) -> f64 {
        self.called.times.count() as f64
    }

    /// Prints the run against the bulk primitives; gives the line that other references are put to.
    fn report(
        &self,
        report: &mut Report,
        engine: &'static str,
        bulk: Duration,
        bench: &DoorBench,
    ) -> Result<Line, Failure> {
        let seconds = self.work.time.as_secs_f64();
        let bulk = three_places(self.commands() / bulk.as_secs_f64().max(1e-9));
        let door = Line {
            name: "door",
            engine,
            ours: Some(three_places(self.commands() / seconds)),
            unit: Some("commands/s"),
            p50_ms: self.called.times.percentile_ms(50),
            p99_ms: self.called.times.percentile_ms(99),
            ..Line::default()
        };
        let note = format!(
            "{} callers, {} households; {MIX}; {} commands in {seconds:.1} s, {} with their follow-ups, {} business \
             noes; bulk: the same rows and batches through the bulk primitives alone",
            bench.callers,
            bench.households,
            self.called.times.count(),
            self.work.counts.commands,
            self.called.refused,
        );
        report.line(&door.against("bulk", bulk, note))?;
        let (names, units) = (["door_rows", "door_bytes", "door_batch"], ["rows/command", "bytes/command"]);
        for line in self.work.lines(names, units, self.commands(), engine) {
            report.line(&line)?;
        }
        Ok(door)
    }
}
