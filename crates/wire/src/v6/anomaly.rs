//! What is odd about a packet that could be parsed nevertheless.

use std::fmt;

/// A set of oddities. Whether one of them matters is for the caller to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anomalies(u8);

impl Anomalies {
    pub const NONE: Self = Self(0);
    /// The last option of the message or of a relay agent is cut off, and ignored.
    pub const TRUNCATED_OPTION: Self = Self(1);
    /// A relay agent's message has several relayed messages; the last is used, as Kea does.
    pub const REPEATED_RELAY_MSG: Self = Self(2);

    const NAMES: [(Self, &'static str); 2] =
        [(Self::TRUNCATED_OPTION, "truncated option"), (Self::REPEATED_RELAY_MSG, "repeated relay message")];

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
