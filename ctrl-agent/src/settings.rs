//! From a configuration's text to what the agent runs on. All faults are found at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::keywords::{AGENT, Status, Table, Type};
use config::{AgentConfig, AgentSocket, ResolveEnv};
use control::gate::Gate;
use control::http::client::{Login, Target};
use control::http::{Credentials, HttpSettings};
use control::tls::{ClientTls, ServerTls, TlsError, TlsFiles};
use control::unix::UnixClient;
use daemon::{Audit, PathKind, Violation};
use json::{Kind, Map, Value};
use modules::Libraries;
use observe::LoggerSettings;
use process::{Fault, Faults, Site};

use crate::messages;

/// Realm of the `authentication` map when it names none.
const REALM: &str = "kea-control-agent";

/// How a server is reached.
#[derive(Clone, Debug)]
pub(crate) enum Forward {
    Unix(Arc<UnixClient>),
    Http(Box<Target>),
}

/// A checked configuration.
pub(crate) struct Settings {
    /// The `Control-agent` map as written.
    pub(crate) written: Map,
    pub(crate) address: SocketAddr,
    pub(crate) http: HttpSettings,
    /// Control socket by service.
    pub(crate) sockets: BTreeMap<String, Forward>,
    /// The roles of `libdhcp_rbac.so`.
    pub(crate) gate: Option<Arc<dyn Gate>>,
    pub(crate) loggers: Vec<LoggerSettings>,
    pub(crate) warnings: Warnings,
}

/// What is let through with a word in the log.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    syntax: Vec<String>,
    paths: Vec<Violation>,
    other: Vec<String>,
    /// Nobody is asked for a password, on an address of this host.
    open: Option<SocketAddr>,
}

impl Warnings {
    pub(crate) fn log(&self) {
        for warning in &self.syntax {
            observe::log!(messages::SyntaxWarning { warning });
        }
        self.paths.iter().for_each(Violation::warn);
        for violation in &self.other {
            observe::log!(messages::SecurityWarning { violation });
        }
        if let Some(address) = self.open {
            observe::log!(messages::NoAuthentication { address });
        }
    }
}

impl Settings {
    /// What holds before a configuration is read: nothing is forwarded anywhere.
    pub(crate) fn empty() -> Self {
        Self {
            written: Map::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            http: HttpSettings::default(),
            sockets: BTreeMap::new(),
            gate: None,
            loggers: Vec::new(),
            warnings: Warnings::default(),
        }
    }

    /// Reads the configuration file.
    pub(crate) fn from_file(site: &Site) -> Result<Self, Faults> {
        let parsed = process::read_file(&site.file)?;
        let (map, errors) = config::parse_agent(parsed.value);
        let mut settings = Self::from_map(map, errors, site)?;
        settings.warnings.syntax = parsed.warnings.iter().map(ToString::to_string).collect();
        Ok(settings)
    }

    /// Reads the arguments of `config-set` and `config-test`.
    pub(crate) fn from_arguments(arguments: Value, site: &Site) -> Result<Self, Faults> {
        let (map, errors) = config::parse_agent_arguments(arguments);
        Self::from_map(map, errors, site)
    }

    fn from_map(map: Map, errors: Vec<config::ConfigError>, site: &Site) -> Result<Self, Faults> {
        let mut faults: Vec<Fault> = errors.into_iter().map(Fault::from).collect();
        let env = ResolveEnv { relaxed: site.relaxed, ..ResolveEnv::default() };
        let (config, errors) = config::resolve_agent(&map, &env);
        faults.extend(errors.into_iter().map(Fault::from));

        let mut judge = Judge { audit: Audit::new(&site.paths, site.relaxed), faults, warnings: Vec::new() };
        let sockets = judge.sockets(&config);
        let loggers = channels::loggers(&mut judge.audit, &config.loggers);
        let address = SocketAddr::new(config.address, config.port);
        let credentials = config.authentication.as_ref().and_then(|authentication| {
            Credentials::new(&authentication.realm, authentication.clients.iter().map(|(u, p)| (u, p)))
        });
        // Clients that could not be read are a fault already.
        let clients = map.get("authentication").and_then(|a| a.get("clients")).and_then(Value::as_list);
        let open = clients.is_none_or(<[Value]>::is_empty) && config.tls.is_none();
        let tls = config.tls.as_ref().and_then(|paths| {
            judge.loaded(ServerTls::load(&TlsFiles {
                trust_anchor: PathBuf::from(&paths.trust_anchor),
                cert_file: PathBuf::from(&paths.cert_file),
                key_file: PathBuf::from(&paths.key_file),
                cert_required: paths.cert_required,
            }))
        });
        for (name, _) in config.headers.iter().filter(|(n, v)| !control::http::is_valid_header(n, v)) {
            let text =
                format!("http-headers: '{name}' with this value is not an HTTP header that can be added");
            judge.faults.push(Fault { syntax: false, text });
        }
        if open && !address.ip().to_canonical().is_loopback() {
            let text = format!("Unsecured HTTP control channel ({address})");
            judge.violation(site.relaxed, text, "add an 'authentication' map, or listen on 127.0.0.1");
        }
        judge.clear_text(site.relaxed, &map);
        let gate = match Libraries::load(&config.hooks_libraries, hooks::Daemon::ControlAgent) {
            Ok(libraries) => libraries.gate,
            Err(texts) => {
                judge.faults.extend(texts.into_iter().map(|text| Fault { syntax: false, text }));
                None
            }
        };
        let Judge { audit, mut faults, warnings: other } = judge;
        let report = audit.finish();
        faults.extend(report.errors.iter().map(|error| Fault { syntax: false, text: error.to_string() }));
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let warnings =
            Warnings { syntax: Vec::new(), paths: report.warnings, other, open: open.then_some(address) };
        let http = HttpSettings { credentials, headers: config.headers, tls, ..HttpSettings::default() };
        Ok(Self { written: map, address, http, sockets, gate, loggers, warnings })
    }

