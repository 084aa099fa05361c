//! Changes of parts of a subnet: what a command names is merged into the subnet's map, or cut out of it.
//!
//! Pools are found by their range, options by space and code, pools of prefixes by prefix and length. Other lists are sets of values, other maps are gone
//! through member by member.

use std::net::IpAddr;

use base::{Ipv4Prefix, Ipv6Prefix};
use json::{Kind, Map, Value};
use options::{DefTable, OptionSpace};

/// Which list a delta is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Pools,
    PdPools,
    Options,
    Values,
}

impl List {
    fn of(name: &str) -> Self {
        match name {
            "pools" => Self::Pools,
            "pd-pools" => Self::PdPools,
            "option-data" => Self::Options,
            _ => Self::Values,
        }
    }

    /// Members by which an object of the list is found.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Pools => &["pool"],
            Self::PdPools => &["prefix", "prefix-len", "delegated-len"],
            Self::Options => &["code", "name", "space"],
            Self::Values => &[],
        }
    }

    fn same(self, left: &Value, right: &Value, definitions: &DefTable) -> bool {
        match self {
            Self::Pools => range(left).is_some_and(|left| Some(left) == range(right)),
            Self::PdPools => pd_range(left).is_some_and(|left| Some(left) == pd_range(right)),
            Self::Options => {
                option(left, definitions).is_some_and(|left| Some(left) == option(right, definitions))
            }
            Self::Values => left == right,
        }
    }
}

/// First and last address of a pool, however it is written.
fn range(pool: &Value) -> Option<(IpAddr, IpAddr)> {
    let text = pool.get("pool")?.as_str()?;
    if let Some((first, last)) = text.split_once('-') {
        return Some((first.trim().parse().ok()?, last.trim().parse().ok()?));
    }
    if let Ok(prefix) = text.trim().parse::<Ipv4Prefix>() {
        return Some((prefix.first().into(), prefix.last().into()));
    }
    let prefix: Ipv6Prefix = text.trim().parse().ok()?;
    Some((prefix.first().into(), prefix.last().into()))
}

/// The prefix that holds all those of a pool.
fn pd_range(pool: &Value) -> Option<Ipv6Prefix> {
    let length = u8::try_from(pool.get("prefix-len")?.as_int()?).ok()?;
    Ipv6Prefix::new(pool.get("prefix")?.as_str()?.parse().ok()?, length)
}

/// Space and code of an option, or its name when nobody knows the code.
fn option(map: &Value, definitions: &DefTable) -> Option<(String, Result<i64, String>)> {
    let space = map.get("space").and_then(Value::as_str).filter(|s| !s.is_empty());
    let top = OptionSpace::top(definitions.family());
    let space = space.unwrap_or(top.as_str());
    if let Some(code) = map.get("code").and_then(Value::as_int) {
        return Some((space.to_owned(), Ok(code)));
    }
    let name = map.get("name").and_then(Value::as_str)?;
    let code = definitions.by_name(space, name).map(|def| i64::from(def.code));
    Some((space.to_owned(), code.ok_or_else(|| name.to_owned())))
}

/// Adds what `delta` has to `target`, or puts it in the place of what is there.
pub(super) fn add(target: &mut Map, delta: &Map, keys: &[&str], definitions: &DefTable) {
    for (name, value) in delta {
        if keys.contains(&name.as_str()) && target.contains_key(name) {
            continue;
        }
        match (target.get_mut(name).map(|value| &mut value.kind), &value.kind) {
            (Some(Kind::List(old)), Kind::List(new)) => add_list(old, new, List::of(name), definitions),
            (Some(Kind::Map(old)), Kind::Map(new)) => add(old, new, &[], definitions),
            _ => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

fn add_list(old: &mut Vec<Value>, new: &[Value], list: List, definitions: &DefTable) {
    for value in new {
        match old.iter_mut().find(|old| list.same(old, value, definitions)) {
            None => old.push(value.clone()),
            Some(old) => {
                if let (Some(old), Some(new)) = (old.as_map_mut(), value.as_map()) {
                    add(old, new, list.keys(), definitions);
                }
            }
        }
    }
}

/// Removes what `delta` names from `target`.
pub(super) fn del(target: &mut Map, delta: &Map, keys: &[&str], definitions: &DefTable) {
    for (name, value) in delta {
        if keys.contains(&name.as_str()) {
            continue;
        }
        let gone = match (target.get_mut(name).map(|value| &mut value.kind), &value.kind) {
            (Some(Kind::List(old)), Kind::List(new)) => {
                del_list(old, new, List::of(name), definitions);
                old.is_empty()
            }
            (Some(Kind::Map(old)), Kind::Map(new)) => {
                del(old, new, &[], definitions);
                old.is_empty()
            }
            _ => true,
        };
        if gone {
            target.remove(name);
        }
    }
}

fn del_list(old: &mut Vec<Value>, new: &[Value], list: List, definitions: &DefTable) {
    for value in new {
        // An option has no parts that could go alone; a pool with nothing but its range goes whole.
        let parts = match (list, value.as_map()) {
            (List::Pools | List::PdPools, Some(map))
                if map.keys().any(|name| !list.keys().contains(&name.as_str())) =>
            {
                Some(map)
            }
            _ => None,
        };
        match parts {
            None => old.retain(|old| !list.same(old, value, definitions)),
            Some(parts) => {
                for old in old.iter_mut().filter(|old| list.same(old, value, definitions)) {
                    if let Some(old) = old.as_map_mut() {
                        del(old, parts, list.keys(), definitions);
                    }
                }
            }
        }
    }
}
