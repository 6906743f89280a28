//! Columns as trees see them: numbers with codes taken out, categories as numbers, each way learned on
//! training rows alone.
//!
//! A category is given to trees as its level (for splits that take sets of levels), or as a target
//! statistic: the bad rate of its level, mixed with `prior` rows of the average (Micci-Barreca, 2001),
//! and how frequent it is. A training row's own statistic is computed from the rows of other inner folds only, so
//! that it does not tell the row's own outcome; twins share an inner fold. Ordered statistics (Prokhorenkova and others, 2018)
//! compute it from the rows before it in a random order instead, in another order for every few trees: more of the rows speak for the later ones, and
//! no fold's own chance is learned. Pairs of categories can be given statistics as one.

use minicbor::{Decode, Encode};

use crate::bin::Trend;
use crate::frame::{Frame, Kind, MISSING, UNSEEN, Values};
use crate::math::{ln, logistic};
use crate::random::Stream;
use crate::sample::{Past, deal};

/// Most levels that a split can tell apart; the rest count as one.
const LEVELS_MAX: usize = 250;
/// Parts in which statistics of training rows are computed.
const INNER_FOLDS: usize = 8;
/// Random orders in which ordered statistics are computed.
pub const ORDERS: usize = 4;
/// Most pairs of categories that get statistics.
const PAIRS_MAX: usize = 4;
/// Most categories of which pairs are made.
const PAIR_COLUMNS_MAX: usize = 16;
/// Most places of a pair.
const PAIR_SLOTS_MAX: usize = 1_200;
/// Up to so many levels a statistic says no more than the levels do.
const FEW_LEVELS: usize = 2;

/// How categories are given to trees.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub enum Categories {
    /// As levels.
    #[n(0)]
    Levels,
    /// As target statistics and frequencies, of inner folds.
    #[n(1)]
    Statistics {
        /// Rows of the average mixed into each level.
        #[n(0)]
        prior: f64,
    },
    /// As target statistics and frequencies, in several random orders; the most telling pairs too.
    #[n(2)]
    Ordered {
        /// Rows of the average mixed into each level.
        #[n(0)]
        prior: f64,
    },
}

/// One input of the trees.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Input {
    /// The column it is made from, by its place in the schema.
    #[n(0)]
    pub column: u32,
    /// How it is made.
    #[n(1)]
    pub making: Making,
}

/// How an input is made from a column.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Making {
    /// The number; missing where it is a code.
    #[n(0)]
    Number {
        /// The codes.
        #[n(0)]
        specials: Vec<f64>,
    },
    /// Which code it is: 1 for the first, 0 for a number or nothing.
    #[n(1)]
    Special {
        /// The codes.
        #[n(0)]
        specials: Vec<f64>,
    },
    /// The level: 1 for the most frequent, 0 for levels not told apart; missing where it is.
    #[n(2)]
    Level {
        /// Levels told apart.
        #[n(0)]
        levels: u32,
    },
    /// A number for each level.
    #[n(3)]
    Table {
        /// Of each level, by its place in the schema.
        #[n(0)]
        values: Vec<f64>,
        /// Of a level not known.
        #[n(1)]
        unseen: f64,
        /// Of a missing cell.
        #[n(2)]
        missing: f64,
    },
    /// A number for each pair of a level of the column and one of another.
    #[n(4)]
    Pair {
        /// The other column, by its place in the schema.
        #[n(0)]
        other: u32,
        /// Levels of the column and of the other; after each come a place for levels not known and one for missing cells.
        #[n(1)]
        levels: (u32, u32),
        /// Of each pair, those of the first level first.
        #[n(2)]
        values: Vec<f64>,
    },
}

/// How a frame becomes inputs.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Encoder {
    /// The inputs.
    #[n(0)]
    pub inputs: Vec<Input>,
}

/// What trees may do with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Split at a threshold, held to the trend.
    Ordered(Trend),
    /// Split into sets of 0 to this.
    Sets(u32),
}

impl Encoder {
    /// The inputs of a frame, one column each.
    pub fn encode(&self, frame: &Frame) -> Vec<Vec<f64>> {
        self.inputs.iter().map(|input| input.of(frame)).collect()
    }

