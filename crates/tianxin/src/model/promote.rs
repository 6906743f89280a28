//! `tianxin model promote`: a model put forward as the champion of a data folder.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use score::bundle::Bundle;
use serde_json::json;

use super::files;
use super::train::refuse_unlawful;
use crate::config::{Place, make_private_folder};
use crate::failure::Failure;
use crate::terminal::say;

/// Put a model forward as the champion of a data folder
///
/// The model is checked, kept under its content hash in `models/`, and named in `models/champion.json`. The champion
/// before it is named there too, so that it can be put back. A file that is no whole model changes nothing.
#[derive(Args)]
pub struct Promote {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
}

impl Promote {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let model = files::model(&self.model)?;
        refuse_unlawful(&model.schema)?;
        let bytes = fs::read(&self.model).map_err(|error| Failure::file(&self.model, "read", error))?;
        let name = Bundle::name_of(&bytes);
        if !place.data.is_dir() {
            let what = "is no data folder: make one with `tianxin init`, or name one with --data";
            return Err(Failure::Unreachable(format!("{} {what}", place.data.display())));
        }
        let folder = place.data.join("models");
        make_private_folder(&folder)?;
        let champion = folder.join("champion.json");
        let before = fs::read(&champion).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
        let before = before.map_or(serde_json::Value::Null, |told| told["name"].clone());
        files::write(&folder.join(format!("{name}.txm")), &bytes)?;
        let told = json!({
            "name": name, "file": format!("{name}.txm"), "before": before,
            "target": model.target.column, "positive": model.target.positive,
            "rows": model.making.rows, "auc": model.making.left_out_auc,
        });
        files::write(&champion, format!("{told}\n").as_bytes())?;
        say(format!("{name} is the champion of {}", place.data.display()));
        Ok(())
    }
}
