//! Host reservations (Kea manual, "Host Reservations in DHCPv4"): which a query has, and which addresses they keep
//! from others.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::SubnetId;
use config::{Host4, Pool4, Subnet4};
use host::IdentifierKind;
use smallvec::SmallVec;
use wire::iana::relay_agent::SubOption;

use super::allocate::Allocation;
use super::messages::{DiscoverReserved, GlobalAddressUnsuitable, ReservationConflict};
use super::query::siblings;
use super::{Context4, Query};

/// First octet of a client identifier that carries a DUID (RFC 4361), and the octets before the DUID.
const DUID_TYPE: u8 = 255;
const IAID_END: usize = 5;

/// The reservations of a query's client: at most one for each subnet that may serve it, and a global one.
#[derive(Clone, Debug, Default)]
pub struct Hosts(SmallVec<[Arc<Host4>; 2]>);

impl Hosts {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The classes of the only reservation there is before the subnet is selected.
    pub(super) fn first_classes(&self) -> Box<[config::ClassId]> {
        self.0.first().map(|h| h.extra.classes.clone()).unwrap_or_default()
    }

    fn of(&self, scope: SubnetId) -> Option<&Host4> {
        self.0.iter().find(|h| h.subnet == scope).map(|h| &**h)
    }

    /// A later one for the same scope counts.
    fn put(&mut self, host: &Arc<Host4>) {
        match self.0.iter_mut().find(|h| h.subnet == host.subnet) {
            Some(there) => *there = Arc::clone(host),
            None => self.0.push(Arc::clone(host)),
        }
    }

    /// The global reservation as far as the subnet heeds it.
    #[must_use]
    pub fn global(&self, subnet: &Subnet4) -> Option<&Host4> {
        if subnet.params.reservations_global { self.of(host::GLOBAL) } else { None }
    }

    /// The reservation in force while the client is served from a subnet: the subnet's own before a global one.
    #[must_use]
    pub fn current(&self, subnet: &Subnet4) -> Option<&Host4> {
        if self.is_empty() {
            return None;
        }
        let own = if subnet.params.reservations_in_subnet { self.of(subnet.id) } else { None };
        own.or_else(|| self.global(subnet))
    }
}

/// Hands the query's identifier of a kind to a function, if it has one.
fn with_identifier<R>(
    query: &Query<'_>,
    kind: IdentifierKind,
    mut then: impl FnMut(&[u8]) -> Option<R>,
) -> Option<R> {
    let octets = match kind {
        IdentifierKind::HwAddress => query.hw_addr.as_ref().map(base::HwAddr::octets),
        IdentifierKind::ClientId => query.client_id.as_ref().map(base::ClientId::octets),
        IdentifierKind::Duid => match query.client_id.as_ref().map(base::ClientId::octets) {
            Some([DUID_TYPE, rest @ ..]) => rest.get(IAID_END - 1..),
            _ => None,
        },
        IdentifierKind::CircuitId => {
            let info = query.packet.relay_info()?;
            return info.get(SubOption::CIRCUIT_ID).filter(|o| !o.is_empty()).and_then(then);
        }
        // Only hook libraries make them.
        IdentifierKind::FlexId => None,
    };
    octets.filter(|o| !o.is_empty()).and_then(&mut then)
}

/// Looks up the global reservation of a query.
fn find_global(ctx: &Context4<'_>, query: &Query<'_>) -> Option<Arc<Host4>> {
    let hosts = &ctx.config.hosts;
    ctx.config
        .host_identifiers
        .iter()
        .filter(|kind| hosts.uses(**kind))
        .find_map(|kind| with_identifier(query, *kind, |octets| hosts.get(host::GLOBAL, *kind, octets)))
}

/// Looks up the global reservation before the subnet is selected (`early-global-reservations-lookup`).
pub(super) fn find_early(ctx: &Context4<'_>, query: &mut Query<'_>) -> bool {
    let Some(host) = find_global(ctx, query) else { return false };
    query.hosts.put(&host);
    true
}

