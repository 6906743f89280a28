//! A folder of its own for the embedded databases of a benchmark.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use basics::Date;
use door::{Backend, Table};
use store::{OpenOptions, SqliteBackend};

use super::county;
use crate::failure::Failure;

/// A folder that is removed in the end.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder below `parent`, or below the system's temporary folder.
    pub fn make(parent: Option<&Path>) -> Result<Folder, Failure> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = parent.join(format!("tianxin-bench-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| Failure::file(&path, "made", error))?;
        Ok(Folder { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A database of this name, with these tables; made where there is none.
    pub fn open(&self, name: &str, tables: &[&'static Table]) -> Result<Arc<dyn Backend>, Failure> {
        self.open_on(name, tables, county::open_date())
    }

    /// A database whose books, where they are made, are open on a day.
    pub fn open_on(&self, name: &str, tables: &[&'static Table], open_date: Date) -> Result<Arc<dyn Backend>, Failure> {
        let options = OpenOptions { open_date, ..OpenOptions::default() };
        Ok(Arc::new(SqliteBackend::open(self.file(name), tables, options)?))
    }

    /// Copies a database that nobody has open.
    pub fn copy(&self, from: &str, to: &str) -> Result<(), Failure> {
        let (from, to) = (self.file(from), self.file(to));
        fs::copy(&from, &to)
            .and_then(|_| fs::File::open(&to)?.sync_all())
            .map_err(|error| Failure::file(&from, "copied", error))
    }

    /// Removes a database.
    pub fn remove(&self, name: &str) {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.path.join(format!("{name}.db{end}")));
        }
    }

    /// Bytes of a database and its write-ahead log.
    pub fn bytes(&self, name: &str) -> u64 {
        let size = |end: &str| fs::metadata(self.path.join(format!("{name}.db{end}"))).map_or(0, |file| file.len());
        size("") + size("-wal")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.db"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
