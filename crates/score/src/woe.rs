//! Optimal binning: a column cut where its risk changes, each range with its weight of evidence.
//!
//! Numbers are first cut into up to [`PREBINS`] ranges of about equal number. Among all ways to join
//! neighbours, that one is taken which maximises the likelihood of the outcomes less a price for each range (the
//! criterion of Akaike with a stiffer price), found exactly by dynamic programming, with risk held to rise or
//! to fall from range to range. Missing cells and special codes have ranges of their own. Levels of a
//! category are put in the order of their mixed bad rates and cut the same way.

use minicbor::{Decode, Encode};

use crate::bin::Trend;
use crate::frame::{MISSING, UNSEEN, Values};
use crate::math::ln;

/// Ranges before any are joined.
const PREBINS: usize = 40;
/// Log likelihood that a range has to gain.
const RANGE_PRICE: f64 = 2.5;
/// By so much a free column has to gain log likelihood from bending once.
const BEND_PRICE: f64 = 6.0;
/// Rows of the average mixed into each range.
const PRIOR_ROWS: f64 = 12.0;
/// A range holds at least this part of the rows.
const SHARE_MIN: f64 = 0.03;

/// A column in ranges, with what each adds to the log odds of bad over the average.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Evidence {
    /// The column, by its place in the schema.
    #[n(0)]
    pub column: u32,
    /// Its ranges.
    #[n(1)]
    pub ranges: Ranges,
    /// Weight of evidence of a missing cell.
    #[n(2)]
    pub missing: f64,
    /// Information value: how much the column tells in all.
    #[n(3)]
    pub information: f64,
}

/// The ranges of a column.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Ranges {
    /// Of numbers.
    #[n(0)]
    Numbers {
        /// Upper edges of all ranges but the last.
        #[n(0)]
        edges: Vec<f64>,
        /// Weight of each range.
        #[n(1)]
        weights: Vec<f64>,
        /// Special codes and the weight of each.
        #[n(2)]
        specials: Vec<(f64, f64)>,
    },
    /// Of a category.
    #[n(1)]
    Levels {
        /// Weight of each level, by its place in the schema.
        #[n(0)]
        weights: Vec<f64>,
        /// Weight of a level not known.
        #[n(1)]
        unseen: f64,
    },
}

/// Goods and bads, by weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    goods: f64,
    bads: f64,
}

impl Tally {
    fn add(&mut self, bad: bool, weight: f64) {
        *(if bad { &mut self.bads } else { &mut self.goods }) += weight;
    }

    fn with(self, other: Tally) -> Tally {
        Tally { goods: self.goods + other.goods, bads: self.bads + other.bads }
    }

    fn rows(self) -> f64 {
        self.goods + self.bads
    }

    fn rate(self) -> f64 {
        if self.rows() > 0.0 { self.bads / self.rows() } else { 0.0 }
    }

    /// Its rate with rows of the average mixed in.
    fn mixed(self, average: f64) -> f64 {
        (self.bads + PRIOR_ROWS * average) / (self.rows() + PRIOR_ROWS)
    }

    /// Log likelihood at its own rate.
    fn likelihood(self) -> f64 {
        let part = |n: f64| if n > 0.0 { n * ln(n / self.rows()) } else { 0.0 };
        part(self.goods) + part(self.bads)
    }
}

impl Evidence {
    /// Learns the ranges of a column from the rows listed.
    pub fn fit(
        column: u32,
        values: &Values,
        specials: &[f64],
        trend: Trend,
        rows: &[usize],
        outcome: &dyn Fn(usize) -> (bool, f64),
    ) -> Evidence {
        let mut whole = Tally::default();
        for row in rows {
            let (bad, weight) = outcome(*row);
            whole.add(bad, weight);
        }
        let weigher = Weigher { whole };
        match values {
            Values::Number(values) => weigher.numbers(column, values, specials, trend, rows, outcome),
            Values::Category(codes) => weigher.levels(column, codes, rows, outcome),
        }
    }

    /// What each row's value weighs.
    pub fn weights_of(&self, values: &Values) -> Vec<f64> {
        match (&self.ranges, values) {
            (Ranges::Numbers { edges, weights, specials }, Values::Number(values)) => {
                let weight = |v: &f64| {
                    if v.is_nan() {
                        return self.missing;
                    }
                    specials.iter().find(|s| s.0 == *v).map_or_else(
                        || weights.get(edges.partition_point(|edge| edge < v)).copied().unwrap_or(0.0),
                        |special| special.1,
                    )
                };
                values.iter().map(weight).collect()
            }
            (Ranges::Levels { weights, unseen }, Values::Category(codes)) => {
                let weight = |code: &u32| match *code {
                    MISSING => self.missing,
                    code => weights.get(code as usize).copied().unwrap_or(*unseen),
                };
                codes.iter().map(weight).collect()
            }
            (_, Values::Number(values)) => vec![self.missing; values.len()],
            (_, Values::Category(codes)) => vec![self.missing; codes.len()],
        }
    }
}

