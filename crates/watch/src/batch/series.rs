//! A series of values in time as rows of a table, so that what tells unusual rows tells unusual moments.
//!
//! Each row is made of its moment and those before it alone: where the value stands, how it moved, how the last hour or so stands to the last day or so
//! in level and in spread, and how far it is from what the same time of day used to bring. Windows are numbers of points, as nothing else is known
//! of a series.

/// Points of the short window, and of the long one.
const SHORT: usize = 12;
const LONG: usize = 288;
/// Parts of a day that are told apart.
pub const SLOTS: usize = 48;
/// Days on which a part of the day has to have been met before it is held against.
const MET_MIN: f64 = 3.0;
/// Columns of a row.
pub const COLUMNS: usize = 6;

/// Sums over the points before a place, so that a window is a difference.
struct Sums {
    values: Vec<f64>,
    squares: Vec<f64>,
    changes: Vec<f64>,
}

impl Sums {
    /// Mean, deviation and mean change without sign of the last `window` points up to and with `at`.
    fn of(&self, at: usize, window: usize) -> (f64, f64, f64) {
        let from = (at + 1).saturating_sub(window);
        let count = (at + 1 - from) as f64;
        let part = |sums: &[f64]| (sums[at + 1] - sums[from]) / count;
        let mean = part(&self.values);
        // Never below 0 but for rounding.
        let variance = (part(&self.squares) - mean * mean).max(0.0);
        (mean, variance.sqrt(), part(&self.changes))
    }
}

/// The rows of a series: `slots` are parts of the day (see [`SLOTS`]; larger numbers wrap), `values` the values, both in the order of time.
/// The shorter of the two ends it.
pub fn rows(slots: &[usize], values: &[f64]) -> Vec<[f64; COLUMNS]> {
    // Against the first value, so that squares of large values keep their digits.
    let base = values.first().copied().unwrap_or(0.0);
    let mut sums = Sums { values: vec![0.0], squares: vec![0.0], changes: vec![0.0] };
    let mut day = [(0.0_f64, 0.0_f64); SLOTS];
    let mut rows = Vec::with_capacity(values.len());
    let mut before = base;
    for (at, (slot, value)) in slots.iter().zip(values).enumerate() {
        let own = value - base;
        let change = value - before;
        before = *value;
        let push = |sums: &mut Vec<f64>, one: f64| sums.push(sums.last().copied().unwrap_or(0.0) + one);
        push(&mut sums.values, own);
        push(&mut sums.squares, own * own);
        push(&mut sums.changes, change.abs());
        let (near, near_spread, _) = sums.of(at, SHORT);
        let (far, far_spread, usual_change) = sums.of(at, LONG);
        let spread = far_spread.max(f64::MIN_POSITIVE);
        let (met, sum) = &mut day[slot % SLOTS];
        let usual = if *met >= MET_MIN { *sum / *met } else { far };
        rows.push([
            own,
            change,
            near - far,
            (near_spread / spread).min(1e3),
            own - usual,
            (change.abs() / usual_change.max(f64::MIN_POSITIVE)).min(1e3),
        ]);
        *met += 1.0;
        *sum += own;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four weeks of half hours: a wave a day, and on the last day a spike at night and a flat noon.
    fn weeks() -> (Vec<usize>, Vec<f64>) {
        let slots: Vec<usize> = (0..28 * SLOTS).map(|at| at % SLOTS).collect();
        let wave = |slot: usize| (24.0 - (slot as f64 - 24.0).abs()) * 10.0;
        let mut values: Vec<f64> = slots.iter().map(|slot| 1e6 + wave(*slot)).collect();
        values[27 * SLOTS + 2] += 300.0;
        for flat in 20..28 {
            values[27 * SLOTS + flat] = 1e6 + 100.0;
        }
        (slots, values)
    }

    #[test]
    fn what_a_moment_is_like_does_not_know_the_future() {
        let (slots, values) = weeks();
        let all = rows(&slots, &values);
        assert_eq!(rows(&slots[..500], &values[..500]), all[..500]);
        assert_eq!(rows(&[], &values), Vec::<[f64; COLUMNS]>::new());
        assert!(rows(&[0; 40], &[5.0; 40]).iter().flatten().all(|figure| figure.is_finite()));
    }

    #[test]
    fn a_spike_at_night_and_a_flat_noon_stand_out() {
        let (slots, values) = weeks();
        let all: Vec<Vec<f64>> = rows(&slots, &values).iter().map(|row| row.to_vec()).collect();
        let (_, scores) = crate::batch::Batch::learn(&all, 1).unwrap();
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let strange = order[..12].iter().filter(|at| (27 * SLOTS..27 * SLOTS + 40).contains(at)).count();
        assert!(strange >= 9 && order[..3].contains(&(27 * SLOTS + 2)), "{strange} {:?}", &order[..12]);
    }
}
