//! Subnet selection (Kea manual, "DHCPv6 Server: Subnet Selection").

use std::net::Ipv6Addr;
use std::sync::Arc;

use config::{ServerConfig6, Subnet6};

use super::messages::{SubnetSelected, SubnetSelectionFailed};
use super::{Context6, Query};
use crate::classes::ClassSet;
use crate::siblings::admits;

/// What subnet selection looks at.
#[derive(Clone, Copy, Debug)]
pub struct Selector<'a> {
    pub interface: &'a str,
    /// The client's address, or that of the relay agent next to the server.
    pub remote: Ipv6Addr,
    /// The link address nearest to the client that says something: neither unspecified nor link-local.
    pub link: Option<Ipv6Addr>,
    /// The interface id of the relay agent nearest to the client that sent one.
    pub interface_id: Option<&'a [u8]>,
    pub classes: &'a ClassSet,
}

/// The subnet that serves a query.
pub(super) fn of<'a>(ctx: &Context6<'a>, query: &Query<'_>) -> Option<&'a Arc<Subnet6>> {
    let from_client = || query.packet.relays().iter().rev();
    let selector = Selector {
        interface: &query.arrival.interface,
        remote: query.arrival.remote,
        link: from_client()
            .map(|relay| relay.header().link_address)
            .find(|link| !link.is_unspecified() && !link.is_unicast_link_local()),
        interface_id: from_client().find_map(|relay| relay.interface_id()),
        classes: &query.classes,
    };
    let subnet = select(ctx.config, &selector);
    match subnet {
        Some(subnet) => observe::log!(SubnetSelected { query: query.label(), subnet: subnet.id }),
        None => observe::log!(SubnetSelectionFailed { query: query.label() }),
    }
    subnet
}

/// The subnet for what a selector says; the order of the steps is Kea's.
#[must_use]
pub fn select<'a>(config: &'a ServerConfig6, selector: &Selector<'_>) -> Option<&'a Arc<Subnet6>> {
    let guarded = |at: usize| {
        let subnet = config.subnets.get(at)?;
        admits(config, subnet, selector.classes).then_some(subnet)
    };
    let first = |positions: &[usize]| positions.iter().copied().find_map(guarded);
    let in_range = |address: Ipv6Addr| config.index.in_range(address).find_map(guarded);
    if selector.link.is_none() && selector.interface_id.is_none() {
        return first(config.index.by_interface(selector.interface)).or_else(|| in_range(selector.remote));
    }
    if let Some(id) = selector.interface_id
        && let Some(subnet) = first(config.index.by_interface_id(id))
    {
        return Some(subnet);
    }
    let link = selector.link?;
    first(config.index.by_relay(link)).or_else(|| in_range(link))
}
