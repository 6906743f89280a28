//! What the door asks of the application: pure handlers over slices, and how facts become rows.

use basics::{Cell, Date, Id, Instant};
use minicbor::{Decode, Encode};

use crate::overlay::{Fault, Needs, Overlay};
use crate::permission::{Act, Actor, Rule};
use crate::table::{Record, Row, Table};

/// Values that are stored as deterministic bytes.
pub trait Stored: Encode<()> + for<'b> Decode<'b, ()> + Clone + Send + Sync + 'static {}
impl<T: Encode<()> + for<'b> Decode<'b, ()> + Clone + Send + Sync + 'static> Stored for T {}

/// The application behind the door.
///
/// Handlers are pure: they read the overlay and the context and answer a [`Change`].
/// Tables of origin `State` and `Log` change only through [`App::apply`], the same
/// function that rebuilds them from the journal.
pub trait App: Send + Sync + 'static {
    /// What can be asked.
    type Command: Stored;
    /// What is answered.
    type Outcome: Stored;
    /// What is remembered.
    type Fact: Stored;

    /// Every table of the application.
    fn tables(&self) -> Vec<&'static Table>;

    /// The permission table.
    fn rules(&self) -> &[Rule];

    /// The cell a command changes.
    fn cell(&self, command: &Self::Command) -> Cell;

    /// What a command asks, for the permission table.
    fn act(&self, command: &Self::Command) -> Act;

    /// The rows a command reads. Called again after each load until it asks for nothing
    /// new, so that a command may follow references; at most [`ROUNDS_MAX`] times.
    fn needs(&self, command: &Self::Command, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault>;

    /// Decides a command. A [`Refusal`] stores nothing; a business no is a [`Change`].
    fn decide(&self, slice: &Overlay, command: &Self::Command, context: &Context) -> Decided<Self>;

    /// Turns one fact into rows. Total over every fact that `decide` has ever produced.
    fn apply(&self, books: &mut Overlay, stamp: &Stamp, fact: &Self::Fact) -> Result<(), Fault>;

    /// Identities that must hold inside one cell; findings in plain words. For audit.
    fn check_cell(&self, cell: Cell, books: &Overlay, sums: &mut CrossSums) -> Result<Vec<String>, Fault>;

    /// Identities over all cells, from what the cells reported.
    fn check_all(&self, sums: &CrossSums) -> Vec<String>;

    /// Log rows as the audit meets them, so that `check_cell` can prove balances from postings.
    fn observe_log(&self, table: &'static Table, rows: &[Row], sums: &mut CrossSums) -> Result<(), Fault>;
}

/// How often a command may ask for more rows after seeing what it asked for.
pub const ROUNDS_MAX: usize = 6;

/// What a handler answers.
pub type Decided<A> = Result<Change<A>, Stop>;

/// Why a handler gave no change.
#[derive(Debug)]
pub enum Stop {
    /// The command is not valid or not allowed.
    Refused(Refusal),
    /// The program or the database is at fault.
    Fault(Fault),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

/// A command that cannot be taken: nothing is stored and its id stays free.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A stable code for programs, such as `amount_not_positive`.
    pub code: &'static str,
    /// For people: what is wrong and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal with a stable code and words that say what to do.
    pub fn new(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }
}

/// What a command changes.
#[derive(Debug)]
pub struct Change<A: App + ?Sized> {
    /// What the caller is told, now and whenever the command is sent again.
    pub outcome: A::Outcome,
    /// What is remembered; at least one fact.
    pub facts: Vec<A::Fact>,
    /// Commands for other cells, delivered at least once and recognised by their ids.
    pub messages: Vec<Message<A::Command>>,
    /// Rows of `Primary` tables that no fact can give back: ciphertext.
    pub side: Vec<(&'static Table, Row)>,
    /// Rows of `Primary` tables to remove, asked for by `needs`: personal data that is erased.
    pub forget: Vec<(&'static Table, crate::table::Key)>,
    /// Set by the last step of a close: the cell's new open date.
    pub opens: Option<Date>,
}

impl<A: App + ?Sized> Change<A> {
    /// An outcome and its facts.
    pub fn new(outcome: A::Outcome, facts: Vec<A::Fact>) -> Change<A> {
        Change { outcome, facts, messages: Vec::new(), side: Vec::new(), forget: Vec::new(), opens: None }
    }

    /// With a command for another cell.
    #[must_use]
    pub fn with_message(mut self, message: Message<A::Command>) -> Change<A> {
        self.messages.push(message);
        self
    }

    /// With a row that no fact can give back.
    #[must_use]
    pub fn with_side<R: Record>(mut self, record: &R) -> Change<A> {
        self.side.push((R::table(), record.to_row()));
        self
    }
}

/// A command for another cell, sent by the platform itself.
#[derive(Clone, Debug)]
pub struct Message<C> {
    /// Its command id there, derived from what caused it, so that a repeat is recognised.
    pub id: Id,
    /// The command.
    pub command: C,
}

/// What a handler knows beside its slice.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The command's id.
    pub command_id: Id,
    /// Who asks.
    pub actor: Actor,
    /// When it was asked.
    pub at: Instant,
    /// The cell that is changed.
    pub cell: Cell,
    /// The cell's open date: the booking date of every entry made now.
    pub open_date: Date,
    /// How many household cells the database has.
    pub cells: u16,
}

/// Where a fact stands in the journal.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// The cell.
    pub cell: Cell,
    /// The record's place in the cell's journal, from 1, without gaps.
    pub seq: i64,
    /// The place of the fact within its record.
    pub index: i64,
    /// The command that caused it.
    pub command_id: Id,
    /// The date it is booked on.
    pub booking_date: Date,
    /// When it was asked.
    pub at: Instant,
    /// Who asked.
    pub actor: Actor,
}

/// Sums that cells report to the audit, by name; summed over cells, they must meet.
#[derive(Debug, Default, Clone)]
pub struct CrossSums {
    /// Named sums.
    pub sums: std::collections::BTreeMap<String, i128>,
}

impl CrossSums {
    /// Adds to a named sum.
    pub fn add(&mut self, name: impl Into<String>, amount: i128) {
        *self.sums.entry(name.into()).or_default() += amount;
    }

    /// A named sum; 0 if nobody reported one.
    pub fn get(&self, name: &str) -> i128 {
        self.sums.get(name).copied().unwrap_or(0)
    }
}
