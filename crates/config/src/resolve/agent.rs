//! The control agent's configuration, ready to run on.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use json::{Map, Value};

use super::{Context, ResolveEnv, service};
use crate::error::ConfigError;
use crate::parse::objects::{int, text};
use crate::{Authentication, Logger};

/// What kea-ctrl-agent runs on.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentConfig {
    pub address: IpAddr,
    pub port: u16,
    pub authentication: Option<Authentication>,
    /// Path of the control socket, as written, by service (`dhcp4`, `dhcp6`, `d2`).
    pub sockets: BTreeMap<String, String>,
    pub loggers: Vec<Logger>,
}

/// From the map that [`parse_agent`](crate::parse_agent) checked. What is faulty takes its default, so that the caller
/// can look for more to complain about.
#[must_use]
pub fn resolve_agent(map: &Map, env: &ResolveEnv) -> (AgentConfig, Vec<ConfigError>) {
    let mut ctx = Context::new(env);
    ctx.enter("authentication");
    let authentication = map.get("authentication").and_then(Value::as_map);
    let authentication =
        authentication.map(|auth| service::authentication(&mut ctx, auth, "kea-control-agent"));
    let sockets = map.get("control-sockets").and_then(Value::as_map).into_iter().flatten();
    let sockets = sockets
        .filter_map(|(name, socket)| Some((name.clone(), text(socket.as_map()?, "socket-name")?.to_owned())))
        .collect();
    let config = AgentConfig {
        address: text(map, "http-host")
            .and_then(|address| address.parse().ok())
            .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        port: int(map, "http-port").and_then(|port| u16::try_from(port).ok()).unwrap_or(8000),
        authentication,
        sockets,
        loggers: service::loggers(map),
    };
    (config, ctx.errors)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn resolve(text: &str, relaxed: bool) -> (AgentConfig, Vec<String>) {
        let value = json::parse(text, None, json::Limits::default()).unwrap().value;
        let (map, errors) = crate::parse_agent(value);
        assert!(errors.is_empty(), "{errors:?}");
        let read_secret = Arc::new(|path: &std::path::Path| match path.to_str() {
            Some("/creds/user") => Ok("admin".to_owned()),
            Some("/creds/password") => Ok("1234".to_owned()),
            Some("/creds/both") => Ok("operator:56:78".to_owned()),
            _ => Err("not found".to_owned()),
        });
        let (config, errors) =
            resolve_agent(&map, &ResolveEnv { relaxed, read_secret, ..ResolveEnv::default() });
        (config, errors.into_iter().map(|error| error.text).collect())
    }

    #[test]
    fn defaults_and_sockets() {
        let (config, errors) = resolve(
            r#"{ "Control-agent": { "control-sockets": { "dhcp4": { "socket-name": "a" }, "d2": { "socket-name": "b" } } } }"#,
            false,
        );
        assert_eq!((config.address.to_string().as_str(), config.port), ("127.0.0.1", 8000));
        assert_eq!(config.sockets.get("d2").map(String::as_str), Some("b"));
        assert_eq!((config.authentication, errors.len()), (None, 0));
    }

    #[test]
    fn credentials_of_files_and_in_clear_text() {
        let text = |clients: &str| {
            format!(
                r#"{{ "Control-agent": {{ "authentication": {{ "type": "basic", "directory": "/creds", "clients": [ {clients} ] }} }} }}"#
            )
        };
        let files =
            text(r#"{ "user-file": "user", "password-file": "password" }, { "password-file": "both" }"#);
        let (config, errors) = resolve(&files, false);
        let authentication = config.authentication.unwrap();
        assert_eq!((authentication.realm.as_str(), errors.len()), ("kea-control-agent", 0));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(authentication.clients, [pair("admin", "1234"), pair("operator", "56:78")]);

        let clear = text(r#"{ "user": "u", "password": "p" }"#);
        assert_eq!(resolve(&clear, true).0.authentication.unwrap().clients, [pair("u", "p")]);
        assert!(resolve(&clear, false).1.iter().any(|error| error.contains("is NOT SECURE")));
        let missing = text(r#"{ "user-file": "gone", "password-file": "password" }"#);
        assert!(resolve(&missing, false).1.iter().any(|error| error.contains("cannot read user-file")));
    }
}
