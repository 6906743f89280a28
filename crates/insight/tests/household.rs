//! One household's half year as a table, and what its features come to.

#![allow(clippy::unwrap_used)]

use basics::{Date, Id};
use insight::{Channel, Event, EventKind, Profile, Purchase, Request, features, features_for};

/// Date, kind, amount in yuan (in or out), balance after, payer.
type Line = (&'static str, EventKind, i64, i64, Option<u64>);

const HALF_YEAR: &[Line] = &[
    ("2026-01-05", EventKind::Pension, 1_000, 3_000, Some(1)),
    ("2026-01-20", EventKind::HouseholdBill, -200, 2_800, None),
    ("2026-02-05", EventKind::Pension, 1_000, 3_800, Some(1)),
    ("2026-03-01", EventKind::Purchase(Purchase::FarmInput), -4_000, -200, None),
    ("2026-03-05", EventKind::Pension, 1_000, 800, Some(1)),
    ("2026-03-06", EventKind::PenaltyInterest, -1, 799, None),
    ("2026-04-05", EventKind::Pension, 1_000, 1_799, Some(1)),
    ("2026-05-05", EventKind::Pension, 1_000, 2_799, Some(1)),
    ("2026-06-20", EventKind::HarvestSale, 6_000, 8_799, Some(2)),
    ("2026-07-03", EventKind::CashWithdrawal, -799, 8_000, None),
];

fn profile(shift_days: i32) -> Profile {
    let mut profile = Profile::default();
    for (number, (date, kind, yuan, balance, payer)) in HALF_YEAR.iter().enumerate() {
        let event = Event {
            household: Id::from_u128(1),
            id: Id::from_u128(number as u128),
            date: Date::parse(date).unwrap().add_days(shift_days),
            kind: *kind,
            amount_minor: yuan * 100,
            balance_after_minor: Some(balance * 100),
            counterparty: *payer,
            channel: Channel::OwnBusiness,
            consent: None,
        };
        profile.fold(&event).unwrap();
    }
    profile
}

#[test]
fn features_are_what_the_table_says() {
    // The 180 days end on 07-03 and begin on 01-05: all of the lines above.
    let request = Request { amount_minor: 1_200_000, instalment_minor: 100_000, term_months: 12 };
    let vector = features_for(&profile(0), &request);
    let millionths = 1_000_000;
    for (name, value) in [
        ("balance_last", 8_000 * millionths),
        ("balance_min", -200 * millionths),
        ("balance_min_30", 2_799 * millionths),
        ("inflow_monthly", 1_833_330_000), // 11,000 over six times thirty days, floored to the fen
        ("outflow_to_inflow", 454_545),    // 5,000 of 11,000
        ("penalty_interest", millionths),
        ("days_negative", 22_222), // 4 of 180
        ("inflow_sources", 2 * millionths),
        ("inflow_largest", 545_454),
        ("cash_out_share", 159_800),
        ("regular_income_share", 454_545),
        ("regular_income_months", 666_666), // two pensions fall into one bucket, the newest has none
        ("harvest_share", 545_454),
        ("farm_input_share", 800_000),
        ("bills_paid", 166_666),
        ("instalment_to_inflow", 545_455), // 1,000 over 1,833.33
        ("floor_to_instalment", -200_000),
        ("asked_term", 12 * millionths),
    ] {
        assert_eq!(vector.get(name), Some(value), "{name}");
    }
    assert_eq!(vector.iter().count(), insight::TABLE.len());
    assert_eq!(vector.get("no_such_feature"), None);
}

#[test]
fn when_a_household_lived_so_is_no_feature() {
    // The same half year, two years earlier: no feature may tell.
    assert_eq!(features(&profile(0)), features(&profile(-731)));
}

#[test]
fn nothing_known_is_nothing_said() {
    assert_eq!(features(&Profile::default()).iter().count(), 0);
    let asked = features(&profile(0));
    assert_eq!(asked.get("instalment_to_inflow"), None);
}
