//! What a database has already, and what it has no room for.

use std::collections::{BTreeMap, BTreeSet};

use backend::{Change, OptionKey, OptionScope, Prefix, int_member, option_key_of, text_member};
use base::SubnetId;

/// An object by what a database finds it by, whatever servers it is tied to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Global(String),
    OptionDef(String, i64),
    /// A global option.
    Option(OptionKey),
    Class(String),
    Network(String),
    Subnet(SubnetId),
}

impl Key {
    /// What a change sets; `None` for servers, options of other scopes and what is no set.
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        Some(match change {
            Change::SetGlobal { name, .. } => Self::Global(name.clone()),
            Change::SetOptionDef { map, .. } => {
                Self::OptionDef(text_member(map, "space"), int_member(map, "code"))
            }
            Change::SetOption { scope: OptionScope::Global(_), map } => Self::Option(option_key_of(map)),
            Change::SetClass { map, .. } => Self::Class(text_member(map, "name")),
            Change::SetNetwork { map, .. } => Self::Network(text_member(map, "name")),
            Change::SetSubnet { id, .. } => Self::Subnet(*id),
            _ => return None,
        })
    }
}

/// Why objects stay in files although their form would do for a database: others are in their place, or it refuses them.
/// Empty for a new database.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// Whether other servers are known to it, who would get what is tied to `all`.
    pub others: bool,
    /// Whether names that differ in the case of letters or in blanks at their end are one name to it.
    pub folds_names: bool,
    /// What it refused, with the reason.
    pub refused: BTreeMap<Key, String>,
    subnets: BTreeMap<SubnetId, Prefix>,
    prefixes: BTreeMap<Prefix, SubnetId>,
    /// Names as [`form`](Self::form) gives them.
    networks: BTreeSet<String>,
    classes: BTreeSet<String>,
}

impl Present {
    pub fn add_subnet(&mut self, id: SubnetId, prefix: Prefix) {
        self.subnets.insert(id, prefix);
        self.prefixes.insert(prefix, id);
    }

    pub fn add_network(&mut self, name: &str) {
        self.networks.insert(self.form(name));
    }

    pub fn add_class(&mut self, name: &str) {
        self.classes.insert(self.form(name));
    }

    /// Two names that are one to the database have the same form.
    pub(crate) fn form(&self, name: &str) -> String {
        if self.folds_names { name.trim_end().to_lowercase() } else { name.to_owned() }
    }

    pub(crate) fn refusal(&self, key: &Key) -> Option<String> {
        self.refused.get(key).cloned()
    }

    /// Why a network must stay.
    pub(crate) fn against_network(&self, name: &str) -> Option<String> {
        self.against(&self.networks, name, Key::Network)
    }

    /// Why the classes of a server with such a one must stay.
    pub(crate) fn against_class(&self, name: &str) -> Option<String> {
        self.against(&self.classes, name, Key::Class)
    }

    fn against(&self, forms: &BTreeSet<String>, name: &str, key: fn(String) -> Key) -> Option<String> {
        if forms.contains(&self.form(name)) {
            return Some("the database has one of this name already".to_owned());
        }
        self.refusal(&key(name.to_owned()))
    }

    pub(crate) fn against_subnet(&self, id: SubnetId, prefix: Prefix) -> Option<String> {
        match (self.subnets.get(&id), self.prefixes.get(&prefix)) {
            (Some(other), _) if *other == prefix => Some("the database has it already".to_owned()),
            (Some(other), _) => Some(format!("the database has {other} under this id")),
            (None, Some(other)) => Some(format!("the database has it under the id {other}")),
            (None, None) => self.refusal(&Key::Subnet(id)),
        }
    }
}
