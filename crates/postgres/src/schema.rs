//! The tables, routines and triggers: the schema that Kea 3.3 uses, version 34.0, so that both serve from one database.

use backend::schema::{Dialect, Schema};
use backend::script::Kind;

/// Version 34.0, reached from 13.0 (Kea 2.2.0) and everything between. Functions of Kea's that nothing calls any more
/// are left out.
pub const SCHEMA: Schema = Schema {
    dialect: Dialect::PostgreSql,
    tables: include_str!("schema/tables.sql"),
    routines: include_str!("schema/routines.sql"),
    upgrade: include_str!("schema/upgrade.sql"),
    oldest: 13,
    obsolete: &[
        (Kind::Function, "isjsonsupported"),
        (Kind::Function, "hextobin"),
        (Kind::Function, "texttojsonlist"),
        (Kind::Function, "proc_stat_lease4_insert"),
        (Kind::Function, "proc_stat_lease4_update"),
        (Kind::Function, "proc_stat_lease4_delete"),
        (Kind::Function, "proc_stat_lease6_insert"),
        (Kind::Function, "proc_stat_lease6_update"),
        (Kind::Function, "proc_stat_lease6_delete"),
    ],
};
