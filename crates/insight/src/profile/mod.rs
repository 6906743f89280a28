//! A household's profile: what its events add up to, by day, week and month, so that any window can be read.

mod bucket;
mod stored;
#[cfg(test)]
mod tests;

use basics::{Date, Id};

pub use bucket::{
    Balance, DAYS_KEPT, Day, Days, MONTHS_KEPT, Month, PARTIES_A_MONTH, PARTY_MONTHS, Party, Sale, Sum, Told,
    WEEKS_KEPT, Week, first_day, month_of, week_of,
};

use crate::event::{Channel, Event, EventError, EventKind, Stream};

/// A file with fewer known movements is thin 信用白户.
pub const THIN_BELOW_MOVEMENTS: u64 = 30;

/// Whether too little is known of a household to score it: fewer than
/// [`THIN_BELOW_MOVEMENTS`] movements in all. Thin files go to a person, not to refusal.
pub const fn is_thin(profile: &Profile) -> bool {
    profile.movements < THIN_BELOW_MOVEMENTS
}

/// What a household's events add up to.
///
/// Folding an event costs the same however many came before: it touches one bucket of at most [`DAYS_KEPT`] days,
/// of [`WEEKS_KEPT`] weeks and the running one, and of [`MONTHS_KEPT`] months. Buckets are those of the calendar, and what is in them are
/// sums, extremes and counts of whole numbers, which commute: late events fold in exactly, and **any order of the same
/// events gives the same bytes**. Decay is applied to closed buckets when they are read, for the same reason.
///
/// Limits: each event is folded once (the caller knows event ids); dates later than the
/// business date are the caller's to refuse, since the newest date moves the windows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    household: Option<Id>,
    version: u64,
    movements: u64,
    /// Dates of the first and the last event in buckets.
    first: Option<Date>,
    last: Option<Date>,
    latest: Option<Balance>,
    guarantees: i64,
    loans_repaid: i64,
    /// Month and week of the last event, which every event asks for.
    newest: When,
    /// By month and class.
    sums: Vec<Sum>,
    months: Vec<Month>,
    weeks: Vec<Week>,
    days: Days,
    /// By month, direction and key.
    parties: Vec<Party>,
    sales: Vec<Sale>,
    /// By class and channel.
    told: Vec<Told>,
}

/// A date with the month and the week it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct When {
    date: Date,
    month: u16,
    week: u16,
}

impl When {
    fn of(date: Date) -> When {
        When { date, month: month_of(date), week: week_of(date) }
    }
}

/// Where a kind of event is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// In the buckets of its date.
    InBuckets,
    /// As the last word on its matter.
    AsLastWord,
    /// As a number of all times.
    AsCount,
}

const fn kept(kind: EventKind) -> Kept {
    match kind {
        EventKind::DueMet | EventKind::DueLate | EventKind::BureauQuery | EventKind::HarvestWeighed => Kept::InBuckets,
        EventKind::GuaranteeGiven | EventKind::GuaranteeReleased | EventKind::LoanRepaid => Kept::AsCount,
        other if matches!(other.stream(), Stream::Still) => Kept::AsLastWord,
        _ => Kept::InBuckets,
    }
}

/// Events whose profiles are looked at together before they are folded.
const AHEAD: usize = 32;
/// Of a list's newest buckets so many are looked at, and every so many of them: they lie three to a line of memory.
const NEWEST: usize = 12;
const A_LINE: usize = 3;

/// Folds events of many households in, in their order: event by event what [`Profile::fold`] does, with the same bytes after it.
///
/// Where profiles are many, most of the time of a fold goes by in waiting for memory, one place after the other. Here the places of
/// the next [`AHEAD`] events are read first; reads that do not depend on each other are waited for together.
///
/// Each event comes with the place of its household's profile. Errors at the first event that has none or is refused, with how many
/// were folded before it.
pub fn fold_many(profiles: &mut [Profile], events: &[(usize, Event)]) -> Result<(), (usize, FoldManyError)> {
    let (held, mut done) = (profiles.len(), 0);
    for some in events.chunks(AHEAD) {
        let seen = some.iter().filter_map(|(place, _)| profiles.get(*place)).map(Profile::newest_buckets);
        // What was read is not wanted; that it was read is.
        std::hint::black_box(seen.fold(0, i64::wrapping_add));
        for (place, event) in some {
            let profile = profiles.get_mut(*place).ok_or((done, FoldManyError::NoProfile { place: *place, held }))?;
            profile.fold(event).map_err(|error| (done, FoldManyError::Event(error)))?;
            done += 1;
        }
    }
    Ok(())
}

