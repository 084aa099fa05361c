//! The whole resolved configuration of a server. What is said here holds for both protocols; `server4` and `server6`
//! have the rest.

use std::collections::HashSet;
use std::sync::Arc;

use base::{Seconds, SubnetId};

use super::{ClassTable, OptionSet, Protocol, Services, SharedNetwork, Subnet, SubnetIndex};
use crate::Written;

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

/// Flexible identifiers (`libdhcp_flex_id`).
#[derive(Clone, Debug, Default)]
pub struct FlexId {
    /// Makes the identifier of a query.
    pub expression: Option<Arc<expr::Expression>>,
    /// It takes the place of the client identifier or DUID.
    pub replace_client_id: bool,
    /// The only IA_NA and the only IA_PD of a message are what they are whatever their IAID.
    pub ignore_iaid: bool,
    /// A client identifier that is replaced has the form of RFC 4361.
    pub as_duid: bool,
}

/// What the entries of the legal log are made of (`libdhcp_legal_log`).
#[derive(Clone, Debug, Default)]
pub struct LegalLog {
    /// Text of an entry from the query (`request-parser-format`).
    pub request: Option<Arc<expr::Expression>>,
    /// What follows it, from the reply (`response-parser-format`).
    pub response: Option<Arc<expr::Expression>>,
    /// Subnets whose leases are not logged (`legal-logging` of their user contexts).
    pub silent: HashSet<SubnetId>,
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
    /// `libdhcp_legal_log` is listed.
    pub legal_log: Option<LegalLog>,
    /// In the order of selection: by id.
    pub subnets: Vec<Arc<Subnet<P>>>,
    pub networks: Vec<Arc<SharedNetwork<P>>>,
    pub index: SubnetIndex<P>,
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
