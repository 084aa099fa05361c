//! `config-get`: the written stage with the defaults that Kea spells out.

mod d2;
mod objects;

pub use d2::{config_get_d2, write_d2};
pub use objects::reservation as write_reservation;

use std::collections::HashMap;
use std::sync::Arc;

use ::options::{DataType, DefTable};
use base::{Family, ServerTag};
use json::{Kind, Map, Value};
use sha2::{Digest, Sha256};

use crate::keywords::{self, Keyword, Literal, OUTPUT_OPTION, Table, Type};
use crate::parse::objects::{boolean, list, text};
use crate::resolve::{ERP_LOCAL_DOMAIN_NAME, default_identifiers, find_definition, is_csv};
use crate::{Element, MacSource, Protocol, Written, Written4, Written6, WrittenSubnet, definition_table};
use objects::Outer;

/// The `Dhcp4` map of `config-get`: all globals with their defaults, subnets inside their networks, options with
/// code, name and space, `metadata` on what came from a database. Reading it back gives the same configuration.
#[must_use]
pub fn write4(written: &Written4) -> Value {
    write(written)
}

/// As [`write4`], the `Dhcp6` map.
#[must_use]
pub fn write6(written: &Written6) -> Value {
    write(written)
}

/// The outermost map of a server of either protocol.
#[must_use]
pub fn write<P: Protocol>(written: &Written<P>) -> Value {
    let parts = Parts::new(written);
    let mut out = parts.frame();
    let networks = written.shared_networks.iter().map(|network| {
        let (mut map, outer, subnets) = parts.network(network);
        let subnets: Vec<Value> = subnets.map(|subnet| parts.subnet(subnet, &outer).into()).collect();
        map.insert(P::SUBNETS, subnets.into());
        Value::from(map)
    });
    out.insert("shared-networks", networks.collect::<Vec<_>>().into());
    let outer = parts.outermost();
    let subnets: Vec<Value> = parts.plain.iter().map(|subnet| parts.subnet(subnet, &outer).into()).collect();
    out.insert(P::SUBNETS, subnets.into());
    out.into()
}

/// The text of [`write_file`], an object at a time: what a hundred thousand subnets are as a tree is not in memory.
fn write_text<P: Protocol>(written: &Written<P>, out: &mut String) {
    let parts = Parts::new(written);
    let subnets = |list: &[&WrittenSubnet<P>], outer: &Outer, out: &mut String| {
        json::write_list(list, out, |subnet, out| {
            json::write_compact(&without_metadata(parts.subnet(subnet, outer)), out);
        });
    };
    // What is streamed has no value here.
    let frame = without_metadata(parts.frame());
    json::write_members(named(&frame), out, |(name, value), out| match name {
        "shared-networks" => json::write_list(&written.shared_networks, out, |network, out| {
            let (mut map, outer, nested) = parts.network(network);
            let nested: Vec<_> = nested.collect();
            map.insert(P::SUBNETS, Value::default());
            json::write_members(named(&without_metadata(map)), out, |(name, value), out| {
                if name == P::SUBNETS {
                    subnets(&nested, &outer, out)
                } else {
                    json::write_compact(value, out)
                }
            });
        }),
        name if name == P::SUBNETS => subnets(&parts.plain, &parts.outermost(), out),
        _ => json::write_compact(value, out),
    });
}

/// The members of a map, which those who write them tell apart by name.
fn named(map: &Value) -> impl Iterator<Item = (&str, (&str, &Value))> {
    map.as_map().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), (name.as_str(), value)))
}

fn without_metadata(map: Map) -> Value {
    let mut value = Value::from(map);
    strip_metadata(&mut value);
    value
}

/// What the objects of a configuration are written from.
struct Parts<'w, P: Protocol> {
    written: &'w Written<P>,
    definitions: Arc<DefTable>,
    /// Subnets of the top level.
    plain: Vec<&'w WrittenSubnet<P>>,
    /// Those of networks, by name.
    nested: HashMap<&'w str, Vec<&'w WrittenSubnet<P>>>,
}

impl<'w, P: Protocol> Parts<'w, P> {
    fn new(written: &'w Written<P>) -> Self {
        let definitions = definition_table(P::FAMILY, &written.option_defs)
            .unwrap_or_else(|_| DefTable::standard(P::FAMILY));
        let (mut plain, mut nested) = (Vec::new(), HashMap::<_, Vec<_>>::new());
        for subnet in &written.subnets {
            match subnet.shared_network.as_deref() {
                Some(name) => nested.entry(name).or_default().push(subnet),
                None => plain.push(subnet),
            }
        }
        Self { written, definitions, plain, nested }
    }

