//! What outlives a reconfiguration: which addresses of each pool are occupied, where each allocator stands, and
//! the statistics that follow leases. Keyed by subnet and range, kept true by observing the lease store.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use base::{PoolId, SubnetId};
use config::{NetworkIndex, Pool4, ServerConfig4};
use lease::{Lease4, LeaseObserver4, LeaseState, LeaseStore4, StoreError};
use observe::stats::Group;

use super::Bitmap;
use crate::stats::{LeaseCount, Statistics4};
use crate::v4::Preferred;

/// Whether .0 and .255 are kept from clients (`exclude-first-last-24`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excluded(pub bool);

impl Excluded {
    fn holds(self, address: u32) -> bool {
        self.0 && matches!(address & 0xff, 0 | 0xff)
    }
}

/// The addresses of one pool.
#[derive(Debug)]
pub struct PoolRuntime {
    first: u32,
    last: u32,
    excluded: Excluded,
    id: PoolId,
    state: Mutex<PoolState>,
    /// Shared by the pools of the subnet that have the same id.
    counters: Arc<Group>,
}

#[derive(Debug)]
struct PoolState {
    /// What allocators pass over: leased, excluded and reserved addresses.
    occupied: Bitmap,
    /// Positions of reserved addresses, and whether they are leased; all of them are marked in `occupied`.
    reserved: HashMap<u64, bool, ahash::RandomState>,
    /// How many reserved addresses are not leased.
    waiting: u64,
    /// Where the search for the next address starts.
    cursor: u64,
}

impl PoolState {
    fn new(occupied: Bitmap) -> Self {
        Self { occupied, reserved: HashMap::default(), waiting: 0, cursor: 0 }
    }

    /// A lease came or went.
    fn mark(&mut self, at: u64, occupied: bool) {
        if let Some(leased) = self.reserved.get_mut(&at) {
            let was = std::mem::replace(leased, occupied);
            self.waiting = (self.waiting + u64::from(was)).saturating_sub(u64::from(occupied));
        } else {
            self.occupied.set(at, occupied);
        }
    }

    /// These positions, and no others, are reserved. One may be reserved for several clients.
    fn keep(&mut self, positions: impl Iterator<Item = u64>) {
        for (at, leased) in std::mem::take(&mut self.reserved) {
            self.occupied.set(at, leased);
        }
        for at in positions {
            if !self.reserved.contains_key(&at) {
                let leased = !self.occupied.set(at, true);
                self.reserved.insert(at, leased);
            }
        }
        self.waiting = self.reserved.values().map(|leased| u64::from(!leased)).sum();
    }

    fn next_free(&mut self) -> Option<u64> {
        let at = self.occupied.next_free(self.cursor)?;
        self.cursor = at + 1;
        Some(at)
    }

    /// Positions that are leased or excluded.
    fn used(&self) -> u64 {
        self.occupied.occupied().saturating_sub(self.waiting)
    }
}

impl PoolRuntime {
    fn new(pool: &Pool4, excluded: Excluded, counters: Arc<Group>) -> Self {
        let (first, last) = (u32::from(pool.first), u32::from(pool.last));
        let mut occupied = Bitmap::new(pool.capacity());
        if excluded.0 {
            for address in (first..=last).filter(|a| excluded.holds(*a)) {
                occupied.set(u64::from(address - first), true);
            }
        }
        let state = Mutex::new(PoolState::new(occupied));
        Self { first, last, excluded, id: pool.id, state, counters }
    }

