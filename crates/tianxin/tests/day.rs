//! The close of day: it costs what changed, it is done once, and the books hold afterwards to the last fraction.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::Tianxin;
use app::command::{Command, Outcome};
use app::correct::CorrectLoan;
use app::posting::Role as Subject;
use app::report::{DayReport, day_report};
use app::tables::{
    AccrualGroup, Agenda, AgendaKind, BusinessDay, CellDay, Entry, EntryKind, GlBalance, LoanCorrection, LoanNote,
    Portfolio,
};
use basics::{Cell, Date};
use door::{Actor, Backend, Engine, EngineOptions, Order, Request, Role, Stepper, audit, failpoint};
use loan::Happening;
use support::lending::{Wish, close_day, day_begins, lender, pays, percent, told};
use support::proof::records;
use support::*;

fn wish(n: u64, product: &'static str, fen: i64, months: u16) -> Wish {
    let household = household(n);
    Wish { household, cell: cell_of(household), product, fen, months }
}

/// Eight households: who pays on the day, ahead, late, in part or never.
fn wishes() -> Vec<Wish> {
    (0..8)
        .map(|n| {
            if n % 3 == 2 {
                wish(n, "season-bullet", 1_000_000 + 10_000 * n as i64, 3)
            } else {
                wish(n, "short-working-capital", 500_000 + 10_000 * n as i64, 6)
            }
        })
        .collect()
}

/// What a household pays on a day, in fen.
fn pays_on(n: usize, day: Date) -> Option<i64> {
    match (n, day.day()) {
        // Pays more than the instalment on its day; the rest waits as credit.
        (0, 2) => Some(90_000),
        // Ahead of time, whatever it is.
        (1, 20) => Some(95_000),
        // Late and in part.
        (3, 17) => Some(40_000),
        _ => None,
    }
}

fn found(stepper: &mut Stepper<Tianxin>, house: &Tianxin) {
    for request in founding(8) {
        told(stepper.step(vec![request]).remove(0));
    }
    stepper.deliver();
    for wish in wishes() {
        for request in wish.commands(house, morning()) {
            assert!(matches!(told(stepper.step(vec![request]).remove(0)), Outcome::Done | Outcome::Decided { .. }));
        }
    }
}

fn live_and_close(stepper: &mut Stepper<Tianxin>, day: Date) {
    for (n, wish) in wishes().iter().enumerate() {
        if let Some(fen) = pays_on(n, day) {
            for request in pays(wish, fen, day) {
                told(stepper.step(vec![request]).remove(0));
            }
        }
    }
    told(stepper.step(vec![close_day(day)]).remove(0));
    for answer in stepper.deliver() {
        told(answer);
    }
}

fn balance(backend: &dyn Backend, house: &Tianxin, role: Subject) -> i64 {
    let code = i64::from(house.subjects.roles.code(role).0);
    records::<GlBalance>(backend).iter().filter(|row| row.subject == code).map(|row| row.balance_minor).sum()
}

fn report(backend: &dyn Backend, day: Date) -> DayReport {
    day_report(backend.connect().unwrap().as_mut(), backend.cells(), day).unwrap().unwrap()
}

