//! The life of loans as tables that a lender reads: date by date, what is due, paid, outstanding.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use std::fmt::Write;

use basics::cbor::{from_bytes, to_bytes};
use basics::money::format_minor;
use basics::{Currency, Date, Id, Money, Rate};
use loan::schedule::{schedule, schedule_drawn};
use loan::{
    ClassMatrix, Component, Happening, InterestBasis, LifeEvent, LoanClass, LoanError, LoanState, LoanStatus,
    LoanTerms, PayPath, Product, Term, Waivable, accept, effects, fold, product,
};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn terms(code: &str, amount: &str, months: u16, start: &str) -> LoanTerms {
    let product = product::shipped(code).unwrap();
    let rate = product.price(Some("B")).unwrap();
    product.terms(Money::parse(amount, product.currency).unwrap(), Term::Months(months), date(start), rate).unwrap()
}

fn disbursed(on: &str, amount_fen: i64) -> LifeEvent {
    LifeEvent::new(1, date(on), Happening::Disbursed { amount_fen })
}

fn paid(id: u128, on: &str, amount_fen: i64) -> LifeEvent {
    LifeEvent::new(id, date(on), Happening::Paid { amount_fen })
}

/// One line a date: what is owed by component, what closes it, days past due.
fn table(terms: &LoanTerms, life: &[LifeEvent], dates: &[&str]) -> String {
    let mut text = String::from(
        "date         principal  int.due  accrued  penalty compound   credit    payoff  dpd  status    next\n",
    );
    for day in dates {
        let state = fold(terms, life, date(day)).unwrap();
        let owed = state.overdue_parts().unwrap();
        writeln!(
            text,
            "{day} {:>11} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>4}  {:<8}  {}",
            format_minor(state.principal_fen),
            format_minor(owed.interest_fen),
            format_minor(state.accrued_floor_fen().unwrap()),
            format_minor(owed.penalty_fen),
            format_minor(owed.compound_fen),
            format_minor(state.credit_fen),
            format_minor(state.payoff_fen),
            state.days_past_due,
            format!("{:?}", state.status),
            state.next_date(&classes()).map_or("-".to_owned(), |d| d.to_string()),
        )
        .unwrap();
    }
    text
}

fn classes() -> ClassMatrix {
    ClassMatrix::new(vec![(1, LoanClass(1)), (91, LoanClass(2)), (271, LoanClass(3)), (361, LoanClass(4))]).unwrap()
}

