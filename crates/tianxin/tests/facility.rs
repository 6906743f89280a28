//! A facility's life through the door, on both engines: who may do what, what may be drawn, and that the books prove it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

mod support;

use std::sync::Arc;

use app::application::{Apply, Decide, DecideByHand};
use app::command::{Command, Outcome};
use app::facility::{ChangeFacility, FacilityChange, facility_view};
use app::review::AskForPerson;
use app::sign::{Draw, Sign};
use app::tables::ApplicationStatus;
use app::withdrawn::WithdrawApplication;
use app::{Institution, Tianxin};
use basics::{Cell, Date, Id};
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Needs, Order, Overlay, Request, Role, audit};
use ledger::Chart;
use loan::facility::FacilityStatus;
use support::lending::close_day;
use support::*;

struct House {
    engine: Engine<Tianxin>,
    backend: Arc<dyn Backend>,
    tianxin: Arc<Tianxin>,
    household: Id,
    cell: Cell,
}

const FACILITY_YUAN: i64 = 20_000;

impl House {
    fn new(backend: Arc<dyn Backend>) -> House {
        let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
        let products = vec![loan::product::shipped("short-working-capital").unwrap()];
        let tianxin = Arc::new(Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(products));
        let engine = Engine::start(tianxin.clone(), backend.clone(), EngineOptions::default()).unwrap();
        let household = household(1);
        let house = House { engine, backend, tianxin, household, cell: cell_of(household) };
        house.done(1, Actor::SYSTEM, enrol(household));
        house
    }

    fn order(&self, n: u128, actor: Actor, order: Order<Command>) -> Result<Outcome, DoorError> {
        let answer = self.engine.call(Request::plain(id(0xFA00_0000 + n), actor, morning(), order))?;
        Ok(answer.outcome::<Tianxin>().unwrap())
    }

    fn done(&self, n: u128, actor: Actor, command: Command) {
        assert_eq!(self.order(n, actor, Order::Do(command)).unwrap(), Outcome::Done);
    }

