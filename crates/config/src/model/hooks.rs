//! What hook libraries are listed with, as far as it is made of expressions, classes and options.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base::{Seconds, SubnetId};

use super::{ClassId, DatabaseAccess};

/// Flexible identifiers (`libdhcp_flex_id`).
#[derive(Clone, Debug, Default)]
pub struct FlexId {
    /// Makes the identifier of a query.
    pub expression: Option<Arc<expr::Expression>>,
    /// It takes the place of the client identifier or DUID.
    pub replace_client_id: bool,
    /// The only IA_NA and the only IA_PD of a message are what they are whatever their IAID.
    pub ignore_iaid: bool,
    /// A client identifier that is replaced has the form of RFC 4361.
    pub as_duid: bool,
}

/// What the entries of the legal log are made of (`libdhcp_legal_log`).
#[derive(Clone, Debug, Default)]
pub struct LegalLog {
    /// Text of an entry from the query (`request-parser-format`).
    pub request: Option<Arc<expr::Expression>>,
    /// What follows it, from the reply (`response-parser-format`).
    pub response: Option<Arc<expr::Expression>>,
    /// Subnets whose leases are not logged (`legal-logging` of their user contexts).
    pub silent: HashSet<SubnetId>,
    /// The database that has the entries (`type` `mysql` or `postgresql`).
    pub database: Option<DatabaseAccess>,
}

/// How `libdhcp_ddns_tuning` names leases.
#[derive(Clone, Debug, Default)]
pub struct DdnsTuning {
    /// Makes the name where the subnet does not say otherwise.
    pub expression: Option<Arc<expr::Expression>>,
    /// What subnets say of their own; `None`: there names stay as they are.
    pub subnets: HashMap<SubnetId, Option<Arc<expr::Expression>>>,
}

/// What `libdhcp_limits` bounds, by the user contexts of classes and subnets.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// By class; that of a template bounds each class that it spawns.
    pub classes: HashMap<ClassId, Limit>,
    pub subnets: HashMap<SubnetId, Limit>,
}

impl Limits {
    fn all(&self) -> impl Iterator<Item = &Limit> {
        self.classes.values().chain(self.subnets.values())
    }

    /// Whether numbers of leases are bounded.
    #[must_use]
    pub fn on_leases(&self) -> bool {
        self.all().any(|limit| limit.addresses.is_some() || limit.prefixes.is_some())
    }
}

/// The bounds of one class or subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// Addresses leased at a time (`address-limit`).
    pub addresses: Option<u32>,
    /// Prefixes delegated at a time (`prefix-limit`).
    pub prefixes: Option<u32>,
    /// Packets served (`rate-limit`).
    pub rate: Option<RateLimit>,
}

/// So many packets in any span of this length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub packets: u32,
    pub span: Seconds,
    /// As written.
    pub text: Arc<str>,
}

/// What `libdhcp_flex_option` does to options, in the order in which it is done: options by their codes, then sub-options
/// by those of their containers and their own.
#[derive(Clone, Debug, Default)]
pub struct FlexOption {
    pub rules: Vec<FlexRule>,
}

/// An action on an option or sub-option.
#[derive(Clone, Debug)]
pub struct FlexRule {
    /// Of the option, which for a sub-option is its container.
    pub code: u16,
    /// Only for queries of this class (`client-class`).
    pub class: Option<ClassId>,
    pub sub: Option<FlexSubOption>,
    pub action: FlexAction,
    /// Gives a value, or says whether to remove.
    pub expression: Arc<expr::Expression>,
    /// The same as written.
    pub written: Arc<str>,
    /// Its values are texts of this definition (`csv-format`).
    pub definition: Option<Arc<options::OptionDef>>,
    /// The reply is what the expression looks at (`source`), not the query.
    pub sees_reply: bool,
    /// The query is what is changed (`destination`), not the reply.
    pub changes_query: bool,
}

/// A sub-option of a rule.
#[derive(Clone, Debug)]
pub struct FlexSubOption {
    pub code: u16,
    /// Only for queries of this class.
    pub class: Option<ClassId>,
    /// What its container has before its sub-options.
    pub container: Option<Arc<options::OptionDef>>,
    /// Enterprise number of the vendor whose part of the container is meant.
    pub vendor: Option<u32>,
    /// A container that is not there is added, one that is left empty removed (`container-add`, `container-remove`).
    pub with_container: bool,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlexAction {
    /// Where there is none yet.
    Add,
    /// Whatever is there.
    Supersede,
    Remove,
}
