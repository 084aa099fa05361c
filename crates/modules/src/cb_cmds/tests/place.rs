//! The databases that these tests run on: a file for each, unless a test of tests says otherwise.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use backend::ConfigBackend;
use base::Family;
use sql::Access;
use testdb::Kind;

thread_local! {
    static KIND: Cell<Option<Kind>> = const { Cell::new(None) };
}

/// Runs tests on databases of a kind.
pub(super) fn on<T>(kind: Kind, tests: impl FnOnce() -> T) -> T {
    KIND.set(Some(kind));
    let answer = tests();
    KIND.set(None);
    answer
}

/// The `type` of the databases of now.
pub(super) fn kind() -> &'static str {
    KIND.get().map_or("sqlite", Kind::name)
}

/// Databases with tables that no test uses at the moment.
fn spare(kind: Kind) -> &'static Mutex<Vec<String>> {
    static SPARE: [OnceLock<Mutex<Vec<String>>>; 2] = [OnceLock::new(), OnceLock::new()];
    SPARE[usize::from(kind == Kind::PostgreSql)].get_or_init(Mutex::default)
}

/// A database in which nothing is at first.
pub(super) enum Place {
    File(tempfile::TempDir),
    Server(Kind, String),
}

impl Place {
    pub(super) fn new() -> Self {
        let Some(kind) = KIND.get() else { return Self::File(tempfile::tempdir().unwrap()) };
        let server = testdb::shared(kind);
        let used = spare(kind).lock().unwrap().pop();
        let name = used.unwrap_or_else(|| {
            let name = server.database().name;
            let access = access(kind, &name);
            match kind {
                Kind::MariaDb => {
                    mysql::schema::SCHEMA.create(&mut mysql::MySql::open(&access).unwrap()).unwrap();
                }
                Kind::PostgreSql => {
                    let mut link = postgres::PostgreSql::open(&access).unwrap();
                    postgres::schema::SCHEMA.create(&mut link).unwrap();
                }
            }
            name
        });
        server.empty(&name);
        Self::Server(kind, name)
    }

    /// A connection of its own.
    pub(super) fn open(&self, family: Family) -> Arc<dyn ConfigBackend> {
        match self {
            Self::File(directory) => {
                Arc::new(sqlite::open(PathBuf::from(directory.path()).join("kea.sqlite"), family))
            }
            Self::Server(Kind::MariaDb, name) => Arc::new(mysql::open(access(Kind::MariaDb, name), family)),
            Self::Server(Kind::PostgreSql, name) => {
                Arc::new(postgres::open(access(Kind::PostgreSql, name), family))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server(kind, name) = self {
            spare(*kind).lock().unwrap().push(std::mem::take(name));
        }
    }
}

fn access(kind: Kind, name: &str) -> Access {
    let database = testdb::shared(kind).existing(name);
    Access {
        host: database.socket.display().to_string(),
        port: database.port,
        ..Access::local(name, testdb::USER, testdb::PASSWORD)
    }
}
