//! Orders that wait for a person before their money moves: reserved, carried out, refused, lapsed; each once, on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use app::Tianxin;
use app::case::{CaseState, CaseStep, WatchAlert, WatchCase, WorkCase};
use app::command::{Command, Outcome};
use app::enrol::SealedField;
use app::level::{LevelLimits, WalletLevel, WalletUse};
use app::listed::{ListEntry, ListedPerson, LoadList};
use app::payment::{AskPayment, BankAccount, BindAccount, Payment, PaymentWay};
use app::suspend::{EndSuspended, Judged, Outgoing, Suspend, SuspendedEnd, SuspendedOrder, SuspendedState, UNANSWERED};
use app::suspicion::{ReportSuspicion, SuspicionReport};
use app::tables::{Agenda, Wallet};
use app::transfer::Transfer;
use app::wallet::Withdraw;
use basics::{Cell, Date, Id, Money};
use door::{Actor, Backend, DoorError, Order, Request, Role, Stepper, audit};
use support::lending::{close_day, day_begins, told};
use support::proof::records;
use support::*;

/// A household of the same cell as the first, or of another.
fn other(same_cell: bool) -> Id {
    (1..).map(household).find(|one| (cell_of(*one) == cell_of(household(0))) == same_cell).unwrap()
}

fn pay_out(yuans: i64) -> Outgoing {
    let (cell, household) = (cell_of(household(0)), household(0));
    Outgoing::Withdraw(Withdraw { cell, household, amount: yuan(yuans), value_date: None })
}

fn send(to: Id, yuans: i64) -> Outgoing {
    let (cell, from, to_cell) = (cell_of(household(0)), household(0), cell_of(to));
    Outgoing::Transfer(Transfer { cell, from, to_cell, to, amount: yuan(yuans), note: "seed".into() })
}

fn over_rail(payment: u128, way: PaymentWay, yuans: i64) -> Outgoing {
    let (cell, household, rail, purpose) = (cell_of(household(0)), household(0), "bank".into(), "school".into());
    let (payment, account, amount) = (id(payment), id(0xACC), yuan(yuans));
    Outgoing::Payment(AskPayment { cell, household, payment, way, rail, account, amount, purpose })
}

fn judged(days: i32, typology: &str) -> Judged {
    let (config, signals) = (("own".to_owned(), 3), Vec::new());
    Judged { config, typology: typology.to_owned(), score_milli: 1_600, days, signals }
}

fn suspend(order: Outgoing) -> Command {
    Command::Suspend(Suspend { order, judged: judged(3, "takeover") })
}

fn end(order: Id, yuans: i64, end: SuspendedEnd) -> Command {
    let (cell, household) = (cell_of(household(0)), household(0));
    let reason = "the household was called back".to_owned();
    Command::EndSuspended(EndSuspended { cell, household, suspended: order, amount: yuan(yuans), end, reason })
}

struct Office {
    house: Arc<Tianxin>,
    stepper: Stepper<Tianxin>,
    backend: Arc<dyn Backend>,
    asked: u128,
    today: Date,
}

impl Office {
    fn open(house: Tianxin, backend: Arc<dyn Backend>) -> Office {
        let house = Arc::new(house);
        let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
        for answer in stepper.step(founding(40)) {
            told(answer);
        }
        stepper.deliver();
        Office { house, stepper, backend, asked: 0, today: open_date() }
    }

    fn order(&mut self, actor: Actor, order: Order<Command>) -> Result<Outcome, String> {
        self.asked += 1;
        let request = Request::plain(id(0xAA_0000 + self.asked), actor, day_begins(self.today), order);
        match self.stepper.step(vec![request]).remove(0) {
            Ok(answer) => Ok(answer.outcome::<Tianxin>().unwrap()),
            Err(DoorError::Refused(refusal)) => Err(refusal.code.to_owned()),
            Err(other) => panic!("{other}"),
        }
    }

    fn ask(&mut self, actor: Actor, command: Command) -> Result<Outcome, String> {
        self.order(actor, Order::Do(command))
    }

    /// The id of what was asked last.
    fn last(&self) -> Id {
        id(0xAA_0000 + self.asked)
    }

    /// Suspends an order of the first household; its id.
    fn suspended(&mut self, order: Outgoing) -> Id {
        assert_eq!(self.ask(farmer(household(0)), suspend(order)), Ok(Outcome::Suspended));
        self.last()
    }

    fn deliver(&mut self) {
        for answer in self.stepper.deliver() {
            told(answer);
        }
    }

