//! Domain names in the form of the wire.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;
use wire::Reader;

/// Longest label and longest name, in octets of the wire (RFC 1035 section 2.3.4).
const LABEL: usize = 63;
const NAME: usize = 255;
/// The two highest bits of a length that is a pointer (RFC 1035 section 4.1.4).
const POINTER: u8 = 0xc0;

/// Why there is no name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    #[error("the name is empty")]
    Empty,
    #[error("a label is empty")]
    EmptyLabel,
    #[error("a label is longer than 63 octets")]
    LongLabel,
    #[error("the name is longer than 255 octets")]
    TooLong,
    #[error("an escape is not complete")]
    Escape,
}

/// A name: labels of at most 63 octets, each after its length, and the root's empty one. Case is kept; two names are
/// one to DNS when their [canonical](Self::canonical) forms are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(Box<[u8]>);

impl Name {
    /// Reads a name as master files have it (RFC 1035 section 5.1): a backslash keeps the meaning of a dot from it, or
    /// stands before the three digits of an octet. With or without the last dot.
    ///
    /// # Errors
    /// When the text is no name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text == "." {
            return Ok(Self([0].into()));
        }
        let mut wire = Vec::with_capacity(text.len() + 2);
        let mut label = Vec::new();
        let mut octets = text.bytes();
        let mut ended = false;
        while let Some(octet) = octets.next() {
            ended = false;
            match octet {
                b'.' => {
                    close(&mut wire, &mut label)?;
                    ended = true;
                }
                b'\\' => label.push(escaped(&mut octets)?),
                octet => label.push(octet),
            }
        }
        if !ended {
            close(&mut wire, &mut label)?;
        }
        wire.push(0);
        if wire.len() > NAME { Err(NameError::TooLong) } else { Ok(Self(wire.into())) }
    }

    /// The name of an address in the reverse tree: `in-addr.arpa` or `ip6.arpa`.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        let mut wire = Vec::with_capacity(74);
        let mut put = |label: &[u8]| {
            wire.push(u8::try_from(label.len()).unwrap_or(0));
            wire.extend_from_slice(label);
        };
        match address {
            IpAddr::V4(address) => {
                for octet in address.octets().iter().rev() {
                    put(octet.to_string().as_bytes());
                }
                put(b"in-addr");
            }
            IpAddr::V6(address) => {
                for octet in address.octets().iter().rev() {
                    for nibble in [octet & 15, octet >> 4] {
                        put(format!("{nibble:x}").as_bytes());
                    }
                }
                put(b"ip6");
            }
        }
        put(b"arpa");
        wire.push(0);
        Self(wire.into())
    }

    /// Reads a name of a message, following its pointers; `None` when there is none. `reader` stands on `message`.
    pub(crate) fn read<'a>(reader: &mut Reader<'a>, message: &'a [u8]) -> Option<Self> {
        let mut wire = Vec::new();
        let mut here = *reader;
        // Where the name goes on behind its first pointer is of no concern to the one who reads on.
        let mut jumped = false;
        let mut limit = message.len();
        loop {
            let length = here.u8()?;
            if length & POINTER == POINTER {
                let low = here.u8()?;
                if !jumped {
                    *reader = here;
                    jumped = true;
                }
                let target = usize::from(u16::from_be_bytes([length & !POINTER, low]));
                // Pointers lead back only, so that names end.
                if target >= limit {
                    return None;
                }
                limit = target;
                here = Reader::new(message.get(target..)?);
                continue;
            }
            if usize::from(length) > LABEL {
                return None;
            }
            wire.push(length);
            if length == 0 {
                break;
            }
            wire.extend_from_slice(here.bytes(usize::from(length))?);
            if wire.len() >= NAME {
                return None;
            }
        }
        if !jumped {
            *reader = here;
        }
        Some(Self(wire.into()))
    }

    /// The octets of the wire, without pointers.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The name in lower case: what names are compared by, and what signatures cover.
    #[must_use]
    pub fn canonical(&self) -> Self {
        // Lengths are below the letters.
        Self(self.0.to_ascii_lowercase().into())
    }

    /// The name and all above it, from the longest to the root, in the form of the wire.
    pub fn and_above(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::successors(Some(&*self.0), |name| {
            let (length, rest) = name.split_first()?;
            rest.get(usize::from(*length)..).filter(|_| *length > 0)
        })
    }
}

