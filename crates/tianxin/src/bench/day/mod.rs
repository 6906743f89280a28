//! `tianxin bench day`: what the close of a day costs, on a book of a million loans.
//!
//! The accrual of a day, and of the last day of a month, is put to one set-based UPDATE of every loan's accrued interest in the
//! same run. What loans come to by themselves on a day is put to the very same rows through the bulk
//! primitives. Books of three sizes in which the same number of loans is touched show that the cost follows change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::Tianxin;
use app::close::CloseDay;
use app::command::Command;
use app::tables::CellDay;
use basics::{Cell, Date, Id};
use clap::Args;
use door::{Actor, Backend, Engine, EngineOptions, Order, Record, Request, key};

use super::bulk::Tapped;
use super::county;
use super::server::Server;
use super::sqlite::Folder;
use super::{Engines, Line, Report, forget_peak, peak_mb, three_places};
use crate::config::{Place, tables};
use crate::failure::Failure;
use crate::terminal::Progress;

pub(super) mod book;

use book::{Book, DRAWING_DAYS, FIRST};

/// The sizes that show how the cost follows change, with their names.
const SCALE: [(u64, &str); 3] =
    [(10_000, "day_scale_10000"), (100_000, "day_scale_100000"), (1_000_000, "day_scale_1000000")];
/// Days accrued by the naive update; the quickest counts.
const NAIVE_DAYS: u32 = 2;

