//! What must hold of a database after anything at all has happened to it.

use std::collections::{BTreeMap, HashMap};

use app::Tianxin;
use app::command::Command;
use app::tables::{Entry, GlBalance, Wallet};
use basics::{Cell, Id, cbor};
use door::backend::DirectoryRow;
use door::directory::Burial;
use door::record::JournalRecord;
use door::table::{Record, Row, Table};
use door::tables::{Journal, Outbox};
use door::{Actor, Answer, Backend, DoorError, Engine, Order, Request, audit};

use super::{CELLS, tianxin};

/// Every row of one table, cell by cell.
pub fn rows(backend: &dyn Backend, table: &'static Table) -> Vec<Row> {
    let mut connection = backend.connect().unwrap();
    let mut all = Vec::new();
    for cell in 0..=backend.cells() {
        let mut after: Option<Row> = None;
        loop {
            let page = connection.scan(table, &door::key![Cell(cell)], after.as_deref(), 1_000).unwrap();
            after = page.last().map(|row| row[..table.key_len].to_vec()).or(after);
            let full = page.len() == 1_000;
            all.extend(page);
            if !full {
                break;
            }
        }
    }
    all
}

/// The records of `table`, read back.
pub fn records<R: Record>(backend: &dyn Backend) -> Vec<R> {
    rows(backend, R::table()).iter().map(|row| R::from_row(row).unwrap()).collect()
}

/// Books and log hold, no message is left, and nothing is under way between cells.
pub fn healthy_and_quiet(backend: &dyn Backend) -> audit::Report {
    let report = audit::verify(tianxin().as_ref(), backend, None).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(records::<Outbox>(backend), vec![], "every message was delivered and acknowledged");
    assert_eq!(clearing_minor(backend), 0, "nothing is under way between cells");
    report
}

/// Clearing over all cells.
pub fn clearing_minor(backend: &dyn Backend) -> i64 {
    let clearing = i64::from(tianxin().subjects.clearing.0);
    let balances = records::<GlBalance>(backend);
    balances.iter().filter(|row| row.subject == clearing).map(|row| row.balance_minor).sum()
}

/// What all wallets hold.
pub fn wallets_minor(backend: &dyn Backend) -> i64 {
    records::<Wallet>(backend).iter().map(|row| row.balance_minor).sum()
}

/// How many entries of each kind there are.
pub fn entries(backend: &dyn Backend) -> BTreeMap<(Cell, &'static str), usize> {
    let mut counts = BTreeMap::new();
    for entry in records::<Entry>(backend) {
        *counts.entry((entry.cell, entry.kind.as_str())).or_default() += 1;
    }
    counts
}

/// The journal, by command: every outcome that is stored under it, with its cell.
pub fn journal(backend: &dyn Backend) -> HashMap<(Cell, Id), Vec<Vec<u8>>> {
    let mut found: HashMap<(Cell, Id), Vec<Vec<u8>>> = HashMap::new();
    for row in records::<Journal>(backend) {
        let record: JournalRecord = cbor::from_bytes(&row.bytes).unwrap();
        found.entry((row.cell, row.command_id)).or_default().push(record.outcome.to_vec());
    }
    found
}

/// The cell that a request changes.
pub fn place(request: &Request<Command>) -> Cell {
    match &request.order {
        Order::Do(command) | Order::Propose(command) => app::command::cell_of(command),
        Order::Approve { cell, .. } | Order::Reject { cell, .. } => *cell,
    }
}

/// Every acknowledged command stands in the journal exactly once, with the outcome that was told.
pub fn acknowledged_once(backend: &dyn Backend, told: &[(Request<Command>, Vec<u8>)]) {
    let journal = journal(backend);
    for (request, outcome) in told {
        let stored = journal.get(&(place(request), request.id));
        assert_eq!(stored, Some(&vec![outcome.clone()]), "the acknowledged command {}", request.id);
    }
}

/// Every acknowledged command, sent again, gets its first answer.
pub fn answered_the_same(
    told: &[(Request<Command>, Vec<u8>)],
    mut call: impl FnMut(Request<Command>) -> Result<Answer, DoorError>,
) {
    for (request, outcome) in told {
        let again = call(request.clone()).unwrap();
        assert!(again.replayed, "command {} was done a second time", request.id);
        assert_eq!(&again.outcome[..], &outcome[..], "command {}", request.id);
    }
}

/// The directory row of a household's head, whose resident id is `person_number`.
pub fn claim_of(household: Id, person_number: u64, at: basics::Instant) -> DirectoryRow {
    DirectoryRow {
        hash: basics::merkle::leaf_hash(&person_number.to_be_bytes()),
        cell: super::cell_of(household),
        household,
        person: household.derive("head"),
        state: door::backend::ClaimState::Claimed,
        claimed_at: at,
    }
}

/// Calls `work` with what the application adds to the enrolment protocol.
pub fn with_burial<T>(work: impl FnOnce(&Burial<'_, Tianxin>) -> T) -> T {
    let tombstone = |row: &DirectoryRow| {
        let bury = app::enrol::Bury { cell: row.cell, household: row.household };
        let id = row.household.derive("bury");
        Request::plain(id, Actor::SYSTEM, row.claimed_at, Order::Do(Command::Bury(bury)))
    };
    let is_alive = |outcome: &app::command::Outcome| *outcome == app::command::Outcome::AlreadyThere;
    work(&Burial { tombstone: &tombstone, is_alive: &is_alive })
}

/// The rows that stand in the directory for these persons.
pub fn directory(engine: &Engine<Tianxin>, persons: std::ops::Range<u64>) -> Vec<DirectoryRow> {
    let hashes = persons.map(|n| basics::merkle::leaf_hash(&n.to_be_bytes())).collect();
    engine.directory(door::directory::DirectoryOrder::Find(hashes)).unwrap()
}

/// Two households of different cells, the lower cell first.
pub fn two_cells() -> (Id, Id) {
    let first = (0..).map(super::household).find(|h| super::cell_of(*h) == Cell(1)).unwrap();
    let other = (0..).map(super::household).find(|h| super::cell_of(*h) == Cell(CELLS)).unwrap();
    (first, other)
}
