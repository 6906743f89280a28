//! A facility that follows its household's rating, on both engines: lowered at once and never below what is owed, put before a
//! person, raised on the household's word and never beyond what was signed, nor where staff has lowered it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

mod support;

use std::cell::Cell as Counter;
use std::sync::Arc;

use app::Tianxin;
use app::command::{Command, Outcome};
use app::facility::{ChangeFacility, FacilityChange, facility_view};
use app::follow::{AnswerRaise, FacilityMove, Follow, FollowRating, RaiseAnswer};
use app::rating::Rate;
use app::tables::Facility;
use app::task::{Task, TaskStatus};
use door::{Actor, Backend, DoorError, Engine, EngineOptions, Needs, Order, Overlay, Request, Role, audit};
use support::lending::{Wish, close_day, lender};
use support::proof::records;
use support::*;

struct House {
    engine: Engine<Tianxin>,
    backend: Arc<dyn Backend>,
    tianxin: Arc<Tianxin>,
    wish: Wish,
    next: Counter<u128>,
    place: Counter<i64>,
}

impl House {
    /// A household that owes 5,000 under a facility of 50,000.
    fn new(backend: Arc<dyn Backend>) -> House {
        let tianxin = lender();
        let engine = Engine::start(tianxin.clone(), backend.clone(), EngineOptions::default()).unwrap();
        let household = household(1);
        let cell = cell_of(household);
        let wish = Wish { household, cell, product: "short-working-capital", fen: 500_000, months: 12 };
        for request in founding(2).into_iter().chain(wish.commands(&tianxin, morning())) {
            engine.call(request).unwrap();
        }
        engine.settle();
        House { engine, backend, tianxin, wish, next: Counter::new(0), place: Counter::new(0) }
    }

    fn order(&self, actor: Actor, command: Command) -> Result<Outcome, DoorError> {
        self.next.set(self.next.get() + 1);
        let id = id(0xF0_0110_0000 + self.next.get());
        Ok(self.engine.call(Request::plain(id, actor, morning(), Order::Do(command)))?.outcome::<Tianxin>().unwrap())
    }

    fn refused(&self, actor: Actor, command: Command) -> String {
        match self.order(actor, command) {
            Err(DoorError::Refused(refusal)) => refusal.code.to_owned(),
            other => panic!("{other:?}"),
        }
    }

    fn rated(&self, rating: &str, reasons: &[&str]) {
        let rate = Rate {
            cell: self.wish.cell,
            household: self.wish.household,
            rating: Some(rating.into()),
            profile_version: 0,
            reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
            model: "m".into(),
            rules: "r".into(),
            withheld: false,
        };
        assert_eq!(self.order(Actor::SYSTEM, Command::Rate(rate)).unwrap(), Outcome::Done);
        self.place.set(self.place.get() + 1);
    }

    fn facility(&self) -> Facility {
        records::<Facility>(self.backend.as_ref()).into_iter().next().unwrap()
    }

    fn follow(&self, from_yuan: i64, target_yuan: i64, how: Follow) -> Command {
        Command::FollowRating(FollowRating {
            cell: self.wish.cell,
            household: self.wish.household,
            facility: self.facility().id,
            place: self.place.get(),
            from_minor: from_yuan * 100,
            exposure_minor: self.wish.fen,
            target_minor: target_yuan * 100,
            how,
        })
    }

    fn follows(&self, from_yuan: i64, target_yuan: i64, how: Follow) -> Outcome {
        self.order(Actor::SYSTEM, self.follow(from_yuan, target_yuan, how)).unwrap()
    }

    fn answer(&self, answer: RaiseAnswer) -> Command {
        let (cell, household) = (self.wish.cell, self.wish.household);
        Command::AnswerRaise(AnswerRaise { cell, household, place: self.place.get(), answer })
    }

    fn own(&self) -> Actor {
        farmer(self.wish.household)
    }

    fn change(&self, what: FacilityChange) {
        let (cell, household, facility) = (self.wish.cell, self.wish.household, self.facility().id);
        let reason = "visited".to_owned();
        let change = ChangeFacility { cell, household, facility, what, reason };
        assert_eq!(self.order(staff(1, Role::Officer), Command::ChangeFacility(change)).unwrap(), Outcome::Done);
    }

    fn yuan(&self) -> i64 {
        self.facility().amount_minor / 100
    }

    /// What changes of rating did, a line each.
    fn told(&self) -> String {
        let rows = records::<FacilityMove>(self.backend.as_ref());
        let rating = |rating: &Option<String>| rating.clone().unwrap_or_else(|| "-".to_owned());
        let line = |row: &FacilityMove| {
            let (before, after) = (rating(&row.before), rating(&row.after));
            let (from, to) = (row.from_minor / 100, row.to_minor / 100);
            format!("{} {before} to {after}: {from} to {to} {} [{}]\n", row.place, row.state.as_str(), row.reasons)
        };
        rows.iter().map(line).collect()
    }
}

