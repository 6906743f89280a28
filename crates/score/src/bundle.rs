//! A trained model as one file: everything that is needed to read a table, predict, and say how it was made.
//!
//! The file is a line that names the format, the model in CBOR, and the SHA-256 of both at the end, so that
//! a file cut short or changed is never taken for a model.

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::ScoreError;
use crate::bin::Trend;
use crate::calibrate::Calibrator;
use crate::frame::{BadCells, Frame, Schema, Table, Target};
use crate::judge::Figures;
use crate::math::logistic;
use crate::member::Member;
use crate::portfolio::Study;
use crate::sample::Past;

/// The first bytes of every model file; the number is the format's.
const HEAD: &[u8] = b"tianxin model 1\n";
/// Length of the hash at the end.
const HASH: usize = 32;

/// A trained model.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Bundle {
    /// What it predicts.
    #[n(0)]
    pub target: Target,
    /// How it reads a table.
    #[n(1)]
    pub schema: Schema,
    /// How risk was held to move with each column: 1 up, −1 down, 0 free.
    #[n(2)]
    pub trends: Vec<i8>,
    /// Its members.
    #[n(3)]
    pub parts: Vec<Part>,
    /// From the blended log odds to true ones.
    #[n(4)]
    pub calibrator: Calibrator,
    /// How it was made.
    #[n(5)]
    pub making: Record,
}

/// A member and what it weighs.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Part {
    /// The member.
    #[n(0)]
    pub member: Member,
    /// Its weight in log odds.
    #[n(1)]
    pub weight: f64,
}

/// How a model was made.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Record {
    /// Rows trained on.
    #[n(0)]
    pub rows: u64,
    /// Bad ones.
    #[n(1)]
    pub bads: u64,
    /// The seed.
    #[n(2)]
    pub seed: u64,
    /// How much was done to make it: about one for each number added up.
    #[n(3)]
    pub work: u64,
    /// AUC on rows left out.
    #[n(4)]
    pub left_out_auc: f64,
    /// Log loss on rows left out, calibrated.
    #[n(5)]
    pub left_out_log_loss: f64,
    /// Brier score on rows left out, calibrated.
    #[n(6)]
    pub left_out_brier: f64,
    /// The finalists of the race.
    #[n(7)]
    pub standings: Vec<Standing>,
    /// The columns as trained on, to see later whether those that come are like them.
    #[n(8)]
    pub references: Vec<Reference>,
    /// Whose model it was, where it was taken over and not trained here.
    #[n(9)]
    pub source: Option<String>,
    /// What a reader has to know of it, a sentence each.
    #[n(10)]
    #[cbor(default)]
    pub notes: Vec<String>,
    /// What was said of training rows by models that had not seen them.
    #[n(11)]
    pub said: Option<SaidReference>,
}

/// A finalist of the race.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Standing {
    /// Its settings.
    #[n(0)]
    pub candidate: String,
    /// AUC on rows left out.
    #[n(1)]
    pub auc: f64,
    /// Log loss on rows left out, before calibration.
    #[n(2)]
    pub log_loss: f64,
    /// Its weight in the blend.
    #[n(3)]
    pub weight: f64,
}

/// How a column was distributed in training.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Reference {
    /// Part of the rows without a value.
    #[n(0)]
    pub missing: f64,
    /// Tenths of a number's values: nine cuts. Empty for categories.
    #[n(1)]
    pub cuts: Vec<f64>,
    /// Parts of the rows at the most frequent levels, at most ten. Empty for numbers.
    #[n(2)]
    pub levels: Vec<f64>,
    /// Parts of the rows between the cuts, or at the levels and at all others; missing ones apart. Empty where it is not known.
    #[n(3)]
    #[cbor(default)]
    pub shares: Vec<f64>,
}

/// What was said of training rows by models that had not seen them.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SaidReference {
    /// Tenths of the calibrated log odds, ascending.
    #[n(0)]
    pub cuts: Vec<f64>,
    /// Parts of the goods between the cuts.
    #[n(1)]
    pub goods: Vec<f64>,
    /// Parts of the bads.
    #[n(2)]
    pub bads: Vec<f64>,
    /// Part of the rows that were bad.
    #[n(3)]
    pub rate: f64,
}

impl Bundle {
    /// Puts a model together.
    pub(crate) fn new(
        past: &Past,
        target: &Target,
        study: &Study,
        parts: Vec<Part>,
        calibrator: Calibrator,
        (figures, standings, work): (Option<Figures>, Vec<Standing>, u64),
    ) -> Bundle {
        let of = |pick: fn(&Figures) -> f64| figures.as_ref().map_or(f64::NAN, pick);
        let trend = |trend: &Trend| match trend {
            Trend::Rising => 1,
            Trend::Falling => -1,
            Trend::Free => 0,
        };
        Bundle {
            target: target.clone(),
            schema: past.schema.clone(),
            trends: study.trends.iter().map(trend).collect(),
            parts,
            calibrator,
            making: Record {
                rows: past.rows() as u64,
                bads: past.bads() as u64,
                seed: study.seed,
                work,
                left_out_auc: of(|f| f.auc),
                left_out_log_loss: of(|f| f.log_loss),
                left_out_brier: of(|f| f.brier),
                standings,
                references: past.frame.columns.iter().map(|c| Reference::of(c, past.rows())).collect(),
                source: None,
                notes: Vec::new(),
                said: None,
            },
        }
    }

