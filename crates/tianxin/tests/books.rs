//! The general ledger as it is asked for: what closes have told adds up to the postings, on any day of the past.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use app::general_ledger::{self, LedgerReadError};
use app::posting::Role as Subject;
use app::report::day_report;
use app::tables::{Entry, EntryKind, Posting};
use basics::Date;
use door::{Actor, Backend, Stepper, audit};
use ledger::{SubjectCode, TrialBalance, Turnover, Turnovers};
use store::{OpenOptions, SqliteBackend};
use support::lending::{Wish, close_day, day_begins, lender, pays, told};
use support::proof::records;
use support::*;

fn day(month: i8, day: i8) -> Date {
    Date::ymd(2026, month, day).unwrap()
}

/// Turnovers of a period from every posting there is.
fn from_postings(backend: &dyn Backend, from: Date, to: Date) -> Turnovers {
    let entries = records::<Entry>(backend);
    let mut all = Turnovers::new();
    for posting in records::<Posting>(backend) {
        let of = |entry: &&Entry| (entry.cell, entry.seq, entry.fact) == (posting.cell, posting.seq, posting.fact);
        let entry = entries.iter().find(of).unwrap();
        if entry.booking_date > to {
            continue;
        }
        let sum = all.entry(SubjectCode(posting.subject as u32)).or_default();
        let amount = posting.amount_minor;
        let more = match (entry.booking_date < from, amount > 0) {
            (true, _) => Turnover { opening_minor: amount, ..Turnover::default() },
            (false, true) => Turnover { debit_minor: amount, ..Turnover::default() },
            (false, false) => Turnover { credit_minor: -amount, ..Turnover::default() },
        };
        *sum = sum.with(&more).unwrap();
        if entry.kind == EntryKind::YearClose && entry.booking_date >= from {
            sum.carried_minor += amount;
        }
    }
    all
}

fn turnovers(backend: &dyn Backend, from: Date, to: Date) -> Result<Turnovers, LedgerReadError> {
    let mut connection = backend.connect().unwrap();
    connection.begin_snapshot().unwrap();
    let all = general_ledger::turnovers(connection.as_mut(), backend.cells(), from, to);
    connection.rollback();
    all
}

/// A county in which money moves within and across cells, and one loan is drawn and paid.
fn live(backend: &Arc<dyn Backend>, first: Date, last: Date) {
    let house = lender();
    let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
    for answer in stepper.step(founding(6)) {
        told(answer);
    }
    stepper.deliver();
    let wish = Wish {
        household: household(0),
        cell: cell_of(household(0)),
        product: "short-working-capital",
        fen: 500_000,
        months: 6,
    };
    for request in wish.commands(&house, day_begins(first)) {
        told(stepper.step(vec![request]).remove(0));
    }
    let (mut today, mut stream) = (first, Stream(5));
    while today <= last {
        let mut requests = Vec::new();
        for n in 0..stream.below(4) {
            let (a, b) = (stream.below(6), stream.below(5));
            let to = household(if b == a { 5 } else { b });
            let amount = yuan(1 + stream.below(50) as i64);
            let number = 1_000_000 + u128::try_from(today.days()).unwrap() * 10 + u128::from(n);
            if household(a) != to {
                requests.push(request(number, farmer(household(a)), transfer(household(a), to, amount)));
            }
        }
        for answer in stepper.step(requests) {
            answer.unwrap();
        }
        if today.day() == 2 {
            for request in pays(&wish, 85_000, today) {
                told(stepper.step(vec![request]).remove(0));
            }
        }
        told(stepper.step(vec![close_day(today)]).remove(0));
        for answer in stepper.deliver() {
            told(answer);
        }
        today = today.add_days(1);
    }
    // And something on the day that stays open.
    let actor = Actor::SYSTEM;
    let mut paid_in = request(9_999_999, actor, top_up(household(3), yuan(7)));
    paid_in.at = day_begins(today);
    told(stepper.step(vec![paid_in]).remove(0));
}

