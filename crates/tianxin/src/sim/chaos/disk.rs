//! Runs of a campaign whose books stand on a disk that fails: full, torn by a power cut, with writes and syncs that do not succeed.
//!
//! The disk is the one of the store's own tests, in memory; keys and settings stay where they are. Power that goes takes what
//! was not synced, as the seed has it, and every connection; a new one goes on with what is left. After each heal the books are
//! proved, and everything that was ever acknowledged must stand in their journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;

use app::Tianxin;
use basics::{Cell, Id};
use door::Stepper;
use sim::drive::{Acknowledged, ReplayError, Wave};
use store::fault_vfs::{FaultDisk, Operation};

use super::held::proven;
use super::{BATCH_MAX, choice, lines_of};
use crate::config::{self, BOOKS_FILE, Opened, Place};
use crate::failure::Failure;

/// The tries that one wave gets before its run is given up.
const TRIES_MAX: u32 = 20;
/// Waves for which a disk goes on failing if nobody notices.
const WAVES_FAILING: usize = 6;

/// Ways a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Power goes between two waves.
    PowerCut,
    /// Power goes within one.
    PowerCutWithin,
    /// Some writes and syncs fail.
    Writes,
    /// Many syncs fail.
    Syncs,
    /// Anything fails now and then.
    Anything,
    /// There is no more space, until somebody makes some or the machine is started anew.
    Full,
}

const FAULTS: [Fault; 6] =
    [Fault::PowerCut, Fault::PowerCutWithin, Fault::Writes, Fault::Syncs, Fault::Anything, Fault::Full];

/// What a run on such a disk met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Suffered {
    /// Times at which the disk failed, or power went.
    pub(super) faults: u32,
    /// Of these, those that a caller was told of: a command was not answered.
    pub(super) told: u32,
}

/// Books on a disk that fails, and who sends commands to them.
struct Machine<'a> {
    place: &'a Place,
    seed: u64,
    disk: FaultDisk,
    opened: Opened,
    stepper: Stepper<Tianxin>,
    /// What is failing just now, and until which wave.
    failing: Option<(Fault, usize)>,
    acked: BTreeSet<(Cell, Id)>,
    suffered: Suffered,
}

/// Sends the waves to books on a disk that fails as the seed has it; the file of the books as it is in the end replaces the one
/// of the folder, and what was acknowledged is added to `acked_file`.
pub(super) fn suffer(place: &Place, waves: &[Wave], seed: u64, acked_file: &mut File) -> Result<Suffered, Failure> {
    let wrong = |error: store::fault_vfs::FaultDiskError| Failure::Wrong(error.to_string());
    let disk = FaultDisk::register(&format!("chaos-{seed}-{}", std::process::id())).map_err(wrong)?;
    for name in [BOOKS_FILE.to_owned(), format!("{BOOKS_FILE}-wal")] {
        let path = place.data.join(&name);
        if path.exists() {
            disk.put(&name, &fs::read(&path).map_err(|error| Failure::file(&path, "read", error))?);
        }
    }
    let mut machine = Machine::start(place, seed, disk)?;
    let plan = plan(seed, waves.len());
    for (number, wave) in waves.iter().enumerate() {
        if let Some(fault) = plan.get(&number) {
            machine.strike(*fault, number)?;
        }
        let told = machine.send(wave)?;
        acked_file
            .write_all(lines_of(&told).as_bytes())
            .map_err(|error| Failure::file(&place.data, "written", error))?;
        if machine.failing.is_some_and(|(_, until)| number >= until) {
            machine.heal(true)?;
        }
    }
    machine.heal(true)?;
    let Machine { disk, opened, stepper, suffered, .. } = machine;
    // The last connection that is let go takes the log into the file.
    drop((stepper, opened));
    for name in [BOOKS_FILE.to_owned(), format!("{BOOKS_FILE}-wal")] {
        let path = place.data.join(&name);
        let written = match disk.bytes_of(&name) {
            Some(bytes) => fs::write(&path, bytes),
            None if path.exists() => fs::remove_file(&path),
            None => Ok(()),
        };
        written.map_err(|error| Failure::file(&path, "written", error))?;
    }
    Ok(suffered)
}

