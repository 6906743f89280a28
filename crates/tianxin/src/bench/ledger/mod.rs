//! `tianxin bench ledger`: how many transfers a second are durable, and what the same rows cost without us.
//!
//! A transfer is a command through the door: looked up, decided, journaled, booked with its entry, postings, wallets and
//! ledger balances, committed, answered. A few clients keep many of them under way. What every batch wrote is kept and
//! written again, the same rows in the same batches, as set-based SQL alone.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use app::Tianxin;
use app::command::{Command, Outcome};
use basics::Instant as Moment;
use clap::Args;
use door::{Answer, DoorError, Engine, EngineOptions, Request};

use super::books::Books;
use super::bulk::Tapped;
use super::callers::{Times, at_the_same_time};
use super::county::{self, County, Stream};
use super::outside::{self, Reference};
use super::server::Server;
use super::sqlite::Folder;
use super::{Engines, Line, Report, three_places};
use crate::clock;
use crate::config::{Place, tables};
use crate::failure::Failure;
use crate::terminal::Progress;

mod volume;

/// Clients that keep transfers under way; each is a thread.
const CLIENTS: u16 = 2;
/// Callers that share the half load, each waiting for its answer.
const PACED_CALLERS: u16 = 64;
/// Names of databases.
const OURS: &str = "ours";
const BARE: &str = "bare";

/// Transfers through the door, each durable before it is answered, against what their rows cost alone.
///
/// Rows: `ledger_uniform`, transfers between two households of one cell taken evenly; `ledger_institution`, movements
/// between a wallet and the institution's bank balance, as often in as out; `ledger_crossing`, transfers to another cell,
/// of three commands each; `ledger_single`, one transfer at half of the uniform load; `ledger_trial_balance`, the balances of
/// all subjects over many postings. References in the same run: `bare`,
/// the identical rows and batches as set-based SQL alone; `uniform`; `tpcb`, pgbench's TPC-B-like script on the same
/// server. PostgreSQL runs in a private cluster that is started and stopped, unless --postgres names a server; there,
/// databases named tianxin_bench_* are made and dropped.
#[derive(Args)]
pub struct LedgerBench {
    /// Which engines
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// Households that are there beforehand
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    households: u32,
    /// Transfers under way at the same time
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u16).range(2..=4_096))]
    under_way: u16,
    /// How long each row is measured
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Postings under the trial balance
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(2..=1_000_000_000))]
    postings: u64,
    /// The folder for SQLite's files; must be on the disk that is to be measured [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<std::path::PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// What is asked for in one row.
type Ask = fn(&County, &mut Stream, Moment) -> Request<Command>;

