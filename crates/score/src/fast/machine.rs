//! Which instructions this machine has, and the only calls that need them: the one file of the crate with `unsafe`.
//!
//! A function made for AVX-512 is unsafe to call where there is none, and nothing else here is. An
//! [`Instructions`] is only ever made by asking the machine, so holding one is the proof that the call may be made.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use super::wide;
use super::{BLOCK, Bytes, Fast, QuickCard};
use crate::tree::Rounding;

/// A set of instructions that this machine has. All of them give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instructions(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Instructions {
    /// All that this machine has, the slowest first; never empty.
    pub fn available() -> Vec<Instructions> {
        std::iter::once(Level::Portable).chain(beyond_portable()).map(Instructions).collect()
    }

    /// The fastest.
    pub fn best() -> Instructions {
        Instructions::available().last().copied().unwrap_or(Instructions(Level::Portable))
    }

    /// Their name: `portable`, `avx2`, `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn beyond_portable() -> Vec<Level> {
    let mut levels = Vec::new();
    let common =
        is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("popcnt");
    if common && is_x86_feature_detected!("avx2") {
        levels.push(Level::Avx2);
    }
    if common
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
    {
        levels.push(Level::Avx512);
    }
    levels
}

#[cfg(not(target_arch = "x86_64"))]
fn beyond_portable() -> Vec<Level> {
    Vec::new()
}

/// What is said of a block of rows, in the place of the start of their sums.
pub(super) fn block(fast: &Fast, rows: &[f64], codes: &mut [Bytes], said: &mut [f64; BLOCK]) {
    match fast.sum.rounding {
        Rounding::Double => rounded::<false>(fast, rows, codes, said),
        Rounding::Single => rounded::<true>(fast, rows, codes, said),
    }
}

fn rounded<const SINGLE: bool>(fast: &Fast, rows: &[f64], codes: &mut [Bytes], said: &mut [f64; BLOCK]) {
    match fast.instructions.0 {
        Level::Portable => fast.block::<SINGLE>(rows, codes, said),
        // SAFETY: the machine was asked for all that the function is made for when this level was made.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { block_avx2::<SINGLE>(fast, rows, codes, said) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { wide::block::<SINGLE>(fast, rows, codes, said) },
    }
}

/// The portable path again, which the compiler makes anew with wider registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn block_avx2<const SINGLE: bool>(fast: &Fast, rows: &[f64], codes: &mut [Bytes], said: &mut [f64; BLOCK]) {
    fast.block::<SINGLE>(rows, codes, said);
}

/// What is said of one row.
pub(super) fn one(fast: &Fast, row: &[f64]) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if let (Level::Avx512, Some(together)) = (fast.instructions.0, &fast.together) {
        // SAFETY: as above.
        return match fast.sum.rounding {
            Rounding::Double => unsafe { wide::one::<false>(together, fast, row) },
            Rounding::Single => unsafe { wide::one::<true>(together, fast, row) },
        };
    }
    fast.link.of(fast.single.raw(row))
}

/// What is said of many rows by a card.
pub(super) fn card(card: &QuickCard, rows: &[f64], answers: &mut [f64]) {
    match card.instructions.0 {
        Level::Portable => card.fill(rows, answers),
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { card_avx2(card, rows, answers) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { card_avx512(card, rows, answers) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn card_avx2(card: &QuickCard, rows: &[f64], answers: &mut [f64]) {
    card.fill(rows, answers);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2,popcnt")]
fn card_avx512(card: &QuickCard, rows: &[f64], answers: &mut [f64]) {
    card.fill(rows, answers);
}
