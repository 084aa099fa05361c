//! `config-get`: the written stage with the defaults that Kea spells out.

use std::collections::HashMap;
use std::sync::Arc;

use ::options::{DataType, DefTable};
use base::{Family, ServerTag};
use json::{Kind, Map, Value};
use sha2::{Digest, Sha256};

use crate::keywords::{DHCP4, Keyword, Literal, OPTION_DEF, OUTPUT_OPTION, Table, Type};
use crate::parse::objects::{boolean, list, text};
use crate::parse::ranges;
use crate::resolve::{find_definition, is_csv, reserved_for};
use crate::{Element, Written4, WrittenSubnet4, definition_table};

/// The `Dhcp4` map of `config-get`: all globals with their defaults, subnets inside their networks, options with
/// code, name and space, `metadata` on what came from a database. Reading it back gives the same configuration.
#[must_use]
pub fn write4(written: &Written4) -> Value {
    let definitions =
        definition_table(&written.option_defs).unwrap_or_else(|_| DefTable::standard(Family::V4));
    let mut out = Map::new();
    for keyword in DHCP4.keywords {
        if let Some(value) = global(keyword, &written.globals) {
            out.insert(keyword.name.to_owned(), value);
        }
    }
    let list = |items: Vec<Value>| Value::from(items);
    out.insert("option-def".to_owned(), list(written.option_defs.iter().map(option_def).collect()));
    let options = written.options.iter().map(|e| with_tags(option_data(&e.map, &definitions), e));
    out.insert("option-data".to_owned(), list(options.collect()));
    if !written.client_classes.is_empty() {
        let classes = written.client_classes.iter().map(|e| with_tags(client_class(&e.map, &definitions), e));
        out.insert("client-classes".to_owned(), list(classes.collect()));
    }
    if !written.reservations.is_empty() {
        let reservations =
            written.reservations.iter().map(|e| reservation(&e.map, &definitions).into()).collect();
        out.insert("reservations".to_owned(), list(reservations));
    }
    let mut networks: Vec<(Option<&str>, Map)> = Vec::new();
    for element in &written.shared_networks {
        let map = derive(scope(&element.map, &definitions), element, &[&written.globals]);
        networks.push((text(&element.map, "name"), map));
    }
    let by_name: HashMap<&str, &Map> =
        written.shared_networks.iter().filter_map(|n| Some((text(&n.map, "name")?, &n.map))).collect();
    let mut nested: HashMap<&str, Vec<Value>> = HashMap::new();
    let mut plain = Vec::new();
    for subnet in &written.subnets {
        let home = subnet.shared_network.as_deref();
        let outer = home.and_then(|name| by_name.get(name).copied());
        let value = subnet4(subnet, &definitions, outer, &written.globals);
        match home {
            Some(name) => nested.entry(name).or_default().push(value),
            None => plain.push(value),
        }
    }
    let networks = networks.into_iter().map(|(name, mut map)| {
        let subnets = name.and_then(|n| nested.remove(n)).unwrap_or_default();
        map.insert("subnet4".to_owned(), subnets.into());
        Value::from(map)
    });
    out.insert("shared-networks".to_owned(), list(networks.collect()));
    out.insert("subnet4".to_owned(), list(plain));
    out.into()
}

/// The arguments of a `config-get` answer: `Dhcp4` and `hash`.
#[must_use]
pub fn config_get(written: &Written4) -> Value {
    let mut whole = Value::from([("Dhcp4", write4(written))]);
    let hash = hash(&whole);
    if let Some(map) = whole.as_map_mut() {
        map.insert("hash".to_owned(), hash.into());
    }
    whole
}

/// SHA-256 of a configuration's text in upper-case hexadecimal digits, as `config-hash-get` answers.
#[must_use]
pub fn hash(config: &Value) -> String {
    base::encode_hex(&Sha256::digest(json::to_string(config).as_bytes()))
}