    /// What trees may do with each input, where columns have these trends.
    pub fn natures(&self, trends: &[Trend]) -> Vec<Nature> {
        let nature = |input: &Input| match &input.making {
            Making::Number { .. } => Nature::Ordered(trends[input.column as usize]),
            Making::Special { specials } => Nature::Sets(specials.len() as u32),
            Making::Level { levels } => Nature::Sets(*levels),
            Making::Table { .. } | Making::Pair { .. } => Nature::Ordered(Trend::Free),
        };
        self.inputs.iter().map(nature).collect()
    }
}

impl Input {
    /// Whether all columns that it is made from are there, with a value for every pair.
    pub(crate) fn is_sound(&self, columns: usize) -> bool {
        let is_there = |column: u32| (column as usize) < columns;
        is_there(self.column)
            && match &self.making {
                Making::Pair { other, levels, values } => {
                    let places = |levels: u32| (levels as usize).saturating_add(2);
                    is_there(*other) && places(levels.0).checked_mul(places(levels.1)) == Some(values.len())
                }
                _ => true,
            }
    }

    fn of(&self, frame: &Frame) -> Vec<f64> {
        let column = &frame.columns[self.column as usize];
        if let Making::Pair { other, levels, values } = &self.making {
            let slots = pair_slots(column, &frame.columns[*other as usize], *levels);
            return slots.into_iter().map(|slot| values[slot]).collect();
        }
        match (&self.making, column) {
            (Making::Number { specials }, Values::Number(values)) => {
                values.iter().map(|v| if specials.contains(v) { f64::NAN } else { *v }).collect()
            }
            (Making::Special { specials }, Values::Number(values)) => {
                let place = |v: &f64| specials.iter().position(|s| s == v).map_or(0.0, |p| p as f64 + 1.0);
                values.iter().map(place).collect()
            }
            (Making::Level { levels }, Values::Category(codes)) => codes
                .iter()
                .map(|code| match *code {
                    MISSING => f64::NAN,
                    code if code < *levels => f64::from(code) + 1.0,
                    _ => 0.0,
                })
                .collect(),
            (Making::Table { values, unseen, missing }, Values::Category(codes)) => codes
                .iter()
                .map(|code| match *code {
                    MISSING => *missing,
                    code => values.get(code as usize).copied().unwrap_or(*unseen),
                })
                .collect(),
            // A schema gives each column one type; this cannot be met with a frame read by it.
            (_, Values::Number(values)) => vec![f64::NAN; values.len()],
            (_, Values::Category(codes)) => vec![f64::NAN; codes.len()],
        }
    }
}

/// An encoder, and rows as it encodes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// How later rows become inputs.
    pub encoder: Encoder,
    /// The inputs of all rows, one column each. Of training rows, statistics are such as do not tell their own outcomes.
    pub inputs: Vec<Vec<f64>>,
    /// The same in other random orders, by the place of the input: only inputs that have ordered statistics.
    pub reordered: Vec<Vec<(usize, Vec<f64>)>>,
}

/// Learns an encoder from the training rows (`is_training`) and encodes all rows: training rows by statistics
/// of other inner folds or of rows before them, the others by the whole.
pub fn fit(past: &Past, is_training: &[bool], categories: Categories, seed: u64) -> Encoded {
    let mut fitting = Fitting { past, is_training, seed, done: Encoded::empty(), parts: None, orders: None };
    for (column, spec) in past.schema.columns.iter().enumerate() {
        let at = column as u32;
        match (&spec.kind, &past.frame.columns[column]) {
            (Kind::Number { specials, .. }, _) => {
                fitting.plain(Input { column: at, making: Making::Number { specials: specials.clone() } });
                if !specials.is_empty() {
                    fitting.plain(Input { column: at, making: Making::Special { specials: specials.clone() } });
                }
            }
            (Kind::Category { levels, .. }, Values::Category(codes)) => match categories {
                Categories::Statistics { prior } | Categories::Ordered { prior } if levels.len() > FEW_LEVELS => {
                    let slots: Vec<usize> = codes.iter().map(|code| slot(*code, levels.len())).collect();
                    let is_ordered = matches!(categories, Categories::Ordered { .. });
                    let values = fitting.statistic(&slots, levels.len() + 2, prior, is_ordered);
                    let (unseen, missing) = (values[levels.len()], values[levels.len() + 1]);
                    let making = Making::Table { values: values[..levels.len()].to_vec(), unseen, missing };
                    fitting.done.encoder.inputs.push(Input { column: at, making });
                    fitting.plain(Input { column: at, making: frequency(codes, levels.len(), is_training) });
                }
                _ => {
                    let levels = levels.len().min(LEVELS_MAX) as u32;
                    fitting.plain(Input { column: at, making: Making::Level { levels } });
                }
            },
            _ => fitting.plain(Input { column: at, making: Making::Number { specials: Vec::new() } }),
        }
    }
    if let Categories::Ordered { prior } = categories {
        fitting.pairs(prior);
    }
    fitting.done
}

