//! Keeping up with the configuration database: at once when it changes, and by the timer as a safety net.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use backend::{BackendError, ChangeMark, ConfigBackend, Objects, PullFailure, Puller, ServerSelector};
use base::ServerTag;
use config::{DatabaseAccess, Services};
use tokio::sync::{Mutex, MutexGuard};

use crate::Protocol;
use crate::messages::say;
use crate::protocol::Written;
use crate::reconfigure::Refusal;
use crate::security::Places;
use crate::server::Server;

/// How often the database is asked whether anything changed.
const PUSH: Duration = Duration::from_secs(1);

/// The databases of `config-control` and this server's place in them.
pub(crate) struct Pulling<P> {
    access: Vec<DatabaseAccess>,
    tag: ServerTag,
    pub(crate) database: Arc<dyn ConfigBackend>,
    /// What runs of the database.
    running: ArcSwap<Objects>,
    /// Held while the database is asked; nothing that a command or a packet needs waits for it.
    progress: Mutex<Progress>,
    protocol: std::marker::PhantomData<fn() -> P>,
}

struct Progress {
    puller: Puller,
    mark: Option<ChangeMark>,
}

/// Why a pull was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Timer,
    Command,
}

impl<P: Protocol> Pulling<P> {
    /// What the configuration names; the database of before where it is the same. `None` without one.
    pub(crate) fn open(services: &Services, before: Option<&Self>, places: &Places) -> Option<Self> {
        let access = &services.config_control.as_ref()?.databases;
        let file = places.databases.first()?;
        let database = match before {
            Some(before) if before.access == *access => Arc::clone(&before.database),
            _ => Arc::new(sqlite::open(file, P::FAMILY)),
        };
        let tag = services.server_tag.clone();
        let puller = Puller::new(tag.clone());
        Some(Self {
            access: access.clone(),
            tag,
            database,
            running: ArcSwap::default(),
            progress: Mutex::new(Progress { puller, mark: None }),
            protocol: std::marker::PhantomData,
        })
    }

    /// Everything for this server, to be tried; [`commit`](Self::commit) when it runs.
    pub(crate) async fn fetch_all(&mut self) -> Result<Objects, BackendError> {
        let Progress { puller, mark } = self.progress.get_mut();
        // The mark is taken first: what changes between it and the fetch is fetched twice rather than never.
        let now = self.database.change_mark().await?;
        let pulled = self.database.pull(self.tag.clone(), None).await?;
        *mark = Some(now);
        Ok(puller.offer(pulled).cloned().unwrap_or_default())
    }

    /// What was fetched runs.
    pub(crate) fn commit(&mut self) {
        let Progress { puller, .. } = self.progress.get_mut();
        puller.commit();
        self.running.store(Arc::new(puller.objects().clone()));
    }

    /// What runs of the database.
    pub(crate) fn running(&self) -> Arc<Objects> {
        self.running.load_full()
    }

    /// A file with what a database says in its place.
    pub(crate) fn merge(&self, file: &Written<P>, objects: &Objects) -> Written<P> {
        P::merge(file, objects, &ServerSelector::One(self.tag.clone()))
    }
}

impl<P: Protocol> Server<P> {
    /// The database in use.
    async fn pulling(&self) -> Option<Arc<Pulling<P>>> {
        self.state.lock().await.pulling.clone()
    }

    /// Brings the server up to date with its database. Answers whether anything changed; `None` without a database.
    ///
    /// # Errors
    /// What failed; the running configuration serves on.
    pub(crate) async fn pull(&self, reason: Reason) -> Result<Option<bool>, String> {
        let Some(pulling) = self.pulling().await else { return Ok(None) };
        let mut progress = pulling.progress.lock().await;
        match self.pull_once(&pulling, &mut progress).await {
            Ok(changed) => Ok(Some(changed)),
            Err(failure) => {
                let text = failure.to_string();
                match reason {
                    Reason::Timer => say!(P, CbPeriodicFail { error: &text }),
                    Reason::Command => say!(P, CbOnDemandFail { error: &text }),
                }
                if progress.puller.fail(failure) {
                    say!(P, CbManyFailures { count: progress.puller.failures() });
                }
                Err(text)
            }
        }
    }

    async fn pull_once(
        &self,
        pulling: &Arc<Pulling<P>>,
        progress: &mut MutexGuard<'_, Progress>,
    ) -> Result<bool, PullFailure> {
        let mark = pulling.database.change_mark().await.map_err(PullFailure::Fetch)?;
        let since = progress.puller.cursor().cloned();
        let pulled = pulling.database.pull(pulling.tag.clone(), since).await.map_err(PullFailure::Fetch)?;
        // The database may have let us wait; only now does anybody else have to.
        let state = self.state.lock().await;
        if !state.pulling.as_ref().is_some_and(|current| Arc::ptr_eq(current, pulling)) {
            // A reconfiguration came first, and fetched everything itself.
            return Ok(false);
        }
        // Also when it cannot be run: then the timer tries again, not each second.
        progress.mark = Some(mark);
        let Some(objects) = progress.puller.offer(pulled) else { return Ok(false) };
        let merged = Arc::new(pulling.merge(&state.file, objects));
        let refused = |refusal: Refusal| PullFailure::Apply(refusal.text);
        let config = self.resolve(&merged).map_err(refused)?;
        self.apply_pulled(config, &state.lease_file).await.map_err(refused)?;
        progress.puller.commit();
        pulling.running.store(Arc::new(progress.puller.objects().clone()));
        Ok(true)
    }

    /// Whether the database says that it has changed since the last pull.
    async fn is_behind(&self) -> bool {
        let Some(pulling) = self.pulling().await else { return false };
        let mark = pulling.progress.lock().await.mark;
        pulling.database.change_mark().await.is_ok_and(|now| Some(now) != mark)
    }
}

/// Pulls when the database changed, and each `config-fetch-wait-time` in any case. 0 switches both off.
pub(crate) async fn timer_loop<P: Protocol>(server: Arc<Server<P>>) {
    let mut due = tokio::time::Instant::now();
    loop {
        let wait = server.config().services.config_control.as_ref().map_or(0, |c| c.fetch_wait_time);
        if wait == 0 || server.arguments.repair {
            server.reconfigured.notified().await;
            due = tokio::time::Instant::now();
            continue;
        }
        let interval = Duration::from_secs(u64::from(wait));
        tokio::select! {
            () = tokio::time::sleep(PUSH.min(interval)) => {}
            () = server.pull_now.notified() => {}
        }
        if due.elapsed() >= interval || server.is_behind().await {
            due = tokio::time::Instant::now();
            // A failure is logged where it happens.
            let _: Result<Option<bool>, String> = server.pull(Reason::Timer).await;
        }
    }
}
