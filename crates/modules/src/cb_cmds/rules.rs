//! Objects of a command through the parser of the configuration file, by family.

use backend::Prefix;
use backend::columns::{self, Form};
use base::{Family, IpPrefix, SubnetId};
use config::{ConfigError, Protocol};
use json::{Map, Value};

use super::args::{Refusal, refuse};

/// A subnet of a command.
pub(crate) struct Subnet {
    pub(crate) id: SubnetId,
    pub(crate) prefix: Prefix,
    pub(crate) shared_network: Option<String>,
    pub(crate) map: Map,
}

fn first(errors: Vec<ConfigError>) -> Refusal {
    let texts: Vec<String> = errors.into_iter().map(|error| error.text).collect();
    Refusal(texts.join("; "))
}

/// `metadata` comes with objects that were read before; a comment is part of the user context.
fn tidy(map: &mut Map) {
    map.remove("metadata");
    // `config-get` shows the empty list.
    if map.get("reservations").and_then(Value::as_list).is_some_and(<[Value]>::is_empty) {
        map.remove("reservations");
    }
    if let Some(comment) = map.remove("comment") {
        let context = map.entry("user-context".to_owned()).or_insert_with(Value::map);
        if let Some(context) = context.as_map_mut() {
            context.insert("comment".to_owned(), comment);
        }
    }
    for keyword in ["pools", "pd-pools", "option-data", "option-def"] {
        if let Some(json::Kind::List(list)) = map.get_mut(keyword).map(|value| &mut value.kind) {
            list.iter_mut().filter_map(Value::as_map_mut).for_each(tidy);
        }
    }
}

/// Kea takes no integer where a real is due, and databases tell the two apart.
fn reals(map: &Map) -> Result<(), Refusal> {
    for (name, value) in map {
        is_real(name, value)?;
    }
    Ok(())
}

fn is_real(name: &str, value: &Value) -> Result<(), Refusal> {
    let real = name == "adaptive-lease-time-threshold"
        || columns::SUBNET4
            .iter()
            .chain(columns::SUBNET6)
            .any(|column| column.keyword == name && column.form == Form::Real);
    if real && value.as_int().is_some() {
        refuse(format!("'{name}' parameter is not a real"))
    } else {
        Ok(())
    }
}

pub(crate) fn subnet<P: Protocol>(value: &Value) -> Result<Subnet, Refusal> {
    if value.as_map().is_some_and(|map| !map.contains_key("subnet")) {
        return refuse(
            "subnet configuration failed: mandatory 'subnet' parameter is missing for a subnet being configured",
        );
    }
    value.as_map().map_or(Ok(()), reals)?;
    if value.get("reservations").and_then(Value::as_list).is_some_and(|list| !list.is_empty()) {
        return refuse("host reservations are not part of a subnet in a configuration database");
    }
    let parsed = config::parse_subnet::<P>(value).map_err(first)?;
    let mut map = parsed.element.map.clone();
    tidy(&mut map);
    let prefix = Prefix::new(parsed.prefix.first().into(), parsed.prefix.length())
        .ok_or_else(|| Refusal("subnet configuration failed".to_owned()))?;
    map.insert("subnet".to_owned(), parsed.prefix.to_string().into());
    Ok(Subnet { id: parsed.id, prefix, shared_network: parsed.shared_network, map })
}

pub(crate) fn network(family: Family, value: &Value) -> Result<Map, Refusal> {
    if value.get("name").and_then(Value::as_str) == Some("") {
        return refuse("'name' parameter must not be empty");
    }
    let list = if family == Family::V4 { "subnet4" } else { "subnet6" };
    if value.get(list).is_some() {
        return refuse(format!("'{list}' parameter must not be specified for a shared network"));
    }
    value.as_map().map_or(Ok(()), reals)?;
    tidied(config::parse_shared_network(family, value).map_err(first)?.map.clone())
}

pub(crate) fn option_def(family: Family, value: &Value) -> Result<Map, Refusal> {
    tidied(config::parse_option_def(family, value).map_err(first)?.map.clone())
}

pub(crate) fn option(family: Family, value: &Value) -> Result<Map, Refusal> {
    tidied(config::parse_option_data(family, value).map_err(first)?.map.clone())
}

pub(crate) fn class(family: Family, value: &Value) -> Result<Map, Refusal> {
    tidied(config::parse_client_class(family, value).map_err(first)?.map.clone())
}

/// Whether there is a global parameter of this name, members of maps as `map.member`.
pub(crate) fn is_global(family: Family, name: &str) -> bool {
    config::keywords::global_parameter(family, name).is_some()
}

pub(crate) fn global(family: Family, name: &str, value: &Value) -> Result<Value, Refusal> {
    is_real(name, value)?;
    config::parse_global(family, name, value).map_err(|error| Refusal(error.text))
}

fn tidied(mut map: Map) -> Result<Map, Refusal> {
    tidy(&mut map);
    Ok(map)
}
