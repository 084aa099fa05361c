//! Replies.

use super::{COOKIE, Header};
use crate::iana::dhcp4_option;
use crate::{Full, Writer};

/// The longest value of one option on the wire; longer ones go out in parts (RFC 3396 section 5).
pub(super) const PART: usize = 255;

/// Writes a packet into the caller's buffer: header, options in the order given, the relay's option 82 last
/// (RFC 3046 section 2.2), the end option. Room for the last two is kept from the beginning, so that an option that
/// does not fit is refused while the packet stays whole.
#[derive(Debug)]
pub struct Builder<'b> {
    w: Writer<'b>,
    relay_info: Option<&'b [u8]>,
    reserved: usize,
}

impl<'b> Builder<'b> {
    /// Begins a packet of at most `limit` octets. `relay_info` is the whole value of the query's option 82, to be
    /// echoed; an empty one is not.
    #[inline]
    pub fn new(
        out: &'b mut Vec<u8>,
        limit: usize,
        header: &Header<'_>,
        relay_info: Option<&'b [u8]>,
    ) -> Result<Self, Full> {
        let relay_info = relay_info.filter(|value| !value.is_empty());
        let reserved = 1 + relay_info.map_or(0, encoded_len);
        let mut w = Writer::new(out, limit);
        let start = w.written();
        let begun = header.write(&mut w).and_then(|()| w.bytes(&COOKIE));
        if begun.is_err() || w.room() < reserved {
            w.rewind(start);
            return Err(Full);
        }
        Ok(Self { w, relay_info, reserved })
    }

    /// Appends an option, in parts if it is longer than 255 octets; all of it or nothing.
    #[inline]
    pub fn option(&mut self, code: u8, value: &[u8]) -> Result<(), Full> {
        if encoded_len(value) + self.reserved > self.w.room() {
            return Err(Full);
        }
        put(&mut self.w, code, value)
    }

    /// Octets that options can still take, their codes and lengths included.
    #[must_use]
    pub fn room(&self) -> usize {
        self.w.room().saturating_sub(self.reserved)
    }

    /// Ends the packet and pads it with zeros to `min_len` octets where the limit allows, 0 for none:
    /// [`BOOTP_MIN_LEN`](super::BOOTP_MIN_LEN) for BOOTP replies, none for DHCP. Returns the octets of the packet.
    #[inline]
    pub fn finish(mut self, min_len: usize) -> Result<usize, Full> {
        if let Some(value) = self.relay_info {
            put(&mut self.w, dhcp4_option::AGENT_OPTIONS, value)?;
        }
        self.w.u8(dhcp4_option::END)?;
        let padding = min_len.saturating_sub(self.w.written()).min(self.w.room());
        self.w.zeros(padding)?;
        Ok(self.w.written())
    }
}

/// Octets that a value takes as an option, codes and lengths of its parts included.
#[must_use]
#[inline]
pub fn encoded_len(value: &[u8]) -> usize {
    value.len() + 2 * value.len().div_ceil(PART).max(1)
}

/// Appends an option or sub-option to `out`, in parts if need be. Codes 0 and 255 are written like any other: they
/// are sub-options in some spaces.
pub fn append_option(out: &mut Vec<u8>, code: u8, value: &[u8]) {
    let room = encoded_len(value);
    out.reserve(room);
    // The room is that of the option.
    let _ = put(&mut Writer::new(out, room), code, value);
}

#[inline]
fn put(w: &mut Writer<'_>, code: u8, value: &[u8]) -> Result<(), Full> {
    if let Ok(length) = u8::try_from(value.len()) {
        w.bytes(&[code, length])?;
        return w.bytes(value);
    }
    for part in value.chunks(PART) {
        w.bytes(&[code, u8::try_from(part.len()).unwrap_or(u8::MAX)])?;
        w.bytes(part)?;
    }
    Ok(())
}
