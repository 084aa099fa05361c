//! Commands that look at the subnets of the running configuration.

use std::net::Ipv4Addr;

use config::{Written4, WrittenSubnet4};
use control::{Answer, Command};
use engine::v4::{ClassSet, Selector, select_subnet};
use json::{Map, Value};

use crate::server::Server;

/// `subnet4-list`: id, prefix and network of each.
pub(crate) fn list(server: &Server) -> Answer {
    let config = server.config();
    let subnets: Vec<Value> = config
        .subnets
        .iter()
        .map(|subnet| {
            let network = config.network_of(subnet).map_or(Value::default(), |n| Value::from(&*n.name));
            Value::from([
                ("id", Value::from(subnet.id.0)),
                ("subnet", Value::from(subnet.prefix.to_string())),
                ("shared-network-name", network),
            ])
        })
        .collect();
    if subnets.is_empty() {
        return Answer::empty("0 IPv4 subnets found").and_arguments([("subnets", Value::from(subnets))]);
    }
    let text = format!("{} IPv4 subnet{} found", subnets.len(), if subnets.len() == 1 { "" } else { "s" });
    Answer::full(text, [("subnets", Value::from(subnets))])
}

/// `subnet4-get`: one subnet in full, by id or by prefix.
pub(crate) fn get(server: &Server, command: &Command) -> Answer {
    let arguments = match command.require_arguments() {
        Ok(arguments) => arguments,
        Err(answer) => return answer,
    };
    let config = server.config();
    let (found, what) = match (arguments.get("id"), arguments.get("subnet")) {
        (Some(_), Some(_)) | (None, None) => {
            return Answer::error(
                "Exactly one of 'id' and 'subnet' parameters must be specified for the command",
            );
        }
        (Some(id), None) => {
            let Some(id) = id.as_int().and_then(|id| u32::try_from(id).ok()) else {
                return Answer::error("'id' parameter must be integer");
            };
            (config.written.subnets.iter().find(|s| s.id.0 == id), format!("{id}"))
        }
        (None, Some(prefix)) => {
            let Some(prefix) = prefix.as_str() else {
                return Answer::error("'subnet' parameter must be a string");
            };
            let parsed: Option<base::Ipv4Prefix> = prefix.parse().ok();
            (config.written.subnets.iter().find(|s| Some(s.prefix) == parsed), prefix.to_owned())
        }
    };
    let Some(subnet) = found else { return Answer::empty(format!("No {what} subnet found")) };
    let shown = write(&config.written, subnet);
    Answer::full(
        format!("Info about IPv4 subnet {} (id {}) returned", subnet.prefix, subnet.id),
        [("subnet4", Value::from(vec![shown]))],
    )
}

/// A subnet as `config-get` shows it.
fn write(written: &Written4, subnet: &WrittenSubnet4) -> Value {
    let alone = Written4 {
        globals: written.globals.clone(),
        option_defs: written.option_defs.clone(),
        shared_networks: written
            .shared_networks
            .iter()
            .filter(|n| n.map.get("name").and_then(Value::as_str) == subnet.shared_network.as_deref())
            .cloned()
            .collect(),
        subnets: vec![subnet.clone()],
        ..Written4::default()
    };
    let whole = config::write4(&alone);
    let first = |map: &Value| map.get("subnet4").and_then(Value::as_list).and_then(|l| l.first()).cloned();
    let nested =
        whole.get("shared-networks").and_then(Value::as_list).and_then(|l| l.first()).and_then(first);
    let mut shown = nested.or_else(|| first(&whole)).unwrap_or_default();
    if let Some(map) = shown.as_map_mut() {
        let network = subnet.shared_network.as_deref().map_or(Value::default(), Value::from);
        map.insert("shared-network-name".to_owned(), network);
    }
    shown
}

/// `subnet4-select-test`: the subnet a client would get that sent a packet so.
pub(crate) fn select_test(server: &Server, command: &Command) -> Answer {
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

fn selected(server: &Server, arguments: &Map) -> Result<Option<String>, String> {
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
        let address: Ipv4Addr = text.parse().map_err(|_| {
            format!("bad '{name}' entry: Failed to convert string to address '{text}': Invalid argument")
        })?;
        match addresses.get_mut(slot) {
            Some(slot) => *slot = address,
            None => link = Some(address),
        }
    }
    let [ciaddr, giaddr, local, remote] = addresses;
    let interface_address = net::interfaces()
        .ok()
        .and_then(|all| all.into_iter().find(|i| i.name == interface))
        .and_then(|i| i.ipv4.first().map(|a| a.address))
        .unwrap_or(Ipv4Addr::UNSPECIFIED);
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
