//! The door as a whole, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

mod support;

use std::sync::Arc;

use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::erase::Erase;
use app::reverse::Reverse;
use app::tables::Crossing;
use basics::{Cell, Currency, Money};
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Order, Request, Role, StepKind, Stepper, audit};
use support::*;

const HOUSEHOLDS: u64 = 40;

/// A thousand commands, three hundred of which cannot be done, in mixed order.
fn thousand() -> Vec<Request<Command>> {
    let mut stream = Stream(7);
    let mut requests = Vec::new();
    for n in 0..1_000u128 {
        let a = household(stream.below(HOUSEHOLDS));
        let b = household((stream.below(HOUSEHOLDS - 1) + a.0.as_u128() as u64 - 0x1000_0000 + 1) % HOUSEHOLDS);
        let amount = Money::new(1 + stream.below(20_000) as i64, Currency::CNY);
        let clerk = staff(1, Role::Clerk);
        let number = 10_000 + n;
        let made = match n % 10 {
            // Three in ten are refused or end in a business no.
            0 => match stream.below(5) {
                0 => request(number, farmer(b), withdraw(a, amount)),
                1 => request(number, farmer(a), transfer(a, a, amount)),
                2 => request(number, clerk, top_up(household(9_999), amount)),
                3 => request(number, farmer(a), withdraw(a, Money::new(0, Currency::CNY))),
                _ => request(number, staff(2, Role::Auditor), top_up(a, amount)),
            },
            1 => request(number, farmer(a), withdraw(a, yuan(900_000))),
            2 => request(number, farmer(a), transfer(a, household(5_000 + stream.below(9)), yuan(800_000))),
            3 | 4 => request(number, clerk, top_up(a, amount)),
            5 => request(number, farmer(a), withdraw(a, amount)),
            // Much of the money gathers with a few households, whose cells then run short of bank balance.
            6 => {
                let rich = household(stream.below(3));
                request(number, farmer(rich), withdraw(rich, Money::new(200_000, Currency::CNY)))
            }
            7 => request(number, farmer(a), transfer(a, b, amount)),
            _ => {
                let rich = household(stream.below(3));
                let to = if rich == a { b } else { rich };
                request(number, farmer(a), transfer(a, to, Money::new(30_000, Currency::CNY)))
            }
        };
        requests.push(made);
    }
    requests
}

/// Runs the thousand and gives what callers were told.
fn run(backend: Arc<dyn Backend>, batch_max: usize) -> Vec<String> {
    let mut stepper = Stepper::new(tianxin(), backend, batch_max);
    let mut told = Vec::new();
    let mut note = |answers: Vec<Result<door::Answer, DoorError>>| {
        for answer in answers {
            told.push(match &answer {
                Ok(given) => format!("{:?} {} {:?}", given.cell, given.seq, outcome(&answer)),
                Err(DoorError::Refused(refusal)) => refusal.code.to_owned(),
                Err(other) => panic!("{other}"),
            });
        }
    };
    note(stepper.step(founding(HOUSEHOLDS)));
    note(stepper.deliver());
    for part in thousand().chunks(250) {
        note(stepper.step(part.to_vec()));
        note(stepper.deliver());
    }
    told
}

#[test]
fn a_thousand_commands_end_the_same_at_every_batch_size_and_on_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let small = sqlite(&folder.path().join("small.db"));
    let large = sqlite(&folder.path().join("large.db"));
    let told = run(small.clone(), 1);
    let noes = told.iter().filter(|t| !t.contains(' ') || t.contains("Insufficient") || t.contains("Unknown")).count();
    assert!(noes >= 300, "{noes} of them cannot be done");
    assert!(told.iter().any(|t| t.contains("OnItsWay")) && told.iter().any(|t| t.contains("PendingFunds")));
    assert_eq!(told, run(large.clone(), 256));
    let export = export_comparable(small.as_ref());
    assert_eq!(export, export_comparable(large.as_ref()));
    audit::verify(tianxin().as_ref(), small.as_ref(), None).unwrap();
    if let Some((database, _server)) = postgres("thousand") {
        for batch_max in [1, 256] {
            let backend = postgres_backend(&database.url(), &format!("batch_{batch_max}"));
            assert_eq!(told, run(backend.clone(), batch_max));
            assert_eq!(export, export_comparable(backend.as_ref()));
            audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
        }
    }
}

