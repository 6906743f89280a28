//! `tianxin sim moments`: how near a county comes to published figures.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use sim::moments::{Half, Row, report, table};

use super::run::county;
use crate::failure::Failure;
use crate::terminal::say;

/// Households that give steady figures; fewer leave some moments to chance.
const HOUSEHOLDS: u32 = 2_000;

/// Compare a county with published figures.
#[derive(Args)]
pub struct Moments {
    /// The county; the shipped one where none is named
    #[arg(long, value_name = "FILE")]
    county: Option<PathBuf>,
    /// How many households live there
    #[arg(long, value_name = "N", default_value_t = HOUSEHOLDS, value_parser = clap::value_parser!(u32).range(1..))]
    households: u32,
    /// The seeds, one county a seed
    #[arg(long = "seed", value_name = "S", default_values_t = [1])]
    seeds: Vec<u64>,
    /// Print one JSON object a moment
    #[arg(long)]
    json: bool,
}

impl Moments {
    /// Runs the command. A moment outside its range is told, and is no error.
    pub fn run(self) -> Result<(), Failure> {
        let (county, _) = county(self.county.as_deref())?;
        let rows = report(&county, &self.seeds, self.households);
        if self.json {
            rows.iter().for_each(|row| say(line(row).to_string()));
        } else {
            say(table(&rows).trim_end());
        }
        Ok(())
    }
}

fn line(row: &Row) -> serde_json::Value {
    let target = &row.target;
    let half = match target.half {
        Half::Calibrated => "calibrated",
        Half::Validated => "validated",
    };
    json!({
        "moment": target.name, "half": half, "low": target.low, "high": target.high, "simulated": row.simulated,
        "least": row.span.0, "most": row.span.1, "passes": row.passes(), "source": target.source,
    })
}
