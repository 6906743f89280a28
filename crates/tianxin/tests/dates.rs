//! What days bring beside money, and what hangs on a loan: guarantees in both cells, facilities that end, use that is not shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fmt::Write;
use std::sync::Arc;

use app::command::{Command, Outcome};
use app::correct::CorrectLoan;
use app::erase::Erase;
use app::facility::{ChangeFacility, FacilityChange, FacilityView, facility_view};
use app::guarantee::{Guarantee, GuaranteeSide, GuaranteeState, SayGuarantee};
use app::paper::AddPaper;
use app::posting::Role as Subject;
use app::repay::Repay;
use app::sign::Draw;
use app::tables::{AccrualGroup, Agenda, AgendaKind, Contract, ContractStatus, Facility, LoanNote};
use app::task::Task;
use app::{Institution, Tianxin};
use basics::Id;
use door::backend::Durability;
use door::{Backend, Needs, Order, Overlay, Role, audit};
use ledger::Chart;
use loan::Happening;
use loan::paper::{Paper, USE_OF_FUNDS};
use support::lending::{Wish, day_begins};
use support::office::{County, date, fen as fen_of, wish};
use support::proof::records;
use support::*;

fn house() -> Arc<Tianxin> {
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    let products = ["short-working-capital", "long-working-capital"].map(|code| loan::product::shipped(code).unwrap());
    Arc::new(Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(products.to_vec()))
}

/// The household's facility and what counts against it, read anew.
fn view(county: &County, wish: &Wish) -> Option<FacilityView> {
    let mut needs = Needs::default();
    app::application::needs_exposure(&mut needs, wish.cell, wish.household);
    let mut slice = Overlay::default();
    let mut connection = county.backend.connect().unwrap();
    for (table, prefix) in needs.wanted {
        let columns: Vec<usize> = (0..prefix.len()).collect();
        let rows = connection.load_many(table, &columns, std::slice::from_ref(&prefix)).unwrap();
        slice.fill(table, vec![prefix], rows);
    }
    facility_view(&slice, wish.cell, wish.household, county.day).unwrap()
}

/// What the guarantees say on either side, in a line.
fn links(county: &County) -> String {
    let mut all = records::<Guarantee>(county.backend.as_ref());
    all.sort_by_key(|row| (row.side, row.since, row.id));
    let told = all.iter().map(|row| format!("{} {} {}", row.side.as_str(), row.state.as_str(), row.amount_minor / 100));
    told.collect::<Vec<_>>().join(", ")
}

fn paper(county: &mut County, wish: &Wish, paper: Paper, signed: bool) -> Result<Outcome, String> {
    let hash = vec![if signed { 5 } else { 9 }; 32].into();
    let (cell, household, contract) = (wish.cell, wish.household, wish.household.derive("contract"));
    let id = id(0x7A00_0000 + county.next);
    let evidence = "seen at the window".to_owned();
    let add = AddPaper { cell, household, contract, id, paper, hash, evidence, by_phone: false };
    county.order(staff(3, Role::Clerk), Order::Do(Command::AddPaper(add)))
}

fn stands_for(guarantor: &Wish, person: Id, yuan: i64) -> Paper {
    Paper::Guarantee { household: guarantor.household, cell: guarantor.cell, person, amount_fen: yuan * 100 }
}

/// Everything that a household does up to a step, its exposure and limit as the machine saw them.
fn goes(county: &mut County, wish: &Wish, from: usize, to: usize, (seen_fen, limit_fen): (i64, i64)) -> Vec<String> {
    let house = county.house.clone();
    let requests = wish.commands(&house, day_begins(county.day));
    let mut answers = Vec::new();
    for mut request in requests.into_iter().skip(from).take(to - from) {
        if let Order::Do(Command::Decide(decide)) = &mut request.order {
            (decide.exposure_minor, decide.limit_minor) = (seen_fen, limit_fen);
        }
        let answer = county.stepper.step(vec![request]).remove(0);
        answers.push(match answer {
            Ok(answer) => format!("{:?}", answer.outcome::<Tianxin>().unwrap()),
            Err(error) => error.to_string(),
        });
    }
    county.stepper.deliver();
    answers
}

