//! Making and upgrading the tables of a database server: the order of things, over a connection that does them.

use crate::Version;
use crate::columns;
use crate::script::{self, Condition, Kind, Statement};

/// What a connection does for a schema. Statements have no parameters.
pub trait Connection {
    type Error: std::error::Error;

    fn run(&mut self, statement: &str) -> Result<(), Self::Error>;

    /// The first row of a query for two integers.
    fn row(&mut self, query: &str) -> Result<Option<(i64, i64)>, Self::Error>;

    /// The statement failed because what it makes is there, or what it removes is gone.
    fn is_done(error: &Self::Error) -> bool;
}

/// What databases do differently here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    MySql,
    PostgreSql,
}

/// The schema of a kind of database, as scripts ([`script`]).
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub dialect: Dialect,
    pub tables: &'static str,
    pub routines: &'static str,
    /// Steps from [`oldest`](Self::oldest) to the last version.
    pub upgrade: &'static str,
    /// Major version from which databases can be upgraded.
    pub oldest: u32,
    /// Routines that earlier versions have and the last one has not.
    pub obsolete: &'static [(Kind, &'static str)],
}

/// Why a schema stays as it is, or where an upgrade ended.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError<E: std::error::Error> {
    #[error(
        "version {found} of the schema is older than {oldest}.0 (Kea 2.2.0); upgrade it with the kea-admin of Kea first"
    )]
    TooOld { found: Version, oldest: u32 },
    #[error("version {found} of the schema is newer than {current}, the newest known here")]
    Newer { found: Version, current: Version },
    #[error(
        "the step to version {to}.0 failed, the schema is at version {reached}: {error}; statement: {statement}"
    )]
    Step { to: u32, reached: Version, statement: String, error: E },
    #[error("{error}; statement: {statement}")]
    Statement { statement: String, error: E },
    #[error("{0}")]
    Query(E),
}

/// Rows that every database has: table, its columns, numbers and names.
type Seed = (&'static str, [&'static str; 2], &'static [(i64, &'static str)]);

static SEEDS: &[Seed] = &[
    ("modification", ["id", "modification_type"], columns::MODIFICATIONS),
    ("parameter_data_type", ["id", "name"], columns::PARAMETER_TYPES),
    ("option_def_data_type", ["id", "name"], columns::DATA_TYPES),
    ("dhcp_option_scope", ["scope_id", "scope_name"], columns::SCOPES),
    (
        "ddns_replace_client_name_types",
        ["type", "name"],
        &[(0, "RCM_NEVER"), (1, "RCM_ALWAYS"), (2, "RCM_WHEN_PRESENT"), (3, "RCM_WHEN_NOT_PRESENT")],
    ),
    (
        "host_identifier_type",
        ["type", "name"],
        &[(0, "hw-address"), (1, "duid"), (2, "circuit-id"), (3, "client-id"), (4, "flex-id")],
    ),
    (
        "lease_state",
        ["state", "name"],
        &[(0, "default"), (1, "declined"), (2, "expired-reclaimed"), (3, "released"), (4, "registered")],
    ),
    (
        "lease_hwaddr_source",
        ["hwaddr_source", "name"],
        &[
            (0, "HWADDR_SOURCE_UNKNOWN"),
            (1, "HWADDR_SOURCE_RAW"),
            (2, "HWADDR_SOURCE_IPV6_LINK_LOCAL"),
            (4, "HWADDR_SOURCE_DUID"),
            (8, "HWADDR_SOURCE_CLIENT_ADDR_RELAY_OPTION"),
            (16, "HWADDR_SOURCE_REMOTE_ID"),
            (32, "HWADDR_SOURCE_SUBSCRIBER_ID"),
            (64, "HWADDR_SOURCE_DOCSIS_CMTS"),
            (128, "HWADDR_SOURCE_DOCSIS_MODEM"),
        ],
    ),
    ("lease6_types", ["lease_type", "name"], &[(0, "IA_NA"), (2, "IA_PD")]),
];

/// The logical server `all`, which has the id 1.
const SERVERS: &str = "INSERT INTO dhcp@_server (tag, description, modification_ts)
  VALUES ('all', 'special type: all servers', CURRENT_TIMESTAMP)";

