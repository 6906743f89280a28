//! Teller drawers: opened, worked with and closed by two people, cash in and out of wallets, differences and their cases; on both
//! engines, and proven by the audit after every day.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use app::case::WatchCase;
use app::command::{Command, Outcome};
use app::drawer::{
    CashCount, CashDifference, CashSlip, Cleared, Drawer, DrawerStep, PayCash, Pieces, TakeCash, VAULT, WorkDrawer,
};
use app::staff::SetStaff;
use app::tables::{GlBalance, LoanNote, Wallet};
use app::{Institution, Licence, Tianxin};
use basics::{Cell, Date, Id, Money};
use door::{Actor, Backend, DoorError, Order, Request, Role, Stepper, audit};
use ledger::Chart;
use support::lending::{close_day, day_begins, lender, told};
use support::office::wish;
use support::proof::records;
use support::*;

const ONE: u128 = 0xD1;
const TWO: u128 = 0xD2;

struct Window {
    stepper: Stepper<Tianxin>,
    house: Arc<Tianxin>,
    backend: Arc<dyn Backend>,
    asked: u128,
    today: Date,
}

fn clerk(n: u128) -> Actor {
    staff(n, Role::Clerk)
}

fn accountant() -> Actor {
    staff(20, Role::Accountant)
}

fn approver() -> Actor {
    staff(21, Role::Approver)
}

/// So many notes of a hundred, and so many coins of one fen.
fn notes(hundreds: u32, fen: u32) -> Vec<Pieces> {
    vec![Pieces { denomination_minor: 10_000, pieces: hundreds }, Pieces { denomination_minor: 1, pieces: fen }]
}

impl Window {
    fn open(house: Arc<Tianxin>, backend: Arc<dyn Backend>) -> Window {
        let mut stepper = Stepper::new(house.clone(), backend.clone(), 256);
        for answer in stepper.step(founding(8)) {
            told(answer);
        }
        stepper.deliver();
        let mut window = Window { stepper, house, backend, asked: 0, today: open_date() };
        for (n, role) in [(1, Role::Clerk), (2, Role::Clerk), (20, Role::Accountant), (21, Role::Approver)] {
            let set = SetStaff {
                staff: staff(n, role).id,
                login: format!("person-{n}"),
                role,
                active: true,
                password_hash: Some("$argon2id$".into()),
            };
            window.ask(Actor::SYSTEM, Order::Do(Command::SetStaff(set))).unwrap();
        }
        window
    }

    fn ask(&mut self, actor: Actor, order: Order<Command>) -> Result<Outcome, String> {
        self.asked += 1;
        let request = Request::plain(id(0xAB_0000 + self.asked), actor, day_begins(self.today), order);
        let answer = match self.stepper.step(vec![request]).remove(0) {
            Ok(answer) => Ok(answer.outcome::<Tianxin>().unwrap()),
            Err(DoorError::Refused(refusal)) => Err(refusal.code.to_owned()),
            Err(other) => panic!("{other}"),
        };
        for answer in self.stepper.deliver() {
            told(answer);
        }
        answer
    }

    fn alone(&mut self, actor: Actor, command: Command) -> Result<Outcome, String> {
        self.ask(actor, Order::Do(command))
    }

    fn by_two(&mut self, first: Actor, second: Actor, command: Command) -> Result<Outcome, String> {
        let cell = app::command::cell_of(&command);
        self.ask(first, Order::Propose(command))?;
        let proposal = id(0xAB_0000 + self.asked);
        self.ask(second, Order::Approve { cell, proposal })
    }

    fn step(&mut self, first: Actor, second: Actor, drawer: u128, step: DrawerStep) -> Result<Outcome, String> {
        let drawer = if drawer == 0 { VAULT } else { id(drawer) };
        self.by_two(first, second, Command::WorkDrawer(WorkDrawer { drawer, step }))
    }

    fn make(&mut self, drawer: u128, name: &str, clerk: Actor, limit: Option<Money>) -> Result<Outcome, String> {
        let step = DrawerStep::Set { name: name.into(), clerk: clerk.id, limit, retired: false };
        self.step(accountant(), approver(), drawer, step)
    }

    fn take(
        &mut self,
        actor: Actor,
        drawer: u128,
        household: Id,
        amount: Money,
        loan: Option<Id>,
    ) -> Result<Outcome, String> {
        let of_cell = cell_of(household);
        let take = TakeCash { drawer: id(drawer), of_cell, household, amount, loan, value_date: None };
        self.alone(actor, Command::TakeCash(take))
    }

