//! `tianxin watch`: what the monitor would have said of files of transactions.

mod columns;
mod replay;
mod tried;

use std::path::Path;

use clap::Subcommand;
use watch::Config;

use crate::failure::Failure;

/// See what the monitor would have said.
#[derive(Subcommand)]
pub enum WatchTask {
    /// Play a file of transactions through the monitor, and say what its scores were worth
    Replay(replay::Replay),
    /// Try a configuration of detectors on a file, beside the one that stands
    Try(tried::Try),
}

impl WatchTask {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        match self {
            WatchTask::Replay(replay) => replay.run(),
            WatchTask::Try(tried) => tried.run(),
        }
    }
}

/// Reads a configuration, or takes the one that the platform comes with.
fn config(path: Option<&Path>) -> Result<Config, Failure> {
    let read = match path {
        None => Config::usual(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
            Config::parse(&path.display().to_string(), &text)
        }
    };
    read.map_err(|error| Failure::Wrong(error.to_string()))
}
