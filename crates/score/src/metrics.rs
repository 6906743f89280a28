//! The figures that judge a score: how well it ranks, how true its probabilities are.
//!
//! A risk is any whole number where more means riskier (PD in ppm, log odds in millionths).
//! Figures are none where a class is empty: there is nothing to tell apart.

use crate::random::Stream;

/// Area under the ROC curve: the chance that a bad is ranked riskier than a good, ties half.
///
/// ```
/// use score::metrics::auc;
/// assert_eq!(auc(&[10, 20, 20, 30], &[false, false, true, true]), Some(0.875));
/// assert_eq!(auc(&[10, 20], &[true, true]), None);
/// ```
pub fn auc(risk: &[i64], bad: &[bool]) -> Option<f64> {
    let groups = tied_groups(risk, bad);
    let (goods, bads) = totals(&groups)?;
    // Twice the number of pairs won, so that ties stay whole.
    let mut goods_below = 0_u128;
    let mut won_twice = 0_u128;
    for (g, b) in groups {
        won_twice += b as u128 * (2 * goods_below + g as u128);
        goods_below += g as u128;
    }
    Some(won_twice as f64 / (2 * goods as u128 * bads as u128) as f64)
}

/// `2 AUC − 1`.
pub fn gini(risk: &[i64], bad: &[bool]) -> Option<f64> {
    auc(risk, bad).map(|a| 2.0 * a - 1.0)
}

/// Kolmogorov-Smirnov: the largest distance between the shares of bads and goods at a cut.
pub fn ks(risk: &[i64], bad: &[bool]) -> Option<f64> {
    let groups = tied_groups(risk, bad);
    let (goods, bads) = totals(&groups)?;
    let (mut g, mut b, mut widest) = (0, 0, 0.0_f64);
    for (group_goods, group_bads) in groups {
        g += group_goods;
        b += group_bads;
        widest = widest.max((g as f64 / goods as f64 - b as f64 / bads as f64).abs());
    }
    Some(widest)
}

/// Brier score: mean squared distance between probability (in ppm) and outcome. None without rows.
pub fn brier(pd_ppm: &[i64], bad: &[bool]) -> Option<f64> {
    let mut sum = 0.0;
    for (pd, bad) in pd_ppm.iter().zip(bad) {
        let gap = *pd as f64 / 1e6 - f64::from(u8::from(*bad));
        sum += gap * gap;
    }
    (!bad.is_empty()).then(|| sum / bad.len() as f64)
}

/// The middle 95 % of the AUC over `rounds` resamplings, each drawing as many goods from the
/// goods and bads from the bads as there are (stratified bootstrap, percentile method).
pub fn auc_interval(risk: &[i64], bad: &[bool], rounds: usize, seed: u64) -> Option<(f64, f64)> {
    let (mut goods, mut bads) = (Vec::new(), Vec::new());
    for (r, b) in risk.iter().zip(bad) {
        if *b { bads.push(*r) } else { goods.push(*r) }
    }
    if goods.is_empty() || bads.is_empty() || rounds == 0 {
        return None;
    }
    let mut stream = Stream::new(seed);
    let labels: Vec<bool> = (0..risk.len()).map(|i| i >= goods.len()).collect();
    let mut drawn = Vec::with_capacity(risk.len());
    let mut found: Vec<f64> = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        drawn.clear();
        for class in [&goods, &bads] {
            drawn.extend((0..class.len()).filter_map(|_| class.get(stream.below(class.len()))));
        }
        found.extend(auc(&drawn, &labels));
    }
    found.sort_by(f64::total_cmp);
    let at = |ppm: usize| found.get((found.len() - 1) * ppm / 1_000_000).copied();
    Some((at(25_000)?, at(975_000)?))
}

/// One row of a calibration table: rows of similar PD, what was said of them and what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalibrationRow {
    /// Number of rows.
    pub rows: usize,
    /// How many turned bad.
    pub bads: usize,
    /// Mean PD said, ppm, floored.
    pub pd_ppm: i64,
}