    fn close(&mut self) {
        told(self.stepper.step(vec![close_day(self.today)]).remove(0));
        self.deliver();
        self.today = self.today.add_days(1);
    }

    /// Balance and hold of a wallet, in yuan.
    fn wallet(&self, of: Id) -> (i64, i64) {
        let row = records::<Wallet>(self.backend.as_ref()).into_iter().find(|row| row.household == of).unwrap();
        (row.balance_minor / 100, row.held_minor / 100)
    }

    fn row(&self, order: Id) -> SuspendedOrder {
        records::<SuspendedOrder>(self.backend.as_ref()).into_iter().find(|row| row.id == order).unwrap()
    }

    fn prove(&self) {
        audit::verify(self.house.as_ref(), self.backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
        let rebuilt = audit::rebuild(self.house.as_ref(), self.backend.as_ref(), false).unwrap();
        assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
    }
}

fn paying() -> Tianxin {
    tianxin().as_ref().clone().paying_over(vec!["bank".into()])
}

/// A test on SQLite, and on PostgreSQL where there is one.
fn on_both(name: &str, test: impl Fn(Arc<dyn Backend>)) {
    let folder = tempfile::tempdir().unwrap();
    test(sqlite(&folder.path().join("a.db")));
    if let Some((database, _server)) = postgres(name) {
        test(postgres_backend(&database.url(), name));
    }
}

const RELEASE: SuspendedEnd = SuspendedEnd::Release;
const REFUSE: SuspendedEnd = SuspendedEnd::Refuse;

fn an_order_waits_and_ends_once(backend: Arc<dyn Backend>) {
    let mut office = Office::open(paying(), backend);
    let (own, officer, first) = (farmer(household(0)), staff(5, Role::Officer), household(0));
    let order = office.suspended(pay_out(300));
    assert_eq!(office.wallet(first), (1_000, 300), "reserved, and nobody has it");
    // What is reserved is not there for anything else.
    let short = office.ask(own, withdraw(first, yuan(701)));
    assert_eq!(short, Ok(Outcome::InsufficientFunds { available_minor: 70_000 }));
    // Somebody has to look: a case is open, and the alert is a hold.
    office.deliver();
    let case = records::<WatchCase>(office.backend.as_ref()).remove(0);
    assert_eq!((case.subject, case.state, case.money_minor), (first, CaseState::Open, 30_000));
    assert_eq!((case.typology.as_str(), case.risk_milli), ("takeover", 1_600));
    let alert = records::<WatchAlert>(office.backend.as_ref()).remove(0);
    assert_eq!((alert.grade.as_str(), alert.case), ("hold", case.id));
    for (actor, command, code) in [
        (own, end(order, 300, RELEASE), "not_permitted"),
        (staff(4, Role::Clerk), end(order, 300, RELEASE), "not_permitted"),
        (officer, end(id(77), 300, RELEASE), "unknown_suspension"),
        (officer, end(order, 301, RELEASE), "not_that_amount"),
    ] {
        assert_eq!(office.ask(actor, command), Err(code.to_owned()));
    }
    // Two officers at once: one of them is told that it is over.
    let both = [(0xBB_0001, officer, RELEASE), (0xBB_0002, staff(6, Role::Officer), REFUSE)];
    let both = both.map(|(n, actor, how)| request(n, actor, end(order, 300, how))).to_vec();
    let mut answers = office.stepper.step(both);
    assert!(matches!(answers.pop().unwrap(), Err(DoorError::Refused(refusal)) if refusal.code == "suspension_over"));
    assert_eq!(outcome(&answers[0]), Outcome::Done);
    assert_eq!(office.wallet(first), (700, 0), "carried out");
    assert_eq!(office.ask(officer, end(order, 300, RELEASE)), Err("suspension_over".to_owned()));
    let row = office.row(order);
    assert_eq!((row.state, row.ended_by), (SuspendedState::Released, Some(officer.id)));
    assert_eq!(row.judged().unwrap(), judged(3, "takeover"), "what the monitor said stays with it");
    // Refused: the money is free again.
    let order = office.suspended(pay_out(100));
    assert_eq!(office.ask(officer, end(order, 100, REFUSE)), Ok(Outcome::Done));
    assert_eq!((office.wallet(first), office.row(order).state), ((700, 0), SuspendedState::Refused));
    // Nobody looks: it lapses at the close of its last day, not before.
    let order = office.suspended(pay_out(100));
    for _ in 0..3 {
        office.close();
    }
    assert_eq!((office.wallet(first), office.row(order).state), ((700, 100), SuspendedState::Waiting));
    office.close();
    let row = office.row(order);
    assert_eq!((office.wallet(first), row.state, row.ended_by), ((700, 0), SuspendedState::Lapsed, None));
    assert_eq!(office.ask(officer, end(order, 100, RELEASE)), Err("suspension_over".to_owned()));
    assert!(records::<Agenda>(office.backend.as_ref()).is_empty(), "nothing is left to lapse");
    office.prove();
}

#[test]
fn a_suspended_order_is_carried_out_refused_or_lapses_once() {
    on_both("suspend", an_order_waits_and_ends_once);
}

fn orders_of_every_kind(backend: Arc<dyn Backend>) {
    let mut office = Office::open(paying(), backend);
    let (own, officer, first) = (farmer(household(0)), staff(5, Role::Officer), household(0));
    let (near, far) = (other(true), other(false));
    // Within the cell, and to another one.
    let order = office.suspended(send(near, 50));
    assert_eq!(office.ask(officer, end(order, 50, RELEASE)), Ok(Outcome::Done));
    assert_eq!((office.wallet(first), office.wallet(near)), ((950, 0), (1_050, 0)));
    let order = office.suspended(send(far, 60));
    let transfer = order.derive("release");
    assert_eq!(office.ask(officer, end(order, 60, RELEASE)), Ok(Outcome::OnItsWay { transfer }));
    assert_eq!(office.wallet(first), (950, 60), "held on its way");
    office.deliver();
    assert_eq!((office.wallet(first), office.wallet(far)), ((890, 0), (1_060, 0)));
    // A no is told as it is, and nobody is called.
    let cases = records::<WatchAlert>(office.backend.as_ref()).len();
    let stranger = (900..).map(household).find(|one| cell_of(*one) == cell_of(first)).unwrap();
    assert_eq!(office.ask(own, suspend(send(stranger, 10))), Ok(Outcome::UnknownPayee));
    let short = office.ask(own, suspend(pay_out(891)));
    assert_eq!(short, Ok(Outcome::InsufficientFunds { available_minor: 89_000 }));
    assert_eq!(office.ask(own, suspend(send(first, 10))), Err("same_wallet".to_owned()));
    office.deliver();
    assert_eq!(records::<WatchAlert>(office.backend.as_ref()).len(), cases);
    // To somebody in another cell who is not there: it goes, and comes back.
    let nobody = (900..).map(household).find(|one| cell_of(*one) == cell_of(far)).unwrap();
    let order = office.suspended(send(nobody, 70));
    office.ask(officer, end(order, 70, RELEASE)).unwrap();
    office.deliver();
    assert_eq!((office.wallet(first), office.row(order).state), ((890, 0), SuspendedState::Released));
    // Over a rail: asked for once it is released.
    let bind = Command::BindAccount(BindAccount {
        cell: cell_of(first),
        household: first,
        account: id(0xACC),
        person: first.derive("head"),
        sealed: SealedField {
            field: BankAccount::field(id(0xACC)),
            ciphertext: vec![1, 2, 3].into(),
            commitment: vec![4; 32].into(),
        },
    });
    assert_eq!(office.ask(own, bind), Ok(Outcome::Done));
    assert_eq!(office.ask(own, suspend(over_rail(9, PaymentWay::In, 10))), Err("bad_suspension".to_owned()));
    let order = office.suspended(over_rail(10, PaymentWay::Out, 80));
    assert!(records::<Payment>(office.backend.as_ref()).is_empty(), "no rail hears of it");
    assert_eq!(office.ask(officer, end(order, 80, RELEASE)), Ok(Outcome::PaymentAsked));
    let payment = records::<Payment>(office.backend.as_ref()).remove(0);
    assert_eq!((payment.id, payment.state.as_str(), office.wallet(first)), (id(10), "asked", (890, 80)));
    // The same payment a second time is refused as it would be by itself.
    assert_eq!(office.ask(own, suspend(over_rail(10, PaymentWay::Out, 20))), Err("payment_exists".to_owned()));
    // Who sent it does not decide it, in whatever role.
    let clerk = staff(8, Role::Clerk);
    assert_eq!(office.ask(clerk, suspend(pay_out(30))), Ok(Outcome::Suspended));
    let order = office.last();
    assert_eq!(office.ask(staff(8, Role::Officer), end(order, 30, RELEASE)), Err("own_order".to_owned()));
    assert_eq!(office.ask(officer, end(order, 30, REFUSE)), Ok(Outcome::Done));
    // Words and days that make no sense.
    for (judged, code) in [
        (judged(0, "takeover"), "bad_suspension"),
        (judged(31, "takeover"), "bad_suspension"),
        (judged(3, ""), "bad_text"),
        (Judged { config: (String::new(), 1), ..judged(3, UNANSWERED) }, "bad_text"),
    ] {
        let command = Command::Suspend(Suspend { order: pay_out(10), judged });
        assert_eq!(office.ask(own, command), Err(code.to_owned()));
    }
    office.close();
    office.prove();
}

#[test]
fn orders_of_every_kind_are_carried_out_as_they_were_sent() {
    on_both("suspendkinds", orders_of_every_kind);
}

#[test]
fn large_orders_ask_for_a_second_person_and_limits_count_what_is_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let limits = LevelLimits {
        level: WalletLevel::Basic,
        per_payment_minor: None,
        per_day_minor: Some(2_600_000),
        per_year_minor: None,
    };
    let mut office = Office::open(paying().limiting(vec![limits]), sqlite(&folder.path().join("a.db")));
    let (officer, first) = (staff(5, Role::Officer), household(0));
    office.ask(Actor::SYSTEM, top_up(first, yuan(60_000))).unwrap();
    let order = office.suspended(send(other(true), 25_000));
    assert_eq!(office.ask(officer, end(order, 25_000, RELEASE)), Err("second_person_needed".to_owned()));
    // What is claimed to be small is not what was seen.
    assert_eq!(office.ask(officer, end(order, 1, RELEASE)), Err("not_that_amount".to_owned()));
    let used = |office: &Office| records::<WalletUse>(office.backend.as_ref()).first().map_or(0, |row| row.day_minor);
    assert_eq!(used(&office), 0, "what waits has not moved");
    let second = office.suspended(send(other(true), 2_000));
    let cell = cell_of(first);
    office.order(officer, Order::Propose(end(order, 25_000, RELEASE))).unwrap();
    let approve = Order::Approve { cell, proposal: office.last() };
    assert_eq!(office.order(staff(9, Role::Approver), approve), Ok(Outcome::Done));
    assert_eq!((used(&office), office.wallet(other(true))), (2_500_000, (26_000, 0)));
    // The other one would pass the day's limit now: it waits on, and goes the next day.
    let over = office.ask(officer, end(second, 2_000, RELEASE));
    assert_eq!(over, Ok(Outcome::OverLimit { which: "day".into(), left_minor: 100_000 }));
    assert_eq!(office.row(second).state, SuspendedState::Waiting);
    office.close();
    assert_eq!(office.ask(officer, end(second, 2_000, RELEASE)), Ok(Outcome::Done));
    office.prove();
}

