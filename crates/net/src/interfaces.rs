//! The interfaces of the machine.

use std::net::{Ipv4Addr, Ipv6Addr};

use base::HwAddr;

use crate::frame::MacAddr;
use crate::netlink::{self, NetlinkError};

/// An IPv4 address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address4 {
    pub address: Ipv4Addr,
    /// Length of the prefix on the link.
    pub prefix_length: u8,
}

/// An IPv6 address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address6 {
    pub address: Ipv6Addr,
    /// Length of the prefix on the link.
    pub prefix_length: u8,
    /// Duplicate address detection is running or has failed: nothing can be bound to it (yet).
    pub tentative: bool,
}

/// One interface with its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    pub index: u32,
    pub name: String,
    /// Link-layer address with its ARP hardware type; tunnels have an empty one.
    pub hardware: HwAddr,
    /// Longest packet on the link in octets, without the link-layer header.
    pub mtu: u32,
    /// The operator switched it on.
    pub up: bool,
    /// The link works (cable, carrier).
    pub running: bool,
    pub loopback: bool,
    pub broadcast: bool,
    pub multicast: bool,
    pub point_to_point: bool,
    /// In the kernel's order: the primary address of each prefix before its secondaries.
    pub ipv4: Vec<Address4>,
    pub ipv6: Vec<Address6>,
}

impl Interface {
    /// The Ethernet address, if the interface carries Ethernet frames.
    #[must_use]
    pub fn mac(&self) -> Option<MacAddr> {
        let octets = self.hardware.octets().try_into().ok()?;
        (self.hardware.htype() == HwAddr::ETHERNET).then_some(MacAddr(octets))
    }

    #[must_use]
    pub fn has_ipv4(&self, address: Ipv4Addr) -> bool {
        self.ipv4.iter().any(|own| own.address == address)
    }
}

/// All interfaces in the order of their index.
pub fn interfaces() -> Result<Vec<Interface>, NetlinkError> {
    netlink::interfaces()
}
