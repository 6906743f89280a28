//! Whole-village credit through the door, on both engines: roll, negative list, blind appraisal, limits, publication,
//! objections, two people, the grant household by household, the signature; and that the books prove every step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

mod support;

use std::sync::Arc;

use app::assess::{Judge, feature_names};
use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::desk::Desk;
use app::facility::{ChangeFacility, FacilityChange};
use app::preliminary::{MovePreliminary, PreliminaryState, PreliminaryStep};
use app::vault::{Vault, VaultError};
use app::village::{
    CampaignState, CampaignVerdict, ObjectionVerdict, OpenVillage, ProfileSeen, VillageStep, WorkVillage,
};
use app::{Institution, Tianxin};
use basics::{Cell, Date, Id, Instant};
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Order, Request, Role, audit};
use ledger::Chart;
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
    next: std::cell::Cell<u128>,
}

const CAMPAIGN: Id = Id::from_u128(0xCA_0001);
const OFFICER: u128 = 1;

fn rater(n: u128) -> Id {
    id(0x7A7E_0000 + n)
}

impl House {
    fn new(backend: Arc<dyn Backend>) -> House {
        let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
        let products = vec![loan::product::shipped("short-working-capital").unwrap()];
        let tianxin = Arc::new(Tianxin::new(Institution::rural_bank("Test"), chart).unwrap().lending(products));
        let engine = Engine::start(tianxin.clone(), backend.clone(), EngineOptions::default()).unwrap();
        let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).unwrap();
        let desk = Desk::new(Arc::new(engine), Arc::new(NoKeys), Judge::new(None, rules), 2);
        House { desk, backend, tianxin, next: std::cell::Cell::new(0) }
    }

    fn now(&self) -> Instant {
        let open = self.desk.open_date(Cell::OFFICE).unwrap();
        Instant(i64::from(open.days()) * 86_400_000_000)
    }

    fn order(&self, actor: Actor, order: Order<Command>) -> Result<Outcome, DoorError> {
        self.next.set(self.next.get() + 1);
        let request = Request::plain(self.last(), actor, self.now(), order);
        Ok(self.desk.engine.call(request)?.outcome::<Tianxin>().unwrap())
    }

    /// The id of the last command.
    fn last(&self) -> Id {
        id(0x71_0000_0000 + self.next.get())
    }

    fn done(&self, actor: Actor, command: Command) {
        assert_eq!(self.order(actor, Order::Do(command)).unwrap(), Outcome::Done);
    }

    fn refused(&self, actor: Actor, command: Command) -> String {
        code(self.order(actor, Order::Do(command)))
    }

    fn step(&self, actor: Actor, step: VillageStep) {
        self.done(actor, work(step));
    }

    fn refused_step(&self, actor: Actor, step: VillageStep) -> String {
        self.refused(actor, work(step))
    }

    /// Proposed by an officer, approved by another person.
    fn by_two(&self, second: Actor, command: Command) -> Result<Outcome, DoorError> {
        let cell = app::command::cell_of(&command);
        self.order(staff(OFFICER, Role::Officer), Order::Propose(command))?;
        let proposal = self.last();
        self.order(second, Order::Approve { cell, proposal })
    }

    fn close_until(&self, day: Date) {
        loop {
            let open = self.desk.open_date(Cell::OFFICE).unwrap();
            if open >= day {
                return;
            }
            self.order(Actor::SYSTEM, Order::Do(Command::CloseDay(CloseDay { day: open }))).unwrap();
            self.desk.engine.settle();
        }
    }

    /// The roll as a lender reads it: marks, what the village says, what model and rules say, the limit and what made it so.
    fn roll(&self) -> String {
        let view = self.desk.campaign(CAMPAIGN).unwrap();
        let yuan = |minor: Option<i64>| minor.map_or("-".to_owned(), |minor| (minor / 100).to_string());
        let line = |(row, marks): (&app::village::VillageRoll, &usize)| {
            let outliers = row.outliers.split(' ').filter(|id| !id.is_empty()).count();
            format!(
                "{:3} {:8} marks {marks} heard {} recused {} far {outliers} village {:>6} profile {:>6} limit {:>6} {}\n",
                row.household.0.as_u128() - 0x1000_0000,
                row.state.as_str(),
                row.heard,
                row.recused,
                yuan(row.appraised_minor),
                yuan(row.profile_minor),
                yuan(row.limit_minor),
                row.bound_by.as_deref().unwrap_or("-"),
            )
        };
        view.roll.iter().zip(&view.marks).map(line).collect()
    }

    fn prove(&self) {
        self.desk.engine.settle();
        audit::verify(self.tianxin.as_ref(), self.backend.as_ref(), None).unwrap();
        audit::rebuild(self.tianxin.as_ref(), self.backend.as_ref(), false).unwrap();
    }
}

