//! The fixed headers (RFC 9915 sections 8 and 9).

use std::net::Ipv6Addr;

use super::MessageType;
use crate::{Full, Reader, Writer};

/// What begins a message between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub message_type: MessageType,
    /// 24 bits; written, higher ones are left out.
    pub transaction: u32,
}

impl Header {
    /// `None` when the bytes end too early.
    #[inline]
    pub fn parse(r: &mut Reader<'_>) -> Option<Self> {
        let [message_type, t0, t1, t2] = *r.array()?;
        Some(Self {
            message_type: MessageType(message_type),
            transaction: u32::from_be_bytes([0, t0, t1, t2]),
        })
    }

    #[inline]
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        let [_, t0, t1, t2] = self.transaction.to_be_bytes();
        w.bytes(&[self.message_type.0, t0, t1, t2])
    }
}

/// What begins a relay agent's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayHeader {
    pub message_type: MessageType,
    /// How many relay agents the message had passed before this one.
    pub hop_count: u8,
    /// An address on the client's link, or unspecified.
    pub link_address: Ipv6Addr,
    /// Whom the relay agent had the message from.
    pub peer_address: Ipv6Addr,
}

impl RelayHeader {
    /// `None` when the bytes end too early.
    #[inline]
    pub fn parse(r: &mut Reader<'_>) -> Option<Self> {
        let mut r = r.part(super::RELAY_HEADER_LEN)?;
        Some(Self {
            message_type: MessageType(r.u8()?),
            hop_count: r.u8()?,
            link_address: r.array::<16>().map(|octets| Ipv6Addr::from(*octets))?,
            peer_address: r.array::<16>().map(|octets| Ipv6Addr::from(*octets))?,
        })
    }

    #[inline]
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        if w.room() < super::RELAY_HEADER_LEN {
            return Err(Full);
        }
        w.bytes(&[self.message_type.0, self.hop_count])?;
        w.bytes(&self.link_address.octets())?;
        w.bytes(&self.peer_address.octets())
    }
}
