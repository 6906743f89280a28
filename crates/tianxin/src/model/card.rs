//! `tianxin model show`: how a model was made, and its scorecard as a table of points.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use score::bundle::Bundle;
use score::calibrate::Calibrator;
use score::frame::{ColumnSpec, Kind};
use score::member::{CardMember, Member};
use score::scorecard::PointScale;
use score::woe::{Evidence, Ranges};

use super::files;
use crate::failure::Failure;
use crate::terminal::say;

/// Most levels of a category that are named in a line.
const LEVELS_SHOWN: usize = 12;

/// Say how a model was made, and print its scorecard
#[derive(Args)]
pub struct Show {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
}

impl Show {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let model = files::model(&self.model)?;
        say(record(&model));
        if let ([part], Calibrator::Line { intercept, slope }) = (model.parts.as_slice(), &model.calibrator)
            && let Member::Card(card) = &part.member
        {
            say(printed(&model, card, *intercept, part.weight * slope));
        }
        Ok(())
    }
}

/// How a model was made, in lines.
pub fn record(model: &Bundle) -> String {
    let record = &model.making;
    let mut told = String::new();
    let _ = writeln!(told, "predicts   {} = {}", model.target.column, model.target.positive);
    if let Some(source) = &record.source {
        let _ = write!(told, "taken over from {source}: how it was trained, and what it was worth there, is not known");
        for note in &record.notes {
            let _ = write!(told, "\n           {note}");
        }
        return told;
    }
    let _ = writeln!(told, "made from  {} rows, {} of them bad; seed {}", record.rows, record.bads, record.seed);
    let (auc, loss, brier) = (record.left_out_auc, record.left_out_log_loss, record.left_out_brier);
    let _ = writeln!(told, "left out   auc {auc:.4}, log loss {loss:.4}, brier {brier:.4}");
    let _ = write!(told, "members    weight     auc  log loss");
    for standing in &record.standings {
        let (weight, auc, loss) = (standing.weight, standing.auc, standing.log_loss);
        let _ = write!(told, "\n           {weight:>6.3}  {auc:.4}    {loss:.4}  {}", standing.candidate);
    }
    told
}

/// A scorecard in points. Each point of log odds counts `slope` times; without evidence the log odds are calibrated by
/// `intercept`.
fn printed(model: &Bundle, card: &CardMember, intercept: f64, slope: f64) -> String {
    let scale = PointScale::default();
    let per_log_odds = scale.points_to_double as f64 / std::f64::consts::LN_2;
    let base_log_odds = -f64::from(scale.base_odds).ln();
    let start = scale.base_points as f64 - (intercept + slope * card.intercept - base_log_odds) * per_log_odds;
    let mut told = format!(
        "\npoints     {:.0} to begin with; {} at {} good to 1 bad, {} more for odds twice as good\n",
        start, scale.base_points, scale.base_odds, scale.points_to_double
    );
    for (evidence, coefficient) in card.evidence.iter().zip(&card.coefficients) {
        let column = &model.schema.columns[evidence.column as usize];
        let _ = writeln!(told, "\n{} (information {:.3})", column.name, evidence.information);
        for (range, weight) in ranges(evidence, column) {
            // Adding 0 keeps a rounded −0 from being printed as such.
            let points = (-slope * coefficient * weight * per_log_odds).round() + 0.0;
            let _ = writeln!(told, "  {points:>+5.0}  {range}");
        }
    }
    told.trim_end().to_owned()
}

/// The ranges of a column in words, with the weight of each.
fn ranges(evidence: &Evidence, column: &ColumnSpec) -> Vec<(String, f64)> {
    let mut lines: Vec<(String, f64)> = Vec::new();
    match (&evidence.ranges, &column.kind) {
        (Ranges::Numbers { edges, weights, specials }, _) => {
            for (at, weight) in weights.iter().enumerate() {
                let words = match (at.checked_sub(1).and_then(|left| edges.get(left)), edges.get(at)) {
                    (None, Some(to)) => format!("up to {to}"),
                    (Some(from), Some(to)) => format!("above {from} up to {to}"),
                    (Some(from), None) => format!("above {from}"),
                    (None, None) => "any number".to_owned(),
                };
                lines.push((words, *weight));
            }
            lines.extend(specials.iter().map(|(code, weight)| (format!("code {code}"), *weight)));
        }
        (Ranges::Levels { weights, unseen }, Kind::Category { levels, .. }) => {
            let mut distinct: Vec<f64> = weights.clone();
            distinct.sort_unstable_by(f64::total_cmp);
            distinct.dedup();
            for weight in distinct {
                let of: Vec<&str> =
                    levels.iter().zip(weights).filter(|(_, w)| **w == weight).map(|(l, _)| l.as_str()).collect();
                let more = of.len().saturating_sub(LEVELS_SHOWN);
                let mut words = of[..of.len() - more].join(", ");
                if more > 0 {
                    let _ = write!(words, " and {more} more");
                }
                lines.push((words, weight));
            }
            lines.push(("any other".to_owned(), *unseen));
        }
        (Ranges::Levels { .. }, _) => {}
    }
    lines.push(("missing".to_owned(), evidence.missing));
    lines
}
