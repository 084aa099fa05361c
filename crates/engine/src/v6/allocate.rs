//! Choosing, creating, renewing and reusing leases for identity associations (Kea manual, "Lease Allocation").

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Iaid, Ipv6Prefix, PoolId};
use config::{Ddns, Subnet6};
use lease::{Added6, Bound, Exceeded, HwAddrSource, Lease6, LeaseState, LeaseType, StoreError, Updated};
use smallvec::SmallVec;
use wire::v6::{Ia, IaKind};

use super::lifetimes::{self, Lifetimes};
use super::messages::{
    AllocFail, AllocFailClasses, AllocFailNoPools, AllocFailSharedNetwork, AllocFailSubnet, AllocUnreserved,
    ExtendLease, HintReserved, HostsLookedUp, Resource, Revoked,
};
use super::name::ClientName;
use super::pools::{self, Pool};
use super::{Context6, Query, extended, hosts, library};
use crate::alloc::Claim;
use crate::expired::{Look, over};
use crate::points::Point;
use crate::siblings::siblings;
use crate::stats::AllocationFailure;

/// How often a lost race for an address or prefix is tried again in one pool.
const RACES: usize = 16;
/// Addresses or prefixes of one pool that a query finds kept by databases before it goes on to the next pool.
const KEPT: usize = 256;

/// What a client asks of one association.
pub(super) struct Asked {
    pub kind: LeaseType,
    /// What its leases are known by.
    pub iaid: Iaid,
    /// As the client has it.
    pub named: Iaid,
    /// What it names, in its order.
    pub hints: SmallVec<[Hint; 1]>,
}

/// An address or prefix that a client names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    /// Unspecified: only the length matters.
    pub address: Ipv6Addr,
    /// 128 for an address; of a prefix 0 when the client does not care.
    pub length: u8,
    pub wish: Lifetimes,
}

impl Asked {
    /// `None` for associations that are not served (IA_TA).
    pub(super) fn of(ia: &Ia<'_>) -> Option<Self> {
        let lifetimes =
            |preferred, valid| Lifetimes { preferred: base::Seconds(preferred), valid: base::Seconds(valid) };
        let (kind, hints) = match ia.kind {
            IaKind::Na => {
                let hint = |a: wire::v6::IaAddr<'_>| Hint {
                    address: a.address,
                    length: 128,
                    wish: lifetimes(a.preferred, a.valid),
                };
                (LeaseType::Na, ia.addresses().map(hint).collect())
            }
            IaKind::Pd => {
                let hint = |p: wire::v6::IaPrefix<'_>| Hint {
                    address: p.address,
                    // The longest there is says nothing.
                    length: if p.length == 128 { 0 } else { p.length },
                    wish: lifetimes(p.preferred, p.valid),
                };
                (LeaseType::Pd, ia.prefixes().map(hint).collect())
            }
            IaKind::Ta => return None,
        };
        Some(Self { kind, iaid: ia.iaid, named: ia.iaid, hints })
    }

    pub(super) fn wish(&self) -> Lifetimes {
        self.hints.first().map_or_else(Lifetimes::default, |hint| hint.wish)
    }
}

/// What was granted.
pub(super) struct Granted<'c> {
    pub lease: Lease6,
    /// What to tell the client: the remaining ones for a reused lease.
    pub lifetimes: Lifetimes,
    pub subnet: &'c Arc<Subnet6>,
    pub pool: Option<Pool<'c>>,
    /// The lease was answered from the store without a change (`cache-threshold`).
    pub reused: bool,
    /// DNS is to be told of the lease.
    pub named: bool,
    name: ClientName,
}

impl Granted<'_> {
    /// Of a lease that was checked when it was made.
    pub(super) fn resource(&self) -> Option<Ipv6Prefix> {
        self.lease.prefix()
    }
}

/// Which pools of prefixes fit the length that a client wishes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Any,
    Equal(u8),
    Shorter(u8),
    Longer(u8),
}

impl Fit {
    fn takes(self, pool: Pool<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(length) => pool.length() == length,
            Self::Shorter(length) => pool.length() < length,
            Self::Longer(length) => pool.length() > length,
        }
    }
}