/// Weighs ranges against the whole.
struct Weigher {
    whole: Tally,
}

impl Weigher {
    fn weight(&self, range: Tally) -> f64 {
        let rate = self.whole.rate();
        let overall = ln(self.whole.bads / self.whole.goods);
        ln((range.bads + PRIOR_ROWS * rate) / (range.goods + PRIOR_ROWS * (1.0 - rate))) - overall
    }

    /// What a range adds to the information value.
    fn information(&self, range: Tally) -> f64 {
        (range.bads / self.whole.bads - range.goods / self.whole.goods) * self.weight(range)
    }

    fn numbers(
        &self,
        column: u32,
        values: &[f64],
        specials: &[f64],
        trend: Trend,
        rows: &[usize],
        outcome: &dyn Fn(usize) -> (bool, f64),
    ) -> Evidence {
        let (mut missing, mut of_special) = (Tally::default(), vec![Tally::default(); specials.len()]);
        let mut known: Vec<(f64, bool, f64)> = Vec::new();
        for row in rows {
            let (value, (bad, weight)) = (values[*row], outcome(*row));
            if value.is_nan() {
                missing.add(bad, weight);
            } else if let Some(at) = specials.iter().position(|s| *s == value) {
                of_special[at].add(bad, weight);
            } else {
                known.push((value, bad, weight));
            }
        }
        known.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (cuts, tallies) = prebins(&known);
        let least = SHARE_MIN * self.whole.rows();
        let ends = cut(&tallies, least, self.whole.rate(), trend);
        let ranges = joined(&tallies, &ends);
        let edges = ends[..ends.len().saturating_sub(1)].iter().map(|end| cuts[end - 1]).collect();
        let all = ranges.iter().chain(&of_special).chain([&missing]);
        Evidence {
            column,
            missing: self.weight(missing),
            information: all.map(|range| self.information(*range)).sum(),
            ranges: Ranges::Numbers {
                edges,
                weights: ranges.iter().map(|range| self.weight(*range)).collect(),
                specials: specials.iter().zip(&of_special).map(|(code, range)| (*code, self.weight(*range))).collect(),
            },
        }
    }

    fn levels(&self, column: u32, codes: &[u32], rows: &[usize], outcome: &dyn Fn(usize) -> (bool, f64)) -> Evidence {
        let known = |code: u32| code != MISSING && code != UNSEEN;
        let levels = codes.iter().filter(|c| known(**c)).max().map_or(0, |top| *top as usize + 1);
        let (mut missing, mut unseen) = (Tally::default(), Tally::default());
        let mut of_level = vec![Tally::default(); levels];
        for row in rows {
            let (bad, weight) = outcome(*row);
            let tally = match codes[*row] {
                MISSING => &mut missing,
                UNSEEN => &mut unseen,
                code => &mut of_level[code as usize],
            };
            tally.add(bad, weight);
        }
        // Mixed with the average, so that rare levels stand in the middle of the order.
        let mixed = |t: &Tally| t.mixed(self.whole.rate());
        let mut order: Vec<usize> = (0..levels).filter(|level| of_level[*level].rows() > 0.0).collect();
        order.sort_by(|a, b| mixed(&of_level[*a]).total_cmp(&mixed(&of_level[*b])));
        let least = SHARE_MIN * self.whole.rows() / 2.0;
        let mut groups: Vec<(Vec<usize>, Tally)> = Vec::new();
        for level in order {
            // Rare neighbours are taken together first, so that the search stays small.
            match groups.last_mut() {
                Some((members, tally)) if tally.rows() < least => {
                    members.push(level);
                    *tally = tally.with(of_level[level]);
                }
                _ => groups.push((vec![level], of_level[level])),
            }
        }
        let tallies: Vec<Tally> = groups.iter().map(|g| g.1).collect();
        let ends = cut(&tallies, least, self.whole.rate(), Trend::Rising);
        let ranges = joined(&tallies, &ends);
        let mut weights = vec![0.0; levels];
        let mut begin = 0;
        for (end, range) in ends.iter().zip(&ranges) {
            for level in groups[begin..*end].iter().flat_map(|g| &g.0) {
                weights[*level] = self.weight(*range);
            }
            begin = *end;
        }
        let all = ranges.iter().chain([&missing, &unseen]);
        Evidence {
            column,
            missing: self.weight(missing),
            information: all.map(|range| self.information(*range)).sum(),
            ranges: Ranges::Levels { weights, unseen: self.weight(unseen) },
        }
    }
}

