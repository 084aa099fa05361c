//! Arguments of the daemons, in the manner of getopt: flags may be joined (`-dc FILE`), values may follow directly.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use lexopt::Arg;

use crate::version::{KEA_VERSION, PRODUCT, VERSION};

/// A program and the flags it has beside `-c -d -t -v -V -W -X`.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Name of the executable, such as `kea-dhcp4`.
    pub name: &'static str,
    /// What it is, such as `DHCPv4 server`.
    pub title: &'static str,
    /// `-T`: check with hook libraries and databases.
    pub full_check: bool,
    /// `-F`: exit on fatal errors met while serving commands. There are none: what fails leaves the server as it was.
    pub exit_on_fatal: bool,
    /// `-R`: configuration backend repair mode.
    pub repair: bool,
    /// `-p` and `-P`: ports for tests.
    pub ports: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Run,
    /// `-t`: syntax and meaning, without sockets, hook libraries and databases.
    Check,
    /// `-T`: with hook libraries and databases.
    FullCheck,
    /// `-v`
    Version,
    /// `-V`
    ExtendedVersion,
    /// `-W`
    BuildReport,
    /// `-h`
    Help,
}

/// The arguments, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    pub action: Action,
    /// Set for [`Action::Run`], [`Action::Check`] and [`Action::FullCheck`].
    pub config: Option<PathBuf>,
    /// `-d`: log everything.
    pub verbose: bool,
    /// `-X`: violations of the security rules only warn.
    pub relaxed: bool,
    /// `-F`
    pub exit_on_fatal: bool,
    /// `-R`
    pub repair: bool,
    /// `-p`, instead of 67 or 547.
    pub server_port: Option<u16>,
    /// `-P`, instead of 68 or 546.
    pub client_port: Option<u16>,
}

