//! The door's own tables: heads, journal, outbox, proposals.

use std::sync::Arc;

use basics::{Cell, Date, Id, Instant};

use crate::table::{Record, Table};

crate::table! {
    /// The head of a cell: the point of order.
    pub struct CellHead = "cell_head" (Household, Primary, key 1) {
        /// The cell.
        cell: Cell,
        /// Records in its journal.
        seq: i64,
        /// Compact range of its Merkle log.
        range: Vec<u8>,
        /// The date entries are booked on.
        open_date: Date,
        /// Raised by every batch that changes the cell.
        version: i64,
    }
}

crate::table! {
    /// The journal: one record a command, the exact bytes that were hashed.
    pub struct Journal = "journal" (Household, Primary, key 2) {
        /// The cell.
        cell: Cell,
        /// Place in the cell's journal, from 1, without gaps.
        seq: i64,
        /// The command's id, unique in the cell for ever.
        command_id: Id,
        /// RFC 6962 leaf hash of the bytes.
        leaf: Vec<u8>,
        /// The record.
        bytes: Arc<[u8]>,
    }
    unique "journal_command" ["cell", "command_id"];
}

crate::table! {
    /// Commands for other cells that are not yet known to be done.
    pub struct Outbox = "outbox" (Household, Primary, key 3) {
        /// The sending cell.
        cell: Cell,
        /// The record that sent it.
        seq: i64,
        /// Its place within the record.
        line: i64,
        /// The command id at the target.
        command_id: Id,
        /// When the cause was asked.
        at: Instant,
        /// The command.
        body: Vec<u8>,
    }
}

crate::text_enum! {
    /// What became of a proposal.
    pub enum ProposalState {
        /// Waiting for a second person.
        Open = "open",
        /// Approved and done.
        Approved = "approved",
        /// Rejected.
        Rejected = "rejected",
    }
}

crate::table! {
    /// A command kept for a second person.
    pub struct Proposal = "proposal" (Household, State, key 2) {
        /// The cell.
        cell: Cell,
        /// The command id of the proposing.
        id: Id,
        /// What became of it.
        state: ProposalState,
        /// The act, as in the permission table.
        act: String,
        /// The amount at stake in minor units.
        amount_minor: i64,
        /// Who proposed.
        proposed_by: Id,
        /// When.
        proposed_at: Instant,
        /// The command's bytes.
        command: Vec<u8>,
        /// The outcome that was shown.
        shown: Vec<u8>,
        /// Who closed it.
        closed_by: Option<Id>,
        /// Why it was rejected.
        reason: Option<String>,
    }
    index "proposal_by_state" ["cell", "state", "proposed_at", "id"];
}

/// The door's tables, in the order they are made.
pub fn all() -> Vec<&'static Table> {
    vec![CellHead::table(), Journal::table(), Outbox::table(), Proposal::table()]
}