    fn pay(&mut self, actor: Actor, drawer: u128, household: Id, amount: Money) -> Result<Outcome, String> {
        let cell = cell_of(household);
        let pay = PayCash { cell, household, amount, drawer: id(drawer), clerk: actor.id };
        self.alone(actor, Command::PayCash(pay))
    }

    fn close_day(&mut self) -> Result<(), String> {
        match self.stepper.step(vec![close_day(self.today)]).remove(0) {
            Ok(_) => {}
            Err(DoorError::Refused(refusal)) => return Err(refusal.code.to_owned()),
            Err(other) => panic!("{other}"),
        }
        for answer in self.stepper.deliver() {
            told(answer);
        }
        self.today = self.today.add_days(1);
        Ok(())
    }

    /// What lies in a drawer, in yuan.
    fn holds(&self, drawer: u128) -> i64 {
        let drawer = if drawer == 0 { VAULT } else { id(drawer) };
        self.drawer(drawer).balance_minor / 100
    }

    fn drawer(&self, drawer: Id) -> Drawer {
        records::<Drawer>(self.backend.as_ref()).into_iter().find(|row| row.id == drawer).unwrap()
    }

    /// Balance and hold of a wallet, in yuan.
    fn wallet(&self, of: Id) -> (i64, i64) {
        let row = records::<Wallet>(self.backend.as_ref()).into_iter().find(|row| row.household == of).unwrap();
        (row.balance_minor / 100, row.held_minor / 100)
    }

    fn balance(&self, subject: i64) -> i64 {
        let rows = records::<GlBalance>(self.backend.as_ref());
        rows.iter().filter(|row| row.subject == subject).map(|row| row.balance_minor).sum()
    }

    fn slips(&self) -> Vec<(String, i64, String, Option<String>)> {
        let mut rows = records::<CashSlip>(self.backend.as_ref());
        rows.sort_by_key(|row| (row.on_day, row.id));
        let shown = rows
            .into_iter()
            .map(|row| (row.way.as_str().to_owned(), row.amount_minor / 100, row.state.as_str().to_owned(), row.why));
        shown.collect()
    }

    fn prove(&self) {
        audit::verify(self.house.as_ref(), self.backend.as_ref(), None).unwrap_or_else(|wrong| panic!("{wrong}"));
        let rebuilt = audit::rebuild(self.house.as_ref(), self.backend.as_ref(), false).unwrap();
        assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
    }

    /// Fifty thousand in the vault, and two drawers of two clerks.
    fn furnish(&mut self) {
        let step = DrawerStep::FromBank { amount: yuan(50_000), reference: "cheque 7".into() };
        assert_eq!(self.step(accountant(), approver(), 0, step), Ok(Outcome::Done));
        assert_eq!(self.make(ONE, "1 号窗口", clerk(1), Some(yuan(6_000))), Ok(Outcome::Done));
        assert_eq!(self.make(TWO, "2 号窗口", clerk(2), None), Ok(Outcome::Done));
    }
}

fn stands(yuan: i64, difference_minor: i64, over_limit: bool) -> Result<Outcome, String> {
    Ok(Outcome::DrawerStands { balance_minor: yuan * 100, difference_minor, over_limit })
}

fn refused(code: &str) -> Result<Outcome, String> {
    Err(code.to_owned())
}