#[test]
fn any_acts_in_any_order_keep_money_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(paying(), sqlite(&folder.path().join("a.db")));
    let (own, officer) = (farmer(household(0)), staff(5, Role::Officer));
    let mut stream = Stream(23);
    let mut sent: Vec<(Id, Money)> = Vec::new();
    for turn in 0..300u64 {
        let amount = 1 + stream.below(400) as i64;
        match stream.below(7) {
            0..=2 => {
                let order = if stream.below(2) == 0 { pay_out(amount) } else { send(other(turn % 3 == 0), amount) };
                if office.ask(own, suspend(order)) == Ok(Outcome::Suspended) {
                    sent.push((office.last(), yuan(amount)));
                }
            }
            3..=4 if !sent.is_empty() => {
                let (order, amount) = sent[stream.below(sent.len() as u64) as usize];
                let how = if stream.below(2) == 0 { RELEASE } else { REFUSE };
                // Refusals and business noes are part of it.
                let _ = office.ask(officer, end(order, amount.minor() / 100, how));
                if stream.below(2) == 0 {
                    office.deliver();
                }
            }
            5 if turn % 4 == 0 => office.close(),
            _ => {
                office.ask(Actor::SYSTEM, top_up(household(0), yuan(amount))).unwrap();
            }
        }
    }
    let states: Vec<SuspendedState> =
        records::<SuspendedOrder>(office.backend.as_ref()).into_iter().map(|row| row.state).collect();
    for state in [SuspendedState::Released, SuspendedState::Refused, SuspendedState::Lapsed] {
        assert!(states.contains(&state), "{state:?} was never met");
    }
    office.deliver();
    office.prove();
    for _ in 0..5 {
        office.close();
    }
    assert_eq!(office.wallet(household(0)).1, 0, "after the last day of all nothing is reserved");
    office.prove();
}

