//! Commands that change shared networks.

use base::SubnetId;
use config::{Element, Protocol, ServerConfig, Written, WrittenSubnet};
use control::{Answer, Command};
use json::{Kind, Map, Value};

use super::{editable, from_database, is_new, parse};
use crate::edit::{Edit, arguments, faults, only_map, version};
use crate::params::{Refusal, refuse};

fn name_of(element: &Element) -> &str {
    element.map.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn has<P: Protocol>(written: &Written<P>, name: &str) -> bool {
    written.shared_networks.iter().any(|network| name_of(network) == name)
}

/// A network as answers name it.
fn named(text: String, name: &str) -> Answer {
    let shown = Value::from([("name", Value::from(name))]);
    Answer::full(text, [("shared-networks", Value::from(vec![shown]))])
}

/// A network that is not in the part that commands can change comes from a database.
fn known<P: Protocol>(written: &Written<P>, name: &str) -> Result<(), Answer> {
    if has(written, name) { Ok(()) } else { Err(from_database("shared network", &format!("'{name}'"))) }
}

pub(super) fn add<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Result<Edit<P>, Refusal> {
    let map = arguments(command)?;
    let value = only_map(map, &command.name, "shared-networks", "networks", "network information")?;
    let mut network = value.clone();
    let subnets = network.as_map_mut().and_then(|map| map.remove(P::SUBNETS));
    let element = config::parse_shared_network(P::FAMILY, &network).map_err(|errors| faults(&errors))?;
    let name = name_of(&element).to_owned();
    let mut members: Vec<WrittenSubnet<P>> = Vec::new();
    if let Some(subnets) = subnets {
        let Kind::List(list) = &subnets.kind else {
            return refuse(format!("'{}' parameter is not a list", P::SUBNETS));
        };
        for value in list {
            let mut subnet = parse(value)?;
            subnet.shared_network = Some(name.clone());
            members.push(subnet);
        }
    }
    let fits = move |written: &Written<P>, members: &[WrittenSubnet<P>], name: &str| {
        if has(written, name) {
            return refuse(format!("duplicate network '{name}' found in the configuration"));
        }
        members.iter().try_for_each(|subnet| is_new(written, subnet))
    };
    fits(&config.written, &members, &name)?;
    Ok(Box::new(move |written| {
        fits(written, &members, &name)?;
        written.shared_networks.push(element);
        written.subnets.extend(members);
        Ok(named(format!("A new {} shared network '{name}' added", version::<P>()), &name))
    }))
}

pub(super) fn del<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Result<Edit<P>, Refusal> {
    let map = arguments(command)?;
    let command = &command.name;
    let Some(name) = map.get("name") else {
        return refuse(format!("network name ('name') is required for the '{command}' command"));
    };
    let Some(name) = name.as_str() else {
        return refuse(format!("network name ('name') specified for the '{command}' is not a string"));
    };
    let delete = match map.get("subnets-action").map(Value::as_str) {
        None | Some(Some("keep")) => false,
        Some(Some("delete")) => true,
        Some(Some(other)) => {
            return refuse(format!(
                "Invalid value for subnets-action parameter: {other}, Supported values: 'keep' and 'delete'."
            ));
        }
        Some(None) => {
            return refuse(format!(
                "subnets-action parameter for {command} command must be a string. Supported values are: 'keep' and \
                 'delete'."
            ));
        }
    };
    if !has(&config.written, name) {
        return Err(Refusal::empty(format!("no shared network with name '{name}' found")));
    }
    let name = name.to_owned();
    Ok(Box::new(move |written| {
        known(written, &name)?;
        written.shared_networks.retain(|network| name_of(network) != name);
        let member = |subnet: &WrittenSubnet<P>| subnet.shared_network.as_deref() == Some(name.as_str());
        if delete {
            written.subnets.retain(|subnet| !member(subnet));
        } else {
            written.subnets.iter_mut().filter(|s| member(s)).for_each(|subnet| subnet.shared_network = None);
        }
        Ok(named(format!("{} shared network '{name}' deleted", version::<P>()), &name))
    }))
}

/// Network and subnet of a command that moves a subnet.
fn pair<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Result<(String, SubnetId), Refusal> {
    let map = arguments(command)?;
    let command = &command.name;
    let name = text(map, command)?;
    let Some(id) = map.get("id") else {
        return refuse(format!("missing 'id' argument for the '{command}' command"));
    };
    let Some(id) = id.as_int() else {
        // The name is wrong in Kea as well, and programs compare texts.
        return refuse(format!("'name' argument specified for the '{command}' command is not an integer"));
    };
    if !has(&config.written, name) {
        return Err(Refusal::empty(format!("no {} shared network with name '{name}' found", version::<P>())));
    }
    match u32::try_from(id).ok().map(SubnetId).filter(|id| config.subnet(*id).is_some()) {
        Some(id) => Ok((name.to_owned(), id)),
        None => Err(Refusal::empty(format!("no {} subnet with id '{id}' found", version::<P>()))),
    }
}

fn text<'a>(map: &'a Map, command: &str) -> Result<&'a str, Refusal> {
    let Some(name) = map.get("name") else {
        return refuse(format!("missing 'name' argument for the '{command}' command"));
    };
    name.as_str().ok_or_else(|| {
        Refusal::error(format!("'name' argument specified for the '{command}' command is not a string"))
    })
}

pub(super) fn subnet_add<P: Protocol>(
    config: &ServerConfig<P>,
    command: &Command,
) -> Result<Edit<P>, Refusal> {
    let (name, id) = pair(config, command)?;
    Ok(Box::new(move |written| {
        let subnet = editable(written, id)?;
        if let Some(home) = &subnet.shared_network {
            return Err(Answer::error(format!(
                "subnet {id} being added to shared network '{name}' belongs to shared network '{home}'"
            )));
        }
        subnet.shared_network = Some(name.clone());
        let prefix = subnet.prefix;
        Ok(Answer::ok(format!(
            "{} subnet {prefix} (id {id}) is now part of shared network '{name}'",
            version::<P>()
        )))
    }))
}

pub(super) fn subnet_del<P: Protocol>(
    config: &ServerConfig<P>,
    command: &Command,
) -> Result<Edit<P>, Refusal> {
    let outside = |name: &str, id: &str| {
        Refusal::empty(format!(
            "The {} subnet with id {id} is not part of the shared network with name '{name}' found",
            version::<P>()
        ))
    };
    let (name, id) = pair(config, command)?;
    let member = config.subnet(id).and_then(|subnet| config.network_of(subnet));
    if member.is_none_or(|network| *network.name != *name) {
        return Err(outside(&name, &id.to_string()));
    }
    Ok(Box::new(move |written| {
        let subnet = editable(written, id)?;
        subnet.shared_network = None;
        let prefix = subnet.prefix;
        Ok(Answer::ok(format!(
            "{} subnet {prefix} (id {id}) is now removed from shared network '{name}'",
            version::<P>()
        )))
    }))
}
