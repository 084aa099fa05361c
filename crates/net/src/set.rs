//! The open sockets of the server, made to follow a plan.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Weak};

use crate::frame::MacAddr;
use crate::lane::Lane;
use crate::open::{self, OpenError, OpenOptions, Queues};
use crate::select::{Plan4, Problem, SocketSpec4};
use crate::socket::{Companion, CompanionSocket, Kind, Raw, Socket4, SocketId};

/// What [`SocketSet4::apply`] did.
#[derive(Debug)]
pub struct SocketChanges<S> {
    /// New sockets of each worker (the outer index), one for each lane. A socket that the workers share appears with
    /// each of them.
    pub opened: Vec<Vec<Arc<S>>>,
    /// Sockets that the workers have to drop, after receiving what is still queued in them. Nothing new gets in.
    pub closed: Vec<SocketId>,
    /// Sockets that could not be opened.
    pub problems: Vec<Problem>,
    /// Sockets with a single queue because the kernel cannot spread their packets by client and lane, with the reason.
    pub unsteered: Vec<(SocketId, io::Error)>,
    /// A new socket needs the address of a closed one that a worker still holds: apply the plan again soon.
    pub again: bool,
}

pub type SocketChanges4 = SocketChanges<Socket4>;

impl<S> SocketChanges<S> {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            opened: (0..workers).map(|_| Vec::new()).collect(),
            closed: Vec::new(),
            problems: Vec::new(),
            unsteered: Vec::new(),
            again: false,
        }
    }

    /// Hands the queues of a new socket to the workers: with one queue for all, every worker gets it.
    pub(crate) fn register(&mut self, id: SocketId, queues: &[Arc<S>], unsteered: Option<io::Error>) {
        for (worker, lanes) in self.opened.iter_mut().zip(queues.chunks(Lane::ALL.len()).cycle()) {
            worker.extend_from_slice(lanes);
        }
        self.unsteered.extend(unsteered.map(|error| (id, error)));
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// By interface index.
    Raw(u32),
    /// By address: a UDP socket is not tied to an interface.
    Udp(Ipv4Addr),
}

/// What a packet socket depends on; when it changes, the socket is replaced.
#[derive(Debug, PartialEq, Eq)]
struct Bound {
    mac: Option<MacAddr>,
    addresses: Vec<Ipv4Addr>,
}

struct Open {
    id: SocketId,
    bound: Bound,
    queues: Vec<Arc<Socket4>>,
}

/// Owns the sockets; workers hold shared references to their queues.
///
/// Order of calls: after start, after a reconfiguration and whenever [`crate::Watch`] reports a change, list the
/// interfaces, make the plan, [`apply`](Self::apply) it, hand the changes to the workers. Applying the same plan again
/// changes nothing but retries what failed (`service-sockets-max-retries`).
pub struct SocketSet4 {
    options: OpenOptions,
    open: BTreeMap<Key, Open>,
    /// UDP sockets that are bound beside packet sockets; alive as long as one of those is.
    companions: BTreeMap<Ipv4Addr, Weak<CompanionSocket>>,
    /// Closed UDP sockets which a worker may still hold, by their address.
    leaving: Vec<(Ipv4Addr, Weak<Socket4>)>,
    next_id: u64,
}

impl SocketSet4 {
    /// No sockets yet. Options are for the life of the set: a change of port or number of workers needs a new one.
    #[must_use]
    pub fn new(options: OpenOptions) -> Self {
        let options = OpenOptions { workers: options.workers.max(1), ..options };
        Self { options, open: BTreeMap::new(), companions: BTreeMap::new(), leaving: Vec::new(), next_id: 0 }
    }

    #[must_use]
    pub fn options(&self) -> &OpenOptions {
        &self.options
    }

