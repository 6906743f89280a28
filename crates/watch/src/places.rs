//! What is kept of other sides, villages and the county: how neighbours fare, and what labels say of a payee.

use crate::number::Table;

/// Days kept of a payee: four weeks of labels behind their delay, and a few more for what comes late.
pub const PAYEE_DAYS: usize = 40;
/// Households kept of a payee, a device or a clerk.
pub const TIES: usize = 12;

/// The state of another side of payments.
#[derive(Clone, Debug)]
pub struct Payee {
    /// The last days, each in the place of its number.
    pub days: [PayeeDay; PAYEE_DAYS],
    /// All payments seen, and the sum of their logarithms to base 2, in thousandths.
    pub seen: (u32, i64),
    /// Labels known, and those of fraud that the amount does not explain.
    pub labels: (u32, u32),
    /// The last three labels known, the latest in the lowest bit; and how many are known, up to three.
    pub last_labels: (u8, u8),
    /// First and last day of the running series of frauds not explained by their amount.
    pub run: (i32, i32),
    /// Households that passed loan money on to it; few payees have any.
    pub takers: Option<Box<Ties>>,
    /// Households for whose repayment its money came.
    pub repaid: Option<Box<Ties>>,
}

/// What the payments and labels of a payee come to over the spans that a vector shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct PayeeSpans {
    /// Payments of a day, a week, thirty days.
    pub counts: [u16; 3],
    /// Labels, frauds and quiet frauds of a day, a week, four weeks: of the days before those whose labels are not known yet.
    pub labels: [(u16, u16, u16); 3],
}

/// One day of a payee.
#[derive(Clone, Copy, Debug, Default)]
pub struct PayeeDay {
    /// Its number.
    pub day: i32,
    /// Payments.
    pub count: u16,
    /// Labels known of its payments.
    pub labels: u16,
    /// Frauds among them.
    pub frauds: u16,
    /// Those of them whose amount was usual: they speak against the payee, not against the card.
    pub quiet_frauds: u16,
}

impl Default for Payee {
    fn default() -> Payee {
        Payee {
            days: [PayeeDay::default(); PAYEE_DAYS],
            seen: (0, 0),
            labels: (0, 0),
            last_labels: (0, 0),
            run: (i32::MIN, i32::MIN),
            takers: None,
            repaid: None,
        }
    }
}

impl Payee {
    /// Sums over the days that end with `day`, those of labels `labels_back` days earlier, in one pass over the days kept.
    pub fn spans(&self, day: i32, labels_back: i32) -> PayeeSpans {
        let mut spans = PayeeSpans::default();
        for one in self.days.iter().filter(|one| one.day <= day && one.day > day - labels_back.max(2) - 28) {
            let age = day - one.day;
            for (count, span) in spans.counts.iter_mut().zip([1, 7, 30]) {
                *count = count.saturating_add(if age < span { one.count } else { 0 });
            }
            let told = age - labels_back;
            if told < 0 || one.labels == 0 {
                continue;
            }
            for (sum, span) in spans.labels.iter_mut().zip([1, 7, 28]) {
                if told < span {
                    sum.0 = sum.0.saturating_add(one.labels);
                    sum.1 = sum.1.saturating_add(one.frauds);
                    sum.2 = sum.2.saturating_add(one.quiet_frauds);
                }
            }
        }
        spans
    }

    /// Counts a payment of a day.
    pub fn pay(&mut self, day: i32, log_milli: i32) {
        self.seen.0 = self.seen.0.saturating_add(1);
        self.seen.1 += i64::from(log_milli);
        if let Some(slot) = self.slot(day) {
            slot.count = slot.count.saturating_add(1);
        }
    }

    /// Takes a label of a payment in. `is_quiet`: its amount was usual for who paid.
    pub fn learn(&mut self, day: i32, is_true: bool, is_quiet: bool) {
        self.labels.0 = self.labels.0.saturating_add(1);
        let speaks = is_true && is_quiet;
        self.labels.1 = self.labels.1.saturating_add(u32::from(speaks));
        self.last_labels = ((self.last_labels.0 << 1 | u8::from(speaks)) & 7, (self.last_labels.1 + 1).min(3));
        if speaks {
            // A series that paused for three weeks is another one.
            if self.run.1 == i32::MIN || day - self.run.1 > 21 {
                self.run.0 = day;
            }
            self.run.1 = self.run.1.max(day);
        }
        if let Some(slot) = self.slot(day) {
            slot.labels = slot.labels.saturating_add(1);
            slot.frauds = slot.frauds.saturating_add(u16::from(is_true));
            slot.quiet_frauds = slot.quiet_frauds.saturating_add(u16::from(speaks));
        }
    }

    fn slot(&mut self, day: i32) -> Option<&mut PayeeDay> {
        let slot = &mut self.days[day.rem_euclid(PAYEE_DAYS as i32) as usize];
        if slot.day > day {
            return None;
        }
        if slot.day < day {
            *slot = PayeeDay { day, ..PayeeDay::default() };
        }
        Some(slot)
    }
}

