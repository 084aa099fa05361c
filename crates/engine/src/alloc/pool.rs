//! The addresses or prefixes of one pool.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::{PoolId, Timestamp, XorShift};
use config::Allocator;
use observe::stats::Part;

use super::queue::{self, FreeQueue};
use super::{Address, Bitmap};

/// Whether .0 and .255 are kept from clients (`exclude-first-last-24`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Excluded(pub bool);

impl Excluded {
    fn holds(self, number: u128) -> bool {
        self.0 && matches!(number & 0xff, 0 | 0xff)
    }
}

/// What a pool consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape<A> {
    pub id: PoolId,
    /// First address of the first place.
    pub first: A,
    /// Last address of the last place.
    pub last: A,
    /// Bits of a place: 0 for addresses; 128 minus the delegated length for prefixes.
    pub shift: u8,
    pub excluded: Excluded,
    pub allocator: Allocator,
}

impl<A: Address> Shape<A> {
    fn contains(&self, number: u128) -> bool {
        (self.first.number()..=self.last.number()).contains(&number)
    }

    /// How many addresses or prefixes there are, at most `u128::MAX`.
    #[must_use]
    pub fn size(&self) -> u128 {
        let span = self.last.number().saturating_sub(self.first.number());
        span.checked_shr(u32::from(self.shift)).unwrap_or(0).saturating_add(1)
    }

    /// Places that allocators choose from: of a pool with more than 2^64, the first so many.
    pub(super) fn capacity(&self) -> u64 {
        u64::try_from(self.size()).unwrap_or(u64::MAX)
    }

    /// The place that an address lies in; `None` outside, in excluded places, and beyond the first 2^64.
    fn place(&self, number: u128) -> Option<u64> {
        if !self.contains(number) || self.excluded.holds(number) {
            return None;
        }
        u64::try_from((number - self.first.number()).checked_shr(u32::from(self.shift)).unwrap_or(0)).ok()
    }

    /// The places that `shift` bits from an address on lie in or cover, at most [`WIDEST`].
    fn covered(&self, address: A, shift: u8) -> std::ops::Range<u64> {
        let first = address.number().max(self.first.number());
        let last = end(address, shift).min(self.last.number());
        if first > last {
            return 0..0;
        }
        let (Some(first), Some(last)) = (self.place(first), self.place(last)) else { return 0..0 };
        first..last.saturating_add(1).min(first.saturating_add(WIDEST)).min(self.capacity())
    }

    fn address(&self, place: u64) -> A {
        let offset = u128::from(place).checked_shl(u32::from(self.shift)).unwrap_or(0);
        A::from_number(self.first.number().saturating_add(offset))
    }
}

/// Places of the largest pool that is looked at again when it is full.
const SURVEYED: u64 = 1 << 20;

/// Places that a lease wider than a place is marked in, at most: what is left of pools whose delegated length has
/// changed by more is not kept from others.
const WIDEST: u64 = 1 << 16;

/// The last address of `shift` bits from an address on.
pub(super) fn end<A: Address>(address: A, shift: u8) -> u128 {
    address.number() | 1u128.checked_shl(u32::from(shift)).unwrap_or(0).wrapping_sub(1)
}

/// The state of one pool, which outlives reconfigurations.
#[derive(Debug)]
pub struct Pool<A> {
    shape: Shape<A>,
    state: Mutex<State>,
    /// Shared by the pools of the subnet that have the same id.
    pub(super) counters: Part,
    /// When what other servers left of it was looked at last.
    looked: AtomicU64,
}

#[derive(Debug)]
struct State {
    /// What allocators pass over: leased, excluded and reserved places.
    occupied: Bitmap,
    /// Places with more to them than one lease of their size; all of them are marked in `occupied`.
    special: BTreeMap<u64, Special>,
    /// How many reserved places are not leased.
    waiting: u64,
    chooser: Chooser,
}

/// How the next free place is chosen, and what that takes.
#[derive(Debug)]
enum Chooser {
    /// Where the search for the next place starts.
    Iterative(u64),
    Random(XorShift),
    Queue(Box<FreeQueue>, XorShift),
}

