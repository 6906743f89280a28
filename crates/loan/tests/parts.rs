//! Loans drawn in parts: what a further part does to the plan, who may draw one, and that taking it back leaves no trace.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, DayCount, Frequency, Id, Money, Rate};
use loan::schedule::{Draw, schedule_of};
use loan::{
    Component, DrawRule, Happening, InterestBasis, LifeEvent, LoanState, LoanTerms, Method, Term, accept, fold,
};
use proptest::prelude::*;

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn terms(method: Method, basis: InterestBasis, principal_fen: i64, months: u16, start: &str) -> LoanTerms {
    let (amount, rate) = (Money::new(principal_fen, Currency::CNY), Rate::parse_percent("6").unwrap());
    LoanTerms {
        basis,
        draws: Some(DrawRule { parts_max: 3, within_days: 180 }),
        penalty_rate: Rate::parse_percent("9").unwrap(),
        ..LoanTerms::plain(amount, rate, method, Term::Months(months), date(start))
    }
}

fn drawn(id: u128, on: &str, yuan: i64) -> LifeEvent {
    LifeEvent::new(id, date(on), Happening::Disbursed { amount_fen: yuan * 100 })
}

fn plan(state: &LoanState) -> String {
    state.schedule.as_ref().unwrap().to_string()
}

