//! Reservations of the configuration.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use backend::hosts::{HostQuery, HostRecord};
use base::SubnetId;
use config::{Element, Protocol, ServerConfig, Written};
use control::Answer;
use host::{GLOBAL, Identifier, IdentifierKind};
use json::{Kind, Map, Value};

use super::Wanted;
use crate::edit::Edit;
use crate::params::Refusal;

/// All reservations in the order in which they are written: those of the global scope, then subnet by subnet.
fn all<P: Protocol>(written: &Written<P>, only: Option<SubnetId>) -> impl Iterator<Item = (SubnetId, &Map)> {
    let wanted = move |id: SubnetId| only.is_none_or(|only| only == id);
    let global = written.reservations.iter().filter(move |_| wanted(GLOBAL));
    let subnets = written.subnets.iter().filter(move |subnet| wanted(subnet.id)).flat_map(|subnet| {
        let list = subnet.element.map.get("reservations").and_then(Value::as_list).unwrap_or(&[]);
        list.iter().filter_map(Value::as_map).map(move |map| (subnet.id, map))
    });
    global.map(|element| (GLOBAL, &element.map)).chain(subnets)
}

pub(super) fn identifier(map: &Map) -> Option<Identifier> {
    IdentifierKind::ALL
        .into_iter()
        .find_map(|kind| Identifier::parse(kind, map.get(kind.name())?.as_str()?).ok())
}

fn fits(map: &Map, query: &HostQuery) -> bool {
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    match query {
        HostQuery::All => true,
        HostQuery::Address(IpAddr::V4(wanted)) => {
            text("ip-address").and_then(|address| address.parse().ok()) == Some(*wanted)
        }
        HostQuery::Address(IpAddr::V6(wanted)) => {
            let list = |name: &str| map.get(name).and_then(Value::as_list).unwrap_or_default();
            let texts = list("ip-addresses").iter().chain(list("prefixes")).filter_map(Value::as_str);
            // A prefix is known by its address.
            texts
                .filter_map(|text| text.split('/').next()?.parse().ok())
                .any(|address: Ipv6Addr| address == *wanted)
        }
        HostQuery::Identifier(wanted) => identifier(map).is_some_and(|identifier| identifier == *wanted),
        HostQuery::Hostname(wanted) => text("hostname").is_some_and(|name| name.eq_ignore_ascii_case(wanted)),
    }
}

/// Reservations in one subnet or in all.
pub(super) fn find<P: Protocol>(
    config: &ServerConfig<P>,
    subnet: Option<SubnetId>,
    query: &HostQuery,
) -> impl Iterator<Item = HostRecord> {
    let found = all(&config.written, subnet).filter(move |(_, map)| fits(map, query));
    found.map(|(subnet, map)| HostRecord { subnet, reservation: map.clone() })
}

/// Some reservations, each with its number in the order of [`all`], from 1.
pub(super) fn page<P: Protocol>(
    config: &ServerConfig<P>,
    subnet: Option<SubnetId>,
    from: u64,
    limit: usize,
) -> Vec<(u64, HostRecord)> {
    let skipped = usize::try_from(from).unwrap_or(usize::MAX);
    let numbered = (from.saturating_add(1)..).zip(all(&config.written, subnet).skip(skipped));
    numbered
        .take(limit)
        .map(|(n, (subnet, map))| (n, HostRecord { subnet, reservation: map.clone() }))
        .collect()
}

pub(super) fn add<P: Protocol>(wanted: Wanted) -> Edit<P> {
    Box::new(move |written| {
        let Wanted { subnet, element } = wanted;
        change(written, subnet, |list| {
            list.push(element);
            Ok(())
        })
    })
}

pub(super) fn update<P: Protocol>(wanted: Wanted) -> Edit<P> {
    Box::new(move |written| {
        let Wanted { subnet, element } = wanted;
        let wanted = identifier(&element.map);
        change(written, subnet, |list| {
            let before = list.len();
            list.retain(|old| identifier(&old.map) != wanted);
            if list.len() == before {
                return Err(Refusal::error("Host not updated (not found)."));
            }
            // Last, as in Kea: of two hosts that conflict the later one is told of.
            list.push(element);
            Ok(())
        })
    })
}

pub(super) fn del<P: Protocol>(subnet: SubnetId, query: HostQuery) -> Edit<P> {
    Box::new(move |written| {
        change(written, subnet, |list| {
            list.retain(|element| !fits(&element.map, &query));
            Ok(())
        })
    })
}

/// Changes the reservations of a subnet, or of the global scope, in the part of the configuration that commands can
/// change.
fn change<P: Protocol>(
    written: &mut Written<P>,
    id: SubnetId,
    change: impl FnOnce(&mut Vec<Arc<Element>>) -> Result<(), Refusal>,
) -> Result<Answer, Answer> {
    if id == GLOBAL {
        change(&mut written.reservations)?;
        return Ok(Answer::done());
    }
    let Some(subnet) = written.subnets.iter_mut().find(|subnet| subnet.id == id) else {
        return Err(Answer::conflict(format!(
            "subnet {id} comes from a configuration database; its reservations can not be changed in memory"
        )));
    };
    let element = Arc::make_mut(&mut subnet.element);
    let place = element.map.entry("reservations".to_owned()).or_insert_with(|| Vec::new().into());
    let Kind::List(values) = &mut place.kind else {
        return Err(Answer::error("'reservations' is not a list"));
    };
    let mut list: Vec<Arc<Element>> = std::mem::take(values)
        .into_iter()
        .filter_map(|value| {
            let pos = value.pos();
            let Kind::Map(map) = value.kind else { return None };
            Some(Arc::new(Element { map, pos, server_tags: Vec::new() }))
        })
        .collect();
    change(&mut list)?;
    *values = list.iter().map(|e| Value::new(Kind::Map(e.map.clone()), &e.pos)).collect();
    Ok(Answer::done())
}
