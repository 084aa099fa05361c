//! The command line of `kea-shell`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, ValueExt};

/// What the user asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Help,
    Version,
    ExtendedVersion,
    Send(Box<Flags>),
}

/// A command to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flags {
    pub host: String,
    pub port: u16,
    pub path: String,
    pub services: Vec<String>,
    pub timeout: Duration,
    pub auth_user: String,
    pub auth_user_file: Option<PathBuf>,
    pub auth_password: String,
    pub auth_password_file: Option<PathBuf>,
    pub ca: String,
    pub cert: String,
    pub key: String,
    /// Further headers: name and value.
    pub headers: Vec<(String, String)>,
    /// The answer as a table.
    pub table: bool,
    /// Ask again and again, at this interval.
    pub watch: Option<Duration>,
    /// Commands are typed one after the other.
    pub interactive: bool,
    pub command: String,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8000,
            path: String::new(),
            services: Vec::new(),
            timeout: Duration::from_secs(10),
            auth_user: String::new(),
            auth_user_file: None,
            auth_password: String::new(),
            auth_password_file: None,
            ca: String::new(),
            cert: String::new(),
            key: String::new(),
            headers: Vec::new(),
            table: false,
            watch: None,
            interactive: false,
            command: "list-commands".to_owned(),
        }
    }
}

/// One flag: its name, what its value is called (empty: takes none), and its line of help.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    pub name: &'static str,
    pub value: &'static str,
    pub help: &'static str,
}

/// All long flags: parsing, help, the manual page and completion scripts come from here.
pub const FLAGS: &[Flag] = &[
    Flag { name: "help", value: "", help: "shows this help (also -h)" },
    Flag { name: "host", value: "HOST", help: "name or address of the server (default: 127.0.0.1)" },
    Flag { name: "port", value: "PORT", help: "TCP port of the server (default: 8000)" },
    Flag { name: "path", value: "PATH", help: "path of the URL, for reverse proxies (default: none)" },
    Flag { name: "ca", value: "CA", help: "certification authority; asks for HTTPS" },
    Flag { name: "cert", value: "CERT", help: "client certificate" },
    Flag { name: "key", value: "KEY", help: "private key of the client certificate" },
    Flag { name: "timeout", value: "SECONDS", help: "how long to wait for the answer (default: 10)" },
    Flag {
        name: "service",
        value: "[SERVICE]",
        help: "server that the control agent passes the command to; may be repeated. Without it the agent itself \
               answers; a server that is asked directly needs none",
    },
    Flag { name: "auth-user", value: "USER", help: "user of basic authentication" },
    Flag {
        name: "auth-user-file",
        value: "FILE",
        help: "file with the user in its first line; wins over --auth-user",
    },
    Flag { name: "auth-password", value: "PASSWORD", help: "password; other local users can see it" },
    Flag {
        name: "auth-password-file",
        value: "FILE",
        help: "file with the password in its first line; wins over --auth-password",
    },
    Flag { name: "header", value: "HEADER", help: "further header, as 'Name: value'; may be repeated" },
    Flag { name: "table", value: "", help: "prints the answer as a table" },
    Flag {
        name: "watch",
        value: "[=SECONDS]",
        help: "sends the command again and again, every 2 seconds or as said",
    },
    Flag {
        name: "interactive",
        value: "",
        help: "reads commands line by line: a name, and its arguments if it takes some",
    },
];

/// Why the command line cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    #[error("unrecognized arguments: {0}")]
    Unknown(String),
    #[error("ambiguous option: --{0}")]
    Ambiguous(String),
    #[error("argument --{0}: expected one argument")]
    NoValue(String),
    #[error("argument --{flag}: invalid value: '{value}'")]
    Value { flag: &'static str, value: String },
    #[error("argument --{0}: takes no value")]
    SurplusValue(String),
    #[error("{0}")]
    Tls(&'static str),
    #[error("{0}")]
    Other(String),
}

impl Action {
    /// Reads a command line without the name of the program.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut flags = Flags::default();
        let mut command = None;
        let mut parser = lexopt::Parser::from_args(arguments);
        let other = |error: lexopt::Error| UsageError::Other(error.to_string());
        while let Some(argument) = parser.next().map_err(other)? {
            let name = match argument {
                Arg::Short('h') => return Ok(Self::Help),
                Arg::Short('v') => return Ok(Self::Version),
                Arg::Short('V') => return Ok(Self::ExtendedVersion),
                Arg::Short(c) => return Err(UsageError::Unknown(format!("-{c}"))),
                Arg::Value(value) => {
                    let value = text("command", value)?;
                    if command.is_some() {
                        return Err(UsageError::Unknown(value));
                    }
                    command = Some(value);
                    continue;
                }
                Arg::Long(name) => complete(name)?,
            };
            if name == "help" {
                return Ok(Self::Help);
            }
            if name == "service" {
                // The value may be missing; then the flag says nothing.
                if let Some(value) = service_value(&mut parser).map_err(other)? {
                    flags.services.push(text(name, value)?);
                }
                continue;
            }
            match name {
                "table" | "interactive" => {
                    if parser.optional_value().is_some() {
                        return Err(UsageError::SurplusValue(name.to_owned()));
                    }
                    if name == "table" {
                        flags.table = true;
                    } else {
                        flags.interactive = true;
                    }
                }
                "watch" => {
                    let seconds: u32 = match parser.optional_value() {
                        None => 2,
                        Some(value) => number(name, value)?,
                    };
                    flags.watch = Some(Duration::from_secs(u64::from(seconds.max(1))));
                }
                _ => {
                    let value = parser.value().map_err(|_| UsageError::NoValue(name.to_owned()))?;
                    flags.set(name, value)?;
                }
            }
        }
        flags.services.retain(|service| !service.is_empty());
        if let Some(command) = command {
            flags.command = command;
        }
        flags.check_tls()?;
        Ok(Self::Send(Box::new(flags)))
    }
}

