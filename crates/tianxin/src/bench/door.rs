//! `tianxin bench door`: how many commands a second the door answers, and what the same rows cost without it.
//!
//! A county is founded, then callers ask, each waiting for its durable answer. Every batch's rows are
//! kept; afterwards the very same rows go through the bulk primitives alone, batch by batch, into an
//! identical copy of the founded database. The ratio of the two rates is what the door costs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::Tianxin;
use app::command::Outcome;
use clap::Args;
use door::engine::EngineCounts;
use door::{Backend, Engine, EngineOptions, Tap, Writes};

use super::county::{self, County, MIX, Stream};
use super::outside::{self, Reference};
use super::server::Server;
use super::sqlite::Folder;
use super::{Engines, Line, Report, three_places};
use crate::clock;
use crate::config::{Place, tables};
use crate::failure::Failure;
use crate::terminal::Progress;

/// Stack of a caller's thread: it builds a command and waits.
const CALLER_STACK_BYTES: usize = 128 * 1024;
/// How long each outside reference runs at most.
const OUTSIDE_SECONDS_MAX: u64 = 10;

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
        run.bytes = folder.bytes("ours").saturating_sub(before);
        drop(backend);
        folder.remove("ours");
        let bulk = replay(&folder.open("bulk", &tables)?, run.take_batches())?;
        let door = run.report(report, "sqlite", bulk, self)?;
        let time = Duration::from_secs(self.seconds.min(OUTSIDE_SECONDS_MAX)).min(run.time);
        let group = run.mean_batch().round().max(1.0) as usize;
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
        run.bytes = server.log_bytes()?.saturating_sub(before);
        server.checkpoint();
        let bulk = replay(&server.open("bulk", &tables)?, run.take_batches())?;
        let door = run.report(report, "postgres", bulk, self)?;
        let seconds = self.seconds.min(OUTSIDE_SECONDS_MAX).min(run.time.as_secs().max(1));
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
        let batches: Arc<Vec<Mutex<Vec<Writes>>>> =
            Arc::new((0..backend.writers()).map(|_| Mutex::default()).collect());
        let kept = batches.clone();
        let tap = move |writer: usize| -> Tap {
            let kept = kept.clone();
            Box::new(move |writes| kept[writer].lock().unwrap_or_else(PoisonError::into_inner).push(writes))
        };
        let options = EngineOptions { tap: Some(Box::new(tap)), ..EngineOptions::default() };
        let engine = Engine::start(app.clone(), backend.clone(), options)?;
        engine.settle();
        let asked = AtomicU64::new(0);
        let begun = Instant::now();
        let until = begun + Duration::from_secs(self.seconds);
        let more = || match self.commands {
            Some(commands) => asked.fetch_add(1, Ordering::Relaxed) < commands,
            None => Instant::now() < until,
        };
        let callers: Vec<Result<Called, Failure>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.callers)
                .map(|caller| {
                    let (engine, more) = (&engine, &more);
                    std::thread::Builder::new()
                        .stack_size(CALLER_STACK_BYTES)
                        .spawn_scoped(scope, move || call(engine, county, u64::from(caller), more))
                })
                .collect();
            let gone = || Failure::Wrong("a caller's thread failed".to_owned());
            let no_thread = |error| Failure::Unreachable(format!("no thread for a caller: {error}"));
            let join = |thread: std::io::Result<std::thread::ScopedJoinHandle<'_, _>>| {
                thread.map_err(no_thread)?.join().map_err(|_| gone())?
            };
            threads.into_iter().map(join).collect()
        });
        engine.settle();
        let time = begun.elapsed();
        let counts = engine.counts();
        engine.stop();
        drop(engine);
        let mut all = Called::default();
        for called in callers {
            let called = called?;
            all.micros.extend(called.micros);
            all.refused += called.refused;
        }
        all.micros.sort_unstable();
        let taken =
            |slot: &Mutex<Vec<Writes>>| std::mem::take(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner));
        let batches: Vec<Vec<Writes>> = batches.iter().map(taken).collect();
        let rows = batches.iter().flatten().map(|writes| writes.rows() as u64).sum();
        Ok(Run { time, counts, called: all, batches, rows, bytes: 0 })
    }
}

/// What one caller saw.
#[derive(Default)]
struct Called {
    /// How long each answer took.
    micros: Vec<u32>,
    /// Business noes.
    refused: u64,
}

