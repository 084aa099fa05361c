//! Leases as commands write them and as answers show them.

use base::{PoolId, Seconds, SubnetId, Timestamp};
use json::{Map, Value};
use lease::{Lease4, LeaseState};

use super::World;
use crate::params::{Params, Refusal, client_id, hw_addr, refuse};

/// The lease of a command, checked against the configuration in force.
pub(crate) fn parse(world: &World<'_>, params: Params<'_>) -> Result<Lease4, Refusal> {
    let address = params.ipv4("ip-address")?;
    let hw_addr = hw_addr(params.string("hw-address")?)?;
    let wanted: u32 = params.optional("subnet-id")?.unwrap_or_default();
    let pool: u32 = params.optional("pool-id")?.unwrap_or_default();
    let config = &world.config;
    let subnet = if wanted == 0 {
        config.index.in_range(address).find_map(|at| config.subnets.get(at)).ok_or_else(|| {
            Refusal::conflict(format!(
                "subnet-id not specified and failed to find a subnet for address {address}"
            ))
        })?
    } else {
        let subnet = config.subnet(SubnetId(wanted)).ok_or_else(|| {
            Refusal::conflict(format!(
                "Invalid subnet-id: No IPv4 subnet with subnet-id={wanted} currently configured."
            ))
        })?;
        if !subnet.prefix.contains(address) {
            return Err(Refusal::conflict(format!(
                "The address {address} does not belong to subnet {}, subnet-id={wanted}",
                subnet.prefix
            )));
        }
        subnet
    };
    let client_id = match params.get("client-id") {
        None => None,
        Some(_) => Some(client_id(params.string("client-id")?)?),
    };
    let valid_lifetime = params.optional("valid-lft")?.map_or(subnet.params.valid_lifetime.default, Seconds);
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
    Ok(Lease4 {
        address,
        hw_addr: Some(hw_addr).filter(|hw_addr| !hw_addr.is_empty()),
        client_id,
        subnet_id: subnet.id,
        pool_id: PoolId(pool),
        cltt,
        valid_lifetime,
        state,
        hostname: hostname.into(),
        fqdn_fwd,
        fqdn_rev,
        user_context: context(params)?.map(|context| json::to_string(&context.into()).into()),
    })
}

/// `user-context` with `comment` in it.
fn context(params: Params<'_>) -> Result<Option<Map>, Refusal> {
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

/// A lease as answers show it.
pub(crate) fn render(lease: &Lease4) -> Map {
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    put("ip-address", lease.address.to_string().into());
    put("hw-address", lease.hw_addr.map(|hw_addr| hw_addr.to_string()).unwrap_or_default().into());
    if let Some(id) = &lease.client_id {
        put("client-id", id.to_string().into());
    }
    put("cltt", lease.cltt.0.into());
    put("valid-lft", lease.valid_lifetime.0.into());
    put("subnet-id", lease.subnet_id.0.into());
    put("fqdn-fwd", lease.fqdn_fwd.into());
    put("fqdn-rev", lease.fqdn_rev.into());
    put("hostname", (*lease.hostname).into());
    put("state", lease.state.code().into());
    if lease.pool_id != PoolId::default() {
        put("pool-id", lease.pool_id.0.into());
    }
    if let Some(context) = &lease.user_context
        && let Ok(value) = json::parse_command(context.as_bytes(), json::Limits::default())
    {
        put("user-context", value);
    }
    map
}
