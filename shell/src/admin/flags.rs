//! The command line of `kea-admin`: a command, a kind of database, parameters.

use std::ffi::OsString;
use std::path::PathBuf;

use base::Family;
use lexopt::Arg;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    DbInit,
    DbVersion,
    DbUpgrade,
    LeaseDump,
    LeaseUpload,
    StatsRecount,
}

const COMMANDS: [(Command, &str, &str); 6] = [
    (Command::DbInit, "db-init", "creates the tables of a new database, or a new lease file"),
    (Command::DbVersion, "db-version", "prints the version of the schema"),
    (Command::DbUpgrade, "db-upgrade", "brings the schema up to date; stop the servers before"),
    (Command::LeaseDump, "lease-dump", "writes the leases of a database to a file"),
    (Command::LeaseUpload, "lease-upload", "reads the leases of a file into a database"),
    (Command::StatsRecount, "stats-recount", "counts the leases of a database anew"),
];

impl Command {
    pub(crate) fn name(self) -> &'static str {
        COMMANDS.iter().find(|(command, ..)| *command == self).map_or("", |(_, name, _)| name)
    }
}

/// On what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Memfile,
    Sqlite,
}

/// With what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// `-n`: the file.
    pub(crate) name: Option<PathBuf>,
    /// `-4`, `-6`.
    pub(crate) family: Option<Family>,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Version,
    ExtendedVersion,
    Help,
    Run(Command, Backend, Parameters),
}

/// Why a command line is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("missing command")]
    NoCommand,
    #[error("invalid command: {0}")]
    Command(String),
    #[error("missing backend")]
    NoBackend,
    #[error("invalid backend: {0}")]
    Backend(String),
    #[error("backend {0} is not supported by this release; supported are memfile and sqlite")]
    NotServed(String),
    #[error("{0} requires a parameter")]
    NoValue(&'static str),
    #[error("you may not specify both -4 and -6")]
    BothFamilies,
    #[error("option {0} belongs to database servers; memfile and sqlite have none")]
    ServerOption(String),
    #[error("option {0} belongs to lease-dump and lease-upload, which memfile and sqlite do not have")]
    LeaseOption(String),
    #[error("invalid option: {0}")]
    Option(String),
}

impl Request {
    /// Reads a command line without the name of the program.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut arguments = arguments.into_iter();
        let first = arguments.next().map(|first| first.to_string_lossy().into_owned());
        let command = match first.as_deref() {
            None => return Err(UsageError::NoCommand),
            Some("-v" | "--version") => return Ok(Self::Version),
            Some("-V") => return Ok(Self::ExtendedVersion),
            Some("-h" | "--help") => return Ok(Self::Help),
            Some(name) => COMMANDS
                .iter()
                .find(|(_, known, _)| *known == name)
                .map(|(command, ..)| *command)
                .ok_or_else(|| UsageError::Command(name.to_owned()))?,
        };
        let name = arguments.next().ok_or(UsageError::NoBackend)?.to_string_lossy().into_owned();
        let backend = match name.as_str() {
            "memfile" => Backend::Memfile,
            "sqlite" => Backend::Sqlite,
            "mysql" | "pgsql" => return Err(UsageError::NotServed(name)),
            _ => return Err(UsageError::Backend(name)),
        };
        let mut parameters = Parameters::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        let option = |error: lexopt::Error| UsageError::Option(error.to_string());
        while let Some(argument) = parser.next().map_err(option)? {
            match argument {
                Arg::Short('n') | Arg::Long("name") => {
                    let value = parser.value().map_err(|_| UsageError::NoValue("-n or --name"))?;
                    parameters.name = Some(value.into());
                }
                Arg::Short('4') => parameters.set_family(Family::V4)?,
                Arg::Short('6') => parameters.set_family(Family::V6)?,
                Arg::Short('y') | Arg::Long("yes") => {}
                Arg::Short('v') | Arg::Long("version") => return Ok(Self::Version),
                Arg::Short('h' | 'P' | 'u' | 'p' | 'x' | 'd')
                | Arg::Long("host" | "port" | "user" | "password" | "extra" | "directory") => {
                    return Err(UsageError::ServerOption(shown(&argument)));
                }
                Arg::Short('i' | 'o') | Arg::Long("input" | "output") => {
                    return Err(UsageError::LeaseOption(shown(&argument)));
                }
                other => return Err(UsageError::Option(shown(&other))),
            }
        }
        Ok(Self::Run(command, backend, parameters))
    }
}

impl Parameters {
    fn set_family(&mut self, family: Family) -> Result<(), UsageError> {
        if self.family.is_some_and(|other| other != family) {
            return Err(UsageError::BothFamilies);
        }
        self.family = Some(family);
        Ok(())
    }
}

fn shown(argument: &Arg<'_>) -> String {
    match argument {
        Arg::Short(c) => format!("-{c}"),
        Arg::Long(name) => format!("--{name}"),
        Arg::Value(value) => value.to_string_lossy().into_owned(),
    }
}

/// The lines that explain the command line.
pub(crate) fn usage() -> String {
    let mut text = String::from(
        "Usage: kea-admin COMMAND BACKEND [parameters]\n\nTakes care of the databases of the servers.\n\nCOMMAND:\n",
    );
    for (_, name, help) in COMMANDS {
        text.push_str(&format!("  {name:<15} {help}\n"));
    }
    text.push_str(
        "\nBACKEND: memfile|sqlite (mysql and pgsql are not supported by this release)\n\
         \nparameters:\n  \
         -n or --name FILE   the database file (sqlite), or the lease file (memfile)\n  \
         -4, -6              whose leases a lease file holds\n  \
         -y or --yes         assume yes; nothing is ever asked\n  \
         -v or --version     prints the version\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request, String> {
        Request::parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn requests() {
        let named = |family| Parameters { name: Some("f.db".into()), family };
        for (line, request) in [
            ("db-init sqlite -n f.db", Request::Run(Command::DbInit, Backend::Sqlite, named(None))),
            ("db-version sqlite --name=f.db", Request::Run(Command::DbVersion, Backend::Sqlite, named(None))),
            (
                "db-upgrade memfile -4 -y -n f.db",
                Request::Run(Command::DbUpgrade, Backend::Memfile, named(Some(Family::V4))),
            ),
            ("-v", Request::Version),
            ("--version", Request::Version),
            ("-V", Request::ExtendedVersion),
            ("--help", Request::Help),
        ] {
            assert_eq!(parse(line), Ok(request), "{line}");
        }
    }

    #[test]
    fn refusals() {
        for (line, text) in [
            ("", "missing command"),
            ("db-destroy", "invalid command: db-destroy"),
            ("db-init", "missing backend"),
            ("db-init oracle", "invalid backend: oracle"),
            (
                "db-init mysql -u x",
                "backend mysql is not supported by this release; supported are memfile and sqlite",
            ),
            (
                "db-init pgsql",
                "backend pgsql is not supported by this release; supported are memfile and sqlite",
            ),
            ("db-init sqlite -n", "-n or --name requires a parameter"),
            ("db-init sqlite -4 -6", "you may not specify both -4 and -6"),
            ("db-init sqlite -h host", "option -h belongs to database servers; memfile and sqlite have none"),
            ("db-init sqlite --zzz", "invalid option: --zzz"),
            ("db-init sqlite extra", "invalid option: extra"),
        ] {
            assert_eq!(parse(line), Err(text.to_owned()), "{line}");
        }
        assert!(COMMANDS.iter().all(|(_, name, _)| usage().contains(name)));
    }
}
