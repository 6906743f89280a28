//! Columns as trees see them: numbers with codes taken out, categories as numbers, each way learned on
//! training rows alone.
//!
//! A category is given to trees as its level (for splits that take sets of levels), or as a target
//! statistic: the bad rate of its level, mixed with `prior` rows of the average (Micci-Barreca, 2001),
//! and how frequent it is. A training row's own statistic is computed from the rows of other inner folds only, so
//! that it does not tell the row's own outcome; twins share an inner fold.

use minicbor::{Decode, Encode};

use crate::bin::Trend;
use crate::frame::{Frame, Kind, MISSING, UNSEEN, Values};
use crate::sample::{Past, deal};

/// Most levels that a split can tell apart; the rest count as one.
const LEVELS_MAX: usize = 250;
/// Parts in which statistics of training rows are computed.
const INNER_FOLDS: usize = 8;
/// Up to so many levels a statistic says no more than the levels do.
const FEW_LEVELS: usize = 2;

/// How categories are given to trees.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub enum Categories {
    /// As levels.
    #[n(0)]
    Levels,
    /// As target statistics and frequencies.
    #[n(1)]
    Statistics {
        /// Rows of the average mixed into each level.
        #[n(0)]
        prior: f64,
    },
}

/// One input of the trees.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Input {
    /// The column it is made from, by its place in the schema.
    #[n(0)]
    pub column: u32,
    /// How it is made.
    #[n(1)]
    pub making: Making,
}

/// How an input is made from a column.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Making {
    /// The number; missing where it is a code.
    #[n(0)]
    Number {
        /// The codes.
        #[n(0)]
        specials: Vec<f64>,
    },
    /// Which code it is: 1 for the first, 0 for a number or nothing.
    #[n(1)]
    Special {
        /// The codes.
        #[n(0)]
        specials: Vec<f64>,
    },
    /// The level: 1 for the most frequent, 0 for levels not told apart; missing where it is.
    #[n(2)]
    Level {
        /// Levels told apart.
        #[n(0)]
        levels: u32,
    },
    /// A number for each level.
    #[n(3)]
    Table {
        /// Of each level, by its place in the schema.
        #[n(0)]
        values: Vec<f64>,
        /// Of a level not known.
        #[n(1)]
        unseen: f64,
        /// Of a missing cell.
        #[n(2)]
        missing: f64,
    },
}

/// How a frame becomes inputs.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Encoder {
    /// The inputs.
    #[n(0)]
    pub inputs: Vec<Input>,
}

/// What trees may do with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Split at a threshold, held to the trend.
    Ordered(Trend),
    /// Split into sets of 0 to this.
    Sets(u32),
}

impl Encoder {
    /// The inputs of a frame, one column each.
    pub fn encode(&self, frame: &Frame) -> Vec<Vec<f64>> {
        self.inputs.iter().map(|input| input.of(&frame.columns[input.column as usize])).collect()
    }

    /// What trees may do with each input, where columns have these trends.
    pub fn natures(&self, trends: &[Trend]) -> Vec<Nature> {
        let nature = |input: &Input| match &input.making {
            Making::Number { .. } => Nature::Ordered(trends[input.column as usize]),
            Making::Special { specials } => Nature::Sets(specials.len() as u32),
            Making::Level { levels } => Nature::Sets(*levels),
            Making::Table { .. } => Nature::Ordered(Trend::Free),
        };
        self.inputs.iter().map(nature).collect()
    }
}

