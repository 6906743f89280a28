//! The life of a facility, what may be drawn under it on each day, and what it does not take.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::money::format_minor;
use basics::{Date, Id, cbor};
use loan::LoanError;
use loan::facility::exposure::{Claim, ClaimKind, ExposureLimits, exposure};
use loan::facility::{FacilityEvent, FacilityHappening, FacilityStatus, FreezeOf, Usage, accept, fold};
use proptest::prelude::*;

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn granted(amount_fen: i64, valid_to: &str, review_by: &str) -> FacilityHappening {
    FacilityHappening::Granted { amount_fen, valid_to: date(valid_to), review_by: date(review_by) }
}

fn frozen(of: FreezeOf) -> FacilityHappening {
    FacilityHappening::Frozen { of, reason: "harvest lost".into() }
}

fn lived(life: Vec<(&str, FacilityHappening)>) -> Vec<FacilityEvent> {
    let mut events = Vec::new();
    for (number, (on, what)) in (1..).zip(life) {
        let event = FacilityEvent::new(number, date(on), what);
        accept(&events, &event).unwrap();
        events.push(event);
    }
    events
}

#[test]
fn a_facility_from_grant_to_close() {
    let life = lived(vec![
        ("2026-01-10", granted(5_000_000, "2026-12-31", "2026-07-10")),
        ("2026-02-01", frozen(FreezeOf::Part(1_000_000))),
        ("2026-03-01", frozen(FreezeOf::Whole)),
        ("2026-04-01", FacilityHappening::Thawed),
        ("2026-05-01", FacilityHappening::Raised { amount_fen: 8_000_000 }),
        ("2026-06-01", FacilityHappening::Lowered { amount_fen: 2_000_000 }),
        ("2026-08-01", FacilityHappening::Reviewed { review_by: date("2026-12-31") }),
        ("2027-02-01", granted(3_000_000, "2028-01-31", "2027-08-01")),
        ("2027-03-01", FacilityHappening::Closed { reason: "moved away".into() }),
    ]);
    let usage = Usage { used_fen: 2_000_000, reserved_fen: 300_000, ..Usage::default() };
    let mut text =
        "date        status       amount     used reserved   frozen    avail. next        draw of 1,000.00\n"
            .to_owned();
    for on in [
        "2026-01-09",
        "2026-01-10",
        "2026-02-01",
        "2026-03-01",
        "2026-04-01",
        "2026-05-01",
        "2026-06-01",
        "2026-07-10",
        "2026-07-11",
        "2026-08-01",
        "2026-12-31",
        "2027-01-01",
        "2027-02-01",
        "2027-03-01",
    ] {
        let state = fold(&life, date(on));
        let p = state.position(usage);
        let next = state.next_date.map_or("-".to_owned(), |next| next.to_string());
        let draw = state.may_draw(usage, 100_000, Some(0)).map_or_else(|e| e.to_string(), |()| "yes".to_owned());
        let m = format_minor;
        text += &format!(
            "{on}  {:<9} {:>9} {:>8} {:>8} {:>8} {:>9} {next:<10}  {draw}\n",
            state.status.as_str(),
            m(p.amount_fen),
            m(p.used_fen),
            m(p.reserved_fen),
            m(p.frozen_fen),
            m(p.available_fen)
        );
    }
    insta::assert_snapshot!(text, @r"
    date        status       amount     used reserved   frozen    avail. next        draw of 1,000.00
    2026-01-09  ungranted      0.00 20000.00  3000.00     0.00      0.00 -           no facility is in force on 2026-01-09: apply for one
    2026-01-10  active     50000.00 20000.00  3000.00     0.00  27000.00 2026-07-11  yes
    2026-02-01  active     50000.00 20000.00  3000.00 10000.00  17000.00 2026-07-11  yes
    2026-03-01  frozen     50000.00 20000.00  3000.00 27000.00      0.00 2026-07-11  the facility has been frozen since 2026-03-01: harvest lost
    2026-04-01  active     50000.00 20000.00  3000.00     0.00  27000.00 2026-07-11  yes
    2026-05-01  active     80000.00 20000.00  3000.00     0.00  57000.00 2026-07-11  yes
    2026-06-01  active     20000.00 20000.00  3000.00     0.00      0.00 2026-07-11  0.00 is available under the facility, not 1000.00
    2026-07-10  active     20000.00 20000.00  3000.00     0.00      0.00 2026-07-11  0.00 is available under the facility, not 1000.00
    2026-07-11  active     20000.00 20000.00  3000.00     0.00      0.00 2027-01-01  the facility should have been reviewed by 2026-07-10: review it first
    2026-08-01  active     20000.00 20000.00  3000.00     0.00      0.00 2027-01-01  0.00 is available under the facility, not 1000.00
    2026-12-31  active     20000.00 20000.00  3000.00     0.00      0.00 2027-01-01  0.00 is available under the facility, not 1000.00
    2027-01-01  expired    20000.00 20000.00  3000.00     0.00      0.00 -           the facility ended on 2026-12-31: it has to be renewed
    2027-02-01  active     30000.00 20000.00  3000.00     0.00   7000.00 2027-08-02  yes
    2027-03-01  closed     30000.00 20000.00  3000.00     0.00      0.00 -           the facility was closed on 2027-03-01
    ");
}

#[test]
fn what_a_facility_does_not_take() {
    let life = lived(vec![
        ("2026-01-10", granted(5_000_000, "2026-12-31", "2026-07-10")),
        ("2026-02-01", FacilityHappening::Lowered { amount_fen: 4_000_000 }),
    ]);
    let cases: Vec<(&str, FacilityHappening)> = vec![
        ("2026-01-09", FacilityHappening::Thawed),
        ("2026-02-02", FacilityHappening::Thawed),
        ("2026-02-02", FacilityHappening::Raised { amount_fen: 4_000_000 }),
        ("2026-02-02", FacilityHappening::Raised { amount_fen: i64::MAX }),
        ("2026-02-02", FacilityHappening::Lowered { amount_fen: 4_000_000 }),
        ("2026-02-02", FacilityHappening::Lowered { amount_fen: -1 }),
        ("2026-02-02", frozen(FreezeOf::Part(4_000_001))),
        ("2026-02-02", FacilityHappening::Reviewed { review_by: date("2026-02-02") }),
        ("2026-02-02", FacilityHappening::Reviewed { review_by: date("2027-01-01") }),
        ("2026-02-02", granted(0, "2027-02-02", "2026-12-31")),
        ("2026-02-02", granted(1, "2026-02-02", "2026-02-02")),
        ("2027-01-01", FacilityHappening::Raised { amount_fen: 6_000_000 }),
        ("2026-02-02", FacilityHappening::Reversed { target: Id::from_u128(7) }),
        ("2026-02-02", FacilityHappening::Reversed { target: Id::from_u128(1) }),
        ("2026-01-31", FacilityHappening::Reversed { target: Id::from_u128(2) }),
    ];
    let mut text = String::new();
    for (on, what) in cases {
        let error = accept(&life, &FacilityEvent::new(9, date(on), what)).unwrap_err();
        text += &format!("{}\n", error.to_string().replace("00000000-0000-0000-0000-0000000000", ""));
    }
    insta::assert_snapshot!(text, @r"
    event 09 is not taken: the facility is ungranted on 2026-01-09: grant it first
    event 09 is not taken: the facility is not frozen
    event 09 is not taken: the facility is of 40000.00: raise it to more
    event 09 is not taken: the amount must be more than 0.00 and at most 10000000000000.00
    event 09 is not taken: the facility is of 40000.00: lower it to less, at least 0.00
    event 09 is not taken: the facility is of 40000.00: lower it to less, at least 0.00
    event 09 is not taken: the facility is of 40000.00: freeze a part of that, or the whole
    event 09 is not taken: the review must lie after this day and not after the last day of the facility
    event 09 is not taken: the review must lie after this day and not after the last day of the facility
    event 09 is not taken: the amount must be more than 0.00 and at most 10000000000000.00
    event 09 is not taken: the last day must lie after the first
    event 09 is not taken: the facility is expired on 2027-01-01: renew it by a new grant
    event 09 cannot reverse 07: there is no such event in this facility
    event 09 cannot reverse 01: later events rest on it: reverse them first
    event 09 cannot reverse 02: the reversal is dated before it
    ");
    let again = FacilityEvent::new(1, date("2026-02-02"), FacilityHappening::Thawed);
    assert!(matches!(accept(&life, &again), Err(LoanError::DuplicateEvent(_))));

    let mut closed = life.clone();
    closed.push(FacilityEvent::new(3, date("2026-02-03"), FacilityHappening::Closed { reason: "x".into() }));
    let regrant = FacilityEvent::new(4, date("2026-02-04"), granted(1, "2027-02-02", "2026-12-31"));
    insta::assert_snapshot!(
        accept(&closed, &regrant).unwrap_err().to_string().replace("00000000-0000-0000-0000-0000000000", ""),
        @"event 04 is not taken: the facility is closed on 2026-02-04: grant a new one"
    );
    let mut undone = closed.clone();
    undone.push(FacilityEvent::new(5, date("2026-02-03"), FacilityHappening::Reversed { target: Id::from_u128(3) }));
    accept(&closed, &undone[3]).unwrap();
    assert_eq!(fold(&undone, date("2026-02-04")), fold(&life, date("2026-02-04")));
    assert_eq!(fold(&closed, date("2026-02-04")).status, FacilityStatus::Closed);
}

#[test]
fn exposure_against_household_and_product_caps() {
    let own = |product: &str, owed_fen, promised_fen| Claim {
        kind: ClaimKind::Own { product: product.into() },
        owed_fen,
        promised_fen,
    };
    let claims = [
        own("season-bullet", 2_000_000, 500_000),
        own("revolving-consumer-line", 120_000, 0),
        own("season-bullet", 100_000, 0),
        Claim { kind: ClaimKind::Guarantee { weight_ppm: 300_000 }, owed_fen: 1_000_000, promised_fen: 0 },
    ];
    let limits = ExposureLimits {
        household_cap_fen: Some(5_000_000),
        product_caps_fen: [("season-bullet".to_owned(), 3_000_000)].into(),
    };
    let sum = exposure(&claims).unwrap();
    assert_eq!((sum.owed_fen, sum.promised_fen, sum.guaranteed_fen), (2_220_000, 500_000, 1_000_000));
    assert_eq!((sum.weighted_guarantees_fen, sum.total_fen), (300_000, 3_020_000));
    assert_eq!(sum.room_fen(&limits, "season-bullet"), Some(400_000));
    assert_eq!(sum.room_fen(&limits, "revolving-consumer-line"), Some(1_980_000));
    insta::assert_snapshot!(sum.check(&limits, "season-bullet", 400_001).unwrap_err(), @"under season-bullet the household has 26000.00 of at most 30000.00: 4000.00 is left");
    insta::assert_snapshot!(sum.check(&limits, "revolving-consumer-line", 1_980_001).unwrap_err(), @"the household's exposure is 30200.00 of at most 50000.00: 19800.00 is left");
    assert!(sum.check(&limits, "revolving-consumer-line", 1_980_000).is_ok());
    let edge = [own("a", i64::MAX, 0), own("b", 1, 0)];
    assert!(matches!(exposure(&edge), Err(LoanError::Overflow(_))));
    assert_eq!(exposure(&[]).unwrap().room_fen(&ExposureLimits::default(), "a"), None);
}

fn happening(what: u8, amount_fen: i64, day: Date, target: Id) -> FacilityHappening {
    let review_by = day.add_days(100);
    match what {
        0 | 1 => FacilityHappening::Granted { amount_fen, valid_to: day.add_days(200), review_by },
        2 => FacilityHappening::Reviewed { review_by: day.add_days(30) },
        3 => FacilityHappening::Frozen { of: FreezeOf::Part(amount_fen / 2 + 1), reason: "r".into() },
        4 => FacilityHappening::Frozen { of: FreezeOf::Whole, reason: "r".into() },
        5 => FacilityHappening::Thawed,
        6 => FacilityHappening::Raised { amount_fen: amount_fen * 2 },
        7 => FacilityHappening::Lowered { amount_fen },
        8 => FacilityHappening::Reversed { target },
        _ => FacilityHappening::Closed { reason: "r".into() },
    }
}

proptest! {
    /// Order of arrival, undo, and the sum of the parts of a facility.
    #[test]
    fn order_undo_and_position(
        tries in prop::collection::vec((0i32..500, 0u8..10, 1i64..1_000_000, 0usize..8), 1..16),
        as_of in 0i32..800,
        (used_fen, reserved_fen, guaranteed_fen) in (0i64..1_500_000, 0i64..500_000, 0i64..500_000),
        which in any::<prop::sample::Index>(),
    ) {
        let start = date("2026-01-01");
        let mut events: Vec<FacilityEvent> = Vec::new();
        for (number, (day, what, amount_fen, target)) in (1u128..).zip(tries) {
            let target = events.get(target % events.len().max(1)).map_or(Id::from_u128(0), |event| event.id);
            let on = start.add_days(day);
            let event = FacilityEvent::new(number, on, happening(what, amount_fen, on, target));
            prop_assert_eq!(&cbor::from_bytes::<FacilityEvent>(&cbor::to_bytes(&event)).unwrap(), &event);
            if accept(&events, &event).is_ok() {
                events.push(event);
            }
        }
        let as_of = start.add_days(as_of);
        let state = fold(&events, as_of);
        let reversed: Vec<FacilityEvent> = events.iter().rev().cloned().collect();
        prop_assert_eq!(&fold(&reversed, as_of), &state);

        let p = state.position(Usage { used_fen, reserved_fen, guaranteed_fen });
        prop_assert!(p.available_fen >= 0 && p.frozen_fen >= 0);
        let in_force = matches!(state.status, FacilityStatus::Active | FacilityStatus::Frozen);
        let free = if in_force { (state.amount_fen - used_fen - reserved_fen - guaranteed_fen).max(0) } else { 0 };
        prop_assert_eq!(p.available_fen + p.frozen_fen, free);
        let may = |asked| state.may_draw(Usage { used_fen, reserved_fen, guaranteed_fen }, asked, None).is_ok();
        prop_assert!(!may(p.available_fen + 1));
        prop_assert!(p.available_fen == 0 || may(p.available_fen));

        if let Some(next) = state.next_date {
            prop_assert!(next > as_of);
        }
        if !events.is_empty() {
            let target = events[which.index(events.len())].clone();
            let last = events.iter().map(|event| event.value_date).max().unwrap();
            let undo = FacilityEvent::new(99, last, FacilityHappening::Reversed { target: target.id });
            if accept(&events, &undo).is_ok() {
                let without: Vec<FacilityEvent> = events.iter().filter(|e| e.id != target.id).cloned().collect();
                events.push(undo);
                prop_assert_eq!(fold(&events, as_of), fold(&without, as_of));
            }
        }
    }
}
