//! Where a configuration's files are, judged by the rules on paths (Kea manual, "Kea Security"): all violations at
//! once, each with its remedy.

use std::path::{Path, PathBuf};

use config::{ControlSocket, Services, TlsPaths};
use control::tls::{ServerTls, TlsFiles};
use daemon::{Audit, AuditReport, PathKind, Paths};
use observe::{LoggerSettings, OutputSettings};

use crate::Protocol;

/// Files of a configuration, completed with their directories.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) lease_file: PathBuf,
    /// UNIX control sockets: as written, and where.
    pub(crate) sockets: Vec<(String, PathBuf)>,
    /// Configuration databases that are files, in their order.
    pub(crate) databases: Vec<PathBuf>,
    /// The files of `hosts-databases`; empty paths for those that are none.
    pub(crate) hosts: Vec<PathBuf>,
    pub(crate) loggers: Vec<LoggerSettings>,
    /// TLS of the HTTPS control sockets, by their files.
    pub(crate) tls: Vec<(TlsPaths, ServerTls)>,
}

impl Places {
    /// The control sockets with their paths as they are in the end: one path may be written in several ways.
    pub(crate) fn resolved(&self, sockets: &[ControlSocket]) -> Vec<ControlSocket> {
        let resolved = |socket: &ControlSocket| match socket {
            ControlSocket::Unix { path } => {
                ControlSocket::Unix { path: self.socket(path).to_string_lossy().into_owned() }
            }
            ControlSocket::Http { .. } => socket.clone(),
        };
        sockets.iter().map(resolved).collect()
    }

    /// Where a socket is that was written so.
    pub(crate) fn socket(&self, written: &str) -> PathBuf {
        self.sockets
            .iter()
            .find(|(w, _)| w == written)
            .map_or_else(|| PathBuf::from(written), |(_, path)| path.clone())
    }
}

/// The files of a configuration and what is wrong with them. `file` is the configuration file of the start;
/// `relaxed` is `-X`.
pub(crate) fn places<P: Protocol>(
    services: &Services,
    paths: &Paths,
    file: &Path,
    relaxed: bool,
) -> (Places, AuditReport) {
    let mut audit = Audit::new(paths, file, relaxed);
    if let Some(directory) = &services.data_directory {
        audit.data_directory(directory);
    }
    let data = PathKind::Data.context();
    let name = &services.lease_database.name;
    let name = if name.is_empty() { P::LEASE_FILE } else { name };
    let lease_file = if services.lease_database.persist {
        audit.path(PathKind::Data, data, name).unwrap_or_default()
    } else {
        paths.data_dir.join(name)
    };
    let mut places = Places { lease_file, ..Places::default() };
    let databases = services.config_control.iter().flat_map(|c| &c.databases);
    for database in databases.filter(|d| d.kind == "sqlite") {
        places.databases.extend(audit.path(PathKind::Data, data, &database.name));
    }
    for database in &services.hosts_databases {
        let file =
            if database.kind == "sqlite" { audit.path(PathKind::Data, data, &database.name) } else { None };
        places.hosts.push(file.unwrap_or_default());
    }
    for socket in &services.control_sockets {
        match socket {
            ControlSocket::Unix { path } => {
                let kind = PathKind::ControlSocket;
                if let Some(place) = audit.path(kind, kind.context(), path) {
                    places.sockets.push((path.clone(), place));
                }
            }
            ControlSocket::Http { address, port, authentication, headers, tls } => {
                for (name, _) in headers.iter().filter(|(n, v)| !control::http::is_valid_header(n, v)) {
                    let problem = daemon::Problem::Other(format!(
                        "http-headers: '{name}' with this value is not an HTTP header that can be added"
                    ));
                    let fix = "correct the header".to_owned();
                    audit.add(PathKind::ControlSocket, "control-sockets", problem, fix);
                }
                if let Some(paths) = tls {
                    match ServerTls::load(&tls_files(paths)) {
                        Ok(tls) => places.tls.push((paths.clone(), tls)),
                        Err(error) => {
                            let problem = daemon::Problem::Other(error.to_string());
                            let fix = "correct trust-anchor, cert-file or key-file".to_owned();
                            audit.add(PathKind::ControlSocket, "control-sockets", problem, fix);
                        }
                    }
                    continue;
                }
                // An empty list of clients lets everybody in, as in Kea.
                if authentication.as_ref().is_none_or(|a| a.clients.is_empty()) {
                    let problem = daemon::Problem::Other(format!(
                        "control socket on {address} port {port} is open to everyone: 'authentication' is missing"
                    ));
                    let fix = "add an 'authentication' map with user-file and password-file".to_owned();
                    audit.add(PathKind::ControlSocket, "security check failed", problem, fix);
                }
            }
        }
    }
    places.loggers = loggers(&mut audit, &services.loggers);
    (places, audit.finish())
}

fn tls_files(paths: &TlsPaths) -> TlsFiles {
    TlsFiles {
        trust_anchor: PathBuf::from(&paths.trust_anchor),
        cert_file: PathBuf::from(&paths.cert_file),
        key_file: PathBuf::from(&paths.key_file),
        cert_required: paths.cert_required,
    }
}

/// The settings of loggers whose files may be where they are.
pub(crate) fn loggers(audit: &mut Audit<'_>, loggers: &[config::Logger]) -> Vec<LoggerSettings> {
    let mut settings = Vec::new();
    for logger in loggers {
        let mut outputs = Vec::new();
        for output in &logger.outputs {
            let target = match output.output.as_str() {
                "stdout" | "stderr" => output.output.clone(),
                syslog if syslog == "syslog" || syslog.starts_with("syslog:") => syslog.to_owned(),
                file => match audit.path(PathKind::Log, PathKind::Log.context(), file) {
                    Some(place) => place.to_string_lossy().into_owned(),
                    None => continue,
                },
            };
            outputs.push((target, output));
        }
        add_logger(audit, &mut settings, logger, &outputs);
    }
    settings
}

fn add_logger(
    audit: &mut Audit<'_>,
    loggers: &mut Vec<LoggerSettings>,
    logger: &config::Logger,
    outputs: &[(String, &config::LoggerOutput)],
) {
    let parts: Result<Vec<OutputSettings>, String> = outputs
        .iter()
        .map(|(target, o)| OutputSettings::from_parts(target, o.flush, o.maxsize, o.maxver, &o.pattern))
        .collect();
    let settings = parts.and_then(|outputs| {
        LoggerSettings::from_parts(&logger.name, &logger.severity, logger.debuglevel, outputs)
    });
    match settings {
        Ok(settings) => loggers.push(settings),
        Err(text) => {
            let problem = daemon::Problem::Other(text);
            audit.add(PathKind::Log, "loggers", problem, "correct the logger".to_owned());
        }
    }
}