impl Flags {
    fn set(&mut self, name: &'static str, value: OsString) -> Result<(), UsageError> {
        match name {
            "auth-user-file" => self.auth_user_file = path(value),
            "auth-password-file" => self.auth_password_file = path(value),
            "host" => self.host = text(name, value)?,
            "port" => self.port = number(name, value)?,
            "path" => self.path = text(name, value)?,
            "header" => {
                let value = text(name, value)?;
                let Some((header, content)) = value.split_once(':') else {
                    return Err(UsageError::Value { flag: name, value });
                };
                self.headers.push((header.trim().to_owned(), content.trim().to_owned()));
            }
            "ca" => self.ca = text(name, value)?,
            "cert" => self.cert = text(name, value)?,
            "key" => self.key = text(name, value)?,
            "auth-user" => self.auth_user = text(name, value)?,
            "auth-password" => self.auth_password = text(name, value)?,
            // 0 is no limit, as an alarm of 0 seconds never rings; but a day is enough for anybody.
            "timeout" => {
                let seconds: u32 = number(name, value)?;
                self.timeout = Duration::from_secs(if seconds == 0 { 86_400 } else { u64::from(seconds) });
            }
            _ => return Err(UsageError::Unknown(format!("--{name}"))),
        }
        Ok(())
    }

    fn check_tls(&self) -> Result<(), UsageError> {
        let other = |text| Err(UsageError::Tls(text));
        if self.cert.is_empty() != self.key.is_empty() {
            return other("--cert and --key must be used together");
        }
        if !self.cert.is_empty() && self.ca.is_empty() {
            return other("--cert and --key with HTTPS disabled (no --ca)");
        }
        Ok(())
    }
}

/// The flag that a name, or an unambiguous beginning of one, means.
fn complete(name: &str) -> Result<&'static str, UsageError> {
    if let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) {
        return Ok(flag.name);
    }
    let mut found = FLAGS.iter().filter(|flag| flag.name.starts_with(name));
    match (found.next(), found.next()) {
        (Some(flag), None) => Ok(flag.name),
        (None, _) => Err(UsageError::Unknown(format!("--{name}"))),
        (Some(_), Some(_)) => Err(UsageError::Ambiguous(name.to_owned())),
    }
}

fn service_value(parser: &mut lexopt::Parser) -> Result<Option<OsString>, lexopt::Error> {
    if let Some(value) = parser.optional_value() {
        return Ok(Some(value));
    }
    let mut raw = parser.raw_args()?;
    let is_flag = |value: &OsString| value.to_str().is_some_and(|text| text.starts_with('-'));
    Ok(if raw.peek().is_some_and(|value| is_flag(&value.to_owned())) { None } else { raw.next() })
}

fn text(flag: &'static str, value: OsString) -> Result<String, UsageError> {
    let shown = value.to_string_lossy().into_owned();
    value.into_string().map_err(|_| UsageError::Value { flag, value: shown })
}

fn path(value: OsString) -> Option<PathBuf> {
    (!value.is_empty()).then(|| PathBuf::from(value))
}

fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(
    flag: &'static str,
    value: OsString,
) -> Result<T, UsageError> {
    let shown = value.to_string_lossy().into_owned();
    value.parse_with(str::parse).map_err(|_: lexopt::Error| UsageError::Value { flag, value: shown })
}

/// The lines that explain the flags.
#[must_use]
pub fn help() -> String {
    let mut text = String::from(
        "Usage: kea-shell [flags] [command]\n\n\
         Sends a command to a Kea server or control agent over HTTP and prints the answer. The arguments of the \
         command\nare read from standard input up to its end: a JSON map, or only its members (\"name\": value, \
         ...).\nWithout a command, list-commands is sent.\n\n",
    );
    for flag in FLAGS {
        let gap = if flag.value.is_empty() { "" } else { " " };
        let left = format!("--{}{gap}{}", flag.name, flag.value);
        text.push_str(&format!("  {left:<28} {}\n", flag.help));
    }
    text.push_str("  -v                           prints the version\n");
    text.push_str("  -V                           prints the version with details\n");
    text
}

