//! The servers: kea-dhcp4, kea-dhcp6 and kea-ctrl-agent of an installation, in a namespace.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitStatus;

use base::Family;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::control::{self, Answer};
use crate::prefix::Prefix;
use crate::process::{Finished, Process, stands};
use crate::space::Space;
use crate::wait::{PATIENCE, eventually, until};

/// The configuration of an operator who lives in the backend, with the log on standard output. `database` is shared
/// by all servers that name it.
#[must_use]
pub fn minimal(tag: &str, interfaces: &[&str], database: &str) -> Value {
    json!({
        "server-tag": tag,
        "interfaces-config": { "interfaces": interfaces },
        "control-socket": { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" },
        "hooks-libraries": [ { "library": "libdhcp_cb_cmds.so" } ],
        "config-control": { "config-databases": [ { "type": "sqlite", "name": database } ] },
        "lease-database": { "type": "memfile" },
        "loggers": log(),
    })
}

/// A configuration without a database: these subnets.
#[must_use]
pub fn subnets(interfaces: &[&str], subnets: Value) -> Value {
    json!({
        "interfaces-config": { "interfaces": interfaces },
        "control-socket": { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" },
        "lease-database": { "type": "memfile" },
        "subnet4": subnets,
        "loggers": log(),
    })
}

fn log() -> Value {
    log_of(Family::V4)
}

fn log_of(family: Family) -> Value {
    let (root, quiet) = match family {
        Family::V4 => ("kea-dhcp4", "kea-dhcp4.commands"),
        Family::V6 => ("kea-dhcp6", "kea-dhcp6.commands"),
    };
    // Tests ask often; what they ask is in their own report.
    json!([
        { "name": root, "severity": "INFO", "output-options": [ { "output": "stdout" } ] },
        { "name": quiet, "severity": "WARN", "output-options": [ { "output": "stdout" } ] },
    ])
}

/// A kea-dhcp6 without a database: these subnets.
#[must_use]
pub fn subnets6(interfaces: &[&str], subnets: Value) -> Value {
    json!({
        "interfaces-config": { "interfaces": interfaces },
        "control-socket": { "socket-type": "unix", "socket-name": "kea-dhcp6.sock" },
        "lease-database": { "type": "memfile" },
        "subnet6": subnets,
        "loggers": log_of(Family::V6),
    })
}

/// [`minimal`] for kea-dhcp6.
#[must_use]
pub fn minimal6(tag: &str, interfaces: &[&str], database: &str) -> Value {
    let mut config = minimal(tag, interfaces, database);
    config["control-socket"]["socket-name"] = json!("kea-dhcp6.sock");
    config["loggers"] = log_of(Family::V6);
    config
}

/// A kea-dhcp4 or kea-dhcp6.
#[derive(Debug)]
pub struct Server {
    family: Family,
    pub prefix: Prefix,
    pub space: Space,
    name: String,
    /// Variables for the program, such as `KEA_DHCP_DATA_DIR`.
    pub environment: Vec<(&'static str, PathBuf)>,
    process: Option<Process>,
}

impl Server {
    pub(crate) fn new(family: Family, name: &str, prefix: Prefix, space: Space) -> Self {
        Self { family, name: name.to_owned(), prefix, space, environment: Vec::new(), process: None }
    }

    /// One of the two for each family.
    fn by_family<T>(&self, v4: T, v6: T) -> T {
        match self.family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }

    fn program(&self) -> &'static str {
        self.by_family("kea-dhcp4", "kea-dhcp6")
    }

    fn socket(&self) -> PathBuf {
        self.by_family(self.prefix.socket(), self.prefix.socket6())
    }

    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.prefix.path("etc/kea").join(self.program()).with_extension("conf")
    }

    /// Writes the configuration file: this `Dhcp4` or `Dhcp6` map.
    pub fn configure(&self, map: &Value) {
        let whole = json!({ self.by_family("Dhcp4", "Dhcp6"): map });
        let text = serde_json::to_string_pretty(&whole).expect("JSON");
        self.prefix.write_config(&format!("{}.conf", self.program()), &text);
    }

    /// Starts on the configuration file and waits until commands are answered.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// The same with more arguments.
    pub fn start_with(&mut self, flags: &[&str]) {
        let mut arguments: Vec<OsString> = vec!["-c".into(), self.config_file().into()];
        arguments.extend(flags.iter().map(OsString::from));
        let mut command = self.space.command(self.prefix.program(self.program()), arguments);
        self.start_command(&mut command);
    }

    /// Starts it by a command that comes to run kea-dhcp4.
    pub fn start_command(&mut self, command: &mut std::process::Command) {
        self.spawn(command);
        self.ready();
    }

    /// Starts it and waits for nothing.
    pub fn spawn(&mut self, command: &mut std::process::Command) {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.process = Some(self.space.start(&self.name, command));
    }

    /// Waits until commands are answered.
    pub fn ready(&mut self) {
        let (socket, program) = (self.socket(), self.program());
        let process = self.process.as_mut().expect("a started server");
        eventually(&format!("{program} answers commands"), PATIENCE, || {
            if let Some(status) = process.ended() {
                panic!("{program} ended: {status}\n{}", process.output());
            }
            control::unix(&socket, br#"{ "command": "version-get" }"#)
                .ok()
                .filter(|answer| !answer.is_empty())
        });
    }

    #[must_use]
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("a started server")
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process().pid()
    }

    /// What it has logged, if it logs to standard output.
    #[must_use]
    pub fn log(&self) -> String {
        self.process().output()
    }

    /// What it logged with an identifier: whole messages with all their lines.
    #[must_use]
    pub fn logged(&self, id: &str) -> Vec<String> {
        let mut messages: Vec<String> = Vec::new();
        for line in self.log().lines() {
            match messages.last_mut().filter(|_| line.starts_with(' ')) {
                Some(message) => *message += &format!("\n{line}"),
                None => messages.push(line.to_owned()),
            }
        }
        messages.retain(|message| message.contains(id));
        messages
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    /// SIGHUP: reads the configuration file again.
    pub fn reload(&self) {
        self.process().signal(Signal::SIGHUP);
    }

    /// Has it stand still, until it gets SIGCONT: once this returns, none of its threads does anything.
    pub fn halt(&self) {
        self.process().signal(Signal::SIGSTOP);
        until("all its threads stand", || stands(self.pid()));
    }

    /// Ends it in order.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.take().expect("a started server").stop()
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.take().expect("a started server").kill();
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

    /// The newest sample of a statistic.
    #[must_use]
    pub fn statistic(&self, name: &str) -> i64 {
        let answer = self.tell("statistic-get", json!({ "name": name }));
        let sample = answer.arguments.get(name).and_then(|samples| samples.pointer("/0/0"));
        sample.and_then(Value::as_i64).unwrap_or_else(|| panic!("{name}: {answer:?}"))
    }

    /// Identifiers of the subnets that it serves.
    #[must_use]
    pub fn served(&self) -> Vec<u64> {
        let config = self.config();
        let subnets = |scope: &Value| {
            scope[self.by_family("subnet4", "subnet6")].as_array().cloned().unwrap_or_default()
        };
        let networks = config["shared-networks"].as_array().cloned().unwrap_or_default();
        let all = subnets(&config).into_iter().chain(networks.iter().flat_map(subnets));
        let mut ids: Vec<u64> = all.filter_map(|subnet| subnet["id"].as_u64()).collect();
        ids.sort_unstable();
        ids
    }

    /// The running configuration.
    #[must_use]
    pub fn config(&self) -> Value {
        self.tell("config-get", Value::Null).at(self.by_family("/Dhcp4", "/Dhcp6")).clone()
    }

    #[must_use]
    pub fn hash(&self) -> String {
        self.tell("config-hash-get", Value::Null).at("/hash").as_str().expect("a hash").to_owned()
    }
}

/// A kea-ctrl-agent in front of the servers of an installation.
#[derive(Debug)]
pub struct Agent {
    pub prefix: Prefix,
    pub space: Space,
    process: Option<Process>,
}

impl Agent {
    pub(crate) fn new(prefix: Prefix, space: Space) -> Self {
        Self { prefix, space, process: None }
    }

    /// Starts on port 8080 of loopback with the README's configuration.
    pub fn start(&mut self) {
        let config = json!({ "Control-agent": {
            "http-host": "127.0.0.1", "http-port": 8080, "control-sockets": {
                "dhcp4": { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" },
                "dhcp6": { "socket-type": "unix", "socket-name": "kea-dhcp6.sock" },
                "d2": { "socket-type": "unix", "socket-name": "kea-ddns.sock" } } } });
        let path = self.prefix.write_config("kea-ctrl-agent.conf", &config.to_string());
        let program = self.prefix.program("kea-ctrl-agent");
        let mut command = self.space.command(program, ["-c".into(), path.into_os_string()]);
        let mut process = self.space.start("kea-ctrl-agent", &mut command);
        eventually("the agent answers", PATIENCE, || {
            if let Some(status) = process.ended() {
                panic!("kea-ctrl-agent ended: {status}\n{}", process.output());
            }
            self.space.inside(|| control::http("127.0.0.1:8080", "", r#"{ "command": "version-get" }"#)).ok()
        });
        self.process = Some(process);
    }

    #[must_use]
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("a started agent")
    }

    /// A command for kea-dhcp4 over HTTP.
    #[must_use]
    pub fn command(&self, command: &str, arguments: Value) -> Answer {
        self.command_for("dhcp4", command, arguments)
    }

    /// A command for a service over HTTP.
    #[must_use]
    pub fn command_for(&self, service: &str, command: &str, arguments: Value) -> Answer {
        let mut body = json!({ "command": command, "service": [ service ] });
        if !arguments.is_null() {
            body["arguments"] = arguments;
        }
        let done = self.space.inside(|| control::http("127.0.0.1:8080", "", &body.to_string()));
        let (head, text) = done.unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(head.starts_with("HTTP/1.1 200"), "{command}: {head}\n{text}");
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{command}: {e}: {text}"));
        Answer::from_value(value.get(0).expect("a list of answers"))
    }

    /// kea-shell of the installation, talking to this agent.
    #[must_use]
    pub fn shell(&self, command: &str, stdin: &str) -> Finished {
        self.shell_for("dhcp4", command, stdin)
    }

    /// The same for a service.
    #[must_use]
    pub fn shell_for(&self, service: &str, command: &str, stdin: &str) -> Finished {
        let arguments = ["--host", "127.0.0.1", "--port", "8080", "--service", service, command];
        self.space.run(self.prefix.program("kea-shell"), arguments, stdin)
    }
}
