//! Loans under conventions: money pays ahead of its time, charges, chargebacks, refunds, spread anew. Whatever is
//! recorded, not a fen is made or lost, and what is taken back leaves no trace.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Id, Money, Rate, Rounding};
use loan::conventions::{
    Amortisation, Conventions, DownPayment, InterestBy, InterestOn, MonthLength, PlanEngine, PlanRule, Undo, Unit,
    YearLength,
};
use loan::{
    AheadPick, ChargeAmount, ChargeDue, ChargeKind, ChargeTerms, Component, Happening, LifeEvent, LoanState, LoanTerms,
    Method, PostedKind, Reage, Receipt, Term, Waterfall, accept, fold,
};
use proptest::prelude::*;

const ORDER: [Component; 4] = [Component::Penalty, Component::Fee, Component::Interest, Component::Principal];

fn start() -> Date {
    Date::ymd(2026, 1, 1).unwrap()
}

fn terms(engine: PlanEngine, ahead: AheadPick, down_ppm: u32) -> LoanTerms {
    let plan = PlanRule {
        engine,
        count: 3,
        every: 1,
        unit: Unit::Months,
        seed: None,
        amortisation: Amortisation::EqualInstalments,
        interest_on: InterestOn::Balance,
        interest_by: InterestBy::Periods,
        year: YearLength::Actual,
        month: MonthLength::Actual,
        principal_grace: 0,
        interest_grace: 0,
        fixed_length_days: None,
        fixed_instalment_fen: None,
        multiple_fen: 100,
        down_payment: (down_ppm > 0).then_some(DownPayment { ppm: down_ppm }),
        recalculation: None,
        last_threshold_ppm: 0,
    };
    let conventions = Conventions {
        plan,
        waterfall: Waterfall { ahead, ..Waterfall::oldest_first(&ORDER, &ORDER) },
        waterfalls: Vec::new(),
        chargeback: Vec::new(),
        tranches_max: 3,
        undo: Undo::AsIfNever,
        over_signed_ppm: 0,
    };
    let principal = Money::new(100_000, Currency::CNY);
    LoanTerms {
        rounding: Rounding::HalfEven,
        conventions: Some(Box::new(conventions)),
        ..LoanTerms::plain(principal, Rate::ZERO, Method::EqualInstalments, Term::Months(3), start())
    }
}

fn happening(kind: u8, amount_fen: i64, day: i32, known: &[LifeEvent]) -> Happening {
    let earlier = |fits: fn(&Happening) -> bool| {
        known.iter().find(|event| fits(&event.what)).map_or(Id::from_u128(1), |event| event.id)
    };
    match kind {
        0 => Happening::Disbursed { amount_fen },
        1 | 2 => Happening::Paid { amount_fen },
        3 => Happening::Received { receipt: Receipt::Goodwill, amount_fen },
        4 => Happening::Received { receipt: Receipt::MerchantRefund, amount_fen },
        5 => Happening::Refunded { amount_fen },
        6 => Happening::ChargedBack { payment: earlier(|what| matches!(what, Happening::Paid { .. })), amount_fen },
        7 => Happening::ChargeAdded {
            charge: ChargeTerms {
                code: "visit".to_owned(),
                kind: if amount_fen % 2 == 0 { ChargeKind::Fee } else { ChargeKind::Penalty },
                due: ChargeDue::On(start().add_days(day + 10)),
                amount: ChargeAmount::Flat(amount_fen % 5_000 + 1),
            },
        },
        8 => {
            let charge = earlier(|what| matches!(what, Happening::ChargeAdded { .. }));
            Happening::ChargeWaived { charge, amount_fen: amount_fen % 5_000 + 1 }
        }
        9 => Happening::RefundedCash { amount_fen },
        10 => Happening::Reaged {
            spread: Reage { start: start().add_days(day + 20), count: 4, every: 1, unit: Unit::Months },
        },
        11 => Happening::Reamortised,
        12 => Happening::ChargedOff,
        _ => Happening::WrittenOff,
    }
}

/// What of a wild list is accepted, after a first disbursement.
fn accepted(terms: &LoanTerms, wild: &[(i32, u8, i64)]) -> Vec<LifeEvent> {
    let mut life = vec![LifeEvent::new(1, start(), Happening::Disbursed { amount_fen: 60_000 })];
    for (id, (day, kind, amount_fen)) in (2u128..).zip(wild) {
        let event = LifeEvent::new(id, start().add_days(*day), happening(*kind, *amount_fen, *day, &life));
        if accept(terms, &life, &event).is_ok() {
            life.push(event);
        }
    }
    life
}

fn sum(state: &LoanState, of: impl Fn(&loan::InstalmentState, Component) -> i64) -> i64 {
    state.instalments.iter().flat_map(|row| Component::ALL.map(|c| of(row, c))).sum()
}

