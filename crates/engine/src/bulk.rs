//! What bulk leasequeries of both families have in common (RFC 5460, RFC 6926).

use wire::Full;

/// The longest message: its length is one of 16 bits (RFC 5460 section 5.1, RFC 6926 section 6.1).
pub(crate) const MAX_MESSAGE: usize = 65_535;

/// What became of a message of a requester.
#[derive(Debug)]
pub enum Begun<Q> {
    /// It is to be answered page by page.
    Query { xid: u32, query: Q },
    /// It is answered.
    Answered { xid: u32, answer: Vec<u8> },
    /// No query of the protocol; nothing that comes on the same connection can be trusted either.
    Unreadable(String),
    /// A message of this type is nothing to answer; as for one that is unreadable.
    Unsupported(String),
    /// A query against the protocol's rules; as for one that is unreadable.
    Refused(String),
}

/// Appends a message after its length. One that does not fit leaves nothing behind.
pub(crate) fn framed(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<usize, Full>) {
    let mut message = Vec::new();
    if write(&mut message).is_ok()
        && let Ok(length) = u16::try_from(message.len())
    {
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&message);
    }
}
