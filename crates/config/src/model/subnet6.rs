//! What subnets, pools and shared networks of DHCPv6 have alone.

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Ipv6Prefix, PoolId};

use super::{
    Allocator, ClassId, Ddns, Dhcp6, Lifetime, OptionSet, Params, Pool, SharedNetwork, Subnet, SubnetIndex,
};

pub type Params6 = Params<Dhcp6>;
/// A range of addresses for IA_NA.
pub type Pool6 = Pool<Dhcp6>;
pub type Subnet6 = Subnet<Dhcp6>;
pub type SharedNetwork6 = SharedNetwork<Dhcp6>;
pub type SubnetIndex6 = SubnetIndex<Dhcp6>;

/// Inherited parameters of DHCPv6 alone.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnParams6 {
    /// `None`: 5/8 of the valid lifetime that the client gets.
    pub preferred_lifetime: Option<Lifetime>,
    /// Answer a SOLICIT that asks for it with a REPLY (RFC 9915 section 18.3.1).
    pub rapid_commit: bool,
    /// How free prefixes are found.
    pub pd_allocator: Allocator,
}

/// What a subnet of DHCPv6 has beside that of DHCPv4.
#[derive(Clone, Debug, Default)]
pub struct Subnet6Parts {
    /// `interface-id` of the subnet, else of its network.
    pub interface_id: Option<Arc<[u8]>>,
    /// In the order written.
    pub pd_pools: Vec<PdPool>,
}

/// What a shared network of DHCPv6 has beside that of DHCPv4.
#[derive(Clone, Debug, Default)]
pub struct Network6Parts {
    pub interface_id: Option<Arc<[u8]>>,
}

/// Prefixes to delegate (IA_PD).
#[derive(Clone, Debug)]
pub struct PdPool {
    pub id: PoolId,
    /// All of them together; need not lie in the subnet.
    pub prefix: Ipv6Prefix,
    /// Bits of each, at least those of `prefix`.
    pub delegated_len: u8,
    /// `excluded-prefix`: the part of the first delegated prefix that its client must leave out (RFC 6603), longer
    /// than `delegated_len`. In another delegated prefix it is the part in the same place.
    pub excluded: Option<Ipv6Prefix>,
    /// Guard: only packets in one of these classes; empty: everyone.
    pub client_classes: Box<[ClassId]>,
    /// `evaluate-additional-classes`.
    pub additional_classes: Box<[ClassId]>,
    pub options: OptionSet,
    /// How its clients are named: as those of the subnet, but for what the pool says itself.
    pub ddns: Arc<Ddns>,
}

impl PdPool {
    /// Number of prefixes, at most `u128::MAX`.
    #[must_use]
    pub fn capacity(&self) -> u128 {
        self.prefix.count_of(self.delegated_len)
    }

    /// Whether a prefix is one of those that the pool delegates.
    #[must_use]
    pub fn contains(&self, prefix: Ipv6Prefix) -> bool {
        prefix.length() == self.delegated_len && self.prefix.covers(&prefix)
    }

    /// What a client that gets `delegated` must leave out.
    #[must_use]
    pub fn excluded_from(&self, delegated: Ipv6Prefix) -> Option<Ipv6Prefix> {
        let excluded = self.excluded?;
        let within = Ipv6Prefix::new(excluded.address(), self.delegated_len)?;
        let place = u128::from(excluded.address()) ^ u128::from(within.address());
        Ipv6Prefix::new(Ipv6Addr::from(u128::from(delegated.address()) | place), excluded.length())
    }
}

impl Pool6 {
    /// Number of addresses, at most `u128::MAX`.
    #[must_use]
    pub fn capacity(&self) -> u128 {
        (u128::from(self.last) - u128::from(self.first)).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_prefixes_move_with_the_delegated_one() {
        let prefix = |text: &str| -> Ipv6Prefix { text.parse().unwrap() };
        let pool = PdPool {
            id: PoolId(0),
            prefix: prefix("2001:db8:1::/48"),
            delegated_len: 56,
            excluded: Some(prefix("2001:db8:1:33::/64")),
            client_classes: Box::default(),
            additional_classes: Box::default(),
            options: OptionSet::default(),
            ddns: Arc::default(),
        };
        assert_eq!(pool.capacity(), 256);
        assert!(
            pool.contains(prefix("2001:db8:1:700::/56")) && !pool.contains(prefix("2001:db8:1:700::/57"))
        );
        assert_eq!(pool.excluded_from(prefix("2001:db8:1::/56")), Some(prefix("2001:db8:1:33::/64")));
        assert_eq!(pool.excluded_from(prefix("2001:db8:1:700::/56")), Some(prefix("2001:db8:1:733::/64")));
    }
}
