//! What becomes of a query.

use std::net::Ipv6Addr;

use lease::Lease6;
use wire::v6::MessageType;

use crate::{DropReason, Effects};

/// The end of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The reply's bytes are in the caller's buffer; send them once the lease store has committed.
    Reply(Reply),
    /// Done, and no reply is due (a CONFIRM without addresses, a REBIND of prefixes nobody knows).
    Done(Effects<Lease6>),
    /// kea-dhcp4 is to answer (RFC 7341): hand it the bytes in the caller's buffer.
    PassOn,
    Drop(DropReason),
}

impl Verdict {
    /// Nothing is to happen.
    pub(super) const NOTHING: Self = Self::Done(Effects::NONE);
}

/// A reply that is ready to leave by the interface the query came in on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Of the message to the client, whatever relays it.
    pub kind: MessageType,
    pub destination: Destination,
    /// It speaks of what the store holds, and must not leave before the store has committed. An advertisement does not:
    /// nothing is promised with it.
    pub promises: bool,
    pub effects: Effects<Lease6>,
}

/// Where a reply goes: to the client, or to the relay agent next to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    pub address: Ipv6Addr,
    pub port: u16,
}