#[derive(Clone, Copy, Debug, Default)]
struct Special {
    reserved: bool,
    /// Leased as a whole.
    leased: bool,
    /// Leases of another size that the place holds or lies in.
    others: u32,
}

impl Special {
    fn waits(self) -> bool {
        self.reserved && !self.leased && self.others == 0
    }
}

impl State {
    fn new(occupied: Bitmap, allocator: Allocator, seed: u64) -> Self {
        let chooser = match allocator {
            Allocator::Iterative => Chooser::Iterative(0),
            Allocator::Random => Chooser::Random(XorShift::new(seed)),
            Allocator::FreeLeaseQueue => {
                Chooser::Queue(Box::new(FreeQueue::new(&occupied)), XorShift::new(seed))
            }
        };
        Self { occupied, special: BTreeMap::new(), waiting: 0, chooser }
    }

    fn set(&mut self, at: u64, occupied: bool) {
        self.occupied.set(at, occupied);
        if let Chooser::Queue(queue, _) = &mut self.chooser {
            queue.mark(at, occupied);
        }
    }

    /// A lease of the size of a place came or went.
    fn mark(&mut self, at: u64, occupied: bool) {
        if self.special.contains_key(&at) {
            self.change(at, |special| special.leased = occupied);
        } else {
            self.set(at, occupied);
        }
    }

    /// A lease of another size came or went.
    fn mark_other(&mut self, at: u64, occupied: bool) {
        self.change(at, |special| {
            special.others =
                if occupied { special.others.saturating_add(1) } else { special.others.saturating_sub(1) };
        });
    }

    fn change(&mut self, at: u64, change: impl FnOnce(&mut Special)) {
        if at >= self.occupied.capacity() {
            return;
        }
        let leased = self.occupied.is_occupied(at);
        let special = self.special.entry(at).or_insert(Special { leased, ..Special::default() });
        let waited = special.waits();
        change(special);
        let special = *special;
        self.waiting = (self.waiting + u64::from(special.waits())).saturating_sub(u64::from(waited));
        if special.reserved || special.others > 0 {
            self.set(at, true);
        } else {
            self.special.remove(&at);
            self.set(at, special.leased);
        }
    }

    /// These places, and no others, are reserved. One may be reserved for several clients.
    fn keep(&mut self, places: impl Iterator<Item = u64>) {
        let before: Vec<u64> =
            self.special.iter().filter(|(_, special)| special.reserved).map(|(at, _)| *at).collect();
        for at in before {
            self.change(at, |special| special.reserved = false);
        }
        for at in places {
            self.change(at, |special| special.reserved = true);
        }
    }

    fn next_free(&mut self) -> Option<u64> {
        match &mut self.chooser {
            Chooser::Iterative(cursor) => {
                let at = self.occupied.next_free(*cursor)?;
                *cursor = at + 1;
                Some(at)
            }
            Chooser::Random(random) => queue::draw(&self.occupied, random),
            Chooser::Queue(queue, random) => queue.next_free(&self.occupied, random),
        }
    }

    /// Places that are leased or excluded.
    fn used(&self) -> u64 {
        self.occupied.occupied().saturating_sub(self.waiting)
    }
}

