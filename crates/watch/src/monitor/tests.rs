//! Stories of a village, told to a monitor: what is a signal, what is none, and about whom.

use basics::{Date, Id, Instant};
use insight::{Channel, Event, EventKind, Purchase};

use super::*;
use crate::number::scatter;

/// A monitor with a village around it.
struct Town {
    monitor: Monitor,
    number: u64,
    village: Option<u64>,
    device: Option<u64>,
}

const FIRST: i32 = 20_000;

fn own_key(household: u64) -> u64 {
    1_000 + household
}

impl Town {
    fn new() -> Town {
        Town::with(Config::usual().unwrap())
    }

    fn with(config: Config) -> Town {
        Town { monitor: Monitor::new(config, LearnSettings::default()), number: 0, village: Some(7), device: None }
    }

    fn event(&mut self, household: u64, day: i32, hour: i64, kind: EventKind, yuan: i64, key: u64) -> Event {
        self.number += 1;
        let _ = hour;
        Event {
            household: Id::from_u128(u128::from(household)),
            id: Id::from_u128(u128::from(self.number)),
            date: Date::from_days(FIRST + day).unwrap(),
            kind,
            amount_minor: if EventKind::is_out(kind.class()) { -yuan * 100 } else { yuan * 100 },
            balance_after_minor: None,
            counterparty: Some(key).filter(|key| *key != 0),
            channel: Channel::OwnBusiness,
            consent: None,
            measure: None,
            source: None,
            known: None,
        }
    }

    fn tell(&mut self, event: &Event, hour: i64) -> Seen {
        let at = Instant((i64::from(event.date.days()) * 24 + hour) * 3_600_000_000);
        let sight = Sight {
            event,
            at,
            village: self.village,
            device: self.device,
            clerk: None,
            own_key: Some(own_key(event.household.0.as_u128() as u64)),
        };
        self.monitor.step(&Input::Event(sight))
    }

    fn now(&mut self, household: u64, day: i32, hour: i64, kind: EventKind, yuan: i64, key: u64) -> Seen {
        let event = self.event(household, day, hour, kind, yuan, key);
        self.tell(&event, hour)
    }

    /// Households buy at three shops of theirs, twice a day.
    fn usual_days(&mut self, households: u64, days: std::ops::Range<i32>) {
        for day in days {
            for household in 1..=households {
                for part in 0..2 {
                    let drawn = scatter(household << 32 | (day as u64) << 2 | part);
                    let yuan = 30 + (drawn % 60) as i64;
                    let hour = 8 + (drawn >> 8) as i64 % 10;
                    let shop = 10 * household + (drawn >> 16) % 3;
                    self.now(household, day, hour, EventKind::Purchase(Purchase::Food), yuan, shop);
                }
            }
        }
    }

    fn tick(&mut self, household: u64, day: i32) -> Seen {
        let (household, day) = (Id::from_u128(u128::from(household)), Date::from_days(FIRST + day).unwrap());
        self.monitor.step(&Input::Tick(Tick { household, day, village: self.village, owed: None }))
    }
}

fn kinds(seen: &Seen) -> Vec<&'static str> {
    seen.signals.iter().map(|signal| signal.kind.word()).collect()
}

#[test]
fn a_household_fits_into_its_page() {
    assert!(household_bytes() <= crate::HOUSEHOLD_BYTES_MAX, "{}", household_bytes());
    for declared in [Velocity::DECLARED, Amount::DECLARED, Missed::DECLARED, IncomeGap::DECLARED, Bridge::DECLARED] {
        assert!(declared.bytes_max <= crate::HOUSEHOLD_BYTES_MAX);
    }
}

