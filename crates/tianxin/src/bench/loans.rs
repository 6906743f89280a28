//! `tianxin bench loans`: how many whole loans a second, and what the same rows cost without us.
//!
//! A loan is four commands: asked for, decided, signed, drawn, each answered durable before its caller
//! sends the next. Each household is lent to once. First in process through the desk, then over HTTP on
//! an identical copy of the founded database; then paced, for how long one decision takes; last, this
//! program is started on the founded data folder for its start and its memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use door::{Engine, EngineOptions};
use score::ModelFile;

use super::books::{Books, FOUNDED};
use super::borrowers::{self, Borrower, Borrowers};
use super::bulk::Tapped;
use super::callers::{Times, at_the_same_time};
use super::county::Stream;
use super::door::OUTSIDE_SECONDS_MAX;
use super::http::{Client, Passes, lend, serve};
use super::in_process::{ask, desk, take_up};
use super::outside::{self, Reference};
use super::server::Server;
use super::sqlite::Folder;
use super::{Engines, Line, Report, served, three_places};
use crate::config::{Place, tables};
use crate::failure::Failure;
use crate::terminal::Progress;

/// Commands of a loan.
const COMMANDS: f64 = 4.0;

/// Whole loans: asked for, decided, signed and drawn, each step answered durable before the next.
///
/// Rows: `loans`, in process, against `bulk`, the identical rows and batches through the bulk primitives
/// alone; `loans_http`, over HTTP; `outside_bare` and `outside_tpcb`, its commands against a loop that
/// inserts into one plain SQLite table, or against pgbench's TPC-B-like script; `decision`, asking and
/// deciding at half of the loans a second that were reached; `start` and `resident`, this program as a
/// server of its own. PostgreSQL runs in a private cluster unless --postgres names a server.
#[derive(Args)]
pub struct LoansBench {
    /// Which engines
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// Households that are there beforehand; each is lent to once
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    households: u32,
    /// Callers that ask at the same time
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    callers: u16,
    /// How long callers ask, unless all households have been lent to before
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// The folder for the files; must be on the disk that is to be measured [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<std::path::PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl LoansBench {
    /// Runs the benchmark.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        let model = borrowers::model()?;
        if self.engine != Engines::Postgres {
            let folder = Folder::make(self.folder.as_deref())?;
            self.measure(Books { server: None, folder }, &model, &mut report)?;
        }
        if self.engine != Engines::Sqlite {
            match Server::start(place.postgres.as_deref())? {
                Ok(mut server) => {
                    server.create(FOUNDED, None)?;
                    let folder = Folder::make(self.folder.as_deref())?;
                    self.measure(Books { server: Some(server), folder }, &model, &mut report)?;
                }
                Err(why) => {
                    let references = [("loans", Some("bulk")), ("loans_http", None), ("outside_tpcb", Some("tpcb"))];
                    let others = [("decision", None), ("start", None), ("resident", None)];
                    for (name, reference) in references.into_iter().chain(others) {
                        report.line(&Line::skipped(name, "postgres", reference, &why))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn measure(&self, mut books: Books, model: &ModelFile, report: &mut Report) -> Result<(), Failure> {
        let engine = books.engine();
        let progress = Progress::begin("founding the households");
        let borrowers = Borrowers::found(books.place(), self.households, model, &progress)?;
        drop(progress);
        books.founded()?;
        let rate = self.in_process(&mut books, &borrowers, report)?;
        self.over_http(&mut books, &borrowers, report)?;
        self.at_half_load(&mut books, &borrowers, rate, report)?;
        let _progress = Progress::begin("starting servers");
        for line in served::lines(&borrowers, engine)? {
            report.line(&line)?;
        }
        Ok(())
    }

    /// The loans a second in process, told against what the same rows cost and what others measure.
    fn in_process(&self, books: &mut Books, borrowers: &Borrowers, report: &mut Report) -> Result<f64, Failure> {
        let progress = Progress::begin("loans in process");
        let (engine, tables) = (books.engine(), tables(&borrowers.tianxin));
        books.copy("bulk")?;
        books.copy("ours")?;
        let backend = books.open("ours", &tables)?;
        let before = books.bytes("ours")?;
        let tapped = Tapped::start(&borrowers.tianxin, &backend)?;
        let desk = desk(tapped.engine.clone(), borrowers);
        let turns = self.turns(borrowers);
        let lent = self.lend(|_, stream| {
            let mut lent = Lent::default();
            while let Some(borrower) = turns.next() {
                let asked = Instant::now();
                let decided = ask(&desk, borrowers, borrower, stream)?;
                lent.count(take_up(&desk, borrower, stream, &decided)?, asked);
            }
            Ok(lent)
        });
        let time = turns.begun.elapsed();
        let mut work = tapped.stop();
        let lent = lent?;
        work.bytes = books.bytes("ours")?.saturating_sub(before);
        drop((desk, backend, progress));
        books.remove("ours");
        let replayed = work.replay(&books.open("bulk", &tables)?)?;
        books.remove("bulk");
        let count = lent.times.count() as f64;
        let rate = count / time.as_secs_f64();
        let line = lent.line("loans", engine, time);
        let note = format!(
            "{} callers, {} households, {}; {} commands; bulk: the same rows and batches through the bulk primitives \
             alone",
            self.callers,
            self.households,
            lent.describe(time),
            work.counts.commands,
        );
        report.line(&line.against("bulk", three_places(count / replayed.as_secs_f64().max(1e-9)), note))?;
        let names = ["loans_rows", "loans_bytes", "loans_batch"];
        for line in work.lines(names, ["rows/loan", "bytes/loan"], count, engine) {
            report.line(&line)?;
        }
        let commands =
            Line { engine, ours: Some(three_places(rate * COMMANDS)), unit: Some("commands/s"), ..Line::default() };
        self.outside(books, commands, work.mean_batch(), report)?;
        Ok(rate)
    }

    fn outside(&self, books: &mut Books, line: Line, batch: f64, report: &mut Report) -> Result<(), Failure> {
        let seconds = self.seconds.min(OUTSIDE_SECONDS_MAX);
        let Some(server) = &mut books.server else {
            let backend = books.folder.open("bare", &outside::bare_tables())?;
            let group = batch.round().max(1.0) as usize;
            let Reference { rate, note } = outside::bare(&backend, group, Duration::from_secs(seconds))?;
            return report.line(&Line { name: "outside_bare", ..line }.against("bare_batch", rate, note));
        };
        match outside::tpcb(server, self.callers, seconds)? {
            Ok(Reference { rate, note }) => {
                let note = format!("{note}; {}", server.describe());
                report.line(&Line { name: "outside_tpcb", ..line }.against("tpcb", rate, note))
            }
            Err(why) => report.line(&Line::skipped("outside_tpcb", line.engine, Some("tpcb"), &why)),
        }
    }

    fn over_http(&self, books: &mut Books, borrowers: &Borrowers, report: &mut Report) -> Result<(), Failure> {
        let _progress = Progress::begin("loans over HTTP");
        books.copy("http")?;
        let backend = books.open("http", &tables(&borrowers.tianxin))?;
        let engine = Arc::new(Engine::start(borrowers.tianxin.clone(), backend, EngineOptions::default())?);
        let desk = Arc::new(desk(engine.clone(), borrowers));
        let passes = Passes::new(borrowers);
        let (lent, time) = serve(desk, |address| {
            let turns = self.turns(borrowers);
            let lent = self.lend(|_, stream| {
                let mut client = Client::connect(address)?;
                let mut lent = Lent::default();
                while let Some(borrower) = turns.next() {
                    let asked = Instant::now();
                    lent.count(lend(&mut client, &passes, borrowers, borrower, stream)?, asked);
                }
                Ok(lent)
            })?;
            Ok((lent, turns.begun.elapsed()))
        })?;
        engine.stop();
        drop(engine);
        books.remove("http");
        let note = format!("4 requests a loan on loopback, client in the same process; {}", lent.describe(time));
        report.line(&Line { note: Some(note), ..lent.line("loans_http", books.engine(), time) })
    }

    /// Lets callers ask at a steady pace; a decision's time counts from when it was to be asked for.
    fn at_half_load(
        &self,
        books: &mut Books,
        borrowers: &Borrowers,
        rate: f64,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let _progress = Progress::begin("decisions at half load");
        books.copy("half")?;
        let backend = books.open("half", &tables(&borrowers.tianxin))?;
        let engine = Arc::new(Engine::start(borrowers.tianxin.clone(), backend, EngineOptions::default())?);
        let desk = desk(engine.clone(), borrowers);
        let every = Duration::from_secs_f64(2.0 * f64::from(self.callers) / rate.max(1e-3));
        let turns = self.turns(borrowers);
        let lent = self.lend(|caller, stream| {
            let mut lent = Lent::default();
            let mut due = turns.begun + every.mul_f64(caller as f64 / f64::from(self.callers));
            loop {
                std::thread::sleep(due.min(turns.until).saturating_duration_since(Instant::now()));
                let Some(borrower) = turns.next() else { return Ok(lent) };
                let decided = ask(&desk, borrowers, borrower, stream)?;
                lent.times.answered(due);
                if !take_up(&desk, borrower, stream, &decided)? {
                    lent.refused += 1;
                }
                due += every;
            }
        });
        let time = turns.begun.elapsed();
        engine.stop();
        drop((desk, engine));
        books.remove("half");
        let lent = lent?;
        let reached = lent.times.count() as f64 / time.as_secs_f64();
        let p50_ms = lent.times.percentile_ms(50);
        report.line(&Line {
            name: "decision",
            engine: books.engine(),
            ours: p50_ms,
            unit: Some("ms"),
            p50_ms,
            p99_ms: lent.times.percentile_ms(99),
            note: Some(format!(
                "asked and decided, in process, at {reached:.0} whole loans/s, half of what was reached; counted from \
                 when it was to be asked"
            )),
            ..Line::default()
        })
    }

    /// The turns of a run that begins now.
    fn turns<'a>(&self, borrowers: &'a Borrowers) -> Turns<'a> {
        let begun = Instant::now();
        Turns {
            all: &borrowers.all,
            taken: AtomicUsize::new(0),
            begun,
            until: begun + Duration::from_secs(self.seconds),
        }
    }

    /// Lets all callers lend at the same time; what they saw together.
    fn lend(&self, call: impl Fn(u64, &mut Stream) -> Result<Lent, Failure> + Sync) -> Result<Lent, Failure> {
        let parts = at_the_same_time(self.callers, |caller| {
            call(caller, &mut Stream(caller.wrapping_mul(0x1234_5678_9abc_def1)))
        })?;
        let refused = parts.iter().map(|part| part.refused).sum();
        Ok(Lent { times: Times::of_all(parts.into_iter().map(|part| part.times)), refused })
    }
}

/// Whose turn it is: each household once, until time or households are used up.
struct Turns<'a> {
    all: &'a [Borrower],
    taken: AtomicUsize,
    begun: Instant,
    until: Instant,
}

impl<'a> Turns<'a> {
    fn next(&self) -> Option<&'a Borrower> {
        if Instant::now() >= self.until {
            return None;
        }
        self.all.get(self.taken.fetch_add(1, Ordering::Relaxed))
    }
}

/// What callers saw.
#[derive(Default)]
struct Lent {
    /// Of whole loans; of decisions at half load.
    times: Times,
    /// Not approved.
    refused: u64,
}

impl Lent {
    fn count(&mut self, done: bool, asked: Instant) {
        if done {
            self.times.answered(asked);
        } else {
            self.refused += 1;
        }
    }

    fn line(&self, name: &'static str, engine: &'static str, time: Duration) -> Line {
        Line {
            name,
            engine,
            ours: Some(three_places(self.times.count() as f64 / time.as_secs_f64())),
            unit: Some("loans/s"),
            p50_ms: self.times.percentile_ms(50),
            p99_ms: self.times.percentile_ms(99),
            ..Line::default()
        }
    }

    fn describe(&self, time: Duration) -> String {
        format!("{} loans in {:.1} s, {} not approved", self.times.count(), time.as_secs_f64(), self.refused)
    }
}
