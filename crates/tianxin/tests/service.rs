//! What is done to running loans, through the door and into the books, on both engines: who may, what is shown, what it moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use app::command::{Command, Outcome};
use app::correct::CorrectLoan;
use app::facility::{ChangeFacility, FacilityChange};
use app::paper::AddPaper;
use app::posting::Role as Subject;
use app::renew::{Attested, Renew, RenewalManner, UndoRenewal};
use app::service::{LoanAct, ReturnedBy};
use app::sign::Draw;
use app::tables::{LoanNote, LoanState, Wallet};
use app::transfer::ReleasePayout;
use app::wallet::Withdraw;
use app::{Institution, Tianxin};
use basics::Id;
use door::{Backend, Order, Role, audit};
use ledger::Chart;
use loan::act::{Alteration, NewRates};
use loan::terms::PrepayStrategy;
use loan::{ChargeAmount, ChargeDue, ChargeKind, ChargeTerms, Happening, LoanClass, Paper, Waivable};
use support::lending::{Wish, day_begins, percent, told};
use support::office::{County, act, date, fen, until, wish};
use support::proof::records;
use support::*;

fn acts_reach_the_books(backend: Arc<dyn Backend>) {
    let season = wish(0, "season-bullet", 1_000_000, 3);
    let monthly = wish(1, "short-working-capital", 600_000, 6);
    let lost = wish(2, "season-bullet", 800_000, 3);
    let mut county = County::new(backend, &[season.clone(), monthly.clone(), lost.clone()]);
    let (officer, accountant) = (staff(1, Role::Officer), staff(2, Role::Accountant));
    county.until("2026-03-20");

    // Prepaid from the wallet, by the household itself; not more than there is.
    let prepay = |amount| LoanAct::Prepay { amount: fen(amount), strategy: PrepayStrategy::ReduceInstalment };
    let much = county.alone(farmer(monthly.household), &monthly, prepay(90_000_000)).unwrap();
    assert!(matches!(much, Outcome::InsufficientFunds { .. }), "{much:?}");
    let paid = county.alone(farmer(monthly.household), &monthly, prepay(200_000)).unwrap();
    let Outcome::Repaid { allocation, outstanding_minor, closed: false } = paid else { panic!("{paid:?}") };
    assert_eq!((allocation.principal_fen, outstanding_minor), (200_000, 400_000));
    county.verify();

    // An officer judges worse alone, better only with another.
    let class = |county: &County| app::holding::Holding::of(&county.note(&lost)).unwrap().class;
    county.alone(officer, &lost, LoanAct::JudgeWorse { class: LoanClass(2) }).unwrap();
    assert_eq!(class(&county), LoanClass(2));
    let judged = id(0x5E00_0000 + county.next);
    let milder = county.alone(officer, &lost, LoanAct::JudgeWorse { class: LoanClass(1) }).unwrap_err();
    assert!(milder.contains("two people"), "{milder}");
    let alone = county.alone(officer, &lost, LoanAct::JudgeBetter { class: LoanClass(1) }).unwrap_err();
    assert!(alone.contains("second person"), "{alone}");
    let (_, _, better) = county.by_two(officer, &lost, LoanAct::JudgeBetter { class: LoanClass(1) }).unwrap();
    assert_eq!(class(&county), LoanClass(1));
    for event in [better, judged] {
        county.by_two(officer, &lost, LoanAct::TakeBack { event }).unwrap();
    }
    assert_eq!(class(&county), LoanClass(0));
    county.verify();

    // Extended before its end, within its own term once more; the cost before and after is what two people see.
    county.until("2026-05-20");
    let long = county.by_two(officer, &season, LoanAct::Extend(until("2026-09-03"))).unwrap_err();
    assert!(long.contains("original term"), "{long}");
    let dear = NewRates { rate: percent("40"), penalty_rate: percent("60") };
    let dear = LoanAct::Extend(Alteration { rates: Some(dear), ..until("2026-09-02") });
    let dear = county.by_two(officer, &season, dear).unwrap_err();
    assert!(dear.contains("above the cap"), "{dear}");
    // A fixed rate has no bracket to step into: that the signed version is not among the products any more matters nothing.
    let (house, chart) = (county.house.clone(), Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap());
    let mut newer = loan::product::shipped("season-bullet").unwrap();
    newer.version += 1;
    let other = Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(vec![newer]);
    county.serve(Arc::new(other));
    let (before, after, extended) = county.by_two(officer, &season, LoanAct::Extend(until("2026-09-02"))).unwrap();
    county.serve(house);
    assert_eq!(county.note(&season).maturity, date("2026-09-02"));
    county.by_two(officer, &season, LoanAct::TakeBack { event: extended }).unwrap();
    assert_eq!(county.note(&season).maturity, date("2026-06-02"));
    county.by_two(officer, &season, LoanAct::Extend(until("2026-09-02"))).unwrap();
    assert_eq!((before.ends_on, after.ends_on), (Some(date("2026-06-02")), Some(date("2026-09-02"))));
    // 92 and 184 days at 6 %, actual/360.
    assert_eq!((before.cost_minor, after.cost_minor), (15_333, 30_667));
    county.verify();
    let strange = county.alone(officer, &season, LoanAct::MarkMisuse { penalty_rate: percent("20") }).unwrap_err();
    assert!(strange.contains("second person") || strange.contains("misuse rate"), "{strange}");
    let over = act(&season, LoanAct::MarkMisuse { penalty_rate: percent("20") });
    assert!(county.order(officer, Order::Propose(over)).unwrap_err().contains("50.00 to 100.00 %"));
    let (_, after, misused) =
        county.by_two(officer, &season, LoanAct::MarkMisuse { penalty_rate: percent("9") }).unwrap();
    assert_eq!(after.class, 1);
    county.until("2026-06-20");
    let (_, after, _) = county.by_two(officer, &season, LoanAct::TakeBack { event: misused }).unwrap();
    assert_eq!((after.class, after.cost_minor), (0, 30_667));
    county.verify();

    // Never paid: off balance after ninety days, written off, taken back, written off, recovered.
    county.until("2026-09-10");
    let (principal, off) = (county.balance(Subject::LoanPrincipal), county.balance(Subject::OffInterest));
    assert!(off > 0);
    let waive = LoanAct::Waive { what: Waivable::Penalty, amount: fen(100) };
    county.by_two(officer, &lost, waive).unwrap();
    county.verify();
    let (before, after, written_off) = county.by_two(accountant, &lost, LoanAct::WriteOff).unwrap();
    assert_eq!((before.principal_minor, after.principal_minor), (800_000, 800_000), "the borrower owes what he owed");
    assert_eq!(county.balance(Subject::LoanPrincipal), principal - 800_000);
    assert_eq!(county.balance(Subject::WrittenOffClaims), 800_000);
    assert_eq!(county.note(&lost).outstanding_minor, 0);
    county.verify();
    county.by_two(officer, &lost, LoanAct::TakeBack { event: written_off }).unwrap();
    assert_eq!((county.balance(Subject::LoanPrincipal), county.balance(Subject::WrittenOffClaims)), (principal, 0));
    county.verify();
    county.by_two(accountant, &lost, LoanAct::WriteOff).unwrap();
    let allowance = county.balance(Subject::LoanAllowance);
    county.pay(&lost, 300_000);
    assert_eq!(county.balance(Subject::LoanAllowance), allowance - 300_000, "recovery restores the allowance first");
    assert_eq!(county.balance(Subject::WrittenOffClaims), 500_000);
    county.verify();
    county.until("2026-10-02");
    county.verify();
    let rebuilt = audit::rebuild(county.house.as_ref(), county.backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);

    // What moved money is corrected, not taken back; a household services nothing.
    let paid = LoanAct::TakeBack { event: lost.household.derive("draw") };
    assert!(county.order(officer, Order::Propose(act(&lost, paid))).unwrap_err().contains("moved money"));
    let own = county.alone(farmer(season.household), &season, LoanAct::Extend(until("2026-12-02")));
    assert!(own.is_err());
}

