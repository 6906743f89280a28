//! A batch of commands, from slices to commit.
//!
//! One writer owns one connection and the cells of one group. [`Writer::step`] takes the
//! waiting jobs, loads the rows they name (one statement a table), decides them in order
//! over the overlay, writes the merged changes (one statement a table and operation),
//! commits, and only then hands out the answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use basics::merkle::{CompactRange, leaf_hash};
use basics::{Cell, Date, Id, Instant, cbor};

use crate::app::{App, Change, Context, ROUNDS_MAX, Refusal, Stamp, Stop};
use crate::backend::{Backend, Connection, DirectoryRow, Head, StoreError};
use crate::directory::{DirectoryOrder, DirectoryReply};
use crate::overlay::{Changes, Fault, Needs, Overlay};
use crate::permission::{ActorKind, Verdict, may_approve, may_do};
use crate::record::{JournalRecord, Step, VERSION};
use crate::request::{Answer, DoorError, Order, Reply, Request, StepKind};
use crate::table::{Key, Record, Row, Table};
use crate::tables::{Journal, Outbox, Proposal, ProposalState};
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

/// Every row a batch writes, as it goes to the bulk primitives.
#[derive(Debug, Default)]
pub struct Writes {
    /// Merged changes of the application's and the door's state tables.
    pub changes: Vec<Changes>,
    /// Journal rows.
    pub journal: Vec<Row>,
    /// Outbox rows added.
    pub outbox: Vec<Row>,
    /// Outbox rows removed.
    pub acks: Vec<Key>,
    /// Heads, with the version each must still have.
    pub heads: Vec<Head>,
}

impl Writes {
    /// Sends the rows through the bulk primitives of a connection that is in a transaction.
    ///
    /// Public so that a benchmark can write the identical rows without the door.
    pub fn send(&self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        for changes in &self.changes {
            send_changes(connection, changes)?;
        }
        if !self.journal.is_empty() {
            connection.insert_many(Journal::table(), &self.journal)?;
        }
        if !self.outbox.is_empty() {
            connection.insert_many(Outbox::table(), &self.outbox)?;
        }
        if !self.acks.is_empty() {
            connection.delete_many(Outbox::table(), &self.acks)?;
        }
        if !self.heads.is_empty() && connection.swap_heads(&self.heads)? != self.heads.len() {
            return Err(StoreError::Contention("another writer changed a cell of this batch".to_owned()));
        }
        Ok(())
    }

    /// How many rows are written, changed or removed.
    pub fn rows(&self) -> usize {
        let changed: usize = self.changes.iter().map(|c| c.inserts.len() + c.updates.len() + c.deletes.len()).sum();
        changed + self.journal.len() + self.outbox.len() + self.acks.len() + self.heads.len()
    }

    fn is_empty(&self) -> bool {
        self.rows() == 0
    }
}

fn send_changes(connection: &mut dyn Connection, changes: &Changes) -> Result<(), StoreError> {
    if !changes.inserts.is_empty() {
        connection.insert_many(changes.table, &changes.inserts)?;
    }
    if !changes.updates.is_empty() {
        connection.update_many(changes.table, &changes.updates)?;
    }
    if !changes.deletes.is_empty() {
        connection.delete_many(changes.table, &changes.deletes)?;
    }
    Ok(())
}

/// Sees the rows of every committed batch; for benchmarks.
pub type Tap = Box<dyn FnMut(Writes) + Send>;

/// Owns a connection and writes the batches of one group of cells.
pub(crate) struct Writer<A: App> {
    app: Arc<A>,
    backend: Arc<dyn Backend>,
    connection: Option<Box<dyn Connection>>,
    overlay: Overlay,
    versions: HashMap<Cell, i64>,
    tap: Option<Tap>,
}

/// Why an attempt at a batch came to nothing.
enum Trouble {
    Store(StoreError),
    /// The command at this place made the program stumble.
    Bug(usize, String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::Store(error)
    }
}

/// A cell while a batch is decided.
struct OpenCell {
    head: Head,
    range: CompactRange,
    changed: bool,
}

/// A command already answered.
struct Known {
    actor: (ActorKind, Id),
    digest: Vec<u8>,
    answer: Answer,
}

