//! Bins: a feature cut into a few ranges, each with its weight of evidence.

use crate::math::ln;

/// How risk may move as a feature grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// More of it is riskier, or nothing.
    Rising,
    /// More of it is safer, or nothing.
    Falling,
    /// Either, range by range.
    Free,
}

/// How to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinSpec {
    /// At most so many ranges.
    pub ranges_max: usize,
    /// Each range holds at least this part of the rows that have a value, ppm.
    pub share_min_ppm: u32,
    /// Each range is mixed with so many rows of the average bad rate, so that few rows say little.
    pub prior_rows: u32,
    /// How risk may move.
    pub trend: Trend,
}

/// A feature cut into ranges. A value belongs to the first range whose upper edge it does not exceed.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// Upper edges of all ranges but the last, ascending.
    pub edges: Vec<i64>,
    /// Weight of evidence of each range: log odds of bad there over log odds overall.
    /// Positive is riskier. A missing value weighs 0: what is not known speaks neither way.
    pub weights: Vec<f64>,
    /// Information value over the rows that have a value.
    pub information: f64,
}

#[derive(Clone, Copy, Debug)]
struct Range {
    upper: i64,
    goods: usize,
    bads: usize,
}

impl Range {
    fn rows(&self) -> usize {
        self.goods + self.bads
    }

    fn join(self, next: Range) -> Range {
        Range { upper: next.upper, goods: self.goods + next.goods, bads: self.bads + next.bads }
    }

    /// Whether this range has a greater bad rate than the other.
    fn riskier_than(&self, other: &Range) -> bool {
        self.bads * other.rows() > other.bads * self.rows()
    }
}

impl Bins {
    /// Cuts a feature. A feature that tells nothing has one range of weight 0.
    pub fn fit(values: &[Option<i64>], bad: &[bool], spec: &BinSpec) -> Bins {
        let mut rows: Vec<(i64, bool)> =
            values.iter().zip(bad).filter_map(|(v, b)| v.map(|value| (value, *b))).collect();
        rows.sort_unstable();
        let fewest = (rows.len() * spec.share_min_ppm as usize).div_ceil(1_000_000).max(1);
        let first_cut = if spec.trend == Trend::Free { spec.ranges_max } else { 4 * spec.ranges_max };
        let mut ranges = quantiles(&rows, first_cut, fewest);
        match spec.trend {
            Trend::Rising => make_monotone(&mut ranges, |left, right| left.riskier_than(right)),
            Trend::Falling => make_monotone(&mut ranges, |left, right| right.riskier_than(left)),
            Trend::Free => {}
        }
        while ranges.len() > spec.ranges_max.max(1) {
            join_closest(&mut ranges);
        }
        weigh(&ranges, spec.prior_rows)
    }

    /// Which range a value falls into.
    pub fn range_of(&self, value: i64) -> usize {
        self.edges.partition_point(|edge| *edge < value)
    }

    /// Its weight; 0 where missing.
    pub fn weight_of(&self, value: Option<i64>) -> f64 {
        value.and_then(|v| self.weights.get(self.range_of(v))).copied().unwrap_or(0.0)
    }
}

/// Ranges of about equal number, equal values together, none with fewer than `fewest` rows.
fn quantiles(rows: &[(i64, bool)], parts: usize, fewest: usize) -> Vec<Range> {
    let target = rows.len().div_ceil(parts.max(1)).max(fewest);
    let mut ranges: Vec<Range> = Vec::new();
    let mut open: Option<Range> = None;
    for group in rows.chunk_by(|a, b| a.0 == b.0) {
        let bads = group.iter().filter(|(_, b)| *b).count();
        let same = Range { upper: group[0].0, goods: group.len() - bads, bads };
        let grown = open.map_or(same, |o| o.join(same));
        if grown.rows() >= target {
            ranges.push(grown);
            open = None;
        } else {
            open = Some(grown);
        }
    }
    if let Some(rest) = open {
        match ranges.pop() {
            Some(last) if rest.rows() < fewest => ranges.push(last.join(rest)),
            Some(last) => ranges.extend([last, rest]),
            None => ranges.push(rest),
        }
    }
    ranges
}

/// Joins neighbours that stand in the wrong order until none do (pool adjacent violators).
fn make_monotone(ranges: &mut Vec<Range>, wrong: impl Fn(&Range, &Range) -> bool) {
    let mut kept: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges.drain(..) {
        let mut next = range;
        while let Some(last) = kept.last().copied() {
            // Ranges of equal rate say the same: joining them changes nothing but the number.
            if wrong(&last, &next) || (!last.riskier_than(&next) && !next.riskier_than(&last)) {
                kept.pop();
                next = last.join(next);
            } else {
                break;
            }
        }
        kept.push(next);
    }
    *ranges = kept;
}

