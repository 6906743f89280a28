//! Grown trees: what they learn, that they keep their trends, and that trees over values say what trees over bins said.

use proptest::prelude::*;

use super::*;
use crate::bin::Trend;
use crate::encode::Nature;
use crate::judge::area;
use crate::random::Stream;
use crate::tree::{Ensemble, Link, Reading, Sum};

const SHAPES: [Shape; 3] = [Shape::LeafWise(6), Shape::DepthWise(3), Shape::Oblivious(3)];

fn spec(shape: Shape, thresholds: Thresholds) -> GrowSpec {
    GrowSpec { shape, thresholds, rate: 0.2, leaf_curvature: 0.5, ridge: 1.0, rows_share: 1.0, inputs_share: 1.0 }
}

/// Two numbers, the first with holes, and a category of five levels; bad by all three.
fn rows(count: usize, seed: u64) -> (Vec<Vec<f64>>, Vec<bool>) {
    let mut stream = Stream::new(seed);
    let (mut inputs, mut bad) = (vec![Vec::new(); 3], Vec::new());
    for _ in 0..count {
        let (x, y, level) = (stream.below(100) as f64, stream.below(100) as f64, stream.below(5));
        let is_missing = stream.below(10) == 0;
        inputs[0].push(if is_missing { f64::NAN } else { x });
        inputs[1].push(y);
        inputs[2].push(if level == 4 { f64::NAN } else { level as f64 });
        let risk = if is_missing { 70.0 } else { x } + if level % 2 == 0 { 40.0 } else { 0.0 };
        bad.push(risk + stream.below(60) as f64 > 110.0);
    }
    (inputs, bad)
}

fn grown(inputs: &[Vec<f64>], bad: &[bool], trend: Trend, spec: &GrowSpec, trees: usize) -> (Binned, Boosted) {
    let natures = [Nature::Ordered(trend), Nature::Ordered(Trend::Free), Nature::Sets(4)];
    let all = vec![true; bad.len()];
    let mut binned = Binned::of(inputs, &natures, &all, 64);
    let weights = vec![1.0; bad.len()];
    let watch = Watch { is_training: &all, bad, weights: &weights, keep_at: &[trees], patience: None };
    let boosted = boost(&mut binned, &watch, spec, 1);
    (binned, boosted)
}

fn ensemble(binned: &Binned, boosted: &Boosted) -> Ensemble {
    Ensemble {
        columns: (0..binned.inputs()).map(|i| i.to_string()).collect(),
        reading: Reading::Double,
        trees: boosted.trees.iter().map(|tree| tree.tree(binned)).collect(),
        sum: Sum { start: boosted.start, ..Sum::default() },
        link: Link::Identity,
    }
}

fn row(inputs: &[Vec<f64>], at: usize) -> Vec<f64> {
    inputs.iter().map(|input| input[at]).collect()
}

#[test]
fn every_shape_learns_and_says_over_values_what_it_said_over_bins() {
    let (inputs, bad) = rows(400, 3);
    let (later, truth) = rows(400, 4);
    for shape in SHAPES {
        for thresholds in [Thresholds::All, Thresholds::Drawn] {
            let (binned, boosted) = grown(&inputs, &bad, Trend::Free, &spec(shape, thresholds), 20);
            let model = ensemble(&binned, &boosted);
            model.check().unwrap();
            for (at, said) in boosted.kept[0].iter().enumerate() {
                assert_eq!(model.raw(&row(&inputs, at)).to_bits(), said.to_bits(), "{shape:?} row {at}");
            }
            let said: Vec<f64> = (0..400).map(|at| model.raw(&row(&later, at))).collect();
            let area = area(&said, &truth).unwrap();
            assert!(area > 0.85, "{shape:?} {thresholds:?}: {area}");
        }
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let (inputs, bad) = rows(300, 5);
    let backwards = |values: &[f64]| values.iter().rev().copied().collect::<Vec<f64>>();
    let turned: Vec<Vec<f64>> = inputs.iter().map(|input| backwards(input)).collect();
    let bad_turned: Vec<bool> = bad.iter().rev().copied().collect();
    for shape in SHAPES {
        let spec = spec(shape, Thresholds::All);
        let (_, first) = grown(&inputs, &bad, Trend::Free, &spec, 10);
        let (_, second) = grown(&turned, &bad_turned, Trend::Free, &spec, 10);
        assert_eq!(first.trees, second.trees, "{shape:?}");
    }
}

#[test]
fn boosting_ends_when_rows_left_out_gain_nothing_more() {
    let (inputs, bad) = rows(200, 6);
    let is_training: Vec<bool> = (0..200).map(|i| i % 2 == 0).collect();
    let natures = [Nature::Ordered(Trend::Free), Nature::Ordered(Trend::Free), Nature::Sets(4)];
    let mut binned = Binned::of(&inputs, &natures, &is_training, 64);
    let weights = vec![1.0; 200];
    let keep_at = [5, 400];
    let watch =
        Watch { is_training: &is_training, bad: &bad, weights: &weights, keep_at: &keep_at, patience: Some(10) };
    let boosted = boost(&mut binned, &watch, &spec(Shape::LeafWise(8), Thresholds::All), 1);
    assert!(boosted.trees.len() < 200 && boosted.kept.len() == 2, "{}", boosted.trees.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn trends_are_kept(
        seed in any::<u64>(),
        shape in proptest::sample::select(&SHAPES[..]),
        trend in proptest::sample::select(&[Trend::Rising, Trend::Falling][..]),
    ) {
        let (inputs, mut bad) = rows(160, seed);
        // Some outcomes at random, so that the data break the trend in places.
        let mut stream = Stream::new(seed ^ 1);
        bad.iter_mut().for_each(|b| *b ^= stream.below(4) == 0);
        let (binned, boosted) = grown(&inputs, &bad, trend, &spec(shape, Thresholds::All), 12);
        let model = ensemble(&binned, &boosted);
        for (y, level) in [(10.0, 0.0), (50.0, 3.0), (90.0, f64::NAN)] {
            let said: Vec<f64> = (-1..101).map(|x| model.raw(&[f64::from(x), y, level])).collect();
            for pair in said.windows(2) {
                let kept = if trend == Trend::Rising { pair[0] <= pair[1] + 1e-12 } else { pair[0] + 1e-12 >= pair[1] };
                prop_assert!(kept, "{pair:?}");
            }
        }
    }
}
