//! Databases of the types `mysql` and `pgsql`: servers, with Kea's schema.

use std::time::Duration;

use backend::schema::{Connection, Schema, SchemaError};
use sql::{Access, Error, Link, Tls, TlsMode};

use crate::flags::{Backend, Command, Parameters, Password};
use crate::{Failure, ask, leases, moving};

/// What Kea's examples use.
const DEFAULT: &str = "keatest";
const DEFAULT_PASSWORD: &str = "1234";

/// Environment variable with the password.
const PASSWORD: &str = "KEA_ADMIN_DB_PASSWORD";

/// Large tables take their time to be changed.
const STATEMENT: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn run(command: Command, backend: Backend, parameters: &Parameters) -> Result<(), Failure> {
    if command.moves() {
        return moving::run(command, backend, parameters);
    }
    leases::check(command, parameters)?;
    let access = access(backend, parameters)?;
    match backend {
        Backend::Mysql => Server {
            backend,
            access: &access,
            schema: &mysql::schema::SCHEMA,
            link: open(mysql::MySql::open(&access))?,
        }
        .run(command, parameters),
        _ => Server {
            backend,
            access: &access,
            schema: &postgres::schema::SCHEMA,
            link: open(postgres::PostgreSql::open(&access))?,
        }
        .run(command, parameters),
    }
}

fn open<L>(link: Result<L, Error>) -> Result<L, Failure> {
    link.map_err(|error| Failure::new(format!("cannot connect to the database: {error}")))
}

/// How to reach the database, with the password from wherever it comes.
pub(crate) fn access(backend: Backend, parameters: &Parameters) -> Result<Access, Failure> {
    let password = match &parameters.password {
        Password::Given(password) => password.clone(),
        Password::Ask => ask::password()?,
        Password::Unsaid => match std::env::var(PASSWORD) {
            Ok(password) => {
                println!("Using the value of {PASSWORD} for authentication...");
                password
            }
            Err(_) => DEFAULT_PASSWORD.to_owned(),
        },
    };
    let name =
        parameters.name.as_ref().map_or_else(|| DEFAULT.into(), |name| name.to_string_lossy().into_owned());
    let mut access = Access {
        host: parameters.host.clone().unwrap_or_else(|| "localhost".to_owned()),
        port: parameters.port.unwrap_or_default(),
        name,
        user: parameters.user.clone().unwrap_or_else(|| DEFAULT.to_owned()),
        password,
        connect_timeout: Duration::from_secs(10),
        statement_timeout: STATEMENT,
        tls: Tls::default(),
    };
    for argument in &parameters.extra {
        for word in argument.split_whitespace() {
            let known = if backend == Backend::Mysql {
                mysql_extra(&mut access, word)
            } else {
                pgsql_extra(&mut access, word)
            };
            known.ok_or_else(|| {
                Failure::new(format!("the extra argument {word} is not supported for {}", backend.name()))
            })?;
        }
    }
    Ok(access)
}

/// An argument of the client `mysql`.
fn mysql_extra(access: &mut Access, word: &str) -> Option<()> {
    let tls = &mut access.tls;
    let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    match (name, value) {
        ("--socket" | "-S", Some(path)) => path.clone_into(&mut access.host),
        ("--ssl", None) => tls.mode = tls.mode.max(TlsMode::Require),
        ("--ssl-verify-server-cert", None) => tls.mode = TlsMode::VerifyFull,
        ("--ssl-ca", Some(file)) => {
            tls.trust_anchor = Some(file.into());
            tls.mode = tls.mode.max(TlsMode::VerifyCa);
        }
        ("--ssl-cert", Some(file)) => {
            let key = tls.identity.take().map(|(_, key)| key).unwrap_or_default();
            tls.identity = Some((file.into(), key));
            tls.mode = tls.mode.max(TlsMode::Require);
        }
        ("--ssl-key", Some(file)) => {
            let certificate = tls.identity.take().map(|(certificate, _)| certificate).unwrap_or_default();
            tls.identity = Some((certificate, file.into()));
            tls.mode = tls.mode.max(TlsMode::Require);
        }
        _ => return None,
    }
    Some(())
}

/// A word of a connection string of PostgreSQL.
fn pgsql_extra(access: &mut Access, word: &str) -> Option<()> {
    let tls = &mut access.tls;
    match word.split_once('=')? {
        ("sslmode", mode) => {
            tls.mode = if mode == "allow" { TlsMode::Prefer } else { TlsMode::from_word(mode)? };
        }
        ("sslrootcert", file) => tls.trust_anchor = Some(file.into()),
        ("sslcert", file) => {
            let key = tls.identity.take().map(|(_, key)| key).unwrap_or_default();
            tls.identity = Some((file.into(), key));
        }
        ("sslkey", file) => {
            let certificate = tls.identity.take().map(|(certificate, _)| certificate).unwrap_or_default();
            tls.identity = Some((certificate, file.into()));
        }
        _ => return None,
    }
    Some(())
}
struct Server<'a, L> {
    backend: Backend,
    access: &'a Access,
    schema: &'static Schema,
    link: L,
}

