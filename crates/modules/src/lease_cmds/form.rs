//! What leases of both protocols have in common, as commands write it and as answers show it.

use std::sync::Arc;

use base::{IpPrefix, PoolId, Seconds, SubnetId, Timestamp};
use config::Subnet;
use json::{Map, Value};
use lease::LeaseState;

use super::World;
use super::protocol::Leases;
use crate::edit::version;
use crate::params::{Params, Refusal, refuse};

/// Members that come after those by which a lease is known.
pub(super) struct Common {
    pub(super) valid_lifetime: Seconds,
    pub(super) cltt: Timestamp,
    pub(super) hostname: String,
    pub(super) fqdn_fwd: bool,
    pub(super) fqdn_rev: bool,
    pub(super) state: LeaseState,
}

/// The subnet of a lease: the one named, or for addresses the one that holds it. `within`: the address has to lie in
/// the one named.
pub(super) fn subnet<'w, P: Leases>(
    world: &'w World<'_, P>,
    wanted: u32,
    address: P::Address,
    within: bool,
) -> Result<&'w Arc<Subnet<P>>, Refusal> {
    let config = &world.config;
    if wanted == 0 {
        return config.index.in_range(address).find_map(|at| config.subnets.get(at)).ok_or_else(|| {
            Refusal::conflict(format!(
                "subnet-id not specified and failed to find a subnet for address {address}"
            ))
        });
    }
    let subnet = config.subnet(SubnetId(wanted)).ok_or_else(|| {
        Refusal::conflict(format!(
            "Invalid subnet-id: No {} subnet with subnet-id={wanted} currently configured.",
            version::<P>()
        ))
    })?;
    if within && !subnet.prefix.contains(address) {
        return Err(Refusal::conflict(format!(
            "The address {address} does not belong to subnet {}, subnet-id={wanted}",
            subnet.prefix
        )));
    }
    Ok(subnet)
}

pub(super) fn common<P: Leases>(
    world: &World<'_, P>,
    params: Params<'_>,
    address: P::Address,
    valid_lifetime: Seconds,
) -> Result<Common, Refusal> {
    let cltt = match params.get("expire") {
        None => world.now,
        Some(_) => {
            let expire = params.integer("expire")?;
            let Some(expire) = u64::try_from(expire).ok().filter(|expire| *expire > 0) else {
                return refuse(format!("expiration time must be positive for address {address}"));
            };
            let Some(cltt) = expire.checked_sub(u64::from(valid_lifetime.0)) else {
                return refuse(format!(
                    "expiration time must be greater than valid lifetime for address {address}"
                ));
            };
            Timestamp(cltt)
        }
    };
    let fqdn_fwd = params.flag("fqdn-fwd")?;
    let fqdn_rev = params.flag("fqdn-rev")?;
    let hostname = match params.get("hostname") {
        None => String::new(),
        Some(_) => params.string("hostname")?.to_lowercase(),
    };
    if hostname.is_empty() && (fqdn_fwd || fqdn_rev) {
        return refuse("No hostname specified and either forward or reverse fqdn was set to true.");
    }
    let code: u8 = params.optional("state")?.unwrap_or_default();
    let Some(state) = LeaseState::from_code(code) else {
        return refuse(format!(
            "Invalid state value: {code}, supported values are: 0 (default), 1 (declined), 2 (expired-reclaimed), \
             3 (released) and 4 (registered)"
        ));
    };
    Ok(Common { valid_lifetime, cltt, hostname, fqdn_fwd, fqdn_rev, state })
}

/// `user-context` with `comment` in it.
pub(super) fn context(params: Params<'_>) -> Result<Option<Map>, Refusal> {
    let context = match params.get("user-context") {
        None => None,
        Some(value) => match value.as_map() {
            Some(map) => Some(map.clone()),
            None => {
                let shown = json::to_string(value);
                return refuse(format!("Invalid user context '{shown}' is not a JSON map."));
            }
        },
    };
    let Some(comment) = params.get("comment") else { return Ok(context) };
    let mut map = context.unwrap_or_default();
    if map.contains_key("comment") {
        return refuse(format!(
            "Duplicated comment entry '{}' in user context '{}'",
            json::to_string(comment),
            json::to_string(&map.into())
        ));
    }
    map.insert("comment".to_owned(), comment.clone());
    Ok(Some(map))
}

/// Members that leases of both protocols show alike.
pub(super) fn render(
    map: &mut Map,
    hostname: &str,
    fqdn: [bool; 2],
    state: LeaseState,
    pool: PoolId,
    context: Option<&str>,
) {
    let [fwd, rev] = fqdn;
    let mut put = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    put("fqdn-fwd", fwd.into());
    put("fqdn-rev", rev.into());
    put("hostname", hostname.into());
    put("state", state.code().into());
    if pool != PoolId::default() {
        put("pool-id", pool.0.into());
    }
    if let Some(context) = context
        && let Ok(value) = json::parse_command(context.as_bytes(), json::Limits::default())
    {
        put("user-context", value);
    }
}
