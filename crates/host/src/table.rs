//! Reservations in memory.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;
use base::SubnetId;
use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::{GLOBAL, Host, HostSource, IdentifierKind, Reservation};

/// Positions in the list of hosts; nearly always one.
type Rows = SmallVec<[u32; 2]>;

/// Why a reservation cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicate {
    /// The client has a reservation in this scope.
    Identifier,
    /// The address or prefix at this place of the reservation's is reserved for another client of this scope.
    Resource(usize),
}

/// Reservations of a configuration, indexed. The keys of most indexes are in the hosts themselves.
#[derive(Clone, Debug)]
pub struct Table<T: Reservation> {
    hosts: Vec<Arc<Host<T>>>,
    hasher: RandomState,
    /// By scope and identifier.
    by_client: HashTable<u32>,
    /// By identifier alone; a row of each group stands for its key.
    by_identifier: HashTable<Rows>,
    /// By scope and address or prefix.
    by_resource: HashMap<(SubnetId, T::Resource), Rows, RandomState>,
    /// By lower-case name.
    by_hostname: HashTable<Rows>,
    /// Kinds of identifiers that occur, a bit each.
    kinds: u8,
}

impl<T: Reservation> Default for Table<T> {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            hasher: RandomState::new(),
            by_client: HashTable::new(),
            by_identifier: HashTable::new(),
            by_resource: HashMap::default(),
            by_hostname: HashTable::new(),
            kinds: 0,
        }
    }
}

fn at<T>(hosts: &[Arc<Host<T>>], row: u32) -> Option<&Arc<Host<T>>> {
    hosts.get(usize::try_from(row).ok()?)
}

/// The host that stands for a group of rows.
fn first<'h, T>(hosts: &'h [Arc<Host<T>>], rows: &Rows) -> Option<&'h Arc<Host<T>>> {
    at(hosts, *rows.first()?)
}

impl<T: Reservation> Table<T> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// In the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Host<T>>> {
        self.hosts.iter()
    }

    /// Adds a reservation. `unique`: no address or prefix for two clients of one scope; global reservations are never
    /// compared so, as in Kea.
    pub fn add(&mut self, host: Host<T>, unique: bool) -> Result<(), Duplicate> {
        let (kind, octets) = (host.identifier.kind(), host.identifier.octets());
        if self.position(host.subnet, kind, octets).is_some() {
            return Err(Duplicate::Identifier);
        }
        if unique && host.subnet != GLOBAL {
            let taken = |resource: &T::Resource| self.by_resource.contains_key(&(host.subnet, *resource));
            if let Some(place) = host.extra.resources().iter().position(taken) {
                return Err(Duplicate::Resource(place));
            }
        }
        // 4 billion hosts do not fit into memory.
        let row = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        self.kinds |= 1 << kind as u8;
        let (hosts, hasher) = (&self.hosts, &self.hasher);
        let hash =
            |host: &Host<T>| hasher.hash_one((host.subnet, host.identifier.kind(), host.identifier.octets()));
        self.by_client.insert_unique(hash(&host), row, |row| at(hosts, *row).map_or(0, |h| hash(h)));
        let same = |h: &Host<T>| h.identifier == host.identifier;
        let hash = |h: &Host<T>| hasher.hash_one((h.identifier.kind(), h.identifier.octets()));
        group(&mut self.by_identifier, hosts, row, &host, same, hash);
        for resource in host.extra.resources() {
            self.by_resource.entry((host.subnet, *resource)).or_default().push(row);
        }
        if !host.hostname.is_empty() {
            let same = |h: &Host<T>| h.hostname.eq_ignore_ascii_case(&host.hostname);
            let hash = |h: &Host<T>| hash_name(hasher, &h.hostname);
            group(&mut self.by_hostname, hosts, row, &host, same, hash);
        }
        self.hosts.push(Arc::new(host));
        Ok(())
    }

    fn position(&self, subnet: SubnetId, kind: IdentifierKind, octets: &[u8]) -> Option<u32> {
        if self.hosts.is_empty() {
            return None;
        }
        let hash = self.hasher.hash_one((subnet, kind, octets));
        let same = |row: &u32| {
            at(&self.hosts, *row).is_some_and(|h| {
                h.subnet == subnet && h.identifier.kind() == kind && h.identifier.octets() == octets
            })
        };
        self.by_client.find(hash, same).copied()
    }

    fn visit(&self, rows: Option<&Rows>, visit: &mut dyn FnMut(&Arc<Host<T>>)) {
        rows.into_iter().flatten().filter_map(|row| at(&self.hosts, *row)).for_each(visit);
    }
}

fn hash_name(hasher: &RandomState, name: &str) -> u64 {
    hasher.hash_one(name.to_ascii_lowercase())
}

/// Adds a row to the group of its key.
fn group<T>(
    table: &mut HashTable<Rows>,
    hosts: &[Arc<Host<T>>],
    row: u32,
    host: &Host<T>,
    same: impl Fn(&Host<T>) -> bool,
    hash: impl Fn(&Host<T>) -> u64,
) {
    let value = hash(host);
    match table.find_mut(value, |rows| first(hosts, rows).is_some_and(|h| same(h))) {
        Some(rows) => rows.push(row),
        None => {
            let rehash = |rows: &Rows| first(hosts, rows).map_or(0, |h| hash(h));
            table.insert_unique(value, SmallVec::from_slice(&[row]), rehash);
        }
    }
}

