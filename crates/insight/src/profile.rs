//! A household's profile: what its events add up to, by day, so that any window can be read.

use basics::{Date, Id};
use minicbor::{Decode, Encode};

use crate::event::{Event, EventError, EventKind};

/// Days kept, the day of the newest movement included: a farming year and a month.
pub const DAYS_KEPT: i32 = 400;

/// Payers kept a day. See [`Day::payers`].
pub const PAYERS_A_DAY: usize = 16;

/// A file with fewer known movements is thin 信用白户.
pub const THIN_BELOW_MOVEMENTS: u64 = 30;

/// Whether too little is known of a household to score it: fewer than
/// [`THIN_BELOW_MOVEMENTS`] movements in all. Thin files go to a person, not to refusal.
pub const fn is_thin(profile: &Profile) -> bool {
    profile.movements < THIN_BELOW_MOVEMENTS
}

/// What a household's events add up to.
///
/// Folding an event costs the same however many came before: it touches one day of at
/// most [`DAYS_KEPT`]. All sums are whole numbers that commute, so late events fold in
/// exactly and **any order of the same events gives the same bytes**. Decayed sums are
/// read from the days ([`Profile::decayed`]) rather than kept, for the same reason.
///
/// Limits: each event is folded once (the caller knows event ids); dates later than the
/// business date are the caller's to refuse, since the newest date moves the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Profile {
    /// The household, from the first event on.
    #[n(0)]
    household: Option<Id>,
    /// Number of events folded: the version a decision names.
    #[n(1)]
    version: u64,
    #[n(2)]
    movements: u64,
    #[n(3)]
    first_movement: Option<Date>,
    #[n(4)]
    last_movement: Option<Date>,
    /// The last balance known from before the days kept.
    #[n(5)]
    before: Option<Balance>,
    /// Days on which something happened, in order of date.
    #[n(6)]
    days: Vec<Day>,
    /// Guarantees given and not released.
    #[n(7)]
    guarantees: i64,
}

/// One day of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Day {
    /// The date.
    #[n(0)]
    pub date: Date,
    /// Sums by class of event, in order of class.
    #[n(1)]
    pub sums: Vec<Sum>,
    /// Lowest balance known of the day, minor units.
    #[n(2)]
    pub balance_min: Option<i64>,
    /// Balance after the day's last event (the greatest id) that told one.
    #[n(3)]
    pub closing: Option<Balance>,
    /// Largest single amount that came in, minor units.
    #[n(4)]
    pub in_max: i64,
    /// Largest single amount that went out, as a positive number.
    #[n(5)]
    pub out_max: i64,
    /// Keys of those who paid in, ascending: the [`PAYERS_A_DAY`] smallest. A key that fell
    /// out never comes back, so which keys stay does not depend on the order of events.
    #[n(6)]
    pub payers: Vec<u64>,
}

/// Events of one class on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Sum {
    /// [`EventKind::class`].
    #[n(0)]
    pub class: u8,
    /// How many.
    #[n(1)]
    pub count: u32,
    /// Their amounts, in minor units, signed.
    #[n(2)]
    pub amount_minor: i64,
}

/// A balance and what it follows; ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Balance {
    /// Date of the event that told it.
    #[n(0)]
    pub date: Date,
    /// Id of that event.
    #[n(1)]
    pub event: Id,
    /// Minor units.
    #[n(2)]
    pub minor: i64,
}

