//! What differs between the families here.

use backend::{Objects, Prefix, ServerSelector, columns, merge4};
use config::{ConfigError, Dhcp4, Written, Written4, parse4};
use json::Value;

/// A family whose servers can be moved.
pub trait Protocol: config::Protocol {
    /// Reads a file: a map with [`NAME`](config::Protocol::NAME).
    fn parse(value: Value) -> (Written<Self>, Vec<ConfigError>);

    /// What a server runs with objects of the database.
    fn merge(file: &Written<Self>, objects: &Objects, selector: &ServerSelector) -> Written<Self>;

    /// As `config-get` shows it, without the outermost keyword.
    fn write(written: &Written<Self>) -> Value;

    fn prefix(prefix: Self::Prefix) -> Prefix;

    /// A global parameter (`map.member` for members of maps) in the form of the database, when it has a place there.
    fn global(name: &str, value: &Value) -> Option<Value>;
}

impl Protocol for Dhcp4 {
    fn parse(value: Value) -> (Written4, Vec<ConfigError>) {
        parse4(value)
    }

    fn merge(file: &Written4, objects: &Objects, selector: &ServerSelector) -> Written4 {
        merge4(file, objects, selector)
    }

    fn write(written: &Written4) -> Value {
        config::write4(written)
    }

    fn prefix(prefix: Self::Prefix) -> Prefix {
        prefix.into()
    }

    fn global(name: &str, value: &Value) -> Option<Value> {
        let value = config::parse_global(base::Family::V4, name, value).ok()?;
        columns::global_to_columns(name, &value).ok()?;
        Some(value)
    }
}
