//! The statistics of kea-dhcp4: one call per packet with what became of it, and counts that follow leases.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base::{Micros, PoolId, SubnetId};
use config::ServerConfig4;
use observe::stats::{Counter, Group, Registry};
use wire::v4::MessageType;

use crate::v4::DropReason;

/// What is counted of the leases of the server, a subnet or a pool. The numbers are places in the name lists below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum LeaseCount {
    /// Addresses in use, declined ones included.
    Assigned = 0,
    /// Allocations since the start.
    Cumulative = 1,
    Declined = 2,
    ReclaimedDeclined = 3,
    Reclaimed = 4,
}

/// In the order of [`LeaseCount`], then what only subnets and pools have.
const LEASES: [&str; 5] = [
    "assigned-addresses",
    "cumulative-assigned-addresses",
    "declined-addresses",
    "reclaimed-declined-addresses",
    "reclaimed-leases",
];
const SUBNET: [&str; 8] = [
    LEASES[0],
    LEASES[1],
    LEASES[2],
    LEASES[3],
    LEASES[4],
    "total-addresses",
    "v4-lease-reuses",
    "v4-reservation-conflicts",
];
const POOL: [&str; 6] = [LEASES[0], LEASES[1], LEASES[2], LEASES[3], LEASES[4], "total-addresses"];
const TOTAL: usize = 5;
const REUSES: usize = 6;
const CONFLICTS: usize = 7;

/// Received packets by message type, by code.
const RECEIVED: [(u8, &str); 9] = [
    (1, "pkt4-discover-received"),
    (2, "pkt4-offer-received"),
    (3, "pkt4-request-received"),
    (4, "pkt4-decline-received"),
    (5, "pkt4-ack-received"),
    (6, "pkt4-nak-received"),
    (7, "pkt4-release-received"),
    (8, "pkt4-inform-received"),
    (10, "pkt4-lease-query-received"),
];

const SENT: [(u8, &str); 3] = [(2, "pkt4-offer-sent"), (5, "pkt4-ack-sent"), (6, "pkt4-nak-sent")];

/// Statistics that are there, at zero, before anything happens; events that come rarely are counted by name.
const FROM_START: [&str; 11] = [
    "pkt4-limit-exceeded",
    "pkt4-lease-query-response-unassigned-sent",
    "pkt4-lease-query-response-unknown-sent",
    "pkt4-lease-query-response-active-sent",
    "v4-allocation-fail",
    "v4-allocation-fail-shared-network",
    "v4-allocation-fail-subnet",
    "v4-allocation-fail-no-pools",
    "v4-allocation-fail-classes",
    "v4-reservation-conflicts",
    "v4-lease-reuses",
];

type ByType = [Option<Counter>; 16];

/// All statistics of kea-dhcp4, by handle.
#[derive(Debug)]
pub struct Statistics4 {
    registry: Arc<Registry>,
    /// Microseconds; the time that samples of the current batch get.
    now: AtomicU64,
    arrived: Counter,
    received: ByType,
    unknown: Counter,
    sent: Counter,
    sent_by_type: ByType,
    drops: Vec<Counter>,
    drop: Counter,
    reuses: Counter,
    totals: [Counter; 5],
    subnets: Mutex<HashSet<SubnetId>>,
}

impl Statistics4 {
    #[must_use]
    pub fn new(registry: Arc<Registry>, now: Micros) -> Self {
        let counter = |name: &str| {
            let counter = registry.counter(name);
            counter.set(0, now);
            counter
        };
        let table = |rows: &[(u8, &str)]| {
            let mut table = ByType::default();
            for (code, name) in rows {
                if let Some(slot) = table.get_mut(usize::from(*code)) {
                    *slot = Some(counter(name));
                }
            }
            table
        };
        for name in FROM_START {
            counter(name);
        }
        Self {
            now: AtomicU64::new(now.0),
            arrived: counter("pkt4-received"),
            received: table(&RECEIVED),
            unknown: counter("pkt4-unknown-received"),
            sent: counter("pkt4-sent"),
            sent_by_type: table(&SENT),
            drops: DropReason::ALL.iter().map(|reason| counter(reason.statistic())).collect(),
            drop: counter("pkt4-receive-drop"),
            reuses: counter("v4-lease-reuses"),
            totals: LEASES.map(counter),
            subnets: Mutex::default(),
            registry,
        }
    }

    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Sets the time of the samples to come. Once per batch is enough.
    pub fn set_now(&self, now: Micros) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    fn now(&self) -> Micros {
        Micros(self.now.load(Ordering::Relaxed))
    }

    /// A packet came in, readable or not. Call it once for each.
    pub fn arrived(&self) {
        self.arrived.increment(self.now());
    }

