//! Two servers on one database: nothing is lost between them, and the order of a cell never forks.

mod support;

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use app::tables::Wallet;
use door::{Actor, Engine, EngineOptions, Role, Stepper};
use support::proof::{healthy_and_quiet, records, two_cells, wallets_minor};
use support::*;

/// What one server remembers of a cell is dropped as soon as another has changed the cell.
#[test]
fn a_server_never_decides_on_rows_that_another_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let backend = sqlite(&path);
    let mut one = Stepper::new(tianxin(), backend.clone(), 256);
    let mut other = Stepper::new(tianxin(), sqlite(&path), 256);
    let (low, high) = two_cells();
    let clerk = staff(1, Role::Clerk);
    one.step(vec![
        request(1, Actor::SYSTEM, enrol(low)),
        request(2, Actor::SYSTEM, enrol(high)),
        request(3, clerk, top_up(low, yuan(100))),
        request(4, clerk, top_up(high, yuan(100))),
    ]);
    other.step(vec![request(5, clerk, top_up(high, yuan(10)))]);
    // A refused command reads the lower cell's rows, while the higher cell is found changed.
    let told = one.step(vec![
        request(6, staff(2, Role::Auditor), top_up(low, yuan(1))),
        request(7, clerk, top_up(high, yuan(1))),
    ]);
    assert!(told[0].is_err() && told[1].is_ok());
    other.step(vec![request(8, clerk, top_up(low, yuan(10)))]);
    one.step(vec![request(9, clerk, top_up(low, yuan(1)))]);
    let balances: Vec<i64> = records::<Wallet>(backend.as_ref()).iter().map(|row| row.balance_minor).collect();
    assert_eq!(balances, [11_100, 11_100]);
    healthy_and_quiet(backend.as_ref());
}
