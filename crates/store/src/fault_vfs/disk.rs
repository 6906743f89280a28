//! The disk that the fault VFS simulates: what is written, what is durable, and what goes wrong.
//!
//! It is a plain value without locks or `unsafe`. Each file has its current bytes, its durable bytes and
//! the list of writes between them; all names are in one folder, which has a live and a durable state too.
//! The model of hardware is that of SQLite's own documentation: a write reaches the disk in sectors of
//! 512 bytes, in any order, each wholly, in part from either end, or not at all; bytes beside a write are
//! never harmed.

use std::collections::BTreeMap;

/// The unit in which writes reach the disk, in bytes.
pub(super) const SECTOR_BYTES: usize = 512;
const PPM: u64 = 1_000_000;

/// What can be asked of the disk and can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Reading from a file.
    Read,
    /// Writing to a file or cutting it shorter.
    Write,
    /// Making a file durable.
    Sync,
    /// Opening or making a file.
    Open,
    /// Removing a file.
    Delete,
}

/// How much was asked of the disk since it was made or since
/// [`FaultDisk::reset_counters`](super::FaultDisk::reset_counters).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskCounters {
    /// Reads.
    pub reads: u64,
    /// Writes, without truncations.
    pub writes: u64,
    /// Truncations.
    pub truncations: u64,
    /// Syncs.
    pub syncs: u64,
    /// Files opened.
    pub opens: u64,
    /// Files removed.
    pub deletions: u64,
    /// Bytes asked for by reads.
    pub bytes_read: u64,
    /// Bytes handed over by writes.
    pub bytes_written: u64,
    /// Operations that were made to fail, a full disk included.
    pub faults: u64,
}

/// Why the disk refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// An error was injected.
    Injected,
    /// The capacity would be passed.
    Full,
    /// The file was opened before a crash.
    PoweredOff,
    /// No such file.
    Absent,
}

/// Which file, and since which crash: a handle from before a crash is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileRef {
    pub(super) file: u64,
    generation: u64,
}

#[derive(Debug)]
pub(super) struct Disk {
    files: BTreeMap<u64, File>,
    live: BTreeMap<String, u64>,
    durable: BTreeMap<String, u64>,
    next_file: u64,
    generation: u64,
    capacity_bytes: Option<u64>,
    faults: Faults,
    pub(super) counters: DiskCounters,
    entropy: Random,
}

#[derive(Debug, Default)]
struct File {
    current: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    openings: u32,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

#[derive(Debug)]
struct Faults {
    /// Operations that still succeed before all fail.
    remaining: Option<u64>,
    /// Operations to fail at random, and how often in a million.
    chosen: Vec<Operation>,
    ppm: u64,
    random: Random,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self {
            files: BTreeMap::new(),
            live: BTreeMap::new(),
            durable: BTreeMap::new(),
            next_file: 1,
            generation: 0,
            capacity_bytes: None,
            faults: Faults { remaining: None, chosen: Vec::new(), ppm: 0, random: Random::new(0) },
            counters: DiskCounters::default(),
            entropy: Random::new(0x7469_616e_7869_6e00),
        }
    }

