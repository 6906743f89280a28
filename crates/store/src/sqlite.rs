//! The embedded database: one file, one writer, many readers.

use std::path::{Path, PathBuf};

use basics::{Date, Id};
use door::backend::{Backend, Connection};
use door::{StoreError, Table};
use rusqlite::{ErrorCode, OpenFlags};

use crate::ddl::{self, Dialect};
use crate::schema::{self, MIGRATIONS, Making, Migration, VERSION};

mod connection;

use connection::SqliteConnection;

/// Marks a file as ours in its header: the letters `TXdb`.
pub const APPLICATION_ID: i32 = 0x5458_6462;

/// How a SQLite database is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Household cells; used only when the file is made.
    pub cells: u16,
    /// The institution; used only when the file is made.
    pub institution: Id,
    /// The first day that entries are booked on; used only when the file is made.
    pub open_date: Date,
    /// The name of a registered VFS, or the system's own.
    pub vfs: Option<String>,
    /// Lets one connection keep the file to itself: no shared memory is needed, no reader is let in.
    pub exclusive: bool,
    /// Opens an existing file without ever writing to it.
    pub read_only: bool,
    /// Page cache of each connection at most, in KiB.
    pub cache_kib: u32,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions {
            cells: 16,
            institution: Id::default(),
            open_date: Date::default(),
            vfs: None,
            exclusive: false,
            read_only: false,
            cache_kib: 32 * 1024,
        }
    }
}

/// A SQLite database of ours, migrated and checked.
#[derive(Clone, Debug)]
pub struct SqliteBackend {
    path: PathBuf,
    options: OpenOptions,
    cells: u16,
    institution: Id,
}

impl SqliteBackend {
    /// Opens the file, or makes it when there is none, and brings its schema up to date.
    ///
    /// `tables` are the tables of door and application; the store adds its own.
    ///
    /// Errors: [`StoreError::Foreign`] for a file of another program (left untouched),
    /// [`StoreError::Newer`] for one of a newer version of this one.
    pub fn open(
        path: impl AsRef<Path>,
        tables: &[&'static Table],
        options: OpenOptions,
    ) -> Result<SqliteBackend, StoreError> {
        SqliteBackend::open_at(path.as_ref(), tables, options, VERSION, MIGRATIONS)
    }

    fn open_at(
        path: &Path,
        tables: &[&'static Table],
        options: OpenOptions,
        version: i64,
        migrations: &[Migration],
    ) -> Result<SqliteBackend, StoreError> {
        let place = format!("the file {}", path.display());
        let making = Making { cells: options.cells, institution: options.institution, open_date: options.open_date };
        schema::check_making(&making)?;
        let tables = schema::with_own(tables);
        let connection = open_file(path, &options, !options.read_only)?;
        let standing = standing(&connection, &place)?;
        if options.read_only {
            match standing {
                Standing::Ours(found) if found == version => {}
                Standing::Ours(found) if found > version => {
                    return Err(StoreError::Newer { found, known: version });
                }
                Standing::Ours(_) => {
                    let text = format!("{place} has an older schema: open it once for writing to bring it up to date");
                    return Err(StoreError::Other(text));
                }
                Standing::Empty => return Err(schema::foreign(&place)),
            }
        } else {
            settle(&connection, &options)?;
            let prepare = Prepare { connection: &connection, tables: &tables, making, place: &place };
            prepare.run(version, migrations)?;
        }
        let meta = pairs(&connection, "SELECT \"name\", \"value\" FROM \"meta\"")
            .map_err(|error| if is_missing_table(&error) { schema::foreign(&place) } else { map(error) })?;
        let (cells, institution) = schema::read_meta(&meta, &place)?;
        schema::check_columns(&tables, |table| columns(&connection, table), &place)?;
        connection.close().map_err(|(_, error)| map(error))?;
        Ok(SqliteBackend { path: path.to_owned(), options, cells, institution })
    }

    /// The institution that the database was made for.
    pub fn institution(&self) -> Id {
        self.institution
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Backend for SqliteBackend {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn cells(&self) -> u16 {
        self.cells
    }

    fn writers(&self) -> usize {
        1
    }

    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        let connection = open_file(&self.path, &self.options, false)?;
        settle(&connection, &self.options)?;
        Ok(Box::new(SqliteConnection::new(connection)))
    }
}

fn open_file(path: &Path, options: &OpenOptions, make: bool) -> Result<rusqlite::Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= if options.read_only { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    if make {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let opened = match &options.vfs {
        Some(vfs) => rusqlite::Connection::open_with_flags_and_vfs(path, flags, vfs.as_str()),
        None => rusqlite::Connection::open_with_flags(path, flags),
    };
    opened.map_err(|error| match map(error) {
        StoreError::Unavailable(what) => StoreError::Unavailable(format!(
            "{}: {what}; check that the folder is there and may be used",
            path.display()
        )),
        other => other,
    })
}

/// The settings of every connection.
fn settle(connection: &rusqlite::Connection, options: &OpenOptions) -> Result<(), StoreError> {
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(map)?;
    connection.set_prepared_statement_cache_capacity(1_024);
    let mut settings = String::new();
    if options.exclusive {
        settings.push_str("PRAGMA locking_mode = EXCLUSIVE;");
    }
    if !options.read_only {
        // Keys are spread, so a batch touches a page for nearly every row: half the usual page is half the
        // log, and a log of 32 MB takes a page changed often into the file once. Both show in commits.
        settings.push_str("PRAGMA page_size = 2048; PRAGMA wal_autocheckpoint = 16000;");
    }
    settings.push_str(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;
         PRAGMA trusted_schema = OFF;",
    );
    settings.push_str(&format!("PRAGMA cache_size = -{};", options.cache_kib));
    connection.execute_batch(&settings).map_err(map)?;
    if options.read_only { Ok(()) } else { use_wal(connection) }
}

/// Puts the file into WAL mode. SQLite does not wait for another program that does the same just now, so we do.
fn use_wal(connection: &rusqlite::Connection) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL").map_err(map) {
            Err(StoreError::Contention(_)) if tries < 200 => {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(25));
            }
            done => return done,
        }
    }
}