    /// The outermost map, its networks and subnets still empty.
    fn frame(&self) -> Map {
        let Self { written, definitions, .. } = self;
        let mut out = Map::new();
        for keyword in keywords::tables(P::FAMILY).globals.keywords {
            if let Some(value) = global(definitions, keyword, &written.globals) {
                out.insert(keyword.name, value);
            }
        }
        let list = |items: Vec<Value>| Value::from(items);
        let defs = written.option_defs.iter().map(|e| option_def(P::FAMILY, e));
        out.insert("option-def", list(defs.collect()));
        let options = written.options.iter().map(|e| with_tags(option_data(&e.map, definitions), e));
        out.insert("option-data", list(options.collect()));
        if !written.client_classes.is_empty() {
            let classes = written
                .client_classes
                .iter()
                .map(|e| with_tags(objects::client_class(&e.map, definitions), e));
            out.insert("client-classes", list(classes.collect()));
        }
        if !written.reservations.is_empty() {
            let reservations = written.reservations.iter();
            let reservations = reservations.map(|e| objects::reservation(&e.map, definitions).into());
            out.insert("reservations", list(reservations.collect()));
        }
        out.insert("shared-networks", list(Vec::new()));
        out.insert(P::SUBNETS, list(Vec::new()));
        if !written.global_tags.is_empty() {
            let tagged = written.global_tags.iter();
            let parameters: Map =
                tagged.filter_map(|(name, tags)| Some((name.clone(), metadata(tags)?))).collect();
            out.insert("metadata", Value::from([("global-parameters", parameters.into())]));
        }
        out
    }

    /// A network, what its subnets get from it, and these.
    fn network(&self, network: &'w Element) -> (Map, Outer, impl Iterator<Item = &'w WrittenSubnet<P>>) {
        let globals = &self.written.globals;
        let map = objects::network(network, &self.definitions, &Outer::network(P::FAMILY, globals));
        let subnets = text(&network.map, "name").and_then(|name| self.nested.get(name));
        let outer = Outer::subnet(P::FAMILY, Some(&network.map), globals);
        (map, outer, subnets.into_iter().flatten().copied())
    }

    fn outermost(&self) -> Outer {
        Outer::subnet(P::FAMILY, None, &self.written.globals)
    }

    fn subnet(&self, subnet: &WrittenSubnet<P>, outer: &Outer) -> Map {
        objects::subnet(subnet, &self.definitions, outer)
    }
}

/// The arguments of a `config-get` answer: `Dhcp4` or `Dhcp6`, and `hash`. With `origin`, objects of a database have
/// their `metadata`; the hash is the same either way.
#[must_use]
pub fn config_get<P: Protocol>(written: &Written<P>, origin: bool) -> Value {
    let config = if origin { write(written) } else { write_file(written) };
    Value::from([(P::NAME, config), ("hash", hash(written).into())])
}

/// The text of [`config_get`] without `origin`, and the hash in it.
#[must_use]
pub fn config_get_text<P: Protocol>(written: &Written<P>) -> (String, String) {
    let mut text = format!("{{ \"{}\": ", P::NAME);
    let start = text.len();
    write_text(written, &mut text);
    let hash = digest(P::NAME, text.get(start..).unwrap_or_default());
    text.push_str(", \"hash\": \"");
    text.push_str(&hash);
    text.push_str("\" }");
    (text, hash)
}

/// As [`write`], without `metadata`: as Kea shows and writes a configuration, wherever its objects come from.
#[must_use]
pub fn write_file<P: Protocol>(written: &Written<P>) -> Value {
    let mut whole = write(written);
    strip_metadata(&mut whole);
    whole
}

fn strip_metadata(value: &mut Value) {
    match &mut value.kind {
        Kind::Map(map) => {
            map.remove("metadata");
            // Maps of operators and of libraries are their own.
            let ours =
                map.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "user-context" | "parameters"));
            ours.for_each(|(_, value)| strip_metadata(value));
        }
        Kind::List(list) => list.iter_mut().for_each(strip_metadata),
        _ => {}
    }
}

/// SHA-256 of a configuration's text in upper-case hexadecimal digits, as `config-hash-get` answers.
#[must_use]
pub fn hash<P: Protocol>(written: &Written<P>) -> String {
    config_get_text(written).1
}

/// Of `{ "Dhcp4": ... }` or its sister.
fn digest(name: &str, config: &str) -> String {
    let mut digest = Sha256::new();
    for part in ["{ \"", name, "\": ", config, " }"] {
        digest.update(part.as_bytes());
    }
    base::encode_hex(&digest.finalize())
}

