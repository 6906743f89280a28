//! What is done to running loans of the house rule beside changes of contract agreed one by one: money that goes back or is
//! granted, charges, other due dates, arrears spread anew, fees on default.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use std::fmt::Write;

use basics::money::format_minor;
use basics::{Currency, Date, Id, Money, Rate};
use loan::arrears::ReAge;
use loan::conventions::Unit;
use loan::sheet::account_sheet;
use loan::{
    ChargeAmount, ChargeBase, ChargeDue, ChargeKind, ChargeTerms, Component, Fee, FeeAmount, FeeBase, FeeWhen,
    Happening, LifeEvent, LoanState, LoanStatus, LoanTerms, Method, Reage, Receipt, Reschedule, RulePack, Term, accept,
    fold,
};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn percent(text: &str) -> Rate {
    Rate::parse_percent(text).unwrap()
}

/// 6,000.00 at 6 %, six equal instalments of principal and interest from 2026-02-10 on, penalty 9 %.
fn terms(method: Method) -> LoanTerms {
    let amount = Money::parse("6000", Currency::CNY).unwrap();
    LoanTerms {
        penalty_rate: percent("9"),
        ..LoanTerms::plain(amount, percent("6"), method, Term::Months(6), date("2026-01-10"))
    }
}

fn event(id: u128, on: &str, what: Happening) -> LifeEvent {
    LifeEvent::new(id, date(on), what)
}

fn paid(id: u128, on: &str, amount_fen: i64) -> LifeEvent {
    event(id, on, Happening::Paid { amount_fen })
}

/// The loan with each of these accepted in turn.
fn lived(terms: &LoanTerms, events: &[LifeEvent]) -> Vec<LifeEvent> {
    let start = Happening::Disbursed { amount_fen: terms.principal.minor() };
    let mut life = vec![LifeEvent::new(1, terms.start, start)];
    for event in events {
        accept(terms, &life, event).map_err(|e| format!("{:?}: {e}", event.what)).unwrap();
        life.push(event.clone());
    }
    life
}

fn refused(terms: &LoanTerms, life: &[LifeEvent], on: &str, what: Happening) -> String {
    accept(terms, life, &event(999, on, what)).unwrap_err().to_string()
}

/// What each instalment asks for and what is unpaid of it, then the loan in a line.
fn table(terms: &LoanTerms, life: &[LifeEvent], on: &str) -> String {
    let state = fold(terms, life, date(on)).unwrap();
    let mut out = format!("{on}      principal  interest     fee  penalty     unpaid\n");
    for row in &state.instalments {
        let unpaid: i64 = Component::ALL.iter().map(|c| row.unpaid_fen(*c)).sum();
        writeln!(
            out,
            "{:>3} {} {:>9} {:>9} {:>7} {:>8} {:>10}{}",
            row.number,
            row.due_on,
            format_minor(row.due.principal_fen),
            format_minor(row.due.interest_fen),
            format_minor(row.due.fee_fen),
            format_minor(row.due.penalty_fen),
            format_minor(unpaid),
            if row.is_due { "" } else { " to come" }
        )
        .unwrap();
    }
    writeln!(out, "{}", line(&state)).unwrap();
    out
}

fn line(state: &LoanState) -> String {
    format!(
        "{:?}, principal {}, {} days past due, ahead {}, received {}, went back {}",
        state.status,
        format_minor(state.principal_fen),
        state.days_past_due,
        format_minor(state.credit_fen),
        format_minor(state.totals.received_fen),
        format_minor(state.totals.refunded_fen)
    )
}

