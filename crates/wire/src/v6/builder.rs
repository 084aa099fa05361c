//! Replies.

use std::net::Ipv6Addr;

use base::Iaid;
use smallvec::SmallVec;

use super::{Header, IaKind, MessageType, Packet, RelayHeader, StatusCode};
use crate::iana::dhcp6_option as code;
use crate::{Full, Mark, Writer};

/// Writes a message into the caller's buffer, within the relay agents' messages that it goes back through. Lengths
/// of containers are filled in when they are closed. What does not fit is refused whole and leaves nothing behind.
#[derive(Debug)]
pub struct Builder<'b> {
    w: Writer<'b>,
    /// The open relayed messages, the outermost first.
    relays: SmallVec<[Mark; 2]>,
    /// Containers that are open.
    open: usize,
}

/// A container that is being filled; see [`Builder::close`] and [`Builder::discard`].
#[derive(Debug)]
#[must_use = "the length stays zero until the container is closed"]
pub struct Container {
    start: usize,
    mark: Mark,
    /// Its place among those that are open.
    depth: usize,
}

impl<'b> Builder<'b> {
    /// Begins a message of at most `limit` octets that is not relayed.
    pub fn new(out: &'b mut Vec<u8>, limit: usize, header: &Header) -> Result<Self, Full> {
        let mut w = Writer::new(out, limit);
        header.write(&mut w)?;
        Ok(Self { w, relays: SmallVec::new(), open: 0 })
    }

    /// Begins the answer to `query`, of at most `limit` octets with the relay agents' parts: each relay-forward is
    /// mirrored by a relay-reply with its hop count, addresses, interface-id and relay source port (RFC 9915
    /// section 19.3, RFC 8357 section 5.2).
    pub fn reply(
        out: &'b mut Vec<u8>,
        limit: usize,
        query: &Packet<'_>,
        message_type: MessageType,
    ) -> Result<Self, Full> {
        let transaction = query.message().transaction();
        Self::answer(out, limit, query, &Header { message_type, transaction })
    }

    /// As [`reply`](Self::reply), with a header of its own.
    pub fn answer(
        out: &'b mut Vec<u8>,
        limit: usize,
        query: &Packet<'_>,
        header: &Header,
    ) -> Result<Self, Full> {
        let mut builder = Self { w: Writer::new(out, limit), relays: SmallVec::new(), open: 0 };
        let begun = builder.begin_answer(query, header);
        if begun.is_err() {
            builder.w.rewind(0);
        }
        begun.map(|()| builder)
    }

    fn begin_answer(&mut self, query: &Packet<'_>, header: &Header) -> Result<(), Full> {
        for relay in query.relays() {
            RelayHeader { message_type: MessageType::RELAY_REPL, ..*relay.header() }.write(&mut self.w)?;
            if let Some(value) = relay.interface_id() {
                self.option(code::INTERFACE_ID, value)?;
            }
            if let Some(value) = relay.source_port() {
                self.option(code::RELAY_SOURCE_PORT, value)?;
            }
            self.open_relayed()?;
        }
        header.write(&mut self.w)
    }

    /// Begins a message of at most `limit` octets in place of that of `packet`, within the same relay agents' messages
    /// with all their options.
    pub fn within(
        out: &'b mut Vec<u8>,
        limit: usize,
        packet: &Packet<'_>,
        header: &Header,
    ) -> Result<Self, Full> {
        let mut builder = Self { w: Writer::new(out, limit), relays: SmallVec::new(), open: 0 };
        let begun = builder.begin_within(packet, header);
        if begun.is_err() {
            builder.w.rewind(0);
        }
        begun.map(|()| builder)
    }

    fn begin_within(&mut self, packet: &Packet<'_>, header: &Header) -> Result<(), Full> {
        for relay in packet.relays() {
            relay.header().write(&mut self.w)?;
            for option in relay.options().iter().filter(|option| option.code != code::RELAY_MSG) {
                self.option(option.code, option.value)?;
            }
            self.open_relayed()?;
        }
        header.write(&mut self.w)
    }

    fn open_relayed(&mut self) -> Result<(), Full> {
        self.w.u16(code::RELAY_MSG)?;
        let mark = self.w.open_u16()?;
        self.relays.push(mark);
        Ok(())
    }

    /// Appends an option to the innermost open container, or to the message.
    #[inline]
    pub fn option(&mut self, code: u16, value: &[u8]) -> Result<(), Full> {
        let length = u16::try_from(value.len()).map_err(|_| Full)?;
        if encoded_len(value) > self.w.room() {
            return Err(Full);
        }
        let [code0, code1] = code.to_be_bytes();
        let [length0, length1] = length.to_be_bytes();
        self.w.bytes(&[code0, code1, length0, length1])?;
        self.w.bytes(value)
    }

