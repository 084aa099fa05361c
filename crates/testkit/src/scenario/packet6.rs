//! From the words of a `send` to a DHCPv6 packet and the way it comes in.

use std::net::Ipv6Addr;

use engine::v6::Arrival;

use super::compare::{code_of, find};
use super::parse::Setting;
use super::{Keys, value};
use crate::client6::{Ia6, Lifetimes6, Options6, Packet6, Resource6, kind};
use crate::world6::SERVER_ID6;

pub(super) const KINDS: [(u8, &str); 14] = [
    (kind::SOLICIT, "solicit"),
    (kind::ADVERTISE, "advertise"),
    (kind::REQUEST, "request"),
    (kind::CONFIRM, "confirm"),
    (kind::RENEW, "renew"),
    (kind::REBIND, "rebind"),
    (kind::REPLY, "reply"),
    (kind::RELEASE, "release"),
    (kind::DECLINE, "decline"),
    (kind::INFORMATION_REQUEST, "information-request"),
    (kind::LEASEQUERY, "leasequery"),
    (kind::LEASEQUERY_REPLY, "leasequery-reply"),
    (kind::ADDR_REG_INFORM, "addr-reg-inform"),
    (kind::ADDR_REG_REPLY, "addr-reg-reply"),
];

/// The interfaces of the server; packets come in on the first.
#[derive(Clone, Debug)]
pub(super) struct Links6(Vec<String>);

impl Links6 {
    pub(super) fn of(setting: &Setting) -> Self {
        let mut links: Vec<String> = setting.links.iter().map(|(name, _)| name.clone()).collect();
        if links.is_empty() {
            links.push("eth0".to_owned());
        }
        Self(links)
    }

    pub(super) fn into_names(self) -> Vec<String> {
        self.0
    }

    /// The packet of a `send` and how it comes in.
    pub(super) fn packet(&self, kind: &str, keys: &Keys) -> Result<(Packet6, Arrival), String> {
        let code = match kind.strip_prefix("type:") {
            Some(number) => number.parse().map_err(|_| format!("'{number}' is not a message type"))?,
            None => code_of(&KINDS, kind).ok_or_else(|| format!("'{kind}' is not a message type"))?,
        };
        let mut packet = Packet6::new(code, &[]);
        for (key, text) in keys {
            match key.as_str() {
                "duid" if text == "none" => {}
                "duid" => packet.options.push((1, octets(text)?)),
                "server" if text == "ours" => {
                    packet.options.push((2, SERVER_ID6.to_vec()));
                }
                "server" => packet.options.push((2, octets(text)?)),
                "xid" => packet.xid = text.parse().map_err(|_| format!("'{text}' is not a number"))?,
                "na" => packet.options.push((3, ia(text)?.build())),
                "pd" => packet.options.push((25, ia(text)?.build())),
                "relay" => {
                    let (link, peer, options) = relay(text)?;
                    packet = packet.relayed(link, peer, options);
                }
                "from" | "to" | "on" | "port" => {}
                code => {
                    let code = code.parse().map_err(|_| format!("'{code}' is no key of a packet"))?;
                    packet.options.push((code, value::parse(text)?));
                }
            }
        }
        let arrival = self.arrival(keys, !packet.relays.is_empty())?;
        Ok((packet, arrival))
    }

    pub(super) fn arrival(&self, keys: &Keys, relayed: bool) -> Result<Arrival, String> {
        let interface = match find(keys, "on") {
            Some(name) => self.0.iter().find(|known| *known == name),
            None => self.0.first(),
        };
        let address = |key: &str, default: &str| {
            let text = find(keys, key).unwrap_or(default);
            text.parse::<Ipv6Addr>().map_err(|_| format!("'{text}' is not an address"))
        };
        let port = if relayed { 547 } else { 546 };
        let (from, to) = if relayed { ("fe80::fe", "ff05::1:3") } else { ("fe80::1", "ff02::1:2") };
        Ok(Arrival {
            interface: interface.ok_or("there is no such link")?.as_str().into(),
            local: address("to", to)?,
            local_port: wire::v6::SERVER_PORT,
            remote: address("from", from)?,
            remote_port: find(keys, "port")
                .map_or(Ok(port), |text| text.parse().map_err(|_| format!("'{text}' is not a port")))?,
            received: None,
        })
    }
}

/// A DUID: digits with or without colons, or as any option.
pub(super) fn octets(text: &str) -> Result<Vec<u8>, String> {
    base::decode_hex(text).or_else(|_| value::parse(text))
}

fn inner(text: &str) -> Result<Vec<&str>, String> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    value::words(inner.ok_or_else(|| format!("'{text}' is not in braces"))?)
}

/// `{IAID RESOURCE...}`
fn ia(text: &str) -> Result<Ia6, String> {
    let words = inner(text)?;
    let bad = || format!("'{text}' is no association");
    let (iaid, resources) = words.split_first().ok_or_else(bad)?;
    let mut ia = Ia6::new(iaid.parse().map_err(|_| bad())?);
    for word in resources {
        let (place, times) =
            word.split_once('@').map_or((*word, None), |(place, times)| (place, Some(times)));
        let (address, length) = match place.split_once('/') {
            Some((address, length)) => (address, Some(length.parse().map_err(|_| bad())?)),
            None => (place, None),
        };
        let mut lifetimes = Lifetimes6::default();
        if let Some((preferred, valid)) = times.and_then(|times| times.split_once('/')) {
            lifetimes.preferred = preferred.parse().map_err(|_| bad())?;
            lifetimes.valid = valid.parse().map_err(|_| bad())?;
        }
        let address = address.parse().map_err(|_| bad())?;
        ia.resources.push(Resource6 { address, length, lifetimes, options: Vec::new() });
    }
    Ok(ia)
}

/// `{LINK PEER CODE=VALUE...}`
fn relay(text: &str) -> Result<(Ipv6Addr, Ipv6Addr, Options6), String> {
    let words = inner(text)?;
    let bad = || format!("'{text}' is no relay agent");
    let [link, peer, rest @ ..] = words.as_slice() else { return Err(bad()) };
    let mut options = Vec::new();
    for word in rest {
        let (code, value) = word.split_once('=').ok_or_else(bad)?;
        options.push((code.parse().map_err(|_| bad())?, value::parse(value)?));
    }
    Ok((link.parse().map_err(|_| bad())?, peer.parse().map_err(|_| bad())?, options))
}
