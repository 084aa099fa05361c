//! Host reservations of DHCPv6: how clients are known, and what reservations keep from others.

use base::Ipv6Prefix;
use config::{Host6, Reservation6, Subnet6};
use host::IdentifierKind;
use lease::{LeaseType, StoreError};

use super::{Context6, Query, pools};
use crate::hosts::{Identified, each_at};

/// The reservations of a query's client.
pub type Hosts = crate::hosts::Hosts<Reservation6>;

impl Identified for Query<'_> {
    fn with_identifier<R>(&self, kind: IdentifierKind, then: impl FnMut(&[u8]) -> Option<R>) -> Option<R> {
        let octets = match kind {
            IdentifierKind::HwAddress => self.hw_addr.as_ref().map(|(hw_addr, _)| hw_addr.octets()),
            IdentifierKind::Duid => self.duid.as_ref().map(base::Duid::octets),
            IdentifierKind::FlexId => self.flex_id.as_deref(),
            // Of DHCPv4.
            IdentifierKind::CircuitId | IdentifierKind::ClientId => None,
        };
        octets.filter(|octets| !octets.is_empty()).and_then(then)
    }
}

/// Whether reservations of a subnet count for an address or prefix.
pub(super) fn heeded(subnet: &Subnet6, kind: LeaseType, resource: Ipv6Prefix) -> bool {
    let params = &subnet.params;
    let in_pool = || pools::of(subnet, kind).any(|pool| pool.covers(resource.address()));
    params.reservations_in_subnet && !(params.reservations_out_of_pool && in_pool())
}

/// Whether it is reserved for the client, in the subnet or globally.
pub(super) fn reserved_for(query: &Query<'_>, subnet: &Subnet6, resource: Ipv6Prefix) -> bool {
    let has = |host: &Host6| host.extra.resources.contains(&resource);
    query.hosts.of(subnet.id).is_some_and(has) || query.hosts.global(subnet).is_some_and(has)
}

/// The reservation of somebody else that keeps an address or prefix from this client.
pub(super) async fn keeper(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    subnet: &Subnet6,
    kind: LeaseType,
    resource: Ipv6Prefix,
) -> Result<Option<String>, StoreError> {
    let Context6 { config, databases, .. } = ctx;
    if config.hosts.is_empty() && databases.is_none() || !heeded(subnet, kind, resource) {
        return Ok(None);
    }
    let (mut keeper, mut own) = (None, false);
    each_at(config, *databases, subnet.id, resource, |host| {
        let kind = host.identifier.kind();
        own |= ctx.config.host_identifiers.contains(&kind)
            && query
                .with_identifier(kind, |octets| (octets == host.identifier.octets()).then_some(()))
                .is_some();
        keeper.get_or_insert_with(|| format!("{}={}", kind.name(), host.identifier.text()));
    })
    .await?;
    Ok(keeper.filter(|_| !own))
}