/// The manual page, in troff.
#[must_use]
pub fn manual() -> String {
    let plain = |text: &str| text.replace('-', "\\-");
    let mut text = String::from(
        ".TH KEA\\-SHELL 8 \"\" \"kea\\-rs\" \"Kea servers\"\n.SH NAME\n\
         kea\\-shell \\- sends a command to a Kea server or control agent\n.SH SYNOPSIS\n.B kea\\-shell\n\
         [options] [command]\n.SH DESCRIPTION\nSends a command over HTTP or HTTPS and prints the answer. The arguments of \
         the command are read from\nstandard input up to its end: a JSON map, or only its members. Without a \
         command,\n.B list\\-commands\nis sent.\n.SH OPTIONS\n",
    );
    for flag in FLAGS {
        let gap = if flag.value.is_empty() || flag.value.starts_with("[=") { "" } else { " " };
        text.push_str(&format!(
            ".TP\n.B {}\n{}.\n",
            plain(&format!("--{}{gap}{}", flag.name, flag.value)),
            plain(flag.help)
        ));
    }
    text.push_str(
        ".TP\n.B \\-v\nPrints the version.\n.TP\n.B \\-V\nPrints the version with details.\n\
         .SH EXIT STATUS\n0 when there is an answer, whatever its result; 1 when there is none; 2 when the command line \
         is wrong.\n.SH SEE ALSO\n.BR kea\\-commands (7)\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Action, UsageError> {
        Action::parse(line.split_whitespace().map(OsString::from))
    }

    fn send(line: &str) -> Flags {
        match parse(line) {
            Ok(Action::Send(flags)) => *flags,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_line_of_every_manual() {
        let flags = send("--host 127.0.0.1 --port 8080 --service dhcp4 remote-server4-set");
        assert_eq!((flags.port, flags.command.as_str()), (8080, "remote-server4-set"));
        assert_eq!(flags.services, ["dhcp4"]);
        assert_eq!(send(""), Flags::default());
    }

    #[test]
    fn all_flags() {
        let flags = send(
            "--host=h --port=1 --path kea --auth-user u --auth-user-file f --auth-password p \
             --auth-password-file=g --timeout 3 foo --service a --service b --ca c --cert d --key e \
             --header X-A:b --header=X-C:d --table --watch=5 --interactive",
        );
        assert_eq!((flags.ca.as_str(), flags.cert.as_str(), flags.key.as_str()), ("c", "d", "e"));
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(flags.headers, [header("X-A", "b"), header("X-C", "d")]);
        assert_eq!((flags.table, flags.interactive, flags.watch), (true, true, Some(Duration::from_secs(5))));
        assert_eq!(send("--watch foo").command, "foo");
        assert_eq!((flags.host.as_str(), flags.path.as_str()), ("h", "kea"));
        assert_eq!((flags.auth_user.as_str(), flags.auth_password.as_str()), ("u", "p"));
        assert_eq!(flags.auth_user_file, Some("f".into()));
        assert_eq!(flags.auth_password_file, Some("g".into()));
        assert_eq!((flags.timeout, flags.services.len()), (Duration::from_secs(3), 2));
        assert_eq!(send("--hos x --serv dhcp4").host, "x");
        assert_eq!(send("--timeout 0").timeout, Duration::from_secs(86_400));
        // The value of --service may be missing.
        let flags = send("--service --host x foo");
        assert_eq!((flags.services.len(), flags.command.as_str()), (0, "foo"));
        assert!(send("foo --service").services.is_empty());
    }

    #[test]
    fn versions_and_help_need_nothing_else() {
        assert_eq!(parse("-v --port 1"), Ok(Action::Version));
        assert_eq!(parse("-V"), Ok(Action::ExtendedVersion));
        assert_eq!(parse("-h"), Ok(Action::Help));
        assert_eq!(parse("--help"), Ok(Action::Help));
        for flag in FLAGS {
            assert!(help().contains(&format!("--{}", flag.name)));
        }
    }

    /// Run with `UPDATE_REFERENCE=1` to write it anew.
    #[test]
    fn the_manual_page_is_current() {
        crate::completion::check("docs/man/kea-shell.8", &manual());
    }

    #[test]
    fn usage_errors() {
        for (line, error) in [
            ("--bad", "unrecognized arguments: --bad"),
            ("-x", "unrecognized arguments: -x"),
            ("a b", "unrecognized arguments: b"),
            ("--auth x", "ambiguous option: --auth"),
            ("--host", "argument --host: expected one argument"),
            ("--port xx", "argument --port: invalid value: 'xx'"),
            ("--port 70000", "argument --port: invalid value: '70000'"),
            ("--cert x", "--cert and --key must be used together"),
            ("--cert x --key y", "--cert and --key with HTTPS disabled (no --ca)"),
            ("--header x", "argument --header: invalid value: 'x'"),
            ("--table=x", "argument --table: takes no value"),
            ("--watch=x", "argument --watch: invalid value: 'x'"),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), error, "{line}");
        }
    }
}