    fn state(&self) -> MutexGuard<'_, PoolState> {
        // The state is a bitmap and a number: consistent after each call, also after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, pool: &Pool4, excluded: Excluded) -> bool {
        self.first == u32::from(pool.first)
            && self.last == u32::from(pool.last)
            && self.excluded == excluded
            && self.id == pool.id
    }

    /// The next free address, in turn; `None` when the pool is full.
    pub fn next_free(&self) -> Option<Ipv4Addr> {
        let at = self.state().next_free()?;
        u32::try_from(u64::from(self.first) + at).ok().map(Ipv4Addr::from)
    }

    /// Some free address, chosen by a random number; `None` when the pool is full.
    pub fn random_free(&self, random: u64) -> Option<Ipv4Addr> {
        let state = self.state();
        let from = random.checked_rem(state.occupied.capacity())?;
        let at = state.occupied.next_free(from)?;
        u32::try_from(u64::from(self.first) + at).ok().map(Ipv4Addr::from)
    }

    /// Marks an address; a free address that is excluded stays marked.
    pub fn mark(&self, address: Ipv4Addr, occupied: bool) {
        let address = u32::from(address);
        if (self.first..=self.last).contains(&address) && !self.excluded.holds(address) {
            self.state().mark(u64::from(address - self.first), occupied);
        }
    }

    /// Sets which addresses are kept for clients with reservations: no allocator finds them.
    fn keep(&self, addresses: &[Ipv4Addr]) {
        let range = self.first..=self.last;
        let inside = addresses.iter().map(|a| u32::from(*a)).filter(|a| range.contains(a));
        let counted = inside.filter(|a| !self.excluded.holds(*a));
        self.state().keep(counted.map(|a| u64::from(a - self.first)));
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        let state = self.state();
        state.occupied.occupied() >= state.occupied.capacity()
    }

    /// Share of the pool that is occupied, 0 to 1.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn occupancy(&self) -> f64 {
        let state = self.state();
        state.used() as f64 / state.occupied.capacity().max(1) as f64
    }
}

/// The pools of a subnet, in the order of its configuration.
#[derive(Debug)]
pub struct SubnetRuntime {
    pub pools: Vec<Arc<PoolRuntime>>,
    counters: Arc<Group>,
}

impl SubnetRuntime {
    fn pool_of(&self, address: Ipv4Addr) -> Option<&Arc<PoolRuntime>> {
        let address = u32::from(address);
        self.pools.iter().find(|p| (p.first..=p.last).contains(&address))
    }

    /// The statistics of the subnet and of its pools.
    fn groups(&self) -> impl Iterator<Item = &Group> {
        std::iter::once(&*self.counters).chain(self.pools.iter().map(|pool| &*pool.counters))
    }

    /// Pools that stay are the same object.
    fn has_the_pools_of(&self, other: &Self) -> bool {
        self.pools.len() == other.pools.len()
            && self.pools.iter().all(|pool| other.pools.iter().any(|p| Arc::ptr_eq(pool, p)))
    }
}

/// An address range and its pool, for finding pools by address.
#[derive(Debug)]
struct Range {
    first: u32,
    last: u32,
    /// The highest `last` of this range and all before it: where a search backwards may stop.
    reach: u32,
    pool: Arc<PoolRuntime>,
}

#[derive(Debug, Default)]
struct Tables {
    subnets: HashMap<SubnetId, Arc<SubnetRuntime>, ahash::RandomState>,
    ranges: Vec<Range>,
    preferred: Preferred,
}

impl Tables {
    fn pools_of(&self, address: Ipv4Addr) -> impl Iterator<Item = &Arc<PoolRuntime>> {
        let address = u32::from(address);
        let end = self.ranges.partition_point(|r| r.first <= address);
        self.ranges
            .get(..end)
            .unwrap_or(&[])
            .iter()
            .rev()
            .take_while(move |r| r.reach >= address)
            .filter(move |r| r.last >= address)
            .map(|r| &r.pool)
    }
}

/// The state of the allocators of kea-dhcp4. Register it as the observer of the lease store.
#[derive(Debug)]
pub struct Runtime4 {
    tables: ArcSwap<Tables>,
    statistics: Arc<Statistics4>,
}

impl Runtime4 {
    #[must_use]
    pub fn new(statistics: Arc<Statistics4>) -> Self {
        Self { tables: ArcSwap::default(), statistics }
    }

