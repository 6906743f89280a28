//! The rows of a batch, as they go to the bulk primitives.

use crate::backend::{Connection, Head, StoreError};
use crate::overlay::Changes;
use crate::table::{Key, Record, Row};
use crate::tables::{Journal, Outbox};

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

    pub(crate) fn is_empty(&self) -> bool {
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
