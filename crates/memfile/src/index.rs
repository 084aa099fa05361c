//! The leases in memory and the ways to find them.
//!
//! Rows are numbered. Hash tables of row numbers find the address; client identifier, hardware address and host
//! name find the first of a chain of rows that runs through the rows themselves, so that ten thousand clients with
//! one host name cost no more than others. Ordered sets per subnet hold addresses and ends. About 300 octets per
//! lease, the lease included.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::sync::Arc;

use ahash::RandomState;
use base::{SubnetId, Timestamp};
use lease::LeaseState;

use crate::kind::Leased;
use crate::row_table::RowTable;

/// No row.
const NONE: u32 = u32::MAX;

/// The keys that several leases may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Client,
    HwAddr,
    HostName,
}

const KEYS: [Key; 3] = [Key::Client, Key::HwAddr, Key::HostName];

impl Key {
    fn number(self) -> usize {
        match self {
            Self::Client => 0,
            Self::HwAddr => 1,
            Self::HostName => 2,
        }
    }

    /// The key of a lease; empty when it has none.
    fn of<L: Leased>(self, lease: &L) -> &[u8] {
        match self {
            Self::Client => lease.client(),
            Self::HwAddr => lease.hardware(),
            Self::HostName => lease.hostname().as_bytes(),
        }
    }

    fn same(self, left: &[u8], right: &[u8]) -> bool {
        match self {
            Self::HostName => left.eq_ignore_ascii_case(right),
            _ => left == right,
        }
    }

    fn hash(self, keys: &RandomState, key: &[u8]) -> u32 {
        match self {
            Self::HostName if key.iter().any(u8::is_ascii_uppercase) => {
                half(keys.hash_one(key.to_ascii_lowercase().as_slice()))
            }
            _ => half(keys.hash_one(key)),
        }
    }
}

/// The 32 bits of a hash that the tables keep.
fn half(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0)
}

/// Neighbours in a chain.
#[derive(Clone, Copy)]
struct Links {
    previous: u32,
    next: u32,
}

struct Row<L> {
    /// `None`: the row is free.
    lease: Option<Arc<L>>,
    links: [Links; KEYS.len()],
}

const UNLINKED: Links = Links { previous: NONE, next: NONE };

/// What is ordered within a subnet.
struct Subnet<B> {
    addresses: BTreeSet<B>,
    /// Ends of the rows whose time can run out: states default, declined and registered, not infinite.
    ends: BTreeSet<(u64, B)>,
}

impl<B> Default for Subnet<B> {
    fn default() -> Self {
        Self { addresses: BTreeSet::new(), ends: BTreeSet::new() }
    }
}

/// The rows and their indexes.
pub(crate) struct Index<L: Leased> {
    rows: Vec<Row<L>>,
    free: Vec<u32>,
    keys: RandomState,
    by_address: RowTable,
    by_key: [RowTable; KEYS.len()],
    addresses: BTreeSet<L::Bits>,
    subnets: BTreeMap<u32, Subnet<L::Bits>>,
    /// Earliest end of each subnet that has one.
    first_ends: BTreeSet<(u64, u32)>,
    /// Ends of the reclaimed and released rows.
    reclaimed: BTreeSet<(u64, L::Bits)>,
    /// State, subnet and address of the rows that are in another state than default.
    states: BTreeSet<(u8, u32, L::Bits)>,
    count: usize,
}

/// Whether the end of a row stands in the ordered sets.
fn ends<L: Leased>(lease: &L) -> Option<u64> {
    let end = lease.expires();
    (end != Timestamp(u64::MAX)).then_some(end.0)
}

fn is_reclaimed(state: LeaseState) -> bool {
    matches!(state, LeaseState::ExpiredReclaimed | LeaseState::Released)
}