/// At which waves which faults begin.
fn plan(seed: u64, waves: usize) -> BTreeMap<usize, Fault> {
    let count = 3 + choice(seed, 0, "disk faults", 4) as u32;
    let one = |n: u32| {
        let at = choice(seed, n, "disk at", waves as u64) as usize;
        // Whatever the seed, the kinds come in turn.
        let kind = (seed.wrapping_add(u64::from(n)) % FAULTS.len() as u64) as usize;
        (at, FAULTS[kind])
    };
    (0..count).map(one).collect()
}

impl<'a> Machine<'a> {
    fn start(place: &'a Place, seed: u64, disk: FaultDisk) -> Result<Machine<'a>, Failure> {
        let (opened, stepper) = Machine::boot(place, &disk)?;
        let (acked, suffered) = (BTreeSet::new(), Suffered::default());
        Ok(Machine { place, seed, disk, opened, stepper, failing: None, acked, suffered })
    }

    fn boot(place: &Place, disk: &FaultDisk) -> Result<(Opened, Stepper<Tianxin>), Failure> {
        let opened = config::open_on_disk(place, disk.name())?;
        let mut stepper = Stepper::new(opened.tianxin.clone(), opened.backend.clone(), BATCH_MAX);
        stepper.take_up()?;
        Ok((opened, stepper))
    }

    /// A number that follows from the seed, what has happened so far and a purpose.
    fn choice(&self, purpose: &str, below: u64) -> u64 {
        choice(self.seed, self.suffered.faults, purpose, below)
    }

    /// Begins a fault.
    fn strike(&mut self, fault: Fault, number: usize) -> Result<(), Failure> {
        let seed = self.choice("stream", u64::MAX);
        match fault {
            Fault::PowerCut => return self.heal(true),
            Fault::PowerCutWithin => self.disk.fail_after(self.choice("operations", 400)),
            Fault::Writes => self.disk.fail_operations(seed, 10_000, &[Operation::Write, Operation::Sync]),
            Fault::Syncs => self.disk.fail_operations(seed, 300_000, &[Operation::Sync]),
            Fault::Anything => self.disk.fail_with_probability(seed, 3_000),
            Fault::Full => {
                self.disk.set_capacity(Some(self.disk.used_bytes() + self.choice("space", 200_000)));
            }
        }
        self.failing = Some((fault, number + WAVES_FAILING));
        Ok(())
    }

    /// Sends a wave until all of it is answered. What was acknowledged.
    fn send(&mut self, wave: &Wave) -> Result<Vec<Acknowledged>, Failure> {
        let mut told = Vec::new();
        for _ in 0..TRIES_MAX {
            let from = told.len();
            let sent = wave.replay(&mut self.stepper, &mut told);
            self.acked.extend(told.iter().skip(from).filter(|one| one.is_stored).map(|one| (one.cell, one.id)));
            match (sent, self.failing) {
                (Ok(()), _) => return Ok(told),
                (Err(ReplayError::Unanswered { .. }), Some((fault, _))) => {
                    self.suffered.told += 1;
                    // Where the disk was merely full it may be enough that somebody makes room.
                    let restart = fault != Fault::Full || self.choice("restart", 2) == 0;
                    self.heal(restart)?;
                }
                (Err(error), _) => return Err(Failure::Wrong(error.to_string())),
            }
        }
        Err(Failure::Wrong(format!("a wave of {} was sent {TRIES_MAX} times and is not through", wave.day)))
    }

    /// The disk is in order again, after a power cut or in the running program; then everything is proved.
    fn heal(&mut self, power_cut: bool) -> Result<(), Failure> {
        if power_cut {
            self.disk.crash(self.choice("cut", u64::MAX));
        }
        self.disk.heal();
        if power_cut {
            (self.opened, self.stepper) = Machine::boot(self.place, &self.disk)?;
        }
        self.failing = None;
        self.suffered.faults += 1;
        proven(&self.opened, &self.acked)
    }
}
