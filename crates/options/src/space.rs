//! Names of option spaces.

use std::borrow::Cow;
use std::fmt;

use base::Family;

use crate::DefError;

/// The name of an option space: letters, digits, hyphens and underscores, neither first nor last a hyphen or an
/// underscore (Kea manual, "Nested DHCPv4 Options").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionSpace(Cow<'static, str>);

impl OptionSpace {
    /// The top level of DHCPv4.
    pub const DHCP4: Self = Self(Cow::Borrowed("dhcp4"));
    /// The top level of DHCPv6.
    pub const DHCP6: Self = Self(Cow::Borrowed("dhcp6"));
    /// Sub-options of option 43 when no definition says otherwise.
    pub const VENDOR_ENCAPSULATED: Self = Self(Cow::Borrowed("vendor-encapsulated-options-space"));
    /// Sub-options of the relay agent information option.
    pub const RELAY_AGENT: Self = Self(Cow::Borrowed("dhcp-agent-options-space"));

    const VENDOR_PREFIX: &'static str = "vendor-";

    /// A checked name.
    pub fn new(name: &str) -> Result<Self, DefError> {
        if is_token(name, true) {
            Ok(Self(Cow::Owned(name.to_owned())))
        } else {
            Err(DefError::SpaceName(name.to_owned()))
        }
    }

    /// A name of the standard tables, checked by their tests.
    pub(crate) const fn standard(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The space of a vendor's sub-options in options 124/125 (v4) and 16/17 (v6), `vendor-<enterprise number>`.
    #[must_use]
    pub fn vendor(enterprise: u32) -> Self {
        Self(Cow::Owned(format!("{}{enterprise}", Self::VENDOR_PREFIX)))
    }

    /// The top level of a family.
    #[must_use]
    pub fn top(family: Family) -> Self {
        match family {
            Family::V4 => Self::DHCP4,
            Family::V6 => Self::DHCP6,
        }
    }

    /// The enterprise number of a vendor space; `None` for other spaces.
    #[must_use]
    pub fn enterprise(&self) -> Option<u32> {
        self.0.strip_prefix(Self::VENDOR_PREFIX)?.parse().ok()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OptionSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for OptionSpace {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for OptionSpace {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for OptionSpace {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// The shape shared by names of options and of spaces.
pub(crate) fn is_token(name: &str, underscore_edges_refused: bool) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c != '-' && !(underscore_edges_refused && c == '_'));
    name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && edge(name.chars().next())
        && edge(name.chars().next_back())
}
