//! The members of a model: each turns a frame into log odds in its own way.

use minicbor::{Decode, Encode};

use crate::ScoreError;
use crate::bin::Trend;
use crate::encode::{Categories, Encoder, Input, fit as fit_encoder};
use crate::explain::Shares;
use crate::fast::Fast;
use crate::frame::{Frame, Kind, MISSING, Values};
use crate::grow::{Binned, GrowSpec, Watch, boost};
use crate::logistic::{Penalty, fit_weighted};
use crate::math::ln;
use crate::sample::Past;
use crate::tree::{Ensemble, Link, Reading, Rounding, Sum};
use crate::woe::Evidence;

/// Least information value of a column of a card.
const INFORMATION_MIN: f64 = 0.004;
/// Rows that are taken through one tree after the other, so that a tree is fetched once for all of them.
const BLOCK: usize = 256;
/// Most columns that are cut into ranges with care.
const COLUMNS_CUT_MAX: usize = 150;
/// What the search for the ranges of a column costs.
const RANGES_WORK: u64 = 500_000;
/// Most columns of a card.
const CARD_COLUMNS_MAX: usize = 80;

/// A member of a model.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Member {
    /// A scorecard.
    #[n(0)]
    Card(#[n(0)] CardMember),
    /// Boosted trees.
    #[n(1)]
    Trees(#[n(0)] Box<TreesMember>),
}

/// A scorecard: weights of evidence, each with a coefficient.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CardMember {
    /// Log odds where all evidence is 0.
    #[n(0)]
    pub intercept: f64,
    /// The columns.
    #[n(1)]
    pub evidence: Vec<Evidence>,
    /// The coefficient of each, above 0.
    #[n(2)]
    pub coefficients: Vec<f64>,
}

/// Boosted trees over encoded inputs, ready to answer.
#[derive(Clone, Debug)]
pub struct TreesMember {
    encoder: Encoder,
    ensemble: Ensemble,
    fast: Fast,
    shares: Option<Vec<Shares>>,
}

/// What of a member of trees is kept in a file; the rest is made ready from it.
#[derive(Decode)]
struct Kept {
    #[n(0)]
    encoder: Encoder,
    #[n(1)]
    ensemble: Ensemble,
}

impl<C> Encode<C> for TreesMember {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(2)?;
        Encode::encode(&self.encoder, e, ctx)?;
        Encode::encode(&self.ensemble, e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for TreesMember {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<TreesMember, minicbor::decode::Error> {
        let Kept { encoder, ensemble } = Kept::decode(d, ctx)?;
        TreesMember::new(encoder, ensemble).map_err(|error| minicbor::decode::Error::message(error.to_string()))
    }
}

impl PartialEq for TreesMember {
    fn eq(&self, other: &TreesMember) -> bool {
        self.encoder == other.encoder && self.ensemble == other.ensemble
    }
}

impl From<TreesMember> for Member {
    fn from(trees: TreesMember) -> Member {
        Member::Trees(Box::new(trees))
    }
}

impl Member {
    /// What it is, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Member::Card(_) => "scorecard",
            Member::Trees(_) => "trees",
        }
    }

    /// Log odds of every row.
    pub fn log_odds(&self, frame: &Frame) -> Vec<f64> {
        match self {
            Member::Card(card) => card.log_odds(frame),
            Member::Trees(trees) => trees.log_odds(frame),
        }
    }
}

impl CardMember {
    /// Log odds of every row.
    pub fn log_odds(&self, frame: &Frame) -> Vec<f64> {
        let mut sum = vec![self.intercept; frame.rows];
        for (evidence, coefficient) in self.evidence.iter().zip(&self.coefficients) {
            let weights = evidence.weights_of(&frame.columns[evidence.column as usize]);
            sum.iter_mut().zip(weights).for_each(|(s, w)| *s += coefficient * w);
        }
        sum
    }
}

impl TreesMember {
    /// Makes trees ready. Errors if they are not sound, or ask for other inputs than the encoder makes.
    pub fn new(encoder: Encoder, ensemble: Ensemble) -> Result<TreesMember, ScoreError> {
        if ensemble.columns.len() != encoder.inputs.len() {
            return Err(ScoreError::NotAModel("its trees ask for inputs that are not made".to_owned()));
        }
        let fast = Fast::new(&ensemble)?;
        let shares = ensemble.trees.iter().map(Shares::of).collect();
        Ok(TreesMember { encoder, ensemble, fast, shares })
    }

