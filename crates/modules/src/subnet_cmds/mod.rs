//! `libdhcp_subnet_cmds`: commands that change subnets and shared networks of the running server (Kea manual,
//! "Subnet Commands").
//!
//! A command edits the written configuration as an operator would the file, and the result goes the way of every
//! reconfiguration: checked whole, then swapped in between two batches of packets, or refused whole. `config-write`
//! saves it. What comes from a configuration database is changed there, with `remote-*` commands.

mod commands;
mod delta;
mod messages;
mod networks;
pub mod select;
mod show;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use base::{Family, SubnetId};
use config::{Protocol, ServerConfig, Written, WrittenSubnet};
use control::{Answer, Command, CommandTable, DuplicateCommand, result};
use json::{Kind, Value};
use observe::log;

use crate::edit::{Edit, Host, arguments, faults, only_map, single, version};
use crate::params::{Refusal, refuse};
use commands::Op;
pub use commands::{PROVIDER, definitions as command_definitions};
pub use messages::MESSAGES;
pub use messages::v4::MESSAGES as MESSAGES4;
pub use messages::v6::MESSAGES as MESSAGES6;
pub use show::asks_for_metadata;

/// Adds the commands to a table. `CommandTable::deregister_provider(PROVIDER)` takes them away.
pub fn register<P: Protocol>(table: &CommandTable, host: Arc<dyn Host<P>>) -> Result<(), DuplicateCommand> {
    for (definition, op) in commands::table(P::FAMILY) {
        let (host, op) = (Arc::clone(&host), *op);
        table.register(*definition, move |command| {
            let host = Arc::clone(&host);
            async move { run(op, host.as_ref(), &command).await }
        })?;
    }
    Ok(())
}

/// Answers one command.
async fn run<P: Protocol>(op: Op, host: &dyn Host<P>, command: &Command) -> Answer {
    let config = host.running();
    let edit = match op {
        Op::List => return show::subnet_list(&config, command),
        Op::Get => return show::subnet_get(&config, command),
        Op::NetworkList => return show::network_list(&config, command),
        Op::NetworkGet => show::network_get(&config, command).map(Err),
        Op::Add => add(&config, command).map(Ok),
        Op::Update | Op::DeltaAdd | Op::DeltaDel => update(op, &config, command).map(Ok),
        Op::Del => del(&config, command).map(Ok),
        Op::NetworkAdd => networks::add(&config, command).map(Ok),
        Op::NetworkDel => networks::del(&config, command).map(Ok),
        Op::NetworkSubnetAdd => networks::subnet_add(&config, command).map(Ok),
        Op::NetworkSubnetDel => networks::subnet_del(&config, command).map(Ok),
    };
    let answer = match edit {
        Ok(Ok(edit)) => host.edit(edit).await,
        Ok(Err(answer)) => answer,
        Err(refusal) => refusal.into(),
    };
    match answer.result {
        result::OK => report_success(op, command, &config, &answer),
        result::EMPTY => {}
        _ => {
            let reason = answer.text.as_deref().unwrap_or_default();
            report_failure(P::FAMILY, op, reason);
        }
    }
    answer
}

