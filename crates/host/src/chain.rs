//! Several sources in their order.

use std::sync::Arc;

use base::SubnetId;

use crate::{Host, HostSource, IdentifierKind, Reservation};

/// Sources in the order in which they are asked: the configuration, then databases.
pub struct Chain<T: Reservation> {
    /// Those that have something.
    sources: Vec<Arc<dyn HostSource<T>>>,
}

impl<T: Reservation> Default for Chain<T> {
    fn default() -> Self {
        Self { sources: Vec::new() }
    }
}

impl<T: Reservation> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Self { sources: self.sources.clone() }
    }
}

impl<T: Reservation> std::fmt::Debug for Chain<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sources.iter().map(|s| s.name())).finish()
    }
}

impl<T: Reservation> Chain<T> {
    /// Sources that are empty are left out: a server without reservations asks nobody.
    #[must_use]
    pub fn new(sources: impl IntoIterator<Item = Arc<dyn HostSource<T>>>) -> Self {
        Self { sources: sources.into_iter().filter(|s| !s.is_empty()).collect() }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether some reservation knows its client by an identifier of this kind.
    #[must_use]
    pub fn uses(&self, kind: IdentifierKind) -> bool {
        self.sources.iter().any(|s| s.uses(kind))
    }

    /// The reservation of a client in one scope, from the first source that has one.
    #[must_use]
    pub fn get(&self, subnet: SubnetId, kind: IdentifierKind, octets: &[u8]) -> Option<Arc<Host<T>>> {
        self.sources.iter().find_map(|s| s.get(subnet, kind, octets))
    }

    /// Visits the reservations of a client in all scopes and sources.
    pub fn each_of(&self, kind: IdentifierKind, octets: &[u8], visit: &mut dyn FnMut(&Arc<Host<T>>)) {
        self.sources.iter().for_each(|s| s.each_of(kind, octets, visit));
    }

    /// Visits the reservations of an address or prefix in one scope.
    pub fn each_at(&self, subnet: SubnetId, resource: T::Resource, visit: &mut dyn FnMut(&Arc<Host<T>>)) {
        self.sources.iter().for_each(|s| s.each_at(subnet, resource, visit));
    }

    /// Visits the reservations of a name, compared without case.
    pub fn each_named(&self, hostname: &str, visit: &mut dyn FnMut(&Arc<Host<T>>)) {
        self.sources.iter().for_each(|s| s.each_named(hostname, visit));
    }

    /// Visits all reserved addresses and prefixes with their scopes.
    pub fn each_resource(&self, visit: &mut dyn FnMut(SubnetId, T::Resource)) {
        self.sources.iter().for_each(|s| s.each_resource(visit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::tests::Given;
    use crate::{Identifier, Table};

    fn table(client: u8, subnet: u32, extra: u32) -> Arc<dyn HostSource<Given>> {
        let mut table = Table::default();
        let identifier = Identifier::new(IdentifierKind::ClientId, &[client]).unwrap();
        let extra = Given { resources: vec![1], extra };
        let host = Host { identifier, subnet: SubnetId(subnet), hostname: "n".into(), extra };
        table.add(host, true).unwrap();
        Arc::new(table)
    }

    #[test]
    fn the_first_source_counts() {
        let empty: Arc<dyn HostSource<Given>> = Arc::new(Table::default());
        assert!(Chain::new([Arc::clone(&empty)]).is_empty());
        let chain = Chain::new([empty, table(1, 1, 10), table(1, 1, 20), table(2, 1, 30)]);
        let get = |client| chain.get(SubnetId(1), IdentifierKind::ClientId, &[client]).map(|h| h.extra.extra);
        assert_eq!((get(1), get(2), get(3)), (Some(10), Some(30), None));
        let mut seen = Vec::new();
        chain.each_at(SubnetId(1), 1, &mut |h| seen.push(h.extra.extra));
        assert_eq!(seen, [10, 20, 30]);
        assert!(chain.uses(IdentifierKind::ClientId) && !chain.uses(IdentifierKind::FlexId));
    }
}