/// What a file is before anything is done to it.
enum Standing {
    Empty,
    Ours(i64),
}

fn standing(connection: &rusqlite::Connection, place: &str) -> Result<Standing, StoreError> {
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(map)?;
    if !connection.is_autocommit() {
        return standing_now(connection, place);
    }
    // One state for all questions: another program may be making the file just now.
    connection.execute_batch("BEGIN DEFERRED").map_err(map)?;
    let found = standing_now(connection, place);
    let _ = connection.execute_batch("ROLLBACK");
    found
}

fn standing_now(connection: &rusqlite::Connection, place: &str) -> Result<Standing, StoreError> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0)).map_err(map);
    let told = |error| if let StoreError::Foreign(_) = error { schema::foreign(place) } else { error };
    let application = number("PRAGMA application_id").map_err(told)?;
    if application == i64::from(APPLICATION_ID) {
        return number("PRAGMA user_version").map(Standing::Ours);
    }
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(told)?;
    let version = number("PRAGMA user_version")?;
    if application == 0 && version == 0 && tables == 0 { Ok(Standing::Empty) } else { Err(schema::foreign(place)) }
}

/// Making and migrating, under a lock.
struct Prepare<'a> {
    connection: &'a rusqlite::Connection,
    tables: &'a [&'static Table],
    making: Making,
    place: &'a str,
}

