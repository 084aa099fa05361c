//! Domain names as options carry them (RFC 1035 section 3.1).

use std::fmt;

use crate::ValueError;

const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 255;

/// Appends the wire form of `text`, always fully qualified: labels, then the empty label. Letters keep their case.
pub(crate) fn encode(text: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let bad = |problem| ValueError::Fqdn { name: text.to_owned(), problem };
    let labels = text.strip_suffix('.').unwrap_or(text);
    if labels.is_empty() {
        return Err(bad("no label"));
    }
    if labels.starts_with('.') {
        return Err(bad("non terminating empty label"));
    }
    let start = out.len();
    for label in labels.split('.') {
        if label.is_empty() {
            return Err(bad("duplicate period"));
        }
        if !label.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(bad("character that is not allowed"));
        }
        let length = u8::try_from(label.len()).ok().filter(|n| usize::from(*n) <= MAX_LABEL);
        out.push(length.ok_or_else(|| bad("label is too long"))?);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    if out.len() - start > MAX_NAME { Err(bad("name is too long")) } else { Ok(()) }
}

/// A name inside a payload, checked by [`Name::parse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    payload: &'a [u8],
    start: usize,
}

impl<'a> Name<'a> {
    /// The name that begins at `start`, and the octets it takes there. Compression pointers (RFC 3397 section 2)
    /// must lead back, which bounds the walk.
    pub(crate) fn parse(payload: &'a [u8], start: usize) -> Option<(Self, usize)> {
        let name = Self { payload, start };
        let mut total = 1;
        let mut labels = name.labels();
        while let Some(label) = labels.next_label()? {
            total += label.len() + 1;
            if total > MAX_NAME {
                return None;
            }
        }
        Some((name, labels.first_jump.unwrap_or(labels.at) - start))
    }

    fn labels(&self) -> Labels<'a> {
        Labels { payload: self.payload, at: self.start, floor: self.start, first_jump: None }
    }
}

/// The labels of a name, pointers followed.
struct Labels<'a> {
    payload: &'a [u8],
    at: usize,
    /// Pointers must lead below this, so that each leads further back than the one before.
    floor: usize,
    /// Just past the first pointer.
    first_jump: Option<usize>,
}

impl<'a> Labels<'a> {
    /// The next label; `Some(None)` at the end, `None` when the name is broken.
    fn next_label(&mut self) -> Option<Option<&'a [u8]>> {
        loop {
            let length = usize::from(*self.payload.get(self.at)?);
            match length {
                0 => {
                    self.at += 1;
                    return Some(None);
                }
                1..=MAX_LABEL => {
                    let label = self.payload.get(self.at + 1..self.at + 1 + length)?;
                    self.at += 1 + length;
                    return Some(Some(label));
                }
                0xC0.. => {
                    let low = usize::from(*self.payload.get(self.at + 1)?);
                    let target = (length & 0x3F) << 8 | low;
                    if target >= self.floor {
                        return None;
                    }
                    self.first_jump.get_or_insert(self.at + 2);
                    self.floor = target;
                    self.at = target;
                }
                _ => return None,
            }
        }
    }
}

impl fmt::Display for Name<'_> {
    /// Labels with a dot after each; octets that are not printable, dots and backslashes within a label are escaped
    /// as in zone files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut labels = self.labels();
        let mut any = false;
        while let Some(Some(label)) = labels.next_label() {
            any = true;
            for octet in label {
                match octet {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(*octet))?,
                    octet if octet.is_ascii_graphic() => write!(f, "{}", char::from(*octet))?,
                    octet => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str(".")?;
        }
        if any { Ok(()) } else { f.write_str(".") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> Result<Vec<u8>, ValueError> {
        let mut out = Vec::new();
        encode(text, &mut out).map(|()| out)
    }

    #[test]
    fn text_to_wire() {
        assert_eq!(wire("WWW.Ex").unwrap(), b"\x03WWW\x02Ex\x00");
        assert_eq!(wire("a_b.*.").unwrap(), b"\x03a_b\x01*\x00");
        let long = "x".repeat(63);
        assert!(wire(&long).is_ok());
        for (bad, problem) in [
            ("", "no label"),
            (".", "no label"),
            ("a..b", "duplicate period in a..b"),
            (".a", "non terminating empty label in .a"),
            ("a b", "not allowed"),
            ("a\\.b", "not allowed"),
            ("té", "not allowed"),
            (&format!("{long}x"), "label is too long"),
            (&[long.as_str(); 4].join("."), "name is too long"),
        ] {
            let text = wire(bad).unwrap_err().to_string();
            assert!(text.contains(problem), "{bad}: {text}");
        }
    }

    #[test]
    fn wire_to_text() {
        for (payload, start, text, taken) in [
            (&b"\x01a\x01b\x00rest"[..], 0, "a.b.", 5),
            (b"\x00", 0, ".", 1),
            (b"\x03a.b\x01\x07\x00", 0, "a\\.b.\\007.", 7),
            (b"\x01a\x00\x01b\xc0\x00\x01", 3, "b.a.", 4),
            (b"\x01a\x00\xc0\x00", 3, "a.", 2),
            (b"\x01a\x00\xc0\x02", 3, ".", 2),
        ] {
            let (name, n) = Name::parse(payload, start).unwrap();
            assert_eq!((name.to_string().as_str(), n), (text, taken));
        }
        let loops: [&[u8]; 4] = [b"\xc0\x00", b"\x01a\xc0\x00", b"\xc0\x02\xc0\x00", b"\x40a"];
        for broken in loops.into_iter().chain([&b""[..], b"\x01", b"\x01a", b"\xc0"]) {
            assert!(Name::parse(broken, 0).is_none(), "{broken:x?}");
        }
        let mut too_long = b"\x3f".to_vec();
        too_long.extend([b'x'; 63]);
        let too_long = [too_long.repeat(4), vec![0]].concat();
        assert!(Name::parse(&too_long, 0).is_none());
    }
}