    /// Reads a table as this model does. Errors if a column is missing.
    pub fn read(&self, table: &Table) -> Result<(Frame, Vec<BadCells>), ScoreError> {
        self.schema.read(table)
    }

    /// Log odds of each row before calibration.
    pub fn log_odds(&self, frame: &Frame) -> Vec<f64> {
        let mut sum = vec![0.0; frame.rows];
        for part in &self.parts {
            let z = part.member.log_odds(frame);
            sum.iter_mut().zip(z).for_each(|(s, z)| *s += part.weight * z);
        }
        sum
    }

    /// Probability of bad of each row.
    pub fn predict(&self, frame: &Frame) -> Vec<f64> {
        self.log_odds(frame).into_iter().map(|z| logistic(self.calibrator.apply(z))).collect()
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        // Writing to a vector cannot fail.
        let _ = minicbor::encode(self, &mut bytes);
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        bytes
    }

    /// SHA-256 of a model file, hex: the model's name.
    pub fn name_of(bytes: &[u8]) -> String {
        crate::model::hash_of(bytes)
    }

    /// Reads a file. Errors unless it is whole, unchanged and of a known format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Bundle, ScoreError> {
        let not = |why: String| ScoreError::NotAModel(why);
        let body = bytes.strip_prefix(HEAD).ok_or_else(|| {
            let known = bytes.starts_with(b"tianxin model ");
            not(if known { "its format is not known to this program" } else { "it does not begin as one" }.to_owned())
        })?;
        let Some(end) = body.len().checked_sub(HASH) else {
            return Err(not("it is cut short".to_owned()));
        };
        let (whole, hash) = bytes.split_at(HEAD.len() + end);
        if Sha256::digest(whole).as_slice() != hash {
            return Err(not("it is cut short or was changed".to_owned()));
        }
        let bundle: Bundle = minicbor::decode(&body[..end]).map_err(|e| not(e.to_string()))?;
        bundle.check()?;
        Ok(bundle)
    }

    /// Whether every place that the model names is there.
    fn check(&self) -> Result<(), ScoreError> {
        let not = |why: &str| Err(ScoreError::NotAModel(why.to_owned()));
        let columns = self.schema.columns.len();
        if self.trends.len() != columns || self.making.references.len() != columns {
            return not("its columns do not fit one another");
        }
        if self.parts.is_empty() || !self.parts.iter().all(|p| p.weight.is_finite()) {
            return not("it has no members");
        }
        if !self.calibrator.is_sound() {
            return not("its calibration is out of order");
        }
        for part in &self.parts {
            let fits = match &part.member {
                Member::Card(card) => {
                    card.evidence.iter().all(|e| (e.column as usize) < columns)
                        && card.coefficients.len() == card.evidence.len()
                }
                Member::Trees(trees) => trees.encoder().inputs.iter().all(|input| input.is_sound(columns)),
            };
            if !fits {
                return not("a member names what is not there");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Kind;

    /// Parts of a model as the first files had them.
    mod older {
        use minicbor::Encode;

        #[derive(Encode)]
        pub struct Reference {
            #[n(0)]
            pub missing: f64,
            #[n(1)]
            pub cuts: Vec<f64>,
            #[n(2)]
            pub levels: Vec<f64>,
        }

        #[derive(Encode)]
        pub enum Kind {
            #[n(0)]
            Number {
                #[n(0)]
                specials: Vec<f64>,
                #[n(1)]
                codes_below: Option<f64>,
            },
        }

        #[derive(Encode)]
        pub struct Record {
            #[n(0)]
            pub rows: u64,
            #[n(1)]
            pub bads: u64,
            #[n(2)]
            pub seed: u64,
            #[n(3)]
            pub work: u64,
            #[n(4)]
            pub left_out_auc: f64,
            #[n(5)]
            pub left_out_log_loss: f64,
            #[n(6)]
            pub left_out_brier: f64,
            #[n(7)]
            pub standings: Vec<super::Standing>,
            #[n(8)]
            pub references: Vec<Reference>,
        }
    }

    #[test]
    fn what_the_first_files_did_not_tell_is_absent() {
        let reference = older::Reference { missing: 0.25, cuts: vec![1.0], levels: Vec::new() };
        let record = older::Record {
            rows: 100,
            bads: 20,
            seed: 1,
            work: 5,
            left_out_auc: 0.75,
            left_out_log_loss: 0.5,
            left_out_brier: 0.125,
            standings: Vec::new(),
            references: vec![reference],
        };
        let read: Record = minicbor::decode(&minicbor::to_vec(&record).unwrap()).unwrap();
        assert_eq!((read.rows, read.references[0].missing, read.references[0].shares.len()), (100, 0.25, 0));
        assert_eq!((read.source, read.notes.len(), read.said), (None, 0, None));
        let kind = older::Kind::Number { specials: vec![-9.0], codes_below: Some(-9.0) };
        let read: Kind = minicbor::decode(&minicbor::to_vec(&kind).unwrap()).unwrap();
        assert_eq!(read, Kind::Number { specials: vec![-9.0], codes_below: Some(-9.0), words: Vec::new() });
    }
}
