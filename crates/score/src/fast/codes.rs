//! Values to bytes: how many of a column's thresholds a value is above.
//!
//! A byte counts at most 255 thresholds, so a column with more has several bytes, each for a part of them. Where missing
//! values (or zeros) are to go to different sides under different questions, a column has a byte for each way.

use std::collections::BTreeMap;

use super::single::is_zero;
use super::{BLOCK, Bytes, highest};
use crate::tree::{Ensemble, Question, Reading, Test, Tree};

/// Most thresholds of a byte.
const PART: usize = 255;

/// What a byte is made from.
#[derive(Clone, Debug)]
pub(super) struct Code {
    column: usize,
    kind: Kind,
    /// Whether what is missing answers every question with yes.
    missing: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Ascending thresholds, filled up with infinity, and the width of the first step of the search.
    Rank(Box<Cuts>),
    /// The same, and zeros are taken for missing.
    RankZeroMissing(Box<Cuts>),
    /// 0 for what the test holds of, 1 for the rest.
    Holds(Test),
}

/// Ascending thresholds, filled up with infinity.
#[derive(Clone, Debug)]
pub(super) struct Cuts {
    pub(super) all: [f64; 256],
    /// The last of each sixteen.
    pub(super) coarse: [f64; 16],
    /// Steps of a search by halves.
    pub(super) bits: u32,
}

/// All bytes of a row.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    reading: Reading,
    codes: Vec<Code>,
}

/// Thresholds by what they are asked of, on the way to [`Codes`].
pub(super) struct Making {
    reading: Reading,
    /// Column, whether zero is missing, where missing goes: thresholds ascending, and the first byte.
    ranks: BTreeMap<(u32, bool, bool), (Vec<f64>, usize)>,
    sets: BTreeMap<Set, usize>,
    count: usize,
}

/// A set of categories as it is asked of: column, whether missing answers yes, bits of the lowest, categories.
pub(super) type Set = (u32, bool, u64, Vec<u64>);

/// The set that a question is about, if it is about one.
pub(super) fn set_of(ask: &Question) -> Option<Set> {
    match &ask.test {
        Test::OneOf { categories, lowest } => Some((ask.column, ask.missing, lowest.to_bits(), categories.clone())),
        Test::AtMost { .. } | Test::AtMostZeroMissing { .. } => None,
    }
}

/// A question as the comparison of a byte: yes if it is at most that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) code: u32,
    pub(super) most: u8,
}

pub(super) fn questions(tree: &Tree) -> Vec<&Question> {
    match tree {
        Tree::Branching(tree) => tree.splits.iter().map(|split| &split.ask).collect(),
        Tree::Oblivious(tree) => tree.levels.iter().collect(),
    }
}

impl Making {
    pub(super) fn of(ensemble: &Ensemble) -> Making {
        let mut ranks: BTreeMap<(u32, bool, bool), (Vec<f64>, usize)> = BTreeMap::new();
        let mut sets = BTreeMap::new();
        for ask in ensemble.trees.iter().flat_map(questions) {
            match ask.test {
                Test::AtMost { threshold } | Test::AtMostZeroMissing { threshold } => {
                    let zero = matches!(ask.test, Test::AtMostZeroMissing { .. });
                    let cuts = ranks.entry((ask.column, zero, ask.missing)).or_default();
                    cuts.0.push(highest(ensemble.reading, threshold));
                }
                Test::OneOf { .. } => {
                    let next = sets.len();
                    set_of(ask).map(|set| *sets.entry(set).or_insert(next));
                }
            }
        }
        let mut count = 0;
        for (cuts, first) in ranks.values_mut() {
            cuts.sort_by(f64::total_cmp);
            cuts.dedup();
            *first = count;
            count += cuts.len().div_ceil(PART);
        }
        Making { reading: ensemble.reading, ranks, sets, count }
    }

    /// Bytes of a row.
    pub(super) fn count(&self) -> usize {
        self.count + self.sets.len()
    }

    /// The question as it is asked of bytes.
    pub(super) fn asked(&self, ask: &Question) -> Asked {
        let (place, most) = match ask.test {
            Test::AtMost { threshold } | Test::AtMostZeroMissing { threshold } => {
                let zero = matches!(ask.test, Test::AtMostZeroMissing { .. });
                let cut = highest(self.reading, threshold);
                let found = self.ranks.get(&(ask.column, zero, ask.missing)).map(|(cuts, first)| {
                    let rank = cuts.partition_point(|other| *other < cut);
                    (first + rank / PART, rank % PART)
                });
                found.unwrap_or_default()
            }
            Test::OneOf { .. } => {
                let place = set_of(ask).and_then(|set| self.sets.get(&set).copied()).unwrap_or_default();
                (self.count + place, 0)
            }
        };
        Asked { code: place as u32, most: most as u8 }
    }

