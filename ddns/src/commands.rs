//! The commands. Each has one definition; answers and texts are those that programs match.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use control::{Access, Answer, BoxFuture, Command, CommandDef, CommandTable, DuplicateCommand};
use daemon::version;
use json::Value;
use observe::StatisticCommand;

use crate::messages;
use crate::service::{Ending, Service};
use crate::settings::Settings;

/// Answer to what comes too late.
const SHUTTING_DOWN: &str = "DHCP-DDNS server is shutting down";

/// A command and what answers it.
struct Entry(CommandDef, fn(Arc<Service>, Command) -> BoxFuture<Answer>);

macro_rules! entry {
    ($name:literal, $access:ident, $arguments:literal, $summary:literal, $handler:ident) => {
        Entry(CommandDef::built_in($name, Access::$access, $arguments, $summary), |service, command| {
            Box::pin($handler(service, command))
        })
    };
}

const COMMANDS: [Entry; 10] = [
    entry!("build-report", Read, "", "How the program was built.", build_report),
    entry!("config-get", Read, "", "The running configuration.", config_get),
    entry!("config-hash-get", Read, "", "Hash of the running configuration.", config_hash_get),
    entry!("config-reload", Write, "", "Reads the configuration file again.", config_reload),
    entry!("config-set", Write, "DhcpDdns:map", "Replaces the configuration.", config_set),
    entry!("config-test", Write, "DhcpDdns:map", "Checks a configuration.", config_test),
    entry!("config-write", Write, "filename:string?", "Writes the configuration to a file.", config_write),
    entry!("shutdown", Write, "exit-value:integer?,type:string?", "Ends the server.", shutdown),
    entry!("status-get", Read, "", "How the server is doing.", status_get),
    entry!("version-get", Read, "", "The version.", version_get),
];

/// The statistics commands that the server has: nothing else can be done to what keeps one sample.
const STATISTICS: [StatisticCommand; 4] =
    [StatisticCommand::Get, StatisticCommand::GetAll, StatisticCommand::Reset, StatisticCommand::ResetAll];

fn statistics() -> impl Iterator<Item = (CommandDef, StatisticCommand)> {
    let ours = StatisticCommand::ALL.into_iter().filter(|(_, command)| STATISTICS.contains(command));
    ours.map(|(name, command)| (CommandDef::of_statistics(name, command), command))
}

/// Fills the table. Handlers hold the service weakly: it owns the table.
pub(crate) fn register(table: &CommandTable, service: &Arc<Service>) -> Result<(), DuplicateCommand> {
    for Entry(definition, handler) in COMMANDS {
        let weak = Arc::downgrade(service);
        table.register(definition, move |command| {
            let service = weak.upgrade();
            async move {
                match service {
                    Some(service) => handler(service, command).await,
                    None => Answer::error(SHUTTING_DOWN),
                }
            }
        })?;
    }
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

async fn build_report(service: Arc<Service>, _: Command) -> Answer {
    Answer::ok(version::build_report(&service.site.paths, &[]))
}

async fn version_get(_: Arc<Service>, _: Command) -> Answer {
    Answer::full(version::KEA_VERSION, [("extended", Value::from(version::extended(&[])))])
}

async fn config_get(service: Arc<Service>, _: Command) -> Answer {
    Answer::arguments(config::config_get_d2(&service.settings().written).0)
}

fn hash(service: &Service) -> [(&'static str, Value); 1] {
    [("hash", config::config_get_d2(&service.settings().written).1.into())]
}

async fn config_hash_get(service: Arc<Service>, _: Command) -> Answer {
    Answer::arguments(hash(&service))
}

/// Reads the file; what is wrong with it leaves everything as it is.
async fn config_reload(service: Arc<Service>, _: Command) -> Answer {
    let outcome = match Settings::from_file(&service.site) {
        Ok(settings) => service.apply(settings).await,
        Err(faults) => Err(faults.to_string()),
    };
    match outcome {
        Ok(()) => Answer::full("Configuration applied successfully.", hash(&service)),
        Err(error) => {
            observe::log!(process::ReloadError { error });
            Answer::error(format!("Config reload failed: {error}"))
        }
    }
}

async fn config_set(service: Arc<Service>, command: Command) -> Answer {
    let Some(arguments) = command.arguments else { return process::missing_arguments() };
    let outcome = match Settings::from_arguments(arguments, &service.site) {
        Ok(settings) => service.apply(settings).await,
        Err(faults) => {
            for fault in &faults.0 {
                observe::log!(messages::ConfigFail { error: fault.text });
            }
            return Answer::error(faults.to_string());
        }
    };
    match outcome {
        Ok(()) => Answer::full("Configuration applied successfully.", hash(&service)),
        Err(error) => {
            observe::log!(messages::ConfigFail { error });
            Answer::error(error)
        }
    }
}

async fn config_test(service: Arc<Service>, command: Command) -> Answer {
    let Some(arguments) = command.arguments else { return process::missing_arguments() };
    match Settings::from_arguments(arguments, &service.site) {
        Ok(settings) => {
            observe::log!(process::ConfigCheckComplete { summary: settings.summary(), result: "success(0)" });
            Answer::ok("Configuration check successful")
        }
        Err(faults) => {
            for fault in &faults.0 {
                observe::log!(messages::ConfigCheckFail { error: fault.text });
            }
            Answer::error(faults.to_string())
        }
    }
}

async fn config_write(service: Arc<Service>, command: Command) -> Answer {
    let config: Value = [("DhcpDdns", config::write_d2(&service.settings().written))].into();
    process::config_write(&service.site, command.arguments.as_ref(), &config).await
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

async fn status_get(service: Arc<Service>, _: Command) -> Answer {
    process::status(&*service.clock, service.started, service.reloaded.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described() {
        let own =
            COMMANDS.map(|entry| entry.0).into_iter().chain(statistics().map(|(definition, _)| definition));
        let all = CommandTable::new().definitions().into_iter().chain(own);
        testkit::api::check(all.collect::<Vec<_>>().iter(), crate::PROGRAM.name);
        testkit::api::check_manual(crate::PROGRAM.name, &crate::PROGRAM.manual());
    }
}
