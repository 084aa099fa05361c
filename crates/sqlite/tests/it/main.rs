//! The integration tests of this crate, one executable.

mod file;
mod follow;
mod history;
mod suite;
