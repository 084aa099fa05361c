//! Private MariaDB and PostgreSQL servers for tests and benchmarks: each on a directory of its own, reachable by a
//! UNIX socket (from any network namespace) and by a free TCP port of 127.0.0.1.
//!
//! A server runs as an unprivileged user when the tests run as root, ends with the test that started it, and can be
//! killed, restarted and paused. What runs that were killed have left is removed by the next one. [`shared`] gives all tests of a process one server; each makes databases of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod certificates;
mod start;
mod structure;
mod sweep;

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

pub use certificates::Certificates;
pub use structure::difference;

/// User of every server, with all rights.
pub const USER: &str = "keatest";

/// Its password.
pub const PASSWORD: &str = "keatest";

/// How the names of the directories of servers begin.
const PREFIX: &str = "kea-testdb.";

/// Where a server has its TLS files, in its directory.
const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";
const AUTHORITY: &str = "authority.pem";

/// Which database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    MariaDb,
    PostgreSql,
}

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the program runs under, such as `ip netns exec NAME`.
    pub prefix: Vec<String>,
    /// Every commit on the medium, as in production; tests of what is done rather than how fast go without.
    pub durable: bool,
    pub tls: Option<Tls>,
}

/// Files (PEM) of a server that encrypts; it gets copies of its own, as it is choosy about their owner.
#[derive(Clone, Debug)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Who vouches for clients.
    pub authority: PathBuf,
}

/// A server, which ends when this goes.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    options: Options,
    directory: TempDir,
    /// Locked as long as this process lives: see [`sweep`].
    _owner: File,
    port: u16,
    pid: Mutex<Option<Pid>>,
    databases: AtomicU32,
}

/// How to reach a database.
#[derive(Clone, Debug)]
pub struct Database {
    pub kind: Kind,
    pub name: String,
    /// 127.0.0.1.
    pub host: String,
    pub port: u16,
    /// The socket itself (MariaDB), or the directory that holds it (PostgreSQL), as `host` of a configuration.
    pub socket: PathBuf,
    pub user: String,
    pub password: String,
}

impl Kind {
    /// The `type` of `config-databases`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "mysql",
            Self::PostgreSql => "postgresql",
        }
    }
}

/// One server for all tests of this process, without durability.
#[must_use]
pub fn shared(kind: Kind) -> &'static Server {
    static SERVERS: [OnceLock<Server>; 2] = [OnceLock::new(), OnceLock::new()];
    let at = usize::from(kind == Kind::PostgreSql);
    SERVERS[at].get_or_init(|| Server::start(kind, Options::default()))
}

