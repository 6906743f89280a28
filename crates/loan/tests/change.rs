//! Re-plans and deferrals: what they do to the rows, what they may not do, and that taking them back leaves no trace.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Id, Instant, Money, Rate, Rounding};
use loan::class::ClassMark;
use loan::season::{
    BorrowerConsent, ChangeLimits, Consent, Consents, Deferral, DeferredInterest, DeferredPart, DeferredScope,
    GuarantorConsent, Replan, ReplanReason, ReplanRow, class_marks,
};
use loan::{Compound, Happening, InterestBasis, LifeEvent, LoanState, LoanTerms, Method, Term, accept, effects, fold};
use proptest::prelude::*;

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn terms(method: Method, basis: InterestBasis, principal_fen: i64, start: &str, term: Term) -> LoanTerms {
    LoanTerms {
        basis,
        penalty_rate: Rate::parse_percent("9").unwrap(),
        compound: Compound::ContractThenPenalty,
        change: Some(ChangeLimits { term_max_months: 24, replans_max: 1, arrears_days_max: 90 }),
        ..LoanTerms::plain(
            Money::new(principal_fen, Currency::CNY),
            Rate::parse_percent("6").unwrap(),
            method,
            term,
            date(start),
        )
    }
}

fn signed() -> Consents {
    let consent = Consent { by: Id::from_u128(7), at: Instant(1_812_000_000_000_000), evidence: [7; 32] };
    Consents { borrower: BorrowerConsent::Given(consent), guarantor: GuarantorConsent::NoGuarantor }
}

fn unsigned() -> Consents {
    Consents { borrower: BorrowerConsent::NoBurden, guarantor: GuarantorConsent::NoGuarantor }
}

fn replan(rows: &[(&str, i64)], consent: Consents) -> Happening {
    let rows = rows.iter().map(|(due, principal_fen)| ReplanRow { due: date(due), principal_fen: *principal_fen });
    Happening::Replanned(Replan { rows: rows.collect(), reason: ReplanReason::IncomeMoved, consent })
}

fn deferral(parts: &[(&str, i64)], to: &str, scope: DeferredScope, interest: DeferredInterest) -> Deferral {
    let parts = parts.iter().map(|(due, fen)| DeferredPart { due: date(due), principal_fen: *fen });
    Deferral { event: "flood-2027-06".into(), parts: parts.collect(), to: date(to), scope, interest, consent: signed() }
}

fn principal_deferred(parts: &[(&str, i64)], to: &str) -> Happening {
    Happening::Deferred(deferral(parts, to, DeferredScope::Principal, DeferredInterest::RunsOn))
}

fn table(state: &LoanState) -> String {
    state.schedule.as_ref().unwrap().to_string()
}

/// 30,000 on 2027-03-01, in two rows from the next day on.
fn two_harvests() -> (LoanTerms, Vec<LifeEvent>) {
    let terms = terms(Method::Bullet, InterestBasis::Daily, 3_000_000, "2027-03-01", Term::Days(244));
    let life = vec![
        LifeEvent::new(1, date("2027-03-01"), Happening::Disbursed { amount_fen: 3_000_000 }),
        LifeEvent::new(
            2,
            date("2027-03-02"),
            replan(&[("2027-06-30", 1_200_000), ("2027-10-31", 1_800_000)], signed()),
        ),
    ];
    (terms, life)
}

