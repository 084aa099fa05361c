//! The agent's own commands.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use control::{Access, Answer, BoxFuture, Command, CommandDef, CommandTable, DuplicateCommand};
use daemon::{Audit, PathKind, version};
use json::{Map, Value};

use crate::agent::Agent;
use crate::messages;
use crate::settings::Settings;

/// Name of the agent in answers to `shutdown`.
const SHUTTING_DOWN: &str = "Control Agent is shutting down";

/// A command and what answers it.
struct Entry(CommandDef, fn(Arc<Agent>, Command) -> BoxFuture<Answer>);

macro_rules! entry {
    ($name:literal, $access:ident, $arguments:literal, $summary:literal, $handler:ident) => {
        Entry(CommandDef::built_in($name, Access::$access, $arguments, $summary), |agent, command| {
            Box::pin($handler(agent, command))
        })
    };
}

const COMMANDS: [Entry; 9] = [
    entry!("build-report", Read, "", "How the program was built.", build_report),
    entry!("config-get", Read, "", "The running configuration.", config_get),
    entry!("config-reload", Write, "", "Reads the configuration file again.", config_reload),
    entry!("config-set", Write, "Control-agent:map", "Replaces the configuration.", config_set),
    entry!("config-test", Write, "Control-agent:map", "Checks a configuration.", config_test),
    entry!("config-write", Write, "filename:string?", "Writes the configuration to a file.", config_write),
    entry!("shutdown", Write, "exit-value:integer?", "Ends the server.", shutdown),
    entry!("status-get", Read, "", "How the server is doing.", status_get),
    entry!("version-get", Read, "", "The version.", version_get),
];

/// Fills the table. Handlers hold the agent weakly: it owns the table.
pub(crate) fn register(table: &CommandTable, agent: &Arc<Agent>) -> Result<(), DuplicateCommand> {
    for Entry(definition, handler) in COMMANDS {
        let weak = Arc::downgrade(agent);
        table.register(definition, move |command| {
            let agent = weak.upgrade();
            async move {
                match agent {
                    Some(agent) => handler(agent, command).await,
                    None => Answer::error(SHUTTING_DOWN),
                }
            }
        })?;
    }
    Ok(())
}

async fn build_report(agent: Arc<Agent>, _: Command) -> Answer {
    Answer::ok(version::build_report(&agent.paths, &[]))
}

async fn version_get(_: Arc<Agent>, _: Command) -> Answer {
    Answer::full(version::KEA_VERSION, [("extended", Value::from(version::extended(&[])))])
}

async fn config_get(agent: Arc<Agent>, _: Command) -> Answer {
    Answer::arguments(agent.settings().value())
}

/// Reads the file; what is wrong with it leaves everything as it is.
pub(crate) async fn config_reload(agent: Arc<Agent>, _: Command) -> Answer {
    let outcome = match Settings::from_file(&agent.file, &agent.rules()) {
        Ok(settings) => agent.apply(settings).await,
        Err(faults) => Err(faults.to_string()),
    };
    match outcome {
        Ok(()) => Answer::ok("Configuration applied successfully."),
        Err(error) => {
            observe::log!(messages::ReloadError { error });
            Answer::error(format!("Config reload failed: {error}"))
        }
    }
}

async fn config_set(agent: Arc<Agent>, command: Command) -> Answer {
    let Some(arguments) = command.arguments else { return missing_arguments() };
    let outcome = match Settings::from_arguments(arguments, &agent.rules()) {
        Ok(settings) => agent.apply(settings).await,
        Err(faults) => {
            for fault in &faults.0 {
                observe::log!(messages::ConfigFail { error: fault.text });
            }
            return Answer::error(faults.to_string());
        }
    };
    match outcome {
        Ok(()) => Answer::ok("Configuration applied successfully."),
        Err(error) => {
            observe::log!(messages::ConfigFail { error });
            Answer::error(error)
        }
    }
}

async fn config_test(agent: Arc<Agent>, command: Command) -> Answer {
    let Some(arguments) = command.arguments else { return missing_arguments() };
    match Settings::from_arguments(arguments, &agent.rules()) {
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

async fn config_write(agent: Arc<Agent>, command: Command) -> Answer {
    let path = match command.arguments.as_ref().map(|arguments| arguments.as_map()) {
        None => agent.file.clone(),
        Some(None) => return Answer::error("Argument must be a map"),
        Some(Some(map)) => match map.get("filename").map(Value::as_str) {
            None | Some(Some("")) => agent.file.clone(),
            Some(None) => return Answer::error("passed parameter 'filename' is not a string"),
            Some(Some(name)) => {
                let mut audit = Audit::new(&agent.paths, &agent.file, agent.relaxed);
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
    let text = format!("{}\n", json::to_string_pretty(&agent.settings().value(), 4));
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let shown = path.to_string_lossy().into_owned();
    let target = path.clone();
    let written = tokio::task::spawn_blocking(move || daemon::replace_file(&target, text.as_bytes())).await;
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

async fn shutdown(agent: Arc<Agent>, command: Command) -> Answer {
    let mut status = 0;
    match command.arguments.as_ref().map(|arguments| arguments.as_map()) {
        None => {}
        Some(None) => return Answer::error("Argument must be a map"),
        Some(Some(map)) => match map.get("exit-value").map(Value::as_int) {
            None => {}
            Some(None) => return Answer::error("parameter 'exit-value' is not an integer"),
            // What a parent process sees of it.
            Some(Some(value)) => status = u8::try_from(value.rem_euclid(256)).unwrap_or(0),
        },
    }
    agent.shutdown.send_replace(Some(status));
    Answer::ok(SHUTTING_DOWN)
}

async fn status_get(agent: Arc<Agent>, _: Command) -> Answer {
    let now = agent.clock.steady();
    let seconds = |since: u64| Value::from(now.saturating_sub(since) / 1_000_000);
    let mut status = Map::new();
    status.insert("pid".to_owned(), std::process::id().into());
    status.insert("uptime".to_owned(), seconds(agent.started));
    status.insert("reload".to_owned(), seconds(agent.reloaded.load(Ordering::Relaxed)));
    Answer::arguments(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described() {
        let all = CommandTable::new().definitions().into_iter().chain(COMMANDS.map(|entry| entry.0));
        testkit::api::check(all.collect::<Vec<_>>().iter(), crate::PROGRAM.name);
        testkit::api::check_manual(crate::PROGRAM.name, &crate::PROGRAM.manual());
    }
}