impl Encoded {
    fn empty() -> Encoded {
        Encoded { encoder: Encoder { inputs: Vec::new() }, inputs: Vec::new(), reordered: vec![Vec::new(); ORDERS - 1] }
    }
}

/// An encoder being learned.
struct Fitting<'a> {
    past: &'a Past,
    is_training: &'a [bool],
    seed: u64,
    done: Encoded,
    /// The inner fold of each row, once asked for.
    parts: Option<Vec<usize>>,
    /// Random orders of the training rows, once asked for.
    orders: Option<Vec<Vec<usize>>>,
}

impl Fitting<'_> {
    fn plain(&mut self, input: Input) {
        self.done.inputs.push(input.of(&self.past.frame));
        self.done.encoder.inputs.push(input);
    }

    /// Encodes rows by the statistics of their slots, and gives what each slot's is over all training rows.
    fn statistic(&mut self, slot_of: &[usize], slots: usize, prior: f64, is_ordered: bool) -> Vec<f64> {
        let tally = Tally { past: self.past, is_training: self.is_training, slot_of, slots, prior };
        let values = tally.whole();
        if is_ordered {
            let orders = self.orders.get_or_insert_with(|| orders(self.past, self.is_training, self.seed));
            let place = self.done.inputs.len();
            for (version, order) in orders.iter().enumerate() {
                let own = tally.in_order(order, &values);
                match version.checked_sub(1) {
                    None => self.done.inputs.push(own),
                    Some(other) => self.done.reordered[other].push((place, own)),
                }
            }
        } else {
            let deal = || deal(&self.past.bad, &self.past.twins, INNER_FOLDS, self.seed ^ 0x5eed);
            let parts = self.parts.get_or_insert_with(deal);
            self.done.inputs.push(tally.of_others(parts, &values));
        }
        values
    }

    /// Gives statistics to the pairs of categories that tell most beyond what each of the two tells.
    fn pairs(&mut self, prior: f64) {
        let levels = |column: usize| match &self.past.schema.columns[column].kind {
            Kind::Category { levels, .. } => Some(levels.len()),
            _ => None,
        };
        let columns: Vec<(usize, usize)> = (0..self.past.schema.columns.len())
            .filter_map(|column| Some((column, levels(column)?)))
            .filter(|(_, levels)| (2..=PAIR_SLOTS_MAX / 4).contains(levels))
            .take(PAIR_COLUMNS_MAX)
            .collect();
        let mut found: Vec<(f64, usize, usize, (u32, u32))> = Vec::new();
        for (at, (first, a)) in columns.iter().enumerate() {
            for (second, b) in &columns[at + 1..] {
                let levels = (*a as u32, *b as u32);
                if (a + 2) * (b + 2) > PAIR_SLOTS_MAX {
                    continue;
                }
                let frame = &self.past.frame;
                let slot_of = pair_slots(&frame.columns[*first], &frame.columns[*second], levels);
                let tally = Tally {
                    past: self.past,
                    is_training: self.is_training,
                    slot_of: &slot_of,
                    slots: (a + 2) * (b + 2),
                    prior,
                };
                found.push((tally.interaction(b + 2), *first, *second, levels));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, first, second, levels) in found.into_iter().take(PAIRS_MAX).filter(|pair| pair.0 > 0.0) {
            let frame = &self.past.frame;
            let slot_of = pair_slots(&frame.columns[first], &frame.columns[second], levels);
            let slots = (levels.0 as usize + 2) * (levels.1 as usize + 2);
            let values = self.statistic(&slot_of, slots, prior, true);
            let making = Making::Pair { other: second as u32, levels, values };
            self.done.encoder.inputs.push(Input { column: first as u32, making });
        }
    }
}