fn code(answer: Result<Outcome, DoorError>) -> String {
    match answer {
        Err(DoorError::Refused(refusal)) => refusal.code.to_owned(),
        other => panic!("{other:?}"),
    }
}

fn work(step: VillageStep) -> Command {
    Command::WorkVillage(WorkVillage { campaign: CAMPAIGN, step })
}

fn preliminary(household: Id, step: PreliminaryStep) -> Command {
    Command::MovePreliminary(MovePreliminary { cell: cell_of(household), household, campaign: CAMPAIGN, step })
}

fn sign(household: Id) -> Command {
    let (text_hash, evidence) = (vec![9; 32].into(), "at the village hall, filmed".to_owned());
    preliminary(household, PreliminaryStep::Sign { text_hash, evidence })
}

fn seen(household: Id, profile_yuan: Option<i64>) -> ProfileSeen {
    ProfileSeen {
        household,
        profile_minor: profile_yuan.map(|yuan| yuan * 100),
        reasons: vec!["capacity".into()],
        profile_version: 0,
        model: "m".into(),
        rules: "r".into(),
    }
}

fn open(raters_min: u16) -> OpenVillage {
    OpenVillage {
        campaign: CAMPAIGN,
        village: "village-1".into(),
        product: "short-working-capital".into(),
        most: yuan(30_000),
        unknown_most: yuan(10_000),
        raters_min,
        objection_days: 3,
        sign_days: 30,
    }
}