fn holds(state: &LoanState) -> Result<(), TestCaseError> {
    let totals = &state.totals;
    let paid = totals.paid.total_fen().unwrap();
    let credited = sum(state, |row, c| row.credited.get(c));
    prop_assert_eq!(totals.received_fen - totals.refunded_fen, paid + state.credit_fen - credited);
    prop_assert_eq!(paid, sum(state, |row, c| row.paid.get(c)), "rows and sums agree");
    let due: i64 = state.instalments.iter().map(|row| row.due.principal_fen).sum();
    let again: i64 = state.instalments.iter().map(|row| row.credited.principal_fen).sum();
    prop_assert_eq!(due, totals.disbursed_fen + again, "principal of all rows is what was disbursed or is owed again");
    for row in &state.instalments {
        for c in Component::ALL {
            prop_assert!(row.paid.get(c) >= 0 && row.due.get(c) >= 0, "{c:?} of {row:?}");
        }
    }
    for charge in &state.charges {
        prop_assert!(charge.paid_fen() + charge.waived_fen() <= charge.amount_fen(), "{charge:?}");
    }
    for line in state.trace.iter().filter(|line| line.kind == PostedKind::Repayment) {
        prop_assert_eq!(line.parts.total_fen().unwrap() + line.excess_fen, line.amount_fen, "{:?}", line);
    }
    Ok(())
}

fn any_terms() -> impl Strategy<Value = LoanTerms> {
    let engine = prop_oneof![Just(PlanEngine::Cumulative), Just(PlanEngine::Progressive)];
    let ahead = prop_oneof![Just(AheadPick::Next), Just(AheadPick::Last), Just(AheadPick::Spread)];
    (engine, ahead, prop_oneof![Just(0u32), Just(250_000)]).prop_map(|(engine, ahead, down)| terms(engine, ahead, down))
}

fn any_life() -> impl Strategy<Value = Vec<(i32, u8, i64)>> {
    prop::collection::vec((0i32..140, 0u8..14, 1i64..70_000), 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn not_a_fen_is_made_or_lost(terms in any_terms(), wild in any_life(), day in 0i32..200) {
        let life = accepted(&terms, &wild);
        holds(&fold(&terms, &life, start().add_days(day)).unwrap())?;
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace(terms in any_terms(), wild in any_life(), day in 0i32..200) {
        let life = accepted(&terms, &wild);
        for taken in &life[1..] {
            let mut with = life.clone();
            let back = Happening::Reversed { target: taken.id };
            let reversal = LifeEvent::new(900, taken.value_date, back);
            if accept(&terms, &life, &reversal).is_err() {
                continue;
            }
            with.push(reversal);
            let without: Vec<LifeEvent> = life.iter().filter(|event| event.id != taken.id).cloned().collect();
            let as_of = start().add_days(day);
            let (left, right) = (fold(&terms, &with, as_of).unwrap(), fold(&terms, &without, as_of).unwrap());
            prop_assert_eq!(&left.totals, &right.totals);
            prop_assert_eq!(left.credit_fen, right.credit_fen);
        }
    }

    #[test]
    fn the_order_in_which_a_list_is_kept_does_not_matter(terms in any_terms(), wild in any_life(), day in 0i32..200) {
        let life = accepted(&terms, &wild);
        let mut turned = life.clone();
        turned.reverse();
        let as_of = start().add_days(day);
        prop_assert_eq!(fold(&terms, &life, as_of).unwrap(), fold(&terms, &turned, as_of).unwrap());
    }
}

/// What each line of money settled: date, principal, penalty, excess.
fn money_lines(state: &LoanState) -> Vec<String> {
    let came_in = state.trace.iter().filter(|line| line.kind == PostedKind::Repayment);
    let told = came_in.map(|line| {
        let parts = (line.parts.principal_fen, line.parts.penalty_fen, line.excess_fen);
        format!("{} principal {} penalty {} excess {}", line.date, parts.0, parts.1, parts.2)
    });
    told.collect()
}

#[test]
fn a_charge_added_to_an_overpaid_loan_is_paid_by_the_earliest_overpayment() {
    let terms = terms(PlanEngine::Progressive, AheadPick::Next, 0);
    let paid = |id, day, amount_fen| LifeEvent::new(id, start().add_days(day), Happening::Paid { amount_fen });
    let penalty = |id, day, amount_fen| {
        let charge = ChargeTerms {
            code: "bounced".to_owned(),
            kind: ChargeKind::Penalty,
            due: ChargeDue::On(start().add_days(day)),
            amount: ChargeAmount::Flat(amount_fen),
        };
        LifeEvent::new(id, start().add_days(day), Happening::ChargeAdded { charge })
    };
    let mut life = vec![
        LifeEvent::new(1, start(), Happening::Disbursed { amount_fen: 60_000 }),
        paid(2, 10, 60_300),
        paid(3, 20, 1_000),
        penalty(4, 25, 500),
    ];
    let state = fold(&terms, &life, start().add_days(30)).unwrap();
    insta::assert_debug_snapshot!(money_lines(&state), @r#"
    [
        "2026-01-11 principal 60000 penalty 300 excess 0",
        "2026-01-21 principal 0 penalty 200 excess 800",
    ]
    "#);
    assert_eq!((state.credit_fen, state.payoff_fen), (800, 0));
    // What has gone back to the borrower pays nothing more: of the next penalty, only the rest is paid.
    life.push(LifeEvent::new(5, start().add_days(26), Happening::Refunded { amount_fen: 700 }));
    life.push(penalty(6, 27, 250));
    let state = fold(&terms, &life, start().add_days(30)).unwrap();
    insta::assert_debug_snapshot!(money_lines(&state), @r#"
    [
        "2026-01-11 principal 60000 penalty 300 excess 0",
        "2026-01-21 principal 0 penalty 300 excess 700",
    ]
    "#);
    assert_eq!((state.credit_fen, state.payoff_fen), (0, 150));
}