impl Server {
    /// Starts a server and waits until it answers.
    #[must_use]
    pub fn start(kind: Kind, options: Options) -> Self {
        sweep::once();
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
        let owner = sweep::claim(directory.path());
        start::prepare(kind, &directory.path().join("data"));
        if let Some(tls) = &options.tls {
            for (from, to) in [(&tls.certificate, CERTIFICATE), (&tls.key, KEY), (&tls.authority, AUTHORITY)]
            {
                let to = directory.path().join(to);
                std::fs::copy(from, &to).unwrap();
                std::fs::set_permissions(to, PermissionsExt::from_mode(0o600)).unwrap();
            }
        }
        own(directory.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self {
            kind,
            options,
            directory,
            _owner: owner,
            port,
            pid: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        server.run();
        server
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop).
    pub fn run(&self) {
        *self.pid.lock().unwrap() = Some(start::spawn(self));
        let limit = Instant::now() + Duration::from_secs(60);
        while !self.answers() {
            assert!(Instant::now() < limit, "{:?} does not start:\n{}", self.kind, self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn answers(&self) -> bool {
        let system = if self.kind == Kind::MariaDb { "mysql" } else { "postgres" };
        self.client(system, "SELECT 1").status.success()
    }

    /// What the server wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// A new database without tables.
    #[must_use]
    pub fn database(&self) -> Database {
        let name = format!("kea{}", self.databases.fetch_add(1, Ordering::Relaxed));
        match self.kind {
            Kind::MariaDb => self.sql("mysql", &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")),
            Kind::PostgreSql => self.sql("postgres", &format!("CREATE DATABASE {name}")),
        };
        self.existing(&name)
    }

    /// Empties the tables of configurations and reservations of a database that has Kea's, as they are when they are made.
    pub fn empty(&self, database: &str) {
        let names = self.sql(
            database,
            &format!(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' \
                 AND (table_name LIKE 'dhcp4%' OR table_name LIKE 'dhcp6%' \
                 OR table_name IN ('hosts', 'ipv6_reservations'))",
                if self.kind == Kind::MariaDb { database } else { "public" }
            ),
        );
        let mut statements = String::new();
        let names: Vec<&str> = names.lines().collect();
        match self.kind {
            Kind::MariaDb => {
                statements.push_str("SET foreign_key_checks = 0; SET @disable_audit = 1;\n");
                // Emptying is much slower than deleting, and has to be for the numbers of revisions alone.
                for name in names {
                    let how = if name.ends_with("audit_revision") { "TRUNCATE TABLE" } else { "DELETE FROM" };
                    statements.push_str(&format!("{how} {name};\n"));
                }
            }
            Kind::PostgreSql => statements.push_str(&format!(
                "SET kea.disable_audit = 'true'; TRUNCATE TABLE {} RESTART IDENTITY CASCADE;\n",
                names.join(", ")
            )),
        }
        // PostgreSQL's numbers go on from one that was given by DEFAULT.
        let all = if self.kind == Kind::MariaDb { "1" } else { "DEFAULT" };
        for digit in [4, 6] {
            statements.push_str(&format!(
                "INSERT INTO dhcp{digit}_server (id, tag, description, modification_ts) \
                 VALUES ({all}, 'all', 'special type: all servers', CURRENT_TIMESTAMP);\n"
            ));
        }
        self.sql(database, &statements);
    }

    /// How to reach a database of that name.
    #[must_use]
    pub fn existing(&self, name: &str) -> Database {
        Database {
            kind: self.kind,
            name: name.to_owned(),
            host: "127.0.0.1".to_owned(),
            port: self.port,
            socket: self.socket(),
            user: USER.to_owned(),
            password: PASSWORD.to_owned(),
        }
    }

    fn socket(&self) -> PathBuf {
        match self.kind {
            Kind::MariaDb => self.directory.path().join("socket"),
            Kind::PostgreSql => self.directory.path().to_owned(),
        }
    }

    /// Runs statements with the server's own client, which must succeed. Rows come as lines of tab separated columns.
    #[allow(clippy::must_use_candidate)]
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let output = self.client(database, statements);
        assert!(
            output.status.success(),
            "{statements}\n{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn client(&self, database: &str, statements: &str) -> Output {
        let mut command = match self.kind {
            Kind::MariaDb => {
                let mut command = Command::new("mariadb");
                command.args(["--no-defaults", "--batch", "--skip-column-names", "--user", USER]);
                command.arg(format!("--password={PASSWORD}")).arg("--socket").arg(self.socket());
                command.arg(database);
                command
            }
            Kind::PostgreSql => {
                let mut command = Command::new("psql");
                command.args([
                    "--no-psqlrc",
                    "--quiet",
                    "--no-align",
                    "--tuples-only",
                    "--field-separator=\t",
                ]);
                command.args([
                    "--set",
                    "ON_ERROR_STOP=1",
                    "--username",
                    USER,
                    "--dbname",
                    database,
                    "--host",
                ]);
                command
                    .arg(self.socket())
                    .arg("--port")
                    .arg(self.port.to_string())
                    .env("PGPASSWORD", PASSWORD);
                command
            }
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("the database's client can not be started: {error}"));
        // A client that ends early does not read everything.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), statements.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Ends the server without warning.
    pub fn kill(&self) {
        self.end(Signal::SIGKILL);
    }

    /// Ends the server in order.
    pub fn stop(&self) {
        self.end(if self.kind == Kind::PostgreSql { Signal::SIGINT } else { Signal::SIGTERM });
    }

    fn end(&self, signal: Signal) {
        let Some(pid) = self.pid.lock().unwrap().take() else { return };
        self.signal_all(pid, signal);
        let limit = Instant::now() + Duration::from_secs(30);
        while Path::new(&format!("/proc/{pid}/exe")).exists() && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops every process of the server where it is, until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.signal_family(Signal::SIGSTOP);
    }

    /// The way back from [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal_family(Signal::SIGCONT);
    }

    fn signal_family(&self, signal: Signal) {
        if let Some(pid) = *self.pid.lock().unwrap() {
            self.signal_all(pid, signal);
        }
    }

    /// PostgreSQL has a process per connection; all of them are children of the first.
    fn signal_all(&self, pid: Pid, signal: Signal) {
        let _ = kill(pid, signal);
        if self.kind == Kind::PostgreSql && signal != Signal::SIGINT {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            for child in children.unwrap_or_default().split_whitespace().filter_map(|c| c.parse().ok()) {
                let _ = kill(Pid::from_raw(child), signal);
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.resume();
        self.kill();
    }
}

/// Owner of what servers write: the user of the tests, or nobody when that is root.
fn owner() -> (u32, u32) {
    const NOBODY: u32 = 65534;
    let user = nix::unistd::geteuid();
    if user.is_root() { (NOBODY, NOBODY) } else { (user.as_raw(), nix::unistd::getegid().as_raw()) }
}

fn own(path: &Path) {
    let (user, group) = owner();
    let meta = std::fs::symlink_metadata(path).unwrap();
    if meta.uid() != user && !meta.is_symlink() {
        chown(path, Some(user), Some(group)).unwrap();
    }
    if meta.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path());
        }
    }
}