    /// How a frame becomes inputs.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The trees of all seeds; their mean is the answer.
    pub fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    /// What each tree's splits parted in training; none where that is not known.
    pub(crate) fn shares(&self) -> Option<&[Shares]> {
        self.shares.as_deref()
    }

    /// Log odds of every row.
    pub fn log_odds(&self, frame: &Frame) -> Vec<f64> {
        let inputs = self.encoder.encode(frame);
        if frame.rows == 1 {
            let row: Vec<f64> = inputs.iter().map(|input| input.first().copied().unwrap_or(f64::NAN)).collect();
            return vec![self.fast.one(&row)];
        }
        let width = inputs.len().max(1);
        let mut said = vec![0.0; frame.rows];
        let mut cells = vec![0.0; BLOCK * width];
        for (block, said) in said.chunks_mut(BLOCK).enumerate() {
            for (place, input) in inputs.iter().enumerate() {
                for (row, value) in input.iter().skip(block * BLOCK).take(said.len()).enumerate() {
                    cells[row * width + place] = *value;
                }
            }
            self.fast.answer(&cells[..said.len() * width], said);
        }
        said
    }
}

/// Learns cards from the training rows, one for each penalty; the ranges are the same for all.
pub fn fit_cards(past: &Past, trends: &[Trend], is_training: &[bool], penalties: &[Penalty]) -> Vec<CardMember> {
    let rows: Vec<usize> = (0..past.rows()).filter(|row| is_training[*row]).collect();
    let outcome = |row: usize| (past.bad[row], past.weights[row]);
    let mut evidence: Vec<Evidence> = Vec::new();
    for column in promising(past, &rows) {
        let spec = &past.schema.columns[column];
        let specials: &[f64] = match &spec.kind {
            Kind::Number { specials, .. } => specials,
            _ => &[],
        };
        let values = &past.frame.columns[column];
        let found = Evidence::fit(column as u32, values, specials, trends[column], &rows, &outcome);
        if found.information >= INFORMATION_MIN {
            evidence.push(found);
        }
    }
    // The most telling; equal ones in the order of the columns.
    evidence.sort_by(|a, b| b.information.total_cmp(&a.information));
    evidence.truncate(CARD_COLUMNS_MAX);
    let training = past.frame.take(&rows);
    let columns: Vec<Vec<f64>> = evidence.iter().map(|e| e.weights_of(&training.columns[e.column as usize])).collect();
    let bad: Vec<bool> = rows.iter().map(|row| past.bad[*row]).collect();
    let weights: Vec<f64> = rows.iter().map(|row| past.weights[*row]).collect();
    let fit_one = |penalty: &Penalty| {
        let fit = fit_weighted(&columns, &bad, &weights, *penalty);
        let used = evidence.iter().zip(fit.coefficients).filter(|(_, c)| *c > 0.0);
        let (evidence, coefficients) = used.map(|(e, c)| (e.clone(), c)).unzip();
        CardMember { intercept: fit.intercept, evidence, coefficients }
    };
    penalties.iter().map(fit_one).collect()
}

/// How many bins inputs are cut into: fewer where rows are few, since each holds some.
pub fn bins_for(rows: usize) -> usize {
    (rows / 20).clamp(32, 255)
}

/// The columns that are cut with care: all, or of many those that tell most in ten plain ranges; in their order.
fn promising(past: &Past, rows: &[usize]) -> Vec<usize> {
    let columns = past.frame.columns.len();
    if columns <= COLUMNS_CUT_MAX {
        return (0..columns).collect();
    }
    let mut told: Vec<(f64, usize)> =
        past.frame.columns.iter().enumerate().map(|(at, values)| (plain_information(values, past, rows), at)).collect();
    told.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    told.truncate(COLUMNS_CUT_MAX);
    let mut chosen: Vec<usize> = told.into_iter().map(|(_, at)| at).collect();
    chosen.sort_unstable();
    chosen
}

