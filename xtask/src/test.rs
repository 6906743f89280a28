//! `cargo xtask test`: runs all that must hold, to the end, and sums it up.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use xtask::tally::{self, Tally};

use crate::cluster::{Cluster, ClusterError, ClusterOptions, SHARED_CLUSTER_VARIABLE};
use crate::run::{self, Outcome, cargo, in_folder};
use crate::{debian, web};

/// What only tests need: the disk that fails as it is told.
const TEST_FEATURES: &str = "store/fault-vfs";

/// Runs every step, even after one has failed, and prints the summary.
pub fn test(root: &Path) -> ExitCode {
    let mut report = Report::default();
    let folders = web::folders(root);

    let cluster = report.find("PostgreSQL", postgres);
    if !folders.is_empty() {
        report.find("browser", browser);
    }
    // The server embeds the pages, so they come before it.
    for folder in &folders {
        let name = format!("pages {}", name_of(folder));
        report.step(&format!("{name}: install"), || pages(web::install(folder), "npm is not installed"));
        report.step(&format!("{name}: build"), || pages(web::build(folder), "npm is not installed"));
    }
    report.step("format", || {
        with_component("fmt", "rustfmt", || run::stream(in_folder(cargo(), root).args(["fmt", "--all", "--check"])))
    });
    report.step("lints", || {
        with_component("clippy", "clippy", || {
            let arguments =
                ["clippy", "--workspace", "--all-targets", "--features", TEST_FEATURES, "--", "-D", "warnings"];
            run::stream(in_folder(cargo(), root).args(arguments))
        })
    });
    let url = cluster.as_ref().map(|cluster| cluster.url("postgres"));
    let with_cluster = |mut command: Command| {
        match &url {
            Some(url) => command.env(SHARED_CLUSTER_VARIABLE, url),
            None => command.env_remove(SHARED_CLUSTER_VARIABLE),
        };
        command
    };
    report.step("tests", || tests(root, &with_cluster));
    report.step("examples in docs", || {
        let mut command = with_cluster(in_folder(cargo(), root));
        ran(run::stream(command.args(["test", "--doc", "--workspace", "--features", TEST_FEATURES, "--no-fail-fast"])))
    });
    if !folders.is_empty() {
        report.step("server for the pages", || {
            ran(run::stream(in_folder(cargo(), root).args(["build", "--package", "tianxin"])))
        });
    }
    for folder in &folders {
        let name = format!("pages {}: tests", name_of(folder));
        report.step(&name, || pages(web::test(folder), "npm is not installed"));
    }
    if let Some(cluster) = cluster {
        cluster.stop();
    }
    report.conclude()
}

/// How a step went.
enum Step {
    Ok(Tally),
    Failed(Tally),
    Skipped(String),
}

#[derive(Default)]
struct Report {
    rows: Vec<(String, &'static str, f64)>,
    tally: Tally,
    failed: bool,
    /// What was skipped, by name, with the reason.
    skipped: Vec<String>,
}

impl Report {
    fn step(&mut self, name: &str, work: impl FnOnce() -> (Step, Vec<String>)) {
        println!("\n=== {name}");
        let begin = Instant::now();
        let (step, self_skipped) = work();
        self.note(name, step, self_skipped, begin);
    }

    /// A step that finds or starts something and hands it over.
    fn find<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, Step>) -> Option<T> {
        println!("\n=== {name}");
        let begin = Instant::now();
        match work() {
            Ok(found) => {
                self.note(name, Step::Ok(Tally::default()), Vec::new(), begin);
                Some(found)
            }
            Err(step) => {
                self.note(name, step, Vec::new(), begin);
                None
            }
        }
    }

    fn note(&mut self, name: &str, step: Step, self_skipped: Vec<String>, begin: Instant) {
        let word = match step {
            Step::Ok(tally) => {
                self.tally += tally;
                "ok"
            }
            Step::Failed(mut tally) => {
                // A step that fails without a failing test, such as the lints, counts as one failure.
                tally.failed = tally.failed.max(1);
                self.tally += tally;
                self.failed = true;
                "failed"
            }
            Step::Skipped(reason) => {
                println!("skipped: {name}: {reason}");
                self.tally.skipped += 1;
                self.skipped.push(format!("{name}: {reason}"));
                "skipped"
            }
        };
        // A test that skipped itself has passed in its runner's eyes only.
        let count = (self_skipped.len() as u64).min(self.tally.passed);
        self.tally.passed -= count;
        self.tally.skipped += count;
        self.skipped.extend(self_skipped);
        self.rows.push((name.to_owned(), word, begin.elapsed().as_secs_f64()));
    }

