//! The graph that grows edge by edge: transfers that come back, guarantees that go round, and how far loan money went.
//!
//! A projection over all cells, kept beside the cells: it never holds a payment. Edges of a node are the last eight; a search
//! looks at no more than [`STEPS_MAX`] of them, so that a step costs the same in any village.

use crate::number::Table;
use crate::signal::Reading;

/// Edges kept of a node.
const EDGES: usize = 8;
/// Edges that one search looks at.
const STEPS_MAX: usize = 256;
/// Longest ring, in edges.
pub const RING_MAX: usize = 5;
/// Nodes kept; beyond them new ones are not followed, and [`Graph::is_full`] says so.
const NODES_MAX: usize = 2_000_000;
/// Most hops that loan money is followed.
pub const HOPS_MAX: u8 = 3;

/// One edge: money or a promise that went to another node.
#[derive(Clone, Copy, Debug, Default)]
struct Edge {
    to: u64,
    day: i32,
    amount: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    edges: [Edge; EDGES],
    at: u8,
    /// Loan money held: what is left, since when, hops so far, whose loan.
    loan: Traced,
}

/// Loan money on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traced {
    /// What is left of it, minor units.
    pub left: u64,
    /// The day it came.
    pub day: i32,
    /// Hops since the borrower.
    pub hops: u8,
    /// The key of the borrower.
    pub origin: u64,
}

/// A graph of keys.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Table<u64, Node>,
}

impl Graph {
    /// Whether new nodes are no longer followed.
    pub fn is_full(&self) -> bool {
        self.nodes.len() >= NODES_MAX
    }

    fn node(&mut self, key: u64) -> Option<&mut Node> {
        if self.is_full() && !self.nodes.contains_key(&key) {
            return None;
        }
        Some(self.nodes.entry(key).or_default())
    }

    /// Adds an edge, and says whether it closes a ring: a way back from `to` to `from`, of earlier edges in the order of time, none older
    /// than `span` days, whose amounts lie within a half and twice this one's (0: amounts do not matter).
    pub fn add(&mut self, from: u64, to: u64, day: i32, amount: u64, span: i32) -> Option<Vec<u64>> {
        if from == to || from == 0 || to == 0 {
            return None;
        }
        let mut path = vec![to];
        let mut steps = 0;
        let goal = Search { goal: from, since: day - span, until: day, amount };
        let closes = self.way(to, &goal, day - span, &mut path, &mut steps);
        if let Some(node) = self.node(from) {
            node.edges[usize::from(node.at) % EDGES] = Edge { to, day, amount };
            node.at = (node.at + 1) % EDGES as u8;
        }
        closes.then_some(path)
    }

    /// Takes an edge back: a guarantee that ended.
    pub fn remove(&mut self, from: u64, to: u64) {
        if let Some(node) = self.nodes.get_mut(&from) {
            node.edges.iter_mut().filter(|edge| edge.to == to).for_each(|edge| *edge = Edge::default());
        }
    }

    fn way(&self, at: u64, search: &Search, not_before: i32, path: &mut Vec<u64>, steps: &mut usize) -> bool {
        let Some(node) = self.nodes.get(&at) else { return false };
        for edge in node.edges.iter().filter(|edge| edge.to != 0) {
            *steps += 1;
            if *steps > STEPS_MAX {
                return false;
            }
            let fits = search.amount == 0
                || edge.amount >= search.amount / 2 && edge.amount <= search.amount.saturating_mul(2);
            if !fits || edge.day < not_before.max(search.since) || edge.day > search.until || path.contains(&edge.to) {
                continue;
            }
            path.push(edge.to);
            if edge.to == search.goal {
                return true;
            }
            let order = if search.amount == 0 { not_before } else { edge.day };
            if path.len() < RING_MAX && self.way(edge.to, search, order, path, steps) {
                return true;
            }
            path.pop();
        }
        false
    }

