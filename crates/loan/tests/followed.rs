//! Loans whose plan follows the balance: tranches, payments ahead and overdue principal change what is still to come.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use std::fmt::Write;

use basics::money::format_minor;
use basics::{Currency, Date, Money, Rate, Rounding};
use loan::conventions::{
    AdvanceRule, Amortisation, Compounding, Conventions, InterestBy, InterestOn, MonthLength, PlanEngine, PlanRule,
    Recalculation, Rest, Undo, Unit, YearLength,
};
use loan::{
    AheadPick, ChargeAmount, ChargeDue, ChargeKind, ChargeTerms, ChargeTiming, Component, DueStatus, Happening,
    LifeEvent, LoanState, LoanStatus, LoanTerms, Method, Term, Waterfall, fold,
};
use proptest::prelude::*;

const ORDER: [Component; 4] = [Component::Penalty, Component::Fee, Component::Interest, Component::Principal];

fn ymd(year: i16, month: i8, day: i8) -> Date {
    Date::ymd(year, month, day).unwrap()
}

/// 6 monthly instalments of 1,000.00 at 12 %, drawn on 2026-01-01.
fn terms(engine: PlanEngine, recalculation: Option<Recalculation>) -> LoanTerms {
    let plan = PlanRule {
        engine,
        count: 6,
        every: 1,
        unit: Unit::Months,
        seed: None,
        amortisation: Amortisation::EqualInstalments,
        interest_on: InterestOn::Balance,
        interest_by: InterestBy::Days,
        year: YearLength::D360,
        month: MonthLength::D30,
        principal_grace: 0,
        interest_grace: 0,
        fixed_length_days: None,
        fixed_instalment_fen: None,
        multiple_fen: 1,
        down_payment: None,
        recalculation,
        last_threshold_ppm: 0,
    };
    let waterfall = Waterfall { ahead: AheadPick::Next, ..Waterfall::oldest_first(&ORDER, &ORDER) };
    let conventions = Conventions {
        plan,
        waterfall,
        waterfalls: Vec::new(),
        chargeback: Vec::new(),
        tranches_max: 5,
        undo: Undo::AsIfNever,
        over_signed_ppm: 0,
    };
    LoanTerms {
        rounding: Rounding::HalfEven,
        conventions: Some(Box::new(conventions)),
        ..LoanTerms::plain(
            Money::parse("1000.00", Currency::EUR).unwrap(),
            Rate::parse_percent("12").unwrap(),
            Method::EqualInstalments,
            Term::Months(6),
            ymd(2026, 1, 1),
        )
    }
}

fn daily(advance: AdvanceRule) -> Option<Recalculation> {
    Some(Recalculation { advance, rest: Rest::Daily, payoff: Rest::Daily, compounding: Compounding::None })
}

fn drawn(amount_fen: i64) -> LifeEvent {
    LifeEvent::new(1, ymd(2026, 1, 1), Happening::Disbursed { amount_fen })
}

fn paid(id: u128, date: Date, amount_fen: i64) -> LifeEvent {
    LifeEvent::new(id, date, Happening::Paid { amount_fen })
}

fn table(state: &LoanState) -> String {
    let mut text = String::from("due         principal  interest      open\n");
    for row in &state.instalments {
        let open: i64 = Component::ALL.iter().map(|component| row.unpaid_fen(*component)).sum();
        let (principal, interest) = (format_minor(row.due.principal_fen), format_minor(row.due.interest_fen));
        writeln!(text, "{} {principal:>10} {interest:>9} {:>9}", row.due_on, format_minor(open)).unwrap();
    }
    text
}

