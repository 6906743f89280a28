//! The institution's database: several writers, several servers.

use basics::{Date, Id};
use door::backend::{Backend, Connection};
use door::{StoreError, Table};
use postgres::Client;
use postgres::error::SqlState;

use crate::ddl::{self, Dialect};
use crate::schema::{self, MIGRATIONS, Making, Migration, VERSION};

mod connection;
mod value;

use connection::PostgresConnection;
use value::{Arrays, read_row};

/// The settings of every connection.
///
/// Every statement of ours searches an index from a few values. Plans that read whole tables would come
/// from statistics taken while those were small, so they are ruled out, and one plan serves every batch.
pub const SETTINGS: &str = "SET synchronous_commit = on; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET timezone = 'UTC'; SET client_min_messages = warning; \
     SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
     SET plan_cache_mode = force_generic_plan;";

/// How a PostgreSQL database is opened.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Household cells; used only when the schema is made.
    pub cells: u16,
    /// The institution; used only when the schema is made.
    pub institution: Id,
    /// The first day that entries are booked on; used only when the schema is made.
    pub open_date: Date,
    /// How many writers work beside each other.
    pub writers: usize,
    /// The schema that holds the tables; the connection's own default (`public`) if none is named.
    pub schema: Option<String>,
}

impl Default for PostgresOptions {
    fn default() -> PostgresOptions {
        PostgresOptions {
            cells: 1_024,
            institution: Id::default(),
            open_date: Date::default(),
            writers: 4,
            schema: None,
        }
    }
}

/// A PostgreSQL database of ours, migrated and checked.
#[derive(Clone, Debug)]
pub struct PostgresBackend {
    address: Address,
    writers: usize,
    cells: u16,
    institution: Id,
}

/// Where the tables are.
#[derive(Clone)]
struct Address {
    config: postgres::Config,
    schema: Option<String>,
}

impl std::fmt::Debug for Address {
    /// Leaves the password out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.place())
    }
}

impl PostgresBackend {
    /// Connects, makes the tables when there are none, and brings their schema up to date.
    ///
    /// `url` is a connection string or URL of libpq; `tables` are those of door and application.
    ///
    /// Errors: [`StoreError::Foreign`] for a schema with tables of another program (left
    /// untouched), [`StoreError::Newer`] for one of a newer version of this one.
    pub fn open(url: &str, tables: &[&'static Table], options: PostgresOptions) -> Result<PostgresBackend, StoreError> {
        PostgresBackend::open_at(url, tables, options, VERSION, MIGRATIONS)
    }

    fn open_at(
        url: &str,
        tables: &[&'static Table],
        options: PostgresOptions,
        version: i64,
        migrations: &[Migration],
    ) -> Result<PostgresBackend, StoreError> {
        let making = Making { cells: options.cells, institution: options.institution, open_date: options.open_date };
        schema::check_making(&making)?;
        let address = Address::new(url, options.schema)?;
        let place = address.place();
        let tables = schema::with_own(tables);
        let mut client = address.connect()?;
        if let Some(schema) = &address.schema {
            client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")).map_err(map)?;
        }
        let mut prepare = Prepare { client: &mut client, tables: &tables, making, place: &place };
        prepare.run(version, migrations)?;
        let meta = read_meta(&mut client)?;
        let (cells, institution) = schema::read_meta(&meta, &place)?;
        let stored = columns(&mut client)?;
        let found = |table: &str| Ok(stored.iter().filter(|(t, _)| t == table).map(|(_, c)| c.clone()).collect());
        schema::check_columns(&tables, found, &place)?;
        Ok(PostgresBackend { address, writers: options.writers.max(1), cells, institution })
    }

    /// The institution that the database was made for.
    pub fn institution(&self) -> Id {
        self.institution
    }
}

impl Backend for PostgresBackend {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn cells(&self) -> u16 {
        self.cells
    }

    fn writers(&self) -> usize {
        self.writers
    }

    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        Ok(Box::new(PostgresConnection::new(self.address.connect()?)))
    }
}

impl Address {
    fn new(url: &str, schema: Option<String>) -> Result<Address, StoreError> {
        let mut config: postgres::Config = url.parse().map_err(|error| {
            StoreError::Other(format!(
                "the address of the PostgreSQL database cannot be read ({error}): give it as \
                 postgres://user@host:5432/database"
            ))
        })?;
        let plain = |name: &String| {
            !name.is_empty()
                && name.len() <= 63
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if let Some(schema) = &schema
            && !plain(schema)
        {
            return Err(StoreError::Other(format!(
                "`{schema}` cannot be the name of a schema: use small letters, digits and underscores"
            )));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(std::time::Duration::from_secs(10));
        }
        if config.get_application_name().is_none() {
            config.application_name("tianxin");
        }
        // A peer that is gone without a word is noticed.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(std::time::Duration::from_secs(30));
        }
        Ok(Address { config, schema })
    }