fn follows_its_rating(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    let nothing = |outcome: Outcome| assert!(matches!(outcome, Outcome::NotChanged { .. }), "{outcome:?}");
    let offer = Follow::OfferRaise { days: 30 };
    assert_eq!(house.yuan(), 50_000);
    house.rated("B", &["balance"]);
    house.rated("D", &["balance", "late_days"]);
    assert_eq!(house.refused(house.own(), house.follow(50_000, 20_000, Follow::LowerAtOnce)), "not_permitted");
    assert_eq!(house.refused(Actor::SYSTEM, house.follow(40_000, 20_000, Follow::LowerAtOnce)), "facility_stale");
    // Lowered to what could be lent now, once a change.
    assert_eq!(house.follows(50_000, 20_000, Follow::LowerAtOnce), Outcome::Done);
    assert_eq!(house.yuan(), 20_000);
    nothing(house.follows(20_000, 10_000, Follow::LowerAtOnce));
    assert_eq!(house.yuan(), 20_000);
    // Never below what is owed.
    house.rated("E", &["balance", "late_days"]);
    assert_eq!(house.follows(20_000, 0, Follow::LowerAtOnce), Outcome::Done);
    assert_eq!(house.yuan(), 5_000);
    // A raise waits for the household's word, and goes no further than it has signed.
    house.rated("A", &[]);
    assert_eq!(house.follows(5_000, 90_000, offer), Outcome::Done);
    assert_eq!(house.yuan(), 5_000, "nobody has said a word");
    assert_eq!(house.refused(staff(1, Role::Officer), house.answer(RaiseAnswer::Take)), "not_permitted");
    assert_eq!(house.refused(farmer(household(2)), house.answer(RaiseAnswer::Take)), "not_permitted");
    assert_eq!(house.order(house.own(), house.answer(RaiseAnswer::Take)).unwrap(), Outcome::Done);
    assert_eq!(house.yuan(), 50_000);
    assert_eq!(house.refused(house.own(), house.answer(RaiseAnswer::Take)), "no_raise");
    // Where a person is to look, nothing is lowered by itself, and there is a task.
    house.rated("C", &["late_days"]);
    assert_eq!(house.follows(50_000, 30_000, Follow::ProposeLower), Outcome::Done);
    let open = |task: &Task| task.status == TaskStatus::Open && task.about == house.facility().id;
    assert_eq!(records::<Task>(house.backend.as_ref()).iter().filter(|task| open(task)).count(), 1);
    house.change(FacilityChange::Lower { to: yuan(30_000) });
    // What a member of staff has lowered no rating raises.
    house.rated("A", &[]);
    nothing(house.follows(30_000, 90_000, offer));
    assert_eq!(house.yuan(), 30_000);
    house.rated("B", &["balance"]);
    assert_eq!(house.follows(30_000, 12_000, Follow::LowerAtOnce), Outcome::Done);
    let rated = facility_state(&house);
    assert_eq!((rated.0, rated.1), (1_200_000, 700_000), "of which so much may be drawn");
    // An offer of before is let go with the next change.
    let raise_again = FacilityChange::Raise { to: yuan(40_000) };
    let (cell, facility) = (house.wish.cell, house.facility().id);
    let raise = Command::ChangeFacility(ChangeFacility {
        cell,
        household: house.wish.household,
        facility,
        what: raise_again,
        reason: "visited".into(),
    });
    let proposal = id(0xF0_0210_0000);
    house.engine.call(Request::plain(proposal, staff(1, Role::Officer), morning(), Order::Propose(raise))).unwrap();
    let approve = Order::Approve { cell, proposal };
    house.engine.call(Request::plain(id(0xF0_0210_0001), staff(2, Role::Approver), morning(), approve)).unwrap();
    house.rated("C", &["balance"]);
    assert_eq!(house.follows(40_000, 15_000, Follow::LowerAtOnce), Outcome::Done);
    house.rated("B", &["balance"]);
    assert_eq!(house.follows(15_000, 35_000, offer), Outcome::Done);
    house.rated("D", &["balance", "late_days"]);
    assert_eq!(house.follows(15_000, 9_000, Follow::LowerAtOnce), Outcome::Done);
    assert_eq!(house.refused(house.own(), house.answer(RaiseAnswer::Take)), "no_raise");
    insta::allow_duplicates! {
        insta::assert_snapshot!(house.told(), @"
        2 B to D: 50000 to 20000 lowered [late_days]
        3 D to E: 20000 to 5000 lowered [balance late_days]
        4 E to A: 5000 to 50000 raised [balance late_days]
        5 A to C: 50000 to 30000 proposed [late_days]
        7 A to B: 30000 to 12000 lowered [balance]
        8 B to C: 40000 to 15000 lowered [balance]
        9 C to B: 15000 to 35000 let_go []
        10 B to D: 15000 to 9000 lowered [late_days]
        ");
    }
    house.engine.call(close_day(open_date())).unwrap();
    house.engine.settle();
    audit::verify(house.tianxin.as_ref(), house.backend.as_ref(), None).unwrap();
    audit::rebuild(house.tianxin.as_ref(), house.backend.as_ref(), false).unwrap();
}

/// What the facility is of and what may be drawn of it, as the door reads them.
fn facility_state(house: &House) -> (i64, i64) {
    let mut connection = house.backend.connect().unwrap();
    let mut slice = Overlay::default();
    let mut needs = Needs::default();
    app::application::needs_exposure(&mut needs, house.wish.cell, house.wish.household);
    for (table, prefix) in needs.wanted {
        let columns: Vec<usize> = (0..prefix.len()).collect();
        let rows = connection.load_many(table, &columns, std::slice::from_ref(&prefix)).unwrap();
        slice.fill(table, vec![prefix], rows);
    }
    let view = facility_view(&slice, house.wish.cell, house.wish.household, open_date()).unwrap().unwrap();
    (view.position.amount_fen, view.position.available_fen)
}

#[test]
fn a_facility_follows_its_rating_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    follows_its_rating(sqlite(&folder.path().join("books.db")));
}

#[test]
fn a_facility_follows_its_rating_on_postgres() {
    let Some((database, _server)) = postgres("follow") else { return };
    follows_its_rating(postgres_backend(&database.url(), "follow"));
}
