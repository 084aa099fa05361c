//! The rules on paths that configurations and commands may name (Kea manual, "Summary of Path Restrictions").
//!
//! Each kind of file has one directory. A bare file name is completed with it; a path that names another directory
//! is a violation. Names are judged as text, before anything is opened, so `..` and links in the directory part gain
//! nothing. All violations of a configuration are collected and reported at once, each with its remedy; with `-X`
//! they become warnings and the path is used as it stands.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::messages;
use crate::paths::Paths;

/// The kinds of files that have a directory of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// Lease files, cache files, the DHCPv6 server identifier.
    Data,
    Log,
    LegalLog,
    ControlSocket,
    HookLibrary,
    /// Scripts that hook libraries run.
    Script,
}

impl PathKind {
    /// What Kea's error texts put before the problem when it is met in a configuration.
    #[must_use]
    pub fn context(self) -> &'static str {
        match self {
            Self::Data => "Unable to open database",
            Self::Log => "invalid path in `output`",
            Self::LegalLog => "An error occurred loading the library",
            Self::ControlSocket => "'socket-name' is invalid",
            Self::HookLibrary => "hooks library configuration error",
            Self::Script => "invalid script path",
        }
    }

    /// The variable that moves the directory.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::Data => "KEA_DHCP_DATA_DIR",
            Self::Log => "KEA_LOG_FILE_DIR",
            Self::LegalLog => "KEA_LEGAL_LOG_DIR",
            Self::ControlSocket => "KEA_CONTROL_SOCKET_DIR",
            Self::HookLibrary => "KEA_HOOKS_PATH",
            Self::Script => "KEA_HOOK_SCRIPTS_PATH",
        }
    }
}

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It names another directory than the one allowed.
    #[error("invalid path specified: '{}', supported path is '{}'", .parent, .allowed.display())]
    Elsewhere { parent: String, allowed: PathBuf },
    /// The file exists as a link that leads out of the directory.
    #[error("invalid path specified: '{}' is a link to '{}', supported path is '{}'", .path.display(), .target.display(), .allowed.display())]
    Link { path: PathBuf, target: PathBuf, allowed: PathBuf },
    #[error("path: '{path}' has no filename")]
    NoFileName { path: String },
    #[error("path: '{path}' has a NUL character")]
    Nul { path: String },
    /// The directory of a control socket is open to others, or missing.
    #[error("socket path:{} does not exist or has more relaxed permissions than 0{most:o}", .dir.display())]
    Permissions { dir: PathBuf, most: u32 },
    /// `data-directory` names another directory than that of the installation.
    #[error("'data-directory' of '{given}' is invalid, supported path is '{}'", .allowed.display())]
    DataDirectory { given: String, allowed: PathBuf },
    /// A control socket over HTTP that anybody may use.
    #[error("control socket on {address} port {port} is open to everyone: 'authentication' is missing")]
    OpenToAll { address: std::net::IpAddr, port: u16 },
    /// Something else that is not secure, in its own words.
    #[error("{0}")]
    Other(String),
    /// Something that cannot be used at all, secure or not, in its own words.
    #[error("{0}")]
    Unusable(String),
}

impl Problem {
    /// Whether `-X` may turn it into a warning; some things cannot be used at all.
    #[must_use]
    pub fn can_be_tolerated(&self) -> bool {
        !matches!(
            self,
            Self::NoFileName { .. } | Self::Nul { .. } | Self::DataDirectory { .. } | Self::Unusable(_)
        )
    }
}

/// One violation of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub kind: PathKind,
    /// Where it was met, in the words that programs know: [`PathKind::context`] and the like.
    pub what: String,
    pub problem: Problem,
    /// How to put it right, in a sentence.
    pub fix: String,
}

impl Violation {
    /// Logs it as the warning that `-X` makes of it.
    pub fn warn(&self) {
        let violation = self.problem.to_string();
        match (self.kind, &self.problem) {
            (PathKind::ControlSocket, Problem::Permissions { .. }) => {
                observe::log!(messages::SocketPermissions { violation });
            }
            (PathKind::ControlSocket, Problem::OpenToAll { .. }) => {
                observe::log!(messages::HttpSocket { violation });
            }
            (PathKind::ControlSocket, _) => observe::log!(messages::SocketPath { violation }),
            (PathKind::Data, _) => observe::log!(messages::LeasePath { violation }),
            (PathKind::Log, _) => observe::log!(messages::LogPath { violation }),
            (PathKind::LegalLog, _) => observe::log!(messages::LegalLogPath { violation }),
            (PathKind::HookLibrary, _) => observe::log!(messages::HookPath { violation }),
            (PathKind::Script, _) => observe::log!(messages::OtherPath { violation }),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.what, self.problem, self.fix)
    }
}

