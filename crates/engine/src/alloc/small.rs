//! Occupied addresses of pools so small that a look through all of them is no search.

/// Occupied addresses of a pool such as that of a /24: no memory but its own, half a cache line.
pub(super) type Small = Flat<[u64; 4]>;
/// Those of a pool up to the size of a /21: one piece of memory.
pub(super) type Medium = Flat<Box<[u64]>>;

/// Positions `0..capacity`, each occupied or free.
#[derive(Clone, Debug)]
pub struct Flat<W> {
    /// A set bit is an occupied position, or one past the end.
    words: W,
    capacity: u16,
    occupied: u16,
}

fn split(at: u64) -> (usize, u64) {
    (usize::try_from(at / 64).unwrap_or(usize::MAX), 1 << (at % 64))
}

/// Words for so many free positions; bits past the end are set.
fn words(capacity: u64) -> impl Iterator<Item = u64> {
    (0u64..).step_by(64).map(move |start| match capacity.saturating_sub(start) {
        0 => u64::MAX,
        left if left < 64 => u64::MAX << left,
        _ => 0,
    })
}

impl Small {
    /// All positions free; `None` for more than 256.
    #[must_use]
    pub(super) fn new(capacity: u64) -> Option<Self> {
        let size = u16::try_from(capacity).ok().filter(|size| *size <= 256)?;
        let mut all = [0; 4];
        all.iter_mut().zip(words(capacity)).for_each(|(word, value)| *word = value);
        Some(Self { words: all, capacity: size, occupied: 0 })
    }
}

impl Medium {
    /// All positions free; `None` for more than 2,048.
    #[must_use]
    pub(super) fn new(capacity: u64) -> Option<Self> {
        let size = u16::try_from(capacity).ok().filter(|size| *size <= 2048)?;
        let all = words(capacity).take(usize::from(size).div_ceil(64)).collect();
        Some(Self { words: all, capacity: size, occupied: 0 })
    }
}

impl<W: AsRef<[u64]> + AsMut<[u64]>> Flat<W> {
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
        at < self.capacity() && self.words.as_ref().get(word).is_some_and(|word| word & bit != 0)
    }

    /// Marks a position; answers whether it changed. Positions past the end change nothing.
    pub(super) fn set(&mut self, at: u64, occupied: bool) -> bool {
        let (word, bit) = split(at);
        if at >= self.capacity() || self.is_occupied(at) == occupied {
            return false;
        }
        if let Some(word) = self.words.as_mut().get_mut(word) {
            *word ^= bit;
        }
        self.occupied = if occupied { self.occupied + 1 } else { self.occupied - 1 };
        true
    }

    /// The first free position at or after `from`, else the first free one at all.
    #[must_use]
    pub(super) fn next_free(&self, from: u64) -> Option<u64> {
        if self.occupied >= self.capacity {
            return None;
        }
        self.free_from(from).or_else(|| self.free_from(0))
    }

    fn free_from(&self, from: u64) -> Option<u64> {
        let (first, _) = split(from);
        let mut mask = u64::MAX << (from % 64);
        for (word, start) in self.words.as_ref().iter().zip((0u64..).step_by(64)).skip(first) {
            let free = !word & mask;
            if free != 0 {
                return Some(start + u64::from(free.trailing_zeros()));
            }
            mask = u64::MAX;
        }
        None
    }
}
