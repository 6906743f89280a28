//! What the door asks of a database. `store` answers it twice, for SQLite and for PostgreSQL.

use basics::{Cell, Date, Id, Instant};

use crate::table::{Key, Row, Table, Value};

/// A database that can be connected to more than once.
pub trait Backend: Send + Sync {
    /// `sqlite` or `postgres`.
    fn name(&self) -> &'static str;

    /// How many household cells the database was made with.
    fn cells(&self) -> u16;

    /// How many writers may work beside each other; cells are dealt out by `cell mod writers`.
    fn writers(&self) -> usize;

    /// Whether a writer goes on with its connection after an error, rather than make a new one.
    ///
    /// SQLite must: after a failed sync the log holds a transaction that the disk may have lost, though the
    /// system still shows it. The connection that failed knows, and writes over it; a new one would take
    /// it for committed, and everything acknowledged after it would be lost with it at the next power cut.
    fn keeps_connection_after_errors(&self) -> bool {
        self.name() == "sqlite"
    }

    /// A connection of its own.
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError>;
}

/// When what a connection commits is safe from a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Before the commit is answered: what every connection begins with, and the only choice where others rely on answers.
    #[default]
    EachCommit,
    /// With the next [`Connection::make_durable`] at the latest. A power cut before it takes the last commits away, in their
    /// order and each whole; a process that is killed loses nothing. For runs that can be repeated, such as a simulation.
    Later,
}

/// One connection: the bulk primitives and the few statements about order.
pub trait Connection: Send {
    /// Begins a transaction that will write.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Begins a transaction that only reads, all of it one state of the database.
    fn begin_snapshot(&mut self) -> Result<(), StoreError>;

    /// Commits. After [`StoreError::CommitUnknown`] the caller must look its commands up.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Rolls back; never fails: a broken connection has rolled back already.
    fn rollback(&mut self);

    /// Says when the commits of this connection become durable. Not inside a transaction.
    fn set_durability(&mut self, durability: Durability) -> Result<(), StoreError>;

    /// Makes durable what this connection has committed so far. Not inside a transaction.
    fn make_durable(&mut self) -> Result<(), StoreError>;

    /// Reads and locks the heads of these cells, in cell order.
    fn lock_heads(&mut self, cells: &[Cell]) -> Result<Vec<Head>, StoreError>;

    /// Writes heads back, naming the version each had; how many were still at it.
    fn swap_heads(&mut self, heads: &[Head]) -> Result<usize, StoreError>;

    /// All rows whose named columns equal one of the keys.
    fn load_many(&mut self, table: &'static Table, columns: &[usize], keys: &[Key]) -> Result<Vec<Row>, StoreError>;

    /// Adds rows.
    fn insert_many(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError>;

    /// Rewrites the columns beside the key; every row must exist.
    fn update_many(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), StoreError>;

    /// Removes rows by key; absent ones are no error.
    fn delete_many(&mut self, table: &'static Table, keys: &[Key]) -> Result<(), StoreError>;

    /// A page of rows in key order, after `after`, whose key begins with `prefix`.
    fn scan(
        &mut self,
        table: &'static Table,
        prefix: &[Value],
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// The first `limit` rows in key order under each of these prefixes, which are distinct and of one length.
    ///
    /// One search a prefix, unless a database can answer all of them with one statement.
    fn scan_many(&mut self, table: &'static Table, prefixes: &[Key], limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        for prefix in prefixes {
            found.extend(self.scan(table, prefix, None, limit)?);
        }
        Ok(found)
    }

    /// A page of a list for people.
    fn list(&mut self, list: &List) -> Result<Vec<Row>, StoreError>;

    /// Adds directory rows where the hash is free; answers the rows that now stand, in the order asked.
    fn directory_claim(&mut self, rows: &[DirectoryRow]) -> Result<Vec<DirectoryRow>, StoreError>;

    /// Replaces rows that still stand as given; says of each whether it was replaced.
    fn directory_swap(&mut self, swaps: &[(DirectoryRow, Option<DirectoryRow>)]) -> Result<Vec<bool>, StoreError>;

    /// The rows of these hashes.
    fn directory_find(&mut self, hashes: &[[u8; 32]]) -> Result<Vec<DirectoryRow>, StoreError>;

    /// Claims made before an instant and never confirmed, oldest first.
    fn directory_stale(&mut self, before: Instant, limit: usize) -> Result<Vec<DirectoryRow>, StoreError>;
}

/// A list for people: equal columns, an order, a place to go on from.
#[derive(Clone, Debug)]
pub struct List {
    /// The table.
    pub table: &'static Table,
    /// Columns that must equal these values.
    pub equal: Vec<(&'static str, Value)>,
    /// Columns the list is ordered by; must make rows unique together.
    pub order: Vec<&'static str>,
    /// Newest or largest first.
    pub descending: bool,
    /// Values of the order columns of the last row already shown.
    pub after: Option<Vec<Value>>,
    /// How many rows at most.
    pub limit: usize,
}

/// The head of a cell: the point of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The cell.
    pub cell: Cell,
    /// How many records its journal has.
    pub seq: i64,
    /// The compact range of its Merkle log.
    pub range: Vec<u8>,
    /// The date entries are booked on.
    pub open_date: Date,
    /// Raised by every batch that changes the cell.
    pub version: i64,
}

crate::text_enum! {
    /// How far an enrolment has come in the directory.
    pub enum ClaimState {
        /// Claimed; the household may not exist yet.
        Claimed = "claimed",
        /// The household exists in its cell.
        Confirmed = "confirmed",
    }
}

/// A directory row: the keyed hash of a resident id, and where its person lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryRow {
    /// Keyed hash of the resident id.
    pub hash: [u8; 32],
    /// The cell of the household.
    pub cell: Cell,
    /// The household.
    pub household: Id,
    /// The person.
    pub person: Id,
    /// How far the enrolment has come.
    pub state: ClaimState,
    /// When it was claimed.
    pub claimed_at: Instant,
}

/// What a database can answer instead of doing it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The commit was sent and its outcome is not known.
    #[error("the outcome of a commit is unknown: {0}")]
    CommitUnknown(String),
    /// A key or check refused a row: a bug, or a database altered by hand.
    #[error("a constraint of the database was violated: {0}")]
    Constraint(String),
    /// Another transaction was in the way; trying again may help.
    #[error("another transaction was in the way: {0}")]
    Contention(String),
    /// No space is left.
    #[error("the disk is full: free some space and send the command again ({0})")]
    Full(String),
    /// The connection or the file failed.
    #[error("the database cannot be reached or read: {0}")]
    Unavailable(String),
    /// The database was made by a newer version of the program.
    #[error("the database has schema version {found}, this program knows up to {known}: install the newer program")]
    Newer {
        /// What stands in the database.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The file or database is not one of Tianxin's.
    #[error("{0}")]
    Foreign(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}