    pub(super) fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity_bytes = bytes;
    }

    pub(super) fn fail_after(&mut self, operations: u64, seed: u64) {
        self.faults.remaining = Some(operations);
        self.faults.random = Random::new(seed);
    }

    pub(super) fn fail_at_random(&mut self, seed: u64, ppm: u32, chosen: &[Operation]) {
        self.faults.random = Random::new(seed);
        self.faults.ppm = u64::from(ppm);
        self.faults.chosen = chosen.to_vec();
    }

    /// No more faults, no limit.
    pub(super) fn heal(&mut self) {
        self.faults.remaining = None;
        self.faults.ppm = 0;
        self.capacity_bytes = None;
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.files.values().map(|file| file.current.len() as u64).sum()
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.live.contains_key(name)
    }

    /// Bytes that are not random, so that a run can be repeated.
    pub(super) fn entropy(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = (self.entropy.next() >> 32) as u8;
        }
    }

    pub(super) fn open(&mut self, name: &str, create: bool) -> Result<FileRef, Refusal> {
        self.counters.opens += 1;
        self.may_fail(Operation::Open)?;
        let file = match self.live.get(name) {
            Some(file) => *file,
            None if create => {
                let file = self.next_file;
                self.next_file += 1;
                self.files.insert(file, File::default());
                self.live.insert(name.to_owned(), file);
                file
            }
            None => return Err(Refusal::Absent),
        };
        self.files.entry(file).or_default().openings += 1;
        Ok(FileRef { file, generation: self.generation })
    }

    pub(super) fn close(&mut self, handle: FileRef) {
        if let Ok(file) = self.file(handle) {
            file.openings = file.openings.saturating_sub(1);
            self.forget_unnamed();
        }
    }

    /// Fills `buffer` and tells how many bytes there were; the rest is zero.
    pub(super) fn read(&mut self, handle: FileRef, offset: usize, buffer: &mut [u8]) -> Result<usize, Refusal> {
        self.counters.reads += 1;
        self.counters.bytes_read += buffer.len() as u64;
        self.may_fail(Operation::Read)?;
        let file = self.file(handle)?;
        let from = file.current.get(offset..).unwrap_or_default();
        let count = from.len().min(buffer.len());
        let (filled, rest) = buffer.split_at_mut(count);
        filled.copy_from_slice(from.get(..count).unwrap_or_default());
        rest.fill(0);
        Ok(count)
    }

    pub(super) fn write(&mut self, handle: FileRef, offset: usize, bytes: &[u8]) -> Result<(), Refusal> {
        self.counters.writes += 1;
        self.counters.bytes_written += bytes.len() as u64;
        let length = self.file(handle)?.current.len();
        let growth = (offset + bytes.len()).saturating_sub(length) as u64;
        let fits = |capacity| self.used_bytes() + growth <= capacity;
        if growth > 0 && !self.capacity_bytes.is_none_or(fits) {
            self.counters.faults += 1;
            return Err(Refusal::Full);
        }
        let outcome = self.may_fail(Operation::Write);
        // A write that fails may have got as far as any sector.
        let done = match outcome {
            Ok(()) => bytes.len(),
            Err(_) => self.faults.random.below(bytes.len() as u64 + 1) as usize / SECTOR_BYTES * SECTOR_BYTES,
        };
        let bytes = bytes.get(..done).unwrap_or_default();
        if !bytes.is_empty() {
            self.file(handle)?.change(Change::Write { offset, bytes: bytes.to_vec() });
        }
        outcome
    }

    pub(super) fn truncate(&mut self, handle: FileRef, length: usize) -> Result<(), Refusal> {
        self.counters.truncations += 1;
        self.may_fail(Operation::Write)?;
        let file = self.file(handle)?;
        if length < file.current.len() {
            file.change(Change::Truncate { length });
        }
        Ok(())
    }

    /// Makes a file durable; with the first sync of a new file its folder too, as SQLite's own VFS for Unix
    /// has it. A sync that fails has done part of its work, and what it did
    /// not do is never done later: the kernel forgets which pages it owed, while reads still show them.
    pub(super) fn sync(&mut self, handle: FileRef) -> Result<(), Refusal> {
        self.counters.syncs += 1;
        let outcome = self.may_fail(Operation::Sync);
        let mut random = self.faults.random.fork();
        let file = self.file(handle)?;
        match outcome {
            Ok(()) => {
                for change in std::mem::take(&mut file.unsynced) {
                    change.apply(&mut file.durable);
                }
                let is_named = |names: &BTreeMap<_, _>| names.values().any(|file| *file == handle.file);
                if is_named(&self.live) && !is_named(&self.durable) {
                    self.sync_folder();
                }
            }
            Err(_) => file.lose_some(&mut random, Loss::Some),
        }
        outcome
    }

    pub(super) fn size(&mut self, handle: FileRef) -> Result<usize, Refusal> {
        Ok(self.file(handle)?.current.len())
    }

    /// Removes a name. Until the folder is synced, here with `durably`, a crash may bring it back.
    pub(super) fn delete(&mut self, name: &str, durably: bool) -> Result<(), Refusal> {
        self.counters.deletions += 1;
        self.may_fail(Operation::Delete)?;
        self.live.remove(name).ok_or(Refusal::Absent)?;
        if durably {
            self.sync_folder();
        }
        self.forget_unnamed();
        Ok(())
    }

    /// Power fails and comes back: what was not synced is lost, as the seed says, and every handle that
    /// is open now is dead. Injected faults end; the capacity stays.
    pub(super) fn crash(&mut self, mut random: Random, loss: Option<Loss>) {
        let loss = loss.unwrap_or_else(|| match random.below(8) {
            0 | 1 => Loss::All,
            2 => Loss::None,
            _ => Loss::Some,
        });
        let mut names: Vec<String> = self.live.keys().chain(self.durable.keys()).cloned().collect();
        names.sort();
        names.dedup();
        let mut after = BTreeMap::new();
        for name in names {
            let (live, durable) = (self.live.get(&name), self.durable.get(&name));
            let keeps_live = live == durable
                || match loss {
                    Loss::All => false,
                    Loss::None => true,
                    Loss::Some => random.below(2) == 0,
                };
            let Some(file) = (if keeps_live { live } else { durable }) else { continue };
            let Some(file) = self.files.get_mut(file) else { continue };
            file.lose_some(&mut random, loss);
            after.insert(name, std::mem::take(&mut file.durable));
        }
        self.files.clear();
        self.live.clear();
        for (name, bytes) in after {
            let file = File { current: bytes.clone(), durable: bytes, ..File::default() };
            self.live.insert(name, self.next_file);
            self.files.insert(self.next_file, file);
            self.next_file += 1;
        }
        self.durable = self.live.clone();
        self.generation += 1;
        self.faults.remaining = None;
        self.faults.ppm = 0;
    }

    /// Puts a whole file on the disk, durably; one of that name is gone.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) {
        let file = File { current: bytes.to_vec(), durable: bytes.to_vec(), ..File::default() };
        self.files.insert(self.next_file, file);
        for names in [&mut self.live, &mut self.durable] {
            names.insert(name.to_owned(), self.next_file);
        }
        self.next_file += 1;
        self.forget_unnamed();
    }

    /// The current bytes of a file, if there is one of this name.
    pub(super) fn bytes_of(&self, name: &str) -> Option<&[u8]> {
        self.live.get(name).and_then(|file| self.files.get(file)).map(|file| file.current.as_slice())
    }

    pub(super) fn is_current(&self, handle: FileRef) -> bool {
        handle.generation == self.generation
    }

    fn file(&mut self, handle: FileRef) -> Result<&mut File, Refusal> {
        if handle.generation != self.generation {
            return Err(Refusal::PoweredOff);
        }
        self.files.get_mut(&handle.file).ok_or(Refusal::Absent)
    }

    /// Makes all names durable, made and removed ones; the bytes of the files are another matter.
    fn sync_folder(&mut self) {
        self.durable = self.live.clone();
    }

    fn forget_unnamed(&mut self) {
        let (live, durable) = (&self.live, &self.durable);
        self.files
            .retain(|id, file| file.openings > 0 || live.values().chain(durable.values()).any(|named| named == id));
    }

    fn may_fail(&mut self, operation: Operation) -> Result<(), Refusal> {
        let faults = &mut self.faults;
        let cut_off = match &mut faults.remaining {
            Some(0) => true,
            Some(remaining) => {
                *remaining -= 1;
                false
            }
            None => false,
        };
        let unlucky = faults.ppm > 0 && faults.chosen.contains(&operation) && faults.random.below(PPM) < faults.ppm;
        if cut_off || unlucky {
            self.counters.faults += 1;
            return Err(Refusal::Injected);
        }
        Ok(())
    }
}

