//! Servers for the tests, with commands that show what matters.
// Each test binary uses its part.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use control::http::{HttpHandle, HttpServer, HttpSettings, table_handler};
use control::unix::{ServerHandle, UnixServer};
use control::{Access, Answer, Command, CommandDef, CommandTable, Limits};
use tempfile::TempDir;

pub fn table() -> Arc<CommandTable> {
    let table = CommandTable::new();
    let define = |name, access| CommandDef::built_in(name, access, "", "For tests.");
    table
        .register(define("echo", Access::Read), |command: Command| async {
            Answer { arguments: command.arguments, ..Answer::done() }
        })
        .unwrap();
    table
        .register(define("slow", Access::Write), |_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Answer::ok("slow but sure")
        })
        .unwrap();
    table
        .register(define("big", Access::Read), |_| async {
            Answer::arguments("x".repeat(20_000_000).as_str())
        })
        .unwrap();
    Arc::new(table)
}

pub fn quick_limits() -> Limits {
    Limits {
        receive: Duration::from_millis(500),
        idle: Duration::from_millis(1000),
        write: Duration::from_millis(500),
        ..Limits::HTTP
    }
}

pub fn small_limits() -> Limits {
    Limits { command: 65_536, ..Limits::HTTP }
}

/// Clients block; servers must not share their thread.
pub async fn in_background(work: impl FnOnce() + Send + 'static) {
    tokio::task::spawn_blocking(work).await.unwrap();
}

pub struct UnixFixture {
    _dir: TempDir,
    pub path: PathBuf,
    handle: ServerHandle,
}

impl UnixFixture {
    pub fn start(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kea.sock");
        let server = UnixServer::bind(&path, limits, |_| Ok(())).unwrap();
        Self { _dir: dir, path, handle: server.serve(table()) }
    }

    pub async fn stop(self) {
        self.handle.stop(Duration::from_secs(5)).await;
    }
}

pub struct HttpFixture {
    pub address: SocketAddr,
    pub handle: HttpHandle,
}

impl HttpFixture {
    pub fn start(limits: Limits, settings: &HttpSettings) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = HttpServer::bind(any, limits, settings, table_handler(table(), "dhcp4")).unwrap();
        Self { address: server.address(), handle: server.serve() }
    }

    pub async fn stop(self) {
        self.handle.stop(Duration::from_secs(5)).await;
    }
}
