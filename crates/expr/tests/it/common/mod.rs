//! Packets and names for the tests of the language.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use expr::{ClassId, Expression, Family, Names, QueryView, compile_bool, compile_string};
use options::{DataType, DefTable, OptionDef, OptionSpace};

/// Link address, peer address, options.
pub type Relay = (Ipv6Addr, Ipv6Addr, Vec<(u16, Vec<u8>)>);

/// A packet as a list of facts.
#[derive(Clone, Debug)]
pub struct Packet {
    pub options: Vec<(u16, Vec<u8>)>,
    pub relays: Vec<Relay>,
    pub classes: Vec<ClassId>,
    pub source: IpAddr,
    pub destination: IpAddr,
}

impl QueryView for Packet {
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>> {
        self.option_at(code, 0)
    }
    fn option_at(&self, code: u16, index: usize) -> Option<Cow<'_, [u8]>> {
        self.options
            .iter()
            .filter(|(c, _)| *c == code)
            .nth(index)
            .map(|(_, data)| Cow::Borrowed(data.as_slice()))
    }
    fn member(&self, class: ClassId) -> bool {
        self.classes.contains(&class)
    }
    fn interface(&self) -> &str {
        "eth0"
    }
    fn source(&self) -> IpAddr {
        self.source
    }
    fn destination(&self) -> IpAddr {
        self.destination
    }
    fn length(&self) -> u32 {
        300
    }
    fn message_type(&self) -> u8 {
        1
    }
    fn transaction_id(&self) -> u32 {
        0x0012_3456
    }
    fn hardware_address(&self) -> &[u8] {
        &[8, 0, 0x2b, 2, 0x3f, 0x4e]
    }
    fn hardware_length(&self) -> u8 {
        6
    }
    fn hardware_type(&self) -> u16 {
        1
    }
    fn ciaddr(&self) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, 1)
    }
    fn yiaddr(&self) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, 2)
    }
    fn siaddr(&self) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, 3)
    }
    fn giaddr(&self) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, 4)
    }
    fn relay_count(&self) -> usize {
        self.relays.len()
    }
    fn relay_addresses(&self, level: usize) -> Option<(Ipv6Addr, Ipv6Addr)> {
        self.relays.get(level).map(|(link, peer, _)| (*link, *peer))
    }
    fn relay_option(&self, level: usize, code: u16) -> Option<Cow<'_, [u8]>> {
        let (_, _, options) = self.relays.get(level)?;
        options.iter().find(|(c, _)| *c == code).map(|(_, data)| Cow::Borrowed(data.as_slice()))
    }
}

/// DHCPv4 with relay agent, vendor options of two vendors and a record with sub-options.
pub fn packet4() -> Packet {
    Packet {
        options: vec![
            (3, vec![192, 0, 2, 1, 192, 0, 2, 2]),
            (12, b"Host-1\0".to_vec()),
            (23, vec![64]),
            (43, vec![1, 2, b'h', b'i', 0, 2, 3, b'y', b'o', b'u', 255, 9, 9]),
            (50, vec![192, 0, 2, 9]),
            (55, vec![1, 3, 6]),
            (60, b"PXEClient:Arch:00007".to_vec()),
            (61, vec![1, 8, 0, 0x2b, 2, 0x3f, 0x4e]),
            (80, vec![]),
            (82, vec![1, 4, b'p', b'o', b'r', b't', 2, 3, 0xaa, 0, 0xcc, 9, 4, 7, 2, 5, 6]),
            (
                124,
                [&[0, 0, 0x11, 0x8b, 3][..], b"abc", &[0, 0, 0x11, 0x8b, 2], b"de", &[0, 0, 0, 9, 1, b'z']]
                    .concat(),
            ),
            (125, vec![0, 0, 0x11, 0x8b, 5, 1, 3, b'o', b'n', b'e', 0, 0, 0, 9, 3, 7, 1, 7]),
            (222, vec![4, b'n', b'a', b'm', b'e', 0, 5, 1, 2, b'o', b'k']),
            (230, vec![1, 2, 3]),
            (231, b"printable".to_vec()),
        ],
        relays: Vec::new(),
        classes: vec![ClassId(1)],
        source: IpAddr::from([10, 1, 2, 3]),
        destination: IpAddr::from([10, 1, 2, 4]),
    }
}

fn relay(octet: u16) -> Relay {
    let link = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, octet);
    let peer = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, octet);
    (link, peer, vec![(18, format!("if{octet}").into_bytes())])
}

/// DHCPv6 through two relays; level 0 is the one nearest to the server.
pub fn packet6() -> Packet {
    let address =
        [&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7][..], &[0, 0, 0, 1, 0, 0, 0, 2]].concat();
    let ia = [&[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..], &[0, 5, 0, 24], &address].concat();
    Packet {
        options: vec![
            (1, vec![0, 1, 2, 3]),
            (3, ia),
            (16, [&[0, 0, 0x11, 0x8b, 0, 9][..], b"docsis3.0", &[0, 2], b"de"].concat()),
            (16, [&[0, 0, 0, 9, 0, 1][..], b"z"].concat()),
            (17, [&[0, 0, 0x11, 0x8b, 0, 2, 0, 3][..], b"ECM"].concat()),
            (17, vec![0, 0, 0, 9, 0, 7, 0, 1, 7]),
            (1000, vec![]),
        ],
        relays: vec![relay(1), relay(2)],
        classes: vec![ClassId(1)],
        source: "fe80::1".parse().unwrap(),
        destination: "ff02::1:2".parse().unwrap(),
    }
}

/// The classes `known-class` (1) and `other-class` (2), and an option 222 with a name and sub-options.
pub struct World {
    pub table: Arc<DefTable>,
    pub classes: HashMap<&'static str, ClassId>,
}

impl World {
    pub fn new(family: Family) -> Self {
        let top = OptionSpace::top(family);
        let inner = OptionSpace::new("inner").unwrap();
        let mut container = OptionDef::new(family, top, 222, "container", DataType::Record);
        container.record_types = vec![DataType::Fqdn, DataType::Uint8].into();
        container.encapsulates = Some(inner.clone());
        if family == Family::V6 {
            container.code = 2222;
        }
        let text = OptionDef::new(family, inner, 1, "inner-text", DataType::String);
        let table = DefTable::standard(family).with(vec![container, text]).unwrap();
        Self { table, classes: [("known-class", ClassId(1)), ("other-class", ClassId(2))].into() }
    }
}

impl Names for World {
    fn class(&mut self, name: &str) -> Option<ClassId> {
        self.classes.get(name).copied()
    }
    fn definitions(&self) -> &Arc<DefTable> {
        &self.table
    }
}

pub fn boolean(text: &str, family: Family) -> Expression {
    compile_bool(text, family, &mut World::new(family)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn string(text: &str, family: Family) -> Expression {
    compile_string(text, family, &mut World::new(family)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn packet(family: Family) -> Packet {
    match family {
        Family::V4 => packet4(),
        Family::V6 => packet6(),
    }
}