#[test]
fn typical_schedules() {
    insta::assert_snapshot!(schedule(&terms("short-working-capital", "20000", 6, "2026-08-31")).unwrap(), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-09-30    3271.38      150.00       0.00     3421.38    16728.62
      2  2026-10-31    3295.92      125.46       0.00     3421.38    13432.70
      3  2026-11-30    3320.63      100.75       0.00     3421.38    10112.07
      4  2026-12-31    3345.54       75.84       0.00     3421.38     6766.53
      5  2027-01-31    3370.63       50.75       0.00     3421.38     3395.90
      6  2027-02-28    3395.90       25.47       0.00     3421.37        0.00
    ");
    insta::assert_snapshot!(schedule(&terms("season-bullet", "30000", 8, "2026-03-01")).unwrap(), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-11-01   30000.00     1225.00       0.00    31225.00        0.00
    ");
    insta::assert_snapshot!(schedule(&terms("history-czk-instalment", "96396", 12, "1993-07-05")).unwrap(), @r"
    row  due         principal    interest        fee       total     balance
      1  1993-08-05    8033.00        0.00       0.00     8033.00    88363.00
      2  1993-09-05    8033.00        0.00       0.00     8033.00    80330.00
      3  1993-10-05    8033.00        0.00       0.00     8033.00    72297.00
      4  1993-11-05    8033.00        0.00       0.00     8033.00    64264.00
      5  1993-12-05    8033.00        0.00       0.00     8033.00    56231.00
      6  1994-01-05    8033.00        0.00       0.00     8033.00    48198.00
      7  1994-02-05    8033.00        0.00       0.00     8033.00    40165.00
      8  1994-03-05    8033.00        0.00       0.00     8033.00    32132.00
      9  1994-04-05    8033.00        0.00       0.00     8033.00    24099.00
     10  1994-05-05    8033.00        0.00       0.00     8033.00    16066.00
     11  1994-06-05    8033.00        0.00       0.00     8033.00     8033.00
     12  1994-07-05    8033.00        0.00       0.00     8033.00        0.00
    ");
}

#[test]
fn a_first_period_that_is_no_month_is_charged_by_days() {
    let mut terms = terms("short-working-capital", "20000", 3, "2026-03-05");
    terms.first_due = Some(date("2026-04-20"));
    insta::assert_snapshot!(schedule(&terms).unwrap(), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-04-20    6563.78      230.00       0.00     6793.78    13436.22
      2  2026-05-20    6693.01      100.77       0.00     6793.78     6743.21
      3  2026-06-20    6743.21       50.57       0.00     6793.78        0.00
    ");
    assert!(matches!(schedule_drawn(&terms, 100_000, date("2026-04-20")), Err(LoanError::Terms(_))));
}

#[test]
fn equal_instalments_by_days() {
    let mut terms = terms("short-working-capital", "20000", 3, "2026-01-31");
    terms.basis = InterestBasis::Daily;
    insta::assert_snapshot!(schedule(&terms).unwrap(), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-02-28    6624.67      140.00       0.00     6764.67    13375.33
      2  2026-03-31    6661.01      103.66       0.00     6764.67     6714.32
      3  2026-04-30    6714.32       50.36       0.00     6764.68        0.00
    ");
}

#[test]
fn fees_at_disbursement_are_a_row_of_their_own() {
    let mut terms = terms("season-bullet", "30000", 8, "2026-03-01");
    terms.fees = vec![loan::Fee {
        kind: loan::FeeKind::Premium,
        collector: "insurer".into(),
        ..loan::Fee::service(
            "policy",
            "保险费",
            "Insurance premium",
            loan::FeeWhen::Disbursement,
            loan::FeeAmount::Ppm(5_000),
        )
    }];
    insta::assert_snapshot!(schedule(&terms).unwrap(), @r"
    row  due         principal    interest        fee       total     balance
      0  2026-03-01       0.00        0.00     150.00      150.00    30000.00
      1  2026-11-01   30000.00     1225.00       0.00    31225.00        0.00
    ");
    let life = [disbursed("2026-03-01", 3_000_000), paid(2, "2026-03-01", 15_000)];
    let state = fold(&terms, &life, date("2026-03-02")).unwrap();
    assert_eq!((state.status, state.credit_fen, state.principal_fen), (LoanStatus::Active, 0, 3_000_000));
    assert_eq!(fold(&terms, &life[..1], date("2026-03-02")).unwrap().days_past_due, 1);
}

#[test]
fn paid_late_and_within_grace() {
    let terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    let life = [
        disbursed("2026-03-31", 1_000_000),
        paid(2, "2026-05-03", 338_346), // three days late: within grace
        paid(3, "2026-06-10", 338_346), // ten days late: penalty first, a little principal stays
    ];
    insta::assert_snapshot!(table(&terms, &life, &[
        "2026-03-30", "2026-03-31", "2026-04-15", "2026-04-30", "2026-05-02", "2026-05-03", "2026-05-31",
        "2026-06-03", "2026-06-04", "2026-06-09", "2026-06-10", "2026-06-30", "2026-07-31", "2026-10-01",
    ]), @r"
    date         principal  int.due  accrued  penalty compound   credit    payoff  dpd  status    next
    2026-03-30        0.00     0.00     0.00     0.00     0.00     0.00      0.00    0  Signed    -
    2026-03-31    10000.00     0.00     0.00     0.00     0.00     0.00  10000.00    0  Active    2026-04-30
    2026-04-15    10000.00     0.00    37.50     0.00     0.00     0.00  10037.50    0  Active    2026-04-30
    2026-04-30    10000.00    75.00     0.00     0.00     0.00     0.00  10075.00    0  Active    2026-05-01
    2026-05-02    10000.00    75.00     3.23     0.00     0.00     0.00  10078.24    2  Overdue   2026-05-04
    2026-05-03     6691.54     0.00     4.85     0.00     0.00     0.00   6696.40    0  Active    2026-05-31
    2026-05-31     6691.54    50.19     0.00     0.00     0.00     0.00   6741.73    0  Active    2026-06-01
    2026-06-03     6691.54    50.19     2.51     0.00     0.00     0.00   6744.25    3  Overdue   2026-06-04
    2026-06-04     6691.54    50.19     3.35     5.00     0.00     0.00   6750.09    4  Overdue   2026-06-30
    2026-06-09     6691.54    50.19     7.55    11.25     0.00     0.00   6760.54    9  Overdue   2026-06-30
    2026-06-10     3370.77     0.00     8.39     0.00     0.00     0.00   3379.17   10  Overdue   2026-06-30
    2026-06-30     3370.77    25.19     0.00     0.09     0.00     0.00   3396.05   30  Overdue   2026-07-04
    2026-07-31     3370.77    25.19     0.00    39.28     0.00     0.00   3435.24   61  Overdue   2026-08-30
    2026-10-01     3370.77    25.19     0.00   117.65     0.00     0.00   3513.61  123  Overdue   2027-02-26
    ");
}

#[test]
fn money_ahead_waits_and_enough_of_it_closes() {
    let terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    let life = [disbursed("2026-03-31", 1_000_000), paid(2, "2026-04-15", 400_000), paid(3, "2026-05-10", 620_000)];
    insta::assert_snapshot!(table(&terms, &life, &[
        "2026-04-15", "2026-04-30", "2026-05-09", "2026-05-10", "2026-12-31",
    ]), @r"
    date         principal  int.due  accrued  penalty compound   credit    payoff  dpd  status    next
    2026-04-15    10000.00     0.00    37.50     0.00     0.00  4000.00   6037.50    0  Active    2026-04-30
    2026-04-30     6691.54     0.00     0.00     0.00     0.00   616.54   6075.00    0  Active    2026-05-31
    2026-05-09     6691.54     0.00    14.57     0.00     0.00   616.54   6089.57    0  Active    2026-05-31
    2026-05-10        0.00     0.00     0.00     0.00     0.00   108.81      0.00    0  Closed    -
    2026-12-31        0.00     0.00     0.00     0.00     0.00   108.81      0.00    0  Closed    -
    ");
    let state = fold(&terms, &life, date("2026-05-10")).unwrap();
    assert_eq!(state.closed_on, Some(date("2026-05-10")));
    assert_eq!(state.totals.billed.interest_fen, 7_500 + 1_619);
}

#[test]
fn a_bullet_overdue_bears_penalty_and_compound() {
    let terms = terms("season-bullet", "30000", 6, "2026-03-01");
    let life = [disbursed("2026-03-01", 3_000_000), paid(2, "2026-10-01", 50_000), paid(3, "2026-12-15", 2_000_000)];
    insta::assert_snapshot!(table(&terms, &life, &[
        "2026-03-02", "2026-08-31", "2026-09-01", "2026-09-02", "2026-09-30", "2026-10-01", "2026-11-30",
        "2026-12-01", "2026-12-15", "2027-06-01",
    ]), @r"
    date         principal  int.due  accrued  penalty compound   credit    payoff  dpd  status    next
    2026-03-02    30000.00     0.00     5.00     0.00     0.00     0.00  30005.00    0  Active    2026-09-01
    2026-08-31    30000.00     0.00   915.00     0.00     0.00     0.00  30915.00    0  Active    2026-09-01
    2026-09-01    30000.00   920.00     0.00     0.00     0.00     0.00  30920.00    0  Active    2026-09-02
    2026-09-02    30000.00   920.00     0.00     7.50     0.23     0.00  30927.73    1  Overdue   2026-12-01
    2026-09-30    30000.00   920.00     0.00   217.50     6.67     0.00  31144.17   29  Overdue   2026-12-01
    2026-10-01    30000.00   420.00     0.00   225.00     6.90     0.00  30651.90   30  Overdue   2026-12-01
    2026-11-30    30000.00   420.00     0.00   675.00    13.20     0.00  31108.20   90  Overdue   2026-12-01
    2026-12-01    30000.00   420.00     0.00   682.50    13.31     0.00  31115.81   91  Overdue   2027-05-30
    2026-12-15    10000.00   420.00     0.00   787.50    14.78     0.00  11222.28  105  Overdue   2027-05-30
    2027-06-01    10000.00   420.00     0.00  1207.50    32.42     0.00  11659.92  273  Overdue   2027-08-28
    ");
}

#[test]
fn a_reversal_restores_the_earlier_state() {
    let terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    let mut life = vec![disbursed("2026-03-31", 1_000_000), paid(2, "2026-04-30", 338_346)];
    let as_of = date("2026-05-20");
    let before = fold(&terms, &life, as_of).unwrap();
    life.push(paid(3, "2026-05-05", 700_000));
    assert_eq!(fold(&terms, &life, as_of).unwrap().status, LoanStatus::Closed);
    let undo = LifeEvent::new(4, date("2026-05-18"), Happening::Reversed { target: Id::from_u128(3) });
    accept(&terms, &life, &undo).unwrap();
    life.push(undo);
    assert_eq!(fold(&terms, &life, as_of).unwrap(), before);
}

#[test]
fn a_payment_dated_back_takes_penalty_away() {
    let terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    let mut life = vec![disbursed("2026-03-31", 1_000_000)];
    let today = date("2026-05-20");
    let before = fold(&terms, &life, today).unwrap();
    assert_eq!((before.days_past_due, before.overdue_parts().unwrap().penalty_fen), (20, 2_481));
    life.push(paid(2, "2026-04-30", 338_346));
    let after = fold(&terms, &life, today).unwrap();
    assert_eq!((after.days_past_due, after.overdue_parts().unwrap().penalty_fen), (0, 0));
    let effect = effects(&before, &after).unwrap();
    assert_eq!((effect.billed.penalty_fen, effect.allocation().principal_fen), (-2_481, 330_846));
}

#[test]
fn a_waiver_lets_off_what_is_due_and_no_more() {
    let terms = terms("season-bullet", "30000", 6, "2026-03-01");
    let mut life = vec![disbursed("2026-03-01", 3_000_000)];
    let on = date("2026-09-21");
    let penalty = fold(&terms, &life, on).unwrap().overdue_parts().unwrap().penalty_fen;
    let waive = |id, amount_fen| LifeEvent::new(id, on, Happening::Waived { what: Waivable::Penalty, amount_fen });
    assert!(matches!(accept(&terms, &life, &waive(2, penalty + 1)), Err(LoanError::MoreThanThere { .. })));
    accept(&terms, &life, &waive(2, penalty)).unwrap();
    life.push(waive(2, penalty));
    let state = fold(&terms, &life, on).unwrap();
    assert_eq!((state.overdue_parts().unwrap().penalty_fen, state.totals.waived.penalty_fen), (0, penalty));
    // Paid in time after all, by a payment dated back: the waiver finds nothing.
    life.push(paid(3, "2026-09-01", 3_200_000));
    let state = fold(&terms, &life, on).unwrap();
    assert_eq!((state.status, state.waiver_lapsed_fen), (LoanStatus::Closed, penalty));
}

#[test]
fn what_is_over_can_go_back() {
    let terms = terms("season-bullet", "30000", 6, "2026-03-01");
    let mut life = vec![disbursed("2026-03-01", 3_000_000), paid(2, "2026-09-01", 3_100_000)];
    let on = date("2026-09-01");
    let credit = fold(&terms, &life, on).unwrap().credit_fen;
    assert_eq!(credit, 3_100_000 - 3_000_000 - 92_000);
    let refund = |amount_fen| LifeEvent::new(3, on, Happening::Refunded { amount_fen });
    assert!(accept(&terms, &life, &refund(credit + 1)).is_err());
    accept(&terms, &life, &refund(credit)).unwrap();
    life.push(refund(credit));
    let state = fold(&terms, &life, on).unwrap();
    assert_eq!((state.status, state.credit_fen), (LoanStatus::Closed, 0));
}

#[test]
fn what_is_refused_and_why() {
    let terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    let life = [disbursed("2026-03-31", 1_000_000), paid(2, "2026-04-05", 1_002_000), {
        LifeEvent::new(3, date("2026-04-06"), Happening::Reversed { target: Id::from_u128(9) })
    }];
    let reversal = |id, on, target| LifeEvent::new(id, date(on), Happening::Reversed { target: Id::from_u128(target) });
    let why = |life: &[LifeEvent], event: LifeEvent| accept(&terms, life, &event).unwrap_err().to_string();
    let lines = [
        why(&life, paid(2, "2026-04-06", 1)),
        why(&life, paid(4, "2026-04-06", 1)),
        why(&life, paid(4, "2026-03-30", 1)),
        why(&life, paid(4, "2026-04-01", 0)),
        why(&life, LifeEvent::new(4, date("2026-04-01"), Happening::Disbursed { amount_fen: 1 })),
        why(&[], disbursed("2026-03-31", 1_000_001)),
        why(&life, reversal(4, "2026-04-07", 8)),
        why(&life, reversal(4, "2026-04-07", 3)),
        why(&life, reversal(4, "2026-04-04", 2)),
        why(&[&life[..2], &[reversal(3, "2026-04-06", 2)]].concat(), reversal(4, "2026-04-07", 2)),
        why(&life[..1], paid(4, "2026-04-06", i64::MAX)),
    ];
    insta::assert_snapshot!(lines.join("\n").replace("00000000-0000-0000-0000-00000000000", "…"), @r"
    event …2 is there already: give the new event an id of its own
    event …4 is dated after the loan was closed on 2026-04-05: nothing is owed
    event …4 is dated before the loan was disbursed: check its value date
    event …4 is of no amount: give more than 0.00
    event …4 would disburse the loan a second time: draw a new loan instead
    event …1 disburses 10000.01, more than the 10000.00 that was signed
    event …4 cannot reverse …8: there is no such event in this loan
    event …4 cannot reverse …3: a reversal is not itself reversed; record the event again
    event …4 cannot reverse …2: the reversal is dated before it
    event …4 cannot reverse …2: it is reversed already
    the amount of the event is too large to be kept: split the amount
    ");
}

#[test]
fn by_component_pays_all_interest_before_principal() {
    let mut terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    terms.pay_rule.path = PayPath::ByComponent;
    let life = [disbursed("2026-03-31", 1_000_000), paid(2, "2026-06-30", 15_069)];
    let state = fold(&terms, &life, date("2026-06-30")).unwrap();
    let owed = state.overdue_parts().unwrap();
    assert_eq!((owed.interest_fen, owed.principal_fen), (0, 1_000_000));
}

#[test]
fn accrual_of_a_period_lands_on_its_interest() {
    let terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    let life = [disbursed("2026-03-31", 1_000_000)];
    let day = |text: &str| -> LoanState { fold(&terms, &life, date(text)).unwrap() };
    let segment = day("2026-04-10").segment.unwrap();
    assert_eq!((segment.numerator, segment.denominator), (7_500, 30));
    assert_eq!(day("2026-04-10").accrued.numerator, 10 * 7_500);
    assert_eq!(day("2026-04-29").accrued_floor_fen().unwrap(), 7_250);
    let due = day("2026-04-30");
    assert_eq!((due.totals.billed.interest_fen, due.accrued.numerator), (7_500, 0));
    assert_eq!(due.overdue_parts().unwrap().get(Component::Interest), 7_500);
}

#[test]
fn terms_and_events_read_back_from_their_bytes() {
    let mut terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    terms.first_due = Some(date("2026-04-20"));
    let bytes = to_bytes(&terms);
    assert_eq!(from_bytes::<LoanTerms>(&bytes).unwrap(), terms);
    let life = [
        disbursed("2026-03-31", 1_000_000),
        LifeEvent::new(2, date("2026-04-01"), Happening::Waived { what: Waivable::Fee, amount_fen: 5 }),
        LifeEvent::new(3, date("2026-04-01"), Happening::Noticed { notice: "due-soon".into() }),
    ];
    for event in life {
        assert_eq!(from_bytes::<LifeEvent>(&to_bytes(&event)).unwrap(), event);
    }
    // The codes are stored: they may be added to, never changed. A contract of the first days reads as it was signed.
    let first_days = "8f827573686f72742d776f726b696e672d6361706974616c01821a000f424063434e591a00015f90008200810319503f19505300011a00020f58000380838502010403000082185a85000201040300";
    let stored: Vec<u8> =
        (0..first_days.len()).step_by(2).map(|at| u8::from_str_radix(&first_days[at..at + 2], 16).unwrap()).collect();
    let read = from_bytes::<LoanTerms>(&stored).unwrap();
    assert_eq!((read.spacing, read.rows.len(), read.prepayment.is_none()), (basics::Frequency::MONTHLY, 0, true));
    assert_eq!(schedule(&read).unwrap(), schedule(&terms).unwrap());
}

#[test]
fn product_files_say_what_is_wrong_and_where() {
    let (file, good) = product::SHIPPED[0];
    let edits = [
        ("min = \"1000.00\"", "min = \"1000.001\""),
        ("max = \"50000.00\"", "max = \"500.00\""),
        ("max = 12", "max = 0"),
        ("max = 12", "max = 601"),
        ("unit = \"months\"", "unit = \"days\""),
        ("method = \"equal-instalments\"", "method = \"balloon\""),
        ("rate = \"10.80\"", "rate = \"10.80001\""),
        ("rate = \"10.80\"", "rate = \"10.8001\""),
        ("rating = \"C\"", "rating = \"A\""),
        ("effective_from = \"2026-01-01\"", "effective_from = \"2026-02-30\""),
        ("grace_days = 3", "grace_days = -3"),
        ("grace_days = 3", "grace = 3"),
        ("version = 1", ""),
        ("cap = \"24.00\"", "cap = 24.00"),
        ("\"penalty\", \"principal\"]", "\"penalty\", \"penalty\"]"),
        ("currency = \"CNY\"", "currency = \"yuan\""),
        ("code = \"short-working-capital\"", "code = \"Short\""),
        ("[term]", "[term"),
    ];
    let errors: Vec<String> = edits
        .iter()
        .map(|(from, to)| {
            assert!(good.contains(from), "{from}");
            Product::parse(file, &good.replacen(from, to, 1)).unwrap_err().to_string()
        })
        .collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
    short-working-capital.toml, line 12, `amount.min`: `1000.001` is not an amount: give digits with at most two decimals, such as 1250.00
    short-working-capital.toml, line 13, `amount.max`: must not be less than `amount.min`
    short-working-capital.toml, line 19, `term.max`: must lie between `term.min` and 600 months or 18,300 days
    short-working-capital.toml, line 19, `term.max`: must lie between `term.min` and 600 months or 18,300 days
    short-working-capital.toml, line 17, `term.unit`: equal instalments need `months`
    short-working-capital.toml, line 8, `method`: `balloon` is not known: choose `equal-instalments` or `bullet` or `equal-principal` or `interest-first` or `flat` or `revolving` or `seasonal` or `custom` or `statement-line`
    short-working-capital.toml, line 36, `interest.price.rate`: `10.80001` is not a rate: give percent with at most four decimals, from 0 to 1000
    short-working-capital.toml, line 39, `overdue.penalty_uplift`: the penalty rate is not whole parts per million, or over 1000 %: change the uplift or the rate
    short-working-capital.toml, line 27, `interest.price.rating`: rating `A` has two prices
    short-working-capital.toml, line 6, `effective_from`: `2026-02-30` is not a date: give year-month-day such as 2026-03-05, between 1900 and 2400
    short-working-capital.toml, line 41, `grace_days`: invalid value: integer `-3`, expected u16
    short-working-capital.toml, line 41, `grace`: unknown field `grace`, expected one of `penalty_uplift`, `compound`, `grace_days`, `misuse_uplift`, `non_accrual_days`, `re_age`
    short-working-capital.toml, line 1, `version`: missing field `version`
    short-working-capital.toml, line 52, `cap`: invalid type: floating point `24.0`, expected a string
    short-working-capital.toml, line 45, `payment.order`: name each of the five components once
    short-working-capital.toml, line 7, `currency`: `yuan` is not a currency code: give three capital letters such as CNY
    short-working-capital.toml, line 2, `code`: use 1 to 40 small letters, digits and hyphens
    short-working-capital.toml, line 16, `[term`: unclosed table, expected `]`
    ");
}

#[test]
fn products_keep_their_limits() {
    let product = product::shipped("short-working-capital").unwrap();
    let rate = product.price(Some("A")).unwrap();
    let cny = |text| Money::parse(text, Currency::CNY).unwrap();
    let on = date("2026-03-01");
    let (ok, month) = (cny("10000"), Term::Months(6));
    let errors = [
        product.terms(cny("60000"), month, on, rate).unwrap_err(),
        product.terms(cny("10050"), month, on, rate).unwrap_err(),
        product.terms(Money::new(1_000_000, Currency::EUR), month, on, rate).unwrap_err(),
        product.terms(ok, Term::Months(13), on, rate).unwrap_err(),
        product.terms(ok, Term::Days(30), on, rate).unwrap_err(),
        product.terms(ok, month, date("2025-12-31"), rate).unwrap_err(),
        product.terms(ok, month, on, Rate::ZERO).unwrap_err(),
        product.price(Some("D")).unwrap_err(),
        product.price(None).unwrap_err(),
        product::shipped("gold").unwrap_err(),
    ];
    let lines: Vec<String> = errors.iter().map(LoanError::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    short-working-capital lends 1000.00 to 50000.00 in steps of 100.00, not 60000.00: ask for an amount in that range
    short-working-capital lends 1000.00 to 50000.00 in steps of 100.00, not 10050.00: ask for an amount in that range
    short-working-capital lends CNY, not EUR: ask for an amount in CNY
    short-working-capital runs 1 to 12 months, not 13 months: ask for a term in that range
    short-working-capital runs 1 to 12 months, not 30 days: ask for a term in that range
    short-working-capital version 1 is offered from 2026-01-01 on, not on 2025-12-31: choose a product or version in effect then
    short-working-capital has no price for a rate of 0.00 %: its prices are A 7.20 %, B 9.00 %, C 10.80 %
    short-working-capital has no price for rating D: its prices are A 7.20 %, B 9.00 %, C 10.80 %
    short-working-capital has no price for a loan without rating: its prices are A 7.20 %, B 9.00 %, C 10.80 %
    there is no product `gold`: choose one of the listed products
    ");
}

#[test]
fn all_shipped_products_are_good() {
    for (file, _) in product::SHIPPED {
        let code = file.strip_suffix(".toml").unwrap();
        assert_eq!(product::shipped(code).unwrap().code, code);
    }
}
