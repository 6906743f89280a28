//! What holds for every loan: no fen made or lost, every order of events the same state, never a failure.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, DayCount, Id, Money, Rate, Rounding};
use loan::cost::cost_table;
use loan::schedule::schedule;
use loan::{
    Component, Compound, Fee, FeeAmount, FeeWhen, Happening, InterestBasis, LifeEvent, LoanState, LoanStatus,
    LoanTerms, Method, PayOrder, PayPath, PayRule, PostedKind, Term, Waivable, accept, effects, fold,
};
use proptest::prelude::*;

prop_compose! {
    fn any_terms(principal_max: i64)(
        principal in 1..=principal_max,
        ppm in prop_oneof![Just(0i64), 1_000i64..400_000],
        bullet in any::<bool>(),
        daily in any::<bool>(),
        months in 1u16..=48,
        start in 18_000i32..22_000,
        stub in proptest::option::of(3i32..58),
        day_count in prop_oneof![Just(DayCount::Actual360), Just(DayCount::Actual365Fixed), Just(DayCount::ThirtyE360)],
        compound in any::<bool>(),
        grace_days in 0u16..10,
        fee in 0i64..5_000,
        late in any::<bool>(),
        by_component in any::<bool>(),
        even in any::<bool>(),
    ) -> LoanTerms {
        let start = Date::from_days(start).unwrap();
        let fee_of = |code, when, amount| Fee::service(code, "费", "fee", when, amount);
        let principal_first = PayOrder::new(&[
            Component::Principal, Component::Interest, Component::Fee, Component::Penalty, Component::Compound,
        ]).unwrap();
        LoanTerms {
            first_due: stub.filter(|_| !bullet).map(|days| start.add_days(days)),
            basis: if bullet || daily { InterestBasis::Daily } else { InterestBasis::Twelfth },
            day_count,
            penalty_rate: Rate::from_ppm(ppm * 3 / 2).unwrap(),
            compound: if compound { Compound::ContractThenPenalty } else { Compound::None },
            grace_days,
            fees: vec![
                fee_of("a", FeeWhen::Disbursement, FeeAmount::Flat(fee / 2)),
                fee_of("b", FeeWhen::FirstInstalment, FeeAmount::Ppm(fee)),
            ],
            pay_rule: PayRule {
                order: PayOrder::COSTS_INTEREST_PRINCIPAL,
                path: if by_component { PayPath::ByComponent } else { PayPath::ByInstalment },
                late: late.then_some(loan::allocation::LateOrder { after_days: 90, order: principal_first }),
            },
            rounding: if even { Rounding::HalfEven } else { Rounding::HalfUp },
            ..LoanTerms::plain(
                Money::new(principal, Currency::CNY),
                Rate::from_ppm(ppm).unwrap(),
                if bullet { Method::Bullet } else { Method::EqualInstalments },
                Term::Months(months),
                start,
            )
        }
    }
}

/// Days after the start, kind and size of events; sizes are parts of the principal in thousandths.
fn any_happenings() -> impl Strategy<Value = Vec<(i32, u8, i64)>> {
    proptest::collection::vec((0i32..1_600, 0u8..8, 1i64..1_500), 0..14)
}

/// The events among these that are accepted one after the other.
fn accepted(terms: &LoanTerms, happenings: &[(i32, u8, i64)]) -> Vec<LifeEvent> {
    let principal = terms.principal.minor();
    let mut life = vec![LifeEvent::new(1, terms.start, Happening::Disbursed { amount_fen: principal })];
    for (id, (days, kind, size)) in (2u128..).zip(happenings) {
        let amount_fen = i64::try_from(i128::from(principal) * i128::from(*size) / 1_000).unwrap().max(1);
        let what = match kind {
            0 => Happening::Reversed { target: Id::from_u128(u128::try_from(*size).unwrap() % id) },
            1 => Happening::Waived { what: Waivable::Interest, amount_fen: amount_fen / 50 + 1 },
            2 => Happening::Waived { what: Waivable::Penalty, amount_fen: amount_fen / 500 + 1 },
            3 => Happening::Refunded { amount_fen: amount_fen / 4 + 1 },
            4 => Happening::Noticed { notice: "overdue".into() },
            _ => Happening::Paid { amount_fen },
        };
        let event = LifeEvent::new(id, terms.start.add_days(*days), what);
        if accept(terms, &life, &event).is_ok() {
            life.push(event);
        }
    }
    life
}