    /// The pools of a subnet.
    #[must_use]
    pub fn subnet(&self, id: SubnetId) -> Option<Arc<SubnetRuntime>> {
        self.tables.load().subnets.get(&id).cloned()
    }

    #[must_use]
    pub fn statistics(&self) -> &Statistics4 {
        &self.statistics
    }

    /// Takes over the subnets and pools of a configuration. Pools that stay keep their state; new ones are filled
    /// from the store. Call it while no packet is in progress: changes made meanwhile would be missed.
    ///
    /// # Errors
    /// When the store cannot be read; nothing has changed then.
    pub async fn reconfigure(
        &self,
        config: &ServerConfig4,
        store: Option<&dyn LeaseStore4>,
    ) -> Result<(), StoreError> {
        let before = self.tables.load_full();
        let mut tables = Tables { preferred: Preferred::new(config.networks.len()), ..Tables::default() };
        let mut fresh: Vec<Arc<PoolRuntime>> = Vec::new();
        for subnet in &config.subnets {
            let known = before.subnets.get(&subnet.id);
            let excluded = Excluded(config.globals.exclude_first_last_24 && subnet.prefix.length() <= 24);
            let counters = self.statistics.subnet(subnet.id);
            let mut pools = Vec::with_capacity(subnet.pools.len());
            for pool in &subnet.pools {
                let same = known.and_then(|k| k.pools.iter().find(|p| p.is(pool, excluded)));
                let runtime = match same {
                    Some(same) => Arc::clone(same),
                    None => {
                        let counters = self.statistics.pool(subnet.id, pool.id);
                        let runtime = Arc::new(PoolRuntime::new(pool, excluded, counters));
                        fresh.push(Arc::clone(&runtime));
                        runtime
                    }
                };
                tables.ranges.push(Range {
                    first: runtime.first,
                    last: runtime.last,
                    reach: 0,
                    pool: Arc::clone(&runtime),
                });
                pools.push(runtime);
            }
            tables.subnets.insert(subnet.id, Arc::new(SubnetRuntime { pools, counters }));
        }
        tables.ranges.sort_by_key(|r| (r.first, r.last));
        let mut reach = 0;
        for range in &mut tables.ranges {
            reach = reach.max(range.last);
            range.reach = reach;
        }
        if let Some(store) = store {
            for pool in &fresh {
                fill(pool, store).await?;
            }
            // Also of subnets whose pools are others now: their leases may lie in none of them.
            let changed = |id, now: &SubnetRuntime| {
                before.subnets.get(id).is_none_or(|before| !before.has_the_pools_of(now))
            };
            for (id, subnet) in tables.subnets.iter().filter(|(id, subnet)| changed(id, subnet)) {
                self.recount(*id, subnet, store).await?;
            }
        }
        keep_reserved(config, &tables);
        self.statistics.configured(config);
        self.tables.store(Arc::new(tables));
        Ok(())
    }

    /// Sets the counts of present leases to zero, before another store is read.
    pub fn forget_leases(&self) {
        self.statistics.forget_leases();
        for subnet in self.tables.load().subnets.values() {
            for group in subnet.groups() {
                self.statistics.set(LeaseCount::Assigned, 0, group);
                self.statistics.set(LeaseCount::Declined, 0, group);
            }
        }
    }

