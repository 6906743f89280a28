//! A private PostgreSQL cluster, so that tests and benchmarks need no server set up by hand.
//!
//! [`Cluster::start`] makes a data folder, starts `postgres` on a free loopback port, and takes both
//! away again. It uses the standard library only, so that the chores can include this file without
//! building a database driver. When run as root, the server runs as the user `postgres` or `nobody`,
//! since PostgreSQL refuses to run as root.
//!
//! The server never outlives its owner. Between them stands a small shell, in a process group of its
//! own, that reads a pipe whose other end only the owner holds. Whatever ends the owner, its own will,
//! Ctrl-C or `kill -9`, closes the pipe; the shell then stops the server and removes the folder.
//!
//! ```no_run
//! # fn main() -> Result<(), store::cluster::ClusterError> {
//! use store::cluster::{Cluster, ClusterOptions};
//!
//! let cluster = Cluster::start(ClusterOptions::default())?;
//! cluster.create_database("tianxin")?;
//! println!("connect to {}", cluster.url("tianxin"));
//! cluster.stop();
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The variable in which the chore that runs all tests hands them the cluster it has started. Its value
/// is the URL of the maintenance database. Nobody else needs to set it.
pub const SHARED_CLUSTER_VARIABLE: &str = "TIANXIN_TEST_POSTGRES";

/// The oldest major version of PostgreSQL that is supported.
pub const OLDEST_MAJOR_VERSION: u32 = 15;

/// The superuser of every private cluster.
const SUPERUSER: &str = "tianxin";
const MAINTENANCE_DATABASE: &str = "postgres";
const START_SECONDS_MAX: u64 = 60;
const STOP_SECONDS_MAX: u64 = 60;
const START_ATTEMPTS_MAX: u32 = 20;
const POLL: Duration = Duration::from_millis(20);
/// `sun_path` of a unix socket holds 108 bytes with its closing zero; the name of the socket needs some.
const SOCKET_FOLDER_BYTES_MAX: usize = 80;

/// Runs the server (`$2...`) for the folder `$1`. Ends when the server ends. A closed standard input
/// stops the server and removes the folder; a line on it stops the server and keeps the folder.
const SUPERVISOR: &str = r#"
trap '' HUP INT TERM
folder=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- >>"$folder/server.log" 2>&1 &
server=$!
echo "$server" >"$folder/server.pid"
(
  read -r word <&3 || : >"$folder/remove"
  kill -INT "$server"
  tenths=0
  while kill -0 "$server"; do
    tenths=$((tenths + 1))
    [ "$tenths" -eq 200 ] && kill -QUIT "$server"
    sleep 0.1
  done
) 2>/dev/null &
listener=$!
wait "$server"
kill -KILL "$listener"
[ -e "$folder/remove" ] && cd / && rm -rf "$folder"
exit 0
"#;

/// Why there is no cluster, or why it did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterError {
    /// No server programs on this machine. A test reports itself skipped, by name.
    NotInstalled {
        /// The folders that were searched.
        looked_in: String,
    },
    /// Only servers older than [`OLDEST_MAJOR_VERSION`] on this machine. A test reports itself skipped.
    TooOld {
        /// The newest that was found, as it names itself.
        found: String,
    },
    /// We are root, and there is neither a user `postgres` nor `nobody` to run the server as.
    NoUnprivilegedUser,
    /// The operating system refused something.
    System {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A program of PostgreSQL (`initdb`, `psql`) failed.
    Tool {
        /// The program.
        tool: &'static str,
        /// What it said.
        output: String,
    },
    /// The server ended or did not become ready in time.
    NotReady {
        /// The end of its log.
        log: String,
    },
}

impl ClusterError {
    /// Whether the machine just lacks PostgreSQL, so that a test may be skipped rather than fail.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::NotInstalled { .. } | Self::TooOld { .. })
    }

    fn system(action: &'static str, path: &Path, reason: impl fmt::Display) -> Self {
        Self::System { action, path: path.to_owned(), reason: reason.to_string() }
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled { looked_in } => write!(
                f,
                "PostgreSQL is not installed: no folder with postgres, initdb and psql in {looked_in}; \
                 install it (Debian: apt-get install postgresql)"
            ),
            Self::TooOld { found } => {
                write!(f, "PostgreSQL is too old: found {found}; install version {OLDEST_MAJOR_VERSION} or newer")
            }
            Self::NoUnprivilegedUser => write!(
                f,
                "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor \
                 `nobody`; add one or run as another user"
            ),
            Self::System { action, path, reason } => {
                write!(f, "could not {action} {}: {reason}", path.display())
            }
            Self::Tool { tool, output } => write!(f, "{tool} failed: {}", output.trim()),
            Self::NotReady { log } => {
                write!(f, "the private PostgreSQL cluster did not become ready; its log ends with:\n{}", log.trim())
            }
        }
    }
}

