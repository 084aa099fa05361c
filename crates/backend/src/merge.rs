//! Joining a server's file and its objects of the database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::{Family, IpAddress, IpPrefix, ServerTag};
use config::{Element, Protocol, Written, WrittenSubnet};
use json::{Kind, Map};
use options::{DefTable, OptionSpace};

use crate::{Objects, OptionKey, Prefix, ServerSelector, int_member, option_key_of, text_member};

const RESERVATIONS: &str = "reservations";

/// The configuration of a server: its file, with what the database says in its place. The database wins.
///
/// - Globals: per parameter, members of maps one by one. A parameter that goes from the database has the value of
///   the file again.
/// - Option definitions per space and code, global options per space, code and classes; own before all servers'.
/// - Client classes: those of the database in place of all of the file when there are any.
/// - Networks per name; a network of the database keeps the subnets that the file puts into it.
/// - Subnets: one of the database takes the place of every one of the file with its id or its prefix. Host
///   reservations are not in the database: those of the file stay if id and prefix do.
#[must_use]
pub fn merge<P: Protocol>(file: &Written<P>, objects: &Objects, selector: &ServerSelector) -> Written<P> {
    let mut merged = file.clone();
    merge_globals(&mut merged.globals, &mut merged.global_tags, objects, selector);

    let defs = objects.effective_option_defs(selector);
    let defs = defs.iter().map(|d| &d.element);
    merged.option_defs = replace(&file.option_defs, defs, |e| def_key(P::SPACE, &e.map));

    let options = objects.effective_options(selector);
    let options = options.iter().map(|o| &o.element);
    merged.options = merge_options(P::FAMILY, &file.options, options, &merged.option_defs);

    if !objects.classes.is_empty() {
        merged.client_classes = objects.classes.iter().map(|c| Arc::clone(&c.element)).collect();
    }
    merged.shared_networks =
        replace(&file.shared_networks, objects.networks.values().map(|n| &n.element), |e| {
            text_member(&e.map, "name")
        });

    let ids: BTreeSet<_> = objects.subnets.keys().copied().collect();
    let prefixes: BTreeSet<_> = objects.subnets.values().map(|s| s.prefix).collect();
    let key = |s: &WrittenSubnet<P>| Prefix::new(s.prefix.first().into(), s.prefix.length());
    let reserved: BTreeMap<_, _> = file
        .subnets
        .iter()
        .filter_map(|s| Some(((s.id, key(s)?), s.element.map.get(RESERVATIONS)?)))
        .collect();
    merged
        .subnets
        .retain(|s| !ids.contains(&s.id) && key(s).is_none_or(|prefix| !prefixes.contains(&prefix)));
    merged.subnets.extend(objects.subnets.values().filter_map(|s| {
        Some(WrittenSubnet {
            id: s.id,
            prefix: P::Prefix::of(P::Address::from_ip(s.prefix.address())?, s.prefix.length())?,
            shared_network: s.shared_network.clone(),
            element: with_reservations(&s.element, reserved.get(&(s.id, s.prefix)).copied()),
        })
    }));
    merged
}

/// A subnet of the database with the host reservations that the file has for it.
fn with_reservations(element: &Arc<Element>, reservations: Option<&json::Value>) -> Arc<Element> {
    let Some(reservations) = reservations else { return Arc::clone(element) };
    let mut element = Element::clone(element);
    element.map.insert(RESERVATIONS.to_owned(), reservations.clone());
    Arc::new(element)
}

fn merge_globals(
    globals: &mut Map,
    tags: &mut BTreeMap<String, Vec<ServerTag>>,
    objects: &Objects,
    selector: &ServerSelector,
) {
    for global in objects.effective_globals(selector) {
        match global.name.split_once('.') {
            None => {
                globals.insert(global.name.clone(), global.value.clone());
            }
            Some((map, member)) => {
                let map = globals.entry(map.to_owned()).or_insert_with(json::Value::map);
                if !matches!(map.kind, Kind::Map(_)) {
                    map.kind = Kind::Map(Map::new());
                }
                if let Some(map) = map.as_map_mut() {
                    map.insert(member.to_owned(), global.value.clone());
                }
            }
        }
        tags.insert(global.name, global.tags);
    }
}

/// Elements of the file whose key the database does not have, then those of the database.
fn replace<'a, K: Ord>(
    file: &[Arc<Element>],
    database: impl Iterator<Item = &'a Arc<Element>> + Clone,
    key: impl Fn(&Element) -> K,
) -> Vec<Arc<Element>> {
    let taken: BTreeSet<K> = database.clone().map(|e| key(e)).collect();
    let kept = file.iter().filter(|e| !taken.contains(&key(e))).cloned();
    kept.chain(database.cloned()).collect()
}

