//! The integration tests of this crate, one executable.

mod candidates;
mod common;
mod errors;
mod language;
mod soup;
