//! Host reservations (Kea manual, "Host Reservations"): which a query's client has.

use std::sync::Arc;

use base::SubnetId;
use config::{ClassId, Protocol, Reservation4, Reservation6, ServerConfig, Subnet};
use host::{Host, HostLookup, Identifier, IdentifierKind, Reservation};
use lease::StoreError;
use smallvec::SmallVec;

use crate::classes::ClassSet;
use crate::siblings::siblings;

/// A reservation that gives classes.
pub trait Reserved: Reservation {
    fn classes(&self) -> &[ClassId];
}

impl Reserved for Reservation4 {
    fn classes(&self) -> &[ClassId] {
        &self.classes
    }
}

impl Reserved for Reservation6 {
    fn classes(&self) -> &[ClassId] {
        &self.classes
    }
}

/// A query whose client reservations know.
pub(crate) trait Identified {
    /// Hands the query's identifier of a kind to a function, if it has one.
    fn with_identifier<R>(&self, kind: IdentifierKind, then: impl FnMut(&[u8]) -> Option<R>) -> Option<R>;
}

/// The reservations of a query's client: at most one for each subnet that may serve it, and a global one.
#[derive(Clone, Debug)]
pub struct Hosts<T> {
    found: SmallVec<[Arc<Host<T>>; 2]>,
    /// All that databases have for the client, to be looked through after the configuration.
    fetched: Vec<Arc<Host<T>>>,
}

impl<T> Default for Hosts<T> {
    fn default() -> Self {
        Self { found: SmallVec::new(), fetched: Vec::new() }
    }
}

impl<T: Reserved> Hosts<T> {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The classes of the only reservation there is before the subnet is selected.
    pub(crate) fn first_classes(&self) -> Box<[ClassId]> {
        self.found.first().map(|h| h.extra.classes().into()).unwrap_or_default()
    }

    pub(crate) fn of(&self, scope: SubnetId) -> Option<&Host<T>> {
        self.found.iter().find(|h| h.subnet == scope).map(|h| &**h)
    }

    /// A later one for the same scope counts.
    pub(crate) fn put(&mut self, host: &Arc<Host<T>>) {
        match self.found.iter_mut().find(|h| h.subnet == host.subnet) {
            Some(there) => *there = Arc::clone(host),
            None => self.found.push(Arc::clone(host)),
        }
    }

    /// Of what databases have.
    fn fetched(&self, scope: SubnetId, kind: IdentifierKind, octets: &[u8]) -> Option<Arc<Host<T>>> {
        let same = |host: &&Arc<Host<T>>| {
            host.subnet == scope && host.identifier.kind() == kind && host.identifier.octets() == octets
        };
        self.fetched.iter().find(same).cloned()
    }

    /// Whether nothing can be found.
    pub(crate) fn has_no_source<P: Protocol<Reservation = T>>(&self, config: &ServerConfig<P>) -> bool {
        config.hosts.is_empty() && self.fetched.is_empty()
    }

    /// The global reservation as far as the subnet heeds it.
    #[must_use]
    pub fn global<P: Protocol<Reservation = T>>(&self, subnet: &Subnet<P>) -> Option<&Host<T>> {
        if subnet.params.reservations_global { self.of(host::GLOBAL) } else { None }
    }

    /// The reservation in force while the client is served from a subnet: the subnet's own before a global one.
    #[must_use]
    pub fn current<P: Protocol<Reservation = T>>(&self, subnet: &Subnet<P>) -> Option<&Host<T>> {
        if self.is_empty() {
            return None;
        }
        let own = if subnet.params.reservations_in_subnet { self.of(subnet.id) } else { None };
        own.or_else(|| self.global(subnet))
    }
}

/// Asks databases for all reservations of a query's client, known by any of its identifiers.
pub(crate) async fn fetch<P: Protocol>(
    config: &ServerConfig<P>,
    databases: &dyn HostLookup<P::Reservation>,
    query: &impl Identified,
    hosts: &mut Hosts<P::Reservation>,
) -> Result<(), StoreError> {
    let identifier =
        |kind: &IdentifierKind| query.with_identifier(*kind, |octets| Identifier::new(*kind, octets).ok());
    let identifiers: Vec<Identifier> = config.host_identifiers.iter().filter_map(identifier).collect();
    if !identifiers.is_empty() {
        hosts.fetched = databases.of_client(identifiers).await.map_err(unknown)?;
    }
    Ok(())
}

