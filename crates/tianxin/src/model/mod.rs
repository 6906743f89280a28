//! `tianxin model`: train a model on anybody's table, judge it, predict with it, put it forward.

use clap::Subcommand;

use crate::config::Place;
use crate::failure::Failure;

mod card;
mod crew;
mod drift;
mod explain;
mod fair;
mod files;
mod import;
mod judge;
mod predict;
mod promote;
mod train;

/// Train, judge and use models
#[derive(Subcommand)]
pub enum Model {
    /// Train a model on a table of past loans
    Train(train::Train),
    /// Judge a model on rows whose outcome is known
    Evaluate(judge::Evaluate),
    /// Say the probability of each row of a table
    Predict(predict::Predict),
    /// Say why a model says what it says of a row
    Explain(explain::Explain),
    /// Compare two models on the same rows
    Compare(judge::Compare),
    /// Say how a model was made, and print its scorecard
    Show(card::Show),
    /// Take over a model of LightGBM, XGBoost or CatBoost
    Import(import::Import),
    /// Hold a table against what a model was trained on
    Drift(drift::DriftTask),
    /// Say how models of a table treat groups of people
    Fair(fair::Fair),
    /// Put a model forward as the champion of a data folder
    Promote(promote::Promote),
}

impl Model {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Model::Train(train) => train.run(),
            Model::Evaluate(evaluate) => evaluate.run(),
            Model::Predict(predict) => predict.run(),
            Model::Explain(explain) => explain.run(),
            Model::Compare(compare) => compare.run(),
            Model::Show(show) => show.run(),
            Model::Import(import) => import.run(),
            Model::Drift(drift) => drift.run(),
            Model::Fair(fair) => fair.run(),
            Model::Promote(promote) => promote.run(place),
        }
    }
}
