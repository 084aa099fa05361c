//! What is kept of relay agents with a lease (`store-extended-info`; Kea manual, "Storing Extended Lease
//! Information").

use std::fmt::Write;
use std::sync::Arc;

use base::{decode_hex, encode_hex};
use config::{ServerConfig6, Subnet6};
use json::{Map, Value};
use lease::Lease6;
use wire::RawOptions;
use wire::iana::dhcp6_option as option6;
use wire::v6::Relay;

use super::Query;
use crate::sanity;

const RELAY_INFO: &str = "relay-info";
/// The key of the list before Kea 2.3.2.
const RELAYS: &str = "relays";
/// What is kept of a relay agent twice, by name.
const IDS: [(&str, u16); 2] = [("relay-id", option6::RELAY_ID), ("remote-id", option6::REMOTE_ID)];

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
    for (key, code) in IDS {
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

/// The user-context that a lease should have, as of [`sanity::mended`]: the form of Kea before 2.3.2 becomes the
/// present one.
#[allow(clippy::option_option)]
pub(super) fn mended(config: &ServerConfig6, lease: &Lease6) -> Option<Option<Arc<str>>> {
    sanity::mended(config, lease.user_context.as_ref(), mend)
}

/// Whether something was changed.
fn mend(isc: &mut Map) -> bool {
    let old = isc.remove(RELAYS);
    let changed = old.is_some();
    let Some(list) = isc.remove(RELAY_INFO).or(old) else { return changed };
    match list.as_list().and_then(|relays| relays.iter().map(with_ids).collect::<Option<Vec<_>>>()) {
        Some(relays) if !relays.is_empty() => {
            let right = Value::from(relays);
            let changed = changed || right != list;
            isc.insert(RELAY_INFO.to_owned(), right);
            changed
        }
        _ => true,
    }
}

/// The map of a relay agent with the identifiers that its options hold; `None` for what is no such map.
fn with_ids(relay: &Value) -> Option<Value> {
    let mut map: Map = relay.as_map()?.clone();
    if let Some(options) = map.get("options") {
        let octets = decode_hex(options.as_str()?).ok()?;
        let options = RawOptions::parse6(&octets);
        for (key, code) in IDS {
            if let Some(value) = options.first(code).filter(|value| !value.is_empty()) {
                map.insert(key.to_owned(), encode_hex(value).into());
            }
        }
    }
    Some(map.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> (bool, String) {
        let mut isc = sanity::parse(text).unwrap();
        (mend(&mut isc), json::to_string(&isc.into()))
    }

    #[test]
    fn forms_of_old() {
        let relay =
            r#"{ "hop": 0, "link": "2001:db8::1", "options": "0x00250006000000090102", "peer": "fe80::1" }"#;
        let (changed, text) = mended(&format!(r#"{{ "a": 1, "relays": [ {relay} ] }}"#));
        assert!(changed && text.contains(r#""relay-info": [ {"#) && !text.contains("relays"), "{text}");
        assert!(text.contains(r#""remote-id": "000000090102""#), "{text}");
        let (changed, same) = mended(&text);
        assert_eq!((changed, same), (false, text));
    }

    #[test]
    fn what_cannot_be_read_goes() {
        for broken in ["1", "[ ]", "[ 1 ]", r#"[ { "options": 1 } ]"#, r#"[ { "options": "0xz" } ]"#] {
            for key in [RELAYS, RELAY_INFO] {
                let (changed, text) = mended(&format!(r#"{{ "a": 1, "{key}": {broken} }}"#));
                assert_eq!((changed, &*text), (true, r#"{ "a": 1 }"#), "{key} {broken}");
            }
        }
        let (changed, text) = mended(r#"{ "relays": [ { "hop": 1 } ], "relay-info": [ { "hop": 2 } ] }"#);
        assert_eq!((changed, &*text), (true, r#"{ "relay-info": [ { "hop": 2 } ] }"#));
        assert_eq!(mended(r#"{ "a": 1 }"#), (false, r#"{ "a": 1 }"#.to_owned()));
    }
}
