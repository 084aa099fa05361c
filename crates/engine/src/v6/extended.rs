//! What is kept of relay agents with a lease (`store-extended-info`; Kea manual, "Storing Extended Lease
//! Information").

use std::fmt::Write;
use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{decode_hex, encode_hex};
use config::{ExtendedInfoChecks, ServerConfig6, Subnet6};
use json::{Map, Value};
use lease::Lease6;
use wire::RawOptions;
use wire::iana::dhcp6_option as option6;
use wire::v6::{MessageType, Relay};

use super::Query;
use super::messages::ExtendedInfoBroken;
use crate::sanity::{self, Broken};

const RELAY_INFO: &str = "relay-info";
/// The key of the list before Kea 2.3.2.
const RELAYS: &str = "relays";
const OPTIONS: &str = "options";
/// What is kept of a relay agent twice, by name.
const IDS: [(&str, u16); 2] = [("relay-id", option6::RELAY_ID), ("remote-id", option6::REMOTE_ID)];

/// The user-context of a lease for this query: that of the client's old lease, with the relay agents where the subnet
/// keeps them.
pub(super) fn user_context(query: &Query<'_>, subnet: &Subnet6, old: Option<&Lease6>) -> Option<Arc<str>> {
    let old = old.and_then(|lease| lease.user_context.as_ref());
    if !subnet.params.store_extended_info || !query.packet.is_relayed() {
        return old.cloned();
    }
    let list = relay_info(query);
    let whole = format!("{{ \"ISC\": {{ \"{RELAY_INFO}\": {list} }} }}");
    match old {
        // What nearly every lease has.
        Some(old) if **old == *whole => Some(Arc::clone(old)),
        Some(old) => {
            let entry = json::parse_command(list.as_bytes(), json::Limits::default()).unwrap_or_default();
            Some(sanity::with_entry(Some(old), RELAY_INFO, entry))
        }
        None => Some(whole.into()),
    }
}

/// The list of relay agents from the one next to the server on.
fn relay_info(query: &Query<'_>) -> String {
    let mut text = String::from("[ ");
    for (at, relay) in query.packet.relays().iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        entry(relay, &mut text);
    }
    text.push_str(" ]");
    text
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

/// How a client's message came, in the form of lq-relay-data (RFC 5007 section 4.1.2.4): the address it came from, and
/// the relay agents' messages without it. `None` where nothing was kept.
pub(super) fn relay_data(context: &str) -> Result<Option<Vec<u8>>, String> {
    let parsed = sanity::parse(context);
    let isc = parsed.as_ref().and_then(|context| context.get(sanity::ISC));
    let Some(info) = isc.and_then(|isc| isc.get(RELAY_INFO).or_else(|| isc.get(RELAYS))) else {
        return Ok(None);
    };
    let relays = info.as_list().filter(|relays| !relays.is_empty());
    let relays = relays.ok_or_else(|| format!("{RELAY_INFO} is not a list with entries"))?;
    let address = |relay: &Value, name: &str| -> Result<Ipv6Addr, String> {
        let text = relay.get(name).and_then(Value::as_str);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| format!("'{name}' is no IPv6 address"))
    };
    // From the relay agent next to the client on, each within the next.
    let mut message: Vec<u8> = Vec::new();
    for relay in relays.iter().rev() {
        let hop = relay.get("hop").and_then(Value::as_int).and_then(|hop| u8::try_from(hop).ok());
        let mut outer = vec![MessageType::RELAY_FORW.0, hop.ok_or("'hop' is no number of 8 bits")?];
        outer.extend(address(relay, "link")?.octets());
        outer.extend(address(relay, "peer")?.octets());
        if let Some(options) = relay.get(OPTIONS) {
            let octets = options.as_str().and_then(|text| decode_hex(text).ok());
            outer.extend(octets.ok_or_else(|| format!("'{OPTIONS}' are no octets"))?);
        }
        if !message.is_empty() {
            let length = u16::try_from(message.len()).map_err(|_| "it is too long".to_owned())?;
            outer.extend(option6::RELAY_MSG.to_be_bytes());
            outer.extend(length.to_be_bytes());
            outer.extend(&message);
        }
        message = outer;
    }
    let peer = relays.first().map_or(Err(String::new()), |relay| address(relay, "peer"))?;
    Ok(Some(peer.octets().into_iter().chain(message).collect()))
}

