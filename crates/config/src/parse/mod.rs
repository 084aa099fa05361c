//! JSON to the written stage.

mod agent;
mod check;
mod d2;
pub(crate) mod objects;
pub(crate) mod objects6;
pub(crate) mod ranges;
mod single;

use std::collections::BTreeSet;
use std::sync::Arc;

use base::SubnetId;
use json::{Kind, Map, Pos, Value};

pub use agent::{parse_agent, parse_agent_arguments};
pub(crate) use check::{Checker, Origin};
pub use d2::{parse_d2, parse_d2_arguments};
pub use objects::database_libraries;
pub use ranges::pool_text;
pub use single::{
    check_globals, parse_client_class, parse_global, parse_option_data, parse_option_def, parse_reservation,
    parse_shared_network, parse_subnet,
};

use crate::error::ConfigError;
use crate::{Element, Protocol, Written, Written4, Written6, WrittenSubnet};

/// How a whole configuration is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParseEnv {
    /// Give subnets without an `id`, or with 0, the numbers 1, 2 and so on, as Kea did up to 2.x. Otherwise such
    /// subnets are refused: a number that changes with the order of subnets puts leases into the wrong one.
    pub assign_subnet_ids: bool,
}

/// Reads a configuration: a map with `Dhcp4`, or the bare map inside it. All faults are reported; what is faulty is
/// left out.
#[must_use]
pub fn parse4(value: Value) -> (Written4, Vec<ConfigError>) {
    parse_with(value, ParseEnv::default())
}

/// Reads the bare map inside `Dhcp4`.
#[must_use]
pub fn parse4_map(value: Value, env: ParseEnv) -> (Written4, Vec<ConfigError>) {
    parse_map(value, env)
}

/// As [`parse4`], of kea-dhcp6.
#[must_use]
pub fn parse6(value: Value) -> (Written6, Vec<ConfigError>) {
    parse_with(value, ParseEnv::default())
}

/// As [`parse4_map`], of kea-dhcp6.
#[must_use]
pub fn parse6_map(value: Value, env: ParseEnv) -> (Written6, Vec<ConfigError>) {
    parse_map(value, env)
}

/// As [`parse4`], of either protocol.
#[must_use]
pub fn parse_with<P: Protocol>(value: Value, env: ParseEnv) -> (Written<P>, Vec<ConfigError>) {
    if value.get(P::NAME).is_some() {
        return whole(value, Origin::File, env);
    }
    let mut checker = Checker::new(Origin::File, P::FAMILY);
    let written = globals(&mut checker, value, env);
    (written, checker.errors)
}

/// As [`parse4_map`], of either protocol.
#[must_use]
pub fn parse_map<P: Protocol>(value: Value, env: ParseEnv) -> (Written<P>, Vec<ConfigError>) {
    let mut checker = Checker::new(Origin::Command, P::FAMILY);
    let written = globals(&mut checker, value, env);
    (written, checker.errors)
}

/// Reads the arguments of `config-set` and `config-test`: a map with `Dhcp4` or `Dhcp6`, and perhaps the `hash` that
/// `config-get` put beside it.
#[must_use]
pub fn parse_arguments<P: Protocol>(value: Value, env: ParseEnv) -> (Written<P>, Vec<ConfigError>) {
    whole(value, Origin::Command, env)
}

fn whole<P: Protocol>(value: Value, origin: Origin, env: ParseEnv) -> (Written<P>, Vec<ConfigError>) {
    let mut checker = Checker::new(origin, P::FAMILY);
    let Some(map) = top(&mut checker.errors, value, P::NAME, origin) else {
        return (Written::default(), checker.errors);
    };
    let written = globals(&mut checker, map, env);
    (written, checker.errors)
}

/// The one member `name` of the outermost map.
pub(crate) fn top(errors: &mut Vec<ConfigError>, value: Value, name: &str, origin: Origin) -> Option<Value> {
    let pos = value.pos();
    let Kind::Map(mut map) = value.kind else {
        let found = crate::error::token_name(&value);
        errors.push(ConfigError::syntax(
            &pos,
            1,
            format_args!("syntax error, unexpected {found}, expecting {{"),
        ));
        return None;
    };
    let inner = map.remove(name);
    // Part of the answer of `config-get`, which must fit into `config-set` as it is.
    let others = map.into_iter().filter(|(other, value)| *other != "hash" || value.as_str().is_none());
    match origin {
        Origin::File => {
            for (other, value) in others {
                errors.push(ConfigError::syntax(
                    &value.key_pos(),
                    u32::try_from(other.chars().count() + 2).unwrap_or(u32::MAX),
                    format_args!("got unexpected keyword \"{other}\" in toplevel map."),
                ));
            }
            if inner.is_none() {
                let text = format_args!("syntax error, missing \"{name}\" in toplevel map");
                errors.push(ConfigError::syntax(&pos, 1, text));
            }
            inner
        }
        // The first fault alone, in Kea's words: programs compare the text.
        Origin::Command => {
            let mut refuse = |text: String| {
                errors.push(ConfigError::plain(&pos, text));
                None
            };
            let Some(inner) = inner else { return refuse(format!("Missing mandatory '{name}' parameter.")) };
            if inner.as_map().is_none() {
                return refuse(format!("'{name}' parameter expected to be a map."));
            }
            let others: Vec<String> = others.map(|(other, _)| format!("'{other}'")).collect();
            match others.as_slice() {
                [] => Some(inner),
                [first, more @ ..] => {
                    let more: String = more.iter().map(|other| format!(" (and {other})")).collect();
                    refuse(format!("Unsupported {first} parameter{more}."))
                }
            }
        }
    }
}

