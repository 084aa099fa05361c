//! Commands that look at the subnets of the running configuration.

use std::net::{IpAddr, Ipv6Addr};

use control::{Answer, Command};
use engine::ClassSet;
use engine::v6::{Selector, select_subnet};
use json::Map;
use server::Server;

use crate::protocol::Dhcp6;

/// `subnet6-select-test`: the subnet a client would get that sent a packet so.
pub(crate) fn select_test(server: &Server<Dhcp6>, command: &Command) -> Answer {
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

fn selected(server: &Server<Dhcp6>, arguments: &Map) -> Result<Option<String>, String> {
    let config = server.config();
    let mut interface = "";
    let mut interface_id = None;
    let mut remote = Ipv6Addr::UNSPECIFIED;
    let mut link = None;
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
        if !["interface", "interface-id", "remote", "link"].contains(&name.as_str()) {
            return Err(format!("unknown entry '{name}'"));
        }
        let text = value.as_str().ok_or_else(|| format!("'{name}' entry must be a string"))?;
        let address = || -> Result<Ipv6Addr, String> {
            match text.parse() {
                Ok(IpAddr::V6(address)) => Ok(address),
                Ok(IpAddr::V4(_)) => Err(format!("bad '{name}' entry: not IPv6")),
                Err(_) => Err(format!(
                    "bad '{name}' entry: Failed to convert string to address '{text}': Invalid argument"
                )),
            }
        };
        match name.as_str() {
            "interface" => interface = text,
            "interface-id" => interface_id = Some(identifier(text)?),
            "remote" => remote = address()?,
            _ => link = Some(address()?).filter(|link| !link.is_unspecified()),
        }
    }
    let interface_id = interface_id.as_deref();
    let selector = Selector { interface, remote, link, interface_id, classes: &classes };
    Ok(select_subnet(&config, &selector).map(|subnet| match config.network_of(subnet) {
        Some(network) => format!(
            "selected shared network '{}' starting with subnet '{}' id {}",
            network.name, subnet.prefix, subnet.id
        ),
        None => format!("selected subnet '{}' id {}", subnet.prefix, subnet.id),
    }))
}

/// Text in quotes, or hexadecimal digits.
fn identifier(text: &str) -> Result<Vec<u8>, String> {
    let trimmed = text.trim();
    if let Some(quoted) = trimmed.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''))
        && !quoted.is_empty()
    {
        return Ok(quoted.as_bytes().to_vec());
    }
    match base::decode_hex(trimmed) {
        Ok(octets) if octets.is_empty() => Err("'interface-id' must be not empty".to_owned()),
        Ok(octets) => Ok(octets.to_vec()),
        Err(_) => Err("value of 'interface-id' was not recognized".to_owned()),
    }
}