#[test]
fn a_command_sent_again_a_month_later_gets_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let pay = request(77, farmer(household(1)), withdraw(household(1), yuan(10)));
    let first = {
        let mut stepper = Stepper::new(tianxin(), sqlite(&path), 256);
        stepper.step(founding(3));
        stepper.deliver();
        stepper.step(vec![pay.clone()]).remove(0).unwrap()
    };
    // Thirty days are closed, the program is started anew.
    let mut stepper = Stepper::new(tianxin(), sqlite(&path), 256);
    for n in 0..30i32 {
        let day = open_date().add_days(n);
        let mut close = request(500 + n as u128, Actor::SYSTEM, Command::CloseDay(CloseDay { day }));
        close.at = close.at.add_seconds(86_400 * i64::from(n));
        assert!(matches!(outcome(&stepper.step(vec![close]).remove(0)), Outcome::Closing { .. }));
        assert!(stepper.deliver().iter().all(Result::is_ok));
    }
    let again = stepper.step(vec![pay.clone()]).remove(0).unwrap();
    assert!(again.replayed);
    assert_eq!((again.outcome, again.seq), (first.outcome, first.seq));
    let other_body = request(77, farmer(household(1)), withdraw(household(1), yuan(11)));
    let other_actor = Request { actor: staff(1, Role::Clerk), ..pay };
    for conflict in stepper.step(vec![other_body, other_actor]) {
        assert!(matches!(conflict, Err(DoorError::Conflict(_))), "{conflict:?}");
    }
}

#[test]
fn a_payout_waits_for_quota_and_is_paid_when_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let mut stepper = Stepper::new(tianxin(), backend.clone(), 256);
    let one = household(1);
    // No quota, no capital: the wallet's own top-up is all the cell has, and another household takes it.
    stepper.step(vec![
        request(1, Actor::SYSTEM, enrol(one)),
        request(2, Actor::SYSTEM, top_up(one, yuan(100))),
        request(3, Actor::SYSTEM, fund(yuan(50))),
    ]);
    let there = (2..200).map(household).find(|h| cell_of(*h) != cell_of(one)).unwrap();
    stepper.step(vec![request(4, Actor::SYSTEM, enrol(there)), request(5, Actor::SYSTEM, top_up(there, yuan(100)))]);
    assert!(matches!(
        outcome(&stepper.step(vec![request(6, farmer(there), transfer(there, one, yuan(100)))]).remove(0)),
        Outcome::OnItsWay { .. }
    ));
    stepper.deliver();
    let asked = stepper.step(vec![request(7, farmer(one), withdraw(one, yuan(180)))]);
    assert_eq!(outcome(&asked[0]), Outcome::PendingFunds);
    // The office gives what it has, 50: still short of 180.
    let told: Vec<Outcome> = stepper.deliver().iter().map(outcome).collect();
    assert!(told.contains(&Outcome::Paid { count: 0 }), "{told:?}");
    // A later, smaller payout does not overtake the one that waits.
    assert_eq!(outcome(&stepper.step(vec![request(8, farmer(one), withdraw(one, yuan(5)))])[0]), Outcome::PendingFunds);
    stepper.deliver();
    stepper.step(vec![request(9, Actor::SYSTEM, fund(yuan(500)))]);
    stepper.step(vec![request(10, staff(3, Role::Accountant), grant(cell_of(one).0, yuan(300)))]);
    let told: Vec<Outcome> = stepper.deliver().iter().map(outcome).collect();
    assert!(told.contains(&Outcome::Paid { count: 2 }), "{told:?}");
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
}

#[test]
fn two_people_decide_what_matters() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let mut stepper = Stepper::new(tianxin(), backend.clone(), 256);
    stepper.step(founding(3));
    stepper.deliver();
    let one = household(1);
    let topped = stepper.step(vec![request(50, staff(1, Role::Clerk), top_up(one, yuan(70)))]).remove(0).unwrap();
    let reverse =
        Command::Reverse(Reverse { cell: topped.cell, seq: topped.seq, fact: 0, reason: "typed twice".into() });
    let book = staff(5, Role::Accountant);
    let told = |answer: &Result<door::Answer, DoorError>| match answer {
        Err(DoorError::Refused(refusal)) => refusal.code,
        Err(other) => panic!("{other}"),
        Ok(_) => "ok",
    };
    let order = |n: u128, actor, order| Request::plain(id(0xC000_0000_0000 + n), actor, morning(), order);
    assert_eq!(told(&stepper.step(vec![request(51, book, reverse.clone())])[0]), "second_person_needed");
    let proposed = stepper.step(vec![order(52, book, Order::Propose(reverse.clone()))]).remove(0).unwrap();
    assert_eq!(proposed.step, StepKind::Proposed);
    let proposal = id(0xC000_0000_0000 + 52);
    let approve = |n, actor| order(n, actor, Order::Approve { cell: topped.cell, proposal });
    assert_eq!(told(&stepper.step(vec![approve(53, book)])[0]), "not_permitted");
    assert_eq!(told(&stepper.step(vec![approve(54, staff(6, Role::Clerk))])[0]), "not_permitted");
    // The money leaves before the second person comes: the outcome is no longer what was shown.
    stepper.step(vec![request(55, farmer(one), withdraw(one, yuan(1_050)))]);
    assert_eq!(told(&stepper.step(vec![approve(56, staff(7, Role::Approver))])[0]), "outcome_changed");
    stepper.step(vec![request(57, staff(1, Role::Clerk), top_up(one, yuan(60)))]);
    // In one batch: approve, and approve again, which finds it closed.
    let both = stepper.step(vec![approve(58, staff(7, Role::Approver)), approve(59, staff(8, Role::Approver))]);
    assert_eq!((outcome(&both[0]), told(&both[1])), (Outcome::Done, "proposal_closed"));
    // A proposal made and approved within one batch; a reversal cannot be undone, nor an entry twice.
    let again = order(60, book, Order::Propose(reverse));
    assert_eq!(told(&stepper.step(vec![again])[0]), "reversed_already");
    let undone = both[0].as_ref().unwrap();
    let back = Command::Reverse(Reverse { cell: undone.cell, seq: undone.seq, fact: 0, reason: "no".into() });
    assert_eq!(told(&stepper.step(vec![order(61, book, Order::Propose(back))])[0]), "is_reversal");
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
}