/// The county's life up to a day, each month proven; the books at its end.
fn live_until(last: Date, backend: &Arc<dyn Backend>, batch_max: usize) -> String {
    let house = lender();
    let mut stepper = Stepper::new(house.clone(), backend.clone(), batch_max);
    found(&mut stepper, &house);
    let mut day = open_date();
    while day <= last {
        live_and_close(&mut stepper, day);
        if day == day.last_of_month() {
            audit::verify(house.as_ref(), backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{day}: {wrong}"));
        }
        day = day.add_days(1);
    }
    let rebuilt = audit::rebuild(house.as_ref(), backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
    let notes = records::<LoanNote>(backend.as_ref());
    let groups = records::<AccrualGroup>(backend.as_ref());
    let portfolio = records::<Portfolio>(backend.as_ref());
    let days = records::<CellDay>(backend.as_ref());
    format!("{notes:#?}\n{groups:#?}\n{portfolio:#?}\n{:#?}\n{days:?}", records::<GlBalance>(backend.as_ref()))
}

#[test]
fn a_year_ends_with_its_income_in_its_profit() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let house = lender();
    live_until(Date::ymd(2026, 12, 31).unwrap(), &backend, 256);
    let of = |role| balance(backend.as_ref(), &house, role);
    for role in [Subject::InterestIncome, Subject::PenaltyIncome, Subject::ImpairmentLoss, Subject::Rounding] {
        assert_eq!(of(role), 0, "{}", role.as_str());
    }
    assert!(of(Subject::UndistributedProfit) != 0 && of(Subject::LoanAllowance) < 0);
    assert_eq!(of(Subject::ProfitOfYear), 0, "the next year begins with none");
    // Both measures stand beside what is booked: of each product and stage the larger.
    let told = report(backend.as_ref(), Date::ymd(2026, 12, 31).unwrap());
    let (allowance, year) = (told.allowance.unwrap(), told.year.unwrap());
    assert_eq!(allowance.allowance_minor, -of(Subject::LoanAllowance));
    assert!(allowance.expected_minor[2] > 0, "who never paid is impaired");
    assert!(allowance.allowance_minor >= allowance.floor_minor.max(allowance.expected_loss_minor()));
    let portfolio = records::<Portfolio>(backend.as_ref());
    assert_eq!(allowance.loans_minor, portfolio.iter().map(|row| row.principal_minor).sum::<i64>());
    assert_eq!(year.loans_minor, allowance.loans_minor);
    // A year of losses leaves nothing to set apart.
    assert_eq!(year.profit_minor, -of(Subject::UndistributedProfit) - of(Subject::GeneralReserve));
    assert!(year.profit_minor < 0 && year.reserve_minor == 0, "{year:?}");
    assert!(of(Subject::OffInterest) > 0, "who never paid is in non-accrual");
    assert_eq!(balance(backend.as_ref(), &house, Subject::InterestAccrued), {
        let groups = records::<AccrualGroup>(backend.as_ref());
        groups.iter().filter(|row| row.stage < 10).map(|row| row.ledger_minor).sum::<i64>()
    });
}

#[test]
fn months_end_the_same_at_every_batch_size_and_on_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let last = Date::ymd(2026, 5, 5).unwrap();
    let one = live_until(last, &sqlite(&folder.path().join("one.db")), 1);
    assert_eq!(one, live_until(last, &sqlite(&folder.path().join("many.db")), 256));
    if let Some((database, _server)) = postgres("day") {
        assert_eq!(live_until(last, &postgres_backend(&database.url(), "day"), 256), one);
    }
}

#[test]
fn the_close_touches_what_something_happens_to_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite_cells(&folder.path().join("a.db"), 1);
    let house = lender();
    let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
    // More loans on one day than a step takes.
    let count = app::close::STEP_MAX as u64 + 44;
    for n in 0..count {
        told(stepper.step(vec![request(u128::from(n), Actor::SYSTEM, enrol_in(household(n), 1))]).remove(0));
    }
    let requests = (0..count).flat_map(|n| {
        Wish { cell: Cell(1), ..wish(n, "short-working-capital", 300_000, 12) }.commands(&house, morning())
    });
    for answer in stepper.step(requests.collect()) {
        told(answer);
    }
    let due = open_date().add_months(1).unwrap();
    let mut day = open_date();
    while day <= due {
        told(stepper.step(vec![close_day(day)]).remove(0));
        for answer in stepper.deliver() {
            told(answer);
        }
        let told = report(backend.as_ref(), day);
        let cell = &told.cells[0];
        let (loans, steps) = if day == due { (count as i64, 3) } else { (0, 1) };
        assert_eq!((cell.loans, cell.steps), (loans, steps), "{day}");
        assert!(told.closed && cell.accrued_minor > 0);
        assert_eq!(told.groups.iter().map(|(_, minor)| minor).sum::<i64>(), cell.accrued_minor);
        day = day.add_days(1);
    }
    // Not one row of a loan was written on the days on which nothing happened to it.
    let dues = report(backend.as_ref(), due);
    assert_eq!(dues.sum(|cell| cell.entries), 3, "two of dues, one of interest");
    assert!(dues.sum(|cell| cell.due_minor) > 0);
    // Nobody paid: the day after, all are overdue, a class worse, and the agenda knows when to look again.
    let told_next = {
        told(stepper.step(vec![close_day(day)]).remove(0));
        stepper.deliver();
        report(backend.as_ref(), day)
    };
    assert_eq!(told_next.sum(|cell| cell.class_moves), count as i64);
    let places = records::<Agenda>(backend.as_ref());
    assert_eq!(places.iter().filter(|place| place.kind == AgendaKind::Loan.code()).count() as u64, count);
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();
    // Closed is closed: the same day again is the same answer.
    let again = stepper.step(vec![close_day(day)]).remove(0).unwrap();
    assert!(again.replayed);
}

