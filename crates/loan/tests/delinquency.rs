//! Ranges of days, told as tables: what pauses stop, which range a loan was in, what stands in each.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Money, Rate, Rounding};
use loan::daily::{Notice, NoticeRule, OverdueCharge, notices, overdue_charges};
use loan::delinquency::{DelinquencyRange, DelinquencyRule, Pauses, RangeHistory, overdue_fen, overdue_since};
use loan::{
    ChargeAmount, ChargeBase, ChargeDue, ChargeKind, Happening, LifeEvent, LoanState, LoanTerms, Method, Term, fold,
};
use proptest::prelude::*;

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// 3,000.00 without interest in three months, of which `paid_fen` came on 10 March.
fn state(paid_fen: i64, as_of: Date) -> LoanState {
    let start = day("2026-01-31");
    let principal = Money::new(300_000, Currency::CNY);
    let terms = LoanTerms::plain(principal, Rate::ZERO, Method::EqualPrincipal, Term::Months(3), start);
    let mut life = vec![LifeEvent::new(1, start, Happening::Disbursed { amount_fen: 300_000 })];
    if paid_fen > 0 {
        life.push(LifeEvent::new(2, day("2026-03-10"), Happening::Paid { amount_fen: paid_fen }));
    }
    fold(&terms, &life, as_of).unwrap()
}

fn rule() -> DelinquencyRule {
    let range = |code: &str, from_days, to_days| DelinquencyRange { code: code.to_owned(), from_days, to_days };
    DelinquencyRule { ranges: vec![range("early", 1, Some(30)), range("late", 31, None)], grace_days: 3 }
}

#[test]
fn a_loan_goes_through_the_ranges() {
    let rule = rule();
    let (pauses, mut history) = (Pauses::default(), RangeHistory::default());
    let mut told = Vec::new();
    for text in ["2026-02-28", "2026-03-03", "2026-03-04", "2026-03-10", "2026-04-02", "2026-05-02"] {
        let today = day(text);
        let state = state(0, today);
        let range = rule.range(&state, &pauses, today).map(|range| range.code.clone());
        history.give(range.as_deref(), today);
        let by_range: Vec<String> =
            rule.by_range(&state, &pauses, today).iter().map(|(range, fen)| format!("{} {fen}", range.code)).collect();
        told.push(format!("{today} {} [{}]", history.current().unwrap_or("-"), by_range.join(", ")));
    }
    insta::assert_debug_snapshot!(told, @r#"
    [
        "2026-02-28 - []",
        "2026-03-03 - [early 100000]",
        "2026-03-04 early [early 100000]",
        "2026-03-10 early [early 100000]",
        "2026-04-02 early [early 100000, late 100000]",
        "2026-05-02 late [early 100000, late 200000]",
    ]
    "#);
    let spells: Vec<(&str, String)> =
        history.spells().iter().map(|spell| (spell.range.as_str(), spell.from.to_string())).collect();
    assert_eq!(spells, [("early", "2026-03-04".to_owned()), ("late", "2026-05-02".to_owned())]);
    assert_eq!(history.spells().iter().find_map(|spell| spell.lifted), Some(day("2026-05-02")));
    assert!(history.give(None, day("2026-05-03")) && history.current().is_none());
}

#[test]
fn what_is_paid_is_overdue_since_the_next_due_date() {
    let today = day("2026-04-05");
    let told = |paid_fen| {
        let state = state(paid_fen, today);
        (overdue_since(&state, today).map(|date| date.to_string()), overdue_fen(&state, today))
    };
    assert_eq!(told(0), (Some("2026-02-28".to_owned()), 200_000));
    assert_eq!(told(100_000), (Some("2026-03-31".to_owned()), 100_000));
    assert_eq!(told(200_000), (None, 0));
}

#[test]
fn a_pause_is_refused_where_it_makes_no_sense() {
    let mut pauses = Pauses::default();
    pauses.pause(day("2026-03-10"), day("2026-03-20")).unwrap();
    let before = pauses.clone();
    for wrong in [
        pauses.pause(day("2026-03-30"), day("2026-03-29")),
        pauses.pause(day("2026-03-20"), day("2026-03-25")),
        pauses.resume(day("2026-03-20")),
    ] {
        assert!(wrong.is_err());
    }
    assert_eq!(pauses, before);
}

#[test]
fn every_pause_takes_its_days_wherever_the_arrears_began() {
    let mut pauses = Pauses::default();
    pauses.pause(day("2026-01-01"), day("2026-01-20")).unwrap();
    pauses.pause(day("2026-01-30"), day("2026-02-05")).unwrap();
    pauses.pause(day("2026-03-20"), day("2026-03-30")).unwrap();
    let told: Vec<i32> = [("2026-01-10", "2026-01-25"), ("2026-02-01", "2026-03-01"), ("2026-02-10", "2026-03-25")]
        .map(|(since, today)| pauses.delinquent_days(day(since), day(today)))
        .into();
    assert_eq!(told, [0, 3, 13]);
}

#[test]
fn a_charge_on_what_stays_unpaid_comes_once_for_each_instalment() {
    let rule = OverdueCharge {
        code: "late".to_owned(),
        kind: ChargeKind::Penalty,
        amount: ChargeAmount::Share(15_000, ChargeBase::Principal),
        wait_days: 2,
    };
    let told = |paid_fen, today: Date| -> Vec<String> {
        let charges = overdue_charges(&state(paid_fen, today), &rule, today, Rounding::HalfUp).unwrap();
        charges
            .iter()
            .map(|charge| match (charge.due, charge.amount) {
                (ChargeDue::On(due_on), ChargeAmount::Flat(fen)) => format!("{due_on} {fen}"),
                other => format!("{other:?}"),
            })
            .collect()
    };
    assert!(told(0, day("2026-03-02")).is_empty(), "two days have not passed");
    assert_eq!(told(0, day("2026-03-03")), ["2026-02-28 1500"]);
    assert_eq!(told(40_000, day("2026-04-05")), ["2026-02-28 900", "2026-03-31 1500"], "of what is unpaid");
}

#[test]
fn a_borrower_is_told_before_and_after_a_due_date() {
    let rule = NoticeRule { before_days: 3, after_days: 5 };
    let on = |text: &str| notices(&state(100_000, day(text)), rule, day(text));
    assert!(on("2026-03-05").len() == 1, "the first instalment is paid only on the 10th");
    assert_eq!(on("2026-03-28"), [(Notice::Due, day("2026-03-31"))]);
    assert_eq!(on("2026-04-05"), [(Notice::Overdue, day("2026-03-31"))]);
    assert!(on("2026-04-06").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pauses_only_take_days_away(wanted in prop::collection::vec((0i32..200, 0i32..40), 0..6), since in 0i32..100) {
        let start = day("2026-01-01");
        let mut pauses = Pauses::default();
        for (from, length) in wanted {
            let from = start.add_days(from);
            pauses.pause(from, from.add_days(length)).ok();
        }
        let since = start.add_days(since);
        let mut before = 0;
        for passed in 0..250 {
            let days = pauses.delinquent_days(since, since.add_days(passed));
            prop_assert!(days <= passed && days >= 0);
            prop_assert!(days <= before + 1, "never more than a day a day");
            before = days;
        }
    }
}
