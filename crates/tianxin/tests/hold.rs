//! Money in two phases: set apart, posted, set free; each once, on both engines, through the close and through a restart between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use app::Tianxin;
use app::command::{Command, Outcome};
use app::hold::{PostFunds, ReserveFunds, VoidFunds, WalletHold};
use app::tables::{Agenda, GlBalance, Wallet};
use basics::{Date, Id, Money};
use door::{Actor, Backend, DoorError, Stepper, audit};
use support::lending::{close_day, day_begins, told};
use support::proof::records;
use support::*;

fn day(n: i8) -> Date {
    Date::ymd(2026, 3, n).unwrap()
}

/// A household of the same cell as the first.
fn neighbour() -> Id {
    (1..).map(household).find(|other| cell_of(*other) == cell_of(household(0))).unwrap()
}

fn reserve(hold: u128, to: Option<Id>, amount: Money, last_day: Date) -> Command {
    let (cell, household) = (cell_of(household(0)), household(0));
    Command::ReserveFunds(ReserveFunds {
        cell,
        household,
        hold: id(hold),
        amount,
        to,
        last_day,
        purpose: "seed".into(),
    })
}

fn post(hold: u128, amount: Option<Money>) -> Command {
    let (cell, household) = (cell_of(household(0)), household(0));
    Command::PostFunds(PostFunds { cell, household, hold: id(hold), amount })
}

fn void(hold: u128) -> Command {
    let (cell, household) = (cell_of(household(0)), household(0));
    Command::VoidFunds(VoidFunds { cell, household, hold: id(hold), reason: "not wanted any more".into() })
}

struct Office {
    stepper: Stepper<Tianxin>,
    backend: Arc<dyn Backend>,
    asked: u128,
    today: Date,
}

impl Office {
    fn open(backend: Arc<dyn Backend>) -> Office {
        let mut stepper = Stepper::new(tianxin(), backend.clone(), 256);
        for answer in stepper.step(founding(40)) {
            told(answer);
        }
        stepper.deliver();
        Office { stepper, backend, asked: 0, today: open_date() }
    }

    fn ask(&mut self, actor: Actor, command: Command) -> Result<Outcome, String> {
        self.asked += 1;
        let mut request = request(0xAA_0000 + self.asked, actor, command);
        request.at = day_begins(self.today);
        match self.stepper.step(vec![request]).remove(0) {
            Ok(answer) => Ok(answer.outcome::<Tianxin>().unwrap()),
            Err(DoorError::Refused(refusal)) => Err(refusal.code.to_owned()),
            Err(other) => panic!("{other}"),
        }
    }

    fn close(&mut self) {
        told(self.stepper.step(vec![close_day(self.today)]).remove(0));
        for answer in self.stepper.deliver() {
            told(answer);
        }
        self.today = self.today.add_days(1);
    }

    /// Balance and hold of a wallet, in yuan.
    fn wallet(&self, of: Id) -> (i64, i64) {
        let row = records::<Wallet>(self.backend.as_ref()).into_iter().find(|row| row.household == of).unwrap();
        (row.balance_minor / 100, row.held_minor / 100)
    }

    fn state(&self, hold: u128) -> String {
        records::<WalletHold>(self.backend.as_ref()).into_iter().find(|row| row.id == id(hold)).unwrap().state
    }

