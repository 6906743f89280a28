//! `tianxin model evaluate`, `compare`: what models are worth on rows whose outcome is known.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use score::judge::{judge, paired};
use serde_json::{Value, json};

use super::files::{self, wrong};
use crate::failure::Failure;
use crate::terminal::say;

/// Judge a model on rows whose outcome is known
#[derive(Args)]
pub struct Evaluate {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The table; it has to hold the target
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Part of a numeric column's cells that may fail to be numbers
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    max_bad_share: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let model = files::model(&self.model)?;
        let table = files::table(&self.data)?;
        let bad = model.target.outcomes(&table).map_err(|error| wrong(&self.data, &error))?;
        let frame = files::frame(&model, &table, &self.data, self.max_bad_share)?;
        let begin = Instant::now();
        let said = model.predict(&frame);
        let seconds = begin.elapsed().as_secs_f64();
        let Some(figures) = judge(&said, &bad) else {
            return Err(Failure::Wrong(format!("{}: one class only", self.data.display())));
        };
        let mut told = serde_json::to_value(&figures).map_err(|error| Failure::Wrong(error.to_string()))?;
        told["rows_per_second"] = json!((said.len() as f64 / seconds.max(1e-9)).round());
        if self.json {
            say(told.to_string());
        } else {
            for (name, value) in told.as_object().into_iter().flatten() {
                say(format!("{name:<16}{}", shown(value)));
            }
        }
        Ok(())
    }
}

/// Compare two models on the same rows
///
/// Differences are the first model's figure less the second's, with 95 % intervals over the same rows: a positive
/// AUC and a negative loss speak for the first.
#[derive(Args)]
pub struct Compare {
    /// The first model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The second
    #[arg(long, value_name = "FILE")]
    against: PathBuf,
    /// The table; it has to hold the target
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Part of a numeric column's cells that may fail to be numbers
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    max_bad_share: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Compare {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let (first, second) = (files::model(&self.model)?, files::model(&self.against)?);
        if first.target != second.target {
            let (a, b) = (&first.target, &second.target);
            let what = format!("{}={} and {}={}", a.column, a.positive, b.column, b.positive);
            return Err(Failure::Wrong(format!("the models predict different things: {what}")));
        }
        let table = files::table(&self.data)?;
        let bad = first.target.outcomes(&table).map_err(|error| wrong(&self.data, &error))?;
        let says =
            |model| files::frame(model, &table, &self.data, self.max_bad_share).map(|frame| model.predict(&frame));
        let Some(pair) = paired(&says(&first)?, &says(&second)?, &bad) else {
            return Err(Failure::Wrong(format!("{}: one class only", self.data.display())));
        };
        if self.json {
            let told = serde_json::to_value(&pair).map_err(|error| Failure::Wrong(error.to_string()))?;
            say(told.to_string());
            return Ok(());
        }
        for (name, difference, error) in [
            ("auc", pair.auc_difference, pair.auc_error),
            ("log_loss", pair.log_loss_difference, pair.log_loss_error),
            ("brier", pair.brier_difference, pair.brier_error),
        ] {
            let reach = 1.96 * error;
            say(format!(
                "{name:<10}{difference:>+9.5}   from {:+.5} to {:+.5}",
                difference - reach,
                difference + reach
            ));
        }
        Ok(())
    }
}

fn shown(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if number.fract() != 0.0 => format!("{number:.5}"),
        Some(number) => format!("{number:.0}"),
        None => value.to_string(),
    }
}