#[test]
fn a_proposal_can_be_made_and_approved_in_one_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut stepper = Stepper::new(tianxin(), sqlite(&folder.path().join("a.db")), 256);
    let order = |n: u128, actor, order| Request::plain(id(n), actor, morning(), order);
    let told = stepper.step(vec![
        order(1, staff(5, Role::Accountant), Order::Propose(fund(yuan(500)))),
        order(2, staff(6, Role::Approver), Order::Approve { cell: Cell::OFFICE, proposal: id(1) }),
        order(3, staff(5, Role::Accountant), Order::Propose(fund(yuan(700)))),
        order(
            4,
            staff(6, Role::Approver),
            Order::Reject { cell: Cell::OFFICE, proposal: id(3), reason: "twice".into() },
        ),
    ]);
    let steps: Vec<StepKind> = told.iter().map(|answer| answer.as_ref().unwrap().step).collect();
    assert_eq!(steps, [StepKind::Proposed, StepKind::Decided, StepKind::Proposed, StepKind::Rejected]);
}

#[test]
fn a_crossing_is_voided_when_the_payee_is_unknown_and_is_not_reversed() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let mut stepper = Stepper::new(tianxin(), backend.clone(), 256);
    stepper.step(founding(2));
    stepper.deliver();
    let one = household(1);
    let nobody = (5_000..).map(household).find(|h| cell_of(*h) != cell_of(one)).unwrap();
    stepper.step(vec![request(1, farmer(one), transfer(one, nobody, yuan(10)))]);
    stepper.deliver();
    let left = stepper.step(vec![request(2, farmer(one), withdraw(one, yuan(1_000)))]);
    assert_eq!(outcome(&left[0]), Outcome::Done, "the amount was set free again");
    let mut connection = backend.connect().unwrap();
    let rows = connection.scan(<Crossing as door::Record>::table(), &door::key![cell_of(one)], None, 10).unwrap();
    assert!(format!("{rows:?}").contains("voided"));
}

#[test]
fn the_audit_proves_transfers_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let mut stepper = Stepper::new(tianxin(), backend.clone(), 256);
    stepper.step(founding(2));
    let verified = audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
    assert_eq!(verified.unproven, verified.records);
    let one = household(1);
    let there = (2..).map(household).find(|h| cell_of(*h) != cell_of(one)).unwrap();
    stepper.step(vec![request(90, Actor::SYSTEM, enrol(there))]);
    stepper.step(vec![request(91, farmer(one), transfer(one, there, yuan(10)))]);
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
    // Only the target has booked: clearing is not zero, and matches what is reserved.
    let arrive = Command::Arrive(app::transfer::Arrive {
        cell: cell_of(there),
        from: cell_of(one),
        transfer: id(0xC000_0000_0000 + 91),
        purpose: app::transfer::Purpose::Transfer,
        household: Some(there),
        amount: yuan(10),
        value_date: open_date(),
        code: None,
        drawer: None,
    });
    let arrived = Request::plain(id(0xC000_0000_0000 + 91), Actor::SYSTEM, morning(), Order::Do(arrive));
    let mut other = Stepper::new(tianxin(), backend.clone(), 256);
    assert_eq!(outcome(&other.step(vec![arrived])[0]), Outcome::Done);
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
    stepper.deliver();
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
}

