//! Replies as clients read them: by a parser of its own, so that the codec of the server is not its own judge.

use std::net::Ipv4Addr;

use dhcproto::Decodable;

/// A packet taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply4 {
    pub op: u8,
    pub htype: u8,
    pub hlen: u8,
    pub hops: u8,
    pub xid: u32,
    pub secs: u16,
    pub broadcast: bool,
    pub ciaddr: Ipv4Addr,
    pub yiaddr: Ipv4Addr,
    pub siaddr: Ipv4Addr,
    pub giaddr: Ipv4Addr,
    /// `hlen` octets.
    pub chaddr: Vec<u8>,
    /// Up to the first NUL.
    pub sname: Vec<u8>,
    pub file: Vec<u8>,
    /// In the order on the wire; parts of one option that stand side by side are joined (RFC 3396).
    pub options: Vec<(u8, Vec<u8>)>,
    /// Octets of the whole packet.
    pub length: usize,
}

impl Reply4 {
    /// Takes a packet apart; says what is wrong with one that no client would accept.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let field = |at: usize, length: usize| -> Result<&[u8], String> {
            bytes
                .get(at..at + length)
                .ok_or_else(|| format!("packet ends within octets {at} to {}", at + length))
        };
        let octet = |at: usize| field(at, 1).map(|f| f.iter().fold(0, |_, octet| *octet));
        let address = |at: usize| -> Result<Ipv4Addr, String> {
            let octets: [u8; 4] = field(at, 4)?.try_into().map_err(|_| "short address".to_owned())?;
            Ok(octets.into())
        };
        let number = |at: usize, length: usize| -> Result<u32, String> {
            Ok(field(at, length)?.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
        };
        let text = |at: usize, length: usize| -> Result<Vec<u8>, String> {
            Ok(field(at, length)?.iter().copied().take_while(|octet| *octet != 0).collect())
        };
        if field(236, 4)? != [99, 130, 83, 99] {
            return Err("no magic cookie".to_owned());
        }
        let hlen = octet(2)?;
        let reply = Self {
            op: octet(0)?,
            htype: octet(1)?,
            hlen,
            hops: octet(3)?,
            xid: number(4, 4)?,
            secs: u16::try_from(number(8, 2)?).unwrap_or(0),
            broadcast: octet(10)? & 0x80 != 0,
            ciaddr: address(12)?,
            yiaddr: address(16)?,
            siaddr: address(20)?,
            giaddr: address(24)?,
            chaddr: field(28, usize::from(hlen.min(16)))?.to_vec(),
            sname: text(44, 64)?,
            file: text(108, 128)?,
            options: options(bytes.get(240..).unwrap_or(&[]))?,
            length: bytes.len(),
        };
        // dhcproto panics on a longer hardware address.
        if hlen <= 16 {
            dhcproto::v4::Message::from_bytes(bytes).map_err(|error| format!("dhcproto: {error}"))?;
        }
        Ok(reply)
    }

    /// The value of an option.
    #[must_use]
    pub fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|(this, _)| *this == code).map(|(_, value)| value.as_slice())
    }

    /// Message type, 0 when there is none.
    #[must_use]
    pub fn kind(&self) -> u8 {
        match self.option(53) {
            Some([kind]) => *kind,
            _ => 0,
        }
    }
}

fn options(bytes: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, String> {
    let mut list: Vec<(u8, Vec<u8>)> = Vec::new();
    let mut rest = bytes;
    // Whether the last part was full, so that the next of its code continues it.
    let mut open = false;
    loop {
        match rest {
            [] => return Err("options without an end".to_owned()),
            [0, after @ ..] => rest = after,
            [255, after @ ..] => {
                if after.iter().any(|octet| *octet != 0) {
                    return Err("octets behind the end option".to_owned());
                }
                return Ok(list);
            }
            [code, length, after @ ..] => {
                let (value, after) = after
                    .split_at_checked(usize::from(*length))
                    .ok_or_else(|| format!("option {code} is cut off"))?;
                match list.last_mut() {
                    Some((last, joined)) if last == code && open => joined.extend_from_slice(value),
                    _ => list.push((*code, value.to_vec())),
                }
                open = *length == 255;
                rest = after;
            }
            [code] => return Err(format!("option {code} has no length")),
        }
    }
}
