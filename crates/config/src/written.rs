//! The written stage: checked maps, before inheritance.

use std::sync::Arc;

use base::{ServerTag, SubnetId};

use crate::{Dhcp4, Dhcp6, Protocol};

/// One configured object as written, checked against its keyword table, defaults not filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// The map without `metadata`; keys are current spellings (deprecated ones are translated when parsed).
    pub map: json::Map,
    pub pos: json::Pos,
    /// Servers the object is tied to when it came from a database; empty for objects of the file.
    pub server_tags: Vec<ServerTag>,
}

/// A subnet as written, with the keys by which it is found.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenSubnet<P: Protocol> {
    pub id: SubnetId,
    pub prefix: P::Prefix,
    /// The network it belongs to; in files by nesting, in databases by name.
    pub shared_network: Option<String>,
    /// The map as in a file's `subnet4` or `subnet6` list: with `id`, `subnet`, `pools`, `option-data`; never
    /// `shared-network-name`.
    pub element: Arc<Element>,
}

pub type WrittenSubnet4 = WrittenSubnet<Dhcp4>;
pub type WrittenSubnet6 = WrittenSubnet<Dhcp6>;

/// A whole configuration of kea-dhcp4 or kea-dhcp6 as written. Lists keep the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written<P: Protocol> {
    /// All members of the outermost map (`Dhcp4`, `Dhcp6`) but the lists below.
    pub globals: json::Map,
    pub globals_pos: json::Pos,
    pub option_defs: Vec<Arc<Element>>,
    pub options: Vec<Arc<Element>>,
    pub client_classes: Vec<Arc<Element>>,
    /// Networks without their subnets.
    pub shared_networks: Vec<Arc<Element>>,
    /// Subnets of the top level and of networks alike.
    pub subnets: Vec<WrittenSubnet<P>>,
    /// Host reservations of the global scope, as written.
    pub reservations: Vec<Arc<Element>>,
    /// Server tags of globals that came from a database, by name (`map.leaf` for members of maps).
    pub global_tags: std::collections::BTreeMap<String, Vec<ServerTag>>,
}

pub type Written4 = Written<Dhcp4>;
pub type Written6 = Written<Dhcp6>;
