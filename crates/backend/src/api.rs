//! The trait of databases.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base::{Family, ServerTag, SubnetId, Timestamp};

use crate::{
    AuditEntry, BackendError, Change, Cursor, OptionScope, Prefix, Preview, Pulled, Revision, RevisionFilter,
    Server, ServerSelector, Stored, StoredGlobal, StoredSubnet, SubnetBrief, SubnetKey,
};

/// A call under way. It starts at once in databases with a thread or connection of their own; dropping it does not
/// undo a change that was sent.
pub type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, BackendError>> + Send>>;

/// How a database is told from others, for `remote` maps and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `sqlite`, `mysql`, `postgresql`.
    pub kind: &'static str,
    /// File or database.
    pub name: String,
    /// Empty for files.
    pub host: String,
    /// 0 where there is none.
    pub port: u16,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} configuration database '{}'", self.kind, self.name)?;
        if !self.host.is_empty() {
            write!(f, " on {}", self.host)?;
        }
        Ok(())
    }
}

/// What an audit revision says besides the changed objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub time: Timestamp,
    /// The command, or another text for operators.
    pub message: String,
}

/// What uses something, as texts for operators (`subnet 5`), with its servers.
pub type Users = Vec<(String, Vec<ServerTag>)>;

/// What all servers have in common with an object that is about to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Premises {
    /// The newest revision, at least of which all this is. What is read afterwards may be newer.
    pub cursor: Cursor,
    /// As [`ConfigBackend::servers`].
    pub servers: Vec<Server>,
    /// Of all servers.
    pub globals: Arc<Vec<StoredGlobal>>,
    /// Of all servers.
    pub option_defs: Arc<Vec<Stored>>,
}

/// Version of a schema, as `kea-admin db-version` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A value that differs after any change of the database, by whomever; only equality means something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeMark(pub u64, pub u64);

/// A database of configurations of one family's servers.
///
/// Reading calls see one consistent state each. [`apply`](Self::apply) is the only one that writes; with
/// each revision it keeps what the touched objects were before, of the newest [`KEPT_REVISIONS`](crate::KEPT_REVISIONS)
/// unless told otherwise. Lists are in the
/// order of rows (subnets: ids; classes: evaluation) unless a call says otherwise; lists of globals, definitions and
/// global options hold every object the selector [matches](ServerSelector::matches), own before all *not* yet
/// applied ([`ServerSelector::effective`] does).
pub trait ConfigBackend: Send + Sync {
    fn identity(&self) -> &Identity;

    /// The family whose objects it holds.
    fn family(&self) -> Family;

    /// Version of the schema.
    fn version(&self) -> Boxed<Version>;

    /// Applies changes in order, all or none, in one transaction with one audit revision. Answers, per change, the
    /// number of objects set or deleted; when all are 0, no revision is written.
    ///
    /// `checked` is what the changes were checked against: when somebody wrote since, nothing is stored and the answer
    /// is [`BackendError::Overtaken`].
    fn apply(&self, changes: Vec<Change>, note: Note, checked: Option<Cursor>) -> Boxed<Vec<u64>>;

    /// What the check of a change begins with. Cheap while others than these objects change: what was read once is
    /// remembered.
    fn premises(&self) -> Boxed<Premises>;

    /// What [`apply`](Self::apply) would do, and fail with, now; nothing is stored. `server` also asks for everything
    /// that a server would get before and after.
    fn preview(&self, changes: Vec<Change>, server: Option<ServerTag>) -> Boxed<Preview>;

    /// Revisions, newest first.
    fn revisions(&self, filter: RevisionFilter) -> Boxed<Vec<Revision>>;

    /// What a server needs to be up to date: everything when `since` is `None` or not known to the database any
    /// more, otherwise only what the audit names after it. One cheap query when nothing changed.
    fn pull(&self, tag: ServerTag, since: Option<Cursor>) -> Boxed<Pulled>;

    /// A mark that differs after any change; cheap enough to be asked each second.
    fn change_mark(&self) -> Boxed<ChangeMark>;

    /// Waits until the database itself says that something may have changed; for ever where databases do not. News
    /// that come while nobody waits are kept.
    fn changed(&self) -> Boxed<()>;

    /// Audit rows after a cursor, oldest first, at most `limit`.
    fn audit(&self, since: Option<Cursor>, limit: u32) -> Boxed<Vec<AuditEntry>>;

    /// All servers in the order in which they were created, without `all`.
    fn servers(&self) -> Boxed<Vec<Server>>;

    fn server(&self, tag: ServerTag) -> Boxed<Option<Server>>;

    /// Servers that have something of their own: what the others run is all servers'.
    fn apart(&self) -> Boxed<Vec<ServerTag>>;

    fn globals(&self, selector: ServerSelector) -> Boxed<Vec<StoredGlobal>>;

    fn option_defs(&self, selector: ServerSelector) -> Boxed<Vec<Stored>>;

    /// Global options.
    fn options(&self, selector: ServerSelector) -> Boxed<Vec<Stored>>;

    /// In the order of evaluation.
    fn classes(&self, selector: ServerSelector) -> Boxed<Vec<Stored>>;

    fn class(&self, name: String) -> Boxed<Option<Stored>>;

    fn networks(&self, selector: ServerSelector) -> Boxed<Vec<Stored>>;

    fn network(&self, name: String) -> Boxed<Option<Stored>>;

    /// Subnets of a network, whatever they are tied to.
    fn subnets_of(&self, network: String) -> Boxed<Vec<StoredSubnet>>;

    /// Some subnets of a network, without this one: of each server at least one for each value that its subnets have of
    /// what those of a network must agree on (`interface`, `rapid-commit`).
    fn examples_of(&self, network: String, but: SubnetId) -> Boxed<Vec<StoredSubnet>>;

    fn subnets(&self, selector: ServerSelector) -> Boxed<Vec<StoredSubnet>>;

    fn subnet(&self, key: SubnetKey) -> Boxed<Option<StoredSubnet>>;

    fn subnet_list(&self, selector: ServerSelector) -> Boxed<Vec<SubnetBrief>>;

    /// Subnets that share addresses with a prefix, the one of that prefix included. Costs no more with many subnets
    /// stored than with few.
    fn overlapping(&self, prefix: Prefix) -> Boxed<Vec<SubnetBrief>>;

    /// The subnet that holds a pool, for options of the pool.
    fn subnet_of_pool(&self, scope: OptionScope) -> Boxed<Option<SubnetId>>;

    /// Where options of a space and code are set, as texts for operators (`subnet 5`), at most `limit`.
    fn option_users(&self, space: String, code: u16, limit: u32) -> Boxed<Users>;

    /// What names a client class but other classes, at most `limit`. Looks through all that can.
    fn class_users(&self, name: String, limit: usize) -> Boxed<Users>;

    /// Who has these classes, of those that are stored.
    fn class_tags(&self, names: Vec<String>) -> Boxed<BTreeMap<String, Vec<ServerTag>>>;
}