impl Input {
    fn of(&self, column: &Values) -> Vec<f64> {
        match (&self.making, column) {
            (Making::Number { specials }, Values::Number(values)) => {
                values.iter().map(|v| if specials.contains(v) { f64::NAN } else { *v }).collect()
            }
            (Making::Special { specials }, Values::Number(values)) => {
                let place = |v: &f64| specials.iter().position(|s| s == v).map_or(0.0, |p| p as f64 + 1.0);
                values.iter().map(place).collect()
            }
            (Making::Level { levels }, Values::Category(codes)) => codes
                .iter()
                .map(|code| match *code {
                    MISSING => f64::NAN,
                    code if code < *levels => f64::from(code) + 1.0,
                    _ => 0.0,
                })
                .collect(),
            (Making::Table { values, unseen, missing }, Values::Category(codes)) => codes
                .iter()
                .map(|code| match *code {
                    MISSING => *missing,
                    code => values.get(code as usize).copied().unwrap_or(*unseen),
                })
                .collect(),
            // A schema gives each column one type; this cannot be met with a frame read by it.
            (_, Values::Number(values)) => vec![f64::NAN; values.len()],
            (_, Values::Category(codes)) => vec![f64::NAN; codes.len()],
        }
    }
}

/// Learns an encoder from the training rows (`is_training`) and encodes all rows: training rows by statistics
/// of other inner folds, the others by the whole.
pub fn fit(past: &Past, is_training: &[bool], categories: Categories, seed: u64) -> (Encoder, Vec<Vec<f64>>) {
    let inner = deal(&past.bad, &past.twins, INNER_FOLDS, seed ^ 0x5eed);
    let (mut inputs, mut encoded) = (Vec::new(), Vec::new());
    let mut push = |input: Input, own: Option<Vec<f64>>| {
        encoded.push(own.unwrap_or_else(|| input.of(&past.frame.columns[input.column as usize])));
        inputs.push(input);
    };
    for (column, spec) in past.schema.columns.iter().enumerate() {
        let at = column as u32;
        match (&spec.kind, &past.frame.columns[column]) {
            (Kind::Number { specials, .. }, _) => {
                push(Input { column: at, making: Making::Number { specials: specials.clone() } }, None);
                if !specials.is_empty() {
                    push(Input { column: at, making: Making::Special { specials: specials.clone() } }, None);
                }
            }
            (Kind::Category { levels, .. }, Values::Category(codes)) => match categories {
                Categories::Statistics { prior } if levels.len() > FEW_LEVELS => {
                    let (statistic, own) = statistic(past, codes, levels.len(), is_training, &inner, prior);
                    push(Input { column: at, making: statistic }, Some(own));
                    push(Input { column: at, making: frequency(codes, levels.len(), is_training) }, None);
                }
                _ => {
                    let levels = levels.len().min(LEVELS_MAX) as u32;
                    push(Input { column: at, making: Making::Level { levels } }, None);
                }
            },
            _ => push(Input { column: at, making: Making::Number { specials: Vec::new() } }, None),
        }
    }
    (Encoder { inputs }, encoded)
}

/// Place of a code in tallies: levels, then not known, then missing.
fn slot(code: u32, levels: usize) -> usize {
    match code {
        MISSING => levels + 1,
        UNSEEN => levels,
        code => (code as usize).min(levels),
    }
}

fn statistic(
    past: &Past,
    codes: &[u32],
    levels: usize,
    is_training: &[bool],
    inner: &[usize],
    prior: f64,
) -> (Making, Vec<f64>) {
    let slots = levels + 2;
    // Weight and bad weight by inner fold and slot; the last block is the whole.
    let mut all = vec![0.0; (INNER_FOLDS + 1) * slots];
    let mut bads = all.clone();
    let (mut weight, mut bad_weight) = (vec![0.0; INNER_FOLDS + 1], vec![0.0; INNER_FOLDS + 1]);
    for row in (0..codes.len()).filter(|row| is_training[*row]) {
        let (w, at) = (past.weights[row], slot(codes[row], levels));
        let b = if past.bad[row] { w } else { 0.0 };
        for block in [inner[row], INNER_FOLDS] {
            all[block * slots + at] += w;
            bads[block * slots + at] += b;
            weight[block] += w;
            bad_weight[block] += b;
        }
    }
    let whole = INNER_FOLDS * slots;
    let mixed = |b: f64, w: f64, rate: f64| (b + prior * rate) / (w + prior);
    let rate = bad_weight[INNER_FOLDS] / weight[INNER_FOLDS].max(1e-12);
    let values: Vec<f64> = (0..slots).map(|s| mixed(bads[whole + s], all[whole + s], rate)).collect();
    let own = (0..codes.len())
        .map(|row| {
            let s = slot(codes[row], levels);
            if !is_training[row] {
                return values[s];
            }
            let block = inner[row];
            let w = weight[INNER_FOLDS] - weight[block];
            let rate = (bad_weight[INNER_FOLDS] - bad_weight[block]) / w.max(1e-12);
            mixed(bads[whole + s] - bads[block * slots + s], all[whole + s] - all[block * slots + s], rate)
        })
        .collect();
    let (unseen, missing) = (values[levels], values[levels + 1]);
    (Making::Table { values: values[..levels].to_vec(), unseen, missing }, own)
}

