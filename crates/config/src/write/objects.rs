//! Objects of `config-get`: networks, subnets, pools, reservations, classes.

use std::sync::Arc;

use ::options::DefTable;
use base::{Family, IpAddress};
use json::{Key, Map, Value};

use super::{drop_empty, metadata, option_def, options};
use crate::keywords;
use crate::parse::objects::{self, PREFERRED, VALID, boolean, list, text};
use crate::parse::{objects6, ranges};
use crate::resolve::reserved_for;
use crate::{Element, Protocol, WrittenSubnet};

pub(super) fn client_class(map: &Map, definitions: &Arc<DefTable>) -> Map {
    let mut out = map.clone();
    let own: Vec<Arc<Element>> = list(map, "option-def")
        .iter()
        .filter_map(|v| {
            Some(Arc::new(Element { map: v.as_map()?.clone(), pos: v.pos(), server_tags: Vec::new() }))
        })
        .collect();
    let table = layered(definitions, &own);
    out.insert("option-data", options(map, &table));
    if definitions.family() == Family::V4 {
        let defs: Vec<Value> = own.iter().map(|e| option_def(Family::V4, e)).collect();
        out.insert("option-def", defs.into());
        for (name, value) in [("next-server", "0.0.0.0"), ("server-hostname", ""), ("boot-file-name", "")] {
            out.entry(name).or_insert_with(|| value.into());
        }
    }
    if boolean(map, "only-in-additional-list") == Some(false) {
        out.remove("only-in-additional-list");
    }
    out
}

fn layered(below: &Arc<DefTable>, own: &[Arc<Element>]) -> Arc<DefTable> {
    let defs = own.iter().filter_map(|e| objects::option_def(below.family(), &e.map, &e.pos)?.ok()).collect();
    below.with(defs).unwrap_or_else(|_| Arc::clone(below))
}

/// What networks and subnets have in common: what they say, in the form in which it is shown. Members named in
/// `rewritten` are left to the caller.
fn scope(map: &Map, definitions: &DefTable, rewritten: &[&str]) -> Map {
    let shown = |(name, value): &(&Key, &Value)| match name.as_str() {
        "option-data" | "relay" => false,
        "client-classes" | "evaluate-additional-classes" => value.as_list() != Some(&[]),
        "interface" | "interface-id" => value.as_str() != Some(""),
        name => !rewritten.contains(&name),
    };
    let mut out: Map = map.iter().filter(shown).map(|(name, value)| (name.clone(), value.clone())).collect();
    out.insert("option-data", options(map, definitions));
    if let Some(relay) = map.get("relay") {
        let addresses = relay.get("ip-addresses").cloned().unwrap_or_else(|| Vec::new().into());
        out.insert("relay", Value::from([("ip-addresses", addresses)]));
    }
    out
}

/// Parameters that Kea copies from the outer scopes into the objects of files when it reads them, and shows.
const DERIVED: [&str; 18] = [
    "adaptive-lease-time-threshold",
    "allocator",
    "cache-max-age",
    "cache-threshold",
    "calculate-tee-times",
    "max-preferred-lifetime",
    "max-valid-lifetime",
    "min-preferred-lifetime",
    "min-valid-lifetime",
    "offer-lifetime",
    "pd-allocator",
    "preferred-lifetime",
    "rebind-timer",
    "renew-timer",
    "store-extended-info",
    "t1-percent",
    "t2-percent",
    "valid-lifetime",
];

/// What objects show that they do not say themselves.
pub(super) struct Outer {
    /// Objects of files: the parameters of the scopes around them too.
    file: Map,
    /// Objects of databases show what they say themselves.
    database: Map,
}

impl Outer {
    /// Of the networks.
    pub(super) fn network(family: Family, globals: &Map) -> Self {
        let mut file = derived(family, &[globals]);
        let empty = no_relay();
        file.insert("relay", empty.clone());
        if family == Family::V6 {
            file.insert("rapid-commit", false.into());
        }
        Self { file, database: Map::from([("relay", empty)]) }
    }

    /// Of the subnets of a network, or of those of the top level.
    pub(super) fn subnet(family: Family, network: Option<&Map>, globals: &Map) -> Self {
        let mut database = Map::from([("relay", no_relay())]);
        if family == Family::V4 {
            database
                .extend(["4o6-interface", "4o6-interface-id", "4o6-subnet"].map(|name| (name, "".into())));
        }
        let scopes: Vec<&Map> = network.into_iter().chain(std::iter::once(globals)).collect();
        let mut file = derived(family, &scopes).or(&database);
        if let Some(relay) = network.and_then(|network| network.get("relay")) {
            file.insert("relay", relay.clone());
        }
        if family == Family::V6 && network.is_none() {
            file.insert("rapid-commit", false.into());
        }
        Self { file, database }
    }

