//! What `libdhcp_lease_query` is listed with.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use base::Seconds;

/// Whom `libdhcp_lease_query` tells of leases, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseQuery {
    /// First and last address of each range of requesters.
    pub requesters: Vec<(IpAddr, IpAddr)>,
    /// Lengths of delegated prefixes in which an address is looked for, the longest first; DHCPv6 alone.
    pub prefix_lengths: Vec<u8>,
    /// What pools of delegated prefixes cover: ranges that do not touch, in order.
    pub delegated: Vec<(Ipv6Addr, Ipv6Addr)>,
    /// Leases are found by relay agents (`extended-info-tables-enabled`).
    pub extended_info: bool,
    /// `None`: bulk leasequeries are not answered.
    pub bulk: Option<BulkLeaseQuery>,
}

impl LeaseQuery {
    /// Whether leasequeries of this address are answered.
    #[must_use]
    pub fn is_requester(&self, address: IpAddr) -> bool {
        self.requesters.iter().any(|(first, last)| (first..=last).contains(&&address))
    }
}

/// Leasequeries over TCP (RFC 5460, RFC 6926).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkLeaseQuery {
    pub listen: SocketAddr,
    /// 0: as many as serve packets.
    pub threads: usize,
    pub connections: usize,
    /// Of one connection at a time; 0: no bound of its own.
    pub queries: usize,
    /// After which a connection is closed on which nothing comes.
    pub idle: Seconds,
    /// Leases that are read together.
    pub page: usize,
}
