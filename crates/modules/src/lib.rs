//! First-party hook libraries: one module per library of Kea that is part of the program.

mod callouts;
pub mod cb_cmds;
pub mod class_cmds;
mod ddns_tuning;
pub mod edit;
mod flex_option;
pub mod ha;
pub mod host_cmds;
pub mod lease_cmds;
pub mod lease_query;
pub mod legal_log;
mod limits;
mod params;
pub mod perfmon;
pub mod rbac;
pub mod run_script;
pub mod stat_cmds;
pub mod subnet_cmds;
mod user_chk;

use std::pin::Pin;
use std::sync::Arc;

pub use callouts::{Kept, of4 as callouts4, of6 as callouts6};
use control::gate::Gate;

/// What a host answers when it has to wait.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The commands of all libraries, for references.
pub fn command_definitions(family: base::Family) -> impl Iterator<Item = &'static control::CommandDef> {
    cb_cmds::command_definitions(family)
        .chain(class_cmds::command_definitions())
        .chain(ha::command_definitions())
        .chain(host_cmds::command_definitions())
        .chain(lease_cmds::command_definitions(family))
        .chain(lease_query::command_definitions(family))
        .chain(perfmon::command_definitions())
        .chain(stat_cmds::command_definitions(family))
        .chain(subnet_cmds::command_definitions(family))
}

/// The hook libraries of a configuration, ready for use.
#[derive(Default)]
pub struct Libraries {
    pub loaded: Vec<hooks::Loaded>,
    /// The roles of `libdhcp_rbac`.
    pub gate: Option<Arc<dyn Gate>>,
    /// The relationships of `libdhcp_ha`.
    pub ha: Option<ha::Settings>,
    /// Where `libdhcp_legal_log` writes.
    pub legal_log: Option<legal_log::Settings>,
    /// What `libdhcp_perfmon` measures.
    pub perfmon: Option<perfmon::Settings>,
    /// What `libdhcp_run_script` runs.
    pub run_script: Option<run_script::Settings>,
}

impl Libraries {
    /// Looks libraries up and reads their parameters; or tells everything that is wrong with them.
    pub fn load(wanted: &[config::HookLibrary], daemon: hooks::Daemon) -> Result<Self, Vec<String>> {
        let loaded = hooks::load(wanted, daemon)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let mut libraries = Self { loaded, ..Self::default() };
        let mut faults = Vec::new();
        for library in &libraries.loaded {
            match library {
                hooks::Loaded::Module { module: hooks::Module::Rbac, parameters } => {
                    match rbac::Policy::load(parameters) {
                        Ok(policy) => libraries.gate = Some(Arc::new(policy)),
                        Err(more) => faults.extend(more),
                    }
                }
                hooks::Loaded::Module { module: hooks::Module::Ha, parameters } => {
                    match ha::Settings::load(parameters) {
                        Ok(settings) => libraries.ha = Some(settings),
                        Err(more) => faults.extend(more),
                    }
                    let lease_cmds = |library: &hooks::Loaded| library.name() == lease_cmds::PROVIDER;
                    if !libraries.loaded.iter().any(lease_cmds) {
                        faults.push(format!(
                            "{} needs {} in hooks-libraries",
                            ha::PROVIDER,
                            lease_cmds::PROVIDER
                        ));
                    }
                }
                hooks::Loaded::Module { module: hooks::Module::LegalLog, parameters } => {
                    match legal_log::Settings::load(parameters) {
                        Ok(settings) => libraries.legal_log = Some(settings),
                        Err(more) => faults.extend(more),
                    }
                }
                hooks::Loaded::Module { module: hooks::Module::Perfmon, parameters } => {
                    let family = match daemon {
                        hooks::Daemon::Dhcp6 => base::Family::V6,
                        _ => base::Family::V4,
                    };
                    match perfmon::Settings::load(parameters, family) {
                        Ok(settings) => libraries.perfmon = Some(settings),
                        Err(more) => faults.extend(more),
                    }
                }
                hooks::Loaded::Module { module: hooks::Module::UserChk, .. } => {
                    faults.extend(user_chk::check().err());
                }
                hooks::Loaded::Module { module: hooks::Module::RunScript, parameters } => {
                    match run_script::Settings::load(parameters) {
                        Ok(settings) => libraries.run_script = Some(settings),
                        Err(more) => faults.extend(more),
                    }
                }
                hooks::Loaded::Module { module: hooks::Module::LeaseCmds, parameters }
                    if parameters.contains_key("binding-variables") =>
                {
                    faults.push("libdhcp_lease_cmds: 'binding-variables' is not supported yet".to_owned());
                }
                _ => {}
            }
        }
        if faults.is_empty() { Ok(libraries) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_is_described() {
        for (family, daemon) in [(base::Family::V4, "kea-dhcp4"), (base::Family::V6, "kea-dhcp6")] {
            testkit::api::check(super::command_definitions(family), daemon);
        }
    }
}
