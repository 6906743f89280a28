//! What is kept of a household: its usual days, amounts, hours and parties, its loan money and its dues.
//!
//! Everything is a bucket of the calendar or a short list of fixed length, so that a household never takes more than
//! [`crate::HOUSEHOLD_BYTES_MAX`]. Amounts enter history winsorised: what is far above the usual counts as
//! [`CAP_DEVIATIONS`] deviations above it, so that one strange payment does not make the next one usual.

use crate::input::Sight;
use crate::number::root;
use crate::signal::KINDS;

/// Days kept.
pub const DAYS: usize = 32;
/// Months kept: a year for the same season, and the running one.
pub const MONTHS: usize = 14;
/// Months of which amounts are one's own history.
pub const AMOUNT_MONTHS: i32 = 7;
/// Parties kept.
pub const PARTIES: usize = 12;
/// Events kept one by one.
pub const RECENT: usize = 8;
/// Deviations above the mean at which an amount enters history at most.
pub const CAP_DEVIATIONS: u64 = 3;
/// Amounts from which on history is winsorised.
const CAP_FROM: u64 = 5;
/// Amounts of the county that are mixed into a household's own mean, and into its deviation.
const MEAN_PRIOR: u64 = 3;
const DEVIATION_PRIOR: u128 = 5;

/// The state of a household.
#[derive(Clone, Debug)]
pub struct Habits {
    /// The village it was last seen in.
    pub village: Option<u64>,
    /// First day of the record; [`i32::MIN`] before anything came.
    pub first_day: i32,
    /// Last day of the record.
    pub last_day: i32,
    /// The last days, each in the place of its number.
    pub days: [Day; DAYS],
    /// The last months, each in the place of its number.
    pub months: [Month; MONTHS],
    /// How often each hour was met.
    pub hours: [u16; 24],
    /// Parties met, the one met longest ago makes room.
    pub parties: [Party; PARTIES],
    /// Outgoing payments, and those to a party not known then.
    pub party_news: (u32, u32),
    /// The last events of money, the latest in the place before [`Habits::recent_at`].
    pub recent: [Recent; RECENT],
    /// Where the next one goes.
    pub recent_at: u8,
    /// Loan money and how it goes on.
    pub loan: LoanMoney,
    /// Dues met and missed.
    pub dues: Dues,
    /// What it owes elsewhere.
    pub elsewhere: Elsewhere,
    /// Events seen last, to know one that comes again.
    pub seen: [u64; RECENT],
    /// The last surprise of each kind and its day: typologies join what lies days apart.
    pub surprises: [(i32, i32); KINDS],
    /// Known frauds by day of event: the last eight, day and whether its amount was far above the usual.
    pub frauds: [(i32, bool); RECENT],
    /// Where the next one goes.
    pub frauds_at: u8,
}

/// One day.
#[derive(Clone, Copy, Debug, Default)]
pub struct Day {
    /// Its number since 1970-01-01.
    pub day: i32,
    /// Events of money going out.
    pub out_count: u16,
    /// Events of money coming in.
    pub in_count: u16,
    /// What went out, minor units.
    pub out_sum: u64,
    /// What came in, minor units.
    pub in_sum: u64,
}

impl Day {
    fn add(&mut self, other: &Day) {
        self.out_count = self.out_count.saturating_add(other.out_count);
        self.in_count = self.in_count.saturating_add(other.in_count);
        self.out_sum = self.out_sum.saturating_add(other.out_sum);
        self.in_sum = self.in_sum.saturating_add(other.in_sum);
    }
}

/// Counts and sums over the spans that detectors ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spans {
    /// The day itself.
    pub today: Day,
    /// Seven days that end with it.
    pub week: Day,
    /// Thirty days that end with it.
    pub month: Day,
    /// Thirty days that end with the day before.
    pub month_before: Day,
}

/// One month.
#[derive(Clone, Copy, Debug, Default)]
pub struct Month {
    /// Its number: year × 12 + month.
    pub month: i32,
    /// Amounts that went out.
    pub count: u32,
    /// Their sum, winsorised, minor units.
    pub sum: u64,
    /// Sum of their squares.
    pub squares: u128,
    /// Income of seasons, minor units.
    pub income: u64,
}

/// A party met.
#[derive(Clone, Copy, Debug, Default)]
pub struct Party {
    /// Its key; 0 is an empty place.
    pub key: u64,
    /// The last day it was met.
    pub day: i32,
    /// How often.
    pub count: u16,
}

/// One event of money.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recent {
    /// Its moment, microseconds since 1970.
    pub at: i64,
    /// Its day.
    pub day: i32,
    /// Its amount without sign, minor units.
    pub amount: u64,
    /// Its other side, 0 where unknown.
    pub key: u64,
    /// The low half of its id.
    pub id: u64,
    /// Whether it was cash.
    pub is_cash: bool,
    /// Whether money came in.
    pub is_in: bool,
}

