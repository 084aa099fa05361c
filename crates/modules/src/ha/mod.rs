//! `libdhcp_ha`: the commands of high availability (Kea manual, "Control Commands for High Availability"), and what the
//! library is listed with. States and messages are those of the crate `ha`; who talks to the partner is the server.

mod settings;

use std::sync::Arc;

use ::ha::PartnerState;
use ::ha::messages as say;
use control::{Access, Answer, Command, CommandDef, CommandTable, DuplicateCommand};
use json::{Map, Value};
use observe::log;

use crate::Pending;
pub use settings::{Secured, Settings};

/// The library that the commands come with.
pub const PROVIDER: &str = "libdhcp_ha";

/// The log messages of high availability.
pub use ::ha::messages::MESSAGES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Continue,
    Heartbeat,
    MaintenanceCancel,
    MaintenanceNotify,
    MaintenanceStart,
    Reset,
    Scopes,
    Sync,
    SyncComplete,
}

const fn row(name: &'static str, op: Op, arguments: &'static str, summary: &'static str) -> (CommandDef, Op) {
    (CommandDef { name, summary, access: Access::Write, provider: PROVIDER, arguments }, op)
}

static COMMANDS: &[(CommandDef, Op)] = &[
    row(
        "ha-continue",
        Op::Continue,
        "server-name:string?",
        "Goes on from a state in which the server pauses.",
    ),
    row("ha-heartbeat", Op::Heartbeat, "server-name:string?", "State, scopes and time of the server."),
    row("ha-maintenance-cancel", Op::MaintenanceCancel, "", "Ends the maintenance of the partner."),
    row(
        "ha-maintenance-notify",
        Op::MaintenanceNotify,
        "cancel:boolean,server-name:string?,state:string?",
        "A partner's word: it takes over for maintenance of this server, or no longer does.",
    ),
    row(
        "ha-maintenance-start",
        Op::MaintenanceStart,
        "",
        "Takes over from the partner, which may be shut down then.",
    ),
    row("ha-reset", Op::Reset, "server-name:string?", "Begins anew in the state waiting."),
    row(
        "ha-scopes",
        Op::Scopes,
        "scopes:list of string,server-name:string?",
        "Serves the clients of these servers until the state changes.",
    ),
    row(
        "ha-sync",
        Op::Sync,
        "server-name:string,max-period:integer?",
        "Fetches the leases of another server.",
    ),
    row(
        "ha-sync-complete-notify",
        Op::SyncComplete,
        "server-name:string?,origin-id:integer?,origin:string|integer?",
        "A partner's word: it has fetched the leases.",
    ),
];

/// The commands, for references and access rules.
pub fn command_definitions() -> impl Iterator<Item = &'static CommandDef> {
    COMMANDS.iter().map(|(definition, _)| definition)
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Continue,
    Heartbeat,
    /// Takes over from the partner of each relationship, or no longer does.
    Maintain {
        cancel: bool,
    },
    /// With what is said of the partner's state.
    MaintenanceNotify {
        cancel: bool,
        state: Option<PartnerState>,
    },
    Reset,
    Scopes(Vec<String>),
    /// The seconds for which the other server is not to serve.
    Sync {
        max_period: Option<u32>,
    },
    /// The number by which the partner has switched the service off.
    SyncComplete {
        origin: Option<u32>,
    },
}

/// Who carries the commands out.
pub trait Host: Send + Sync {
    /// In the relationship of a server; `None`: in the only one, or in all that a request concerns.
    fn carry_out(&self, server: Option<String>, request: Request) -> Pending<'_, Result<Answer, String>>;
}

/// Adds the commands to a table. `CommandTable::deregister_provider(PROVIDER)` takes them away.
pub fn register(table: &CommandTable, host: Arc<dyn Host>) -> Result<(), DuplicateCommand> {
    for (definition, op) in COMMANDS {
        let (host, op) = (Arc::clone(&host), *op);
        // Partners send each other commands while they wait for one another.
        table.register_quick(*definition, move |command| {
            let host = Arc::clone(&host);
            async move { run(op, host.as_ref(), &command).await }
        })?;
    }
    Ok(())
}

async fn run(op: Op, host: &dyn Host, command: &Command) -> Answer {
    let outcome = match request(op, command) {
        Ok((server, request)) => host.carry_out(server, request).await,
        Err(reason) => Err(reason),
    };
    outcome.unwrap_or_else(|reason| {
        report(op, &reason);
        Answer::error(reason)
    })
}

fn report(op: Op, reason: &str) {
    match op {
        Op::Continue => log!(say::ContinueRefused { reason }),
        Op::Heartbeat => log!(say::HeartbeatRefused { reason }),
        Op::MaintenanceCancel => log!(say::MaintenanceCancelRefused { reason }),
        Op::MaintenanceNotify => log!(say::MaintenanceNotifyRefused { reason }),
        Op::MaintenanceStart => log!(say::MaintenanceStartRefused { reason }),
        Op::Reset => log!(say::ResetRefused { reason }),
        Op::Scopes => log!(say::ScopesRefused { reason }),
        Op::Sync => log!(say::SyncCommandRefused { reason }),
        Op::SyncComplete => log!(say::NotifyRefused { reason }),
    }
}

