//! Where control sockets and log files are, and what is wrong with that.

use std::path::PathBuf;

use config::{ControlSocket, TlsPaths};
use control::tls::{ServerTls, TlsFiles};
use daemon::{Audit, PathKind};
use observe::{LoggerSettings, OutputSettings};

/// Control sockets, completed with their directories, and the TLS of their files.
#[derive(Clone, Debug, Default)]
pub struct SocketPlaces {
    /// UNIX control sockets: as written, and where.
    sockets: Vec<(String, PathBuf)>,
    /// TLS of the HTTPS control sockets, by their files.
    pub tls: Vec<(TlsPaths, ServerTls)>,
}

impl SocketPlaces {
    /// Judges the paths, headers, certificates and openness of control sockets.
    pub fn judge(audit: &mut Audit<'_>, sockets: &[ControlSocket]) -> Self {
        let mut places = Self::default();
        for socket in sockets {
            match socket {
                ControlSocket::Unix { path } => {
                    let kind = PathKind::ControlSocket;
                    if let Some(place) = audit.path(kind, kind.context(), path) {
                        places.sockets.push((path.clone(), place));
                    }
                }
                ControlSocket::Http { address, port, authentication, headers, tls } => {
                    for (name, _) in headers.iter().filter(|(n, v)| !control::http::is_valid_header(n, v)) {
                        let problem = daemon::Problem::Unusable(format!(
                            "http-headers: '{name}' with this value is not an HTTP header that can be added"
                        ));
                        let fix = "correct the header".to_owned();
                        audit.add(PathKind::ControlSocket, "control-sockets", problem, fix);
                    }
                    if let Some(paths) = tls {
                        match ServerTls::load(&tls_files(paths)) {
                            Ok(tls) => places.tls.push((paths.clone(), tls)),
                            Err(error) => {
                                let problem = daemon::Problem::Unusable(error.to_string());
                                let fix = "correct trust-anchor, cert-file or key-file".to_owned();
                                audit.add(PathKind::ControlSocket, "control-sockets", problem, fix);
                            }
                        }
                        continue;
                    }
                    // An empty list of clients lets everybody in, as in Kea.
                    if authentication.as_ref().is_none_or(|a| a.clients.is_empty()) {
                        let problem = daemon::Problem::OpenToAll { address: *address, port: *port };
                        let fix = "add an 'authentication' map with user-file and password-file".to_owned();
                        audit.add(PathKind::ControlSocket, "security check failed", problem, fix);
                    }
                }
            }
        }
        places
    }

    /// The control sockets with their paths as they are in the end: one path may be written in several ways.
    #[must_use]
    pub fn resolved(&self, sockets: &[ControlSocket]) -> Vec<ControlSocket> {
        let resolved = |socket: &ControlSocket| match socket {
            ControlSocket::Unix { path } => {
                ControlSocket::Unix { path: self.place(path).to_string_lossy().into_owned() }
            }
            ControlSocket::Http { .. } => socket.clone(),
        };
        sockets.iter().map(resolved).collect()
    }

    /// Where a socket is that was written so.
    fn place(&self, written: &str) -> PathBuf {
        self.sockets
            .iter()
            .find(|(w, _)| w == written)
            .map_or_else(|| PathBuf::from(written), |(_, path)| path.clone())
    }
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
#[must_use]
pub fn loggers(audit: &mut Audit<'_>, loggers: &[config::Logger]) -> Vec<LoggerSettings> {
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
            let problem = daemon::Problem::Unusable(text);
            audit.add(PathKind::Log, "loggers", problem, "correct the logger".to_owned());
        }
    }
}