/// The reservations of an address or prefix in a scope, in the configuration and in databases.
pub(crate) async fn each_at<P: Protocol>(
    config: &ServerConfig<P>,
    databases: Option<&dyn HostLookup<P::Reservation>>,
    scope: SubnetId,
    resource: <P::Reservation as Reservation>::Resource,
    mut visit: impl FnMut(&Host<P::Reservation>),
) -> Result<(), StoreError> {
    config.hosts.each_at(scope, resource, &mut |host| visit(host));
    if let Some(databases) = databases {
        let there = databases.at(scope, resource).await.map_err(unknown)?;
        there.iter().for_each(|host| visit(host));
    }
    Ok(())
}

/// What is reserved is not known, so nothing can be given away.
fn unknown(error: host::LookupError) -> StoreError {
    StoreError::Unknown(error.to_string())
}

/// Looks up the global reservation of a query.
pub(crate) fn find_global<P: Protocol<Reservation: Reserved>>(
    config: &ServerConfig<P>,
    query: &impl Identified,
    known: &Hosts<P::Reservation>,
) -> Option<Arc<Host<P::Reservation>>> {
    config.host_identifiers.iter().find_map(|kind| lookup(config, query, known, host::GLOBAL, *kind))
}

/// The reservation of a query's client in a scope, by one kind of identifier.
fn lookup<P: Protocol>(
    config: &ServerConfig<P>,
    query: &impl Identified,
    known: &Hosts<P::Reservation>,
    scope: SubnetId,
    kind: IdentifierKind,
) -> Option<Arc<Host<P::Reservation>>>
where
    P::Reservation: Reserved,
{
    if !config.hosts.uses(kind) && known.fetched.is_empty() {
        return None;
    }
    query.with_identifier(kind, |octets| {
        config.hosts.get(scope, kind, octets).or_else(|| known.fetched(scope, kind, octets))
    })
}

/// Looks up the reservations for the selected subnet and its siblings.
pub(crate) fn find<P: Protocol<Reservation: Reserved>>(
    config: &ServerConfig<P>,
    query: &impl Identified,
    classes: &ClassSet,
    found: &mut Hosts<P::Reservation>,
    selected: &Arc<Subnet<P>>,
) {
    let params = &selected.params;
    if !params.reservations_global && !params.reservations_in_subnet {
        return;
    }
    if params.reservations_global
        && !config.globals.early_global_reservations_lookup
        && let Some(host) = find_global(config, query, found)
    {
        found.put(&host);
    }
    let hosts = &config.hosts;
    let order = || config.host_identifiers.iter();
    let present = |kind: &&IdentifierKind| query.with_identifier(**kind, |_| Some(())).is_some();
    let siblings_of = config.network_of(selected).map_or(1, |n| n.subnets.len());
    if siblings_of > 1 && siblings_of > config.host_identifiers.iter().filter(present).count() {
        // One lookup finds the client in every subnet: less work than asking for each.
        let serves = |host: &Host<P::Reservation>| {
            config.subnet(host.subnet).is_some_and(|subnet| {
                subnet.network == selected.network
                    && subnet.params.reservations_in_subnet
                    && classes.pass(&subnet.client_classes)
            })
        };
        for kind in order() {
            query.with_identifier(*kind, |octets| {
                // What is put later counts: the first database after the others, the configuration last.
                let same = |host: &&Arc<Host<P::Reservation>>| {
                    host.identifier.kind() == *kind && host.identifier.octets() == octets
                };
                let fetched: SmallVec<[_; 2]> = found.fetched.iter().rev().filter(same).cloned().collect();
                fetched.iter().filter(|host| serves(host)).for_each(|host| found.put(host));
                hosts.each_of(*kind, octets, &mut |host| {
                    if serves(host) {
                        found.put(host);
                    }
                });
                None::<()>
            });
        }
    } else {
        let subnets = siblings(config, selected, classes);
        for subnet in subnets.filter(|s| s.params.reservations_in_subnet) {
            let host = order().find_map(|kind| lookup(config, query, found, subnet.id, *kind));
            if let Some(host) = host {
                found.put(&host);
            }
        }
    }
}