impl std::error::Error for ClusterError {}

/// How a private cluster is made. The default is durable: `fsync`, `synchronous_commit` and
/// `full_page_writes` are on, as in earnest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterOptions {
    /// The folder in which the cluster's own folder is made; the system's temporary folder when absent.
    /// It must be reachable for the user that the server runs as.
    pub parent: Option<PathBuf>,
    /// Settings of `postgresql.conf` that override the defaults, for instance `("max_wal_size", "4GB")`.
    pub settings: Vec<(String, String)>,
}

/// A running private cluster. Dropping it stops the server and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    account: Option<Account>,
    folder: PathBuf,
    port: u16,
    settings: Vec<(String, String)>,
    supervisor: Option<Supervisor>,
}

#[derive(Debug)]
struct Supervisor {
    shell: Child,
    /// Closing it stops the server and removes the folder.
    leash: ChildStdin,
    server_pid: u32,
}

/// A user of this machine that is not root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// Makes a new, empty cluster and starts it; returns when it takes connections.
    ///
    /// # Errors
    /// [`ClusterError::is_absent`] tells a machine without PostgreSQL from a real failure.
    pub fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let programs = Programs::find()?;
        let folder = make_folder(options.parent.as_deref())?;
        let mut cluster =
            Self { programs, account: None, folder, port: free_port()?, settings: options.settings, supervisor: None };
        cluster.account = unprivileged_account(&cluster.folder)?;
        cluster.initialise()?;
        for _ in 1..START_ATTEMPTS_MAX {
            match cluster.launch() {
                // Another process took the port between our look and the server's.
                Err(ClusterError::NotReady { log }) if log.contains("already in use") => {
                    cluster.port = free_port()?;
                }
                outcome => return outcome.map(|()| cluster),
            }
        }
        cluster.launch().map(|()| cluster)
    }

    /// The URL of a database of this cluster, for the `postgres` family of drivers, by loopback TCP.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{SUPERUSER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The same as [`Cluster::url`] in key-value form by unix socket, which is cheaper a round trip.
    /// None when the folder's path is too long for a socket.
    pub fn socket_url(&self, database: &str) -> Option<String> {
        self.socket_folder()
            .map(|folder| format!("host='{folder}' port={} user={SUPERUSER} dbname={database}", self.port))
    }

    /// The loopback port that the server listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds the cluster; its data are in `data` below it, its log is `server.log`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of PostgreSQL's programs (`pgbench`, `psql`, ...) that belong to this server.
    pub fn programs_folder(&self) -> &Path {
        &self.programs.folder
    }

    /// The process id of the server; none while it is down after [`Cluster::kill9`].
    pub fn server_pid(&self) -> Option<u32> {
        self.supervisor.as_ref().map(|supervisor| supervisor.server_pid)
    }

    /// Makes an empty database. Its name is quoted, so any name will do.
    ///
    /// # Errors
    /// When the server is down or has a database of this name.
    pub fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        self.programs.create_database(&self.url(MAINTENANCE_DATABASE), name)
    }

    /// Removes a database if it is there, and cuts whoever is connected to it.
    ///
    /// # Errors
    /// When the server is down.
    pub fn drop_database(&self, name: &str) -> Result<(), ClusterError> {
        self.programs.drop_database(&self.url(MAINTENANCE_DATABASE), name)
    }

    /// Kills the server and each of its backends with signal 9, as a crash would; returns when they are
    /// gone. Its data stay for [`Cluster::restart`].
    ///
    /// # Errors
    /// When the server could not be killed.
    pub fn kill9(&mut self) -> Result<(), ClusterError> {
        let Some(mut supervisor) = self.supervisor.take() else { return Ok(()) };
        let mut pids = vec![supervisor.server_pid];
        pids.extend(children_of(supervisor.server_pid));
        signal("-KILL", &pids);
        // The shell ends when the server has; only then may its pipe close, else it removes the folder.
        if !wait_until(STOP_SECONDS_MAX, || !matches!(supervisor.shell.try_wait(), Ok(None))) {
            let action = "kill the server of the cluster";
            self.supervisor = Some(supervisor);
            return Err(ClusterError::system(action, &self.folder, "it is still there"));
        }
        // A backend that outlives the server holds its shared memory and would hinder a restart.
        wait_until(STOP_SECONDS_MAX, || pids.iter().skip(1).all(|pid| !is_alive(*pid)));
        Ok(())
    }

    /// Starts the server again on the same data and port, after [`Cluster::kill9`] or, when it is still
    /// running, after stopping it in good order.
    ///
    /// # Errors
    /// When the server does not become ready.
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        self.halt(true);
        for _ in 1..START_ATTEMPTS_MAX {
            match self.launch() {
                Err(ClusterError::NotReady { log })
                    if log.contains("already in use") || log.contains("still in use") =>
                {
                    thread::sleep(10 * POLL);
                }
                outcome => return outcome,
            }
        }
        self.launch()
    }

    /// Stops the server (fast: open transactions are rolled back) and removes the folder. The same as
    /// dropping it, by a name that says so.
    pub fn stop(self) {}

    fn data_folder(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn socket_folder(&self) -> Option<&str> {
        self.folder.to_str().filter(|path| path.len() <= SOCKET_FOLDER_BYTES_MAX && !path.contains('\''))
    }

    /// A command that runs a server program as the unprivileged user, untouched by the caller's locale.
    fn server_command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("LC_ALL", "C").env_remove("PGDATA");
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn initialise(&self) -> Result<(), ClusterError> {
        if let Some(Account { uid, gid }) = self.account {
            std::os::unix::fs::chown(&self.folder, Some(uid), Some(gid))
                .map_err(|e| ClusterError::system("give away", &self.folder, e))?;
        }
        let initdb = self.programs.folder.join("initdb");
        // What initdb writes need not survive a power cut; what the server writes later does.
        let output = self
            .server_command(&initdb)
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
            .args(["--username", SUPERUSER, "--pgdata"])
            .arg(self.data_folder())
            .stdin(Stdio::null())
            .output()
            .map_err(|e| ClusterError::system("run", &initdb, e))?;
        succeed("initdb", &output)
    }

    fn launch(&mut self) -> Result<(), ClusterError> {
        let folder = &self.folder;
        let refuse = |action, e: std::io::Error| ClusterError::system(action, folder, e);
        for stale in ["server.pid", "server.log"] {
            match fs::remove_file(folder.join(stale)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(refuse("clear the last run's files in", e));
                }
                _ => {}
            }
        }
        let mut command = self.server_command("sh");
        command.args(["-c", SUPERVISOR, "cluster-supervisor"]).arg(folder);
        command.arg(self.programs.folder.join("postgres")).arg("-D").arg(self.data_folder());
        let mut set = |name: &str, value: &str| {
            command.arg("-c").arg(format!("{name}={value}"));
        };
        set("listen_addresses", "127.0.0.1");
        set("port", &self.port.to_string());
        set("unix_socket_directories", self.socket_folder().unwrap_or_default());
        set("max_connections", "200");
        set("fsync", "on");
        set("synchronous_commit", "on");
        set("full_page_writes", "on");
        for (name, value) in &self.settings {
            set(name, value);
        }
        // A group of its own keeps Ctrl-C from the shell: it has to outlive its owner by a moment.
        let mut shell = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| refuse("start a server in", e))?;
        let Some(leash) = shell.stdin.take() else {
            return Err(ClusterError::system("hold a pipe to the server of", folder, "no pipe"));
        };
        let mut supervisor = Supervisor { shell, leash, server_pid: 0 };
        let mut ended = false;
        let ready = wait_until(START_SECONDS_MAX, || {
            ended = !matches!(supervisor.shell.try_wait(), Ok(None));
            supervisor.server_pid = read_pid(&folder.join("server.pid")).unwrap_or(0);
            ended || is_ready(&self.data_folder(), supervisor.server_pid)
        });
        let log = || tail(&folder.join("server.log"));
        if ready && !ended {
            self.supervisor = Some(supervisor);
            return Ok(());
        }
        let log = log();
        if !ended {
            self.supervisor = Some(supervisor);
            self.halt(true);
        }
        Err(ClusterError::NotReady { log })
    }

    /// Stops the server if it runs. With `keep`, its folder stays.
    fn halt(&mut self, keep: bool) {
        let Some(supervisor) = self.supervisor.take() else { return };
        let Supervisor { mut shell, mut leash, server_pid } = supervisor;
        if keep {
            // If the shell is gone there is nobody to tell.
            let _ = leash.write_all(b"keep\n");
        }
        let mut open = keep.then_some(leash);
        if !wait_until(STOP_SECONDS_MAX, || !matches!(shell.try_wait(), Ok(None))) {
            signal("-KILL", &[server_pid]);
            let _ = shell.wait();
        }
        open.take();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.halt(false);
        // The shell has removed it already, unless the server was down or the parent folder is not its own.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A server that tests may make databases on: the one that is shared by a whole test run, or a private
/// one that belongs to this process.
#[derive(Debug, Clone)]
pub struct TestServer {
    programs: Programs,
    maintenance_url: String,
}

/// The server for tests. Takes the one that [`SHARED_CLUSTER_VARIABLE`] names when it is set, else starts
/// one for this process, once, which ends with it.
///
/// # Errors
/// As [`Cluster::start`]; when [`ClusterError::is_absent`], a test says that it is skipped and returns.
pub fn for_tests() -> Result<TestServer, ClusterError> {
    static PRIVATE: OnceLock<Result<Cluster, ClusterError>> = OnceLock::new();
    let programs = Programs::find()?;
    if let Ok(maintenance_url) = std::env::var(SHARED_CLUSTER_VARIABLE) {
        return Ok(TestServer { programs, maintenance_url });
    }
    // A static is never dropped; the closing of its pipe at the process's end stops the server.
    match PRIVATE.get_or_init(|| Cluster::start(ClusterOptions::default())) {
        Ok(cluster) => Ok(TestServer { programs, maintenance_url: cluster.url(MAINTENANCE_DATABASE) }),
        Err(error) => Err(error.clone()),
    }
}

impl TestServer {
    /// Makes an empty database whose name begins with `purpose` and is like no other.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn create_database(&self, purpose: &str) -> Result<TestDatabase, ClusterError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let name = format!("{purpose}_{}_{number}", std::process::id());
            match self.programs.create_database(&self.maintenance_url, &name) {
                // Left by an earlier process of the same id that was killed.
                Err(ClusterError::Tool { output, .. }) if output.contains("already exists") => {}
                outcome => return outcome.map(|()| TestDatabase { server: self.clone(), name }),
            }
        }
    }
}