/// Joins the two neighbours whose bad rates differ least for their size.
fn join_closest(ranges: &mut Vec<Range>) {
    let loss = |a: &Range, b: &Range| {
        let rate = |r: &Range| r.bads as f64 / r.rows().max(1) as f64;
        let gap = rate(a) - rate(b);
        let (m, n) = (a.rows() as f64, b.rows() as f64);
        gap * gap * m * n / (m + n).max(1.0)
    };
    let closest = (1..ranges.len())
        .min_by(|i, j| loss(&ranges[i - 1], &ranges[*i]).total_cmp(&loss(&ranges[j - 1], &ranges[*j])));
    if let Some(at) = closest {
        let right = ranges.remove(at);
        ranges[at - 1] = ranges[at - 1].join(right);
    }
}

fn weigh(ranges: &[Range], prior_rows: u32) -> Bins {
    let (goods, bads) = ranges.iter().fold((0, 0), |t, r| (t.0 + r.goods, t.1 + r.bads));
    let edges = ranges.iter().rev().skip(1).rev().map(|r| r.upper).collect();
    if goods == 0 || bads == 0 {
        return Bins { edges, weights: vec![0.0; ranges.len().max(1)], information: 0.0 };
    }
    let (goods, bads) = (goods as f64, bads as f64);
    let rate = bads / (goods + bads);
    let prior = f64::from(prior_rows.max(1));
    let overall = ln(bads / goods);
    let (mut weights, mut information) = (Vec::with_capacity(ranges.len()), 0.0);
    for range in ranges {
        let weight = ln((range.bads as f64 + prior * rate) / (range.goods as f64 + prior * (1.0 - rate))) - overall;
        information += (range.bads as f64 / bads - range.goods as f64 / goods) * weight;
        weights.push(weight);
    }
    Bins { edges, weights, information }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPEC: BinSpec = BinSpec { ranges_max: 4, share_min_ppm: 100_000, prior_rows: 5, trend: Trend::Falling };

    #[test]
    fn a_clear_feature_is_cut_where_risk_changes() {
        let values: Vec<Option<i64>> = (0..100).map(Some).collect();
        let bad: Vec<bool> = (0..100).map(|i| i < 20).collect();
        let bins = Bins::fit(&values, &bad, &SPEC);
        assert_eq!(bins.edges.len() + 1, bins.weights.len());
        assert!(bins.weight_of(Some(-5)) > 1.0 && bins.weight_of(Some(1_000)) < -1.0);
        assert_eq!(bins.weight_of(None), 0.0);
        // The same feature told to be riskier as it grows says nothing.
        let wrong = Bins::fit(&values, &bad, &BinSpec { trend: Trend::Rising, ..SPEC });
        assert_eq!((wrong.edges.len(), wrong.information), (0, 0.0));
    }

    #[test]
    fn nothing_to_tell() {
        for (values, bad) in [(vec![], vec![]), (vec![Some(1), Some(2)], vec![true, true]), (vec![None], vec![true])] {
            let bins = Bins::fit(&values, &bad, &SPEC);
            assert!(bins.weights.iter().all(|w| *w == 0.0) && bins.information == 0.0);
        }
    }

    proptest! {
        #[test]
        fn ranges_keep_their_promises(
            rows in proptest::collection::vec((proptest::option::of(-9..9_i64), any::<bool>()), 1..200),
            trend in proptest::sample::select(&[Trend::Rising, Trend::Falling, Trend::Free][..]),
        ) {
            let (values, bad): (Vec<Option<i64>>, Vec<bool>) = rows.into_iter().unzip();
            let bins = Bins::fit(&values, &bad, &BinSpec { trend, ..SPEC });
            prop_assert!(bins.edges.is_sorted_by(|a, b| a < b));
            prop_assert!(bins.weights.len() <= SPEC.ranges_max && bins.edges.len() + 1 == bins.weights.len());
            let known = values.iter().flatten().count();
            for range in 0..bins.weights.len() {
                let rows = values.iter().flatten().filter(|v| bins.range_of(**v) == range).count();
                prop_assert!(known == 0 || rows * 10 >= known, "{rows} of {known}");
            }
            prop_assert!(bins.information >= -1e-12);
        }
    }
}
