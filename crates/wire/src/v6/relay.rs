//! What one relay agent put around a message (RFC 9915 section 9).

use base::HwAddr;

use super::{RelayHeader, link_layer_address};
use crate::iana::dhcp6_option as code;
use crate::{RawOption, RawOptions, Reader};

/// The header and the options of one relay agent. The relayed message is among the options (code 9).
#[derive(Clone, Debug)]
pub struct Relay<'a> {
    pub(super) header: RelayHeader,
    pub(super) options: RawOptions<'a>,
}

impl<'a> Relay<'a> {
    #[must_use]
    pub fn header(&self) -> &RelayHeader {
        &self.header
    }

    #[must_use]
    pub fn options(&self) -> &RawOptions<'a> {
        &self.options
    }

    /// The relayed message: the last one, should there be several, as in Kea.
    #[must_use]
    pub fn relayed(&self) -> Option<&'a [u8]> {
        self.options.iter().rev().find(|option| option.code == code::RELAY_MSG).map(|option| option.value)
    }

    /// How the relay agent knows the client's interface (RFC 9915 section 21.18); to be echoed.
    #[must_use]
    pub fn interface_id(&self) -> Option<&'a [u8]> {
        self.options.first(code::INTERFACE_ID)
    }

    /// The port of the relay agent towards the client (RFC 8357); the whole value is to be echoed. That the option
    /// is there means that the reply goes to the port that the query came from.
    #[must_use]
    pub fn source_port(&self) -> Option<&'a [u8]> {
        self.options.first(code::RELAY_SOURCE_PORT)
    }

    /// Enterprise number and identifier (RFC 4649); `None` as well when it is cut off.
    #[must_use]
    pub fn remote_id(&self) -> Option<(u32, &'a [u8])> {
        let mut r = Reader::new(self.options.first(code::REMOTE_ID)?);
        Some((r.u32()?, r.rest()))
    }

    /// RFC 4580
    #[must_use]
    pub fn subscriber_id(&self) -> Option<&'a [u8]> {
        self.options.first(code::SUBSCRIBER_ID)
    }

    /// The DUID of the relay agent (RFC 5460 section 5.4.1).
    #[must_use]
    pub fn relay_id(&self) -> Option<&'a [u8]> {
        self.options.first(code::RELAY_ID)
    }

    /// The client's link-layer address as the first relay agent saw it (RFC 6939).
    #[must_use]
    pub fn client_link_layer_address(&self) -> Option<HwAddr> {
        link_layer_address(self.options.first(code::CLIENT_LINKLAYER_ADDR)?)
    }

    /// What the relay agent has for the client (RFC 6422), in order, from every option 66.
    pub fn supplied(&self) -> impl Iterator<Item = RawOption<'a>> + '_ {
        self.options.all(code::RSOO).flat_map(|value| {
            let options = RawOptions::parse6(value);
            (0..options.len()).filter_map(move |number| options.get(number))
        })
    }
}