    fn prove(&self) {
        audit::verify(tianxin().as_ref(), self.backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
        let rebuilt = audit::rebuild(tianxin().as_ref(), self.backend.as_ref(), false).unwrap();
        assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
    }
}

fn a_hold_is_made_and_ended(backend: Arc<dyn Backend>) {
    let mut office = Office::open(backend);
    let (own, payee) = (farmer(household(0)), neighbour());
    assert_eq!(office.ask(own, reserve(1, Some(payee), yuan(300), day(4))), Ok(Outcome::Done));
    assert_eq!(office.ask(own, reserve(2, None, yuan(200), day(2))), Ok(Outcome::Done));
    assert_eq!(office.wallet(household(0)), (1_000, 500));
    // What is set apart is not there for anything else.
    let short = office.ask(own, withdraw(household(0), yuan(501)));
    assert_eq!(short, Ok(Outcome::InsufficientFunds { available_minor: 50_000 }));
    let short = office.ask(own, reserve(3, None, yuan(501), day(4)));
    assert_eq!(short, Ok(Outcome::InsufficientFunds { available_minor: 50_000 }));
    let bank = |office: &Office| {
        let cell = cell_of(household(0));
        let rows = records::<GlBalance>(office.backend.as_ref());
        rows.into_iter().find(|row| row.cell == cell && row.subject == 1002).unwrap()
    };
    assert_eq!(bank(&office).held_minor, 20_000, "the bank balance is set apart with it");
    for (command, code) in [
        (reserve(1, Some(payee), yuan(1), day(4)), "hold_exists"),
        (reserve(4, Some(household(0)), yuan(1), day(4)), "same_wallet"),
        (reserve(4, Some(payee), yuan(0), day(4)), "amount_not_positive"),
        (reserve(4, Some(payee), yuan(1), day(1)), "hold_over"),
        (reserve(4, Some(payee), yuan(1), day(4).add_days(366)), "hold_too_long"),
    ] {
        assert_eq!(office.ask(own, command), Err(code.to_owned()));
    }
    let unknown = office.ask(own, reserve(4, Some(id(77)), yuan(1), day(4)));
    assert_eq!(unknown, Ok(Outcome::UnknownPayee));
    // Who reserved does not post: a rail, or two of the staff, have the answer.
    assert_eq!(office.ask(own, post(1, None)), Err("not_permitted".to_owned()));
    assert_eq!(office.ask(Actor::SYSTEM, post(1, Some(yuan(301)))), Err("more_than_held".to_owned()));
    // The last day of the second passes; the first is posted in part, and the rest is free.
    office.close();
    assert_eq!((office.state(2).as_str(), office.wallet(household(0))), ("expired", (1_000, 300)));
    assert_eq!(bank(&office).held_minor, 0);
    assert_eq!(office.ask(Actor::SYSTEM, post(2, None)), Err("hold_ended".to_owned()));
    assert_eq!(office.ask(Actor::SYSTEM, post(1, Some(yuan(120)))), Ok(Outcome::Settled { posted: true }));
    assert_eq!((office.wallet(household(0)), office.wallet(payee)), ((880, 0), (1_120, 0)));
    assert_eq!(office.ask(Actor::SYSTEM, void(1)), Err("hold_ended".to_owned()));
    // To the bank, and set free by an act.
    assert_eq!(office.ask(own, reserve(5, None, yuan(80), day(9))), Ok(Outcome::Done));
    assert_eq!(office.ask(own, reserve(6, None, yuan(50), day(9))), Ok(Outcome::Done));
    assert_eq!(office.ask(Actor::SYSTEM, post(5, None)), Ok(Outcome::Settled { posted: true }));
    assert_eq!(office.ask(Actor::SYSTEM, void(6)), Ok(Outcome::Settled { posted: false }));
    assert_eq!((office.wallet(household(0)), bank(&office).held_minor), ((800, 0), 0));
    assert_eq!(office.ask(Actor::SYSTEM, post(9, None)), Err("unknown_hold".to_owned()));
    assert!(records::<Agenda>(office.backend.as_ref()).is_empty(), "nothing is left to be set free");
    office.close();
    office.prove();
}

#[test]
fn holds_end_once_by_an_act_or_by_time() {
    let folder = tempfile::tempdir().unwrap();
    a_hold_is_made_and_ended(sqlite(&folder.path().join("a.db")));
    if let Some((database, _server)) = postgres("hold") {
        a_hold_is_made_and_ended(postgres_backend(&database.url(), "hold"));
    }
}

#[test]
fn any_acts_in_any_order_keep_money_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(sqlite(&folder.path().join("a.db")));
    let (own, payee) = (farmer(household(0)), neighbour());
    let mut stream = Stream(11);
    for turn in 0..300u128 {
        let hold = u128::from(stream.below(40));
        let amount = Money::new(1 + stream.below(20_000) as i64, basics::Currency::CNY);
        let last = office.today.add_days(stream.below(4) as i32 - 1);
        // Refusals and business noes are part of it; nothing else may happen.
        let _ = match stream.below(6) {
            0 | 1 => office.ask(own, reserve(hold, (turn % 2 == 0).then_some(payee), amount, last)),
            2 => office.ask(Actor::SYSTEM, post(hold, (turn % 3 == 0).then_some(amount))),
            3 => office.ask(Actor::SYSTEM, void(hold)),
            4 => office.ask(own, withdraw(household(0), amount)),
            _ if turn % 5 == 0 => {
                office.close();
                Ok(Outcome::Done)
            }
            _ => office.ask(Actor::SYSTEM, top_up(household(0), amount)),
        };
    }
    let states: Vec<String> = records::<WalletHold>(office.backend.as_ref()).into_iter().map(|row| row.state).collect();
    for state in ["posted", "voided", "expired"] {
        assert!(states.iter().any(|found| found == state), "{state} was never met: {states:?}");
    }
    office.prove();
    // After the last day of all nothing is set apart.
    for _ in 0..4 {
        office.close();
    }
    assert_eq!(office.wallet(household(0)).1, 0);
    office.prove();
}

#[test]
fn a_process_that_ends_between_reserve_and_post_pays_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut office = Office::open(sqlite(&path));
    let own = farmer(household(0));
    assert_eq!(office.ask(own, reserve(1, None, yuan(300), day(9))), Ok(Outcome::Done));
    let rail_says = request(0xBB_0001, Actor::SYSTEM, post(1, None));
    // The process ends here; another one hears the rail, twice, and late.
    drop(office);
    let mut stepper = Stepper::new(tianxin(), sqlite(&path), 256);
    let first = stepper.step(vec![rail_says.clone()]).remove(0).unwrap();
    assert!(!first.replayed);
    drop(stepper);
    let mut stepper = Stepper::new(tianxin(), sqlite(&path), 256);
    let again = stepper.step(vec![rail_says]).remove(0).unwrap();
    assert!(again.replayed && again.outcome == first.outcome);
    let other = stepper.step(vec![request(0xBB_0002, Actor::SYSTEM, post(1, None))]).remove(0);
    assert!(matches!(other, Err(DoorError::Refused(refusal)) if refusal.code == "hold_ended"));
    let backend = sqlite(&path);
    let row = records::<Wallet>(backend.as_ref()).into_iter().find(|row| row.household == household(0)).unwrap();
    assert_eq!((row.balance_minor, row.held_minor), (70_000, 0), "paid once");
    audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap();
}
