//! `tianxin model explain`: why a model says what it says of a row, in Chinese and English.

use std::path::PathBuf;

use clap::Args;
use insight::reason;
use score::bundle::Bundle;
use score::frame::Table;
use serde_json::{Value, json};

use super::files;
use crate::failure::Failure;
use crate::terminal::say;

/// Contributions smaller than this (in log odds) are no reason.
const LEAST: f64 = 0.005;

/// Say why a model says what it says of rows of a table
///
/// The reasons are the columns that raise the risk most, in log odds, and those that lower it most.
#[derive(Args)]
pub struct Explain {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The table
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The row, the first after the header being 1
    #[arg(long, value_name = "N", default_value_t = 1)]
    row: usize,
    /// How many rows from there on
    #[arg(long, value_name = "N", default_value_t = 1)]
    rows: usize,
    /// Reasons each way
    #[arg(long, value_name = "N", default_value_t = 3)]
    reasons: usize,
    /// Part of a numeric column's cells that may fail to be numbers
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    max_bad_share: f64,
    /// Print one JSON object a row
    #[arg(long)]
    json: bool,
}

/// A column's part in what is said of a row.
struct Reason {
    column: String,
    value: String,
    log_odds: f64,
}

impl Explain {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let model = files::model(&self.model)?;
        model.check_explained().map_err(|error| files::wrong(&self.model, &error))?;
        let table = files::table(&self.data)?;
        let frame = files::frame(&model, &table, &self.data, self.max_bad_share)?;
        let Some(first) = self.row.checked_sub(1).filter(|first| *first < frame.rows) else {
            let what = format!("--row {}: the table has rows 1 to {}", self.row, frame.rows);
            return Err(Failure::Usage(what));
        };
        for row in first..frame.rows.min(first.saturating_add(self.rows)) {
            let probability = model.predict(&frame.take(&[row])).first().copied().unwrap_or(f64::NAN);
            let explanation = model.explain(&frame, row);
            let mut reasons = reasons(&model, &table, row, &explanation.columns)?;
            reasons.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds));
            let raising = reasons.iter().filter(|r| r.log_odds >= LEAST).take(self.reasons);
            let lowering = reasons.iter().rev().filter(|r| r.log_odds <= -LEAST).take(self.reasons);
            if self.json {
                let told = json!({
                    "row": row + 1, "probability": probability, "base_log_odds": explanation.base,
                    "raising": raising.map(Reason::json).collect::<Vec<Value>>(),
                    "lowering": lowering.map(Reason::json).collect::<Vec<Value>>(),
                });
                say(told.to_string());
            } else {
                say(format!("row {}: probability {probability:.4}", row + 1));
                for reason in raising.chain(lowering) {
                    let (zh, en) = reason.words();
                    say(format!("  {:>+6.3}  {zh}\n          {en}", reason.log_odds));
                    if let Some(words) = reason.reviewed() {
                        say(format!(
                            "          可以：{}\n          what can be done: {}",
                            words.advice_zh, words.advice_en
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

fn reasons(model: &Bundle, table: &Table, row: usize, columns: &[f64]) -> Result<Vec<Reason>, Failure> {
    let mut reasons = Vec::new();
    for (spec, log_odds) in model.schema.columns.iter().zip(columns) {
        let position = table.position(&spec.name).map_err(|error| Failure::Wrong(error.to_string()))?;
        let value = table.cell(position, row).to_owned();
        reasons.push(Reason { column: spec.name.clone(), value, log_odds: *log_odds });
    }
    Ok(reasons)
}

impl Reason {
    /// The reason in Chinese and English. What a feature of the platform says against a household stands in the reviewed table;
    /// other columns are named as the table names them.
    fn words(&self) -> (String, String) {
        let feature = insight::feature::find(&self.column);
        let (zh, en) = feature.map_or((self.column.as_str(), self.column.as_str()), |f| (f.zh, f.en));
        let raises = self.log_odds > 0.0;
        let (way_zh, way_en) =
            if raises { ("提高了风险", "raises the risk") } else { ("降低了风险", "lowers the risk") };
        if self.value.is_empty() {
            return (format!("“{zh}”没有记录，{way_zh}"), format!("{en} is not known, which {way_en}"));
        }
        match self.reviewed() {
            Some(words) => {
                (format!("{}（{zh}：{}）", words.zh, self.value), format!("{} ({en}: {})", words.en, self.value))
            }
            None => (format!("“{zh}”为 {}，{way_zh}", self.value), format!("{en} is {}, which {way_en}", self.value)),
        }
    }

    /// The reviewed words for a feature that speaks against the household.
    fn reviewed(&self) -> Option<reason::Reason> {
        if self.log_odds > 0.0 { reason::find(&self.column) } else { None }
    }

    fn json(&self) -> Value {
        let (zh, en) = self.words();
        let advice = self.reviewed();
        json!({
            "column": self.column, "value": self.value, "log_odds": self.log_odds, "zh": zh, "en": en,
            "advice_zh": advice.map(|words| words.advice_zh), "advice_en": advice.map(|words| words.advice_en),
        })
    }
}