/// Objects that are written on their own, in `option-def` and the like, have their tables' defaults filled in; maps
/// of the process only those that Kea prints.
fn global(keyword: &Keyword, globals: &Map) -> Option<Value> {
    let own = globals.get(keyword.name);
    match keyword.kind {
        // Lists of objects are written by their own functions.
        Type::Maps(_)
            if matches!(keyword.name, "option-def" | "option-data" | "subnet4" | "shared-networks") =>
        {
            None
        }
        Type::Maps(_) if matches!(keyword.name, "client-classes" | "reservations" | "hosts-databases") => {
            None
        }
        Type::Map(_) if keyword.name == "compatibility" => {
            let set = own?.as_map()?.iter().filter(|(_, v)| v.as_bool() == Some(true));
            let set: Map = set.map(|(k, v)| (k.clone(), v.clone())).collect();
            (!set.is_empty()).then(|| set.into())
        }
        Type::Map(table) if keyword.name == "interfaces-config" => Some(interfaces(table, own)),
        Type::Map(table) if matches!(keyword.default, Literal::EmptyMap) => Some(filled(table, own)),
        Type::Maps(_) if keyword.name == "loggers" => loggers(own),
        Type::Map(_) if keyword.name == "lease-database" => {
            Some(own.cloned().unwrap_or_else(|| Value::from([("type", "memfile".into())])))
        }
        Type::Map(table) if keyword.name == "config-control" => {
            let mut control = own?.clone();
            if let Some(map) = control.as_map_mut() {
                fill(table, map, &["config-fetch-wait-time"]);
            }
            Some(control)
        }
        Type::Strings if keyword.name == "host-reservation-identifiers" => Some(identifiers(own)),
        _ => own.cloned().or_else(|| keyword.default.value()),
    }
}

/// `auto`, alone or by default, is the whole list.
fn identifiers(own: Option<&Value>) -> Value {
    let names: Vec<&str> =
        own.and_then(Value::as_list).unwrap_or(&[]).iter().filter_map(Value::as_str).collect();
    let names = if names.is_empty() || names == ["auto"] {
        vec!["hw-address", "duid", "circuit-id", "client-id"]
    } else {
        names
    };
    names.into_iter().map(Value::from).collect::<Vec<_>>().into()
}

fn filled(table: &Table, own: Option<&Value>) -> Value {
    let mut map = own.and_then(Value::as_map).cloned().unwrap_or_default();
    for keyword in table.keywords {
        if let Some(value) = keyword.default.value() {
            map.entry(keyword.name.to_owned()).or_insert(value);
        }
    }
    map.into()
}

fn fill(table: &Table, map: &mut Map, names: &[&str]) {
    for name in names {
        if let Some(value) = table.get(name).and_then(|k| k.default.value()) {
            map.entry((*name).to_owned()).or_insert(value);
        }
    }
}

fn interfaces(table: &Table, own: Option<&Value>) -> Value {
    let mut map = own.and_then(Value::as_map).cloned().unwrap_or_default();
    fill(table, &mut map, &["interfaces", "re-detect"]);
    // What is as by default goes without saying.
    map.retain(|name, value| {
        matches!(name.as_str(), "interfaces" | "re-detect")
            || table.get(name).and_then(|k| k.default.value()).is_none_or(|default| default != *value)
    });
    map.into()
}

/// `loggers` of a server or of the agent; `None` when there are none.
pub(crate) fn loggers(own: Option<&Value>) -> Option<Value> {
    let loggers: Vec<Value> = own?.as_list()?.iter().filter_map(Value::as_map).map(logger).collect();
    (!loggers.is_empty()).then(|| loggers.into())
}

fn logger(map: &Map) -> Value {
    let mut out = map.clone();
    out.entry("severity".to_owned()).or_insert_with(|| "INFO".into());
    out.entry("debuglevel".to_owned()).or_insert_with(|| 0i64.into());
    if let Some(outputs) = map.get("output-options").and_then(Value::as_list) {
        let outputs = outputs.iter().filter_map(Value::as_map).map(|output| {
            let mut out = output.clone();
            fill(&OUTPUT_OPTION, &mut out, &["flush", "pattern"]);
            let name = text(output, "output").unwrap_or("");
            if !matches!(name, "stdout" | "stderr" | "syslog") && !name.starts_with("syslog:") {
                fill(&OUTPUT_OPTION, &mut out, &["maxsize", "maxver"]);
            }
            Value::from(out)
        });
        out.insert("output-options".to_owned(), outputs.collect::<Vec<_>>().into());
    }
    out.into()
}