/// Money that goes back, is granted or was never needed; charges; other due dates; a death, and what was written off.
fn money_goes_back_and_dates_move(backend: Arc<dyn Backend>) {
    let monthly = wish(0, "short-working-capital", 600_000, 6);
    let season = wish(1, "season-bullet", 1_000_000, 3);
    let mut county = County::new(backend, &[monthly.clone(), season.clone()]);
    let (officer, accountant) = (staff(1, Role::Officer), staff(2, Role::Accountant));
    county.until("2026-03-20");

    // A fee with the next instalment, part of it let off before it is due.
    let terms = ChargeTerms {
        code: "survey".into(),
        kind: ChargeKind::Fee,
        due: ChargeDue::On(date("2026-03-25")),
        amount: ChargeAmount::Flat(5_000),
    };
    let alone = county.alone(officer, &monthly, LoanAct::Charge(terms.clone())).unwrap_err();
    assert!(alone.contains("second person"), "{alone}");
    let (before, after, charge) = county.by_two(officer, &monthly, LoanAct::Charge(terms)).unwrap();
    assert_eq!(after.cost_minor - before.cost_minor, 5_000);
    county.by_two(officer, &monthly, LoanAct::WaiveCharge { charge, amount: fen(1_000) }).unwrap();
    county.verify();

    // Paid on the due date, taken back by the bank eight days later: what it paid is owed since then, in the wallet is the money.
    county.until("2026-04-02");
    let wallet = county.balance(Subject::Wallet);
    county.pay(&monthly, 110_000);
    let payment = monthly.household.derive("repay 2026-04-02");
    county.verify();
    county.until("2026-04-10");
    let back = LoanAct::ChargeBack { payment, amount: fen(110_000) };
    let (before, after, _) = county.by_two(accountant, &monthly, back.clone()).unwrap();
    assert!(after.principal_minor > before.principal_minor && after.class == 1, "{after:?}");
    assert_eq!(county.balance(Subject::Wallet), wallet - 110_000, "the payment lies in the wallet again");
    assert_eq!(county.note(&monthly).overdue_since, Some(date("2026-04-02")));
    assert!(county.by_two(accountant, &monthly, back).unwrap_err().contains("charge back"));
    county.verify();

    // By courtesy half of a fee and some interest; no money moves, and it is an expense.
    let income = county.balance(Subject::FeeIncome);
    let adjust = LoanAct::AdjustCharge { charge, amount: fen(2_000) };
    let (_, _, adjusted) = county.by_two(officer, &monthly, adjust).unwrap();
    assert_eq!(county.balance(Subject::FeeIncome), income + 2_000, "fee income is less by what is given back");
    let (_, _, granted) = county.by_two(officer, &monthly, LoanAct::Grant { amount: fen(500) }).unwrap();
    assert_eq!(county.balance(Subject::Concession), 500);
    assert_eq!(county.balance(Subject::Wallet), wallet - 110_000);
    county.verify();
    for event in [granted, adjusted] {
        county.by_two(officer, &monthly, LoanAct::TakeBack { event }).unwrap();
    }
    assert_eq!((county.balance(Subject::Concession), county.balance(Subject::FeeIncome)), (0, income));
    county.verify();

    // The rules keep days past due, and the contract names no plan over arrears.
    let anew = act(&monthly, LoanAct::ReAmortise);
    assert!(county.order(officer, Order::Propose(anew)).unwrap_err().contains("restructure"));
    let change = loan::Reschedule { new_due: Some(date("2026-05-12")), extra_instalments: 1, ..Default::default() };
    let moved = LoanAct::Reschedule { from_due: date("2026-05-02"), change };
    let (before, after, event) = county.by_two(officer, &monthly, moved).unwrap();
    assert_eq!((before.ends_on, after.ends_on), (Some(date("2026-09-02")), Some(date("2026-10-12"))));
    assert!(county.note(&monthly).overdue_since.is_some(), "arrears stay");
    assert_eq!(county.note(&monthly).maturity, date("2026-10-12"), "the note ends where its plan does");
    county.by_two(officer, &monthly, LoanAct::TakeBack { event }).unwrap();
    assert_eq!(county.note(&monthly).maturity, date("2026-09-02"));
    county.verify();

    // The payee gives part of the money back: the clerk takes it from the wallet, and it pays the end.
    let clerk = staff(4, Role::Clerk);
    let returned = LoanAct::ReturnPayout { amount: fen(100_000), from: ReturnedBy::Payee };
    let paid = county.alone(clerk, &season, returned).unwrap();
    assert!(matches!(paid, Outcome::Repaid { outstanding_minor: 900_000, .. }), "{paid:?}");
    county.verify();

    // The borrower dies: the facility is frozen, and thawed with the record taken back.
    let frozen = |county: &County| {
        let events = records::<app::facility::FacilityLife>(county.backend.as_ref());
        let own = events.iter().filter(|row| row.household == season.household);
        let events: Vec<_> = own.map(|row| basics::cbor::from_bytes(&row.bytes).unwrap()).collect();
        loan::facility::fold(&events, county.day).status == loan::facility::FacilityStatus::Frozen
    };
    assert!(!frozen(&county));
    county.alone(clerk, &season, LoanAct::BorrowerDied).unwrap();
    let died = id(0x5E00_0000 + county.next);
    assert!(frozen(&county));
    county.by_two(officer, &season, LoanAct::TakeBack { event: died }).unwrap();
    assert!(!frozen(&county));

    // Told of days later and dated back, by two: frozen from today on, and thawed with the correction taken back.
    let dated_back = |county: &County, what| {
        let (cell, household, loan) = (season.cell, season.household, season.loan());
        let value_date = county.day.add_days(-3);
        let (reference, reason) = ("village note 7".into(), "told of late".into());
        Command::CorrectLoan(CorrectLoan { cell, household, loan, value_date, what, reference, reason })
    };
    let death = dated_back(&county, Happening::BorrowerDied);
    county.command_by_two(accountant, death).unwrap();
    let target = id(0x5E00_0000 + county.next);
    assert!(frozen(&county));
    let undo = dated_back(&county, Happening::Reversed { target });
    county.command_by_two(accountant, undo).unwrap();
    assert!(!frozen(&county));
    county.verify();

    // Frozen for another reason and thawed for that: the record of the death still keeps the household from drawing.
    let next = contract(&mut county, &season, "next", 100_000, 0);
    let facility = season.household.derive("facility");
    let change = |what| {
        let (cell, household, reason) = (season.cell, season.household, "yearly review".into());
        Command::ChangeFacility(ChangeFacility { cell, household, facility, what, reason })
    };
    county.order(officer, Order::Do(change(FacilityChange::Freeze { part: None }))).unwrap();
    county.alone(clerk, &season, LoanAct::BorrowerDied).unwrap();
    let died = id(0x5E00_0000 + county.next);
    county.command_by_two(officer, change(FacilityChange::Thaw)).unwrap();
    assert!(!frozen(&county));
    let draw = Command::Draw(Draw {
        cell: season.cell,
        household: season.household,
        contract: next,
        loan: next.derive("loan"),
        amount: None,
    });
    let shut = county.order(farmer(season.household), Order::Do(draw)).unwrap();
    assert!(matches!(&shut, Outcome::FacilityShut { why } if why.contains("dead")), "{shut:?}");
    let mut apply = season.commands(&county.house, day_begins(county.day)).remove(0);
    if let Order::Do(Command::Apply(asked)) = &mut apply.order {
        asked.application = next.derive("application");
    }
    assert!(county.order(apply.actor, apply.order).unwrap_err().contains("dead"));
    county.by_two(officer, &season, LoanAct::TakeBack { event: died }).unwrap();

    // What is charged off is owed as before, and comes back with the undo.
    let (_, after, off) = county.by_two(accountant, &season, LoanAct::ChargeOff).unwrap();
    assert_eq!((after.principal_minor, county.note(&season).outstanding_minor), (900_000, 0));
    assert_eq!(app::holding::Holding::of(&county.note(&season)).unwrap().claim_fen(), 900_000);
    county.verify();
    county.by_two(officer, &season, LoanAct::TakeBack { event: off }).unwrap();
    assert_eq!(county.note(&season).outstanding_minor, 900_000);
    county.verify();
}