    fn refused(&self, n: u128, actor: Actor, command: Command) -> String {
        match self.order(n, actor, Order::Do(command)) {
            Err(DoorError::Refused(refusal)) => refusal.code.to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// Applied for, decided by the machine under a whole limit, signed: ready to be drawn.
    fn signed(&self, n: u128, yuan_amount: i64, seen_yuan: i64) -> Command {
        let (cell, household) = (self.cell, self.household);
        let (application, contract) = (id(0xA0 + n), id(0xC0 + n));
        self.decided(n, yuan_amount, seen_yuan, ApplicationStatus::Approved);
        let evidence = "page, 12 s".to_owned();
        let text_hash = vec![7; 32].into();
        let sign = Sign { cell, household, application, contract, text_hash, evidence };
        self.done(n + 2, farmer(household), Command::Sign(sign));
        Command::Draw(Draw { cell, household, contract, loan: id(0xB0 + n), amount: None })
    }

    /// Applied for, referred to a person, and approved by an officer.
    fn approved_by_hand(&self, n: u128, yuan_amount: i64, seen_yuan: i64) {
        self.decided(n, yuan_amount, seen_yuan, ApplicationStatus::Referred);
        let decided = self.order(n + 2, staff(1, Role::Officer), Order::Do(self.by_hand(n, yuan_amount))).unwrap();
        assert!(matches!(decided, Outcome::Decided { status: ApplicationStatus::Approved, .. }), "{decided:?}");
    }

    /// Applied for, and approved by the machine and by hand where the facility does not carry it: the codes of both refusals.
    fn refused_approval(&self, n: u128, yuan_amount: i64, seen_yuan: i64) -> [String; 2] {
        self.applied(n, yuan_amount);
        let approved = self.by_machine(n, yuan_amount, seen_yuan, ApplicationStatus::Approved);
        let stale = self.refused(n + 1, Actor::SYSTEM, approved);
        let referred = self.by_machine(n, yuan_amount, seen_yuan, ApplicationStatus::Referred);
        self.order(n + 2, Actor::SYSTEM, Order::Do(referred)).unwrap();
        [stale, self.refused(n + 3, staff(1, Role::Officer), self.by_hand(n, yuan_amount))]
    }

    /// Raised by two people.
    fn raise(&self, n: u128, to_yuan: i64) {
        let raise = self.change(FacilityChange::Raise { to: yuan(to_yuan) });
        self.order(n, staff(1, Role::Officer), Order::Propose(raise)).unwrap();
        let approve = Order::Approve { cell: self.cell, proposal: id(0xFA00_0000 + n) };
        assert_eq!(self.order(n + 1, staff(2, Role::Approver), approve).unwrap(), Outcome::Done);
    }

    fn by_hand(&self, n: u128, yuan_amount: i64) -> Command {
        Command::DecideByHand(DecideByHand {
            cell: self.cell,
            household: self.household,
            application: id(0xA0 + n),
            decision: id(0xE0 + n),
            approved: yuan(yuan_amount),
            rate: self.tianxin.product("short-working-capital").unwrap().pricing.rates()[0],
            reason: "visited".into(),
        })
    }

    /// Applied for, and decided by the machine under a whole limit.
    fn decided(&self, n: u128, yuan_amount: i64, seen_yuan: i64, status: ApplicationStatus) {
        self.applied(n, yuan_amount);
        let decide = self.by_machine(n, yuan_amount, seen_yuan, status);
        assert!(matches!(self.order(n + 1, Actor::SYSTEM, Order::Do(decide)).unwrap(), Outcome::Decided { .. }));
    }

    fn applied(&self, n: u128, yuan_amount: i64) {
        let (cell, household, application) = (self.cell, self.household, id(0xA0 + n));
        let product = self.tianxin.product("short-working-capital").unwrap();
        self.done(
            n,
            farmer(household),
            Command::Apply(Apply {
                cell,
                household,
                application,
                product: product.code.clone(),
                amount: yuan(yuan_amount),
                term_months: 12,
                purpose: product.uses[0].clone(),
                season: None,
            }),
        );
    }

    fn by_machine(&self, n: u128, yuan_amount: i64, seen_yuan: i64, status: ApplicationStatus) -> Command {
        let (cell, household, application) = (self.cell, self.household, id(0xA0 + n));
        Command::Decide(Decide {
            cell,
            household,
            application,
            decision: id(0xD0 + n),
            status,
            approved_minor: if status == ApplicationStatus::Approved { yuan_amount * 100 } else { 0 },
            rate: self.tianxin.product("short-working-capital").unwrap().pricing.rates()[0],
            limit_minor: FACILITY_YUAN * 100,
            profile_version: 0,
            exposure_minor: seen_yuan * 100,
            reasons: Vec::new(),
            model: String::new(),
            rules: "r".into(),
            person: household.derive("head"),
            record: vec![1].into(),
            commitment: vec![2].into(),
            explored: None,
            withheld: false,
        })
    }

    fn view(&self) -> app::facility::FacilityView {
        self.view_on(open_date())
    }

    fn view_on(&self, day: Date) -> app::facility::FacilityView {
        let mut slice = Overlay::default();
        let mut needs = Needs::default();
        app::application::needs_exposure(&mut needs, self.cell, self.household);
        let mut connection = self.backend.connect().unwrap();
        for (table, prefix) in needs.wanted {
            let columns: Vec<usize> = (0..prefix.len()).collect();
            let rows = connection.load_many(table, &columns, std::slice::from_ref(&prefix)).unwrap();
            slice.fill(table, vec![prefix], rows);
        }
        facility_view(&slice, self.cell, self.household, day).unwrap().unwrap()
    }

    fn change(&self, what: FacilityChange) -> Command {
        let (cell, household, facility) = (self.cell, self.household, self.household.derive("facility"));
        Command::ChangeFacility(ChangeFacility { cell, household, facility, what, reason: "visited".into() })
    }
}

fn lives(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    let (officer, approver) = (staff(1, Role::Officer), staff(2, Role::Approver));
    let draw = house.signed(0x10, 5_000, 0);
    let position = house.view().position;
    assert_eq!((position.amount_fen, position.reserved_fen, position.available_fen), (2_000_000, 500_000, 1_500_000));

    // Frozen, by an officer alone; nothing is drawn. The household may not change its own facility.
    let freeze = house.change(FacilityChange::Freeze { part: None });
    assert_eq!(house.refused(0x20, farmer(house.household), freeze.clone()), "not_permitted");
    house.done(0x21, officer, freeze.clone());
    assert_eq!(house.refused(0x22, officer, freeze), "facility_event");
    assert_eq!(house.view().state.status, FacilityStatus::Frozen);
    let shut = house.order(0x23, farmer(house.household), Order::Do(draw.clone())).unwrap();
    assert!(matches!(&shut, Outcome::FacilityShut { why } if why.ends_with("visited")), "{shut:?}");

    // Thawing and raising want a second person, who is another one.
    let second = |n: u128, what: FacilityChange| {
        let command = house.change(what);
        assert_eq!(house.refused(n, officer, command.clone()), "second_person_needed");
        house.order(n + 1, officer, Order::Propose(command)).unwrap();
        let approve = |proposal| Order::Approve { cell: house.cell, proposal };
        assert!(house.order(n + 2, officer, approve(id(0xFA00_0000 + n + 1))).is_err());
        assert_eq!(house.order(n + 3, approver, approve(id(0xFA00_0000 + n + 1))).unwrap(), Outcome::Done);
    };
    second(0x30, FacilityChange::Thaw);
    house.done(0x40, farmer(house.household), draw);
    assert_eq!(house.view().position.used_fen, 500_000);

    // Lowered below what a second contract needs: a business no that says what is left.
    let draw = house.signed(0x50, 8_000, 5_000);
    house.done(0x60, officer, house.change(FacilityChange::Lower { to: yuan(10_000) }));
    let over = house.order(0x61, farmer(house.household), Order::Do(draw.clone())).unwrap();
    assert_eq!(over, Outcome::OverFacility { available_minor: 500_000 });
    second(0x70, FacilityChange::Raise { to: yuan(15_000) });
    house.done(0x80, farmer(house.household), draw);
    let view = house.view();
    assert_eq!((view.row.amount_minor, view.position.used_fen), (1_500_000, 1_300_000));
    assert_eq!(
        house.refused(0x81, officer, house.change(FacilityChange::Lower { to: yuan(15_000) })),
        "facility_event"
    );

    let review_by = Date::ymd(2026, 9, 1).unwrap();
    house.done(0x82, officer, house.change(FacilityChange::Review { review_by }));
    assert_eq!(house.view().state.review_by, Some(review_by));
    // Taken back, the raise leaves the lower amount; a grant is not taken back alone.
    let raised = view.life.iter().find(|e| matches!(e.what, loan::facility::FacilityHappening::Raised { .. }));
    second(0x90, FacilityChange::Undo { target: raised.unwrap().id });
    assert_eq!(house.view().row.amount_minor, 1_000_000);
    let granted = view.life[0].id;
    let order = Order::Propose(house.change(FacilityChange::Undo { target: granted }));
    let refusal = house.order(0xA0, officer, order).unwrap_err();
    assert!(matches!(refusal, DoorError::Refused(refusal) if refusal.code == "facility_event"));

    second(0xB0, FacilityChange::Close);
    assert_eq!(house.view().state.status, FacilityStatus::Closed);
    assert_eq!(house.refused(0xC0, officer, house.change(FacilityChange::Freeze { part: None })), "facility_event");
    // A new decision grants a new facility beside the closed one.
    house.signed(0xD0, 1_000, 13_000);
    let view = house.view();
    assert_ne!(view.row.id, house.household.derive("facility"));
    assert_eq!((view.state.status, view.position.available_fen), (FacilityStatus::Active, 600_000));

    house.engine.settle();
    audit::verify(house.tianxin.as_ref(), house.backend.as_ref(), None).unwrap();
    audit::rebuild(house.tianxin.as_ref(), house.backend.as_ref(), false).unwrap();
}

/// An approval carries what it needs and lowers nothing; what an officer has lowered, no limit of the machine raises again.
#[test]
fn an_approval_lowers_no_facility_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(sqlite(&folder.path().join("books.db")));
    let amounts = || {
        let view = house.view_on(open_date().add_days(1));
        assert_eq!(view.row.amount_minor, view.state.amount_fen);
        (view.position.amount_fen, view.position.reserved_fen)
    };
    house.signed(0x100, 5_000, 0);
    assert_eq!(amounts(), (2_000_000, 500_000));
    house.approved_by_hand(0x200, 1_000, 5_000);
    assert_eq!(amounts(), (2_000_000, 600_000));
    house.done(0x300, staff(1, Role::Officer), house.change(FacilityChange::Lower { to: yuan(8_000) }));
    assert_eq!(amounts(), (800_000, 600_000));
    house.engine.call(close_day(open_date())).unwrap();
    house.engine.settle();
    house.signed(0x400, 1_000, 6_000);
    assert_eq!(amounts(), (800_000, 700_000));
    // Neither the machine nor an officer alone lifts it by an approval; whoever decided before it was lowered reads it anew.
    assert_eq!(house.refused_approval(0x500, 3_000, 7_000), ["facility_stale", "facility_lowered"]);
    assert_eq!(amounts(), (800_000, 700_000));
    house.raise(0x600, 9_000);
    // A grant of the day on which it was raised holds, though the raise counts after it.
    house.signed(0x700, 1_000, 7_000);
    assert_eq!(amounts(), (2_000_000, 800_000));
    house.engine.settle();
    audit::verify(house.tianxin.as_ref(), house.backend.as_ref(), None).unwrap();
    audit::rebuild(house.tianxin.as_ref(), house.backend.as_ref(), false).unwrap();
}

#[test]
fn a_facility_lives_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    lives(sqlite(&folder.path().join("books.db")));
}

