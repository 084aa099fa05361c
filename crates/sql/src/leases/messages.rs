//! Log messages of leases in databases, with the identifiers of Kea's libraries for MySQL and PostgreSQL.

/// Logs a message with the identifier of the database and the family of the leases: `say!(R, dialect, Open { database })`.
macro_rules! say {
    ($record:ident, $dialect:expr, $message:ident { $($fields:tt)* }) => {
        match ($dialect, $record::FAMILY) {
            ($crate::Dialect::PostgreSql, ::base::Family::V4) => {
                ::observe::log!($crate::leases::messages::pgsql4::$message { $($fields)* })
            }
            ($crate::Dialect::PostgreSql, ::base::Family::V6) => {
                ::observe::log!($crate::leases::messages::pgsql6::$message { $($fields)* })
            }
            (_, ::base::Family::V4) => {
                ::observe::log!($crate::leases::messages::mysql4::$message { $($fields)* })
            }
            (_, ::base::Family::V6) => {
                ::observe::log!($crate::leases::messages::mysql6::$message { $($fields)* })
            }
        }
    };
}
pub(crate) use say;

/// `$id` begins the identifiers and `$digit` ends those that each family has its own of; `$logger` is the logger of
/// Kea's library, `$name` the name of the database.
macro_rules! database {
    ($module:ident, $id:literal, $logger:literal, $name:literal, $digit:literal) => {
        pub mod $module {
            observe::messages! {
    Open { database } = concat!($id, "_DB"), $logger, Info,
        concat!("opening ", $name, " lease database: {database}"),
        "The server keeps its leases in this database from now on.";
    Loaded { leases } = concat!($id, "_LOADED"), $logger, Info,
        "{leases} leases looked at",
        "The server has seen which addresses and prefixes are taken. Not of Kea.";
    Unusable { error } = concat!($id, "_LEASE_UNUSABLE"), $logger, Error,
        "a lease in the database can not be used: {error}",
        "A row that is no lease is left out of every answer; its address is not given to anybody. Not of Kea.";
    Add { address } = concat!($id, "_ADD_ADDR", $digit), $logger, Debug(50),
        concat!("adding IPv", $digit, " lease with address {address}"),
        "A lease that is new is written.";
    Update { address } = concat!($id, "_UPDATE_ADDR", $digit), $logger, Debug(50),
        concat!("updating IPv", $digit, " lease for address {address}"),
        "A lease is written that replaces what was read before.";
    Delete { address } = concat!($id, "_DELETE_ADDR", $digit), $logger, Debug(50),
        "deleting lease for address {address}",
        "A lease is deleted.";
    DeletedReclaimed { leases } = concat!($id, "_DELETED_EXPIRED_RECLAIMED"), $logger, Debug(50),
        "deleted {leases} reclaimed leases from the database",
        "Rows that were kept for their clients long enough are gone.";
    Retried { error } = concat!($id, "_RETRIED"), $logger, Debug(40),
        "changes of leases begin anew: {error}",
        "Another server changed the same tables at the same moment, and this one gave way. Not of Kea.";
            }
        }
    };
}

database!(mysql4, "MYSQL_LB", "mysql-lb-hooks", "MySQL", "4");
database!(mysql6, "MYSQL_LB", "mysql-lb-hooks", "MySQL", "6");
database!(pgsql4, "PGSQL_LB", "pgsql-lb-hooks", "PostgreSQL", "4");
database!(pgsql6, "PGSQL_LB", "pgsql-lb-hooks", "PostgreSQL", "6");
