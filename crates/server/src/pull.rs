//! Keeping up with the configuration database: at once when it changes, and by the timer as a safety net.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use backend::{BackendError, ChangeMark, ConfigBackend, Objects, PullFailure, Puller, ServerSelector};
use base::ServerTag;
use config::{DatabaseAccess, OnFail, Services};
use tokio::sync::{Mutex, MutexGuard};

use crate::Protocol;
use crate::messages::say;
use crate::protocol::Written;
use crate::reconfigure::Refusal;
use crate::security::Places;
use crate::server::Server;

/// How often the database is asked whether anything changed: what changed is to be served within a second.
const PUSH: Duration = Duration::from_millis(900);

/// How many times as long as it took to take changes up the next ones wait.
const REST: u32 = 4;

/// The shortest pause between attempts to reach a database.
const SOONEST: Duration = Duration::from_millis(100);

/// The databases of `config-control` and this server's place in them.
pub(crate) struct Pulling<P> {
    access: Vec<DatabaseAccess>,
    tag: ServerTag,
    pub(crate) database: Arc<dyn ConfigBackend>,
    /// What runs of the database.
    running: ArcSwap<Objects>,
    /// Whether the server runs, or ran, with something of the database.
    contacted: AtomicBool,
    /// Held while the database is asked; nothing that a command or a packet needs waits for it.
    progress: Mutex<Progress>,
    protocol: std::marker::PhantomData<fn() -> P>,
}

struct Progress {
    puller: Puller,
    mark: Option<ChangeMark>,
}

/// What a configuration begins with of its database.
pub(crate) enum First {
    Fetched(Objects),
    /// It does not answer: what was fetched before.
    Kept(Arc<Objects>, BackendError),
    /// It does not answer, and never did.
    Without(BackendError),
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
        let entry = access.first()?;
        let database: Arc<dyn ConfigBackend> = match before {
            Some(before) if before.access == *access => Arc::clone(&before.database),
            _ => {
                let file = places.databases.first().cloned().unwrap_or_default();
                Arc::new(databases::open(entry, &file, P::FAMILY))
            }
        };
        let tag = services.server_tag.clone();
        let puller = Puller::new(tag.clone());
        Some(Self {
            access: access.clone(),
            tag,
            database,
            running: ArcSwap::default(),
            contacted: AtomicBool::new(false),
            progress: Mutex::new(Progress { puller, mark: None }),
            protocol: std::marker::PhantomData,
        })
    }

    /// Everything for this server, to be tried; [`commit`](Self::commit) when it runs.
    ///
    /// Where the database does not answer that the server ran with `before`, it goes on with what it has of it. With one
    /// that it had no contact with yet, the entry says what happens: `retry-on-startup` tries again `max-reconnect-tries`
    /// times (as the server starts, not while a command waits), and with an `on-fail` that serves, the file alone is in
    /// force until the database answers.
    pub(crate) async fn fetch_first(&mut self, before: Option<&Self>) -> Result<First, BackendError> {
        let (patient, on_fail, tries, wait) = self.access.first().map_or_else(Default::default, |entry| {
            (entry.retry_on_startup, entry.on_fail, entry.max_reconnect_tries, entry.reconnect_wait_time)
        });
        let known = before.filter(|before| {
            before.contacted.load(Ordering::Relaxed)
                && before.tag == self.tag
                && Arc::ptr_eq(&before.database, &self.database)
        });
        let mut tried = 0;
        loop {
            let error = match self.fetch_all().await {
                Err(error) if error.is_temporary() => error,
                answer => return answer.map(First::Fetched),
            };
            if let Some(before) = known {
                say!(P, CbOnDemandFail { error: &error });
                *self.contacted.get_mut() = true;
                self.running.store(before.running());
                return Ok(First::Kept(before.running(), error));
            }
            // Without this one a running server would lose what it has of the other.
            let serves = before.is_some_and(|before| before.contacted.load(Ordering::Relaxed));
            if serves || !patient {
                return Err(error);
            }
            say!(P, CbPeriodicFail { error: &error });
            if on_fail != OnFail::StopRetryExit {
                return Ok(First::Without(error));
            }
            if before.is_some() || tried >= tries {
                return Err(error);
            }
            tried += 1;
            tokio::time::sleep(Duration::from_millis(wait.into())).await;
        }
    }

    async fn fetch_all(&mut self) -> Result<Objects, BackendError> {
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
        if puller.cursor().is_some() {
            *self.contacted.get_mut() = true;
            self.running.store(Arc::new(puller.objects().clone()));
        }
    }

    /// What runs of the database.
    pub(crate) fn running(&self) -> Arc<Objects> {
        self.running.load_full()
    }

    /// How long to wait for the next attempt of a server that began without its database; `None` once it had contact.
    async fn until_contact(&self) -> Option<Duration> {
        let wait = self.access.first().map_or(0, |entry| entry.reconnect_wait_time);
        let fetched = self.progress.lock().await.puller.cursor().is_some();
        (!fetched).then(|| Duration::from_millis(wait.into()).max(SOONEST))
    }

    /// Whether a server that began without its database has tried often enough.
    fn gives_up(&self, puller: &Puller) -> bool {
        let limits = |entry: &DatabaseAccess| {
            entry.on_fail == OnFail::ServeRetryExit && puller.failures() >= entry.max_reconnect_tries
        };
        !self.contacted.load(Ordering::Relaxed)
            && puller.cursor().is_none()
            && self.access.first().is_some_and(limits)
    }

    /// A file with what a database says in its place.
    pub(crate) fn merge(&self, file: &Written<P>, objects: &Objects) -> Written<P> {
        backend::merge(file, objects, &ServerSelector::One(self.tag.clone()))
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
                if reason == Reason::Timer && pulling.gives_up(&progress.puller) {
                    say!(P, CbManyFailures { count: progress.puller.failures() });
                    self.request_shutdown(1);
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
        // Most of the time nothing changed, and this one query told.
        if since.is_some() && progress.mark == Some(mark) && progress.puller.failures() == 0 {
            return Ok(false);
        }
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
        self.apply_pulled(config, &state).await.map_err(refused)?;
        progress.puller.commit();
        pulling.running.store(Arc::new(progress.puller.objects().clone()));
        pulling.contacted.store(true, Ordering::Relaxed);
        Ok(true)
    }

    /// Whether the database says that it has changed since the last pull.
    async fn is_behind(&self) -> bool {
        let Some(pulling) = self.pulling().await else { return false };
        let mark = pulling.progress.lock().await.mark;
        pulling.database.change_mark().await.is_ok_and(|now| Some(now) != mark)
    }
}

