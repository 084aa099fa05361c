//! The configuration backend on PostgreSQL.

pub mod schema;