#[test]
fn an_erased_person_leaves_books_and_log_verifying() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let mut stepper = Stepper::new(tianxin(), backend.clone(), 256);
    stepper.step(vec![request(1, Actor::SYSTEM, enrol(household(1)))]);
    let (cell, person) = (cell_of(household(1)), household(1).derive("head"));
    let erase = |last_moved| Command::Erase(Erase { cell, household: household(1), person, last_moved });
    let order = |n: u128, actor, order| Request::plain(id(n), actor, morning(), order);
    let told = stepper.step(vec![
        order(10, staff(1, Role::Admin), Order::Propose(erase(None))),
        order(11, staff(2, Role::Approver), Order::Approve { cell, proposal: id(10) }),
    ]);
    assert_eq!(outcome(&told[1]), Outcome::Erased { retained_until: None });
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
    let found = export(backend.as_ref());
    let contacts = found.iter().find(|(name, _)| *name == "contact").unwrap();
    assert!(contacts.1.is_empty(), "nobody finds the person by phone any more");
}

#[test]
fn the_engine_answers_many_callers_and_closes_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let engine = Arc::new(Engine::start(tianxin(), backend.clone(), EngineOptions::default()).unwrap());
    for setup in founding(HOUSEHOLDS) {
        engine.call(setup).unwrap();
    }
    engine.settle();
    std::thread::scope(|scope| {
        for caller in 0..16u64 {
            let engine = engine.clone();
            scope.spawn(move || {
                for n in 0..40u64 {
                    let number = 100_000 + u128::from(caller * 1_000 + n);
                    let (a, b) = (household((caller + n) % HOUSEHOLDS), household((caller * 7 + n + 1) % HOUSEHOLDS));
                    if a != b {
                        engine.call(request(number, farmer(a), transfer(a, b, yuan(1)))).unwrap();
                    }
                }
            });
        }
        let close = request(99, staff(9, Role::Accountant), Command::CloseDay(CloseDay { day: open_date() }));
        assert!(matches!(outcome(&engine.call(close)), Outcome::Closing { cells: CELLS, .. }));
    });
    engine.settle();
    let mut connection = backend.connect().unwrap();
    let heads = door::checkpoint::read_heads(connection.as_mut(), CELLS).unwrap();
    assert!(heads.iter().all(|head| head.open_date == open_date().add_days(1)), "{heads:?}");
    drop(connection);
    let report = audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
    assert!(report.records > 600);
    let outbox = export(backend.as_ref()).into_iter().find(|(name, _)| *name == "outbox").unwrap();
    assert!(outbox.1.is_empty(), "every message was delivered and acknowledged");
}

#[test]
fn a_micro_loan_company_keeps_a_memo_account_and_transfers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let backend = sqlite(&folder.path().join("a.db"));
    let chart = ledger::Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    let licence = app::Licence::MicroLoanCompany;
    let institution = app::Institution { licence, ..app::Institution::rural_bank("Test Company") };
    let company = Arc::new(app::Tianxin::new(institution, chart).unwrap());
    let mut stepper = Stepper::new(company.clone(), backend.clone(), 256);
    let (one, two) = (household(1), household(2));
    let told = stepper.step(vec![
        request(1, Actor::SYSTEM, enrol(one)),
        request(2, Actor::SYSTEM, enrol(two)),
        request(3, Actor::SYSTEM, top_up(one, yuan(10))),
        request(4, farmer(one), transfer(one, two, yuan(1))),
    ]);
    assert_eq!(outcome(&told[2]), Outcome::Done);
    let settles = app::line::Settles { cell: cell_of(two), household: two, discount: basics::Rate::ZERO };
    let register = app::line::RegisterMerchant {
        merchant: id(0x51),
        name: "Village shop".into(),
        category: "household-goods".into(),
        settles,
        active: true,
    };
    let amount = yuan(1);
    let (category, settles) = ("household-goods".to_owned(), Some(settles));
    let act = app::line::LineAct::Buy { merchant: id(0x51), category, amount, settles };
    let buy = app::line::MoveLine { cell: cell_of(one), household: one, line: id(0x11E), act };
    let merchants = stepper.step(vec![
        request(5, Actor::SYSTEM, Command::RegisterMerchant(register)),
        request(6, farmer(one), Command::MoveLine(buy)),
    ]);
    for refused in [&told[3], &merchants[0], &merchants[1]] {
        assert!(matches!(refused, Err(DoorError::Refused(refusal)) if refusal.code == "not_licensed"), "{refused:?}");
    }
    let balances = export(backend.as_ref()).into_iter().find(|(name, _)| *name == "gl_balance").unwrap().1;
    let subjects: Vec<door::Value> = balances.into_iter().map(|mut row| row.swap_remove(1)).collect();
    // Other payables 2241, never deposits 2011.
    assert_eq!(subjects, [door::Value::Int(1002), door::Value::Int(2241)]);
    audit::verify(company.as_ref(), backend.as_ref(), None).unwrap();
}
