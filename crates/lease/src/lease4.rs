//! A DHCPv4 lease.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{ClientId, HwAddr, PoolId, Seconds, SubnetId, Timestamp};

/// State of a lease, by the numbers of Kea's lease files and databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseState {
    /// Assigned to its client until it expires.
    #[default]
    Default = 0,
    /// A client found the address in use; held back for the probation period.
    Declined = 1,
    /// Expired and reclaimed, kept for lease affinity.
    ExpiredReclaimed = 2,
    /// Released by its client, kept for lease affinity.
    Released = 3,
    /// Registered self-generated address (DHCPv6, RFC 9686).
    Registered = 4,
}

impl LeaseState {
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Default,
            1 => Self::Declined,
            2 => Self::ExpiredReclaimed,
            3 => Self::Released,
            4 => Self::Registered,
            _ => return None,
        })
    }

    /// As commands and hook scripts write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Declined => "declined",
            Self::ExpiredReclaimed => "expired-reclaimed",
            Self::Released => "released",
            Self::Registered => "registered",
        }
    }
}

/// A DHCPv4 lease (RFC 2131 binding), one per address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease4 {
    pub address: Ipv4Addr,
    /// `None` when the client sent none (hlen 0) or after a decline.
    pub hw_addr: Option<HwAddr>,
    pub client_id: Option<ClientId>,
    pub subnet_id: SubnetId,
    pub pool_id: PoolId,
    /// Client last transaction time.
    pub cltt: Timestamp,
    pub valid_lifetime: Seconds,
    pub state: LeaseState,
    /// Empty when none.
    pub hostname: Box<str>,
    pub fqdn_fwd: bool,
    pub fqdn_rev: bool,
    /// Compact JSON text of a map.
    pub user_context: Option<Arc<str>>,
}

impl Lease4 {
    /// The moment the lease ends: cltt + valid lifetime; never for an infinite one.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.cltt.after(self.valid_lifetime)
    }

    /// Whether the lease had ended by `now` (an end equal to `now` has ended).
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires() <= now
    }

    /// Whether the row still keeps its address from other clients, unless it has expired: assigned or declined.
    #[must_use]
    pub fn occupies(&self) -> bool {
        matches!(self.state, LeaseState::Default | LeaseState::Declined | LeaseState::Registered)
    }
}
