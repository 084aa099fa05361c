//! What DHCPv6 has alone.

use std::sync::Arc;

use ::options::DefTable;
use base::{Ipv6Prefix, PoolId};
use host::IdentifierKind;
use json::{Map, Pos, Value};
use smallvec::SmallVec;

use super::Context;
use super::own::{Common, Level, Own};
use super::scope::Scope;
use super::subnets::options;
use crate::parse::objects::{boolean, int, list, strings, text};
use crate::parse::{objects6, position, ranges};
use crate::{
    Allocator, ClassId, Dhcp6, DuidKind, Host6, MacSource, Network6Parts, OptionSet, OwnGlobals6, OwnParams6,
    Params6, PdPool, Reservation6, ServerIdConfig, Subnet6Parts, WrittenSubnet6,
};

/// `erp-local-domain-name`, which RFC 6422 lets relay agents supply without being asked.
pub(crate) const ERP_LOCAL_DOMAIN_NAME: u16 = 65;

impl Own for Dhcp6 {
    fn globals(ctx: &mut Context<'_>, map: &Map, pos: &Pos, definitions: &DefTable) -> OwnGlobals6 {
        let sources: Box<[MacSource]> =
            strings(map, "mac-sources").filter_map(MacSource::from_name).collect();
        OwnGlobals6 {
            server_id: server_id(ctx, map),
            mac_sources: if sources.is_empty() { Box::new([MacSource::Any]) } else { sources },
            relay_supplied_options: relay_supplied(ctx, map, pos, definitions),
            allow_address_registration: ctx
                .global(map, "allow-address-registration")
                .and_then(|v| v.as_bool())
                .unwrap_or(true),
        }
    }

    fn params(ctx: &Context<'_>, level: &Level<'_, Self>) -> OwnParams6 {
        let map = level.map;
        match level.outer.map(|outer| &outer.own) {
            None => OwnParams6 {
                preferred_lifetime: level.preferred,
                // No member of the globals.
                rapid_commit: false,
                pd_allocator: ctx
                    .global(map, "pd-allocator")
                    .as_ref()
                    .and_then(Value::as_str)
                    .and_then(Allocator::from_word)
                    .unwrap_or_default(),
            },
            Some(outer) => OwnParams6 {
                preferred_lifetime: level.preferred,
                rapid_commit: boolean(map, "rapid-commit").unwrap_or(outer.rapid_commit),
                pd_allocator: text(map, "pd-allocator")
                    .and_then(Allocator::from_word)
                    .unwrap_or(outer.pd_allocator),
            },
        }
    }

    fn network(map: &Map) -> Network6Parts {
        Network6Parts { interface_id: interface_id(map) }
    }

    fn subnet(
        common: &mut Common<'_, '_>,
        map: &Map,
        scope: &Scope<Self>,
        network: Option<&Network6Parts>,
    ) -> Subnet6Parts {
        Subnet6Parts {
            interface_id: interface_id(map).or_else(|| network?.interface_id.clone()),
            pd_pools: list(map, "pd-pools")
                .iter()
                .filter_map(|value| pd_pool(common, value, scope))
                .collect(),
        }
    }

    fn check_subnet(
        ctx: &mut Context<'_>,
        written: &WrittenSubnet6,
        own: &Params6,
        _: &Params6,
        first: &Params6,
    ) {
        let (own, first) = (own.own.rapid_commit, first.own.rapid_commit);
        if own != first {
            let why = format!(
                "All subnets in a shared network must have the same rapid-commit value. Subnet {} has specified \
                 rapid-commit {own}, but earlier subnet in the same shared-network or the shared-network itself used \
                 rapid-commit {first}",
                written.prefix
            );
            ctx.fault_alone(&position(&written.element.map, "rapid-commit", &written.element.pos), why);
        }
    }

    fn reservation(map: &Map, classes: Box<[ClassId]>, options: OptionSet) -> Reservation6 {
        // What is wrong with them was reported when they were parsed.
        let mut resources: SmallVec<[Ipv6Prefix; 1]> = strings(map, "ip-addresses")
            .filter_map(|text| Ipv6Prefix::new(text.parse().ok()?, 128))
            .collect();
        let addresses = resources.len();
        let prefix = |text: &str| ranges::reserved_prefix(text, "").ok();
        resources.extend(strings(map, "prefixes").filter_map(prefix));
        let mut excluded: Vec<Option<Ipv6Prefix>> = strings(map, "excluded-prefixes").map(prefix).collect();
        excluded.resize(resources.len() - addresses, None);
        Reservation6 { resources, addresses, excluded: excluded.into(), classes, options }
    }

