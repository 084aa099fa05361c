//! Subnets, pools and shared networks after inheritance, and the index by which packets find them. What is said here
//! holds for both protocols; `subnet4` and `subnet6` have the rest.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{IpAddress, IpPrefix, PoolId, Seconds, SubnetId, SubnetMap};

use super::{ClassId, Ddns, OptionSet, Over6, Protocol};

/// A lifetime with its bounds (`min-valid-lifetime`, `valid-lifetime`, `max-valid-lifetime`, or those of
/// `preferred-lifetime`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    pub min: Seconds,
    pub default: Seconds,
    pub max: Seconds,
}

impl Lifetime {
    /// What a client gets that asked for `wish` (option 51, a lifetime in an IA), or did not ask.
    #[must_use]
    pub fn grant(&self, wish: Option<Seconds>) -> Seconds {
        wish.map_or(self.default, |wish| wish.clamp(self.min, self.max.max(self.min)))
    }
}

/// How the next free address or prefix of a pool is chosen (`allocator`, `pd-allocator`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allocator {
    /// One after the other.
    #[default]
    Iterative,
    Random,
    /// Those that nobody has had, in random order, then the one that was given back first (`flq`).
    FreeLeaseQueue,
}

impl Allocator {
    /// The allocator of a keyword's value; `None` for others.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "iterative" => Self::Iterative,
            "random" => Self::Random,
            "flq" => Self::FreeLeaseQueue,
            _ => return None,
        })
    }
}

/// Parameters that subnets inherit from their network and from the globals.
#[derive(Clone, Debug, PartialEq)]
pub struct Params<P: Protocol> {
    pub valid_lifetime: Lifetime,
    pub renew_timer: Option<Seconds>,
    pub rebind_timer: Option<Seconds>,
    pub calculate_tee_times: bool,
    pub t1_percent: f64,
    pub t2_percent: f64,
    /// 0 switches lease reuse off.
    pub cache_threshold: f64,
    pub cache_max_age: Option<u32>,
    pub adaptive_lease_time_threshold: Option<f64>,
    pub store_extended_info: bool,
    pub allocator: Allocator,
    /// Look up reservations of the globals.
    pub reservations_global: bool,
    /// Look up reservations of the subnet, and keep their addresses from others.
    pub reservations_in_subnet: bool,
    /// Reserved addresses lie outside of the pools: those inside are given to anybody.
    pub reservations_out_of_pool: bool,
    /// How clients are named.
    pub ddns: Arc<Ddns>,
    pub own: P::Params,
}

impl<P: Protocol> Params<P> {
    /// Seconds up to which a lease of this lifetime is young enough to be answered as it stands (`cache-threshold`,
    /// `cache-max-age`); `None`: none is.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn reuse_age(&self, lifetime: Seconds) -> Option<u32> {
        let share = (f64::from(lifetime.0) * self.cache_threshold) as u32;
        let age = self.cache_max_age.map_or(share, |age| share.min(age));
        (age > 0).then_some(age)
    }
}

/// A range of addresses given to clients.
#[derive(Clone, Debug)]
pub struct Pool<P: Protocol> {
    pub id: PoolId,
    pub first: P::Address,
    pub last: P::Address,
    /// Guard: only packets in one of these classes; empty: everyone.
    pub client_classes: Box<[ClassId]>,
    /// `evaluate-additional-classes`.
    pub additional_classes: Box<[ClassId]>,
    pub options: OptionSet,
    /// How its clients are named: as those of the subnet, but for what the pool says itself.
    pub ddns: Arc<Ddns>,
}

impl<P: Protocol> Pool<P> {
    #[must_use]
    pub fn contains(&self, address: P::Address) -> bool {
        self.first <= address && address <= self.last
    }
}

