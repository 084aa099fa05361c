//! Subnets, pools and shared networks after inheritance, and the index by which packets find them.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{Ipv4Prefix, PoolId, Seconds, SubnetId};

use super::{ClassId, Ddns4, OptionSet};

/// A lifetime with its bounds (`min-valid-lifetime`, `valid-lifetime`, `max-valid-lifetime`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    pub min: Seconds,
    pub default: Seconds,
    pub max: Seconds,
}

impl Lifetime {
    /// What a client gets that asked for `wish` (option 51), or did not ask.
    #[must_use]
    pub fn grant(&self, wish: Option<Seconds>) -> Seconds {
        wish.map_or(self.default, |wish| wish.clamp(self.min, self.max.max(self.min)))
    }
}

/// Parameters that subnets inherit from their network and from the globals.
#[derive(Clone, Debug)]
pub struct Params4 {
    pub valid_lifetime: Lifetime,
    pub renew_timer: Option<Seconds>,
    pub rebind_timer: Option<Seconds>,
    pub calculate_tee_times: bool,
    pub t1_percent: f64,
    pub t2_percent: f64,
    pub match_client_id: bool,
    pub authoritative: bool,
    pub next_server: Option<Ipv4Addr>,
    pub server_hostname: Arc<str>,
    pub boot_file_name: Arc<str>,
    /// 0: nothing is stored for an OFFER.
    pub offer_lifetime: u32,
    /// 0 switches lease reuse off.
    pub cache_threshold: f64,
    pub cache_max_age: Option<u32>,
    pub adaptive_lease_time_threshold: Option<f64>,
    pub store_extended_info: bool,
    pub allocator: Arc<str>,
    /// Look up reservations of the globals.
    pub reservations_global: bool,
    /// Look up reservations of the subnet, and keep their addresses from others.
    pub reservations_in_subnet: bool,
    /// Reserved addresses lie outside of the pools: those inside are given to anybody.
    pub reservations_out_of_pool: bool,
    /// How clients are named.
    pub ddns: Arc<Ddns4>,
}

/// A range of addresses given to clients.
#[derive(Clone, Debug)]
pub struct Pool4 {
    pub id: PoolId,
    pub first: Ipv4Addr,
    pub last: Ipv4Addr,
    /// Guard: only packets in one of these classes; empty: everyone.
    pub client_classes: Box<[ClassId]>,
    /// `evaluate-additional-classes`.
    pub additional_classes: Box<[ClassId]>,
    pub options: OptionSet,
    /// How its clients are named: as those of the subnet, but for what the pool says itself.
    pub ddns: Arc<Ddns4>,
}

impl Pool4 {
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        self.first <= address && address <= self.last
    }

    /// Number of addresses.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        u64::from(u32::from(self.last)) - u64::from(u32::from(self.first)) + 1
    }
}

/// Position of a network in [`ServerConfig4::networks`](super::ServerConfig4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkIndex(pub usize);

/// A subnet. `4o6-interface`, `4o6-interface-id`, `4o6-subnet` are not served yet; configurations with them are
/// refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subnet4 {
    pub id: SubnetId,
    pub prefix: Ipv4Prefix,
    pub network: Option<NetworkIndex>,
    /// `interface` of the subnet, else of its network.
    pub interface: Option<Arc<str>>,
    /// Own relay addresses; those of the network are in [`SharedNetwork4::relays`].
    pub relays: Box<[Ipv4Addr]>,
    pub client_classes: Box<[ClassId]>,
    pub additional_classes: Box<[ClassId]>,
    pub params: Params4,
    pub options: OptionSet,
    /// In the order written.
    pub pools: Vec<Pool4>,
}

impl Subnet4 {
    /// Everything the resolver computed, in the order of the fields.
    #[allow(clippy::too_many_arguments)]
    #[must_use]
    pub fn new(
        id: SubnetId,
        prefix: Ipv4Prefix,
        network: Option<NetworkIndex>,
        interface: Option<Arc<str>>,
        relays: Box<[Ipv4Addr]>,
        client_classes: Box<[ClassId]>,
        additional_classes: Box<[ClassId]>,
        params: Params4,
        options: OptionSet,
        pools: Vec<Pool4>,
    ) -> Self {
        Self {
            id,
            prefix,
            network,
            interface,
            relays,
            client_classes,
            additional_classes,
            params,
            options,
            pools,
        }
    }
}

