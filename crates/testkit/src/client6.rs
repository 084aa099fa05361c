//! DHCPv6 packets as clients and relay agents send them, and replies as clients read them (RFC 9915). Written by hand,
//! so that the codec of the server never reads its own handwriting.

use std::net::Ipv6Addr;

/// Message types.
pub mod kind {
    pub const LEASEQUERY: u8 = 14;
    pub const LEASEQUERY_REPLY: u8 = 15;
    pub const SOLICIT: u8 = 1;
    pub const ADVERTISE: u8 = 2;
    pub const REQUEST: u8 = 3;
    pub const CONFIRM: u8 = 4;
    pub const RENEW: u8 = 5;
    pub const REBIND: u8 = 6;
    pub const REPLY: u8 = 7;
    pub const RELEASE: u8 = 8;
    pub const DECLINE: u8 = 9;
    pub const INFORMATION_REQUEST: u8 = 11;
    pub const RELAY_FORW: u8 = 12;
    pub const RELAY_REPL: u8 = 13;
    pub const DHCPV4_QUERY: u8 = 20;
    pub const DHCPV4_RESPONSE: u8 = 21;
    pub const ADDR_REG_INFORM: u8 = 36;
    pub const ADDR_REG_REPLY: u8 = 37;
}

/// Options, in order.
pub type Options6 = Vec<(u16, Vec<u8>)>;

/// A relay agent around a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay6 {
    pub hop_count: u8,
    pub link: Ipv6Addr,
    pub peer: Ipv6Addr,
    /// Before the relayed message.
    pub options: Options6,
}

/// A packet under construction.
#[derive(Clone, Debug)]
pub struct Packet6 {
    pub kind: u8,
    /// 24 bits.
    pub xid: u32,
    pub options: Options6,
    /// The one next to the client first.
    pub relays: Vec<Relay6>,
}

/// Seconds of an address or prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetimes6 {
    pub preferred: u32,
    pub valid: u32,
}

/// An address or prefix of an association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource6 {
    pub address: Ipv6Addr,
    /// `None` for an address.
    pub length: Option<u8>,
    pub lifetimes: Lifetimes6,
    pub options: Options6,
}

/// An association: IA_NA or IA_PD.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ia6 {
    pub iaid: u32,
    pub t1: u32,
    pub t2: u32,
    pub resources: Vec<Resource6>,
    /// Code and text.
    pub status: Option<(u16, String)>,
}

impl Ia6 {
    #[must_use]
    pub fn new(iaid: u32) -> Self {
        Self { iaid, ..Self::default() }
    }

    /// With one more address or prefix.
    #[must_use]
    pub fn with(mut self, address: Ipv6Addr, length: Option<u8>) -> Self {
        let lifetimes = Lifetimes6::default();
        self.resources.push(Resource6 { address, length, lifetimes, options: Vec::new() });
        self
    }

    /// The payload of option 3 or 25.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for number in [self.iaid, self.t1, self.t2] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        for resource in &self.resources {
            let Lifetimes6 { preferred, valid } = resource.lifetimes;
            let times = [preferred.to_be_bytes(), valid.to_be_bytes()].concat();
            let address = resource.address.octets();
            let (code, mut value) = match resource.length {
                None => (5, [&address[..], &times].concat()),
                Some(length) => (26, [&times[..], &[length], &address].concat()),
            };
            append_all(&mut value, &resource.options);
            append(&mut out, code, &value);
        }
        out
    }

    fn parse(code: u16, value: &[u8]) -> Result<Self, String> {
        let cut = || "an association is cut off".to_owned();
        let number = |at: usize| value.get(at..at + 4).map(number).ok_or_else(cut);
        let mut ia = Self { iaid: number(0)?, t1: number(4)?, t2: number(8)?, ..Self::default() };
        for (inner, value) in options(value.get(12..).ok_or_else(cut)?)? {
            match (code, inner) {
                (3, 5) | (25, 26) => ia.resources.push(resource(inner, &value)?),
                (_, 13) => ia.status = Some(status(&value)?),
                _ => return Err(format!("option {inner} in an association of option {code}")),
            }
        }
        Ok(ia)
    }
}

