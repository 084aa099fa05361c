//! How a reservation knows its client.

use std::fmt;

use base::{ClientId, HwAddr, decode_hex, encode_hex};
use smallvec::SmallVec;

/// What an identifier is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum IdentifierKind {
    /// Hardware address (chaddr), without its type.
    HwAddress = 0,
    /// The DUID inside a client identifier (RFC 4361).
    Duid = 1,
    /// Circuit id of the relay agent (RFC 3046).
    CircuitId = 2,
    /// Client identifier (option 61).
    ClientId = 3,
    /// Computed by a hook library.
    FlexId = 4,
}

impl IdentifierKind {
    pub const ALL: [Self; 5] = [Self::HwAddress, Self::Duid, Self::CircuitId, Self::ClientId, Self::FlexId];
    /// The order of lookups where a configuration names none.
    pub const DEFAULT_ORDER: [Self; 4] = [Self::HwAddress, Self::Duid, Self::CircuitId, Self::ClientId];

    /// The keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HwAddress => "hw-address",
            Self::Duid => "duid",
            Self::CircuitId => "circuit-id",
            Self::ClientId => "client-id",
            Self::FlexId => "flex-id",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Longest identifier of the kind, in octets.
    #[must_use]
    pub fn max_length(self) -> usize {
        match self {
            Self::HwAddress => HwAddr::MAX,
            Self::Duid => 130,
            Self::ClientId => ClientId::MAX,
            Self::CircuitId | Self::FlexId => 128,
        }
    }
}

/// Why a text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    #[error("empty host identifier used")]
    Empty,
    #[error("invalid host identifier value '{0}'")]
    Text(String),
    #[error("too long client identifier type {kind} length {length}")]
    Long { kind: &'static str, length: usize },
}

/// What a client is known by.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    kind: IdentifierKind,
    octets: SmallVec<[u8; 16]>,
}

impl Identifier {
    pub fn new(kind: IdentifierKind, octets: &[u8]) -> Result<Self, IdentifierError> {
        if octets.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if octets.len() > kind.max_length() {
            return Err(IdentifierError::Long { kind: kind.name(), length: octets.len() });
        }
        Ok(Self { kind, octets: SmallVec::from_slice(octets) })
    }

    /// From hexadecimal digits, or from characters in single quotes.
    pub fn parse(kind: IdentifierKind, text: &str) -> Result<Self, IdentifierError> {
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        let bad = || IdentifierError::Text(text.to_owned());
        let trimmed = text.trim();
        let quoted = trimmed.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
        let octets = match quoted {
            Some(inner) if !inner.is_empty() => inner.as_bytes().to_vec(),
            Some(_) => return Err(bad()),
            None => decode_hex(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| bad())?,
        };
        if octets.is_empty() {
            return Err(bad());
        }
        Self::new(kind, &octets)
    }

    #[must_use]
    pub fn kind(&self) -> IdentifierKind {
        self.kind
    }

    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The value as `config-get` writes it: with colons for hardware addresses and DUIDs, else digits alone.
    #[must_use]
    pub fn text(&self) -> String {
        match self.kind {
            IdentifierKind::HwAddress | IdentifierKind::Duid => {
                let parts: Vec<String> = self.octets.iter().map(|o| format!("{o:02x}")).collect();
                parts.join(":")
            }
            _ => encode_hex(&self.octets),
        }
    }
}

impl fmt::Display for Identifier {
    /// Kind and digits, as log messages and errors show them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == IdentifierKind::HwAddress { "hwaddr" } else { self.kind.name() };
        write!(f, "{kind}={}", encode_hex(&self.octets))
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        use IdentifierKind::*;
        for (kind, text, octets, shown) in [
            (HwAddress, "01:02:03:04:05:0a", &[1, 2, 3, 4, 5, 10][..], "01:02:03:04:05:0a"),
            (HwAddress, "01020304050A", &[1, 2, 3, 4, 5, 10], "01:02:03:04:05:0a"),
            (Duid, "0001ff", &[0, 1, 255], "00:01:ff"),
            (CircuitId, "'charter950'", b"charter950", "63686172746572393530"),
            (ClientId, "01:11:22", &[1, 0x11, 0x22], "011122"),
            (FlexId, "0xab", &[0xab], "AB"),
        ] {
            let parsed = Identifier::parse(kind, text).unwrap();
            assert_eq!((parsed.octets(), parsed.text().as_str()), (octets, shown), "{text}");
            assert_eq!(Identifier::parse(kind, &parsed.text()).unwrap(), parsed, "{text}");
        }
    }

    #[test]
    fn refusals() {
        use IdentifierKind::*;
        let long = "00".repeat(21);
        for (kind, text, why) in [
            (HwAddress, "", "empty host identifier used"),
            (HwAddress, "zz", "invalid host identifier value 'zz'"),
            (CircuitId, "''", "invalid host identifier value ''''"),
            (CircuitId, "'abc", "invalid host identifier value ''abc'"),
            (HwAddress, long.as_str(), "too long client identifier type hw-address length 21"),
        ] {
            assert_eq!(Identifier::parse(kind, text).unwrap_err().to_string(), why, "{text}");
        }
    }

    #[test]
    fn names() {
        for kind in IdentifierKind::ALL {
            assert_eq!(IdentifierKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(IdentifierKind::from_name("auto"), None);
    }
}