/// A shared network: subnets on one link.
#[derive(Clone, Debug)]
pub struct SharedNetwork4 {
    pub name: Arc<str>,
    pub interface: Option<Arc<str>>,
    pub relays: Box<[Ipv4Addr]>,
    pub client_classes: Box<[ClassId]>,
    pub additional_classes: Box<[ClassId]>,
    /// `authoritative` and the like for queries that find the network but no subnet of it.
    pub params: Params4,
    pub options: OptionSet,
    /// Positions in [`ServerConfig4::subnets`](super::ServerConfig4), in the order written.
    pub subnets: Vec<usize>,
}

/// Network address to the positions of its subnets; one, but for subnets that differ in their guards.
type ByNetwork = HashMap<u32, smallvec::SmallVec<[usize; 2]>, ahash::RandomState>;

/// Finds subnets without a scan, whatever their number. Positions are those of `ServerConfig4::subnets`.
#[derive(Clone, Debug, Default)]
pub struct SubnetIndex {
    pub by_id: HashMap<SubnetId, usize, ahash::RandomState>,
    /// By prefix length: networks of that length. Lookup tries the lengths that occur, at most 33.
    by_prefix: Vec<(u8, ByNetwork)>,
    /// Relay address to the subnets that list it, or whose network does while they list none.
    by_relay: HashMap<Ipv4Addr, Vec<usize>, ahash::RandomState>,
    by_interface: HashMap<Arc<str>, Vec<usize>, ahash::RandomState>,
}

impl SubnetIndex {
    #[must_use]
    pub fn new(subnets: &[Arc<Subnet4>], networks: &[Arc<SharedNetwork4>]) -> Self {
        let mut index = Self::default();
        for (at, subnet) in subnets.iter().enumerate() {
            index.by_id.insert(subnet.id, at);
            let length = subnet.prefix.length();
            let slot = match index.by_prefix.binary_search_by_key(&length, |(l, _)| *l) {
                Ok(slot) => slot,
                Err(slot) => {
                    index.by_prefix.insert(slot, (length, ByNetwork::default()));
                    slot
                }
            };
            if let Some((_, map)) = index.by_prefix.get_mut(slot) {
                map.entry(u32::from(subnet.prefix.address())).or_default().push(at);
            }
            let network = subnet.network.and_then(|n| networks.get(n.0));
            let relays = match network {
                Some(network) if subnet.relays.is_empty() => &network.relays,
                _ => &subnet.relays,
            };
            for relay in relays {
                index.by_relay.entry(*relay).or_default().push(at);
            }
            if let Some(interface) = &subnet.interface {
                index.by_interface.entry(Arc::clone(interface)).or_default().push(at);
            }
        }
        index
    }

    /// Subnets whose range holds `address`, lowest position first; the position order is the order of selection.
    pub fn in_range(&self, address: Ipv4Addr) -> impl Iterator<Item = usize> {
        let mut found: smallvec::SmallVec<[usize; 4]> = smallvec::SmallVec::new();
        for (length, map) in &self.by_prefix {
            if let Some(prefix) = Ipv4Prefix::new(address, *length)
                && let Some(subnets) = map.get(&u32::from(prefix.address()))
            {
                found.extend_from_slice(subnets);
            }
        }
        if found.len() > 1 {
            found.sort_unstable();
        }
        found.into_iter()
    }

    /// Subnets that answer for a relay address.
    #[must_use]
    pub fn by_relay(&self, relay: Ipv4Addr) -> &[usize] {
        self.by_relay.get(&relay).map_or(&[], Vec::as_slice)
    }

    /// Subnets bound to an interface name.
    #[must_use]
    pub fn by_interface(&self, interface: &str) -> &[usize] {
        self.by_interface.get(interface).map_or(&[], Vec::as_slice)
    }
}
