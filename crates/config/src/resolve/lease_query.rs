//! `libdhcp_lease_query`: who may ask for leases, and how (Kea manual, "Leasequery Support").

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use base::{Family, Ipv4Prefix, Ipv6Prefix, Seconds};
use json::{Kind, Map, Value};

use super::{Context, MAX_THREADS};
use crate::{BulkLeaseQuery, HookLibrary, LeaseQuery, PdPool, Protocol, Subnet};

const LIBRARY: &str = "libdhcp_lease_query";

/// Ports of UDP, which bulk leasequeries have of TCP (RFC 6926 section 6.1, RFC 5460 section 5.2).
const PORTS: (u16, u16) = (67, 547);

/// What the library's parameters say, where it is listed.
pub(crate) fn resolve<P: Protocol>(
    ctx: &mut Context<'_>,
    libraries: &[HookLibrary],
    subnets: &[Arc<Subnet<P>>],
) -> Option<LeaseQuery> {
    let library = libraries.iter().find(|library| library.is(LIBRARY))?;
    let pools: Vec<&PdPool> = subnets.iter().flat_map(|subnet| P::pd_pools(&subnet.own)).collect();
    let mut lengths: Vec<u8> = pools.iter().map(|pool| pool.delegated_len).collect();
    let mut query = LeaseQuery {
        requesters: Vec::new(),
        prefix_lengths: Vec::new(),
        delegated: merged(pools.iter().map(|pool| (pool.prefix.first(), pool.prefix.last())).collect()),
        extended_info: false,
        bulk: None,
    };
    for (name, value) in &library.parameters {
        match (name.as_str(), P::FAMILY) {
            ("requesters", family) => query.requesters = requesters(ctx, value, family),
            ("prefix-lengths", Family::V6) => lengths = prefix_lengths(ctx, value),
            ("advanced", family) => match value.as_map() {
                Some(map) => advanced(ctx, map, family, &mut query),
                None => ctx.fault(&value.pos(), format_args!("'advanced' of {LIBRARY} is not a map")),
            },
            ("comment" | "user-context", _) => {}
            _ => ctx.fault(&value.pos(), format_args!("'{name}' is no parameter of {LIBRARY}")),
        }
    }
    if !library.parameters.contains_key("requesters") {
        ctx.fault(&library.pos, format_args!("'requesters' of {LIBRARY} is missing"));
    }
    lengths.sort_unstable_by(|one, other| other.cmp(one));
    lengths.dedup();
    query.prefix_lengths = lengths;
    Some(query)
}

/// Ranges in order, with those that touch made one.
fn merged(mut ranges: Vec<(Ipv6Addr, Ipv6Addr)>) -> Vec<(Ipv6Addr, Ipv6Addr)> {
    ranges.sort_unstable();
    let mut merged: Vec<(Ipv6Addr, Ipv6Addr)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= *end => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

fn requesters(ctx: &mut Context<'_>, value: &Value, family: Family) -> Vec<(IpAddr, IpAddr)> {
    let list = value.as_list().unwrap_or_default();
    if list.is_empty() {
        ctx.fault(&value.pos(), format_args!("'requesters' of {LIBRARY} is not a list with entries"));
    }
    let mut ranges: Vec<(IpAddr, IpAddr)> = Vec::new();
    for entry in list {
        let Some(text) = entry.as_str() else {
            ctx.fault(&entry.pos(), format_args!("an entry of 'requesters' of {LIBRARY} is not a string"));
            continue;
        };
        match range(text, family) {
            Some(range) if ranges.contains(&range) => {
                ctx.fault(&entry.pos(), format_args!("'requesters' entry '{text}' is there already"));
            }
            Some(range) => ranges.push(range),
            None => ctx.fault(
                &entry.pos(),
                format_args!("'requesters' entry '{text}' is not an {} address or prefix", family.version()),
            ),
        }
    }
    ranges
}

/// An address, or what of a prefix begins with the address given.
fn range(text: &str, family: Family) -> Option<(IpAddr, IpAddr)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().ok().filter(|length| *length > 0)?)),
        None => (text, None),
    };
    Some(match family {
        Family::V4 => {
            let first: Ipv4Addr = address.parse().ok()?;
            (first.into(), Ipv4Prefix::new(first, length.unwrap_or(32))?.last().into())
        }
        Family::V6 => {
            let first: Ipv6Addr = address.parse().ok()?;
            (first.into(), Ipv6Prefix::new(first, length.unwrap_or(128))?.last().into())
        }
    })
}

