//! The tables, and how a file gets them.

use std::fmt::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use backend::columns::{self, Column, Form};
use backend::{BackendError, Version};
use base::Family;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use sql::{Error, of_family};

use crate::link::failed;

/// Version of the schema that this program makes and understands.
pub const VERSION: Version = Version { major: 1, minor: 0 };

/// What goes wrong with a file.
pub(crate) struct Fault(pub(crate) Error);

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(failed(&error))
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self(Error::Unavailable(error.to_string()))
    }
}

impl From<BackendError> for Fault {
    fn from(error: BackendError) -> Self {
        Self(error.into())
    }
}

/// In the header of the file: "Kea" and a zero.
const APPLICATION_ID: i32 = 0x4b65_6100;

/// Opens a file, which is created when it does not exist, and sees to it that it has the tables. Answers whether they
/// were made now.
pub(crate) fn open(path: &Path) -> Result<(Connection, bool), Fault> {
    match std::fs::OpenOptions::new().read(true).write(true).create_new(true).mode(0o640).open(path) {
        // The mode is exactly this whatever the umask: SQLite gives its journals the mode of the file.
        Ok(file) => file.set_permissions(std::fs::Permissions::from_mode(0o640))?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "foreign_keys", true)?;
    // A damaged file must not make the program run what it contains.
    connection.pragma_update(None, "trusted_schema", false)?;

    let there = has_tables(&connection)?;
    // Readers and a writer side by side; every commit on the medium before it is answered.
    let mode: String = connection.query_row("PRAGMA journal_mode = wal", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(
            BackendError::Schema(format!("the file system offers no WAL journal (it has '{mode}')")).into()
        );
    }
    connection.pragma_update(None, "synchronous", "full")?;
    let mut created = false;
    if !there {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been quicker.
        if !has_tables(&transaction)? {
            transaction.execute_batch(&script())?;
            created = true;
        }
        transaction.commit()?;
    }
    check(version(&connection)?)?;
    // Beside Kea's tables, and not counted in their version.
    connection.execute_batch(&history_script())?;
    add_hosts(&mut connection)?;
    Ok((connection, created))
}

/// Opens a file for looking at its version alone.
pub(crate) fn look(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    if has_tables(&connection)? {
        return Ok(connection);
    }
    Err(BackendError::Schema("the file has no tables of a configuration database".to_owned()).into())
}

/// Whether the file has our tables. Refuses files that have others.
fn has_tables(connection: &Connection) -> Result<bool, Fault> {
    let ours = connection
        .query_row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'", [], |_| {
            Ok(())
        })
        .optional()?;
    if ours.is_some() {
        return Ok(true);
    }
    let others: i64 = connection.query_row("SELECT COUNT(*) FROM sqlite_master", [], |row| row.get(0))?;
    if others > 0 {
        return Err(BackendError::Schema(
            "the file is a SQLite database of another program; it is left as it is".to_owned(),
        )
        .into());
    }
    Ok(false)
}

/// The version that a file says it has.
pub(crate) fn version(connection: &Connection) -> Result<Version, Fault> {
    let found = connection
        .query_row("SELECT version, minor FROM schema_version", [], |row| {
            Ok(Version { major: row.get(0)?, minor: row.get(1)? })
        })
        .optional()?;
    found.ok_or_else(|| {
        BackendError::Schema("the file does not say which version its tables have".to_owned()).into()
    })
}

fn check(found: Version) -> Result<(), Fault> {
    if found == VERSION {
        return Ok(());
    }
    Err(BackendError::Schema(format!(
        "the tables have version {found}, this program needs {VERSION}; see kea-admin db-upgrade"
    ))
    .into())
}

