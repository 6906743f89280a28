//! Seasonal loans through the door, on both engines: applied for with crops, re-planned with consent, deferred after a
//! disaster loan by loan, taken back; and that the books prove every step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

mod support;

use std::sync::Arc;

use app::application::{Apply, Decide, SeasonAsked};
use app::assess::{Judge, feature_names};
use app::change::{AgreeChange, ApplyChange, ProposeReplan, UndoChange};
use app::change_books::{ChangeStatus, DisasterStatus};
use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::desk::Desk;
use app::disaster::{DecideDisaster, DeclareDisaster, DisasterVerdict};
use app::paper::AddPaper;
use app::sign::{Draw, Sign};
use app::tables::ApplicationStatus;
use app::vault::{Vault, VaultError};
use app::{Institution, Tianxin};
use basics::{Cell, Date, Id, Instant};
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Order, Request, Role, audit};
use insight::{Channel, Event, EventKind};
use ledger::Chart;
use loan::paper::NoSpouse;
use loan::season::{DeferredInterest, DeferredScope, Departure, GuarantorConsent, Programme, parse_crops};
use loan::{Paper, Product};
use policy::RuleSet;
use support::*;

/// Nothing here is sealed.
struct NoKeys;

impl Vault for NoKeys {
    fn make_keys(&self, _: &[Id]) -> Result<(), VaultError> {
        Ok(())
    }
    fn seal(&self, _: Id, _: &str, _: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError> {
        Ok((plain.to_vec(), [0; 32]))
    }
    fn open(&self, _: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(ciphertext.to_vec())
    }
    fn destroy(&self, _: Id) -> Result<(), VaultError> {
        Ok(())
    }
    fn keyed_hash(&self, _: &str, _: &[u8]) -> [u8; 32] {
        [0; 32]
    }
}

struct House {
    desk: Desk,
    backend: Arc<dyn Backend>,
    tianxin: Arc<Tianxin>,
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

impl House {
    fn new(backend: Arc<dyn Backend>) -> House {
        House::lending(backend, vec![loan::product::shipped("seasonal-loan").unwrap()])
    }

    fn lending(backend: Arc<dyn Backend>, products: Vec<Product>) -> House {
        let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
        let tianxin = Arc::new(Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(products));
        let engine = Engine::start(tianxin.clone(), backend.clone(), EngineOptions::default()).unwrap();
        let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).unwrap();
        let desk = Desk::new(Arc::new(engine), Arc::new(NoKeys), Judge::new(None, rules), 2);
        House { desk, backend, tianxin }
    }

    fn now(&self) -> Instant {
        let open = self.desk.open_date(Cell::OFFICE).unwrap();
        Instant(i64::from(open.days()) * 86_400_000_000)
    }

