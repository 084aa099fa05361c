//! The command line of `kea-admin`: a command, a kind of database, parameters.

use std::ffi::OsString;
use std::fmt;
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
    ConfigImport,
    ConfigExport,
}

const COMMANDS: [(Command, &str, &str); 8] = [
    (Command::DbInit, "db-init", "creates the tables of a new database, or a new lease file"),
    (Command::DbVersion, "db-version", "prints the version of the schema"),
    (Command::DbUpgrade, "db-upgrade", "brings the schema up to date; stop the servers before"),
    (Command::LeaseDump, "lease-dump", "writes the leases of a database to a lease file"),
    (Command::LeaseUpload, "lease-upload", "reads the leases of a lease file into a database"),
    (Command::StatsRecount, "stats-recount", "counts the leases of a database anew"),
    (
        Command::ConfigImport,
        "config-import",
        "moves the configurations of servers into a configuration database",
    ),
    (Command::ConfigExport, "config-export", "writes the whole configuration of servers to files again"),
];

impl Command {
    pub(crate) fn name(self) -> &'static str {
        COMMANDS.iter().find(|(command, ..)| *command == self).map_or("", |(_, name, _)| name)
    }

    /// Takes servers with their files.
    pub(crate) fn moves(self) -> bool {
        matches!(self, Self::ConfigImport | Self::ConfigExport)
    }
}

/// On what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Memfile,
    Sqlite,
    Mysql,
    Pgsql,
}

const BACKENDS: [(Backend, &str); 4] = [
    (Backend::Memfile, "memfile"),
    (Backend::Mysql, "mysql"),
    (Backend::Pgsql, "pgsql"),
    (Backend::Sqlite, "sqlite"),
];

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        BACKENDS.iter().find(|(backend, _)| *backend == self).map_or("", |(_, name)| name)
    }

    /// Its `type` in `config-databases`.
    pub(crate) fn config_type(self) -> &'static str {
        if self == Self::Pgsql { "postgresql" } else { self.name() }
    }

    /// Reached over a connection, with user and password.
    fn is_server(self) -> bool {
        matches!(self, Self::Mysql | Self::Pgsql)
    }
}

/// With which password.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Password {
    /// Not said: the environment's, or that of Kea's examples.
    #[default]
    Unsaid,
    /// `-p` at the end of the line.
    Ask,
    Given(String),
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsaid => "Unsaid",
            Self::Ask => "Ask",
            Self::Given(_) => "Given",
        })
    }
}

/// A server of `config-import` and `config-export`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerFile {
    /// `TAG=FILE`; otherwise the file's `server-tag`.
    pub(crate) tag: Option<String>,
    /// `config-export` takes a tag alone, with `TAG=`.
    pub(crate) file: Option<PathBuf>,
}

