//! Relay agent information kept with leases (`store-extended-info`), and put back where a renewal comes past the
//! relay (`stash-agent-options`).
//!
//! Kea's place for it is the lease's user-context:
//! `{ "ISC": { "relay-agent-info": { "sub-options": "0x...", "remote-id": "...", "relay-id": "..." } } }`.

use std::sync::Arc;

use base::{decode_hex, encode_hex};
use config::{ExtendedInfoChecks, ServerConfig4};
use json::{Map, Value};
use lease::Lease4;
use wire::iana::dhcp4_option as option4;
use wire::iana::relay_agent::SubOption;
use wire::v4::{MessageType, RelayInfo, append_option};

use super::lease::belongs;
use super::messages::{ExtendedInfoBroken, Restored};
use super::{Context4, Query};
use crate::sanity::{self, Broken, parse};

const RELAY_INFO: &str = "relay-agent-info";
const SUB_OPTIONS: &str = "sub-options";
const REMOTE_ID: &str = "remote-id";
const RELAY_ID: &str = "relay-id";
/// What ends the options of a packet.
const END: u8 = 255;

/// The `relay-agent-info` map of option 82.
fn described(info: &[u8]) -> Value {
    let parsed = RelayInfo::parse(info);
    let mut map = Map::new();
    map.insert(SUB_OPTIONS.to_owned(), format!("0x{}", encode_hex(info)).into());
    for (name, code) in [(REMOTE_ID, SubOption::REMOTE_ID), (RELAY_ID, SubOption::RELAY_ID)] {
        if let Some(octets) = parsed.get(code).filter(|octets| !octets.is_empty()) {
            map.insert(name.to_owned(), encode_hex(octets).into());
        }
    }
    map.into()
}

/// The user-context of a lease for this query: that of the client's old lease, with the relay's information where
/// the subnet keeps it.
pub(super) fn user_context(query: &Query<'_>, store: bool, old: Option<&Lease4>) -> Option<Arc<str>> {
    let old = old.and_then(|lease| lease.user_context.as_ref());
    let info = query.packet.option(option4::AGENT_OPTIONS).filter(|_| store && !query.restored);
    match info {
        Some(info) => Some(sanity::with_entry(old, RELAY_INFO, described(info))),
        None => old.cloned(),
    }
}

/// The octets of option 82 in a user-context.
pub(super) fn stored(context: &str) -> Option<Vec<u8>> {
    octets(parse(context)?.get(sanity::ISC)?.get(RELAY_INFO)?)
}

/// The octets of option 82 in `relay-agent-info`, in the forms of Kea 3 and before.
fn octets(info: &Value) -> Option<Vec<u8>> {
    let text = info.as_str().or_else(|| info.get(SUB_OPTIONS)?.as_str())?;
    let octets = decode_hex(text).ok()?;
    let any = !RelayInfo::parse(&octets).options().raw().is_empty();
    any.then_some(octets)
}

/// The packet of a renewal that came past its relay, with the option 82 that the relay once added. `None` where
/// there is nothing to put back.
pub(super) async fn restored(ctx: &Context4<'_>, query: &Query<'_>) -> Option<Vec<u8>> {
    let header = query.packet.header();
    let wanted = ctx.config.globals.own.stash_agent_options
        && query.kind == MessageType::REQUEST
        && !header.ciaddr.is_unspecified()
        && header.giaddr.is_unspecified()
        && query.packet.option(option4::AGENT_OPTIONS).is_none_or(<[u8]>::is_empty);
    if !wanted {
        return None;
    }
    // A store that fails now will say so at the allocation.
    let lease = ctx.store.by_address(header.ciaddr).await.ok()??;
    let ours =
        !lease.is_expired(ctx.now) && belongs(&lease, query.hw_addr.as_ref(), query.client_id.as_ref());
    let info = stored(lease.user_context.as_deref().filter(|_| ours)?)?;
    observe::log!(Restored { query: query.label(), address: header.ciaddr, info: encode_hex(&info) });
    let bytes = query.packet.bytes();
    let options = bytes.len().saturating_sub(query.packet.options().raw().rest().len());
    let mut packet = bytes.get(..options)?.to_vec();
    append_option(&mut packet, option4::AGENT_OPTIONS, &info);
    packet.push(END);
    Some(packet)
}

