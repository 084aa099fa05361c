//! The configuration backend on MySQL and MariaDB.
