//! All of a packet as the log shows it, in Kea's layout.

use std::fmt;
use std::net::Ipv6Addr;

use options::DefTable;
use wire::iana::dhcp6_option as option6;
use wire::v6::Packet;

use super::messages::TypeName;
use super::{Context6, Destination, Query};
use crate::details::show;

/// A packet with its addresses, options and relay agents; made when it is written.
pub(super) struct Details<'a> {
    definitions: &'a DefTable,
    local: Ipv6Addr,
    local_port: u16,
    remote: Ipv6Addr,
    remote_port: u16,
    bytes: &'a [u8],
}

impl<'a> Details<'a> {
    pub(super) fn of_query(ctx: &'a Context6<'_>, query: &'a Query<'_>) -> Self {
        let arrival = query.arrival;
        Self {
            definitions: &ctx.config.definitions,
            local: arrival.local,
            local_port: arrival.local_port,
            remote: arrival.remote,
            remote_port: arrival.remote_port,
            bytes: query.packet.bytes(),
        }
    }

    pub(super) fn of_reply(
        ctx: &'a Context6<'_>,
        query: &'a Query<'_>,
        destination: &Destination,
        bytes: &'a [u8],
    ) -> Self {
        let arrival = query.arrival;
        Self {
            definitions: &ctx.config.definitions,
            local: arrival.local,
            local_port: arrival.local_port,
            remote: destination.address,
            remote_port: destination.port,
            bytes,
        }
    }
}

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { local, local_port, remote, remote_port, .. } = self;
        write!(
            f,
            "local_address=[{local}]:{local_port}, remote_address=[{remote}]:{remote_port},\nmsg_type="
        )?;
        let Ok(packet) = Packet::parse(self.bytes) else { return f.write_str("UNKNOWN") };
        let message = packet.message();
        let kind = message.message_type();
        write!(f, "{} ({}), trans_id=0x{:x}", TypeName(kind), kind.0, message.transaction())?;
        let show = show(self.definitions);
        let mut text = Vec::new();
        show.options(message.options().iter().map(|option| (option.code, option.value)), 1, &mut text);
        if text.is_empty() {
            f.write_str(",\nmessage contains no options")?;
        } else {
            write!(f, ",\noptions:{}", String::from_utf8_lossy(&text))?;
        }
        if packet.relays().is_empty() {
            return f.write_str("\nNo relays traversed.");
        }
        write!(f, "\n{} relay(s):", packet.relays().len())?;
        for (number, relay) in packet.relays().iter().enumerate() {
            let header = relay.header();
            let options = relay.options().iter().filter(|option| option.code != option6::RELAY_MSG);
            let options: Vec<_> = options.map(|option| (option.code, option.value)).collect();
            let kind = header.message_type;
            write!(
                f,
                "\nrelay[{number}]: msg-type={}({}), hop-count={},\nlink-address={}, peer-address={}, {} option(s)",
                kind.0,
                TypeName(kind),
                header.hop_count,
                header.link_address,
                header.peer_address,
                options.len()
            )?;
            text.clear();
            show.options(options.into_iter(), 0, &mut text);
            f.write_str(&String::from_utf8_lossy(&text))?;
        }
        Ok(())
    }
}
