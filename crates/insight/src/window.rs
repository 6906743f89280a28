//! A window of a profile: the days up to the last known movement, read once, asked many things.

use basics::Date;

use crate::event::EventKind;
use crate::profile::{Day, Profile, decay};

/// Length of the window of features, in days.
pub const WINDOW_DAYS: i32 = 180;

/// Length of the buckets in which a window's regularity is measured, in days.
pub const BUCKET_DAYS: i32 = 30;

/// The last [`WINDOW_DAYS`] days of a profile, ending with its last known movement.
///
/// Means are taken over the days since the first known movement where those are fewer
/// than the window (but never under 30), so that a short record does not look like a poor
/// one; the number of those days is itself no feature.
#[derive(Clone, Debug)]
pub struct Window<'a> {
    profile: &'a Profile,
    end: Date,
    covered_days: i32,
    days: &'a [Day],
    /// Closing balance of each covered day for which one is known, oldest first.
    closings: Vec<i64>,
}

impl<'a> Window<'a> {
    /// The window of a profile, or none if no movement is known.
    pub fn of(profile: &'a Profile) -> Option<Window<'a>> {
        let (first, end) = (profile.first_movement()?, profile.last_movement()?);
        let covered_days = (end - first + 1).clamp(1, WINDOW_DAYS);
        let start = end.add_days(1 - covered_days);
        let days = since(profile.days(), start);
        let mut balance = profile.balance_before(start);
        let mut closings = Vec::with_capacity(covered_days as usize);
        let mut next = days.iter().peekable();
        for offset in 0..covered_days {
            let date = start.add_days(offset);
            while let Some(day) = next.next_if(|d| d.date <= date) {
                balance = day.closing.map(|b| b.minor).or(balance);
            }
            closings.extend(balance);
        }
        Some(Window { profile, end, covered_days, days, closings })
    }

    /// The profile it looks at.
    pub const fn profile(&self) -> &Profile {
        self.profile
    }

    /// Its last day.
    pub const fn end(&self) -> Date {
        self.end
    }

    /// Closing balances of the last `days` days, oldest first, minor units.
    pub fn closings(&self, days: i32) -> &[i64] {
        let skip = self.closings.len().saturating_sub(days.max(0) as usize);
        &self.closings[skip..]
    }

    /// Mean closing balance of the last `days` days, floored.
    pub fn balance_mean(&self, days: i32) -> Option<i64> {
        mean(self.closings(days))
    }

    /// Mean closing balance of the days before the last `days`, floored.
    pub fn balance_mean_before(&self, days: i32) -> Option<i64> {
        let earlier = self.closings.len().saturating_sub(days.max(0) as usize);
        mean(&self.closings[..earlier])
    }

    /// Lowest balance known within the last `days` days, within-day lows included.
    pub fn balance_min(&self, days: i32) -> Option<i64> {
        let within = since(self.days, self.end.add_days(1 - days)).iter().filter_map(|d| d.balance_min).min();
        let carried = self.closings(days).iter().copied().min();
        [within, carried].into_iter().flatten().min()
    }

    /// Standard deviation of the closing balances, floored.
    pub fn balance_deviation(&self) -> Option<i64> {
        deviation(&self.closings)
    }

    /// Share of days whose closing balance is below `minor`, in millionths.
    pub fn share_of_days_below(&self, minor: i64) -> Option<i64> {
        let below = self.closings.iter().filter(|b| **b < minor).count();
        ratio(below as i64, self.closings.len() as i64)
    }

    /// All that came in, minor units.
    pub fn inflow(&self) -> i64 {
        self.days.iter().map(Day::inflow).fold(0, i64::saturating_add)
    }

    /// All that went out, as a positive number of minor units.
    pub fn outflow(&self) -> i64 {
        self.days.iter().map(Day::outflow).fold(0, i64::saturating_add)
    }

    /// What an amount of the whole window is in 30 days, floored.
    pub fn monthly(&self, amount: i64) -> i64 {
        let days = i128::from(self.covered_days.max(BUCKET_DAYS));
        clamp(i128::from(amount) * i128::from(BUCKET_DAYS) / days)
    }

    /// A measure per 30 days, where a day weighs half as much for each 90 days it lies back.
    ///
    /// The weights are taken over the covered days alone, so a short record reads like a long one.
    pub fn recent_monthly(&self, measure: impl Fn(&Day) -> i64) -> i64 {
        let (mut sum, mut weight) = (0_i128, 0_i128);
        let mut next = self.days.iter().peekable();
        for back in (0..self.covered_days).rev() {
            sum = decay(sum, 1);
            weight = decay(weight, 1) + (1 << 32);
            while let Some(day) = next.next_if(|d| self.end - d.date >= back) {
                sum += i128::from(measure(day)) << 32;
            }
        }
        clamp((sum * i128::from(BUCKET_DAYS)).checked_div(weight).unwrap_or(0))
    }

    /// What came in per 30 days, minor units.
    pub fn inflow_monthly(&self) -> i64 {
        self.monthly(self.inflow())
    }

    /// What went out per 30 days, minor units.
    pub fn outflow_monthly(&self) -> i64 {
        self.monthly(self.outflow())
    }

    /// Amount of some kinds of event, without sign, minor units.
    pub fn amount_of(&self, kinds: impl Fn(u8) -> bool) -> i64 {
        self.sums(kinds).map(|(_, amount)| amount.saturating_abs()).fold(0, i64::saturating_add)
    }

    /// Number of events of some kinds.
    pub fn count_of(&self, kinds: impl Fn(u8) -> bool) -> i64 {
        self.sums(kinds).map(|(count, _)| count).sum()
    }

    fn sums(&self, kinds: impl Fn(u8) -> bool) -> impl Iterator<Item = (i64, i64)> {
        self.days
            .iter()
            .flat_map(|d| d.sums.iter())
            .filter(move |s| kinds(s.class))
            .map(|s| (i64::from(s.count), s.amount_minor))
    }

    /// Largest single amount that came in.
    pub fn inflow_max(&self) -> i64 {
        self.days.iter().map(|d| d.in_max).max().unwrap_or(0)
    }

    /// Largest single amount that went out.
    pub fn outflow_max(&self) -> i64 {
        self.days.iter().map(|d| d.out_max).max().unwrap_or(0)
    }

    /// Number of different payers.
    pub fn payers(&self) -> i64 {
        let mut keys: Vec<u64> = self.days.iter().flat_map(|d| d.payers.iter().copied()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len() as i64
    }

    /// A measure summed by whole 30-day buckets counted back from the end, newest first.
    pub fn buckets(&self, measure: impl Fn(&Day) -> i64) -> Vec<i64> {
        let mut sums = vec![0_i64; (self.covered_days / BUCKET_DAYS) as usize];
        for day in self.days {
            let bucket = ((self.end - day.date) / BUCKET_DAYS) as usize;
            if let Some(sum) = sums.get_mut(bucket) {
                *sum = sum.saturating_add(measure(day));
            }
        }
        sums
    }
}

/// Whether a class is that of a plain kind.
pub const fn is(class: u8, kind: EventKind) -> bool {
    class == kind.class()
}

fn since(days: &[Day], date: Date) -> &[Day] {
    &days[days.partition_point(|d| d.date < date)..]
}

/// `part / whole` in millionths, floored; none unless the whole is positive.
pub fn ratio(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| clamp((i128::from(part) * 1_000_000).div_euclid(i128::from(whole))))
}

fn clamp(value: i128) -> i64 {
    // Nothing a feature says differs beyond a million millions of its unit.
    const MAX: i128 = 1_000_000_000_000_000_000;
    value.clamp(-MAX, MAX) as i64
}

fn mean(values: &[i64]) -> Option<i64> {
    let sum: i128 = values.iter().map(|v| i128::from(*v)).sum();
    (!values.is_empty()).then(|| clamp(sum.div_euclid(values.len() as i128)))
}

/// Standard deviation (of the whole, not of a sample), floored to whole units.
pub fn deviation(values: &[i64]) -> Option<i64> {
    let middle = i128::from(mean(values)?);
    let squares: i128 = values.iter().map(|v| (i128::from(*v) - middle).pow(2)).sum();
    Some(clamp((squares / values.len() as i128).isqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_floor() {
        assert_eq!(ratio(-1, 3), Some(-333_334));
        assert_eq!((ratio(1, 0), ratio(1, -4)), (None, None));
        assert_eq!(deviation(&[2, 4, 4, 4, 5, 5, 7, 9]), Some(2));
        assert_eq!(deviation(&[]), None);
    }
}
