//! What outlives a reconfiguration: which addresses and prefixes of each pool are occupied, where each allocator
//! stands, and the statistics that follow leases. Keyed by subnet and range, kept true by observing the lease store.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use base::{Random, SubnetId, SubnetMap, XorShift};
use config::NetworkIndex;
use lease::{Bound, Exceeded, StoreError};
use observe::stats::Group;
use smallvec::SmallVec;

use super::held::{self, Claim, Held};
use super::preferred::Preferred;
use super::ranges::Ranges;
use super::{Address, Leased, Pool, PoolKind, Shape, pool};
use crate::legal::Faults;
use crate::stats::{LeaseStatistics, Scope};

/// What a configuration asks of the allocators.
pub struct Plan<'c, A> {
    /// How many shared networks there are.
    pub(super) networks: usize,
    /// How many subnets there are.
    pub(super) count: usize,
    /// Leases are counted by class and by subnet.
    pub(super) holds: bool,
    /// Made one by one: all together are as much memory again as the configuration, which would leave holes.
    pub(super) subnet: Box<dyn Fn(usize) -> Option<PlannedSubnet<A>> + Send + Sync + 'c>,
}

impl<A> Plan<'_, A> {
    /// The subnets in the order of the configuration.
    pub fn subnets(&self) -> impl Iterator<Item = PlannedSubnet<A>> {
        (0..self.count).filter_map(&self.subnet)
    }
}

/// The pools of a subnet, in the order of its configuration.
#[derive(Clone, Debug)]
pub struct PlannedSubnet<A> {
    pub id: SubnetId,
    pub pools: Vec<Shape<A>>,
    pub pd_pools: Vec<Shape<A>>,
    /// Addresses kept for clients with reservations.
    pub reserved: Vec<A>,
    /// Prefixes kept for clients with reservations: first address, bits behind the prefix.
    pub reserved_prefixes: Vec<(A, u8)>,
}

/// The pools of a subnet, in the order of its configuration.
#[derive(Debug)]
pub struct SubnetRuntime<A> {
    /// Most often one, which is then found without another look at memory.
    pub pools: SmallVec<[Arc<Pool<A>>; 1]>,
    pub pd_pools: Box<[Arc<Pool<A>>]>,
    counters: Arc<Group>,
}

impl<A: Address> SubnetRuntime<A> {
    #[must_use]
    pub fn of_kind(&self, kind: PoolKind) -> &[Arc<Pool<A>>] {
        match kind {
            PoolKind::Addresses => &self.pools,
            PoolKind::Prefixes => &self.pd_pools,
        }
    }

    pub(super) fn pool_of(&self, kind: PoolKind, address: A) -> Option<&Arc<Pool<A>>> {
        self.of_kind(kind).iter().find(|p| p.contains(address))
    }

    pub(super) fn counters(&self) -> &Group {
        &self.counters
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Pool<A>>> {
        self.pools.iter().chain(&self.pd_pools)
    }

    /// The statistics of the subnet and of a pool.
    fn scope(&self, kind: PoolKind, address: A) -> Scope<'_> {
        Scope {
            server: true,
            subnet: Some(&self.counters),
            pool: self.pool_of(kind, address).map(|p| &p.counters),
        }
    }

    /// Pools that stay are the same object.
    fn has_the_pools_of(&self, other: &Self) -> bool {
        let count = |subnet: &Self| (subnet.pools.len(), subnet.pd_pools.len());
        count(self) == count(other)
            && self.all().all(|pool| other.all().any(|other| Arc::ptr_eq(pool, other)))
    }
}

/// The subnets of a [`Runtime`] at one moment.
pub struct Subnets<A>(Guard<Arc<Tables<A>>>);

impl<A> Subnets<A> {
    #[must_use]
    pub fn get(&self, id: SubnetId) -> Option<&SubnetRuntime<A>> {
        self.0.subnets.get(id)
    }
}

#[derive(Debug)]
pub(super) struct Tables<A> {
    pub(super) subnets: SubnetMap<SubnetRuntime<A>>,
    pools: Ranges<A>,
    pd_pools: Ranges<A>,
    preferred: Preferred,
}

impl<A> Default for Tables<A> {
    fn default() -> Self {
        Self {
            subnets: SubnetMap::default(),
            pools: Ranges::default(),
            pd_pools: Ranges::default(),
            preferred: Preferred::default(),
        }
    }
}

impl<A: Address> Tables<A> {
    fn of_kind(&self, kind: PoolKind) -> &Ranges<A> {
        match kind {
            PoolKind::Addresses => &self.pools,
            PoolKind::Prefixes => &self.pd_pools,
        }
    }
}