/// Place of a code in tallies: levels, then not known, then missing.
fn slot(code: u32, levels: usize) -> usize {
    match code {
        MISSING => levels + 1,
        UNSEEN => levels,
        code => (code as usize).min(levels),
    }
}

/// Places of pairs: all of the second column for each of the first.
fn pair_slots(first: &Values, second: &Values, levels: (u32, u32)) -> Vec<usize> {
    let (a, b) = (levels.0 as usize, levels.1 as usize);
    match (first, second) {
        (Values::Category(first), Values::Category(second)) => {
            first.iter().zip(second).map(|(x, y)| slot(*x, a) * (b + 2) + slot(*y, b)).collect()
        }
        // A schema gives each column one type; this cannot be met with a frame read by it.
        (Values::Number(values), _) | (_, Values::Number(values)) => vec![0; values.len()],
    }
}

/// Random orders of the training rows that follow from what rows hold; twins stand together.
fn orders(past: &Past, is_training: &[bool], seed: u64) -> Vec<Vec<usize>> {
    let rows: Vec<usize> = (0..past.rows()).filter(|row| is_training[*row]).collect();
    let one = |version: u64| {
        let place = |twin: u64| Stream::new(seed ^ twin.rotate_left(11) ^ (version << 56)).next_bits();
        let mut keyed: Vec<(u64, u64, usize)> =
            rows.iter().map(|row| (place(past.twins[*row]), past.twins[*row], *row)).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, _, row)| row).collect()
    };
    (0..ORDERS as u64).map(one).collect()
}

/// Rows by slot, from which statistics are taken.
struct Tally<'a> {
    past: &'a Past,
    is_training: &'a [bool],
    slot_of: &'a [usize],
    slots: usize,
    prior: f64,
}