/// Households tied to something, the last day of each: who came longest ago makes room.
#[derive(Clone, Copy, Debug)]
pub struct Ties {
    /// Key of the household (0 is an empty place), its last day, and an amount that matters.
    pub of: [(u64, i32, u64); TIES],
}

impl Default for Ties {
    fn default() -> Ties {
        Ties { of: [(0, i32::MIN, 0); TIES] }
    }
}

impl Ties {
    /// Notes a household, and says how many different ones came within the `days` that end with `day`, and what their amounts come to.
    pub fn meet(&mut self, household: u64, day: i32, amount: u64, days: i32) -> (u64, u64) {
        let place = match self.of.iter().position(|tie| tie.0 == household) {
            Some(place) => place,
            None => (0..TIES).min_by_key(|at| (self.of[*at].0 != 0, self.of[*at].1)).unwrap_or(0),
        };
        self.of[place] = (household, day, amount);
        self.within(day, days)
    }

    /// How many households came within the `days` that end with `day`, and what their amounts come to.
    pub fn within(&self, day: i32, days: i32) -> (u64, u64) {
        let near = self.of.iter().filter(|tie| tie.0 != 0 && tie.1 <= day && tie.1 > day - days);
        near.fold((0, 0), |(count, sum), tie| (count + 1, sum + tie.2))
    }

    /// Up to four of them, as evidence.
    pub fn evidence(&self) -> [u128; 4] {
        let mut found = [0; 4];
        let held = self.of.iter().filter(|tie| tie.0 != 0);
        found.iter_mut().zip(held).for_each(|(place, tie)| *place = u128::from(tie.0));
        found
    }
}

/// Days kept of a village.
pub const VILLAGE_DAYS: usize = 32;
/// Months kept of a village.
const VILLAGE_MONTHS: usize = 14;

/// The state of a village.
#[derive(Clone, Debug, Default)]
pub struct Village {
    /// The last days, each in the place of its number.
    pub days: [VillageDay; VILLAGE_DAYS],
    /// The last months: number, income of seasons, households that had any.
    pub months: [(i32, u64, u32); VILLAGE_MONTHS],
    /// Ticks and late dues of the last eight weeks, by week number.
    pub weeks: [(i32, u32, u32); 8],
    /// The last day a shock was told.
    pub told: Option<i32>,
}

/// How a village's last days stand to its usual ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stir {
    /// By how many thousandths of a doubling amounts lie above the usual. 0 where fewer than 20 payments say it.
    pub shift_milli: i32,
    /// How many times as many payments as usual were made, in thousandths, 1,000 to 8,000.
    pub pace_milli: u64,
}

impl Default for Stir {
    fn default() -> Stir {
        Stir { shift_milli: 0, pace_milli: 1_000 }
    }
}

/// One day of a village.
#[derive(Clone, Copy, Debug, Default)]
pub struct VillageDay {
    /// Its number.
    pub day: i32,
    /// Payments that went out.
    pub count: u32,
    /// Sum of log₂(amount / usual amount of the household), in thousandths, each held within three doublings.
    pub shift: i64,
}

impl Village {
    /// Counts a payment.
    pub fn pay(&mut self, day: i32, shift_milli: i32) {
        let slot = &mut self.days[day.rem_euclid(VILLAGE_DAYS as i32) as usize];
        if slot.day > day {
            return;
        }
        if slot.day < day {
            *slot = VillageDay { day, ..VillageDay::default() };
        }
        slot.count += 1;
        slot.shift += i64::from(shift_milli.clamp(-3_000, 3_000));
    }

    /// How the three days that end with `day` stand to the four weeks before them: what a festival does to everyone.
    pub fn stir(&self, day: i32) -> Stir {
        let (mut near, mut far, mut oldest) = (VillageDay::default(), VillageDay::default(), day);
        for one in self.days.iter().filter(|one| one.count > 0) {
            let age = day - one.day;
            let sum = if (0..3).contains(&age) { &mut near } else { &mut far };
            if (0..=28).contains(&age) {
                sum.count += one.count;
                sum.shift += one.shift;
            }
            oldest = oldest.min(one.day);
        }
        let mut stir = Stir::default();
        if near.count >= 20 && far.count >= 20 {
            let shift = near.shift / i64::from(near.count) - far.shift / i64::from(far.count);
            stir.shift_milli = shift.clamp(-3_000, 3_000) as i32;
        }
        if far.count >= 50 {
            let far_days = (day - 3 - oldest.max(day - 28) + 1).max(1) as u64;
            let pace = u64::from(near.count) * 1_000 * far_days / (3 * u64::from(far.count));
            stir.pace_milli = pace.clamp(1_000, 8_000);
        }
        stir
    }

