//! The written stage to what the engine runs on.

mod agent;
mod classes;
mod d2;
mod ddns;
mod ddns_tuning;
mod ere;
mod flex_id;
mod flex_option;
mod hosts;
mod kept;
mod lease_query;
mod legal_log;
mod limits;
mod mentions;
mod options;
mod own;
mod own4;
mod own6;
mod ping_check;
mod scope;
mod service;
mod subnets;

use std::path::Path;
use std::sync::Arc;

use ::options::DefTable;
use base::{Family, Seconds};
use json::{Map, Pos, Value};

pub use agent::{AgentConfig, AgentLogin, AgentSocket, AgentTls, resolve_agent};
pub(crate) use classes::ClassBuilder;
pub use classes::{check_classes, check_options, definition_table};
pub use d2::{D2Config, DdnsDomain, DnsServer, TsigKey, resolve_d2};
pub(crate) use hosts::{default_identifiers, identifier as reserved_for, stored as stored_reservation};
pub use mentions::mentioned_classes;
pub(crate) use options::{definitions, find_definition, is_csv, option_set};
pub(crate) use own6::ERP_LOCAL_DOMAIN_NAME;
pub use service::{loggers, read_secret};

use crate::error::ConfigError;
use crate::keywords::{self, Tables, Type};
use crate::{Globals, ServerConfig, ServerConfig4, ServerConfig6, SubnetIndex, Written, Written4, Written6};
use kept::Kept;
use own::Own;

/// Threads of a hook library: more than any machine has use for.
const MAX_THREADS: i64 = 512;

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
        Self { relaxed: false, interface_exists: None, read_secret: Arc::new(read_secret) }
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
    /// Faults of options of a database, which are left out.
    pub(crate) left_out: Vec<ConfigError>,
    pub(crate) family: Family,
    /// Of the object that is being resolved: what a database has comes without positions of its own inside.
    place: Pos,
    tables: &'static Tables,
    element: &'static str,
    prefix: &'static str,
}

impl<'a> Context<'a> {
    pub(crate) fn new(env: &'a ResolveEnv, family: Family) -> Self {
        let tables = keywords::tables(family);
        Self {
            env,
            errors: Vec::new(),
            left_out: Vec::new(),
            family,
            place: Pos::default(),
            tables,
            element: tables.globals.name,
            prefix: "",
        }
    }

    /// Faults are those of this object from here on, where nothing tells their place better.
    pub(crate) fn at(&mut self, object: &Pos) {
        self.place = object.clone();
    }

    /// A position, or that of the object.
    pub(crate) fn place<'p>(&'p self, pos: &'p Pos) -> &'p Pos {
        if pos.file.is_none() && pos.line == 0 { &self.place } else { pos }
    }

    pub(crate) fn enter(&mut self, element: &'static str) {
        self.element = element;
        self.prefix = if element == self.tables.subnet.name { "subnet configuration failed: " } else { "" };
    }

    /// A global with the default of its table.
    pub(crate) fn global(&self, map: &Map, name: &str) -> Option<Value> {
        map.get(name).cloned().or_else(|| self.tables.globals.get(name)?.default.value())
    }

    /// Member of a map inside the globals, with the default of its table.
    pub(crate) fn leaf(&self, map: &Map, holder: &str, name: &str) -> Option<Value> {
        if let Some(value) = map.get(holder).and_then(|inner| inner.get(name)) {
            return Some(value.clone());
        }
        let Type::Map(table) = self.tables.globals.get(holder)?.kind else { return None };
        table.get(name)?.default.value()
    }

    pub(crate) fn fault(&mut self, pos: &Pos, text: impl std::fmt::Display) {
        let error = ConfigError::at(self.place(pos), format_args!("{}{text}", self.prefix));
        self.errors.push(error.under(self.element));
    }

    /// A fault of an option: one of a database is left out.
    pub(crate) fn fault_of_option(&mut self, pos: &Pos, database: bool, text: impl std::fmt::Display) {
        if database {
            let error = ConfigError::at(self.place(pos), text);
            self.left_out.push(error.under(self.element));
        } else {
            self.fault(pos, text);
        }
    }