#[test]
fn an_amount_is_held_against_ones_own_history() {
    let mut town = Town::new();
    town.usual_days(20, 0..60);
    let usual = town.now(3, 60, 11, EventKind::Purchase(Purchase::Food), 60, 30);
    assert_eq!((kinds(&usual), usual.grade), (vec![], None));
    let strange = town.now(3, 60, 3, EventKind::TransferOut, 4_000, 99);
    assert!(kinds(&strange).contains(&"amount"), "{strange:?}");
    assert!(strange.grade >= Some(Grade::Alert), "{strange:?}");
    let signal = strange.signals.iter().find(|signal| signal.kind == Kind::Amount).unwrap();
    assert_eq!(signal.reading.observed, 400_000);
    assert!(signal.reading.expected.1 < 30_000 && signal.p_ppm < 2_000, "{signal:?}");
    // What is usual for a household of large amounts is no signal there.
    for day in 0..60 {
        town.now(77, day, 9, EventKind::Purchase(Purchase::FarmInput), 3_500 + i64::from(day % 7) * 200, 5);
    }
    assert_eq!(town.now(77, 60, 9, EventKind::Purchase(Purchase::FarmInput), 4_000, 5).grade, None);
}

#[test]
fn what_was_flagged_enters_history_winsorised_and_slow_poisoning_is_seen() {
    let mut town = Town::new();
    town.usual_days(20, 0..60);
    town.now(3, 60, 3, EventKind::TransferOut, 50_000, 99);
    let again = town.now(3, 61, 11, EventKind::TransferOut, 3_000, 98);
    assert!(kinds(&again).contains(&"amount"), "one large amount does not make the next usual: {again:?}");
    // Amounts that grow by a fortieth a day reach twenty times the usual in four months.
    let mut first_signal = None;
    for day in 60..200 {
        let yuan = (60.0 * 1.025_f64.powi(day - 60)) as i64;
        let seen = town.now(4, day, 11, EventKind::Purchase(Purchase::Food), yuan, 40);
        if kinds(&seen).contains(&"amount") {
            first_signal = first_signal.or(Some(yuan));
        }
    }
    assert!(first_signal.is_some_and(|yuan| yuan < 600), "{first_signal:?}");
}

#[test]
fn a_festival_that_moves_everyone_is_no_anomaly() {
    let strange = |everyone: bool| {
        let mut town = Town::new();
        town.usual_days(40, 0..60);
        let (mut told, mut alerts) = (0, 0);
        for day in 60..64 {
            for household in 1..=40 {
                let times = if everyone || household == 3 { 5 } else { 1 };
                let yuan = times * (30 + (scatter(household << 20 | day as u64) % 60) as i64);
                let seen = town.now(household, day, 11, EventKind::Purchase(Purchase::Food), yuan, 10 * household);
                let counts = day > 60 && household == 3;
                told += usize::from(counts && kinds(&seen).contains(&"amount"));
                alerts += usize::from(counts && seen.unusual.p_ppm < 2_000);
            }
        }
        (told, alerts)
    };
    assert_eq!(strange(true).0, 0);
    assert!(strange(false).0 >= 1, "{:?}", strange(false));
}

/// Twenty households sell in two autumns; says signals of villages and of households by what the second autumn brought.
fn autumn(brings: impl Fn(u64) -> i64) -> (usize, usize) {
    let mut town = Town::new();
    // 2024-10-04 is FIRST; harvests are sold that month and a year later.
    for (year, first) in [(0, 0), (1, 365)] {
        for household in 1..=20 {
            for part in 0..4 {
                let yuan = if year == 0 { 2_000 } else { brings(household) };
                if yuan > 0 {
                    town.now(household, first + part * 5, 10, EventKind::HarvestSale, yuan, 5);
                }
            }
        }
    }
    let (mut villages, mut households) = (0, 0);
    for day in 366..470 {
        for household in 1..=20 {
            let seen = town.tick(household, day);
            villages += seen.signals.iter().filter(|signal| signal.kind == Kind::VillageShock).count();
            households += seen.signals.iter().filter(|signal| signal.kind == Kind::IncomeGap).count();
        }
    }
    (villages, households)
}

#[test]
fn a_flood_is_one_village_alert_and_a_lost_crop_one_of_its_household() {
    assert_eq!(autumn(|_| 2_000), (0, 0), "a year like the last");
    assert_eq!(autumn(|_| 3_500), (0, 0), "a rich harvest");
    let flood = autumn(|household| if household % 5 == 0 { 300 } else { 0 });
    assert_eq!((flood.0, flood.1 <= 1), (1, true), "{flood:?}");
    let (villages, households) = autumn(|household| if household == 4 { 0 } else { 2_000 });
    assert_eq!(villages, 0);
    assert!((1..=2).contains(&households), "{households}");
}

