//! Subnets and networks of the running configuration, as answers show them.

use std::collections::HashMap;

use base::{ServerTag, SubnetId};
use config::{Protocol, ServerConfig, Written};
use control::{Answer, Command};
use json::{Map, Value};

use crate::edit::{arguments, version};
use crate::params::{Refusal, refuse};

/// Whether a command asks by `"metadata": true` where objects come from.
pub fn asks_for_metadata(command: &Command) -> Result<bool, Answer> {
    let asked = command.arguments.as_ref().and_then(|arguments| arguments.get("metadata"));
    let flag = asked.map_or(Some(false), Value::as_bool);
    flag.ok_or_else(|| Answer::error("'metadata' parameter is not a boolean"))
}

/// `subnet4-list`, `subnet6-list`: id, prefix and network of each, and where they come from if asked.
pub(super) fn subnet_list<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Answer {
    let tags: HashMap<SubnetId, &[ServerTag]> = match asks_for_metadata(command) {
        Ok(false) => HashMap::new(),
        Ok(true) => config.written.subnets.iter().map(|s| (s.id, &s.element.server_tags[..])).collect(),
        Err(answer) => return answer,
    };
    let subnets = config.subnets.iter().map(|subnet| {
        let network = config.network_of(subnet).map_or(Value::default(), |n| Value::from(&*n.name));
        let members = [
            ("id", Value::from(subnet.id.0)),
            ("subnet", Value::from(subnet.prefix.to_string())),
            ("shared-network-name", network),
        ];
        with_metadata(members, tags.get(&subnet.id).copied())
    });
    listed::<P>(subnets.collect(), "subnet", "subnets")
}

/// `network4-list`, `network6-list`: the names, and where they come from if asked.
pub(super) fn network_list<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Answer {
    let asked = match asks_for_metadata(command) {
        Ok(asked) => asked,
        Err(answer) => return answer,
    };
    let tags: HashMap<&str, &[ServerTag]> = config
        .written
        .shared_networks
        .iter()
        .filter(|_| asked)
        .filter_map(|element| Some((element.map.get("name")?.as_str()?, &element.server_tags[..])))
        .collect();
    let networks = config.networks.iter().map(|network| {
        with_metadata([("name", Value::from(&*network.name))], tags.get(&*network.name).copied())
    });
    listed::<P>(networks.collect(), "network", "shared-networks")
}

fn with_metadata<const N: usize>(members: [(&str, Value); N], tags: Option<&[ServerTag]>) -> Value {
    let mut object = Value::from(members);
    if let (Some(map), Some(metadata)) = (object.as_map_mut(), tags.and_then(config::metadata)) {
        map.insert("metadata".to_owned(), metadata);
    }
    object
}

fn listed<P: Protocol>(items: Vec<Value>, what: &str, key: &str) -> Answer {
    let text =
        format!("{} {} {what}{} found", items.len(), version::<P>(), if items.len() == 1 { "" } else { "s" });
    let answer = if items.is_empty() { Answer::empty(text) } else { Answer::ok(text) };
    answer.and_arguments([(key, Value::from(items))])
}

/// `subnet4-get`, `subnet6-get`: one subnet in full, by id or by prefix.
pub(super) fn subnet_get<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Answer {
    find_subnet(config, command).unwrap_or_else(Into::into)
}

fn find_subnet<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Result<Answer, Refusal> {
    let map = arguments(command)?;
    let name = &command.name;
    if map.len() != 1 {
        return refuse(format!(
            "invalid number of arguments {} for the '{name}' command. Expecting 'id' or 'subnet'",
            map.len()
        ));
    }
    let (id, nothing) = if let Some(prefix) = map.get("subnet") {
        let Some(prefix) = prefix.as_str() else { return refuse("'subnet' parameter must be a string") };
        let parsed: Option<P::Prefix> = prefix.parse().ok();
        let found = config.written.subnets.iter().find(|subnet| Some(subnet.prefix) == parsed);
        (found.map(|subnet| subnet.id), format!("No {prefix} subnet found"))
    } else if let Some(id) = map.get("id") {
        let Some(id) = id.as_int() else { return refuse("'id' parameter must be an integer") };
        (u32::try_from(id).ok().map(SubnetId), format!("No subnet with id {id} found"))
    } else {
        return refuse("'id' or 'subnet' parameter required");
    };
    let found = id.and_then(|id| config.written.subnets.iter().find(|subnet| subnet.id == id));
    let Some(subnet) = found else { return Err(Refusal::empty(nothing)) };
    let network = subnet.shared_network.as_deref();
    let whole = alone(&config.written, network, |other| other == subnet.id);
    let nested = first(&whole, "shared-networks").as_ref().and_then(|network| first(network, P::SUBNETS));
    let mut shown = nested.or_else(|| first(&whole, P::SUBNETS)).unwrap_or_default();
    if let Some(map) = shown.as_map_mut() {
        map.insert("shared-network-name".to_owned(), network.map_or(Value::default(), Value::from));
    }
    Ok(Answer::full(
        format!("Info about {} subnet {} (id {}) returned", version::<P>(), subnet.prefix, subnet.id),
        [(P::SUBNETS, Value::from(vec![shown]))],
    ))
}

/// `network4-get`, `network6-get`: one network in full, with its subnets.
pub(super) fn network_get<P: Protocol>(
    config: &ServerConfig<P>,
    command: &Command,
) -> Result<Answer, Refusal> {
    let map = arguments(command)?;
    let Some(name) = map.get("name") else {
        return refuse(format!("invalid '{}': missing mandatory 'name' parameter", command.name));
    };
    let Some(name) = name.as_str() else { return refuse("'name' parameter must be a string") };
    if !config.networks.iter().any(|network| &*network.name == name) {
        return Err(Refusal::empty(format!("No '{name}' shared network found")));
    }
    let members: std::collections::HashSet<SubnetId> = config
        .written
        .subnets
        .iter()
        .filter(|subnet| subnet.shared_network.as_deref() == Some(name))
        .map(|subnet| subnet.id)
        .collect();
    let whole = alone(&config.written, Some(name), |id| members.contains(&id));
    let shown = first(&whole, "shared-networks").unwrap_or_default();
    Ok(Answer::full(
        format!("Info about {} shared network '{name}' returned", version::<P>()),
        [("shared-networks", Value::from(vec![shown]))],
    ))
}

fn first(map: &Value, list: &str) -> Option<Value> {
    map.get(list)?.as_list()?.first().cloned()
}

/// What `config-get` shows of one network and of some subnets.
fn alone<P: Protocol>(
    written: &Written<P>,
    network: Option<&str>,
    subnets: impl Fn(SubnetId) -> bool,
) -> Value {
    let name = |map: &Map| map.get("name").and_then(Value::as_str).map(str::to_owned);
    config::write(&Written::<P> {
        globals: written.globals.clone(),
        option_defs: written.option_defs.clone(),
        shared_networks: written
            .shared_networks
            .iter()
            .filter(|element| network.is_some() && name(&element.map).as_deref() == network)
            .cloned()
            .collect(),
        subnets: written.subnets.iter().filter(|subnet| subnets(subnet.id)).cloned().collect(),
        ..Written::default()
    })
}
