//! Two servers, their clients and the network between them, on a clock of their own: everything follows from a seed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use base::{Family, Random, Timestamp, XorShift};

use crate::{Action, Failure, Machine, Mode, Now, Plan, Relationship, State, Told, owner};

/// Microseconds of a step of the world.
const STEP: u64 = 10_000;
/// Seconds of a lease.
const LIFETIME: u64 = 60;
/// Seconds after which a client that gets no answer asks anew.
const PATIENCE: u64 = 2;

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faults {
    /// The servers do not hear each other, now and then.
    pub(super) partitions: bool,
    /// Messages between the servers get lost, in percent.
    pub(super) lost: u64,
    /// Servers crash and come back, with the leases that they had stored.
    pub(super) crashes: bool,
    /// The second server's clock is ahead by so many seconds.
    pub(super) skew: u64,
}

pub(super) const NONE: Faults = Faults { partitions: false, lost: 0, crashes: false, skew: 0 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lease {
    client: u64,
    cltt: u64,
    end: u64,
}

/// A change that a partner is told of.
#[derive(Clone, Copy, Debug)]
struct Change {
    address: u64,
    lease: Lease,
    client: u64,
}

#[derive(Debug)]
enum Call {
    Heartbeat,
    Update(Change, u64),
    Reset,
    /// All leases, after the service was disabled.
    Fetch,
    SyncComplete,
    Backlog(Vec<Change>),
}

/// A call on its way: it arrives, and its answer comes, or the caller gives up.
struct Travelling {
    from: usize,
    call: Call,
    arrives: u64,
    gives_up: u64,
    lost: bool,
}

struct Node {
    machine: Machine<Change>,
    leases: BTreeMap<u64, Lease>,
    serving: bool,
    /// Until when the partner has the service switched off.
    disabled_until: u64,
    up: bool,
    back_at: u64,
}

#[derive(Default)]
struct Client {
    /// What it was acknowledged, and until when.
    held: Option<(u64, u64)>,
    asking_since: Option<u64>,
    next: u64,
}

/// The world.
pub(super) struct World {
    relationships: [Arc<Relationship>; 2],
    nodes: Vec<Node>,
    clients: Vec<Client>,
    travelling: VecDeque<Travelling>,
    random: XorShift,
    faults: Faults,
    pub(super) now: u64,
    parted_until: u64,
    /// Acknowledgements of addresses that somebody else held.
    pub(super) twice: usize,
    pub(super) acknowledged: usize,
    pub(super) visited: Vec<State>,
}

pub(super) fn relationship(mode: Mode, own: &str, more: &str) -> Arc<Relationship> {
    let (name, other) = match mode {
        Mode::LoadBalancing => ("load-balancing", "secondary"),
        _ => ("hot-standby", "standby"),
    };
    let text = format!(
        r#"{{ "high-availability": [ {{ "this-server-name": "{own}", "mode": "{name}", "heartbeat-delay": 1000,
            "max-response-delay": 5000, "max-ack-delay": 3000, "max-unacked-clients": 3, {more}
            "peers": [ {{ "name": "server1", "url": "http://192.0.2.1:1/", "role": "primary" }},
                       {{ "name": "server2", "url": "http://192.0.2.2:1/", "role": "{other}" }} ] }} ] }}"#
    );
    let value = json::parse_command(text.as_bytes(), json::Limits::default()).unwrap();
    let mut all = crate::relationships(value.as_map().unwrap(), &|_| Err(String::new())).unwrap();
    Arc::new(all.remove(0))
}

impl World {
    pub(super) fn new(mode: Mode, clients: usize, faults: Faults, seed: u64) -> Self {
        let relationships = ["server1", "server2"].map(|own| relationship(mode, own, ""));
        let mut world = Self {
            nodes: Vec::new(),
            clients: (0..clients).map(|_| Client::default()).collect(),
            travelling: VecDeque::new(),
            random: XorShift::new(seed),
            faults,
            now: 1_000_000,
            parted_until: 0,
            twice: 0,
            acknowledged: 0,
            visited: Vec::new(),
            relationships,
        };
        for at in 0..2 {
            let machine = world.machine(at);
            let leases = BTreeMap::new();
            world.nodes.push(Node {
                machine,
                leases,
                serving: false,
                disabled_until: 0,
                up: true,
                back_at: 0,
            });
        }
        world
    }

    fn machine(&self, at: usize) -> Machine<Change> {
        Machine::new(Arc::clone(&self.relationships[at]), Family::V4, self.clock(at))
    }

    fn clock(&self, at: usize) -> Now {
        let ahead = if at == 1 { self.faults.skew } else { 0 };
        Now { steady: self.now, wall: Timestamp(1_700_000_000 + self.now / 1_000_000 + ahead) }
    }

