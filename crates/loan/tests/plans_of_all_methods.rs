//! What holds for the plan of every method, spacing, day count and grace, and what others reckon of it.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, DayCount, Frequency, HolidayCalendar, Money, Rate, Roll};
use loan::cost::{annualised_ppm, effective_ppm};
use loan::schedule::schedule;
use loan::{
    DueRoll, Fee, FeeAmount, FeeBase, FeeWhen, FixedRow, Grace, InterestBasis, LoanError, LoanTerms, Method, PlanRow,
    Schedule, Settlement, SettlementCycle, Term, Tranche,
};
use proptest::prelude::*;

const COUNTS: [DayCount; 5] =
    [DayCount::Actual365Fixed, DayCount::Actual360, DayCount::ThirtyE360, DayCount::ActualActual, DayCount::ThirtyU360];

fn frequency() -> impl Strategy<Value = Frequency> {
    prop_oneof![
        (7u16..60).prop_map(|n| Frequency::days(n).unwrap()),
        (1u16..9).prop_map(|n| Frequency::weeks(n).unwrap()),
        (1u16..5).prop_map(|n| Frequency::months(n).unwrap()),
        (1u16..3).prop_map(|n| Frequency::quarters(n).unwrap()),
    ]
}

prop_compose! {
    /// Terms of any method; `months` is a number of whole periods where those are months.
    fn any_terms()(
        method in prop::sample::select(vec![
            Method::EqualInstalments, Method::EqualPrincipal, Method::Flat, Method::InterestFirst, Method::Bullet,
            Method::Revolving, Method::Seasonal, Method::Custom,
        ]),
        principal in 1_000i64..1_000_000_000_000,
        ppm in prop_oneof![Just(0i64), 1_000i64..400_000],
        daily in any::<bool>(),
        spacing in frequency(),
        periods in 2u16..20,
        start in 18_000i32..22_000,
        count in prop::sample::select(COUNTS.to_vec()),
        grace in (0u16..3, 0u16..3),
        settled in prop::option::of((any::<bool>(), 1u8..28)),
        down in prop_oneof![Just(0i64), 1i64..900_000],
        multiple in prop_oneof![Just(0i64), Just(100i64)],
        rolled in any::<bool>(),
        share in 1i64..1_000_000,
    ) -> LoanTerms {
        let start = Date::from_days(start).unwrap();
        let in_instalments = method.is_in_instalments();
        let term = match (spacing.in_months(), spacing.in_days()) {
            (Some(every), _) => Term::Months(u16::try_from(every).unwrap() * periods),
            (None, days) => Term::Days(u16::try_from(days.unwrap()).unwrap() * periods),
        };
        let plain = LoanTerms::plain(Money::new(principal, Currency::CNY), Rate::from_ppm(ppm).unwrap(), method, term, start);
        let end = plain.term_end(start).unwrap();
        let middle = start.add_days(((end - start) / 2).max(1));
        let by_days = !(in_instalments && (method == Method::Flat || !daily) || method == Method::InterestFirst && !daily && settled.is_none());
        let calendar = HolidayCalendar::new([start.add_days(40), start.add_days(41)], []);
        LoanTerms {
            basis: if by_days { InterestBasis::Daily } else { InterestBasis::Twelfth },
            day_count: count,
            spacing,
            grace: Grace {
                principal: if in_instalments { grace.0.min(periods - 1) } else { 0 },
                interest: if in_instalments { grace.1.min(periods - 1) } else { 0 },
            },
            settlement: settled.filter(|_| !in_instalments).map(|(monthly, day)| Settlement {
                cycle: if monthly { SettlementCycle::Month } else { SettlementCycle::Quarter },
                day,
            }),
            down_payment_ppm: if in_instalments { down } else { 0 },
            instalment_multiple_fen: if in_instalments { multiple } else { 0 },
            roll: rolled.then_some(DueRoll { roll: Roll::Following, calendar }),
            rows: if method == Method::Seasonal {
                vec![PlanRow { due: middle, principal_ppm: share }, PlanRow { due: end, principal_ppm: 1_000_000 - share }]
            } else {
                vec![]
            },
            fixed_rows: if method == Method::Custom {
                let first = i64::try_from(i128::from(principal) * i128::from(share) / 1_000_000).unwrap();
                vec![
                    FixedRow { due: middle, principal_fen: first },
                    FixedRow { due: end, principal_fen: principal - first },
                ]
            } else {
                vec![]
            },
            ..plain
        }
    }
}