fn prefix_lengths(ctx: &mut Context<'_>, value: &Value) -> Vec<u8> {
    let Some(list) = value.as_list() else {
        ctx.fault(&value.pos(), format_args!("'prefix-lengths' of {LIBRARY} is not a list"));
        return Vec::new();
    };
    let mut lengths = Vec::new();
    for entry in list {
        match entry.as_int().and_then(|length| u8::try_from(length).ok()) {
            Some(length @ 1..=128) => lengths.push(length),
            _ => ctx.fault(
                &entry.pos(),
                format_args!("an entry of 'prefix-lengths' of {LIBRARY} is not a number from 1 to 128"),
            ),
        }
    }
    lengths
}

fn advanced(ctx: &mut Context<'_>, map: &Map, family: Family, query: &mut LeaseQuery) {
    let (usual, port) = match family {
        Family::V4 => (IpAddr::from(Ipv4Addr::LOCALHOST), PORTS.0),
        Family::V6 => (IpAddr::from(Ipv6Addr::LOCALHOST), PORTS.1),
    };
    let mut bulk = BulkLeaseQuery {
        listen: SocketAddr::new(usual, port),
        threads: 0,
        connections: 10,
        queries: 0,
        idle: Seconds(300),
        page: 100,
    };
    let (mut enabled, mut extended) = (false, None);
    for (name, value) in map {
        let flag = matches!(
            name.as_str(),
            "bulk-query-enabled" | "active-query-enabled" | "extended-info-tables-enabled" | "cert-required"
        );
        let text = matches!(name.as_str(), "lease-query-ip" | "trust-anchor" | "cert-file" | "key-file");
        match &value.kind {
            Kind::Bool(given) if flag => match name.as_str() {
                "bulk-query-enabled" => enabled = *given,
                "extended-info-tables-enabled" => extended = Some(*given),
                "active-query-enabled" if *given => {
                    ctx.fault(&value.pos(), "active leasequery ('active-query-enabled') is not supported");
                }
                "cert-required" if *given => no_tls(ctx, name, value),
                _ => {}
            },
            Kind::Str(given) if text => match given.parse::<IpAddr>() {
                _ if name != "lease-query-ip" => {
                    if !given.is_empty() {
                        no_tls(ctx, name, value);
                    }
                }
                Ok(address) if address.is_ipv4() == (family == Family::V4) => bulk.listen.set_ip(address),
                _ => ctx.fault(
                    &value.pos(),
                    format_args!("invalid lease-query-ip '{given}': not an {} address", family.version()),
                ),
            },
            Kind::Int(given) if !flag && !text => number(ctx, name, *given, value, &mut bulk),
            _ if flag => ctx.fault(&value.pos(), format_args!("'{name}' of {LIBRARY} is not a boolean")),
            _ if text => ctx.fault(&value.pos(), format_args!("'{name}' of {LIBRARY} is not a string")),
            _ if matches!(name.as_str(), "comment" | "user-context") => {}
            _ => number(ctx, name, -1, value, &mut bulk),
        }
    }
    // DHCPv4 has no tables of their own for them.
    query.extended_info = extended.unwrap_or(enabled) || (enabled && family == Family::V4);
    query.bulk = enabled.then_some(bulk);
}

fn number(ctx: &mut Context<'_>, name: &str, given: i64, value: &Value, bulk: &mut BulkLeaseQuery) {
    let size = usize::try_from(given).ok();
    let positive = size.filter(|size| *size > 0);
    let known = match name {
        "lease-query-tcp-port" => {
            u16::try_from(given).ok().filter(|port| *port > 0).map(|port| bulk.listen.set_port(port))
        }
        "max-bulk-query-threads" => size.filter(|_| given <= MAX_THREADS).map(|size| bulk.threads = size),
        "max-requester-connections" => positive.map(|size| bulk.connections = size),
        "max-concurrent-queries" => size.map(|size| bulk.queries = size),
        // As with Kea, no longer than a timer of 31 bits of milliseconds.
        "max-requester-idle-time" => u32::try_from(given)
            .ok()
            .filter(|seconds| (1..=2_147_483).contains(seconds))
            .map(|seconds| bulk.idle = Seconds(seconds)),
        "max-leases-per-fetch" => positive.map(|size| bulk.page = size),
        _ => {
            ctx.fault(&value.pos(), format_args!("'{name}' is no parameter of 'advanced' of {LIBRARY}"));
            return;
        }
    };
    if known.is_none() {
        ctx.fault(&value.pos(), format_args!("invalid {name} '{}'", json::to_string(value)));
    }
}

