//! One attempt at a batch: look up, load, decide in order, book.
//!
//! Everything between the opening of a transaction and the writing of its rows. Nothing here
//! commits or answers; the writer does that, or throws the attempt away.

use std::collections::{BTreeMap, HashMap};

use basics::merkle::{CompactRange, leaf_hash};
use basics::{Cell, Date, Id, cbor};

use crate::app::{App, Change, Context, ROUNDS_MAX, Refusal, Stamp, Stop};
use crate::backend::{Head, StoreError};
use crate::key;
use crate::overlay::{Fault, Needs, Overlay};
use crate::permission::{ActorKind, Verdict, may_approve, may_do};
use crate::record::{JournalRecord, Step, VERSION};
use crate::request::{Answer, DoorError, Order, Request, StepKind};
use crate::table::{Key, Record, Row, Table, Value};
use crate::tables::{Journal, Outbox, Proposal, ProposalState};
use crate::writer::{Outgoing, Trouble, Work, Writer};
use crate::writes::Writes;

/// A cell while a batch is decided.
pub(crate) struct OpenCell {
    pub(crate) head: Head,
    pub(crate) range: CompactRange,
    pub(crate) changed: bool,
}

/// A command already answered.
pub(crate) struct Known {
    actor: (ActorKind, Id),
    digest: Vec<u8>,
    answer: Answer,
}

/// One attempt at a batch.
pub(crate) struct Attempt<'a, A: App> {
    pub(crate) writer: &'a mut Writer<A>,
    pub(crate) cells: BTreeMap<Cell, OpenCell>,
    pub(crate) known: HashMap<(Cell, Id), Known>,
    pub(crate) writes: Writes,
    pub(crate) outgoing: Vec<Outgoing<A::Command>>,
    pub(crate) records: u64,
    pub(crate) office_opens: Option<Date>,
}

impl<'a, A: App> Attempt<'a, A> {
    /// An attempt in the transaction that the writer's connection has open.
    pub(crate) fn new(writer: &'a mut Writer<A>) -> Attempt<'a, A> {
        Attempt {
            writer,
            cells: BTreeMap::new(),
            known: HashMap::new(),
            writes: Writes::default(),
            outgoing: Vec::new(),
            records: 0,
            office_opens: None,
        }
    }

    pub(crate) fn decide_all(&mut self, work: &Work<A>) -> Result<Vec<Result<Answer, DoorError>>, Trouble> {
        if work.commands.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<Cell> = work.commands.iter().map(|(request, _)| self.cell_of(&request.order)).collect();
        self.open_cells(&places)?;
        self.look_up(work, &places)?;
        self.preload(work, &places)?;
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

    fn preload(&mut self, work: &Work<A>, places: &[Cell]) -> Result<(), Trouble> {
        for _ in 0..ROUNDS_MAX {
            let mut needs = Needs::default();
            for (place, ((request, _), cell)) in work.commands.iter().zip(places).enumerate() {
                // A cell that this database does not have is answered later, and reads nothing.
                if self.cells.contains_key(cell) {
                    let asked = self.ask_within(&request.order, *cell, &mut needs);
                    asked.map_err(|fault| Trouble::Bug(place, fault.to_string()))?;
                }
            }
            if !self.load(needs)? {
                break;
            }
        }
        Ok(())
    }

    /// Asks, and holds a command to its own cell: rows of a cell that this batch has not locked would be
    /// cached without the version that makes a cache valid.
    fn ask_within(&self, order: &Order<A::Command>, cell: Cell, needs: &mut Needs) -> Result<(), Fault> {
        let (from, firsts_from) = (needs.wanted.len(), needs.firsts.len());
        self.ask(order, needs)?;
        let own = Value::Int(i64::from(cell.0));
        let rows = needs.wanted[from..].iter().map(|(table, prefix)| (table, prefix));
        let firsts = needs.firsts[firsts_from..].iter().map(|(table, prefix, _)| (table, prefix));
        match rows.chain(firsts).find(|(_, prefix)| prefix.first() != Some(&own)) {
            None => Ok(()),
            Some((table, _)) => {
                Err(Fault::Broken(format!("a command of {cell:?} asked for rows of table `{}` elsewhere", table.name)))
            }
        }
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
        let any_first = self.load_firsts(needs.firsts)?;
        let any = any_first || !groups.is_empty();
        for (table, len, mut keys) in groups {
            keys.sort_unstable();
            keys.dedup();
            let columns: Vec<usize> = (0..len).collect();
            let rows = self.writer.connection()?.load_many(table, &columns, &keys)?;
            self.writer.overlay.fill(table, keys, rows);
        }
        Ok(any)
    }

    /// Loads the beginnings of lists that are not yet held, one statement a table; whether there was anything.
    fn load_firsts(&mut self, firsts: Vec<(&'static Table, Key, usize)>) -> Result<bool, Trouble> {
        let mut beginnings: Vec<Beginnings> = Vec::new();
        for (table, prefix, limit) in firsts {
            if self.writer.overlay.has_first(table, &prefix) {
                continue;
            }
            let len = prefix.len();
            let same = |b: &&mut Beginnings| std::ptr::eq(b.table, table) && (b.len, b.limit) == (len, limit);
            match beginnings.iter_mut().find(same) {
                Some(of_table) => drop(of_table.found.insert(prefix, Vec::new())),
                None => {
                    beginnings.push(Beginnings { table, len, limit, found: BTreeMap::from([(prefix, Vec::new())]) })
                }
            }
        }
        let any = !beginnings.is_empty();
        for Beginnings { table, len, limit, mut found } in beginnings {
            let prefixes: Vec<Key> = found.keys().cloned().collect();
            for row in self.writer.connection()?.scan_many(table, &prefixes, limit)? {
                let rows = found.get_mut(&row[..len.min(row.len())]).ok_or_else(|| {
                    StoreError::Other(format!("table `{}` answered a row that was not asked for", table.name))
                })?;
                rows.push(row);
            }
            for (prefix, rows) in found {
                let whole = rows.len() < limit;
                self.writer.overlay.fill_first(table, prefix, rows, whole);
            }
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
            let asked = self.ask_within(&request.order, cell, &mut needs);
            asked.map_err(|fault| Trouble::Bug(place, fault.to_string()))?;
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

/// The beginnings of lists of one table, by their prefixes of one length.
struct Beginnings {
    table: &'static Table,
    len: usize,
    limit: usize,
    found: BTreeMap<Key, Vec<Row>>,
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