fn a_day_at_the_window(backend: Arc<dyn Backend>) {
    let mut window = Window::open(tianxin(), backend);
    let (one, two) = (clerk(1), clerk(2));
    let early = DrawerStep::Open { pieces: vec![], from_vault: None };
    assert_eq!(window.step(one, accountant(), ONE, early), refused("unknown_drawer"));
    window.furnish();
    assert_eq!((window.holds(0), window.balance(1001)), (50_000, 5_000_000));
    // Who answers for a drawer is a clerk who has no other; names are told apart.
    assert_eq!(window.make(0xD3, "3", accountant(), None), refused("not_a_clerk"));
    assert_eq!(window.make(0xD3, "3", one, None), refused("clerk_has_drawer"));
    assert_eq!(window.make(0xD3, "1 号窗口", two, None), refused("drawer_name_taken"));
    // Nothing is done with a drawer that is closed, nor by who does not answer for it, nor by one alone.
    assert_eq!(window.take(one, ONE, household(0), yuan(5), None), refused("drawer_closed"));
    let open = |hundreds, handed: i64| DrawerStep::Open { pieces: notes(hundreds, 0), from_vault: Some(yuan(handed)) };
    let work = |drawer: u128, step| Command::WorkDrawer(WorkDrawer { drawer: id(drawer), step });
    assert_eq!(window.alone(one, work(ONE, open(50, 5_000))), refused("second_person_needed"));
    assert_eq!(window.step(two, accountant(), ONE, open(50, 5_000)), refused("not_your_drawer"));
    assert_eq!(window.step(one, one, ONE, open(50, 5_000)), refused("not_permitted"));
    assert_eq!(window.step(one, two, ONE, open(50, 5_000)), refused("not_permitted"));
    assert_eq!(window.step(one, accountant(), ONE, open(49, 5_000)), refused("count_differs"));
    let short = window.step(one, accountant(), ONE, open(600, 60_000));
    assert_eq!(short, Ok(Outcome::InsufficientCash { available_minor: 5_000_000 }));
    assert_eq!(window.step(one, accountant(), ONE, open(50, 5_000)), stands(5_000, 0, false));
    assert_eq!(window.step(two, accountant(), TWO, open(10, 1_000)), stands(1_000, 0, false));
    assert_eq!((window.holds(0), window.holds(ONE), window.holds(TWO)), (44_000, 5_000, 1_000));
    // Cash in and out, for households of several cells; the drawer goes above its limit and says so.
    for n in 0..4 {
        let on_its_way = window.take(one, ONE, household(n), yuan(300), None);
        assert!(matches!(on_its_way, Ok(Outcome::OnItsWay { .. })), "{on_its_way:?}");
        assert_eq!(window.wallet(household(n)), (1_300, 0));
    }
    assert_eq!(window.holds(ONE), 6_200);
    let to_vault = DrawerStep::ToVault { amount: yuan(100) };
    assert_eq!(window.step(one, accountant(), ONE, to_vault.clone()), stands(6_100, 0, true));
    assert_eq!(window.step(two, accountant(), ONE, to_vault), refused("not_your_drawer"));
    assert!(matches!(window.pay(one, ONE, household(5), yuan(700)), Ok(Outcome::OnItsWay { .. })));
    assert_eq!((window.wallet(household(5)), window.holds(ONE)), ((300, 0), 5_400));
    // A business no leaves nothing behind; what the drawer cannot give goes back into the wallet.
    let more = window.pay(one, ONE, household(5), yuan(301));
    assert_eq!(more, Ok(Outcome::InsufficientFunds { available_minor: 30_000 }));
    for n in 6..8 {
        assert!(matches!(window.pay(two, TWO, household(n), yuan(800)), Ok(Outcome::OnItsWay { .. })));
    }
    assert_eq!(
        (window.wallet(household(6)), window.wallet(household(7)), window.holds(TWO)),
        ((200, 0), (1_000, 0), 200)
    );
    let by_other = Command::PayCash(PayCash {
        cell: cell_of(household(7)),
        household: household(7),
        amount: yuan(1),
        drawer: id(ONE),
        clerk: one.id,
    });
    assert_eq!(window.alone(two, by_other), refused("not_your_drawer"));
    assert!(
        matches!(window.pay(two, ONE, household(7), yuan(1)), Ok(Outcome::OnItsWay { .. })),
        "turned down at the drawer"
    );
    assert!(
        matches!(window.take(one, ONE, id(77), yuan(9), None), Ok(Outcome::OnItsWay { .. })),
        "there is no such wallet"
    );
    let turned_down: Vec<_> = window.slips().into_iter().filter(|slip| slip.2 == "turned_down").collect();
    let why = |way: &str, yuan, why: &str| (way.to_owned(), yuan, "turned_down".to_owned(), Some(why.to_owned()));
    assert_eq!(
        turned_down,
        [why("out", 800, "insufficient_cash"), why("out", 1, "not_your_drawer"), why("in", 9, "unknown_household")]
    );
    assert_eq!((window.wallet(household(7)), window.holds(ONE)), ((1_000, 0), 5_400));
    // From drawer to drawer: whoever gives proposes, whoever gets approves.
    let give = DrawerStep::Give { to: id(TWO), amount: yuan(400) };
    assert_eq!(window.step(one, two, ONE, give), stands(5_000, 0, false));
    assert_eq!((window.holds(ONE), window.holds(TWO)), (5_000, 600));
    let none = DrawerStep::Give { to: id(ONE), amount: yuan(601) };
    assert_eq!(window.step(two, one, TWO, none), Ok(Outcome::InsufficientCash { available_minor: 60_000 }));
    window.prove();

    // The day does not end over an open drawer.
    assert_eq!(window.close_day(), Err("drawers_open".to_owned()));
    let close =
        |hundreds, fen, handed: i64| DrawerStep::Close { pieces: notes(hundreds, fen), to_vault: Some(yuan(handed)) };
    let more = window.step(one, accountant(), ONE, close(50, 0, 5_001));
    assert_eq!(more, Ok(Outcome::InsufficientCash { available_minor: 500_000 }));
    // Three fen too much at the first, a hundred too little at the second.
    assert_eq!(
        window.step(one, accountant(), ONE, close(50, 3, 5_000)),
        Ok(Outcome::DrawerStands { balance_minor: 3, difference_minor: 3, over_limit: false })
    );
    assert_eq!(window.close_day(), Err("drawers_open".to_owned()), "the second is open yet");
    let why_open = DrawerStep::LeaveOpen { reason: "the road is cut off".into() };
    assert_eq!(window.alone(accountant(), work(TWO, why_open)), stands(600, 0, false));
    assert_eq!(window.close_day(), Ok(()));
    assert_eq!(window.close_day(), Err("drawers_open".to_owned()), "it was said for one day");
    assert_eq!(window.step(two, accountant(), TWO, close(5, 0, 0)), stands(500, -10_000, false));
    let differences = records::<CashDifference>(window.backend.as_ref());
    let mut amounts: Vec<i64> = differences.iter().map(|row| row.amount_minor).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [-10_000, 3]);
    assert_eq!((window.balance(2243), window.balance(1901)), (-3, 10_000));
    let mut cases: Vec<_> = records::<WatchCase>(window.backend.as_ref())
        .into_iter()
        .map(|row| (row.subject, row.typology, row.money_minor))
        .collect();
    cases.sort();
    let case = |clerk: Actor, fen| (clerk.id, "cash_difference".to_owned(), fen);
    assert_eq!(cases, [case(one, 3), case(two, 10_000)]);

    // What it was: the clerk makes it good in another drawer that is open; the three fen are income.
    let of = |fen: i64| differences.iter().find(|row| row.amount_minor == fen).unwrap().id;
    let clear = |difference, how| DrawerStep::Clear { difference, how, reason: "counted again with the clerk".into() };
    assert_eq!(window.step(accountant(), approver(), TWO, clear(of(-10_000), Cleared::Cash)), refused("drawer_closed"));
    assert_eq!(window.step(accountant(), approver(), 0, clear(of(-10_000), Cleared::Cash)), Ok(Outcome::Done));
    assert_eq!(window.step(accountant(), approver(), 0, clear(of(3), Cleared::Profit)), Ok(Outcome::Done));
    assert_eq!(window.step(accountant(), approver(), 0, clear(of(3), Cleared::Cash)), refused("difference_cleared"));
    assert_eq!((window.balance(2243), window.balance(1901), window.balance(6301)), (0, 0, -3));
    // The next morning begins with what was locked in the drawer.
    assert_eq!(window.step(two, accountant(), TWO, open(7, 200)), stands(700, 0, false));
    // The office comes to look, and locks it without its clerk.
    let check = DrawerStep::Check { pieces: notes(7, 0), close: true };
    assert_eq!(window.step(accountant(), approver(), TWO, check.clone()), stands(700, 0, false));
    assert_eq!(window.step(accountant(), approver(), TWO, check), refused("drawer_closed"));
    let other_clerk = DrawerStep::Set { name: "2".into(), clerk: two.id, limit: None, retired: true };
    assert_eq!(window.step(accountant(), approver(), TWO, other_clerk), refused("drawer_not_empty"));
    let vault = DrawerStep::ToBank { amount: yuan(49_001), reference: "deposit 8".into() };
    let held = window.holds(0);
    assert_eq!(
        window.step(accountant(), approver(), 0, vault),
        Ok(Outcome::InsufficientCash { available_minor: held * 100 })
    );
    let vault = DrawerStep::ToBank { amount: yuan(40_000), reference: "deposit 8".into() };
    assert_eq!(window.step(accountant(), approver(), 0, vault), Ok(Outcome::Done));
    assert_eq!(records::<CashCount>(window.backend.as_ref()).len(), 6);
    assert_eq!(window.close_day(), Ok(()));
    window.prove();
}

