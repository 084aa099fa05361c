//! Names that expressions use, resolved once when they are compiled.

use std::sync::Arc;

use options::DefTable;

/// Number of a client class in one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

impl ClassId {
    /// A class that no query ever joins.
    pub const NOBODY: Self = Self(u32::MAX);
}

/// What the surroundings of an expression know.
pub trait Names {
    /// The class that `member('name')` means: defined earlier or built in. `None` makes the expression fail.
    fn class(&mut self, name: &str) -> Option<ClassId>;

    /// The definitions behind option names, `.text` and the place of sub-options.
    fn definitions(&self) -> &Arc<DefTable>;
}

/// Names for expressions outside of client classes: every class name is fine.
///
/// `class` gives the number of a name; it is asked once per mention.
pub struct AnyClass<'a, F> {
    pub definitions: &'a Arc<DefTable>,
    pub class: F,
}

impl<F: FnMut(&str) -> ClassId> Names for AnyClass<'_, F> {
    fn class(&mut self, name: &str) -> Option<ClassId> {
        Some((self.class)(name))
    }

    fn definitions(&self) -> &Arc<DefTable> {
        self.definitions
    }
}