/// Judges `name` as text. A bare file name, or a path whose directory is `dir`, gives the file in `dir`.
///
/// Doubled slashes and `.` components in the directory part are ignored; `..` is never accepted.
pub fn check_name(dir: &Path, name: &str) -> Result<PathBuf, Problem> {
    if name.contains('\0') {
        return Err(Problem::Nul { path: name.replace('\0', "\\0") });
    }
    let (parent, file) = match name.rsplit_once('/') {
        Some((parent, file)) => (Some(parent), file),
        None => (None, name),
    };
    let elsewhere = |parent: &str| Problem::Elsewhere {
        parent: if parent.is_empty() { "/" } else { parent }.to_owned(),
        allowed: dir.to_owned(),
    };
    if let Some(parent) = parent {
        // Compared part by part. A doubled dot is a part that the directory never has.
        let parts = |path: &str| -> Vec<String> {
            path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
        };
        let absolute = parent.is_empty() || parent.starts_with('/');
        let allowed = dir.to_str().map(parts);
        if !absolute || allowed != Some(parts(parent)) {
            return Err(elsewhere(parent));
        }
    }
    if file.trim().is_empty() || file == "." || file == ".." {
        return Err(Problem::NoFileName { path: name.to_owned() });
    }
    Ok(dir.join(file))
}

/// Refuses an existing file that is a link out of `dir`. Looks at the file system.
pub fn check_link(dir: &Path, path: &Path) -> Result<(), Problem> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_symlink());
    if !is_link {
        return Ok(());
    }
    let target = fs::canonicalize(path).or_else(|_| fs::read_link(path)).unwrap_or_default();
    let allowed = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    if target.parent() == Some(&allowed) {
        return Ok(());
    }
    Err(Problem::Link { path: path.to_owned(), target, allowed: dir.to_owned() })
}

/// The file that `config-write` may write by this name: one beside `start`, the file given at start. Where that file is a link
/// to is its owner's affair, and `-X` changes nothing: it is about configurations, which commands are not.
///
/// # Errors
/// Why not, in Kea's words.
pub fn config_target(start: &Path, name: &str) -> Result<PathBuf, String> {
    let dir = match start.parent() {
        Some(dir) if dir.is_absolute() => dir.to_owned(),
        Some(dir) => std::env::current_dir().unwrap_or_default().join(dir),
        None => PathBuf::new(),
    };
    check_name(&dir, name).map_err(|problem| {
        let why = match problem {
            Problem::Elsewhere { .. } => {
                format!("file {name} must be in the same directory as the config file ({})", start.display())
            }
            other => other.to_string(),
        };
        format!("not allowed to write config into {name}: {why}")
    })
}

/// Most rights that the directory of control sockets may give.
const SOCKET_DIR_MODE: u32 = 0o750;

/// Refuses a directory of control sockets that is missing, or that others than owner and group can enter. Looks at
/// the file system.
pub fn check_socket_dir(dir: &Path) -> Result<(), Problem> {
    let mode =
        fs::metadata(dir).ok().filter(fs::Metadata::is_dir).map(|dir| dir.permissions().mode() & 0o777);
    match mode {
        Some(mode) if mode & !SOCKET_DIR_MODE == 0 => Ok(()),
        _ => Err(Problem::Permissions { dir: dir.to_owned(), most: SOCKET_DIR_MODE }),
    }
}

/// Collects the violations of one configuration.
#[derive(Debug)]
pub struct Audit<'a> {
    paths: &'a Paths,
    relaxed: bool,
    report: AuditReport,
}

/// What an [`Audit`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Refuse the configuration.
    pub errors: Vec<Violation>,
    /// Tolerated because of `-X`; log each with [`Violation::warn`].
    pub warnings: Vec<Violation>,
}

impl AuditReport {
    /// All errors in one text, one per line; `None` when there are none.
    #[must_use]
    pub fn error_text(&self) -> Option<String> {
        let lines: Vec<String> = self.errors.iter().map(Violation::to_string).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    pub fn log_warnings(&self) {
        self.warnings.iter().for_each(Violation::warn);
    }
}

impl<'a> Audit<'a> {
    /// `relaxed` is the flag `-X`.
    #[must_use]
    pub fn new(paths: &'a Paths, relaxed: bool) -> Self {
        Self { paths, relaxed, report: AuditReport::default() }
    }