    fn wall(&self, at: usize) -> u64 {
        self.clock(at).wall.0
    }

    pub(super) fn state(&self, at: usize) -> State {
        self.nodes[at].machine.state()
    }

    pub(super) fn fault(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Nothing goes wrong any longer.
    pub(super) fn heal(&mut self) {
        self.faults = Faults { skew: self.faults.skew, ..NONE };
        self.parted_until = 0;
    }

    pub(super) fn part(&mut self, seconds: u64) {
        self.parted_until = self.now + seconds * 1_000_000;
    }

    pub(super) fn crash(&mut self, at: usize, seconds: u64) {
        self.nodes[at].up = false;
        self.nodes[at].back_at = self.now + seconds * 1_000_000;
        self.travelling.retain(|travelling| travelling.from != at);
    }

    pub(super) fn run(&mut self, seconds: u64) {
        let end = self.now + seconds * 1_000_000;
        while self.now < end {
            self.now += STEP;
            self.mishaps();
            self.arrivals();
            for at in 0..2 {
                if !self.nodes[at].up && self.now >= self.nodes[at].back_at {
                    self.nodes[at].machine = self.machine(at);
                    (self.nodes[at].up, self.nodes[at].disabled_until) = (true, 0);
                }
                self.act(at);
                let state = self.state(at);
                if !self.visited.contains(&state) {
                    self.visited.push(state);
                }
            }
            for client in 0..self.clients.len() {
                self.ask(client);
            }
        }
    }

    fn mishaps(&mut self) {
        if self.faults.partitions && self.now > self.parted_until && self.random.below(3_000) == 0 {
            let seconds = 1 + self.random.below(30);
            self.part(seconds);
        }
        // One fails at a time: what only one knows is lost with it, if the other has failed just before.
        let normal =
            |node: &Node| node.up && node.machine.state() == node.machine.relationship().normal_state();
        let both = self.nodes.iter().all(normal);
        if self.faults.crashes && both && self.random.below(4_000) == 0 {
            let at = usize::from(self.random.below(2) == 1);
            let seconds = 1 + self.random.below(40);
            self.crash(at, seconds);
        }
    }

    fn act(&mut self, at: usize) {
        while self.nodes[at].up {
            let now = self.clock(at);
            let Some(action) = self.nodes[at].machine.next(now) else { return };
            match action {
                Action::Heartbeat => self.call(at, Call::Heartbeat),
                Action::Synchronize => self.call(at, Call::Fetch),
                Action::SendBacklog => {
                    let backlog = self.nodes[at].machine.take_backlog();
                    self.call(at, Call::Backlog(backlog));
                }
                Action::ResetPartner => self.call(at, Call::Reset),
                Action::Serve(on) => self.nodes[at].serving = on,
            }
        }
    }

    fn call(&mut self, from: usize, call: Call) {
        let lost = self.now < self.parted_until || self.random.below(100) < self.faults.lost;
        let arrives = self.now + STEP + self.random.below(3) * STEP;
        self.travelling.push_back(Travelling { from, call, arrives, gives_up: self.now + 1_000_000, lost });
    }

    fn arrivals(&mut self) {
        for _ in 0..self.travelling.len() {
            let Some(call) = self.travelling.pop_front() else { return };
            let to = 1 - call.from;
            let heard = !call.lost && self.nodes[to].up;
            if heard && self.now >= call.arrives {
                self.arrive(call.from, to, call.call);
            } else if !heard && self.now >= call.gives_up {
                self.unanswered(call.from, call.call);
            } else {
                self.travelling.push_back(call);
            }
        }
    }

    fn arrive(&mut self, from: usize, to: usize, call: Call) {
        let (here, there) = (self.clock(from), self.clock(to));
        match call {
            Call::Heartbeat => {
                let heartbeat = self.nodes[to].machine.heartbeat(there);
                self.nodes[from].machine.heartbeat_done(Ok(heartbeat), here);
            }
            Call::Update(change, until) => {
                self.nodes[to].leases.insert(change.address, change.lease);
                let client = || (change.client.to_be_bytes().to_vec(), Timestamp(until));
                assert!(!self.nodes[from].machine.updated(client, Ok(()), here));
                self.acknowledge(change);
            }
            Call::Reset => {
                self.nodes[to].machine.reset();
                self.nodes[from].machine.partner_reset(Ok(()), here);
            }
            Call::Fetch => {
                self.nodes[to].disabled_until = self.now + 60_000_000;
                let theirs = self.nodes[to].leases.clone();
                for (address, lease) in theirs {
                    let newer = self.nodes[from].leases.get(&address).is_none_or(|own| own.cltt < lease.cltt);
                    if newer {
                        self.nodes[from].leases.insert(address, lease);
                    }
                }
                self.call(from, Call::SyncComplete);
            }
            Call::SyncComplete => {
                self.nodes[to].machine.sync_complete(there);
                self.nodes[to].disabled_until = 0;
                // What is to be done now comes first: the service may be switched off.
                self.act(to);
                self.nodes[from].machine.synchronized(Ok(()), here);
            }
            Call::Backlog(changes) => {
                for change in changes {
                    self.nodes[to].leases.insert(change.address, change.lease);
                }
                self.nodes[from].machine.backlog_sent(Ok(()), here);
            }
        }
    }

    fn unanswered(&mut self, from: usize, call: Call) {
        let here = self.clock(from);
        let failure = Failure::Unreachable("no answer".to_owned());
        let machine = &mut self.nodes[from].machine;
        match call {
            Call::Heartbeat => machine.heartbeat_done(Err(failure), here),
            Call::Update(change, until) => {
                let client = || (change.client.to_be_bytes().to_vec(), Timestamp(until));
                assert!(machine.updated(client, Err(&failure), here));
            }
            Call::Reset => machine.partner_reset(Err(failure), here),
            Call::Fetch | Call::SyncComplete => machine.synchronized(Err(failure), here),
            Call::Backlog(_) => machine.backlog_sent(Err(failure), here),
        }
    }

    /// A client asks for an address, or for more time, if it is its time to.
    fn ask(&mut self, client: usize) {
        let now = self.now;
        let asker = &mut self.clients[client];
        if now < asker.next {
            return;
        }
        asker.next = now + PATIENCE * 1_000_000;
        let since = *asker.asking_since.get_or_insert(now);
        if asker.held.is_some_and(|(_, end)| end <= now) {
            asker.held = None;
        }
        let held = asker.held.map(|(address, _)| address);
        let waited = u32::try_from((now - since) / 1000).unwrap();
        let id = u64::try_from(client).unwrap();
        for at in 0..2 {
            self.serve(at, id, held, waited);
        }
    }

    fn serve(&mut self, at: usize, client: u64, held: Option<u64>, waited: u32) {
        let (now, wall) = (self.clock(at), self.wall(at));
        let key = client.to_be_bytes();
        let node = &mut self.nodes[at];
        if !node.up || !node.serving || self.now < node.disabled_until {
            return;
        }
        let relationship = &self.relationships[at];
        let place = owner(relationship, Some(&key)).unwrap();
        if !node.machine.scopes().serves(place) {
            node.machine.overheard(&key, waited, &client, now);
            return;
        }
        // Pools are split where load is balanced.
        let pool = match relationship.mode {
            Mode::LoadBalancing => {
                u64::try_from(place).unwrap() * 1000..u64::try_from(place).unwrap() * 1000 + 40
            }
            _ => 0..40,
        };
        let free = |address: &u64| {
            node.leases.get(address).is_none_or(|lease| lease.client == client || lease.end <= wall)
        };
        let Some(address) = held.filter(free).or_else(|| pool.clone().find(free)) else { return };
        let lease = Lease { client, cltt: wall, end: wall + LIFETIME };
        node.leases.insert(address, lease);
        let change = Change { address, lease, client };
        let Plan { partner, .. } = node.machine.plan();
        match partner {
            Told::Now => self.call(at, Call::Update(change, lease.end)),
            Told::Later => {
                node.machine.queue(change);
                self.acknowledge(change);
            }
            Told::Never => {
                node.machine.missed();
                self.acknowledge(change);
            }
        }
    }

    fn acknowledge(&mut self, change: Change) {
        let now = self.now;
        let mine = usize::try_from(change.client).unwrap();
        let theirs = |(at, client): (usize, &Client)| {
            at != mine && client.held.is_some_and(|(address, end)| address == change.address && end > now)
        };
        if self.clients.iter().enumerate().any(theirs) {
            self.twice += 1;
        }
        self.acknowledged += 1;
        let end = now + LIFETIME * 1_000_000;
        let wait = LIFETIME / 2 + self.random.below(5);
        let client = &mut self.clients[mine];
        client.held = Some((change.address, end));
        client.asking_since = None;
        client.next = now + wait * 1_000_000;
    }

    /// The leases of both that have not ended.
    pub(super) fn agree(&self) -> bool {
        let live = |at: usize| -> BTreeMap<u64, u64> {
            let wall = self.wall(at);
            let leases = self.nodes[at].leases.iter().filter(|(_, lease)| lease.end > wall);
            leases.map(|(address, lease)| (*address, lease.client)).collect()
        };
        live(0) == live(1)
    }
}
