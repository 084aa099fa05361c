//! The integration tests of this crate, one executable.

mod admin;
mod databases;
mod keactrl;