impl Tally<'_> {
    fn mixed(&self, bad_weight: f64, weight: f64, rate: f64) -> f64 {
        (bad_weight + self.prior * rate) / (weight + self.prior)
    }

    fn row(&self, row: usize) -> (f64, f64) {
        let weight = self.past.weights[row];
        (if self.past.bad[row] { weight } else { 0.0 }, weight)
    }

    /// Bad weight and weight of each slot, the last being of all.
    fn sums(&self, rows: impl Iterator<Item = usize>) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); self.slots + 1];
        for row in rows {
            let (bad_weight, weight) = self.row(row);
            for at in [self.slot_of[row], self.slots] {
                sums[at].0 += bad_weight;
                sums[at].1 += weight;
            }
        }
        sums
    }

    fn training(&self) -> impl Iterator<Item = usize> {
        (0..self.slot_of.len()).filter(|row| self.is_training[*row])
    }

    /// The statistic of each slot over all training rows.
    fn whole(&self) -> Vec<f64> {
        let sums = self.sums(self.training());
        let rate = sums[self.slots].0 / sums[self.slots].1.max(1e-12);
        sums[..self.slots].iter().map(|(b, w)| self.mixed(*b, *w, rate)).collect()
    }

    /// Each row's, training rows by the rows of other inner folds.
    fn of_others(&self, inner: &[usize], whole: &[f64]) -> Vec<f64> {
        let all = self.sums(self.training());
        let parts: Vec<Vec<(f64, f64)>> =
            (0..INNER_FOLDS).map(|fold| self.sums(self.training().filter(|row| inner[*row] == fold))).collect();
        let own = |row: usize| {
            let at = self.slot_of[row];
            if !self.is_training[row] {
                return whole[at];
            }
            let part = &parts[inner[row]];
            let less = |at: usize| (all[at].0 - part[at].0, all[at].1 - part[at].1);
            let (b, w) = less(self.slots);
            let (bad_weight, weight) = less(at);
            self.mixed(bad_weight, weight, b / w.max(1e-12))
        };
        (0..self.slot_of.len()).map(own).collect()
    }

    /// Each row's, training rows by the rows before them in an order; twins do not speak for one another.
    fn in_order(&self, order: &[usize], whole: &[f64]) -> Vec<f64> {
        let mut own: Vec<f64> = self.slot_of.iter().map(|at| whole[*at]).collect();
        let all = self.sums(self.training())[self.slots];
        let rate = all.0 / all.1.max(1e-12);
        let mut sums = vec![(0.0, 0.0); self.slots];
        for twins in order.chunk_by(|a, b| self.past.twins[*a] == self.past.twins[*b]) {
            for row in twins {
                let (bad_weight, weight) = sums[self.slot_of[*row]];
                own[*row] = self.mixed(bad_weight, weight, rate);
            }
            for row in twins {
                let (bad_weight, weight) = self.row(*row);
                let sum = &mut sums[self.slot_of[*row]];
                *sum = (sum.0 + bad_weight, sum.1 + weight);
            }
        }
        own
    }

    /// How much pairs tell beyond what their sides do: the squared distance, over the variance of chance, of each pair's bads from
    /// those that the sides' rates ask for, less what chance alone would give.
    fn interaction(&self, width: usize) -> f64 {
        let sums = self.sums(self.training());
        let (b, w) = sums[self.slots];
        let rate = (b / w.max(1e-12)).clamp(1e-6, 1.0 - 1e-6);
        let logit = |rate: f64| ln(rate / (1.0 - rate));
        let side = |of: &dyn Fn(usize) -> usize, count: usize| {
            let mut sides = vec![(0.0, 0.0); count];
            for (at, (b, w)) in sums[..self.slots].iter().enumerate() {
                let side = &mut sides[of(at)];
                *side = (side.0 + b, side.1 + w);
            }
            sides.into_iter().map(|(b, w)| self.mixed(b, w, rate)).collect::<Vec<f64>>()
        };
        let first = side(&|at| at / width, self.slots / width);
        let second = side(&|at| at % width, width);
        let mut told = 0.0;
        for (at, (b, w)) in sums[..self.slots].iter().enumerate().filter(|(_, sum)| sum.1 > 0.0) {
            let asked = logistic(logit(first[at / width]) + logit(second[at % width]) - logit(rate));
            let expected = w * asked;
            told += (b - expected) * (b - expected) / ((w + self.prior) * asked * (1.0 - asked)).max(1e-9) - 1.0;
        }
        told
    }
}

