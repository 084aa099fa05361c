//! The configuration backend on embedded SQLite: a file, no server, any number of servers (processes) on it at once.
//!
//! Tables and columns are those of Kea's MySQL schema, so that tools and people find their way; keywords map to
//! columns by [`backend::columns`]. One file holds both families.
//!
//! - A connection lives on a thread of its own; nothing blocks the caller. WAL mode: readers and a writer do not wait
//!   for each other, writers of several processes wait for their turn.
//! - Each [`apply`](backend::ConfigBackend::apply) is one transaction: after a crash all of it is there or nothing.
//! - A file that is put in the place of the old one (restored from a backup) is noticed and opened.

mod history;
mod read;
mod rows;
mod schema;
mod thread;
mod write;

use std::path::{Path, PathBuf};

use backend::{
    AuditEntry, BackendError, Boxed, Change, ChangeMark, ConfigBackend, Cursor, Identity, KEPT_REVISIONS,
    Note, OptionScope, Prefix, Preview, Pulled, Revision, RevisionFilter, Server, ServerSelector, Stored,
    StoredGlobal, StoredSubnet, SubnetBrief, SubnetKey, Version,
};
use base::{Family, ServerTag, SubnetId};

pub use schema::VERSION;
use thread::{Session, Worker};

/// A database file, as one family sees it. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Database {
    identity: Identity,
    family: Family,
    worker: Worker,
    keep: u64,
}

impl Database {
    /// The database of a file, which is opened at the first call, and created (mode 0640) with all tables when it
    /// does not exist then.
    #[must_use]
    pub fn open(path: impl Into<PathBuf>, family: Family) -> Self {
        let path = path.into();
        let identity =
            Identity { kind: "sqlite", name: path.display().to_string(), host: String::new(), port: 0 };
        Self { worker: Worker::start(path, identity.to_string()), identity, family, keep: KEPT_REVISIONS }
    }

    /// Keeps that many revisions (at least one) instead of [`KEPT_REVISIONS`]; older ones go with each change.
    #[must_use]
    pub fn keep_revisions(self, keep: u64) -> Self {
        Self { keep, ..self }
    }

    /// Creates the file with all tables, as `kea-admin db-init sqlite` does. Answers false when the file had them.
    /// Blocks.
    pub fn create(path: impl AsRef<Path>) -> Result<bool, BackendError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let (_, created) = schema::open(path).map_err(|e| e.at(&name))?;
        Ok(created)
    }

    /// Version of a file's schema, as `kea-admin db-version sqlite` prints it, whether this
    /// program understands it or not; the file must exist and is not touched. Blocks.
    pub fn version_of(path: impl AsRef<Path>) -> Result<Version, BackendError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let connection = schema::look(path).map_err(|e| e.at(&name))?;
        schema::version(&connection).map_err(|e| e.at(&name))
    }

    fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Session) -> Result<T, rows::Error> + Send + 'static,
    ) -> Boxed<T> {
        self.worker.call(job)
    }

    /// A reading call: sees one state.
    fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&read::Reader<'_>) -> Result<T, rows::Error> + Send + 'static,
    ) -> Boxed<T> {
        let family = self.family;
        self.call(move |session| {
            let transaction = session.connection.transaction()?;
            let answer = job(&read::Reader { connection: &transaction, family })?;
            transaction.commit()?;
            Ok(answer)
        })
    }
}

impl ConfigBackend for Database {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn family(&self) -> Family {
        self.family
    }

    fn version(&self) -> Boxed<Version> {
        self.call(|session| schema::version(&session.connection))
    }

    fn apply(&self, changes: Vec<Change>, note: Note) -> Boxed<Vec<u64>> {
        let (family, keep) = (self.family, self.keep);
        self.call(move |session| {
            let counts = write::apply(&mut session.connection, &session.old, family, changes, &note, keep)?;
            if counts.iter().any(|count| *count > 0) {
                session.writes = session.writes.wrapping_add(1);
            }
            Ok(counts)
        })
    }

    fn preview(&self, changes: Vec<Change>, server: Option<ServerTag>) -> Boxed<Preview> {
        let family = self.family;
        self.call(move |session| {
            write::preview(&mut session.connection, &session.old, family, changes, server.as_ref())
        })
    }