/// As [`replace`], where an option of the file may have a name instead of a code.
fn merge_options<'a>(
    family: Family,
    file: &[Arc<Element>],
    database: impl Iterator<Item = &'a Arc<Element>> + Clone,
    defs: &[Arc<Element>],
) -> Vec<Arc<Element>> {
    let standard = DefTable::standard(family);
    let top = OptionSpace::top(family);
    let code_of = |space: &str, name: &str| {
        let custom = defs
            .iter()
            .find(|d| text_member(&d.map, "name") == name && def_key(top.as_str(), &d.map).0 == space);
        let custom = custom.and_then(|d| u16::try_from(int_member(&d.map, "code")).ok());
        custom.or_else(|| standard.by_name(space, name).map(|def| def.code))
    };
    replace(file, database, |e| {
        let OptionKey { mut space, mut code, classes } = option_key_of(&e.map);
        if space.is_empty() {
            top.as_str().clone_into(&mut space);
        }
        if !e.map.contains_key("code") {
            let name = text_member(&e.map, "name");
            match code_of(&space, &name) {
                Some(found) => code = found,
                // Resolution will refuse it; until then it is nobody else's option.
                None => space = format!("{space}.{name}"),
            }
        }
        (space, code, classes)
    })
}

fn def_key(top: &str, map: &Map) -> (String, i64) {
    let space = text_member(map, "space");
    (if space.is_empty() { top.to_owned() } else { space }, int_member(map, "code"))
}

#[cfg(test)]
mod tests {
    use base::SubnetId;
    use config::{Written4, WrittenSubnet4};
    use json::Value;

    use super::*;
    use crate::columns::json_value;
    use crate::{Stored, StoredGlobal, StoredSubnet};

    fn element(text: &str, tag: &str) -> Arc<Element> {
        let map = json_value(text).unwrap().as_map().unwrap().clone();
        let server_tags = if tag.is_empty() { vec![] } else { vec![ServerTag::new(tag).unwrap()] };
        Arc::new(Element { map, pos: json::Pos::default(), server_tags })
    }

    fn rows<const N: usize>(elements: [Arc<Element>; N]) -> BTreeMap<u64, Stored> {
        (1..).zip(elements).map(|(row, element)| (row, Stored { row, element })).collect()
    }

    fn global(name: &str, value: impl Into<Value>, tag: &str) -> StoredGlobal {
        StoredGlobal { name: name.into(), value: value.into(), tags: vec![ServerTag::new(tag).unwrap()] }
    }

    fn server() -> ServerSelector {
        ServerSelector::One(ServerTag::new("hq").unwrap())
    }

    fn file_subnet(id: u32, prefix: &str) -> WrittenSubnet4 {
        WrittenSubnet4 {
            id: SubnetId(id),
            prefix: prefix.parse().unwrap(),
            shared_network: None,
            element: element("{}", ""),
        }
    }

