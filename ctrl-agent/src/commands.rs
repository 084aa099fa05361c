//! The agent's own commands.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use control::{Access, Answer, BoxFuture, Command, CommandDef, CommandTable, DuplicateCommand};
use daemon::version;
use json::Value;

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
    Answer::ok(version::build_report(&agent.site.paths, &[]))
}

async fn version_get(_: Arc<Agent>, _: Command) -> Answer {
    Answer::full(version::KEA_VERSION, [("extended", Value::from(version::extended(&[])))])
}

async fn config_get(agent: Arc<Agent>, _: Command) -> Answer {
    Answer::arguments(agent.settings().value())
}

/// Reads the file; what is wrong with it leaves everything as it is.
pub(crate) async fn config_reload(agent: Arc<Agent>, _: Command) -> Answer {
    let outcome = match Settings::from_file(&agent.site) {
        Ok(settings) => agent.apply(settings).await,
        Err(faults) => Err(faults.to_string()),
    };
    match outcome {
        Ok(()) => Answer::ok("Configuration applied successfully."),
        Err(error) => {
            observe::log!(process::ReloadError { error });
            Answer::error(format!("Config reload failed: {error}"))
        }
    }
}

async fn config_set(agent: Arc<Agent>, command: Command) -> Answer {
    let Some(arguments) = command.arguments else { return process::missing_arguments() };
    let outcome = match Settings::from_arguments(arguments, &agent.site) {
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
    let Some(arguments) = command.arguments else { return process::missing_arguments() };
    match Settings::from_arguments(arguments, &agent.site) {
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

async fn config_write(agent: Arc<Agent>, command: Command) -> Answer {
    process::config_write(&agent.site, command.arguments.as_ref(), &agent.settings().value()).await
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

async fn status_get(agent: Arc<Agent>, _: Command) -> Answer {
    process::status(&*agent.clock, agent.started, agent.reloaded.load(Ordering::Relaxed))
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
