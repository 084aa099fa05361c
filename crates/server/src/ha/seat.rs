//! This server in one relationship: its machine, and the ways to the other servers.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use base::Clock;
use engine::Changed;
use ha::{Action, Failure, Machine, Now, Plan, Relationship, Scopes};
use modules::ha::Secured;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

use super::line::{self, Line};
use super::link::Link;
use crate::Protocol;

/// A change of a lease.
pub(crate) type Change<P> = Changed<<P as Protocol>::Lease>;

pub(crate) struct Seat<P: Protocol> {
    pub(crate) number: u32,
    pub(crate) relationship: Arc<Relationship>,
    clock: Arc<dyn Clock>,
    machine: Mutex<Machine<Change<P>>>,
    /// The scopes that are served at the moment.
    scopes: AtomicU32,
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
        let machine = Machine::new(Arc::clone(relationship), P::FAMILY, number, now);
        let partner = relationship.partner().map(|(at, _)| at);
        let threads =
            if threads && relationship.threading.enable { relationship.threading.client_threads } else { 1 };
        let own = &relationship.own().name;
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
                    let own = (own.as_str(), number, threads);
                    Some(Line::start(runtime, seat, link, peer, Some(at) == partner, own))
                })
                .collect();
            Self {
                number,
                relationship: Arc::clone(relationship),
                clock: Arc::clone(clock),
                machine: Mutex::new(machine),
                scopes: AtomicU32::new(0),
                woken: Notify::new(),
                links,
                lines,
            }
        })
    }

    pub(crate) fn now(&self) -> Now {
        moment(&*self.clock)
    }

    /// Tells the machine something, or asks it.
    pub(crate) fn with<T>(&self, tell: impl FnOnce(&mut Machine<Change<P>>, Now) -> T) -> T {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = tell(&mut machine, self.now());
        self.publish(&machine);
        drop(machine);
        self.woken.notify_one();
        answer
    }

    fn publish(&self, machine: &Machine<Change<P>>) {
        let scopes = if machine.is_serving() { machine.scopes() } else { Scopes::NONE };
        self.scopes.store(scopes.0, Ordering::Release);
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
    pub(crate) fn overheard(&self, client: &[u8], waited: u32, label: &dyn fmt::Display) {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        machine.overheard(client, waited, label, self.now());
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

    /// The partner has taken changes, or not.
    pub(crate) fn judge(&self, changes: &[Change<P>], outcome: Result<(), &Failure>) {
        let (client, until) = line::client::<P>(changes);
        self.with(|machine, now| machine.updated(&client, until, outcome, now));
    }

    /// Has the other servers told of the changes of a query; answers what is to be waited for.
    pub(crate) fn tell(&self, changes: Vec<Change<P>>) -> Vec<oneshot::Receiver<Result<(), Failure>>> {
        let partner = self.relationship.partner().map(|(at, _)| at);
        let mut awaited = Vec::new();
        let plan = {
            let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
            let plan = machine.plan();
            match plan.partner {
                ha::Told::Now => {}
                ha::Told::Later => changes.iter().cloned().for_each(|change| machine.queue(change)),
                ha::Told::Never => machine.missed(),
            }
            plan
        };
        for (at, line) in self.lines.iter().enumerate() {
            let Some(line) = line else { continue };
            if Some(at) == partner {
                if plan.partner == ha::Told::Now {
                    awaited.extend(line.send(&changes));
                }
            } else if plan.backups {
                let answers = line.send(&changes);
                if self.relationship.wait_backup_ack {
                    awaited.extend(answers);
                }
            }
        }
        awaited
    }
}

fn moment(clock: &dyn Clock) -> Now {
    Now { steady: clock.steady(), wall: clock.now().seconds() }
}