/// What every plan keeps.
fn holds(terms: &LoanTerms, plan: &Schedule) -> Result<(), TestCaseError> {
    let mut balance = 0;
    let mut draws = vec![(plan.start, plan.principal_fen - plan.later_draws.iter().map(|d| d.amount_fen).sum::<i64>())];
    draws.extend(plan.later_draws.iter().map(|draw| (draw.on, draw.amount_fen)));
    let mut before = plan.start;
    for row in plan.rows.iter().filter(|row| row.number > 0) {
        prop_assert!(row.due >= before, "{plan}");
        draws.retain(|(on, fen)| {
            let is_in = *on < row.due || (*on == row.due && row.due == row.from);
            balance += if is_in { *fen } else { 0 };
            !is_in
        });
        balance -= row.principal_fen;
        prop_assert!(row.principal_fen >= 0 && row.interest_fen >= 0 && row.fee_fen >= 0, "{plan}");
        prop_assert_eq!(row.balance_after_fen, balance, "{}", plan);
        prop_assert_eq!(row.total_fen, row.principal_fen + row.interest_fen + row.fee_fen);
        before = row.due;
    }
    let repaid: i64 = plan.rows.iter().map(|row| row.principal_fen).sum();
    prop_assert_eq!(repaid, plan.principal_fen, "{:?}", terms);
    prop_assert_eq!(plan.rows.last().unwrap().balance_after_fen, 0);
    Ok(())
}

/// The plan, unless these terms say why there is none.
fn plan_of(terms: &LoanTerms) -> Result<Option<Schedule>, TestCaseError> {
    match schedule(terms) {
        Ok(plan) => Ok(Some(plan)),
        // Dates that fall together when they move, and instalments rounded down to nothing.
        Err(LoanError::Terms(why)) if why.contains("is not after") => Ok(None),
        Err(LoanError::NeverAmortises { .. }) => Ok(None),
        Err(other) => Err(TestCaseError::fail(format!("{other}: {terms:?}"))),
    }
}

