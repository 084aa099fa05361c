//! Values by number, in blocks that never move: it grows without copying what is there, so nobody waits for that.

/// Values in a block.
const BLOCK: usize = 1024;

/// The numbers of values that went are given again.
pub(crate) struct Slab<T> {
    blocks: Vec<Box<[Option<T>]>>,
    free: Vec<u32>,
    /// Numbers given so far.
    reach: u32,
    count: usize,
}

fn split(number: u32) -> (usize, usize) {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    (number / BLOCK, number % BLOCK)
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self { blocks: Vec::new(), free: Vec::new(), reach: 0, count: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let (block, at) = split(number);
        self.blocks.get(block)?.get(at)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (block, at) = split(number);
        self.blocks.get_mut(block)?.get_mut(at)?.as_mut()
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            // Never reached in memory we have.
            self.reach = self.reach.saturating_add(1);
            self.reach - 1
        });
        let (block, at) = split(number);
        if block == self.blocks.len() {
            self.blocks.push(std::iter::repeat_with(|| None).take(BLOCK).collect());
        }
        if let Some(slot) = self.blocks.get_mut(block).and_then(|block| block.get_mut(at)) {
            *slot = Some(value);
            self.count += 1;
        }
        number
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let (block, at) = split(number);
        let value = self.blocks.get_mut(block)?.get_mut(at)?.take()?;
        self.free.push(number);
        self.count -= 1;
        Some(value)
    }

    /// All values, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flat_map(|block| block.iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_again() {
        let mut slab = Slab::new();
        let numbers: Vec<u32> = (0..2500).map(|value| slab.insert(value)).collect();
        assert_eq!(numbers, (0..2500).collect::<Vec<u32>>());
        assert_eq!((slab.remove(1024), slab.remove(1024), slab.remove(9999)), (Some(1024), None, None));
        assert_eq!((slab.len(), slab.get(1024), slab.get(1023)), (2499, None, Some(&1023)));
        assert_eq!((slab.insert(7), slab.insert(8)), (1024, 2500));
        *slab.get_mut(1024).unwrap() += 1;
        assert_eq!((slab.get(1024), slab.iter().count()), (Some(&8), 2501));
    }
}
