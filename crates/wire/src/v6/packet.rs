//! A received packet.

use base::Duid;
use smallvec::SmallVec;

use super::{
    Anomalies, HEADER_LEN, Header, Ia, MAX_RELAYS, MessageType, RELAY_HEADER_LEN, Relay, RelayHeader, Status,
};
use crate::iana::dhcp6_option as code;
use crate::{Full, RawOptions, Reader, Tail, Writer};

/// Relay agents of a usual packet; more of them cost one allocation for all.
const INLINE: usize = 2;

/// Why bytes are not a DHCPv6 packet at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("message of {0} octets is shorter than the {HEADER_LEN} of its header")]
    Short(usize),
    #[error("relay message of {0} octets is shorter than the {RELAY_HEADER_LEN} of its header")]
    ShortRelay(usize),
    #[error("relay message without a relayed message")]
    NothingRelayed,
    #[error("message relayed more than {MAX_RELAYS} times")]
    TooManyRelays,
}

/// A message between client and server, over its bytes.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    header: Header,
    options: RawOptions<'a>,
}

impl<'a> Message<'a> {
    /// Reads a message that is not relayed.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut r = Reader::new(bytes);
        let header = Header::parse(&mut r).ok_or(ParseError::Short(bytes.len()))?;
        Ok(Self { bytes, header, options: RawOptions::parse6(r.rest()) })
    }

    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    #[must_use]
    pub fn message_type(&self) -> MessageType {
        self.header.message_type
    }

    /// 24 bits.
    #[must_use]
    pub fn transaction(&self) -> u32 {
        self.header.transaction
    }

    #[must_use]
    pub fn options(&self) -> &RawOptions<'a> {
        &self.options
    }

    /// The first value of an option.
    #[must_use]
    #[inline]
    pub fn option(&self, code: u16) -> Option<&'a [u8]> {
        self.options.first(code)
    }

    /// The bytes of the message without its relay agents.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Option 1; `None` when it is absent, empty or longer than a DUID can be.
    #[must_use]
    pub fn client_id(&self) -> Option<Duid> {
        Duid::new(self.option(code::CLIENT_ID)?).ok()
    }

    /// Option 2; `None` when it is absent, empty or longer than a DUID can be.
    #[must_use]
    pub fn server_id(&self) -> Option<Duid> {
        Duid::new(self.option(code::SERVER_ID)?).ok()
    }

    /// Codes that the client asks for, from every option 6, in order.
    pub fn requested(&self) -> impl Iterator<Item = u16> + '_ {
        self.options.all(code::ORO).flat_map(super::codes)
    }

    /// Hundredths of a second since the client began (RFC 9915 section 21.9).
    #[must_use]
    pub fn elapsed(&self) -> Option<u16> {
        Reader::new(self.option(code::ELAPSED_TIME)?).u16()
    }

    #[must_use]
    pub fn has_rapid_commit(&self) -> bool {
        self.option(code::RAPID_COMMIT).is_some()
    }

    /// The status of the whole message.
    #[must_use]
    pub fn status(&self) -> Option<Status<'a>> {
        Status::parse(self.option(code::STATUS_CODE)?)
    }

    /// The identity associations of all kinds, in order; one whose fixed part is cut off is left out.
    pub fn ias(&self) -> impl Iterator<Item = Ia<'a>> + '_ {
        self.options.iter().filter_map(Ia::parse)
    }
}

/// A packet over the bytes it came in: the relay agents' parts and the message. Parsing fails for a short header, a
/// relay message that relays nothing, and too many relay agents only. The chain is walked, not recursed into.
#[derive(Clone, Debug)]
pub struct Packet<'a> {
    bytes: &'a [u8],
    relays: SmallVec<[Relay<'a>; INLINE]>,
    message: Message<'a>,
    anomalies: Anomalies,
}

impl<'a> Packet<'a> {
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut relays = SmallVec::new();
        let mut anomalies = Anomalies::NONE;
        let mut inner = bytes;
        while inner.first().is_some_and(|octet| MessageType(*octet).is_relay()) {
            if relays.len() == MAX_RELAYS {
                return Err(ParseError::TooManyRelays);
            }
            let mut r = Reader::new(inner);
            let header = RelayHeader::parse(&mut r).ok_or(ParseError::ShortRelay(inner.len()))?;
            let relay = Relay { header, options: RawOptions::parse6(r.rest()) };
            if relay.options.tail() == Tail::Truncated {
                anomalies.add(Anomalies::TRUNCATED_OPTION);
            }
            if relay.options.all(code::RELAY_MSG).nth(1).is_some() {
                anomalies.add(Anomalies::REPEATED_RELAY_MSG);
            }
            inner =
                relay.relayed().filter(|message| !message.is_empty()).ok_or(ParseError::NothingRelayed)?;
            relays.push(relay);
        }
        let message = Message::parse(inner)?;
        if message.options.tail() == Tail::Truncated {
            anomalies.add(Anomalies::TRUNCATED_OPTION);
        }
        Ok(Self { bytes, relays, message, anomalies })
    }

    /// The relay agents, from the one next to the server to the one next to the client.
    #[must_use]
    pub fn relays(&self) -> &[Relay<'a>] {
        &self.relays
    }

    #[must_use]
    pub fn is_relayed(&self) -> bool {
        !self.relays.is_empty()
    }

    /// The relay agent next to the client.
    #[must_use]
    pub fn first_relay(&self) -> Option<&Relay<'a>> {
        self.relays.last()
    }

    #[must_use]
    pub fn message(&self) -> &Message<'a> {
        &self.message
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

    /// Writes the packet anew from its headers and options: the very bytes it came in.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        match self.relays.first() {
            // Its options hold all the others.
            Some(relay) => {
                relay.header.write(w)?;
                relay.options.write_back(w)
            }
            None => {
                self.message.header.write(w)?;
                self.message.options.write_back(w)
            }
        }
    }
}
