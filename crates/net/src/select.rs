//! From `interfaces-config` and the interfaces of the machine to the sockets to open (chapter "Interface
//! Configuration" of the manual). Pure: nothing is opened here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::frame::MacAddr;
use crate::interfaces::Interface;

/// A value of a keyword that has a closed set of values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unsupported {what} '{value}'")]
pub struct UnknownKeyword {
    pub what: &'static str,
    pub value: String,
}

/// `dhcp-socket-type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SocketType {
    /// Packet sockets: reach clients without an address, and relays. Bypasses packet filters of the firewall.
    #[default]
    Raw,
    /// UDP sockets: for relayed and other unicast traffic only; broadcasts are not received.
    Udp,
}

impl FromStr for SocketType {
    type Err = UnknownKeyword;

    fn from_str(text: &str) -> Result<Self, UnknownKeyword> {
        match text {
            "raw" => Ok(Self::Raw),
            "udp" => Ok(Self::Udp),
            _ => Err(UnknownKeyword { what: "socket type", value: text.to_owned() }),
        }
    }
}

/// `outbound-interface`: how replies to relays find their way with UDP sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutboundInterface {
    /// Out of the interface that the query came in by: [`crate::Meta4::reply`].
    #[default]
    SameAsInbound,
    /// By the routing table: [`crate::Meta4::route`].
    UseRouting,
}

impl FromStr for OutboundInterface {
    type Err = UnknownKeyword;

    fn from_str(text: &str) -> Result<Self, UnknownKeyword> {
        match text {
            "same-as-inbound" => Ok(Self::SameAsInbound),
            "use-routing" => Ok(Self::UseRouting),
            _ => Err(UnknownKeyword { what: "outbound interface type", value: text.to_owned() }),
        }
    }
}

/// Why an entry of `interfaces` is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    #[error("empty interface name used in configuration")]
    EmptyName,
    #[error("empty address specified in the interface configuration")]
    EmptyAddress,
    #[error("wildcard interface name '*' must not be used in conjunction with an address")]
    WildcardAddress,
    #[error("the wildcard interface '*' can only be specified once")]
    WildcardTwice,
    #[error("interface '{0}' doesn't exist in the system")]
    NoSuchInterface(String),
    #[error("address '{0}' is not a valid IPv4 address")]
    NotIpv4(String),
    #[error("address '{0}' is not a valid IPv6 unicast address")]
    NotIpv6(String),
    #[error("interface '{interface}' doesn't have address '{address}' assigned")]
    NoSuchAddress { interface: String, address: IpAddr },
    #[error("interface '{0}' has already been specified")]
    InterfaceTwice(String),
    #[error("interface '{0}' has already been selected")]
    InterfaceSelected(String),
    #[error(
        "must not select address '{address}' for interface '{interface}' because this address is already selected"
    )]
    AddressTwice { interface: String, address: IpAddr },
}

/// A refused entry and its position in the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct EntryError {
    pub index: usize,
    pub error: SelectError,
}

/// Something that keeps a selected interface from being served. The server runs on without it unless
/// `service-sockets-require-all` is set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("interface {0} doesn't exist")]
    Gone(String),
    #[error("must not open socket on the loopback interface {0}")]
    Loopback(String),
    #[error("the interface {0} is down")]
    Down(String),
    #[error("the interface {0} is not running")]
    NotRunning(String),
    #[error("the interface {0} has no usable IPv4 addresses configured")]
    NoAddress(String),
    #[error("the interface {interface} does not have address {address} any more")]
    AddressGone { interface: String, address: IpAddr },
    #[error("the interface {0} has no usable link-local address")]
    NoLinkLocal(String),
    #[error("the interface {0} is not Ethernet: raw sockets cannot serve it, set dhcp-socket-type to udp")]
    NotEthernet(String),
    #[error("Failed to open socket on interface {interface}, reason: {reason}")]
    Open { interface: String, reason: String },
}

impl Problem {
    /// Name of the interface.
    #[must_use]
    pub fn interface(&self) -> &str {
        match self {
            Self::Gone(name)
            | Self::Loopback(name)
            | Self::Down(name)
            | Self::NotRunning(name)
            | Self::NoAddress(name)
            | Self::NoLinkLocal(name)
            | Self::NotEthernet(name)
            | Self::AddressGone { interface: name, .. }
            | Self::Open { interface: name, .. } => name,
        }
    }
}