/// `metadata` with the tags of the servers that an object is tied to; none for objects of files.
fn metadata(tags: &[ServerTag]) -> Option<Value> {
    if tags.is_empty() {
        return None;
    }
    let tags: Vec<Value> = tags.iter().map(|t| t.as_str().into()).collect();
    Some(Value::from([("server-tags", tags.into())]))
}

fn with_tags(mut map: Map, element: &Element) -> Value {
    if let Some(metadata) = metadata(&element.server_tags) {
        map.insert("metadata".to_owned(), metadata);
    }
    map.into()
}

fn option_def(element: &Arc<Element>) -> Value {
    let mut map = element.map.clone();
    fill(&OPTION_DEF, &mut map, &["array", "encapsulate", "record-types", "space"]);
    with_tags(map, element)
}

/// An option with its code, name and space, whichever of them was written.
#[must_use]
pub fn option_data(map: &Map, definitions: &DefTable) -> Map {
    let mut out = map.clone();
    let Ok((space, code, def)) = find_definition(definitions, map) else { return out };
    out.insert("space".to_owned(), space.into());
    out.insert("code".to_owned(), code.into());
    let mut csv = is_csv(map, def.as_deref());
    if let Some(def) = &def {
        out.insert("name".to_owned(), def.name.as_ref().into());
        csv |= def.data_type == DataType::Empty
            && text(map, "data").is_none_or(str::is_empty)
            && def.encapsulates.is_none();
    }
    let data = text(map, "data").unwrap_or("");
    let shown = if csv {
        data.to_owned()
    } else {
        // One run of digits, however they were grouped.
        ::options::encode_hex(data).map_or_else(|_| data.to_owned(), |octets| base::encode_hex(&octets))
    };
    let never = boolean(map, "never-send").unwrap_or(false);
    out.insert("csv-format".to_owned(), csv.into());
    out.insert("data".to_owned(), shown.into());
    out.insert("always-send".to_owned(), boolean(map, "always-send").unwrap_or(false).into());
    out.insert("never-send".to_owned(), never.into());
    drop_empty(&mut out, &["client-classes"]);
    out
}

fn drop_empty(map: &mut Map, names: &[&str]) {
    for name in names {
        if map.get(*name).is_some_and(|v| matches!(&v.kind, Kind::List(l) if l.is_empty())) {
            map.remove(*name);
        }
    }
}

fn options(map: &Map, definitions: &DefTable) -> Value {
    let items = list(map, "option-data").iter().filter_map(Value::as_map);
    items.map(|option| Value::from(option_data(option, definitions))).collect::<Vec<_>>().into()
}

fn client_class(map: &Map, definitions: &Arc<DefTable>) -> Map {
    let mut out = map.clone();
    let own: Vec<Arc<Element>> = list(map, "option-def")
        .iter()
        .filter_map(|v| {
            Some(Arc::new(Element { map: v.as_map()?.clone(), pos: v.pos.clone(), server_tags: Vec::new() }))
        })
        .collect();
    let table = layered(definitions, &own);
    out.insert("option-def".to_owned(), own.iter().map(option_def).collect::<Vec<_>>().into());
    out.insert("option-data".to_owned(), options(map, &table));
    for (name, value) in [("next-server", "0.0.0.0"), ("server-hostname", ""), ("boot-file-name", "")] {
        out.entry(name.to_owned()).or_insert_with(|| value.into());
    }
    if boolean(map, "only-in-additional-list") == Some(false) {
        out.remove("only-in-additional-list");
    }
    out
}

fn layered(below: &Arc<DefTable>, own: &[Arc<Element>]) -> Arc<DefTable> {
    let defs = own.iter().filter_map(|e| crate::parse::objects::option_def(&e.map, &e.pos)?.ok()).collect();
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
    if text(map, "interface") == Some("") {
        out.remove("interface");
    }
    out
}

