//! A name server in memory: reads updates and does what RFC 2136 section 3 says, for what updaters send.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A record of an update, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) kind: u16,
    pub(crate) class: u16,
    pub(crate) ttl: u32,
    pub(crate) data: String,
}

/// A message, read.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: u16,
    pub(crate) zone: String,
    pub(crate) prerequisites: Vec<Record>,
    pub(crate) changes: Vec<Record>,
}

pub(crate) const NAMES: [(u16, &str); 5] = [(1, "A"), (12, "PTR"), (28, "AAAA"), (49, "DHCID"), (255, "ANY")];

fn u16_at(octets: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([octets[at], octets[at + 1]])
}

fn name(octets: &[u8], at: &mut usize) -> String {
    let mut out = String::new();
    let (mut here, mut jumped) = (*at, false);
    loop {
        let length = usize::from(octets[here]);
        if length >= 0xc0 {
            let target = usize::from(u16_at(octets, here) & 0x3fff);
            if !jumped {
                *at = here + 2;
                jumped = true;
            }
            here = target;
        } else if length == 0 {
            if !jumped {
                *at = here + 1;
            }
            return out;
        } else {
            out.push_str(std::str::from_utf8(&octets[here + 1..=here + length]).unwrap());
            out.push('.');
            here += length + 1;
        }
    }
}

fn record(octets: &[u8], at: &mut usize) -> Record {
    let owner = name(octets, at);
    let (kind, class) = (u16_at(octets, *at), u16_at(octets, *at + 2));
    let ttl = u32::from(u16_at(octets, *at + 4)) << 16 | u32::from(u16_at(octets, *at + 6));
    let length = usize::from(u16_at(octets, *at + 8));
    *at += 10;
    let data = &octets[*at..*at + length];
    let text = match (kind, length) {
        (_, 0) => String::new(),
        (1, 4) => Ipv4Addr::from(<[u8; 4]>::try_from(data).unwrap()).to_string(),
        (28, 16) => Ipv6Addr::from(<[u8; 16]>::try_from(data).unwrap()).to_string(),
        (12, _) => name(octets, &mut at.clone()),
        _ => base::encode_hex(data),
    };
    *at += length;
    Record { name: owner, kind, class, ttl, data: text }
}

impl Message {
    pub(crate) fn read(octets: &[u8]) -> Self {
        assert_eq!(u16_at(octets, 2), 5 << 11, "an update");
        let count = |at| u16_at(octets, at);
        assert_eq!(count(4), 1, "one zone");
        let mut at = 12;
        let zone = name(octets, &mut at);
        assert_eq!((u16_at(octets, at), u16_at(octets, at + 2)), (6, 1), "SOA, IN");
        at += 4;
        let mut list = |n: u16| (0..n).map(|_| record(octets, &mut at)).collect::<Vec<_>>();
        let (prerequisites, changes) = (list(count(6)), list(count(8)));
        Self { id: count(0), zone, prerequisites, changes }
    }

    /// A line for people: what must be, then what is changed.
    pub(crate) fn text(&self) -> String {
        let kind = |kind: u16| NAMES.iter().find(|(number, _)| *number == kind).unwrap().1;
        let word = |signs: [&str; 3], record: &Record| {
            let sign = match record.class {
                1 => signs[0],
                254 => signs[1],
                _ => signs[2],
            };
            let data = if record.data.is_empty() { String::new() } else { format!("={}", record.data) };
            let ttl = if record.ttl == 0 { String::new() } else { format!("/{}", record.ttl) };
            format!("{sign}{}{data}{ttl}", kind(record.kind))
        };
        let must: Vec<String> = self.prerequisites.iter().map(|r| word(["is ", "no ", "any "], r)).collect();
        let then: Vec<String> = self.changes.iter().map(|r| word(["+", "-", "--"], r)).collect();
        format!("{} {}: {} > {}", self.zone, self.changes[0].name, must.join(", "), then.join(" "))
    }
}

/// An answer to a message.
pub(crate) fn answer(id: u16, rcode: u8) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[0xa8, rcode, 0, 0, 0, 0, 0, 0, 0, 0]].concat()
}

type Records = BTreeMap<u16, BTreeSet<String>>;

/// What a name server knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zone(pub(crate) BTreeMap<String, Records>);

impl Zone {
    /// Does an update and says what became of it.
    pub(crate) fn update(&mut self, message: &Message) -> u8 {
        for must in &message.prerequisites {
            let records = self.0.get(&must.name);
            let of_kind = records.and_then(|records| records.get(&must.kind));
            let failed = match (must.class, must.kind) {
                (255, 255) if records.is_none() => Some(3),
                (254, 255) if records.is_some() => Some(6),
                (255, 255) | (254, 255) => None,
                (255, _) => of_kind.is_none().then_some(8),
                (254, _) => of_kind.is_some().then_some(7),
                _ => (of_kind != Some(&BTreeSet::from([must.data.clone()]))).then_some(8),
            };
            if let Some(rcode) = failed {
                return rcode;
            }
        }
        for change in &message.changes {
            let records = self.0.entry(change.name.clone()).or_default();
            match (change.class, change.kind) {
                (1, kind) => {
                    records.entry(kind).or_default().insert(change.data.clone());
                }
                (255, 255) => records.clear(),
                (255, kind) => {
                    records.remove(&kind);
                }
                (_, kind) => {
                    if let Some(set) = records.get_mut(&kind) {
                        set.remove(&change.data);
                    }
                }
            }
            records.retain(|_, set| !set.is_empty());
            if records.is_empty() {
                self.0.remove(&change.name);
            }
        }
        0
    }
}
