//! What a reservation gives its client beside a name.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base::Ipv6Prefix;
use smallvec::SmallVec;

use super::{ClassId, Dhcp4, Dhcp6, OptionSet, Protocol};

/// A reservation of either protocol.
pub type Host<P> = host::Host<<P as Protocol>::Reservation>;
pub type Host4 = Host<Dhcp4>;
pub type Host6 = Host<Dhcp6>;

/// Address, classes, options and fixed fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reservation4 {
    pub address: Option<Ipv4Addr>,
    /// Classes that the client joins.
    pub classes: Box<[ClassId]>,
    pub options: OptionSet,
    /// siaddr.
    pub next_server: Option<Ipv4Addr>,
    /// sname; empty: not reserved.
    pub server_hostname: Arc<str>,
    /// file; empty: not reserved.
    pub boot_file_name: Arc<str>,
}

impl host::Reservation for Reservation4 {
    type Resource = Ipv4Addr;

    fn resources(&self) -> &[Ipv4Addr] {
        self.address.as_slice()
    }

    fn address(resource: Ipv4Addr) -> IpAddr {
        resource.into()
    }
}

/// Addresses, prefixes, classes and options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reservation6 {
    /// Addresses (as prefixes of 128 bits), then prefixes to delegate, each sort in the order written.
    pub resources: SmallVec<[Ipv6Prefix; 1]>,
    /// How many of them are addresses.
    pub addresses: usize,
    /// What the client must leave out of each prefix (RFC 6603); as many as there are prefixes.
    pub excluded: Box<[Option<Ipv6Prefix>]>,
    /// Classes that the client joins.
    pub classes: Box<[ClassId]>,
    pub options: OptionSet,
}

impl Reservation6 {
    /// Reserved addresses, in the order written, as prefixes of 128 bits.
    #[must_use]
    pub fn addresses(&self) -> &[Ipv6Prefix] {
        self.resources.get(..self.addresses).unwrap_or(&[])
    }

    /// Reserved prefixes to delegate, in the order written.
    #[must_use]
    pub fn prefixes(&self) -> &[Ipv6Prefix] {
        self.resources.get(self.addresses..).unwrap_or(&[])
    }
}

impl host::Reservation for Reservation6 {
    /// An address is a prefix of 128 bits.
    type Resource = Ipv6Prefix;

    fn resources(&self) -> &[Ipv6Prefix] {
        &self.resources
    }

    fn address(resource: Ipv6Prefix) -> IpAddr {
        resource.address().into()
    }
}