/// One exchange about associations: what has been decided so far.
pub(super) struct Exchange<'a, 'c, 'q> {
    pub ctx: &'a Context6<'c>,
    pub query: &'a Query<'q>,
    /// What is granted is stored; else it is only advertised.
    pub commit: bool,
    /// The subnet that serves the client. Moves among the siblings of a shared network with what is found there.
    pub subnet: &'c Arc<Subnet6>,
    /// What the associations so far were granted.
    pub granted: SmallVec<[(Ipv6Prefix, Option<Pool<'c>>); 2]>,
    /// The client's name: that of its first address, else of its first prefix.
    pub name: Option<ClientName>,
    /// An address was granted.
    addressed: bool,
    /// Rows that are no more, replaced or deleted: what DNS says of them is to go.
    pub ended: Vec<Arc<Lease6>>,
    /// The lease that DNS is to be told of: that of the first address.
    pub begun: Option<Lease6>,
    /// Leases that were given or extended, for the legal log, libraries and the servers that share the clients; empty where
    /// nobody asks.
    pub given: Vec<Lease6>,
    /// Those that were answered as they stand.
    pub kept: Vec<Lease6>,
    /// A library does not let the association have anything.
    denied: bool,
}

/// What one association is granted, and what it has lost.
#[derive(Default)]
pub(super) struct Outcome<'c> {
    pub granted: SmallVec<[Granted<'c>; 1]>,
    pub lost: SmallVec<[Arc<Lease6>; 1]>,
}

type Result<T> = std::result::Result<T, StoreError>;

impl<'a, 'c, 'q> Exchange<'a, 'c, 'q> {
    pub(super) fn new(
        ctx: &'a Context6<'c>,
        query: &'a Query<'q>,
        subnet: &'c Arc<Subnet6>,
        commit: bool,
    ) -> Self {
        Self {
            ctx,
            query,
            commit,
            subnet,
            granted: SmallVec::new(),
            name: None,
            addressed: false,
            ended: Vec::new(),
            begun: None,
            given: Vec::new(),
            kept: Vec::new(),
            denied: false,
        }
    }

    /// What an association gets: the client's own leases as far as they are still its, what is reserved for it, else
    /// what it names, else the next free one.
    pub(super) async fn serve(&mut self, asked: &Asked) -> Result<Outcome<'c>> {
        self.denied = false;
        let mut outcome = Outcome::default();
        let mut own: SmallVec<[(Arc<Lease6>, &'c Arc<Subnet6>); 1]> = SmallVec::new();
        for (lease, subnet) in self.own(asked).await? {
            if self.keeps(&lease, subnet).await? {
                own.push((lease, subnet));
            } else {
                self.lose(lease, &mut outcome).await?;
            }
        }
        observe::log!(HostsLookedUp { query: self.query.label(), subnet: self.subnet.id });
        if !self.query.hosts.is_empty() {
            let query = self.query;
            let reserved = |lease: &Lease6, subnet: &Subnet6| {
                lease.prefix().is_some_and(|resource| hosts::reserved_for(query, subnet, resource))
            };
            let mut has = own.iter().any(|(lease, subnet)| reserved(lease, subnet));
            if !has && let Some(granted) = self.reserve(asked).await? {
                outcome.granted.push(granted);
                has = true;
            }
            if has {
                let (kept, others): (SmallVec<[_; 1]>, SmallVec<[_; 1]>) =
                    own.into_iter().partition(|(lease, subnet)| reserved(lease, subnet));
                own = kept;
                for (lease, _) in others {
                    self.lose(lease, &mut outcome).await?;
                }
            }
        }
        for (lease, subnet) in &own {
            self.subnet = subnet;
            if let Some(granted) = self.renew(asked, lease, subnet).await? {
                outcome.granted.push(granted);
            }
        }
        if outcome.granted.is_empty()
            && let Some(granted) = self.find(asked).await?
        {
            outcome.granted.push(granted);
        }
        for granted in &outcome.granted {
            if let Some(resource) = granted.resource() {
                self.granted.push((resource, granted.pool));
            }
            let address = asked.kind == LeaseType::Na;
            if self.name.is_none() || (address && !self.addressed) {
                self.name = Some(granted.name.clone());
            }
            self.addressed |= address;
            if granted.named && address && self.begun.is_none() {
                self.begun = Some(granted.lease.clone());
            }
            let told = self.ctx.config.legal_log.is_some()
                || self.ctx.share.is_some()
                || !self.ctx.libraries.at(Point::Told).is_empty();
            if self.commit && told {
                let list = if granted.reused { &mut self.kept } else { &mut self.given };
                list.push(granted.lease.clone());
            }
        }
        Ok(outcome)
    }

    /// The leases of the association in the subnet and its siblings, the subnet's own first.
    async fn own(&self, asked: &Asked) -> Result<SmallVec<[(Arc<Lease6>, &'c Arc<Subnet6>); 1]>> {
        let mut own = SmallVec::new();
        let Some(duid) = &self.query.duid else { return Ok(own) };
        for lease in self.ctx.store.by_ia(asked.kind, duid, asked.iaid).await? {
            if matches!(lease.state, LeaseState::Registered | LeaseState::Declined) {
                continue;
            }
            let Some(subnet) = self.ctx.config.subnet(lease.subnet_id) else { continue };
            let sibling = subnet.network.is_some() && subnet.network == self.subnet.network;
            if subnet.id == self.subnet.id {
                own.insert(0, (lease, subnet));
            } else if sibling {
                own.push((lease, subnet));
            }
        }
        Ok(own)
    }

    /// Whether the client may keep a lease: it is reserved for it, or lies in a pool that it may use and is reserved
    /// for nobody else.
    async fn keeps(&self, lease: &Lease6, subnet: &Subnet6) -> Result<bool> {
        let Some(resource) = lease.prefix() else { return Ok(false) };
        let classes = &self.query.classes;
        if !classes.pass(&subnet.client_classes) {
            return Ok(false);
        }
        let ended = !lease.occupies() || lease.is_expired(self.ctx.now);
        if ended && self.overlaps(lease.lease_type, resource, lease.occupies()) {
            return Ok(false);
        }
        if hosts::reserved_for(self.query, subnet, resource) {
            return Ok(true);
        }
        let keeper = hosts::keeper(self.ctx, self.query, subnet, lease.lease_type, resource).await?;
        if let Some(keeper) = keeper {
            observe::log!(Revoked { query: self.query.label(), lease: resource, keeper });
            return Ok(false);
        }
        Ok(pools::of(subnet, lease.lease_type)
            .any(|pool| pool.covers(lease.address) && classes.pass(pool.guard())))
    }

    /// The client has a lease no longer.
    async fn lose(&mut self, lease: Arc<Lease6>, outcome: &mut Outcome<'c>) -> Result<()> {
        // A conflict means somebody else changed the row meanwhile; then it is no longer this client's to lose.
        if self.commit && self.ctx.store.delete(&lease).await? == Updated::Yes {
            self.ended.push(Arc::clone(&lease));
        }
        outcome.lost.push(lease);
        Ok(())
    }

    fn is_granted(&self, resource: Ipv6Prefix) -> bool {
        self.granted.iter().any(|(granted, _)| *granted == resource)
    }

    /// Whether others hold parts of a prefix, or one that it is a part of.
    fn overlaps(&self, kind: LeaseType, resource: Ipv6Prefix, own: bool) -> bool {
        kind == LeaseType::Pd
            && self.ctx.runtime.overlaps(
                pools::kind(LeaseType::Pd),
                resource.address(),
                128 - resource.length(),
                own,
            )
    }

    /// The pool an address or prefix lies in, whoever may use it: reserved ones need none.
    fn pool_of(subnet: &'c Subnet6, kind: LeaseType, address: Ipv6Addr) -> Option<Pool<'c>> {
        pools::of(subnet, kind).find(|pool| pool.covers(address))
    }

    /// What is reserved for the client and no association of it has yet: in the subnet or a sibling, else globally. A
    /// reservation without addresses and prefixes chooses its subnet all the same.
    async fn reserve(&mut self, asked: &Asked) -> Result<Option<Granted<'c>>> {
        let (ctx, query) = (self.ctx, self.query);
        let of_kind = |host: &config::Host6| -> SmallVec<[Ipv6Prefix; 2]> {
            match asked.kind {
                LeaseType::Na => SmallVec::from_slice(host.extra.addresses()),
                LeaseType::Pd => SmallVec::from_slice(host.extra.prefixes()),
            }
        };
        for subnet in siblings(ctx.config, self.subnet, &query.classes) {
            let Some(host) = query.hosts.of(subnet.id).filter(|_| subnet.params.reservations_in_subnet)
            else {
                continue;
            };
            if host.extra.resources.is_empty() {
                self.subnet = subnet;
                return Ok(None);
            }
            for resource in of_kind(host) {
                if !hosts::heeded(subnet, asked.kind, resource) {
                    continue;
                }
                let pool = Self::pool_of(subnet, asked.kind, resource.address());
                if let Some(granted) = self.take(asked, resource, subnet, pool).await? {
                    return Ok(Some(granted));
                }
            }
        }
        let Some(host) = query.hosts.global(self.subnet) else { return Ok(None) };
        for resource in of_kind(host) {
            // A prefix need not lie in the subnet.
            let holds = |subnet: &&Arc<Subnet6>| {
                asked.kind == LeaseType::Pd || subnet.prefix.contains(resource.address())
            };
            let Some(subnet) = siblings(ctx.config, self.subnet, &query.classes).find(holds) else {
                observe::log!(super::messages::GlobalAddressUnsuitable {
                    query: query.label(),
                    address: resource.address(),
                    subnet: self.subnet.prefix
                });
                continue;
            };
            let pool = Self::pool_of(subnet, asked.kind, resource.address());
            if let Some(granted) = self.take(asked, resource, subnet, pool).await? {
                return Ok(Some(granted));
            }
        }
        Ok(None)
    }

    /// What the client names, else the next free one. Of prefixes first one of the length it names, then a shorter,
    /// then a longer one.
    async fn find(&mut self, asked: &Asked) -> Result<Option<Granted<'c>>> {
        observe::log!(AllocUnreserved {
            query: self.query.label(),
            kind: asked.kind.name(),
            subnet: self.subnet.prefix
        });
        let hint = asked.hints.first();
        let length = hint.map_or(0, |hint| hint.length);
        let fits: &[Fit] = if asked.kind == LeaseType::Na || length == 0 {
            &[Fit::Any]
        } else {
            &[Fit::Equal(length), Fit::Shorter(length), Fit::Longer(length)]
        };
        let mut pools = 0u64;
        for fit in fits {
            if let Some(hint) = hint.filter(|hint| !hint.address.is_unspecified())
                && let Some(granted) = self.take_hint(asked, hint.address, *fit).await?
            {
                return Ok(Some(granted));
            }
            if let Some(granted) = self.pick(asked, *fit, &mut pools).await? {
                return Ok(Some(granted));
            }
        }
        self.report_failure(pools);
        Ok(None)
    }

    /// What the client names, if a pool of its gives that out and it is free.
    async fn take_hint(&mut self, asked: &Asked, hint: Ipv6Addr, fit: Fit) -> Result<Option<Granted<'c>>> {
        let (ctx, query) = (self.ctx, self.query);
        for subnet in siblings(ctx.config, self.subnet, &query.classes) {
            let pool = pools::of(subnet, asked.kind)
                .find(|pool| pool.covers(hint) && query.classes.pass(pool.guard()) && fit.takes(*pool));
            let Some(pool) = pool else { continue };
            let Some(resource) = Ipv6Prefix::new(hint, pool.length()) else { continue };
            if hosts::keeper(ctx, query, subnet, asked.kind, resource).await?.is_some() {
                observe::log!(HintReserved { query: query.label(), hint: resource });
                continue;
            }
            if let Some(granted) = self.take(asked, resource, subnet, Some(pool)).await? {
                return Ok(Some(granted));
            }
        }
        Ok(None)
    }

    /// The next free address or prefix of the network, from the preferred subnet on; else an expired lease.
    async fn pick(&mut self, asked: &Asked, fit: Fit, tried: &mut u64) -> Result<Option<Granted<'c>>> {
        if self.denied {
            return Ok(None);
        }
        let (ctx, query) = (self.ctx, self.query);
        let kind = pools::kind(asked.kind);
        let shared = ctx.store.is_shared();
        let start = self.preferred(asked.kind);
        let runtimes = ctx.runtime.subnets();
        for subnet in siblings(ctx.config, start, &query.classes) {
            let Some(runtime) = runtimes.get(subnet.id) else { continue };
            let pools = pools::of(subnet, asked.kind).zip(runtime.of_kind(kind));
            for (pool, runtime) in pools.filter(|(p, _)| query.classes.pass(p.guard()) && fit.takes(*p)) {
                *tried += 1;
                let (mut races, mut kept) = (0, 0);
                while races < RACES && kept < KEPT {
                    let Some(address) = runtime.next_free() else {
                        if shared && ctx.runtime.look_again(runtime, ctx.store, ctx.now).await? {
                            continue;
                        }
                        break;
                    };
                    let Some(resource) = Ipv6Prefix::new(address, pool.length()) else { break };
                    // Pools know what the configuration keeps, and no more.
                    if ctx.databases.is_some()
                        && hosts::keeper(ctx, query, subnet, asked.kind, resource).await?.is_some()
                    {
                        kept += 1;
                        continue;
                    }
                    races += 1;
                    if let Some(granted) = self.take(asked, resource, subnet, Some(pool)).await? {
                        self.prefer(asked.kind, subnet);
                        return Ok(Some(granted));
                    }
                    if self.denied {
                        return Ok(None);
                    }
                    if !self.is_granted(resource) {
                        // There is a live row that the bitmap did not know: keep out of its way.
                        runtime.mark(address, 128 - pool.length(), true);
                        if shared {
                            ctx.runtime.learn(runtime, address, ctx.store).await?;
                        }
                    }
                }
            }
        }
        for subnet in siblings(ctx.config, start, &query.classes) {
            let mut next = Some(Look::FIRST);
            while let Some(look) = next {
                let expired = ctx.store.expired_in(subnet.id, over(ctx.now), look.limit).await?;
                next = look.next(expired.len());
                for expired in expired.iter().skip(look.seen) {
                    let pool = pools::of(subnet, asked.kind).find(|pool| {
                        expired.prefix().is_some_and(|resource| pool.gives(resource))
                            && query.classes.pass(pool.guard())
                            && fit.takes(*pool)
                    });
                    let Some((pool, resource)) = pool.zip(expired.prefix()) else { continue };
                    if expired.lease_type == asked.kind
                        && hosts::keeper(ctx, query, subnet, asked.kind, resource).await?.is_none()
                        && let Some(granted) = self.take(asked, resource, subnet, Some(pool)).await?
                    {
                        self.prefer(asked.kind, subnet);
                        return Ok(Some(granted));
                    }
                    if self.denied {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(None)
    }

    /// The sibling that served an allocation last, if its guard is that of the subnet: the others are likely full.
    fn preferred(&self, kind: LeaseType) -> &'c Arc<Subnet6> {
        let selected = self.subnet;
        selected
            .network
            .and_then(|network| self.ctx.runtime.preferred(network, pools::kind(kind)))
            .and_then(|id| self.ctx.config.subnet(id))
            .filter(|s| s.network == selected.network && s.client_classes == selected.client_classes)
            .unwrap_or(selected)
    }

    fn prefer(&self, kind: LeaseType, subnet: &Subnet6) {
        if let Some(network) = subnet.network {
            self.ctx.runtime.prefer(network, pools::kind(kind), subnet.id);
        }
    }

    fn report_failure(&self, pools: u64) {
        let statistics = self.ctx.runtime.statistics();
        let subnet = self.subnet;
        let label = self.query.label();
        if let Some(network) = self.ctx.config.network_of(subnet) {
            observe::log!(AllocFailSharedNetwork { query: label, network: &network.name, pools });
            statistics.allocation_failed(subnet.id, AllocationFailure::SharedNetwork);
        } else {
            observe::log!(AllocFailSubnet { query: label, subnet: subnet.prefix, id: subnet.id });
            statistics.allocation_failed(subnet.id, AllocationFailure::Subnet);
        }
        if pools == 0 {
            observe::log!(AllocFailNoPools { query: label });
            statistics.allocation_failed(subnet.id, AllocationFailure::NoPools);
        } else {
            observe::log!(AllocFail { query: label, attempts: pools });
            statistics.allocation_failed(subnet.id, AllocationFailure::Exhausted);
        }
        if self.query.classes.iter().next().is_some() {
            observe::log!(AllocFailClasses { query: label });
            statistics.allocation_failed(subnet.id, AllocationFailure::Classes);
        }
    }

    /// Creates a lease of what is free or takes over an expired one; `None` when somebody holds it.
    async fn take(
        &mut self,
        asked: &Asked,
        resource: Ipv6Prefix,
        subnet: &'c Arc<Subnet6>,
        pool: Option<Pool<'c>>,
    ) -> Result<Option<Granted<'c>>> {
        let ctx = self.ctx;
        if self.is_granted(resource) {
            return Ok(None);
        }
        let existing = ctx.store.by_address(resource.address()).await?;
        if let Some(existing) = &existing
            && (existing.state == LeaseState::Registered
                || (existing.occupies() && !existing.is_expired(over(ctx.now))))
        {
            return Ok(None);
        }
        let own = existing.as_ref().is_some_and(|row| row.occupies() && row.prefix() == Some(resource));
        if self.overlaps(asked.kind, resource, own) {
            return Ok(None);
        }
        let lifetimes = lifetimes::of(ctx, self.query, subnet, asked, resource, None);
        let (mut lease, name) = self.lease(asked, resource, subnet, pool, lifetimes, None);
        let bounds = library::lease_selected(ctx, self.query, &mut lease, false);
        let Some(_claim) = self.room(&lease, existing.as_deref(), &bounds).await? else { return Ok(None) };
        if self.commit {
            let add = |lease: &Lease6| ctx.store.add_within(lease.clone(), &bounds);
            let done = match &existing {
                None => add(&lease).await?.map(|added| added == Added6::Yes),
                Some(existing) if existing.lease_type == asked.kind => {
                    let updated = ctx.store.update_within(lease.clone(), existing, &bounds).await?;
                    updated.map(|updated| updated == Updated::Yes)
                }
                // A row keeps its type.
                Some(existing) if ctx.store.delete(existing).await? == Updated::Yes => {
                    add(&lease).await?.map(|added| added == Added6::Yes)
                }
                Some(_) => Ok(false),
            };
            if !self.is_done(done) {
                return Ok(None);
            }
            ctx.runtime.allocated(&lease);
            self.ended.extend(existing);
        }
        self.subnet = subnet;
        Ok(Some(Granted { lease, lifetimes, subnet, pool, reused: false, named: self.commit, name }))
    }

    /// Extends a lease of the client, or answers with it as it stands when it is young enough to be reused.
    /// `None` when it is the client's no more.
    async fn renew(
        &mut self,
        asked: &Asked,
        old: &Arc<Lease6>,
        subnet: &'c Arc<Subnet6>,
    ) -> Result<Option<Granted<'c>>> {
        let mut renewed = self.renew_as_read(asked, old, subnet).await?;
        let mut races = 0;
        while renewed.is_none() && races < RACES {
            // Another server may have heard the same client.
            let Some(row) = self.ctx.store.by_address(old.address).await? else { break };
            let same = (row.lease_type, row.prefix_length, row.iaid)
                == (old.lease_type, old.prefix_length, old.iaid)
                && row.duid == old.duid;
            if !same || row == *old {
                break;
            }
            renewed = self.renew_as_read(asked, &row, subnet).await?;
            races += 1;
        }
        Ok(renewed)
    }

    /// As [`renew`](Self::renew); `None` when the row changed under us.
    async fn renew_as_read(
        &mut self,
        asked: &Asked,
        old: &Arc<Lease6>,
        subnet: &'c Arc<Subnet6>,
    ) -> Result<Option<Granted<'c>>> {
        let ctx = self.ctx;
        let Some(resource) = old.prefix().filter(|resource| !self.is_granted(*resource)) else {
            return Ok(None);
        };
        observe::log!(ExtendLease { query: self.query.label(), lease: Resource(old) });
        let pool = Self::pool_of(subnet, asked.kind, old.address);
        let lifetimes = lifetimes::of(ctx, self.query, subnet, asked, resource, Some(old));
        let (mut lease, name) = self.lease(asked, resource, subnet, pool, lifetimes, Some(old));
        let held = old.state == LeaseState::Default;
        let bounds = library::lease_selected(ctx, self.query, &mut lease, held);
        let Some(_claim) = self.room(&lease, Some(old), &bounds).await? else { return Ok(None) };
        if self.commit
            && let Some(left) = lifetimes::reusable(ctx, old, &lease, subnet)
        {
            return Ok(Some(Granted {
                lease: Lease6::clone(old),
                lifetimes: left,
                subnet,
                pool,
                reused: true,
                named: false,
                name,
            }));
        }
        let mut named = false;
        if self.commit {
            let fresh = !old.occupies() || old.is_expired(ctx.now);
            let updated = ctx.store.update_within(lease.clone(), old, &bounds).await?;
            if !self.is_done(updated.map(|updated| updated == Updated::Yes)) {
                return Ok(None);
            }
            if fresh {
                ctx.runtime.allocated(&lease);
            }
            let same = old.hostname == lease.hostname
                && (old.fqdn_fwd, old.fqdn_rev) == (lease.fqdn_fwd, lease.fqdn_rev);
            if fresh || !same || self.ddns(subnet, pool).update_on_renew {
                self.ended.push(Arc::clone(old));
                named = true;
            }
        }
        Ok(Some(Granted { lease, lifetimes, subnet, pool, reused: false, named, name }))
    }

    /// Room for a lease within the bounds that libraries set; `None`: the client gets no lease.
    async fn room<'b>(
        &mut self,
        lease: &Lease6,
        replaced: Option<&Lease6>,
        bounds: &'b [Bound],
    ) -> Result<Option<Claim<'b>>>
    where
        'a: 'b,
    {
        if self.denied {
            return Ok(None);
        }
        let claim = library::room(self.ctx, lease, replaced, bounds).await?;
        self.denied = claim.is_none();
        Ok(claim)
    }

    /// Whether a lease is stored. One that a bound forbids ends the search.
    fn is_done(&mut self, stored: std::result::Result<bool, Exceeded>) -> bool {
        stored.unwrap_or_else(|exceeded| {
            library::refused(&exceeded);
            self.denied = true;
            false
        })
    }

    fn ddns(&self, subnet: &'c Subnet6, pool: Option<Pool<'c>>) -> &'c Ddns {
        pool.map_or(&*subnet.params.ddns, Pool::ddns)
    }

    fn lease(
        &self,
        asked: &Asked,
        resource: Ipv6Prefix,
        subnet: &'c Subnet6,
        pool: Option<Pool<'c>>,
        lifetimes: Lifetimes,
        old: Option<&Lease6>,
    ) -> (Lease6, ClientName) {
        // A name is made from the first address alone; an advertisement has none yet.
        let first = self.commit && asked.kind == LeaseType::Na && !self.addressed;
        let name = ClientName::of(
            self.ctx,
            self.query,
            Some(subnet),
            Some(self.ddns(subnet, pool)),
            first.then(|| resource.address()),
        );
        let lease = Lease6 {
            lease_type: asked.kind,
            address: resource.address(),
            prefix_length: resource.length(),
            duid: self.query.duid.clone().unwrap_or_else(base::Duid::empty),
            iaid: asked.iaid,
            subnet_id: subnet.id,
            pool_id: pool.map_or(PoolId(0), Pool::id),
            cltt: self.ctx.now,
            preferred_lifetime: lifetimes.preferred,
            valid_lifetime: lifetimes.valid,
            state: LeaseState::Default,
            hw_addr: self.query.hw_addr.as_ref().map(|(hw_addr, _)| *hw_addr),
            hw_addr_source: self.query.hw_addr.as_ref().map_or(HwAddrSource::UNKNOWN, |(_, source)| *source),
            hostname: name.hostname.clone(),
            fqdn_fwd: name.forward,
            fqdn_rev: name.reverse,
            user_context: extended::user_context(self.query, subnet, old),
        };
        (lease, name)
    }
}
