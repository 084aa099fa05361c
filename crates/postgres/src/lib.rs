//! The configuration backend on PostgreSQL.