#[test]
fn a_payment_charged_back_is_owed_since_its_due_date() {
    let terms = terms(Method::EqualPrincipal);
    let chargeback = Happening::ChargedBack { payment: Id::from_u128(3), amount_fen: 102_500 };
    let life = lived(
        &terms,
        &[paid(2, "2026-02-10", 103_000), paid(3, "2026-03-10", 102_500), event(4, "2026-03-20", chargeback.clone())],
    );
    // Ten days late as of the day it went back; penalty runs from that day alone, by 0.25 a day on 1,000.00.
    insta::assert_snapshot!(table(&terms, &life, "2026-03-24"), @r"
    2026-03-24      principal  interest     fee  penalty     unpaid
      1 2026-02-10   1000.00     30.00    0.00     0.00       0.00
      2 2026-03-10   1000.00     25.00    0.00     1.00    1026.00
      3 2026-04-10   1000.00     20.00    0.00     0.00    1020.00 to come
      4 2026-05-10   1000.00     15.00    0.00     0.00    1015.00 to come
      5 2026-06-10   1000.00     10.00    0.00     0.00    1010.00 to come
      6 2026-07-10   1000.00      5.00    0.00     0.00    1005.00 to come
    Overdue, principal 5000.00, 14 days past due, ahead 0.00, received 2055.00, went back 1025.00
    ");
    insta::assert_snapshot!(account_sheet(&terms, &life, date("2026-03-24")).unwrap(), @r"
    date        what                  debit     credit  principal  interest     fees  penalty compound    ahead
    2026-01-10  disbursed           6000.00       0.00    6000.00      0.00     0.00     0.00     0.00     0.00
    2026-02-10  due                   30.00       0.00    6000.00     30.00     0.00     0.00     0.00     0.00
    2026-02-10  paid                   0.00    1030.00    5000.00      0.00     0.00     0.00     0.00     0.00
    2026-03-10  due                   25.00       0.00    5000.00     25.00     0.00     0.00     0.00     0.00
    2026-03-10  paid                   0.00    1025.00    4000.00      0.00     0.00     0.00     0.00     0.00
    2026-03-20  charged back        1025.00       0.00    5000.00     25.00     0.00     0.00     0.00     0.00
    2026-03-24  penalty run up         1.00       0.00    5000.00     25.00     0.00     1.00     0.00     0.00
    ");
    // Paid again it is as it was, but for the penalty; and no payment goes back twice.
    let owed = fold(&terms, &life, date("2026-03-24")).unwrap().overdue_parts().unwrap();
    assert_eq!((owed.principal_fen, owed.interest_fen, owed.penalty_fen), (100_000, 2_500, 100));
    insta::assert_snapshot!(refused(&terms, &life, "2026-03-24", chargeback), @"event 00000000-0000-0000-0000-0000000003e7 is of 1025.00, and only 0.00 is there to charge back");
    let prepaid = Happening::Prepaid(loan::act::Prepayment {
        amount_fen: 400_000,
        strategy: loan::terms::PrepayStrategy::ReduceTerm,
    });
    let life = lived(&terms, &[event(2, "2026-01-20", prepaid)]);
    let what = Happening::ChargedBack { payment: Id::from_u128(2), amount_fen: 100 };
    insta::assert_snapshot!(refused(&terms, &life, "2026-01-25", what), @"event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it changed the plan, or no money came: reverse it instead");
    // Paid off ahead of its time, the plan is gone: the payment itself is reversed.
    let payoff = fold(&terms, &life[..1], date("2026-03-01")).unwrap().payoff_fen;
    let life = lived(&terms, &[paid(2, "2026-03-01", payoff)]);
    let what = Happening::ChargedBack { payment: Id::from_u128(2), amount_fen: 100 };
    insta::assert_snapshot!(refused(&terms, &life, "2026-03-02", what), @"event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: the loan was paid off on 2026-03-01, before its plan ended on 2026-07-10: reverse the payment, so that the plan stands again");
}

#[test]
fn money_of_an_open_loan_goes_back_from_what_is_ahead_first() {
    let terms = terms(Method::EqualPrincipal);
    let life = lived(
        &terms,
        &[paid(2, "2026-02-10", 113_000), event(3, "2026-02-20", Happening::RefundedCash { amount_fen: 20_000 })],
    );
    insta::assert_snapshot!(table(&terms, &life, "2026-02-20"), @r"
    2026-02-20      principal  interest     fee  penalty     unpaid
      1 2026-02-10   1000.00     30.00    0.00     0.00     100.00
      2 2026-03-10   1000.00     25.00    0.00     0.00    1025.00 to come
      3 2026-04-10   1000.00     20.00    0.00     0.00    1020.00 to come
      4 2026-05-10   1000.00     15.00    0.00     0.00    1015.00 to come
      5 2026-06-10   1000.00     10.00    0.00     0.00    1010.00 to come
      6 2026-07-10   1000.00      5.00    0.00     0.00    1005.00 to come
    Overdue, principal 5100.00, 10 days past due, ahead 0.00, received 1130.00, went back 200.00
    ");
    let too_much = Happening::RefundedCash { amount_fen: 93_001 };
    insta::assert_snapshot!(refused(&terms, &life, "2026-02-20", too_much), @"event 00000000-0000-0000-0000-0000000003e7 is of 930.01, and only 930.00 is there to refund");
}

#[test]
fn what_is_not_due_is_not_granted_nor_given_back_and_lies_nowhere_as_cash() {
    let terms = terms(Method::EqualPrincipal);
    let charge = fee("survey", ChargeDue::On(date("2026-03-01")), ChargeAmount::Flat(5_000));
    let life = lived(&terms, &[event(2, "2026-01-20", charge)]);
    let grant = Happening::Received { receipt: Receipt::Goodwill, amount_fen: 1 };
    insta::assert_snapshot!(refused(&terms, &life, "2026-02-09", grant), @"event 00000000-0000-0000-0000-0000000003e7 is of 0.01, and only 0.00 is there to grant");
    let given = |amount_fen| Happening::ChargeAdjusted { charge: Id::from_u128(2), amount_fen };
    insta::assert_snapshot!(refused(&terms, &life, "2026-02-28", given(1)), @"event 00000000-0000-0000-0000-0000000003e7 is of 0.01, and only 0.00 is there to give back");
    insta::assert_snapshot!(refused(&terms, &life, "2026-03-01", given(5_001)), @"event 00000000-0000-0000-0000-0000000003e7 is of 50.01, and only 50.00 is there to give back");
}

#[test]
fn no_new_plan_is_dated_on_the_day_of_the_disbursement() {
    let terms = LoanTerms { re_age: Some(ReAge::Kept), ..terms(Method::EqualPrincipal) };
    let life = lived(&terms, &[]);
    let change = Reschedule { new_due: Some(date("2026-03-20")), ..Reschedule::default() };
    let moved = Happening::Rescheduled { from_due: date("2026-03-10"), change };
    insta::assert_snapshot!(refused(&terms, &life, "2026-01-10", moved.clone()), @"event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it counts from the day after the disbursement of 2026-01-10 at the earliest");
    accept(&terms, &life, &event(999, "2026-01-11", moved)).unwrap();
    let spread = Reage { start: date("2026-02-20"), count: 3, every: 1, unit: Unit::Months };
    let misused = Happening::Misused { penalty_rate: percent("12") };
    for what in [Happening::Reaged { spread }, Happening::Reamortised, misused] {
        assert!(refused(&terms, &life, "2026-01-10", what).contains("the day after the disbursement"));
    }
}

#[test]
fn a_courtesy_pays_and_is_no_money() {
    let terms = terms(Method::EqualPrincipal);
    let grant = |amount_fen| Happening::Received { receipt: Receipt::Goodwill, amount_fen };
    let life = lived(&terms, &[event(2, "2026-02-20", grant(3_000))]);
    let state = fold(&terms, &life, date("2026-02-20")).unwrap();
    // 30.00 of interest is met; 2.50 of penalty and the principal stay.
    assert_eq!((state.totals.paid.interest_fen, state.totals.granted.goodwill_fen), (3_000, 3_000));
    assert_eq!(state.overdue_parts().unwrap().total_fen().unwrap(), 100_250);
    insta::assert_snapshot!(refused(&terms, &life, "2026-02-20", grant(700_000)), @"event 00000000-0000-0000-0000-0000000003e7 is of 7000.00, and only 1002.50 is there to grant");
}

#[test]
fn what_the_payee_gives_back_pays_the_end_of_the_plan() {
    let mut terms = terms(Method::EqualPrincipal);
    // The fee of a prepayment is not asked for: the borrower had nothing of the money.
    terms.prepayment = Some(loan::terms::PrepaymentRule {
        allowed: loan::terms::Prepaying::WholeOrPart,
        notice_days: 0,
        fee: Some(FeeAmount::Ppm(10_000)),
        strategies: Vec::new(),
    });
    let back = Happening::Received { receipt: Receipt::PayoutRefund, amount_fen: 150_000 };
    let life = lived(&terms, &[event(2, "2026-01-25", back)]);
    insta::assert_snapshot!(table(&terms, &life, "2026-01-25"), @r"
    2026-01-25      principal  interest     fee  penalty     unpaid
      0 2026-01-25   1500.00      0.00    0.00     0.00       0.00
      1 2026-02-10   1000.00     26.13    0.00     0.00    1026.13 to come
      2 2026-03-10   1000.00     17.50    0.00     0.00    1017.50 to come
      3 2026-04-10   1000.00     12.50    0.00     0.00    1012.50 to come
      4 2026-05-10   1000.00      7.50    0.00     0.00    1007.50 to come
      5 2026-06-10    500.00      2.50    0.00     0.00     502.50 to come
    Active, principal 4500.00, 0 days past due, ahead 0.00, received 1500.00, went back 0.00
    ");
}

fn fee(code: &str, due: ChargeDue, amount: ChargeAmount) -> Happening {
    let charge = ChargeTerms { code: code.into(), kind: ChargeKind::Fee, due, amount };
    Happening::ChargeAdded { charge }
}

#[test]
fn charges_join_their_instalments_and_are_let_off_or_given_back() {
    let terms = terms(Method::EqualPrincipal);
    let life = lived(
        &terms,
        &[
            event(2, "2026-01-20", fee("survey", ChargeDue::On(date("2026-03-01")), ChargeAmount::Flat(5_000))),
            event(
                3,
                "2026-02-01",
                fee("keeping", ChargeDue::EachInstalment, ChargeAmount::Share(10_000, ChargeBase::Principal)),
            ),
            paid(4, "2026-02-10", 104_000),
            // A tenth of the survey is let off before it is due, and 10.00 of the first keeping fee is given back.
            event(5, "2026-02-12", Happening::ChargeWaived { charge: Id::from_u128(2), amount_fen: 500 }),
            event(6, "2026-02-12", Happening::ChargeAdjusted { charge: Id::from_u128(3), amount_fen: 1_000 }),
        ],
    );
    insta::assert_snapshot!(table(&terms, &life, "2026-02-12"), @r"
    2026-02-12      principal  interest     fee  penalty     unpaid
      1 2026-02-10   1000.00     30.00   10.00     0.00       0.00
      2 2026-03-10   1000.00     25.00   55.00     0.00    1080.00 to come
      3 2026-04-10   1000.00     20.00   10.00     0.00    1030.00 to come
      4 2026-05-10   1000.00     15.00   10.00     0.00    1025.00 to come
      5 2026-06-10   1000.00     10.00   10.00     0.00    1020.00 to come
      6 2026-07-10   1000.00      5.00   10.00     0.00    1015.00 to come
    Active, principal 5000.00, 0 days past due, ahead 10.00, received 1050.00, went back 0.00
    ");
    let state = fold(&terms, &life, date("2026-03-10")).unwrap();
    assert_eq!(state.totals.granted.adjusted.fee_fen, 1_000);
    let survey = &state.charges[0];
    assert_eq!((survey.amount_fen(), survey.waived_fen(), survey.unpaid_fen()), (5_000, 500, 3_500));
    assert_eq!(state.totals.waived.fee_fen, 0, "what was let off before it was due was never asked for");
    let said = [
        ("2026-03-11", Happening::ChargeAdjusted { charge: Id::from_u128(3), amount_fen: 5_001 }),
        ("2026-03-11", fee("late", ChargeDue::On(date("2026-03-01")), ChargeAmount::Flat(100))),
        ("2026-03-11", fee("late", ChargeDue::On(date("2027-03-01")), ChargeAmount::Flat(100))),
        ("2026-03-11", fee("late", ChargeDue::Disbursement, ChargeAmount::Flat(100))),
        ("2026-03-11", fee("late", ChargeDue::On(date("2026-03-12")), ChargeAmount::Flat(i64::MAX))),
        ("2026-03-11", fee("", ChargeDue::On(date("2026-03-12")), ChargeAmount::Flat(100))),
        ("2026-03-11", Happening::Received { receipt: Receipt::Recovery, amount_fen: 100 }),
    ];
    let said: Vec<String> = said.into_iter().map(|(on, what)| refused(&terms, &life, on, what)).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    event 00000000-0000-0000-0000-0000000003e7 is of 50.01, and only 10.00 is there to give back
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it is due on 2026-03-01, before 2026-03-11: name a later day
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: the plan ends on 2026-07-10: name a day until then
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: the loan is paid out: what was due then stands in its contract; name a day
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: a charge is more than nothing, and a share at most the whole
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: give the charge a code of 1 to 40 characters
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it was not written off: record the money as a payment
    ");
}

#[test]
fn due_dates_move_and_instalments_are_added() {
    let terms = terms(Method::EqualInstalments);
    let mut shown = String::new();
    let change = |change| Happening::Rescheduled { from_due: date("2026-03-10"), change };
    let moved = Reschedule { new_due: Some(date("2026-03-25")), ..Reschedule::default() };
    let longer = Reschedule { extra_instalments: 2, ..Reschedule::default() };
    let lighter = Reschedule { principal_grace: 2, ..Reschedule::default() };
    let dearer = Reschedule { new_rate_ppm: Some(80_000), ..Reschedule::default() };
    for (name, what) in [("moved", moved), ("two more", longer), ("two of interest", lighter), ("at 8 %", dearer)] {
        let life = lived(&terms, &[paid(2, "2026-02-10", 101_758), event(3, "2026-02-20", change(what))]);
        writeln!(shown, "{name}\n{}", fold(&terms, &life, date("2026-02-20")).unwrap().schedule.unwrap()).unwrap();
    }
    insta::assert_snapshot!(shown, @r"
    moved
    row  due         principal    interest        fee       total     balance
      1  2026-02-10     987.57       30.00       0.00     1017.57     5012.43
      2  2026-03-25     983.58       36.52       0.00     1020.10     4028.85
      3  2026-04-25     999.28       20.82       0.00     1020.10     3029.57
      4  2026-05-25    1004.95       15.15       0.00     1020.10     2024.62
      5  2026-06-25    1009.64       10.46       0.00     1020.10     1014.98
      6  2026-07-25    1014.98        5.07       0.00     1020.05        0.00

    two more
    row  due         principal    interest        fee       total     balance
      1  2026-02-10     987.57       30.00       0.00     1017.57     5012.43
      2  2026-03-10     705.40       25.06       0.00      730.46     4307.03
      3  2026-04-10     708.92       21.54       0.00      730.46     3598.11
      4  2026-05-10     712.47       17.99       0.00      730.46     2885.64
      5  2026-06-10     716.03       14.43       0.00      730.46     2169.61
      6  2026-07-10     719.61       10.85       0.00      730.46     1450.00
      7  2026-08-10     723.21        7.25       0.00      730.46      726.79
      8  2026-09-10     726.79        3.63       0.00      730.42        0.00

    two of interest
    row  due         principal    interest        fee       total     balance
      1  2026-02-10     987.57       30.00       0.00     1017.57     5012.43
      2  2026-03-10       0.00       25.06       0.00       25.06     5012.43
      3  2026-04-10       0.00       25.06       0.00       25.06     5012.43
      4  2026-05-10    1662.49       25.06       0.00     1687.55     3349.94
      5  2026-06-10    1670.80       16.75       0.00     1687.55     1679.14
      6  2026-07-10    1679.14        8.40       0.00     1687.54        0.00

    at 8 %
    row  due         principal    interest        fee       total     balance
      1  2026-02-10     987.57       30.00       0.00     1017.57     5012.43
      2  2026-03-10     991.59       30.43       0.00     1022.02     4020.84
      3  2026-04-10     995.21       26.81       0.00     1022.02     3025.63
      4  2026-05-10    1001.85       20.17       0.00     1022.02     2023.78
      5  2026-06-10    1008.53       13.49       0.00     1022.02     1015.25
      6  2026-07-10    1015.25        6.77       0.00     1022.02        0.00
    ");
    let life = lived(&terms, &[]);
    let said = [
        Reschedule::default(),
        Reschedule { new_due: Some(date("2026-02-10")), ..Reschedule::default() },
        Reschedule { principal_grace: 5, ..Reschedule::default() },
        Reschedule { interest_grace: 1, ..Reschedule::default() },
        Reschedule { extra_instalments: 600, ..Reschedule::default() },
        Reschedule { extra_instalments: 594, new_due: Some(date("2027-03-10")), ..Reschedule::default() },
        Reschedule { new_rate_ppm: Some(-1), ..Reschedule::default() },
    ];
    let mut said: Vec<String> =
        said.into_iter().map(|what| refused(&terms, &life, "2026-01-20", change(what))).collect();
    let nowhere = Happening::Rescheduled { from_due: date("2026-03-11"), change: longer };
    said.push(refused(&terms, &life, "2026-01-20", nowhere));
    insta::assert_snapshot!(said.join("\n"), @r"
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it changes nothing: name a due date, instalments or a rate
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: 2026-02-10 is not after 2026-02-10: name a later day
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: 5 instalments without principal leave none of 5 to repay it
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: interest is put off by a deferral, not by a reschedule
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: more than 600 instalments
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it would run until 2077-01-10, and the longest term of 600 months ends on 2076-01-10: choose an earlier date
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: `-1 ppm` is not a rate: give percent with at most four decimals, from 0 to 1000
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: no instalment to come is due on 2026-03-11: name the due date of one
    ");
}

#[test]
fn arrears_are_spread_anew_and_keep_their_days_where_the_contract_says_so() {
    let rules = RulePack::shipped("cn-rural").unwrap().on(date("2026-01-01")).unwrap();
    let mut shown = String::new();
    for re_age in [ReAge::Kept, ReAge::Reset] {
        let terms = LoanTerms { re_age: Some(re_age), ..terms(Method::EqualPrincipal) };
        // Little more than interest was paid: principal is overdue since 02-10.
        let life = lived(
            &terms,
            &[
                paid(2, "2026-02-10", 3_000),
                paid(3, "2026-03-10", 3_200),
                event(4, "2026-03-20", Happening::Reamortised),
            ],
        );
        writeln!(shown, "{re_age:?}\n{}", table(&terms, &life, "2026-03-20")).unwrap();
        let class = |on: &str, life: &[LifeEvent]| {
            let state = fold(&terms, life, date(on)).unwrap();
            (state.days_past_due, state.standing(&rules).unwrap().class.class.0)
        };
        // Until the 1,975.00 of principal that were overdue are paid, which the instalments of April and May do.
        let mut paid_on = life.clone();
        for (id, on, fen) in [(5, "2026-04-10", 160_000), (6, "2026-05-10", 155_000)] {
            paid_on.push(paid(id, on, fen));
        }
        let days = ["2026-03-20", "2026-04-09", "2026-04-10", "2026-05-09", "2026-05-10"];
        let classes: Vec<String> = days.iter().map(|on| format!("{on} {:?}", class(on, &paid_on))).collect();
        writeln!(shown, "{}\n", classes.join("   ")).unwrap();
    }
    insta::assert_snapshot!(shown, @r"
    Kept
    2026-03-20      principal  interest     fee  penalty     unpaid
      1 2026-02-10     25.00     30.00    0.00     9.44       2.44
      2 2026-03-10      0.00     25.00    0.00     2.50      27.50
      3 2026-04-10   1493.75     26.69    0.00     0.00    1520.44 to come
      4 2026-05-10   1493.75     22.41    0.00     0.00    1516.16 to come
      5 2026-06-10   1493.75     14.94    0.00     0.00    1508.69 to come
      6 2026-07-10   1493.75      7.47    0.00     0.00    1501.22 to come
    Overdue, principal 5975.00, 38 days past due, ahead 0.00, received 62.00, went back 0.00

    2026-03-20 (38, 1)   2026-04-09 (58, 1)   2026-04-10 (31, 1)   2026-05-09 (60, 1)   2026-05-10 (0, 0)

    Reset
    2026-03-20      principal  interest     fee  penalty     unpaid
      1 2026-02-10     25.00     30.00    0.00     9.44       2.44
      2 2026-03-10      0.00     25.00    0.00     2.50      27.50
      3 2026-04-10   1493.75     26.69    0.00     0.00    1520.44 to come
      4 2026-05-10   1493.75     22.41    0.00     0.00    1516.16 to come
      5 2026-06-10   1493.75     14.94    0.00     0.00    1508.69 to come
      6 2026-07-10   1493.75      7.47    0.00     0.00    1501.22 to come
    Overdue, principal 5975.00, 10 days past due, ahead 0.00, received 62.00, went back 0.00

    2026-03-20 (10, 1)   2026-04-09 (30, 1)   2026-04-10 (0, 0)   2026-05-09 (0, 0)   2026-05-10 (0, 0)
    ");
    // All of it over new instalments, a week apart.
    let terms = LoanTerms { re_age: Some(ReAge::Kept), ..terms(Method::EqualPrincipal) };
    let spread = Reage { start: date("2026-04-01"), count: 4, every: 1, unit: Unit::Weeks };
    let life = lived(&terms, &[paid(2, "2026-02-10", 3_000), event(3, "2026-03-01", Happening::Reaged { spread })]);
    insta::assert_snapshot!(table(&terms, &life, "2026-03-01"), @r"
    2026-03-01      principal  interest     fee  penalty     unpaid
      1 2026-02-10      0.00     30.00    0.00     4.75       4.75
      2 2026-04-01   1500.00     47.96    0.00     0.00    1547.96 to come
      3 2026-04-08   1500.00      5.25    0.00     0.00    1505.25 to come
      4 2026-04-15   1500.00      3.50    0.00     0.00    1503.50 to come
      5 2026-04-22   1500.00      1.75    0.00     0.00    1501.75 to come
    Overdue, principal 6000.00, 19 days past due, ahead 0.00, received 30.00, went back 0.00
    ");
    // Spread a second time it is the same money: paid off, nothing of it counts as overdue.
    let weeks = |start| Happening::Reaged { spread: Reage { start: date(start), ..spread } };
    let mut life =
        lived(&terms, &[event(2, "2026-03-01", weeks("2026-03-10")), event(3, "2026-03-20", weeks("2026-04-01"))]);
    let late = fold(&terms, &life, date("2026-03-25")).unwrap();
    assert_eq!(late.days_past_due, 43);
    life.push(paid(4, "2026-03-25", late.payoff_fen));
    let closed = fold(&terms, &life, date("2026-03-26")).unwrap();
    assert_eq!((closed.status, closed.days_past_due), (LoanStatus::Closed, 0));
    let plain = self::terms(Method::EqualPrincipal);
    let none = lived(&plain, &[]);
    let wrong = Reage { start: date("2026-03-01"), count: 0, ..spread };
    let said = [
        refused(&plain, &none, "2026-03-01", Happening::Reamortised),
        refused(&terms, &none, "2026-02-01", Happening::Reamortised),
        refused(&terms, &none, "2026-03-01", Happening::Reaged { spread: wrong }),
        refused(&terms, &none, "2026-02-01", Happening::Reaged { spread: wrong }),
        refused(&terms, &none, "2026-02-01", Happening::Reaged { spread: Reage { count: 600, every: 9, ..spread } }),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: its terms offer no new plan over arrears: extend it before its end, or restructure it
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: no principal is overdue
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: the first instalment is due on 2026-03-01, not after 2026-03-01
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: give 1 to 600 instalments, at least one unit apart
    event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it would run until 2129-07-27, and the longest term of 600 months ends on 2076-01-10: choose an earlier date
    ");
}

#[test]
fn a_claim_charged_off_lives_on_and_comes_back_with_the_undo() {
    let terms = terms(Method::Bullet);
    let life = lived(&terms, &[event(2, "2026-10-20", Happening::ChargedOff)]);
    let state = fold(&terms, &life, date("2026-10-20")).unwrap();
    let rules = RulePack::shipped("cn-rural").unwrap().on(date("2026-01-01")).unwrap();
    let standing = state.standing(&rules).unwrap();
    assert_eq!((standing.on_balance.principal_fen, standing.suspended.principal_fen), (0, 600_000));
    assert_eq!((state.principal_fen, state.charged_off_on), (600_000, Some(date("2026-10-20"))));
    insta::assert_snapshot!(refused(&terms, &life, "2026-10-21", Happening::ChargedOff), @"event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it has left the balance sheet already");
    insta::assert_snapshot!(refused(&terms, &life, "2026-10-21", Happening::WrittenOff), @"event 00000000-0000-0000-0000-0000000003e7 cannot change the contract: it was written off on 2026-10-20 already");
    let undone = lived(
        &terms,
        &[
            event(2, "2026-10-20", Happening::ChargedOff),
            event(3, "2026-10-22", Happening::Reversed { target: Id::from_u128(2) }),
        ],
    );
    for day in ["2026-10-20", "2026-11-20"] {
        assert_eq!(fold(&terms, &undone, date(day)).unwrap(), fold(&terms, &life[..1], date(day)).unwrap());
    }
}

#[test]
fn a_fee_on_default_is_charged_once_for_each_instalment() {
    let late = |code: &str, after_days, base, amount| Fee {
        after_days,
        base,
        ..Fee::service(code, "催收费", "collection fee", FeeWhen::Overdue, amount)
    };
    let terms = LoanTerms {
        fees: vec![
            late("letter", 5, FeeBase::Principal, FeeAmount::Flat(2_000)),
            late("visit", 30, FeeBase::Instalment, FeeAmount::Ppm(10_000)),
        ],
        ..terms(Method::EqualPrincipal)
    };
    // Half of the first instalment is paid on the day of the letter: too late for it; 1 % of 514.50 for the visit.
    let life = lived(&terms, &[paid(2, "2026-02-15", 53_675)]);
    let state = |on: &str| fold(&terms, &life, date(on)).unwrap();
    assert_eq!(state("2026-02-14").late_fee_on, Some(date("2026-02-15")));
    assert_eq!(state("2026-02-14").totals.billed.fee_fen, 0);
    assert_eq!(state("2026-02-15").totals.billed.fee_fen, 2_000);
    assert_eq!(state("2026-02-15").late_fee_on, Some(date("2026-03-12")));
    insta::assert_snapshot!(table(&terms, &life, "2026-03-16"), @r"
    2026-03-16      principal  interest     fee  penalty     unpaid
      1 2026-02-10   1000.00     30.00   25.15     4.98     523.38
      2 2026-03-10   1000.00     25.00   20.00     1.50    1046.50
      3 2026-04-10   1000.00     20.00    0.00     0.00    1020.00 to come
      4 2026-05-10   1000.00     15.00    0.00     0.00    1015.00 to come
      5 2026-06-10   1000.00     10.00    0.00     0.00    1010.00 to come
      6 2026-07-10   1000.00      5.00    0.00     0.00    1005.00 to come
    Overdue, principal 5514.50, 34 days past due, ahead 0.00, received 536.75, went back 0.00
    ");
    // Paid before the day it costs nothing, and the sheet adds up.
    let life = lived(&terms, &[paid(2, "2026-02-14", 103_100)]);
    assert_eq!(fold(&terms, &life, date("2026-03-09")).unwrap().totals.billed.fee_fen, 0);
    let table = loan::cost::cost_table(&terms).unwrap();
    let contingent: Vec<String> =
        table.on_default.fees.iter().map(|fee| format!("{} after {} days", fee.code, fee.after_days)).collect();
    assert_eq!(contingent, ["letter after 5 days", "visit after 30 days"]);
    assert!(table.items.len() == 1, "in normal performance there is interest alone");
}

#[test]
fn the_stricter_of_contract_and_rules_stops_income() {
    let rules = RulePack::shipped("cn-rural").unwrap().on(date("2026-01-01")).unwrap();
    for (own, first) in [(None, 91), (Some(60), 61), (Some(120), 91)] {
        let terms = LoanTerms { non_accrual_days: own, ..terms(Method::Bullet) };
        let life = lived(&terms, &[]);
        let due = date("2026-07-10");
        let since = |days| fold(&terms, &life, due.add_days(days)).unwrap().non_accrual_since(&rules);
        assert_eq!((since(first - 1), since(first)), (None, Some(due.add_days(first))), "{own:?}");
    }
}

#[test]
fn what_is_paid_in_the_wrong_time_is_refused() {
    let terms = terms(Method::EqualPrincipal);
    let life = lived(&terms, &[]);
    let payoff = fold(&terms, &life, date("2026-01-20")).unwrap().payoff_fen;
    let closed = lived(&terms, &[paid(2, "2026-01-20", payoff)]);
    assert_eq!(fold(&terms, &closed, date("2026-01-20")).unwrap().status, LoanStatus::Closed);
    let pay = |amount_fen| Happening::Paid { amount_fen };
    let grant = Happening::Received { receipt: Receipt::Goodwill, amount_fen: 100 };
    let said = [
        refused(&terms, &life, "2026-01-09", pay(100)),
        refused(&terms, &life, "2026-01-09", grant.clone()),
        refused(&terms, &closed, "2026-01-21", pay(100)),
        refused(&terms, &closed, "2026-01-21", grant),
        refused(&terms, &closed, "2026-01-21", Happening::ChargedOff),
        refused(&terms, &life, "2026-01-21", pay(i64::MAX)),
        refused(&terms, &life, "2026-01-21", pay(i64::MIN)),
        refused(&terms, &life, "2026-01-21", Happening::RefundedCash { amount_fen: i64::MAX }),
        refused(&terms, &life, "2026-01-21", Happening::ChargedBack { payment: Id::from_u128(1), amount_fen: 1 }),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    event 00000000-0000-0000-0000-0000000003e7 is dated before the loan was disbursed: check its value date
    event 00000000-0000-0000-0000-0000000003e7 is dated before the loan was disbursed: check its value date
    event 00000000-0000-0000-0000-0000000003e7 is dated after the loan was closed on 2026-01-20: nothing is owed
    event 00000000-0000-0000-0000-0000000003e7 is dated after the loan was closed on 2026-01-20: nothing is owed
    event 00000000-0000-0000-0000-0000000003e7 is dated after the loan was closed on 2026-01-20: nothing is owed
    the amount of the event is too large to be kept: split the amount
    event 00000000-0000-0000-0000-0000000003e7 is of no amount: give more than 0.00
    the amount of the event is too large to be kept: split the amount
    event 00000000-0000-0000-0000-0000000003e7 is about 00000000-0000-0000-0000-000000000001, which is no such event of this loan: check the id
    ");
}