#[test]
fn days_that_pass_tell_of_a_flood_once_and_of_nobody_in_a_usual_year() {
    // Twenty households bring in a harvest in September of two years; in the second a flood takes it.
    let told = |second: i64| {
        let mut town = Town::new();
        let mut called: Vec<(&'static str, EntityKind)> = Vec::new();
        for (year, yuan) in [(0, 9_000), (1, second)] {
            for household in 1..=20_u64 {
                // FIRST is the 4th of October 2024: September of the next year begins 332 days later.
                let day = 332 + year * 365 + household as i32 % 20;
                let yuan = yuan + (scatter(household) % 900) as i64;
                let date = Date::from_days(FIRST + day).unwrap();
                for (_, _, seen) in town.monitor.pass_to(date.days()) {
                    called.extend(seen.signals.iter().map(|signal| {
                        (
                            signal.kind.word(),
                            match signal.entity {
                                Entity::Household(_) => EntityKind::Household,
                                Entity::Key(kind, _) => kind,
                            },
                        )
                    }));
                }
                town.now(household, day, 10, EventKind::HarvestSale, yuan, 7);
            }
        }
        let last = Date::from_days(FIRST + 332 + 2 * 365).unwrap();
        for (_, _, seen) in town.monitor.pass_to(last.days()) {
            called.extend(seen.signals.iter().map(|signal| {
                (
                    signal.kind.word(),
                    match signal.entity {
                        Entity::Household(_) => EntityKind::Household,
                        Entity::Key(kind, _) => kind,
                    },
                )
            }));
        }
        called
    };
    assert_eq!(told(9_000), []);
    let flood = told(600);
    assert_eq!(flood, [("village_shock", EntityKind::Village)], "one alert of the village, none of its households");
}

#[test]
fn a_thousand_harvest_sales_call_nobody() {
    let mut town = Town::new();
    let mut called = 0;
    for day in 0..25 {
        for household in 1..=200_u64 {
            let drawn = scatter(household << 16 | day as u64);
            if drawn.is_multiple_of(5) {
                let yuan = 2_000 + (drawn >> 8) as i64 % 20_000;
                let seen = town.now(household, day, 9, EventKind::HarvestSale, yuan, 1 + drawn % 3);
                called += u32::from(seen.grade >= Some(Grade::Alert));
            }
        }
    }
    assert_eq!(called, 0);
}

#[test]
fn typologies_of_rural_fraud() {
    let mut rows = Vec::new();
    let mut told = |name: &str, seen: Seen| {
        let grade = seen.grade.map_or("-", Grade::word);
        rows.push(format!("{name} | {} | {grade}", kinds(&seen).join(" ")));
    };
    let mut town = Town::new();
    town.usual_days(30, 0..60);
    // Ordinary lending, so that what is unusual has something to be held against.
    for household in 1..=30 {
        town.now(household, 40, 10, EventKind::LoanReceived, 20_000, 0);
        for day in 41..48 {
            town.now(household, day, 11, EventKind::Purchase(Purchase::FarmInput), 2_000, 500 + household % 4);
        }
        for day in 49..59 {
            town.now(household, day, 10, EventKind::TransferOut, 100, own_key(household % 30 + 40));
            town.now(household, day, 11, EventKind::CashDeposit, 300, 0);
        }
    }
    town.now(1, 60, 9, EventKind::CashDeposit, 45_000, 0);
    town.now(1, 61, 9, EventKind::CashDeposit, 48_000, 0);
    told("third deposit below the limit", town.now(1, 62, 9, EventKind::CashDeposit, 44_000, 0));
    told("a deposit far below it", town.now(1, 63, 9, EventKind::CashDeposit, 500, 0));
    for household in [2, 3, 4] {
        town.now(household, 70, 10, EventKind::LoanReceived, 30_000, 0);
        let seen = town.now(household, 71, 10, EventKind::TransferOut, 29_000, 9_999);
        told(&format!("borrower {household} passes all on to one"), seen);
    }
    town.now(5, 70, 10, EventKind::TransferIn, 20_000, 8_888);
    town.now(5, 71, 10, EventKind::LoanPayment, 20_000, 0);
    told("drawn again two days on", town.now(5, 73, 10, EventKind::LoanReceived, 20_000, 0));
    told("and given back", town.now(5, 74, 10, EventKind::TransferOut, 20_200, 8_888));
    town.now(6, 80, 10, EventKind::TransferOut, 5_000, own_key(7));
    town.now(7, 81, 10, EventKind::TransferOut, 4_900, own_key(8));
    told("transfers go round", town.now(8, 82, 10, EventKind::TransferOut, 4_800, own_key(6)));
    for (from, to) in [(9, 10), (10, 11)] {
        town.now(from, 80, 10, EventKind::GuaranteeGiven, 0, own_key(to));
    }
    told("guarantees go round", town.now(11, 90, 10, EventKind::GuaranteeGiven, 0, own_key(9)));
    town.device = Some(4_242);
    let mut seen = Seen::default();
    for household in 12..17 {
        seen = town.now(household, 90, 10, EventKind::CashWithdrawal, 800, 0);
    }
    told("five households at one device", seen);
    let expected = [
        "third deposit below the limit | structuring | alert",
        "a deposit far below it |  | -",
        "borrower 2 passes all on to one | pass_through | note",
        "borrower 3 passes all on to one | pass_through | note",
        "borrower 4 passes all on to one | many_borrowers | alert",
        "drawn again two days on | bridge | alert",
        "and given back | pass_through bridge | alert",
        "transfers go round | transfer_ring | alert",
        "guarantees go round | guarantee_ring | alert",
        "five households at one device | shared_device card_agent | alert",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn loan_money_is_followed_to_forbidden_uses_and_to_staff() {
    let config = Config { forbidden: vec![6_666], staff: vec![5_555], ..Config::usual().unwrap() };
    let mut town = Town::with(config);
    town.usual_days(30, 0..60);
    town.now(1, 60, 10, EventKind::LoanReceived, 30_000, 0);
    town.now(1, 61, 10, EventKind::TransferOut, 20_000, own_key(2));
    let seen = town.now(2, 63, 10, EventKind::PaymentOut, 15_000, 6_666);
    let signal = seen.signals.iter().find(|signal| signal.kind == Kind::Diversion).unwrap();
    assert_eq!((signal.reading.observed, signal.reading.evidence[2]), (2, u128::from(own_key(1))));
    assert_eq!(signal.entity, Entity::Key(EntityKind::Counterparty, 6_666));
    for (household, grade) in [(3, Grade::Note), (5, Grade::Alert)] {
        town.now(household, 64, 10, EventKind::TransferIn, 2_000, 5_555);
        let seen = town.now(household, 65, 10, EventKind::LoanPayment, 2_000, 0);
        assert!(kinds(&seen).contains(&"clerk_repays") && seen.grade >= Some(grade), "{seen:?}");
    }
    town.now(4, 66, 10, EventKind::LoanReceived, 30_000, 0);
    assert!(kinds(&town.now(4, 67, 10, EventKind::TransferOut, 3_000, 5_555)).contains(&"staff"));
}

#[test]
fn what_is_out_of_place_is_named() {
    let mut town = Town::new();
    town.usual_days(2, 0..5);
    let event = town.event(1, 5, 10, EventKind::TransferOut, 30, 9);
    assert_eq!(town.tell(&event, 10).left_out, None);
    assert_eq!(town.tell(&event, 10).left_out, Some(LeftOut::Duplicate));
    let mut future = town.event(1, 9, 10, EventKind::TransferOut, 30, 9);
    let at = Instant(i64::from(FIRST + 6) * 86_400_000_000);
    let mut told = |event: &Event| {
        let sight = Sight { event, at, village: None, device: None, clerk: None, own_key: None };
        town.monitor.step(&Input::Event(sight)).left_out
    };
    assert_eq!(told(&future), Some(LeftOut::FromTheFuture));
    future.date = Date::from_days(FIRST - 500).unwrap();
    assert_eq!(told(&future), Some(LeftOut::TooLate));
    future.date = Date::from_days(FIRST + 1).unwrap();
    assert_eq!(told(&future), None);
}

#[test]
fn late_events_count_in_the_buckets_of_their_days() {
    let sums = |order: &[usize]| {
        let mut town = Town::new();
        let events: Vec<Event> =
            (0..40).map(|n| town.event(1, n % 20, 10, EventKind::TransferOut, 10 + i64::from(n), 9)).collect();
        for place in order {
            town.tell(&events[*place], 10);
        }
        let state = &town.monitor.households[&Id::from_u128(1)];
        let sum = state.spans(FIRST + 19).month;
        (sum.out_count, sum.out_sum, state.months.map(|m| (m.month, m.count)))
    };
    let mut order: Vec<usize> = (0..40).collect();
    let in_time = sums(&order);
    order.sort_by_key(|place| scatter(*place as u64));
    assert_eq!(sums(&order), in_time);
}

#[test]
fn the_same_inputs_give_the_same_signals() {
    let run = || {
        let mut town = Town::new();
        town.usual_days(12, 0..50);
        let next = [(3, 4_000, 77), (4, 50, 40), (5, 900, 78)];
        next.map(|(household, yuan, key)| town.now(household, 50, 22, EventKind::TransferOut, yuan, key))
    };
    assert_eq!(run(), run());
}

#[test]
fn labels_reach_payees_and_train_the_model() {
    let mut town = Town::new();
    for day in 0..80 {
        for household in 1..=20_u64 {
            let shop = 300 + scatter(household * 977 + day as u64) % 15;
            let is_true = shop == 303 && day > 10;
            let event = town.event(household, day, 12, EventKind::PaymentOut, 50 + (household as i64 * 3) % 20, shop);
            town.tell(&event, 12);
            town.monitor.step(&Input::Label(Label {
                household: event.household,
                event: event.id,
                counterparty: event.counterparty,
                day: event.date,
                amount_minor: event.amount_minor.unsigned_abs(),
                is_true,
            }));
        }
        town.monitor.refit(FIRST + day);
    }
    assert!(town.monitor.fits() > 3);
    let bad = town.now(2, 80, 12, EventKind::PaymentOut, 56, 303).learned_milli.unwrap();
    let good = town.now(2, 80, 12, EventKind::PaymentOut, 56, 304).learned_milli.unwrap();
    assert!(bad > good + 2_000, "{bad} {good}");
}

#[test]
fn what_is_weighed_before_it_moves_is_what_is_seen_when_it_has() {
    let mut town = Town::new();
    town.usual_days(20, 0..60);
    let (mut held, mut free) = (0, 0);
    for n in 0..240_u64 {
        let (household, hour) = (1 + n % 20, (n * 7 % 24) as i64);
        let yuan = if n % 9 == 0 { 40_000 } else { 40 + (n as i64 * 13) % 60 };
        let kind = if n % 5 == 0 { EventKind::CashWithdrawal } else { EventKind::TransferOut };
        let event = town.event(household, 60 + n as i32 / 40, hour, kind, yuan, 30 + n % 3);
        let at = Instant((i64::from(event.date.days()) * 24 + hour) * 3_600_000_000);
        let sight = Sight { event: &event, at, village: Some(7), device: None, clerk: None, own_key: None };
        let (weighed, again) = (town.monitor.weigh(&sight), town.monitor.weigh(&sight));
        assert_eq!(weighed, again, "nothing is taken in");
        let seen = town.monitor.step(&Input::Event(sight));
        let may: Vec<Signal> = seen.signals.iter().filter(|signal| signal.kind.may_hold()).copied().collect();
        assert_eq!(weighed.signals, may, "{event:?}");
        assert_eq!(weighed.grade == Some(Grade::Hold), seen.grade == Some(Grade::Hold), "{weighed:?} {seen:?}");
        match weighed.grade {
            Some(Grade::Hold) => held += 1,
            _ => free += 1,
        }
    }
    assert!(held > 0 && free > 150, "{held} held, {free} not");
    // What was seen is not weighed again, and what comes in is never held.
    let event = town.event(1, 70, 3, EventKind::TransferIn, 900_000, 30);
    let at = Instant(i64::from(event.date.days()) * 86_400_000_000);
    let sight = Sight { event: &event, at, village: None, device: None, clerk: None, own_key: None };
    assert_eq!(town.monitor.weigh(&sight), Weighed::default());
}
