//! Updates as they are sent, and what there is to read of their answers (RFC 2136).

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use wire::Reader;

use crate::Name;

/// Octets of a header.
pub(crate) const HEADER: usize = 12;
/// Where the header counts the additional records.
pub(crate) const ARCOUNT: usize = 10;
/// Opcode of updates (RFC 2136 section 1.3), where the header has it.
const UPDATE: u16 = 5 << 11;
const OPCODE: u16 = 15 << 11;
/// Bit of an answer.
const RESPONSE: u16 = 1 << 15;
/// Offsets that fit into a pointer (RFC 1035 section 4.1.4).
const POINTER: u16 = 0xc000;

/// A type of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type(pub u16);

impl Type {
    pub const A: Self = Self(1);
    pub const SOA: Self = Self(6);
    pub const PTR: Self = Self(12);
    pub const AAAA: Self = Self(28);
    pub const DHCID: Self = Self(49);
    pub const TSIG: Self = Self(250);
    pub const ANY: Self = Self(255);

    /// The type of the records that hold such an address.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::A } else { Self::AAAA }
    }
}

/// Classes (RFC 2136 section 1.3).
pub(crate) mod class {
    pub(crate) const IN: u16 = 1;
    pub(crate) const NONE: u16 = 254;
    pub(crate) const ANY: u16 = 255;
}

/// What an answer says became of the update (RFC 2136 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rcode(pub u8);

impl Rcode {
    pub const NOERROR: Self = Self(0);
    pub const FORMERR: Self = Self(1);
    pub const SERVFAIL: Self = Self(2);
    pub const NXDOMAIN: Self = Self(3);
    pub const NOTIMP: Self = Self(4);
    pub const REFUSED: Self = Self(5);
    /// A name exists that should not.
    pub const YXDOMAIN: Self = Self(6);
    /// Records exist that should not.
    pub const YXRRSET: Self = Self(7);
    /// Records that should exist do not.
    pub const NXRRSET: Self = Self(8);
    pub const NOTAUTH: Self = Self(9);
    pub const NOTZONE: Self = Self(10);
}

/// The number, and the name where there is one.
impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 11] = [
            "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
            "NXRRSET", "NOTAUTH", "NOTZONE",
        ];
        match NAMES.get(usize::from(self.0)) {
            Some(name) => write!(f, "{} ({name})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    Address(IpAddr),
    Name(&'a Name),
    Octets(&'a [u8]),
}

impl Data<'_> {
    fn kind(&self, kind: Type) -> Type {
        match self {
            Self::Address(address) => Type::of_address(*address),
            Self::Name(_) | Self::Octets(_) => kind,
        }
    }
}

/// A prerequisite or a change of an update: what looks like a record, with a meaning in its class (RFC 2136 sections
/// 2.4 and 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    kind: Type,
    class: u16,
    ttl: u32,
    data: Option<Data<'a>>,
}

impl<'a> Entry<'a> {
    const fn bare(kind: Type, class: u16) -> Self {
        Self { kind, class, ttl: 0, data: None }
    }

    /// Prerequisite: the name has records (section 2.4.4).
    #[must_use]
    pub const fn in_use() -> Self {
        Self::bare(Type::ANY, class::ANY)
    }

    /// Prerequisite: the name has none (section 2.4.5).
    #[must_use]
    pub const fn not_in_use() -> Self {
        Self::bare(Type::ANY, class::NONE)
    }

    /// Prerequisite: the name has records of this type (section 2.4.1).
    #[must_use]
    pub const fn exists(kind: Type) -> Self {
        Self::bare(kind, class::ANY)
    }

    /// Prerequisite: the name has no records of this type (section 2.4.3).
    #[must_use]
    pub const fn missing(kind: Type) -> Self {
        Self::bare(kind, class::NONE)
    }

    /// Prerequisite: the records of this type are this one (section 2.4.2).
    #[must_use]
    pub fn is(kind: Type, data: Data<'a>) -> Self {
        Self { kind: data.kind(kind), class: class::IN, ttl: 0, data: Some(data) }
    }

    /// Change: a record more (section 2.5.1).
    #[must_use]
    pub fn add(kind: Type, ttl: u32, data: Data<'a>) -> Self {
        Self { kind: data.kind(kind), class: class::IN, ttl, data: Some(data) }
    }

    /// Change: no records of this type (section 2.5.2).
    #[must_use]
    pub const fn delete(kind: Type) -> Self {
        Self::bare(kind, class::ANY)
    }

    /// Change: no records at all (section 2.5.3).
    #[must_use]
    pub const fn delete_all() -> Self {
        Self::bare(Type::ANY, class::ANY)
    }

    /// Change: not this record (section 2.5.4).
    #[must_use]
    pub fn delete_one(kind: Type, data: Data<'a>) -> Self {
        Self { kind: data.kind(kind), class: class::NONE, ttl: 0, data: Some(data) }
    }
}

/// An update of one name in a zone.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    pub zone: &'a Name,
    pub name: &'a Name,
    pub prerequisites: Vec<Entry<'a>>,
    pub changes: Vec<Entry<'a>>,
}