    /// Starts anew with this configuration and what this store holds, after others were tried and not taken.
    ///
    /// # Errors
    /// Of the store.
    pub async fn restore(&self, config: &ServerConfig4, store: &dyn LeaseStore4) -> Result<(), StoreError> {
        self.tables.store(Arc::default());
        self.reconfigure(config, Some(store)).await?;
        self.statistics.forget_leases();
        let mut after = None;
        loop {
            let page = store.page(after, 1024).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.address);
            for lease in &page {
                if lease.occupies() {
                    self.statistics.count(LeaseCount::Assigned, 1, None, None);
                }
                if lease.state == LeaseState::Declined {
                    self.statistics.count(LeaseCount::Declined, 1, None, None);
                }
            }
        }
    }

    /// The subnet of a network that served last.
    pub(crate) fn preferred(&self, network: NetworkIndex) -> Option<SubnetId> {
        self.tables.load().preferred.get(network.0)
    }

    pub(crate) fn prefer(&self, network: NetworkIndex, subnet: SubnetId) {
        self.tables.load().preferred.set(network.0, subnet);
    }

    /// A lease was newly assigned.
    pub(crate) fn allocated(&self, subnet: SubnetId, address: Ipv4Addr) {
        self.count(LeaseCount::Cumulative, 1, subnet, address);
    }

    /// An expired lease was reclaimed, or a declined address recovered.
    pub(crate) fn reclaimed(&self, subnet: SubnetId, address: Ipv4Addr, declined: bool) {
        self.count(LeaseCount::Reclaimed, 1, subnet, address);
        if declined {
            self.count(LeaseCount::ReclaimedDeclined, 1, subnet, address);
        }
    }

    /// The address reserved for a client is somebody else's.
    pub(crate) fn reservation_conflict(&self, subnet: SubnetId) {
        let tables = self.tables.load();
        self.statistics.reservation_conflict(tables.subnets.get(&subnet).map(|s| &*s.counters));
    }

    /// A lease was answered unchanged.
    pub(crate) fn reused(&self, subnet: SubnetId) {
        let tables = self.tables.load();
        self.statistics.reused(tables.subnets.get(&subnet).map(|s| &*s.counters));
    }

    /// Reads what allocations in these subnets will read; see `v4::warm`.
    pub(crate) fn warm(&self, ids: impl Iterator<Item = SubnetId>) -> u64 {
        let tables = self.tables.load();
        let subnets: smallvec::SmallVec<[&Arc<SubnetRuntime>; 64]> =
            ids.filter_map(|id| tables.subnets.get(&id)).collect();
        let mut sum = 0u64;
        for subnet in &subnets {
            sum = sum.wrapping_add(subnet.pools.len() as u64);
        }
        let pools: smallvec::SmallVec<[&Arc<PoolRuntime>; 64]> =
            subnets.iter().filter_map(|subnet| subnet.pools.first()).collect();
        for pool in &pools {
            sum = sum.wrapping_add(u64::from(pool.first));
        }
        for pool in &pools {
            sum = sum.wrapping_add(pool.state().occupied.occupied());
        }
        let counters = subnets.iter().map(|s| &s.counters).chain(pools.iter().map(|p| &p.counters));
        for group in counters {
            for what in [LeaseCount::Assigned, LeaseCount::Cumulative] {
                sum = sum.wrapping_add(group.value(what as usize).unsigned_abs());
            }
        }
        sum
    }

    /// Share of a pool that is occupied; 0 for a pool that is not known.
    pub(crate) fn occupancy(&self, subnet: SubnetId, pool: &Pool4) -> f64 {
        let tables = self.tables.load();
        tables.subnets.get(&subnet).and_then(|s| s.pool_of(pool.first)).map_or(0.0, |p| p.occupancy())
    }

    /// Counts the leases of a subnet that is new in the configuration but may have rows from before.
    async fn recount(
        &self,
        id: SubnetId,
        subnet: &SubnetRuntime,
        store: &dyn LeaseStore4,
    ) -> Result<(), StoreError> {
        for group in subnet.groups() {
            self.statistics.set(LeaseCount::Assigned, 0, group);
            self.statistics.set(LeaseCount::Declined, 0, group);
        }
        for lease in store.by_subnet(id).await? {
            let pool = subnet.pool_of(lease.address).map(|p| &*p.counters);
            if lease.occupies() {
                self.statistics.count_in(LeaseCount::Assigned, 1, Some(&subnet.counters), pool);
            }
            if lease.state == LeaseState::Declined {
                self.statistics.count_in(LeaseCount::Declined, 1, Some(&subnet.counters), pool);
            }
        }
        Ok(())
    }

    fn count(&self, what: LeaseCount, delta: i64, subnet: SubnetId, address: Ipv4Addr) {
        let tables = self.tables.load();
        let subnet = tables.subnets.get(&subnet);
        let pool = subnet.and_then(|s| s.pool_of(address));
        self.statistics.count(what, delta, subnet.map(|s| &*s.counters), pool.map(|p| &*p.counters));
    }

    fn count_row(&self, lease: &Lease4, delta: i64) {
        if lease.occupies() {
            self.count(LeaseCount::Assigned, delta, lease.subnet_id, lease.address);
        }
        if lease.state == LeaseState::Declined {
            self.count(LeaseCount::Declined, delta, lease.subnet_id, lease.address);
        }
    }
}

