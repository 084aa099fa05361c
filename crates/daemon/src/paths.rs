//! Where the program was installed, and the directories that follow from it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use observe::LogLocks;

/// The prefix of programs that do not lie in a `bin` or `sbin` directory.
const DEFAULT_PREFIX: &str = match option_env!("KEA_RS_PREFIX") {
    Some(prefix) => prefix,
    None => "/usr/local",
};

/// Why the directories cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathsError {
    #[error("environment variable {name}: '{value}' is not an absolute path without '..'")]
    NotAbsolute { name: &'static str, value: String },
}

/// The directories of an installation, each with its environment override applied (Kea manual, "Summary of Path
/// Restrictions").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub prefix: PathBuf,
    /// Configuration files: `etc/kea`.
    pub etc: PathBuf,
    /// Lease and cache files: `var/lib/kea`, KEA_DHCP_DATA_DIR.
    pub data_dir: PathBuf,
    /// Control sockets: `var/run/kea`, KEA_CONTROL_SOCKET_DIR.
    pub run_dir: PathBuf,
    /// PID files: `var/run/kea`, KEA_PIDFILE_DIR.
    pub pid_dir: PathBuf,
    /// Lock files of logs: beside each, or in KEA_LOCKFILE_DIR; its value `none` is for no locks.
    pub log_locks: LogLocks,
    /// Log files: `var/log/kea`, KEA_LOG_FILE_DIR.
    pub log_dir: PathBuf,
    /// Forensic log files: `var/log/kea`, KEA_LEGAL_LOG_DIR.
    pub legal_log_dir: PathBuf,
    /// Hook libraries: `lib/kea/hooks`, KEA_HOOKS_PATH.
    pub hooks_dir: PathBuf,
    /// Scripts that hook libraries may run: `share/kea/scripts`, KEA_HOOK_SCRIPTS_PATH.
    pub scripts_dir: PathBuf,
    /// The lease file cleaner: `sbin/kea-lfc`, KEA_LFC_EXECUTABLE.
    pub lfc: PathBuf,
}

impl Paths {
    /// The directories of the running program, from where its executable lies and from the environment.
    pub fn discover() -> Result<Self, PathsError> {
        let executable = std::env::current_exe().ok();
        Self::from(executable.as_deref(), |name| std::env::var_os(name))
    }

    /// The same from given facts. Empty variables count as unset.
    pub fn from(
        executable: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, PathsError> {
        let prefix = executable.and_then(prefix_of).unwrap_or_else(|| PathBuf::from(DEFAULT_PREFIX));
        // Programs of the distribution keep their state outside of /usr.
        let root = if prefix == Path::new("/usr") { Path::new("/") } else { &prefix };
        let set = |name: &'static str| -> Result<Option<PathBuf>, PathsError> {
            let Some(value) = variable(name).filter(|value| !value.is_empty()) else { return Ok(None) };
            let path = PathBuf::from(&value);
            if !is_plain_absolute(&path) {
                let value = value.to_string_lossy().into_owned();
                return Err(PathsError::NotAbsolute { name, value });
            }
            // Rebuilt from its components: without trailing and doubled slashes.
            Ok(Some(path.components().collect()))
        };
        let or = |name, default: PathBuf| set(name).map(|value| value.unwrap_or(default));
        let run = root.join("var/run/kea");
        let log = root.join("var/log/kea");
        let log_locks = match variable("KEA_LOCKFILE_DIR") {
            Some(none) if none == "none" => LogLocks::Off,
            _ => set("KEA_LOCKFILE_DIR")?.map_or(LogLocks::Beside, LogLocks::In),
        };
        Ok(Self {
            etc: root.join("etc/kea"),
            data_dir: or("KEA_DHCP_DATA_DIR", root.join("var/lib/kea"))?,
            run_dir: or("KEA_CONTROL_SOCKET_DIR", run.clone())?,
            pid_dir: or("KEA_PIDFILE_DIR", run)?,
            log_locks,
            log_dir: or("KEA_LOG_FILE_DIR", log.clone())?,
            legal_log_dir: or("KEA_LEGAL_LOG_DIR", log)?,
            hooks_dir: or("KEA_HOOKS_PATH", prefix.join("lib/kea/hooks"))?,
            scripts_dir: or("KEA_HOOK_SCRIPTS_PATH", prefix.join("share/kea/scripts"))?,
            lfc: or("KEA_LFC_EXECUTABLE", prefix.join("sbin/kea-lfc"))?,
            prefix,
        })
    }
}

