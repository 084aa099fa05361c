//! Network namespaces and the links between them.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sched::{CloneFlags, setns};

use crate::process::{self, Finished, Journal, Process};

/// What the namespaces of all tests begin with; the process comes next.
const MARK: &str = "krt";

/// A network namespace; the world that made it takes it away.
#[derive(Clone, Debug)]
pub struct Space {
    name: Arc<str>,
    directory: Arc<std::path::Path>,
    journal: Journal,
}

/// A pair of interfaces that was made by [`Space::link`].
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    pub here: &'a str,
    pub there: &'a str,
}

impl Space {
    /// Makes a namespace with its loopback up.
    pub(crate) fn new(label: &str, directory: Arc<std::path::Path>, journal: &Journal) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{MARK}{}-{count}-{label}", std::process::id());
        let space = Self { name: name.into(), directory, journal: Arc::clone(journal) };
        space.outside(&["netns", "add", &space.name]);
        space.ip("link set lo up");
        space
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn outside(&self, arguments: &[&str]) {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let mut command = process::command(None, OsStr::new("ip"), &arguments, &self.directory);
        let done = process::run(&mut command, b"", &self.journal);
        assert!(done.status.success(), "{command:?}: {}", done.stderr);
    }

    /// Runs `ip` with these words on the namespace; it must succeed.
    pub fn ip(&self, words: &str) {
        let arguments: Vec<&str> = ["-n", &*self.name].into_iter().chain(words.split_whitespace()).collect();
        self.outside(&arguments);
    }

    /// Connects this namespace with another by a pair of interfaces; both come up.
    pub fn link(&self, link: Link<'_>, other: &Self) {
        self.ip(&format!("link add {} type veth peer name {} netns {}", link.here, link.there, other.name));
        self.ip(&format!("link set dev {} up", link.here));
        other.ip(&format!("link set dev {} up", link.there));
    }

    /// A switch named `name` that [`plug`](Self::plug) connects others to.
    pub fn bridge(&self, name: &str) {
        self.ip(&format!("link add {name} type bridge"));
        self.ip(&format!("link set {name} up"));
    }

    /// Connects `eth0` of another namespace to a switch of this one; `mac` is its address.
    pub fn plug(&self, bridge: &str, other: &Self, mac: &str) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let port = format!("p{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.ip(&format!("link add {port} type veth peer name eth0 address {mac} netns {}", other.name));
        self.ip(&format!("link set {port} master {bridge} up"));
        other.ip("link set eth0 up");
    }

    /// The IPv4 addresses of an interface.
    #[must_use]
    pub fn addresses(&self, interface: &str) -> Vec<String> {
        self.addresses_of(interface, "-4", "inet")
    }

    /// The IPv6 addresses of an interface.
    #[must_use]
    pub fn addresses6(&self, interface: &str) -> Vec<String> {
        self.addresses_of(interface, "-6", "inet6")
    }

    fn addresses_of(&self, interface: &str, family: &str, mark: &str) -> Vec<String> {
        let done = self.run("ip", ["-o", family, "address", "show", "dev", interface], "");
        let words = done.stdout.lines().filter_map(|line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != mark);
            words.nth(1).and_then(|address| address.split('/').next()).map(str::to_owned)
        });
        words.collect()
    }

    /// A command line that runs in this namespace.
    pub fn command<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let owned: Vec<OsString> = arguments.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let arguments: Vec<&OsStr> = owned.iter().map(OsString::as_os_str).collect();
        process::command(Some(&self.name), program.as_ref(), &arguments, &self.directory)
    }

    /// Runs a program in this namespace until it ends.
    pub fn run<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
        stdin: &str,
    ) -> Finished {
        process::run(&mut self.command(program, arguments), stdin.as_bytes(), &self.journal)
    }

    /// Runs a line of bash in this namespace; every part of a pipe must succeed.
    pub fn sh(&self, line: &str) -> String {
        let done = self.run("bash", ["-o", "pipefail", "-c", line], "");
        assert!(done.status.success(), "{line}\n{}\n{}{}", done.status, done.stdout, done.stderr);
        done.stdout
    }

    /// Starts a program that runs beside the test.
    pub fn start(&self, name: &str, command: &mut Command) -> Process {
        let output = self.directory.join(format!("{name}.out"));
        Process::start(name, command, output, &self.journal)
    }

    /// Calls `action` on a thread that is in this namespace; sockets it opens stay there.
    pub fn inside<T: Send>(&self, action: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.enter();
                action()
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Moves the calling thread into this namespace for good.
    pub(crate) fn enter(&self) {
        let path = format!("/run/netns/{}", self.name);
        let file = File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        setns(file, CloneFlags::CLONE_NEWNET).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Ends what runs in the namespace and takes it away.
    pub(crate) fn remove(&self) {
        remove(&self.name);
    }
}

fn remove(name: &str) {
    let pids = Command::new("ip").args(["netns", "pids", name]).output();
    for pid in pids.iter().flat_map(|o| {
        String::from_utf8_lossy(&o.stdout).into_owned().lines().map(str::to_owned).collect::<Vec<_>>()
    }) {
        // What a client left behind in our own namespace.
        let _: std::io::Result<_> = Command::new("kill").args(["-9", &pid]).output();
    }
    let _: std::io::Result<_> = Command::new("ip").args(["netns", "delete", name]).output();
}

/// Takes away what test processes left behind that were killed.
pub(crate) fn sweep() {
    let names = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    for name in names.map(|entry| entry.file_name().to_string_lossy().into_owned()) {
        let Some(pid) = name.strip_prefix(MARK).and_then(|rest| rest.split('-').next()) else { continue };
        if pid.parse::<u32>().is_ok() && !std::path::Path::new("/proc").join(pid).exists() {
            remove(&name);
        }
    }
}
