//! A small county for tests of the door: institution, households, requests, exports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod child;
pub mod lending;
pub mod office;
pub mod proof;
pub mod village;

use std::path::Path;
use std::sync::Arc;

use app::command::{Command, Outcome};
use app::enrol::{Enrol, Member, SealedField};
use app::quota::{Fund, GrantQuota};
use app::tables::MemberRole;
use app::transfer::Transfer;
use app::wallet::{TopUp, Withdraw};
use app::{Institution, Tianxin};
use basics::{Cell, Currency, Date, Id, Instant, Money};
use door::table::{Key, Row};
use door::{Actor, ActorKind, Answer, App, Backend, DoorError, Order, Request, Role};
use ledger::Chart;
use store::{OpenOptions, SqliteBackend};

pub const CELLS: u16 = 4;

pub fn tianxin() -> Arc<Tianxin> {
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    Arc::new(Tianxin::new(Institution::rural_bank("Test Co-operative"), chart).unwrap())
}

pub fn tables() -> Vec<&'static door::Table> {
    let mut tables = door::tables::all();
    tables.extend(tianxin().tables());
    tables
}

pub fn open_date() -> Date {
    Date::ymd(2026, 3, 2).unwrap()
}

pub fn morning() -> Instant {
    Instant(i64::from(open_date().days()) * 86_400_000_000 + 3_600_000_000)
}

pub fn sqlite(path: &Path) -> Arc<dyn Backend> {
    sqlite_cells(path, CELLS)
}

pub fn sqlite_cells(path: &Path, cells: u16) -> Arc<dyn Backend> {
    let options = OpenOptions { cells, open_date: open_date(), ..OpenOptions::default() };
    Arc::new(SqliteBackend::open(path, &tables(), options).unwrap())
}

/// A deterministic stream of numbers (splitmix64).
pub struct Stream(pub u64);

impl Stream {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

pub fn id(n: u128) -> Id {
    Id::from_u128(n)
}

pub fn household(n: u64) -> Id {
    id(0x1000_0000 + u128::from(n))
}

pub fn cell_of(household: Id) -> Cell {
    Cell::of(household, CELLS)
}

pub fn yuan(amount: i64) -> Money {
    Money::new(amount * 100, Currency::CNY)
}

pub fn staff(n: u128, role: Role) -> Actor {
    Actor { kind: ActorKind::Staff, id: id(0x5000 + n), role }
}

pub fn farmer(household: Id) -> Actor {
    Actor { kind: ActorKind::Household, id: household, role: Role::Household }
}

pub fn request(n: u128, actor: Actor, command: Command) -> Request<Command> {
    Request::plain(id(0xC000_0000_0000 + n), actor, morning(), Order::Do(command))
}

pub fn enrol(household: Id) -> Command {
    enrol_in(household, CELLS)
}

pub fn enrol_in(household: Id, cells: u16) -> Command {
    Command::Enrol(Enrol {
        cell: Cell::of(household, cells),
        household,
        village: format!("village-{}", household.0.as_u128() % 5),
        members: vec![Member {
            person: household.derive("head"),
            role: MemberRole::Head,
            fields: vec![SealedField {
                field: "name".into(),
                ciphertext: vec![1, 2, 3].into(),
                commitment: vec![4; 32].into(),
            }],
            contacts: vec![("phone".into(), household.as_bytes().to_vec().into())],
        }],
        consents: vec![("enrolment".into(), "2026-01".into())],
    })
}

pub fn top_up(household: Id, amount: Money) -> Command {
    let cell = cell_of(household);
    Command::TopUp(TopUp { cell, household, amount, value_date: None, reference: "bank slip".into() })
}

pub fn withdraw(household: Id, amount: Money) -> Command {
    Command::Withdraw(Withdraw { cell: cell_of(household), household, amount, value_date: None })
}

pub fn transfer(from: Id, to: Id, amount: Money) -> Command {
    let (cell, to_cell) = (cell_of(from), cell_of(to));
    Command::Transfer(Transfer { cell, from, to_cell, to, amount, note: "seed money".into() })
}

pub fn fund(amount: Money) -> Command {
    Command::Fund(Fund { amount, reference: "capital".into() })
}

pub fn grant(to: u16, amount: Money) -> Command {
    Command::GrantQuota(GrantQuota { to: Cell(to), amount })
}

/// The commands that set a county up: capital, quotas, households with money.
pub fn founding(households: u64) -> Vec<Request<Command>> {
    let mut requests = vec![request(0xF000_0000, Actor::SYSTEM, fund(yuan(1_000_000)))];
    for cell in 1..=CELLS {
        requests.push(request(0xF000_0000 + u128::from(cell), Actor::SYSTEM, grant(cell, yuan(10_000))));
    }
    for n in 0..households {
        requests.push(request(0xF100_0000 + u128::from(n), Actor::SYSTEM, enrol(household(n))));
        requests.push(request(0xF200_0000 + u128::from(n), Actor::SYSTEM, top_up(household(n), yuan(1_000))));
    }
    requests
}

pub fn outcome(answer: &Result<Answer, DoorError>) -> Outcome {
    answer.as_ref().unwrap().outcome::<Tianxin>().unwrap()
}

/// Every row of every table, in key order: the canonical export.
pub fn export(backend: &dyn Backend) -> Vec<(&'static str, Vec<Row>)> {
    let mut connection = backend.connect().unwrap();
    let mut all = Vec::new();
    for table in tables() {
        let mut rows: Vec<Row> = Vec::new();
        for cell in 0..=backend.cells() {
            let mut after: Option<Key> = None;
            loop {
                let page = connection.scan(table, &door::key![Cell(cell)], after.as_deref(), 500).unwrap();
                after = page.last().map(|row| row[..table.key_len].to_vec()).or(after);
                let full = page.len() == 500;
                rows.extend(page);
                if !full {
                    break;
                }
            }
        }
        all.push((table.name, rows));
    }
    all
}

/// The export without what depends on the size of batches: the versions of heads.
pub fn export_comparable(backend: &dyn Backend) -> Vec<(&'static str, Vec<Row>)> {
    let mut all = export(backend);
    for (name, rows) in &mut all {
        if *name == "cell_head" {
            for row in rows {
                row.truncate(4);
            }
        }
    }
    all
}

/// A PostgreSQL database for one test; `None`, said by name, where there is no PostgreSQL.
pub fn postgres(test: &str) -> Option<(store::cluster::TestDatabase, store::cluster::TestServer)> {
    match store::cluster::for_tests() {
        Ok(server) => {
            let database = server.create_database(test).unwrap();
            Some((database, server))
        }
        Err(error) if error.is_absent() => {
            eprintln!("skipped: {test} on PostgreSQL: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A schema of its own in a test's database.
pub fn postgres_backend(url: &str, schema: &str) -> Arc<dyn Backend> {
    let options = store::PostgresOptions {
        cells: CELLS,
        open_date: open_date(),
        schema: Some(schema.to_owned()),
        ..store::PostgresOptions::default()
    };
    Arc::new(store::PostgresBackend::open(url, &tables(), options).unwrap())
}
