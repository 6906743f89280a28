//! What holds for every progressive plan, whatever happens to it.

use basics::{Date, DayCount, Rate, Rounding};
use proptest::prelude::*;

use super::super::*;

fn day(n: i32) -> Date {
    Date::ymd(2023, 11, 30).unwrap().add_days(n)
}

fn conventions() -> impl Strategy<Value = Convention> {
    let nominal = (
        prop_oneof![Just(MonthLength::Actual), Just(MonthLength::D30)],
        prop_oneof![Just(YearLength::Actual), Just(YearLength::D360), Just(YearLength::D364), Just(YearLength::D365)],
    )
        .prop_map(|(month, year)| Weight::Nominal { month, year });
    let weight =
        prop_oneof![nominal, Just(Weight::Days(DayCount::Actual360)), Just(Weight::Days(DayCount::ThirtyE360))];
    let arithmetic = prop_oneof![
        Just((Arithmetic::Exact, InterestRounding::Period)),
        Just((Arithmetic::Exact, InterestRounding::Segment)),
        Just((Arithmetic::Digits12, InterestRounding::Segment)),
    ];
    let unit = prop_oneof![Just(Unit::Days), Just(Unit::Weeks), Just(Unit::Months)];
    let multiple = prop_oneof![Just(1i64), Just(100), Just(500)];
    (1u16..4, unit, weight, arithmetic, multiple, any::<bool>()).prop_map(
        |(every, unit, weight, (arithmetic, interest_rounding), multiple_fen, smooth)| Convention {
            spacing: Spacing { every, unit },
            weight,
            arithmetic,
            interest_rounding,
            rounding: Rounding::HalfEven,
            multiple_fen,
            smoothing: if smooth { Smoothing::Once } else { Smoothing::None },
        },
    )
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Disburse(i64),
    /// Pays what is payable of the instalment running, or of the next.
    Settle,
    /// Pays so many hundredths of what is payable.
    PayPart(i64),
    Rate(i64),
}

fn steps() -> impl Strategy<Value = Vec<(i32, Step)>> {
    let step = prop_oneof![
        (1i64..10_000_000).prop_map(Step::Disburse),
        Just(Step::Settle),
        (1i64..100).prop_map(Step::PayPart),
        (0i64..400_000).prop_map(Step::Rate),
    ];
    prop::collection::vec((0i32..12, step), 0..12)
}

fn pay(plan: &mut Progressive, date: Date, hundredths: i64) {
    let Some(index) = plan.rows().iter().position(|row| !row.is_settled()) else { return };
    let payable = plan.payable(index, date).unwrap();
    let row = plan.rows()[index];
    let interest = (payable.interest_fen - row.paid_interest_fen).max(0) * hundredths / 100;
    let principal = (payable.principal_fen - row.paid_principal_fen).max(0) * hundredths / 100;
    if principal > 0 {
        plan.pay_principal(index, date, principal.min(plan.outstanding_fen())).unwrap();
    }
    if interest > 0 {
        plan.pay_interest(index, interest).unwrap();
    }
}

proptest! {
    #[test]
    fn no_fen_is_lost(convention in conventions(), count in 1u16..14, ppm in 0i64..400_000,
                      first in 1i64..100_000_000, steps in steps()) {
        let periods = convention.spacing.periods(day(0), count).unwrap();
        let last = periods.last().unwrap().due;
        let mut plan = Progressive::new(convention, Rate::from_ppm(ppm).unwrap(), &periods).unwrap();
        plan.disburse(day(0), first).unwrap();
        let mut date = day(0);
        for (later, step) in steps {
            date = date.add_days(later).min(last);
            match step {
                Step::Disburse(amount) if date < last => plan.disburse(date, amount).unwrap(),
                Step::Disburse(_) => {}
                Step::Settle => pay(&mut plan, date, 100),
                Step::PayPart(hundredths) => pay(&mut plan, date, hundredths),
                Step::Rate(ppm) => plan.change_rate(date, Rate::from_ppm(ppm).unwrap()).unwrap(),
            }
            let principal: i64 = plan.rows().iter().map(|row| row.principal_fen).sum();
            prop_assert_eq!(principal, plan.disbursed_fen());
            for row in plan.rows() {
                prop_assert!(row.principal_fen >= row.paid_principal_fen && row.interest_fen >= row.paid_interest_fen);
                prop_assert!(row.balance_after_fen >= 0);
            }
            prop_assert_eq!(plan.rows().last().unwrap().balance_after_fen, 0);
        }
    }

    /// A refused call changes nothing.
    #[test]
    fn refusals_change_nothing(convention in conventions(), count in 1u16..14, ppm in 0i64..400_000) {
        let periods = convention.spacing.periods(day(0), count).unwrap();
        let mut plan = Progressive::new(convention, Rate::from_ppm(ppm).unwrap(), &periods).unwrap();
        plan.disburse(day(0), 1_000_000).unwrap();
        let before = plan.clone();
        let after = periods.last().unwrap().due.add_days(1);
        prop_assert!(plan.disburse(after, 100).is_err());
        prop_assert!(plan.disburse(day(0), 0).is_err());
        prop_assert!(plan.disburse(day(0), i64::MAX).is_err());
        prop_assert!(plan.change_rate(day(-1), Rate::ZERO).is_err());
        prop_assert!(plan.pay_principal(usize::from(count), day(0), 1).is_err());
        prop_assert!(plan.balance_correction(day(1), i64::MAX).is_err());
        prop_assert_eq!(plan, before);
    }

    /// Twelve digits and exact fractions differ by rounding only.
    #[test]
    fn arithmetics_agree(count in 2u16..36, ppm in 1i64..300_000, principal in 100_000i64..100_000_000) {
        let rows = |arithmetic| {
            let convention = Convention {
                spacing: Spacing::MONTHLY,
                weight: Weight::Nominal { month: MonthLength::D30, year: YearLength::D360 },
                arithmetic,
                interest_rounding: InterestRounding::Segment,
                rounding: Rounding::HalfEven,
                multiple_fen: 1,
                smoothing: Smoothing::None,
            };
            let periods = Spacing::MONTHLY.periods(day(0), count).unwrap();
            let mut plan = Progressive::new(convention, Rate::from_ppm(ppm).unwrap(), &periods).unwrap();
            plan.disburse(day(0), principal).unwrap();
            plan.rows().to_vec()
        };
        for (a, b) in rows(Arithmetic::Exact).iter().zip(rows(Arithmetic::Digits12)) {
            prop_assert!((a.principal_fen - b.principal_fen).abs() <= 2 * i64::from(count) + 2, "{a:?} {b:?}");
        }
    }
}