/// Loan money, and money lent for days.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoanMoney {
    /// Day and amount of the last loan received.
    pub received: (i32, u64),
    /// What of it has not gone on.
    pub left: u64,
    /// What of it went to one party or in cash, or to persons, since then.
    pub passed: u64,
    /// The largest inflow from one party lately: day, key, amount.
    pub funded: (i32, u64, u64),
    /// The loan payment that it covered: day, amount; and by whose money.
    pub paid: (i32, u64, u64),
}

/// Dues.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dues {
    /// Met on their day.
    pub met: u16,
    /// Met late.
    pub late: u16,
    /// Days late, the last time.
    pub last_late_days: u16,
    /// Day of the last due that was late.
    pub last_late: i32,
    /// The due day of which a miss was told.
    pub missed_told: i32,
}

/// Debt at other lenders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elsewhere {
    /// Days of the last queries by other lenders.
    pub queries: [i32; 6],
    /// What was owed by the last report and by the one before, minor units.
    pub owed: (u64, u64),
}

/// The usual amount of a household and how far amounts lie from it, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// Amounts it rests on.
    pub count: u64,
    /// Mean.
    pub mean: u64,
    /// Deviation.
    pub deviation: u64,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            village: None,
            first_day: i32::MIN,
            last_day: i32::MIN,
            days: [Day::default(); DAYS],
            months: [Month::default(); MONTHS],
            hours: [0; 24],
            parties: [Party::default(); PARTIES],
            party_news: (0, 0),
            recent: [Recent::default(); RECENT],
            recent_at: 0,
            loan: LoanMoney::default(),
            dues: Dues::default(),
            elsewhere: Elsewhere::default(),
            seen: [0; RECENT],
            surprises: [(0, i32::MIN); KINDS],
            frauds: [(i32::MIN, false); RECENT],
            frauds_at: 0,
        }
    }
}

/// The number of a month: year × 12 + month.
pub fn month_of(date: basics::Date) -> i32 {
    i32::from(date.year()) * 12 + i32::from(date.month())
}

impl Habits {
    /// Whether an event was seen a moment ago.
    pub fn knows(&self, id: u128) -> bool {
        self.seen.contains(&short(id))
    }

    /// Days of the record up to a day, at most [`DAYS`], at least 1.
    pub fn days_known(&self, day: i32) -> u64 {
        let known = i64::from(day) - i64::from(self.first_day) + 1;
        known.clamp(1, DAYS as i64) as u64
    }

    /// The spans that end with `day`, in one pass over the days kept.
    pub fn spans(&self, day: i32) -> Spans {
        let mut spans = Spans::default();
        for one in self.days.iter().filter(|one| one.day <= day && one.day > day - 31) {
            let age = day - one.day;
            if age == 0 {
                spans.today.add(one);
            } else {
                spans.month_before.add(one);
            }
            if age < 7 {
                spans.week.add(one);
            }
            if age < 30 {
                spans.month.add(one);
            }
        }
        spans
    }

    /// The usual amount going out, with a few amounts of the county mixed in.
    ///
    /// Where there is an older half of history the mean is never taken above twice that half's: who raises amounts little
    /// by little is held against what was usual months ago.
    pub fn usual(&self, month: i32, county_mean: u64) -> Usual {
        let (mut count, mut sum, mut squares) = (0_u64, 0_u128, 0_u128);
        let (mut old_count, mut old_sum) = (0_u64, 0_u128);
        for one in self.months.iter().filter(|one| one.count > 0 && one.month > month - AMOUNT_MONTHS) {
            count += u64::from(one.count);
            sum += u128::from(one.sum);
            squares += one.squares;
            if one.month < month - 1 {
                old_count += u64::from(one.count);
                old_sum += u128::from(one.sum);
            }
        }
        let prior = u128::from(county_mean.max(1)) * u128::from(MEAN_PRIOR);
        let mut mean = ((sum + prior) / u128::from(count + MEAN_PRIOR)).max(1);
        if old_count >= 8 {
            mean = mean.min((2 * old_sum / u128::from(old_count)).max(1));
        }
        let own = if count > 0 { sum / u128::from(count) } else { mean };
        // Σ(x − m)² = Σx² − n m², never below 0 but for rounding.
        let variance_sum = squares.saturating_sub(u128::from(count) * own * own);
        let usual_spread = mean * 6 / 10;
        let variance =
            (variance_sum + DEVIATION_PRIOR * usual_spread * usual_spread) / (u128::from(count) + DEVIATION_PRIOR);
        let mean = u64::try_from(mean).unwrap_or(u64::MAX);
        Usual { count, mean, deviation: root(variance).max(mean / 6).max(1) }
    }

