//! `tianxin bench sim`: a county lives through the door, and where the time goes.

use std::path::PathBuf;
use std::time::Duration;

use app::assess::Judge;
use basics::Date;
use clap::Args;
use door::audit;

use super::sqlite::Folder;
use super::{Line, Report, forget_peak, peak_mb, three_places};
use crate::config::{self, Place, Settings, Use};
use crate::failure::Failure;
use crate::lending;
use crate::sim::life::{Life, Plan, make, place_at};
use crate::terminal::Progress;

/// A county lives through the door of an embedded database, every event a command's, every day closed.
///
/// The figures are those of the whole run, founding excepted: commands through the door (follow-up steps included), the share
/// of the time that the world itself thinks, what stays in memory and what stands in the books for a household. Every batch
/// is durable before it is answered.
#[derive(Args)]
pub struct SimBench {
    /// Households
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    households: u32,
    /// Days
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3_650))]
    days: u16,
    /// The seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads that prepare
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
    /// Commands in a batch at most
    #[arg(long, default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: u32,
    /// The folder for the books; must be on the disk that is to be measured [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Prove the books by the audit afterwards
    #[arg(long)]
    audit: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl SimBench {
    /// Runs the benchmark.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        forget_peak();
        let folder = Folder::make(self.folder.as_deref())?;
        let place = Place { postgres: None, ..place_at(&folder.path().join("county"), place) };
        let (county, _) = crate::sim::county(None)?;
        let first = Date::ymd(2026, 1, 1).map_err(|error| Failure::Wrong(error.to_string()))?;
        make(&place, first, "benchmark", None)?;
        let opened = config::open(&place, Use::Write)?;
        let judge: Judge = lending::judge(&place, &Settings::read(&place)?)?;
        let (threads, batch_max) = (usize::from(self.threads), self.batch as usize);
        let plan = Plan { threads, batch_max, ..Plan::new(county, self.seed, self.households, first) };
        let progress = Progress::begin("founding");
        let mut life = Life::found(&opened, judge, &plan)?;
        let (founding, begun) = (life.driver.spent().door, std::time::Instant::now());
        life.until(first.add_days(i32::from(self.days)), &progress)?;
        let seconds = begun.elapsed().as_secs_f64();
        drop(progress);
        self.report(&life, founding, seconds, &folder)?;
        if self.audit {
            let _progress = Progress::begin("proving the books");
            audit::verify(opened.tianxin.as_ref(), opened.backend.as_ref(), None)?;
        }
        Ok(())
    }

    fn report(&self, life: &Life, founding: Duration, seconds: f64, folder: &Folder) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        let counts = life.driver.counts();
        let households = f64::from(self.households);
        let line = |name, ours: f64, unit, note: String| Line {
            name,
            engine: "sqlite",
            ours: Some(three_places(ours)),
            unit: Some(unit),
            rss_mb: peak_mb(),
            note: Some(note),
            ..Line::default()
        };
        let spent = life.driver.spent();
        let percent = |part: Duration| 100.0 * part.as_secs_f64() / seconds.max(0.001);
        let what = format!(
            "{} households, {} days: {} commands ({} refused), {} events, {} loans, {} deeds",
            self.households, self.days, counts.commands, counts.refused, counts.events, counts.loans, counts.deeds
        );
        report.line(&line("sim_commands", counts.commands as f64 / seconds.max(0.001), "commands/s", what))?;
        let events = format!(
            "{:.1} commands and {:.1} events a household",
            counts.commands as f64 / households,
            counts.events as f64 / households
        );
        report.line(&line("sim_run", seconds, "s", events))?;
        let parts = [spent.door.saturating_sub(founding), spent.preparing, spent.closing, life.thinking.0].map(percent);
        let [door, preparing, closing, world] = parts;
        let where_to = format!(
            "of the whole: {door:.1} % in the door, {preparing:.1} % waiting for what is prepared beside it, {closing:.1} % \
             closing days, {world:.1} % the world, {:.1} % the rest: reading what falls due and where wallets stand, telling \
             people",
            100.0 - parts.iter().sum::<f64>()
        );
        report.line(&line("sim_thinking", percent(life.thinking.0), "% of the time", where_to))?;
        let rss_bytes = peak_mb().unwrap_or_default() * 1e6;
        let memory = "peak resident memory over households, caches of the database included".to_owned();
        report.line(&line("sim_state", rss_bytes / households, "bytes/household", memory))?;
        let books = folder.bytes("county/books") as f64 / households;
        report.line(&line("sim_books", books, "bytes/household", "the books' file and its log".to_owned()))
    }
}