/// Position of a network in [`ServerConfig::networks`](super::ServerConfig).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkIndex(pub usize);

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet<P: Protocol> {
    pub id: SubnetId,
    pub prefix: P::Prefix,
    pub network: Option<NetworkIndex>,
    /// `interface` of the subnet, else of its network.
    pub interface: Option<Arc<str>>,
    /// Own relay addresses; those of the network are in [`SharedNetwork::relays`].
    pub relays: Box<[P::Address]>,
    pub client_classes: Box<[ClassId]>,
    pub additional_classes: Box<[ClassId]>,
    /// Those of the network or the globals themselves where it has none of its own.
    pub params: Arc<Params<P>>,
    pub options: OptionSet,
    /// In the order written.
    pub pools: Vec<Pool<P>>,
    pub own: P::Subnet,
}

/// A shared network: subnets on one link.
#[derive(Clone, Debug)]
pub struct SharedNetwork<P: Protocol> {
    pub name: Arc<str>,
    pub interface: Option<Arc<str>>,
    pub relays: Box<[P::Address]>,
    pub client_classes: Box<[ClassId]>,
    pub additional_classes: Box<[ClassId]>,
    /// For queries that find the network but no subnet of it.
    pub params: Arc<Params<P>>,
    pub options: OptionSet,
    /// Positions in [`ServerConfig::subnets`](super::ServerConfig), in the order written.
    pub subnets: Vec<usize>,
    pub own: P::Network,
}

/// Network address to the positions of its subnets.
#[derive(Clone, Debug)]
struct ByNetwork<A> {
    /// A hundred thousand entries in the room of a few cache lines each hundred: a search finds most of them near.
    first: HashMap<A, u32, ahash::RandomState>,
    /// Further ones: of subnets that differ in their guards.
    more: HashMap<A, Vec<usize>, ahash::RandomState>,
}

impl<A> Default for ByNetwork<A> {
    fn default() -> Self {
        Self { first: HashMap::default(), more: HashMap::default() }
    }
}

impl<A: IpAddress> ByNetwork<A> {
    fn insert(&mut self, network: A, at: usize) {
        match (self.first.entry(network), u32::try_from(at)) {
            (Entry::Vacant(entry), Ok(at)) => {
                entry.insert(at);
            }
            _ => self.more.entry(network).or_default().push(at),
        }
    }

    fn find(&self, network: A, found: &mut Positions) {
        found.extend(self.first.get(&network).and_then(|at| usize::try_from(*at).ok()));
        if !self.more.is_empty() {
            found.extend_from_slice(self.more.get(&network).map_or(&[], Vec::as_slice));
        }
    }
}

/// Positions of subnets, the lowest first.
type Positions = smallvec::SmallVec<[usize; 4]>;

/// Subnets by their networks, for each prefix length that occurs.
#[derive(Clone, Debug)]
struct ByPrefix<A>(Vec<(u8, ByNetwork<A>)>);

impl<A> Default for ByPrefix<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A: IpAddress> ByPrefix<A> {
    fn insert(&mut self, prefix: A::Prefix, at: usize) {
        let length = prefix.length();
        let slot = match self.0.binary_search_by_key(&length, |(l, _)| *l) {
            Ok(slot) => slot,
            Err(slot) => {
                self.0.insert(slot, (length, ByNetwork::default()));
                slot
            }
        };
        if let Some((_, map)) = self.0.get_mut(slot) {
            map.insert(prefix.first(), at);
        }
    }

    /// Adds those whose network holds `address`.
    fn find(&self, address: A, found: &mut Positions) {
        for (length, map) in &self.0 {
            if let Some(prefix) = A::Prefix::of(address, *length) {
                map.find(prefix.first(), found);
            }
        }
    }
}

/// Finds subnets of DHCPv4 for clients behind DHCPv6; empty for DHCPv6.
#[derive(Clone, Debug, Default)]
struct Over6Index {
    by_interface: HashMap<Arc<str>, Vec<usize>, ahash::RandomState>,
    by_interface_id: HashMap<Arc<[u8]>, Vec<usize>, ahash::RandomState>,
    by_prefix: ByPrefix<Ipv6Addr>,
}

