//! Where the leases of a configuration live: in memory with a lease file (memfile), or in a database.

use std::sync::{Arc, Weak};

use backend::Boxed;
use config::DatabaseAccess;
use databases::Leases;
use memfile::Memfile;

use crate::Protocol;
use crate::protocol::Config;
use crate::reach::{Content, Reach, Reachable};
use crate::reconfigure::Refusal;
use crate::server::{Server, Shared};

/// What keeps the leases.
pub enum Home<P: Protocol> {
    File(Arc<Memfile<P::Lease>>),
    Database(Arc<LeaseDatabase<P>>),
}

impl<P: Protocol> Clone for Home<P> {
    fn clone(&self) -> Self {
        match self {
            Self::File(memfile) => Self::File(Arc::clone(memfile)),
            Self::Database(database) => Self::Database(Arc::clone(database)),
        }
    }
}

impl<P: Protocol> Home<P> {
    pub(crate) fn file(&self) -> Option<&Arc<Memfile<P::Lease>>> {
        match self {
            Self::File(memfile) => Some(memfile),
            Self::Database(_) => None,
        }
    }

    pub(crate) fn database(&self) -> Option<&Arc<LeaseDatabase<P>>> {
        match self {
            Self::File(_) => None,
            Self::Database(database) => Some(database),
        }
    }

    /// Why leases can not be stored; `None`: they can, as far as is known.
    pub(crate) fn error(&self) -> Option<String> {
        match self {
            Self::File(memfile) => memfile.status().error,
            Self::Database(database) => database.leases.status().error,
        }
    }
}

/// A database of leases.
pub struct LeaseDatabase<P: Protocol> {
    pub(crate) leases: Arc<Leases<P::Lease>>,
    reach: Reach,
}

impl<P: Protocol> LeaseDatabase<P> {
    /// What a configuration names: the one in use where it is the same; `None`: a lease file.
    pub(crate) fn named(access: &DatabaseAccess, running: &Home<P>) -> Result<Option<Arc<Self>>, Refusal> {
        if access.kind == "memfile" {
            return Ok(None);
        }
        if let Some(same) = running.database().filter(|database| database.reach.access() == access) {
            return Ok(Some(Arc::clone(same)));
        }
        let reach = Reach::new(Content::Leases, access);
        let leases = databases::open_leases(access, Arc::clone(&reach.trouble));
        let refuse =
            || Refusal::new(format!("leases in a database of type '{}' are not served", access.kind));
        Ok(Some(Arc::new(Self { leases: Arc::new(leases.ok_or_else(refuse)?), reach })))
    }

    /// See [`Reach::contact`].
    pub(crate) async fn contact(&self, starting: bool) -> Result<(), Refusal> {
        self.reach
            .contact::<P>(&Leasing::<P> { leases: Arc::clone(&self.leases), shared: Weak::new() }, starting)
            .await
    }

    /// Whether the database has what the configuration needs; one that does not answer is another matter.
    pub(crate) async fn fits(&self, config: &Config<P>) -> Result<(), Refusal> {
        let refuse = |library: &str, lacks: &str| {
            let database = self.leases.database();
            Err(Refusal::new(format!("{library}: {database} {lacks}; see kea-admin db-upgrade")))
        };
        let identified = config.lease_query.as_ref().is_some_and(|query| query.extended_info);
        if identified && !self.leases.has_extended_info().await.unwrap_or(true) {
            let lacks = "has no place for identifiers of relay agents ('extended-info-tables-enabled')";
            return refuse("libdhcp_lease_query", lacks);
        }
        let limited = config.limits.as_ref().is_some_and(|limits| limits.on_leases());
        if limited && !self.leases.counts_classes().await.unwrap_or(true) {
            return refuse("libdhcp_limits", "counts no leases by client class");
        }
        Ok(())
    }

    /// See [`Reach::watched`].
    pub(crate) fn watched(&self, server: &Arc<Server<P>>) {
        let shared = Arc::downgrade(&server.shared);
        self.reach.watched(Leasing::<P> { leases: Arc::clone(&self.leases), shared }, server, ORIGIN);
    }

    /// A server begins without its database if its entry says so.
    pub(crate) fn may_wait(&self) -> bool {
        self.reach.access().retry_on_startup
    }
}

/// The place of the lease database among those that switch the service off; those of reservations are numbered from 0.
const ORIGIN: usize = 1_000_000;

/// A database of leases as it is watched.
struct Leasing<P: Protocol> {
    leases: Arc<Leases<P::Lease>>,
    /// Of the server that runs with it, which holds it.
    shared: Weak<Shared<P>>,
}

impl<P: Protocol> Reachable for Leasing<P> {
    fn name(&self) -> String {
        self.leases.database()
    }

    fn probe(&self) -> Boxed<()> {
        let leases = Arc::clone(&self.leases);
        Box::pin(async move { leases.probe().await })
    }

    fn returned(&self) -> Boxed<()> {
        let leases = Arc::clone(&self.leases);
        let shared = self.shared.upgrade();
        Box::pin(async move {
            let Some(shared) = shared.filter(|_| !leases.is_loaded()) else { return Ok(()) };
            // Begun without it, the server has not seen its leases yet. Packets wait, or theirs would be counted twice.
            let _alone = shared.gate.write().await;
            shared.active.load().runtime.forget_leases();
            leases.load().await.map_err(|error| backend::BackendError::Unavailable {
                database: leases.database(),
                reason: error.to_string(),
            })
        })
    }
}
