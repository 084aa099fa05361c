//! What the commands ask for, read in the order in which Kea does, with its texts.

use std::net::IpAddr;

use backend::hosts::HostQuery;
use base::{Family, IpPrefix, SubnetId};
use config::{Element, Protocol, ServerConfig};
use host::{Identifier, IdentifierKind};
use json::{Map, Value};

use crate::edit::version;
use crate::params::{Params, Refusal, address, octets, refuse};

/// Largest subnet identifier.
const MAX_SUBNET: u32 = u32::MAX - 1;

/// `operation-target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The configuration.
    Memory,
    Database,
    All,
}

impl Target {
    /// `absent` is what `default` stands for.
    pub(super) fn of(map: &Map, absent: Self) -> Result<Self, Refusal> {
        let Some(value) = map.get("operation-target") else { return Ok(absent) };
        let Some(name) = value.as_str() else {
            return refuse(format!(
                "invalid type specified for parameter 'operation-target' ({})",
                value.pos()
            ));
        };
        match name {
            "memory" => Ok(Self::Memory),
            "database" => Ok(Self::Database),
            "all" => Ok(Self::All),
            "default" => Ok(absent),
            _ => refuse(format!(
                "The 'operation-target' value ({name}) is not within expected set: (memory, database, all, default)"
            )),
        }
    }

    pub(super) fn memory(self) -> bool {
        self != Self::Database
    }

    pub(super) fn database(self) -> bool {
        self != Self::Memory
    }
}

pub(super) fn map(arguments: Option<&Value>) -> Result<Params<'_>, Refusal> {
    arguments.and_then(Params::of).ok_or_else(|| Refusal::error("Parameters missing or are not a map."))
}

/// `subnet-id`.
pub(super) fn subnet(params: &Params<'_>) -> Result<SubnetId, Refusal> {
    let id: u32 = params.number("subnet-id")?;
    if id > MAX_SUBNET {
        return refuse(format!("out of range value ({id}) specified for parameter 'subnet-id'"));
    }
    Ok(SubnetId(id))
}

pub(super) fn optional_subnet(params: &Params<'_>) -> Result<Option<SubnetId>, Refusal> {
    if params.get("subnet-id").is_some() { subnet(params).map(Some) } else { Ok(None) }
}

/// The one reservation of `reservation-get` and `reservation-del`: by address or by identifier, in a subnet.
pub(super) fn key(params: &Params<'_>) -> Result<(SubnetId, HostQuery), Refusal> {
    let (address, kind, identifier) =
        (params.get("ip-address"), params.get("identifier-type"), params.get("identifier"));
    let nothing = address.is_none() && kind.is_none() && identifier.is_none();
    let subnet = if nothing { Some(subnet(params)?) } else { optional_subnet(params)? };
    Target::of(params.map, Target::All)?;
    if let Some(value) = address {
        let Some(text) = value.as_str() else { return refuse("'ip-address' is not a string.") };
        let address = self::address(text)?;
        let Some(subnet) = subnet else {
            return refuse(format!(
                "missing parameter 'subnet-id', use 'reservation-get-by-address' with 'ip-address' set to \"{text}\" \
                 to get the list of reservations with this address"
            ));
        };
        return Ok((subnet, HostQuery::Address(address)));
    }
    let text = |value: Option<&Value>, name: &str| {
        value.and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
            Refusal::error(format!(
                "No 'ip-address' provided and '{name}' is either missing or not a string."
            ))
        })
    };
    let (kind, value) = (text(kind, "identifier-type")?, text(identifier, "identifier")?);
    let identifier = self::identifier(&kind, &value)?;
    let Some(subnet) = subnet else {
        return refuse(format!(
            "missing parameter 'subnet-id', use 'reservation-get-by-id' with 'identifier-type' set to \"{kind}\" and \
             'identifier' to \"{value}\" to get the list of reservations with this identifier"
        ));
    };
    Ok((subnet, HostQuery::Identifier(identifier)))
}

/// The identifier of `reservation-get-by-id`.
pub(super) fn by_id(params: &Params<'_>) -> Result<HostQuery, Refusal> {
    let text = |name: &str| {
        let value = params.get(name).and_then(Value::as_str);
        value.ok_or_else(|| Refusal::error(format!("'{name}' is either missing or not a string.")))
    };
    let kind = params
        .get("identifier-type")
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::error("'identifier-type' is either missing or not a string."))?;
    let value = text("identifier")?;
    if params.get("subnet-id").is_some() {
        return refuse("'subnet-id' is forbidden in reservation-get-by-id");
    }
    identifier(kind, value).map(HostQuery::Identifier)
}