/// A database of one test. Dropping it removes the database and cuts whoever is connected to it.
#[derive(Debug)]
pub struct TestDatabase {
    server: TestServer,
    name: String,
}

impl TestDatabase {
    /// The URL of this database.
    pub fn url(&self) -> String {
        match self.server.maintenance_url.rsplit_once('/') {
            Some((server, _)) => format!("{server}/{}", self.name),
            None => self.name.clone(),
        }
    }

    /// The name of this database.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // If the server is gone, so is the database.
        let _ = self.server.programs.drop_database(&self.server.maintenance_url, &self.name);
    }
}

/// The folder of one installation's programs.
#[derive(Debug, Clone)]
struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The first on `PATH` that is new enough, else the newest where distributions put them.
    fn find() -> Result<Self, ClusterError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).filter_map(|folder| {
            // A link on PATH often points at `postgres` alone; its siblings are beside the target.
            let server = fs::canonicalize(folder.join("postgres")).ok()?;
            server.parent().map(Path::to_owned)
        });
        let mut installed: Vec<(u32, PathBuf)> = ["/usr/lib/postgresql", "/usr/local/lib/postgresql"]
            .iter()
            .filter_map(|root| fs::read_dir(root).ok())
            .flat_map(|versions| versions.flatten())
            .map(|version| version.path().join("bin"))
            .filter_map(|folder| Some((major_version(&folder)?.0, folder)))
            .collect();
        installed.sort_by(|a, b| b.cmp(a));
        let mut too_old = None;
        for folder in on_path.chain(installed.into_iter().map(|(_, folder)| folder)) {
            let complete = ["initdb", "psql"].iter().all(|program| folder.join(program).exists());
            match major_version(&folder) {
                Some((major, _)) if complete && major >= OLDEST_MAJOR_VERSION => {
                    return Ok(Self { folder });
                }
                Some((_, name)) if complete => too_old = too_old.or(Some(name)),
                _ => {}
            }
        }
        Err(match too_old {
            Some(found) => ClusterError::TooOld { found },
            None => ClusterError::NotInstalled { looked_in: "PATH and /usr/lib/postgresql/*/bin".to_owned() },
        })
    }

    fn create_database(&self, maintenance_url: &str, name: &str) -> Result<(), ClusterError> {
        self.run_sql(maintenance_url, &format!("CREATE DATABASE {} TEMPLATE template0", quoted(name)))
    }

    fn drop_database(&self, maintenance_url: &str, name: &str) -> Result<(), ClusterError> {
        self.run_sql(maintenance_url, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name)))
    }

    fn run_sql(&self, url: &str, statement: &str) -> Result<(), ClusterError> {
        let psql = self.folder.join("psql");
        let mut command = Command::new(&psql);
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        let output = command
            .args(["--no-psqlrc", "--no-password", "--quiet", "--dbname", url, "--command", statement])
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| ClusterError::system("run", &psql, e))?;
        succeed("psql", &output)
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The major version of the server in a folder, and how it names itself.
fn major_version(folder: &Path) -> Option<(u32, String)> {
    let server = folder.join("postgres");
    let output = Command::new(&server).arg("--version").stdin(Stdio::null()).output().ok()?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Some((parse_major_version(&name)?, name))
}

