//! Leaf-wise and depth-wise trees: the same steps in another order.

use crate::random::Stream;
use crate::tree::Child;

use super::histogram::{Histogram, Sum};
use super::split::{Bounds, Found, Ground, best, trend_of, value};
use super::tree::{BinQuestion, Form, Grown};

/// A leaf that may still be split.
struct Open {
    /// Where its rows stand among the tree's rows.
    begin: usize,
    end: usize,
    depth: u32,
    histogram: Histogram,
    total: Sum,
    bounds: Bounds,
    found: Option<Found>,
    /// Which answer of which split leads here; none for the root.
    parent: Option<(usize, bool)>,
}

/// How far a tree grows.
pub(super) struct Limits {
    pub(super) leaves: usize,
    pub(super) depth: u32,
}

/// Grows one tree on `rows` (reordered on the way).
pub(super) fn grow(ground: Ground, rows: &mut [u32], limits: &Limits, stream: &mut Stream) -> Grown {
    let Ground { binned, slopes, spec, .. } = ground;
    let mut splits = Vec::new();
    let mut closed: Vec<Open> = Vec::new();
    let mut spare: Vec<Histogram> = Vec::new();
    let mut moved: Vec<u32> = Vec::new();
    let mut histogram = Histogram::default();
    histogram.fill(ground, rows);
    let total = slopes.sum(slopes.total(rows));
    let mut root =
        Open { begin: 0, end: rows.len(), depth: 0, histogram, total, bounds: Bounds::NONE, found: None, parent: None };
    root.found = best(ground, &root.histogram, total, Bounds::NONE, stream);
    let mut open = vec![root];
    loop {
        let full = open.len() + closed.len() >= limits.leaves;
        // The first of equals wins; without a question a leaf is done.
        let mut chosen: Option<(usize, f64)> = None;
        for (at, leaf) in open.iter().enumerate() {
            let gain = leaf.found.as_ref().map_or(0.0, |f| f.gain);
            if leaf.found.is_some() && chosen.is_none_or(|(_, most)| gain > most) {
                chosen = Some((at, gain));
            }
        }
        let Some((at, _)) = chosen.filter(|_| !full) else { break };
        let parent = open.swap_remove(at);
        let Some(found) = parent.found else { break };
        let split = splits.len();
        link(&mut splits, parent.parent, Child::Split(split as u32));
        splits.push((found.question, Child::Leaf(0), Child::Leaf(0)));

        let codes = &binned.inputs[found.question.input].codes;
        let part = &mut rows[parent.begin..parent.end];
        moved.clear();
        let mut kept = 0;
        for at in 0..part.len() {
            let row = part[at];
            if found.question.answer(codes[row as usize]) {
                part[kept] = row;
                kept += 1;
            } else {
                moved.push(row);
            }
        }
        part[kept..].copy_from_slice(&moved);
        let middle = parent.begin + kept;

        let trend = trend_of(binned, found.question.input);
        let (yes_value, no_value) =
            (value(found.yes, spec.ridge, parent.bounds), value(found.no, spec.ridge, parent.bounds));
        let (yes_bounds, no_bounds) = parent.bounds.divide(trend, yes_value, no_value);
        let side = |begin, end, total, bounds, answer| Open {
            begin,
            end,
            depth: parent.depth + 1,
            histogram: Histogram::default(),
            total,
            bounds,
            found: None,
            parent: Some((split, answer)),
        };
        let mut yes = side(parent.begin, middle, found.yes, yes_bounds, true);
        let mut no = side(middle, parent.end, found.no, no_bounds, false);
        let grows_on = parent.depth + 1 < limits.depth && open.len() + closed.len() + 2 < limits.leaves;
        let mut whole = parent.histogram;
        if grows_on {
            let (small, large) =
                if kept * 2 <= parent.end - parent.begin { (&mut yes, &mut no) } else { (&mut no, &mut yes) };
            let mut filled = spare.pop().unwrap_or_default();
            filled.fill(ground, &rows[small.begin..small.end]);
            whole.subtract(&filled, ground);
            (small.histogram, large.histogram) = (filled, whole);
            for side in [&mut yes, &mut no] {
                side.found = best(ground, &side.histogram, side.total, side.bounds, stream);
            }
        } else {
            spare.push(whole);
        }
        for mut side in [yes, no] {
            if side.found.is_none() {
                spare.push(std::mem::take(&mut side.histogram));
                closed.push(side);
            } else {
                open.push(side);
            }
        }
    }
    closed.append(&mut open);
    let (mut leaves, mut covers, mut spans) = (Vec::new(), Vec::new(), Vec::new());
    for (at, leaf) in closed.iter().enumerate() {
        link(&mut splits, leaf.parent, Child::Leaf(at as u32));
        leaves.push(spec.rate * value(leaf.total, spec.ridge, leaf.bounds));
        covers.push(leaf.total.curvature);
        spans.push(leaf.begin..leaf.end);
    }
    Grown { form: Form::Branching(splits), leaves, covers, spans }
}

fn link(splits: &mut [(BinQuestion, Child, Child)], parent: Option<(usize, bool)>, child: Child) {
    if let Some((split, answer)) = parent {
        let (_, yes, no) = &mut splits[split];
        *(if answer { yes } else { no }) = child;
    }
}