#[test]
fn a_payment_ahead_lowers_interest_and_the_last_instalment() {
    let terms = terms(PlanEngine::Progressive, daily(AdvanceRule::LastInstalment));
    let mid = ymd(2026, 1, 16);
    let state = fold(&terms, &[drawn(100_000), paid(2, mid, 50_000)], mid).unwrap();
    insta::assert_snapshot!(table(&state), @r"
    due         principal  interest      open
    2026-02-01     167.71      4.84      0.00
    2026-03-01     172.55      0.00      0.00
    2026-04-01     159.84     12.71     17.65
    2026-05-01     167.55      5.00    172.55
    2026-06-01     169.23      3.32    172.55
    2026-07-01     163.12      1.63    164.75
    ");
}

#[test]
fn overdue_principal_bears_interest_up_to_today() {
    let terms = terms(PlanEngine::Progressive, daily(AdvanceRule::LastInstalment));
    let state = fold(&terms, &[drawn(100_000)], ymd(2026, 3, 11)).unwrap();
    insta::assert_snapshot!(table(&state), @r"
    due         principal  interest      open
    2026-02-01     162.55     10.00    172.55
    2026-03-01     162.55     10.00    172.55
    2026-04-01     164.75      7.80    172.55
    2026-05-01     167.45      5.10    172.55
    2026-06-01     169.12      3.43    172.55
    2026-07-01     173.58      1.74    175.32
    ");
}

#[test]
fn a_payment_on_the_due_date_levels_again() {
    let terms = terms(PlanEngine::Cumulative, daily(AdvanceRule::SmallerInstalments));
    let due = ymd(2026, 2, 1);
    let state = fold(&terms, &[drawn(100_000), paid(2, due, 50_000)], due).unwrap();
    insta::assert_snapshot!(table(&state), @r"
    due         principal  interest      open
    2026-02-01     489.67     10.33      0.00
    2026-03-01     100.39      4.76    105.15
    2026-04-01     100.91      4.24    105.15
    2026-05-01     102.06      3.09    105.15
    2026-06-01     103.01      2.14    105.15
    2026-07-01     103.96      1.04    105.00
    ");
}

#[test]
fn a_payment_on_the_due_date_takes_the_last_instalments_away() {
    let terms = terms(PlanEngine::Cumulative, daily(AdvanceRule::FewerInstalments));
    let due = ymd(2026, 2, 1);
    let state = fold(&terms, &[drawn(100_000), paid(2, due, 50_000)], due).unwrap();
    insta::assert_snapshot!(table(&state), @r"
    due         principal  interest      open
    2026-02-01     489.67     10.33      0.00
    2026-03-01     167.79      4.76    172.55
    2026-04-01     169.01      3.54    172.55
    2026-05-01     170.81      1.74    172.55
    2026-06-01       2.72      0.03      2.75
    ");
}

#[test]
fn a_payment_on_the_due_date_is_the_principal_of_the_next() {
    let terms = terms(PlanEngine::Cumulative, daily(AdvanceRule::NextInstalments));
    let due = ymd(2026, 2, 1);
    let state = fold(&terms, &[drawn(100_000), paid(2, due, 50_000)], due).unwrap();
    insta::assert_snapshot!(table(&state), @r"
    due         principal  interest      open
    2026-02-01     489.67     10.33      0.00
    2026-03-01       0.00      4.76      4.76
    2026-04-01       7.62      5.27     12.89
    2026-05-01     167.52      5.03    172.55
    2026-06-01     169.09      3.46    172.55
    2026-07-01     166.10      1.66    167.76
    ");
}

#[test]
fn a_charge_due_on_its_own_date_is_paid_ahead_for_what_is_unpaid_of_it() {
    let mut terms = terms(PlanEngine::Cumulative, None);
    let conventions = terms.conventions.as_mut().unwrap();
    conventions.waterfall.charges = ChargeTiming::OwnDate;
    for step in &mut conventions.waterfall.steps {
        // Principal first of what is to come.
        step.component = match (step.status, step.component) {
            (DueStatus::Ahead, Component::Penalty) => Component::Principal,
            (DueStatus::Ahead, Component::Principal) => Component::Penalty,
            (_, component) => component,
        };
    }
    let (mid, later) = (ymd(2026, 1, 15), ymd(2026, 1, 25));
    let fee = |id, due, fen| {
        let (due, amount) = (ChargeDue::On(due), ChargeAmount::Flat(fen));
        let charge = ChargeTerms { code: "fee".into(), kind: ChargeKind::Fee, due, amount };
        LifeEvent::new(id, mid, Happening::ChargeAdded { charge })
    };
    let life = [drawn(100_000), fee(2, mid, 10_000), fee(3, later, 8_000), paid(4, mid, 6_000), paid(5, mid, 10_000)];
    let paid = fold(&terms, &life, mid).unwrap().totals.paid;
    assert_eq!((paid.fee_fen, paid.principal_fen), (10_000, 6_000), "60.00 and 40.00 of the charge that is due");
}

proptest! {
    /// Whatever was paid before: paying what is said to close the loan closes it, with nothing open and no credit.
    #[test]
    fn what_closes_the_loan_closes_it(progressive in any::<bool>(), advance in 0u8..4,
                                      amount_fen in 10_000i64..100_000,
                                      parts in prop::collection::vec((0i32..60, 100i64..20_000), 0..4), later in 0i32..90) {
        let engine = if progressive { PlanEngine::Progressive } else { PlanEngine::Cumulative };
        let advance = match advance {
            0 => AdvanceRule::SmallerInstalments,
            1 => AdvanceRule::FewerInstalments,
            2 => AdvanceRule::NextInstalments,
            _ => AdvanceRule::LastInstalment,
        };
        let terms = terms(engine, daily(advance));
        let mut events = vec![drawn(amount_fen)];
        let mut date = ymd(2026, 1, 1);
        for (id, (days, part)) in (2u128..).zip(parts) {
            date = date.add_days(days);
            let state = fold(&terms, &events, date).unwrap();
            events.push(paid(id, date, part.min(state.payoff_fen).max(1)));
        }
        let date = date.add_days(later);
        let state = fold(&terms, &events, date).unwrap();
        if state.payoff_fen > 0 {
            events.push(paid(99, date, state.payoff_fen));
            let state = fold(&terms, &events, date).unwrap();
            prop_assert_eq!(state.status, LoanStatus::Closed, "{}", table(&state));
            prop_assert_eq!((state.credit_fen, state.payoff_fen), (0, 0));
        }
        let principal: i64 = state.instalments.iter().map(|row| row.due.principal_fen).sum();
        prop_assert_eq!(principal, amount_fen);
    }
}
