//! Connections for those who only read: lists, pages, audits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::backend::{Backend, Connection, StoreError};

/// A small pool of read connections.
///
/// ```no_run
/// # fn heads(backend: std::sync::Arc<dyn door::Backend>) -> Result<usize, door::StoreError> {
/// use door::table::Record;
/// let readers = door::Readers::new(backend, 4);
/// readers.with(|reader| Ok(reader.scan(door::tables::CellHead::table(), &[], None, 5_000)?.len()))
/// # }
/// ```
pub struct Readers {
    backend: Arc<dyn Backend>,
    idle: Mutex<Idle>,
    freed: Condvar,
}

struct Idle {
    connections: Vec<Box<dyn Connection>>,
    /// How many more may be opened.
    unopened: usize,
}

impl Readers {
    /// A pool that opens `connections_max` connections at most, each when it is first needed.
    pub fn new(backend: Arc<dyn Backend>, connections_max: usize) -> Readers {
        let idle = Idle { connections: Vec::new(), unopened: connections_max.max(1) };
        Readers { backend, idle: Mutex::new(idle), freed: Condvar::new() }
    }

    /// Runs `read` on one state of the database. Waits while all connections are in use.
    ///
    /// A connection that failed is closed; the next reader gets a new one.
    pub fn with<T>(&self, read: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut lent = self.lend()?;
        let mut begun = lent.connection()?.begin_snapshot();
        if let Err(StoreError::Unavailable(_)) = begun {
            // The server was started anew since: what the pool holds is of no use.
            self.lock().forget();
            lent.held = Some(self.backend.connect()?);
            begun = lent.connection()?.begin_snapshot();
        }
        let outcome = begun.and_then(|()| lent.connection().and_then(read));
        match &outcome {
            Err(StoreError::Unavailable(_) | StoreError::CommitUnknown(_)) => lent.held = None,
            _ => lent.connection()?.rollback(),
        }
        outcome
    }

    fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let mut idle = self.lock();
        loop {
            if let Some(connection) = idle.connections.pop() {
                return Ok(Lent { readers: self, held: Some(connection) });
            }
            if idle.unopened > 0 {
                idle.unopened -= 1;
                drop(idle);
                // From here on `Lent` gives the place back, also when connecting fails.
                let mut lent = Lent { readers: self, held: None };
                lent.held = Some(self.backend.connect()?);
                return Ok(lent);
            }
            idle = self.freed.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn forget(&mut self) {
        self.unopened += self.connections.len();
        self.connections.clear();
    }
}

/// A connection, or the place for one, that comes back to the pool however its use ends.
struct Lent<'a> {
    readers: &'a Readers,
    held: Option<Box<dyn Connection>>,
}

impl Lent<'_> {
    fn connection(&mut self) -> Result<&mut dyn Connection, StoreError> {
        match &mut self.held {
            Some(connection) => Ok(connection.as_mut()),
            None => Err(StoreError::Unavailable("the connection of a reader is gone".to_owned())),
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut idle = self.readers.lock();
        match self.held.take() {
            // A reader that panicked has left its snapshot open.
            Some(connection) if !std::thread::panicking() => idle.connections.push(connection),
            _ => idle.unopened += 1,
        }
        self.readers.freed.notify_one();
    }
}