impl Profile {
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
        match event.kind {
            EventKind::GuaranteeGiven => self.guarantees = self.guarantees.wrapping_add(1),
            EventKind::GuaranteeReleased => self.guarantees = self.guarantees.wrapping_sub(1),
            _ => {}
        }
        if event.is_movement() {
            self.fold_movement(event);
        }
        Ok(())
    }

    fn fold_movement(&mut self, event: &Event) {
        self.movements = self.movements.wrapping_add(1);
        self.first_movement = Some(self.first_movement.map_or(event.date, |d| d.min(event.date)));
        self.last_movement = Some(self.last_movement.map_or(event.date, |d| d.max(event.date)));
        if event.date < self.kept_from() {
            self.before = self.before.max(balance_of(event));
            return;
        }
        let at = match self.days.last() {
            Some(last) if last.date < event.date => self.days.len(),
            _ => self.days.partition_point(|d| d.date < event.date),
        };
        if self.days.get(at).is_none_or(|d| d.date != event.date) {
            self.days.insert(at, Day::empty(event.date));
        }
        if let Some(day) = self.days.get_mut(at) {
            day.fold(event);
        }
        self.drop_old_days();
    }

    fn drop_old_days(&mut self) {
        let from = self.kept_from();
        let gone = self.days.partition_point(|d| d.date < from);
        for day in self.days.drain(..gone) {
            self.before = self.before.max(day.closing);
        }
    }

    fn kept_from(&self) -> Date {
        self.last_movement.unwrap_or_default().add_days(1 - DAYS_KEPT)
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

    /// Date of the earliest known movement. Never a feature: it tells when records begin.
    pub const fn first_movement(&self) -> Option<Date> {
        self.first_movement
    }

    /// Date of the latest known movement, where the windows of features end. Never a feature.
    pub const fn last_movement(&self) -> Option<Date> {
        self.last_movement
    }

    /// Guarantees given to others and not released.
    pub const fn guarantees_open(&self) -> i64 {
        self.guarantees
    }

    /// The days kept, in order of date.
    pub fn days(&self) -> &[Day] {
        &self.days
    }

    /// The last balance known strictly before `date`, minor units.
    pub fn balance_before(&self, date: Date) -> Option<i64> {
        let end = self.days.partition_point(|d| d.date < date);
        let within = self.days[..end].iter().rev().find_map(|d| d.closing);
        within.or(self.before.filter(|b| b.date < date)).map(|b| b.minor)
    }

    /// The sum of one measure of the days up to `end`, each halved for every 90 days it lies back.
    ///
    /// Fixed point: the day's factor is `2^(-1/90)` in 2⁻³² parts, the running sum is
    /// floored each day. Read from the days, so it is the same for any order of events.
    pub fn decayed(&self, end: Date, measure: impl Fn(&Day) -> i64) -> i64 {
        let mut sum = 0_i128;
        let mut at: Option<Date> = None;
        for day in self.days.iter().filter(|d| d.date <= end) {
            sum = decay(sum, at.map_or(0, |a| day.date - a)) + (i128::from(measure(day)) << 32);
            at = Some(day.date);
        }
        let sum = decay(sum, at.map_or(0, |a| end - a)) >> 32;
        i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
    }
}

/// `2^(-1/90)` in parts of 2³².
const DAILY_HALF_90: i128 = 4_262_016_076;

/// A fixed-point sum after `days` more days.
pub(crate) fn decay(mut sum: i128, days: i32) -> i128 {
    // Beyond the days kept a sum has all but gone; this also bounds the loop.
    for _ in 0..days.clamp(0, 2 * DAYS_KEPT) {
        sum = (sum * DAILY_HALF_90) >> 32;
    }
    sum
}

fn balance_of(event: &Event) -> Option<Balance> {
    event.balance_after_minor.map(|minor| Balance { date: event.date, event: event.id, minor })
}

impl Day {
    fn empty(date: Date) -> Day {
        Day { date, sums: Vec::new(), balance_min: None, closing: None, in_max: 0, out_max: 0, payers: Vec::new() }
    }

    fn fold(&mut self, event: &Event) {
        let class = event.kind.class();
        let at = self.sums.partition_point(|s| s.class < class);
        if self.sums.get(at).is_none_or(|s| s.class != class) {
            self.sums.insert(at, Sum { class, count: 0, amount_minor: 0 });
        }
        if let Some(sum) = self.sums.get_mut(at) {
            // Amounts are bounded by `Event::check`; wrapping keeps the sum commutative in any case.
            sum.count = sum.count.wrapping_add(1);
            sum.amount_minor = sum.amount_minor.wrapping_add(event.amount_minor);
        }
        self.in_max = self.in_max.max(event.amount_minor);
        self.out_max = self.out_max.max(event.amount_minor.wrapping_neg());
        self.closing = self.closing.max(balance_of(event));
        self.balance_min = match (self.balance_min, event.balance_after_minor) {
            (Some(low), Some(now)) => Some(low.min(now)),
            (low, now) => low.or(now),
        };
        if let Some(key) = event.counterparty.filter(|_| event.amount_minor > 0)
            && let Err(place) = self.payers.binary_search(&key)
        {
            self.payers.insert(place, key);
            self.payers.truncate(PAYERS_A_DAY);
        }
    }

    /// All that came in, minor units.
    pub fn inflow(&self) -> i64 {
        self.sums.iter().map(|s| s.amount_minor.max(0)).fold(0, i64::wrapping_add)
    }

