//! The founded database of a benchmark, and identical copies of it for each run.

use std::sync::Arc;

use door::{Backend, Table};

use super::server::Server;
use super::sqlite::Folder;
use crate::config::Place;
use crate::failure::Failure;

/// The founded database on a server.
pub const FOUNDED: &str = "founded";
/// The data folder within the benchmark's own, and the founded database in it without a server.
const PLACE: &str = "place";
const FOUNDED_FILE: &str = "place/books";

/// Where the databases of one engine are.
pub struct Books {
    /// The server; none with the embedded engine.
    pub server: Option<Server>,
    /// The data folder is in here, and the embedded engine's files.
    pub folder: Folder,
}

impl Books {
    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        if self.server.is_some() { "postgres" } else { "sqlite" }
    }

    /// The data folder to be founded.
    pub fn place(&self) -> Place {
        let postgres = self.server.as_ref().map(|server| server.address(FOUNDED));
        Place { data: self.folder.path().join(PLACE), checkpoints: None, postgres }
    }

    /// Makes the empty database that is to be founded, in the place of what was there.
    pub fn make(&mut self, tables: &[&'static Table]) -> Result<Arc<dyn Backend>, Failure> {
        if let Some(server) = &mut self.server {
            server.create(FOUNDED, None)?;
            return server.open(FOUNDED, tables);
        }
        self.folder.remove(FOUNDED_FILE);
        let place = self.folder.path().join(PLACE);
        std::fs::create_dir_all(&place).map_err(|error| Failure::file(&place, "made", error))?;
        self.folder.open(FOUNDED_FILE, tables)
    }

    /// What a server needs once after the founding: statistics.
    pub fn founded(&self) -> Result<(), Failure> {
        self.server.as_ref().map_or(Ok(()), |server| server.analyse(FOUNDED))
    }

    /// Copies the founded database, which nobody may be connected to.
    pub fn copy(&mut self, name: &str) -> Result<(), Failure> {
        match &mut self.server {
            Some(server) => {
                server.create(name, Some(FOUNDED))?;
                server.checkpoint();
                Ok(())
            }
            None => self.folder.copy(FOUNDED_FILE, name),
        }
    }

    /// Opens a copy.
    pub fn open(&self, name: &str, tables: &[&'static Table]) -> Result<Arc<dyn Backend>, Failure> {
        match &self.server {
            Some(server) => server.open(name, tables),
            None => self.folder.open(name, tables),
        }
    }

    /// Bytes of a copy's file and log, or of the server's log.
    pub fn bytes(&self, name: &str) -> Result<u64, Failure> {
        match &self.server {
            Some(server) => server.log_bytes(),
            None => Ok(self.folder.bytes(name)),
        }
    }

    /// Removes a copy's files; a server's databases go when the benchmark ends.
    pub fn remove(&self, name: &str) {
        if self.server.is_none() {
            self.folder.remove(name);
        }
    }
}