    /// Counts income of a month; `is_first` where it is the household's first in it.
    pub fn earn(&mut self, month: i32, amount: u64, is_first: bool) {
        let slot = &mut self.months[month.rem_euclid(VILLAGE_MONTHS as i32) as usize];
        if slot.0 > month {
            return;
        }
        if slot.0 < month {
            *slot = (month, 0, 0);
        }
        slot.1 = slot.1.saturating_add(amount);
        slot.2 += u32::from(is_first);
    }

    /// Income of a month; none where nothing is known of it.
    pub fn income(&self, month: i32) -> Option<u64> {
        let slot = self.months[month.rem_euclid(VILLAGE_MONTHS as i32) as usize];
        (slot.0 == month && slot.1 > 0).then_some(slot.1)
    }

    /// Households with income in a month.
    pub fn earners(&self, month: i32) -> u32 {
        let slot = self.months[month.rem_euclid(VILLAGE_MONTHS as i32) as usize];
        if slot.0 == month { slot.2 } else { 0 }
    }

    /// Counts a due that was met or late.
    pub fn due(&mut self, day: i32, is_late: bool) {
        let week = day.div_euclid(7);
        let slot = &mut self.weeks[week.rem_euclid(8) as usize];
        if slot.0 > week {
            return;
        }
        if slot.0 < week {
            *slot = (week, 0, 0);
        }
        slot.1 += 1;
        slot.2 += u32::from(is_late);
    }

    /// Dues and late ones of this week and the one before, and of the six before those.
    pub fn late(&self, day: i32) -> ((u32, u32), (u32, u32)) {
        let week = day.div_euclid(7);
        let sum = |weeks: std::ops::RangeInclusive<i32>| {
            let within = self.weeks.iter().filter(|one| one.1 > 0 && weeks.contains(&one.0));
            within.fold((0, 0), |(all, late), one| (all + one.1, late + one.2))
        };
        (sum(week - 1..=week), sum(week - 7..=week - 2))
    }
}

/// Bins of the county's amounts: eight a doubling.
const AMOUNT_BINS: usize = 360;

/// What is usual in the whole county.
#[derive(Clone, Debug)]
pub struct County {
    /// Payments that went out, and their sum, each held within a hundred times the mean.
    pub out: (u64, u128),
    /// How often each hour was met.
    pub hours: [u64; 24],
    /// Payments, and those to a party that was not known.
    pub news: (u64, u64),
    /// Payments of households on days of theirs.
    pub pace: (u64, u64),
    /// How often amounts of each size went out.
    amounts: Box<[u32; AMOUNT_BINS]>,
    amounts_seen: u64,
}

impl Default for County {
    fn default() -> County {
        County {
            out: (0, 0),
            hours: [0; 24],
            news: (0, 0),
            pace: (0, 0),
            amounts: Box::new([0; AMOUNT_BINS]),
            amounts_seen: 0,
        }
    }
}

impl County {
    /// Mean amount that goes out, minor units; a hundred of the currency before anything is known.
    pub fn mean_out(&self) -> u64 {
        if self.out.0 < 20 {
            10_000
        } else {
            u64::try_from(self.out.1 / u128::from(self.out.0)).unwrap_or(u64::MAX).max(1)
        }
    }

    /// Payments of a household on a day, in thousandths.
    pub fn pace_milli(&self) -> u64 {
        (self.pace.0 * 1_000 + 500) / (self.pace.1 + 1)
    }

    /// Surprise of an amount this large among all that went out, in thousandths of a bit.
    pub fn amount_milli(&self, amount: u64) -> i32 {
        let bin = amount_bin(amount);
        let above: u64 = self.amounts[bin..].iter().map(|c| u64::from(*c)).sum();
        crate::number::ratio_milli((self.amounts_seen + 1) * 2, above * 2 + 1)
    }

    /// Counts an amount that went out.
    pub fn pay(&mut self, amount: u64, hour: usize, is_news: bool) {
        let cap = self.mean_out().saturating_mul(100);
        self.out.0 += 1;
        self.out.1 += u128::from(amount.min(cap));
        self.hours[hour % 24] += 1;
        self.news.0 += 1;
        self.news.1 += u64::from(is_news);
        self.amounts[amount_bin(amount)] += 1;
        self.amounts_seen += 1;
        if self.out.0 >= 1 << 22 {
            self.halve();
        }
    }

    /// Old times fade, and counts stay small.
    fn halve(&mut self) {
        self.out = (self.out.0 / 2, self.out.1 / 2);
        self.hours.iter_mut().for_each(|count| *count /= 2);
        self.news = (self.news.0 / 2, self.news.1 / 2);
        self.pace = (self.pace.0 / 2, self.pace.1 / 2);
        self.amounts.iter_mut().for_each(|count| *count /= 2);
        self.amounts_seen = self.amounts.iter().map(|count| u64::from(*count)).sum();
    }
}

fn amount_bin(amount: u64) -> usize {
    (crate::number::log2_milli(amount) / 125).clamp(0, AMOUNT_BINS as i32 - 1) as usize
}

/// Households tied to devices or clerks.
pub type Tied = Table<u64, Ties>;