impl<A: Address> Pool<A> {
    /// `seed` is for choices at random.
    pub(super) fn new(shape: Shape<A>, counters: Part, seed: u64) -> Self {
        let mut occupied = Bitmap::new(shape.capacity());
        if shape.excluded.0 {
            // The first and the last of each 256 addresses.
            let (first, last) = (shape.first.number(), shape.last.number());
            let mut edge = first & !0xff;
            while edge <= last {
                for number in [edge, edge + 0xff] {
                    if shape.contains(number)
                        && let Ok(at) = u64::try_from(number - first)
                    {
                        occupied.set(at, true);
                    }
                }
                edge += 0x100;
            }
        }
        Self {
            shape,
            state: Mutex::new(State::new(occupied, shape.allocator, seed)),
            counters,
            looked: AtomicU64::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is a bitmap and numbers: consistent after each call, also after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn shape(&self) -> &Shape<A> {
        &self.shape
    }

    #[must_use]
    pub fn contains(&self, address: A) -> bool {
        self.shape.contains(address.number())
    }

    /// The next free address, or first address of a free prefix, as the allocator chooses; `None` when the pool is
    /// full.
    pub fn next_free(&self) -> Option<A> {
        let at = self.state().next_free()?;
        Some(self.shape.address(at))
    }

    /// Marks what a lease of `shift` bits from `address` on occupies, or frees it. What is excluded stays marked.
    pub fn mark(&self, address: A, shift: u8, occupied: bool) {
        if shift == self.shape.shift {
            if let Some(at) = self.shape.place(address.number()) {
                self.state().mark(at, occupied);
            }
            return;
        }
        let mut state = self.state();
        for at in self.shape.covered(address, shift) {
            state.mark_other(at, occupied);
        }
    }

    /// Whether the pool is small enough, and long enough ago looked at, to be looked at again in the store that other
    /// servers write to. The larger, the less often.
    pub(super) fn due(&self, now: Timestamp) -> bool {
        let pause = 1 + (self.shape.capacity() >> 16);
        let looked = self.looked.load(Ordering::Relaxed);
        self.shape.capacity() <= SURVEYED
            && now.0 >= looked.saturating_add(pause)
            && self.looked.compare_exchange(looked, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Frees what is marked as leased from the first number to the last: nothing is leased there any more.
    pub(super) fn free_between(&self, first: u128, last: u128) {
        let (first, last) = (first.max(self.shape.first.number()), last.min(self.shape.last.number()));
        if first > last {
            return;
        }
        let place = |number: u128| (number - self.shape.first.number()).checked_shr(self.shape.shift.into());
        let (Some(from), Some(to)) = (place(first), place(last)) else { return };
        let (from, to) = (u64::try_from(from).unwrap_or(u64::MAX), u64::try_from(to).unwrap_or(u64::MAX));
        let mut state = self.state();
        for at in from..=to.min(self.shape.capacity().saturating_sub(1)) {
            let excluded = self.shape.excluded.holds(self.shape.address(at).number());
            if !excluded && state.occupied.is_occupied(at) {
                state.mark(at, false);
            }
        }
    }

    /// Whether leases of other sizes than `shift` bits from `address` on lie in them or around them. `own`: such a lease
    /// is itself marked.
    pub(super) fn overlaps(&self, address: A, shift: u8, own: bool) -> bool {
        let state = self.state();
        let alike = shift == self.shape.shift;
        let others = u32::from(own && !alike);
        self.shape.covered(address, shift).any(|at| match state.special.get(&at) {
            Some(special) => special.others > others || (special.leased && !alike),
            None => !alike && state.occupied.is_occupied(at),
        })
    }

    /// Sets what is kept for clients with reservations, each with its bits: no allocator finds it.
    pub(super) fn keep(&self, reserved: &[(A, u8)]) {
        self.state().keep(reserved.iter().flat_map(|(a, shift)| self.shape.covered(*a, *shift)));
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        let state = self.state();
        state.occupied.occupied() >= state.occupied.capacity()
    }

    /// Share of the pool that is occupied, 0 to 1.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn occupancy(&self) -> f64 {
        let state = self.state();
        state.used() as f64 / state.occupied.capacity().max(1) as f64
    }

    /// The same once an address or prefix of it is leased.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn occupancy_with(&self, address: A) -> f64 {
        let state = self.state();
        let free = self.shape.place(address.number()).is_some_and(|at| !state.occupied.is_occupied(at));
        (state.used() + u64::from(free)) as f64 / state.occupied.capacity().max(1) as f64
    }

    /// Reads what an allocation will read.
    pub(super) fn warm(&self) -> u64 {
        self.state().occupied.occupied()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    static NAMES: observe::stats::Names = &[];

    use observe::stats::Registry;

    fn counters() -> Part {
        Part::new(Registry::default().group("pool", &NAMES), 0)
    }

    use super::*;

    #[test]
    fn reserved_addresses_are_passed_over() {
        let mut state = State::new(Bitmap::new(4), Allocator::Iterative, 1);
        state.mark(1, true);
        // One that is reserved twice does no harm.
        state.keep([0, 1, 0].into_iter());
        assert_eq!([(); 3].map(|()| state.next_free()), [Some(2), Some(3), Some(2)]);
        assert_eq!(state.used(), 1);
        // Leases of reserved addresses come and go; the addresses stay kept.
        state.mark(0, true);
        assert_eq!(state.used(), 2);
        state.mark(1, false);
        state.mark(1, false);
        state.mark(2, true);
        state.mark(3, true);
        assert_eq!((state.next_free(), state.used()), (None, 3));
        // No longer reserved: what is leased stays occupied, the rest is free.
        state.keep(std::iter::empty());
        assert_eq!([(); 2].map(|()| state.next_free()), [Some(1), Some(1)]);
        assert_eq!(state.used(), 3);
    }

    /// The next free address as an iterative allocator finds it that has come so far.
    fn from<A: Address>(pool: &Pool<A>, place: u64) -> Option<A> {
        let mut state = pool.state();
        state.chooser = Chooser::Iterative(place % state.occupied.capacity());
        drop(state);
        pool.next_free()
    }

    fn pool<A: Address>(first: A, last: A, shift: u8, excluded: bool) -> Pool<A> {
        let shape = Shape {
            id: PoolId(0),
            first,
            last,
            shift,
            excluded: Excluded(excluded),
            allocator: Allocator::Iterative,
        };
        Pool::new(shape, counters(), 1)
    }

    #[test]
    fn a_pool_is_small() {
        // A hundred thousand of them are nothing unusual.
        assert!(size_of::<Pool<Ipv4Addr>>() <= 160, "{}", size_of::<Pool<Ipv4Addr>>());
    }

    #[test]
    fn edges_of_24_bits_are_excluded() {
        let pool = pool(Ipv4Addr::new(10, 0, 0, 254), Ipv4Addr::new(10, 0, 2, 1), 0, true);
        let mut seen = Vec::new();
        for _ in 0..300 {
            let Some(address) = pool.next_free() else { break };
            pool.mark(address, 0, true);
            seen.push(address.octets()[3]);
        }
        assert_eq!(seen.len(), 1 + 254 + 1);
        assert!(pool.is_full() && !seen.contains(&0) && !seen.contains(&255));
        pool.mark(Ipv4Addr::new(10, 0, 1, 0), 0, false);
        assert!(pool.is_full());
    }

    #[test]
    fn prefixes_of_other_lengths_keep_what_they_cover() {
        let at = |text: &str| text.parse::<Ipv6Addr>().unwrap();
        // 2001:db8::/48 in prefixes of 56 bits.
        let pool = pool(at("2001:db8::"), at("2001:db8:0:ffff:ffff:ffff:ffff:ffff"), 72, false);
        assert_eq!(pool.shape().capacity(), 256);
        assert_eq!([(); 2].map(|()| pool.next_free().unwrap()), [at("2001:db8::"), at("2001:db8:0:100::")]);
        // Two of 64 bits in one place, and one of 52 bits, which covers 16.
        pool.mark(at("2001:db8:0:201::"), 64, true);
        pool.mark(at("2001:db8:0:2ff::"), 64, true);
        pool.mark(at("2001:db8:0:1000::"), 76, true);
        assert_eq!(pool.next_free(), Some(at("2001:db8:0:300::")));
        assert_eq!(from(&pool, 16), Some(at("2001:db8:0:2000::")));
        pool.mark(at("2001:db8:0:201::"), 64, false);
        assert_eq!(from(&pool, 2), Some(at("2001:db8:0:300::")));
        pool.mark(at("2001:db8:0:2ff::"), 64, false);
        assert_eq!(from(&pool, 2), Some(at("2001:db8:0:200::")));
        pool.mark(at("2001:db8:0:1000::"), 76, false);
        assert_eq!(from(&pool, 16), Some(at("2001:db8:0:1000::")));
        // What overlaps what.
        pool.mark(at("2001:db8:0:400::"), 72, true);
        pool.mark(at("2001:db8:0:600::"), 73, true);
        for (address, shift, own, expected) in [
            ("2001:db8:0:400::", 72, true, false),
            ("2001:db8:0:400::", 71, false, true),
            ("2001:db8:0:400::", 64, false, true),
            ("2001:db8:0:600::", 73, true, false),
            ("2001:db8:0:600::", 73, false, true),
            ("2001:db8:0:700::", 72, false, true),
            ("2001:db8:0:800::", 72, false, false),
            ("2001:db8::", 80, false, true),
        ] {
            assert_eq!(pool.overlaps(at(address), shift, own), expected, "{address} {shift} {own}");
        }
        pool.mark(at("2001:db8:0:400::"), 72, false);
        pool.mark(at("2001:db8:0:600::"), 73, false);
        assert!((0..256).all(|_| {
            let free = pool.next_free();
            free.is_some_and(|prefix| {
                pool.mark(prefix, 72, true);
                true
            })
        }));
        assert!(pool.is_full() && pool.next_free().is_none());
    }

    #[test]
    fn a_64_bit_network_is_a_pool() {
        let at = |text: &str| text.parse::<Ipv6Addr>().unwrap();
        let pool = pool(at("2001:db8::"), at("2001:db8::ffff:ffff:ffff:ffff"), 0, false);
        for n in 0..1000u32 {
            assert_eq!(pool.next_free(), Some(Ipv6Addr::from(u128::from(at("2001:db8::")) + u128::from(n))));
        }
        assert_eq!(from(&pool, 1 << 63), Some(at("2001:db8::8000:0:0:0")));
        pool.mark(at("2001:db8::8000:0:0:0"), 0, true);
        assert_eq!(from(&pool, 1 << 63), Some(at("2001:db8::8000:0:0:1")));
        // The last address is beyond what allocators count, and does no harm.
        pool.mark(at("2001:db8::ffff:ffff:ffff:ffff"), 0, true);
        assert!(pool.occupancy() < 0.1);
    }

    #[test]
    fn every_allocator_gives_each_address_once_and_finds_what_comes_back() {
        for allocator in [Allocator::Iterative, Allocator::Random, Allocator::FreeLeaseQueue] {
            let (first, last) = (Ipv4Addr::new(192, 0, 2, 0), Ipv4Addr::new(192, 0, 2, 255));
            let shape = Shape { id: PoolId(0), first, last, shift: 0, excluded: Excluded(true), allocator };
            let pool = Pool::new(shape, counters(), 7);
            pool.keep(&[(Ipv4Addr::new(192, 0, 2, 9), 0)]);
            let mut given = Vec::new();
            while let Some(address) = pool.next_free() {
                pool.mark(address, 0, true);
                given.push(address);
            }
            let in_turn =
                given.windows(2).filter(|pair| u32::from(pair[0]) + 1 == u32::from(pair[1])).count();
            assert!(
                if allocator == Allocator::Iterative { in_turn > 200 } else { in_turn < 60 },
                "{in_turn}"
            );
            let back = [given[3], given[1], given[200]];
            back.iter().for_each(|address| pool.mark(*address, 0, false));
            given.sort_unstable();
            given.dedup();
            assert_eq!(given.len(), 253, "{allocator:?}");
            let mut again: Vec<_> = (0..3)
                .map(|_| {
                    let address = pool.next_free().unwrap();
                    pool.mark(address, 0, true);
                    address
                })
                .collect();
            if allocator == Allocator::FreeLeaseQueue {
                assert_eq!(again, back, "in the order in which they came back");
            }
            again.sort_unstable();
            let mut back = back;
            back.sort_unstable();
            assert_eq!(again, back);
            assert_eq!(pool.next_free(), None);
        }
    }
}
