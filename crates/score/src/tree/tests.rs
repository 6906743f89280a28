//! What an ensemble answers at the edges of its questions, and what is refused.

use super::*;

fn at_most(column: u32, threshold: f64) -> Question {
    Question { column, test: Test::AtMost { threshold }, missing: false }
}

fn stump(ask: Question) -> Tree {
    Tree::Branching(Branching {
        splits: vec![Split { ask, yes: Child::Leaf(0), no: Child::Leaf(1) }],
        leaves: vec![1.0, 2.0],
        ..Branching::default()
    })
}

fn model(trees: Vec<Tree>) -> Ensemble {
    Ensemble {
        columns: vec!["a".into(), "b".into()],
        reading: Reading::Double,
        trees,
        sum: Sum::default(),
        link: Link::Identity,
    }
}

#[test]
fn answers_at_the_edges() {
    let zero_missing = |missing| Question { column: 0, test: Test::AtMostZeroMissing { threshold: -3.0 }, missing };
    let one_of =
        |lowest| Question { column: 0, test: Test::OneOf { categories: vec![0b1001, 1], lowest }, missing: true };
    let above_minus_one = (-1.0_f64).next_up();
    for (reading, ask, yes, no) in [
        (Reading::Double, at_most(0, 1.0), vec![1.0, f64::NEG_INFINITY], vec![1.0_f64.next_up(), f64::NAN]),
        // In single precision the number next to 1 is 1.
        (Reading::Single, at_most(0, 1.0), vec![1.0_f64.next_up()], vec![f64::from(1.0_f32.next_up())]),
        (Reading::TinyIsZero, at_most(0, -TINY), vec![(-TINY).next_down()], vec![-TINY, 0.0]),
        (Reading::Double, at_most(0, -TINY), vec![-TINY], vec![0.0]),
        (Reading::Double, zero_missing(true), vec![0.0, -0.0, TINY, f64::NAN, -3.0], vec![TINY.next_up(), -2.9]),
        (Reading::Double, zero_missing(false), vec![-3.0], vec![0.0, f64::NAN, 1.0]),
        (
            Reading::Double,
            one_of(above_minus_one),
            vec![0.0, -0.0, -0.5, 0.9, 3.0, 3.99, 64.0, f64::NAN],
            vec![-1.0, 1.0, 4.0, 65.0, 128.0, 1e300, f64::INFINITY, f64::NEG_INFINITY],
        ),
        (Reading::Double, one_of(0.0), vec![-0.0, 0.5], vec![-0.5]),
    ] {
        let model = Ensemble { reading, ..model(vec![stump(ask.clone())]) };
        model.check().expect("sound");
        for (values, value) in [(yes, 1.0), (no, 2.0)] {
            for x in values {
                assert_eq!(model.raw(&[x, 0.0]), value, "{x:e} asked {ask:?} read as {reading:?}");
            }
        }
    }
}

#[test]
fn sums_in_the_order_and_precision_that_is_told() {
    let leaf = |value| Tree::Branching(Branching { leaves: vec![value], ..Branching::default() });
    let (a, b, c) = (0.1_f32, 0.2_f32, 0.3_f32);
    let mut model = model([a, b, c].map(|value| leaf(f64::from(value))).to_vec());
    assert_eq!(model.raw(&[]), f64::from(a) + f64::from(b) + f64::from(c));
    model.sum = Sum { start: 1.0, rounding: Rounding::Single, scale: 0.5, offset: 7.0 };
    let single = ((1.0 + a) + b) + c;
    assert_eq!(model.raw(&[]), f64::from(single) * 0.5 + 7.0);
    model.link = Link::Logistic { steepness: 2.0 };
    assert_eq!(model.probability(&[]), crate::math::logistic(model.raw(&[]) * 2.0));
}

#[test]
fn oblivious_leaves_are_counted_from_the_lowest_bit() {
    let tree = Oblivious {
        levels: vec![at_most(0, 0.0), Question { missing: true, ..at_most(1, 5.0) }],
        leaves: vec![0.0, 1.0, 2.0, 3.0],
        covers: vec![],
    };
    let model = model(vec![Tree::Oblivious(tree)]);
    model.check().expect("sound");
    for (row, value) in [([0.0, 5.0], 0.0), ([1.0, 5.0], 1.0), ([0.0, 6.0], 2.0), ([f64::NAN, f64::NAN], 1.0)] {
        assert_eq!(model.raw(&row), value, "{row:?}");
    }
}

