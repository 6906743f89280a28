//! One household's half year as a table, and what its features come to.

#![allow(clippy::unwrap_used)]

use basics::{Date, Id};
use insight::{Channel, Event, EventKind, Profile, Purchase, Request, features, features_for, features_in_shadow};

/// Date, kind, amount in yuan (in or out), balance after, payer.
type Line = (&'static str, EventKind, i64, i64, Option<u64>);

const HALF_YEAR: &[Line] = &[
    ("2026-01-05", EventKind::Pension, 1_000, 3_000, Some(1)),
    ("2026-02-05", EventKind::Pension, 1_000, 4_000, Some(1)),
    ("2026-02-20", EventKind::HouseholdBill, -200, 3_800, None),
    ("2026-03-01", EventKind::Purchase(Purchase::FarmInput), -4_000, -200, None),
    ("2026-03-05", EventKind::Pension, 1_000, 800, Some(1)),
    ("2026-03-06", EventKind::PenaltyInterest, -1, 799, None),
    ("2026-04-05", EventKind::Pension, 1_000, 1_799, Some(1)),
    ("2026-05-05", EventKind::Pension, 1_000, 2_799, Some(1)),
    ("2026-06-20", EventKind::HarvestSale, 6_000, 8_799, Some(2)),
    ("2026-07-03", EventKind::CashWithdrawal, -799, 8_000, None),
];

fn event(id: Id, date: Date, kind: EventKind, yuan: i64) -> Event {
    Event {
        household: Id::from_u128(1),
        id,
        date,
        kind,
        amount_minor: yuan * 100,
        balance_after_minor: None,
        counterparty: None,
        channel: Channel::OwnBusiness,
        consent: None,
        measure: None,
        source: None,
        known: None,
    }
}

fn on() -> Date {
    Date::ymd(2026, 7, 4).unwrap()
}

fn profile(shift_days: i32) -> Profile {
    let mut profile = Profile::default();
    for (number, (date, kind, yuan, balance, payer)) in HALF_YEAR.iter().enumerate() {
        let date = Date::parse(date).unwrap().add_days(shift_days);
        let moved = event(Id::from_u128(number as u128), date, *kind, *yuan);
        profile.fold(&Event { balance_after_minor: Some(balance * 100), counterparty: *payer, ..moved }).unwrap();
    }
    profile
}

#[test]
fn features_are_what_the_table_says() {
    // The six months of the window are February to July: the first line lies before them.
    let request = Request { amount_minor: 1_200_000, instalment_minor: 100_000, term_months: 12 };
    let vector = features_for(&profile(0), &request, on());
    let millionths = 1_000_000;
    for (name, value) in [
        ("balance_last", 8_000 * millionths),
        ("balance_min", -200 * millionths),
        ("balance_min_30", 8_000 * millionths),
        ("balance_min_90", 2_799 * millionths),
        ("inflow_monthly", 1_960_780_000), // 10,000 over 153 days, floored to the fen
        ("outflow_to_inflow", 500_000),    // 5,000 of 10,000
        ("penalty_interest", millionths),
        ("days_negative", 6_535), // 1 of 153
        ("inflow_sources", 2 * millionths),
        ("inflow_largest", 600_000),
        ("largest_payer", 600_000),
        ("cash_out_share", 159_800),
        ("regular_income_share", 400_000),
        ("regular_income_months", 800_000), // four pensions in the five whole months from February to June
        ("harvest_share", 600_000),
        ("farm_input_share", 800_000),
        ("bills_paid", 200_000),
        ("goods_variety", millionths),
        ("spending_lately", 814_981),      // 799 of a week against 980.39 of a month
        ("buffer_days", 244_800_538),      // 8,000 at 980.39 a month
        ("instalment_to_inflow", 510_001), // 1,000 over 1,960.78
        ("floor_to_instalment", -200_000),
        ("asked_term", 12 * millionths),
    ] {
        assert_eq!(vector.get(name), Some(value), "{name}");
    }
    for name in ["income_peak", "dues_late", "land_area", "tenure", "visit_finding", "no_such_feature"] {
        assert_eq!(vector.get(name), None, "{name}: nobody can tell");
    }
}

/// Twelve months of a household that sells in June and October, told by months: inflow, outflow.
const YEAR: [(i64, i64); 12] = [
    (200, 300),
    (200, 300),
    (200, 2_000),
    (200, 300),
    (200, 300),
    (6_000, 300),
    (200, 300),
    (200, 300),
    (200, 300),
    (9_000, 300),
    (200, 300),
    (200, 300),
];

#[test]
fn a_year_tells_the_season() {
    let mut profile = Profile::default();
    let start = Date::ymd(2025, 8, 1).unwrap();
    for month in 0..13_i32 {
        let date = start.add_months(month).unwrap();
        let (inflow, outflow) = YEAR[(date.month() - 1) as usize];
        let id = |n: i32| Id::from_u128((month * 2 + n) as u128);
        let sold = event(id(0), date, EventKind::HarvestSale, inflow);
        let bought = event(id(1), date, EventKind::Purchase(Purchase::FarmInput), -outflow);
        profile.fold(&sold).unwrap();
        profile.fold(&bought).unwrap();
    }
    // The last event is of 1 August 2026: twelve whole months lie before it.
    let vector = features(&profile, Date::ymd(2026, 8, 2).unwrap());
    assert_eq!(vector.get("income_peak"), Some(529_411)); // 9,000 of 17,000
    assert_eq!(vector.get("income_dry_months"), Some(833_333)); // ten of twelve, below 354
    assert_eq!(vector.get("income_ahead"), Some(552_941)); // August to October: 9,400 of 17,000
}

#[test]
fn what_an_authority_told_is_missing_once_it_is_stale() {
    let mut profile = Profile::default();
    let day = |text: &str| Date::parse(text).unwrap();
    for (number, (on, kind, measure, channel)) in [
        ("2026-03-01", EventKind::LandCertified, 12_500, Channel::Authority),
        ("2026-03-20", EventKind::LandCertified, 90_000, Channel::ToldByHousehold),
        ("2026-04-10", EventKind::CropSown, 10_000, Channel::Authority),
        ("2026-05-01", EventKind::HarvestExpected, 4_000, Channel::Authority),
        ("2026-06-12", EventKind::HarvestWeighed, 1_800, Channel::OwnBusiness),
        ("2026-06-20", EventKind::HarvestWeighed, 1_600, Channel::OwnBusiness),
        ("2026-06-01", EventKind::Weather, -300_000, Channel::Authority),
    ]
    .into_iter()
    .enumerate()
    {
        let told = Event { measure: Some(measure), channel, ..event(Id::from_u128(number as u128), day(on), kind, 0) };
        profile.fold(&told).unwrap();
    }
    // Day by day: land in mu, share of it sown, harvest weighed of what was expected, weather.
    let seen = |on: &str| {
        let vector = features(&profile, day(on));
        ["land_area", "sown_share", "harvest_met", "weather"].map(|name| vector.get(name))
    };
    assert_eq!(seen("2026-07-01"), [Some(12_500_000), Some(800_000), Some(850_000), Some(-300_000)]);
    assert_eq!(seen("2026-08-01"), [Some(12_500_000), Some(800_000), Some(850_000), None]);
    assert_eq!(seen("2026-12-06"), [Some(12_500_000), Some(800_000), Some(850_000), None]);
    assert_eq!(seen("2026-12-07"), [Some(12_500_000), None, Some(850_000), None]);
    assert_eq!(seen("2027-03-01"), [Some(12_500_000), None, None, None]);
    assert_eq!(seen("2029-03-01"), [None; 4]);
    // What the household says of its own land is not what the register says.
    assert_eq!(seen("2026-02-28")[0], None, "nothing of a later day is seen");
}

#[test]
fn ties_are_looked_at_in_shadow_alone() {
    let mut profile = profile(0);
    let back = Event { counterparty: Some(2), ..event(Id::from_u128(70), on(), EventKind::TransferOut, -5) };
    profile.fold(&back).unwrap();
    assert_eq!(features_in_shadow(&profile, on()).get("mutual_parties"), Some(500_000), "one of two");
    assert_eq!(features(&profile, on()).get("mutual_parties"), None);
    assert!(insight::for_credit().all(|feature| feature.name != "mutual_parties" && feature.name != "referred"));
}

#[test]
fn when_a_household_lived_so_is_no_feature() {
    // The same half year when the calendar was last the same, 28 years before: no feature may tell.
    assert_eq!(features(&profile(0), on()), features(&profile(-10_227), on()));
}

#[test]
fn nothing_known_is_nothing_said() {
    assert_eq!(features(&Profile::default(), on()).iter().count(), 0);
    let asked = features(&profile(0), on());
    assert_eq!(asked.get("instalment_to_inflow"), None);
}
