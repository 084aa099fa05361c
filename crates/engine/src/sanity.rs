//! Checks of leases when their file is loaded (`sanity-checks`): subnet numbers change between configurations.

use std::sync::Arc;

use base::{IpPrefix, SubnetId};
use config::{LeaseChecks, Protocol, ServerConfig};
use json::{Map, Value};

use crate::messages::{LeaseDiscarded, LeaseFixed, LeaseUnfit};

/// Leases read at a time.
pub(crate) const PAGE: usize = 1024;

/// Where Kea keeps what is its own in the user-context of a lease.
pub(crate) const ISC: &str = "ISC";

/// Whether nothing is to be looked at.
pub(crate) fn off<P: Protocol>(config: &ServerConfig<P>) -> bool {
    let checks = &config.services.sanity_checks;
    checks.lease_checks == LeaseChecks::None && checks.extended_info_checks == "none"
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
    mend: impl FnOnce(&mut Map) -> bool,
) -> Option<Option<Arc<str>>> {
    let text = text?;
    if config.services.sanity_checks.extended_info_checks == "none" {
        return None;
    }
    let Some(mut context) = parse(text) else { return Some(None) };
    let mut isc = context.get(ISC)?.as_map().cloned().unwrap_or_default();
    if !isc.is_empty() && !mend(&mut isc) {
        return None;
    }
    if isc.is_empty() {
        context.remove(ISC);
    } else {
        context.insert(ISC.to_owned(), Value::from(isc));
    }
    Some((!context.is_empty()).then(|| json::to_string(&context.into()).into()))
}
