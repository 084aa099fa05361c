//! Choosing, creating, renewing and reusing leases (Kea manual, "Lease Allocation").

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{PoolId, Seconds, Timestamp};
use config::{Pool4, Subnet4, builtin};
use lease::{Added, Bound, Exceeded, Lease4, LeaseState, StoreError, Updated};
use wire::iana::dhcp4_option as option4;

use super::lease::{belongs, matched_client_id, of_client};
use super::messages::{
    AllocFail, AllocFailClasses, AllocFailNoPools, AllocFailSharedNetwork, AllocFailSubnet, AllocRequested,
    ExtendLease, OfferNewLease, RequestInvalid, RequestReserved, RequestUsesReserved,
};
use super::name::{ClientName, NameOption};
use super::{Context4, Query, library, relay_info};
use crate::alloc::{Claim, PoolKind};
use crate::expired::{Look, over};
use crate::siblings::{of_network, siblings};
use crate::stats::AllocationFailure;

/// How often a lost race for an address is tried again before the query fails.
const RACES: usize = 16;
/// Addresses of one pool that a query finds kept by databases before it goes on to the next pool.
const KEPT: usize = 256;

/// What was granted.
pub(super) struct Granted<'c> {
    pub lease: Lease4,
    pub subnet: &'c Arc<Subnet4>,
    /// The lifetime to tell the client: the remaining one for a reused lease, the full one for an OFFER that was
    /// stored with `offer-lifetime`.
    pub lifetime: Seconds,
    /// The client's name for the reply.
    pub name: Option<NameOption>,
    /// The lease was answered from the store without a change (`cache-threshold`).
    pub reused: bool,
    /// The client goes on with a lease that it held.
    pub renewed: bool,
    /// DNS is to be told of the lease.
    pub named: bool,
    /// An OFFER holds the address, too (`offer-lifetime`).
    pub held: bool,
    /// The client has had this very address.
    pub before: Option<Before>,
}

/// The lease that a client had before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    pub cltt: Timestamp,
    pub running: bool,
}

impl Before {
    fn of(old: &Lease4, now: Timestamp) -> Self {
        Self { cltt: old.cltt, running: old.occupies() && !old.is_expired(now) }
    }
}

impl Granted<'_> {
    /// The row as it is stored: DNS is told of leases, not of offers.
    pub(super) fn row(&self, offer: bool) -> Lease4 {
        row(&self.lease, offer)
    }
}

fn row(lease: &Lease4, offer: bool) -> Lease4 {
    Lease4 { fqdn_fwd: lease.fqdn_fwd && !offer, fqdn_rev: lease.fqdn_rev && !offer, ..lease.clone() }
}

/// Why nothing was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// A NAK for a REQUEST, silence for a DISCOVER.
    Nak,
    /// The requested address is in no pool of the network: perhaps another server's client.
    UnknownAddress,
}

/// One allocation: the query, where it started, and what it would store.
pub(super) struct Allocation<'a, 'c, 'q> {
    pub ctx: &'a Context4<'c>,
    pub query: &'a Query<'q>,
    pub selected: &'c Arc<Subnet4>,
    /// A DISCOVER: nothing is stored unless `offer-lifetime` says so.
    pub offer: bool,
    /// Rows that are no more, replaced or deleted: what DNS says of them is to go.
    pub ended: Vec<Arc<Lease4>>,
    /// A library does not let the client have a lease.
    pub denied: bool,
}

type Outcome<'c> = Result<Result<Granted<'c>, Refused>, StoreError>;

