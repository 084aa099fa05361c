//! What relay agents said of clients, kept with leases (`store-extended-info`): how bulk leasequeries find leases
//! (RFC 5460, RFC 6926; Kea manual, "Leasequery Support").

use base::{Family, SubnetId, decode_hex};
use json::{Dialect, Parser, Value};

/// What leases have in common that a requester asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtendedKey {
    /// The identifier of a relay agent (RFC 6925, RFC 5460 section 5.4.1).
    RelayId(Box<[u8]>),
    /// What a relay agent calls the client's end of the line (RFC 3046, RFC 4649), of DHCPv6 with the enterprise number.
    RemoteId(Box<[u8]>),
    /// The subnet, whatever relays it.
    Subnet(SubnetId),
}

/// The identifiers in a lease's user-context, each once.
#[must_use]
pub fn extended_keys(family: Family, context: Option<&str>) -> Vec<ExtendedKey> {
    let mut keys = Vec::new();
    let name = match family {
        Family::V4 => "relay-agent-info",
        Family::V6 => "relay-info",
    };
    let Some(context) = context.filter(|text| text.contains(name)) else { return keys };
    let Ok(parsed) = Parser::new(Dialect::Command).parse(context) else { return keys };
    let Some(info) = parsed.value.get("ISC").and_then(|isc| isc.get(name)) else { return keys };
    let one = std::slice::from_ref(info);
    // Of DHCPv6 there is an entry for each relay agent on the way.
    for relay in if family == Family::V6 { info.as_list().unwrap_or_default() } else { one } {
        let octets = |name: &str| -> Option<Box<[u8]>> {
            let octets = relay.get(name).and_then(Value::as_str).and_then(|text| decode_hex(text).ok())?;
            (!octets.is_empty()).then(|| octets.into())
        };
        let found =
            [octets("relay-id").map(ExtendedKey::RelayId), octets("remote-id").map(ExtendedKey::RemoteId)];
        for key in found.into_iter().flatten() {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_relay_agents() {
        let v4 = r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x0201AA", "remote-id": "AA", "relay-id": "0B0C" } } }"#;
        assert_eq!(
            extended_keys(Family::V4, Some(v4)),
            [ExtendedKey::RelayId([11, 12].into()), ExtendedKey::RemoteId([0xaa].into())]
        );
        let v6 = r#"{ "ISC": { "relay-info": [ { "relay-id": "01" }, { "relay-id": "01", "remote-id": "02" }, { "relay-id": "" } ] } }"#;
        assert_eq!(
            extended_keys(Family::V6, Some(v6)),
            [ExtendedKey::RelayId([1].into()), ExtendedKey::RemoteId([2].into())]
        );
        for none in
            ["", "{ }", "relay-info", r#"{ "ISC": { "relay-info": 1 } }"#, r#"{ "ISC": "relay-info" }"#]
        {
            assert_eq!(extended_keys(Family::V6, Some(none)), []);
        }
        assert_eq!(extended_keys(Family::V6, Some(v4)), []);
        assert_eq!(extended_keys(Family::V4, None), []);
    }
}