impl Schema {
    /// The version that databases have in the end.
    #[must_use]
    pub fn current(&self) -> Version {
        let last = script::steps(self.upgrade, self.tables).last().map_or(self.oldest, |step| step.major);
        Version { major: last, minor: 0 }
    }

    /// The version of a database; `None` if it does not say.
    pub fn version<C: Connection>(connection: &mut C) -> Result<Option<Version>, C::Error> {
        let row = connection.row("SELECT version, minor FROM schema_version")?;
        let number = |n: i64| u32::try_from(n).unwrap_or(0);
        Ok(row.map(|(major, minor)| Version { major: number(major), minor: number(minor) }))
    }

    /// Makes everything in an empty database. If that fails, the database is empty again.
    pub fn create<C: Connection>(&self, connection: &mut C) -> Result<(), SchemaError<C::Error>> {
        let mut statements = script::statements(self.tables);
        statements.extend(self.seeds());
        statements.extend(script::statements(self.routines));
        self.begin(connection)?;
        for statement in &statements {
            if let Err(error) = connection.run(&statement.sql) {
                self.undo(connection);
                return Err(SchemaError::Statement { statement: statement.sql.clone(), error });
            }
        }
        self.commit(connection)
    }

    /// Brings a database to the current version, step by step; `told` hears of each version before the step to it. What
    /// a failed step leaves is the version before, from which the next upgrade goes on.
    pub fn upgrade<C: Connection>(
        &self,
        connection: &mut C,
        told: &mut dyn FnMut(u32),
    ) -> Result<Version, SchemaError<C::Error>> {
        let current = self.current();
        let nothing = Version { major: 0, minor: 0 };
        let found = Self::version(connection).map_err(SchemaError::Query)?.unwrap_or(nothing);
        if found.major < self.oldest {
            return Err(SchemaError::TooOld { found, oldest: self.oldest });
        }
        if (found.major, found.minor) > (current.major, current.minor) {
            return Err(SchemaError::Newer { found, current });
        }
        let mut reached = found;
        for step in script::steps(self.upgrade, self.tables) {
            if step.major <= found.major {
                continue;
            }
            told(step.major);
            let mut statements = step.statements;
            if step.major == current.major {
                statements.extend(self.without_routines());
                statements.extend(script::statements(self.routines));
            }
            statements.push(plain(format!("UPDATE schema_version SET version = {}, minor = 0", step.major)));
            let failed = |statement: &str, error| SchemaError::Step {
                to: step.major,
                reached,
                statement: statement.to_owned(),
                error,
            };
            self.begin(connection)?;
            for statement in &statements {
                if let Err(error) = run(connection, statement) {
                    self.undo_step(connection);
                    return Err(failed(&statement.sql, error));
                }
            }
            self.commit(connection)?;
            reached = Version { major: step.major, minor: 0 };
        }
        Ok(reached)
    }

    fn begin<C: Connection>(&self, connection: &mut C) -> Result<(), SchemaError<C::Error>> {
        // What upgrades change is not the doing of an administrator.
        let statements: &[&str] = match self.dialect {
            Dialect::MySql => &["SET @disable_audit = 1"],
            Dialect::PostgreSql => &["BEGIN", "SET LOCAL kea.disable_audit = 'true'"],
        };
        statements.iter().try_for_each(|statement| all(connection, statement))
    }

    fn commit<C: Connection>(&self, connection: &mut C) -> Result<(), SchemaError<C::Error>> {
        all(connection, if self.dialect == Dialect::MySql { "SET @disable_audit = NULL" } else { "COMMIT" })
    }

    fn undo_step<C: Connection>(&self, connection: &mut C) {
        // The error that led here is the one to report.
        let _ = connection.run(if self.dialect == Dialect::MySql {
            "SET @disable_audit = NULL"
        } else {
            "ROLLBACK"
        });
    }

    fn undo<C: Connection>(&self, connection: &mut C) {
        self.undo_step(connection);
        if self.dialect == Dialect::MySql {
            for statement in self.without_routines() {
                let _ = connection.run(&statement.sql);
            }
            for statement in script::statements(self.tables).iter().rev() {
                if let Some((Kind::Table, name)) = statement.makes() {
                    let _ = connection.run(&format!("DROP TABLE IF EXISTS {name}"));
                }
            }
        }
    }

