//! The rows of one subnet with the moments they end, the first of them in front.
//!
//! A heap whose rows know their places. What it holds of a row is never later than the row's true end: a renewal
//! leaves it alone, and who finds it too early (see [`crate::index`]) puts it right. So a lease costs the heap one
//! step for each of its lifetimes and none for each of its renewals.

/// Children of a node: with four, siblings share a cache line and the tree is half as high as with two.
const ARITY: usize = 4;

/// A row and a moment that is not after its end; `u64::MAX` for a row that does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    high: u32,
    low: u32,
    pub(crate) row: u32,
}

impl Ending {
    #[allow(clippy::cast_possible_truncation)]
    fn new(end: u64, row: u32) -> Self {
        Self { high: (end >> 32) as u32, low: end as u32, row }
    }

    pub(crate) fn end(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }
}

/// Every change of a place is told to the caller's `moved(row, place)`.
#[derive(Debug, Default)]
pub(crate) struct Ends(Vec<Ending>);

impl Ends {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The earliest end, unless no row ends.
    pub(crate) fn first(&self) -> Option<u64> {
        self.0.first().map(|first| first.end()).filter(|end| *end != u64::MAX)
    }

    pub(crate) fn get(&self, place: usize) -> Option<Ending> {
        self.0.get(place).copied()
    }

    /// The places below a place; beyond the last one there is nothing.
    pub(crate) fn below(place: usize) -> std::ops::Range<usize> {
        let first = place.saturating_mul(ARITY).saturating_add(1);
        first..first.saturating_add(ARITY)
    }

    /// The rows in no particular order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|ending| ending.row)
    }

    pub(crate) fn push(&mut self, end: u64, row: u32, moved: impl FnMut(u32, u32)) {
        let ending = Ending::new(end, row);
        self.0.push(ending);
        self.rise(self.0.len() - 1, ending, moved);
    }

    pub(crate) fn remove(&mut self, place: usize, moved: impl FnMut(u32, u32)) {
        let Some(last) = self.0.pop() else { return };
        if place < self.0.len() {
            self.settle(place, last, moved);
        }
        // Gives memory back after a great many rows have gone.
        if self.0.capacity() > 64 && self.0.len() < self.0.capacity() / 4 {
            self.0.shrink_to(self.0.len() * 2);
        }
    }

    /// Changes the end of the row at a place.
    pub(crate) fn set(&mut self, place: usize, end: u64, moved: impl FnMut(u32, u32)) {
        if let Some(ending) = self.0.get(place) {
            self.settle(place, Ending::new(end, ending.row), moved);
        }
    }

    /// Puts an entry at a place, or where it belongs seen from there.
    fn settle(&mut self, place: usize, ending: Ending, moved: impl FnMut(u32, u32)) {
        let parent = place.checked_sub(1).and_then(|below| self.0.get(below / ARITY));
        if parent.is_some_and(|parent| parent.end() > ending.end()) {
            self.rise(place, ending, moved);
        } else {
            self.sink(place, ending, moved);
        }
    }

    fn rise(&mut self, mut place: usize, ending: Ending, mut moved: impl FnMut(u32, u32)) {
        while let Some(parent) = place.checked_sub(1).map(|below| below / ARITY) {
            let Some(above) = self.0.get(parent).copied().filter(|above| above.end() > ending.end()) else {
                break;
            };
            self.put(place, above, &mut moved);
            place = parent;
        }
        self.put(place, ending, &mut moved);
    }

    fn sink(&mut self, mut place: usize, ending: Ending, mut moved: impl FnMut(u32, u32)) {
        loop {
            let below = Self::below(place);
            let range = below.start.min(self.0.len())..below.end.min(self.0.len());
            let children = self.0.get(range).unwrap_or_default().iter().copied();
            let least = children.zip(below).min_by_key(|(child, _)| child.end());
            let Some((child, at)) = least.filter(|(child, _)| child.end() < ending.end()) else { break };
            self.put(place, child, &mut moved);
            place = at;
        }
        self.put(place, ending, &mut moved);
    }

    fn put(&mut self, place: usize, ending: Ending, moved: &mut impl FnMut(u32, u32)) {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = ending;
            moved(ending.row, u32::try_from(place).unwrap_or(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use base::{Random, XorShift};

    use super::*;

    #[test]
    fn the_first_is_in_front_and_rows_know_their_places() {
        let mut random = XorShift::new(3);
        let (mut ends, mut model) = (Ends::default(), BTreeMap::new());
        let mut places = BTreeMap::new();
        for step in 0..30_000u32 {
            let row = u32::try_from(random.below(300)).unwrap();
            let end =
                [random.below(1000), random.below(1000) << 32, u64::MAX][usize::try_from(step % 3).unwrap()];
            let place = places.get(&row).map(|place| usize::try_from(*place).unwrap());
            let moved = |row, place| {
                places.insert(row, place);
            };
            match (place, random.below(3)) {
                (None, _) => {
                    ends.push(end, row, moved);
                    model.insert(row, end);
                }
                (Some(place), 0) => {
                    ends.remove(place, moved);
                    places.remove(&row);
                    model.remove(&row);
                }
                (Some(place), _) => {
                    ends.set(place, end, moved);
                    model.insert(row, end);
                }
            }
            assert_eq!(ends.first(), model.values().copied().min().filter(|end| *end != u64::MAX));
            assert_eq!(ends.is_empty(), model.is_empty());
        }
        for (row, place) in &places {
            let ending = ends.get(usize::try_from(*place).unwrap()).unwrap();
            assert_eq!((ending.row, ending.end()), (*row, model[row]));
            for below in Ends::below(usize::try_from(*place).unwrap()) {
                assert!(ends.get(below).is_none_or(|child| child.end() >= ending.end()));
            }
        }
        assert_eq!(ends.rows().count(), model.len());
    }
}