/// Objects that are written on their own, in `option-def` and the like, have their tables' defaults filled in; maps
/// of the process only those that Kea prints.
fn global(definitions: &DefTable, keyword: &Keyword, globals: &Map) -> Option<Value> {
    let own = globals.get(keyword.name);
    match keyword.kind {
        // Lists of objects are written by their own functions.
        Type::Maps(_)
            if matches!(
                keyword.name,
                "option-def" | "option-data" | "subnet4" | "subnet6" | "shared-networks"
            ) =>
        {
            None
        }
        Type::Maps(_) if matches!(keyword.name, "client-classes" | "reservations") => None,
        Type::Maps(_) if keyword.name == "hosts-databases" => {
            own.filter(|list| list.as_list().is_some_and(|list| !list.is_empty())).cloned()
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
        Type::Strings if keyword.name == "host-reservation-identifiers" => {
            Some(identifiers(definitions.family(), own))
        }
        Type::Strings if keyword.name == "mac-sources" => Some(mac_sources(own)),
        Type::Strings if keyword.name == "relay-supplied-options" => Some(relay_supplied(definitions, own)),
        _ => own.cloned().or_else(|| keyword.default.value()),
    }
}

/// `auto`, alone or by default, is the whole list.
fn identifiers(family: Family, own: Option<&Value>) -> Value {
    let names: Vec<&str> =
        own.and_then(Value::as_list).unwrap_or(&[]).iter().filter_map(Value::as_str).collect();
    let names = if names.is_empty() || names == ["auto"] {
        default_identifiers(family).iter().map(|kind| kind.name()).collect()
    } else {
        names
    };
    names.into_iter().map(Value::from).collect::<Vec<_>>().into()
}

/// Sources by the names that Kea prints.
fn mac_sources(own: Option<&Value>) -> Value {
    let names = own.and_then(Value::as_list).unwrap_or(&[]).iter().filter_map(Value::as_str);
    let mut names: Vec<Value> =
        names.filter_map(MacSource::from_name).map(|source| source.name().into()).collect();
    if names.is_empty() {
        names.push(MacSource::Any.name().into());
    }
    names.into()
}

/// Codes, in their order, as Kea prints them; a name that nothing defines stays as it is.
fn relay_supplied(definitions: &DefTable, own: Option<&Value>) -> Value {
    let mut codes = vec![ERP_LOCAL_DOMAIN_NAME];
    let mut unknown: Vec<Value> = Vec::new();
    for name in own.and_then(Value::as_list).unwrap_or(&[]) {
        let text = name.as_str().unwrap_or("");
        let code = text.parse().ok().filter(|code| *code != 0);
        match code.or_else(|| definitions.by_name("dhcp6", text).map(|def| def.code)) {
            Some(code) => codes.push(code),
            None => unknown.push(name.clone()),
        }
    }
    codes.sort_unstable();
    codes.dedup();
    codes.into_iter().map(|code| code.to_string().into()).chain(unknown).collect::<Vec<_>>().into()
}

fn filled(table: &Table, own: Option<&Value>) -> Value {
    let mut map = own.and_then(Value::as_map).cloned().unwrap_or_default();
    for keyword in table.keywords {
        if let Some(value) = keyword.default.value() {
            map.entry(keyword.name).or_insert(value);
        }
    }
    map.into()
}

fn fill(table: &Table, map: &mut Map, names: &[&str]) {
    for name in names {
        if let Some(value) = table.get(name).and_then(|k| k.default.value()) {
            map.entry(*name).or_insert(value);
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
    out.entry("severity").or_insert_with(|| "INFO".into());
    out.entry("debuglevel").or_insert_with(|| 0i64.into());
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
        out.insert("output-options", outputs.collect::<Vec<_>>().into());
    }
    out.into()
}

/// `metadata` with the tags of the servers that an object is tied to; none for objects of files.
#[must_use]
pub fn metadata(tags: &[ServerTag]) -> Option<Value> {
    if tags.is_empty() {
        return None;
    }
    let tags: Vec<Value> = tags.iter().map(|t| t.as_str().into()).collect();
    Some(Value::from([("server-tags", tags.into())]))
}

fn with_tags(mut map: Map, element: &Element) -> Value {
    if let Some(metadata) = metadata(&element.server_tags) {
        map.insert("metadata", metadata);
    }
    map.into()
}

fn option_def(family: Family, element: &Arc<Element>) -> Value {
    let mut map = element.map.clone();
    fill(keywords::tables(family).option_def, &mut map, &["array", "encapsulate", "record-types", "space"]);
    with_tags(map, element)
}

/// An option with its code, name and space, whichever of them was written.
#[must_use]
pub fn option_data(map: &Map, definitions: &DefTable) -> Map {
    let mut out = map.clone();
    let Ok((space, code, def)) = find_definition(definitions, map, false) else { return out };
    out.insert("space", space.into());
    out.insert("code", code.into());
    let mut csv = is_csv(map, def.as_deref());
    if let Some(def) = &def {
        out.insert("name", def.name.as_ref().into());
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
    out.insert("csv-format", csv.into());
    out.insert("data", shown.into());
    out.insert("always-send", boolean(map, "always-send").unwrap_or(false).into());
    out.insert("never-send", never.into());
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
