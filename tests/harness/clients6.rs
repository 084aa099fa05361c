//! Real DHCPv6 clients: ISC dhclient, dhcpcd, dibbler-client and systemd-networkd, each in a namespace of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::process::Process;
use crate::programs::found;
use crate::space::Space;
use crate::wait::{PATIENCE, eventually, until};
use crate::world::World;

/// What a client runs when something happens: writes it down. Addresses are set so that releases have a source.
const SCRIPT: &str = r#"#!/bin/sh
event="${reason:-$1}"
address="${new_ip6_address:-${new_dhcp6_ia_na1_ia_addr1:-$ADDR1}}"
prefix="${new_ip6_prefix:-}"
delegated="$(env | sed -n 's/^new_dhcp6_ia_pd[0-9]*_prefix1=//p' | head -n 1)"
length="$(env | sed -n 's/^new_dhcp6_ia_pd[0-9]*_prefix1_length=//p' | head -n 1)"
test -n "$delegated" && prefix="$delegated/$length"
test -n "$PREFIX1" && prefix="$PREFIX1/$PREFIX1LEN"
names="${new_dhcp6_name_servers:-$SRV_OPTION23}"
case "$event" in PREINIT6) ip link set eth0 up; sleep 0.2 ;; esac
echo "event=$event|address=$address|prefix=$prefix|dns=$names" >> '@log@'
exit 0
"#;

const DHCLIENT: &str = "timeout 60;\ninitial-interval 1;\nbackoff-cutoff 2;\n\
    request dhcp6.name-servers, dhcp6.domain-search;\n";
const DHCPCD: &str = "duid\nnoipv6rs\nnohook resolv.conf\noption dhcp6_name_servers\n\
    interface eth0\nia_na 1\nia_pd 2\n";
const DIBBLER: &str = "log-level 7\nlog-mode full\nscript \"@script@\"\nskip-confirm\nduid-type duid-ll\n\
    iface eth0 {\n  ia\n  pd\n  option dns-server\n}\n";
const NETWORKD: &str = "[Match]\nName=eth0\n[Network]\nDHCP=ipv6\nIPv6AcceptRA=no\n\
    [DHCPv6]\nWithoutRA=solicit\nUseDelegatedPrefix=no\n";

/// A program that gets addresses and prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind6 {
    Dhclient,
    Dhcpcd,
    Dibbler,
    Networkd,
}

impl ClientKind6 {
    /// Where its program is, `None` when it is not installed.
    #[must_use]
    pub fn program(self) -> Option<PathBuf> {
        match self {
            Self::Dhclient => found("dhclient"),
            Self::Dhcpcd => found("dhcpcd"),
            Self::Dibbler => found("dibbler-client"),
            Self::Networkd => {
                let path = PathBuf::from("/lib/systemd/systemd-networkd");
                path.is_file().then_some(path)
            }
        }
    }
}

/// What a client told its script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event6 {
    /// As the client calls it.
    pub name: String,
    pub address: String,
    /// With its length.
    pub prefix: String,
    pub dns: String,
}

