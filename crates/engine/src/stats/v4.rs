//! The statistics of kea-dhcp4.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{Micros, PoolId, SubnetId};
use lease::{Lease4, LeaseState};
use observe::stats::{Counter, Group, Names, Part, Registry};
use wire::v4::MessageType;

use super::{AllocationFailure, LeaseStatistics, Packets, Scope, Subnets};
use crate::DropReason;
use crate::alloc::{Plan, PoolKind};

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
/// Most subnets have one pool, whose number is 0: the statistics of both are one group, which a new lease finds in
/// the cache at once.
const SUBNET: [&str; 14] = [
    LEASES[0],
    LEASES[1],
    LEASES[2],
    LEASES[3],
    LEASES[4],
    "total-addresses",
    "v4-lease-reuses",
    "v4-reservation-conflicts",
    "pool[0].assigned-addresses",
    "pool[0].cumulative-assigned-addresses",
    "pool[0].declined-addresses",
    "pool[0].reclaimed-declined-addresses",
    "pool[0].reclaimed-leases",
    "pool[0].total-addresses",
];
const POOL: [&str; 6] = [LEASES[0], LEASES[1], LEASES[2], LEASES[3], LEASES[4], "total-addresses"];
static SUBNET_NAMES: Names = &SUBNET;
static POOL_NAMES: Names = &POOL;
const TOTAL: usize = 5;
const REUSES: usize = 6;
const CONFLICTS: usize = 7;
/// Where those of the pool begin.
const FIRST_POOL: usize = 8;

/// Received packets by message type, by code.
const RECEIVED: [(u8, &str); 9] = [
    (1, "discover"),
    (2, "offer"),
    (3, "request"),
    (4, "decline"),
    (5, "ack"),
    (6, "nak"),
    (7, "release"),
    (8, "inform"),
    (10, "lease-query"),
];

const SENT: [(u8, &str); 6] = [
    (2, "offer"),
    (5, "ack"),
    (6, "nak"),
    (11, "lease-query-response-unassigned"),
    (12, "lease-query-response-unknown"),
    (13, "lease-query-response-active"),
];

/// Statistics that are there, at zero, before anything happens; events that come rarely are counted by name.
const FROM_START: [&str; 3] = ["pkt4-limit-exceeded", "v4-reservation-conflicts", "v4-lease-reuses"];

/// All statistics of kea-dhcp4, by handle.
#[derive(Debug)]
pub struct Statistics4 {
    packets: Packets,
    reuses: Counter,
    totals: [Counter; 5],
    subnets: Subnets,
}

impl Statistics4 {
    #[must_use]
    pub fn new(registry: Arc<Registry>, now: Micros) -> Self {
        let packets = Packets::new(registry, now, "pkt4", "v4", &RECEIVED, &SENT);
        for name in FROM_START {
            packets.counter(name);
        }
        Self {
            reuses: packets.counter("v4-lease-reuses"),
            totals: LEASES.map(|name| packets.counter(name)),
            subnets: Subnets::default(),
            packets,
        }
    }

    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        self.packets.registry()
    }

    /// Sets the time of the samples to come. Once per batch is enough.
    pub fn set_now(&self, now: Micros) {
        self.packets.set_now(now);
    }

    /// A packet came in, readable or not. Call it once for each.
    pub fn arrived(&self) {
        self.packets.arrived();
    }

    /// Its type is known.
    pub fn received(&self, kind: MessageType) {
        self.packets.received(kind.0);
    }

    /// A reply left.
    pub fn sent(&self, kind: MessageType) {
        self.packets.sent(kind.0);
    }

    /// A packet was dropped.
    pub fn dropped(&self, reason: DropReason) {
        self.packets.dropped(reason);
    }

    /// An allocation failed; the subnet's own statistic appears with its first failure.
    pub(crate) fn allocation_failed(&self, subnet: SubnetId, failure: AllocationFailure) {
        self.packets.allocation_failed(subnet, failure);
    }

    /// A lease was answered unchanged.
    pub(crate) fn reused(&self, scope: Scope<'_>) {
        let now = self.packets.now();
        self.reuses.increment(now);
        if let Some(subnet) = scope.subnet {
            subnet.add(REUSES, 1, now);
        }
    }

    /// The address reserved for a client was somebody else's, in this subnet.
    pub(crate) fn reservation_conflict(&self, scope: Scope<'_>) {
        let now = self.packets.now();
        self.registry().counter(SUBNET[CONFLICTS]).increment(now);
        if let Some(subnet) = scope.subnet {
            subnet.add(CONFLICTS, 1, now);
        }
    }

    /// The time that changes are stamped with.
    pub(crate) fn now(&self) -> Micros {
        self.packets.now()
    }

    /// Changes a count.
    pub(crate) fn count(&self, what: LeaseCount, delta: i64, scope: Scope<'_>) {
        let now = self.packets.now();
        if let Some(counter) = self.totals.get(what as usize).filter(|_| scope.server) {
            counter.add(delta, now);
        }
        if let Some(subnet) = scope.subnet {
            subnet.add(what as usize, delta, now);
        }
        if let Some(pool) = scope.pool {
            pool.add(what as usize, delta, now);
        }
    }
}

