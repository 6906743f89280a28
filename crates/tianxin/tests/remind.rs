//! Reminders and collection by the close of the day, on both engines: who is told what, and what is taken from which wallet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use app::Tianxin;
use app::command::Command;
use app::remind::Notice;
use app::service::LoanAct;
use app::tables::{Entry, EntryKind, Wallet};
use app::wallet::{TopUp, Withdraw};
use basics::money::format_minor;
use door::{Actor, Backend, Order, Role};
use loan::remind::ReminderPlan;
use support::lending::{Wish, lender};
use support::office::{County, fen, wish};
use support::proof::records;
use support::*;

fn reminding() -> Arc<Tianxin> {
    let house = Arc::unwrap_or_clone(lender());
    Arc::new(house.reminding(ReminderPlan::shipped().unwrap()))
}

fn moves(county: &mut County, wish: &Wish, minor: i64) {
    let (cell, household, amount) = (wish.cell, wish.household, fen(minor.abs()));
    let command = if minor < 0 {
        Command::Withdraw(Withdraw { cell, household, amount, value_date: None })
    } else {
        Command::TopUp(TopUp { cell, household, amount, value_date: None, reference: "sold".into() })
    };
    county.order(Actor::SYSTEM, Order::Do(command)).unwrap();
}

fn stands(county: &County, wish: &Wish) -> String {
    let note = county.note(wish);
    let wallets = records::<Wallet>(county.backend.as_ref());
    let wallet = wallets.iter().find(|wallet| wallet.household == wish.household).unwrap();
    format!(
        "{}: owes {}, next due {}, overdue since {}, wallet {}",
        county.day,
        format_minor(note.outstanding_minor),
        note.next_due,
        note.overdue_since.map_or_else(|| "-".to_owned(), |day| day.to_string()),
        format_minor(wallet.balance_minor),
    )
}

fn told(county: &County, wish: &Wish) -> String {
    let mut notices = records::<Notice>(county.backend.as_ref());
    notices.retain(|notice| notice.household == wish.household);
    notices.sort_by(|a, b| (a.on_day, &a.step).cmp(&(b.on_day, &b.step)));
    let line = |n: &Notice| {
        let (day, due, amount) = (n.on_day, n.due, format_minor(n.amount_minor));
        format!("{day} {:17} {:4} {amount:>8} of {due} {}\n", n.step, n.channel, n.state.as_str())
    };
    notices.iter().map(line).collect()
}

