//! The commands. Each has one definition; answers and texts are those that programs match.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use control::{Access, Answer, BoxFuture, Command, CommandDef, CommandTable, DuplicateCommand};
use daemon::{Audit, PathKind, version};
use json::{Map, Value};
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
    ours.map(|(name, command)| {
        let reads = matches!(command, StatisticCommand::Get | StatisticCommand::GetAll);
        let access = if reads { Access::Read } else { Access::Write };
        (CommandDef::built_in(name, access, "name:string?", "Reads or changes statistics."), command)
    })
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
    Answer::ok(version::build_report(&service.paths, &[]))
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
    let outcome = match Settings::from_file(&service.file, &service.rules()) {
        Ok(settings) => service.apply(settings).await,
        Err(faults) => Err(faults.to_string()),
    };
    match outcome {
        Ok(()) => Answer::full("Configuration applied successfully.", hash(&service)),
        Err(error) => {
            observe::log!(messages::ReloadError { error });
            Answer::error(format!("Config reload failed: {error}"))
        }
    }
}

async fn config_set(service: Arc<Service>, command: Command) -> Answer {
    let Some(arguments) = command.arguments else { return missing_arguments() };
    let outcome = match Settings::from_arguments(arguments, &service.rules()) {
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
    let Some(arguments) = command.arguments else { return missing_arguments() };
    match Settings::from_arguments(arguments, &service.rules()) {
        Ok(settings) => {
            observe::log!(messages::ConfigCheckComplete {
                summary: settings.summary(),
                result: "success(0)"
            });
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

fn missing_arguments() -> Answer {
    Answer::error("Missing mandatory 'arguments' parameter.")
}

async fn config_write(service: Arc<Service>, command: Command) -> Answer {
    let path = match command.arguments.as_ref().map(|arguments| arguments.as_map()) {
        None => service.file.clone(),
        Some(None) => return Answer::error("Argument must be a map"),
        Some(Some(map)) => match map.get("filename").map(Value::as_str) {
            None | Some(Some("")) => service.file.clone(),
            Some(None) => return Answer::error("passed parameter 'filename' is not a string"),
            Some(Some(name)) => {
                let mut audit = Audit::new(&service.paths, &service.file, service.relaxed);
                let path = audit.path(PathKind::Config, "'filename' parameter is invalid", name);
                let report = audit.finish();
                match path {
                    Some(path) => {
                        report.log_warnings();
                        path
                    }
                    None => return Answer::error(report.error_text().unwrap_or_default()),
                }
            }
        },
    };
    let config: Value = [("DhcpDdns", config::write_d2(&service.settings().written))].into();
    let text = format!("{}\n", json::to_string_pretty(&config, 4));
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let shown = path.to_string_lossy().into_owned();
    let written = tokio::task::spawn_blocking(move || daemon::replace_file(&path, text.as_bytes())).await;
    match written {
        Ok(Ok(())) => Answer::full(
            format!("Configuration written to {shown} successful"),
            [("filename", Value::from(shown.as_str())), ("size", size.into())],
        ),
        Ok(Err(error)) => {
            Answer::error(format!("Error during config-write: unable to write file {shown}: {error}"))
        }
        Err(_) => Answer::error("Error during config-write: internal error"),
    }
}

async fn shutdown(service: Arc<Service>, command: Command) -> Answer {
    let shown = command.arguments.as_ref().map_or_else(|| "(no arguments)".to_owned(), json::to_string);
    observe::log!(messages::ShutdownCommand { arguments: shown });
    let (mut status, mut ending) = (0, Ending::Normal);
    match command.arguments.as_ref().map(|arguments| arguments.as_map()) {
        None => {}
        Some(None) => return Answer::error("Argument must be a map"),
        Some(Some(map)) => {
            match map.get("exit-value").map(Value::as_int) {
                None => {}
                Some(None) => return Answer::error("parameter 'exit-value' is not an integer"),
                // What a parent process sees of it.
                Some(Some(value)) => status = u8::try_from(value.rem_euclid(256)).unwrap_or(0),
            }
            if let Some(kind) = map.get("type") {
                let Some(word) = kind.as_str() else {
                    return Answer::error("parameter 'type' is not a string");
                };
                match Ending::from_word(word) {
                    Some(known) => ending = known,
                    None => return Answer::error(format!("Invalid Shutdown type: {word}")),
                }
            }
        }
    }
    service.shutdown.send_replace(Some((status, ending)));
    Answer::ok(format!("Shutdown initiated, type is: {}", ending.as_str()))
}

async fn status_get(service: Arc<Service>, _: Command) -> Answer {
    let now = service.clock.steady();
    let seconds = |since: u64| Value::from(now.saturating_sub(since) / 1_000_000);
    let mut status = Map::new();
    status.insert("pid".to_owned(), std::process::id().into());
    status.insert("uptime".to_owned(), seconds(service.started));
    status.insert("reload".to_owned(), seconds(service.reloaded.load(Ordering::Relaxed)));
    Answer::arguments(status)
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