impl<T: Reservation> HostSource<T> for Table<T> {
    fn name(&self) -> &'static str {
        "configuration"
    }

    fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    fn uses(&self, kind: IdentifierKind) -> bool {
        self.kinds & (1 << kind as u8) != 0
    }

    fn get(&self, subnet: SubnetId, kind: IdentifierKind, octets: &[u8]) -> Option<Arc<Host<T>>> {
        self.position(subnet, kind, octets).and_then(|row| at(&self.hosts, row)).map(Arc::clone)
    }

    fn each_of(&self, kind: IdentifierKind, octets: &[u8], visit: &mut dyn FnMut(&Arc<Host<T>>)) {
        let hash = self.hasher.hash_one((kind, octets));
        let rows = self.by_identifier.find(hash, |rows| {
            first(&self.hosts, rows)
                .is_some_and(|h| h.identifier.kind() == kind && h.identifier.octets() == octets)
        });
        self.visit(rows, visit);
    }

    fn each_at(&self, subnet: SubnetId, resource: T::Resource, visit: &mut dyn FnMut(&Arc<Host<T>>)) {
        self.visit(self.by_resource.get(&(subnet, resource)), visit);
    }

    fn each_named(&self, hostname: &str, visit: &mut dyn FnMut(&Arc<Host<T>>)) {
        let rows = self.by_hostname.find(hash_name(&self.hasher, hostname), |rows| {
            first(&self.hosts, rows).is_some_and(|h| h.hostname.eq_ignore_ascii_case(hostname))
        });
        self.visit(rows, visit);
    }

    fn each_resource(&self, visit: &mut dyn FnMut(SubnetId, T::Resource)) {
        for host in &self.hosts {
            for resource in host.extra.resources() {
                visit(host.subnet, *resource);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Identifier;

    #[derive(Clone, Debug, Default, PartialEq)]
    pub(crate) struct Given {
        pub(crate) resources: Vec<u32>,
        pub(crate) extra: u32,
    }

    impl Reservation for Given {
        type Resource = u32;

        fn resources(&self) -> &[u32] {
            &self.resources
        }

        fn address(resource: u32) -> std::net::IpAddr {
            std::net::Ipv4Addr::from(resource).into()
        }
    }

    fn host(subnet: u32, octets: &[u8], resources: &[u32], name: &str) -> Host<Given> {
        Host {
            identifier: Identifier::new(IdentifierKind::HwAddress, octets).unwrap(),
            subnet: SubnetId(subnet),
            hostname: name.into(),
            extra: Given { resources: resources.to_vec(), extra: 0 },
        }
    }

    #[test]
    fn lookups() {
        let mut table = Table::default();
        assert!(!table.uses(IdentifierKind::HwAddress));
        assert_eq!(table.get(SubnetId(1), IdentifierKind::HwAddress, &[1]), None);
        table.add(host(1, &[1], &[7], "Foo"), true).unwrap();
        table.add(host(2, &[1], &[7], "foo"), true).unwrap();
        table.add(host(0, &[1], &[], ""), true).unwrap();
        assert!(table.uses(IdentifierKind::HwAddress) && !table.uses(IdentifierKind::Duid));
        let subnets = |kind, octets: &[u8]| {
            let mut found = Vec::new();
            table.each_of(kind, octets, &mut |h| found.push(h.subnet.0));
            found
        };
        assert_eq!(subnets(IdentifierKind::HwAddress, &[1]), [1, 2, 0]);
        assert!(subnets(IdentifierKind::ClientId, &[1]).is_empty());
        let get = |subnet| table.get(SubnetId(subnet), IdentifierKind::HwAddress, &[1]);
        assert_eq!(get(2).unwrap().subnet, SubnetId(2));
        assert!(get(0).unwrap().extra.resources.is_empty());
        assert!(get(3).is_none());
        let mut named = 0;
        table.each_named("FOO", &mut |_| named += 1);
        assert_eq!(named, 2);
        let mut addresses = Vec::new();
        table.each_resource(&mut |subnet, _| addresses.push(subnet.0));
        assert_eq!(addresses, [1, 2]);
    }

    #[test]
    fn duplicates() {
        let mut table = Table::default();
        table.add(host(1, &[1], &[7, 8], ""), true).unwrap();
        assert_eq!(table.add(host(1, &[1], &[9], ""), true), Err(Duplicate::Identifier));
        assert_eq!(table.add(host(1, &[2], &[6, 8], ""), true), Err(Duplicate::Resource(1)));
        table.add(host(1, &[2], &[8], ""), false).unwrap();
        let mut holders = 0;
        table.each_at(SubnetId(1), 8, &mut |_| holders += 1);
        assert_eq!((holders, table.len()), (2, 2));
    }

    #[test]
    fn many() {
        let mut table = Table::default();
        for n in 0..100_000u32 {
            table.add(host(n % 7 + 1, &n.to_be_bytes(), &[n], &format!("h{n}")), true).unwrap();
        }
        for n in (0..100_000u32).step_by(97) {
            let subnet = SubnetId(n % 7 + 1);
            let found = table.get(subnet, IdentifierKind::HwAddress, &n.to_be_bytes()).unwrap();
            let mut same = 0;
            let mut check = |h: &Arc<Host<Given>>| same += u32::from(Arc::ptr_eq(h, &found));
            table.each_at(subnet, n, &mut check);
            table.each_named(&format!("H{n}"), &mut check);
            assert_eq!(same, 2);
            assert!(table.get(GLOBAL, IdentifierKind::HwAddress, &n.to_be_bytes()).is_none());
        }
    }
}
