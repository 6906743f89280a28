//! Models of other libraries, read from their own files into the one form of [`crate::tree`].
//!
//! An imported model answers as its library does: LightGBM and CatBoost to 1e-12, XGBoost (which adds in
//! single precision, as we then do) to 1e-6, and the same leaf of each tree at every threshold and its two neighbours
//! among the floating-point numbers. What a file asks for and we do not know is refused by name,
//! never passed over.

use crate::tree::{Branching, Child, Ensemble, Question, Split, TreeError};

mod adopt;
mod catboost;
mod lightgbm;
mod xgboost;

/// A model that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Whose file it was.
    pub source: Source,
    /// The model.
    pub ensemble: Ensemble,
    /// What a reader has to know, a sentence each: rounds left out, how categories are to be given.
    pub notes: Vec<String>,
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// LightGBM, text.
    LightGbm,
    /// XGBoost, JSON.
    XgBoost,
    /// CatBoost, JSON.
    CatBoost,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Source::LightGbm => "LightGBM",
            Source::XgBoost => "XGBoost",
            Source::CatBoost => "CatBoost",
        })
    }
}

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Nobody's file, or a form of it that is not read.
    #[error("this is no model that can be imported: {0}")]
    Unknown(&'static str),
    /// The file is damaged or cut short.
    #[error("{source_name} model, {place}: {what}; export it again from {source_name}")]
    Broken {
        /// Whose file.
        source_name: Source,
        /// Where, such as `line 12` or `tree 3`.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// The model does something that is not supported.
    #[error("{source_name} model: {what} is not supported; {advice}")]
    Unsupported {
        /// Whose file.
        source_name: Source,
        /// What it does.
        what: String,
        /// What to do.
        advice: &'static str,
    },
    /// The trees do not fit together.
    #[error("{source_name} model: {error}")]
    Tree {
        /// Whose file.
        source_name: Source,
        /// What does not fit.
        error: TreeError,
    },
}

/// What each library's binary file begins with, and what to ask of the library instead.
const BINARY: [(&[u8], &str); 3] = [
    (b"CBM1", "a binary CatBoost file; save it with format=\"json\""),
    (b"{L", "a binary XGBoost file (UBJSON); save it under a name that ends with .json"),
    (b"binf", "an old binary XGBoost file; load it and save it under a name that ends with .json"),
];

/// Reads a model file of LightGBM (text), XGBoost (JSON) or CatBoost (JSON), which tells by itself whose it is.
pub fn import(bytes: &[u8]) -> Result<Imported, ImportError> {
    if let Some((_, advice)) = BINARY.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(ImportError::Unknown(advice));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| ImportError::Unknown("it is no text; give LightGBM text, XGBoost JSON or CatBoost JSON"))?;
    let imported = if text.starts_with("tree\n") || text.starts_with("tree\r\n") {
        lightgbm::read(text)
    } else if text.trim_start().starts_with('{') {
        // XGBoost has everything under `learner`, which stands at the top of no CatBoost file.
        if has_learner(text) { xgboost::read(text) } else { catboost::read(text) }
    } else {
        Err(ImportError::Unknown("it begins as none; give LightGBM text, XGBoost JSON or CatBoost JSON"))
    }?;
    let source_name = imported.source;
    imported.ensemble.check().map_err(|error| ImportError::Tree { source_name, error })?;
    Ok(imported)
}

/// Whether a JSON object has a `learner` of its own; one cut short counts as having what was met.
fn has_learner(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Heads {
        learner: Option<serde::de::IgnoredAny>,
    }
    match serde_json::from_str::<Heads>(text) {
        Ok(heads) => heads.learner.is_some(),
        Err(_) => text.split_once('{').is_some_and(|(_, rest)| rest.trim_start().starts_with("\"learner\"")),
    }
}

/// What is wrong with JSON, with the place in it.
fn json_error(source_name: Source, error: &serde_json::Error) -> ImportError {
    let place = format!("line {}, column {}", error.line(), error.column());
    let what = error.to_string();
    // The place is said once.
    let what = what.split(" at line ").next().unwrap_or_default().to_owned();
    ImportError::Broken { source_name, place, what }
}

/// A tree on the way from a file that numbers its nodes: splits and leaves get their own numbers as they come.
#[derive(Default)]
struct Growing {
    tree: Branching,
}

impl Growing {
    fn leaf(&mut self, value: f64, cover: f64) -> Child {
        self.tree.leaves.push(value);
        self.tree.covers.push(cover);
        Child::Leaf((self.tree.leaves.len() - 1) as u32)
    }

    /// A split whose children are told later.
    fn split(&mut self, ask: Question) -> u32 {
        self.tree.splits.push(Split { ask, yes: Child::Leaf(u32::MAX), no: Child::Leaf(u32::MAX) });
        (self.tree.splits.len() - 1) as u32
    }

    fn lead(&mut self, split: u32, yes: Child, no: Child) {
        if let Some(split) = self.tree.splits.get_mut(split as usize) {
            (split.yes, split.no) = (yes, no);
        }
    }
}

#[cfg(test)]
mod tests;