/// Rows in `groups` groups of about equal number, from the safest to the riskiest.
pub fn calibration_table(pd_ppm: &[i64], bad: &[bool], groups: usize) -> Vec<CalibrationRow> {
    let mut rows: Vec<(i64, bool)> = pd_ppm.iter().copied().zip(bad.iter().copied()).collect();
    rows.sort_unstable();
    let groups = groups.clamp(1, rows.len().max(1));
    let cut = |i: usize| rows.len() * i / groups;
    (0..groups)
        .map(|i| &rows[cut(i)..cut(i + 1)])
        .filter(|part| !part.is_empty())
        .map(|part| CalibrationRow {
            rows: part.len(),
            bads: part.iter().filter(|(_, b)| *b).count(),
            pd_ppm: part.iter().map(|(pd, _)| *pd).sum::<i64>() / part.len() as i64,
        })
        .collect()
}

/// Goods and bads of each distinct risk, safest first.
fn tied_groups(risk: &[i64], bad: &[bool]) -> Vec<(usize, usize)> {
    let mut rows: Vec<(i64, bool)> = risk.iter().copied().zip(bad.iter().copied()).collect();
    rows.sort_unstable();
    rows.chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let bads = group.iter().filter(|(_, b)| *b).count();
            (group.len() - bads, bads)
        })
        .collect()
}

fn totals(groups: &[(usize, usize)]) -> Option<(usize, usize)> {
    let (goods, bads) = groups.iter().fold((0, 0), |t, g| (t.0 + g.0, t.1 + g.1));
    (goods > 0 && bads > 0).then_some((goods, bads))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_of_small_cases() {
        let bad = [false, false, true, true];
        for (risk, area, distance) in
            [([1, 2, 3, 4], 1.0, 1.0), ([4, 3, 2, 1], 0.0, 1.0), ([5, 5, 5, 5], 0.5, 0.0), ([1, 3, 2, 4], 0.75, 0.5)]
        {
            assert_eq!((auc(&risk, &bad), ks(&risk, &bad)), (Some(area), Some(distance)), "{risk:?}");
        }
        assert_eq!(gini(&[1, 2], &[false, true]), Some(1.0));
        assert_eq!(brier(&[0, 1_000_000, 500_000], &[false, true, true]), Some(0.25 / 3.0));
        assert_eq!((auc(&[], &[]), ks(&[1], &[false]), brier(&[], &[])), (None, None, None));
        assert_eq!(auc_interval(&[1], &[true], 10, 1), None);
        let table = calibration_table(&[100, 300, 500, 700], &[false, false, false, true], 2);
        assert_eq!(table[0], CalibrationRow { rows: 2, bads: 0, pd_ppm: 200 });
        assert_eq!(table[1], CalibrationRow { rows: 2, bads: 1, pd_ppm: 600 });
    }

    proptest! {
        #[test]
        fn auc_counts_pairs(rows in proptest::collection::vec((0..20_i64, any::<bool>()), 0..60)) {
            let (risk, bad): (Vec<i64>, Vec<bool>) = rows.iter().copied().unzip();
            let (mut won, mut pairs) = (0.0, 0.0);
            for (r, _) in rows.iter().filter(|r| r.1) {
                for (q, _) in rows.iter().filter(|r| !r.1) {
                    pairs += 1.0;
                    won += match r.cmp(q) { std::cmp::Ordering::Greater => 1.0, std::cmp::Ordering::Equal => 0.5, _ => 0.0 };
                }
            }
            prop_assert_eq!(auc(&risk, &bad), (pairs > 0.0).then(|| won / pairs));
            if let Some((low, high)) = auc_interval(&risk, &bad, 50, 7) {
                prop_assert!(0.0 <= low && low <= high && high <= 1.0);
                prop_assert_eq!(auc_interval(&risk, &bad, 50, 7), Some((low, high)));
            }
        }
    }
}
