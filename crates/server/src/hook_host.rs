//! The server as hook libraries see it.

use std::sync::{Arc, Weak};

use backend::hosts::HostDatabase;
use backend::{ConfigBackend, Identity};
use base::{Micros, ServerTag, SubnetId, Timestamp};
use control::{Answer, Command, Witness};
use modules::edit::{self, Edit};
use modules::lease_cmds::{self, World};
use modules::{Pending, cb_cmds, host_cmds, legal_log, perfmon, stat_cmds};
use ncr::Change;
use observe::stats::StatisticValue;

use crate::protocol::{Config, Written};
use crate::{Protocol, Server};

/// The server for the commands of hook libraries.
pub(crate) struct HookHost<P: Protocol>(pub(crate) Arc<Server<P>>);

impl<P: Protocol> edit::Host<P::Model> for HookHost<P> {
    fn running(&self) -> Arc<Config<P>> {
        self.0.config()
    }

    fn edit(&self, edit: Edit<P::Model>) -> Pending<'_, Answer> {
        Box::pin(self.0.edit(edit))
    }
}

impl<P: Protocol> cb_cmds::Host<P::Model> for HookHost<P> {
    fn backends(&self) -> Vec<Arc<dyn ConfigBackend>> {
        self.0.host.load().databases.clone()
    }

    fn tag(&self) -> ServerTag {
        self.0.host.load().tag.clone()
    }

    fn file(&self) -> Option<Arc<Written<P>>> {
        Some(Arc::clone(&self.0.host.load().file))
    }

    fn now(&self) -> Timestamp {
        self.0.shared.clock.now().seconds()
    }

    fn changed(&self, _database: &Identity) {
        self.0.pull_now.notify_one();
    }
}

impl<P: Protocol> lease_cmds::Host<P::Model> for HookHost<P> {
    fn enter(&self) -> Pending<'_, World<'_, P::Model>> {
        Box::pin(async {
            let shared = &self.0.shared;
            let gate = Box::new(shared.gate.read().await);
            let active = shared.active.load_full();
            let now = shared.clock.now();
            P::set_now(&self.0.statistics, now);
            World {
                store: Arc::clone(&active.store),
                config: Arc::clone(&active.config),
                now: now.seconds(),
                admit: P::admit,
                gate,
            }
        })
    }

    fn write(&self, filename: &str) -> Pending<'_, Result<String, String>> {
        Box::pin(self.0.write_leases(filename.to_owned()))
    }

    fn updates_dns(&self) -> bool {
        self.0.shared.d2.takes_requests()
    }

    fn tell_dns(&self, config: &Config<P>, change: Change, lease: &P::Lease) {
        let d2 = &self.0.shared.d2;
        d2.hand_on(P::name_requests(config, d2.takes_requests(), change, lease));
    }
}

impl<P: Protocol> stat_cmds::Host<P::Model> for HookHost<P> {
    fn config(&self) -> Arc<Config<P>> {
        self.0.config()
    }

    fn store(&self) -> Arc<P::Store> {
        Arc::clone(&self.0.shared.active.load().store)
    }

    fn statistic(&self, subnet: SubnetId, name: &str) -> i128 {
        match self.0.registry.value(&format!("subnet[{subnet}].{name}")) {
            Some(StatisticValue::Integer(value)) => value.into(),
            // The sizes of DHCPv6.
            Some(StatisticValue::BigInteger(value)) => value,
            _ => 0,
        }
    }

    fn now(&self) -> Micros {
        self.0.shared.clock.now()
    }
}

impl<P: Protocol> host_cmds::Host<P::Model> for HookHost<P> {
    fn databases(&self) -> Vec<Arc<dyn HostDatabase>> {
        self.0.host.load().hosts.clone()
    }
}

impl<P: Protocol> perfmon::Host for HookHost<P> {
    fn monitor(&self) -> Option<Arc<perfmon::Monitor>> {
        self.0.shared.active.load().perfmon.clone()
    }
}

/// Tells the legal log of commands that change leases.
pub(crate) struct LegalWitness<P: Protocol>(pub(crate) Weak<Server<P>>);

impl<P: Protocol> Witness for LegalWitness<P> {
    fn wants(&self, command: &str) -> bool {
        legal_log::concerns(command)
            && self.0.upgrade().is_some_and(|server| server.shared.active.load().legal_log.is_some())
    }

    fn processed(&self, command: &Command, answer: &Answer) {
        let Some(server) = self.0.upgrade() else { return };
        let active = server.shared.active.load();
        if let (Some(legal), Some(rules)) = (&active.legal_log, &active.config.legal_log) {
            let now = server.shared.clock.now().seconds();
            legal.log.record(legal_log::entries(command, answer, &rules.silent, now));
        }
    }
}
