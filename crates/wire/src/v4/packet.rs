//! A received packet.

use base::{ClientId, HwAddr};

use super::{Anomalies, COOKIE, FIXED_LEN, Header, MessageType, Options, RelayInfo};
use crate::iana::dhcp4_option;
use crate::{Framing, Full, Reader, Tail, Writer};

/// Why bytes are not a DHCPv4 packet at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("packet of {0} octets is shorter than the {FIXED_LEN} of header and cookie")]
    Short(usize),
    #[error("not a DHCP packet: {0:02x?} instead of the magic cookie")]
    Cookie([u8; 4]),
}

/// A packet over the bytes it came in. Parsing fails for a short header or a wrong cookie only; options in `sname`
/// and `file` (option 52) are not read, as Kea does not read them either.
#[derive(Clone, Debug)]
pub struct Packet<'a> {
    bytes: &'a [u8],
    header: Header<'a>,
    options: Options<'a>,
    anomalies: Anomalies,
}

impl<'a> Packet<'a> {
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut r = Reader::new(bytes);
        let short = ParseError::Short(bytes.len());
        let header = Header::parse(&mut r).ok_or(short)?;
        let cookie = r.array().ok_or(short)?;
        if *cookie != COOKIE {
            return Err(ParseError::Cookie(*cookie));
        }
        let options = Options::parse(r.rest(), Framing::PadAndEnd);
        let mut anomalies = Anomalies::NONE;
        match options.tail() {
            Tail::End => {
                let after = options.raw().rest().iter().skip_while(|octet| **octet == 0).skip(1);
                if after.into_iter().any(|octet| *octet != 0) {
                    anomalies.add(Anomalies::DATA_AFTER_END);
                }
            }
            Tail::Buffer => anomalies.add(Anomalies::MISSING_END),
            Tail::Truncated => anomalies.add(Anomalies::TRUNCATED_OPTION),
        }
        if usize::from(header.hlen) > header.chaddr.len() {
            anomalies.add(Anomalies::LONG_HARDWARE_ADDRESS);
        }
        if options.has_repeated() {
            anomalies.add(Anomalies::REPEATED_OPTION);
        }
        Ok(Self { bytes, header, options, anomalies })
    }

    #[must_use]
    pub fn header(&self) -> &Header<'a> {
        &self.header
    }

    #[must_use]
    pub fn options(&self) -> &Options<'a> {
        &self.options
    }

    #[must_use]
    pub fn anomalies(&self) -> Anomalies {
        self.anomalies
    }

    /// The bytes the packet came in.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The whole value of an option, parts joined (RFC 3396).
    #[must_use]
    #[inline]
    pub fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.get(code)
    }

    /// Option 53; `None` when it is absent or empty, as in BOOTP.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        self.option(dhcp4_option::MESSAGE_TYPE)?.first().map(|octet| MessageType(*octet))
    }

    /// Option 61; `None` when it is absent, empty or longer than an identifier can be.
    #[must_use]
    pub fn client_id(&self) -> Option<ClientId> {
        ClientId::new(self.option(dhcp4_option::CLIENT_IDENTIFIER)?).ok()
    }

    /// `chaddr` with its type; `None` when `hlen` is 0.
    #[must_use]
    pub fn hw_addr(&self) -> Option<HwAddr> {
        self.header.hw_addr()
    }

    /// Option 82.
    #[must_use]
    pub fn relay_info(&self) -> Option<RelayInfo<'_>> {
        self.option(dhcp4_option::AGENT_OPTIONS).map(RelayInfo::parse)
    }

    /// Writes the packet anew from its header and options: the very bytes it came in.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.header.write(w)?;
        w.bytes(&COOKIE)?;
        self.options.raw().write_back(w)
    }
}