/// Looks up the reservations for the selected subnet and its siblings.
pub(super) fn find(ctx: &Context4<'_>, query: &mut Query<'_>, selected: &Arc<Subnet4>) {
    let params = &selected.params;
    if !params.reservations_global && !params.reservations_in_subnet {
        return;
    }
    let mut found = std::mem::take(&mut query.hosts);
    if params.reservations_global
        && !ctx.config.globals.early_global_reservations_lookup
        && let Some(host) = find_global(ctx, query)
    {
        found.put(&host);
    }
    let hosts = &ctx.config.hosts;
    let order = || ctx.config.host_identifiers.iter().filter(|kind| hosts.uses(**kind));
    let present = |kind: &&IdentifierKind| with_identifier(query, **kind, |_| Some(())).is_some();
    let siblings_of = ctx.config.network_of(selected).map_or(1, |n| n.subnets.len());
    if siblings_of > 1 && siblings_of > ctx.config.host_identifiers.iter().filter(present).count() {
        // One lookup finds the client in every subnet: less work than asking for each.
        let serves = |host: &Host4| {
            ctx.config.subnet(host.subnet).is_some_and(|subnet| {
                subnet.network == selected.network
                    && subnet.params.reservations_in_subnet
                    && query.classes.pass(&subnet.client_classes)
            })
        };
        for kind in order() {
            with_identifier(query, *kind, |octets| {
                hosts.each_of(*kind, octets, &mut |host| {
                    if serves(host) {
                        found.put(host);
                    }
                });
                None::<()>
            });
        }
    } else {
        let subnets = siblings(ctx.config, selected, &query.classes);
        for subnet in subnets.filter(|s| s.params.reservations_in_subnet) {
            let host = order()
                .find_map(|kind| with_identifier(query, *kind, |octets| hosts.get(subnet.id, *kind, octets)));
            if let Some(host) = host {
                found.put(&host);
            }
        }
    }
    query.hosts = found;
}

fn in_pool(subnet: &Subnet4, address: Ipv4Addr) -> bool {
    subnet.pools.iter().any(|p| p.contains(address))
}

/// Whether reservations of a subnet count for an address of it.
fn heeded(subnet: &Subnet4, address: Ipv4Addr) -> bool {
    let params = &subnet.params;
    params.reservations_in_subnet && !(params.reservations_out_of_pool && in_pool(subnet, address))
}

impl<'c> Allocation<'_, 'c, '_> {
    /// The address reserved for the client, and the subnet to serve it from: where it has a reservation, else
    /// `start`.
    pub(super) fn reservation(&self, start: &'c Arc<Subnet4>) -> (&'c Arc<Subnet4>, Option<Ipv4Addr>) {
        let hosts = &self.query.hosts;
        if hosts.is_empty() {
            return (start, None);
        }
        let eligible = || siblings(self.ctx.config, start, &self.query.classes);
        for subnet in eligible().filter(|s| s.params.reservations_in_subnet) {
            let Some(host) = hosts.of(subnet.id) else { continue };
            match host.extra.address {
                // A reservation without an address chooses the subnet all the same.
                None => return (subnet, None),
                Some(address) if heeded(subnet, address) => return (subnet, Some(address)),
                Some(_) => {}
            }
        }
        let Some(address) = hosts.of(host::GLOBAL).and_then(|h| h.extra.address) else {
            return (start, None);
        };
        if let Some(subnet) = eligible().find(|s| s.params.reservations_global && s.prefix.contains(address))
        {
            return (subnet, Some(address));
        }
        observe::log!(GlobalAddressUnsuitable { query: self.query.label(), address, subnet: start.prefix });
        (start, None)
    }

    /// Whether an address is kept for clients of whom this is none.
    pub(super) fn reserved_for_others(&self, start: &'c Arc<Subnet4>, address: Ipv4Addr) -> bool {
        let hosts = &self.ctx.config.hosts;
        if hosts.is_empty() {
            return false;
        }
        let mut subnets = siblings(self.ctx.config, start, &self.query.classes);
        subnets.any(|subnet| {
            if !subnet.prefix.contains(address) || !heeded(subnet, address) {
                return false;
            }
            let (mut reserved, mut own) = (false, false);
            hosts.each_at(subnet.id, address, &mut |host| {
                reserved = true;
                own |= self.is_for(host);
            });
            reserved && !own
        })
    }

    fn is_for(&self, host: &Host4) -> bool {
        let kind = host.identifier.kind();
        self.ctx.config.host_identifiers.contains(&kind)
            && with_identifier(self.query, kind, |o| (o == host.identifier.octets()).then_some(())).is_some()
    }

    /// The pool an address lies in, whoever may use it: reserved addresses need none.
    pub(super) fn pool_of(subnet: &'c Subnet4, address: Ipv4Addr) -> Option<&'c Pool4> {
        subnet.pools.iter().find(|p| p.contains(address))
    }

    pub(super) fn report_reservation(&self, address: Ipv4Addr) {
        observe::log!(DiscoverReserved { query: self.query.label(), address });
    }

    /// The reserved address is somebody else's for now.
    pub(super) async fn report_conflict(&self, address: Ipv4Addr) -> Result<(), lease::StoreError> {
        let holder = self.ctx.store.by_address(address).await?;
        let Some(holder) = holder else { return Ok(()) };
        observe::log!(ReservationConflict {
            query: self.query.label(),
            address,
            subnet: holder.subnet_id,
            client: holder.hw_addr.map(|a| a.to_string()).unwrap_or_default()
        });
        self.ctx.runtime.reservation_conflict(holder.subnet_id);
        Ok(())
    }
}
