//! The configuration backend and host reservations on SQL databases: statements, rows and transactions, written once
//! for all of them.
//!
//! Tables and columns are those of Kea's schema; keywords map to columns by [`backend::columns`], through the
//! [`Layout`] of the database at hand, so that older schemas are served as they are. SQL is written for DHCPv4 and
//! turned into that of DHCPv6 by a digit; what [`Dialect`]s say differently is in one place.
//!
//! A database crate brings a [`Connector`] and its [`Link`]: how to connect, how parameters and values are typed, how
//! news come. The connection lives on a thread of its own, so nothing blocks the caller; one that breaks is opened
//! again, and what was being read, or written and not yet committed, is done once more.
//!
//! Each [`apply`](ConfigBackend::apply) is one transaction: after a crash all of it is there or nothing.

mod access;
mod blocking;
mod history;
mod hosts;
mod ids;
mod layout;
mod leases;
mod legal;
mod link;
mod marks;
mod overlap;
mod premises;
mod read;
mod room;
mod worker;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use backend::{
    AuditEntry, BackendError, Boxed, Change, ChangeMark, ConfigBackend, Cursor, Identity, KEPT_REVISIONS,
    Note, OptionScope, Prefix, Premises, Preview, Pulled, Revision, RevisionFilter, Server, ServerSelector,
    Stored, StoredGlobal, StoredSubnet, SubnetBrief, SubnetKey, Users, Version,
};
use base::{Family, ServerTag, SubnetId};
use tokio::sync::Notify;

pub use access::{Access, Tls, TlsMode};
pub use blocking::Blocking;
pub use hosts::Hosts;
pub use layout::Layout;
pub use leases::{Leases, LeasesStatus, Record, messages as lease_messages};
pub use legal::{LegalRow, LegalRows};
pub use link::{Cell, Dialect, Error, Link, Mode, Row, of_family};
pub use marks::parameters;
pub use worker::{Connector, Job};

use ids::{Ids, subnet_by, tied};
use read::{CLASSES, NETWORKS, OPTION_DEFS, OPTIONS, Reader, SUBNETS};
use worker::{Session, Worker};

/// A database, as one family sees it. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Database {
    identity: Identity,
    family: Family,
    worker: Worker,
    keep: u64,
}

impl Session {
    fn reader(&self, family: Family) -> Reader<'_> {
        Reader { link: self.link.as_ref(), family, layout: &self.layout }
    }
}

impl Database {
    /// The database that a connector reaches; nothing is opened before the first call. The connector is made on the
    /// database's thread, and notifies `news` when the database says that it changed.
    #[must_use]
    pub fn new(
        identity: Identity,
        family: Family,
        news: Arc<Notify>,
        connector: impl FnOnce() -> Result<Box<dyn Connector>, Error> + Send + 'static,
    ) -> Self {
        let worker = Worker::start(connector, family, identity.kind, identity.to_string(), news);
        Self { identity, family, worker, keep: KEPT_REVISIONS }
    }

    /// Keeps that many revisions (at least one) instead of [`KEPT_REVISIONS`]; older ones go with each change.
    #[must_use]
    pub fn keep_revisions(self, keep: u64) -> Self {
        Self { keep, ..self }
    }

