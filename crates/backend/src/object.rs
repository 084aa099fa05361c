//! Objects as they lie in a database.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{ServerTag, SubnetId};
use config::Element;
use json::{Map, Value};

use crate::{OptionKey, Prefix, ServerSelector};

/// A server known to the database by its tag; the logical server `all` is never listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub tag: ServerTag,
    pub description: String,
}

/// An option definition, a global option, a class or a network, with the number of its row. The map is in the form
/// of a configuration file; `element.server_tags` says to which servers it is tied.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub row: u64,
    pub element: Arc<Element>,
}

/// A global parameter; members of maps are named `map.member`.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGlobal {
    pub name: String,
    pub value: Value,
    pub tags: Vec<ServerTag>,
}

/// A subnet. The map is in the form of a configuration file, with `id`, `subnet`, `pools`, `option-data`.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSubnet {
    pub id: SubnetId,
    pub prefix: Prefix,
    pub shared_network: Option<String>,
    pub element: Arc<Element>,
}

/// What lists show of a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetBrief {
    pub id: SubnetId,
    pub prefix: Prefix,
    pub shared_network: Option<String>,
    pub tags: Vec<ServerTag>,
}

/// All objects of one server, by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    /// Those of the server and those of all servers; [`Objects::effective_globals`] picks.
    pub globals: Vec<StoredGlobal>,
    pub option_defs: BTreeMap<u64, Stored>,
    pub options: BTreeMap<u64, Stored>,
    /// In the order of evaluation.
    pub classes: Vec<Stored>,
    pub networks: BTreeMap<u64, Stored>,
    pub subnets: BTreeMap<SubnetId, StoredSubnet>,
}

impl Objects {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.globals.is_empty()
            && self.option_defs.is_empty()
            && self.options.is_empty()
            && self.classes.is_empty()
            && self.networks.is_empty()
            && self.subnets.is_empty()
    }

    /// Globals that count for `selector`: own before all.
    #[must_use]
    pub fn effective_globals(&self, selector: &ServerSelector) -> Vec<StoredGlobal> {
        selector.effective(self.globals.clone(), |g| &g.tags, |g| g.name.clone())
    }

    /// Option definitions that count, by space and code.
    #[must_use]
    pub fn effective_option_defs(&self, selector: &ServerSelector) -> Vec<Stored> {
        let defs = self.option_defs.values().cloned().collect();
        selector.effective(
            defs,
            |d| &d.element.server_tags,
            |d| (text_member(&d.element.map, "space"), int_member(&d.element.map, "code")),
        )
    }

    /// Global options that count, by space, code and classes.
    #[must_use]
    pub fn effective_options(&self, selector: &ServerSelector) -> Vec<Stored> {
        let options = self.options.values().cloned().collect();
        selector.effective(options, |o| &o.element.server_tags, |o| option_key_of(&o.element.map))
    }
}

/// A member as text; empty when absent.
#[must_use]
pub fn text_member(map: &Map, keyword: &str) -> String {
    map.get(keyword).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A member as a number; 0 when absent.
#[must_use]
pub fn int_member(map: &Map, keyword: &str) -> i64 {
    map.get(keyword).and_then(Value::as_int).unwrap_or_default()
}

/// The key of a stored option: space, code and the classes it is limited to.
#[must_use]
pub fn option_key_of(map: &Map) -> OptionKey {
    let classes = map
        .get("client-classes")
        .and_then(Value::as_list)
        .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    OptionKey {
        space: text_member(map, "space"),
        code: u16::try_from(int_member(map, "code")).unwrap_or_default(),
        classes: Some(classes),
    }
}