#[test]
fn a_year_with_profit_sets_the_general_reserve_apart() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite_cells(&folder.path().join("a.db"), 1);
    let house = lender();
    let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
    let wish = Wish { cell: Cell(1), ..wish(0, "short-working-capital", 5_000_000, 12) };
    told(stepper.step(vec![request(0, Actor::SYSTEM, enrol_in(household(0), 1))]).remove(0));
    for request in wish.commands(&house, morning()) {
        told(stepper.step(vec![request]).remove(0));
    }
    let last = Date::ymd(2026, 12, 31).unwrap();
    let mut day = open_date();
    while day <= last {
        if day.day() == 1 && day > open_date() {
            for request in pays(&wish, 450_000, day) {
                told(stepper.step(vec![request]).remove(0));
            }
        }
        told(stepper.step(vec![close_day(day)]).remove(0));
        stepper.deliver().into_iter().for_each(|answer| drop(told(answer)));
        day = day.add_days(1);
    }
    let quarter = report(backend.as_ref(), last).quarter.unwrap();
    let days = |day: Date| report(backend.as_ref(), day).sum(|cell| cell.due_minor);
    let dues: Vec<(Date, i64)> =
        (0..92).map(|n| Date::ymd(2026, 10, 1).unwrap().add_days(n)).map(|d| (d, days(d))).collect();
    assert_eq!(quarter.due_minor, dues.iter().map(|(_, due)| due).sum::<i64>());
    assert_eq!(quarter.settlement, dues.iter().copied().rev().max_by_key(|(_, due)| *due).filter(|(_, due)| *due > 0));
    assert!(quarter.accrued_minor > 0 && quarter.due_minor > 0, "{quarter:?}");
    assert_eq!(report(backend.as_ref(), last.add_days(-1)).quarter, None);
    let year = report(backend.as_ref(), last).year.unwrap();
    let lacking = year.loans_minor * 15 / 1_000;
    assert!(year.profit_minor > 0 && lacking > 0, "{year:?}");
    assert_eq!(year.reserve_minor, lacking.min(year.profit_minor), "{year:?}");
    assert_eq!(balance(backend.as_ref(), &house, Subject::GeneralReserve), -year.reserve_minor);
    assert_eq!(balance(backend.as_ref(), &house, Subject::UndistributedProfit), year.reserve_minor - year.profit_minor);
    assert_eq!(balance(backend.as_ref(), &house, Subject::ProfitOfYear), 0);
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();
    let rebuilt = audit::rebuild(house.as_ref(), backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
}

/// Seventy loans of one cell fall due on one day: with one thread and with three the books are the same to the byte.
#[test]
fn a_step_finds_the_same_on_any_number_of_threads() {
    let lived = |hands: usize| {
        let folder = tempfile::tempdir().unwrap();
        let backend = sqlite_cells(&folder.path().join("a.db"), 1);
        let house = Arc::new(Tianxin::clone(&lender()).with_hands(NonZeroUsize::new(hands).unwrap()));
        let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
        for n in 0..70u64 {
            let code = if n % 3 == 0 { "season-bullet" } else { "short-working-capital" };
            let wish = Wish { cell: Cell(1), ..wish(n, code, 500_000 + 10_000 * n as i64, 3) };
            told(stepper.step(vec![request(u128::from(n), Actor::SYSTEM, enrol_in(household(n), 1))]).remove(0));
            for request in wish.commands(&house, morning()) {
                told(stepper.step(vec![request]).remove(0));
            }
        }
        let mut day = open_date();
        while day <= Date::ymd(2026, 4, 30).unwrap() {
            told(stepper.step(vec![close_day(day)]).remove(0));
            stepper.deliver().into_iter().for_each(|answer| drop(told(answer)));
            day = day.add_days(1);
        }
        audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();
        export(backend.as_ref())
    };
    let (alone, by_three) = (lived(1), lived(3));
    assert!(alone == by_three, "the books differ");
}

