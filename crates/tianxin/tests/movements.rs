//! Behaviour that follows from the books, on both engines: drawn, met on the day, late, paid off, moved between wallets; told once,
//! however often the journal is read, and by no second way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

mod support;

use std::sync::Arc;

use app::Tianxin;
use app::assess::{Judge, feature_names};
use app::desk::{Desk, stored_events};
use app::vault::{Vault, VaultError};
use basics::{Cell, Date, Id, Instant};
use door::{Backend, Engine, EngineOptions, audit};
use policy::RuleSet;
use support::lending::{Wish, close_day, day_begins, lender, pays};
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
    wish: Wish,
}

impl House {
    fn new(backend: Arc<dyn Backend>) -> House {
        let tianxin = lender();
        let engine = Arc::new(Engine::start(tianxin.clone(), backend.clone(), EngineOptions::default()).unwrap());
        let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).unwrap();
        let desk = Desk::new(engine, Arc::new(NoKeys), Judge::new(None, rules), 2);
        let household = household(1);
        let wish =
            Wish { household, cell: cell_of(household), product: "short-working-capital", fen: 300_000, months: 3 };
        House { desk, backend, tianxin, wish }
    }

    fn today(&self) -> Date {
        self.desk.open_date(Cell::OFFICE).unwrap()
    }

    fn now(&self) -> Instant {
        day_begins(self.today())
    }

    fn until(&self, day: &str) {
        let day = Date::parse(day).unwrap();
        while self.today() < day {
            self.desk.engine.call(close_day(self.today())).unwrap();
            self.desk.engine.settle();
        }
    }

    fn read(&self) -> usize {
        let read = self.desk.read_movements(50, self.now()).unwrap();
        assert_eq!((read.failed, read.first_failure), (0, None));
        read.events
    }

    fn read_all(&self) {
        for _ in 0..100 {
            if self.desk.read_movements(50, self.now()).unwrap().records == 0 {
                return;
            }
        }
        panic!("reading never ends");
    }

    /// What is known of the household, a line an event.
    fn told(&self) -> String {
        let (cell, household) = (self.wish.cell, self.wish.household);
        let mut reader = self.backend.connect().unwrap();
        let mut events = stored_events(reader.as_mut(), &NoKeys, (cell, household)).unwrap();
        events.sort_by_key(|event| (event.date, event.kind.name(), event.amount_minor));
        let line = |event: &insight::Event| {
            let measure = event.measure.map(|measure| format!(" {measure}")).unwrap_or_default();
            format!("{} {}{measure} {}\n", event.date, event.kind.name(), event.amount_minor)
        };
        events.iter().map(line).collect()
    }
}

fn the_books_are_behaviour(backend: Arc<dyn Backend>) {
    let house = House::new(backend);
    // A cell that was never read begins at its head.
    assert_eq!(house.read(), 0);
    for request in founding(2).into_iter().chain(house.wish.commands(&house.tianxin, morning())) {
        house.desk.engine.call(request).unwrap();
    }
    house.desk.engine.settle();
    house.read_all();
    let due: Vec<Date> = {
        let (_, terms, _) = house.desk.loan(house.wish.household, house.wish.loan()).unwrap();
        loan::schedule::schedule(&terms).unwrap().rows.iter().map(|row| row.due).collect()
    };
    let pay = |day: Date, fen: i64| {
        house.until(&day.to_string());
        for request in pays(&house.wish, fen, day) {
            house.desk.engine.call(request).unwrap();
        }
    };
    // The first on its day, the second a week late, the last one with what is left.
    pay(due[0], 101_600);
    house.read_all();
    pay(due[1].add_days(7), 103_000);
    house.read_all();
    let before = house.told();
    house.read_all();
    assert_eq!(house.told(), before, "nothing is told twice");
    house.until(&due[2].to_string());
    let owed = {
        let (_, terms, life) = house.desk.loan(house.wish.household, house.wish.loan()).unwrap();
        loan::fold(&terms, &life, house.today()).unwrap().payoff_fen
    };
    for request in pays(&house.wish, owed, house.today()) {
        house.desk.engine.call(request).unwrap();
    }
    house.desk.engine.settle();
    house.read_all();
    insta::allow_duplicates! {
        insta::assert_snapshot!(house.told(), @"
        2026-03-02 cash_deposit 100000
        2026-03-02 loan_received 300000
        2026-04-02 cash_deposit 101600
        2026-04-02 due_met 0
        2026-04-02 loan_payment -101600
        2026-05-09 cash_deposit 103000
        2026-05-09 due_late 7 0
        2026-05-09 loan_payment -103000
        2026-06-02 cash_deposit 100174
        2026-06-02 due_met 0
        2026-06-02 loan_payment -100174
        2026-06-02 loan_repaid 0
        ");
    }
    audit::verify(house.tianxin.as_ref(), house.backend.as_ref(), None).unwrap();
    audit::rebuild(house.tianxin.as_ref(), house.backend.as_ref(), false).unwrap();
}

#[test]
fn the_books_are_behaviour_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    the_books_are_behaviour(sqlite(&folder.path().join("books.db")));
}

#[test]
fn the_books_are_behaviour_on_postgres() {
    let Some((database, _server)) = postgres("movements") else { return };
    the_books_are_behaviour(postgres_backend(&database.url(), "movements"));
}
