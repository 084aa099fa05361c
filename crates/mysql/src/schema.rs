//! The tables, routines and triggers: the schema that Kea 3.3 uses, version 35.0, so that both serve from one database.

use backend::schema::{Dialect, Schema};
use backend::script::Kind;

/// Version 35.0, reached from 14.0 (Kea 2.2.0) and everything between.
pub const SCHEMA: Schema = Schema {
    dialect: Dialect::MySql,
    tables: include_str!("schema/tables.sql"),
    routines: include_str!("schema/routines.sql"),
    upgrade: include_str!("schema/upgrade.sql"),
    oldest: 14,
    obsolete: &[(Kind::Function, "isJsonSupported")],
};