#[test]
fn a_facility_lives_on_postgres() {
    let Some((database, _server)) = postgres("facility") else { return };
    lives(postgres_backend(&database.url(), "facility"));
}

#[test]
fn an_offer_that_is_let_go_counts_no_longer_and_cannot_be_signed() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(sqlite(&folder.path().join("books.db")));
    let (cell, household, own) = (house.cell, house.household, farmer(house.household));
    let withdraw =
        |n: u128| Command::WithdrawApplication(WithdrawApplication { cell, household, application: id(0xA0 + n) });
    house.decided(0x10, 5_000, 0, ApplicationStatus::Approved);
    let held = |house: &House| (house.view().position.reserved_fen, house.view().position.available_fen);
    assert_eq!(held(&house), (500_000, 1_500_000), "an offer that stands counts in what may be owed");
    assert_eq!(house.refused(0x20, farmer(support::household(2)), withdraw(0x10)), "not_permitted");
    house.done(0x21, own, withdraw(0x10));
    assert_eq!(held(&house), (0, 2_000_000));
    assert_eq!(house.refused(0x22, own, withdraw(0x10)), "nothing_to_withdraw");
    assert_eq!(house.refused(0x23, own, withdraw(0x99)), "unknown_application");
    let (text_hash, evidence) = (vec![7; 32].into(), "page, 12 s".to_owned());
    let sign = Sign { cell, household, application: id(0xB0), contract: id(0xC0), text_hash, evidence };
    assert_eq!(house.refused(0x24, own, Command::Sign(sign)), "wrong_status");
    let ask = AskForPerson { cell, household, application: id(0xB0) };
    assert_eq!(house.refused(0x25, own, Command::AskForPerson(ask)), "no_review");

    // What the office has not decided yet may be withdrawn too, by a clerk for who is at the window; it is decided no more.
    house.decided(0x30, 4_000, 0, ApplicationStatus::Referred);
    house.done(0x40, staff(3, Role::Clerk), withdraw(0x30));
    assert_eq!(house.refused(0x41, staff(1, Role::Officer), house.by_hand(0x30, 4_000)), "wrong_status");

    // A signed contract is past that.
    house.signed(0x50, 3_000, 0);
    assert_eq!(house.refused(0x60, own, withdraw(0x50)), "nothing_to_withdraw");
    house.engine.settle();
    audit::verify(house.tianxin.as_ref(), house.backend.as_ref(), None).unwrap();
}
