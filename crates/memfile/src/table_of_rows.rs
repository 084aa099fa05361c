//! A hash table of row numbers. The keys stay in the rows, so an entry costs five octets.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// So many parts grow on their own: no caller waits for a million entries to be hashed again.
const PARTS: usize = 64;

pub(crate) struct RowTable {
    parts: Box<[HashTable<u32>]>,
}

impl RowTable {
    pub(crate) fn new() -> Self {
        Self { parts: std::iter::repeat_with(HashTable::new).take(PARTS).collect() }
    }

    /// The part of a hash; its bits are not those that the part itself uses first.
    fn part(hash: u64) -> usize {
        usize::try_from(hash >> 40).unwrap_or(0) % PARTS
    }

    pub(crate) fn find(&self, hash: u64, is: impl FnMut(&u32) -> bool) -> Option<u32> {
        self.parts.get(Self::part(hash))?.find(hash, is).copied()
    }

    /// Puts `row` where `is` finds an equal one, else beside the others; answers the row it took the place of.
    pub(crate) fn replace(
        &mut self,
        hash: u64,
        row: u32,
        is: impl FnMut(&u32) -> bool,
        hash_of: impl Fn(&u32) -> u64,
    ) -> Option<u32> {
        match self.parts.get_mut(Self::part(hash))?.entry(hash, is, hash_of) {
            Entry::Occupied(mut entry) => Some(std::mem::replace(entry.get_mut(), row)),
            Entry::Vacant(entry) => {
                entry.insert(row);
                None
            }
        }
    }

    /// Puts `new` in the place of `old`.
    pub(crate) fn exchange(&mut self, hash: u64, old: u32, new: u32) {
        if let Some(row) =
            self.parts.get_mut(Self::part(hash)).and_then(|part| part.find_mut(hash, |row| *row == old))
        {
            *row = new;
        }
    }

    pub(crate) fn remove(&mut self, hash: u64, is: impl FnMut(&u32) -> bool) {
        if let Some(part) = self.parts.get_mut(Self::part(hash))
            && let Ok(entry) = part.find_entry(hash, is)
        {
            entry.remove();
        }
    }
}