/// One socket (per worker) to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketSpec4 {
    /// A packet socket for all selected addresses of an interface. One for all, not one for each: so a broadcast is
    /// received once, however many addresses are selected.
    Raw {
        interface: u32,
        name: String,
        mac: MacAddr,
        /// Not empty; the first is the source of replies to broadcasts.
        addresses: Vec<Ipv4Addr>,
    },
    /// A UDP socket bound to one address.
    Udp { interface: u32, name: String, address: Ipv4Addr },
}

impl SocketSpec4 {
    /// Name of the interface.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Raw { name, .. } | Self::Udp { name, .. } => name,
        }
    }
}

/// What to open, and what cannot be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan4 {
    pub sockets: Vec<SocketSpec4>,
    pub problems: Vec<Problem>,
}

/// An address that an entry of `interfaces` may name.
pub trait Selectable: Copy + Ord + Into<IpAddr> {
    const LOWEST: Self;
    /// Whether an interface is selected either as a whole or by its addresses. DHCPv6 listens to the link of an
    /// interface in any case, and to addresses that are named besides.
    const EITHER: bool;

    fn parse(text: &str) -> Result<Self, SelectError>;
    fn is_of(self, interface: &Interface) -> bool;
}

impl Selectable for Ipv4Addr {
    const LOWEST: Self = Self::UNSPECIFIED;
    const EITHER: bool = true;

    fn parse(text: &str) -> Result<Self, SelectError> {
        text.parse().map_err(|_| SelectError::NotIpv4(text.to_owned()))
    }

    fn is_of(self, interface: &Interface) -> bool {
        interface.has_ipv4(self)
    }
}

impl Selectable for Ipv6Addr {
    const LOWEST: Self = Self::UNSPECIFIED;
    const EITHER: bool = false;

    fn parse(text: &str) -> Result<Self, SelectError> {
        let parsed = text.parse().ok().filter(|address: &Self| !address.is_multicast());
        parsed.ok_or_else(|| SelectError::NotIpv6(text.to_owned()))
    }

    fn is_of(self, interface: &Interface) -> bool {
        interface.ipv6.iter().any(|own| own.address == self)
    }
}

/// The checked list `interfaces`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection<A> {
    pub(crate) wildcard: bool,
    pub(crate) names: BTreeSet<String>,
    pub(crate) addresses: BTreeSet<(String, A)>,
}

/// The interfaces that kea-dhcp4 serves.
pub type Selection4 = Selection<Ipv4Addr>;

impl<A> Default for Selection<A> {
    fn default() -> Self {
        Self { wildcard: false, names: BTreeSet::new(), addresses: BTreeSet::new() }
    }
}

