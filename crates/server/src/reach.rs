//! Whether a database answers that packets need: at the start, and from then on. What `on-fail` asks for is done while
//! it does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use backend::Boxed;
use config::{DatabaseAccess, OnFail};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::Protocol;
use crate::messages::say;
use crate::reconfigure::Refusal;
use crate::server::Server;
use crate::service::Origin;

/// The shortest pause between attempts to reach a database.
const SOONEST: Duration = Duration::from_millis(100);

/// A database that may be out of reach.
pub(crate) trait Reachable: Send + Sync + 'static {
    /// How it is called in messages.
    fn name(&self) -> String;

    /// Whether it answers.
    fn probe(&self) -> Boxed<()>;

    /// It answers again after it did not: what was left undone is done.
    fn returned(&self) -> Boxed<()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What is kept in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Hosts,
    Leases,
    LegalLog,
}

/// The eye on one database.
pub(crate) struct Reach {
    content: Content,
    access: DatabaseAccess,
    /// It did not answer.
    pub(crate) trouble: Arc<Notify>,
    /// It has not answered yet.
    from_the_start: AtomicBool,
    /// The task that watches it.
    watch: OnceLock<AbortHandle>,
}

impl Drop for Reach {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.get() {
            watch.abort();
        }
    }
}

impl Reach {
    pub(crate) fn new(content: Content, access: &DatabaseAccess) -> Self {
        Self {
            content,
            access: access.clone(),
            trouble: Arc::new(Notify::new()),
            from_the_start: AtomicBool::new(false),
            watch: OnceLock::new(),
        }
    }

    /// The entry of the configuration.
    pub(crate) fn access(&self) -> &DatabaseAccess {
        &self.access
    }

    /// Sees to it that a database answers which was not in use before. With `retry-on-startup`, a server begins all the
    /// same: who watches the database goes on trying, and `on-fail` says whether clients are served meanwhile.
    pub(crate) async fn contact<P: Protocol>(
        &self,
        database: &impl Reachable,
        starting: bool,
    ) -> Result<(), Refusal> {
        if self.watch.get().is_some() {
            return Ok(());
        }
        let Err(error) = database.probe().await else { return Ok(()) };
        let name = database.name();
        if starting && self.access.retry_on_startup && error.is_temporary() {
            match self.content {
                Content::Hosts => say!(P, HostsLater { database: name, error }),
                Content::Leases => say!(P, LeasesLater { database: name, error }),
                Content::LegalLog => say!(P, LegalLogLater { database: name, error }),
            }
            self.trouble.notify_one();
            self.from_the_start.store(true, Ordering::Relaxed);
            return Ok(());
        }
        match self.content {
            Content::Hosts => say!(P, HostsUnavailable { database: name, error: &error }),
            Content::Leases => say!(P, LeasesUnavailable { database: name, error: &error }),
            Content::LegalLog => say!(P, LegalLogUnavailable { database: name, error: &error }),
        }
        Err(Refusal::new(format!("Unable to open database: {error}")))
    }

    /// Begins to watch the database, unless that is done already. `number` tells its origin from others.
    pub(crate) fn watched<P: Protocol>(
        &self,
        database: impl Reachable,
        server: &Arc<Server<P>>,
        number: usize,
    ) {
        self.watch.get_or_init(|| {
            let origin = Origin::of_database(u32::try_from(number).unwrap_or_default());
            let task = watch(
                self.access.clone(),
                database,
                Arc::clone(&self.trouble),
                Arc::downgrade(server),
                origin,
                self.from_the_start.load(Ordering::Relaxed),
            );
            tokio::spawn(task).abort_handle()
        });
    }
}

fn pause(access: &DatabaseAccess) -> Duration {
    Duration::from_millis(access.reconnect_wait_time.into()).max(SOONEST)
}

/// Does what `on-fail` asks for, each time that the database did not answer.
async fn watch<P: Protocol>(
    access: DatabaseAccess,
    database: impl Reachable,
    trouble: Arc<Notify>,
    server: Weak<Server<P>>,
    origin: Origin,
    mut from_the_start: bool,
) {
    loop {
        trouble.notified().await;
        let answers = async || database.probe().await.is_ok() && database.returned().await.is_ok();
        // Perhaps it was slow once.
        if answers().await {
            continue;
        }
        let Some(server) = server.upgrade() else { return };
        let name = database.name();
        say!(P, DbReconnectLost { database: &name });
        // Given back also when the configuration goes on without this database.
        let stopped = (access.on_fail == OnFail::StopRetryExit).then(|| Stopped::new(&server, origin));
        let mut tried = 0;
        let back = loop {
            if tried == access.max_reconnect_tries {
                if access.on_fail != OnFail::ServeRetryContinue {
                    break false;
                }
                // It may come back all the same.
                say!(P, DbReconnectFailed { tries: tried, database: &name });
            }
            tried = tried.saturating_add(1);
            tokio::time::sleep(pause(&access)).await;
            if answers().await {
                break true;
            }
        };
        if back {
            from_the_start = false;
            say!(P, DbReconnectSucceeded { database: &name });
            drop(stopped);
        } else {
            let tries = access.max_reconnect_tries;
            if from_the_start {
                say!(P, DbReconnectFatal { tries, database: &name });
            } else {
                say!(P, DbReconnectFailed { tries, database: &name });
            }
            server.request_shutdown(1);
            // Clients stay without service until the end.
            return std::future::pending().await;
        }
    }
}

/// The service is switched off as long as this lives.
struct Stopped<P: Protocol> {
    server: Arc<Server<P>>,
    origin: Origin,
}

impl<P: Protocol> Stopped<P> {
    fn new(server: &Arc<Server<P>>, origin: Origin) -> Self {
        server.shared.service.disable(origin, None);
        Self { server: Arc::clone(server), origin }
    }
}

impl<P: Protocol> Drop for Stopped<P> {
    fn drop(&mut self) {
        self.server.shared.service.enable(self.origin);
    }
}
