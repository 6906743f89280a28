//! Trees of few leaves, without a branch: for every split, which rows of the block reach it.
//!
//! The splits are gone through from the root down, "yes" before "no". A mask of bytes says which rows are at a split; those
//! that answer "no" move on to another mask and add the number of leaves under "yes" to their own count, which is
//! the number of their leaf in the end.

use super::codes::{Asked, Making};
use super::{BLOCK, Bytes, add};
use crate::tree::{Branching, Child};

/// Most leaves of such a tree: beyond it, going through all splits costs more than walking to one leaf.
pub(super) const LEAVES_MAX: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) splits: Vec<Step>,
    /// In the order of the walk, filled up.
    pub(super) leaves: [f64; LEAVES_MAX],
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) asked: Asked,
    /// The mask of the rows that are here, which is that of "yes" afterwards.
    pub(super) here: u8,
    /// The mask of those that answer "no".
    pub(super) no: u8,
    /// Leaves under "yes".
    pub(super) passed: u8,
}

impl Reach {
    pub(super) fn new(tree: &Branching, making: &Making) -> Reach {
        let mut reach = Reach { splits: Vec::with_capacity(tree.splits.len()), leaves: [0.0; LEAVES_MAX] };
        let mut counts = vec![0_u8; tree.splits.len()];
        // Leaves under each split, from the last met upwards.
        let mut order = Vec::with_capacity(tree.splits.len());
        let root = if tree.splits.is_empty() { Child::Leaf(0) } else { Child::Split(0) };
        let mut waiting = vec![root];
        while let Some(child) = waiting.pop() {
            if let Child::Split(at) = child {
                order.push(at as usize);
                let split = &tree.splits[at as usize];
                waiting.extend([split.no, split.yes]);
            }
        }
        let leaves_under = |counts: &[u8], child: Child| match child {
            Child::Leaf(_) => 1,
            Child::Split(at) => counts[at as usize],
        };
        for at in order.iter().rev() {
            let split = &tree.splits[*at];
            counts[*at] = leaves_under(&counts, split.yes) + leaves_under(&counts, split.no);
        }
        let mut waiting = vec![(root, 0_u8)];
        let (mut masks, mut leaf) = (1_u8, 0);
        while let Some((child, here)) = waiting.pop() {
            match child {
                Child::Leaf(of) => {
                    reach.leaves[leaf] = tree.leaves[of as usize];
                    leaf += 1;
                }
                Child::Split(at) => {
                    let split = &tree.splits[at as usize];
                    let passed = leaves_under(&counts, split.yes);
                    reach.splits.push(Step { asked: making.asked(&split.ask), here, no: masks, passed });
                    waiting.extend([(split.no, masks), (split.yes, here)]);
                    masks += 1;
                }
            }
        }
        reach
    }

    #[inline(always)]
    fn leaf(&self, codes: &[Bytes], masks: &mut [Bytes; LEAVES_MAX]) -> Bytes {
        masks[0] = [u8::MAX; BLOCK];
        let mut leaf = [0_u8; BLOCK];
        for step in &self.splits {
            let code = &codes[step.asked.code as usize];
            let here = masks[step.here as usize % LEAVES_MAX];
            let (mut yes, mut no) = ([0; BLOCK], [0; BLOCK]);
            for row in 0..BLOCK {
                let above = if code[row] > step.asked.most { u8::MAX } else { 0 };
                no[row] = here[row] & above;
                yes[row] = here[row] & !above;
                leaf[row] += no[row] & step.passed;
            }
            masks[step.here as usize % LEAVES_MAX] = yes;
            masks[step.no as usize % LEAVES_MAX] = no;
        }
        leaf
    }
}

#[inline(always)]
pub(super) fn go<const SINGLE: bool>(trees: &[Reach], codes: &[Bytes], sums: &mut [f64; BLOCK]) {
    let mut masks = [[0; BLOCK]; LEAVES_MAX];
    for tree in trees {
        let leaf = tree.leaf(codes, &mut masks);
        for row in 0..BLOCK {
            sums[row] = add::<SINGLE>(sums[row], tree.leaves[leaf[row] as usize % LEAVES_MAX]);
        }
    }
}
