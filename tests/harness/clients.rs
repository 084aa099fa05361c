//! Real clients: busybox udhcpc, ISC dhclient and dhcpcd, each in a namespace of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::process::Process;
use crate::space::Space;
use crate::wait::{PATIENCE, eventually};
use crate::world::World;

/// What a client runs when something happens: writes it down, and sets the address as its own script would, without
/// touching the resolver of the machine.
const SCRIPT: &str = r#"#!/bin/sh
event="${reason:-$1}"
address="${new_ip_address:-$ip}"
routers="${new_routers:-$router}"
names="${new_domain_name_servers:-$dns}"
domain="${new_domain_name:-$domain}"
seconds="${new_dhcp_lease_time:-$lease}"
echo "event=$event|address=$address|routers=$routers|dns=$names|domain=$domain|lease=$seconds" >> '@log@'
# dhcpcd does this by itself.
test '@kind@' = Dhcpcd && exit 0
case "$event" in
    PREINIT) ip link set eth0 up ;;
    bound | renew | BOUND | RENEW | REBIND | REBOOT)
        test '@fail@' = "$event" && exit 1
        ip -4 address flush dev eth0
        ip address add "$address/24" dev eth0
        test -n "$routers" && ip route replace default via "${routers%% *}" ;;
    deconfig | RELEASE | EXPIRE | STOP | FAIL)
        ip -4 address flush dev eth0 ;;
esac
exit 0
"#;

/// A program that gets addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    Udhcpc,
    Dhclient,
    Dhcpcd,
}

impl ClientKind {
    pub const ALL: [Self; 3] = [Self::Udhcpc, Self::Dhclient, Self::Dhcpcd];

    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Udhcpc => "busybox",
            Self::Dhclient => "dhclient",
            Self::Dhcpcd => "dhcpcd",
        }
    }
}

/// What a client told its script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// As the client calls it: `bound`, `BOUND`, `renew`, ...
    pub name: String,
    pub address: String,
    pub routers: String,
    pub dns: String,
    pub domain: String,
    /// Seconds.
    pub lease: String,
}

