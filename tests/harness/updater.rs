//! The DNS updater: kea-dhcp-ddns of an installation, in a namespace.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitStatus;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::control::{self, Answer};
use crate::prefix::Prefix;
use crate::process::Process;
use crate::space::Space;
use crate::wait::{PATIENCE, eventually};

/// A kea-dhcp-ddns.
#[derive(Debug)]
pub struct Updater {
    pub prefix: Prefix,
    pub space: Space,
    process: Option<Process>,
}

impl Updater {
    pub(crate) fn new(prefix: Prefix, space: Space) -> Self {
        Self { prefix, space, process: None }
    }

    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.prefix.path("var/run/kea/kea-ddns.sock")
    }

    /// Writes the configuration file: this `DhcpDdns` map, with a control socket and the log on standard output.
    pub fn configure(&self, map: &Value) -> PathBuf {
        let whole = json!({ "DhcpDdns": Self::whole(map) });
        let text = serde_json::to_string_pretty(&whole).expect("JSON");
        self.prefix.write_config("kea-dhcp-ddns.conf", &text)
    }

    /// The map with a control socket and the log on standard output.
    #[must_use]
    pub fn whole(map: &Value) -> Value {
        let mut map = map.clone();
        map["control-sockets"] = json!([ { "socket-type": "unix", "socket-name": "kea-ddns.sock" } ]);
        map["loggers"] = json!([ { "name": "kea-dhcp-ddns", "severity": "DEBUG", "debuglevel": 50,
            "output-options": [ { "output": "stdout" } ] } ]);
        map
    }

    /// Starts on this `DhcpDdns` map and waits until commands are answered.
    pub fn start(&mut self, map: &Value, flags: &[&str]) {
        let file = self.configure(map);
        let mut arguments: Vec<OsString> = vec!["-c".into(), file.into()];
        arguments.extend(flags.iter().map(OsString::from));
        let mut command = self.space.command(self.prefix.program("kea-dhcp-ddns"), arguments);
        let mut process = self.space.start("kea-dhcp-ddns", &mut command);
        let socket = self.socket();
        eventually("kea-dhcp-ddns answers commands", PATIENCE, || {
            if let Some(status) = process.ended() {
                panic!("kea-dhcp-ddns ended: {status}\n{}", process.output());
            }
            control::unix(&socket, br#"{ "command": "version-get" }"#)
                .ok()
                .filter(|answer| !answer.is_empty())
        });
        self.process = Some(process);
    }

    #[must_use]
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("a started updater")
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.as_mut().and_then(Process::ended)
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process().output()
    }

    /// SIGHUP: reads the configuration file again.
    pub fn reload(&self) {
        self.process().signal(Signal::SIGHUP);
    }

    /// Ends it in order.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.take().expect("a started updater").stop()
    }

    /// A command over its UNIX socket; null for none arguments.
    #[must_use]
    pub fn command(&self, command: &str, arguments: Value) -> Answer {
        control::send(&self.socket(), command, arguments)
    }

    /// A command that must succeed.
    pub fn tell(&self, command: &str, arguments: Value) -> Answer {
        let answer = self.command(command, arguments.clone());
        assert_eq!(answer.result, 0, "{command} {arguments}: {answer:?}");
        answer
    }

    /// Puts this `DhcpDdns` map into force.
    pub fn set(&self, map: &Value) {
        self.tell("config-set", json!({ "DhcpDdns": Self::whole(map) }));
    }

    /// The newest sample of a statistic.
    #[must_use]
    pub fn statistic(&self, name: &str) -> i64 {
        let answer = self.tell("statistic-get", json!({ "name": name }));
        let sample = answer.arguments.get(name).and_then(|samples| samples.pointer("/0/0"));
        sample.and_then(Value::as_i64).unwrap_or_else(|| panic!("{name}: {answer:?}"))
    }
}
