//! An imported model as a model of our own: one file that is predicted with, judged and explained as a trained one is.

use super::Imported;
use crate::ScoreError;
use crate::bundle::{Bundle, Part, Record, Reference};
use crate::calibrate::Calibrator;
use crate::encode::{Encoder, Input, Making};
use crate::frame::{ColumnSpec, Kind, Schema, Target};
use crate::member::{Member, TreesMember};
use crate::tree::{Ensemble, Link};

impl Imported {
    /// Takes the model over. Its columns are read as numbers, categories as the numbers that the model knows them by;
    /// `target` says what its probability is of. Nothing is known of its training, so those figures are absent.
    ///
    /// Errors if the model tells no probability.
    pub fn adopt(self, target: Target) -> Result<Bundle, ScoreError> {
        let Imported { source, ensemble, notes } = self;
        let Link::Logistic { steepness } = ensemble.link else {
            let what = format!("this {source} model tells no probability; import one trained on good and bad");
            return Err(ScoreError::NotAModel(what));
        };
        let number = || Kind::Number { specials: Vec::new(), codes_below: None, words: Vec::new() };
        let columns = ensemble.columns.iter().map(|name| ColumnSpec { name: name.clone(), kind: number() }).collect();
        let inputs = (0..ensemble.columns.len() as u32)
            .map(|column| Input { column, making: Making::Number { specials: Vec::new() } })
            .collect();
        let columns_read = ensemble.columns.len();
        let trends = vec![0; columns_read];
        let unknown = Reference { missing: 0.0, cuts: Vec::new(), levels: Vec::new(), shares: Vec::new() };
        let ensemble = Ensemble { link: Link::Identity, ..ensemble };
        let member = TreesMember::new(Encoder { inputs }, ensemble)?;
        Ok(Bundle {
            target,
            schema: Schema { columns },
            trends,
            // The sum times the steepness is the log odds, of which reasons are told.
            parts: vec![Part { member: Member::from(member), weight: steepness }],
            calibrator: Calibrator::Line { intercept: 0.0, slope: 1.0 },
            making: Record {
                rows: 0,
                bads: 0,
                seed: 0,
                work: 0,
                left_out_auc: f64::NAN,
                left_out_log_loss: f64::NAN,
                left_out_brier: f64::NAN,
                standings: Vec::new(),
                references: vec![unknown; columns_read],
                source: Some(source.to_string()),
                notes,
                said: None,
            },
        })
    }
}