/// Pays all that is owed of a loan today: the id of the payment.
fn pays_off(county: &mut County, wish: &Wish) -> Id {
    let (cell, household, loan) = (wish.cell, wish.household, wish.loan());
    let ask = |fen| Command::Repay(Repay { cell, household, loan, amount: fen_of(fen), value_date: None });
    let more = county.order(farmer(household), Order::Do(ask(100_000_000))).unwrap();
    let Outcome::MoreThanDue { payoff_minor, .. } = more else { panic!("{more:?}") };
    county.order(door::Actor::SYSTEM, Order::Do(top_up(household, fen_of(payoff_minor)))).unwrap();
    let paid = county.order(farmer(household), Order::Do(ask(payoff_minor))).unwrap();
    assert!(matches!(paid, Outcome::Repaid { closed: true, .. }), "{paid:?}");
    id(0x5E00_0000 + county.next)
}

/// A household of another cell than others.
fn apart(from: &[&Wish], product: &'static str, fen: i64, months: u16) -> Wish {
    let free = |wish: &Wish| from.iter().all(|other| other.cell != wish.cell);
    (1..).map(|n| wish(n, product, fen, months)).find(free).unwrap()
}

fn tasks(county: &County) -> String {
    let mut all = records::<Task>(county.backend.as_ref());
    all.sort_by_key(|task| (task.opened_on, task.kind));
    let ended = |task: &Task| task.ended_on.map_or(String::new(), |day| format!(" on {day}"));
    let told = all.iter().map(|task| {
        let (kind, status) = (task.kind.as_str(), task.status.as_str());
        format!("{kind} of {} by {}: {status}{}", task.opened_on, task.due_on, ended(task))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "nothing to do".to_owned() } else { told.join("; ") }
}

fn proven(county: &County) {
    county.verify();
    let rebuilt = audit::rebuild(county.house.as_ref(), county.backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
}

/// A guarantee is a row in both cells; it counts in the guarantor's exposure from the answer of its cell to the end of the contract.
fn guarantees(backend: Arc<dyn Backend>) {
    let mut county = County::of(house(), backend, &[]);
    let debtor = wish(0, "long-working-capital", 1_000_000, 12);
    let guarantor = apart(&[&debtor], "short-working-capital", 500_000, 6);
    let never = apart(&[&debtor, &guarantor], "long-working-capital", 1_000_000, 12);
    for wish in [&debtor, &guarantor, &never] {
        county.order(door::Actor::SYSTEM, Order::Do(enrol(wish.household))).unwrap();
    }
    let mut told = String::new();
    let head = guarantor.household.derive("head");
    for wish in [&debtor, &never] {
        goes(&mut county, wish, 0, 4, (0, 2_000_000));
    }
    // Who is not there stands for nothing; whoever signed another text is refused at the window.
    paper(&mut county, &debtor, stands_for(&guarantor, id(77), 10_000), true).unwrap();
    county.stepper.deliver();
    let other_text = paper(&mut county, &debtor, stands_for(&guarantor, head, 10_000), false).unwrap_err();
    writeln!(told, "a stranger: {}; {other_text}", links(&county)).unwrap();
    let why = records::<Guarantee>(county.backend.as_ref()).into_iter().find_map(|row| row.why).unwrap();
    assert_eq!(why, "the household has no such person");
    paper(&mut county, &debtor, stands_for(&guarantor, head, 10_000), true).unwrap();
    writeln!(told, "asked: {}", links(&county)).unwrap();
    county.stepper.deliver();
    let again = paper(&mut county, &debtor, stands_for(&guarantor, head, 1_000), true).unwrap_err();
    writeln!(told, "answered: {}; {again}", links(&county)).unwrap();

    // The decision on the guarantor's own request has to have seen it, and the facility carries both.
    writeln!(told, "not seen: {}", goes(&mut county, &guarantor, 0, 2, (0, 2_000_000))[1]).unwrap();
    writeln!(told, "seen: {}", goes(&mut county, &guarantor, 1, 3, (1_000_000, 2_000_000)).join(", ")).unwrap();
    let position = |county: &County| {
        let p = view(county, &guarantor).unwrap().position;
        let yuan = |fen: i64| fen / 100;
        let (reserved, guaranteed) = (yuan(p.reserved_fen), yuan(p.guaranteed_fen));
        format!(
            "used {} reserved {reserved} guaranteed {guaranteed} available {}",
            yuan(p.used_fen),
            yuan(p.available_fen)
        )
    };
    writeln!(told, "guarantor: {}", position(&county)).unwrap();
    let facility = guarantor.household.derive("facility");
    let change = |what| {
        let (cell, household, reason) = (guarantor.cell, guarantor.household, "visited".to_owned());
        Command::ChangeFacility(ChangeFacility { cell, household, facility, what, reason })
    };
    let officer = staff(1, Role::Officer);
    county.order(officer, Order::Do(change(FacilityChange::Lower { to: yuan(12_000) }))).unwrap();
    writeln!(told, "lowered to 12,000, draws 5,000: {}", goes(&mut county, &guarantor, 3, 4, (0, 0)).join("")).unwrap();
    county.command_by_two(officer, change(FacilityChange::Raise { to: yuan(15_000) })).unwrap();
    let request = guarantor.commands(&county.house, day_begins(county.day)).pop().unwrap();
    county.order(request.actor, request.order).unwrap();
    writeln!(told, "raised to 15,000 and drawn: {}", position(&county)).unwrap();

    // Who stands for a debt is not forgotten while it stands.
    let erase = Erase { cell: guarantor.cell, household: guarantor.household, person: head, last_moved: None };
    county.order(farmer(guarantor.household), Order::Do(withdraw(guarantor.household, yuan(5_000)))).unwrap();
    let kept = county.order(staff(6, Role::Admin), Order::Propose(Command::Erase(erase))).unwrap_err();
    writeln!(told, "erased: {kept}").unwrap();

    // Paid off, it is released by the close of the day, in both cells; a correction that makes it owed again binds anew.
    goes(&mut county, &debtor, 4, 5, (0, 0));
    county.until("2026-03-04");
    let paid = pays_off(&mut county, &debtor);
    writeln!(told, "paid off: {}", links(&county)).unwrap();
    county.until("2026-03-05");
    writeln!(told, "the day after: {}; {}", links(&county), position(&county)).unwrap();
    let undo = Command::CorrectLoan(CorrectLoan {
        cell: debtor.cell,
        household: debtor.household,
        loan: debtor.loan(),
        value_date: date("2026-03-04"),
        what: Happening::Reversed { target: paid },
        reference: "slip 17".into(),
        reason: "the slip was another's".into(),
    });
    county.command_by_two(staff(4, Role::Accountant), undo).unwrap();
    county.until("2026-03-06");
    writeln!(told, "taken back: {}; {}", links(&county), position(&county)).unwrap();

    // A contract that is never drawn lapses after thirty days, and with it what others signed for it.
    paper(&mut county, &never, stands_for(&guarantor, head, 2_000), true).unwrap();
    county.stepper.deliver();
    let status = |county: &County| {
        let rows = records::<Contract>(county.backend.as_ref());
        rows.iter().find(|row| row.household == never.household).unwrap().status
    };
    county.until("2026-04-01");
    assert_eq!(status(&county), ContractStatus::Signed);
    writeln!(told, "waits: {}", links(&county)).unwrap();
    county.until("2026-04-02");
    assert_eq!(status(&county), ContractStatus::Lapsed);
    assert_eq!(view(&county, &never).unwrap().position.reserved_fen, 0);
    writeln!(told, "lapsed: {}", links(&county)).unwrap();
    writeln!(told, "drawn late: {}", goes(&mut county, &never, 4, 5, (0, 0)).join("")).unwrap();
    insta::assert_snapshot!(told, @r"
    a stranger: received refused 10000; this is not the text of the contract: the guarantor signs on that
    asked: received refused 10000, received asked 10000
    answered: given stands 10000, received refused 10000, received stands 10000; this person stands for the contract already: another may stand for what is left
    not seen: what the household owes has changed: decide again
    seen: Decided { status: Approved, approved_minor: 500000, rate_ppm: 90000 }, Done
    guarantor: used 0 reserved 5000 guaranteed 10000 available 5000
    lowered to 12,000, draws 5,000: OverFacility { available_minor: 200000 }
    raised to 15,000 and drawn: used 5000 reserved 0 guaranteed 10000 available 0
    erased: a loan, a line or a contract of the household is under way: it ends before data is erased
    paid off: given stands 10000, received refused 10000, received stands 10000
    the day after: given released 10000, received refused 10000, received released 10000; used 5000 reserved 0 guaranteed 0 available 10000
    taken back: given stands 10000, received refused 10000, received stands 10000; used 5000 reserved 0 guaranteed 10000 available 0
    waits: given stands 10000, given stands 2000, received refused 10000, received stands 10000, received stands 2000
    lapsed: given stands 10000, given released 2000, received refused 10000, received stands 10000, received released 2000
    drawn late: the contract was signed on 2026-03-02: apply again
    ");
    proven(&county);
    let given = records::<Guarantee>(county.backend.as_ref());
    assert!(given.iter().filter(|row| row.side == GuaranteeSide::Given).all(|row| row.cell == guarantor.cell));
}

#[test]
fn a_guarantee_counts_where_it_was_given_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    guarantees(sqlite(&folder.path().join("books.db")));
}

#[test]
fn a_guarantee_counts_where_it_was_given_on_postgres() {
    let Some((database, _server)) = postgres("guarantee") else { return };
    guarantees(postgres_backend(&database.url(), "guarantee"));
}

/// What self-paid money was spent on is asked for on the thirtieth day; thirty days later the loan is judged; the paper ends the task.
fn unshown(backend: Arc<dyn Backend>) {
    let mut county = County::of(house(), backend, &[]);
    let wishes: Vec<Wish> = (0..3).map(|n| wish(n, "long-working-capital", 1_000_000, 24)).collect();
    for wish in &wishes {
        county.order(door::Actor::SYSTEM, Order::Do(enrol(wish.household))).unwrap();
        goes(&mut county, wish, 0, 5, (0, 2_000_000));
    }
    let [shows, late, gone] = &wishes[..] else { panic!() };
    let invoice = || Paper::Document { code: USE_OF_FUNDS.to_owned() };
    paper(&mut county, shows, invoice(), false).unwrap();
    let class = |county: &County, wish: &Wish| app::holding::Holding::of(&county.note(wish)).unwrap().class.0;
    let mut told = String::new();
    for day in ["2026-04-01", "2026-04-02", "2026-05-01", "2026-05-02"] {
        county.until(day);
        writeln!(told, "{day} class {}: {}", class(&county, late), tasks(&county)).unwrap();
        if day == "2026-04-02" {
            pays_off(&mut county, gone);
        }
    }
    paper(&mut county, late, invoice(), false).unwrap();
    writeln!(told, "shown, class {}: {}", class(&county, late), tasks(&county)).unwrap();
    assert_eq!((class(&county, shows), class(&county, gone)), (0, 0));
    insta::assert_snapshot!(told, @r"
    2026-04-01 class 0: nothing to do
    2026-04-02 class 0: show_use of 2026-04-01 by 2026-05-01: open; show_use of 2026-04-01 by 2026-05-01: open
    2026-05-01 class 0: show_use of 2026-04-01 by 2026-05-01: open; show_use of 2026-04-01 by 2026-05-01: dropped on 2026-04-02
    2026-05-02 class 1: show_use of 2026-04-01 by 2026-05-01: open; show_use of 2026-04-01 by 2026-05-01: dropped on 2026-04-02
    shown, class 1: show_use of 2026-04-01 by 2026-05-01: done on 2026-05-02; show_use of 2026-04-01 by 2026-05-01: dropped on 2026-04-02
    ");
    proven(&county);
}

/// A guarantor who was not there says itself whether it stands: until then the contract waits, and nothing counts.
#[test]
fn a_guarantor_says_on_its_own_phone_whether_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let mut county = County::of(house(), sqlite(&folder.path().join("books.db")), &[]);
    let debtor = wish(0, "long-working-capital", 1_000_000, 12);
    let guarantor = apart(&[&debtor], "short-working-capital", 500_000, 6);
    for wish in [&debtor, &guarantor] {
        county.order(door::Actor::SYSTEM, Order::Do(enrol(wish.household))).unwrap();
    }
    goes(&mut county, &debtor, 0, 4, (0, 2_000_000));
    let head = guarantor.household.derive("head");
    let ask = |county: &mut County, person: Id| {
        let (cell, household, contract) = (debtor.cell, debtor.household, debtor.household.derive("contract"));
        let id = id(0x7B00_0000 + county.next);
        let (paper, hash) = (stands_for(&guarantor, person, 10_000), vec![5; 32].into());
        let add = AddPaper { cell, household, contract, id, paper, hash, evidence: "by phone".into(), by_phone: true };
        county.order(staff(3, Role::Clerk), Order::Do(Command::AddPaper(add))).unwrap();
        county.stepper.deliver();
        id
    };
    let say = |county: &mut County, link: Id, stands: bool| {
        let (cell, household) = (guarantor.cell, guarantor.household);
        let (text_hash, evidence) = (vec![8; 32].into(), "read for 20 s".to_owned());
        let said = SayGuarantee { cell, household, link, stands, text_hash, evidence };
        let done = county.order(farmer(household), Order::Do(Command::SayGuarantee(said)));
        county.stepper.deliver();
        done
    };
    // A stranger is refused at once, and nobody is asked.
    ask(&mut county, id(77));
    assert_eq!(links(&county), "received refused 10000");
    let first = ask(&mut county, head);
    assert_eq!(links(&county), "given asked 10000, received refused 10000, received asked 10000");
    say(&mut county, first, false).unwrap();
    assert_eq!(links(&county), "given refused 10000, received refused 10000, received refused 10000");
    let again = say(&mut county, first, true).unwrap_err();
    assert!(again.contains("refused"), "{again}");
    let unknown = say(&mut county, id(78), true).unwrap_err();
    assert!(unknown.contains("no such guarantee"), "{unknown}");

    // Asked again it stands, and from then on it counts in what the guarantor owes.
    let second = ask(&mut county, head);
    say(&mut county, second, true).unwrap();
    let standing = records::<Guarantee>(county.backend.as_ref());
    let stands = standing.iter().filter(|row| row.id == second && row.state == GuaranteeState::Stands).count();
    assert_eq!(stands, 2, "{}", links(&county));
    assert!(goes(&mut county, &guarantor, 0, 2, (0, 2_000_000))[1].contains("owes"), "what it stands for is seen");
    goes(&mut county, &guarantor, 1, 2, (1_000_000, 2_000_000));
    proven(&county);
}

#[test]
fn use_that_is_not_shown_is_asked_for_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    unshown(sqlite(&folder.path().join("books.db")));
}

#[test]
fn use_that_is_not_shown_is_asked_for_on_postgres() {
    let Some((database, _server)) = postgres("unshown") else { return };
    unshown(postgres_backend(&database.url(), "unshown"));
}

/// A facility is called up before its review, expires by the close of its last day, and is renewed by a grant.
#[test]
fn a_facility_is_called_up_and_expires_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut county = County::of(house(), sqlite(&folder.path().join("books.db")), &[]);
    county.stepper.set_durability(Durability::Later).unwrap();
    let (used, idle) = (wish(0, "short-working-capital", 600_000, 12), wish(1, "short-working-capital", 600_000, 12));
    for wish in [&used, &idle] {
        county.order(door::Actor::SYSTEM, Order::Do(enrol(wish.household))).unwrap();
    }
    goes(&mut county, &used, 0, 4, (0, 2_000_000));
    goes(&mut county, &idle, 0, 2, (0, 2_000_000));
    // The approval of the idle household is signed and lapses: nothing is owed or promised under its facility.
    goes(&mut county, &idle, 2, 3, (0, 0));
    let review = |wish: &Wish, day: &str| {
        let (cell, household, facility) = (wish.cell, wish.household, wish.household.derive("facility"));
        let what = FacilityChange::Review { review_by: date(day) };
        Command::ChangeFacility(ChangeFacility { cell, household, facility, what, reason: "visited".into() })
    };
    let officer = staff(1, Role::Officer);
    county.order(officer, Order::Do(review(&used, "2026-06-30"))).unwrap();
    let mut told = String::new();
    for day in ["2026-05-31", "2026-06-01", "2026-06-20", "2027-02-01", "2027-02-02", "2027-03-02", "2027-03-03"] {
        county.until(day);
        let status = view(&county, &used).unwrap().state.status.as_str();
        writeln!(told, "{day} {status}: {}", tasks(&county)).unwrap();
        if day == "2026-06-20" {
            county.order(officer, Order::Do(review(&used, "2027-03-02"))).unwrap();
        }
    }
    let rows = records::<Facility>(county.backend.as_ref());
    assert!(rows.iter().all(|row| row.expired_on == Some(date("2027-03-02"))), "{rows:?}");
    let places = records::<Agenda>(county.backend.as_ref());
    assert!(places.iter().all(|place| place.kind == AgendaKind::Loan.code()), "{places:?}");
    // What is drawn runs on; nothing new is drawn, and the refusal names the day.
    let again = Wish { household: used.household, ..used.clone() };
    let mut commands = again.commands(&county.house, day_begins(county.day));
    for request in &mut commands {
        request.id = request.id.derive("again");
        match &mut request.order {
            Order::Do(Command::Apply(c)) => c.application = c.application.derive("again"),
            Order::Do(Command::Decide(c)) => {
                c.application = c.application.derive("again");
                (c.decision, c.exposure_minor, c.limit_minor) =
                    (c.decision.derive("again"), view(&county, &used).unwrap().position.used_fen, 2_000_000);
            }
            _ => {}
        }
    }
    let change = |what| {
        let (cell, household, facility) = (used.cell, used.household, used.household.derive("facility"));
        Command::ChangeFacility(ChangeFacility { cell, household, facility, what, reason: "visited".into() })
    };
    let raise = county.order(officer, Order::Propose(change(FacilityChange::Raise { to: yuan(30_000) }))).unwrap_err();
    writeln!(told, "raised: {}", raise.split_once(" is not taken: ").unwrap().1).unwrap();
    for request in commands.into_iter().take(2) {
        county.stepper.step(vec![request]).remove(0).unwrap();
    }
    writeln!(told, "granted anew: {}", tasks(&county)).unwrap();
    insta::assert_snapshot!(told, @r"
    2026-05-31 active: nothing to do
    2026-06-01 active: review_facility of 2026-05-31 by 2026-06-30: open
    2026-06-20 active: review_facility of 2026-05-31 by 2026-06-30: open
    2027-02-01 active: review_facility of 2026-05-31 by 2026-06-30: done on 2026-06-20; review_facility of 2027-01-31 by 2027-03-02: open
    2027-02-02 active: review_facility of 2026-05-31 by 2026-06-30: done on 2026-06-20; review_facility of 2027-01-31 by 2027-03-02: open
    2027-03-02 active: review_facility of 2026-05-31 by 2026-06-30: done on 2026-06-20; review_facility of 2027-01-31 by 2027-03-02: open
    2027-03-03 expired: review_facility of 2026-05-31 by 2026-06-30: done on 2026-06-20; review_facility of 2027-01-31 by 2027-03-02: dropped on 2027-03-02; renew_facility of 2027-03-02 by 2027-04-01: open
    raised: the facility is expired on 2027-03-03: renew it by a new grant
    granted anew: review_facility of 2026-05-31 by 2026-06-30: done on 2026-06-20; review_facility of 2027-01-31 by 2027-03-02: dropped on 2027-03-02; renew_facility of 2027-03-02 by 2027-04-01: done on 2027-03-03
    ");
    proven(&county);
}

/// A contract drawn in parts: what is left stays promised, each part is laid into the plan, the last is taken back on its day.
fn in_parts(backend: Arc<dyn Backend>) {
    let mut county = County::of(house(), backend, &[]);
    let orchard = wish(0, "long-working-capital", 1_200_000, 12);
    let whole = wish(1, "short-working-capital", 600_000, 12);
    for wish in [&orchard, &whole] {
        county.order(door::Actor::SYSTEM, Order::Do(enrol(wish.household))).unwrap();
        goes(&mut county, wish, 0, if wish.household == orchard.household { 4 } else { 3 }, (0, 2_000_000));
    }
    let draw = |county: &mut County, wish: &Wish, yuan_amount: Option<i64>| {
        let (cell, household, contract) = (wish.cell, wish.household, wish.household.derive("contract"));
        let draw = Draw { cell, household, contract, loan: wish.loan(), amount: yuan_amount.map(yuan) };
        match county.order(farmer(household), Order::Do(Command::Draw(draw))) {
            Ok(outcome) => format!("{outcome:?}"),
            Err(error) => error,
        }
    };
    let stands = |county: &County| {
        let p = view(county, &orchard).unwrap().position;
        let contracts = records::<Contract>(county.backend.as_ref());
        let status = contracts.iter().find(|row| row.household == orchard.household).unwrap().status.as_str();
        let note = records::<LoanNote>(county.backend.as_ref()).into_iter().find(|note| note.id == orchard.loan());
        let (drawn, owed) = note.map_or((0, 0), |note| (note.principal_minor / 100, note.outstanding_minor / 100));
        format!("{status}, drawn {drawn}, owed {owed}, used {}, promised {}", p.used_fen / 100, p.reserved_fen / 100)
    };
    let mut told = String::new();
    writeln!(told, "short loan, in part: {}", draw(&mut county, &whole, Some(1_000))).unwrap();
    writeln!(told, "too much: {}", draw(&mut county, &orchard, Some(12_001))).unwrap();
    writeln!(told, "5,000: {}; {}", draw(&mut county, &orchard, Some(5_000)), stands(&county)).unwrap();
    county.until("2026-04-10");
    writeln!(told, "4,000: {}; {}", draw(&mut county, &orchard, Some(4_000)), stands(&county)).unwrap();
    let undo = Command::CorrectLoan(CorrectLoan {
        cell: orchard.cell,
        household: orchard.household,
        loan: orchard.loan(),
        value_date: county.day,
        what: Happening::Reversed { target: id(0x5E00_0000 + county.next) },
        reference: "slip 3".into(),
        reason: "the seedlings did not come".into(),
    });
    county.command_by_two(staff(4, Role::Accountant), undo).unwrap();
    writeln!(told, "taken back: {}", stands(&county)).unwrap();
    writeln!(told, "3,000: {}; {}", draw(&mut county, &orchard, Some(3_000)), stands(&county)).unwrap();
    county.until("2026-04-20");
    writeln!(told, "the rest: {}; {}", draw(&mut county, &orchard, None), stands(&county)).unwrap();
    writeln!(told, "once more: {}", draw(&mut county, &orchard, None)).unwrap();
    county.until("2026-06-03");
    let note = county.note(&orchard);
    writeln!(told, "after the first due: next {}, overdue since {:?}", note.next_due, note.overdue_since).unwrap();
    insta::assert_snapshot!(told, @r"
    short loan, in part: the contract is drawn in one sum: leave the amount out
    too much: 12000.00 is left to be drawn under the contract
    5,000: Done; part_drawn, drawn 5000, owed 5000, used 5000, promised 7000
    4,000: Done; part_drawn, drawn 9000, owed 9000, used 9000, promised 3000
    taken back: part_drawn, drawn 5000, owed 5000, used 5000, promised 7000
    3,000: Done; part_drawn, drawn 8000, owed 8000, used 8000, promised 4000
    the rest: Done; drawn, drawn 12000, owed 12000, used 12000, promised 0
    once more: the loan of this contract was drawn already
    after the first due: next 2026-06-02, overdue since Some(2026-06-02)
    ");
    proven(&county);
}

#[test]
fn a_loan_is_drawn_in_parts_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    in_parts(sqlite(&folder.path().join("books.db")));
}

#[test]
fn a_loan_is_drawn_in_parts_on_postgres() {
    let Some((database, _server)) = postgres("parts") else { return };
    in_parts(postgres_backend(&database.url(), "parts"));
}

/// What is not drawn within its days is promised no longer; what was drawn runs on.
#[test]
fn the_rest_of_a_drawing_lapses() {
    let folder = tempfile::tempdir().unwrap();
    let mut county = County::of(house(), sqlite(&folder.path().join("books.db")), &[]);
    county.stepper.set_durability(Durability::Later).unwrap();
    let orchard = wish(0, "long-working-capital", 1_200_000, 12);
    county.order(door::Actor::SYSTEM, Order::Do(enrol(orchard.household))).unwrap();
    goes(&mut county, &orchard, 0, 4, (0, 2_000_000));
    let (cell, household, contract) = (orchard.cell, orchard.household, orchard.household.derive("contract"));
    let part = Command::Draw(Draw { cell, household, contract, loan: orchard.loan(), amount: Some(yuan(5_000)) });
    county.order(farmer(household), Order::Do(part)).unwrap();
    let promised = |county: &County| view(county, &orchard).unwrap().position.reserved_fen;
    // Drawn on 2 March, so that further parts may be drawn until 29 August.
    county.until("2026-08-29");
    assert_eq!(promised(&county), 700_000);
    county.until("2026-08-30");
    assert_eq!(promised(&county), 0);
    assert_eq!(records::<Contract>(county.backend.as_ref())[0].status, ContractStatus::Drawn);
    proven(&county);
}

/// When every loan is paid off, nothing of them is left in the groups: what was rounded along the way is booked as rounding, loan by
/// loan, so that no loan needs a true-up at its end.
#[test]
fn loans_that_are_paid_off_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let amounts = [510_000, 770_000, 1_010_000, 620_000];
    let wishes: Vec<Wish> = (0..).zip(amounts).map(|(n, fen)| wish(n, "short-working-capital", fen, 6)).collect();
    let mut county = County::of(house(), sqlite(&folder.path().join("books.db")), &wishes);
    county.stepper.set_durability(Durability::Later).unwrap();
    for (day, wish) in ["2026-03-19", "2026-04-02", "2026-05-20", "2026-06-11"].iter().zip(&wishes) {
        county.until(day);
        county.pay(&wishes[3], 40_000);
        pays_off(&mut county, wish);
    }
    county.until("2026-06-12");
    for row in records::<AccrualGroup>(county.backend.as_ref()) {
        assert_eq!((row.rate, row.ledger_minor, row.remainder), (0, 0, 0), "{row:?}");
    }
    let mut paid = 0;
    for wish in &wishes {
        let holding = app::holding::Holding::of(&county.note(wish)).unwrap();
        assert_eq!(holding.accrual, None);
        paid += holding.paid.interest_fen;
    }
    let [income, rounding, accrued] =
        [Subject::InterestIncome, Subject::Rounding, Subject::InterestAccrued].map(|role| county.balance(role));
    assert_eq!((-income - rounding, accrued), (paid, 0), "income {income}, rounding {rounding}");
    assert!(rounding.abs() <= 2 * 14, "a fen for each of the dues at most: {rounding}");
    proven(&county);
}
