//! The pieces of the lines of the legal log (`libdhcp_legal_log`), which speak of leases in words that programs know.

use std::fmt;

use base::Seconds;

/// An entry of the legal log, without the time of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalEntry {
    /// What is leased: an address, or a prefix with its length; empty when an entry has none.
    pub address: Box<str>,
    /// May have several lines. Never empty.
    pub text: Box<str>,
}

impl LegalEntry {
    /// `None` for an empty text, which is how an expression says that there is nothing to log.
    #[must_use]
    pub fn new(address: impl Into<Box<str>>, text: impl Into<Box<str>>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then(|| Self { address: address.into(), text })
    }
}

/// A lifetime in words: `1 days 0 hrs 10 mins 0 secs`.
#[derive(Clone, Copy, Debug)]
pub struct InWords(pub Seconds);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_infinite() {
            return f.write_str("infinite duration");
        }
        let (minutes, seconds) = (self.0.0 / 60, self.0.0 % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        let (days, hours) = (hours / 24, hours % 24);
        if days > 0 {
            write!(f, "{days} days ")?;
        }
        write!(f, "{hours} hrs {minutes} mins {seconds} secs")
    }
}

/// An identifier in hexadecimal, and as text where it is printable: `68:6f:77:64:79 (howdy)`.
#[derive(Clone, Copy, Debug)]
pub struct Readable<'a>(pub &'a [u8]);

impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, octet) in self.0.iter().enumerate() {
            write!(f, "{}{octet:02x}", if at > 0 { ":" } else { "" })?;
        }
        AsText(self.0).fmt(f)
    }
}

/// An identifier as text in brackets where it is printable; nothing otherwise.
#[derive(Clone, Copy, Debug)]
pub struct AsText<'a>(pub &'a [u8]);

impl fmt::Display for AsText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) if !text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b)) => {
                write!(f, " ({text})")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_in_words() {
        for (seconds, words) in [
            (0, "0 hrs 0 mins 0 secs"),
            (7777, "2 hrs 9 mins 37 secs"),
            (86_400, "1 days 0 hrs 0 mins 0 secs"),
            (500_000, "5 days 18 hrs 53 mins 20 secs"),
            (u32::MAX, "infinite duration"),
        ] {
            assert_eq!(InWords(Seconds(seconds)).to_string(), words);
        }
    }

    #[test]
    fn identifiers_are_text_where_all_of_them_is() {
        assert_eq!(Readable(b"howdy").to_string(), "68:6f:77:64:79 (howdy)");
        assert_eq!(Readable(b"a\nb").to_string(), "61:0a:62");
        assert_eq!(Readable(&[0x87, 0xf6]).to_string(), "87:f6");
        assert_eq!(Readable(b"").to_string(), "");
    }

    #[test]
    fn an_empty_text_is_no_entry() {
        assert_eq!(LegalEntry::new("192.0.2.1", ""), None);
        assert!(LegalEntry::new("", "x").is_some());
    }
}
