//! This server in one relationship: its machine, and the ways to the other servers.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use base::Clock;
use engine::share::Asking;
use engine::{Changed, DropReason};
use ha::wire::Speaker;
use ha::{Action, Failure, Machine, Now, Plan, Relationship, Scopes, Told};
use modules::ha::Secured;
use net::Lane;
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};

use super::line::{self, Line};
use super::link::Link;
use crate::Protocol;
use crate::parking::Parking;

/// A change of a lease.
pub(crate) type Change<P> = Changed<<P as Protocol>::Lease>;

/// What a query waits for before its client is answered.
pub(crate) struct Awaited {
    answers: Vec<oneshot::Receiver<Result<(), Failure>>>,
    /// Its place among those that wait.
    _place: Option<OwnedSemaphorePermit>,
}

impl Awaited {
    /// Waits; answers why the client is not to be answered, if so.
    pub(crate) async fn refused(self) -> Option<DropReason> {
        let mut reason = None;
        for answer in self.answers {
            if !matches!(answer.await, Ok(Ok(()))) {
                reason = Some(DropReason::ProcessingFailed);
            }
        }
        reason
    }
}

pub(crate) struct Seat<P: Protocol> {
    pub(crate) number: u32,
    pub(crate) relationship: Arc<Relationship>,
    clock: Arc<dyn Clock>,
    machine: Mutex<Machine<Change<P>>>,
    /// The scopes that are served at the moment.
    scopes: AtomicU32,
    /// From when on the partner's clients are watched, in steady microseconds.
    watches_after: AtomicU64,
    /// Something has happened that the machine may have an answer to.
    pub(crate) woken: Notify,
    /// By the places of the servers; `None`: this one.
    links: Vec<Option<Arc<Link>>>,
    lines: Vec<Option<Line<P>>>,
}

impl<P: Protocol> Seat<P> {
    pub(crate) fn new(
        secured: &Secured,
        number: u32,
        threads: bool,
        clock: &Arc<dyn Clock>,
        runtime: &Handle,
    ) -> Arc<Self> {
        let relationship = &secured.relationship;
        let now = moment(&**clock);
        let machine = Machine::new(Arc::clone(relationship), P::FAMILY, now);
        let partner = relationship.partner().map(|(at, _)| at);
        let threads =
            if threads && relationship.threading.enable { relationship.threading.client_threads } else { 1 };
        Arc::new_cyclic(|seat: &Weak<Self>| {
            let links: Vec<Option<Arc<Link>>> = (relationship.peers.iter().zip(&secured.clients))
                .enumerate()
                .map(|(at, (peer, tls))| {
                    (at != relationship.this).then(|| Arc::new(Link::new(peer, tls.clone())))
                })
                .collect();
            let lines = (relationship.peers.iter().zip(&links).enumerate())
                .map(|(at, (peer, link))| {
                    let told = Some(at) == partner || peer.role == ha::Role::Backup;
                    let link = link.as_ref().filter(|_| told)?;
                    Some(Line::start(runtime, seat, link, Some(at) == partner, threads))
                })
                .collect();
            Self {
                number,
                relationship: Arc::clone(relationship),
                clock: Arc::clone(clock),
                machine: Mutex::new(machine),
                scopes: AtomicU32::new(0),
                watches_after: AtomicU64::new(u64::MAX),
                woken: Notify::new(),
                links,
                lines,
            }
        })
    }

    pub(crate) fn now(&self) -> Now {
        moment(&*self.clock)
    }

