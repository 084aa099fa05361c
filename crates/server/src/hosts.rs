//! Databases of host reservations (`hosts-databases`).
//!
//! Packets ask one task, [`Lookup`], which hands all questions that came meanwhile to each database in one call:
//! the more packets wait, the fewer calls each costs. Nothing is remembered between calls, as in Kea without a host
//! cache: a reservation counts from the moment it is stored.

use std::path::PathBuf;
use std::sync::Arc;

use backend::hosts::{HostDatabase, HostQuestions, HostRecord};
use backend::{BackendError, Boxed};
use base::SubnetId;
use config::Services;
use host::{Host, HostLookup, Identifier, LookupError, Reservation};
use tokio::sync::{mpsc, oneshot};

use crate::Protocol;
use crate::messages::say;
use crate::protocol::Config;
use crate::reach::{Content, Reach, Reachable};
use crate::reconfigure::Refusal;
use crate::security::Places;
use crate::server::Server;

/// Questions that are asked at once.
const TOGETHER: usize = 256;

/// What reservations of a family are.
type Reserved<P> = <<P as Protocol>::Model as config::Protocol>::Reservation;

/// A database in use.
pub(crate) struct Used {
    file: PathBuf,
    pub(crate) database: Arc<dyn HostDatabase>,
    reach: Reach,
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
            used.push(match before.iter().find(|b| b.reach.access() == access && b.file == file) {
                Some(same) => Arc::clone(same),
                None => Arc::new(Self {
                    database: Arc::new(databases::open_hosts(access, &file, P::FAMILY)),
                    file,
                    reach: Reach::new(Content::Hosts, access),
                }),
            });
        }
        used
    }

    /// See [`Reach::contact`].
    pub(crate) async fn contact<P: Protocol>(&self, starting: bool) -> Result<(), Refusal> {
        self.reach.contact::<P>(&Reserving(Arc::clone(&self.database)), starting).await
    }

    /// See [`Reach::watched`].
    pub(crate) fn watched<P: Protocol>(&self, server: &Arc<Server<P>>, number: usize) {
        self.reach.watched(Reserving(Arc::clone(&self.database)), server, number);
    }
}

/// A database of reservations as it is watched.
struct Reserving(Arc<dyn HostDatabase>);

impl Reachable for Reserving {
    fn name(&self) -> String {
        self.0.name()
    }

    fn probe(&self) -> Boxed<()> {
        let database = Arc::clone(&self.0);
        Box::pin(async move { database.probe().await })
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
}

impl<P: Protocol> Lookup<P> {
    /// `None` without databases.
    pub(crate) fn start(config: &Arc<Config<P>>, used: &[Arc<Used>]) -> Option<Arc<Self>> {
        if used.is_empty() {
            return None;
        }
        let (questions, inbox) = mpsc::unbounded_channel();
        tokio::spawn(answer_all::<P>(Arc::clone(config), used.to_vec(), inbox));
        Some(Arc::new(Self { questions }))
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
                    used.reach.trouble.notify_one();
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