fn globals<P: Protocol>(checker: &mut Checker, mut value: Value, env: ParseEnv) -> Written<P> {
    if env.assign_subnet_ids {
        assign_ids(&mut value, P::SUBNETS);
    }
    let globals_pos = value.pos();
    let mut globals = checker.map(checker.tables.globals, value);
    for (name, value) in std::mem::take(&mut checker.moved) {
        globals.entry(name.to_owned()).or_insert(value);
    }
    let mut written = Written { globals_pos, ..Written::default() };
    written.option_defs = elements(globals.remove("option-def"));
    written.options = elements(globals.remove("option-data"));
    written.client_classes = elements(globals.remove("client-classes"));
    written.reservations = elements(globals.remove("reservations"));
    for network in list(globals.remove("shared-networks")) {
        let pos = network.pos();
        let Kind::Map(mut map) = network.kind else { continue };
        let name = map.get("name").and_then(Value::as_str).map(str::to_owned);
        for subnet in list(map.remove(P::SUBNETS)) {
            written.subnets.extend(written_subnet(subnet, name.clone()));
        }
        if name.is_some() {
            written.shared_networks.push(Arc::new(Element { map, pos, server_tags: Vec::new() }));
        }
    }
    for subnet in list(globals.remove(P::SUBNETS)) {
        written.subnets.extend(written_subnet(subnet, None));
    }
    written.globals = globals;
    duplicates(checker, &written);
    written
}

/// A checked subnet with its keys; `None` when a key is missing, which was reported.
fn written_subnet<P: Protocol>(value: Value, shared_network: Option<String>) -> Option<WrittenSubnet<P>> {
    let pos = value.pos();
    let Kind::Map(map) = value.kind else { return None };
    let id = SubnetId(u32::try_from(map.get("id")?.as_int()?).ok()?);
    let prefix = ranges::subnet(map.get("subnet")?.as_str()?).ok()?;
    let element = Arc::new(Element { map, pos, server_tags: Vec::new() });
    Some(WrittenSubnet { id, prefix, shared_network, element })
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value.map(|v| v.kind) {
        Some(Kind::List(items)) => items,
        _ => Vec::new(),
    }
}

fn elements(value: Option<Value>) -> Vec<Arc<Element>> {
    list(value).into_iter().filter_map(element).map(Arc::new).collect()
}

fn element(value: Value) -> Option<Element> {
    let pos = value.pos();
    let Kind::Map(map) = value.kind else { return None };
    Some(Element { map, pos, server_tags: Vec::new() })
}

/// Keys that must be unique in one configuration. The same checks of the merged configuration are the resolver's;
/// here they find slips in files that are only parsed.
fn duplicates<P: Protocol>(checker: &mut Checker, written: &Written<P>) {
    let mut names = BTreeSet::new();
    for network in &written.shared_networks {
        let Some(name) = network.map.get("name").and_then(Value::as_str) else { continue };
        if !names.insert(name) {
            checker
                .fault(&network.pos, format_args!("duplicate network '{name}' found in the configuration"));
        }
    }
}

/// Numbers for subnets without one: in the order in which Kea 2.x gave them, networks first.
fn assign_ids(value: &mut Value, subnets: &str) {
    let Some(map) = value.as_map_mut() else { return };
    let mut taken = BTreeSet::new();
    each_subnet(map, subnets, &mut |subnet| {
        taken.extend(subnet.get("id").and_then(Value::as_int).filter(|id| *id != 0));
    });
    let mut next = 1;
    each_subnet(map, subnets, &mut |subnet| {
        if subnet.get("id").is_none_or(|id| id.as_int() == Some(0)) {
            while taken.contains(&next) {
                next += 1;
            }
            taken.insert(next);
            subnet.insert("id".to_owned(), next.into());
        }
    });
}

fn each_subnet(map: &mut Map, keyword: &str, visit: &mut dyn FnMut(&mut Map)) {
    fn subnets(map: &mut Map, keyword: &str, visit: &mut dyn FnMut(&mut Map)) {
        let Some(Kind::List(subnets)) = map.get_mut(keyword).map(|v| &mut v.kind) else { return };
        subnets.iter_mut().filter_map(Value::as_map_mut).for_each(visit);
    }
    if let Some(Kind::List(networks)) = map.get_mut("shared-networks").map(|v| &mut v.kind) {
        for network in networks.iter_mut().filter_map(Value::as_map_mut) {
            subnets(network, keyword, visit);
        }
    }
    subnets(map, keyword, visit);
}

/// Position of a member, else of its map.
pub(crate) fn position(map: &Map, name: &str, pos: &Pos) -> Pos {
    map.get(name).map_or_else(|| pos.clone(), Value::pos)
}