/// The relationship and the request of a command; or what is wrong with it, in the words that programs match.
fn request(op: Op, command: &Command) -> Result<(Option<String>, Request), String> {
    let name = &command.name;
    let not_a_map = || format!("arguments in the '{name}' command are not a map");
    let none = Map::new();
    let map = match &command.arguments {
        // Whatever these say, they concern all relationships.
        _ if matches!(op, Op::MaintenanceStart | Op::MaintenanceCancel) => &none,
        Some(arguments) => arguments.as_map().ok_or_else(not_a_map)?,
        None if matches!(op, Op::Sync | Op::Scopes) => {
            return Err(format!("arguments not found in the '{name}' command"));
        }
        None => &none,
    };
    let must_be = |member: &str, what: &str| format!("'{member}' must be {what} in the '{name}' command");
    let number = |member: &str, what: &str| match map.get(member) {
        None => Ok(None),
        Some(value) => {
            let number = value.as_int().and_then(|number| u32::try_from(number).ok());
            number.map(Some).ok_or_else(|| must_be(member, what))
        }
    };
    if op == Op::Sync && !map.contains_key("server-name") {
        return Err("'server-name' is mandatory for the 'ha-sync' command".to_owned());
    }
    let server = match map.get("server-name") {
        None => None,
        Some(value) => Some(value.as_str().ok_or_else(|| must_be("server-name", "a string"))?.to_owned()),
    };
    let request = match op {
        Op::Continue => Request::Continue,
        Op::Heartbeat => Request::Heartbeat,
        Op::Reset => Request::Reset,
        Op::Sync => {
            let positive = "a positive integer";
            let max_period = number("max-period", positive)?;
            if max_period == Some(0) {
                return Err(must_be("max-period", positive));
            }
            Request::Sync { max_period }
        }
        Op::Scopes => {
            let scopes = map.get("scopes").ok_or("'scopes' is mandatory for the 'ha-scopes' command")?;
            let scopes = scopes.as_list().ok_or_else(|| must_be("scopes", "a list"))?;
            let names: Option<Vec<String>> =
                scopes.iter().map(|scope| scope.as_str().map(str::to_owned)).collect();
            Request::Scopes(names.ok_or("scope name must be a string in the 'scopes' argument")?)
        }
        Op::MaintenanceNotify => {
            let cancel = map
                .get("cancel")
                .ok_or("'cancel' is mandatory for the 'ha-maintenance-notify' command")?
                .as_bool()
                .ok_or_else(|| must_be("cancel", "a boolean"))?;
            let state = match map.get("state") {
                None => None,
                Some(state) => {
                    PartnerState::from_name(state.as_str().ok_or_else(|| must_be("state", "a string"))?)
                }
            };
            Request::MaintenanceNotify { cancel, state }
        }
        Op::SyncComplete => {
            // The word that Kea 2.4 has for the only partner there is.
            let word = map.get("origin").and_then(Value::as_str).is_some();
            let origin = match number("origin-id", "an integer")? {
                None if !word => number("origin", "an integer")?,
                origin => origin,
            };
            Request::SyncComplete { origin }
        }
        Op::MaintenanceStart | Op::MaintenanceCancel => {
            Request::Maintain { cancel: op == Op::MaintenanceCancel }
        }
    };
    Ok((server, request))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(op: Op, name: &str, arguments: Option<&str>) -> Result<(Option<String>, Request), String> {
        let mut command = Command::new(name);
        command.arguments =
            arguments.map(|text| json::parse_command(text.as_bytes(), json::Limits::default()).unwrap());
        request(op, &command)
    }

    #[test]
    fn what_commands_ask_for() {
        assert_eq!(of(Op::Heartbeat, "ha-heartbeat", None), Ok((None, Request::Heartbeat)));
        // As the manual has it.
        let odd = Some(r#"{ "scopes": [ ], "server-name": "server2" }"#);
        assert_eq!(
            of(Op::Heartbeat, "ha-heartbeat", odd),
            Ok((Some("server2".to_owned()), Request::Heartbeat))
        );
        let notify = Some(r#"{ "cancel": false, "state": "ready" }"#);
        let state = PartnerState::from_name("ready");
        assert_eq!(
            of(Op::MaintenanceNotify, "ha-maintenance-notify", notify),
            Ok((None, Request::MaintenanceNotify { cancel: false, state }))
        );
        for (text, origin) in [(r#"{ "origin": "ha-partner" }"#, None), (r#"{ "origin": 2001 }"#, Some(2001))]
        {
            assert_eq!(
                of(Op::SyncComplete, "ha-sync-complete-notify", Some(text)),
                Ok((None, Request::SyncComplete { origin }))
            );
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_keas_words() {
        for (op, name, arguments, text) in [
            (Op::Sync, "ha-sync", None, "arguments not found in the 'ha-sync' command"),
            (Op::Sync, "ha-sync", Some("[]"), "arguments in the 'ha-sync' command are not a map"),
            (Op::Sync, "ha-sync", Some("{}"), "'server-name' is mandatory for the 'ha-sync' command"),
            (
                Op::Sync,
                "ha-sync",
                Some(r#"{ "server-name": 1 }"#),
                "'server-name' must be a string in the 'ha-sync' command",
            ),
            (
                Op::Sync,
                "ha-sync",
                Some(r#"{ "server-name": "a", "max-period": 0 }"#),
                "'max-period' must be a positive integer in the 'ha-sync' command",
            ),
            (Op::Scopes, "ha-scopes", Some("{}"), "'scopes' is mandatory for the 'ha-scopes' command"),
            (
                Op::Scopes,
                "ha-scopes",
                Some(r#"{ "scopes": [ 1 ] }"#),
                "scope name must be a string in the 'scopes' argument",
            ),
            (
                Op::MaintenanceNotify,
                "ha-maintenance-notify",
                Some("{}"),
                "'cancel' is mandatory for the 'ha-maintenance-notify' command",
            ),
        ] {
            assert_eq!(of(op, name, arguments), Err(text.to_owned()));
        }
    }
}