#[test]
fn cash_is_never_lost_between_vault_drawer_and_wallet() {
    let folder = tempfile::tempdir().unwrap();
    a_day_at_the_window(sqlite(&folder.path().join("a.db")));
    if let Some((database, _server)) = postgres("tellers") {
        a_day_at_the_window(postgres_backend(&database.url(), "tellers"));
    }
}

#[test]
fn a_repayment_in_cash_pays_the_loan_and_a_lender_without_deposits_takes_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    let company = Institution { licence: Licence::MicroLoanCompany, ..Institution::rural_bank("Test") };
    let products = lender().products.versions().to_vec();
    let house = Arc::new(Tianxin::new(company, chart).unwrap().lending(products));
    let mut window = Window::open(house.clone(), sqlite(&folder.path().join("a.db")));
    window.furnish();
    let borrows = wish(0, "short-working-capital", 300_000, 6);
    for request in borrows.commands(&house, morning()) {
        told(window.stepper.step(vec![request]).remove(0));
    }
    let open = DrawerStep::Open { pieces: notes(10, 0), from_vault: Some(yuan(1_000)) };
    assert_eq!(window.step(clerk(1), accountant(), ONE, open), stands(1_000, 0, false));
    assert_eq!(window.take(clerk(1), ONE, household(0), yuan(100), None), refused("not_licensed"));
    let before = window.wallet(household(0));
    let taken = window.take(clerk(1), ONE, household(0), yuan(3_000), Some(borrows.loan()));
    assert!(matches!(taken, Ok(Outcome::OnItsWay { .. })), "{taken:?}");
    let note = records::<LoanNote>(window.backend.as_ref()).into_iter().find(|note| note.id == borrows.loan()).unwrap();
    assert_eq!(note.outstanding_minor, 0, "paid off on the day it was drawn");
    assert_eq!((window.wallet(household(0)), window.holds(ONE)), (before, 4_000));
    window.prove();
}