/// Why the arguments are refused; print it and the usage on standard error and exit with 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    #[error("Configuration file not specified.")]
    NoConfig,
    #[error("Failed to parse {which} port number: [{value}], 1-65535 allowed.")]
    Port { which: &'static str, value: String },
    #[error("{program}: invalid option -- '{option}'")]
    Option { program: &'static str, option: String },
    #[error("{program}: option requires an argument -- '{option}'")]
    Value { program: &'static str, option: char },
    #[error("{program}: unexpected argument '{argument}'")]
    Argument { program: &'static str, argument: String },
}

impl Program {
    /// Reads the arguments that follow the program's name. The first of `-v -V -W -h` ends the reading.
    pub fn parse<I>(&self, arguments: I) -> Result<Arguments, UsageError>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let mut parsed = Arguments {
            action: Action::Run,
            config: None,
            verbose: false,
            relaxed: false,
            exit_on_fatal: false,
            repair: false,
            server_port: None,
            client_port: None,
        };
        let mut parser = lexopt::Parser::from_args(arguments);
        loop {
            let argument = match parser.next() {
                Ok(Some(argument)) => argument,
                Ok(None) => break,
                Err(error) => {
                    return Err(UsageError::Argument { program: self.name, argument: error.to_string() });
                }
            };
            let flag = match argument {
                Arg::Short(flag) => flag,
                Arg::Long("help") => 'h',
                Arg::Long("version") => 'v',
                Arg::Long(name) => {
                    return Err(UsageError::Option { program: self.name, option: name.to_owned() });
                }
                Arg::Value(value) => {
                    let argument = value.to_string_lossy().into_owned();
                    return Err(UsageError::Argument { program: self.name, argument });
                }
            };
            let at_once = |action| Ok(Arguments { action, ..parsed.clone() });
            match flag {
                'v' => return at_once(Action::Version),
                'V' => return at_once(Action::ExtendedVersion),
                'W' => return at_once(Action::BuildReport),
                'h' => return at_once(Action::Help),
                'd' => parsed.verbose = true,
                'X' => parsed.relaxed = true,
                'c' => parsed.config = Some(self.value(&mut parser, flag)?.into()),
                't' => {
                    parsed.action = Action::Check;
                    parsed.config = Some(self.value(&mut parser, flag)?.into());
                }
                'T' if self.full_check => {
                    parsed.action = Action::FullCheck;
                    parsed.config = Some(self.value(&mut parser, flag)?.into());
                }
                'F' if self.exit_on_fatal => parsed.exit_on_fatal = true,
                'R' if self.repair => parsed.repair = true,
                'p' if self.ports => {
                    parsed.server_port = Some(port("server", &self.value(&mut parser, flag)?)?)
                }
                'P' if self.ports => {
                    parsed.client_port = Some(port("client", &self.value(&mut parser, flag)?)?)
                }
                other => return Err(UsageError::Option { program: self.name, option: other.to_string() }),
            }
        }
        if parsed.config.as_ref().is_none_or(|config| config.as_os_str().is_empty()) {
            return Err(UsageError::NoConfig);
        }
        Ok(parsed)
    }

    fn value(&self, parser: &mut lexopt::Parser, option: char) -> Result<OsString, UsageError> {
        parser.value().map_err(|_| UsageError::Value { program: self.name, option })
    }

    /// The usage text.
    #[must_use]
    pub fn usage(&self) -> String {
        let mut text = format!("{PRODUCT} {}, version {VERSION} (Kea {KEA_VERSION})\n\n", self.title);
        let check = if self.full_check { "c|t|T" } else { "c|t" };
        let _ = write!(text, "Usage: {} [-v|-V|-W] [-d] [-X] [-{{{check}}} FILE]", self.name);
        for (has, flags) in
            [(self.exit_on_fatal, " [-F]"), (self.repair, " [-R]"), (self.ports, " [-p PORT] [-P PORT]")]
        {
            if has {
                text.push_str(flags);
            }
        }
        text.push('\n');
        for (flag, meaning) in self.flags() {
            let _ = writeln!(text, "  {flag:<9}{meaning}");
        }
        text
    }

    /// The flags that the program has, with their values and meanings.
    fn flags(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = [
            (true, "-v", "print the version and exit"),
            (true, "-V", "print the version with details and exit"),
            (true, "-W", "print the build report and exit"),
            (true, "-d", "log everything, whatever the configuration says"),
            (true, "-c FILE", "run with this configuration file"),
            (true, "-t FILE", "check the configuration file and exit"),
            (self.full_check, "-T FILE", "as -t, with hook libraries and databases"),
            (true, "-X", "only warn about violations of the security rules"),
            (
                self.exit_on_fatal,
                "-F",
                "exit on fatal errors met while serving commands (there are none: what fails leaves the server as it was)",
            ),
            (self.repair, "-R", "serve commands only, to repair the configuration backend"),
            (self.ports, "-p PORT", "listen on another server port (for tests)"),
            (self.ports, "-P PORT", "send to another client port (for tests)"),
        ];
        lines.into_iter().filter(|(has, ..)| *has).map(|(_, flag, meaning)| (flag, meaning))
    }

    /// The manual page, in troff.
    #[must_use]
    pub fn manual(&self) -> String {
        let plain = |text: &str| text.replace('-', "\\-");
        let (name, title) = (plain(self.name), plain(self.title));
        let mut text = format!(
            ".TH {} 8 \"\" \"{}\" \"Kea servers\"\n.SH NAME\n{name} \\- {title}\n.SH SYNOPSIS\n.B {name}\n",
            name.to_uppercase(),
            plain(PRODUCT),
        );
        for (flag, _) in self.flags() {
            let _ = writeln!(text, "[{}]", plain(flag));
        }
        text.push_str(".SH OPTIONS\n");
        for (flag, meaning) in self.flags() {
            let _ = writeln!(text, ".TP\n.B {}\n{}.", plain(flag), plain(meaning));
        }
        text.push_str(
            ".SH SIGNALS\nSIGHUP reads the configuration file again; SIGTERM and SIGINT end the program.\n\
             .SH EXIT STATUS\n0 after a clean end or a check that found nothing wrong, 1 on any failure; the command\n\
             .B shutdown\ncan ask for another.\n\
             .SH SEE ALSO\n.BR kea\\-commands (7),\n.BR kea\\-shell (8),\n.BR keactrl (8)\n",
        );
        text
    }
}

fn port(which: &'static str, value: &std::ffi::OsStr) -> Result<u16, UsageError> {
    let text = value.to_string_lossy();
    text.parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| UsageError::Port { which, value: text.into_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SERVER: Program = Program {
        name: "kea-dhcp4",
        title: "DHCPv4 server",
        full_check: true,
        exit_on_fatal: true,
        repair: true,
        ports: true,
    };
    const AGENT: Program = Program {
        name: "kea-ctrl-agent",
        title: "control agent",
        full_check: false,
        exit_on_fatal: false,
        repair: false,
        ports: false,
    };

    fn parse(arguments: &str) -> Result<Arguments, String> {
        SERVER.parse(arguments.split_whitespace()).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_may_be_joined_and_values_attached() {
        let all = parse("-dXFR -c kea.conf -p 6767 -P6868").unwrap();
        assert_eq!(
            all,
            Arguments {
                action: Action::Run,
                config: Some("kea.conf".into()),
                verbose: true,
                relaxed: true,
                exit_on_fatal: true,
                repair: true,
                server_port: Some(6767),
                client_port: Some(6868),
            }
        );
        assert_eq!(parse("-dckea.conf").unwrap().config, Some("kea.conf".into()));
        let check = parse("-c a.conf -t b.conf").unwrap();
        assert_eq!((check.action, check.config), (Action::Check, Some("b.conf".into())));
        assert_eq!(parse("-X -T x").unwrap().action, Action::FullCheck);
    }

    #[test]
    fn questions_need_no_configuration() {
        for (flag, action) in [
            ("-v", Action::Version),
            ("-V", Action::ExtendedVersion),
            ("-W", Action::BuildReport),
            ("-v -z", Action::Version),
            ("--version", Action::Version),
            ("--help", Action::Help),
        ] {
            assert_eq!(parse(flag).unwrap().action, action, "{flag}");
        }
    }

    #[test]
    fn errors_are_worded_as_getopt_s() {
        for (arguments, text) in [
            ("", "Configuration file not specified."),
            ("-d", "Configuration file not specified."),
            ("-z", "kea-dhcp4: invalid option -- 'z'"),
            ("--colour", "kea-dhcp4: invalid option -- 'colour'"),
            ("-c", "kea-dhcp4: option requires an argument -- 'c'"),
            ("-c a b", "kea-dhcp4: unexpected argument 'b'"),
            ("-p 99999 -c x", "Failed to parse server port number: [99999], 1-65535 allowed."),
            ("-P 0 -c x", "Failed to parse client port number: [0], 1-65535 allowed."),
            ("-p -1 -c x", "Failed to parse server port number: [-1], 1-65535 allowed."),
        ] {
            assert_eq!(parse(arguments), Err(text.to_owned()), "{arguments}");
        }
        for flag in ["-T", "-F", "-R", "-p", "-P"] {
            assert!(matches!(AGENT.parse([flag, "x"]), Err(UsageError::Option { .. })), "{flag}");
        }
    }

    #[test]
    fn usage_lists_what_the_program_has() {
        assert!(SERVER.usage().contains(
            "Usage: kea-dhcp4 [-v|-V|-W] [-d] [-X] [-{c|t|T} FILE] [-F] [-R] [-p PORT] [-P PORT]\n"
        ));
        assert!(SERVER.usage().contains("  -T FILE  as -t"));
        assert!(!AGENT.usage().contains("-T"));
    }

    proptest! {
        #[test]
        fn any_arguments_are_read_or_refused(arguments in prop::collection::vec("-?[cdtTvVWXFRpPh=a0-9é]{0,6}|--?.{0,5}", 0..6)) {
            if let Ok(parsed) = SERVER.parse(&arguments) {
                let question = matches!(
                    parsed.action,
                    Action::Version | Action::ExtendedVersion | Action::BuildReport | Action::Help
                );
                prop_assert!(question || parsed.config.is_some());
            }
        }
    }
}
