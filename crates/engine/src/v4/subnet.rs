//! Subnet selection (Kea manual, "How the DHCPv4 Server Selects a Subnet for the Client").

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use config::Subnet4;
use wire::iana::dhcp4_option as option4;

use super::messages::{
    Over6SubnetSelected, Over6SubnetSelectionFailed, SubnetSelected, SubnetSelectionFailed,
};
use super::{Context4, Query};
use crate::siblings::admits;

/// What subnet selection looks at.
#[derive(Clone, Copy, Debug)]
pub struct Selector<'a> {
    pub giaddr: Ipv4Addr,
    pub ciaddr: Ipv4Addr,
    pub remote: Ipv4Addr,
    pub local: Ipv4Addr,
    pub interface: &'a str,
    pub interface_address: Ipv4Addr,
    /// Link selection sub-option or subnet selection option.
    pub link: Option<Ipv4Addr>,
    pub classes: &'a super::ClassSet,
}

/// The subnet that serves a query.
pub(super) fn of<'a>(ctx: &Context4<'a>, query: &Query<'_>) -> Option<&'a Arc<Subnet4>> {
    if let Some(over6) = &query.arrival.over6 {
        let selector = Selector6 {
            remote: over6.remote,
            interface_id: over6.interface_id.as_deref(),
            interface: &query.arrival.interface,
            classes: &query.classes,
        };
        return select_over6(ctx.config, &selector);
    }
    let mut link = None;
    if !ctx.config.globals.own.ignore_rai_link_selection {
        link = query.packet.relay_info().and_then(|info| info.link_selection());
    }
    if link.is_none() {
        link = query.address_option(option4::SUBNET_SELECTION);
    }
    let selector = Selector {
        giaddr: query.packet.header().giaddr,
        ciaddr: query.packet.header().ciaddr,
        remote: query.arrival.remote,
        local: query.arrival.local,
        interface: &query.arrival.interface,
        interface_address: query.arrival.interface_address,
        link,
        classes: &query.classes,
    };
    select(ctx.config, &selector)
}

/// The subnet for what a selector says; the order of the steps is Kea's.
#[must_use]
pub fn select<'a>(config: &'a config::ServerConfig4, selector: &Selector<'_>) -> Option<&'a Arc<Subnet4>> {
    let guarded = |at: usize| {
        let subnet = config.subnets.get(at)?;
        admits(config, subnet, selector.classes).then_some(subnet)
    };
    let in_range = |address: Ipv4Addr| config.index.in_range(address).find_map(guarded);

    // A relay that names the link is taken at its word: nothing else is tried.
    if let Some(link) = selector.link {
        return in_range(link);
    }
    let relayed = !selector.giaddr.is_unspecified();
    if relayed && let Some(subnet) = config.index.by_relay(selector.giaddr).iter().copied().find_map(guarded)
    {
        return Some(subnet);
    }
    let unicast = selector.local != Ipv4Addr::BROADCAST;
    let address = if relayed {
        selector.giaddr
    } else if !selector.ciaddr.is_unspecified() && unicast {
        selector.ciaddr
    } else if !selector.remote.is_unspecified() && unicast {
        selector.remote
    } else {
        let by_interface = config.index.by_interface(selector.interface);
        if let Some(subnet) = by_interface.iter().copied().find_map(guarded) {
            return Some(subnet);
        }
        selector.interface_address
    };
    in_range(address)
}

/// What the selection of a subnet looks at for DHCPv4 over DHCPv6 (Kea manual, "DHCPv4-over-DHCPv6: DHCPv4 Side").
#[derive(Clone, Copy, Debug)]
pub struct Selector6<'a> {
    /// The client, or the relay agent next to kea-dhcp6.
    pub remote: Ipv6Addr,
    pub interface_id: Option<&'a [u8]>,
    pub interface: &'a str,
    pub classes: &'a super::ClassSet,
}

/// The first subnet that names where the client is, by any of its `4o6-` parameters.
#[must_use]
pub fn select_over6<'a>(
    config: &'a config::ServerConfig4,
    selector: &Selector6<'_>,
) -> Option<&'a Arc<Subnet4>> {
    let mut found = config.index.over6(selector.remote, selector.interface_id, selector.interface);
    let subnet = found.find_map(|at| {
        let subnet = config.subnets.get(at)?;
        admits(config, subnet, selector.classes).then_some(subnet)
    });
    if subnet.is_none() {
        observe::log!(crate::messages::Over6NoSubnet);
    }
    subnet
}

/// Logs what was selected.
pub(super) fn report(query: &Query<'_>, subnet: Option<&Arc<Subnet4>>) {
    let label = query.label();
    match (subnet.map(|subnet| subnet.id), query.arrival.over6.is_some()) {
        (Some(subnet), false) => observe::log!(SubnetSelected { query: label, subnet }),
        (Some(subnet), true) => observe::log!(Over6SubnetSelected { query: label, subnet }),
        (None, false) => observe::log!(SubnetSelectionFailed { query: label }),
        (None, true) => observe::log!(Over6SubnetSelectionFailed { query: label }),
    }
}
