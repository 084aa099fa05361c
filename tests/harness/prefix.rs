//! An installation in a directory of its own.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::programs::{programs, root};

const PROGRAMS: [&str; 7] =
    ["kea-dhcp4", "kea-dhcp6", "kea-dhcp-ddns", "kea-ctrl-agent", "kea-lfc", "kea-shell", "kea-admin"];

/// What holds leases, sockets and logs is for the server and its group only.
const DIRECTORIES: [(&str, u32); 7] = [
    ("sbin", 0o755),
    ("etc/kea", 0o750),
    ("var/lib/kea", 0o750),
    ("var/run/kea", 0o750),
    ("var/log/kea", 0o750),
    ("lib/kea/hooks", 0o755),
    ("share/kea/scripts", 0o755),
];

/// The programs as `cargo xtask install` lays them out: they find their directories from where they lie.
#[derive(Clone, Debug)]
pub struct Prefix {
    root: PathBuf,
}

impl Prefix {
    /// Lays out an installation.
    pub(crate) fn new(at: PathBuf) -> Self {
        for (directory, mode) in DIRECTORIES {
            let path = at.join(directory);
            fs::create_dir_all(&path).expect("directory of an installation");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode of a directory");
        }
        for program in PROGRAMS {
            let (from, to) = (programs().join(program), at.join("sbin").join(program));
            // The target directory may lie on another file system. A copy over a link would empty both.
            fs::hard_link(&from, &to)
                .or_else(|error| match error.kind() {
                    ErrorKind::CrossesDevices => fs::copy(&from, &to).map(|_| ()),
                    _ => Err(error),
                })
                .unwrap_or_else(|error| panic!("{} to {}: {error}", from.display(), to.display()));
        }
        let keactrl = fs::read_to_string(root().join("shell/keactrl.in")).expect("keactrl.in");
        let keactrl = keactrl.replace("@prefix@", &at.display().to_string());
        fs::write(at.join("sbin/keactrl"), keactrl).expect("keactrl");
        fs::set_permissions(at.join("sbin/keactrl"), fs::Permissions::from_mode(0o755)).expect("keactrl");
        Self { root: at }
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path within.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.path("sbin").join(name)
    }

    #[must_use]
    pub fn lease_file(&self) -> PathBuf {
        self.path("var/lib/kea/kea-leases4.csv")
    }

    #[must_use]
    pub fn lease_file6(&self) -> PathBuf {
        self.path("var/lib/kea/kea-leases6.csv")
    }

    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path("var/run/kea/kea-dhcp4.sock")
    }

    #[must_use]
    pub fn socket6(&self) -> PathBuf {
        self.path("var/run/kea/kea-dhcp6.sock")
    }

    /// Writes a configuration file into `etc/kea` and answers its path.
    pub fn write_config(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path("etc/kea").join(name);
        fs::write(&path, text).expect("configuration file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode of the file");
        path
    }
}