#[test]
fn linear_leaves_fall_back_where_a_value_is_missing() {
    let linear = Linear { constant: 1.0, columns: vec![0, 1], factors: vec![2.0, -1.0] };
    let tree = Branching { leaves: vec![42.0], linear: vec![linear], ..Branching::default() };
    let model = model(vec![Tree::Branching(tree)]);
    model.check().expect("sound");
    assert_eq!((model.raw(&[3.0, 4.0]), model.raw(&[3.0, f64::NAN])), (3.0, 42.0));
}

#[test]
fn what_is_not_sound_is_named() {
    let splits = |children: &[(Child, Child)]| {
        let split = |(yes, no): &(Child, Child)| Split { ask: at_most(0, 0.0), yes: *yes, no: *no };
        Branching {
            splits: children.iter().map(split).collect(),
            leaves: vec![0.0; children.len() + 1],
            ..Branching::default()
        }
    };
    let (l, s) = (Child::Leaf, Child::Split);
    let branching = |tree: Branching| model(vec![Tree::Branching(tree)]);
    let one = || splits(&[(l(0), l(1))]);
    let asked = |ask: Question| model(vec![stump(ask)]);
    let sum = |sum: Sum| Ensemble { sum, ..model(vec![]) };
    let cases = [
        (
            branching(splits(&[(s(1), l(0))])),
            "tree 0, split 0: its child is split 1, but there are 1 splits and 2 leaves",
        ),
        (
            branching(splits(&[(l(0), l(9))])),
            "tree 0, split 0: its child is leaf 9, but there are 1 splits and 2 leaves",
        ),
        (branching(splits(&[(s(0), l(0))])), "tree 0: split 0 is reached twice, so this is no tree"),
        (branching(splits(&[(l(1), l(1))])), "tree 0: leaf 1 is reached twice, so this is no tree"),
        (branching(splits(&[(l(0), l(1)), (s(1), l(2))])), "tree 0: split 1 is never reached"),
        (branching(Branching::default()), "tree 0 has 0 leaves, 1 are needed"),
        (branching(Branching { leaves: vec![0.0, f64::NAN], ..one() }), "tree 0: a leaf's value is NaN"),
        (branching(Branching { covers: vec![1.0], ..one() }), "tree 0 has 1 weights of leaves, 2 are needed"),
        (branching(Branching { covers: vec![1.0, -1.0], ..one() }), "tree 0: the weight of a leaf is -1"),
        (branching(Branching { linear: vec![Linear::default()], ..one() }), "tree 0 has 1 linear leaves, 2 are needed"),
        (asked(at_most(2, 0.0)), "tree 0 asks for column 2, but there are 2"),
        (asked(at_most(0, f64::NAN)), "tree 0: a threshold is NaN"),
        (
            asked(Question { test: Test::OneOf { categories: vec![0; 1 << 15], lowest: 0.0 }, ..at_most(0, 0.0) }),
            "2097152 categories: at most 1048576 are read",
        ),
        (
            model(vec![Tree::Oblivious(Oblivious {
                levels: vec![at_most(0, 0.0)],
                leaves: vec![1.0],
                covers: vec![],
            })]),
            "tree 0 has 1 leaves, 2 are needed",
        ),
        (
            sum(Sum { scale: f64::INFINITY, ..Sum::default() }),
            "the ensemble's scale is inf: a finite number is needed, above 0 for a steepness",
        ),
        (
            Ensemble { columns: vec!["a".into(), "a".into()], ..model(vec![]) },
            "column 1 is named `a`, as another is, or not at all: each needs a name of its own",
        ),
    ];
    for (model, words) in cases {
        assert_eq!(model.check().map_err(|error| error.to_string()), Err(words.to_owned()));
    }
}

#[test]
fn bytes_come_back_whole_or_not_at_all() {
    let categories = Question { column: 1, test: Test::OneOf { categories: vec![5], lowest: 0.0 }, missing: true };
    let model = model(vec![stump(at_most(0, 0.1)), stump(categories)]);
    let bytes = model.to_bytes();
    assert_eq!(Ensemble::from_bytes(&bytes), Ok(model));
    for end in 0..bytes.len() {
        assert!(matches!(Ensemble::from_bytes(&bytes[..end]), Err(TreeError::Bytes(_))), "cut at {end}");
    }
    let longer = [bytes, vec![0]].concat();
    assert_eq!(Ensemble::from_bytes(&longer), Err(TreeError::Bytes("1 bytes follow its end".into())));
}
