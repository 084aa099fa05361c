//! Host reservations (Kea manual, "Host Reservations"): which a query's client has.

use std::sync::Arc;

use base::SubnetId;
use config::{ClassId, Protocol, Reservation4, Reservation6, ServerConfig, Subnet};
use host::{Host, IdentifierKind, Reservation};
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
pub struct Hosts<T>(SmallVec<[Arc<Host<T>>; 2]>);

impl<T> Default for Hosts<T> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<T: Reserved> Hosts<T> {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The classes of the only reservation there is before the subnet is selected.
    pub(crate) fn first_classes(&self) -> Box<[ClassId]> {
        self.0.first().map(|h| h.extra.classes().into()).unwrap_or_default()
    }

    pub(crate) fn of(&self, scope: SubnetId) -> Option<&Host<T>> {
        self.0.iter().find(|h| h.subnet == scope).map(|h| &**h)
    }

    /// A later one for the same scope counts.
    pub(crate) fn put(&mut self, host: &Arc<Host<T>>) {
        match self.0.iter_mut().find(|h| h.subnet == host.subnet) {
            Some(there) => *there = Arc::clone(host),
            None => self.0.push(Arc::clone(host)),
        }
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

/// Looks up the global reservation of a query.
pub(crate) fn find_global<P: Protocol>(
    config: &ServerConfig<P>,
    query: &impl Identified,
) -> Option<Arc<Host<P::Reservation>>> {
    let hosts = &config.hosts;
    config
        .host_identifiers
        .iter()
        .filter(|kind| hosts.uses(**kind))
        .find_map(|kind| query.with_identifier(*kind, |octets| hosts.get(host::GLOBAL, *kind, octets)))
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
        && let Some(host) = find_global(config, query)
    {
        found.put(&host);
    }
    let hosts = &config.hosts;
    let order = || config.host_identifiers.iter().filter(|kind| hosts.uses(**kind));
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
            let host = order()
                .find_map(|kind| query.with_identifier(*kind, |octets| hosts.get(subnet.id, *kind, octets)));
            if let Some(host) = host {
                found.put(&host);
            }
        }
    }
}