    /// The configuration with its defaults, as `config-get` answers it and `config-write` writes it.
    pub(crate) fn value(&self) -> Value {
        let mut map = with_defaults(&AGENT, &self.written);
        if let Some(authentication) = map.get_mut("authentication").and_then(Value::as_map_mut) {
            authentication.entry("realm".to_owned()).or_insert_with(|| REALM.into());
        }
        [("Control-agent", Value::from(map))].into()
    }

    /// One line for the log.
    pub(crate) fn summary(&self) -> String {
        let sockets: Vec<&str> = self.sockets.keys().map(String::as_str).collect();
        format!(
            "listening on {}, port {}, control sockets: {}{}",
            self.address.ip(),
            self.address.port(),
            if sockets.is_empty() { "none".to_owned() } else { sockets.join(" ") },
            match (self.http.tls.is_some(), self.http.credentials.is_some()) {
                (true, true) => ", requires HTTPS and basic HTTP authentication",
                (true, false) => ", requires HTTPS",
                (false, true) => ", requires basic HTTP authentication",
                (false, false) => "",
            },
        )
    }
}

/// Collects what the rules say.
struct Judge<'a> {
    audit: Audit<'a>,
    faults: Vec<Fault>,
    warnings: Vec<String>,
}

impl Judge<'_> {
    fn violation(&mut self, tolerated: bool, text: String, fix: &str) {
        let text = format!("{text} ({fix})");
        if tolerated {
            self.warnings.push(text);
        } else {
            self.faults.push(Fault { syntax: false, text });
        }
    }

    fn sockets(&mut self, config: &AgentConfig) -> BTreeMap<String, Forward> {
        let kind = PathKind::ControlSocket;
        let mut sockets = BTreeMap::new();
        for (service, socket) in &config.sockets {
            let forward = match socket {
                AgentSocket::Unix { path } => {
                    let path = self.audit.path(kind, kind.context(), path);
                    path.map(|path| Forward::Unix(Arc::new(UnixClient::new(path))))
                }
                AgentSocket::Http { host, port, login, tls } => {
                    let client = tls.as_ref().map(|tls| {
                        let own = tls.own.as_ref().map(|(cert, key)| (Path::new(cert), Path::new(key)));
                        ClientTls::load(Path::new(&tls.trust_anchor), own)
                    });
                    let client = client.map(|client| self.loaded(client));
                    if let Some(None) = client {
                        continue;
                    }
                    Some(Forward::Http(Box::new(Target {
                        host: host.clone(),
                        port: *port,
                        tls: client.flatten(),
                        login: login
                            .as_ref()
                            .map(|l| Login { user: l.user.clone(), password: l.password.clone() }),
                        user_agent: crate::PROGRAM.name.to_owned(),
                        ..Target::default()
                    })))
                }
            };
            if let Some(forward) = forward {
                sockets.insert(service.clone(), forward);
            }
        }
        sockets
    }

    /// What its files gave; that they gave nothing is a fault.
    fn loaded<T>(&mut self, outcome: Result<T, TlsError>) -> Option<T> {
        outcome.map_err(|error| self.faults.push(Fault { syntax: false, text: error.to_string() })).ok()
    }

    /// With `-X` clear text is used, and said to be. Without, it is a fault already.
    fn clear_text(&mut self, relaxed: bool, map: &Map) {
        let clients = map.get("authentication").and_then(|a| a.get("clients")).and_then(Value::as_list);
        let sockets = map.get("control-sockets").and_then(Value::as_map);
        let all = clients.into_iter().flatten().chain(sockets.into_iter().flat_map(Map::values));
        for (client, name) in all.flat_map(|c| [(c, "user"), (c, "password")]) {
            if relaxed && let Some(value) = client.get(name) {
                let text = format!("use of clear text '{name}' is NOT SECURE ({})", value.pos());
                self.violation(true, text, &format!("use '{name}-file'"));
            }
        }
    }
}

/// The map with the defaults of its table; what is refused whatever its value has none.
fn with_defaults(table: &Table, map: &Map) -> Map {
    let mut full = Map::new();
    for keyword in table.keywords {
        let default = || {
            let shown = matches!(keyword.status, Status::Supported)
                || matches!(keyword.default, config::keywords::Literal::EmptyList);
            keyword.default.value().filter(|_| shown && keyword.name != "cert-required")
        };
        let Some(value) = map.get(keyword.name).cloned().or_else(default) else { continue };
        let nested = |value: Value, table: &Table| match &value.kind {
            Kind::Map(map) => with_defaults(table, map).into(),
            _ => value,
        };
        let value = match (keyword.kind, value) {
            (Type::Map(table), value) => nested(value, table),
            (Type::Maps(table), Value { kind: Kind::List(list), .. }) => {
                list.into_iter().map(|value| nested(value, table)).collect::<Vec<_>>().into()
            }
            (_, value) => value,
        };
        full.insert(keyword.name.to_owned(), value);
    }
    full
}