#[test]
fn a_flood_puts_off_the_june_principal() {
    let (terms, mut life) = two_harvests();
    let before = fold(&terms, &life, date("2027-06-05")).unwrap();
    insta::assert_snapshot!(table(&before), @r"
    row  due         principal    interest        fee       total     balance
      1  2027-06-30   12000.00      605.00       0.00    12605.00    18000.00
      2  2027-10-31   18000.00      369.00       0.00    18369.00        0.00
    ");
    let flood = LifeEvent::new(3, date("2027-06-05"), principal_deferred(&[("2027-06-30", 1_200_000)], "2027-10-31"));
    accept(&terms, &life, &flood).unwrap();
    life.push(flood);
    let after = fold(&terms, &life, date("2027-06-05")).unwrap();
    insta::assert_snapshot!(table(&after), @r"
    row  due         principal    interest        fee       total     balance
      1  2027-06-30       0.00      605.00       0.00      605.00    30000.00
      2  2027-10-31   30000.00      615.00       0.00    30615.00        0.00
    ");
    let effect = effects(&before, &after).unwrap();
    assert!(class_marks(&terms, &life).unwrap().is_empty(), "a loan in order stays so");
    assert_eq!((effect.accrued_floor_fen, effect.billed.principal_fen), (0, 0), "nothing is booked that day");
    // Interest of June is paid; by October nothing is past due.
    life.push(LifeEvent::new(4, date("2027-06-30"), Happening::Paid { amount_fen: 60_500 }));
    let october = fold(&terms, &life, date("2027-10-30")).unwrap();
    assert_eq!(
        (october.days_past_due, october.principal_fen, october.accrued.floor_fen().unwrap()),
        (0, 3_000_000, 61_000)
    );
    life.push(LifeEvent::new(5, date("2027-10-31"), Happening::Paid { amount_fen: 3_061_500 }));
    assert_eq!(fold(&terms, &life, date("2027-10-31")).unwrap().closed_on, Some(date("2027-10-31")));
}

#[test]
fn a_programme_may_stop_interest_or_put_it_off_too() {
    let (terms, life) = two_harvests();
    let with = |deferral: Deferral| {
        let mut life = life.clone();
        let flood = LifeEvent::new(3, date("2027-06-05"), Happening::Deferred(deferral));
        accept(&terms, &life, &flood).unwrap();
        life.push(flood);
        fold(&terms, &life, date("2027-06-05")).unwrap()
    };
    let june = [("2027-06-30", 1_200_000)];
    // 12,000 bears nothing from 5 June on: 1,000 fen less for 25 days, then interest on 18,000 alone.
    let stops = with(deferral(&june, "2027-10-31", DeferredScope::Principal, DeferredInterest::Stops));
    insta::assert_snapshot!(table(&stops), @r"
    row  due         principal    interest        fee       total     balance
      1  2027-06-30       0.00      555.00       0.00      555.00    30000.00
      2  2027-10-31   30000.00      369.00       0.00    30369.00        0.00
    ");
    assert_eq!((stops.segment.unwrap().from, stops.segment.unwrap().until), (date("2027-06-05"), date("2027-06-30")));
    // No June row at all: 244 days of interest in October.
    let all = with(deferral(&june, "2027-10-31", DeferredScope::PrincipalAndInterest, DeferredInterest::RunsOn));
    insta::assert_snapshot!(table(&all), @r"
    row  due         principal    interest        fee       total     balance
      1  2027-10-31   30000.00     1220.00       0.00    31220.00        0.00
    ");
    // To a day of its own, after the last row.
    let later = with(deferral(&june, "2028-06-30", DeferredScope::Principal, DeferredInterest::RunsOn));
    insta::assert_snapshot!(table(&later), @r"
    row  due         principal    interest        fee       total     balance
      1  2027-06-30       0.00      605.00       0.00      605.00    30000.00
      2  2027-10-31   18000.00      615.00       0.00    18615.00    12000.00
      3  2028-06-30   12000.00      486.00       0.00    12486.00        0.00
    ");
}

#[test]
fn what_is_in_arrears_can_be_put_off_and_its_penalty_stays_owed() {
    let (terms, mut life) = two_harvests();
    let flood = |scope| {
        let put_off = deferral(&[("2027-06-30", 1_200_000)], "2027-12-31", scope, DeferredInterest::RunsOn);
        LifeEvent::new(3, date("2027-07-10"), Happening::Deferred(put_off))
    };
    let before = fold(&terms, &life, date("2027-07-10")).unwrap();
    let owed = before.overdue_parts().unwrap();
    // Ten days at 9 % on 12,000, and at 6 % on the unpaid 605.
    assert_eq!((before.days_past_due, owed.penalty_fen, owed.compound_fen), (10, 3_000, 101));
    let event = flood(DeferredScope::PrincipalAndInterest);
    accept(&terms, &life, &event).unwrap();
    life.push(event);
    let after = fold(&terms, &life, date("2027-07-10")).unwrap();
    let owed = after.overdue_parts().unwrap();
    assert_eq!((after.days_past_due, owed.principal_fen, owed.interest_fen, owed.penalty_fen), (0, 0, 0, 3_000));
    assert_eq!(class_marks(&terms, &life).unwrap(), [(date("2027-07-10"), ClassMark::Restructured)]);
    // October: 18,000 for 123 days and 12,000 for the 113 days from 10 July; December: 61 days of 12,000, and the 605 put off.
    insta::assert_snapshot!(table(&after), @r"
    row  due         principal    interest        fee       total     balance
      1  2027-06-30       0.00        0.00       0.00        0.00    30000.00
      2  2027-10-31   18000.00      595.00       0.00    18595.00    12000.00
      3  2027-12-31   12000.00      727.00       0.00    12727.00        0.00
    ");
    let later = fold(&terms, &life, date("2027-09-30")).unwrap();
    assert_eq!(later.overdue_parts().unwrap().penalty_fen, 3_000, "the penalty has stopped");
    let by_days = (18_000 * 92 + 12_000 * 82) * 6 * 100 / (100 * 360);
    assert_eq!(later.accrued.floor_fen().unwrap(), by_days);
    // Paying it all off takes in what was put off.
    assert_eq!(later.payoff_fen, 3_000_000 + by_days + 60_500 + 3_000 + owed.compound_fen);
}

#[test]
fn equal_instalments_skip_three_months() {
    let terms = terms(Method::EqualInstalments, InterestBasis::Twelfth, 600_000, "2027-01-31", Term::Months(6));
    let mut life = vec![LifeEvent::new(1, date("2027-01-31"), Happening::Disbursed { amount_fen: 600_000 })];
    let before = fold(&terms, &life, date("2027-03-10")).unwrap();
    let parts: Vec<DeferredPart> = before
        .instalments
        .iter()
        .filter(|row| !row.is_due)
        .take(3)
        .map(|row| DeferredPart { due: row.due_on, principal_fen: row.due.principal_fen })
        .collect();
    let put_off = Deferral { parts, ..deferral(&[], "2027-10-31", DeferredScope::Principal, DeferredInterest::RunsOn) };
    let event = LifeEvent::new(2, date("2027-03-10"), Happening::Deferred(put_off));
    accept(&terms, &life, &event).unwrap();
    life.push(event);
    insta::assert_snapshot!(format!("{}\n{}", table(&before), table(&fold(&terms, &life, date("2027-03-10")).unwrap())), @r"
    row  due         principal    interest        fee       total     balance
      1  2027-02-28     987.57       30.00       0.00     1017.57     5012.43
      2  2027-03-31     992.51       25.06       0.00     1017.57     4019.92
      3  2027-04-30     997.47       20.10       0.00     1017.57     3022.45
      4  2027-05-31    1002.46       15.11       0.00     1017.57     2019.99
      5  2027-06-30    1007.47       10.10       0.00     1017.57     1012.52
      6  2027-07-31    1012.52        5.06       0.00     1017.58        0.00

    row  due         principal    interest        fee       total     balance
      1  2027-02-28     987.57       30.00       0.00     1017.57     5012.43
      2  2027-03-31       0.00       25.06       0.00       25.06     5012.43
      3  2027-04-30       0.00       25.06       0.00       25.06     5012.43
      4  2027-05-31       0.00       25.06       0.00       25.06     5012.43
      5  2027-06-30    1007.47       25.06       0.00     1032.53     4004.96
      6  2027-07-31    1012.52       20.02       0.00     1032.54     2992.44
      7  2027-10-31    2992.44       44.89       0.00     3037.33        0.00
    ");
}

#[test]
fn a_contract_without_a_longest_term_is_put_off_a_year_at_most() {
    let (terms, life) = two_harvests();
    let terms = LoanTerms { change: None, ..terms };
    let put_off = |to| {
        let change = LifeEvent::new(3, date("2027-06-05"), principal_deferred(&[("2027-06-30", 1_200_000)], to));
        accept(&terms, &life, &change).map_err(|error| error.to_string())
    };
    assert_eq!(put_off("2028-10-31"), Ok(()));
    insta::assert_snapshot!(put_off("2028-11-01").unwrap_err(), @"event 00000000-0000-0000-0000-000000000003 cannot change the contract: it would run until 2028-11-01, and a contract that names no longest term is put off to 2028-10-31 at most, 12 months after its end: choose an earlier date");
}

#[test]
fn refusals_say_why() {
    let (terms, life) = two_harvests();
    let told = |on: &str, what: Happening, life: &[LifeEvent]| {
        accept(&terms, life, &LifeEvent::new(9, date(on), what)).unwrap_err().to_string()
    };
    let rows = [("2027-09-30", 1_200_000), ("2027-12-31", 1_800_000)];
    let june = [("2027-06-30", 1_200_000)];
    let none_yet = &life[..1];
    let without = |parts: &[(&str, i64)], to: &str| {
        let put_off = deferral(parts, to, DeferredScope::Principal, DeferredInterest::RunsOn);
        Happening::Deferred(Deferral { consent: unsigned(), ..put_off })
    };
    let refusals = [
        told("2027-05-01", replan(&rows, signed()), &life),
        told("2027-05-01", replan(&rows, unsigned()), none_yet),
        told("2027-05-01", replan(&[("2027-04-30", 3_000_000)], signed()), none_yet),
        told("2027-05-01", replan(&[("2027-06-30", 2_999_999)], signed()), none_yet),
        told("2027-05-01", replan(&[("2027-06-30", 1), ("2027-06-30", 2_999_999)], signed()), none_yet),
        told("2027-05-01", replan(&[("2027-06-30", 3_000_001), ("2027-07-31", -1)], signed()), none_yet),
        told("2027-05-01", replan(&[], signed()), none_yet),
        told("2027-05-01", replan(&[("2029-03-02", 3_000_000)], signed()), none_yet),
        told("2027-05-01", replan(&[("2027-06-30", 3_000_000)], unsigned()), none_yet),
        told("2027-02-27", replan(&rows, signed()), none_yet),
        told("2027-03-01", replan(&rows, signed()), none_yet),
        told("2028-02-01", replan(&rows, signed()), none_yet),
        told("2027-06-05", principal_deferred(&june, "2029-03-31"), &life),
        told("2027-06-05", principal_deferred(&june, "2027-06-30"), &life),
        told("2027-06-05", principal_deferred(&[("2027-07-31", 1)], "2027-10-31"), &life),
        told("2027-06-05", principal_deferred(&[("2027-06-30", 1_200_001)], "2027-10-31"), &life),
        told("2027-06-05", principal_deferred(&[], "2027-10-31"), &life),
        told("2027-06-05", without(&june, "2027-10-31"), &life),
        told("2027-10-15", principal_deferred(&june, "2027-12-31"), &life),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it was re-planned 1 times, and may be 1
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it costs 121.00 more, and the borrower has not agreed to that
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: its first row is due on 2027-04-30, which is not after 2027-05-01
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: its rows repay 29999.99, and 30000.00 is still to come
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: its rows are not in the order of their due dates
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: a row of it is negative
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it has no rows
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it would run until 2029-03-02, and the longest term of 24 months ends on 2029-03-01: choose an earlier date
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it asks for principal earlier, and the borrower has not agreed to that
    event 00000000-0000-0000-0000-000000000009 is dated before the loan was disbursed: check its value date
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it counts from the day after the disbursement of 2027-03-01 at the earliest
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: the loan is 93 days past due, and is not changed beyond 90: restructure it instead
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it would run until 2029-03-31, and the longest term of 24 months ends on 2029-03-01: choose an earlier date
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: the row of 2027-06-30 is not due before 2027-06-30
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: no row is due on 2027-07-31
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it puts off 12000.01 of the row of 2027-06-30, and 12000.00 is unpaid of it
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it must put off 1 to 600 rows
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: it costs 246.00 more, and the borrower has not agreed to that
    event 00000000-0000-0000-0000-000000000009 cannot change the contract: the loan is 107 days past due, and is not changed beyond 90: restructure it instead
    ");
}

/// Day, kind, days to the first due date, days between due dates, thousandths of the principal, scope, interest.
type Change = (i32, u8, i32, i32, i64, bool, bool);

fn any_change() -> impl Strategy<Value = Change> {
    (1..600i32, 0u8..4, 5..200i32, 1..200i32, 0..=1_000i64, any::<bool>(), any::<bool>())
}

/// Terms that may be changed three times within three years.
fn changing(daily: bool, principal_fen: i64) -> LoanTerms {
    let (method, basis) = match daily {
        true => (Method::Bullet, InterestBasis::Daily),
        false => (Method::EqualInstalments, InterestBasis::Twelfth),
    };
    let change = Some(ChangeLimits { term_max_months: 36, replans_max: 3, arrears_days_max: 90 });
    LoanTerms { change, ..terms(method, basis, principal_fen, "2027-03-01", Term::Months(12)) }
}

/// The events among these that are accepted one after the other: payments, re-plans, deferrals, reversals.
fn accepted(terms: &LoanTerms, changes: &[Change]) -> Vec<LifeEvent> {
    let principal_fen = terms.principal.minor();
    let mut life = vec![LifeEvent::new(1, terms.start, Happening::Disbursed { amount_fen: principal_fen })];
    for (id, (on, kind, first, gap, split, scope, stops)) in (2u128..).zip(changes) {
        let on = terms.start.add_days(*on);
        let Ok(state) = fold(terms, &life, on) else { continue };
        let due = on.add_days(*first);
        let what = match kind {
            0 => Happening::Paid { amount_fen: (principal_fen / 1_000 * split).max(1) },
            1 => {
                let to_come: i64 = state.instalments.iter().filter(|r| !r.is_due).map(|r| r.due.principal_fen).sum();
                let principal_fen = to_come / 1_000 * split;
                let rows = vec![
                    ReplanRow { due, principal_fen },
                    ReplanRow { due: due.add_days(*gap), principal_fen: to_come - principal_fen },
                ];
                Happening::Replanned(Replan { rows, reason: ReplanReason::IncomeMoved, consent: signed() })
            }
            2 => {
                let rows = state.instalments.iter().filter(|row| row.due_on < due);
                let parts = rows
                    .map(|row| DeferredPart {
                        due: row.due_on,
                        principal_fen: row.unpaid_fen(loan::Component::Principal) / 1_000 * split,
                    })
                    .collect();
                let scope = if *scope { DeferredScope::Principal } else { DeferredScope::PrincipalAndInterest };
                let interest = if *stops { DeferredInterest::Stops } else { DeferredInterest::RunsOn };
                Happening::Deferred(Deferral { event: "e".into(), parts, to: due, scope, interest, consent: signed() })
            }
            _ => Happening::Reversed { target: Id::from_u128(1 + u128::try_from(*split).unwrap() % id) },
        };
        let event = LifeEvent::new(id, on, what);
        if accept(terms, &life, &event).is_ok() {
            life.push(event);
        }
    }
    life
}

proptest! {
    #[test]
    fn no_change_makes_or_loses_a_fen(
        daily in any::<bool>(),
        principal_fen in 1_000..100_000_000i64,
        changes in proptest::collection::vec(any_change(), 0..10),
        shuffle in any::<u64>(),
        as_of in 0..900i32,
    ) {
        let terms = changing(daily, principal_fen);
        let life = accepted(&terms, &changes);
        let as_of = terms.start.add_days(as_of);
        let state = fold(&terms, &life, as_of).unwrap();

        if let Some(schedule) = &state.schedule {
            prop_assert_eq!(schedule.rows.iter().map(|row| row.principal_fen).sum::<i64>(), principal_fen);
            prop_assert_eq!(state.instalments.iter().map(|row| row.due.principal_fen).sum::<i64>(), principal_fen);
            prop_assert!(schedule.rows.windows(2).all(|pair| pair[0].due <= pair[1].due));
            prop_assert!(schedule.rows.iter().all(|row| row.interest_fen >= 0 && row.principal_fen >= 0));
            prop_assert_eq!(schedule.rows.last().unwrap().balance_after_fen, 0);
            let limits = terms.change.unwrap();
            prop_assert!(schedule.maturity() <= limits.last_due(schedule.start).unwrap().max(terms.start.add_months(12).unwrap()));
        }
        // Any order of arrival is the same state.
        let mut other = life.clone();
        let count = other.len();
        for index in 0..count {
            other.swap(index, usize::try_from(shuffle.rotate_left(index as u32 * 7) % count as u64).unwrap());
        }
        prop_assert_eq!(&fold(&terms, &other, as_of).unwrap(), &state);

        // What has accrued when a row falls due is what it asks for, beside interest put off to it.
        let until: Vec<LifeEvent> = life.iter().filter(|event| event.value_date <= as_of).cloned().collect();
        let carries = |event: &LifeEvent| {
            matches!(&event.what, Happening::Deferred(d) if d.scope == DeferredScope::PrincipalAndInterest)
        };
        let state = fold(&terms, &until, as_of).unwrap();
        if let Some(due) = state.next_due.filter(|_| !until.iter().any(carries)) {
            let eve = fold(&terms, &until, due.add_days(-1)).unwrap();
            let on = fold(&terms, &until, due).unwrap();
            let row = on.instalments.iter().find(|row| row.due_on == due && row.is_due).unwrap();
            let (accrued, segment) = (eve.accrued, eve.segment.unwrap());
            let grown = accrued.numerator + segment.numerator;
            let own_fen = basics::money::div_round(grown, accrued.denominator, Rounding::HalfUp).unwrap();
            prop_assert!(row.due.interest_fen == own_fen || on.closed_on == Some(due));
        }
    }

    #[test]
    fn no_more_is_put_off_than_is_owed(
        daily in any::<bool>(),
        changes in proptest::collection::vec(any_change(), 0..6),
        prepaid in proptest::collection::vec((1..400i32, 1..=900i64, 0usize..4), 0..3),
        on in 2..500i32,
        ahead in 1..400i32,
    ) {
        let terms = changing(daily, 3_000_000);
        let on = terms.start.add_days(on);
        let mut life: Vec<LifeEvent> = accepted(&terms, &changes);
        for (id, (day, part, strategy)) in (200u128..).zip(&prepaid) {
            use loan::terms::PrepayStrategy::{LastInstalment, NextInstalment, ReduceInstalment, ReduceTerm};
            let strategy = [ReduceInstalment, ReduceTerm, NextInstalment, LastInstalment][*strategy];
            let prepayment = loan::act::Prepayment { amount_fen: part * 3_000, strategy };
            let event = LifeEvent::new(id, terms.start.add_days(*day), Happening::Prepaid(prepayment));
            if accept(&terms, &life, &event).is_ok() {
                life.push(event);
            }
        }
        life.retain(|event| event.value_date <= on);
        let state = fold(&terms, &life, on).unwrap();
        let to = on.add_days(ahead);
        let unpaid = state.instalments.iter().map(|row| (row.due_on, row.unpaid_fen(loan::Component::Principal)));
        let parts: Vec<DeferredPart> = unpaid
            .filter(|(due, fen)| *due < to && *fen > 0)
            .map(|(due, principal_fen)| DeferredPart { due, principal_fen })
            .collect();
        let asked_fen: i64 = parts.iter().map(|part| part.principal_fen).sum();
        let what = Deferral {
            event: "e".into(),
            parts,
            to,
            scope: DeferredScope::Principal,
            interest: DeferredInterest::RunsOn,
            consent: signed(),
        };
        if let Ok(shown) = loan::season::preview(&terms, &life, &LifeEvent::new(999, on, Happening::Deferred(what))) {
            prop_assert!(shown.moved_fen() <= state.principal_fen, "{} of {}", shown.moved_fen(), state.principal_fen);
            prop_assert_eq!(shown.moved_fen(), asked_fen);
        }
    }

    #[test]
    fn taking_an_event_back_restores_the_loan(
        daily in any::<bool>(),
        changes in proptest::collection::vec(any_change(), 1..10),
        pick in any::<proptest::sample::Index>(),
        as_of in 0..900i32,
    ) {
        let terms = changing(daily, 3_000_000);
        let life = accepted(&terms, &changes);
        let target = pick.get(&life).clone();
        let last = life.iter().map(|event| event.value_date).max().unwrap();
        let undo = LifeEvent::new(99, last, Happening::Reversed { target: target.id });
        let accepted = accept(&terms, &life, &undo);
        let is_undone = |event: &LifeEvent| {
            let by = |other: &LifeEvent| other.what == Happening::Reversed { target: event.id };
            matches!(event.what, Happening::Reversed { .. }) || life.iter().any(by)
        };
        prop_assert_eq!(accepted.is_err(), is_undone(&target));
        if accepted.is_ok() {
            let with: Vec<LifeEvent> = life.iter().chain([&undo]).cloned().collect();
            let without: Vec<LifeEvent> = life.iter().filter(|event| event.id != target.id).cloned().collect();
            let as_of = terms.start.add_days(as_of);
            prop_assert_eq!(fold(&terms, &with, as_of).unwrap(), fold(&terms, &without, as_of).unwrap());
        }
    }
}
