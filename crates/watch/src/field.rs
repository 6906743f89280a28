//! Half-space trees over a stream: how empty the place is in which a point lies.
//!
//! After Tan, Ting and Liu, 2011: each tree halves fixed ranges of drawn columns; points of the last window give every
//! leaf its mass, points of the running one are counted for the next. Memory is fixed, and so are the cuts: they follow from a
//! seed, never from the data.

use crate::number::{ratio_milli, scatter};

/// Trees.
const TREES: usize = 24;
/// Halvings on the way to a leaf.
const DEPTH: usize = 8;
/// Leaves of all trees.
const LEAVES: usize = TREES << DEPTH;
/// Leaves of a tree, and one more than its inner nodes, which are numbered from 1.
const NODES: usize = 1 << DEPTH;
/// Points of a window.
const WINDOW: u32 = 8_192;
/// Columns of a point.
pub const COLUMNS: usize = 7;

/// The trees with the masses of their leaves.
#[derive(Clone, Debug)]
pub struct Field {
    /// Column and cut of every inner node of every tree, in parts of 65,536 of the column's range; the place 0 is nobody's.
    cuts: Vec<[(u8, u16); NODES]>,
    known: Vec<u32>,
    counting: Vec<u32>,
    points: u32,
    is_warm: bool,
}

impl Default for Field {
    fn default() -> Field {
        let mut cuts = vec![[(0_u8, 0_u16); NODES]; TREES];
        for (tree, cuts) in cuts.iter_mut().enumerate() {
            // Ranges narrow on the way down, so a node's cut depends on those above it.
            let mut ranges = vec![[(0_u32, 65_536_u32); COLUMNS]; NODES];
            for node in 1..NODES {
                let drawn = scatter((tree as u64) << 32 | node as u64);
                let column = (drawn % COLUMNS as u64) as usize;
                let (low, high) = ranges[node][column];
                // Not always the middle: between three and seven tenths.
                let cut = low + (high - low) * (3 + (drawn >> 32) as u32 % 5) / 10;
                cuts[node] = (column as u8, cut.min(65_535) as u16);
                for (child, half) in [(2 * node, (low, cut)), (2 * node + 1, (cut, high))] {
                    if child < NODES {
                        ranges[child] = ranges[node];
                        ranges[child][column] = half;
                    }
                }
            }
        }
        Field { cuts, known: vec![0; LEAVES], counting: vec![0; LEAVES], points: 0, is_warm: false }
    }
}

impl Field {
    /// Surprise of a point, in thousandths of a bit, by the masses of the last whole window; then it is counted. Coordinates are parts of 65,536.
    pub fn meet(&mut self, point: &[u16; COLUMNS]) -> i32 {
        // All trees go down a level together: their loads do not wait for each other.
        let mut coordinates = [0_u16; 8];
        coordinates[..COLUMNS].copy_from_slice(point);
        let mut nodes = [1_usize; TREES];
        for _ in 0..DEPTH {
            for (node, cuts) in nodes.iter_mut().zip(&self.cuts) {
                let (column, cut) = cuts[*node % NODES];
                *node = 2 * *node + usize::from(coordinates[usize::from(column) % 8] >= cut);
            }
        }
        let mut mass = 0_u64;
        for (tree, node) in nodes.into_iter().enumerate() {
            let leaf = (tree << DEPTH) + node - NODES;
            mass += u64::from(self.known[leaf]);
            self.counting[leaf] += 1;
        }
        self.points += 1;
        let surprise = if self.is_warm { ratio_milli(TREES as u64 * u64::from(WINDOW), mass + 1) } else { 0 };
        if self.points == WINDOW {
            std::mem::swap(&mut self.known, &mut self.counting);
            self.counting.fill(0);
            self.points = 0;
            self.is_warm = true;
        }
        surprise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_places_surprise() {
        let mut field = Field::default();
        let point = |at: u64| {
            let mut coordinates = [0; COLUMNS];
            for (column, place) in coordinates.iter_mut().enumerate() {
                *place = 20_000 + (scatter(at * 16 + column as u64) % 9_000) as u16;
            }
            coordinates
        };
        assert_eq!((0..u64::from(WINDOW)).map(|at| field.meet(&point(at))).max(), Some(0));
        let usual: i32 = (1..1_000).map(|at| field.meet(&point(1 << 20 | at))).sum::<i32>() / 999;
        let strange = field.meet(&[60_000; COLUMNS]);
        assert!(strange > usual + 4_000, "{strange} {usual}");
    }
}