fn what_is_due_is_taken_and_told(backend: Arc<dyn Backend>) {
    let full = wish(0, "short-working-capital", 600_000, 6);
    let short = wish(1, "short-working-capital", 600_000, 6);
    let early = wish(2, "short-working-capital", 600_000, 6);
    let dead = wish(3, "short-working-capital", 600_000, 6);
    let all = [full.clone(), short.clone(), early.clone(), dead.clone()];
    let mut county = County::of(reminding(), backend, &all);
    // A wallet has 1,000.00 and the 6,000.00 that were drawn.
    moves(&mut county, &short, -650_000);
    county.until("2026-03-20");
    county.alone(staff(1, Role::Officer), &dead, LoanAct::BorrowerDied).unwrap();
    county.pay(&early, 102_500);
    county.until("2026-04-03");
    let mut seen = all.iter().map(|wish| stands(&county, wish)).collect::<Vec<_>>();
    // The one that was short sells something: the rest is taken three days after the due date.
    moves(&mut county, &short, 30_000);
    county.until("2026-04-04");
    seen.push(stands(&county, &short));
    moves(&mut county, &short, 80_000);
    county.until("2026-04-06");
    seen.push(stands(&county, &short));
    insta::assert_snapshot!(seen.join("\n"), @"
    2026-04-03: owes 5018.59, next due 2026-05-02, overdue since -, wallet 5973.59
    2026-04-03: owes 5545.00, next due 2026-04-02, overdue since 2026-04-02, wallet 0.00
    2026-04-03: owes 5018.59, next due 2026-05-02, overdue since -, wallet 6998.59
    2026-04-03: owes 6000.00, next due 2026-04-02, overdue since 2026-04-02, wallet 7000.00
    2026-04-04: owes 5245.00, next due 2026-04-02, overdue since 2026-04-02, wallet 0.00
    2026-04-06: owes 5018.59, next due 2026-05-02, overdue since -, wallet 573.59
    ");
    county.until("2026-05-03");
    insta::assert_snapshot!(told(&county, &full), @"
    2026-03-26 week-ahead        app   1026.41 of 2026-04-02 shown
    2026-03-30 three-days-ahead  sms   1026.41 of 2026-04-02 waiting
    2026-04-02 collected         app   1026.41 of 2026-04-02 shown
    2026-04-02 on-the-day        sms   1026.41 of 2026-04-02 waiting
    2026-04-25 week-ahead        app   1026.41 of 2026-05-02 shown
    2026-04-29 three-days-ahead  sms   1026.41 of 2026-05-02 waiting
    2026-05-02 collected         app   1026.41 of 2026-05-02 shown
    2026-05-02 on-the-day        sms   1026.41 of 2026-05-02 waiting
    ");
    insta::assert_snapshot!(told(&county, &short), @"
    2026-03-26 week-ahead        app   1026.41 of 2026-04-02 shown
    2026-03-30 three-days-ahead  sms   1026.41 of 2026-04-02 waiting
    2026-04-02 collected         app    500.00 of 2026-04-02 shown
    2026-04-02 on-the-day        sms   1026.41 of 2026-04-02 waiting
    2026-04-03 collected         app    300.00 of 2026-04-02 shown
    2026-04-03 day-after         sms    526.41 of 2026-04-02 waiting
    2026-04-05 call-after-three  call   226.41 of 2026-04-02 waiting
    2026-04-05 collected         app    226.41 of 2026-04-02 shown
    2026-04-25 week-ahead        app   1026.41 of 2026-05-02 shown
    2026-04-29 three-days-ahead  sms   1026.41 of 2026-05-02 waiting
    2026-05-02 collected         app    573.59 of 2026-05-02 shown
    2026-05-02 on-the-day        sms   1026.41 of 2026-05-02 waiting
    2026-05-03 day-after         sms    452.82 of 2026-05-02 waiting
    ");
    insta::assert_snapshot!(told(&county, &early), @"
    2026-03-26 week-ahead        app      1.41 of 2026-04-02 shown
    2026-03-30 three-days-ahead  sms      1.41 of 2026-04-02 waiting
    2026-04-02 collected         app      1.41 of 2026-04-02 shown
    2026-04-02 on-the-day        sms      1.41 of 2026-04-02 waiting
    2026-04-25 week-ahead        app   1026.41 of 2026-05-02 shown
    2026-04-29 three-days-ahead  sms   1026.41 of 2026-05-02 waiting
    2026-05-02 collected         app   1026.41 of 2026-05-02 shown
    2026-05-02 on-the-day        sms   1026.41 of 2026-05-02 waiting
    ");
    assert_eq!(told(&county, &dead), "", "nobody is reminded of a debt whose borrower died");
    let entries = records::<Entry>(county.backend.as_ref());
    let collected = entries.iter().filter(|entry| entry.kind == EntryKind::Collection).count();
    assert!(collected >= 4, "{collected}");
    county.verify();
    // Under another plan the books stand as they are, and what was on the agenda is simply looked at.
    county.serve(lender());
    county.until("2026-05-12");
    county.verify();
}

#[test]
fn what_is_due_is_taken_and_told_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    what_is_due_is_taken_and_told(sqlite(&folder.path().join("books.db")));
}

#[test]
fn what_is_due_is_taken_and_told_on_postgres() {
    let Some((database, _server)) = postgres("remind") else { return };
    what_is_due_is_taken_and_told(postgres_backend(&database.url(), "remind"));
}

/// What was signed before there was a plan is not collected: its contract does not say so.
#[test]
fn a_contract_without_the_clause_is_reminded_of_and_not_collected() {
    let folder = tempfile::tempdir().unwrap();
    let old = wish(0, "short-working-capital", 600_000, 6);
    let mut county = County::new(sqlite(&folder.path().join("books.db")), std::slice::from_ref(&old));
    county.serve(reminding());
    county.until("2026-05-04");
    insta::assert_snapshot!(stands(&county, &old), @"2026-05-04: owes 6000.00, next due 2026-04-02, overdue since 2026-04-02, wallet 7000.00");
    insta::assert_snapshot!(told(&county, &old), @"
    2026-04-03 day-after         sms   1026.41 of 2026-04-02 waiting
    2026-04-05 call-after-three  call  1026.41 of 2026-04-02 waiting
    2026-04-12 slip-after-ten    slip  1030.09 of 2026-04-02 waiting
    2026-04-25 week-ahead        app   2063.86 of 2026-05-02 shown
    2026-04-29 three-days-ahead  sms   2063.86 of 2026-05-02 waiting
    2026-05-02 on-the-day        sms   2063.86 of 2026-05-02 waiting
    ");
    county.verify();
}
