//! A window of a profile: the months up to the last known event, read once, asked many things.

use basics::Date;

use crate::event::EventKind;
use crate::profile::{Month, Party, Profile, Sum, first_day, month_of, week_of};

/// Months of the window of features, the running one included: five to six months of days.
pub const WINDOW_MONTHS: u16 = 6;

/// Length of the window of features, in days, as the dictionary tells it.
pub const WINDOW_DAYS: i32 = 180;

/// Days that amounts are told for where a month is meant.
pub const MONTH_DAYS: i32 = 30;

/// Months of a year.
const YEAR_MONTHS: u16 = 12;

/// The last [`WINDOW_MONTHS`] calendar months of a profile, ending with its last known event.
///
/// Amounts per 30 days are taken over the days since the first known event where those are fewer than the window (but never
/// under 30), so that a short record does not look like a poor one; the number of those days is itself no feature.
/// Regularity is judged by whole months alone.
#[derive(Clone, Debug)]
pub struct Window<'a> {
    profile: &'a Profile,
    end: Date,
    start: Date,
    sums: &'a [Sum],
    months: &'a [Month],
    parties: &'a [Party],
}

impl<'a> Window<'a> {
    /// The window of a profile, or none if nothing in it has a date.
    pub fn of(profile: &'a Profile) -> Option<Window<'a>> {
        let (first, end) = (profile.first_movement()?, profile.last_movement()?);
        let begins = month_of(end).saturating_sub(WINDOW_MONTHS - 1);
        let start = first_day(begins).max(first);
        let (sums, months, parties) = (profile.sums(), profile.months(), profile.parties());
        Some(Window {
            profile,
            end,
            start,
            sums: &sums[sums.partition_point(|s| s.month < begins)..],
            months: &months[months.partition_point(|m| m.month < begins)..],
            parties: &parties[parties.partition_point(|p| p.month < begins)..],
        })
    }

    /// The profile it looks at.
    pub const fn profile(&self) -> &Profile {
        self.profile
    }

    /// Its last day.
    pub const fn end(&self) -> Date {
        self.end
    }

    /// Days from its first to its last.
    fn days(&self) -> i32 {
        self.end - self.start + 1
    }

    /// Whole months that ended before or with the window's last day, at most so many, oldest first.
    fn whole_months(&self, most: u16) -> std::ops::Range<u16> {
        let Some(first) = self.profile.first_movement() else { return 0..0 };
        let end = month_of(self.end.add_days(1));
        let known_from = month_of(first) + u16::from(first.day() > 1);
        known_from.max(end.saturating_sub(most)).min(end)..end
    }

    /// Mean over the months from `from` back to before `to` months ago of their mean balances told, floored.
    fn mean_of_months(&self, from: u16, to: u16) -> Option<i64> {
        let newest = month_of(self.end);
        let ages = |m: &&Month| (from..to).contains(&newest.saturating_sub(m.month)) && m.balances > 0;
        let means: Vec<i64> =
            self.months.iter().filter(ages).map(|m| m.balance_sum.div_euclid(i64::from(m.balances))).collect();
        mean(&means)
    }

    /// Mean over the months of their mean balances, floored. A month counts once, however busy it was.
    pub fn balance_mean(&self) -> Option<i64> {
        self.mean_of_months(0, WINDOW_MONTHS)
    }

    /// Mean balance of the running month and the one before.
    pub fn balance_mean_lately(&self) -> Option<i64> {
        self.mean_of_months(0, 2)
    }

    /// Mean balance of the months before those.
    pub fn balance_mean_before(&self) -> Option<i64> {
        self.mean_of_months(2, WINDOW_MONTHS)
    }

    /// Lowest balance told within the running month and those before it, so many in all.
    pub fn balance_min(&self, months: u16) -> Option<i64> {
        let newest = month_of(self.end);
        let within = self.months.iter().filter(|m| newest - m.month < months && m.balances > 0);
        within.map(|m| m.low).min()
    }

    /// Lowest balance told within the running week and the four before it.
    pub fn balance_min_lately(&self) -> Option<i64> {
        let newest = week_of(self.end);
        self.profile.weeks().iter().filter(|w| newest - w.week <= 4).filter_map(|w| w.low).min()
    }

    /// Mean over the months of the span between their highest and lowest balance.
    pub fn balance_span(&self) -> Option<i64> {
        let spans: Vec<i64> =
            self.months.iter().filter(|m| m.balances > 0).map(|m| m.high.saturating_sub(m.low)).collect();
        mean(&spans)
    }

    /// Share of its days on which a balance below zero was told, in millionths.
    pub fn share_of_days_negative(&self) -> Option<i64> {
        let told = self.months.iter().any(|m| m.balances > 0);
        let negative: u32 = self.months.iter().map(|m| m.days_negative.count_ones()).sum();
        ratio(i64::from(negative), i64::from(self.days())).filter(|_| told)
    }

    /// Share of the weeks kept with a balance told whose lowest was below `minor`, in millionths.
    pub fn share_of_weeks_below(&self, minor: i64) -> Option<i64> {
        let lows: Vec<i64> = self.profile.weeks().iter().filter_map(|w| w.low).collect();
        ratio(lows.iter().filter(|low| **low < minor).count() as i64, lows.len() as i64)
    }

    /// All that came in, minor units; borrowed money apart, or limits would feed on themselves.
    pub fn inflow(&self) -> i64 {
        inflow(self.sums)
    }

    /// All that went out, as a positive number of minor units.
    pub fn outflow(&self) -> i64 {
        outflow(self.sums)
    }

    /// What an amount of the whole window is in 30 days, floored.
    pub fn monthly(&self, amount: i64) -> i64 {
        clamp(i128::from(amount) * i128::from(MONTH_DAYS) / i128::from(self.days().max(MONTH_DAYS)))
    }

    /// What came in per 30 days, minor units.
    pub fn inflow_monthly(&self) -> i64 {
        self.monthly(self.inflow())
    }

    /// What went out per 30 days, minor units.
    pub fn outflow_monthly(&self) -> i64 {
        self.monthly(self.outflow())
    }

    /// What came in per 30 days, where a month weighs half as much for each three months it lies back.
    ///
    /// The weights are taken over the days known of each month, so a short record reads like a long one.
    pub fn inflow_monthly_lately(&self) -> i64 {
        let (mut sum, mut weight) = (0_i128, 0_i128);
        for month in month_of(self.start)..=month_of(self.end) {
            // A month closes: what lies before it weighs less.
            sum = (sum * MONTHLY_HALF_3) >> 32;
            weight = (weight * MONTHLY_HALF_3) >> 32;
            let (from, to) = (first_day(month).max(self.start), first_day(month).last_of_month().min(self.end));
            weight += i128::from(to - from + 1) << 32;
            sum += i128::from(inflow(of_months(self.sums, month..month + 1))) << 32;
        }
        clamp((sum * i128::from(MONTH_DAYS)).checked_div(weight).unwrap_or(0))
    }

    /// Amount of some kinds of event, without sign, minor units.
    pub fn amount_of(&self, kinds: impl Fn(u8) -> bool) -> i64 {
        amount_of(self.sums, kinds)
    }

    /// Number of events of some kinds.
    pub fn count_of(&self, kinds: impl Fn(u8) -> bool) -> i64 {
        self.sums.iter().filter(|s| kinds(s.class)).map(|s| i64::from(s.count)).sum()
    }

    /// Number of classes among some kinds of which there was an event.
    pub fn variety_of(&self, kinds: impl Fn(u8) -> bool) -> i64 {
        let mut classes: Vec<u8> = self.sums.iter().map(|s| s.class).filter(|class| kinds(*class)).collect();
        classes.sort_unstable();
        classes.dedup();
        classes.len() as i64
    }

    /// Largest single amount that came in.
    pub fn inflow_max(&self) -> i64 {
        self.months.iter().map(|m| m.in_max).max().unwrap_or(0)
    }

    /// Largest single amount that went out.
    pub fn outflow_max(&self) -> i64 {
        self.months.iter().map(|m| m.out_max).max().unwrap_or(0)
    }

    /// The parties of one direction with what they come to in the window, by key.
    pub fn parties(&self, is_out: bool) -> Vec<(u32, i64)> {
        let mut all: Vec<(u32, i64)> =
            self.parties.iter().filter(|p| p.is_out == is_out).map(|p| (p.key, p.amount)).collect();
        all.sort_unstable();
        all.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(later.1);
            }
            same
        });
        all
    }

    /// Number of whole months with an event of some kinds, and number of whole months, at most six.
    pub fn months_with(&self, kinds: impl Fn(u8) -> bool) -> (i64, i64) {
        let months = self.whole_months(WINDOW_MONTHS);
        let count = months.len() as i64;
        let with = months.filter(|month| {
            of_months(self.profile.sums(), *month..*month + 1).iter().any(|s| kinds(s.class) && s.count > 0)
        });
        (with.count() as i64, count)
    }

    /// What came in in each whole month, at most six, oldest first.
    pub fn inflow_by_month(&self) -> Vec<i64> {
        self.inflow_of(self.whole_months(WINDOW_MONTHS))
    }

    /// What came in in each of the last twelve whole months, oldest first; none if fewer are known.
    pub fn inflow_of_year(&self) -> Option<Vec<i64>> {
        let months = self.whole_months(YEAR_MONTHS);
        (months.len() == usize::from(YEAR_MONTHS)).then(|| self.inflow_of(months))
    }

    fn inflow_of(&self, months: std::ops::Range<u16>) -> Vec<i64> {
        months.map(|month| inflow(of_months(self.profile.sums(), month..month + 1))).collect()
    }

    /// Amount of some kinds over the running month and the twelve before it, and all that came in then.
    pub fn year_of(&self, kinds: impl Fn(u8) -> bool) -> (i64, i64) {
        (amount_of(self.profile.sums(), kinds), inflow(self.profile.sums()))
    }

    /// Amount of some kinds in the running month and the two before, and in the three before those.
    pub fn quarters_of(&self, kinds: impl Fn(u8) -> bool) -> (i64, i64) {
        let now = month_of(self.end) + 1;
        let of = |months| amount_of(of_months(self.sums, months), &kinds);
        let back = |months: u16| now.saturating_sub(months);
        (of(back(3)..now), of(back(6)..back(3)))
    }

    /// Share of the weeks before the running one, of those since the record begins and at most eight, in which money came
    /// in, in millionths; none before four are known.
    pub fn share_of_weeks_with_inflow(&self) -> Option<i64> {
        let (first, end) = (week_of(self.profile.first_movement()?) + 1, week_of(self.end));
        let from = first.max(end.saturating_sub(crate::profile::WEEKS_KEPT));
        let known = i64::from(end.saturating_sub(from));
        let with = self.profile.weeks().iter().filter(|w| (from..end).contains(&w.week) && w.inflow > 0).count();
        ratio(with as i64, known).filter(|_| known >= 4)
    }

    /// What went out in the last seven days, minor units.
    pub fn outflow_of_days(&self) -> i64 {
        self.profile.days().iter().map(|d| d.outflow).fold(0, i64::saturating_add)
    }
}

/// `2^(-1/3)` in parts of 2³²: a month's weight after one more month.
const MONTHLY_HALF_3: i128 = 3_408_917_802;

/// Whether a class is that of a plain kind.
pub const fn is(class: u8, kind: EventKind) -> bool {
    class == kind.class()
}

fn of_months(sums: &[Sum], months: std::ops::Range<u16>) -> &[Sum] {
    let from = sums.partition_point(|s| s.month < months.start);
    &sums[from..from + sums[from..].partition_point(|s| s.month < months.end)]
}

fn amount_of(sums: &[Sum], kinds: impl Fn(u8) -> bool) -> i64 {
    sums.iter().filter(|s| kinds(s.class)).map(|s| s.amount.saturating_abs()).fold(0, i64::saturating_add)
}

fn inflow(sums: &[Sum]) -> i64 {
    amount_of(sums, |class| EventKind::is_in(class) && !is(class, EventKind::LoanReceived))
}

fn outflow(sums: &[Sum]) -> i64 {
    amount_of(sums, EventKind::is_out)
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
