//! Commands that look at the subnets of the running configuration.

use std::net::{Ipv4Addr, Ipv6Addr};

use control::{Answer, Command};
use engine::v4::{ClassSet, Selector, Selector6, select_over6, select_subnet};
use json::Map;
use modules::subnet_cmds::select::{self, Place6};
use server::Server;

use crate::protocol::Dhcp4;

/// `subnet4-select-test`: the subnet a client would get that sent a packet so.
pub(crate) fn select_test(server: &Server<Dhcp4>, command: &Command) -> Answer {
    select::select_test(command, |arguments| selected(server, arguments))
}

/// `subnet4o6-select-test`: the subnet a client of DHCPv4 over DHCPv6 would get.
pub(crate) fn select_over6_test(server: &Server<Dhcp4>, command: &Command) -> Answer {
    select::select_test(command, |arguments| selected_over6(server, arguments))
}

fn selected(server: &Server<Dhcp4>, arguments: &Map) -> Result<Option<String>, String> {
    let config = server.config();
    let mut addresses = [Ipv4Addr::UNSPECIFIED; 4];
    let mut link = None;
    let mut interface = "";
    let mut classes = ClassSet::default();
    for (name, value) in arguments {
        let slot = match name.as_str() {
            "classes" => {
                classes = select::classes(&config, value)?.into_iter().collect();
                continue;
            }
            "interface" => {
                interface = select::string(name, value)?;
                continue;
            }
            "address" => 0,
            "relay" => 1,
            "local" => 2,
            "remote" => 3,
            "link" | "subnet" => 4,
            other => return Err(select::unknown(other)),
        };
        let address = select::address(name, value)?;
        match addresses.get_mut(slot) {
            Some(slot) => *slot = address,
            None => link = Some(address),
        }
    }
    let [ciaddr, giaddr, local, remote] = addresses;
    let there = net::interfaces().ok().and_then(|all| all.into_iter().find(|i| i.name == interface));
    if there.is_none() && !interface.is_empty() {
        return Err(format!(
            "Error during command processing: interface {interface} doesn't exist and therefore it is impossible to \
             find a suitable subnet for its IPv4 address"
        ));
    }
    let interface_address =
        there.and_then(|i| i.ipv4.first().map(|a| a.address)).unwrap_or(Ipv4Addr::UNSPECIFIED);
    let selector =
        Selector { giaddr, ciaddr, remote, local, interface, interface_address, link, classes: &classes };
    Ok(select_subnet(&config, &selector).map(|subnet| select::told(&config, subnet)))
}

fn selected_over6(server: &Server<Dhcp4>, arguments: &Map) -> Result<Option<String>, String> {
    let config = server.config();
    let place = Place6::read(&config, arguments, |name, value| {
        // Read, and of no weight: not what subnets are chosen by.
        match name {
            "address" | "relay" | "subnet" => drop(select::address::<Ipv4Addr>(name, value)?),
            "local" | "link" => drop(select::address::<Ipv6Addr>(name, value)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let Place6 { interface, interface_id, remote, classes } = place;
    let (interface_id, classes) = (interface_id.as_deref(), classes.into_iter().collect());
    let selector = Selector6 { remote, interface_id, interface, classes: &classes };
    Ok(select_over6(&config, &selector).map(|subnet| select::told(&config, subnet)))
}
