use super::*;
use crate::event::Purchase;
use crate::feature::{Request, features_for};
use basics::cbor;
use proptest::prelude::*;

fn event(number: u128, day: i32, kind: EventKind, amount: i64, balance: Option<i64>, party: u64) -> Event {
    let amount_minor = match kind.stream() {
        Stream::In => amount,
        Stream::Out => -amount,
        Stream::Still => 0,
    };
    Event {
        household: Id::from_u128(9),
        id: Id::from_u128(number),
        date: Date::from_days(20_000 + day).unwrap(),
        kind,
        amount_minor,
        balance_after_minor: balance,
        counterparty: Some(party),
        channel: if amount % 2 == 0 { Channel::OwnBusiness } else { Channel::Authority },
        consent: None,
        measure: kind.measure().map(|_| 1 + amount % 3_650),
        source: None,
        known: None,
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

/// Sums of a profile as a table over all events would give them: month, class, count, amount.
fn added_up(events: &[Event]) -> Vec<(u16, u8, u32, i64)> {
    let in_buckets = || events.iter().filter(|e| kept(e.kind) == Kept::InBuckets);
    let Some(newest) = in_buckets().map(|e| month_of(e.date)).max() else { return Vec::new() };
    let mut table = std::collections::BTreeMap::new();
    for event in in_buckets().filter(|e| newest - month_of(e.date) < MONTHS_KEPT) {
        let row = table.entry((month_of(event.date), event.kind.class())).or_insert((0, 0));
        *row = (row.0 + 1, row.1 + event.measure.unwrap_or(event.amount_minor));
    }
    table.into_iter().map(|((month, class), (count, amount))| (month, class, count, amount)).collect()
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
            .map(|(i, &(day, kind, amount, balance, party))| event(i as u128, day, kind, amount, balance, party))
            .collect();
        let mut shuffled: Vec<(u64, Event)> = keys.into_iter().zip(events.iter().cloned()).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let shuffled: Vec<Event> = shuffled.into_iter().map(|(_, e)| e).collect();
        let (one, other) = (folded(&events), folded(&shuffled));
        prop_assert_eq!(cbor::to_bytes(&one), cbor::to_bytes(&other));
        prop_assert_eq!(cbor::from_bytes::<Profile>(&cbor::to_bytes(&one)).unwrap(), one.clone());
        prop_assert!(one.days().len() <= DAYS_KEPT as usize && one.months().len() <= usize::from(MONTHS_KEPT));
        prop_assert!(one.weeks().len() <= usize::from(WEEKS_KEPT) + 1);
        let sums: Vec<_> = one.sums().iter().map(|s| (s.month, s.class, s.count, s.amount)).collect();
        prop_assert_eq!(sums, added_up(&events));
        let request = Request { amount_minor: 1_000_000, instalment_minor: 90_000, term_months: 12 };
        let on = Date::from_days(20_700).unwrap();
        prop_assert_eq!(features_for(&one, &request, on), features_for(&other, &request, on));
    }

    #[test]
    fn many_households_at_once_come_to_the_same_as_event_by_event(
        drawn in proptest::collection::vec((0..4_usize, 0..500_i32, any_kind(), 0..1_000_000_i64, 0..40_u64), 0..150),
    ) {
        let events: Vec<(usize, Event)> = drawn.iter().enumerate().map(|(n, &(place, day, kind, amount, party))| {
            let household = Id::from_u128(place as u128 + 1);
            (place, Event { household, ..event(n as u128, day, kind, amount, Some(amount), party) })
        }).collect();
        let (mut one_by_one, mut at_once) = (vec![Profile::default(); 4], vec![Profile::default(); 4]);
        for (place, event) in &events {
            one_by_one[*place].fold(event).unwrap();
        }
        fold_many(&mut at_once, &events).unwrap();
        prop_assert_eq!(one_by_one, at_once);
    }

    #[test]
    fn a_busy_month_keeps_the_same_parties_in_any_order(mut parties in proptest::collection::vec(0..200_u64, 1..80)) {
        let fold = |parties: &[u64]| folded(&parties.iter()
            .map(|p| event(u128::from(*p), 0, EventKind::PaymentIn, 5, None, *p)).collect::<Vec<_>>());
        let forth = fold(&parties);
        parties.reverse();
        prop_assert_eq!(&forth, &fold(&parties));
        prop_assert!(forth.parties().len() <= PARTIES_A_MONTH);
        // Those that stay have all that they paid.
        for kept in forth.parties() {
            let paid = parties.iter().filter(|p| bucket::scattered(**p) == kept.key).count() as i64 * 5;
            prop_assert_eq!(kept.amount, paid);
        }
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
fn a_stream_stops_at_the_event_that_is_refused_and_says_how_far_it_came() {
    let good = |number| (0, event(number, number as i32, EventKind::Salary, 5, None, 1));
    let bad = (0, Event { amount_minor: -5, ..event(9, 3, EventKind::Salary, 5, None, 1) });
    let mut profiles = vec![Profile::default()];
    let (folded, error) = fold_many(&mut profiles, &[good(1), good(2), bad, good(3)]).unwrap_err();
    assert!(matches!(error, FoldManyError::Event(EventError::Sign { .. })));
    assert_eq!((folded, profiles[0].version()), (2, 2));
    let elsewhere = (1, event(4, 4, EventKind::Salary, 5, None, 1));
    let (folded, error) = fold_many(&mut profiles, &[good(3), elsewhere]).unwrap_err();
    assert_eq!((folded, error.to_string()), (1, "there is no profile 1: 1 are held".to_owned()));
}

#[test]
fn thirty_movements_are_enough_and_visits_do_not_count() {
    let mut profile = Profile::default();
    for n in 0..29 {
        profile.fold(&event(n, n as i32, EventKind::CashDeposit, 1, None, 0)).unwrap();
    }
    profile.fold(&event(90, 3, EventKind::VisitGood, 0, None, 0)).unwrap();
    profile.fold(&event(92, 3, EventKind::DueMet, 0, None, 0)).unwrap();
    assert!(is_thin(&profile));
    profile.fold(&event(91, 600, EventKind::CashDeposit, 1, None, 0)).unwrap();
    assert!(!is_thin(&profile));
    assert_eq!((profile.version(), profile.movements(), profile.days().len()), (32, 30, 1));
}

#[test]
fn the_latest_balance_is_carried_over_a_gap_longer_than_what_is_kept() {
    let profile = folded(&[
        event(2, 0, EventKind::CashDeposit, 10, Some(70), 0),
        event(1, 0, EventKind::CashDeposit, 10, Some(60), 0),
        event(3, 500, EventKind::CashDeposit, 10, None, 0),
    ]);
    assert_eq!(profile.latest_balance().map(|balance| balance.minor), Some(70), "the greater id is the later word");
    assert_eq!(profile.months().iter().map(|month| month.balances).sum::<u32>(), 0);
}

#[test]
fn the_last_word_counts_and_of_where_one_lives_the_first() {
    let told = |number, day, kind, amount| event(number, day, kind, amount, None, 0);
    let profile = folded(&[
        told(1, 30, EventKind::LandCertified, 700),
        told(2, 10, EventKind::LandCertified, 900), // older, though it came later
        told(3, 90, EventKind::LandCertified, 801), // by another channel
        told(4, 30, EventKind::SettledInVillage, 0),
        told(5, -9_000, EventKind::SettledInVillage, 0),
        told(6, 10, EventKind::SettledInVillage, 0),
    ]);
    let land = |channels| profile.told(EventKind::LandCertified, channels).map(|told| told.measure);
    assert_eq!(land(&[Channel::OwnBusiness]), Some(701));
    assert_eq!(land(&[Channel::OwnBusiness, Channel::Authority]), Some(802));
    assert_eq!(land(&[Channel::ToldByHousehold]), None);
    let settled = profile.told(EventKind::SettledInVillage, &[Channel::OwnBusiness]).unwrap();
    assert_eq!(settled.date, Date::from_days(11_000).unwrap());
}

#[test]
fn sales_are_known_by_the_day() {
    let sold = |number, day| event(number, day, EventKind::HarvestSale, 100, None, 0);
    let profile = folded(&[sold(1, 0), sold(2, 5), sold(3, 5), sold(4, 9)]);
    let day = |day| Date::from_days(20_000 + day).unwrap();
    assert_eq!(profile.sold_minor(day(1), day(5)), 200);
    assert_eq!(profile.sold_minor(day(0), day(9)), 400);
}

#[test]
fn borrowed_money_is_no_income() {
    let earned: Vec<Event> = (0..40).map(|n| event(n, n as i32, EventKind::Salary, 5_000, None, 1)).collect();
    let before = folded(&earned);
    let mut after = before.clone();
    after.fold(&event(90, 39, EventKind::LoanReceived, 2_000_000, None, 7)).unwrap();
    let income = |profile: &Profile| {
        let window = crate::window::Window::of(profile).unwrap();
        (window.inflow(), window.inflow_monthly(), window.inflow_max(), window.inflow_by_month())
    };
    assert_eq!(income(&after), income(&before));
    let borrowed = after.sums().iter().find(|sum| sum.class == EventKind::LoanReceived.class()).unwrap();
    assert_eq!((borrowed.count, borrowed.amount), (1, 2_000_000));
}
