//! The statistics of kea-dhcp6.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Micros, PoolId, SubnetId};
use lease::{Lease6, LeaseState, LeaseType};
use observe::stats::{Counter, Group, Names, Part, Registry, StatisticValue};
use wire::v6::MessageType;

use super::{AllocationFailure, LeaseStatistics, Packets, Scope, Subnets};
use crate::DropReason;
use crate::alloc::{Plan, PoolKind, Shape};

/// What is counted of leases. The numbers are places in [`SUBNET`]; of the server and of pools only some are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum LeaseCount6 {
    /// Addresses in use, declined ones included.
    AssignedNas = 0,
    /// Prefixes in use.
    AssignedPds = 1,
    /// Allocations of addresses since the start.
    CumulativeNas = 2,
    /// Allocations of prefixes since the start.
    CumulativePds = 3,
    Declined = 4,
    ReclaimedDeclined = 5,
    Reclaimed = 6,
    /// Addresses that clients made themselves and registered (RFC 9686).
    Registered = 7,
    CumulativeRegistered = 8,
    /// Addresses answered from the store unchanged.
    ReusedNas = 9,
    /// Prefixes answered from the store unchanged.
    ReusedPds = 10,
}

const SUBNET: [&str; 11] = [
    "assigned-nas",
    "assigned-pds",
    "cumulative-assigned-nas",
    "cumulative-assigned-pds",
    "declined-addresses",
    "reclaimed-declined-addresses",
    "reclaimed-leases",
    "registered-nas",
    "cumulative-registered-nas",
    "v6-ia-na-lease-reuses",
    "v6-ia-pd-lease-reuses",
];
const POOL: [&str; 5] = [SUBNET[0], SUBNET[2], SUBNET[4], SUBNET[5], SUBNET[6]];
const PD_POOL: [&str; 3] = [SUBNET[1], SUBNET[3], SUBNET[6]];

static SUBNET_NAMES: Names = &SUBNET;
static POOL_NAMES: Names = &POOL;
static PD_POOL_NAMES: Names = &PD_POOL;

impl LeaseCount6 {
    /// Its place among the names of a pool.
    fn in_pool(self, pool: &Part) -> Option<usize> {
        match self {
            Self::AssignedNas | Self::AssignedPds => Some(0),
            Self::CumulativeNas | Self::CumulativePds => Some(1),
            Self::Declined => Some(2),
            Self::ReclaimedDeclined => Some(3),
            Self::Reclaimed => pool.names().len().checked_sub(1),
            Self::Registered | Self::CumulativeRegistered | Self::ReusedNas | Self::ReusedPds => None,
        }
    }
}

/// Received packets by message type, by code.
const RECEIVED: [(u8, &str); 14] = [
    (1, "solicit"),
    (2, "advertise"),
    (3, "request"),
    (5, "renew"),
    (6, "rebind"),
    (7, "reply"),
    (8, "release"),
    (9, "decline"),
    (11, "infrequest"),
    (14, "lease-query"),
    (20, "dhcpv4-query"),
    (21, "dhcpv4-response"),
    (36, "addr-reg-inform"),
    (37, "addr-reg-reply"),
];

/// Those that are absent until the first.
const RARELY_RECEIVED: [(u8, &str); 2] = [(4, "pkt6-confirm-received"), (10, "pkt6-reconfigure-received")];

const SENT: [(u8, &str); 5] = [
    (2, "advertise"),
    (7, "reply"),
    (15, "lease-query-reply"),
    (21, "dhcpv4-response"),
    (37, "addr-reg-reply"),
];

/// Statistics that are there, at zero, before anything happens; events that come rarely are counted by name.
const FROM_START: [&str; 1] = ["pkt6-limit-exceeded"];

/// All statistics of kea-dhcp6, by handle.
#[derive(Debug)]
pub struct Statistics6 {
    packets: Packets,
    /// In the order of [`SUBNET`]; registered addresses are counted by subnet only.
    totals: [Option<Counter>; SUBNET.len()],
    subnets: Subnets,
}

