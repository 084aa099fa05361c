//! What kea-dhcp4 asks of the allocators, and what it counts.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use base::SubnetId;
use config::{Pool4, ServerConfig4};
use lease::{Lease4, LeaseObserver4, LeaseStore4, StoreError};
use smallvec::SmallVec;

use super::{Excluded, Plan, PlannedSubnet, Pool, PoolKind, Runtime, Shape, SubnetRuntime};
use crate::stats::LeaseCount;

impl<'c> Plan<'c, Ipv4Addr> {
    #[must_use]
    pub fn of4(config: &'c ServerConfig4) -> Self {
        let mut reserved: HashMap<SubnetId, Vec<Ipv4Addr>> = HashMap::new();
        config.hosts.each_resource(&mut |subnet, address| reserved.entry(subnet).or_default().push(address));
        let subnet = move |at: usize| {
            let subnet = config.subnets.get(at)?;
            let excluded = Excluded(config.globals.own.exclude_first_last_24 && subnet.prefix.length() <= 24);
            let shape = |pool: &Pool4| Shape {
                id: pool.id,
                first: pool.first,
                last: pool.last,
                shift: 0,
                excluded,
                allocator: subnet.params.allocator,
            };
            let heeded = subnet.params.reservations_in_subnet && !subnet.params.reservations_out_of_pool;
            Some(PlannedSubnet {
                id: subnet.id,
                pools: subnet.pools.iter().map(shape).collect(),
                pd_pools: Vec::new(),
                reserved: reserved.get(&subnet.id).filter(|_| heeded).cloned().unwrap_or_default(),
                reserved_prefixes: Vec::new(),
            })
        };
        Self {
            networks: config.networks.len(),
            count: config.subnets.len(),
            // Databases count leases themselves.
            holds: config.limits.as_ref().is_some_and(|limits| limits.on_leases())
                && config.services.lease_database.kind == "memfile",
            subnet: Box::new(subnet),
        }
    }
}

impl Runtime<Lease4> {
    /// See [`adopt`](Self::adopt).
    ///
    /// # Errors
    /// When the store cannot be read; nothing has changed then.
    pub async fn reconfigure(
        &self,
        config: &ServerConfig4,
        store: Option<&dyn LeaseStore4>,
    ) -> Result<(), StoreError> {
        self.adopt(&Plan::of4(config), store).await
    }

    /// See [`adopt_anew`](Self::adopt_anew).
    ///
    /// # Errors
    /// Of the store.
    pub async fn restore(&self, config: &ServerConfig4, store: &dyn LeaseStore4) -> Result<(), StoreError> {
        self.adopt_anew(&Plan::of4(config), store).await
    }

    /// A lease was newly assigned.
    pub(crate) fn allocated(&self, subnet: SubnetId, address: Ipv4Addr) {
        self.count(subnet, PoolKind::Addresses, address, |statistics, scope| {
            statistics.count(LeaseCount::Cumulative, 1, scope);
        });
    }

    /// An expired lease was reclaimed, or a declined address recovered.
    pub(crate) fn reclaimed(&self, subnet: SubnetId, address: Ipv4Addr, declined: bool) {
        self.count(subnet, PoolKind::Addresses, address, |statistics, scope| {
            statistics.count(LeaseCount::Reclaimed, 1, scope);
            if declined {
                statistics.count(LeaseCount::ReclaimedDeclined, 1, scope);
            }
        });
    }

    /// The address reserved for a client is somebody else's.
    pub(crate) fn reservation_conflict(&self, subnet: SubnetId) {
        self.count_subnet(subnet, |statistics, scope| statistics.reservation_conflict(scope));
    }

    /// A lease was answered unchanged.
    pub(crate) fn reused(&self, subnet: SubnetId) {
        self.count_subnet(subnet, |statistics, scope| statistics.reused(scope));
    }

    /// Reads what allocations in these subnets will read; see `v4::warm`.
    pub(crate) fn warm(&self, ids: impl Iterator<Item = SubnetId>) -> u64 {
        let tables = self.tables.load();
        let subnets: SmallVec<[&SubnetRuntime<Ipv4Addr>; 64]> =
            ids.filter_map(|id| tables.subnets.get(id)).collect();
        let mut sum = 0u64;
        for subnet in &subnets {
            sum = sum.wrapping_add(subnet.pools.len() as u64);
        }
        let pools: SmallVec<[&Pool<Ipv4Addr>; 64]> =
            subnets.iter().filter_map(|subnet| subnet.pools.first()).map(|pool| &**pool).collect();
        for pool in &pools {
            sum = sum.wrapping_add(u64::from(u32::from(pool.shape().first)));
        }
        for pool in &pools {
            sum = sum.wrapping_add(pool.warm());
        }
        // First the counters, then the history that each of them leads to.
        let now = self.statistics.now();
        for subnet in &subnets {
            sum = sum.wrapping_add(subnet.counters().value(LeaseCount::Assigned as usize).unsigned_abs());
        }
        for pool in &pools {
            sum = sum.wrapping_add(pool.counters.value(LeaseCount::Assigned as usize).unsigned_abs());
        }
        for what in [LeaseCount::Assigned, LeaseCount::Cumulative] {
            for subnet in &subnets {
                sum = sum.wrapping_add(subnet.counters().touch(what as usize, now));
            }
            for pool in &pools {
                sum = sum.wrapping_add(pool.counters.touch(what as usize, now));
            }
        }
        sum
    }
}

impl LeaseObserver4 for Runtime<Lease4> {
    fn changed(&self, old: Option<&Lease4>, new: Option<&Lease4>) {
        self.follow(old, new);
    }
}