fn parse_major_version(name: &str) -> Option<u32> {
    let version = name.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn succeed(tool: &'static str, output: &Output) -> Result<(), ClusterError> {
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    Err(ClusterError::Tool { tool, output: String::from_utf8_lossy(&text).into_owned() })
}

fn make_folder(parent: Option<&Path>) -> Result<PathBuf, ClusterError> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
    let parent =
        fs::canonicalize(&parent).map_err(|e| ClusterError::system("make a cluster in the folder", &parent, e))?;
    loop {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("tianxin-postgres-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => {
                let only_us = fs::Permissions::from_mode(0o700);
                return fs::set_permissions(&folder, only_us)
                    .map(|()| folder.clone())
                    .map_err(|e| ClusterError::system("protect the folder", &folder, e));
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(ClusterError::system("make the folder", &folder, e)),
        }
    }
}

/// Whom to run the server as: nobody else when we are not root. A folder we have just made tells who
/// we are.
fn unprivileged_account(own_folder: &Path) -> Result<Option<Account>, ClusterError> {
    let owner = fs::metadata(own_folder).map_err(|e| ClusterError::system("look at", own_folder, e))?;
    if owner.uid() != 0 {
        return Ok(None);
    }
    let users = Path::new("/etc/passwd");
    let text = fs::read_to_string(users).map_err(|e| ClusterError::system("read", users, e))?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|user| account_in(&text, user))
        .map(Some)
        .ok_or(ClusterError::NoUnprivilegedUser)
}