#[test]
fn any_acts_in_any_order_keep_cash_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(tianxin(), sqlite(&folder.path().join("a.db")));
    window.furnish();
    let mut stream = Stream(23);
    let mut met = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let (n, drawer) = if stream.below(2) == 0 { (1, ONE) } else { (2, TWO) };
        let (own, other) = (clerk(n), if drawer == ONE { TWO } else { ONE });
        let amount = yuan(1 + stream.below(900) as i64);
        let who = household(stream.below(9));
        let held = window.drawer(id(drawer)).balance_minor;
        // Now and then the count is a fen off.
        let fen = |minor: i64, off: u64| {
            let minor = minor + i64::from(off == 0);
            vec![Pieces { denomination_minor: 1, pieces: u32::try_from(minor).unwrap() }]
        };
        let off = stream.below(8);
        let (what, answer) = match stream.below(9) {
            0 => {
                let step = DrawerStep::Open { pieces: fen(held + amount.minor(), off), from_vault: Some(amount) };
                ("open", window.step(own, accountant(), drawer, step))
            }
            1 if stream.below(3) == 0 => {
                let step = DrawerStep::Close { pieces: fen(held, off), to_vault: Some(amount) };
                ("close", window.step(own, accountant(), drawer, step))
            }
            2 => ("give", window.step(own, clerk(3 - n), drawer, DrawerStep::Give { to: id(other), amount })),
            3 => ("to vault", window.step(own, accountant(), drawer, DrawerStep::ToVault { amount })),
            4 => ("from vault", window.step(own, approver(), drawer, DrawerStep::FromVault { amount })),
            5 if off == 0 => ("day", window.close_day().map(|()| Outcome::Done)),
            6 => {
                let step = DrawerStep::Check { pieces: fen(held, off), close: off == 1 };
                ("check", window.step(accountant(), approver(), drawer, step))
            }
            7 => ("pay", window.pay(own, drawer, who, amount)),
            _ => ("take", window.take(own, drawer, who, amount, None)),
        };
        met.insert((what, answer.is_ok()));
        assert!(records::<Drawer>(window.backend.as_ref()).iter().all(|row| row.balance_minor >= 0));
    }
    for what in ["open", "close", "give", "to vault", "from vault", "check", "take"] {
        assert!(met.contains(&(what, true)), "{what} was never done: {met:?}");
    }
    let all: i64 = records::<Drawer>(window.backend.as_ref()).iter().map(|row| row.balance_minor).sum();
    assert_eq!(all, window.balance(1001));
    assert!(
        records::<GlBalance>(window.backend.as_ref()).iter().all(|row| row.subject != 1001 || row.cell == Cell::OFFICE)
    );
    window.prove();
}