impl Event {
    fn parse(line: &str) -> Self {
        let value = |name: &str| {
            let mut parts = line.split('|').filter_map(|part| part.split_once('='));
            parts.find(|(this, _)| *this == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        Self {
            name: value("event"),
            address: value("address"),
            routers: value("routers"),
            dns: value("dns"),
            domain: value("domain"),
            lease: value("lease"),
        }
    }

    /// Whether it means that the client has an address now.
    #[must_use]
    pub fn is_lease(&self) -> bool {
        matches!(self.name.to_lowercase().as_str(), "bound" | "renew" | "rebind" | "reboot")
    }
}

/// A client on `eth0` of a namespace.
#[derive(Debug)]
pub struct Client {
    pub kind: ClientKind,
    pub space: Space,
    name: String,
    directory: PathBuf,
    log: PathBuf,
    script: PathBuf,
    process: Option<Process>,
}

impl Client {
    /// A client that is not yet started.
    pub fn new(world: &World, kind: ClientKind, space: &Space) -> Self {
        Self::with_script(world, kind, space, "")
    }

    /// A client whose script fails at the event `fail`.
    pub fn failing(world: &World, kind: ClientKind, space: &Space, fail: &str) -> Self {
        Self::with_script(world, kind, space, fail)
    }

    fn with_script(world: &World, kind: ClientKind, space: &Space, fail: &str) -> Self {
        let name = space.name().to_owned();
        let log = world.directory().join(format!("{name}.events"));
        let text = SCRIPT.replace("@log@", &log.display().to_string()).replace("@fail@", fail);
        let text = text.replace("@kind@", &format!("{kind:?}"));
        let script = world.write(&format!("{name}.script"), &text);
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("mode of a script");
        let directory = world.directory().to_owned();
        Self { kind, space: space.clone(), name, directory, log, script, process: None }
    }

    /// Starts it in the foreground.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// The same with more arguments.
    pub fn start_with(&mut self, more: &[&str]) {
        let mut command = self.command(more);
        self.process = Some(self.space.start(&self.name, &mut command));
    }

    fn command(&self, more: &[&str]) -> Command {
        let text = |path: &PathBuf| path.display().to_string();
        let script = text(&self.script);
        let own = |end: &str| text(&self.directory.join(format!("{}.{end}", self.name)));
        let words: Vec<String> = match self.kind {
            ClientKind::Udhcpc => {
                let fixed = ["udhcpc", "-f", "-i", "eth0", "-s", &script, "-t", "20", "-T", "1", "-A", "1"];
                fixed.map(str::to_owned).to_vec()
            }
            ClientKind::Dhclient => {
                // A quick retry: the first DISCOVER may be lost while the interface comes up.
                fs::write(self.directory.join(format!("{}.conf", self.name)), DHCLIENT)
                    .expect("configuration");
                let fixed = [
                    "-4",
                    "-d",
                    "-cf",
                    &own("conf"),
                    "-sf",
                    &script,
                    "-pf",
                    &own("pid"),
                    "-lf",
                    &own("leases"),
                ];
                fixed.map(str::to_owned).to_vec()
            }
            ClientKind::Dhcpcd => {
                // It keeps its state in fixed places: give it its own.
                let fixed = [
                    "--mount",
                    "sh",
                    "-c",
                    "mkdir -p /run/dhcpcd /var/lib/dhcpcd; mount -t tmpfs none /run/dhcpcd; \
                     mount -t tmpfs none /var/lib/dhcpcd; exec \"$@\"",
                    "sh",
                    "dhcpcd",
                    "-4",
                    "-B",
                    "-d",
                    "-f",
                    "/dev/null",
                    "-c",
                    &script,
                    "--noarp",
                    "-o",
                    "routers,domain_name_servers,domain_name",
                ];
                fixed.map(str::to_owned).to_vec()
            }
        };
        let mut words = words;
        words.extend(more.iter().map(|word| (*word).to_owned()));
        if self.kind != ClientKind::Udhcpc {
            words.push("eth0".to_owned());
        }
        let program = if self.kind == ClientKind::Dhcpcd { "unshare" } else { self.kind.program() };
        self.space.command(program, words)
    }

    /// What it told its script so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        fs::read_to_string(&self.log).unwrap_or_default().lines().map(Event::parse).collect()
    }

    /// Waits for the `count`th event of having an address.
    pub fn leased(&self, count: usize) -> Event {
        eventually(&format!("{} has its lease {count} times", self.name), PATIENCE, || {
            let leases = self.events().into_iter().filter(Event::is_lease);
            leases.into_iter().nth(count.saturating_sub(1))
        })
    }

    #[must_use]
    pub fn output(&self) -> String {
        self.process.as_ref().map(Process::output).unwrap_or_default()
    }

    pub fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("a started client").signal(signal);
    }

    /// Has it renew soon: udhcpc does so on a signal, as it does not heed T1; the others wait for T1.
    pub fn renew(&self) {
        if self.kind == ClientKind::Udhcpc {
            self.signal(Signal::SIGUSR1);
        }
    }

    /// Gives the address back.
    pub fn release(&mut self) {
        match self.kind {
            ClientKind::Udhcpc => self.signal(Signal::SIGUSR2),
            ClientKind::Dhcpcd => {
                self.process.as_ref().expect("a started client").signal_until(Signal::SIGALRM, "SIGALRM");
            }
            ClientKind::Dhclient => {
                let mut process = self.process.take().expect("a started client");
                process.kill();
                let mut command = self.command(&["-r"]);
                let mut release = self.space.start(&self.name, &mut command);
                release.wait();
            }
        }
    }

    /// Ends it without a word to the server.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }
}

const DHCLIENT: &str = "timeout 60;\nretry 1;\ninitial-interval 1;\nbackoff-cutoff 2;\n\
    request subnet-mask, routers, domain-name, domain-name-servers, dhcp-lease-time;\n";