impl LeaseStatistics<Lease4> for Statistics4 {
    fn subnet(&self, id: SubnetId) -> Arc<Group> {
        self.packets.group(&format!("subnet[{id}]"), &SUBNET_NAMES, FIRST_POOL)
    }

    fn begin(&self, subnet: &Group) {
        subnet.begin(0..FIRST_POOL, self.packets.now());
    }

    fn pool(&self, _kind: PoolKind, (subnet, group): (SubnetId, &Arc<Group>), id: PoolId) -> Part {
        if id == PoolId(0) {
            let part = Part::new(Arc::clone(group), FIRST_POOL);
            part.begin(self.packets.now());
            return part;
        }
        let prefix = format!("subnet[{subnet}].pool[{id}]");
        Part::new(self.packets.group(&prefix, &POOL_NAMES, POOL.len()), 0)
    }

    fn row(&self, lease: &Lease4, delta: i64, scope: Scope<'_>) {
        if lease.occupies() {
            self.count(LeaseCount::Assigned, delta, scope);
        }
        if lease.state == LeaseState::Declined {
            self.count(LeaseCount::Declined, delta, scope);
        }
    }

    fn forget_leases(&self, scope: Scope<'_>) {
        let now = self.packets.now();
        if scope.server {
            self.totals.iter().for_each(|counter| counter.begin(now));
        }
        for what in [LeaseCount::Assigned, LeaseCount::Declined] {
            if let Some(counter) = self.totals.get(what as usize).filter(|_| scope.server) {
                counter.clear(now);
            }
            if let Some(subnet) = scope.subnet {
                subnet.clear(what as usize, now);
            }
            if let Some(pool) = scope.pool {
                pool.clear(what as usize, now);
            }
        }
    }

    fn take_disturbed(&self) -> bool {
        self.registry().take_disturbed()
    }

    fn configured(&self, plan: &Plan<'_, Ipv4Addr>, group: &dyn Fn(SubnetId) -> Option<Arc<Group>>) {
        self.subnets.retain(&self.packets, plan.subnets().map(|s| s.id).collect());
        let now = self.packets.now();
        let amount = |n: u128| i64::try_from(n).unwrap_or(i64::MAX);
        let mut pools: HashMap<PoolId, u128> = HashMap::new();
        for subnet in plan.subnets() {
            let Some(group) = group(subnet.id) else { continue };
            for pool in &subnet.pools {
                *pools.entry(pool.id).or_default() += pool.size();
            }
            group.restart(TOTAL, amount(pools.values().sum()), now);
            for (id, size) in pools.drain() {
                self.pool(PoolKind::Addresses, (subnet.id, &group), id).restart(TOTAL, amount(size), now);
            }
        }
    }
}