/// Why [`fold_many`] stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldManyError {
    /// No profile stands there.
    #[error("there is no profile {place}: {held} are held")]
    NoProfile {
        /// The place that the event named.
        place: usize,
        /// How many profiles there are.
        held: usize,
    },
    /// An event is refused.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl Profile {
    /// A number that takes reading the newest buckets of every list, which is where the next event most likely goes.
    fn newest_buckets(&self) -> i64 {
        fn lines<T>(list: &[T], read: impl Fn(&T) -> i64) -> i64 {
            list.iter().rev().take(NEWEST).step_by(A_LINE).map(read).fold(0, i64::wrapping_add)
        }
        lines(&self.sums, |sum| sum.amount)
            ^ lines(&self.parties, |party| party.amount)
            ^ self.months.last().map_or(0, |month| month.in_max ^ month.balance_sum)
            ^ self.weeks.last().map_or(0, |week| week.inflow)
            ^ self.days.as_slice().last().map_or(0, |day| day.inflow)
    }

    /// Folds one event in. Errors, changing nothing, if its figures cannot be or it belongs elsewhere.
    pub fn fold(&mut self, event: &Event) -> Result<(), EventError> {
        event.check()?;
        match self.household {
            Some(expected) if expected != event.household => {
                return Err(EventError::OtherHousehold { id: event.id, found: event.household, expected });
            }
            _ => self.household = Some(event.household),
        }
        self.version = self.version.wrapping_add(1);
        match kept(event.kind) {
            Kept::InBuckets => self.fold_into_buckets(event),
            Kept::AsLastWord => self.fold_told(event),
            Kept::AsCount => self.fold_count(event.kind),
        }
        Ok(())
    }

    fn fold_into_buckets(&mut self, event: &Event) {
        let date = event.date;
        let when = if self.last == Some(date) { self.newest } else { When::of(date) };
        if event.is_movement() {
            self.movements = self.movements.wrapping_add(1);
        }
        self.first = Some(self.first.map_or(date, |first| first.min(date)));
        if self.last.is_none_or(|last| last < date) {
            self.last = Some(date);
            self.drop_old(when);
        }
        self.latest = self.latest.max(balance_of(event));
        let amount = event.measure.unwrap_or(event.amount_minor);
        self.add_sum(when, event.kind.class(), 1, amount);
        if !event.is_movement() {
            return;
        }
        let (inflow, outflow) = (event.amount_minor.max(0), event.amount_minor.min(0).wrapping_neg());
        // Borrowed money has its sum and is no income.
        let earned = if event.kind == EventKind::LoanReceived { 0 } else { inflow };
        self.add_to_month(when, earned, outflow, event.balance_after_minor);
        self.add_to_week(when, earned, outflow, event.balance_after_minor);
        self.add_to_day(date, earned, outflow);
        if event.kind == EventKind::HarvestSale {
            self.add_sale(when, inflow);
        }
        if let Some(key) = event.counterparty {
            let is_out = event.kind.stream() == Stream::Out;
            self.add_party(when, is_out, bucket::scattered(key), inflow.wrapping_add(outflow));
        }
    }

    /// Keeps the last word on a matter; of where it lives, the first.
    fn fold_told(&mut self, event: &Event) {
        let (class, channel) = (event.kind.class(), event.channel);
        let told = Told { class, channel, date: event.date, event: event.id, measure: event.measure.unwrap_or(0) };
        let Some(standing) = bucket::at(&mut self.told, (class, channel), |t| (t.class, t.channel), told) else {
            return;
        };
        let is_first_wanted = event.kind == EventKind::SettledInVillage;
        let is_later = (told.date, told.event) > (standing.date, standing.event);
        if is_later != is_first_wanted {
            *standing = told;
        }
    }

    fn fold_count(&mut self, kind: EventKind) {
        match kind {
            EventKind::GuaranteeGiven => self.guarantees = self.guarantees.wrapping_add(1),
            EventKind::GuaranteeReleased => self.guarantees = self.guarantees.wrapping_sub(1),
            _ => self.loans_repaid = self.loans_repaid.wrapping_add(1),
        }
    }

    // What follows adds to one bucket each, where it is kept. Amounts are bounded by `Event::check`; wrapping keeps sums
    // commutative in any case.

    fn keeps_month(&self, month: u16, months: u16) -> bool {
        self.newest.month < month + months
    }

    fn add_sum(&mut self, When { month, .. }: When, class: u8, count: u32, amount: i64) {
        if self.keeps_month(month, MONTHS_KEPT)
            && let Some(sum) = bucket::at(
                &mut self.sums,
                (month, class),
                |s| (s.month, s.class),
                Sum { month, class, count: 0, amount: 0 },
            )
        {
            sum.count = sum.count.wrapping_add(count);
            sum.amount = sum.amount.wrapping_add(amount);
        }
    }

    fn add_to_month(&mut self, when: When, inflow: i64, outflow: i64, balance: Option<i64>) {
        let month = when.month;
        if !self.keeps_month(month, MONTHS_KEPT) {
            return;
        }
        let empty = Month { month, ..Month::default() };
        let Some(month) = bucket::at(&mut self.months, month, |m| m.month, empty) else { return };
        month.in_max = month.in_max.max(inflow);
        month.out_max = month.out_max.max(outflow);
        if let Some(minor) = balance {
            let is_first = month.balances == 0;
            month.low = if is_first { minor } else { month.low.min(minor) };
            month.high = if is_first { minor } else { month.high.max(minor) };
            month.balances = month.balances.wrapping_add(1);
            month.balance_sum = month.balance_sum.wrapping_add(minor);
            if minor < 0 {
                month.days_negative |= 1 << (when.date.day() - 1);
            }
        }
    }

    fn add_to_week(&mut self, When { week, .. }: When, inflow: i64, outflow: i64, balance: Option<i64>) {
        if self.newest.week > week + WEEKS_KEPT {
            return;
        }
        let empty = Week { week, inflow: 0, outflow: 0, low: None };
        let Some(week) = bucket::at(&mut self.weeks, week, |w| w.week, empty) else { return };
        week.inflow = week.inflow.wrapping_add(inflow);
        week.outflow = week.outflow.wrapping_add(outflow);
        if let Some(minor) = balance {
            week.low = Some(week.low.map_or(minor, |low| low.min(minor)));
        }
    }

    fn add_to_day(&mut self, date: Date, inflow: i64, outflow: i64) {
        if self.newest.date - date < DAYS_KEPT
            && let Some(day) = self.days.at(date)
        {
            day.inflow = day.inflow.wrapping_add(inflow);
            day.outflow = day.outflow.wrapping_add(outflow);
        }
    }

    fn add_sale(&mut self, When { date, month, .. }: When, amount: i64) {
        if self.keeps_month(month, MONTHS_KEPT)
            && let Some(sale) = bucket::at(&mut self.sales, date, |s| s.date, Sale { date, amount: 0 })
        {
            sale.amount = sale.amount.wrapping_add(amount);
        }
    }

    fn add_party(&mut self, When { month, .. }: When, is_out: bool, key: u32, amount: i64) {
        if !self.keeps_month(month, PARTY_MONTHS) {
            return;
        }
        let empty = Party { month, is_out, key, amount: 0 };
        let key_of = |p: &Party| (p.month, p.is_out, p.key);
        let known = self.parties.len();
        if let Some(party) = bucket::at(&mut self.parties, (month, is_out, key), key_of, empty) {
            party.amount = party.amount.wrapping_add(amount);
        }
        if self.parties.len() == known {
            return;
        }
        let begin = self.parties.partition_point(|p| (p.month, p.is_out) < (month, is_out));
        let end = self.parties.partition_point(|p| (p.month, p.is_out) <= (month, is_out));
        if end - begin > PARTIES_A_MONTH {
            self.parties.remove(end - 1);
        }
    }

    /// Lets go of what lies too far before an event that is the newest now.
    fn drop_old(&mut self, newest: When) {
        let before = std::mem::replace(&mut self.newest, newest);
        let When { date: last, month, week } = newest;
        self.days.drop_before(last.add_days(1 - DAYS_KEPT));
        if before.week == week && before.month == month {
            return;
        }
        bucket::drop_before(&mut self.sums, |s| s.month + MONTHS_KEPT <= month);
        bucket::drop_before(&mut self.months, |m| m.month + MONTHS_KEPT <= month);
        bucket::drop_before(&mut self.parties, |p| p.month + PARTY_MONTHS <= month);
        bucket::drop_before(&mut self.weeks, |w| w.week + WEEKS_KEPT < week);
        bucket::drop_before(&mut self.sales, |s| month_of(s.date) + MONTHS_KEPT <= month);
    }

    /// The household, once an event was folded.
    pub const fn household(&self) -> Option<Id> {
        self.household
    }

    /// Number of events folded. A decision names it; the door refuses a stale one.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Number of movements of money folded, in all.
    pub const fn movements(&self) -> u64 {
        self.movements
    }

    /// Date of the earliest event in buckets. Never a feature: it tells when records begin.
    pub const fn first_movement(&self) -> Option<Date> {
        self.first
    }

    /// Date of the latest event in buckets, where the windows of features end. Never a feature.
    pub const fn last_movement(&self) -> Option<Date> {
        self.last
    }

    /// The latest balance told: that of the greatest id on the latest date.
    pub const fn latest_balance(&self) -> Option<Balance> {
        self.latest
    }

    /// Guarantees given to others and not released.
    pub const fn guarantees_open(&self) -> i64 {
        self.guarantees
    }

    /// Loans paid off as agreed, in all.
    pub const fn loans_repaid(&self) -> i64 {
        self.loans_repaid
    }

    /// Sums by month and class, oldest first.
    pub fn sums(&self) -> &[Sum] {
        &self.sums
    }

    /// The months kept in which money moved, oldest first.
    pub fn months(&self) -> &[Month] {
        &self.months
    }

    /// The weeks kept in which money moved, oldest first.
    pub fn weeks(&self) -> &[Week] {
        &self.weeks
    }

    /// The days kept on which money moved, oldest first.
    pub fn days(&self) -> &[Day] {
        self.days.as_slice()
    }

    /// Who paid and was paid, by month and direction.
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// The last word on a matter by any of these ways.
    pub fn told(&self, kind: EventKind, channels: &[Channel]) -> Option<Told> {
        let class = kind.class();
        let words = self.told.iter().filter(|t| t.class == class && channels.contains(&t.channel));
        words.max_by_key(|t| (t.date, t.event)).copied()
    }

    /// What was sold of harvests and animals from one day to another, both counted, in minor units. Sales of more than a
    /// year before the last event are not kept.
    pub fn sold_minor(&self, from: Date, to: Date) -> i64 {
        let sales = self.sales.iter().filter(|sale| (from..=to).contains(&sale.date));
        sales.map(|sale| sale.amount).fold(0, i64::saturating_add)
    }

    /// Memory that this profile holds, in bytes: itself and what it has reserved.
    pub fn memory_bytes(&self) -> usize {
        fn of<T>(list: &Vec<T>) -> usize {
            list.capacity() * size_of::<T>()
        }
        size_of::<Profile>()
            + of(&self.sums)
            + of(&self.months)
            + of(&self.weeks)
            + of(&self.parties)
            + of(&self.sales)
            + of(&self.told)
    }
}

fn balance_of(event: &Event) -> Option<Balance> {
    event.balance_after_minor.map(|minor| Balance { date: event.date, event: event.id, minor })
}
