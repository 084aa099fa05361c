//! Stored objects as answers show them: with what a running server would show for members that are not set.

use std::net::IpAddr;
use std::sync::Arc;

use backend::{PoolRange, Stored, StoredGlobal, StoredSubnet, SubnetBrief, int_member, text_member};
use base::{Family, ServerTag};
use json::{Kind, Map, Value};
use options::DefTable;

/// Definitions by which options get their names: those of the database over the standard ones.
pub(crate) struct Names {
    family: Family,
    standard: Arc<DefTable>,
    stored: Vec<Stored>,
}

impl Names {
    pub(crate) fn new(family: Family, stored: Vec<Stored>) -> Self {
        Self { family, standard: DefTable::standard(family), stored }
    }

    /// The name of an option for a server of `tags`.
    fn of(&self, space: &str, code: i64, tags: &[ServerTag]) -> Option<String> {
        let fits = |d: &&Stored| {
            int_member(&d.element.map, "code") == code && text_member(&d.element.map, "space") == space
        };
        let own = |d: &&Stored| d.element.server_tags.iter().any(|tag| tag.is_all() || tags.contains(tag));
        let stored = self.stored.iter().filter(fits).find(own).or_else(|| self.stored.iter().find(fits));
        if let Some(def) = stored {
            return Some(text_member(&def.element.map, "name"));
        }
        let code = u16::try_from(code).ok()?;
        self.standard.by_code(space, code).map(|def| def.name.to_string())
    }

    /// An option with its name and all flags.
    pub(crate) fn option(&self, map: &Map, tags: &[ServerTag]) -> Map {
        let mut map = map.clone();
        let (space, code) = (text_member(&map, "space"), int_member(&map, "code"));
        if let Some(name) = self.of(&space, code, tags) {
            map.insert("name".to_owned(), name.into());
        }
        for flag in ["always-send", "never-send"] {
            map.entry(flag.to_owned()).or_insert_with(|| false.into());
        }
        map
    }

    fn options_in(&self, map: &mut Map, tags: &[ServerTag]) {
        let list = map.remove("option-data");
        let list = list.as_ref().and_then(Value::as_list).unwrap_or(&[]);
        let shown: Vec<Value> =
            list.iter().filter_map(Value::as_map).map(|o| self.option(o, tags).into()).collect();
        map.insert("option-data".to_owned(), shown.into());
    }

    pub(crate) fn global_option(&self, stored: &Stored) -> Value {
        with_metadata(
            self.option(&stored.element.map, &stored.element.server_tags),
            &stored.element.server_tags,
        )
    }

    pub(crate) fn class(&self, stored: &Stored) -> Value {
        let tags = &stored.element.server_tags;
        let mut map = stored.element.map.clone();
        self.options_in(&mut map, tags);
        if self.family == Family::V4 {
            default(&mut map, "boot-file-name", "");
            default(&mut map, "next-server", "0.0.0.0");
            default(&mut map, "server-hostname", "");
            default(&mut map, "option-def", Vec::new());
        }
        with_metadata(map, tags)
    }

    pub(crate) fn network(&self, stored: &Stored) -> Map {
        let tags = &stored.element.server_tags;
        let mut map = stored.element.map.clone();
        self.options_in(&mut map, tags);
        default(&mut map, "relay", [("ip-addresses", Value::from(Vec::new()))]);
        bounds(&mut map);
        map.insert("metadata".to_owned(), metadata(tags, false));
        map
    }

