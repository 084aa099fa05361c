//! The members of a map, small: configurations with a hundred thousand subnets are trees of millions of them.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::ops::{Deref, Index};
use std::sync::Arc;

use crate::Value;

/// The name of a member. Names that come again and again are kept once, and take a pointer where they are used.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<Box<str>>);

const _: () = assert!(size_of::<(Key, Value)>() == 56);

/// Names that a thread remembers at most, and the longest of them.
const REMEMBERED: usize = 2048;
const LONGEST: usize = 64;

/// Members from which on sorting looks at the beginnings of names rather than at names, which lie all over memory.
const SCATTERED: usize = 1024;

/// Members up to which a map is searched from one end to the other.
const SMALL: usize = 16;

thread_local! {
    static NAMES: RefCell<HashSet<Key, ahash::RandomState>> = RefCell::default();
}

impl Key {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that is not remembered.
    fn once(name: &str) -> Self {
        Self(Arc::new(name.into()))
    }

    fn new(name: &str) -> Self {
        if name.len() > LONGEST {
            return Self::once(name);
        }
        NAMES.with_borrow_mut(|names| {
            if let Some(known) = names.get(name) {
                return known.clone();
            }
            if names.len() >= REMEMBERED {
                // Somebody sends names that nobody uses: those in use are soon here again.
                names.clear();
            }
            let name = Self::once(name);
            names.insert(name.clone());
            name
        })
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Key {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<&String> for Key {
    fn from(name: &String) -> Self {
        Self::new(name)
    }
}

impl From<&Self> for Key {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl From<Key> for String {
    fn from(name: Key) -> Self {
        name.as_str().to_owned()
    }
}

impl PartialEq<str> for Key {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Key {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<Key> for str {
    fn eq(&self, other: &Key) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Key> for &str {
    fn eq(&self, other: &Key) -> bool {
        *self == other.as_str()
    }
}

/// Members in the order of their keys, as Kea prints them: a sorted list, as most maps have a handful. Adding members
/// in that order, or nearly, costs nothing extra; for many in another order collect them.
#[derive(Clone, Default, PartialEq)]
pub struct Map(Vec<(Key, Value)>);

impl Map {
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No members yet, and room for so many.
    #[must_use]
    pub fn with_capacity(members: usize) -> Self {
        Self(Vec::with_capacity(members))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place(&self, key: &str) -> Result<usize, usize> {
        // Most are added in order.
        match self.0.last() {
            Some((last, _)) if last.as_str() < key => Err(self.0.len()),
            _ => self.0.binary_search_by(|(known, _)| known.as_str().cmp(key)),
        }
    }

    /// Where a member is. Resolving a configuration looks for dozens of names in each small map, most of them not there:
    /// the lengths alone tell most names apart.
    fn find(&self, key: &str) -> Option<usize> {
        if self.0.len() <= SMALL {
            return self.0.iter().position(|(known, _)| known.as_str() == key);
        }
        self.place(key).ok()
    }

    #[must_use]
    pub fn get(&self, key: &(impl AsRef<str> + ?Sized)) -> Option<&Value> {
        let at = self.find(key.as_ref())?;
        self.0.get(at).map(|(_, value)| value)
    }

    #[must_use]
    pub fn get_mut(&mut self, key: &(impl AsRef<str> + ?Sized)) -> Option<&mut Value> {
        let at = self.find(key.as_ref())?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    #[must_use]
    pub fn contains_key(&self, key: &(impl AsRef<str> + ?Sized)) -> bool {
        self.find(key.as_ref()).is_some()
    }

    /// Adds a member or replaces its value, which is given back.
    pub fn insert(&mut self, key: impl Into<Key> + AsRef<str>, value: Value) -> Option<Value> {
        match self.place(key.as_ref()) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| std::mem::replace(old, value)),
            Err(at) => {
                self.0.insert(at, (key.into(), value));
                None
            }
        }
    }

    pub fn remove(&mut self, key: &(impl AsRef<str> + ?Sized)) -> Option<Value> {
        self.remove_entry(key).map(|(_, value)| value)
    }

    pub fn remove_entry(&mut self, key: &(impl AsRef<str> + ?Sized)) -> Option<(Key, Value)> {
        let at = self.find(key.as_ref())?;
        Some(self.0.remove(at))
    }

    /// The place of a member, there or not.
    pub fn entry(&mut self, key: impl Into<Key>) -> Entry<'_> {
        Entry { map: self, key: key.into() }
    }

    /// The members of both; where both have one, the own.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        let mut members = Vec::with_capacity(self.len() + others.len());
        let mut others = others.0.iter().peekable();
        for (name, value) in self.0 {
            while let Some((other, value)) = others.next_if(|(other, _)| *other < name) {
                members.push((other.clone(), value.clone()));
            }
            let _ = others.next_if(|(other, _)| *other == name);
            members.push((name, value));
        }
        members.extend(others.cloned());
        Self(members)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&Key, &mut Value) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.iter())
    }

    pub fn iter_mut(&mut self) -> IterMut<'_> {
        IterMut(self.0.iter_mut())
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Key> + ExactSizeIterator {
        self.0.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.0.iter().map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    pub fn into_keys(self) -> impl Iterator<Item = Key> {
        self.0.into_iter().map(|(key, _)| key)
    }

    pub fn into_values(self) -> impl Iterator<Item = Value> {
        self.0.into_iter().map(|(_, value)| value)
    }

    /// Gives back the memory that it and all maps and lists in it have to spare.
    pub fn shrink_to_fit(&mut self) {
        self.values_mut().for_each(Value::shrink_to_fit);
        self.0.shrink_to_fit();
    }

    /// From members in any order; of equal names the last counts. Takes no more memory than they need.
    fn from_members(mut members: Vec<(Key, Value)>) -> Self {
        if !members.is_sorted_by(|(one, _), (next, _)| one < next) {
            if members.len() < SCATTERED {
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
            } else {
                members = sorted(members);
            }
            // Of each run of equal names the first stays: give it the value of the last.
            members.dedup_by(|(next, value), (first, kept)| {
                let same = next == first;
                if same {
                    std::mem::swap(kept, value);
                }
                same
            });
        }
        members.shrink_to_fit();
        Self(members)
    }
}

/// Members by their names; equal names keep their order.
fn sorted(members: Vec<(Key, Value)>) -> Vec<(Key, Value)> {
    let begin = |name: &str| {
        let mut octets = [0; 8];
        octets.iter_mut().zip(name.bytes()).for_each(|(place, octet)| *place = octet);
        u64::from_be_bytes(octets)
    };
    let mut order: Vec<(u64, usize)> =
        members.iter().enumerate().map(|(at, (name, _))| (begin(name), at)).collect();
    let name = |at: usize| members.get(at).map(|(name, _)| name);
    order.sort_unstable_by(|(one, at), (other, place)| {
        one.cmp(other).then_with(|| name(*at).cmp(&name(*place))).then(at.cmp(place))
    });
    let mut members: Vec<Option<(Key, Value)>> = members.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, at)| members.get_mut(at)?.take()).collect()
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<Key>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(members: I) -> Self {
        Self::from_members(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl<K: Into<Key>> Extend<(K, Value)> for Map {
    fn extend<I: IntoIterator<Item = (K, Value)>>(&mut self, members: I) {
        for (key, value) in members {
            self.insert(key.into(), value);
        }
    }
}

impl<K: Into<Key>, const N: usize> From<[(K, Value); N]> for Map {
    fn from(members: [(K, Value); N]) -> Self {
        members.into_iter().collect()
    }
}

impl Index<&str> for Map {
    type Output = Value;

    /// The value of a member, null where there is none.
    fn index(&self, key: &str) -> &Value {
        static NULL: Value = Value::NULL;
        self.get(key).unwrap_or(&NULL)
    }
}

/// Members by reference.
#[derive(Clone, Debug)]
pub struct Iter<'a>(std::slice::Iter<'a, (Key, Value)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Key, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key, value))
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// Members whose values may be changed.
#[derive(Debug)]
pub struct IterMut<'a>(std::slice::IterMut<'a, (Key, Value)>);

impl<'a> Iterator for IterMut<'a> {
    type Item = (&'a Key, &'a mut Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&*key, value))
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Key, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Map {
    type Item = (&'a Key, &'a mut Value);
    type IntoIter = IterMut<'a>;

    fn into_iter(self) -> IterMut<'a> {
        self.iter_mut()
    }
}

impl IntoIterator for Map {
    type Item = (Key, Value);
    type IntoIter = std::vec::IntoIter<(Key, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A member that is there or not: see [`Map::entry`].
#[derive(Debug)]
pub struct Entry<'a> {
    map: &'a mut Map,
    key: Key,
}

impl<'a> Entry<'a> {
    pub fn or_insert_with(self, value: impl FnOnce() -> Value) -> &'a mut Value {
        let Self { map: Map(members), key } = self;
        let at = members.binary_search_by(|(known, _)| known.cmp(&key)).unwrap_or_else(|at| {
            members.insert(at, (key, value()));
            at
        });
        // The place was found or made just now.
        #[allow(clippy::indexing_slicing)]
        &mut members[at].1
    }