impl Event6 {
    fn parse(line: &str) -> Self {
        let value = |name: &str| {
            let mut parts = line.split('|').filter_map(|part| part.split_once('='));
            parts.find(|(this, _)| *this == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        Self { name: value("event"), address: value("address"), prefix: value("prefix"), dns: value("dns") }
    }
}

/// A client on `eth0` of a namespace.
#[derive(Debug)]
pub struct Client6 {
    kind: ClientKind6,
    pub space: Space,
    name: String,
    directory: PathBuf,
    log: PathBuf,
    script: PathBuf,
    process: Option<Process>,
}

impl Client6 {
    /// A client that is not yet started.
    pub fn new(world: &World, kind: ClientKind6, space: &Space) -> Self {
        let name = space.name().to_owned();
        let log = world.directory().join(format!("{name}.events"));
        let script =
            world.write(&format!("{name}.script"), &SCRIPT.replace("@log@", &log.display().to_string()));
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("mode of a script");
        let directory = world.directory().to_owned();
        Self { kind, space: space.clone(), name, directory, log, script, process: None }
    }

    fn own(&self, end: &str) -> PathBuf {
        self.directory.join(format!("{}.{end}", self.name))
    }

    /// Starts it in the foreground; `flags` are those of dhclient (`-N`, `-P`).
    pub fn start(&mut self, flags: &[&str]) {
        let mut command = self.command(flags);
        self.process = Some(self.space.start(&self.name, &mut command));
    }

    fn command(&self, flags: &[&str]) -> Command {
        let script = self.script.display().to_string();
        let configuration = |text: &str| {
            let path = self.own("conf");
            fs::write(&path, text).expect("configuration of a client");
            path.display().to_string()
        };
        let shell = |text: &str, words: &[&str]| -> Vec<String> {
            let fixed = ["--mount", "sh", "-c", text, "sh"].into_iter().chain(words.iter().copied());
            fixed.map(str::to_owned).collect()
        };
        match self.kind {
            ClientKind6::Dhclient => {
                let (conf, pid, leases) = (configuration(DHCLIENT), self.own("pid"), self.own("leases"));
                let (pid, leases) = (pid.display().to_string(), leases.display().to_string());
                let fixed = ["-6", "-d", "-cf", &conf, "-sf", &script, "-pf", &pid, "-lf", &leases];
                let words = fixed.into_iter().chain(flags.iter().copied()).chain(["eth0"]);
                self.space.command("dhclient", words)
            }
            // It keeps its state in fixed places: give it its own.
            ClientKind6::Dhcpcd => {
                let conf = configuration(DHCPCD);
                let text = "mkdir -p /run/dhcpcd /var/lib/dhcpcd; mount -t tmpfs none /run/dhcpcd; \
                     mount -t tmpfs none /var/lib/dhcpcd; exec \"$@\"";
                let words = ["dhcpcd", "-6", "-B", "-d", "-f", &conf, "-c", &script, "eth0"];
                self.space.command("unshare", shell(text, &words))
            }
            ClientKind6::Dibbler => {
                let conf = configuration(&DIBBLER.replace("@script@", &script));
                let text = "mkdir -p /var/lib/dibbler /etc/dibbler; mount -t tmpfs none /var/lib/dibbler; \
                     mount -t tmpfs none /etc/dibbler; cp \"$1\" /etc/dibbler/client.conf; \
                     exec dibbler-client run";
                self.space.command("unshare", shell(text, &[&conf]))
            }
            // Without udev it takes interfaces as they are when /sys cannot be written.
            ClientKind6::Networkd => {
                let conf = configuration(NETWORKD);
                let text = "mount -o remount,ro /sys; mkdir -p /run/systemd; mount -t tmpfs none /run/systemd; \
                     mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases; \
                     cp \"$1\" /run/systemd/network/10-eth0.network; chmod -R a+rwX /run/systemd; \
                     export SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console; \
                     exec /lib/systemd/systemd-networkd";
                self.space.command("unshare", shell(text, &[&conf]))
            }
        }
    }

    /// What it told its script so far; networkd has none.
    #[must_use]
    pub fn events(&self) -> Vec<Event6> {
        fs::read_to_string(&self.log).unwrap_or_default().lines().map(Event6::parse).collect()
    }

    /// Waits for an event that `wanted` answers with something.
    pub fn event<T>(&self, what: &str, wanted: impl Fn(&Event6) -> Option<T>) -> T {
        eventually(&format!("{} tells of {what}", self.name), PATIENCE, || {
            self.events().iter().find_map(&wanted)
        })
    }

    /// Gives everything back.
    pub fn release(&mut self, flags: &[&str]) {
        match self.kind {
            ClientKind6::Dhclient => {
                self.kill();
                let mut command = self.command(&[flags, &["-r"]].concat());
                self.space.start(&self.name, &mut command).wait();
            }
            // While it waits for the reply to a renewal it would end without a word: let the next one be over.
            ClientKind6::Dhcpcd => {
                let renewals = || self.events().iter().filter(|event| event.name == "RENEW6").count();
                let before = renewals();
                until("dhcpcd has renewed once more", || renewals() > before);
                self.process.as_ref().expect("a started client").signal_until(Signal::SIGALRM, "SIGALRM");
            }
            ClientKind6::Dibbler => self.signal(Signal::SIGTERM),
            ClientKind6::Networkd => self.signal(Signal::SIGTERM),
        }
    }

    fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("a started client").signal(signal);
    }

    /// Ends it without a word to the server.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }
}