    /// What is said to the other servers.
    pub(crate) fn speaker(&self) -> Speaker<'_> {
        let server = &self.relationship.own().name;
        Speaker { family: P::FAMILY, server, relationship: self.number }
    }

    /// Tells the machine something, or asks it.
    pub(crate) fn with<T>(&self, tell: impl FnOnce(&mut Machine<Change<P>>, Now) -> T) -> T {
        let answer = self.note(tell);
        self.woken.notify_one();
        answer
    }

    /// As [`with`](Self::with), of what the machine may have no answer to.
    fn note<T>(&self, tell: impl FnOnce(&mut Machine<Change<P>>, Now) -> T) -> T {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = tell(&mut machine, self.now());
        self.publish(&machine);
        answer
    }

    fn publish(&self, machine: &Machine<Change<P>>) {
        let scopes = if machine.is_serving() { machine.scopes() } else { Scopes::NONE };
        self.scopes.store(scopes.0, Ordering::Release);
        self.watches_after.store(machine.watches_clients_after(), Ordering::Relaxed);
    }

    /// The next thing to do, or when to look again (steady microseconds).
    pub(crate) fn next(&self) -> Result<Action, Option<u64>> {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let next = machine.next(self.now()).ok_or_else(|| machine.deadline());
        self.publish(&machine);
        next
    }

    /// Whether the clients of the server at a place are served here.
    pub(crate) fn serves(&self, place: usize) -> bool {
        Scopes(self.scopes.load(Ordering::Acquire)).serves(place)
    }

    /// A client that is not served here has asked.
    pub(crate) fn overheard(&self, asking: &Asking<'_>) {
        if self.clock.steady() <= self.watches_after.load(Ordering::Relaxed) {
            return;
        }
        let [one, other] = asking.client;
        let mut client = Vec::with_capacity(one.len() + other.len() + 1);
        client.extend(one);
        client.push(u8::try_from(one.len() & 0xff).unwrap_or(0));
        client.extend(other);
        self.note(|machine, now| machine.overheard(&client, asking.waited, asking.label, now));
    }

    pub(crate) fn look<T>(&self, at: impl FnOnce(&Machine<Change<P>>, Now) -> T) -> T {
        let machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        at(&machine, self.now())
    }

    pub(crate) fn plan(&self) -> Plan {
        self.look(|machine, _| machine.plan())
    }

    /// The way to the server at a place.
    pub(crate) fn link(&self, place: usize) -> Option<&Arc<Link>> {
        self.links.get(place)?.as_ref()
    }

    /// The way to the partner.
    pub(crate) fn partner(&self) -> Option<&Arc<Link>> {
        self.link(self.relationship.partner()?.0)
    }

    /// The partner has taken changes, or not.
    pub(crate) fn judge(&self, changes: &[Change<P>], outcome: Result<(), &Failure>) {
        if self.note(|machine, now| machine.updated(|| line::client::<P>(changes), outcome, now)) {
            self.woken.notify_one();
        }
    }

    /// Has the other servers told of the changes of a query; answers what is to be waited for.
    ///
    /// # Errors
    /// When it had to wait and there is no place for it.
    pub(crate) fn tell(&self, changes: Vec<Change<P>>, parking: &Parking) -> Result<Awaited, DropReason> {
        let wait_for_backups = self.relationship.wait_backup_ack;
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let Plan { partner, backups } = machine.plan();
        let waits = partner == Told::Now || (backups && wait_for_backups);
        let place = if waits { parking.place(Lane::Main) } else { None };
        let room = !waits || place.is_some();
        match partner {
            Told::Now if room => {}
            Told::Later => changes.iter().cloned().for_each(|change| machine.queue(change)),
            Told::Now | Told::Never => machine.missed(),
        }
        drop(machine);
        let tells = partner == Told::Now && room;
        let partner = self.relationship.partner().map(|(at, _)| at);
        let mut answers = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let Some(line) = line else { continue };
            if Some(at) == partner {
                if tells {
                    answers.extend(line.send(&changes));
                }
            } else if backups {
                let told = line.send(&changes);
                if wait_for_backups {
                    answers.extend(told);
                }
            }
        }
        if room { Ok(Awaited { answers, _place: place }) } else { Err(DropReason::QueueFull) }
    }
}

fn moment(clock: &dyn Clock) -> Now {
    Now { steady: clock.steady(), wall: clock.now().seconds() }
}