    /// The rows of the tables of numbers and names, the version, and the server `all`.
    fn seeds(&self) -> Vec<Statement> {
        let tables = script::statements(self.tables);
        let there = |name: &str| tables.iter().any(|table| table.makes() == Some((Kind::Table, name)));
        let mut statements = vec![plain(format!(
            "INSERT INTO schema_version (version, minor) VALUES ({}, 0)",
            self.current().major
        ))];
        for (table, [number, name], rows) in SEEDS.iter().filter(|(table, ..)| there(table)) {
            let rows: Vec<String> = rows.iter().map(|(n, text)| format!("({n}, '{text}')")).collect();
            statements
                .push(plain(format!("INSERT INTO {table} ({number}, {name}) VALUES {}", rows.join(", "))));
        }
        statements.extend(script::statements(SERVERS));
        statements
    }

    /// Removes all routines and triggers of this and earlier versions.
    fn without_routines(&self) -> Vec<Statement> {
        let routines = script::statements(self.routines);
        let mut names: Vec<(Kind, &str)> = routines.iter().filter_map(Statement::makes).collect();
        names.extend(self.obsolete);
        names.sort_unstable();
        match self.dialect {
            Dialect::MySql => names
                .into_iter()
                .map(|(kind, name)| plain(format!("DROP {} IF EXISTS {name}", kind.keyword())))
                .collect(),
            // Triggers go with their functions. The functions that loops in the script make are known by their prefix.
            Dialect::PostgreSql => {
                let functions: Vec<String> = names
                    .into_iter()
                    .filter(|(kind, _)| *kind == Kind::Function)
                    .map(|(_, name)| format!("'{name}'"))
                    .collect();
                vec![plain(format!(
                    "DO $do$
                     DECLARE
                       routine REGPROCEDURE;
                     BEGIN
                       FOR routine IN SELECT oid FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
                           AND (proname LIKE 'func\\_dhcp_\\_%' OR proname IN ({})) LOOP
                         EXECUTE 'DROP FUNCTION ' || routine || ' CASCADE';
                       END LOOP;
                     END $do$",
                    functions.join(", ")
                ))]
            }
        }
    }
}

fn plain(sql: String) -> Statement {
    Statement { condition: None, sql }
}

fn all<C: Connection>(connection: &mut C, statement: &str) -> Result<(), SchemaError<C::Error>> {
    connection
        .run(statement)
        .map_err(|error| SchemaError::Statement { statement: statement.to_owned(), error })
}