    /// Opens an option that contains others after the octets `fixed`.
    #[inline]
    pub fn open(&mut self, code: u16, fixed: &[u8]) -> Result<Container, Full> {
        let start = self.w.written();
        if encoded_len(fixed) > self.w.room() {
            return Err(Full);
        }
        self.w.u16(code)?;
        let mark = self.w.open_u16()?;
        self.w.bytes(fixed)?;
        self.open += 1;
        Ok(Container { start, mark, depth: self.open })
    }

    /// Fills in the length of a container. Containers close in the reverse order of their opening; one that was left
    /// open within this one, or one of another order, or of more than 65,535 octets is `Full` and is taken back.
    #[inline]
    pub fn close(&mut self, container: Container) -> Result<(), Full> {
        if container.depth != self.open {
            self.discard(container);
            return Err(Full);
        }
        let Container { start, mark, depth } = container;
        let closed = self.w.close_u16(mark);
        self.open = depth.saturating_sub(1);
        if closed.is_err() {
            self.w.rewind(start);
        }
        closed
    }

    /// Takes back a container with all that was written since it was opened.
    pub fn discard(&mut self, container: Container) {
        // One that was opened within a container that is gone is gone itself.
        if container.depth <= self.open {
            self.w.rewind(container.start);
            self.open = container.depth.saturating_sub(1);
        }
    }

    /// Opens an identity association; `t1` and `t2` are in seconds and do not occur in an IA_TA.
    pub fn ia(&mut self, kind: IaKind, iaid: Iaid, t1: u32, t2: u32) -> Result<Container, Full> {
        let mut fixed = [0; 12];
        put(&mut fixed, &[&iaid.0.to_be_bytes(), &t1.to_be_bytes(), &t2.to_be_bytes()]);
        let length = if kind == IaKind::Ta { 4 } else { 12 };
        self.open(kind.code(), fixed.get(..length).unwrap_or(&fixed))
    }

    /// Opens an address within an association; lifetimes are in seconds.
    pub fn ia_addr(&mut self, address: Ipv6Addr, preferred: u32, valid: u32) -> Result<Container, Full> {
        let mut fixed = [0; 24];
        put(&mut fixed, &[&address.octets(), &preferred.to_be_bytes(), &valid.to_be_bytes()]);
        self.open(code::IA_ADDR, &fixed)
    }

    /// Opens a prefix within an association; lifetimes are in seconds.
    pub fn ia_prefix(
        &mut self,
        address: Ipv6Addr,
        length: u8,
        preferred: u32,
        valid: u32,
    ) -> Result<Container, Full> {
        let mut fixed = [0; 25];
        put(&mut fixed, &[&preferred.to_be_bytes(), &valid.to_be_bytes(), &[length], &address.octets()]);
        self.open(code::IA_PREFIX, &fixed)
    }

    /// Appends a status code with its text.
    pub fn status(&mut self, status: StatusCode, text: &str) -> Result<(), Full> {
        let container = self.open(code::STATUS_CODE, &status.0.to_be_bytes())?;
        if self.w.bytes(text.as_bytes()).is_err() {
            self.discard(container);
            return Err(Full);
        }
        self.close(container)
    }

    /// Octets that options can still take, their codes and lengths included.
    #[must_use]
    pub fn room(&self) -> usize {
        self.w.room()
    }

    /// Ends the packet: fills in the lengths of the relayed messages. Returns the octets of the packet; `Full`, with
    /// nothing left in the buffer, when a container is still open or a relayed message exceeds 65,535 octets.
    pub fn finish(mut self) -> Result<usize, Full> {
        let mut ended = if self.open == 0 { Ok(()) } else { Err(Full) };
        while let Some(mark) = self.relays.pop() {
            ended = ended.and_then(|()| self.w.close_u16(mark));
        }
        if ended.is_err() {
            self.w.rewind(0);
        }
        ended.map(|()| self.w.written())
    }
}

/// Copies the parts one after the other.
fn put(fixed: &mut [u8], parts: &[&[u8]]) {
    for (place, octet) in fixed.iter_mut().zip(parts.iter().copied().flatten()) {
        *place = *octet;
    }
}

/// Octets that a value takes as an option, code and length included.
#[must_use]
#[inline]
pub fn encoded_len(value: &[u8]) -> usize {
    value.len() + 4
}
