//! The server as hook libraries see it that work on leases, hosts and statistics.

use std::sync::Arc;

use base::{Micros, SubnetId};
use config::ServerConfig4;
use control::Answer;
use lease::LeaseStore4;
use modules::Pending;
use modules::edit::{self, Edit};
use modules::lease_cmds::{self, World};
use modules::stat_cmds;
use observe::stats::StatisticValue;
use server::Server;

use crate::protocol::Dhcp4;

/// The server for the commands of hook libraries.
pub(crate) struct HookHost(pub(crate) Arc<Server<Dhcp4>>);

impl lease_cmds::Host for HookHost {
    fn enter(&self) -> Pending<'_, World<'_>> {
        Box::pin(async {
            let shared = &self.0.shared;
            let gate = Box::new(shared.gate.read().await);
            let active = shared.active.load_full();
            let now = shared.clock.now();
            active.runtime.statistics().set_now(now);
            World {
                store: Arc::clone(&active.store),
                config: Arc::clone(&active.config),
                now: now.seconds(),
                gate,
            }
        })
    }

    fn write(&self, filename: &str) -> Pending<'_, Result<String, String>> {
        Box::pin(self.0.write_leases(filename.to_owned()))
    }
}

impl stat_cmds::Host for HookHost {
    fn config(&self) -> Arc<ServerConfig4> {
        self.0.config()
    }

    fn store(&self) -> Arc<dyn LeaseStore4> {
        Arc::clone(&self.0.shared.active.load().store)
    }

    fn statistic(&self, subnet: SubnetId, name: &str) -> i128 {
        match self.0.registry.value(&format!("subnet[{subnet}].{name}")) {
            Some(StatisticValue::Integer(value)) => value.into(),
            _ => 0,
        }
    }

    fn now(&self) -> Micros {
        self.0.shared.clock.now()
    }
}

impl edit::Host<config::Dhcp4> for HookHost {
    fn running(&self) -> Arc<ServerConfig4> {
        self.0.config()
    }

    fn edit(&self, edit: Edit<config::Dhcp4>) -> Pending<'_, Answer> {
        Box::pin(self.0.edit(edit))
    }
}

impl modules::host_cmds::Host for HookHost {}
