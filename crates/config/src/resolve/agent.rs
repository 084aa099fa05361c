//! The control agent's configuration, ready to run on.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use base::Family;
use json::{Map, Value};

use super::service::{self, hooks_libraries};
use super::{Context, ResolveEnv};
use crate::error::ConfigError;
use crate::parse::objects::{int, text};
use crate::{Authentication, HookLibrary, Logger, TlsPaths};

/// What kea-ctrl-agent runs on.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentConfig {
    pub address: IpAddr,
    pub port: u16,
    pub authentication: Option<Authentication>,
    /// `http-headers`: name and value.
    pub headers: Vec<(String, String)>,
    /// `None`: plain HTTP.
    pub tls: Option<TlsPaths>,
    /// Where the servers are, by service (`dhcp4`, `dhcp6`, `d2`).
    pub sockets: BTreeMap<String, AgentSocket>,
    pub hooks_libraries: Vec<HookLibrary>,
    pub loggers: Vec<Logger>,
}

/// Where the agent reaches a server. Paths are as written.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentSocket {
    Unix { path: String },
    Http { host: String, port: u16, login: Option<AgentLogin>, tls: Option<AgentTls> },
}

/// As whom the agent comes to a server.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentLogin {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for AgentLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the password.
        write!(f, "AgentLogin({})", self.user)
    }
}

/// Files of the agent as a TLS client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentTls {
    pub trust_anchor: String,
    /// Certificate and key.
    pub own: Option<(String, String)>,
}

/// From the map that [`parse_agent`](crate::parse_agent) checked. What is faulty takes its default, so that the caller
/// can look for more to complain about.
#[must_use]
pub fn resolve_agent(map: &Map, env: &ResolveEnv) -> (AgentConfig, Vec<ConfigError>) {
    let mut ctx = Context::new(env, Family::V4);
    ctx.enter("authentication");
    let authentication = map.get("authentication").and_then(Value::as_map);
    let authentication =
        authentication.map(|auth| service::authentication(&mut ctx, auth, "kea-control-agent"));
    ctx.enter("control-sockets");
    let sockets = map.get("control-sockets").and_then(Value::as_map).into_iter().flatten();
    let sockets = sockets
        .filter_map(|(name, socket)| Some((name.to_string(), agent_socket(&mut ctx, socket)?)))
        .collect();
    let config = AgentConfig {
        address: text(map, "http-host")
            .and_then(|address| address.parse().ok())
            .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        port: int(map, "http-port").and_then(|port| u16::try_from(port).ok()).unwrap_or(8000),
        authentication,
        headers: service::headers(map),
        tls: service::tls(map),
        sockets,
        hooks_libraries: hooks_libraries(map),
        loggers: service::loggers(map),
    };
    (config, ctx.errors)
}

fn agent_socket(ctx: &mut Context<'_>, value: &Value) -> Option<AgentSocket> {
    let map = value.as_map()?;
    let word = |name: &str| text(map, name).map(str::to_owned);
    let kind = text(map, "socket-type").unwrap_or("unix");
    if kind == "unix" {
        return Some(AgentSocket::Unix { path: word("socket-name")? });
    }
    let named = ["user", "user-file", "password", "password-file"].iter().any(|name| map.contains_key(*name));
    let login = named.then(|| service::credentials(ctx, map, &value.pos(), "")).flatten();
    Some(AgentSocket::Http {
        host: word("socket-address")?,
        port: int(map, "socket-port").and_then(|port| u16::try_from(port).ok())?,
        login: login.map(|(user, password)| AgentLogin { user, password }),
        tls: word("trust-anchor")
            .filter(|_| kind == "https")
            .map(|trust_anchor| AgentTls { trust_anchor, own: word("cert-file").zip(word("key-file")) }),
    })
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
        assert_eq!(config.sockets.get("d2"), Some(&AgentSocket::Unix { path: "b".to_owned() }));
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