#[test]
fn a_process_that_ends_between_suspending_and_releasing_pays_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut office = Office::open(tianxin().as_ref().clone(), sqlite(&path));
    let order = office.suspended(pay_out(300));
    let release = request(0xBB_0001, staff(5, Role::Officer), end(order, 300, RELEASE));
    // The process ends here, before the office has heard of it.
    drop(office);
    let mut stepper = Stepper::new(tianxin(), sqlite(&path), 256);
    stepper.take_up().unwrap();
    for answer in stepper.deliver() {
        told(answer);
    }
    let first = stepper.step(vec![release.clone()]).remove(0).unwrap();
    drop(stepper);
    let backend = sqlite(&path);
    let mut stepper = Stepper::new(tianxin(), backend.clone(), 256);
    stepper.take_up().unwrap();
    stepper.deliver();
    let again = stepper.step(vec![release]).remove(0).unwrap();
    assert!(!first.replayed && again.replayed && again.outcome == first.outcome);
    let row = records::<Wallet>(backend.as_ref()).into_iter().find(|row| row.household == household(0)).unwrap();
    assert_eq!((row.balance_minor, row.held_minor), (70_000, 0), "paid once");
    assert_eq!(records::<WatchAlert>(backend.as_ref()).len(), 1, "told once");
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
}

