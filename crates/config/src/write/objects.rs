//! Objects of `config-get`: networks, subnets, pools, reservations, classes.

use std::sync::Arc;

use ::options::DefTable;
use base::{Family, IpAddress};
use json::{Map, Value};

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
            Some(Arc::new(Element { map: v.as_map()?.clone(), pos: v.pos.clone(), server_tags: Vec::new() }))
        })
        .collect();
    let table = layered(definitions, &own);
    out.insert("option-data".to_owned(), options(map, &table));
    if definitions.family() == Family::V4 {
        let defs: Vec<Value> = own.iter().map(|e| option_def(Family::V4, e)).collect();
        out.insert("option-def".to_owned(), defs.into());
        for (name, value) in [("next-server", "0.0.0.0"), ("server-hostname", ""), ("boot-file-name", "")] {
            out.entry(name.to_owned()).or_insert_with(|| value.into());
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

/// What networks and subnets have in common.
fn scope(map: &Map, definitions: &DefTable) -> Map {
    let mut out = map.clone();
    out.insert("option-data".to_owned(), options(map, definitions));
    let addresses = map.get("relay").and_then(|r| r.get("ip-addresses")).cloned();
    let relay = Value::from([("ip-addresses", addresses.unwrap_or_else(|| Vec::new().into()))]);
    out.insert("relay".to_owned(), relay);
    drop_empty(&mut out, &["client-classes", "evaluate-additional-classes"]);
    for name in ["interface", "interface-id"] {
        if text(map, name) == Some("") {
            out.remove(name);
        }
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

fn derive(family: Family, mut out: Map, element: &Element, outer: &[&Map]) -> Map {
    if let Some(metadata) = metadata(&element.server_tags) {
        // Objects of databases show what they say themselves.
        out.insert("metadata".to_owned(), metadata);
        return out;
    }
    let globals = keywords::tables(family).globals;
    for name in DERIVED {
        if out.contains_key(name) {
            continue;
        }
        let inherited = outer.iter().find_map(|scope| scope.get(name)).cloned();
        if let Some(value) = inherited.or_else(|| globals.get(name)?.default.value()) {
            out.insert(name.to_owned(), value);
        }
    }
    // The three lifetimes are shown together.
    for names in [VALID, PREFERRED] {
        if let Some(value) = out.get(names.default).cloned() {
            for bound in [names.min, names.max] {
                out.entry(bound.to_owned()).or_insert_with(|| value.clone());
            }
        }
    }
    out
}

/// A network without its subnets.
pub(super) fn network(element: &Element, definitions: &DefTable, globals: &Map) -> Map {
    let family = definitions.family();
    let mut out = scope(&element.map, definitions);
    if family == Family::V6 && element.server_tags.is_empty() {
        out.entry("rapid-commit".to_owned()).or_insert_with(|| false.into());
    }
    derive(family, out, element, &[globals])
}

pub(super) fn subnet<P: Protocol>(
    subnet: &WrittenSubnet<P>,
    definitions: &DefTable,
    network: Option<&Map>,
    globals: &Map,
) -> Value {
    let element = &subnet.element;
    let map = &element.map;
    let mut out = scope(map, definitions);
    let file = element.server_tags.is_empty();
    if let Some(relay) = network.and_then(|n| n.get("relay"))
        && !map.contains_key("relay")
        && file
    {
        out.insert("relay".to_owned(), relay.clone());
    }
    out.insert("id".to_owned(), subnet.id.0.into());
    out.insert("subnet".to_owned(), subnet.prefix.to_string().into());
    let pools = |name: &str, write: &dyn Fn(&Map, &DefTable) -> Map| -> Value {
        let pools = list(map, name).iter().filter_map(Value::as_map).map(|p| write(p, definitions).into());
        pools.collect::<Vec<Value>>().into()
    };
    match P::FAMILY {
        Family::V4 => {
            for name in ["4o6-interface", "4o6-interface-id", "4o6-subnet"] {
                out.entry(name.to_owned()).or_insert_with(|| "".into());
            }
        }
        Family::V6 => {
            if network.is_none() && file {
                out.entry("rapid-commit".to_owned()).or_insert_with(|| false.into());
            }
            out.insert("pd-pools".to_owned(), pools("pd-pools", &pd_pool));
        }
    }
    out.insert("pools".to_owned(), pools("pools", &pool::<P::Address>));
    let reservations = list(map, "reservations").iter().filter_map(Value::as_map);
    let reservations: Vec<Value> = reservations.map(|map| reservation(map, definitions).into()).collect();
    out.insert("reservations".to_owned(), reservations.into());
    let outer: Vec<&Map> = network.into_iter().chain(std::iter::once(globals)).collect();
    derive(P::FAMILY, out, element, &outer).into()
}

/// A reservation as answers show it: with its identifier in the one form that Kea writes, and what it does not reserve as empty.
#[must_use]
pub fn reservation(map: &Map, definitions: &DefTable) -> Map {
    let mut out = map.clone();
    let family = definitions.family();
    if let Some(Ok(identifier)) = reserved_for(family, map) {
        out.insert(identifier.kind().name().to_owned(), identifier.text().into());
    }
    let (texts, lists): (&[&str], &[&str]) = match family {
        Family::V4 => (&["hostname", "server-hostname", "boot-file-name"], &["client-classes"]),
        Family::V6 => (&["hostname"], &["client-classes", "ip-addresses", "prefixes"]),
    };
    for name in texts {
        out.entry((*name).to_owned()).or_insert_with(|| "".into());
    }
    for name in lists {
        out.entry((*name).to_owned()).or_insert_with(|| Vec::new().into());
    }
    if family == Family::V4 {
        out.entry("next-server".to_owned()).or_insert_with(|| "0.0.0.0".into());
    }
    out.insert("option-data".to_owned(), options(map, definitions));
    out
}

fn pool<A: IpAddress>(map: &Map, definitions: &DefTable) -> Map {
    let mut out = pool_scope(map, definitions);
    if let Some(Ok((first, last))) = text(map, "pool").map(ranges::pool::<A>) {
        out.insert("pool".to_owned(), ranges::pool_text(first, last).into());
    }
    out
}

fn pd_pool(map: &Map, definitions: &DefTable) -> Map {
    let mut out = pool_scope(map, definitions);
    if let Some(Ok(range)) = objects6::pd_pool(map) {
        out.insert("prefix".to_owned(), range.prefix.address().to_string().into());
        match range.excluded {
            Some(excluded) => {
                out.insert("excluded-prefix".to_owned(), excluded.address().to_string().into());
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
    out.insert("option-data".to_owned(), options(map, definitions));
    drop_empty(&mut out, &["client-classes", "evaluate-additional-classes"]);
    if map.get("pool-id").and_then(Value::as_int) == Some(0) {
        out.remove("pool-id");
    }
    out
}
