//! The legal log's entries about DHCPv4 leases.

use std::fmt::Write;

use lease::{AsText, InWords, Lease4, LegalEntry};
use wire::iana::relay_agent::SubOption;

use super::messages::LegalRenderError;
use super::{Context4, Query, library};
use crate::legal::{Event, custom, identified};

/// Adds what the legal log is told of a lease, if anything. `reply`: the octets of the reply, where there is one.
pub(super) fn tell(
    ctx: &Context4<'_>,
    query: &Query<'_>,
    reply: Option<&[u8]>,
    event: Event,
    lease: &Lease4,
    entries: &mut Vec<LegalEntry>,
) {
    let Some(log) = &ctx.config.legal_log else { return };
    if log.silent.contains(&lease.subnet_id) {
        return;
    }
    let reply = reply.filter(|_| log.response.is_some()).and_then(|bytes| library::view(query, bytes));
    let text = match custom(log, query, reply.as_ref()) {
        Some(Ok(text)) => text,
        Some(Err(error)) => {
            if let Some(reason) = ctx.runtime.legal_faults.tell(&error, ctx.now) {
                let hw_addr = query.label();
                observe::log!(LegalRenderError { address: lease.address, hw_addr, reason });
            }
            words(query, event, lease)
        }
        None => words(query, event, lease),
    };
    entries.extend(LegalEntry::new(lease.address.to_string(), text));
}

/// The entry where the operator has no expressions.
fn words(query: &Query<'_>, event: Event, lease: &Lease4) -> String {
    let mut text = format!("Address: {} has been ", lease.address);
    let _ = match event {
        Event::Assigned => write!(text, "assigned for {} to", InWords(lease.valid_lifetime)),
        Event::Released => write!(text, "released from"),
    };
    text.push_str(" a device with hardware address: ");
    let _ = match lease.hw_addr.as_ref() {
        Some(hw_addr) => write!(text, "hwtype={} {hw_addr}", hw_addr.htype()),
        None => write!(text, "(none)"),
    };
    if let Some(client_id) = &lease.client_id {
        let _ = write!(text, ", client-id: {client_id}{}", AsText(client_id.octets()));
    }
    if query.is_relayed() {
        let _ = write!(text, " connected via relay at address: {}", query.packet.header().giaddr);
        let info = query.packet.relay_info();
        let sub = |code| info.as_ref().and_then(|info| info.get(code));
        let identified = identified([
            ("circuit-id", sub(SubOption::CIRCUIT_ID)),
            ("remote-id", sub(SubOption::REMOTE_ID)),
            ("subscriber-id", sub(SubOption::SUBSCRIBER_ID)),
        ]);
        if !identified.is_empty() {
            let _ = write!(text, ", identified by {identified}");
        }
    }
    if let Some(context) = &lease.user_context {
        let _ = write!(text, ", context: {context}");
    }
    text
}