impl<A: Address> Tables<A> {
    /// The pools that a lease takes a part of.
    fn of<L: Leased<Address = A>>(&self, lease: &L) -> impl Iterator<Item = &Arc<Pool<A>>> {
        let (kind, ranges) = (lease.kind(), self.of_kind(lease.kind()));
        // Most often one, and near at hand: nothing is searched among those of all subnets.
        let own = || self.subnets.get(lease.subnet_id())?.pool_of(kind, lease.address());
        let own = if ranges.overlap() { None } else { own().filter(|p| p.shape().shift == lease.shift()) };
        let search = || {
            let last = A::from_number(pool::end(lease.address(), lease.shift()));
            ranges.of(lease.address(), last)
        };
        own.into_iter().chain(own.is_none().then(search).into_iter().flatten())
    }
}

/// The state of the allocators of a server. Register it as the observer of the lease store.
#[derive(Debug)]
pub struct Runtime<L: Leased> {
    pub(super) tables: ArcSwap<Tables<L::Address>>,
    pub(super) statistics: Arc<L::Statistics>,
    /// For allocators that choose at random.
    random: Mutex<XorShift>,
    held: Held,
    pub(crate) legal_faults: Faults,
}

/// Rows read from the store at a time.
const PAGE: usize = 1024;

impl<L: Leased> Runtime<L> {
    /// `seed` is for allocators that choose at random: the same one gives the same choices.
    #[must_use]
    pub fn new(statistics: Arc<L::Statistics>, seed: u64) -> Self {
        let random = Mutex::new(XorShift::new(seed));
        Self {
            tables: ArcSwap::default(),
            statistics,
            random,
            held: Held::default(),
            legal_faults: Faults::default(),
        }
    }

