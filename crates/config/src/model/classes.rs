//! Client classes, resolved to small numbers.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::{Lifetime, OptionSet};

/// Number of a class in one [`ClassTable`]; the position of its bit in a packet's class set.
pub use expr::ClassId;

/// Numbers of the built-in classes, the same in every table (Kea manual, chapter "Client Classification").
pub mod builtin {
    use super::ClassId;

    pub const ALL: ClassId = ClassId(0);
    pub const KNOWN: ClassId = ClassId(1);
    pub const UNKNOWN: ClassId = ClassId(2);
    pub const BOOTP: ClassId = ClassId(3);
    pub const DROP: ClassId = ClassId(4);
    pub const REJECT: ClassId = ClassId(5);
    pub const SKIP_DDNS: ClassId = ClassId(6);
    /// Names in the order of their numbers.
    pub const NAMES: [&str; 7] = ["ALL", "KNOWN", "UNKNOWN", "BOOTP", "DROP", "REJECT", "SKIP_DDNS"];
}

/// A class: built in, configured, or only referred to by name (`VENDOR_CLASS_...`, `HA_...`, `SPAWN_...`).
#[derive(Clone, Debug)]
pub struct Class {
    pub name: Arc<str>,
    /// `test`; a class without one matches only where it is listed or assigned by other means.
    pub test: Option<Arc<expr::Expression>>,
    /// `template-test`.
    pub template_test: Option<Arc<expr::Expression>>,
    /// `only-in-additional-list`.
    pub only_in_additional_list: bool,
    /// The test refers, directly or through other classes, to KNOWN or UNKNOWN: evaluated after the host lookup.
    pub depends_on_known: bool,
    /// Defined in `client-classes`, in contrast to built in or only referred to.
    pub configured: bool,
    pub next_server: Option<Ipv4Addr>,
    pub server_hostname: Option<Arc<str>>,
    pub boot_file_name: Option<Arc<str>>,
    pub valid_lifetime: Option<Lifetime>,
    /// DHCPv6 alone.
    pub preferred_lifetime: Option<Lifetime>,
    pub offer_lifetime: Option<u32>,
    pub options: OptionSet,
}

/// All classes a configuration knows. `classes[id]` is the class of that number.
#[derive(Clone, Debug, Default)]
pub struct ClassTable {
    pub classes: Vec<Class>,
    pub by_name: HashMap<Arc<str>, ClassId>,
    /// Configured classes in the order of evaluation.
    pub configured: Vec<ClassId>,
    /// Of those, what a query is tested for on reception.
    pub first: Round,
    /// And once it is known whether the client has a reservation.
    pub second: Round,
    /// Some class is named `VENDOR_CLASS_...`: worth a look at what each packet says of its vendor.
    pub has_vendor_classes: bool,
    /// Vendor and spawned classes count also where nothing names them (`libdhcp_limits`).
    pub keeps_generated: bool,
}

/// Classes that are evaluated together, in the order of the configuration: not those of additional lists.
#[derive(Clone, Debug, Default)]
pub struct Round {
    classes: Box<[ClassId]>,
    candidates: expr::Candidates,
}

impl Round {
    fn new<'c>(classes: impl Iterator<Item = (ClassId, &'c Class)>) -> Self {
        let (ids, classes): (Vec<_>, Vec<_>) = classes.unzip();
        let candidates = expr::Candidates::new(classes.iter().map(|class| class.test.as_deref()));
        Self { classes: ids.into(), candidates }
    }

    #[must_use]
    pub fn classes(&self) -> &[ClassId] {
        &self.classes
    }

    /// Those whose tests can be true of the query.
    pub fn candidates<V: expr::QueryView + ?Sized>(&self, query: &V) -> impl Iterator<Item = ClassId> + '_ {
        self.candidates.of(query).filter_map(|at| self.classes.get(at).copied())
    }
}

impl ClassTable {
    /// Arranges the configured classes for evaluation.
    pub(crate) fn arrange(&mut self) {
        let round = |depends_on_known: bool| {
            let classes = self.configured.iter().filter_map(|id| Some((*id, self.get(*id)?)));
            Round::new(classes.filter(|(_, class)| {
                class.depends_on_known == depends_on_known && !class.only_in_additional_list
            }))
        };
        (self.first, self.second) = (round(false), round(true));
    }

    #[must_use]
    pub fn id(&self, name: &str) -> Option<ClassId> {
        self.by_name.get(name).copied()
    }

    #[must_use]
    pub fn get(&self, id: ClassId) -> Option<&Class> {
        self.classes.get(usize::try_from(id.0).ok()?)
    }
}