fn no_tls(ctx: &mut Context<'_>, name: &str, value: &Value) {
    ctx.fault(&value.pos(), format_args!("'{name}' of {LIBRARY}: leasequery over TLS is not supported"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query<P: Protocol>(parameters: &str, subnets: &str) -> Result<LeaseQuery, Vec<String>> {
        let text = format!(
            r#"{{ "{}": {{ "{}": [{subnets}],
                "hooks-libraries": [{{ "library": "libdhcp_lease_query.so", "parameters": {parameters} }}] }} }}"#,
            P::NAME,
            P::SUBNETS
        );
        let value = json::Parser::new(json::Dialect::Config).parse(&text).unwrap().value;
        let (written, errors) = crate::parse_with::<P>(value, crate::ParseEnv::default());
        assert_eq!(errors, []);
        let resolved = P::resolve(Arc::new(written), &crate::ResolveEnv::default());
        let texts = |errors: Vec<crate::ConfigError>| errors.iter().map(|e| e.to_string()).collect();
        resolved.map(|config| config.lease_query.unwrap()).map_err(texts)
    }

    #[test]
    fn defaults_and_ranges() {
        let simple = query::<crate::Dhcp4>(r#"{ "requesters": ["192.0.2.1", "10.0.0.0/8"] }"#, "").unwrap();
        assert!(simple.is_requester("10.255.255.255".parse().unwrap()));
        assert!(!simple.is_requester("11.0.0.0".parse().unwrap()));
        assert!(!simple.is_requester("192.0.2.2".parse().unwrap()));
        assert_eq!((simple.bulk, simple.extended_info), (None, false));
        let bulk = query::<crate::Dhcp6>(
            r#"{ "requesters": ["2001:db8::1"], "advanced": { "bulk-query-enabled": true, "max-leases-per-fetch": 5 } }"#,
            "",
        );
        let bulk = bulk.unwrap();
        assert!(bulk.extended_info);
        let bulk = bulk.bulk.unwrap();
        assert_eq!(bulk.listen, "[::1]:547".parse().unwrap());
        assert_eq!((bulk.page, bulk.connections, bulk.idle), (5, 10, Seconds(300)));
    }

    #[test]
    fn prefix_lengths_come_from_pools() {
        let subnets = r#"{ "id": 1, "subnet": "2001:db8::/32", "pd-pools": [
            { "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56 },
            { "prefix": "2001:db8:9000::", "prefix-len": 48, "delegated-len": 64 } ] }"#;
        let found = query::<crate::Dhcp6>(r#"{ "requesters": ["::1"] }"#, subnets).unwrap();
        assert_eq!(found.prefix_lengths, [64, 56]);
        assert_eq!(found.delegated.len(), 2);
        let given =
            query::<crate::Dhcp6>(r#"{ "requesters": ["::1"], "prefix-lengths": [72, 80, 72] }"#, subnets);
        assert_eq!(given.unwrap().prefix_lengths, [80, 72]);
    }

    #[test]
    fn faults_are_told_with_their_places() {
        for (parameters, wanted) in [
            ("{ }", "'requesters' of libdhcp_lease_query is missing"),
            (r#"{ "requesters": [] }"#, "not a list with entries"),
            (r#"{ "requesters": ["::1"] }"#, "'::1' is not an IPv4 address or prefix"),
            (r#"{ "requesters": ["10.0.0.0/33"] }"#, "is not an IPv4"),
            (r#"{ "requesters": ["10.0.0.1", "10.0.0.1"] }"#, "is there already"),
            (r#"{ "requesters": ["10.0.0.1"], "prefix-lengths": [] }"#, "is no parameter"),
            (
                r#"{ "requesters": ["10.0.0.1"], "advanced": { "active-query-enabled": true } }"#,
                "not supported",
            ),
            (
                r#"{ "requesters": ["10.0.0.1"], "advanced": { "cert-file": "x" } }"#,
                "over TLS is not supported",
            ),
            (
                r#"{ "requesters": ["10.0.0.1"], "advanced": { "max-requester-connections": 0 } }"#,
                "invalid max-requester-connections '0'",
            ),
            (
                r#"{ "requesters": ["10.0.0.1"], "advanced": { "lease-query-ip": "::1" } }"#,
                "invalid lease-query-ip",
            ),
            (
                r#"{ "requesters": ["10.0.0.1"], "advanced": { "bulk-query-enabled": 1 } }"#,
                "is not a boolean",
            ),
            (r#"{ "requesters": ["10.0.0.1"], "advanced": { "threads": 1 } }"#, "'threads' is no parameter"),
        ] {
            let errors = query::<crate::Dhcp4>(parameters, "").unwrap_err();
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].contains(wanted) && errors[0].contains(':'), "{errors:?}");
        }
    }
}