    fn order(&self, n: u128, actor: Actor, order: Order<Command>) -> Result<Outcome, DoorError> {
        let request = Request::plain(id(0x5EA5_0000_0000 + n), actor, self.now(), order);
        Ok(self.desk.engine.call(request)?.outcome::<Tianxin>().unwrap())
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

    /// Proposed by an officer, approved by another person.
    fn by_two(&self, n: u128, cell: Cell, command: Command) -> Result<Outcome, DoorError> {
        self.order(n, staff(1, Role::Officer), Order::Propose(command))?;
        let proposal = id(0x5EA5_0000_0000 + n);
        self.order(n + 1, staff(2, Role::Approver), Order::Approve { cell, proposal })
    }

    /// A household's seasonal loan of 30,000 for eight months, drawn today.
    fn lend(&self, n: u64, region: &str, crops: &str) -> (Id, Id) {
        let (household, key) = (household(n), u128::from(n) << 16);
        let (cell, application, contract, loan) = (cell_of(household), id(key + 0xA0), id(key + 0xC0), id(key + 0xB0));
        self.done(key + 1, Actor::SYSTEM, enrol(household));
        let apply = |season| {
            Command::Apply(Apply {
                cell,
                household,
                application,
                product: "seasonal-loan".into(),
                amount: yuan(30_000),
                term_months: 8,
                purpose: "farming-inputs".into(),
                season,
            })
        };
        assert_eq!(self.refused(key + 2, farmer(household), apply(None)), "season_missing");
        let asked = |region: &str| Some(SeasonAsked { region: region.into(), crops: parse_crops(crops).unwrap() });
        assert_eq!(self.refused(key + 3, farmer(household), apply(asked("atlantis"))), "outside_product");
        self.done(key + 4, farmer(household), apply(asked(region)));
        let decide = Command::Decide(Decide {
            cell,
            household,
            application,
            decision: id(key + 0xD0),
            status: ApplicationStatus::Approved,
            approved_minor: 3_000_000,
            rate: self.tianxin.product("seasonal-loan").unwrap().pricing.rates()[0],
            limit_minor: 3_000_000,
            profile_version: 0,
            exposure_minor: 0,
            reasons: Vec::new(),
            model: String::new(),
            rules: "r".into(),
            person: household.derive("head"),
            record: vec![1].into(),
            commitment: vec![2].into(),
            explored: None,
            withheld: false,
        });
        assert!(matches!(self.order(key + 5, Actor::SYSTEM, Order::Do(decide)).unwrap(), Outcome::Decided { .. }));
        let (text_hash, evidence) = (vec![7; 32].into(), "page, 12 s".to_owned());
        self.done(
            key + 6,
            farmer(household),
            Command::Sign(Sign { cell, household, application, contract, text_hash, evidence }),
        );
        let (paper, hash) = (Paper::NoSpouse { why: NoSpouse::Unmarried }, vec![8; 32].into());
        let (id, evidence) = (id(key + 0xF0), "certificate seen".to_owned());
        let seen = AddPaper { cell, household, contract, id, paper, hash, evidence, by_phone: false };
        self.done(key + 8, staff(3, Role::Clerk), Command::AddPaper(seen));
        let product = self.tianxin.product("seasonal-loan").unwrap();
        if product.conditions.as_ref().is_some_and(|asked| asked.guarantee.is_some()) {
            let neighbour = support::household(9_000);
            self.done(key + 0xA, Actor::SYSTEM, enrol(neighbour));
            let (person, amount_fen) = (neighbour.derive("head"), 1_000_000);
            let paper = Paper::Guarantee { household: neighbour, cell: cell_of(neighbour), person, amount_fen };
            let (id, hash, evidence) = (support::id(key + 0xF1), vec![7; 32].into(), "signed before me".to_owned());
            let signed = AddPaper { cell, household, contract, id, paper, hash, evidence, by_phone: false };
            self.done(key + 9, staff(3, Role::Clerk), Command::AddPaper(signed));
            self.desk.engine.settle();
        }
        self.done(key + 7, farmer(household), Command::Draw(Draw { cell, household, contract, loan, amount: None }));
        (household, loan)
    }

    /// The rows of a loan as they stand: due date, principal, interest.
    fn rows(&self, household: Id, loan: Id) -> Vec<(String, i64, i64)> {
        let (_, terms, life) = self.desk.loan(household, loan).unwrap();
        let open = self.desk.open_date(cell_of(household)).unwrap();
        let state = loan::fold(&terms, &life, open).unwrap();
        state
            .instalments
            .iter()
            .map(|row| (row.due_on.to_string(), row.due.principal_fen, row.due.interest_fen))
            .collect()
    }

    fn close_until(&self, day: Date) {
        loop {
            let open = self.desk.open_date(Cell::OFFICE).unwrap();
            if open >= day {
                return;
            }
            let close = Command::CloseDay(CloseDay { day: open });
            self.order(0xE000_0000 + u128::try_from(open.days()).unwrap(), Actor::SYSTEM, Order::Do(close)).unwrap();
            self.desk.engine.settle();
        }
    }

    fn prove(&self) {
        self.desk.engine.settle();
        audit::verify(self.tianxin.as_ref(), self.backend.as_ref(), None).unwrap();
        audit::rebuild(self.tianxin.as_ref(), self.backend.as_ref(), false).unwrap();
    }

    fn agree(&self, n: u128, household: Id, loan: Id, change: Id, text_hash: &[u8]) -> Result<Outcome, DoorError> {
        let agree = Command::AgreeChange(AgreeChange {
            cell: cell_of(household),
            household,
            loan,
            change,
            person: household.derive("head"),
            text_hash: text_hash.to_vec().into(),
            guarantor: GuarantorConsent::NoGuarantor,
            evidence: None,
        });
        self.order(n, farmer(household), Order::Do(agree))
    }
}

fn as_signed() -> Vec<(String, i64, i64)> {
    vec![("2026-06-30".into(), 1_200_000, 60_000), ("2026-10-31".into(), 1_800_000, 36_900)]
}

fn follows_the_seasons(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    let officer = staff(1, Role::Officer);
    let (wheat_farmer, loan) = house.lend(1, "河南", "wheat:4,maize:6");
    let (other_farmer, other_loan) = house.lend(6, "hebei", "小麦:4,玉米:6");
    let (rice_farmer, rice_loan) = house.lend(11, "湖北", "rice:5");
    assert_eq!(house.rows(wheat_farmer, loan), as_signed());
    let cell = cell_of(wheat_farmer);

    // A re-plan is proposed, agreed to, applied by two, and only then part of the loan.
    house.close_until(date("2026-06-05"));
    assert!(house.desk.watch_harvests(house.now()).unwrap().is_empty(), "no row is due within a week");
    let change = id(0x77);
    let short = |observed_fen| {
        Command::ProposeReplan(ProposeReplan {
            cell,
            household: wheat_farmer,
            loan,
            change,
            departure: Departure::Short { due: date("2026-06-30"), expected_fen: 1_600_000, observed_fen },
            next_harvest: None,
        })
    };
    let none = house.order(0x101, officer, Order::Do(short(1_500_000))).unwrap();
    assert!(matches!(&none, Outcome::NotChanged { reason } if reason.contains("6.25 %")), "{none:?}");
    let proposed = house.order(0x102, officer, Order::Do(short(1_000_000))).unwrap();
    assert_eq!(proposed, Outcome::ChangeProposed { added_minor: 9_225, needs_consent: true });
    assert_eq!(house.rows(wheat_farmer, loan), as_signed(), "a proposal changes nothing");
    let apply = Command::ApplyChange(ApplyChange { cell, household: wheat_farmer, loan, change });
    assert_eq!(house.refused(0x103, officer, apply.clone()), "second_person_needed");
    let early = house.order(0x104, officer, Order::Propose(apply.clone())).unwrap_err();
    assert!(matches!(early, DoorError::Refused(r) if r.code == "wrong_status"));
    let row = house.desk.changes(wheat_farmer, loan).unwrap().remove(0);
    let other_text = house.agree(0x105, wheat_farmer, loan, change, &[1; 32]).unwrap_err();
    assert!(matches!(other_text, DoorError::Refused(r) if r.code == "other_text"));
    // At the window it rests on something signed.
    let at_window = |evidence| {
        Command::AgreeChange(AgreeChange {
            cell,
            household: wheat_farmer,
            loan,
            change,
            person: wheat_farmer.derive("head"),
            text_hash: row.text_hash.clone().into(),
            guarantor: GuarantorConsent::NoGuarantor,
            evidence,
        })
    };
    assert_eq!(house.refused(0x108, staff(3, Role::Clerk), at_window(None)), "no_evidence");
    assert_eq!(house.agree(0x106, wheat_farmer, loan, change, &row.text_hash).unwrap(), Outcome::Done);
    assert_eq!(house.by_two(0x107, cell, apply.clone()).unwrap(), Outcome::Done);
    let replanned = vec![("2026-06-30".to_owned(), 750_000, 60_000), ("2026-10-31".to_owned(), 2_250_000, 46_125)];
    assert_eq!(house.rows(wheat_farmer, loan), replanned);
    house.prove();
    // Taken back by two, the loan is as if it had never been.
    let undo =
        Command::UndoChange(UndoChange { cell, household: wheat_farmer, loan, change, reason: "told wrong".into() });
    assert_eq!(house.refused(0x110, farmer(wheat_farmer), undo.clone()), "not_permitted");
    assert_eq!(house.by_two(0x111, cell, undo.clone()).unwrap(), Outcome::Done);
    assert_eq!(house.rows(wheat_farmer, loan), as_signed());
    assert!(house.by_two(0x113, cell, undo).is_err(), "not twice");

    // A flood: declared by one, carried out by two, shown before.
    let declare = |disaster: Id, interest| {
        Command::DeclareDisaster(DeclareDisaster {
            disaster,
            name: "June flood".into(),
            villages: (0..5).map(|n| format!("village-{n}")).collect(),
            programme: Programme {
                document: "county-2026-17".into(),
                event_on: date("2026-06-05"),
                crops: vec!["wheat".into()],
                to: date("2026-10-31"),
                scope: DeferredScope::Principal,
                interest,
            },
            document_hash: vec![9; 32].into(),
        })
    };
    let flood = id(0xF1);
    house.done(0x201, officer, declare(flood, DeferredInterest::RunsOn));
    let shown = house.desk.preview_disaster(flood).unwrap();
    assert_eq!((shown.households, shown.loans, shown.touched.len()), (3, 3, 2), "{shown:#?}");
    assert_eq!(shown.totals(), (2_400_000, 49_200));
    assert!(house.desk.run_disaster(flood, house.now()).is_err(), "nobody has decided");
    let decide = |disaster, verdict| {
        Command::DecideDisaster(DecideDisaster { disaster, verdict, reason: "as the county has it".into() })
    };
    assert_eq!(house.refused(0x202, officer, decide(flood, DisasterVerdict::CarryOut)), "second_person_needed");
    assert_eq!(house.by_two(0x203, Cell::OFFICE, decide(flood, DisasterVerdict::CarryOut)).unwrap(), Outcome::Done);
    let report = house.desk.run_disaster(flood, house.now()).unwrap();
    assert_eq!((report.waiting, report.applied, report.refused.len()), (2, 0, 0), "interest runs on: each must agree");
    assert_eq!(house.desk.run_disaster(flood, house.now()).unwrap(), report, "nothing is offered twice");
    let offered = house.desk.changes_of(flood).unwrap();
    let own = offered.iter().find(|change| change.household == wheat_farmer).unwrap();
    assert_eq!(house.agree(0x210, wheat_farmer, loan, own.id, &own.text_hash).unwrap(), Outcome::Done);
    let apply = Command::ApplyChange(ApplyChange { cell, household: wheat_farmer, loan, change: own.id });
    assert_eq!(house.by_two(0x211, cell, apply).unwrap(), Outcome::Done);
    let deferred = vec![("2026-06-30".to_owned(), 0, 60_000), ("2026-10-31".to_owned(), 3_000_000, 61_500)];
    assert_eq!(house.rows(wheat_farmer, loan), deferred);
    let report = house.desk.disaster_report(flood).unwrap();
    assert_eq!((report.applied, report.waiting, report.moved_minor, report.added_minor), (1, 1, 1_200_000, 24_600));
    assert_eq!(house.rows(rice_farmer, rice_loan).len(), 1, "rice was not struck");
    house.prove();
    // The whole is taken back: what was applied is undone, what waited is dropped.
    assert_eq!(house.by_two(0x220, Cell::OFFICE, decide(flood, DisasterVerdict::TakeBack)).unwrap(), Outcome::Done);
    let report = house.desk.run_disaster(flood, house.now()).unwrap();
    assert_eq!((report.applied, report.waiting, report.undone), (0, 0, 2));
    assert_eq!(house.desk.run_disaster(flood, house.now()).unwrap(), report);
    assert_eq!(house.rows(wheat_farmer, loan), as_signed());
    assert_eq!(house.desk.disaster(flood).unwrap().status, DisasterStatus::TakenBack);
    house.prove();

    // A programme that stops interest costs nobody more, so it is applied at once; told of late, it is dated back, and
    // the penalty that ran up since 30 June is taken out of the books again.
    house.close_until(date("2026-07-10"));
    let before = house.desk.loan(other_farmer, other_loan).unwrap().0;
    assert_eq!(before.overdue_since, Some(date("2026-06-30")));
    let relief = id(0xF2);
    house.done(0x301, officer, declare(relief, DeferredInterest::Stops));
    assert_eq!(house.by_two(0x302, Cell::OFFICE, decide(relief, DisasterVerdict::CarryOut)).unwrap(), Outcome::Done);
    let report = house.desk.run_disaster(relief, house.now()).unwrap();
    assert_eq!((report.applied, report.waiting, report.refused.len()), (2, 0, 0), "{report:?}");
    // 25 of 120 days of interest on 12,000 are let go before June, all of it after.
    let stopped = vec![("2026-06-30".to_owned(), 0, 55_000), ("2026-10-31".to_owned(), 3_000_000, 36_900)];
    assert_eq!(house.rows(other_farmer, other_loan), stopped);
    house.prove();
    house.close_until(date("2026-07-12"));
    house.prove();
    let changes = house.desk.changes(other_farmer, other_loan).unwrap();
    let statuses: Vec<ChangeStatus> = changes.iter().map(|change| change.status).collect();
    assert!(statuses.contains(&ChangeStatus::Applied) && statuses.contains(&ChangeStatus::Undone), "{statuses:?}");
}

/// A week before its row falls due, what was sold is held against it: too little proposes a re-plan, enough does not.
fn watches_harvests(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    let (poor, poor_loan) = house.lend(1, "河南", "wheat:4,maize:6");
    let (good, good_loan) = house.lend(6, "河南", "wheat:4,maize:6");
    house.close_until(date("2026-06-24"));
    let sale = |household: Id, n: u128, amount_minor: i64| Event {
        household,
        id: id(0x5A1E_0000 + n),
        date: date("2026-06-15"),
        kind: EventKind::HarvestSale,
        amount_minor,
        balance_after_minor: None,
        counterparty: None,
        channel: Channel::ToldByHousehold,
        consent: None,
        measure: None,
        source: None,
        known: None,
    };
    for (household, n, amount_minor) in [(poor, 1, 600_000), (good, 2, 1_300_000)] {
        let events = [sale(household, n, amount_minor)];
        house.desk.observe(id(0x5A1F_0000 + n), household, &events, Actor::SYSTEM, house.now()).unwrap();
    }
    let seen = house.desk.watch_harvests(house.now()).unwrap();
    let told: Vec<(Id, i64, i64, bool)> =
        seen.iter().map(|one| (one.loan, one.expected_minor, one.observed_minor, one.proposed.is_ok())).collect();
    let mut expected = vec![(poor_loan, 1_260_000, 600_000, true), (good_loan, 1_260_000, 1_300_000, false)];
    expected.sort_by_key(|one| one.0);
    assert_eq!(told, expected);
    assert_eq!(house.rows(poor, poor_loan), as_signed(), "never applied by itself");
    let changes = house.desk.changes(poor, poor_loan).unwrap();
    assert_eq!((changes.len(), changes[0].status), (1, ChangeStatus::Proposed));
    assert!(house.desk.changes(good, good_loan).unwrap().is_empty());
    // Looked at again, nothing is proposed twice. Where a product is gone, that is told of its loan, and the run goes on.
    house.close_until(date("2026-06-25"));
    let none = House::lending(house.backend.clone(), vec![loan::product::shipped("season-bullet").unwrap()]);
    let seen = none.desk.watch_harvests(house.now()).unwrap();
    let told = seen.iter().find(|one| one.loan == good_loan).unwrap();
    assert!(matches!(&told.proposed, Err(why) if why.contains("not among the products")), "{told:?}");
    house.desk.watch_harvests(house.now()).unwrap();
    assert_eq!(house.desk.changes(poor, poor_loan).unwrap().len(), 1);
    house.prove();
}

/// The borrower cannot speak for the guarantor: a member of staff takes his word, from one who guarantees this contract.
#[test]
fn a_guarantor_is_asked_at_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let mut product = loan::product::shipped("seasonal-loan").unwrap();
    let form = loan::GuaranteeForm::JointAndSeveral;
    let guarantee = loan::terms::GuaranteeRule { need: loan::terms::GuaranteeNeed::Optional, form, period_months: 24 };
    product.conditions.as_mut().unwrap().guarantee = Some(guarantee);
    let house = House::lending(sqlite(&folder.path().join("books.db")), vec![product]);
    let (household, loan) = house.lend(1, "河南", "wheat:4,maize:6");
    let (cell, change) = (cell_of(household), id(0x77));
    house.close_until(date("2026-06-05"));
    // Beyond the longest term of its contract it is not re-planned.
    let far = Departure::Late { due: date("2026-06-30"), to: date("2029-06-30") };
    let propose = ProposeReplan { cell, household, loan, change, departure: far, next_harvest: None };
    let told = house.order(0x101, staff(1, Role::Officer), Order::Do(Command::ProposeReplan(propose.clone()))).unwrap();
    assert!(
        matches!(&told, Outcome::NotChanged { reason } if reason.contains("longest term of 36 months")),
        "{told:?}"
    );
    assert!(house.desk.changes(household, loan).unwrap().is_empty());
    let departure = Departure::Short { due: date("2026-06-30"), expected_fen: 1_600_000, observed_fen: 1_000_000 };
    let propose = ProposeReplan { departure, ..propose };
    house.order(0x102, staff(1, Role::Officer), Order::Do(Command::ProposeReplan(propose))).unwrap();
    let hash = house.desk.changes(household, loan).unwrap().remove(0).text_hash;
    let agree = |guarantor, evidence: Option<&str>| {
        let (person, text_hash, evidence) =
            (household.derive("head"), hash.clone().into(), evidence.map(ToOwned::to_owned));
        Command::AgreeChange(AgreeChange { cell, household, loan, change, person, text_hash, guarantor, evidence })
    };
    let given = |by, evidence| GuarantorConsent::Given(loan::season::Consent { by, at: Instant(1), evidence });
    let text: [u8; 32] = hash.as_slice().try_into().unwrap();
    let guarantor = support::household(9_000).derive("head");
    let (own, clerk) = (farmer(household), staff(3, Role::Clerk));
    assert_eq!(house.refused(0x110, own, agree(GuarantorConsent::NoGuarantor, None)), "guarantor_not_asked");
    assert_eq!(house.refused(0x111, own, agree(given(guarantor, text), None)), "guarantor_word");
    let stranger = household.derive("head");
    assert_eq!(house.refused(0x112, clerk, agree(given(stranger, text), Some("paper 7"))), "guarantor_word");
    assert_eq!(house.refused(0x113, clerk, agree(given(guarantor, [1; 32]), Some("paper 7"))), "other_text");
    house.done(0x114, clerk, agree(given(guarantor, text), Some("paper 7")));
    let row = house.desk.changes(household, loan).unwrap().remove(0);
    let event: loan::LifeEvent = basics::cbor::from_bytes(&row.event).unwrap();
    let loan::Happening::Replanned(replan) = event.what else { panic!("{event:?}") };
    assert_eq!(
        replan.consent.guarantor,
        GuarantorConsent::Given(loan::season::Consent { by: guarantor, at: house.now(), evidence: text })
    );
    house.prove();
}

/// A loan drawn on the day of the flood is put off from the next day on: until then the preview says that it waits.
#[test]
fn a_disaster_on_the_day_of_a_drawing_is_offered_the_day_after() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(sqlite(&folder.path().join("books.db")));
    let (household, loan) = house.lend(1, "河南", "wheat:4,maize:6");
    let flood = id(0xF1);
    let declared = Command::DeclareDisaster(DeclareDisaster {
        disaster: flood,
        name: "March flood".into(),
        villages: (0..5).map(|n| format!("village-{n}")).collect(),
        programme: Programme {
            document: "county-2026-3".into(),
            event_on: open_date(),
            crops: vec!["wheat".into()],
            to: date("2026-10-31"),
            scope: DeferredScope::Principal,
            interest: DeferredInterest::Stops,
        },
        document_hash: vec![9; 32].into(),
    });
    house.done(0x200, staff(1, Role::Officer), declared);
    let waits = house.desk.preview_disaster(flood).unwrap();
    assert_eq!(waits.touched.len(), 1);
    assert!(waits.touched[0].offered.as_ref().is_err_and(|why| why.contains("tomorrow")), "{:?}", waits.touched[0]);
    let verdict = DisasterVerdict::CarryOut;
    let decide = Command::DecideDisaster(DecideDisaster { disaster: flood, verdict, reason: "as the county".into() });
    house.by_two(0x201, Cell::OFFICE, decide).unwrap();
    let report = house.desk.run_disaster(flood, house.now()).unwrap();
    assert_eq!((report.applied, report.refused.len()), (0, 1), "{report:?}");
    house.close_until(open_date().add_days(1));
    let shown = house.desk.preview_disaster(flood).unwrap();
    assert!(shown.touched[0].offered.is_ok(), "{:?}", shown.touched[0]);
    let report = house.desk.run_disaster(flood, house.now()).unwrap();
    assert_eq!((report.applied, report.refused.len()), (1, 0), "{report:?}");
    assert_eq!(house.rows(household, loan).last().unwrap().1, 3_000_000);
    house.prove();
}

#[test]
fn harvests_are_watched_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    watches_harvests(sqlite(&folder.path().join("books.db")));
}

#[test]
fn seasons_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    follows_the_seasons(sqlite(&folder.path().join("books.db")));
}

#[test]
fn seasons_on_postgres() {
    let Some((database, _server)) = postgres("season") else { return };
    follows_the_seasons(postgres_backend(&database.url(), "season"));
}
