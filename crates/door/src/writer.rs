//! A batch of commands, from slices to commit.
//!
//! One writer owns one connection and the cells of one group. [`Writer::step`] takes the
//! waiting jobs, loads the rows they name (one statement a table), decides them in order
//! over the overlay, writes the merged changes (one statement a table and operation),
//! commits, and only then hands out the answers.

use std::collections::HashMap;
use std::sync::Arc;

use basics::{Cell, Date, Id, Instant, cbor};

use crate::app::App;
use crate::attempt::Attempt;
use crate::backend::{Backend, Connection, DirectoryRow, Durability, Head, StoreError};
use crate::directory::{DirectoryOrder, DirectoryReply};
use crate::overlay::Overlay;
use crate::request::{Answer, DoorError, Reply, Request};
use crate::table::{Key, Record};
use crate::tables::Outbox;
use crate::writes::Tap;
use crate::{failpoint, key};

/// Rows a writer keeps as a cache before it lets all of them go.
const CACHE_ROWS_MAX: usize = 400_000;
/// How often a batch is tried again when another writer was in the way.
const TRIES_MAX: u32 = 50;

/// A place in the outbox.
pub(crate) type OutboxKey = (Cell, i64, i64);

/// What waits for a writer.
pub(crate) enum Job<A: App> {
    /// A command.
    Command { request: Request<A::Command>, reply: Reply },
    /// An outbox row whose command is done.
    Ack(OutboxKey),
    /// A directory step.
    Directory { order: DirectoryOrder, reply: DirectoryReply },
}

impl<A: App> Job<A> {
    /// Tells whoever waits that it was not done, and why.
    pub(crate) fn turn_away(self, why: DoorError) {
        match self {
            Job::Command { reply, .. } => reply(Err(why)),
            Job::Directory { reply, .. } => reply(Err(why)),
            Job::Ack(_) => {}
        }
    }
}

/// A command for another cell, as it left a committed batch.
pub(crate) struct Outgoing<C> {
    pub(crate) from: OutboxKey,
    pub(crate) id: Id,
    pub(crate) at: Instant,
    pub(crate) command: C,
}

/// What a batch left to do after its commit.
pub(crate) struct Committed<C> {
    pub(crate) outgoing: Vec<Outgoing<C>>,
    pub(crate) records: u64,
    /// The office's new open date, where this batch closed the institution's day.
    pub(crate) office_opens: Option<Date>,
    pub(crate) recovered: bool,
}

/// What a committed attempt leaves.
struct Done<C> {
    answers: Vec<Result<Answer, DoorError>>,
    found: Vec<Vec<DirectoryRow>>,
    outgoing: Vec<Outgoing<C>>,
    records: u64,
    office_opens: Option<Date>,
}

/// Owns a connection and writes the batches of one group of cells.
pub(crate) struct Writer<A: App> {
    pub(crate) app: Arc<A>,
    pub(crate) backend: Arc<dyn Backend>,
    connection: Option<Box<dyn Connection>>,
    durability: Durability,
    pub(crate) overlay: Overlay,
    pub(crate) versions: HashMap<Cell, i64>,
    tap: Option<Tap>,
}

/// Why an attempt at a batch came to nothing.
pub(crate) enum Trouble {
    Store(StoreError),
    /// The command at this place made the program stumble.
    Bug(usize, String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::Store(error)
    }
}

/// The commands, acknowledgements and directory steps of one batch.
pub(crate) struct Work<A: App> {
    pub(crate) commands: Vec<(Request<A::Command>, Reply)>,
    acks: Vec<OutboxKey>,
    directory: Vec<(DirectoryOrder, DirectoryReply)>,
}

impl<A: App> Writer<A> {
    pub(crate) fn new(app: Arc<A>, backend: Arc<dyn Backend>, tap: Option<Tap>) -> Writer<A> {
        let (overlay, versions) = (Overlay::default(), HashMap::new());
        Writer { app, backend, connection: None, durability: Durability::default(), overlay, versions, tap }
    }

