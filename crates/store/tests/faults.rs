//! SQLite on a disk that fails: what was committed stays, what was not is gone, and errors say which.

#![cfg(feature = "fault-vfs")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[macro_use]
#[allow(dead_code, unused_macros, reason = "shared with the suite")]
mod engines;

use door::backend::Backend;
use door::table::Record;
use engines::{Every, every, tables};
use store::fault_vfs::FaultDisk;
use store::{OpenOptions, SqliteBackend};

#[test]
fn what_was_committed_survives_a_power_cut() {
    for exclusive in [false, true] {
        let name = format!("suite-{exclusive}");
        let disk = FaultDisk::register(&name).unwrap();
        let open = || {
            let options = OpenOptions { vfs: Some(name.clone()), exclusive, ..OpenOptions::default() };
            SqliteBackend::open("suite.db", &tables(), options).unwrap()
        };
        for turn in 0..20u128 {
            let backend = open();
            let mut connection = backend.connect().unwrap();
            connection.begin().unwrap();
            let found = connection.scan(Every::table(), &[], None, 99).unwrap();
            assert_eq!(found.len() as u128, turn);
            connection.insert_many(Every::table(), &[every(1, turn).to_row()]).unwrap();
            connection.commit().unwrap();
            connection.begin().unwrap();
            connection.insert_many(Every::table(), &[every(2, turn).to_row()]).unwrap();
            disk.crash(turn as u64);
        }
    }
}