impl LedgerBench {
    /// Runs the benchmark.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        if self.engine != Engines::Postgres {
            let folder = Folder::make(self.folder.as_deref())?;
            self.on(&mut Books { server: None, folder }, &mut report)?;
        }
        if self.engine != Engines::Sqlite {
            match Server::start(place.postgres.as_deref())? {
                Ok(server) => {
                    let folder = Folder::make(self.folder.as_deref())?;
                    self.on(&mut Books { server: Some(server), folder }, &mut report)?;
                }
                Err(why) => {
                    let rows = [
                        ("ledger_uniform", Some("bare")),
                        ("ledger_institution", Some("uniform")),
                        ("ledger_crossing", Some("bare")),
                        ("ledger_single", None),
                        ("ledger_trial_balance", None),
                        ("ledger_uniform", Some("tpcb")),
                    ];
                    for (name, reference) in rows {
                        report.line(&Line::skipped(name, "postgres", reference, &why))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn on(&self, books: &mut Books, report: &mut Report) -> Result<(), Failure> {
        let app = county::tianxin()?;
        let backend = books.make(&tables(&app))?;
        let progress = Progress::begin("founding the county");
        let county = County::new(self.households as usize, backend.cells());
        county.found(&app, &backend, &progress)?;
        drop((backend, progress));
        books.founded()?;
        let uniform = self.row(books, &app, &county, ("ledger_uniform", County::transfer_within), report)?;
        let institution = self.row(books, &app, &county, ("ledger_institution", County::with_the_bank), report)?;
        if let Some(rate) = uniform.ours {
            let note = "movements between wallets and the bank balance, beside transfers between two wallets";
            report.line(&institution.against("uniform", rate, note))?;
        }
        self.row(books, &app, &county, ("ledger_crossing", County::transfer_across), report)?;
        self.single(books, &app, &county, uniform.ours.unwrap_or_default() / 2.0, report)?;
        // The founded county is not needed any more: its place is taken by books with many postings.
        let backend = books.make(&tables(&app))?;
        volume::measure(&backend, &app, self.postings, report)?;
        drop(backend);
        let Some(server) = &mut books.server else { return Ok(()) };
        match outside::tpcb(server, self.under_way, self.seconds)? {
            Ok(Reference { rate, note }) => {
                report.line(&uniform.against("tpcb", rate, format!("{note}; {}", server.describe())))
            }
            Err(why) => report.line(&Line::skipped("ledger_uniform", uniform.engine, Some("tpcb"), &why)),
        }
    }

    /// Measures one row on a copy of the founded database, and its rows and batches on another.
    fn row(
        &self,
        books: &mut Books,
        app: &Arc<Tianxin>,
        county: &County,
        (name, ask): (&'static str, Ask),
        report: &mut Report,
    ) -> Result<Line, Failure> {
        let progress = Progress::begin("transfers through the door");
        books.copy(OURS)?;
        books.copy(BARE)?;
        let backend = books.open(OURS, &tables(app))?;
        let before = books.bytes(OURS)?;
        let tapped = Tapped::start(app, &backend)?;
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let called = at_the_same_time(CLIENTS, |client| {
            let window = usize::from(self.under_way / CLIENTS);
            Client::new(&tapped.engine, county, ask, client).keep_under_way(window, until)
        });
        let mut work = tapped.stop();
        let called = called?;
        drop(backend);
        work.bytes = books.bytes(OURS)?.saturating_sub(before);
        books.remove(OURS);
        let refused: u64 = called.iter().map(|called| called.refused).sum();
        let times = Times::of_all(called.into_iter().map(|called| called.times));
        drop(progress);
        let bare = work.replay(&books.open(BARE, &tables(app))?)?;
        books.remove(BARE);
        let count = times.count() as f64;
        let line = Line {
            name,
            engine: books.engine(),
            ours: Some(three_places(count / work.time.as_secs_f64())),
            unit: Some("transfers/s"),
            p50_ms: times.percentile_ms(50),
            p99_ms: times.percentile_ms(99),
            ..Line::default()
        };
        let note = format!(
            "{} under way, {} households; {} transfers in {:.1} s, {refused} business noes; {:.1} rows and {:.0} bytes a \
             transfer, {:.0} commands a batch; bare: the same rows in the same batches as set-based SQL alone",
            self.under_way,
            self.households,
            times.count(),
            work.time.as_secs_f64(),
            work.rows as f64 / count.max(1.0),
            work.bytes as f64 / count.max(1.0),
            work.mean_batch(),
        );
        report.line(&line.against(BARE, three_places(count / bare.as_secs_f64().max(1e-9)), note))?;
        Ok(line)
    }

    /// How long one transfer takes while transfers come at a steady pace; counted from when it was to be sent.
    fn single(
        &self,
        books: &mut Books,
        app: &Arc<Tianxin>,
        county: &County,
        rate: f64,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let _progress = Progress::begin("single transfers at half load");
        books.copy(OURS)?;
        let backend = books.open(OURS, &tables(app))?;
        let engine = Engine::start(app.clone(), backend, EngineOptions::default())?;
        let callers = PACED_CALLERS.min(self.under_way);
        let every = Duration::from_secs_f64(f64::from(callers) / rate.max(1e-3));
        let begun = Instant::now();
        let until = begun + Duration::from_secs(self.seconds);
        let called = at_the_same_time(callers, |caller| {
            let mut stream = Stream(caller.wrapping_mul(0x1234_5678_9abc_def1));
            let mut times = Times::default();
            let mut due = begun + every.mul_f64(caller as f64 / f64::from(callers));
            while due < until {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                engine.call(county.transfer_within(&mut stream, clock::now()))?;
                times.answered(due);
                due += every;
            }
            Ok(times)
        });
        let time = begun.elapsed();
        engine.stop();
        drop(engine);
        books.remove(OURS);
        let times = Times::of_all(called?);
        let p50_ms = times.percentile_ms(50);
        report.line(&Line {
            name: "ledger_single",
            engine: books.engine(),
            ours: p50_ms,
            unit: Some("ms"),
            p50_ms,
            p99_ms: times.percentile_ms(99),
            note: Some(format!(
                "{:.0} transfers/s, half of the uniform rate, from {callers} callers; counted from when each was to be sent",
                times.count() as f64 / time.as_secs_f64()
            )),
            ..Line::default()
        })
    }
}

/// What one client saw.
#[derive(Default)]
struct Called {
    times: Times,
    /// Business noes.
    refused: u64,
}

type Told = (Instant, Result<Answer, DoorError>);

/// A client that has several transfers under way and sends the next when one is answered.
struct Client<'a> {
    engine: &'a Engine<Tianxin>,
    county: &'a County,
    ask: Ask,
    stream: Stream,
    send: Sender<Told>,
    receive: Receiver<Told>,
}

impl<'a> Client<'a> {
    fn new(engine: &'a Engine<Tianxin>, county: &'a County, ask: Ask, number: u64) -> Client<'a> {
        let (send, receive) = mpsc::channel();
        let stream = Stream((number + 1).wrapping_mul(0x1234_5678_9abc_def1));
        Client { engine, county, ask, stream, send, receive }
    }

    fn keep_under_way(mut self, window: usize, until: Instant) -> Result<Called, Failure> {
        let mut called = Called::default();
        let mut under_way = 0;
        while under_way < window.max(1) {
            self.submit();
            under_way += 1;
        }
        while under_way > 0 {
            let gone = |_| Failure::Wrong("a transfer was never answered".to_owned());
            let (sent, answer) = self.receive.recv().map_err(gone)?;
            under_way -= 1;
            called.times.answered(sent);
            if !matches!(answer?.outcome::<Tianxin>()?, Outcome::Done | Outcome::OnItsWay { .. }) {
                called.refused += 1;
            }
            if Instant::now() < until {
                self.submit();
                under_way += 1;
            }
        }
        Ok(called)
    }

    fn submit(&mut self) {
        let request = (self.ask)(self.county, &mut self.stream, clock::now());
        let (send, sent) = (self.send.clone(), Instant::now());
        self.engine.submit(request, Box::new(move |answer| drop(send.send((sent, answer)))));
    }
}