/// The user-context that a lease should have, as of [`sanity::mended`]: the form of Kea before 2.3.2 becomes the
/// present one, and what is not as it must be goes.
#[allow(clippy::option_option)]
pub(super) fn mended(config: &ServerConfig6, lease: &Lease6) -> Option<Option<Arc<str>>> {
    let address = lease.address;
    sanity::mended(config, lease.user_context.as_ref(), |isc, checks| {
        mend(isc, checks).unwrap_or_else(|reason| {
            observe::log!(ExtendedInfoBroken { address, reason });
            true
        })
    })
}

/// Whether something was changed; an error says why the list is there no longer.
fn mend(isc: &mut Map, checks: ExtendedInfoChecks) -> Result<bool, String> {
    let old = isc.remove(RELAYS);
    let changed = old.is_some();
    let (list, part, upgrade) = match (isc.remove(RELAY_INFO), old) {
        (Some(list), _) => (list, RELAY_INFO, false),
        (None, Some(old)) => (old, RELAYS, true),
        (None, None) => return Ok(false),
    };
    let fault = |part: &str, place: &str, why: &str| format!("in {part}{place} a problem was found: {why}");
    let Some(relays) = list.as_list() else {
        return Err(fault(part, "", &format!("{part} is not a list")));
    };
    if relays.is_empty() {
        return Err(fault(part, "", &format!("{part} is empty")));
    }
    let mut right = Vec::with_capacity(relays.len());
    for (at, relay) in relays.iter().enumerate() {
        let place = format!(" [relay#{at}]");
        let Some(map) = relay.as_map() else {
            return Err(fault("relay", &place, &format!("relay#{at} is not a map")));
        };
        let mut map = map.clone();
        if let Err(Broken { part, why }) = mend_relay(&mut map, upgrade, checks) {
            return Err(fault(part, &place, &why));
        }
        right.push(Value::from(map));
    }
    isc.insert(RELAY_INFO.to_owned(), right.into());
    Ok(changed)
}

/// Checks the map of a relay agent; the old form is given the identifiers that its options hold.
fn mend_relay(relay: &mut Map, upgrade: bool, checks: ExtendedInfoChecks) -> Result<(), Broken> {
    let options = sanity::octets(relay, OPTIONS)?.filter(|_| upgrade);
    if let Some(options) = &options {
        let options = RawOptions::parse6(options);
        for (key, code) in IDS {
            if let Some(value) = options.first(code).filter(|value| !value.is_empty()) {
                relay.insert(key.to_owned(), encode_hex(value).into());
            }
        }
    }
    if checks < ExtendedInfoChecks::Strict {
        return Ok(());
    }
    address(relay, "link")?;
    for (key, _) in IDS {
        sanity::identifier(relay, key)?;
    }
    if checks < ExtendedInfoChecks::Pedantic {
        return Ok(());
    }
    address(relay, "peer")?;
    match relay.get("hop") {
        None => return Broken::refuse("hop", "no hop"),
        Some(hop) if hop.as_int().is_none() => return Broken::refuse("hop", "hop is not an integer"),
        Some(_) => {}
    }
    sanity::only(relay, RELAY_INFO, &["hop", "link", "peer", OPTIONS, "remote-id", "relay-id"])
}

