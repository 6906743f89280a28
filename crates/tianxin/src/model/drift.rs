//! `tianxin model drift`: whether a model still meets the people it was made for.

use std::path::PathBuf;

use clap::Args;
use score::bundle::Bundle;
use score::drift::{Drift, Kinds, Moved, drift};

use super::files::{self, wrong};
use crate::failure::Failure;
use crate::terminal::say;

/// Most columns that are listed.
const COLUMNS_SHOWN: usize = 20;

/// Hold a table against what a model was trained on
///
/// Other people (covariate drift), more or fewer bads among people who are otherwise as before (prior drift), and people who have
/// become risky for other reasons (concept drift) are told apart. The last two need a table that holds the target.
#[derive(Args)]
pub struct DriftTask {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The table
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Part of a numeric column's cells that may fail to be numbers
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    max_bad_share: f64,
    /// Write the model with all probabilities moved to the bad rate of today
    ///
    /// Right where nothing but the rate changed. Without outcomes the rate is estimated under that very assumption.
    #[arg(long, value_name = "FILE")]
    recalibrate: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl DriftTask {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let model = files::model(&self.model)?;
        let table = files::table(&self.data)?;
        let frame = files::frame(&model, &table, &self.data, self.max_bad_share)?;
        let is_told = table.position(&model.target.column).is_ok();
        let bad =
            is_told.then(|| model.target.outcomes(&table)).transpose().map_err(|error| wrong(&self.data, &error))?;
        let Some(found) = drift(&model, &frame, bad.as_deref()) else {
            let what = "does not know how its columns were distributed: train it anew";
            return Err(Failure::Wrong(format!("{} {what}", self.model.display())));
        };
        if let Some(path) = &self.recalibrate {
            if found.kinds.contains(&Kinds::Concept) {
                let what = "the drift is one of concept, which no shift of all probabilities mends: train anew";
                return Err(Failure::Wrong(format!("{}: {what}", self.data.display())));
            }
            let moved = Bundle { calibrator: model.calibrator.shifted(found.shift), ..model };
            files::write(path, &moved.to_bytes())?;
        }
        if self.json {
            let told = serde_json::to_value(&found).map_err(|error| Failure::Wrong(error.to_string()))?;
            say(told.to_string());
        } else {
            say(words(&found));
        }
        Ok(())
    }
}

fn words(found: &Drift) -> String {
    let mut lines = vec![format!("{} rows against {} of training", found.rows, found.rows_before)];
    lines.push(format!("{:<32}{:>8}{:>11}{:>8}{:>10}", "", "psi", "by chance", "limit", "missing"));
    let line = |moved: &Moved| {
        let Moved { name, psi, by_chance, limit, missing_before, missing_now, is_drift } = moved;
        let mark = if *is_drift { "  drift" } else { "" };
        let missing = format!("{:.0}>{:.0} %", missing_before * 100.0, missing_now * 100.0);
        format!("{name:<32}{psi:>8.4}{by_chance:>11.4}{limit:>8.4}{missing:>10}{mark}")
    };
    lines.extend(found.score.iter().chain(found.columns.iter().take(COLUMNS_SHOWN)).map(line));
    match &found.outcome {
        None => lines.push(format!(
            "outcomes are not known; if nothing but the bad rate changed, it is {:.4} now",
            found.rate_estimated
        )),
        Some(o) => {
            let (before, now, expected) = (o.rate_before, o.rate_now, o.rate_expected);
            lines.push(format!("bad rate    {before:.4} before, {now:.4} now, {expected:.4} expected"));
            lines.push(format!(
                "shift       {:+.3} (error {:.3}); {:+.3} by the rates alone",
                o.shift, o.shift_error, o.shift_of_rates
            ));
            lines.push(format!("slope       {:.3} (error {:.3})", o.slope, o.slope_error));
            lines.push(format!("ten groups  chi-square {:.1}, limit {:.1}", o.groups, o.groups_limit));
            lines.push(format!("score       psi among goods {:.4}, among bads {:.4}", o.psi_of_goods, o.psi_of_bads));
        }
    }
    let kinds: Vec<&str> = found
        .kinds
        .iter()
        .map(|kind| match kind {
            Kinds::Covariate => {
                "covariate drift: other people come; probabilities stand, train anew when there are enough of them"
            }
            Kinds::Prior => "prior drift: the bad rate changed and little else; --recalibrate moves all probabilities",
            Kinds::Concept => "concept drift: what made people risky has changed; train anew",
        })
        .collect();
    lines.push(if kinds.is_empty() { "no drift".to_owned() } else { kinds.join("\n") });
    lines.join("\n")
}