impl<'a, 'c> Allocation<'a, 'c, '_> {
    /// What an OFFER offers: the client's own lease, else the address it asks for, else the next free one.
    pub(super) async fn discover(&mut self, hint: Option<Ipv4Addr>) -> Outcome<'c> {
        let own = of_client(self.ctx, self.query, self.selected).await?;
        let start = own.as_ref().map_or(self.selected, |(_, subnet)| *subnet);
        let (start, reserved) = self.reservation(start);
        if let Some(address) = reserved {
            self.report_reservation(address);
            let pool = Self::pool_of(start, address);
            let granted = match &own {
                Some((lease, _)) if lease.address == address => self.renew(lease, start, pool).await?,
                _ => self.take(address, start, pool).await?,
            };
            if let Some(granted) = granted {
                return Ok(Ok(granted));
            }
            self.report_conflict(address).await?;
        }
        if let Some((lease, _)) = &own
            && let Some((subnet, pool)) = self.allowed_pool(start, lease.address).0
            && !self.reserved_for_others(start, lease.address).await?
            && let Some(granted) = self.renew(lease, subnet, Some(pool)).await?
        {
            return Ok(Ok(granted));
        }
        if let Some(hint) = hint
            && let Some((subnet, pool)) = self.allowed_pool(start, hint).0
            && !self.reserved_for_others(start, hint).await?
            && let Some(granted) = self.take(hint, subnet, Some(pool)).await?
        {
            self.prefer(subnet);
            return Ok(Ok(granted));
        }
        self.pick(start).await
    }

    /// What an ACK grants: the requested address if it may be, else a renewal, else the next free one where no
    /// address was asked for.
    pub(super) async fn request(&mut self, wanted: Option<Ipv4Addr>) -> Outcome<'c> {
        let own = of_client(self.ctx, self.query, self.selected).await?;
        let start = own.as_ref().map_or(self.selected, |(_, subnet)| *subnet);
        let mut own = own.map(|(lease, _)| lease);
        if let Some(wanted) = wanted
            && self.reserved_for_others(start, wanted).await?
        {
            observe::log!(RequestReserved { query: self.query.label(), address: wanted });
            return Ok(Err(Refused::Nak));
        }
        let (start, reserved) = self.reservation(start);
        let mut wanted = wanted;
        if wanted.is_none()
            && let Some(address) = reserved
        {
            observe::log!(RequestUsesReserved { query: self.query.label(), address });
            wanted = reserved;
        }
        if let Some(wanted) = wanted {
            let existing = match &own {
                Some(own) if own.address == wanted => Some(Arc::clone(own)),
                _ => self.ctx.store.by_address(wanted).await?,
            };
            let client_id = matched_client_id(self.query, start);
            let ours = |l: &Lease4| belongs(l, self.query.hw_addr.as_ref(), client_id);
            if let Some(existing) = &existing
                && existing.occupies()
                && !existing.is_expired(over(self.ctx.now))
                && !ours(existing)
            {
                return Ok(Err(Refused::Nak));
            }
            if let Some(address) = reserved.filter(|a| *a != wanted)
                && !self.is_held(address).await?
            {
                // It is free again: the client shall ask anew and be offered it.
                observe::log!(RequestInvalid { query: self.query.label(), address, requested: wanted });
                return Ok(Err(Refused::Nak));
            }
            let (subnet, pool) = if reserved == Some(wanted) {
                (start, Self::pool_of(start, wanted))
            } else {
                let (allowed, known) = self.allowed_pool(start, wanted);
                let Some((subnet, pool)) = allowed else {
                    return Ok(Err(if known { Refused::Nak } else { Refused::UnknownAddress }));
                };
                (subnet, Some(pool))
            };
            // Offered and stored with offer-lifetime while an older lease was kept: the offered one it is.
            if let (Some(other), Some(existing)) = (&own, &existing)
                && other.address != wanted
                && ours(existing)
                && self.offer_lifetime(subnet) > 0
            {
                self.forget(Some(other)).await?;
                own = Some(Arc::clone(existing));
            }
            if let Some(lease) = own.as_ref().filter(|l| l.address == wanted) {
                if let Some(granted) = self.renew(lease, subnet, pool).await? {
                    if self.offer_lifetime(subnet) > 0 {
                        self.forget_others(wanted, start).await?;
                    }
                    return Ok(Ok(granted));
                }
                return Ok(Err(Refused::Nak));
            }
            let Some(granted) = self.take_from(existing, wanted, subnet, pool).await? else {
                return Ok(Err(Refused::Nak));
            };
            if reserved != Some(wanted) {
                self.prefer(subnet);
            }
            self.forget(own.as_ref()).await?;
            return Ok(Ok(granted));
        }
        if let Some(lease) = &own
            && let Some((subnet, pool)) = self.allowed_pool(start, lease.address).0
            && !self.reserved_for_others(start, lease.address).await?
            && let Some(granted) = self.renew(lease, subnet, Some(pool)).await?
        {
            return Ok(Ok(granted));
        }
        let outcome = self.pick(start).await?;
        if outcome.is_ok() {
            self.forget(own.as_ref()).await?;
        }
        Ok(outcome)
    }

    /// Whether somebody has the address.
    async fn is_held(&self, address: Ipv4Addr) -> Result<bool, StoreError> {
        let row = self.ctx.store.by_address(address).await?;
        Ok(row.is_some_and(|row| row.occupies() && !row.is_expired(over(self.ctx.now))))
    }

    /// Deletes the leases of the client but one: an offer that was stored beside an older lease took its place.
    async fn forget_others(&mut self, kept: Ipv4Addr, start: &'c Arc<Subnet4>) -> Result<(), StoreError> {
        let Some(hw_addr) = &self.query.hw_addr else { return Ok(()) };
        let leases = self.ctx.store.by_hw_addr(hw_addr).await?;
        for lease in leases.iter().filter(|l| l.address != kept) {
            let mut subnets = siblings(self.ctx.config, start, &self.query.classes);
            let own = subnets.any(|s| {
                s.id == lease.subnet_id && belongs(lease, Some(hw_addr), matched_client_id(self.query, s))
            });
            if own {
                self.forget(Some(lease)).await?;
            }
        }
        Ok(())
    }

    /// Deletes the lease a client held before it was granted another.
    async fn forget(&mut self, old: Option<&Arc<Lease4>>) -> Result<(), StoreError> {
        if let Some(old) = old {
            // A conflict means somebody else changed the row meanwhile; then it is no longer this client's to lose.
            if self.ctx.store.delete(old).await? == Updated::Yes {
                self.ended.push(Arc::clone(old));
            }
        }
        Ok(())
    }

    /// The pool that may serve `address` to this query, and whether any pool of the network has the address at all:
    /// one that a guard keeps from this client is known, and refused.
    fn allowed_pool(
        &self,
        start: &'c Arc<Subnet4>,
        address: Ipv4Addr,
    ) -> (Option<(&'c Arc<Subnet4>, &'c Pool4)>, bool) {
        let classes = &self.query.classes;
        let mut known = false;
        for subnet in of_network(self.ctx.config, start).filter(|s| s.prefix.contains(address)) {
            let open = classes.pass(&subnet.client_classes);
            for pool in subnet.pools.iter().filter(|p| p.contains(address)) {
                known = true;
                if open && classes.pass(&pool.client_classes) {
                    return (Some((subnet, pool)), true);
                }
            }
        }
        (None, known)
    }

    /// The next free address of the network, from the preferred subnet on; else an expired lease.
    async fn pick(&mut self, start: &'c Arc<Subnet4>) -> Outcome<'c> {
        if self.denied {
            return Ok(Err(Refused::Nak));
        }
        let start = self.preferred(start);
        let classes = &self.query.classes;
        let (store, shared) = (self.ctx.store, self.ctx.store.is_shared());
        let mut pools = 0u64;
        let runtimes = self.ctx.runtime.subnets();
        for subnet in siblings(self.ctx.config, start, classes) {
            let Some(runtime) = runtimes.get(subnet.id) else { continue };
            let allowed =
                subnet.pools.iter().zip(&runtime.pools).filter(|(p, _)| classes.pass(&p.client_classes));
            for (pool, runtime) in allowed {
                pools += 1;
                let (mut races, mut kept) = (0, 0);
                while races < RACES && kept < KEPT {
                    let Some(address) = runtime.next_free() else {
                        if shared && self.ctx.runtime.look_again(runtime, store, self.ctx.now).await? {
                            continue;
                        }
                        break;
                    };
                    if self.kept_by_databases(subnet, address).await? {
                        kept += 1;
                        continue;
                    }
                    races += 1;
                    if let Some(granted) = self.take(address, subnet, Some(pool)).await? {
                        self.prefer(subnet);
                        return Ok(Ok(granted));
                    }
                    if self.denied {
                        return Ok(Err(Refused::Nak));
                    }
                    // There is a live row that the bitmap did not know: keep out of its way.
                    runtime.mark(address, 0, true);
                    if shared {
                        self.ctx.runtime.learn(runtime, address, store).await?;
                    }
                }
            }
        }
        for subnet in siblings(self.ctx.config, start, classes) {
            let mut next = Some(Look::FIRST);
            while let Some(look) = next {
                let expired = self.ctx.store.expired_in(subnet.id, over(self.ctx.now), look.limit).await?;
                next = look.next(expired.len());
                for expired in expired.iter().skip(look.seen) {
                    let pool = subnet
                        .pools
                        .iter()
                        .find(|p| p.contains(expired.address) && classes.pass(&p.client_classes));
                    if let Some(pool) = pool
                        && !self.reserved_for_others(subnet, expired.address).await?
                        && let Some(granted) = self.take(expired.address, subnet, Some(pool)).await?
                    {
                        self.prefer(subnet);
                        return Ok(Ok(granted));
                    }
                    if self.denied {
                        return Ok(Err(Refused::Nak));
                    }
                }
            }
        }
        self.report_failure(start, pools);
        Ok(Err(Refused::Nak))
    }

    /// The sibling that served an allocation last, if its guard is that of the selected subnet: the others are
    /// likely full.
    fn preferred(&self, selected: &'c Arc<Subnet4>) -> &'c Arc<Subnet4> {
        selected
            .network
            .and_then(|network| self.ctx.runtime.preferred(network, PoolKind::Addresses))
            .and_then(|id| self.ctx.config.subnet(id))
            .filter(|s| s.network == selected.network && s.client_classes == selected.client_classes)
            .unwrap_or(selected)
    }

    /// Remembers which subnet of a network had a free address.
    fn prefer(&self, subnet: &Subnet4) {
        if let Some(network) = subnet.network {
            self.ctx.runtime.prefer(network, PoolKind::Addresses, subnet.id);
        }
    }

    fn report_failure(&self, subnet: &Subnet4, pools: u64) {
        let statistics = self.ctx.runtime.statistics();
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

    /// Creates a lease for a free address or takes over an expired one; `None` when somebody holds it.
    async fn take(
        &mut self,
        address: Ipv4Addr,
        subnet: &'c Arc<Subnet4>,
        pool: Option<&Pool4>,
    ) -> Result<Option<Granted<'c>>, StoreError> {
        let existing = self.ctx.store.by_address(address).await?;
        self.take_from(existing, address, subnet, pool).await
    }

    /// As [`take`](Self::take), with the row of the address, which was read already.
    async fn take_from(
        &mut self,
        existing: Option<Arc<Lease4>>,
        address: Ipv4Addr,
        subnet: &'c Arc<Subnet4>,
        pool: Option<&Pool4>,
    ) -> Result<Option<Granted<'c>>, StoreError> {
        if self.offer {
            observe::log!(OfferNewLease { query: self.query.label() });
        } else {
            observe::log!(AllocRequested { query: self.query.label(), address });
        }
        let (lifetime, stored) = self.lifetimes(subnet, address, None);
        if let Some(existing) = &existing
            && !existing.is_expired(over(self.ctx.now))
            && existing.occupies()
        {
            return Ok(None);
        }
        let (mut lease, name) = self.lease(address, subnet, pool, stored.unwrap_or(lifetime), None);
        let bounds = library::lease_selected(self.ctx, self.query, &mut lease, false);
        let Some(_claim) = self.room(&lease, existing.as_deref(), &bounds).await? else { return Ok(None) };
        let theirs = |row: &&Arc<Lease4>| {
            let client_id = matched_client_id(self.query, subnet);
            belongs(row, self.query.hw_addr.as_ref(), client_id)
        };
        let before = existing.as_ref().filter(theirs).map(|row| Before::of(row, self.ctx.now));
        if !self.offer || stored.is_some() {
            let row = self.row(&lease);
            let done = match &existing {
                Some(existing) => {
                    let updated = self.ctx.store.update_within(row, existing, &bounds).await?;
                    updated.map(|updated| updated == Updated::Yes)
                }
                None => match self.ctx.store.add_within(row, &bounds).await? {
                    Ok(Added::Yes) => Ok(true),
                    // Another server heard the same client.
                    Ok(Added::Exists(row)) => {
                        let client_id = matched_client_id(self.query, subnet);
                        if belongs(&row, self.query.hw_addr.as_ref(), client_id) {
                            return self.renew_as_read(&row, subnet, pool).await;
                        }
                        Ok(false)
                    }
                    Err(exceeded) => Err(exceeded),
                },
            };
            if !self.is_done(done) {
                return Ok(None);
            }
            self.ctx.runtime.allocated(subnet.id, address);
            self.ended.extend(existing);
        }
        let (named, held) = (!self.offer, self.offer_lifetime(subnet) > 0);
        Ok(Some(Granted {
            lease,
            subnet,
            lifetime,
            name,
            reused: false,
            renewed: false,
            named,
            held,
            before,
        }))
    }

    /// Extends the client's lease, or answers with it as it stands when it is young enough to be reused.
    /// `None` when it is the client's no more.
    async fn renew(
        &mut self,
        old: &Arc<Lease4>,
        subnet: &'c Arc<Subnet4>,
        pool: Option<&Pool4>,
    ) -> Result<Option<Granted<'c>>, StoreError> {
        let mut renewed = self.renew_as_read(old, subnet, pool).await?;
        let mut races = 0;
        while renewed.is_none() && races < RACES {
            // Another server may have heard the same client.
            let Some(row) = self.ctx.store.by_address(old.address).await? else { break };
            let client_id = matched_client_id(self.query, subnet);
            if row == *old || !belongs(&row, self.query.hw_addr.as_ref(), client_id) {
                break;
            }
            renewed = self.renew_as_read(&row, subnet, pool).await?;
            races += 1;
        }
        Ok(renewed)
    }

    /// As [`renew`](Self::renew); `None` when the row changed under us.
    async fn renew_as_read(
        &mut self,
        old: &Arc<Lease4>,
        subnet: &'c Arc<Subnet4>,
        pool: Option<&Pool4>,
    ) -> Result<Option<Granted<'c>>, StoreError> {
        observe::log!(ExtendLease { query: self.query.label(), address: old.address });
        let (lifetime, stored) = self.lifetimes(subnet, old.address, Some(old));
        let (mut lease, name) = self.lease(old.address, subnet, pool, stored.unwrap_or(lifetime), Some(old));
        let live = old.state == LeaseState::Default;
        let bounds = library::lease_selected(self.ctx, self.query, &mut lease, live);
        let Some(_claim) = self.room(&lease, Some(old), &bounds).await? else { return Ok(None) };
        if let Some(remaining) = self.reusable(old, &lease, subnet) {
            return Ok(Some(Granted {
                lease: Lease4::clone(old),
                subnet,
                lifetime: remaining,
                name,
                reused: true,
                renewed: true,
                named: false,
                held: self.offer_lifetime(subnet) > 0,
                before: Some(Before::of(old, self.ctx.now)),
            }));
        }
        let mut named = false;
        if !self.offer || stored.is_some() {
            let fresh = !old.occupies() || old.is_expired(self.ctx.now);
            let updated = self.ctx.store.update_within(self.row(&lease), old, &bounds).await?;
            if !self.is_done(updated.map(|updated| updated == Updated::Yes)) {
                return Ok(None);
            }
            if fresh {
                self.ctx.runtime.allocated(subnet.id, lease.address);
            }
            let ddns = pool.map_or(&subnet.params.ddns, |pool| &pool.ddns);
            if fresh || ddns.update_on_renew || !same_name(old, &lease) {
                self.ended.push(Arc::clone(old));
                named = !self.offer;
            }
        }
        let held = self.offer_lifetime(subnet) > 0;
        let before = Some(Before::of(old, self.ctx.now));
        Ok(Some(Granted { lease, subnet, lifetime, name, reused: false, renewed: live, named, held, before }))
    }

    /// Room for a lease within the bounds that libraries set; `None`: the client gets no lease.
    async fn room<'b>(
        &mut self,
        lease: &Lease4,
        replaced: Option<&Lease4>,
        bounds: &'b [Bound],
    ) -> Result<Option<Claim<'b>>, StoreError>
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
    fn is_done(&mut self, stored: Result<bool, Exceeded>) -> bool {
        stored.unwrap_or_else(|exceeded| {
            library::refused(&exceeded);
            self.denied = true;
            false
        })
    }

    fn lease(
        &self,
        address: Ipv4Addr,
        subnet: &Subnet4,
        pool: Option<&Pool4>,
        lifetime: Seconds,
        old: Option<&Lease4>,
    ) -> (Lease4, Option<NameOption>) {
        let name = ClientName::of(self.ctx, self.query, subnet, pool, address);
        let lease = Lease4 {
            address,
            hw_addr: self.query.hw_addr,
            client_id: matched_client_id(self.query, subnet).cloned(),
            subnet_id: subnet.id,
            pool_id: pool.map_or(PoolId(0), |p| p.id),
            cltt: self.ctx.now,
            valid_lifetime: lifetime,
            state: LeaseState::Default,
            hostname: name.hostname,
            fqdn_fwd: name.fqdn_fwd,
            fqdn_rev: name.fqdn_rev,
            user_context: relay_info::user_context(self.query, subnet.params.store_extended_info, old),
        };
        (lease, name.option)
    }

    fn row(&self, lease: &Lease4) -> Lease4 {
        row(lease, self.offer)
    }

    /// Seconds left of a lease that needs no new row: unchanged, and younger than the share of its life and the
    /// age that the subnet allows.
    fn reusable(&self, old: &Lease4, new: &Lease4, subnet: &Subnet4) -> Option<Seconds> {
        let same = old.state == LeaseState::Default
            && old.hw_addr == new.hw_addr
            && old.client_id == new.client_id
            && same_name(old, new)
            && old.subnet_id == new.subnet_id
            && old.pool_id == new.pool_id
            && old.user_context == new.user_context
            // A lifetime that was configured anew, or is asked for, must reach the client.
            && old.valid_lifetime == new.valid_lifetime;
        if !same || old.is_expired(self.ctx.now) {
            return None;
        }
        let offered = self.offer_lifetime(subnet);
        if offered > 0 && old.valid_lifetime == Seconds(offered) {
            // Only an offer so far: it must not pass for the lease.
            return None;
        }
        let params = &subnet.params;
        if params.cache_threshold <= 0.0 {
            return None;
        }
        // After what mostly says no, as all workers ask in one place.
        if self.ctx.share.is_some_and(|share| !share.is_told(old.address.into())) {
            return None;
        }
        if old.valid_lifetime.is_infinite() {
            return Some(Seconds::INFINITE);
        }
        let age = u32::try_from(self.ctx.now.since(old.cltt)).ok()?;
        if self.ctx.now < old.cltt {
            return None;
        }
        let limit = params.reuse_age(old.valid_lifetime)?;
        (age <= limit).then(|| Seconds(old.valid_lifetime.0 - age))
    }

    /// The lifetime to tell the client, and the one to store for an OFFER where `offer-lifetime` is set.
    fn lifetimes(
        &self,
        subnet: &Subnet4,
        address: Ipv4Addr,
        old: Option<&Lease4>,
    ) -> (Seconds, Option<Seconds>) {
        if self.query.classes.contains(builtin::BOOTP) {
            return (Seconds::INFINITE, None);
        }
        let class = self.query.classes.iter().find_map(|c| self.ctx.config.classes.get(c)?.valid_lifetime);
        let bounds = class.unwrap_or(subnet.params.valid_lifetime);
        let wish = self
            .query
            .scalar(option4::LEASE_TIME)
            .map(u32::from_be_bytes)
            .filter(|wish| *wish > 0)
            .map(Seconds);
        let mut lifetime = bounds.grant(wish);
        if let Some(threshold) = subnet.params.adaptive_lease_time_threshold
            && self.ctx.runtime.occupancy_with(subnet.id, PoolKind::Addresses, address) >= threshold
        {
            let remaining = old.filter(|l| l.occupies() && !l.is_expired(self.ctx.now)).map_or(0, |l| {
                u32::try_from(l.expires().0.saturating_sub(self.ctx.now.0)).unwrap_or(u32::MAX)
            });
            lifetime = Seconds(bounds.min.0.max(remaining));
        }
        let offer = if self.offer { self.offer_lifetime(subnet) } else { 0 };
        // An offer never shortens a lease the client still holds.
        let keeps = old.is_some_and(|l| l.expires() > self.ctx.now.after(Seconds(offer)));
        (lifetime, (offer > 0 && !keeps).then_some(Seconds(offer)))
    }

    fn offer_lifetime(&self, subnet: &Subnet4) -> u32 {
        let class = self.query.classes.iter().find_map(|c| self.ctx.config.classes.get(c)?.offer_lifetime);
        class.unwrap_or(subnet.params.own.offer_lifetime)
    }
}

/// Whether DNS says the same of two leases of an address.
fn same_name(one: &Lease4, other: &Lease4) -> bool {
    one.hostname == other.hostname && (one.fqdn_fwd, one.fqdn_rev) == (other.fqdn_fwd, other.fqdn_rev)
}