/// Everything an empty file needs.
fn script() -> String {
    let mut sql = format!("PRAGMA application_id = {APPLICATION_ID};\n");
    sql.push_str(
        "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, minor INTEGER NOT NULL) STRICT;\n\
         CREATE TABLE modification (id INTEGER PRIMARY KEY, modification_type TEXT NOT NULL) STRICT;\n\
         CREATE TABLE option_def_data_type (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;\n\
         CREATE TABLE parameter_data_type (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;\n\
         CREATE TABLE dhcp_option_scope (scope_id INTEGER PRIMARY KEY, scope_name TEXT NOT NULL) STRICT;\n",
    );
    let _ = writeln!(sql, "INSERT INTO schema_version VALUES ({}, {});", VERSION.major, VERSION.minor);
    for (table, rows) in [
        ("modification", columns::MODIFICATIONS),
        ("option_def_data_type", columns::DATA_TYPES),
        ("parameter_data_type", columns::PARAMETER_TYPES),
        ("dhcp_option_scope", columns::SCOPES),
    ] {
        for (number, name) in rows {
            let _ = writeln!(sql, "INSERT INTO {table} VALUES ({number}, '{name}');");
        }
    }
    for family in [Family::V4, Family::V6] {
        sql.push_str(&family_script(family));
    }
    sql
}

/// What each revision replaced: `before` is the object as JSON, or null when it was not there. Without foreign keys,
/// so that programs that do not know the table can delete audit rows.
fn history_script() -> String {
    let sql = "CREATE TABLE IF NOT EXISTS dhcp4_audit_history (
           revision_id INTEGER NOT NULL, object_type TEXT NOT NULL, object_id INTEGER NOT NULL, name TEXT NOT NULL,
           before TEXT, PRIMARY KEY (revision_id, object_type, object_id)
         ) STRICT, WITHOUT ROWID;\n";
    [Family::V4, Family::V6].map(|family| of_family(sql, family)).concat()
}

