//! Every path, on every set of instructions that this machine has, says what the plain evaluator says, to the bit.

use proptest::prelude::*;

use super::*;
use crate::tree::{Branching, Child, Linear, Oblivious, Question, Rounding, Split, TINY, Test};

const COLUMNS: u32 = 4;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-8..8_i32).prop_map(f64::from),
        2 => -4.0..4.0,
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, TINY, -TINY, 1e-36, -0.5, f64::MAX, f64::MIN, 3e9,
            f64::from(f32::MAX), 2.0_f64.powi(128), 1e-40, 5e-324,
        ]),
    ]
}

fn threshold() -> impl Strategy<Value = f64> {
    value().prop_filter("a threshold is a number", |value| !value.is_nan())
}

fn question(numeric: bool) -> impl Strategy<Value = Question> {
    let set = (prop::collection::vec(any::<u64>(), 0..3), prop::sample::select(vec![0.0, (-1.0_f64).next_up()]))
        .prop_map(|(categories, lowest)| Test::OneOf { categories, lowest });
    let test = prop_oneof![
        5 => threshold().prop_map(|threshold| Test::AtMost { threshold }),
        u32::from(!numeric) => threshold().prop_map(|threshold| Test::AtMostZeroMissing { threshold }),
        u32::from(!numeric) => set,
    ];
    (0..COLUMNS, test, any::<bool>()).prop_map(|(column, test, missing)| Question { column, test, missing })
}

/// A tree grown by splitting one of its leaves again and again; `at` says which.
fn branching(splits: std::ops::Range<usize>) -> impl Strategy<Value = Tree> {
    let grown = prop::collection::vec((question(false), any::<u16>()), splits);
    (grown, any::<u8>(), -2.0..2.0).prop_map(|(asked, kind, size): (Vec<(Question, u16)>, u8, f64)| {
        let mut tree = Branching { leaves: vec![size], ..Branching::default() };
        // Where each leaf hangs.
        let mut parents: Vec<Option<(usize, bool)>> = vec![None];
        for (ask, at) in asked {
            let leaf = at as usize % tree.leaves.len();
            let (split, fresh) = (tree.splits.len(), tree.leaves.len());
            if let Some((parent, yes)) = parents[leaf] {
                let child = Child::Split(split as u32);
                if yes { tree.splits[parent].yes = child } else { tree.splits[parent].no = child }
            }
            tree.splits.push(Split { ask, yes: Child::Leaf(leaf as u32), no: Child::Leaf(fresh as u32) });
            parents[leaf] = Some((split, true));
            parents.push(Some((split, false)));
            tree.leaves.push(f64::from((size * 37.0 + fresh as f64 * 0.37).sin() as f32));
        }
        tree.leaves[0] = f64::from(tree.leaves[0] as f32);
        if kind < 20 {
            let linear = |leaf: &f64| Linear { constant: *leaf, columns: vec![0, 2], factors: vec![0.5, size] };
            tree.linear = tree.leaves.iter().map(linear).collect();
        }
        Tree::Branching(tree)
    })
}

fn oblivious() -> impl Strategy<Value = Tree> {
    (prop::collection::vec(question(false), 0..10), -2.0..2.0_f64).prop_map(|(levels, size)| {
        let leaf = |at: usize| f64::from((size * 11.0 + at as f64 * 0.73).sin() as f32);
        let leaves = (0..1 << levels.len()).map(leaf).collect();
        Tree::Oblivious(Oblivious { levels, leaves, covers: Vec::new() })
    })
}

fn ensemble(trees: impl Strategy<Value = Vec<Tree>>) -> impl Strategy<Value = Ensemble> {
    let reading = prop::sample::select(vec![Reading::Double, Reading::Single, Reading::TinyIsZero]);
    let rounding = prop::sample::select(vec![Rounding::Double, Rounding::Single]);
    let link = prop::sample::select(vec![Link::Identity, Link::Logistic { steepness: 0.7 }]);
    (trees, reading, rounding, link).prop_map(|(trees, reading, rounding, link)| Ensemble {
        columns: (0..COLUMNS).map(|column| format!("c{column}")).collect(),
        reading,
        trees,
        sum: Sum { start: 0.5, rounding, scale: 0.75, offset: -0.1 },
        link,
    })
}

/// Rows with a value on every threshold and on its neighbours, in double and in single precision.
fn on_thresholds(model: &Ensemble) -> Vec<f64> {
    let mut rows = Vec::new();
    for ask in model.trees.iter().flat_map(codes::questions) {
        let (Test::AtMost { threshold } | Test::AtMostZeroMissing { threshold }) = ask.test else { continue };
        let cut = highest(model.reading, threshold);
        for value in [threshold, threshold.next_up(), threshold.next_down(), cut, cut.next_up(), cut.next_down()] {
            let mut row = [1.0; COLUMNS as usize];
            row[ask.column as usize] = value;
            rows.extend(row);
        }
    }
    rows
}