impl Prepare<'_> {
    fn run(&self, version: i64, migrations: &[Migration]) -> Result<(), StoreError> {
        // Two programs may start at once: what stands is asked again under the lock, each time.
        loop {
            if let Standing::Ours(found) = standing(self.connection, self.place)?
                && found == version
            {
                return Ok(());
            }
            self.connection.execute_batch("BEGIN EXCLUSIVE").map_err(map)?;
            let done =
                self.step(version, migrations).and_then(|()| self.connection.execute_batch("COMMIT").map_err(map));
            if let Err(error) = done {
                if !self.connection.is_autocommit() {
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
                return Err(error);
            }
        }
    }

    fn step(&self, version: i64, migrations: &[Migration]) -> Result<(), StoreError> {
        match standing(self.connection, self.place)? {
            Standing::Ours(found) if found > version => Err(StoreError::Newer { found, known: version }),
            Standing::Ours(found) if found == version => Ok(()),
            Standing::Ours(found) => {
                let next = migrations.iter().find(|m| m.to == found + 1).ok_or_else(|| {
                    StoreError::Other(format!("{}: no way leads from schema version {found} to {version}", self.place))
                })?;
                for statement in next.sqlite {
                    self.connection.execute_batch(statement).map_err(map)?;
                }
                self.mark(next.to)?;
                let said = "UPDATE \"meta\" SET \"value\" = ?1 WHERE \"name\" = 'schema_version'";
                self.connection.execute(said, [next.to.to_string()]).map_err(map).map(|_| ())
            }
            Standing::Empty => self.make(version),
        }
    }

    fn make(&self, version: i64) -> Result<(), StoreError> {
        for table in self.tables {
            for statement in ddl::create(table, Dialect::Sqlite) {
                self.connection.execute_batch(&statement).map_err(map)?;
            }
        }
        let (meta, heads) = schema::first_rows(&self.making, version);
        connection::insert_plain(self.connection, ddl_meta(), &meta)?;
        if let Some(table) = self.tables.iter().find(|t| t.name == "cell_head") {
            connection::insert_plain(self.connection, table, &heads)?;
        }
        self.mark(version)
    }

    /// Tells the planner how selective keys and indexes are, in place of measuring a table that may be
    /// empty today: a search by `cell` and `household` must take the index of both, and not read the
    /// whole cell by the key. So plans do not change as a database grows.
    fn write_statistics(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("ANALYZE; DELETE FROM sqlite_stat1").map_err(map)?;
        let mut statement = self.connection.prepare("INSERT INTO sqlite_stat1 VALUES (?1, ?2, ?3)").map_err(map)?;
        for table in self.tables {
            for (index, statistics) in ddl::sqlite_statistics(table) {
                statement.execute((table.name, index, statistics)).map_err(map)?;
            }
        }
        Ok(())
    }

    fn mark(&self, version: i64) -> Result<(), StoreError> {
        self.write_statistics()?;
        let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};");
        self.connection.execute_batch(&marks).map_err(map)
    }
}

fn ddl_meta() -> &'static Table {
    <ddl::Meta as door::Record>::table()
}

fn pairs(connection: &rusqlite::Connection, query: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare(query)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn columns(connection: &rusqlite::Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)").map_err(map)?;
    let rows = statement.query_map([table], |row| row.get(0)).map_err(map)?;
    rows.collect::<rusqlite::Result<_>>().map_err(map)
}

fn is_missing_table(error: &rusqlite::Error) -> bool {
    error.to_string().contains("no such table") || error.to_string().contains("no such column")
}

/// What a SQLite error means to the door.
fn map(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Contention(text),
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
            StoreError::Constraint(text)
        }
        Some(ErrorCode::NotADatabase) => StoreError::Foreign(text),
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::AuthorizationForStatementDenied,
        ) => StoreError::Unavailable(text),
        _ => StoreError::Other(text),
    }
}

/// What an error of `COMMIT` means: after a failed write or flush nobody knows what the disk holds.
fn map_commit(error: rusqlite::Error) -> StoreError {
    match map(error) {
        StoreError::Unavailable(text) => StoreError::CommitUnknown(text),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use basics::Cell;

    door::table! {
        /// A table that comes with version 2.
        struct Well = "well" (Household, State, key 2) { cell: Cell, id: Id }
        index "well_by_id" ["cell", "id"];
    }

    const HALF: &[&str] = &["CREATE TABLE half (a INTEGER) STRICT", "CREATE NONSENSE"];

    const STEPS: &[Migration] = &[
        Migration {
            to: 2,
            sqlite: &[
                "CREATE TABLE well (cell INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (cell, id)) STRICT, WITHOUT ROWID",
                "CREATE INDEX well_by_id ON well (cell, id)",
            ],
            postgres: &[],
        },
        Migration { to: 3, sqlite: &["DELETE FROM well WHERE cell = 0"], postgres: &[] },
    ];

    #[test]
    fn an_older_file_is_taken_forward_step_by_step_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let mut tables = door::tables::all();
        let open = |tables: &[&'static Table], version, steps: &[Migration]| {
            SqliteBackend::open_at(&path, tables, OpenOptions::default(), version, steps)
        };
        open(&tables, 1, &[]).unwrap();
        tables.push(<Well as door::Record>::table());
        assert!(open(&tables, 3, &STEPS[1..]).unwrap_err().to_string().contains("no way leads from schema version 1"));
        let broken = [Migration { sqlite: HALF, ..STEPS[0] }];
        assert!(open(&tables, 2, &broken).is_err());
        for _ in 0..2 {
            let backend = open(&tables, 3, STEPS).unwrap();
            let mut connection = backend.connect().unwrap();
            assert!(connection.scan(<Well as door::Record>::table(), &[], None, 5).unwrap().is_empty());
        }
        assert_eq!(open(&tables, 2, STEPS).unwrap_err(), StoreError::Newer { found: 3, known: 2 });
    }
}