    /// The directory of a kind of files.
    #[must_use]
    pub fn dir(&self, kind: PathKind) -> &Path {
        match kind {
            PathKind::Data => &self.paths.data_dir,
            PathKind::Log => &self.paths.log_dir,
            PathKind::LegalLog => &self.paths.legal_log_dir,
            PathKind::ControlSocket => &self.paths.run_dir,
            PathKind::HookLibrary => &self.paths.hooks_dir,
            PathKind::Script => &self.paths.scripts_dir,
        }
    }

    /// The path to use for `name`, met in `what` (see [`Violation::what`]). `None` when it must not or cannot be
    /// used; the report has the reason.
    pub fn path(&mut self, kind: PathKind, what: &str, name: &str) -> Option<PathBuf> {
        let dir = self.dir(kind).to_owned();
        let checked = check_name(&dir, name).and_then(|path| check_link(&dir, &path).map(|()| path));
        match checked {
            Ok(path) => {
                if kind == PathKind::ControlSocket
                    && let Err(problem) = check_socket_dir(&dir)
                {
                    let fix = format!("chmod 0750 {}", dir.display());
                    return self.add(kind, what, problem, fix).then_some(path);
                }
                Some(path)
            }
            Err(problem) => {
                let file = name.rsplit('/').next().filter(|file| !file.is_empty()).unwrap_or("FILE");
                let fix = format!("write '{file}' alone, or set {}", kind.variable());
                self.add(kind, what, problem, fix).then(|| PathBuf::from(name))
            }
        }
    }

    /// `data-directory` may only say where files lie anyway.
    pub fn data_directory(&mut self, given: &str) {
        let allowed = self.dir(PathKind::Data);
        if Path::new(given) != allowed {
            let problem = Problem::DataDirectory { given: given.to_owned(), allowed: allowed.to_owned() };
            let fix = "leave it out, or set KEA_DHCP_DATA_DIR".to_owned();
            self.add(PathKind::Data, "configuration error", problem, fix);
        }
    }

    /// Records a violation that is none of a path, such as a password in clear text or a channel without
    /// authentication. Tells whether it is tolerated.
    pub fn add(&mut self, kind: PathKind, what: &str, problem: Problem, fix: String) -> bool {
        let tolerated = self.relaxed && problem.can_be_tolerated();
        let violation = Violation { kind, what: what.to_owned(), problem, fix };
        if tolerated {
            self.report.warnings.push(violation)
        } else {
            self.report.errors.push(violation)
        }
        tolerated
    }

    #[must_use]
    pub fn finish(self) -> AuditReport {
        self.report
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;

    const DIR: &str = "/var/lib/kea";

    #[test]
    fn bare_names_are_completed() {
        for (name, path) in [
            ("leases.csv", "/var/lib/kea/leases.csv"),
            ("/var/lib/kea/leases.csv", "/var/lib/kea/leases.csv"),
            ("/var//lib/./kea//leases.csv", "/var/lib/kea/leases.csv"),
            ("...", "/var/lib/kea/..."),
            ("~", "/var/lib/kea/~"),
        ] {
            assert_eq!(check_name(Path::new(DIR), name), Ok(PathBuf::from(path)), "{name}");
        }
        assert_eq!(check_name(Path::new("/"), "/x"), Ok("/x".into()));
    }

    #[test]
    fn other_places_are_refused() {
        for (name, parent) in [
            ("/tmp/x", "/tmp"),
            ("/tmp/", "/tmp"),
            ("~/", "~"),
            ("~/x", "~"),
            ("/x", "/"),
            ("/", "/"),
            ("../kea/x", "../kea"),
            ("./x", "."),
            ("kea/x", "kea"),
            ("var/lib/kea/x", "var/lib/kea"),
            ("/var/lib/kea/../kea/x", "/var/lib/kea/../kea"),
            ("/var/lib/kea/sub/x", "/var/lib/kea/sub"),
            ("/var/lib/kea2/x", "/var/lib/kea2"),
            ("/var/lib/x", "/var/lib"),
        ] {
            let problem = check_name(Path::new(DIR), name).unwrap_err();
            assert_eq!(
                problem.to_string(),
                format!("invalid path specified: '{parent}', supported path is '{DIR}'"),
                "{name}"
            );
        }
        for name in ["", ".", "..", "   ", "/var/lib/kea/", "/var/lib/kea/..", "/var/lib/kea/."] {
            let problem = check_name(Path::new(DIR), name).unwrap_err();
            assert_eq!(problem.to_string(), format!("path: '{name}' has no filename"));
        }
        assert!(matches!(check_name(Path::new(DIR), "a\0b"), Err(Problem::Nul { .. })));
    }

    #[test]
    fn links_out_of_the_directory_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("real"), "").unwrap();
        symlink("/etc/passwd", path("out")).unwrap();
        symlink("/no/such/file", path("dangling")).unwrap();
        symlink(path("real"), path("inside")).unwrap();
        for (name, fine) in
            [("real", true), ("absent", true), ("inside", true), ("out", false), ("dangling", false)]
        {
            assert_eq!(check_link(dir.path(), &path(name)).is_ok(), fine, "{name}");
        }
    }

