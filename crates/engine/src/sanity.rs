//! Checks of leases when their file is loaded (`sanity-checks`): subnet numbers change between configurations.

use std::sync::Arc;

use base::{IpPrefix, SubnetId, decode_hex};
use config::{ExtendedInfoChecks, LeaseChecks, Protocol, ServerConfig};
use json::{Map, Value};

use crate::messages::{LeaseDiscarded, LeaseFixed, LeaseUnfit};

/// Leases read at a time.
pub(crate) const PAGE: usize = 1024;

/// Where Kea keeps what is its own in the user-context of a lease.
pub(crate) const ISC: &str = "ISC";

/// Whether nothing is to be looked at.
pub(crate) fn off<P: Protocol>(config: &ServerConfig<P>) -> bool {
    let checks = &config.services.sanity_checks;
    checks.lease_checks == LeaseChecks::None && checks.extended_info_checks == ExtendedInfoChecks::None
}

/// The subnet that the lease of `address` belongs to from now on; `None` for a lease that is to be dropped.
pub(crate) fn subnet<P: Protocol>(
    config: &ServerConfig<P>,
    address: P::Address,
    subnet: SubnetId,
) -> Option<SubnetId> {
    let checks = config.services.sanity_checks.lease_checks;
    match config.subnet(subnet) {
        _ if checks == LeaseChecks::None => return Some(subnet),
        Some(known) if known.prefix.contains(address) => return Some(subnet),
        _ => {}
    }
    let found = config.index.in_range(address).find_map(|at| config.subnets.get(at));
    // Programs match these texts, so they are Kea's.
    let reason = match found {
        Some(found) => format!("the lease should have subnet-id {}", found.id),
        None => "the lease IP address did not belong to a configured subnet".to_owned(),
    };
    match (checks, found) {
        (LeaseChecks::Fix | LeaseChecks::FixDelete, Some(found)) => {
            observe::log!(LeaseFixed { address, subnet, right: found.id });
            Some(found.id)
        }
        (LeaseChecks::FixDelete | LeaseChecks::Delete, _) => {
            observe::log!(LeaseDiscarded { address, subnet, reason });
            None
        }
        _ => {
            observe::log!(LeaseUnfit { address, subnet, reason });
            Some(subnet)
        }
    }
}

/// The map of a user-context; `None` for what is none.
pub(crate) fn parse(context: &str) -> Option<Map> {
    let value = json::parse_command(context.as_bytes(), json::Limits::default()).ok()?;
    value.as_map().cloned()
}

/// The user-context that a lease should have (`extended-info-checks`): what cannot be read goes, and `mend`, which
/// says whether it changed anything, is given Kea's own part. `None` where all is well; `Some(None)` for no
/// user-context at all.
#[allow(clippy::option_option)]
pub(crate) fn mended<P: Protocol>(
    config: &ServerConfig<P>,
    text: Option<&Arc<str>>,
    mend: impl FnOnce(&mut Map, ExtendedInfoChecks) -> bool,
) -> Option<Option<Arc<str>>> {
    let text = text?;
    let checks = config.services.sanity_checks.extended_info_checks;
    if checks == ExtendedInfoChecks::None {
        return None;
    }
    let Some(mut context) = parse(text) else { return Some(None) };
    if context.is_empty() {
        return Some(None);
    }
    let mut isc = context.get(ISC)?.as_map().cloned().unwrap_or_default();
    if !isc.is_empty() && !mend(&mut isc, checks) {
        return None;
    }
    if isc.is_empty() {
        context.remove(ISC);
    } else {
        context.insert(ISC.to_owned(), Value::from(isc));
    }
    Some((!context.is_empty()).then(|| json::to_string(&context.into()).into()))
}

/// The user-context with one entry of Kea's own part set; all else in it stays.
pub(crate) fn with_entry(old: Option<&Arc<str>>, key: &str, entry: Value) -> Arc<str> {
    let mut context = old.and_then(|text| parse(text)).unwrap_or_default();
    let mut isc = context.get(ISC).and_then(Value::as_map).cloned().unwrap_or_default();
    isc.insert(key.to_owned(), entry);
    context.insert(ISC.to_owned(), isc.into());
    json::to_string(&context.into()).into()
}

/// A part of extended information that is not as it must be, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub part: &'static str,
    pub why: String,
}

impl Broken {
    pub(crate) fn refuse<T>(part: &'static str, why: impl Into<String>) -> Result<T, Self> {
        Err(Self { part, why: why.into() })
    }
}

/// A text of a map.
pub(crate) fn word<'m>(map: &'m Map, part: &'static str) -> Result<Option<&'m str>, Broken> {
    match map.get(part) {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text)),
            None => Broken::refuse(part, format!("{part} is not a string")),
        },
    }
}

/// The octets of a text of hexadecimal digits.
pub(crate) fn octets(map: &Map, part: &'static str) -> Result<Option<Vec<u8>>, Broken> {
    let Some(text) = word(map, part)? else { return Ok(None) };
    decode_hex(text).map(Some).or_else(|error| Broken::refuse(part, error.to_string()))
}

/// Checks what leases are found by: octets, at least one.
pub(crate) fn identifier(map: &Map, part: &'static str) -> Result<(), Broken> {
    match octets(map, part)? {
        Some(octets) if octets.is_empty() => Broken::refuse(part, format!("{part} is empty")),
        _ => Ok(()),
    }
}

/// Checks that a map has no other members than these and a comment.
pub(crate) fn only(map: &Map, part: &'static str, known: &[&str]) -> Result<(), Broken> {
    match map.keys().find(|key| *key != "comment" && !known.contains(&key.as_str())) {
        Some(key) => Broken::refuse(part, format!("spurious '{key}' entry")),
        None => Ok(()),
    }
}
