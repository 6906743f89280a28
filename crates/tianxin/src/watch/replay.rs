//! `tianxin watch replay`: a file of transactions through the live path, without a server.

use std::path::PathBuf;
use std::time::Instant as Clock;

use basics::Date;
use clap::Args;
use serde_json::{Value, json};
use watch::Monitor;
use watch::learned::LearnSettings;
use watch::measures::{Measures, measure};
use watch::replay::play;

use super::columns;
use crate::failure::Failure;
use crate::terminal::{Progress, say};

/// Play a file of transactions through the monitor, and say what its scores were worth.
///
/// The file is CSV with a header line, or the same packed by gzip, with the columns of PaySim, of the fraud handbook, or any
/// that a mapping names. Rows are played in order of time. What an event turned out to be is let in only when the time of play has come to
/// the event's own time plus the delay of labels.
#[derive(Args)]
pub struct Replay {
    /// The file
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// A file that is played before, and not judged
    #[arg(long, value_name = "FILE")]
    warm: Option<PathBuf>,
    /// Which column says what [default: known from the columns]
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The column of what events turned out to be [default: the mapping's]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Days until it is known what an event turned out to be
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(0..=365))]
    label_delay: u16,
    /// Let labels in at once, which no lender can: for experiments
    #[arg(long)]
    unsafe_immediate_labels: bool,
    /// Judge events from this day on
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    score_from: Option<Date>,
    /// Detectors and typologies [default: those that the platform comes with]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Days between fits of the model that learns from labels
    #[arg(long, value_name = "DAYS", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=90))]
    refit_days: u16,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Replay {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        if self.label_delay == 0 && !self.unsafe_immediate_labels {
            let what = "--label-delay 0 lets a score know what only the future tells: give at least 1, or say --unsafe-immediate-labels";
            return Err(Failure::Usage(what.to_owned()));
        }
        let config = super::config(self.config.as_deref())?;
        let progress = Progress::begin("reading");
        let read = |path| columns::read(path, self.mapping.as_deref(), self.label.as_deref());
        let mut events = read(&self.events)?;
        let mut refused = events.refused;
        let mut from = self.score_from;
        let mut rows = Vec::new();
        if let Some(path) = &self.warm {
            let warm = read(path)?;
            refused += warm.refused;
            let first = events.rows.first().map(|row| row.at);
            if warm.rows.last().map(|row| row.at) > first {
                let what = format!("{} reaches beyond the first event of {}", path.display(), self.events.display());
                return Err(Failure::Wrong(format!("{what}: what is played before must lie before")));
            }
            rows = warm.rows;
            from = from.max(first.map(|at| at.date_at_offset(0)));
        }
        rows.append(&mut events.rows);
        progress.set(format!("playing {} events", rows.len()));
        let learn = LearnSettings { refit_days: i32::from(self.refit_days), ..LearnSettings::default() };
        let mut monitor = Monitor::new(config, learn);
        let begun = Clock::now();
        let played = play(&mut monitor, &rows, i64::from(self.label_delay) * 86_400_000_000, from);
        let seconds = begun.elapsed().as_secs_f64();
        progress.set("judging".to_owned());
        let measures: Vec<Measures> = (0..3).map(|which| measure(&played.scored, which)).collect();
        drop(progress);
        let positives = played.scored.iter().filter(|one| one.label == Some(true)).count();
        let [duplicates, future, late] = played.left_out;
        let object = json!({
            "events": rows.len(),
            "seconds": (seconds * 1_000.0).round() / 1_000.0,
            "rules": measures[0],
            "unsupervised": measures[1],
            "all": measures[2],
            "judged": played.scored.len(),
            "positives": positives,
            "households": monitor.households(),
            "label_delay_days": self.label_delay,
            "fits": monitor.fits(),
            "refused": refused,
            "left_out": { "duplicate": duplicates, "from_the_future": future, "too_late": late },
            "alerts_when_a_day_ended": played.tick_alerts,
        });
        if self.json {
            say(object.to_string());
        } else {
            table(&object);
        }
        Ok(())
    }
}

fn table(object: &Value) {
    let whole = |name: &str| object[name].as_u64().unwrap_or(0);
    say(format!(
        "{} events in {} s, {} judged, {} of them positive; {} rows refused",
        whole("events"),
        object["seconds"],
        whole("judged"),
        whole("positives"),
        whole("refused")
    ));
    say(format!("{:<32}{:>12}{:>14}{:>12}", "", "rules", "unsupervised", "all"));
    let names = object["rules"].as_object().map(|measures| measures.keys().cloned().collect::<Vec<_>>());
    for name in names.unwrap_or_default() {
        let figure = |score: &str| object[score][&name].as_f64().map_or("-".to_owned(), |value| format!("{value:.3}"));
        say(format!("{name:<32}{:>12}{:>14}{:>12}", figure("rules"), figure("unsupervised"), figure("all")));
    }
}