/// A lender whose working capital follows the one-year rate, of which the table says so much.
fn linked_lender(rates: &str) -> Arc<Tianxin> {
    let mut product = loan::product::shipped("long-working-capital").unwrap();
    product.linked.as_mut().unwrap().table = loan::ReferenceRates::parse("rates.toml", rates).unwrap();
    let house = lender();
    Arc::new(Tianxin::clone(&house).lending(vec![product]))
}

#[test]
fn a_rate_that_follows_a_published_one_is_set_anew_by_the_close() {
    let row = |code: &str, from: &str, percent: &str| {
        format!(
            "[[rate]]\ncode = \"{code}\"\nfrom = \"{from}\"\npercent = \"{percent}\"\nsource = \"a test\"\nsure = \"own\"\n"
        )
    };
    let first = row("LPR-1Y", "2025-05-20", "3") + &row("LPR-5Y", "2025-05-20", "3.5");
    let both = first.clone() + &row("LPR-1Y", "2026-12-21", "2.5") + &row("LPR-5Y", "2026-12-21", "3");
    // Where the table of the day of the reset has no rate of that code, the contract goes on at its own.
    let other = row("OTHER", "2025-05-20", "3");
    for (known, missed) in [(both.as_str(), 0), (other.as_str(), 1)] {
        let folder = tempfile::tempdir().unwrap();
        let backend = sqlite_cells(&folder.path().join("a.db"), 1);
        let founding = linked_lender(&first);
        let wish = Wish { cell: Cell(1), ..wish(0, "long-working-capital", 5_000_000, 24) };
        let mut stepper = Stepper::new(founding.clone(), backend.clone(), 256);
        told(stepper.step(vec![request(0, Actor::SYSTEM, enrol_in(household(0), 1))]).remove(0));
        for request in wish.commands(&founding, morning()) {
            told(stepper.step(vec![request]).remove(0));
        }
        let house = linked_lender(known);
        let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
        let reset_on = Date::ymd(2027, 1, 1).unwrap();
        let mut day = open_date();
        while day <= reset_on.add_days(1) {
            // Paid on the very day too: what touches a loan before the close does not pass its reset over.
            if day.day() == 1 && day > open_date() {
                for request in pays(&wish, 230_000, day) {
                    told(stepper.step(vec![request]).remove(0));
                }
            }
            told(stepper.step(vec![close_day(day)]).remove(0));
            stepper.deliver().into_iter().for_each(|answer| drop(told(answer)));
            let resets = report(backend.as_ref(), day);
            let told = (resets.sum(|cell| cell.resets), resets.sum(|cell| cell.resets_missed));
            assert_eq!(told, if day == reset_on { (1, missed) } else { (0, 0) }, "{day}");
            day = day.add_days(1);
        }
        let reset = live_reset(backend.as_ref());
        assert_eq!((reset.0, reset.1.rate), (reset_on, percent(if missed == 0 { "6.8" } else { "7.3" })));
        if missed == 1 {
            // The rate is published late: two people take the reset back, and the close makes it anew from its own day.
            let mended = linked_lender(&both);
            stepper = Stepper::new(mended, backend.clone(), 256);
            let undo = correction(&wish, reset_on, Happening::Reversed { target: reset.2 });
            let order = |n: u128, actor, order| Request::plain(id(0xF00 + n), actor, day_begins(day), order);
            told(stepper.step(vec![order(1, staff(1, Role::Accountant), Order::Propose(undo))]).remove(0));
            let approve = Order::Approve { cell: wish.cell, proposal: id(0xF01) };
            told(stepper.step(vec![order(2, staff(2, Role::Approver), approve)]).remove(0));
            told(stepper.step(vec![close_day(day)]).remove(0));
            stepper.deliver().into_iter().for_each(|answer| drop(told(answer)));
            let reset = live_reset(backend.as_ref());
            assert_eq!((reset.0, reset.1.rate), (reset_on, percent("6.8")));
        }
        audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();
        let rebuilt = audit::rebuild(house.as_ref(), backend.as_ref(), false).unwrap();
        assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
    }
}

/// The one reset that stands in the books: its day, its rates, its id.
fn live_reset(backend: &dyn Backend) -> (Date, loan::act::NewRates, basics::Id) {
    let rows = records::<app::tables::LoanEvent>(backend);
    let events: Vec<loan::LifeEvent> = rows.iter().map(|row| basics::cbor::from_bytes(&row.bytes).unwrap()).collect();
    let resets = loan::life::in_order(&events).into_iter().filter_map(|event| match event.what {
        Happening::RateReset(rates) => Some((event.value_date, rates, event.id)),
        _ => None,
    });
    let resets: Vec<_> = resets.collect();
    assert_eq!(resets.len(), 1, "{resets:?}");
    resets[0]
}

