//! From the words of a `send` to a packet and the way it comes in.

use std::net::{IpAddr, Ipv4Addr};

use base::HwAddr;
use engine::v4::Arrival;

use super::compare::{code_of, find};
use super::parse::Setting;
use super::{Keys, value};
use crate::{Packet4, client::kind};

pub(super) const KINDS: [(u8, &str); 12] = [
    (kind::DISCOVER, "discover"),
    (kind::OFFER, "offer"),
    (kind::REQUEST, "request"),
    (kind::DECLINE, "decline"),
    (kind::ACK, "ack"),
    (kind::NAK, "nak"),
    (kind::RELEASE, "release"),
    (kind::INFORM, "inform"),
    (kind::LEASEQUERY, "leasequery"),
    (kind::LEASEUNASSIGNED, "leaseunassigned"),
    (kind::LEASEUNKNOWN, "leaseunknown"),
    (kind::LEASEACTIVE, "leaseactive"),
];

/// The interfaces of the server with its addresses on them; packets come in on the first.
#[derive(Clone, Debug)]
pub(super) struct Links(Vec<(String, Ipv4Addr)>);

impl Links {
    pub(super) fn of(setting: &Setting) -> Result<Self, String> {
        let mut links = Vec::new();
        for (name, address) in &setting.links {
            let address = address.ok_or_else(|| format!("link {name} has no address"))?;
            links.push((name.clone(), v4(address)?));
        }
        if links.is_empty() {
            links.push(("eth0".to_owned(), Ipv4Addr::new(192, 0, 2, 1)));
        }
        Ok(Self(links))
    }

    pub(super) fn addresses(&self) -> Vec<Ipv4Addr> {
        self.0.iter().map(|(_, address)| *address).collect()
    }

    pub(super) fn into_pairs(self) -> Vec<(String, Ipv4Addr)> {
        self.0
    }

    /// The packet of a `send` and how it comes in.
    pub(super) fn packet(&self, kind: &str, keys: &Keys) -> Result<(Packet4, Arrival), String> {
        let code = match kind.strip_prefix("type:") {
            Some(number) => number.parse().map_err(|_| format!("'{number}' is not a message type"))?,
            None if kind == "bootp" => 0,
            None => code_of(&KINDS, kind).ok_or_else(|| format!("'{kind}' is not a message type"))?,
        };
        let mut packet = Packet4::new(code, &HwAddr::new(HwAddr::ETHERNET, &[]).map_err(|e| e.to_string())?);
        for (key, text) in keys {
            let address = || text.parse::<Ipv4Addr>().map_err(|_| format!("{key}={text} is not an address"));
            let number = || text.parse::<u32>().map_err(|_| format!("{key}={text} is not a number"));
            let small = || number().and_then(|n| u8::try_from(n).map_err(|e| format!("{key}={text}: {e}")));
            match key.as_str() {
                "hw" => packet.chaddr = base::decode_hex(text).map_err(|error| error.to_string())?,
                "htype" => packet.htype = small()?,
                "hlen" => packet.hlen = Some(small()?),
                "id" if text.as_str() == "none" => {}
                "id" => packet.options.push((61, value::parse(text)?)),
                "xid" => packet.xid = number()?,
                "secs" => packet.secs = u16::try_from(number()?).map_err(|e| e.to_string())?,
                "hops" => packet.hops = small()?,
                "flags" => packet.broadcast = text == "broadcast",
                "ciaddr" => packet.ciaddr = address()?,
                "yiaddr" => packet.yiaddr = address()?,
                "siaddr" => packet.siaddr = address()?,
                "giaddr" => packet.giaddr = address()?,
                "from" | "to" | "on" => {}
                code => {
                    let code = code.parse().map_err(|_| format!("'{code}' is no key of a packet"))?;
                    packet.options.push((code, value::parse(text)?));
                }
            }
        }
        let arrival = self.arrival(keys, Some(&packet))?;
        Ok((packet, arrival))
    }

    /// How a packet comes in, by its keys and what it is.
    pub(super) fn arrival(&self, keys: &Keys, packet: Option<&Packet4>) -> Result<Arrival, String> {
        let link = match find(keys, "on") {
            Some(name) => self.0.iter().find(|(known, _)| known == name),
            None => self.0.first(),
        };
        let (interface, interface_address) = link.ok_or("there is no such link")?;
        let relay = packet.map(|packet| packet.giaddr).filter(|giaddr| !giaddr.is_unspecified());
        let parse = |text: &str| text.parse::<Ipv4Addr>().map_err(|_| format!("'{text}' is not an address"));
        let local = match find(keys, "to") {
            Some(to) => parse(to)?,
            None if relay.is_some() => *interface_address,
            None => Ipv4Addr::BROADCAST,
        };
        let (remote, remote_port) = match find(keys, "from") {
            Some(from) => match from.split_once(':') {
                Some((address, port)) => (parse(address)?, port.parse().map_err(|_| "bad port")?),
                None => (parse(from)?, 67),
            },
            None => match (relay, packet) {
                (Some(relay), _) => (relay, 67),
                (None, Some(packet)) if local != Ipv4Addr::BROADCAST => (packet.ciaddr, 68),
                _ => (Ipv4Addr::UNSPECIFIED, 68),
            },
        };
        let interface = interface.as_str().into();
        let interface_address = *interface_address;
        let local_port = wire::v4::SERVER_PORT;
        Ok(Arrival {
            interface,
            interface_address,
            local,
            local_port,
            remote,
            remote_port,
            received: None,
            over6: None,
        })
    }
}

pub(super) fn v4(address: IpAddr) -> Result<Ipv4Addr, String> {
    match address {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(address) => Err(format!("{address} is no IPv4 address")),
    }
}
