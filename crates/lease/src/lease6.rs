//! A DHCPv6 lease.

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Duid, HwAddr, Iaid, Ipv6Prefix, PoolId, Seconds, SubnetId, Timestamp};

use crate::LeaseState;

/// What is leased, by the numbers of Kea's lease files and databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseType {
    /// An address (IA_NA).
    #[default]
    Na = 0,
    /// A delegated prefix (IA_PD).
    Pd = 2,
}

impl LeaseType {
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// `None` as well for 1: temporary addresses (IA_TA) are not leased.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Na),
            2 => Some(Self::Pd),
            _ => None,
        }
    }

    /// `IA_NA` or `IA_PD`, as commands and messages write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Na => "IA_NA",
            Self::Pd => "IA_PD",
        }
    }
}

/// Where a hardware address was found, by Kea's numbers. Open: other numbers are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HwAddrSource(pub u32);

impl HwAddrSource {
    pub const UNKNOWN: Self = Self(0);
    /// The frame itself.
    pub const RAW: Self = Self(1);
    /// A DUID-LLT or DUID-LL.
    pub const DUID: Self = Self(2);
    /// An interface identifier made by EUI-64.
    pub const IPV6_LINK_LOCAL: Self = Self(4);
    /// A relay agent's client link-layer address (RFC 6939).
    pub const CLIENT_LINK_ADDR: Self = Self(8);
    pub const REMOTE_ID: Self = Self(0x10);
    pub const SUBSCRIBER_ID: Self = Self(0x20);
    pub const DOCSIS_CMTS: Self = Self(0x40);
    pub const DOCSIS_MODEM: Self = Self(0x80);
}

/// A DHCPv6 lease (RFC 9915 binding) of an address or a prefix; one per address, whatever its type,
/// as in Kea's stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease6 {
    pub lease_type: LeaseType,
    /// The address, or the first of the prefix.
    pub address: Ipv6Addr,
    /// 128 for an address.
    pub prefix_length: u8,
    /// [`Duid::empty`] after a decline.
    pub duid: Duid,
    pub iaid: Iaid,
    pub subnet_id: SubnetId,
    pub pool_id: PoolId,
    /// Client last transaction time.
    pub cltt: Timestamp,
    pub preferred_lifetime: Seconds,
    pub valid_lifetime: Seconds,
    pub state: LeaseState,
    /// `None` when no hardware address was found.
    pub hw_addr: Option<HwAddr>,
    pub hw_addr_source: HwAddrSource,
    /// Empty when none.
    pub hostname: Box<str>,
    pub fqdn_fwd: bool,
    pub fqdn_rev: bool,
    /// Compact JSON text of a map.
    pub user_context: Option<Arc<str>>,
}

impl Lease6 {
    /// The leased prefix, of 128 bits for an address; `None` when the length exceeds 128.
    #[must_use]
    pub fn prefix(&self) -> Option<Ipv6Prefix> {
        Ipv6Prefix::new(self.address, self.prefix_length)
    }

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

    /// Whether the row still keeps its address from other clients, unless it has expired: assigned, declined or
    /// registered.
    #[must_use]
    pub fn occupies(&self) -> bool {
        matches!(self.state, LeaseState::Default | LeaseState::Declined | LeaseState::Registered)
    }
}