fn account_in(passwd: &str, user: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != user {
            return None;
        }
        let mut numbers = fields.skip(1).map_while(|field| field.parse().ok());
        Some(Account { uid: numbers.next()?, gid: numbers.next()? }).filter(|account| account.uid != 0)
    })
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16, ClusterError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| ClusterError::system("find a free port on", Path::new("127.0.0.1"), e))
}

/// The server writes `ready` into the last line of this file; a file of an earlier run has another id.
fn is_ready(data_folder: &Path, server_pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(data_folder.join("postmaster.pid")) else { return false };
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
    pid == Some(server_pid) && text.lines().nth(7).is_some_and(|line| line.trim() == "ready")
}

fn read_pid(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.strip_suffix('\n')?.parse().ok()
}

fn tail(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let from = text.len().saturating_sub(4_000);
    String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
}

/// The processes started by `parent`; none where the system has no `/proc`.
fn children_of(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|process| process.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let of = status.lines().find_map(|line| line.strip_prefix("PPid:"));
            of.is_some_and(|of| of.trim().parse() == Ok(parent))
        })
        .collect()
}

/// Sends a signal to processes by id; those that are gone already do not matter.
fn signal(name: &str, pids: &[u32]) -> bool {
    Command::new("sh")
        .args(["-c", "kill \"$@\"", "sh", name])
        .args(pids.iter().map(u32::to_string))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_alive(pid: u32) -> bool {
    // A zombie answers signals but holds nothing; it waits for whoever adopted it.
    let is_zombie = fs::read_to_string(format!("/proc/{pid}/status"))
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("State:\tZ")));
    !is_zombie && signal("-0", &[pid])
}

