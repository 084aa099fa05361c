//! Commands that find leases.

use std::net::IpAddr;
use std::sync::Arc;

use base::{ClientId, HwAddr, SubnetId};
use control::Answer;
use json::{Kind, Value};
use lease::{Lease4, LeaseState, Page4};

use super::{World, form, found, ipv4, map};
use crate::params::{Params, Refusal, client_id, duid, hw_addr, refuse};

/// Leases that are fetched from the store at once.
const CHUNK: usize = 4096;

/// The lease that `lease4-get` and `lease4-del` are about.
pub(crate) enum Wanted {
    Address(std::net::Ipv4Addr),
    HwAddr(HwAddr, SubnetId),
    ClientId(ClientId, SubnetId),
    /// Leases of DHCPv4 have none.
    Duid,
}

impl Wanted {
    pub(crate) fn parse(arguments: Option<&Value>) -> Result<Self, Refusal> {
        let Some(params) = arguments.and_then(Params::of) else {
            return refuse("Parameters missing or are not a map.");
        };
        if let Some(value) = params.get("update-ddns")
            && value.as_bool().is_none()
        {
            return refuse("'update-ddns' is not a boolean");
        }
        if params.get("type").is_some() {
            let kind = params.string("type")?;
            if !matches!(kind, "IA_NA" | "0" | "IA_PD" | "2" | "V4" | "3") {
                return refuse(format!(
                    "Invalid lease type specified: {kind}, only supported values are: IA_NA, IA_PD and V4"
                ));
            }
        }
        if let Some(value) = params.get("ip-address") {
            let Some(text) = value.as_str() else { return refuse("'ip-address' is not a string.") };
            return ipv4(text).map(Self::Address);
        }
        let Some(subnet) = params.get("subnet-id") else {
            return refuse("Mandatory 'subnet-id' parameter missing.");
        };
        let Some(subnet) = subnet.as_int() else { return refuse("'subnet-id' parameter is not integer.") };
        let Ok(subnet) = u32::try_from(subnet).map(SubnetId) else {
            return refuse("'subnet-id' parameter is not a 32 bit unsigned integer.");
        };
        if params.get("iaid").is_some() {
            return refuse("'iaid' parameter is specific to DHCPv6.");
        }
        let text = |name: &str| {
            params.get(name).and_then(Value::as_str).ok_or_else(|| {
                Refusal::error(format!(
                    "No 'ip-address' provided and '{name}' is either missing or not a string."
                ))
            })
        };
        let kind = text("identifier-type")?;
        let identifier = text("identifier")?;
        let bad = |why: Refusal| Refusal::error(format!("Bad '{kind}' identifier: {}", why.text));
        match kind {
            "hw-address" => Ok(Self::HwAddr(hw_addr(identifier).map_err(bad)?, subnet)),
            "client-id" => Ok(Self::ClientId(client_id(identifier).map_err(bad)?, subnet)),
            "duid" => duid(identifier).map_err(bad).map(|()| Self::Duid),
            _ => refuse(format!(
                "Incorrect identifier type: {kind}, the only supported values are: hw-address, duid, client-id"
            )),
        }
    }

    pub(crate) async fn find(&self, world: &World<'_>) -> Result<Option<Arc<Lease4>>, Refusal> {
        let (leases, subnet) = match self {
            Self::Address(address) => return Ok(world.store.by_address(*address).await?),
            Self::HwAddr(hw_addr, subnet) => (world.store.by_hw_addr(hw_addr).await?, subnet),
            Self::ClientId(id, subnet) => (world.store.by_client_id(id).await?, subnet),
            Self::Duid => return refuse("Query by duid is not allowed in v4."),
        };
        Ok(leases.into_iter().find(|lease| lease.subnet_id == *subnet))
    }
}

pub(crate) async fn get(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    match Wanted::parse(arguments)?.find(world).await? {
        Some(lease) => Ok(Answer::full("IPv4 lease found.", form::render(&lease))),
        None => Err(Refusal::empty("Lease not found.")),
    }
}

pub(crate) async fn get_all(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let mut leases: Page4 = Vec::new();
    match arguments {
        None => {
            let mut after = None;
            loop {
                let page = world.store.page(after, CHUNK).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.address);
                leases.extend(page);
            }
        }
        Some(arguments) => {
            let Some(subnets) = map(arguments)?.get("subnets") else {
                return refuse("'subnets' parameter not specified");
            };
            let Some(subnets) = subnets.as_list() else {
                return refuse("'subnets' parameter must be a list");
            };
            for subnet in subnets {
                let Some(id) = subnet.as_int() else {
                    return refuse("listed subnet identifiers must be numbers");
                };
                let Ok(id) = u32::try_from(id) else {
                    return refuse(format!("out of range subnet identifier {id}"));
                };
                leases.extend(world.store.by_subnet(SubnetId(id)).await?);
            }
        }
    }
    Ok(listed(&leases))
}

