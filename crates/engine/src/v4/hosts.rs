//! Host reservations (Kea manual, "Host Reservations in DHCPv4"): which a query has, and which addresses they keep
//! from others.

use std::net::Ipv4Addr;
use std::sync::Arc;

use config::{Host4, Pool4, Reservation4, Subnet4};
use host::IdentifierKind;
use lease::StoreError;
use wire::iana::relay_agent::SubOption;

use super::allocate::Allocation;
use super::messages::{DiscoverReserved, GlobalAddressUnsuitable, HostsLookedUp, ReservationConflict};
use super::{Context4, Query};
use crate::hosts::{Identified, each_at};
use crate::siblings::siblings;

/// First octet of a client identifier that carries a DUID (RFC 4361), and the octets before the DUID.
const DUID_TYPE: u8 = 255;
const IAID_END: usize = 5;

/// The reservations of a query's client.
pub type Hosts = crate::hosts::Hosts<Reservation4>;

impl Identified for Query<'_> {
    fn with_identifier<R>(
        &self,
        kind: IdentifierKind,
        mut then: impl FnMut(&[u8]) -> Option<R>,
    ) -> Option<R> {
        let octets = match kind {
            IdentifierKind::HwAddress => self.hw_addr.as_ref().map(base::HwAddr::octets),
            IdentifierKind::ClientId => self.client_id.as_ref().map(base::ClientId::octets),
            IdentifierKind::Duid => match self.client_id.as_ref().map(base::ClientId::octets) {
                Some([DUID_TYPE, rest @ ..]) => rest.get(IAID_END - 1..),
                _ => None,
            },
            IdentifierKind::CircuitId => {
                let info = self.packet.relay_info()?;
                return info.get(SubOption::CIRCUIT_ID).filter(|o| !o.is_empty()).and_then(then);
            }
            IdentifierKind::FlexId => self.flex_id.as_deref(),
        };
        octets.filter(|o| !o.is_empty()).and_then(&mut then)
    }
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
        observe::log!(HostsLookedUp { query: self.query.label(), subnet: start.id });
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
    pub(super) async fn reserved_for_others(
        &self,
        start: &'c Arc<Subnet4>,
        address: Ipv4Addr,
    ) -> Result<bool, StoreError> {
        let Context4 { config, databases, .. } = self.ctx;
        if config.hosts.is_empty() && databases.is_none() {
            return Ok(false);
        }
        for subnet in siblings(config, start, &self.query.classes) {
            if !subnet.prefix.contains(address) || !heeded(subnet, address) {
                continue;
            }
            let (mut reserved, mut own) = (false, false);
            each_at(config, *databases, subnet.id, address, |host| {
                reserved = true;
                own |= self.is_for(host);
            })
            .await?;
            if reserved && !own {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a database keeps a free address for others: pools know what the configuration keeps, and no more.
    pub(super) async fn kept_by_databases(
        &self,
        subnet: &'c Arc<Subnet4>,
        address: Ipv4Addr,
    ) -> Result<bool, StoreError> {
        Ok(self.ctx.databases.is_some() && self.reserved_for_others(subnet, address).await?)
    }

    fn is_for(&self, host: &Host4) -> bool {
        let kind = host.identifier.kind();
        self.ctx.config.host_identifiers.contains(&kind)
            && self.query.with_identifier(kind, |o| (o == host.identifier.octets()).then_some(())).is_some()
    }

    /// The pool an address lies in, whoever may use it: reserved addresses need none.
    pub(super) fn pool_of(subnet: &'c Subnet4, address: Ipv4Addr) -> Option<&'c Pool4> {
        subnet.pools.iter().find(|p| p.contains(address))
    }

    pub(super) fn report_reservation(&self, address: Ipv4Addr) {
        observe::log!(DiscoverReserved { query: self.query.label(), address });
    }

    /// The reserved address is somebody else's for now.
    pub(super) async fn report_conflict(&self, address: Ipv4Addr) -> Result<(), StoreError> {
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