    #[test]
    fn globals_one_by_one_and_own_before_all() {
        let file = Written4 {
            globals: json_value(r#"{"renew-timer": 1, "valid-lifetime": 10, "dhcp-ddns": {"enable-updates": false, "server-port": 1}}"#)
                .unwrap()
                .as_map()
                .unwrap()
                .clone(),
            ..Written4::default()
        };
        let objects = Objects {
            globals: vec![
                global("valid-lifetime", 20i64, "all"),
                global("valid-lifetime", 30i64, "hq"),
                global("boot-file-name", "/all", "all"),
                global("dhcp-ddns.enable-updates", true, "all"),
                global("multi-threading.thread-pool-size", 3i64, "hq"),
            ],
            ..Objects::default()
        };
        let merged = merge(&file, &objects, &server());
        let wanted = json_value(
            r#"{"renew-timer": 1, "valid-lifetime": 30, "boot-file-name": "/all",
                "dhcp-ddns": {"enable-updates": true, "server-port": 1}, "multi-threading": {"thread-pool-size": 3}}"#,
        );
        let answer = config::config_get(&merged, true);
        let origin = answer.get("Dhcp4").and_then(|config| config.get("metadata")).unwrap();
        let tagged = json_value(
            r#"{"global-parameters": {"boot-file-name": {"server-tags": ["all"]},
                "dhcp-ddns.enable-updates": {"server-tags": ["all"]},
                "multi-threading.thread-pool-size": {"server-tags": ["hq"]}, "valid-lifetime": {"server-tags": ["hq"]}}}"#,
        );
        assert_eq!(*origin, tagged.unwrap());
        let plain = config::config_get(&merged, false);
        assert_eq!(plain.get("Dhcp4").and_then(|config| config.get("metadata")), None);
        assert_eq!(config::config_get_text(&merged).0, json::to_string(&plain));
        // What was shown can be set.
        let shown = answer.get("Dhcp4").cloned().unwrap();
        let (again, errors) = config::parse_map::<config::Dhcp4>(shown, config::ParseEnv::default());
        assert!(errors.is_empty() && again.global_tags.is_empty(), "{errors:?}");
        assert_eq!(Value::from(merged.globals), wanted.unwrap());
        assert_eq!(merged.global_tags["valid-lifetime"], [ServerTag::new("hq").unwrap()]);
        assert_eq!(merged.global_tags["dhcp-ddns.enable-updates"], [ServerTag::all()]);
        assert_eq!(merge(&file, &Objects::default(), &server()), file, "an empty database changes nothing");
    }

    #[test]
    fn keyed_objects_replace_those_of_the_file() {
        let file = Written4 {
            option_defs: vec![
                element(r#"{"name": "foo", "code": 222, "type": "uint32"}"#, ""),
                element(r#"{"name": "bar", "code": 223, "type": "uint32", "space": "dhcp4"}"#, ""),
            ],
            options: vec![
                element(r#"{"name": "routers", "data": "1.1.1.1"}"#, ""),
                element(r#"{"name": "routers", "data": "1.1.1.2", "client-classes": ["x"]}"#, ""),
                element(r#"{"name": "foo", "data": "1"}"#, ""),
                element(r#"{"code": 6, "data": "1.1.1.3"}"#, ""),
            ],
            client_classes: vec![element(r#"{"name": "file"}"#, "")],
            shared_networks: vec![
                element(r#"{"name": "n1", "interface": "eth0"}"#, ""),
                element(r#"{"name": "n2"}"#, ""),
            ],
            ..Written4::default()
        };
        let objects = Objects {
            option_defs: rows([
                element(r#"{"name": "foo", "code": 222, "type": "string", "space": "dhcp4"}"#, "all"),
                element(r#"{"name": "foo", "code": 222, "type": "uint8", "space": "dhcp4"}"#, "hq"),
            ]),
            options: rows([
                element(r#"{"code": 3, "space": "dhcp4", "data": "9.9.9.9"}"#, "all"),
                element(r#"{"code": 222, "space": "dhcp4", "data": "2"}"#, "hq"),
            ]),
            networks: rows([element(r#"{"name": "n1"}"#, "hq")]),
            ..Objects::default()
        };
        let merged = merge(&file, &objects, &server());
        let show = |list: &[Arc<Element>], keyword: &str| -> Vec<String> {
            list.iter().map(|e| text_member(&e.map, keyword)).collect()
        };
        assert_eq!(show(&merged.option_defs, "type"), ["uint32", "uint8"]);
        assert_eq!(show(&merged.options, "data"), ["1.1.1.2", "1.1.1.3", "9.9.9.9", "2"]);
        assert_eq!(show(&merged.client_classes, "name"), ["file"]);
        assert_eq!(show(&merged.shared_networks, "name"), ["n2", "n1"]);
        let classes = vec![Stored { row: 1, element: element(r#"{"name": "db"}"#, "all") }];
        let merged = merge(&file, &Objects { classes, ..objects }, &server());
        assert_eq!(show(&merged.client_classes, "name"), ["db"]);
    }

    #[test]
    fn reservations_of_the_file_stay_with_their_subnet() {
        let mut reserving = file_subnet(1, "10.0.1.0/24");
        let reservations =
            r#"{"reservations": [{"hw-address": "01:02:03:04:05:06", "ip-address": "10.0.1.5"}]}"#;
        reserving.element = element(reservations, "");
        let file = Written4 { subnets: vec![reserving], ..Written4::default() };
        for (prefix, kept) in [("10.0.1.0/24", true), ("10.0.9.0/24", false)] {
            let stored = StoredSubnet {
                id: SubnetId(1),
                prefix: prefix.parse().unwrap(),
                shared_network: None,
                element: element(r#"{"renew-timer": 7}"#, "hq"),
            };
            let objects = Objects { subnets: [(SubnetId(1), stored)].into(), ..Objects::default() };
            let merged = merge(&file, &objects, &server());
            let map = &merged.subnets[0].element.map;
            assert_eq!((merged.subnets.len(), map.contains_key("renew-timer")), (1, true));
            assert_eq!(map.get("reservations").is_some(), kept, "{prefix}");
        }
    }

    #[test]
    fn subnets_replace_by_id_and_by_prefix() {
        let file = Written4 {
            subnets: vec![
                file_subnet(1, "10.0.1.0/24"),
                file_subnet(2, "10.0.2.0/24"),
                file_subnet(3, "10.0.3.0/24"),
            ],
            ..Written4::default()
        };
        let stored = StoredSubnet {
            id: SubnetId(1),
            prefix: "10.0.2.0/24".parse().unwrap(),
            shared_network: Some("n".into()),
            element: element("{}", "hq"),
        };
        let objects = Objects { subnets: [(stored.id, stored)].into(), ..Objects::default() };
        let merged = merge(&file, &objects, &server());
        let ids: Vec<_> = merged.subnets.iter().map(|s| (s.id.0, s.prefix.to_string())).collect();
        assert_eq!(ids, [(3, "10.0.3.0/24".to_owned()), (1, "10.0.2.0/24".to_owned())]);
        assert_eq!(merged.subnets[1].shared_network.as_deref(), Some("n"));
    }
}