    /// A reading call: sees one state.
    fn read<T: Send + 'static>(
        &self,
        job: impl Fn(&Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Boxed<T> {
        let family = self.family;
        self.worker.call(false, move |session, _| {
            let reader = session.reader(family);
            write::transaction(reader.link, Mode::Read, || Ok((false, job(&reader)?)))
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
        let family = self.family;
        self.worker.call(false, move |session, _| {
            let part = |row: &Row<'_>, at| {
                u32::try_from(row.int(at)?)
                    .map_err(|_| Error::bad_row("schema version", "number out of range"))
            };
            let found =
                session.reader(family).first("SELECT version, minor FROM schema_version", &[], |row| {
                    Ok(Version { major: part(row, 0)?, minor: part(row, 1)? })
                })?;
            found.ok_or_else(|| BackendError::Schema("the schema has no version".to_owned()).into())
        })
    }

    fn apply(&self, changes: Vec<Change>, note: Note, checked: Option<Cursor>) -> Boxed<Vec<u64>> {
        let (family, keep) = (self.family, self.keep);
        self.worker.call(true, move |session, old| {
            let reader = session.reader(family);
            let done = write::apply(reader, old, &changes, &note, keep, checked.as_ref())?;
            if let Some(step) = &done.step {
                session.remembered.step(step);
            }
            Ok(done.counts)
        })
    }

    fn premises(&self) -> Boxed<Premises> {
        let family = self.family;
        self.worker.call(false, move |session, _| {
            let mut remembered = std::mem::take(&mut session.remembered);
            let found = session.reader(family).premises(&mut remembered.premises);
            session.remembered = remembered;
            found
        })
    }

    fn preview(&self, changes: Vec<Change>, server: Option<ServerTag>) -> Boxed<Preview> {
        let family = self.family;
        self.worker.call(true, move |session, old| {
            write::preview(session.reader(family), old, &changes, server.as_ref())
        })
    }

    fn revisions(&self, filter: RevisionFilter) -> Boxed<Vec<Revision>> {
        let family = self.family;
        // As for a write: the table of what revisions replaced may have been made by another server meanwhile.
        self.worker.call(true, move |session, _| {
            let reader = session.reader(family);
            write::transaction(reader.link, Mode::Read, || Ok((false, reader.revisions(&filter)?)))
        })
    }

    fn pull(&self, tag: ServerTag, since: Option<Cursor>) -> Boxed<Pulled> {
        let family = self.family;
        self.worker.call(false, move |session, _| {
            let reader = session.reader(family);
            // Most of the time nothing changed, and one query tells.
            if since.is_some() && since.as_ref() == Some(&reader.newest()?) {
                return Ok(Pulled::Nothing);
            }
            write::transaction(reader.link, Mode::Read, || Ok((false, reader.pull(&tag, since.as_ref())?)))
        })
    }

    fn change_mark(&self) -> Boxed<ChangeMark> {
        let family = self.family;
        self.worker.call(false, move |session, _| {
            let newest = session.reader(family).newest()?;
            // A revision may come late; a new connection may be one to a database restored from a backup.
            let recent =
                newest.recent.iter().fold(newest.time.0, |sum, id| sum.wrapping_mul(31).wrapping_add(*id));
            Ok(ChangeMark(newest.revision, recent.wrapping_add(session.opened << 40)))
        })
    }

    fn changed(&self) -> Boxed<()> {
        let news = Arc::clone(&self.worker.news);
        Box::pin(async move {
            news.notified().await;
            Ok(())
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

    fn apart(&self) -> Boxed<Vec<ServerTag>> {
        self.read(|reader| reader.apart())
    }

    fn globals(&self, selector: ServerSelector) -> Boxed<Vec<StoredGlobal>> {
        self.read(move |reader| reader.globals(&selector))
    }

    fn option_defs(&self, selector: ServerSelector) -> Boxed<Vec<Stored>> {
        self.read(move |reader| reader.option_defs(&tied(OPTION_DEFS, &selector)))
    }

    fn options(&self, selector: ServerSelector) -> Boxed<Vec<Stored>> {
        self.read(move |reader| reader.global_options(&tied(OPTIONS, &selector)))
    }

    fn classes(&self, selector: ServerSelector) -> Boxed<Vec<Stored>> {
        self.read(move |reader| reader.classes(&tied(CLASSES, &selector)))
    }

    fn class(&self, name: String) -> Boxed<Option<Stored>> {
        self.read(move |reader| {
            let ids = Ids::one("SELECT id FROM dhcp4_client_class WHERE name = ?1", &name);
            Ok(reader.classes(&ids)?.pop())
        })
    }

    fn networks(&self, selector: ServerSelector) -> Boxed<Vec<Stored>> {
        self.read(move |reader| reader.networks(&tied(NETWORKS, &selector)))
    }

    fn network(&self, name: String) -> Boxed<Option<Stored>> {
        self.read(move |reader| {
            let ids = Ids::one("SELECT id FROM dhcp4_shared_network WHERE name = ?1", &name);
            Ok(reader.networks(&ids)?.pop())
        })
    }

    fn subnets_of(&self, network: String) -> Boxed<Vec<StoredSubnet>> {
        self.read(move |reader| {
            let sql = "SELECT subnet_id FROM dhcp4_subnet WHERE shared_network_name = ?1";
            reader.subnets(&Ids::one(sql, &network))
        })
    }

    fn examples_of(&self, network: String, but: SubnetId) -> Boxed<Vec<StoredSubnet>> {
        self.read(move |reader| reader.examples_of(&network, but))
    }

    fn subnets(&self, selector: ServerSelector) -> Boxed<Vec<StoredSubnet>> {
        self.read(move |reader| reader.subnets(&tied(SUBNETS, &selector)))
    }

    fn subnet(&self, key: SubnetKey) -> Boxed<Option<StoredSubnet>> {
        self.read(move |reader| Ok(reader.subnets(&subnet_by(key))?.pop()))
    }

    fn subnet_list(&self, selector: ServerSelector) -> Boxed<Vec<SubnetBrief>> {
        self.read(move |reader| reader.briefs(&tied(SUBNETS, &selector)))
    }

    fn overlapping(&self, prefix: Prefix) -> Boxed<Vec<SubnetBrief>> {
        let family = self.family;
        self.worker.call(false, move |session, _| {
            // Each query may see more than the one before: what is found is at least as new as the first.
            let mut remembered = std::mem::take(&mut session.remembered);
            let found = session.reader(family).overlapping(&mut remembered.prefixes, prefix);
            session.remembered = remembered;
            found
        })
    }

    fn subnet_of_pool(&self, scope: OptionScope) -> Boxed<Option<SubnetId>> {
        self.read(move |reader| reader.subnet_of_pool(&scope))
    }

    fn option_users(&self, space: String, code: u16, limit: u32) -> Boxed<Users> {
        self.read(move |reader| reader.option_users(&space, code, limit))
    }

    fn class_users(&self, name: String, limit: usize) -> Boxed<Users> {
        self.read(move |reader| reader.class_users(&name, limit))
    }

    fn class_tags(&self, names: Vec<String>) -> Boxed<BTreeMap<String, Vec<ServerTag>>> {
        let family = self.family;
        self.worker.call(false, move |session, _| session.reader(family).class_tags(&names))
    }
}
