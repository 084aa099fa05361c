//! The written stage to what the engine runs on.

mod agent;
mod classes;
mod ddns;
mod ere;
mod hosts;
mod mentions;
mod options;
mod scope;
mod service;
mod subnets;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use ::options::DefTable;
use base::{Family, Seconds};
use json::{Map, Pos, Value};

pub use agent::{AgentConfig, AgentLogin, AgentSocket, AgentTls, resolve_agent};
pub(crate) use classes::ClassBuilder;
pub use classes::{check_classes, check_options, definition_table};
pub(crate) use hosts::identifier as reserved_for;
pub use mentions::mentioned_classes;
pub(crate) use options::{definitions, find_definition, is_csv, option_set};
pub use service::loggers;

use crate::error::ConfigError;
use crate::keywords::{DHCP4, Literal, Type};
use crate::parse::objects::{boolean, int};
use crate::{Globals4, OwnGlobals4, ServerConfig4, SubnetIndex, Written4};

/// Whether the machine has an interface of a name.
pub type InterfaceCheck = Arc<dyn Fn(&str) -> bool + Send + Sync>;
/// Reads the text of a user or password file; the error is for the operator, without the path.
pub type SecretReader = Arc<dyn Fn(&Path) -> Result<String, String> + Send + Sync>;

/// What the resolver knows of its surroundings.
#[derive(Clone)]
pub struct ResolveEnv {
    /// `-X`: what the security rules forbid is let through.
    pub relaxed: bool,
    /// Whether the machine has an interface of this name; without it names are not checked.
    pub interface_exists: Option<InterfaceCheck>,
    /// Reads a user or password file; the error is a text for the operator, without the path.
    pub read_secret: SecretReader,
}

impl Default for ResolveEnv {
    fn default() -> Self {
        Self { relaxed: false, interface_exists: None, read_secret: Arc::new(service::read_secret) }
    }
}

impl std::fmt::Debug for ResolveEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResolveEnv {{ relaxed: {}, .. }}", self.relaxed)
    }
}

/// Collects faults, each with the keyword of the globals under which it was found.
pub(crate) struct Context<'a> {
    pub(crate) env: &'a ResolveEnv,
    pub(crate) errors: Vec<ConfigError>,
    element: &'static str,
    prefix: &'static str,
}

impl<'a> Context<'a> {
    pub(crate) fn new(env: &'a ResolveEnv) -> Self {
        Self { env, errors: Vec::new(), element: "Dhcp4", prefix: "" }
    }

    pub(crate) fn enter(&mut self, element: &'static str) {
        self.element = element;
        self.prefix = if element == "subnet4" { "subnet configuration failed: " } else { "" };
    }

    pub(crate) fn fault(&mut self, pos: &Pos, text: impl std::fmt::Display) {
        let error = ConfigError::at(pos, format_args!("{}{text}", self.prefix));
        self.errors.push(error.under(self.element));
    }

    /// A fault whose text stands for itself, also in the scope of a subnet.
    pub(crate) fn fault_alone(&mut self, pos: &Pos, text: impl std::fmt::Display) {
        let error = ConfigError::at(pos, text);
        self.errors.push(error.under(self.element));
    }

    /// Options inside of subnets are read on their own.
    pub(crate) fn without_prefix(&mut self) -> &'static str {
        std::mem::take(&mut self.prefix)
    }

    pub(crate) fn restore_prefix(&mut self, prefix: &'static str) {
        self.prefix = prefix;
    }

    pub(crate) fn push(&mut self, error: ConfigError) {
        self.errors.push(error.under(self.element));
    }
}

/// Inheritance, definitions, options, classes and all checks that need more than one object. Every fault is
/// reported.
pub fn resolve4(written: Arc<Written4>, env: &ResolveEnv) -> Result<ServerConfig4, Vec<ConfigError>> {
    let mut ctx = Context::new(env);
    let map = &written.globals;
    let pos = &written.globals_pos;

    ctx.enter("option-def");
    let standard = DefTable::standard(Family::V4);
    let custom = written.option_defs.iter().map(|e| (&e.map, &e.pos));
    let definitions = definitions(&mut ctx, &standard, custom);

    ctx.enter("client-classes");
    let mut classes = ClassBuilder::new(&written.client_classes, &definitions, &mut ctx);

    ctx.enter("option-data");
    let options =
        option_set(&mut ctx, &definitions, &mut classes, written.options.iter().map(|e| (&e.map, &e.pos)));

    ctx.enter("Dhcp4");
    let mut globals = globals(map);
    let scope = scope::Scope::globals(&mut ctx, map, pos);

    let resolved = subnets::resolve(&mut ctx, &written, &scope, &definitions, &mut classes, &options);

    let hosts = hosts::resolve(&mut ctx, &written, &definitions, &mut classes);

    let services = service::resolve(&mut ctx, map, pos);
    if !ctx.errors.is_empty() {
        return Err(ctx.errors);
    }
    let subnets::Resolved { subnets, networks, server_ids } = resolved;
    let index = SubnetIndex::new(&subnets, &networks);
    globals.own.server_ids = server_ids;
    Ok(ServerConfig4 {
        globals,
        services,
        definitions,
        classes: Arc::new(classes.finish()),
        options,
        hosts,
        host_identifiers: hosts::identifiers(map),
        subnets,
        networks,
        index,
        written,
    })
}

/// A global with the default of its table.
pub(crate) fn global(map: &Map, name: &str) -> Option<Value> {
    map.get(name).cloned().or_else(|| DHCP4.get(name)?.default.value())
}

fn globals(map: &Map) -> Globals4 {
    let flag = |name: &str| global(map, name).and_then(|v| v.as_bool()).unwrap_or(false);
    let number = |name: &str| {
        global(map, name).and_then(|v| v.as_int()).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
    };
    let empty = Map::new();
    let compatibility = map.get("compatibility").and_then(Value::as_map).unwrap_or(&empty);
    let compatible = |name: &str| boolean(compatibility, name).unwrap_or(false);
    Globals4 {
        decline_probation_period: Seconds(number("decline-probation-period")),
        lenient_option_parsing: compatible("lenient-option-parsing"),
        early_global_reservations_lookup: flag("early-global-reservations-lookup"),
        dhcp4o6_port: int(map, "dhcp4o6-port").and_then(|p| u16::try_from(p).ok()).unwrap_or(0),
        own: OwnGlobals4 {
            echo_client_id: flag("echo-client-id"),
            authoritative: flag("authoritative"),
            next_server: scope::address(map, "next-server"),
            exclude_first_last_24: compatible("exclude-first-last-24"),
            ignore_dhcp_server_identifier: compatible("ignore-dhcp-server-identifier"),
            ignore_rai_link_selection: compatible("ignore-rai-link-selection"),
            stash_agent_options: flag("stash-agent-options"),
            server_ids: HashSet::new(),
        },
    }
}

/// Member of a map inside the globals, with the default of its table.
pub(crate) fn leaf(map: &Map, holder: &str, name: &str) -> Option<Value> {
    if let Some(value) = map.get(holder).and_then(|inner| inner.get(name)) {
        return Some(value.clone());
    }
    let Type::Map(table) = DHCP4.get(holder)?.kind else { return None };
    match table.get(name)?.default {
        Literal::None => None,
        literal => literal.value(),
    }
}
