//! From `interfaces-config` and the interfaces of the machine to the sockets to open (chapter "Interface
//! Configuration" of the manual). Pure: nothing is opened here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
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
    #[error("interface '{interface}' doesn't have address '{address}' assigned")]
    NoSuchAddress { interface: String, address: Ipv4Addr },
    #[error("interface '{0}' has already been specified")]
    InterfaceTwice(String),
    #[error("interface '{0}' has already been selected")]
    InterfaceSelected(String),
    #[error(
        "must not select address '{address}' for interface '{interface}' because this address is already selected"
    )]
    AddressTwice { interface: String, address: Ipv4Addr },
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
    AddressGone { interface: String, address: Ipv4Addr },
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

/// The checked list `interfaces`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection4 {
    wildcard: bool,
    names: BTreeSet<String>,
    addresses: BTreeSet<(String, Ipv4Addr)>,
}

impl Selection4 {
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
            if self.names_interface(&name) {
                return Err(SelectError::InterfaceTwice(name));
            }
            self.names.insert(name);
            return Ok(());
        };
        let address: Ipv4Addr = text.parse().map_err(|_| SelectError::NotIpv4(text.to_owned()))?;
        if !interface.has_ipv4(address) {
            return Err(SelectError::NoSuchAddress { interface: name, address });
        }
        if self.names.contains(&name) {
            return Err(SelectError::InterfaceSelected(name));
        }
        if !self.addresses.insert((name.clone(), address)) {
            return Err(SelectError::AddressTwice { interface: name, address });
        }
        Ok(())
    }

    /// Whether an entry names the interface, with or without address.
    fn names_interface(&self, name: &str) -> bool {
        let mut addresses = self.addresses.range((name.to_owned(), Ipv4Addr::UNSPECIFIED)..);
        self.names.contains(name) || addresses.next().is_some_and(|(other, _)| other == name)
    }

    /// Nothing is selected: the server hears nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.wildcard && self.names.is_empty() && self.addresses.is_empty()
    }

    /// The sockets for the interfaces as they are now.
    ///
    /// `*` stands for every interface and overrides what else is listed, except that it leaves out loopback unless
    /// that is listed too. Loopback has no raw sockets: it is served with UDP only.
    #[must_use]
    pub fn plan(&self, interfaces: &[Interface], socket_type: SocketType) -> Plan4 {
        let mut plan = Plan4::default();
        let mut bound = BTreeSet::new();
        for interface in interfaces {
            let by_name = self.names_interface(&interface.name);
            let loopback_by_wildcard = interface.loopback && self.wildcard;
            let wanted = if loopback_by_wildcard {
                by_name && socket_type == SocketType::Udp
            } else {
                self.wildcard || by_name
            };
            if wanted {
                match self.check(interface, socket_type) {
                    Ok(addresses) => add_sockets(&mut plan, &mut bound, interface, addresses, socket_type),
                    Err(problem) => plan.problems.push(problem),
                }
            }
        }
        if !self.wildcard {
            self.report_missing(&mut plan, interfaces);
        }
        plan
    }

    /// The addresses to serve on a selected interface, or why there are none.
    fn check(&self, interface: &Interface, socket_type: SocketType) -> Result<Vec<Ipv4Addr>, Problem> {
        let name = || interface.name.clone();
        if interface.loopback && socket_type == SocketType::Raw {
            return Err(Problem::Loopback(name()));
        }
        if !interface.up {
            return Err(Problem::Down(name()));
        }
        if !interface.running {
            return Err(Problem::NotRunning(name()));
        }
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

    /// What was there when the selection was made and is not any more.
    fn report_missing(&self, plan: &mut Plan4, interfaces: &[Interface]) {
        let known: BTreeMap<&str, &Interface> =
            interfaces.iter().map(|each| (each.name.as_str(), each)).collect();
        let served: BTreeSet<String> = plan.sockets.iter().map(|spec| spec.name().to_owned()).collect();
        let names: BTreeSet<&String> =
            self.names.iter().chain(self.addresses.iter().map(|(name, _)| name)).collect();
        for name in names {
            if !known.contains_key(name.as_str()) {
                plan.problems.push(Problem::Gone(name.clone()));
            }
        }
        for (name, address) in &self.addresses {
            // With no address left at all the interface has its own report.
            let gone = known.get(name.as_str()).is_some_and(|interface| !interface.has_ipv4(*address));
            if gone && served.contains(name) {
                plan.problems.push(Problem::AddressGone { interface: name.clone(), address: *address });
            }
        }
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

#[cfg(test)]
mod tests;