/// `config` is that of before.
fn report_success<P: Protocol>(op: Op, command: &Command, config: &ServerConfig<P>, answer: &Answer) {
    let first = |list: &str| {
        let list = answer.arguments.as_ref()?.get(list)?.as_list()?;
        list.first().cloned()
    };
    let text = |value: &Option<Value>, name: &str| {
        let member = value.as_ref().and_then(|value| value.get(name));
        member
            .map(|member| member.as_str().map_or_else(|| json::to_string(member), str::to_owned))
            .unwrap_or_default()
    };
    let subnet = first("subnets");
    let (prefix, id) = (text(&subnet, "subnet"), text(&subnet, "id"));
    let (name, wanted) = (text(&command.arguments, "name"), text(&command.arguments, "id"));
    let moved = wanted.parse().ok().and_then(|id| config.subnet(SubnetId(id)));
    let moved = moved.map(|subnet| subnet.prefix.to_string()).unwrap_or_default();
    match op {
        Op::Add => log!(messages::SubnetAdded { subnet: prefix, id }),
        Op::Update | Op::DeltaAdd | Op::DeltaDel => log!(messages::SubnetUpdated { subnet: prefix, id }),
        Op::Del => log!(messages::SubnetDeleted { subnet: prefix, id }),
        Op::NetworkAdd => {
            log!(messages::NetworkAdded { name: text(&first("shared-networks"), "name") });
        }
        Op::NetworkDel => log!(messages::NetworkDeleted { name }),
        Op::NetworkSubnetAdd => {
            log!(messages::NetworkSubnetAdded { version: version::<P>(), subnet: moved, id: wanted, name });
        }
        Op::NetworkSubnetDel => {
            log!(messages::NetworkSubnetDeleted { version: version::<P>(), subnet: moved, id: wanted, name });
        }
        Op::List | Op::Get | Op::NetworkList | Op::NetworkGet => {}
    }
}

fn report_failure(family: Family, op: Op, reason: &str) {
    macro_rules! failed {
        ($message:ident) => {
            match family {
                Family::V4 => log!(messages::v4::$message { reason }),
                Family::V6 => log!(messages::v6::$message { reason }),
            }
        };
    }
    match op {
        Op::Add => failed!(AddFailed),
        Op::Update => failed!(UpdateFailed),
        Op::DeltaAdd => failed!(DeltaAddFailed),
        Op::DeltaDel => failed!(DeltaDelFailed),
        Op::Del => failed!(DelFailed),
        Op::List | Op::Get | Op::NetworkList | Op::NetworkGet => failed!(NetworkGetFailed),
        Op::NetworkAdd => failed!(NetworkAddFailed),
        Op::NetworkDel => failed!(NetworkDelFailed),
        Op::NetworkSubnetAdd => failed!(NetworkSubnetAddFailed),
        Op::NetworkSubnetDel => failed!(NetworkSubnetDelFailed),
    }
}

/// The subnet map of a command.
fn subnet_argument<P: Protocol>(command: &Command) -> Result<&Value, Refusal> {
    let map = arguments(command)?;
    single(map, &command.name, &format!("'{}' list", P::SUBNETS))?;
    let subnet = only_map(map, &command.name, P::SUBNETS, "subnets", "subnet information")?;
    if subnet.get("reservations").is_some() {
        return refuse(format!(
            "must not specify host reservations with '{}'. Use 'reservation-add' to add a reservation to a subnet",
            command.name
        ));
    }
    Ok(subnet)
}

/// A subnet as answers name it.
fn named<P: Protocol>(text: String, subnet: &WrittenSubnet<P>) -> Answer {
    let shown = Value::from([("id", subnet.id.0.into()), ("subnet", subnet.prefix.to_string().into())]);
    Answer::full(text, [("subnets", Value::from(vec![shown]))])
}

fn parse<P: Protocol>(value: &Value) -> Result<WrittenSubnet<P>, Refusal> {
    config::parse_subnet(value).map_err(|errors| faults(&errors))
}

/// Refuses a subnet that would stand beside one with its id or prefix.
fn is_new<P: Protocol>(written: &Written<P>, subnet: &WrittenSubnet<P>) -> Result<(), Refusal> {
    if written.subnets.iter().any(|other| other.id == subnet.id) {
        return refuse(format!("ID of the new {} subnet '{}' is already in use", version::<P>(), subnet.id));
    }
    if written.subnets.iter().any(|other| other.prefix == subnet.prefix) {
        return refuse(format!("subnet with the prefix of '{}' already exists", subnet.prefix));
    }
    Ok(())
}