fn correction(wish: &Wish, value_date: Date, what: Happening) -> Command {
    Command::CorrectLoan(CorrectLoan {
        cell: wish.cell,
        household: wish.household,
        loan: wish.loan(),
        value_date,
        what,
        reference: "slip 17".into(),
        reason: "the desk was offline".into(),
    })
}

#[test]
fn an_event_dated_back_is_booked_today_by_two_people_and_leaves_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let house = lender();
    let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
    found(&mut stepper, &house);
    let mut day = open_date();
    let booked_on = Date::ymd(2026, 4, 20).unwrap();
    while day < booked_on {
        told(stepper.step(vec![close_day(day)]).remove(0));
        stepper.deliver();
        day = day.add_days(1);
    }
    let wish = wishes().remove(4);
    let due = Date::ymd(2026, 4, 2).unwrap();
    let amount_fen = 93_000;
    let [fill, repay] = pays(&wish, amount_fen, booked_on);
    told(stepper.step(vec![fill]).remove(0));
    let mut dated = repay.clone();
    if let Order::Do(Command::Repay(repay)) = &mut dated.order {
        repay.value_date = Some(due);
    }
    let alone = stepper.step(vec![dated]).remove(0).unwrap_err();
    assert!(alone.to_string().contains("correction"), "{alone}");

    let command = correction(&wish, due, Happening::Paid { amount_fen });
    let order = |n: u128, actor, order| Request::plain(id(0xF00 + n), actor, day_begins(booked_on), order);
    let (accountant, approver) = (staff(1, Role::Accountant), staff(2, Role::Approver));
    let refused = stepper.step(vec![order(0, accountant, Order::Do(command.clone()))]).remove(0).unwrap_err();
    assert!(refused.to_string().contains("second person"), "{refused}");
    let shown = told(stepper.step(vec![order(1, accountant, Order::Propose(command))]).remove(0));
    let Outcome::Corrected { days_past_due, class, .. } = shown else { panic!("{shown:?}") };
    assert_eq!((days_past_due, class), ((17, 0), (1, 0)));
    let approve = Order::Approve { cell: wish.cell, proposal: id(0xF01) };
    told(stepper.step(vec![order(2, approver, approve)]).remove(0));

    let record = records::<LoanCorrection>(backend.as_ref()).remove(0);
    assert_eq!((record.value_date, record.booking_date), (due, booked_on));
    assert_eq!((record.days_before, record.days_after, record.class_before, record.class_after), (17, 0, 1, 0));
    assert_eq!((record.grounds_before.as_str(), record.grounds_after.as_str()), ("days_past_due", ""));
    let entries = records::<Entry>(backend.as_ref());
    let entry = entries.iter().find(|entry| entry.kind == EntryKind::Correction).unwrap();
    assert_eq!((entry.value_date, entry.booking_date), (due, booked_on));
    assert_eq!(entry.memo.as_deref(), Some("slip 17: the desk was offline"));
    let note = records::<LoanNote>(backend.as_ref()).into_iter().find(|note| note.id == wish.loan()).unwrap();
    assert_eq!(note.overdue_since, None);
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();

    // Taken back again, the loan stands as it would without it, and the money is in the wallet.
    let undo = correction(&wish, due, Happening::Reversed { target: id(0xF02) });
    told(stepper.step(vec![order(3, accountant, Order::Propose(undo))]).remove(0));
    let approve = Order::Approve { cell: wish.cell, proposal: id(0xF03) };
    told(stepper.step(vec![order(4, approver, approve)]).remove(0));
    let note = records::<LoanNote>(backend.as_ref()).into_iter().find(|note| note.id == wish.loan()).unwrap();
    assert_eq!((note.overdue_since, note.outstanding_minor), (Some(due), wish.fen));
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();
    // What was paid out is not taken back, what was reversed is not reversed again.
    for (n, target) in [(5, wish.household.derive("draw")), (7, id(0xF04))] {
        let wrong = correction(&wish, due, Happening::Reversed { target });
        assert!(stepper.step(vec![order(n, accountant, Order::Propose(wrong))]).remove(0).is_err());
    }
}