    /// A fault whose text stands for itself, also in the scope of a subnet.
    pub(crate) fn fault_alone(&mut self, pos: &Pos, text: impl std::fmt::Display) {
        let error = ConfigError::at(self.place(pos), text);
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
    resolve(written, env, None)
}

/// As [`resolve4`], of kea-dhcp6.
pub fn resolve6(written: Arc<Written6>, env: &ResolveEnv) -> Result<ServerConfig6, Vec<ConfigError>> {
    resolve(written, env, None)
}

/// `before`: what is the same there is taken over.
pub(crate) fn resolve<P: Own>(
    written: Arc<Written<P>>,
    env: &ResolveEnv,
    before: Option<&ServerConfig<P>>,
) -> Result<ServerConfig<P>, Vec<ConfigError>> {
    let mut ctx = Context::new(env, P::FAMILY);
    let map = &written.globals;
    let pos = &written.globals_pos;
    let kept = before.and_then(|before| Kept::of(before, &written));

    let (definitions, mut classes) = if let Some(kept) = &kept {
        (kept.definitions(), kept.classes())
    } else {
        ctx.enter("option-def");
        let standard = DefTable::standard(P::FAMILY);
        let custom = written.option_defs.iter().map(|e| (&e.map, &e.pos));
        let definitions = definitions(&mut ctx, &standard, custom);

        ctx.enter("client-classes");
        let classes = ClassBuilder::new(&written.client_classes, &definitions, &mut ctx);
        (definitions, classes)
    };

    ctx.enter(options::GLOBALS);
    let global = written.options.iter().map(|e| (&e.map, &e.pos, !e.server_tags.is_empty()));
    let options = option_set(&mut ctx, &definitions, &mut classes, global);

    ctx.at(pos);
    ctx.enter(P::NAME);
    let mut globals = globals::<P>(&mut ctx, map, pos, &definitions);
    let scope = scope::Scope::globals(&mut ctx, map, pos);

    let subnets::Resolved { subnets, networks } =
        subnets::resolve(&mut ctx, &written, kept.as_ref(), &scope, &definitions, &mut classes);

    ctx.at(pos);
    let hosts = hosts::resolve(&mut ctx, &written, &definitions, &mut classes);

    let services = service::resolve(&mut ctx, map, pos);
    ctx.enter("hooks-libraries");
    let flex_id = flex_id::resolve(&mut ctx, &services.hooks_libraries, &definitions, &mut classes);
    let ddns_tuning =
        ddns_tuning::resolve(&mut ctx, &written, &services.hooks_libraries, &definitions, &mut classes);
    let flex_option = flex_option::resolve(&mut ctx, &services.hooks_libraries, &definitions, &mut classes);
    let limits = limits::resolve(&mut ctx, &written, &services, &mut classes);
    let legal_log =
        legal_log::resolve(&mut ctx, &written, &services.hooks_libraries, &definitions, &mut classes);
    let ping_check = ping_check::resolve(&mut ctx, &written, &services.hooks_libraries);
    let lease_query = lease_query::resolve(&mut ctx, &services.hooks_libraries, &subnets);
    if !ctx.errors.is_empty() {
        return Err(ctx.errors);
    }
    let levels = std::iter::once(&options)
        .chain(networks.iter().map(|network| &network.options))
        .chain(subnets.iter().map(|subnet| &subnet.options));
    P::collect(&mut globals.own, levels);
    let index = SubnetIndex::new(&subnets, &networks);
    Ok(ServerConfig {
        globals,
        services,
        definitions,
        classes: classes.finish(),
        options,
        hosts,
        host_identifiers: hosts::identifiers(P::FAMILY, map),
        flex_id,
        ddns_tuning: ddns_tuning.map(Arc::new),
        flex_option: flex_option.map(Arc::new),
        limits: limits.map(Arc::new),
        legal_log,
        lease_query,
        ping_check,
        subnets,
        networks,
        index,
        left_out: ctx.left_out,
        written,
    })
}

fn globals<P: Own>(ctx: &mut Context<'_>, map: &Map, pos: &Pos, definitions: &DefTable) -> Globals<P> {
    let own = P::globals(ctx, map, pos, definitions);
    let flag = |name: &str| ctx.global(map, name).and_then(|v| v.as_bool()).unwrap_or(false);
    let number = |name: &str| {
        ctx.global(map, name).and_then(|v| v.as_int()).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
    };
    let lenient = ctx.leaf(map, "compatibility", "lenient-option-parsing").and_then(|v| v.as_bool());
    Globals {
        decline_probation_period: Seconds(number("decline-probation-period")),
        lenient_option_parsing: lenient.unwrap_or(false),
        early_global_reservations_lookup: flag("early-global-reservations-lookup"),
        dhcp4o6_port: u16::try_from(number("dhcp4o6-port")).unwrap_or(0),
        own,
    }
}