fn same(model: &Ensemble, rows: &[f64]) -> Result<(), TestCaseError> {
    let width = COLUMNS as usize;
    let wanted: Vec<u64> = rows.chunks(width).map(|row| bits(model.probability(row))).collect();
    for instructions in Instructions::available() {
        let fast = Fast::with(model, instructions).expect("a sound model");
        let mut answers = vec![9.0; wanted.len()];
        fast.answer(rows, &mut answers);
        for (at, row) in rows.chunks(width).enumerate() {
            let name = instructions.name();
            prop_assert_eq!(bits(answers[at]), wanted[at], "{} in a block: {:?}", name, row);
            prop_assert_eq!(bits(fast.one(row)), wanted[at], "{} alone: {:?}", name, row);
        }
    }
    Ok(())
}

/// What is no number is the same whatever its bits.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn small_trees_of_all_kinds(
        model in ensemble(prop::collection::vec(prop_oneof![3 => branching(0..40), 1 => oblivious()], 0..24)),
        rows in prop::collection::vec(value(), 0..300),
    ) {
        let whole = rows.len() / COLUMNS as usize * COLUMNS as usize;
        same(&model, &rows[..whole])?;
        same(&model, &on_thresholds(&model))?;
    }

    #[test]
    fn many_trees_of_one_kind(
        model in ensemble(prop_oneof![
            prop::collection::vec(branching(0..31), 17..40),
            prop::collection::vec(branching(32..63), 9..12),
            prop::collection::vec(oblivious(), 11..15),
        ]),
        rows in prop::collection::vec(value(), 280..300),
    ) {
        let whole = rows.len() / COLUMNS as usize * COLUMNS as usize;
        same(&model, &rows[..whole])?;
    }

    #[test]
    fn the_highest_number_read_as_at_most(threshold in threshold(), reading in prop::sample::select(
        vec![Reading::Double, Reading::Single, Reading::TinyIsZero],
    )) {
        let cut = highest(reading, threshold);
        prop_assert!(reading.of(cut) <= threshold, "{cut:e} is read as {:e}", reading.of(cut));
        prop_assert!(cut == f64::INFINITY || reading.of(cut.next_up()) > threshold, "{cut:e} is not the highest");
    }
}

#[test]
fn a_column_of_a_thousand_thresholds_and_a_tree_of_a_hundred_leaves() {
    let ask = |place: u32| Question {
        column: place % 2,
        test: Test::AtMost { threshold: f64::from(place * 7 % 1_009) },
        missing: place.is_multiple_of(3),
    };
    let stump = |place: u32| {
        let split = Split { ask: ask(place), yes: Child::Leaf(0), no: Child::Leaf(1) };
        let leaves = vec![f64::from(place), -f64::from(place)];
        Tree::Branching(Branching { splits: vec![split], leaves, ..Branching::default() })
    };
    // Each "no" leads on, so that it is as deep as can be.
    let chain = |count: u32| {
        let last = |place: u32| if place + 1 == count { Child::Leaf(count) } else { Child::Split(place + 1) };
        let split = |place: u32| Split { ask: ask(place), yes: Child::Leaf(place), no: last(place) };
        let leaves = (0..=count).map(|leaf| f64::from(leaf) * 0.1).collect();
        Tree::Branching(Branching { splits: (0..count).map(split).collect(), leaves, ..Branching::default() })
    };
    let model = Ensemble {
        columns: (0..COLUMNS).map(|column| column.to_string()).collect(),
        reading: Reading::Double,
        trees: (0..1_200).map(stump).chain([chain(100), chain(63), chain(64)]).collect(),
        sum: Sum::default(),
        link: Link::Identity,
    };
    let row = |place: u32| {
        let at = f64::from(place) * 7.3 - 20.0;
        [at, if place.is_multiple_of(11) { f64::NAN } else { 1_000.0 - at }, 0.0, 0.0]
    };
    let rows: Vec<f64> = (0..150).flat_map(row).collect();
    same(&model, &rows).expect("the same");
}

#[test]
fn what_is_not_there_is_left_alone() {
    let model = Ensemble {
        columns: Vec::new(),
        reading: Reading::Double,
        trees: Vec::new(),
        sum: Sum { start: 2.0, ..Sum::default() },
        link: Link::Identity,
    };
    let fast = Fast::new(&model).expect("sound");
    let mut answers = [7.0; 3];
    fast.answer(&[], &mut answers);
    assert_eq!((answers, fast.one(&[]), fast.one(&[1.0])), ([7.0; 3], 2.0, 2.0));
}
