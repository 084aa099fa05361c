//! The names of configuration files, each kept once: values say in two octets which file they are from.

use std::cell::RefCell;
use std::sync::{Arc, PoisonError, RwLock};

/// Names in the order they came in. A process reads few files; should it ever have read 65,535 of different names,
/// positions in further ones are told without name.
static NAMES: RwLock<Vec<Arc<str>>> = RwLock::new(Vec::new());

thread_local! {
    /// Most values come from the file that the value before came from.
    static LATEST: RefCell<Option<(Arc<str>, FileId)>> = const { RefCell::new(None) };
}

/// The name of a file, or none: 0, else one more than a place in [`NAMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileId(u16);

impl FileId {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(name: Option<&Arc<str>>) -> Self {
        let Some(name) = name else { return Self::NONE };
        LATEST.with_borrow_mut(|latest| {
            if let Some((known, id)) = latest
                && Arc::ptr_eq(known, name)
            {
                return *id;
            }
            let id = Self::search(name);
            *latest = Some((Arc::clone(name), id));
            id
        })
    }

    fn search(name: &Arc<str>) -> Self {
        let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
        let at = names.iter().position(|known| known == name).unwrap_or(names.len());
        let Some(id) = u16::try_from(at).ok().and_then(|at| at.checked_add(1)) else { return Self::NONE };
        if at == names.len() {
            names.push(Arc::clone(name));
        }
        Self(id)
    }

    pub(crate) fn name(self) -> Option<Arc<str>> {
        let at = usize::from(self.0).checked_sub(1)?;
        NAMES.read().unwrap_or_else(PoisonError::into_inner).get(at).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number() {
        let id = |name: &str| FileId::of(Some(&name.into()));
        let (one, other) = (id("/etc/one.json"), id("/etc/other.json"));
        assert_ne!(one, other);
        assert_eq!((id("/etc/one.json"), one.name().as_deref()), (one, Some("/etc/one.json")));
        assert_eq!((FileId::of(None), FileId::NONE.name()), (FileId::NONE, None));
    }
}