/// The yearly internal rate of dated flows by halving: nothing of the engine's own search.
fn yearly_by_halving(net: f64, flows: &[(f64, f64)]) -> f64 {
    let (mut low, mut high) = (0.0f64, 1_000.0f64);
    for _ in 0..300 {
        let middle = (low + high) / 2.0;
        let worth: f64 = flows.iter().map(|(years, fen)| fen / (1.0 + middle).powf(*years)).sum();
        if worth > net { low = middle } else { high = middle }
    }
    low
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn principal_of_all_instalments_is_what_was_disbursed(terms in any_terms()) {
        if let Some(plan) = plan_of(&terms)? {
            holds(&terms, &plan)?;
            for row in plan.rows.iter().take(usize::from(terms.grace.principal)).filter(|_| terms.down_payment_ppm == 0) {
                prop_assert_eq!(row.principal_fen, 0);
            }
        }
    }

    #[test]
    fn tranches_add_up_like_one_sum(terms in any_terms(), part in 1i64..999, share_of_days in 0.0f64..0.9) {
        prop_assume!(!matches!(terms.method, Method::Flat | Method::Custom));
        let second = terms.principal.minor() * part / 1_000;
        prop_assume!(second > 0);
        let last = terms.term_end(terms.start).unwrap();
        let on = terms.start.add_days((f64::from(last - terms.start) * share_of_days) as i32 + 1);
        let tranches = vec![
            Tranche { on: terms.start, amount_fen: terms.principal.minor() - second },
            Tranche { on, amount_fen: second },
        ];
        let terms = LoanTerms { tranches, ..terms };
        match schedule(&terms) {
            Ok(plan) => holds(&terms, &plan)?,
            Err(LoanError::Terms(why)) => {
                prop_assert!(why.contains("is not after") || why.contains("after everything is due"), "{why}");
            }
            Err(LoanError::NeverAmortises { .. }) => {}
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }

    #[test]
    fn without_fees_the_annualised_rate_is_the_rate(
        method in prop::sample::select(vec![Method::EqualInstalments, Method::EqualPrincipal, Method::InterestFirst]),
        principal in 1_000_000i64..1_000_000_000,
        ppm in 0i64..360_000,
        spacing in frequency(),
        periods in 2u16..20,
        start in 18_000i32..22_000,
    ) {
        let term = match (spacing.in_months(), spacing.in_days()) {
            (Some(every), _) => Term::Months(u16::try_from(every).unwrap() * periods),
            (None, days) => Term::Days(u16::try_from(days.unwrap()).unwrap() * periods),
        };
        let (amount, rate) = (Money::new(principal, Currency::CNY), Rate::from_ppm(ppm).unwrap());
        let start = Date::from_days(start).unwrap();
        let terms = LoanTerms {
            spacing, basis: InterestBasis::Twelfth, ..LoanTerms::plain(amount, rate, method, term, start)
        };
        let plan = schedule(&terms).unwrap();
        // Days that happen to be whole months, such as 31 from 1 December on, are read as months from the dates alone.
        let by_days = spacing.in_days().is_some();
        prop_assume!(!(by_days && plan.rows.iter().all(|row| row.due.day() == start.day())));
        // Half a fen a period on a principal of 10,000.00, taken to a year.
        let (part, of_year) = spacing.year_part();
        let bound = 2.0 + 1e6 * 0.5 / principal as f64 * of_year as f64 / part as f64 * 2.0;
        let annualised = annualised_ppm(&plan).unwrap();
        prop_assert!((annualised - ppm).abs() as f64 <= bound, "{annualised} {ppm} ± {bound}");
    }

    #[test]
    fn the_effective_rate_is_that_of_another_search(terms in any_terms(), fee in 0i64..30_000) {
        let fee = Fee { base: FeeBase::Outstanding, ..Fee::service("f", "费", "fee", FeeWhen::EachInstalment, FeeAmount::Ppm(fee)) };
        let at_once = Fee::service("g", "费", "fee", FeeWhen::Disbursement, FeeAmount::Ppm(7_000));
        let terms = LoanTerms { fees: vec![fee, at_once], ..terms };
        let Some(plan) = plan_of(&terms)? else { return Ok(()) };
        let paid_at_once: i64 = plan.rows.iter().filter(|row| row.due == plan.start).map(|row| row.total_fen).sum();
        let flows: Vec<(f64, f64)> = plan
            .rows
            .iter()
            .filter(|row| row.due > plan.start)
            .map(|row| (f64::from(row.due - plan.start) / 365.0, row.total_fen as f64))
            .collect();
        let theirs = yearly_by_halving((plan.principal_fen - paid_at_once) as f64, &flows);
        prop_assume!(theirs < 100.0);
        let ours = effective_ppm(&plan).unwrap() as f64 / 1e6;
        prop_assert!((ours - theirs).abs() <= 1e-6 + 1e-9 * theirs.abs(), "{ours} {theirs}");
    }

    #[test]
    fn terms_with_everything_are_read_back_from_their_bytes(terms in any_terms()) {
        let bytes = basics::cbor::to_bytes(&terms);
        prop_assert_eq!(basics::cbor::from_bytes::<LoanTerms>(&bytes).unwrap(), terms);
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let start = Date::ymd(2026, 3, 5).unwrap();
    let plain = |method| {
        LoanTerms::plain(
            Money::new(1_000_000, Currency::CNY),
            Rate::from_ppm(60_000).unwrap(),
            method,
            Term::Months(12),
            start,
        )
    };
    let settlement = Some(Settlement { cycle: SettlementCycle::Month, day: 20 });
    let row = |days: i32, ppm| PlanRow { due: start.add_days(days), principal_ppm: ppm };
    let cases = [
        LoanTerms { basis: InterestBasis::Daily, ..plain(Method::Flat) },
        LoanTerms { basis: InterestBasis::Twelfth, ..plain(Method::Bullet) },
        LoanTerms { basis: InterestBasis::Twelfth, settlement, ..plain(Method::InterestFirst) },
        LoanTerms { basis: InterestBasis::Twelfth, ..plain(Method::Revolving) },
        LoanTerms { settlement, ..plain(Method::EqualPrincipal) },
        LoanTerms { first_due: Some(start.add_days(40)), settlement, ..plain(Method::InterestFirst) },
        LoanTerms { spacing: Frequency::months(5).unwrap(), ..plain(Method::EqualInstalments) },
        LoanTerms { term: Term::Days(90), ..plain(Method::EqualInstalments) },
        LoanTerms { spacing: Frequency::days(500).unwrap(), ..plain(Method::EqualInstalments) },
        LoanTerms { grace: Grace { principal: 12, interest: 0 }, ..plain(Method::EqualInstalments) },
        LoanTerms { grace: Grace { principal: 1, interest: 0 }, ..plain(Method::Bullet) },
        LoanTerms { down_payment_ppm: 1_000_000, ..plain(Method::EqualInstalments) },
        LoanTerms { down_payment_ppm: 1, ..plain(Method::Seasonal) },
        LoanTerms { rows: vec![row(30, 400_000), row(60, 500_000)], ..plain(Method::Seasonal) },
        LoanTerms { rows: vec![row(60, 400_000), row(30, 600_000)], ..plain(Method::Seasonal) },
        LoanTerms { rows: vec![row(30, 1_000_000)], ..plain(Method::Bullet) },
        LoanTerms { rows: vec![row(400, 1_000_000)], ..plain(Method::Seasonal) },
        LoanTerms { rows: vec![row(-1, 1_000_000)], ..plain(Method::Seasonal) },
        LoanTerms { instalment_multiple_fen: 1_000_000, ..plain(Method::EqualInstalments) },
        LoanTerms { fixed_length_days: Some(300), ..plain(Method::EqualInstalments) },
        LoanTerms { tranches: vec![Tranche { on: start, amount_fen: 5 }], ..plain(Method::EqualInstalments) },
        LoanTerms {
            fees: vec![Fee::service("late", "费", "fee", FeeWhen::Overdue, FeeAmount::Flat(5))],
            ..plain(Method::EqualInstalments)
        },
        LoanTerms { principal: Money::new(i64::MAX, Currency::CNY), ..plain(Method::EqualInstalments) },
    ];
    let errors: Vec<String> = cases.iter().map(|terms| schedule(terms).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
    these terms cannot be scheduled: flat interest is by whole periods, not by days
    these terms cannot be scheduled: a bullet bears interest by days
    these terms cannot be scheduled: interest on settlement days is by days, not by whole periods
    these terms cannot be scheduled: the method `revolving` bears interest by days
    these terms cannot be scheduled: instalments of principal have their own due dates: leave out the settlement days
    these terms cannot be scheduled: the method `interest-first` has no first due date of its own
    these terms cannot be scheduled: a term of 12 months is no whole number of periods every 5 months
    these terms cannot be scheduled: instalments by months or quarters need a term in months
    these terms cannot be scheduled: the term is shorter than one period every 500 days
    these terms cannot be scheduled: grace must leave at least one of the 12 instalments
    these terms cannot be scheduled: grace on principal needs instalments of principal
    these terms cannot be scheduled: the down payment must be 0 to less than 100 % of the principal
    these terms cannot be scheduled: a seasonal plan needs rows: name the region and the crops, or list them
    these terms cannot be scheduled: the shares of the rows add up to 900000 ppm, not to 1000000
    these terms cannot be scheduled: 2026-04-04 does not come after the date before it: list them in order
    these terms cannot be scheduled: rows of shares belong to the method `seasonal`
    these terms cannot be scheduled: the row due on 2027-04-09 lies after the end of the term on 2027-03-05: ask for a longer term
    these terms cannot be scheduled: the due date 2026-03-04 is not after 2026-03-05: choose other dates or a longer spacing
    instalments of 0.00 never pay the loan back, the interest of the first period alone is 50.00: ask for fewer instalments or a smaller multiple
    these terms cannot be scheduled: the due date 2026-12-30 is not after 2027-02-05: choose other dates or a longer spacing
    these terms cannot be scheduled: the tranches do not add up to the principal
    these terms cannot be scheduled: fee `late` needs the days overdue after which it is due
    these terms cannot be scheduled: the principal is larger than 10,000,000,000,000.00
    ");
}

#[test]
fn grace_tranches_multiples_and_fees_as_a_lender_reads_them() {
    let start = Date::ymd(2026, 1, 31).unwrap();
    let plain = LoanTerms::plain(
        Money::new(1_200_000, Currency::CNY),
        Rate::from_ppm(120_000).unwrap(),
        Method::EqualInstalments,
        Term::Months(6),
        start,
    );
    let fee = |when, amount, base| Fee { base, ..Fee::service("f", "费", "fee", when, amount) };
    let cases = [
        (
            "two months without principal, one without interest",
            LoanTerms { grace: Grace { principal: 2, interest: 1 }, ..plain.clone() },
        ),
        ("multiples of 100.00", LoanTerms { instalment_multiple_fen: 10_000, ..plain.clone() }),
        (
            "a quarter down, every two weeks, flat",
            LoanTerms {
                down_payment_ppm: 250_000,
                spacing: Frequency::weeks(2).unwrap(),
                term: Term::Days(56),
                method: Method::Flat,
                ..plain.clone()
            },
        ),
        (
            "165 days in all, 30U/360 by days",
            LoanTerms {
                fixed_length_days: Some(165),
                basis: InterestBasis::Daily,
                day_count: DayCount::ThirtyU360,
                ..plain.clone()
            },
        ),
        (
            "1 % of what is outstanding with each, equal principal",
            LoanTerms {
                method: Method::EqualPrincipal,
                fees: vec![fee(FeeWhen::EachInstalment, FeeAmount::Ppm(10_000), FeeBase::Outstanding)],
                ..plain.clone()
            },
        ),
    ];
    let tables: Vec<String> =
        cases.iter().map(|(words, terms)| format!("{words}\n{}", schedule(terms).unwrap())).collect();
    insta::assert_snapshot!(tables.join("\n"), @r"
    two months without principal, one without interest
    row  due         principal    interest        fee       total     balance
      1  2026-02-28       0.00        0.00       0.00        0.00    12000.00
      2  2026-03-31       0.00      240.00       0.00      240.00    12000.00
      3  2026-04-30    2955.37      120.00       0.00     3075.37     9044.63
      4  2026-05-31    2984.92       90.45       0.00     3075.37     6059.71
      5  2026-06-30    3014.77       60.60       0.00     3075.37     3044.94
      6  2026-07-31    3044.94       30.45       0.00     3075.39        0.00

    multiples of 100.00
    row  due         principal    interest        fee       total     balance
      1  2026-02-28    1980.00      120.00       0.00     2100.00    10020.00
      2  2026-03-31    1999.80      100.20       0.00     2100.00     8020.20
      3  2026-04-30    2019.80       80.20       0.00     2100.00     6000.40
      4  2026-05-31    2040.00       60.00       0.00     2100.00     3960.40
      5  2026-06-30    2060.40       39.60       0.00     2100.00     1900.00
      6  2026-07-31    1900.00       19.00       0.00     1919.00        0.00

    a quarter down, every two weeks, flat
    row  due         principal    interest        fee       total     balance
      1  2026-01-31    3000.00        0.00       0.00     3000.00     9000.00
      2  2026-02-14    2250.00       41.54       0.00     2291.54     6750.00
      3  2026-02-28    2250.00       41.54       0.00     2291.54     4500.00
      4  2026-03-14    2250.00       41.54       0.00     2291.54     2250.00
      5  2026-03-28    2250.00       41.54       0.00     2291.54        0.00

    165 days in all, 30U/360 by days
    row  due         principal    interest        fee       total     balance
      1  2026-02-28    1955.54      112.00       0.00     2067.54    10044.46
      2  2026-03-31    1967.10      100.44       0.00     2067.54     8077.36
      3  2026-04-30    1986.77       80.77       0.00     2067.54     6090.59
      4  2026-05-31    2006.63       60.91       0.00     2067.54     4083.96
      5  2026-06-30    2026.70       40.84       0.00     2067.54     2057.26
      6  2026-07-15    2057.26       10.29       0.00     2067.55        0.00

    1 % of what is outstanding with each, equal principal
    row  due         principal    interest        fee       total     balance
      1  2026-02-28    2000.00      120.00     120.00     2240.00    10000.00
      2  2026-03-31    2000.00      100.00     100.00     2200.00     8000.00
      3  2026-04-30    2000.00       80.00      80.00     2160.00     6000.00
      4  2026-05-31    2000.00       60.00      60.00     2120.00     4000.00
      5  2026-06-30    2000.00       40.00      40.00     2080.00     2000.00
      6  2026-07-31    2000.00       20.00      20.00     2040.00        0.00
    ");
}