fn a_village_gets_credit(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    let (officer, clerk) = (staff(OFFICER, Role::Officer), staff(3, Role::Clerk));
    let approver = staff(2, Role::Approver);
    // Of 45 households nine live in the village, in several cells.
    for n in 0..45 {
        house.done(Actor::SYSTEM, enrol(household(n)));
    }
    assert_eq!(house.refused(clerk, Command::OpenVillage(open(3))), "not_permitted");
    assert_eq!(house.refused(officer, Command::OpenVillage(open(2))), "bad_village_terms");
    let dear = OpenVillage { unknown_most: yuan(40_000), ..open(3) };
    assert_eq!(house.refused(officer, Command::OpenVillage(dear)), "bad_village_terms");
    house.done(officer, Command::OpenVillage(open(3)));
    assert_eq!(house.refused(officer, Command::OpenVillage(open(3))), "village_exists");
    assert_eq!(house.desk.list_village(CAMPAIGN, officer, house.now()).unwrap(), 9);
    assert_eq!(house.desk.list_village(CAMPAIGN, officer, house.now()).unwrap(), 0, "nobody is listed twice");
    let roll: Vec<Id> = house.desk.campaign(CAMPAIGN).unwrap().roll.iter().map(|row| row.household).collect();
    let cells: std::collections::BTreeSet<Cell> = roll.iter().map(|household| cell_of(*household)).collect();
    assert!(cells.len() > 1, "{cells:?}");

    // The negative list has its sources.
    let exclude = |household, source: &str| VillageStep::Exclude {
        household,
        ground: "named by the court as not paying".into(),
        source: source.into(),
    };
    assert_eq!(house.refused_step(officer, exclude(roll[0], "")), "bad_text");
    house.step(officer, exclude(roll[0], "court list of March"));
    house.step(officer, exclude(roll[1], "court list of March"));
    assert_eq!(house.refused_step(officer, exclude(roll[1], "again")), "on_negative_list");
    house.step(officer, VillageStep::Readmit { household: roll[1], reason: "another of the same name".into() });

    // Four people appraise; the first lives in roll[2], the fourth is kin of roll[3].
    for n in 0..4 {
        let own = (n == 0).then(|| roll[2]);
        house.step(officer, VillageStep::NameRater { rater: rater(n), household: own, kin: Vec::new() });
    }
    let twice = VillageStep::NameRater { rater: rater(9), household: Some(roll[2]), kin: Vec::new() };
    assert_eq!(house.refused_step(officer, twice), "bad_rater");
    let mark = |n: u128, places: &[(usize, i64)]| VillageStep::Mark {
        rater: rater(n),
        marks: places.iter().map(|(place, yuan)| (roll[*place], yuan * 100)).collect(),
    };
    assert_eq!(house.refused_step(clerk, mark(9, &[(1, 5_000)])), "unknown_rater");
    assert_eq!(house.refused_step(clerk, mark(0, &[(2, 5_000)])), "rater_recused");
    assert_eq!(house.refused_step(clerk, mark(0, &[(0, 5_000)])), "on_negative_list");
    assert_eq!(house.refused_step(clerk, mark(0, &[(1, 30_001)])), "bad_mark");
    house.step(clerk, mark(0, &[(1, 8_000), (3, 20_000), (4, 6_000), (5, 0), (6, 25_000), (7, 900), (8, 8_000)]));
    house.step(clerk, mark(1, &[(1, 9_000), (2, 7_000), (3, 22_000), (4, 6_500), (5, 0), (6, 28_000), (7, 800)]));
    house.step(clerk, mark(2, &[(1, 1_000), (2, 7_000), (3, 24_000), (4, 30_000), (5, 5_000), (6, 26_000), (7, 900)]));
    house.step(clerk, mark(3, &[(1, 8_500), (2, 6_000), (3, 30_000), (4, 7_000), (5, 0), (6, 27_000), (7, 900)]));
    house.step(clerk, mark(3, &[(2, 8_000)]));
    // A tie that comes out later is heeded all the same.
    house.step(officer, VillageStep::NameRater { rater: rater(3), household: None, kin: vec![roll[3]] });
    let before = house.desk.campaign(CAMPAIGN).unwrap();
    assert!(
        before.roll.iter().all(|row| row.appraised_minor.is_none() && row.outliers.is_empty()),
        "nobody sees a word"
    );
    assert_eq!(house.refused_step(officer, VillageStep::Publish), "village_state");

    // Two are known well enough for a score, one of them is declined; the desk finds of the others that too little is known.
    let limits = VillageStep::Limits { seen: vec![seen(roll[3], Some(18_250)), seen(roll[4], Some(0))] };
    assert_eq!(house.refused_step(officer, limits.clone()), "not_permitted");
    house.step(Actor::SYSTEM, limits);
    assert_eq!(house.refused_step(officer, VillageStep::Publish), "limits_missing");
    assert_eq!(house.refused_step(clerk, mark(0, &[(1, 9_000)])), "village_state");
    assert_eq!(house.desk.work_out_village(CAMPAIGN, house.now()).unwrap(), 6);
    assert_eq!(house.desk.work_out_village(CAMPAIGN, house.now()).unwrap(), 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(house.roll(), @"
         0 negative marks 0 heard 0 recused 0 far 0 village      - profile      - limit      - -
         5 listed   marks 4 heard 4 recused 0 far 1 village   8250 profile      - limit   8200 appraisal
        10 listed   marks 3 heard 3 recused 0 far 0 village   7000 profile      - limit   7000 appraisal
        15 listed   marks 4 heard 3 recused 1 far 0 village  22000 profile  18250 limit  18200 profile
        20 listed   marks 4 heard 4 recused 0 far 1 village   6750 profile      0 limit      0 profile
        25 listed   marks 4 heard 4 recused 0 far 1 village      0 profile      - limit      0 appraisal
        30 listed   marks 4 heard 4 recused 0 far 0 village  26500 profile      - limit  10000 unknown_most
        35 listed   marks 4 heard 4 recused 0 far 0 village    900 profile      - limit      0 below_least
        40 listed   marks 1 heard 1 recused 0 far 0 village      - profile      - limit      0 too_few_marks
        ");
    }

    // Published for three days; an objection is answered by two people.
    house.step(officer, VillageStep::Publish);
    let object = |household| VillageStep::Object { household, text: "has moved to the city".into() };
    assert_eq!(house.refused_step(clerk, object(roll[0])), "on_negative_list");
    house.step(clerk, object(roll[6]));
    let first = house.last();
    house.step(clerk, object(roll[2]));
    let second = house.last();
    let approve = || work(VillageStep::Decide { verdict: CampaignVerdict::Approve, reason: "as published".into() });
    assert_eq!(code(house.by_two(approver, approve())), "objections_open");
    let answer = |household, objection, verdict| {
        work(VillageStep::Answer { household, objection, verdict, reason: "looked into".into() })
    };
    assert_eq!(house.refused(officer, answer(roll[6], first, ObjectionVerdict::Upheld)), "second_person_needed");
    house.by_two(approver, answer(roll[6], first, ObjectionVerdict::Upheld)).unwrap();
    house.by_two(approver, answer(roll[2], second, ObjectionVerdict::Dismissed)).unwrap();
    assert_eq!(code(house.by_two(approver, answer(roll[2], second, ObjectionVerdict::Upheld))), "objection_answered");
    assert_eq!(code(house.by_two(approver, approve())), "still_published");
    house.close_until(open_date().add_days(3));
    assert_eq!(code(house.by_two(approver, approve())), "still_published", "the third day is a day of it");
    house.close_until(open_date().add_days(4));
    assert_eq!(house.refused_step(clerk, object(roll[2])), "objections_closed");
    assert!(house.desk.offer_village(CAMPAIGN, house.now()).is_err(), "nobody has approved it");
    assert_eq!(house.by_two(approver, approve()).unwrap(), Outcome::Done);
    assert_eq!(house.desk.village(CAMPAIGN).unwrap().state, CampaignState::Approved);

    // The grant is cut off after one household, and goes on: everybody once.
    let offer = PreliminaryStep::Offer { amount: yuan(8_200), sign_days: 30 };
    assert_eq!(house.refused(officer, preliminary(roll[1], offer.clone())), "not_permitted");
    house.done(Actor::SYSTEM, preliminary(roll[1], offer.clone()));
    assert_eq!(house.refused(Actor::SYSTEM, preliminary(roll[1], offer)), "preliminary_exists");
    assert_eq!(house.desk.offer_village(CAMPAIGN, house.now()).unwrap(), Vec::new());
    assert_eq!(house.desk.offer_village(CAMPAIGN, house.now()).unwrap(), Vec::new());
    let shares = house.desk.campaign(CAMPAIGN).unwrap().shares();
    assert_eq!((shares.households, shares.negative, shares.with_limit, shares.offered), (9, 2, 3, 3), "{shares:?}");

    // Nothing can be drawn before it is signed; two members of staff see it signed.
    assert_eq!(house.desk.facility(roll[1]).unwrap(), None);
    assert_eq!(house.refused(farmer(roll[1]), sign(roll[1])), "not_permitted");
    assert_eq!(house.refused(officer, sign(roll[1])), "second_person_needed");
    assert_eq!(code(house.by_two(approver, sign(roll[1]))), "not_permitted", "who was not there");
    assert_eq!(house.by_two(staff(3, Role::Clerk), sign(roll[1])).unwrap(), Outcome::Done);
    let facility = house.desk.facility(roll[1]).unwrap().unwrap();
    assert_eq!((facility.state.amount_fen, facility.position.available_fen), (820_000, 820_000));
    assert_eq!(code(house.by_two(clerk, sign(roll[1]))), "preliminary_closed");
    // What an officer lowers afterwards is lowered.
    let lower = ChangeFacility {
        cell: cell_of(roll[1]),
        household: roll[1],
        facility: facility.row.id,
        what: FacilityChange::Lower { to: yuan(2_000) },
        reason: "sold its land".into(),
    };
    house.done(officer, Command::ChangeFacility(lower));
    assert_eq!(house.desk.facility(roll[1]).unwrap().unwrap().state.amount_fen, 200_000);

    let withdraw = || preliminary(roll[2], PreliminaryStep::Withdraw { reason: "does not want it".into() });
    house.done(officer, withdraw());
    assert_eq!(house.refused(officer, withdraw()), "preliminary_closed");
    assert_eq!(house.desk.preliminaries(roll[2]).unwrap()[0].state, PreliminaryState::Withdrawn);
    house.close_until(open_date().add_days(35));
    assert_eq!(code(house.by_two(clerk, sign(roll[3]))), "preliminary_lapsed");
    house.prove();
}

#[test]
fn a_village_gets_credit_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_village_gets_credit(sqlite(&folder.path().join("books.db")));
}

#[test]
fn a_village_gets_credit_on_postgres() {
    let Some((database, _server)) = postgres("village_credit") else { return };
    a_village_gets_credit(postgres_backend(&database.url(), "village_credit"));
}