/// What is drawn for a payee in another cell and comes back stays held until two people set it free.
fn what_comes_back_from_a_payee_stays_held(backend: Arc<dyn Backend>) {
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    let products = vec![loan::product::shipped("long-working-capital").unwrap()];
    let mut county = County::new(backend, &[]);
    county.serve(Arc::new(Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(products)));
    for request in founding(1) {
        told(county.stepper.step(vec![request]).remove(0));
    }
    let orchard = wish(0, "long-working-capital", 20_000_000, 24);
    let (clerk, officer) = (staff(4, Role::Clerk), staff(1, Role::Officer));
    let (cell, household) = (orchard.cell, orchard.household);
    let stranger = (1..).map(support::household).find(|id| cell_of(*id) != cell).unwrap();
    let payee = Command::AddPaper(AddPaper {
        cell,
        household,
        contract: household.derive("contract"),
        id: household.derive("payee"),
        paper: Paper::Payee { household: stranger, cell: cell_of(stranger) },
        hash: vec![6; 32].into(),
        evidence: "invoice seen".into(),
        by_phone: false,
    });
    let requests = orchard.commands(&county.house, morning());
    let (before, draw) = requests.split_at(requests.len() - 1);
    for request in before {
        told(county.stepper.step(vec![request.clone()]).remove(0));
    }
    // Whom the money goes to is not for one person to say.
    let alone = county.order(clerk, Order::Do(payee.clone())).unwrap_err();
    assert!(alone.contains("second person"), "{alone}");
    county.command_by_two(clerk, payee).unwrap();
    told(county.stepper.step(draw.to_vec()).remove(0));
    let wallet = |county: &County| {
        let rows = records::<Wallet>(county.backend.as_ref());
        let own = rows.into_iter().find(|row| row.household == household).unwrap();
        (own.balance_minor, own.held_minor)
    };
    county.stepper.deliver();
    assert_eq!(wallet(&county), (20_100_000, 20_000_000), "nobody there has a wallet: it came back, and is held");
    let out = Command::Withdraw(Withdraw { cell, household, amount: fen(100_001), value_date: None });
    let out = county.order(farmer(household), Order::Do(out)).unwrap();
    assert_eq!(out, Outcome::InsufficientFunds { available_minor: 100_000 });
    county.verify();
    let transfer = household.derive("draw");
    let release = |household| {
        let reason = "the seller is gone: paid back tomorrow".into();
        Command::ReleasePayout(ReleasePayout { cell, household, transfer, reason })
    };
    assert!(county.order(officer, Order::Do(release(household))).unwrap_err().contains("second person"));
    assert!(county.order(farmer(household), Order::Do(release(household))).is_err());
    assert!(county.command_by_two(officer, release(stranger)).unwrap_err().contains("no money"));
    county.command_by_two(officer, release(household)).unwrap();
    assert_eq!(wallet(&county), (20_100_000, 0));
    assert!(county.command_by_two(officer, release(household)).unwrap_err().contains("no money"), "not twice");
    county.verify();
    let rebuilt = audit::rebuild(county.house.as_ref(), county.backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
}

#[test]
fn what_comes_back_from_a_payee_stays_held_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    what_comes_back_from_a_payee_stays_held(sqlite(&folder.path().join("books.db")));
}

