//! A directory with a configuration, an agent process, and servers to forward to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use control::unix::{ServerHandle, UnixServer};
use control::{Access, Answer, CommandDef, CommandTable, Limits};
use json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(20);

/// The directories of an installation.
pub struct Place {
    dir: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn socket(&self, name: &str) -> PathBuf {
        self.path(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("agent.conf")
    }

    pub fn pid_file(&self) -> PathBuf {
        self.path("agent.kea-ctrl-agent.pid")
    }

    pub fn write_config(&self, text: &str) {
        std::fs::write(self.config(), text).unwrap();
    }

    /// The agent's program with all its directories here.
    pub fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kea-ctrl-agent"));
        for name in [
            "KEA_PIDFILE_DIR",
            "KEA_CONTROL_SOCKET_DIR",
            "KEA_LOCKFILE_DIR",
            "KEA_LOG_FILE_DIR",
            "KEA_DHCP_DATA_DIR",
        ] {
            command.env(name, self.dir.path());
        }
        command.env_remove("KEA_LOGGER_DESTINATION").stdin(Stdio::null());
        command
    }
}

/// A running agent, killed with the test.
pub struct Agent {
    child: Child,
    log: Arc<Mutex<String>>,
    pub address: String,
    pub port: u16,
}

impl Agent {
    pub fn start(place: &Place, config: &str, flags: &[&str]) -> Self {
        place.write_config(config);
        let mut child = place
            .program()
            .args(flags)
            .arg("-c")
            .arg(place.config())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, sink) = (BufReader::new(child.stdout.take().unwrap()), log.clone());
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut log = sink.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut agent = Self { child, log, address: String::new(), port: 0 };
        agent.wait_for_log("CTRL_AGENT_STARTED");
        agent.find_address();
        agent
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn wait_for_log(&self, text: &str) {
        let begin = Instant::now();
        while !self.log().contains(text) {
            assert!(begin.elapsed() < PATIENCE, "{text} is not in the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where it listens by the last word of its log.
    fn find_address(&mut self) {
        let log = self.log();
        let (_, bound) = log.rsplit_once("HTTP service bound to address ").unwrap();
        let (address, port) = bound.lines().next().unwrap().rsplit_once(':').unwrap();
        self.address = if address == "0.0.0.0" { "127.0.0.1" } else { address }.to_owned();
        self.port = port.parse().unwrap();
    }

    /// Waits until the agent has moved.
    pub fn wait_for_address(&mut self, address: &str) {
        let begin = Instant::now();
        loop {
            let log = self.log();
            let (_, bound) = log.rsplit_once("HTTP service bound to address ").unwrap();
            if bound.starts_with(&format!("{address}:")) && bound.contains("DCTL_CONFIG_COMPLETE") {
                return self.find_address();
            }
            assert!(begin.elapsed() < PATIENCE, "not at {address}:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The body of the answer to a body.
    pub fn post(&self, body: &str) -> String {
        let mut stream = TcpStream::connect((self.address.as_str(), self.port)).unwrap();
        let head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n";
        stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response to {body}")).1.to_owned()
    }

    pub fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .arg(format!("-{name}"))
                .arg(self.pid().to_string())
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end; the exit code.
    pub fn wait(&mut self) -> i32 {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Something that answers like a server on its control socket.
pub struct FakeServer {
    runtime: Runtime,
    handle: Option<ServerHandle>,
}

impl FakeServer {
    pub fn start(path: &Path) -> Self {
        let table = CommandTable::new();
        let define = |name| CommandDef::built_in(name, Access::Read, "", "For tests.");
        let echo =
            |command: control::Command| async { Answer { arguments: command.arguments, ..Answer::done() } };
        table.register(define("echo"), echo).unwrap();
        table.register(define("remote-server4-set"), echo).unwrap();
        let config: Value = [("Dhcp4", [("valid-lifetime", Value::from(4000_u32))].into())].into();
        table
            .register(define("config-get"), move |_| {
                let config = config.clone();
                async { Answer::arguments(config) }
            })
            .unwrap();
        table
            .register(define("slow"), |_| async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                Answer::ok("slow")
            })
            .unwrap();
        table
            .register(define("sleep"), |_| async {
                tokio::time::sleep(Duration::from_secs(5)).await;
                Answer::done()
            })
            .unwrap();
        table.register(define("big"), |_| async { Answer::arguments("x".repeat(2_000_000)) }).unwrap();
        let runtime = Runtime::new().unwrap();
        let entered = runtime.enter();
        let handle = UnixServer::bind(path, Limits::UNIX, |_| Ok(())).unwrap().serve(Arc::new(table));
        drop(entered);
        Self { runtime, handle: Some(handle) }
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.runtime.block_on(handle.stop(Duration::from_secs(1)));
        }
    }
}

/// `kea-shell`, built when needed: it belongs to another package.
pub fn shell_program() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            // The whole workspace: the same choice of features as in the run of all tests, so nothing is built twice.
            let status = Command::new(env!("CARGO"))
                .args(["build", "--quiet", "--locked", "--workspace", "--bins"])
                .status()
                .unwrap();
            assert!(status.success());
            Path::new(env!("CARGO_BIN_EXE_kea-ctrl-agent")).with_file_name("kea-shell")
        })
        .clone()
}