/// As master files have it, with the last dot.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = &*self.0;
        if rest == [0] {
            return f.write_str(".");
        }
        while let Some((length, behind)) = rest.split_first()
            && *length > 0
            && let Some((label, behind)) = behind.split_at_checked(usize::from(*length))
        {
            for octet in label {
                match octet {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(*octet))?,
                    0x21..=0x7e => write!(f, "{}", char::from(*octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str(".")?;
            rest = behind;
        }
        Ok(())
    }
}

fn close(wire: &mut Vec<u8>, label: &mut Vec<u8>) -> Result<(), NameError> {
    let length = u8::try_from(label.len()).map_err(|_| NameError::LongLabel)?;
    if length == 0 {
        return Err(NameError::EmptyLabel);
    }
    if usize::from(length) > LABEL {
        return Err(NameError::LongLabel);
    }
    wire.push(length);
    wire.append(label);
    Ok(())
}

fn escaped(octets: &mut std::str::Bytes<'_>) -> Result<u8, NameError> {
    let first = octets.next().ok_or(NameError::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut value = u32::from(first - b'0');
    for _ in 0..2 {
        let digit = octets.next().filter(u8::is_ascii_digit).ok_or(NameError::Escape)?;
        value = value * 10 + u32::from(digit - b'0');
    }
    u8::try_from(value).map_err(|_| NameError::Escape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn texts() {
        assert_eq!(name("Chi.example.COM").octets(), b"\x03Chi\x07example\x03COM\x00");
        assert_eq!(name("Chi.example.COM").canonical(), name("chi.example.com."));
        assert_eq!(name(".").octets(), [0]);
        assert_eq!(name(".").to_string(), ".");
        assert_eq!(name("a\\.b.c").octets(), b"\x03a.b\x01c\x00");
        assert_eq!(name("my\\032host").octets(), b"\x07my host\x00");
        assert_eq!(name("my\\032h\\\\o\\.st.c").to_string(), "my\\032h\\\\o\\.st.c.");
        for (text, error) in [
            ("", NameError::Empty),
            (".a", NameError::EmptyLabel),
            ("a..b", NameError::EmptyLabel),
            ("..", NameError::EmptyLabel),
            ("a\\", NameError::Escape),
            ("a\\25", NameError::Escape),
            ("a\\256", NameError::Escape),
        ] {
            assert_eq!(Name::parse(text), Err(error), "{text}");
        }
        assert_eq!(Name::parse(&"x".repeat(64)), Err(NameError::LongLabel));
        let longest = format!("{0}.{0}.{0}.{1}", "x".repeat(63), "y".repeat(61));
        assert_eq!(name(&longest).octets().len(), 255);
        assert_eq!(Name::parse(&format!("{longest}y")), Err(NameError::TooLong));
    }

    #[test]
    fn addresses() {
        let of = |address: &str| Name::of_address(address.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.10"), "10.2.0.192.in-addr.arpa.");
        assert_eq!(
            of("2001:db8:1::cafe"),
            "e.f.a.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
        );
    }

    #[test]
    fn what_is_above() {
        let name = name("a.bc.d");
        let above: Vec<&[u8]> = name.and_above().collect();
        assert_eq!(above, [&b"\x01a\x02bc\x01d\x00"[..], b"\x02bc\x01d\x00", b"\x01d\x00", b"\x00"]);
    }

    #[test]
    fn pointers() {
        let message = b"\x00\x00\x01b\x01c\x00\x01a\xc0\x02\xc0\x07\xff\xc0\x0d";
        let read = |at: usize| {
            let mut reader = Reader::new(&message[at..]);
            let name = Name::read(&mut reader, message)?;
            Some((name.to_string(), at + reader.position()))
        };
        assert_eq!(read(2), Some(("b.c.".to_owned(), 7)));
        assert_eq!(read(7), Some(("a.b.c.".to_owned(), 11)));
        assert_eq!(read(11), Some(("a.b.c.".to_owned(), 13)));
        assert_eq!(read(13), None, "a length of neither kind");
        assert_eq!(read(14), None, "a pointer to where there is no name");
        let circle = b"\xc0\x00\xc0\x00";
        assert_eq!(Name::read(&mut Reader::new(&circle[2..]), circle), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 1..8)) {
            let mut wire = Vec::new();
            for mut label in labels {
                close(&mut wire, &mut label).unwrap();
            }
            wire.push(0);
            let name = Name(wire.into());
            prop_assert_eq!(Name::parse(&name.to_string()).unwrap(), name.clone());
            prop_assert_eq!(Name::read(&mut Reader::new(name.octets()), name.octets()), Some(name));
        }

        #[test]
        fn anything_may_come(octets: Vec<u8>, text: String) {
            let _ = Name::read(&mut Reader::new(&octets), &octets);
            let _ = Name::parse(&text);
        }
    }
}
