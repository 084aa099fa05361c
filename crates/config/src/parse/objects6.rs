//! Checks of whole maps that DHCPv6 has alone.

use std::collections::HashSet;
use std::fmt::Display;
use std::net::{IpAddr, Ipv6Addr};

use base::{IpAddress, Ipv6Prefix};
use json::{Map, Pos, Value};

use super::objects::{self, int, list, text};
use super::{Checker, position, ranges};
use crate::model::{DuidKind, MacSource};

pub(crate) fn subnet(checker: &mut Checker, map: &Map, pos: &Pos) {
    let Some(prefix) = objects::subnet::<Ipv6Prefix>(checker, map, pos) else { return };
    objects::interface_or_id(checker, map, pos, format_args!("subnet {prefix}"));
    // Pools of one type do not overlap; one prefix may both hold addresses and be delegated from, as in Kea.
    let mut seen: Vec<PdRange> =
        list(map, "pd-pools").iter().filter_map(|pool| pd_pool(pool.as_map()?)?.ok()).collect();
    seen.sort_by_key(|pool| pool.prefix.first());
    for pair in seen.windows(2) {
        if let [one, next] = pair
            && next.prefix.first() <= one.prefix.last()
        {
            let (first, last) = (next.prefix.first(), next.prefix.last());
            checker.fault(
                pos,
                format_args!(
                    "a pool of type IA_PD, with the following address range: {first}-{last} overlaps with an existing \
                     pool in the subnet: {prefix} to which it is being added"
                ),
            );
        }
    }
}

/// Addresses, lengths and exclusion of a `pd-pools` entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PdRange {
    pub(crate) prefix: Ipv6Prefix,
    pub(crate) delegated_len: u8,
    pub(crate) excluded: Option<Ipv6Prefix>,
}

/// The prefixes of a `pd-pools` entry; `None` when a required member is missing, which is reported elsewhere.
pub(crate) fn pd_pool(map: &Map) -> Option<Result<PdRange, String>> {
    let length = |name: &str| int(map, name).and_then(|n| u8::try_from(n).ok());
    let (prefix, prefix_len) = (text(map, "prefix")?, length("prefix-len")?);
    let delegated_len = length("delegated-len")?;
    let excluded = text(map, "excluded-prefix").unwrap_or("::");
    let excluded_len = length("excluded-prefix-len").unwrap_or(0);
    Some(pd_range(prefix, prefix_len, delegated_len, excluded, excluded_len))
}

fn pd_range(
    prefix: &str,
    prefix_len: u8,
    delegated_len: u8,
    excluded: &str,
    excluded_len: u8,
) -> Result<PdRange, String> {
    let address = |text: &str| -> Result<Ipv6Addr, String> {
        text.parse().map_err(|_| format!("Failed to convert string to address '{text}': Invalid argument"))
    };
    let (first, left_out) = (address(prefix)?, address(excluded)?);
    let whole =
        Ipv6Prefix::new(first, prefix_len).ok_or_else(|| format!("Invalid prefix length: {prefix_len}"))?;
    if whole.address() != first {
        return Err(format!(
            "Invalid Pool6 address boundaries: {first} is not the first address in prefix: {whole}"
        ));
    }
    if prefix_len > delegated_len {
        return Err(format!(
            "Delegated length ({delegated_len}) must be longer than or equal to prefix length ({prefix_len})"
        ));
    }
    if left_out.is_none() != (excluded_len == 0) {
        return Err(format!("invalid excluded prefix {left_out}/{excluded_len}"));
    }
    if excluded_len == 0 {
        return Ok(PdRange { prefix: whole, delegated_len, excluded: None });
    }
    if excluded_len <= delegated_len {
        return Err(format!(
            "Excluded prefix ({excluded_len}) must be longer than the delegated prefix length ({delegated_len})"
        ));
    }
    // Bits beyond the lengths are cleared, as in Kea.
    let first = Ipv6Prefix::new(whole.address(), delegated_len);
    match (first, Ipv6Prefix::new(left_out, excluded_len)) {
        (Some(first), Some(excluded)) if first.covers(&excluded) => {
            Ok(PdRange { prefix: whole, delegated_len, excluded: Some(excluded) })
        }
        _ => Err(format!(
            "excluded prefix {left_out}/{excluded_len} must have the same common prefix part of {delegated_len} as the \
             delegated prefix {}/{delegated_len}",
            whole.address()
        )),
    }
}