    pub fn or_insert(self, value: Value) -> &'a mut Value {
        self.or_insert_with(|| value)
    }

    #[must_use]
    pub fn or_default(self) -> &'a mut Value {
        self.or_insert_with(Value::default)
    }
}

/// The members of a map that is being read, in any order and number.
#[derive(Debug, Default)]
pub(crate) struct Members {
    members: Vec<(Key, Value)>,
    /// Once there are many.
    names: Option<HashSet<Key, ahash::RandomState>>,
}

/// From here on names are looked up in a table.
const MANY: usize = 64;

impl Members {
    /// A member of this name; of several any.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        if self.names.as_ref().is_some_and(|names| !names.contains(name)) {
            return None;
        }
        self.members.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn push(&mut self, name: &str, value: Value) {
        // Names of so many members are hardly those of other maps.
        let key = if self.names.is_some() { Key::once(name) } else { Key::from(name) };
        if let Some(names) = &mut self.names {
            names.insert(key.clone());
        } else if self.members.len() >= MANY {
            self.names = Some(self.members.iter().map(|(key, _)| key).chain([&key]).cloned().collect());
        }
        self.members.push((key, value));
    }
}

impl From<Members> for Map {
    fn from(members: Members) -> Self {
        Self::from_members(members.members)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn many_members_are_sorted_alike() {
        let name = |n: usize| match n % 4 {
            0 => format!("{:x}", n * 7919 % 5000),
            1 => format!("a long common beginning {}", n * 31 % 3000),
            2 => format!("\0{}", n % 700),
            _ => "ä".repeat(n % 9),
        };
        let all: Vec<(String, Value)> =
            (0..5000).map(|n| (name(n), i64::try_from(n).unwrap().into())).collect();
        let tree: BTreeMap<String, Value> = all.iter().cloned().collect();
        let map: Map = all.into_iter().collect();
        assert!(
            map.iter()
                .map(|(key, value)| (key.as_str(), value))
                .eq(tree.iter().map(|(k, v)| (k.as_str(), v)))
        );
    }

    proptest! {
        /// Against the map of the standard library.
        #[test]
        fn agrees_with_a_tree(
            start in prop::collection::vec(("[a-e]{0,3}", any::<i64>()), 0..90),
            steps in prop::collection::vec((0..4u8, "[a-e]{0,3}", any::<i64>()), 0..60),
        ) {
            let mut tree: BTreeMap<String, Value> =
                start.iter().map(|(key, value)| (key.clone(), (*value).into())).collect();
            let mut members = Members::default();
            for (key, value) in &start {
                prop_assert_eq!(members.get(key).is_some(), members.members.iter().any(|(k, _)| k == key));
                members.push(key, (*value).into());
            }
            let mut map = Map::from(members);
            for (step, key, value) in steps {
                let value = Value::from(value);
                match step {
                    0 => prop_assert_eq!(map.insert(&key, value.clone()), tree.insert(key.clone(), value)),
                    1 => prop_assert_eq!(map.remove(&key), tree.remove(&key)),
                    2 => {
                        map.entry(&key).or_insert(value.clone());
                        tree.entry(key.clone()).or_insert(value);
                    }
                    _ => map.extend([(key.clone(), value.clone())]),
                }
                if step == 3 {
                    let last = map.get(&key).cloned();
                    tree.insert(key.clone(), last.unwrap_or_default());
                }
                prop_assert_eq!(map.get(&key), tree.get(&key));
                prop_assert_eq!(map.contains_key(&key), tree.contains_key(&key));
            }
            prop_assert_eq!(map.len(), tree.len());
            prop_assert!(map.iter().map(|(k, v)| (k.as_str(), v)).eq(tree.iter().map(|(k, v)| (k.as_str(), v))));
        }

        #[test]
        fn or_takes_what_is_not_there(
            own in prop::collection::btree_map("[a-c]{0,2}", any::<i64>(), 0..12),
            others in prop::collection::btree_map("[a-c]{0,2}", any::<i64>(), 0..12),
        ) {
            let map = |tree: &BTreeMap<String, i64>| tree.iter().map(|(k, v)| (k, Value::from(*v))).collect::<Map>();
            let mut both = others.clone();
            both.extend(own.clone());
            prop_assert_eq!(map(&own).or(&map(&others)), map(&both));
        }
    }

    #[test]
    fn names_are_kept_once_and_not_without_bound() {
        let (one, two) = (Key::from("subnet"), Key::from("subnet".to_owned()));
        assert!(Arc::ptr_eq(&one.0, &two.0));
        for n in 0..3 * REMEMBERED {
            let _ = Key::from(n.to_string());
        }
        assert!(NAMES.with_borrow(HashSet::len) <= REMEMBERED);
        let long = "x".repeat(LONGEST + 1);
        assert!(!Arc::ptr_eq(&Key::from(&long).0, &Key::from(&long).0));
    }

    #[test]
    fn many_members_in_any_order_are_read_in_no_time() {
        let mut members = Members::default();
        for n in (0..200_000_u32).rev() {
            assert!(members.get(&n.to_string()).is_none());
            members.push(&n.to_string(), n.into());
        }
        assert_eq!(Map::from(members).len(), 200_000);
    }
}
