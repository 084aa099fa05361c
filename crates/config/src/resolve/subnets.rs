//! Shared networks, subnets and pools.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ::options::DefTable;
use base::{Family, IpAddress, PoolId};
use json::{Map, Value};

use super::kept::Kept;
use super::options::{has_items, option_items};
use super::own::{Common, Own};
use super::scope::Scope;
use super::{ClassBuilder, Context, option_set};
use crate::parse::objects::{int, list, text};
use crate::parse::{position, ranges};
use crate::{
    Element, NetworkIndex, OptionSet, Params, Pool, Protocol, SharedNetwork, Subnet, Written, WrittenSubnet,
};

pub(crate) struct Resolved<P: Protocol> {
    /// By id.
    pub(crate) subnets: Vec<Arc<Subnet<P>>>,
    pub(crate) networks: Vec<Arc<SharedNetwork<P>>>,
}

struct Network<P: Protocol> {
    resolved: SharedNetwork<P>,
    scope: Scope<P>,
    /// The interface that its subnets must agree on, from the network or the first subnet that names one.
    link: Option<Arc<str>>,
    /// Parameters of its first subnet.
    first: Option<Arc<Params<P>>>,
}

pub(crate) fn resolve<P: Own>(
    ctx: &mut Context<'_>,
    written: &Written<P>,
    kept: Option<&Kept<'_, P>>,
    globals: &Scope<P>,
    definitions: &Arc<DefTable>,
    classes: &mut ClassBuilder,
) -> Resolved<P> {
    let mut common = Common { ctx, definitions, classes, database: false };

    common.ctx.enter("shared-networks");
    let mut networks: Vec<Network<P>> = Vec::with_capacity(written.shared_networks.len());
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for element in &written.shared_networks {
        let Some(name) = text(&element.map, "name") else { continue };
        if by_name.insert(name, networks.len()).is_some() {
            let why = format!("duplicate network '{name}' found in the configuration");
            common.ctx.fault(&element.pos, why);
            continue;
        }
        networks.push(network(&mut common, element, name, globals));
    }

    common.ctx.enter(P::SUBNETS);
    duplicates(common.ctx, P::FAMILY, &written.subnets);
    let mut order: Vec<&WrittenSubnet<P>> = written.subnets.iter().collect();
    order.sort_by_key(|s| s.id);
    let kept = kept.map_or_else(|| vec![None; order.len()], |kept| kept.subnets(&order));
    let mut subnets = Vec::with_capacity(order.len());
    let mut positions: HashMap<base::SubnetId, usize> = HashMap::with_capacity(order.len());
    for (one, kept) in order.into_iter().zip(kept) {
        let index = match &one.shared_network {
            None => None,
            Some(name) => match by_name.get(name.as_str()) {
                Some(at) => Some(*at),
                None => {
                    let why = format!(
                        "Cannot assign subnet ID of {} to shared network: {name}, network does not exist",
                        one.id
                    );
                    common.enter(&one.element);
                    common.ctx.fault_alone(&one.element.pos, why);
                    continue;
                }
            },
        };
        let resolved = kept.cloned().unwrap_or_else(|| {
            let home = index.and_then(|at| networks.get_mut(at));
            Arc::new(subnet(&mut common, one, index, home, globals))
        });
        positions.insert(one.id, subnets.len());
        subnets.push(resolved);
    }
    // Subnets of a network in the order written, which is not that of their numbers.
    for one in &written.subnets {
        let Some(network) = one.shared_network.as_deref().and_then(|n| networks.get_mut(*by_name.get(n)?))
        else {
            continue;
        };
        network.resolved.subnets.extend(positions.get(&one.id));
    }
    Resolved { subnets, networks: networks.into_iter().map(|n| Arc::new(n.resolved)).collect() }
}

fn duplicates<P: Protocol>(ctx: &mut Context<'_>, family: Family, subnets: &[WrittenSubnet<P>]) {
    let version = family.version();
    let mut ids = HashSet::with_capacity(subnets.len());
    let mut prefixes = HashSet::with_capacity(subnets.len());
    for subnet in subnets {
        let pos = &subnet.element.pos;
        ctx.at(pos);
        if !ids.insert(subnet.id) {
            ctx.fault_alone(
                pos,
                format_args!("ID of the new {version} subnet '{}' is already in use", subnet.id),
            );
        }
        if !prefixes.insert(subnet.prefix) {
            ctx.fault_alone(
                pos,
                format_args!("subnet with the prefix of '{}' already exists", subnet.prefix),
            );
        }
    }
}