    /// The whole of an object that says `own`.
    fn complete(&self, own: Map, element: &Element) -> Map {
        if let Some(metadata) = metadata(&element.server_tags) {
            let mut out = own.or(&self.database);
            out.insert("metadata", metadata);
            return out;
        }
        let mut out = own.or(&self.file);
        // The three lifetimes are shown together.
        for names in [VALID, PREFERRED] {
            if let Some(value) = out.get(names.default).cloned() {
                for bound in [names.min, names.max] {
                    out.entry(bound).or_insert_with(|| value.clone());
                }
            }
        }
        out
    }
}

fn no_relay() -> Value {
    Value::from([("ip-addresses", Vec::new().into())])
}

/// The parameters of scopes, the nearest first, and the defaults.
fn derived(family: Family, scopes: &[&Map]) -> Map {
    let globals = keywords::tables(family).globals;
    let value = |name| {
        let inherited = scopes.iter().find_map(|scope| scope.get(name)).cloned();
        inherited.or_else(|| globals.get(name)?.default.value())
    };
    DERIVED.iter().filter_map(|name| Some((*name, value(name)?))).collect()
}

/// A network without its subnets.
pub(super) fn network(element: &Element, definitions: &DefTable, outer: &Outer) -> Map {
    outer.complete(scope(&element.map, definitions, &[]), element)
}

pub(super) fn subnet<P: Protocol>(subnet: &WrittenSubnet<P>, definitions: &DefTable, outer: &Outer) -> Map {
    let element = &subnet.element;
    let map = &element.map;
    let mut out = scope(map, definitions, &["pools", "pd-pools", "reservations"]);
    out.insert("id", subnet.id.0.into());
    out.insert("subnet", subnet.prefix.to_string().into());
    let pools = |name: &str, write: &dyn Fn(&Map, &DefTable) -> Map| -> Value {
        let pools = list(map, name).iter().filter_map(Value::as_map).map(|p| write(p, definitions).into());
        pools.collect::<Vec<Value>>().into()
    };
    if P::FAMILY == Family::V6 {
        out.insert("pd-pools", pools("pd-pools", &pd_pool));
    }
    out.insert("pools", pools("pools", &pool::<P::Address>));
    let reservations = list(map, "reservations").iter().filter_map(Value::as_map);
    let reservations: Vec<Value> = reservations.map(|map| reservation(map, definitions).into()).collect();
    out.insert("reservations", reservations.into());
    outer.complete(out, element)
}

/// A reservation as answers show it: with its identifier in the one form that Kea writes, and what it does not reserve as empty.
#[must_use]
pub fn reservation(map: &Map, definitions: &DefTable) -> Map {
    let mut out = map.clone();
    let family = definitions.family();
    if let Some(Ok(identifier)) = reserved_for(family, map) {
        out.insert(identifier.kind().name(), identifier.text().into());
    }
    let (texts, lists): (&[&str], &[&str]) = match family {
        Family::V4 => (&["hostname", "server-hostname", "boot-file-name"], &["client-classes"]),
        Family::V6 => (&["hostname"], &["client-classes", "ip-addresses", "prefixes"]),
    };
    for name in texts {
        out.entry(*name).or_insert_with(|| "".into());
    }
    for name in lists {
        out.entry(*name).or_insert_with(|| Vec::new().into());
    }
    if family == Family::V4 {
        out.entry("next-server").or_insert_with(|| "0.0.0.0".into());
    }
    out.insert("option-data", options(map, definitions));
    out
}

fn pool<A: IpAddress>(map: &Map, definitions: &DefTable) -> Map {
    let mut out = pool_scope(map, definitions);
    if let Some(Ok((first, last))) = text(map, "pool").map(ranges::pool::<A>) {
        out.insert("pool", ranges::pool_text(first, last).into());
    }
    out
}

fn pd_pool(map: &Map, definitions: &DefTable) -> Map {
    let mut out = pool_scope(map, definitions);
    if let Some(Ok(range)) = objects6::pd_pool(map) {
        out.insert("prefix", range.prefix.address().to_string().into());
        match range.excluded {
            Some(excluded) => {
                out.insert("excluded-prefix", excluded.address().to_string().into());
            }
            None => {
                out.remove("excluded-prefix");
                out.remove("excluded-prefix-len");
            }
        }
    }
    out
}

/// What pools of addresses and of prefixes have in common.
fn pool_scope(map: &Map, definitions: &DefTable) -> Map {
    let mut out = map.clone();
    out.insert("option-data", options(map, definitions));
    drop_empty(&mut out, &["client-classes", "evaluate-additional-classes"]);
    if map.get("pool-id").and_then(Value::as_int) == Some(0) {
        out.remove("pool-id");
    }
    out
}