    pub(crate) fn subnet(&self, subnet: &StoredSubnet) -> Value {
        let tags = &subnet.element.server_tags;
        let mut map = subnet.element.map.clone();
        self.options_in(&mut map, tags);
        default(&mut map, "relay", [("ip-addresses", Value::from(Vec::new()))]);
        bounds(&mut map);
        if self.family == Family::V4 {
            for keyword in ["4o6-interface", "4o6-interface-id", "4o6-subnet"] {
                default(&mut map, keyword, "");
            }
        } else {
            default(&mut map, "pd-pools", Vec::new());
        }
        default(&mut map, "pools", Vec::new());
        for keyword in ["pools", "pd-pools"] {
            if let Some(Kind::List(pools)) = map.get_mut(keyword).map(|value| &mut value.kind) {
                for pool in pools.iter_mut().filter_map(Value::as_map_mut) {
                    self.options_in(pool, tags);
                    if let Some(range) = PoolRange::parse(&text_member(pool, "pool")) {
                        let text = match (range.first, range.last) {
                            (IpAddr::V4(first), IpAddr::V4(last)) => config::pool_text(first, last),
                            (IpAddr::V6(first), IpAddr::V6(last)) => config::pool_text(first, last),
                            _ => range.to_string(),
                        };
                        pool.insert("pool".to_owned(), text.into());
                    }
                }
            }
        }
        map.insert("shared-network-name".to_owned(), name_or_null(subnet.shared_network.as_deref()));
        with_metadata(map, tags)
    }
}

/// What a list says of a subnet. `unassigned` lists show null as the tag.
pub(crate) fn brief(subnet: &SubnetBrief, unassigned: bool) -> Value {
    [
        ("id", subnet.id.0.into()),
        ("subnet", subnet.prefix.to_string().into()),
        ("shared-network-name", name_or_null(subnet.shared_network.as_deref())),
        ("metadata", metadata(&subnet.tags, unassigned)),
    ]
    .into()
}

/// What a list says of a network.
pub(crate) fn network_brief(network: &Stored, unassigned: bool) -> Value {
    [
        ("name", text_member(&network.element.map, "name").into()),
        ("metadata", metadata(&network.element.server_tags, unassigned)),
    ]
    .into()
}

pub(crate) fn option_def(stored: &Stored) -> Value {
    with_metadata(stored.element.map.clone(), &stored.element.server_tags)
}

/// A global parameter; members of maps in their map.
pub(crate) fn global(global: &StoredGlobal) -> Map {
    let mut map = Map::new();
    insert_global(&mut map, &global.name, global.value.clone());
    map.insert("metadata".to_owned(), metadata(&global.tags, false));
    map
}

/// Puts a parameter into a map, `map.member` into the map of that name.
pub(crate) fn insert_global(map: &mut Map, name: &str, value: Value) {
    let Some((outer, member)) = name.split_once('.') else {
        map.insert(name.to_owned(), value);
        return;
    };
    if let Some(inner) = map.entry(outer.to_owned()).or_insert_with(Value::map).as_map_mut() {
        inner.insert(member.to_owned(), value);
    }
}

/// `server-tags` of an object; an empty list for one of no server, or null in it.
pub(crate) fn metadata(tags: &[ServerTag], unassigned: bool) -> Value {
    let list: Vec<Value> = if tags.is_empty() && unassigned {
        vec![Kind::Null.into()]
    } else {
        tags.iter().map(|tag| Value::from(tag.as_str())).collect()
    };
    [("server-tags", list.into())].into()
}

pub(crate) fn with_metadata(mut map: Map, tags: &[ServerTag]) -> Value {
    map.insert("metadata".to_owned(), metadata(tags, false));
    map.into()
}

fn default(map: &mut Map, keyword: &str, value: impl Into<Value>) {
    map.entry(keyword.to_owned()).or_insert_with(|| value.into());
}

/// A lifetime is shown with its bounds, which are the lifetime itself when not set.
fn bounds(map: &mut Map) {
    for (keyword, least, most) in [
        ("valid-lifetime", "min-valid-lifetime", "max-valid-lifetime"),
        ("preferred-lifetime", "min-preferred-lifetime", "max-preferred-lifetime"),
    ] {
        if let Some(value) = map.get(keyword).cloned() {
            default(map, least, value.clone());
            default(map, most, value);
        }
    }
}

fn name_or_null(name: Option<&str>) -> Value {
    name.map_or_else(|| Kind::Null.into(), Value::from)
}
