//! `tianxin features`: what decisions are read from, what was known when they were made, and what became of the loans.

mod check;
mod export;

use clap::{Args, Subcommand};

use crate::config::Place;
use crate::failure::Failure;
use crate::terminal::say;

/// Print the data dictionary, or look at the vectors of stored decisions.
///
/// Without a subcommand it prints every feature in Chinese and English, with its unit, its window, after how many days it is stale, how
/// it is computed, by which ways its data may have come, and what it may serve.
#[derive(Args)]
pub struct Features {
    /// Print the dictionary as one JSON array
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Compute the vector of every stored decision again from the events known when it was made, and compare bit for bit
    Check(check::Check),
    /// Write a table of decisions with their vectors and what became of the loans
    Export(export::Export),
}

impl Features {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self.task {
            Some(Task::Check(check)) => check.run(place),
            Some(Task::Export(export)) => export.run(place),
            None if self.json => {
                let entries = serde_json::to_string_pretty(&insight::feature::entries());
                say(entries.map_err(|error| Failure::Wrong(error.to_string()))?);
                Ok(())
            }
            None => {
                say(insight::dictionary());
                Ok(())
            }
        }
    }
}