impl<A: Selectable> Selection<A> {
    /// Checks the entries `*`, `NAME` and `NAME/ADDRESS`; blanks around names and addresses do not count.
    ///
    /// Interfaces and addresses have to exist now; should they vanish later, [`plan`](Self::plan) reports them.
    pub fn new<'a>(
        entries: impl IntoIterator<Item = &'a str>,
        interfaces: &[Interface],
    ) -> Result<Self, Vec<EntryError>> {
        let mut selection = Self::default();
        let errors: Vec<EntryError> = entries
            .into_iter()
            .enumerate()
            .filter_map(|(index, entry)| {
                selection.add(entry, interfaces).err().map(|error| EntryError { index, error })
            })
            .collect();
        if errors.is_empty() { Ok(selection) } else { Err(errors) }
    }

    fn add(&mut self, entry: &str, interfaces: &[Interface]) -> Result<(), SelectError> {
        let (name, address) = match entry.split_once('/') {
            Some((name, address)) => (name.trim(), Some(address.trim())),
            None => (entry.trim(), None),
        };
        if name.is_empty() {
            return Err(SelectError::EmptyName);
        }
        if name == "*" {
            return match address {
                Some("") => Err(SelectError::EmptyAddress),
                Some(_) => Err(SelectError::WildcardAddress),
                None if self.wildcard => Err(SelectError::WildcardTwice),
                None => {
                    self.wildcard = true;
                    Ok(())
                }
            };
        }
        if address == Some("") {
            return Err(SelectError::EmptyAddress);
        }
        let interface = interfaces
            .iter()
            .find(|each| each.name == name)
            .ok_or_else(|| SelectError::NoSuchInterface(name.to_owned()))?;
        let name = name.to_owned();
        let Some(text) = address else {
            if self.names.contains(&name) || (A::EITHER && self.names_interface(&name)) {
                return Err(SelectError::InterfaceTwice(name));
            }
            self.names.insert(name);
            return Ok(());
        };
        let address = A::parse(text)?;
        if !address.is_of(interface) {
            return Err(SelectError::NoSuchAddress { interface: name, address: address.into() });
        }
        if A::EITHER && self.names.contains(&name) {
            return Err(SelectError::InterfaceSelected(name));
        }
        if !self.addresses.insert((name.clone(), address)) {
            return Err(SelectError::AddressTwice { interface: name, address: address.into() });
        }
        Ok(())
    }

    /// Whether an entry names the interface, with or without address.
    pub fn names_interface(&self, name: &str) -> bool {
        let mut addresses = self.addresses.range((name.to_owned(), A::LOWEST)..);
        self.names.contains(name) || addresses.next().is_some_and(|(other, _)| other == name)
    }

    /// Nothing is selected: the server hears nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.wildcard && self.names.is_empty() && self.addresses.is_empty()
    }

    /// Whether the interface is served. `*` stands for every one but loopback, which has to be named.
    pub fn wants(&self, interface: &Interface) -> bool {
        self.names_interface(&interface.name) || (self.wildcard && !interface.loopback)
    }

    /// What was there when the selection was made and is not any more. `served` are the names of interfaces with a
    /// socket.
    pub(crate) fn missing(&self, interfaces: &[Interface], served: &BTreeSet<&str>) -> Vec<Problem> {
        if self.wildcard {
            return Vec::new();
        }
        let mut problems = Vec::new();
        let known: BTreeMap<&str, &Interface> =
            interfaces.iter().map(|each| (each.name.as_str(), each)).collect();
        let names: BTreeSet<&String> =
            self.names.iter().chain(self.addresses.iter().map(|(name, _)| name)).collect();
        for name in names {
            if !known.contains_key(name.as_str()) {
                problems.push(Problem::Gone(name.clone()));
            }
        }
        for (name, address) in &self.addresses {
            // With no address left at all the interface has its own report.
            let gone = known.get(name.as_str()).is_some_and(|interface| !address.is_of(interface));
            if gone && served.contains(name.as_str()) {
                problems.push(Problem::AddressGone { interface: name.clone(), address: (*address).into() });
            }
        }
        problems
    }
}

/// Whether an interface can carry packets now.
fn usable(interface: &Interface) -> Result<(), Problem> {
    if !interface.up {
        return Err(Problem::Down(interface.name.clone()));
    }
    if !interface.running {
        return Err(Problem::NotRunning(interface.name.clone()));
    }
    Ok(())
}

impl Selection4 {
    /// The sockets for the interfaces as they are now.
    ///
    /// `*` stands for every interface and overrides what else is listed, except that it leaves out loopback unless
    /// that is listed too. Loopback has no raw sockets: it is served with UDP only.
    #[must_use]
    pub fn plan(&self, interfaces: &[Interface], socket_type: SocketType) -> Plan4 {
        let mut plan = Plan4::default();
        let mut bound = BTreeSet::new();
        for interface in interfaces {
            let loopback_by_wildcard = interface.loopback && self.wildcard;
            if self.wants(interface) && (!loopback_by_wildcard || socket_type == SocketType::Udp) {
                match self.check(interface, socket_type) {
                    Ok(addresses) => add_sockets(&mut plan, &mut bound, interface, addresses, socket_type),
                    Err(problem) => plan.problems.push(problem),
                }
            }
        }
        let served: BTreeSet<&str> = plan.sockets.iter().map(SocketSpec4::name).collect();
        let missing = self.missing(interfaces, &served);
        plan.problems.extend(missing);
        plan
    }

    /// The addresses to serve on a selected interface, or why there are none.
    fn check(&self, interface: &Interface, socket_type: SocketType) -> Result<Vec<Ipv4Addr>, Problem> {
        let name = || interface.name.clone();
        if interface.loopback && socket_type == SocketType::Raw {
            return Err(Problem::Loopback(name()));
        }
        usable(interface)?;
        let whole = self.wildcard || self.names.contains(&interface.name);
        let mut addresses = Vec::new();
        for own in &interface.ipv4 {
            let selected = whole || self.addresses.contains(&(name(), own.address));
            // The same address may be there with two prefix lengths.
            if selected && !own.address.is_unspecified() && !addresses.contains(&own.address) {
                addresses.push(own.address);
            }
        }
        if addresses.is_empty() { Err(Problem::NoAddress(name())) } else { Ok(addresses) }
    }
}