/// The close of a day on a book of many loans, against what the database alone could do.
///
/// The book is made in bulk: loans drawn on the days of one month with the terms of shipped products. PostgreSQL runs in a
/// private cluster that is started and stopped, unless --postgres names a server; there, databases
/// named tianxin_bench_* are made and dropped. References in the same run: `bare naive update`, one UPDATE of every loan's
/// accrued interest in the leanest table such a design could have; `bulk`, the identical rows and batches
/// through the bulk primitives alone.
#[derive(Args)]
pub struct DayBench {
    /// Which engines
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// Loans in the book
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=20_000_000))]
    loans: u64,
    /// Loans touched in each of the books that show how the cost follows change
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    touched: u64,
    /// The folder for SQLite's files; must be on the disk that is to be measured [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Prove every book by the audit after its days were closed
    #[arg(long)]
    audit: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl DayBench {
    /// Runs the benchmark.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        if self.engine != Engines::Postgres {
            let folder = Folder::make(self.folder.as_deref())?;
            self.on(&mut Databases { server: None, folder }, &mut report)?;
        }
        if self.engine != Engines::Sqlite {
            match Server::start(place.postgres.as_deref())? {
                Ok(server) => {
                    let folder = Folder::make(self.folder.as_deref())?;
                    self.on(&mut Databases { server: Some(server), folder }, &mut report)?;
                }
                Err(why) => {
                    let names = ["day_accrual_ordinary", "day_accrual_month_end"];
                    for name in names {
                        report.line(&Line::skipped(name, "postgres", Some("bare naive update"), &why))?;
                    }
                    report.line(&Line::skipped("day_due", "postgres", Some("bulk"), &why))?;
                    for (_, name) in SCALE {
                        report.line(&Line::skipped(name, "postgres", None, &why))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn on(&self, databases: &mut Databases, report: &mut Report) -> Result<(), Failure> {
        let app = county::tianxin()?;
        for (loans, name) in SCALE {
            if loans < self.loans {
                forget_peak();
                let run = Run::begin(&app, databases, loans, self.touched)?;
                let closed = run.until_the_first_dues(&app)?;
                report.line(&run.scale(name, &closed.scale))?;
                run.end(&app, databases, self.audit)?;
            }
        }
        forget_peak();
        let run = Run::begin(&app, databases, self.loans, self.touched)?;
        let closed = run.until_the_first_dues(&app)?;
        let naive = databases.naive(self.loans)?;
        for (name, took, what) in [
            ("day_accrual_ordinary", &closed.ordinary, "a day on which nothing falls due"),
            ("day_accrual_month_end", &closed.month_end, "the last day of a month, with the allowance"),
        ] {
            report.line(&run.accrual(name, took, naive, what))?;
        }
        if let Some((_, name)) = SCALE.iter().find(|(loans, _)| *loans == self.loans) {
            report.line(&run.scale(name, &closed.scale))?;
        }
        let run = run.due(&app, databases, report)?;
        run.end(&app, databases, self.audit)
    }
}

/// Where the databases of one engine are.
struct Databases {
    server: Option<Server>,
    folder: Folder,
}

impl Databases {
    fn engine(&self) -> &'static str {
        if self.server.is_some() { "postgres" } else { "sqlite" }
    }

    fn make(&mut self, name: &str) -> Result<(), Failure> {
        match &mut self.server {
            Some(server) => server.create(name, None),
            None => {
                self.folder.remove(name);
                Ok(())
            }
        }
    }

    fn open(&self, app: &Arc<Tianxin>, name: &str) -> Result<Arc<dyn Backend>, Failure> {
        let tables = tables(app);
        match &self.server {
            Some(server) => server.open_on(name, &tables, first_day()?),
            None => self.folder.open_on(name, &tables, first_day()?),
        }
    }

    fn copy(&mut self, from: &str, to: &str) -> Result<(), Failure> {
        match &mut self.server {
            Some(server) => {
                server.create(to, Some(from))?;
                server.checkpoint();
                Ok(())
            }
            None => self.folder.copy(from, to),
        }
    }

    fn settle(&self, name: &str) -> Result<(), Failure> {
        if let Some(server) = &self.server {
            server.analyse(name)?;
            server.checkpoint();
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), Failure> {
        match &mut self.server {
            Some(server) => server.discard(name),
            None => {
                self.folder.remove(name);
                Ok(())
            }
        }
    }

    /// The quickest of a few days by one UPDATE of every loan.
    fn naive(&mut self, loans: u64) -> Result<Duration, Failure> {
        let _progress = Progress::begin("one update of every loan");
        let times = match &mut self.server {
            Some(server) => {
                server.create("naive", None)?;
                let times = store::naive::postgres(&server.address("naive"), loans, NAIVE_DAYS)?;
                server.discard("naive")?;
                times
            }
            None => {
                self.folder.remove("naive");
                let times = store::naive::sqlite(&self.folder.path().join("naive.db"), loans, NAIVE_DAYS)?;
                self.folder.remove("naive");
                times
            }
        };
        times.into_iter().min().ok_or_else(|| Failure::Wrong("no day was accrued".to_owned()))
    }
}

pub(super) fn first_day() -> Result<Date, Failure> {
    let (year, month, day) = FIRST;
    Date::ymd(year, month, day).map_err(|error| Failure::Wrong(error.to_string()))
}

/// How long a close took, and what it touched.
#[derive(Default)]
pub(super) struct Took {
    time: Duration,
    loans: i64,
    groups: usize,
    accrued_minor: i64,
}

/// The closes that are measured on the way to the first dues.
#[derive(Default)]
struct Closed {
    ordinary: Took,
    month_end: Took,
    scale: Took,
}

/// One book, measured.
struct Run {
    engine: &'static str,
    backend: Arc<dyn Backend>,
    loans: u64,
    /// How long making the book took.
    made: Duration,
}

impl Run {
    /// Makes the book: loans drawn on the days of a month, the days between closed.
    fn begin(app: &Arc<Tianxin>, databases: &mut Databases, loans: u64, touched: u64) -> Result<Run, Failure> {
        let progress = Progress::begin(&format!("a book of {loans} loans"));
        let begun = Instant::now();
        databases.make("ours")?;
        let backend = databases.open(app, "ours")?;
        let book = Book::new(loans, touched)?;
        let mut day = first_day()?;
        for number in 0..DRAWING_DAYS {
            progress.set(format!("a book of {loans} loans: {day}"));
            book.draw(app, &backend, day, number)?;
            close(app, &backend, day)?;
            day = day.add_days(1);
        }
        databases.settle("ours")?;
        Ok(Run { engine: databases.engine(), backend, loans, made: begun.elapsed() })
    }

    /// Closes the days up to and with the first on which loans fall due.
    fn until_the_first_dues(&self, app: &Arc<Tianxin>) -> Result<Closed, Failure> {
        let _progress = Progress::begin("closing days");
        let mut day = first_day()?.add_days(DRAWING_DAYS as i32);
        let mut closed = Closed::default();
        while day.month() == 3 {
            let took = close(app, &self.backend, day)?;
            if day == day.last_of_month() {
                closed.month_end = took;
            } else {
                closed.ordinary = took;
            }
            day = day.add_days(1);
        }
        closed.scale = close(app, &self.backend, day)?;
        Ok(closed)
    }

    /// The second day with dues, against the same rows through the bulk primitives.
    fn due(self, app: &Arc<Tianxin>, databases: &mut Databases, report: &mut Report) -> Result<Run, Failure> {
        let day = first_day()?.add_months(1).map_err(|e| Failure::Wrong(e.to_string()))?.add_days(1);
        let Run { engine, backend, loans, made } = self;
        drop(backend);
        databases.copy("ours", "bulk")?;
        let backend = databases.open(app, "ours")?;
        let tapped = Tapped::start(app, &backend)?;
        let begun = Instant::now();
        ask(&tapped.engine, day)?;
        tapped.engine.settle();
        let time = begun.elapsed();
        let mut work = tapped.stop();
        let (touched, ..) = told(&backend, day)?;
        let rss_mb = peak_mb();
        let bulk = work.replay(&databases.open(app, "bulk")?)?;
        databases.remove("bulk")?;
        let rate = |time: Duration| three_places(touched as f64 / time.as_secs_f64().max(1e-9));
        let line =
            Line { name: "day_due", engine, ours: Some(rate(time)), unit: Some("loans/s"), rss_mb, ..Line::default() };
        let note = format!(
            "{touched} of {loans} loans fell due on {day}, closed in {:.0} ms with everything that a close does; \
             {:.2} rows a loan; bulk: the same rows and batches through the bulk primitives alone, {:.0} ms",
            millis(time),
            work.rows as f64 / touched.max(1) as f64,
            millis(bulk),
        );
        report.line(&line.against("bulk", rate(bulk), note))?;
        Ok(Run { engine, backend, loans, made })
    }

    /// Proves the book where that was asked for, and removes it.
    fn end(self, app: &Arc<Tianxin>, databases: &mut Databases, audit: bool) -> Result<(), Failure> {
        if audit {
            let _progress = Progress::begin("proving the book");
            door::audit::verify(app.as_ref(), self.backend.as_ref(), None)
                .map_err(|error| Failure::Wrong(error.to_string()))?;
        }
        drop(self.backend);
        databases.remove("ours")
    }

    fn accrual(&self, name: &'static str, took: &Took, naive: Duration, what: &str) -> Line {
        let ours = millis(took.time);
        let reference = millis(naive);
        Line {
            name,
            engine: self.engine,
            ours: Some(three_places(ours)),
            unit: Some("ms"),
            reference_name: Some("bare naive update".to_owned()),
            reference: Some(three_places(reference)),
            ratio: Some(three_places(reference / ours.max(1e-6))),
            rss_mb: peak_mb(),
            note: Some(format!(
                "{what}: {} loans in {} groups accrued {}; the book was made in {:.0} s; the update: the quicker of {NAIVE_DAYS}",
                self.loans,
                took.groups,
                basics::money::format_minor(took.accrued_minor),
                self.made.as_secs_f64(),
            )),
            ..Line::default()
        }
    }

    fn scale(&self, name: &'static str, took: &Took) -> Line {
        Line {
            name,
            engine: self.engine,
            ours: Some(three_places(millis(took.time))),
            unit: Some("ms"),
            rss_mb: peak_mb(),
            note: Some(format!(
                "the whole close of a day on which {} of {} loans fall due; {} groups; the book was made in {:.0} s",
                took.loans,
                self.loans,
                took.groups,
                self.made.as_secs_f64()
            )),
            ..Line::default()
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Closes a day with an engine of its own; how long it took from asking to the last receipt.
pub(super) fn close(app: &Arc<Tianxin>, backend: &Arc<dyn Backend>, day: Date) -> Result<Took, Failure> {
    let engine = Engine::start(app.clone(), backend.clone(), EngineOptions::default())?;
    engine.settle();
    let begun = Instant::now();
    ask(&engine, day)?;
    engine.settle();
    let time = begun.elapsed();
    engine.stop();
    let (loans, groups, accrued_minor) = told(backend, day)?;
    Ok(Took { time, loans, groups, accrued_minor })
}

fn ask(engine: &Engine<Tianxin>, day: Date) -> Result<(), Failure> {
    let id = Id::default().derive(&format!("close {day}"));
    let at = basics::Instant(i64::from(day.days()) * 86_400_000_000 + 7_200_000_000);
    engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(Command::CloseDay(CloseDay { day }))))?;
    Ok(())
}

/// What the cells say of a day: loans touched, groups, interest accrued. Errors unless every cell has closed it.
fn told(backend: &Arc<dyn Backend>, day: Date) -> Result<(i64, usize, i64), Failure> {
    let mut connection = backend.connect()?;
    let damaged = |error: door::table::RowError| Failure::Wrong(error.to_string());
    let keys: Vec<_> = (1..=backend.cells()).map(|cell| key![Cell(cell), day]).collect();
    let (mut loans, mut accrued, mut closed) = (0, 0, 0);
    for row in connection.load_many(CellDay::table(), &[0, 1], &keys)? {
        let row = CellDay::from_row(&row).map_err(damaged)?;
        loans += row.loans;
        accrued += row.accrued_minor;
        closed += u32::from(row.closed_seq > 0);
    }
    if closed != u32::from(backend.cells()) {
        return Err(Failure::Wrong(format!("{day} was closed by {closed} of {} cells", backend.cells())));
    }
    let keys: Vec<_> = (1..=backend.cells()).map(|cell| key![Cell(cell)]).collect();
    let groups = connection.load_many(app::tables::AccrualGroup::table(), &[0], &keys)?.len();
    Ok((loans, groups, accrued))
}