impl Over6Index {
    fn insert(&mut self, over6: &Over6, at: usize) {
        if let Some(interface) = &over6.interface {
            self.by_interface.entry(Arc::clone(interface)).or_default().push(at);
        }
        if let Some(id) = &over6.interface_id {
            self.by_interface_id.entry(Arc::clone(id)).or_default().push(at);
        }
        if let Some(prefix) = over6.subnet {
            self.by_prefix.insert(prefix, at);
        }
    }
}

/// Finds subnets without a scan, whatever their number. Positions are those of `ServerConfig::subnets`.
#[derive(Clone, Debug)]
pub struct SubnetIndex<P: Protocol> {
    by_id: SubnetMap<u32>,
    by_prefix: ByPrefix<P::Address>,
    /// Relay address to the subnets that list it, or whose network does while they list none.
    by_relay: HashMap<P::Address, Vec<usize>, ahash::RandomState>,
    by_interface: HashMap<Arc<str>, Vec<usize>, ahash::RandomState>,
    /// Interface id (RFC 9915 section 21.18) to subnets; DHCPv6 alone.
    by_interface_id: HashMap<Arc<[u8]>, Vec<usize>, ahash::RandomState>,
    over6: Over6Index,
}

impl<P: Protocol> Default for SubnetIndex<P> {
    fn default() -> Self {
        Self {
            by_id: SubnetMap::default(),
            by_prefix: ByPrefix::default(),
            by_relay: HashMap::default(),
            by_interface: HashMap::default(),
            by_interface_id: HashMap::default(),
            over6: Over6Index::default(),
        }
    }
}

impl<P: Protocol> SubnetIndex<P> {
    #[must_use]
    pub fn new(subnets: &[Arc<Subnet<P>>], networks: &[Arc<SharedNetwork<P>>]) -> Self {
        let by_id = subnets.iter().zip(0..).map(|(subnet, at)| (subnet.id, at)).collect();
        let mut index = Self { by_id, ..Self::default() };
        for (at, subnet) in subnets.iter().enumerate() {
            index.by_prefix.insert(subnet.prefix, at);
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
            if let Some(id) = P::interface_id(&subnet.own) {
                index.by_interface_id.entry(Arc::clone(id)).or_default().push(at);
            }
            if let Some(over6) = P::over6(&subnet.own) {
                index.over6.insert(over6, at);
            }
        }
        index
    }

    #[must_use]
    pub fn by_id(&self, id: SubnetId) -> Option<usize> {
        self.by_id.get(id).and_then(|at| usize::try_from(*at).ok())
    }

    /// Subnets whose range holds `address`, lowest position first; the position order is the order of selection.
    pub fn in_range(&self, address: P::Address) -> impl Iterator<Item = usize> {
        let mut found = Positions::new();
        self.by_prefix.find(address, &mut found);
        if found.len() > 1 {
            found.sort_unstable();
        }
        found.into_iter()
    }

    /// Subnets that answer for a relay address.
    #[must_use]
    pub fn by_relay(&self, relay: P::Address) -> &[usize] {
        self.by_relay.get(&relay).map_or(&[], Vec::as_slice)
    }

    /// Subnets bound to an interface name.
    #[must_use]
    pub fn by_interface(&self, interface: &str) -> &[usize] {
        self.by_interface.get(interface).map_or(&[], Vec::as_slice)
    }

    /// Subnets bound to the interface id that a relay agent put in, their own or their network's.
    #[must_use]
    pub fn by_interface_id(&self, id: &[u8]) -> &[usize] {
        self.by_interface_id.get(id).map_or(&[], Vec::as_slice)
    }

    /// Subnets for a client of DHCPv4 over DHCPv6: those that name its address, its relay agent's interface id or the
    /// interface it is heard on, lowest position first.
    pub fn over6(
        &self,
        address: Ipv6Addr,
        interface_id: Option<&[u8]>,
        interface: &str,
    ) -> impl Iterator<Item = usize> + use<P> {
        let index = &self.over6;
        let mut found = Positions::new();
        index.by_prefix.find(address, &mut found);
        let by_id = interface_id.and_then(|id| index.by_interface_id.get(id));
        for subnets in by_id.into_iter().chain(index.by_interface.get(interface)) {
            found.extend_from_slice(subnets);
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter()
    }
}
