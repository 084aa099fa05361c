//! Parameters of kea-dhcp4 alone.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use super::{Dhcp4, Globals, ServerConfig};

pub type Globals4 = Globals<Dhcp4>;
pub type ServerConfig4 = ServerConfig<Dhcp4>;

/// Parameters of the whole server that DHCPv4 has alone.
#[derive(Clone, Debug)]
pub struct OwnGlobals4 {
    pub echo_client_id: bool,
    /// `authoritative` for queries that find no subnet.
    pub authoritative: bool,
    pub next_server: Option<Ipv4Addr>,
    pub exclude_first_last_24: bool,
    pub ignore_dhcp_server_identifier: bool,
    pub ignore_rai_link_selection: bool,
    pub stash_agent_options: bool,
    /// Server identifiers configured as option 54 globally, in networks and in subnets.
    pub server_ids: HashSet<Ipv4Addr>,
}
