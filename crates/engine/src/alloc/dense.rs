//! Occupied addresses of a pool, as a bitmap in chunks that exist only where an address was ever occupied.
//!
//! One word of a summary covers 64 chunks of 4,096 addresses.

const WORDS: usize = 64;
/// Addresses in a chunk.
const CHUNK: u64 = 4096;

/// 4,096 addresses: a set bit is an occupied address.
#[derive(Clone, Debug)]
struct Chunk {
    words: [u64; WORDS],
    used: u16,
}

/// Positions `0..capacity`, each occupied or free.
#[derive(Clone, Debug)]
pub struct Dense {
    capacity: u64,
    chunks: Vec<Option<Box<Chunk>>>,
    /// A set bit is a chunk without a free address.
    full: Vec<u64>,
    occupied: u64,
}

/// Splits a position into chunk number, word number and bit mask.
fn split(at: u64) -> (usize, usize, u64) {
    let chunk = usize::try_from(at / CHUNK).unwrap_or(usize::MAX);
    let within = at % CHUNK;
    (chunk, usize::try_from(within / 64).unwrap_or(0), 1 << (within % 64))
}

impl Dense {
    /// All positions free.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        let chunks = usize::try_from(capacity.div_ceil(CHUNK)).unwrap_or(0);
        let mut full = vec![0u64; chunks.div_ceil(64)];
        // Summary bits past the last chunk count as full.
        if let Some(last) = full.last_mut()
            && chunks % 64 != 0
        {
            *last = u64::MAX << (chunks % 64);
        }
        Self { capacity, chunks: vec![None; chunks], full, occupied: 0 }
    }

    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    #[must_use]
    pub fn occupied(&self) -> u64 {
        self.occupied
    }

    /// Positions in chunk number `chunk`; the last one may be short.
    fn size_of(&self, chunk: usize) -> u64 {
        let start = u64::try_from(chunk).unwrap_or(u64::MAX).saturating_mul(CHUNK);
        self.capacity.saturating_sub(start).min(CHUNK)
    }

    #[must_use]
    pub fn is_occupied(&self, at: u64) -> bool {
        let (chunk, word, bit) = split(at);
        self.chunks
            .get(chunk)
            .and_then(Option::as_ref)
            .and_then(|c| c.words.get(word))
            .is_some_and(|w| w & bit != 0)
    }

    /// Marks a position; answers whether it changed. Positions past the end change nothing.
    pub fn set(&mut self, at: u64, occupied: bool) -> bool {
        if at >= self.capacity {
            return false;
        }
        let (number, word, bit) = split(at);
        let size = self.size_of(number);
        let Some(slot) = self.chunks.get_mut(number) else { return false };
        let chunk = match slot {
            Some(chunk) => chunk,
            None if occupied => slot.insert(Box::new(Chunk { words: [0; WORDS], used: 0 })),
            None => return false,
        };
        let Some(word) = chunk.words.get_mut(word) else { return false };
        if (*word & bit != 0) == occupied {
            return false;
        }
        *word ^= bit;
        if occupied {
            chunk.used += 1;
            self.occupied += 1;
        } else {
            chunk.used -= 1;
            self.occupied -= 1;
        }
        let full = u64::from(chunk.used) == size;
        let empty = chunk.used == 0;
        if let Some(summary) = self.full.get_mut(number / 64) {
            let mark = 1u64 << (number % 64);
            if full {
                *summary |= mark;
            } else {
                *summary &= !mark;
            }
        }
        if empty {
            *slot = None;
        }
        true
    }

    /// The first free position at or after `from`, else the first free one at all.
    #[must_use]
    pub fn next_free(&self, from: u64) -> Option<u64> {
        if self.occupied >= self.capacity {
            return None;
        }
        let from = if from >= self.capacity { 0 } else { from };
        self.free_from(from).or_else(|| self.free_from(0))
    }

    fn free_from(&self, from: u64) -> Option<u64> {
        let (number, _, _) = split(from);
        if let Some(found) = self.free_in_chunk(number, from % CHUNK) {
            return Some(found);
        }
        let number = self.next_open_chunk(number + 1)?;
        self.free_in_chunk(number, 0)
    }

    /// First chunk with a free position, from `number` on.
    fn next_open_chunk(&self, number: usize) -> Option<usize> {
        let mut mask = u64::MAX.checked_shl(u32::try_from(number % 64).ok()?)?;
        for (at, summary) in self.full.iter().enumerate().skip(number / 64) {
            let open = !summary & mask;
            if open != 0 {
                return Some(at * 64 + usize::try_from(open.trailing_zeros()).ok()?);
            }
            mask = u64::MAX;
        }
        None
    }

    fn free_in_chunk(&self, number: usize, from: u64) -> Option<u64> {
        let size = self.size_of(number);
        let start = u64::try_from(number).ok()? * CHUNK;
        let chunk = match self.chunks.get(number)? {
            None => return (from < size).then(|| start + from),
            Some(chunk) => chunk,
        };
        let mut mask = u64::MAX << (from % 64);
        for (at, word) in chunk.words.iter().enumerate().skip(usize::try_from(from / 64).ok()?) {
            let free = !word & mask;
            if free != 0 {
                let within = u64::try_from(at).ok()? * 64 + u64::from(free.trailing_zeros());
                return (within < size).then(|| start + within);
            }
            mask = u64::MAX;
        }
        None
    }
}