    /// Whether a party was met before.
    pub fn knows_party(&self, key: u64) -> bool {
        self.parties.iter().any(|party| party.key == key && key != 0)
    }

    /// Events of money within the last `micros` before a moment.
    pub fn lately(&self, at: i64, micros: i64) -> impl Iterator<Item = &Recent> {
        self.recent.iter().filter(move |one| one.id != 0 && one.at <= at && at - one.at <= micros)
    }

    /// The highest surprise of a kind within the `days` that end with `day`.
    pub fn surprise_within(&self, kind: usize, day: i32, days: i32) -> i32 {
        match self.surprises.get(kind) {
            Some((surprise, told)) if *told <= day && i64::from(*told) > i64::from(day) - i64::from(days) => *surprise,
            _ => 0,
        }
    }

    /// Takes an event of a month ([`month_of`]) in. `usual` is what was usual before it.
    pub fn take(&mut self, sight: &Sight<'_>, month: i32, usual: Usual) {
        let day = sight.day();
        if self.first_day == i32::MIN || day < self.first_day {
            self.first_day = day;
        }
        self.last_day = self.last_day.max(day);
        self.seen.rotate_right(1);
        self.seen[0] = short(sight.event.id.0.as_u128());
        if !sight.event.is_movement() {
            return;
        }
        let amount = sight.amount();
        if let Some(slot) = fresh(&mut self.days[day.rem_euclid(DAYS as i32) as usize], day, |one| one.day) {
            slot.day = day;
            if sight.is_out() {
                slot.out_count = slot.out_count.saturating_add(1);
                slot.out_sum = slot.out_sum.saturating_add(amount);
            } else {
                slot.in_count = slot.in_count.saturating_add(1);
                slot.in_sum = slot.in_sum.saturating_add(amount);
            }
        }
        let place = month.rem_euclid(MONTHS as i32) as usize;
        if let Some(slot) = fresh(&mut self.months[place], month, |one| one.month) {
            slot.month = month;
            if sight.is_out() {
                let cap = usual.mean.saturating_add(usual.deviation.saturating_mul(CAP_DEVIATIONS));
                let entered = if usual.count >= CAP_FROM { amount.min(cap) } else { amount.min(cap.saturating_mul(4)) };
                slot.count = slot.count.saturating_add(1);
                slot.sum = slot.sum.saturating_add(entered);
                slot.squares += u128::from(entered) * u128::from(entered);
            }
            if sight.is_income() {
                slot.income = slot.income.saturating_add(amount);
            }
        }
        let hour = &mut self.hours[sight.hour() % 24];
        *hour = hour.saturating_add(1);
        self.meet(sight, day);
        self.recent[usize::from(self.recent_at) % RECENT] = Recent {
            at: sight.at.0,
            day,
            amount,
            key: sight.event.counterparty.unwrap_or(0),
            id: short(sight.event.id.0.as_u128()),
            is_cash: sight.is_cash(),
            is_in: sight.is_in(),
        };
        self.recent_at = (self.recent_at + 1) % RECENT as u8;
    }

    fn meet(&mut self, sight: &Sight<'_>, day: i32) {
        let Some(key) = sight.event.counterparty.filter(|key| *key != 0) else { return };
        let is_known = self.knows_party(key);
        if sight.is_out() {
            self.party_news.0 = self.party_news.0.saturating_add(1);
            self.party_news.1 = self.party_news.1.saturating_add(u32::from(!is_known));
        }
        let place = match self.parties.iter().position(|party| party.key == key) {
            Some(place) => place,
            // The one met longest ago; an empty place was met never.
            None => (0..PARTIES).min_by_key(|at| (self.parties[*at].key != 0, self.parties[*at].day)).unwrap_or(0),
        };
        let slot = &mut self.parties[place];
        *slot = Party {
            key,
            day: if slot.key == key { slot.day.max(day) } else { day },
            count: if slot.key == key { slot.count.saturating_add(1) } else { 1 },
        };
    }
}

/// The low half of an id, never 0.
pub const fn short(id: u128) -> u64 {
    let low = id as u64 ^ (id >> 64) as u64;
    if low == 0 { 1 } else { low }
}

/// The slot of a bucket, emptied if it holds an older one; none if it holds a later one, which leaves this too late.
fn fresh<T: Default>(slot: &mut T, number: i32, number_of: impl Fn(&T) -> i32) -> Option<&mut T> {
    let held = number_of(slot);
    if held > number {
        return None;
    }
    if held < number {
        *slot = T::default();
    }
    Some(slot)
}
