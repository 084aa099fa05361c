//! The relay agent information option (RFC 3046).

use std::net::Ipv4Addr;

use super::Options;
use crate::Framing;
use crate::iana::relay_agent::SubOption;

/// The sub-options of option 82, parts joined. Nothing is checked beyond lengths; a sub-option that is cut off is
/// left out.
#[derive(Clone, Debug)]
pub struct RelayInfo<'a> {
    options: Options<'a>,
}

impl<'a> RelayInfo<'a> {
    /// `payload` is the whole value of option 82.
    #[must_use]
    pub fn parse(payload: &'a [u8]) -> Self {
        Self { options: Options::parse(payload, Framing::Plain) }
    }

    /// The value of a sub-option.
    #[must_use]
    pub fn get(&self, code: SubOption) -> Option<&[u8]> {
        self.options.get(code.0)
    }

    /// All sub-options.
    #[must_use]
    pub fn options(&self) -> &Options<'a> {
        &self.options
    }

    /// The address whose subnet is to be used (RFC 3527); `None` as well when it is not an address.
    #[must_use]
    pub fn link_selection(&self) -> Option<Ipv4Addr> {
        self.address(SubOption::LINK_SELECTION)
    }

    /// The server identifier to show to the client (RFC 5107); `None` as well when it is not an address.
    #[must_use]
    pub fn server_id_override(&self) -> Option<Ipv4Addr> {
        self.address(SubOption::SERVER_ID_OVERRIDE)
    }

    /// The DUID of the relay (RFC 6925).
    #[must_use]
    pub fn relay_id(&self) -> Option<&[u8]> {
        self.get(SubOption::RELAY_ID)
    }

    /// Whether the reply is to go to the UDP port that the query came from (RFC 8357 section 5.2).
    #[must_use]
    pub fn has_relay_port(&self) -> bool {
        self.options.contains(SubOption::RELAY_PORT.0)
    }

    fn address(&self, code: SubOption) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.get(code)?.try_into().ok()?;
        Some(octets.into())
    }
}