/// The user-context that a lease should have, as of [`sanity::mended`]: the form of Kea before 2.3.2 becomes the
/// present one, and what is not as it must be goes.
#[allow(clippy::option_option)]
pub(super) fn mended(config: &ServerConfig4, lease: &Lease4) -> Option<Option<Arc<str>>> {
    let address = lease.address;
    sanity::mended(config, lease.user_context.as_ref(), |isc, checks| {
        let Some(info) = isc.get(RELAY_INFO) else { return false };
        match mend(info, checks) {
            Ok(None) => false,
            Ok(Some(right)) => {
                isc.insert(RELAY_INFO.to_owned(), right);
                true
            }
            Err(Broken { part, why }) => {
                isc.remove(RELAY_INFO);
                let reason = format!("in {part} a problem was found: {why}");
                observe::log!(ExtendedInfoBroken { address, reason });
                true
            }
        }
    })
}

/// `relay-agent-info` as it is to be; `None` where it is so already.
fn mend(info: &Value, checks: ExtendedInfoChecks) -> Result<Option<Value>, Broken> {
    if let Some(text) = info.as_str() {
        return match decode_hex(text) {
            Ok(octets) => Ok(Some(described(&octets))),
            Err(error) => Broken::refuse("rai", error.to_string()),
        };
    }
    let Some(map) = info.as_map() else {
        return Broken::refuse(RELAY_INFO, format!("{RELAY_INFO} is not a map or a string"));
    };
    if checks >= ExtendedInfoChecks::Strict {
        sanity::octets(map, SUB_OPTIONS)?;
        sanity::identifier(map, REMOTE_ID)?;
        sanity::identifier(map, RELAY_ID)?;
    }
    if checks >= ExtendedInfoChecks::Pedantic {
        sanity::only(map, RELAY_INFO, &[SUB_OPTIONS, REMOTE_ID, RELAY_ID])?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let info = [1, 2, b'a', b'b', 2, 1, 7, 12, 2, 0xfe, 0xed];
        let text = sanity::with_entry(None, RELAY_INFO, described(&info));
        assert_eq!(
            &*text,
            "{ \"ISC\": { \"relay-agent-info\": { \"relay-id\": \"FEED\", \"remote-id\": \"07\", \
             \"sub-options\": \"0x010261620201070C02FEED\" } } }"
        );
        assert_eq!(stored(&text).as_deref(), Some(&info[..]));
        let other: Arc<str> = "{ \"a\": 1, \"ISC\": { \"b\": 2, \"relay-agent-info\": \"0x01\" } }".into();
        let text = sanity::with_entry(Some(&other), RELAY_INFO, described(&info));
        assert_eq!(stored(&text).as_deref(), Some(&info[..]));
        let map = parse(&text).unwrap();
        assert_eq!(
            (map.get("a").unwrap().as_int(), map["ISC"].get("b").unwrap().as_int()),
            (Some(1), Some(2))
        );
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "[]",
            "{ }",
            "{ \"ISC\": 1 }",
            "{ \"ISC\": { \"relay-agent-info\": 1 } }",
            "{ \"ISC\": { \"relay-agent-info\": \"0x\" } }",
            "{ \"ISC\": { \"relay-agent-info\": { \"sub-options\": \"0xzz\" } } }",
        ] {
            assert_eq!(stored(text), None, "{text}");
        }
        // The form of Kea 2.2.
        assert_eq!(
            stored("{ \"ISC\": { \"relay-agent-info\": \"0x0102AABB\" } }"),
            Some(vec![1, 2, 0xaa, 0xbb])
        );
    }
    #[test]
    fn each_level_asks_for_more() {
        use ExtendedInfoChecks::{Fix, Pedantic, Strict};
        let cases = [
            (r#"{ "sub-options": "0x0101AA", "remote-id": "01", "comment": "c" }"#, None),
            (r#"{ "sub-options": 1 }"#, Some((Strict, "sub-options", "sub-options is not a string"))),
            (r#"{ "remote-id": "" }"#, Some((Strict, "remote-id", "remote-id is empty"))),
            (r#"{ "relay-id": 1 }"#, Some((Strict, "relay-id", "relay-id is not a string"))),
            (r#"{ "x": 1 }"#, Some((Pedantic, "relay-agent-info", "spurious 'x' entry"))),
            ("1", Some((Fix, "relay-agent-info", "relay-agent-info is not a map or a string"))),
        ];
        for (text, refused) in cases {
            let info = json::parse_command(text.as_bytes(), json::Limits::default()).unwrap();
            for checks in [Fix, Strict, Pedantic] {
                let expected = match refused.filter(|(from, ..)| checks >= *from) {
                    None => Ok(None),
                    Some((_, part, why)) => Broken::refuse(part, why),
                };
                assert_eq!(mend(&info, checks), expected, "{text} {checks:?}");
            }
        }
        assert!(mend(&"0xzz".into(), Fix).is_err());
        let old = mend(&"0x0201AA".into(), Fix).unwrap().unwrap();
        assert_eq!(old.get("remote-id").and_then(Value::as_str), Some("AA"));
    }
}
