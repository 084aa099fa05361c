//! What is odd about a packet that could be parsed nevertheless.

use std::fmt;

/// A set of oddities. Whether one of them matters is for the caller to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anomalies(u8);

impl Anomalies {
    pub const NONE: Self = Self(0);
    /// The last option is cut off by the end of the packet, and ignored.
    pub const TRUNCATED_OPTION: Self = Self(1);
    /// The options end with the packet instead of the end option.
    pub const MISSING_END: Self = Self(2);
    /// There are octets other than padding after the end option.
    pub const DATA_AFTER_END: Self = Self(4);
    /// `hlen` is beyond the 16 octets of `chaddr`.
    pub const LONG_HARDWARE_ADDRESS: Self = Self(8);
    /// An option comes in several parts (RFC 3396), which is allowed.
    pub const REPEATED_OPTION: Self = Self(16);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::TRUNCATED_OPTION, "truncated option"),
        (Self::MISSING_END, "missing end option"),
        (Self::DATA_AFTER_END, "data after the end option"),
        (Self::LONG_HARDWARE_ADDRESS, "hlen beyond 16"),
        (Self::REPEATED_OPTION, "repeated option"),
    ];

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are present.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Display for Anomalies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (_, name) in Self::NAMES.iter().filter(|(anomaly, _)| self.contains(*anomaly)) {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        Ok(())
    }
}
