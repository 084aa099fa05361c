//! What subnets, pools and shared networks of DHCPv4 have alone.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::Ipv6Prefix;

use super::{Dhcp4, Params, Pool, SharedNetwork, Subnet, SubnetIndex};

pub type Params4 = Params<Dhcp4>;
pub type Pool4 = Pool<Dhcp4>;
pub type Subnet4 = Subnet<Dhcp4>;
pub type SharedNetwork4 = SharedNetwork<Dhcp4>;
pub type SubnetIndex4 = SubnetIndex<Dhcp4>;

/// What a subnet of DHCPv4 has alone.
#[derive(Clone, Debug, Default)]
pub struct Subnet4Parts {
    /// Few have it, and there are many subnets.
    pub over6: Option<Box<Over6>>,
}

/// Which clients of DHCPv4 over DHCPv6 (RFC 7341) a subnet serves; one that fits is enough.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Over6 {
    /// `4o6-interface`: where kea-dhcp6 hears them.
    pub interface: Option<Arc<str>>,
    /// `4o6-interface-id`: what their relay agent calls their link.
    pub interface_id: Option<Arc<[u8]>>,
    /// `4o6-subnet`: where their IPv6 addresses are, or that of their relay agent next to the server.
    pub subnet: Option<Ipv6Prefix>,
}

/// Inherited parameters of DHCPv4 alone.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnParams4 {
    pub match_client_id: bool,
    pub authoritative: bool,
    pub next_server: Option<Ipv4Addr>,
    pub server_hostname: Arc<str>,
    pub boot_file_name: Arc<str>,
    /// 0: nothing is stored for an OFFER.
    pub offer_lifetime: u32,
}

impl Pool4 {
    /// Number of addresses.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        u64::from(u32::from(self.last)) - u64::from(u32::from(self.first)) + 1
    }
}
