//! Helpers of the tests.

use std::sync::Arc;

use config::{ConfigError, ParseEnv, ResolveEnv, ServerConfig4, Written4};
use json::Value;

/// A value written in the configuration dialect.
pub fn value(text: &str) -> Value {
    json::parse(text, Some(Arc::from("f")), json::Limits::default()).unwrap().value
}

fn texts(errors: Vec<ConfigError>) -> Vec<String> {
    errors.into_iter().map(|e| e.text).collect()
}

/// The members of a `Dhcp4` map, parsed as a file.
pub fn parse(members: &str) -> Result<Written4, Vec<String>> {
    let (written, errors) = config::parse4(value(&format!("{{ \"Dhcp4\": {{ {members} }} }}")));
    if errors.is_empty() { Ok(written) } else { Err(texts(errors)) }
}

/// The same, from the arguments of a command.
pub fn parse_command(members: &str) -> Result<Written4, Vec<String>> {
    let (written, errors) = config::parse_arguments::<config::Dhcp4>(
        value(&format!("{{ \"Dhcp4\": {{ {members} }} }}")),
        ParseEnv::default(),
    );
    if errors.is_empty() { Ok(written) } else { Err(texts(errors)) }
}

pub fn resolve_with(members: &str, env: &ResolveEnv) -> Result<ServerConfig4, Vec<String>> {
    let written = parse(members)?;
    config::resolve4(Arc::new(written), env).map_err(texts)
}

pub fn resolve(members: &str) -> Result<ServerConfig4, Vec<String>> {
    resolve_with(members, &ResolveEnv::default())
}
