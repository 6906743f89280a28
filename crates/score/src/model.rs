//! A model as a file: deterministic bytes, named by their hash, with the card of its data.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ScoreError;
use crate::metrics::CalibrationRow;
use crate::scorecard::Scorecard;
use crate::train::Tuning;

/// Everything known of a model. Its bytes are compact JSON, fields in the order declared,
/// whole numbers only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Format of the file: 1.
    pub format: u32,
    /// Kind of model: `scorecard`.
    pub kind: String,
    /// The model.
    pub card: Scorecard,
    /// What it was trained on.
    pub data: DataCard,
    /// The settings that training chose.
    pub tuning: Tuning,
    /// The seed of its folds.
    pub seed: u64,
    /// How it did.
    pub metrics: Metrics,
}

/// What a model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataCard {
    /// Name of the data.
    pub name: String,
    /// What `bad` means there.
    pub outcome: String,
    /// First date of the loans, such as `1993-07-05`.
    pub from: String,
    /// Last date.
    pub to: String,
    /// What a reader has to know: gaps, immature labels.
    pub limits: Vec<String>,
}

/// Figures of a model on its own training data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Rows.
    pub rows: usize,
    /// Bad among them.
    pub bads: usize,
    /// AUC on the training rows themselves, ppm: flatters.
    pub auc_train_ppm: i64,
    /// AUC on rows left out in cross-validation, mean over the repeats, ppm.
    pub auc_cross_ppm: i64,
    /// Log loss on rows left out, before calibration, millionths.
    pub log_loss_cross_micro: i64,
    /// Brier score on the training rows, millionths.
    pub brier_micro: i64,
    /// Rows, bads and mean PD (ppm) by group of PD on the training rows.
    pub calibration: Vec<(usize, usize, i64)>,
}

impl Metrics {
    pub(crate) fn calibration_of(rows: &[CalibrationRow]) -> Vec<(usize, usize, i64)> {
        rows.iter().map(|r| (r.rows, r.bads, r.pd_ppm)).collect()
    }
}

impl ModelFile {
    /// The format this code writes and reads.
    pub const FORMAT: u32 = 1;
    /// The kind this code writes and reads.
    pub const KIND: &'static str = "scorecard";

    /// The bytes of the file; the same model always gives the same.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Whole numbers, text and sequences cannot fail to serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// SHA-256 of the bytes, hex: the model's name.
    pub fn hash(&self) -> String {
        hash_of(&self.to_bytes())
    }

    /// Reads a file. Errors unless it is whole and of a known format.
    pub fn from_bytes(bytes: &[u8]) -> Result<ModelFile, ScoreError> {
        let model: ModelFile = serde_json::from_slice(bytes).map_err(|e| ScoreError::NotAModel(e.to_string()))?;
        if model.format != Self::FORMAT || model.kind != Self::KIND {
            return Err(ScoreError::NotAModel(format!("kind `{}`, format {}", model.kind, model.format)));
        }
        for f in &model.card.features {
            if f.log_odds_micro.len() != f.edges.len() + 1 || !f.edges.is_sorted() {
                return Err(ScoreError::NotAModel(format!("the ranges of feature `{}` do not fit", f.name)));
            }
        }
        Ok(model)
    }

    /// Reads the file of a named model. Errors if the bytes are not that model's.
    pub fn load(bytes: &[u8], expected_hash: &str) -> Result<ModelFile, ScoreError> {
        let found = hash_of(bytes);
        if found == expected_hash {
            ModelFile::from_bytes(bytes)
        } else {
            Err(ScoreError::Hash { expected: expected_hash.chars().take(64).collect(), found })
        }
    }
}

pub(crate) fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