fn wait_until(seconds_max: u64, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(seconds_max);
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A started cluster, or none with a word on why the test is skipped.
    fn cluster_or_skip(test: &str) -> Option<Cluster> {
        match Cluster::start(ClusterOptions::default()) {
            Ok(cluster) => Some(cluster),
            Err(error) if error.is_absent() => {
                eprintln!("skipped: {test}: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs a statement and gives the first column of its rows.
    fn query(cluster: &Cluster, database: &str, statement: &str) -> String {
        let output = Command::new(cluster.programs_folder().join("psql"))
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &cluster.url(database), "-c", statement])
            .output()
            .expect("psql runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[test]
    fn version_is_read_from_what_the_server_says() {
        for (text, major) in [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", Some(15)),
            ("postgres (PostgreSQL) 17beta1", Some(17)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("something else", None),
        ] {
            assert_eq!(parse_major_version(text), major, "{text}");
        }
    }

    #[test]
    fn account_is_found_by_whole_name_and_is_never_root() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgresql:x:7:7::/:/bin/sh\npostgres:x:101:104:a,,,:/var:/x\n";
        assert_eq!(account_in(passwd, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(account_in(passwd, "root"), None);
        assert_eq!(account_in(passwd, "nobody"), None);
        assert_eq!(account_in("postgres:x:abc:1", "postgres"), None);
    }

    #[test]
    fn cluster_survives_a_kill_and_leaves_nothing_behind() {
        let Some(mut cluster) = cluster_or_skip("cluster_survives_a_kill_and_leaves_nothing_behind") else {
            return;
        };
        cluster.create_database("books").expect("a database");
        assert!(matches!(cluster.create_database("books"), Err(ClusterError::Tool { .. })));
        assert_eq!(query(&cluster, "books", "show fsync"), "on");
        query(&cluster, "books", "create table t (n int); insert into t values (1), (2)");

        let port = cluster.port();
        cluster.kill9().expect("killed");
        assert_eq!(cluster.server_pid(), None);
        cluster.restart().expect("restarted after a crash");
        assert_eq!(cluster.port(), port);
        assert_eq!(query(&cluster, "books", "select count(*) from t"), "2");
        cluster.restart().expect("restarted in good order");
        assert_eq!(query(&cluster, "books", "select count(*) from t"), "2");
        cluster.drop_database("books").expect("dropped");
        cluster.drop_database("books").expect("dropped twice");

        let folder = cluster.folder().to_owned();
        let pid = cluster.server_pid().expect("a running server");
        cluster.stop();
        assert!(!folder.exists() && !is_alive(pid));
    }

    /// Stands in for a test process that is killed: it starts a cluster, tells where, and waits. Only the
    /// test below runs it, in a child process.
    #[test]
    fn child_that_is_killed_while_it_owns_a_cluster() {
        let Ok(report) = std::env::var("CLUSTER_CHILD_REPORT") else { return };
        let cluster = Cluster::start(ClusterOptions::default()).expect("a cluster");
        let pid = cluster.server_pid().expect("a running server");
        let text = format!("{pid}\n{}", cluster.folder().display());
        fs::write(format!("{report}.part"), text).expect("report written");
        fs::rename(format!("{report}.part"), &report).expect("report placed");
        thread::sleep(Duration::from_secs(300));
    }

    #[test]
    fn cluster_ends_when_its_owner_is_killed() {
        if let Err(error) = Programs::find() {
            eprintln!("skipped: cluster_ends_when_its_owner_is_killed: {error}");
            return;
        }
        let folder = make_folder(None).expect("a folder");
        let report = folder.join("report");
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "cluster::tests::child_that_is_killed_while_it_owns_a_cluster"])
            .env("CLUSTER_CHILD_REPORT", &report)
            .stdout(Stdio::null())
            .spawn()
            .expect("a child");
        assert!(wait_until(START_SECONDS_MAX, || report.exists()), "the child reports");
        let text = fs::read_to_string(&report).expect("a report");
        let (pid, cluster_folder) = text.split_once('\n').expect("two lines");
        let pid: u32 = pid.parse().expect("an id");
        assert!(is_alive(pid));
        child.kill().expect("killed");
        child.wait().expect("waited");
        assert!(wait_until(STOP_SECONDS_MAX, || !is_alive(pid)), "the server ends");
        assert!(wait_until(STOP_SECONDS_MAX, || !Path::new(cluster_folder).exists()), "its folder goes");
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn databases_of_tests_are_apart() {
        let server = match for_tests() {
            Ok(server) => server,
            Err(error) if error.is_absent() => {
                eprintln!("skipped: databases_of_tests_are_apart: {error}");
                return;
            }
            Err(error) => panic!("{error}"),
        };
        let one = server.create_database("apart").expect("a database");
        let two = server.create_database("apart").expect("a database");
        assert_ne!(one.url(), two.url());
        assert!(one.url().ends_with(one.name()));
    }
}