    fn seed(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    /// The subnets as they are now.
    #[must_use]
    pub fn subnets(&self) -> Subnets<L::Address> {
        Subnets(self.tables.load())
    }

    #[must_use]
    pub fn statistics(&self) -> &L::Statistics {
        &self.statistics
    }

    /// Takes over the subnets and pools of a configuration. Pools that stay keep their state; new ones are filled
    /// from the store. Call it while no packet is in progress: changes made meanwhile would be missed.
    ///
    /// # Errors
    /// When the store cannot be read; nothing has changed then.
    pub async fn adopt(
        &self,
        plan: &Plan<'_, L::Address>,
        store: Option<&L::Store<'_>>,
    ) -> Result<(), StoreError> {
        let before = self.tables.load_full();
        let mut fresh = Vec::new();
        let subnets = plan.subnets().map(|subnet| {
            let known = before.subnets.get(subnet.id);
            let counters = match known {
                Some(known) => {
                    self.statistics.begin(&known.counters);
                    Arc::clone(&known.counters)
                }
                None => self.statistics.subnet(subnet.id),
            };
            let mut pools = |kind, shapes: &[Shape<L::Address>]| -> SmallVec<_> {
                let there = known.map_or(&[][..], |k| k.of_kind(kind));
                let pool = |shape: &Shape<L::Address>| {
                    if let Some(same) = there.iter().find(|p| p.shape() == shape) {
                        return Arc::clone(same);
                    }
                    let counters = self.statistics.pool(kind, (subnet.id, &counters), shape.id);
                    let pool = Arc::new(Pool::new(*shape, counters, self.seed()));
                    fresh.push((kind, Arc::clone(&pool)));
                    pool
                };
                shapes.iter().map(pool).collect()
            };
            let runtime = SubnetRuntime {
                pools: pools(PoolKind::Addresses, &subnet.pools),
                pd_pools: pools(PoolKind::Prefixes, &subnet.pd_pools).into_vec().into(),
                counters,
            };
            (subnet.id, runtime)
        });
        let mut tables = Tables {
            subnets: subnets.collect(),
            preferred: Preferred::new(plan.networks),
            ..Tables::default()
        };
        let every = |kind| tables.subnets.values().flat_map(move |s| s.of_kind(kind)).map(Arc::clone);
        tables.pools = Ranges::new(every(PoolKind::Addresses));
        tables.pd_pools = Ranges::new(every(PoolKind::Prefixes));
        if let Some(store) = store {
            for (kind, pool) in &fresh {
                fill::<L>(*kind, pool, store).await?;
            }
            // Counts that were reset or removed by hand are taken anew, as in Kea with each configuration.
            let disturbed = self.statistics.take_disturbed();
            if disturbed {
                self.recount_server(store).await?;
            }
            // Also of subnets whose pools are others now: their leases may lie in none of them.
            let changed = |id, now: &SubnetRuntime<L::Address>| {
                disturbed || before.subnets.get(id).is_none_or(|before| !before.has_the_pools_of(now))
            };
            for (id, subnet) in tables.subnets.iter().filter(|(id, subnet)| changed(*id, subnet)) {
                self.recount(id, subnet, store).await?;
            }
        }
        if plan.holds != self.held.is_wanted() {
            self.hold(plan.holds, store).await?;
        }
        for subnet in plan.subnets() {
            let Some(runtime) = tables.subnets.get(subnet.id) else { continue };
            let reserved: Vec<_> = subnet.reserved.iter().map(|address| (*address, 0)).collect();
            runtime.pools.iter().for_each(|pool| pool.keep(&reserved));
            runtime.pd_pools.iter().for_each(|pool| pool.keep(&subnet.reserved_prefixes));
        }
        self.statistics.configured(plan, &|id| tables.subnets.get(id).map(|s| Arc::clone(&s.counters)));
        self.tables.store(Arc::new(tables));
        Ok(())
    }

    /// Sets the counts of present leases to zero, before another store is read.
    pub fn forget_leases(&self) {
        self.statistics.forget_leases(Scope::SERVER);
        for subnet in self.tables.load().subnets.values() {
            self.forget_leases_of(subnet);
        }
    }

    fn forget_leases_of(&self, subnet: &SubnetRuntime<L::Address>) {
        self.statistics.forget_leases(Scope { subnet: Some(&subnet.counters), ..Scope::default() });
        for pool in subnet.all() {
            self.statistics.forget_leases(Scope { pool: Some(&pool.counters), ..Scope::default() });
        }
    }

    /// Starts anew with this plan and what this store holds, after others were tried and not taken.
    ///
    /// # Errors
    /// Of the store.
    pub async fn adopt_anew(
        &self,
        plan: &Plan<'_, L::Address>,
        store: &L::Store<'_>,
    ) -> Result<(), StoreError> {
        let before = self.tables.swap(Arc::default());
        if let Err(error) = self.adopt(plan, Some(store)).await {
            // Better what is known than nothing.
            self.tables.store(before);
            return Err(error);
        }
        self.hold(plan.holds, Some(store)).await?;
        self.recount_server(store).await
    }

    /// Counts all leases, for the statistics of the server.
    async fn recount_server(&self, store: &L::Store<'_>) -> Result<(), StoreError> {
        self.statistics.forget_leases(Scope::SERVER);
        every::<L>(store, |lease| self.statistics.row(lease, 1, Scope::SERVER)).await
    }

    /// Begins or ends to count leases by class and by subnet.
    async fn hold(&self, wanted: bool, store: Option<&L::Store<'_>>) -> Result<(), StoreError> {
        self.held.want(wanted);
        let Some(store) = store.filter(|_| wanted) else { return Ok(()) };
        every::<L>(store, |lease| self.held.follow(None, Some(lease))).await
    }

    /// Room for one more lease within bounds, in place of `replaced`; or the bound that it would exceed. To be kept until
    /// the lease is stored.
    ///
    /// # Errors
    /// When a store that is shared cannot tell.
    pub(crate) async fn claim<'h>(
        &'h self,
        store: &L::Store<'_>,
        bounds: &'h [Bound],
        replaced: Option<&L>,
    ) -> Result<Result<Claim<'h>, Exceeded>, StoreError> {
        held::claim(&self.held, store, bounds, replaced).await
    }

    /// The subnet of a network that served last.
    pub(crate) fn preferred(&self, network: NetworkIndex, kind: PoolKind) -> Option<SubnetId> {
        self.tables.load().preferred.get(network.0, kind)
    }

    pub(crate) fn prefer(&self, network: NetworkIndex, kind: PoolKind, subnet: SubnetId) {
        self.tables.load().preferred.set(network.0, kind, subnet);
    }

    /// Whether leases of other lengths lie in a prefix of `shift` bits from `address` on, or around it: of a pool whose
    /// prefixes had another length once. `own`: there is a row of this very prefix that still occupies it.
    pub(crate) fn overlaps(&self, kind: PoolKind, address: L::Address, shift: u8, own: bool) -> bool {
        let last = L::Address::from_number(pool::end(address, shift));
        let tables = self.tables.load();
        tables.of_kind(kind).of(address, last).any(|pool| pool.overlaps(address, shift, own))
    }

    /// Share of the pool of an address that is occupied once the address is leased; 0 for a pool that is not known.
    pub(crate) fn occupancy_with(&self, subnet: SubnetId, kind: PoolKind, address: L::Address) -> f64 {
        let tables = self.tables.load();
        let pool = tables.subnets.get(subnet).and_then(|s| s.pool_of(kind, address));
        pool.map_or(0.0, |pool| pool.occupancy_with(address))
    }

    /// Counts the leases of a subnet that is new in the configuration but may have rows from before.
    async fn recount(
        &self,
        id: SubnetId,
        subnet: &SubnetRuntime<L::Address>,
        store: &L::Store<'_>,
    ) -> Result<(), StoreError> {
        let leases = L::by_subnet(store, id).await?;
        self.forget_leases_of(subnet);
        for lease in leases {
            let scope = Scope { server: false, ..subnet.scope(lease.kind(), lease.address()) };
            self.statistics.row(&lease, 1, scope);
        }
        Ok(())
    }

    /// Hands over the statistics that concern an address or prefix.
    pub(super) fn count(
        &self,
        subnet: SubnetId,
        kind: PoolKind,
        address: L::Address,
        count: impl FnOnce(&L::Statistics, Scope<'_>),
    ) {
        let tables = self.tables.load();
        let subnet = tables.subnets.get(subnet);
        count(&self.statistics, subnet.map_or(Scope::SERVER, |s| s.scope(kind, address)));
    }

    /// Hands over the statistics of a subnet.
    pub(super) fn count_subnet(&self, subnet: SubnetId, count: impl FnOnce(&L::Statistics, Scope<'_>)) {
        let tables = self.tables.load();
        let subnet = tables.subnets.get(subnet).map(|s| &*s.counters);
        count(&self.statistics, Scope { subnet, ..Scope::SERVER });
    }

    /// Follows a change of the store.
    pub(super) fn follow(&self, old: Option<&L>, new: Option<&L>) {
        self.held.follow(old, new);
        let key = |l: &L| (l.address(), l.shift(), l.subnet_id(), l.state());
        // A renewal changes neither occupancy nor a count.
        if old.map(key) == new.map(key) {
            return;
        }
        let place = |l: &&L| (l.address(), l.shift());
        let (was, is) = (old.filter(|l| l.occupies()), new.filter(|l| l.occupies()));
        if was.as_ref().map(place) != is.as_ref().map(place) {
            let tables = self.tables.load();
            for (lease, occupied) in [(was, false), (is, true)] {
                if let Some(lease) = lease {
                    tables.of(lease).for_each(|pool| pool.mark(lease.address(), lease.shift(), occupied));
                }
            }
        }
        for (lease, delta) in [(old, -1), (new, 1)] {
            if let Some(lease) = lease {
                self.count(lease.subnet_id(), lease.kind(), lease.address(), |statistics, scope| {
                    statistics.row(lease, delta, scope);
                });
            }
        }
    }
}

/// Hands over each lease of a store, read a page at a time.
async fn every<L: Leased>(store: &L::Store<'_>, mut what: impl FnMut(&L) + Send) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = L::page(store, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.address());
        page.iter().for_each(|lease| what(lease));
    }
}

