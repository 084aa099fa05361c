//! What the commands have in common that tell which subnet a client would get.

use std::net::{IpAddr, Ipv6Addr};

use base::IpAddress;
use config::{ClassId, Protocol, ServerConfig, Subnet};
use control::{Answer, Command};
use json::{Map, Value};

/// The answer of `subnet4-select-test` and its like; `selected` makes the text of the subnet from the arguments.
pub fn select_test(
    command: &Command,
    selected: impl FnOnce(&Map) -> Result<Option<String>, String>,
) -> Answer {
    let arguments = match &command.arguments {
        None => return Answer::error("empty arguments"),
        Some(arguments) => match arguments.as_map() {
            Some(map) => map,
            None => return Answer::error("arguments must be a map"),
        },
    };
    match selected(arguments) {
        Ok(Some(text)) => Answer::ok(text),
        Ok(None) => Answer::empty("no subnet selected"),
        Err(text) => Answer::error(text),
    }
}

/// Where a client of DHCPv6 is said to be.
#[derive(Debug)]
pub struct Place6<'a> {
    pub interface: &'a str,
    pub interface_id: Option<Vec<u8>>,
    pub remote: Ipv6Addr,
    pub classes: Vec<ClassId>,
}

impl<'a> Place6<'a> {
    /// Reads the arguments; `more` is given those that are not of every place, and says whether it knows them.
    pub fn read<P: Protocol>(
        config: &ServerConfig<P>,
        arguments: &'a Map,
        mut more: impl FnMut(&str, &Value) -> Result<bool, String>,
    ) -> Result<Self, String> {
        let mut place =
            Self { interface: "", interface_id: None, remote: Ipv6Addr::UNSPECIFIED, classes: Vec::new() };
        for (name, value) in arguments {
            match name.as_str() {
                "classes" => place.classes = classes(config, value)?,
                "interface" => place.interface = string(name, value)?,
                "interface-id" => place.interface_id = Some(interface_id(value)?),
                "remote" => place.remote = address(name, value)?,
                other if more(other, value)? => {}
                other => return Err(unknown(other)),
            }
        }
        Ok(place)
    }
}

/// Why an argument is refused that no such command has.
pub fn unknown(name: &str) -> String {
    format!("unknown entry '{name}'")
}

/// The argument `classes`. A class that nothing refers to guards nothing and is left out.
pub fn classes<P: Protocol>(config: &ServerConfig<P>, value: &Value) -> Result<Vec<ClassId>, String> {
    let mut classes = Vec::new();
    for class in value.as_list().ok_or("'classes' entry must be a list")? {
        let class = class.as_str().ok_or("'classes' entry must be a list of strings")?;
        classes.extend(config.classes.id(class));
    }
    Ok(classes)
}

pub fn string<'v>(name: &str, value: &'v Value) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("'{name}' entry must be a string"))
}

/// An address of the family at hand.
pub fn address<A: IpAddress>(name: &str, value: &Value) -> Result<A, String> {
    let text = string(name, value)?;
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    Err(match text.parse() {
        Ok(IpAddr::V6(_)) => format!("bad '{name}' entry: not IPv4"),
        Ok(IpAddr::V4(_)) => format!("bad '{name}' entry: not IPv6"),
        Err(_) => {
            format!("bad '{name}' entry: Failed to convert string to address '{text}': Invalid argument")
        }
    })
}

/// The argument `interface-id`: text in quotes, or hexadecimal digits.
fn interface_id(value: &Value) -> Result<Vec<u8>, String> {
    let trimmed = string("interface-id", value)?.trim();
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

/// The text of a subnet.
pub fn told<P: Protocol>(config: &ServerConfig<P>, subnet: &Subnet<P>) -> String {
    match config.network_of(subnet) {
        Some(network) => format!(
            "selected shared network '{}' starting with subnet '{}' id {}",
            network.name, subnet.prefix, subnet.id
        ),
        None => format!("selected subnet '{}' id {}", subnet.prefix, subnet.id),
    }
}
