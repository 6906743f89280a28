//! Every loan of a real bank's history has the instalments its file says.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use std::path::PathBuf;

use basics::money::parse_minor;
use basics::{Date, Money};
use loan::{Happening, LifeEvent, LoanStatus, Term, fold, product, schedule::schedule};

fn history_file() -> Option<PathBuf> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/berka/loan.csv.gz");
    file.exists().then_some(file)
}

fn read_date(yymmdd: &str) -> Date {
    let part = |range: std::ops::Range<usize>| yymmdd[range].parse::<i8>().unwrap();
    Date::ymd(1900 + i16::from(part(0..2)), part(2..4), part(4..6)).unwrap()
}

#[test]
fn all_loans_of_the_history_have_their_instalments() {
    let Some(file) = history_file() else {
        eprintln!("skipped: all_loans_of_the_history_have_their_instalments (berka is not here)");
        return;
    };
    let product = product::shipped("history-czk-instalment").unwrap();
    let rate = product.price(None).unwrap();
    let bytes = flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap());
    let mut loans = 0;
    for record in csv::Reader::from_reader(bytes).records() {
        let record = record.unwrap();
        let field = |n: usize| record.get(n).unwrap();
        let amount_fen = parse_minor(field(3)).unwrap();
        let payment_fen = parse_minor(field(5)).unwrap();
        let start = read_date(field(2));
        let term = Term::Months(field(4).parse().unwrap());
        let terms = product.terms(Money::new(amount_fen, product.currency), term, start, rate).unwrap();
        let plan = schedule(&terms).unwrap();
        let of_loan = field(0);
        assert!(plan.rows.iter().all(|row| row.total_fen == payment_fen), "loan {of_loan}");
        assert_eq!(plan.rows.iter().map(|row| row.total_fen).sum::<i64>(), amount_fen, "loan {of_loan}");

        let mut life = vec![LifeEvent::new(1, start, Happening::Disbursed { amount_fen })];
        for (id, row) in (2..).zip(&plan.rows) {
            life.push(LifeEvent::new(id, row.due, Happening::Paid { amount_fen: payment_fen }));
        }
        let state = fold(&terms, &life, plan.maturity()).unwrap();
        assert_eq!(
            (state.status, state.closed_on, state.credit_fen),
            (LoanStatus::Closed, Some(plan.maturity()), 0),
            "loan {of_loan}"
        );
        loans += 1;
    }
    assert_eq!(loans, 576);
}