/// Marks what is leased of a new pool.
async fn fill<L: Leased>(
    kind: PoolKind,
    pool: &Pool<L::Address>,
    store: &L::Store<'_>,
) -> Result<(), StoreError> {
    if kind == PoolKind::Prefixes {
        // Prefixes around the pool, from when it was another one.
        for shift in pool.shape().shift.saturating_add(1)..128 {
            let address = L::Address::from_number(pool.shape().first.number() >> shift << shift);
            if address < pool.shape().first
                && let Some(lease) = L::by_address(store, address).await?
                && lease.kind() == kind
                && lease.shift() == shift
                && lease.occupies()
            {
                pool.mark(address, shift, true);
            }
        }
    }
    // A pool that starts at the lowest address has nothing before it.
    let mut after = pool.shape().first.number().checked_sub(1).map(L::Address::from_number);
    // No more than the pool may hold: with many small pools the rest of a page would be read in vain for each.
    let most = usize::try_from(pool.shape().capacity()).unwrap_or(PAGE).clamp(1, PAGE);
    loop {
        let page = L::page(store, after, most).await?;
        let Some(last) = page.last() else { return Ok(()) };
        for lease in &page {
            if lease.address() > pool.shape().last {
                return Ok(());
            }
            if lease.kind() == kind && lease.occupies() {
                pool.mark(lease.address(), lease.shift(), true);
            }
        }
        after = Some(last.address());
    }
}