#[test]
fn what_comes_back_from_a_payee_stays_held_on_postgres() {
    let Some((database, _server)) = postgres("payee") else { return };
    what_comes_back_from_a_payee_stays_held(postgres_backend(&database.url(), "payee"));
}

/// Another contract of a household, applied for, approved and signed today, and not drawn, as others that wait.
fn contract(county: &mut County, wish: &Wish, name: &str, fen: i64, waiting: i64) -> Id {
    let mut next = wish.clone();
    next.fen = fen;
    let rename = |old: Id, what: &str| {
        if old == wish.household.derive(what) { wish.household.derive(name).derive(what) } else { old }
    };
    let owed = county.note(wish).outstanding_minor + waiting;
    for request in next.commands(&county.house, day_begins(county.day)).into_iter().take(3) {
        let Order::Do(mut command) = request.order else { panic!("an order of one person") };
        match &mut command {
            Command::Apply(c) => c.application = rename(c.application, "application"),
            Command::Decide(c) => {
                c.application = rename(c.application, "application");
                c.decision = rename(c.decision, "decision");
                c.exposure_minor = owed;
            }
            Command::Sign(c) => {
                c.application = rename(c.application, "application");
                c.contract = rename(c.contract, "contract");
            }
            other => panic!("{other:?}"),
        }
        county.order(request.actor, Order::Do(command)).unwrap();
    }
    wish.household.derive(name).derive("contract")
}

