//! `tianxin watch try`: what a new configuration would have called on history, and at what cost, beside the one that stands.

use std::collections::BTreeSet;
use std::path::PathBuf;

use basics::Id;
use clap::Args;
use serde_json::{Value, json};
use watch::learned::LearnSettings;
use watch::replay::{Row, Scored, play};
use watch::{Config, Grade, Monitor};

use super::columns;
use crate::failure::Failure;
use crate::terminal::{Progress, say};

/// Try a configuration of detectors on a file, beside the one that stands.
///
/// Says alerts and holds of each typology, precision and recall where the file says what events turned out to be, and the hours of work
/// that the alerts ask for. Nothing is written.
#[derive(Args)]
pub struct Try {
    /// The configuration to try
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The configuration that stands [default: the one that the platform comes with]
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// The file of transactions
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// Which column says what [default: known from the columns]
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The column of what events turned out to be [default: the mapping's]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Minutes that an alert takes somebody
    #[arg(long, value_name = "MINUTES", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=600))]
    minutes: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Try {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let (new, old) = (super::config(Some(&self.config))?, super::config(self.against.as_deref())?);
        let progress = Progress::begin("reading");
        let read = columns::read(&self.events, self.mapping.as_deref(), self.label.as_deref())?;
        progress.set(format!("playing {} events twice", read.rows.len()));
        let object = json!({
            "events": read.rows.len(),
            "refused": read.refused,
            "new": self.outcome(new, &read.rows, read.has_labels),
            "standing": self.outcome(old, &read.rows, read.has_labels),
        });
        drop(progress);
        if self.json {
            say(object.to_string());
            return Ok(());
        }
        say(format!("{} events, {} rows refused", object["events"], object["refused"]));
        for name in ["new", "standing"] {
            let one = &object[name];
            say(format!(
                "\n{name}: {} version {}\n  {} alerts and {} holds on {} household days, {} hours of work; precision {}, recall {}",
                one["code"].as_str().unwrap_or(""),
                one["version"],
                one["alerts"],
                one["holds"],
                one["household_days"],
                one["hours_of_work"],
                shown(&one["precision"]),
                shown(&one["recall"])
            ));
            for row in one["typologies"].as_array().into_iter().flatten() {
                let name = row["code"].as_str().unwrap_or("");
                let (notes, alerts, holds) = (&row["notes"], &row["alerts"], &row["holds"]);
                say(format!(
                    "  {name:<18} notes {notes:>6}  alerts {alerts:>6}  holds {holds:>6}  precision {}",
                    shown(&row["precision"])
                ));
            }
        }
        Ok(())
    }

    fn outcome(&self, config: Config, rows: &[Row], has_labels: bool) -> Value {
        let (code, version, acts) = (config.code.clone(), config.version, config.acts);
        let codes: Vec<String> = config.typologies.iter().map(|typology| typology.code.clone()).collect();
        // Rules need no labels: the model that learns from them is not fitted.
        let mut monitor =
            Monitor::new(config, LearnSettings { trees: 1, refit_days: i32::MAX, ..LearnSettings::default() });
        let played = play(&mut monitor, rows, 7 * 86_400_000_000, None);
        let called: Vec<&Scored> = played.scored.iter().filter(|one| one.grade >= Some(Grade::Alert)).collect();
        let days: BTreeSet<(Id, i32)> =
            called.iter().map(|one| (one.household, one.at.date_at_offset(0).days())).collect();
        let share = |part: usize, whole: usize| (has_labels && whole > 0).then(|| part as f64 / whole as f64);
        let true_of = |some: &[&Scored]| some.iter().filter(|one| one.label == Some(true)).count();
        let positives = played.scored.iter().filter(|one| one.label == Some(true)).count();
        let typologies = codes.iter().enumerate().map(|(place, code)| {
            let of = |grade: Grade| -> Vec<&Scored> {
                played.scored.iter().filter(|one| one.typology == place && one.grade == Some(grade)).collect()
            };
            let (notes, alerts, holds) = (of(Grade::Note), of(Grade::Alert), of(Grade::Hold));
            let hits = true_of(&alerts) + true_of(&holds);
            json!({
                "code": code, "notes": notes.len(), "alerts": alerts.len(), "holds": holds.len(),
                "precision": share(hits, alerts.len() + holds.len()),
            })
        });
        json!({
            "code": code, "version": version, "acts": acts,
            "alerts": called.len(),
            "holds": called.iter().filter(|one| one.grade == Some(Grade::Hold)).count(),
            "household_days": days.len(),
            "hours_of_work": (days.len() as f64 * f64::from(self.minutes) / 6.0).round() / 10.0,
            "precision": share(true_of(&called), called.len()),
            "recall": share(true_of(&called), positives),
            "typologies": typologies.collect::<Vec<_>>(),
        })
    }
}

fn shown(value: &Value) -> String {
    value.as_f64().map_or("-".to_owned(), |share| format!("{share:.3}"))
}