fn number(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet))
}

fn resource(code: u16, value: &[u8]) -> Result<Resource6, String> {
    let cut = || "an address or prefix is cut off".to_owned();
    let part = |at: usize, length: usize| value.get(at..at + length).ok_or_else(cut);
    let address = |at: usize| -> Result<Ipv6Addr, String> {
        Ok(<[u8; 16]>::try_from(part(at, 16)?).map_err(|_| cut())?.into())
    };
    let times = |at: usize| -> Result<Lifetimes6, String> {
        Ok(Lifetimes6 { preferred: number(part(at, 4)?), valid: number(part(at + 4, 4)?) })
    };
    let rest = |at: usize| options(value.get(at..).unwrap_or(&[]));
    Ok(if code == 5 {
        Resource6 { address: address(0)?, length: None, lifetimes: times(16)?, options: rest(24)? }
    } else {
        let length = part(8, 1)?.first().copied();
        Resource6 { address: address(9)?, length, lifetimes: times(0)?, options: rest(25)? }
    })
}

fn status(value: &[u8]) -> Result<(u16, String), String> {
    let (code, text) = value.split_at_checked(2).ok_or("a status is cut off")?;
    let text = String::from_utf8(text.to_vec()).map_err(|_| "the text of a status is none")?;
    Ok((u16::try_from(number(code)).unwrap_or(u16::MAX), text))
}

impl Packet6 {
    /// A message with the client's identifier; none for an empty one.
    #[must_use]
    pub fn new(kind: u8, duid: &[u8]) -> Self {
        let mut packet = Self { kind, xid: 0x12_3456, options: Vec::new(), relays: Vec::new() };
        if !duid.is_empty() {
            packet.options.push((1, duid.to_vec()));
        }
        packet
    }

    /// Adds an option.
    #[must_use]
    pub fn option(mut self, code: u16, value: &[u8]) -> Self {
        self.options.push((code, value.to_vec()));
        self
    }

    /// What a relay agent does, one after the other from the client on.
    #[must_use]
    pub fn relayed(mut self, link: Ipv6Addr, peer: Ipv6Addr, options: Options6) -> Self {
        let hop_count = u8::try_from(self.relays.len()).unwrap_or(u8::MAX);
        self.relays.push(Relay6 { hop_count, link, peer, options });
        self
    }

    /// The packet as it travels.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let [_, a, b, c] = self.xid.to_be_bytes();
        let mut bytes = vec![self.kind, a, b, c];
        append_all(&mut bytes, &self.options);
        for relay in &self.relays {
            let mut outer = vec![kind::RELAY_FORW, relay.hop_count];
            outer.extend_from_slice(&relay.link.octets());
            outer.extend_from_slice(&relay.peer.octets());
            append_all(&mut outer, &relay.options);
            append(&mut outer, 9, &bytes);
            bytes = outer;
        }
        bytes
    }
}

fn append(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).expect("an option of a test fits").to_be_bytes());
    out.extend_from_slice(value);
}

fn append_all(out: &mut Vec<u8>, options: &Options6) {
    for (code, value) in options {
        append(out, *code, value);
    }
}

fn options(mut bytes: &[u8]) -> Result<Options6, String> {
    let mut list = Vec::new();
    while !bytes.is_empty() {
        let [a, b, c, d, rest @ ..] = bytes else { return Err("an option has no length".to_owned()) };
        let code = u16::from_be_bytes([*a, *b]);
        let (value, rest) = rest
            .split_at_checked(usize::from(u16::from_be_bytes([*c, *d])))
            .ok_or_else(|| format!("option {code} is cut off"))?;
        list.push((code, value.to_vec()));
        bytes = rest;
    }
    Ok(list)
}

