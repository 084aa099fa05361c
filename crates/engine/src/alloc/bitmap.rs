//! Occupied positions of a pool, in the form that fits its size.

use super::dense::Dense;
use super::small::{Medium, Small};
use super::sparse::Sparse;

/// Positions `0..capacity`, each occupied or free. Finding the next free one costs the same in an empty, a nearly full
/// and a full pool, whatever its size, and memory is in proportion to what is occupied.
#[derive(Clone, Debug)]
pub enum Bitmap {
    Small(Small),
    Medium(Medium),
    /// In a place of its own: there are many more small pools.
    Dense(Box<Dense>),
    Sparse(Sparse),
}

/// Up to here a table with a place for each chunk is small: 32 KiB.
const LARGEST_DENSE: u64 = 1 << 24;

impl Bitmap {
    /// All positions free.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        if let Some(small) = Small::new(capacity) {
            Self::Small(small)
        } else if let Some(medium) = Medium::new(capacity) {
            Self::Medium(medium)
        } else if capacity <= LARGEST_DENSE {
            Self::Dense(Box::new(Dense::new(capacity)))
        } else {
            Self::Sparse(Sparse::new(capacity))
        }
    }

    #[must_use]
    pub fn capacity(&self) -> u64 {
        match self {
            Self::Small(map) => map.capacity(),
            Self::Medium(map) => map.capacity(),
            Self::Dense(map) => map.capacity(),
            Self::Sparse(map) => map.capacity(),
        }
    }

    #[must_use]
    pub fn occupied(&self) -> u64 {
        match self {
            Self::Small(map) => map.occupied(),
            Self::Medium(map) => map.occupied(),
            Self::Dense(map) => map.occupied(),
            Self::Sparse(map) => map.occupied(),
        }
    }

    #[must_use]
    pub fn is_occupied(&self, at: u64) -> bool {
        match self {
            Self::Small(map) => map.is_occupied(at),
            Self::Medium(map) => map.is_occupied(at),
            Self::Dense(map) => map.is_occupied(at),
            Self::Sparse(map) => map.is_occupied(at),
        }
    }

    /// Marks a position; answers whether it changed. Positions past the end change nothing.
    pub fn set(&mut self, at: u64, occupied: bool) -> bool {
        match self {
            Self::Small(map) => map.set(at, occupied),
            Self::Medium(map) => map.set(at, occupied),
            Self::Dense(map) => map.set(at, occupied),
            Self::Sparse(map) => map.set(at, occupied),
        }
    }

    /// The first free position at or after `from`, else the first free one at all.
    #[must_use]
    pub fn next_free(&self, from: u64) -> Option<u64> {
        match self {
            Self::Small(map) => map.next_free(from),
            Self::Medium(map) => map.next_free(from),
            Self::Dense(map) => map.next_free(from),
            Self::Sparse(map) => map.next_free(from),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base::{Random, XorShift};

    use super::*;

    fn every(capacity: u64) -> impl Iterator<Item = Bitmap> {
        let larger = [Bitmap::Dense(Box::new(Dense::new(capacity))), Bitmap::Sparse(Sparse::new(capacity))];
        let small = Small::new(capacity).map(Bitmap::Small);
        let medium = Medium::new(capacity).map(Bitmap::Medium);
        small.into_iter().chain(medium).chain(larger)
    }

    #[test]
    fn agrees_with_a_set_and_visits_each_position_once() {
        for capacity in [1u64, 2, 63, 64, 65, 255, 256, 257, 2048, 4095, 4096, 4097, 9000] {
            for mut map in every(capacity) {
                let mut seen = BTreeSet::new();
                let mut cursor = capacity / 2;
                while let Some(at) = map.next_free(cursor) {
                    assert!(at < capacity && seen.insert(at), "{at} of {capacity}");
                    assert!(map.set(at, true) && map.is_occupied(at));
                    cursor = at + 1;
                }
                assert_eq!(u64::try_from(seen.len()).unwrap(), capacity);
                assert_eq!(map.occupied(), capacity);
            }
        }
    }

    #[test]
    fn random_changes_agree_with_a_model() {
        for (capacity, mut map) in
            [254, 2001, 3 * 4096 + 17].into_iter().flat_map(|size| every(size).map(move |map| (size, map)))
        {
            let mut random = XorShift::new(7);
            let mut model = BTreeSet::new();
            for _ in 0..60_000 {
                let at = random.below(capacity + 3);
                let on = random.below(10) < 8;
                let changed = at < capacity && if on { model.insert(at) } else { model.remove(&at) };
                assert_eq!(map.set(at, on), changed);
                let from = random.below(capacity);
                let expected = (from..capacity).chain(0..from).find(|p| !model.contains(p));
                if random.below(100) == 0 {
                    assert_eq!(map.next_free(from), expected);
                }
            }
            assert_eq!(map.occupied(), u64::try_from(model.len()).unwrap());
        }
    }

    #[test]
    fn the_largest_pool() {
        let mut map = Bitmap::new(u64::MAX);
        assert!(matches!(map, Bitmap::Sparse(_)));
        assert_eq!((map.next_free(5), map.next_free(u64::MAX)), (Some(5), Some(0)));
        // A long run that is full, at the start, in the middle and at the very end.
        for start in [0, 1 << 40, u64::MAX - 40_000] {
            let end = start + 40_000;
            for at in start..end {
                assert!(map.set(at, true));
            }
            let next = if end == u64::MAX { 40_000 } else { end };
            assert_eq!((map.next_free(start), map.next_free(end - 1)), (Some(next), Some(next)));
            assert!(map.set(start + 7_777, false));
            assert_eq!(map.next_free(start), Some(start + 7_777));
            assert!(map.set(start + 7_777, true));
        }
        assert_eq!(map.occupied(), 120_000);
        for start in [0, 1 << 40, u64::MAX - 40_000] {
            for at in start..start + 40_000 {
                assert!(map.set(at, false));
            }
        }
        assert_eq!((map.occupied(), map.next_free(0)), (0, Some(0)));
        assert!(matches!(&map, Bitmap::Sparse(sparse) if sparse.words() == 0));
    }
}
