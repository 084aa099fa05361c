//! Something for each subnet, found by identifier.

use std::collections::HashMap;

use ahash::RandomState;

use crate::SubnetId;

/// A map by [`SubnetId`]. Identifiers are most often small numbers in a row: those lie in a list, in which a search is one
/// look at memory; what lies far out is in a hash table.
#[derive(Clone, Debug)]
pub struct SubnetMap<V> {
    near: Vec<Option<V>>,
    far: HashMap<SubnetId, V, RandomState>,
    len: usize,
}

/// The list is no longer than this for so many entries: at most half of it is empty.
fn reach(len: usize) -> usize {
    len.saturating_mul(2).saturating_add(64)
}

fn place(id: SubnetId) -> usize {
    usize::try_from(id.0).unwrap_or(usize::MAX)
}

impl<V> Default for SubnetMap<V> {
    fn default() -> Self {
        Self { near: Vec::new(), far: HashMap::default(), len: 0 }
    }
}

impl<V> SubnetMap<V> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[must_use]
    #[inline]
    pub fn get(&self, id: SubnetId) -> Option<&V> {
        match self.near.get(place(id)) {
            Some(slot) => slot.as_ref(),
            None => self.far.get(&id),
        }
    }

    #[inline]
    pub fn get_mut(&mut self, id: SubnetId) -> Option<&mut V> {
        match self.near.get_mut(place(id)) {
            Some(slot) => slot.as_mut(),
            None => self.far.get_mut(&id),
        }
    }

    /// Adds an entry or replaces it, and answers the old one.
    pub fn insert(&mut self, id: SubnetId, value: V) -> Option<V> {
        self.make_room(id);
        let old = match self.near.get_mut(place(id)) {
            Some(slot) => slot.replace(value),
            None => self.far.insert(id, value),
        };
        self.len += usize::from(old.is_none());
        old
    }

    /// The entry, made where there is none.
    pub fn get_or_default(&mut self, id: SubnetId) -> &mut V
    where
        V: Default,
    {
        self.make_room(id);
        let Self { near, far, len } = self;
        if let Some(slot) = near.get_mut(place(id)) {
            *len += usize::from(slot.is_none());
            slot.get_or_insert_default()
        } else {
            far.entry(id).or_insert_with(|| {
                *len += 1;
                V::default()
            })
        }
    }

    pub fn remove(&mut self, id: SubnetId) -> Option<V> {
        let old = match self.near.get_mut(place(id)) {
            Some(slot) => slot.take(),
            None => self.far.remove(&id),
        };
        self.len -= usize::from(old.is_some());
        old
    }

    /// All entries: those of the list in the order of their identifiers, then the others.
    pub fn iter(&self) -> impl Iterator<Item = (SubnetId, &V)> {
        let near = self.near.iter().zip(0..).filter_map(|(slot, id)| Some((SubnetId(id), slot.as_ref()?)));
        near.chain(self.far.iter().map(|(id, value)| (*id, value)))
    }

    /// All entries without their identifiers, in the same order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Makes the list longer where it should hold `id`, or may hold much of what lies far out: as long as may be, so that
    /// all that is looked through a few times only.
    fn make_room(&mut self, id: SubnetId) {
        let (place, length) = (place(id), reach(self.len));
        let due = if place < self.near.len() {
            !self.far.is_empty() && length / 2 >= self.near.len()
        } else {
            place < length
        };
        if !due {
            return;
        }
        self.near.resize_with(length, || None);
        for (id, value) in self.far.extract_if(|id, _| self::place(*id) < length) {
            if let Some(slot) = self.near.get_mut(self::place(id)) {
                *slot = Some(value);
            }
        }
    }
}

impl<V> FromIterator<(SubnetId, V)> for SubnetMap<V> {
    fn from_iter<I: IntoIterator<Item = (SubnetId, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        for (id, value) in entries {
            map.insert(id, value);
        }
        let used = map.near.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        map.near.truncate(used);
        map.near.shrink_to_fit();
        map
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Random, XorShift};

    #[test]
    fn agrees_with_a_tree() {
        for (seed, spread) in [(1, 64), (2, 1000), (3, u64::from(u32::MAX))] {
            let mut random = XorShift::new(seed);
            let (mut map, mut tree) = (SubnetMap::default(), BTreeMap::new());
            for step in 0..5000_u32 {
                let id = u32::try_from(random.next_u64() % spread).unwrap();
                match random.next_u64() % 4 {
                    0 => assert_eq!(map.remove(SubnetId(id)), tree.remove(&id)),
                    1 => {
                        *map.get_or_default(SubnetId(id)) += step;
                        *tree.entry(id).or_default() += step;
                    }
                    _ => assert_eq!(map.insert(SubnetId(id), step), tree.insert(id, step)),
                }
                assert_eq!(map.len(), tree.len());
                assert_eq!((map.get(SubnetId(id)), map.is_empty()), (tree.get(&id), tree.is_empty()));
            }
            let mut all: Vec<_> = map.iter().map(|(id, value)| (id.0, *value)).collect();
            all.sort_unstable();
            assert_eq!(all, tree.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn small_identifiers_lie_in_the_list_and_large_ones_take_no_room() {
        let mut map: SubnetMap<u32> = (1..=1000).map(|id| (SubnetId(id), id)).collect();
        assert!(map.far.is_empty());
        map.insert(SubnetId(u32::MAX), 7);
        assert_eq!((map.get(SubnetId(u32::MAX)), map.far.len()), (Some(&7), 1));
        let mut downwards = SubnetMap::default();
        for id in (0..1000).rev() {
            downwards.insert(SubnetId(id), id);
        }
        assert!(downwards.far.is_empty() && downwards.near.len() <= reach(1000));
    }
}