/// Waits until the database itself says that it changed.
async fn news<P: Protocol>(pulling: Option<&Arc<Pulling<P>>>) {
    match pulling {
        Some(pulling) if pulling.database.changed().await.is_ok() => {}
        _ => std::future::pending().await,
    }
}

/// Pulls when the database changed, unless `config-push` is off, and each `config-fetch-wait-time` in any case. 0
/// switches both off, once the database was reached.
pub(crate) async fn timer_loop<P: Protocol>(server: Arc<Server<P>>) {
    let mut due = tokio::time::Instant::now();
    loop {
        let reconfigured = server.reconfigured.notified();
        let (wait, push) = match &server.config().services.config_control {
            Some(control) => (control.fetch_wait_time, control.push),
            None => (0, false),
        };
        let pulling = server.pulling().await;
        let until_contact = match &pulling {
            Some(pulling) => pulling.until_contact().await,
            None => None,
        };
        if wait == 0 && until_contact.is_none() || server.arguments.repair {
            reconfigured.await;
            due = tokio::time::Instant::now();
            continue;
        }
        let interval = Duration::from_secs(u64::from(wait));
        tokio::select! {
            () = tokio::time::sleep(until_contact.unwrap_or(if push { PUSH.min(interval) } else { interval })) => {}
            () = server.pull_now.notified() => {}
            // Its waiting time may be another one.
            () = reconfigured => continue,
            () = news(pulling.as_ref().filter(|_| push)) => {}
        }
        if until_contact.is_some() || due.elapsed() >= interval || server.is_behind().await {
            due = tokio::time::Instant::now();
            // A failure is logged where it happens.
            let _: Result<Option<bool>, String> = server.pull(Reason::Timer).await;
            // While somebody writes one object after the other, many of them are taken up together.
            tokio::time::sleep(due.elapsed().saturating_mul(REST).min(PUSH)).await;
        }
    }
}
