//! First-party hook libraries: one module per library of Kea that is part of the program.

pub mod cb_cmds;
pub mod class_cmds;
pub mod edit;
pub mod host_cmds;
pub mod lease_cmds;
mod params;
pub mod rbac;
pub mod stat_cmds;
pub mod subnet_cmds;

use std::pin::Pin;
use std::sync::Arc;

use control::gate::Gate;

/// What a host answers when it has to wait.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The commands of all libraries, for references.
pub fn command_definitions(family: base::Family) -> impl Iterator<Item = &'static control::CommandDef> {
    cb_cmds::command_definitions(family)
        .chain(class_cmds::command_definitions())
        .chain(host_cmds::command_definitions())
        .chain(lease_cmds::command_definitions(family))
        .chain(stat_cmds::command_definitions(family))
        .chain(subnet_cmds::command_definitions(family))
}

/// The hook libraries of a configuration, ready for use.
#[derive(Default)]
pub struct Libraries {
    pub loaded: Vec<hooks::Loaded>,
    /// The roles of `libdhcp_rbac`.
    pub gate: Option<Arc<dyn Gate>>,
}

impl Libraries {
    /// Looks libraries up and reads their parameters; or tells everything that is wrong with them.
    pub fn load(wanted: &[config::HookLibrary], daemon: hooks::Daemon) -> Result<Self, Vec<String>> {
        let loaded = hooks::load(wanted, daemon)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let mut gate: Option<Arc<dyn Gate>> = None;
        for library in &loaded {
            if let hooks::Loaded::Module { module: hooks::Module::Rbac, parameters } = library {
                gate = Some(Arc::new(rbac::Policy::load(parameters)?));
            }
        }
        Ok(Self { loaded, gate })
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