/// The subnet in the part of the configuration that commands can change.
fn editable<P: Protocol>(written: &mut Written<P>, id: SubnetId) -> Result<&mut WrittenSubnet<P>, Answer> {
    written
        .subnets
        .iter_mut()
        .find(|subnet| subnet.id == id)
        .ok_or_else(|| from_database("subnet", &id.to_string()))
}

fn from_database(what: &str, key: &str) -> Answer {
    Answer::conflict(format!(
        "{what} {key} comes from a configuration database; it can only be changed there, with remote commands"
    ))
}

fn add<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Result<Edit<P>, Refusal> {
    let subnet = parse(subnet_argument::<P>(command)?)?;
    is_new(&config.written, &subnet)?;
    Ok(Box::new(move |written| {
        is_new(written, &subnet)?;
        let answer = named(format!("{} subnet added", version::<P>()), &subnet);
        written.subnets.push(subnet);
        Ok(answer)
    }))
}

fn update<P: Protocol>(op: Op, config: &ServerConfig<P>, command: &Command) -> Result<Edit<P>, Refusal> {
    let value = subnet_argument::<P>(command)?;
    let Some(id) = value.get("id") else {
        return refuse(format!("must specify subnet id with '{}' command.", command.name));
    };
    // What the subnet will be has to be right, and what a delta says as well.
    let given = parse(value)?;
    let Some(id) = id.as_int().and_then(|id| u32::try_from(id).ok()).map(SubnetId) else {
        return refuse("'id' parameter is not an integer");
    };
    if !config.written.subnets.iter().any(|subnet| subnet.id == id) {
        return refuse(format!("Can't find subnet '{id}' to update"));
    }
    let definitions = Arc::clone(&config.definitions);
    Ok(Box::new(move |written| {
        let old = editable(written, id)?;
        let mut new = match op {
            Op::Update => {
                let mut new = given;
                if let Some(kept) = old.element.map.get("reservations") {
                    Arc::make_mut(&mut new.element).map.insert("reservations".to_owned(), kept.clone());
                }
                new
            }
            _ => {
                let mut map = old.element.map.clone();
                let keys = ["id", "subnet"];
                let delta = &given.element.map;
                if op == Op::DeltaAdd {
                    delta::add(&mut map, delta, &keys, &definitions);
                } else {
                    delta::del(&mut map, delta, &keys, &definitions);
                }
                let kept = map.remove("reservations");
                let mut new = parse(&Value::new(Kind::Map(map), &old.element.pos))?;
                if let Some(kept) = kept {
                    Arc::make_mut(&mut new.element).map.insert("reservations".to_owned(), kept);
                }
                new
            }
        };
        new.shared_network = old.shared_network.clone();
        let answer = named(format!("{} subnet updated", version::<P>()), &new);
        *old = new;
        Ok(answer)
    }))
}

fn del<P: Protocol>(config: &ServerConfig<P>, command: &Command) -> Result<Edit<P>, Refusal> {
    let map = arguments(command)?;
    let name = &command.name;
    if map.len() != 1 {
        return refuse(format!(
            "invalid number of arguments specified for the '{name} command. Expected subnet identifier"
        ));
    }
    let Some(id) = map.get("id") else {
        return refuse(format!("subnet identifier is required for the '{name}' command"));
    };
    let Some(id) = id.as_int() else {
        return refuse(format!("subnet identifier specified for the '{name}' is not a number"));
    };
    let known = u32::try_from(id).ok().map(SubnetId).filter(|id| config.subnet(*id).is_some());
    let Some(id) = known else { return Err(Refusal::empty(format!("no subnet with id {id} found"))) };
    Ok(Box::new(move |written| {
        let prefix = editable(written, id)?.prefix;
        written.subnets.retain(|subnet| subnet.id != id);
        let shown = Value::from([("id", id.0.into()), ("subnet", prefix.to_string().into())]);
        Ok(Answer::full(
            format!("{} subnet {prefix} (id {id}) deleted", version::<P>()),
            [("subnets", Value::from(vec![shown]))],
        ))
    }))
}
