//! The agent's own commands.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base::Clock;
use control::{Answer, BoxFuture, Command, CommandTable, DuplicateCommand};
use json::Value;
use process::{Configured, Entry, Faults, Site, entry};

use crate::agent::Agent;
use crate::messages;
use crate::settings::Settings;

/// Name of the agent in answers to `shutdown`.
const SHUTTING_DOWN: &str = "Control Agent is shutting down";

/// What only the agent answers so.
fn own() -> [Entry<Agent>; 1] {
    [entry!("shutdown", Write, "exit-value:integer?", "Ends the server.", shutdown)]
}

/// Fills the table.
pub(crate) fn register(table: &CommandTable, agent: &Arc<Agent>) -> Result<(), DuplicateCommand> {
    process::register(table, agent, own())
}

impl Configured for Agent {
    type Settings = Settings;

    const ARGUMENTS: &'static str = "Control-agent:map";
    const ENDING: &'static str = SHUTTING_DOWN;

    fn site(&self) -> &Site {
        &self.site
    }

    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn since(&self) -> (u64, u64) {
        (self.started, self.reloaded.load(Ordering::Relaxed))
    }

    fn from_file(site: &Site) -> Result<Settings, Faults> {
        Settings::from_file(site)
    }

    fn from_arguments(arguments: Value, site: &Site) -> Result<Settings, Faults> {
        Settings::from_arguments(arguments, site)
    }

    fn summary(settings: &Settings) -> String {
        settings.summary()
    }

    fn apply(self: Arc<Self>, settings: Settings) -> BoxFuture<Result<(), String>> {
        Box::pin(async move { self.put_into_force(settings).await })
    }

    fn shown(&self) -> Value {
        self.settings().value()
    }

    fn written(&self) -> Value {
        self.settings().value()
    }

    fn hash(&self) -> Option<Value> {
        None
    }

    fn unusable(error: &str) {
        observe::log!(messages::ConfigFail { error });
    }

    fn faulty(error: &str) {
        observe::log!(messages::ConfigCheckFail { error });
    }
}

async fn shutdown(agent: Arc<Agent>, command: Command) -> Answer {
    match process::exit_value(command.arguments.as_ref()) {
        Ok(status) => {
            agent.shutdown.send_replace(Some(status));
            Answer::ok(SHUTTING_DOWN)
        }
        Err(answer) => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described() {
        let entries = process::commands::<Agent>().into_iter().chain(own());
        let all = CommandTable::new().definitions().into_iter().chain(entries.map(|entry| entry.0));
        testkit::api::check(all.collect::<Vec<_>>().iter(), crate::PROGRAM.name);
        testkit::api::check_manual(crate::PROGRAM.name, &crate::PROGRAM.manual());
    }
}