impl LeaseObserver4 for Runtime4 {
    fn changed(&self, old: Option<&Lease4>, new: Option<&Lease4>) {
        let key = |l: &Lease4| (l.address, l.subnet_id, l.state);
        // A renewal changes neither occupancy nor a count.
        if old.map(key) == new.map(key) {
            return;
        }
        if let Some(lease) = new.or(old) {
            let occupied = new.is_some_and(Lease4::occupies);
            for pool in self.tables.load().pools_of(lease.address) {
                pool.mark(lease.address, occupied);
            }
        }
        if let Some(old) = old {
            self.count_row(old, -1);
        }
        if let Some(new) = new {
            self.count_row(new, 1);
        }
    }
}

/// Keeps the addresses with reservations from the allocators, where the subnet does not say that its reservations
/// are out of its pools.
fn keep_reserved(config: &ServerConfig4, tables: &Tables) {
    let mut reserved: HashMap<SubnetId, Vec<Ipv4Addr>> = HashMap::new();
    config.hosts.each_address(&mut |subnet, address| reserved.entry(subnet).or_default().push(address));
    for subnet in &config.subnets {
        let Some(runtime) = tables.subnets.get(&subnet.id) else { continue };
        let heeded = subnet.params.reservations_in_subnet && !subnet.params.reservations_out_of_pool;
        let addresses = reserved.get(&subnet.id).filter(|_| heeded).map_or(&[][..], Vec::as_slice);
        for pool in &runtime.pools {
            pool.keep(addresses);
        }
    }
}

/// Marks the addresses of a new pool that have leases.
async fn fill(pool: &PoolRuntime, store: &dyn LeaseStore4) -> Result<(), StoreError> {
    let mut after = pool.first.checked_sub(1).map(Ipv4Addr::from);
    // A pool that starts at 0.0.0.0 has nothing before it.
    loop {
        let page = store.page(after, 1024).await?;
        let Some(last) = page.last() else { return Ok(()) };
        for lease in &page {
            if u32::from(lease.address) > pool.last {
                return Ok(());
            }
            if lease.occupies() {
                pool.mark(lease.address, true);
            }
        }
        after = Some(last.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_addresses_are_passed_over() {
        let mut state = PoolState::new(Bitmap::new(4));
        state.mark(1, true);
        // One that is reserved twice does no harm.
        state.keep([0, 1, 0].into_iter());
        assert_eq!([(); 3].map(|()| state.next_free()), [Some(2), Some(3), Some(2)]);
        assert_eq!(state.used(), 1);
        // Leases of reserved addresses come and go; the addresses stay kept.
        state.mark(0, true);
        assert_eq!(state.used(), 2);
        state.mark(1, false);
        state.mark(1, false);
        state.mark(2, true);
        state.mark(3, true);
        assert_eq!((state.next_free(), state.used()), (None, 3));
        // No longer reserved: what is leased stays occupied, the rest is free.
        state.keep(std::iter::empty());
        assert_eq!([(); 2].map(|()| state.next_free()), [Some(1), Some(1)]);
        assert_eq!(state.used(), 3);
    }
}