#[test]
fn periods_must_follow_each_other() {
    let convention = Convention {
        spacing: Spacing::MONTHLY,
        weight: Weight::Days(DayCount::Actual360),
        arithmetic: Arithmetic::Exact,
        interest_rounding: InterestRounding::Period,
        rounding: Rounding::HalfUp,
        multiple_fen: 1,
        smoothing: Smoothing::None,
    };
    let rate = Rate::parse_percent("6").unwrap();
    assert!(Progressive::new(convention, rate, &[]).is_err());
    let gap = [Period { from: day(0), due: day(10) }, Period { from: day(11), due: day(20) }];
    assert!(Progressive::new(convention, rate, &gap).is_err());
    let whole = [Period { from: day(0), due: day(10) }];
    assert!(Progressive::new(Convention { multiple_fen: 0, ..convention }, rate, &whole).is_err());
    assert!(Progressive::new(Convention { arithmetic: Arithmetic::Digits12, ..convention }, rate, &whole).is_err());
    assert!(Spacing { every: 0, unit: Unit::Days }.periods(day(0), 1).is_err());
}

/// A prepayment in the middle of a period: interest by days on what was really outstanding, rounded once.
#[test]
fn a_prepayment_counts_from_its_day() {
    let convention = Convention {
        spacing: Spacing::MONTHLY,
        weight: Weight::Days(DayCount::Actual360),
        arithmetic: Arithmetic::Exact,
        interest_rounding: InterestRounding::Period,
        rounding: Rounding::HalfUp,
        multiple_fen: 1,
        smoothing: Smoothing::None,
    };
    let start = Date::ymd(2026, 3, 1).unwrap();
    let periods = Spacing::MONTHLY.periods(start, 4).unwrap();
    let mut plan = Progressive::new(convention, Rate::parse_percent("12").unwrap(), &periods).unwrap();
    plan.disburse(start, 1_200_000).unwrap();
    plan.pay_principal(0, Date::ymd(2026, 3, 16).unwrap(), 600_000).unwrap();
    // 12,000 for 15 days and 6,000 for 16 at 12 % in 360: 60.00 + 32.00.
    let first = plan.segments(0).iter().map(|s| s.interest_fen).sum::<i64>();
    assert_eq!(first, 9_200);
}

/// 3,000 at 12 % over six months, the first two without principal: 30.00 of interest each, then four level instalments.
#[test]
fn the_first_instalments_may_carry_no_principal() {
    let start = Date::ymd(2024, 1, 1).unwrap();
    let convention = Convention {
        spacing: Spacing::MONTHLY,
        weight: Weight::Nominal { month: MonthLength::D30, year: YearLength::D360 },
        arithmetic: Arithmetic::Exact,
        interest_rounding: InterestRounding::Segment,
        rounding: Rounding::HalfUp,
        multiple_fen: 1,
        smoothing: Smoothing::None,
    };
    let periods = Spacing::MONTHLY.periods(start, 6).unwrap();
    let made = || Progressive::new(convention, Rate::parse_percent("12").unwrap(), &periods).unwrap();
    let mut plan = made().without_principal(2).unwrap();
    plan.disburse(start, 300_000).unwrap();
    let table = |plan: &Progressive| {
        let rows = plan.rows().iter();
        rows.map(|row| (row.principal_fen, row.interest_fen, row.balance_after_fen)).collect::<Vec<_>>()
    };
    let level = [(73_884, 3_000, 226_116), (74_623, 2_261, 151_493), (75_369, 1_515, 76_124), (76_124, 761, 0)];
    let free = [(0, 3_000, 300_000), (0, 3_000, 300_000)];
    assert_eq!(table(&plan), [&free[..], &level[..]].concat());
    // Paid on its day, the first asks for nothing of the principal; a tranche within the time is levelled with the rest.
    let first = plan.payable(0, periods[0].due).unwrap();
    assert_eq!((first.principal_fen, first.interest_fen), (0, 3_000));
    plan.pay_interest(0, 3_000).unwrap();
    plan.disburse(periods[1].from.add_days(10), 60_000).unwrap();
    let rows = table(&plan);
    assert_eq!(rows[1].0, 0);
    assert_eq!(rows.iter().map(|(principal, ..)| principal).sum::<i64>(), 360_000);
    assert!(rows[2].0 + rows[2].1 - (rows[3].0 + rows[3].1) == 0, "{rows:?}");
    assert!(made().without_principal(6).is_err());
}