    /// The one place where connections are made; TLS would be added here.
    fn connect(&self) -> Result<Client, StoreError> {
        let mut client = self.config.connect(postgres::NoTls).map_err(|error| match map(error) {
            StoreError::Contention(what) => StoreError::Contention(what),
            other => StoreError::Unavailable(format!("{}: {other}", self.place())),
        })?;
        let mut settings = SETTINGS.to_owned();
        if let Some(schema) = &self.schema {
            settings.push_str(&format!("SET search_path = \"{schema}\";"));
        }
        client.batch_execute(&settings).map_err(map)?;
        Ok(client)
    }

    fn place(&self) -> String {
        let name = self.config.get_dbname().or(self.config.get_user()).unwrap_or("?");
        match &self.schema {
            Some(schema) => format!("the schema {schema} of the PostgreSQL database {name}"),
            None => format!("the PostgreSQL database {name}"),
        }
    }
}

/// What a schema is before anything is done to it.
enum Standing {
    Empty,
    Ours(i64),
}

/// Making and migrating, under a lock.
struct Prepare<'a> {
    client: &'a mut Client,
    tables: &'a [&'static Table],
    making: Making,
    place: &'a str,
}

/// The advisory lock under which schemas are made and migrated.
const LOCK: i64 = 0x5458_6462_6d69_6772;

impl Prepare<'_> {
    fn run(&mut self, version: i64, migrations: &[Migration]) -> Result<(), StoreError> {
        loop {
            if let Standing::Ours(found) = self.standing()?
                && found == version
            {
                return Ok(());
            }
            // Held to the end of the transaction: of two programs that start at once one waits, and
            // then finds the work done.
            let locked = format!("SET lock_timeout = 0; BEGIN; SELECT pg_advisory_xact_lock({LOCK})");
            self.client.batch_execute(&locked).map_err(map)?;
            if let Err(error) = self.step(version, migrations) {
                let _ = self.client.batch_execute("ROLLBACK");
                return Err(error);
            }
            self.client.batch_execute("COMMIT").map_err(map)?;
        }
    }

    fn step(&mut self, version: i64, migrations: &[Migration]) -> Result<(), StoreError> {
        match self.standing()? {
            Standing::Ours(found) if found > version => Err(StoreError::Newer { found, known: version }),
            Standing::Ours(found) if found == version => Ok(()),
            Standing::Ours(found) => {
                let next = migrations.iter().find(|m| m.to == found + 1).ok_or_else(|| {
                    StoreError::Other(format!("{}: no way leads from schema version {found} to {version}", self.place))
                })?;
                for statement in next.postgres {
                    self.client.batch_execute(statement).map_err(map)?;
                }
                let said = "UPDATE \"meta\" SET \"value\" = $1 WHERE \"name\" = 'schema_version'";
                self.client.execute(said, &[&next.to.to_string()]).map_err(map).map(|_| ())
            }
            Standing::Empty => self.make(version),
        }
    }

    fn standing(&mut self) -> Result<Standing, StoreError> {
        let stored = columns(self.client)?;
        if stored.is_empty() {
            return Ok(Standing::Empty);
        }
        let meta: Vec<&str> = stored.iter().filter(|(t, _)| t == "meta").map(|(_, c)| c.as_str()).collect();
        if meta != ["name", "value"] {
            return Err(schema::foreign(self.place));
        }
        let said = read_meta(self.client)?;
        schema::read_meta(&said, self.place)?;
        let version = said.iter().find(|(name, _)| name == "schema_version").and_then(|(_, value)| value.parse().ok());
        version.map(Standing::Ours).ok_or_else(|| schema::foreign(self.place))
    }

    fn make(&mut self, version: i64) -> Result<(), StoreError> {
        for table in self.tables {
            for statement in ddl::create(table, Dialect::Postgres) {
                self.client.batch_execute(&statement).map_err(map)?;
            }
        }
        let (meta, heads) = schema::first_rows(&self.making, version);
        self.insert(<ddl::Meta as door::Record>::table(), &meta)?;
        match self.tables.iter().find(|t| t.name == "cell_head") {
            Some(table) => self.insert(table, &heads),
            None => Ok(()),
        }
    }

    fn insert(&mut self, table: &Table, rows: &[door::table::Row]) -> Result<(), StoreError> {
        let arrays = Arrays::of_rows(table, rows);
        let text = crate::statements::postgres::insert(table);
        self.client.execute(&text, &arrays.parameters()).map_err(map).map(|_| ())
    }
}