/// Cuts sorted values into ranges of about equal number: the upper edge of each and its tally.
fn prebins(known: &[(f64, bool, f64)]) -> (Vec<f64>, Vec<Tally>) {
    let target = known.len().div_ceil(PREBINS).max(1);
    let (mut cuts, mut tallies) = (Vec::new(), Vec::new());
    let (mut open, mut held) = (Tally::default(), 0);
    let mut groups = known.chunk_by(|a, b| a.0 == b.0).peekable();
    while let Some(group) = groups.next() {
        group.iter().for_each(|(_, bad, weight)| open.add(*bad, *weight));
        held += group.len();
        let next = groups.peek();
        if held >= target || next.is_none() {
            // Halfway to the next value, as a value not seen goes to the nearer side.
            cuts.push(next.map_or(group[0].0, |next| group[0].0 + (next[0].0 - group[0].0) * 0.5));
            tallies.push(std::mem::take(&mut open));
            held = 0;
        }
    }
    (cuts, tallies)
}

fn joined(tallies: &[Tally], ends: &[usize]) -> Vec<Tally> {
    let mut begin = 0;
    let range = |end: &usize| {
        let all = tallies[begin..*end].iter().fold(Tally::default(), |sum, t| sum.with(*t));
        begin = *end;
        all
    };
    ends.iter().map(range).collect()
}

/// The ends of the best ranges. A free column rises, falls, or bends once where that pays.
fn cut(tallies: &[Tally], least: f64, average: f64, trend: Trend) -> Vec<usize> {
    if tallies.is_empty() {
        return Vec::new();
    }
    let plan = Plan::new(tallies, least, average);
    let (rising, falling) = (plan.monotone(Trend::Rising), plan.monotone(Trend::Falling));
    let of = |ends: &[usize]| plan.worth(ends);
    match trend {
        Trend::Rising => rising,
        Trend::Falling => falling,
        Trend::Free => {
            let straight = if of(&rising) >= of(&falling) { rising } else { falling };
            let bent = plan.bent();
            if of(&bent) > of(&straight) + BEND_PRICE { bent } else { straight }
        }
    }
}

/// Sums from which any range's worth is read.
struct Plan {
    until: Vec<Tally>,
    least: f64,
    average: f64,
}

impl Plan {
    fn new(tallies: &[Tally], least: f64, average: f64) -> Plan {
        let mut until = vec![Tally::default()];
        for tally in tallies {
            until.push(until[until.len() - 1].with(*tally));
        }
        Plan { until, least, average }
    }

    fn range(&self, begin: usize, end: usize) -> Tally {
        let (a, b) = (self.until[begin], self.until[end]);
        Tally { goods: (b.goods - a.goods).max(0.0), bads: (b.bads - a.bads).max(0.0) }
    }

    fn bins(&self) -> usize {
        self.until.len() - 1
    }

    fn worth(&self, ends: &[usize]) -> f64 {
        let mut begin = 0;
        let one = |end: &usize| {
            let worth = self.range(begin, *end).likelihood() - RANGE_PRICE;
            begin = *end;
            worth
        };
        ends.iter().map(one).sum()
    }

    /// The best ranges whose risk moves one way.
    fn monotone(&self, trend: Trend) -> Vec<usize> {
        self.best(0, self.bins(), trend)
    }

    /// The best ranges that move one way up to some place and the other way after it.
    fn bent(&self) -> Vec<usize> {
        let mut best: Option<(f64, Vec<usize>)> = None;
        // Places a few apart are enough: the ranges on both sides adapt.
        for place in (2..self.bins().saturating_sub(1)).step_by(3) {
            for (first, second) in [(Trend::Rising, Trend::Falling), (Trend::Falling, Trend::Rising)] {
                let mut ends = self.best(0, place, first);
                ends.extend(self.best(place, self.bins(), second));
                let worth = self.worth(&ends);
                if best.as_ref().is_none_or(|b| worth > b.0) {
                    best = Some((worth, ends));
                }
            }
        }
        best.map_or_else(|| vec![self.bins()], |b| b.1)
    }