/// Information value over ten ranges of about equal number, or the most frequent levels, and missing cells.
fn plain_information(values: &Values, past: &Past, rows: &[usize]) -> f64 {
    const RANGES: usize = 10;
    let mut sums = [(0.5, 0.5); RANGES + 1];
    let mut put = |range: usize, row: usize| {
        let sum: &mut (f64, f64) = &mut sums[range];
        *(if past.bad[row] { &mut sum.1 } else { &mut sum.0 }) += past.weights[row];
    };
    match values {
        Values::Number(values) => {
            let mut known: Vec<f64> = rows.iter().map(|row| values[*row]).filter(|v| !v.is_nan()).collect();
            known.sort_unstable_by(f64::total_cmp);
            let cuts: Vec<f64> = (1..RANGES).filter_map(|at| known.get(known.len() * at / RANGES).copied()).collect();
            for row in rows {
                let value = values[*row];
                put(if value.is_nan() { RANGES } else { cuts.partition_point(|cut| *cut < value) }, *row);
            }
        }
        Values::Category(codes) => {
            for row in rows {
                put(if codes[*row] == MISSING { RANGES } else { (codes[*row] as usize).min(RANGES - 1) }, *row);
            }
        }
    }
    let (goods, bads) = sums.iter().fold((0.0, 0.0), |all, sum| (all.0 + sum.0, all.1 + sum.1));
    sums.iter().map(|(g, b)| (b / bads - g / goods) * ln(b * goods / (g * bads))).sum()
}

/// What learning a card costs, in numbers added up: the search for ranges of each column, and every pair of columns at every step of
/// the regression.
pub(crate) fn card_work(rows: usize, columns: usize) -> u64 {
    let cut = columns.min(COLUMNS_CUT_MAX) as u64;
    let joined = columns.min(CARD_COLUMNS_MAX) as u64;
    (rows * columns * 10) as u64 + cut * RANGES_WORK + rows as u64 * joined * (joined + 20) * 4
}

/// Boosts on all rows once.
pub fn fit_trees(
    past: &Past,
    trends: &[Trend],
    grow: &GrowSpec,
    categories: Categories,
    rounds: usize,
    seed: u64,
) -> Result<TreesMember, ScoreError> {
    let all = vec![true; past.rows()];
    let encoded = fit_encoder(past, &all, categories, seed);
    let mut binned = Binned::cut(&encoded, trends, &all, bins_for(past.rows()));
    let encoder = encoded.encoder;
    let watch = Watch { is_training: &all, bad: &past.bad, weights: &past.weights, keep_at: &[rounds], patience: None };
    let boosted = boost(&mut binned, &watch, grow, seed);
    let trees = boosted.trees.iter().map(|tree| tree.tree(&binned)).collect();
    // A column may have several inputs; their places tell them apart.
    let named =
        |(place, input): (usize, &Input)| format!("{place} {}", past.schema.columns[input.column as usize].name);
    let columns = encoder.inputs.iter().enumerate().map(named).collect();
    let sum = Sum { start: boosted.start, rounding: Rounding::Double, scale: 1.0, offset: 0.0 };
    TreesMember::new(encoder, Ensemble { columns, reading: Reading::Double, trees, sum, link: Link::Identity })
}

/// One member of what was fitted with several seeds: trees of all of them, of which the mean is taken. Errors if one of them is none,
/// or there is none.
pub(crate) fn joined_trees(fitted: impl Iterator<Item = Result<Member, ScoreError>>) -> Result<Member, ScoreError> {
    let (mut seeds, mut encoder, mut whole): (f64, _, Option<Ensemble>) = (0.0, Encoder { inputs: Vec::new() }, None);
    for member in fitted {
        let trees = match member? {
            Member::Card(card) => return Ok(Member::Card(card)),
            Member::Trees(trees) => trees,
        };
        seeds += 1.0;
        // What a level means to later rows does not depend on the seed, only the inner folds do.
        encoder = trees.encoder;
        whole = Some(match whole {
            None => trees.ensemble,
            Some(mut whole) => {
                whole.sum.start += trees.ensemble.sum.start;
                whole.trees.extend(trees.ensemble.trees);
                whole
            }
        });
    }
    let mut whole = whole.ok_or_else(|| ScoreError::NotAModel("nothing was fitted".to_owned()))?;
    whole.sum.scale = 1.0 / seeds;
    TreesMember::new(encoder, whole).map(Member::from)
}