/// A statement of a step, which may have been done before.
fn run<C: Connection>(connection: &mut C, statement: &Statement) -> Result<(), C::Error> {
    if let Some(Condition { table, column, data_type }) = &statement.condition {
        let holds = connection.row(&format!(
            "SELECT COUNT(*), 0 FROM information_schema.columns WHERE table_schema = DATABASE() \
             AND table_name = '{table}' AND column_name = '{column}' AND data_type = '{data_type}'"
        ))?;
        if holds.is_none_or(|(columns, _)| columns == 0) {
            return Ok(());
        }
    }
    let makes =
        ["ALTER TABLE ", "CREATE TABLE ", "CREATE INDEX "].iter().any(|s| statement.sql.starts_with(s));
    match connection.run(&statement.sql) {
        Err(error) if makes && C::is_done(&error) => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, thiserror::Error)]
    enum Fault {
        #[error("exists")]
        Exists,
        #[error("no room")]
        NoRoom,
    }

    /// Notes statements; those that hold a text fail.
    #[derive(Default)]
    struct Fake {
        version: Option<(i64, i64)>,
        ran: Vec<String>,
        exists: &'static str,
        fails: &'static str,
    }

    impl Connection for Fake {
        type Error = Fault;

        fn run(&mut self, statement: &str) -> Result<(), Fault> {
            if !self.exists.is_empty() && statement.contains(self.exists) {
                return Err(Fault::Exists);
            }
            if !self.fails.is_empty() && statement.contains(self.fails) {
                return Err(Fault::NoRoom);
            }
            if let Some(version) = statement.strip_prefix("UPDATE schema_version SET version = ") {
                self.version = Some((version.split(',').next().unwrap().parse().unwrap(), 0));
            }
            self.ran.push(statement.to_owned());
            Ok(())
        }

        fn row(&mut self, query: &str) -> Result<Option<(i64, i64)>, Fault> {
            Ok(if query.contains("schema_version") { self.version } else { Some((1, 0)) })
        }

        fn is_done(error: &Fault) -> bool {
            *error == Fault::Exists
        }
    }

    const SCHEMA: Schema = Schema {
        dialect: Dialect::MySql,
        tables: "CREATE TABLE schema_version (version INT)\n\nCREATE TABLE modification (id INT)",
        routines: "CREATE TRIGGER t@ AFTER INSERT ON lease@ FOR EACH ROW CALL p@()\n\nCREATE PROCEDURE p@()",
        upgrade: "== 15\n\nALTER TABLE a ADD b INT\n\n== 16\n\nALTER TABLE c ADD d INT\n\nUPDATE c SET d = 1",
        oldest: 14,
        obsolete: &[(Kind::Function, "old")],
    };

    #[test]
    fn creation() {
        let mut fake = Fake::default();
        SCHEMA.create(&mut fake).unwrap();
        let ran = fake.ran.join("\n");
        assert!(ran.contains("INSERT INTO schema_version (version, minor) VALUES (16, 0)"), "{ran}");
        assert!(ran.contains("VALUES (0, 'create'), (1, 'update'), (2, 'delete')"), "{ran}");
        assert!(ran.contains("INSERT INTO dhcp6_server"), "{ran}");
        assert!(!ran.contains("lease_state"), "a table that the script does not make: {ran}");
        assert!(ran.find("dhcp6_server").unwrap() < ran.find("CREATE TRIGGER").unwrap());
    }

    #[test]
    fn a_failed_creation_leaves_nothing() {
        let mut fake = Fake { fails: "CREATE PROCEDURE p6", ..Fake::default() };
        let error = SCHEMA.create(&mut fake).unwrap_err();
        assert!(error.to_string().starts_with("no room; statement: CREATE PROCEDURE p6()"), "{error}");
        for gone in ["DROP TABLE IF EXISTS schema_version", "DROP PROCEDURE IF EXISTS p4"] {
            assert!(fake.ran.iter().any(|s| s == gone), "{gone}: {:?}", fake.ran);
        }
    }

    #[test]
    fn upgrades_go_on_where_they_ended() {
        let mut fake = Fake { version: Some((14, 0)), fails: "UPDATE c", ..Fake::default() };
        let mut told = Vec::new();
        let error = SCHEMA.upgrade(&mut fake, &mut |major| told.push(major)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the step to version 16.0 failed, the schema is at version 15.0: no room; statement: UPDATE c SET d = 1"
        );
        assert_eq!((told, fake.version), (vec![15, 16], Some((15, 0))));

        // The column is there now.
        let mut fake = Fake { version: fake.version, exists: "ADD d", ..Fake::default() };
        assert_eq!(SCHEMA.upgrade(&mut fake, &mut |_| ()).unwrap(), SCHEMA.current());
        let ran = fake.ran.join("\n");
        assert!(ran.contains("UPDATE c SET d = 1") && !ran.contains("ADD b"), "{ran}");
        assert!(ran.find("DROP FUNCTION IF EXISTS old").unwrap() < ran.find("CREATE TRIGGER t4").unwrap());
        assert_eq!(fake.version, Some((16, 0)));
    }

    #[test]
    fn what_can_not_be_upgraded() {
        for (version, text) in [
            (None, "version 0.0 of the schema is older than 14.0"),
            (Some((13, 0)), "version 13.0 of the schema is older than 14.0"),
            (Some((16, 1)), "version 16.1 of the schema is newer than 16.0"),
        ] {
            let mut fake = Fake { version, ..Fake::default() };
            let error = SCHEMA.upgrade(&mut fake, &mut |_| ()).unwrap_err();
            assert!(error.to_string().starts_with(text), "{error}");
            assert!(fake.ran.is_empty());
        }
    }
}