    /// Dynamic programming over the last range `begin..end`: what the best ranges up to it are worth.
    fn best(&self, from: usize, to: usize, trend: Trend) -> Vec<usize> {
        let width = to - from;
        let at = |begin: usize, end: usize| (begin - from) * (width + 1) + (end - from);
        let mut worth = vec![f64::NEG_INFINITY; (width + 1) * (width + 1)];
        let mut before = vec![usize::MAX; worth.len()];
        // Of the mixed rates, as it is these that weigh.
        let rate = |begin, end| self.range(begin, end).mixed(self.average);
        for end in from + 1..=to {
            for begin in from..end {
                let range = self.range(begin, end);
                // One range over everything is always allowed.
                if range.rows() < self.least && !(begin == from && end == to) {
                    continue;
                }
                let own = range.likelihood() - RANGE_PRICE;
                if begin == from {
                    worth[at(begin, end)] = own;
                    continue;
                }
                let this = range.mixed(self.average);
                for earlier in from..begin {
                    let so_far = worth[at(earlier, begin)];
                    let keeps = match trend {
                        Trend::Rising => rate(earlier, begin) < this,
                        Trend::Falling => rate(earlier, begin) > this,
                        Trend::Free => true,
                    };
                    if keeps && so_far + own > worth[at(begin, end)] {
                        worth[at(begin, end)] = so_far + own;
                        before[at(begin, end)] = earlier;
                    }
                }
            }
        }
        let mut begin = from;
        for candidate in from..to {
            if worth[at(candidate, to)] > worth[at(begin, to)] {
                begin = candidate;
            }
        }
        let (mut ends, mut end) = (vec![to], to);
        while begin != from {
            ends.push(begin);
            let earlier = before[at(begin, end)];
            end = begin;
            begin = if earlier == usize::MAX { from } else { earlier };
        }
        ends.reverse();
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(values: Vec<f64>, bad: &[bool], trend: Trend) -> Evidence {
        let rows: Vec<usize> = (0..bad.len()).collect();
        Evidence::fit(0, &Values::Number(values), &[-9.0], trend, &rows, &|row| (bad[row], 1.0))
    }

    #[test]
    fn cuts_where_risk_changes() {
        let mut values: Vec<f64> = (0..1_000).map(f64::from).collect();
        let mut bad: Vec<bool> = (0..1_000).map(|i| if i < 300 { i % 2 == 0 } else { i % 10 == 0 }).collect();
        values.extend([f64::NAN, -9.0].repeat(50));
        bad.extend([true, false].repeat(50));
        let found = fit(values, &bad, Trend::Free);
        let Ranges::Numbers { edges, weights, specials } = &found.ranges else { panic!() };
        assert_eq!((edges.as_slice(), weights.len()), (&[299.5][..], 2));
        assert!(weights[0] > 0.5 && weights[1] < -0.5 && specials[0].1 < -1.0 && found.missing > 1.0);
        assert_eq!(
            found.weights_of(&Values::Number(vec![f64::NAN, -9.0, 5.0, 1e9]))[..2],
            [found.missing, specials[0].1]
        );
    }

    #[test]
    fn a_column_that_bends_is_let_bend_and_noise_is_one_range() {
        let values: Vec<f64> = (0..900).map(f64::from).collect();
        let bent: Vec<bool> = (0..900).map(|i| if (300..600).contains(&i) { i % 9 == 0 } else { i % 2 == 0 }).collect();
        let Ranges::Numbers { weights, .. } = fit(values.clone(), &bent, Trend::Free).ranges else { panic!() };
        assert_eq!(weights.len(), 3);
        let noise: Vec<bool> = (0..900).map(|i| i * 7 % 5 == 0).collect();
        let Ranges::Numbers { weights, .. } = fit(values, &noise, Trend::Free).ranges else { panic!() };
        assert_eq!(weights.len(), 1);
    }

    #[test]
    fn levels_of_like_risk_are_one_range() {
        let codes: Vec<u32> = (0..600).map(|i| if i == 0 { MISSING } else { i % 6 }).collect();
        let bad: Vec<bool> = (0..600).map(|i| if i % 6 < 3 { i / 6 % 4 == 0 } else { i / 6 % 4 != 0 }).collect();
        let rows: Vec<usize> = (0..600).collect();
        let found = Evidence::fit(0, &Values::Category(codes), &[], Trend::Free, &rows, &|row| (bad[row], 1.0));
        let Ranges::Levels { weights, unseen } = &found.ranges else { panic!() };
        assert!(weights[0] == weights[1] && weights[3] == weights[5] && weights[0] < weights[3], "{weights:?}");
        assert!(unseen.abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn risk_keeps_its_trend(
            rows in proptest::collection::vec((0..30_i32, any::<bool>()), 40..150),
            trend in proptest::sample::select(&[Trend::Rising, Trend::Falling][..]),
        ) {
            let (values, bad): (Vec<f64>, Vec<bool>) = rows.iter().map(|(v, b)| (f64::from(*v), *b)).unzip();
            prop_assume!(bad.contains(&true) && bad.contains(&false));
            let Ranges::Numbers { edges, weights, .. } = fit(values, &bad, trend).ranges else { panic!() };
            prop_assert!(edges.is_sorted_by(|a, b| a < b) && edges.len() + 1 == weights.len());
            for pair in weights.windows(2) {
                let kept = if trend == Trend::Rising { pair[0] < pair[1] } else { pair[0] > pair[1] };
                prop_assert!(kept, "{pair:?}");
            }
        }
    }
}
