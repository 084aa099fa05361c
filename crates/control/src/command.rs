//! The envelope of a command: `command`, `arguments`, `service`, `remote-address` and nothing else.

use json::{Kind, Map, Value};

use crate::Answer;
use crate::tls::Certificate;

/// Over which door a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Channel {
    /// The program itself: timers, signals, tests.
    #[default]
    Internal,
    Unix,
    Http,
}

/// Who sent a command.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Origin {
    pub channel: Channel,
    /// Address of an HTTP client, `uid=N pid=N` of a client of the UNIX socket; empty when not known.
    pub peer: String,
    /// The user that basic authentication proved.
    pub user: Option<String>,
    /// The connection is encrypted, or never left the machine's kernel.
    pub secure: bool,
    /// The certificate that an HTTPS client showed.
    pub certificate: Option<Certificate>,
}

/// A command as its handler gets it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Command {
    pub name: String,
    /// `None` also for `null`.
    pub arguments: Option<Value>,
    /// As sent; empty when absent. Elements that are not strings are not here, see [`crate::service`].
    pub service: Vec<String>,
    pub origin: Origin,
}

/// Why a value is not a command. Texts are Kea's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("invalid command: expected toplevel entry to be a map, got {0} instead")]
    NotAMap(&'static str),
    #[error("invalid command: does not contain mandatory 'command'")]
    NoCommand,
    #[error("invalid command: unsupported parameter '{0}'")]
    Unsupported(String),
    #[error("invalid command: expected 'command' to be a string, got {0} instead")]
    CommandType(&'static str),
}

impl From<EnvelopeError> for Answer {
    fn from(error: EnvelopeError) -> Self {
        Self::error(format!("Error during command processing: {error}"))
    }
}

impl Command {
    /// A command made by the program itself.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    #[must_use]
    pub fn with_arguments(mut self, arguments: impl Into<Value>) -> Self {
        self.arguments = Some(arguments.into());
        self
    }

    /// Checks the envelope. `service` may be of any shape here: over a UNIX socket Kea does not look at it.
    pub fn from_value(value: Value, origin: Origin) -> Result<Self, EnvelopeError> {
        let type_name = value.type_name();
        let Kind::Map(mut map) = value.kind else { return Err(EnvelopeError::NotAMap(type_name)) };
        let Some(command) = map.remove("command") else { return Err(EnvelopeError::NoCommand) };
        let arguments = map.remove("arguments").filter(|arguments| !arguments.is_null());
        let service = map.remove("service");
        map.remove("remote-address");
        if let Some(key) = map.into_keys().next() {
            return Err(EnvelopeError::Unsupported(key.into()));
        }
        let type_name = command.type_name();
        let Kind::Str(name) = command.kind else { return Err(EnvelopeError::CommandType(type_name)) };
        let service = service
            .as_ref()
            .and_then(Value::as_list)
            .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        Ok(Self { name: name.into(), arguments, service, origin })
    }

    /// The map that goes over the wire.
    #[must_use]
    pub fn into_value(self) -> Value {
        let mut map = Map::new();
        map.insert("command".to_owned(), self.name.into());
        if let Some(arguments) = self.arguments {
            map.insert("arguments".to_owned(), arguments);
        }
        if !self.service.is_empty() {
            let service: Vec<Value> = self.service.into_iter().map(Value::from).collect();
            map.insert("service".to_owned(), service.into());
        }
        map.into()
    }

    /// The arguments of a command that needs some: a map with at least one member.
    pub fn require_arguments(&self) -> Result<&Map, Answer> {
        let text = |what: &str| Answer::error(format!("invalid command '{}': {what}", self.name));
        let Some(arguments) = &self.arguments else { return Err(text("no arguments specified")) };
        let Some(map) = arguments.as_map() else {
            let got = arguments.type_name();
            return Err(text(&format!("expected 'arguments' to be a map, got {got} instead")));
        };
        if map.is_empty() { Err(text("'arguments' is empty")) } else { Ok(map) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn commands_survive_the_round_trip(name in ".{0,20}", arguments in prop::option::of(prop::collection::btree_map(".{0,5}", any::<i64>(), 0..4)), service in prop::collection::vec("[a-z0-9]{0,6}", 0..4)) {
            let arguments = arguments.map(|members| {
                members.into_iter().map(|(key, value)| (key, Value::from(value))).collect::<Map>().into()
            });
            let command = Command { name, arguments, service, origin: origin() };
            let text = json::to_string(&command.clone().into_value());
            let value = json::parse_command(text.as_bytes(), json::Limits::default()).unwrap();
            prop_assert_eq!(Command::from_value(value, origin()), Ok(command));
        }
    }

    fn origin() -> Origin {
        Origin { channel: Channel::Unix, peer: "uid=0 pid=1".to_owned(), secure: true, ..Origin::default() }
    }

    fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
        members.into()
    }

    #[test]
    fn envelopes_that_kea_refuses() {
        let command = || ("command", Value::from("foo"));
        for (value, text) in [
            (Value::from(vec![]), "expected toplevel entry to be a map, got list instead"),
            (Value::map(), "does not contain mandatory 'command'"),
            (
                map([("arguments", Value::map()), ("zzz", true.into())]),
                "does not contain mandatory 'command'",
            ),
            (
                map([command(), ("wrong_arg", 1_i64.into()), ("zzz", true.into())]),
                "unsupported parameter 'wrong_arg'",
            ),
            (map([("command", 5_i64.into())]), "expected 'command' to be a string, got integer instead"),
            (map([("command", 5_i64.into()), ("bar", true.into())]), "unsupported parameter 'bar'"),
        ] {
            let answer = Answer::from(Command::from_value(value, origin()).unwrap_err());
            assert_eq!(
                answer,
                Answer::error(format!("Error during command processing: invalid command: {text}"))
            );
        }
    }

    #[test]
    fn service_and_null_arguments() {
        let value = map([
            ("command", "foo".into()),
            ("arguments", Kind::Null.into()),
            ("service", vec![Value::from("dhcp4"), Value::from(1_i64)].into()),
            ("remote-address", "192.0.2.1".into()),
        ]);
        let command = Command::from_value(value, origin()).unwrap();
        assert_eq!(command.arguments, None);
        assert_eq!(command.service, ["dhcp4"]);
        let odd = map([("command", "foo".into()), ("service", "dhcp4".into())]);
        assert!(Command::from_value(odd, origin()).unwrap().service.is_empty());
    }

    #[test]
    fn arguments_that_a_command_needs() {
        let text = |command: Command| command.require_arguments().unwrap_err().text.unwrap();
        assert_eq!(text(Command::new("class-add")), "invalid command 'class-add': no arguments specified");
        assert_eq!(
            text(Command::new("class-add").with_arguments(vec![])),
            "invalid command 'class-add': expected 'arguments' to be a map, got list instead"
        );
        assert_eq!(
            text(Command::new("class-add").with_arguments(Value::map())),
            "invalid command 'class-add': 'arguments' is empty"
        );
        let good = Command::new("class-add").with_arguments([("name", Value::from("x"))]);
        assert_eq!(good.require_arguments().unwrap().len(), 1);
    }
}
