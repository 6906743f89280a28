//! The statistics that moments are made of: inequality, correlation, order, separation.

/// The Gini coefficient of sums that are not below 0; 0 where there is nothing to share.
pub fn gini(sums: &[i64]) -> f64 {
    let mut sorted: Vec<i64> = sums.iter().map(|s| (*s).max(0)).collect();
    sorted.sort_unstable();
    let whole: f64 = sorted.iter().map(|s| *s as f64).sum();
    if whole <= 0.0 {
        return 0.0;
    }
    let n = sorted.len() as f64;
    let ranked: f64 = sorted.iter().zip(1_u32..).map(|(s, rank)| f64::from(rank) * *s as f64).sum();
    2.0 * ranked / (n * whole) - (n + 1.0) / n
}

/// The value below which so many percent lie; 0 of nothing.
pub fn quantile(sums: &[i64], percent: usize) -> i64 {
    let mut sorted = sums.to_vec();
    sorted.sort_unstable();
    sorted.get(percent * sorted.len().saturating_sub(1) / 100).copied().unwrap_or(0)
}

/// Autocorrelation at a lag, over many series, each against its own mean. Series shorter than two lags do not count.
pub fn autocorrelation(series: &[Vec<i64>], lag: usize) -> f64 {
    let (mut products, mut squares, mut pairs, mut points) = (0.0, 0.0, 0_usize, 0_usize);
    for one in series.iter().filter(|one| one.len() >= 2 * lag.max(1)) {
        let mean = one.iter().sum::<i64>() as f64 / one.len() as f64;
        let scale = mean.abs().max(1.0);
        let off: Vec<f64> = one.iter().map(|x| (*x as f64 - mean) / scale).collect();
        products += off.iter().zip(off.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>();
        squares += off.iter().map(|a| a * a).sum::<f64>();
        pairs += off.len() - lag;
        points += off.len();
    }
    if squares <= 0.0 || pairs == 0 { 0.0 } else { products / pairs as f64 / (squares / points as f64) }
}

/// How much members of a group have in common: the intraclass correlation of one-way analysis of variance.
pub fn within_groups(groups: &[Vec<f64>]) -> f64 {
    let groups: Vec<&Vec<f64>> = groups.iter().filter(|g| g.len() >= 2).collect();
    let n: f64 = groups.iter().map(|g| g.len() as f64).sum();
    let k = groups.len() as f64;
    if k < 2.0 || n <= k {
        return 0.0;
    }
    let mean = groups.iter().flat_map(|g| g.iter()).sum::<f64>() / n;
    let (mut between, mut within, mut squares) = (0.0, 0.0, 0.0);
    for group in groups {
        let size = group.len() as f64;
        let own = group.iter().sum::<f64>() / size;
        between += size * (own - mean) * (own - mean);
        within += group.iter().map(|x| (x - own) * (x - own)).sum::<f64>();
        squares += size * size;
    }
    let (between, within) = (between / (k - 1.0), within / (n - k));
    let size = (n - squares / n) / (k - 1.0);
    let whole = between + (size - 1.0) * within;
    if whole <= 0.0 { 0.0 } else { (between - within) / whole }
}

/// How well a column tells the marked from the others: the chance that a marked one has the larger value, ties half.
/// 0.5 where one of both is missing.
pub fn auc(values: &[(i64, bool)]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let marked = sorted.iter().filter(|(_, is)| *is).count() as f64;
    let others = sorted.len() as f64 - marked;
    if marked == 0.0 || others == 0.0 {
        return 0.5;
    }
    let (mut ranks, mut at) = (0.0, 0);
    while at < sorted.len() {
        let end = at + sorted[at..].iter().take_while(|(value, _)| *value == sorted[at].0).count();
        let rank = (at + 1 + end) as f64 / 2.0;
        ranks += rank * sorted[at..end].iter().filter(|(_, is)| *is).count() as f64;
        at = end;
    }
    (ranks - marked * (marked + 1.0) / 2.0) / (marked * others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_textbook_cases() {
        assert_eq!((gini(&[5, 5, 5, 5]), gini(&[0, 0, 0, 8]), gini(&[])), (0.0, 0.75, 0.0));
        assert_eq!((quantile(&[9, 1, 5], 50), quantile(&[], 50)), (5, 0));
        assert!((autocorrelation(&[vec![1, -1, 1, -1, 1, -1]], 2) - 1.0).abs() < 1e-9);
        assert!((autocorrelation(&[vec![1, -1, 1, -1, 1, -1]], 1) + 1.0).abs() < 1e-9);
        assert!((within_groups(&[vec![1.0, 1.0], vec![3.0, 3.0]]) - 1.0).abs() < 1e-9);
        assert!(within_groups(&[vec![1.0, 3.0], vec![1.0, 3.0]]) < 0.0);
        assert_eq!(auc(&[(1, false), (2, false), (3, true)]), 1.0);
        assert_eq!(auc(&[(1, true), (1, false)]), 0.5);
        assert_eq!(auc(&[(3, false), (2, true), (1, true)]), 0.0);
        assert_eq!(auc(&[(3, false)]), 0.5);
    }
}