fn read_meta(client: &mut Client) -> Result<Vec<(String, String)>, StoreError> {
    let rows = client.query("SELECT \"name\", \"value\" FROM \"meta\"", &[]).map_err(map)?;
    let table = <ddl::Meta as door::Record>::table();
    rows.iter()
        .map(|row| {
            let values = read_row(table, row)?;
            let meta = <ddl::Meta as door::Record>::from_row(&values).map_err(|e| StoreError::Other(e.to_string()))?;
            Ok((meta.name, meta.value))
        })
        .collect()
}

/// Tables and columns of the schema, in order.
fn columns(client: &mut Client) -> Result<Vec<(String, String)>, StoreError> {
    let text = "SELECT c.relname::text, a.attname::text FROM pg_catalog.pg_class c \
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
                ORDER BY c.relname, a.attnum";
    let rows = client.query(text, &[]).map_err(map)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(map)?, row.try_get(1).map_err(map)?))).collect()
}

/// What a PostgreSQL error means to the door.
fn map(error: postgres::Error) -> StoreError {
    let text = describe(&error);
    let Some(code) = error.code() else {
        // No word from the server: the connection is gone, or the program misused the driver.
        let misuse = error.to_string().starts_with("error serializing") || error.to_string().contains("deserializ");
        return if misuse { StoreError::Other(text) } else { StoreError::Unavailable(text) };
    };
    if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE]
        .contains(code)
    {
        return StoreError::Contention(text);
    }
    match (code.code(), code.code().get(..2).unwrap_or_default()) {
        ("53100", _) => StoreError::Full(text),
        // Integrity, and values that no column can hold.
        (_, "22" | "23") => StoreError::Constraint(text),
        // Connection, sign-in, no room for a connection, shut down, system error.
        (_, "08" | "28" | "3D" | "53" | "57" | "58" | "XX") => StoreError::Unavailable(text),
        _ => StoreError::Other(text),
    }
}

/// What an error of `COMMIT` means: unless the server says why it refused, nobody knows.
fn map_commit(error: postgres::Error) -> StoreError {
    let known = error.code().is_some_and(|code| matches!(code.code().get(..2), Some("23" | "40")));
    if known { map(error) } else { StoreError::CommitUnknown(describe(&error)) }
}

/// The server's words, or the driver's with their cause.
fn describe(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(told) => {
            let detail = told.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("{}{detail} [{}]", told.message(), told.code().code())
        }
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster;
    use basics::Cell;

    door::table! {
        /// A table that comes with version 2.
        struct Well = "well" (Household, State, key 2) { cell: Cell, id: Id }
    }

    const HALF: &[&str] = &["CREATE TABLE half (a bigint)", "CREATE NONSENSE"];

    const STEPS: &[Migration] = &[
        Migration {
            to: 2,
            sqlite: &[],
            postgres: &["CREATE TABLE well (cell bigint NOT NULL, id uuid NOT NULL, PRIMARY KEY (cell, id))"],
        },
        Migration { to: 3, sqlite: &[], postgres: &["DELETE FROM well WHERE cell = 0"] },
    ];

    #[test]
    fn an_older_schema_is_taken_forward_step_by_step_and_once() {
        let server = match cluster::for_tests() {
            Ok(server) => server,
            Err(error) if error.is_absent() => return eprintln!("skipped: migrations on PostgreSQL: {error}"),
            Err(error) => panic!("{error}"),
        };
        let database = server.create_database("migrate").unwrap();
        let mut tables = door::tables::all();
        let open = |tables: &[&'static Table], version, steps: &[Migration]| {
            let options = PostgresOptions { cells: 2, ..PostgresOptions::default() };
            PostgresBackend::open_at(&database.url(), tables, options, version, steps)
        };
        open(&tables, 1, &[]).unwrap();
        tables.push(<Well as door::Record>::table());
        assert!(open(&tables, 3, &STEPS[1..]).unwrap_err().to_string().contains("no way leads from schema version 1"));
        let broken = [Migration { postgres: HALF, ..STEPS[0] }];
        assert!(open(&tables, 2, &broken).is_err());
        for _ in 0..2 {
            let backend = open(&tables, 3, STEPS).unwrap();
            let mut connection = backend.connect().unwrap();
            assert!(connection.scan(<Well as door::Record>::table(), &[], None, 5).unwrap().is_empty());
        }
        assert_eq!(open(&tables, 2, STEPS).unwrap_err(), StoreError::Newer { found: 3, known: 2 });
    }
}