    /// Runs a batch to its end: every job gets its answer before this returns.
    pub(crate) fn step(&mut self, jobs: Vec<Job<A>>) -> Committed<A::Command> {
        let mut work = Work { commands: Vec::new(), acks: Vec::new(), directory: Vec::new() };
        for job in jobs {
            match job {
                Job::Command { request, reply } => work.commands.push((request, reply)),
                Job::Ack(place) => work.acks.push(place),
                Job::Directory { order, reply } => work.directory.push((order, reply)),
            }
        }
        self.run(work, false)
    }

    /// Tries a batch until it is committed or given up. `unknown` says that an earlier attempt may have
    /// been committed, of which nothing was heard.
    fn run(&mut self, mut work: Work<A>, mut unknown: bool) -> Committed<A::Command> {
        let mut tries = 0;
        let mut recovered = false;
        loop {
            let error = match self.attempt(&work) {
                Ok(done) => {
                    failpoint::hit("door.after_commit");
                    for ((_, reply), answer) in work.commands.into_iter().zip(done.answers) {
                        reply(answer);
                    }
                    for ((_, reply), rows) in work.directory.into_iter().zip(done.found) {
                        reply(Ok(rows));
                    }
                    let Done { outgoing, records, office_opens, .. } = done;
                    return Committed { outgoing, records, office_opens, recovered };
                }
                Err(Trouble::Bug(place, what)) => {
                    self.reset();
                    let (request, reply) = work.commands.remove(place);
                    reply(Err(DoorError::Bug(format!("command {}: {what}", request.id))));
                    continue;
                }
                Err(Trouble::Store(error)) => error,
            };
            self.reset();
            tries += 1;
            unknown |= matches!(error, StoreError::CommitUnknown(_));
            match error {
                StoreError::Contention(_) if tries < TRIES_MAX => {
                    std::thread::sleep(std::time::Duration::from_millis(u64::from(tries.min(10))));
                }
                // The connection may hold the truth back: a new one looks every command up by its id.
                StoreError::CommitUnknown(_) | StoreError::Unavailable(_) if tries < 5 => {
                    self.let_go();
                    recovered = true;
                    std::thread::sleep(std::time::Duration::from_millis(20 * u64::from(tries)));
                }
                error if work.commands.len() + work.directory.len() + work.acks.len() > 1 => {
                    return self.one_by_one(work, &error, recovered, unknown);
                }
                error => {
                    if matches!(error, StoreError::CommitUnknown(_) | StoreError::Unavailable(_)) {
                        self.let_go();
                    }
                    fail(work, &error, unknown);
                    return Committed { outgoing: Vec::new(), records: 0, office_opens: None, recovered };
                }
            }
        }
    }

    fn one_by_one(
        &mut self,
        work: Work<A>,
        error: &StoreError,
        recovered: bool,
        unknown: bool,
    ) -> Committed<A::Command> {
        let mut all = Committed { outgoing: Vec::new(), records: 0, office_opens: None, recovered };
        let gone = matches!(error, StoreError::CommitUnknown(_) | StoreError::Unavailable(_));
        if gone {
            self.let_go();
            fail(work, error, unknown);
            return all;
        }
        let single = || Work { commands: Vec::new(), acks: Vec::new(), directory: Vec::new() };
        let mut parts = Vec::new();
        parts.extend(work.directory.into_iter().map(|d| Work { directory: vec![d], ..single() }));
        parts.extend(work.commands.into_iter().map(|c| Work { commands: vec![c], ..single() }));
        parts.extend(work.acks.into_iter().map(|a| Work { acks: vec![a], ..single() }));
        for part in parts {
            let done = self.run(part, unknown);
            all.outgoing.extend(done.outgoing);
            all.records += done.records;
            all.office_opens = done.office_opens.or(all.office_opens);
            all.recovered |= done.recovered;
        }
        all
    }

