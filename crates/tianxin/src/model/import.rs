//! `tianxin model import`: a model of another library, taken over as one of our own.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use score::bundle::Bundle;
use score::frame::Target;
use score::tree::Tree;

use super::files;
use super::train::refuse_unlawful;
use crate::failure::Failure;
use crate::terminal::say;

/// Take over a model of LightGBM (text), XGBoost (JSON) or CatBoost (JSON, numeric columns)
///
/// The file tells by itself whose it is. What is written is a model as training writes it: it predicts, is judged and
/// explained by the same commands, and answers as its library does. Tables are read by the names of its columns; a
/// category is given as the number that the model knows it by.
#[derive(Args)]
pub struct Import {
    /// The library's file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The column whose positive value the model predicts
    #[arg(long, value_name = "COLUMN")]
    target: String,
    /// The positive value
    #[arg(long, value_name = "VALUE", default_value = "1", allow_hyphen_values = true)]
    positive: String,
    /// Where to write the model
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Import {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let bytes = fs::read(&self.file).map_err(|error| Failure::file(&self.file, "read", error))?;
        let wrong = |error: &dyn std::fmt::Display| Failure::Wrong(format!("{}: {error}", self.file.display()));
        let imported = score::import(&bytes).map_err(|error| wrong(&error))?;
        let (source, notes) = (imported.source, imported.notes.clone());
        let trees = imported.ensemble.trees.len();
        let leaves: usize = imported.ensemble.trees.iter().map(|tree: &Tree| tree.leaves().len()).sum();
        let columns = imported.ensemble.columns.join(", ");
        let target = Target { column: self.target.clone(), positive: self.positive.trim().to_owned() };
        let bundle = imported.adopt(target).map_err(|error| wrong(&error))?;
        refuse_unlawful(&bundle.schema)?;
        let bytes = bundle.to_bytes();
        files::write(&self.out, &bytes)?;
        say(format!("{source}: {trees} trees with {leaves} leaves over {columns}"));
        for note in notes {
            say(note);
        }
        say(format!("written to {}, model {}", self.out.display(), Bundle::name_of(&bytes)));
        Ok(())
    }
}