pub(crate) async fn get_page(
    world: &World<'_>,
    name: &str,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
    let Some(arguments) = arguments else {
        return refuse(format!("no parameters specified for the {name} command"));
    };
    let params = map(arguments)?;
    let Some(from) = params.get("from") else { return refuse("'from' parameter not specified") };
    let Some(from) = from.as_str() else { return refuse("'from' parameter must be a string") };
    let after = match from.parse::<IpAddr>() {
        _ if from == "start" => None,
        Ok(IpAddr::V4(address)) => Some(address),
        Ok(IpAddr::V6(address)) => {
            return refuse(format!("'from' parameter value {address} is not an IPv4 address"));
        }
        Err(_) => {
            return refuse("'from' parameter value is neither 'start' keyword nor a valid IPv4 address");
        }
    };
    let Some(limit) = params.get("limit") else { return refuse("'limit' parameter not specified") };
    let Some(limit) = limit.as_int() else { return refuse("'limit' parameter must be a number") };
    let Some(limit) = u32::try_from(limit).ok().and_then(|limit| usize::try_from(limit).ok()) else {
        return refuse("'limit' parameter is not a 32 bit unsigned integer.");
    };
    if limit == 0 {
        return refuse("'limit' parameter must not be 0.");
    }
    let leases = world.store.page(after, limit).await?;
    Ok(found(&leases, format!("{} IPv4 lease(s) found.", leases.len()), true))
}

pub(crate) async fn by_hw_address(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let text = parameter(arguments, "hw-address")?;
    if text.is_empty() {
        return refuse("'hw-address' parameter must not be empty");
    }
    let hw_addr =
        hw_addr(text).map_err(|why| Refusal::error(format!("bad 'hw-address' parameter: {}", why.text)))?;
    Ok(listed(&world.store.by_hw_addr(&hw_addr).await?))
}

pub(crate) async fn by_client_id(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let text = parameter(arguments, "client-id")?;
    let id =
        client_id(text).map_err(|why| Refusal::error(format!("bad 'client-id' parameter: {}", why.text)))?;
    Ok(listed(&world.store.by_client_id(&id).await?))
}

pub(crate) async fn by_hostname(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let text = parameter(arguments, "hostname")?;
    if text.is_empty() {
        return refuse("'hostname' parameter is empty");
    }
    Ok(listed(&world.store.by_hostname(&text.to_lowercase()).await?))
}

pub(crate) async fn by_state(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Some(params) = arguments.and_then(Params::of) else {
        return refuse("Command arguments missing or a not a map.");
    };
    let Some(state) = params.get("state") else { return refuse("'state' parameter not specified") };
    let code = match &state.kind {
        Kind::Str(text) => match text.as_str() {
            "" => return refuse("'state' parameter is empty"),
            "default" | "assigned" => 0,
            "declined" => 1,
            "expired-reclaimed" => 2,
            "released" => 3,
            "registered" => 4,
            other => return refuse(format!("'state' parameter value ({other}) is not recognized")),
        },
        // As Kea: what does not fit in 32 bits is cut to them.
        Kind::Int(code) => u32::try_from(code.rem_euclid(1 << 32)).unwrap_or_default(),
        _ => return refuse("'state' parameter must be a number or a string"),
    };
    let subnet = match params.get("subnet-id") {
        None => 0,
        Some(value) => {
            let Some(id) = value.as_int() else { return refuse("'subnet-id' parameter must be a number") };
            let Ok(id) = u32::try_from(id) else {
                return refuse("'subnet-id' parameter must be a 32 bit unsigned integer");
            };
            id
        }
    };
    let state = u8::try_from(code).ok().and_then(LeaseState::from_code);
    let leases = match state {
        Some(state) => {
            let subnet = (subnet != 0).then_some(SubnetId(subnet));
            world.store.by_state(state, subnet).await?
        }
        None => Vec::new(),
    };
    let mut text = format!("{} IPv4 lease(s) found with state ", leases.len());
    match state {
        Some(state) => text.push_str(&format!("{} ({code})", state_name(state))),
        None => text.push_str(&code.to_string()),
    }
    if subnet != 0 {
        text.push_str(&format!(" in subnet {subnet}"));
    }
    text.push('.');
    Ok(found(&leases, text, false))
}

fn state_name(state: LeaseState) -> &'static str {
    match state {
        LeaseState::Default => "default",
        LeaseState::Declined => "declined",
        LeaseState::ExpiredReclaimed => "expired-reclaimed",
        LeaseState::Released => "released",
        LeaseState::Registered => "registered",
    }
}

/// The one parameter of `lease4-get-by-...`.
fn parameter<'a>(arguments: Option<&'a Value>, name: &str) -> Result<&'a str, Refusal> {
    let Some(params) = arguments.and_then(Params::of) else {
        return refuse("Command arguments missing or a not a map.");
    };
    let Some(value) = params.get(name) else { return refuse(format!("'{name}' parameter not specified")) };
    value.as_str().ok_or_else(|| Refusal::error(format!("'{name}' parameter must be a string")))
}

fn listed(leases: &[Arc<Lease4>]) -> Answer {
    found(leases, format!("{} IPv4 lease(s) found.", leases.len()), false)
}
