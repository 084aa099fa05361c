//! What subnets, pools and shared networks of DHCPv4 have alone.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::{Dhcp4, Params, Pool, SharedNetwork, Subnet, SubnetIndex};

pub type Params4 = Params<Dhcp4>;
pub type Pool4 = Pool<Dhcp4>;
/// `4o6-interface`, `4o6-interface-id`, `4o6-subnet` are not served yet; configurations with them are refused.
pub type Subnet4 = Subnet<Dhcp4>;
pub type SharedNetwork4 = SharedNetwork<Dhcp4>;
pub type SubnetIndex4 = SubnetIndex<Dhcp4>;

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