/// Adds the tables of host reservations to a file that has none.
fn add_hosts(connection: &mut Connection) -> Result<(), Fault> {
    let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'ipv6_reservations'";
    if connection.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0 {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if transaction.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0 {
        transaction.execute_batch(&host_script())?;
    }
    transaction.commit()?;
    Ok(())
}

fn host_script() -> String {
    let mut sql = String::from(
        "CREATE TABLE host_identifier_type (type INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
         CREATE TABLE hosts (
           host_id INTEGER PRIMARY KEY AUTOINCREMENT, dhcp_identifier BLOB NOT NULL,
           dhcp_identifier_type INTEGER NOT NULL REFERENCES host_identifier_type (type),
           dhcp4_subnet_id INTEGER, dhcp6_subnet_id INTEGER, ipv4_address INTEGER, hostname TEXT,
           dhcp4_client_classes TEXT, dhcp6_client_classes TEXT, dhcp4_next_server INTEGER,
           dhcp4_server_hostname TEXT, dhcp4_boot_file_name TEXT, user_context TEXT, auth_key TEXT
         ) STRICT;
         CREATE UNIQUE INDEX hosts_dhcp4_client ON hosts (dhcp_identifier, dhcp_identifier_type, dhcp4_subnet_id)
           WHERE dhcp4_subnet_id IS NOT NULL;
         CREATE UNIQUE INDEX hosts_dhcp6_client ON hosts (dhcp_identifier, dhcp_identifier_type, dhcp6_subnet_id)
           WHERE dhcp6_subnet_id IS NOT NULL;
         CREATE INDEX hosts_client ON hosts (dhcp_identifier, dhcp_identifier_type);
         CREATE INDEX hosts_address ON hosts (ipv4_address, dhcp4_subnet_id);
         CREATE INDEX hosts_hostname ON hosts (lower(hostname)) WHERE hostname IS NOT NULL;
         CREATE TABLE ipv6_reservations (
           reservation_id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL,
           prefix_len INTEGER NOT NULL DEFAULT 128, type INTEGER NOT NULL DEFAULT 0, dhcp6_iaid INTEGER,
           host_id INTEGER NOT NULL REFERENCES hosts (host_id) ON DELETE CASCADE,
           excluded_prefix TEXT, excluded_prefix_len INTEGER NOT NULL DEFAULT 0
         ) STRICT;
         CREATE INDEX ipv6_reservations_host ON ipv6_reservations (host_id);
         CREATE INDEX ipv6_reservations_address ON ipv6_reservations (address, prefix_len);\n",
    );
    for (number, name) in columns::HOST_IDENTIFIERS {
        let _ = writeln!(sql, "INSERT INTO host_identifier_type VALUES ({number}, '{name}');");
    }
    let options =
        "ALTER TABLE dhcp4_options ADD COLUMN host_id INTEGER REFERENCES hosts (host_id) ON DELETE CASCADE;
         CREATE INDEX dhcp4_options_host ON dhcp4_options (host_id);\n";
    sql + &[Family::V4, Family::V6].map(|family| of_family(options, family)).concat()
}

fn family_script(family: Family) -> String {
    let v4 = family == Family::V4;
    let address = if v4 { "INTEGER" } else { "TEXT" };
    let pd_pool = if v4 {
        ""
    } else {
        "CREATE TABLE dhcp4_pd_pool (
           id INTEGER PRIMARY KEY AUTOINCREMENT, prefix TEXT NOT NULL, prefix_length INTEGER NOT NULL,
           delegated_prefix_length INTEGER NOT NULL, excluded_prefix TEXT, excluded_prefix_length INTEGER NOT NULL,
           subnet_id INTEGER NOT NULL REFERENCES dhcp4_subnet (subnet_id) ON DELETE CASCADE ON UPDATE CASCADE,
           client_classes TEXT, evaluate_additional_classes TEXT, user_context TEXT, modification_ts TEXT NOT NULL
         ) STRICT;
         CREATE INDEX dhcp4_pd_pool_subnet ON dhcp4_pd_pool (subnet_id);
         CREATE INDEX dhcp4_pd_pool_prefix ON dhcp4_pd_pool (prefix, prefix_length);"
    };
    let pd_pool_id =
        if v4 { "" } else { "pd_pool_id INTEGER REFERENCES dhcp4_pd_pool (id) ON DELETE CASCADE," };
    let sql = format!(
        "CREATE TABLE dhcp4_server (
           id INTEGER PRIMARY KEY AUTOINCREMENT, tag TEXT NOT NULL UNIQUE, description TEXT, modification_ts TEXT NOT NULL
         ) STRICT;
         INSERT INTO dhcp4_server VALUES (1, 'all', 'special type: all servers', CURRENT_TIMESTAMP);
         CREATE TABLE dhcp4_audit_revision (
           id INTEGER PRIMARY KEY AUTOINCREMENT, modification_ts TEXT NOT NULL, log_message TEXT, server_id INTEGER
         ) STRICT;
         CREATE TABLE dhcp4_audit (
           id INTEGER PRIMARY KEY AUTOINCREMENT, object_type TEXT NOT NULL, object_id INTEGER NOT NULL,
           modification_type INTEGER NOT NULL REFERENCES modification (id),
           revision_id INTEGER NOT NULL REFERENCES dhcp4_audit_revision (id)
         ) STRICT;
         CREATE INDEX dhcp4_audit_by_revision ON dhcp4_audit (revision_id);

         CREATE TABLE dhcp4_global_parameter (
           id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, value TEXT NOT NULL,
           parameter_type INTEGER NOT NULL REFERENCES parameter_data_type (id), modification_ts TEXT NOT NULL
         ) STRICT;
         CREATE INDEX dhcp4_global_parameter_name ON dhcp4_global_parameter (name);
         CREATE TABLE dhcp4_global_parameter_server (
           parameter_id INTEGER NOT NULL REFERENCES dhcp4_global_parameter (id) ON DELETE CASCADE,
           server_id INTEGER NOT NULL REFERENCES dhcp4_server (id) ON DELETE CASCADE,
           modification_ts TEXT NOT NULL, PRIMARY KEY (parameter_id, server_id)
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX dhcp4_global_parameter_of_server ON dhcp4_global_parameter_server (server_id);

         CREATE TABLE dhcp4_client_class (
           id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, {class_columns}
           depend_on_known_directly INTEGER NOT NULL DEFAULT 0, follow_class_name TEXT, modification_ts TEXT NOT NULL
         ) STRICT;
         CREATE TABLE dhcp4_client_class_order (
           class_id INTEGER PRIMARY KEY REFERENCES dhcp4_client_class (id) ON DELETE CASCADE,
           order_index INTEGER NOT NULL, depend_on_known_indirectly INTEGER NOT NULL DEFAULT 0
         ) STRICT;
         CREATE INDEX dhcp4_client_class_order_index ON dhcp4_client_class_order (order_index);
         CREATE TABLE dhcp4_client_class_dependency (
           class_id INTEGER NOT NULL REFERENCES dhcp4_client_class (id) ON DELETE CASCADE,
           dependency_id INTEGER NOT NULL REFERENCES dhcp4_client_class (id) ON DELETE RESTRICT,
           PRIMARY KEY (class_id, dependency_id)
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX dhcp4_client_class_dependency_on ON dhcp4_client_class_dependency (dependency_id);
         CREATE TABLE dhcp4_client_class_server (
           class_id INTEGER NOT NULL REFERENCES dhcp4_client_class (id) ON DELETE CASCADE,
           server_id INTEGER NOT NULL REFERENCES dhcp4_server (id) ON DELETE RESTRICT,
           modification_ts TEXT, PRIMARY KEY (class_id, server_id)
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX dhcp4_client_class_of_server ON dhcp4_client_class_server (server_id);

         CREATE TABLE dhcp4_option_def (
           id INTEGER PRIMARY KEY AUTOINCREMENT, code INTEGER NOT NULL, name TEXT NOT NULL, space TEXT NOT NULL,
           type INTEGER NOT NULL REFERENCES option_def_data_type (id), is_array INTEGER NOT NULL,
           encapsulate TEXT NOT NULL, record_types TEXT, user_context TEXT, modification_ts TEXT NOT NULL,
           class_id INTEGER REFERENCES dhcp4_client_class (id) ON DELETE CASCADE
         ) STRICT;
         CREATE INDEX dhcp4_option_def_code_space ON dhcp4_option_def (code, space);
         CREATE INDEX dhcp4_option_def_class ON dhcp4_option_def (class_id);
         CREATE TABLE dhcp4_option_def_server (
           option_def_id INTEGER NOT NULL REFERENCES dhcp4_option_def (id) ON DELETE CASCADE,
           server_id INTEGER NOT NULL REFERENCES dhcp4_server (id) ON DELETE CASCADE,
           modification_ts TEXT NOT NULL, PRIMARY KEY (option_def_id, server_id)
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX dhcp4_option_def_of_server ON dhcp4_option_def_server (server_id);

         CREATE TABLE dhcp4_shared_network (
           id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, {network_columns} modification_ts TEXT NOT NULL
         ) STRICT;
         CREATE TABLE dhcp4_shared_network_server (
           shared_network_id INTEGER NOT NULL REFERENCES dhcp4_shared_network (id) ON DELETE CASCADE,
           server_id INTEGER NOT NULL REFERENCES dhcp4_server (id) ON DELETE CASCADE,
           modification_ts TEXT NOT NULL, PRIMARY KEY (shared_network_id, server_id)
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX dhcp4_shared_network_of_server ON dhcp4_shared_network_server (server_id);

         CREATE TABLE dhcp4_subnet (
           subnet_id INTEGER PRIMARY KEY, subnet_prefix TEXT NOT NULL UNIQUE,
           shared_network_name TEXT REFERENCES dhcp4_shared_network (name) ON UPDATE CASCADE,
           {subnet_columns} modification_ts TEXT NOT NULL
         ) STRICT;
         CREATE INDEX dhcp4_subnet_network ON dhcp4_subnet (shared_network_name);
         CREATE TABLE dhcp4_subnet_server (
           subnet_id INTEGER NOT NULL REFERENCES dhcp4_subnet (subnet_id) ON DELETE CASCADE ON UPDATE CASCADE,
           server_id INTEGER NOT NULL REFERENCES dhcp4_server (id) ON DELETE CASCADE,
           modification_ts TEXT NOT NULL, PRIMARY KEY (subnet_id, server_id)
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX dhcp4_subnet_of_server ON dhcp4_subnet_server (server_id);
         CREATE TABLE dhcp4_pool (
           id INTEGER PRIMARY KEY AUTOINCREMENT, start_address {address} NOT NULL, end_address {address} NOT NULL,
           subnet_id INTEGER NOT NULL REFERENCES dhcp4_subnet (subnet_id) ON DELETE CASCADE ON UPDATE CASCADE,
           {pool_columns} modification_ts TEXT NOT NULL
         ) STRICT;
         CREATE INDEX dhcp4_pool_subnet ON dhcp4_pool (subnet_id);
         CREATE INDEX dhcp4_pool_addresses ON dhcp4_pool (start_address, end_address);
         {pd_pool}

         CREATE TABLE dhcp4_options (
           option_id INTEGER PRIMARY KEY AUTOINCREMENT, code INTEGER NOT NULL, value BLOB, formatted_value TEXT,
           space TEXT, persistent INTEGER NOT NULL DEFAULT 0, cancelled INTEGER NOT NULL DEFAULT 0,
           client_classes TEXT NOT NULL DEFAULT '[  ]', user_context TEXT,
           scope_id INTEGER NOT NULL REFERENCES dhcp_option_scope (scope_id),
           dhcp_client_class TEXT REFERENCES dhcp4_client_class (name) ON DELETE CASCADE ON UPDATE CASCADE,
           dhcp4_subnet_id INTEGER REFERENCES dhcp4_subnet (subnet_id) ON DELETE CASCADE ON UPDATE CASCADE,
           shared_network_name TEXT REFERENCES dhcp4_shared_network (name) ON DELETE CASCADE ON UPDATE CASCADE,
           pool_id INTEGER REFERENCES dhcp4_pool (id) ON DELETE CASCADE, {pd_pool_id}
           modification_ts TEXT NOT NULL
         ) STRICT;
         CREATE INDEX dhcp4_options_scope ON dhcp4_options (scope_id, code);
         CREATE INDEX dhcp4_options_code ON dhcp4_options (code, space);
         CREATE INDEX dhcp4_options_class ON dhcp4_options (dhcp_client_class);
         CREATE INDEX dhcp4_options_subnet ON dhcp4_options (dhcp4_subnet_id);
         CREATE INDEX dhcp4_options_network ON dhcp4_options (shared_network_name);
         CREATE INDEX dhcp4_options_pool ON dhcp4_options (pool_id);
         {pd_pool_options}
         CREATE TABLE dhcp4_options_server (
           option_id INTEGER NOT NULL REFERENCES dhcp4_options (option_id) ON DELETE CASCADE,
           server_id INTEGER NOT NULL REFERENCES dhcp4_server (id) ON DELETE CASCADE,
           modification_ts TEXT NOT NULL, PRIMARY KEY (option_id, server_id)
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX dhcp4_options_of_server ON dhcp4_options_server (server_id);\n",
        class_columns = definitions(columns::class(family)),
        network_columns = definitions(columns::network(family)),
        subnet_columns = definitions(columns::subnet(family)),
        pool_columns = definitions(columns::POOL),
        pd_pool_options = if v4 { "" } else { "CREATE INDEX dhcp4_options_pd_pool ON dhcp4_options (pd_pool_id);" },
    );
    of_family(&sql, family)
}

fn definitions(columns: &[Column]) -> String {
    columns.iter().fold(String::new(), |mut sql, column| {
        let kind = match column.form {
            Form::Int | Form::Bool | Form::Ipv4 | Form::ReplaceName => "INTEGER",
            Form::Real => "REAL",
            Form::Text | Form::Json | Form::OneClass | Form::Relay => "TEXT",
            Form::Octets => "BLOB",
        };
        let _ = write!(sql, "\"{}\" {kind}", column.column);
        if let Some(absent) = column.absent {
            let _ = write!(sql, " NOT NULL DEFAULT {absent}");
        }
        sql.push_str(", ");
        sql
    })
}