impl Statistics6 {
    #[must_use]
    pub fn new(registry: Arc<Registry>, now: Micros) -> Self {
        let packets = Packets::new(registry, now, "pkt6", "v6", &RECEIVED, &SENT);
        for name in FROM_START {
            packets.counter(name);
        }
        let counted = |at: &usize| *at != LeaseCount6::Registered as usize;
        let totals = std::array::from_fn(|at| {
            SUBNET.get(at).filter(|_| counted(&at)).map(|name| packets.counter(name))
        });
        Self { totals, subnets: Subnets::default(), packets }
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

    /// Its type is known: that of the client's message, whatever relayed it.
    pub fn received(&self, kind: MessageType) {
        match RARELY_RECEIVED.iter().find(|(code, _)| *code == kind.0) {
            Some((_, name)) => self.registry().counter(name).increment(self.packets.now()),
            None => self.packets.received(kind.0),
        }
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

    /// Changes a count.
    pub(crate) fn count(&self, what: LeaseCount6, delta: i64, scope: Scope<'_>) {
        let now = self.packets.now();
        if scope.server
            && let Some(counter) = self.totals.get(what as usize).and_then(Option::as_ref)
        {
            counter.add(delta, now);
        }
        if let Some(subnet) = scope.subnet {
            subnet.add(what as usize, delta, now);
        }
        if let Some(pool) = scope.pool
            && let Some(at) = what.in_pool(pool)
        {
            pool.add(at, delta, now);
        }
    }

    fn clear(&self, what: LeaseCount6, scope: Scope<'_>) {
        let now = self.packets.now();
        if scope.server
            && let Some(counter) = self.totals.get(what as usize).and_then(Option::as_ref)
        {
            counter.clear(now);
        }
        if let Some(subnet) = scope.subnet {
            subnet.clear(what as usize, now);
        }
        if let Some(pool) = scope.pool
            && let Some(at) = what.in_pool(pool)
        {
            pool.set(at, 0, now);
        }
    }

    /// Sets a size, a big integer as Kea has it.
    fn size(&self, name: &str, size: u128) {
        let value = StatisticValue::BigInteger(i128::try_from(size).unwrap_or(i128::MAX));
        // Nothing else has this name, so its type cannot be another.
        let _ = self.registry().restart(name, value, self.packets.now());
    }
}

impl LeaseStatistics<Lease6> for Statistics6 {
    fn subnet(&self, id: SubnetId) -> Arc<Group> {
        self.packets.group(&format!("subnet[{id}]"), &SUBNET_NAMES, SUBNET.len())
    }

    fn begin(&self, subnet: &Group) {
        subnet.begin(0..SUBNET.len(), self.packets.now());
    }

    fn pool(&self, kind: PoolKind, (subnet, _): (SubnetId, &Arc<Group>), id: PoolId) -> Part {
        let (what, names) = match kind {
            PoolKind::Addresses => ("pool", &POOL_NAMES),
            PoolKind::Prefixes => ("pd-pool", &PD_POOL_NAMES),
        };
        Part::new(self.packets.group(&format!("subnet[{subnet}].{what}[{id}]"), names, names.len()), 0)
    }

    fn row(&self, lease: &Lease6, delta: i64, scope: Scope<'_>) {
        let assigned = match lease.lease_type {
            LeaseType::Na => LeaseCount6::AssignedNas,
            LeaseType::Pd => LeaseCount6::AssignedPds,
        };
        match lease.state {
            LeaseState::Default => self.count(assigned, delta, scope),
            LeaseState::Declined => {
                self.count(assigned, delta, scope);
                self.count(LeaseCount6::Declined, delta, scope);
            }
            LeaseState::Registered => self.count(LeaseCount6::Registered, delta, scope),
            LeaseState::ExpiredReclaimed | LeaseState::Released => {}
        }
    }

    fn forget_leases(&self, scope: Scope<'_>) {
        use LeaseCount6::{AssignedNas, AssignedPds, Declined, Registered};
        if scope.server {
            self.totals.iter().flatten().for_each(|counter| counter.begin(self.packets.now()));
        }
        for what in [AssignedNas, AssignedPds, Declined, Registered] {
            self.clear(what, scope);
        }
    }

    fn take_disturbed(&self) -> bool {
        self.registry().take_disturbed()
    }

    fn configured(&self, plan: &Plan<'_, Ipv6Addr>, _: &dyn Fn(SubnetId) -> Option<Arc<Group>>) {
        self.subnets.retain(&self.packets, plan.subnets().map(|s| s.id).collect());
        for subnet in plan.subnets() {
            let kinds: [(&[Shape<Ipv6Addr>], &str, &str); 2] =
                [(&subnet.pools, "pool", "total-nas"), (&subnet.pd_pools, "pd-pool", "total-pds")];
            for (shapes, pool, name) in kinds {
                let mut sizes: HashMap<PoolId, u128> = HashMap::new();
                let mut total = 0u128;
                for shape in shapes {
                    let of_id = sizes.entry(shape.id).or_default();
                    *of_id = of_id.saturating_add(shape.size());
                    total = total.saturating_add(shape.size());
                }
                self.size(&format!("subnet[{}].{name}", subnet.id), total);
                for (id, size) in sizes {
                    self.size(&format!("subnet[{}].{pool}[{id}].{name}", subnet.id), size);
                }
            }
        }
    }
}
