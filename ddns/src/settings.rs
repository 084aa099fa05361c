//! From a configuration's text to what the server runs on. All faults are found at once.

use std::net::SocketAddr;
use std::sync::Arc;

use channels::SocketPlaces;
use config::{ControlSocket, D2Config, ResolveEnv};
use control::gate::Gate;
use daemon::{Audit, Violation};
use dns::{Algorithm, Key, Name};
use json::{Map, Pos, Value};
use modules::Libraries;
use observe::LoggerSettings;
use process::{Fault, Faults, Site};
use updater::{Domain, Domains, Server};

use crate::messages;

/// A checked configuration.
#[derive(Default)]
pub(crate) struct Settings {
    /// The `DhcpDdns` map as written.
    pub(crate) written: Map,
    pub(crate) listen: Option<SocketAddr>,
    /// Microseconds.
    pub(crate) timeout: u64,
    pub(crate) updates: Arc<updater::Settings>,
    pub(crate) keys: Vec<Arc<Key>>,
    pub(crate) control_sockets: Vec<ControlSocket>,
    pub(crate) places: SocketPlaces,
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
    /// Where secrets stand in clear text.
    secrets: Vec<Pos>,
}

impl Warnings {
    pub(crate) fn log(&self) {
        for warning in &self.syntax {
            observe::log!(messages::SyntaxWarning { warning });
        }
        self.paths.iter().for_each(Violation::warn);
        for pos in &self.secrets {
            observe::log!(messages::ClearSecret { pos });
        }
    }
}

impl Settings {
    /// Reads the configuration file.
    pub(crate) fn from_file(site: &Site) -> Result<Self, Faults> {
        let parsed = process::read_file(&site.file)?;
        let (map, errors) = config::parse_d2(parsed.value);
        let mut settings = Self::from_map(map, errors, site)?;
        settings.warnings.syntax = parsed.warnings.iter().map(ToString::to_string).collect();
        Ok(settings)
    }

    /// Reads the arguments of `config-set` and `config-test`.
    pub(crate) fn from_arguments(arguments: Value, site: &Site) -> Result<Self, Faults> {
        let (map, errors) = config::parse_d2_arguments(arguments);
        Self::from_map(map, errors, site)
    }

    fn from_map(map: Map, errors: Vec<config::ConfigError>, site: &Site) -> Result<Self, Faults> {
        let env = ResolveEnv { relaxed: site.relaxed, ..ResolveEnv::default() };
        let (config, more) = config::resolve_d2(&map, &env);
        let mut faults: Vec<Fault> = errors.into_iter().chain(more).map(Fault::from).collect();
        let keys = keys(&config, &mut faults);
        let mut direction = |domains| domains_of(domains, &keys, &mut faults);
        let updates =
            updater::Settings { forward: direction(&config.forward), reverse: direction(&config.reverse) };
        let mut audit = Audit::new(&site.paths, site.relaxed);
        let places = SocketPlaces::judge(&mut audit, &config.control_sockets);
        let loggers = channels::loggers(&mut audit, &config.loggers);
        let gate = match Libraries::load(&config.hooks_libraries, hooks::Daemon::D2) {
            Ok(libraries) => libraries.gate,
            Err(texts) => {
                faults.extend(texts.into_iter().map(Fault::value));
                None
            }
        };
        let report = audit.finish();
        faults.extend(report.errors.iter().map(|error| Fault::value(error.to_string())));
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let clear = map.get("tsig-keys").and_then(Value::as_list).into_iter().flatten();
        let secrets = clear.filter_map(|key| Some(key.get("secret")?.pos())).collect();
        Ok(Self {
            written: map,
            listen: Some(config.listen),
            timeout: u64::from(config.dns_server_timeout) * 1000,
            updates: Arc::new(updates),
            keys: keys.into_iter().flatten().collect(),
            control_sockets: places.resolved(&config.control_sockets),
            places,
            gate,
            loggers,
            warnings: Warnings { syntax: Vec::new(), paths: report.warnings, secrets },
        })
    }

    /// One line for the log.
    pub(crate) fn summary(&self) -> String {
        let listen = self.listen.map(|at| format!("listening on {}, port {}", at.ip(), at.port()));
        format!("{}, using UDP", listen.unwrap_or_default())
    }
}

/// The keys by their places; what is none is a fault, and its place stays.
fn keys(config: &D2Config, faults: &mut Vec<Fault>) -> Vec<Option<Arc<Key>>> {
    let mut key = |key: &config::TsigKey| {
        let algorithm = Algorithm::from_word(&key.algorithm)?;
        match Key::new(&key.name, algorithm, &key.secret, key.digest_bits) {
            Ok(key) => Some(Arc::new(key)),
            Err(why) => {
                let text = format!("tsig-key : '{}' cannot be used: {why} ({})", key.name, key.pos);
                faults.push(Fault::value(text));
                None
            }
        }
    };
    config.tsig_keys.iter().map(&mut key).collect()
}

fn domains_of(domains: &[config::DdnsDomain], keys: &[Option<Arc<Key>>], faults: &mut Vec<Fault>) -> Domains {
    let (mut named, mut any) = (Vec::new(), None);
    for domain in domains {
        let name = match Name::parse(&domain.name) {
            Ok(name) => name,
            Err(why) => {
                let text = format!("Ddns domain '{}' is no domain name: {why} ({})", domain.name, domain.pos);
                faults.push(Fault::value(text));
                continue;
            }
        };
        let server = |server: &config::DnsServer| Server {
            address: server.address,
            key: server.key.and_then(|at| keys.get(at).cloned().flatten()),
        };
        let servers = domain.servers.iter().map(server).collect();
        let resolved = Domain { name, servers };
        if domain.name == "*" {
            any = Some(resolved);
        } else {
            named.push(resolved);
        }
    }
    Domains::new(named, any)
}
