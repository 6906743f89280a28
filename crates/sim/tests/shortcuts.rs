//! What must not be learnt from a county: that a number, a place in a list or a date tells who will not pay.

use basics::Date;
use sim::moments::{BLIND, COLUMNS, Lender, Record, auc};
use sim::world::{Trouble, Truth};
use sim::{County, World};

const DAYS: i32 = 900;

fn first() -> Date {
    Date::ymd(2024, 1, 1).unwrap_or_default()
}

fn lived(seed: u64, households: u32) -> Record {
    let Ok(county) = County::shipped() else { return Lender::new(0).record };
    let mut world = World::new(&county, seed, households, first());
    let mut lender = Lender::new(households as usize);
    lender.run(&mut world, first(), DAYS);
    lender.record
}

#[test]
fn no_column_alone_tells_who_will_not_pay() {
    let records: Vec<Record> = (31..36).map(|seed| lived(seed, 1_500)).collect();
    let seasoned = || records.iter().flat_map(|r| &r.loans).filter(|loan| first().add_days(DAYS) - loan.drawn > 300);
    let bad = seasoned().filter(|loan| loan.is_bad()).count();
    assert!(bad >= 100, "only {bad} bad loans: nothing could be told");
    // Sampling alone gives a deviation of about 0.29 over the root of the bad ones; loans of one household go together.
    let noise = 3.0 * 0.35 / (bad as f64).sqrt();
    for (at, name) in COLUMNS.into_iter().enumerate() {
        let told = auc(&seasoned().map(|loan| (loan.columns[at], loan.is_bad())).collect::<Vec<_>>());
        let off = (told - 0.5).abs();
        eprintln!("{name:<18} {told:.3}");
        if at < BLIND {
            assert!(off <= 0.02 + noise, "{name} tells {told} of {bad} bad loans");
        } else {
            assert!(off <= 0.25 + noise / 3.0, "{name} alone tells {told}");
        }
    }
    // And something can be learnt at all.
    let inflow = COLUMNS.iter().position(|name| *name == "amount_to_inflow").unwrap();
    let told = auc(&seasoned().map(|loan| (loan.columns[inflow], loan.is_bad())).collect::<Vec<_>>());
    assert!(told > 0.53, "the burden of a loan tells {told}");
}

#[test]
fn lending_shifts_nobodys_luck() {
    // With a lender and without one: the same people fall ill in the same months.
    let county = County::shipped().unwrap();
    let ill = |rows: &[sim::world::TruthRow]| -> std::collections::BTreeSet<(i16, i8, u32)> {
        let is_ill = |t: &Truth| matches!(t, Truth::Befell { trouble: Trouble::Illness, .. });
        rows.iter()
            .filter(|row| is_ill(&row.truth))
            .map(|row| (row.date.year(), row.date.month(), row.household.0))
            .collect()
    };
    let mut alone = World::new(&county, 8, 400, first());
    let mut without = Vec::new();
    for day in 0..400 {
        alone.morning(first().add_days(day), &[]);
        alone.evening(first().add_days(day));
        without.append(&mut alone.truth());
    }
    let mut world = World::new(&county, 8, 400, first());
    let mut lender = Lender::new(400);
    lender.run(&mut world, first(), 400);
    assert!(!lender.record.loans.is_empty());
    assert_eq!(ill(&lender.record.truth), ill(&without));
}