/// The address of `reservation-get-by-address`.
pub(super) fn by_address(params: &Params<'_>) -> Result<IpAddr, Refusal> {
    let text = params.string("ip-address")?;
    let pos = params.get("ip-address").map(|value| value.pos().to_string()).unwrap_or_default();
    address(text)
        .map_err(|why| Refusal::error(format!("Failed to convert '{text}' to address: {}({pos})", why.text)))
}

fn identifier(kind: &str, text: &str) -> Result<Identifier, Refusal> {
    let quoted = text.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let octets = match quoted.filter(|inner| !inner.is_empty()) {
        Some(inner) => inner.as_bytes().to_vec(),
        None => octets(text).map_err(|_| Refusal::error("Unable to parse 'identifier' value."))?,
    };
    if octets.is_empty() {
        return refuse("Unable to query for empty 'identifier'.");
    }
    let Some(kind) = IdentifierKind::from_name(kind) else {
        return refuse("Value of 'identifier-type' was not recognized.");
    };
    Ok(Identifier::new(kind, &octets)?)
}

/// The `reservation` of a command: its `subnet-id` and the rest.
pub(super) fn reservation(value: &Value) -> Result<(Option<SubnetId>, Value), Refusal> {
    let mut rest = value.clone();
    let Some(map) = rest.as_map_mut() else { return refuse("reservation must be a map") };
    let Some(id) = map.remove("subnet-id") else { return Ok((None, rest)) };
    let Some(id) = id.as_int() else { return refuse("'subnet-id' parameter is not integer.") };
    match u32::try_from(id).ok().filter(|id| *id <= MAX_SUBNET) {
        Some(id) => Ok((Some(SubnetId(id)), rest)),
        None => {
            refuse(format!("subnet-id: {id} is invalid, must be between 0 and {} (inclusive).", MAX_SUBNET))
        }
    }
}

/// Refuses a subnet that is not there, and addresses that are not of it.
pub(super) fn in_subnet<P: Protocol>(
    config: &ServerConfig<P>,
    id: SubnetId,
    addresses: &[P::Address],
) -> Result<(), Refusal> {
    if id == host::GLOBAL {
        return Ok(());
    }
    let version = version::<P>();
    let Some(subnet) = config.subnet(id) else {
        return refuse(format!("{version} subnet with ID of '{id}' is not configured"));
    };
    match addresses.iter().find(|address| !subnet.prefix.contains(**address)) {
        Some(address) => refuse(format!(
            "specified reservation '{address}' is not matching the {version} subnet prefix '{}'",
            subnet.prefix
        )),
        None => Ok(()),
    }
}

/// What to say when addresses or prefixes come without their subnet.
pub(super) fn which_subnet<P: Protocol>(
    config: &ServerConfig<P>,
    addresses: &[P::Address],
    element: &Element,
) -> Option<Refusal> {
    let missing = "Mandatory 'subnet-id' parameter missing.";
    let Some(first) = addresses.first() else {
        let prefixes = element.map.get("prefixes").and_then(Value::as_list);
        return prefixes.is_some_and(|list| !list.is_empty()).then(|| {
            Refusal::error(format!("{missing} Prefixes are not attached to subnets so no hint is available."))
        });
    };
    let holds_all = |prefix: P::Prefix| addresses.iter().all(|address| prefix.contains(*address));
    let mut all = config.subnets.iter().filter(|subnet| holds_all(subnet.prefix)).collect::<Vec<_>>();
    // One that takes every client is the better guess.
    all.sort_by_key(|subnet| !subnet.client_classes.is_empty());
    let (what, verb) = match P::FAMILY {
        Family::V4 => (format!("The address '{first}'"), "belongs to"),
        Family::V6 => ("Reserved IPv6 addresses".to_owned(), "belong to"),
    };
    Some(Refusal::error(match all.first() {
        None if P::FAMILY == Family::V6 => {
            format!("{missing} {what} do not belong to a common configured subnet.")
        }
        None => format!("{missing} {what} {verb} no configured subnet."),
        Some(subnet) => format!(
            "{missing} {what} {verb} {}subnet '{}' id {}{}",
            if subnet.client_classes.is_empty() { "" } else { "guarded " },
            subnet.prefix,
            subnet.id,
            if all.len() > 1 { " and others." } else { "." },
        ),
    }))
}