    /// Loan money came to a borrower.
    pub fn lend(&mut self, key: u64, day: i32, amount: u64) {
        if let Some(node) = self.node(key) {
            node.loan = Traced { left: amount, day, hops: 0, origin: key };
        }
    }

    /// Money went on: what of it is loan money younger than `span` days, and how many hops it has made now.
    pub fn pass(&mut self, from: u64, to: u64, day: i32, amount: u64, span: i32) -> Option<Traced> {
        let node = self.nodes.get_mut(&from)?;
        let loan = node.loan;
        if loan.left == 0 || day - loan.day > span || loan.hops >= HOPS_MAX || from == to {
            return None;
        }
        let moved = Traced { left: loan.left.min(amount), day, hops: loan.hops + 1, origin: loan.origin };
        node.loan.left = loan.left.saturating_sub(amount);
        if let Some(there) = self.node(to)
            && (there.loan.left < moved.left || day - there.loan.day > span)
        {
            there.loan = moved;
        }
        Some(moved)
    }
}

struct Search {
    goal: u64,
    since: i32,
    until: i32,
    amount: u64,
}

/// What a ring of so many edges says: seven bits, four more for each edge that is longer than two.
pub fn ring_reading(path: &[u64], event: u128) -> Reading {
    let mut evidence = [event, 0, 0, 0];
    evidence.iter_mut().skip(1).zip(path).for_each(|(place, key)| *place = u128::from(*key));
    Reading {
        strength_milli: 7_000 + 4_000 * (path.len() as i32 - 2).max(0),
        observed: path.len() as i64,
        expected: (0, 0),
        peers: None,
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_close_with_their_last_edge() {
        let mut graph = Graph::default();
        assert_eq!(graph.add(1, 2, 10, 1_000, 30), None);
        assert_eq!(graph.add(2, 3, 12, 950, 30), None);
        assert_eq!(graph.add(3, 1, 14, 900, 30), Some(vec![1, 2, 3]));
        // Against the order of time nothing goes round.
        let mut graph = Graph::default();
        for (from, to, day) in [(2, 3, 10), (1, 2, 12)] {
            assert_eq!(graph.add(from, to, day, 1_000, 30), None);
        }
        assert_eq!(graph.add(3, 1, 14, 1_000, 30), None);
        // Too old, too small, to oneself.
        let mut graph = Graph::default();
        graph.add(1, 2, 10, 1_000, 30);
        assert_eq!(graph.add(2, 1, 60, 1_000, 30), None);
        graph.add(1, 2, 60, 100, 30);
        assert_eq!(graph.add(2, 1, 61, 1_000, 30), None);
        assert_eq!(graph.add(7, 7, 61, 1_000, 30), None);
    }

    #[test]
    fn guarantees_go_round_in_any_order_and_end() {
        let mut graph = Graph::default();
        for (from, to) in [(2, 3), (1, 2)] {
            assert_eq!(graph.add(from, to, 10, 0, 4_000), None);
        }
        assert_eq!(graph.add(3, 1, 400, 0, 4_000).map(|path| path.len()), Some(3));
        graph.remove(2, 3);
        graph.remove(3, 1);
        assert_eq!(graph.add(3, 1, 401, 0, 4_000), None);
    }

    #[test]
    fn loan_money_is_followed_three_hops() {
        let mut graph = Graph::default();
        graph.lend(1, 100, 50_000);
        assert_eq!(graph.pass(1, 2, 101, 30_000, 30).map(|t| (t.left, t.hops)), Some((30_000, 1)));
        assert_eq!(graph.pass(2, 3, 103, 40_000, 30).map(|t| (t.left, t.hops)), Some((30_000, 2)));
        assert_eq!(graph.pass(3, 4, 104, 10_000, 30).map(|t| (t.left, t.hops, t.origin)), Some((10_000, 3, 1)));
        assert_eq!(graph.pass(4, 5, 105, 10_000, 30), None);
        assert_eq!(graph.pass(1, 6, 200, 10_000, 30), None);
    }
}