/// One attempt at a batch.
struct Attempt<'a, A: App> {
    writer: &'a mut Writer<A>,
    cells: BTreeMap<Cell, OpenCell>,
    known: HashMap<(Cell, Id), Known>,
    writes: Writes,
    outgoing: Vec<Outgoing<A::Command>>,
    records: u64,
    office_opens: Option<Date>,
}

/// The commands, acknowledgements and directory steps of one batch.
struct Work<A: App> {
    commands: Vec<(Request<A::Command>, Reply)>,
    acks: Vec<OutboxKey>,
    directory: Vec<(DirectoryOrder, DirectoryReply)>,
}

impl<A: App> Writer<A> {
    pub(crate) fn new(app: Arc<A>, backend: Arc<dyn Backend>, tap: Option<Tap>) -> Writer<A> {
        Writer { app, backend, connection: None, overlay: Overlay::default(), versions: HashMap::new(), tap }
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

    fn connection(&mut self) -> Result<&mut Box<dyn Connection>, StoreError> {
        if self.connection.is_none() {
            self.connection = Some(self.backend.connect()?);
        }
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("not connected".to_owned()))
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
        let mut attempt = Attempt {
            writer: self,
            cells: BTreeMap::new(),
            known: HashMap::new(),
            writes: Writes::default(),
            outgoing: Vec::new(),
            records: 0,
            office_opens: None,
        };
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

impl<A: App> Attempt<'_, A> {
    fn decide_all(&mut self, work: &Work<A>) -> Result<Vec<Result<Answer, DoorError>>, Trouble> {
        if work.commands.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<Cell> = work.commands.iter().map(|(request, _)| self.cell_of(&request.order)).collect();
        self.open_cells(&places)?;
        self.look_up(work, &places)?;
        self.preload(work)?;
        let mut answers = Vec::with_capacity(work.commands.len());
        for (place, ((request, _), cell)) in work.commands.iter().zip(&places).enumerate() {
            answers.push(self.answer(place, request, *cell)?);
        }
        Ok(answers)
    }

    fn cell_of(&self, order: &Order<A::Command>) -> Cell {
        match order {
            Order::Do(command) | Order::Propose(command) => self.writer.app.cell(command),
            Order::Approve { cell, .. } | Order::Reject { cell, .. } => *cell,
        }
    }

    fn open_cells(&mut self, places: &[Cell]) -> Result<(), Trouble> {
        let mut cells = places.to_vec();
        cells.sort_unstable();
        cells.dedup();
        let heads = self.writer.connection()?.lock_heads(&cells)?;
        let cached = &self.writer.versions;
        if heads.iter().any(|head| cached.get(&head.cell).is_some_and(|version| *version != head.version)) {
            // All at once and before the new versions are noted: a cached row never outlives its cell's version.
            self.writer.overlay.clear();
            self.writer.versions.clear();
        }
        for head in heads {
            self.writer.versions.insert(head.cell, head.version);
            let range = CompactRange::from_bytes(&head.range)
                .filter(|range| i64::try_from(range.size()) == Ok(head.seq))
                .ok_or_else(|| {
                    StoreError::Other(format!("the head of {:?} is damaged: run `audit verify`", head.cell))
                })?;
            self.cells.insert(head.cell, OpenCell { head, range, changed: false });
        }
        Ok(())
    }

    fn look_up(&mut self, work: &Work<A>, places: &[Cell]) -> Result<(), Trouble> {
        let keys: Vec<Key> =
            work.commands.iter().zip(places).map(|((request, _), cell)| key![*cell, request.id]).collect();
        let columns = [0, 2];
        for row in self.writer.connection()?.load_many(Journal::table(), &columns, &keys)? {
            let row = Journal::from_row(&row).map_err(|e| StoreError::Other(e.to_string()))?;
            let record: JournalRecord = cbor::from_bytes(&row.bytes).map_err(|e| StoreError::Other(e.to_string()))?;
            self.remember(&record, true);
        }
        Ok(())
    }

    fn remember(&mut self, record: &JournalRecord, replayed: bool) -> Answer {
        let answer = Answer {
            cell: record.cell,
            seq: record.seq,
            step: match record.step {
                Step::Decided | Step::Approved { .. } => StepKind::Decided,
                Step::Proposed { .. } => StepKind::Proposed,
                Step::Rejected { .. } => StepKind::Rejected,
            },
            outcome: record.outcome.as_slice().into(),
            replayed,
        };
        let known = Known {
            actor: (record.actor.kind, record.actor.id),
            digest: record.digest.to_vec(),
            answer: Answer { replayed: true, ..answer.clone() },
        };
        self.known.insert((record.cell, record.command_id), known);
        answer
    }

    fn preload(&mut self, work: &Work<A>) -> Result<(), Trouble> {
        for _ in 0..ROUNDS_MAX {
            let mut needs = Needs::default();
            for (place, (request, _)) in work.commands.iter().enumerate() {
                self.ask(&request.order, &mut needs).map_err(|fault| Trouble::Bug(place, fault.to_string()))?;
            }
            if !self.load(needs)? {
                break;
            }
        }
        Ok(())
    }

    fn ask(&self, order: &Order<A::Command>, needs: &mut Needs) -> Result<(), Fault> {
        let slice = &self.writer.overlay;
        match order {
            Order::Do(command) | Order::Propose(command) => self.writer.app.needs(command, slice, needs),
            Order::Approve { cell, proposal } | Order::Reject { cell, proposal, .. } => {
                let key = key![*cell, *proposal];
                let known = slice.has(Proposal::table(), &key);
                needs.rows::<Proposal>(key.clone());
                if known && let Some(proposal) = slice.get::<Proposal>(&key)? {
                    let command: A::Command = cbor::from_bytes(&proposal.command)?;
                    self.writer.app.needs(&command, slice, needs)?;
                }
                Ok(())
            }
        }
    }

    /// Loads what is not yet held; whether there was anything.
    fn load(&mut self, needs: Needs) -> Result<bool, Trouble> {
        let mut groups: Vec<(&'static Table, usize, Vec<Key>)> = Vec::new();
        for (table, prefix) in needs.wanted {
            if self.writer.overlay.has(table, &prefix) {
                continue;
            }
            match groups.iter_mut().find(|(t, len, _)| std::ptr::eq(*t, table) && *len == prefix.len()) {
                Some((_, _, keys)) => keys.push(prefix),
                None => groups.push((table, prefix.len(), vec![prefix])),
            }
        }
        let any = !groups.is_empty();
        for (table, len, mut keys) in groups {
            keys.sort_unstable();
            keys.dedup();
            let columns: Vec<usize> = (0..len).collect();
            let rows = self.writer.connection()?.load_many(table, &columns, &keys)?;
            self.writer.overlay.fill(table, keys, rows);
        }
        Ok(any)
    }

    fn answer(
        &mut self,
        place: usize,
        request: &Request<A::Command>,
        cell: Cell,
    ) -> Result<Result<Answer, DoorError>, Trouble> {
        if let Some(known) = self.known.get(&(cell, request.id)) {
            let same = known.actor == (request.actor.kind, request.actor.id) && known.digest == request.digest;
            return Ok(if same { Ok(known.answer.clone()) } else { Err(DoorError::Conflict(request.id)) });
        }
        let Some(open) = self.cells.get(&cell) else {
            let message = format!("there is no {cell:?} in this database: the id belongs to another institution");
            return Ok(Err(Refusal::new("unknown_cell", message).into()));
        };
        let context = Context {
            command_id: request.id,
            actor: request.actor,
            at: request.at,
            cell,
            open_date: open.head.open_date,
            cells: self.writer.backend.cells(),
        };
        let mut decided = self.decide(request, &context);
        for _ in 0..ROUNDS_MAX {
            // An earlier command of this batch changed what this one needs: load the rest now.
            let Err(Stop::Fault(Fault::NotLoaded(_))) = decided else { break };
            let mut needs = Needs::default();
            self.ask(&request.order, &mut needs).map_err(|fault| Trouble::Bug(place, fault.to_string()))?;
            if !self.load(needs)? {
                break;
            }
            decided = self.decide(request, &context);
        }
        match decided {
            Err(Stop::Refused(refusal)) => Ok(Err(refusal.into())),
            Err(Stop::Fault(fault)) => Err(Trouble::Bug(place, fault.to_string())),
            Ok((step, change)) => {
                self.book(request, cell, step, change).map(Ok).map_err(|fault| Trouble::Bug(place, fault.to_string()))
            }
        }
    }

    fn decide(&self, request: &Request<A::Command>, context: &Context) -> Result<(Step, Booking<A>), Stop> {
        let app = &self.writer.app;
        let slice = &self.writer.overlay;
        match &request.order {
            Order::Do(command) => {
                self.check_permission(request, command, false)?;
                Ok((Step::Decided, Booking::Change(app.decide(slice, command, context)?)))
            }
            Order::Propose(command) => {
                self.check_permission(request, command, true)?;
                let shown = app.decide(slice, command, context)?;
                let act = app.act(command);
                let step = Step::Proposed {
                    act: act.name.to_owned(),
                    amount_minor: act.amount_minor,
                    command: cbor::to_bytes(command).into(),
                };
                Ok((step, Booking::Shown(cbor::to_bytes(&shown.outcome))))
            }
            Order::Approve { cell, proposal } => {
                let row = self.open_proposal(*cell, *proposal)?;
                let command: A::Command = cbor::from_bytes(&row.command).map_err(Fault::from)?;
                if !may_approve(app.rules(), &request.actor, &app.act(&command), row.proposed_by) {
                    return Err(not_permitted(request, &row.act).into());
                }
                let change = app.decide(slice, &command, context)?;
                if cbor::to_bytes(&change.outcome) != row.shown {
                    let message =
                        "the proposal would now end differently from what was shown: reject it and propose it anew";
                    return Err(Refusal::new("outcome_changed", message).into());
                }
                Ok((Step::Approved { proposal: *proposal }, Booking::Change(change)))
            }
            Order::Reject { cell, proposal, reason } => {
                let row = self.open_proposal(*cell, *proposal)?;
                let command: A::Command = cbor::from_bytes(&row.command).map_err(Fault::from)?;
                let own = row.proposed_by == request.actor.id;
                if !own && !may_approve(app.rules(), &request.actor, &app.act(&command), row.proposed_by) {
                    return Err(not_permitted(request, &row.act).into());
                }
                if reason.trim().is_empty() || reason.chars().count() > 500 {
                    return Err(Refusal::new("reason_missing", "give the reason in 1 to 500 characters").into());
                }
                let step = Step::Rejected { proposal: *proposal, reason: reason.clone() };
                Ok((step, Booking::Shown(row.shown)))
            }
        }
    }

    fn open_proposal(&self, cell: Cell, proposal: Id) -> Result<Proposal, Stop> {
        let row = self.writer.overlay.get::<Proposal>(&key![cell, proposal])?;
        match row {
            Some(row) if row.state == ProposalState::Open => Ok(row),
            Some(row) => {
                let message = format!("the proposal is {} already", row.state.as_str());
                Err(Refusal::new("proposal_closed", message).into())
            }
            None => Err(Refusal::new("unknown_proposal", "there is no such proposal: check its id").into()),
        }
    }

    fn check_permission(
        &self,
        request: &Request<A::Command>,
        command: &A::Command,
        proposing: bool,
    ) -> Result<(), Refusal> {
        let act = self.writer.app.act(command);
        match may_do(self.writer.app.rules(), &request.actor, &act) {
            Verdict::Alone => Ok(()),
            Verdict::NeedsSecond if proposing => Ok(()),
            Verdict::NeedsSecond => Err(Refusal::new(
                "second_person_needed",
                format!("`{}` needs a second person here: propose it, and have it approved", act.name),
            )),
            Verdict::Denied => Err(not_permitted(request, act.name)),
        }
    }

    fn book(
        &mut self,
        request: &Request<A::Command>,
        cell: Cell,
        step: Step,
        booking: Booking<A>,
    ) -> Result<Answer, Fault> {
        let open = self.cells.get_mut(&cell).ok_or_else(|| Fault::Broken(format!("{cell:?} is not open")))?;
        let (outcome, facts, messages, side, forget, opens) = match booking {
            Booking::Shown(outcome) => (outcome, Vec::new(), Vec::new(), Vec::new(), Vec::new(), None),
            Booking::Change(Change { outcome, facts, messages, side, forget, opens }) => {
                if facts.is_empty() {
                    return Err(Fault::Broken("a change must carry at least one fact".to_owned()));
                }
                (cbor::to_bytes(&outcome), facts, messages, side, forget, opens)
            }
        };
        let record = JournalRecord {
            version: VERSION,
            cell,
            seq: open.head.seq + 1,
            command_id: request.id,
            actor: request.actor,
            at: request.at,
            booking_date: open.head.open_date,
            digest: request.digest.to_vec().into(),
            step,
            outcome: outcome.into(),
            facts: facts.iter().map(|fact| cbor::to_bytes(fact).into()).collect(),
            opens,
        };
        let bytes = cbor::to_bytes(&record);
        let leaf = leaf_hash(&bytes);
        open.range.append(leaf);
        open.head.seq = record.seq;
        open.changed = true;
        if let Some(date) = opens {
            open.head.open_date = date;
            if cell == Cell::OFFICE {
                self.office_opens = Some(date);
            }
        }
        apply_record(self.writer.app.as_ref(), &mut self.writer.overlay, &record, &facts)?;
        let journal =
            Journal { cell, seq: record.seq, command_id: request.id, leaf: leaf.to_vec(), bytes: bytes.into() };
        self.writes.journal.push(journal.to_row());
        for (table, row) in side {
            self.writer.overlay.put_row(table, row);
        }
        for (table, key) in forget {
            self.writer.overlay.remove_row(table, &key);
        }
        for (line, message) in messages.into_iter().enumerate() {
            let from = (cell, record.seq, line as i64);
            let row = Outbox {
                cell,
                seq: record.seq,
                line: from.2,
                command_id: message.id,
                at: request.at,
                body: cbor::to_bytes(&message.command),
            };
            self.writes.outbox.push(row.to_row());
            self.outgoing.push(Outgoing { from, id: message.id, at: request.at, command: message.command });
        }
        self.records += 1;
        Ok(self.remember(&record, false))
    }
}

/// What a decided order leaves to be booked.
enum Booking<A: App> {
    /// A change of the application.
    Change(Change<A>),
    /// An outcome that was only shown.
    Shown(Vec<u8>),
}

fn not_permitted<C>(request: &Request<C>, act: &str) -> Refusal {
    let role = request.actor.role.as_str();
    Refusal::new("not_permitted", format!("the role `{role}` may not do `{act}` here: ask someone who may"))
}

/// Turns a record into rows: the same for the writer and for the audit that rebuilds.
pub(crate) fn apply_record<A: App>(
    app: &A,
    books: &mut Overlay,
    record: &JournalRecord,
    facts: &[A::Fact],
) -> Result<(), Fault> {
    let close = |books: &mut Overlay, proposal: Id, state: ProposalState, reason: Option<String>| {
        let key = key![record.cell, proposal];
        let row = books.get::<Proposal>(&key)?.ok_or_else(|| Fault::Broken(format!("no proposal {proposal}")))?;
        books.put(&Proposal { state, closed_by: Some(record.actor.id), reason, ..row });
        Ok::<(), Fault>(())
    };
    match &record.step {
        Step::Decided => {}
        Step::Proposed { act, amount_minor, command } => books.put(&Proposal {
            cell: record.cell,
            id: record.command_id,
            state: ProposalState::Open,
            act: act.clone(),
            amount_minor: *amount_minor,
            proposed_by: record.actor.id,
            proposed_at: record.at,
            command: command.to_vec(),
            shown: record.outcome.to_vec(),
            closed_by: None,
            reason: None,
        }),
        Step::Approved { proposal } => close(books, *proposal, ProposalState::Approved, None)?,
        Step::Rejected { proposal, reason } => close(books, *proposal, ProposalState::Rejected, Some(reason.clone()))?,
    }
    for (index, fact) in facts.iter().enumerate() {
        let stamp = Stamp {
            cell: record.cell,
            seq: record.seq,
            index: index as i64,
            command_id: record.command_id,
            booking_date: record.booking_date,
            at: record.at,
            actor: record.actor,
        };
        app.apply(books, &stamp, fact)?;
    }
    Ok(())
}
