//! What kea-dhcp6 asks of the allocators, and what it counts.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use base::{Ipv6Prefix, SubnetId};
use config::{PdPool, Pool6, ServerConfig6};
use lease::{Lease6, LeaseObserver6, LeaseStore6, LeaseType, StoreError};

use super::{Excluded, Leased, Plan, PlannedSubnet, Runtime, Shape};
use crate::stats::LeaseCount6;

impl<'c> Plan<'c, Ipv6Addr> {
    #[must_use]
    pub fn of6(config: &'c ServerConfig6) -> Self {
        let mut reserved: HashMap<SubnetId, Vec<Ipv6Prefix>> = HashMap::new();
        config
            .hosts
            .each_resource(&mut |subnet, resource| reserved.entry(subnet).or_default().push(resource));
        let subnet = move |at: usize| {
            let subnet = config.subnets.get(at)?;
            let shape = |pool: &Pool6| Shape {
                id: pool.id,
                first: pool.first,
                last: pool.last,
                shift: 0,
                excluded: Excluded(false),
                allocator: subnet.params.allocator,
            };
            let pd_shape = |pool: &PdPool| Shape {
                id: pool.id,
                first: pool.prefix.first(),
                last: pool.prefix.last(),
                shift: 128u8.saturating_sub(pool.delegated_len),
                excluded: Excluded(false),
                allocator: subnet.params.own.pd_allocator,
            };
            let heeded = subnet.params.reservations_in_subnet && !subnet.params.reservations_out_of_pool;
            let reserved = reserved.get(&subnet.id).filter(|_| heeded).map_or(&[][..], Vec::as_slice);
            let (addresses, prefixes): (Vec<_>, Vec<_>) =
                reserved.iter().copied().partition(|resource| resource.length() == 128);
            Some(PlannedSubnet {
                id: subnet.id,
                pools: subnet.pools.iter().map(shape).collect(),
                pd_pools: subnet.own.pd_pools.iter().map(pd_shape).collect(),
                reserved: addresses.iter().map(|resource| resource.address()).collect(),
                reserved_prefixes: prefixes.iter().map(|p| (p.address(), 128 - p.length())).collect(),
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

impl Runtime<Lease6> {
    /// See [`adopt`](Self::adopt).
    ///
    /// # Errors
    /// When the store cannot be read; nothing has changed then.
    pub async fn reconfigure(
        &self,
        config: &ServerConfig6,
        store: Option<&dyn LeaseStore6>,
    ) -> Result<(), StoreError> {
        self.adopt(&Plan::of6(config), store).await
    }

    /// See [`adopt_anew`](Self::adopt_anew).
    ///
    /// # Errors
    /// Of the store.
    pub async fn restore(&self, config: &ServerConfig6, store: &dyn LeaseStore6) -> Result<(), StoreError> {
        self.adopt_anew(&Plan::of6(config), store).await
    }

    fn count_lease(&self, lease: &Lease6, what: LeaseCount6) {
        self.count(lease.subnet_id, lease.kind(), lease.address, |statistics, scope| {
            statistics.count(what, 1, scope);
        });
    }

    /// A lease was newly assigned.
    pub(crate) fn allocated(&self, lease: &Lease6) {
        self.count_lease(
            lease,
            match lease.lease_type {
                LeaseType::Na => LeaseCount6::CumulativeNas,
                LeaseType::Pd => LeaseCount6::CumulativePds,
            },
        );
    }

    /// A client registered an address of its own making.
    pub(crate) fn registered(&self, lease: &Lease6) {
        self.count_lease(lease, LeaseCount6::CumulativeRegistered);
    }

    /// An expired lease was reclaimed, or a declined address recovered.
    pub(crate) fn reclaimed(&self, lease: &Lease6, declined: bool) {
        self.count_lease(lease, LeaseCount6::Reclaimed);
        if declined {
            self.count_lease(lease, LeaseCount6::ReclaimedDeclined);
        }
    }

    /// A lease was answered unchanged.
    pub(crate) fn reused(&self, lease: &Lease6) {
        self.count_lease(
            lease,
            match lease.lease_type {
                LeaseType::Na => LeaseCount6::ReusedNas,
                LeaseType::Pd => LeaseCount6::ReusedPds,
            },
        );
    }
}

impl LeaseObserver6 for Runtime<Lease6> {
    fn changed(&self, old: Option<&Lease6>, new: Option<&Lease6>) {
        self.follow(old, new);
    }
}
