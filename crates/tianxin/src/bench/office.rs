//! `tianxin bench office`: how soon the office's lists answer over HTTP when the book is long.
//!
//! The book is that of `bench day`: loans drawn in bulk on the days of one month, each of four to a household. What is asked is what
//! the pages ask: a page of loans, those after it, one product, those past due, and the dashboards the first time and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use api::session::{COOKIE, Session, Sessions};
use app::assess::{Judge, feature_names};
use app::command::Command;
use app::desk::Desk;
use app::staff::SetStaff;
use app::vault::Vault;
use basics::Id;
use clap::Args;
use door::{Actor, ActorKind, Engine, EngineOptions, Order, Request, Role};
use policy::RuleSet;
use serde_json::Value;
use store::KeyStore;

use super::callers::Times;
use super::day::book::{Book, DRAWING_DAYS};
use super::day::{close, first_day};
use super::http::{Client, serve};
use super::sqlite::Folder;
use super::{Line, Report, county, three_places};
use crate::clock;
use crate::config::tables;
use crate::failure::Failure;
use crate::terminal::Progress;
use crate::vault::Keys;

/// Rows of a page, as the office's pages ask for them.
const PAGE: usize = 50;
/// Connections the desk reads with.
const READERS: usize = 4;
/// Loans that fall due on the first day of April.
const TOUCHED: u64 = 2_000;
const SESSION_SECONDS: i64 = 3_600;
/// What an answer may take, milliseconds: named in the note of each line.
const BUDGET_MS: f64 = 300.0;

/// The office's lists over HTTP, on a book of many loans.
///
/// SQLite in a folder of its own, which is removed in the end. One caller, who waits for each answer: what a person waits.
#[derive(Args)]
pub struct OfficeBench {
    /// Loans in the book
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=5_000_000))]
    loans: u64,
    /// Answers that are timed of each kind
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(10..=10_000))]
    answers: u16,
    /// The folder for the database [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl OfficeBench {
    /// Runs the benchmark.
    pub fn run(self) -> Result<(), Failure> {
        let folder = Folder::make(self.folder.as_deref())?;
        let app = county::tianxin()?;
        let backend = folder.open_on("office", &tables(&app), first_day()?)?;
        let progress = Progress::begin(&format!("a book of {} loans", self.loans));
        let book = Book::new(self.loans, TOUCHED)?;
        let mut day = first_day()?;
        for number in 0..DRAWING_DAYS {
            progress.set(format!("a book of {} loans: {day}", self.loans));
            book.draw(&app, &backend, day, number)?;
            close(&app, &backend, day)?;
            day = day.add_days(1);
        }
        drop(progress);
        let engine = Arc::new(Engine::start(app, backend, EngineOptions::default())?);
        let keys = folder.path().join("keys");
        std::fs::create_dir_all(&keys).map_err(|error| Failure::file(&keys, "made", error))?;
        let vault = Arc::new(Keys::new(Arc::new(KeyStore::open(&keys, clock::entropy()?)?)));
        let pass = sign_in(&engine, vault.as_ref())?;
        let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names());
        let rules = rules.map_err(|error| Failure::Wrong(error.to_string()))?;
        let desk = Arc::new(Desk::new(engine.clone(), vault, Judge::new(None, rules), READERS));
        let mut report = Report::new(self.json);
        let done = serve(desk, |address| self.ask(&mut Client::connect(address)?, &pass, &mut report));
        engine.stop();
        done
    }

    fn ask(&self, client: &mut Client, pass: &str, report: &mut Report) -> Result<(), Failure> {
        let first = format!("/api/v1/office/loans?limit={PAGE}");
        self.line(report, "office_first", "the first page of loans", &self.times(client, pass, &first)?)?;
        self.line(report, "office_pages", "one page of loans after the other", &self.pages(client, pass)?)?;
        for (name, filter, what) in [
            ("office_product", "&product=season-bullet", "the first page of one product, a quarter of the book"),
            ("office_late", "&late_over=0", "loans past due"),
            ("office_closed", "&status=closed", "loans paid off"),
        ] {
            self.line(report, name, what, &self.times(client, pass, &format!("{first}{filter}"))?)?;
        }
        self.line(report, "office_tasks", "the list of tasks", &self.times(client, pass, "/api/v1/office/tasks")?)?;
        let asked = Instant::now();
        client.ask("GET", "/api/v1/office/portfolio", pass, "")?;
        let mut once = Times::default();
        once.answered(asked);
        self.line(report, "office_board", "the dashboards, read anew", &Times::of_all([once]))?;
        let again = self.times(client, pass, "/api/v1/office/portfolio")?;
        self.line(report, "office_board_again", "the dashboards, kept for ten minutes", &again)
    }

    /// The same again and again, after once that is not timed.
    fn times(&self, client: &mut Client, pass: &str, path: &str) -> Result<Times, Failure> {
        client.ask("GET", path, pass, "")?;
        let mut times = Times::default();
        for _ in 0..self.answers {
            let asked = Instant::now();
            client.ask("GET", path, pass, "")?;
            times.answered(asked);
        }
        Ok(Times::of_all([times]))
    }

    /// Page after page, as far as there are some.
    fn pages(&self, client: &mut Client, pass: &str) -> Result<Times, Failure> {
        let mut times = Times::default();
        let mut after = String::new();
        for _ in 0..self.answers {
            let asked = Instant::now();
            let page = client.ask("GET", &format!("/api/v1/office/loans?limit={PAGE}{after}"), pass, "")?;
            times.answered(asked);
            let Some(last) = page.as_array().and_then(|page| page.last()) else { break };
            let text = |field: &str| last.get(field).and_then(Value::as_str).unwrap_or_default();
            after = format!("&after={}&after_household={}", text("loan"), text("household"));
        }
        Ok(Times::of_all([times]))
    }

    fn line(&self, report: &mut Report, name: &'static str, what: &str, times: &Times) -> Result<(), Failure> {
        let p99 = times.percentile_ms(99);
        let kept = if p99.is_some_and(|ms| ms <= BUDGET_MS) { "within" } else { "over" };
        report.line(&Line {
            name,
            engine: "sqlite",
            p50_ms: times.percentile_ms(50).map(three_places),
            p99_ms: p99.map(three_places),
            note: Some(format!("{what}; {} loans, {} answers; {kept} {BUDGET_MS} ms", self.loans, times.count())),
            ..Line::default()
        })
    }
}

/// Takes an approver on and opens a session for it: the headers that carry it.
fn sign_in(engine: &Engine<app::Tianxin>, vault: &dyn Vault) -> Result<String, Failure> {
    let staff = Id::default().derive("office bench");
    let at = clock::now();
    let login = "approver".to_owned();
    // Nobody signs in with it: the session below is all there is.
    let password_hash = Some("none".to_owned());
    let set = SetStaff { staff, login, role: Role::Approver, active: true, password_hash };
    engine.call(Request::plain(staff.derive("set"), Actor::SYSTEM, at, Order::Do(Command::SetStaff(set))))?;
    let actor = Actor { kind: ActorKind::Staff, id: staff, role: Role::Approver };
    let session = Session { actor, id: staff.derive("session"), issued: at, expires: at.add_seconds(SESSION_SECONDS) };
    Ok(format!("Cookie: {COOKIE}={}\r\n", Sessions::new(vault).token(&session)))
}