/// Adds the sockets of one interface. `bound` are the addresses that have a UDP socket already: an address that two
/// interfaces share (unnumbered links) needs, and allows, one only.
fn add_sockets(
    plan: &mut Plan4,
    bound: &mut BTreeSet<Ipv4Addr>,
    interface: &Interface,
    addresses: Vec<Ipv4Addr>,
    socket_type: SocketType,
) {
    let name = || interface.name.clone();
    match (socket_type, interface.mac()) {
        (SocketType::Raw, Some(mac)) => {
            plan.sockets.push(SocketSpec4::Raw { interface: interface.index, name: name(), mac, addresses });
        }
        (SocketType::Raw, None) => plan.problems.push(Problem::NotEthernet(name())),
        (SocketType::Udp, _) => {
            let new = addresses.into_iter().filter(|address| bound.insert(*address));
            plan.sockets.extend(new.map(|address| SocketSpec4::Udp {
                interface: interface.index,
                name: name(),
                address,
            }));
        }
    }
}

/// Where a socket listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listen6 {
    /// On a link, to the interface's own link-local address.
    Link { interface: u32, address: Ipv6Addr },
    /// On a link, to a multicast group.
    Group { interface: u32, address: Ipv6Addr },
    /// To one address, whatever link packets to it come by.
    Address(Ipv6Addr),
}

impl Listen6 {
    #[must_use]
    pub fn address(&self) -> Ipv6Addr {
        match self {
            Self::Link { address, .. } | Self::Group { address, .. } | Self::Address(address) => *address,
        }
    }
}

/// One socket (per worker) to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketSpec6 {
    /// Name of the interface.
    pub name: String,
    pub listen: Listen6,
}

/// What to open, and what cannot be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan6 {
    pub sockets: Vec<SocketSpec6>,
    pub problems: Vec<Problem>,
}

/// The interfaces that kea-dhcp6 serves.
pub type Selection6 = Selection<Ipv6Addr>;

/// All_DHCP_Relay_Agents_and_Servers and All_DHCP_Servers (RFC 9915 section 7.1).
pub const GROUPS6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2), Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 1, 3)];

impl Selection6 {
    /// The sockets for the interfaces as they are now: on each the link-local address, both groups, and the addresses
    /// that were named.
    #[must_use]
    pub fn plan(&self, interfaces: &[Interface]) -> Plan6 {
        let mut plan = Plan6::default();
        let mut bound = BTreeSet::new();
        for interface in interfaces.iter().filter(|interface| self.wants(interface)) {
            let problem = usable(interface).err();
            if let Some(problem) = problem {
                plan.problems.push(problem);
                continue;
            }
            let mut add = |listen| plan.sockets.push(SocketSpec6 { name: interface.name.clone(), listen });
            let own =
                |address: Ipv6Addr| interface.ipv6.iter().any(|own| own.address == address && !own.tentative);
            for (_, address) in self.addresses.iter().filter(|(name, _)| *name == interface.name) {
                // A link-local address has its socket anyway.
                if own(*address) && !address.is_unicast_link_local() && bound.insert(*address) {
                    add(Listen6::Address(*address));
                }
            }
            let index = interface.index;
            if !interface.loopback {
                let mut links = interface.ipv6.iter().filter(|own| own.address.is_unicast_link_local());
                match links.find(|own| !own.tentative) {
                    Some(own) => add(Listen6::Link { interface: index, address: own.address }),
                    None => plan.problems.push(Problem::NoLinkLocal(interface.name.clone())),
                }
                let mut add =
                    |listen| plan.sockets.push(SocketSpec6 { name: interface.name.clone(), listen });
                for address in GROUPS6 {
                    add(Listen6::Group { interface: index, address });
                }
            }
        }
        let served: BTreeSet<&str> = plan.sockets.iter().map(|spec| spec.name.as_str()).collect();
        let missing = self.missing(interfaces, &served);
        plan.problems.extend(missing);
        plan
    }
}

#[cfg(test)]
mod tests;
