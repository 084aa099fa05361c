//! The server as hook libraries see it that work on leases, statistics and the configuration.

use std::sync::Arc;

use base::{Micros, SubnetId};
use config::ServerConfig4;
use control::Answer;
use daemon::{Audit, PathKind};
use lease::LeaseStore4;
use modules::Pending;
use modules::edit::{self, Edit};
use modules::lease_cmds::{self, World};
use modules::stat_cmds;

use observe::stats::StatisticValue;

use crate::server::Server;

/// The server for the commands of hook libraries.
pub(crate) struct HookHost(pub(crate) Arc<Server>);

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
        let server = &self.0;
        let mut audit = Audit::new(&server.paths, &server.file, server.arguments.relaxed);
        let path = audit.path(PathKind::Data, "'filename' parameter is invalid", filename);
        let report = audit.finish();
        report.log_warnings();
        let filename = filename.to_owned();
        Box::pin(async move {
            let Some(path) = path.filter(|_| report.errors.is_empty()) else {
                let text = report.errors.first().map(|error| format!("{}: {}", error.what, error.problem));
                return Err(text.unwrap_or_else(|| "'filename' parameter is invalid".to_owned()));
            };
            let memfile = Arc::clone(&server.shared.active.load().memfile);
            let shown = if filename.contains('/') { filename } else { path.display().to_string() };
            let written = tokio::task::spawn_blocking(move || memfile.write_to(&path)).await;
            match written {
                Ok(Ok(())) => Ok(shown),
                Ok(Err(error)) => Err(format!("unable to write leases to '{shown}': {error}")),
                Err(error) => Err(error.to_string()),
            }
        })
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
        match self.0.statistics.registry().value(&format!("subnet[{subnet}].{name}")) {
            Some(StatisticValue::Integer(value)) => value.into(),
            _ => 0,
        }
    }

    fn now(&self) -> Micros {
        self.0.shared.clock.now()
    }
}

impl edit::Host for HookHost {
    fn running(&self) -> Arc<ServerConfig4> {
        self.0.config()
    }

    fn edit(&self, edit: Edit) -> Pending<'_, Answer> {
        Box::pin(self.0.edit(edit))
    }
}
