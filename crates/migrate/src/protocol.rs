//! What differs between the families here.

use backend::{Objects, Prefix, ServerSelector, columns};
use config::{ConfigError, Dhcp4, Dhcp6, ParseEnv, Written};
use json::Value;

/// A family whose servers can be moved.
pub trait Protocol: config::Protocol {
    fn prefix(prefix: Self::Prefix) -> Prefix;

    /// Reads a file: a map with [`NAME`](config::Protocol::NAME).
    fn parse(value: Value) -> (Written<Self>, Vec<ConfigError>) {
        config::parse_with(value, ParseEnv::default())
    }

    /// What a server runs with objects of the database.
    fn merge(file: &Written<Self>, objects: &Objects, selector: &ServerSelector) -> Written<Self> {
        backend::merge(file, objects, selector)
    }

    /// As `config-get` shows it, without the outermost keyword.
    fn write(written: &Written<Self>) -> Value {
        config::write(written)
    }

    /// A global parameter (`map.member` for members of maps) in the form of the database, when it has a place there.
    fn global(name: &str, value: &Value) -> Option<Value> {
        let value = config::parse_global(Self::FAMILY, name, value).ok()?;
        columns::global_to_columns(name, &value).ok()?;
        Some(value)
    }
}

impl Protocol for Dhcp4 {
    fn prefix(prefix: Self::Prefix) -> Prefix {
        prefix.into()
    }
}

impl Protocol for Dhcp6 {
    fn prefix(prefix: Self::Prefix) -> Prefix {
        prefix.into()
    }
}
