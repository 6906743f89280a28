//! The notary signs a checkpoint at each close of the institution's day and after every 10,000 records.
//!
//! It is a reader with a thread of its own: writers tell it what they committed and go on.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use door::backend::Backend;
use door::checkpoint::{Checkpoint, read_heads};
use door::engine::{CommitNote, OnCommit};

use crate::clock;
use crate::config::Opened;
use crate::failure::Failure;
use crate::terminal::log;

/// Records over all cells after which a checkpoint is due.
const RECORDS_BETWEEN: i64 = 10_000;
/// How long the notary waits after a failure before it tries again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What a checkpoint is taken of, and where it goes.
#[derive(Clone)]
pub struct Desk {
    quiet: bool,
    backend: Arc<dyn Backend>,
    institution: String,
    seed: [u8; 32],
    path: PathBuf,
}

impl Desk {
    /// The desk of an institution.
    pub fn new(opened: &Opened) -> Desk {
        Desk {
            quiet: false,
            backend: opened.backend.clone(),
            institution: opened.tianxin.institution.name.clone(),
            seed: *opened.keys.signing_seed(),
            path: opened.checkpoints.clone(),
        }
    }

    /// The same desk, saying nothing of checkpoints that it took if `quiet`.
    pub fn quietly(self, quiet: bool) -> Desk {
        Desk { quiet, ..self }
    }

    /// Signs what the journal holds now and appends it, durable, to the file.
    ///
    /// Errors if the journal holds less than the last checkpoint proves: nothing is signed then.
    pub fn take(&self) -> Result<Checkpoint, Failure> {
        let last = self.last()?;
        let mut connection = self.backend.connect()?;
        connection.begin_snapshot()?;
        let heads = read_heads(connection.as_mut(), self.backend.cells());
        connection.rollback();
        let checkpoint = Checkpoint::sign(&self.institution, clock::now(), &heads?, &self.seed)?;
        if let Some(last) = last {
            check_growth(&last, &checkpoint)?;
        }
        checkpoint.append(&self.path)?;
        Ok(checkpoint)
    }

    /// The last checkpoint of the file, if there is one; it must be our own.
    pub fn last(&self) -> Result<Option<Checkpoint>, Failure> {
        let last = Checkpoint::last(&self.path)?;
        if let Some(last) = &last {
            last.check(Some(&self.public_key()))?;
        }
        Ok(last)
    }

    /// The key that checkpoints are checked with.
    pub fn public_key(&self) -> [u8; 32] {
        ed25519_dalek::SigningKey::from_bytes(&self.seed).verifying_key().to_bytes()
    }

    /// The file that checkpoints are appended to.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }
}

/// A journal only ever grows: whoever brought back an older copy of the books must know of it.
fn check_growth(last: &Checkpoint, now: &Checkpoint) -> Result<(), Failure> {
    for (cell, records, _) in &last.cells {
        let here = now.cells.iter().find(|(number, ..)| number == cell).map_or(0, |(_, records, _)| *records);
        if here < *records {
            return Err(Failure::Wrong(format!(
                "the journal of cell {cell} holds {here} records, the checkpoint of {} proves {records}: these are not \
                 the latest books; restore a newer backup, or move the checkpoint file away if this is meant",
                last.at
            )));
        }
    }
    Ok(())
}

/// The thread that takes checkpoints.
pub struct Notary {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    told: Condvar,
}

#[derive(Default)]
struct State {
    /// Records since the last checkpoint.
    records: i64,
    day_closed: bool,
    stopping: bool,
}

impl State {
    fn due(&self) -> bool {
        self.day_closed || self.records >= RECORDS_BETWEEN
    }
}

impl Notary {
    /// Starts the thread. Errors if the books are older than their last checkpoint.
    pub fn start(desk: Desk) -> Result<Notary, Failure> {
        let proven = desk.last()?;
        let mut connection = desk.backend.connect()?;
        connection.begin_snapshot()?;
        let heads = read_heads(connection.as_mut(), desk.backend.cells());
        connection.rollback();
        let now = Checkpoint::sign(&desk.institution, clock::now(), &heads?, &desk.seed)?;
        if let Some(proven) = &proven {
            check_growth(proven, &now)?;
        }
        let records = now.records - proven.map_or(0, |proven| proven.records);
        let shared =
            Arc::new(Shared { state: Mutex::new(State { records, ..State::default() }), told: Condvar::new() });
        let thread = std::thread::Builder::new()
            .name("notary".to_owned())
            .spawn({
                let shared = shared.clone();
                move || shared.work(&desk)
            })
            .map_err(|error| Failure::Unreachable(format!("no thread for the notary: {error}")))?;
        Ok(Notary { shared, thread: Some(thread) })
    }

    /// What the engine tells of its commits.
    pub fn on_commit(&self) -> OnCommit {
        let shared = self.shared.clone();
        Arc::new(move |note: CommitNote| {
            let mut state = shared.lock();
            state.records += i64::try_from(note.records).unwrap_or(i64::MAX / 2);
            state.day_closed |= note.office_opens.is_some();
            if state.due() {
                shared.told.notify_one();
            }
        })
    }

    /// Takes what is due and ends the thread. Call it when the engine has stopped.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.told.notify_one();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked takes no checkpoint any more; the next start does.
            let _ = thread.join();
        }
    }
}

impl Drop for Notary {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, desk: &Desk) {
        loop {
            let (records, stopping) = {
                let mut state = self.lock();
                while !state.due() && !state.stopping {
                    state = self.told.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if !state.due() {
                    return;
                }
                state.day_closed = false;
                (std::mem::take(&mut state.records), state.stopping)
            };
            match desk.take() {
                Ok(_) if desk.quiet => {}
                Ok(taken) => log(&format!("checkpoint of {} records in {}", taken.records, desk.path.display())),
                Err(failure) => {
                    log(&format!("no checkpoint could be taken, it is tried again: {failure}"));
                    if stopping {
                        return;
                    }
                    let mut state = self.lock();
                    state.records += records.max(RECORDS_BETWEEN);
                    // Woken by `stop` it tries once more and ends.
                    drop(self.told.wait_timeout_while(state, RETRY_AFTER, |state| !state.stopping));
                }
            }
        }
    }
}