fn address(relay: &Map, part: &'static str) -> Result<(), Broken> {
    match sanity::word(relay, part)? {
        None => Broken::refuse(part, format!("no {part}")),
        Some(text) if text.parse::<Ipv6Addr>().is_err() => {
            Broken::refuse(part, format!("{part} is not an IPv6 address"))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members of maps in the order of their names.
    fn mended(text: &str, checks: ExtendedInfoChecks) -> (Result<bool, String>, String) {
        let mut isc = sanity::parse(text).unwrap();
        let changed = mend(&mut isc, checks);
        (changed, json::to_string(&isc.into()))
    }

    fn fixed(text: &str) -> (Result<bool, String>, String) {
        mended(text, ExtendedInfoChecks::Fix)
    }

    #[test]
    fn forms_of_old() {
        let relay =
            r#"{ "hop": 0, "link": "2001:db8::1", "options": "0x00250006000000090102", "peer": "fe80::1" }"#;
        let (changed, text) = fixed(&format!(r#"{{ "a": 1, "relays": [ {relay} ] }}"#));
        assert_eq!(changed, Ok(true));
        assert!(text.contains(r#""relay-info": [ {"#) && !text.contains("relays"), "{text}");
        assert!(text.contains(r#""remote-id": "000000090102""#), "{text}");
        for checks in [ExtendedInfoChecks::Fix, ExtendedInfoChecks::Pedantic] {
            assert_eq!(mended(&text, checks), (Ok(false), text.clone()));
        }
        let (changed, text) = fixed(r#"{ "relays": [ { "hop": 1 } ], "relay-info": [ { "hop": 2 } ] }"#);
        assert_eq!((changed, &*text), (Ok(true), r#"{ "relay-info": [ { "hop": 2 } ] }"#));
        assert_eq!(fixed(r#"{ "a": 1 }"#), (Ok(false), r#"{ "a": 1 }"#.to_owned()));
    }

    #[test]
    fn what_cannot_be_read_goes() {
        for broken in ["1", "[ ]", "[ 1 ]", r#"[ { "options": 1 } ]"#, r#"[ { "options": "0xz" } ]"#] {
            for key in [RELAYS, RELAY_INFO] {
                let (changed, text) = fixed(&format!(r#"{{ "a": 1, "{key}": {broken} }}"#));
                assert!(changed.is_err() && text == r#"{ "a": 1 }"#, "{key} {broken}: {text}");
            }
        }
    }

    #[test]
    fn each_level_asks_for_more() {
        use ExtendedInfoChecks::{Fix, Pedantic, Strict};
        let whole = r#""hop": 0, "link": "2001:db8::1", "peer": "fe80::1""#;
        let cases = [
            (format!("{{ {whole} }}"), None),
            (format!(r#"{{ "comment": "c", {whole} }}"#), None),
            (r#"{ "hop": 0, "peer": "fe80::1" }"#.to_owned(), Some((Strict, "link", "no link"))),
            (r#"{ "link": "x" }"#.to_owned(), Some((Strict, "link", "link is not an IPv6 address"))),
            (r#"{ "link": 1 }"#.to_owned(), Some((Strict, "link", "link is not a string"))),
            (format!(r#"{{ {whole}, "remote-id": "" }}"#), Some((Strict, "remote-id", "remote-id is empty"))),
            (
                format!(r#"{{ {whole}, "relay-id": 1 }}"#),
                Some((Strict, "relay-id", "relay-id is not a string")),
            ),
            (r#"{ "link": "::" }"#.to_owned(), Some((Pedantic, "peer", "no peer"))),
            (r#"{ "link": "::", "peer": "::" }"#.to_owned(), Some((Pedantic, "hop", "no hop"))),
            (
                r#"{ "hop": "1", "link": "::", "peer": "::" }"#.to_owned(),
                Some((Pedantic, "hop", "hop is not an integer")),
            ),
            (format!(r#"{{ {whole}, "x": 1 }}"#), Some((Pedantic, "relay-info", "spurious 'x' entry"))),
        ];
        for (relay, refused) in cases {
            let text = format!(r#"{{ "relay-info": [ {relay} ] }}"#);
            for checks in [Fix, Strict, Pedantic] {
                let (changed, left) = mended(&text, checks);
                match refused.filter(|(from, ..)| checks >= *from) {
                    None => assert_eq!((changed, left), (Ok(false), text.clone()), "{checks:?}"),
                    Some((_, part, why)) => {
                        let reason = format!("in {part} [relay#0] a problem was found: {why}");
                        assert_eq!((changed, &*left), (Err(reason), "{  }"), "{relay} {checks:?}");
                    }
                }
            }
        }
    }
}