fn call(
    engine: &Engine<Tianxin>,
    county: &County,
    caller: u64,
    more: &(impl Fn() -> bool + Sync),
) -> Result<Called, Failure> {
    let mut stream = Stream(caller.wrapping_mul(0x1234_5678_9abc_def1));
    let mut called = Called::default();
    while more() {
        let request = county.ask(&mut stream, clock::now());
        let sent = Instant::now();
        let answer = engine.call(request)?;
        called.micros.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        if !matches!(answer.outcome::<Tianxin>()?, Outcome::Done | Outcome::OnItsWay { .. }) {
            called.refused += 1;
        }
    }
    Ok(called)
}

/// A run through the door.
struct Run {
    time: Duration,
    counts: EngineCounts,
    called: Called,
    batches: Vec<Vec<Writes>>,
    rows: u64,
    bytes: u64,
}

impl Run {
    fn take_batches(&mut self) -> Vec<Vec<Writes>> {
        std::mem::take(&mut self.batches)
    }

    fn commands(&self) -> f64 {
        self.called.micros.len() as f64
    }

    fn mean_batch(&self) -> f64 {
        self.counts.commands as f64 / self.counts.batches.max(1) as f64
    }

    fn percentile_ms(&self, hundredths: usize) -> Option<f64> {
        let place = (self.called.micros.len() * hundredths / 100).min(self.called.micros.len().saturating_sub(1));
        self.called.micros.get(place).map(|micros| f64::from(*micros) / 1_000.0)
    }

    /// Prints the run against the bulk primitives; gives the line that other references are put to.
    fn report(
        &self,
        report: &mut Report,
        engine: &'static str,
        bulk: Duration,
        bench: &DoorBench,
    ) -> Result<Line, Failure> {
        let rate = three_places(self.commands() / self.time.as_secs_f64());
        let bulk = three_places(self.commands() / bulk.as_secs_f64().max(1e-9));
        let door = Line {
            name: "door",
            engine,
            ours: Some(rate),
            unit: Some("commands/s"),
            p50_ms: self.percentile_ms(50),
            p99_ms: self.percentile_ms(99),
            ..Line::default()
        };
        let note = format!(
            "{} callers, {} households; {MIX}; {} commands in {:.1} s, {} with their follow-ups, {} business noes; bulk: \
             the same rows and batches through the bulk primitives alone",
            bench.callers,
            bench.households,
            self.called.micros.len(),
            self.time.as_secs_f64(),
            self.counts.commands,
            self.called.refused,
        );
        report.line(&door.against("bulk", bulk, note))?;
        let each = |name, unit, value: f64, note: &str| Line {
            name,
            engine,
            ours: Some(three_places(value)),
            unit: Some(unit),
            note: Some(note.to_owned()),
            ..Line::default()
        };
        let per_command = |total: u64| total as f64 / self.commands().max(1.0);
        report.line(&each("door_rows", "rows/command", per_command(self.rows), "written, changed or removed"))?;
        let what = if engine == "sqlite" { "growth of file and log" } else { "write-ahead log" };
        report.line(&each("door_bytes", "bytes/command", per_command(self.bytes), what))?;
        report.line(&each("door_batch", "commands/batch", self.mean_batch(), "mean, with follow-ups"))?;
        Ok(door)
    }
}

/// Writes every batch through the bulk primitives alone, with as many connections as there were writers.
fn replay(backend: &Arc<dyn Backend>, batches: Vec<Vec<Writes>>) -> Result<Duration, Failure> {
    let _progress = Progress::begin("the same rows through the bulk primitives");
    let connections: Result<Vec<_>, _> = batches.iter().map(|_| backend.connect()).collect();
    let mut connections = connections?;
    let begun = Instant::now();
    let done: Vec<Result<(), Failure>> = std::thread::scope(|scope| {
        let threads: Vec<_> = connections
            .iter_mut()
            .zip(&batches)
            .map(|(connection, batches)| {
                scope.spawn(move || -> Result<(), Failure> {
                    for writes in batches {
                        connection.begin()?;
                        writes.send(connection.as_mut())?;
                        connection.commit()?;
                    }
                    Ok(())
                })
            })
            .collect();
        let gone = || Failure::Wrong("a thread of the replay failed".to_owned());
        threads.into_iter().map(|thread| thread.join().map_err(|_| gone())?).collect()
    });
    let time = begun.elapsed();
    done.into_iter().collect::<Result<(), Failure>>()?;
    Ok(time)
}