/// With what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// `-n`: the file, or the name of the database.
    pub(crate) name: Option<PathBuf>,
    /// `-4`, `-6`.
    pub(crate) family: Option<Family>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) password: Password,
    /// `-x`: what clients of the database would be told.
    pub(crate) extra: Vec<String>,
    pub(crate) input: Option<PathBuf>,
    pub(crate) output: Option<PathBuf>,
    /// `-y`: what would be asked is so.
    pub(crate) yes: bool,
    /// `--dry-run`: the plan alone.
    pub(crate) dry_run: bool,
    pub(crate) servers: Vec<ServerFile>,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Version,
    ExtendedVersion,
    Help,
    Run(Command, Backend, Box<Parameters>),
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
    #[error("{0} requires a parameter")]
    NoValue(&'static str),
    #[error("you may not specify both -4 and -6")]
    BothFamilies,
    #[error("-P or --port requires a port number, not {0}")]
    Port(String),
    #[error("option {0} belongs to database servers; memfile and sqlite have none")]
    ServerOption(String),
    #[error("option {0} belongs to other commands than {1}")]
    OtherCommand(String, &'static str),
    #[error("option -d or --directory is not supported: the scripts are part of kea-admin")]
    Directory,
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
        let backend = BACKENDS
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(backend, _)| *backend)
            .ok_or(UsageError::Backend(name))?;
        let mut parameters = Parameters::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| UsageError::Option(error.to_string()))? {
            let shown = shown(&argument);
            match argument {
                Arg::Short('n') | Arg::Long("name") => {
                    parameters.name = Some(value(&mut parser, "-n or --name")?.into());
                }
                Arg::Short('4') => parameters.set_family(Family::V4)?,
                Arg::Short('6') => parameters.set_family(Family::V6)?,
                Arg::Short('y') | Arg::Long("yes") => parameters.yes = true,
                Arg::Short('v') | Arg::Long("version") => return Ok(Self::Version),
                Arg::Short('d') | Arg::Long("directory") => return Err(UsageError::Directory),
                Arg::Short('h' | 'P' | 'u' | 'p' | 'x')
                | Arg::Long("host" | "port" | "user" | "password" | "extra")
                    if !backend.is_server() =>
                {
                    return Err(UsageError::ServerOption(shown));
                }
                Arg::Short('h') | Arg::Long("host") => {
                    parameters.host = Some(text(&mut parser, "-h or --host")?);
                }
                Arg::Short('P') | Arg::Long("port") => {
                    let port = text(&mut parser, "-P or --port")?;
                    parameters.port = Some(port.parse().map_err(|_| UsageError::Port(port))?);
                }
                Arg::Short('u') | Arg::Long("user") => {
                    parameters.user = Some(text(&mut parser, "-u or --user")?);
                }
                // Whatever follows is the password; nothing: it is asked for.
                Arg::Short('p') | Arg::Long("password") => {
                    parameters.password = match parser.value() {
                        Ok(value) => Password::Given(value.to_string_lossy().into_owned()),
                        Err(_) => Password::Ask,
                    };
                }
                Arg::Short('x') | Arg::Long("extra") => {
                    parameters.extra.push(text(&mut parser, "-x or --extra")?);
                }
                Arg::Short('i') | Arg::Long("input") if command == Command::LeaseUpload => {
                    parameters.input = Some(value(&mut parser, "-i or --input")?.into());
                }
                Arg::Short('o') | Arg::Long("output") if command == Command::LeaseDump || command.moves() => {
                    parameters.output = Some(value(&mut parser, "-o or --output")?.into());
                }
                Arg::Short('i' | 'o') | Arg::Long("input" | "output") => {
                    return Err(UsageError::OtherCommand(shown, command.name()));
                }
                Arg::Long("dry-run") if command == Command::ConfigImport => parameters.dry_run = true,
                Arg::Value(value) if command.moves() => {
                    parameters.servers.push(ServerFile::of(&value.to_string_lossy()));
                }
                _ => return Err(UsageError::Option(shown)),
            }
        }
        Ok(Self::Run(command, backend, Box::new(parameters)))
    }
}

impl ServerFile {
    fn of(text: &str) -> Self {
        let path = |text: &str| Some(text).filter(|text| !text.is_empty()).map(PathBuf::from);
        match text.split_once('=') {
            Some((tag, file)) if !tag.contains('/') => Self { tag: Some(tag.to_owned()), file: path(file) },
            _ => Self { tag: None, file: path(text) },
        }
    }
}

fn value(parser: &mut lexopt::Parser, option: &'static str) -> Result<OsString, UsageError> {
    parser.value().ok().filter(|value| !value.is_empty()).ok_or(UsageError::NoValue(option))
}

