//! What is kept of relay agents with a lease (`store-extended-info`; Kea manual, "Storing Extended Lease
//! Information").

use std::fmt::Write;
use std::sync::Arc;

use config::Subnet6;
use wire::iana::dhcp6_option as option6;
use wire::v6::Relay;

use super::Query;

/// `{ "ISC": { "relay-info": [...] } }` with the relay agents from the one next to the server on; `None` for a client
/// on the link, and where the subnet keeps nothing.
pub(super) fn info(query: &Query<'_>, subnet: &Subnet6) -> Option<Arc<str>> {
    if !subnet.params.store_extended_info || !query.packet.is_relayed() {
        return None;
    }
    let mut text = String::from("{ \"ISC\": { \"relay-info\": [ ");
    for (at, relay) in query.packet.relays().iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        entry(relay, &mut text);
    }
    text.push_str(" ] } }");
    Some(text.into())
}

/// The keys in their order, all of them of letters and digits.
fn entry(relay: &Relay<'_>, text: &mut String) {
    let header = relay.header();
    // Writing to a string does not fail.
    let _ = write!(text, "{{ \"hop\": {}, \"link\": \"{}\"", header.hop_count, header.link_address);
    let mut options: Vec<_> =
        relay.options().iter().filter(|option| option.code != option6::RELAY_MSG).collect();
    options.sort_by_key(|option| option.code);
    if !options.is_empty() {
        text.push_str(", \"options\": \"0x");
        for option in &options {
            let length = u16::try_from(option.value.len()).unwrap_or(u16::MAX);
            hex(&option.code.to_be_bytes(), text);
            hex(&length.to_be_bytes(), text);
            hex(option.value, text);
        }
        text.push('"');
    }
    let _ = write!(text, ", \"peer\": \"{}\"", header.peer_address);
    for (key, code) in [("relay-id", option6::RELAY_ID), ("remote-id", option6::REMOTE_ID)] {
        if let Some(value) = relay.options().first(code).filter(|value| !value.is_empty()) {
            let _ = write!(text, ", \"{key}\": \"");
            hex(value, text);
            text.push('"');
        }
    }
    text.push_str(" }");
}

fn hex(octets: &[u8], text: &mut String) {
    for octet in octets {
        let _ = write!(text, "{octet:02X}");
    }
}
