//! What can go wrong between a command and a database.

use base::ServerTag;

/// Why a database could not do what was asked. The texts go into answers of commands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// A tag that no `remote-server*-set` created.
    #[error("server with the tag '{0}' does not exist in the configuration database")]
    UnknownServer(ServerTag),
    /// A network, subnet, pool or class that the change needs and that is not stored.
    #[error("{what} '{key}' does not exist in the configuration database")]
    Missing { what: &'static str, key: String },
    /// A class expression refers to a class that is absent, later in the order, or not available to its servers.
    #[error("unmet dependency on client class: {0}")]
    UnmetDependency(String),
    /// A class that others refer to.
    #[error("client class '{class}' is used by client class '{dependent}'")]
    ClassInUse { class: String, dependent: String },
    /// A value that has no place in the database's tables.
    #[error("parameter '{0}' can not be stored in the configuration database")]
    NoColumn(String),
    /// A value of the wrong shape.
    #[error("'{keyword}' parameter is not {wanted}")]
    BadValue { keyword: String, wanted: &'static str },
    /// Changes with values that the tables can not hold, or that other programs on tables of this version can not read.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NoRoom(Vec<Misfit>),
    /// A reservation of a client or of an address that has one. The text is Kea's.
    #[error("Database duplicate entry error")]
    Duplicate,
    /// A write to a database of reservations that is `readonly`. The text is Kea's.
    #[error("{0} host database backend is configured to operate in read only mode")]
    ReadOnly(&'static str),
    /// A stored row that can not be read back; names the row.
    #[error("{object}: {reason}")]
    BadRow { object: String, reason: String },
    /// An earlier revision that can not be restored.
    #[error("revision {revision} can not be restored: {reason}")]
    NoWayBack { revision: u64, reason: String },
    /// Somebody wrote that revision after what the change was checked against; nothing was stored.
    #[error("revision {0} was written in the meantime")]
    Overtaken(u64),
    /// The database does not take the change: a text is too long for its column, or Kea's own triggers object.
    #[error("{database}: the change is rejected: {reason}")]
    Rejected { database: String, reason: String },
    /// The schema is not one that this program understands.
    #[error("{0}")]
    Schema(String),
    /// The database does not answer, refuses, or is locked by others for too long.
    #[error("{database}: {reason}")]
    Unavailable { database: String, reason: String },
    /// The database went while it was storing a change.
    #[error("{database}: {reason}; whether the change was stored is not known")]
    Uncertain { database: String, reason: String },
}

/// One of several changes, and why the database has no room for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its place in the list of changes.
    pub change: usize,
    /// What operators call the object; empty where the reason says it.
    pub object: String,
    pub reason: String,
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.object.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.object, self.reason)
        }
    }
}

impl BackendError {
    /// Whether trying again later may help without anybody changing the data.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Uncertain { .. })
    }
}