impl Update<'_> {
    /// The message, not signed.
    #[must_use]
    pub fn encode(&self, id: u16) -> Vec<u8> {
        let mut out = Writer::default();
        let count = |entries: &[Entry<'_>]| u16::try_from(entries.len()).unwrap_or(u16::MAX);
        for word in [id, UPDATE, 1, count(&self.prerequisites), count(&self.changes), 0] {
            out.u16(word);
        }
        out.name(self.zone);
        out.u16(Type::SOA.0);
        out.u16(class::IN);
        for entry in self.prerequisites.iter().chain(&self.changes) {
            out.name(self.name);
            out.u16(entry.kind.0);
            out.u16(entry.class);
            out.octets.extend_from_slice(&entry.ttl.to_be_bytes());
            let length_at = out.octets.len();
            out.u16(0);
            match entry.data {
                None => {}
                Some(Data::Address(IpAddr::V4(address))) => out.octets.extend_from_slice(&address.octets()),
                Some(Data::Address(IpAddr::V6(address))) => out.octets.extend_from_slice(&address.octets()),
                Some(Data::Name(name)) => out.name(name),
                Some(Data::Octets(octets)) => out.octets.extend_from_slice(octets),
            }
            let length = u16::try_from(out.octets.len() - length_at - 2).unwrap_or(u16::MAX);
            if let Some(place) = out.octets.get_mut(length_at..length_at + 2) {
                place.copy_from_slice(&length.to_be_bytes());
            }
        }
        out.octets
    }
}

/// Writes names once, and points to them from then on.
#[derive(Default)]
struct Writer<'a> {
    octets: Vec<u8>,
    places: HashMap<&'a [u8], u16>,
}

impl<'a> Writer<'a> {
    fn u16(&mut self, value: u16) {
        self.octets.extend_from_slice(&value.to_be_bytes());
    }

    fn name(&mut self, name: &'a Name) {
        for part in name.and_above() {
            if part == [0] {
                self.octets.push(0);
                return;
            }
            if let Some(place) = self.places.get(part) {
                self.u16(place | POINTER);
                return;
            }
            if let Some(place) = u16::try_from(self.octets.len()).ok().filter(|place| place & POINTER == 0) {
                self.places.insert(part, place);
            }
            let length = part.first().map_or(0, |length| usize::from(*length) + 1);
            self.octets.extend_from_slice(part.get(..length).unwrap_or_default());
        }
    }
}

/// What an answer says in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub id: u16,
    /// An answer to an update, and no question or anything else.
    pub answers_update: bool,
    pub rcode: Rcode,
}

/// Reads the header of a message; `None` when it is shorter than one.
#[must_use]
pub fn header(message: &[u8]) -> Option<Header> {
    let mut reader = Reader::new(message.get(..HEADER)?);
    let (id, flags) = (reader.u16()?, reader.u16()?);
    let answers_update = flags & RESPONSE != 0 && flags & OPCODE == UPDATE;
    Some(Header { id, answers_update, rcode: Rcode(u8::try_from(flags & 15).unwrap_or(0)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    /// Octets written out by hand from RFC 1035 section 4.1 and RFC 2136 sections 2.3 to 2.5.
    #[test]
    fn an_update() {
        let (zone, host) = (name("example.com"), name("a.example.com"));
        let update = Update {
            zone: &zone,
            name: &host,
            prerequisites: vec![Entry::not_in_use()],
            changes: vec![
                Entry::add(Type::A, 600, Data::Address("192.0.2.1".parse().unwrap())),
                Entry::add(Type::DHCID, 600, Data::Octets(&[0, 1, 1, 9])),
                Entry::delete(Type::AAAA),
                Entry::delete_one(Type::PTR, Data::Name(&host)),
            ],
        };
        let expected: Vec<u8> = [
            &[0x12, 0x34, 0x28, 0, 0, 1, 0, 1, 0, 4, 0, 0][..],
            b"\x07example\x03com\x00\x00\x06\x00\x01",
            // The name has no records: class NONE, type ANY.
            b"\x01a\xc0\x0c\x00\xff\x00\xfe\x00\x00\x00\x00\x00\x00",
            &[0xc0, 0x1d, 0, 1, 0, 1, 0, 0, 2, 0x58, 0, 4, 192, 0, 2, 1],
            &[0xc0, 0x1d, 0, 49, 0, 1, 0, 0, 2, 0x58, 0, 4, 0, 1, 1, 9],
            &[0xc0, 0x1d, 0, 28, 0, 255, 0, 0, 0, 0, 0, 0],
            &[0xc0, 0x1d, 0, 12, 0, 254, 0, 0, 0, 0, 0, 2, 0xc0, 0x1d],
        ]
        .concat();
        assert_eq!(update.encode(0x1234), expected);
    }

    #[test]
    fn classes_say_what_is_meant() {
        let address = Data::Address("2001:db8::1".parse().unwrap());
        for (entry, expected) in [
            (Entry::in_use(), (Type::ANY, class::ANY)),
            (Entry::not_in_use(), (Type::ANY, class::NONE)),
            (Entry::exists(Type::DHCID), (Type::DHCID, class::ANY)),
            (Entry::missing(Type::A), (Type::A, class::NONE)),
            (Entry::is(Type::A, address), (Type::AAAA, class::IN)),
            (Entry::add(Type::A, 1, address), (Type::AAAA, class::IN)),
            (Entry::delete(Type::A), (Type::A, class::ANY)),
            (Entry::delete_all(), (Type::ANY, class::ANY)),
            (Entry::delete_one(Type::A, address), (Type::AAAA, class::NONE)),
        ] {
            assert_eq!((entry.kind, entry.class), expected, "{entry:?}");
        }
    }

    #[test]
    fn headers() {
        let answer = [0x12, 0x34, 0xa8, 6, 0, 0, 0, 0, 0, 0, 0, 0];
        let expected = Header { id: 0x1234, answers_update: true, rcode: Rcode::YXDOMAIN };
        assert_eq!(header(&answer), Some(expected));
        assert!(!header(&[0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap().answers_update, "an update");
        assert!(!header(&[0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap().answers_update, "of a query");
        assert_eq!(header(&answer[..11]), None);
        assert_eq!(Rcode(6).to_string(), "6 (YXDOMAIN)");
        assert_eq!(Rcode(11).to_string(), "11");
    }
}
