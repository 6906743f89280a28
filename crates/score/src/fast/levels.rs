//! Oblivious trees: the answers of a level are a bit of the leaf's number, for all rows of the block at once.

use super::codes::{Asked, Making};
use super::{BLOCK, Bytes, add};
use crate::tree::Oblivious;

/// Levels whose answers fit a byte.
const SHALLOW: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct Levels {
    pub(super) asked: Vec<Asked>,
    pub(super) leaves: Vec<f64>,
}

impl Levels {
    pub(super) fn new(tree: &Oblivious, making: &Making) -> Levels {
        let mut leaves = tree.leaves.clone();
        leaves.resize(leaves.len().max(64), 0.0);
        Levels { asked: tree.levels.iter().map(|ask| making.asked(ask)).collect(), leaves }
    }
}

#[inline(always)]
pub(super) fn go<const SINGLE: bool>(trees: &[Levels], codes: &[Bytes], sums: &mut [f64; BLOCK]) {
    for tree in trees {
        let mut low = [0_u8; BLOCK];
        for (level, asked) in tree.asked.iter().take(SHALLOW).enumerate() {
            let (code, bit) = (&codes[asked.code as usize], 1_u8 << level);
            for row in 0..BLOCK {
                low[row] |= if code[row] > asked.most { bit } else { 0 };
            }
        }
        if let Some(leaves) = tree.leaves.first_chunk::<64>().filter(|_| tree.asked.len() <= 6) {
            for row in 0..BLOCK {
                sums[row] = add::<SINGLE>(sums[row], leaves[low[row] as usize % 64]);
            }
            continue;
        }
        let mut high = [0_u8; BLOCK];
        for (level, asked) in tree.asked.iter().skip(SHALLOW).enumerate() {
            let (code, bit) = (&codes[asked.code as usize], 1_u8 << level);
            for row in 0..BLOCK {
                high[row] |= if code[row] > asked.most { bit } else { 0 };
            }
        }
        for row in 0..BLOCK {
            let leaf = usize::from(high[row]) << SHALLOW | usize::from(low[row]);
            sums[row] = add::<SINGLE>(sums[row], tree.leaves[leaf]);
        }
    }
}