/// A server's packet, taken apart.
#[derive(Clone, Debug)]
pub struct Reply6 {
    /// Of the message to the client.
    pub kind: u8,
    pub xid: u32,
    pub options: Options6,
    /// The one next to the client first; without the relayed message.
    pub relays: Vec<Relay6>,
}

impl Reply6 {
    /// Says what is wrong with a packet that no client would accept.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut relays = Vec::new();
        let mut message = bytes.to_vec();
        while message.first() == Some(&kind::RELAY_REPL) {
            let address = |at: usize| -> Result<Ipv6Addr, String> {
                let octets = message.get(at..at + 16).ok_or("a relay message is cut off")?;
                Ok(<[u8; 16]>::try_from(octets).map_err(|_| "short address")?.into())
            };
            let hop_count = message.get(1).copied().unwrap_or(0);
            let (link, peer) = (address(2)?, address(18)?);
            let mut options = options(message.get(34..).unwrap_or(&[]))?;
            let at = options.iter().position(|(code, _)| *code == 9).ok_or("nothing is relayed")?;
            message = options.remove(at).1;
            relays.insert(0, Relay6 { hop_count, link, peer, options });
        }
        let [kind, a, b, c, rest @ ..] = &message[..] else {
            return Err("the message is cut off".to_owned());
        };
        let xid = u32::from_be_bytes([0, *a, *b, *c]);
        Ok(Self { kind: *kind, xid, options: options(rest)?, relays })
    }

    /// The first value of an option.
    #[must_use]
    pub fn option(&self, code: u16) -> Option<&[u8]> {
        self.options.iter().find(|(this, _)| *this == code).map(|(_, value)| value.as_slice())
    }

    /// The associations of option 3 or 25, in order.
    pub fn ias(&self, code: u16) -> Result<Vec<Ia6>, String> {
        let values = self.options.iter().filter(|(this, _)| *this == code);
        values.map(|(code, value)| Ia6::parse(*code, value)).collect()
    }

    /// The status of the whole message.
    pub fn status(&self) -> Result<Option<(u16, String)>, String> {
        self.option(13).map(status).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_what_the_parsers_read() {
        let at = |text: &str| text.parse::<Ipv6Addr>().unwrap();
        let ia = Ia6::new(7).with(at("2001:db8:1::"), Some(56));
        let packet = Packet6::new(kind::SOLICIT, &[0, 3, 0, 1, 2, 2, 2, 2, 2, 2])
            .option(25, &ia.build())
            .relayed(at("2001:db8::1"), at("fe80::1"), vec![(18, b"port".to_vec())])
            .relayed(at("::"), at("fe80::2"), Vec::new());
        let bytes = packet.build();
        let ours = wire::v6::Packet::parse(&bytes).unwrap();
        assert!(ours.anomalies().is_empty());
        assert_eq!((ours.relays().len(), ours.message().transaction()), (2, 0x12_3456));
        assert_eq!(ours.first_relay().unwrap().interface_id(), Some(&b"port"[..]));
        let read = ours.message().ias().next().unwrap();
        assert_eq!((read.iaid.0, read.prefixes().next().unwrap().length), (7, 56));
        let mut reply = bytes.clone();
        // Both relay messages become replies.
        for at in [0, 38] {
            assert_eq!(std::mem::replace(&mut reply[at], kind::RELAY_REPL), kind::RELAY_FORW);
        }
        let reply = Reply6::parse(&reply).unwrap();
        assert_eq!((reply.relays.len(), reply.xid), (2, 0x12_3456));
        assert_eq!(reply.ias(25).unwrap(), [ia]);
        for cut in [&[7, 0][..], &[7, 0, 0, 1, 0, 1, 0, 9, 1]] {
            assert!(Reply6::parse(cut).is_err());
        }
    }
}
