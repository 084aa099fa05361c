//! Commands that find leases.

use std::net::IpAddr;
use std::sync::Arc;

use base::{Family, Iaid, IpAddress, SubnetId};
use control::Answer;
use json::{Kind, Value};
use lease::{LeaseState, LeaseType};

use super::protocol::{By, Leases, Wanted};
use super::{World, address, found, map};
use crate::edit::version;
use crate::params::{Params, Refusal, client_id, duid, hw_addr, refuse};

/// Leases that are fetched from the store at once.
const CHUNK: usize = 512;

/// The lease that `lease4-get`, `lease6-del` and the like are about.
pub(super) fn wanted<P: Leases>(arguments: Option<&Value>) -> Result<Wanted<P::Address>, Refusal> {
    let Some(params) = arguments.and_then(Params::of) else {
        return refuse("Parameters missing or are not a map.");
    };
    let update_ddns = match params.get("update-ddns").map(Value::as_bool) {
        None => false,
        Some(Some(wanted)) => wanted,
        Some(None) => return refuse("'update-ddns' is not a boolean"),
    };
    let mut lease_type = Some(LeaseType::Na);
    if params.get("type").is_some() {
        lease_type = match params.string("type")? {
            "IA_NA" | "0" => Some(LeaseType::Na),
            "IA_PD" | "2" => Some(LeaseType::Pd),
            "V4" | "3" => None,
            kind => {
                return refuse(format!(
                    "Invalid lease type specified: {kind}, only supported values are: IA_NA, IA_PD and V4"
                ));
            }
        };
    }
    if let Some(value) = params.get("ip-address") {
        let Some(text) = value.as_str() else { return refuse("'ip-address' is not a string.") };
        return Ok(Wanted { lease_type, by: By::Address(address::<P>(text)?), update_ddns });
    }
    let Some(subnet) = params.get("subnet-id") else {
        return refuse("Mandatory 'subnet-id' parameter missing.");
    };
    let Some(subnet) = subnet.as_int() else { return refuse("'subnet-id' parameter is not integer.") };
    let Ok(subnet) = u32::try_from(subnet).map(SubnetId) else {
        return refuse("'subnet-id' parameter is not a 32 bit unsigned integer.");
    };
    let mut iaid = Iaid(0);
    if let Some(value) = params.get("iaid") {
        if P::FAMILY == Family::V4 {
            return refuse("'iaid' parameter is specific to DHCPv6.");
        }
        let Some(number) = value.as_int() else { return refuse("'iaid' parameter is not integer.") };
        let Ok(number) = u32::try_from(number) else {
            return refuse("'iaid' parameter is not a 32 bit unsigned integer.");
        };
        iaid = Iaid(number);
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
    let by = match kind {
        "hw-address" => By::HwAddr(hw_addr(identifier).map_err(bad)?, subnet),
        "client-id" => By::ClientId(client_id(identifier).map_err(bad)?, subnet),
        "duid" => By::Duid(duid(identifier).map_err(bad)?, iaid, subnet),
        _ => {
            return refuse(format!(
                "Incorrect identifier type: {kind}, the only supported values are: hw-address, duid, client-id"
            ));
        }
    };
    Ok(Wanted { lease_type, by, update_ddns })
}

pub(super) async fn get<P: Leases>(
    world: &World<'_, P>,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
    match P::find(world, &wanted::<P>(arguments)?).await? {
        Some(lease) => Ok(Answer::full(format!("{} lease found.", version::<P>()), P::render(&lease))),
        None => Err(Refusal::empty("Lease not found.")),
    }
}

pub(super) async fn get_all<P: Leases>(
    world: &World<'_, P>,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
    let mut leases = Vec::new();
    match arguments {
        None => leases = page(world, None, usize::MAX).await?,
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
                leases.extend(P::by_subnet(&world.store, SubnetId(id)).await?);
            }
        }
    }
    Ok(listed::<P>(&leases))
}

/// Up to `limit` leases above `after`; the store is given back between its pages, for packets wait for it.
async fn page<P: Leases>(
    world: &World<'_, P>,
    mut after: Option<P::Address>,
    limit: usize,
) -> Result<Vec<Arc<P::Lease>>, Refusal> {
    let mut leases = Vec::new();
    while leases.len() < limit {
        let wanted = CHUNK.min(limit - leases.len());
        let page = P::page(&world.store, after, wanted).await?;
        let found = page.len();
        leases.extend(page);
        if found < wanted {
            break;
        }
        after = leases.last().map(|last| P::address(last));
    }
    Ok(leases)
}

pub(super) async fn get_page<P: Leases>(
    world: &World<'_, P>,
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
        Ok(address) => match P::Address::from_ip(address) {
            Some(address) => Some(address),
            None => {
                return refuse(format!(
                    "'from' parameter value {address} is not an {} address",
                    version::<P>()
                ));
            }
        },
        Err(_) => {
            return refuse(format!(
                "'from' parameter value is neither 'start' keyword nor a valid {} address",
                version::<P>()
            ));
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
    let leases = page(world, after, limit).await?;
    Ok(found::<P>(&leases, format!("{} {} lease(s) found.", leases.len(), version::<P>()), true))
}

pub(super) async fn by_hw_address<P: Leases>(
    world: &World<'_, P>,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
    let text = parameter(arguments, "hw-address")?;
    if text.is_empty() {
        return refuse("'hw-address' parameter must not be empty");
    }
    let hw_addr =
        hw_addr(text).map_err(|why| Refusal::error(format!("bad 'hw-address' parameter: {}", why.text)))?;
    Ok(listed::<P>(&P::by_hw_addr(&world.store, &hw_addr).await?))
}

pub(super) async fn by_client<P: Leases>(
    world: &World<'_, P>,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
    let text = parameter(arguments, P::CLIENT)?;
    Ok(listed::<P>(&P::by_client(&world.store, text).await?))
}

pub(super) async fn by_hostname<P: Leases>(
    world: &World<'_, P>,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
    let text = parameter(arguments, "hostname")?;
    if text.is_empty() {
        return refuse("'hostname' parameter is empty");
    }
    Ok(listed::<P>(&P::by_hostname(&world.store, &text.to_lowercase()).await?))
}

pub(super) async fn by_state<P: Leases>(
    world: &World<'_, P>,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
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
            P::by_state(&world.store, state, subnet).await?
        }
        None => Vec::new(),
    };
    let mut text = format!("{} {} lease(s) found with state ", leases.len(), version::<P>());
    match state {
        Some(state) => text.push_str(&format!("{} ({code})", state.name())),
        None => text.push_str(&code.to_string()),
    }
    if subnet != 0 {
        text.push_str(&format!(" in subnet {subnet}"));
    }
    text.push('.');
    Ok(found::<P>(&leases, text, false))
}

/// The one parameter of `lease4-get-by-...`.
fn parameter<'a>(arguments: Option<&'a Value>, name: &str) -> Result<&'a str, Refusal> {
    let Some(params) = arguments.and_then(Params::of) else {
        return refuse("Command arguments missing or a not a map.");
    };
    let Some(value) = params.get(name) else { return refuse(format!("'{name}' parameter not specified")) };
    value.as_str().ok_or_else(|| Refusal::error(format!("'{name}' parameter must be a string")))
}

fn listed<P: Leases>(leases: &[Arc<P::Lease>]) -> Answer {
    found::<P>(leases, format!("{} {} lease(s) found.", leases.len(), version::<P>()), false)
}