/// Parameters that Kea copies from the outer scopes into the objects of files when it reads them, and shows.
const DERIVED: [&str; 14] = [
    "adaptive-lease-time-threshold",
    "allocator",
    "cache-max-age",
    "cache-threshold",
    "calculate-tee-times",
    "max-valid-lifetime",
    "min-valid-lifetime",
    "offer-lifetime",
    "rebind-timer",
    "renew-timer",
    "store-extended-info",
    "t1-percent",
    "t2-percent",
    "valid-lifetime",
];

fn derive(mut out: Map, element: &Element, outer: &[&Map]) -> Map {
    if let Some(metadata) = metadata(&element.server_tags) {
        // Objects of databases show what they say themselves.
        out.insert("metadata".to_owned(), metadata);
        return out;
    }
    for name in DERIVED {
        if out.contains_key(name) {
            continue;
        }
        let inherited = outer.iter().find_map(|scope| scope.get(name)).cloned();
        if let Some(value) = inherited.or_else(|| DHCP4.get(name)?.default.value()) {
            out.insert(name.to_owned(), value);
        }
    }
    // The three lifetimes are shown together.
    if let Some(value) = out.get("valid-lifetime").cloned() {
        for bound in ["min-valid-lifetime", "max-valid-lifetime"] {
            out.entry(bound.to_owned()).or_insert_with(|| value.clone());
        }
    }
    out
}

fn subnet4(subnet: &WrittenSubnet4, definitions: &DefTable, network: Option<&Map>, globals: &Map) -> Value {
    let element = &subnet.element;
    let mut out = scope(&element.map, definitions);
    if let Some(relay) = network.and_then(|n| n.get("relay"))
        && !element.map.contains_key("relay")
        && element.server_tags.is_empty()
    {
        out.insert("relay".to_owned(), relay.clone());
    }
    out.insert("id".to_owned(), subnet.id.0.into());
    out.insert("subnet".to_owned(), subnet.prefix.to_string().into());
    for name in ["4o6-interface", "4o6-interface-id", "4o6-subnet"] {
        out.entry(name.to_owned()).or_insert_with(|| "".into());
    }
    out.insert(
        "pools".to_owned(),
        list(&element.map, "pools").iter().map(|p| pool(p, definitions)).collect::<Vec<_>>().into(),
    );
    let reservations = list(&element.map, "reservations").iter().filter_map(Value::as_map);
    let reservations: Vec<Value> = reservations.map(|map| reservation(map, definitions).into()).collect();
    out.insert("reservations".to_owned(), reservations.into());
    let outer: Vec<&Map> = network.into_iter().chain(std::iter::once(globals)).collect();
    derive(out, element, &outer).into()
}

/// A reservation as answers show it.
#[must_use]
pub fn write_reservation4(map: &Map, definitions: &DefTable) -> Map {
    reservation(map, definitions)
}

/// A reservation with its identifier in the one form that Kea writes, and what it does not reserve as empty.
fn reservation(map: &Map, definitions: &DefTable) -> Map {
    let mut out = map.clone();
    if let Some(Ok(identifier)) = reserved_for(map) {
        out.insert(identifier.kind().name().to_owned(), identifier.text().into());
    }
    for name in ["hostname", "server-hostname", "boot-file-name"] {
        out.entry(name.to_owned()).or_insert_with(|| "".into());
    }
    out.entry("next-server".to_owned()).or_insert_with(|| "0.0.0.0".into());
    out.entry("client-classes".to_owned()).or_insert_with(|| Vec::new().into());
    out.insert("option-data".to_owned(), options(map, definitions));
    out
}

fn pool(value: &Value, definitions: &DefTable) -> Value {
    let Some(map) = value.as_map() else { return value.clone() };
    let mut out = map.clone();
    if let Some(Ok((first, last))) = text(map, "pool").map(ranges::pool) {
        out.insert("pool".to_owned(), ranges::pool_text(first, last).into());
    }
    out.insert("option-data".to_owned(), options(map, definitions));
    drop_empty(&mut out, &["client-classes", "evaluate-additional-classes"]);
    if map.get("pool-id").and_then(Value::as_int) == Some(0) {
        out.remove("pool-id");
    }
    out.into()
}
