//! Keeping up with the configuration database: at once when it changes, and by the timer as a safety net.

use std::sync::Arc;
use std::time::Duration;

use backend::{
    BackendError, ChangeMark, ConfigBackend, Identity, Objects, PullFailure, Puller, ServerSelector,
};
use base::{Family, ServerTag, Timestamp};
use config::{DatabaseAccess, ServerConfig4, Written4};
use observe::log;

use crate::messages::{CbManyFailures, CbOnDemandFail, CbPeriodicFail};
use crate::reconfigure::Refusal;
use crate::security::Places;
use crate::server::Server;

/// How often the database is asked whether anything changed.
const PUSH: Duration = Duration::from_secs(1);

/// The databases of `config-control` and this server's place in them.
pub(crate) struct Pulling {
    access: Vec<DatabaseAccess>,
    tag: ServerTag,
    pub(crate) database: Arc<dyn ConfigBackend>,
    puller: Puller,
    mark: Option<ChangeMark>,
}

/// Why a pull was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Timer,
    Command,
}

impl Pulling {
    /// What the configuration names; the database of before where it is the same. `None` without one.
    pub(crate) fn open(config: &ServerConfig4, before: Option<&Self>, places: &Places) -> Option<Self> {
        let access = &config.services.config_control.as_ref()?.databases;
        let file = places.databases.first()?;
        let database = match before {
            Some(before) if before.access == *access => Arc::clone(&before.database),
            _ => Arc::new(sqlite::Database::open(file, Family::V4)),
        };
        let tag = config.services.server_tag.clone();
        Some(Self { access: access.clone(), puller: Puller::new(tag.clone()), tag, database, mark: None })
    }

    /// Everything for this server, to be tried; [`commit`](Self::commit) when it runs.
    pub(crate) async fn fetch_all(&mut self) -> Result<Objects, BackendError> {
        // The mark is taken first: what changes between it and the fetch is fetched twice rather than never.
        let mark = self.database.change_mark().await?;
        let pulled = self.database.pull(self.tag.clone(), None).await?;
        let objects = self.puller.offer(pulled).cloned().unwrap_or_default();
        self.mark = Some(mark);
        Ok(objects)
    }

    pub(crate) fn commit(&mut self) {
        self.puller.commit();
    }

    /// A file with what runs of the database.
    pub(crate) fn merge(&self, file: &Written4) -> Written4 {
        backend::merge4(file, self.puller.objects(), &ServerSelector::One(self.tag.clone()))
    }
}

impl Server {
    /// Brings the server up to date with its database. Answers whether anything changed.
    ///
    /// # Errors
    /// What failed; the running configuration serves on.
    pub(crate) async fn pull(&self, reason: Reason) -> Result<bool, String> {
        let mut state = self.state.lock().await;
        let (file, lease_file) = (Arc::clone(&state.file), state.lease_file.clone());
        let Some(pulling) = state.pulling.as_mut() else { return Ok(false) };
        let outcome = self.pull_once(pulling, &file, &lease_file).await;
        match outcome {
            Ok(changed) => Ok(changed),
            Err(failure) => {
                let text = failure.to_string();
                match reason {
                    Reason::Timer => log!(CbPeriodicFail { error: &text }),
                    Reason::Command => log!(CbOnDemandFail { error: &text }),
                }
                if pulling.puller.fail(failure) {
                    log!(CbManyFailures { count: pulling.puller.failures() });
                }
                Err(text)
            }
        }
    }

    async fn pull_once(
        &self,
        pulling: &mut Pulling,
        file: &Arc<Written4>,
        lease_file: &std::path::Path,
    ) -> Result<bool, PullFailure> {
        let mark = pulling.database.change_mark().await.map_err(PullFailure::Fetch)?;
        let since = pulling.puller.cursor().cloned();
        let pulled = pulling.database.pull(pulling.tag.clone(), since).await.map_err(PullFailure::Fetch)?;
        // Also when it cannot be run: then the timer tries again, not each second.
        pulling.mark = Some(mark);
        let Some(objects) = pulling.puller.offer(pulled) else { return Ok(false) };
        let selector = ServerSelector::One(pulling.tag.clone());
        let merged = Arc::new(backend::merge4(file, objects, &selector));
        let refused = |refusal: Refusal| PullFailure::Apply(refusal.text);
        let config = self.resolve(&merged).map_err(refused)?;
        self.apply_pulled(config, lease_file).await.map_err(refused)?;
        pulling.puller.commit();
        Ok(true)
    }

    /// Whether the database says that it has changed since the last pull.
    async fn is_behind(&self) -> bool {
        let (database, mark) = {
            let state = self.state.lock().await;
            let Some(pulling) = &state.pulling else { return false };
            (Arc::clone(&pulling.database), pulling.mark)
        };
        database.change_mark().await.is_ok_and(|now| Some(now) != mark)
    }
}

/// Pulls when the database changed, and each `config-fetch-wait-time` in any case. 0 switches both off.
pub(crate) async fn timer_loop(server: Arc<Server>) {
    let mut due = tokio::time::Instant::now();
    loop {
        let config = server.config();
        let wait = config.services.config_control.as_ref().map_or(0, |c| c.fetch_wait_time);
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
            let _: Result<bool, String> = server.pull(Reason::Timer).await;
        }
    }
}

/// The server as the `remote-*` commands see it.
pub(crate) struct Host(pub(crate) Arc<Server>);

impl modules::cb_cmds::Host for Host {
    fn backends(&self) -> Vec<Arc<dyn ConfigBackend>> {
        self.0.host.load().databases.clone()
    }

    fn tag(&self) -> ServerTag {
        self.0.host.load().tag.clone()
    }

    fn file4(&self) -> Option<Arc<Written4>> {
        Some(Arc::clone(&self.0.host.load().file))
    }

    fn now(&self) -> Timestamp {
        self.0.shared.clock.now().seconds()
    }

    fn changed(&self, _database: &Identity) {
        self.0.pull_now.notify_one();
    }
}
