//! `tianxin model predict`: the probability of each row of a table.

use std::path::PathBuf;

use clap::Args;

use super::files;
use crate::failure::Failure;
use crate::sim::write_file;
use crate::terminal::say;

/// Say the probability of each row of a table
///
/// The answer is CSV: the number of the row, the first after the header being 1, and the probability of the
/// target's positive value.
#[derive(Args)]
pub struct Predict {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The table
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Part of a numeric column's cells that may fail to be numbers
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    max_bad_share: f64,
    /// Where to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Predict {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let model = files::model(&self.model)?;
        let table = files::table(&self.data)?;
        let frame = files::frame(&model, &table, &self.data, self.max_bad_share)?;
        let said = model.predict(&frame);
        let lines = std::iter::once("row,probability".to_owned())
            .chain(said.iter().enumerate().map(|(row, p)| format!("{},{p:.9}", row + 1)));
        match &self.out {
            None => say(lines.collect::<Vec<_>>().join("\n")),
            Some(path) => write_file(path, |out| {
                for line in lines {
                    writeln!(out, "{line}")?;
                }
                Ok(())
            })?,
        }
        Ok(())
    }
}
