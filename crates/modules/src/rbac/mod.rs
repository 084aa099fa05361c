//! `libdhcp_rbac`: who may send which command over HTTP (Kea manual, "Role-Based Access Control").
//!
//! A request gets a role by its address, its certificate or its user; the role's lists say which commands it may
//! carry, and what is taken out of answers. Commands and their access are those of the API files, so that an operator
//! can change them; a command that is described nowhere is refused wherever its access or library decides.

mod acl;
mod catalogue;
mod messages;
#[cfg(test)]
mod tests;
mod unbuilt;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use control::gate::{Admission, Gate, ResponseFilter};
use control::{Answer, Origin};
use json::{Kind, Map, Value};
use observe::log;

use acl::{Acl, Named, predefined};
use catalogue::Catalogue;
pub use messages::MESSAGES;

/// The library.
pub const PROVIDER: &str = "libdhcp_rbac";

/// How a request gets its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    RemoteAddress,
    CertSubject,
    CertIssuer,
    BasicAuthentication,
}

/// What roles may do, as configured.
pub struct Policy {
    method: Method,
    require_tls: bool,
    catalogue: Arc<Catalogue>,
    roles: HashMap<String, Arc<Role>>,
    /// For requests without a role.
    default: Arc<Role>,
    /// For requests with a role that is not configured.
    unknown: Arc<Role>,
}

/// One role.
#[derive(Debug, Default)]
struct Role {
    accept: Option<Acl>,
    reject: Option<Acl>,
    /// What becomes of a command that is in neither list.
    accept_others: bool,
    reject_first: bool,
    filter_list_commands: bool,
}

impl Role {
    fn allows(&self, command: &str, catalogue: &Catalogue) -> bool {
        let accept = (&self.accept, true);
        let reject = (&self.reject, false);
        for (list, allows) in if self.reject_first { [reject, accept] } else { [accept, reject] } {
            match list.as_ref().map_or(Some(false), |list| list.matches(command, catalogue)) {
                Some(true) => return allows,
                Some(false) => {}
                // It might be in a list that keeps it out.
                None => return false,
            }
        }
        self.accept_others
    }
}

impl Policy {
    /// Reads the parameters of the library and the API files that they name. The error names everything that is wrong.
    pub fn load(parameters: &Map) -> Result<Self, Vec<String>> {
        let mut reader = Reader { faults: Vec::new() };
        let policy = reader.policy(parameters);
        if reader.faults.is_empty() { Ok(policy) } else { Err(reader.faults) }
    }

    fn role_name<'a>(&self, origin: &'a Origin) -> &'a str {
        let certificate = origin.certificate.as_ref();
        match self.method {
            Method::RemoteAddress => &origin.peer,
            Method::CertSubject => certificate.and_then(|c| c.subject.as_deref()).unwrap_or(""),
            Method::CertIssuer => certificate.and_then(|c| c.issuer.as_deref()).unwrap_or(""),
            Method::BasicAuthentication => origin.user.as_deref().unwrap_or(""),
        }
    }
}

impl Gate for Policy {
    fn guards(&self, commands: &[&str]) {
        let missing: Vec<&str> =
            commands.iter().copied().filter(|command| self.catalogue.get(command).is_none()).collect();
        if !missing.is_empty() {
            log!(messages::NotDescribed { commands: missing.join(", ") });
        }
    }

    fn admit(&self, command: &str, origin: &Origin) -> Admission {
        let peer = &origin.peer;
        if self.require_tls && !origin.secure {
            log!(messages::NoTls { peer });
            return Admission::Unauthorized;
        }
        let name = self.role_name(origin);
        let role = match self.roles.get(name) {
            _ if name.is_empty() => &self.default,
            Some(role) => role,
            None => &self.unknown,
        };
        let command = control::printable(command);
        if !role.allows(&command, &self.catalogue) {
            log!(messages::Rejected { command, role: name, peer });
            return Admission::Forbidden;
        }
        log!(messages::Accepted { command, role: name, peer });
        if role.filter_list_commands && command == "list-commands" {
            return Admission::Filtered(Arc::new(ListCommands {
                role: Arc::clone(role),
                catalogue: Arc::clone(&self.catalogue),
            }));
        }
        Admission::Granted
    }
}

/// `list-commands` of `response-filters`: what may not be sent is not listed.
struct ListCommands {
    role: Arc<Role>,
    catalogue: Arc<Catalogue>,
}

impl ResponseFilter for ListCommands {
    fn apply(&self, answer: &mut Answer) {
        let Some(Value { kind: Kind::List(names), .. }) = &mut answer.arguments else { return };
        names.retain(|name| name.as_str().is_some_and(|name| self.role.allows(name, &self.catalogue)));
    }
}

/// Reads the parameters and collects what is wrong with them.
struct Reader {
    faults: Vec<String>,
}

const PARAMETERS: [&str; 8] = [
    "access-control-lists",
    "api-files",
    "assign-role-method",
    "commands",
    "default-role",
    "require-tls",
    "roles",
    "unknown-role",
];
const ROLE: [&str; 6] =
    ["accept-commands", "list-match-first", "name", "other-commands", "reject-commands", "response-filters"];

impl Reader {
    fn fault<T: Default>(&mut self, text: String) -> T {
        self.faults.push(format!("libdhcp_rbac: {text}"));
        T::default()
    }

    fn only(&mut self, map: &Map, what: &str, known: &[&str]) {
        for (name, value) in map {
            if !known.contains(&name.as_str()) && name != "comment" && name != "user-context" {
                self.fault::<()>(format!("unknown parameter '{name}' of {what} ({})", value.pos()));
            }
        }
    }