fn text(parser: &mut lexopt::Parser, option: &'static str) -> Result<String, UsageError> {
    value(parser, option).map(|value| value.to_string_lossy().into_owned())
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
    let backends: Vec<&str> = BACKENDS.iter().map(|(_, name)| *name).collect();
    text.push_str(&format!(
        "\nBACKEND: {}\n\
         \nparameters:\n  \
         -n or --name NAME   the database (keatest), its file (sqlite), or the lease file (memfile)\n  \
         -h or --host NAME   where the database server is (localhost); a path is that of its socket\n  \
         -P or --port PORT   the TCP port of the database server\n  \
         -u or --user NAME   the user of the database (keatest)\n  \
         -p or --password [PASSWORD]\n                      \
         the user's password; asked for when it is left out, otherwise that of the environment\n                      \
         variable KEA_ADMIN_DB_PASSWORD\n  \
         -x or --extra ARGUMENT\n                      \
         mysql: --ssl, --ssl-ca=FILE, --ssl-cert=FILE, --ssl-key=FILE, --ssl-verify-server-cert,\n                      \
         --socket=FILE; pgsql: sslmode=MODE, sslrootcert=FILE, sslcert=FILE, sslkey=FILE\n  \
         -4, -6              whose leases or configurations\n  \
         -i or --input FILE  lease-upload: the lease file\n  \
         -o or --output FILE lease-dump: the lease file; config-import and config-export: the directory for the\n                      \
         files of servers\n  \
         -y or --yes         assume yes; nothing is asked\n  \
         --dry-run           config-import: show the plan and change nothing\n  \
         [TAG=]FILE ...      config-import, config-export: the servers, each by its tag and its file\n  \
         -v or --version     prints the version\n",
        backends.join("|")
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The manual page is the help.
    #[test]
    fn the_manual_page_is_current() {
        let plain = |text: &str| text.replace('\\', "\\e").replace('-', "\\-");
        let wanted = format!(
            ".TH KEA\\-ADMIN 8 \"\" \"kea\\-rs\" \"Kea servers\"\n.SH NAME\n\
             kea\\-admin \\- takes care of the databases of the Kea servers\n.SH DESCRIPTION\n.nf\n{}.fi\n\
             .SH EXIT STATUS\n0 when all was done; 1 when something failed.\n.SH SEE ALSO\n\
             .BR kea\\-dhcp4 (8),\n.BR kea\\-dhcp6 (8)\n",
            plain(&usage())
        );
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/man/kea-admin.8");
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::write(path, &wanted).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), wanted, "run with UPDATE_REFERENCE=1");
    }

    fn parse(line: &str) -> Result<Request, String> {
        Request::parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    fn run(command: Command, backend: Backend, parameters: Parameters) -> Request {
        Request::Run(command, backend, Box::new(parameters))
    }

    #[test]
    fn requests() {
        let named = |family| Parameters { name: Some("f.db".into()), family, ..Parameters::default() };
        for (line, request) in [
            ("db-init sqlite -n f.db", run(Command::DbInit, Backend::Sqlite, named(None))),
            ("db-version sqlite --name=f.db", run(Command::DbVersion, Backend::Sqlite, named(None))),
            (
                "db-upgrade memfile -4 -y -n f.db",
                run(
                    Command::DbUpgrade,
                    Backend::Memfile,
                    Parameters { yes: true, ..named(Some(Family::V4)) },
                ),
            ),
            (
                "db-init mysql -u keauser -p keapass -n keadb -h 192.0.2.1 -P 3307 -x --ssl",
                run(
                    Command::DbInit,
                    Backend::Mysql,
                    Parameters {
                        name: Some("keadb".into()),
                        host: Some("192.0.2.1".into()),
                        port: Some(3307),
                        user: Some("keauser".into()),
                        password: Password::Given("keapass".into()),
                        extra: vec!["--ssl".into()],
                        ..Parameters::default()
                    },
                ),
            ),
            (
                "lease-dump pgsql -4 -o out.csv -p",
                run(
                    Command::LeaseDump,
                    Backend::Pgsql,
                    Parameters {
                        family: Some(Family::V4),
                        output: Some("out.csv".into()),
                        password: Password::Ask,
                        ..Parameters::default()
                    },
                ),
            ),
            (
                "config-import sqlite -n f.db --dry-run hq=a.conf ./x=y/b.conf",
                run(
                    Command::ConfigImport,
                    Backend::Sqlite,
                    Parameters {
                        dry_run: true,
                        servers: vec![
                            ServerFile { tag: Some("hq".into()), file: Some("a.conf".into()) },
                            ServerFile { tag: None, file: Some("./x=y/b.conf".into()) },
                        ],
                        ..named(None)
                    },
                ),
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
    fn passwords_are_not_shown() {
        let request = parse("db-init mysql -p geheim").unwrap();
        assert!(!format!("{request:?}").contains("geheim"));
    }

    #[test]
    fn refusals() {
        for (line, text) in [
            ("", "missing command"),
            ("db-destroy", "invalid command: db-destroy"),
            ("db-init", "missing backend"),
            ("db-init oracle", "invalid backend: oracle"),
            ("db-init sqlite -n", "-n or --name requires a parameter"),
            ("db-init mysql -P http", "-P or --port requires a port number, not http"),
            ("db-init sqlite -4 -6", "you may not specify both -4 and -6"),
            ("db-init sqlite -h host", "option -h belongs to database servers; memfile and sqlite have none"),
            ("db-init mysql -o file", "option -o belongs to other commands than db-init"),
            (
                "db-init mysql -d dir",
                "option -d or --directory is not supported: the scripts are part of kea-admin",
            ),
            ("db-init sqlite --zzz", "invalid option: --zzz"),
            ("db-init sqlite extra", "invalid option: extra"),
        ] {
            assert_eq!(parse(line), Err(text.to_owned()), "{line}");
        }
        assert!(COMMANDS.iter().all(|(_, name, _)| usage().contains(name)));
    }
}
