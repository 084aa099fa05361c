//! Everything one test makes, and the report when it fails.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use base::Family;
use tempfile::TempDir;

use crate::prefix::Prefix;
use crate::process::{self, Finished, Journal};
use crate::server::{Agent, Server};
use crate::space::{self, Space};
use crate::updater::Updater;

/// Octets of each output that a failure shows: its end says most.
const SHOWN: usize = 12_000;

/// A directory, installations, namespaces and a record of what was run. Declare it first, so that it goes last.
#[derive(Debug)]
pub struct World {
    directory: TempDir,
    spaces: Mutex<Vec<Space>>,
    journal: Journal,
}

impl World {
    /// `None` where namespaces cannot be made; says so.
    #[must_use]
    pub fn new() -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            crate::skipped("network namespaces need root");
            return None;
        }
        static SWEPT: Once = Once::new();
        SWEPT.call_once(space::sweep);
        Some(Self::plain())
    }

    /// A world without namespaces; needs no rights.
    #[must_use]
    pub fn plain() -> Self {
        let directory = tempfile::Builder::new().prefix("kea-e2e-").tempdir().expect("private directory");
        Self { directory, spaces: Mutex::default(), journal: Journal::default() }
    }

    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file into the directory of the test.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory().join(name);
        fs::write(&path, text).expect("file of a test");
        path
    }

    /// A new installation.
    pub fn prefix(&self, name: &str) -> Prefix {
        Prefix::new(self.directory().join(name))
    }

    /// A new network namespace.
    pub fn space(&self, label: &str) -> Space {
        let space = Space::new(label, Arc::from(self.directory()), &self.journal);
        self.spaces.lock().unwrap().push(space.clone());
        space
    }

    /// A server with an installation of its own, not yet started.
    pub fn server(&self, name: &str, space: &Space) -> Server {
        Server::new(Family::V4, name, self.prefix(name), space.clone())
    }

    /// The same of kea-dhcp6.
    pub fn server6(&self, name: &str, space: &Space) -> Server {
        Server::new(Family::V6, name, self.prefix(name), space.clone())
    }

    /// A kea-dhcp-ddns of an installation, not yet started.
    #[must_use]
    pub fn updater(&self, prefix: &Prefix, space: &Space) -> Updater {
        Updater::new(prefix.clone(), space.clone())
    }

    /// A control agent of an installation, not yet started.
    pub fn agent(&self, prefix: &Prefix, space: &Space) -> Agent {
        Agent::new(prefix.clone(), space.clone())
    }

    /// Runs a program until it ends.
    pub fn run<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
        stdin: &str,
    ) -> Finished {
        self.run_with(program, arguments, stdin, &[], crate::PATIENCE)
    }

    /// The same with environment variables and a time limit.
    pub fn run_with<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
        stdin: &str,
        environment: &[(&str, &Path)],
        patience: Duration,
    ) -> Finished {
        let owned: Vec<OsString> = arguments.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let arguments: Vec<&OsStr> = owned.iter().map(OsString::as_os_str).collect();
        let mut command = process::command(None, program.as_ref(), &arguments, self.directory());
        command.envs(environment.iter().copied());
        process::run_within(&mut command, stdin.as_bytes(), &self.journal, patience)
    }

    fn report(&self) {
        eprintln!("==== what was run in {}", self.directory().display());
        for record in self.journal.lock().unwrap().iter() {
            // Outputs of what runs on come below.
            eprintln!("$ {}\n{}", record.command, record.outcome.trim_end());
        }
        let mut outputs: Vec<PathBuf> =
            self.journal.lock().unwrap().iter().filter_map(|record| record.output.clone()).collect();
        outputs.extend(logs(self.directory()));
        outputs.sort();
        outputs.dedup();
        for path in outputs {
            let octets = fs::read(&path).unwrap_or_default();
            let end = octets.get(octets.len().saturating_sub(SHOWN)..).unwrap_or(&octets);
            eprintln!("---- {} ({} octets)\n{}", path.display(), octets.len(), String::from_utf8_lossy(end));
        }
    }
}

/// Log files below a directory.
fn logs(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(logs(&path));
        } else if path.extension().is_some_and(|end| end == "log") {
            found.push(path);
        }
    }
    found
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.report();
        }
        if let Ok(spaces) = self.spaces.lock() {
            for space in spaces.iter() {
                space.remove();
            }
        }
        if std::env::var_os("KEA_RS_KEEP").is_some() {
            self.directory.disable_cleanup(true);
            eprintln!("kept: {}", self.directory().display());
        }
    }
}