    #[test]
    fn socket_directories_are_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        for (mode, fine) in [(0o750, true), (0o700, true), (0o755, false), (0o770, false), (0o751, false)] {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(check_socket_dir(dir.path()).is_ok(), fine, "{mode:o}");
        }
        let text = check_socket_dir(Path::new("/no/such/dir")).unwrap_err().to_string();
        assert_eq!(text, "socket path:/no/such/dir does not exist or has more relaxed permissions than 0750");
    }

    fn installed(prefix: &Path) -> Paths {
        Paths::from(Some(&prefix.join("sbin/kea-dhcp4")), |_| None).unwrap()
    }

    #[test]
    fn all_violations_are_reported_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let paths = installed(dir.path());
        let mut audit = Audit::new(&paths, false);
        assert_eq!(
            audit.path(PathKind::Data, PathKind::Data.context(), "a.csv"),
            Some(paths.data_dir.join("a.csv"))
        );
        assert_eq!(audit.path(PathKind::Log, PathKind::Log.context(), "/tmp/kea.log"), None);
        assert_eq!(audit.path(PathKind::ControlSocket, PathKind::ControlSocket.context(), "kea.sock"), None);
        let report = audit.finish();
        assert!(report.warnings.is_empty());
        let text = report.error_text().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[0],
            format!(
                "invalid path in `output`: invalid path specified: '/tmp', supported path is '{}' (write 'kea.log' alone, or set KEA_LOG_FILE_DIR)",
                paths.log_dir.display()
            )
        );
        assert!(lines[1].contains("more relaxed permissions than 0750"), "{text}");
    }

    #[test]
    fn configurations_are_written_beside_the_first() {
        let start = Path::new("/etc/kea/kea.conf");
        for name in ["new.conf", "/etc/kea/new.conf", "/etc//kea/./new.conf"] {
            assert_eq!(config_target(start, name), Ok("/etc/kea/new.conf".into()), "{name}");
        }
        for name in ["../up.conf", "/etc/new.conf", "/etc/kea/sub/new.conf", "sub/new.conf"] {
            assert_eq!(
                config_target(start, name).unwrap_err(),
                format!(
                    "not allowed to write config into {name}: file {name} must be in the same directory as the config \
                     file (/etc/kea/kea.conf)"
                )
            );
        }
        assert!(config_target(start, "").is_err());
        let here = std::env::current_dir().unwrap();
        assert_eq!(config_target(Path::new("kea.conf"), "new.conf"), Ok(here.join("new.conf")));
    }

    #[test]
    fn tolerated_violations_are_logged_with_their_ids() {
        let dir = tempfile::tempdir().unwrap();
        let paths = installed(dir.path());
        let mut audit = Audit::new(&paths, true);
        assert_eq!(
            audit.path(PathKind::ControlSocket, PathKind::ControlSocket.context(), "/tmp/kea.sock"),
            Some("/tmp/kea.sock".into())
        );
        assert_eq!(audit.path(PathKind::Data, "'name'", "../x"), Some("../x".into()));
        assert_eq!(audit.path(PathKind::HookLibrary, "'library'", ""), None);
        let report = audit.finish();
        assert_eq!((report.errors.len(), report.warnings.len()), (1, 2));
        let logged: Vec<_> =
            observe::capture(|| report.log_warnings()).into_iter().map(|m| (m.id, m.text)).collect();
        assert_eq!(
            logged[0],
            (
                "COMMAND_UNIX_SOCKET_PATH_SECURITY_WARNING",
                format!(
                    "unix socket path is NOT SECURE: invalid path specified: '/tmp', supported path is '{}'",
                    paths.run_dir.display()
                )
            )
        );
        assert_eq!(logged[1].0, "DHCPSRV_MEMFILE_PATH_SECURITY_WARNING");
    }

    proptest! {
        /// Whatever is accepted lies in the directory itself.
        #[test]
        fn nothing_accepted_leaves_the_directory(name in "(/var/lib/kea/?)?[a-z./~\\x00 -]{0,20}|.{0,30}") {
            if let Ok(path) = check_name(Path::new(DIR), &name) {
                prop_assert_eq!(path.parent(), Some(Path::new(DIR)));
                let file = path.file_name().unwrap().to_str().unwrap();
                prop_assert!(name.ends_with(file) && !file.contains(['/', '\0']) && file != "..");
            }
        }
    }
}