#[test]
fn a_part_is_laid_into_what_is_still_to_come() {
    let orchard = LoanTerms {
        spacing: Frequency::quarters(1).unwrap(),
        ..terms(Method::EqualPrincipal, InterestBasis::Twelfth, 12_000_000, 12, "2026-03-31")
    };
    let life = [drawn(1, "2026-03-31", 80_000), drawn(2, "2026-05-15", 40_000)];
    let state = fold(&orchard, &life, date("2026-05-15")).unwrap();
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-06-30   20000.00     1503.30       0.00    21503.30   100000.00
      2  2026-09-30   33333.33     1500.00       0.00    34833.33    66666.67
      3  2026-12-31   33333.33     1000.00       0.00    34333.33    33333.34
      4  2027-03-31   33333.34      500.00       0.00    33833.34        0.00
    ");
    let level = terms(Method::EqualInstalments, InterestBasis::Twelfth, 1_200_000, 6, "2026-03-05");
    let life = [drawn(1, "2026-03-05", 6_000), drawn(2, "2026-05-05", 3_000), drawn(3, "2026-05-20", 3_000)];
    let paid = |id, on: &str| LifeEvent::new(id, date(on), Happening::Paid { amount_fen: 101_757 });
    let life: Vec<LifeEvent> = life.into_iter().chain([paid(4, "2026-04-05"), paid(5, "2026-05-05")]).collect();
    let state = fold(&level, &life, date("2026-05-20")).unwrap();
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-04-05     987.57       30.00       0.00     1017.57     5012.43
      2  2026-05-05     992.51       25.06       0.00     1017.57     4019.92
      3  2026-06-05    1734.14       42.84       0.00     1776.98     8285.78
      4  2026-07-05    2748.17       41.43       0.00     2789.60     5537.61
      5  2026-08-05    2761.91       27.69       0.00     2789.60     2775.70
      6  2026-09-05    2775.70       13.88       0.00     2789.58        0.00
    ");
    assert_eq!(state.days_past_due, 0);
    let bullet = terms(Method::Bullet, InterestBasis::Daily, 1_000_000, 6, "2026-03-05");
    let life = [drawn(1, "2026-03-05", 4_000), drawn(2, "2026-06-03", 6_000)];
    // 4,000 for 184 days and 6,000 for 94 at 6 % over 360: 122.67 and 94.00.
    insta::assert_snapshot!(plan(&fold(&bullet, &life, date("2026-06-03")).unwrap()), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-09-05   10000.00      216.67       0.00    10216.67        0.00
    ");
}

#[test]
fn who_draws_no_more() {
    let house = terms(Method::EqualInstalments, InterestBasis::Twelfth, 1_000_000, 12, "2026-03-05");
    let first = [drawn(1, "2026-03-05", 4_000)];
    let with = |more: &[LifeEvent]| first.iter().chain(more).cloned().collect::<Vec<_>>();
    let paid = |id, on: &str, yuan: i64| LifeEvent::new(id, date(on), Happening::Paid { amount_fen: yuan * 100 });
    let one_sum = LoanTerms { draws: None, ..house.clone() };
    let misused =
        LifeEvent::new(8, date("2026-03-20"), Happening::Misused { penalty_rate: Rate::parse_percent("12").unwrap() });
    let written_off = LifeEvent::new(8, date("2026-03-20"), Happening::WrittenOff);
    let cases: [(&str, &LoanTerms, Vec<LifeEvent>, LifeEvent); 10] = [
        ("in one sum", &one_sum, with(&[]), drawn(9, "2026-03-20", 1_000)),
        ("a fourth", &house, with(&[drawn(2, "2026-03-06", 1), drawn(3, "2026-03-07", 1)]), drawn(9, "2026-03-20", 1)),
        ("more than signed", &house, with(&[]), drawn(9, "2026-03-20", 6_001)),
        ("before the first", &house, with(&[]), drawn(9, "2026-03-04", 1_000)),
        ("too late", &house, with(&[paid(2, "2026-03-06", 3_000)]), drawn(9, "2026-09-02", 1_000)),
        ("overdue", &house, with(&[]), drawn(9, "2026-04-06", 1_000)),
        ("paid off", &house, with(&[paid(2, "2026-03-05", 4_000)]), drawn(9, "2026-03-20", 1_000)),
        ("misused", &house, with(&[misused]), drawn(9, "2026-03-21", 1_000)),
        ("written off", &house, with(&[written_off]), drawn(9, "2026-03-21", 1_000)),
        ("as agreed", &house, with(&[]), drawn(9, "2026-03-20", 6_000)),
    ];
    let told = cases.map(|(name, terms, life, new)| match accept(terms, &life, &new) {
        Ok(()) => format!("{name}: taken"),
        Err(error) => format!("{name}: {}", error.to_string().replace("00000000-0000-0000-0000-0000000000", "")),
    });
    insta::assert_snapshot!(told.join("\n"), @r"
    in one sum: event 09 would disburse the loan a second time: draw a new loan instead
    a fourth: event 09 cannot change the contract: it was drawn in 3 parts, and may be in 3: draw a new loan instead
    more than signed: event 09 disburses 10001.00, more than the 10000.00 that was signed
    before the first: event 09 cannot change the contract: an earlier part is dated after it: date it then or later
    too late: event 09 cannot change the contract: further parts could be drawn until 2026-09-01: draw a new loan instead
    overdue: event 09 cannot change the contract: the loan is 1 days past due: have that paid first
    paid off: event 09 is dated after the loan was closed on 2026-03-05: nothing is owed
    misused: event 09 cannot change the contract: it was written off, misused or restructured, or the borrower died: nothing more is drawn
    written off: event 09 cannot change the contract: it was written off, misused or restructured, or the borrower died: nothing more is drawn
    as agreed: taken
    ");
}

prop_compose! {
    fn any_terms()(
        method in prop_oneof![
            Just(Method::EqualInstalments), Just(Method::EqualPrincipal), Just(Method::InterestFirst), Just(Method::Bullet),
        ],
        daily in any::<bool>(),
        principal_fen in 1_000_000..1_000_000_000i64,
        ppm in prop_oneof![Just(0i64), 1_000i64..240_000],
        months in 4u16..=24,
        grace in 0u16..3,
        day_count in prop_oneof![Just(DayCount::Actual360), Just(DayCount::Actual365Fixed), Just(DayCount::ThirtyE360)],
    ) -> LoanTerms {
        let basis = if daily || method == Method::Bullet { InterestBasis::Daily } else { InterestBasis::Twelfth };
        let plain = terms(method, basis, principal_fen, months, "2026-01-31");
        let grace = loan::Grace { principal: if method.is_in_instalments() { grace } else { 0 }, interest: 0 };
        LoanTerms { rate: Rate::from_ppm(ppm).unwrap(), day_count, grace, ..plain }
    }
}

/// A first part, and further ones on days of the first months with payments of what is due between them.
fn life(terms: &LoanTerms, parts: &[(i32, i64)], pays: bool) -> Vec<LifeEvent> {
    let whole = terms.principal.minor();
    let mut life = vec![LifeEvent::new(1, terms.start, Happening::Disbursed { amount_fen: whole / 2 })];
    for (id, (days, thousandths)) in (10u128..).zip(parts) {
        let on = terms.start.add_days(*days);
        if pays {
            for day in (0..=*days).map(|days| terms.start.add_days(days)) {
                let due = fold(terms, &life, day).unwrap().overdue_parts().unwrap().total_fen().unwrap();
                let id = 1_000 + u128::try_from(day.days()).unwrap();
                if due > 0 && life.iter().all(|event| event.id != Id::from_u128(id)) {
                    life.push(LifeEvent::new(id, day, Happening::Paid { amount_fen: due }));
                }
            }
        }
        let amount_fen = (whole / 2_000 * thousandths).max(1);
        let part = LifeEvent::new(id, on, Happening::Disbursed { amount_fen });
        if accept(terms, &life, &part).is_ok() {
            life.push(part);
        }
    }
    life
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing is made or lost; the plan is close to that of the same parts planned from the beginning.
    #[test]
    fn parts_add_up_and_are_paid_back(
        terms in any_terms(),
        parts in proptest::collection::vec((0i32..150, 1i64..500), 0..3),
        pays in any::<bool>(),
    ) {
        let mut parts = parts;
        parts.sort_unstable();
        let life = life(&terms, &parts, pays);
        let draws: Vec<Draw> = life.iter().filter_map(|event| match event.what {
            Happening::Disbursed { amount_fen } => Some(Draw { on: event.value_date, amount_fen }),
            _ => None,
        }).collect();
        let drawn_fen: i64 = draws.iter().map(|draw| draw.amount_fen).sum();
        let last = draws.last().unwrap().on;
        let state = fold(&terms, &life, last).unwrap();
        let schedule = state.schedule.as_ref().unwrap();
        prop_assert_eq!((schedule.principal_fen, state.totals.disbursed_fen), (drawn_fen, drawn_fen));
        prop_assert_eq!(schedule.rows.iter().map(|row| row.principal_fen).sum::<i64>(), drawn_fen);
        prop_assert_eq!(schedule.rows.last().unwrap().balance_after_fen, 0);
        prop_assert!(schedule.rows.iter().all(|row| row.principal_fen >= 0 && row.interest_fen >= 0));
        prop_assert!(schedule.rows.iter().all(|row| row.balance_after_fen >= 0));
        let planned = schedule_of(&terms, &draws).unwrap();
        prop_assert_eq!(planned.rows.len(), schedule.rows.len());
        let bound = 3 * i64::try_from(planned.rows.len()).unwrap();
        for (ours, theirs) in schedule.rows.iter().zip(&planned.rows) {
            prop_assert_eq!(ours.due, theirs.due);
            // By whole periods a part bears its share of the running one; planned from the beginning, days of the day count.
            let alike = !terms.grows_by_days() || (ours.total_fen - theirs.total_fen).abs() <= bound;
            prop_assert!(alike, "{}\n{}", schedule, planned);
        }
        // What has accrued when a row falls due is what it asks for.
        for row in state.instalments.iter().filter(|row| !row.is_due) {
            let eve = fold(&terms, &life, row.due_on.add_days(-1)).unwrap();
            let on = fold(&terms, &life, row.due_on).unwrap();
            let due = on.instalments.iter().find(|other| other.due_on == row.due_on).unwrap();
            if let Some(segment) = eve.segment {
                let whole = loan::Accrued { numerator: eve.accrued.numerator + segment.numerator, ..eve.accrued };
                let weight = if terms.grows_by_days() { i128::from(terms.day_count.weight(row.due_on.add_days(-1), row.due_on)) } else { 1 };
                let grown = loan::Accrued { numerator: eve.accrued.numerator + segment.numerator * weight, ..whole };
                prop_assert_eq!(grown.round_fen(terms.rounding).unwrap(), due.due.get(Component::Interest));
            }
        }
    }

    /// A part that is taken back, or comes to be known late, leaves the loan as if it had never been, or as if known in time.
    #[test]
    fn a_part_taken_back_leaves_no_trace(
        terms in any_terms(),
        parts in proptest::collection::vec((0i32..150, 1i64..500), 1..3),
        pays in any::<bool>(),
        days in 0i32..600,
    ) {
        let mut parts = parts;
        parts.sort_unstable();
        let life = life(&terms, &parts, pays);
        let as_of = terms.start.add_days(days);
        let state = fold(&terms, &life, as_of).unwrap();
        let backwards: Vec<LifeEvent> = life.iter().rev().cloned().collect();
        prop_assert_eq!(&fold(&terms, &backwards, as_of).unwrap(), &state);
        let last = life.iter().rev().find(|event| matches!(event.what, Happening::Disbursed { .. })).unwrap();
        let now = life.iter().map(|event| event.value_date).max().unwrap();
        let undo = LifeEvent::new(5_000, now, Happening::Reversed { target: last.id });
        if last.id != Id::from_u128(1) && accept(&terms, &life, &undo).is_ok() {
            let without: Vec<LifeEvent> = life.iter().filter(|event| event.id != last.id).cloned().collect();
            let with: Vec<LifeEvent> = life.iter().chain([&undo]).cloned().collect();
            prop_assert_eq!(fold(&terms, &with, as_of).unwrap(), fold(&terms, &without, as_of).unwrap());
        }
    }
}
