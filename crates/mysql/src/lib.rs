//! The configuration backend on MySQL and MariaDB.

pub mod schema;