/// Each level's part of the training rows.
fn frequency(codes: &[u32], levels: usize, is_training: &[bool]) -> Making {
    let (mut counts, mut rows) = (vec![0.0; levels + 2], 0.0);
    for (code, _) in codes.iter().zip(is_training).filter(|(_, is)| **is) {
        counts[slot(*code, levels)] += 1.0;
        rows += 1.0;
    }
    let shares: Vec<f64> = counts.iter().map(|n| n / f64::max(rows, 1.0)).collect();
    Making::Table { values: shares[..levels].to_vec(), unseen: 0.0, missing: shares[levels + 1] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Schema, SchemaSpec, Table};

    fn past() -> Past {
        let mut text = "job,n,y\n".to_owned();
        for i in 0..240 {
            let job = ["farm", "shop", "mine", ""][i % 4];
            text +=
                &format!("{job},{},{}\n", if i % 24 == 1 { 999 } else { i % 30 }, u8::from(i % 4 == 2 && i % 3 > 0));
        }
        let table = Table::read_csv(text.as_bytes()).unwrap();
        let spec = SchemaSpec { left_out: ["y".to_owned()].into(), ..SchemaSpec::default() };
        let schema = Schema::learn(&table, &spec).unwrap();
        let (frame, _) = schema.read(&table).unwrap();
        let bad = table.cells(2).map(|c| c == "1").collect();
        Past::new(schema, frame, bad, None).unwrap()
    }

    #[test]
    fn statistics_are_mixed_and_do_not_tell_the_rows_own_outcome() {
        let past = past();
        let is_training: Vec<bool> = (0..past.rows()).map(|i| i < 200).collect();
        let (encoder, encoded) = fit(&past, &is_training, Categories::Statistics { prior: 10.0 }, 1);
        assert_eq!(encoder.inputs.len(), 4);
        let Making::Table { values, unseen, missing } = &encoder.inputs[0].making else { panic!() };
        // 50 rows of each job among 200, a sixth bad in all, mines two in three.
        let rate = past.bad[..200].iter().filter(|b| **b).count() as f64 / 200.0;
        assert!((unseen - rate).abs() < 1e-12 && *missing < rate && values.iter().any(|v| *v > 0.5));
        // Rows not trained on get the whole; encoding anew gives the same.
        let anew = encoder.encode(&past.frame);
        assert_eq!(anew[0][200..], encoded[0][200..]);
        assert_eq!(encoder.natures(&[Trend::Free, Trend::Rising])[2], Nature::Ordered(Trend::Rising));
        // The code 999 is no number, and has an input of its own.
        assert!(anew[2][1].is_nan() && anew[3][1] == 1.0 && anew[3][2] == 0.0);
        // Within one inner fold and level, all rows get the same, whatever their own outcome.
        let inner = deal(&past.bad, &past.twins, INNER_FOLDS, 1 ^ 0x5eed);
        let pairs = (2..200).step_by(4).flat_map(|i| (2..200).step_by(4).map(move |j| (i, j)));
        for (i, j) in pairs.filter(|(i, j)| inner[*i] == inner[*j]) {
            assert_eq!(encoded[0][i], encoded[0][j]);
        }
    }
}