/// What must be true of every state.
fn holds(state: &LoanState) -> Result<(), TestCaseError> {
    let totals = &state.totals;
    let paid = totals.paid.total_fen().unwrap();
    prop_assert_eq!(totals.received_fen - totals.refunded_fen - paid, state.credit_fen);
    prop_assert_eq!(totals.disbursed_fen - totals.paid.principal_fen, state.principal_fen);
    let (mut settled, mut credit_fen, mut paid_out) = (0, 0, 0);
    for line in &state.trace {
        let parts = line.parts.total_fen().unwrap();
        match line.kind {
            PostedKind::Disbursement => paid_out += line.amount_fen,
            PostedKind::Repayment | PostedKind::Prepayment => {
                prop_assert_eq!(parts + line.excess_fen, line.amount_fen, "{:?}", line)
            }
            PostedKind::CreditUsed => prop_assert_eq!(parts, -line.excess_fen, "{:?}", line),
            _ => {}
        }
        (settled, credit_fen) = (settled + parts, credit_fen + line.excess_fen);
    }
    let waived = totals.waived.total_fen().unwrap();
    prop_assert_eq!((settled, credit_fen, paid_out), (paid + waived, state.credit_fen, totals.disbursed_fen));
    let planned: i64 = state.instalments.iter().map(|row| row.due.principal_fen).sum();
    prop_assert_eq!(planned, totals.disbursed_fen);
    for row in &state.instalments {
        for component in Component::ALL {
            let settled = row.paid.get(component) + row.waived.get(component);
            prop_assert!(row.paid.get(component) >= 0 && row.waived.get(component) >= 0);
            prop_assert!(settled <= row.due.get(component), "{component:?} of {row:?}");
        }
    }
    let overdue = state.overdue_parts().unwrap().total_fen().unwrap();
    prop_assert!(overdue == 0 || state.credit_fen <= 0, "credit stands beside debt");
    prop_assert_eq!(state.status == LoanStatus::Closed, state.closed_on.is_some());
    if state.status == LoanStatus::Closed {
        prop_assert_eq!((state.principal_fen, state.payoff_fen, overdue, state.days_past_due), (0, 0, 0, 0));
        prop_assert!(state.credit_fen >= 0 && state.segment.is_none());
    }
    prop_assert!(state.accrued.numerator >= 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 200_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn principal_adds_up_and_runs_down_to_nothing(terms in any_terms(1_000_000_000_000)) {
        let plan = schedule(&terms).unwrap();
        prop_assert_eq!(plan.rows.iter().map(|row| row.principal_fen).sum::<i64>(), plan.principal_fen);
        prop_assert_eq!(plan.rows.last().unwrap().balance_after_fen, 0);
        let mut balance = plan.principal_fen;
        for row in &plan.rows {
            balance -= row.principal_fen;
            prop_assert!(row.principal_fen >= 0 && row.interest_fen >= 0 && row.fee_fen >= 0);
            prop_assert_eq!(row.balance_after_fen, balance);
            prop_assert_eq!(row.total_fen, row.principal_fen + row.interest_fen + row.fee_fen);
        }
    }

    #[test]
    fn instalments_are_equal_but_for_the_last(
        principal in 100_000i64..1_000_000_000, ppm in 0i64..400_000, months in 2u16..=60,
    ) {
        let rate = Rate::from_ppm(ppm).unwrap();
        let start = Date::ymd(2026, 1, 31).unwrap();
        let amount = Money::new(principal, Currency::CNY);
        let terms = LoanTerms::plain(amount, rate, Method::EqualInstalments, Term::Months(months), start);
        let plan = schedule(&terms).unwrap();
        let (last, others) = plan.rows.split_last().unwrap();
        prop_assert!(others.iter().all(|row| row.total_fen == plan.rows[0].total_fen));
        // Instalment and interest are each off by half a minor unit a period at most, grown with the rate.
        let bound = (1.0 + f64::from(months)) * (1.0 + ppm as f64 / 12e6).powi(i32::from(months));
        prop_assert!(((last.total_fen - plan.rows[0].total_fen) as f64).abs() <= bound + 1.0);
        // Without fees the annualised internal rate is the rate, within rounding.
        let annualised = loan::cost::annualised_ppm(&plan).unwrap();
        prop_assert!((annualised - ppm).abs() <= 60, "{annualised} {ppm}");
    }

    #[test]
    fn paid_on_every_due_date_it_closes_and_is_never_late(terms in any_terms(1_000_000_000_000)) {
        let plan = schedule(&terms).unwrap();
        let mut life = vec![LifeEvent::new(1, terms.start, Happening::Disbursed { amount_fen: plan.principal_fen })];
        for (id, row) in (2u128..).zip(plan.rows.iter().filter(|row| row.total_fen > 0)) {
            life.push(LifeEvent::new(id, row.due, Happening::Paid { amount_fen: row.total_fen }));
            let state = fold(&terms, &life, row.due).unwrap();
            prop_assert_eq!((state.days_past_due, state.credit_fen), (0, 0));
            holds(&state)?;
        }
        let state = fold(&terms, &life, plan.maturity()).unwrap();
        prop_assert_eq!(state.status, LoanStatus::Closed);
        prop_assert_eq!(state.totals.paid.interest_fen, plan.interest_fen());
        prop_assert_eq!((state.totals.paid.penalty_fen, state.totals.paid.compound_fen), (0, 0));
    }

    #[test]
    fn every_accepted_life_has_a_state_on_every_date(
        terms in any_terms(1_000_000_000_000), happenings in any_happenings(), look in 0i32..3_000,
    ) {
        let life = accepted(&terms, &happenings);
        let state = fold(&terms, &life, terms.start.add_days(look)).unwrap();
        holds(&state)?;
        prop_assert!(fold(&terms, &life, terms.start.add_days(-1)).is_ok());
    }

    /// The path of arrears is what a fold of each single day says, and income stops and begins with it.
    #[test]
    fn arrears_are_right_on_every_day(
        terms in any_terms(1_000_000_000_000), happenings in any_happenings(), days in proptest::collection::vec(0i32..2_500, 8),
    ) {
        let rules = loan::RulePack::shipped("cn-rural").unwrap().on(Date::ymd(2026, 1, 1).unwrap()).unwrap();
        let life = accepted(&terms, &happenings);
        let last = fold(&terms, &life, terms.start.add_days(2_500)).unwrap();
        for day in days.into_iter().map(|days| terms.start.add_days(days)) {
            let state = fold(&terms, &life, day).unwrap();
            prop_assert_eq!(last.arrears.days_past_due(day), state.days_past_due);
            prop_assert!(last.arrears.worst_days(day, day) == state.days_past_due);
            if state.days_past_due > rules.accrual_stops_over_days {
                prop_assert!(state.non_accrual_since(&rules).is_some());
            }
            let standing = state.standing(&rules).unwrap();
            let owed = state.overdue_parts().unwrap();
            for component in [Component::Interest, Component::Fee, Component::Penalty, Component::Compound] {
                prop_assert_eq!(standing.on_balance.get(component) + standing.suspended.get(component), owed.get(component));
            }
            prop_assert!(standing.non_accrual_since.is_some() || standing.suspended_fen().unwrap() == 0);
            prop_assert!(standing.provision.floor_fen(state.principal_fen) <= state.principal_fen);
        }
    }

    /// Both sheets end in the fold, line by line and to the fraction.
    #[test]
    fn sheets_add_up_to_the_loan(
        terms in any_terms(1_000_000_000_000), happenings in any_happenings(), days in 0i32..1_800,
    ) {
        let life = accepted(&terms, &happenings);
        let as_of = terms.start.add_days(days);
        let state = fold(&terms, &life, as_of).unwrap();
        let sheet = loan::sheet::account_sheet(&terms, &life, as_of).unwrap();
        prop_assert_eq!(&sheet.state, &state);
        let mut balance = 0;
        for line in &sheet.lines {
            prop_assert!(line.debit_fen >= 0 && line.credit_fen >= 0);
            balance += line.debit_fen - line.credit_fen;
            prop_assert_eq!(line.balance_fen().unwrap(), balance, "{:?}", line);
        }
        let owed = state.principal_fen + state.overdue_parts().unwrap().total_fen().unwrap()
            - state.overdue_parts().unwrap().principal_fen;
        prop_assert_eq!(balance, owed - state.credit_fen);

        let sheet = loan::sheet::interest_days(&terms, &life, as_of).unwrap();
        prop_assert_eq!(&sheet.state, &state);
        let exact = |a: loan::Accrued, b: loan::Accrued| a.numerator * b.denominator == b.numerator * a.denominator;
        for row in &state.instalments {
            let sum = |what| sheet.sum(what, row.number).unwrap();
            let rounded = |what| sum(what).round_fen(terms.rounding).unwrap();
            if !row.is_due {
                let running = state.instalments.iter().find(|row| !row.is_due).unwrap().number == row.number;
                let accrued = if running { state.accrued } else { loan::Accrued::ZERO };
                prop_assert!(exact(sum(Component::Interest), accrued), "{:?} {:?}", sum(Component::Interest), accrued);
            } else if row.number > 0 {
                prop_assert_eq!(rounded(Component::Interest), row.due.interest_fen);
            }
            for what in [Component::Penalty, Component::Compound] {
                if row.due.get(what) != 0 {
                    prop_assert_eq!(rounded(what), row.due.get(what), "{:?} of {:?}", what, row);
                }
            }
        }
    }

    #[test]
    fn any_order_of_events_is_the_same_loan(
        terms in any_terms(100_000_000), happenings in any_happenings(), turn in any::<u64>(),
    ) {
        let life = accepted(&terms, &happenings);
        let as_of = terms.start.add_days(900);
        let state = fold(&terms, &life, as_of).unwrap();
        let mut other = life.clone();
        other.sort_by_key(|event| event.id.derive(&turn.to_string()));
        prop_assert_eq!(fold(&terms, &other, as_of).unwrap(), state);
    }

    #[test]
    fn a_payment_goes_somewhere_to_the_fen(
        terms in any_terms(1_000_000_000_000), happenings in any_happenings(), days in 0i32..2_000, size in 1i64..1_500,
    ) {
        let mut life = accepted(&terms, &happenings);
        let on = terms.start.add_days(days);
        let amount_fen = i64::try_from(i128::from(terms.principal.minor()) * i128::from(size) / 1_000).unwrap().max(1);
        let payment = LifeEvent::new(1_000, on, Happening::Paid { amount_fen });
        prop_assume!(accept(&terms, &life, &payment).is_ok());
        for as_of in [on, on.add_days(100)] {
            let before = fold(&terms, &life, as_of).unwrap();
            life.push(payment.clone());
            let done = effects(&before, &fold(&terms, &life, as_of).unwrap()).unwrap();
            life.pop();
            let parts = done.allocation();
            prop_assert_eq!(
                parts.principal_fen + parts.interest_fen + parts.fee_fen + parts.penalty_fen + parts.compound_fen
                    + parts.excess_fen,
                amount_fen
            );
        }
    }

    #[test]
    fn what_pays_off_closes_and_a_fen_less_does_not(
        terms in any_terms(1_000_000_000_000), happenings in any_happenings(), days in 0i32..2_000,
    ) {
        let on = terms.start.add_days(days);
        let mut life = accepted(&terms, &happenings);
        life.retain(|event| event.value_date <= on);
        let state = fold(&terms, &life, on).unwrap();
        prop_assume!(state.schedule.is_some() && state.payoff_fen > 0);
        // Refunds of the same day come after payments; what is asked for is known before the day's last.
        prop_assume!(!life.iter().any(|e| e.value_date == on && matches!(e.what, Happening::Refunded { .. })));
        let mut pay = |amount_fen| {
            life.push(LifeEvent::new(u128::MAX, on, Happening::Paid { amount_fen }));
            let state = fold(&terms, &life, on).unwrap();
            life.pop();
            state
        };
        let closed = pay(state.payoff_fen);
        prop_assert_eq!((closed.status, closed.credit_fen, closed.closed_on), (LoanStatus::Closed, 0, Some(on)));
        holds(&closed)?;
        if state.payoff_fen > 1 {
            prop_assert_ne!(pay(state.payoff_fen - 1).status, LoanStatus::Closed);
        }
    }

    #[test]
    fn a_reversal_leaves_no_trace(
        terms in any_terms(100_000_000), happenings in any_happenings(), days in 0i32..900, size in 1i64..1_500,
    ) {
        let mut life = accepted(&terms, &happenings);
        let as_of = terms.start.add_days(1_000);
        let before = fold(&terms, &life, as_of).unwrap();
        let payment = LifeEvent::new(1_000, terms.start.add_days(days), Happening::Paid { amount_fen: size * 100 });
        prop_assume!(accept(&terms, &life, &payment).is_ok());
        life.push(payment);
        let undo = LifeEvent::new(1_001, as_of, Happening::Reversed { target: Id::from_u128(1_000) });
        prop_assert!(accept(&terms, &life, &undo).is_ok());
        life.push(undo);
        prop_assert_eq!(fold(&terms, &life, as_of).unwrap(), before);
    }

    #[test]
    fn the_cost_table_adds_up(terms in any_terms(1_000_000_000_000)) {
        let plan = schedule(&terms).unwrap();
        if let Ok(cost) = cost_table(&terms) {
            prop_assert_eq!(cost.total_to_pay_fen, plan.rows.iter().map(|row| row.total_fen).sum::<i64>());
        } else {
            // Only where the fee at disbursement eats up the principal.
            prop_assert!(plan.rows[0].fee_fen >= plan.principal_fen);
        }
    }

    /// Between two due dates interest is exact; across one, the rounded interest takes its place.
    #[test]
    fn accrued_never_jumps(terms in any_terms(1_000_000_000), days in 0i32..1_500) {
        let life = [LifeEvent::new(1, terms.start, Happening::Disbursed { amount_fen: terms.principal.minor() })];
        let state = fold(&terms, &life, terms.start.add_days(days)).unwrap();
        let next = fold(&terms, &life, terms.start.add_days(days + 1)).unwrap();
        let earned = |s: &LoanState| s.totals.billed.interest_fen + s.accrued_floor_fen().unwrap();
        let growth = earned(&next) - earned(&state);
        if let Some(segment) = state.segment {
            let most = i64::try_from(segment.numerator * 3 / segment.denominator).unwrap();
            prop_assert!((-1..=most + 2).contains(&growth), "{growth} of at most {most}");
        } else {
            prop_assert_eq!(growth, 0);
        }
    }
}
