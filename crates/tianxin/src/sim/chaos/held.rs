//! What books of a campaign hold, and how they are proved: by themselves, against the sound ones, against what was acknowledged.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use app::payment::{Payment, PaymentState};
use app::tables::{Contact, Entry, EntryKind};
use basics::{Cell, Date, Id};
use door::backend::DirectoryRow;
use door::table::{Key, Record, Row, Table};
use door::tables::{CellHead, Journal, Outbox};
use door::{Backend, audit, key};

use crate::config::{self, Opened};
use crate::failure::Failure;

/// What books hold: the rows of every table but the door's own of order and delivery, and the claims of the directory.
pub(super) struct Held {
    rows: Vec<(&'static str, Vec<Row>)>,
    claims: Vec<DirectoryRow>,
    open_day: Date,
}

impl Held {
    /// All of it.
    pub(super) fn of(opened: &Opened) -> Result<Held, Failure> {
        let backend = opened.backend.as_ref();
        // Where a record stands in its journal, and what is on its way, may differ; the journal is proved by itself.
        let order = [Journal::table().name, Outbox::table().name, CellHead::table().name];
        let kept = config::tables(&opened.tianxin).into_iter().filter(|table| !order.contains(&table.name));
        let rows = kept.map(|table| Ok((table.name, rows(backend, table)?)));
        Ok(Held { rows: rows.collect::<Result<_, Failure>>()?, claims: claims(backend)?, open_day: opened.open_day()? })
    }

    /// Holds every payment against what the bank has done in truth: none made twice, none lost, each booked once if it was done.
    ///
    /// Books that equal these agree with it too.
    pub(super) fn agrees_with_the_bank(&self, seed: u64) -> Result<u32, Failure> {
        let broken = |error: door::table::RowError| Failure::Wrong(error.to_string());
        let of = |name: &str| self.rows.iter().find(|(table, _)| *table == name).map_or(&[][..], |(_, rows)| rows);
        let mut booked: HashMap<String, u32> = HashMap::new();
        for row in of(Entry::table().name) {
            let entry = Entry::from_row(row).map_err(broken)?;
            if let (EntryKind::TopUp | EntryKind::Withdrawal, Some(memo)) = (entry.kind, entry.memo) {
                *booked.entry(memo).or_default() += 1;
            }
        }
        let mut payments = 0;
        for row in of(Payment::table().name) {
            let row = Payment::from_row(row).map_err(broken)?;
            sim::drive::held_against_truth(seed, &row, self.open_day).map_err(Failure::Wrong)?;
            let times = booked.get(&row.purpose).copied().unwrap_or(0);
            if times != u32::from(row.state == PaymentState::Settled) {
                let state = row.state.as_str();
                return Err(Failure::Wrong(format!("payment {} is {state} and is booked {times} times", row.id)));
            }
            payments += 1;
        }
        Ok(payments)
    }

    /// Proves the books of a run by themselves, against the sound ones, and against what was acknowledged.
    pub(super) fn equals(&self, opened: &Opened, acked: &BTreeSet<(Cell, Id)>) -> Result<(), Failure> {
        proven(opened, acked)?;
        let found = Held::of(opened)?;
        for ((name, sound), (_, found)) in self.rows.iter().zip(&found.rows) {
            if sound != found {
                let first = sound.iter().zip(found).position(|(a, b)| a != b).unwrap_or(sound.len().min(found.len()));
                return Err(Failure::Wrong(format!(
                    "table `{name}`: row {first} differs from the undisturbed run ({} rows there, {} here): {:?} / {:?}",
                    sound.len(),
                    found.len(),
                    sound.get(first),
                    found.get(first)
                )));
            }
        }
        if self.claims != found.claims {
            return Err(Failure::Wrong("the directory's claims differ from those of the undisturbed run".to_owned()));
        }
        if !rows(opened.backend.as_ref(), Outbox::table())?.is_empty() {
            return Err(Failure::Wrong("a message between cells was never delivered".to_owned()));
        }
        Ok(())
    }
}

/// Proves books by the audit, and that every acknowledged command is in the journal, once.
pub(super) fn proven(opened: &Opened, acked: &BTreeSet<(Cell, Id)>) -> Result<(), Failure> {
    audit::verify(opened.tianxin.as_ref(), opened.backend.as_ref(), None)?;
    let mut found = BTreeSet::new();
    for row in rows(opened.backend.as_ref(), Journal::table())? {
        let row = Journal::from_row(&row).map_err(|error| Failure::Wrong(error.to_string()))?;
        if !found.insert((row.cell, row.command_id)) {
            let text = format!("command {} stands in the journal of {:?} more than once", row.command_id, row.cell);
            return Err(Failure::Wrong(text));
        }
    }
    match acked.iter().find(|place| !found.contains(place)) {
        None => Ok(()),
        Some((_, id)) => Err(Failure::Wrong(format!("command {id} was acknowledged and is not in the journal"))),
    }
}

/// What the processes of a run wrote down as acknowledged.
pub(super) fn acknowledged(path: &Path) -> Result<BTreeSet<(Cell, Id)>, Failure> {
    let open = File::open(path).map_err(|error| Failure::file(path, "read", error))?;
    let mut acked = BTreeSet::new();
    for line in BufReader::new(open).lines() {
        let line = line.map_err(|error| Failure::file(path, "read", error))?;
        let read = line
            .split_once(' ')
            .and_then(|(cell, id)| Some((Cell(cell.parse().ok()?), Id(uuid::Uuid::parse_str(id).ok()?))));
        // The last line of a process that was killed may be torn.
        acked.extend(read);
    }
    Ok(acked)
}

/// Every row of a table, cell by cell, by key.
fn rows(backend: &dyn Backend, table: &'static Table) -> Result<Vec<Row>, Failure> {
    let mut connection = backend.connect()?;
    let mut all = Vec::new();
    for cell in 0..=backend.cells() {
        let mut after: Option<Key> = None;
        loop {
            let page = connection.scan(table, &key![Cell(cell)], after.as_deref(), 1_000)?;
            after = page.last().map(|row| row[..table.key_len].to_vec()).or(after);
            let full = page.len() == 1_000;
            all.extend(page);
            if !full {
                break;
            }
        }
    }
    Ok(all)
}

/// What the directory says of everybody who is enrolled, and every claim that nobody has confirmed; by hash.
fn claims(backend: &dyn Backend) -> Result<Vec<DirectoryRow>, Failure> {
    let mut hashes = Vec::new();
    for row in rows(backend, Contact::table())? {
        let row = Contact::from_row(&row).map_err(|error| Failure::Wrong(error.to_string()))?;
        if let Ok(hash) = <[u8; 32]>::try_from(row.hash.as_slice()) {
            hashes.push(hash);
        }
    }
    let mut connection = backend.connect()?;
    let mut claims = connection.directory_stale(basics::Instant(i64::MAX), usize::from(u16::MAX))?;
    for part in hashes.chunks(500) {
        claims.extend(connection.directory_find(part)?);
    }
    claims.sort_by_key(|row| row.hash);
    claims.dedup();
    Ok(claims)
}
