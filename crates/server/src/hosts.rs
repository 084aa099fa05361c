//! Databases of host reservations (`hosts-databases`).
//!
//! Packets ask one task, [`Lookup`], which hands all questions that came meanwhile to each database in one call:
//! the more packets wait, the fewer calls each costs. Nothing is remembered between calls, as in Kea without a host
//! cache: a reservation counts from the moment it is stored. Another task for each database, [`watch`], does what
//! `on-fail` asks for while the database does not answer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use backend::BackendError;
use backend::hosts::{HostDatabase, HostQuestions, HostRecord};
use base::SubnetId;
use config::{DatabaseAccess, OnFail, Services};
use host::{Host, HostLookup, Identifier, LookupError, Reservation};
use net::Lane;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::Protocol;
use crate::messages::say;
use crate::protocol::Config;
use crate::reconfigure::Refusal;
use crate::security::Places;
use crate::server::Server;
use crate::service::Origin;

/// Questions that are asked at once.
const TOGETHER: usize = 256;

/// The shortest pause between attempts to reach a database.
const SOONEST: Duration = Duration::from_millis(100);

/// What reservations of a family are.
type Reserved<P> = <<P as Protocol>::Model as config::Protocol>::Reservation;

/// A database in use.
pub(crate) struct Used {
    access: DatabaseAccess,
    file: PathBuf,
    pub(crate) database: Arc<dyn HostDatabase>,
    /// It did not answer.
    trouble: Arc<Notify>,
    /// The task that watches it.
    watch: std::sync::OnceLock<AbortHandle>,
}

impl Drop for Used {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.get() {
            watch.abort();
        }
    }
}

impl Used {
    /// What a configuration names; databases of before where they are the same.
    pub(crate) fn all<P: Protocol>(
        services: &Services,
        before: &[Arc<Self>],
        places: &Places,
    ) -> Vec<Arc<Self>> {
        let mut used = Vec::new();
        for (at, access) in services.hosts_databases.iter().enumerate() {
            let file = places.hosts.get(at).cloned().unwrap_or_default();
            used.push(match before.iter().find(|b| b.access == *access && b.file == file) {
                Some(same) => Arc::clone(same),
                None => Arc::new(Self::new::<P>(access, &file)),
            });
        }
        used
    }

    fn new<P: Protocol>(access: &DatabaseAccess, file: &Path) -> Self {
        Self {
            access: access.clone(),
            file: file.to_owned(),
            database: Arc::new(databases::open_hosts(access, file, P::FAMILY)),
            trouble: Arc::new(Notify::new()),
            watch: std::sync::OnceLock::new(),
        }
    }

    /// Sees to it that a database answers which was not in use before. While it does not, its entry says what happens
    /// at a start: `retry-on-startup` tries again `max-reconnect-tries` times, and with an `on-fail` that serves, the
    /// server begins without it.
    pub(crate) async fn contact<P: Protocol>(&self, starting: bool) -> Result<(), Refusal> {
        if self.watch.get().is_some() {
            return Ok(());
        }
        let patient = starting && self.access.retry_on_startup;
        let mut tried = 0;
        loop {
            let Err(error) = self.database.probe().await else { return Ok(()) };
            say!(P, HostsUnavailable { database: self.database.name(), error: &error });
            if !patient || !error.is_temporary() {
                return Err(Refusal::new(format!("Unable to open database: {error}")));
            }
            if self.access.on_fail != OnFail::StopRetryExit {
                self.trouble.notify_one();
                return Ok(());
            }
            if tried >= self.access.max_reconnect_tries {
                say!(P, DbReconnectFatal { tries: tried, database: self.database.name() });
                return Err(Refusal::new(format!("Unable to open database: {error}")));
            }
            tried += 1;
            tokio::time::sleep(pause(&self.access)).await;
        }
    }

