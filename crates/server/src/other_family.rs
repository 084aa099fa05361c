//! Commands of the other family: Kea's libraries of commands bring those of both into either server, and scripts that
//! look for them in `list-commands` find them. There is nothing behind them.

use std::sync::Arc;

use base::{Family, Micros, SubnetId, Timestamp};
use config::{ResolveEnv, ServerConfig, Written};
use control::{Answer, CommandTable, DuplicateCommand};
use hooks::Module;
use lease::NoObserver;
use memfile::{Durability, Memfile4, Memfile6, Settings};
use modules::edit::{self, Edit};
use modules::lease_cmds::{self, Leases, World};
use modules::{Pending, stat_cmds, subnet_cmds};
use ncr::Change;

/// A server of a family that has no subnets and no leases.
struct Nothing<M: Leases> {
    config: Arc<ServerConfig<M>>,
    store: Arc<M::Store>,
}

/// Registers what a library has for the family that the server does not serve.
pub(crate) fn register(served: Family, module: Module, table: &CommandTable) -> Result<(), DuplicateCommand> {
    if !matches!(module, Module::LeaseCmds | Module::StatCmds | Module::SubnetCmds) {
        return Ok(());
    }
    // In memory alone, which does not fail.
    let settings = Settings { durability: Durability::None, ..Settings::new("") };
    match served {
        Family::V4 => match Memfile6::open(settings, Arc::new(NoObserver), Timestamp(0)) {
            Ok((store, _)) => add::<config::Dhcp6>(module, table, store),
            Err(_) => Ok(()),
        },
        Family::V6 => match Memfile4::open(settings, Arc::new(NoObserver), Timestamp(0)) {
            Ok((store, _)) => add::<config::Dhcp4>(module, table, store),
            Err(_) => Ok(()),
        },
    }
}

fn add<M: Leases>(
    module: Module,
    table: &CommandTable,
    store: Arc<M::Store>,
) -> Result<(), DuplicateCommand> {
    let written = Arc::new(Written::default());
    let Ok(config) = M::resolve(written, &ResolveEnv::default()) else { return Ok(()) };
    let host = Arc::new(Nothing::<M> { config: Arc::new(config), store });
    match module {
        Module::LeaseCmds => lease_cmds::register::<M>(table, host),
        Module::StatCmds => stat_cmds::register::<M>(table, host),
        Module::SubnetCmds => subnet_cmds::register::<M>(table, host),
        _ => Ok(()),
    }
}

/// Why nothing can be changed.
fn reason<M: Leases>() -> String {
    let served = match M::FAMILY {
        Family::V4 => "DHCPv6",
        Family::V6 => "DHCPv4",
    };
    format!("this server serves {served} only")
}

impl<M: Leases> lease_cmds::Host<M> for Nothing<M> {
    fn enter(&self) -> Pending<'_, World<'_, M>> {
        let (store, config) = (Arc::clone(&self.store), Arc::clone(&self.config));
        Box::pin(std::future::ready(World {
            store,
            config,
            now: Timestamp(0),
            admit: |_, lease| lease,
            gate: Box::new(()),
        }))
    }

    fn write(&self, _: &str) -> Pending<'_, Result<String, String>> {
        Box::pin(std::future::ready(Err(reason::<M>())))
    }

    fn updates_dns(&self) -> bool {
        false
    }

    fn tell_dns(&self, _: &ServerConfig<M>, _: Change, _: &M::Lease) {}
}

impl<M: Leases> stat_cmds::Host<M> for Nothing<M> {
    fn config(&self) -> Arc<ServerConfig<M>> {
        Arc::clone(&self.config)
    }

    fn store(&self) -> Arc<M::Store> {
        Arc::clone(&self.store)
    }

    fn statistic(&self, _: SubnetId, _: &str) -> i128 {
        0
    }

    fn now(&self) -> Micros {
        Micros(0)
    }
}

impl<M: Leases> edit::Host<M> for Nothing<M> {
    fn running(&self) -> Arc<ServerConfig<M>> {
        Arc::clone(&self.config)
    }

    fn edit(&self, _: Edit<M>) -> Pending<'_, Answer> {
        Box::pin(std::future::ready(Answer::error(reason::<M>())))
    }
}

#[cfg(test)]
mod tests {
    use control::{Command, result};

    use super::*;

    #[test]
    fn commands_are_there_and_find_nothing() {
        let table = CommandTable::new();
        for module in [Module::LeaseCmds, Module::StatCmds, Module::SubnetCmds, Module::ClassCmds] {
            register(Family::V4, module, &table).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ask = |name: &str, arguments: &str| {
            let mut command = Command::new(name);
            command.arguments =
                Some(json::parse_command(arguments.as_bytes(), json::Limits::default()).unwrap());
            let answer = runtime.block_on(table.dispatch(command));
            (answer.result, answer.text.unwrap_or_default())
        };
        assert_eq!(ask("lease6-get", r#"{"ip-address":"2001:db8::1"}"#).0, result::EMPTY);
        assert_eq!(ask("stat-lease6-get", "{}").0, result::EMPTY);
        let subnet = r#"{"subnet6":[{"id":1,"subnet":"2001:db8::/64"}]}"#;
        assert_eq!(ask("subnet6-get", r#"{"id":1}"#).0, result::EMPTY);
        assert_eq!(ask("subnet6-list", "{}").0, result::EMPTY);
        assert_eq!(ask("subnet6-add", subnet), (result::ERROR, "this server serves DHCPv4 only".to_owned()));
        assert_eq!(ask("lease4-get", "{}").0, result::UNSUPPORTED);
    }
}
