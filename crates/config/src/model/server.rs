//! The whole resolved configuration of a server. What is said here holds for both protocols; `server4` and `server6`
//! have the rest.

use std::sync::Arc;

use base::{Seconds, SubnetId};

use super::{
    ClassTable, DdnsTuning, FlexId, FlexOption, LeaseQuery, LegalLog, Limits, OptionSet, PingCheck, Protocol,
    Services, SharedNetwork, Subnet, SubnetIndex,
};
use crate::{ConfigError, Written};

/// Parameters of the whole server.
#[derive(Clone, Debug)]
pub struct Globals<P: Protocol> {
    pub decline_probation_period: Seconds,
    pub lenient_option_parsing: bool,
    /// Global reservations are looked up before the subnet is selected.
    pub early_global_reservations_lookup: bool,
    /// 0: off.
    pub dhcp4o6_port: u16,
    pub own: P::Globals,
}

/// What kea-dhcp4 or kea-dhcp6 runs on.
#[derive(Clone, Debug)]
pub struct ServerConfig<P: Protocol> {
    /// What it was resolved from; `config-get` writes this.
    pub written: Arc<Written<P>>,
    pub globals: Globals<P>,
    /// What concerns the process rather than the protocol.
    pub services: Services,
    pub definitions: Arc<options::DefTable>,
    pub classes: Arc<ClassTable>,
    pub options: OptionSet,
    /// Host reservations.
    pub hosts: host::Chain<P::Reservation>,
    /// How clients are known in them, in the order of lookups.
    pub host_identifiers: Box<[host::IdentifierKind]>,
    /// What `libdhcp_flex_id` is listed with.
    pub flex_id: Option<FlexId>,
    /// How `libdhcp_ddns_tuning` names leases, where it is listed.
    pub ddns_tuning: Option<Arc<DdnsTuning>>,
    /// What `libdhcp_flex_option` is listed with.
    pub flex_option: Option<Arc<FlexOption>>,
    /// What `libdhcp_limits` bounds, where it is listed.
    pub limits: Option<Arc<Limits>>,
    /// `libdhcp_legal_log` is listed.
    pub legal_log: Option<LegalLog>,
    /// `libdhcp_ping_check` is listed.
    pub ping_check: Option<PingCheck>,
    /// `libdhcp_lease_query` is listed.
    pub lease_query: Option<LeaseQuery>,
    /// In the order of selection: by id.
    pub subnets: Vec<Arc<Subnet<P>>>,
    pub networks: Vec<Arc<SharedNetwork<P>>>,
    pub index: SubnetIndex<P>,
    /// Options of a database that are left out: nobody could make sense of their data. As in Kea, all else is served.
    pub left_out: Vec<ConfigError>,
}

impl<P: Protocol> ServerConfig<P> {
    /// Whether `hooks-libraries` lists a library of this base name.
    #[must_use]
    pub fn has_library(&self, name: &str) -> bool {
        self.services.hooks_libraries.iter().any(|library| library.is(name))
    }

    #[must_use]
    pub fn subnet(&self, id: SubnetId) -> Option<&Arc<Subnet<P>>> {
        self.subnets.get(self.index.by_id(id)?)
    }

    #[must_use]
    pub fn network_of(&self, subnet: &Subnet<P>) -> Option<&Arc<SharedNetwork<P>>> {
        self.networks.get(subnet.network?.0)
    }
}