impl<L: Leased> Index<L> {
    pub(crate) fn new() -> Self {
        Self {
            rows: Vec::new(),
            free: Vec::new(),
            keys: RandomState::new(),
            by_address: RowTable::new(),
            by_key: [RowTable::new(), RowTable::new(), RowTable::new()],
            addresses: BTreeSet::new(),
            subnets: BTreeMap::new(),
            first_ends: BTreeSet::new(),
            reclaimed: BTreeSet::new(),
            states: BTreeSet::new(),
            count: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    fn lease_at(rows: &[Row<L>], row: u32) -> Option<&Arc<L>> {
        rows.get(usize::try_from(row).ok()?)?.lease.as_ref()
    }

    fn address_hash(&self, address: L::Bits) -> u32 {
        half(self.keys.hash_one(address))
    }

    fn row_of(&self, address: L::Bits) -> Option<u32> {
        self.by_address.find(self.address_hash(address), |row| {
            Self::lease_at(&self.rows, row).is_some_and(|lease| L::bits(lease.address()) == address)
        })
    }

    pub(crate) fn get(&self, address: L::Address) -> Option<&Arc<L>> {
        Self::lease_at(&self.rows, self.row_of(L::bits(address))?)
    }

    /// Makes `lease` the row of `address` (`None`: the address has none); answers the row that was there.
    pub(crate) fn replace(&mut self, address: L::Address, lease: Option<Arc<L>>) -> Option<Arc<L>> {
        let row = self.row_of(L::bits(address));
        match (row, lease) {
            (None, None) => None,
            (None, Some(lease)) => {
                self.insert(lease);
                None
            }
            (Some(row), None) => self.remove(row),
            (Some(row), Some(lease)) => self.update(row, lease),
        }
    }

    fn insert(&mut self, lease: Arc<L>) {
        let row = self.free.pop().unwrap_or_else(|| {
            self.rows.push(Row { lease: None, links: [UNLINKED; KEYS.len()] });
            // NONE is never reached in memory we have.
            u32::try_from(self.rows.len() - 1).unwrap_or(NONE)
        });
        self.order(&lease, true);
        self.place(&lease, true);
        let address = L::bits(lease.address());
        if let Some(slot) = usize::try_from(row).ok().and_then(|row| self.rows.get_mut(row)) {
            slot.lease = Some(lease);
        }
        self.by_address.replace(self.address_hash(address), row, |_| false);
        for key in KEYS {
            self.link(key, row);
        }
        self.count += 1;
    }

    fn remove(&mut self, row: u32) -> Option<Arc<L>> {
        for key in KEYS {
            self.unlink(key, row);
        }
        let old = Self::lease_at(&self.rows, row)?.clone();
        self.by_address.remove(self.address_hash(L::bits(old.address())), row);
        self.order(&old, false);
        self.place(&old, false);
        if let Some(slot) = usize::try_from(row).ok().and_then(|row| self.rows.get_mut(row)) {
            slot.lease = None;
        }
        self.free.push(row);
        self.count -= 1;
        Some(old)
    }

    fn update(&mut self, row: u32, lease: Arc<L>) -> Option<Arc<L>> {
        let old = Self::lease_at(&self.rows, row)?.clone();
        let reordered =
            (old.subnet_id(), old.state(), ends(&*old)) != (lease.subnet_id(), lease.state(), ends(&*lease));
        if reordered {
            self.order(&old, false);
        }
        if old.subnet_id() != lease.subnet_id() {
            self.place(&old, false);
            self.place(&lease, true);
        }
        if reordered {
            self.order(&lease, true);
        }
        let moved = KEYS.map(|key| !key.same(key.of(&*old), key.of(&*lease)));
        for (key, _) in KEYS.into_iter().zip(moved).filter(|(_, moved)| *moved) {
            self.unlink(key, row);
        }
        if let Some(slot) = usize::try_from(row).ok().and_then(|row| self.rows.get_mut(row)) {
            slot.lease = Some(lease);
        }
        for (key, _) in KEYS.into_iter().zip(moved).filter(|(_, moved)| *moved) {
            self.link(key, row);
        }
        Some(old)
    }

    /// Notes or forgets the address of a row. A subnet without addresses goes, so its ends must be gone before.
    fn place(&mut self, lease: &L, there: bool) {
        let (address, subnet) = (L::bits(lease.address()), lease.subnet_id().0);
        if there {
            self.addresses.insert(address);
            self.subnets.entry(subnet).or_default().addresses.insert(address);
        } else {
            self.addresses.remove(&address);
            if let Some(set) = self.subnets.get_mut(&subnet) {
                set.addresses.remove(&address);
                if set.addresses.is_empty() {
                    self.subnets.remove(&subnet);
                }
            }
        }
    }

    /// Notes or forgets the end and the state of a row.
    fn order(&mut self, lease: &L, there: bool) {
        let (address, subnet) = (L::bits(lease.address()), lease.subnet_id().0);
        if lease.state() != LeaseState::Default {
            let state = (lease.state().code(), subnet, address);
            if there {
                self.states.insert(state);
            } else {
                self.states.remove(&state);
            }
        }
        let Some(end) = ends(lease) else { return };
        if is_reclaimed(lease.state()) {
            if there {
                self.reclaimed.insert((end, address));
            } else {
                self.reclaimed.remove(&(end, address));
            }
            return;
        }
        let set = &mut self.subnets.entry(subnet).or_default().ends;
        let before = set.first().copied();
        if there {
            set.insert((end, address));
        } else {
            set.remove(&(end, address));
        }
        let after = set.first().copied();
        let (before, after) = (before.map(|(end, _)| end), after.map(|(end, _)| end));
        if before != after {
            if let Some(end) = before {
                self.first_ends.remove(&(end, subnet));
            }
            if let Some(end) = after {
                self.first_ends.insert((end, subnet));
            }
        }
    }

    fn links_mut(rows: &mut [Row<L>], row: u32, key: Key) -> Option<&mut Links> {
        rows.get_mut(usize::try_from(row).ok()?)?.links.get_mut(key.number())
    }

    /// Makes the row the first of its key's chain.
    fn link(&mut self, key: Key, row: u32) {
        let Some(lease) = Self::lease_at(&self.rows, row) else { return };
        let text = key.of(&**lease);
        if text.is_empty() {
            return;
        }
        let (rows, keys) = (&self.rows, &self.keys);
        let Some(table) = self.by_key.get_mut(key.number()) else { return };
        let second = table.replace(key.hash(keys, text), row, |other| {
            Self::lease_at(rows, other).is_some_and(|other| key.same(key.of(&**other), text))
        });
        let second = second.unwrap_or(NONE);
        if let Some(links) = Self::links_mut(&mut self.rows, row, key) {
            *links = Links { previous: NONE, next: second };
        }
        if let Some(links) = Self::links_mut(&mut self.rows, second, key) {
            links.previous = row;
        }
    }

    fn unlink(&mut self, key: Key, row: u32) {
        let Some(lease) = Self::lease_at(&self.rows, row).cloned() else { return };
        let text = key.of(&*lease);
        if text.is_empty() {
            return;
        }
        let Some(links) = Self::links_mut(&mut self.rows, row, key) else { return };
        let Links { previous, next } = std::mem::replace(links, UNLINKED);
        if let Some(links) = Self::links_mut(&mut self.rows, next, key) {
            links.previous = previous;
        }
        if previous != NONE {
            if let Some(links) = Self::links_mut(&mut self.rows, previous, key) {
                links.next = next;
            }
            return;
        }
        let hash = key.hash(&self.keys, text);
        let Some(table) = self.by_key.get_mut(key.number()) else { return };
        if next == NONE {
            table.remove(hash, row);
        } else {
            table.exchange(hash, row, next);
        }
    }

    /// All rows with this key, in address order.
    pub(crate) fn by_key(&self, key: Key, text: &[u8]) -> Vec<Arc<L>> {
        let mut found = Vec::new();
        if text.is_empty() {
            return found;
        }
        let Some(table) = self.by_key.get(key.number()) else { return found };
        let first = table.find(key.hash(&self.keys, text), |row| {
            Self::lease_at(&self.rows, row).is_some_and(|lease| key.same(key.of(&**lease), text))
        });
        let mut row = first.unwrap_or(NONE);
        while let Some(slot) = usize::try_from(row).ok().and_then(|row| self.rows.get(row)) {
            found.extend(slot.lease.clone());
            row = slot.links.get(key.number()).map_or(NONE, |links| links.next);
        }
        found.sort_unstable_by_key(|lease| lease.address());
        found
    }

    /// Up to `limit` rows above `after`, in address order.
    pub(crate) fn page(
        &self,
        subnet: Option<SubnetId>,
        after: Option<L::Address>,
        limit: usize,
    ) -> Vec<Arc<L>> {
        let addresses = match subnet {
            None => &self.addresses,
            Some(SubnetId(subnet)) => match self.subnets.get(&subnet) {
                Some(subnet) => &subnet.addresses,
                None => return Vec::new(),
            },
        };
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(L::bits(after)));
        let range = addresses.range((from, Bound::Unbounded)).take(limit);
        range.filter_map(|address| self.get(L::from_bits(*address)).cloned()).collect()
    }

    /// Up to `limit` rows in a state other than default above `after` (subnet and address), in that order.
    pub(crate) fn in_state(
        &self,
        state: LeaseState,
        subnet: Option<SubnetId>,
        after: Option<(SubnetId, L::Address)>,
        limit: usize,
    ) -> Vec<Arc<L>> {
        let code = state.code();
        let from = match (after, subnet) {
            (Some((subnet, address)), _) => Bound::Excluded((code, subnet.0, L::bits(address))),
            (None, Some(subnet)) => Bound::Included((code, subnet.0, L::LOWEST)),
            (None, None) => Bound::Included((code, 0, L::LOWEST)),
        };
        let to = Bound::Included((code, subnet.map_or(u32::MAX, |subnet| subnet.0), L::HIGHEST));
        let range = self.states.range((from, to)).take(limit);
        range.filter_map(|(_, _, address)| self.get(L::from_bits(*address)).cloned()).collect()
    }

    /// Up to `limit` rows whose end is not after `now`, earliest first, ties by address.
    pub(crate) fn expired(&self, subnet: Option<SubnetId>, now: Timestamp, limit: usize) -> Vec<Arc<L>> {
        let mut found = Vec::new();
        let take = |found: &mut Vec<Arc<L>>, address: L::Bits| {
            found.extend(self.get(L::from_bits(address)).cloned());
        };
        if let Some(SubnetId(subnet)) = subnet {
            let ends = self.subnets.get(&subnet).map(|subnet| &subnet.ends);
            for (_, address) in ends.into_iter().flatten().take_while(|(end, _)| *end <= now.0).take(limit) {
                take(&mut found, *address);
            }
            return found;
        }
        // A merge of the subnets that have something to give; so many rows come from no more subnets.
        let mut sources: Vec<_> = self
            .first_ends
            .iter()
            .take_while(|(end, _)| *end <= now.0)
            .take(limit)
            .filter_map(|(_, subnet)| self.subnets.get(subnet))
            .map(|subnet| subnet.ends.iter().take_while(|(end, _)| *end <= now.0))
            .collect();
        let mut heap: BinaryHeap<_> = sources
            .iter_mut()
            .enumerate()
            .filter_map(|(number, source)| source.next().map(|first| Reverse((*first, number))))
            .collect();
        while found.len() < limit {
            let Some(Reverse(((_, address), number))) = heap.pop() else { break };
            take(&mut found, address);
            if let Some(next) = sources.get_mut(number).and_then(Iterator::next) {
                heap.push(Reverse((*next, number)));
            }
        }
        found
    }

    /// Up to `limit` reclaimed or released rows whose end is not after `until`, earliest first.
    pub(crate) fn reclaimed(&self, until: Timestamp, limit: usize) -> Vec<Arc<L>> {
        let range = self.reclaimed.iter().take_while(|(end, _)| *end <= until.0).take(limit);
        range.filter_map(|(_, address)| self.get(L::from_bits(*address)).cloned()).collect()
    }
}
