//! A written configuration as the map of a file.

use std::sync::Arc;

use config::{Element, Protocol, Written, WrittenSubnet};
use json::{Map, Value};

/// The file that says what `written` says: no defaults, no tags of servers, empty lists left out.
#[must_use]
pub fn file<P: Protocol>(written: &Written<P>) -> Value {
    let mut map = written.globals.clone();
    for (name, list) in [
        ("option-def", &written.option_defs),
        ("option-data", &written.options),
        ("client-classes", &written.client_classes),
        ("reservations", &written.reservations),
    ] {
        insert(&mut map, name, list.iter().map(|element| element.map.clone().into()).collect());
    }
    let networks = written.shared_networks.iter().map(|network| {
        let name = network.map.get("name").and_then(Value::as_str);
        let mut map = network.map.clone();
        insert(&mut map, P::SUBNETS, subnets(&written.subnets, |home| home == name && name.is_some()));
        map.into()
    });
    insert(&mut map, "shared-networks", networks.collect());
    insert(&mut map, P::SUBNETS, subnets(&written.subnets, |home| home.is_none()));
    Value::from([(P::NAME, map.into())])
}

fn subnets<P: Protocol>(subnets: &[WrittenSubnet<P>], of: impl Fn(Option<&str>) -> bool) -> Vec<Value> {
    let chosen = subnets.iter().filter(|subnet| of(subnet.shared_network.as_deref()));
    chosen
        .map(|subnet| {
            let mut map = subnet.element.map.clone();
            map.insert("id".to_owned(), subnet.id.0.into());
            map.insert("subnet".to_owned(), subnet.prefix.to_string().into());
            map.into()
        })
        .collect()
}

fn insert(map: &mut Map, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        map.insert(name.to_owned(), list.into());
    }
}

/// The same without the tags of what came from a database.
pub(crate) fn untagged<P: Protocol>(written: &Written<P>) -> Written<P> {
    let strip = |list: &[Arc<Element>]| list.iter().map(bare).collect();
    Written {
        option_defs: strip(&written.option_defs),
        options: strip(&written.options),
        client_classes: strip(&written.client_classes),
        shared_networks: strip(&written.shared_networks),
        subnets: written
            .subnets
            .iter()
            .map(|subnet| WrittenSubnet { element: bare(&subnet.element), ..subnet.clone() })
            .collect(),
        global_tags: std::collections::BTreeMap::new(),
        ..written.clone()
    }
}

fn bare(element: &Arc<Element>) -> Arc<Element> {
    if element.server_tags.is_empty() {
        return Arc::clone(element);
    }
    Arc::new(Element { server_tags: Vec::new(), ..Element::clone(element) })
}