/// The prefix of an installed program: what is above its `sbin` or `bin`.
fn prefix_of(executable: &Path) -> Option<PathBuf> {
    let dir = executable.parent()?;
    let name = dir.file_name()?;
    if name != "sbin" && name != "bin" {
        return None;
    }
    let prefix = dir.parent()?;
    // /sbin and /bin are links to /usr/sbin and /usr/bin.
    Some(if prefix == Path::new("/") { PathBuf::from("/usr") } else { prefix.to_owned() })
}

fn is_plain_absolute(path: &Path) -> bool {
    use std::path::Component;
    path.is_absolute()
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        && !path.as_os_str().as_encoded_bytes().contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(executable: &str, variables: &[(&str, &str)]) -> Result<Paths, PathsError> {
        Paths::from(Some(Path::new(executable)), |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn follow_from_where_the_program_lies() {
        let p = paths("/opt/kea/sbin/kea-dhcp4", &[]).unwrap();
        assert_eq!(p.prefix, Path::new("/opt/kea"));
        assert_eq!(p.etc, Path::new("/opt/kea/etc/kea"));
        assert_eq!(p.data_dir, Path::new("/opt/kea/var/lib/kea"));
        assert_eq!(p.log_locks, LogLocks::Beside);
        assert_eq!(p.hooks_dir, Path::new("/opt/kea/lib/kea/hooks"));
        assert_eq!(p.lfc, Path::new("/opt/kea/sbin/kea-lfc"));
        for executable in ["/usr/sbin/kea-dhcp4", "/sbin/kea-dhcp4"] {
            let p = paths(executable, &[]).unwrap();
            assert_eq!(
                (p.etc.as_path(), p.run_dir.as_path()),
                (Path::new("/etc/kea"), Path::new("/var/run/kea"))
            );
            assert_eq!(p.scripts_dir, Path::new("/usr/share/kea/scripts"));
        }
        assert_eq!(paths("/src/target/debug/kea-dhcp4", &[]).unwrap().prefix, Path::new(DEFAULT_PREFIX));
    }

    #[test]
    fn environment_overrides() {
        let p = paths(
            "/opt/kea/bin/kea-shell",
            &[
                ("KEA_DHCP_DATA_DIR", "/a"),
                ("KEA_CONTROL_SOCKET_DIR", "/b//c/"),
                ("KEA_PIDFILE_DIR", ""),
                ("KEA_LOCKFILE_DIR", "none"),
                ("KEA_LOG_FILE_DIR", "/d"),
                ("KEA_LEGAL_LOG_DIR", "/e"),
                ("KEA_HOOKS_PATH", "/f"),
                ("KEA_HOOK_SCRIPTS_PATH", "/g"),
                ("KEA_LFC_EXECUTABLE", "/h/lfc"),
            ],
        )
        .unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let all = [
            &p.data_dir,
            &p.run_dir,
            &p.pid_dir,
            &p.log_dir,
            &p.legal_log_dir,
            &p.hooks_dir,
            &p.scripts_dir,
            &p.lfc,
        ]
        .map(|path| text(path));
        assert_eq!(all, ["/a", "/b/c", "/opt/kea/var/run/kea", "/d", "/e", "/f", "/g", "/h/lfc"]);
        assert_eq!(p.log_locks, LogLocks::Off);
        let p = paths("/opt/kea/bin/kea-shell", &[("KEA_LOCKFILE_DIR", "/l")]).unwrap();
        assert_eq!(p.log_locks, LogLocks::In("/l".into()));
    }

    #[test]
    fn overrides_must_be_absolute() {
        for value in ["relative", "./x", "/a/../b", "~"] {
            assert_eq!(
                paths("/opt/kea/sbin/x", &[("KEA_LOG_FILE_DIR", value)]),
                Err(PathsError::NotAbsolute { name: "KEA_LOG_FILE_DIR", value: value.into() })
            );
        }
    }
}
