//! Commands that look at the subnets of the running configuration.

use std::net::{IpAddr, Ipv4Addr};

use control::{Answer, Command};
use engine::v4::{ClassSet, Selector, select_subnet};
use json::Map;
use server::Server;

use crate::protocol::Dhcp4;

/// `subnet4-select-test`: the subnet a client would get that sent a packet so.
pub(crate) fn select_test(server: &Server<Dhcp4>, command: &Command) -> Answer {
    let arguments = match &command.arguments {
        None => return Answer::error("empty arguments"),
        Some(arguments) => match arguments.as_map() {
            Some(map) => map,
            None => return Answer::error("arguments must be a map"),
        },
    };
    match selected(server, arguments) {
        Ok(Some(text)) => Answer::ok(text),
        Ok(None) => Answer::empty("no subnet selected"),
        Err(text) => Answer::error(text),
    }
}

fn selected(server: &Server<Dhcp4>, arguments: &Map) -> Result<Option<String>, String> {
    let config = server.config();
    let mut addresses = [Ipv4Addr::UNSPECIFIED; 4];
    let mut link = None;
    let mut interface = "";
    let mut classes = ClassSet::default();
    for (name, value) in arguments {
        if name == "classes" {
            let list = value.as_list().ok_or("'classes' entry must be a list")?;
            for class in list {
                let class = class.as_str().ok_or("'classes' entry must be a list of strings")?;
                // A class that nothing refers to guards nothing.
                if let Some(id) = config.classes.id(class) {
                    classes.insert(id);
                }
            }
            continue;
        }
        let slot = match name.as_str() {
            "interface" => None,
            "address" => Some(0),
            "relay" => Some(1),
            "local" => Some(2),
            "remote" => Some(3),
            "link" | "subnet" => Some(4),
            other => return Err(format!("unknown entry '{other}'")),
        };
        let text = value.as_str().ok_or_else(|| format!("'{name}' entry must be a string"))?;
        let Some(slot) = slot else {
            interface = text;
            continue;
        };
        let address = match text.parse() {
            Ok(IpAddr::V4(address)) => address,
            Ok(IpAddr::V6(_)) => return Err(format!("bad '{name}' entry: not IPv4")),
            Err(_) => {
                return Err(format!(
                    "bad '{name}' entry: Failed to convert string to address '{text}': Invalid argument"
                ));
            }
        };
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
    Ok(select_subnet(&config, &selector).map(|subnet| match config.network_of(subnet) {
        Some(network) => format!(
            "selected shared network '{}' starting with subnet '{}' id {}",
            network.name, subnet.prefix, subnet.id
        ),
        None => format!("selected subnet '{}' id {}", subnet.prefix, subnet.id),
    }))
}
