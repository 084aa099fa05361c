//! The leases in memory and the ways to find them.
//!
//! Rows are numbered. Hash tables of row numbers find the address; client identifier, hardware address and host
//! name find the first of a chain of rows that runs through the rows themselves, so that ten thousand clients with
//! one host name cost no more than others. One ordered set holds the addresses; each subnet has its rows in a heap,
//! the one that ends first in front. About 130 octets per usual DHCPv4 lease, the lease included, of which one
//! exchange of a client touches three or four cache lines.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::sync::Arc;

use ahash::RandomState;
use base::{SubnetId, SubnetMap, Timestamp};
use lease::{ExtendedKey, LeaseState};

use crate::ends::Ends;
use crate::extended::Extended;
use crate::kind::Leased;
use crate::packed::{Links, NONE, Packed};
use crate::row_table::RowTable;
use crate::slab::Slab;

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
    fn of<L: Leased>(self, lease: &L::Packed) -> &[u8] {
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

/// A lease and its neighbours in the chains of its client and its hardware address.
#[repr(align(64))]
struct Row<L: Leased> {
    lease: L::Packed,
    links: [Links; 2],
}

impl<L: Leased> Row<L> {
    fn links(&self, key: Key) -> Option<Links> {
        self.links.get(key.number()).copied().or_else(|| self.lease.name_links())
    }

    fn set_links(&mut self, key: Key, links: Links) {
        match self.links.get_mut(key.number()) {
            Some(slot) => *slot = links,
            None => self.lease.set_name_links(links),
        }
    }

    fn end(&self) -> u64 {
        lease_end::<L>(&self.lease)
    }
}

/// Which end the heap is to know: `u64::MAX` for what only waits to be forgotten.
fn lease_end<L: Leased>(lease: &L::Packed) -> u64 {
    if is_reclaimed(lease.state()) { u64::MAX } else { lease.expires().0 }
}

/// The rows of a subnet.
#[derive(Default)]
struct Subnet {
    rows: Ends,
    /// Its entry in `first_ends`.
    first: Option<u64>,
}

/// The rows and their indexes.
pub(crate) struct Index<L: Leased> {
    rows: Slab<Row<L>>,
    keys: RandomState,
    by_address: RowTable,
    by_key: [RowTable; KEYS.len()],
    addresses: BTreeSet<L::Bits>,
    subnets: SubnetMap<Subnet>,
    /// The first end of each subnet that has one, as its heap has it.
    first_ends: BTreeSet<(u64, u32)>,
    /// Ends of the reclaimed and released rows.
    reclaimed: BTreeSet<(u64, L::Bits)>,
    /// State, subnet and address of the rows that are in another state than default.
    states: BTreeSet<(u8, u32, L::Bits)>,
    /// What relay agents said, where that is asked for.
    extended: Option<Box<Extended<L>>>,
}

fn is_reclaimed(state: LeaseState) -> bool {
    matches!(state, LeaseState::ExpiredReclaimed | LeaseState::Released)
}

/// Rows below which all of them stay in the cache anyway.
const COLD: usize = 4096;

/// Entries of heaps that one call puts right at most: some hundred microseconds of work.
const PATIENCE: usize = 1024;

impl<L: Leased> Index<L> {
    pub(crate) fn new() -> Self {
        Self {
            rows: Slab::new(),
            keys: RandomState::new(),
            by_address: RowTable::new(),
            by_key: [RowTable::new(), RowTable::new(), RowTable::new()],
            addresses: BTreeSet::new(),
            subnets: SubnetMap::default(),
            first_ends: BTreeSet::new(),
            reclaimed: BTreeSet::new(),
            states: BTreeSet::new(),
            extended: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All leases, in no particular order.
    pub(crate) fn leases(&self) -> impl Iterator<Item = &L::Packed> {
        self.rows.iter().map(|row| &row.lease)
    }

    fn address_hash(&self, address: L::Bits) -> u32 {
        half(self.keys.hash_one(address))
    }

    fn row_of(&self, address: L::Bits) -> Option<u32> {
        self.by_address.find(self.address_hash(address), |row| {
            self.rows.get(row).is_some_and(|row| row.lease.address() == address)
        })
    }

    pub(crate) fn get(&self, address: L::Address) -> Option<&L::Packed> {
        self.rows.get(self.row_of(L::bits(address))?).map(|row| &row.lease)
    }

    fn share(&self, address: L::Bits) -> Option<Arc<L>> {
        self.get(L::from_bits(address)).map(Packed::share)
    }

    /// Makes `lease` the row of `address` (`None`: the address has none); answers the row that was there.
    pub(crate) fn replace(&mut self, address: L::Address, lease: Option<L::Packed>) -> Option<L::Packed> {
        let row = self.row_of(L::bits(address));
        if let Some(extended) = &mut self.extended {
            let old = row.and_then(|row| self.rows.get(row)).map(|row| &row.lease);
            extended.changed(old, lease.as_ref());
        }
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

    fn insert(&mut self, lease: L::Packed) {
        let address = lease.address();
        let row = self.rows.insert(Row { lease, links: [Links::UNLINKED; 2] });
        self.by_address.replace(self.address_hash(address), row, |_| false);
        self.addresses.insert(address);
        for key in KEYS {
            self.link(key, row);
        }
        self.enrol(row);
        self.note(row, true);
    }

    fn remove(&mut self, row: u32) -> Option<L::Packed> {
        self.note(row, false);
        self.strike(row);
        for key in KEYS {
            self.unlink(key, row);
        }
        let lease = self.rows.remove(row)?.lease;
        let address = lease.address();
        self.addresses.remove(&address);
        self.by_address.remove(self.address_hash(address), row);
        Some(lease)
    }

    fn update(&mut self, row: u32, mut lease: L::Packed) -> Option<L::Packed> {
        let old = &self.rows.get(row)?.lease;
        let moves = old.subnet_id() != lease.subnet_id();
        let notes = |lease: &L::Packed| (lease.state() != LeaseState::Default).then(|| lease.expires());
        let noted = moves || (old.state(), notes(old)) != (lease.state(), notes(&lease));
        let [client, hardware, name] = KEYS.map(|key| !key.same(key.of::<L>(old), key.of::<L>(&lease)));
        let changed = [(Key::Client, client), (Key::HwAddr, hardware), (Key::HostName, name)];
        lease.set_place(old.place());
        if let Some(links) = old.name_links().filter(|_| !name) {
            lease.set_name_links(links);
        }
        // Otherwise the heap knows no later one already, and a renewal does not look at it.
        let shorter = lease_end::<L>(&lease) < lease_end::<L>(old);
        if noted {
            self.note(row, false);
        }
        if moves {
            self.strike(row);
        }
        for (key, _) in changed.into_iter().filter(|(_, changed)| *changed) {
            self.unlink(key, row);
        }
        let old = std::mem::replace(&mut self.rows.get_mut(row)?.lease, lease);
        for (key, _) in changed.into_iter().filter(|(_, changed)| *changed) {
            self.link(key, row);
        }
        if moves {
            self.enrol(row);
        } else if shorter {
            self.shorten(row);
        }
        if noted {
            self.note(row, true);
        }
        Some(old)
    }

    /// Puts a row into the heap of its subnet.
    fn enrol(&mut self, row: u32) {
        let Some((id, end)) = self.rows.get(row).map(|row| (row.lease.subnet_id().0, row.end())) else {
            return;
        };
        let subnet = self.subnets.get_or_default(SubnetId(id));
        subnet.rows.push(end, row, places(&mut self.rows));
        follow(&mut self.first_ends, id, subnet);
    }

    /// Takes a row out of the heap of its subnet. A subnet without rows goes.
    fn strike(&mut self, row: u32) {
        let Some((id, place)) = self.rows.get(row).map(|row| (row.lease.subnet_id().0, row.lease.place()))
        else {
            return;
        };
        let Some(subnet) = self.subnets.get_mut(SubnetId(id)) else { return };
        subnet.rows.remove(usize::try_from(place).unwrap_or(usize::MAX), places(&mut self.rows));
        follow(&mut self.first_ends, id, subnet);
        if subnet.rows.is_empty() {
            self.subnets.remove(SubnetId(id));
        }
    }

    /// Tells the heap of an end that is earlier than it knows; a later one it may find out by itself.
    fn shorten(&mut self, row: u32) {
        let Some((id, place, end)) =
            self.rows.get(row).map(|row| (row.lease.subnet_id().0, row.lease.place(), row.end()))
        else {
            return;
        };
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let Some(subnet) = self.subnets.get_mut(SubnetId(id)) else { return };
        if subnet.rows.get(place).is_some_and(|known| end < known.end()) {
            subnet.rows.set(place, end, places(&mut self.rows));
            follow(&mut self.first_ends, id, subnet);
        }
    }

    /// Notes or forgets the state of a row, and its end if it waits to be forgotten.
    fn note(&mut self, row: u32, there: bool) {
        let Some(lease) = self.rows.get(row).map(|row| &row.lease) else { return };
        if lease.state() == LeaseState::Default {
            return;
        }
        let state = (lease.state().code(), lease.subnet_id().0, lease.address());
        let end = (lease.expires().0, lease.address());
        let ends = is_reclaimed(lease.state()) && lease.expires() != Timestamp(u64::MAX);
        if there {
            self.states.insert(state);
            if ends {
                self.reclaimed.insert(end);
            }
        } else {
            self.states.remove(&state);
            self.reclaimed.remove(&end);
        }
    }

    /// Makes the row the first of its key's chain.
    fn link(&mut self, key: Key, row: u32) {
        let Some(text) = self.rows.get(row).map(|row| key.of::<L>(&row.lease)).filter(|t| !t.is_empty())
        else {
            return;
        };
        let Some(table) = self.by_key.get_mut(key.number()) else { return };
        let rows = &self.rows;
        let second = table.replace(key.hash(&self.keys, text), row, |other| {
            rows.get(other).is_some_and(|other| key.same(key.of::<L>(&other.lease), text))
        });
        let second = second.unwrap_or(NONE);
        if let Some(row) = self.rows.get_mut(row) {
            row.set_links(key, Links { previous: NONE, next: second });
        }
        self.relink(key, second, |links| links.previous = row);
    }

    fn unlink(&mut self, key: Key, row: u32) {
        let Some(slot) = self.rows.get(row) else { return };
        let text = key.of::<L>(&slot.lease);
        let Some(Links { previous, next }) = slot.links(key).filter(|_| !text.is_empty()) else { return };
        if previous == NONE {
            let hash = key.hash(&self.keys, text);
            let Some(table) = self.by_key.get_mut(key.number()) else { return };
            if next == NONE {
                table.remove(hash, row);
            } else {
                table.exchange(hash, row, next);
            }
        }
        self.relink(key, next, |links| links.previous = previous);
        self.relink(key, previous, |links| links.next = next);
    }

    fn relink(&mut self, key: Key, row: u32, change: impl FnOnce(&mut Links)) {
        if row != NONE
            && let Some(row) = self.rows.get_mut(row)
            && let Some(mut links) = row.links(key)
        {
            change(&mut links);
            row.set_links(key, links);
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
            self.rows.get(row).is_some_and(|row| key.same(key.of::<L>(&row.lease), text))
        });
        let mut next = first.unwrap_or(NONE);
        while let Some(row) = self.rows.get(next) {
            found.push(row.lease.share());
            next = row.links(key).map_or(NONE, |links| links.next);
        }
        found.sort_unstable_by_key(|lease| lease.address());
        found
    }

    /// See [`lease::LeaseStore4::warm`].
    pub(crate) fn warm<'p>(
        &self,
        clients: impl Iterator<Item = (&'p [u8], L::Address)>,
        subnets: impl Iterator<Item = SubnetId>,
    ) -> u64 {
        let Some(by_hardware) = self.by_key.get(Key::HwAddr.number()).filter(|_| self.len() >= COLD) else {
            return 0;
        };
        let mut rows = Vec::with_capacity(64);
        for (hardware, address) in clients {
            rows.extend(by_hardware.find(Key::HwAddr.hash(&self.keys, hardware), |_| true));
            let address = L::bits(address);
            if address != L::LOWEST {
                rows.extend(self.by_address.find(self.address_hash(address), |_| true));
            }
        }
        let subnets: Vec<&Subnet> = subnets.filter_map(|id| self.subnets.get(id)).collect();
        let lease = |row: &u32| self.rows.get(*row).map(|row| u64::from(row.lease.subnet_id().0));
        let ends = subnets.iter().filter_map(|subnet| subnet.rows.first());
        rows.iter().filter_map(lease).chain(ends).fold(0, u64::wrapping_add)
    }

    /// Up to `limit` rows above `after`, in address order.
    pub(crate) fn page(&self, after: Option<L::Address>, limit: usize) -> Vec<Arc<L>> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(L::bits(after)));
        let range = self.addresses.range((from, Bound::Unbounded)).take(limit);
        range.filter_map(|address| self.share(*address)).collect()
    }

    /// Begins or ends to find rows by what relay agents said of them.
    pub(crate) fn keep_extended(&mut self, wanted: bool) {
        if wanted != self.extended.is_some() {
            self.extended = wanted.then(|| Box::new(Extended::of(self.leases())));
        }
    }

    /// Up to `limit` rows with this in common above `after`, in address order.
    pub(crate) fn by_extended_info(
        &self,
        key: &ExtendedKey,
        after: Option<L::Address>,
        limit: usize,
    ) -> Vec<Arc<L>> {
        let addresses = self.extended.as_ref().map(|extended| extended.page(key, after.map(L::bits), limit));
        addresses.into_iter().flatten().filter_map(|address| self.share(address)).collect()
    }

    /// The numbers of up to `limit` rows of a subnet, in no particular order.
    pub(crate) fn members(&self, subnet: SubnetId, limit: usize) -> Vec<u32> {
        self.subnets.get(subnet).map(|subnet| subnet.rows.rows().take(limit).collect()).unwrap_or_default()
    }

    /// A row by its number, if it (still) is of this subnet.
    pub(crate) fn member(&self, row: u32, subnet: SubnetId) -> Option<Arc<L>> {
        let lease = &self.rows.get(row)?.lease;
        (lease.subnet_id() == subnet).then(|| lease.share())
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
        range.filter_map(|(_, _, address)| self.share(*address)).collect()
    }

    /// Up to `limit` rows whose end is not after `now`, earliest first, ties by address. `None`: so many entries of
    /// heaps had to be put right that others should have their turn; ask again.
    pub(crate) fn expired(
        &mut self,
        subnet: Option<SubnetId>,
        now: Timestamp,
        limit: usize,
    ) -> Option<Vec<Arc<L>>> {
        // Where to look next: the earliest entries of heaps of which all above were taken.
        let mut open: BinaryHeap<Reverse<(u64, u32, usize)>> = BinaryHeap::new();
        let mut last = None;
        let mut sources = subnet.map(|SubnetId(id)| id).into_iter();
        let mut found: Vec<(u64, L::Bits)> = Vec::new();
        let (mut patience, mut touched) = (PATIENCE, Vec::new());
        let done = loop {
            // A subnet whose first end may be the next of all.
            let fresh = match subnet {
                Some(_) => sources.next().map(|id| (0, id)),
                None => {
                    let from = last.map_or(Bound::Unbounded, Bound::Excluded);
                    let until = open.peek().map_or(now.0, |Reverse((end, _, _))| *end);
                    let next = self.first_ends.range((from, Bound::Unbounded)).next().copied();
                    next.filter(|(end, _)| *end <= until)
                }
            };
            if let Some((end, id)) = fresh {
                last = Some((end, id));
                let first = self.subnets.get(SubnetId(id)).and_then(|subnet| subnet.rows.first());
                if let Some(end) = first.filter(|end| *end <= now.0) {
                    open.push(Reverse((end, id, 0)));
                }
                continue;
            }
            let Some(Reverse((end, id, place))) = open.pop() else { break true };
            // Ties at the limit are settled by address below.
            if found.len() >= limit && found.last().is_some_and(|(last, _)| end > *last) {
                break true;
            }
            let Some(subnet) = self.subnets.get_mut(SubnetId(id)) else { continue };
            let Some(entry) = subnet.rows.get(place) else { continue };
            let Some((true_end, address)) = self.rows.get(entry.row).map(|r| (r.end(), r.lease.address()))
            else {
                continue;
            };
            if true_end == end {
                found.push((end, address));
                let below =
                    Ends::below(place).filter_map(|place| Some((subnet.rows.get(place)?.end(), place)));
                open.extend(
                    below.filter(|(end, _)| *end <= now.0).map(|(end, place)| Reverse((end, id, place))),
                );
                continue;
            }
            if patience == 0 {
                break false;
            }
            patience -= 1;
            subnet.rows.set(place, true_end, places(&mut self.rows));
            if place == 0 {
                touched.push(id);
            }
            if let Some(end) = subnet.rows.get(place).map(|entry| entry.end()).filter(|end| *end <= now.0) {
                open.push(Reverse((end, id, place)));
            }
        };
        for id in touched {
            if let Some(subnet) = self.subnets.get_mut(SubnetId(id)) {
                follow(&mut self.first_ends, id, subnet);
            }
        }
        found.sort_unstable();
        done.then(|| found.into_iter().take(limit).filter_map(|(_, address)| self.share(address)).collect())
    }

    /// Up to `limit` reclaimed or released rows whose end is not after `until`, earliest first.
    pub(crate) fn reclaimed(&self, until: Timestamp, limit: usize) -> Vec<Arc<L>> {
        let range = self.reclaimed.iter().take_while(|(end, _)| *end <= until.0).take(limit);
        range.filter_map(|(_, address)| self.share(*address)).collect()
    }
}

/// Tells rows their places in the heap of their subnet.
fn places<L: Leased>(rows: &mut Slab<Row<L>>) -> impl FnMut(u32, u32) {
    |row, place| {
        if let Some(row) = rows.get_mut(row) {
            row.lease.set_place(place);
        }
    }
}

/// Keeps the entry of a subnet true.
fn follow(first_ends: &mut BTreeSet<(u64, u32)>, id: u32, subnet: &mut Subnet) {
    let first = subnet.rows.first();
    if first == subnet.first {
        return;
    }
    if let Some(end) = subnet.first {
        first_ends.remove(&(end, id));
    }
    if let Some(end) = first {
        first_ends.insert((end, id));
    }
    subnet.first = first;
}

#[cfg(test)]
mod tests {
    use lease::{Lease4, Lease6};

    use super::*;

    #[test]
    fn a_row_is_a_cache_line() {
        assert_eq!((size_of::<Option<Row<Lease4>>>(), size_of::<Option<Row<Lease6>>>()), (64, 64));
    }
}
