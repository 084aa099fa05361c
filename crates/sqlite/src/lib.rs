//! The configuration backend on embedded SQLite