#[test]
fn an_act_dated_back_is_held_to_the_rules_of_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let house = lender();
    let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
    found(&mut stepper, &house);
    let first = open_date();
    for day in (0..3).map(|n| first.add_days(n)) {
        told(stepper.step(vec![close_day(day)]).remove(0));
        stepper.deliver();
    }
    let (wish, today) = (wishes().remove(2), first.add_days(3));
    let mut propose = |n: u128, what: Happening| {
        let order = Order::Propose(correction(&wish, first.add_days(1), what));
        stepper
            .step(vec![Request::plain(id(0xF00 + n), staff(1, Role::Accountant), day_begins(today), order)])
            .remove(0)
    };
    let refused = propose(1, Happening::Misused { penalty_rate: percent("99") }).unwrap_err();
    assert!(refused.to_string().contains("misuse rate"), "{refused}");
    let far = loan::act::Alteration {
        plan: loan::act::AlteredPlan::Until(first.add_months(60).unwrap()),
        rates: None,
        reason: "late hay".to_owned(),
        consent: loan::season::Consents {
            borrower: loan::season::BorrowerConsent::NoBurden,
            guarantor: loan::season::GuarantorConsent::NoGuarantor,
        },
    };
    assert!(propose(2, Happening::Extended(far)).is_err(), "beyond what the rules allow");
    let judged = propose(3, Happening::Judged { class: loan::LoanClass(2) });
    let Outcome::Corrected { class, .. } = told(judged) else { panic!("no correction") };
    assert_eq!(class, (0, 2), "the whole verdict, not days past due alone");
}

#[test]
fn a_drawing_is_taken_back_on_its_own_day_and_its_contract_drawn_anew() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let house = lender();
    let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
    found(&mut stepper, &house);
    let wish = wishes().remove(1);
    let today = open_date();
    let order = |n: u128, actor, order| Request::plain(id(0xF00 + n), actor, day_begins(today), order);
    let (accountant, approver) = (staff(1, Role::Accountant), staff(2, Role::Approver));
    let undo = correction(&wish, today, Happening::Reversed { target: wish.household.derive("draw") });
    told(stepper.step(vec![order(1, accountant, Order::Propose(undo))]).remove(0));
    let approve = Order::Approve { cell: wish.cell, proposal: id(0xF01) };
    let done = told(stepper.step(vec![order(2, approver, approve)]).remove(0));
    assert!(matches!(done, Outcome::Corrected { outstanding_minor: 0, .. }), "{done:?}");
    let note = records::<LoanNote>(backend.as_ref()).into_iter().find(|note| note.id == wish.loan()).unwrap();
    assert_eq!((note.outstanding_minor, note.closed_on, note.agenda_on), (0, Some(today), None));
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();

    let draw = |n: u64| {
        let draw = app::sign::Draw {
            cell: wish.cell,
            household: wish.household,
            contract: wish.household.derive("contract"),
            loan: wish.household.derive(&format!("loan {n}")),
            amount: None,
        };
        Request::plain(
            wish.household.derive(&format!("draw {n}")),
            support::farmer(wish.household),
            morning(),
            Order::Do(Command::Draw(draw)),
        )
    };
    assert!(matches!(told(stepper.step(vec![draw(2)]).remove(0)), Outcome::Done));
    assert!(stepper.step(vec![draw(3)]).remove(0).is_err(), "drawn once");
    for day in (0..2).map(|n| today.add_days(n)) {
        told(stepper.step(vec![close_day(day)]).remove(0));
        stepper.deliver().into_iter().for_each(|answer| drop(told(answer)));
    }
    // A day later it stays drawn.
    let late = CorrectLoan {
        cell: wish.cell,
        household: wish.household,
        loan: wish.household.derive("loan 2"),
        value_date: today,
        what: Happening::Reversed { target: wish.household.derive("draw 2") },
        reference: "slip 18".into(),
        reason: "a mistake".into(),
    };
    let refused = stepper.step(vec![order(4, accountant, Order::Propose(Command::CorrectLoan(late)))]).remove(0);
    assert!(refused.unwrap_err().to_string().contains("own day"));
    audit::verify(house.as_ref(), backend.as_ref(), None).unwrap();
    let rebuilt = audit::rebuild(house.as_ref(), backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
}

