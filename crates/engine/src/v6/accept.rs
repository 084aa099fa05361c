//! Which queries are served at all (RFC 9915 sections 16 and 18.4).

use base::Duid;
use wire::iana::dhcp6_option as option6;
use wire::v6::{Ia, IaAddr, IaKind, IaPrefix, MessageType, Packet};

use super::messages::{ForeignServerId, RequiredOptions, TypeName, Unicast, UnknownMessage};
use super::{Context6, DropReason, Query};

/// How many of an identifier there may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    One,
    AtMostOne,
    None,
}

/// Shortest DUID that says anything: a type and one octet.
const SHORTEST_DUID: usize = 3;

/// Whether the options that the server itself reads can be read. A packet with one that is cut off says something
/// else than its client meant: it is not served.
pub(super) fn well_formed(packet: &Packet<'_>) -> Result<(), String> {
    if packet.relays().iter().any(|relay| relay.header().message_type != MessageType::RELAY_FORW) {
        return Err("a relay agent's message to another relay agent".to_owned());
    }
    let broken = |code: u16, length: usize| Err(format!("option {code} of {length} octets cannot be read"));
    for option in packet.message().options().iter() {
        let length = option.value.len();
        let whole = match option.code {
            option6::IA_NA | option6::IA_TA | option6::IA_PD => {
                let Some(ia) = Ia::parse(option) else { return broken(option.code, length) };
                let inner = match ia.kind {
                    IaKind::Na | IaKind::Ta => option6::IA_ADDR,
                    IaKind::Pd => option6::IA_PREFIX,
                };
                let whole = |value: &[u8]| match ia.kind {
                    IaKind::Na | IaKind::Ta => IaAddr::parse(value).is_some(),
                    IaKind::Pd => IaPrefix::parse(value).is_some_and(|prefix| prefix.length <= 128),
                };
                match ia.options.all(inner).find(|value| !whole(value)) {
                    Some(value) => return broken(inner, value.len()),
                    None => true,
                }
            }
            option6::IA_ADDR => IaAddr::parse(option.value).is_some(),
            option6::ORO => length % 2 == 0,
            option6::ELAPSED_TIME => length == 2,
            option6::STATUS_CODE => length >= 2,
            option6::VENDOR_CLASS | option6::VENDOR_OPTS => length >= 4,
            _ => true,
        };
        if !whole {
            return broken(option.code, length);
        }
    }
    Ok(())
}

/// A server identifier, where there is one, must be ours.
pub(super) fn server_id(ctx: &Context6<'_>, query: &Query<'_>) -> Result<(), DropReason> {
    let Some(sent) = query.message().option(option6::SERVER_ID) else { return Ok(()) };
    if sent == ctx.server_id.octets() {
        return Ok(());
    }
    observe::log!(ForeignServerId {
        query: query.label(),
        theirs: base::encode_hex(sent),
        ours: ctx.server_id
    });
    Err(DropReason::NotForUs)
}

/// Clients send to multicast addresses (RFC 9915 section 16); relay agents as they like, and clients of DHCPv4 over
/// DHCPv6 to the addresses they were told (RFC 7341 section 9).
pub(super) fn unicast(query: &Query<'_>) -> Result<(), DropReason> {
    let free = query.packet.is_relayed() || query.kind == MessageType::DHCPV4_QUERY;
    if free || query.arrival.local.is_multicast() {
        return Ok(());
    }
    observe::log!(Unicast { query: query.label(), name: TypeName(query.kind) });
    Err(DropReason::RfcViolation)
}

/// Types that a server is sent, with the identifiers that each needs.
pub(super) fn sanity(query: &Query<'_>) -> Result<(), DropReason> {
    let (client, server) = match query.kind {
        MessageType::SOLICIT | MessageType::REBIND | MessageType::CONFIRM | MessageType::ADDR_REG_INFORM => {
            (Rule::One, Rule::None)
        }
        MessageType::REQUEST | MessageType::RENEW | MessageType::RELEASE | MessageType::DECLINE => {
            (Rule::One, Rule::One)
        }
        MessageType::INFORMATION_REQUEST | MessageType::DHCPV4_QUERY => (Rule::AtMostOne, Rule::AtMostOne),
        kind => {
            observe::log!(UnknownMessage {
                query: query.label(),
                kind: kind.0,
                interface: &query.arrival.interface
            });
            return Err(DropReason::RfcViolation);
        }
    };
    let fault = identifier(query, option6::CLIENT_ID, "client-id", client)
        .or_else(|| identifier(query, option6::SERVER_ID, "server-id", server))
        .or_else(|| association(query));
    match fault {
        None => Ok(()),
        Some(reason) => {
            observe::log!(RequiredOptions {
                query: query.label(),
                name: TypeName(query.kind),
                remote: query.arrival.remote,
                reason
            });
            Err(DropReason::RfcViolation)
        }
    }
}

/// Who asks for information has no associations (RFC 9915 section 16.12).
fn association(query: &Query<'_>) -> Option<String> {
    let options = query.message().options();
    let there = |code: &u16| options.first(*code).is_some();
    let any = [option6::IA_NA, option6::IA_TA, option6::IA_PD].iter().any(there);
    let fault = any && query.kind == MessageType::INFORMATION_REQUEST;
    fault.then(|| format!("IA options were not expected in {}", TypeName(query.kind)))
}

fn identifier(query: &Query<'_>, code: u16, name: &str, rule: Rule) -> Option<String> {
    let mut there = query.message().options().all(code);
    let first = there.next();
    let count = usize::from(first.is_some()) + there.count();
    let kind = TypeName(query.kind);
    // Programs match these texts, so they are Kea's.
    let fault = match (rule, name) {
        (Rule::One, "client-id") if count != 1 => {
            format!("Exactly 1 client-id option expected in {kind}, but {count} received")
        }
        (Rule::One, _) if count != 1 => {
            format!(
                "Invalid number of {name} options received ({count}), exactly 1 expected in message {kind}"
            )
        }
        (Rule::AtMostOne, _) if count > 1 => format!("Too many ({count}) {name} options received in {kind}"),
        (Rule::None, _) if count > 0 => {
            format!("Server-id option was not expected, but {count} received in {kind}")
        }
        _ => {
            let value = first?;
            if value.len() < SHORTEST_DUID || value.len() > Duid::MAX {
                format!("Received invalid DUID for {name}, received {} byte(s)", value.len())
            } else if value == Duid::empty().octets() {
                format!("Received invalid DUID for {name}: it stands for no client")
            } else {
                return None;
            }
        }
    };
    Some(fault)
}