    /// All that went out, as a positive number of minor units.
    pub fn outflow(&self) -> i64 {
        self.sums.iter().map(|s| s.amount_minor.min(0).wrapping_neg()).fold(0, i64::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Channel, Purchase};
    use crate::feature::{Request, features_for};
    use basics::cbor;
    use proptest::prelude::*;

    fn event(number: u128, day: i32, kind: EventKind, amount: i64, balance: Option<i64>, payer: u64) -> Event {
        let amount_minor = match kind.stream() {
            crate::Stream::In => amount,
            crate::Stream::Out => -amount,
            crate::Stream::Still => 0,
        };
        Event {
            household: Id::from_u128(9),
            id: Id::from_u128(number),
            date: Date::from_days(20_000 + day).unwrap(),
            kind,
            amount_minor,
            balance_after_minor: balance,
            counterparty: Some(payer),
            channel: Channel::OwnBusiness,
            consent: None,
        }
    }

    fn any_kind() -> impl Strategy<Value = EventKind> {
        prop_oneof![
            proptest::sample::select(EventKind::PLAIN),
            proptest::sample::select(&[Purchase::FarmInput, Purchase::Food, Purchase::Other][..])
                .prop_map(EventKind::Purchase),
        ]
    }

    fn folded(events: &[Event]) -> Profile {
        let mut profile = Profile::default();
        for event in events {
            profile.fold(event).unwrap();
        }
        profile
    }

    proptest! {
        #[test]
        fn any_order_gives_the_same_profile(
            drawn in proptest::collection::vec(
                (0..700_i32, any_kind(), 0..1_000_000_i64, proptest::option::of(-50_000..900_000_i64), 0..40_u64),
                0..120,
            ),
            keys in proptest::collection::vec(any::<u64>(), 120),
        ) {
            let events: Vec<Event> = drawn.iter().enumerate()
                .map(|(i, &(day, kind, amount, balance, payer))| event(i as u128, day, kind, amount, balance, payer))
                .collect();
            let mut shuffled: Vec<(u64, Event)> = keys.into_iter().zip(events.iter().cloned()).collect();
            shuffled.sort_by_key(|(key, _)| *key);
            let shuffled: Vec<Event> = shuffled.into_iter().map(|(_, e)| e).collect();
            let (one, other) = (folded(&events), folded(&shuffled));
            prop_assert_eq!(cbor::to_bytes(&one), cbor::to_bytes(&other));
            prop_assert_eq!(cbor::from_bytes::<Profile>(&cbor::to_bytes(&one)).unwrap(), one.clone());
            prop_assert!(one.days().len() <= DAYS_KEPT as usize);
            let request = Request { amount_minor: 1_000_000, instalment_minor: 90_000, term_months: 12 };
            prop_assert_eq!(features_for(&one, &request), features_for(&other, &request));
        }

        #[test]
        fn a_busy_day_keeps_the_same_payers_in_any_order(mut payers in proptest::collection::vec(0..200_u64, 1..80)) {
            let fold = |payers: &[u64]| folded(&payers.iter()
                .map(|p| event(u128::from(*p), 0, EventKind::PaymentIn, 5, None, *p)).collect::<Vec<_>>());
            let forth = fold(&payers);
            payers.reverse();
            prop_assert_eq!(forth, fold(&payers));
        }
    }

    #[test]
    fn a_refused_event_changes_nothing() {
        let mut profile = folded(&[event(1, 0, EventKind::Salary, 5, None, 1)]);
        let before = profile.clone();
        let mut bad = event(2, 1, EventKind::Salary, 5, None, 1);
        bad.amount_minor = -5;
        assert!(profile.fold(&bad).is_err());
        let elsewhere = Event { household: Id::from_u128(10), ..event(2, 1, EventKind::Salary, 5, None, 1) };
        assert!(matches!(profile.fold(&elsewhere), Err(EventError::OtherHousehold { .. })));
        assert_eq!(profile, before);
    }

    #[test]
    fn thirty_movements_are_enough_and_visits_do_not_count() {
        let mut profile = Profile::default();
        for n in 0..29 {
            profile.fold(&event(n, n as i32, EventKind::CashDeposit, 1, None, 0)).unwrap();
        }
        profile.fold(&event(90, 3, EventKind::VisitGood, 0, None, 0)).unwrap();
        assert!(is_thin(&profile));
        profile.fold(&event(91, 600, EventKind::CashDeposit, 1, None, 0)).unwrap();
        assert!(!is_thin(&profile));
        assert_eq!((profile.version(), profile.movements(), profile.days().len()), (31, 30, 1));
    }

    #[test]
    fn the_balance_is_carried_over_a_gap_longer_than_the_days_kept() {
        let profile = folded(&[
            event(2, 0, EventKind::CashDeposit, 10, Some(70), 0),
            event(1, 0, EventKind::CashDeposit, 10, Some(60), 0),
            event(3, 500, EventKind::CashDeposit, 10, Some(80), 0),
        ]);
        let last = Date::from_days(20_500).unwrap();
        assert_eq!(profile.balance_before(last), Some(70));
        assert_eq!(profile.balance_before(last.add_days(1)), Some(80));
        assert_eq!(profile.balance_before(last.add_days(-500)), None);
    }

    #[test]
    fn a_sum_halves_in_ninety_days() {
        let profile = folded(&[event(1, 0, EventKind::CashDeposit, 1_000_000, None, 0)]);
        let end = Date::from_days(20_090).unwrap();
        let half = profile.decayed(end, Day::inflow);
        assert!((499_995..=500_005).contains(&half), "{half}");
    }
}
