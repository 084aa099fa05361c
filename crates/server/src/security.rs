//! Where a configuration's files are, judged by the rules on paths (Kea manual, "Kea Security"): all violations at
//! once, each with its remedy.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use channels::SocketPlaces;
use config::Services;
use daemon::{Audit, AuditReport, PathKind, Paths, Problem};
use modules::legal_log;
use observe::LoggerSettings;

use crate::Protocol;

/// Files of a configuration, completed with their directories.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) lease_file: PathBuf,
    pub(crate) sockets: SocketPlaces,
    /// Configuration databases that are files, in their order.
    pub(crate) databases: Vec<PathBuf>,
    /// The files of `hosts-databases`; empty paths for those that are none.
    pub(crate) hosts: Vec<PathBuf>,
    pub(crate) loggers: Vec<LoggerSettings>,
}

/// The files of a configuration and what is wrong with them. Those of `hooks` are completed in place; `relaxed`
/// is `-X`.
pub(crate) fn places<P: Protocol>(
    services: &Services,
    hooks: Option<&mut modules::Libraries>,
    paths: &Paths,
    relaxed: bool,
) -> (Places, AuditReport) {
    let mut audit = Audit::new(paths, relaxed);
    if let Some(directory) = &services.data_directory {
        audit.data_directory(directory);
    }
    let data = PathKind::Data.context();
    let leases = &services.lease_database;
    let is_file = leases.kind == "memfile";
    let name = if !is_file || leases.name.is_empty() { P::LEASE_FILE } else { &leases.name };
    let lease_file = if is_file && leases.persist {
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
    places.sockets = SocketPlaces::judge(&mut audit, &services.control_sockets);
    places.loggers = channels::loggers(&mut audit, &services.loggers);
    if let Some(hooks) = hooks {
        if let Some(legal_log::Store::Files(files)) =
            hooks.legal_log.as_mut().map(|settings| &mut settings.store)
        {
            legal_files(&mut audit, files);
        }
        if let Some(settings) = &mut hooks.run_script {
            script(&mut audit, &mut settings.script, "name");
        }
    }
    (places, audit.finish())
}

/// Judges and completes the directory and the scripts of the legal log.
fn legal_files(audit: &mut Audit<'_>, files: &mut legal_log::Files) {
    let kind = PathKind::LegalLog;
    if files.directory.as_os_str().is_empty() {
        files.directory = audit.dir(kind).to_owned();
    } else {
        let file = files.directory.join(&files.base_name);
        if let Some(path) = audit.path(kind, kind.context(), &file.to_string_lossy()) {
            files.directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        }
    }
    for (path, name) in [(&mut files.prerotate, "prerotate"), (&mut files.postrotate, "postrotate")] {
        if !path.as_os_str().is_empty() {
            script(audit, path, name);
        }
    }
}

/// Judges and completes the script that a parameter names.
fn script(audit: &mut Audit<'_>, script: &mut PathBuf, name: &str) {
    let what = format!("Invalid '{name}' parameter");
    let Some(path) = audit.path(PathKind::Script, &what, &script.to_string_lossy()) else { return };
    let mode = path.metadata().ok().filter(std::fs::Metadata::is_file).map(|file| file.permissions().mode());
    if mode.is_none_or(|mode| mode & 0o111 == 0) {
        let problem = Problem::Other(format!("'{}' is no file that can be run", path.display()));
        audit.add(PathKind::Script, &what, problem, "install the script, or leave it out".to_owned());
    }
    *script = path;
}