pub(crate) fn server_id(checker: &mut Checker, map: &Map, pos: &Pos) {
    let at = |name: &str| position(map, name, pos);
    if let Some(kind) = text(map, "type")
        && DuidKind::from_name(kind).is_none()
    {
        checker.fault(&at("type"), format_args!("unsupported DUID type '{kind}'. Expected: LLT, EN or LL"));
    }
    let digits = text(map, "identifier").unwrap_or("");
    let Some(octets) = (if digits.is_empty() { Some(Vec::new()) } else { base::decode_hex(digits).ok() })
    else {
        let why = format!("identifier specified as a hexadecimal string '{digits}' is not valid");
        return checker.fault(&at("identifier"), why);
    };
    let most = base::Duid::MAX - 8;
    let uuid = text(map, "type") == Some("UUID");
    if octets.len() > most || (uuid && !octets.is_empty() && octets.len() != 16) {
        let wanted = if uuid { "16".to_owned() } else { format!("at most {most}") };
        let why = format!("identifier '{digits}' has {} octets; its DUID takes {wanted}", octets.len());
        checker.fault(&at("identifier"), why);
    }
}

pub(crate) fn mac_sources(checker: &mut Checker, value: &Value) {
    let mut seen: Vec<MacSource> = Vec::new();
    for item in value.as_list().unwrap_or(&[]) {
        let name = item.as_str().unwrap_or("");
        match MacSource::from_name(name) {
            None => checker.fault(
                &value.pos(),
                format_args!(
                    "Failed to convert '{name}' to any recognized MAC source:Can't convert '{name}' to any known MAC \
                     source."
                ),
            ),
            Some(source) if seen.contains(&source) => {
                checker.fault(&value.pos(), format_args!("The mac-sources value '{name}' was specified twice"));
            }
            Some(source) => seen.push(source),
        }
    }
    if value.as_list().is_some_and(<[Value]>::is_empty) {
        checker.fault(&value.pos(), "If specified, MAC Sources cannot be empty");
    }
}

/// Addresses and prefixes of a reservation.
pub(crate) fn resources(checker: &mut Checker, map: &Map, pos: &Pos) {
    let mut seen = HashSet::new();
    let mut twice = |checker: &mut Checker, item: &Value, what: Ipv6Prefix, text: &dyn Display| {
        if !seen.insert(what) {
            let why = format_args!("failed on attempt to add a duplicated host reservation for {text}");
            checker.fault(&item.pos(), why);
        }
    };
    for item in list(map, "ip-addresses") {
        let text = item.as_str().unwrap_or("");
        match text.parse::<IpAddr>() {
            Err(_) => checker.fault(
                &item.pos(),
                format_args!("Failed to convert string to address '{text}': Invalid argument"),
            ),
            Ok(IpAddr::V6(address)) if !address.is_multicast() && !address.is_unspecified() => {
                if let Some(whole) = Ipv6Prefix::new(address, 128) {
                    twice(checker, item, whole, &address);
                }
            }
            Ok(address) => {
                checker
                    .fault(&item.pos(), format_args!("invalid prefix '{address}' for new IPv6 reservation"));
            }
        }
    }
    let prefixes = list(map, "prefixes");
    for (at, item) in prefixes.iter().enumerate() {
        let prefix = match ranges::reserved_prefix(item.as_str().unwrap_or(""), "prefix reservation") {
            Ok(prefix) => prefix,
            Err(why) => {
                checker.fault(&item.pos(), why);
                continue;
            }
        };
        twice(checker, item, prefix, &prefix);
        if let Some(item) = list(map, "excluded-prefixes").get(at)
            && let Err(why) = excluded_prefix(item.as_str().unwrap_or(""), prefix)
        {
            checker.fault(&item.pos(), why);
        }
    }
    if map.contains_key("excluded-prefixes") {
        let excluded = list(map, "excluded-prefixes").len();
        if !map.contains_key("prefixes") {
            checker.fault(pos, "'excluded-prefixes' parameter requires the 'prefixes' parameter");
        } else if excluded != prefixes.len() {
            checker.fault(
                pos,
                format_args!(
                    "'excluded-prefixes' parameter does not match the 'prefixes' parameter: {excluded} != {}",
                    prefixes.len()
                ),
            );
        }
    }
}

/// What a client must leave out of a reserved prefix; an empty text is nothing.
pub(crate) fn excluded_prefix(text: &str, prefix: Ipv6Prefix) -> Result<Option<Ipv6Prefix>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let excluded = ranges::reserved_prefix(text, "exclude prefix")?;
    if excluded.length() <= prefix.length() {
        return Err(format!(
            "length of the excluded prefix {excluded} must be greater than the length of the delegated prefix {prefix}"
        ));
    }
    if !prefix.covers(&excluded) {
        return Err(format!(
            "excluded prefix {excluded} must have the same common prefix part of {} as the delegated prefix {prefix}",
            prefix.length()
        ));
    }
    Ok(Some(excluded))
}
