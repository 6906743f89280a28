//! What is done to running loans, through the door and into the books, on both engines: who may, what is shown, what it moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use app::Tianxin;
use app::command::{Command, Outcome};
use app::posting::Role as Subject;
use app::renew::{Attested, Renew, RenewalManner, UndoRenewal};
use app::service::{LoanAct, LoanShown, ReturnedBy, ServiceLoan};
use app::tables::{GlBalance, LoanNote, LoanState};
use basics::{Currency, Date, Id, Instant, Money};
use door::{Actor, Backend, Order, Request, Role, Stepper, audit};
use loan::act::{Alteration, AlteredPlan};
use loan::season::{BorrowerConsent, Consent, Consents, GuarantorConsent};
use loan::terms::PrepayStrategy;
use loan::{ChargeAmount, ChargeDue, ChargeKind, ChargeTerms, LoanClass, Waivable};
use support::lending::{Wish, close_day, day_begins, lender, pays, percent, told};
use support::proof::records;
use support::*;

struct County {
    stepper: Stepper<Tianxin>,
    house: Arc<Tianxin>,
    backend: Arc<dyn Backend>,
    day: Date,
    next: u128,
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn wish(n: u64, product: &'static str, fen: i64, months: u16) -> Wish {
    let household = household(n);
    Wish { household, cell: cell_of(household), product, fen, months }
}

impl County {
    fn new(backend: Arc<dyn Backend>, wishes: &[Wish]) -> County {
        let house = lender();
        let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
        for request in founding(wishes.len() as u64) {
            told(stepper.step(vec![request]).remove(0));
        }
        stepper.deliver();
        for request in wishes.iter().flat_map(|wish| wish.commands(&house, morning())) {
            told(stepper.step(vec![request]).remove(0));
        }
        County { stepper, house, backend, day: open_date(), next: 0 }
    }

    fn until(&mut self, day: &str) {
        while self.day < date(day) {
            told(self.stepper.step(vec![close_day(self.day)]).remove(0));
            self.stepper.deliver();
            self.day = self.day.add_days(1);
        }
    }

    fn order(&mut self, actor: Actor, order: Order<Command>) -> Result<Outcome, String> {
        self.next += 1;
        let request = Request::plain(id(0x5E00_0000 + self.next), actor, day_begins(self.day), order);
        let answer = self.stepper.step(vec![request]).remove(0).map_err(|e| e.to_string())?;
        Ok(answer.outcome::<Tianxin>().unwrap())
    }

    fn alone(&mut self, actor: Actor, wish: &Wish, what: LoanAct) -> Result<Outcome, String> {
        self.order(actor, Order::Do(act(wish, what)))
    }

    /// Proposed by one, approved by another; what was shown, and the id of the event, which is the approval's.
    fn by_two(&mut self, proposer: Actor, wish: &Wish, what: LoanAct) -> Result<(LoanShown, LoanShown, Id), String> {
        let shown = self.order(proposer, Order::Propose(act(wish, what)))?;
        let proposal = id(0x5E00_0000 + self.next);
        let done = self.order(staff(9, Role::Approver), Order::Approve { cell: wish.cell, proposal })?;
        assert_eq!(shown, done, "what was shown is what was done");
        let Outcome::Serviced { before, after } = done else { panic!("{done:?}") };
        Ok((before, after, id(0x5E00_0000 + self.next)))
    }

    fn pay(&mut self, wish: &Wish, fen: i64) {
        for request in pays(wish, fen, self.day) {
            told(self.stepper.step(vec![request]).remove(0));
        }
    }

    fn balance(&self, role: Subject) -> i64 {
        let code = i64::from(self.house.subjects.roles.code(role).0);
        let rows = records::<GlBalance>(self.backend.as_ref());
        rows.iter().filter(|row| row.subject == code).map(|row| row.balance_minor).sum()
    }

    fn note(&self, wish: &Wish) -> LoanNote {
        records::<LoanNote>(self.backend.as_ref()).into_iter().find(|note| note.id == wish.loan()).unwrap()
    }

    fn verify(&self) {
        audit::verify(self.house.as_ref(), self.backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

fn act(wish: &Wish, what: LoanAct) -> Command {
    let (cell, household, loan) = (wish.cell, wish.household, wish.loan());
    Command::ServiceLoan(ServiceLoan { cell, household, loan, what, reason: "letter of the day".into() })
}

fn until(day: &str) -> Alteration {
    let consent = Consent { by: id(7), at: Instant(1), evidence: [7; 32] };
    Alteration {
        plan: AlteredPlan::Until(date(day)),
        rates: None,
        reason: "sale put off".into(),
        consent: Consents { borrower: BorrowerConsent::Given(consent), guarantor: GuarantorConsent::NoGuarantor },
    }
}

fn fen(amount: i64) -> Money {
    Money::new(amount, Currency::CNY)
}

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
    let (before, after, _) = county.by_two(officer, &season, LoanAct::Extend(until("2026-09-02"))).unwrap();
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
    county.by_two(officer, &monthly, LoanAct::TakeBack { event }).unwrap();
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

    // What is charged off is owed as before, and comes back with the undo.
    let (_, after, off) = county.by_two(accountant, &season, LoanAct::ChargeOff).unwrap();
    assert_eq!((after.principal_minor, county.note(&season).outstanding_minor), (900_000, 0));
    assert_eq!(app::holding::Holding::of(&county.note(&season)).unwrap().claim_fen(), 900_000);
    county.verify();
    county.by_two(officer, &season, LoanAct::TakeBack { event: off }).unwrap();
    assert_eq!(county.note(&season).outstanding_minor, 900_000);
    county.verify();
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
    let (officer, approver) = (staff(1, Role::Officer), staff(9, Role::Approver));
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
    let by_two = |county: &mut County, command: Command| -> Result<Outcome, String> {
        let cell = app::command::cell_of(&command);
        let shown = county.order(officer, Order::Propose(command))?;
        let proposal = id(0x5E00_0000 + county.next);
        let done = county.order(approver, Order::Approve { cell, proposal })?;
        assert_eq!(shown, done, "what was shown is what was done");
        Ok(done)
    };
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

    // Past its end there is no renewal, only new for old: at least special-mention, whatever the days.
    county.until("2026-06-10");
    let last = contract(&mut county, &late, "last", 800_000, 0);
    let refused = by_two(&mut county, renew(&late, last, "last", good)).unwrap_err();
    assert!(refused.contains("new for old"), "{refused}");
    let done = by_two(&mut county, renew(&late, last, "last", RenewalManner::NewForOld)).unwrap();
    assert!(matches!(done, Outcome::Renewed { principal_minor: 800_000, class: 1, .. }), "{done:?}");
    assert_eq!(state(&county, &late, late.household.derive("last").derive("loan")), (LoanState::Open, 800_000, 1));
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
fn acts_reach_the_books_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    acts_reach_the_books(sqlite(&folder.path().join("books.db")));
}

#[test]
fn acts_reach_the_books_on_postgres() {
    let Some((database, _server)) = postgres("service") else { return };
    acts_reach_the_books(postgres_backend(&database.url(), "service"));
}