    /// Outbox rows of these cells: what a crash, or another server, left undelivered.
    pub(crate) fn undelivered(&mut self, cells: &[Cell]) -> Result<Vec<Outgoing<A::Command>>, StoreError> {
        let keys: Vec<Key> = cells.iter().map(|cell| key![*cell]).collect();
        let read = self.connection()?.load_many(Outbox::table(), &[0], &keys);
        if read.is_err() {
            // An idle server has nobody else who would notice that its connection is gone.
            self.let_go();
        }
        let rows = read?;
        let mut outgoing = Vec::with_capacity(rows.len());
        for row in rows {
            let row = Outbox::from_row(&row).map_err(|e| StoreError::Other(e.to_string()))?;
            let command = cbor::from_bytes(&row.body).map_err(|e| StoreError::Other(e.to_string()))?;
            outgoing.push(Outgoing { from: (row.cell, row.seq, row.line), id: row.command_id, at: row.at, command });
        }
        outgoing.sort_by_key(|o| o.from);
        Ok(outgoing)
    }

    pub(crate) fn connection(&mut self) -> Result<&mut Box<dyn Connection>, StoreError> {
        if self.connection.is_none() {
            let mut made = self.backend.connect()?;
            if self.durability != Durability::default() {
                made.set_durability(self.durability)?;
            }
            self.connection = Some(made);
        }
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("not connected".to_owned()))
    }

    /// Says when what this writer commits becomes durable.
    pub(crate) fn set_durability(&mut self, durability: Durability) -> Result<(), StoreError> {
        self.durability = durability;
        self.connection()?.set_durability(durability)
    }

    /// After trouble: the next attempt gets a new connection, unless the database must keep the old one.
    fn let_go(&mut self) {
        if !self.backend.keeps_connection_after_errors() {
            self.connection = None;
        }
    }

    fn reset(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.rollback();
        }
        self.overlay.clear();
        self.versions.clear();
    }

    fn attempt(&mut self, work: &Work<A>) -> Result<Done<A::Command>, Trouble> {
        self.connection()?.begin()?;
        let mut found = Vec::with_capacity(work.directory.len());
        for (order, _) in &work.directory {
            found.push(order.run(self.connection()?.as_mut())?);
        }
        let mut attempt = Attempt::new(self);
        let answers = attempt.decide_all(work)?;
        let Attempt { cells, mut writes, outgoing, records, office_opens, .. } = attempt;
        writes.acks = work.acks.iter().map(|(cell, seq, line)| key![*cell, *seq, *line]).collect();
        writes.changes = self.overlay.changes();
        for (_, open) in cells.into_iter().filter(|(_, open)| open.changed) {
            writes.heads.push(Head { range: open.range.to_bytes(), ..open.head });
        }
        if writes.is_empty() && work.directory.is_empty() {
            self.connection()?.rollback();
            self.overlay.settle();
            return Ok(Done { answers, found, outgoing, records, office_opens });
        }
        writes.send(self.connection()?.as_mut())?;
        failpoint::hit("door.before_commit");
        self.connection()?.commit()?;
        self.overlay.settle();
        for head in &writes.heads {
            self.versions.insert(head.cell, head.version + 1);
        }
        if self.overlay.len() > CACHE_ROWS_MAX {
            self.overlay.clear();
        }
        if let Some(tap) = &mut self.tap {
            tap(writes);
        }
        Ok(Done { answers, found, outgoing, records, office_opens })
    }
}

fn fail<A: App>(work: Work<A>, error: &StoreError, unknown: bool) {
    let told = match error {
        _ if unknown => DoorError::Unknown(error.to_string()),
        StoreError::Constraint(what) => DoorError::Bug(what.clone()),
        other => DoorError::Storage(other.to_string()),
    };
    for (request, reply) in work.commands {
        let told = match &told {
            DoorError::Bug(what) => DoorError::Bug(format!("command {}: {what}", request.id)),
            other => other.clone(),
        };
        reply(Err(told));
    }
    for (_, reply) in work.directory {
        reply(Err(told.clone()));
    }
}
