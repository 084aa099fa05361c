//! Occupied addresses of a small pool, such as that of a /24: no memory but its own, half a cache line.

/// Most positions that fit.
const CAPACITY: u64 = 256;

/// Positions `0..capacity`, each occupied or free.
#[derive(Clone, Debug)]
pub struct Small {
    /// A set bit is an occupied position, or one past the end.
    words: [u64; 4],
    capacity: u16,
    occupied: u16,
}

fn split(at: u64) -> (usize, u64) {
    (usize::try_from(at / 64).unwrap_or(usize::MAX), 1 << (at % 64))
}

impl Small {
    /// All positions free; `None` for more than 256.
    #[must_use]
    pub(super) fn new(capacity: u64) -> Option<Self> {
        let size = u16::try_from(capacity).ok().filter(|size| u64::from(*size) <= CAPACITY)?;
        let mut words = [u64::MAX; 4];
        for (word, start) in words.iter_mut().zip((0u64..).step_by(64)) {
            *word = match capacity.saturating_sub(start) {
                0 => u64::MAX,
                left if left < 64 => u64::MAX << left,
                _ => 0,
            };
        }
        Some(Self { words, capacity: size, occupied: 0 })
    }

    #[must_use]
    pub(super) fn capacity(&self) -> u64 {
        self.capacity.into()
    }

    #[must_use]
    pub(super) fn occupied(&self) -> u64 {
        self.occupied.into()
    }

    #[must_use]
    pub(super) fn is_occupied(&self, at: u64) -> bool {
        let (word, bit) = split(at);
        at < self.capacity() && self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Marks a position; answers whether it changed. Positions past the end change nothing.
    pub(super) fn set(&mut self, at: u64, occupied: bool) -> bool {
        let (word, bit) = split(at);
        if at >= self.capacity() || self.is_occupied(at) == occupied {
            return false;
        }
        if let Some(word) = self.words.get_mut(word) {
            *word ^= bit;
        }
        self.occupied = if occupied { self.occupied + 1 } else { self.occupied - 1 };
        true
    }

    /// The first free position at or after `from`, else the first free one at all.
    #[must_use]
    pub(super) fn next_free(&self, from: u64) -> Option<u64> {
        self.free_from(from).or_else(|| self.free_from(0))
    }

    fn free_from(&self, from: u64) -> Option<u64> {
        let (first, _) = split(from);
        let mut mask = u64::MAX << (from % 64);
        for (word, start) in self.words.iter().zip((0u64..).step_by(64)).skip(first) {
            let free = !word & mask;
            if free != 0 {
                return Some(start + u64::from(free.trailing_zeros()));
            }
            mask = u64::MAX;
        }
        None
    }
}
