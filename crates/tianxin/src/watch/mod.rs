//! `tianxin watch`: what the monitor would have said of files of transactions.

mod columns;
pub(crate) mod early;
mod outcomes;
mod replay;
mod tried;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use watch::Config;

use crate::config::Place;
use crate::failure::Failure;
use crate::terminal::say;

/// See what the monitor would have said.
#[derive(Subcommand)]
pub enum WatchTask {
    /// Play a file of transactions through the monitor, and say what its scores were worth
    Replay(replay::Replay),
    /// Print the instalments of the next weeks that are likeliest to be missed, or what such warnings were worth
    Early(early::Early),
    /// Say what came of alerts: precision by typology, what thresholds the verdicts ask for, and how soon cases are worked
    Outcomes(outcomes::Outcomes),
    /// Try a configuration of detectors on a file, beside the one that stands
    Try(tried::Try),
    /// Check configurations: every complaint names file, line and field
    Check {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the configuration that the platform comes with, to begin an own one with
    Show,
}

impl WatchTask {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            WatchTask::Early(early) => early.run(place),
            WatchTask::Outcomes(outcomes) => outcomes.run(place),
            WatchTask::Replay(replay) => replay.run(),
            WatchTask::Try(tried) => tried.run(),
            WatchTask::Check { files } => {
                let read = files.iter().map(|path| config(Some(path)).map(|config| (path, config)));
                for (path, config) in read.collect::<Result<Vec<_>, _>>()? {
                    let acts = if config.acts { "acts" } else { "in shadow, calls nobody" };
                    say(format!("{}: sound, {} typologies, {acts}", path.display(), config.typologies.len()));
                }
                Ok(())
            }
            WatchTask::Show => {
                say(Config::USUAL.trim_end());
                Ok(())
            }
        }
    }
}

/// Reads a configuration, or takes the one that the platform comes with.
pub(crate) fn config(path: Option<&Path>) -> Result<Config, Failure> {
    let read = match path {
        None => Config::usual(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
            Config::parse(&path.display().to_string(), &text)
        }
    };
    read.map_err(|error| Failure::Wrong(error.to_string()))
}
