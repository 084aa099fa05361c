//! Commands that edit the configuration: what they need of the server, and the arguments they have in common.

use std::sync::Arc;

use config::{Protocol, ServerConfig, Written};
use control::{Answer, Command};
use json::{Map, Value};

use crate::Pending;
use crate::params::{Refusal, refuse};

/// A change of the written configuration: the answer of its command once the changed configuration is in force, or
/// at once when there is nothing to change.
pub type Edit<P> = Box<dyn FnOnce(&mut Written<P>) -> Result<Answer, Answer> + Send>;

/// What the commands need of the server that has them.
pub trait Host<P: Protocol>: Send + Sync {
    /// The configuration in force, with what databases hold.
    fn running(&self) -> Arc<ServerConfig<P>>;

    /// Changes the server's own part of the configuration, checks the whole and brings it into force. When anything
    /// fails, everything stays as it was and the answer says why.
    fn edit(&self, edit: Edit<P>) -> Pending<'_, Answer>;
}

/// What is wrong with a configuration, in a line for each fault.
pub(crate) fn faults(errors: &[config::ConfigError]) -> Refusal {
    let lines: Vec<&str> = errors.iter().map(line).collect();
    Refusal::error(lines.join("\n"))
}

/// Wrong types and unknown members are told without their place in commands, and programs compare the whole text.
fn line(error: &config::ConfigError) -> &str {
    let place = format!(" ({})", error.pos);
    match error.text.strip_suffix(&place) {
        Some(text)
            if text.contains("' parameter is not a") || text.starts_with("unsupported client class") =>
        {
            text
        }
        _ => &error.text,
    }
}

/// The arguments of a command on subnets and networks.
pub(crate) fn arguments(command: &Command) -> Result<&Map, Refusal> {
    let name = &command.name;
    let Some(arguments) = &command.arguments else {
        return refuse(format!("no arguments specified for the '{name}' command"));
    };
    arguments
        .as_map()
        .ok_or_else(|| Refusal::error(format!("arguments specified for the '{name}' command are not a map")))
}

/// `IPv4` or `IPv6`, as texts say it.
pub(crate) fn version<P: Protocol>() -> &'static str {
    P::FAMILY.version()
}

/// The one map of the list that is the only argument.
pub(crate) fn only_map<'a>(
    map: &'a Map,
    command: &str,
    list: &str,
    what: &str,
    one: &str,
) -> Result<&'a Value, Refusal> {
    let Some(value) = map.get(list) else {
        return refuse(format!("missing '{list}' argument for the '{command}' command"));
    };
    let Some(values) = value.as_list() else {
        return refuse(format!("'{list}' argument specified for the '{command}' command is not a list"));
    };
    match values {
        [only] if only.as_map().is_some() => Ok(only),
        [_] => refuse(format!("invalid {one} specified for the '{command}' command. Expected a map")),
        _ => refuse(format!(
            "invalid number of {what} specified for the '{command}' command. Expected one {}",
            match what {
                "classes" => "class",
                "networks" => "network",
                _ => "subnet",
            }
        )),
    }
}

/// A number of arguments other than one is refused.
pub(crate) fn single(map: &Map, command: &str, expecting: &str) -> Result<(), Refusal> {
    match map.len() {
        1 => Ok(()),
        count => refuse(format!(
            "invalid number of arguments {count} for the '{command}' command. Expecting {expecting}"
        )),
    }
}
