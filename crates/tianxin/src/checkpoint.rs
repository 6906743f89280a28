//! `tianxin checkpoint`: signs what the journal holds.

use clap::Subcommand;

use crate::config::{self, Place, Use};
use crate::failure::Failure;
use crate::notary::Desk;
use crate::terminal::say;

/// Sign what the journal holds.
#[derive(Subcommand)]
pub enum CheckpointTask {
    /// Sign the heads of all cells now and append them to the checkpoint file
    ///
    /// `serve` does so by itself at each close of day and after every 10,000 records. Whoever keeps a
    /// copy of the line can prove later that nothing before it was altered or cut off.
    Take {
        /// Print the checkpoint itself
        #[arg(long)]
        json: bool,
    },
}

impl CheckpointTask {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let CheckpointTask::Take { json } = self;
        let desk = Desk::new(&config::open(place, Use::Read)?);
        if let Some(folder) = desk.path().parent() {
            config::make_private_folder(folder)?;
        }
        let taken = desk.take()?;
        if json {
            let text = serde_json::to_string(&taken).map_err(|error| Failure::Wrong(error.to_string()))?;
            say(text);
        } else {
            say(format!("checkpoint of {} records, root {}", taken.records, taken.root));
            say(format!("appended to {}", desk.path().display()));
        }
        Ok(())
    }
}