    pub(super) fn codes(self) -> Codes {
        let mut codes = Vec::new();
        for ((column, zero, missing), (cuts, _)) in self.ranks {
            for part in cuts.chunks(PART) {
                let cuts = Box::new(Cuts::new(part));
                let kind = if zero { Kind::RankZeroMissing(cuts) } else { Kind::Rank(cuts) };
                codes.push(Code { column: column as usize, kind, missing });
            }
        }
        let mut sets: Vec<(Set, usize)> = self.sets.into_iter().collect();
        sets.sort_by_key(|(_, place)| *place);
        codes.extend(sets.into_iter().map(|((column, missing, lowest, categories), _)| Code {
            column: column as usize,
            kind: Kind::Holds(Test::OneOf { categories, lowest: f64::from_bits(lowest) }),
            missing,
        }));
        Codes { reading: self.reading, codes }
    }
}

impl Codes {
    pub(super) fn count(&self) -> usize {
        self.codes.len()
    }

    /// The bytes of a block of rows. Rows that are not there get those of zeros.
    #[inline(always)]
    pub(super) fn block(&self, rows: &[f64], width: usize, codes: &mut [Bytes]) {
        self.fill(rows, width, codes, ranks);
    }

    /// The same, where values are ranked as told.
    #[inline(always)]
    pub(super) fn fill(
        &self,
        rows: &[f64],
        width: usize,
        codes: &mut [Bytes],
        ranks: impl Fn(&[f64; BLOCK], &Cuts) -> Bytes,
    ) {
        for (code, bytes) in self.codes.iter().zip(codes) {
            let mut values = [0.0; BLOCK];
            for (value, row) in values.iter_mut().zip(rows.chunks_exact(width)) {
                *value = row.get(code.column).copied().unwrap_or(f64::NAN);
            }
            match &code.kind {
                Kind::Rank(cuts) => {
                    *bytes = ranks(&values, cuts);
                    if !code.missing {
                        for (byte, value) in bytes.iter_mut().zip(&values) {
                            *byte |= u8::from(value.is_nan()).wrapping_neg();
                        }
                    }
                }
                Kind::RankZeroMissing(cuts) => {
                    *bytes = ranks(&values, cuts);
                    for (byte, value) in bytes.iter_mut().zip(&values) {
                        *byte = self.or_missing(code, *value, *byte);
                    }
                }
                Kind::Holds(_) => {
                    for (byte, value) in bytes.iter_mut().zip(&values) {
                        *byte = self.or_missing(code, *value, 0);
                    }
                }
            }
        }
    }

    /// The bytes of one row.
    #[inline(always)]
    pub(super) fn fill_row(&self, row: &[f64], bytes: &mut [u8], rank: impl Fn(f64, &Cuts) -> u8) {
        for (code, byte) in self.codes.iter().zip(bytes) {
            let value = row.get(code.column).copied().unwrap_or(f64::NAN);
            *byte = match &code.kind {
                Kind::Rank(cuts) if code.missing => rank(value, cuts),
                Kind::Rank(cuts) => rank(value, cuts) | u8::from(value.is_nan()).wrapping_neg(),
                Kind::RankZeroMissing(cuts) => self.or_missing(code, value, rank(value, cuts)),
                Kind::Holds(_) => self.or_missing(code, value, 0),
            };
        }
    }

    /// The byte of a value, if it is not missing.
    fn or_missing(&self, code: &Code, value: f64, byte: u8) -> u8 {
        let missing = if code.missing { 0 } else { u8::MAX };
        match &code.kind {
            _ if value.is_nan() => missing,
            Kind::RankZeroMissing(_) if is_zero(self.reading, value) => missing,
            Kind::Holds(test) => u8::from(!test.holds(self.reading.of(value))),
            Kind::Rank(_) | Kind::RankZeroMissing(_) => byte,
        }
    }
}

impl Cuts {
    fn new(part: &[f64]) -> Cuts {
        let mut all = [f64::INFINITY; 256];
        for (filled, cut) in all.iter_mut().zip(part) {
            *filled = *cut;
        }
        let mut coarse = [f64::INFINITY; 16];
        for (last, sixteen) in coarse.iter_mut().zip(all.as_chunks::<16>().0) {
            *last = sixteen[15];
        }
        Cuts { all, coarse, bits: (part.len() + 1).next_power_of_two().trailing_zeros() }
    }
}

/// How many thresholds each value is above; none for what is no number.
#[inline(always)]
fn ranks(values: &[f64; BLOCK], cuts: &Cuts) -> Bytes {
    let mut ranks = [0_u8; BLOCK];
    for bit in (0..cuts.bits).rev() {
        for (rank, value) in ranks.iter_mut().zip(values) {
            let cut = cuts.all[(*rank | ((1_u16 << bit) - 1) as u8) as usize];
            // A shift, since a branch would be mispredicted half of the time.
            *rank += u8::from(*value > cut) << bit;
        }
    }
    ranks
}
