//! A hash table of row numbers. The keys stay in the rows; an entry is the row and 32 bits of its hash, so that the
//! table grows without looking at the rows, and a search rarely looks at a wrong one.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// So many parts grow on their own: no caller waits for a million entries to be moved.
const PARTS: usize = 64;

#[derive(Clone, Copy)]
struct Slot {
    row: u32,
    hash: u32,
}

/// The hash of the parts' own tables.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

pub(crate) struct RowTable {
    parts: Box<[HashTable<Slot>]>,
}

impl RowTable {
    pub(crate) fn new() -> Self {
        Self { parts: std::iter::repeat_with(HashTable::new).take(PARTS).collect() }
    }

    fn part(&self, hash: u32) -> Option<&HashTable<Slot>> {
        self.parts.get(usize::try_from(hash >> 26).ok()?)
    }

    fn part_mut(&mut self, hash: u32) -> Option<&mut HashTable<Slot>> {
        self.parts.get_mut(usize::try_from(hash >> 26).ok()?)
    }

    pub(crate) fn find(&self, hash: u32, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        self.part(hash)?.find(spread(hash), |slot| slot.hash == hash && is(slot.row)).map(|slot| slot.row)
    }

    /// Puts `row` where `is` finds an equal one, else beside the others; answers the row it took the place of.
    pub(crate) fn replace(&mut self, hash: u32, row: u32, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let part = self.part_mut(hash)?;
        match part.entry(spread(hash), |slot| slot.hash == hash && is(slot.row), |slot| spread(slot.hash)) {
            Entry::Occupied(mut entry) => Some(std::mem::replace(&mut entry.get_mut().row, row)),
            Entry::Vacant(entry) => {
                entry.insert(Slot { row, hash });
                None
            }
        }
    }

    /// Puts `new` in the place of `old`.
    pub(crate) fn exchange(&mut self, hash: u32, old: u32, new: u32) {
        if let Some(slot) =
            self.part_mut(hash).and_then(|part| part.find_mut(spread(hash), |slot| slot.row == old))
        {
            slot.row = new;
        }
    }

    pub(crate) fn remove(&mut self, hash: u32, row: u32) {
        if let Some(part) = self.part_mut(hash)
            && let Ok(entry) = part.find_entry(spread(hash), |slot| slot.row == row)
        {
            entry.remove();
        }
    }
}
