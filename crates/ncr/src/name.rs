//! Domain names as DNS hashes and carries them.

use thiserror::Error;

/// Longest label and longest name, in octets of the wire (RFC 1035 section 2.3.4).
const LABEL: usize = 63;
const NAME: usize = 255;

/// Why a text is no domain name.
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
}

/// The canonical wire form of a name in text: lower case, with the root's empty label, whether the text ends with a
/// dot or not.
///
/// # Errors
/// When the text is no name.
pub fn wire_name(text: &str) -> Result<Vec<u8>, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text == "." {
        return Ok(vec![0]);
    }
    let mut wire = Vec::with_capacity(text.len() + 2);
    for label in text.strip_suffix('.').unwrap_or(text).split('.') {
        let length = u8::try_from(label.len()).map_err(|_| NameError::LongLabel)?;
        if length == 0 {
            return Err(NameError::EmptyLabel);
        }
        if usize::from(length) > LABEL {
            return Err(NameError::LongLabel);
        }
        wire.push(length);
        wire.extend(label.bytes().map(|o| o.to_ascii_lowercase()));
    }
    wire.push(0);
    if wire.len() > NAME { Err(NameError::TooLong) } else { Ok(wire) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(wire_name("Chi.example.COM").as_deref(), Ok(&b"\x03chi\x07example\x03com\x00"[..]));
        assert_eq!(wire_name("chi."), wire_name("chi"));
        assert_eq!(wire_name(".").as_deref(), Ok(&[0][..]));
        for (text, error) in [
            ("", NameError::Empty),
            (".a", NameError::EmptyLabel),
            ("a..b", NameError::EmptyLabel),
            ("..", NameError::EmptyLabel),
        ] {
            assert_eq!(wire_name(text), Err(error), "{text}");
        }
        assert_eq!(wire_name(&"x".repeat(64)), Err(NameError::LongLabel));
        assert_eq!(wire_name(&"x".repeat(300)), Err(NameError::LongLabel));
        let longest = format!("{0}.{0}.{0}.{1}", "x".repeat(63), "y".repeat(61));
        assert_eq!(wire_name(&longest).map(|w| w.len()), Ok(255));
        assert_eq!(wire_name(&format!("{longest}y")), Err(NameError::TooLong));
    }
}
