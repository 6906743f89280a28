//! One row with AVX-512: 64 questions are asked by one comparison.
//!
//! The bytes of the row stand in one or two registers, from which each question takes the one it asks of. Sixteen
//! branching trees (eight beyond 32 leaves) share a register of leaves still possible, a bit each: a "no" strikes out the
//! leaves under "yes", and the lowest bit that is left is the leaf (QuickScorer: Lucchese and others, SIGIR 2015, here over trees instead of rows).
//! The questions of ten oblivious trees are one comparison too, whose bits are the numbers of their leaves.

use super::codes::{Asked, Making};
use super::{BLOCK, Bytes};
use crate::tree::{Branching, Child, Ensemble, Oblivious, Tree};

/// Bytes a row may have here.
pub(super) const CODES_MAX: usize = 128;
/// Most leaves of a branching tree here, and most leaves of an oblivious one.
pub(super) const LEAVES_MAX: usize = 64;
/// Most leaves of trees of which sixteen go together, instead of eight.
const NARROW: usize = 32;
/// Levels of an oblivious tree, filled up.
const LEVELS: usize = 6;

#[derive(Clone, Debug)]
pub(super) struct Together {
    pub(super) groups: Vec<Group>,
}

#[derive(Clone, Debug)]
pub(super) enum Group {
    Branching(Box<Bits>),
    Oblivious(Box<Numbers>),
}

/// 64 questions: the byte that each asks of, and the most it may be.
#[derive(Clone, Debug)]
pub(super) struct Questions {
    pub(super) codes: Register,
    pub(super) most: Register,
}

/// What a register takes, so placed that no load crosses two lines of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Register(pub(super) Bytes);

impl Questions {
    /// Questions that are always answered yes.
    fn none() -> Questions {
        Questions { codes: Register([0; BLOCK]), most: Register([u8::MAX; BLOCK]) }
    }

    fn put(&mut self, place: usize, asked: Asked) {
        (self.codes.0[place], self.most.0[place]) = (asked.code as u8, asked.most);
    }
}

/// Sixteen branching trees at most, or eight; with sixteen, question `16 × n + t` is the n-th of tree t, in any order.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    /// Bytes in which a tree has a bit for each leaf: 4 or 8.
    pub(super) bytes: usize,
    pub(super) questions: Vec<Questions>,
    /// For each of the questions, the leaves that stay possible after a "no": 4 or 8 registers for each 64.
    pub(super) stay: Vec<Register>,
    /// The leaves of all trees, "yes" before "no".
    pub(super) leaves: Vec<f64>,
    /// Where the leaves of each tree begin.
    pub(super) starts: Vec<u32>,
}

/// Up to ten oblivious trees; question `6 × t + n` is level n of tree t.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    pub(super) questions: Questions,
    pub(super) leaves: Vec<[f64; LEAVES_MAX]>,
}

impl Together {
    /// None where a tree is too large, has linear leaves, or a row has too many bytes.
    pub(super) fn new(ensemble: &Ensemble, making: &Making) -> Option<Together> {
        let fits = |tree: &Tree| match tree {
            Tree::Branching(tree) => tree.leaves.len() <= LEAVES_MAX && tree.linear.is_empty(),
            Tree::Oblivious(tree) => tree.levels.len() <= LEVELS,
        };
        if making.count() > CODES_MAX || !ensemble.trees.iter().all(fits) {
            return None;
        }
        let mut groups = Vec::new();
        for tree in &ensemble.trees {
            match (groups.last_mut(), tree) {
                (Some(Group::Branching(bits)), Tree::Branching(tree)) if bits.takes(tree) => bits.push(tree, making),
                (Some(Group::Oblivious(numbers)), Tree::Oblivious(tree)) if numbers.leaves.len() < 64 / LEVELS => {
                    numbers.push(tree, making);
                }
                (_, Tree::Branching(tree)) => {
                    let mut bits = Bits::for_trees_like(tree);
                    bits.push(tree, making);
                    groups.push(Group::Branching(Box::new(bits)));
                }
                (_, Tree::Oblivious(tree)) => {
                    let mut numbers = Numbers { questions: Questions::none(), leaves: Vec::new() };
                    numbers.push(tree, making);
                    groups.push(Group::Oblivious(Box::new(numbers)));
                }
            }
        }
        Some(Together { groups })
    }
}

impl Bits {
    fn for_trees_like(tree: &Branching) -> Bits {
        let bytes = if tree.leaves.len() <= NARROW { 4 } else { 8 };
        Bits { bytes, questions: Vec::new(), stay: Vec::new(), leaves: Vec::new(), starts: Vec::new() }
    }

    fn takes(&self, tree: &Branching) -> bool {
        self.starts.len() < BLOCK / self.bytes && (tree.leaves.len() <= NARROW) == (self.bytes == 4)
    }

    fn push(&mut self, tree: &Branching, making: &Making) {
        let (lane, trees, start) = (self.starts.len(), BLOCK / self.bytes, self.leaves.len());
        self.starts.push(start as u32);
        // The first leaf under each split, and the first under its "no", which is known when "yes" is done.
        let (mut first, mut first_of_no) = (vec![0; tree.splits.len()], vec![0; tree.splits.len()]);
        let root = if tree.splits.is_empty() { Child::Leaf(0) } else { Child::Split(0) };
        let mut waiting = vec![(root, None)];
        while let Some((child, no_of)) = waiting.pop() {
            if let Some(split) = no_of {
                first_of_no[split] = self.leaves.len() - start;
            }
            match child {
                Child::Leaf(leaf) => self.leaves.push(tree.leaves[leaf as usize]),
                Child::Split(at) => {
                    let at = at as usize;
                    first[at] = self.leaves.len() - start;
                    waiting.extend([(tree.splits[at].no, Some(at)), (tree.splits[at].yes, None)]);
                }
            }
        }
        // Each 64 questions hold this many of one tree, each with a register of its own.
        let each = BLOCK / trees;
        for (at, split) in tree.splits.iter().enumerate() {
            if self.questions.len() <= at / each {
                self.questions.push(Questions::none());
                self.stay.resize(self.stay.len() + each, Register([u8::MAX; BLOCK]));
            }
            self.questions[at / each].put(at % each * trees + lane, making.asked(&split.ask));
            let struck = (u64::MAX >> (64 - (first_of_no[at] - first[at]))) << first[at];
            let stay = (!struck).to_le_bytes();
            self.stay[at].0[lane * self.bytes..][..self.bytes].copy_from_slice(&stay[..self.bytes]);
        }
    }
}

impl Numbers {
    fn push(&mut self, tree: &Oblivious, making: &Making) {
        for (level, ask) in tree.levels.iter().enumerate() {
            self.questions.put(self.leaves.len() * LEVELS + level, making.asked(ask));
        }
        let mut leaves = [0.0; LEAVES_MAX];
        leaves[..tree.leaves.len()].copy_from_slice(&tree.leaves);
        self.leaves.push(leaves);
    }
}
