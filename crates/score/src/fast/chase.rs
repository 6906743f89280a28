//! Deep trees: all rows of a block walk at once, so that one waits for memory while the others go on.

use super::codes::{Asked, Making};
use super::{BLOCK, Bytes, add};
use crate::tree::{Branching, Child};

#[derive(Clone, Debug)]
pub(super) struct Chase {
    /// Splits, then leaves, which lead to themselves.
    nodes: Vec<Node>,
    values: Vec<f64>,
    depth: usize,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    asked: Asked,
    next: [u32; 2],
}

impl Chase {
    pub(super) fn new(tree: &Branching, making: &Making) -> Chase {
        let splits = tree.splits.len();
        let place = |child: Child| match child {
            Child::Split(at) => at,
            Child::Leaf(at) => splits as u32 + at,
        };
        let split = tree.splits.iter().map(|s| Node { asked: making.asked(&s.ask), next: [place(s.yes), place(s.no)] });
        let leaf = (0..tree.leaves.len()).map(|at| {
            let at = (splits + at) as u32;
            Node { asked: Asked { code: 0, most: u8::MAX }, next: [at, at] }
        });
        let nodes: Vec<Node> = split.chain(leaf).collect();
        let values = std::iter::repeat_n(0.0, splits).chain(tree.leaves.iter().copied()).collect();
        Chase { nodes, values, depth: tree.depth() }
    }
}

#[inline(always)]
pub(super) fn go<const SINGLE: bool>(trees: &[Chase], codes: &[Bytes], sums: &mut [f64; BLOCK]) {
    for tree in trees {
        let mut at = [0_u32; BLOCK];
        for _ in 0..tree.depth {
            for row in 0..BLOCK {
                let node = &tree.nodes[at[row] as usize];
                let no = codes[node.asked.code as usize][row] > node.asked.most;
                at[row] = node.next[usize::from(no)];
            }
        }
        for row in 0..BLOCK {
            sums[row] = add::<SINGLE>(sums[row], tree.values[at[row] as usize]);
        }
    }
}