fn engine(backend: Arc<dyn Backend>) -> Engine<Tianxin> {
    let options = EngineOptions { sweep_every: Duration::from_millis(50), ..EngineOptions::default() };
    Engine::start(lender(), backend, options).unwrap()
}

/// The close of a month with dues, as a process does it that may die at any point.
fn close_to(engine: &Engine<Tianxin>, day: Date) {
    engine.settle();
    loop {
        let mut connection = engine.backend().connect().unwrap();
        let heads = door::checkpoint::read_heads(connection.as_mut(), engine.backend().cells()).unwrap();
        let open = heads.iter().find(|head| head.cell == Cell::OFFICE).unwrap().open_date;
        drop(connection);
        if open > day {
            return;
        }
        engine.call(close_day(open)).unwrap();
        engine.settle();
    }
}

/// Not a test: the process that dies. Orders: the point, which hit of it, the database.
#[test]
fn child_closes_until_the_point() {
    let Some(orders) = support::child::orders() else { return };
    let [point, nth, at] = &orders[..] else { panic!("{orders:?}") };
    let engine = engine(sqlite(Path::new(at)));
    failpoint::arm(point, nth.parse().unwrap());
    close_to(&engine, Date::ymd(2026, 4, 3).unwrap());
    println!("LIVED");
}

fn stands(backend: &dyn Backend) -> String {
    let lists = (records::<LoanNote>(backend), records::<AccrualGroup>(backend), records::<GlBalance>(backend));
    let days = (records::<CellDay>(backend), records::<BusinessDay>(backend), records::<Agenda>(backend));
    let entries = support::proof::entries(backend);
    format!("{lists:#?}\n{days:#?}\n{entries:#?}").replace("by_seq", "")
}

#[test]
fn a_close_killed_anywhere_and_run_again_changes_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let founded = folder.path().join("founded.db");
    {
        let backend = sqlite(&founded);
        let house = lender();
        let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
        found(&mut stepper, &house);
        let mut day = open_date();
        while day < Date::ymd(2026, 4, 1).unwrap() {
            live_and_close(&mut stepper, day);
            day = day.add_days(1);
        }
    }
    let copy = |name: &str| {
        let to = folder.path().join(name);
        std::fs::copy(&founded, &to).unwrap();
        to
    };
    let whole = sqlite(&copy("whole.db"));
    let undisturbed = engine(whole.clone());
    close_to(&undisturbed, Date::ymd(2026, 4, 3).unwrap());
    undisturbed.stop();
    let expected = stands(whole.as_ref());
    let points = [
        "door.before_commit",
        "door.after_commit",
        "outbox.before_deliver",
        "outbox.after_deliver",
        "outbox.before_ack",
    ];
    for point in points {
        let mut hits = 0;
        for nth in [1, 2, 4, 7, 12] {
            let at = copy("crashed.db");
            let (status, said) =
                support::child::run("child_closes_until_the_point", &[point, &nth.to_string(), at.to_str().unwrap()]);
            if said.contains("LIVED") {
                break;
            }
            hits += 1;
            assert_eq!(support::child::signal(status), Some(6), "{point}, hit {nth}: {said}");
            let backend = sqlite(&at);
            audit::verify(lender().as_ref(), backend.as_ref(), None)
                .unwrap_or_else(|wrong| panic!("{point}, hit {nth}: {wrong}"));
            let engine = engine(backend.clone());
            close_to(&engine, Date::ymd(2026, 4, 3).unwrap());
            engine.stop();
            audit::verify(lender().as_ref(), backend.as_ref(), None).unwrap();
            assert_eq!(stands(backend.as_ref()), expected, "{point}, hit {nth}");
            drop(backend);
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", at.display()));
            }
        }
        assert!(hits > 0, "the failpoint {point} is never reached");
    }
}

#[test]
fn who_ran_the_close_may_say_how_long_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let engine = engine(backend.clone());
    let note = |n, millis| {
        let command = Command::NoteClose(app::close::NoteClose { day: open_date(), millis });
        engine.call(request(n, Actor::SYSTEM, command))
    };
    assert!(note(1, 5).unwrap_err().to_string().contains("not closed"));
    engine.call(close_day(open_date())).unwrap();
    engine.settle();
    assert!(note(1, -5).is_err());
    note(1, 1_234).unwrap();
    assert_eq!(report(backend.as_ref(), open_date()).took_millis, Some(1_234));
}