    /// Its type is known.
    pub fn received(&self, kind: MessageType) {
        let counter = self.received.get(usize::from(kind.0)).and_then(Option::as_ref);
        counter.unwrap_or(&self.unknown).increment(self.now());
    }

    /// A reply left.
    pub fn sent(&self, kind: MessageType) {
        let now = self.now();
        self.sent.increment(now);
        if let Some(counter) = self.sent_by_type.get(usize::from(kind.0)).and_then(Option::as_ref) {
            counter.increment(now);
        }
    }

    /// A packet was dropped.
    pub fn dropped(&self, reason: DropReason) {
        let now = self.now();
        let at = DropReason::ALL.iter().position(|r| *r == reason);
        if let Some(counter) = at.and_then(|at| self.drops.get(at)) {
            counter.increment(now);
        }
        self.drop.increment(now);
    }

    /// An allocation failed; the subnet's own statistic appears with its first failure.
    pub(crate) fn allocation_failed(&self, subnet: SubnetId, name: &str) {
        let now = self.now();
        self.registry.counter(name).increment(now);
        self.registry.counter(&format!("subnet[{subnet}].{name}")).increment(now);
    }

    /// A lease was answered unchanged.
    pub(crate) fn reused(&self, subnet: Option<&Group>) {
        let now = self.now();
        self.reuses.increment(now);
        if let Some(subnet) = subnet {
            subnet.add(REUSES, 1, now);
        }
    }

    /// The address reserved for a client was somebody else's, in this subnet.
    pub(crate) fn reservation_conflict(&self, subnet: Option<&Group>) {
        let now = self.now();
        self.registry.counter(SUBNET[CONFLICTS]).increment(now);
        if let Some(subnet) = subnet {
            subnet.add(CONFLICTS, 1, now);
        }
    }

    /// Changes a count of the server, of a subnet and of a pool.
    pub(crate) fn count(&self, what: LeaseCount, delta: i64, subnet: Option<&Group>, pool: Option<&Group>) {
        if let Some(counter) = self.totals.get(what as usize) {
            counter.add(delta, self.now());
        }
        self.count_in(what, delta, subnet, pool);
    }

    /// As [`count`](Self::count), but not of the server.
    pub(crate) fn count_in(
        &self,
        what: LeaseCount,
        delta: i64,
        subnet: Option<&Group>,
        pool: Option<&Group>,
    ) {
        let now = self.now();
        for group in [subnet, pool].into_iter().flatten() {
            group.add(what as usize, delta, now);
        }
    }

    /// Sets a count of a subnet or a pool.
    pub(crate) fn set(&self, what: LeaseCount, value: i64, group: &Group) {
        group.set(what as usize, value, self.now());
    }

    /// Sets the server's own counts of present leases to zero.
    pub(crate) fn forget_leases(&self) {
        for what in [LeaseCount::Assigned, LeaseCount::Declined] {
            if let Some(counter) = self.totals.get(what as usize) {
                counter.set(0, self.now());
            }
        }
    }

    pub(crate) fn subnet(&self, id: SubnetId) -> Arc<Group> {
        self.zeroed(&format!("subnet[{id}]"), &SUBNET)
    }

    pub(crate) fn pool(&self, subnet: SubnetId, pool: PoolId) -> Arc<Group> {
        self.zeroed(&format!("subnet[{subnet}].pool[{pool}]"), &POOL)
    }

    fn zeroed(&self, prefix: &str, names: &'static [&'static str]) -> Arc<Group> {
        let group = self.registry.group(prefix, names);
        let now = self.now();
        for at in 0..names.len() {
            group.add(at, 0, now);
        }
        group
    }

    /// Sets the sizes of subnets and pools, and forgets the statistics of subnets that are gone.
    pub(crate) fn configured(&self, config: &ServerConfig4) {
        let present: HashSet<SubnetId> = config.subnets.iter().map(|s| s.id).collect();
        let gone: Vec<SubnetId> = {
            let mut known = self.subnets.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = known.difference(&present).copied().collect();
            *known = present;
            gone
        };
        for id in gone {
            self.registry.remove_under(&format!("subnet[{id}]"));
        }
        let now = self.now();
        let amount = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        for subnet in &config.subnets {
            let mut pools: HashMap<PoolId, u64> = HashMap::new();
            for pool in &subnet.pools {
                *pools.entry(pool.id).or_default() += pool.capacity();
            }
            self.subnet(subnet.id).set(TOTAL, amount(pools.values().sum()), now);
            for (id, capacity) in pools {
                self.pool(subnet.id, id).set(TOTAL, amount(capacity), now);
            }
        }
    }
}
