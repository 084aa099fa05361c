//! What becomes of a query.

use std::net::Ipv4Addr;

use base::HwAddr;
use lease::Lease4;
use wire::v4::MessageType;

use super::PingCheck;
use crate::{DropReason, Effects};

/// The end of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The reply's bytes are in the caller's buffer; send them once the lease store has committed, those that
    /// promise nothing at once.
    Reply(Reply),
    /// Done, and no reply is due (RELEASE, DECLINE, a NAK that would be wrong).
    Done(Effects<Lease4>),
    Drop(DropReason),
}

impl Verdict {
    /// Nothing is to happen.
    pub(super) const NOTHING: Self = Self::Done(Effects::NONE);

    /// With these effects. A dropped query has none.
    pub(super) fn with(mut self, effects: Effects<Lease4>) -> Self {
        match &mut self {
            Self::Reply(reply) => reply.effects = effects,
            Self::Done(done) => *done = effects,
            Self::Drop(_) => {}
        }
        self
    }
}

/// A reply that is ready to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub kind: MessageType,
    pub destination: Destination,
    /// It rests on the store: it leaves once the store has committed. An OFFER that was not stored promises nothing
    /// (RFC 2131 section 3.1) and may leave at once.
    pub promises: bool,
    pub effects: Effects<Lease4>,
    /// It leaves only if nobody answers for the address that it offers.
    pub check: Option<Box<PingCheck>>,
}

/// Where a reply goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// 255.255.255.255 for a broadcast.
    pub address: Ipv4Addr,
    pub port: u16,
    /// Set for a client on the link that does not have its address yet: send the frame to this address, without
    /// asking ARP.
    pub hw_addr: Option<HwAddr>,
    /// The address to send from; `None` leaves it to routing.
    pub source: Option<Ipv4Addr>,
    /// Leave the interface to routing (`outbound-interface: use-routing`).
    pub use_routing: bool,
}
