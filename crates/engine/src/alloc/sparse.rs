//! Occupied positions of a pool too large for a table of its chunks: a /64 has 2^64 addresses.
//!
//! A tree of words of 64 bits, each level a hash map that holds the words with a bit set: at the bottom a set bit is an
//! occupied position, above it a full word of the level below. So memory is in proportion to what is occupied, and
//! a search touches each level twice at most: 11 levels for 2^64 positions, and nearly always only one.

use std::collections::HashMap;

/// One level of the tree.
#[derive(Clone, Debug, Default)]
struct Level {
    words: HashMap<u64, u64, ahash::RandomState>,
    /// How many bits there are.
    size: u64,
}

impl Level {
    /// The bits of a word; those past the end are set.
    fn word(&self, number: u64) -> u64 {
        self.words.get(&number).copied().unwrap_or(0) | self.past_the_end(number)
    }

    fn past_the_end(&self, number: u64) -> u64 {
        match self.size.saturating_sub(number.saturating_mul(64)) {
            0 => u64::MAX,
            left if left < 64 => u64::MAX << left,
            _ => 0,
        }
    }

    /// Whether the bit changed, and whether its word was full before and is full now.
    fn set(&mut self, at: u64, on: bool) -> Option<(bool, bool)> {
        let (number, bit) = (at / 64, 1u64 << (at % 64));
        let beyond = self.past_the_end(number);
        let before = self.words.get(&number).copied().unwrap_or(0);
        let after = if on { before | bit } else { before & !bit };
        if before == after {
            return None;
        }
        if after == 0 {
            self.words.remove(&number);
        } else {
            self.words.insert(number, after);
        }
        Some((before | beyond == u64::MAX, after | beyond == u64::MAX))
    }

    /// The first clear bit of a word, at or after `from`.
    fn clear_in(&self, number: u64, from: u64) -> Option<u64> {
        let open = !self.word(number) & (u64::MAX << from);
        (open != 0).then(|| number * 64 + u64::from(open.trailing_zeros()))
    }
}

/// Positions `0..capacity`, each occupied or free.
#[derive(Clone, Debug)]
pub struct Sparse {
    /// The bottom first; the top has one word.
    levels: Vec<Level>,
    occupied: u64,
}

impl Sparse {
    /// All positions free.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        let mut levels = Vec::new();
        let mut size = capacity;
        loop {
            levels.push(Level { size, ..Level::default() });
            if size <= 64 {
                return Self { levels, occupied: 0 };
            }
            size = size.div_ceil(64);
        }
    }

    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.levels.first().map_or(0, |level| level.size)
    }

    #[must_use]
    pub fn occupied(&self) -> u64 {
        self.occupied
    }

    #[must_use]
    pub fn is_occupied(&self, at: u64) -> bool {
        at < self.capacity() && self.levels.first().is_some_and(|l| l.word(at / 64) & (1 << (at % 64)) != 0)
    }

    /// Marks a position; answers whether it changed. Positions past the end change nothing.
    pub fn set(&mut self, at: u64, occupied: bool) -> bool {
        if at >= self.capacity() {
            return false;
        }
        let mut bit = at;
        for (height, level) in self.levels.iter_mut().enumerate() {
            let Some((was_full, full)) = level.set(bit, occupied) else { return height > 0 };
            if height == 0 {
                self.occupied = if occupied { self.occupied + 1 } else { self.occupied.saturating_sub(1) };
            }
            if was_full == full {
                break;
            }
            bit /= 64;
        }
        true
    }

    /// The first free position at or after `from`, else the first free one at all.
    #[must_use]
    pub fn next_free(&self, from: u64) -> Option<u64> {
        self.free_from(from).or_else(|| self.free_from(0))
    }

    fn free_from(&self, from: u64) -> Option<u64> {
        // Up to the first level whose word has a clear bit from here on, and down to the position under it.
        let mut bit = from;
        let mut below = self.levels.iter().enumerate().find_map(|(height, level)| {
            let found = (bit < level.size).then(|| level.clear_in(bit / 64, bit % 64)).flatten();
            bit = bit / 64 + 1;
            found.map(|found| (height, found))
        })?;
        while let Some(height) = below.0.checked_sub(1) {
            below = (height, self.levels.get(height)?.clear_in(below.1, 0)?);
        }
        Some(below.1)
    }

    /// Words in memory.
    #[cfg(test)]
    pub(super) fn words(&self) -> usize {
        self.levels.iter().map(|level| level.words.len()).sum()
    }
}