    /// Begins to watch the database, unless that is done already. `number` tells its origin from others.
    pub(crate) fn watched<P: Protocol>(self: &Arc<Self>, server: &Arc<Server<P>>, number: usize) {
        self.watch.get_or_init(|| {
            let number = u32::try_from(number).unwrap_or_default();
            let (database, trouble) = (Arc::clone(&self.database), Arc::clone(&self.trouble));
            let task = watch(self.access.clone(), database, trouble, Arc::downgrade(server), number);
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
    database: Arc<dyn HostDatabase>,
    trouble: Arc<Notify>,
    server: Weak<Server<P>>,
    number: u32,
) {
    let origin = Origin::of_database(number);
    loop {
        trouble.notified().await;
        // Perhaps it was slow once.
        if database.probe().await.is_ok() {
            continue;
        }
        let Some(server) = server.upgrade() else { return };
        let name = database.name();
        say!(P, DbReconnectLost { database: &name });
        // Given back also when the configuration goes on without this database.
        let stopped = (access.on_fail == OnFail::StopRetryExit).then(|| Stopped::new(&server, origin));
        let mut tried = 0;
        let back = loop {
            if tried >= access.max_reconnect_tries && access.on_fail != OnFail::ServeRetryContinue {
                break false;
            }
            tried += 1;
            tokio::time::sleep(pause(&access)).await;
            if database.probe().await.is_ok() {
                break true;
            }
        };
        if back {
            say!(P, DbReconnectSucceeded { database: &name });
            drop(stopped);
        } else {
            say!(P, DbReconnectFailed { tries: access.max_reconnect_tries, database: &name });
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

/// What a packet asks.
enum Asked<P: Protocol> {
    Client(Vec<Identifier>),
    Place(SubnetId, <Reserved<P> as Reservation>::Resource),
}

struct Question<P: Protocol> {
    asked: Asked<P>,
    answer: oneshot::Sender<Result<Found<P>, LookupError>>,
}

type Found<P> = Vec<Arc<Host<Reserved<P>>>>;

/// The databases of a configuration, as packets ask them. Its task ends with it.
pub struct Lookup<P: Protocol> {
    questions: mpsc::UnboundedSender<Question<P>>,
    /// Packets that may wait at a time (`parked-packet-limit`).
    room: Arc<Semaphore>,
    /// Places of them that are not for clients that only look for a server.
    kept: usize,
}

impl<P: Protocol> Lookup<P> {
    /// `None` without databases.
    pub(crate) fn start(config: &Arc<Config<P>>, used: &[Arc<Used>]) -> Option<Arc<Self>> {
        if used.is_empty() {
            return None;
        }
        let (questions, inbox) = mpsc::unbounded_channel();
        tokio::spawn(answer_all::<P>(Arc::clone(config), used.to_vec(), inbox));
        let limit = usize::try_from(config.services.parked_packet_limit).unwrap_or(usize::MAX);
        let room = if limit == 0 { Semaphore::MAX_PERMITS } else { limit.min(Semaphore::MAX_PERMITS) };
        Some(Arc::new(Self { questions, room: Arc::new(Semaphore::new(room)), kept: room / 4 }))
    }

    /// A place for a packet that waits; `None`: too many do.
    pub(crate) fn place(&self, lane: Lane) -> Option<OwnedSemaphorePermit> {
        if lane == Lane::Discovery && self.room.available_permits() <= self.kept {
            return None;
        }
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    async fn ask(&self, asked: Asked<P>) -> Result<Found<P>, LookupError> {
        let (answer, told) = oneshot::channel();
        let gone = || LookupError("the server is ending".to_owned());
        self.questions.send(Question { asked, answer }).map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

impl<P: Protocol> HostLookup<Reserved<P>> for Lookup<P> {
    fn of_client(&self, identifiers: Vec<Identifier>) -> host::Lookup<'_, Reserved<P>> {
        Box::pin(self.ask(Asked::Client(identifiers)))
    }

    fn at(
        &self,
        subnet: SubnetId,
        resource: <Reserved<P> as Reservation>::Resource,
    ) -> host::Lookup<'_, Reserved<P>> {
        Box::pin(self.ask(Asked::Place(subnet, resource)))
    }
}

/// Answers questions, all that are there at once.
async fn answer_all<P: Protocol>(
    config: Arc<Config<P>>,
    used: Vec<Arc<Used>>,
    mut inbox: mpsc::UnboundedReceiver<Question<P>>,
) {
    let mut batch = Vec::new();
    while inbox.recv_many(&mut batch, TOGETHER).await > 0 {
        let answer = fetch::<P>(&config, &used, &batch).await;
        for Question { asked, answer: to } in batch.drain(..) {
            let told = match &answer {
                Ok(hosts) => Ok(hosts.iter().filter(|host| fits::<P>(&asked, host)).cloned().collect()),
                Err(error) => Err(LookupError(error.to_string())),
            };
            // Who asked may be gone.
            let _: Result<(), _> = to.send(told);
        }
    }
}

/// Everything that databases have for some questions, in the order of the databases.
async fn fetch<P: Protocol>(
    config: &Config<P>,
    used: &[Arc<Used>],
    batch: &[Question<P>],
) -> Result<Found<P>, BackendError> {
    let mut questions = HostQuestions::default();
    for question in batch {
        match &question.asked {
            Asked::Client(identifiers) => questions.clients.extend(identifiers.iter().cloned()),
            Asked::Place(subnet, resource) => {
                questions.places.push((*subnet, Reserved::<P>::address(*resource)));
            }
        }
    }
    // Each works on a thread of its own, all at the same time.
    let calls: Vec<_> = used.iter().map(|used| used.database.lookup(questions.clone())).collect();
    let mut found = Vec::new();
    let mut failure = None;
    for (used, call) in used.iter().zip(calls) {
        match call.await {
            Ok(records) => {
                found.extend(records.iter().filter_map(|record| resolved::<P>(config, used, record)))
            }
            Err(error) => {
                say!(P, HostsUnavailable { database: used.database.name(), error: &error });
                if error.is_temporary() {
                    used.trouble.notify_one();
                }
                failure = Some(error);
            }
        }
    }
    failure.map_or(Ok(found), Err)
}

/// A reservation that cannot be used is told of, and left out.
fn resolved<P: Protocol>(
    config: &Config<P>,
    used: &Used,
    record: &HostRecord,
) -> Option<Arc<Host<Reserved<P>>>> {
    match <P::Model as config::Protocol>::resolve_reservation(config, record.subnet, &record.reservation) {
        Ok(host) => Some(Arc::new(host)),
        Err(errors) => {
            let error = errors.first().map_or_else(|| "no identifier".to_owned(), |e| e.text.clone());
            let reservation = json::to_string(&record.reservation.clone().into());
            say!(P, HostUnusable { database: used.database.name(), reservation, error });
            None
        }
    }
}

fn fits<P: Protocol>(asked: &Asked<P>, host: &Host<Reserved<P>>) -> bool {
    match asked {
        Asked::Client(identifiers) => identifiers.contains(&host.identifier),
        Asked::Place(subnet, resource) => host.subnet == *subnet && host.extra.resources().contains(resource),
    }
}
