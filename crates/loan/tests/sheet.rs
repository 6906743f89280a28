//! The account sheet and the interest-day sheet, as a lender reads them.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Id, Money};
use loan::sheet::{account_sheet, interest_days};
use loan::{Component, Happening, LifeEvent, LoanTerms, Term, fold, product};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn terms(code: &str, amount: &str, months: u16, start: &str) -> LoanTerms {
    let product = product::shipped(code).unwrap();
    let rate = product.price(Some("B")).unwrap();
    let amount = Money::parse(amount, Currency::CNY).unwrap();
    product.terms(amount, Term::Months(months), date(start), rate).unwrap()
}

fn event(id: u128, on: &str, what: Happening) -> LifeEvent {
    LifeEvent::new(id, date(on), what)
}

#[test]
fn a_season_paid_late_in_two_parts() {
    let terms = terms("season-bullet", "30000", 6, "2026-03-01");
    let life = [
        event(1, "2026-03-01", Happening::Disbursed { amount_fen: 3_000_000 }),
        event(2, "2026-10-01", Happening::Paid { amount_fen: 50_000 }),
        event(3, "2026-12-15", Happening::Paid { amount_fen: 2_000_000 }),
    ];
    let sheet = account_sheet(&terms, &life, date("2027-01-31")).unwrap();
    assert_eq!(sheet.state, fold(&terms, &life, date("2027-01-31")).unwrap());
    insta::assert_snapshot!(sheet, @r"
    date        what                  debit     credit  principal  interest     fees  penalty compound    ahead
    2026-03-01  disbursed          30000.00       0.00   30000.00      0.00     0.00     0.00     0.00     0.00
    2026-09-01  due                  920.00       0.00   30000.00    920.00     0.00     0.00     0.00     0.00
    2026-10-01  penalty run up       231.90       0.00   30000.00    920.00     0.00   225.00     6.90     0.00
    2026-10-01  paid                   0.00     500.00   30000.00    420.00     0.00   225.00     6.90     0.00
    2026-12-15  penalty run up       570.38       0.00   30000.00    420.00     0.00   787.50    14.78     0.00
    2026-12-15  paid                   0.00   20000.00   10000.00    420.00     0.00   787.50    14.78     0.00
    2027-01-31  penalty run up       122.43       0.00   10000.00    420.00     0.00   905.00    19.71     0.00
    ");
    insta::assert_snapshot!(interest_days(&terms, &life, date("2027-01-31")).unwrap(), @r"
    what      no  from        to          days     balance         product   rate      interest
    interest   1  2026-03-01  2026-09-01   184    30000.00      5520000.00   6.00      920.0000
    penalty    1  2026-09-01  2026-12-15   105    30000.00      3150000.00   9.00      787.5000
    compound   1  2026-09-01  2026-10-01    30      920.00        27600.00   9.00        6.9000
    compound   1  2026-10-01  2027-01-31   122      420.00        51240.00   9.00       12.8100
    penalty    1  2026-12-15  2027-01-31    47    10000.00       470000.00   9.00      117.5000
    ");
}

#[test]
fn instalments_with_money_ahead_and_one_taken_back() {
    let terms = terms("short-working-capital", "10000", 3, "2026-03-31");
    let life = [
        event(1, "2026-03-31", Happening::Disbursed { amount_fen: 1_000_000 }),
        event(2, "2026-04-15", Happening::Paid { amount_fen: 400_000 }),
        event(3, "2026-05-20", Happening::Paid { amount_fen: 99_999 }),
        event(4, "2026-05-21", Happening::Reversed { target: Id::from_u128(3) }),
        event(5, "2026-06-25", Happening::Waived { what: loan::Waivable::Penalty, amount_fen: 1_000 }),
        event(6, "2026-06-30", Happening::Paid { amount_fen: 650_000 }),
    ];
    insta::assert_snapshot!(account_sheet(&terms, &life, date("2026-07-01")).unwrap(), @r"
    date        what                  debit     credit  principal  interest     fees  penalty compound    ahead
    2026-03-31  disbursed          10000.00       0.00   10000.00      0.00     0.00     0.00     0.00     0.00
    2026-04-15  paid                   0.00    4000.00   10000.00      0.00     0.00     0.00     0.00  4000.00
    2026-04-30  due                   75.00       0.00    6691.54      0.00     0.00     0.00     0.00   616.54
    2026-05-31  due                   50.19       0.00    6125.19      0.00     0.00     0.00     0.00     0.00
    2026-06-25  penalty run up        25.94       0.00    6125.19      0.00     0.00    25.94     0.00     0.00
    2026-06-25  waived                 0.00      10.00    6125.19      0.00     0.00    15.94     0.00     0.00
    2026-06-30  due                   30.38       0.00    6125.19     25.19     0.00    21.13     0.00     0.00
    2026-06-30  paid                   0.00    6500.00       0.00      0.00     0.00     0.00     0.00   328.49
    ");
    let days = interest_days(&terms, &life, date("2026-07-01")).unwrap();
    insta::assert_snapshot!(days, @r"
    what      no  from        to          days     balance         product   rate      interest
    interest   1  2026-03-31  2026-04-30    30    10000.00       300000.00   9.00       75.0000
    interest   2  2026-04-30  2026-05-31    31     6691.54       207437.74   9.00       50.1900
    interest   3  2026-05-31  2026-06-30    30     3358.27       100748.10   9.00       25.1900
    penalty    2  2026-05-31  2026-06-30    30     2766.92        83007.60  13.50       31.1278
    ");
    // Every instalment that fell due as planned asked for what its days add up to.
    for row in &days.state.instalments {
        let sum = days.sum(Component::Interest, row.number).unwrap();
        assert_eq!(sum.round_fen(terms.rounding).unwrap(), row.due.interest_fen, "{}", row.number);
    }
}

#[test]
fn before_the_loan_begins_the_sheets_are_empty() {
    let terms = terms("season-bullet", "30000", 6, "2026-03-01");
    assert!(account_sheet(&terms, &[], date("2026-02-01")).unwrap().lines.is_empty());
    assert!(interest_days(&terms, &[], date("2026-02-01")).unwrap().lines.is_empty());
}