    /// No socket is open: the server hears nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The addresses that open sockets serve (server identifiers by which clients may call this server).
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.open.values().flat_map(|open| open.bound.addresses.iter().copied())
    }

    /// All open queues, for statistics.
    pub fn queues(&self) -> impl Iterator<Item = &Arc<Socket4>> {
        self.open.values().flat_map(|open| &open.queues)
    }

    /// Opens what the plan has and is not open, closes what is open and not in the plan, and replaces packet sockets
    /// whose interface got another hardware address or set of addresses; the new one listens before the old one
    /// stops. An empty plan closes everything.
    pub fn apply(&mut self, plan: &Plan4) -> SocketChanges4 {
        let mut changes = SocketChanges::new(self.options.workers);
        self.companions.retain(|_, socket| socket.strong_count() > 0);
        self.leaving.retain(|(_, socket)| socket.strong_count() > 0);
        let wanted: BTreeMap<Key, &SocketSpec4> = plan.sockets.iter().map(|spec| (key(spec), spec)).collect();
        let unwanted: Vec<Key> = self.open.keys().filter(|key| !wanted.contains_key(key)).cloned().collect();
        for key in unwanted {
            if let Some(open) = self.open.remove(&key) {
                self.close(open, &mut changes);
            }
        }
        for (key, spec) in wanted {
            self.open_one(key, spec, &mut changes);
        }
        changes
    }

    fn open_one(&mut self, key: Key, spec: &SocketSpec4, changes: &mut SocketChanges4) {
        let result = match spec {
            SocketSpec4::Udp { address, .. } => {
                if self.open.contains_key(&key) {
                    return;
                }
                if self.is_leaving(*address) || self.companion(*address).is_some() {
                    changes.again = true;
                    return;
                }
                let bound = Bound { mac: None, addresses: vec![*address] };
                let address = *address;
                open::unicast(address, &self.options).map(|queues| {
                    (bound, queues, Box::new(move || Kind::Udp { address }) as Box<dyn Fn() -> Kind>)
                })
            }
            SocketSpec4::Raw { interface, mac, addresses, .. } => {
                let companions = self.companions_for(spec.name(), addresses, changes);
                let bound = Bound {
                    mac: Some(*mac),
                    addresses: companions.iter().map(|each| each.address).collect(),
                };
                if companions.is_empty() || self.open.get(&key).is_some_and(|open| open.bound == bound) {
                    return;
                }
                let (interface, mac) = (*interface, *mac);
                open::raw(interface, &bound.addresses, &self.options).map(|queues| {
                    let kind = move || Kind::Raw(Raw { interface, mac, companions: companions.clone() });
                    (bound, queues, Box::new(kind) as Box<dyn Fn() -> Kind>)
                })
            }
        };
        match result {
            Ok((bound, queues, kind)) => {
                let open = self.register(bound, queues, &*kind, changes);
                if let Some(old) = self.open.insert(key, open) {
                    self.close(old, changes);
                }
            }
            Err(error) => changes.problems.push(problem(spec.name(), &error)),
        }
    }

    fn register(
        &mut self,
        bound: Bound,
        mut queues: Queues,
        kind: &dyn Fn() -> Kind,
        changes: &mut SocketChanges4,
    ) -> Open {
        let id = SocketId(self.next_id);
        self.next_id += 1;
        let port = self.options.port;
        let unsteered = queues.unsteered.take();
        let sockets: Vec<Arc<Socket4>> = queues
            .with_lanes()
            .map(|(socket, lane)| Arc::new(Socket4::new(id, socket, port, kind(), lane)))
            .collect();
        changes.register(id, &sockets, unsteered);
        Open { id, bound, queues: sockets }
    }

    fn close(&mut self, open: Open, changes: &mut SocketChanges4) {
        changes.closed.push(open.id);
        for socket in open.queues {
            // A socket that cannot take a filter goes on receiving until the workers drop it: no harm.
            let _ = socket.quiesce();
            if open.bound.mac.is_none() {
                self.leaving
                    .extend(open.bound.addresses.iter().map(|address| (*address, Arc::downgrade(&socket))));
            }
        }
    }

    fn is_leaving(&self, address: Ipv4Addr) -> bool {
        self.leaving.iter().any(|(other, socket)| *other == address && socket.strong_count() > 0)
    }

    fn companion(&self, address: Ipv4Addr) -> Option<Arc<CompanionSocket>> {
        self.companions.get(&address)?.upgrade()
    }

    /// Companions for the addresses, as far as they can be had; interfaces may share them.
    fn companions_for(
        &mut self,
        name: &str,
        addresses: &[Ipv4Addr],
        changes: &mut SocketChanges4,
    ) -> Vec<Companion> {
        let mut companions = Vec::with_capacity(addresses.len());
        for address in addresses.iter().copied() {
            if let Some(socket) = self.companion(address) {
                companions.push(Companion { address, socket });
                continue;
            }
            if self.is_leaving(address) {
                changes.again = true;
                continue;
            }
            match open::companion(address, self.options.port) {
                Ok(socket) => {
                    let socket = Arc::new(CompanionSocket::from(socket));
                    self.companions.insert(address, Arc::downgrade(&socket));
                    companions.push(Companion { address, socket });
                }
                Err(error) => changes.problems.push(problem(name, &error)),
            }
        }
        companions
    }
}

fn key(spec: &SocketSpec4) -> Key {
    match spec {
        SocketSpec4::Raw { interface, .. } => Key::Raw(*interface),
        SocketSpec4::Udp { address, .. } => Key::Udp(*address),
    }
}

pub(crate) fn problem(interface: &str, error: &OpenError) -> Problem {
    Problem::Open { interface: interface.to_owned(), reason: error.to_string() }
}
