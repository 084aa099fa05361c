//! What becomes of a query.

use std::net::Ipv4Addr;

use base::HwAddr;
use wire::v4::MessageType;

/// The end of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The reply's bytes are in the caller's buffer; send them once the lease store has committed.
    Reply(Reply),
    /// Done, and no reply is due (RELEASE, DECLINE, a NAK that would be wrong).
    Done,
    Drop(DropReason),
}

/// A reply that is ready to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub kind: MessageType,
    pub destination: Destination,
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

/// Why a query was dropped; each is counted under its own statistic and under `pkt4-receive-drop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// No DHCPv4 packet.
    ParseFailed,
    /// Against RFC 2131: type, missing or forbidden options, no client identity.
    RfcViolation,
    /// Meant for another server.
    NotForUs,
    /// By configuration (class DROP, no subnet for a direct client).
    AdminFiltered,
    /// The client has another query in progress.
    Duplicate,
    /// The DHCP service is disabled.
    ServiceDisabled,
    /// The lease store failed, or the reply could not be built.
    ProcessingFailed,
    /// A queue was full.
    QueueFull,
}

impl DropReason {
    pub const ALL: [Self; 8] = [
        Self::ParseFailed,
        Self::RfcViolation,
        Self::NotForUs,
        Self::AdminFiltered,
        Self::Duplicate,
        Self::ServiceDisabled,
        Self::ProcessingFailed,
        Self::QueueFull,
    ];

    /// The statistic that counts it.
    #[must_use]
    pub fn statistic(self) -> &'static str {
        match self {
            Self::ParseFailed => "pkt4-parse-failed",
            Self::RfcViolation => "pkt4-rfc-violation",
            Self::NotForUs => "pkt4-not-for-us",
            Self::AdminFiltered => "pkt4-admin-filtered",
            Self::Duplicate => "pkt4-duplicate",
            Self::ServiceDisabled => "pkt4-service-disabled",
            Self::ProcessingFailed => "pkt4-processing-failed",
            Self::QueueFull => "pkt4-queue-full",
        }
    }
}
