//! The county against figures of real ones, and against those who would learn from it by a shortcut.

use basics::Date;

use super::*;
use crate::county::County;
use crate::world::{Truth, World};

fn first() -> Date {
    Date::ymd(2024, 1, 1).unwrap()
}

/// A county of so many households lived for so many days with the plain lender.
fn lived(seed: u64, households: u32, days: i32) -> (World, Record) {
    let county = County::shipped().unwrap();
    let mut world = World::new(&county, seed, households, first());
    let mut lender = Lender::new(households as usize);
    lender.run(&mut world, first(), days);
    (world, lender.record)
}

#[test]
fn a_county_lives_moves_money_borrows_and_mostly_pays() {
    let (_, record) = lived(1, 600, 500);
    let mut movements: Vec<i64> = record.traces.iter().map(|t| t.movements * 365 / 500).collect();
    movements.sort_unstable();
    assert!(movements[300] >= 120, "{}", movements[300]);
    let bad = record.loans.iter().filter(|loan| loan.is_bad()).count();
    assert!(record.loans.len() > 100 && bad > 0 && bad * 10 < record.loans.len(), "{bad} of {}", record.loans.len());
    assert!(record.truth.iter().any(|row| matches!(row.truth, Truth::CouldNot { .. })));
}

/// Two counties of other seeds than the one that points were learnt of: the chance ranks far better than one rate for everybody, and it is true.
#[test]
fn a_chance_weeks_ahead_beats_the_base_rate_and_comes_true() {
    use watch::early::{Model, as_it_came, judge};
    let county = County::shipped().unwrap();
    let model = Model::usual().unwrap();
    let mut all = Vec::new();
    for seed in [31, 32] {
        let mut world = World::new(&county, seed, 500, first());
        let mut lender = Lender::new(500).looking_ahead(&world, model.missed_after_days);
        lender.run(&mut world, first(), 900);
        let rows = lender.instalments(first().add_days(900));
        all.extend(as_it_came(&model, &rows).0);
    }
    let figures = judge(&all);
    let said = format!("{figures:#?}");
    assert!(figures.forecasts > 2_000 && figures.missed > 60, "{said}");
    assert!(figures.auc_low.unwrap() > 0.65, "{said}");
    let base = figures.base_rate.unwrap();
    assert!(figures.precision_top_5pct.unwrap() > 3.0 * base, "{said}");
    assert!(figures.brier.unwrap() < figures.brier_of_base_rate.unwrap(), "{said}");
    assert!(figures.calibration_error.unwrap() < 0.5 * base, "{said}");
    assert!(figures.by_lead.iter().all(|lead| lead.auc.unwrap() > 0.6), "{said}");
}

#[test]
fn the_same_seed_gives_the_same_deeds_and_another_one_others() {
    let county = County::shipped().unwrap();
    let deeds = |seed: u64| {
        let mut world = World::new(&county, seed, 300, first());
        let mut lender = Lender::new(300);
        let mut all = Vec::new();
        for day in 0..200 {
            lender.day(&mut world, first().add_days(day));
        }
        all.extend(world.morning(first().add_days(200), &[]));
        (all, lender.record.deeds)
    };
    assert_eq!(deeds(3), deeds(3));
    assert_ne!(deeds(3), deeds(4));
}
