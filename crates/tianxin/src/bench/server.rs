//! A PostgreSQL server for benchmarks: the one that is named, or a private one; and its programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use basics::Date;
use door::{Backend, Table};
use store::cluster::{Cluster, ClusterOptions};
use store::{PostgresBackend, PostgresOptions};

use super::county;
use crate::failure::Failure;

/// Settings of the private cluster: durable as in earnest, with room enough that no checkpoint of the
/// server falls into a measurement.
const SETTINGS: [(&str, &str); 4] =
    [("shared_buffers", "512MB"), ("max_wal_size", "16GB"), ("checkpoint_timeout", "60min"), ("autovacuum", "off")];

/// A server on which databases may be made.
pub struct Server {
    url: String,
    programs: Vec<PathBuf>,
    made: Vec<String>,
    /// Ours; it stops when it is dropped.
    private: Option<Cluster>,
}

impl Server {
    /// The named server, or a private one; `Err` with a reason where this machine has none.
    pub fn start(url: Option<&str>) -> Result<Result<Server, String>, Failure> {
        let server = |url: String, programs, private| Server { url, programs, made: Vec::new(), private };
        if let Some(url) = url {
            return Ok(Ok(server(url.to_owned(), installed(), None)));
        }
        let settings = SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match Cluster::start(ClusterOptions { settings, ..ClusterOptions::default() }) {
            Ok(cluster) => {
                let url = cluster.url("postgres");
                let programs = vec![cluster.programs_folder().to_owned()];
                Ok(Ok(server(url, programs, Some(cluster))))
            }
            Err(error) if error.is_absent() => Ok(Err(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// How the server was set up, for the notes.
    pub fn describe(&self) -> &'static str {
        if self.private.is_some() {
            "private cluster, fsync and synchronous_commit on, 512 MB shared buffers"
        } else {
            "the named server with its own settings"
        }
    }

    /// Makes an empty database, or a copy of one that nobody is connected to.
    pub fn create(&mut self, name: &str, copy_of: Option<&str>) -> Result<(), Failure> {
        let database = self.database(name);
        self.drop_database(&database)?;
        let template = match copy_of {
            Some(from) => format!("TEMPLATE \"{}\" STRATEGY file_copy", self.database(from)),
            None => "TEMPLATE template0".to_owned(),
        };
        self.made.push(database.clone());
        self.psql(None, &format!("CREATE DATABASE \"{database}\" {template}")).map(|_| ())
    }

    /// The books in a database of this name.
    pub fn open(&self, name: &str, tables: &[&'static Table]) -> Result<Arc<dyn Backend>, Failure> {
        self.open_on(name, tables, county::open_date())
    }

    /// The books in a database of this name; where they are made, they are open on a day.
    pub fn open_on(&self, name: &str, tables: &[&'static Table], open_date: Date) -> Result<Arc<dyn Backend>, Failure> {
        let options = PostgresOptions { open_date, ..PostgresOptions::default() };
        Ok(Arc::new(PostgresBackend::open(&self.address(name), tables, options)?))
    }

    /// Drops a database that nobody is connected to any more.
    pub fn discard(&mut self, name: &str) -> Result<(), Failure> {
        let database = self.database(name);
        self.drop_database(&database)
    }

    /// Statistics as a settled server has them.
    pub fn analyse(&self, name: &str) -> Result<(), Failure> {
        self.psql(Some(name), "VACUUM ANALYZE").map(|_| ())
    }

    /// Everything is on disk before a measurement begins.
    pub fn checkpoint(&self) {
        // A named server may not allow it; then the measurement carries it.
        let _ = self.psql(None, "CHECKPOINT");
    }

    /// Bytes of the write-ahead log so far.
    pub fn log_bytes(&self) -> Result<u64, Failure> {
        let text = self.psql(None, "SELECT pg_current_wal_lsn() - '0/0'")?;
        text.trim().parse().map_err(|_| Failure::Wrong(format!("psql gave no position of the log: {text}")))
    }

    /// The address of a database.
    pub fn address(&self, name: &str) -> String {
        let database = self.database(name);
        if !self.url.contains("://") {
            return format!("{} dbname={database}", self.url);
        }
        let (base, options) = match self.url.split_once('?') {
            Some((base, options)) => (base, format!("?{options}")),
            None => (self.url.as_str(), String::new()),
        };
        let authority = base.find("://").map_or(0, |place| place + 3);
        let end = base[authority..].find('/').map_or(base.len(), |place| authority + place);
        format!("{}/{database}{options}", &base[..end])
    }

    /// A command for one of PostgreSQL's programs; none where it is not installed.
    pub fn program(&self, name: &str) -> Option<Command> {
        let path = self.programs.iter().map(|folder| folder.join(name)).find(|path| path.exists())?;
        let mut command = Command::new(path);
        command.env("LC_ALL", "C").stdin(Stdio::null());
        Some(command)
    }

    fn database(&self, name: &str) -> String {
        format!("tianxin_bench_{}_{name}", std::process::id())
    }

    fn drop_database(&self, database: &str) -> Result<(), Failure> {
        self.psql(None, &format!("DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)")).map(|_| ())
    }

    fn psql(&self, name: Option<&str>, statement: &str) -> Result<String, Failure> {
        let absent = || Failure::Unreachable("psql is not installed: install the PostgreSQL client".to_owned());
        let mut command = self.program("psql").ok_or_else(absent)?;
        let address = name.map_or_else(|| self.url.clone(), |name| self.address(name));
        command.args(["-XqAt", "-w", "-d", &address, "-c", statement]);
        run(command)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.private.is_none() {
            for database in &self.made {
                let _ = self.drop_database(database);
            }
        }
    }
}

/// Runs a program and gives what it wrote.
pub fn run(mut command: Command) -> Result<String, Failure> {
    let name = Path::new(command.get_program()).file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let output = command.output().map_err(|error| Failure::Unreachable(format!("{name} does not start: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Unreachable(format!("{name} failed: {}", said.trim())))
}

/// Where PostgreSQL's programs may be, the search path first.
fn installed() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders
}
