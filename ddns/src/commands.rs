//! The commands. Each has one definition; answers and texts are those that programs match.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base::Clock;
use control::{Answer, BoxFuture, Command, CommandDef, CommandTable, DuplicateCommand};
use json::Value;
use observe::StatisticCommand;
use process::{Configured, Entry, Faults, Site, entry};

use crate::messages;
use crate::service::{Ending, Service};
use crate::settings::Settings;

/// Answer to what comes too late.
const SHUTTING_DOWN: &str = "DHCP-DDNS server is shutting down";

/// What only this server answers, or answers so.
fn own() -> [Entry<Service>; 2] {
    [
        entry!("config-hash-get", Read, "", "Hash of the running configuration.", config_hash_get),
        entry!("shutdown", Write, "exit-value:integer?,type:string?", "Ends the server.", shutdown),
    ]
}

/// The statistics commands that the server has: nothing else can be done to what keeps one sample.
const STATISTICS: [StatisticCommand; 4] =
    [StatisticCommand::Get, StatisticCommand::GetAll, StatisticCommand::Reset, StatisticCommand::ResetAll];

fn statistics() -> impl Iterator<Item = (CommandDef, StatisticCommand)> {
    let ours = StatisticCommand::ALL.into_iter().filter(|(_, command)| STATISTICS.contains(command));
    ours.map(|(name, command)| (CommandDef::of_statistics(name, command), command))
}

/// Fills the table.
pub(crate) fn register(table: &CommandTable, service: &Arc<Service>) -> Result<(), DuplicateCommand> {
    process::register(table, service, own())?;
    for (definition, statistic) in statistics() {
        let registry = Arc::clone(&service.statistics.registry);
        let clock = Arc::clone(&service.clock);
        table.register(definition, move |command: Command| {
            let outcome = statistic.run(&registry, command.arguments.as_ref(), clock.now());
            let mut answer = Answer::with_result(outcome.result, outcome.text);
            if let Some(arguments) = outcome.arguments {
                answer = answer.and_arguments(arguments);
            }
            std::future::ready(answer)
        })?;
    }
    Ok(())
}

impl Configured for Service {
    type Settings = Settings;

    const ARGUMENTS: &'static str = "DhcpDdns:map";
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
        config::config_get_d2(&self.settings().written).0
    }

    fn written(&self) -> Value {
        [("DhcpDdns", config::write_d2(&self.settings().written))].into()
    }

    fn hash(&self) -> Option<Value> {
        Some(hash(self))
    }

    fn unusable(error: &str) {
        observe::log!(messages::ConfigFail { error });
    }

    fn faulty(error: &str) {
        observe::log!(messages::ConfigCheckFail { error });
    }
}

fn hash(service: &Service) -> Value {
    config::config_get_d2(&service.settings().written).1.into()
}

async fn config_hash_get(service: Arc<Service>, _: Command) -> Answer {
    Answer::arguments([("hash", hash(&service))])
}

async fn shutdown(service: Arc<Service>, command: Command) -> Answer {
    let shown = command.arguments.as_ref().map_or_else(|| "(no arguments)".to_owned(), json::to_string);
    observe::log!(messages::ShutdownCommand { arguments: shown });
    let status = match process::exit_value(command.arguments.as_ref()) {
        Ok(status) => status,
        Err(answer) => return answer,
    };
    let ending = match command.arguments.as_ref().and_then(|arguments| arguments.get("type")) {
        None => Ending::Normal,
        Some(kind) => {
            let Some(word) = kind.as_str() else {
                return Answer::error("parameter 'type' is not a string");
            };
            match Ending::from_word(word) {
                Some(ending) => ending,
                None => return Answer::error(format!("Invalid Shutdown type: {word}")),
            }
        }
    };
    service.shutdown.send_replace(Some((status, ending)));
    Answer::ok(format!("Shutdown initiated, type is: {}", ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described() {
        let entries = process::commands::<Service>().into_iter().chain(own());
        let statistics = statistics().map(|(definition, _)| definition);
        let all = CommandTable::new().definitions().into_iter();
        let all = all.chain(entries.map(|entry| entry.0)).chain(statistics);
        testkit::api::check(all.collect::<Vec<_>>().iter(), crate::PROGRAM.name);
        testkit::api::check_manual(crate::PROGRAM.name, &crate::PROGRAM.manual());
    }
}