    fn revisions(&self, filter: RevisionFilter) -> Boxed<Vec<Revision>> {
        self.read(move |reader| reader.revisions(&filter))
    }

    fn pull(&self, tag: ServerTag, since: Option<Cursor>) -> Boxed<Pulled> {
        self.read(move |reader| reader.pull(&tag, since.as_ref()))
    }

    fn change_mark(&self) -> Boxed<ChangeMark> {
        self.call(|session| {
            // Changes of other connections move `data_version`, our own do not.
            let others: i64 = session.connection.query_row("PRAGMA data_version", [], |row| row.get(0))?;
            let others = u64::try_from(others).unwrap_or_default();
            Ok(ChangeMark(others.wrapping_add(session.opened << 32), session.writes))
        })
    }

    fn audit(&self, since: Option<Cursor>, limit: u32) -> Boxed<Vec<AuditEntry>> {
        self.read(move |reader| reader.audit(since.as_ref(), limit))
    }

    fn servers(&self) -> Boxed<Vec<Server>> {
        self.read(|reader| reader.servers())
    }

    fn server(&self, tag: ServerTag) -> Boxed<Option<Server>> {
        self.read(move |reader| reader.server(&tag))
    }

    fn globals(&self, selector: ServerSelector) -> Boxed<Vec<StoredGlobal>> {
        self.read(move |reader| reader.globals(&selector))
    }

    fn option_defs(&self, selector: ServerSelector) -> Boxed<Vec<Stored>> {
        self.read(move |reader| reader.option_defs(&read::tied(read::OPTION_DEFS, &selector)))
    }

    fn options(&self, selector: ServerSelector) -> Boxed<Vec<Stored>> {
        self.read(move |reader| reader.global_options(&read::tied(read::OPTIONS, &selector)))
    }

    fn classes(&self, selector: ServerSelector) -> Boxed<Vec<Stored>> {
        self.read(move |reader| reader.classes(&read::tied(read::CLASSES, &selector)))
    }

    fn class(&self, name: String) -> Boxed<Option<Stored>> {
        self.read(move |reader| {
            Ok(reader
                .classes(&read::Ids::one("SELECT id FROM dhcp4_client_class WHERE name = ?1", name))?
                .pop())
        })
    }

    fn networks(&self, selector: ServerSelector) -> Boxed<Vec<Stored>> {
        self.read(move |reader| reader.networks(&read::tied(read::NETWORKS, &selector)))
    }

    fn network(&self, name: String) -> Boxed<Option<Stored>> {
        self.read(move |reader| {
            Ok(reader
                .networks(&read::Ids::one("SELECT id FROM dhcp4_shared_network WHERE name = ?1", name))?
                .pop())
        })
    }

    fn subnets_of(&self, network: String) -> Boxed<Vec<StoredSubnet>> {
        self.read(move |reader| {
            reader.subnets(&read::Ids::one(
                "SELECT subnet_id FROM dhcp4_subnet WHERE shared_network_name = ?1",
                network,
            ))
        })
    }

    fn subnets(&self, selector: ServerSelector) -> Boxed<Vec<StoredSubnet>> {
        self.read(move |reader| reader.subnets(&read::tied(read::SUBNETS, &selector)))
    }

    fn subnet(&self, key: SubnetKey) -> Boxed<Option<StoredSubnet>> {
        self.read(move |reader| Ok(reader.subnets(&read::subnet_by(key))?.pop()))
    }

    fn subnet_list(&self, selector: ServerSelector) -> Boxed<Vec<SubnetBrief>> {
        self.read(move |reader| reader.briefs(&read::tied(read::SUBNETS, &selector)))
    }

    fn overlapping(&self, prefix: Prefix) -> Boxed<Vec<SubnetBrief>> {
        self.read(move |reader| reader.overlapping(prefix))
    }

    fn subnet_of_pool(&self, scope: OptionScope) -> Boxed<Option<SubnetId>> {
        self.read(move |reader| reader.subnet_of_pool(&scope))
    }

    fn option_users(&self, space: String, code: u16, limit: u32) -> Boxed<Vec<(String, Vec<ServerTag>)>> {
        self.read(move |reader| reader.option_users(&space, code, limit))
    }
}
