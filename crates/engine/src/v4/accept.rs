//! Which queries are served at all (Kea manual, "DHCPv4 Server"; RFC 2131 section 4.3).

use std::net::Ipv4Addr;

use config::builtin;
use wire::iana::bootp::Op;
use wire::iana::dhcp4_option as option4;
use wire::v4::MessageType;

use super::messages::{
    BootpQuery, ForeignServerId, MissingType, NoDirectSubnet, NotProcessed, UnknownType, UnsupportedType,
};
use super::{Context4, DropReason, Query};

/// A BOOTP query is a REQUEST of a client in the class BOOTP, where its hook library is listed.
pub(super) fn bootp(ctx: &Context4<'_>, query: &mut Query<'_>) {
    let request = query.kind == MessageType(0) && query.packet.header().op == Op::REQUEST;
    if request && ctx.config.has_library("libdhcp_bootp") {
        query.classes.insert(builtin::BOOTP);
        query.kind = MessageType::REQUEST;
        observe::log!(BootpQuery { query: query.label() });
    }
}

/// Types that a server is sent.
pub(super) fn message_type(query: &Query<'_>) -> Result<(), DropReason> {
    match query.kind {
        MessageType::DISCOVER
        | MessageType::REQUEST
        | MessageType::RELEASE
        | MessageType::DECLINE
        | MessageType::INFORM => return Ok(()),
        MessageType(0) => {
            observe::log!(MissingType { query: query.label(), interface: &query.arrival.interface });
        }
        kind if kind.0 > 18 => observe::log!(UnknownType { query: query.label(), kind: kind.0 }),
        kind => observe::log!(UnsupportedType { query: query.label(), kind: kind.0 }),
    }
    Err(DropReason::RfcViolation)
}

/// An INFORM from the link needs an address to answer to.
pub(super) fn direct(query: &Query<'_>) -> Result<(), DropReason> {
    let addressless = query.kind == MessageType::INFORM
        && query.arrival.over6.is_none()
        && !query.is_relayed()
        && query.arrival.remote.is_unspecified()
        && query.packet.header().ciaddr.is_unspecified();
    if addressless {
        observe::log!(NoDirectSubnet { query: query.label(), interface: &query.arrival.interface });
        return Err(DropReason::RfcViolation);
    }
    Ok(())
}

/// A server identifier, where there is one, must be ours: that of an open socket, of the relay's override
/// sub-option (RFC 5107), or configured as option 54 at any level.
pub(super) fn server_id(ctx: &Context4<'_>, query: &Query<'_>) -> Result<(), DropReason> {
    if query.packet.option(option4::SERVER_IDENTIFIER).is_none() {
        return Ok(());
    }
    let Some(id) = query.server_id() else {
        return Err(DropReason::RfcViolation);
    };
    let ours = query.packet.relay_info().and_then(|info| info.server_id_override()) == Some(id)
        || ctx.config.globals.own.ignore_dhcp_server_identifier
        || ctx.locals.is_served(id)
        || ctx.config.globals.own.server_ids.contains(&id)
        || class_has(ctx, query, id);
    if ours {
        return Ok(());
    }
    observe::log!(ForeignServerId { query: query.label(), interface: &query.arrival.interface });
    Err(DropReason::NotForUs)
}

fn class_has(ctx: &Context4<'_>, query: &Query<'_>, id: Ipv4Addr) -> bool {
    let code = u16::from(option4::SERVER_IDENTIFIER);
    query.classes.iter().filter_map(|c| ctx.config.classes.get(c)).any(|class| {
        class.options.entries(code).first().is_some_and(|option| option.payload[..] == id.octets())
    })
}

/// A DISCOVER names no server, and every query identifies its client.
pub(super) fn sanity(query: &Query<'_>) -> Result<(), DropReason> {
    let refuse = |reason: &str| {
        observe::log!(NotProcessed { query: query.label(), reason });
        Err(DropReason::RfcViolation)
    };
    if query.kind == MessageType::DISCOVER && query.packet.option(option4::SERVER_IDENTIFIER).is_some() {
        return refuse("Server-id option was not expected, but received in message DHCPDISCOVER");
    }
    if query.hw_addr.is_none_or(|hw_addr| hw_addr.is_empty()) && query.client_id.is_none() {
        return refuse("Missing or useless client-id and no HW address provided in message");
    }
    Ok(())
}