fn a_case_is_reported_and_lists_are_kept(backend: Arc<dyn Backend>) {
    let mut office = Office::open(paying(), backend);
    let (officer, approver) = (staff(5, Role::Officer), staff(9, Role::Approver));
    office.suspended(pay_out(300));
    office.deliver();
    let case = records::<WatchCase>(office.backend.as_ref()).remove(0);
    let report = |grounds: &str| {
        let (subject, case) = (case.subject, case.id);
        Command::ReportSuspicion(ReportSuspicion { subject, case, grounds: grounds.to_owned() })
    };
    assert_eq!(office.order(officer, Order::Propose(report("a cow"))), Err("case_not_taken".to_owned()));
    let take = WorkCase { subject: case.subject, case: case.id, step: CaseStep::Take };
    office.ask(officer, Command::WorkCase(take)).unwrap();
    assert_eq!(office.ask(officer, report("a cow")), Err("second_person_needed".to_owned()));
    office.order(officer, Order::Propose(report("a cow that nobody has seen"))).unwrap();
    let approve = Order::Approve { cell: Cell::OFFICE, proposal: office.last() };
    assert_eq!(office.order(approver, approve), Ok(Outcome::Done));
    let kept = records::<SuspicionReport>(office.backend.as_ref()).remove(0);
    assert_eq!((kept.case, kept.approved_by), (case.id, approver.id));
    // A list in two parts; the next version takes off who is not on it.
    let entry = |n: u8| ListEntry { hash: Some(vec![n; 32].into()), name: format!("N{n}"), reason: "x".into() };
    let load = |as_of: Date, people: &[u8], ends: bool| {
        let entries = people.iter().map(|n| entry(*n)).collect();
        Command::LoadList(LoadList { list: "wanted".into(), source: "police".into(), as_of, entries, ends })
    };
    let names = |office: &Office| {
        let rows = records::<ListedPerson>(office.backend.as_ref());
        let mut names: Vec<String> = rows.into_iter().map(|row| row.name).collect();
        names.sort();
        names
    };
    let day = open_date();
    office.ask(officer, load(day.add_days(-2), &[1, 2], false)).unwrap();
    office.ask(officer, load(day.add_days(-2), &[3], true)).unwrap();
    assert_eq!(names(&office), ["N1", "N2", "N3"]);
    office.ask(officer, load(day, &[3], false)).unwrap();
    assert_eq!(names(&office), ["N1", "N2", "N3"], "nobody is off before the last part");
    office.ask(officer, load(day, &[4], true)).unwrap();
    assert_eq!(names(&office), ["N3", "N4"]);
    assert_eq!(office.ask(officer, load(day.add_days(-1), &[1], true)), Err("list_is_old".to_owned()));
    let short = ListEntry { hash: Some(vec![1; 31].into()), ..entry(1) };
    let bad = LoadList { list: "a".into(), source: "b".into(), as_of: day, entries: vec![short], ends: true };
    assert_eq!(office.ask(officer, Command::LoadList(bad)), Err("bad_list_hash".to_owned()));
    assert_eq!(office.ask(farmer(household(0)), load(day, &[1], true)), Err("not_permitted".to_owned()));
    office.prove();
}

#[test]
fn reports_and_lists_are_derived_from_the_journal() {
    on_both("suspicion", a_case_is_reported_and_lists_are_kept);
}
