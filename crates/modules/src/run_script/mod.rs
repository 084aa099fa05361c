//! `libdhcp_run_script`: a script of the operator is run at events of leases (Kea manual, "Run Script Support for External
//! Hook Scripts"). No packet waits for it; it is told once the leases it hears of are stored.

mod messages;
mod runner;
mod variables;

use std::path::PathBuf;

use engine::{Announcement, Point, v4, v6};

use crate::callouts;
pub use runner::Runner;
use variables::Variables;

/// What the library is listed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// As written, until it is completed with its directory.
    pub script: PathBuf,
    /// Scripts are to be waited for, which nothing does.
    pub sync: bool,
}

impl Settings {
    /// Reads the parameters; or tells everything that is wrong with them.
    pub(crate) fn load(parameters: &json::Map) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut settings = Self { script: PathBuf::new(), sync: false };
        for (name, value) in parameters {
            match name.as_str() {
                "name" => match value.as_str() {
                    Some(script) => settings.script = script.into(),
                    None => faults.push(format!("The 'name' parameter must be a string ({})", value.pos())),
                },
                "sync" => match value.as_bool() {
                    Some(sync) => settings.sync = sync,
                    None => faults.push(format!("The 'sync' parameter must be a boolean ({})", value.pos())),
                },
                _ => faults.push(format!("'{name}' is no parameter of libdhcp_run_script ({})", value.pos())),
            }
        }
        if !parameters.contains_key("name") {
            faults.push("The 'name' parameter of libdhcp_run_script is mandatory".to_owned());
        }
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }
}

/// What libraries are told, made into the environment of the script.
pub(crate) struct Library;

impl callouts::Library for Library {
    fn points(&self) -> Vec<Point> {
        vec![Point::Told]
    }
}

impl v4::Library for Library {
    fn told(&self, event: &v4::Event<'_, '_>, announcements: &mut Vec<Announcement>) {
        let mut variables = Variables::new();
        let about = |variables: &mut Variables, query: &v4::Query<'_>, lease: &lease::Lease4| {
            variables.query4(query);
            variables.lease4("LEASE4", lease);
        };
        let point = match *event {
            v4::Event::Renewed { query, subnet, lease } => {
                variables.client4(query, subnet);
                about(&mut variables, query, lease);
                "lease4_renew"
            }
            v4::Event::Released { query, lease } => {
                about(&mut variables, query, lease);
                "lease4_release"
            }
            v4::Event::Declined { query, lease } => {
                about(&mut variables, query, lease);
                "lease4_decline"
            }
            v4::Event::Committed { query, leases, ended } => {
                variables.query4(query);
                variables.leases4("LEASES4", leases);
                variables.leases4("DELETED_LEASES4", ended);
                "leases4_committed"
            }
            v4::Event::Expired { lease, removed } => {
                variables.lease4("LEASE4", lease);
                variables.set("REMOVE_LEASE", "", removed);
                "lease4_expire"
            }
            v4::Event::Recovered { lease } => {
                variables.lease4("LEASE4", lease);
                "lease4_recover"
            }
        };
        announcements.push(variables.at(point));
    }
}

impl v6::Library for Library {
    fn told(&self, event: &v6::Event<'_, '_>, announcements: &mut Vec<Announcement>) {
        let mut variables = Variables::new();
        let about = |variables: &mut Variables, query: &v6::Query<'_>, lease: &lease::Lease6| {
            variables.query6(query);
            variables.lease6("LEASE6", lease);
        };
        let point = match *event {
            v6::Event::Renewed { query, lease } => {
                about(&mut variables, query, lease);
                variables.association(query, lease);
                if query.kind == wire::v6::MessageType::REBIND { "lease6_rebind" } else { "lease6_renew" }
            }
            v6::Event::Released { query, lease } => {
                about(&mut variables, query, lease);
                "lease6_release"
            }
            v6::Event::Declined { query, lease } => {
                about(&mut variables, query, lease);
                "lease6_decline"
            }
            v6::Event::Committed { query, leases, ended } => {
                variables.query6(query);
                variables.leases6("LEASES6", leases);
                variables.leases6("DELETED_LEASES6", ended);
                "leases6_committed"
            }
            v6::Event::Registered { query, old, lease } => {
                variables.query6(query);
                variables.set("ADDRESS6", "", lease.address);
                if let Some(old) = old {
                    variables.lease6("OLD_LEASE6", old);
                }
                variables.lease6("NEW_LEASE6", lease);
                "addr6_register"
            }
            v6::Event::Expired { lease, removed } => {
                variables.lease6("LEASE6", lease);
                variables.set("REMOVE_LEASE", "", removed);
                "lease6_expire"
            }
            v6::Event::Recovered { lease } => {
                variables.lease6("LEASE6", lease);
                "lease6_recover"
            }
        };
        announcements.push(variables.at(point));
    }
}

#[cfg(test)]
mod tests;