    /// Prefixes to delegate may lie anywhere.
    fn outside(reservation: &Reservation6, prefix: Ipv6Prefix) -> Option<(&'static str, String)> {
        let address = reservation.addresses().iter().find(|address| !prefix.covers(address))?.address();
        let why = format!("specified reservation '{address}' is not within the IPv6 subnet '{prefix}'");
        Some(("ip-addresses", why))
    }

    fn taken(host: &Host6, place: usize, known: &dyn Fn(IdentifierKind) -> String) -> String {
        let resource = host.extra.resources.get(place).map_or_else(String::new, |r| r.address().to_string());
        // The quotes are Kea's.
        format!(
            "failed to add address reservation for host using the HW address '{} and DUID '{}' to the IPv6 subnet id \
             '{}' for address/prefix {resource}: There's already reservation for this address/prefix",
            known(IdentifierKind::HwAddress),
            known(IdentifierKind::Duid),
            host.subnet,
        )
    }
}

/// The octets of the text.
fn interface_id(map: &Map) -> Option<Arc<[u8]>> {
    text(map, "interface-id").filter(|t| !t.is_empty()).map(|t| Arc::from(t.as_bytes()))
}

fn pd_pool(common: &mut Common<'_, '_>, value: &Value, scope: &Scope<Dhcp6>) -> Option<PdPool> {
    let map = value.as_map()?;
    let objects6::PdRange { prefix, delegated_len, excluded } = objects6::pd_pool(map)?.ok()?;
    Some(PdPool {
        id: PoolId(int(map, "pool-id").and_then(|n| u32::try_from(n).ok()).unwrap_or(0)),
        prefix,
        delegated_len,
        excluded,
        client_classes: common.classes.ids(map, "client-classes"),
        additional_classes: common.classes.ids(map, "evaluate-additional-classes"),
        options: options(common, map),
        ddns: Arc::clone(&scope.params.ddns),
    })
}

fn server_id(ctx: &Context<'_>, map: &Map) -> ServerIdConfig {
    let leaf = |name: &str| ctx.leaf(map, "server-id", name);
    let number = |name: &str| leaf(name).and_then(|v| v.as_int()).unwrap_or(0);
    let word = |name: &str| leaf(name).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    ServerIdConfig {
        kind: DuidKind::from_name(&word("type")).unwrap_or_default(),
        identifier: base::decode_hex(&word("identifier")).unwrap_or_default().into(),
        htype: u16::try_from(number("htype")).unwrap_or(0),
        time: u32::try_from(number("time")).unwrap_or(0),
        enterprise_id: u32::try_from(number("enterprise-id")).unwrap_or(0),
        persist: leaf("persist").and_then(|v| v.as_bool()).unwrap_or(true),
    }
}

/// The codes of the options named, and the one that is always allowed.
fn relay_supplied(ctx: &mut Context<'_>, map: &Map, pos: &Pos, definitions: &DefTable) -> Box<[u16]> {
    let mut codes = vec![ERP_LOCAL_DOMAIN_NAME];
    for name in strings(map, "relay-supplied-options") {
        let code = match name.parse::<i64>() {
            Ok(number) if number < 0 => Err(format!(
                "invalid option code value specified '{name}', the option code must be a non-negative value"
            )),
            Ok(number) if number > 0 => u16::try_from(number).map_err(|_| {
                format!(
                    "invalid option code value specified '{name}', the option code must not be greater than '65535'"
                )
            }),
            _ => definitions.by_name("dhcp6", name).map(|def| def.code).ok_or_else(|| {
                format!(
                    "unable to find option code for the  specified option name '{name}' while parsing the list of \
                     enabled relay-supplied-options"
                )
            }),
        };
        match code {
            Ok(code) => codes.push(code),
            Err(why) => ctx.fault(&position(map, "relay-supplied-options", pos), why),
        }
    }
    codes.sort_unstable();
    codes.dedup();
    codes.into()
}