impl<L: Link + Connection<Error = Error>> Server<'_, L> {
    fn run(&mut self, command: Command, parameters: &Parameters) -> Result<(), Failure> {
        match command {
            Command::DbInit => self.init(),
            Command::DbVersion => {
                println!("{}", self.version()?);
                Ok(())
            }
            Command::DbUpgrade => self.upgrade(),
            Command::LeaseDump => {
                let version = self.version()?;
                leases::dump(&self.link, version, parameters)
            }
            Command::LeaseUpload => leases::upload(&self.link, parameters),
            Command::StatsRecount => self.recount(),
            Command::ConfigImport | Command::ConfigExport => {
                Err(crate::not_for(command, self.backend.name()))
            }
        }
    }

    fn failed(error: Error) -> Failure {
        Failure::new(error.to_string())
    }

    fn texts(&self, query: &str) -> Result<Vec<String>, Failure> {
        let mut texts = Vec::new();
        self.link
            .query(query, &[], &mut |row| {
                texts.push(row.text(0)?.to_owned());
                Ok(())
            })
            .map_err(Self::failed)?;
        Ok(texts)
    }

    fn version(&mut self) -> Result<backend::Version, Failure> {
        match Schema::version(&mut self.link) {
            Ok(Some(version)) => Ok(version),
            Ok(None) => Err(Failure::new("Failed to get schema version, the table schema_version is empty")),
            Err(error) => Err(Failure::new(format!("Failed to get schema version: {error}"))),
        }
    }

    fn init(&mut self) -> Result<(), Failure> {
        println!("Checking if there is a database initialized already...");
        let tables = self.texts(match self.backend {
            Backend::Mysql => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1"
            }
            _ => {
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1"
            }
        })?;
        if !tables.is_empty() {
            // Kea's own exit codes.
            let code = if self.backend == Backend::Pgsql { 2 } else { 1 };
            return Err(Failure {
                text: format!(
                    "Expected empty database {}. Aborting, the following tables are present:\n        {}",
                    self.access.name,
                    tables.join("\n        ")
                ),
                code,
            });
        }
        self.may_create("create")?;
        println!("Initializing database {}", self.access.name);
        self.schema
            .create(&mut self.link)
            .map_err(|error| Failure::new(format!("Database initialization failed: {error}")))?;
        println!("Schema version reported after initialization: {}", self.version()?);
        Ok(())
    }

    fn upgrade(&mut self) -> Result<(), Failure> {
        let before = self.version()?;
        println!("Schema version reported before upgrade: {before}");
        if before != self.schema.current() {
            self.may_create("upgrade")?;
        }
        let told = &mut |major| println!("Upgrading the schema to version {major}.0...");
        let reached = self.schema.upgrade(&mut self.link, told).map_err(|error| {
            let text = match &error {
                SchemaError::Step { .. } => format!("{error}; kea-admin db-upgrade goes on from there"),
                _ => error.to_string(),
            };
            Failure::new(text)
        })?;
        println!("Schema version reported after upgrade: {reached}");
        Ok(())
    }

    /// Whether the user may make what the schema needs: servers that log for replication ask for more to make triggers.
    fn may_create(&mut self, verb: &str) -> Result<(), Failure> {
        if self.backend != Backend::Mysql {
            return Ok(());
        }
        println!("Verifying {verb} permissions for {}", self.access.user);
        let version = self.texts("SELECT CAST(VERSION() AS CHAR)")?;
        println!("MySQL Version is: {}", version.concat());
        let clean = "DROP TABLE IF EXISTS kea_dummy_table";
        let probe = [
            clean,
            "CREATE TABLE kea_dummy_table (dummy INT UNSIGNED NOT NULL PRIMARY KEY)",
            "CREATE TRIGGER kea_dummy_trigger BEFORE INSERT ON kea_dummy_table FOR EACH ROW BEGIN END",
        ];
        let outcome = probe.iter().try_for_each(|statement| self.link.script(statement));
        let cleaned = self.link.script(clean);
        outcome.and(cleaned).map_err(|error| {
            Failure::new(format!(
                "{verb} failed, the user, {}, has insufficient privileges: {error}",
                self.access.user
            ))
        })
    }

    fn recount(&self) -> Result<(), Failure> {
        println!("Recount lease statistics from database");
        let statements = [
            "DELETE FROM lease4_stat",
            "INSERT INTO lease4_stat (subnet_id, state, leases) \
             SELECT subnet_id, state, COUNT(*) FROM lease4 WHERE state IN (0, 1) GROUP BY subnet_id, state",
            "DELETE FROM lease4_pool_stat",
            "INSERT INTO lease4_pool_stat (subnet_id, pool_id, state, leases) \
             SELECT subnet_id, pool_id, state, COUNT(*) FROM lease4 WHERE state IN (0, 1) \
             GROUP BY subnet_id, pool_id, state",
            "DELETE FROM lease6_stat",
            "INSERT INTO lease6_stat (subnet_id, lease_type, state, leases) \
             SELECT subnet_id, lease_type, state, COUNT(*) FROM lease6 WHERE state IN (0, 1, 4) \
             GROUP BY subnet_id, lease_type, state",
            "DELETE FROM lease6_pool_stat",
            "INSERT INTO lease6_pool_stat (subnet_id, pool_id, lease_type, state, leases) \
             SELECT subnet_id, pool_id, lease_type, state, COUNT(*) FROM lease6 WHERE state IN (0, 1) \
             GROUP BY subnet_id, pool_id, lease_type, state",
        ];
        self.link.begin(sql::Mode::Write).map_err(Self::failed)?;
        for statement in statements {
            if let Err(error) = self.link.script(statement) {
                let _ = self.link.rollback();
                return Err(Failure::new(format!("failed to recount leases: {error}")));
            }
        }
        self.link.commit().map_err(Self::failed)
    }
}