fn relays<A: IpAddress>(map: &Map) -> Box<[A]> {
    let Some(relay) = map.get("relay").and_then(Value::as_map) else { return Box::default() };
    let addresses = list(relay, "ip-addresses").iter().filter_map(|a| a.as_str()?.parse().ok());
    // Kea writes 0.0.0.0 where there is none.
    addresses.filter(|a: &A| !a.is_none()).collect()
}

fn interface(common: &mut Common<'_, '_>, map: &Map, what: &str, name: &str) -> Option<Arc<str>> {
    let value = map.get("interface")?;
    let interface = value.as_str().filter(|i| !i.is_empty())?;
    if let Some(exists) = &common.ctx.env.interface_exists
        && !exists(interface)
    {
        let why = format!(
            "Specified network interface name {interface} for {what} {name} is not present in the system"
        );
        common.ctx.fault(&value.pos(), why);
    }
    Some(Arc::from(interface))
}

pub(super) fn options(common: &mut Common<'_, '_>, map: &Map) -> OptionSet {
    if !has_items(map, "option-data") {
        return OptionSet::default();
    }
    let prefix = common.ctx.without_prefix();
    let items = option_items(map, common.database);
    let set = option_set(common.ctx, common.definitions, common.classes, items);
    common.ctx.restore_prefix(prefix);
    set
}

fn network<P: Own>(
    common: &mut Common<'_, '_>,
    element: &Element,
    name: &str,
    globals: &Scope<P>,
) -> Network<P> {
    let map = &element.map;
    common.enter(element);
    let interface = interface(common, map, "shared network", name);
    let scope = globals.inner(common.ctx, map, &element.pos, common.database);
    Network {
        link: interface.clone(),
        first: None,
        resolved: SharedNetwork {
            name: Arc::from(name),
            interface,
            relays: relays(map),
            client_classes: common.classes.ids(map, "client-classes"),
            additional_classes: common.classes.ids(map, "evaluate-additional-classes"),
            params: Arc::clone(&scope.params),
            options: options(common, map),
            subnets: Vec::new(),
            own: P::network(map),
        },
        scope,
    }
}

fn subnet<P: Own>(
    common: &mut Common<'_, '_>,
    one: &WrittenSubnet<P>,
    index: Option<usize>,
    mut network: Option<&mut Network<P>>,
    globals: &Scope<P>,
) -> Subnet<P> {
    let map = &one.element.map;
    let pos = &one.element.pos;
    common.enter(&one.element);
    let outer = network.as_ref().map_or(globals, |n| &n.scope);
    let scope = outer.inner(common.ctx, map, pos, common.database);
    let mut interface = interface(common, map, "subnet", &one.prefix.to_string());
    if let Some(network) = network.as_mut() {
        let prefix = one.prefix;
        let first = network.first.get_or_insert_with(|| Arc::clone(&scope.params));
        P::check_subnet(common.ctx, one, &scope.params, &network.scope.params, first);
        match (&interface, &network.link) {
            (Some(own), Some(link)) if own != link => {
                let why = format!(
                    "Subnet {prefix} has specified interface {own}, but earlier subnet in the same shared-network \
                     or the shared-network itself used {link}"
                );
                common.ctx.fault_alone(&position(map, "interface", pos), why);
            }
            (Some(own), None) => network.link = Some(Arc::clone(own)),
            (None, _) => interface = network.resolved.interface.clone(),
            _ => {}
        }
    }
    let mut pools: Vec<_> =
        list(map, "pools").iter().filter_map(|value| pool(common, value, &scope)).collect();
    pools.shrink_to_fit();
    Subnet {
        own: P::subnet(common, map, &scope, network.as_ref().map(|n| &n.resolved.own)),
        id: one.id,
        prefix: one.prefix,
        network: index.map(NetworkIndex),
        interface,
        relays: relays(map),
        client_classes: common.classes.ids(map, "client-classes"),
        additional_classes: common.classes.ids(map, "evaluate-additional-classes"),
        options: options(common, map),
        params: scope.params,
        pools,
    }
}

fn pool<P: Own>(common: &mut Common<'_, '_>, value: &Value, scope: &Scope<P>) -> Option<Pool<P>> {
    let map = value.as_map()?;
    // Its place inside the subnet was checked when it was parsed.
    let (first, last) = match ranges::pool(text(map, "pool")?) {
        Ok(range) => range,
        Err(why) => {
            common.ctx.fault(&position(map, "pool", &value.pos()), why);
            return None;
        }
    };
    Some(Pool {
        id: PoolId(int(map, "pool-id").and_then(|n| u32::try_from(n).ok()).unwrap_or(0)),
        first,
        last,
        client_classes: common.classes.ids(map, "client-classes"),
        additional_classes: common.classes.ids(map, "evaluate-additional-classes"),
        options: options(common, map),
        ddns: super::ddns::inner(common.ctx, &scope.params.ddns, map, &value.pos()),
    })
}
