//! `tianxin bench`: measures this machine, each time against what the database alone could do.

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use crate::config::Place;
use crate::failure::Failure;
use crate::terminal::say;

mod anomaly;
mod books;
mod borrowers;
mod bulk;
mod callers;
mod county;
mod day;
mod door;
mod http;
mod in_process;
mod insight;
mod ledger;
mod loans;
mod office;
mod outside;
mod schedule;
mod score;
mod served;
mod server;
mod sim;
mod sqlite;
mod watch;

/// Measure this machine against what the database alone could do.
#[derive(Subcommand)]
pub enum Bench {
    /// Commands through the door, each answered durable before its caller sends the next
    Door(door::DoorBench),
    /// Transfers through the door, durable, against their rows alone; a trial balance over many postings
    Ledger(ledger::LedgerBench),
    /// Whole loans: asked for, decided, signed and drawn, in process and over HTTP
    Loans(loans::LoansBench),
    /// Schedules on one core, against the same worked out in decimals
    Schedule(schedule::ScheduleBench),
    /// Rows to probabilities on one core, beside the libraries that Python has
    Score(score::ScoreBench),
    /// Events into the profiles of many households on one core
    Insight(insight::InsightBench),
    /// Unusual rows of labelled tables, beside the libraries that Python has
    Anomaly(anomaly::AnomalyBench),
    /// Events through all detectors of the monitor on one core
    Watch(watch::WatchBench),
    /// The close of a day on a book of a million loans
    Day(day::DayBench),
    /// The office's lists and dashboards over HTTP, on a long book
    Office(office::OfficeBench),
    /// A county that lives through the door
    Sim(sim::SimBench),
}

impl Bench {
    /// Runs the benchmark.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Bench::Door(bench) => bench.run(place),
            Bench::Ledger(bench) => bench.run(place),
            Bench::Loans(bench) => bench.run(place),
            Bench::Schedule(bench) => bench.run(),
            Bench::Score(bench) => bench.run(),
            Bench::Insight(bench) => bench.run(),
            Bench::Anomaly(bench) => bench.run(),
            Bench::Watch(bench) => bench.run(),
            Bench::Day(bench) => bench.run(place),
            Bench::Office(bench) => bench.run(),
            Bench::Sim(bench) => bench.run(place),
        }
    }
}

/// Which database engines are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engines {
    /// The embedded one.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// Both, one after the other.
    Both,
}

/// One line of a benchmark. What does not apply is null.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Line {
    /// What was measured.
    pub name: &'static str,
    /// `sqlite`, `postgres` or `none`.
    pub engine: &'static str,
    /// What we reach.
    pub ours: Option<f64>,
    /// The unit of `ours` and `reference`.
    pub unit: Option<&'static str>,
    /// What it is compared with.
    pub reference_name: Option<String>,
    /// What that reaches.
    pub reference: Option<f64>,
    /// Larger is better: ours/reference for rates, reference/ours for times.
    pub ratio: Option<f64>,
    /// Half of all answers came within this time.
    pub p50_ms: Option<f64>,
    /// 99 of 100 answers came within this time.
    pub p99_ms: Option<f64>,
    /// Memory in use.
    pub rss_mb: Option<f64>,
    /// What a reader must know to judge the numbers; of what was skipped, why.
    pub note: Option<String>,
}

impl Line {
    /// With a reference in the same unit, a rate.
    pub fn against(&self, name: impl Into<String>, reference: f64, note: impl Into<String>) -> Line {
        let ratio = self.ours.filter(|_| reference > 0.0).map(|ours| three_places(ours / reference));
        Line {
            reference_name: Some(name.into()),
            reference: Some(reference),
            ratio,
            note: Some(note.into()),
            ..self.clone()
        }
    }

    /// What could not be measured here, and why.
    pub fn skipped(name: &'static str, engine: &'static str, reference: Option<&str>, why: &str) -> Line {
        let reference_name = reference.map(str::to_owned);
        Line { name, engine, reference_name, note: Some(format!("skipped: {why}")), ..Line::default() }
    }
}

/// The most memory this process has used since [`forget_peak`], in MB; none where the system does not tell.
pub fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(three_places(kib * 1_024.0 / 1e6))
}

/// Lets the peak begin anew, where the system allows it; otherwise it is that of the whole process.
pub fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Rounds for people: a benchmark does not know more.
pub fn three_places(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Prints lines as they are measured: as JSON objects, or as a table.
pub struct Report {
    json: bool,
    begun: bool,
}

impl Report {
    /// A report for programs or for people.
    pub fn new(json: bool) -> Report {
        Report { json, begun: false }
    }

    /// Prints a line.
    pub fn line(&mut self, line: &Line) -> Result<(), Failure> {
        if self.json {
            say(serde_json::to_string(line).map_err(|error| Failure::Wrong(error.to_string()))?);
            return Ok(());
        }
        if !self.begun {
            self.begun = true;
            say(format!(
                "{:<17} {:<9} {:>12} {:<16} {:<17} {:>12} {:>7} {:>8} {:>8}",
                "name", "engine", "ours", "unit", "reference", "", "ratio", "p50 ms", "p99 ms"
            ));
        }
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), readable);
        say(format!(
            "{:<17} {:<9} {:>12} {:<16} {:<17} {:>12} {:>7} {:>8} {:>8}",
            line.name,
            line.engine,
            number(line.ours),
            line.unit.unwrap_or("-"),
            line.reference_name.as_deref().unwrap_or("-"),
            number(line.reference),
            line.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}")),
            number(line.p50_ms),
            number(line.p99_ms),
        ));
        if let Some(note) = &line.note {
            say(format!("{:<24} {note}", ""));
        }
        Ok(())
    }
}

fn readable(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