    fn policy(&mut self, map: &Map) -> Policy {
        self.only(map, "the library", &PARAMETERS);
        let method = self.method(map);
        let by_certificate = matches!(method, Method::CertSubject | Method::CertIssuer);
        let require_tls = match map.get("require-tls") {
            None => by_certificate,
            Some(value) => match value.as_bool() {
                Some(flag) => flag,
                None => self.fault(format!("'require-tls' is not a boolean ({})", value.pos())),
            },
        };
        let mut catalogue = match map.get("api-files").map(|value| (value.as_str(), value)) {
            Some((Some(directory), value)) => Catalogue::read(directory.as_ref())
                .unwrap_or_else(|error| self.fault(format!("'api-files' ({}): {error}", value.pos()))),
            _ => self.fault("mandatory parameter 'api-files' is missing or not a string".to_owned()),
        };
        let mut defined = HashSet::new();
        for value in self.list(map, "commands") {
            let outcome = catalogue.define(value).and_then(|name| {
                let fresh = defined.insert(name.to_owned());
                if fresh { Ok(()) } else { Err(format!("command '{name}' is described twice")) }
            });
            if let Err(error) = outcome {
                self.fault::<()>(format!("'commands' ({}): {error}", value.pos()));
            }
        }
        if catalogue.is_empty() && self.faults.is_empty() {
            self.fault::<()>("neither 'api-files' nor 'commands' describes any command".to_owned());
        }
        let mut named = Named::default();
        for value in self.list(map, "access-control-lists") {
            let entry = value.as_map().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
            let Some((name, list)) = entry else {
                self.fault::<()>(format!(
                    "'access-control-lists' holds maps with one entry each: a name and a list ({})",
                    value.pos()
                ));
                continue;
            };
            let parsed = if predefined(name).is_some() {
                Err("the name is that of a predefined list".to_owned())
            } else if named.contains_key(name.as_str()) {
                Err("it is configured twice".to_owned())
            } else {
                Acl::parse(list, &named, &catalogue)
            };
            match parsed {
                Ok(list) => drop(named.insert(name.to_string(), list)),
                Err(error) => self.fault(format!("access control list '{name}' ({}): {error}", value.pos())),
            }
        }
        let mut roles = HashMap::new();
        for value in self.list(map, "roles") {
            let name = value.get("name").and_then(Value::as_str).unwrap_or("").to_owned();
            if name.is_empty() {
                self.fault::<()>(format!("a role needs a 'name' ({})", value.pos()));
            }
            let role = self.role(value, &format!("role '{name}'"), &named, &catalogue);
            if roles.insert(name.clone(), Arc::new(role)).is_some() {
                self.fault::<()>(format!("role '{name}' is configured twice ({})", value.pos()));
            }
        }
        let special = |reader: &mut Self, name: &str| {
            let role = map.get(name).map(|value| reader.role(value, name, &named, &catalogue));
            Arc::new(role.unwrap_or_default())
        };
        let (default, unknown) = (special(self, "default-role"), special(self, "unknown-role"));
        Policy { method, require_tls, catalogue: Arc::new(catalogue), roles, default, unknown }
    }

    fn method(&mut self, map: &Map) -> Method {
        let name = map.get("assign-role-method").and_then(Value::as_str);
        match name {
            Some("remote-address") => return Method::RemoteAddress,
            Some("cert-subject") => return Method::CertSubject,
            Some("cert-issuer") => return Method::CertIssuer,
            Some("basic-authentication") => return Method::BasicAuthentication,
            None => self.fault(
                "mandatory parameter 'assign-role-method' is missing or not a string".to_owned(),
            ),
            Some("custom-value") => self.fault(
                "'assign-role-method' is 'custom-value', which needs a library of one's own; those are not loaded"
                    .to_owned(),
            ),
            Some(other) => self.fault::<()>(format!(
                "'assign-role-method' is '{other}', not remote-address, cert-subject, cert-issuer or \
                 basic-authentication"
            )),
        }
        Method::RemoteAddress
    }

    fn list<'a>(&mut self, map: &'a Map, name: &str) -> &'a [Value] {
        match map.get(name) {
            None => &[],
            Some(value) => match value.as_list() {
                Some(list) => list,
                None => {
                    self.fault::<()>(format!("'{name}' is not a list ({})", value.pos()));
                    &[]
                }
            },
        }
    }

    fn role(&mut self, value: &Value, what: &str, named: &Named, catalogue: &Catalogue) -> Role {
        let Some(map) = value.as_map() else {
            return self.fault(format!("{what} is not a map ({})", value.pos()));
        };
        self.only(map, what, &ROLE);
        let mut commands = |name: &str| {
            let list = map.get(name)?;
            match Acl::parse(list, named, catalogue) {
                Ok(list) => Some(list),
                Err(error) => self.fault(format!("'{name}' of {what} ({}): {error}", list.pos())),
            }
        };
        let (accept, reject) = (commands("accept-commands"), commands("reject-commands"));
        let accept_others = self.choice(map, what, "other-commands", "reject");
        let reject_first = !self.choice(map, what, "list-match-first", "accept");
        let mut filter_list_commands = false;
        for filter in self.list(map, "response-filters") {
            match filter.as_str() {
                Some("list-commands") => filter_list_commands = true,
                _ => self.fault(format!(
                    "'response-filters' of {what} knows list-commands alone ({})",
                    filter.pos()
                )),
            }
        }
        Role { accept, reject, accept_others, reject_first, filter_list_commands }
    }

    /// Whether `name` says `accept`, as against `reject`.
    fn choice(&mut self, map: &Map, what: &str, name: &str, default: &str) -> bool {
        let value = map.get(name);
        match value.map_or(Some(default), Value::as_str) {
            Some("accept") => true,
            Some("reject") => false,
            _ => self.fault(format!("'{name}' of {what} is neither accept nor reject")),
        }
    }
}
