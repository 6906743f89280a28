//! Numbers that are no quantities: 96 and 98, −9, 999999, found by their gap and their count.
//!
//! A sentinel stands alone at an end of the column and comes again and again. At either end up to
//! four neighbouring whole numbers are one group of codes if each comes often enough and the gap
//! between the group and all other values is wide: wider than twice the spread of the middle 98 %
//! and half that of all others; or, below zero where no other value is, two units or more.

/// Most codes at one end of a column.
const CODES_MAX: usize = 4;
/// A code comes at least so often,
const EACH_MIN: usize = 3;
/// and all codes of an end together at least so often.
const ALL_MIN: usize = 5;

/// The special codes of a column, ascending. Missing cells (NaN) are passed over.
pub fn codes_of(values: &[f64]) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    known.sort_unstable_by(f64::total_cmp);
    let distinct: Vec<(f64, usize)> = known.chunk_by(|a, b| a == b).map(|group| (group[0], group.len())).collect();
    let mut codes: Vec<f64> = low_codes(&distinct, &known).to_vec();
    let mirrored: Vec<(f64, usize)> = distinct.iter().rev().map(|(v, n)| (-v, *n)).collect();
    let mirrored_known: Vec<f64> = known.iter().rev().map(|v| -v).collect();
    codes.extend(low_codes(&mirrored, &mirrored_known).iter().map(|v| -v));
    codes.sort_unstable_by(f64::total_cmp);
    codes
}

/// The codes at the low end.
fn low_codes(distinct: &[(f64, usize)], known: &[f64]) -> Vec<f64> {
    for count in (1..=CODES_MAX).rev() {
        // Fewer than three other values say too little of what is usual.
        if distinct.len() < count + 3 {
            continue;
        }
        let (group, others) = distinct.split_at(count);
        let rows: usize = group.iter().map(|g| g.1).sum();
        let often = group.iter().all(|g| g.1 >= EACH_MIN) && rows >= ALL_MIN;
        let whole = group.iter().all(|g| g.0.fract() == 0.0);
        if !often || !whole || rows == known.len() {
            continue;
        }
        let rest = &known[rows..];
        let at = |ppm: usize| rest[(rest.len() - 1) * ppm / 1_000_000];
        let gap = others[0].0 - group[count - 1].0;
        let inner = group[count - 1].0 - group[0].0;
        let wide = gap > 2.0 * (at(990_000) - at(10_000)) && gap > 0.5 * (at(1_000_000) - at(0)) && gap > inner;
        let below_zero = group[count - 1].0 < 0.0 && others[0].0 >= 0.0 && gap >= 2.0 && inner <= 10.0 * gap;
        if wide || below_zero {
            return group.iter().map(|g| g.0).collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(codes: &[f64], usual: impl Iterator<Item = i32>) -> Vec<f64> {
        let mut values: Vec<f64> = usual.map(f64::from).collect();
        for code in codes {
            values.extend([*code; 6]);
        }
        values.push(f64::NAN);
        values
    }

    #[test]
    fn codes_stand_apart_and_repeat() {
        let late = || (0..400).map(|i| if i % 10 == 0 { i / 30 } else { 0 });
        for (values, codes) in [
            (with(&[96.0, 98.0], late()), vec![96.0, 98.0]),
            (with(&[-9.0, -8.0, -7.0], 0..100), vec![-9.0, -8.0, -7.0]),
            (with(&[999_999.0], 0..5_000), vec![999_999.0]),
            (with(&[-99.0, 9_999.0], 0..90), vec![-99.0, 9_999.0]),
            // Neighbours of the usual values, a lone outlier, a column with hardly a value: no codes.
            (with(&[-1.0], 0..9), vec![]),
            (with(&[], (0..50).chain([70_000])), vec![]),
            (with(&[50.0], 0..2), vec![]),
            (with(&[], 0..0), vec![]),
        ] {
            assert_eq!(codes_of(&values), codes);
        }
    }
}