#[test]
fn balances_of_any_day_are_what_the_postings_add_up_to() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    live(&backend, open_date(), day(4, 10));
    let open = day(4, 11);
    let periods = [
        (open_date(), open_date()),
        (day(2, 1), day(2, 28)),
        (day(2, 1), day(3, 15)),
        (day(3, 10), day(3, 31)),
        (day(4, 1), day(4, 10)),
        (day(3, 5), open),
        (open, open),
    ];
    let house = lender();
    for (from, to) in periods {
        let mut expected = from_postings(backend.as_ref(), from, to);
        let mut found = turnovers(backend.as_ref(), from, to).unwrap();
        TrialBalance::of(&house.chart, from, to, &found).unwrap().balance_sheet().unwrap();
        // A subject on which nothing stands may be told or not.
        expected.retain(|_, turnover| *turnover != Turnover::default());
        found.retain(|_, turnover| *turnover != Turnover::default());
        assert_eq!(found, expected, "{from} to {to}");
        let mut connection = backend.connect().unwrap();
        for (subject, turnover) in &found {
            let (from_to, cells) = ((from, to), backend.cells());
            let booked = general_ledger::booked(connection.as_mut(), cells, *subject, from_to, 100_000).unwrap();
            let sum: i64 = booked.iter().map(|booked| booked.posting.amount_minor).sum();
            assert_eq!(sum, turnover.debit_minor - turnover.credit_minor, "{subject} {from} to {to}");
        }
    }
    assert!(matches!(turnovers(backend.as_ref(), open, open.add_days(1)), Err(LedgerReadError::Ahead { .. })));
    assert!(matches!(turnovers(backend.as_ref(), open, day(4, 1)), Err(LedgerReadError::TurnedRound { .. })));
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();
    let rebuilt = audit::rebuild(house.as_ref(), backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
}

#[test]
fn the_year_s_income_is_shown_after_it_was_carried_into_the_profit() {
    let folder = tempfile::tempdir().unwrap();
    let (first, last) = (day(12, 10), day(12, 31));
    let options = OpenOptions { cells: CELLS, open_date: first, ..OpenOptions::default() };
    let backend = SqliteBackend::open(folder.path().join("a.db"), &tables(), options).unwrap();
    let backend: Arc<dyn Backend> = Arc::new(backend);
    live(&backend, first, last);
    let house = lender();
    let all = turnovers(backend.as_ref(), day(1, 1), last).unwrap();
    let trial = TrialBalance::of(&house.chart, day(1, 1), last, &all).unwrap();
    let income = trial.income_statement().unwrap();
    let report = day_report(backend.connect().unwrap().as_mut(), backend.cells(), last).unwrap().unwrap();
    assert_eq!(income.profit_minor, report.year.unwrap().profit_minor);
    assert!(income.income.total_minor > 0);
    let interest = house.subjects.roles.code(Subject::InterestIncome);
    assert_eq!(all[&interest].closing_minor(), Some(0), "carried");
    let sheet = trial.balance_sheet().unwrap();
    assert!(sheet.equity.lines.iter().all(|line| line.subject.is_some()), "nothing is left to carry");
    let before = turnovers(backend.as_ref(), day(1, 1), day(12, 30)).unwrap();
    let before = TrialBalance::of(&house.chart, day(1, 1), day(12, 30), &before).unwrap();
    assert!(before.balance_sheet().unwrap().equity.lines.iter().any(|line| line.subject.is_none()));
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();
}

#[test]
fn a_day_that_was_told_wrong_is_found_by_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    live(&sqlite(&path), open_date(), day(3, 4));
    let altered = rusqlite::Connection::open(&path).unwrap();
    altered
        .execute_batch(
            "UPDATE subject_day SET balance_minor = balance_minor + 1 WHERE day = '2026-03-04' AND subject = 1002",
        )
        .unwrap();
    let wrong = audit::verify(lender().as_ref(), sqlite(&path).as_ref(), None).unwrap_err().to_string();
    assert!(wrong.contains("subject_day"), "{wrong}");
}
