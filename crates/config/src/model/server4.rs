//! The whole resolved configuration of kea-dhcp4.

use std::sync::Arc;

use base::{Seconds, SubnetId};

use super::{ClassTable, OptionSet, Reservation4, Services, SharedNetwork4, Subnet4, SubnetIndex};
use crate::Written4;

/// Parameters of the whole server.
#[derive(Clone, Debug)]
pub struct Globals4 {
    pub decline_probation_period: Seconds,
    pub echo_client_id: bool,
    /// `authoritative` for queries that find no subnet.
    pub authoritative: bool,
    pub next_server: Option<std::net::Ipv4Addr>,
    pub exclude_first_last_24: bool,
    pub ignore_dhcp_server_identifier: bool,
    pub ignore_rai_link_selection: bool,
    pub lenient_option_parsing: bool,
    /// Global reservations are looked up before the subnet is selected.
    pub early_global_reservations_lookup: bool,
    pub stash_agent_options: bool,
    /// 0: off.
    pub dhcp4o6_port: u16,
}

/// What kea-dhcp4 runs on.
#[derive(Clone, Debug)]
pub struct ServerConfig4 {
    /// What it was resolved from; `config-get` writes this.
    pub written: Arc<Written4>,
    pub globals: Globals4,
    /// What concerns the process rather than the protocol.
    pub services: Services,
    pub definitions: Arc<options::DefTable>,
    pub classes: Arc<ClassTable>,
    pub options: OptionSet,
    /// Host reservations.
    pub hosts: host::Chain<Reservation4>,
    /// How clients are known in them, in the order of lookups.
    pub host_identifiers: Box<[host::IdentifierKind]>,
    /// In the order of selection: by id.
    pub subnets: Vec<Arc<Subnet4>>,
    pub networks: Vec<Arc<SharedNetwork4>>,
    pub index: SubnetIndex,
    /// Server identifiers configured as option 54 globally, in networks and in subnets.
    pub server_ids: std::collections::HashSet<std::net::Ipv4Addr>,
}

impl ServerConfig4 {
    #[must_use]
    pub fn subnet(&self, id: SubnetId) -> Option<&Arc<Subnet4>> {
        self.subnets.get(*self.index.by_id.get(&id)?)
    }

    #[must_use]
    pub fn network_of(&self, subnet: &Subnet4) -> Option<&Arc<SharedNetwork4>> {
        self.networks.get(subnet.network?.0)
    }
}
