//! The classes of a query.

use config::ClassId;
use smallvec::SmallVec;

/// The classes of a query, in the order in which it joined them.
#[derive(Clone, Debug, Default)]
pub struct ClassSet {
    order: SmallVec<[ClassId; 8]>,
    bits: SmallVec<[u64; 2]>,
    /// Classes that no configuration knows, each with the number of others that were joined before; for the log alone.
    strays: Vec<(usize, Box<str>)>,
}

impl FromIterator<ClassId> for ClassSet {
    fn from_iter<I: IntoIterator<Item = ClassId>>(classes: I) -> Self {
        let mut set = Self::default();
        for class in classes {
            set.insert(class);
        }
        set
    }
}

impl ClassSet {
    /// Joins a class; answers whether it was new.
    pub fn insert(&mut self, class: ClassId) -> bool {
        let (word, bit) = (usize::try_from(class.0 / 64).unwrap_or(usize::MAX), 1u64 << (class.0 % 64));
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        let Some(word) = self.bits.get_mut(word) else { return false };
        if *word & bit != 0 {
            return false;
        }
        *word |= bit;
        self.order.push(class);
        true
    }

    /// Joins a class that nothing in the configuration refers to.
    pub(crate) fn insert_stray(&mut self, name: &str) {
        if self.strays.iter().all(|(_, there)| **there != *name) {
            self.strays.push((self.order.len(), name.into()));
        }
    }

    /// The names of all, in the order in which the query joined them.
    pub fn names<'n>(&'n self, name: impl Fn(ClassId) -> Option<&'n str>) -> Vec<&'n str> {
        let mut strays = self.strays.iter().peekable();
        let mut names = Vec::new();
        for (at, class) in self.order.iter().enumerate() {
            while let Some((_, stray)) = strays.next_if(|(before, _)| *before <= at) {
                names.push(&**stray);
            }
            names.extend(name(*class));
        }
        names.extend(strays.map(|(_, stray)| &**stray));
        names
    }

    /// Leaves a class.
    pub fn remove(&mut self, class: ClassId) {
        let (word, bit) = (usize::try_from(class.0 / 64).unwrap_or(usize::MAX), 1u64 << (class.0 % 64));
        if let Some(word) = self.bits.get_mut(word)
            && *word & bit != 0
        {
            *word &= !bit;
            self.order.retain(|c| *c != class);
        }
    }

    #[must_use]
    pub fn contains(&self, class: ClassId) -> bool {
        usize::try_from(class.0 / 64)
            .ok()
            .and_then(|word| self.bits.get(word))
            .is_some_and(|word| word & (1 << (class.0 % 64)) != 0)
    }

    /// Whether a guard lets these classes pass: an empty guard everyone, else any of its classes.
    #[must_use]
    pub fn pass(&self, guard: &[ClassId]) -> bool {
        guard.is_empty() || guard.iter().any(|class| self.contains(*class))
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ClassId> + '_ {
        self.order.iter().copied()
    }
}
