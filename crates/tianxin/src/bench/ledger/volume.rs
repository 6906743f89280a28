//! A trial balance over many postings: books are made in bulk, then asked for today and for a day of the past.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use app::general_ledger::turnovers;
use app::subject_day::SubjectDay;
use app::tables::{Entry, EntryKind, GlBalance, Posting};
use app::{Tianxin, books::BOOK_WALLET};
use basics::{Cell, Currency, Date, Id};
use door::checkpoint::read_heads;
use door::table::Row;
use door::{Backend, Record};
use ledger::TrialBalance;

use super::super::callers::Times;
use super::super::{Line, Report};
use crate::failure::Failure;
use crate::terminal::Progress;

/// Entries written in one transaction.
const CHUNK: u64 = 5_000;
/// Closed days before the open one.
const DAYS: i32 = 365;
/// How often the balance is asked for.
const ASKED: usize = 50;

/// Fills an empty database with this many postings and measures the trial balance over them.
pub fn measure(backend: &Arc<dyn Backend>, app: &Tianxin, postings: u64, report: &mut Report) -> Result<(), Failure> {
    let (open, made) = (open_day(backend)?, Instant::now());
    fill(backend, app, postings, open)?;
    let made = made.elapsed();
    let mut connection = backend.connect()?;
    let mut asked = |from: Date, to: Date| -> Result<Times, Failure> {
        let mut times = Times::default();
        for _ in 0..ASKED {
            let begun = Instant::now();
            connection.begin_snapshot()?;
            let all = turnovers(connection.as_mut(), backend.cells(), from, to);
            connection.rollback();
            TrialBalance::of(&app.chart, from, to, &all?)?;
            times.answered(begun);
        }
        Ok(Times::of_all([times]))
    };
    let today = asked(open, open)?;
    let past = asked(open.add_days(-DAYS), open.add_days(-2))?;
    let past_ms = past.percentile_ms(50).unwrap_or_default();
    let p50_ms = today.percentile_ms(50);
    report.line(&Line {
        name: "ledger_trial_balance",
        engine: backend.name(),
        ours: p50_ms,
        unit: Some("ms"),
        p50_ms,
        p99_ms: today.percentile_ms(99),
        note: Some(format!(
            "over {postings} postings in {} cells, made in {:.0} s; of the open day; of a whole year that is closed {past_ms:.2} ms",
            backend.cells(),
            made.as_secs_f64()
        )),
        ..Line::default()
    })
}

fn open_day(backend: &Arc<dyn Backend>) -> Result<Date, Failure> {
    let heads = read_heads(backend.connect()?.as_mut(), 0)?;
    let missing = || Failure::Wrong("the head of the office is missing".to_owned());
    heads.first().map(|head| head.open_date).ok_or_else(missing)
}

/// Entries of two postings each over all cells and subjects, booked on the last closed day.
fn fill(backend: &Arc<dyn Backend>, app: &Tianxin, postings: u64, open: Date) -> Result<(), Failure> {
    let progress = Progress::begin("postings");
    let (entries, cells) = ((postings / 2).max(1), u64::from(backend.cells()));
    let subjects: Vec<i64> = app.chart.subjects().map(|subject| i64::from(subject.code.0)).collect();
    let (day, currency) = (open.add_days(-1), Currency::CNY);
    let mut connection = backend.connect()?;
    let mut all: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for number in 1..=cells {
        let cell = Cell(u16::try_from(number).map_err(|error| Failure::Wrong(error.to_string()))?);
        let own = entries / cells + u64::from(number <= entries % cells);
        let mut balances: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        let mut begun = 0;
        while begun < own {
            let (mut entry_rows, mut posting_rows): (Vec<Row>, Vec<Row>) = Default::default();
            for seq in begun + 1..=own.min(begun + CHUNK) {
                let seq = seq as i64;
                let (kind, memo) = (EntryKind::Transfer, Some("seed maize".to_owned()));
                let entry = Entry { cell, seq, fact: 0, kind, value_date: day, booking_date: day, currency, memo };
                entry_rows.push(entry.to_row());
                let place = seq as usize % subjects.len();
                let owner = Some(Id::from_u128((u128::from(number) << 32) | (seq as u128 % 1_000)));
                let sides = [(subjects[place], 100_i64), (subjects[(place + 1) % subjects.len()], -100)];
                for ((subject, amount_minor), line) in sides.into_iter().zip(0..) {
                    let (debit, credit) = balances.entry(subject).or_default();
                    *(if amount_minor > 0 { debit } else { credit }) += amount_minor.abs();
                    let (book, account) = (i64::from(BOOK_WALLET), owner);
                    let posting = Posting { cell, seq, fact: 0, line, subject, book, owner, account, amount_minor };
                    posting_rows.push(posting.to_row());
                }
            }
            connection.begin()?;
            connection.insert_many(Entry::table(), &entry_rows)?;
            connection.insert_many(Posting::table(), &posting_rows)?;
            connection.commit()?;
            begun += CHUNK;
        }
        let kept: Vec<Row> = balances
            .iter()
            .map(|(subject, (debit, credit))| {
                let (subject, balance_minor) = (*subject, debit - credit);
                let [held_minor, day_debit_minor, day_credit_minor] = [0; 3];
                GlBalance { cell, subject, currency, balance_minor, held_minor, day_debit_minor, day_credit_minor }
                    .to_row()
            })
            .collect();
        connection.begin()?;
        connection.insert_many(GlBalance::table(), &kept)?;
        connection.commit()?;
        for (subject, (debit, credit)) in balances {
            let sum = all.entry(subject).or_default();
            *sum = (sum.0 + debit, sum.1 + credit);
        }
        progress.set(format!("postings in {number} of {cells} cells"));
    }
    let mut rows = Vec::new();
    for back in (1..=DAYS).rev() {
        for (subject, (debit, credit)) in &all {
            let (subject, cell, day) = (*subject, Cell::OFFICE, open.add_days(-back));
            // What is of this size is booked on the last day; on the days before as much comes as goes.
            let (debit_minor, credit_minor) = if back == 1 { (*debit, *credit) } else { (100, 100) };
            let (carried_minor, balance_minor) = (0, debit_minor - credit_minor);
            let day =
                SubjectDay { cell, day, subject, currency, debit_minor, credit_minor, carried_minor, balance_minor };
            rows.push(day.to_row());
        }
    }
    connection.begin()?;
    connection.insert_many(SubjectDay::table(), &rows)?;
    connection.commit()?;
    Ok(())
}