impl File {
    fn change(&mut self, change: Change) {
        change.clone().apply(&mut self.current);
        self.unsynced.push(change);
    }

    /// Brings some of the unsynced changes to the disk, sector by sector, and forgets the rest.
    fn lose_some(&mut self, random: &mut Random, loss: Loss) {
        for change in std::mem::take(&mut self.unsynced) {
            match (loss, change) {
                (Loss::All, _) => {}
                (Loss::None, change) => change.apply(&mut self.durable),
                (Loss::Some, Change::Truncate { length }) => {
                    if random.below(2) == 0 {
                        Change::Truncate { length }.apply(&mut self.durable);
                    }
                }
                (Loss::Some, Change::Write { offset, bytes }) => {
                    for piece in torn(offset, &bytes, random) {
                        piece.apply(&mut self.durable);
                    }
                }
            }
        }
    }
}

impl Change {
    fn apply(self, content: &mut Vec<u8>) {
        match self {
            Self::Truncate { length } => content.truncate(length),
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                if let Some(target) = content.get_mut(offset..end) {
                    target.copy_from_slice(&bytes);
                }
            }
        }
    }
}

/// What becomes of unsynced changes when power fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    All,
    Some,
    None,
}

/// The parts of a write that reach the disk: of each sector all, nothing, its beginning or its end.
fn torn(offset: usize, bytes: &[u8], random: &mut Random) -> Vec<Change> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = (SECTOR_BYTES - (offset + at) % SECTOR_BYTES).min(bytes.len() - at);
        let cut = random.below(length as u64) as usize;
        let (from, to) = match random.below(8) {
            0..=3 => (at, at + length),
            4 => (at, at + cut),
            5 => (at + cut, at + length),
            _ => (at, at),
        };
        if let Some(piece) = bytes.get(from..to).filter(|piece| !piece.is_empty()) {
            pieces.push(Change::Write { offset: offset + from, bytes: piece.to_vec() });
        }
        at += length;
    }
    pieces
}

/// A small generator of even numbers from a seed (the mixing step of SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, 0 when the limit is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    fn fork(&mut self) -> Self {
        Self(self.next())
    }
}