/// Each level's part of the training rows.
fn frequency(codes: &[u32], levels: usize, is_training: &[bool]) -> Making {
    let (mut counts, mut rows) = (vec![0.0; levels + 2], 0.0);
    for (code, _) in codes.iter().zip(is_training).filter(|(_, is)| **is) {
        counts[slot(*code, levels)] += 1.0;
        rows += 1.0;
    }
    let shares: Vec<f64> = counts.iter().map(|n| n / f64::max(rows, 1.0)).collect();
    Making::Table { values: shares[..levels].to_vec(), unseen: 0.0, missing: shares[levels + 1] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Schema, SchemaSpec, Table};

    fn past() -> Past {
        let mut text = "job,n,y\n".to_owned();
        for i in 0..240 {
            let job = ["farm", "shop", "mine", ""][i % 4];
            text +=
                &format!("{job},{},{}\n", if i % 24 == 1 { 999 } else { i % 30 }, u8::from(i % 4 == 2 && i % 3 > 0));
        }
        let table = Table::read_csv(text.as_bytes()).unwrap();
        let spec = SchemaSpec { left_out: ["y".to_owned()].into(), ..SchemaSpec::default() };
        let schema = Schema::learn(&table, &spec).unwrap();
        let (frame, _) = schema.read(&table).unwrap();
        let bad = table.cells(2).map(|c| c == "1").collect();
        Past::new(schema, frame, bad, None).unwrap()
    }

    #[test]
    fn statistics_are_mixed_and_do_not_tell_the_rows_own_outcome() {
        let past = past();
        let is_training: Vec<bool> = (0..past.rows()).map(|i| i < 200).collect();
        let Encoded { encoder, inputs: encoded, .. } =
            fit(&past, &is_training, Categories::Statistics { prior: 10.0 }, 1);
        assert_eq!(encoder.inputs.len(), 4);
        assert_eq!(encoder.encode(&past.frame).len(), 4);
        let Making::Table { values, unseen, missing } = &encoder.inputs[0].making else { panic!() };
        // 50 rows of each job among 200, a sixth bad in all, mines two in three.
        let rate = past.bad[..200].iter().filter(|b| **b).count() as f64 / 200.0;
        assert!((unseen - rate).abs() < 1e-12 && *missing < rate && values.iter().any(|v| *v > 0.5));
        // Rows not trained on get the whole; encoding anew gives the same.
        let anew = encoder.encode(&past.frame);
        assert_eq!(anew[0][200..], encoded[0][200..]);
        assert_eq!(encoder.natures(&[Trend::Free, Trend::Rising])[2], Nature::Ordered(Trend::Rising));
        // The code 999 is no number, and has an input of its own.
        assert!(anew[2][1].is_nan() && anew[3][1] == 1.0 && anew[3][2] == 0.0);
        // Within one inner fold and level, all rows get the same, whatever their own outcome.
        let inner = deal(&past.bad, &past.twins, INNER_FOLDS, 1 ^ 0x5eed);
        let pairs = (2..200).step_by(4).flat_map(|i| (2..200).step_by(4).map(move |j| (i, j)));
        for (i, j) in pairs.filter(|(i, j)| inner[*i] == inner[*j]) {
            assert_eq!(encoded[0][i], encoded[0][j]);
        }
    }

    #[test]
    fn ordered_statistics_know_only_what_came_before_and_pairs_what_neither_tells() {
        let mut text = "a,b,n,y\n".to_owned();
        for i in 0..600_usize {
            let (a, b) = (i % 3, i / 3 % 4);
            // Bad where the two agree: neither says so alone.
            let bad = (a + b) % 2 == 0 && i % 7 > 0;
            text += &format!("a{a},b{b},{i},{}\n", u8::from(bad));
        }
        let table = Table::read_csv(text.as_bytes()).unwrap();
        let spec = SchemaSpec { left_out: ["y".to_owned()].into(), ..SchemaSpec::default() };
        let schema = Schema::learn(&table, &spec).unwrap();
        let (frame, _) = schema.read(&table).unwrap();
        let bad = table.cells(3).map(|c| c == "1").collect();
        let past = Past::new(schema, frame, bad, None).unwrap();
        let is_training: Vec<bool> = (0..600).map(|i| i < 500).collect();
        let done = fit(&past, &is_training, Categories::Ordered { prior: 5.0 }, 1);
        let Making::Pair { other: 1, values, .. } = &done.encoder.inputs[5].making else {
            panic!("{:?}", done.encoder)
        };
        assert!(values.iter().any(|v| *v > 0.75) && values.iter().any(|v| *v < 0.1));
        // Rows left out get the whole in every order, and as encoding anew gives it.
        let anew = done.encoder.encode(&past.frame);
        for version in &done.reordered {
            assert_eq!(version.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 2, 5]);
            for (place, own) in version {
                assert_eq!(own[500..], anew[*place][500..]);
                assert_ne!(own[..500], done.inputs[*place][..500]);
            }
        }
        // Turning one row's outcome round changes nothing of its own statistic, in no order.
        let mut turned = past.clone();
        turned.bad[17] = !turned.bad[17];
        let other = fit(&turned, &is_training, Categories::Ordered { prior: 5.0 }, 1);
        let rate = |past: &Past| past.bad[..500].iter().filter(|b| **b).count() as f64 / 500.0;
        let apart = (rate(&past) - rate(&turned)).abs();
        let own = |done: &Encoded| {
            std::iter::once(done.inputs[0][17]).chain(done.reordered.iter().map(|v| v[0].1[17])).collect::<Vec<f64>>()
        };
        for (a, b) in own(&done).iter().zip(own(&other)) {
            // But for the average that is mixed in.
            assert!((a - b).abs() <= apart, "{a} {b}");
        }
    }
}