/// Renewed without repaying principal, taken back, and new for old: one command, one entry, links on both notes.
fn old_loans_are_paid_off_with_new_ones(backend: Arc<dyn Backend>) {
    let season = wish(0, "season-bullet", 1_000_000, 3);
    let late = wish(1, "season-bullet", 800_000, 3);
    let mut county = County::new(backend, &[season.clone(), late.clone()]);
    let officer = staff(1, Role::Officer);
    county.until("2026-05-20");
    let (wallet, principal) = (county.balance(Subject::Wallet), county.balance(Subject::LoanPrincipal));
    let renew = |wish: &Wish, contract: Id, name: &str, manner| {
        let (cell, household, old) = (wish.cell, wish.household, wish.loan());
        let loan = wish.household.derive(name).derive("loan");
        let reason = "letter of the day".into();
        Command::Renew(Renew { cell, household, old, contract, loan, manner, reason })
    };
    let good = RenewalManner::WithoutRepaying {
        business: Attested::Holds,
        record: Attested::Holds,
        standard: Attested::Holds,
    };
    let by_two = |county: &mut County, command: Command| county.command_by_two(officer, command);
    let state = |county: &County, wish: &Wish, loan: Id| {
        let notes = records::<LoanNote>(county.backend.as_ref());
        let note = notes.into_iter().find(|note| note.household == wish.household && note.id == loan).unwrap();
        (note.status, note.outstanding_minor, app::holding::Holding::of(&note).unwrap().class.0)
    };

    // More than is outstanding is no renewal.
    let more = contract(&mut county, &season, "more", 1_100_000, 0);
    let refused = by_two(&mut county, renew(&season, more, "more", good)).unwrap_err();
    assert!(refused.contains("a loan of its own"), "{refused}");

    // 10,000.00 for 79 days at 6 %, actual/360: 131.67 of interest comes from the wallet.
    let next = contract(&mut county, &season, "next", 1_000_000, 1_100_000);
    let done = by_two(&mut county, renew(&season, next, "next", good)).unwrap();
    let renewed =
        Outcome::Renewed { principal_minor: 1_000_000, paid_off_minor: 1_013_167, from_wallet_minor: 13_167, class: 0 };
    assert_eq!(done, renewed);
    let new_loan = season.household.derive("next").derive("loan");
    assert_eq!(state(&county, &season, season.loan()), (LoanState::Closed, 0, 0));
    assert_eq!(state(&county, &season, new_loan), (LoanState::Open, 1_000_000, 0));
    assert_eq!(county.balance(Subject::Wallet), wallet + 13_167);
    assert_eq!(county.balance(Subject::LoanPrincipal), principal);
    county.verify();

    // Taken back on its day both are as they were, and the contract may be drawn again.
    let undo = |loan| {
        Command::UndoRenewal(UndoRenewal {
            cell: season.cell,
            household: season.household,
            loan,
            reason: "wrong contract".into(),
        })
    };
    assert_eq!(by_two(&mut county, undo(new_loan)).unwrap(), Outcome::Done);
    assert_eq!(state(&county, &season, season.loan()), (LoanState::Open, 1_000_000, 0));
    assert_eq!(state(&county, &season, new_loan), (LoanState::Undone, 0, 0));
    assert_eq!((county.balance(Subject::Wallet), county.balance(Subject::LoanPrincipal)), (wallet, principal));
    assert!(by_two(&mut county, undo(new_loan)).unwrap_err().contains("taken back"));
    county.verify();
    by_two(&mut county, renew(&season, next, "again", good)).unwrap();
    county.verify();

    // Money ahead of its time pays part of the old loan: a new one as large as its principal would be paid out in cash.
    county.pay(&late, 100_000);
    let whole = contract(&mut county, &late, "whole", 800_000, 0);
    let refused = by_two(&mut county, renew(&late, whole, "whole", good)).unwrap_err();
    assert!(refused.contains("the rest would be cash"), "{refused}");
    county.verify();

    // Past its end there is no renewal, only new for old: at least special-mention, whatever the days.
    county.until("2026-06-10");
    let last = contract(&mut county, &late, "last", 700_000, 800_000);
    let refused = by_two(&mut county, renew(&late, last, "last", good)).unwrap_err();
    assert!(refused.contains("new for old"), "{refused}");
    let done = by_two(&mut county, renew(&late, last, "last", RenewalManner::NewForOld)).unwrap();
    assert!(matches!(done, Outcome::Renewed { class: 1, .. }), "{done:?}");
    assert_eq!(state(&county, &late, late.household.derive("last").derive("loan")), (LoanState::Open, 700_000, 1));
    county.verify();
    county.until("2026-06-20");
    let undone = by_two(
        &mut county,
        Command::UndoRenewal(UndoRenewal {
            cell: late.cell,
            household: late.household,
            loan: late.household.derive("last").derive("loan"),
            reason: "late".into(),
        }),
    );
    assert!(undone.unwrap_err().contains("on its own day"));
    county.verify();
    let rebuilt = audit::rebuild(county.house.as_ref(), county.backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
}

#[test]
fn old_loans_are_paid_off_with_new_ones_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    old_loans_are_paid_off_with_new_ones(sqlite(&folder.path().join("books.db")));
}

#[test]
fn old_loans_are_paid_off_with_new_ones_on_postgres() {
    let Some((database, _server)) = postgres("renewal") else { return };
    old_loans_are_paid_off_with_new_ones(postgres_backend(&database.url(), "renewal"));
}

#[test]
fn money_goes_back_and_dates_move_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    money_goes_back_and_dates_move(sqlite(&folder.path().join("books.db")));
}

#[test]
fn money_goes_back_and_dates_move_on_postgres() {
    let Some((database, _server)) = postgres("money_back") else { return };
    money_goes_back_and_dates_move(postgres_backend(&database.url(), "money_back"));
}

#[test]
fn acts_reach_the_books_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    acts_reach_the_books(sqlite(&folder.path().join("books.db")));
}

#[test]
fn acts_reach_the_books_on_postgres() {
    let Some((database, _server)) = postgres("service") else { return };
    acts_reach_the_books(postgres_backend(&database.url(), "service"));
}