    fn conclude(self) -> ExitCode {
        let width = self.rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
        println!("\n{:width$}  result   seconds", "step");
        for (name, word, seconds) in &self.rows {
            println!("{name:width$}  {word:7}  {seconds:7.1}");
        }
        if !self.skipped.is_empty() {
            println!("\nskipped:");
            for line in &self.skipped {
                println!("  {line}");
            }
        }
        let Tally { passed, failed, skipped } = self.tally;
        println!("\n{passed} passed, {failed} failed, {skipped} skipped");
        if self.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

fn ran(outcome: Outcome) -> (Step, Vec<String>) {
    let tally = tally::count(outcome.lines.iter().map(String::as_str));
    (if outcome.is_ok() { Step::Ok(tally) } else { Step::Failed(tally) }, Vec::new())
}

/// A step of the pages; without an outcome there was nothing to do, or no npm to do it.
fn pages(outcome: Option<Outcome>, otherwise: &str) -> (Step, Vec<String>) {
    match outcome {
        Some(outcome) => ran(outcome),
        None if run::is_on_path("npm") => (Step::Ok(Tally::default()), Vec::new()),
        None => (Step::Skipped(otherwise.to_owned()), Vec::new()),
    }
}

/// Runs a step that needs a part of the toolchain, which rustup may have to fetch.
fn with_component(subcommand: &str, component: &str, work: impl FnOnce() -> Outcome) -> (Step, Vec<String>) {
    let is_there = || run::succeeds(cargo().args([subcommand, "--version"]));
    if !is_there() {
        run::stream(Command::new("rustup").args(["component", "add", component]));
    }
    match is_there() {
        true => ran(work()),
        false => (Step::Skipped(format!("{component} is not installed")), Vec::new()),
    }
}

/// All tests, by cargo-nextest where it is installed.
fn tests(root: &Path, with_cluster: &impl Fn(Command) -> Command) -> (Step, Vec<String>) {
    let mut command = with_cluster(in_folder(cargo(), root));
    if !run::succeeds(cargo().args(["nextest", "--version"])) {
        let arguments = [
            "test",
            "--workspace",
            "--all-targets",
            "--features",
            TEST_FEATURES,
            "--no-fail-fast",
            "--",
            "--show-output",
        ];
        let outcome = run::stream(command.args(arguments));
        let skipped = tally::self_skipped_in_lines(outcome.lines.iter().map(String::as_str));
        return (ran(outcome).0, skipped);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let junit = target.join("nextest/xtask/junit.xml");
    // The report of an earlier run must not be taken for this one's.
    let _ = fs::remove_file(&junit);
    command.args(["nextest", "run", "--workspace", "--features", TEST_FEATURES]);
    let outcome =
        run::stream(command.args(["--config-file", "xtask/nextest.toml", "--profile", "xtask", "--no-fail-fast"]));
    let skipped = tally::self_skipped_in_junit(&fs::read_to_string(&junit).unwrap_or_default());
    (ran(outcome).0, skipped)
}

/// One cluster for all tests, installed first where that is allowed.
fn postgres() -> Result<Cluster, Step> {
    let start = || Cluster::start(ClusterOptions::default());
    let started = match start() {
        Err(error @ ClusterError::NotInstalled { .. }) => match debian::install(&["postgresql"]) {
            Ok(()) => start(),
            Err(reason) => return Err(Step::Skipped(format!("{reason} ({error})"))),
        },
        started => started,
    };
    started.map_err(|error| match error {
        error if error.is_absent() => Step::Skipped(error.to_string()),
        error => {
            eprintln!("{error}");
            Step::Failed(Tally::default())
        }
    })
}

fn browser() -> Result<(), Step> {
    match web::has_browser() {
        true => Ok(()),
        false => debian::install(&["chromium"]).map_err(Step::Skipped),
    }
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
