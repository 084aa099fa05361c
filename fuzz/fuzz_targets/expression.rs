//! Texts of expressions and packets to evaluate them on: the crate `expr`.
//!
//! The text ends at the first NUL; what follows are options as in a packet (code, length, value).
#![no_main]

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use expr::{AnyClass, ClassId, Family, QueryView, compile_bool, compile_string};
use libfuzzer_sys::fuzz_target;
use options::DefTable;

struct Packet {
    options: Vec<(u16, Vec<u8>)>,
    family: Family,
}

impl QueryView for Packet {
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>> {
        let mut parts = self.options.iter().filter(|(this, _)| *this == code).map(|(_, value)| value);
        let first = parts.next()?;
        // In DHCPv4 several instances are parts of one value, which then is not borrowed.
        match (self.family, parts.next()) {
            (Family::V4, Some(second)) => {
                let mut joined = [first.as_slice(), second].concat();
                parts.for_each(|part| joined.extend_from_slice(part));
                Some(joined.into())
            }
            _ => Some(first.as_slice().into()),
        }
    }
    fn option_at(&self, code: u16, index: usize) -> Option<Cow<'_, [u8]>> {
        match self.family {
            Family::V4 if index == 0 => self.option(code),
            Family::V4 => None,
            Family::V6 => {
                let mut all = self.options.iter().filter(|(this, _)| *this == code);
                all.nth(index).map(|(_, value)| value.as_slice().into())
            }
        }
    }
    fn member(&self, class: ClassId) -> bool {
        class.0 % 2 == 0
    }
    fn interface(&self) -> &str {
        "eth0"
    }
    fn source(&self) -> IpAddr {
        match self.family {
            Family::V4 => Ipv4Addr::LOCALHOST.into(),
            Family::V6 => Ipv6Addr::LOCALHOST.into(),
        }
    }
    fn destination(&self) -> IpAddr {
        self.source()
    }
    fn length(&self) -> u32 {
        300
    }
    fn message_type(&self) -> u8 {
        1
    }
    fn transaction_id(&self) -> u32 {
        0x00ab_cdef
    }
    fn relay_count(&self) -> usize {
        2
    }
    fn relay_addresses(&self, level: usize) -> Option<(Ipv6Addr, Ipv6Addr)> {
        (level < 2).then_some((Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED))
    }
    fn relay_option(&self, level: usize, code: u16) -> Option<Cow<'_, [u8]>> {
        self.option_at(code, level)
    }
}

static TABLES: LazyLock<[std::sync::Arc<DefTable>; 2]> =
    LazyLock::new(|| [DefTable::standard(Family::V4), DefTable::standard(Family::V6)]);

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|octet| *octet == 0).unwrap_or(input.len());
    let Ok(text) = std::str::from_utf8(&input[..end]) else { return };
    let mut rest = input.get(end + 1..).unwrap_or(&[]);
    let mut options = Vec::new();
    while let [code, length, after @ ..] = rest {
        let (value, after) = after.split_at(usize::from(*length).min(after.len()));
        options.push((u16::from(*code), value.to_vec()));
        rest = after;
    }
    for (family, table) in [Family::V4, Family::V6].into_iter().zip(&*TABLES) {
        let packet = Packet { options: options.clone(), family };
        let mut next = 0;
        let mut names = AnyClass {
            definitions: table,
            class: |_: &str| {
                next += 1;
                ClassId(next)
            },
        };
        for compiled in [compile_bool(text, family, &mut names), compile_string(text, family, &mut names)] {
            match compiled {
                Ok(expression) => {
                    let once = expression.eval_string(&packet).map(|value| value.into_vec());
                    let again = expression.eval_string(&packet as &dyn QueryView).map(|value| value.into_vec());
                    assert_eq!(once, again);
                    let _ = expression.eval_bool(&packet);
                }
                Err(error) => assert!(error.to_string().starts_with("<string>:")),
            }
        }
    }
});
